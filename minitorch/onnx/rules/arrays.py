"""Rules of functions that move, join, reduce and multiply arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.onnx.rules.table import RULES, Rule, first, ints, rule, vector
from minitorch.onnx.trace import Graph
from minitorch.tensor import Tensor

# ---- shapes --------------------------------------------------------------------------------------------------------------


@rule("reshape", "view", "flatten", "ravel", "unflatten", "reshape_as", "view_as", "squeeze", "unsqueeze")
def _reshape(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, sizes = call["input"], list(y.shape)
    if sizes and x.ndim and sizes[0] == x.shape[0] and x.numel():
        sizes[0] = 0  # as the input's: the batch may have another size
    asked = list(call.get("shape", ()))
    asked = list(asked[0]) if len(asked) == 1 and isinstance(asked[0], (tuple, list)) else asked
    if -1 in asked and len(asked) == len(sizes):
        sizes[asked.index(-1)] = -1
    elif x.ndim and sizes and sizes[0] != 0 and y.numel():
        sizes[0] = -1
    return g.node("Reshape", x, vector(sizes))


def _permutation(g: Graph, call: dict[str, Any], y: Any) -> Any:
    """By the shape of a small array that went the same way."""
    x = call["input"]
    probe = Tensor(np.empty([2 + i for i in range(x.ndim)], np.float32))
    arguments = {name: value for name, value in call.items() if name not in ("input", "_name")}
    dims = arguments.pop("dims", None)
    name = call["_name"]
    moved = getattr(probe, name)(*dims) if dims is not None and name == "permute" else getattr(probe, name)(**arguments)
    return g.node("Transpose", x, perm=[n - 2 for n in moved.shape])


for _name in ("permute", "transpose", "t", "movedim", "moveaxis", "swapaxes", "swapdims"):
    RULES[_name] = lambda g, call, y, name=_name: _permutation(g, {**call, "_name": name}, y)  # type: ignore[misc]


@rule("expand", "expand_as", "broadcast_to")
def _expand(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Expand", call["input"], vector(y.shape))


@rule("repeat", "tile")
def _repeat(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x = call["input"]
    shape = [1] * (y.ndim - x.ndim) + list(x.shape)
    return g.node("Tile", g.node("Reshape", x, vector(shape)), vector([b // a for a, b in zip(shape, y.shape, strict=True)]))


@rule("cat", "concat", "concatenate")
def _cat(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Concat", *[g.cast(x, x._array.dtype, y._array.dtype) for x in call["tensors"]], axis=int(call["dim"]))


@rule("stack")
def _stack(g: Graph, call: dict[str, Any], y: Any) -> Any:
    dim = call["dim"] % y.ndim
    return g.node("Concat", *[g.node("Unsqueeze", x, vector([dim])) for x in call["tensors"]], axis=dim)


@rule("split", "chunk", "tensor_split", "split_with_sizes")
def _split(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, dim = first(call), call["dim"]
    named = g.node("Split", x, vector([part.shape[dim] for part in y]), outputs=len(y), axis=int(dim))
    return [named] if isinstance(named, str) else named


@rule("unbind")
def _unbind(g: Graph, call: dict[str, Any], y: Any) -> Any:
    dim = call["dim"]
    return [g.node("Gather", call["input"], np.asarray(i, np.int64), axis=int(dim)) for i in range(len(y))]


@rule("getitem")
def _getitem(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, index = first(call), call["index"]
    parts = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in [p for p in parts if p is Ellipsis]:
        at = next(i for i, p in enumerate(parts) if p is Ellipsis)
        missing = x.ndim - sum(p is not None and p is not Ellipsis for p in parts)
        parts[at : at + 1] = [slice(None)] * missing
    out, dim = x, 0
    for part in parts:
        if part is None:
            out, dim = g.node("Unsqueeze", out, vector([dim])), dim + 1
        elif isinstance(part, slice):
            if part != slice(None):
                end = np.iinfo(np.int64).max if part.stop is None else int(part.stop)
                spot = [vector([v]) for v in (int(part.start or 0), end, dim, int(part.step or 1))]
                out = g.node("Slice", out, *spot)
            dim += 1
        elif isinstance(part, (int, np.integer)) and not isinstance(part, bool):
            out = g.node("Gather", out, np.asarray(part, np.int64), axis=dim)
        elif isinstance(part, Tensor) and part.dtype.numpy.kind == "i" and sum(isinstance(p, Tensor) for p in parts) == 1:
            out, dim = g.node("Gather", out, part, axis=dim), dim + part.ndim
        else:
            raise NotImplementedError(f"an index of type {type(part).__name__}")
    return out if out is not x else g.node("Identity", x)


@rule("pad")
def _pad(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, pads = call["input"], list(call["pad"])
    before, after = [0] * x.ndim, [0] * x.ndim
    for i in range(len(pads) // 2):
        before[-1 - i], after[-1 - i] = int(pads[2 * i]), int(pads[2 * i + 1])
    mode = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}[call["mode"]]
    value = g.like(call["value"] or 0, y) if mode == "constant" else None
    return g.node("Pad", x, vector(before + after), value, mode=mode)


# ---- reductions ----------------------------------------------------------------------------------------------------------


def _axes(call: dict[str, Any], x: Tensor) -> Any:
    dim = call.get("dim")
    return None if dim is None or dim == () else vector([d % max(x.ndim, 1) for d in ints(dim, 1)])


def _reducing(operator: str) -> Rule:
    def convert(g: Graph, call: dict[str, Any], y: Any) -> Any:
        x = call["input"]
        source = g.cast(x, x._array.dtype, y._array.dtype)
        return g.node(operator, source, _axes(call, x), keepdims=int(bool(call.get("keepdim", False))))

    return convert


RULES.update(
    sum=_reducing("ReduceSum"), mean=_reducing("ReduceMean"), prod=_reducing("ReduceProd"), amax=_reducing("ReduceMax"),
    amin=_reducing("ReduceMin"), logsumexp=_reducing("ReduceLogSumExp"),
)  # fmt: skip


def _extremum(reduce: str, arg: str, pair: str) -> Rule:
    def convert(g: Graph, call: dict[str, Any], y: Any) -> Any:
        dim, keepdim = call.get("dim"), int(bool(call.get("keepdim", False)))
        if isinstance(dim, Tensor) or call.get("other") is not None:
            return g.node(pair, call["input"], dim if isinstance(dim, Tensor) else call["other"])
        if dim is None:
            return g.node(reduce, call["input"], keepdims=0)
        axis = int(dim) % max(call["input"].ndim, 1)
        value = g.node(reduce, call["input"], vector([axis]), keepdims=keepdim)
        return [value, g.node(arg, call["input"], axis=axis, keepdims=keepdim)]

    return convert


@rule("linalg_vector_norm")
def _vector_norm(g: Graph, call: dict[str, Any], y: Any) -> Any:
    if call["ord"] not in (1, 2):
        raise NotImplementedError(f"ord={call['ord']} is not supported; 1 and 2 are")
    return g.node(f"ReduceL{int(call['ord'])}", call["x"], _axes(call, call["x"]), keepdims=int(call["keepdim"]))


RULES.update(max=_extremum("ReduceMax", "ArgMax", "Max"), min=_extremum("ReduceMin", "ArgMin", "Min"))


def _arg_of(operator: str) -> Rule:
    def convert(g: Graph, call: dict[str, Any], y: Any) -> Any:
        x, dim = call["input"], call["dim"]
        if dim is None:
            x, dim = g.node("Reshape", x, vector([-1])), 0
        return g.node(operator, x, axis=int(dim), keepdims=int(bool(call["keepdim"])))

    return convert


RULES.update(argmax=_arg_of("ArgMax"), argmin=_arg_of("ArgMin"))


# ---- products ------------------------------------------------------------------------------------------------------------


@rule("matmul", "mm", "bmm", "mv", "dot")
def _matmul(g: Graph, call: dict[str, Any], y: Any) -> Any:
    a, b = [value for value in call.values() if isinstance(value, Tensor)][:2]
    return g.node("MatMul", a, b)


@rule("einsum")
def _einsum(g: Graph, call: dict[str, Any], y: Any) -> Any:
    equation, *tensors = call["args"] if "args" in call else (call["equation"], *call["operands"])
    tensors = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    return g.node("Einsum", *tensors, equation=equation)


@rule("addmm")
def _addmm(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Gemm", call["mat1"], call["mat2"], call["input"], alpha=float(call["alpha"]), beta=float(call["beta"]))
