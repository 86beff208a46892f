"""Special functions of arrays, which NumPy lacks: erf, erfc, erfinv, sinc's derivatives, log gamma, polygamma.

Each is a series, or a recurrence to where a series converges, exact to a few units in the last digit of float64 of the largest
number on the way: near a zero of the function, and for negative arguments, less of the result is.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from minitorch.backend.arrays import Array, as_array, is_known, xp

__all__ = ["error_function", "inverse_error_function", "log_gamma", "polygamma", "sinc"]

EULER = 0.5772156649015329  # the limit of 1 + 1/2 + ... + 1/n - log n

# Bernoulli's numbers B2, B4, ... B20, the coefficients of the Euler-Maclaurin formula.
BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
)  # fmt: skip


def _in_double(function: Callable[..., Array]) -> Callable[..., Array]:
    """Compute in float64 and round to the type of the argument."""

    @functools.wraps(function)
    def compute(x: Array, *args: Any) -> Array:
        return function(x.astype(xp.float64, copy=False), *args).astype(x.dtype, copy=False)

    return compute


def error_function(x: Array, complement: bool = False) -> Array:
    """erf(x), or its complement erfc(x) = 1 - erf(x), to the last digit: from exact values 1/1024 apart, by Taylor's series
    around the nearest.

    With c[0] = erf(a) and c[1] = 2 / sqrt(pi) e^(-a^2), the slope at a, erf(a + d) is the sum of c[n] d^n. The other c[n]
    follow from erf'' = -2 x erf':  c[n+2] = -2 (a (n + 1) c[n+1] + n c[n]) / ((n + 2) (n + 1)). From 6 on, erf is 1; from 28
    on, erfc is 0. The coefficients of erfc are those of -erf, and erfc(-x) = 2 - erfc(x).
    """
    wide = x.astype(xp.float32 if x.dtype.itemsize == 2 else x.dtype, copy=False)
    size = xp.absolute(wide)
    position = xp.rint(xp.fmin(size, 28 if complement else 6) * 1024)
    a = position / 1024
    d = xp.minimum(size - a, 1 / 2048)
    tables = _erfc_tables() if complement else _erf_tables()
    value, term = (xp.asarray(table, dtype=wide.dtype, like=x)[position.astype(xp.int32)] for table in tables)
    power, before = d, 0.0
    for n in range((5 if wide.dtype.itemsize == 8 else 3) + 4 * complement):  # steeper in relation to its small values
        value = value + term * power
        power = power * d
        before, term = term, (a * ((n + 1) * term) + n * before) * (-2 / ((n + 2) * (n + 1)))
    value = xp.where(wide < 0, 2 - value, value) if complement else xp.copysign(value, wide)
    return value.astype(x.dtype, copy=False)


@functools.cache
def _erf_tables() -> tuple[Array, Array]:
    points = [i / 1024 for i in range(6 * 1024 + 1)]
    return xp.array([math.erf(a) for a in points]), 2 / math.sqrt(math.pi) * xp.exp(-(xp.array(points) ** 2))


@functools.cache
def _erfc_tables() -> tuple[Array, Array]:
    points = [i / 1024 for i in range(28 * 1024 + 1)]
    return xp.array([math.erfc(a) for a in points]), -2 / math.sqrt(math.pi) * xp.exp(-(xp.array(points) ** 2))


@_in_double
def inverse_error_function(y: Array) -> Array:
    """The x with erf(x) = y: Winitzki's approximation, which is right to three digits, and three steps of Halley's method.

    Beyond 1/2 the steps compare erfc(x) with 1 - |y|, which is exact there.
    """
    size = xp.absolute(y)
    rest = 1 - size
    logarithm = xp.log(rest * (1 + size))
    half = 2 / (math.pi * 0.147) + logarithm / 2
    x = xp.sqrt(xp.sqrt(half * half - logarithm / 0.147) - half)
    for _ in range(3):
        error = xp.where(size < 0.5, error_function(as_array(x)) - size, rest - error_function(as_array(x), True))
        step = error * (math.sqrt(math.pi) / 2) * xp.exp(x * x)
        x = x - step / (1 + x * step)
    return xp.copysign(xp.where(size < 1, x, xp.where(size == 1, math.inf, math.nan)), y)


@_in_double
def sinc(x: Array, order: int = 0) -> Array:
    """The derivative of sin(u) / u, u = pi x, of an order, in x.

    Near 0 the power series: f_n = sum over k of (-1)^k u^m / (m! (2k + 1)), m = 2k - n. Elsewhere from the derivatives of
    u f = sin u, a recurrence: u f_n = sin^(n)(u) - n f_(n-1).
    """
    u = math.pi * x
    near = xp.absolute(u) < order + 1
    small, series = xp.where(near, u, 0.0), xp.zeros_like(u)
    for k in range(2 * order + 12, (order + 1) // 2 - 1, -1):  # the smallest first
        m = 2 * k - order
        series = series + small**m * ((-1) ** k / (math.factorial(m) * (2 * k + 1)))
    turn = math.pi * (x - 2 * xp.rint(x / 2))
    waves = (xp.sin(turn), xp.cos(turn))
    large = xp.where(near, 1.0, u)
    value = waves[0] / large
    for n in range(1, order + 1):
        value = (waves[n % 2] * (-1 if n % 4 > 1 else 1) - n * value) / large
    return xp.where(near, series, value) * math.pi**order


# ---- gamma and its derivatives -----------------------------------------------------------------------------------------


def _zeta(s: int, x: Any) -> Any:
    """Hurwitz's zeta function, the sum of (x + k)^-s over k = 0, 1, 2 ..., for s > 1 and x > 0: some terms, and
    Euler-Maclaurin's formula for the rest.
    """
    count = 10 + s // 2
    far = x + count
    rest, factor = far ** (1.0 - s) / (s - 1) + far ** float(-s) / 2, float(s)
    for j, b in enumerate(BERNOULLI, 1):
        rest = rest + b / math.factorial(2 * j) * factor * far ** (1.0 - s - 2 * j)
        factor *= (s + 2 * j - 1) * (s + 2 * j)
    for k in reversed(range(count)):
        rest = rest + (x + k) ** float(-s)
    return rest


@functools.cache
def _gamma_series() -> list[float]:
    """The coefficients of log gamma(2 + z) = (1 - EULER) z + sum of (zeta(k) - 1) (-z)^k / k over k = 2, 3, 4 ..."""
    return [0.0, 1 - EULER, *((-1) ** k * float(_zeta(k, 2.0)) / k for k in range(2, 30))]


@_in_double
def log_gamma(x: Array) -> Array:
    """log |gamma(x)|: by the series around 2 up to 2.5, by gamma(x + 1) = x gamma(x) up to 8.5, by Stirling's series beyond;
    for negative x by gamma(x) gamma(-x) = -pi / (x sin(pi x)).
    """
    size = xp.absolute(x)
    near, product = xp.minimum(size, 8.5), xp.ones_like(size)
    for _ in range(6):
        above = near > 2.5
        near = xp.where(above, near - 1, near)
        product = xp.where(above, product * near, product)
    z = xp.where(size < 0.5, x, near - xp.where(near < 1.5, 1.0, 2.0))
    value = xp.zeros_like(z)
    for coefficient in reversed(_gamma_series()):
        value = value * z + coefficient
    value = value + xp.log(product) - xp.where(near < 1.5, xp.log1p(z), 0.0)
    value = xp.where(size < 0.5, value - xp.log(size), value)
    large = xp.maximum(size, 8.5)
    stirling = (large - 0.5) * (xp.log(large) - 1) + 0.5 * (math.log(2 * math.pi) - 1)
    for k, b in enumerate(BERNOULLI, 1):
        stirling = stirling + b / (2 * k * (2 * k - 1)) * large ** (1.0 - 2 * k)
    value = xp.where(size < 8.5, value, stirling)
    angle = math.pi * (x - xp.rint(x))
    value = xp.where(x <= -0.5, math.log(math.pi) - xp.log(size * xp.absolute(xp.sin(angle))) - value, value)
    return xp.where(xp.isinf(x), math.inf, value)


@_in_double
def polygamma(x: Array, n: int) -> Array:
    """The derivative of log gamma(x) of order n + 1: (-1)^(n+1) n! zeta(n + 1, x), or for n = 0 log x and the rest of its
    series; for negative x by the n-th derivative of psi(1 - x) - psi(x) = pi cot(pi x).
    """
    y = xp.where(x < 0, 1 - x, x)
    if n == 0:
        far = y + 10
        value = xp.log(far) - 0.5 / far
        for k, b in enumerate(BERNOULLI, 1):
            value = value - b / (2 * k) * far ** (-2.0 * k)
        for k in reversed(range(1, 10)):
            value = value - 1 / (y + k)
        value = value - 1 / y  # of -0.0, too, which -0.0 + 0 is not
    else:
        value = (-1) ** (n + 1) * math.factorial(n) * _zeta(n + 1, xp.absolute(y))
    if is_known(x) and not (x < 0).any():
        return value
    angle = math.pi * (x - xp.rint(x))
    cot = 1 / xp.tan(angle)
    powers: dict[int, float] = {1: 1.0}  # the n-th derivative of cot, a polynomial in cot: each is -(1 + cot^2) times that of p
    for _ in range(n):
        derivative: dict[int, float] = {}
        for p, c in powers.items():
            for q in (p - 1, p + 1):
                derivative[q] = derivative.get(q, 0.0) - c * p
        powers = {p: c for p, c in derivative.items() if c}
    mirrored = (-1) ** n * value - math.pi ** (n + 1) * sum(c * cot**p for p, c in powers.items())
    pole = math.nan if n == 0 else (-1) ** (n + 1) * math.inf
    return xp.where(x < 0, xp.where(angle == 0, pole, mirrored), value)
