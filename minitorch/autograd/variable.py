"""What the tape knows of a tensor: its array, its gradient, and the place on the tape where it was made.

`Tensor` (in tensor.py) is this class with every op added as a method. Nothing here computes: the methods below are
about being on the tape or off it.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from minitorch.autograd.grad_mode import is_grad_enabled
from minitorch.backend.arrays import Array, share_memory
from minitorch.backend.dtypes import dtypes

if TYPE_CHECKING:
    from typing import Self

    from minitorch.autograd.function import AccumulateGrad, Edge, Function
    from minitorch.tensor import Tensor

__all__ = ["TensorBase", "twin", "wrap"]

new = object.__new__


class TensorBase:
    """An array and its place on the tape.

    `_edge` is that place: (the Function that made this value, which of its outputs this is). A leaf was made by no
    Function and has none; a leaf whose gradient is wanted says so in `_requires_grad`.
    """

    _kind: ClassVar[type[Tensor]]  # the class of every op's result; tensor.py puts Tensor here

    # What every tensor has stands in slots, which makes it small; the rest has its default in the class.
    __slots__ = ("__dict__", "__weakref__", "_array", "_edge")

    _array: Array
    _edge: Edge | None

    _requires_grad: bool = False
    _grad: Tensor | None = None
    _base: Tensor | None = None  # the tensor whose memory a view looks into
    _generation: int = 0  # how often a base's history was rewritten; a view's: up to which rewriting it knows
    _version_cell: list[int] | None = None  # counts in-place changes; a tensor and its views share one
    _accumulator: weakref.ref[AccumulateGrad] | None = None
    _hooks: dict[int, Callable[[Tensor], Tensor | None]] | None = None  # of a leaf; others keep theirs on the node
    _post_hooks: dict[int, Callable[[Tensor], None]] | None = None

    def __new__(cls, *args: Any, **options: Any) -> Self:
        self = new(cls)
        self._edge = None
        return self

    # NumPy then leaves `array + tensor` to the tensor, which refuses it in words.
    __array_ufunc__ = None

    # ---- on the tape or off it ---------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded, so that backward reaches it."""
        return self._requires_grad or self._place() is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for this leaf's gradient, or stop asking; returns the tensor itself.

        Raises RuntimeError for an integer or boolean tensor, and for switching off a tensor that has a history.
        """
        if requires_grad and self._array.dtype.kind != "f":
            raise RuntimeError(
                "only Tensors of floating point dtype can require gradients, and this one is of "
                f"{dtypes[self._array.dtype]!r}; convert it first, with .float() for example"
            )
        edge = self._place()
        if edge is None:
            self._requires_grad = bool(requires_grad)
        elif not requires_grad:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables: this tensor was computed by "
                f"{edge[0].name()}. For a version of it outside the graph use .detach()"
            )
        return self

    @property
    def is_leaf(self) -> bool:
        """True for a tensor that no recorded operation made."""
        return self._place() is None

    @property
    def grad_fn(self) -> Function | None:
        """The node of the tape that made this tensor; None for a leaf."""
        edge = self._place()
        return None if edge is None else edge[0]

    @property
    def output_nr(self) -> int:
        """Which of `grad_fn`'s outputs this tensor is."""
        edge = self._place()
        return 0 if edge is None else edge[1]

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward has gathered here; None until it has, and again after `zero_grad`."""
        if self._grad is None and self._edge is not None and not self.retains_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed: that of a tensor computed by "
                f"{self._edge[0].name()} is not kept. Call .retain_grad() on it before backward, or look at a leaf's .grad.",
                stacklevel=2,
            )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, TensorBase):
                raise TypeError(f"expected a Tensor object or None for the gradient, got {type(value).__name__}")
            mine, given = self._array, value._array
            if given.shape != mine.shape:
                raise RuntimeError(
                    f"assigned grad has data of a different size: {list(given.shape)}, but the tensor is {list(mine.shape)}"
                )
            if given.dtype != mine.dtype:
                raise RuntimeError(f"assigned grad has data of a different type: {given.dtype} for {mine.dtype}")
        self._grad = value

    def _place(self) -> Edge | None:
        """`_edge`, brought up to date: a view whose base was changed through another view has a new history."""
        if self._base is not None and self._generation != self._base._generation:
            self._as_tensor()._derive_from_base()
        return self._edge

    def _as_tensor(self) -> Tensor:
        return self  # type: ignore[return-value]

    def detach(self) -> Tensor:
        """The same memory as a leaf that requires no gradient. In-place changes show on both sides."""
        out = wrap(self._array.view())
        out._version_cell = self._shared_version()
        return out

    @property
    def data(self) -> Tensor:
        """The same memory as a leaf, and unlike `detach` without a common version: backward cannot notice changes."""
        return wrap(self._array.view())

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, TensorBase):
            raise TypeError(f"data must be a Tensor, got {type(value).__name__}")
        mine, given = self._array, value._array.view()
        if given.dtype.kind != "f" and self._requires_grad:
            raise RuntimeError(
                f"data set to a tensor that requires gradients must be floating point, not {dtypes[given.dtype]!r}"
            )
        if (mine.shape, mine.dtype) != (given.shape, given.dtype):
            self._accumulator = None  # it has the shape and type of the gradient
        self._array, self._base, self._generation = given, None, 0

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is not a leaf in its `.grad`, too."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._edge is not None:
            node, nr = self._edge
            if node.retained is None:
                node.retained = {}
            node.retained[nr] = weakref.ref(self._as_tensor())  # the node must not keep its own output alive

    @property
    def retains_grad(self) -> bool:
        """Whether a tensor that is not a leaf keeps its gradient."""
        kept = self._edge and self._edge[0].retained
        return bool(kept) and self._edge[1] in kept  # type: ignore[index, operator]

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(grad)` whenever this tensor's gradient has been computed; what it returns replaces the gradient.

        Raises RuntimeError for a tensor that requires no gradient.
        """
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if not callable(hook):
            raise TypeError(f"register_hook expects a function of the gradient, not {type(hook).__name__}")
        if self._edge is None:
            if self._hooks is None:
                self._hooks = {}
            return RemovableHandle(self._hooks, hook)
        node, nr = self._edge
        if node.hooks is None:
            node.hooks = {}
        return RemovableHandle(node.hooks.setdefault(nr, {}), hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call `hook(tensor)` whenever backward has added to this leaf's `.grad`.

        Raises RuntimeError for a tensor that is no leaf, or requires no gradient.
        """
        if not self.requires_grad or self._edge is not None:
            raise RuntimeError("post accumulate grad hooks belong to leaves that require grad, which this tensor is not")
        if self._post_hooks is None:
            self._post_hooks = {}
        return RemovableHandle(self._post_hooks, hook)

    # ---- versions: how backward notices that a value it saved was changed ---------------------------------------

    @property
    def _version(self) -> int:
        return 0 if self._version_cell is None else self._version_cell[0]

    def _shared_version(self) -> list[int]:
        if self._version_cell is None:
            self._version_cell = [0]
        return self._version_cell

    def _overwrite(self, result: TensorBase) -> Self:
        """Take over the value and the history of `result`: the second half of every in-place operation.

        The first half computed `result` from `_before_change()`. Raises before anything is changed.
        """
        if result._array.shape != self._array.shape:
            raise RuntimeError(
                f"output with shape {list(self._array.shape)} doesn't match the broadcast shape "
                f"{list(result._array.shape)}: an in-place operation cannot change the shape of its tensor"
            )
        if result._array.dtype.kind not in _HOLDS[self._array.dtype.kind]:
            raise RuntimeError(
                f"result type {result._array.dtype} can't be cast to the desired output type {self._array.dtype}"
            )
        if not getattr(self._array.flags, "writeable", True):
            raise RuntimeError(
                "unsupported operation: this tensor's memory cannot be written, as it was expanded (several elements are one "
                "place) or comes from a read-only array; call .clone() on it before writing in place"
            )
        self._array[...] = result._array
        self._shared_version()[0] += 1
        if not is_grad_enabled():
            pass
        elif self._base is None:
            before, self._edge = self._edge, result._edge
            kept = None if before is None else before[0].retained
            if before is not None and kept and kept.pop(before[1], None) is not None and self._edge is not None:
                self.retain_grad()
            self._generation += 1  # views of this tensor have a new history, too
        elif result._edge is not None or self._base._edge is not None:
            self._as_tensor()._write_history_through(result._as_tensor())
        return self

    def _before_change(self, *others: Any) -> Tensor:
        """This tensor as the op may hold it that is about to overwrite it, together with `others`.

        Holding the tensor itself, the op would be part of its own history. When it is recorded it gets a copy, as it may
        need the old values in backward. Raises RuntimeError where a leaf would lose the value that its gradient belongs to.
        """
        recording = is_grad_enabled()
        if recording and (self._requires_grad or (self._base is not None and self._base._requires_grad)):
            raise RuntimeError(
                f"a {'' if self._requires_grad else 'view of a '}leaf Variable that requires grad is being used in an in-place "
                "operation. Do it inside `with no_grad():`, as an optimizer does, or on a copy made by .clone()"
            )
        recording = recording and any(isinstance(t, TensorBase) and t.requires_grad for t in (self, *others))
        out = wrap(self._array.copy() if recording else self._array.view())
        out._edge = self._place()
        return out


_HOLDS = {"b": "b", "u": "biu", "i": "biu", "f": "biuf"}  # which kinds of value a tensor of a kind can take


def wrap(array: Array) -> Tensor:
    """A leaf Tensor around `array` itself. No two tensors may hold one array object: pass `array.view()` of a shared
    one."""
    out = new(TensorBase._kind)
    out._array = array
    out._edge = None
    return out


def twin(array: Array, edge: Edge | None, version_cell: list[int] | None) -> Tensor:
    """A Tensor at a given place on the tape that looks into the memory of `array`, and is nobody's view."""
    out = wrap(array.view())
    out._edge, out._version_cell = edge, version_cell
    return out


def set_view(view: TensorBase, of: TensorBase) -> None:
    """Note that `view` looks into the memory of `of`, if it does: they then share one version."""
    if share_memory(view._array, of._array):
        view._base = of._base if of._base is not None else of._as_tensor()
        view._version_cell = of._shared_version()
        view._generation = view._base._generation


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook away again. Also a context manager."""

    _next_id = 0

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self.id = RemovableHandle._next_id
        RemovableHandle._next_id += 1
        hooks[self.id] = hook
        self._hooks = hooks

    def remove(self) -> None:
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()
