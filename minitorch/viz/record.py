"""Recording for pictures: in a `with viz.record():` block every node of the tape notes where it comes from.

    with viz.record():
        loss = criterion(model(x), y)
    viz.graph(loss)        # with the modules as clusters, every value, and the line of the program behind each box

A note is on the node itself and lives as long as that. It holds copies of what the node computed, so a recording costs memory
and time: it is for looking at a step or two, and not for training. Outside such a block nothing is noted.
"""

from __future__ import annotations

import inspect
import itertools
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minitorch.autograd.graph import AccumulateGrad, Node, Observer, TensorBase, observers
from minitorch.backend.arrays import Array
from minitorch.backend.callsite import Line, user_frame, user_line
from minitorch.nn import Module

__all__ = ["Call", "Given", "Note", "Sweep", "held_before", "note_of", "record", "variables"]


class Call:
    """One call of a module, or the derivative of one node while a sweep records it; `parent` is the call around it."""

    __slots__ = ("kind", "name", "names", "number", "parent", "text")

    _next_number = itertools.count(1).__next__

    def __init__(self, name: str, kind: str, text: str, parent: Call | None) -> None:
        self.name, self.kind, self.text, self.parent = name, kind, text, parent
        self.number = Call._next_number()
        self.names: list[tuple[weakref.ref[Any], str]] = []  # of an outermost module: its parameters and buffers


class Given:
    """A tensor that no op has made and that was given to one, a batch, a target, a weight; with a copy of what it was then."""

    __slots__ = ("array", "name", "tensor")

    def __init__(self, tensor: TensorBase) -> None:
        self.tensor = weakref.ref(tensor)
        self.array = tensor._array.copy()
        self.name = ""  # what it was called where it was used


@dataclass(frozen=True, eq=False)
class Sweep:
    """A sweep that was seen: where it began, as (serial number of the node, which output, gradient), and the ids of the leaves'
    nodes that it was for, None for all."""

    starts: tuple[tuple[int, int, Array], ...]
    wanted: frozenset[int] | None


@dataclass(slots=True)
class Note:
    """What a node remembers for pictures."""

    line: Line
    call: Call | None
    args: tuple[Any, ...]  # for each argument: a Given, a number, or None for anything else
    outputs: tuple[Array | None, ...]  # copies
    saved: Any  # what the node saved for backward, which an ordinary backward frees
    names: dict[int, str]  # of outputs: what they were called where they were used
    grads: tuple[Array | None, ...] | None = None  # copies of what the last sweep brought to its outputs


def note_of(node: Node) -> Note | None:
    """The note on a node, if it was made within a recording."""
    return node.__dict__.get("_note_for_pictures")


def held_before(leaf: AccumulateGrad, sweep: Sweep | None) -> Array | None:
    """What was in the .grad of a leaf when a recorded sweep came to it; without one, what is there now."""
    seen = leaf.__dict__.get("_held_for_pictures", {})
    if sweep is None or sweep not in seen:
        return None if leaf.variable._grad is None else leaf.variable._grad._array
    return seen[sweep]


