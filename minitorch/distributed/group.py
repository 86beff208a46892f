"""Which processes work together, and the number of each: its rank."""

from __future__ import annotations

import atexit
import importlib.util
import os
import zlib
from collections.abc import Sequence
from datetime import timedelta

from minitorch.backend.device import gpu_count
from minitorch.distributed.engine import Engine

__all__ = [
    "ProcessGroup", "destroy_process_group", "get_backend", "get_rank", "get_world_size", "group_of", "init_process_group",
    "is_available", "is_initialized", "is_mpi_available", "is_nccl_available", "new_group",
]  # fmt: skip

INSTALL = "pip install '.[distributed]' in the clone of minitorch installs mpi4py with MPICH"
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "WORLD_SIZE")  # where what starts processes says how many there are


class ProcessGroup:
    """Some of the processes: `new_group` makes it. Functions of this package take one as `group`; None stands for all.

    >>> minitorch.distributed.init_process_group()
    >>> alone = minitorch.distributed.new_group([0])
    >>> alone.size(), alone.rank()
    (1, 0)
    >>> minitorch.distributed.destroy_process_group()
    """

    def __init__(self, engine: Engine | None, ranks: Sequence[int]) -> None:
        self.engine, self.ranks = engine, list(ranks)

    def __deepcopy__(self, memo: object) -> ProcessGroup:
        return self

    def rank(self) -> int:
        """This process's number in the group; -1 if it is not in it."""
        return -1 if self.engine is None else self.engine.rank

    def size(self) -> int:
        """How many processes it has; -1 if this one is not in it."""
        return -1 if self.engine is None else len(self.ranks)

    def number(self, rank: int, name: str) -> int:
        """The number in the group of a process with this number among all."""
        if rank not in self.ranks:
            raise ValueError(f"{name}={rank!r} is not in the group: its ranks are {self.ranks}")
        return self.ranks.index(rank)


_world: ProcessGroup | None = None


def is_available() -> bool:
    """True: one process alone needs nothing else, and several need what `is_mpi_available` tells.

    >>> minitorch.distributed.is_available()
    True
    """
    return True


def is_mpi_available() -> bool:
    """Whether mpi4py is installed, which connects processes: the extra `distributed`.

    >>> if minitorch.distributed.is_mpi_available():
    ...     import mpi4py
    """
    return importlib.util.find_spec("mpi4py") is not None


def is_nccl_available() -> bool:
    """Whether GPUs can exchange tensors: there is one, CuPy has NCCL, and mpi4py connects the processes.

    >>> backend = "nccl" if minitorch.distributed.is_nccl_available() else "mpi"
    """
    if not (is_mpi_available() and gpu_count()):
        return False
    return importlib.util.find_spec("cupy.cuda.nccl") is not None


def is_initialized() -> bool:
    """Whether `init_process_group` has connected the processes.

    >>> minitorch.distributed.is_initialized()
    False
    """
    return _world is not None


def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout: timedelta | None = None,
    world_size: int = -1, rank: int = -1,
) -> None:  # fmt: skip
    """Connect this process with the others that `python -m minitorch.distributed.run` or mpiexec has started.

    backend      "mpi", between processes anywhere, or "nccl", between GPUs; None takes "mpi"
    init_method  None or "env://": what started the processes connects them
    timeout      how long an exchange waits for the others before it raises: 30 minutes unless another is given
    world_size, rank  are known to what started the processes; if given, they are compared with it

    A program that was started by itself is one process alone, for which nothing needs to be installed.

    >>> minitorch.distributed.init_process_group("mpi")
    >>> minitorch.distributed.get_rank(), minitorch.distributed.get_world_size()
    (0, 1)
    >>> minitorch.distributed.destroy_process_group()

    Raises ImportError if there are several processes and mpi4py is missing, RuntimeError if they are connected already,
    ValueError for another backend.
    """
    global _world
    if _world is not None:
        raise ValueError("trying to initialize the default process group twice! destroy_process_group() ends the first one")
    name = "mpi" if backend is None else str(backend).lower()
    if name not in ("mpi", "nccl"):
        raise ValueError(
            f"init_process_group: backend must be 'mpi' (on CPUs, as gloo is) or 'nccl' (on GPUs), but got {backend!r}"
        )
    if init_method not in (None, "env://"):
        raise ValueError(
            f"init_process_group: what starts the processes connects them, so init_method={init_method!r} has no use here"
        )
    seconds = (timedelta(minutes=30) if timeout is None else timeout).total_seconds()
    engine = _engine(name, seconds)
    for what, given, found in (("world_size", world_size, engine.size), ("rank", rank, engine.rank)):
        if given not in (-1, found):
            raise ValueError(f"init_process_group: {what}={given}, but what started the processes says {found}")
    _world = ProcessGroup(engine, range(engine.size))
    atexit.register(_leave, _world)


