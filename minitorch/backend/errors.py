"""Sentences about a call that failed: what it was given, how large an array would have been.

A function that checks its arguments raises errors of its own. `call_error` is for what it did not foresee, an error of Python's
or NumPy's about something inside: "'int' object has no attribute 'normal'" becomes a sentence with the call's name and
arguments.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["LinAlgError", "call_error", "call_text", "describe", "format_bytes", "notes_of", "refuse_if_too_large", "set_notes"]


class LinAlgError(RuntimeError):
    """Raised for a matrix that has no inverse or no Cholesky factor.

    >>> try:
    ...     minitorch.linalg.cholesky(minitorch.zeros(2, 2))
    ... except minitorch.linalg.LinAlgError:
    ...     print("add a little to the diagonal")
    add a little to the diagonal
    """


def notes_of(error: BaseException) -> list[Any]:
    """The notes on an error."""
    return list(getattr(error, "__notes__", None) or ())


def set_notes(error: BaseException, notes: list[Any]) -> None:
    """Replace the notes on an error, unless its class refuses new attributes."""
    with contextlib.suppress(Exception):
        error.__notes__ = notes


def call_text(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """A call as text: linear(Tensor of shape [4, 5] and type float32, None)"""
    return f"{name}({', '.join([*map(describe, args), *(f'{key}={describe(value)}' for key, value in kwargs.items())])})"


def call_error(error: Exception, name: str, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> Exception:
    """The exception to raise instead of an error of Python's or NumPy's own: of a class that PyTorch uses, about the call."""
    given = call_text("", args, kwargs or {})[1:-1]
    if isinstance(error, MemoryError) and type(error).__module__.startswith("cupy"):
        return RuntimeError(f"CUDA out of memory: {name}() needs more than the GPU has. {error}. Its arguments: ({given})")
    if isinstance(error, MemoryError):
        shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
        size = (
            f": an array of shape {list(shape)}, {format_bytes(math.prod(shape) * dtype.itemsize)}" if shape and dtype else ""
        )
        return RuntimeError(f"{name}() needs more memory than there is{size}. Its arguments: ({given})")
    if isinstance(error, RecursionError):
        return RuntimeError(f"{name}() got something that is nested too deeply, or contains itself: ({given})")
    why = str(error) or type(error).__name__
    if isinstance(error, KeyError):
        why = f"it contains no {why}"
    if any(words in why for words in ("Maximum allowed", "too big", "too large", "maximum supported dimension")):
        why = "an array has at most 64 dimensions and 2^62 bytes, which the result would exceed"
    kind: type[Exception] = IndexError if isinstance(error, IndexError) else RuntimeError
    if isinstance(error, (TypeError, AttributeError)):
        kind = TypeError
    elif isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        kind = ValueError
    return kind(f"{name}() does not take ({given}): {why}")


def describe(value: Any) -> str:
    """A value in a few words: a tensor by its shape and type, others by their repr if it is short."""
    if isinstance(value, np.generic):
        return repr(value)
    array: Any = None if isinstance(value, type) else getattr(value, "_array", value)
    if hasattr(array, "shape") and hasattr(array, "dtype"):
        return f"{type(value).__name__} of shape {list(array.shape)} and type {array.dtype}"
    try:
        text = _short.repr(value)
    except Exception:
        text = ""
    return text if text and "\n" not in text and " at 0x" not in text else f"a {type(value).__name__}"


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxlevel = 3


def format_bytes(count: float) -> str:
    """A number of bytes as text, such as '3.6 TiB'."""
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} ZiB"


def refuse_if_too_large(name: str, shape: Sequence[int], itemsize: int) -> None:
    """Raise RuntimeError, with the size, for an array that this machine's memory could not hold."""
    size = math.prod(shape) * itemsize
    if size > _memory():
        raise RuntimeError(
            f"{name}(): a tensor of shape {list(shape)} would take {format_bytes(size)}, and this machine has "
            f"{format_bytes(_memory())} of memory"
        )
    if len(shape) > 64 or any(n > 2**62 // itemsize for n in shape) or math.prod(n for n in shape if n) * itemsize > 2**62:
        raise RuntimeError(f"{name}(): an array has at most 64 dimensions and 2^62 bytes, which shape {list(shape)} exceeds")


@functools.cache
def _memory() -> int:
    """The machine's memory, in bytes."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # a system that does not say
        return 1 << 40
