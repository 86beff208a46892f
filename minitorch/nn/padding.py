"""Padding layers: they pad the last one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from minitorch.nn import functional as F
from minitorch.nn.layer import Layer, layer
from minitorch.public import layer_forward
from minitorch.tensor import Tensor

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d",
    "ZeroPad3d",
]  # fmt: skip


class _Pad(Layer):
    """`padding` is one width for every side, or (before, after) for the last dimension, then the one before it, ..."""

    padding: int | Sequence[int]
    _rank: ClassVar[int]
    _mode: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        padding: Any = self.padding
        self.padding = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * (2 * self._rank)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)  # type: ignore[arg-type]  # a tuple, since __post_init__

    def extra_repr(self) -> str:
        return str(self.padding)


class _ConstantPad(_Pad):
    value: float

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)  # type: ignore[arg-type]

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
    """Pad with `value`: L of ((N,) C, L)"""

    _rank = 1


@layer(F.pad)
class ConstantPad2d(_ConstantPad):
    """Pad with `value`: H and W of ((N,) C, H, W)"""

    _rank = 2


@layer(F.pad)
class ConstantPad3d(_ConstantPad):
    """Pad with `value`: D, H and W of ((N,) C, D, H, W)"""

    _rank = 3


@layer(F.pad)
class ZeroPad1d(_Pad):
    """Pad with zeros: L of ((N,) C, L)"""

    _rank = 1


@layer(F.pad)
class ZeroPad2d(_Pad):
    """Pad with zeros: H and W of ((N,) C, H, W)"""

    _rank = 2


@layer(F.pad)
class ZeroPad3d(_Pad):
    """Pad with zeros: D, H and W of ((N,) C, D, H, W)"""

    _rank = 3


@layer(F.pad)
class ReflectionPad1d(_ReflectionPad):
    """Pad with the mirror image: L of ((N,) C, L)"""

    _rank = 1


@layer(F.pad)
class ReflectionPad2d(_ReflectionPad):
    """Pad with the mirror image: H and W of ((N,) C, H, W)"""

    _rank = 2


@layer(F.pad)
class ReflectionPad3d(_ReflectionPad):
    """Pad with the mirror image: D, H and W of ((N,) C, D, H, W)"""

    _rank = 3


@layer(F.pad)
class ReplicationPad1d(_ReplicationPad):
    """Pad with the edge values: L of ((N,) C, L)"""

    _rank = 1


@layer(F.pad)
class ReplicationPad2d(_ReplicationPad):
    """Pad with the edge values: H and W of ((N,) C, H, W)"""

    _rank = 2


@layer(F.pad)
class ReplicationPad3d(_ReplicationPad):
    """Pad with the edge values: D, H and W of ((N,) C, D, H, W)"""

    _rank = 3


@layer(F.pad)
class CircularPad1d(_CircularPad):
    """Pad with values of the opposite side: L of ((N,) C, L)"""

    _rank = 1


@layer(F.pad)
class CircularPad2d(_CircularPad):
    """Pad with values of the opposite side: H and W of ((N,) C, H, W)"""

    _rank = 2


@layer(F.pad)
class CircularPad3d(_CircularPad):
    """Pad with values of the opposite side: D, H and W of ((N,) C, D, H, W)"""

    _rank = 3
