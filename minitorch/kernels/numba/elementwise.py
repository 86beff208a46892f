"""Elementwise functions as compiled loops: the steps of a formula for one element after the other."""

from __future__ import annotations

from minitorch.backend.arrays import Array, xp
from minitorch.kernels import samples
from minitorch.kernels.numba.compiler import compiled, elementwise, numba_implements, prange

__all__: list[str] = []


def relu(x: Array, out: Array) -> None:
    """out = max(x, 0), and nan where x is nan."""
    a, b = x.reshape(-1), out.reshape(-1)
    zero = x.dtype.type(0)
    for i in prange(b.size):
        b[i] = zero if a[i] <= 0 else a[i]


def relu_backward(g: Array, y: Array, out: Array) -> None:
    """out = 0 where y <= 0, g elsewhere."""
    a, b, c = g.reshape(-1), y.reshape(-1), out.reshape(-1)
    zero = g.dtype.type(0)
    for i in prange(c.size):
        c[i] = zero if b[i] <= 0 else a[i]


def tanh_backward(g: Array, y: Array, out: Array) -> None:
    """out = g (1 - y^2)"""
    a, b, c = g.reshape(-1), y.reshape(-1), out.reshape(-1)
    for i in prange(c.size):
        c[i] = a[i] - a[i] * (b[i] * b[i])


def sigmoid_backward(g: Array, y: Array, out: Array) -> None:
    """out = g y (1 - y)"""
    a, b, c = g.reshape(-1), y.reshape(-1), out.reshape(-1)
    for i in prange(c.size):
        c[i] = a[i] * (b[i] - b[i] * b[i])


def leaky_relu(g: Array, x: Array, slope: Array, out: Array) -> None:
    """out = g where x > 0, slope * g elsewhere: `slope` has one element."""
    a, b, c = g.reshape(-1), x.reshape(-1), out.reshape(-1)
    steep = slope.reshape(-1)[0]
    for i in prange(c.size):
        c[i] = a[i] if b[i] > 0 else a[i] * steep


for _loop, _count in ((relu, 1), (relu_backward, 2), (tanh_backward, 2), (sigmoid_backward, 2)):
    numba_implements(_loop.__name__, ulp=2, sample=samples.elementwise(_count))(elementwise(_loop))


@numba_implements("leaky_relu", layout="", ulp=2, sample=samples.leaky_relu)
def _leaky_relu(g: Array, x: Array, slope: object) -> object:
    slope = xp.asarray(slope, dtype=x.dtype)
    if slope.size > 1 or slope.ndim > x.ndim or g.shape != x.shape:
        return NotImplemented
    if not (g.flags.c_contiguous and x.flags.c_contiguous and g.dtype == x.dtype and g.dtype.isnative):
        return NotImplemented
    compiled(leaky_relu)(g, x, slope, out := xp.empty_like(g))
    return out
