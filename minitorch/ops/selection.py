"""Selecting values element by element: where, masks, the larger of two, clamping. The gradient goes to what was selected."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, overload

from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.dispatch import definition
from minitorch.ops.comparison import eq, isnan
from minitorch.ops.elementwise import Number, Pointwise, number_of, promote
from minitorch.ops.node_names import node_name
from minitorch.ops.rounding import ZerosLike

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Mask(Pointwise):
    """x where the mask is true, 0 elsewhere, even if x is infinite or nan there;  1 where the mask is true"""

    def forward(ctx, x: Array, mask: Array) -> Array:
        ctx.save_for_backward(mask)
        return _masked(x, mask)

    def backward(ctx, grad: Tensor) -> Any:
        (mask,) = ctx.saved_tensors
        return Mask.apply(grad, mask)


@definition
def _masked(x: Array, mask: Array) -> Array:
    return xp.where(mask, x, x.dtype.type(0))


class Where(Pointwise):
    """a where the condition holds, b elsewhere;  in a: 1 where it holds, in b: 1 elsewhere"""

    def forward(ctx, condition: Array, a: Array, b: Array) -> Array:
        if condition.dtype.kind != "b":
            raise RuntimeError(
                f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}"
            )
        ctx.save_for_backward(condition)
        a, b = promote(a, b)
        if not hasattr(a, "dtype") and hasattr(b, "dtype"):
            a = b.dtype.type(a)
        if not hasattr(b, "dtype") and hasattr(a, "dtype"):
            b = a.dtype.type(b)
        return _where(condition, a, b)

    def backward(ctx, grad: Tensor) -> Any:
        (condition,) = ctx.saved_tensors
        _, for_a, for_b = ctx.needs_input_grad
        return None, Mask.apply(grad, condition) if for_a else None, Mask.apply(grad, ~condition) if for_b else None


@definition
def _where(mask: Array, a: Any, b: Any) -> Array:
    return xp.where(mask, a, b)


class Maximum(Pointwise):
    """The larger of a and b, nan if either is;  1 in the larger, 1/2 in each where they are equal, 1 in each for a nan"""

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        return xp.maximum(*promote(a, b))

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        tie = Mask.apply(grad * 0.5, a == b)
        return Mask.apply(grad, ~(a <= b)) + tie, Mask.apply(grad, ~(b <= a)) + tie


class Minimum(Pointwise):
    """The smaller of a and b, nan if either is;  1 in the smaller, 1/2 in each where they are equal, 1 in each for a nan"""

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        return xp.minimum(*promote(a, b))

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        tie = Mask.apply(grad * 0.5, a == b)
        return Mask.apply(grad, ~(a >= b)) + tie, Mask.apply(grad, ~(b >= a)) + tie


class Clamp(Pointwise):
    """x within [low, high];  in x: 1 while it is inside (bounds included), in low: 1 below, in high: 1 above"""

    takes_none, label = True, "Clamp1"

    def forward(ctx, x: Array, low: Any, high: Any) -> Array:
        ctx.save_for_backward(x, low, high)
        if low is not None:
            x = xp.maximum(*promote(x, low))
        return x.copy() if high is None and low is None else x if high is None else xp.minimum(*promote(x, high))

    def backward(ctx, grad: Tensor) -> Any:
        x, low, high = ctx.saved_tensors
        _, for_low, for_high = ctx.needs_input_grad
        inside = grad
        inside = inside if low is None else Mask.apply(inside, x >= low)
        inside = inside if high is None else Mask.apply(inside, x <= high)
        below = above = None
        if for_low:
            below = Mask.apply(grad, x < low if high is None else (x < low) & (low < high))
        if for_high:
            above = Mask.apply(grad, x > high if low is None else (x > high) | (high < low))
        return inside, below, above


# ---- the functions, by PyTorch's names ---------------------------------------------------------------------------


@overload
def where(condition: Tensor) -> tuple[Tensor, ...]: ...
@overload
def where(condition: Tensor, input: Tensor | Number, other: Tensor | Number) -> Tensor: ...
def where(
    condition: Tensor, input: Tensor | Number | None = None, other: Tensor | Number | None = None
) -> Tensor | tuple[Tensor, ...]:
    """`input` where `condition` is true, `other` elsewhere; the three are broadcast together.

    With the condition alone, where it is true: one vector of indices for each dimension.

    The derivative is 1 in input where the condition is true, 1 in other elsewhere.

    >>> x = minitorch.tensor([-1.0, 2.0])
    >>> minitorch.where(x > 0, x, 0.0)
    tensor([0., 2.])
    >>> minitorch.where(x > 0)
    (tensor([1]),)
    """
    if input is None and other is None:
        return tuple(wrap(i) for i in xp.nonzero(xp.atleast_1d(condition._array)))
    if input is None or other is None:
        raise TypeError("where() takes a condition alone, or a condition, input and other")
    return Where.apply(condition, input, other)


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two tensors, element by element; nan if either is. Of equals each gets half of the gradient.

    >>> minitorch.maximum(minitorch.tensor([1, 5]), minitorch.tensor([3, 2]))
    tensor([3, 5])
    """
    _two_tensors("maximum", input, other)
    return Maximum.apply(input, other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two tensors, element by element; nan if either is. Of equals each gets half of the gradient.

    >>> minitorch.minimum(minitorch.tensor([1, 5]), minitorch.tensor([3, 2]))
    tensor([1, 2])
    """
    _two_tensors("minimum", input, other)
    return Minimum.apply(input, other)


def _two_tensors(name: str, a: Any, b: Any) -> None:
    for operand in (a, b):
        if isinstance(operand, Number):
            raise TypeError(f"{name}(): argument 'other' must be Tensor, not {type(operand).__name__}; clamp() takes numbers")


@node_name("Fmax0")
def fmax(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two tensors, element by element; of nan and a number the number. Of equals the gradient is input's.

    >>> minitorch.fmax(minitorch.tensor([1.0, float("nan")]), minitorch.tensor([3.0, 2.0]))
    tensor([3., 2.])
    """
    return where((input >= other) | isnan(other), input, other)


@node_name("Fmin0")
def fmin(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two tensors, element by element; of nan and a number the number. Of equals the gradient is input's.

    >>> minitorch.fmin(minitorch.tensor([1.0, float("nan")]), minitorch.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """
    return where((input <= other) | isnan(other), input, other)


def clamp(input: Tensor, min: Tensor | Number | None = None, max: Tensor | Number | None = None) -> Tensor:
    """input, raised to `min` and cut to `max`. If min is above max, max wins.

    The derivative is 1 within [min, max], the bounds included, and 0 outside. Raises RuntimeError without min and max.

    >>> minitorch.clamp(minitorch.tensor([-2.0, 0.5, 3.0]), min=-1, max=1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("clamp: At least one of 'min' or 'max' must not be None")
    return Clamp.apply(input, min, max)


@node_name("ClampMin0")
def clamp_min(input: Tensor, min: Tensor | Number) -> Tensor:
    """max(input, min), element by element.

    >>> minitorch.clamp_min(minitorch.tensor([-2.0, 0.5]), 0)
    tensor([0.0000, 0.5000])
    """
    return Clamp.apply(input, min, None)


@node_name("ClampMax0")
def clamp_max(input: Tensor, max: Tensor | Number) -> Tensor:
    """min(input, max), element by element.

    >>> minitorch.clamp_max(minitorch.tensor([0.5, 3.0]), 1)
    tensor([0.5000, 1.0000])
    """
    return Clamp.apply(input, None, max)


@node_name("MaskedFill0")
def masked_fill(input: Tensor, mask: Tensor, value: Tensor | Number) -> Tensor:
    """`value`, a number or a 0-d tensor, where `mask` is true; `input` elsewhere. The type is that of `input`.

    >>> x = minitorch.tensor([1.0, 2.0, 3.0])
    >>> minitorch.masked_fill(x, x > 2, float("-inf"))
    tensor([1., 2., -inf])
    """
    value = value.item() if isinstance(value, xp.generic) else value
    if isinstance(value, Number):
        value = number_of(value, input.dtype.numpy)
    elif not isinstance(value, TensorBase):
        raise TypeError(f"value must be a number or a Tensor of no dimension, not {type(value).__name__}")
    elif value.ndim:
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    else:
        value = value.to(input.dtype)
    return where(mask, value, input)


def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """The step function: 0 where input is negative, 1 where it is positive, `values` where it is 0.

    Raises RuntimeError for two tensors of different types. PyTorch has no derivative of it; here it is 0 in input.

    >>> minitorch.heaviside(minitorch.tensor([-2.0, 0.0, 3.0]), minitorch.tensor(0.5))
    tensor([0.0000, 0.5000, 1.0000])
    """
    if input.dtype is not values.dtype:
        raise RuntimeError(
            f"heaviside is not yet implemented for tensors with different dtypes: {input.dtype!r} and {values.dtype!r}"
        )
    return where(input == 0, values, masked_fill(ZerosLike.apply(input), input > 0, 1))


@node_name("NanToNum0")
def nan_to_num(input: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """Numbers in place of nan, inf and -inf: by default 0, and the largest and the smallest of the type.

    >>> minitorch.nan_to_num(minitorch.tensor([1.0, float("nan"), float("inf")]), posinf=100.0)
    tensor([  1.,   0., 100.])
    """
    if not input.is_floating_point():
        return input.clone()
    limits = xp.finfo(input.dtype.numpy)
    out = masked_fill(input, isnan(input), nan)
    out = masked_fill(out, eq(input, math.inf), float(limits.max) if posinf is None else posinf)
    return masked_fill(out, eq(input, -math.inf), float(limits.min) if neginf is None else neginf)
