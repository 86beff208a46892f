"""Elementwise comparison, selection and rounding: ops that pass a gradient on whole or not at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, overload

from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, is_known, xp
from minitorch.backend.dispatch import definition
from minitorch.ops.elementwise import Number, Pointwise, explain_operands, in_single, promote
from minitorch.ops.node_names import node_name

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Rounding(Pointwise):
    """A function that is flat between its jumps;  0, wherever there is a derivative"""

    function: ClassVar[Any]

    def forward(ctx, x: Array) -> Array:
        return ctx.function(x) if x.dtype.kind == "f" else x.copy()

    def backward(ctx, grad: Tensor) -> Any:
        return ZerosLike.apply(grad)


class Floor(Rounding):
    """The largest integer not above x;  0"""

    function = xp.floor


class Ceil(Rounding):
    """The smallest integer not below x;  0"""

    function = xp.ceil


class Round(Rounding):
    """The nearest integer, halves to the even one;  0"""

    function = xp.rint


class Trunc(Rounding):
    """x without its fraction;  0"""

    function = xp.trunc


class Sign(Rounding):
    """-1, 0 or 1, the sign of x, 0 for nan;  0"""

    def forward(ctx, x: Array) -> Array:
        return x.copy() if x.dtype.kind == "b" else xp.subtract(x > 0, x < 0, dtype=x.dtype)


class ZerosLike(Pointwise):
    """Zeros in the shape of x;  0"""

    def forward(ctx, x: Array) -> Array:
        return xp.zeros_like(x)

    def backward(ctx, grad: Tensor) -> Any:
        return ZerosLike.apply(grad)


class FloorDivide(Pointwise):
    """The floor of a / b, as Python's //;  0, as it is flat between its jumps"""

    symbol = "//"

    def forward(ctx, a: Array, b: Array) -> Array:
        a, b = promote(a, b)
        refuse_zero(a, b)
        return xp.floor_divide(a, b)

    def backward(ctx, grad: Tensor) -> Any:
        return ZerosLike.apply(grad), ZerosLike.apply(grad)


def refuse_zero(a: Any, b: Any) -> None:
    """Raise RuntimeError for an integer division by zero: integers have no infinity."""
    kinds = [getattr(x, "dtype", xp.dtype(int)).kind for x in (a, b)]
    if kinds[0] in "iub" and kinds[1] in "iub" and is_known(b) and not xp.all(b):
        raise RuntimeError("ZeroDivisionError: an integer division by zero; .float() first gives inf or nan instead")


# ---- comparisons and logic: true or false, nothing to differentiate ------------------------------------------------


class Compare(Pointwise):
    """A NumPy function of one or two operands whose result is a mask, or integers. Without gradient."""

    def forward(ctx, function: Any, *operands: Any) -> Array:
        return function(*(operands if len(operands) == 1 else promote(*operands)))

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        function, *operands = args
        name = function.__name__
        is_float = any(isinstance(x, float) or getattr(x, "dtype", xp.dtype(bool)).kind == "f" for x in operands)
        if is_float and name.startswith(("bitwise", "invert", "left", "right")):
            return NotImplementedError(f"{name} is for masks and integers, and was given floating-point numbers")
        return explain_operands(name, "", error, operands)


# ---- selecting values ------------------------------------------------------------------------------------------


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
    """The larger of a and b, nan if either is;  1 in the larger, 1/2 in each where they are equal"""

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        return xp.maximum(*promote(a, b))

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        tie = Mask.apply(grad * 0.5, a == b)
        return Mask.apply(grad, a > b) + tie, Mask.apply(grad, b > a) + tie


class Minimum(Pointwise):
    """The smaller of a and b, nan if either is;  1 in the smaller, 1/2 in each where they are equal"""

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        return xp.minimum(*promote(a, b))

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        tie = Mask.apply(grad * 0.5, a == b)
        return Mask.apply(grad, a < b) + tie, Mask.apply(grad, b < a) + tie


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


# ---- the functions, by PyTorch's names --------------------------------------------------------------------------


def sign(input: Tensor) -> Tensor:
    """The sign of input: -1, 0 or 1; 0 for nan. The derivative is 0.

    >>> minitorch.sign(minitorch.tensor([-3.0, 0.0, 0.5]))
    tensor([-1.,  0.,  1.])
    """
    return Sign.apply(input)


@node_name("Sgn0")
def sgn(input: Tensor) -> Tensor:
    """As `sign`. (In PyTorch it is another function for complex numbers.)

    >>> minitorch.sgn(minitorch.tensor([-3.0, 0.0, 0.5]))
    tensor([-1.,  0.,  1.])
    """
    return sign(input)


def signbit(input: Tensor) -> Tensor:
    """Where input is negative; -0.0 is, too.

    >>> minitorch.signbit(minitorch.tensor([-3.0, -0.0, 0.0]))
    tensor([ True,  True, False])
    """
    return Compare.apply(xp.signbit, input)


