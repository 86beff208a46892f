"""The array library behind every tensor, and the few things it does not do in one call.

`xp` is NumPy. Its functions dispatch on the type of the array they are given (NEP 13 and NEP 18), so an op that
calls `xp.exp(x)` on a CuPy array computes on the GPU and gets a CuPy array back. What makes a new array takes its
device from an array at hand (`xp.zeros_like(x, shape=...)`).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as xp
import numpy.typing as npt

__all__ = [
    "Array",
    "add_at",
    "add_over",
    "as_array",
    "is_basic",
    "keep",
    "largest_over",
    "multiply_over",
    "share_memory",
    "sum_to",
    "windows",
    "xp",
]

Array: TypeAlias = npt.NDArray[Any]

# Called by these names, NumPy's reductions do not go through a Python function of NumPy's own: quicker, and what they have
# to warn of is laid at this package's door, where it is ignored.
add_over: Any = xp.add.reduce
multiply_over: Any = xp.multiply.reduce
largest_over: Any = xp.maximum.reduce

# log(0) is -inf and 0 / 0 is nan, as in PyTorch, without a word from NumPy: in this package's modules only.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minitorch\.")


def as_array(value: Any) -> Array:
    """The array itself; of a NumPy scalar, which is what reducing to one number gives, a 0-d array."""
    return xp.asarray(value) if isinstance(value, xp.generic) else value


def keep(x: Array, mask: Array) -> Array:
    """x where the mask is true, 0 elsewhere.

    x * mask would make nan of an infinite x, and `where` takes fifteen times as long: the bits are masked instead.
    """
    bits = _BITS[x.dtype.itemsize]
    return (x.view(bits) & -mask.astype(bits)).view(x.dtype)


_BITS = {2: xp.int16, 4: xp.int32, 8: xp.int64}  # the integers as wide as each floating type


def sum_to(array: Array, shape: tuple[int, ...]) -> Array:
    """Sum `array` over the axes along which `shape` was broadcast to it: the adjoint of broadcasting."""
    lead = array.ndim - len(shape)
    stretched = tuple(i for i, n in enumerate(shape, start=lead) if n == 1 and array.shape[i] != 1)
    return xp.reshape(add_over(array, axis=(*range(lead), *stretched)), shape)


def add_at(shape: tuple[int, ...], steps: Sequence[Any], values: Array) -> Array:
    """Zeros of `shape` with `values` added at an index, once for every time a cell is named: the adjoint of `x[index]`.

    The index comes in steps: all but the last are basic ones, and give views. Integer arrays alone are turned into
    positions in the flat array first, where NumPy's `add.at` is quick.
    """
    out = xp.zeros_like(values, order="C", shape=shape)
    target, last = out, steps[-1]
    for step in steps[:-1]:
        target = target[step]
    if is_basic(last):
        target[last] = values
    elif target is out and len(last) == len(shape) and all(getattr(i, "dtype", bool) in _INTEGERS for i in last):
        flat = xp.zeros((), dtype=xp.int64)
        for i, n in zip(last, shape, strict=True):
            flat = flat * n + xp.where(i < 0, i + n, i)
        xp.add.at(out.reshape(-1), flat.reshape(-1), xp.broadcast_to(values, flat.shape).reshape(-1))
    else:
        xp.add.at(target, last, values)
    return out


_INTEGERS = tuple(map(xp.dtype, ("int8", "int16", "int32", "int64", "uint8")))


def is_basic(index: tuple[Any, ...]) -> bool:
    """Whether the index has only ints, slices, None and `...`: the result is then a view and names no cell twice."""
    return all(p is None or p is Ellipsis or isinstance(p, slice) or type(p) is int for p in index)


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
    module = xp if isinstance(x, xp.ndarray) else _module_of(x)
    return module.lib.stride_tricks.as_strided(x, (*batch, *out, *kernel), strides)


def _module_of(x: Any) -> Any:
    """The library of an array that is not NumPy's: as_strided is the one function that does not dispatch."""
    import sys

    return sys.modules[type(x).__module__.partition(".")[0]]
