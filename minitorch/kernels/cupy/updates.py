"""The step of SGD in one kernel, in place, and that of Adam in two: the running means, and the parameter."""

from __future__ import annotations

from typing import Any

from minitorch.backend.arrays import Array
from minitorch.kernels import samples
from minitorch.kernels.cupy.compiler import cupy_implements, elementwise, one_dtype

__all__: list[str] = []


@cupy_implements("sgd_step", ulp=2, sample=samples.sgd_step)
def _sgd_step(param: Array, grad: Array, rate: float) -> Any:
    if not one_dtype(param, grad):
        return NotImplemented
    inputs, code = "T before, T grad, T rate", "after = before - rate * grad"
    elementwise("sgd_step", inputs, "T after", code)(param, grad, float(rate), param)
    return param


@cupy_implements("running_means", ulp=8, sample=samples.running_means)
def _running_means(m: Array, v: Array, grad: Array, beta1: float, beta2: float) -> Any:
    if not one_dtype(m, v, grad):
        return NotImplemented
    inputs = "T p, T q, T g, T rate, T kept, T share"
    code = "m = p + (g - p) * rate; v = q * kept + g * g * share"
    elementwise("running_means", inputs, "T m, T v", code)(m, v, grad, 1 - beta1, beta2, 1 - beta2, m, v)
    return m, v


@cupy_implements("adam_step", ulp=8, sample=samples.adam_step)
def _adam_step(param: Array, m: Array, v: Array, rate: float, root: float, eps: float) -> Any:
    if not one_dtype(param, m, v):
        return NotImplemented
    inputs, code = "T before, T m, T v, T rate, T root, T eps", "after = before - rate * m / (sqrt(v) / root + eps)"
    elementwise("adam_step", inputs, "T after", code)(param, m, v, float(rate), root, float(eps), param)
    return param
