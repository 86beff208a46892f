"""Elementwise functions, each as one kernel: a table of their formulas in C."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minitorch.backend.arrays import Array, contiguous, xp
from minitorch.kernels import samples
from minitorch.kernels.cupy.compiler import cupy_implements, elementwise, one_dtype

__all__: list[str] = []

FORMULAS = {  # by the definition's name: parameters, result, and how far it may be from the definition
    "relu_backward": ("T g, T y", "y <= 0 ? T(0) : g", 0),
    "tanh_backward": ("T g, T y", "g - g * (y * y)", 2),
    "sigmoid": ("T x", "1 / (1 + exp(-x))", 4),
    "sigmoid_backward": ("T g, T y", "g * (y - y * y)", 2),
    "erf": ("T x", "erf(x)", 4),
    "gelu": ("T x", f"x * T(0.5) * (1 + erf(x * T({0.5**0.5})))", 8),
    "gelu_backward": (
        "T g, T x",
        f"g * (T(0.5) * (1 + erf(x * T({0.5**0.5}))) + x * exp(x * x * T(-0.5)) * T({(2 * math.pi) ** -0.5}))",
        8,
    ),
}


def _kernel(name: str, parameters: str, formula: str) -> Callable[..., Any]:
    def function(*arrays: Array) -> Any:
        if not one_dtype(*arrays):
            return NotImplemented
        return elementwise(name, parameters, "T out", f"out = {formula}")(*arrays)

    return function


for _name, (_parameters, _formula, _ulp) in FORMULAS.items():
    _sample = samples.elementwise(len(_parameters.split(",")))
    cupy_implements(_name, ulp=_ulp, sample=_sample)(_kernel(_name, _parameters, _formula))


@cupy_implements("leaky_relu", ulp=2, sample=samples.leaky_relu)
def _leaky_relu(g: Array, x: Array, slope: Any) -> Any:
    if not one_dtype(g, x, *([slope] if hasattr(slope, "dtype") else [])):
        return NotImplemented
    return elementwise("leaky_relu", "T g, T x, T slope", "T out", "out = x > 0 ? g : slope * g")(g, x, slope)


LSTM_CELL = """
    T* gate = &gates[i / hidden * 4 * hidden + i % hidden];
    for (int k = 0; k < 4; ++k) {
        const long long at = i / hidden * 4 * hidden + k * hidden + i % hidden;
        const T z = x[at] + y[at];
        gate[k * hidden] = k == 2 ? tanh(z) : 1 / (1 + exp(-z));
    }
    after = gate[hidden] * c + gate[0] * gate[2 * hidden];
    h = gate[3 * hidden] * tanh(after)"""


@cupy_implements("lstm_cell", ulp=16, sample=samples.lstm_cell)
def _lstm_cell(x: Array, y: Array, c: Array) -> Any:
    if not one_dtype(x, y, c):
        return NotImplemented
    kernel = elementwise("lstm_cell", "raw T x, raw T y, T c, int64 hidden", "T h, T after, raw T gates", LSTM_CELL)
    made = [xp.empty_like(a, order="C") for a in (c, c, x)]
    kernel(contiguous(x), contiguous(y), c, c.shape[1], *made)
    return tuple(made)