def floor(input: Tensor) -> Tensor:
    """The largest integer not above input. The derivative is 0.

    >>> minitorch.floor(minitorch.tensor([1.7, -1.7]))
    tensor([ 1., -2.])
    """
    return Floor.apply(input)


def ceil(input: Tensor) -> Tensor:
    """The smallest integer not below input. The derivative is 0.

    >>> minitorch.ceil(minitorch.tensor([1.2, -1.2]))
    tensor([ 2., -1.])
    """
    return Ceil.apply(input)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """The nearest integer, halves to the even one; or the nearest number of so many decimals. The derivative is 0.

    Raises NotImplementedError for decimals of integers.

    >>> minitorch.round(minitorch.tensor([0.5, 1.5, 2.4]))
    tensor([0., 2., 2.])
    >>> minitorch.round(minitorch.tensor([1.234, 1276.0]), decimals=2), minitorch.round(minitorch.tensor(1276.0), decimals=-2)
    (tensor([1.2300e+00, 1.2760e+03]), tensor(1300.))
    """
    if decimals == 0:
        return Round.apply(input)
    if input._array.dtype.kind != "f":
        raise NotImplementedError(
            f"round: decimals={decimals} is for floating-point tensors, not {input.dtype!r}: .float() converts"
        )
    if decimals < 0:
        return Round.apply(input / 10.0**-decimals) * 10.0**-decimals
    return Round.apply(input * 10.0**decimals) / 10.0**decimals


def trunc(input: Tensor) -> Tensor:
    """input without its fraction: rounded towards zero. The derivative is 0.

    >>> minitorch.trunc(minitorch.tensor([1.7, -1.7]))
    tensor([ 1., -1.])
    """
    return Trunc.apply(input)


def eq(input: Tensor, other: Tensor | Number) -> Tensor:
    """input == other, element by element: a mask, without gradient.

    >>> minitorch.eq(minitorch.tensor([1, 2, 3]), minitorch.tensor([1, 5, 3]))
    tensor([ True, False,  True])
    """
    return Compare.apply(xp.equal, input, other)


def ne(input: Tensor, other: Tensor | Number) -> Tensor:
    """input != other, element by element: a mask, without gradient.

    >>> minitorch.ne(minitorch.tensor([1, 2, 3]), minitorch.tensor([1, 5, 3]))
    tensor([False,  True, False])
    """
    return Compare.apply(xp.not_equal, input, other)


def lt(input: Tensor, other: Tensor | Number) -> Tensor:
    """input < other, element by element: a mask, without gradient.

    >>> minitorch.lt(minitorch.tensor([1, 2, 3]), 2)
    tensor([ True, False, False])
    """
    return Compare.apply(xp.less, input, other)


def le(input: Tensor, other: Tensor | Number) -> Tensor:
    """input <= other, element by element: a mask, without gradient.

    >>> minitorch.le(minitorch.tensor([1, 2, 3]), 2)
    tensor([ True,  True, False])
    """
    return Compare.apply(xp.less_equal, input, other)


def gt(input: Tensor, other: Tensor | Number) -> Tensor:
    """input > other, element by element: a mask, without gradient.

    >>> minitorch.gt(minitorch.tensor([1, 2, 3]), 2)
    tensor([False, False,  True])
    """
    return Compare.apply(xp.greater, input, other)


def ge(input: Tensor, other: Tensor | Number) -> Tensor:
    """input >= other, element by element: a mask, without gradient.

    >>> minitorch.ge(minitorch.tensor([1, 2, 3]), 2)
    tensor([False,  True,  True])
    """
    return Compare.apply(xp.greater_equal, input, other)


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """True where both are nonzero.

    >>> minitorch.logical_and(minitorch.tensor([0, 1, 2]), minitorch.tensor([1, 1, 0]))
    tensor([False,  True, False])
    """
    return Compare.apply(xp.logical_and, input, other)


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """True where either is nonzero.

    >>> minitorch.logical_or(minitorch.tensor([0, 1, 0]), minitorch.tensor([1, 1, 0]))
    tensor([ True,  True, False])
    """
    return Compare.apply(xp.logical_or, input, other)


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """True where exactly one is nonzero.

    >>> minitorch.logical_xor(minitorch.tensor([0, 1, 0]), minitorch.tensor([1, 1, 0]))
    tensor([ True, False, False])
    """
    return Compare.apply(xp.logical_xor, input, other)


def logical_not(input: Tensor) -> Tensor:
    """True where input is zero.

    >>> minitorch.logical_not(minitorch.tensor([0.0, 0.5]))
    tensor([ True, False])
    """
    return Compare.apply(xp.logical_not, input)


def bitwise_and(input: Tensor, other: Tensor | int) -> Tensor:
    """input & other, of masks or integers. Raises NotImplementedError for floating types.

    >>> minitorch.bitwise_and(minitorch.tensor([5, 6]), 3)  # 101 & 011, 110 & 011
    tensor([1, 2])
    """
    return Compare.apply(xp.bitwise_and, input, other)


