"""Loops as machine code, where Numba is installed (`pip install '.[fast]'`): for what NumPy does in many passes over memory.

NumPy computes one operation at a time for a whole array, which then lies in memory until the next one reads it. A loop that
does all of it element by element passes over memory once, but Python takes a microsecond for a round of it. Numba translates
such a loop to machine code, and TBB, where it is installed, shares its rounds among the processor's cores.

So some functions exist twice: with NumPy, and as a loop in ops/loops.py, which they ask for with `quicker`. It answers None,
and NumPy computes, where there is no Numba, where an array is small or on a GPU, and for types that have no loop. With the
environment variable MINITORCH_COMPILED=0 it always does. A loop takes Numba a second or more to translate, once: the result
is kept in a file.

Loops and BLAS have threads of their own, which would stand in each other's way: `product` sees to that.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import importlib.metadata
import os
import re
import sys
import time
import types
from collections.abc import Callable
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.threads import at_work, get_num_threads, one_blas_thread

__all__ = ["by_loop", "has_threads", "product", "quicker"]

ENOUGH = 1 << 14  # elements, each times the work it is, below which NumPy is as quick

enabled = os.environ.get("MINITORCH_COMPILED", "1") != "0"
_beside_loops = False  # whether any loop with threads has been asked for


def quicker(
    loop: Callable[..., Any], *arrays: Array, work: int = 1, in_order: bool = True, kinds: str = "fd"
) -> Callable[..., Any] | None:
    """The loop in machine code, ready to be called, if there is Numba and it pays: for many numbers, in NumPy's arrays.

    The first array's type is one of `kinds`, by NumPy's letters (f and d are float32 and float64); the others' is the same, or
    integers. Unless `in_order` is False, elements must lie in order in memory. Shapes are not looked at. `work` is about how
    much longer a round of the loop takes for an element than reading it.
    """
    first = arrays[0]
    if first.size * work < ENOUGH or not enabled:
        return None
    kind = first.dtype.char
    for array in arrays:
        if not isinstance(array, xp.ndarray) or not (array.flags.aligned and array.dtype.isnative):
            return None
        if in_order and not array.flags.c_contiguous:
            return None
        if array.dtype.char != kind and array.dtype.kind not in "iu":
            return None
    return _ready(loop) if kind in kinds else None


def by_loop(loop: Callable[..., Any], *arrays: Array, work: int = 1, kinds: str = "fd") -> Array | None:
    """What an elementwise loop makes of arrays, in the shape of the first; None where NumPy should do it."""
    code = quicker(loop, *arrays, work=work, kinds=kinds)
    if code is None:
        return None
    code(*arrays, out := xp.empty_like(arrays[0]))
    return out


def has_threads() -> bool:
    """Whether threads of TBB share the work of a loop in machine code."""
    return _numba() is not None and _finds_tbb()


def _ready(loop: Callable[..., Any]) -> Callable[..., Any] | None:
    return None if _numba() is None else _translated(loop)


@functools.cache
def _translated(loop: Callable[..., Any]) -> Callable[..., Any]:
    global _beside_loops
    numba, threads = _numba(), has_threads()
    copy = types.FunctionType(loop.__code__, {**loop.__globals__, "prange": numba.prange}, loop.__name__)
    # Numba finds its file by this name: those with threads and those without must not be taken for each other.
    copy.__qualname__ = f"{loop.__name__}_{'by_threads' if threads else 'alone'}"
    # Sums may be made in any order, as NumPy's are: without that the processor could add only one number at a time.
    fast = {"reassoc", "contract"}
    translate = functools.partial(numba.njit, parallel=threads, nogil=True, fastmath=fast, error_model="numpy")
    anew = functools.cache(lambda: translate()(copy))
    try:
        code = translate(cache=True)(copy)
    except RuntimeError:  # no place for the file
        code = anew()

    def run(*args: Any) -> Any:
        try:
            return code(*args)
        except Exception:  # the file may be damaged, or the disk full
            return anew()(*args)

    def run_by_threads(*args: Any) -> Any:
        before, count = numba.get_num_threads(), _threads()
        if before == count:
            return run(*args)
        numba.set_num_threads(count)
        try:
            return run(*args)
        finally:
            numba.set_num_threads(before)  # it is the program's, too

    _beside_loops = _beside_loops or threads
    return run_by_threads if threads else run


def _threads() -> int:
    """How many threads a loop shall have now."""
    if at_work() or time.monotonic() < _blas_asleep_at:
        return 1
    return int(min(get_num_threads(), _numba().config.NUMBA_NUM_THREADS))


@functools.cache
def _numba() -> Any:
    global enabled
    try:
        numba = importlib.import_module("numba")
    except Exception:  # it is not there, or does not suit this NumPy
        return None
    except BaseException:  # Ctrl-C: what is imported by half cannot be imported again
        enabled = False
        raise
    return None if numba.config.DISABLE_JIT else numba


@functools.cache
def _finds_tbb() -> bool:
    """Load TBB and let Numba use it, for the whole program; whether that worked, or the program has done it before.

    Its threads may be used by any thread of the program, and by a fork of it; not so those that Numba has without it.
    Installed with pip, it lies where the system does not look for libraries: Numba finds it once it is loaded.
    """
    numba = _numba()
    try:
        return bool(numba.threading_layer() == "tbb")
    except ValueError:  # not decided yet
        pass
    with contextlib.suppress(importlib.metadata.PackageNotFoundError, OSError):
        for file in importlib.metadata.files("tbb") or []:
            if re.fullmatch(r"libtbb\.so\.\d+|tbb12\.dll|libtbb\.\d+\.dylib", file.name):
                ctypes.CDLL(str(file.locate()), mode=ctypes.RTLD_GLOBAL)
    try:
        importlib.import_module("numba.np.ufunc.tbbpool")
    except ImportError:
        return False
    if numba.config.THREADING_LAYER not in ("default", "tbb"):
        return False
    numba.config.THREADING_LAYER, before = "tbb", numba.config.THREADING_LAYER
    try:
        numba.get_num_threads()  # starts them
    except ValueError:
        numba.config.THREADING_LAYER = before
        return False
    return bool(numba.threading_layer() == "tbb")


def _after_fork() -> None:
    """If another thread was translating, the fork waits in vain for it to be done: it has NumPy."""
    global enabled
    module = sys.modules.get("numba.core.compiler_lock")
    lock = getattr(getattr(module, "global_compiler_lock", None), "_lock", None)
    if lock is not None:
        if lock.acquire(blocking=False):
            lock.release()
        else:
            enabled = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# ---- beside the threads of BLAS --------------------------------------------------------------------------------------

SINGLE = 1 << 18  # multiplications up to which BLAS uses one thread by itself,
LITTLE = 1 << 22  # and up to which a second one gains little
AWAKE = 0.15  # seconds that its threads, busy waiting, keep the processor from others: 2^28 ticks of its clock

_blas_asleep_at = 0.0


def product(a: Array, b: Array) -> Array:
    """a @ b, two matrices or stacks of them.

    The threads of BLAS stay awake for a while after a product, and loops then have one thread. So a small one is made without.
    """
    global _blas_asleep_at
    size = a.size * b.shape[-1]
    if not (_beside_loops and enabled) or size <= SINGLE:
        return xp.matmul(a, b)
    if size <= LITTLE:
        with one_blas_thread():
            return xp.matmul(a, b)
    made = xp.matmul(a, b)
    _blas_asleep_at = time.monotonic() + AWAKE
    return made
