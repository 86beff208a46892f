"""Standardization: the sums of a channel in float64, in one pass over memory, then every element in another.

The sums of x and x^2 in float64 have the variance of float32 numbers to more digits than these have, wherever their mean lies.
Sums go over the elements of each plane first, which has many threads at work, and then over the planes of a channel.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from minitorch.backend.arrays import Array
from minitorch.kernels import samples
from minitorch.kernels.cupy.compiler import cupy_implements, elementwise, one_dtype, reduction

__all__: list[str] = []

PAIR = """struct Pair {
    double first, second;
    __device__ Pair() {}
    __device__ Pair(double first, double second = 0) : first(first), second(second) {}
    __device__ double variance(double n) {  // of n numbers with these sums of x and x^2
        double value = second / n - first / n * (first / n);
        return value < 0 ? 0 : value;
    }
};"""


def _sums(
    name: str, inputs: str, mapped: str, outputs: str = "float64 p, float64 q", result: str = "p = a.first, q = a.second"
) -> Any:
    return reduction(name, inputs, outputs, mapped, "Pair(a.first + b.first, a.second + b.second)", result, "0", "Pair", PAIR)


def _of_channels(name: str, outputs: str, result: str) -> Callable[..., Any]:
    """From two sums for each plane (A, C), and numbers n and eps, what `result` makes of the channels' sums in a."""
    return functools.partial(_sums(name, "float64 p, float64 q, float64 n, float64 eps", "Pair(p, q)", outputs, result), axis=0)


@cupy_implements("standardize", dtypes="f", ulp=64, sample=samples.standardize)
def _standardize(x: Array, eps: float) -> Any:
    if not x.size:
        return NotImplemented
    sums = _sums("moments", "T x", "Pair(x, (double)x * x)")(x, axis=2)
    code = "mean = a.first / n, var = a.variance(n), scale = 1 / sqrt(a.variance(n) + eps)"
    finish = _of_channels("standardize_moments", "float32 mean, float32 var, float32 scale", code)
    mean, var, scale = finish(*sums, float(x.shape[0] * x.shape[2]), float(eps))
    y = elementwise("standardize", "T x, T mean, T scale", "T y", "y = (x - mean) * scale")(x, mean[:, None], scale[:, None])
    return y, mean, var


@cupy_implements("standardize_backward", ulp=64, sample=samples.standardize_backward)
def _standardize_backward(g: Array, x: Array, mean: Array, var: Array, eps: float) -> Any:
    if not x.size or not one_dtype(g, x, mean, var):
        return NotImplemented
    mean, var = mean[:, None], var[:, None]
    sums = _sums("gradient_moments", "T g, T x, T mean", "Pair(g, (double)g * (x - mean))")(g, x, mean, axis=2)
    finish = _of_channels(
        "standardize_gradient_moments", "float64 moved, float64 turned", "moved = a.first / n, turned = a.second / n"
    )
    moved, turned = finish(*sums, float(x.shape[0] * x.shape[2]), 0.0)
    code = "T scale = 1 / sqrt(var + eps); out = (g - T(moved) - (x - mean) * (T(turned) * scale * scale)) * scale"
    kernel = elementwise("standardize_backward", "T g, T x, T mean, T var, float64 moved, float64 turned, T eps", "T out", code)
    return kernel(g, x, mean, var, moved[:, None], turned[:, None], float(eps))
