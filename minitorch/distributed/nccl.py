"""Exchange by NCCL, from GPU to GPU, by CuPy's binding. MPI starts the processes and connects them once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from minitorch.backend.arrays import Array, address, xp
from minitorch.backend.device import gpu_library
from minitorch.distributed.engine import Wait
from minitorch.distributed.mpi import MPIEngine

__all__ = ["NCCLEngine"]

# NCCL's numbers of dtypes and of reductions (nccl.h).
DTYPES = {"b": 0, "B": 1, "i": 2, "l": 4, "q": 4, "e": 6, "f": 7, "d": 8}
OPS = {"sum": 0, "avg": 0, "product": 1, "max": 2, "min": 3}
BYTE = 1


class NCCLEngine(MPIEngine):
    """As MPIEngine, for arrays on GPUs: each process has one, and all work is in the order of CuPy's current stream."""

    backend = "nccl"

    def __init__(self, mpi: Any, comm: Any, control: Any, timeout: float) -> None:
        super().__init__(mpi, comm, control, timeout)
        self.cupy = gpu_library()
        nccl = self.cupy.cuda.nccl
        identity = comm.bcast(nccl.get_unique_id() if self.rank == 0 else None)
        self.nccl = nccl
        self.gpus = nccl.NcclCommunicator(self.size, identity, self.rank)

    def on_device(self, array: Array) -> bool:
        return True

    def _of(self, comm: Any, control: Any) -> NCCLEngine:
        return NCCLEngine(self.mpi, comm, control, self.timeout)

    def _start(self, array: Array, call: Callable[[int], object]) -> Wait:
        if isinstance(array, xp.ndarray):
            raise TypeError("backend 'nccl' exchanges tensors on GPUs, and this one is on the CPU: backend 'mpi' takes both")
        call(self.cupy.cuda.get_current_stream().ptr)
        return lambda: None  # what follows on the stream comes after it

    def all_reduce(self, array: Array, op: str) -> Wait:
        at, count, dtype = address(array), array.size, DTYPES[array.dtype.char]
        return self._start(array, lambda stream: self.gpus.allReduce(at, at, count, dtype, OPS[op], stream))

    def reduce(self, array: Array, op: str, dst: int) -> Wait:
        at, count, dtype = address(array), array.size, DTYPES[array.dtype.char]
        return self._start(array, lambda stream: self.gpus.reduce(at, at, count, dtype, OPS[op], dst, stream))

    def broadcast(self, array: Array, src: int) -> Wait:
        return self._start(array, lambda stream: self.gpus.bcast(address(array), array.nbytes, BYTE, src, stream))

    def all_gather(self, out: Array, array: Array) -> Wait:
        return self._start(array, lambda stream: self.gpus.allGather(address(array), address(out), array.nbytes, BYTE, stream))

    def gather(self, out: Array | None, array: Array, dst: int) -> Wait:
        parts = [] if out is None else [out[rank] for rank in range(self.size)]
        return self._start(array, lambda stream: self._together(stream, [(array, dst)], [*zip(parts, itertools.count())]))

    def scatter(self, array: Array, parts: Array | None, src: int) -> Wait:
        sent = [] if parts is None else [(parts[rank], rank) for rank in range(self.size)]
        return self._start(array, lambda stream: self._together(stream, sent, [(array, src)]))

    def _together(self, stream: int, sent: list[tuple[Array, int]], received: list[tuple[Array, int]]) -> None:
        self.nccl.groupStart()
        for part, rank in sent:
            self.gpus.send(address(part), part.nbytes, BYTE, rank, stream)
        for part, rank in received:
            self.gpus.recv(address(part), part.nbytes, BYTE, rank, stream)
        self.nccl.groupEnd()

    def send(self, array: Array, dst: int, tag: int) -> Wait:
        return self._start(array, lambda stream: self._together(stream, [(array, dst)], []))

    def recv(self, array: Array, src: int | None, tag: int) -> Wait:
        if src is None:
            raise ValueError("recv: backend 'nccl' must know the rank that sends")
        self._start(array, lambda stream: self._together(stream, [], [(array, src)]))
        return lambda: src
