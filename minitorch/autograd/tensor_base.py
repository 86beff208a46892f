"""What autograd knows of a tensor: its array, its gradient, and its place on the tape.     (Read this first of three.)

The tape is a graph of nodes, one for each operation that was recorded. A tensor that an operation made has an edge to that
node. A tensor that no operation made is a leaf; if it requires grad, backward adds its gradient to `.grad`.

`Tensor` (tensor.py) is this class with every operation as a method. Nothing here computes. What else a tensor can do on the
tape is in files beside this one: hooks.py, inplace.py, api.py.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from minitorch.autograd.checks import check_grad, check_requires_grad
from minitorch.backend.arrays import Array, xp
from minitorch.backend.callsite import warn

if TYPE_CHECKING:
    from typing import Self

    from minitorch.autograd.node import Edge, Node
    from minitorch.tensor import Tensor

__all__ = ["TensorBase", "accumulate", "wrap"]

new = object.__new__


class TensorBase:
    """An array and its place on the tape.

    `_edge` is that place: the node that made this value, and which of the node's outputs it is. A leaf has none; whether its
    gradient is wanted is in `_requires_grad`.
    """

    _tensor_class: ClassVar[type[Tensor]]  # the class of every operation's result; tensor.py puts Tensor here

    __slots__ = ("__dict__", "__weakref__", "_array", "_edge")  # what every tensor has; the rest has its default in the class

    _array: Array
    _edge: Edge | None
    _requires_grad: bool = False
    _grad: Tensor | None = None

    _accumulator: Any = None  # of a leaf: a weak reference to its AccumulateGrad node (node.py)
    _base: Tensor | None = None  # of a view: the tensor whose memory it looks into (inplace.py)
    _view_version: int = 0  # how often a base's history was rewritten; of a view: the last rewriting it has followed
    _version_counter: list[int] | None = None  # counts in-place changes; a tensor and its views share one

    def __new__(cls, *args: Any, **options: Any) -> Self:
        self = new(cls)
        self._edge = None
        return self

    @property
    def grad_fn(self) -> Node | None:
        """The node of the tape that made this tensor; None for a leaf."""
        return (self._current_edge() or (None, 0))[0]

    @property
    def is_leaf(self) -> bool:
        """True for a tensor that no recorded operation made."""
        return self._current_edge() is None

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded, so that backward reaches it."""
        return self._requires_grad or self._current_edge() is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set whether this leaf's gradient is wanted; returns the tensor itself.

        Raises RuntimeError for an integer or boolean tensor, and for switching off a tensor that has a history.
        """
        check_requires_grad(self, requires_grad)
        if self.is_leaf:
            self._requires_grad = bool(requires_grad)
        return self

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward has accumulated here; None before, and again after `zero_grad`."""
        if self._grad is None and self._edge is not None and not self._as_tensor().retains_grad:
            warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed: the gradient of a tensor "
                f"computed by {self._edge[0].name()} is not kept. Call .retain_grad() on it before backward, or use a leaf."
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        check_grad(self, value)
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def _current_edge(self) -> Edge | None:
        """`_edge`, up to date: a view whose base was changed through another view has a new history (inplace.py)."""
        if self._base is not None and self._view_version != self._base._view_version:
            self._as_tensor()._regenerate_grad_fn()
        return self._edge

    def _as_tensor(self) -> Tensor:
        return self  # type: ignore[return-value]


def wrap(array: Array) -> Tensor:
    """A leaf Tensor around `array` itself. Two tensors must not hold one array object: pass `array.view()` of a shared one."""
    out = new(TensorBase._tensor_class)
    out._array, out._edge = array, None
    return out


def accumulate(due: Sequence[tuple[Any, Any, bool]], recording: bool) -> None:
    """tensor.grad += grad, for each (tensor, grad, whether the array may be kept without a copy).

    For all of them or, if an exception comes in between, such as that of Ctrl-C, for none.
    """
    sums: list[tuple[Tensor, Any]] = []
    fresh: list[tuple[Tensor, Tensor]] = []
    for tensor, grad, is_owned in due:
        before = tensor._grad
        if recording:
            fresh.append((tensor, grad.clone() if before is None else before + grad))
        elif before is None:
            array = xp.asarray(grad) if isinstance(grad, xp.generic) else grad
            fresh.append((tensor, wrap(array if is_owned and array.flags.c_contiguous else array.copy())))
        elif getattr(before._array.flags, "writeable", True):
            sums.append((before, grad))
        else:
            fresh.append((tensor, wrap(xp.asarray(before._array + grad))))
    arrays = [before._array for before, _ in sums]
    adding = map(xp.add, arrays, [grad for _, grad in sums], arrays)
    setting = map(setattr, [tensor for tensor, _ in fresh], itertools.repeat("_grad"), [value for _, value in fresh])
    # Python looks for Ctrl-C between its own instructions. This is one of them, and all that it calls is written in C.
    collections.deque(itertools.chain(adding, setting), maxlen=0)
    for before, _ in sums:
        before._version_counter = counter = before._version_counter or [0]
        counter[0] += 1
