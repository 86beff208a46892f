"""Convolution, its transpose and its weight gradient as compiled loops, on images packed into planes (kernels/numpy/planes.py).

The loops are in tiles.py. This file decides what they are given, and when.
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
from minitorch.kernels.numba.compiler import PAYS_FROM, compiled, has_threads, numba_implements
from minitorch.kernels.numba.tiles import CELLS, CHUNK, FEATURES, convolve, lay_out, pack, weight_gradient
from minitorch.kernels.numba.vectors import VECTOR_BYTES, WIDTH
from minitorch.kernels.numpy import convolution as conv
from minitorch.kernels.numpy.convolution import PLANES_MIN_MACS, Target, macs, macs_of_transpose, macs_of_weight
from minitorch.kernels.numpy.planes import GemmBlock, Layout, layout_of, places_read
from minitorch.kernels.threads import chunk_size, is_worker, parallel_for

__all__: list[str] = []

MIN_PLACES = 256  # with fewer windows,
MAX_WEIGHTS = 1 << 14  # BLAS multiplies more weights than these sooner than they are laid out for tiles


def _pack(x: Array, layout: Layout) -> Array:
    return _pack_with_room(x, layout)[0]


def _pack_with_room(x: Array, layout: Layout) -> tuple[Array, Array]:
    """The planes, and all their numbers in a row, behind which zeros fill the last tile."""
    shape = (x.shape[1], len(layout.filled), len(x) * layout.plane + layout.beyond)
    size, room = math.prod(shape), WIDTH * VECTOR_BYTES // x.itemsize
    flat = xp.empty_like(x, order="C", shape=size + room)
    flat[size:] = 0
    compiled(pack)(_spatial(x), layout.filled_3d, layout.steps_3d, planes := flat[:size].reshape(shape))
    return planes, flat


def _pack_windows(g: Array, layout: Layout, multiple: int = 1) -> Array:
    """With zeros at the end, so that the length is a multiple."""
    wide = xp.empty_like(g, order="C", shape=(g.shape[1], -(-layout.length(len(g)) // multiple) * multiple))
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
    if not _suits_tiles(weight, len(x) * math.prod(window.output_size(x.shape[2:]))):
        return NotImplemented
    return conv.convolve(multiply, x, weight, bias, window, groups)


@numba_implements(
    "conv_transpose", work=macs_of_transpose, pays_from=4 * PAYS_FROM, layout="native", ulp=256, sample=samples.conv_transpose
)
def _conv_transpose(g: Array, weight: Array, bias: Array | None, window: Window, groups: int, size: Sequence[int]) -> Any:
    if not _suits_tiles(weight, len(g) * math.prod(g.shape[2:])):
        return NotImplemented
    return conv.convolve_transposed(multiply, g, weight, bias, window, groups, size)


@numba_implements(
    "conv_weight", work=macs_of_weight, pays_from=PLANES_MIN_MACS + 1, layout="native", ulp=256, sample=samples.conv_weight
)
def _conv_weight(x: Array, g: Array, window: Window, groups: int) -> Any:
    features, channels = g.shape[1] // groups, x.shape[1] // groups
    if math.prod(window.kernel) == 1:
        return NotImplemented  # a single product, as it lies
    layout = layout_of(window, x.shape[2:])
    block = GemmBlock(layout.cell_groups)

    def images(first: int, last: int) -> Array:
        planes, flat = _pack_with_room(x[first:last], layout)
        wide = _pack_windows(g[first:last], layout, VECTOR_BYTES // x.itemsize)
        w, places = xp.empty_like(x, order="C", shape=(g.shape[1], channels, *window.kernel)), _read_by(block, planes, groups)
        rows, cells = features if features == 1 else -(-features // 4) * 4, places.shape[1]
        tasks = groups * -(-features // FEATURES) * -(-cells // CELLS)
        parts = 1 if tasks > 4 else min(4, -(-wide.shape[1] // CHUNK))
        sums = xp.empty_like(x, order="C", shape=(groups, parts, rows, -(-cells // 3) * 3))
        compiled(weight_gradient)(flat, places, wide.reshape(groups, features, -1), sums)
        block.put(w, xp.add.reduce(sums, axis=1)[:, :features, :cells])
        return w

    w = _for_images(images, x, x.itemsize * (x.shape[1] * len(layout.filled) + g.shape[1]) * layout.plane)
    return NotImplemented if w is None or not xp.isfinite(w).all() else w


def multiply(x: Array, layout: Layout, weight: Array, targets: Sequence[Target], bias: Array | None, groups: int) -> None:
    """For each target y: y = the weights of its cells, times what they read of x, plus bias; by a loop."""
    features = len(weight) // groups
    todo = [((block := GemmBlock(cells)), _lay_out(weight, block, groups), y) for cells, y in targets]
    added = xp.zeros_like(x, shape=(groups, features)) if bias is None else bias.reshape(groups, features)

    def images(first: int, last: int) -> None:
        planes, flat = _pack_with_room(x[first:last], layout)
        length = layout.length(last - first)
        for block, matrix, y in todo:
            places = _read_by(block, planes, groups)
            compiled(convolve)(flat, places, matrix, added, layout.pitch_3d, length, _spatial(y[first:last]))

    _for_images(images, x, x.itemsize * (x.shape[1] * len(layout.filled) + len(weight)) * layout.plane)


def _suits_tiles(weight: Array, windows: int) -> bool:
    """Whether tiles are quicker than BLAS, for which the kernel of a single cell needs no layout."""
    return math.prod(weight.shape[2:]) > 1 and (weight.size <= MAX_WEIGHTS or windows >= MIN_PLACES)


def _lay_out(weight: Array, block: GemmBlock, groups: int) -> Array:
    """The weights of the cells, (groups, blocks of features, cells, features of a block)."""
    features, channels, done = len(weight) // groups, weight.shape[1], 0
    count = 1 if features == 1 else 4
    out = xp.empty_like(weight, order="C", shape=(groups, -(-features // count), channels, block.count, count))
    for group in block.cell_groups:
        compiled(lay_out)(_spatial(weight[:, :, *group.cells]), done, out)
        done += group.count
    return out.reshape(groups, -1, channels * block.count, count)


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
