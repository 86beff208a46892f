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
    """Pad a signal with `value`.

    Shapes: input ((N,) C, L), output ((N,) C, L + left + right). `padding` is one width for every side, or (left, right);
    negative widths cut.

    >>> nn.ConstantPad1d((2, 1), 9.0)(minitorch.tensor([[1.0, 2.0, 3.0]]))
    tensor([[9., 9., 1., 2., 3., 9.]])
    """

    _rank = 1


@layer(F.pad)
class ConstantPad2d(_ConstantPad):
    """Pad an image with `value`.

    Shapes: input ((N,) C, H, W), output ((N,) C, H + top + bottom, W + left + right). `padding` is one width for every side, or
    (left, right, top, bottom); negative widths cut.

    >>> nn.ConstantPad2d((1, 1, 1, 0), 9.0)(minitorch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[9., 9., 9., 9.],
             [9., 1., 2., 9.],
             [9., 3., 4., 9.]]])
    """

    _rank = 2


@layer(F.pad)
class ConstantPad3d(_ConstantPad):
    """Pad a volume with `value`.

    Shapes: input ((N,) C, D, H, W), output ((N,) C, D + front + back, H + top + bottom, W + left + right). `padding` is one
    width for every side, or (left, right, top, bottom, front, back); negative widths cut.

    >>> nn.ConstantPad3d((1, 1, 0, 0, 1, 0), 9.0)(minitorch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 1, 2))[0, :, 0]
    tensor([[9., 9., 9., 9.],
            [9., 1., 2., 9.],
            [9., 3., 4., 9.]])
    """

    _rank = 3


@layer(F.pad)
class ZeroPad1d(_Pad):
    """Pad a signal with zeros.

    Shapes: input ((N,) C, L), output ((N,) C, L + left + right). `padding` is one width for every side, or (left, right);
    negative widths cut.

    >>> nn.ZeroPad1d((2, 1))(minitorch.tensor([[1.0, 2.0, 3.0]]))
    tensor([[0., 0., 1., 2., 3., 0.]])
    """

    _rank = 1


@layer(F.pad)
class ZeroPad2d(_Pad):
    """Pad an image with zeros.

    Shapes: input ((N,) C, H, W), output ((N,) C, H + top + bottom, W + left + right). `padding` is one width for every side, or
    (left, right, top, bottom); negative widths cut.

    >>> nn.ZeroPad2d((1, 1, 1, 0))(minitorch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[0., 0., 0., 0.],
             [0., 1., 2., 0.],
             [0., 3., 4., 0.]]])
    """

    _rank = 2


@layer(F.pad)
class ZeroPad3d(_Pad):
    """Pad a volume with zeros.

    Shapes: input ((N,) C, D, H, W), output ((N,) C, D + front + back, H + top + bottom, W + left + right). `padding` is one
    width for every side, or (left, right, top, bottom, front, back); negative widths cut.

    >>> nn.ZeroPad3d((1, 1, 0, 0, 1, 0))(minitorch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 1, 2))[0, :, 0]
    tensor([[0., 0., 0., 0.],
            [0., 1., 2., 0.],
            [0., 3., 4., 0.]])
    """

    _rank = 3


@layer(F.pad)
class ReflectionPad1d(_ReflectionPad):
    """Pad a signal with its mirror image: c b | a b c | b a.

    Shapes: input ((N,) C, L), output ((N,) C, L + left + right). `padding` is one width for every side, or (left, right);
    negative widths cut. The edge cell itself does not repeat. Raises RuntimeError for a border as wide as the input or wider.

    >>> nn.ReflectionPad1d((2, 1))(minitorch.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 2., 1., 2., 3., 2.]])
    """

    _rank = 1


@layer(F.pad)
class ReflectionPad2d(_ReflectionPad):
    """Pad an image with its mirror image: c b | a b c | b a.

    Shapes: input ((N,) C, H, W), output ((N,) C, H + top + bottom, W + left + right). `padding` is one width for every side, or
    (left, right, top, bottom); negative widths cut. The edge cell itself does not repeat. Raises RuntimeError for a border as
    wide as the input or wider.

    >>> nn.ReflectionPad2d((1, 1, 1, 0))(minitorch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[4., 3., 4., 3.],
             [2., 1., 2., 1.],
             [4., 3., 4., 3.]]])
    """

    _rank = 2


