"""Exchanges of tensors. Every process of the group calls the same one, with tensors of the same shape and dtype.

Before anything is sent, the processes compare what they are about to do: another shape, dtype or function in one of them is an
error in all, where MPI would wait for ever or mix up bytes.
"""

from __future__ import annotations

import enum
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from minitorch.backend.arrays import Array, as_array, contiguous, xp
from minitorch.backend.dtypes import dtypes
from minitorch.distributed.engine import Engine, Wait
from minitorch.distributed.group import ProcessGroup, group_of
from minitorch.tensor import Tensor

__all__ = [
    "ReduceOp", "Work", "all_gather", "all_gather_into_tensor", "all_reduce", "barrier", "broadcast", "gather", "irecv",
    "isend", "recv", "reduce", "scatter", "send",
]  # fmt: skip


class ReduceOp(enum.Enum):
    """How `all_reduce` and `reduce` combine the numbers of all processes.

    >>> minitorch.distributed.ReduceOp.AVG.value
    'avg'
    """

    SUM = "sum"
    AVG = "avg"
    PRODUCT = "product"
    MIN = "min"
    MAX = "max"


class Work:
    """An exchange that has started: what functions return with `async_op=True`.

    >>> minitorch.distributed.init_process_group()
    >>> x = minitorch.ones(2)
    >>> work = minitorch.distributed.all_reduce(x, async_op=True)
    >>> work.wait()  # x must not be used before
    True
    >>> minitorch.distributed.destroy_process_group()
    """

    def __init__(self, wait: Wait, finish: Callable[[], object]) -> None:
        self._wait, self._finish = wait, finish
        self._is_done = False
        self._result: Any = None

    def wait(self) -> bool:
        """Wait until the tensor has its result. Raises RuntimeError if another process ends before it takes part."""
        if not self._is_done:
            self._result = self._wait()
            self._finish()
            self._is_done = True
        return True

    def is_completed(self) -> bool:
        """Whether the exchange is over. The tensor has its result after `wait`, which then does not wait."""
        return self._is_done or bool(getattr(self._wait, "test", lambda: True)())


def all_reduce(
    tensor: Tensor, op: ReduceOp = ReduceOp.SUM, group: ProcessGroup | None = None, async_op: bool = False
) -> Work | None:
    """Replace the tensor, in every process, by the sum of all of them: or by another combination, `op`.

    Raises RuntimeError if shapes or dtypes differ between the processes, or if one of them has ended.

    >>> minitorch.distributed.init_process_group()
    >>> x = minitorch.tensor([1.0, 2.0])
    >>> minitorch.distributed.all_reduce(x)  # of one process alone, the sum is the tensor
    >>> x
    tensor([1., 2.])
    >>> minitorch.distributed.destroy_process_group()
    """
    call = _Call("all_reduce", group, tensor, op)
    if call.engine is None:
        return None
    inside = call.inside(tensor, op)
    return call.result(call.engine.all_reduce(inside.array, op.value), inside.write, async_op)


def reduce(
    tensor: Tensor, dst: int, op: ReduceOp = ReduceOp.SUM, group: ProcessGroup | None = None, async_op: bool = False
) -> Work | None:
    """As `all_reduce`, but only process `dst` gets the result; the others' tensors stay as they are.

    >>> minitorch.distributed.init_process_group()
    >>> minitorch.distributed.reduce(minitorch.ones(2), dst=0, op=minitorch.distributed.ReduceOp.MAX)
    >>> minitorch.distributed.destroy_process_group()
    """
    call = _Call("reduce", group, tensor, op, dst=dst)
    if call.engine is None:
        return None
    inside = call.inside(tensor, op)
    finish = inside.write if call.engine.rank == call.root else _nothing
    return call.result(call.engine.reduce(inside.array, op.value, call.root), finish, async_op)


def broadcast(tensor: Tensor, src: int, group: ProcessGroup | None = None, async_op: bool = False) -> Work | None:
    """Replace the tensor, in every process, by that of process `src`.

    >>> minitorch.distributed.init_process_group()
    >>> minitorch.distributed.broadcast(minitorch.ones(2), src=0)
    >>> minitorch.distributed.destroy_process_group()
    """
    call = _Call("broadcast", group, tensor, src=src)
    if call.engine is None:
        return None
    inside = call.inside(tensor)
    finish = _nothing if call.engine.rank == call.root else inside.write
    return call.result(call.engine.broadcast(inside.array, call.root), finish, async_op)


