"""Compile plain Python loops to machine code with Numba, if it is installed (`pip install '.[fast]'`).

NumPy computes one operation at a time on a whole array, which then lies in memory until the next operation reads it. A loop
that does everything for one element before the next passes over memory once, but Python takes a microsecond per round. Numba
translates such a loop to machine code, and TBB, if it is installed, shares its rounds among the processor cores. Compiling
takes a second or more, once: the result is kept in a file.

The loops are in the other files of this folder. Each repeats what a definition in ops/ says, and tests hold the two equal, both
compiled and as plain Python. Threads share the rounds of a `prange`, and no round writes what another one reads or writes: so
the result does not depend on the number of threads.

Three rules that Numba imposes. A variable keeps the type of its first value: zeros are made by `x.dtype.type(0)`. Before a
`prange` a number and an array are never assigned together: `n, a = 1, x[0]` passes a wrong n to the threads (Numba 0.68). And
the innermost loop runs over a slice from 0 on, `a = x[i, start:]` and a[k]: in x[i, start + k] the index could be negative, as
far as the compiler knows, and the loop takes twice as long.
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
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.dispatch import implements
from minitorch.kernels.threads import get_num_threads, is_worker

__all__ = ["compiled", "elementwise", "has_threads", "in_llvm", "is_available", "numba_implements", "prange", "threads_in_use"]

prange = range  # Numba's own, in compiled code

# Loops pay from about 16,384 elements on; fewer, if they do more work for each element.
PAYS_FROM = 1 << 14

_usable = True  # False in a process in which Numba must not be used
_threads_in_use = False  # whether a loop with threads has been compiled
blas_awake_until = 0.0  # when the threads of BLAS stop waiting for work, which keeps the processor from others


def is_available() -> bool:
    """Whether Numba can be used."""
    return _usable and _numba() is not None


numba_implements = functools.partial(
    implements, engine="numba", dtypes="fd", pays_from=PAYS_FROM, layout="contiguous", available=lambda: is_available()
)


def elementwise(loop: Callable[..., None]) -> Callable[..., Array]:
    """From loop(*arrays, out) the function of the arrays that returns `out`, an array like the first."""

    def function(*arrays: Array) -> Array:
        out = xp.empty_like(arrays[0])
        compiled(loop)(*arrays, out)
        return out

    return function


def has_threads() -> bool:
    """Whether threads of TBB share the rounds of a compiled loop."""
    return _numba() is not None and _load_tbb()


def threads_in_use() -> bool:
    """Whether loops have been computed by threads, so that those of BLAS would get in their way."""
    return _threads_in_use and _usable


@functools.cache
def compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """The loop in machine code."""
    global _threads_in_use
    numba, threads = _numba(), has_threads()
    copy = types.FunctionType(loop.__code__, {**_globals(loop), "prange": numba.prange}, loop.__name__)
    # Numba finds its file by this name: code with threads and code without must not be mistaken for each other.
    copy.__qualname__ = f"{loop.__name__}_{'with_threads' if threads else 'alone'}_{_version()}"
    # Sums may be made in any order, as NumPy's are: otherwise the processor could add only one number at a time.
    fast = {"reassoc", "contract"}
    compile_ = functools.partial(numba.njit, parallel=threads, nogil=True, fastmath=fast, error_model="numpy")
    anew = functools.cache(lambda: compile_()(copy))
    try:
        code = compile_(cache=True)(copy)
    except RuntimeError:  # no place for the file
        code = anew()

    def run(*args: Any) -> Any:
        try:
            return code(*args)
        except Exception:  # the file may be damaged, or the disk full
            return anew()(*args)

    def run_with_threads(*args: Any) -> Any:
        before, count = numba.get_num_threads(), _thread_count()
        if before == count:
            return run(*args)
        numba.set_num_threads(count)
        try:
            return run(*args)
        finally:
            numba.set_num_threads(before)  # the program may use Numba, too

    _threads_in_use = _threads_in_use or threads
    return run_with_threads if threads else run


@functools.cache
def _version() -> str:
    """Another one whenever a file of kernels/ changes, each of which may be a part of a loop."""
    files = sorted(Path(__file__).parents[1].glob("*/*.py"))
    return f"{zlib.crc32(b''.join(file.read_bytes() for file in files)):08x}"


def _globals(function: Any) -> dict[str, Any]:
    """The global names of a function. Functions of its own file that it calls are compiled, to become parts of its code."""
    named = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    parts = {name: _part(f) for name, f in named.items() if isinstance(f, types.FunctionType)}
    return {**function.__globals__, **parts}


def in_llvm(make: Callable[..., Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """In compiled code an intrinsic of Numba, make(numba, function), takes the place of the decorated function."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        function.__dict__["in_llvm"] = make
        return function

    return decorate


@functools.cache
def _part(function: Callable[..., Any]) -> Callable[..., Any]:
    make: Any = getattr(function, "in_llvm", None)
    if make is not None:
        intrinsic: Callable[..., Any] = make(_numba(), function)
        return intrinsic
    copy = types.FunctionType(function.__code__, _globals(function), function.__name__)
    made: Callable[..., Any] = _numba().njit(nogil=True, error_model="numpy")(copy)
    return made


def _thread_count() -> int:
    """The number of threads for a loop that starts now."""
    if is_worker() or time.monotonic() < blas_awake_until:
        return 1
    return int(min(get_num_threads(), _numba().config.NUMBA_NUM_THREADS))


@functools.cache
def _numba() -> Any:
    global _usable
    try:
        numba = importlib.import_module("numba")
    except Exception:  # it is not installed, or does not suit this NumPy
        return None
    except BaseException:  # Ctrl-C: a module that is half imported cannot be imported again
        _usable = False
        raise
    if numba.config.DISABLE_JIT:
        return None
    _use_whole_registers(numba)
    return numba


def _use_whole_registers(numba: Any) -> None:
    """Let Numba compute with all 512 bits of the registers of an Intel processor, which makes loops up to 1.5 times as quick.

    By default LLVM uses 256, as old processors lower their clock for more. Those with AVX-512 for float16 do not.
    """
    with contextlib.suppress(Exception):  # a version of Numba with other names
        features = importlib.import_module("numba.core.codegen").get_host_cpu_features()
        if numba.config.CPU_FEATURES is None and "+avx512fp16" in features:
            numba.config.CPU_FEATURES = f"{features},-prefer-256-bit"


@functools.cache
def _load_tbb() -> bool:
    """Load TBB and let Numba use it, for the whole program. Returns whether Numba uses it.

    Its threads may be used by any thread of the program, and a forked process starts its own (TBB warns if another thread was
    computing during the fork); the threads that Numba has without it may not. Installed with pip, it lies where the system does
    not look for libraries: Numba finds it once it is loaded.
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
    """If another thread was compiling, the forked process would wait forever for it: it does without Numba."""
    global _usable
    module = sys.modules.get("numba.core.compiler_lock")
    lock = getattr(getattr(module, "global_compiler_lock", None), "_lock", None)
    if lock is not None:
        if lock.acquire(blocking=False):
            lock.release()
        else:
            _usable = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
