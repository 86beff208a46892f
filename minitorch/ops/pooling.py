"""Pooling: one number stands for what a window sees. And unpooling, which puts numbers back where they came from.

Max-pooling is choosing and picking. Which cell of a window wins needs no derivative; picking the elements at the cells that
won and putting them back are each other's adjoints. So are the mean of each window and its even spread over the window. All
these pairs can be differentiated as often as one likes.

    MaxPool              choose a cell of each window, and pick
    PickCell, PutCell    pick a cell of each window; add elements at cells of the windows over planes of zeros
    Pick, PutBack        the same for places in a plane, wherever they come from
    AvgPool, Spread      sum each window and divide; divide, and add to every cell of the window

With NumPy all go from one cell of the window to the next, each time for all windows at once. Where Numba is installed loops do
it plane by plane (ops/loops.py).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.function import Op
from minitorch.autograd.variable import wrap
from minitorch.backend.arrays import Array, add_at, beside, keep, xp
from minitorch.backend.compiled import quicker
from minitorch.backend.threads import in_pieces, piece_size
from minitorch.ops import loops
from minitorch.ops.comparison import masked_fill
from minitorch.ops.elementwise import check_floating
from minitorch.ops.indexing import getitem
from minitorch.ops.reduction import sum
from minitorch.ops.shape import reshape, squeeze, unsqueeze
from minitorch.ops.window import AdaptiveWindow, Window, for_ranks, in_three, per_dim

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class MaxPool(Op):
    """The largest of each window, the first of equals, nan above all, and its cell's number;  PutCell of grad at that cell"""

    materialize_grads = False  # numbers of cells have none

    def forward(ctx, x: Array, window: Window) -> tuple[Array, Array]:
        values, which = by_taps(x, window) or largest(x, window)
        ctx.save_for_backward(which)
        ctx.window, ctx.size = window, x.shape[2:]
        return values, which

    def backward(ctx, grad: Tensor, _: Any) -> Any:
        (which,) = ctx.saved_tensors
        return PutCell.apply(grad, which, ctx.window, ctx.size)


def largest(x: Array, window: Window | AdaptiveWindow) -> tuple[Array, Array]:
    """The definition: every window written out, and searched."""
    lowest = -math.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min
    cells = beside(window.cells(x.shape[2:]), x)  # (*out, K), -1 for padding
    seen = window.unfold(x, lowest).reshape(*x.shape[:2], *cells.shape)
    winner = xp.argmax(seen, axis=-1)[..., None]
    outside = xp.broadcast_to(cells < 0, seen.shape)
    if outside.any():  # a window of nothing but -inf must not choose the padding
        winner = xp.where(xp.take_along_axis(outside, winner, -1), xp.argmin(outside, axis=-1)[..., None], winner)
    if xp.take_along_axis(outside, winner, -1).any():
        raise RuntimeError(
            f"{window.name}: some window sees nothing but padding, input {list(x.shape[2:])}, {window}: use less padding"
        )
    return xp.take_along_axis(seen, winner, -1)[..., 0], winner[..., 0]


def by_taps(x: Array, window: Window) -> tuple[Array, Array] | None:
    """As `largest`, quicker: by a loop, or all windows at once, their first cell against their second, against their third ...

    None where a nan, or a window of -inf at the padding, needs the definition.
    """
    size, lowest = x.shape[2:], -math.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min
    out = window.output_size(size)
    taps = list(enumerate(window.taps(out)))
    values = xp.empty_like(x, order="C", shape=(*x.shape[:2], *out))
    which = xp.zeros_like(values, dtype=xp.uint8 if len(taps) <= 256 else xp.uint32)
    if code := quicker(loops.largest_of_windows, x, work=4):
        clear = code(_planes(x), *_of_three(window), _planes(values), _planes(which))
        return (values, which) if clear else None

    def compare(planes: Array, best: Array, number: Array) -> int:
        padded = window.pad(planes, lowest)
        for n, (_, places) in taps:
            seen = padded[:, *places].copy()  # in order: gathering takes longer than comparing
            if n == 0:
                best[...] = seen
                continue
            better = (seen > best).astype(number.dtype)
            better *= number.dtype.type(n)
            xp.maximum(best, seen, out=best)
            xp.maximum(number, better, out=number)  # a later cell that is better has a larger number
        unclear = x.dtype.kind == "f" and bool(xp.isnan(best).any())
        return int(unclear or (padded is not planes and bool((best == lowest).any())))

    return None if _in_planes(compare, x, values, which) else (values, which)


