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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from minitorch.autograd.graph import AccumulateGrad, Node, Observer, Op, TensorBase, observers
from minitorch.autograd.node import gradient_edge
from minitorch.backend.arrays import Array
from minitorch.backend.callsite import Line, user_frame, user_line
from minitorch.nn import Module, Parameter
from minitorch.viz.record.settings import SIGNS, call_settings, module_settings, named_arguments

MAX_LAPS = 4  # most sweeps into the same .grad that a player shows

__all__ = ["Call", "InputRecord", "NodeRecord", "Sweep", "grad_before", "node_record", "record", "tensors_of", "variables"]


class Call:
    """One call of a module or of a function, or the backward of one node during a recorded sweep.

    `title` and `settings` are on its card: Conv2d and 1→6, 5×5, pad 2. `name` is that of a module in its parent, `parent`
    the enclosing call, `arguments` what was passed, `inputs` of these the tensors without history, by parameter name: the
    target of a loss, the indices of an unpooling.
    """

    __slots__ = (
        "arguments",
        "in_place",
        "inputs",
        "is_library",
        "kind",
        "last",
        "name",
        "names",
        "number",
        "parameters",
        "parent",
        "settings",
        "title",
    )

    _next_number = itertools.count(1).__next__

    def __init__(self, kind: str, title: str, settings: str = "", name: str = "", parent: Call | None = None) -> None:
        self.kind, self.title, self.settings, self.name, self.parent = kind, title, settings, name, parent
        self.number = Call._next_number()
        self.last = 0  # the serial number of its last node
        self.is_library = self.in_place = False  # whether it is a layer of nn without parts; whether it changes its input
        self.arguments: list[Any] = []  # of each tensor where its gradient goes, or its InputRecord
        self.parameters: list[str] = []  # the names of their parameters; '' for the arguments of a module
        self.inputs: list[tuple[str, InputRecord]] = []
        self.names: list[tuple[weakref.ref[Any], str]] = []  # of a top-level module: its parameters and buffers


class InputRecord:
    """A leaf tensor that was an argument of an op (a batch, a target, a weight), with a copy of its value at that time."""

    __slots__ = ("array", "maker", "name", "named", "tensor")

    def __init__(self, tensor: TensorBase) -> None:
        self.tensor = weakref.ref(tensor)
        self.array = tensor._array.copy()
        self.name = ""  # the variable name where it was used
        self.named = False  # whether it is a parameter or a buffer of a module
        self.maker: Call | None = None  # the call that returned it: of indices, the pooling


@dataclass(frozen=True, eq=False)
class Sweep:
    """A recorded sweep: its starts, as (serial number of the node, output number, gradient), and the ids of the requested
    leaves' nodes, None for all leaves."""

    starts: tuple[tuple[int, int, Array], ...]
    wanted: frozenset[int] | None
    earlier: list[tuple[Sweep, list[Any]]]  # sweeps whose gradients were in a .grad that this one adds to, and their starts


@dataclass(frozen=True, eq=False)
class _Running:
    """A sweep in progress, or one that has ended."""

    sweep: Sweep
    edges: list[Any]  # where it started
    depth: int  # how many backward calls were in progress when it began
    touched: set[Any] = field(default_factory=set)  # the leaves that it has reached


