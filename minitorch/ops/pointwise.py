"""Elementwise functions of one number: exponentials, angles, tanh, sigmoid, erf."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from minitorch.backend.arrays import Array, as_array, xp
from minitorch.backend.dispatch import definition
from minitorch.backend.dtypes import get_default_dtype
from minitorch.backend.special import error_function
from minitorch.ops.arithmetic import Pow, div, log, reciprocal
from minitorch.ops.elementwise import Pointwise, floating, floating_pair, in_single, promote_floating
from minitorch.ops.node_names import node_name
from minitorch.ops.rounding import trunc
from minitorch.ops.selection import clamp, where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Unary(Pointwise):
    """A NumPy function of one number, whose derivative is computed from its input."""

    function: ClassVar[Any]

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return ctx.function(floating(x))


class UnaryOfOutput(Pointwise):
    """A NumPy function of one number, whose derivative is computed from its output."""

    function: ClassVar[Any]

    def forward(ctx, x: Array) -> Array:
        y = ctx.function(floating(x))
        ctx.save_for_backward(y)
        return y


class Exp(UnaryOfOutput):
    """e^x;  e^x"""

    function = xp.exp

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return grad * y


class Expm1(UnaryOfOutput):
    """e^x - 1, exact near 0;  e^x"""

    function = xp.expm1

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return grad * (y + 1)


class Log1p(Unary):
    """log(1 + x), exact near 0;  1 / (1 + x)"""

    function, label = xp.log1p, "Log1P0"

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / (x + 1)


class Sqrt(UnaryOfOutput):
    """sqrt x;  1 / (2 sqrt x)"""

    function = xp.sqrt

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return grad / (y * 2)


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


class Tanh(UnaryOfOutput):
    """tanh x;  1 - tanh^2 x. Computed from the output: cosh would overflow."""

    function = xp.tanh

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return TanhBackward.apply(grad, y)


class TanhBackward(Pointwise):
    """g (1 - y^2), the derivative of Tanh with output y;  in g: 1 - y^2, in y: -2 g y"""

    def forward(ctx, g: Array, y: Array) -> Array:
        ctx.save_for_backward(g, y)
        return _tanh_backward(g, y)

    def backward(ctx, grad: Tensor) -> Any:
        g, y = ctx.saved_tensors
        for_g, for_y = ctx.needs_input_grad
        return TanhBackward.apply(grad, y) if for_g else None, grad * (g * y) * -2 if for_y else None


@definition
def _tanh_backward(g: Array, y: Array) -> Array:
    return g - g * (y * y)


class Sigmoid(Pointwise):
    """1 / (1 + e^-x);  y (1 - y)"""

    def forward(ctx, x: Array) -> Array:
        y = _sigmoid(floating(x))
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return SigmoidBackward.apply(grad, y)


class SigmoidBackward(Pointwise):
    """g y (1 - y), the derivative of Sigmoid with output y;  in g: y (1 - y), in y: g (1 - 2 y)"""

    def forward(ctx, g: Array, y: Array) -> Array:
        ctx.save_for_backward(g, y)
        return _sigmoid_backward(g, y)

    def backward(ctx, grad: Tensor) -> Any:
        g, y = ctx.saved_tensors
        for_g, for_y = ctx.needs_input_grad
        return SigmoidBackward.apply(grad, y) if for_g else None, grad * (g * (1 - y * 2)) if for_y else None


@definition
def _sigmoid(x: Array) -> Array:
    return 1 / (1 + xp.exp(-x))


@definition
def _sigmoid_backward(g: Array, y: Array) -> Array:
    return g * (y - y * y)


class Softplus(Pointwise):
    """log(1 + e^x), which for large x is x and never overflows;  the sigmoid of x"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        x = floating(x)
        return xp.maximum(x, x.dtype.type(0)) + xp.log1p(xp.exp(-xp.absolute(x)))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * sigmoid(x)


