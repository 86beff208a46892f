"""Normalization layers. They differ in the dimensions of the mean; ops/normalization.py has the formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from minitorch.backend.callsite import warn
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.dtypes import int64
from minitorch.creation import empty, ones, zeros
from minitorch.from_data import tensor
from minitorch.nn import functional as F
from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.public import constructor, layer_forward
from minitorch.tensor import Tensor

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LayerNorm",
    "RMSNorm",
]  # fmt: skip


class _Affine(Module):
    """A layer with a learned scale `weight`, initially 1, and shift `bias`, initially 0."""

    weight: Parameter | None
    bias: Parameter | None

    def _register_affine(self, shape: Sequence[int], weight: bool, bias: bool, device: Any, dtype: DType | None) -> None:
        for name, wanted in (("weight", weight), ("bias", weight and bias)):
            self.register_parameter(name, Parameter(empty(tuple(shape), device=device, dtype=dtype)) if wanted else None)

    def reset_parameters(self) -> None:
        """Set weight to 1 and bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class _RunningStats(_Affine):
    """A layer that tracks the running mean and variance of its inputs in training, for eval mode."""

    _ndims: ClassVar[tuple[int, int]]
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    @constructor
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self._register_affine((num_features,), affine, bias, device, dtype)
        self.register_buffer("running_mean", zeros(num_features, device=device, dtype=dtype) if track_running_stats else None)
        self.register_buffer("running_var", ones(num_features, device=device, dtype=dtype) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", tensor(0, device=device, dtype=int64) if track_running_stats else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1 and the number of batches to 0."""
        for buffer, value in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
            if buffer is not None:
                buffer.fill_(value)

    def reset_parameters(self) -> None:
        """Set weight to 1, bias to 0, and reset the running statistics."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check_dim(self, input: Tensor) -> None:
        if input.ndim not in self._ndims:
            expected = " or ".join(f"{n}D" for n in dict.fromkeys(self._ndims))
            base = next(cls for cls in type(self).__mro__ if "_ndims" in vars(cls)).__name__.rstrip("123d")
            other = f": {base}{max(input.ndim - 2, 1)}d takes it" if 2 <= input.ndim <= 5 else ""
            raise ValueError(f"{type(self).__name__}: expected {expected} input (got {input.ndim}D input){other}")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningStats):
    _version = 2  # with num_batches_tracked

    @layer_forward
    def forward(self, input: Tensor) -> Tensor:
        self._check_dim(input)
        use_batch = self.training or self.running_mean is None
        track = self.training and self.track_running_stats and self.num_batches_tracked is not None
        momentum = 0.0 if self.momentum is None else self.momentum
        if track and self.momentum is None:  # the cumulative average over all batches
            momentum = 1 / (self.num_batches_tracked.item() + 1)  # type: ignore[union-attr]
        mean, var = (self.running_mean, self.running_var) if not self.training or self.track_running_stats else (None, None)
        y = F.batch_norm(input, mean, var, self.weight, self.bias, use_batch, momentum, self.eps)
        if track:  # only after a successful call
            self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        return y


class BatchNorm1d(_BatchNorm):
    """Normalize each channel over the batch, then scale and shift it (Ioffe and Szegedy 2015).

    y = (x - mean) / sqrt(var + eps) * weight + bias

    Shapes: input (N, C) or (N, C, L), with C = num_features; weight, bias and running statistics (C,), output as the input.

    In training, mean and variance (sum / n) are those of the batch, over N and L. The running ones move towards them: running =
    (1 - momentum) running + momentum batch, with the unbiased variance (sum / (n - 1)), or the average over all batches if
    `momentum` is None. In eval mode the running ones are used, so a sample no longer depends on its batch: call model.eval()
    before a test. Without `track_running_stats` the batch is used in both modes.

    weight starts at 1, bias at 0. A bias of the layer before has no effect. Raises ValueError for another number of dimensions,
    and in training for one value per channel.

    Pictures: `viz.worked(layer, x)` works each element out, in training and in eval mode.

    Example: The batch 1, 3 has mean 2 and variance 1. The running ones become 0.9 * 0 + 0.1 * 2 = 0.2 and 0.9 * 1 + 0.1 * 2 =
    1.1; with them, in eval mode, (1 - 0.2) / sqrt(1.1) = 0.7628.

    >>> layer = nn.BatchNorm1d(1)
    >>> layer(minitorch.tensor([[1.0], [3.0]])).data, layer.running_mean, layer.running_var
    (tensor([[-1.0000],
            [ 1.0000]]), tensor([0.2000]), tensor([1.1000]))
    >>> layer.eval()(minitorch.tensor([[1.0], [3.0]])).data
    tensor([[0.7628],
            [2.6697]])
    """

    _ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalize each channel of a batch of images, then scale and shift it (Ioffe and Szegedy 2015).

    y = (x - mean) / sqrt(var + eps) * weight + bias, with mean and variance over N, H and W

    Shapes: input (N, C, H, W), with C = num_features; weight, bias and running statistics (C,), output as the input. Training,
    eval mode and errors are as in `BatchNorm1d`.

    >>> layer = nn.BatchNorm2d(1, affine=False)
    >>> layer(minitorch.tensor([[[[1.0, 3.0]]], [[[1.0, 3.0]]]])).flatten(1), layer.running_mean
    (tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]]), tensor([0.2000]))
    """

    _ndims = (4, 4)


class BatchNorm3d(_BatchNorm):
    """Normalize each channel of a batch of volumes, then scale and shift it (Ioffe and Szegedy 2015).

    y = (x - mean) / sqrt(var + eps) * weight + bias, with mean and variance over N, D, H and W

    Shapes: input (N, C, D, H, W), with C = num_features; weight, bias and running statistics (C,), output as the input.
    Training, eval mode and errors are as in `BatchNorm1d`.

    >>> nn.BatchNorm3d(1, affine=False)(minitorch.tensor([1.0, 3.0]).reshape(1, 1, 1, 1, 2)).flatten()
    tensor([-1.0000,  1.0000])
    """

    _ndims = (5, 5)


class _InstanceNorm(_RunningStats):
    @constructor
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias=bias, device=device, dtype=dtype)

    @layer_forward
    def forward(self, input: Tensor) -> Tensor:
        self._check_dim(input)
        channels = input.shape[-self._ndims[0]]
        if channels != self.num_features:
            mismatch = f"expected input's size at dim={input.ndim - self._ndims[0]} to match num_features ({self.num_features})"
            if self.affine:
                raise ValueError(f"{mismatch}, but got: {channels}.")
            warn(f"{mismatch}, but got: {channels}. num_features is not used, because affine=False.")
        batch = input if input.ndim == self._ndims[1] else input.unsqueeze(0)
        use_input = self.training or not self.track_running_stats
        y = F.instance_norm(
            batch, self.running_mean, self.running_var, self.weight, self.bias, use_input, self.momentum or 0.0, self.eps
        )
        return y if batch is input else y.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """Normalize each channel of each sample on its own (Ulyanov et al. 2016).

    y = (x - mean) / sqrt(var + eps), with `affine` times weight plus bias

    Shapes: input ((N,) C, L), with C = num_features, output the same; mean and variance are over L.

    Unlike `BatchNorm1d` it has no weight and no running statistics by default, and is the same in training and in eval mode.
    With `track_running_stats` eval mode uses the averages over training. Raises ValueError for another number of dimensions, or
    L = 1.

    >>> nn.InstanceNorm1d(1)(minitorch.tensor([[[1.0, 3.0]], [[10.0, 30.0]]])).flatten(1)
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """

    _ndims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalize each channel of each image on its own (Ulyanov et al. 2016).

    y = (x - mean) / sqrt(var + eps), with `affine` times weight plus bias

    Shapes: input ((N,) C, H, W), with C = num_features, output the same; mean and variance are over H and W. See
    `InstanceNorm1d`.

    >>> nn.InstanceNorm2d(1)(minitorch.tensor([[[[1.0, 3.0]]], [[[10.0, 30.0]]]])).flatten()
    tensor([-1.0000,  1.0000, -1.0000,  1.0000])
    """

    _ndims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Normalize each channel of each volume on its own (Ulyanov et al. 2016).

    y = (x - mean) / sqrt(var + eps), with `affine` times weight plus bias

    Shapes: input ((N,) C, D, H, W), with C = num_features, output the same; mean and variance are over D, H and W. See
    `InstanceNorm1d`.

    >>> nn.InstanceNorm3d(1)(minitorch.tensor([1.0, 3.0]).reshape(1, 1, 1, 1, 2)).flatten()
    tensor([-1.0000,  1.0000])
    """

    _ndims = (4, 5)


