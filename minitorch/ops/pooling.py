"""Max-pooling, as choosing and picking: the place of each window's largest element, then the elements at these places.

Which place wins is not differentiable and needs no derivative. Picking elements and putting them back are each other's
adjoints, so max-pooling can be differentiated as often as one likes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.function import Op
from minitorch.backend.arrays import Array, add_at, xp
from minitorch.ops.shape import squeeze, unsqueeze
from minitorch.ops.window import Window

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class WindowArgmax(Op):
    """For each window the flat place, in its plane (*size), of its largest element: the first of equals, nan above all"""

    def forward(ctx, x: Array, window: Window) -> Array:
        lowest = -math.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min
        seen = window.unfold(x, lowest)  # (N, C, *out, *kernel)
        seen = seen.reshape(*seen.shape[: -window.rank], math.prod(window.kernel))
        winner = xp.argmax(seen, axis=-1)[..., None]
        places = xp.broadcast_to(window.cells(x.shape[2:]), seen.shape)
        if window.padded_size(x.shape[2:]) != x.shape[2:]:  # a window of nothing but -inf must not choose the padding
            padded = xp.take_along_axis(places, winner, -1) < 0
            winner = xp.where(padded, xp.argmax(places >= 0, axis=-1)[..., None], winner)
        chosen = xp.take_along_axis(places, winner, -1)[..., 0]
        if (chosen < 0).any():
            raise RuntimeError(
                f"{window.name}: some window sees nothing but padding, input {list(x.shape[2:])}, kernel {list(window.kernel)} "
                f"with dilation {list(window.dilation)} and "
                f"padding {[before for before, _ in window.padding]}: use less padding"
            )
        return chosen


class MaxPool(Op):
    """The elements of each plane (*size) at the given flat places; `places` is (N, C, *out)"""

    def forward(ctx, x: Array, places: Array) -> Array:
        ctx.save_for_backward(places)
        ctx.size = x.shape[2:]
        n, c = places.shape[:2]
        planes = x.reshape(n, c, math.prod(ctx.size))
        return xp.take_along_axis(planes, places.reshape(n, c, math.prod(places.shape[2:])), 2).reshape(places.shape)

    def backward(ctx, grad: Tensor) -> Any:
        (places,) = ctx.saved_tensors
        return PutBack.apply(grad, places, ctx.size)


class PutBack(Op):
    """Planes of zeros, to which each element is added at its place: the adjoint of MaxPool"""

    def forward(ctx, x: Array, places: Array, size: tuple[int, ...]) -> Array:
        ctx.save_for_backward(places)
        n, c = places.shape[:2]
        plane = math.prod(size)
        planes = xp.arange(n * c).reshape(n * c, 1) * plane  # where each plane begins in the flat array
        rows = (n * c, math.prod(places.shape[2:]))
        flat = (places.reshape(rows) + planes,)
        return add_at((n * c * plane,), (flat,), x.reshape(rows)).reshape(n, c, *size)

    def backward(ctx, grad: Tensor) -> Any:
        (places,) = ctx.saved_tensors
        return MaxPool.apply(grad, places)


def _max_pool(
    rank: int,
    input: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    name = f"max_pool{rank}d"
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"{name}: Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) tensor, but got input of size: "
            f"{list(input.shape)}"
        )
    steps = kernel_size if stride is None or stride in ((), []) else stride
    window = Window.of(name, rank, kernel_size, steps, padding, dilation, ceil_mode)
    if not input.is_floating_point() and input.dtype.name == "bool":
        raise NotImplementedError(f"{name} is not implemented for {input.dtype!r}")
    for (p, _), k in zip(window.padding, window.kernel, strict=True):
        if 2 * p > k:
            raise RuntimeError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p} and kernel_size={k}"
            )
    if input.ndim == rank + 1:
        pooled = _max_pool(rank, unsqueeze(input, 0), kernel_size, stride, padding, dilation, ceil_mode, True)
        values, indices = (squeeze(x, 0) for x in pooled)
        return (values, indices) if return_indices else values
    window.output_size(input.shape[2:])  # says what does not fit
    indices = WindowArgmax.apply(input, window)
    values = MaxPool.apply(input, indices)
    return (values, indices) if return_indices else values


def max_pool1d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window of input ((N,) C, L); `stride` is the kernel's size unless given.

    In `ceil_mode` a last window may reach over the end. With `return_indices` also the place of each in its plane.
    """
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window of input ((N,) C, H, W), as `max_pool1d`."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window of input ((N,) C, D, H, W), as `max_pool1d`."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)
