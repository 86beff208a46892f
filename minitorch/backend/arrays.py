"""The array library behind every tensor, and the few things it does not do in one call.

`xp` is NumPy. Its functions dispatch on the type of the array they are given (NEP 13 and NEP 18), so an op that
calls `xp.exp(x)` on a CuPy array computes on the GPU and gets a CuPy array back. What makes a new array takes its
device from an array at hand (`xp.zeros_like(x, shape=...)`).
"""

from __future__ import annotations

import math
import warnings
from typing import Any, TypeAlias

import numpy as xp
import numpy.typing as npt

__all__ = ["Array", "as_array", "scatter_add", "share_memory", "sum_to", "windows", "xp"]

Array: TypeAlias = npt.NDArray[Any]

# log(0) is -inf and 0 / 0 is nan, as in PyTorch, without a word from NumPy: in this package's modules only.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minitorch\.")


def as_array(value: Any) -> Array:
    """The array itself; of a NumPy scalar, which is what reducing to one number gives, a 0-d array."""
    return xp.asarray(value) if isinstance(value, xp.generic) else value


def sum_to(array: Array, shape: tuple[int, ...]) -> Array:
    """Sum `array` over the axes along which `shape` was broadcast to it: the adjoint of broadcasting."""
    lead = array.ndim - len(shape)
    stretched = tuple(i for i, n in enumerate(shape, start=lead) if n == 1 and array.shape[i] != 1)
    return xp.reshape(array.sum(axis=(*range(lead), *stretched)), shape)


def scatter_add(shape: tuple[int, ...], index: Any, values: Array) -> Array:
    """Zeros of `shape` with `values` added at `index`, once for every time a cell is named: the adjoint of `x[index]`.

    A tuple of integer arrays is turned into positions in the flat array first, where NumPy's `add.at` is quick.
    """
    out = xp.zeros_like(values, order="C", shape=shape)
    if isinstance(index, tuple) and len(index) == len(shape) and all(_is_integers(i) for i in index):
        flat = xp.zeros_like(index[0])
        for i, n in zip(index, shape, strict=True):
            flat = flat * n + xp.where(i < 0, i + n, i)
        xp.add.at(out.reshape(-1), flat.reshape(-1), xp.broadcast_to(values, flat.shape).reshape(-1))
    else:
        xp.add.at(out, index, values)
    return out


def _is_integers(index: Any) -> bool:
    return hasattr(index, "dtype") and index.dtype.kind in "iu" and index.ndim > 0


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
