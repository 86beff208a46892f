"""Running an ONNX file: each operator is a function of Tensors, so the model can be looked at, and trained further.

OPERATORS has for each operator a function(attributes, *inputs). An optional input that is missing is None. An attribute that
the function does not look at, and an output that it does not return, are errors: a model runs as it says, or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

import minitorch.nn.functional as F
from minitorch import functions as m
from minitorch.backend.dtypes import dtypes
from minitorch.creation import arange, zeros, zeros_like
from minitorch.from_data import from_numpy
from minitorch.nn import Buffer, Module, Parameter
from minitorch.tensor import Tensor

__all__ = ["OPERATORS", "OnnxModule", "load"]

Operator = Callable[..., Any]


def load(f: str | os.PathLike[str] | Any) -> OnnxModule:
    """The model in an ONNX file, or in a graph that `export` has returned, as a Module.

    Its arrays of floats are parameters, but for single numbers, the constants that `export` has added, and the running
    statistics of batch norm: these are buffers.

    Raises ImportError without the package onnx, NotImplementedError for operators that are not in OPERATORS, with their names.

    >>> import minitorch
    >>> graph = minitorch.onnx.export(minitorch.nn.Linear(3, 2), minitorch.ones(1, 3))  # doctest: +SKIP
    >>> minitorch.onnx.load(graph)(minitorch.ones(4, 3)).shape  # doctest: +SKIP
    minitorch.Size([4, 2])
    """
    try:
        import onnx
    except ImportError:
        raise ImportError("onnx.load needs the package onnx: pip install '.[onnx]' in the clone of minitorch") from None
    return OnnxModule(onnx.load(os.fspath(f)) if isinstance(f, (str, os.PathLike)) else f)


class OnnxModule(Module):
    """What `load` returns: forward runs the operators of the graph in their order."""

    def __init__(self, model: Any) -> None:
        from onnx import helper, numpy_helper

        super().__init__()
        graph = model.graph
        if missing := sorted({node.op_type for node in graph.node} - set(OPERATORS)):
            raise NotImplementedError(f"onnx.load: the model has the operators {', '.join(missing)}, which are not there")
        self.opset = next((i.version for i in model.opset_import if i.domain in ("", "ai.onnx")), 1)
        if self.opset < 7:
            raise NotImplementedError(f"onnx.load: the model is of opset {self.opset}; 7 and later ones are supported")
        self._names: dict[str, str] = {}  # in the graph, and here: no dots, and no name that a module has
        self.inputs, self.outputs, self._nodes = list[str](), [value.name for value in graph.output], list[Any]()
        statistics = {name for node in graph.node if node.op_type == "BatchNormalization" for name in node.input[3:]}
        for array in graph.initializer:
            value = from_numpy(numpy_helper.to_array(array).copy())
            name = array.name.replace(".", "_").replace("/", "_")
            while hasattr(self, name) or name in ("", "training"):
                name += "_"
            self._names[array.name] = name
            constant = value.ndim == 0 or name.startswith("constant_") or array.name in statistics
            setattr(self, name, Buffer(value) if constant or not value.is_floating_point() else Parameter(value))
        self.inputs = [value.name for value in graph.input if value.name not in self._names]
        for node in graph.node:
            found = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            attributes = {
                name: value.decode() if isinstance(value, bytes) else numpy_helper.to_array(value) if name == "value" else value
                for name, value in found.items()
            }
            outputs = list(node.output)
            while outputs and not outputs[-1]:  # optional ones that the graph leaves out
                outputs.pop()
            defaults = _defaults(node.op_type, self.opset)
            attributes = {name: value for name, value in attributes.items() if name not in defaults or defaults[name] != value}
            self._nodes.append((node.op_type, list(node.input), outputs, attributes))

    def forward(self, *inputs: Tensor) -> Any:
        if len(inputs) != len(self.inputs):
            raise TypeError(f"the model takes {len(self.inputs)} inputs ({', '.join(self.inputs)}), but got {len(inputs)}")
        values: dict[str, Any] = {"": None, **dict(zip(self.inputs, inputs, strict=True))}
        values.update((name, getattr(self, here)) for name, here in self._names.items())
        for operator, names, outputs, attributes in self._nodes:
            given = _Attributes(attributes, _outputs=len(outputs), _opset=self.opset)
            result = OPERATORS[operator](given, *[values[name] for name in names])
            found = result if isinstance(result, (tuple, list)) else [result]
            if unread := sorted(set(attributes) - given.read):
                raise NotImplementedError(f"onnx.load: {operator} with {unread[0]}={attributes[unread[0]]!r} is not supported")
            if len(found) < len(outputs):
                raise NotImplementedError(f"onnx.load: {operator} with {len(outputs)} outputs is not supported")
            values.update((name, value) for name, value in zip(outputs, found, strict=False) if name)
        results = [values[name] for name in self.outputs]
        return results[0] if len(results) == 1 else tuple(results)

    def extra_repr(self) -> str:
        return f"{', '.join(self.inputs)} -> {', '.join(self.outputs)}: {len(self._nodes)} operators"


def _defaults(operator: str, opset: int) -> dict[str, Any]:
    """The values that the attributes of an operator have where a node does not say them."""
    from onnx import defs, helper

    try:
        schema = defs.get_schema(operator, opset)
    except defs.SchemaError:
        return {}
    found = {name: helper.get_attribute_value(a.default_value) for name, a in schema.attributes.items() if a.default_value.name}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}


class _Attributes(dict[str, Any]):
    """What a node says beside its inputs. It notes what has been looked at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.read.add(str(name))
        return super().__contains__(name)


