"""For each function the operators of ONNX that compute it.

A rule(graph, call, result) adds the nodes, and returns the name of the result, or the names of several; `call` has the
arguments by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.backend.dtypes import promote_types
from minitorch.onnx.trace import Graph
from minitorch.tensor import Tensor

__all__ = ["RULES"]

Rule = Callable[[Graph, dict[str, Any], Any], Any]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """The rule of these functions."""

    def add(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return add


def ints(values: Any, n: int) -> list[int]:
    """A number for each of n dimensions."""
    return [int(v) for v in values] if isinstance(values, (tuple, list)) else [int(values)] * n


def vector(values: Sequence[int]) -> Any:
    return np.asarray(values, np.int64)


# ---- elementwise ---------------------------------------------------------------------------------------------------------

UNARY = {
    "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "abs": "Abs", "neg": "Neg", "sin": "Sin", "cos": "Cos", "tan": "Tan",
    "asin": "Asin", "acos": "Acos", "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "asinh": "Asinh", "acosh": "Acosh",
    "atanh": "Atanh", "tanh": "Tanh", "sigmoid": "Sigmoid", "erf": "Erf", "floor": "Floor", "ceil": "Ceil", "round": "Round",
    "sign": "Sign", "reciprocal": "Reciprocal", "relu": "Relu", "isnan": "IsNaN", "logical_not": "Not", "softsign": "Softsign",
    "mish": "Mish", "hardswish": "HardSwish", "selu": "Selu",
    "clone": "Identity", "contiguous": "Identity", "detach": "Identity",
}  # fmt: skip
BINARY = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow", "maximum": "Max", "minimum": "Min"}
COMPARING = {
    "eq": "Equal", "lt": "Less", "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual", "logical_and": "And",
    "logical_or": "Or", "logical_xor": "Xor",
}  # fmt: skip


def first(call: dict[str, Any]) -> Any:
    return next(iter(call.values())) if "input" not in call else call["input"]


def others(call: dict[str, Any]) -> list[Any]:
    """The arguments beside the first."""
    return [value for name, value in call.items() if name != "input"]


def operands(g: Graph, call: dict[str, Any], kind: Any) -> tuple[Any, Any]:
    """Two operands in one NumPy dtype."""
    a, b = (call["input"], others(call)[0]) if "input" in call else list(call.values())[:2]
    return tuple(  # type: ignore[return-value]
        g.cast(x, x._array.dtype, kind) if isinstance(x, Tensor) else np.asarray(x, kind) for x in (a, b)
    )


for _function, _operator in UNARY.items():
    RULES[_function] = lambda g, call, y, op=_operator: g.node(op, first(call))  # type: ignore[misc]


def _binary(operator: str) -> Rule:
    def convert(g: Graph, call: dict[str, Any], y: Any) -> Any:
        if call.get("rounding_mode") is not None:
            raise NotImplementedError(f"rounding_mode={call['rounding_mode']!r}")
        a, b = operands(g, call, y._array.dtype)
        alpha = call.get("alpha", 1)
        return g.node(operator, a, b if alpha == 1 else g.node("Mul", b, g.like(alpha, y)))

    return convert


def _comparing(operator: str) -> Rule:
    def convert(g: Graph, call: dict[str, Any], y: Any) -> Any:
        a, b = call["input"], others(call)[0]
        kind = a.dtype if not isinstance(b, Tensor) else promote_types(a.dtype, b.dtype)
        return g.node(operator, *operands(g, call, np.bool_ if operator in ("And", "Or", "Xor") else kind.numpy))

    return convert


RULES.update({name: _binary(operator) for name, operator in BINARY.items()})
RULES.update({name: _comparing(operator) for name, operator in COMPARING.items()})


def _of_bools(name: str) -> Rule:
    def convert(g: Graph, call: dict[str, Any], y: Any) -> Any:
        if y.dtype.numpy.kind != "b":
            raise NotImplementedError("of integers; of bools it is there")
        return RULES[name](g, call, y)

    return convert


RULES.update({f"bitwise_{name}": _of_bools(f"logical_{name}") for name in ("and", "or", "xor", "not")})


@rule("ne")
def _ne(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Not", RULES["eq"](g, call, y))


@rule("square")
def _square(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Mul", first(call), first(call))


@rule("rsqrt")
def _rsqrt(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Reciprocal", g.node("Sqrt", first(call)))


@rule("log1p", "expm1", "log2", "log10")
def _shifted(g: Graph, call: dict[str, Any], y: Any) -> Any:
    raise NotImplementedError("ONNX has exp and log alone; write exp(x) - 1, log(1 + x), log(x) / math.log(2)")


@rule("clamp", "clip", "clamp_min", "clamp_max", "hardtanh", "relu6")
def _clamp(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x = call["input"]
    low, high = call.get("min", call.get("min_val")), call.get("max", call.get("max_val"))
    if "inplace" in call and "min_val" not in call:
        low, high = 0.0, 6.0
    if isinstance(low, Tensor) or isinstance(high, Tensor):
        raise NotImplementedError("bounds that are tensors; use maximum and minimum")
    return g.node("Clip", x, None if low is None else g.like(low, y), None if high is None else g.like(high, y))


@rule("where")
def _where(g: Graph, call: dict[str, Any], y: Any) -> Any:
    if call["input"] is None:
        raise NotImplementedError("where(condition) alone, whose size depends on values")
    parts = [
        g.cast(x, x._array.dtype, y._array.dtype) if isinstance(x, Tensor) else g.like(x, y)
        for x in (call["input"], call["other"])
    ]
    return g.node("Where", call["condition"], *parts)


@rule("masked_fill")
def _masked_fill(g: Graph, call: dict[str, Any], y: Any) -> Any:
    mask, value = others(call)[:2]
    return g.node("Where", mask, g.like(value, y) if not isinstance(value, Tensor) else value, call["input"])


@rule("new_zeros", "new_ones", "new_full", "new_empty", "new_tensor", "zeros_like", "ones_like", "full_like", "empty_like")
def _constant(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return None


@rule("to", "float", "double", "half", "long", "int", "bool", "type_as", "type", "cpu")
def _to(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Cast", call["input"], to=g.kind(y.dtype)) if isinstance(y, Tensor) else None


# ---- activations ---------------------------------------------------------------------------------------------------------


@rule("leaky_relu")
def _leaky_relu(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("LeakyRelu", call["input"], alpha=float(call["negative_slope"]))


@rule("rrelu")
def _rrelu(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("LeakyRelu", call["input"], alpha=(call["lower"] + call["upper"]) / 2)


@rule("prelu")
def _prelu(g: Graph, call: dict[str, Any], y: Any) -> Any:
    weight, rank = call["weight"], call["input"].ndim
    shape = [weight.shape[0], *[1] * (rank - 2)] if rank > 1 else [weight.shape[0]]
    return g.node("PRelu", call["input"], g.node("Reshape", weight, vector(shape)))


@rule("elu")
def _elu(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Elu", call["input"], alpha=float(call["alpha"]))


@rule("celu")
def _celu(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, alpha = call["input"], g.like(call["alpha"], y)  # of the operator Celu, float32 alone is there
    low = g.node("Sub", g.node("Exp", g.node("Div", g.node("Min", x, g.like(0, y)), alpha)), g.like(1, y))
    return g.node("Add", g.node("Relu", x), g.node("Mul", alpha, low))


@rule("gelu")
def _gelu(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x = call["input"]
    if call["approximate"] == "none":
        curve = g.node("Erf", g.node("Mul", x, g.like(math.sqrt(0.5), y)))
    else:
        cube = g.node("Mul", g.node("Mul", g.node("Mul", x, x), x), g.like(0.044715, y))
        curve = g.node("Tanh", g.node("Mul", g.node("Add", x, cube), g.like(math.sqrt(2 / math.pi), y)))
    return g.node("Mul", g.node("Mul", x, g.like(0.5, y)), g.node("Add", curve, g.like(1, y)))


@rule("silu")
def _silu(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Mul", call["input"], g.node("Sigmoid", call["input"]))


@rule("softplus")
def _softplus(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, beta = call["input"], g.like(call["beta"], y)
    scaled = g.node("Mul", x, beta)
    curve = g.node("Div", g.node("Softplus", scaled), beta)
    return g.node("Where", g.node("Greater", scaled, g.like(call["threshold"], y)), x, curve)


@rule("logsigmoid")
def _logsigmoid(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Neg", g.node("Softplus", g.node("Neg", call["input"])))


@rule("hardsigmoid")
def _hardsigmoid(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("HardSigmoid", call["input"], alpha=1 / 6, beta=0.5)


@rule("softshrink")
def _softshrink(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Shrink", call["input"], lambd=float(call["lambd"]), bias=float(call["lambd"]))


@rule("hardshrink")
def _hardshrink(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Shrink", call["input"], lambd=float(call["lambd"]), bias=0.0)


@rule("tanhshrink")
def _tanhshrink(g: Graph, call: dict[str, Any], y: Any) -> Any:
    return g.node("Sub", call["input"], g.node("Tanh", call["input"]))


@rule("threshold")
def _threshold(g: Graph, call: dict[str, Any], y: Any) -> Any:
    above = g.node("Greater", call["input"], g.like(call["threshold"], y))
    return g.node("Where", above, call["input"], g.like(call["value"], y))


@rule("glu")
def _glu(g: Graph, call: dict[str, Any], y: Any) -> Any:
    a, b = g.node("Split", call["input"], outputs=2, axis=call["dim"], num_outputs=2)
    return g.node("Mul", a, g.node("Sigmoid", b))


def _softmax_of(operator: str, sign: int) -> Rule:
    def convert(g: Graph, call: dict[str, Any], y: Any) -> Any:
        x, dim = call["input"], call["dim"]
        x = g.cast(x, x._array.dtype, y._array.dtype)
        dim = (0 if y.ndim in (0, 1, 3) else 1) if dim is None else dim  # PyTorch's old choice
        return g.node(operator, g.node("Neg", x) if sign < 0 else x, axis=int(dim))

    return convert


RULES.update(
    softmax=_softmax_of("Softmax", 1), log_softmax=_softmax_of("LogSoftmax", 1), softmin=_softmax_of("Softmax", -1)
)  # fmt: skip


@rule("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")
def _dropout(g: Graph, call: dict[str, Any], y: Any) -> Any:
    if call["training"]:
        raise NotImplementedError("it draws random numbers; the model calls it with training=True")
    return g.node("Identity", call["input"])


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


@rule("linear")
def _linear(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, weight, bias = call["input"], call["weight"], call["bias"]
    if x.ndim == 2:
        return g.node("Gemm", x, weight, bias, transB=1)
    out = g.node("MatMul", x, g.node("Transpose", weight, perm=[*range(weight.ndim)][::-1]))
    return out if bias is None else g.node("Add", out, bias)


@rule("bilinear")
def _bilinear(g: Graph, call: dict[str, Any], y: Any) -> Any:
    out = g.node("Einsum", call["input1"], call["weight"], call["input2"], equation="...i,oij,...j->...o")
    return out if call["bias"] is None else g.node("Add", out, call["bias"])


@rule("embedding")
def _embedding(g: Graph, call: dict[str, Any], y: Any) -> Any:
    if call["max_norm"] is not None:
        raise NotImplementedError("max_norm, which changes the weight")
    return g.node("Gather", call["weight"], call["input"], axis=0)


@rule("scaled_dot_product_attention")
def _attention(g: Graph, call: dict[str, Any], y: Any) -> Any:
    q, k, v, mask = call["query"], call["key"], call["value"], call["attn_mask"]
    if call["is_causal"] or call["enable_gqa"] or call["dropout_p"]:
        raise NotImplementedError("is_causal, enable_gqa and dropout_p; pass the mask as attn_mask")
    scale = 1 / math.sqrt(q.shape[-1]) if call["scale"] is None else call["scale"]
    turned = g.node("Transpose", k, perm=[*range(k.ndim - 2), k.ndim - 1, k.ndim - 2])
    scores = g.node("Mul", g.node("MatMul", q, turned), g.like(scale, y))
    if mask is not None:
        is_bool = mask.dtype.numpy.kind == "b"
        scores = g.node("Where", mask, scores, g.like(-math.inf, y)) if is_bool else g.node("Add", scores, mask)
    return g.node("MatMul", g.node("Softmax", scores, axis=-1), v)


@rule("lstm_cell")
def _lstm_cell(g: Graph, call: dict[str, Any], y: Any) -> Any:
    parts = g.node("Split", call["gates"], outputs=4, axis=-1, num_outputs=4)
    i, f, new, o = (g.node("Tanh" if n == 2 else "Sigmoid", part) for n, part in enumerate(parts))
    c = g.node("Add", g.node("Mul", f, call["c"]), g.node("Mul", i, new))
    return [g.node("Mul", o, g.node("Tanh", c)), c]


# ---- windows -------------------------------------------------------------------------------------------------------------


def _batched(convert: Rule) -> Rule:
    """The rule of a function of (N, C, *size), also for an input without N."""

    def with_batch(g: Graph, call: dict[str, Any], y: Any) -> Any:
        x = call["input"]
        rank = int(call["_name"][-2])
        if x.ndim != rank + 1:
            return convert(g, call, y)
        out = convert(g, {**call, "input": g.node("Unsqueeze", x, vector([0])), "_shape": (1, *x.shape)}, y)
        outs = out if isinstance(out, list) else [out]
        squeezed = [o and g.node("Squeeze", o, vector([0])) for o in outs]
        return squeezed if isinstance(out, list) else squeezed[0]

    return with_batch


def _for_ranks(name: str, convert: Rule) -> None:
    for rank in (1, 2, 3):
        full = f"{name}{rank}d"
        RULES[full] = lambda g, call, y, full=full: _batched(convert)(g, {**call, "_name": full}, y)  # type: ignore[misc]


def _rank(call: dict[str, Any]) -> int:
    return int(call["_name"][-2])


def _same(kernel: list[int], dilation: list[int]) -> list[int]:
    total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return [t // 2 for t in total] + [t - t // 2 for t in total]


def _conv(g: Graph, call: dict[str, Any], y: Any) -> Any:
    n, padding, kernel = _rank(call), call["padding"], list(call["weight"].shape[2:])
    dilation = ints(call["dilation"], n)
    pads = [0] * 2 * n if padding == "valid" else _same(kernel, dilation) if padding == "same" else ints(padding, n) * 2
    return g.node(
        "Conv", call["input"], call["weight"], call["bias"], kernel_shape=kernel, strides=ints(call["stride"], n),
        pads=pads, dilations=dilation, group=call["groups"],
    )  # fmt: skip


def _conv_transpose(g: Graph, call: dict[str, Any], y: Any) -> Any:
    n = _rank(call)
    if any(o >= s for o, s in zip(ints(call["output_padding"], n), ints(call["stride"], n), strict=True)):
        raise NotImplementedError("an output_padding that is not smaller than the stride")
    return g.node(
        "ConvTranspose", call["input"], call["weight"], call["bias"], kernel_shape=list(call["weight"].shape[2:]),
        strides=ints(call["stride"], n), pads=ints(call["padding"], n) * 2, dilations=ints(call["dilation"], n),
        output_padding=ints(call["output_padding"], n), group=call["groups"],
    )  # fmt: skip


def _pool_options(call: dict[str, Any]) -> dict[str, Any]:
    n = _rank(call)
    kernel = ints(call["kernel_size"], n)
    stride = call["stride"]
    return {
        "kernel_shape": kernel, "strides": kernel if stride is None or stride == [] else ints(stride, n),
        "pads": ints(call["padding"], n) * 2, "ceil_mode": int(call["ceil_mode"]),
    }  # fmt: skip


def _max_pool(g: Graph, call: dict[str, Any], y: Any) -> Any:
    n = _rank(call)
    options = _pool_options(call)
    spans = [d * (k - 1) + 1 for d, k in zip(ints(call["dilation"], n), options["kernel_shape"], strict=True)]
    _check_ceil(call, {**options, "kernel_shape": spans}, y[0] if isinstance(y, tuple) else y)
    values, places = g.node("MaxPool", call["input"], outputs=2, dilations=ints(call["dilation"], n), **options)
    if not call["return_indices"]:
        return values
    shape = call.get("_shape") or tuple(call["input"].shape)  # ONNX counts through the whole array, PyTorch through a plane
    return [values, g.node("Mod", places, np.asarray(math.prod(shape[2:]), np.int64))]


def _check_ceil(call: dict[str, Any], options: dict[str, Any], y: Any) -> None:
    """ONNX has a last window that begins in the padding, and PyTorch leaves it out."""
    sizes = (call.get("_shape") or tuple(call["input"].shape))[2:]
    kernel, strides, pads = options["kernel_shape"], options["strides"], options["pads"]
    for n, k, s, p, out in zip(sizes, kernel, strides, pads, y.shape[-len(sizes) :], strict=False):
        if options["ceil_mode"] and -((k - n - 2 * p) // s) + 1 != out:
            raise NotImplementedError("ceil_mode=True where a last window would begin in the padding")


def _avg_pool(g: Graph, call: dict[str, Any], y: Any) -> Any:
    options, divisor = _pool_options(call), call.get("divisor_override")
    _check_ceil(call, options, y)
    if divisor is not None and options["ceil_mode"]:
        raise NotImplementedError("divisor_override with ceil_mode")
    count = 1 if divisor is not None else int(call["count_include_pad"])
    out = g.node("AveragePool", call["input"], count_include_pad=count, **options)
    return out if divisor is None else g.node("Mul", out, g.like(math.prod(options["kernel_shape"]) / divisor, y))


def _adaptive(operator: str) -> Rule:
    def convert(g: Graph, call: dict[str, Any], y: Any) -> Any:
        result = y[0] if isinstance(y, tuple) else y
        sizes = (call.get("_shape") or tuple(call["input"].shape))[2:]
        if operator == "AveragePool" and any(a % b for a, b in zip(sizes, result.shape[-len(sizes) :], strict=True)):
            return _adaptive_by_matrices(g, call["input"], sizes, result)
        if any(a % b for a, b in zip(sizes, result.shape[-len(sizes) :], strict=True)):
            raise NotImplementedError(f"windows of several sizes: {list(sizes)} is no multiple of the output's size")
        if call.get("return_indices"):
            raise NotImplementedError("return_indices=True")
        kernel = [a // b for a, b in zip(sizes, result.shape[-len(sizes) :], strict=True)]
        return g.node(operator, call["input"], kernel_shape=kernel, strides=kernel)

    return convert


def _adaptive_by_matrices(g: Graph, x: Any, sizes: Sequence[int], y: Any) -> Any:
    """Along each dimension the product with a matrix, whose row i has 1 / n at the n cells of window i."""
    matrices = []
    for n, out in zip(sizes, y.shape[-len(sizes) :], strict=True):
        matrix = np.zeros((out, n), y._array.dtype)
        for i in range(out):
            begin, end = i * n // out, -(-(i + 1) * n // out)
            matrix[i, begin:end] = 1 / (end - begin)
        matrices.append(matrix)
    old, new = "xyz"[: len(sizes)], "uvw"[: len(sizes)]
    terms = ",".join(f"{b}{a}" for a, b in zip(old, new, strict=True))
    return g.node("Einsum", x, *matrices, equation=f"nc{old},{terms}->nc{new}")


def _max_unpool(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, places, planes = call["input"], call["indices"], list(y.shape[: -_rank(call)])
    if len(planes) == 1:
        planes, places = [1, *planes], g.node("Unsqueeze", places, vector([0]))
    lines = [g.node("Reshape", value, vector([0, 0, -1])) for value in (x, places)]
    size = math.prod(y.shape[-_rank(call) :])
    start = g.node("Expand", g.like(0, y), g.node("Concat", g.node("Shape", x, start=0, end=2), vector([size]), axis=0))
    flat = g.node("ScatterElements", start, lines[1], lines[0], axis=2)
    return g.node("Reshape", flat, vector([0, 0, *y.shape[-_rank(call) :]]))


for _kind, _convert in (
    ("conv", _conv), ("conv_transpose", _conv_transpose), ("max_pool", _max_pool), ("avg_pool", _avg_pool),
    ("adaptive_avg_pool", _adaptive("AveragePool")), ("adaptive_max_pool", _adaptive("MaxPool")), ("max_unpool", _max_unpool),
):  # fmt: skip
    _for_ranks(_kind, _convert)


@rule("unfold")
def _unfold(g: Graph, call: dict[str, Any], y: Any) -> Any:
    if "kernel_size" not in call:
        raise NotImplementedError("unfold of a tensor along a dimension; F.unfold of images is there")
    kernel, image = ints(call["kernel_size"], 2), call["input"]
    x = image if image.ndim == 4 else g.node("Unsqueeze", image, vector([0]))
    cells, channels = math.prod(kernel), image.shape[-3]
    weight = np.tile(np.eye(cells, dtype=y._array.dtype).reshape(cells, 1, *kernel), (channels, 1, 1, 1))
    windows = g.node(
        "Conv", x, weight, group=channels, kernel_shape=kernel, strides=ints(call["stride"], 2),
        pads=ints(call["padding"], 2) * 2, dilations=ints(call["dilation"], 2),
    )  # fmt: skip
    return g.node("Reshape", windows, vector([0, channels * cells, -1] if image.ndim == 4 else [channels * cells, -1]))


@rule("fold")
def _fold(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, is_alone = call["input"], call["input"].ndim == 2
    image = g.node(
        "Col2Im", g.node("Unsqueeze", x, vector([0])) if is_alone else x, vector(ints(call["output_size"], 2)),
        vector(ints(call["kernel_size"], 2)), dilations=ints(call["dilation"], 2), pads=ints(call["padding"], 2) * 2,
        strides=ints(call["stride"], 2),
    )  # fmt: skip
    return g.node("Squeeze", image, vector([0])) if is_alone else image


@rule("interpolate", "upsample")
def _interpolate(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, mode, corners = call["input"], call["mode"], call["align_corners"]
    if mode == "area":
        raise NotImplementedError("mode='area'; adaptive_avg_pool is the same")
    scale, n = call["scale_factor"], x.ndim - 2
    factors = sizes = None
    if scale is None or call.get("recompute_scale_factor"):
        sizes = vector([*x.shape[:2], *y.shape[2:]])
    else:
        factors = np.asarray([1, 1, *(scale if isinstance(scale, (tuple, list)) else [scale] * n)], np.float32)
        if any(math.floor(float(b) * a) != c for a, b, c in zip(x.shape[2:], factors[2:], y.shape[2:], strict=True)):
            raise NotImplementedError(f"the scale {scale}, which in float32 gives another size; pass the size")
    way = {"nearest": "nearest", "nearest-exact": "nearest", "bicubic": "cubic"}.get(mode, "linear")
    exact = mode == "nearest-exact"
    coordinates = "align_corners" if corners else "half_pixel" if way != "nearest" or exact else "asymmetric"
    rounding = "round_prefer_ceil" if exact else "floor"
    return g.node(
        "Resize", x, None, factors, sizes, mode=way, coordinate_transformation_mode=coordinates,
        nearest_mode=rounding if way == "nearest" else None, cubic_coeff_a=-0.75 if way == "cubic" else None,
    )  # fmt: skip


@rule("pixel_shuffle", "pixel_unshuffle")
def _pixels(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, up = call["input"], "upscale_factor" in call
    r, (c, h, w) = int(call["upscale_factor" if up else "downscale_factor"]), x.shape[-3:]
    if up:
        blocks, order = [-1, c // (r * r), r, r, h, w], [0, 1, 4, 2, 5, 3]
    else:
        blocks, order = [-1, c, h // r, r, w // r, r], [0, 1, 3, 5, 2, 4]
    moved = g.node("Transpose", g.node("Reshape", x, vector(blocks)), perm=order)
    return g.node("Reshape", moved, vector([-1, *y.shape[1:]] if y.ndim == 4 else y.shape))


# ---- normalization -------------------------------------------------------------------------------------------------------


def _scaled(g: Graph, out: Any, weight: Any, bias: Any, shape: Sequence[int]) -> Any:
    for operator, value in (("Mul", weight), ("Add", bias)):
        if value is not None:
            out = g.node(operator, out, g.node("Reshape", value, vector(shape)))
    return out


@rule("batch_norm")
def _batch_norm(g: Graph, call: dict[str, Any], y: Any) -> Any:
    if call["training"] or call["running_mean"] is None:  # the statistics of the batch itself
        out = _standardized(g, call["input"], (0, *range(2, y.ndim)), call["eps"], y)
        return _scaled(g, out, call["weight"], call["bias"], [1, y.shape[1], *[1] * (y.ndim - 2)])
    channels = y.shape[1]
    weight = np.ones(channels, y._array.dtype) if call["weight"] is None else call["weight"]
    bias = np.zeros(channels, y._array.dtype) if call["bias"] is None else call["bias"]
    return g.node(
        "BatchNormalization", call["input"], weight, bias, call["running_mean"], call["running_var"], epsilon=float(call["eps"])
    )


@rule("instance_norm")
def _instance_norm(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, shape = call["input"], [1, y.shape[1], *[1] * (y.ndim - 2)]
    if not call["use_input_stats"]:
        return RULES["batch_norm"](g, {**call, "training": False}, y)
    return _scaled(g, _standardized(g, x, range(2, y.ndim), call["eps"], y), call["weight"], call["bias"], shape)


@rule("group_norm")
def _group_norm(g: Graph, call: dict[str, Any], y: Any) -> Any:
    groups = g.node("Reshape", call["input"], vector([0, call["num_groups"], -1]))
    out = _standardized(g, groups, [2], call["eps"], y)
    shape = [1, y.shape[1], *[1] * (y.ndim - 2)]
    return _scaled(g, g.node("Reshape", out, vector([0, *y.shape[1:]])), call["weight"], call["bias"], shape)


@rule("layer_norm")
def _layer_norm(g: Graph, call: dict[str, Any], y: Any) -> Any:
    shape = ints(call["normalized_shape"], 1)
    out = _standardized(g, call["input"], range(y.ndim - len(shape), y.ndim), call["eps"], y)
    return _scaled(g, out, call["weight"], call["bias"], shape)


@rule("rms_norm")
def _rms_norm(g: Graph, call: dict[str, Any], y: Any) -> Any:
    x, shape = call["input"], ints(call["normalized_shape"], 1)
    eps = float(np.finfo(y._array.dtype).eps) if call["eps"] is None else call["eps"]
    mean = g.node("ReduceMean", g.node("Mul", x, x), vector([*range(y.ndim - len(shape), y.ndim)]), keepdims=1)
    return _scaled(g, g.node("Div", x, g.node("Sqrt", g.node("Add", mean, g.like(eps, y)))), call["weight"], None, shape)


def _standardized(g: Graph, x: Any, axes: Sequence[int], eps: float, y: Any) -> Any:
    """(x - mean) / sqrt(variance + eps)."""
    centred = g.node("Sub", x, g.node("ReduceMean", x, vector([*axes]), keepdims=1))
    variance = g.node("ReduceMean", g.node("Mul", centred, centred), vector([*axes]), keepdims=1)
    return g.node("Div", centred, g.node("Sqrt", g.node("Add", variance, g.like(eps, y))))


@rule("cosine_similarity")
def _cosine_similarity(g: Graph, call: dict[str, Any], y: Any) -> Any:
    a, b, axis = call["x1"], call["x2"], vector([call["dim"]])
    dots = [g.node("ReduceSum", g.node("Mul", u, v), axis, keepdims=0) for u, v in ((a, b), (a, a), (b, b))]
    least = g.like(call["eps"], y)
    norms = [g.node("Max", g.node("Sqrt", square), least) for square in dots[1:]]
    return g.node("Div", dots[0], g.node("Mul", *norms))


@rule("normalize")
def _normalize(g: Graph, call: dict[str, Any], y: Any) -> Any:
    if call["p"] not in (1, 2):
        raise NotImplementedError(f"p={call['p']}: 1 and 2 are there")
    norm = g.node(f"ReduceL{int(call['p'])}", call["input"], vector([call["dim"]]), keepdims=1)
    return g.node("Div", call["input"], g.node("Max", norm, g.like(call["eps"], y)))
