"""Memory shared with other libraries by the DLPack protocol: no element is copied."""

from __future__ import annotations

from typing import Any

from minitorch.from_data import from_dlpack
from minitorch.public import public
from minitorch.tensor import Tensor

__all__ = ["from_dlpack", "to_dlpack"]


@public
def to_dlpack(tensor: Tensor) -> Any:
    """A capsule with a tensor's memory, which one `from_dlpack` can take, once. Raises TypeError for anything else.

    Libraries take the tensor itself, too: numpy.from_dlpack(x).

    >>> from minitorch.utils.dlpack import from_dlpack, to_dlpack
    >>> from_dlpack(to_dlpack(minitorch.tensor([1.0, 2.0])))
    tensor([1., 2.])
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"to_dlpack(): argument 'tensor' must be Tensor, not {type(tensor).__name__}")
    return tensor.detach().__dlpack__()
