"""Loops as machine code, where Numba is installed (`pip install '.[fast]'`): for what NumPy does in many passes over memory.

NumPy computes one operation at a time for a whole array, which then lies in memory until the next one reads it. A loop that
does all of it element by element passes over memory once, but Python takes a microsecond for a round of it. Numba translates
such a loop to machine code, and TBB, where it is installed, shares its rounds among the processor's cores.

So some functions exist twice: with NumPy, and as a loop (ops/loops.py), which they ask for with `quicker`. Without Numba, for
small arrays, for arrays that are on a GPU or of another type, it is NumPy that computes. The environment variable
MINITORCH_COMPILED=0 lets it always. Numba keeps what it has translated in a file: the second that it takes is the first run's.
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

__all__ = ["has_threads", "product", "quicker"]

ENOUGH = 1 << 14  # elements, each times the work it is, below which NumPy is as quick

enabled = os.environ.get("MINITORCH_COMPILED", "1") != "0"


def quicker(
    loop: Callable[..., Any], *arrays: Array, work: int = 1, in_order: bool = True, kinds: str = "fd"
) -> Callable[..., Any] | None:
    """The loop in machine code, if there is Numba and it pays: for many numbers, in NumPy's arrays of one floating type.

    The first array's type is one of `kinds`, the others' is the same, or integers. Unless `in_order` is False, elements must
    lie in order in memory. `work` is about how much longer a round of the loop takes for an element than reading it.
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
    return _translate(loop) if kind in kinds else None


def has_threads() -> bool:
    """Whether threads of TBB share the work of a loop in machine code."""
    return _numba() is not None and _finds_tbb()


def _translate(loop: Callable[..., Any]) -> Callable[..., Any] | None:
    numba = _numba()
    if numba is None:
        return None
    if has_threads():
        alone = at_work() or time.monotonic() < _blas.rests
        numba.set_num_threads(1 if alone else min(get_num_threads(), numba.config.NUMBA_NUM_THREADS))
        _blas.beside_loops = True
    return _translated(loop)


class _Blas:
    """What loops must know of BLAS, whose threads wait for their next product busily, and keep the processor from others."""

    beside_loops = False
    rests = 0.0  # when they are asleep again


_blas = _Blas()
SINGLE = 1 << 18  # multiplications up to which BLAS uses one thread by itself,
SMALL = 1 << 22  # and up to which a second one gains little
HURRY = 0.15  # seconds that its threads wait before they sleep: 2^28 ticks of the processor's clock


def product(a: Array, b: Array) -> Array:
    """The product of two matrices, with the threads of BLAS where they are worth that loops after it have one for a while."""
    work = a.size * b.shape[-1]
    if not (_blas.beside_loops and enabled) or work <= SINGLE:
        return xp.matmul(a, b)
    if work <= SMALL and time.monotonic() >= _blas.rests:
        with one_blas_thread():
            return xp.matmul(a, b)
    made = xp.matmul(a, b)
    _blas.rests = time.monotonic() + HURRY
    return made


@functools.cache
def _translated(loop: Callable[..., Any]) -> Callable[..., Any]:
    numba, threads = _numba(), has_threads()
    loop.__globals__["prange"] = numba.prange
    copy = types.FunctionType(loop.__code__, loop.__globals__, loop.__name__)
    copy.__qualname__ = f"{loop.__name__}_{'by_threads' if threads else 'alone'}"  # by this name Numba keeps it in a file
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
    """Whether there is TBB, whose threads any thread of the program may use, and a fork of it.

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
