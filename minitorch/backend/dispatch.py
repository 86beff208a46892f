"""What is computed, and how: one table of definitions and of other implementations of them.

ops/ says what something is, in plain array code that runs on arrays of any library:

    @definition
    def _sigmoid(x):
        return 1 / (1 + xp.exp(-x))

A few write into arguments, and return them: their docstrings say "in place".

kernels/ registers other ways to compute it, under its name, and never changes the file in ops/:

    @implements("sigmoid", engine="numba", dtypes="f", pays_from=1 << 12, ulp=4, sample=samples.elementwise(1))
    def sigmoid(x): ...

A call of the definition tries its implementations, the one registered last first. One that does not take these arguments, or
returns NotImplemented, is passed over; if none is left, the definition itself computes. tests/laws/test_kernels.py draws
inputs for every implementation and holds it to its definition.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from minitorch.backend.arrays import xp

__all__ = ["Definition", "Implementation", "definition", "definitions", "implements", "only"]

definitions: dict[str, Definition] = {}  # the table, by name
_engines: tuple[str, ...] | None = None  # those that `only` allows; None for all
_always = False  # whether `only` ignores from how much work on they pay


@dataclass(frozen=True, eq=False)
class Implementation:
    """One way to compute a definition. Calling it computes, or returns NotImplemented."""

    name: str  # of the definition
    function: Callable[..., Any]
    engine: str  # "numpy", "numba", ...: what `only` names
    library: str  # of the arrays it takes: the package of their type
    dtypes: str  # NumPy's letters of the first array's dtypes; empty for any
    pays_from: int  # the work from which on it is quicker than what comes after it
    work: Callable[..., int] | None  # the work of a call; None for the number of elements of the first array
    ulp: int  # how far from the definition, in units in the last place of the largest number of the result; 0: the same bits
    layout: str  # "native": arrays aligned, in native byte order, of one dtype or integers; "contiguous": C-contiguous, too,
    # where those that repeat numbers, which nothing can write to, are copied
    available: Callable[[], bool]
    sample: Callable[[Any], tuple[Any, ...]]  # draws arguments for a test, from a numpy.random.Generator

    def __call__(self, *args: Any) -> Any:
        x = args[0]
        if not x.size or (not _always and (x.size if self.work is None else self.work(*args)) < self.pays_from):
            return NotImplemented  # of an empty array there is nothing to compute quickly
        if _library_of(x.__class__) != self.library or (self.dtypes and x.dtype.char not in self.dtypes):
            return NotImplemented
        if self.layout:
            laid = _in_layout(args, x.dtype, self.layout == "contiguous")
            if laid is None:
                return NotImplemented
            args = laid
        return self.function(*args) if self.available() else NotImplemented


class Definition:
    """A plain function of arrays that says what is computed. Calling it runs the quickest implementation that applies."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.function: Callable[..., Any] = _undefined
        self.implementations: list[Implementation] = []
        self.allowed: list[Implementation] = []  # in the order in which they are tried
        self.work: Callable[..., int] | None = None  # that of all implementations for NumPy's arrays, if they have the same
        self.pays_from = 0  # the least of it for which one of them pays

    def __call__(self, *args: Any) -> Any:
        x = args[0]
        if type(x) is not xp.ndarray or (x.size if self.work is None else self.work(*args)) >= self.pays_from:
            for implementation in self.allowed:
                result = implementation(*args)
                if result is not NotImplemented:
                    return result
        return self.function(*args)

    def update(self) -> None:
        """Choose the implementations that `only` allows."""
        allowed = [i for i in reversed(self.implementations) if _engines is None or i.engine in _engines]
        self.allowed = sorted(allowed, key=lambda i: i.library != "numpy")  # NumPy's arrays find theirs first
        here = [i for i in allowed if i.library == "numpy"]
        works = {i.work for i in here}
        self.work = works.pop() if len(works) == 1 and not _always else None
        self.pays_from = 0 if works or _always else min((i.pays_from for i in here), default=1 << 62)


def definition(function: Callable[..., Any]) -> Definition:
    """Enter a plain function of arrays into the table, under its name without the leading underscore."""
    entry = _entry(function.__name__.lstrip("_"))
    entry.function = function
    functools.update_wrapper(entry, function)
    return entry


def implements(
    name: str,
    *,
    engine: str,
    sample: Callable[[Any], tuple[Any, ...]],
    library: str = "numpy",
    dtypes: str = "",
    pays_from: int = 0,
    work: Callable[..., int] | None = None,
    ulp: int = 0,
    layout: str = "",
    available: Callable[[], bool] = lambda: True,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as an implementation of the definition `name`. Class Implementation has the fields."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        entry = _entry(name)
        entry.implementations.append(
            Implementation(name, function, engine, library, dtypes, pays_from, work, ulp, layout, available, sample)
        )
        entry.update()
        return function

    return register


@contextmanager
def only(*engines: str, always: bool = False) -> Iterator[None]:
    """Within the block use the implementations of these engines alone, and definitions otherwise; in every thread.

    only("definition") runs every definition as it is written; only("numpy") excludes Numba. With `always`, implementations are
    used for arrays of any size.

    Raises ValueError for an engine that has no implementation.
    """
    global _engines, _always
    known = {i.engine for entry in definitions.values() for i in entry.implementations} | {"definition"}
    if not set(engines) <= known or not engines:
        raise ValueError(f"only() takes engines out of {sorted(known)}, but got {list(engines)}")
    before = _engines, _always
    _engines, _always = engines, always
    _update_all()
    try:
        yield
    finally:
        _engines, _always = before
        _update_all()


def _update_all() -> None:
    for entry in definitions.values():
        entry.update()


def _entry(name: str) -> Definition:
    return definitions.setdefault(name, Definition(name))


def _undefined(*args: Any) -> Any:
    raise NotImplementedError("this implementation was registered for a name that no file in ops/ defines")


@functools.cache
def _library_of(array_type: Any) -> str:
    return array_type.__module__.partition(".")[0]


def _in_layout(args: tuple[Any, ...], dtype: Any, contiguous: bool) -> tuple[Any, ...] | None:
    """The arguments, with copies of arrays that repeat numbers, as the gradient of a sum does; None for another layout."""
    for i, array in enumerate(args):
        if isinstance(array, xp.generic):
            return None
        if isinstance(array, xp.ndarray):
            flags, other = array.flags, array.dtype
            if not (flags.aligned and other.isnative) or (other != dtype and other.kind not in "iu"):
                return None
            if contiguous and not flags.c_contiguous:
                if not any(step == 0 and n > 1 for step, n in zip(array.strides, array.shape, strict=True)):
                    return None
                args = (*args[:i], array.copy(order="C"), *args[i + 1 :])
    return args
