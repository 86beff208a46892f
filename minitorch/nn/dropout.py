"""Dropout layers: in training they zero random elements or channels; in eval mode they return their input."""

from __future__ import annotations

from minitorch.nn import functional as F
from minitorch.nn.layer import Layer, layer

__all__ = ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d"]


class _Dropout(Layer):
    p: float = 0.5
    inplace: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {self.p}")

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


@layer(F.dropout)
class Dropout(_Dropout):
    """Each element becomes 0 with probability p, else x / (1 - p)"""


@layer(F.dropout1d)
class Dropout1d(_Dropout):
    """Each channel of ((N,) C, L) becomes 0 with probability p, else x / (1 - p)"""


@layer(F.dropout2d)
class Dropout2d(_Dropout):
    """Each channel of (N, C, H, W) becomes 0 with probability p, else x / (1 - p)"""


@layer(F.dropout3d)
class Dropout3d(_Dropout):
    """Each channel of ((N,) C, D, H, W) becomes 0 with probability p, else x / (1 - p)"""