def _engine(name: str, seconds: float) -> Engine:
    started = max(int(os.environ.get(size) or 1) for size in SIZES)
    if not is_mpi_available():
        if started > 1:
            raise ImportError(
                f"init_process_group: {started} processes were started, and connecting them needs mpi4py: {INSTALL}"
            )
        if name == "nccl":
            raise ImportError(f"init_process_group: backend 'nccl' needs mpi4py to connect the processes: {INSTALL}")
        return Engine()
    if name == "mpi" and started == 1:
        return Engine()
    if name == "nccl" and not is_nccl_available():
        raise RuntimeError("init_process_group: backend 'nccl' needs a GPU and CuPy with NCCL; backend 'mpi' works on CPUs")
    from minitorch.distributed import mpi, nccl

    world = mpi.world(seconds)
    if started not in (1, world.size):
        raise RuntimeError(
            f"init_process_group: the environment says that there are {started} processes, and MPI has started {world.size}: "
            "python -m minitorch.distributed.run -n 2 script.py starts and connects them"
        )
    return world if name == "mpi" else nccl.NCCLEngine(world.mpi, world.comm, world.control, seconds)


def _leave(group: ProcessGroup) -> None:
    if group is _world and group.engine is not None:
        group.engine.leave()


def destroy_process_group(group: ProcessGroup | None = None) -> None:
    """End the exchange between the processes of the group; without one, of all.

    Raises ValueError if they are not connected.

    >>> minitorch.distributed.init_process_group()
    >>> minitorch.distributed.destroy_process_group()
    >>> minitorch.distributed.is_initialized()
    False
    """
    global _world
    ended = group_of(group)
    if ended is _world:
        _leave(ended)
        atexit.unregister(_leave)
        _world = None
    ended.engine = None


def group_of(group: ProcessGroup | None) -> ProcessGroup:
    """The group that a function was given, or all processes."""
    if group is None:
        if _world is None:
            raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")
        return _world
    if not isinstance(group, ProcessGroup):
        raise TypeError(f"group must be what new_group() returns, or None, not {type(group).__name__}")
    return group


def new_group(ranks: Sequence[int] | None = None) -> ProcessGroup:
    """A group of the processes with these ranks; None for all of them. Every process must call it, whether or not it is one.

    >>> minitorch.distributed.init_process_group()
    >>> group = minitorch.distributed.new_group([0])
    >>> minitorch.distributed.get_world_size(group)
    1
    >>> minitorch.distributed.destroy_process_group()
    """
    world = group_of(None)
    chosen = world.ranks if ranks is None else sorted(ranks)
    if not chosen or len(set(chosen)) != len(chosen) or not set(chosen) <= set(world.ranks):
        raise ValueError(f"new_group takes different ranks out of {world.ranks}, but got {list(chosen)}")
    assert world.engine is not None
    asked = world.engine.exchange([len(chosen), zlib.crc32(str(chosen).encode())], "new_group")
    if any(other != asked[0] for other in asked):
        raise RuntimeError(
            f"new_group: all processes must give the same ranks, and rank {world.engine.rank} gives {list(chosen)}"
        )
    return ProcessGroup(world.engine.subgroup(chosen), chosen)


def get_rank(group: ProcessGroup | None = None) -> int:
    """This process's number, from 0 on; -1 if it is not in the group. Raises ValueError before `init_process_group`.

    >>> minitorch.distributed.init_process_group()
    >>> minitorch.distributed.get_rank()
    0
    >>> minitorch.distributed.destroy_process_group()
    """
    return group_of(group).rank()


def get_world_size(group: ProcessGroup | None = None) -> int:
    """How many processes there are; -1 if this one is not in the group. Raises ValueError before `init_process_group`.

    >>> minitorch.distributed.init_process_group()
    >>> minitorch.distributed.get_world_size()
    1
    >>> minitorch.distributed.destroy_process_group()
    """
    return group_of(group).size()


def get_backend(group: ProcessGroup | None = None) -> str:
    """What exchanges tensors: 'mpi' or 'nccl'. Raises ValueError before `init_process_group`.

    >>> minitorch.distributed.init_process_group()
    >>> minitorch.distributed.get_backend()
    'mpi'
    >>> minitorch.distributed.destroy_process_group()
    """
    engine = group_of(group).engine
    if engine is None:
        raise ValueError("Invalid process group specified: this process is not in it")
    return engine.backend
