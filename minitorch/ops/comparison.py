"""Comparing, choosing and rounding, element by element: ops that pass a gradient on whole or not at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minitorch.autograd.variable import TensorBase, wrap
from minitorch.backend.arrays import Array, choose, keep, xp
from minitorch.ops.elementwise import Number, Pointwise, promote

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Step(Pointwise):
    """A function that is flat between its jumps, such as floor;  0, wherever there is a derivative"""

    def forward(ctx, x: Array, function: str) -> Array:
        if x.dtype.kind == "f":
            return getattr(xp, function)(x)
        return x.copy() if function != "sign" or x.dtype.kind == "b" else xp.sign(x)

    def backward(ctx, grad: Tensor) -> Any:
        return Blank.apply(grad)


class Blank(Pointwise):
    """Zeros in the shape of x, whatever is in x;  0"""

    def forward(ctx, x: Array) -> Array:
        return xp.zeros_like(x)

    def backward(ctx, grad: Tensor) -> Any:
        return Blank.apply(grad)


class FloorDivide(Pointwise):
    """The floor of a / b, as Python's //;  0, as it is flat between its jumps"""

    symbol = "//"

    def forward(ctx, a: Array, b: Array) -> Array:
        a, b = promote(a, b)
        refuse_zero(a, b)
        return xp.floor_divide(a, b)

    def backward(ctx, grad: Tensor) -> Any:
        return Blank.apply(grad), Blank.apply(grad)


def refuse_zero(a: Any, b: Any) -> None:
    """Integers have no infinity to answer a division by zero with."""
    if getattr(a, "dtype", xp.dtype(int)).kind in "iub" and getattr(b, "dtype", xp.dtype(int)).kind in "iub" and not xp.all(b):
        raise RuntimeError("ZeroDivisionError: an integer division by zero; .float() first gives inf or nan instead")


# ---- comparisons and logic: true or false, nothing to differentiate ------------------------------------------------


class Compare(Pointwise):
    """A ufunc whose result is a mask or of integers: no gradient goes through it."""

    def forward(ctx, function: str, *operands: Any) -> Array:
        a, b = operands if len(operands) == 2 else (operands[0], None)
        if b is None:
            return getattr(xp, function)(a)
        return getattr(xp, function)(*promote(a, b))

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        name = args[0]
        if any(isinstance(a, float) or getattr(a, "dtype", xp.dtype(bool)).kind == "f" for a in args[1:]) and name.startswith(
            ("bitwise", "invert")
        ):
            return NotImplementedError(f"{name} is for masks and integers, and was given floating-point numbers")
        named: Any = type(name, (Pointwise,), {})
        return named.explain(error, *args[1:])


# ---- choosing between values ------------------------------------------------------------------------------------


class Keep(Pointwise):
    """x where the mask is true, 0 elsewhere, be x infinite or nan there;  1 where it is true. Most gradients are cut so"""

    def forward(ctx, x: Array, mask: Array) -> Array:
        ctx.save_for_backward(mask)
        return keep(x, mask)

    def backward(ctx, grad: Tensor) -> Any:
        (mask,) = ctx.saved_tensors
        return Keep.apply(grad, mask)


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
        return choose(condition, a, b)

    def backward(ctx, grad: Tensor) -> Any:
        (condition,) = ctx.saved_tensors
        _, for_a, for_b = ctx.needs_input_grad
        return None, Keep.apply(grad, condition) if for_a else None, Keep.apply(grad, ~condition) if for_b else None


class Maximum(Pointwise):
    """The larger of a and b, nan if either is;  1 in the larger, 1/2 in each where they are equal"""

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        return xp.maximum(*promote(a, b))

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        tie = Keep.apply(grad * 0.5, a == b)
        return Keep.apply(grad, a > b) + tie, Keep.apply(grad, b > a) + tie


class Minimum(Pointwise):
    """The smaller of a and b, nan if either is;  1 in the smaller, 1/2 in each where they are equal"""

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        return xp.minimum(*promote(a, b))

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        tie = Keep.apply(grad * 0.5, a == b)
        return Keep.apply(grad, a < b) + tie, Keep.apply(grad, b < a) + tie


class Clamp(Pointwise):
    """x within [low, high];  in x: 1 while it is inside (bounds included), in low: 1 below, in high: 1 above"""

    takes_none = True

    def forward(ctx, x: Array, low: Any, high: Any) -> Array:
        ctx.save_for_backward(x, low, high)
        if low is not None:
            x = xp.maximum(*promote(x, low))
        return x.copy() if high is None and low is None else x if high is None else xp.minimum(*promote(x, high))

    def backward(ctx, grad: Tensor) -> Any:
        x, low, high = ctx.saved_tensors
        _, for_low, for_high = ctx.needs_input_grad
        inside = grad
        inside = inside if low is None else Keep.apply(inside, x >= low)
        inside = inside if high is None else Keep.apply(inside, x <= high)
        below = above = None
        if for_low:
            below = Keep.apply(grad, x < low if high is None else (x < low) & (low < high))
        if for_high:
            above = Keep.apply(grad, x > high if low is None else (x > high) | (high < low))
        return inside, below, above


# ---- the functions, by PyTorch's names --------------------------------------------------------------------------


