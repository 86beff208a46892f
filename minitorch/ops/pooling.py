"""Pooling: one number stands for what a window sees. And unpooling, which puts numbers back where they came from.

Max-pooling is choosing and picking. Which place of a window wins needs no derivative; picking the elements at places and
putting them back are each other's adjoints. So are the mean of each window and its even spread over the window. Both pairs
can be differentiated as often as one likes.

    MaxPool              choose a place in each window, and pick
    Pick, PutBack        pick elements at places of a plane; add elements at places of a plane of zeros
    AvgPool, Spread      sum each window and divide; divide, and add to every cell of the window
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.function import Op
from minitorch.autograd.variable import wrap
from minitorch.backend.arrays import Array, add_at, beside, xp
from minitorch.ops.comparison import masked_fill
from minitorch.ops.elementwise import check_floating
from minitorch.ops.indexing import getitem
from minitorch.ops.reduction import sum
from minitorch.ops.shape import reshape, squeeze, unsqueeze
from minitorch.ops.window import AdaptiveWindow, Window, for_ranks, per_dim

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class MaxPool(Op):
    """The largest of each window, the first of equals, nan above all; with it its flat place in its plane (*size)"""

    materialize_grads = False  # places have none

    def forward(ctx, x: Array, window: Window | AdaptiveWindow) -> tuple[Array, Array]:
        found = by_taps(x, window) if isinstance(window, Window) else None
        values, places = largest(x, window) if found is None else found
        ctx.save_for_backward(places)
        ctx.size = x.shape[2:]
        return values, places

    def backward(ctx, grad: Tensor, _: Any) -> Any:
        (places,) = ctx.saved_tensors
        return PutBack.apply(grad, places, ctx.size)


def largest(x: Array, window: Window | AdaptiveWindow) -> tuple[Array, Array]:
    """The definition: every window written out, and searched."""
    lowest = -math.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min
    cells = beside(window.cells(x.shape[2:]), x)  # (*out, K), -1 for padding
    seen = window.unfold(x, lowest).reshape(*x.shape[:2], *cells.shape)
    winner = xp.argmax(seen, axis=-1)[..., None]
    places = xp.broadcast_to(cells, seen.shape)
    if (cells < 0).any():  # a window of nothing but -inf must not choose the padding
        padded = xp.take_along_axis(places, winner, -1) < 0
        winner = xp.where(padded, xp.argmax(places >= 0, axis=-1)[..., None], winner)
    chosen = xp.take_along_axis(places, winner, -1)[..., 0]
    if (chosen < 0).any():
        raise RuntimeError(
            f"{window.name}: some window sees nothing but padding, input {list(x.shape[2:])}, {window}: use less padding"
        )
    return xp.take_along_axis(seen, winner, -1)[..., 0], chosen


def by_taps(x: Array, window: Window) -> tuple[Array, Array] | None:
    """As `largest`, quicker: all windows at once, their first cell against their second, against their third ...

    None where a nan, or a window of -inf at the padding, needs the definition.
    """
    size, lowest = x.shape[2:], -math.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min
    out, padded = window.output_size(size), window.pad(x, lowest)
    (_, first), *others = window.taps(out)
    best = padded[..., *first].copy()
    which = xp.zeros_like(best, dtype=xp.uint8 if len(others) < 256 else xp.uint32)
    for number, (_, places) in enumerate(others, 1):
        seen = padded[..., *places]
        better = (seen > best).astype(which.dtype)
        xp.maximum(best, seen, out=best)
        xp.maximum(which, better * which.dtype.type(number), out=which)  # a later cell that is better has a larger number
    if (x.dtype.kind == "f" and xp.isnan(best).any()) or (padded is not x and (best == lowest).any()):
        return None
    # The place of cell j of window o is the sum over dimensions of (s o - before) and (d j), times that dimension's step.
    steps = [math.prod(size[i + 1 :]) for i in range(window.rank)]
    begin = xp.zeros((), dtype=xp.int64)
    for n, s, (before, _), step in zip(out, window.stride, window.padding, steps, strict=True):
        begin = begin[..., None] + (xp.arange(n) * s - before) * step
    cells = xp.array([cell for cell, _ in window.taps(out)], dtype=xp.int64)
    offset = cells @ (xp.array(window.dilation) * xp.array(steps))
    return best, beside(offset, x)[which] + beside(begin, x)


class Pick(Op):
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
    """Planes of zeros, to which each element is added at its place: the adjoint of Pick"""

    def forward(ctx, x: Array, places: Array, size: tuple[int, ...]) -> Array:
        ctx.save_for_backward(places)
        n, c = places.shape[:2]
        plane = math.prod(size)
        planes = beside(xp.arange(n * c).reshape(n * c, 1) * plane, x)  # where each plane begins in the flat array
        rows = (n * c, math.prod(places.shape[2:]))
        flat = (places.reshape(rows) + planes,)
        return add_at((n * c * plane,), (flat,), x.reshape(rows)).reshape(n, c, *size)

    def backward(ctx, grad: Tensor) -> Any:
        (places,) = ctx.saved_tensors
        return Pick.apply(grad, places)


class AvgPool(Op):
    """The sum over each window, divided by `divisor`: a number, or one for each window"""

    def forward(ctx, x: Array, window: Window, divisor: Any) -> Array:
        ctx.save_for_backward(divisor)
        ctx.window, ctx.size = window, x.shape[2:]
        padded, out = window.pad(x), window.output_size(ctx.size)
        total = xp.zeros_like(x, shape=(*x.shape[:2], *out))
        for _, places in window.taps(out):
            total += padded[..., *places]
        total /= divisor
        return total

    def backward(ctx, grad: Tensor) -> Any:
        (divisor,) = ctx.saved_tensors
        return Spread.apply(grad, ctx.window, divisor, ctx.size)


class Spread(Op):
    """Each element, divided by `divisor`, added to every cell of its window: the adjoint of AvgPool"""

    def forward(ctx, g: Array, window: Window, divisor: Any, size: tuple[int, ...]) -> Array:
        ctx.save_for_backward(divisor)
        ctx.window = window
        share = (g / divisor).astype(g.dtype, copy=False)
        one = (slice(None),) * 2 + (None,) * window.rank
        return window.fold(xp.broadcast_to(share[one], (*g.shape[:2], *window.kernel, *g.shape[2:])), size)

    def backward(ctx, grad: Tensor) -> Any:
        (divisor,) = ctx.saved_tensors
        return AvgPool.apply(grad, ctx.window, divisor)


# ---- what all pools share --------------------------------------------------------------------------------------------


def _batched(name: str, rank: int, input: Tensor, pool: Callable[[Tensor], Any]) -> Any:
    """pool(input), for an input with a batch dimension or without. Raises RuntimeError for any other rank, or no elements."""
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"{name}: Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) tensor, but got input of size: "
            f"{list(input.shape)}"
        )
    if 0 in input.shape[-rank - 1 :]:
        raise RuntimeError(
            f"{name}: Expected input with non-zero size except for the batch, but got input of size: {list(input.shape)}"
        )
    if input.dtype.name == "bool":
        raise NotImplementedError(f"{name} is not implemented for {input.dtype!r}: .float() converts")
    if input.ndim == rank + 2:
        return pool(input)
    pooled = pool(unsqueeze(input, 0))
    return tuple(squeeze(x, 0) for x in pooled) if isinstance(pooled, tuple) else squeeze(pooled, 0)


def _window(name: str, rank: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Window:
    """A pool's window: its stride is its size unless given, and at most half of it may lie on padding."""
    steps = kernel_size if stride is None or stride in ((), []) else stride
    window = Window.of(name, rank, kernel_size, steps, padding, dilation, ceil_mode)
    for (p, _), k in zip(window.padding, window.kernel, strict=True):
        if 2 * p > k:
            raise RuntimeError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p} and kernel_size={k}: "
                f"padding={k // 2} is the most"
            )
    return window


