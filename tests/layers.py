"""For every layer of the package: how to draw its options and what to call it with. One entry a layer; the tests walk them all.

An entry is a function that is given a `Draw` (tests/drawing.py) and returns a `Case`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.backend.window import Window
from tests.drawing import Draw


@dataclass
class Case:
    """`options` of the layer `name`, by keyword, and the arrays to call it with, in training mode or not."""

    name: str
    options: dict[str, Any]
    inputs: list[np.ndarray]
    named: dict[str, Any] = field(default_factory=dict)  # further arguments of the call
    training: bool = True
    constant: tuple[int, ...] = ()  # inputs that are targets only: nothing is differentiated with respect to them
    arguments: Callable[..., tuple[Any, ...]] = lambda *inputs: inputs  # the call's arguments, made of the inputs

    def build(self, lib: Any) -> Any:
        """The layer itself, of minitorch or of torch, in float64."""
        options = {k: lib.from_numpy(v.copy()) if isinstance(v, np.ndarray) else v for k, v in self.options.items()}
        return getattr(lib.nn, self.name)(**options).double().train(self.training)

    def run(self, lib: Any, *tensors: Any, rounded: bool = False) -> Any:
        """The layer's output for tensors: those of the inputs, then one for each parameter, so that all have gradients.

        With it come the buffers, which the call may have changed. With `rounded` they have been rounded to float16.
        """
        layer = self.build(lib)
        if tensors and tensors[0].is_floating_point():
            layer = (layer.half() if rounded else layer).to(tensors[0].dtype)
        inputs, weights = tensors[: len(self.inputs)], tensors[len(self.inputs) :]
        for (name, _), weight in zip(list(layer.named_parameters()), weights, strict=True):
            owner, _, name = name.rpartition(".")
            delattr(layer.get_submodule(owner), name)
            setattr(layer.get_submodule(owner), name, weight)
        for i, x in enumerate(inputs):
            if i in self.constant:
                inputs = (*inputs[:i], x.detach(), *inputs[i + 1 :])
            elif self.options.get("inplace") and x.is_floating_point():
                inputs = (*inputs[:i], x * 1.0, *inputs[i + 1 :])  # a leaf may not be changed in place
        named = {k: lib.from_numpy(v.numpy()) if isinstance(v, mt.Tensor) else v for k, v in self.named.items()}
        out = layer(*self.arguments(*inputs), **named)
        return (*flat(out), *layer.buffers())

    def arrays(self, dtype: Any = np.float64) -> list[np.ndarray]:
        """The inputs, and values for the parameters."""
        random = np.random.default_rng(1)
        shapes = [tuple(p.shape) for p in self.build(mt).parameters()]
        given = [*self.inputs, *(random.uniform(0.3, 1.3, s) * random.choice([-1, 1], s) for s in shapes)]
        return [a.astype(dtype) if a.dtype.kind == "f" else a for a in given]

    def settings(self) -> dict[str, Any]:
        """All options of the layer, with the defaults of those that are not given."""
        parameters = inspect.signature(getattr(mt.nn, self.name)).parameters.values()
        return {p.name: self.options.get(p.name, p.default) for p in parameters}


def flat(value: Any) -> tuple[Any, ...]:
    """The tensors in a result of tuples within tuples."""
    return tuple(part for v in value for part in flat(v)) if isinstance(value, tuple) else () if value is None else (value,)


class Drawing(Draw):
    """A `Draw` with words for what layers are made of."""

    def flag(self) -> bool:
        return bool(self.integers(0, 1))

    def real(self, low: float, high: float) -> float:
        return low + (high - low) * self.integers(0, 100) / 100

    def sizes(self, rank: int, low: int, high: int) -> Any:
        """An option for each dimension: an int for all, or a tuple."""
        several = tuple(self.integers(low, high) for _ in range(rank))
        return self.choose([several[0], several])

    def array(self, *shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
        return self.values.uniform(low, high, shape)

    def apart(self, *shape: int) -> np.ndarray:
        """Values no two of which are close."""
        return self.distinct(shape).detach().numpy()

    def batch(self) -> tuple[int, ...]:
        return self.choose([(), (1,), (2,)])

    def some(self, **options: Any) -> dict[str, Any]:
        """A part of the options."""
        return {k: v for k, v in options.items() if self.flag()}


def whole(value: Any, rank: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,) * rank


def plain(name: str, shape: Callable[[Drawing], tuple[int, ...]] | None = None, **options: Callable[[Drawing], Any]):
    """A layer of one input of any shape, whose options are drawn each on its own."""

    def entry(draw: Drawing) -> Case:
        drawn = {k: f(draw) for k, f in options.items()}
        size = shape(draw) if shape else draw.shape(0, 3)
        return Case(name, {k: v for k, v in drawn.items() if v is not None}, [draw.array(*size, low=-4.0, high=4.0)])

    return entry


def inplace(draw: Drawing) -> Any:
    return draw.choose([None, True])


# ---- windows -----------------------------------------------------------------------------------------------------------


def conv(rank: int):
    def entry(draw: Drawing) -> Case:
        kernel = draw.sizes(rank, 1, 3 if rank < 3 else 2)
        dilation, groups = draw.sizes(rank, 1, 2), draw.integers(1, 2)
        options = draw.some(bias=False, padding_mode=draw.choose(["zeros", "reflect", "replicate", "circular"]))
        word = draw.choose(["number", "number", "same", "valid"])
        least = 3 if rank < 3 else 2  # of a dimension: reflected padding is smaller
        padding = draw.sizes(rank, 0, least - 1) if word == "number" else word
        stride = draw.sizes(rank, 1, 3) if word != "same" else 1
        spans = [d * (k - 1) + 1 for k, d in zip(whole(kernel, rank), whole(dilation, rank), strict=True)]
        size = [max(span, least) + draw.integers(0, least - 1) for span in spans]
        c = groups * draw.integers(1, 2)
        options |= {"in_channels": c, "out_channels": groups * draw.integers(1, 2), "kernel_size": kernel, "stride": stride}
        options |= {"padding": padding, "dilation": dilation, "groups": groups}
        return Case(f"Conv{rank}d", options, [draw.array(*draw.batch(), c, *size)])

    return entry


def conv_transpose(rank: int):
    def entry(draw: Drawing) -> Case:
        kernel, stride = draw.sizes(rank, 2, 3 if rank < 3 else 2), draw.sizes(rank, 1, 3 if rank < 3 else 2)
        dilation, groups = draw.sizes(rank, 1, 2), draw.integers(1, 2)
        most = min(max(s, d) for s, d in zip(whole(stride, rank), whole(dilation, rank), strict=True)) - 1
        options = draw.some(bias=False, padding=draw.sizes(rank, 0, 1), output_padding=draw.sizes(rank, 0, most))
        c = groups * draw.integers(1, 2)
        size = [draw.integers(2, 3) for _ in range(rank)]
        options |= {"in_channels": c, "out_channels": groups * draw.integers(1, 2), "kernel_size": kernel, "stride": stride}
        options |= {"dilation": dilation, "groups": groups}
        named = {}
        if draw.flag():
            padding = whole(options.get("padding", 0), rank)
            per_dim = zip(size, whole(stride, rank), padding, whole(dilation, rank), whole(kernel, rank), strict=True)
            named["output_size"] = [
                (n - 1) * s - 2 * p + d * (k - 1) + 1 + draw.integers(0, s - 1) for n, s, p, d, k in per_dim
            ]
        return Case(f"ConvTranspose{rank}d", options, [draw.array(*draw.batch(), c, *size)], named)

    return entry


def pool(rank: int, kind: str):
    def entry(draw: Drawing) -> Case:
        kernel = draw.sizes(rank, 1, 3 if rank < 3 else 2)
        padding = draw.integers(0, min(whole(kernel, rank)) // 2)
        options = draw.some(stride=draw.sizes(rank, 1, 3), padding=padding, ceil_mode=True)
        if kind == "Max":
            options |= draw.some(dilation=draw.sizes(rank, 1, 2), return_indices=True)
        else:
            options |= draw.some(count_include_pad=False, **({"divisor_override": draw.integers(1, 5)} if rank > 1 else {}))
        dilation = whole(options.get("dilation", 1), rank)
        size = [d * (k - 1) + 1 + draw.integers(0, 3) for k, d in zip(whole(kernel, rank), dilation, strict=True)]
        shape = (*draw.batch(), draw.integers(1, 2), *size)
        return Case(f"{kind}Pool{rank}d", {"kernel_size": kernel, **options}, [draw.apart(*shape)])

    return entry


def unpool(rank: int):
    def entry(draw: Drawing) -> Case:
        kernel, options = draw.sizes(rank, 2, 3), draw.some(stride=draw.sizes(rank, 1, 3))
        stride = whole(options.get("stride", kernel), rank)
        size = [draw.integers(2, 3) for _ in range(rank)]
        out = [(n - 1) * s + k for n, s, k in zip(size, stride, whole(kernel, rank), strict=True)]
        named = {}
        if draw.flag():
            out = named["output_size"] = [n + draw.integers(1 - s, s - 1) for n, s in zip(out, stride, strict=True)]
        shape = (*draw.batch(), draw.integers(1, 2), *size)
        places = [draw.values.permutation(math.prod(out))[: math.prod(size)] for _ in range(math.prod(shape[:-rank]))]
        if len(places[0]) < math.prod(size):  # fewer places than elements: nothing to unpool without repeating
            return entry(draw)
        return Case(
            f"MaxUnpool{rank}d",
            {"kernel_size": kernel, **options},
            [draw.array(*shape), np.array(places).reshape(shape)],
            named,
        )

    return entry


def adaptive(rank: int, kind: str):
    def entry(draw: Drawing) -> Case:
        size = [draw.integers(1, 6 if rank < 3 else 3) for _ in range(rank)]
        out = draw.sizes(rank, 1, 4)
        if rank > 1 and isinstance(out, tuple) and draw.flag():
            out = (None, *out[1:])
        options = draw.some(return_indices=True) if kind == "Max" else {}
        x = draw.apart(*draw.batch(), draw.integers(1, 2), *size)
        return Case(f"Adaptive{kind}Pool{rank}d", {"output_size": out, **options}, [x])

    return entry


def unfold(draw: Drawing) -> Case:
    options = {"kernel_size": draw.sizes(2, 1, 2)} | draw.some(stride=draw.sizes(2, 1, 2), padding=1, dilation=2)
    return Case("Unfold", options, [draw.array(*draw.batch(), 2, draw.integers(3, 4), draw.integers(3, 5))])


def fold(draw: Drawing) -> Case:
    kernel, options = draw.sizes(2, 1, 2), draw.some(stride=draw.sizes(2, 1, 2), padding=1, dilation=2)
    size = (draw.integers(3, 4), draw.integers(3, 5))
    given = [options.get(k, d) for k, d in (("stride", 1), ("padding", 0), ("dilation", 1))]
    window = Window.of("fold", 2, kernel, *given)
    columns = (2 * math.prod(window.kernel), math.prod(window.output_size(size)))
    return Case("Fold", {"output_size": size, "kernel_size": kernel, **options}, [draw.array(*draw.batch(), *columns)])


# ---- grids -------------------------------------------------------------------------------------------------------------


def border(rank: int, kind: str):
    def entry(draw: Drawing) -> Case:
        most = 2 if rank < 3 else 1
        size = [draw.integers(most + 1, 4 if rank < 3 else 2) for _ in range(rank)]
        least = -1 if kind in ("Constant", "Zero") else 0
        padding = draw.choose([draw.integers(0, most), tuple(draw.integers(least, most) for _ in range(2 * rank))])
        options = {"padding": padding} | ({"value": 1.5} if kind == "Constant" else {})
        return Case(f"{kind}Pad{rank}d", options, [draw.array(*draw.batch(), 1, *size)])

    return entry


def upsample(draw: Drawing) -> Case:
    rank = draw.integers(1, 3)
    mode = draw.choose(["nearest", "nearest-exact", "area", ("linear", "bilinear", "trilinear")[rank - 1]])
    size = [draw.integers(1, 5 if rank < 3 else 3) for _ in range(rank)]
    options: dict[str, Any] = {"mode": mode}
    if draw.flag():
        options["size"] = draw.sizes(rank, 1, 7 if rank < 3 else 4)
    else:
        options["scale_factor"] = draw.choose([2, 1.5, 3.0, tuple(draw.choose([1.0, 1.3, 2.5]) for _ in range(rank))])
        options |= draw.some(recompute_scale_factor=True)
    if mode.endswith("linear"):
        options |= draw.some(align_corners=draw.flag())
    return Case("Upsample", options, [draw.array(draw.integers(1, 2), 2, *size)])


def pixel_shuffle(draw: Drawing) -> Case:
    r = draw.integers(1, 3)
    return Case("PixelShuffle", {"upscale_factor": r}, [draw.array(*draw.shape(0, 2), r * r * draw.integers(1, 2), 2, 3)])


def pixel_unshuffle(draw: Drawing) -> Case:
    r = draw.integers(1, 3)
    return Case("PixelUnshuffle", {"downscale_factor": r}, [draw.array(*draw.shape(0, 2), 2, r * draw.integers(1, 2), r * 2)])


# ---- maps --------------------------------------------------------------------------------------------------------------


def linear(draw: Drawing) -> Case:
    n = draw.integers(1, 4)
    options = {"in_features": n, "out_features": draw.integers(1, 3)} | draw.some(bias=False)
    return Case("Linear", options, [draw.array(*draw.shape(0, 2), n)])


def bilinear(draw: Drawing) -> Case:
    n, m, batch = draw.integers(1, 3), draw.integers(1, 3), draw.shape(0, 2)
    options = {"in1_features": n, "in2_features": m, "out_features": draw.integers(1, 3)} | draw.some(bias=False)
    return Case("Bilinear", options, [draw.array(*batch, n), draw.array(*batch, m)])


def embedding(draw: Drawing) -> Case:
    options = draw.some(padding_idx=draw.integers(-4, 3), scale_grad_by_freq=True)
    return Case(
        "Embedding", {"num_embeddings": 4, "embedding_dim": 3, **options}, [draw.values.integers(0, 4, draw.shape(0, 2))]
    )


def flatten(draw: Drawing) -> Case:
    shape = draw.shape(2)
    return Case("Flatten", draw.some(start_dim=draw.integers(0, 1), end_dim=-1), [draw.array(*shape)])


def unflatten(draw: Drawing) -> Case:
    a, b = draw.integers(1, 3), draw.integers(1, 3)
    return Case(
        "Unflatten", {"dim": draw.choose([1, -1]), "unflattened_size": draw.choose([(a, b), (a, -1)])}, [draw.array(2, a * b)]
    )


def prelu(draw: Drawing) -> Case:
    c = draw.integers(1, 3)
    return Case("PReLU", {"num_parameters": draw.choose([1, c])} | draw.some(init=0.1), [draw.array(2, c, *draw.shape(0, 2))])


# ---- normalization -----------------------------------------------------------------------------------------------------


def running_norm(kind: str, rank: int):
    def entry(draw: Drawing) -> Case:
        c = draw.integers(1, 3)
        options = draw.some(
            eps=0.1, momentum=draw.choose([0.3] if kind == "Instance" else [0.3, None]), affine=draw.flag(),
            track_running_stats=draw.flag(), bias=False,
        )  # fmt: skip
        size = tuple(draw.integers(2, 3) for _ in range(rank))
        batch: tuple[int, ...] = (draw.integers(2, 3),)
        if kind == "Batch" and rank == 1 and draw.flag():
            size = ()
        if kind == "Instance":
            batch = draw.choose([(), batch])
        x = draw.array(*batch, c, *size)
        return Case(f"{kind}Norm{rank}d", {"num_features": c, **options}, [x], training=draw.flag())

    return entry


def layer_norm(draw: Drawing) -> Case:
    shape = tuple(draw.integers(2, 3) for _ in range(draw.integers(1, 2)))
    options = draw.some(eps=0.1, elementwise_affine=draw.flag(), bias=False)
    given = draw.choose([shape, list(shape)]) if len(shape) > 1 else shape[0]
    return Case("LayerNorm", {"normalized_shape": given, **options}, [draw.array(*draw.shape(0, 2), *shape)])


def rms_norm(draw: Drawing) -> Case:
    case = layer_norm(draw)
    case.options.pop("bias", None)
    return Case("RMSNorm", case.options, case.inputs)


def group_norm(draw: Drawing) -> Case:
    groups = draw.integers(1, 2)
    c = groups * draw.integers(1, 2)
    options = draw.some(eps=0.1, affine=draw.flag(), bias=False)
    return Case("GroupNorm", {"num_groups": groups, "num_channels": c, **options}, [draw.array(2, c, *draw.shape(1, 2, 2))])


def dropout(name: str, rank: int):
    """In eval mode, where it is the identity; what it does in training has tests of its own."""

    def entry(draw: Drawing) -> Case:
        return Case(name, draw.some(p=0.3), [draw.array(2, 2, *(3,) * rank)], training=False)

    return entry


# ---- recurrence --------------------------------------------------------------------------------------------------------


def state_of(shapes: list[tuple[int, ...]], draw: Drawing) -> tuple[list[np.ndarray], Callable[..., tuple[Any, ...]]]:
    """Arrays for the first state, sometimes none, and how a call takes them: alone, or two in a tuple."""
    if draw.flag():
        return [], lambda x: (x,)
    arrays = [draw.array(*shape) for shape in shapes]
    return arrays, lambda x, *state: (x, state if len(shapes) > 1 else state[0])


def recurrent(name: str):
    def entry(draw: Drawing) -> Case:
        n, hidden, steps, batch = draw.integers(1, 2), draw.integers(1, 2), draw.integers(1, 3), draw.choose([(), (1,), (2,)])
        layers = draw.integers(1, 2)
        options = draw.some(bias=False, batch_first=True, bidirectional=True)
        options |= {"input_size": n, "hidden_size": hidden, "num_layers": layers}
        if name == "RNN" and draw.flag():
            options["nonlinearity"] = "relu"
        if name == "LSTM" and hidden > 1 and draw.flag():
            options["proj_size"] = hidden - 1
        time_first = (steps, *batch, n)
        shape = (*batch, steps, n) if "batch_first" in options else time_first
        passes = layers * (2 if "bidirectional" in options else 1)
        sizes = [options.get("proj_size", hidden), *([hidden] if name == "LSTM" else [])]
        state, arguments = state_of([(passes, *batch, size) for size in sizes], draw)
        return Case(name, options, [draw.array(*shape), *state], arguments=arguments)

    return entry


def cell(name: str):
    def entry(draw: Drawing) -> Case:
        n, hidden, batch = draw.integers(1, 3), draw.integers(1, 3), draw.choose([(), (1,), (2,)])
        options = {"input_size": n, "hidden_size": hidden} | draw.some(bias=False)
        if name == "RNNCell" and draw.flag():
            options["nonlinearity"] = "relu"
        state, arguments = state_of([(*batch, hidden)] * (2 if name == "LSTMCell" else 1), draw)
        return Case(name, options, [draw.array(*batch, n), *state], arguments=arguments)

    return entry


def attention(draw: Drawing) -> Case:
    heads, rows, columns, batch = draw.integers(1, 2), draw.integers(1, 3), draw.integers(1, 3), draw.choose([(), (1,), (2,)])
    e = heads * draw.integers(1, 2)
    options = draw.some(bias=False, add_bias_kv=True, add_zero_attn=True, batch_first=True, kdim=3, vdim=2)
    named = draw.some(need_weights=False, average_attn_weights=False)
    if draw.flag():
        mask = draw.values.random((rows, columns)) < 0.5
        mask[:, 0] = False  # each query has a key
        if draw.flag():
            mask = np.broadcast_to(mask, (math.prod(batch) * heads, rows, columns)).copy()
        named["attn_mask"] = mt.from_numpy(mask)
    if draw.flag():
        padding = np.zeros((*batch, columns), bool)
        padding[..., 1:] = draw.flag()
        named["key_padding_mask"] = mt.from_numpy(padding)
    sizes = [(rows, e), (columns, options.get("kdim", e)), (columns, options.get("vdim", e))]
    shapes = [(*batch, n, f) if "batch_first" in options else (n, *batch, f) for n, f in sizes]
    return Case("MultiheadAttention", {"embed_dim": e, "num_heads": heads, **options}, [draw.array(*s) for s in shapes], named)


# ---- losses ------------------------------------------------------------------------------------------------------------


def reduction(draw: Drawing) -> dict[str, Any]:
    return {"reduction": draw.choose(["none", "mean", "sum"])}


def loss(name: str, target: Callable[[Drawing, tuple[int, ...]], np.ndarray], low=-2.0, high=2.0, least=0, **options):
    """A loss of an input and a target of the same shape."""
    constant = (1,) if target in (signs, counts) else ()

    def entry(draw: Drawing) -> Case:
        shape = draw.shape(least, 3)
        drawn = {k: f(draw, shape) for k, f in options.items()}
        given = {k: v for k, v in drawn.items() if v is not None} | reduction(draw)
        return Case(name, given, [draw.array(*shape, low=low, high=high), target(draw, shape)], constant=constant)

    return entry


def real_target(draw: Drawing, shape: tuple[int, ...]) -> np.ndarray:
    return draw.array(*shape)


def share(draw: Drawing, shape: tuple[int, ...]) -> np.ndarray:
    return draw.array(*shape, low=0.1, high=0.9)


def signs(draw: Drawing, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(draw.values.choice([-1.0, 1.0], shape))


def counts(draw: Drawing, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(draw.values.integers(0, 5, shape).astype(np.float64))


def weights(draw: Drawing, shape: tuple[int, ...]) -> np.ndarray | None:
    return draw.choose([None, draw.array(*shape, low=0.5)])


def maybe(*values: Any):
    return lambda draw, shape: draw.choose([None, *values])


def classes(name: str):
    def entry(draw: Drawing) -> Case:
        c, batch = draw.integers(2, 4), draw.choose([(), (3,), (2, 2), (2, 1, 3)])
        shape = (*batch[:1], c, *batch[1:])
        options = draw.some(weight=draw.array(c, low=0.5), ignore_index=0) | reduction(draw)
        target: np.ndarray = np.asarray(draw.values.integers(0, c, batch))
        if name == "CrossEntropyLoss":
            options |= draw.some(label_smoothing=0.2)
            if draw.flag():
                target = share(draw, shape)
                options.pop("ignore_index", None)
        return Case(name, options, [draw.array(*shape), target])

    return entry


def gaussian(draw: Drawing) -> Case:
    shape = draw.shape(1)
    var = draw.choose([shape, (*shape[:-1], 1), shape[:-1]])
    arrays = [draw.array(*shape), draw.array(*shape), draw.array(*var, low=0.5)]
    return Case("GaussianNLLLoss", draw.some(full=True) | reduction(draw), arrays)


def margin_ranking(draw: Drawing) -> Case:
    shape = draw.shape(0, 2)
    return Case(
        "MarginRankingLoss",
        draw.some(margin=0.5) | reduction(draw),
        [draw.array(*shape), draw.array(*shape), signs(draw, shape)],
        constant=(2,),
    )


def cosine_embedding(draw: Drawing) -> Case:
    batch, d = draw.choose([(), (3,)]), draw.integers(1, 3)
    arrays = [draw.array(*batch, d), draw.array(*batch, d), signs(draw, batch)]
    return Case("CosineEmbeddingLoss", draw.some(margin=0.3) | reduction(draw), arrays, constant=(2,))


def multi_margin(draw: Drawing) -> Case:
    batch, c = draw.choose([(), (3,)]), draw.integers(2, 4)
    options = draw.some(p=2, margin=0.7, weight=draw.array(c, low=0.5)) | reduction(draw)
    return Case("MultiMarginLoss", options, [draw.array(*batch, c), np.asarray(draw.values.integers(0, c, batch))])


def multilabel_margin(draw: Drawing) -> Case:
    batch, c = draw.choose([(1,), (3,)]), draw.integers(2, 4)
    rows = [np.r_[draw.values.permutation(c)[: draw.integers(0, c)], np.full(c, -1)][:c] for _ in range(math.prod(batch))]
    target = np.array(rows).reshape(*batch, c)
    if draw.flag():
        batch, target = (), target[0]
    return Case("MultiLabelMarginLoss", reduction(draw), [draw.array(*batch, c), target])


def triplet(draw: Drawing) -> Case:
    shape = (*draw.batch(), draw.integers(2, 3))
    options = draw.some(margin=0.5, p=draw.choose([1.0, 3.0, 1.5]), swap=True) | reduction(draw)
    return Case("TripletMarginLoss", options, [draw.array(*shape) for _ in range(3)])


def distance(name: str):
    def entry(draw: Drawing) -> Case:
        shape = (2, draw.integers(2, 3), draw.integers(1, 2))
        options = draw.some(dim=draw.dim(3)) if name == "CosineSimilarity" else draw.some(p=3.0, keepdim=True)
        return Case(name, options, [draw.array(*shape), draw.array(*shape)])

    return entry


def along(name: str):
    def entry(draw: Drawing) -> Case:
        shape = draw.shape(1)
        return Case(name, {"dim": draw.dim(len(shape))}, [draw.array(*shape)])

    return entry


def halves(draw: Drawing) -> Case:
    shape = draw.shape(1)
    dim = draw.dim(len(shape))
    return Case("GLU", {"dim": dim}, [draw.array(*(2 * n if i == dim % len(shape) else n for i, n in enumerate(shape)))])


LAYERS: dict[str, Callable[[Drawing], Case]] = {
    **{f"Conv{r}d": conv(r) for r in (1, 2, 3)},
    **{f"ConvTranspose{r}d": conv_transpose(r) for r in (1, 2, 3)},
    **{f"{kind}Pool{r}d": pool(r, kind) for r in (1, 2, 3) for kind in ("Max", "Avg")},
    **{f"MaxUnpool{r}d": unpool(r) for r in (1, 2, 3)},
    **{f"Adaptive{kind}Pool{r}d": adaptive(r, kind) for r in (1, 2, 3) for kind in ("Max", "Avg")},
    **{
        f"{kind}Pad{r}d": border(r, kind)
        for r in (1, 2, 3)
        for kind in ("Constant", "Zero", "Reflection", "Replication", "Circular")
    },
    "Unfold": unfold,
    "Fold": fold,
    "Upsample": upsample,
    "PixelShuffle": pixel_shuffle,
    "PixelUnshuffle": pixel_unshuffle,
    "Linear": linear,
    "Bilinear": bilinear,
    "Identity": plain("Identity"),
    "Flatten": flatten,
    "Unflatten": unflatten,
    "Embedding": embedding,
    "Sigmoid": plain("Sigmoid"),
    "Tanh": plain("Tanh"),
    "ReLU": plain("ReLU", inplace=inplace),
    "LeakyReLU": plain("LeakyReLU", negative_slope=lambda d: d.choose([None, 0.2]), inplace=inplace),
    "PReLU": prelu,
    "RReLU": plain("RReLU", lower=lambda d: 0.25, upper=lambda d: 0.25, inplace=inplace),
    "ReLU6": plain("ReLU6", inplace=inplace),
    "ELU": plain("ELU", alpha=lambda d: d.choose([None, 0.5]), inplace=inplace),
    "SELU": plain("SELU", inplace=inplace),
    "CELU": plain("CELU", alpha=lambda d: d.choose([None, 0.5]), inplace=inplace),
    "GELU": plain("GELU", approximate=lambda d: d.choose([None, "tanh"])),
    "SiLU": plain("SiLU", inplace=inplace),
    "Mish": plain("Mish", inplace=inplace),
    "Softplus": plain("Softplus", beta=lambda d: d.choose([None, 2.0]), threshold=lambda d: d.choose([None, 3.0])),
    "Softsign": plain("Softsign"),
    "Softshrink": plain("Softshrink", lambd=lambda d: d.choose([None, 1.0])),
    "Hardshrink": plain("Hardshrink", lambd=lambda d: d.choose([None, 1.0])),
    "Tanhshrink": plain("Tanhshrink"),
    "Hardtanh": plain("Hardtanh", min_val=lambda d: d.choose([None, -2.0]), inplace=inplace),
    "Hardsigmoid": plain("Hardsigmoid", inplace=inplace),
    "Hardswish": plain("Hardswish", inplace=inplace),
    "LogSigmoid": plain("LogSigmoid"),
    "Threshold": plain("Threshold", threshold=lambda d: 0.5, value=lambda d: -1.0, inplace=inplace),
    "GLU": halves,
    "Softmax": along("Softmax"),
    "Softmin": along("Softmin"),
    "LogSoftmax": along("LogSoftmax"),
    "Softmax2d": plain("Softmax2d", lambda d: (*d.batch(), 3, 2, 2)),
    **{f"BatchNorm{r}d": running_norm("Batch", r) for r in (1, 2, 3)},
    **{f"InstanceNorm{r}d": running_norm("Instance", r) for r in (1, 2, 3)},
    "LayerNorm": layer_norm,
    "GroupNorm": group_norm,
    "RMSNorm": rms_norm,
    "MultiheadAttention": attention,
    "Dropout": dropout("Dropout", 1),
    **{f"Dropout{r}d": dropout(f"Dropout{r}d", r) for r in (1, 2, 3)},
    **{name: dropout(name, 1) for name in ("AlphaDropout", "FeatureAlphaDropout")},
    **{name: recurrent(name) for name in ("RNN", "LSTM", "GRU")},
    **{name: cell(name) for name in ("RNNCell", "LSTMCell", "GRUCell")},
    "L1Loss": loss("L1Loss", real_target),
    "MSELoss": loss("MSELoss", real_target),
    "SmoothL1Loss": loss("SmoothL1Loss", real_target, beta=maybe(0.5)),
    "HuberLoss": loss("HuberLoss", real_target, delta=maybe(0.5)),
    "NLLLoss": classes("NLLLoss"),
    "CrossEntropyLoss": classes("CrossEntropyLoss"),
    "BCELoss": loss("BCELoss", share, 0.1, 0.9, weight=weights),
    "BCEWithLogitsLoss": loss("BCEWithLogitsLoss", share, weight=weights, pos_weight=weights),
    "KLDivLoss": loss("KLDivLoss", share, log_target=maybe(True)),
    "PoissonNLLLoss": loss("PoissonNLLLoss", counts, 0.5, log_input=maybe(False), full=maybe(True)),
    "GaussianNLLLoss": gaussian,
    "SoftMarginLoss": loss("SoftMarginLoss", signs),
    "HingeEmbeddingLoss": loss("HingeEmbeddingLoss", signs, margin=maybe(1.5)),
    "MarginRankingLoss": margin_ranking,
    "CosineEmbeddingLoss": cosine_embedding,
    "MultiMarginLoss": multi_margin,
    "MultiLabelMarginLoss": multilabel_margin,
    "MultiLabelSoftMarginLoss": loss("MultiLabelSoftMarginLoss", share, least=1, weight=weights),
    "TripletMarginLoss": triplet,
    "CosineSimilarity": distance("CosineSimilarity"),
    "PairwiseDistance": distance("PairwiseDistance"),
}
