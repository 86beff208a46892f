"""Relu and its leaky kin: the ops that bend at zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.backend.arrays import Array, xp
from minitorch.ops.comparison import Keep
from minitorch.ops.elementwise import Number, Pointwise

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Relu(Pointwise):
    """max(x, 0);  1 where the output is positive, 0 at 0"""

    def forward(ctx, x: Array) -> Array:
        if x.dtype.kind == "b":
            raise RuntimeError("Boolean inputs not supported for relu: .float() converts")
        y = xp.maximum(x, x.dtype.type(0))
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return Keep.apply(grad, y > 0)


class LeakyRelu(Pointwise):
    """x where x > 0, slope * x elsewhere; the slope is a number, or learned, or drawn at random.

    At 0 the derivative is the slope. It is the sign of x that decides, not that of the output: slopes may be negative.
    """

    def forward(ctx, x: Array, slope: Any) -> Array:
        ctx.save_for_backward(x, slope)
        zero = x.dtype.type(0)
        return xp.maximum(x, zero) + xp.minimum(x, zero) * slope

    def backward(ctx, grad: Tensor) -> Any:
        x, slope = ctx.saved_tensors
        below = Keep.apply(grad, x <= 0)
        for_x, for_slope = ctx.needs_input_grad
        return Keep.apply(grad, x > 0) + below * slope if for_x else None, below * x if for_slope else None


def relu(input: Tensor) -> Tensor:
    """max(input, 0)."""
    return Relu.apply(input)


def leaky(input: Tensor, slope: Tensor | Number) -> Tensor:
    """input where it is positive, slope * input elsewhere."""
    return LeakyRelu.apply(input, slope)