def _refuse(operator: str, what: str) -> NoReturn:
    raise NotImplementedError(f"onnx.load: {operator} with {what} is not supported")


# ---- the operators -------------------------------------------------------------------------------------------------------


def _ints(value: Any) -> list[int]:
    return [int(v) for v in (value.tolist() if isinstance(value, Tensor) else value)]


def _of_float(name: str, **defaults: float) -> Operator:
    """A function of nn.functional whose options ONNX has under these names, with these defaults."""
    return lambda a, x: getattr(F, name)(x, *[a.get(key, default) for key, default in defaults.items()])


def _reduced(reduce: Callable[..., Any]) -> Operator:
    def run(a: dict[str, Any], x: Tensor, axes: Any = None) -> Tensor:
        found = a.get("axes") if axes is None else axes
        dims = [] if found is None else _ints(found)
        keepdim, noop = bool(a.get("keepdims", 1)), a.get("noop_with_empty_axes")
        if not dims and noop:
            return x
        dims = dims or list(range(x.ndim))
        for dim in sorted((d % max(x.ndim, 1) for d in dims), reverse=True):  # one at a time: every function takes that
            x = reduce(x, dim, keepdim)
        return x

    return run


def _gemm(a: dict[str, Any], x: Tensor, y: Tensor, c: Tensor | None = None) -> Tensor:
    product = (x.T if a.get("transA") else x) @ (y.T if a.get("transB") else y) * a.get("alpha", 1.0)
    return product if c is None else product + c * a.get("beta", 1.0)


