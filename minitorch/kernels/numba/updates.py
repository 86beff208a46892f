"""The steps of SGD and Adam as compiled loops, in place: one pass over memory for the running means, one for the parameter."""

from __future__ import annotations

from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.kernels import samples
from minitorch.kernels.numba.compiler import compiled, numba_implements, prange

__all__: list[str] = []


def running_means(m: Array, v: Array, g: Array, new: Any, old_square: Any, new_square: Any) -> None:
    """m += (g - m) new and v = v old_square + g^2 new_square"""
    a, b, c = m.reshape(-1), v.reshape(-1), g.reshape(-1)
    for i in prange(c.size):
        a[i] += (c[i] - a[i]) * new
        b[i] = b[i] * old_square + c[i] * c[i] * new_square


def adam_step(param: Array, m: Array, v: Array, rate: Any, root: Any, eps: Any) -> None:
    """param -= rate m / (sqrt(v) / root + eps)"""
    a, b, c = param.reshape(-1), m.reshape(-1), v.reshape(-1)
    for i in prange(a.size):
        a[i] -= rate * b[i] / (xp.sqrt(c[i]) / root + eps)


def sgd_step(param: Array, grad: Array, rate: Any) -> None:
    """param -= rate grad"""
    a, b = param.reshape(-1), grad.reshape(-1)
    for i in prange(a.size):
        a[i] -= rate * b[i]


@numba_implements("sgd_step", ulp=2, sample=samples.sgd_step)
def _sgd_step(param: Array, grad: Array, rate: float) -> Any:
    compiled(sgd_step)(param, grad, param.dtype.type(rate))
    return param


@numba_implements("running_means", ulp=8, sample=samples.running_means)
def _running_means(m: Array, v: Array, grad: Array, beta1: float, beta2: float) -> Any:
    compiled(running_means)(m, v, grad, *map(m.dtype.type, (1 - beta1, beta2, 1 - beta2)))
    return m, v


@numba_implements("adam_step", ulp=8, sample=samples.adam_step)
def _adam_step(param: Array, m: Array, v: Array, rate: float, root: float, eps: float) -> Any:
    compiled(adam_step)(param, m, v, *map(param.dtype.type, (rate, root, eps)))
    return param
