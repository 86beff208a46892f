"""Whether ops record themselves: one flag, separate in every thread and every asyncio task.

with no_grad(): ...          nothing inside is recorded
@no_grad()                   nor anything inside the function
set_grad_enabled(training)   at once, or for a `with` block
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]

_enabled: ContextVar[bool] = ContextVar("minitorch grad mode", default=True)

# what to go back to at the end of each `with` that is open here
_outer: ContextVar[tuple[bool, ...]] = ContextVar("minitorch grad modes outside", default=())

is_grad_enabled: Callable[[], bool] = _enabled.get  # the bound method itself: every op asks, so it must be quick

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")


def in_mode(mode: bool, function: Callable[..., R], *args: Any) -> R:
    """function(*args) with the flag at `mode`, in a copy of the context.

    Whatever ends it, even Ctrl-C at a bad moment, the caller's flag stays as it was.
    What else the function sets in its context, by way of a hook, say, is set in the caller's once it has returned.
    """
    context = copy_context()
    context.run(_enabled.set, mode)
    result = context.run(function, *args)
    for variable, value in context.items():
        if variable is not _enabled and variable is not _outer and variable.get(None) is not value:
            variable.set(value)
    return result


class _GradMode:
    """A context manager, and a decorator, that runs its body with the flag at `mode`."""

    mode: bool

    def __enter__(self) -> None:
        self._enter(_enabled.get())

    def _enter(self, outer: bool) -> None:
        _outer.set((*_outer.get(), outer))
        _enabled.set(self.mode)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        *rest, outer = _outer.get()
        _outer.set(tuple(rest))
        _enabled.set(outer)

    def __call__(self, function: F) -> F:
        mode = self.mode
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            before = _enabled.get()
            _enabled.set(mode)
            try:
                return function(*args, **kwargs)
            finally:
                _enabled.set(before)

        return wrapper  # type: ignore[return-value]

    def _wrap_generator(self, function: F) -> F:
        """The mode holds while the generator runs, and not while it waits for the next value to be asked for."""
        mode = self.mode

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            step, given = generator.send, None
            while True:
                before = _enabled.get()
                _enabled.set(mode)
                try:
                    value = step(given)
                except StopIteration as stop:
                    return stop.value
                finally:
                    _enabled.set(before)
                try:
                    step, given = generator.send, (yield value)
                except GeneratorExit:
                    with type(self)() if isinstance(self, _Switch) else set_grad_enabled(mode):
                        generator.close()
                    raise
                except BaseException as error:
                    step, given = generator.throw, error

        return wrapper  # type: ignore[return-value]


class _Switch(_GradMode):
    def __new__(cls, function: Any = None) -> Self:
        self = super().__new__(cls)
        if function is None:
            return self
        return self(function)  # `@no_grad` without brackets decorates, too


class no_grad(_Switch):
    """Ops inside are not recorded: their results have `requires_grad=False`."""

    mode = False


class enable_grad(_Switch):
    """Ops inside are recorded, even within `no_grad`."""

    mode = True


class set_grad_enabled(_GradMode):
    """Set the flag to `mode` now; as a context manager, put it back at the end of the block."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self._outer = _enabled.get()
        _enabled.set(mode)

    def __enter__(self) -> None:
        self._enter(self._outer)

    def __call__(self, function: F) -> F:
        _enabled.set(self._outer)  # a decorator must not change the mode of the code around it
        return super().__call__(function)
