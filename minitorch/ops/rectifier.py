"""Relu and leaky relu: the elementwise functions with a kink at zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.dispatch import definition
from minitorch.ops.elementwise import Number, Pointwise
from minitorch.ops.selection import Mask

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Relu(Pointwise):
    """max(x, 0);  1 where the output is positive or nan, 0 at 0"""

    def forward(ctx, x: Array) -> Array:
        if x.dtype.kind == "b":
            raise RuntimeError("Boolean inputs not supported for relu: .float() converts")
        y = _relu(x)
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return ReluBackward.apply(grad, y)


class ReluBackward(Pointwise):
    """0 where y <= 0, even if g is infinite or nan there, and g elsewhere: the derivative of Relu with output y;
    in g: 0 where y <= 0, 1 elsewhere
    """

    def forward(ctx, g: Array, y: Array) -> Array:
        ctx.save_for_backward(y)
        return _relu_backward(g, y)

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return ReluBackward.apply(grad, y), None


@definition
def _relu(x: Array) -> Array:
    return xp.maximum(x, 0)


@definition
def _relu_backward(g: Array, y: Array) -> Array:
    return xp.where(y <= 0, 0, g)


class LeakyRelu(Pointwise):
    """x where x > 0, slope * x elsewhere;  in x: 1 where x > 0, slope elsewhere, in slope: x where x <= 0, 0 elsewhere.

    The slope is a number, a learned tensor, or drawn at random. At 0 the derivative in x is the slope. The sign of x decides,
    not that of the output: slopes may be negative.
    """

    def forward(ctx, x: Array, slope: Any) -> Array:
        ctx.save_for_backward(x, slope)
        return _leaky_relu(x, x, slope)

    def backward(ctx, grad: Tensor) -> Any:
        x, slope = ctx.saved_tensors
        for_x, for_slope = ctx.needs_input_grad
        grad_x = LeakyReluBackward.apply(grad, x, slope) if for_x else None
        return grad_x, Mask.apply(grad * x, x <= 0) if for_slope else None


class LeakyReluBackward(Pointwise):
    """g where x > 0, slope * g elsewhere: the derivative of LeakyRelu;
    in g: 1 where x > 0, slope elsewhere, in slope: g where x <= 0, 0 elsewhere
    """

    def forward(ctx, g: Array, x: Array, slope: Any) -> Array:
        ctx.save_for_backward(g, x, slope)
        return _leaky_relu(g, x, slope)

    def backward(ctx, grad: Tensor) -> Any:
        g, x, slope = ctx.saved_tensors
        for_g, _, for_slope = ctx.needs_input_grad
        grad_g = LeakyReluBackward.apply(grad, x, slope) if for_g else None
        return grad_g, None, Mask.apply(grad * g, x <= 0) if for_slope else None


@definition
def _leaky_relu(g: Array, x: Array, slope: Any) -> Array:
    """g where x > 0, slope * g elsewhere. With g = x it is the leaky relu itself."""
    return xp.where(x > 0, g, slope * g).astype(x.dtype, copy=False)


def relu(input: Tensor) -> Tensor:
    """max(input, 0). The derivative is 1 where input is positive, 0 elsewhere, 0 included.

    >>> minitorch.relu(minitorch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    return Relu.apply(input)


def leaky(input: Tensor, slope: Tensor | Number) -> Tensor:
    """input where it is positive, slope * input elsewhere."""
    return LeakyRelu.apply(input, slope)
