"""Standardization as compiled loops, one pass over memory for each sum: of channels, and of rows.

Weight and bias have an element per channel, or per position in the row: a loop for each, forward and backward. A sum of up to
BLOCK numbers in float32 is exact enough; those sums are added in float64.
"""

from __future__ import annotations

from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.kernels import samples
from minitorch.kernels.numba.compiler import PAYS_FROM, compiled, numba_implements, prange

__all__: list[str] = []

BLOCK = 1024
PARTS = 16  # into which the rows are cut, each of which sums the gradients of weight and bias for itself


def standardize(x: Array, weight: Array, bias: Array, eps: float, y: Array, mean: Array, var: Array) -> None:
    """y = (x - mean) / sqrt(var + eps) * weight + bias, with the mean (C,) and the variance (C,), which are written, too."""
    images, channels, size = x.shape
    one = x.dtype.type(1)
    for c in prange(channels):
        total = 0.0
        for i in range(images):
            for start in range(0, size, BLOCK):
                a = x[i, c, start : start + BLOCK]
                part = x.dtype.type(0)
                for k in range(a.size):
                    part += a[k]
                total += part
        mean[c] = m = x.dtype.type(total / (images * size))
        total = 0.0
        for i in range(images):
            for start in range(0, size, BLOCK):
                a = x[i, c, start : start + BLOCK]
                part = x.dtype.type(0)
                for k in range(a.size):
                    part += (a[k] - m) * (a[k] - m)
                total += part
        var[c] = total / (images * size)
        scale, shift = one / xp.sqrt(var[c] + x.dtype.type(eps)) * weight[c], bias[c]
        for i in range(images):
            a, b = x[i, c], y[i, c]
            for k in range(b.size):
                b[k] = (a[k] - m) * scale + shift


def standardize_rows(x: Array, weight: Array, bias: Array, eps: float, y: Array, mean: Array, var: Array) -> None:
    """The same for rows x (C, S), with a weight and a bias for each position (S,)."""
    rows, size = x.shape
    one = x.dtype.type(1)
    for c in prange(rows):
        total = 0.0
        for start in range(0, size, BLOCK):
            a = x[c, start : start + BLOCK]
            part = x.dtype.type(0)
            for k in range(a.size):
                part += a[k]
            total += part
        mean[c] = m = x.dtype.type(total / size)
        total = 0.0
        for start in range(0, size, BLOCK):
            a = x[c, start : start + BLOCK]
            part = x.dtype.type(0)
            for k in range(a.size):
                part += (a[k] - m) * (a[k] - m)
            total += part
        var[c] = total / size
        scale = one / xp.sqrt(var[c] + x.dtype.type(eps))
        a, b = x[c], y[c]
        for k in range(b.size):
            b[k] = (a[k] - m) * scale * weight[k] + bias[k]


def standardize_backward(
    g: Array, x: Array, weight: Array, mean: Array, var: Array, eps: float, out: Array, for_weight: Array, for_bias: Array
) -> None:
    """out = (h - mean(h) - z mean(h z)) / sqrt(var + eps), where h = g weight and z = (x - mean) / sqrt(var + eps)"""
    images, channels, size = x.shape
    one = x.dtype.type(1)
    for c in prange(channels):
        m, scale = mean[c], one / xp.sqrt(var[c] + x.dtype.type(eps))
        total, product = 0.0, 0.0
        for i in range(images):
            for start in range(0, size, BLOCK):
                a, b = g[i, c, start : start + BLOCK], x[i, c, start : start + BLOCK]
                part, both = x.dtype.type(0), x.dtype.type(0)
                for k in range(a.size):
                    part += a[k]
                    both += a[k] * (b[k] - m)
                total += part
                product += both
        for_weight[c], for_bias[c] = product * scale, total
        moved = x.dtype.type(total / (images * size))
        scaled = x.dtype.type(product / (images * size)) * scale * scale
        scale = scale * weight[c]
        for i in range(images):
            a, b, y = g[i, c], x[i, c], out[i, c]
            for k in range(y.size):
                y[k] = (a[k] - moved - (b[k] - m) * scaled) * scale


