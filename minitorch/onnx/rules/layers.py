"""Rules of layers: linear maps and attention, windows, normalization."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.onnx.rules.table import RULES, Rule, ints, rule, vector
from minitorch.onnx.trace import Graph

# ---- linear maps, attention, recurrence ---------------------------------------------------------------------------------


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


def _over_time(step: Callable[..., tuple[Any, Any]]) -> Rule:
    """The rule of a recurrence: the nodes of every step."""

    def convert(g: Graph, call: dict[str, Any], y: Any) -> Any:
        sizes, projection, count, order = call["sizes"], call["projection"], len(call["sizes"]), slice(None)
        inputs = g.node("Split", call["input"], vector(sizes), outputs=count, axis=0) if count > 1 else [call["input"]]
        if call["reverse"]:
            order = slice(None, None, -1)
        state, rows = [s for s in (call["h"], call["c"]) if s is not None], []
        for x, size in [*zip(inputs, sizes, strict=True)][order]:
            ended = size < sizes[0]
            now = [g.node("Slice", s, vector([0]), vector([size]), vector([0])) for s in state] if ended else state
            new = [s for s in step(g, x, g.node("Gemm", now[0], call["weight"], call["bias"], transB=1), *now) if s is not None]
            if projection is not None:
                new[0] = g.node("Gemm", new[0], projection, transB=1)
            rows.append(new[0])
            if ended:
                old = [g.node("Slice", s, vector([size]), vector([sizes[0]]), vector([0])) for s in state]
                new = [g.node("Concat", *pair, axis=0) for pair in zip(new, old, strict=True)]
            state = new
        return [g.node("Concat", *rows[order], axis=0) if count > 1 else rows[0], *state]

    return convert


def _parts(g: Graph, x: Any, count: int) -> Any:
    return g.node("Split", x, outputs=count, axis=-1, num_outputs=count)


def _lstm_step(g: Graph, x: Any, y: Any, h: Any, c: Any) -> tuple[Any, Any]:
    parts = _parts(g, g.node("Add", x, y), 4)
    i, f, new, o = (g.node("Tanh" if n == 2 else "Sigmoid", part) for n, part in enumerate(parts))
    c = g.node("Add", g.node("Mul", f, c), g.node("Mul", i, new))
    return g.node("Mul", o, g.node("Tanh", c)), c


def _gru_step(g: Graph, x: Any, y: Any, h: Any) -> tuple[Any, Any]:
    (x_r, x_z, x_n), (y_r, y_z, y_n) = _parts(g, x, 3), _parts(g, y, 3)
    r, z = (g.node("Sigmoid", g.node("Add", a, b)) for a, b in ((x_r, y_r), (x_z, y_z)))
    n = g.node("Tanh", g.node("Add", x_n, g.node("Mul", r, y_n)))
    return g.node("Add", n, g.node("Mul", z, g.node("Sub", h, n))), None


RULES["rnn_tanh"] = _over_time(lambda g, x, y, h: (g.node("Tanh", g.node("Add", x, y)), None))
RULES["rnn_relu"] = _over_time(lambda g, x, y, h: (g.node("Relu", g.node("Add", x, y)), None))
RULES["lstm"], RULES["gru"] = _over_time(_lstm_step), _over_time(_gru_step)


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
        raise NotImplementedError("unfold of a tensor along a dimension is not supported; F.unfold of images is")
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
        raise NotImplementedError(f"p={call['p']} is not supported; 1 and 2 are")
    norm = g.node(f"ReduceL{int(call['p'])}", call["input"], vector([call["dim"]]), keepdims=1)
    return g.node("Div", call["input"], g.node("Max", norm, g.like(call["eps"], y)))