def _in_planes(function: Callable[..., Any], *arrays: Array) -> Any:
    """function(*arrays), each an array (N, C, ...), in pieces of some planes (planes, ...), and the sum of what it returns."""
    n, c = arrays[0].shape[:2]
    planes = [array.reshape(n * c, *array.shape[2:]) for array in arrays]
    plane = max(math.prod(array.shape[2:]) * array.dtype.itemsize for array in arrays)
    pieces = piece_size(n * c, 2 * plane, arrays[0])
    return in_pieces(lambda start, stop: function(*(array[start:stop] for array in planes)), n * c, pieces)


def _planes(x: Array) -> Array:
    """x (N, C, *size) as planes (N * C, D, H, W), with dimensions of 1 before its own."""
    return x.reshape(x.shape[0] * x.shape[1], *in_three(x.shape[2:], 1))


def _of_three(window: Window) -> tuple[tuple[int, ...], ...]:
    """Kernel, stride, padding before and dilation, each for three dimensions."""
    before = [before for before, _ in window.padding]
    return in_three(window.kernel, 1), in_three(window.stride, 1), in_three(before, 0), in_three(window.dilation, 1)


def places_of(which: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Array:
    """The flat place in its plane (*size) of the cell number `which` (N, C, *out) of each window."""
    if isinstance(window, AdaptiveWindow):
        cells = beside(window.cells(size), which)
        return xp.take_along_axis(xp.broadcast_to(cells, (*which.shape, cells.shape[-1])), which[..., None], -1)[..., 0]
    if code := quicker(loops.places_of_cells, which, kinds="BIl"):
        places: Array = xp.empty_like(which, dtype=xp.int64)
        _, strides, pads, _ = _of_three(window)
        code(_planes(which), _offsets(window, size), strides, pads, in_three(size, 1), _planes(places))
        return places
    # That of cell j of window o is the sum over dimensions of (s o - before) and (d j), times that dimension's step.
    steps = [math.prod(size[i + 1 :]) for i in range(window.rank)]
    out, begin = which.shape[2:], xp.zeros((), dtype=xp.int64)
    for n, s, (before, _), step in zip(out, window.stride, window.padding, steps, strict=True):
        begin = begin[..., None] + (xp.arange(n) * s - before) * step
    return xp.take(beside(_offsets(window, size), which), which) + beside(begin, which)


def _offsets(window: Window, size: Sequence[int]) -> Array:
    """How far each of a window's cells lies from its first, in a plane (*size) that is flat."""
    steps = [math.prod(size[i + 1 :]) for i in range(window.rank)]
    cells = xp.array(list(itertools.product(*map(range, window.kernel))), dtype=xp.int64)
    offsets: Array = cells @ (xp.array(window.dilation) * xp.array(steps))
    return offsets


class PickCell(Op):
    """The cell number `which` (N, C, *out) of each window over x (N, C, *size);  PutCell of grad"""

    def forward(ctx, x: Array, which: Array, window: Window) -> Array:
        ctx.save_for_backward(which)
        ctx.window, ctx.size = window, x.shape[2:]
        if (y := _picked(x, which, window)) is not None:
            return y
        y = xp.zeros_like(x, order="C", shape=which.shape)

        def pick(planes: Array, number: Array, out: Array) -> None:
            padded = window.pad(planes)
            for n, (_, places) in enumerate(window.taps(out.shape[1:])):
                out += keep(padded[:, *places], number == n)

        _in_planes(pick, x, which, y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (which,) = ctx.saved_tensors
        return PutCell.apply(grad, which, ctx.window, ctx.size)


class PutCell(Op):
    """Planes of zeros (N, C, *size), to which g is added at cell number `which` of each window;  PickCell of grad"""

    def forward(ctx, g: Array, which: Array, window: Window, size: tuple[int, ...]) -> Array:
        ctx.save_for_backward(which)
        ctx.window = window
        if (x := _put(g, which, size, window)) is not None:
            return x
        x = xp.empty_like(g, order="C", shape=(*g.shape[:2], *size))

        def put(planes: Array, number: Array, out: Array) -> None:
            window.scatter(out, lambda n: keep(planes, number == n), planes.shape[1:])

        _in_planes(put, g, which, x)
        return x

    def backward(ctx, grad: Tensor) -> Any:
        (which,) = ctx.saved_tensors
        return PickCell.apply(grad, which, ctx.window)


class Pick(Op):
    """The elements of each plane (*size) at the given flat places; `places` is (N, C, *out);  PutBack of grad"""

    def forward(ctx, x: Array, places: Array) -> Array:
        ctx.save_for_backward(places)
        ctx.size = x.shape[2:]
        if (y := _picked(x, places)) is not None:
            return y
        return xp.take(x.reshape(-1), _flat(places, ctx.size)).reshape(places.shape)

    def backward(ctx, grad: Tensor) -> Any:
        (places,) = ctx.saved_tensors
        return PutBack.apply(grad, places, ctx.size)


def _picked(x: Array, places: Array, window: Window | None = None) -> Array | None:
    """By a loop, if that is quicker: the elements of each plane of x (N, C, *size) at flat places, or at cells of a window."""
    code = quicker(loops.pick, x, places)
    if code is None:
        return None
    places = places if window is None else places_of(places, window, x.shape[2:])
    y, planes = xp.empty_like(x, shape=places.shape), math.prod(x.shape[:2])
    return y if code(x.reshape(planes, -1), places.reshape(planes, -1), y.reshape(planes, -1)) else None


def _put(g: Array, places: Array, size: Sequence[int], window: Window | None = None) -> Array | None:
    """By a loop, if that is quicker: planes of zeros, to which each element of g is added at its place, or cell of a window."""
    code = quicker(loops.put, g, places)
    if code is None:
        return None
    places = places if window is None else places_of(places, window, size)
    x, planes = xp.empty_like(g, shape=(*g.shape[:2], *size)), math.prod(g.shape[:2])
    return x if code(g.reshape(planes, -1), places.reshape(planes, -1), x.reshape(planes, -1)) else None


def _flat(places: Array, size: Sequence[int]) -> Array:
    """Places (N, C, *out) in planes (*size) as places in the flat array of all planes."""
    n, c = places.shape[:2]
    planes = xp.arange(n * c).reshape(n, c, *(1,) * (places.ndim - 2)) * math.prod(size)
    return places + beside(planes, places)


class PutBack(Op):
    """Planes of zeros, to which each element is added at its place;  Pick of grad, its adjoint.

    `distinct` promises that no place of a plane is named twice: then to write is to add.
    """

    def forward(ctx, x: Array, places: Array, size: tuple[int, ...], distinct: bool = False) -> Array:
        ctx.save_for_backward(places)
        if (out := _put(x, places, size)) is not None:
            return out
        flat, shape = _flat(places, size), (*x.shape[:2], *size)
        if not distinct:
            return add_at((math.prod(shape),), ((flat,),), x).reshape(shape)
        out = xp.zeros_like(x, order="C", shape=shape)
        out.reshape(-1)[flat] = x
        return out

    def backward(ctx, grad: Tensor) -> Any:
        (places,) = ctx.saved_tensors
        return Pick.apply(grad, places)


class AvgPool(Op):
    """The sum over each window, divided by `divisor`, a number or one for each window;  Spread of grad"""

    def forward(ctx, x: Array, window: Window, divisor: Any) -> Array:
        ctx.save_for_backward(divisor)
        ctx.window, ctx.size = window, x.shape[2:]
        total = xp.zeros_like(x, order="C", shape=(*x.shape[:2], *window.output_size(ctx.size)))

        def gather(planes: Array, out: Array) -> None:
            padded = window.pad(planes)
            for _, places in window.taps(out.shape[1:]):
                out += padded[:, *places]

        if code := quicker(loops.add_up, x):
            code(_planes(x), *_of_three(window), _planes(total))
        else:
            _in_planes(gather, x, total)
        total /= divisor
        return total

    def backward(ctx, grad: Tensor) -> Any:
        (divisor,) = ctx.saved_tensors
        return Spread.apply(grad, ctx.window, divisor, ctx.size)


class Spread(Op):
    """Each element, divided by `divisor`, added to every cell of its window;  AvgPool of grad, its adjoint"""

    def forward(ctx, g: Array, window: Window, divisor: Any, size: tuple[int, ...]) -> Array:
        ctx.save_for_backward(divisor)
        ctx.window = window
        share = (g / divisor).astype(g.dtype, copy=False)
        x = xp.empty_like(g, order="C", shape=(*g.shape[:2], *size))
        if code := quicker(loops.spread, share):
            code(_planes(share), *_of_three(window), _planes(x))
        else:
            _in_planes(lambda planes, out: window.scatter(out, lambda _: planes, planes.shape[1:]), share, x)
        return x

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
    given = stride is not None and not (isinstance(stride, (tuple, list)) and not stride)
    steps = stride if given else kernel_size
    window = Window.of(name, rank, kernel_size, steps, padding, dilation, ceil_mode)
    for (p, _), k in zip(window.padding, window.kernel, strict=True):
        if 2 * p > k:
            raise RuntimeError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p} and kernel_size={k}: "
                f"padding={k // 2} is the most"
            )
    return window