def standardize_rows_backward(
    g: Array, x: Array, weight: Array, mean: Array, var: Array, eps: float, out: Array, for_weight: Array, for_bias: Array
) -> None:
    """The same for rows (C, S); for_weight and for_bias (PARTS, S) are sums over some of the rows each."""
    rows, size = x.shape
    parts = for_bias.shape[0]
    one = x.dtype.type(1)
    for p in prange(parts):
        for_w, for_b = for_weight[p], for_bias[p]
        for_w[:] = 0
        for_b[:] = 0
        for c in range(rows * p // parts, rows * (p + 1) // parts):
            m, scale = mean[c], one / xp.sqrt(var[c] + x.dtype.type(eps))
            total, product = 0.0, 0.0
            for start in range(0, size, BLOCK):
                a, b, w = g[c, start : start + BLOCK], x[c, start : start + BLOCK], weight[start : start + BLOCK]
                part, both = x.dtype.type(0), x.dtype.type(0)
                for k in range(a.size):
                    h = a[k] * w[k]
                    part += h
                    both += h * (b[k] - m)
                total += part
                product += both
            moved = x.dtype.type(total / size)
            scaled = x.dtype.type(product / size) * scale * scale
            a, b, y = g[c], x[c], out[c]
            for k in range(y.size):
                z = b[k] - m
                y[k] = (a[k] * weight[k] - moved - z * scaled) * scale
                for_b[k] += a[k]
                for_w[k] += a[k] * z * scale


def _of_rows(x: Array, weight: Array) -> bool:
    """Whether x is (1, C, S) and the weight (1, S): rows, each element of which has its weight."""
    return weight.shape != (x.shape[1], 1)


def _parameter(parameter: Array | None, x: Array, value: float) -> Array:
    """The weight or the bias in one dimension; `value` for each channel if there is none."""
    return xp.full_like(x, value, shape=x.shape[1]) if parameter is None else parameter.reshape(-1)


@numba_implements("standardize", pays_from=PAYS_FROM // 3, ulp=256, sample=samples.standardize)
def _standardize(x: Array, weight: Array | None, bias: Array | None, eps: float) -> Any:
    if x.shape[2] < 2:  # the numbers of a channel are far apart in (N, C)
        return NotImplemented
    y, mean, var = (xp.empty_like(x, shape=shape) for shape in (x.shape, x.shape[1], x.shape[1]))
    if weight is not None and _of_rows(x, weight):
        shift = xp.zeros_like(weight) if bias is None else bias
        compiled(standardize_rows)(x[0], weight[0], shift[0], float(eps), y[0], mean, var)
    else:
        compiled(standardize)(x, _parameter(weight, x, 1), _parameter(bias, x, 0), float(eps), y, mean, var)
    return (y, mean, var) if xp.isfinite(var).all() else NotImplemented  # squares beyond the range: the definition has a way


@numba_implements("standardize_backward", pays_from=PAYS_FROM // 3, ulp=256, sample=samples.standardize_backward)
def _standardize_backward(g: Array, x: Array, weight: Array | None, mean: Array, var: Array, eps: float) -> Any:
    if x.shape[2] < 2 or not xp.isfinite(var).all():
        return NotImplemented
    out = xp.empty_like(g)
    if weight is not None and _of_rows(x, weight):
        sums = xp.empty((2, min(PARTS, x.shape[1]), x.shape[2]))
        compiled(standardize_rows_backward)(g[0], x[0], weight[0], mean, var, float(eps), out[0], *sums)
        return out, *(total[None] for total in sums.sum(1).astype(x.dtype))
    sums = xp.empty_like(x, shape=(2, x.shape[1]))
    compiled(standardize_backward)(g, x, _parameter(weight, x, 1), mean, var, float(eps), out, *sums)
    return (out, *sums[:, :, None]) if weight is not None else (out, None, None)
