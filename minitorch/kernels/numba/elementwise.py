"""Elementwise functions as compiled loops: the steps of a formula for one element after the other."""

from __future__ import annotations

import math
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.kernels import samples
from minitorch.kernels.numba.compiler import PAYS_FROM, compiled, elementwise, numba_implements, prange
from minitorch.kernels.numpy.elementwise import ERF_ABOVE, ERF_BELOW, ERF_END

__all__: list[str] = []

P0, P1, P2, P3, P4, P5 = map(xp.float32, ERF_ABOVE)
Q0, Q1, Q2, Q3, Q4, Q5 = map(xp.float32, ERF_BELOW)
SQRT_HALF, DENSITY = xp.float32(0.5**0.5), xp.float32(1 / (2 * math.pi) ** 0.5)


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


def erf(x: Array, out: Array) -> None:
    """out = erf(x), for float32, by the quotient of kernels/numpy/elementwise.py."""
    a, b = x.reshape(-1), out.reshape(-1)
    end = xp.float32(ERF_END)
    for i in prange(b.size):
        y = min(max(a[i], -end), end)
        t = y * y
        above = ((P5 * t + P4) * t + P3) * t + P2
        below = ((Q5 * t + Q4) * t + Q3) * t + Q2
        value = min(max(y * ((above * t + P1) * t + P0) / ((below * t + Q1) * t + Q0), -Q0), Q0)  # Q0 is 1
        b[i] = value if a[i] == a[i] else a[i]  # nan


def gelu(x: Array, out: Array) -> None:
    """out = x / 2 (1 + erf(x / sqrt 2)), for float32"""
    a, b = x.reshape(-1), out.reshape(-1)
    end, half = xp.float32(ERF_END), xp.float32(0.5)
    for i in prange(b.size):
        y = min(max(a[i] * SQRT_HALF, -end), end)
        t = y * y
        above = ((P5 * t + P4) * t + P3) * t + P2
        below = ((Q5 * t + Q4) * t + Q3) * t + Q2
        value = min(max(y * ((above * t + P1) * t + P0) / ((below * t + Q1) * t + Q0), -Q0), Q0)  # Q0 is 1
        b[i] = a[i] * half * (value + Q0) if a[i] == a[i] else a[i]


def gelu_backward(g: Array, x: Array, out: Array) -> None:
    """out = g (1 / 2 (1 + erf(x / sqrt 2)) + x e^(-x^2 / 2) / sqrt(2 pi)), for float32; e^t as in `sigmoid`"""
    a, b, c = g.reshape(-1), x.reshape(-1), out.reshape(-1)
    end, half, one = xp.float32(ERF_END), xp.float32(0.5), xp.float32(1)
    for i in prange(c.size):
        y = min(max(b[i] * SQRT_HALF, -end), end)
        t = y * y
        above = ((P5 * t + P4) * t + P3) * t + P2
        below = ((Q5 * t + Q4) * t + Q3) * t + Q2
        value = min(max(y * ((above * t + P1) * t + P0) / ((below * t + Q1) * t + Q0), -Q0), Q0)  # Q0 is 1
        power = b[i] * b[i] * -half
        s = max(power, xp.float32(-87))
        n = xp.floor(s * xp.float32(1.4426950408889634) + half)
        r = s - n * xp.float32(0.693359375) + n * xp.float32(2.12194440054690583e-4)
        e = xp.float32(1 / 5040) * r + xp.float32(1 / 720)
        e = (e * r + xp.float32(1 / 120)) * r + xp.float32(1 / 24)
        e = (((e * r + xp.float32(1 / 6)) * r + half) * r + one) * r + one
        e = e * xp.int32((xp.int32(n) + xp.int32(127)) << xp.int32(23)).view(xp.float32)
        e = e if power >= xp.float32(-87) else xp.float32(0)
        c[i] = a[i] * (half * (value + one) + b[i] * e * DENSITY) if b[i] == b[i] else b[i]


def leaky_relu(g: Array, x: Array, slope: Array, out: Array) -> None:
    """out = g where x > 0, slope * g elsewhere: `slope` has one element."""
    a, b, c = g.reshape(-1), x.reshape(-1), out.reshape(-1)
    steep = slope.reshape(-1)[0]
    for i in prange(c.size):
        c[i] = a[i] if b[i] > 0 else a[i] * steep


_loops: tuple[tuple[Any, int, str, int], ...] = (
    (relu, 1, "fd", 2), (relu_backward, 2, "fd", 2), (tanh_backward, 2, "fd", 2), (sigmoid_backward, 2, "fd", 2),
    (erf, 1, "f", 8), (gelu, 1, "f", 8), (gelu_backward, 2, "f", 8),
)  # fmt: skip
for _loop, _count, _dtypes, _ulp in _loops:
    numba_implements(_loop.__name__, dtypes=_dtypes, ulp=_ulp, sample=samples.elementwise(_count))(elementwise(_loop))

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
