"""Loops over the elements of arrays, in plain Python, for Numba to translate to machine code (backend/compiled.py).

minitorch works without them: each says what some NumPy code says, too, and tests hold the two equal. A loop passes over memory
once, where NumPy does for every operation. Threads share the rounds of a `prange`, and no round writes what another one reads
or writes: so the result is the same for any number of threads.

Two rules that Numba asks for. A variable keeps the type of its first value: zeros are made by `x.dtype.type(0)`. And before a
`prange` a number and an array are never assigned together: `n, a = 1, x[0]` hands the threads a wrong n (Numba 0.68).
"""

from __future__ import annotations

from typing import TypeAlias

from minitorch.backend.arrays import Array, xp

Triple: TypeAlias = tuple[int, int, int]

prange = range  # Numba's, in machine code

BLOCK = 1024  # numbers at a time: of four or eight rows as many stay in the nearest cache of the processor
PART = 16  # cells at a time that `weigh` looks at, a multiple of 4


# ---- element by element ----------------------------------------------------------------------------------------------


def relu(x: Array, out: Array) -> None:
    """out = max(x, 0), and nan where x is nan."""
    a, b = x.reshape(-1), out.reshape(-1)
    zero = x.dtype.type(0)
    for i in prange(b.size):
        b[i] = zero if a[i] <= 0 else a[i]


def where_positive(g: Array, y: Array, out: Array) -> None:
    """out = g where y > 0, 0 elsewhere."""
    a, b, c = g.reshape(-1), y.reshape(-1), out.reshape(-1)
    zero = g.dtype.type(0)
    for i in prange(c.size):
        c[i] = a[i] if b[i] > 0 else zero


def bent(g: Array, x: Array, slope: Array, out: Array) -> None:
    """out = g where x > 0, slope * g elsewhere: `slope` has one element."""
    a, b, c = g.reshape(-1), x.reshape(-1), out.reshape(-1)
    steep = slope.reshape(-1)[0]
    for i in prange(c.size):
        c[i] = a[i] if b[i] > 0 else a[i] * steep


def tanh_slope(g: Array, y: Array, out: Array) -> None:
    """out = g (1 - y^2)"""
    a, b, c = g.reshape(-1), y.reshape(-1), out.reshape(-1)
    for i in prange(c.size):
        c[i] = a[i] - a[i] * (b[i] * b[i])


def sigmoid(x: Array, out: Array) -> None:
    """out = 1 / (1 + e^-x), for float32

    e^t = 2^n e^r, for the whole number n nearest to t / log 2. As |r| is at most log(2) / 2, what eight terms of the series
    leave out is less than half of float32's last digit, and 2^n is the number whose exponent has the bits n + 127. Written out
    like this, the processor makes several at once. log 2 is taken off in two parts, so that little of r is lost: the first has
    so few digits that n times it is exact. Below -88.72, where e^-x overflows, it is 0.
    """
    a, b = x.reshape(-1), out.reshape(-1)
    zero, half, one, top = xp.float32(0), xp.float32(0.5), xp.float32(1), xp.float32(88.72)
    for i in prange(b.size):
        t = min(max(-a[i], xp.float32(-87)), top)
        n = min(xp.floor(t * xp.float32(1.4426950408889634) + half), xp.float32(127))
        r = t - n * xp.float32(0.693359375) + n * xp.float32(2.12194440054690583e-4)
        e = xp.float32(1 / 5040) * r + xp.float32(1 / 720)
        e = (e * r + xp.float32(1 / 120)) * r + xp.float32(1 / 24)
        e = (((e * r + xp.float32(1 / 6)) * r + half) * r + one) * r + one
        y = one / (one + e * xp.int32((xp.int32(n) + xp.int32(127)) << xp.int32(23)).view(xp.float32))
        b[i] = y if a[i] >= -top else zero if a[i] < -top else a[i]  # which is nan


def sigmoid_slope(g: Array, y: Array, out: Array) -> None:
    """out = g y (1 - y)"""
    a, b, c = g.reshape(-1), y.reshape(-1), out.reshape(-1)
    for i in prange(c.size):
        c[i] = a[i] * (b[i] - b[i] * b[i])


# ---- windows, three-dimensional: an image of less has dimensions of 1 before its own ---------------------------------
# Of a row's windows those from `first` to `end` have their cell c on the image. Each loop says so for itself: Numba translates
# it alone, and what it called would have to be translated, too.


