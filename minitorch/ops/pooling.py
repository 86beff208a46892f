"""Pooling: one number stands for each window. (unpooling.py writes numbers back to the cells they came from.)

Max-pooling selects and gathers. Which cell of a window is largest needs no derivative; gathering the elements of those cells
and adding them back are each other's adjoints. So are the mean of each window and its distribution over the window. All these
pairs can be differentiated any number of times.

    MaxPool                        find the largest cell of each window, and gather it
    GatherCell, ScatterCell        gather one cell of each window; add elements to a cell of each window
    Gather, ScatterAdd             the same with flat indices into each plane, wherever they come from
    AvgPool, AvgPoolBackward       sum each window and divide; divide, and add to every cell of the window

Shapes: x (N, C, *size); what belongs to windows, such as y, g and indices, (N, C, *out). A plane is one x[n, c].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from minitorch.autograd.node import Op
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, on_device_of, xp
from minitorch.backend.dispatch import definition
from minitorch.backend.sums import add_at, sum_reduce
from minitorch.backend.window import AdaptiveWindow, Window, per_dim
from minitorch.ops.elementwise import check_floating, in_single
from minitorch.ops.node_names import node_name
from minitorch.ops.ranks import specialize_ranks
from minitorch.ops.shape import squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class MaxPool(Op):
    """The largest of each window, the first of equals, nan above all; and the number of its cell;  ScatterCell of grad"""

    materialize_grads = False  # the numbers of cells have no gradient

    def forward(ctx, x: Array, window: Window | AdaptiveWindow) -> tuple[Array, Array]:
        values, which = _max_pool(x, window)
        ctx.save_for_backward(which)
        ctx.window, ctx.size = window, x.shape[2:]
        return values, which

    def backward(ctx, grad: Tensor, _: Any) -> Any:
        (which,) = ctx.saved_tensors
        return ScatterCell.apply(grad, which, ctx.window, ctx.size)


@definition
def _max_pool(x: Array, window: Window | AdaptiveWindow) -> tuple[Array, Array]:
    """Every window written out, and searched for its largest element. Padding never wins, not even over -inf."""
    lowest = -math.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min
    is_padding = window.cells(x.shape[2:]) < 0  # (*out, K)
    if is_padding.all(-1).any() and x.size:
        raise RuntimeError(
            f"{window.name}: some window covers nothing but padding, input {list(x.shape[2:])}, {window}: use less padding"
        )
    windows = window.unfold(x, lowest).reshape(*x.shape[:2], *is_padding.shape)
    which = xp.argmax(windows, axis=-1)[..., None]
    if is_padding.any():
        padding = xp.broadcast_to(on_device_of(is_padding, x), windows.shape)
        which = xp.where(xp.take_along_axis(padding, which, -1), xp.argmin(padding, axis=-1)[..., None], which)
    return xp.take_along_axis(windows, which, -1)[..., 0], which[..., 0]


class GatherCell(Op):
    """The cell number `which` of each window;  ScatterCell of grad"""

    def forward(ctx, x: Array, which: Array, window: Window | AdaptiveWindow) -> Array:
        ctx.save_for_backward(which)
        ctx.window, ctx.size = window, x.shape[2:]
        return _gather_cell(x, which, window)

    def backward(ctx, grad: Tensor) -> Any:
        (which,) = ctx.saved_tensors
        return ScatterCell.apply(grad, which, ctx.window, ctx.size)


class ScatterCell(Op):
    """Zeros (N, C, *size), with each element added to the cell number `which` of its window;  GatherCell of grad, its
    adjoint
    """

    def forward(ctx, g: Array, which: Array, window: Window | AdaptiveWindow, size: tuple[int, ...]) -> Array:
        ctx.save_for_backward(which)
        ctx.window = window
        return _scatter_cell(g, which, window, size)

    def backward(ctx, grad: Tensor) -> Any:
        (which,) = ctx.saved_tensors
        return GatherCell.apply(grad, which, ctx.window)


@definition
def _gather_cell(x: Array, which: Array, window: Window | AdaptiveWindow) -> Array:
    return _gather(x, _cell_index(which, window, x.shape[2:]))


@definition
def _scatter_cell(g: Array, which: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Array:
    return _scatter_add(g, _cell_index(which, window, size), size, False)


@definition
def _cell_index(which: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Array:
    """The flat index, in a plane of `size`, of the cell number `which` of each window."""
    if isinstance(window, AdaptiveWindow):  # the place along each dimension, from the last on
        index, step, rest = xp.zeros_like(which, dtype=xp.int64), 1, which.astype(xp.int64)
        for d, (n, ranges, length) in enumerate(reversed([*zip(size, window.ranges(size), window.lengths(size), strict=True)])):
            starts = on_device_of(xp.array([r.start for r in ranges], dtype=xp.int64).reshape(-1, *(1,) * d), which)
            index, step, rest = index + (rest % length + starts) * step, step * n, rest // length
        return index
    return xp.take(on_device_of(window.offsets(size), which), which) + on_device_of(window.starts(size), which)


class Gather(Op):
    """The elements of each plane at flat indices;  ScatterAdd of grad"""

    def forward(ctx, x: Array, indices: Array) -> Array:
        ctx.save_for_backward(indices)
        ctx.size = x.shape[2:]
        return _gather(x, indices)

    def backward(ctx, grad: Tensor) -> Any:
        (indices,) = ctx.saved_tensors
        return ScatterAdd.apply(grad, indices, ctx.size)


class ScatterAdd(Op):
    """Zeros (N, C, *size), with each element added at its flat index in its plane;  Gather of grad, its adjoint.

    `unique` promises that no index of a plane occurs twice.
    """

    def forward(ctx, g: Array, indices: Array, size: tuple[int, ...], unique: bool = False) -> Array:
        ctx.save_for_backward(indices)
        return _scatter_add(g, indices, size, unique)

    def backward(ctx, grad: Tensor) -> Any:
        (indices,) = ctx.saved_tensors
        return Gather.apply(grad, indices)


@definition
def _gather(x: Array, indices: Array) -> Array:
    return xp.take(x.reshape(-1), _in_all_planes(indices, x.shape[2:])).reshape(indices.shape)


@definition
def _scatter_add(g: Array, indices: Array, size: Sequence[int], unique: bool) -> Array:
    shape = (*g.shape[:2], *size)
    return add_at((math.prod(shape),), ((_in_all_planes(indices, size),),), g).reshape(shape)


def _in_all_planes(indices: Array, size: Sequence[int]) -> Array:
    """Flat indices (N, C, *out) into planes of `size` as indices into the flat array of all planes."""
    n, c = indices.shape[:2]
    planes = xp.arange(n * c).reshape(n, c, *(1,) * (indices.ndim - 2)) * math.prod(size)
    return indices + on_device_of(planes, indices)


class AvgPool(Op):
    """The sum of each window, divided by `divisor`, a number or one for each window;  AvgPoolBackward of grad"""

    def forward(ctx, x: Array, window: Window | AdaptiveWindow, divisor: Any) -> Array:
        ctx.save_for_backward(divisor)
        ctx.window, ctx.size = window, x.shape[2:]
        return (_window_sum(x, window) / divisor).astype(x.dtype, copy=False)

    def backward(ctx, grad: Tensor) -> Any:
        (divisor,) = ctx.saved_tensors
        return AvgPoolBackward.apply(grad, ctx.window, divisor, ctx.size)


class AvgPoolBackward(Op):
    """Each element, divided by `divisor`, added to every cell of its window;  AvgPool of grad, its adjoint"""

    def forward(ctx, g: Array, window: Window | AdaptiveWindow, divisor: Any, size: tuple[int, ...]) -> Array:
        ctx.save_for_backward(divisor)
        ctx.window = window
        return _window_sum_adjoint((g / divisor).astype(g.dtype, copy=False), window, size)

    def backward(ctx, grad: Tensor) -> Any:
        (divisor,) = ctx.saved_tensors
        return AvgPool.apply(grad, ctx.window, divisor)


@definition
def _window_sum(x: Array, window: Window | AdaptiveWindow) -> Array:
    windows = window.unfold(x)
    return sum_reduce(windows, tuple(range(x.ndim, windows.ndim)))


@definition
def _window_sum_adjoint(g: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Array:
    if isinstance(window, AdaptiveWindow):
        cells = on_device_of(window.cells(size), g)
        values = xp.where(cells < 0, g.dtype.type(0), g[..., None])
        return add_at((*g.shape[:2], math.prod(size)), ((slice(None), slice(None), cells),), values).reshape(
            *g.shape[:2], *size
        )
    cells = g.reshape(*g.shape[:2], *(1,) * window.rank, *g.shape[2:])
    return window.fold(xp.broadcast_to(cells, (*g.shape[:2], *window.kernel, *g.shape[2:])), size)


# ---- what all pools share --------------------------------------------------------------------------------------------


def batched(name: str, rank: int, input: Tensor, pool: Callable[[Tensor], Any], channels: int = 1) -> Any:
    """pool(input), for an input with a batch dimension or without. Raises RuntimeError for any other rank, for spatial sizes of
    0 and, unless `channels` is 0, for no channels.
    """
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"{name}: Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) tensor, but got input of size: "
            f"{list(input.shape)}"
        )
    if 0 in input.shape[-rank - channels :]:
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
    has_stride = stride is not None and not (isinstance(stride, (tuple, list)) and not stride)
    steps = stride if has_stride else kernel_size
    window = Window.of(name, rank, kernel_size, steps, padding, dilation, ceil_mode)
    for (p, _), k in zip(window.padding, window.kernel, strict=True):
        if 2 * p > k:
            raise RuntimeError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p} and kernel_size={k}: "
                f"padding={k // 2} is the most"
            )
    return window


def _max_pooled(x: Tensor, window: Window | AdaptiveWindow, return_indices: bool) -> Any:
    values, which = MaxPool.apply(x, window)
    return (values, wrap(_cell_index(which._array, window, x.shape[2:]))) if return_indices else values


def _cells_counted(window: Window, size: Sequence[int], count_include_pad: bool) -> Array:
    """How many cells of each window count (*out): those on the input, and with `count_include_pad` those on the padding."""
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
    sizes = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * rank
    if len(sizes) != rank:
        raise RuntimeError(f"{name}: output_size must be an int or {rank} of them, but got {output_size!r}")
    out = per_dim(tuple(n if w is None else w for w, n in zip(sizes, size, strict=True)), rank, f"{name}: output_size", 0)
    adaptive = AdaptiveWindow(out, name)
    return adaptive.even(size) or adaptive


# ---- the functions, by PyTorch's names, each for one, two and three spatial dimensions -------------------------------


def name_of(name: str, with_indices: str = "") -> Callable[..., str]:
    """PyTorch's name of a pool's node, of each rank; of one in 1d, that of the 2d pool's squeezed result."""
    return lambda rank, *args, **kwargs: "Squeeze1" if rank == 1 else f"{name}{rank}D{with_indices}0"


