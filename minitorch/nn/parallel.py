"""One model in several processes: each trains on its part of the data, and backward averages the gradients of all.

DistributedDataParallel does that, SyncBatchNorm normalizes with the samples of all; DataParallel is for one process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import weakref
from collections.abc import Iterator
from typing import Any

from minitorch import distributed as dist
from minitorch.autograd.engine import walk
from minitorch.autograd.function import Function
from minitorch.autograd.grad_mode import is_grad_enabled, no_grad
from minitorch.backend.arrays import Array, xp
from minitorch.backend.dtypes import float16
from minitorch.creation import zeros
from minitorch.distributed.collectives import Inside, compare
from minitorch.from_data import tensor
from minitorch.nn.module import Module
from minitorch.nn.normalization import _BatchNorm
from minitorch.nn.parameter import Parameter
from minitorch.public import constructor, layer_forward
from minitorch.tensor import Tensor

__all__ = ["DataParallel", "DistributedDataParallel", "SyncBatchNorm"]

MIB = 1 << 20


class DataParallel(Module):
    """Calls `module`, on the one device that there is; the parameters have names with "module." before them, as in PyTorch.

    `output_device` and `dim` have no effect, as in PyTorch on one device. Raises ValueError for several `device_ids`.

    >>> model = nn.DataParallel(nn.Linear(2, 1))
    >>> [name for name, _ in model.named_parameters()]
    ['module.weight', 'module.bias']
    """

    @constructor
    def __init__(self, module: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        if not isinstance(module, Module):
            raise TypeError(f"DataParallel: module must be a Module, not {type(module).__name__}")
        self.device_ids = list(device_ids) if isinstance(device_ids, (tuple, list)) else []
        if len(self.device_ids) > 1 or not (device_ids is None or isinstance(device_ids, (tuple, list))):
            raise ValueError(
                f"DataParallel computes on one device: device_ids must be None or a list of one, not {device_ids!r:.60}"
            )
        self.module, self.dim = module, dim

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """Calls `module`, and lets `backward()` average its gradients over all processes: they then take the same step.

    broadcast_buffers       before each forward in training, processes get the buffers of rank 0 (running means, say)
    init_sync               at the start, they get its parameters and buffers; otherwise they must be equal already
    bucket_cap_mb           gradients are exchanged so many MiB at a time: 25 unless another number is given
    find_unused_parameters  the graph of each output is searched for parameters that have no part in it. They count as zero,
                            and keep their `.grad` if no process uses them; without it, all must have a part
    device_ids, output_device, dim  as in PyTorch on one device for each process: without effect

    The mean of the losses of N processes with B samples each is the loss of one process with N B samples, and so is its
    gradient, up to rounding, for every layer that treats each sample by itself. BatchNorm does not: it normalizes with the mean
    of its own B samples. (SyncBatchNorm takes that of all.) Dropout draws other numbers in each process if their seeds differ.

    >>> minitorch.distributed.init_process_group()  # one process alone
    >>> model = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
    >>> model(minitorch.ones(4, 2)).mean().backward()
    >>> model.module.weight.grad
    tensor([[1., 1.]])
    >>> minitorch.distributed.destroy_process_group()

    Raises RuntimeError if the processes' parameters differ in shape or dtype, if none requires a gradient, or, in forward, if
    the backward before has not reached all of them; ValueError before `init_process_group`.
    """

    @constructor
    def __init__(
        self, module: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0, broadcast_buffers: bool = True,
        init_sync: bool = True, process_group: Any = None, bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if not isinstance(module, Module):
            raise TypeError(f"DistributedDataParallel: module must be a Module, not {type(module).__name__}")
        if device_ids is not None and len(device_ids) > 1:
            raise ValueError(f"DistributedDataParallel: each process has one device, but device_ids is {device_ids!r:.60}")
        self.module, self.dim, self.process_group = module, dim, process_group
        self.broadcast_buffers, self.find_unused_parameters = broadcast_buffers, find_unused_parameters
        self.require_backward_grad_sync = True
        self._group = dist.group.group_of(process_group)
        parameters = self._parameters_to_average()
        if not parameters:
            raise RuntimeError(
                "DistributedDataParallel is not needed when a module doesn't have any parameter that requires a gradient."
            )
        for tensor_ in [*parameters.values(), *module.buffers()]:
            compare(_engine(self._group), "DistributedDataParallel", tensor_)
        if init_sync:
            self._copy_from_first([*module.parameters(), *module.buffers()])
        self._cap = int((25 if bucket_cap_mb is None else bucket_cap_mb) * MIB)
        self._mean = _MeanGradients(self._group, parameters, self._cap, find_unused_parameters)

    def _parameters_to_average(self) -> dict[str, Parameter]:
        return {name: p for name, p in self.module.named_parameters() if p.requires_grad}

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_group", "_mean")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._group = dist.group.group_of(self.process_group)
        self._mean = _MeanGradients(self._group, self._parameters_to_average(), self._cap, self.find_unused_parameters)

    @no_grad()
    def _copy_from_first(self, tensors: list[Any]) -> None:
        for tensor_ in tensors:
            found = tensor_.detach().clone()
            dist.broadcast(found, self._group.ranks[0], self._group)
            if not (found == tensor_).all():  # what backward has saved of it stays valid otherwise
                tensor_.detach().copy_(found)

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        syncs = self.require_backward_grad_sync and is_grad_enabled()
        if syncs and self.training and self.broadcast_buffers:
            self._copy_from_first([*self.module.buffers()])
        outputs = self.module(*inputs, **kwargs)
        if syncs:
            self._mean.start(outputs if self.find_unused_parameters else None)
        return outputs

    @contextlib.contextmanager
    def no_sync(self) -> Iterator[None]:
        """Of what is computed within the block, backward adds up the gradients in this process alone; the first backward of
        an output that is computed after it averages the sums.
        """
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before


def _engine(group: Any) -> Any:
    if group.engine is None:
        raise ValueError("DistributedDataParallel: this process is not in the group, or the group has been destroyed")
    return group.engine


class _MeanGradients:
    """Replaces the gradients of a backward pass by their mean over all processes, bucket by bucket.

    A hook on each parameter, called when backward is done and its `.grad` is there, counts it. A bucket whose parameters are
    all there is sent; when the last one is, the means are awaited. Buckets are sent in one order, whichever is complete first:
    so their exchanges meet in all processes. The hooks do not keep this object alive, nor does it keep the model.
    """

    def __init__(self, group: Any, parameters: dict[str, Parameter], cap: int, find_unused: bool) -> None:
        self.group, self.find_unused, self.names = group, find_unused, {id(p): name for name, p in parameters.items()}
        self.buckets: list[list[Parameter]] = []
        room, dtype = 0, None
        for parameter in reversed(parameters.values()):
            if parameter._array.nbytes > room or parameter.dtype is not dtype:
                self.buckets.append([])
                room, dtype = cap, parameter.dtype
            self.buckets[-1].append(parameter)
            room -= parameter._array.nbytes
        self.waiting: dict[int, Parameter] = {}  # for their gradients, by id
        self.unused: set[int] = set()
        self.sent: list[tuple[Array, Any]] = []
        self.expects = False
        this = weakref.ref(self)

        def arrived(parameter: Tensor) -> None:
            if (means := this()) is not None:
                means.arrived(parameter)

        for parameter in parameters.values():
            parameter.register_post_accumulate_grad_hook(arrived)

    def start(self, outputs: Any) -> None:
        """Expect a backward pass: of these outputs, or, for None, one that reaches every parameter."""
        if self.expects and self.is_underway():
            missing = [self.names[key] for key in self.waiting]
            raise RuntimeError(
                "Expected to have finished reduction in the prior iteration before starting a new one. backward did not reach "
                f"{', '.join(missing[:5])}{' and others' if len(missing) > 5 else ''}: their gradients, and those of the same "
                "bucket, were not averaged. find_unused_parameters=True lets parameters have no part in the output"
            )
        self.waiting = {id(p): p for bucket in self.buckets for p in bucket}
        self.unused, self.sent, self.expects = set(), [], True
        if outputs is not None:
            nodes = walk(y._edge[0] for y in _tensors(outputs) if y._edge is not None)
            reached = {id(getattr(node, "variable", None)) for node in nodes}
            reached |= {id(y) for y in _tensors(outputs)}
            self.unused = set(self.waiting) - reached
            for key in self.unused:
                del self.waiting[key]

    def is_underway(self) -> bool:
        """Whether a backward pass has begun and not ended."""
        total = sum(map(len, self.buckets)) - len(self.unused)
        return 0 < len(self.waiting) < total

    def arrived(self, parameter: Any) -> None:
        if not self.expects:
            return
        if id(parameter) in self.unused:
            raise RuntimeError(
                f"DistributedDataParallel: {self.names[id(parameter)]} gets a gradient, and has no part in what forward "
                "returned: use parameters within forward alone, and return tensors in tuples, lists, dicts or dataclasses"
            )
        self.waiting.pop(id(parameter), None)
        while len(self.sent) < len(self.buckets) and not any(id(p) in self.waiting for p in self.buckets[len(self.sent)]):
            self._send(self.buckets[len(self.sent)])
        if not self.waiting:
            self._finish()

    def _send(self, bucket: list[Parameter]) -> None:
        parts = [xp.zeros_like(p._array) if p.grad is None else p.grad._array for p in bucket]
        engine = _engine(self.group)
        flat = xp.concatenate([part.reshape(-1) for part in parts])
        flat /= engine.size  # before they are added: the sum of float16 numbers may be too large
        if not engine.on_device(flat):
            flat = flat.get()  # type: ignore[attr-defined]
        self.sent.append((flat, engine.all_reduce(flat, "sum")))

    def _finish(self) -> None:
        self.expects = False
        unused = self._unused_by_all()
        for bucket, (flat, wait) in zip(self.buckets, self.sent, strict=True):
            wait()
            start = 0
            for parameter in bucket:
                part = flat[start : start + parameter.numel()].reshape(parameter.shape)
                start += parameter.numel()
                if id(parameter) in unused:
                    continue
                if parameter.grad is None:
                    parameter.grad = zeros(parameter.shape, dtype=parameter.dtype, device=parameter.device)
                parameter.grad._array[...] = xp.asarray(part, like=parameter._array)
                parameter.grad._increment_version()
        self.sent = []

    def _unused_by_all(self) -> set[int]:
        """The parameters that have no part in the output of any process."""
        if not self.find_unused:
            return set()
        every = [p for bucket in self.buckets for p in bucket]
        used = tensor([id(p) not in self.unused for p in every]).to(every[0].device)
        inside = Inside(_engine(self.group), used)
        _engine(self.group).all_reduce(inside.array, "max")()
        return {id(p) for p, flag in zip(every, inside.array.tolist(), strict=True) if not flag}


def _tensors(value: Any) -> Iterator[Tensor]:
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, (tuple, list)):
            stack.extend(value)
        elif dataclasses.is_dataclass(value):
            stack.extend(getattr(value, f.name) for f in dataclasses.fields(value))


class _SumOfAll(Function):
    """The sum of a tensor over all processes. Each part of it has a part in the loss of every process: so has its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: Any) -> Tensor:
        ctx.group = group
        y = x.clone()
        dist.all_reduce(y, group=group)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        return _SumOfAll.apply(grad, ctx.group), None


