"""Arithmetic and powers, element by element, with broadcasting.

A derivative is written as in a textbook, for operands of one shape and dtype: the engine sums the gradient of a broadcast
operand and casts it. A formula starts from `grad`, so that its dtype is that of the gradient.
"""

from __future__ import annotations

import builtins
import math
from typing import TYPE_CHECKING, Any, ClassVar

from minitorch.backend.arrays import Array, is_known, xp
from minitorch.backend.dtypes import bool_, float64, get_default_dtype, result_type
from minitorch.ops.elementwise import Number, Pointwise, cast, floating, in_single, promote, promote_floating
from minitorch.ops.node_names import node_name
from minitorch.ops.rounding import ZerosLike, floor, floor_divide, refuse_zero, sign, trunc
from minitorch.ops.selection import where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Add(Pointwise):
    """a + b;  in a: 1, in b: 1"""

    symbol = "+"

    def forward(ctx, a: Array, b: Array) -> Array:
        return xp.add(*promote(a, b, True))

    def backward(ctx, grad: Tensor) -> Any:
        return grad, grad


class Sub(Pointwise):
    """a - b;  in a: 1, in b: -1"""

    symbol = "-"

    def forward(ctx, a: Array, b: Array) -> Array:
        if bool in (getattr(a, "dtype", type(a)), getattr(b, "dtype", type(b))):
            raise RuntimeError("Subtraction, the `-` operator, with a bool tensor is not supported. Use `^` or `~` instead")
        return xp.subtract(*promote(a, b, True))

    def backward(ctx, grad: Tensor) -> Any:
        return grad, -grad if ctx.needs_input_grad[1] else None


class Mul(Pointwise):
    """a * b;  in a: b, in b: a"""

    symbol = "*"

    def forward(ctx, a: Array, b: Array) -> Array:
        for_a, for_b = ctx.needs_input_grad
        ctx.save_for_backward(b if for_a else None, a if for_b else None)  # each factor is the other's derivative
        return xp.multiply(*promote(a, b, True))

    def backward(ctx, grad: Tensor) -> Any:
        b, a = ctx.saved_tensors
        return None if b is None else grad * b, None if a is None else grad * a


class Div(Pointwise):
    """a / b;  in a: 1 / b, in b: -(a / b) / b. Integers give the default floating type."""

    symbol = "/"

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a if ctx.needs_input_grad[1] else None, b)
        if result_type(a, b).kind not in "fc":
            a, b = (cast(v, get_default_dtype().numpy) for v in (a, b))
        return xp.true_divide(*promote(a, b))

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        for_a, for_b = ctx.needs_input_grad
        return grad / b if for_a else None, -grad * ((a / b) / b) if for_b else None


class Remainder(Pointwise):
    """a % b = a - floor(a / b) b, with the sign of b;  in a: 1, in b: -floor(a / b)"""

    symbol = "%"
    function: ClassVar[Any] = xp.remainder
    whole: ClassVar[Any] = staticmethod(floor)  # how the quotient is rounded

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        a, b = promote(a, b)
        refuse_zero(a, b)
        return ctx.function(a, b)

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        return grad, -grad * ctx.whole(a / b) if ctx.needs_input_grad[1] else None


class Fmod(Remainder):
    """a - trunc(a / b) b, with the sign of a;  in a: 1, in b: -trunc(a / b)"""

    symbol, function, whole = "fmod", xp.fmod, staticmethod(trunc)


