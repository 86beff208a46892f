"""Convolution as compiled loops over tiles (vectors.py), on images packed into planes (kernels/numpy/planes.py).

No columns are written: a tile reads the slices of a plane where they lie.
"""

from __future__ import annotations

from minitorch.backend.arrays import Array, xp
from minitorch.kernels.numba.compiler import prange
from minitorch.kernels.numba.vectors import (
    VECTOR_BYTES,
    WIDTH,
    copied_rows,
    every_second_of_rows,
    line,
    line_products,
    products,
    shifted_row,
    strip,
)

__all__ = ["CELLS", "CHUNK", "FEATURES", "convolve", "lay_out", "pack", "weight_gradient"]

PLACES = 1024  # so many of all channels fit the cache of a core
FEATURES, CELLS, CHUNK = 32, 72, 1024  # of a task in `weight_gradient`: features, cells, and places at a time


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
            at = (at_z + a) * to_z + at_y * to_y + at_w
            rows = image[z + a * dz, y : y + (height - 1) * dy + 1 : dy]
            if x.strides[4] == x.itemsize and dw == 1 and height and width:
                copied_rows(rows[:, w : w + width], flat[at:], to_y)
            elif x.strides[4] == x.itemsize and dw == 2 and height and width:
                every_second_of_rows(rows[:, w : w + 2 * width - 1], flat[at:], to_y)
            else:
                for b in range(height):
                    for k in range(width):
                        flat[at + b * to_y + k] = rows[b, w + k * dw]


def lay_out(weight: Array, at: int, out: Array) -> None:
    """Some cells of a kernel, weight (groups * F, C, D, H, W), as `convolve` takes them: side by side what one step of a tile
    reads,

    out[g, block, c, at + cell, j] = weight[g F + 4 block + j, c, cell]

    The last block is filled up with zeros. A single feature stays alone.
    """
    groups, blocks, channels, _, count = out.shape
    features, (_, _, depth, height, width) = len(weight) // groups, weight.shape
    for i in prange(groups * blocks):
        g, block = i // blocks, i % blocks
        for j in range(count):
            f = block * count + j
            for c in range(channels):
                cell = at
                for z in range(depth):
                    for y in range(height):
                        for x in range(width):
                            out[g, block, c, cell, j] = weight[g * features + f, c, z, y, x] if f < features else 0
                            cell += 1


def convolve(flat: Array, places: Array, weight: Array, bias: Array, pitch: Array, length: int, y: Array) -> None:
    """y[n, (g, f), o] = bias[g, f] + sum over k of weight[g, f, k] flat[places[g, k] + the place of window o of image n]

    Window o of image n has the place ((n pitch[0] + o[0]) pitch[1] + o[1]) pitch[2] + o[2]; all are below `length`. `lay_out`
    made the weight. After the last place that a window reads, flat has numbers enough for one more tile.
    """
    images, _, depth, height, _ = y.shape
    groups, blocks, _, count = weight.shape
    features, width = bias.shape[1], WIDTH * VECTOR_BYTES // flat.itemsize
    parts = (length - 1) // (4 * PLACES) * 4 + 4  # a multiple of four, to share them evenly
    size = (length - 1) // (parts * width) * width + width
    for i in prange(groups * parts):
        g, start = i // parts, i % parts * size
        n = max(0, min(size, length - start))
        seen, sums = flat[start:], xp.empty((count, size), y.dtype)
        for block in range(blocks if n else 0):
            if count == 1:
                line(weight[g, block], seen, places[g], sums, n)
            else:
                strip(weight[g, block], seen, places[g], sums, n)
            for j in range(min(count, features - block * count)):  # copied row by row, without what lies between the rows
                f, row = block * count + j, start // pitch[2]
                image, z, r = row // (pitch[0] * pitch[1]), row // pitch[1] % pitch[0], row % pitch[1]
                column, done = start % pitch[2], 0
                while done < n and image < images:
                    if z < depth and r < height:
                        source, target = sums[j, done:n], y[image, g * features + f, z, r, column:]
                        if y.strides[4] == y.itemsize:
                            shifted_row(source, target, bias[g, f])
                        else:
                            for k in range(min(source.size, target.size)):
                                target[k] = source[k] + bias[g, f]
                    done, column, r = done + pitch[2] - column, 0, r + 1
                    if r == pitch[1]:
                        r, z = 0, z + 1
                    if z == pitch[0]:
                        z, image = 0, image + 1


def weight_gradient(flat: Array, places: Array, wide: Array, sums: Array) -> None:
    """sums[g, part, f, k] = sum over o of wide[g, f, o] flat[places[g, k] + o],  for a part of the places o

    As many parts as `sums` has are all places. `sums` has room for whole tiles. Vectors divide the length of `wide`.
    """
    (groups, features, length), cells = wide.shape, places.shape[1]
    parts, rows = sums.shape[1], 1 if features == 1 else 4
    size = (length - 1) // (parts * CHUNK) * CHUNK + CHUNK
    of_cells, of_features = (cells - 1) // CELLS + 1, (features - 1) // FEATURES + 1
    for i in prange(groups * parts * of_features * of_cells):
        g, part = i // (parts * of_features * of_cells), i // (of_features * of_cells) % parts
        first_f, first_k = i // of_cells % of_features * FEATURES, i % of_cells * CELLS
        end_f, end_k = min(first_f + FEATURES, features), min(first_k + CELLS, cells)
        total, begin, end = sums[g, part], part * size, min(length, (part + 1) * size)
        total[first_f : first_f + FEATURES, first_k : first_k + CELLS] = 0
        for start in range(begin, end, CHUNK):
            seen, count = flat[start:], min(CHUNK, end - start)
            for f in range(first_f, end_f, rows):
                y = wide[g, f : min(f + rows, features), start:]
                for k in range(first_k, end_k, 3):
                    if rows == 1:
                        line_products(y, seen, places[g, k:], total[f : f + 1, k : k + 3], count)
                    else:
                        products(y, seen, places[g, k:], total[f : f + 4, k : k + 3], count)
