"""Convolution, its transpose and its weight gradient as matrix products, on images packed into planes (planes.py).

The slices that the cells of a kernel read, one below the other, are the columns of which convolution is a matrix product. They
never exist all at once: chunks are written that fit the cache, and multiplied there.

The definition (ops/convolution.py) computes where there is little to do, and where a number is infinite or nan: multiplied by
the zeros between two rows, it would spread.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from minitorch.backend.arrays import Array, contiguous, strided, xp
from minitorch.backend.dispatch import implements
from minitorch.backend.window import Window
from minitorch.kernels import samples
from minitorch.kernels.numpy.planes import CellGroup, GemmBlock, Layout, layout_of, layout_of_transpose, pack, pack_windows
from minitorch.kernels.threads import chunk_size, parallel_for

__all__ = ["PLANES_MIN_MACS", "Target", "convolve", "convolve_transposed", "macs", "macs_of_transpose", "macs_of_weight"]

PLANES_MIN_MACS = 1 << 18  # multiplications up to which packing takes longer than writing columns (and BLAS has one thread)

Target = tuple[tuple[CellGroup, ...], Array]  # some cells of a kernel, and where to write the convolution with them


def macs(x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> int:
    """The multiplications of a convolution."""
    return len(x) * math.prod(window.output_size(x.shape[2:])) * int(weight.size)


def macs_of_transpose(g: Array, weight: Array, *rest: Any) -> int:
    """The multiplications of a transposed convolution."""
    return len(g) * math.prod(g.shape[2:]) * int(weight.size)


def macs_of_weight(x: Array, g: Array, window: Window, groups: int) -> int:
    """The multiplications of a weight gradient."""
    return int(g.size) * x.shape[1] // groups * math.prod(window.kernel)


@implements("convolution", engine="numpy", work=macs, pays_from=PLANES_MIN_MACS + 1, ulp=256, sample=samples.convolution)
def _convolution(x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> Any:
    return convolve(multiply, x, weight, bias, window, groups)


@implements("conv_transpose", engine="numpy", ulp=256, sample=samples.conv_transpose)
def _conv_transpose(g: Array, weight: Array, bias: Array | None, window: Window, groups: int, size: Sequence[int]) -> Any:
    return convolve_transposed(multiply, g, weight, bias, window, groups, size)


def convolve(compute: Callable[..., None], x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> Array:
    """A convolution by `multiply`, or another function of its arguments."""
    layout = layout_of(window, x.shape[2:])
    y = xp.empty_like(x, order="C", shape=(len(x), len(weight), *layout.out))
    compute(x, layout, weight, [(layout.cell_groups, y)], bias, groups)
    return y


def convolve_transposed(
    compute: Callable[..., None],
    g: Array,
    weight: Array,
    bias: Array | None,
    window: Window,
    groups: int,
    size: Sequence[int],
) -> Any:
    """A transposed convolution by `multiply`, or another function of its arguments: for each plane of the image that it makes,
    a convolution of g with stride 1. Cell q of a plane gets from cell j of the kernel what comes from  o = q - place(j).
    """
    if (math.prod(window.kernel) < 8 and macs_of_transpose(g, weight) <= PLANES_MIN_MACS) or not xp.isfinite(weight).all():
        return NotImplemented
    layout, planes, covers_all = layout_of_transpose(window, tuple(size), g.shape[2:])
    turned = transposed_weight(weight, groups)
    x = xp.empty_like(g, order="C", shape=(len(g), len(turned), *size))
    if not covers_all:
        x[...] = 0 if bias is None else bias.reshape(-1, *(1,) * window.rank)
    if layout is not None:
        compute(g, layout, turned, [(cells, x[:, :, *image]) for image, cells in planes], bias, groups)
    return x


def transposed_weight(weight: Array, groups: int) -> Array:
    """A weight (F, C / groups, *kernel) as (C, F / groups, *kernel)"""
    grouped = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2)
    return grouped.reshape(groups * weight.shape[1], -1, *weight.shape[2:])


def multiply(x: Array, layout: Layout, weight: Array, targets: Sequence[Target], bias: Array | None, groups: int) -> None:
    """For each target y: y = the weights of its cells, times what they read of x, plus bias; by BLAS."""
    features = len(weight) // groups
    todo = []
    for cells, y in targets:
        blocks = GemmBlock.of(cells, features)
        todo.append(([(block, block.matrix(weight, groups)) for block in blocks], y))
    added = None if bias is None else bias.reshape(groups, features)
    column = x.itemsize * groups * max(max(m.shape[1:]) for products, _ in todo for _, m in products)
    work = sum(m.size for products, _ in todo for _, m in products) * len(x) * layout.plane
    for_chunks = parallel_for if work > PLANES_MIN_MACS else _at_once

    def images(first: int, last: int) -> None:
        planes, length = pack(x[first:last], layout), layout.length(last - first)
        for products, y in todo:
            wide = xp.empty_like(x, order="C", shape=(groups, features, length))
            places = functools.partial(_product, planes, products, added, wide)
            for_chunks(places, length, chunk_size(length, column, share=last - first == len(x)))
            y[first:last] = layout.windows(wide.reshape(-1, length), last - first, y.shape[2:])

    for_chunks(images, len(x), chunk_size(len(x), column * layout.plane))


def _at_once(function: Callable[[int, int], Any], total: int, size: int) -> None:
    """As `parallel_for`, for so little that BLAS has one thread anyway."""
    if total:
        function(0, total)


def _product(
    planes: Array, products: Sequence[tuple[GemmBlock, Array]], bias: Array | None, wide: Array, start: int, stop: int
) -> None:
    """Places `start` to `stop` of wide (groups, F / groups, length): the sum of the blocks' products, plus bias."""
    out = wide[:, :, start:stop]
    groups, features, count = out.shape
    for i, (block, matrix) in enumerate(products):
        columns = block.columns(planes, start, stop)
        columns = columns.reshape(groups, -1, columns.shape[1])
        if block.rows == 1 and i == 0:
            xp.matmul(matrix, columns, out=out)
            continue
        product = xp.matmul(matrix, columns)
        (_, m, n), step = product.shape, block.step
        rows = strided(product, block.back, (groups, block.rows, features, count), (m * n, features * n + step, n, 1))
        if i == 0:
            xp.add.reduce(rows, axis=1, out=out)
        else:
            out += xp.add.reduce(rows, axis=1)
    if bias is not None:
        out += bias.reshape(groups, features, 1)


