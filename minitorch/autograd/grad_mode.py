"""Whether ops record themselves: one flag, separate in every thread and every asyncio task.

with no_grad(): ...          nothing inside is recorded
@no_grad()                   nor anything inside the function
set_grad_enabled(training)   at once, or for a `with` block
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = ["GRAD_MODE", "OUTER_MODES", "enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]

GRAD_MODE: ContextVar[bool] = ContextVar("minitorch grad mode", default=True)
OUTER_MODES: ContextVar[tuple[bool, ...]] = ContextVar("minitorch grad modes outside", default=())  # of the open `with` blocks

is_grad_enabled: Callable[[], bool] = GRAD_MODE.get  # the bound method itself: every op calls it, so it must be quick

F = TypeVar("F", bound=Callable[..., Any])


class _GradMode:
    """A context manager, and a decorator, that runs its body with the flag at `mode`."""

    mode: bool

    def __enter__(self) -> None:
        self._enter(GRAD_MODE.get())

    def _enter(self, outer: bool) -> None:
        OUTER_MODES.set((*OUTER_MODES.get(), outer))
        GRAD_MODE.set(self.mode)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        *rest, outer = OUTER_MODES.get()
        OUTER_MODES.set(tuple(rest))
        GRAD_MODE.set(outer)

    def __call__(self, function: F) -> F:
        mode = self.mode
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            before = GRAD_MODE.get()
            GRAD_MODE.set(mode)
            try:
                return function(*args, **kwargs)
            finally:
                GRAD_MODE.set(before)

        return wrapper  # type: ignore[return-value]

    def _wrap_generator(self, function: F) -> F:
        """The mode holds while the generator runs, not while it waits."""
        mode = self.mode

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            step, sent = generator.send, None
            while True:
                before = GRAD_MODE.get()
                GRAD_MODE.set(mode)
                try:
                    value = step(sent)
                except StopIteration as stop:
                    return stop.value
                finally:
                    GRAD_MODE.set(before)
                try:
                    step, sent = generator.send, (yield value)
                except GeneratorExit:
                    with type(self)() if isinstance(self, _DecoratorContextManager) else set_grad_enabled(mode):
                        generator.close()
                    raise
                except BaseException as error:
                    step, sent = generator.throw, error

        return wrapper  # type: ignore[return-value]


class _DecoratorContextManager(_GradMode):
    def __new__(cls, function: Any = None) -> Self:
        self = super().__new__(cls)
        if function is None:
            return self
        return self(function)  # `@no_grad` without parentheses is a decorator, too


class no_grad(_DecoratorContextManager):
    """Ops inside are not recorded: their results have `requires_grad=False`."""

    mode = False


class enable_grad(_DecoratorContextManager):
    """Ops inside are recorded, even within `no_grad`."""

    mode = True


class set_grad_enabled(_GradMode):
    """Set the flag to `mode` now; as a context manager, put it back at the end of the block."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self._outer = GRAD_MODE.get()
        GRAD_MODE.set(mode)

    def __enter__(self) -> None:
        self._enter(self._outer)

    def __call__(self, function: F) -> F:
        GRAD_MODE.set(self._outer)  # a decorator must not change the mode of the code around it
        return super().__call__(function)
