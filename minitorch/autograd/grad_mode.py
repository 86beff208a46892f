"""Whether ops record themselves: one flag, separate in every thread.

with no_grad(): ...          nothing inside is recorded
@no_grad()                   nor anything inside the function
set_grad_enabled(training)   at once, or for a `with` block
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from minitorch.backend.arrays import xp

__all__ = ["MODE", "enable_grad", "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled"]


class _Mode(threading.local):
    enabled = True


MODE = _Mode()

F = TypeVar("F", bound=Callable[..., Any])


def is_grad_enabled() -> bool:
    """Whether ops record themselves now.

    >>> with minitorch.no_grad():
    ...     minitorch.is_grad_enabled()
    False
    """
    return MODE.enabled


class _GradMode:
    """A context manager, and a decorator, that runs its body with the flag at `mode`."""

    mode: bool
    _outer: tuple[bool, ...] = ()  # the flag outside of each open `with` block of this object

    def __enter__(self) -> None:
        self._outer = (*self._outer, MODE.enabled)
        MODE.enabled = self.mode

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        *rest, MODE.enabled = self._outer
        self._outer = tuple(rest)

    def __call__(self, function: F) -> F:
        mode = self.mode
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            before = MODE.enabled
            MODE.enabled = mode
            try:
                return function(*args, **kwargs)
            finally:
                MODE.enabled = before

        return wrapper  # type: ignore[return-value]

    def _wrap_generator(self, function: F) -> F:
        """The mode holds while the generator runs, not while it waits."""
        mode = self.mode

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            step, sent = generator.send, None
            while True:
                before = MODE.enabled
                MODE.enabled = mode
                try:
                    value = step(sent)
                except StopIteration as stop:
                    return stop.value
                finally:
                    MODE.enabled = before
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
    """Ops inside are not recorded: their results have `requires_grad=False`. A context manager, or a decorator of functions.

    >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    >>> with minitorch.no_grad():
    ...     y = 2 * x
    >>> y.requires_grad
    False
    """

    mode = False


class enable_grad(_DecoratorContextManager):
    """Ops inside are recorded, even within `no_grad`. A context manager, or a decorator of functions.

    >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    >>> with minitorch.no_grad(), minitorch.enable_grad():
    ...     y = 2 * x
    >>> y.requires_grad
    True
    """

    mode = True


class inference_mode(_GradMode):
    """As `no_grad`; with mode=False as `enable_grad`. (PyTorch's results cannot be recorded later, either; these can.)

    >>> with minitorch.inference_mode():
    ...     minitorch.is_grad_enabled()
    False
    """

    def __new__(cls, mode: Any = True) -> Self:
        if not (isinstance(mode, bool) or callable(mode)):
            raise TypeError(f"inference_mode(): mode is True or False, not {type(mode).__name__}")
        self = super().__new__(cls)
        self.mode = mode is False
        return self(mode) if callable(mode) else self  # `@inference_mode` without parentheses


class set_grad_enabled(_GradMode):
    """Set the flag to `mode` now; as a context manager, put it back at the end of the block.

    >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    >>> training = False
    >>> with minitorch.set_grad_enabled(training):
    ...     y = 2 * x
    >>> y.requires_grad
    False
    """

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, (int, xp.bool_)):
            raise TypeError(f"set_grad_enabled(): argument 'mode' must be bool, not {type(mode).__name__}")
        self.mode, self._before = bool(mode), MODE.enabled
        MODE.enabled = self.mode

    def __enter__(self) -> None:
        self._outer = (*self._outer, self._before)
        MODE.enabled = self.mode

    def __call__(self, function: F) -> F:
        MODE.enabled = self._before  # a decorator must not change the mode of the code around it
        return super().__call__(function)
