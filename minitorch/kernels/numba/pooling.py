"""Pooling as compiled loops, plane by plane and row by row.

Images are three-dimensional here: one of lower rank has sizes of 1 before its own. In a row, the windows from `first` to `end`
have their cell c on the image. Each loop computes these two for itself: Numba compiles each alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from minitorch.backend.arrays import Array, xp
from minitorch.backend.window import AdaptiveWindow, Window, pad_to_3d
from minitorch.kernels import samples
from minitorch.kernels.numba.compiler import PAYS_FROM, compiled, numba_implements, prange

__all__: list[str] = []

Triple: TypeAlias = tuple[int, int, int]

LONGEST_SUM = 256


def max_pool(x: Array, kernel: Triple, stride: Triple, before: Triple, dilation: Triple, values: Array, which: Array) -> bool:
    """The largest of each window over x (P, D, H, W), the first of equals, into `values` (P, *out); its cell into `which`.

    Returns False, and nothing of use, where the definition must decide: for a nan, for inf beside -inf, and for a window of
    nothing but padding and -inf.
    """
    (planes, depth, height, width), (_, outs, rows, columns) = x.shape, values.shape
    low = x.dtype.type(-xp.inf)
    clear = xp.zeros(planes, xp.bool_)
    for p in prange(planes):
        seen, best = xp.empty((rows, columns), x.dtype), xp.empty(rows * columns, x.dtype)
        flat, number = seen.reshape(-1), xp.empty(rows * columns, xp.int32)
        total = x.dtype.type(0)
        every = x[p].reshape(-1)
        for k in range(every.size):
            total += every[k]
        is_clear = total == total  # False for a nan, and for inf beside -inf
        for o in range(outs):
            best[:] = low
            number[:] = -1
            n = 0
            for a in range(kernel[0]):
                for b in range(kernel[1]):
                    for c in range(kernel[2]):
                        # First gather what this cell of every window sees, then compare it with the largest so far.
                        i, w = o * stride[0] - before[0] + a * dilation[0], c * dilation[2] - before[2]
                        first, end = max(0, -(w // stride[2])), min(columns, max(0, (width - 1 - w) // stride[2] + 1))
                        seen[:] = low
                        for r in range(rows):
                            j = r * stride[1] - before[1] + b * dilation[1]
                            if i < 0 or i >= depth or j < 0 or j >= height:
                                continue
                            row, line = x[p, i, j, w + first * stride[2] :: stride[2]], seen[r, first:end]
                            for k in range(line.size):
                                line[k] = row[k]
                        for k in range(flat.size):
                            more = flat[k] > best[k]
                            best[k] = flat[k] if more else best[k]
                            number[k] = n if more else number[k]
                        n += 1
            found, cells = values[p, o].reshape(-1), which[p, o].reshape(-1)
            for k in range(best.size):
                found[k], cells[k] = best[k], number[k]
            is_clear &= number.min() >= 0
        clear[p] = is_clear
    return bool(clear.all())


def max_pool_of_large(x: Array, kernel: Triple, stride: Triple, values: Array, which: Array) -> bool:
    """The same for large windows, without padding: row by row the largest of each column, then the largest of these."""
    planes, outs, rows, columns = values.shape
    clear = xp.zeros(planes, xp.bool_)
    for p in prange(planes):
        best, number = xp.empty(kernel[2], x.dtype), xp.empty(kernel[2], xp.int32)
        total = x.dtype.type(0)
        every = x[p].reshape(-1)
        for k in range(every.size):
            total += every[k]
        is_clear = total == total
        for i in range(outs * rows * columns):
            o, r, c = i // (rows * columns), i // columns % rows, i % columns
            best[:] = x[p, o * stride[0], r * stride[1], c * stride[2] : c * stride[2] + kernel[2]]
            number[:] = 0
            for row in range(1, kernel[0] * kernel[1]):
                line = x[p, o * stride[0] + row // kernel[1], r * stride[1] + row % kernel[1], c * stride[2] :]
                for k in range(best.size):
                    more = line[k] > best[k]
                    best[k] = line[k] if more else best[k]
                    number[k] = row if more else number[k]
            first = 0
            for k in range(1, best.size):
                if best[k] > best[first] or (best[k] == best[first] and number[k] < number[first]):
                    first = k
            values[p, o, r, c] = best[first]
            which[p, o, r, c] = number[first] * kernel[2] + first
            is_clear = is_clear and best[first] > -xp.inf
        clear[p] = is_clear
    return bool(clear.all())


def cell_index(which: Array, offsets: Array, stride: Triple, before: Triple, size: Triple, indices: Array) -> None:
    """The flat index, in a plane of `size`, of the cell number `which` (P, *out) of each window."""
    planes, outs, rows, columns = which.shape
    for p in prange(planes):
        for o in range(outs):
            for r in range(rows):
                begin = ((o * stride[0] - before[0]) * size[1] + r * stride[1] - before[1]) * size[2] - before[2]
                for k in range(columns):
                    indices[p, o, r, k] = begin + k * stride[2] + offsets[which[p, o, r, k]]


def gather(x: Array, indices: Array, y: Array) -> bool:
    """y[p, k] = x[p, indices[p, k]]. Returns False if an index is out of range: compiled code does not check."""
    inside = xp.ones(y.shape[0], xp.bool_)
    for p in prange(y.shape[0]):
        for k in range(y.shape[1]):
            index = indices[p, k]
            if index < 0 or index >= x.shape[1]:
                inside[p] = False
                continue
            y[p, k] = x[p, index]
    return bool(inside.all())


def scatter_add(g: Array, indices: Array, x: Array) -> bool:
    """Zeros x, and x[p, indices[p, k]] += g[p, k], the adjoint of `gather`. Returns False if an index is out of range."""
    inside = xp.ones(g.shape[0], xp.bool_)
    for p in prange(g.shape[0]):
        x[p] = 0
        for k in range(g.shape[1]):
            index = indices[p, k]
            if index < 0 or index >= x.shape[1]:
                inside[p] = False
                continue
            x[p, index] += g[p, k]
    return bool(inside.all())


def all_unique(indices: Array, plane: int) -> bool:
    """Whether every row of `indices` (P, K), all in range(plane), has each index at most once."""
    every = xp.ones(indices.shape[0], xp.bool_)
    for p in prange(indices.shape[0]):
        occurs = xp.zeros(plane, xp.uint8)
        repeats = 0
        for k in range(indices.shape[1]):
            repeats += occurs[indices[p, k]]
            occurs[indices[p, k]] = 1
        every[p] = repeats == 0
    return bool(every.all())


def window_sum(x: Array, kernel: Triple, stride: Triple, before: Triple, dilation: Triple, out: Array) -> None:
    """The sum of each window over x (P, D, H, W), into out (P, *out): of its rows first, then along the sum of these."""
    (planes, depth, height, width), (_, outs, rows, columns) = x.shape, out.shape
    for p in prange(planes):
        lines = xp.empty(width, x.dtype)
        for o in range(outs):
            for r in range(rows):
                lines[:] = 0
                for a in range(kernel[0]):
                    for b in range(kernel[1]):
                        i, j = o * stride[0] - before[0] + a * dilation[0], r * stride[1] - before[1] + b * dilation[1]
                        if i < 0 or i >= depth or j < 0 or j >= height:
                            continue
                        line = x[p, i, j]
                        for w in range(width):
                            lines[w] += line[w]
                out[p, o, r] = 0
                for c in range(kernel[2]):
                    w = c * dilation[2] - before[2]
                    first, end = max(0, -(w // stride[2])), min(columns, max(0, (width - 1 - w) // stride[2] + 1))
                    seen, sums = lines[w + first * stride[2] :: stride[2]], out[p, o, r, first:end]
                    for k in range(sums.size):
                        sums[k] += seen[k]


def window_sum_adjoint(g: Array, kernel: Triple, stride: Triple, before: Triple, dilation: Triple, x: Array) -> None:
    """Zeros x (P, D, H, W), to which g (P, *out) is added at every cell of its window: the adjoint of `window_sum`."""
    (planes, depth, height, width), (_, outs, rows, columns) = x.shape, g.shape
    for p in prange(planes):
        lines = xp.empty(width, x.dtype)
        every = x[p].reshape(-1)
        every[:] = 0
        for o in range(outs):
            for r in range(rows):
                lines[:] = 0
                for c in range(kernel[2]):
                    w = c * dilation[2] - before[2]
                    first, end = max(0, -(w // stride[2])), min(columns, max(0, (width - 1 - w) // stride[2] + 1))
                    seen, values = lines[w + first * stride[2] :: stride[2]], g[p, o, r, first:end]
                    for k in range(values.size):
                        seen[k] += values[k]
                for a in range(kernel[0]):
                    for b in range(kernel[1]):
                        i, j = o * stride[0] - before[0] + a * dilation[0], r * stride[1] - before[1] + b * dilation[1]
                        if i < 0 or i >= depth or j < 0 or j >= height:
                            continue
                        line = x[p, i, j]
                        for w in range(width):
                            line[w] += lines[w]


@numba_implements("max_pool", pays_from=PAYS_FROM // 4, sample=samples.pooling)
def _max_pool(x: Array, window: Window | AdaptiveWindow) -> Any:
    if isinstance(window, AdaptiveWindow):
        return NotImplemented
    values = xp.empty_like(x, order="C", shape=(*x.shape[:2], *window.output_size(x.shape[2:])))
    if _pays(window, x.shape[2:]):
        which = xp.zeros_like(values, dtype=xp.uint8)
        is_clear = compiled(max_pool)(_planes(x), *_in_3d(window), _planes(values), _planes(which))
    elif _hardly_overlap(window, x.shape[2:]) and window.padded_size(x.shape[2:]) == x.shape[2:] and max(window.dilation) == 1:
        which = xp.zeros_like(values, dtype=xp.uint32)
        kernel, stride, _, _ = _in_3d(window)
        is_clear = compiled(max_pool_of_large)(_planes(x), kernel, stride, _planes(values), _planes(which))
    else:
        return NotImplemented
    return (values, which) if is_clear else NotImplemented


@numba_implements("cell_index", dtypes="BIl", sample=samples.cells)
def _cell_index(which: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Any:
    if isinstance(window, AdaptiveWindow):
        return NotImplemented
    indices = xp.empty_like(which, dtype=xp.int64)
    _, strides, pads, _ = _in_3d(window)
    compiled(cell_index)(_planes(which), window.offsets(size), strides, pads, pad_to_3d(size, 1), _planes(indices))
    return indices


@numba_implements("gather", sample=samples.gather)
def _gather(x: Array, indices: Array) -> Any:
    y, planes = xp.empty_like(x, shape=indices.shape), math.prod(x.shape[:2])
    inside = compiled(gather)(x.reshape(planes, -1), indices.reshape(planes, -1), y.reshape(planes, -1))
    return y if inside else NotImplemented


@numba_implements("scatter_add", ulp=8, sample=samples.scatter_add)
def _scatter_add(g: Array, indices: Array, size: Sequence[int], unique: bool) -> Any:
    x, planes = xp.empty_like(g, shape=(*g.shape[:2], *size)), math.prod(g.shape[:2])
    inside = compiled(scatter_add)(g.reshape(planes, -1), indices.reshape(planes, -1), x.reshape(planes, -1))
    return x if inside else NotImplemented


@numba_implements("gather_cell", sample=samples.gather_cell)
def _gather_cell(x: Array, which: Array, window: Window | AdaptiveWindow) -> Any:
    if isinstance(window, AdaptiveWindow):
        return NotImplemented
    return _gather(x, _cell_index(which, window, x.shape[2:]))


@numba_implements("scatter_cell", ulp=8, sample=samples.scatter_cell)
def _scatter_cell(g: Array, which: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Any:
    if isinstance(window, AdaptiveWindow):
        return NotImplemented
    return _scatter_add(g, _cell_index(which, window, size), size, False)


@numba_implements("all_unique", dtypes="l", sample=samples.all_unique)
def _all_unique(indices: Array, plane: int) -> Any:
    return compiled(all_unique)(indices, plane)


@numba_implements("window_sum", ulp=64, sample=samples.window_sum)
def _window_sum(x: Array, window: Window | AdaptiveWindow) -> Any:
    if isinstance(window, AdaptiveWindow) or not (_pays(window, x.shape[2:]) or _hardly_overlap(window, x.shape[2:])):
        return NotImplemented
    total = xp.zeros_like(x, order="C", shape=(*x.shape[:2], *window.output_size(x.shape[2:])))
    compiled(window_sum)(_planes(x), *_in_3d(window), _planes(total))
    return total


def _cells_of_image(g: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> int:
    return math.prod(g.shape[:2]) * math.prod(size)


@numba_implements("window_sum_adjoint", work=_cells_of_image, ulp=8, sample=samples.window_sum_adjoint)
def _window_sum_adjoint(g: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Any:
    if isinstance(window, AdaptiveWindow) or not (_pays(window, size) or _hardly_overlap(window, size)):
        return NotImplemented
    x = xp.empty_like(g, order="C", shape=(*g.shape[:2], *size))
    compiled(window_sum_adjoint)(_planes(g), *_in_3d(window), _planes(x))
    return x


def _pays(window: Window, size: Sequence[int]) -> bool:
    """Whether the windows are small enough, or many enough side by side (kernels/numpy/large_windows.py is for others)."""
    cells = math.prod(window.kernel)
    return cells <= 16 or (cells <= 64 and window.output_size(size)[-1] >= 16)


def _hardly_overlap(window: Window, size: Sequence[int]) -> bool:
    """Whether cells are read about once, and rows are short enough to be added up number by number in float32."""
    read = math.prod(window.kernel) * math.prod(window.output_size(size))
    return read <= 2 * math.prod(size) and max(window.kernel) <= LONGEST_SUM


def _planes(x: Array) -> Array:
    """x (N, C, *size) as planes (N * C, D, H, W)."""
    return x.reshape(x.shape[0] * x.shape[1], *pad_to_3d(x.shape[2:], 1))


def _in_3d(window: Window) -> tuple[tuple[int, ...], ...]:
    """Kernel, stride, padding before and dilation of a window, each for three dimensions."""
    before = [before for before, _ in window.padding]
    return pad_to_3d(window.kernel, 1), pad_to_3d(window.stride, 1), pad_to_3d(before, 0), pad_to_3d(window.dilation, 1)
