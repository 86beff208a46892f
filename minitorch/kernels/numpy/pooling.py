"""Pooling for NumPy: one cell of the kernel after the other, each for all windows at once.

The cells that one kernel cell covers as the window moves are one strided slice of the padded image. So the loop in Python has
one round for each kernel cell, not for each window. Chunks of planes are shared among the processor cores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.dispatch import implements
from minitorch.backend.window import AdaptiveWindow, Window
from minitorch.kernels import samples
from minitorch.kernels.numpy.elementwise import masked
from minitorch.kernels.threads import chunk_size, parallel_for

__all__ = ["SMALL", "in_planes"]

SMALL = 16  # cells: up to here it is quicker than one dimension after the other (large_windows.py)


@implements("max_pool", engine="numpy", sample=samples.pooling)
def _max_pool(x: Array, window: Window | AdaptiveWindow) -> Any:
    """The first cell of every window against the second, the larger against the third ...

    Declines where a nan, or a window of -inf at the padding, needs the definition.
    """
    if isinstance(window, AdaptiveWindow) or math.prod(window.kernel) > SMALL:
        return NotImplemented
    size, lowest = x.shape[2:], -math.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min
    out = window.output_size(size)
    offsets = list(enumerate(window.kernel_offsets(out)))
    values = xp.empty_like(x, order="C", shape=(*x.shape[:2], *out))
    which = xp.zeros_like(values, dtype=xp.uint8)

    def compare(planes: Array, best: Array, number: Array) -> int:
        padded = window.pad(planes, lowest)
        for n, cells in offsets:
            seen = padded[:, *cells].copy()  # contiguous: gathering takes longer than comparing
            if n == 0:
                best[...] = seen
                continue
            better = (seen > best).astype(number.dtype)
            better *= number.dtype.type(n)
            xp.maximum(best, seen, out=best)
            xp.maximum(number, better, out=number)  # a later cell that is better has a larger number
        unclear = x.dtype.kind == "f" and bool(xp.isnan(best).any())
        return int(unclear or (padded is not planes and bool((best == lowest).any())))

    return NotImplemented if in_planes(compare, x, values, which) else (values, which)


@implements("gather_cell", engine="numpy", dtypes="efd", sample=samples.gather_cell)
def _gather_cell(x: Array, which: Array, window: Window | AdaptiveWindow) -> Any:
    if isinstance(window, AdaptiveWindow) or math.prod(window.kernel) > SMALL:
        return NotImplemented
    y = xp.zeros_like(x, order="C", shape=which.shape)

    def gather(planes: Array, number: Array, out: Array) -> None:
        padded = window.pad(planes)
        for n, cells in enumerate(window.kernel_offsets(out.shape[1:])):
            out += masked(padded[:, *cells], number == n)

    in_planes(gather, x, which, y)
    return y


@implements("scatter_cell", engine="numpy", dtypes="efd", ulp=8, sample=samples.scatter_cell)
def _scatter_cell(g: Array, which: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Any:
    if isinstance(window, AdaptiveWindow) or math.prod(window.kernel) > SMALL:
        return NotImplemented
    x = xp.empty_like(g, order="C", shape=(*g.shape[:2], *size))

    def scatter(planes: Array, number: Array, out: Array) -> None:
        window.scatter(out, lambda n: masked(planes, number == n), planes.shape[1:])

    in_planes(scatter, g, which, x)
    return x


@implements("scatter_add", engine="numpy", sample=samples.scatter)
def _scatter_add(g: Array, indices: Array, size: Sequence[int], unique: bool) -> Any:
    """Where no index of a plane occurs twice, adding is writing."""
    if not unique:
        return NotImplemented
    x, n = xp.zeros_like(g, order="C", shape=(*g.shape[:2], *size)), math.prod(g.shape[:2])
    xp.put_along_axis(x.reshape(n, -1), indices.reshape(n, -1), g.reshape(n, -1), 1)
    return x


@implements("window_sum", engine="numpy", dtypes="efd", ulp=8, sample=samples.window_sum)
def _window_sum(x: Array, window: Window | AdaptiveWindow) -> Any:
    if isinstance(window, AdaptiveWindow) or math.prod(window.kernel) > SMALL:
        return NotImplemented
    total = xp.zeros_like(x, order="C", shape=(*x.shape[:2], *window.output_size(x.shape[2:])))

    def add(planes: Array, out: Array) -> None:
        padded = window.pad(planes)
        for cells in window.kernel_offsets(out.shape[1:]):
            out += padded[:, *cells]

    in_planes(add, x, total)
    return total


@implements("window_sum_adjoint", engine="numpy", dtypes="efd", ulp=8, sample=samples.window_sum_adjoint)
def _window_sum_adjoint(g: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Any:
    if isinstance(window, AdaptiveWindow) or math.prod(window.kernel) > SMALL:
        return NotImplemented
    x = xp.empty_like(g, order="C", shape=(*g.shape[:2], *size))
    in_planes(lambda planes, out: window.scatter(out, lambda _: planes, planes.shape[1:]), g, x)
    return x


def in_planes(function: Callable[..., Any], *arrays: Array) -> Any:
    """function(*arrays), each an array (N, C, ...), in chunks of some planes (planes, ...), and the sum of its results."""
    n, c = arrays[0].shape[:2]
    planes = [array.reshape(n * c, *array.shape[2:]) for array in arrays]
    plane = max(math.prod(array.shape[2:]) * array.dtype.itemsize for array in arrays)
    size = chunk_size(n * c, 2 * plane)
    return parallel_for(lambda start, stop: function(*(array[start:stop] for array in planes)), n * c, size)
