"""What a way to exchange arrays between processes must offer. By itself: one process, alone.

Each method takes C-contiguous arrays and starts an exchange; calling what it returns waits until that is done. Every process of
a group calls the same methods in the same order. Reductions write their result into the array that they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minitorch.backend.arrays import Array

__all__ = ["Engine", "Wait"]

Wait = Callable[[], object]


def _done() -> None:
    """Nothing to wait for."""


class Engine:
    """One process alone. A subclass connects several."""

    backend = "mpi"
    rank = 0
    size = 1

    def on_device(self, array: Array) -> bool:
        """Whether arrays are exchanged where they are on a GPU; otherwise the CPU exchanges copies."""
        return True

    def all_reduce(self, array: Array, op: str) -> Wait:
        return _done

    def reduce(self, array: Array, op: str, dst: int) -> Wait:
        return _done

    def broadcast(self, array: Array, src: int) -> Wait:
        return _done

    def all_gather(self, out: Array, array: Array) -> Wait:
        """`out` has one more dimension in front: the rank."""
        out[0] = array
        return _done

    def gather(self, out: Array | None, array: Array, dst: int) -> Wait:
        """As `all_gather`, in one process; the others give None."""
        if out is not None:
            out[0] = array
        return _done

    def scatter(self, array: Array, parts: Array | None, src: int) -> Wait:
        """Process `src` gives one part for each rank, which `array` receives; the others give None."""
        if parts is not None:
            array[...] = parts[0]
        return _done

    def send(self, array: Array, dst: int, tag: int) -> Wait:
        raise ValueError("there is no other process to send to")

    def recv(self, array: Array, src: int | None, tag: int) -> Wait:
        """Waiting returns the rank that has sent."""
        raise ValueError("there is no other process to receive from")

    def exchange(self, numbers: Sequence[int], what: str) -> list[list[int]]:
        """The numbers that every process gives, as many of each: what the others are about to do."""
        return [list(numbers)]

    def subgroup(self, ranks: Sequence[int]) -> Engine | None:
        """The engine of these processes; None in the others."""
        return Engine() if 0 in ranks else None

    def leave(self) -> None:
        """Say that this process exchanges nothing more."""
