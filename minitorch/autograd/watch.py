"""Who looks on while the tape is written and swept. While nobody does, each such moment costs a look at an empty list.

A mode that finds nans (anomaly.py) and a recording for pictures (viz/record.py) are watchers: they put themselves into
`watchers` for a while, and are told what happens, in every thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = ["Watcher", "observers", "passing_through", "tell", "watched_by", "watchers"]


class Watcher:
    """What can be watched; a subclass has methods for what interests it."""

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        """`node` has just been put on the tape: its `apply` was given `args` and is about to return `outputs`."""

    def sweep_began(self, roots: Sequence[Any], wanted: Any) -> None:
        """A sweep begins, perhaps within another; it is given what `sweep` is given."""

    def sweeping(self, node: Any, got: tuple[Any, ...]) -> None:
        """The sweep has come to `node` with the gradients of its outputs, and calls its backward next."""

    def swept(self, node: Any, got: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        """That backward has returned `results`, which have not been passed on yet. (An Op may leave out a tail of None.)"""

    def sweep_ended(self) -> None:
        """The sweep is done, or has failed."""

    def module_entered(self, module: Any) -> None:
        """`module` was called, and starts to compute."""

    def module_left(self, module: Any) -> None:
        """`module` is done, or has failed."""


watchers: list[Watcher] = []


class _Here(threading.local):
    only: tuple[Watcher, ...] | None = None


_here = _Here()


def observers() -> tuple[Watcher, ...]:
    """Who is to be told of what happens in this thread now."""
    return tuple(watchers) if _here.only is None else _here.only


@contextmanager
def watched_by(*only: Watcher) -> Iterator[None]:
    """In this thread these alone are told: what a picture computes for itself is none of the program's doing."""
    before, _here.only = _here.only, only
    nobody = Watcher()
    watchers.append(nobody)  # an empty list would not be looked into
    try:
        yield
    finally:
        _here.only = before
        watchers.remove(nobody)


def tell(node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
    """Tell of a node that has just been put on the tape."""
    for watcher in observers():
        watcher.recorded(node, args, outputs)


class passing_through:
    """Tell of a module that is at work in this block. (A class: the frame of a generator's would hide the program's line.)"""

    def __init__(self, module: Any) -> None:
        self._module, self._told = module, observers()

    def __enter__(self) -> None:
        for watcher in self._told:
            watcher.module_entered(self._module)

    def __exit__(self, *exception: object) -> None:
        for watcher in self._told:
            watcher.module_left(self._module)
