"""Standardization, and softmax below: the sums of a channel in float64, in one pass over memory, then every element in another.

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


# ---- softmax: the largest number of a row, and the sum of e^(x - largest), in one pass ---------------------------------------

EXPONENTIALS = """struct Exponentials {
    T top;
    double sum;
    __device__ Exponentials() {}
    __device__ Exponentials(T top, double sum = 0) : top(top), sum(sum) {}
};
__device__ Exponentials add(Exponentials u, Exponentials v) {
    if (u.sum == 0) return v;
    if (v.sum == 0) return u;
    if (u.top == v.top) return Exponentials(u.top, u.sum + v.sum);
    if (u.top > v.top) return Exponentials(u.top, u.sum + v.sum * exp(v.top - u.top));
    return Exponentials(v.top, v.sum + u.sum * exp(u.top - v.top));
}"""


def _softmax(name: str, formula: str) -> None:
    """Register the kernels of a formula in x, top and sum."""

    @cupy_implements(name, ulp=16, sample=samples.softmax)
    def function(x: Array, dim: int) -> Any:
        if not x.size:
            return NotImplemented
        each = "Exponentials(x, x - x == 0 || x < 0 ? 1 : x - x)"  # nan for nan and inf
        found = "top = a.top, sum = a.sum"
        rows = reduction(
            "exponentials", "T x", "T top, float64 sum", each, "add(a, b)", found, "0", "Exponentials", EXPONENTIALS
        )
        top, total = rows(x, axis=dim, keepdims=True)
        return elementwise(name, "T x, T top, float64 sum", "T y", f"y = {formula}")(x, top, total)


_softmax("softmax", "exp(x - top) / T(sum)")
_softmax("log_softmax", "x - top - T(log(sum))")
