"""Convolution layers and transposed convolution layers. Conv1d, Conv2d and Conv3d differ only in their rank."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.window import per_dim
from minitorch.creation import empty
from minitorch.nn import functional as F
from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.convolution import padding_of
from minitorch.public import constructor, layer_forward
from minitorch.tensor import Tensor

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_PAD_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


class _ConvNd(Module):
    _rank: ClassVar[int]
    _function: ClassVar[Callable[..., Tensor]]
    _transposed: ClassVar[bool] = False

    @constructor
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: str | int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        name, rank = type(self).__name__, self._rank
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer, got {groups}")
        for argument, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                near = groups * max(1, round(channels / groups))
                raise ValueError(
                    f"{argument} must be divisible by groups, got {channels} channels in {groups} groups: use {near} channels"
                )
        if padding_mode not in _PAD_MODES:
            raise ValueError(f"padding_mode must be one of {list(_PAD_MODES)}, but got padding_mode={padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_dim(kernel_size, rank, f"{name}: kernel_size", 1, single=False)
        self.stride = per_dim(stride, rank, f"{name}: stride", 1, single=False)
        self.dilation = per_dim(dilation, rank, f"{name}: dilation", 1, single=False)
        if isinstance(padding, str):
            self.padding: str | tuple[int, ...] = padding
            self._pad_widths = padding_of(padding, self.kernel_size, self.stride, self.dilation, ValueError)
        else:
            self.padding = per_dim(padding, rank, f"{name}: padding", 0, single=False)
            self._pad_widths = tuple((p, p) for p in self.padding)
        self.padding_mode = padding_mode
        leading = (in_channels, out_channels // groups) if self._transposed else (out_channels, in_channels // groups)
        self.weight = Parameter(empty(*leading, *self.kernel_size, device=device, dtype=dtype))
        if bias:
            self.bias: Parameter | None = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialize weights and bias with new random numbers."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init.fans(self.weight)
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        convolve = type(self)._function
        padding: str | int | tuple[int, ...] = self.padding
        if self.padding_mode != "zeros":
            widths = [width for pair in reversed(self._pad_widths) for width in pair]
            input, padding = F.pad(input, widths, _PAD_MODES[self.padding_mode]), 0
        return convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        if any(map(any, self._pad_widths)) or isinstance(self.padding, str):
            parts.append(f"padding={self.padding}")
        if any(d != 1 for d in self.dilation):
            parts.append(f"dilation={self.dilation}")
        if any(getattr(self, "output_padding", ())):
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Conv1d(_ConvNd):
    """Convolution of ((N,) in_channels, L) with a kernel (out_channels, in_channels / groups, K).

    Each output is the sum of the products of kernel and window, plus the bias; `backend/window.py` has the size formula,
    `ops/convolution.py` the sums. `padding` is a number, 'same' or 'valid'; `padding_mode` is 'zeros', 'reflect',
    'replicate' or 'circular'. Weights and bias are initialized uniform in +-1 / sqrt(fan_in).
    """

    _rank, _function = 1, F.conv1d


class Conv2d(_ConvNd):
    """Convolution of ((N,) in_channels, H, W) with a kernel (out_channels, in_channels / groups, KH, KW), as `Conv1d`."""

    _rank, _function = 2, F.conv2d


class Conv3d(_ConvNd):
    """Convolution of ((N,) in_channels, D, H, W) with a kernel (out_channels, in_channels / groups, KD, KH, KW). See Conv1d."""

    _rank, _function = 3, F.conv3d


class _ConvTransposeNd(_ConvNd):
    _transposed = True

    @constructor
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        padding_mode: str = "zeros",
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}, not {padding_mode!r}')
        name = type(self).__name__
        pads = per_dim(padding, self._rank, f"{name}: padding", 0)
        output_padding = per_dim(output_padding, self._rank, f"{name}: output_padding", 0)
        super().__init__(
            in_channels, out_channels, kernel_size, stride, pads, dilation, groups, bias, device=device, dtype=dtype
        )
        self.output_padding = output_padding

    @layer_forward
    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        output_padding = self.output_padding if output_size is None else self._output_padding(input, output_size)
        convolve = type(self)._function
        return convolve(input, self.weight, self.bias, self.stride, self.padding, output_padding, self.groups, self.dilation)

    def _output_padding(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output_padding that gives `output_size`. Raises ValueError, with the valid range, if none does."""
        rank, lead = self._rank, input.ndim - self._rank
        if not isinstance(output_size, (tuple, list)) or not all(isinstance(n, int) for n in output_size):
            raise TypeError(f"{type(self).__name__}: output_size must be a tuple of {rank} ints, not {output_size!r}")
        if len(output_size) not in (rank, rank + lead):
            raise ValueError(
                f"{type(self).__name__}: for {input.ndim}D input, output_size must have {rank} or {rank + lead} elements (got "
                f"{len(output_size)})"
            )
        least = tuple(
            (n - 1) * s - before - after + d * (k - 1) + 1
            for n, s, (before, after), d, k in zip(
                input.shape[lead:], self.stride, self._pad_widths, self.dilation, self.kernel_size, strict=True
            )
        )
        wanted = tuple(output_size)[-rank:]
        most = tuple(n + s - 1 for n, s in zip(least, self.stride, strict=True))
        if any(not low <= n <= high for low, n, high in zip(least, wanted, most, strict=True)):
            raise ValueError(
                f"{type(self).__name__}: requested an output size of {list(wanted)}, but valid sizes range from {list(least)} "
                f"to {list(most)} (for an input of {list(input.shape[lead:])})"
            )
        return tuple(n - low for n, low in zip(wanted, least, strict=True))


class ConvTranspose1d(_ConvTransposeNd):
    """The transpose of Conv1d(out_channels, in_channels): ((N,) in_channels, L) gives ((N,) out_channels, L_out).

    Each input element adds a copy of the kernel (in_channels, out_channels / groups, K), times its value, to the output;
    neighboring copies are `stride` apart. L_out = (L - 1) stride - 2 padding + dilation (K - 1) + output_padding + 1.
    `output_size` in the call replaces `output_padding`; it must be a size from which Conv1d computes L.
    """

    _rank, _function = 1, F.conv_transpose1d


class ConvTranspose2d(_ConvTransposeNd):
    """The transpose of Conv2d(out_channels, in_channels), for ((N,) in_channels, H, W), as `ConvTranspose1d`."""

    _rank, _function = 2, F.conv_transpose2d


class ConvTranspose3d(_ConvTransposeNd):
    """The transpose of Conv3d(out_channels, in_channels), for ((N,) in_channels, D, H, W), as `ConvTranspose1d`."""

    _rank, _function = 3, F.conv_transpose3d
