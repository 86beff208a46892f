"""Functions made of e^t and erf, as compiled loops for float32: sigmoid, GELU, softmax.

The processor has no instruction for these two. NumPy's are quick, but each is a pass over memory by one thread. The formulas
here have no branch, so that the compiler makes code of them that computes several elements at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minitorch.backend.arrays import Array, max_reduce, xp
from minitorch.kernels import samples
from minitorch.kernels.numba.compiler import PAYS_FROM, compiled, elementwise, numba_implements, prange
from minitorch.kernels.numpy.elementwise import ERF_ABOVE, ERF_BELOW, ERF_END

__all__: list[str] = []

BLOCK = 1024  # a sum of so many numbers in float32 is exact enough; those sums are added in float64
LOWEST, HIGHEST = xp.float32(-104), xp.float32(88.72)  # below and above them e^t is 0 and infinite in float32
TURNS = xp.float32(1 / math.log(2))
LOG2_HEAD, LOG2_TAIL = xp.float32(0.693359375), xp.float32(-2.12194440054690583e-4)  # their sum is log 2
C2, C3, C4, C5, C6, C7 = (xp.float32(1 / math.factorial(n)) for n in range(2, 8))
P0, P1, P2, P3, P4, P5 = map(xp.float32, ERF_ABOVE)
Q0, Q1, Q2, Q3, Q4, Q5 = map(xp.float32, ERF_BELOW)
END: Any = xp.float32(ERF_END)
ZERO: Any = xp.float32(0)
HALF: Any = xp.float32(0.5)
ONE: Any = xp.float32(1)
TWO: Any = xp.float32(2)
TANH_END: Any = xp.float32(20)  # tanh 10 is 1 in float32
SQRT_HALF, DENSITY = xp.float32(0.5**0.5), xp.float32(1 / (2 * math.pi) ** 0.5)


def exponential(t: Any) -> Any:
    """e^t for LOWEST <= t <= HIGHEST, within 2 ulp.

    e^t = 2^n e^r, for the integer n nearest to t / log 2. Since |r| <= log(2) / 2, the terms of the series after the eighth are
    less than half of float32's last digit. 2^k is the number whose exponent has the bits k + 127, for -126 <= k <= 127; so 2^n
    is made of two such numbers. log 2 is subtracted in two parts, so that little of r is lost: the first part has so few
    digits that n times it is exact.
    """
    n = xp.floor(t * TURNS + HALF)
    r = t - n * LOG2_HEAD - n * LOG2_TAIL
    series = ((((((C7 * r + C6) * r + C5) * r + C4) * r + C3) * r + C2) * r + ONE) * r + ONE
    half = xp.int32(n) >> xp.int32(1)
    first = xp.int32((half + xp.int32(127)) << xp.int32(23)).view(xp.float32)
    return series * first * xp.int32((xp.int32(n) - half + xp.int32(127)) << xp.int32(23)).view(xp.float32)


def exponential_below(t: Any) -> Any:
    """e^t for t <= HIGHEST: 0 below LOWEST, and nan for nan."""
    e = exponential(max(t, LOWEST))
    return e if t >= LOWEST else ZERO if t < LOWEST else t


def logistic(t: Any) -> Any:
    """1 / (1 + e^-t), and 0 where e^-t would overflow."""
    y = ONE / (ONE + exponential(min(max(-t, LOWEST), HIGHEST)))
    return y if t >= -HIGHEST else ZERO if t < -HIGHEST else t  # nan


def hyperbolic_tangent(t: Any) -> Any:
    """tanh t = s / (s + 2), for s = e^2t - 1 = 2^n (e^r - 1) + (2^n - 1), as in `exponential`: near 0, n is 0 and s exact."""
    u = min(max(t + t, -TANH_END), TANH_END)
    n = xp.floor(u * TURNS + HALF)
    r = u - n * LOG2_HEAD - n * LOG2_TAIL
    series = ((((((C7 * r + C6) * r + C5) * r + C4) * r + C3) * r + C2) * r + ONE) * r
    power = xp.int32((xp.int32(n) + xp.int32(127)) << xp.int32(23)).view(xp.float32)
    s = series * power + (power - ONE)
    return s / (s + TWO) if t == t else t


def erf_quotient(x: Any) -> Any:
    """erf(x) but for nan, by the quotient of kernels/numpy/elementwise.py."""
    y = min(max(x, -END), END)
    t = y * y
    above = ((((P5 * t + P4) * t + P3) * t + P2) * t + P1) * t + P0
    below = ((((Q5 * t + Q4) * t + Q3) * t + Q2) * t + Q1) * t + Q0
    return min(max(y * above / below, -ONE), ONE)


def sigmoid(x: Array, out: Array) -> None:
    """out = 1 / (1 + e^-x), and 0 where e^-x would overflow."""
    a, b = x.reshape(-1), out.reshape(-1)
    for i in prange(b.size):
        b[i] = logistic(a[i])


def tanh(x: Array, out: Array) -> None:
    """out = tanh(x)"""
    a, b = x.reshape(-1), out.reshape(-1)
    for i in prange(b.size):
        b[i] = hyperbolic_tangent(a[i])


def erf(x: Array, out: Array) -> None:
    """out = erf(x)"""
    a, b = x.reshape(-1), out.reshape(-1)
    for i in prange(b.size):
        value = erf_quotient(a[i])
        b[i] = value if a[i] == a[i] else a[i]  # nan


def gelu(x: Array, out: Array) -> None:
    """out = x / 2 (1 + erf(x / sqrt 2))"""
    a, b = x.reshape(-1), out.reshape(-1)
    for i in prange(b.size):
        y = a[i] * HALF * (erf_quotient(a[i] * SQRT_HALF) + ONE)
        b[i] = y if a[i] == a[i] else a[i]


def gelu_backward(g: Array, x: Array, out: Array) -> None:
    """out = g (1 / 2 (1 + erf(x / sqrt 2)) + x e^(-x^2 / 2) / sqrt(2 pi))"""
    a, b, c = g.reshape(-1), x.reshape(-1), out.reshape(-1)
    for i in prange(c.size):
        e = exponential_below(b[i] * b[i] * -HALF)
        y = a[i] * (HALF * (erf_quotient(b[i] * SQRT_HALF) + ONE) + b[i] * e * DENSITY)
        c[i] = y if b[i] == b[i] else b[i]


def softmax(x: Array, top: Array, out: Array) -> None:
    """out = e^(x - top) / sum e^(x - top) for each row of x (N, L), whose largest number is top (N, 1)."""
    for i in prange(x.shape[0]):
        largest, total = top[i, 0], 0.0
        for start in range(0, x.shape[1], BLOCK):
            a, b = x[i, start : start + BLOCK], out[i, start : start + BLOCK]
            part = ZERO
            for k in range(a.size):
                b[k] = e = exponential_below(a[k] - largest)
                part += e
            total += part
        scale = xp.float32(1 / total)
        b = out[i]
        for k in range(b.size):
            b[k] *= scale


def log_softmax(x: Array, top: Array, out: Array) -> None:
    """out = x - top - log sum e^(x - top) for each row."""
    for i in prange(x.shape[0]):
        largest, total = top[i, 0], 0.0
        for start in range(0, x.shape[1], BLOCK):
            a = x[i, start : start + BLOCK]
            part = ZERO
            for k in range(a.size):
                part += exponential_below(a[k] - largest)
            total += part
        logarithm = xp.float32(math.log(total))
        a, b = x[i], out[i]
        for k in range(b.size):
            b[k] = a[k] - largest - logarithm


def softmax_backward(g: Array, y: Array, out: Array) -> None:
    """out = y (g - sum(g y)) for each row."""
    for i in prange(y.shape[0]):
        total = 0.0
        for start in range(0, y.shape[1], BLOCK):
            a, b = g[i, start : start + BLOCK], y[i, start : start + BLOCK]
            part = ZERO
            for k in range(a.size):
                part += a[k] * b[k]
            total += part
        mean = xp.float32(total)
        a, b, c = g[i], y[i], out[i]
        for k in range(c.size):
            c[k] = b[k] * (a[k] - mean)


def log_softmax_backward(g: Array, y: Array, out: Array) -> None:
    """out = g - e^y sum(g) for each row."""
    for i in prange(y.shape[0]):
        total = 0.0
        for start in range(0, y.shape[1], BLOCK):
            a = g[i, start : start + BLOCK]
            part = ZERO
            for k in range(a.size):
                part += a[k]
            total += part
        given = xp.float32(total)
        a, b, c = g[i], y[i], out[i]
        for k in range(c.size):
            c[k] = a[k] - exponential_below(min(b[k], HIGHEST)) * given


for _loop, _count, _pays_from, _ulp in (
    (sigmoid, 1, PAYS_FROM // 3, 4), (tanh, 1, PAYS_FROM, 4), (erf, 1, PAYS_FROM, 8),
    (gelu, 1, PAYS_FROM, 8), (gelu_backward, 2, PAYS_FROM, 8),
):  # fmt: skip
    numba_implements(_loop.__name__, dtypes="f", pays_from=_pays_from, ulp=_ulp, sample=samples.elementwise(_count))(
        elementwise(_loop)
    )


def lstm_row(z: Array, before: Array, new: Array, h: Array) -> None:
    """Make the gates i, f, g, o of their sums z, in place, and  c' = f c + i g  and  h' = o tanh(c'), for c `before`."""
    size = before.size
    for start in (0, size, 3 * size):
        gate = z[start : start + size]
        for k in range(gate.size):
            gate[k] = logistic(gate[k])
    i, f, g, o = z[:size], z[size : 2 * size], z[2 * size : 3 * size], z[3 * size :]
    for k in range(g.size):
        g[k] = hyperbolic_tangent(g[k])
    for k in range(new.size):
        new[k] = f[k] * before[k] + i[k] * g[k]
    for k in range(h.size):
        h[k] = o[k] * hyperbolic_tangent(new[k])


def lstm_cell(x: Array, y: Array, c: Array, h_new: Array, c_new: Array, gates: Array) -> None:
    """The gates of x + y, and c' and h', for each row of c (N, H)."""
    for row in prange(c.shape[0]):
        a, b, z = x[row], y[row], gates[row]
        for k in range(z.size):
            z[k] = a[k] + b[k]
        lstm_row(z, c[row], c_new[row], h_new[row])


@numba_implements("lstm_cell", dtypes="f", pays_from=PAYS_FROM // 8, ulp=16, sample=samples.lstm_cell)
def _lstm_cell(x: Array, y: Array, c: Array) -> Any:
    h_new, c_new, gates = (xp.empty_like(a) for a in (c, c, x))
    compiled(lstm_cell)(x, y, c, h_new, c_new, gates)
    return h_new, c_new, gates


def _by_rows(loop: Callable[..., None], has_top: bool, sample: Any) -> None:
    """Register a loop over rows of float32: what `dim` means must be the last dimension."""

    @numba_implements(loop.__name__, dtypes="f", pays_from=PAYS_FROM // 3, ulp=16, sample=sample)
    def function(*args: Any) -> Any:
        *arrays, dim = args
        shape = arrays[0].shape
        if dim % max(len(shape), 1) != len(shape) - 1 or any(a.shape != shape for a in arrays):
            return NotImplemented
        rows, out = [a.reshape(-1, shape[-1]) for a in arrays], xp.empty_like(arrays[0])
        if has_top:
            top = max_reduce(rows[0], 1)
            if not xp.isfinite(top).all():
                return NotImplemented
            rows.append(top)
        compiled(loop)(*rows, out.reshape(rows[0].shape))
        return out


_by_rows(softmax, True, samples.softmax)
_by_rows(log_softmax, True, samples.softmax)
_by_rows(softmax_backward, False, samples.softmax_backward)
_by_rows(log_softmax_backward, False, samples.log_softmax_backward)
