"""Observers of the tape: anomaly detection (anomaly.py) and recording for pictures (viz/record/).

Each observer in `observers` has its methods called when a node is recorded, when a sweep calls a node's backward, and when a
module runs, in every thread. An empty list costs one test per node.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = ["Observer", "active_observers", "module_scope", "notify", "observed", "observed_by", "observers"]


class Observer:
    """The base class of observers: a subclass overrides the methods that it needs."""

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        """`node` was put on the tape: its `apply` was called with `args` and is about to return `outputs`."""

    def sweep_began(self, roots: Sequence[Any], targets: Any) -> None:
        """A sweep begins, perhaps within another; the arguments are those of `sweep`."""

    def backward_called(self, node: Any, grad_outputs: tuple[Any, ...]) -> None:
        """The sweep is about to call the node's backward with the gradients of its outputs."""

    def backward_returned(self, node: Any, grad_outputs: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        """That backward has returned `results`, which have not been passed on yet. (An Op may leave out trailing None.)"""

    def sweep_ended(self) -> None:
        """The sweep has ended, or failed."""

    def module_entered(self, module: Any) -> None:
        """`module` was called, and starts to compute."""

    def module_left(self, module: Any) -> None:
        """`module` has returned, or failed."""


observers: list[Observer] = []


class _ThisThread(threading.local):
    only: tuple[Observer, ...] | None = None


_this_thread = _ThisThread()


def active_observers() -> tuple[Observer, ...]:
    """The observers of what happens in this thread now."""
    return tuple(observers) if _this_thread.only is None else _this_thread.only


@contextmanager
def observed_by(*only: Observer) -> Iterator[None]:
    """Within the block, in this thread, these are the only observers, for what a picture itself computes."""
    before, _this_thread.only = _this_thread.only, only
    placeholder = Observer()
    observers.append(placeholder)  # so that the list is not empty
    try:
        yield
    finally:
        _this_thread.only = before
        observers.remove(placeholder)


def notify(node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
    """Call `recorded` of the active observers for a node that was just put on the tape."""
    for observer in active_observers():
        observer.recorded(node, args, outputs)


def observed(sweep: Callable[..., Any]) -> Callable[..., Any]:
    """`sweep` (engine.py) that calls the observers when it begins and ends, and around every call of a backward."""
    active = active_observers()

    def observed_sweep(roots: Sequence[Any], targets: Any, retain_graph: bool, recording: bool) -> Any:
        def observed_call(node: Any, grad_outputs: tuple[Any, ...], recording: bool) -> Any:
            for observer in active:
                observer.backward_called(node, grad_outputs)
            results = node.call_backward(grad_outputs, recording)
            for observer in active:
                observer.backward_returned(node, grad_outputs, results)
            return results

        for observer in active:
            observer.sweep_began(roots, targets)
        try:
            return sweep(roots, targets, retain_graph, recording, observed_call)
        finally:
            for observer in active:
                observer.sweep_ended()

    return observed_sweep


class module_scope:
    """Call the observers when a module begins and ends to run. (A class: a generator's frame would hide the program's line.)"""

    def __init__(self, module: Any) -> None:
        self._module, self._observers = module, active_observers()

    def __enter__(self) -> None:
        for observer in self._observers:
            observer.module_entered(self._module)

    def __exit__(self, *exception: object) -> None:
        for observer in self._observers:
            observer.module_left(self._module)
