"""Elementwise functions of one number: exponentials, roots, tanh, sigmoid, erf."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from minitorch.backend.arrays import Array, as_array, xp
from minitorch.backend.dispatch import definition
from minitorch.backend.dtypes import get_default_dtype
from minitorch.backend.special import error_function
from minitorch.ops.arithmetic import Pow, log, reciprocal
from minitorch.ops.comparison import isnan
from minitorch.ops.elementwise import Pointwise, floating, in_single
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


@definition
def _tanh(x: Array) -> Array:
    return xp.tanh(x)


class Tanh(UnaryOfOutput):
    """tanh x;  1 - tanh^2 x. Computed from the output: cosh would overflow."""

    function = _tanh

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
@node_name("Logit0")
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(x / (1 - x)), the inverse of sigmoid, with x raised to `eps` and cut to 1 - eps; nan outside [0, 1] without eps.

    The derivative is 1 / (x (1 - x)).

    >>> minitorch.logit(minitorch.tensor([0.5, 0.75, 1.0]))
    tensor([0.0000, 1.0986,    inf])
    """
    x = input if input.is_floating_point() else input.to(get_default_dtype())
    x = x if eps is None else clamp(x, eps, 1 - eps)
    y = log(x) - log1p(-x)
    return y if eps is not None else y * where(isnan(y), y.detach(), 1.0)  # the derivative is nan where y is


@node_name("Frac0")
def frac(input: Tensor) -> Tensor:
    """What trunc cuts off: x - trunc(x). The derivative is 1.

    >>> minitorch.frac(minitorch.tensor([1.75, -1.75]))
    tensor([ 0.7500, -0.7500])
    """
    return input - trunc(input)