@implements(
    "conv_weight", engine="numpy", work=macs_of_weight, pays_from=PLANES_MIN_MACS + 1, ulp=256, sample=samples.conv_weight
)
def _conv_weight(x: Array, g: Array, window: Window, groups: int) -> Any:
    """The products of blocks with g, chunk by chunk, added up."""
    features, channels = g.shape[1] // groups, x.shape[1] // groups
    layout = layout_of(window, x.shape[2:])
    blocks = GemmBlock.of(layout.cell_groups, 1)
    column = x.itemsize * x.shape[1] * max(block.count for block in blocks)

    def images(first: int, last: int) -> Array:
        planes, length = pack(x[first:last], layout), layout.length(last - first)
        wide = pack_windows(g[first:last], layout).reshape(groups, features, length)

        def places(start: int, stop: int) -> Array:
            w = xp.empty_like(x, order="C", shape=(g.shape[1], channels, *window.kernel))
            for block in blocks:
                columns = contiguous(block.columns(planes, start, stop))
                m, n = len(columns) // groups, columns.shape[1]
                rows = strided(columns, block.back, (groups, block.rows, m, stop - start), (m * n, block.step, n, 1))
                product = xp.matmul(rows, wide[:, None, :, start:stop].swapaxes(2, 3))  # (groups, rows, m, F / groups)
                block.put(w, product.transpose(0, 3, 2, 1))
            return w

        return parallel_for(places, length, chunk_size(length, column, share=last - first == len(x)))

    w = parallel_for(images, len(x), chunk_size(len(x), column * layout.plane))
    return NotImplemented if w is None or not xp.isfinite(w).all() else w
