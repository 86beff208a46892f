"""What goes wrong inside, told as a sentence about the call.

Functions check what they are given, and say what is wrong with it. What nobody foresaw ends in an error of Python's or NumPy's
own, about a thing inside that the caller has never heard of: "'int' object has no attribute 'normal'". `clear` makes of that a
sentence which names the function and what it was given; what a function raises on purpose it lets pass, and so what the
program's own functions raise that are called on the way.
"""

from __future__ import annotations

import dis
import functools
import inspect
import math
import operator
import os
import re
import reprlib
import sysconfig
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

__all__ = ["clear", "clear_all", "in_a_sentence", "in_words", "refuse_if_too_large", "typed"]

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")  # as code objects name their files
_NUMPY, _PYTHON = os.path.join(os.path.dirname(np.__file__), ""), os.path.join(sysconfig.get_paths()["stdlib"], "")
_RAISE = dis.opmap["RAISE_VARARGS"]


def clear(function: F) -> F:
    """`function`, whose unforeseen errors become sentences, and whose arguments annotated as int, float or bool are that."""
    check = _numbers_and_flags(function)

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if check is not None:
            args = check(args, kwargs)
        try:
            return function(*args, **kwargs)
        except Exception as error:
            told = _sentence(error, function, args, kwargs)
            try:
                if told is error:
                    raise
                raise told from error
            finally:
                del told  # a frame that holds its own exception would keep the arguments until the garbage collector runs

    guarded.is_clear = True  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def clear_all(room: dict[str, Any], methods: Sequence[str] = ("__init__",)) -> None:
    """`clear` for the functions that a module's namespace has in `__all__`, and for some methods of its classes."""
    for name in room["__all__"]:
        value = room[name]
        if inspect.isfunction(value):
            room[name] = clear(value)
        elif isinstance(value, type):
            for kind in value.__mro__:
                for method in methods:
                    function = vars(kind).get(method)
                    if kind.__module__.startswith("minitorch.") and function and not hasattr(function, "is_clear"):
                        type.__setattr__(kind, method, clear(function))


def typed(function: F) -> F:
    """`function`, whose arguments annotated as int, float or bool are that. For one that calls the program's own functions."""
    check = _numbers_and_flags(function)
    if check is None:
        return function

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return function(*check(args, kwargs), **kwargs)

    return guarded  # type: ignore[return-value]


_STRICT = ("keepdim", "descending", "stable", "sorted", "largest", "unbiased")  # flags that are True or False and nothing else


