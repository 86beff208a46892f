"""Images laid out flat, so that each cell of a kernel reads one long slice of memory.

Put the rows of a padded image end to end in one row of places. A 3 x 3 image with padding 1, for a 3 x 3 kernel:

     0:  .  .  .  .        A row takes 4 places, not 5: the zero at the start of the next row also ends this one.
     4:  .  a  b  c        The window at place 0 covers places 0 1 2, 4 5 6, 8 9 10;
     8:  .  d  e  f        the window at place 1 covers the same places, each plus 1.
    12:  .  g  h  i        So while the window moves, its middle cell reads the slice that starts at place 5 (a),
    16:  .  .  .  .  ..    and its last cell the slice that starts at place 10 (e).

The window at place 3 runs over the end of a row. Its result is never used, and computing it is cheaper than stopping. The same
works in any number of dimensions and with dilation; several images lie one after the other.

For a stride s the image is split into s^rank planes, its polyphase components: the plane of phase r holds the cells s q + r.
Cell j of the kernel moves along the plane of phase r = d j mod s, one place at a time. So a strided convolution is a sum of
convolutions with stride 1, each of one plane with its part of the kernel. The transpose, restricted to the output cells of one
plane, is such a convolution of g.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from minitorch.backend.arrays import Array, strided, xp
from minitorch.backend.dispatch import definition
from minitorch.backend.window import Window, pad_to_3d

__all__ = ["CellGroup", "GemmBlock", "Layout", "layout_of", "layout_of_transpose", "pack", "pack_windows", "places_read"]

STACK_ROWS_BELOW = 256  # a matrix product with fewer rows gains from more of them


@dataclass(frozen=True)
class PhaseOffsets:
    """Along one dimension, the cells of a kernel that read one plane: that of the image's cells s q + phase - before."""

    phase: int
    cells: slice  # of the kernel
    count: int  # how many cells these are
    place: int  # the place in the plane of the first of them, in the first window
    step: int  # from one of them to the next

    @staticmethod
    def all(k: int, s: int, d: int) -> list[PhaseOffsets]:
        """The k cells of a kernel with dilation d, grouped by the plane that a stride of s leads them along."""
        every = s // math.gcd(s, d)  # after so many cells the phase repeats
        first = range(min(every, k))
        return [PhaseOffsets(d * j % s, slice(j, None, every), -((j - k) // every), d * j // s, d * every // s) for j in first]

    def range_of(self, n: int, s: int, before: int) -> tuple[int, int, int]:
        """The cells of an image of n that are in the plane: the first, how many, and the place of the first in the plane."""
        q = max(0, -((self.phase - before) // s))
        start = s * q + self.phase - before
        return start, max(0, -((start - n) // s)), q


@dataclass(frozen=True, eq=False)
class CellGroup:
    """Cells of a kernel that read one plane: which ones, how many along each dimension, and their places in the plane."""

    plane: int
    cells: tuple[slice, ...]
    counts: tuple[int, ...]
    first: int
    steps: tuple[int, ...]

    @functools.cached_property
    def count(self) -> int:
        return math.prod(self.counts)


@dataclass(frozen=True, eq=False)
class GemmBlock:
    """Cells of a kernel whose weights make one matrix, to be multiplied by the columns that they read.

    If that matrix has few rows, the cells along the last dimension become rows instead of columns. Those cells read the same
    slice, shifted by some places. So it is not copied for each: it is multiplied by the weights of all of them, and the
    products are added with these shifts.
    """

    cell_groups: tuple[CellGroup, ...]
    rows: int = 1
    step: int = 0  # shift from one row to the next

    @staticmethod
    @functools.lru_cache(maxsize=256)
    def of(cell_groups: tuple[CellGroup, ...], features: int) -> list[GemmBlock]:
        """The blocks for a matrix with so many features: one, or if that is narrow, one for each phase of the last
        dimension.
        """
        if features * max(group.counts[-1] for group in cell_groups) > STACK_ROWS_BELOW:
            return [GemmBlock(cell_groups)]
        blocks = []
        for (_, rows, step), same in itertools.groupby(
            sorted(cell_groups, key=lambda s: s.cells[-1].start or 0), lambda s: (s.cells[-1].start, s.counts[-1], s.steps[-1])
        ):
            blocks.append(
                GemmBlock(
                    tuple(replace(s, counts=s.counts[:-1], steps=s.steps[:-1]) for s in same), rows, step if rows > 1 else 0
                )
            )
        return blocks

    @functools.cached_property
    def count(self) -> int:
        """How many cells there are: the rows of the columns, for each channel."""
        return sum(group.count for group in self.cell_groups)

    def matrix(self, kernel: Array, groups: int) -> Array:
        """The weights of the cells, from a kernel (F, C / groups, *kernel): (groups, rows * F / groups, C / groups * count)"""
        f, c = kernel.shape[:2]
        weights = [kernel[:, :, *group.cells].reshape(f, c, -1, self.rows) for group in self.cell_groups]
        weight = weights[0] if len(weights) == 1 else xp.concatenate(weights, axis=2)
        return weight.reshape(groups, f // groups, -1, self.rows).transpose(0, 3, 1, 2).reshape(groups, -1, c * self.count)

    def put(self, kernel: Array, weight: Array) -> None:
        """The inverse: write weights (groups, F / groups, C / groups * count, rows) to their cells in the kernel."""
        f, c = kernel.shape[:2]
        weight, done = weight.reshape(f, c, self.count, self.rows), 0
        for group in self.cell_groups:
            target, count = kernel[:, :, *group.cells], group.count
            target[...] = weight[:, :, done : done + count].reshape(target.shape)
            done += count

    def columns(self, planes: Array, start: int, stop: int) -> Array:
        """What the cells read for the windows from place `start` to `stop`, and beyond, as the rows need: (C * count,
        places)
        """
        c, number, length = planes.shape
        places = stop - start + (self.rows - 1) * abs(self.step)
        slices = []
        for group in self.cell_groups:
            first = group.plane * length + group.first + start - self.back
            slices.append(strided(planes, first, (c, *group.counts, places), (number * length, *group.steps, 1)))
        if self.count == 1:
            return slices[0].reshape(c, places)
        columns, done = xp.empty_like(planes, order="C", shape=(c, self.count, places)), 0
        for view, group in zip(slices, self.cell_groups, strict=True):
            columns[:, done : done + group.count].reshape(view.shape)[...] = view
            done += group.count
        return columns.reshape(-1, places)

    @functools.cached_property
    def back(self) -> int:
        """How far a row is shifted to the left, at most."""
        return max(0, -(self.rows - 1) * self.step)


@functools.lru_cache(maxsize=256)
def places_read(cell_groups: tuple[CellGroup, ...], c: int, number: int, length: int, groups: int) -> Array:
    """The place in planes (C, number, length) that each cell of each channel reads for the window at place 0:

    (groups, C / groups * count)
    """
    cells = []
    for group in cell_groups:
        places = xp.array(group.plane * length + group.first)
        for count, step in zip(group.counts, group.steps, strict=True):
            places = places[..., None] + xp.arange(count) * step
        cells.append(places.reshape(-1))
    return (xp.arange(c)[:, None] * (number * length) + xp.concatenate(cells)).reshape(groups, -1)


class Layout:
    """How images of one size are laid out flat for a window: see the text above."""

    def __init__(self, window: Window, size: tuple[int, ...]) -> None:
        self.out = window.output_size(size)
        dims = list(zip(size, self.out, window.kernel, window.stride, window.padding, window.dilation, strict=True))
        self.pitch = []
        for n, o, k, s, (before, _), d in dims:
            reach, zeros, filled = d * (k - 1) // s, max(before, 0) // s, -(-(before + n) // s)
            # A row has room for its windows and for all filled places. Beyond it, windows read the zeros at the start of the
            # next.
            self.pitch.append(max(o, o + reach - zeros, min(o + reach, filled)))
        self.steps = [math.prod(self.pitch[i + 1 :]) for i in range(len(size))]
        self.plane = math.prod(self.pitch)
        self.beyond = self.flat(d * (k - 1) // s for _, _, k, s, _, d in dims)  # how far past its place a window reads
        cell_groups: list[CellGroup] = []
        self.filled: list[tuple[tuple[slice, ...], tuple[slice, ...]]] = []  # per plane: cells of the image, their places
        for phases in itertools.product(*(PhaseOffsets.all(k, s, d) for _, _, k, s, _, d in dims)):
            cell_groups.append(self.group(len(cell_groups), phases))
            image, places = [], []
            for phase, (n, _, _, s, (before, _), _), pitch in zip(phases, dims, self.pitch, strict=True):
                start, count, q = phase.range_of(n, s, before)
                count = max(0, min(count, pitch - q))
                image.append(slice(start, start + count * s, s))
                places.append(slice(q, q + count))
            self.filled.append((tuple(image), tuple(places)))
        self.cell_groups = tuple(cell_groups)

    def flat(self, places: Iterable[int]) -> int:
        return sum(place * step for place, step in zip(places, self.steps, strict=True))

    def group(self, plane: int, phases: Sequence[PhaseOffsets]) -> CellGroup:
        steps = tuple(phase.step * step for phase, step in zip(phases, self.steps, strict=True))
        cells, counts = tuple(phase.cells for phase in phases), tuple(phase.count for phase in phases)
        return CellGroup(plane, cells, counts, self.flat(phase.place for phase in phases), steps)

    def length(self, images: int) -> int:
        """From the first window of the first image to the last of the last."""
        return (images - 1) * self.plane + self.flat(o - 1 for o in self.out) + 1

    @functools.cached_property
    def pitch_3d(self) -> Array:
        """The distance between neighbours along D, H and W, in units of the next dimension."""
        return xp.array(pad_to_3d(self.pitch, 1))

    @functools.cached_property
    def steps_3d(self) -> Array:
        """From one image to the next, and from one cell to the next along D, H and W."""
        return xp.array([self.plane, *pad_to_3d(self.steps, 0)])

    @functools.cached_property
    def filled_3d(self) -> Array:
        """filled[plane, dimension] = (first cell of the image, step to the next, place of the first in the plane, how many)"""
        numbers = (
            [(a.start, a.step, b.start, b.stop - b.start) for a, b in zip(image, places, strict=True)]
            for image, places in self.filled
        )
        return xp.array([pad_to_3d(each, (0, 1, 0, 1)) for each in numbers])

    def windows(self, wide: Array, images: int, out: tuple[int, ...]) -> Array:
        """View `wide` (F, length(images)), with a number at every place, as (images, F, *out), with one for every window."""
        return strided(wide, 0, (images, len(wide), *out), (self.plane, wide.shape[1], *self.steps))


layout_of = functools.lru_cache(maxsize=256)(Layout)


@functools.lru_cache(maxsize=256)
def layout_of_transpose(
    window: Window, size: tuple[int, ...], out: tuple[int, ...]
) -> tuple[Layout | None, list[tuple[tuple[slice, ...], tuple[CellGroup, ...]]], bool]:
    """For the transpose: the layout of g (*out); for each plane of the image of `size`, its cells and what they read of g; and
    whether these are all cells of the image.

    The layout is None if the windows cover nothing but padding.
    """
    padding, spans, dims, covers_all = [], [], [], True
    for n, o, k, s, (before, _), d in zip(
        size, out, window.kernel, window.stride, window.padding, window.dilation, strict=True
    ):
        ranges = [(phase, *phase.range_of(n, s, before)) for phase in PhaseOffsets.all(k, s, d)]
        ranges = [(phase, start, count, q) for phase, start, count, q in ranges if count]
        if not ranges:
            return None, [], False
        covers_all = covers_all and len(ranges) == min(s, n)
        ahead = max([0, *(phase.place + (phase.count - 1) * phase.step - q for phase, _, _, q in ranges)])
        span = max(ahead + q - phase.place for phase, _, _, q in ranges)
        longest = max(count for _, _, count, _ in ranges)
        padding.append((ahead, longest + span - o - ahead))
        spans.append(span + 1)
        turned = [replace(phase, place=ahead + q - phase.place, step=-phase.step) for phase, _, _, q in ranges]
        dims.append([(slice(start, None, s), phase) for phase, (_, start, _, _) in zip(turned, ranges, strict=True)])
    ones = (1,) * window.rank
    layout = layout_of(Window(tuple(spans), ones, tuple(padding), ones, name=window.name), out)
    planes: list[tuple[tuple[slice, ...], tuple[CellGroup, ...]]] = []
    for plane in itertools.product(*dims):
        cells, phases = zip(*plane, strict=True)
        planes.append((cells, (layout.group(0, phases),)))
    return layout, planes, covers_all


@definition
def pack(x: Array, layout: Layout) -> Array:
    """Images x (B, C, *size) as planes (C, planes, B * plane + beyond), with zeros between."""
    b, c = x.shape[:2]
    planes = xp.zeros_like(x, order="C", shape=(c, len(layout.filled), b * layout.plane + layout.beyond))
    number, length = planes.shape[1:]
    for i, (image, places) in enumerate(layout.filled):
        plane = strided(planes, i * length, (b, c, *layout.pitch), (layout.plane, number * length, *layout.steps))
        plane[:, :, *places] = x[:, :, *image]
    return planes


@definition
def pack_windows(g: Array, layout: Layout) -> Array:
    """What belongs to windows, g (B, F, *out), at their places, with zeros between: (F, length(B))"""
    wide = xp.zeros_like(g, order="C", shape=(g.shape[1], layout.length(len(g))))
    layout.windows(wide, len(g), layout.out)[...] = g
    return wide
