"""Recording for pictures: within a `with viz.record():` block, every new node of the tape gets a NodeRecord.

    with viz.record():
        loss = criterion(model(x), y)
    viz.graph(loss)        # with the modules as clusters, every value, and the source line of each box

The record is an attribute of the node and is freed with it. It holds copies of the node's arrays, so recording costs memory
and time: use it for one or two training steps, not for training. Outside the block nothing is recorded.
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

__all__ = ["Call", "InputRecord", "NodeRecord", "Sweep", "grad_before", "node_record", "record", "variables"]


class Call:
    """One call of a module, or the backward of one node during a recorded sweep; `parent` is the enclosing call."""

    __slots__ = ("kind", "name", "names", "number", "parent", "text")

    _next_number = itertools.count(1).__next__

    def __init__(self, name: str, kind: str, text: str, parent: Call | None) -> None:
        self.name, self.kind, self.text, self.parent = name, kind, text, parent
        self.number = Call._next_number()
        self.names: list[tuple[weakref.ref[Any], str]] = []  # of a top-level module: its parameters and buffers


class InputRecord:
    """A leaf tensor that was an argument of an op (a batch, a target, a weight), with a copy of its value at that time."""

    __slots__ = ("array", "name", "tensor")

    def __init__(self, tensor: TensorBase) -> None:
        self.tensor = weakref.ref(tensor)
        self.array = tensor._array.copy()
        self.name = ""  # the variable name where it was used


@dataclass(frozen=True, eq=False)
class Sweep:
    """A recorded sweep: its starts, as (serial number of the node, output number, gradient), and the ids of the requested
    leaves' nodes, None for all leaves."""

    starts: tuple[tuple[int, int, Array], ...]
    wanted: frozenset[int] | None


@dataclass(slots=True)
class NodeRecord:
    """What was recorded about a node."""

    line: Line
    call: Call | None
    args: tuple[Any, ...]  # for each argument: an InputRecord, a number, or None
    outputs: tuple[Array | None, ...]  # copies
    saved: Any  # the saved tensors, which a backward without retain_graph frees
    names: dict[int, str]  # by output number: the variable name where it was used
    grads: tuple[Array | None, ...] | None = None  # copies of the outputs' gradients in the last sweep


def node_record(node: Node) -> NodeRecord | None:
    """The record of a node, or None if it was made outside a recording."""
    return node.__dict__.get("_viz_record")


def grad_before(leaf: AccumulateGrad, sweep: Sweep | None) -> Array | None:
    """The .grad of a leaf before a recorded sweep reached it; without such a sweep, the current .grad."""
    before = leaf.__dict__.get("_viz_grad_before", {})
    if sweep is None or sweep not in before:
        return None if leaf.variable._grad is None else leaf.variable._grad._array
    return before[sweep]


