"""Running a model once, and writing what it called as a graph of ONNX."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minitorch import functions
from minitorch.autograd.observe import Observer, active_observers, observed_by
from minitorch.autograd.recover import call_name
from minitorch.autograd.tensor_base import TensorBase
from minitorch.backend.errors import describe
from minitorch.nn import Module
from minitorch.tensor import Tensor

__all__ = ["Graph", "export"]

OPSET = 19
OPS_WITH_RULES = {  # where a layer computes with operations themselves
    "add", "sub", "mul", "linear", "matmul", "sigmoid", "tanh", "relu", "reshape", "permute", "split_with_sizes", "cat",
    "rnn_tanh", "rnn_relu", "lstm", "gru",
}  # fmt: skip


class Graph(Observer):
    """The nodes and constants of the graph, and the names in it of the tensors that the model has computed so far."""

    def __init__(self, inputs: Mapping[str, Tensor], parameters: Mapping[str, Tensor], onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: dict[str, np.ndarray[Any, Any]] = {}
        self.names = {id(tensor): name for name, tensor in inputs.items()}
        self.alive: list[Any] = [*inputs.values()]  # so that no other tensor gets the id of one that is named
        self.constant: set[int] = set()  # of constants alone
        self.parameters = {id(tensor): name for name, tensor in parameters.items()}
        self.calls: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []
        self.modules: list[Module] = []

    # ---- for the rules ---------------------------------------------------------------------------------------------------

    def node(self, operator: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; return the name of its output, or of several. Inputs are names, tensors, arrays, numbers, None."""
        names = [f"{operator.lower()}_{len(self.nodes)}" + (f"_{i}" if outputs > 1 else "") for i in range(outputs)]
        given = ["" if value is None else self.name(value) for value in inputs]
        while given and not given[-1]:
            given.pop()
        attributes = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(self.onnx.helper.make_node(operator, given, names, **attributes))
        return names[0] if outputs == 1 else names

    def name(self, value: Any) -> str:
        """The name of a value: of a traced tensor its own; anything else becomes a constant."""
        if isinstance(value, str):
            return value
        if isinstance(value, TensorBase):
            known = self.names.get(id(value))
            if known is not None:
                return known
            self._check_seen(value)
            self.alive.append(value)
            return self._constant(value.detach().cpu().numpy(), self.parameters.get(id(value)))  # type: ignore[attr-defined]
        return self._constant(np.asarray(value), None)

    def _check_seen(self, value: TensorBase) -> None:
        """Raise RuntimeError for a value that depends on the inputs in a way that was not seen."""
        if value.requires_grad and not value.is_leaf and id(value) not in self.constant:
            raise RuntimeError(
                f"onnx.export: a value that {value._as_tensor().grad_fn} computed is used, and its computation was not "
                f"seen{self._where()}: it is no call of a public function"
            )

    def _constant(self, array: Any, name: str | None) -> str:
        if name is None:
            for known, other in self.constants.items():
                same = known.startswith("constant_") and other.dtype == array.dtype and other.shape == array.shape
                if same and other.tobytes() == array.tobytes():
                    return known
            name = f"constant_{len(self.constants)}"
        self.constants[name] = array
        return name

    def like(self, number: Any, tensor: Tensor) -> np.ndarray[Any, Any]:
        """A number in the dtype of a tensor."""
        return np.asarray(number, tensor._array.dtype)

    def kind(self, dtype: Any) -> int:
        """ONNX's number of a dtype."""
        return int(self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(getattr(dtype, "numpy", dtype))))

    def cast(self, value: Any, source: Any, target: Any) -> Any:
        """A value of one NumPy dtype in another."""
        return value if np.dtype(source) == np.dtype(target) else self.node("Cast", value, to=self.kind(target))

    # ---- observing -------------------------------------------------------------------------------------------------------

    def call_entered(self, callee: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        if isinstance(callee, Module):
            self.modules.append(callee)
        elif callee.__name__ != "forward":  # of a layer: what it calls is seen
            self.calls.append((callee, tuple(args), kwargs))

    def call_left(self, callee: Any, result: Any) -> None:
        if isinstance(callee, Module):
            self.modules.pop()
        if isinstance(callee, Module) or callee.__name__ == "forward":
            return
        function, args, kwargs = self.calls.pop()
        if not self.calls and result is not None:
            self._convert(function.__name__, _bound(function, args, kwargs), result)

    def operated(self, function: Any, args: tuple[Any, ...], result: Any) -> None:
        if not self.calls and id(result) not in self.names:
            self._convert(function.__name__, _bound(function, args, {}), result)

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        """An operation outside any public call: recurrent layers compute with operations themselves."""
        self.constant.difference_update(map(id, outputs))
        if not self.calls and call_name(type(node)) in OPS_WITH_RULES:
            names = {"x": "input", "arrays": "tensors"}
            bound = _bound(type(node).forward, (node, *args), {})
            call = {names.get(name, name): value for name, value in bound.items() if name != "ctx"}
            several = call_name(type(node)) in ("split_with_sizes", "rnn_tanh", "rnn_relu", "lstm", "gru")
            self._convert(call_name(type(node)), call, tuple(outputs) if several else outputs[0])

    def _convert(self, name: str, call: dict[str, Any], result: Any) -> None:
        from minitorch.onnx.rules import RULES

        if not any(id(tensor) in self.names for tensor in _tensors(call)):
            for tensor in _tensors(call):
                self._check_seen(tensor)
            self.alive.extend(_tensors(result))  # of constants: the result is one
            self.constant.update(map(id, _tensors(result)))
            return
        in_place = name.endswith("_") and not name.endswith("__")
        rule = RULES.get(name.rstrip("_") if in_place else name)
        if rule is None:
            raise NotImplementedError(f"onnx.export: there is no rule for {name}(){self._where()}")
        if in_place and call["input"]._base is not None:
            raise NotImplementedError(f"onnx.export: {name}(){self._where()} changes a view, which ONNX cannot express")
        try:
            named = rule(self, call, result)
        except NotImplementedError as error:
            raise NotImplementedError(f"onnx.export: {name}(){self._where()}: {error}") from None
        results = result if isinstance(result, (tuple, list)) else (result,)
        for tensor, value in zip(results, named if isinstance(named, (tuple, list)) else (named,), strict=False):
            if value is not None:
                self.alive.append(tensor)
                self.names[id(tensor)] = value

    def _where(self) -> str:
        if not self.modules:
            return ""
        root, module = self.modules[0], self.modules[-1]
        path = next((name for name, part in root.named_modules() if part is module), "")
        return f" in {'model.' + path if path else 'model'}: {type(module).__name__}"


def _bound(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name. Those of an in-place method have the names of the function's."""
    if list(inspect.signature(function).parameters) == ["self", "args", "kwargs"]:
        function = getattr(functions, function.__name__.rstrip("_"), function)
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    call = dict(bound.arguments)
    if "self" in call:
        call["input"] = call.pop("self")
    return call


def _tensors(value: Any) -> Iterator[TensorBase]:
    if isinstance(value, TensorBase):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _tensors(part)
    elif isinstance(value, dict):
        yield from _tensors(tuple(value.values()))


@contextmanager
def _evaluating(model: Module) -> Iterator[None]:
    """The model, and every module within, in the mode of evaluation; afterwards each as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def export(
    model: Module, args: Any, f: str | os.PathLike[str] | None = None, *, input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None, dynamic_axes: Mapping[str, Any] | None = None,
) -> Any:  # fmt: skip
    """Write a module as an ONNX file, and return the graph (an onnx.ModelProto). It is run once on `args`, in evaluation mode.

    args           a Tensor, or a tuple of the arguments of forward
    f              the file's path; None only returns the graph
    dynamic_axes   for names of inputs and outputs, the dimensions that may have another size: {"x": {0: "batch"}} or {"x": [0]}

    Branches and loops of Python are written as this run took them. With dynamic axes the model is run a second time with other
    sizes, and the two graphs must be equal.

    >>> import minitorch
    >>> model = minitorch.onnx.export(nn.Linear(3, 2), minitorch.ones(1, 3))  # doctest: +SKIP
    >>> model.graph.node[0].op_type  # doctest: +SKIP
    'Gemm'

    Raises ImportError without the package onnx, NotImplementedError for a function that ONNX cannot express, with the path of
    its module, RuntimeError where a value depends on a size that is dynamic.
    """
    try:
        import onnx
        import onnx.checker
        import onnx.helper
    except ImportError:
        raise ImportError("onnx.export needs the package onnx: pip install '.[onnx]' in the clone of minitorch") from None
    inputs = args if isinstance(args, tuple) else (args,)
    if not isinstance(model, Module) or not all(isinstance(x, Tensor) for x in inputs):
        raise TypeError(f"onnx.export takes a Module and its arguments as Tensors, not {describe(model)} and {describe(args)}")
    names = list((f"input_{i}" if i else "input" for i in range(len(inputs))) if input_names is None else input_names)
    if len(names) != len(inputs):
        raise ValueError(f"onnx.export: there are {len(inputs)} inputs and {len(names)} input_names")
    graph, outputs = _trace(model, dict(zip(names, inputs, strict=True)), onnx)
    labels = list((f"output_{i}" if i else "output" for i in range(len(outputs))) if output_names is None else output_names)
    if len(labels) != len(outputs):
        raise ValueError(f"onnx.export: there are {len(outputs)} outputs and {len(labels)} output_names")
    free = {name: axes if isinstance(axes, Mapping) else {axis: f"{name}_{axis}" for axis in axes}
            for name, axes in (dynamic_axes or {}).items()}  # fmt: skip
    if unknown := set(free) - {*names, *labels}:
        raise ValueError(f"onnx.export: dynamic_axes names {sorted(unknown)}, and there are {[*names, *labels]}")
    if free:
        _check_dynamic(model, dict(zip(names, inputs, strict=True)), free, graph, onnx)
    final = [graph.node("Identity", name) for name, _ in outputs]
    for node, label in zip(graph.nodes[-len(final) :], labels, strict=True):
        node.output[0] = label
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes, type(model).__name__,
            [_info(graph, name, x, free, onnx) for name, x in zip(names, inputs, strict=True)],
            [_info(graph, label, y, free, onnx) for label, (_, y) in zip(labels, outputs, strict=True)],
            [onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
             for name, array in graph.constants.items()],
        ),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)], producer_name="minitorch", ir_version=9,
    )  # fmt: skip
    onnx.checker.check_model(proto, full_check=True)
    if f is not None:
        onnx.save(proto, os.fspath(f))
    return proto


def _trace(model: Module, inputs: dict[str, Tensor], onnx: Any) -> tuple[Graph, list[tuple[str, Tensor]]]:
    """The graph of one run, and the outputs with their names in it."""
    # Copies, so that no input is a leaf, which no operation may change in place.
    traced = {name: x.detach().requires_grad_(x.is_floating_point()).clone() for name, x in inputs.items()}
    graph = Graph(traced, {**dict(model.named_parameters()), **dict(model.named_buffers())}, onnx)
    with _evaluating(model), observed_by(graph, *active_observers()):
        result = model(*traced.values())
    outputs = list(_tensors(result))
    return graph, [(graph.name(y), y._as_tensor()) for y in outputs]


def _check_dynamic(model: Module, inputs: dict[str, Tensor], free: Mapping[str, Any], graph: Graph, onnx: Any) -> None:
    """Raise RuntimeError if the graph is another one when the dynamic dimensions are larger by one."""
    grown = {}
    for name, x in inputs.items():
        for axis in free.get(name, {}):
            x = x.index_select(axis, Tensor([*range(x.shape[axis]), 0]).long())
        grown[name] = x
    other, _ = _trace(model, grown, onnx)
    for one, two in zip(graph.nodes, other.nodes, strict=False):
        if one != two or any(
            not np.array_equal(graph.constants[a], other.constants[b])
            for a, b in zip(one.input, two.input, strict=True)
            if a in graph.constants and b in other.constants
        ):
            raise RuntimeError(
                f"onnx.export: {one.op_type} ({one.output[0]}) depends on a size that dynamic_axes says is free: write -1 in "
                "its place where the model reshapes"
            )
    if len(graph.nodes) != len(other.nodes):
        raise RuntimeError("onnx.export: the model computes something else for other sizes of its dynamic axes")


def _info(graph: Graph, name: str, x: Tensor, free: Mapping[str, Any], onnx: Any) -> Any:
    sizes = [free.get(name, {}).get(axis, n) for axis, n in enumerate(x.shape)]
    return onnx.helper.make_tensor_value_info(name, graph.kind(x.dtype), sizes)