def _last_of_each_place(x: Tensor, places: Array, plane: int) -> Tensor:
    """x with 0 for every element whose place in its plane is named again later on: the last one wins, and it alone."""
    rows = places.reshape(-1, math.prod(places.shape[2:]))
    order = xp.broadcast_to(beside(xp.arange(rows.shape[1]), rows), rows.shape)
    last = xp.zeros_like(places, shape=(len(rows), plane))
    xp.put_along_axis(last, rows, order, 1)  # of several values for one place, the last stays
    lost = xp.take_along_axis(last, rows, 1) != order
    return masked_fill(x, wrap(lost.reshape(places.shape)), 0.0) if lost.any() else x


def _unpooled_size(window: Window, size: Sequence[int], output_size: Any) -> tuple[int, ...]:
    """The size that was pooled to `size`: (n - 1) stride - 2 padding + kernel, or `output_size` if it is near that.

    Raises ValueError, with the range, for one that is not within a stride of it.
    """
    likely = tuple(
        (n - 1) * s - 2 * p + k for n, s, (p, _), k in zip(size, window.stride, window.padding, window.kernel, strict=True)
    )
    if output_size is None:
        if any(n < 1 for n in likely):
            raise RuntimeError(
                f"{window.name}: the output would have size {list(likely)}; give output_size, or use less padding"
            )
        return likely
    if not isinstance(output_size, (tuple, list)) or not all(isinstance(n, int) for n in output_size):
        raise TypeError(f"{window.name}: output_size must be a tuple of {window.rank} ints, not {output_size!r}")
    wanted = tuple(output_size)[-window.rank :]
    if len(output_size) not in (window.rank, window.rank + 1, window.rank + 2):
        raise ValueError(
            f"{window.name}: output_size should be a sequence containing {window.rank} or {window.rank + 2} elements, but it "
            f"has a length of '{len(output_size)}'"
        )
    for d, (n, near, s) in enumerate(zip(wanted, likely, window.stride, strict=True)):
        if not near - s < n < near + s:
            raise ValueError(
                f"{window.name}: invalid output_size {list(output_size)}: spatial dimension {d} must be between "
                f"{near - s + 1} and {near + s - 1}, around (n - 1) * stride - 2 * padding + kernel_size = {near}"
            )
    return wanted


