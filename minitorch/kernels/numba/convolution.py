"""Convolution with few channels as compiled loops, on images packed into planes (kernels/numpy/planes.py).

BLAS is quicker with large matrices. With few channels no columns are written: a loop reads the slices where they lie.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.window import Window, pad_to_3d
from minitorch.kernels import samples
from minitorch.kernels.numba.compiler import PAYS_FROM, compiled, has_threads, numba_implements, prange
from minitorch.kernels.numpy import convolution as conv
from minitorch.kernels.numpy.convolution import PLANES_MIN_MACS, Target, macs, macs_of_transpose, macs_of_weight
from minitorch.kernels.numpy.planes import GemmBlock, Layout, layout_of, places_read
from minitorch.kernels.threads import chunk_size, is_worker, parallel_for

__all__: list[str] = []

MAX_CHANNELS = 32  # up to so many channels or features,
MAX_WEIGHTS = 1 << 14  # and so many weights, a loop is quicker than BLAS
BLOCK = 1024  # numbers at a time: so many of four or eight rows stay in the nearest cache of the processor
PART = 16  # cells at a time in `conv_weight`, a multiple of 4


def copy_row(source: Array, target: Array) -> None:
    """Copy as many numbers as there is room for. (As a part of a long loop the compiler would copy them one by one.)"""
    for k in range(min(source.size, target.size)):
        target[k] = source[k]


def pack(x: Array, filled: Array, steps: Array, planes: Array) -> None:
    """Images x (N, C, D, H, W) as planes (C, planes, places), with zeros between. `steps`: from image to image, along D, H, W.

    filled[plane, dimension] = (first cell of the image, step to the next, place of the first in the plane, how many)
    """
    images, channels = x.shape[:2]
    number, length = planes.shape[1:]
    to_image, to_z, to_y = steps[0], steps[1], steps[2]
    for i in prange(channels * number * images):
        c, plane, n = i // (number * images), i // images % number, i % images
        z, dz, at_z, depth = filled[plane, 0]
        y, dy, at_y, height = filled[plane, 1]
        w, dw, at_w, width = filled[plane, 2]
        image, flat = x[n, c], planes[c, plane, n * to_image : (n + 1) * to_image if n + 1 < images else length]
        flat[:] = 0
        for a in range(depth):
            for b in range(height):
                at = (at_z + a) * to_z + (at_y + b) * to_y + at_w
                row = image[z + a * dz, y + b * dy]
                line = flat[at : at + width]
                if dw == 1:  # a slice with a step takes longer to make
                    copy_row(row[w : w + width], line)
                else:
                    copy_row(row[w::dw], line)


def convolve(flat: Array, places: Array, weight: Array, bias: Array, pitch: Array, length: int, y: Array) -> None:
    """y[n, (g, f), o] = bias[g, f] + sum over k of weight[g, f, k] flat[places[g, k] + the place of window o of image n]

    Window o of image n has the place ((n pitch[0] + o[0]) pitch[1] + o[1]) pitch[2] + o[2]; all are below `length`.

    Four features by four cells at a time: their sixteen weights stay in registers, while each number that is read serves
    four times.
    """
    images, _, depth, height, _ = y.shape
    groups, features, cells = weight.shape
    blocks = (length - 1) // (4 * BLOCK) * 4 + 4  # a multiple of four, to share them evenly
    size = (length - 1) // blocks + 1
    last, whole = features - 1, cells - cells % 4
    for i in prange(groups * blocks):
        g, start = i // blocks, i % blocks * size
        n = max(0, min(size, length - start))
        w, seen = weight[g], flat[start:]
        sums = xp.empty((4, size), y.dtype)
        y0, y1, y2, y3 = sums[0], sums[1], sums[2], sums[3]
        for f in range(0, features, 4):
            f1, f2, f3 = min(f + 1, last), min(f + 2, last), min(f + 3, last)
            y0[:], y1[:], y2[:], y3[:] = bias[g, f], bias[g, f1], bias[g, f2], bias[g, f3]
            for k in range(0, whole, 4):
                p0, p1, p2, p3 = places[g, k], places[g, k + 1], places[g, k + 2], places[g, k + 3]
                x0, x1, x2, x3 = seen[p0 : p0 + n], seen[p1 : p1 + n], seen[p2 : p2 + n], seen[p3 : p3 + n]
                a0, a1, a2, a3 = w[f, k], w[f, k + 1], w[f, k + 2], w[f, k + 3]
                if f == last:
                    for o in range(n):
                        y0[o] += a0 * x0[o] + a1 * x1[o] + a2 * x2[o] + a3 * x3[o]
                    continue
                b0, b1, b2, b3 = w[f1, k], w[f1, k + 1], w[f1, k + 2], w[f1, k + 3]
                c0, c1, c2, c3 = w[f2, k], w[f2, k + 1], w[f2, k + 2], w[f2, k + 3]
                d0, d1, d2, d3 = w[f3, k], w[f3, k + 1], w[f3, k + 2], w[f3, k + 3]
                for o in range(n):
                    v0, v1, v2, v3 = x0[o], x1[o], x2[o], x3[o]
                    y0[o] += a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3
                    y1[o] += b0 * v0 + b1 * v1 + b2 * v2 + b3 * v3
                    y2[o] += c0 * v0 + c1 * v1 + c2 * v2 + c3 * v3
                    y3[o] += d0 * v0 + d1 * v1 + d2 * v2 + d3 * v3
            for k in range(whole, cells):
                x0 = seen[places[g, k] : places[g, k] + n]
                a0, b0, c0, d0 = w[f, k], w[f1, k], w[f2, k], w[f3, k]
                for o in range(n):
                    y0[o] += a0 * x0[o]
                if f == last:
                    continue
                for o in range(n):
                    y1[o] += b0 * x0[o]
                    y2[o] += c0 * x0[o]
                    y3[o] += d0 * x0[o]
            for j in range(min(4, features - f)):  # copy row by row into y, without what lies between the rows
                row = start // pitch[2]
                image, z, r = row // (pitch[0] * pitch[1]), row // pitch[1] % pitch[0], row % pitch[1]
                column, done = start % pitch[2], 0
                while done < n and image < images:
                    if z < depth and r < height:
                        copy_row(sums[j, done:n], y[image, g * features + f + j, z, r, column:])
                    done, column, r = done + pitch[2] - column, 0, r + 1
                    if r == pitch[1]:
                        r, z = 0, z + 1
                    if z == pitch[0]:
                        z, image = 0, image + 1


def conv_weight(flat: Array, places: Array, wide: Array, weight: Array) -> None:
    """weight[g, f, k] = sum over o of wide[g, f, o] flat[places[g, k] + o], four by four, as in `convolve`."""
    (groups, features, length), cells = wide.shape, places.shape[1]
    parts, last, final = (cells - 1) // PART + 1, features - 1, cells - 1
    for i in prange(groups * parts):
        g, begin = i // parts, i % parts * PART
        sums, where, y = xp.zeros((features + 3, PART), wide.dtype), places[g], wide[g]
        for start in range(0, length, BLOCK):
            end = min(start + BLOCK, length)
            n = end - start
            seen = flat[start:]
            for f in range(0, features, 4):
                f1, f2, f3 = min(f + 1, last), min(f + 2, last), min(f + 3, last)
                y0, y1, y2, y3 = y[f, start:end], y[f1, start:end], y[f2, start:end], y[f3, start:end]
                for k in range(begin, min(begin + PART, cells), 4):
                    p0, p1, p2, p3 = where[k], where[min(k + 1, final)], where[min(k + 2, final)], where[min(k + 3, final)]
                    x0, x1, x2, x3 = seen[p0 : p0 + n], seen[p1 : p1 + n], seen[p2 : p2 + n], seen[p3 : p3 + n]
                    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = wide.dtype.type(0)
                    c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = wide.dtype.type(0)
                    for o in range(n if f == last else 0):
                        a0, a1, a2, a3 = a0 + y0[o] * x0[o], a1 + y0[o] * x1[o], a2 + y0[o] * x2[o], a3 + y0[o] * x3[o]
                    for o in range(0 if f == last else n):
                        v0, v1, v2, v3 = x0[o], x1[o], x2[o], x3[o]
                        a0, a1, a2, a3 = a0 + y0[o] * v0, a1 + y0[o] * v1, a2 + y0[o] * v2, a3 + y0[o] * v3
                        b0, b1, b2, b3 = b0 + y1[o] * v0, b1 + y1[o] * v1, b2 + y1[o] * v2, b3 + y1[o] * v3
                        c0, c1, c2, c3 = c0 + y2[o] * v0, c1 + y2[o] * v1, c2 + y2[o] * v2, c3 + y2[o] * v3
                        d0, d1, d2, d3 = d0 + y3[o] * v0, d1 + y3[o] * v1, d2 + y3[o] * v2, d3 + y3[o] * v3
                    for j, total in enumerate(((a0, a1, a2, a3), (b0, b1, b2, b3), (c0, c1, c2, c3), (d0, d1, d2, d3))):
                        for m in range(4):
                            sums[f + j, k - begin + m] += total[m]
        for k in range(begin, min(begin + PART, cells)):
            weight[g, :, k] = sums[:features, k - begin]


def _pack(x: Array, layout: Layout) -> Array:
    shape = (x.shape[1], len(layout.filled), len(x) * layout.plane + layout.beyond)
    compiled(pack)(_spatial(x), layout.filled_3d, layout.steps_3d, planes := xp.empty_like(x, order="C", shape=shape))
    return planes


def _pack_windows(g: Array, layout: Layout) -> Array:
    wide = xp.empty_like(g, order="C", shape=(g.shape[1], layout.length(len(g))))
    every = xp.array([[(0, 1, 0, n) for n in pad_to_3d(layout.out, 1)]])
    compiled(pack)(_spatial(g), every, layout.steps_3d, wide[:, None])
    return wide


def _unless_in_a_thread(function: Callable[[Array, Layout], Array]) -> Callable[[Array, Layout], Any]:
    """A loop by all threads; the one of several that has a chunk of the images does without."""
    return lambda x, layout: NotImplemented if is_worker() else function(x, layout)


for _name, _function, _sample in (
    ("pack", _pack, samples.planes), ("pack_windows", _pack_windows, samples.planes_of_windows),
):  # fmt: skip
    numba_implements(_name, layout="native", sample=_sample)(_unless_in_a_thread(_function))


@numba_implements("convolution", work=macs, pays_from=PLANES_MIN_MACS + 1, layout="native", ulp=256, sample=samples.convolution)
def _convolution(x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> Any:
    if not _is_thin(len(weight) // groups, weight.shape[1], math.prod(window.kernel)):
        return NotImplemented
    return conv.convolve(multiply, x, weight, bias, window, groups)


@numba_implements(
    "conv_transpose", work=macs_of_transpose, pays_from=4 * PAYS_FROM, layout="native", ulp=256, sample=samples.conv_transpose
)
def _conv_transpose(g: Array, weight: Array, bias: Array | None, window: Window, groups: int, size: Sequence[int]) -> Any:
    dims = zip(window.kernel, window.stride, window.dilation, strict=True)
    cells = math.prod(-(-k // (s // math.gcd(s, d))) for k, s, d in dims)  # those of one plane
    if not _is_thin(weight.shape[1], len(weight) // groups, cells):
        return NotImplemented
    return conv.convolve_transposed(multiply, g, weight, bias, window, groups, size)


@numba_implements(
    "conv_weight", work=macs_of_weight, pays_from=PLANES_MIN_MACS + 1, layout="native", ulp=256, sample=samples.conv_weight
)
def _conv_weight(x: Array, g: Array, window: Window, groups: int) -> Any:
    features, channels = g.shape[1] // groups, x.shape[1] // groups
    if not _is_thin(features, channels, math.prod(window.kernel)):
        return NotImplemented
    layout = layout_of(window, x.shape[2:])
    block = GemmBlock(layout.cell_groups)

    def images(first: int, last: int) -> Array:
        planes, length = _pack(x[first:last], layout), layout.length(last - first)
        wide = _pack_windows(g[first:last], layout).reshape(groups, features, length)
        w, places = xp.empty_like(x, order="C", shape=(g.shape[1], channels, *window.kernel)), _read_by(block, planes, groups)
        matrix = xp.empty_like(x, order="C", shape=(groups, features, places.shape[1]))
        compiled(conv_weight)(planes.reshape(-1), places, wide, matrix)
        block.put(w, matrix)
        return w

    w = _for_images(images, x, x.itemsize * (x.shape[1] * len(layout.filled) + g.shape[1]) * layout.plane)
    return NotImplemented if w is None or not xp.isfinite(w).all() else w


def multiply(x: Array, layout: Layout, weight: Array, targets: Sequence[Target], bias: Array | None, groups: int) -> None:
    """For each target y: y = the weights of its cells, times what they read of x, plus bias; by a loop."""
    features = len(weight) // groups
    todo = [((block := GemmBlock(cells)), block.matrix(weight, groups), y) for cells, y in targets]
    added = xp.zeros_like(x, shape=(groups, features)) if bias is None else bias.reshape(groups, features)

    def images(first: int, last: int) -> None:
        planes, length = _pack(x[first:last], layout), layout.length(last - first)
        for block, matrix, y in todo:
            places = _read_by(block, planes, groups)
            compiled(convolve)(planes.reshape(-1), places, matrix, added, layout.pitch_3d, length, _spatial(y[first:last]))

    _for_images(images, x, x.itemsize * (x.shape[1] * len(layout.filled) + len(weight)) * layout.plane)


def _is_thin(features: int, channels: int, cells: int) -> bool:
    """Whether a weight is small enough that a loop is quicker than BLAS."""
    return min(features, channels) <= MAX_CHANNELS and features * channels * cells <= MAX_WEIGHTS


def _read_by(block: GemmBlock, planes: Array, groups: int) -> Array:
    return places_read(block.cell_groups, *planes.shape, groups)


def _for_images(images: Callable[[int, int], Any], x: Array, bytes_each: int) -> Any:
    """images(first, last) for chunks of the batch, and the sum of what it returns. The loops may have threads of their own."""
    if not has_threads():
        return parallel_for(images, len(x), chunk_size(len(x), bytes_each))
    size = chunk_size(len(x), bytes_each, share=False)
    parts = [images(start, min(start + size, len(x))) for start in range(0, len(x), size)]
    return functools.reduce(operator.add, parts) if parts and parts[0] is not None else None


def _spatial(x: Array) -> Array:
    """x (N, C, *size) as (N, C, D, H, W)."""
    return x[(slice(None), slice(None), *(None,) * (5 - x.ndim))]