def bitwise_or(input: Tensor, other: Tensor | int) -> Tensor:
    """input | other, of masks or integers. Raises NotImplementedError for floating types.

    >>> minitorch.bitwise_or(minitorch.tensor([5, 6]), 3)  # 101 | 011, 110 | 011
    tensor([7, 7])
    """
    return Compare.apply(xp.bitwise_or, input, other)


def bitwise_xor(input: Tensor, other: Tensor | int) -> Tensor:
    """input ^ other, of masks or integers. Raises NotImplementedError for floating types.

    >>> minitorch.bitwise_xor(minitorch.tensor([5, 6]), 3)  # 101 ^ 011, 110 ^ 011
    tensor([6, 5])
    """
    return Compare.apply(xp.bitwise_xor, input, other)


def bitwise_left_shift(input: Tensor | int, other: Tensor | int) -> Tensor:
    """input << other: the bits of integers moved to the left, which doubles as often as other says.

    >>> minitorch.bitwise_left_shift(minitorch.tensor([1, 3]), 2)
    tensor([ 4, 12])
    """
    return _shift(xp.left_shift, input, other)


def bitwise_right_shift(input: Tensor | int, other: Tensor | int) -> Tensor:
    """input >> other: the bits of integers moved to the right, which halves, rounding down, as often as other says.

    >>> minitorch.bitwise_right_shift(minitorch.tensor([12, 7]), 2)
    tensor([3, 1])
    """
    return _shift(xp.right_shift, input, other)


def _shift(function: Any, a: Any, b: Any) -> Tensor:
    kinds = [x._array.dtype.name if isinstance(x, TensorBase) else type(x).__name__ for x in (a, b)]
    if kinds == ["bool", "bool"] or not (isinstance(a, TensorBase) or isinstance(b, TensorBase)):
        raise NotImplementedError(f"{function.__name__} is for tensors of integers, and was given {kinds[0]} and {kinds[1]}")
    return Compare.apply(function, a, b)


def bitwise_not(input: Tensor) -> Tensor:
    """~input, of masks or integers: all bits exchanged, which for integers is -input - 1.

    >>> minitorch.bitwise_not(minitorch.tensor([0, 5]))
    tensor([-1, -6])
    >>> minitorch.bitwise_not(minitorch.tensor([True, False]))
    tensor([False,  True])
    """
    return Compare.apply(xp.invert, input)


def equal_or_nan(a: Any, b: Any) -> Any:
    """Where a equals b, or both are nan: for arrays and Tensors."""
    return (a == b) | ((a != a) & (b != b))


def isnan(input: Tensor) -> Tensor:
    """Where input is nan.

    >>> minitorch.isnan(minitorch.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """
    return Compare.apply(xp.isnan, input)


def isinf(input: Tensor) -> Tensor:
    """Where input is infinite, of either sign.

    >>> minitorch.isinf(minitorch.tensor([1.0, float("-inf")]))
    tensor([False,  True])
    """
    return Compare.apply(xp.isinf, input)


def isfinite(input: Tensor) -> Tensor:
    """Where input is neither infinite nor nan.

    >>> minitorch.isfinite(minitorch.tensor([1.0, float("inf"), float("nan")]))
    tensor([ True, False, False])
    """
    return Compare.apply(xp.isfinite, input)


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


def _two_tensors(name: str, a: Any, b: Any) -> None:
    for operand in (a, b):
        if isinstance(operand, Number):
            raise TypeError(f"{name}(): argument 'other' must be Tensor, not {type(operand).__name__}; clamp() takes numbers")


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


@in_single
def floor_divide(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """The floor of input / other, an integer for integers, as Python's //. The derivative is 0.

    Raises RuntimeError for integers divided by zero.

    >>> minitorch.floor_divide(minitorch.tensor([7, -7]), 2)
    tensor([ 3, -4])
    """
    return FloorDivide.apply(input, other)


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Where |input - other| <= atol + rtol |other|; infinities are close to themselves, nan only with `equal_nan`.

    >>> minitorch.isclose(minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0 + 1e-6, 2.1]))
    tensor([ True, False])
    """
    _check_same_type("isclose", input, other)
    return Close.apply(input, other, rtol, atol, equal_nan)


class Close(Pointwise):
    """Whether two numbers are close: a mask, without gradient."""

    def forward(ctx, a: Array, b: Array, rtol: float, atol: float, equal_nan: bool) -> Array:
        return xp.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol |other| everywhere, as in `isclose`.

    >>> minitorch.allclose(minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0 + 1e-6, 2.0]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements.

    >>> minitorch.equal(minitorch.tensor([1, 2]), minitorch.tensor([1, 2]))
    True
    >>> minitorch.equal(minitorch.tensor([1, 2]), minitorch.tensor([[1, 2]]))
    False
    """
    return input.shape == other.shape and bool((input == other)._array.all())


def _check_same_type(name: str, input: Tensor, other: Tensor) -> None:
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{name}: expected both tensors to have one dtype, but got {input.dtype!r} and {other.dtype!r}")