def _shape_of(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    return tuple(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else (int(normalized_shape),)  # type: ignore[arg-type]


class LayerNorm(_Affine):
    """Normalize the features of each sample on its own, then scale and shift each feature (Ba et al. 2016).

    y = (x - mean) / sqrt(var + eps) * weight + bias, with mean and variance over the last dimensions

    Shapes: input (*, *normalized_shape), weight and bias `normalized_shape`, output as the input. An int is the last size
    alone.

    It does not depend on the batch, so it is the same in training and in eval mode. Raises RuntimeError for an input that does
    not end with `normalized_shape`.

    Example: (1, 3) has mean 2 and variance 1, (10, 30) mean 20 and variance 100.

    >>> nn.LayerNorm(2)(minitorch.tensor([[1.0, 3.0], [10.0, 30.0]])).data
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """

    @constructor
    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-05,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        shape = _shape_of(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self._register_affine(shape, elementwise_affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Divide by the root of the mean square over the last dimensions, then scale (Zhang and Sennrich 2019).

    y = x / sqrt(mean(x^2) + eps) * weight

    Shapes: input (*, *normalized_shape), weight `normalized_shape`, output as the input. `eps` None is the precision of the
    dtype. Unlike `LayerNorm` it subtracts no mean and has no bias. Raises RuntimeError for an input that does not end with
    these sizes.

    Example: sqrt((1 + 49) / 2) = 5.

    >>> nn.RMSNorm(2)(minitorch.tensor([1.0, 7.0])).data
    tensor([0.2000, 1.4000])
    """

    @constructor
    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        shape = _shape_of(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.register_parameter("weight", None)
        if elementwise_affine:
            self.weight = Parameter(empty(shape, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """Normalize groups of channels of each sample on their own, then scale and shift each channel (Wu and He 2018).

    y = (x - mean) / sqrt(var + eps) * weight + bias, with mean and variance over the channels of a group and all their cells

    Shapes: input (N, C, *), with C = num_channels; weight and bias (C,), output as the input. One group is LayerNorm over (C,
    *), C groups are InstanceNorm. Raises ValueError unless `num_groups` divides `num_channels`.

    >>> nn.GroupNorm(2, 4)(minitorch.tensor([[1.0, 3.0, 10.0, 30.0]])).data
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """

    @constructor
    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-05,
        affine: bool = True,
        *,
        bias: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._register_affine((num_channels,), affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"