class record(Observer):
    """A block in which new nodes are recorded: `with viz.record(): loss = criterion(model(x), y)`.

    Only the thread that entered the block is recorded. Raises RuntimeError if it is entered while it is active.
    """

    def __enter__(self) -> record:
        if self in observers:
            raise RuntimeError("this recording is running already: write viz.record() anew for one inside another")
        self._thread = threading.get_ident()
        self._modules: list[tuple[Any, Call]] = []  # the modules being called, the innermost last
        self._derivatives: list[Call] = []  # the backward calls in progress, the innermost last
        self._depths: list[int] = []  # for each sweep, the length of _derivatives when it began
        self._sweeps: list[Sweep] = []  # the sweeps in progress, the innermost last
        self._inputs: dict[int, tuple[int, InputRecord]] = {}  # by the tensor's id; with the copied version
        observers.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        if self in observers:
            observers.remove(self)
            for name, value in variables().items():
                _remember_name(value, name)
        self._inputs, self._modules, self._derivatives = {}, [], []

    def _in_this_thread(self) -> bool:
        return threading.get_ident() == self._thread

    # ---- the methods of an Observer ---------------------------------------------------------------------------------

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        if self._in_this_thread():
            call = self._derivatives[-1] if self._derivatives else self._modules[-1][1] if self._modules else None
            copies = tuple(o._array.copy() if isinstance(o, TensorBase) else None for o in outputs)
            inputs = tuple(map(self._input_record, args))
            node._viz_record = NodeRecord(user_line(), call, inputs, copies, node._saved, {})
            if any(isinstance(arg, TensorBase) for arg in args):
                names = {id(value): name for name, value in variables(here=True).items()}
                for arg, record in zip(args, inputs, strict=True):
                    if id(arg) in names:
                        _remember_name(record if isinstance(record, InputRecord) else arg, names[id(arg)])

    def sweep_began(self, roots: Sequence[Any], wanted: Any) -> None:
        if self._in_this_thread():
            self._depths.append(len(self._derivatives))
            starts = tuple((node.serial, nr, getattr(grad, "_array", grad).copy()) for (node, nr), grad in roots)
            leaves = None if wanted is None else frozenset(id(edge[0]) for edge in wanted if edge[0].serial == 0)
            self._sweeps.append(Sweep(starts, leaves))
            for (node, _), _ in roots:
                node.__dict__["_viz_sweep"] = self._sweeps[-1]

    def backward_called(self, node: Any, grad_outputs: tuple[Any, ...]) -> None:
        if self._in_this_thread():
            kind = node.op_name
            self._derivatives.append(Call(kind, "derivative", f"derivative of {kind}", None))

    def backward_returned(self, node: Any, grad_outputs: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        if self._in_this_thread():
            del self._derivatives[-1:]
            record = node_record(node)
            if record is not None:
                record.grads = tuple(None if g is None else getattr(g, "_array", g).copy() for g in grad_outputs)
            for edge in node.edges:
                if edge is not None and isinstance(edge[0], AccumulateGrad):
                    grad = edge[0].variable._grad
                    before = edge[0].__dict__.setdefault("_viz_grad_before", weakref.WeakKeyDictionary())
                    before.setdefault(self._sweeps[-1], None if grad is None else grad._array.copy())

    def sweep_ended(self) -> None:
        if self._in_this_thread() and self._depths:
            del self._derivatives[self._depths.pop() :]
            self._sweeps.pop()

    def module_entered(self, module: Any) -> None:
        if self._in_this_thread():
            parent = self._modules[-1][1] if self._modules else None
            call = Call(self._name(module), type(module).__name__, _module_repr(module), parent)
            if parent is None:
                named = itertools.chain(Module.named_parameters(module), Module.named_buffers(module))
                call.names = [(weakref.ref(tensor), name) for name, tensor in named]
            self._modules.append((module, call))

    def module_left(self, module: Any) -> None:
        if self._in_this_thread() and self._modules:
            self._modules.pop()

    # ------------------------------------------------------------------------------------------------------------------

    def _input_record(self, arg: Any) -> Any:
        if not isinstance(arg, TensorBase):
            return arg if type(arg) in (int, float) else None
        if not arg.is_leaf:
            return None
        version, record = self._inputs.get(id(arg), (-1, None))
        if record is None or record.tensor() is not arg or version != arg._as_tensor()._version:
            record = InputRecord(arg)
            self._inputs[id(arg)] = arg._as_tensor()._version, record
        return record

    def _name(self, module: Any) -> str:
        """The module's name in the innermost calling module that contains it; of a top-level module, the variable's name."""
        for outer, _ in reversed(self._modules):
            for name, part in Module.named_modules(outer):
                if part is module:
                    return name
        if self._modules:
            return ""
        return next((name for name, value in variables().items() if value is module), "")


def _remember_name(value: Any, name: str) -> None:
    """Record the name of a value, unless it has one already."""
    if isinstance(value, InputRecord):
        value.name = value.name or name
    elif isinstance(value, TensorBase) and value._edge is not None:
        record = node_record(value._edge[0])
        if record is not None:
            record.names.setdefault(value._edge[1], name)


def _module_repr(module: Any) -> str:
    """The repr of a module without submodules, else an empty string."""
    if module._modules:
        return ""
    try:
        return repr(module)
    except Exception:  # extra_repr is user code: a recording must not fail where the program does not
        return type(module).__name__


def variables(here: bool = False) -> Mapping[str, Any]:
    """The Tensors and Modules among the variables in scope at the user's calling line, by name.

    With `here`, only the local variables of the calling function.
    """
    frame, _ = user_frame()
    found: dict[Any, Any] = {}
    while True:
        f_locals = frame.f_locals
        found = {**f_locals, **found}
        # Before Python 3.13 a function's frame keeps its f_locals dict, and everything in it, alive.
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED and isinstance(f_locals, dict) and sys.getrefcount(f_locals) <= 3:
            f_locals.clear()
        if frame.f_code.co_name not in _COMPREHENSIONS or frame.f_back is None:
            break
        frame = frame.f_back
    if not here:
        found = {**frame.f_globals, **found}
    kinds = (TensorBase, Module)
    return {n: v for n, v in found.items() if issubclass(type(v), kinds) and isinstance(n, str) and not n.startswith("_")}


_COMPREHENSIONS = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>")  # these have frames of their own before Python 3.12
