"""The geometry of a sliding window, of any rank: convolution, pooling, folding, their errors and pictures all use it.

    input    size n on each spatial dimension, padded to n + before + after
    kernel   k cells, `dilation` d apart: the window spans d (k - 1) + 1 cells
    stride   s cells from one window to the next

    output   floor((n + before + after - d (k - 1) - 1) / s) + 1 windows fit; in ceil mode the quotient is rounded up, and
             the last window may reach over the end, but must begin within the input or the padding before it

(The formula of PyTorch's Conv2d.) Cell j of window o is cell  s o + d j - before  of the input: `unfold` and `columns` read the
input that way, and `fold`, their adjoint, adds to the cells that were read.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from minitorch.backend.arrays import Array, on_device_of, windows, xp
from minitorch.backend.errors import refuse_if_too_large

__all__ = ["AdaptiveWindow", "Window", "pad_to_3d", "per_dim"]


LARGEST = 1 << 40  # no array has so many cells


def per_dim(value: Any, rank: int, name: str, least: int, single: bool = True) -> tuple[int, ...]:
    """A layer's parameter as one int per spatial dimension. An int stands for all of them; if `single`, a tuple of one, too.

    Raises TypeError for what is no int, RuntimeError for too many or too few, or for one below `least`.
    """
    if (
        type(value) is tuple
        and len(value) == rank
        and not [v for v in value if type(v) is not int or not least <= v <= LARGEST]
    ):
        return value  # most are
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    try:
        values = tuple(operator.index(None if isinstance(v, bool) else v) for v in values)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} must be an int or a tuple of {rank} ints, not {value!r:.60}") from None
    if len(values) == 1 and single:
        values = values * rank
    if len(values) != rank:
        raise RuntimeError(f"{name} must be an int or a tuple of {rank} ints, one a spatial dimension, but got {list(values)}")
    if any(v < least for v in values):
        raise RuntimeError(f"{name} should be at least {least}, but got {value!r}")
    if any(v > LARGEST for v in values):
        raise RuntimeError(f"{name} should be at most 2^40, and no array has so many cells, but got {value!r}")
    return values


def pad_to_3d(values: Sequence[Any], fill: Any) -> tuple[Any, ...]:
    """A tuple with a value for each spatial dimension, padded with `fill` on the left to length 3."""
    return (*(fill,) * (3 - len(values)), *values)


@dataclass(frozen=True)
class Window:
    """A window of `kernel` cells and the way it moves. One object serves inputs of every size."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]  # before and after, for each spatial dimension
    dilation: tuple[int, ...]
    ceil_mode: bool = False
    name: str = field(default="window", compare=False)  # of the function, for error messages

    @classmethod
    def of(
        cls,
        name: str,
        rank: int,
        kernel: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        ceil_mode: bool = False,
        single: bool = True,
    ) -> Window:
        """From a layer's parameters, each an int or a tuple of ints. Raises for values that make no window."""
        kernel = per_dim(kernel, rank, f"{name}: kernel_size", 1, single)
        stride = per_dim(stride, rank, f"{name}: stride", 1, single)
        pads = per_dim(padding, rank, f"{name}: padding", 0, single)
        dilation = per_dim(dilation, rank, f"{name}: dilation", 1, single)
        return cls(kernel, stride, tuple((p, p) for p in pads), dilation, bool(ceil_mode), name)

    @property
    def rank(self) -> int:
        return len(self.kernel)

    @property
    def span(self) -> tuple[int, ...]:
        """How many cells the window reaches over."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def padded_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """An input of `size` with its padding, and in ceil mode what the last window needs beyond it."""
        padded = tuple(n + before + after for n, (before, after) in zip(size, self.padding, strict=True))
        if not self.ceil_mode:
            return padded
        reach = ((o - 1) * s + span for o, s, span in zip(self.output_size(size), self.stride, self.span, strict=True))
        return tuple(map(max, padded, reach))

    def output_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """How many windows fit on each dimension of an input of `size`. Raises RuntimeError where none does."""
        return _output_size(self, tuple(size))

    def _output_size(self, size: tuple[int, ...]) -> tuple[int, ...]:
        padded = tuple(n + before + after for n, (before, after) in zip(size, self.padding, strict=True))
        for i, (n, span) in enumerate(zip(padded, self.span, strict=True)):
            if n < (max(1, span - self.stride[i] + 1) if self.ceil_mode else span):
                before, after = self.padding[i]
                raise RuntimeError(
                    f"{self.name}: Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel size: "
                    f"({' x '.join(map(str, self.span))}). Kernel size can't be greater than actual input size: on spatial "
                    f"dimension {i} the kernel reaches over dilation * (kernel_size - 1) + 1 = {self.dilation[i]} * "
                    f"({self.kernel[i]} - 1) + 1 = {span} cells, and the input has {size[i]} + {before} + {after} = {n}. "
                    f"What would fit: {', or '.join(self.what_fits(size[i], i))}; minitorch.viz.explain(layer, shape) draws it"
                )
        if not self.ceil_mode:
            return tuple((n - span) // s + 1 for n, span, s in zip(padded, self.span, self.stride, strict=True))
        out = []
        for n, p, (before, _), span, s in zip(size, padded, self.padding, self.span, self.stride, strict=True):
            count = -((span - p) // s) + 1
            out.append(count - ((count - 1) * s >= n + before))
        return tuple(out)

    def what_fits(self, n: int, i: int) -> list[str]:
        """The nearest settings with which a window fits n cells of spatial dimension i, each by itself."""
        (before, after), k, d = self.padding[i], self.kernel[i], self.dilation[i]
        reach = max(1, n + before + after + (self.stride[i] - 1 if self.ceil_mode else 0))  # the widest window that fits
        padding = before + -(-(self.span[i] - reach) // 2)
        smaller, pool = (reach - 1) // d + 1, "pool" in self.name.lower()  # a pooling's padding is half its kernel at most
        found = [f"padding {padding}"] if not pool or padding <= k // 2 else []
        found += [f"kernel_size {smaller}"] if not pool or before <= smaller // 2 else []
        found += [f"dilation {(reach - 1) // (k - 1)}"] if k > 1 and reach >= k else []
        return [*found, f"an input of {n + self.span[i] - reach}"]

    def pad(self, x: Array, value: float = 0.0) -> Array:
        """x (*batch, *size) with its border of `value`; x itself if there is none."""
        size = x.shape[-self.rank :]
        if self.padded_size(size) == size:
            return x
        out = xp.full_like(x, value, shape=(*x.shape[: -self.rank], *self.padded_size(size)))
        out[self._inner(size)] = x
        return out

    def unpadded(self, x: Array, size: Sequence[int]) -> Array:
        """A view of the padded x without its border."""
        return x[self._inner(size)]

    def _inner(self, size: Sequence[int]) -> tuple[Any, ...]:
        return (..., *(slice(before, before + n) for n, (before, _) in zip(size, self.padding, strict=True)))

    def unfold(self, x: Array, value: float = 0.0) -> Array:
        """View x (*batch, *size) as windows (*batch, *out, *kernel). Only the padding is copied."""
        return windows(self.pad(x, value), self.kernel, self.stride, self.dilation)

    def columns(self, x: Array) -> Array:
        """As `unfold`, in the order that `fold` takes: (*batch, *kernel, *out)."""
        windows, batch, rank = self.unfold(x), x.ndim - self.rank, self.rank
        return xp.transpose(windows, (*range(batch), *range(batch + rank, batch + 2 * rank), *range(batch, batch + rank)))

    def fold(self, columns: Array, size: Sequence[int]) -> Array:
        """The adjoint of `columns`: columns (*batch, *kernel, *out) added to the cells of an input of `size` they came from.

        One long addition for each cell of the kernel, not one for each window.
        """
        batch, out_size = columns.shape[: -2 * self.rank], columns.shape[-self.rank :]
        cells = columns.reshape(*batch, math.prod(self.kernel), *out_size)
        x = xp.empty_like(columns, order="C", shape=(*batch, *size))
        cells = xp.moveaxis(cells, len(batch), 0)
        self.scatter(x, lambda number: cells[number], out_size)
        return x

    def scatter(self, x: Array, values: Callable[[int], Array], out_size: Sequence[int]) -> None:
        """Fill x (*batch, *size) with the sum of values(number of a cell) (*batch, *out), each added where that cell stands."""
        size = x.shape[-self.rank :]
        padded = x
        if self.padded_size(size) != size:
            padded = xp.empty_like(x, order="C", shape=(*x.shape[: -self.rank], *self.padded_size(size)))
        padded[...] = 0
        disjoint = all(s >= span for s, span in zip(self.stride, self.span, strict=True))
        for number, cells in enumerate(self.kernel_offsets(out_size)):
            if disjoint:  # no two windows share a cell
                padded[..., *cells] = values(number)
            else:
                padded[..., *cells] += values(number)
        if padded is not x:
            x[...] = self.unpadded(padded, size)

    def kernel_offsets(self, out_size: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        """For each cell of the kernel, in order, the cells of the padded input that it covers as the window moves."""
        for cell in itertools.product(*map(range, self.kernel)):
            yield tuple(
                slice(j * d, j * d + (n - 1) * s + 1, s)
                for j, n, s, d in zip(cell, out_size, self.stride, self.dilation, strict=True)
            )

    def offsets(self, size: Sequence[int]) -> Array:
        """For each cell of the kernel, its distance from the first in a plane of `size`, flattened."""
        steps = [math.prod(size[i + 1 :]) for i in range(self.rank)]
        offsets = xp.zeros((), dtype=xp.int64)
        for k, d, step in zip(self.kernel, self.dilation, steps, strict=True):
            offsets = offsets[..., None] + xp.arange(k) * (d * step)
        return offsets.reshape(-1)

    def starts(self, size: Sequence[int]) -> Array:
        """For each window (*out), the position of its first cell in a plane of `size`, flattened (negative in the padding)."""
        steps, start = [math.prod(size[i + 1 :]) for i in range(self.rank)], xp.zeros((), dtype=xp.int64)
        for n, s, (before, _), step in zip(self.output_size(size), self.stride, self.padding, steps, strict=True):
            start = start[..., None] + (xp.arange(n) * s - before) * step
        return start

    def cells(self, size: Sequence[int]) -> Array:
        """For each window and each of its cells the flat index into the unpadded input (*out, prod kernel)."""
        flat = xp.arange(math.prod(size)).reshape(tuple(size))
        seen = self.unfold(flat, -1)
        return seen.reshape(*seen.shape[: self.rank], -1)


_output_size = functools.lru_cache(maxsize=1024)(Window._output_size)  # asked several times in a call


@dataclass(frozen=True)
class AdaptiveWindow:
    """As many windows as are asked for, as even as can be: window o of `out` covers the cells from floor(o n / out) up to
    ceil((o + 1) n / out) of n. They may overlap, and differ in length by one: a shorter one has places that see nothing.
    """

    out: tuple[int, ...]
    name: str = field(default="window", compare=False)

    @property
    def rank(self) -> int:
        return len(self.out)

    def even(self, size: Sequence[int]) -> Window | None:
        """The ordinary window that does the same, if the input divides into windows of one length."""
        if any(out == 0 or n == 0 or n % out for n, out in zip(size, self.out, strict=True)):
            return None
        kernel = tuple(n // out for n, out in zip(size, self.out, strict=True))
        return Window(kernel, kernel, ((0, 0),) * self.rank, (1,) * self.rank, name=self.name)

    def output_size(self, size: Sequence[int]) -> tuple[int, ...]:
        return self.out

    def padded_size(self, size: Sequence[int]) -> tuple[int, ...]:
        return tuple(size)

    def pad(self, x: Array, value: float = 0.0) -> Array:
        """x itself: there is no padding."""
        return x

    def unpadded(self, x: Array, size: Sequence[int]) -> Array:
        """x itself."""
        return x

    def lengths(self, size: Sequence[int]) -> tuple[int, ...]:
        """How many cells the longest window has along each dimension."""
        return tuple(max(map(len, windows), default=1) for windows in self.ranges(size))

    def ranges(self, size: Sequence[int]) -> list[list[range]]:
        """For each dimension, and for each window along it, its cells. Raises RuntimeError for more than memory holds."""
        refuse_if_too_large(self.name, self.out, 8)
        sizes = zip(size, self.out, strict=True)
        return [[range(o * n // out, -((o + 1) * -n // out)) for o in range(out)] for n, out in sizes]

    def cells(self, size: Sequence[int]) -> Array:
        """For each window and each of its cells the flat index into the input (*out, K), or -1 where it sees nothing."""
        flat, seen = xp.zeros((1, 1), dtype=xp.int64), xp.ones((1, 1), dtype=bool)
        for n, ranges, longest in zip(size, self.ranges(size), self.lengths(size), strict=True):
            reached = xp.array([r.start for r in ranges], dtype=xp.int64).reshape(-1, 1) + xp.arange(longest)
            inside = reached < xp.array([r.stop for r in ranges], dtype=xp.int64).reshape(-1, 1)
            shape = (len(flat) * len(ranges), flat.shape[1] * longest)
            flat = (flat[:, None, :, None] * n + reached[None, :, None]).reshape(shape)
            seen = (seen[:, None, :, None] & inside[None, :, None]).reshape(shape)
        return xp.where(seen, flat, -1).reshape(*self.out, flat.shape[1])

    def unfold(self, x: Array, value: float = 0.0) -> Array:
        """x (*batch, *size) as windows (*batch, *out, K), `value` where one sees nothing."""
        size = x.shape[-self.rank :]
        cells = on_device_of(self.cells(size), x)
        seen = x.reshape(*x.shape[: -self.rank], math.prod(size))[..., cells]
        return xp.where(cells < 0, x.dtype.type(value), seen)
