"""Pooling with large windows, and with adaptive ones: one dimension after the other.

The largest number of a window is the largest of the largest of its rows, and its sum is the sum of its rows' sums. So an image
is pooled along one dimension, and the result along the next: k + k steps for windows of k x k cells, where cell by cell there
are k * k. Along a dimension a step covers one cell of every window, or all cells of one window, whichever makes fewer steps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minitorch.backend.arrays import Array, windows, xp
from minitorch.backend.dispatch import implements
from minitorch.backend.sums import sum_reduce
from minitorch.backend.window import AdaptiveWindow, Window
from minitorch.kernels import samples
from minitorch.kernels.numpy.pooling import SMALL, in_planes

__all__: list[str] = []


@dataclass(frozen=True)
class Dimension:
    """The windows along one dimension, which is `axis` of an array (planes, *size)."""

    axis: int
    size: int  # of the padded image
    count: int  # of windows
    length: int  # cells of the longest
    step: int  # from one window to the next; 0 for adaptive windows, which differ
    dilation: int = 1

    @staticmethod
    def all(window: Window | AdaptiveWindow, size: Sequence[int]) -> list[Dimension]:
        axes, padded, count = range(1, len(size) + 1), window.padded_size(size), window.output_size(size)
        if isinstance(window, AdaptiveWindow):
            return list(map(Dimension, axes, padded, count, window.lengths(size), (0,) * len(size)))
        return list(map(Dimension, axes, padded, count, window.kernel, window.stride, window.dilation))

    def at(self, i: int) -> tuple[slice, ...]:
        """The index of window i in the result."""
        return (*(slice(None),) * self.axis, slice(i, i + 1))

    def window(self, i: int) -> tuple[slice, ...]:
        """The index of the cells of window i in the image."""
        if self.step:
            start = i * self.step
            cells = slice(start, start + self.dilation * (self.length - 1) + 1, self.dilation)
        else:
            cells = slice(i * self.size // self.count, -((i + 1) * -self.size // self.count))
        return (*(slice(None),) * self.axis, cells)

    def cell(self, number: int) -> tuple[slice, ...]:
        """The index of one cell of every window in the image."""
        start = number * self.dilation
        return (*(slice(None),) * self.axis, slice(start, start + (self.count - 1) * self.step + 1, self.step))

    @property
    def by_window(self) -> bool:
        """Whether there are fewer windows than cells of a window."""
        return not self.step or self.count <= self.length

    def view(self, x: Array) -> Array:
        """View x with the cells of each window on new dimensions at the end."""
        ones = (1,) * (x.ndim - self.axis - 1)
        return windows(x, (self.length, *ones), (self.step, *ones), (self.dilation, *ones))

    def pooled(self, x: Array, dtype: Any = None) -> Array:
        """Zeros for one number of each window."""
        return xp.zeros_like(x, dtype, order="C", shape=(*x.shape[: self.axis], self.count, *x.shape[self.axis + 1 :]))


def _is_small(window: Window | AdaptiveWindow) -> bool:
    return isinstance(window, Window) and math.prod(window.kernel) <= SMALL


@implements("max_pool", engine="numpy", sample=samples.any_pooling)
def _max_pool(x: Array, window: Window | AdaptiveWindow) -> Any:
    """Declines where a window of the lowest number at the padding needs the definition."""
    if _is_small(window):
        return NotImplemented
    dimensions = Dimension.all(window, x.shape[2:])
    lowest = -math.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min
    values = xp.empty_like(x, order="C", shape=(*x.shape[:2], *(d.count for d in dimensions)))
    which = xp.empty_like(values, dtype=xp.uint32)
    overlap = math.prod(d.count * d.length for d in dimensions) > 2 * math.prod(x.shape[2:])

    def pool(planes: Array, values: Array, which: Array) -> int:
        padded = window.pad(planes, lowest)
        if overlap:
            best, number = padded, None
            for d in reversed(dimensions):
                best, number = _largest(best, number, d, math.prod(after.length for after in dimensions[d.axis :]))
            values[...], which[...] = best, number
        else:
            cells = _written_out(padded, window, dimensions, lowest)
            at = xp.argmax(cells, -1, keepdims=True)
            values[...], which[...] = xp.take_along_axis(cells, at, -1)[..., 0], at[..., 0]
        return int(padded is not planes and bool((values == lowest).any()))

    return NotImplemented if in_planes(pool, x, values, which) else (values, which)


def _written_out(x: Array, window: Window | AdaptiveWindow, dimensions: Sequence[Dimension], fill: float) -> Array:
    """The padded x (planes, *size) as (planes, *out, cells of a window)."""
    if isinstance(window, Window):
        cells = windows(x, window.kernel, window.stride, window.dilation)
    else:
        lengths = tuple(d.length for d in dimensions)
        cells = xp.empty_like(x, order="C", shape=(len(x), *(d.count for d in dimensions), *lengths))
        for place in itertools.product(*(range(d.count) for d in dimensions)):
            at: Any = tuple(d.window(i)[-1] for d, i in zip(dimensions, place, strict=True))
            seen = x[:, *at]
            if seen.shape[1:] != lengths:
                into: Any = (slice(None), *place)
                cells[into] = fill
            into = (*place, *map(slice, seen.shape[1:]))
            cells[:, *into] = seen
    return cells.reshape(*cells.shape[: x.ndim], -1)


def _largest(x: Array, number: Array | None, d: Dimension, below: int) -> tuple[Array, Array]:
    """Along one dimension the largest of each window, the first of equals, nan above all; and the number of its cell.

    `number` is that of each number of x within its part of the window, which has `below` cells.
    """
    best, found = d.pooled(x), d.pooled(x, xp.uint32)
    if d.by_window:
        for i in range(d.count):
            seen, here = x[d.window(i)], d.at(i)
            at = xp.argmax(seen, d.axis, keepdims=True)
            best[here] = xp.take_along_axis(seen, at, d.axis)
            within = 0 if number is None else xp.take_along_axis(number[d.window(i)], at, d.axis)
            found[here] = at * below + within
        return best, found
    has_nan = x.dtype.kind == "f" and bool(xp.isnan(xp.max(x)))
    for n in range(d.length):
        seen, within = x[d.cell(n)], 0 if number is None else number[d.cell(n)]
        if n == 0:
            best[...], found[...] = seen, within
            continue
        better = seen > best if not has_nan else ~(seen <= best) & (best == best)
        xp.copyto(found, within + xp.uint32(n * below), where=better)
        xp.maximum(best, seen, out=best)
    return best, found


@implements("window_sum", engine="numpy", dtypes="fd", ulp=64, sample=samples.any_window_sum)
def _window_sum(x: Array, window: Window | AdaptiveWindow) -> Any:
    if _is_small(window):
        return NotImplemented
    dimensions = Dimension.all(window, x.shape[2:])
    out = xp.empty_like(x, order="C", shape=(*x.shape[:2], *(d.count for d in dimensions)))

    def pool(planes: Array, out: Array) -> None:
        total = window.pad(planes)
        if out.size == len(out):  # one window
            total = total[:, *(d.window(0)[-1] for d in dimensions)]
            out[...] = sum_reduce(total, tuple(range(1, total.ndim)), True)
            return
        for d in dimensions:
            total = _sums(total, d)
        out[...] = total

    in_planes(pool, x, out)
    return out


def _sums(x: Array, d: Dimension) -> Array:
    """Along one dimension the sum of each window."""
    if d.step and (d.axis < x.ndim - 1 or d.by_window):
        cells = d.view(x)
        return sum_reduce(cells, tuple(range(x.ndim, cells.ndim)))
    out = d.pooled(x)
    if d.by_window:
        for i in range(d.count):
            out[d.at(i)] = sum_reduce(x[d.window(i)], d.axis, True)
    else:
        for n in range(d.length):
            out += x[d.cell(n)]
    return out


@implements("window_sum_adjoint", engine="numpy", dtypes="fd", ulp=64, sample=samples.any_window_sum_adjoint)
def _window_sum_adjoint(g: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Any:
    """Each number is added to all cells of its window along one dimension, each result along the next."""
    if _is_small(window):
        return NotImplemented
    dimensions = Dimension.all(window, size)
    x = xp.empty_like(g, order="C", shape=(*g.shape[:2], *size))

    def spread(planes: Array, x: Array) -> None:
        padded = x if window.padded_size(size) == tuple(size) else xp.empty_like(x, shape=(len(x), *window.padded_size(size)))
        for d in reversed(dimensions[1:]):
            planes = _sums_adjoint(planes, d, xp.empty_like(x, shape=(*planes.shape[: d.axis], *padded.shape[d.axis :])))
        _sums_adjoint(planes, dimensions[0], padded)
        if padded is not x:
            x[...] = window.unpadded(padded, size)

    in_planes(spread, g, x)
    return x


def _sums_adjoint(g: Array, d: Dimension, x: Array) -> Array:
    """Along one dimension each number added to all cells of its window, in x."""
    if d.dilation > 1 or d.step != d.length or d.size != d.count * d.length:
        x[...] = 0
    if d.step > d.dilation * (d.length - 1):  # no two windows share a cell
        cells = d.view(x)
        cells[...] = g.reshape(*g.shape, *(1,) * (cells.ndim - g.ndim))
    elif d.by_window:
        for i in range(d.count):
            x[d.window(i)] += g[d.at(i)]
    else:
        for n in range(d.length):
            x[d.cell(n)] += g
    return x