def all_gather(
    tensor_list: Sequence[Tensor], tensor: Tensor, group: ProcessGroup | None = None, async_op: bool = False
) -> Work | None:
    """Fill `tensor_list`, which has a tensor for each process, with the tensors of all.

    >>> minitorch.distributed.init_process_group()
    >>> found = [minitorch.zeros(2)]
    >>> minitorch.distributed.all_gather(found, minitorch.tensor([1.0, 2.0]))
    >>> found
    [tensor([1., 2.])]
    >>> minitorch.distributed.destroy_process_group()
    """
    call = _Call("all_gather", group, tensor, parts=tensor_list)
    if call.engine is None:
        return None
    inside = call.inside(tensor)
    out = xp.empty_like(inside.array, shape=(call.engine.size, *tensor.shape))
    return call.result(call.engine.all_gather(out, inside.array), lambda: _write_all(tensor_list, out), async_op)


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: ProcessGroup | None = None, async_op: bool = False
) -> Work | None:
    """As `all_gather`, into one tensor: the processes' tensors one after another, or on a new first dimension.

    >>> minitorch.distributed.init_process_group()
    >>> out = minitorch.zeros(1, 2)
    >>> minitorch.distributed.all_gather_into_tensor(out, minitorch.tensor([1.0, 2.0]))
    >>> out
    tensor([[1., 2.]])
    >>> minitorch.distributed.destroy_process_group()
    """
    call = _Call("all_gather_into_tensor", group, input_tensor)
    if call.engine is None:
        return None
    size, shape = call.engine.size, tuple(input_tensor.shape)
    fits = tuple(output_tensor.shape) in {(size, *shape), (size * (shape or (1,))[0], *shape[1:])}
    if not fits or output_tensor.dtype is not input_tensor.dtype:
        raise ValueError(
            f"all_gather_into_tensor: {size} processes with tensors of shape {list(shape)} and type {input_tensor.dtype} "
            f"fill one of shape {[size, *shape]}, but the output has shape {list(output_tensor.shape)} and type "
            f"{output_tensor.dtype}"
        )
    inside, target = call.inside(input_tensor), call.inside(output_tensor)
    out = target.array.reshape(size, *shape)
    return call.result(call.engine.all_gather(out, inside.array), target.write, async_op)


