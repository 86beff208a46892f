"""In-place changes, and tensors that share memory: views and detached tensors.

An in-place operation computes its result like any other, and then `_assign_inplace` takes over the result's values and history.

A view shares the memory of its base. A change of one is a change of the other, so both get a new history: that of a base says
that it was written through the view, and that of a view says that it reads its elements from the base (ops/views.py). A base
counts these changes in `_view_version`; a view that is behind gets its new history when it is next used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.autograd.grad_mode import is_grad_enabled
from minitorch.autograd.saved import version_counter
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import share_memory
from minitorch.backend.dtypes import dtypes

if TYPE_CHECKING:
    from typing import Self

    from minitorch.autograd.node import Edge
    from minitorch.tensor import Tensor

__all__ = ["InPlaceMethods", "set_view"]

CASTABLE_KINDS = {"b": "b", "u": "biu", "i": "biu", "f": "biuf"}  # which kinds of value a tensor of a kind can take


class InPlaceMethods(TensorBase):
    """The methods of Tensor that share memory or change it."""

    __slots__ = ()

    # How a view came to be whose history cannot take part in an in-place change: "no_grad", or which output of which custom
    # Function it is, one that returned its input or a view of it.
    _made_by: str | None = None

    @property
    def _version(self) -> int:
        return 0 if self._version_counter is None else self._version_counter[0]

    def _increment_version(self) -> None:
        version_counter(self)[0] += 1

    def detach(self) -> Tensor:
        """The same memory as a leaf that requires no gradient. In-place changes show on both sides.

        >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> (2 * x).detach()
        tensor([2., 4.])
        """
        out = wrap(self._array.view())
        out._version_counter = version_counter(self)
        return out

    @property
    def data(self) -> Tensor:
        """The same memory as a leaf, and unlike `detach` without a common version: backward cannot notice changes.

        >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> x.data
        tensor([1., 2.])
        """
        return wrap(self._array.view())

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, TensorBase):
            raise TypeError(f"data must be a Tensor, got {type(value).__name__}")
        own, other = self._array, value._array.view()
        if other.dtype.kind != "f" and self._requires_grad:
            raise RuntimeError(
                f"data set to a tensor that requires gradients must be floating point, not {dtypes[other.dtype]!r}"
            )
        if (own.shape, own.dtype) != (other.shape, other.dtype):
            self._accumulator = None  # it has the shape and type of the gradient
        self._array, self._base = other, None

    def _inplace_operand(self, *others: Any) -> Tensor:
        """This tensor as an operand of the op that is about to overwrite it, together with `others`.

        If the op were given the tensor itself, it would become part of its own history. If it is recorded it gets a copy,
        because backward may need the old values. Raises RuntimeError where a leaf would lose the value that its gradient
        belongs to.
        """
        recording = is_grad_enabled()
        if recording and (self._requires_grad or (self._base is not None and self._base._requires_grad)):
            raise RuntimeError(
                f"a {'' if self._requires_grad else 'view of a '}leaf Variable that requires grad is being used in an in-place "
                "operation. Do it inside `with no_grad():`, as an optimizer does, or on a copy made by .clone()"
            )
        recording = recording and any(isinstance(t, TensorBase) and t.requires_grad for t in (self, self._base, *others))
        if self._made_by is not None:
            self._check_view(recording)
        out = wrap(self._array.copy() if recording else self._array.view())
        out._edge = self._current_edge()
        if recording and self._base is not None and _has_hooks(out._edge, self._base._edge):
            out._edge = self._as_tensor()._edge_from_base()  # hooks belong to a value, and what is overwritten has no use
        return out

    def _check_view(self, recording: bool) -> None:
        """Raise RuntimeError for a view whose history cannot take part in an in-place change."""
        if self._made_by != "no_grad":
            raise RuntimeError(
                f"{self._made_by} is a view and is being modified inplace. This view was created inside a custom Function "
                "(or because an input was returned as-is), and an in-place change would override the Function's backward. "
                "Clone the output of the Function, or return a new tensor from its forward"
            )
        if recording:
            raise RuntimeError(
                "A view was created in no_grad mode and is being modified inplace with grad mode enabled, so the change would "
                "be lost to the gradient. Make the view with grad mode enabled, or change it inside no_grad() as well"
            )

    def _assign_inplace(self, result: TensorBase) -> Self:
        """Take over the values and the history of `result`, which was computed from `_inplace_operand()`.

        Raises RuntimeError, before anything is changed, for a result of another shape or dtype, or memory that is read-only.
        """
        _check_assignable(self, result)
        self._array[...] = result._array
        self._increment_version()
        if not is_grad_enabled():
            return self
        if self._base is None:
            self._set_edge(result._edge)
            self._view_version += 1  # views of this tensor have a new history, too
        elif result._edge is not None or self._base._edge is not None:
            self._as_tensor()._rebase_history(result._as_tensor())
        return self

    def _set_edge(self, edge: Edge | None) -> None:
        """Give this tensor another history. Hooks stay with the old one; what `retain_grad` keeps is the tensor's gradient."""
        before, self._edge = self._edge, edge
        if before is not None and (before[0].retained or {}).pop(before[1], None) is not None and edge is not None:
            self._as_tensor().retain_grad()


def set_view(view: TensorBase, of: TensorBase) -> None:
    """Note that `view` shares the memory of `of`, if it does: they then have one version counter."""
    if share_memory(view._array, of._array):
        # A leaf that is a view itself is the base of its own views: a change of one is a change of the leaf.
        view._base = of._as_tensor() if of._base is None or of._requires_grad else of._base
        view._version_counter = version_counter(of)
        view._view_version = view._base._view_version
        if not is_grad_enabled():
            view._as_tensor()._made_by = "no_grad"


def _has_hooks(edge: Edge | None, base: Edge | None) -> bool:
    """Whether a gradient meets a hook, or a tensor that retains it, on its way from a view to its base."""
    while edge is not None and edge != base:
        node = edge[0]
        if node.hooks is not None or node.post_hooks is not None or node.retained is not None:
            return True
        edge = node.edges[0] if node.edges else None
    return False


def _check_assignable(tensor: TensorBase, result: TensorBase) -> None:
    own, other = tensor._array, result._array
    if other.shape != own.shape:
        raise RuntimeError(
            f"output with shape {list(own.shape)} doesn't match the broadcast shape {list(other.shape)}: an in-place operation "
            "cannot change the shape of its tensor"
        )
    if other.dtype.kind not in CASTABLE_KINDS[own.dtype.kind]:
        raise RuntimeError(f"result type {other.dtype} can't be cast to the desired output type {own.dtype}")
    if not getattr(own.flags, "writeable", True):
        raise RuntimeError(
            "unsupported operation: this tensor's memory cannot be written, as it was expanded (several elements are one "
            "place) or comes from a read-only array; call .clone() on it before writing in place"
        )
