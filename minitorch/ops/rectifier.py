"""Relu and its leaky kin: the ops that bend at zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.backend.arrays import Array, choose, in_cache, keep, xp
from minitorch.backend.compiled import by_loop
from minitorch.ops import loops
from minitorch.ops.comparison import Keep
from minitorch.ops.elementwise import Number, Pointwise

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Relu(Pointwise):
    """max(x, 0);  1 where the output is positive, 0 at 0"""

    def forward(ctx, x: Array) -> Array:
        if x.dtype.kind == "b":
            raise RuntimeError("Boolean inputs not supported for relu: .float() converts")
        y = by_loop(loops.relu, x)
        if y is None:
            y = xp.maximum(x, x.dtype.type(0))
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return WherePositive.apply(grad, y)


class WherePositive(Pointwise):
    """g where y > 0, 0 elsewhere, also where g is infinite or nan: the derivative of Relu;  in g: 1 where y > 0"""

    def forward(ctx, g: Array, y: Array) -> Array:
        ctx.save_for_backward(y)
        out = by_loop(loops.where_positive, g, y)
        return keep(g, y > 0) if out is None else out

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return WherePositive.apply(grad, y), None


class LeakyRelu(Pointwise):
    """x where x > 0, slope * x elsewhere;  1 where x > 0, slope elsewhere.

    The slope is a number, or learned, or drawn at random. At 0 it is the derivative. It is the sign of x that decides, not
    that of the output: slopes may be negative.
    """

    def forward(ctx, x: Array, slope: Any) -> Array:
        ctx.save_for_backward(x, slope)
        return _bent(x, x, slope)

    def backward(ctx, grad: Tensor) -> Any:
        x, slope = ctx.saved_tensors
        for_x, for_slope = ctx.needs_input_grad
        return Bend.apply(grad, x, slope) if for_x else None, Keep.apply(grad * x, x <= 0) if for_slope else None


class Bend(Pointwise):
    """g where x > 0, slope * g elsewhere, the derivative of LeakyRelu;  in g: 1 where x > 0, slope elsewhere"""

    def forward(ctx, g: Array, x: Array, slope: Any) -> Array:
        ctx.save_for_backward(g, x, slope)
        return _bent(g, x, slope)

    def backward(ctx, grad: Tensor) -> Any:
        g, x, slope = ctx.saved_tensors
        for_g, _, for_slope = ctx.needs_input_grad
        return Bend.apply(grad, x, slope) if for_g else None, None, Keep.apply(grad * g, x <= 0) if for_slope else None


def _bent(g: Array, x: Array, slope: Any) -> Array:
    slope, one = xp.asarray(slope, dtype=x.dtype, like=x), x.dtype.type(1)
    if slope.size > 1 or slope.ndim > x.ndim:
        return g * choose(x > 0, one, slope)
    if (out := by_loop(loops.bent, g, x, slope)) is not None:
        return out
    return in_cache(lambda g, x: g * choose(x > 0, one, slope.reshape(())), g, x)


def relu(input: Tensor) -> Tensor:
    """max(input, 0)."""
    return Relu.apply(input)


def leaky(input: Tensor, slope: Tensor | Number) -> Tensor:
    """input where it is positive, slope * input elsewhere."""
    return LeakyRelu.apply(input, slope)