def _cells_counted(window: Window, size: Sequence[int], count_include_pad: bool) -> Array:
    """How many cells of each window count (*out): those on the input, and on its padding if that is asked."""
    count = xp.ones((), dtype=xp.int64)
    for n, out, k, s, (before, after) in zip(
        size, window.output_size(size), window.kernel, window.stride, window.padding, strict=True
    ):
        start = xp.arange(out) * s - before
        low, high = (-before, n + after) if count_include_pad else (0, n)
        count = count[..., None] * (xp.minimum(start + k, high) - xp.maximum(start, low))
    return count


def _adaptive_window(name: str, rank: int, output_size: Any, size: Sequence[int]) -> Window | AdaptiveWindow:
    """The windows that make `output_size` of an input of `size`; None keeps a size. An ordinary Window where it can be."""
    wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * rank
    if len(wanted) != rank:
        raise RuntimeError(f"{name}: output_size must be an int or {rank} of them, but got {output_size!r}")
    out = per_dim(tuple(n if w is None else w for w, n in zip(wanted, size, strict=True)), rank, f"{name}: output_size", 0)
    adaptive = AdaptiveWindow(out, name)
    return adaptive.even(size) or adaptive


# ---- the functions, by PyTorch's names, each for one, two and three spatial dimensions -------------------------------