def largest_of_windows(
    x: Array, kernel: Triple, stride: Triple, before: Triple, dilation: Triple, values: Array, which: Array
) -> bool:
    """The largest of each window over x (P, D, H, W), the first of equals, into `values` (P, *out); its cell into `which`.

    False, and neither of use, if the definition must decide: there is a nan, or inf beside -inf, or a window that sees nothing
    but padding and -inf.
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
        well = total == total  # it is nan if one of them is, or for inf beside -inf
        for o in range(outs):
            best[:] = low
            number[:] = -1
            n = 0
            for a in range(kernel[0]):
                for b in range(kernel[1]):
                    for c in range(kernel[2]):
                        # What this cell of the windows sees, all in order; then, whether it is more than the cells before saw.
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
            well &= number.min() >= 0
        clear[p] = well
    return bool(clear.all())


def places_of_cells(which: Array, offsets: Array, stride: Triple, before: Triple, size: Triple, places: Array) -> None:
    """For each window (P, *out) the place of its cell number `which` in a plane of `size` that is flat: offsets[which] on."""
    planes, outs, rows, columns = which.shape
    for p in prange(planes):
        for o in range(outs):
            for r in range(rows):
                begin = ((o * stride[0] - before[0]) * size[1] + r * stride[1] - before[1]) * size[2] - before[2]
                for k in range(columns):
                    places[p, o, r, k] = begin + k * stride[2] + offsets[which[p, o, r, k]]


def pick(x: Array, places: Array, y: Array) -> bool:
    """y[p, k] = x[p, places[p, k]]; False if x has no such place, as there is nobody else to notice."""
    inside = xp.ones(y.shape[0], xp.bool_)
    for p in prange(y.shape[0]):
        for k in range(y.shape[1]):
            place = places[p, k]
            if place < 0 or place >= x.shape[1]:
                inside[p] = False
                continue
            y[p, k] = x[p, place]
    return bool(inside.all())


def put(g: Array, places: Array, x: Array) -> bool:
    """Zeros x, and x[p, places[p, k]] += g[p, k], the adjoint of `pick`; False if x has no such place."""
    inside = xp.ones(g.shape[0], xp.bool_)
    for p in prange(g.shape[0]):
        x[p] = 0
        for k in range(g.shape[1]):
            place = places[p, k]
            if place < 0 or place >= x.shape[1]:
                inside[p] = False
                continue
            x[p, place] += g[p, k]
    return bool(inside.all())


def distinct(places: Array, plane: int) -> bool:
    """Whether no row of `places` (P, K), all of them in range(plane), names one twice."""
    every = xp.ones(places.shape[0], xp.bool_)
    for p in prange(places.shape[0]):
        named = xp.zeros(plane, xp.uint8)
        again = 0
        for k in range(places.shape[1]):
            again += named[places[p, k]]
            named[places[p, k]] = 1
        every[p] = again == 0
    return bool(every.all())


def add_up(x: Array, kernel: Triple, stride: Triple, before: Triple, dilation: Triple, out: Array) -> None:
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


def spread(g: Array, kernel: Triple, stride: Triple, before: Triple, dilation: Triple, x: Array) -> None:
    """Zeros x (P, D, H, W), to which g (P, *out) is added at every cell of its window: the adjoint of `add_up`."""
    (planes, depth, height, width), (_, outs, rows, columns) = x.shape, g.shape
    for p in prange(planes):
        lines = xp.empty(width, x.dtype)
        x[p] = 0
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


# ---- normalization, of x (A, C, S) over all but its channels ---------------------------------------------------------
# Of so many numbers as lie in a block, a sum in float32 is exact enough; the sum of these is made in float64.


def standardize(x: Array, eps: float, y: Array, mean: Array, var: Array) -> None:
    """y = (x - mean) / sqrt(var + eps), with the mean (C,) and the variance (C,), which are written, too."""
    samples, channels, size = x.shape
    one = x.dtype.type(1)
    for c in prange(channels):
        total = 0.0
        for a in range(samples):
            for start in range(0, size, BLOCK):
                part = x.dtype.type(0)
                for k in range(start, min(start + BLOCK, size)):
                    part += x[a, c, k]
                total += part
        mean[c] = m = x.dtype.type(total / (samples * size))
        total = 0.0
        for a in range(samples):
            for start in range(0, size, BLOCK):
                part = x.dtype.type(0)
                for k in range(start, min(start + BLOCK, size)):
                    part += (x[a, c, k] - m) * (x[a, c, k] - m)
                total += part
        var[c] = total / (samples * size)
        scale = one / xp.sqrt(var[c] + x.dtype.type(eps))
        for a in range(samples):
            for k in range(size):
                y[a, c, k] = (x[a, c, k] - m) * scale


def standardize_slope(g: Array, x: Array, mean: Array, var: Array, eps: float, out: Array) -> None:
    """out = (g - mean(g) - y mean(g y)) / sqrt(var + eps), where y = (x - mean) / sqrt(var + eps)"""
    samples, channels, size = x.shape
    one = x.dtype.type(1)
    for c in prange(channels):
        m, scale = mean[c], one / xp.sqrt(var[c] + x.dtype.type(eps))
        total, product = 0.0, 0.0
        for a in range(samples):
            for start in range(0, size, BLOCK):
                part, both = x.dtype.type(0), x.dtype.type(0)
                for k in range(start, min(start + BLOCK, size)):
                    part += g[a, c, k]
                    both += g[a, c, k] * (x[a, c, k] - m)
                total += part
                product += both
        moved = x.dtype.type(total / (samples * size))
        scaled = x.dtype.type(product / (samples * size)) * scale * scale
        for a in range(samples):
            for k in range(size):
                out[a, c, k] = (g[a, c, k] - moved - (x[a, c, k] - m) * scaled) * scale


# ---- convolution, on images laid out flat (ops/planes.py) ------------------------------------------------------------


def lay(x: Array, held: Array, steps: Array, planes: Array) -> None:
    """Images x (N, C, D, H, W) as planes (C, planes, places), with zeros between; `steps`: from image to image, along D, H, W.

    held[plane, dimension] = (first cell of the image, step to the next, place of the first in the plane, how many)
    """
    images, channels = x.shape[:2]
    number, length = planes.shape[1:]
    to_image, to_z, to_y = steps[0], steps[1], steps[2]
    for i in prange(channels * number * images):
        c, plane, n = i // (number * images), i // images % number, i % images
        z, dz, at_z, depth = held[plane, 0]
        y, dy, at_y, height = held[plane, 1]
        w, dw, at_w, width = held[plane, 2]
        image, flat = x[n, c], planes[c, plane, n * to_image : (n + 1) * to_image if n + 1 < images else length]
        flat[:] = 0
        for a in range(depth):
            for b in range(height):
                at = (at_z + a) * to_z + (at_y + b) * to_y + at_w
                row = image[z + a * dz, y + b * dy]
                line = flat[at : at + width]
                if dw == 1:  # a slice with a step takes longer to make
                    seen = row[w : w + width]
                    for k in range(width):
                        line[k] = seen[k]
                else:
                    apart = row[w::dw]
                    for k in range(width):
                        line[k] = apart[k]


def multiply(flat: Array, places: Array, weight: Array, bias: Array, pitch: Array, length: int, y: Array) -> None:
    """y[n, (g, f), o] = bias[g, f] + sum over k of weight[g, f, k] flat[places[g, k] + the place of window o of image n]

    Window o of image n has the place ((n pitch[0] + o[0]) pitch[1] + o[1]) pitch[2] + o[2]; all are below `length`.

    Four features by four cells at a time: their sixteen weights stay in registers, while each number that is read serves
    four times.
    """
    images, _, depth, height, width = y.shape
    groups, features, cells = weight.shape
    blocks = (length - 1) // (4 * BLOCK) * 4 + 4  # by fours, to share them evenly
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
                    y1[o] += b0 * x0[o]
                    y2[o] += c0 * x0[o]
                    y3[o] += d0 * x0[o]
            at = start
            while at < start + n:  # row by row to where they belong, without what lies between the rows
                column = at % pitch[2]
                row = at // pitch[2]
                image, z, r = row // (pitch[0] * pitch[1]), row // pitch[1] % pitch[0], row % pitch[1]
                if image < images and z < depth and r < height:
                    for j in range(min(4, features - f)):
                        line, made = y[image, g * features + f + j, z, r], sums[j, at - start : n]
                        for k in range(min(width - column, made.size)):
                            line[column + k] = made[k]
                at += pitch[2] - column


def weigh(flat: Array, places: Array, wide: Array, weight: Array) -> None:
    """weight[g, f, k] = sum over o of wide[g, f, o] flat[places[g, k] + o], in the same fours as `multiply`."""
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
                    for o in range(n):
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
