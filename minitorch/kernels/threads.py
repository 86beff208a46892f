"""Work on several processor cores: a range is cut into chunks, which threads compute side by side.

It pays because NumPy releases the interpreter's lock while it computes. A matrix product has threads of its own (BLAS starts
them), which would get in the way: within a chunk it has one. (threadpoolctl sets that number; where it is not installed,
chunks with matrix products are computed one after the other.)

The chunks do not depend on the number of threads, and their results are added in order. So the result is the same, to the last
bit, for any number of threads.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

__all__ = ["chunk_size", "get_num_threads", "is_worker", "one_blas_thread", "parallel_for", "set_num_threads"]

CACHE_BYTES = 5 << 20  # of a chunk's largest array. Smaller ones would fit a core's own cache, but the shorter the chunks, the
# more the threads wait for the interpreter's lock.
MIN_CHUNK_BYTES = 1 << 19  # of a chunk that is made for the sake of threads

_can_limit_blas = importlib.util.find_spec("threadpoolctl") is not None
_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_count = _cores


def get_num_threads() -> int:
    """The number of threads that compute: at the start, the number of available processor cores.

    >>> minitorch.get_num_threads() >= 1
    True
    """
    return _count


def set_num_threads(num: int) -> None:
    """Compute with `num` threads, those of BLAS included (if threadpoolctl is installed).

    The results of convolution and pooling do not depend on it. A matrix product may change in the last bit, because BLAS
    divides it differently.

    Raises TypeError unless num is an int, RuntimeError unless it is positive.

    >>> before = minitorch.get_num_threads()
    >>> minitorch.set_num_threads(1)
    >>> minitorch.get_num_threads()
    1
    >>> minitorch.set_num_threads(before)
    """
    global _count
    if isinstance(num, bool) or not isinstance(num, int):
        raise TypeError(f"set_num_threads expects an int, but got {type(num).__name__}")
    if not 1 <= num <= 1024:
        raise RuntimeError(f"set_num_threads expects a positive integer, but got {num}: from 1 to 1024 threads are possible")
    with _lock:
        _count = num
        if _regions:
            _counts_outside[:] = [num] * len(_counts_outside)
        else:
            _set_blas([num] * len(_blas()))


def chunk_size(total: int, bytes_each: int, share: bool = True) -> int:
    """How many of `total` items, of `bytes_each` bytes in the cache, make a chunk: at least one.

    With `share`, work that fits one chunk is still cut if it is large enough for several threads to gain by it.
    """
    count = -(-total * bytes_each // CACHE_BYTES)
    if share:
        count = max(count, min(4, total * bytes_each // MIN_CHUNK_BYTES))
    return max(1, -(-total // (count + count % 2))) if count > 1 else max(1, total)


def parallel_for(function: Callable[[int, int], Any], total: int, size: int) -> Any:
    """Call function(start, stop) for each chunk of `size` in range(total), and return the sum of the results, if there are any.

    The function may call nothing but the array library, and must not write where another chunk does. A chunk's own chunks are
    computed by the same thread.
    """
    if total <= size:
        with one_blas_thread():
            return function(0, total) if total else None
    chunks = [(start, min(start + size, total)) for start in range(0, total, size)]
    with one_blas_thread():
        work = _Work(function, chunks)
        count = 1 if _this_thread.is_worker or not _can_limit_blas else _count  # another thread may set it in between
        helpers = [_submit(work.run, count - 1) for _ in range(min(count, len(chunks)) - 1)]
        try:
            work.run()
        finally:
            for helper in filter(None, helpers):
                helper.result()
    return work.sum


class _Work:
    """Chunks to compute, by as many threads as call `run`."""

    def __init__(self, function: Callable[[int, int], Any], chunks: list[tuple[int, int]]) -> None:
        self.function, self.chunks, self.sum = function, chunks, None
        self.next = iter(range(len(chunks))).__next__
        self.done: dict[int, Any] = {}
        self.added = 0
        self.lock = threading.Lock()

    def run(self) -> None:
        before, _this_thread.is_worker = _this_thread.is_worker, True
        try:
            self.compute()
        finally:
            _this_thread.is_worker = before

    def compute(self) -> None:
        for number in iter(self.next, None):
            result = self.function(*self.chunks[number])
            with self.lock:  # results are added in the order of the chunks, whichever is done first
                self.done[number] = result
                while self.added in self.done:
                    part = self.done.pop(self.added)
                    self.added += 1
                    if self.sum is None:
                        self.sum = part
                    else:
                        self.sum += part


class _ThisThread(threading.local):
    is_worker = False  # whether this thread is computing a chunk


_this_thread = _ThisThread()


def is_worker() -> bool:
    """Whether this thread is computing a chunk."""
    return _this_thread.is_worker


def _submit(task: Callable[[], None], threads: int) -> Any:
    """Let one of so many other threads run the task. None if an interpreter that shuts down starts no more."""
    try:
        return _pool(threads).submit(copy_context().run, task)
    except RuntimeError:
        return None


@functools.lru_cache(maxsize=1)
def _pool(count: int) -> Any:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(count, thread_name_prefix="minitorch")


# ---- the threads of BLAS -----------------------------------------------------------------------------------------------


@functools.cache
def _blas() -> list[tuple[Callable[[], int], Callable[[int], object]]]:
    """Of each BLAS library that NumPy computes with, what gets and what sets its threads; none without threadpoolctl."""
    if not _can_limit_blas:
        return []
    from threadpoolctl import ThreadpoolController

    found = [lib for lib in ThreadpoolController().lib_controllers if lib.user_api == "blas"]
    of_numpy = [lib for lib in found if "numpy" in lib.filepath] or found  # others have one of their own
    # Without the underscore only the thread that first set a number could set another; here `_lock` is held.
    return [(lib.get_num_threads, getattr(lib, "_real_set_num_threads", lib.set_num_threads)) for lib in of_numpy]


def _set_blas(counts: list[int]) -> None:
    for (_, set_), count in zip(_blas(), counts, strict=True):
        set_(count)


_lock = threading.Lock()
_regions = 0  # how many blocks of `one_blas_thread` are open
_counts_outside: list[int] = []  # how many threads BLAS had before, which may be the program's own choice


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within the block BLAS has one thread, for the whole program."""
    global _regions
    entered = False
    try:
        with _lock:
            _regions, entered = _regions + 1, True
            if _regions == 1:
                _counts_outside[:] = [get() for get, _ in _blas()]
                _set_blas([1] * len(_counts_outside))
        yield
    finally:
        with _lock:
            _regions -= entered
            if entered and _regions == 0:
                _set_blas(_counts_outside)


def _after_fork() -> None:
    """A forked process has none of the threads, and their locks stay locked."""
    global _lock, _regions
    if _regions:
        _set_blas(_counts_outside)
    _lock, _regions = threading.Lock(), 0
    _pool.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