def max_pool(
    rank: int,
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window of input ((N,) C, *size); `stride` is the kernel's size unless given. Padding never wins.

    In `ceil_mode` a last window may reach over the end. With `return_indices` also the place of each in its plane.
    """
    name = f"max_pool{rank}d"
    window = _window(name, rank, kernel_size, stride, padding, dilation, ceil_mode)

    def pool(x: Tensor) -> tuple[Tensor, Tensor]:
        window.output_size(x.shape[2:])  # says what does not fit
        return MaxPool.apply(x, window)

    values, indices = _batched(name, rank, input, pool)
    return (values, indices) if return_indices else values


def max_unpool(
    rank: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Planes of zeros with each element of input ((N,) C, *size) at its index: what max-pooling chose goes back to its place.

    `indices` are those of `max_pool(..., return_indices=True)`, flat within the plane. `output_size` says which of the
    sizes that pool to this one is meant. Where an index occurs twice the last element wins, and it alone has a gradient.
    """
    name = f"max_unpool{rank}d"
    steps = kernel_size if stride is None or stride in ((), []) else stride
    window = Window.of(name, rank, kernel_size, steps, padding, 1)
    if indices.dtype.name != "int64":
        raise RuntimeError(f"{name}: elements in indices should be type int64 but got: {indices.dtype!r}")
    if indices.shape != input.shape:
        raise RuntimeError(
            f"{name}: Expected shape of indices to be same as that of the input tensor ({list(input.shape)}), but got indices "
            f"tensor with shape: {list(indices.shape)}"
        )

    def unpool(x: Tensor) -> Tensor:
        size = _unpooled_size(window, x.shape[2:], output_size)
        places = indices._array.reshape(x.shape)
        plane = math.prod(size)
        if places.size and not (places.min() >= 0 and places.max() < plane):
            wrong = places[(places < 0) | (places >= plane)].reshape(-1)[0]
            raise RuntimeError(
                f"{name}: Found an invalid max index: {wrong}, where a plane of {' x '.join(map(str, size))} has places 0 to "
                f"{plane - 1}"
            )
        return PutBack.apply(_last_of_each_place(x, places, plane), wrap(places.copy()), size)

    return _batched(name, rank, input, unpool)


def avg_pool(
    rank: int,
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of input ((N,) C, *size); `stride` is the kernel's size unless given.

    With `count_include_pad` the zeros of the padding count as elements; what `ceil_mode` lets a window reach over beyond
    them does not. `divisor_override` divides the sum by another number.
    """
    name = f"avg_pool{rank}d"
    window = _window(name, rank, kernel_size, stride, padding, 1, ceil_mode)
    if isinstance(divisor_override, bool) or not isinstance(divisor_override, (int, type(None))):
        raise TypeError(f"{name}: divisor_override must be an int or None, not {divisor_override!r}")
    if divisor_override == 0:
        raise RuntimeError(f"{name}: divisor must be not zero: None divides by the number of cells")
    check_floating(name, input)

    def pool(x: Tensor) -> Tensor:
        divisor: Any = divisor_override or math.prod(window.kernel)
        if divisor_override is None and (ceil_mode or not count_include_pad):
            counted = _cells_counted(window, x.shape[2:], count_include_pad)
            divisor = wrap(beside(counted.astype(x._array.dtype), x._array))
        return AvgPool.apply(x, window, divisor)

    return _batched(name, rank, input, pool)


def adaptive_max_pool(rank: int, input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Windows of input ((N,) C, *size), as even as can be, and the largest of each: always `output_size`; None keeps a size."""
    name = f"adaptive_max_pool{rank}d"

    def pool(x: Tensor) -> tuple[Tensor, Tensor]:
        return MaxPool.apply(x, _adaptive_window(name, rank, output_size, x.shape[2:]))

    values, indices = _batched(name, rank, input, pool)
    return (values, indices) if return_indices else values


def adaptive_avg_pool(rank: int, input: Tensor, output_size: Any) -> Tensor:
    """Windows of input ((N,) C, *size), as even as can be, and the mean of each: always `output_size`; None keeps a size."""
    name = f"adaptive_avg_pool{rank}d"
    check_floating(name, input)

    def pool(x: Tensor) -> Tensor:
        window = _adaptive_window(name, rank, output_size, x.shape[2:])
        if isinstance(window, Window):
            return AvgPool.apply(x, window, math.prod(window.kernel))
        cells = window.cells(x.shape[2:])
        seen = getitem(reshape(x, (*x.shape[:2], math.prod(x.shape[2:]))), (..., cells))
        counted, outside = (cells >= 0).sum(-1).astype(x._array.dtype), wrap(beside(cells < 0, x._array))
        return sum(masked_fill(seen, outside, 0.0), -1) / wrap(beside(counted, x._array))

    return _batched(name, rank, input, pool)


def avg_pool1d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """As `avg_pool2d`, for input ((N,) C, L). There is no `divisor_override`, since PyTorch has none here."""
    return avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


max_pool1d, max_pool2d, max_pool3d = for_ranks(max_pool)
max_unpool1d, max_unpool2d, max_unpool3d = for_ranks(max_unpool)
_, avg_pool2d, avg_pool3d = for_ranks(avg_pool)
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = for_ranks(adaptive_max_pool)
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = for_ranks(adaptive_avg_pool)
