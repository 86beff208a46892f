"""GPUs, through CuPy: which ones are available. `x.to('cuda')` copies a tensor to the GPU, `x.cpu()` copies it back.

Without a GPU, the functions that ask for its name or wait for it raise AssertionError, and the others do nothing, as in
PyTorch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from minitorch import creation
from minitorch.backend.device import device as _device
from minitorch.backend.device import gpu_count, gpu_library
from minitorch.tensor import Tensor

__all__ = [
    "BoolTensor", "ByteTensor", "DoubleTensor", "Event", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor", "Stream",
    "current_device", "current_stream", "device", "device_count", "empty_cache", "get_device_capability", "get_device_name",
    "is_available", "manual_seed", "manual_seed_all", "max_memory_allocated", "mem_get_info", "memory_allocated",
    "memory_reserved", "reset_peak_memory_stats", "seed", "seed_all", "set_device", "stream", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether `.to('cuda')` works: CuPy is installed and finds a GPU.

    >>> device = "cuda" if minitorch.cuda.is_available() else "cpu"
    >>> x = minitorch.ones(2, 3).to(device)
    """
    return gpu_count() > 0


def device_count() -> int:
    """The number of GPUs; 0 without CuPy.

    >>> minitorch.cuda.is_available() == (minitorch.cuda.device_count() > 0)
    True
    """
    return gpu_count()


def _index(device: Any) -> int:
    """The number of a GPU: of a device, its name or number, or, for None, the current one."""
    index = None if device is None else _device(device).index
    return current_device() if index is None else index


def current_device() -> int:
    """The number of the GPU that 'cuda' stands for. Raises AssertionError where there is none.

    >>> if minitorch.cuda.is_available():
    ...     index = minitorch.cuda.current_device()
    """
    return int(gpu_library().cuda.Device().id)


def set_device(device: Any) -> None:
    """Make 'cuda' stand for this GPU. Raises AssertionError where there is none.

    >>> if minitorch.cuda.is_available():
    ...     minitorch.cuda.set_device("cuda:0")
    """
    gpu_library().cuda.Device(_index(device)).use()


class device:
    """Within the block 'cuda' stands for this GPU; None changes nothing. Raises AssertionError where there is none.

    One GPU at a time computes: tensors of another are used within a block for it, or after `set_device`.

    >>> if minitorch.cuda.is_available():
    ...     with minitorch.cuda.device(0):
    ...         x = minitorch.ones(2, device="cuda")
    """

    def __init__(self, device: Any) -> None:
        self.idx = None if device is None else _index(device)
        self._before: list[int] = []  # of the blocks that this object is in

    def __enter__(self) -> None:
        if self.idx is not None:
            self._before.append(current_device())
            set_device(self.idx)

    def __exit__(self, *error: object) -> None:
        if self.idx is not None:
            set_device(self._before.pop())


