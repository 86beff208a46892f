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

import ctypes
import functools
import importlib
import importlib.metadata
import os
import re
import time
import types
from collections.abc import Callable
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.threads import at_work, get_num_threads, one_blas_thread

__all__ = ["by_loop", "has_threads", "product", "quicker"]

ENOUGH = 1 << 14  # elements, each times the work it is, below which NumPy is as quick

enabled = os.environ.get("MINITORCH_COMPILED", "1") != "0"


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
    """The loop in machine code, and Numba set to the number of threads that it shall have now."""
    global _beside_loops
    numba = _numba()
    if numba is None:
        return None
    if has_threads():
        alone = at_work() or time.monotonic() < _blas_asleep_at
        numba.set_num_threads(1 if alone else min(get_num_threads(), numba.config.NUMBA_NUM_THREADS))
        _beside_loops = True
    return _translated(loop)


@functools.cache
def _translated(loop: Callable[..., Any]) -> Callable[..., Any]:
    numba, threads = _numba(), has_threads()
    copy = types.FunctionType(loop.__code__, {**loop.__globals__, "prange": numba.prange}, loop.__name__)
    # Numba finds its file by this name: those with threads and those without must not be taken for each other.
    copy.__qualname__ = f"{loop.__name__}_{'by_threads' if threads else 'alone'}"
    # Sums may be made in any order, as NumPy's are: without that the processor could add only one number at a time.
    fast = {"reassoc", "contract"}
    translate = functools.partial(numba.njit, parallel=threads, nogil=True, fastmath=fast, error_model="numpy")
    try:
        return translate(cache=True)(copy)
    except RuntimeError:  # no place for the file
        return translate()(copy)


@functools.cache
def _numba() -> Any:
    try:
        numba = importlib.import_module("numba")
    except ImportError:
        return None
    return None if numba.config.DISABLE_JIT else numba


@functools.cache
def _finds_tbb() -> bool:
    """Load TBB and let Numba use it, for the whole program; whether that worked.

    Its threads may be used by any thread of the program, and by a fork of it; not so those that Numba has without it.
    Installed with pip, it lies where the system does not look for libraries: Numba finds it once it is loaded.
    """
    try:
        files = importlib.metadata.files("tbb") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if re.fullmatch(r"libtbb\.so\.\d+|tbb12\.dll|libtbb\.\d+\.dylib", file.name):
            ctypes.CDLL(str(file.locate()), mode=ctypes.RTLD_GLOBAL)
    try:
        importlib.import_module("numba.np.ufunc.tbbpool")
    except ImportError:
        return False
    config = _numba().config
    if config.THREADING_LAYER == "default":
        config.THREADING_LAYER = "tbb"
    return bool(config.THREADING_LAYER == "tbb")


# ---- beside the threads of BLAS --------------------------------------------------------------------------------------

SINGLE = 1 << 18  # multiplications up to which BLAS uses one thread by itself,
LITTLE = 1 << 22  # and up to which a second one gains little
AWAKE = 0.15  # seconds that its threads, busy waiting, keep the processor from others: 2^28 ticks of its clock

_beside_loops = False  # whether any loop has been asked for
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
