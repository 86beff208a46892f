"""Which cells of a layer's input, weight and output meet: the table of taps that every picture of a layer is made from.

A tap (o, i, k) says: output cell o gets input cell i times weight cell k. A convolution, its transpose, a pooling, a linear
layer, padding, flatten, upsampling are all such tables. From one come the output (group by o), the gradient of the input (group
by i), that of the weight (group by k), and the layer as a matrix (a row for each o, a column for each i).

Nothing is computed by formula: the numbers of the cells are sent through the project's own `unfold`, or a layer without weights
is run on images with a single 1.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import Any

from minitorch import nn
from minitorch.autograd.grad_mode import no_grad
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.window import AdaptiveWindow, Window
from minitorch.nn import Module
from minitorch.nn import functional as F

__all__ = ["MAX_TAPS", "PAD", "Taps", "taps_of"]

PAD = -1  # the number of a cell of the padding, or of an output cell that padding cuts off
MAX_TAPS = 50_000
MAX_BASIS = 4096  # most input cells of a layer that is asked what it makes of single ones

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
MAX_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
ADAPTIVE_MAX_POOLS = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)


@dataclass(frozen=True, eq=False)
class Taps:
    """The taps of a layer for an input of one shape, (channels, *size), without a batch.

    `output`, `input` and `weight` have the flat number of a cell for each tap. PAD is a cell of the padding; as weight, a tap
    without one. `factor` multiplies a tap: 1/n in an average. In a max pooling (`chooses`) only the largest tap counts.
    """

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    output: Array
    input: Array
    weight: Array
    factor: Array
    chooses: bool = False

    def values(self, weight: Array | None = None) -> Array:
        """What each tap multiplies its input by."""
        if weight is None or not self.weight_shape:
            return self.factor
        return self.factor * xp.where(self.weight == PAD, 1.0, weight.reshape(-1)[self.weight])

    def forward(self, x: Array, weight: Array | None = None, bias: Array | None = None) -> Array:
        """The output for x (channels, *size): the sum of the taps of each output cell, plus the bias of its channel."""
        inside = (self.input != PAD) & (self.output != PAD)
        products = self.values(weight)[inside] * x.reshape(-1)[self.input[inside]]
        y = xp.bincount(self.output[inside], products, math.prod(self.output_shape)).reshape(self.output_shape)
        return y if bias is None else y + bias.reshape(-1, *[1] * (len(self.output_shape) - 1))

    def weight_gradient(self, x: Array, grad: Array) -> Array:
        """The gradient of the weight: the taps that use each weight cell, added up."""
        inside = (self.input != PAD) & (self.output != PAD) & (self.weight != PAD)
        products = self.factor[inside] * x.reshape(-1)[self.input[inside]] * grad.reshape(-1)[self.output[inside]]
        return xp.bincount(self.weight[inside], products, math.prod(self.weight_shape)).reshape(self.weight_shape)

    def matrix(self, weight: Array | None = None) -> Array:
        """The layer as the matrix it is, outputs by inputs, without the bias."""
        rows, columns = math.prod(self.output_shape), math.prod(self.input_shape)
        inside = (self.input != PAD) & (self.output != PAD)
        flat = self.output[inside] * columns + self.input[inside]
        return xp.bincount(flat, self.values(weight)[inside], rows * columns).reshape(rows, columns)

    def chosen(self, x: Array) -> Taps:
        """Of a max pooling, the taps that count for x: the largest of each window, the first of equals, nan above all."""
        if not self.chooses:
            return self
        keep = xp.flatnonzero(self.input != PAD)
        values = x.reshape(-1)[self.input[keep]].astype(xp.float64)
        rank = xp.where(xp.isnan(values), xp.inf, values)
        order = xp.lexsort((keep, -rank, self.output[keep]))
        output = self.output[keep][order]
        first = keep[order][xp.concatenate(([True], output[1:] != output[:-1]))]
        parts = {name: getattr(self, name)[first] for name in ("output", "input", "weight", "factor")}
        return replace(self, **parts, chooses=False)


def taps_of(layer: Module, shape: tuple[int, ...]) -> Taps:
    """The taps of a layer for an input of `shape`, (channels, *size), without a batch.

    Raises ValueError for a layer that is no table of taps (an activation, a normalization), and for an input with too many.
    """
    shape, layer = tuple(shape), copy.deepcopy(layer).cpu()  # running statistics and such are left alone
    weight = layer._parameters.get("weight")
    with no_grad():  # a shape that does not fit raises the layer's own error
        layer(wrap(xp.zeros((1, *shape), dtype=xp.float32 if weight is None else weight._array.dtype)))
    if isinstance(layer, CONVOLUTIONS):
        return _convolution(layer, shape)
    if isinstance(layer, TRANSPOSED):
        return _transposed(layer, shape)
    if isinstance(layer, (*MAX_POOLS, *ADAPTIVE_MAX_POOLS)):
        return _max_pool(layer, shape)
    if isinstance(layer, nn.Linear):
        return _linear(layer, shape)
    return _by_single_ones(layer, shape)


def _numbers(shape: tuple[int, ...]) -> Array:
    """An image whose cells hold their numbers, from 1 on, so that 0 is the padding; with a batch of one."""
    return (xp.arange(math.prod(shape), dtype=xp.float64) + 1).reshape(1, *shape)


def _refuse_if_too_many(count: int, what: str) -> None:
    if count > MAX_TAPS:
        raise ValueError(
            f"{what} makes {count:,} products, more than the {MAX_TAPS:,} that a picture can show: take a smaller image, or a "
            "layer with fewer channels or features"
        )


def _convolution(layer: Any, shape: tuple[int, ...]) -> Taps:
    pads = layer._pad_widths
    numbers = _numbers(shape)
    if layer.padding_mode != "zeros":
        widths = [width for pair in reversed(pads) for width in pair]
        mode = {"reflect": "reflect", "replicate": "replicate", "circular": "circular"}[layer.padding_mode]
        numbers, pads = F.pad(wrap(numbers), widths, mode)._array, ((0, 0),) * layer._rank
    window = Window(layer.kernel_size, layer.stride, tuple(pads), layer.dilation, name=type(layer).__name__)
    size, cells = window.output_size(numbers.shape[2:]), math.prod(layer.kernel_size)
    per_group = layer.in_channels // layer.groups
    count = layer.out_channels * math.prod(size) * per_group * cells
    _refuse_if_too_many(count, f"{type(layer).__name__} on {list(shape)}")
    read = window.unfold(numbers)[0].astype(xp.int64) - 1  # (channels, *out, *kernel)
    read = read.reshape(layer.groups, per_group, math.prod(size), cells)
    outputs = layer.out_channels // layer.groups
    group, out, place, channel, cell = xp.indices((layer.groups, outputs, math.prod(size), per_group, cells))
    filter_ = group * outputs + out
    return Taps(
        shape,
        (layer.out_channels, *size),
        layer.weight.shape,
        (filter_ * math.prod(size) + place).reshape(-1),
        read[group, channel, place, cell].reshape(-1),
        ((filter_ * per_group + channel) * cells + cell).reshape(-1),
        xp.ones(count),
    )


def _transposed(layer: Any, shape: tuple[int, ...]) -> Taps:
    """Those of the convolution that reads the output, with input and output exchanged."""
    with no_grad():
        out_shape = tuple(layer(wrap(xp.zeros((1, *shape), dtype=layer.weight._array.dtype))).shape[1:])
    window = Window(layer.kernel_size, layer.stride, layer._pad_widths, layer.dilation, name=type(layer).__name__)
    size, cells, per_group = shape[1:], math.prod(layer.kernel_size), layer.out_channels // layer.groups
    count = layer.in_channels * math.prod(size) * per_group * cells
    _refuse_if_too_many(count, f"{type(layer).__name__} on {list(shape)}")
    padded = [n + before + after for n, (before, after) in zip(out_shape[1:], layer._pad_widths, strict=True)]
    reach = [(n - 1) * s + span for n, s, span in zip(size, layer.stride, window.span, strict=True)]
    numbers = _numbers(out_shape)
    read = window.pad(numbers)[0]  # 0 where padding cuts the output off
    extra = [(0, 0)] + [(0, max(0, r - p)) for r, p in zip(reach, padded, strict=True)]
    read = xp.pad(read, extra)
    plain = Window(layer.kernel_size, layer.stride, ((0, 0),) * layer._rank, layer.dilation)
    read = plain.unfold(read)[(slice(None), *(slice(n) for n in size))].astype(xp.int64) - 1
    read = read.reshape(layer.groups, per_group, math.prod(size), cells)
    inputs = layer.in_channels // layer.groups
    group, inside, place, channel, cell = xp.indices((layer.groups, inputs, math.prod(size), per_group, cells))
    source = group * inputs + inside
    return Taps(
        shape,
        out_shape,
        layer.weight.shape,
        read[group, channel, place, cell].reshape(-1),
        (source * math.prod(size) + place).reshape(-1),
        ((source * per_group + channel) * cells + cell).reshape(-1),
        xp.ones(count),
    )


def _max_pool(layer: Any, shape: tuple[int, ...]) -> Taps:
    name, size = type(layer).__name__, shape[1:]
    if isinstance(layer, ADAPTIVE_MAX_POOLS):
        given = layer.output_size if isinstance(layer.output_size, (tuple, list)) else (layer.output_size,) * len(size)
        out = tuple(n if o is None else o for o, n in zip(given, size, strict=True))
        parts = AdaptiveWindow(out).ranges(size)
        plane = _numbers((1, *size))[0, 0].astype(xp.int64) - 1
        taps = [
            (place, cell)
            for place, spans in enumerate(xp.ndindex(*out))
            for cell in plane[xp.ix_(*(list(part[o]) for part, o in zip(parts, spans, strict=True)))].reshape(-1).tolist()
        ]
        places, cells = (xp.array(column) for column in zip(*taps, strict=True))
    else:
        stride = layer.kernel_size if layer.stride is None else layer.stride
        window = Window.of(name, len(size), layer.kernel_size, stride, layer.padding, layer.dilation, layer.ceil_mode)
        out = window.output_size(size)
        read = window.unfold(_numbers((1, *size)))[0, 0].reshape(math.prod(out), -1).astype(xp.int64) - 1
        places = xp.repeat(xp.arange(math.prod(out)), read.shape[1])
        cells = read.reshape(-1)
    channels = shape[0]
    _refuse_if_too_many(channels * len(cells), f"{name} on {list(shape)}")
    channel = xp.repeat(xp.arange(channels), len(cells))
    cells, places = xp.tile(cells, channels), xp.tile(places, channels)
    read = xp.where(cells == PAD, PAD, cells + channel * math.prod(size))
    ones = xp.ones(len(read))
    return Taps(shape, (channels, *out), (), places + channel * math.prod(out), read, xp.full(len(read), PAD), ones, True)


def _linear(layer: Any, shape: tuple[int, ...]) -> Taps:
    """y = x Wᵀ: each output reads every input, with a weight of its own."""
    if shape[-1] != layer.in_features or len(shape) != 1:
        raise ValueError(f"Linear takes a row of {layer.in_features} numbers: the shape ({layer.in_features},), not {shape}")
    count = layer.out_features * layer.in_features
    _refuse_if_too_many(count, "Linear")
    output, read = (part.reshape(-1) for part in xp.indices((layer.out_features, layer.in_features)))
    return Taps(shape, (layer.out_features,), layer.weight.shape, output, read, xp.arange(count), xp.ones(count))


def _by_single_ones(layer: Module, shape: tuple[int, ...]) -> Taps:
    """The taps of any linear layer without weights, from what it makes of images with a single 1."""
    name, cells, layer = type(layer).__name__, math.prod(shape), layer.double()
    if cells > MAX_BASIS:
        raise ValueError(
            f"{name} on {list(shape)} has {cells:,} input cells, and a picture can show {MAX_BASIS:,}: take a smaller image"
        )
    generator = xp.random.default_rng(0)
    a, b = (generator.normal(size=(1, *shape)) for _ in range(2))
    with no_grad():
        zero = layer(wrap(xp.zeros((1, *shape))))
        if not isinstance(zero, TensorBase):
            raise ValueError(f"{name} returns a {type(zero).__name__}; a picture shows a layer that returns one Tensor")
        both = layer(wrap(a + 2 * b))
        one, other, negative = (layer(wrap(part))._array for part in (a, b, -a))
        is_linear = xp.allclose(both._array, one + 2 * other, 1e-6, 1e-6) and xp.allclose(negative, -one, 1e-6, 1e-6)
        if (zero._array != 0).any() or not is_linear:
            raise ValueError(
                f"{name} is not linear: for a sum of two inputs it does not return the sum of the two outputs (a bias or a "
                "random draw is enough for that). So its output is not a table of weights times the input. Pass a convolution, "
                "a pooling, Linear, padding or upsampling; of a model, one layer at a time, model[0]"
            )
        images = layer(wrap(xp.eye(cells).reshape(cells, *shape)))._array
    out_shape = images.shape[1:]
    read, output = xp.nonzero(images.reshape(cells, -1))
    order = xp.lexsort((read, output))
    read, output = read[order], output[order]
    _refuse_if_too_many(len(read), f"{name} on {list(shape)}")
    factor = images.reshape(cells, -1)[read, output]
    return Taps(shape, tuple(out_shape), (), output, read, xp.full(len(read), PAD), factor)