def get_device_name(device: Any = None) -> str:
    """The name of a GPU. Raises AssertionError where there is none.

    >>> names = [minitorch.cuda.get_device_name(i) for i in range(minitorch.cuda.device_count())]
    """
    return str(gpu_library().cuda.runtime.getDeviceProperties(_index(device))["name"].decode())


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The compute capability of a GPU, such as (9, 0). Raises AssertionError where there is none.

    >>> if minitorch.cuda.is_available():
    ...     major, minor = minitorch.cuda.get_device_capability()
    """
    properties = gpu_library().cuda.runtime.getDeviceProperties(_index(device))
    return int(properties["major"]), int(properties["minor"])


def synchronize(device: Any = None) -> None:
    """Wait until the GPU has finished all its work; needed to measure time. Raises AssertionError where there is none.

    >>> if minitorch.cuda.is_available():
    ...     minitorch.cuda.synchronize()
    """
    gpu_library().cuda.Device(_index(device)).synchronize()


def manual_seed(seed: int) -> None:
    """No effect: random numbers are drawn by the CPU for every device, and `minitorch.manual_seed` seeds them.

    >>> minitorch.cuda.manual_seed(0)
    """
    if not hasattr(seed, "__index__"):
        raise TypeError(f"manual_seed(): argument 'seed' must be int, not {type(seed).__name__}")


def seed() -> None:
    """No effect: random numbers are drawn by the CPU for every device, and `minitorch.seed` seeds them.

    >>> minitorch.cuda.seed()
    """


manual_seed_all, seed_all = manual_seed, seed


def empty_cache() -> None:
    """Return the memory of freed arrays to the GPU. No effect without one.

    >>> minitorch.cuda.empty_cache()
    """
    if is_available():
        gpu_library().get_default_memory_pool().free_all_blocks()


def memory_allocated(device: Any = None) -> int:
    """Bytes of all arrays on a GPU; 0 without one.

    >>> before = minitorch.cuda.memory_allocated()
    >>> x = minitorch.ones(1000)
    >>> minitorch.cuda.memory_allocated() == before  # x is on the CPU
    True
    """
    return _pool_bytes(device, "used_bytes")


def memory_reserved(device: Any = None) -> int:
    """Bytes that arrays on a GPU have, or had and were not returned by `empty_cache`; 0 without one.

    >>> minitorch.cuda.memory_reserved() >= minitorch.cuda.memory_allocated()
    True
    """
    return _pool_bytes(device, "total_bytes")


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """(free, total) bytes of a GPU's memory. Raises AssertionError where there is none.

    >>> if minitorch.cuda.is_available():
    ...     free, total = minitorch.cuda.mem_get_info()
    """
    free, total = gpu_library().cuda.Device(_index(device)).mem_info
    return int(free), int(total)


class Event:
    """A mark in the work of a GPU: `record` puts it there, and it is reached when all work before it is done.

    Time between two marks is measured by the GPU itself, without the program waiting for it in between. Raises AssertionError
    where there is no GPU.

    >>> if minitorch.cuda.is_available():
    ...     start, end = (minitorch.cuda.Event(enable_timing=True) for _ in range(2))
    ...     start.record()
    ...     y = minitorch.ones(1000, 1000, device="cuda") @ minitorch.ones(1000, 1000, device="cuda")
    ...     end.record()
    ...     end.synchronize()
    ...     milliseconds = start.elapsed_time(end)
    """

    def __init__(self, enable_timing: bool = False, blocking: bool = False) -> None:
        self._timed = bool(enable_timing)
        self._event = gpu_library().cuda.Event(block=bool(blocking), disable_timing=not enable_timing)

    def record(self, stream: Stream | None = None) -> None:
        """Put the mark at the end of the work of a stream; of the current one for None."""
        self._event.record(None if stream is None else stream._stream)

    def synchronize(self) -> None:
        """Wait until the GPU has come to the mark."""
        self._event.synchronize()

    def query(self) -> bool:
        """Whether the GPU has come to the mark."""
        return bool(self._event.done)

    def elapsed_time(self, end_event: Event) -> float:
        """The milliseconds between two marks. Raises RuntimeError unless both were made with enable_timing=True."""
        if not (self._timed and end_event._timed):
            raise RuntimeError("elapsed_time: both events must be made with enable_timing=True")
        return float(gpu_library().cuda.get_elapsed_time(self._event, end_event._event))


class Stream:
    """An order of work on a GPU. Work of different streams may run at the same time; `with stream(s):` chooses one.

    Raises AssertionError where there is no GPU.

    >>> if minitorch.cuda.is_available():
    ...     with minitorch.cuda.stream(minitorch.cuda.Stream()):
    ...         x = minitorch.ones(2, device="cuda")
    """

    def __init__(self, device: Any = None, *, _stream: Any = None) -> None:
        if _stream is None:
            with gpu_library().cuda.Device(_index(device)):
                _stream = gpu_library().cuda.Stream(non_blocking=True)
        self._stream = _stream

    def synchronize(self) -> None:
        """Wait until its work is done."""
        self._stream.synchronize()

    def query(self) -> bool:
        """Whether its work is done."""
        return bool(self._stream.done)

    def wait_event(self, event: Event) -> None:
        """Do what comes after only when the GPU has come to the mark."""
        self._stream.wait_event(event._event)

    def wait_stream(self, stream: Stream) -> None:
        """Do what comes after only when the work of another stream, as it is now, is done."""
        self._stream.wait_event(stream._stream.record())

    def record_event(self, event: Event | None = None) -> Event:
        """Put a mark at the end of its work, and return it."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and bool(self._stream.ptr == other._stream.ptr)

    def __hash__(self) -> int:
        return hash(self._stream.ptr)


@contextlib.contextmanager
def stream(stream: Stream | None) -> Iterator[None]:
    """Within the block, work on the GPU is that of this stream; None changes nothing.

    >>> with minitorch.cuda.stream(None):
    ...     x = minitorch.ones(2)
    """
    with contextlib.nullcontext() if stream is None else stream._stream:
        yield


def current_stream(device: Any = None) -> Stream:
    """The stream of the work that comes next. Raises AssertionError where there is no GPU.

    >>> if minitorch.cuda.is_available():
    ...     minitorch.cuda.current_stream().synchronize()
    """
    with gpu_library().cuda.Device(_index(device)):
        return Stream(_stream=gpu_library().cuda.get_current_stream())


def _pool_bytes(device: Any, which: str) -> int:
    if not is_available():
        return 0
    with gpu_library().cuda.Device(_index(device)):
        return int(getattr(gpu_library().get_default_memory_pool(), which)())


def max_memory_allocated(device: Any = None) -> int:
    """0 without a GPU. Raises NotImplementedError with one: CuPy does not note the largest use of memory.

    >>> peak = 0 if minitorch.cuda.is_available() else minitorch.cuda.max_memory_allocated()
    """
    if not is_available():
        return 0
    raise NotImplementedError("CuPy does not note the largest use of memory: cuda.memory_allocated() has the current one")


def reset_peak_memory_stats(device: Any = None) -> None:
    """No effect without a GPU. Raises NotImplementedError with one, as `max_memory_allocated`.

    >>> if not minitorch.cuda.is_available():
    ...     minitorch.cuda.reset_peak_memory_stats()
    """
    max_memory_allocated(device)


def _typed_constructor(name: str) -> Callable[..., Tensor]:
    """minitorch.FloatTensor and its kind, on the GPU."""

    def construct(*data: Any) -> Tensor:
        if not is_available():
            raise TypeError(f"type minitorch.cuda.{name} not available: there is no GPU here. minitorch.{name} is on the CPU")
        on_cpu: Tensor = getattr(creation, name)(*data)
        return on_cpu.cuda()

    construct.__name__ = construct.__qualname__ = f"cuda.{name}"
    example = f">>> if minitorch.cuda.is_available():\n...     x = minitorch.cuda.{name}([1, 0])"
    construct.__doc__ = f"As minitorch.{name}, on the GPU. Raises TypeError where there is none.\n\n{example}"
    return construct


BoolTensor, ByteTensor, IntTensor, LongTensor = map(_typed_constructor, ("BoolTensor", "ByteTensor", "IntTensor", "LongTensor"))
HalfTensor, FloatTensor, DoubleTensor = map(_typed_constructor, ("HalfTensor", "FloatTensor", "DoubleTensor"))
