"""The array library behind every tensor, and the few things it does not do in one call.

`xp` is NumPy. Its functions dispatch on the type of the array they are given (NEP 13 and NEP 18), so an op that
calls `xp.exp(x)` on a CuPy array computes on the GPU and gets a CuPy array back. What makes a new array takes its
device from an array at hand (`xp.zeros_like(x, shape=...)`).
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as xp
import numpy.typing as npt

__all__ = [
    "Array",
    "add_at",
    "add_over",
    "address",
    "as_array",
    "beside",
    "choose",
    "error_function",
    "in_cache",
    "in_order",
    "is_basic",
    "keep",
    "largest_over",
    "multiply_over",
    "share_memory",
    "strided",
    "sum_to",
    "windows",
    "xp",
]

Array: TypeAlias = npt.NDArray[Any]

# The C library gives a large block that is freed back to the system, and gets it anew for the next array, page by page: that
# can take longer than computing what goes into it. It stops doing so once it has seen a block of 32 MiB come and go (glibc
# moves its thresholds). This one is never touched, and costs nothing.
xp.empty((1 << 25) - (1 << 13), dtype=xp.uint8)

# Called by these names, NumPy's reductions do not go through a Python function of NumPy's own: quicker, and what they have
# to warn of is laid at this package's door, where it is ignored.
add_over: Any = xp.add.reduce
multiply_over: Any = xp.multiply.reduce
largest_over: Any = xp.maximum.reduce

# log(0) is -inf and 0 / 0 is nan, as in PyTorch, without a word from NumPy: in this package's modules only.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minitorch\.")


def beside(made: Array, array: Array) -> Array:
    """An array just made by NumPy, on the device of `array`."""
    return made if isinstance(array, (xp.ndarray, xp.generic)) else xp.asarray(made, like=array)


def in_order(array: Array) -> Array:
    """With its elements in order in memory: the array itself, or a copy."""
    return array if array.flags.c_contiguous else array.copy()


def address(array: Array) -> int:
    """Where in memory the first element lies."""
    if isinstance(array, xp.ndarray):
        return int(array.__array_interface__["data"][0])
    return int(array.data.ptr)


def as_array(value: Any) -> Array:
    """The array itself; of a NumPy scalar, which is what reducing to one number gives, a 0-d array."""
    return xp.asarray(value) if isinstance(value, xp.generic) else value


def keep(x: Array, mask: Array) -> Array:
    """x where the mask is true, 0 elsewhere, even if x is infinite or nan there: it is the bits that are multiplied by 0."""
    bits = _BITS[x.dtype.itemsize]
    out = xp.empty_like(x, shape=xp.broadcast_shapes(x.shape, mask.shape))
    xp.multiply(x.view(bits), mask, out=out.view(bits))
    return out


def choose(mask: Array, a: Any, b: Any) -> Array:
    """a where the mask is true, b elsewhere: as `where`, which takes ten times as long for a mask without order.

    As whole numbers, which wrap around, the bits of a and b obey  b + mask * (a - b).
    """
    if mask.size < 1000 or a.dtype.kind != "f" or a.dtype != b.dtype or not isinstance(mask, xp.ndarray):
        return xp.where(mask, a, b)
    bits = _BITS[a.dtype.itemsize]
    words_a, words_b = (in_order(xp.asarray(value)).view(bits) for value in (a, b))
    out = xp.empty(xp.broadcast_shapes(mask.shape, a.shape, b.shape), dtype=a.dtype)
    words = out.view(bits)
    xp.multiply(mask, words_a - words_b, out=words)
    words += words_b
    return out


def in_cache(compute: Callable[..., Array], *arrays: Array) -> Array:
    """compute(*arrays), which goes element by element in several steps, and gives an array like the first.

    Of large arrays it gets some elements at a time, which stay in the cache from step to step.
    """
    first = arrays[0]
    if first.size <= PIECE or not all(
        isinstance(a, xp.ndarray) and a.flags.c_contiguous and a.shape == first.shape for a in arrays
    ):
        return compute(*arrays)
    out = xp.empty_like(first)
    flat, into = [a.reshape(-1) for a in arrays], out.reshape(-1)
    for start in range(0, first.size, PIECE):
        into[start : start + PIECE] = compute(*(a[start : start + PIECE] for a in flat))
    return out


PIECE = 1 << 16  # elements that `in_cache` takes at a time
_BITS = {2: xp.int16, 4: xp.int32, 8: xp.int64}  # the integers as wide as each floating type


def sum_to(array: Array, shape: tuple[int, ...]) -> Array:
    """Sum `array` over the axes along which `shape` was broadcast to it: the adjoint of broadcasting."""
    lead = array.ndim - len(shape)
    stretched = tuple(i for i, n in enumerate(shape, start=lead) if n == 1 and array.shape[i] != 1)
    axes = (*range(lead), *stretched)
    kind = xp.int64 if axes and array.dtype.kind != "f" else array.dtype
    return xp.reshape(add_over(array, axis=axes, dtype=kind), shape)


def add_at(shape: tuple[int, ...], steps: Sequence[Any], values: Array) -> Array:
    """Zeros of `shape` with `values` added at an index, once for every time a cell is named: the adjoint of `x[index]`.

    The index comes in steps, x[step][step]. What it makes of the cells' own numbers is where each value goes to.
    """
    out = xp.zeros_like(values, order="C", shape=shape)
    if all(map(is_basic, steps)):
        target = out
        for step in steps[:-1]:
            target = target[step]
        target[steps[-1]] = values
        return out
    if len(shape) == 1 and len(steps) == 1 and steps[0][0].dtype.kind == "i":
        cells = steps[0][0]
    else:
        cells = beside(xp.arange(out.size).reshape(shape), out)
        for step in steps:
            cells = cells[step]
    xp.add.at(out.reshape(-1), cells.reshape(-1), xp.broadcast_to(values, cells.shape).reshape(-1))
    return out


def is_basic(index: tuple[Any, ...]) -> bool:
    """Whether the index has only ints, slices, None and `...`: the result is then a view and names no cell twice."""
    return all(p is None or p is Ellipsis or isinstance(p, slice) or type(p) is int for p in index)


def error_function(x: Array) -> Array:
    """erf(x), which NumPy lacks, to the last digit: from exact values 1/1024 apart, by Taylor's series around the nearest.

    With c[0] = erf(a) and c[1] = 2 / sqrt(pi) e^(-a^2), the slope at a, erf(a + d) is the sum of c[n] d^n, and
    erf'' = -2 x erf' gives the rest: c[n+2] = -2 (a (n + 1) c[n+1] + n c[n]) / ((n + 2) (n + 1)). From 6 on, erf is 1.
    """
    x = as_array(x)
    wide = x.reshape(-1).astype(xp.float32 if x.dtype.itemsize == 2 else x.dtype, copy=False)
    tables = [xp.asarray(table, dtype=wide.dtype, like=x) for table in _erf_tables()]
    out = xp.empty_like(wide)
    for start in range(0, wide.size, 1 << 14):  # a piece at a time, so that the many steps find it in the cache
        piece = wide[start : start + (1 << 14)]
        size = xp.absolute(piece)
        place = xp.rint(xp.fmin(size, 6) * 1024)
        a = place / 1024
        d = xp.minimum(size - a, 1 / 2048)
        value, term = (table[place.astype(xp.int32)] for table in tables)
        power, before = d, 0.0
        for n in range(5 if wide.dtype.itemsize == 8 else 3):
            value = value + term * power
            power = power * d
            before, term = term, (a * ((n + 1) * term) + n * before) * (-2 / ((n + 2) * (n + 1)))
        out[start : start + (1 << 14)] = xp.copysign(value, piece)
    return out.reshape(x.shape).astype(x.dtype, copy=False)


@functools.cache
def _erf_tables() -> tuple[Array, Array]:
    places = [i / 1024 for i in range(6 * 1024 + 1)]
    return xp.array([math.erf(a) for a in places]), 2 / math.sqrt(math.pi) * xp.exp(-(xp.array(places) ** 2))


def share_memory(view: Array, of: Array) -> bool:
    """Whether `view`, just made from `of`, looks into the same memory (NumPy keeps the owner in `base`)."""
    return view.base is not None and (view.base is of or view.base is of.base)


def windows(x: Array, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> Array:
    """View `x` (*batch, *spatial) as (*batch, *out, *kernel): every window on its last axes, nothing copied."""
    rank = len(kernel)
    batch, spatial = x.shape[:-rank], x.shape[-rank:]
    steps = x.strides[-rank:]
    out = tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(spatial, kernel, stride, dilation, strict=True))
    strides = x.strides[:-rank] + tuple(a * s for a, s in zip(steps, stride, strict=True))
    strides += tuple(a * d for a, d in zip(steps, dilation, strict=True))
    if math.prod(out) == 0:
        return xp.zeros_like(x, shape=(*batch, *out, *kernel))
    if isinstance(x, xp.ndarray) and x.flags.c_contiguous:
        return xp.ndarray((*batch, *out, *kernel), x.dtype, x, 0, strides)  # as `as_strided`, in a tenth of the time
    module = xp if isinstance(x, xp.ndarray) else _module_of(x)
    return module.lib.stride_tricks.as_strided(x, (*batch, *out, *kernel), strides)


def strided(x: Array, start: int, shape: tuple[int, ...], steps: tuple[int, ...]) -> Array:
    """View the memory of x, in which elements lie in order: from element `start` on, so many steps from one to the next."""
    strides = tuple([step * x.itemsize for step in steps])
    if isinstance(x, xp.ndarray):
        return xp.ndarray(shape, x.dtype, x, start * x.itemsize, strides)
    return _module_of(x).lib.stride_tricks.as_strided(x.reshape(-1)[start:], shape, strides)


def _module_of(x: Any) -> Any:
    """The library of an array that is not NumPy's: as_strided is the one function that does not dispatch."""
    import sys

    return sys.modules[type(x).__module__.partition(".")[0]]
