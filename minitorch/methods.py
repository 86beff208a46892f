"""How functions become methods of Tensor: operators, operators with exchanged operands, in-place forms.

    __add__, __radd__ = operator(arithmetic.add), reflected(arithmetic.add)   x + 1 and 1 + x
    (add_,) = in_place(arithmetic.add)                                        x.add_(1) computes, then takes over the result
    (squeeze_,) = reshaped_in_place(shape.squeeze)                            x.squeeze_() takes over the view's shape

The methods are listed in class Tensor (tensor.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVarTuple

from minitorch.autograd.grad_mode import enable_grad
from minitorch.autograd.observe import observed_operator, observers
from minitorch.autograd.saved import alias, version_counter
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.dtypes import dtypes
from minitorch.old_words import rewriting
from minitorch.ops.elementwise import Number
from minitorch.public import public

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["COMPARABLE", "in_place", "operator", "operator_of_one", "reflected", "reshaped_in_place"]

Ops = TypeVarTuple("Ops")
Operand: TypeAlias = TensorBase | Number | Array | xp.generic  # what stands beside a tensor in x + y
COMPARABLE: Any = (TensorBase, int, float, xp.generic)


def operator(op: Callable[..., Tensor]) -> Callable[[Tensor, Operand], Tensor]:
    """The operator of a function of two operands. For an operand of an unknown class Python tries that class's own operator."""

    def method(self: Tensor, other: Any) -> Any:
        out = op(self, other) if isinstance(other, COMPARABLE) else _with_array(self, other, op)
        return observed_operator(op, (self, other), out) if observers else out

    return method


def operator_of_one(op: Callable[[Any], Tensor]) -> Callable[[Tensor], Tensor]:
    """The operator of a function of one operand."""

    def method(self: Tensor) -> Tensor:
        out = op(self)
        return observed_operator(op, (self,), out) if observers else out

    method.__doc__ = op.__doc__
    return method


def reflected(op: Callable[..., Tensor], label: str | None = None) -> Callable[[Tensor, Operand], Tensor]:
    """The operator with its operands exchanged, as in 1 - x; PyTorch has names of their own for some."""

    def method(self: Tensor, other: Any) -> Any:
        if not isinstance(other, COMPARABLE):
            return _with_array(self, other, lambda a, b: op(b, a))
        out = op(other, self)
        if label is not None and out._edge is not None:
            out._edge[0].label = label
        return observed_operator(op, (other, self), out) if observers else out

    method.__doc__ = f"{op.__name__}(other, self)"
    return method


def _with_array(self: Tensor, other: Any, op: Callable[..., Any]) -> Any:
    """op(self, other) for a NumPy array, as a tensor; NotImplemented for anything else."""
    if isinstance(other, xp.ndarray) and other.dtype in dtypes:
        return op(self, wrap(other.view()))
    return NotImplemented


def in_place(*ops: *Ops) -> tuple[*Ops]:
    """The in-place forms of ops, with their parameters: each computes, then takes over value and history."""

    def form(op: Any) -> Any:
        rewrite = rewriting(op)

        def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            if rewrite is not None:
                (_, *args), kwargs = rewrite((self, *args), kwargs)  # type: ignore[assignment]
            before = self._inplace_operand(*args, *kwargs.values())
            args = tuple(before if a is self else a for a in args)
            kwargs = {name: before if a is self else a for name, a in kwargs.items()}
            return self._assign_inplace(op(before, *args, **kwargs))

        return _named_in_place(method, op, f"As `{op.__name__}`, into this tensor itself.")

    return tuple(map(form, ops))


def reshaped_in_place(*ops: *Ops) -> tuple[*Ops]:
    """The in-place forms of ops that give a view: this tensor itself takes over the view's shape and history."""

    def form(op: Any) -> Any:
        def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            self._inplace_operand()
            with enable_grad():  # the shape of the history changes with that of the tensor, whatever the mode
                view = op(alias(self._array, self._edge, version_counter(self)), *args, **kwargs)
            self._array = view._array
            self._set_edge(view._edge)
            self._increment_version()
            return self

        return _named_in_place(method, op, f"As `{op.__name__}`, of this tensor itself.")

    return tuple(map(form, ops))


def _named_in_place(method: Callable[..., Tensor], op: Callable[..., Tensor], doc: str) -> Callable[..., Tensor]:
    method.__name__ = method.__qualname__ = f"{op.__name__}_"
    method.__doc__ = doc
    call = public(method)
    call.__signature__ = inspect.signature(op)  # type: ignore[attr-defined]
    return call
