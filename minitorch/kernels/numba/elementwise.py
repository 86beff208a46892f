"""Elementwise functions as compiled loops: the steps of a formula for one element after the other."""

from __future__ import annotations

from minitorch.backend.arrays import Array, xp
from minitorch.kernels import samples
from minitorch.kernels.numba.compiler import PAYS_FROM, compiled, elementwise, numba_implements, prange

__all__: list[str] = []


def relu(x: Array, out: Array) -> None:
    """out = max(x, 0), and nan where x is nan."""
    a, b = x.reshape(-1), out.reshape(-1)
    zero = x.dtype.type(0)
    for i in prange(b.size):
        b[i] = zero if a[i] <= 0 else a[i]


def relu_backward(g: Array, y: Array, out: Array) -> None:
    """out = g where y > 0, 0 elsewhere."""
    a, b, c = g.reshape(-1), y.reshape(-1), out.reshape(-1)
    zero = g.dtype.type(0)
    for i in prange(c.size):
        c[i] = a[i] if b[i] > 0 else zero


def tanh_backward(g: Array, y: Array, out: Array) -> None:
    """out = g (1 - y^2)"""
    a, b, c = g.reshape(-1), y.reshape(-1), out.reshape(-1)
    for i in prange(c.size):
        c[i] = a[i] - a[i] * (b[i] * b[i])


def sigmoid(x: Array, out: Array) -> None:
    """out = 1 / (1 + e^-x), for float32

    e^t = 2^n e^r, for the integer n nearest to t / log 2. Since |r| <= log(2) / 2, the terms of the series after the eighth are
    less than half of float32's last digit, and 2^n is the number whose exponent has the bits n + 127. Written like this, the
    processor computes several at once. log 2 is subtracted in two parts, so that little of r is lost: the first part has so few
    digits that n times it is exact. Below -88.72, where e^-x overflows, the result is 0.
    """
    a, b = x.reshape(-1), out.reshape(-1)
    zero, half, one, top = xp.float32(0), xp.float32(0.5), xp.float32(1), xp.float32(88.72)
    for i in prange(b.size):
        t = min(max(-a[i], xp.float32(-87)), top)
        n = min(xp.floor(t * xp.float32(1.4426950408889634) + half), xp.float32(127))
        r = t - n * xp.float32(0.693359375) + n * xp.float32(2.12194440054690583e-4)
        e = xp.float32(1 / 5040) * r + xp.float32(1 / 720)
        e = (e * r + xp.float32(1 / 120)) * r + xp.float32(1 / 24)
        e = (((e * r + xp.float32(1 / 6)) * r + half) * r + one) * r + one
        y = one / (one + e * xp.int32((xp.int32(n) + xp.int32(127)) << xp.int32(23)).view(xp.float32))
        b[i] = y if a[i] >= -top else zero if a[i] < -top else a[i]  # nan


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

numba_implements("sigmoid", dtypes="f", pays_from=PAYS_FROM // 3, ulp=4, sample=samples.elementwise(1))(elementwise(sigmoid))


@numba_implements("leaky_relu", layout="", ulp=2, sample=samples.leaky_relu)
def _leaky_relu(g: Array, x: Array, slope: object) -> object:
    slope = xp.asarray(slope, dtype=x.dtype)
    if slope.size > 1 or slope.ndim > x.ndim or g.shape != x.shape:
        return NotImplemented
    if not (g.flags.c_contiguous and x.flags.c_contiguous and g.dtype == x.dtype and g.dtype.isnative):
        return NotImplemented
    compiled(leaky_relu)(g, x, slope, out := xp.empty_like(g))
    return out
