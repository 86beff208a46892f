"""Convolutional layers. One class does the work; the rank is all that tells Conv1d, Conv2d and Conv3d apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import ClassVar

from minitorch.backend.dtypes import dtype as DType
from minitorch.creation import empty
from minitorch.nn import functional as F
from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.window import per_dim
from minitorch.tensor import Tensor

__all__ = ["Conv1d", "Conv2d", "Conv3d"]


class _ConvNd(Module):
    _rank: ClassVar[int]
    _function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer, got {groups}")
        if in_channels % groups:
            raise ValueError(f"in_channels must be divisible by groups, got {in_channels} channels in {groups} groups")
        if out_channels % groups:
            raise ValueError(f"out_channels must be divisible by groups, got {out_channels} channels in {groups} groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_dim(kernel_size, self._rank, f"{name}: kernel_size", 1)
        self.stride = per_dim(stride, self._rank, f"{name}: stride", 1)
        self.padding = per_dim(padding, self._rank, f"{name}: padding", 0)
        self.dilation = per_dim(dilation, self._rank, f"{name}: dilation", 1)
        self.weight = Parameter(empty(out_channels, in_channels // groups, *self.kernel_size, dtype=dtype))
        if bias:
            self.bias: Parameter | None = Parameter(empty(out_channels, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init.fans(self.weight)
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        convolve = type(self)._function
        return convolve(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        if any(self.padding):
            parts.append(f"padding={self.padding}")
        if any(d != 1 for d in self.dilation):
            parts.append(f"dilation={self.dilation}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)


class Conv1d(_ConvNd):
    """A kernel (out_channels, in_channels / groups, K) slid along ((N,) in_channels, L).

    Every output is the sum of products of kernel and window, plus the bias; `ops/window.py` has the size formula,
    `ops/convolution.py` the sums. Weights and bias start uniform in +-1 / sqrt(fan_in).
    """

    _rank, _function = 1, F.conv1d


class Conv2d(_ConvNd):
    """A kernel (out_channels, in_channels / groups, KH, KW) slid over ((N,) in_channels, H, W), as `Conv1d`."""

    _rank, _function = 2, F.conv2d


class Conv3d(_ConvNd):
    """A kernel (out_channels, in_channels / groups, KD, KH, KW) slid through ((N,) in_channels, D, H, W), as `Conv1d`."""

    _rank, _function = 3, F.conv3d