def _numbers_and_flags(function: Callable[..., Any]) -> Callable[[tuple[Any, ...], dict[str, Any]], tuple[Any, ...]] | None:
    """What checks the arguments of a call that are annotated as int, float or bool, and gives Python's for NumPy's.

    Raises TypeError for a float where an int belongs, a number where a flag does, and the like. None if there are none.
    """
    found = []
    for i, p in enumerate(inspect.signature(function).parameters.values()):
        words = p.annotation.__name__ if isinstance(p.annotation, type) else str(p.annotation)
        kind, *rest = (word.removeprefix("builtins.") for word in words.split(" | "))
        if kind in ("int", "bool", "float") and rest in ([], ["None"]) and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
            found.append((i if p.kind is p.POSITIONAL_OR_KEYWORD else 1000, p.name, kind, bool(rest) or p.default is None))
    if not found:
        return None
    bound = next(iter(inspect.signature(function).parameters), "") == "self"  # which a caller does not count

    def check(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        for i, name, kind, optional in found:
            if i < len(args):
                value = args[i]
            elif name in kwargs:
                value = kwargs[name]
            else:
                continue
            if type(value).__name__ == kind or (optional and value is None):
                continue
            fits = not isinstance(value, (bool, type))
            if kind == "bool":  # PyTorch takes 0, 1 and None for most flags
                fits = isinstance(value, np.bool_) or (name not in _STRICT and isinstance(value, (int, type(None))))
            if kind == "float":
                number = getattr(value, "_array", value)
                fits = isinstance(value, (int, float)) or (getattr(number, "ndim", 1) == 0 and number.dtype.kind in "biuf")
            elif fits:
                try:
                    value = bool(value) if kind == "bool" else operator.index(value)
                except (TypeError, ValueError, RuntimeError):
                    fits = False
            if not fits:
                where = f" (position {i + 1 - bound})" if i < len(args) else ""
                wanted = f"{kind} or None" if optional else kind
                given = type(args[i] if i < len(args) else kwargs[name]).__name__
                raise TypeError(f"{_called(function, args)}(): argument '{name}'{where} must be {wanted}, not {given}")
            if i < len(args):
                args = (*args[:i], value, *args[i + 1 :])
            else:
                kwargs[name] = value
        return args

    return check


def _sentence(error: Exception, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Exception:
    """The error itself if it was raised on purpose, else one that says what `function` was given."""
    if isinstance(error, TypeError) and str(error).startswith(f"{function.__qualname__}()"):  # called with too few or too many
        return TypeError(str(error).replace(function.__qualname__, _called(function, args), 1))
    if (isinstance(error, Warning) and not isinstance(error, np.exceptions.ComplexWarning)) or _on_purpose(error):
        return error
    given = args[1:] if function.__qualname__.endswith((".__init__", ".forward")) else args
    return in_a_sentence(error, _called(function, args), given, kwargs)


def _called(function: Callable[..., Any], args: Sequence[Any]) -> str:
    """The name by which the program called the function: of a constructor that of its class."""
    name = function.__qualname__
    return type(args[0]).__name__ if name.endswith((".__init__", ".forward")) and args else name.replace("<lambda>", "function")


def in_a_sentence(error: Exception, name: str, args: Sequence[Any], kwargs: dict[str, Any] | None = None) -> Exception:
    """What to raise instead of an error of Python's or NumPy's own: a sentence about the call, and of what class."""
    kwargs = kwargs or {}
    given = ", ".join([*map(_described, args), *(f"{key}={_described(value)}" for key, value in kwargs.items())])
    if isinstance(error, MemoryError):
        shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
        size = f" an array of shape {list(shape)}, {in_words(math.prod(shape) * dtype.itemsize)}" if shape and dtype else ""
        return RuntimeError(f"{name}() needs more memory than there is{':' if size else ''}{size}. It was given ({given})")
    if isinstance(error, RecursionError):
        return RuntimeError(f"{name}() was given something that is nested too deeply, or holds itself: ({given})")
    why = str(error) or type(error).__name__
    if isinstance(error, KeyError):
        why = f"there is no {why} in it"
    if any(words in why for words in ("Maximum allowed", "too big", "too large", "maximum supported dimension")):
        why = "an array has at most 64 dimensions and 2^62 bytes, which the result would exceed"
    kind: type[Exception] = IndexError if isinstance(error, IndexError) else RuntimeError
    if isinstance(error, (TypeError, AttributeError)):
        kind = TypeError
    elif isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        kind = ValueError
    return kind(f"{name}() does not take ({given}): {why}")


def _on_purpose(error: Exception) -> bool:
    """Whether a `raise` of this package's, or anything in the program's own code, is where the error comes from."""
    trace = error.__traceback__
    assert trace is not None
    if isinstance(error, TypeError) and _MISCALLED.search(str(error)):
        return True  # Python's own sentence is as good: "f() missing 1 required positional argument: 'input'"
    while True:
        code = trace.tb_frame.f_code
        inside = code.co_filename.startswith(_PACKAGE)
        if not inside and not _is_library(code.co_filename):
            return True
        if trace.tb_next is None:  # an attribute that something lacks is foreseen by nobody, even where a Module says so
            return inside and not isinstance(error, AttributeError) and code.co_code[trace.tb_lasti] == _RAISE
        trace = trace.tb_next


_MISCALLED = re.compile(r"\(\) (missing \d|takes |got an unexpected|got multiple|got some positional)")


def _is_library(file: str) -> bool:
    """Whether a file is NumPy's or Python's own, and so at work for this package rather than for the program."""
    return file.startswith((_NUMPY, "<frozen")) or (file.startswith(_PYTHON) and "-packages" not in file)


def _described(value: Any) -> str:
    """A value in a few words: a tensor by its shape and type."""
    if isinstance(value, np.generic):
        return repr(value)
    array = getattr(value, "_array", value)
    if hasattr(array, "shape") and hasattr(array, "dtype"):
        return f"{type(value).__name__} of shape {list(array.shape)} and type {array.dtype}"
    try:
        text = _short.repr(value)
    except Exception:
        text = ""
    return text if text and "\n" not in text and " object at 0x" not in text else f"a {type(value).__name__}"


_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxlevel = 3


def in_words(count: float) -> str:
    """A number of bytes, such as '3.6 TiB'."""
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} ZiB"


def refuse_if_too_large(name: str, shape: Sequence[int], itemsize: int) -> None:
    """Raise RuntimeError, with the size in words, for an array that this machine's memory could not hold."""
    size = math.prod(shape) * itemsize
    if size > _memory():
        raise RuntimeError(
            f"{name}(): a tensor of shape {list(shape)} would take {in_words(size)}, and this machine has "
            f"{in_words(_memory())} of memory"
        )
    if len(shape) > 64 or any(n > 2**62 // itemsize for n in shape) or math.prod(n for n in shape if n) * itemsize > 2**62:
        raise RuntimeError(f"{name}(): an array has at most 64 dimensions and 2^62 bytes, which shape {list(shape)} exceeds")


@functools.cache
def _memory() -> int:
    """The machine's memory, in bytes."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # a system that does not tell
        return 1 << 40
