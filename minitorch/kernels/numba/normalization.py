"""Standardization as compiled loops: per channel, one pass over memory for each sum.

A sum of up to BLOCK numbers in float32 is exact enough; those sums are added in float64.
"""

from __future__ import annotations

from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.kernels import samples
from minitorch.kernels.numba.compiler import PAYS_FROM, compiled, numba_implements, prange

__all__: list[str] = []

BLOCK = 1024


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


def standardize_backward(g: Array, x: Array, mean: Array, var: Array, eps: float, out: Array) -> None:
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


@numba_implements("standardize", pays_from=PAYS_FROM // 3, ulp=64, sample=samples.standardize)
def _standardize(x: Array, eps: float) -> Any:
    if x.shape[2] < 2:  # the numbers of a channel are far apart in (N, C)
        return NotImplemented
    y, mean, var = (xp.empty_like(x, shape=shape) for shape in (x.shape, x.shape[1], x.shape[1]))
    compiled(standardize)(x, float(eps), y, mean, var)
    return (y, mean, var) if xp.isfinite(var).all() else NotImplemented  # squares beyond the range: the definition has a way


@numba_implements("standardize_backward", pays_from=PAYS_FROM // 3, ulp=64, sample=samples.standardize_backward)
def _standardize_backward(g: Array, x: Array, mean: Array, var: Array, eps: float) -> Any:
    if x.shape[2] < 2:
        return NotImplemented
    compiled(standardize_backward)(g, x, mean, var, float(eps), out := xp.empty_like(g))
    return out