def _max_pooled(x: Tensor, window: Window, return_indices: bool) -> Any:
    values, which = MaxPool.apply(x, window)
    return (values, wrap(places_of(which._array, window, x.shape[2:]))) if return_indices else values


def _last_of_each_place(x: Tensor, places: Array, plane: int) -> tuple[Tensor, bool]:
    """x with 0 for every element whose place in its plane is named again later on: the last one wins, and it alone.

    And whether all places are distinct, as they are when windows do not overlap.
    """
    rows = places.reshape(-1, math.prod(places.shape[2:]))
    if (code := quicker(loops.distinct, x._array, rows)) and code(rows, plane):
        return x, True
    named = xp.zeros_like(places, order="C", shape=(len(rows) * plane,), dtype=bool)
    named[rows + beside(xp.arange(len(rows))[:, None] * plane, rows)] = True
    if int(xp.count_nonzero(named)) == places.size:
        return x, True
    order = xp.broadcast_to(beside(xp.arange(rows.shape[1]), rows), rows.shape)
    last = xp.zeros_like(places, shape=(len(rows), plane))
    xp.put_along_axis(last, rows, order, 1)  # of several values for one place, the last stays
    lost = xp.take_along_axis(last, rows, 1) != order
    return masked_fill(x, wrap(lost.reshape(places.shape)), 0.0), False


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

    def pool(x: Tensor) -> Any:
        window.output_size(x.shape[2:])  # says what does not fit
        return _max_pooled(x, window, return_indices)

    return _batched(name, rank, input, pool)


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
    given = stride is not None and not (isinstance(stride, (tuple, list)) and not stride)
    steps = stride if given else kernel_size
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
        kept, distinct = _last_of_each_place(x, places, plane)
        return PutBack.apply(kept, wrap(places.copy()), size, distinct)

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

    def pool(x: Tensor) -> Any:
        window, size = _adaptive_window(name, rank, output_size, x.shape[2:]), x.shape[2:]
        if isinstance(window, Window):
            return _max_pooled(x, window, return_indices)
        indices = wrap(places_of(largest(x._array, window)[1], window, size))
        return (Pick.apply(x, indices), indices) if return_indices else Pick.apply(x, indices)

    return _batched(name, rank, input, pool)


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