@layer(F.pad)
class ReflectionPad3d(_ReflectionPad):
    """Pad a volume with its mirror image: c b | a b c | b a.

    Shapes: input ((N,) C, D, H, W), output ((N,) C, D + front + back, H + top + bottom, W + left + right). `padding` is one
    width for every side, or (left, right, top, bottom, front, back); negative widths cut. The edge cell itself does not repeat.
    Raises RuntimeError for a border as wide as the input or wider.

    >>> nn.ReflectionPad3d((1, 1, 0, 0, 1, 0))(minitorch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 1, 2))[0, :, 0]
    tensor([[4., 3., 4., 3.],
            [2., 1., 2., 1.],
            [4., 3., 4., 3.]])
    """

    _rank = 3


@layer(F.pad)
class ReplicationPad1d(_ReplicationPad):
    """Pad a signal with its edge cells, repeated: a a | a b c | c c.

    Shapes: input ((N,) C, L), output ((N,) C, L + left + right). `padding` is one width for every side, or (left, right);
    negative widths cut.

    >>> nn.ReplicationPad1d((2, 1))(minitorch.tensor([[1.0, 2.0, 3.0]]))
    tensor([[1., 1., 1., 2., 3., 3.]])
    """

    _rank = 1


@layer(F.pad)
class ReplicationPad2d(_ReplicationPad):
    """Pad an image with its edge cells, repeated: a a | a b c | c c.

    Shapes: input ((N,) C, H, W), output ((N,) C, H + top + bottom, W + left + right). `padding` is one width for every side, or
    (left, right, top, bottom); negative widths cut.

    >>> nn.ReplicationPad2d((1, 1, 1, 0))(minitorch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[1., 1., 2., 2.],
             [1., 1., 2., 2.],
             [3., 3., 4., 4.]]])
    """

    _rank = 2


@layer(F.pad)
class ReplicationPad3d(_ReplicationPad):
    """Pad a volume with its edge cells, repeated: a a | a b c | c c.

    Shapes: input ((N,) C, D, H, W), output ((N,) C, D + front + back, H + top + bottom, W + left + right). `padding` is one
    width for every side, or (left, right, top, bottom, front, back); negative widths cut.

    >>> nn.ReplicationPad3d((1, 1, 0, 0, 1, 0))(minitorch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 1, 2))[0, :, 0]
    tensor([[1., 1., 2., 2.],
            [1., 1., 2., 2.],
            [3., 3., 4., 4.]])
    """

    _rank = 3


@layer(F.pad)
class CircularPad1d(_CircularPad):
    """Pad a signal with the cells of its opposite side: b c | a b c | a b.

    Shapes: input ((N,) C, L), output ((N,) C, L + left + right). `padding` is one width for every side, or (left, right);
    negative widths cut. Raises RuntimeError for a border wider than the input.

    >>> nn.CircularPad1d((2, 1))(minitorch.tensor([[1.0, 2.0, 3.0]]))
    tensor([[2., 3., 1., 2., 3., 1.]])
    """

    _rank = 1


@layer(F.pad)
class CircularPad2d(_CircularPad):
    """Pad an image with the cells of its opposite side: b c | a b c | a b.

    Shapes: input ((N,) C, H, W), output ((N,) C, H + top + bottom, W + left + right). `padding` is one width for every side, or
    (left, right, top, bottom); negative widths cut. Raises RuntimeError for a border wider than the input.

    >>> nn.CircularPad2d((1, 1, 1, 0))(minitorch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[4., 3., 4., 3.],
             [2., 1., 2., 1.],
             [4., 3., 4., 3.]]])
    """

    _rank = 2


@layer(F.pad)
class CircularPad3d(_CircularPad):
    """Pad a volume with the cells of its opposite side: b c | a b c | a b.

    Shapes: input ((N,) C, D, H, W), output ((N,) C, D + front + back, H + top + bottom, W + left + right). `padding` is one
    width for every side, or (left, right, top, bottom, front, back); negative widths cut. Raises RuntimeError for a border
    wider than the input.

    >>> nn.CircularPad3d((1, 1, 0, 0, 1, 0))(minitorch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 1, 2))[0, :, 0]
    tensor([[4., 3., 4., 3.],
            [2., 1., 2., 1.],
            [4., 3., 4., 3.]])
    """

    _rank = 3
