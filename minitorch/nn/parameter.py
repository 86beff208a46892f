"""The tensors a Module learns."""

from __future__ import annotations

from minitorch.tensor import Tensor

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A tensor that a Module registers as its own when it is set as an attribute; requires grad unless told not to."""

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is None:
            super().__init__()
        elif isinstance(data, Tensor):
            self._array = data._array.view()
        else:
            raise TypeError(f"Parameter expects a Tensor, got {type(data).__name__}; minitorch.tensor(...) makes one")
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor that belongs to a Module's state but is not learned; `persistent` puts it into the state_dict."""

    persistent: bool = True

    def __init__(self, data: Tensor, *, persistent: bool = True) -> None:
        if not isinstance(data, Tensor):
            raise TypeError(f"Buffer expects a Tensor, got {type(data).__name__}; minitorch.tensor(...) makes one")
        self._array = data._array.view()
        self.persistent = persistent
