"""Where arrays live: in the computer's memory, as NumPy's, or on a GPU, as CuPy's. An array's type says which."""

from __future__ import annotations

import functools
import math
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.dtypes import dtypes

__all__ = [
    "device", "device_of", "get_default_device", "gpu_count", "is_pinned", "pinned", "set_default_device", "to_device",
]  # fmt: skip


class device:
    """device('cpu'), device('cuda'), device('cuda:1') or device('cuda', 1). Compares equal by type and index.

    Raises RuntimeError for another type or a malformed string.

    >>> device = minitorch.device("cuda:1")
    >>> device.type, device.index
    ('cuda', 1)
    >>> minitorch.zeros(2).device == minitorch.device("cpu")
    True
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int) and not isinstance(type, bool):
            type, index = "cuda", type
        if not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' must be str, not {type.__class__.__name__}: {type!r}")
        name, colon, number = type.partition(":")
        if name not in ("cpu", "cuda") or (colon and not number.isdigit()) or (colon and index is not None):
            is_dtype = any(type == dtype.name for dtype in dtypes.values())
            hint = f"a dtype has no quotes: minitorch.{type}" if is_dtype else "'cpu', 'cuda' and 'cuda:0' are devices"
            raise RuntimeError(f"Invalid device string: {type!r}: {hint}")
        self.type, self.index = name, int(number) if colon else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r}{'' if self.index is None else f', index={self.index}'})"

    def __reduce__(self) -> Any:
        return device, (self.type, self.index)


_CPU, _device = device("cpu"), device
_default: device | None = None


def get_default_device() -> device:
    """The device of new tensors: the CPU unless set otherwise.

    >>> minitorch.get_default_device()
    device(type='cpu')
    """
    return _default or _CPU


def set_default_device(device: Any) -> None:
    """Make new tensors on `device` unless they are given another; None means the CPU.

    >>> minitorch.set_default_device("cpu")
    >>> minitorch.ones(2).device
    device(type='cpu')
    """
    global _default
    _default = None if device is None else _device(device)


def device_of(array: Array) -> device:
    """The device of an array."""
    return _CPU if isinstance(array, (xp.ndarray, xp.generic)) else device("cuda", array.device.id)


def to_device(array: Any, where: device, non_blocking: bool = False) -> Array:
    """The array itself if it is there, else a copy. Raises AssertionError where there is no GPU to copy it to.

    Copies to a GPU go by way of CuPy's own page-locked memory, and the program does not wait for them. With `non_blocking` it
    does not wait for a copy from a GPU, either, whose values are there when the stream is synchronized.
    """
    here = device_of(array)
    if where.type == "cpu":
        if here.type == "cpu":
            return array
        return array.get(out=_page_locked(array.shape, array.dtype), blocking=False) if non_blocking else array.get()
    library = gpu_library()
    index = library.cuda.Device().id if where.index is None else where.index
    if here == device("cuda", index):
        return array
    if index >= library.cuda.runtime.getDeviceCount():
        raise RuntimeError(f"CUDA error: invalid device ordinal {index}: there are {gpu_count()} GPUs, numbered from 0")
    current = library.cuda.Device().id
    if index != current:  # CuPy would compute with it on the current one
        raise RuntimeError(
            f"cuda:{index} is not the GPU in use, which is cuda:{current}, and computes for all tensors: call "
            f"minitorch.cuda.set_device({index}) first, or work within `with minitorch.cuda.device({index}):`"
        )
    return library.asarray(array)


def _page_locked(shape: tuple[int, ...], dtype: Any) -> Array:
    memory = gpu_library().cuda.alloc_pinned_memory(max(1, math.prod(shape) * dtype.itemsize))
    return xp.ndarray(shape, dtype, memory)


def pinned(array: Array) -> Array:
    """A copy in page-locked memory. Raises AssertionError where there is no GPU."""
    out = _page_locked(array.shape, array.dtype)
    out[...] = array
    return out


def is_pinned(array: Any) -> bool:
    """Whether an array is one of `pinned`, or a view of it."""
    while isinstance(array, xp.ndarray):
        array = array.base
    return type(array).__name__ == "PinnedMemoryPointer"


@functools.cache
def gpu_library() -> Any:
    """CuPy. Raises AssertionError, with what to do, unless it is installed and finds a GPU."""
    try:
        import cupy
    except ImportError:
        raise AssertionError(
            "device 'cuda' needs CuPy, which is not installed: pip install '.[gpu]' in the clone installs it, for an NVIDIA GPU"
        ) from None
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:
        raise AssertionError(f"device 'cuda' needs an NVIDIA GPU, and CuPy finds none: {error}") from None
    if not count:
        raise AssertionError("device 'cuda' needs an NVIDIA GPU, and CuPy finds none")
    return cupy


def gpu_count() -> int:
    """How many GPUs can be used: 0 without CuPy."""
    try:
        return int(gpu_library().cuda.runtime.getDeviceCount())
    except AssertionError:
        return 0
