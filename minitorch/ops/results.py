"""What functions with two results return: a named pair that prints as PyTorch's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["ValuesAndIndices"]


class _Pair(NamedTuple):
    values: Tensor
    indices: Tensor


class ValuesAndIndices(_Pair):
    """Values, and the index of each along a dimension. A subclass for each function gives the printed name."""

    __slots__ = ()

    def __repr__(self) -> str:
        name = type(self).__name__.lower()
        return f"minitorch.return_types.{name}(\nvalues={self.values!r},\nindices={self.indices!r})"
