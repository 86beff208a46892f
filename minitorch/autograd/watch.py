"""Who looks on while the tape is written and swept. As a rule nobody, and that costs one look at an empty list a node.

A mode that finds nans (anomaly.py) and a recording for pictures (viz/record.py) are watchers: they put themselves into
`watchers` for a while, and are told what happens, in every thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = ["Watcher", "is_unwatched", "passing_through", "sweeping_through", "unwatched", "watchers"]


class Watcher:
    """What can be watched; a subclass has methods for what interests it."""

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        """`node` has just been put on the tape: its `apply` was given `args` and is about to return `outputs`."""

    def began(self) -> None:
        """A sweep begins, perhaps within another."""

    def sweeping(self, node: Any, got: tuple[Any, ...]) -> None:
        """The sweep has come to `node` with the gradients of its outputs, and calls its backward next."""

    def swept(self, node: Any, got: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        """That backward has returned `results`, one for each argument; they have not been passed on yet."""

    def ended(self) -> None:
        """The sweep is done, or has failed."""

    def entered(self, module: Any) -> None:
        """`module` was called, and starts to compute."""

    def left(self, module: Any) -> None:
        """`module` is done, or has failed."""


watchers: list[Watcher] = []


class passing_through:
    """Tell the watchers of a module that is at work in this block."""

    def __init__(self, module: Any) -> None:
        self._module, self._told = module, tuple(watchers)

    def __enter__(self) -> None:
        for watcher in self._told:
            watcher.entered(self._module)

    def __exit__(self, *exception: object) -> None:
        for watcher in self._told:
            watcher.left(self._module)


class sweeping_through:
    """Tell the watchers of a sweep in this block."""

    def __init__(self) -> None:
        self._told = tuple(watchers)

    def __enter__(self) -> None:
        for watcher in self._told:
            watcher.began()

    def __exit__(self, *exception: object) -> None:
        for watcher in self._told:
            watcher.ended()


class _Away(threading.local):
    depth = 0


_away = _Away()


@contextmanager
def unwatched() -> Iterator[None]:
    """Watchers shall look away in this thread: what a picture computes for itself is none of the program's doing."""
    _away.depth += 1
    try:
        yield
    finally:
        _away.depth -= 1


def is_unwatched() -> bool:
    """Whether they shall: it is for each watcher to ask."""
    return _away.depth > 0
