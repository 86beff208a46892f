"""Who looks on while the tape is written and swept. As a rule nobody, and that costs one look at an empty list a node.

A mode that finds nans (anomaly.py) and a recording for pictures (viz/record.py) are watchers: they put themselves into
`watchers` for a while, and are told what happens, in every thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = ["Watcher", "passing_through", "unwatched", "watchers"]


class Watcher:
    """What can be watched; a subclass has methods for what interests it."""

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        """`node` has just been put on the tape: its `apply` was given `args` and is about to return `outputs`."""

    def sweeping(self, node: Any, got: tuple[Any, ...]) -> None:
        """The sweep has come to `node` with the gradients of its outputs, and calls its backward next."""

    def swept(self, node: Any, got: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        """That backward has returned `results`, one for each argument; they have not been passed on yet."""

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


@contextmanager
def unwatched() -> Iterator[None]:
    """Nobody looks on in this block: what a picture computes for itself is none of the program's doing."""
    aside = watchers[:]
    watchers.clear()
    try:
        yield
    finally:
        watchers[:] = aside