class Erf(Pointwise):
    """The error function, the integral of 2 / sqrt(pi) e^(-t^2) from 0 to x;  2 / sqrt(pi) e^(-x^2)"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return _erf(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * (exp(-(x * x)) * (2 / math.sqrt(math.pi)))


@definition
def _erf(x: Array) -> Array:
    return error_function(x)


class Gelu(Pointwise):
    """x times the probability that a standard normal variable is below x, x / 2 (1 + erf(x / sqrt 2));  that probability, plus
    x times its density at x
    """

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return _gelu(x)

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return GeluBackward.apply(grad, x)


class GeluBackward(Pointwise):
    """g (P(x) + x p(x)), the derivative of Gelu: the probability P, and its density p = e^(-x^2 / 2) / sqrt(2 pi);
    in g: the same of grad, in x: g (2 - x^2) p
    """

    def forward(ctx, g: Array, x: Array) -> Array:
        ctx.save_for_backward(g, x)
        return _gelu_backward(g, x)

    def backward(ctx, grad: Tensor) -> Any:
        g, x = ctx.saved_tensors
        density = exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
        return GeluBackward.apply(grad, x), grad * g * ((2 - x * x) * density)


@definition
def _gelu(x: Array) -> Array:
    return x * 0.5 * (_erf(as_array(x * math.sqrt(0.5))) + 1)


@definition
def _gelu_backward(g: Array, x: Array) -> Array:
    return g * ((_erf(as_array(x * math.sqrt(0.5))) + 1) * 0.5 + x * (xp.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))))


# ---- the functions, by PyTorch's names --------------------------------------------------------------------------


def exp(input: Tensor) -> Tensor:
    """e^x, element by element. The derivative is e^x.

    >>> minitorch.exp(minitorch.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """
    return Exp.apply(input)


def expm1(input: Tensor) -> Tensor:
    """e^x - 1, exact near 0. The derivative is e^x.

    >>> minitorch.expm1(minitorch.tensor([0.0, 1e-10]))
    tensor([0.0000e+00, 1.0000e-10])
    """
    return Expm1.apply(input)


def log1p(input: Tensor) -> Tensor:
    """log(1 + x), exact near 0. The derivative is 1 / (1 + x).

    >>> minitorch.log1p(minitorch.tensor([0.0, 1e-10]))
    tensor([0.0000e+00, 1.0000e-10])
    """
    return Log1p.apply(input)


def sqrt(input: Tensor) -> Tensor:
    """The square root; nan below 0. The derivative is 1 / (2 sqrt x).

    >>> minitorch.sqrt(minitorch.tensor([4.0, 2.0, -1.0]))
    tensor([2.0000, 1.4142,    nan])
    """
    return Sqrt.apply(input)


@node_name("Rsqrt0")
def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(input). The derivative is -1 / (2 x sqrt x).

    >>> minitorch.rsqrt(minitorch.tensor([4.0, 0.25]))
    tensor([0.5000, 2.0000])
    """
    return reciprocal(sqrt(input))


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


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent: (e^x - e^-x) / (e^x + e^-x), between -1 and 1. The derivative is 1 - tanh^2 x.

    >>> minitorch.tanh(minitorch.tensor([-1.0, 0.0, 100.0]))
    tensor([-0.7616,  0.0000,  1.0000])
    """
    return Tanh.apply(input)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e^-x), between 0 and 1. The derivative is y (1 - y) for the result y.

    >>> minitorch.sigmoid(minitorch.tensor([-100.0, 0.0, 1.0]))
    tensor([0.0000, 0.5000, 0.7311])
    """
    return Sigmoid.apply(input)


def erf(input: Tensor) -> Tensor:
    """The error function: the integral of 2 / sqrt(pi) e^(-t^2) from 0 to x. The derivative is 2 / sqrt(pi) e^(-x^2).

    With the normal distribution function Phi it is 2 Phi(sqrt(2) x) - 1.

    >>> minitorch.erf(minitorch.tensor([0.0, 1.0, 10.0]))
    tensor([0.0000, 0.8427, 1.0000])
    """
    return Erf.apply(input)


def softplus(input: Tensor) -> Tensor:
    """log(1 + exp(input)), a smooth relu."""
    return Softplus.apply(input)


@node_name("Exp20")
def exp2(input: Tensor) -> Tensor:
    """2 to the power of input. The derivative is 2^x log 2.

    >>> minitorch.exp2(minitorch.tensor([0.0, 3.0, -1.0]))
    tensor([1.0000, 8.0000, 0.5000])
    """
    return Pow.apply(2.0, input)


@in_single
def atan(input: Tensor) -> Tensor:
    """The inverse tangent, in radians. The derivative is 1 / (1 + x^2).

    >>> minitorch.atan(minitorch.tensor([0.0, 1.0]))  # pi / 4
    tensor([0.0000, 0.7854])
    """
    return Atan.apply(input)


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
def atan2(input: Tensor, other: Tensor) -> Tensor:
    """The angle of the point (other, input) from the first axis, in radians, in [-pi, pi].

    For the point (x, y) the derivative is x / (x^2 + y^2) in input, -y / (x^2 + y^2) in other.

    >>> minitorch.atan2(minitorch.tensor([1.0, -1.0]), minitorch.tensor([1.0, -1.0]))
    tensor([ 0.7854, -2.3562])
    """
    if not hasattr(other, "dtype"):
        raise TypeError(f"atan2(): argument 'other' must be Tensor, not {type(other).__name__}")
    return Atan2.apply(input, other)


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


@in_single
@node_name("Logit0")
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(x / (1 - x)), the inverse of sigmoid, with x raised to `eps` and cut to 1 - eps; nan outside [0, 1] without eps.

    The derivative is 1 / (x (1 - x)).

    >>> minitorch.logit(minitorch.tensor([0.5, 0.75, 1.0]))
    tensor([0.0000, 1.0986,    inf])
    """
    x = input if input.is_floating_point() else input.to(get_default_dtype())
    x = x if eps is None else clamp(x, eps, 1 - eps)
    return log(x) - log1p(-x)


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


@node_name("Frac0")
def frac(input: Tensor) -> Tensor:
    """What trunc cuts off: x - trunc(x). The derivative is 1.

    >>> minitorch.frac(minitorch.tensor([1.75, -1.75]))
    tensor([ 0.7500, -0.7500])
    """
    return input - trunc(input)
