"""How convolution is computed: on images laid out flat, in which a kernel's cell sees one long slice.

Put the rows of a padded image end to end in one row of places. A 3 x 3 image with padding 1, for a kernel of 3 x 3:

     0:  .  .  .  .        A row takes 4 places, not 5: the zero that begins the next row ends this one, too.
     4:  .  a  b  c        The window at place 0 sees places 0 1 2, 4 5 6, 8 9 10;
     8:  .  d  e  f        the window at place 1 sees each of them one place on.
    12:  .  g  h  i        So while the window moves, its middle cell reads a slice: from 5 (a) on,
    16:  .  .  .  .  ..    and its last cell the slice from 10 (e) on.

The window at place 3 runs over the end of a row. What it makes is never looked at, and costs less than stopping would. The
same holds in any number of dimensions, and with cells that lie apart (dilation); several images lie one after the other.

With a stride s the cells of the image fall into s^rank planes: those at s q + r make the plane of phase r. Cell j of the kernel
moves along one of them, that of r = d j mod s, one place at a time. So a strided convolution is a sum of convolutions with
stride 1, each with its share of the kernel, over planes laid out as above; and to the cells of one plane the transpose is such
a convolution of g.

The slices, one below the other, are the columns of which convolution is a product of matrices: ops/columns.py has that
definition. Here they are never all there: pieces are made that suit the cache, and multiplied at once. With few channels, and
Numba, no columns are made: a loop (ops/loops.py) reads the slices where they lie. The definition serves
where there is little to compute, and where a number is infinite or nan: multiplied with the zeros between two rows, it would
spread.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from minitorch.backend.arrays import Array, add_over, in_order, strided, xp
from minitorch.backend.compiled import has_threads, quicker
from minitorch.backend.threads import in_pieces, piece_size
from minitorch.ops import columns as definition
from minitorch.ops import loops
from minitorch.ops.window import Window, in_three

__all__ = ["correlate", "correlate_transposed", "correlate_weight"]

NARROW = 256  # up to so many rows a product of matrices gains by having more
THIN = 32  # up to so many channels, or features,
SMALL = 1 << 14  # and up to so many weights, loops in machine code are quicker than BLAS, which likes larger matrices
FEW = 1 << 18  # up to so many multiplications laying planes out takes longer than writing columns (and BLAS has one thread)


@dataclass(frozen=True)
class Share:
    """Along one dimension, the cells of a kernel that see one plane: that of the image's cells s q + phase - before."""

    phase: int
    cells: slice  # of the kernel
    count: int  # how many these are
    place: int  # where in the plane the first of them stands in the first window
    step: int  # and how far it is to the next

    @staticmethod
    def all(k: int, s: int, d: int) -> list[Share]:
        """Of k cells, d apart, those that a stride of s leads along each plane."""
        every = s // math.gcd(s, d)  # so many cells on, the phase is the same again
        first = range(min(every, k))
        return [Share(d * j % s, slice(j, None, every), -((j - k) // every), d * j // s, d * every // s) for j in first]

    def held(self, n: int, s: int, before: int) -> tuple[int, int, int]:
        """Of n cells of the image: the first that the plane has, how many it has, and where in it the first lies."""
        q = max(0, -((self.phase - before) // s))
        start = s * q + self.phase - before
        return start, max(0, -((start - n) // s)), q


@dataclass(frozen=True, eq=False)
class Sight:
    """What some cells of a kernel see of a plane: which cells, how many along each dimension, and how they lie in the plane."""

    plane: int
    cells: tuple[slice, ...]
    counts: tuple[int, ...]
    first: int
    steps: tuple[int, ...]

    @functools.cached_property
    def count(self) -> int:
        return math.prod(self.counts)


@dataclass(frozen=True, eq=False)
class Part:
    """Cells of a kernel whose weights make one matrix, to be multiplied with what they see.

    Where that matrix has few rows, the cells along the last dimension are rows of it instead of columns. What these cells see
    is the same, some places on. So it is not written out for each: it is multiplied with the weights of all of them, and the
    products are added up, some places on.
    """

    sights: tuple[Sight, ...]
    rows: int = 1
    step: int = 0  # from one row's place to the next

    @staticmethod
    @functools.lru_cache(maxsize=256)
    def of(sights: tuple[Sight, ...], features: int) -> list[Part]:
        """For a matrix of so many features: one part, or if it is narrow one for each share of the last dimension's cells."""
        if features * max(sight.counts[-1] for sight in sights) > NARROW:
            return [Part(sights)]
        parts = []
        for (_, rows, step), same in itertools.groupby(
            sorted(sights, key=lambda s: s.cells[-1].start or 0), lambda s: (s.cells[-1].start, s.counts[-1], s.steps[-1])
        ):
            parts.append(
                Part(tuple(replace(s, counts=s.counts[:-1], steps=s.steps[:-1]) for s in same), rows, step if rows > 1 else 0)
            )
        return parts

    @functools.cached_property
    def count(self) -> int:
        """How many columns the matrix has for each channel."""
        return sum(sight.count for sight in self.sights)

    def matrix(self, kernel: Array, groups: int) -> Array:
        """Their weights, from the kernel (F, C / groups, *kernel): (groups, rows * F / groups, C / groups * count)"""
        f, c = kernel.shape[:2]
        weights = [kernel[:, :, *sight.cells].reshape(f, c, -1, self.rows) for sight in self.sights]
        weight = weights[0] if len(weights) == 1 else xp.concatenate(weights, axis=2)
        return weight.reshape(groups, f // groups, -1, self.rows).transpose(0, 3, 1, 2).reshape(groups, -1, c * self.count)

    def put(self, kernel: Array, weight: Array) -> None:
        """The other way round: weights (groups, F / groups, C / groups * count, rows) to their cells in the kernel."""
        f, c = kernel.shape[:2]
        weight, done = weight.reshape(f, c, self.count, self.rows), 0
        for sight in self.sights:
            target, count = kernel[:, :, *sight.cells], sight.count
            target[...] = weight[:, :, done : done + count].reshape(target.shape)
            done += count

    def columns(self, planes: Array, start: int, stop: int) -> Array:
        """What the cells see from place `start` to `stop`, and what more the rows see: (C * count, places)"""
        c, number, length = planes.shape
        places = stop - start + (self.rows - 1) * abs(self.step)
        seen = []
        for sight in self.sights:
            first = sight.plane * length + sight.first + start - self.back
            seen.append(strided(planes, first, (c, *sight.counts, places), (number * length, *sight.steps, 1)))
        if self.count == 1:
            return seen[0].reshape(c, places)
        columns, done = xp.empty_like(planes, order="C", shape=(c, self.count, places)), 0
        for view, sight in zip(seen, self.sights, strict=True):
            columns[:, done : done + sight.count].reshape(view.shape)[...] = view
            done += sight.count
        return columns.reshape(-1, places)

    @functools.cached_property
    def back(self) -> int:
        """How far before the first row's place another one's lies."""
        return max(0, -(self.rows - 1) * self.step)


@functools.lru_cache(maxsize=256)
def _places(sights: tuple[Sight, ...], c: int, number: int, length: int, groups: int) -> Array:
    """Where in planes (C, number, length) each cell of each channel is seen from place 0: (groups, C / groups * count)"""
    cells = []
    for sight in sights:
        seen = xp.array(sight.plane * length + sight.first)
        for count, step in zip(sight.counts, sight.steps, strict=True):
            seen = seen[..., None] + xp.arange(count) * step
        cells.append(seen.reshape(-1))
    return (xp.arange(c)[:, None] * (number * length) + xp.concatenate(cells)).reshape(groups, -1)


class Layout:
    """How images of a size lie flat for a window: see the text above."""

    def __init__(self, window: Window, size: tuple[int, ...]) -> None:
        self.out = window.output_size(size)
        dims = list(zip(size, self.out, window.kernel, window.stride, window.padding, window.dilation, strict=True))
        self.pitch = []
        for n, o, k, s, (before, _), d in dims:
            reach, zeros, filled = d * (k - 1) // s, max(before, 0) // s, -(-(before + n) // s)
            # A row has room for its windows and for all that is filled. What they see beyond is zeros, with which rows begin.
            self.pitch.append(max(o, o + reach - zeros, min(o + reach, filled)))
        self.steps = [math.prod(self.pitch[i + 1 :]) for i in range(len(size))]
        self.plane = math.prod(self.pitch)
        self.seen = math.prod(self.out) * math.prod(window.kernel)  # cells that all windows together see of an image
        self.beyond = self.flat(d * (k - 1) // s for _, _, k, s, _, d in dims)  # so far past its place a window sees
        sights: list[Sight] = []
        self.held: list[tuple[tuple[slice, ...], tuple[slice, ...]]] = []  # for each plane: cells of the image, and where
        for shares in itertools.product(*(Share.all(k, s, d) for _, _, k, s, _, d in dims)):
            sights.append(self.sight(len(sights), shares))
            image, filled = [], []
            for share, (n, _, _, s, (before, _), _), pitch in zip(shares, dims, self.pitch, strict=True):
                start, count, q = share.held(n, s, before)
                count = max(0, min(count, pitch - q))
                image.append(slice(start, start + count * s, s))
                filled.append(slice(q, q + count))
            self.held.append((tuple(image), tuple(filled)))
        self.sights = tuple(sights)

    def flat(self, places: Iterable[int]) -> int:
        return sum(place * step for place, step in zip(places, self.steps, strict=True))

    def sight(self, plane: int, shares: Sequence[Share]) -> Sight:
        steps = tuple(share.step * step for share, step in zip(shares, self.steps, strict=True))
        cells, counts = tuple(share.cells for share in shares), tuple(share.count for share in shares)
        return Sight(plane, cells, counts, self.flat(share.place for share in shares), steps)

    def length(self, images: int) -> int:
        """From the first window of the first image to the last of the last."""
        return (images - 1) * self.plane + self.flat(o - 1 for o in self.out) + 1

    def lay(self, x: Array) -> Array:
        """Images x (B, C, *size) as planes (C, planes, B * plane + beyond)."""
        b, c = x.shape[:2]
        shape = (c, len(self.held), b * self.plane + self.beyond)
        if code := quicker(loops.lay, x, in_order=False):
            code(_spatial(x), self.held_in_numbers, self.steps_in_three, planes := xp.empty_like(x, order="C", shape=shape))
            return planes
        planes, length = xp.zeros_like(x, order="C", shape=shape), shape[2]
        for i, (image, filled) in enumerate(self.held):
            plane = strided(planes, i * length, (b, c, *self.pitch), (self.plane, len(self.held) * length, *self.steps))
            plane[:, :, *filled] = x[:, :, *image]
        return planes

    def lay_windows(self, g: Array) -> Array:
        """What belongs to windows, g (B, F, *out), at their places, with zeros between: (F, length(B))"""
        if code := quicker(loops.lay, g, in_order=False):
            wide = xp.empty_like(g, order="C", shape=(g.shape[1], self.length(len(g))))
            every = xp.array([[(0, 1, 0, n) for n in in_three(self.out, 1)]])
            code(_spatial(g), every, self.steps_in_three, wide[:, None])
            return wide
        wide = xp.zeros_like(g, order="C", shape=(g.shape[1], self.length(len(g))))
        self.windows(wide, len(g), self.out)[...] = g
        return wide

    @functools.cached_property
    def pitch_in_three(self) -> Array:
        """From one row of D, H and W to the next, counted in what lies in a row."""
        return xp.array(in_three(self.pitch, 1))

    @functools.cached_property
    def steps_in_three(self) -> Array:
        """From one image to the next, and from one cell to the next along D, H and W."""
        return xp.array([self.plane, *in_three(self.steps, 0)])

    @functools.cached_property
    def held_in_numbers(self) -> Array:
        """held[plane, dimension] = (first cell of the image, step to the next, place of the first in the plane, how many)"""
        numbers = (
            [(a.start, a.step, b.start, b.stop - b.start) for a, b in zip(image, filled, strict=True)]
            for image, filled in self.held
        )
        return xp.array([in_three(each, (0, 1, 0, 1)) for each in numbers])

    def windows(self, wide: Array, images: int, out: tuple[int, ...]) -> Array:
        """View `wide` (F, length(images)), which has a number at every place, as (images, F, *out): one at every window."""
        return strided(wide, 0, (images, len(wide), *out), (self.plane, wide.shape[1], *self.steps))


_layout = functools.lru_cache(maxsize=256)(Layout)


def correlate(x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> Array:
    """y[f, o] = sum over c, j of w[f, c, j] x[c, s o + d j - p], plus bias[f]."""
    layout = _layout(window, x.shape[2:])
    if len(x) * layout.seen * weight.shape[1] * len(weight) <= FEW:
        return definition.correlate(x, weight, bias, window, groups)
    y = xp.empty_like(x, order="C", shape=(len(x), len(weight), *layout.out))
    _multiply(x, layout, weight, [(layout.sights, y)], bias, groups)
    return y


def correlate_transposed(
    g: Array, weight: Array, bias: Array | None, window: Window, groups: int, size: Sequence[int]
) -> Array:
    """x[c, s o + d j - p] += sum over f of w[f, c, j] g[f, o], for an image of `size`; plus bias[c].

    To the cells of the image that lie in one plane this is a convolution of g with stride 1: what cell q of them gets from
    cell j of the kernel comes from  o = q - place(j).
    """
    if not xp.isfinite(weight).all():
        return definition.correlate_transposed(g, weight, bias, window, groups, size)
    per_group = weight.shape[1]
    turned = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2)
    turned = turned.reshape(groups * per_group, -1, *window.kernel)  # (C, F / groups, *kernel)
    layout, planes, everywhere = _seen_from_image(window, tuple(size), g.shape[2:])
    x = xp.empty_like(g, order="C", shape=(len(g), groups * per_group, *size))
    if not everywhere:
        x[...] = 0 if bias is None else bias.reshape(-1, *(1,) * window.rank)
    if layout is not None:
        _multiply(g, layout, turned, [(sights, x[:, :, *cells]) for cells, sights in planes], bias, groups)
    return x


@functools.lru_cache(maxsize=256)
def _seen_from_image(
    window: Window, size: tuple[int, ...], out: tuple[int, ...]
) -> tuple[Layout | None, list[tuple[tuple[slice, ...], tuple[Sight, ...]]], bool]:
    """How g (*out) lies flat to be seen from an image of `size`, and for each plane of that its cells and what they see.

    And whether these are all cells of the image. No layout where the windows see nothing but padding.
    """
    padding, spans, dims, everywhere = [], [], [], True
    for n, o, k, s, (before, _), d in zip(
        size, out, window.kernel, window.stride, window.padding, window.dilation, strict=True
    ):
        held = [(share, *share.held(n, s, before)) for share in Share.all(k, s, d)]
        held = [(share, start, count, q) for share, start, count, q in held if count]
        if not held:
            return None, [], False
        everywhere = everywhere and len(held) == min(s, n)
        ahead = max([0, *(share.place + (share.count - 1) * share.step - q for share, _, _, q in held)])
        span = max(ahead + q - share.place for share, _, _, q in held)
        longest = max(count for _, _, count, _ in held)
        padding.append((ahead, longest + span - o - ahead))
        spans.append(span + 1)
        turned = [replace(share, place=ahead + q - share.place, step=-share.step) for share, _, _, q in held]
        dims.append([(slice(start, None, s), share) for share, (_, start, _, _) in zip(turned, held, strict=True)])
    ones = (1,) * window.rank
    layout = _layout(Window(tuple(spans), ones, tuple(padding), ones, name=window.name), out)
    planes: list[tuple[tuple[slice, ...], tuple[Sight, ...]]] = []
    for plane in itertools.product(*dims):
        cells, shares = zip(*plane, strict=True)
        planes.append((cells, (layout.sight(0, shares),)))
    return layout, planes, everywhere


def _multiply(
    x: Array, layout: Layout, kernel: Array, targets: Sequence[tuple[tuple[Sight, ...], Array]], bias: Array | None, groups: int
) -> None:
    """For each target y: y = the weights of some cells of the kernel, times what they see of x, plus bias."""
    features, channels = len(kernel) // groups, kernel.shape[1]
    cells = max(sum(sight.count for sight in seen) for seen, _ in targets)
    code = _loop(loops.multiply, x, kernel, features, channels, cells)
    todo = []
    for seen, y in targets:
        parts = Part.of(seen, features) if code is None else [Part(seen)]
        todo.append(([(part, part.matrix(kernel, groups)) for part in parts], y))
    added = xp.zeros_like(x, shape=(groups, features)) if bias is None else bias.reshape(groups, features)
    # of all that a place takes of the cache: its columns, or without them what it sees and what it makes
    column = x.itemsize * groups * max(max(m.shape[1:]) for products, _ in todo for _, m in products)
    place = column if code is None else x.itemsize * (x.shape[1] * len(layout.held) + len(kernel))

    def images(first: int, last: int) -> None:
        planes, length = layout.lay(x[first:last]), layout.length(last - first)
        for products, y in todo:
            if code is not None:
                ((part, matrix),) = products
                where = _places(part.sights, *planes.shape, groups)
                code(planes.reshape(-1), where, matrix, added, layout.pitch_in_three, length, _spatial(y[first:last]))
                continue
            wide = xp.empty_like(x, order="C", shape=(groups, features, length))
            places = functools.partial(_product, planes, products, bias, wide)
            in_pieces(places, length, piece_size(length, column, x, share=last - first == len(x)))
            y[first:last] = layout.windows(wide.reshape(-1, length), last - first, y.shape[2:])

    _for_images(images, x, place * layout.plane, code)


def _loop(loop: Callable[..., Any], x: Array, other: Array, features: int, channels: int, cells: int) -> Any:
    """The loop, if a kernel of so many features, channels and cells is thin enough that it is quicker than BLAS."""
    if min(features, channels) > THIN or features * channels * cells > SMALL:
        return None
    return quicker(loop, x, other, work=max(1, features * cells // 4), in_order=False)


def _for_images(images: Callable[[int, int], Any], x: Array, bytes_of_one: int, code: Any) -> Any:
    """In pieces, and the sum of what it returns."""
    if code is None or not has_threads():
        return in_pieces(images, len(x), piece_size(len(x), bytes_of_one, x))
    size = piece_size(len(x), bytes_of_one, x, share=False)  # the loops have threads of their own
    parts = [images(start, min(start + size, len(x))) for start in range(0, len(x), size)]
    return functools.reduce(operator.add, parts) if parts and parts[0] is not None else None


def _spatial(x: Array) -> Array:
    """x (N, C, *size) as (N, C, D, H, W), with dimensions of 1 before its own."""
    return x[(slice(None), slice(None), *(None,) * (5 - x.ndim))]


def _product(
    planes: Array, products: Sequence[tuple[Part, Array]], bias: Array | None, wide: Array, start: int, stop: int
) -> None:
    """Places `start` to `stop` of wide (groups, F / groups, length): the sum of the parts' products, plus bias."""
    out = wide[:, :, start:stop]
    groups, features, count = out.shape
    for i, (part, matrix) in enumerate(products):
        columns = part.columns(planes, start, stop)
        columns = columns.reshape(groups, -1, columns.shape[1])
        if part.rows == 1 and i == 0:
            xp.matmul(matrix, columns, out=out)
            continue
        product = xp.matmul(matrix, columns)
        (_, m, n), step = product.shape, part.step
        rows = strided(product, part.back, (groups, part.rows, features, count), (m * n, features * n + step, n, 1))
        if i == 0:
            add_over(rows, axis=1, out=out)
        else:
            out += add_over(rows, axis=1)
    if bias is not None:
        out += bias.reshape(groups, features, 1)


def correlate_weight(x: Array, g: Array, window: Window, groups: int) -> Array:
    """w[f, c, j] = sum over images and windows o of x[c, s o + d j - p] g[f, o]."""
    features, channels = g.shape[1] // groups, x.shape[1] // groups
    shape = (g.shape[1], channels, *window.kernel)
    layout = _layout(window, x.shape[2:])
    if len(x) * layout.seen * channels * g.shape[1] <= FEW:
        return definition.correlate_weight(x, g, window, groups)
    code = _loop(loops.weigh, x, g, features, channels, math.prod(window.kernel))
    parts = Part.of(layout.sights, 1) if code is None else [Part(layout.sights)]
    column = x.itemsize * x.shape[1] * max(part.count for part in parts)
    place = column if code is None else x.itemsize * (x.shape[1] * len(layout.held) + g.shape[1])

    def images(first: int, last: int) -> Array:
        planes, length = layout.lay(x[first:last]), layout.length(last - first)
        wide = layout.lay_windows(g[first:last]).reshape(groups, features, length)

        def places(start: int, stop: int) -> Array:
            w = xp.empty_like(x, order="C", shape=shape)
            for part in parts:
                columns = in_order(part.columns(planes, start, stop))
                m, n = len(columns) // groups, columns.shape[1]
                rows = strided(columns, part.back, (groups, part.rows, m, stop - start), (m * n, part.step, n, 1))
                seen = wide[:, None, :, start:stop].swapaxes(2, 3)
                product = xp.matmul(rows, seen)  # (groups, rows, C / groups * count, F / groups)
                part.put(w, product.transpose(0, 3, 2, 1))
            return w

        if code is None:
            return in_pieces(places, length, piece_size(length, column, x, share=last - first == len(x)))
        (part,) = parts
        w, where = xp.empty_like(x, order="C", shape=shape), _places(part.sights, *planes.shape, groups)
        matrix = xp.empty_like(x, order="C", shape=(groups, features, where.shape[1]))
        code(planes.reshape(-1), where, wide, matrix)
        part.put(w, matrix)
        return w

    w = _for_images(images, x, place * layout.plane, code)
    if w is None:
        return xp.zeros_like(x, order="C", shape=shape)
    return w if xp.isfinite(w).all() else definition.correlate_weight(x, g, window, groups)
