"""Work on several processor cores: a range of samples is cut into pieces, which threads compute side by side.

It pays because NumPy lets go of the interpreter's lock while it computes. The product of two matrices has threads of its own
(BLAS starts them), which would stand in the way: within a piece it has one.

The pieces are cut without regard to the number of threads, and what they return is added in order. So whatever that number
is, the same sums are made of the same numbers, and the result is the same to the last bit.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

from minitorch.backend.arrays import Array, xp

__all__ = ["at_work", "get_num_threads", "in_pieces", "one_blas_thread", "piece_size", "set_num_threads"]

CACHE = 5 << 20  # bytes that a piece's largest array may have. Smaller ones would fit a core's own cache, but the shorter the
# pieces, the more the threads wait for the interpreter's lock.
WORTH = 1 << 19  # bytes that a piece has at least, where pieces are made for threads
GPU_MEMORY = 1 << 28  # the same on a GPU, which is quickest when it is given much at a time

_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_count = _cores


def get_num_threads() -> int:
    """How many threads compute: at the start as many as there are processor cores to use."""
    return _count


def set_num_threads(num: int) -> None:
    """Compute with `num` threads, those of BLAS included.

    Convolutions and pools come out the same to the last bit, whatever it is. Of a matrix product the last bit may change, as
    BLAS divides it in a way of its own.

    Raises RuntimeError unless num is positive.
    """
    global _count
    if isinstance(num, bool) or not isinstance(num, int):
        raise TypeError(f"set_num_threads expects an int, but got {type(num).__name__}")
    if not 1 <= num <= 1024:
        raise RuntimeError(f"set_num_threads expects a positive integer, but got {num}: 1 to 1024 threads can be had")
    with _lock:
        _count = num
        if _inside:
            _outside[:] = [num] * len(_outside)
        else:
            _set_blas([num] * len(_blas()))


def piece_size(total: int, bytes_of_one: int, like: Array, share: bool = True) -> int:
    """How many of `total` things make a piece, if each takes `bytes_of_one` of the cache: at least one of them.

    With `share` what would fit a single piece is cut all the same, if it is large enough that several threads gain by it.
    """
    room = CACHE if isinstance(like, xp.ndarray) else GPU_MEMORY
    count = -(-total * bytes_of_one // room)
    if share and room == CACHE:
        count = max(count, min(4, total * bytes_of_one // WORTH))
    return max(1, -(-total // (count + count % 2))) if count > 1 else max(1, total)


def in_pieces(function: Callable[[int, int], Any], total: int, size: int) -> Any:
    """Call function(start, stop) for each `size` of range(total), and return the sum of what it returns, if it does.

    The function must call nothing but the array library, and write to no place that another piece does. Pieces of a piece
    are done by the thread that has it.
    """
    if total <= size:
        with one_blas_thread():
            return function(0, total) if total else None
    pieces = [(start, min(start + size, total)) for start in range(0, total, size)]
    with one_blas_thread():
        work = _Work(function, pieces)
        others = 0 if _here.busy else min(_count, len(pieces)) - 1
        helpers = [helper for _ in range(others) if (helper := _submit(work.run)) is not None]
        try:
            work.run()
        finally:
            for helper in helpers:
                helper.result()
    return work.sum


class _Work:
    """Pieces to do, for as many threads as call `run`."""

    def __init__(self, function: Callable[[int, int], Any], pieces: list[tuple[int, int]]) -> None:
        self.function, self.pieces, self.sum = function, pieces, None
        self.next = iter(range(len(pieces))).__next__
        self.done: dict[int, Any] = {}
        self.added = 0
        self.lock = threading.Lock()

    def run(self) -> None:
        before, _here.busy = _here.busy, True
        try:
            self.work()
        finally:
            _here.busy = before

    def work(self) -> None:
        for number in iter(self.next, None):
            result = self.function(*self.pieces[number])
            with self.lock:  # a sum grows in the order of the pieces, whoever is done first
                self.done[number] = result
                while self.added in self.done:
                    part = self.done.pop(self.added)
                    self.added += 1
                    if self.sum is None:
                        self.sum = part
                    else:
                        self.sum += part


class _Here(threading.local):
    """What each thread knows of itself: whether it is at work on a piece."""

    busy = False


_here = _Here()


def at_work() -> bool:
    """Whether this thread is doing a piece."""
    return _here.busy


def _submit(task: Callable[[], None]) -> Any:
    """Let another thread run the task, if there is one: when the interpreter shuts down, it starts no more."""
    try:
        return _pool(_count - 1).submit(copy_context().run, task)
    except RuntimeError:
        return None


@functools.lru_cache(maxsize=1)
def _pool(count: int) -> Any:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(count, thread_name_prefix="minitorch")


# ---- the threads of BLAS -----------------------------------------------------------------------------------------------


@functools.cache
def _blas() -> list[Any]:
    """The BLAS libraries that are loaded."""
    from threadpoolctl import ThreadpoolController

    return [lib for lib in ThreadpoolController().lib_controllers if lib.user_api == "blas"]


def _set_blas(counts: list[int]) -> None:
    for lib, count in zip(_blas(), counts, strict=True):
        if hasattr(lib, "clear_controlling_thread"):  # or else only the thread that set a number first could set another
            lib.clear_controlling_thread(force=True)
        lib.set_num_threads(count)


_lock = threading.Lock()
_inside = 0  # how many regions are open in which BLAS has one thread
_outside: list[int] = []  # how many it had before, which may be the program's own choice


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """In here BLAS has one thread, for the whole program."""
    global _inside
    entered = False
    try:
        with _lock:
            _inside, entered = _inside + 1, True
            if _inside == 1:
                _outside[:] = [lib.get_num_threads() for lib in _blas()]
                _set_blas([1] * len(_outside))
        yield
    finally:
        with _lock:
            _inside -= entered
            if entered and _inside == 0:
                _set_blas(_outside)


def _after_fork() -> None:
    """A fork has none of the threads, and what they had locked stays locked."""
    global _lock, _inside
    if _inside:
        _set_blas(_outside)
    _lock, _inside = threading.Lock(), 0
    _pool.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