@dataclass(slots=True)
class NodeRecord:
    """What was recorded about a node."""

    line: Line
    call: Call | None
    args: tuple[Any, ...]  # for each argument: an InputRecord, None for another tensor, or what was passed
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
    """A block in which a program is recorded for pictures: `with viz.record(): loss = criterion(model(x), y)`.

    Kept are the calls of modules and functions with their settings, a copy of every value, the names of variables and the lines
    of the program. If backward() runs in the block, its gradients are kept, too, and the player plays that backward(). Copies
    cost memory: record a step or two, not a training. Everything is freed with the graph.

    Only the thread that entered the block is recorded. Raises RuntimeError if it is entered while it is active. Example:

    >>> import minitorch
    >>> from minitorch import viz
    >>> w = minitorch.tensor(2.0, requires_grad=True)
    >>> with viz.record():
    ...     loss = (w * 3) ** 2
    ...     loss.backward()
    >>> print(viz.graph(loss))
       n0  w, scalar, = 2, ∇ 36, needs grad
       n1  × 3, → w·3 scalar, = 6, ∇ 12  <- n0
       n2  ^ 2, → loss scalar, = 36, ∇ 1  <- n1
    """

    def __enter__(self) -> record:
        if self in observers:
            raise RuntimeError("this recording is running already: write viz.record() anew for one inside another")
        self._thread = threading.get_ident()
        self._calls: list[tuple[Any, Call | None]] = []  # the calls in progress, the innermost last; None within a closed one
        self._returned: dict[int, tuple[weakref.ref[Any], Call]] = {}  # by id: tensors without history, and who returned them
        self._derivatives: list[Call] = []  # the backward calls in progress, the innermost last
        self._running: list[_Running] = []  # the sweeps in progress, the innermost last
        self._ended: list[_Running] = []  # the last sweeps
        self._inputs: dict[int, tuple[int, InputRecord]] = {}  # by the tensor's id; with the copied version
        observers.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        if self in observers:
            observers.remove(self)
            for name, value in variables().items():
                _remember_name(value, name)
        self._running, self._ended = [], []
        self._inputs, self._returned, self._calls, self._derivatives = {}, {}, [], []

    def _in_this_thread(self) -> bool:
        return threading.get_ident() == self._thread

    # ---- the methods of an Observer ---------------------------------------------------------------------------------

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        if self._in_this_thread():
            call = self._derivatives[-1] if self._derivatives else self._innermost()
            inner = call
            while inner is not None:
                inner.last, inner = node.serial, inner.parent
            copies = tuple(o._array.copy() if isinstance(o, TensorBase) else None for o in outputs)
            keeps = isinstance(node, Op)  # the arguments of a program's Function may hold anything, even its own output
            inputs = tuple(self._input_record(a) if keeps or isinstance(a, (TensorBase, int, float)) else None for a in args)
            node._viz_record = NodeRecord(user_line(), call, inputs, copies, node._saved, {})
            if any(isinstance(arg, TensorBase) for arg in args):
                names = _local_names()
                for arg, record in zip(args, inputs, strict=True):
                    if id(arg) in names:
                        _remember_name(record if isinstance(record, InputRecord) else arg, names[id(arg)])

    def sweep_began(self, roots: Sequence[Any], wanted: Any) -> None:
        if self._in_this_thread():
            starts = tuple((node.serial, nr, getattr(grad, "_array", grad).copy()) for (node, nr), grad in roots)
            leaves = None if wanted is None else frozenset(id(edge[0]) for edge in wanted if edge[0].serial == 0)
            sweep = Sweep(starts, leaves, [])
            self._running.append(_Running(sweep, [edge for edge, _ in roots], len(self._derivatives)))
            for (node, _), _ in roots:
                if wanted is None or "_viz_sweep" not in node.__dict__:  # autograd.grad() does not replace a backward()
                    node.__dict__["_viz_sweep"] = sweep

    def backward_called(self, node: Any, grad_outputs: tuple[Any, ...]) -> None:
        if self._in_this_thread():
            record = node_record(node)
            is_function = record is not None and record.call is not None and record.call.kind == "function"
            title = record.call.title if is_function else SIGNS.get(type(node).__name__, node.op_name)  # type: ignore[union-attr]
            self._derivatives.append(Call("derivative", f"backward of {title}"))

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
                    before.setdefault(self._running[-1].sweep, None if grad is None else grad._array.copy())
                    self._running[-1].touched.add(edge[0])
                    self._note_earlier(edge[0], grad)

    def sweep_ended(self) -> None:
        if self._in_this_thread() and self._running:
            last = self._running.pop()
            del self._derivatives[last.depth :]
            if not self._running and last.sweep.wanted is None:
                self._ended = [*self._ended[1 - MAX_LAPS :], last]

    def _note_earlier(self, leaf: Any, grad: Any) -> None:
        """Remember the sweeps whose gradients are still in a .grad that this sweep is about to add to."""
        current = self._running[-1].sweep
        before = next((one for one in reversed(self._ended) if leaf in one.touched), None)
        if before is None or grad is None or not grad._array.any() or current.wanted is not None:
            return
        new = (*before.sweep.earlier, (before.sweep, before.edges))
        current.earlier.extend(one for one in new if one not in current.earlier)
        del current.earlier[: 1 - MAX_LAPS]
        before.sweep.earlier.clear()  # they belong to the current sweep now: the graphs of older ones must be freed

    def call_entered(self, callee: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        if not self._in_this_thread():
            return
        parent, call = self._innermost(), None
        if isinstance(callee, Module):
            call = Call("module", type(callee).__name__, module_settings(callee), self._name(callee), parent)
            call.is_library = type(callee).__module__.startswith("minitorch.") and not callee._modules
            call.in_place = bool(getattr(callee, "inplace", False))
            if parent is None:
                prefix = f"{call.name}." if call.is_library and call.name else ""
                call.names = [(weakref.ref(tensor), prefix + name) for name, tensor in tensors_of(callee)]
        elif callee.__name__ not in ("__init__", "forward") and not self._derivatives and self._is_program():
            call = Call("function", callee.__name__, call_settings(callee, args, kwargs), "", parent)
            call.in_place = callee.__name__.endswith("_") or kwargs.get("inplace") is True
        self._calls.append((callee, call))
        if isinstance(callee, Module) and not self._derivatives:
            names = _local_names()
            for value in (*args, *kwargs.values()):
                if isinstance(value, TensorBase):
                    if value.is_leaf:
                        _remember_name(self._input_record(value), names.get(id(value), ""))
                    if call is not None:
                        call.arguments.append(gradient_edge(value) or self._input_record(value))
                        call.parameters.append("")
            for name in ("weight", "pos_weight"):  # of a loss
                if call is not None and (weight := callee._buffers.get(name)) is not None:
                    call.arguments.append(self._input_record(weight))
                    call.parameters.append(name)
        in_layer = len(self._calls) > 1 and isinstance(self._calls[-2][0], Module)
        if self._derivatives or isinstance(callee, Module) or (call is None and not in_layer):
            return  # only the arguments that the program, or a layer of nn, has passed are the call's
        owner = call or parent
        if owner is None:
            return
        if call is not None and call.title == "getitem" and args:
            whole = _local_names().get(id(args[0]), "")
            call.name = f"{whole}[{call.settings}]" if whole and len(call.settings) <= 8 else ""
        passed = [(name, v) for name, value in named_arguments(callee, args, kwargs) for v in _tensors_in(value)]
        names = _local_names() if passed else {}
        for name, value in passed:
            if call is not None:
                call.arguments.append(gradient_edge(value) or self._input_record(value))
                call.parameters.append(name)
            if not value.requires_grad and not self._owns(value):
                record = self._input_record(value)
                _remember_name(record, names.get(id(value), ""))
                owner.inputs.append((name, record))

    def call_left(self, callee: Any, result: Any) -> None:
        if self._in_this_thread() and self._calls:
            _, call = self._calls.pop()
            is_slice = call is not None and call.title == "getitem"
            for value in result if isinstance(result, tuple) else (result,) if is_slice else ():
                if call is not None and isinstance(value, TensorBase) and not value.requires_grad:
                    self._returned[id(value)] = weakref.ref(value), call

    def _owns(self, tensor: Any) -> bool:
        """Whether a tensor is a parameter or a buffer of the innermost module."""
        module = next((callee for callee, _ in reversed(self._calls) if isinstance(callee, Module)), None)
        return module is not None and any(t is tensor for t in (*module._buffers.values(), *module._parameters.values()))

    def _innermost(self) -> Call | None:
        return next((call for _, call in reversed(self._calls) if call is not None), None)

    def _is_program(self) -> bool:
        """Whether the innermost call was written by the program: not within a function or a layer of nn."""
        if not self._calls:
            return True
        call = self._calls[-1][1]
        return call is not None and call.kind == "module" and not call.is_library

    # ------------------------------------------------------------------------------------------------------------------

    def _input_record(self, arg: Any) -> Any:
        if not isinstance(arg, TensorBase):
            return arg
        if not arg.is_leaf:
            return None
        version, record = self._inputs.get(id(arg), (-1, None))
        if record is None or record.tensor() is not arg or version != arg._as_tensor()._version:
            record = InputRecord(arg)
            record.named = isinstance(arg, Parameter) or self._owns(arg)
            reference, call = self._returned.get(id(arg), (None, None))
            if reference is not None and reference() is arg and call is not None:
                if call.title == "getitem":
                    record.name = call.name
                else:
                    record.maker = call
            self._inputs[id(arg)] = arg._as_tensor()._version, record
        return record

    def _name(self, module: Any) -> str:
        """The module's name in the innermost calling module that contains it; of a top-level module, the variable's name."""
        modules = [callee for callee, _ in self._calls if isinstance(callee, Module)]
        for outer in reversed(modules):
            for name, part in Module.named_modules(outer):
                if part is module:
                    return name
        if modules:
            return ""
        return next((name for name, value in variables().items() if value is module), "")


def tensors_of(module: Module) -> Iterator[tuple[str, Any]]:
    """Parameters and buffers by name; called on Module, as a user's class may override these methods."""
    yield from Module.named_parameters(module)
    yield from Module.named_buffers(module)


def _tensors_in(value: Any) -> list[Any]:
    """A tensor, or the tensors of a list or an index."""
    parts = value if isinstance(value, (list, tuple)) else (value,)
    return [part for part in parts if isinstance(part, TensorBase)]


def _remember_name(value: Any, name: str) -> None:
    """Record the name of a value, unless it has one already."""
    if not name:
        return
    if isinstance(value, InputRecord):
        value.name = value.name or name
    elif isinstance(value, TensorBase) and value._edge is not None:
        record = node_record(value._edge[0])
        if record is not None:
            record.names.setdefault(value._edge[1], name)


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


def _local_names() -> dict[int, str]:
    """The names of the calling function's local tensors and modules, by id."""
    return {id(value): name for name, value in variables(here=True).items()}


_COMPREHENSIONS = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>")  # these have frames of their own before Python 3.12