def gather(
    tensor: Tensor, gather_list: Sequence[Tensor] | None = None, dst: int = 0, group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Collect the tensors of all processes in process `dst`, which alone gives a `gather_list` with a tensor for each.

    >>> minitorch.distributed.init_process_group()
    >>> found = [minitorch.zeros(2)]
    >>> minitorch.distributed.gather(minitorch.ones(2), found)
    >>> found
    [tensor([1., 1.])]
    >>> minitorch.distributed.destroy_process_group()
    """
    call = _Call("gather", group, tensor, dst=dst, parts=gather_list)
    if call.engine is None:
        return None
    inside, here = call.inside(tensor), call.engine.rank == call.root
    out = xp.empty_like(inside.array, shape=(call.engine.size, *tensor.shape)) if here else None
    finish = (lambda: _write_all(gather_list, out)) if here else _nothing
    return call.result(call.engine.gather(out, inside.array, call.root), finish, async_op)


def scatter(
    tensor: Tensor, scatter_list: Sequence[Tensor] | None = None, src: int = 0, group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:  # fmt: skip
    """Give each process one tensor of `scatter_list`, which process `src` alone gives: it is written into `tensor`.

    >>> minitorch.distributed.init_process_group()
    >>> x = minitorch.zeros(2)
    >>> minitorch.distributed.scatter(x, [minitorch.ones(2)])
    >>> x
    tensor([1., 1.])
    >>> minitorch.distributed.destroy_process_group()
    """
    call = _Call("scatter", group, tensor, src=src, parts=scatter_list)
    if call.engine is None:
        return None
    inside = call.inside(tensor)
    here = call.engine.rank == call.root and scatter_list is not None
    parts = xp.stack([call.inside(part).array for part in scatter_list or ()]) if here else None
    return call.result(call.engine.scatter(inside.array, parts, call.root), inside.write, async_op)


def barrier(group: ProcessGroup | None = None, async_op: bool = False) -> Work | None:
    """Wait until every process has come here.

    >>> minitorch.distributed.init_process_group()
    >>> minitorch.distributed.barrier()
    >>> minitorch.distributed.destroy_process_group()
    """
    engine = group_of(group).engine
    if engine is None:
        return None
    compare(engine, "barrier", Tensor(0.0))
    return Work(_nothing, _nothing) if async_op else None


def send(tensor: Tensor, dst: int, group: ProcessGroup | None = None, tag: int = 0) -> None:
    """Send the tensor to process `dst`, which calls `recv` with one of the same shape and dtype.

    Raises ValueError for this process's own rank.

    >>> if minitorch.distributed.is_initialized():  # in a program with two processes
    ...     minitorch.distributed.send(minitorch.ones(2), dst=1)
    """
    work = isend(tensor, dst, group, tag)
    if work is not None:
        work.wait()


def recv(tensor: Tensor, src: int | None = None, group: ProcessGroup | None = None, tag: int = 0) -> int:
    """Receive what process `src` sends, or, for None, any of them, into the tensor. Returns the rank that has sent it.

    >>> if minitorch.distributed.is_initialized():  # in a program with two processes
    ...     minitorch.distributed.recv(minitorch.zeros(2), src=0)
    """
    work = irecv(tensor, src, group, tag)
    if work is None:
        return -1
    work.wait()
    return int(group_of(group).ranks[work._result])


def isend(tensor: Tensor, dst: int, group: ProcessGroup | None = None, tag: int = 0) -> Work | None:
    """As `send`, without waiting: the tensor must not change before `wait()` of what it returns.

    >>> if minitorch.distributed.is_initialized():  # in a program with two processes
    ...     work = minitorch.distributed.isend(minitorch.ones(2), dst=1)
    """
    call = _Call("send", group, tensor, dst=dst, alone=True)
    if call.engine is None:
        return None
    return Work(call.engine.send(call.inside(tensor).array, call.root, tag), _nothing)


def irecv(tensor: Tensor, src: int | None = None, group: ProcessGroup | None = None, tag: int = 0) -> Work | None:
    """As `recv`, without waiting: the tensor has its numbers after `wait()` of what it returns.

    >>> if minitorch.distributed.is_initialized():  # in a program with two processes
    ...     work = minitorch.distributed.irecv(minitorch.zeros(2), src=0)
    """
    call = _Call("recv", group, tensor, src=src, alone=True)
    if call.engine is None:
        return None
    inside = call.inside(tensor)
    return Work(call.engine.recv(inside.array, None if src is None else call.root, tag), inside.write)


def _nothing() -> None:
    """Nothing to write."""


class _Call:
    """A call of an exchange: its arguments checked here, and then compared with those of the other processes."""

    def __init__(
        self, name: str, group: ProcessGroup | None, tensor: Tensor, op: ReduceOp | None = None, *, src: int | None = None,
        dst: int | None = None, parts: Sequence[Tensor] | None = None, alone: bool = False,
    ) -> None:  # fmt: skip
        chosen = group_of(group)
        self.name, self.engine = name, chosen.engine
        if self.engine is None:
            return
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} takes a Tensor, not {type(tensor).__name__}")
        if op is not None:
            self._check_op(op, tensor)
        root = dst if src is None else src
        self.root = 0 if root is None else chosen.number(root, "dst" if src is None else "src")
        if alone:
            if root is not None and self.root == self.engine.rank:
                raise ValueError(f"{name}: this process is rank {root} itself")
            return
        if name == "all_gather" or (self.root == self.engine.rank and name in ("gather", "scatter")):
            self._check_parts(tensor, parts)
        elif parts is not None:
            raise ValueError(f"{name}: only the process whose rank is {root} gives a list of tensors; the others give None")
        compare(self.engine, name, tensor, self.root, op)

    def _check_op(self, op: ReduceOp, tensor: Tensor) -> None:
        if not isinstance(op, ReduceOp):
            raise TypeError(f"{self.name}: op must be one of {', '.join(map(str, ReduceOp))}, but got {op!r}")
        if op is ReduceOp.AVG and not tensor.is_floating_point():
            raise RuntimeError(
                f"{self.name}: the average of {tensor.dtype} numbers is no {tensor.dtype}; SUM, or .float() first"
            )
        if tensor._array.dtype.char == "?" and op not in (ReduceOp.MIN, ReduceOp.MAX):
            raise RuntimeError(
                f"{self.name}: of bools there are MAX, whether one is True, and MIN, whether all are; not {op.name}"
            )

    def _check_parts(self, tensor: Tensor, parts: Sequence[Tensor] | None) -> None:
        assert self.engine is not None
        found = [] if parts is None else [(tuple(part.shape), part.dtype) for part in parts]
        if found != [(tuple(tensor.shape), tensor.dtype)] * self.engine.size:
            raise ValueError(
                f"{self.name}: rank {self.engine.rank} needs a list of {self.engine.size} tensors, one for each process, of "
                f"shape {list(tensor.shape)} and type {tensor.dtype}; it has "
                f"{[f'{list(shape)} {dtype}' for shape, dtype in found]}"
            )

    def inside(self, tensor: Tensor, op: ReduceOp | None = None) -> Inside:
        assert self.engine is not None
        inside = Inside(self.engine, tensor)
        if op is ReduceOp.AVG:  # divided before they are added: the sum of float16 numbers may be too large
            inside.array = as_array(inside.array / inside.array.dtype.type(self.engine.size))
        return inside

    def result(self, wait: Wait, finish: Callable[[], object], async_op: bool) -> Work | None:
        work = Work(wait, finish)
        if async_op:
            return work
        work.wait()
        return None


class Inside:
    """A tensor's numbers as the engine takes them: C-contiguous, on the CPU unless it works on GPUs, bools as bytes."""

    def __init__(self, engine: Engine, tensor: Tensor) -> None:
        self.tensor = tensor
        array = tensor._array
        if not engine.on_device(array):
            array = array.get()  # type: ignore[attr-defined]
        array = contiguous(array)
        self.array: Array = array.view(xp.uint8) if array.dtype.char == "?" else array

    def write(self) -> None:
        """Give the tensor the numbers that have arrived."""
        target, found = self.tensor._array, self.array
        if target.dtype.char == "?":
            found = found.view(xp.bool_)
        if found is not target:
            target[...] = xp.asarray(found, like=target)
        self.tensor._increment_version()


def _write_all(tensors: Sequence[Tensor] | None, arrays: Any) -> None:
    for tensor, array in zip(tensors or (), arrays, strict=True):
        found = array.view(xp.bool_) if tensor._array.dtype.char == "?" else array
        tensor._array[...] = xp.asarray(found, like=tensor._array)
        tensor._increment_version()


_CALLS = (
    "barrier", "all_reduce", "reduce", "broadcast", "all_gather", "all_gather_into_tensor", "gather", "scatter",
    "DistributedDataParallel", "SyncBatchNorm",
)  # fmt: skip
_DTYPES = [*dtypes.values()]


def compare(engine: Engine, name: str, tensor: Tensor, root: int = 0, op: ReduceOp | None = None) -> None:
    """Raise RuntimeError, in every process, unless all are about to do the same."""
    shape = tuple(tensor.shape)
    kind = [_CALLS.index(name), root, -1 if op is None else [*ReduceOp].index(op), _DTYPES.index(tensor.dtype)]
    mine = [*kind, len(shape), tensor.numel(), zlib.crc32(str(shape).encode()), *shape[:4], *[0] * (4 - len(shape[:4]))]
    all_ = engine.exchange(mine, name)
    if all(numbers == all_[0] for numbers in all_):
        return
    raise RuntimeError(
        f"{name}: all processes must do the same, but "
        + "; ".join(f"rank {rank} calls {_said(numbers)}" for rank, numbers in enumerate(all_))
    )


def _said(numbers: list[int]) -> str:
    which, root, op, dtype, rank = numbers[:5]
    name, shape = _CALLS[which], f"{numbers[7 : 7 + min(rank, 4)]}" + (" and more" if rank > 4 else "")
    how = [] if op < 0 else [[*ReduceOp][op].name]
    if name in ("reduce", "broadcast", "gather", "scatter"):
        how.append(f"{'src' if name in ('broadcast', 'scatter') else 'dst'}={root}")
    return f"{name}({', '.join(how)}) with a tensor of shape {shape} and type {_DTYPES[dtype]}"
