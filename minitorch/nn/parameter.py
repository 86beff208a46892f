"""Tensors that a Module registers: Parameter and Buffer."""

from __future__ import annotations

from typing import Any

from minitorch.tensor import Tensor

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A learned tensor. A Module registers it when it is assigned as an attribute. requires_grad is True by default."""

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is None:
            super().__init__()
        elif isinstance(data, Tensor):
            self._array = data._array.view()
        else:
            raise TypeError(f"Parameter expects a Tensor, got {type(data).__name__}; use minitorch.tensor(...)")
        self.requires_grad_(requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        out = super().__deepcopy__(memo)
        out._grad = None
        return out  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor of a Module's state that is not learned; `persistent` includes it in the state_dict."""

    persistent: bool = True

    def __init__(self, data: Tensor, *, persistent: bool = True) -> None:
        if not isinstance(data, Tensor):
            raise TypeError(f"Buffer expects a Tensor, got {type(data).__name__}; use minitorch.tensor(...)")
        self._array = data._array.view()
        self.persistent = persistent
