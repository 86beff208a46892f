"""Observers of the tape: anomaly detection, hooks on saved tensors, the profiler, recording for pictures, export to ONNX.

Each observer in `observers` has its methods called when a node is recorded, when a sweep calls a node's backward, and when a
module or a public function runs, in every thread. An empty list costs one test per node or call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = [
    "Observer", "active_observers", "notify", "observe", "observed", "observed_by", "observed_call", "observed_operator",
    "observers", "stop_observing",
]  # fmt: skip


class Observer:
    """The base class of observers: a subclass overrides the methods that it needs.

    >>> class Names(minitorch.autograd.graph.Observer):
    ...     def recorded(self, node, args, outputs):
    ...         print(node.name())
    >>> with minitorch.autograd.graph.observed_by(Names()):
    ...     y = minitorch.ones(2, requires_grad=True).exp().sum()
    ExpBackward0
    SumBackward0
    """

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

    def call_entered(self, callee: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """A module or a public function was called, and starts to compute."""

    def call_left(self, callee: Any, result: Any) -> None:
        """It has returned `result`, or failed, and `result` is None."""

    def operated(self, function: Any, args: tuple[Any, ...], result: Any) -> None:
        """An operator of Python, such as +, has computed `result`: function(*args)."""


observers: list[Observer] = []


class _ThisThread(threading.local):
    only: tuple[Observer, ...] | None = None


_this_thread = _ThisThread()


def active_observers() -> tuple[Observer, ...]:
    """The observers of what happens in this thread now."""
    return tuple(observers) if _this_thread.only is None else _this_thread.only


@contextmanager
def observed_by(*only: Observer) -> Iterator[None]:
    """Within the block, in this thread, these are the only observers, for what a picture itself computes.

    >>> class Count(minitorch.autograd.graph.Observer):
    ...     nodes = 0
    ...     def recorded(self, node, args, outputs):
    ...         self.nodes += 1
    >>> count = Count()
    >>> with minitorch.autograd.graph.observed_by(count):
    ...     y = (minitorch.ones(2, requires_grad=True) * 2).sum()
    >>> count.nodes
    2
    """
    before, _this_thread.only = _this_thread.only, only
    placeholder = Observer()
    observers.append(placeholder)  # so that the list is not empty
    try:
        yield
    finally:
        _this_thread.only = before
        observers.remove(placeholder)


def observe(observer: Observer) -> None:
    """Let an observer see what happens from now on: in all threads, or in this one's block of `observed_by`."""
    observers.append(observer)
    if _this_thread.only is not None:
        _this_thread.only = (*_this_thread.only, observer)


def stop_observing(observer: Observer) -> None:
    """The end of `observe`."""
    observers.remove(observer)
    if _this_thread.only is not None:
        _this_thread.only = tuple(other for other in _this_thread.only if other is not observer)


def notify(node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
    """Call `recorded` of the active observers for a node that was just put on the tape."""
    for observer in active_observers():
        observer.recorded(node, args, outputs)


def observed(sweep: Callable[..., Any]) -> Callable[..., Any]:
    """`sweep` (engine.py) that calls the observers when it begins and ends, and around every call of a backward."""
    active = active_observers()

    def observed_sweep(roots: Sequence[Any], targets: Any, retain_graph: bool, recording: bool) -> Any:
        def call_backward(node: Any, grad_outputs: tuple[Any, ...], recording: bool) -> Any:
            for observer in active:
                observer.backward_called(node, grad_outputs)
            results = node.call_backward(grad_outputs, recording)
            for observer in active:
                observer.backward_returned(node, grad_outputs, results)
            return results

        for observer in active:
            observer.sweep_began(roots, targets)
        try:
            return sweep(roots, targets, retain_graph, recording, call_backward)
        finally:
            for observer in active:
                observer.sweep_ended()

    return observed_sweep


def observed_call(callee: Any, compute: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """compute(*args, **kwargs), the body of `callee`, with the observers called when it begins and ends."""
    active, result = active_observers(), None
    for observer in active:
        observer.call_entered(callee, args, kwargs)
    try:
        result = compute(*args, **kwargs)
        return result
    finally:
        for observer in active:
            observer.call_left(callee, result)


def observed_operator(function: Callable[..., Any], args: tuple[Any, ...], result: Any) -> Any:
    """`result`, of an operator, after `operated` of the active observers."""
    for observer in active_observers():
        observer.operated(function, args, result)
    return result
