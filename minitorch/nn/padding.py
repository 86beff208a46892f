"""Padding layers: a border around the last one, two or three dimensions."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch.nn import functional as F
from minitorch.nn.layer import layer
from minitorch.nn.module import Module
from minitorch.public import layer_forward
from minitorch.tensor import Tensor

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d",
    "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """`padding` is one width for every side, or (before, after) of the last dimension, then of the one before, ..."""

    padding: Any  # int | Sequence[int]
    _rank: ClassVar[int]
    _mode: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        given: Any = self.padding
        self.padding = tuple(given) if isinstance(given, (tuple, list)) else (given,) * (2 * self._rank)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return str(self.padding)


class _ConstantPad(_Pad):
    value: float

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ReflectionPad(_Pad):
    _mode = "reflect"


class _ReplicationPad(_Pad):
    _mode = "replicate"


class _CircularPad(_Pad):
    _mode = "circular"

    @layer_forward
    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self._rank + 1, self._rank + 2):
            raise ValueError(f"expected {self._rank + 1}D or {self._rank + 2}D input (got {input.ndim}D input)")
        return super().forward(input)


@layer(F.pad)
class ConstantPad1d(_ConstantPad):
    """A border of `value` around L of ((N,) C, L)"""

    _rank = 1


@layer(F.pad)
class ConstantPad2d(_ConstantPad):
    """A border of `value` around H and W of ((N,) C, H, W)"""

    _rank = 2


@layer(F.pad)
class ConstantPad3d(_ConstantPad):
    """A border of `value` around D, H and W of ((N,) C, D, H, W)"""

    _rank = 3


@layer(F.pad)
class ZeroPad1d(_Pad):
    """A border of zeros around L of ((N,) C, L)"""

    _rank = 1


@layer(F.pad)
class ZeroPad2d(_Pad):
    """A border of zeros around H and W of ((N,) C, H, W)"""

    _rank = 2


@layer(F.pad)
class ZeroPad3d(_Pad):
    """A border of zeros around D, H and W of ((N,) C, D, H, W)"""

    _rank = 3


@layer(F.pad)
class ReflectionPad1d(_ReflectionPad):
    """A border that mirrors the image around L of ((N,) C, L)"""

    _rank = 1


@layer(F.pad)
class ReflectionPad2d(_ReflectionPad):
    """A border that mirrors the image around H and W of ((N,) C, H, W)"""

    _rank = 2


@layer(F.pad)
class ReflectionPad3d(_ReflectionPad):
    """A border that mirrors the image around D, H and W of ((N,) C, D, H, W)"""

    _rank = 3


@layer(F.pad)
class ReplicationPad1d(_ReplicationPad):
    """A border of the edge cells around L of ((N,) C, L)"""

    _rank = 1


@layer(F.pad)
class ReplicationPad2d(_ReplicationPad):
    """A border of the edge cells around H and W of ((N,) C, H, W)"""

    _rank = 2


@layer(F.pad)
class ReplicationPad3d(_ReplicationPad):
    """A border of the edge cells around D, H and W of ((N,) C, D, H, W)"""

    _rank = 3


@layer(F.pad)
class CircularPad1d(_CircularPad):
    """A border from the opposite end around L of ((N,) C, L)"""

    _rank = 1


@layer(F.pad)
class CircularPad2d(_CircularPad):
    """A border from the opposite end around H and W of ((N,) C, H, W)"""

    _rank = 2


@layer(F.pad)
class CircularPad3d(_CircularPad):
    """A border from the opposite end around D, H and W of ((N,) C, D, H, W)"""

    _rank = 3
