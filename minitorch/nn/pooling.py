"""Pooling layers: a window slides, and one number stands for what it sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from minitorch.nn import functional as F
from minitorch.nn.module import Module
from minitorch.tensor import Tensor

__all__ = ["MaxPool1d", "MaxPool2d", "MaxPool3d"]


class _MaxPoolNd(Module):
    _function: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        pool = type(self)._function
        return pool(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """The largest of each window of ((N,) C, L). The stride is the kernel's size unless given; padding never wins."""

    _function = F.max_pool1d


class MaxPool2d(_MaxPoolNd):
    """The largest of each window of ((N,) C, H, W), as `MaxPool1d`."""

    _function = F.max_pool2d


class MaxPool3d(_MaxPoolNd):
    """The largest of each window of ((N,) C, D, H, W), as `MaxPool1d`."""

    _function = F.max_pool3d
