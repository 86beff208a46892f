"""Variable, the name that tensors with a gradient had before PyTorch 0.4."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.tensor_base import TensorBase

__all__ = ["Variable"]


class _Variables(type):
    """What makes every Tensor an instance of Variable."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TensorBase)


class Variable(metaclass=_Variables):
    """Variable(tensor, requires_grad): a new leaf, a Tensor, that shares the tensor's memory. Every Tensor is a Variable.

    Raises TypeError for data that is no Tensor.

    >>> minitorch.autograd.Variable(minitorch.tensor([1.0, 2.0]), requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    >>> isinstance(minitorch.zeros(2), minitorch.autograd.Variable)
    True
    """

    def __new__(cls, data: Any, requires_grad: bool = False) -> Any:
        if not isinstance(data, TensorBase):
            raise TypeError(
                f"Variable data has to be a tensor, but got {type(data).__name__}: minitorch.tensor(data) makes it one"
            )
        if not isinstance(requires_grad, bool):
            raise TypeError(f"Variable(): argument 'requires_grad' must be bool, not {type(requires_grad).__name__}")
        leaf = data._as_tensor().detach()
        return leaf.requires_grad_() if requires_grad else leaf