class record(Observer):
    """A block in which nodes note where they come from: `with viz.record(): loss = criterion(model(x), y)`.

    Only what happens in the thread that entered it. Raises RuntimeError if it is entered while it runs.
    """

    def __enter__(self) -> record:
        if self in observers:
            raise RuntimeError("this recording is running already: write viz.record() anew for one inside another")
        self._thread = threading.get_ident()
        self._modules: list[tuple[Any, Call]] = []  # those at work, the innermost last
        self._derivatives: list[Call] = []  # of the nodes that sweeps are at, one within another
        self._marks: list[int] = []  # for each sweep, how many there were when it began
        self._sweeps: list[Sweep] = []  # one within another
        self._given: dict[int, tuple[int, Given]] = {}  # by the tensor's id; with the version that was copied
        observers.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        if self in observers:
            observers.remove(self)
            for name, value in variables().items():
                _remember_name(value, name)
        self._given, self._modules, self._derivatives = {}, [], []

    def _looks(self) -> bool:
        return threading.get_ident() == self._thread

    # ---- what a watcher is told -----------------------------------------------------------------------------------

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        if self._looks():
            call = self._derivatives[-1] if self._derivatives else self._modules[-1][1] if self._modules else None
            kept = tuple(o._array.copy() if isinstance(o, TensorBase) else None for o in outputs)
            noted = tuple(map(self._noted, args))
            node._note_for_pictures = Note(user_line(), call, noted, kept, node._saved, {})
            if any(isinstance(arg, TensorBase) for arg in args):
                names = {id(value): name for name, value in variables(here=True).items()}
                for arg, given in zip(args, noted, strict=True):
                    if id(arg) in names:
                        _remember_name(given if isinstance(given, Given) else arg, names[id(arg)])

    def sweep_began(self, roots: Sequence[Any], wanted: Any) -> None:
        if self._looks():
            self._marks.append(len(self._derivatives))
            starts = tuple((node.serial, nr, getattr(grad, "_array", grad).copy()) for (node, nr), grad in roots)
            kept = None if wanted is None else frozenset(id(edge[0]) for edge in wanted if edge[0].serial == 0)
            self._sweeps.append(Sweep(starts, kept))
            for (node, _), _ in roots:
                node.__dict__["_sweep_for_pictures"] = self._sweeps[-1]

    def backward_called(self, node: Any, got: tuple[Any, ...]) -> None:
        if self._looks():
            kind = node.op_name
            self._derivatives.append(Call(kind, "derivative", f"derivative of {kind}", None))

    def backward_returned(self, node: Any, got: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        if self._looks():
            del self._derivatives[-1:]
            note = note_of(node)
            if note is not None:
                note.grads = tuple(None if g is None else getattr(g, "_array", g).copy() for g in got)
            for edge in node.edges:
                if edge is not None and isinstance(edge[0], AccumulateGrad):
                    held = edge[0].variable._grad
                    seen = edge[0].__dict__.setdefault("_held_for_pictures", weakref.WeakKeyDictionary())
                    seen.setdefault(self._sweeps[-1], None if held is None else held._array.copy())

    def sweep_ended(self) -> None:
        if self._looks() and self._marks:
            del self._derivatives[self._marks.pop() :]
            self._sweeps.pop()

    def module_entered(self, module: Any) -> None:
        if self._looks():
            parent = self._modules[-1][1] if self._modules else None
            call = Call(self._name(module), type(module).__name__, _printed(module), parent)
            if parent is None:
                named = itertools.chain(Module.named_parameters(module), Module.named_buffers(module))
                call.names = [(weakref.ref(tensor), name) for name, tensor in named]
            self._modules.append((module, call))

    def module_left(self, module: Any) -> None:
        if self._looks() and self._modules:
            self._modules.pop()

    # ------------------------------------------------------------------------------------------------------------------

    def _noted(self, arg: Any) -> Any:
        if not isinstance(arg, TensorBase):
            return arg if type(arg) in (int, float) else None
        if not arg.is_leaf:
            return None
        version, given = self._given.get(id(arg), (-1, None))
        if given is None or given.tensor() is not arg or version != arg._as_tensor()._version:
            given = Given(arg)
            self._given[id(arg)] = arg._as_tensor()._version, given
        return given

    def _name(self, module: Any) -> str:
        """What the module is called within the innermost module at work that holds it; outside all, the program's variable."""
        for outer, _ in reversed(self._modules):
            for name, part in Module.named_modules(outer):
                if part is module:
                    return name
        if self._modules:
            return ""
        return next((name for name, value in variables().items() if value is module), "")


def _remember_name(value: Any, name: str) -> None:
    """Remember what a value is called, unless it has a name already."""
    if isinstance(value, Given):
        value.name = value.name or name
    elif isinstance(value, TensorBase) and value._edge is not None:
        note = note_of(value._edge[0])
        if note is not None:
            note.names.setdefault(value._edge[1], name)


def _printed(module: Any) -> str:
    """The printed form of a module that has none inside."""
    if module._modules:
        return ""
    try:
        return repr(module)
    except Exception:  # its extra_repr is the program's, and a recording must not fail where the program does not
        return type(module).__name__


def variables(here: bool = False) -> Mapping[str, Any]:
    """The Tensors and Modules among the variables that the calling line of the program sees, by their names.

    With `here`, those of the function alone that the line is in.
    """
    frame, _ = user_frame()
    seen: dict[Any, Any] = {}
    while True:
        shown = frame.f_locals
        seen = {**shown, **seen}
        # Before Python 3.13 a function's frame keeps the dict that it has shown, and all that is in it alive.
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED and isinstance(shown, dict) and sys.getrefcount(shown) <= 3:
            shown.clear()
        if frame.f_code.co_name not in _COMPREHENSIONS or frame.f_back is None:
            break
        frame = frame.f_back
    if not here:
        seen = {**frame.f_globals, **seen}
    kinds = (TensorBase, Module)
    return {n: v for n, v in seen.items() if issubclass(type(v), kinds) and isinstance(n, str) and not n.startswith("_")}


_COMPREHENSIONS = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>")  # functions of their own before Python 3.12
