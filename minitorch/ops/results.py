"""What functions with two results return: a named pair that prints as PyTorch's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["ValuesAndIndices", "printed_pair"]

T = TypeVar("T", bound=type[Any])


class _Pair(NamedTuple):
    values: Tensor
    indices: Tensor


def printed_pair(cls: T) -> T:
    """A class of named tuples, which print as PyTorch's. The class has the function's name."""

    def text(self: Any) -> str:
        fields = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"minitorch.return_types.{type(self).__name__.lower()}(\n{fields})"

    cls.__repr__ = text  # type: ignore[assignment]
    return cls


@printed_pair
class ValuesAndIndices(_Pair):
    """Values, and the index of each along a dimension. A subclass for each function gives the printed name."""

    __slots__ = ()
