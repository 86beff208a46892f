"""Recording for pictures: in a `with viz.record():` block every node of the tape notes where it comes from.

    with viz.record():
        loss = criterion(model(x), y)
    viz.graph(loss)        # with the modules as frames, every value, and the line of the program behind each box

A note is on the node itself and lives as long as that. It holds copies of what the node computed, so a recording costs memory
and time: it is for looking at a step or two, and not for training. Outside such a block nothing is noted, and nothing costs.
"""

from __future__ import annotations

import inspect
import itertools
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minitorch.autograd.function import Function
from minitorch.autograd.variable import TensorBase
from minitorch.autograd.watch import Watcher, watchers
from minitorch.backend.arrays import Array
from minitorch.backend.notice import Line, users_frame, users_line
from minitorch.nn import Module

__all__ = ["Given", "Note", "Call", "note_of", "record", "variables"]


class Call:
    """One call of a module, or the derivative of one node while a sweep records it; `parent` is the call around it."""

    __slots__ = ("kind", "name", "names", "number", "parent", "text")

    _next_number = itertools.count(1).__next__

    def __init__(self, name: str, kind: str, text: str, parent: Call | None) -> None:
        self.name, self.kind, self.text, self.parent = name, kind, text, parent
        self.number = Call._next_number()
        self.names: list[tuple[weakref.ref[Any], str]] = []  # of an outermost module: its parameters and buffers


class Given:
    """A tensor without a history that was given to an op, a batch, a target, a weight; with a copy of what it was then."""

    __slots__ = ("array", "tensor")

    def __init__(self, tensor: TensorBase) -> None:
        self.tensor = weakref.ref(tensor)
        self.array = tensor._array.copy()


@dataclass(slots=True)
class Note:
    """What a node remembers for pictures."""

    line: Line
    call: Call | None
    args: tuple[Any, ...]  # for each argument: a Given, None for a tensor that an op has made, or what is no tensor itself
    outputs: tuple[Array | None, ...]  # copies
    saved: Any  # what the node saved for backward, which an ordinary backward frees
    grads: tuple[Array | None, ...] | None = None  # copies of what the last sweep brought to its outputs


def note_of(node: Function) -> Note | None:
    """The note on a node, if it was made within a recording."""
    return node.__dict__.get("note")


class record(Watcher):
    """A block in which nodes are noted. Only what happens in the thread that entered it."""

    def __enter__(self) -> record:
        self._thread = threading.get_ident()
        self._modules: list[tuple[Any, Call]] = []  # those at work, the innermost last
        self._derivative: Call | None = None
        self._given: dict[int, tuple[int, Given]] = {}  # by the tensor's id; with the version that was copied
        watchers.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        watchers.remove(self)
        self._given, self._modules = {}, []

    # ---- what a watcher is told -----------------------------------------------------------------------------------

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        if threading.get_ident() == self._thread:
            call = self._derivative or (self._modules[-1][1] if self._modules else None)
            kept = tuple(o._array.copy() if isinstance(o, TensorBase) else None for o in outputs)
            node.note = Note(users_line(), call, tuple(map(self._noted, args)), kept, node._saved)

    def sweeping(self, node: Any, got: tuple[Any, ...]) -> None:
        if threading.get_ident() == self._thread:
            self._derivative = Call(type(node).__name__, "derivative", f"derivative of {type(node).__name__}", None)

    def swept(self, node: Any, got: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        if threading.get_ident() == self._thread:
            self._derivative = None
            note = note_of(node)
            if note is not None:
                note.grads = tuple(None if g is None else getattr(g, "_array", g).copy() for g in got)

    def entered(self, module: Any) -> None:
        if threading.get_ident() == self._thread:
            self._derivative = None
            parent = self._modules[-1][1] if self._modules else None
            text = "" if module._modules else repr(module)
            call = Call(self._name(module), type(module).__name__, text, parent)
            if parent is None:
                named = itertools.chain(module.named_parameters(), module.named_buffers())
                call.names = [(weakref.ref(tensor), name) for name, tensor in named]
            self._modules.append((module, call))

    def left(self, module: Any) -> None:
        if threading.get_ident() == self._thread and self._modules:
            self._modules.pop()

    # ------------------------------------------------------------------------------------------------------------------

    def _noted(self, arg: Any) -> Any:
        if not isinstance(arg, TensorBase):
            return arg
        if not arg.is_leaf:
            return None
        version, given = self._given.get(id(arg), (-1, None))
        if given is None or given.tensor() is not arg or version != arg._version:
            given = Given(arg)
            self._given[id(arg)] = arg._version, given
        return given

    def _name(self, module: Any) -> str:
        """What the module is called within the innermost module at work that holds it; outside all, the program's variable."""
        for outer, _ in reversed(self._modules):
            for name, part in outer.named_modules():
                if part is module:
                    return name
        if self._modules:
            return ""
        return next((name for name, value in variables().items() if value is module), "")


def variables() -> Mapping[str, Any]:
    """The Tensors and Modules among the variables that the calling line of the program sees, by their names."""
    frame, _ = users_frame()
    shown = frame.f_locals
    seen = {**frame.f_globals, **shown}
    found = {n: v for n, v in seen.items() if isinstance(v, (TensorBase, Module)) and not n.startswith("_")}
    if frame.f_code.co_flags & inspect.CO_OPTIMIZED and isinstance(shown, dict):
        # Before Python 3.13 a function's frame keeps the dict that it has shown. Tensors shall not live as long as that.
        for name in found.keys() & shown.keys():
            del shown[name]
    return found