class Copysign(Pointwise):
    """|a| with the sign of b;  in a: 1, or -1 where the sign changes, 0 at 0, in b: 0"""

    def forward(ctx, a: Array, b: Array) -> Array:
        y = xp.copysign(*promote_floating(a, b))
        ctx.save_for_backward(a, y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        a, y = ctx.saved_tensors
        return grad * (sign(a) * sign(y)), ZerosLike.apply(grad)


class Neg(Pointwise):
    """-x;  -1"""

    def forward(ctx, x: Array) -> Array:
        if x.dtype.kind == "b":
            raise RuntimeError("Negation, the `-` operator, on a bool tensor is not supported. Use `~` to invert a mask")
        return xp.negative(x)

    def backward(ctx, grad: Tensor) -> Any:
        return -grad


class Abs(Pointwise):
    """|x|;  the sign of x, 0 at 0"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return xp.absolute(x)

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * sign(x)


class Reciprocal(Pointwise):
    """1 / x;  -1 / x^2"""

    def forward(ctx, x: Array) -> Array:
        y = 1 / floating(x)
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return -grad * (y * y)


class Log(Pointwise):
    """log x;  1 / x"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return xp.log(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / x


class Log2(Pointwise):
    """log2 x;  1 / (x log 2)"""

    base: ClassVar[int] = 2
    function: ClassVar[Any] = xp.log2

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        x = floating(x)
        return ctx.function(x.astype(xp.float64)).astype(x.dtype)  # in float64, powers of the base give whole numbers

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / (x * math.log(ctx.base))


class Log10(Log2):
    """log10 x;  1 / (x log 10)"""

    base, function = 10, xp.log10


class Pow(Pointwise):
    """a ** b;  in a: b a^(b-1), in b: a^b log a.

    The slope in b is 0 where a is 0 and b is not negative, and the slope in a is 0 where b is 0.
    """

    symbol = "** or pow()"

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        a, b = promote(a, b)
        if getattr(a, "dtype", xp.dtype(float)).kind in "iu" and is_known(b) and xp.any(xp.less(b, 0)):
            raise RuntimeError("Integers to negative integer powers are not allowed; convert the base with .float() first")
        return xp.power(a, b)

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        for_a, for_b = ctx.needs_input_grad
        grad_a = grad_b = None
        if for_a:
            if not isinstance(b, Number):
                grad_a = where(b == 0, 0.0, grad * b * a ** where(b == 0, 0.0, b - 1))
            else:
                grad_a = ZerosLike.apply(grad) if b == 0 else grad * b * a ** (b - 1)
        if for_b:
            if isinstance(a, Number):
                slope = math.log(a) if a > 0 else -math.inf if a == 0 else math.nan
                grad_b = where(b >= 0, 0.0, grad * a**b * slope) if a == 0 else grad * a**b * slope
            else:
                flat = (a == 0) & (b >= 0)
                grad_b = where(flat, 0.0, grad * a**b * log(where(flat, 1.0, a)))
        return grad_a, grad_b


# ---- the functions, by PyTorch's names --------------------------------------------------------------------------


def add(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """input + alpha * other, broadcast to a common shape. The derivative is 1 in input, alpha in other.

    Raises RuntimeError for shapes that cannot be broadcast.

    >>> a, b = minitorch.tensor([[1.0], [2.0]]), minitorch.tensor([10.0, 20.0])
    >>> minitorch.add(a, b)
    tensor([[11., 21.],
            [12., 22.]])
    >>> minitorch.add(a, 1, alpha=0.5)
    tensor([[1.5000],
            [2.5000]])
    """
    return Add.apply(input, other if alpha == 1 else _times(alpha, input, other))


def sub(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """input - alpha * other, broadcast to a common shape.

    >>> minitorch.sub(minitorch.tensor([5, 7]), minitorch.tensor([1, 2]), alpha=3)
    tensor([2, 1])
    """
    return Sub.apply(input, other if alpha == 1 else _times(alpha, input, other))


def _times(alpha: Any, input: Any, other: Any) -> Any:
    alpha = alpha.item() if getattr(alpha, "ndim", 1) == 0 else alpha
    if isinstance(alpha, float) and result_type(*(getattr(v, "_array", v) for v in (input, other))).kind != "f":
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if not isinstance(alpha, (int, float)):
        raise TypeError(f"argument 'alpha' must be a number, not {type(alpha).__name__}")
    return Mul.apply(other, alpha)


def mul(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """input * other, element by element. The derivative is other in input, input in other.

    >>> minitorch.mul(minitorch.tensor([1.0, 2.0]), minitorch.tensor([3.0, 4.0]))
    tensor([3., 8.])
    """
    return Mul.apply(input, other)


@node_name("Div0")
def div(input: Tensor | Number, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, element by element; integers give the default floating type.

    `rounding_mode` 'floor' rounds down, 'trunc' towards zero; None divides truly. The derivative is 1 / other in input,
    -input / other^2 in other, and 0 where the quotient is rounded.

    Raises RuntimeError for integers divided by zero with a `rounding_mode`; for floats the quotient is inf or nan.

    >>> a = minitorch.tensor([7, -7])
    >>> minitorch.div(a, 2)
    tensor([ 3.5000, -3.5000])
    >>> minitorch.div(a, 2, rounding_mode="floor")
    tensor([ 3, -4])
    >>> minitorch.div(a, 2, rounding_mode="trunc")
    tensor([ 3, -3])
    """
    if rounding_mode is None:
        return Div.apply(input, other)
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if result_type(*(getattr(v, "_array", v) for v in (input, other))).kind == "f":
        return trunc(Div.apply(input, other))
    quotient = floor_divide(input, other)  # exact, where a quotient of floats would lose digits of large integers
    is_below: Any = (input - quotient * other != 0) & ((input < 0) != (other < 0))
    return quotient + is_below


def remainder(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """input modulo other, with the sign of other, as Python's %: a - floor(a / b) b.

    Raises RuntimeError for integers modulo zero.

    >>> minitorch.remainder(minitorch.tensor([7, -7]), 3)
    tensor([1, 2])
    """
    return Remainder.apply(input, other)


def fmod(input: Tensor, other: Tensor | Number) -> Tensor:
    """The remainder with the sign of input, as C's fmod: a - trunc(a / b) b.

    Raises RuntimeError for integers modulo zero.

    >>> minitorch.fmod(minitorch.tensor([7, -7]), 3)
    tensor([ 1, -1])
    """
    if all(getattr(v, "dtype", None) is bool_ for v in (input, other)):
        raise NotImplementedError('"fmod" not implemented for two tensors of minitorch.bool: .int() converts')
    return Fmod.apply(input, other)


def copysign(input: Tensor, other: Tensor | Number) -> Tensor:
    """|input| with the sign of other; that of -0.0 is negative, too.

    >>> minitorch.copysign(minitorch.tensor([1.0, 2.0]), minitorch.tensor([-3.0, 4.0]))
    tensor([-1.,  2.])
    """
    return Copysign.apply(input, other)


@node_name(lambda input, other, **_: "Rsub1" if isinstance(other, Number) else "Rsub0")
def rsub(input: Tensor, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """other - alpha * input: `sub` with the operands exchanged.

    >>> minitorch.rsub(minitorch.tensor([1, 2]), 10)
    tensor([9, 8])
    """
    return Sub.apply(other, input if alpha == 1 else _times(alpha, other, input))


def pow(input: Tensor | Number, exponent: Tensor | Number) -> Tensor:
    """input to the power of exponent, a^b. The derivative is b a^(b-1) in a, a^b log a in b.

    >>> minitorch.pow(minitorch.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    >>> minitorch.pow(2, minitorch.tensor([1, 2, 3]))
    tensor([2, 4, 8])
    """
    return Pow.apply(input, exponent)


def float_power(input: Tensor | Number, exponent: Tensor | Number) -> Tensor:
    """input to the power of exponent, computed in float64 whatever the types.

    >>> minitorch.float_power(minitorch.tensor([1, 2, 3]), 2)
    tensor([1., 4., 9.], dtype=minitorch.float64)
    """
    if isinstance(input, Number) and isinstance(exponent, Number):
        raise TypeError("float_power(): at least one of 'input' and 'exponent' must be Tensor, and both are numbers")
    a, b = (float(v) if isinstance(v, Number) else v.to(float64) for v in (input, exponent))
    return Pow.apply(a, b)


def neg(input: Tensor) -> Tensor:
    """-input. The derivative is -1.

    >>> minitorch.neg(minitorch.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """
    return Neg.apply(input)


def positive(input: Tensor) -> Tensor:
    """input itself. Raises RuntimeError for booleans.

    >>> minitorch.positive(minitorch.tensor([1.0, -2.0]))
    tensor([ 1., -2.])
    """
    if input.dtype is bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@node_name("Deg2Rad0")
def deg2rad(input: Tensor) -> Tensor:
    """An angle of so many degrees in radians: input * pi / 180.

    >>> minitorch.deg2rad(minitorch.tensor([90.0, 180.0]))
    tensor([1.5708, 3.1416])
    """
    return mul(input, math.pi / 180)


@node_name("Rad2Deg0")
def rad2deg(input: Tensor) -> Tensor:
    """An angle of so many radians in degrees: input * 180 / pi.

    >>> minitorch.rad2deg(minitorch.tensor([0.0, 1.0]))
    tensor([ 0.0000, 57.2958])
    """
    return mul(input, 180 / math.pi)


def abs(input: Tensor) -> Tensor:
    """|input|. The derivative is the sign of input, 0 at 0.

    >>> minitorch.abs(minitorch.tensor([-1.5, 0.0, 2.0]))
    tensor([1.5000, 0.0000, 2.0000])
    """
    return Abs.apply(input)


def square(input: Tensor) -> Tensor:
    """input squared, x^2. The derivative is 2 x.

    >>> minitorch.square(minitorch.tensor([-1.0, 3.0]))
    tensor([1., 9.])
    """
    return pow(input, 2)


def reciprocal(input: Tensor) -> Tensor:
    """1 / input. The derivative is -1 / x^2.

    >>> minitorch.reciprocal(minitorch.tensor([2.0, -4.0]))
    tensor([ 0.5000, -0.2500])
    """
    return Reciprocal.apply(input)


@in_single
@node_name("Lerp0")
def lerp(input: Tensor, end: Tensor, weight: Tensor | Number) -> Tensor:
    """input + weight (end - input): from input at 0 to end at 1, and exactly these.

    >>> start, end = minitorch.tensor([0.0, 10.0]), minitorch.tensor([4.0, 20.0])
    >>> minitorch.lerp(start, end, 0.25)
    tensor([ 1.0000, 12.5000])
    """
    way = sub(end, input)
    if isinstance(weight, Number):
        return add(input, mul(way, weight)) if builtins.abs(weight) < 0.5 else sub(end, mul(way, 1 - weight))
    near = abs(weight) < 0.5
    return where(near, add(input, mul(way, weight)), sub(end, mul(way, 1 - weight)))


@in_single
@node_name("Addcmul0")
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
    """input + value * tensor1 * tensor2.

    >>> one, a, b = minitorch.tensor([1.0, 1.0]), minitorch.tensor([1.0, 2.0]), minitorch.tensor([3.0, 4.0])
    >>> minitorch.addcmul(one, a, b, value=0.5)
    tensor([2.5000, 5.0000])
    """
    return add(input, mul(tensor1, tensor2), alpha=value)


@in_single
@node_name("Addcdiv0")
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
    """input + value * tensor1 / tensor2.

    >>> one, a, b = minitorch.tensor([1.0, 1.0]), minitorch.tensor([1.0, 2.0]), minitorch.tensor([2.0, 4.0])
    >>> minitorch.addcdiv(one, a, b, value=2)
    tensor([2., 2.])
    """
    return add(input, div(tensor1, tensor2), alpha=value)


def log(input: Tensor) -> Tensor:
    """The natural logarithm; -inf at 0, nan below. The derivative is 1 / x.

    >>> minitorch.log(minitorch.tensor([1.0, 2.0, 0.0]))
    tensor([0.0000, 0.6931,   -inf])
    """
    return Log.apply(input)


def log2(input: Tensor) -> Tensor:
    """The logarithm to base 2: log x / log 2. The derivative is 1 / (x log 2).

    >>> minitorch.log2(minitorch.tensor([1.0, 3.0]))
    tensor([0.0000, 1.5850])
    """
    return Log2.apply(input)


def log10(input: Tensor) -> Tensor:
    """The logarithm to base 10: log x / log 10. The derivative is 1 / (x log 10).

    >>> minitorch.log10(minitorch.tensor([1.0, 50.0]))
    tensor([0.0000, 1.6990])
    """
    return Log10.apply(input)
