"""Exchange by MPI, the standard of the large machines: between processes on one machine or many, by mpi4py.

A process that fails must not leave the others waiting. An exception ends all of them (`end_all_on_error`); one that ends in
another way tells the others on a channel of its own, where those that wait look, and they raise.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.backend.arrays import Array, xp
from minitorch.distributed.engine import Engine, Wait

__all__ = ["MPIEngine", "end_all", "end_all_on_error", "world"]

LEFT = 1  # the tag of the message that a process has ended
GRACE = 2.0  # seconds that an exchange may take to arrive after its sender has ended
OPS = {"sum": "SUM", "avg": "SUM", "product": "PROD", "min": "MIN", "max": "MAX"}  # MPI's names

_yield: Callable[[], object] = getattr(os, "sched_yield", lambda: time.sleep(0))


def world(timeout: float) -> MPIEngine:
    """All processes that mpiexec has started."""
    from mpi4py import MPI

    comm = MPI.COMM_WORLD.Dup()
    if comm.size > 1:
        end_all_on_error()
    return MPIEngine(MPI, comm, comm.Dup(), timeout)


def end_all_on_error() -> None:
    """From now on, an exception that ends this process ends the others, too."""

    def hook(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        end_all(f"has failed ({kind.__name__}, above)", 1, "".join(traceback.format_exception(kind, error, trace)))

    sys.excepthook = hook


def end_all(why: str, status: int, before: str = "") -> None:
    """End all processes, and say why."""
    from mpi4py import MPI

    world = MPI.COMM_WORLD
    print(f"{before}rank {world.rank} of {world.size} {why}: all {world.size} are ended", file=sys.stderr, flush=True)
    time.sleep(0.5)  # mpiexec passes on what was printed, and nothing more once it ends the processes
    world.Abort(status)


class MPIEngine(Engine):
    """The processes of an MPI communicator; `control` is another one, of all processes: who ends says so there."""

    def __init__(self, mpi: Any, comm: Any, control: Any, timeout: float) -> None:
        self.mpi, self.comm, self.control, self.timeout = mpi, comm, control, timeout
        self.rank, self.size = comm.rank, comm.size
        self.started: list[_Started] = []  # exchanges, whose arrays must be there until they are over

    def on_device(self, array: Array) -> bool:
        return isinstance(array, xp.ndarray)

    def _wait(self, request: Any, what: str, status: Any = None, result: Callable[[], object] | None = None) -> _Started:
        self.started = [other for other in self.started if not other.test()]
        self.started.append(_Started(self, request, what, status, result))
        return self.started[-1]

    def all_reduce(self, array: Array, op: str) -> Wait:
        return self._wait(self.comm.Iallreduce(self.mpi.IN_PLACE, array, getattr(self.mpi, OPS[op])), "all_reduce")

    def reduce(self, array: Array, op: str, dst: int) -> Wait:
        send, receive = (self.mpi.IN_PLACE, array) if self.rank == dst else (array, None)
        return self._wait(self.comm.Ireduce(send, receive, getattr(self.mpi, OPS[op]), dst), "reduce")

    def broadcast(self, array: Array, src: int) -> Wait:
        return self._wait(self.comm.Ibcast(_bytes(array), src), "broadcast")

    def all_gather(self, out: Array, array: Array) -> Wait:
        return self._wait(self.comm.Iallgather(_bytes(array), _bytes(out)), "all_gather")

    def gather(self, out: Array | None, array: Array, dst: int) -> Wait:
        return self._wait(self.comm.Igather(_bytes(array), None if out is None else _bytes(out), dst), "gather")

    def scatter(self, array: Array, parts: Array | None, src: int) -> Wait:
        return self._wait(self.comm.Iscatter(None if parts is None else _bytes(parts), _bytes(array), src), "scatter")

    def send(self, array: Array, dst: int, tag: int) -> Wait:
        return self._wait(self.comm.Isend(_bytes(array), dst, tag), f"send to rank {dst}")

    def recv(self, array: Array, src: int | None, tag: int) -> Wait:
        what = "recv" if src is None else f"recv from rank {src}"
        status, source = self.mpi.Status(), self.mpi.ANY_SOURCE if src is None else src

        def received() -> int:
            if status.Get_count() != array.nbytes:
                raise RuntimeError(f"{what}: the tensor has {array.nbytes} bytes, and {status.Get_count()} were sent")
            return int(status.Get_source())

        return self._wait(self.comm.Irecv(_bytes(array), source, tag), what, status, received)

    def exchange(self, numbers: Sequence[int], what: str) -> list[list[int]]:
        mine, all_ = np.array(numbers, np.int64), np.empty((self.size, len(numbers)), np.int64)
        self._wait(self.comm.Iallgather(mine, all_), what)()
        return all_.tolist()

    def subgroup(self, ranks: Sequence[int]) -> MPIEngine | None:
        color = 0 if self.rank in ranks else self.mpi.UNDEFINED
        comm = self.comm.Split(color, ranks.index(self.rank) if color == 0 else 0)
        return self._of(comm, self.control) if color == 0 else None  # who ends tells all, not a group

    def _of(self, comm: Any, control: Any) -> MPIEngine:
        return MPIEngine(self.mpi, comm, control, self.timeout)

    def leave(self) -> None:
        for rank in range(self.size):
            if rank != self.rank and not self.mpi.Is_finalized():
                self.control.Isend(bytearray(1), rank, LEFT).Free()


class _Started:
    """An exchange that has started. Calling it waits until it is over, and gives its result, if it has one."""

    def __init__(
        self, engine: MPIEngine, request: Any, what: str, status: Any, result: Callable[[], object] | None
    ) -> None:  # fmt: skip
        self.engine, self.request, self.what, self.status, self.result = engine, request, what, status, result
        self.is_over = False

    def test(self) -> bool:
        """Whether it is over."""
        self.is_over = self.is_over or bool(self.request.Test(self.status))
        return self.is_over

    def __call__(self) -> object:
        engine, mpi = self.engine, self.engine.mpi
        start = time.monotonic()
        look, ended = start + 0.1, None
        while not self.test():
            _yield()
            now = time.monotonic()
            if now < look:
                continue
            look, status = now + 0.1, mpi.Status()
            if ended is None and engine.control.Iprobe(mpi.ANY_SOURCE, LEFT, status):
                ended, start = status.Get_source(), now
            if now > start + (engine.timeout if ended is None else GRACE):
                why = f"no answer in {engine.timeout:g} seconds" if ended is None else f"rank {ended} has ended"
                raise RuntimeError(
                    f"{self.what} in rank {engine.rank} of {engine.size} waits for processes that do not come: {why}"
                )
        return None if self.result is None else self.result()


def _bytes(array: Array) -> Array:
    """What moves without being computed with moves as bytes, whatever its dtype."""
    return array.reshape(-1).view(np.uint8)