class SyncBatchNorm(_BatchNorm):
    """BatchNorm with the mean and variance of the samples of all processes, for any number of dimensions from 2 on.

    y = (x - mean) / sqrt(var + eps) * weight + bias

    In eval mode, and in one process alone, it is BatchNorm. Unlike PyTorch's it works on the CPU, too.

    Shapes: input (N, C, ...), with C = num_features; weight, bias and running statistics (C,), output as the input.

    >>> nn.SyncBatchNorm(1)(minitorch.tensor([[1.0], [3.0]])).data
    tensor([[-1.0000],
            [ 1.0000]])
    """

    @constructor
    def __init__(
        self, num_features: int, eps: float = 1e-05, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, process_group: Any = None, *, bias: bool = True, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias=bias, device=device, dtype=dtype)
        self.process_group = process_group

    def _check_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"expected at least 2D input (got {input.ndim}D input)")

    @layer_forward
    def forward(self, input: Tensor) -> Tensor:
        self._check_dim(input)
        if not self.training or not dist.is_initialized() or dist.get_world_size(self.process_group) == 1:
            return super().forward(input)
        if input.dtype is float16:
            return self._over_all(input.float()).half()
        return self._over_all(input)

    def _over_all(self, input: Tensor) -> Tensor:
        if input.shape[1] != self.num_features:
            raise RuntimeError(
                f"SyncBatchNorm({self.num_features}) got an input of shape {list(input.shape)}: size 1 must be equal"
            )
        dims, shape = [d for d in range(input.ndim) if d != 1], [1, -1] + [1] * (input.ndim - 2)
        count = tensor(float(input.numel() // self.num_features), dtype=input.dtype, device=input.device)
        dist.all_reduce(count, group=self.process_group)
        if count.item() <= 1:
            raise ValueError(
                f"SyncBatchNorm: Expected more than 1 value per channel when training, got input size {list(input.shape)} in "
                "the only process that has any"
            )
        mean = _SumOfAll.apply(input.sum(dims), self.process_group) / count
        centered = input - mean.reshape(shape)
        var = _SumOfAll.apply((centered * centered).sum(dims), self.process_group) / count
        if self.training and self.running_mean is not None:
            self._track(mean.detach(), var.detach() * count / (count - 1))
        y = centered * (var + self.eps).rsqrt().reshape(shape)
        if self.weight is not None:
            y = y * self.weight.reshape(shape)
        return y if self.bias is None else y + self.bias.reshape(shape)

    @no_grad()
    def _track(self, mean: Tensor, var: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        momentum = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), momentum)
        self.running_var.lerp_(var.to(self.running_var.dtype), momentum)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module with each BatchNorm in it replaced by a SyncBatchNorm with the same parameters and statistics."""
        if isinstance(module, _BatchNorm) and module.num_features == 0:
            raise RuntimeError(f"convert_sync_batchnorm: a {type(module).__name__} must see its first input before")
        if isinstance(module, _BatchNorm) and not isinstance(module, cls):
            found = cls(
                module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats, process_group
            )
            found.weight, found.bias, found.training = module.weight, module.bias, module.training
            for name, buffer in module.named_buffers():
                setattr(found, name, buffer)
            return found
        for name, child in module.named_children():
            setattr(module, name, cls.convert_sync_batchnorm(child, process_group))
        return module
