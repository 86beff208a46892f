"""Pooling layers: one output per window, its maximum or mean. Unpooling writes the maxima back to their indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from minitorch.backend.window import per_dim
from minitorch.nn import functional as F
from minitorch.nn.layer import Layer, layer
from minitorch.tensor import Tensor

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d",
    "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


class _MaxPool(Layer):
    kernel_size: int | Sequence[int]
    stride: int | Sequence[int] | None = None
    padding: int | Sequence[int] = 0
    dilation: int | Sequence[int] = 1
    return_indices: bool = False
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        self.stride = self.kernel_size if self.stride is None else self.stride

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


@layer(F.max_pool1d)
class MaxPool1d(_MaxPool):
    """The maximum of each window of ((N,) C, L). The default stride is kernel_size; padding counts as -inf."""


@layer(F.max_pool2d)
class MaxPool2d(_MaxPool):
    """The maximum of each window of ((N,) C, H, W), as `MaxPool1d`."""


@layer(F.max_pool3d)
class MaxPool3d(_MaxPool):
    """The maximum of each window of ((N,) C, D, H, W), as `MaxPool1d`."""


class _AvgPool(Layer):
    kernel_size: int | Sequence[int]
    stride: int | Sequence[int] | None = None
    padding: int | Sequence[int] = 0
    ceil_mode: bool = False
    count_include_pad: bool = True

    def __post_init__(self) -> None:
        self.stride = self.kernel_size if self.stride is None else self.stride

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@layer(F.avg_pool1d)
class AvgPool1d(_AvgPool):
    """The mean of each window of ((N,) C, L); padding counts as zeros, unless `count_include_pad` is False."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("kernel_size", "stride", "padding"):
            setattr(self, name, per_dim(getattr(self, name), 1, f"AvgPool1d: {name}", 0))


@layer(F.avg_pool2d)
class AvgPool2d(_AvgPool):
    """The mean of each window of ((N,) C, H, W), or its sum divided by `divisor_override`."""

    divisor_override: int | None = None


@layer(F.avg_pool3d)
class AvgPool3d(_AvgPool):
    """The mean of each window of ((N,) C, D, H, W), or its sum divided by `divisor_override`."""

    divisor_override: int | None = None


class _MaxUnpool(Layer):
    kernel_size: int | Sequence[int]
    stride: int | Sequence[int] | None = None
    padding: int | Sequence[int] = 0

    _rank: ClassVar[int]
    _function: ClassVar[Callable[..., Tensor]]

    def __post_init__(self) -> None:
        self.stride = self.kernel_size if self.stride is None else self.stride
        for option, minimum in (("kernel_size", 1), ("stride", 1), ("padding", 0)):
            setattr(self, option, per_dim(getattr(self, option), self._rank, f"{type(self).__name__}: {option}", minimum))

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        return type(self)._function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@layer(F.max_unpool1d)
class MaxUnpool1d(_MaxUnpool):
    """Each element of ((N,) C, L) at its index, zeros elsewhere. Arguments: input, indices and optionally output_size."""

    _rank, _function = 1, F.max_unpool1d


@layer(F.max_unpool2d)
class MaxUnpool2d(_MaxUnpool):
    """Each element of ((N,) C, H, W) at its index, zeros elsewhere. Arguments: input, indices and optionally output_size."""

    _rank, _function = 2, F.max_unpool2d


@layer(F.max_unpool3d)
class MaxUnpool3d(_MaxUnpool):
    """Each element of ((N,) C, D, H, W) at its index, zeros elsewhere. Arguments: input, indices and optionally output_size."""

    _rank, _function = 3, F.max_unpool3d


class _Adaptive(Layer):
    output_size: int | Sequence[int | None] | None

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


@layer(F.adaptive_avg_pool1d)
class AdaptiveAvgPool1d(_Adaptive):
    """`output_size` means over adaptive windows of ((N,) C, L)."""


@layer(F.adaptive_avg_pool2d)
class AdaptiveAvgPool2d(_Adaptive):
    """`output_size` means over adaptive windows of ((N,) C, H, W); None keeps the input's size."""


@layer(F.adaptive_avg_pool3d)
class AdaptiveAvgPool3d(_Adaptive):
    """`output_size` means over adaptive windows of ((N,) C, D, H, W); None keeps the input's size."""


class _AdaptiveMax(_Adaptive):
    return_indices: bool = False


@layer(F.adaptive_max_pool1d)
class AdaptiveMaxPool1d(_AdaptiveMax):
    """`output_size` maxima over adaptive windows of ((N,) C, L)."""


@layer(F.adaptive_max_pool2d)
class AdaptiveMaxPool2d(_AdaptiveMax):
    """`output_size` maxima over adaptive windows of ((N,) C, H, W); None keeps the input's size."""


@layer(F.adaptive_max_pool3d)
class AdaptiveMaxPool3d(_AdaptiveMax):
    """`output_size` maxima over adaptive windows of ((N,) C, D, H, W); None keeps the input's size."""
