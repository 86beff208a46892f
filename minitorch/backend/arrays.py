"""The array library behind every tensor, and the few things it does not do in one call.

`xp` is NumPy. Its functions dispatch on the type of the array they are given (NEP 13 and NEP 18), so an op that
calls `xp.exp(x)` on a CuPy array computes on the GPU and gets a CuPy array back. What makes a new array takes its
device from an array at hand (`xp.zeros_like(x, shape=...)`).
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import warnings
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import numpy as xp
import numpy.typing as npt

__all__ = [
    "Array", "address", "as_array", "contiguous", "copied_storage", "from_storage", "is_basic_index", "is_known",
    "is_whole", "linalg_errors", "max_reduce", "multiply_at", "on_device_of", "order_of", "outside", "owner", "prod_reduce",
    "running_extreme", "share_memory", "storage", "storage_start", "strided", "tune_process", "view_of", "windows", "xp",
]  # fmt: skip

Array: TypeAlias = npt.NDArray[Any]

# The reduction of a ufunc skips a Python function of NumPy's own: quicker, and warnings are attributed to this package. CuPy
# has it for `add` and `multiply` only.
prod_reduce: Any = xp.multiply.reduce
_maximum: Any = xp.maximum.reduce


def tune_process() -> None:
    """Settings for the whole process, made once when minitorch is imported.

    Within this package's modules NumPy does not warn: log(0) is -inf and 0 / 0 is nan, as in PyTorch.

    The C library returns a freed large block to the system and gets the next one page by page, which can take longer than
    computing its contents. It stops doing so once a block of 32 MiB has been freed (glibc raises its thresholds). This
    block is never touched, and costs nothing.
    """
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minitorch\.")
    xp.empty((1 << 25) - (1 << 13), dtype=xp.uint8)


def on_device_of(result: Array, array: Array) -> Array:
    """An array that NumPy has just made, on the device of `array`."""
    return result if isinstance(array, (xp.ndarray, xp.generic)) else xp.asarray(result, like=array)


def linalg_errors(array: Array) -> AbstractContextManager[Any]:
    """Within the block linear algebra raises LinAlgError for a singular matrix and the like. CuPy's only does when it is asked
    to, as it must wait for the GPU to know; PyTorch's does as well.
    """
    if isinstance(array, xp.ndarray):
        return contextlib.nullcontext()
    state: AbstractContextManager[Any] = importlib.import_module("cupyx").errstate(linalg="raise")
    return state


def is_known(value: Any) -> bool:
    """Whether looking at the values costs nothing: those of a GPU's array are computed later, and `if (x < 0).any()` waits
    for the GPU to finish all its work.

    So values are checked (indices, class numbers, probabilities) where this is true. Elsewhere a wrong one is not noticed: an
    index that is out of bounds wraps around, as CuPy's do. As in PyTorch, the environment variable CUDA_LAUNCH_BLOCKING=1, set
    before the program starts, makes every call wait, and so every check is made.
    """
    return _EVERY_CALL_WAITS or not hasattr(value, "__array_function__") or isinstance(value, (xp.ndarray, xp.generic))


def outside(array: Array, low: int, high: int) -> bool:
    """Whether some element is known to be less than `low`, or not less than `high`."""
    return array.size > 0 and is_known(array) and not (array.min() >= low and array.max() < high)


_EVERY_CALL_WAITS = os.environ.get("CUDA_LAUNCH_BLOCKING") == "1"


def contiguous(array: Array) -> Array:
    """The array itself if it is C-contiguous, else a copy."""
    return array if array.flags.c_contiguous else array.copy()


def address(array: Array) -> int:
    """The memory address of the first element."""
    if isinstance(array, xp.ndarray):
        return int(array.__array_interface__["data"][0])
    return int(array.data.ptr)


def as_array(value: Any) -> Array:
    """The array itself; for a NumPy scalar, which a reduction to one number returns, a 0-d array."""
    return xp.asarray(value) if isinstance(value, xp.generic) else value


def max_reduce(x: Array, axis: Any) -> Array:
    """The largest elements over `axis`, which stays, with size 1; -inf where there are none."""
    if isinstance(x, xp.ndarray):
        return _maximum(x, axis, None, None, True, -math.inf)
    if x.size:
        return x.max(axis=axis, keepdims=True)
    axes = [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    return xp.full_like(x, -math.inf, shape=tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def running_extreme(extreme: Any, x: Array, axis: int) -> Array:
    """The largest, or smallest, of the first 1, 2, 3 ... elements along `axis`, for xp.maximum or xp.minimum."""
    if isinstance(x, xp.ndarray):
        return extreme.accumulate(x, axis=axis)
    out, step = x.copy(), 1
    along = xp.moveaxis(out, axis, 0)
    while step < len(along):  # each element is the extreme of the last 1, 2, 4 ... elements, itself included
        along[step:] = extreme(along[step:], along[:-step])
        step *= 2
    return out


def multiply_at(out: Array, index: Any, values: Array) -> None:
    """Multiply out[index] by `values`, as often as the index names a cell."""
    if isinstance(out, xp.ndarray):
        xp.multiply.at(out, index, values)
        return
    there = out.get()
    xp.multiply.at(there, tuple(i.get() if hasattr(i, "get") else i for i in index), values.get())
    out[...] = on_device_of(there, out)


def is_basic_index(index: tuple[Any, ...]) -> bool:
    """Whether the index has only ints, slices, None and `...`: the result is then a view and names no cell twice."""
    return all(p is None or p is Ellipsis or isinstance(p, slice) or type(p) is int for p in index)


def share_memory(view: Array, of: Array) -> bool:
    """Whether `view`, just made from `of`, shares its memory (NumPy keeps the owner in `base`)."""
    return view.base is not None and (view.base is of or view.base is of.base)


def owner(array: Any) -> Any:
    """The array whose memory this one has, or of whose memory it is a view."""
    return array if getattr(array, "base", None) is None else array.base


def order_of(array: Array) -> Any:
    """The memory order of a new array like this one: the same, but row by row if it is expanded."""
    return "C" if 0 in array.strides else "K"


def is_whole(array: Array) -> bool:
    """Whether the array has all the memory of its owner, and may be written to."""
    return getattr(owner(array), "nbytes", None) == array.nbytes and bool(getattr(array.flags, "writeable", True))


def storage(array: Array) -> tuple[Array, tuple[Any, ...] | None]:
    """The array that owns the memory of `array`, and what makes a view of it: so copies of several views share memory, too.

    The pair is for `from_storage`. Without a plain owner it is the array itself, and None.
    """
    owner = array
    while isinstance(owner, xp.ndarray) and isinstance(owner.base, xp.ndarray):
        owner = owner.base
    if owner is array or not isinstance(owner, xp.ndarray) or not (owner.flags.c_contiguous or owner.flags.f_contiguous):
        return array, None
    return owner, (array.shape, array.dtype, address(array) - address(owner), array.strides, array.flags.writeable)


def storage_start(array: Array) -> int:
    """The memory address of the first element of the array that owns the memory of `array`."""
    if isinstance(array, xp.ndarray) or array.base is None:
        return address(storage(array)[0])
    return address(array.base)


def copied_storage(array: Array, memo: dict[int, Any]) -> tuple[Array, tuple[Any, ...] | None]:
    """As `storage`, of a copy; one for all arrays with one owner, if copied with the same `memo`."""
    owner, view = storage(array)
    if view is None and not isinstance(array, xp.ndarray):
        return array.copy(), None
    if id(owner) not in memo:
        memo[id(owner)] = owner.copy(order="K")
        memo.setdefault(id(memo), []).append(owner)  # keeps it alive, as copy.deepcopy does
    return memo[id(owner)], view or (array.shape, array.dtype, 0, memo[id(owner)].strides, True)


def from_storage(owner: Array, view: tuple[Any, ...] | None) -> Array:
    """The array that `storage` took apart."""
    if view is None:
        return owner
    shape, dtype, start, strides, writeable = view
    out = xp.ndarray(shape, dtype, owner if owner.flags.c_contiguous else owner.T, start, strides)
    out.flags.writeable = writeable and out.flags.writeable
    return out


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


def view_of(x: Array, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """View the memory of x, in which elements may lie anyhow, from its first element on; the strides are in bytes."""
    if not isinstance(x, xp.ndarray):
        return _module_of(x).lib.stride_tricks.as_strided(x, shape, strides)
    owner = x
    while isinstance(owner.base, xp.ndarray):
        owner = owner.base
    memory = owner.transpose(sorted(range(owner.ndim), key=lambda axis: -owner.strides[axis]))
    out = xp.ndarray(shape, x.dtype, memory, address(x) - address(owner), strides)
    if not x.flags.writeable:
        out.flags.writeable = False
    return out


def _module_of(x: Any) -> Any:
    """The library of an array that is not NumPy's: as_strided is the one function that does not dispatch."""
    import sys

    return sys.modules[type(x).__module__.partition(".")[0]]
