"""What layers with windows, and those that pad and resize images, compute: in loops over numbers, for tests/naive.py."""

from __future__ import annotations

import math
from itertools import product

import numpy as np


def whole(value, rank):
    """An option for each dimension."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank


def batched(rank, function):
    """`function` for arrays (N, C, *size), also for an array without the batch."""

    def with_batch(o, p, x, *rest, **named):
        if x.ndim == rank + 2:
            return function(o, p, x, *rest, **named)
        return function(o, p, x[None], *(r[None] for r in rest), **named)[0]

    return with_batch


def places(size):
    """Every index into an array of `size`, in order."""
    return product(*map(range, size))


def inside(at, size):
    return all(0 <= a < n for a, n in zip(at, size, strict=True))


def seen_at(window, cell, stride, padding, dilation):
    """Where in the unpadded input a cell of a window looks."""
    return tuple(w * s - p + c * d for w, c, s, p, d in zip(window, cell, stride, padding, dilation, strict=True))


def count_windows(size, kernel, stride, padding, dilation, ceil_mode=False):
    """How many windows there are on each dimension, by trying: the next one begins a stride later."""
    out = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        count = 0
        while True:
            first, last = count * s - p, count * s - p + d * (k - 1)
            fits = last < n + p
            reaches_over = ceil_mode and first < n and last - s < n + p - 1 and first - s + d * (k - 1) < n + p - 1
            if not (fits or reaches_over):
                break
            count += 1
        out.append(count)
    return tuple(out)


def window_options(o, rank, stride=1):
    kernel = whole(o["kernel_size"], rank)
    stride = kernel if o.get("stride", stride) is None else whole(o.get("stride", stride), rank)
    return kernel, stride, whole(o.get("padding", 0), rank), whole(o.get("dilation", 1), rank)


def conv(rank):
    def function(o, p, x):
        kernel, stride, dilation = (whole(o[k], rank) for k in ("kernel_size", "stride", "dilation"))
        if o["padding"] == "valid":
            pads = [(0, 0)] * rank
        elif o["padding"] == "same":
            pads = [(d * (k - 1) // 2, d * (k - 1) - d * (k - 1) // 2) for d, k in zip(dilation, kernel, strict=True)]
        else:
            pads = [(n, n) for n in whole(o["padding"], rank)]
        mode = {"zeros": "constant"}.get(o["padding_mode"], o["padding_mode"])
        x = border(x, [(0, 0), (0, 0), *pads], mode, 0.0)
        out = count_windows(x.shape[2:], kernel, stride, (0,) * rank, dilation)
        weight, groups = p["weight"], o["groups"]
        per_group_in, per_group_out = x.shape[1] // groups, weight.shape[0] // groups
        y = np.zeros((len(x), weight.shape[0], *out))
        for n, f, window in product(range(len(x)), range(len(weight)), places(out)):
            group = f // per_group_out
            for c, cell in product(range(per_group_in), places(kernel)):
                at = seen_at(window, cell, stride, (0,) * rank, dilation)
                y[(n, f, *window)] += weight[(f, c, *cell)] * x[(n, group * per_group_in + c, *at)]
            if "bias" in p:
                y[(n, f, *window)] += p["bias"][f]
        return y

    return batched(rank, function)


def conv_transpose(rank):
    def function(o, p, x, output_size=None):
        kernel, stride, padding, dilation = window_options(o, rank)
        extra = whole(o["output_padding"], rank)
        if output_size is None:
            per_dim = zip(x.shape[2:], stride, padding, dilation, kernel, extra, strict=True)
            output_size = [(n - 1) * s - 2 * q + d * (k - 1) + e + 1 for n, s, q, d, k, e in per_dim]
        weight, groups = p["weight"], o["groups"]
        per_group_in, per_group_out = len(weight) // groups, weight.shape[1]
        y = np.zeros((len(x), per_group_out * groups, *output_size))
        for n, c, window in product(range(len(x)), range(x.shape[1]), places(x.shape[2:])):
            for f, cell in product(range(per_group_out), places(kernel)):
                at = seen_at(window, cell, stride, padding, dilation)
                if inside(at, output_size):  # the kernel is laid down, times the input's value
                    y[(n, c // per_group_in * per_group_out + f, *at)] += weight[(c, f, *cell)] * x[(n, c, *window)]
        if "bias" in p:
            for f in range(y.shape[1]):
                y[:, f] += p["bias"][f]
        return y

    return batched(rank, function)


def each_window(x, rank, out, cells_of):
    """For each plane and each window: its place, and [(value, flat place in the plane)] of what it sees."""
    size = x.shape[2:]
    for n, c, window in product(range(len(x)), range(x.shape[1]), places(out)):
        seen = [(x[(n, c, *at)], np.ravel_multi_index(at, size)) for at in cells_of(window) if inside(at, size)]
        yield (n, c, *window), seen


def pool_windows(o, x, rank):
    kernel, stride, padding, dilation = window_options(o, rank, stride=None)
    out = count_windows(x.shape[2:], kernel, stride, padding, dilation, o["ceil_mode"])
    return kernel, stride, padding, out, lambda w: [seen_at(w, cell, stride, padding, dilation) for cell in places(kernel)]


def largest(x, rank, out, cells_of, return_indices):
    y, indices = np.zeros((*x.shape[:2], *out)), np.zeros((*x.shape[:2], *out), int)
    for at, seen in each_window(x, rank, out, cells_of):
        y[at] = max(value for value, _ in seen)
        indices[at] = next(place for value, place in seen if value == y[at])
    return np.stack([y, indices], 1) if return_indices else y  # one array, so that `batched` can take its batch off


def max_pool(rank):
    def function(o, p, x):
        *_, out, cells_of = pool_windows(o, x, rank)
        return largest(x, rank, out, cells_of, o["return_indices"])

    return batched(rank, function)


def avg_pool(rank):
    def function(o, p, x):
        _, _, padding, out, cells_of = pool_windows(o, x, rank)
        y = np.zeros((*x.shape[:2], *out))
        for at, seen in each_window(x, rank, out, cells_of):
            counted = len(seen)
            if o["count_include_pad"]:
                padded = [n + 2 * q for n, q in zip(x.shape[2:], padding, strict=True)]
                counted = sum(inside([a + q for a, q in zip(c, padding, strict=True)], padded) for c in cells_of(at[2:]))
            y[at] = sum(value for value, _ in seen) / (o.get("divisor_override") or counted)
        return y

    return batched(rank, function)


def max_unpool(rank):
    def function(o, p, x, indices, output_size=None):
        kernel, stride, padding, _ = window_options(o, rank, stride=None)
        if output_size is None:
            per_dim = zip(x.shape[2:], stride, padding, kernel, strict=True)
            output_size = [(n - 1) * s - 2 * q + k for n, s, q, k in per_dim]
        y = np.zeros((*x.shape[:2], *output_size))
        for at in places(x.shape):
            y[(*at[:2], *np.unravel_index(indices[at], output_size))] = x[at]
        return y

    return batched(rank, function)


def adaptive_cells(size, out):
    """The cells of window w: from floor(w n / out) up to, but without, ceil((w + 1) n / out)."""
    return lambda window: product(
        *(range(math.floor(w * n / m), math.ceil((w + 1) * n / m)) for w, n, m in zip(window, size, out, strict=True))
    )


def adaptive_size(o, x, rank):
    return tuple(n if m is None else m for m, n in zip(whole(o["output_size"], rank), x.shape[2:], strict=True))


def adaptive_max_pool(rank):
    def function(o, p, x):
        out = adaptive_size(o, x, rank)
        return largest(x, rank, out, adaptive_cells(x.shape[2:], out), o["return_indices"])

    return batched(rank, function)


def adaptive_avg_pool(rank):
    def function(o, p, x):
        out = adaptive_size(o, x, rank)
        y = np.zeros((*x.shape[:2], *out))
        for at, seen in each_window(x, rank, out, adaptive_cells(x.shape[2:], out)):
            y[at] = sum(value for value, _ in seen) / len(seen)
        return y

    return batched(rank, function)


def unfold(o, p, x):
    kernel, stride, padding, dilation = window_options(o, 2)
    out = count_windows(x.shape[2:], kernel, stride, padding, dilation)
    y = np.zeros((len(x), x.shape[1] * math.prod(kernel), math.prod(out)))
    for n, (row, (c, cell)), (column, window) in product(
        range(len(x)), enumerate(product(range(x.shape[1]), places(kernel))), enumerate(places(out))
    ):
        at = seen_at(window, cell, stride, padding, dilation)
        y[n, row, column] = x[(n, c, *at)] if inside(at, x.shape[2:]) else 0.0
    return y


def fold(o, p, x):
    if x.ndim == 2:
        return fold(o, p, x[None])[0]
    kernel, stride, padding, dilation = window_options(o, 2)
    size = whole(o["output_size"], 2)
    out = count_windows(size, kernel, stride, padding, dilation)
    channels = x.shape[1] // math.prod(kernel)
    y = np.zeros((len(x), channels, *size))
    for n, (row, (c, cell)), (column, window) in product(
        range(len(x)), enumerate(product(range(channels), places(kernel))), enumerate(places(out))
    ):
        at = seen_at(window, cell, stride, padding, dilation)
        if inside(at, size):
            y[(n, c, *at)] += x[n, row, column]
    return y


# ---- grids -------------------------------------------------------------------------------------------------------


def border(x, widths, mode, value):
    """x with widths[d] = (before, after) more cells on dimension d."""
    y = np.zeros([n + a + b for n, (a, b) in zip(x.shape, widths, strict=True)])
    for at in places(y.shape):
        source = []
        for i, n, (before, _) in zip(at, x.shape, widths, strict=True):
            i -= before
            if mode == "reflect":
                i = -i if i < 0 else 2 * (n - 1) - i if i >= n else i
            if mode == "replicate":
                i = min(max(i, 0), n - 1)
            if mode == "circular":
                i = i + n if i < 0 else i - n if i >= n else i
            source.append(i)
        y[at] = x[tuple(source)] if inside(source, x.shape) else value
    return y


def pad(rank, mode):
    def function(o, p, x):
        widths = whole(o["padding"], 2 * rank)
        pairs = [(widths[2 * i], widths[2 * i + 1]) for i in range(rank)][::-1]  # the last dimension comes first
        return border(x, [(0, 0)] * (x.ndim - rank) + pairs, mode, o.get("value", 0.0))

    return function


def upsample(o, p, x):
    rank = x.ndim - 2
    if o["size"] is not None:
        out, scales = whole(o["size"], rank), [None] * rank
    else:
        factors = whole(o["scale_factor"], rank)
        out = tuple(math.floor(n * f) for n, f in zip(x.shape[2:], factors, strict=True))
        scales = [None if o["recompute_scale_factor"] else 1 / f for f in factors]
    if o["mode"] == "area":
        return adaptive_avg_pool(rank)({"output_size": out}, p, x)
    for dim, (m, scale) in enumerate(zip(out, scales, strict=True), 2):
        x = np.moveaxis(x, dim, 0)
        n = len(x)
        y = np.zeros((m, *x.shape[1:]))
        if n == m and o["mode"].endswith("linear"):  # whatever the factor says, as in PyTorch
            scale = None
        if (
            m == 2 * n and o["mode"] == "nearest" and scale in (None, 0.5)
        ):  # each cell twice, even where rounding would shift one
            scale = None
        for i in range(m):
            step = n / m if scale is None else scale
            if o["mode"].endswith("linear"):
                place = max((i + 0.5) * step - 0.5, 0.0)
                if o["align_corners"]:
                    place = i * (n - 1) / (m - 1) if m > 1 else 0.0
                left = min(int(place), n - 1)
                share = min(place - left, 1.0)
                y[i] = x[left] * (1 - share) + x[min(left + 1, n - 1)] * share
            else:
                half = np.float32(0.5 if o["mode"] == "nearest-exact" else 0)
                y[i] = x[min(int((np.float32(i) + half) * np.float32(step)), n - 1)]
        x = np.moveaxis(y, 0, dim)
    return x


def pixel_shuffle(o, p, x):
    r = o["upscale_factor"]
    *batch, c, h, w = x.shape
    y = np.zeros((*batch, c // r**2, h * r, w * r))
    for at in places(y.shape):
        *b, k, i, j = at
        y[at] = x[(*b, k * r * r + (i % r) * r + j % r, i // r, j // r)]
    return y


def pixel_unshuffle(o, p, x):
    r = o["downscale_factor"]
    *batch, c, h, w = x.shape
    y = np.zeros((*batch, c * r * r, h // r, w // r))
    for at in places(x.shape):
        *b, k, i, j = at
        y[(*b, k * r * r + (i % r) * r + j % r, i // r, j // r)] = x[at]
    return y
