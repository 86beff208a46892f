"""Functions of one number, element by element: exp and its kin, angles, tanh and sigmoid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minitorch.backend.arrays import Array, error_function, in_cache, xp
from minitorch.backend.compiled import by_loop
from minitorch.ops import loops
from minitorch.ops.arithmetic import Pow, div, reciprocal
from minitorch.ops.comparison import trunc, where
from minitorch.ops.elementwise import Pointwise, floating, promote

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Exp(Pointwise):
    """e^x;  e^x"""

    def forward(ctx, x: Array) -> Array:
        y = xp.exp(floating(x))
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return grad * y


class Log1p(Pointwise):
    """log(1 + x), exact near 0;  1 / (1 + x)"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return xp.log1p(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / (x + 1)


class Expm1(Pointwise):
    """e^x - 1, exact near 0;  e^x"""

    def forward(ctx, x: Array) -> Array:
        y = xp.expm1(floating(x))
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return grad * (y + 1)


class Sqrt(Pointwise):
    """sqrt x;  1 / (2 sqrt x)"""

    def forward(ctx, x: Array) -> Array:
        y = xp.sqrt(floating(x))
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return grad / (y * 2)


class Sin(Pointwise):
    """sin x;  cos x"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return xp.sin(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * cos(x)


class Cos(Pointwise):
    """cos x;  -sin x"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return xp.cos(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return -grad * sin(x)


class Atan(Pointwise):
    """atan x;  1 / (1 + x^2)"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return xp.arctan(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / (x * x + 1)


class Asin(Pointwise):
    """asin x;  1 / sqrt(1 - x^2)"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return xp.arcsin(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad / sqrt(1 - x * x)


class Acos(Pointwise):
    """acos x;  -1 / sqrt(1 - x^2)"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return xp.arccos(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return -grad / sqrt(1 - x * x)


class Sinh(Pointwise):
    """sinh x = (e^x - e^-x) / 2;  cosh x"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return xp.sinh(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * cosh(x)


class Cosh(Pointwise):
    """cosh x = (e^x + e^-x) / 2;  sinh x"""

    def forward(ctx, x: Array) -> Array:
        ctx.save_for_backward(x)
        return xp.cosh(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * sinh(x)


class Atan2(Pointwise):
    """The angle of the point (x, y);  in y: x / (x^2 + y^2), in x: -y / (x^2 + y^2)"""

    symbol = "atan2"

    def forward(ctx, y: Array, x: Array) -> Array:
        ctx.save_for_backward(y, x)
        y, x = promote(y, x)
        return xp.arctan2(*promote(floating(y), floating(x)))

    def backward(ctx, grad: Tensor) -> Any:
        y, x = ctx.saved_tensors
        square = x * x + y * y
        share = grad / where(square == 0, 1.0, square)  # at the origin: no direction, no slope
        return share * x, -share * y


class Tanh(Pointwise):
    """tanh x;  1 - tanh^2 x. Through the output: cosh would overflow."""

    def forward(ctx, x: Array) -> Array:
        y = xp.tanh(floating(x))
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return TanhSlope.apply(grad, y)


class TanhSlope(Pointwise):
    """g (1 - y^2), the derivative of Tanh, whose output y is;  in g: 1 - y^2, in y: -2 g y"""

    def forward(ctx, g: Array, y: Array) -> Array:
        ctx.save_for_backward(g, y)
        out = by_loop(loops.tanh_slope, g, y)
        return in_cache(lambda g, y: g - g * (y * y), g, y) if out is None else out

    def backward(ctx, grad: Tensor) -> Any:
        g, y = ctx.saved_tensors
        for_g, for_y = ctx.needs_input_grad
        return TanhSlope.apply(grad, y) if for_g else None, grad * (g * y) * -2 if for_y else None


class Sigmoid(Pointwise):
    """1 / (1 + e^-x);  y (1 - y)"""

    def forward(ctx, x: Array) -> Array:
        x = floating(x)
        y = by_loop(loops.sigmoid, x, work=3, kinds="f")
        if y is None:
            one = x.dtype.type(1)
            y = in_cache(lambda x: one / (one + xp.exp(-x)), x)
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return SigmoidSlope.apply(grad, y)


class SigmoidSlope(Pointwise):
    """g y (1 - y), the derivative of Sigmoid, whose output y is;  in g: y (1 - y), in y: g (1 - 2 y)"""

    def forward(ctx, g: Array, y: Array) -> Array:
        ctx.save_for_backward(g, y)
        out = by_loop(loops.sigmoid_slope, g, y)
        return in_cache(lambda g, y: g * (y - y * y), g, y) if out is None else out

    def backward(ctx, grad: Tensor) -> Any:
        g, y = ctx.saved_tensors
        for_g, for_y = ctx.needs_input_grad
        return SigmoidSlope.apply(grad, y) if for_g else None, grad * (g * (1 - y * 2)) if for_y else None


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
        return error_function(floating(x))

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * (exp(-(x * x)) * (2 / math.sqrt(math.pi)))


# ---- the functions, by PyTorch's names --------------------------------------------------------------------------


def exp(input: Tensor) -> Tensor:
    """e to the power of input."""
    return Exp.apply(input)


def expm1(input: Tensor) -> Tensor:
    """exp(input) - 1, exact near 0."""
    return Expm1.apply(input)


def log1p(input: Tensor) -> Tensor:
    """log(1 + input), exact near 0."""
    return Log1p.apply(input)


def sqrt(input: Tensor) -> Tensor:
    """The square root; nan below 0."""
    return Sqrt.apply(input)


def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(input)."""
    return reciprocal(sqrt(input))


def sin(input: Tensor) -> Tensor:
    """The sine of input in radians."""
    return Sin.apply(input)


def cos(input: Tensor) -> Tensor:
    """The cosine of input in radians."""
    return Cos.apply(input)


def tan(input: Tensor) -> Tensor:
    """The tangent of input in radians: sin / cos."""
    return div(sin(input), cos(input))


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return Tanh.apply(input)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-input))."""
    return Sigmoid.apply(input)


def erf(input: Tensor) -> Tensor:
    """The error function: 2 Phi(sqrt(2) x) - 1, where Phi is the normal distribution's."""
    return Erf.apply(input)


def softplus(input: Tensor) -> Tensor:
    """log(1 + exp(input)), a smooth relu."""
    return Softplus.apply(input)


def exp2(input: Tensor) -> Tensor:
    """2 to the power of input."""
    return Pow.apply(2.0, input)


def atan(input: Tensor) -> Tensor:
    """The inverse tangent, in radians."""
    return Atan.apply(input)


def asin(input: Tensor) -> Tensor:
    """The inverse sine, in radians; nan outside [-1, 1]."""
    return Asin.apply(input)


def acos(input: Tensor) -> Tensor:
    """The inverse cosine, in radians; nan outside [-1, 1]."""
    return Acos.apply(input)


def atan2(input: Tensor, other: Tensor) -> Tensor:
    """The angle of the point (other, input) from the first axis, in radians, in [-pi, pi]."""
    if not hasattr(other, "dtype"):
        raise TypeError(f"atan2(): argument 'other' must be Tensor, not {type(other).__name__}")
    return Atan2.apply(input, other)


def sinh(input: Tensor) -> Tensor:
    """The hyperbolic sine."""
    return Sinh.apply(input)


def cosh(input: Tensor) -> Tensor:
    """The hyperbolic cosine."""
    return Cosh.apply(input)


def frac(input: Tensor) -> Tensor:
    """What trunc cuts off."""
    return input - trunc(input)
