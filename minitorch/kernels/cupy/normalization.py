"""Standardization and softmax: first the sums of a channel or a row, in float64 and one pass over memory, then each element.

The sums of x and x^2 in float64 have the variance of float32 numbers to more digits than these have, wherever their mean lies.
They go over the elements of each plane first, which has many threads at work, and then over the planes of a channel.
"""

from __future__ import annotations

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
ADDED = "Pair(a.first + b.first, a.second + b.second)"


def _sums(name: str, inputs: str, mapped: str, *args: Any) -> list[Array]:
    """The two sums of what `mapped` says, for each plane (A, C)."""
    sums = "float64 p, float64 q", mapped, ADDED, "p = a.first, q = a.second"
    return reduction(name, inputs, *sums, "Pair", PAIR, *args, axis=2)


def _of_channels(name: str, outputs: str, result: str, sums: list[Array], n: float, eps: float) -> list[Array]:
    """What `result` makes of count, eps and the sums of a channel, from the sums for each plane (A, C)."""
    inputs = "float64 p, float64 q, float64 count, float64 eps"
    return reduction(name, inputs, outputs, "Pair(p, q)", ADDED, result, "Pair", PAIR, *sums, n, eps, axis=0)


@cupy_implements("standardize", dtypes="f", ulp=256, sample=samples.standardize)
def _standardize(x: Array, weight: Array | None, bias: Array | None, eps: float) -> Any:
    if not one_dtype(x, *(t for t in (weight, bias) if t is not None)):
        return NotImplemented
    sums, n = _sums("moments", "T x", "Pair(x, (double)x * x)", x), float(x.shape[0] * x.shape[2])
    outputs = "float32 mean, float32 var, float32 scale"
    code = "mean = a.first / count, var = a.variance(count), scale = 1 / sqrt(a.variance(count) + eps)"
    mean, var, scale = _of_channels("standardize_moments", outputs, code, sums, n, float(eps))
    inputs, code = "T x, T mean, T scale, T weight, T bias", "y = (x - mean) * scale * weight + bias"
    parameters = 1.0 if weight is None else weight, 0.0 if bias is None else bias
    return elementwise("standardize", inputs, "T y", code)(x, mean[:, None], scale[:, None], *parameters), mean, var


@cupy_implements("standardize_backward", ulp=256, sample=samples.standardize_backward)
def _standardize_backward(g: Array, x: Array, weight: Array | None, mean: Array, var: Array, eps: float) -> Any:
    if not one_dtype(g, x, mean, var, *([] if weight is None else [weight])):
        return NotImplemented
    mean, var, n, eps = mean[:, None], var[:, None], float(x.shape[0] * x.shape[2]), float(eps)
    factor: Any = 1.0 if weight is None else weight
    for_weight = for_bias = None
    mapped = "Pair(g * weight, (double)g * weight * (x - mean))"
    sums = _sums("gradient_moments", "T g, T x, T mean, T weight", mapped, g, x, mean, factor)
    outputs, code = "float64 moved, float64 turned", "moved = a.first / count, turned = a.second / count"
    moved, turned = (t[:, None] for t in _of_channels("mean_gradient_moments", outputs, code, sums, n, 0.0))
    code = "T s = 1 / sqrt(var + eps); out = (g * weight - T(moved) - (x - mean) * (T(turned) * s * s)) * s"
    inputs = "T g, T x, T weight, T mean, T var, float64 moved, float64 turned, T eps"
    out = elementwise("standardize_backward", inputs, "T out", code)(g, x, factor, mean, var, moved, turned, eps)
    if weight is not None:
        # for each channel the sum over S, or for each position that over C, and then over A
        inputs, mapped = "T g, T x, T mean, T var, T eps", "Pair(g, (double)g * (x - mean) / sqrt((double)var + eps))"
        by_channel = weight.shape == mean.shape
        for_bias, for_weight = reduction(
            "parameter_moments", inputs, "float64 p, float64 q", mapped, ADDED, "p = a.first, q = a.second", "Pair", PAIR,
            g, x, mean, var, eps, axis=2 if by_channel else 1,
        )  # fmt: skip
        for_bias, for_weight = reduction(
            "added_moments", "float64 p, float64 q", "float64 u, float64 v", "Pair(p, q)", ADDED, "u = a.first, v = a.second",
            "Pair", PAIR, for_bias, for_weight, axis=0,
        )  # fmt: skip
        for_weight, for_bias = (t.reshape(weight.shape).astype(weight.dtype) for t in (for_weight, for_bias))
    return out, for_weight, for_bias


# ---- softmax: the largest number of a row, and the sum of e^(x - largest) --------------------------------------------------

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
        mapped = "Exponentials(x, x - x == 0 || x < 0 ? 1 : x - x)"  # nan for nan and inf
        code = "T top, float64 sum", mapped, "add(a, b)", "top = a.top, sum = a.sum", "Exponentials", EXPONENTIALS
        top, total = reduction("exponentials", "T x", *code, x, axis=dim, keepdims=True)
        return elementwise(name, "T x, T top, float64 sum", "T y", f"y = {formula}")(x, top, total)


def _softmax_backward(name: str, summed: str, formula: str, sample: Any) -> None:
    """Register the kernels of a formula in g, y and the sum of what `summed` says along the dimension."""

    @cupy_implements(name, ulp=16, sample=sample)
    def function(g: Array, y: Array, dim: int) -> Any:
        if not y.size or not one_dtype(g, y) or g.shape != y.shape:
            return NotImplemented
        code = "float64 sum", f"(double)({summed})", "a + b", "sum = a", "double", ""
        (total,) = reduction(f"{name}_sum", "T g, T y", *code, g, y, axis=dim, keepdims=True)
        return elementwise(name, "T g, T y, float64 sum", "T out", f"out = {formula}")(g, y, total)


_softmax("softmax", "exp(x - top) / T(sum)")
_softmax("log_softmax", "x - top - T(log(sum))")
_softmax_backward("softmax_backward", "g * y", "y * (g - T(sum))", samples.softmax_backward)
_softmax_backward("log_softmax_backward", "g", "g - exp(y) * T(sum)", samples.log_softmax_backward)