def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1."""
    return Step.apply(input, "sign")


def floor(input: Tensor) -> Tensor:
    """The largest integer not above input."""
    return Step.apply(input, "floor")


def ceil(input: Tensor) -> Tensor:
    """The smallest integer not below input."""
    return Step.apply(input, "ceil")


def round(input: Tensor) -> Tensor:
    """The nearest integer, halves to the even one."""
    return Step.apply(input, "rint")


def trunc(input: Tensor) -> Tensor:
    """input without its fraction."""
    return Step.apply(input, "trunc")


def eq(input: Tensor, other: Tensor | Number) -> Tensor:
    """input == other, a mask."""
    return Compare.apply("equal", input, other)


def ne(input: Tensor, other: Tensor | Number) -> Tensor:
    """input != other, a mask."""
    return Compare.apply("not_equal", input, other)


def lt(input: Tensor, other: Tensor | Number) -> Tensor:
    """input < other, a mask."""
    return Compare.apply("less", input, other)


def le(input: Tensor, other: Tensor | Number) -> Tensor:
    """input <= other, a mask."""
    return Compare.apply("less_equal", input, other)


def gt(input: Tensor, other: Tensor | Number) -> Tensor:
    """input > other, a mask."""
    return Compare.apply("greater", input, other)


def ge(input: Tensor, other: Tensor | Number) -> Tensor:
    """input >= other, a mask."""
    return Compare.apply("greater_equal", input, other)


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """True where both are nonzero."""
    return Compare.apply("logical_and", input, other)


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """True where either is nonzero."""
    return Compare.apply("logical_or", input, other)


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """True where exactly one is nonzero."""
    return Compare.apply("logical_xor", input, other)


def logical_not(input: Tensor) -> Tensor:
    """True where input is zero."""
    return Compare.apply("logical_not", input)


def bitwise_and(input: Tensor, other: Tensor | int) -> Tensor:
    """input & other, of masks or integers."""
    return Compare.apply("bitwise_and", input, other)


def bitwise_or(input: Tensor, other: Tensor | int) -> Tensor:
    """input | other, of masks or integers."""
    return Compare.apply("bitwise_or", input, other)


def bitwise_xor(input: Tensor, other: Tensor | int) -> Tensor:
    """input ^ other, of masks or integers."""
    return Compare.apply("bitwise_xor", input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """~input, of masks or integers."""
    return Compare.apply("invert", input)


def isnan(input: Tensor) -> Tensor:
    """Where input is nan."""
    return Compare.apply("isnan", input)


def isinf(input: Tensor) -> Tensor:
    """Where input is infinite, of either sign."""
    return Compare.apply("isinf", input)


def isfinite(input: Tensor) -> Tensor:
    """Where input is neither infinite nor nan."""
    return Compare.apply("isfinite", input)


def where(condition: Tensor, input: Tensor | Number | None = None, other: Tensor | Number | None = None) -> Any:
    """`input` where `condition` is true, `other` elsewhere; the three are broadcast together.

    With the condition alone, where it is true: one vector of indices for each dimension.
    """
    if input is None and other is None:
        return tuple(wrap(i) for i in xp.nonzero(xp.atleast_1d(condition._array)))
    if input is None or other is None:
        raise TypeError("where() takes a condition alone, or a condition, input and other")
    return Where.apply(condition, input, other)


def _two_tensors(name: str, a: Any, b: Any) -> None:
    for operand in (a, b):
        if isinstance(operand, Number):
            raise TypeError(f"{name}(): argument 'other' must be Tensor, not {type(operand).__name__}; clamp() takes numbers")


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two tensors, element by element."""
    _two_tensors("maximum", input, other)
    return Maximum.apply(input, other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two tensors, element by element."""
    _two_tensors("minimum", input, other)
    return Minimum.apply(input, other)


def clamp(input: Tensor, min: Tensor | Number | None = None, max: Tensor | Number | None = None) -> Tensor:
    """input, raised to `min` and cut to `max`. If min is above max, max wins."""
    if min is None and max is None:
        raise RuntimeError("clamp: At least one of 'min' or 'max' must not be None")
    return Clamp.apply(input, min, max)


def masked_fill(input: Tensor, mask: Tensor, value: Tensor | Number) -> Tensor:
    """`value`, a number or a 0-d tensor, where `mask` is true; `input` elsewhere. The type is that of `input`."""
    value = value.item() if isinstance(value, xp.generic) else value
    if isinstance(value, Number):
        kind = input.dtype.numpy.kind
        if kind in "iu" and not (math.isfinite(value) and -(2**63) <= value < 2**63):
            raise RuntimeError(f"value cannot be converted to type {input.dtype} without overflow: {value!r:.40}")
        try:
            value = float(value) if kind == "f" else bool(value) if kind == "b" else int(value)
        except OverflowError:
            raise RuntimeError(f"value cannot be converted to type {input.dtype} without overflow") from None
    elif not isinstance(value, TensorBase):
        raise TypeError(f"value must be a number or a Tensor of no dimension, not {type(value).__name__}")
    elif value.ndim:
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    else:
        value = value.to(input.dtype)
    return where(mask, value, input)


def floor_divide(input: Tensor, other: Tensor | Number) -> Tensor:
    """The floor of input / other, an integer for integers."""
    return FloorDivide.apply(input, other)


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Where |input - other| <= atol + rtol |other|; infinities are close to themselves, nan only with `equal_nan`."""
    _check_same_type("isclose", input, other)
    return Close.apply(input, other, rtol, atol, equal_nan)


class Close(Pointwise):
    """Whether two numbers are close: a mask, without gradient."""

    def forward(ctx, a: Array, b: Array, rtol: float, atol: float, equal_nan: bool) -> Array:
        return xp.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether `isclose` holds everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements."""
    return input.shape == other.shape and bool((input == other)._array.all())


def _check_same_type(name: str, input: Tensor, other: Tensor) -> None:
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{name}: expected both tensors to have one dtype, but got {input.dtype!r} and {other.dtype!r}")