@node_name(name_of("MaxPool", "WithIndices"))
def max_pool(
    rank: int,
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """The largest of each window of an input ((N,) C, *size): output ((N,) C, *out).

    out = floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1), rounded up with `ceil_mode`.

    `stride` is kernel_size unless given. Padding counts as -inf and never wins; it is at most half of kernel_size. With
    `ceil_mode` a last window may reach over the end. `return_indices` also returns the place of each maximum, counted through
    the whole plane of its channel: (values, indices). Of equal elements the first one is selected.

    Raises RuntimeError for more padding, and for an input smaller than the window.

    Example: out = floor((4 - (2 - 1) - 1) / 2 + 1) = 2.

    >>> F.max_pool1d(minitorch.tensor([[[1.0, 4.0, 2.0, 3.0]]]), 2, return_indices=True)
    (tensor([[[4., 3.]]]), tensor([[[1, 3]]]))
    >>> F.max_pool2d(minitorch.arange(16.0).reshape(1, 1, 4, 4), kernel_size=2)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    >>> F.max_pool3d(minitorch.ones(1, 1, 4, 4, 4), 3, stride=1, padding=1).shape
    minitorch.Size([1, 1, 4, 4, 4])
    """
    name = f"max_pool{rank}d"
    window = _window(name, rank, kernel_size, stride, padding, dilation, ceil_mode)

    def pool(x: Tensor) -> Any:
        window.output_size(x.shape[2:])  # raises if no window fits
        return _max_pooled(x, window, return_indices)

    return batched(name, rank, input, pool)


@in_single
@node_name(name_of("AvgPool"))
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
    """The mean of each window of an input ((N,) C, *size): output ((N,) C, *out).

    out = floor((size + 2 padding - kernel_size) / stride + 1), rounded up with `ceil_mode`.

    `stride` is kernel_size unless given. With `count_include_pad` the zeros of the padding count as elements; what `ceil_mode`
    lets a window reach over beyond them does not. `divisor_override` divides the sum by another number.

    Raises RuntimeError for padding of more than half of kernel_size, and for an input smaller than the window.

    Example: out = (4 - 2) / 2 + 1 = 2, and (0 + 1 + 4 + 5) / 4 = 2.5.

    >>> F.avg_pool2d(minitorch.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    >>> F.avg_pool3d(minitorch.arange(8.0).reshape(1, 1, 2, 2, 2), 2).flatten()
    tensor([3.5000])
    """
    name = f"avg_pool{rank}d"
    window = _window(name, rank, kernel_size, stride, padding, 1, ceil_mode)
    if divisor_override == 0:
        raise RuntimeError(f"{name}: divisor must be not zero: None divides by the number of cells")
    check_floating(name, input)

    def pool(x: Tensor) -> Tensor:
        divisor: Any = divisor_override or math.prod(window.kernel)
        if divisor_override is None and (ceil_mode or not count_include_pad):
            counted = _cells_counted(window, x.shape[2:], count_include_pad)
            divisor = wrap(on_device_of(counted.astype(x._array.dtype), x._array))
        return AvgPool.apply(x, window, divisor)

    return batched(name, rank, input, pool)


@node_name(name_of("AdaptiveMaxPool"))
def adaptive_max_pool(
    rank: int, input: Tensor, output_size: Any, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """The maxima of `output_size` windows of an input ((N,) C, *size), whatever its size: output ((N,) C, *output_size).

    Window o of a dimension has the cells floor(o size / out) to ceil((o + 1) size / out) - 1. `output_size` is one number or
    one for each dimension; None keeps a size. `return_indices` also returns the places of the maxima. Raises RuntimeError for
    an `output_size` of another length or below 0.

    >>> F.adaptive_max_pool1d(minitorch.tensor([[[1.0, 5.0, 3.0, 2.0, 4.0]]]), 3, return_indices=True)
    (tensor([[[5., 5., 4.]]]), tensor([[[1, 1, 4]]]))
    >>> F.adaptive_max_pool2d(minitorch.arange(9.0).reshape(1, 1, 3, 3), 2)
    tensor([[[[4., 5.],
              [7., 8.]]]])
    >>> F.adaptive_max_pool3d(minitorch.ones(1, 1, 7, 8, 9), (2, None, 1)).shape
    minitorch.Size([1, 1, 2, 8, 1])
    """
    name = f"adaptive_max_pool{rank}d"

    def pool(x: Tensor) -> Any:
        window = _adaptive_window(name, rank, output_size, x.shape[2:])
        return _max_pooled(x, window, return_indices)

    return batched(name, rank, input, pool)


@in_single
@node_name(name_of("AdaptiveAvgPool"))
def adaptive_avg_pool(rank: int, input: Tensor, output_size: Any) -> Tensor:
    """The means of `output_size` windows of an input ((N,) C, *size), whatever its size: output ((N,) C, *output_size).

    Window o of a dimension has the cells floor(o size / out) to ceil((o + 1) size / out) - 1. `output_size` is one number or
    one for each dimension; None keeps a size. Raises RuntimeError for an `output_size` of another length or below 0.

    >>> F.adaptive_avg_pool1d(minitorch.tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]]), 3)
    tensor([[[1.5000, 3.0000, 4.5000]]])
    >>> F.adaptive_avg_pool2d(minitorch.arange(9.0).reshape(1, 1, 3, 3), 1)
    tensor([[[[4.]]]])
    >>> F.adaptive_avg_pool3d(minitorch.ones(1, 1, 7, 8, 9), (2, None, 1)).shape
    minitorch.Size([1, 1, 2, 8, 1])
    """
    name = f"adaptive_avg_pool{rank}d"
    check_floating(name, input)

    def pool(x: Tensor) -> Tensor:
        window = _adaptive_window(name, rank, output_size, x.shape[2:])
        divisor: Any = 1
        if isinstance(window, Window):
            return AvgPool.apply(x, window, math.prod(window.kernel))
        for lengths in window.ranges(x.shape[2:]):
            divisor = xp.multiply.outer(divisor, [len(cells) for cells in lengths])
        return AvgPool.apply(x, window, wrap(on_device_of(divisor.astype(x._array.dtype), x._array)))

    return batched(name, rank, input, pool, channels=0)


@node_name("Squeeze1")
def avg_pool1d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of an input ((N,) C, L): output ((N,) C, L_out).

    L_out = floor((L + 2 padding - kernel_size) / stride + 1), rounded up with `ceil_mode`.

    The options are those of `avg_pool2d`. There is no `divisor_override`, since PyTorch has none here.

    Example: L_out = floor((3 + 2 * 1 - 2) / 2 + 1) = 2.

    >>> x = minitorch.tensor([[[2.0, 4.0, 6.0]]])
    >>> F.avg_pool1d(x, 2, padding=1), F.avg_pool1d(x, 2, padding=1, count_include_pad=False)
    (tensor([[[1., 5.]]]), tensor([[[2., 5.]]]))
    """
    return avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


if TYPE_CHECKING:

    @overload
    def max_pool1d(
        input: Tensor,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        ceil_mode: bool = False,
        return_indices: Literal[False] = False,
    ) -> Tensor: ...
    @overload
    def max_pool1d(
        input: Tensor,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        ceil_mode: bool = False,
        *,
        return_indices: Literal[True],
    ) -> tuple[Tensor, Tensor]: ...
    def max_pool1d(*args: Any, **kwargs: Any) -> Any:
        """The largest of each window; see `max_pool`."""

    @overload
    def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: Literal[False] = False) -> Tensor: ...
    @overload
    def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: Literal[True]) -> tuple[Tensor, Tensor]: ...
    def adaptive_max_pool1d(*args: Any, **kwargs: Any) -> Any:
        """The largest of each of `output_size` windows; see `adaptive_max_pool`."""

    max_pool2d = max_pool3d = max_pool1d
    adaptive_max_pool2d = adaptive_max_pool3d = adaptive_max_pool1d
else:
    max_pool1d, max_pool2d, max_pool3d = specialize_ranks(max_pool)
    adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = specialize_ranks(adaptive_max_pool)

_, avg_pool2d, avg_pool3d = specialize_ranks(avg_pool)
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = specialize_ranks(adaptive_avg_pool)