def _padded(
    a: dict[str, Any], x: Tensor, kernel: Sequence[int], value: float, is_conv: bool = False
) -> tuple[Tensor, list[int]]:
    """The image with its padding, if the layer cannot add it; and the padding that is left to the layer."""
    n = x.ndim - 2
    strides, dilations, way = a.get("strides", [1] * n), a.get("dilations", [1] * n), a.get("auto_pad", "NOTSET")
    pads = list(a.get("pads", [0] * 2 * n))
    if way.startswith("SAME"):
        total = [max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
                 for size, k, s, d in zip(x.shape[2:], kernel, strides, dilations, strict=True)]  # fmt: skip
        before = [t // 2 if way == "SAME_UPPER" else -(-t // 2) for t in total]
        pads = before + [t - b for t, b in zip(total, before, strict=True)]
    if pads[:n] == pads[n:] and (is_conv or all(2 * p <= k for p, k in zip(pads, kernel, strict=False))):
        return x, pads[:n]
    flat = [p for before, after in zip(pads[n - 1 :: -1], pads[: n - 1 : -1], strict=True) for p in (before, after)]
    return F.pad(x, flat, value=value), [0] * n


def _conv(a: dict[str, Any], x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    n = x.ndim - 2
    x, padding = _padded(a, x, weight.shape[2:], 0.0, is_conv=True)
    a.get("kernel_shape")  # the weight has it
    convolve = getattr(F, f"conv{n}d")
    return convolve(x, weight, bias, a.get("strides", 1), padding, a.get("dilations", 1), a.get("group", 1))


def _conv_transpose(a: dict[str, Any], x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    n = x.ndim - 2
    pads = a.get("pads", [0] * 2 * n)
    a.get("kernel_shape")  # the weight has it
    if pads[:n] != pads[n:] or a.get("auto_pad", "NOTSET") != "NOTSET":
        _refuse("ConvTranspose", "another padding on each side")
    convolve = getattr(F, f"conv_transpose{n}d")
    options = (a.get("strides", 1), pads[:n], a.get("output_padding", 0), a.get("group", 1), a.get("dilations", 1))
    return convolve(x, weight, bias, *options)


def _max_pool(a: dict[str, Any], x: Tensor) -> Any:
    n, kernel, before = x.ndim - 2, a["kernel_shape"], x
    x, padding = _padded(a, x, kernel, float("-inf"))
    pool = getattr(F, f"max_pool{n}d")
    options = (kernel, a.get("strides", 1), padding, a.get("dilations", 1), bool(a.get("ceil_mode")))
    if a.get("storage_order"):
        _refuse("MaxPool", "storage_order=1")
    if a["_outputs"] == 1:
        return pool(x, *options)
    if x is not before:
        _refuse("MaxPool", "indices, and another padding on each side")
    values, places = pool(x, *options, return_indices=True)
    planes = arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2] + (1,) * n)  # ONNX counts through the whole array
    return values, places + planes * int(np.prod(x.shape[2:]))


def _average_pool(a: dict[str, Any], x: Tensor) -> Tensor:
    n, kernel = x.ndim - 2, a["kernel_shape"]
    padded, padding = _padded(a, x, kernel, 0.0)
    if padded is not x and not a.get("count_include_pad"):
        _refuse("AveragePool", "another padding on each side that does not count")
    if max(a.get("dilations", [1])) > 1:
        _refuse("AveragePool", "dilations")
    pool = getattr(F, f"avg_pool{n}d")
    return pool(padded, kernel, a.get("strides", 1), padding, bool(a.get("ceil_mode")), bool(a.get("count_include_pad", 0)))


def _batch_norm(a: dict[str, Any], x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, var: Tensor) -> Tensor:
    a.get("momentum")  # of training, which is refused
    if a.get("training_mode"):
        _refuse("BatchNormalization", "training_mode=1")
    return F.batch_norm(x, mean, var, weight, bias, False, 0.0, a.get("epsilon", 1e-5))


def _layer_norm(a: dict[str, Any], x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.layer_norm(x, x.shape[a.get("axis", -1) % x.ndim :], weight, bias, a.get("epsilon", 1e-5))


def _reshape(a: dict[str, Any], x: Tensor, shape: Tensor) -> Tensor:
    sizes, zero = _ints(shape), a.get("allowzero")
    return x.reshape([x.shape[i] if size == 0 and not zero else size for i, size in enumerate(sizes)])


def _expand(a: dict[str, Any], x: Tensor, shape: Tensor) -> Tensor:
    return x.expand(m.broadcast_tensors(x, zeros(_ints(shape)))[1].shape)


def _squeeze(a: dict[str, Any], x: Tensor, axes: Any = None) -> Tensor:
    found = a.get("axes") if axes is None else axes
    return x.squeeze() if found is None else x.squeeze(_ints(found))


def _unsqueeze(a: dict[str, Any], x: Tensor, axes: Any = None) -> Tensor:
    dims = _ints(a["axes"] if axes is None else axes)
    for dim in sorted(d % (x.ndim + len(dims)) for d in dims):
        x = x.unsqueeze(dim)
    return x


def _flatten(a: dict[str, Any], x: Tensor) -> Tensor:
    axis = a.get("axis", 1)
    return x.reshape(int(np.prod(x.shape[:axis], dtype=int)), -1)


def _split(a: dict[str, Any], x: Tensor, sizes: Any = None) -> Any:
    dim = a.get("axis", 0)
    found, count = a.get("split") if sizes is None else sizes, a.get("num_outputs", a["_outputs"])
    if found is None:
        return x.split(-(-x.shape[dim] // count), dim)
    return x.split(_ints(found), dim)


def _slice(a: dict[str, Any], x: Tensor, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None) -> Tensor:
    begins, stops = (_ints(a[key] if given is None else given) for key, given in (("starts", starts), ("ends", ends)))
    found = a.get("axes") if axes is None else axes
    dims = list(range(len(begins))) if found is None else _ints(found)
    for dim, begin, stop, step in zip(dims, begins, stops, _ints(steps) if steps is not None else [1] * len(dims), strict=True):
        if step < 0:  # tensors have no negative steps: turned round first
            first, end, _ = slice(begin, stop, step).indices(x.shape[dim])
            begin, stop = x.shape[dim] - 1 - first, x.shape[dim] - 1 - end
            x, step = x.flip(dim), -step
        x = x[(slice(None),) * (dim % x.ndim) + (slice(begin, stop, step),)]
    return x


def _gather(a: dict[str, Any], x: Tensor, index: Tensor) -> Tensor:
    dim = a.get("axis", 0) % x.ndim
    return x[(slice(None),) * dim + (_from_start(index, x.shape[dim]),)]


def _from_start(index: Tensor, size: int) -> Tensor:
    """Indices, of which those below 0 count from the end."""
    return m.where(index < 0, index + size, index).long()


def _pad(a: dict[str, Any], x: Tensor, pads: Any = None, value: Any = None, axes: Any = None) -> Tensor:
    n, sizes = x.ndim, _ints(a["pads"] if pads is None else pads)
    if axes is not None:
        full = [0] * 2 * n
        for i, dim in enumerate(_ints(axes)):
            full[dim % n], full[n + dim % n] = sizes[i], sizes[len(sizes) // 2 + i]
        sizes = full
    flat = [size for dim in reversed(range(n)) for size in (sizes[dim], sizes[n + dim])]
    asked, number = a.get("mode", "constant"), a.get("value", 0.0) if value is None else value.item()
    if asked == "constant":
        return F.pad(x, flat, value=number)
    inner = 2 * max(n - 2, 1)  # other modes are of images, (N, C, ...) or (C, ...)
    if any(flat[inner:]):
        inner += 2
    if any(flat[inner:]):
        _refuse("Pad", f"mode={asked!r} and more than images padded")
    return F.pad(x, flat[:inner], {"edge": "replicate", "wrap": "circular"}.get(asked, asked))


def _resize(a: dict[str, Any], x: Tensor, roi: Any = None, scales: Any = None, sizes: Any = None) -> Tensor:
    """As F.interpolate, whose ways of choosing the places between the samples are three of ONNX's."""
    mode, way, rounding = a.get("mode", "nearest"), a.get("coordinate_transformation_mode", "half_pixel"), a.get("nearest_mode")
    if a["_opset"] < 11:
        _refuse("Resize", "the inputs of opset 10")
    n = x.ndim - 2
    size = None if sizes is None or not len(sizes) else _ints(sizes)[2:]
    scale = None if size is not None else [float(s) for s in scales.tolist()[2:]]
    if len(sizes if size is not None else scales) != x.ndim or (scale is not None and scales.tolist()[:2] != [1, 1]):
        _refuse("Resize", "axes of its own")
    whole = scale is not None and all(s == int(s) for s in scale)
    fits = size is not None or all((s * d) == int(s * d) for s, d in zip(scale or [], x.shape[2:], strict=True))
    cubic, usual_rounding = a.get("cubic_coeff_a", -0.75), rounding in (None, "round_prefer_floor")
    usual = way == "half_pixel" or (way == "align_corners" and fits) or (way == "pytorch_half_pixel" and min(size or [2]) > 1)
    if mode == "nearest" and way == "asymmetric" and rounding == "floor":
        name = "nearest"
    elif mode == "nearest" and way == "half_pixel" and (rounding == "round_prefer_ceil" or (whole and usual_rounding)):
        name = "nearest-exact"
    elif mode == "linear" and usual:
        name = {1: "linear", 2: "bilinear", 3: "trilinear"}[n]
    elif mode == "cubic" and n == 2 and cubic == -0.75 and usual:
        name = "bicubic"
    else:
        _refuse("Resize", f"mode={mode!r}, coordinate_transformation_mode={way!r}, nearest_mode={rounding!r}")
    return F.interpolate(x, size, scale, name, None if mode == "nearest" else way == "align_corners")


def _clip(a: dict[str, Any], x: Tensor, low: Any = None, high: Any = None) -> Tensor:
    bounds = [a.get(key) if given is None else given.item() for key, given in (("min", low), ("max", high))]
    return x if bounds == [None, None] else x.clamp(*bounds)


def _cast(a: dict[str, Any], x: Tensor) -> Tensor:
    from onnx import helper

    return x.to(dtypes[np.dtype(helper.tensor_dtype_to_np_dtype(a["to"]))])


def _shrink(a: dict[str, Any], x: Tensor) -> Tensor:
    lambd, bias = a.get("lambd", 0.5), a.get("bias", 0.0)
    return m.where(x < -lambd, x + bias, m.where(x > lambd, x - bias, zeros_like(x)))


def _prelu(a: dict[str, Any], x: Tensor, slope: Tensor) -> Tensor:
    return m.where(x >= 0, x, x * slope)


def _mod(a: dict[str, Any], x: Tensor, y: Tensor) -> Tensor:
    return m.fmod(x, y) if a.get("fmod") else m.remainder(x, y)


def _selu(a: dict[str, Any], x: Tensor) -> Tensor:
    return F.elu(x, a.get("alpha", 1.6732632423543772)) * a.get("gamma", 1.0507009873554805)


def _dropout(a: dict[str, Any], x: Tensor, ratio: Any = None, training: Any = None) -> Tensor:
    a.get("ratio"), a.get("seed")  # of training, which is refused
    if training is not None and bool(training):
        _refuse("Dropout", "training_mode=True")
    return x.clone()


def _gather_elements(a: dict[str, Any], x: Tensor, index: Tensor) -> Tensor:
    dim = a.get("axis", 0)
    return x.gather(dim, _from_start(index, x.shape[dim]))


def _constant(a: dict[str, Any]) -> Tensor:
    for name, dtype in (
        ("value_float", np.float32),
        ("value_floats", np.float32),
        ("value_int", np.int64),
        ("value_ints", np.int64),
    ):
        if name in a:
            return from_numpy(np.array(a[name], dtype))
    return from_numpy(np.array(a["value"]))


def _col2im(a: dict[str, Any], x: Tensor, size: Tensor, kernel: Tensor) -> Tensor:
    pads = a.get("pads", [0, 0, 0, 0])
    if len(size) != 2 or pads[:2] != pads[2:]:
        _refuse("Col2Im", "other than two dimensions, or another padding on each side")
    return F.fold(x, _ints(size), _ints(kernel), a.get("dilations", 1), pads[:2], a.get("strides", 1))


def _softmax(function: Callable[..., Tensor]) -> Operator:
    def run(a: dict[str, Any], x: Tensor) -> Tensor:
        if a["_opset"] >= 13:
            return function(x, a.get("axis", -1))
        rows = int(np.prod(x.shape[: a.get("axis", 1) % x.ndim], dtype=int))  # all dimensions from `axis` on are one
        return function(x.reshape(rows, -1), 1).reshape(x.shape)

    return run


def _of_one(name: str) -> Operator:
    return lambda a, x: getattr(m, name)(x)


def _of_two(name: str) -> Operator:
    return lambda a, x, y: getattr(m, name)(x, y)


def _many(function: Callable[[Any, Any], Any]) -> Operator:
    """An operator of any number of inputs, from a function of two."""

    def run(a: dict[str, Any], first: Any, *rest: Any) -> Any:
        for other in rest:
            first = function(first, other)
        return first

    return run


def _argument(function: Callable[..., Any]) -> Operator:
    return lambda a, x: function(x, a.get("axis", 0), bool(a.get("keepdims", 1)))


def _scatter_elements(a: dict[str, Any], x: Tensor, index: Tensor, updates: Tensor) -> Tensor:
    if a.get("reduction", "none") not in ("none", "add"):
        _refuse("ScatterElements", f"reduction={a['reduction']!r}")
    dim = a.get("axis", 0)
    put = x.scatter_add if a.get("reduction") == "add" else x.scatter
    return put(dim, _from_start(index, x.shape[dim]), updates)


OPERATORS: dict[str, Operator] = {
    name: _of_one(function)
    for name, function in {
        "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Abs": "abs", "Neg": "neg", "Sin": "sin", "Cos": "cos", "Tan": "tan",
        "Asin": "asin", "Acos": "acos", "Atan": "atan", "Sinh": "sinh", "Cosh": "cosh", "Asinh": "asinh", "Acosh": "acosh",
        "Atanh": "atanh", "Tanh": "tanh", "Sigmoid": "sigmoid", "Erf": "erf", "Floor": "floor", "Ceil": "ceil",
        "Round": "round", "Sign": "sign", "Reciprocal": "reciprocal", "Relu": "relu", "IsNaN": "isnan", "Not": "logical_not",
        "Identity": "clone",
    }.items()
}  # fmt: skip
OPERATORS |= {
    name: _of_two(function)
    for name, function in {
        "Add": "add", "Sub": "sub", "Mul": "mul", "Equal": "eq", "Less": "lt", "LessOrEqual": "le",
        "Greater": "gt", "GreaterOrEqual": "ge", "And": "logical_and", "Or": "logical_or", "Xor": "logical_xor",
        "MatMul": "matmul",
    }.items()
}  # fmt: skip
OPERATORS |= {
    "ReduceSum": _reduced(m.sum), "ReduceMean": _reduced(m.mean), "ReduceProd": _reduced(m.prod), "ReduceMax": _reduced(m.amax),
    "ReduceMin": _reduced(m.amin), "ReduceLogSumExp": _reduced(m.logsumexp),
    "ReduceL1": lambda a, x, axes=None: _reduced(m.sum)(a, x.abs(), axes),
    "ReduceL2": lambda a, x, axes=None: _reduced(m.sum)(a, x * x, axes).sqrt(),
    "ReduceSumSquare": lambda a, x, axes=None: _reduced(m.sum)(a, x * x, axes),
    "ArgMax": _argument(m.argmax), "ArgMin": _argument(m.argmin), "Max": _many(m.maximum), "Min": _many(m.minimum),
    "Sum": _many(m.add),
    "LeakyRelu": _of_float("leaky_relu", alpha=0.01), "Elu": _of_float("elu", alpha=1.0), "Celu": _of_float("celu", alpha=1.0),
    "Softplus": _of_float("softplus"), "Softsign": _of_float("softsign"), "Mish": _of_float("mish"), "Selu": _selu,
    "Pow": lambda a, x, y: m.pow(x, y).to(x.dtype), "Dropout": _dropout,
    "HardSwish": _of_float("hardswish"), "PRelu": _prelu, "Shrink": _shrink, "Clip": _clip,
    "Gelu": lambda a, x: F.gelu(x, approximate=a.get("approximate", "none")),
    "HardSigmoid": lambda a, x: (x * a.get("alpha", 0.2) + a.get("beta", 0.5)).clamp(0, 1),
    "Softmax": _softmax(m.softmax), "LogSoftmax": _softmax(m.log_softmax),
    "Gemm": _gemm, "Einsum": lambda a, *xs: m.einsum(a["equation"], *xs),
    "Div": lambda a, x, y: m.div(x, y, rounding_mode=None if x.is_floating_point() else "trunc"), "Mod": _mod,
    "Where": lambda a, mask, x, y: m.where(mask, x, y), "Cast": _cast,
    "Conv": _conv, "ConvTranspose": _conv_transpose, "MaxPool": _max_pool, "AveragePool": _average_pool,
    "GlobalAveragePool": lambda a, x: x.mean(list(range(2, x.ndim)), keepdim=True),
    "GlobalMaxPool": lambda a, x: x.amax(list(range(2, x.ndim)), keepdim=True),
    "BatchNormalization": _batch_norm, "LayerNormalization": _layer_norm,
    "InstanceNormalization": lambda a, x, w, b: F.instance_norm(x, None, None, w, b, eps=a.get("epsilon", 1e-5)),
    "Reshape": _reshape, "Flatten": _flatten, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze, "Expand": _expand,
    "Transpose": lambda a, x: x.permute(a.get("perm", list(range(x.ndim))[::-1])),
    "Concat": lambda a, *xs: m.cat(xs, a["axis"]), "Split": _split, "Slice": _slice, "Gather": _gather,
    "GatherElements": _gather_elements, "ScatterElements": _scatter_elements,
    "Tile": lambda a, x, counts: x.repeat(_ints(counts)), "Pad": _pad, "Resize": _resize,
    "Shape": lambda a, x: Tensor(list(x.shape)[a.get("start", 0) : a.get("end", x.ndim)]).long(),
    "Constant": _constant, "ConstantOfShape": lambda a, shape: (
        zeros(_ints(shape)) if "value" not in a else from_numpy(np.full(_ints(shape), a["value"].reshape(()), a["value"].dtype))
    ),
    "Range": lambda a, start, stop, step: arange(start.item(), stop.item(), step.item(), dtype=start.dtype),
    "Col2Im": _col2im,
}  # fmt: skip
