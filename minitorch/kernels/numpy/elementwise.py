"""Elementwise functions for NumPy: block by block, so that intermediate results stay in the cache, and masks by bits.

A formula of several steps, computed on a large array, writes each intermediate result to memory and reads it again. Computed on
some thousand elements at a time, they stay in the cache. And `where` takes ten times as long as a multiplication if the mask
has no order, because the processor guesses each element wrong: arithmetic on the bits of the numbers needs no guess.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch.backend.arrays import Array, contiguous, xp
from minitorch.backend.dispatch import definitions, implements
from minitorch.kernels import samples
from minitorch.kernels.threads import parallel_for

__all__: list[str] = []

BLOCK = 1 << 16  # elements
_BITS = {2: xp.int16, 4: xp.int32, 8: xp.int64}  # the integers as wide as each floating type


def blockwise(compute: Callable[..., Array], *arrays: Array) -> Array:
    """compute(*arrays), elementwise and giving an array like the first, on BLOCK elements at a time, by threads if many."""
    out = xp.empty_like(arrays[0])
    flat, into = [a.reshape(-1) for a in arrays], out.reshape(-1)

    def blocks(start: int, stop: int) -> None:
        for i in range(start, stop, BLOCK):
            part = slice(i, min(i + BLOCK, stop))
            into[part] = compute(*(a[part] for a in flat))

    if out.size < 4 * BLOCK:
        blocks(0, out.size)
    else:
        parallel_for(blocks, out.size, -(-out.size // 4))
    return out


def _in_blocks(name: str, count: int, ulp: int = 0) -> None:
    """Register the definition itself, computed in blocks of its `count` arguments."""

    @implements(
        name, engine="numpy", dtypes="efd", pays_from=BLOCK + 1, layout="contiguous", ulp=ulp, sample=samples.elementwise(count)
    )
    def function(*arrays: Array) -> Any:
        if any(a.shape != arrays[0].shape for a in arrays):
            return NotImplemented
        return blockwise(definitions[name].function, *arrays)


for _name, _count in (("sigmoid", 1), ("tanh", 1), ("erf", 1), ("sigmoid_backward", 2), ("tanh_backward", 2)):
    _in_blocks(_name, _count)
for _name, _count in (("gelu", 1), ("gelu_backward", 2)):
    _in_blocks(_name, _count, 8)  # the blocks of float32 have another erf


ERF_ABOVE = (1.12837909, 0.20891434, 0.055061203, 0.00450620496, 0.000292808641, 1.80665238e-06)
ERF_BELOW = (1.0, 0.518476783, 0.121632476, 0.0164799592, 0.00132445186, 3.59509309e-05)
ERF_END = 4.2  # here the quotient is a little more than 1, to which it is then cut


@implements("erf", engine="numpy", dtypes="f", pays_from=1 << 12, layout="contiguous", ulp=6, sample=samples.elementwise(1))
def _erf_of_single(x: Array) -> Any:
    """x times a quotient of two polynomials in x^2. With these coefficients it is erf to 7e-8: they were found by least
    squares whose weights were changed until the largest error was smallest.
    """
    return blockwise(_erf_by_quotient, x)


def _erf_by_quotient(x: Array) -> Array:
    end = x.dtype.type(ERF_END)
    x = xp.minimum(xp.maximum(x, -end), end)
    t = x * x
    above, below = (t * x.dtype.type(terms[-1]) for terms in (ERF_ABOVE, ERF_BELOW))
    for value, terms in ((above, ERF_ABOVE), (below, ERF_BELOW)):
        for term in terms[-2:0:-1]:
            value += x.dtype.type(term)
            value *= t
        value += x.dtype.type(terms[0])
    above *= x
    above /= below
    return xp.minimum(xp.maximum(above, -1, out=above), 1, out=above)


@implements("masked", engine="numpy", pays_from=1000, sample=samples.masked)
def masked(x: Array, mask: Array) -> Any:
    """The bits of x, times 0 or 1."""
    bits = _BITS.get(x.dtype.itemsize) if x.dtype.kind == "f" else None
    if bits is None or mask.dtype.kind != "b":
        return NotImplemented
    out = xp.empty_like(x, shape=xp.broadcast_shapes(x.shape, mask.shape))
    xp.multiply(x.view(bits), mask, out=out.view(bits))
    return out


@implements("relu_backward", engine="numpy", dtypes="efd", pays_from=1000, sample=samples.elementwise(2))
def _relu_backward(g: Array, y: Array) -> Any:
    return masked(g, ~(y <= 0))


@implements("where", engine="numpy", pays_from=1000, sample=samples.where)
def where_by_bits(mask: Array, a: Any, b: Any) -> Any:
    """As integers, which wrap around, the bits of a and b obey  b + mask * (a - b)."""
    dtype = getattr(a, "dtype", None)
    if dtype is None or dtype.kind != "f" or dtype != getattr(b, "dtype", None) or dtype.itemsize not in _BITS:
        return NotImplemented
    bits = _BITS[dtype.itemsize]
    words_a, words_b = (contiguous(xp.asarray(value)).view(bits) for value in (a, b))
    out = xp.empty(xp.broadcast_shapes(mask.shape, a.shape, b.shape), dtype=dtype)
    words = out.view(bits)
    xp.multiply(mask, words_a - words_b, out=words)
    words += words_b
    return out


@implements("leaky_relu", engine="numpy", dtypes="efd", pays_from=1000, sample=samples.leaky_relu)
def _leaky_relu(g: Array, x: Array, slope: Any) -> Any:
    slope, one = xp.asarray(slope, dtype=x.dtype), x.dtype.type(1)
    if slope.size > 1 or slope.ndim > x.ndim or g.shape != x.shape or not (g.flags.c_contiguous and x.flags.c_contiguous):
        return g * _choose(x > 0, one, slope)
    steep = slope.reshape(())[()]

    def compute(g: Array, x: Array) -> Array:
        if 0 <= steep <= 1:  # then (1 - slope) + slope is 1, exactly
            factor = xp.multiply(x > 0, one - steep)
            factor += steep
        else:
            factor = _choose(x > 0, one, steep)
        factor *= g
        return factor

    return blockwise(compute, g, x)


def _choose(mask: Array, a: Any, b: Any) -> Array:
    result = where_by_bits(mask, a, b)
    return xp.where(mask, a, b) if result is NotImplemented else result
