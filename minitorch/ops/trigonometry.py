"""Angles: sin, cos, tan, sinh, cosh, the inverses, and hypot. (tanh is in pointwise.py, beside sigmoid.)"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.backend.arrays import Array, xp
from minitorch.ops.arithmetic import div
from minitorch.ops.elementwise import Pointwise, floating_pair, in_single, promote_floating
from minitorch.ops.node_names import node_name
from minitorch.ops.pointwise import Unary, sqrt
from minitorch.ops.selection import where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Sin(Unary):
    """sin x;  cos x"""

    function = xp.sin

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * cos(x)


class Cos(Unary):
    """cos x;  -sin x"""

    function = xp.cos

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return -grad * sin(x)


class Atan(Unary):
    """atan x;  1 / (1 + x^2)"""

    function = xp.arctan

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / (x * x + 1)


class Asin(Unary):
    """asin x;  1 / sqrt(1 - x^2)"""

    function = xp.arcsin

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / sqrt(1 - x * x)


class Acos(Unary):
    """acos x;  -1 / sqrt(1 - x^2)"""

    function = xp.arccos

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return -grad / sqrt(1 - x * x)


class Sinh(Unary):
    """sinh x = (e^x - e^-x) / 2;  cosh x"""

    function = xp.sinh

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * cosh(x)


class Cosh(Unary):
    """cosh x = (e^x + e^-x) / 2;  sinh x"""

    function = xp.cosh

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * sinh(x)


class Asinh(Unary):
    """asinh x;  1 / sqrt(1 + x^2)"""

    function = xp.arcsinh

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / Hypot.apply(x, 1.0)  # the square of x would overflow


class Acosh(Unary):
    """acosh x;  1 / sqrt(x^2 - 1)"""

    function = xp.arccosh

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / (sqrt(x - 1) * sqrt(x + 1))


class Atanh(Unary):
    """atanh x;  1 / (1 - x^2)"""

    function = xp.arctanh

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / ((1 - x) * (1 + x))


class Hypot(Pointwise):
    """y = sqrt(a^2 + b^2), which does not overflow;  in a: a / y, in b: b / y"""

    def forward(ctx, a: Array, b: Array) -> Array:
        y = xp.hypot(*promote_floating(a, b))
        ctx.save_for_backward(a, b, y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        a, b, y = ctx.saved_tensors
        for_a, for_b = ctx.needs_input_grad
        return grad * (a / y) if for_a else None, grad * (b / y) if for_b else None


class Atan2(Pointwise):
    """The angle of the point (x, y);  in y: x / (x^2 + y^2), in x: -y / (x^2 + y^2)"""

    symbol = "atan2"

    def forward(ctx, y: Array, x: Array) -> Array:
        ctx.save_for_backward(y, x)
        return xp.arctan2(*promote_floating(y, x))

    def backward(ctx, grad: Tensor) -> Any:
        y, x = ctx.saved_tensors
        square = x * x + y * y
        scaled = grad / where(square == 0, 1.0, square)  # at the origin: no direction, no slope
        return scaled * x, -scaled * y


# ---- the functions, by PyTorch's names ---------------------------------------------------------------------------


def sin(input: Tensor) -> Tensor:
    """The sine of input in radians. The derivative is cos x.

    >>> minitorch.sin(minitorch.tensor([0.0, minitorch.pi / 2]))
    tensor([0., 1.])
    """
    return Sin.apply(input)


def cos(input: Tensor) -> Tensor:
    """The cosine of input in radians. The derivative is -sin x.

    >>> minitorch.cos(minitorch.tensor([0.0, minitorch.pi]))
    tensor([ 1., -1.])
    """
    return Cos.apply(input)


@node_name("Tan0")
def tan(input: Tensor) -> Tensor:
    """The tangent of input in radians: sin x / cos x. The derivative is 1 / cos^2 x.

    >>> minitorch.tan(minitorch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5574])
    """
    return div(sin(input), cos(input))


def asin(input: Tensor) -> Tensor:
    """The inverse sine, in radians; nan outside [-1, 1]. The derivative is 1 / sqrt(1 - x^2).

    >>> minitorch.asin(minitorch.tensor([0.0, 1.0, 2.0]))
    tensor([0.0000, 1.5708,    nan])
    """
    return Asin.apply(input)


def acos(input: Tensor) -> Tensor:
    """The inverse cosine, in radians; nan outside [-1, 1]. The derivative is -1 / sqrt(1 - x^2).

    >>> minitorch.acos(minitorch.tensor([1.0, 0.0, 2.0]))
    tensor([0.0000, 1.5708,    nan])
    """
    return Acos.apply(input)


@in_single
def atan(input: Tensor) -> Tensor:
    """The inverse tangent, in radians. The derivative is 1 / (1 + x^2).

    >>> minitorch.atan(minitorch.tensor([0.0, 1.0]))  # pi / 4
    tensor([0.0000, 0.7854])
    """
    return Atan.apply(input)


@in_single
def atan2(input: Tensor, other: Tensor) -> Tensor:
    """The angle of the point (other, input) from the first axis, in radians, in [-pi, pi].

    For the point (x, y) the derivative is x / (x^2 + y^2) in input, -y / (x^2 + y^2) in other.

    >>> minitorch.atan2(minitorch.tensor([1.0, -1.0]), minitorch.tensor([1.0, -1.0]))
    tensor([ 0.7854, -2.3562])
    """
    if not hasattr(other, "dtype"):
        raise TypeError(f"atan2(): argument 'other' must be Tensor, not {type(other).__name__}")
    return Atan2.apply(input, other)


def sinh(input: Tensor) -> Tensor:
    """The hyperbolic sine: (e^x - e^-x) / 2. The derivative is cosh x.

    >>> minitorch.sinh(minitorch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.1752])
    """
    return Sinh.apply(input)


def cosh(input: Tensor) -> Tensor:
    """The hyperbolic cosine: (e^x + e^-x) / 2. The derivative is sinh x.

    >>> minitorch.cosh(minitorch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.5431])
    """
    return Cosh.apply(input)


@in_single
def asinh(input: Tensor) -> Tensor:
    """The inverse hyperbolic sine. The derivative is 1 / sqrt(1 + x^2).

    >>> minitorch.asinh(minitorch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8814])
    """
    return Asinh.apply(input)


@in_single
def acosh(input: Tensor) -> Tensor:
    """The inverse hyperbolic cosine; nan below 1. The derivative is 1 / sqrt(x^2 - 1).

    >>> minitorch.acosh(minitorch.tensor([1.0, 2.0, 0.5]))
    tensor([0.0000, 1.3170,    nan])
    """
    return Acosh.apply(input)


def atanh(input: Tensor) -> Tensor:
    """The inverse hyperbolic tangent; infinite at -1 and 1, nan beyond. The derivative is 1 / (1 - x^2).

    >>> minitorch.atanh(minitorch.tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.5493,    inf])
    """
    return Atanh.apply(input)


@in_single
def hypot(input: Tensor, other: Tensor) -> Tensor:
    """sqrt(input^2 + other^2), the length of a hypotenuse, without overflow on the way.

    For the result y the derivative is input / y in input, other / y in other.

    >>> minitorch.hypot(minitorch.tensor([3.0, 3e30]), minitorch.tensor([4.0, 4e30]))
    tensor([5.0000e+00, 5.0000e+30])
    """
    return Hypot.apply(*floating_pair("hypot", input, other))
