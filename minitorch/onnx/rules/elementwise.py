"""Rules of functions of single elements, with the activations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch.backend.dtypes import promote_types
from minitorch.onnx.rules.table import RULES, Rule, first, others, rule, vector
from minitorch.onnx.trace import Graph
from minitorch.tensor import Tensor

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
            raise NotImplementedError("of integers is not supported; of bools it is")
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
    x, alpha = call["input"], g.like(call["alpha"], y)  # the operator Celu takes float32 alone
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
