"""A layer with an input, and all that `viz.animate` shows of the two: arrays, gradients, table of taps, windows, steps.

    view           a step is           and computes
    forward        one output cell     the sum of its taps; or, by input cell, what that cell adds to the output
    shift_and_add  one weight cell     what that weight, times the whole input shifted, adds to the output
    grad_input     one output cell     what it sends back; or, by input cell, the sum of the taps that read it
    grad_weight    one weight cell     the sum of the taps that use it; or, by output cell, what that cell adds to it
    grad_bias      one channel         the sum of the upstream gradient there
    matrix         one output cell     a row of the layer's matrix times the input
    as_convolution one output cell     of a transposed convolution: a window over the input with zeros between its cells

So a step is always a group of taps (o, i, k): those of one output, input or weight cell. It either gathers, and computes one
cell of the target, or scatters, and the cells of the target fill up from step to step.
"""

from __future__ import annotations

import copy
import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from minitorch import nn
from minitorch.autograd import grad
from minitorch.autograd.grad_mode import enable_grad
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.nn import Module
from minitorch.nn import functional as F
from minitorch.tensor import Tensor
from minitorch.viz.layers.explain import ADAPTIVE_POOLS, AVG_POOLS, NAMES, Axis, axes_of
from minitorch.viz.layers.taps import ADAPTIVE_MAX_POOLS, CONVOLUTIONS, MAX_POOLS, PAD, TRANSPOSED, Taps, taps_of
from minitorch.viz.record.settings import module_settings

__all__ = ["BEYOND", "NUMBERS", "TARGETS", "Stage", "stage_of"]

UNPOOLS = (nn.MaxUnpool1d, nn.MaxUnpool2d, nn.MaxUnpool3d)
BEYOND = -2  # a place of the board that only the last window of a pooling with ceil_mode reaches
NUMBERS, PIXELS, PLANES = 16, 64, 64  # most rows and columns of a plane with numbers; of one that is drawn; most planes

TARGETS = {  # what a view computes
    "forward": "output", "shift_and_add": "output", "grad_input": "input", "grad_weight": "weight", "grad_bias": "bias",
    "matrix": "output", "as_convolution": "output",
}  # fmt: skip
STEPS = {  # what the steps of a view can go by, the usual one first
    "forward": ("output", "input"), "shift_and_add": ("weight",), "grad_input": ("output", "input"),
    "grad_weight": ("weight", "output"), "grad_bias": ("bias",), "matrix": ("output",),
    "as_convolution": ("output",),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Stage:
    """A layer with an input. Arrays are without a batch; a gradient is that of the loss, upstream the one of the output."""

    title: str
    kind: str  # convolution, transposed, max, average, unpool, linear
    rank: int  # how many dimensions a window has
    groups: int  # of channels that do not mix: in a pooling, each channel
    taps: Taps
    axes: tuple[Axis, ...]  # of the windows; none where a layer has none
    board: Array  # (channels, *size): the input with its padding as numbers of cells, of a transposed convolution the output
    x: Array
    weight: Array | None
    bias: Array | None
    y: Array
    upstream: Array
    grad_input: Array
    grad_weight: Array | None
    grad_bias: Array | None
    settings: dict[str, Any]  # those that the page can change
    copies: Array | None = None  # which places of the board are padding that repeats cells inside
    flipped: bool = False  # whether kernels are shown turned around

    @cached_property
    def views(self) -> dict[str, tuple[str, ...]]:
        """The views that this layer has, each with what its steps can go by, the usual one first."""
        found = dict(STEPS)
        if self.kind in ("transposed", "unpool"):
            found["forward"], found["grad_input"] = ("input", "output"), ("input", "output")
        if self.kind != "transposed":
            del found["as_convolution"]
        if self.weight is None:
            del found["shift_and_add"], found["grad_weight"]
        if not self.axes:
            found.pop("shift_and_add", None)
        if self.bias is None:
            del found["grad_bias"]
        if self.kind in ("max", "unpool") or max(self.y.size, self.x.size) > PIXELS:
            del found["matrix"]
        return found

    def array(self, part: str) -> Array:
        """The output, input, weight or bias."""
        found = {"output": self.y, "input": self.x, "weight": self.weight, "bias": self.bias}[part]
        assert found is not None
        return found

    def result(self, view: str) -> Array:
        """What a view computes."""
        parts = {"output": self.y, "input": self.grad_input, "weight": self.grad_weight, "bias": self.grad_bias}
        found = parts[TARGETS[view]]
        assert found is not None
        return found

    @cached_property
    def counts(self) -> Array:
        """Which taps are more than a place in a window: none of the padding.

        In a max pooling they are the largest of each window, in an unpooling with an index twice the last of the two.
        """
        inside = (self.taps.input >= 0) & (self.taps.output >= 0)
        if self.kind == "unpool":
            last = {int(o): t for t, o in enumerate(self.taps.output)}
            return xp.isin(xp.arange(len(inside)), list(last.values()))
        if self.kind == "max":
            chosen, cells = self.taps.chosen(self.x), self.x.size
            return inside & xp.isin(self.taps.output * cells + self.taps.input, chosen.output * cells + chosen.input)
        return inside

    def products(self, view: str) -> Array:
        """What each tap comes to in a view."""
        product: Array = math.prod(self.factors(view))  # type: ignore[assignment]
        return product

    def factors(self, view: str) -> list[Array]:
        """What each tap multiplies in a view: numbers of all taps, one array for each factor."""
        taps, target = self.taps, TARGETS[view]
        x, g = _at(self.x, taps.input), _at(self.upstream, taps.output)
        w = [] if self.weight is None else [self.weight.reshape(-1)[taps.weight]]
        factor = [] if (taps.factor == 1).all() else [taps.factor]
        return {"output": [x, *w], "input": [g, *w], "weight": [g, x]}[target] + factor

    def used(self, by: str, n: int) -> Array:
        """The numbers of the taps of step n."""
        if by == "bias":  # it has no taps
            return xp.flatnonzero(self.counts & False)
        return xp.flatnonzero((getattr(self.taps, by) == n) & self.counts)

    def so_far(self, view: str, by: str, n: int) -> tuple[Array, Array]:
        """The target after step n: its values, and which of its cells are known."""
        result, target = self.result(view).reshape(-1), TARGETS[view]
        if by == target:
            return result, xp.arange(result.size) <= n
        which = self.counts & (getattr(self.taps, by) <= n)
        cells = getattr(self.taps, target)[which]
        values = xp.bincount(cells, self.products(view)[which], result.size)
        if target == "output" and self.bias is not None:
            values += xp.repeat(self.bias, result.size // self.bias.size)
        known = xp.bincount(cells, minlength=result.size) > 0
        return values, known | (n + 1 == self.array(by).size)  # what nothing is added to keeps its bias, or 0

    # ---- windows ----------------------------------------------------------------------------------------------------------

    @property
    def on(self) -> str:
        """What windows move over: of a transposed convolution the output, otherwise the input."""
        return "output" if self.kind == "transposed" else "input"

    @property
    def per(self) -> str:
        """What has a window for each of its cells."""
        return "input" if self.kind == "transposed" else "output"

    def window(self, n: int) -> tuple[list[int], list[list[int]]]:
        """The window of cell n: the channels it covers, and the places on the board for each axis."""
        small = self.array(self.per)
        channel, place = divmod(n, math.prod(small.shape[1:]))
        channels = len(self.board) // self.groups
        group = channel * self.groups // len(small)
        at = xp.unravel_index(place, small.shape[1:])
        places = [[c + a.padding[0] for c in a.windows[int(i)]] for a, i in zip(self.axes, at, strict=True)]
        return list(range(group * channels, (group + 1) * channels)), places

    @cached_property
    def as_convolution(self) -> Stage:
        """Of a transposed convolution, the same with a window of stride 1: zeros are put between and around the cells."""
        board, axes = xp.arange(self.x.size).reshape(self.x.shape), []
        for d, axis in enumerate(self.axes, start=1):
            spread = xp.full((*board.shape[:d], (board.shape[d] - 1) * axis.stride + 1, *board.shape[d + 1 :]), PAD)
            spread[(slice(None),) * d + (slice(None, None, axis.stride),)] = board
            before, after = (axis.span - 1 - p for p in axis.padding)
            after += axis.output_padding
            kept = slice(max(0, -before), spread.shape[d] - max(0, -after))
            spread = spread[(slice(None),) * d + (kept,)]
            widths = [(max(0, before), max(0, after)) if e == d else (0, 0) for e in range(board.ndim)]
            board = xp.pad(spread, widths, constant_values=PAD)
            axes.append(Axis(axis.name, board.shape[d], axis.out, axis.kernel, 1, axis.dilation, (0, 0)))
        return replace(self, kind="spread", board=board, axes=tuple(axes), copies=None, flipped=True)

    # ---- data -------------------------------------------------------------------------------------------------------------

    @property
    def data(self) -> dict[str, Any]:
        """Everything as plain lists."""
        arrays = {}
        for name in ("x", "weight", "bias", "y", "upstream", "grad_input", "grad_weight", "grad_bias"):
            array = getattr(self, name)
            if array is not None:
                arrays[name] = {"shape": list(array.shape), "values": [float(f"{v:.9g}") for v in array.reshape(-1).tolist()]}
        taps = {name: getattr(self.taps, name).tolist() for name in ("output", "input", "weight", "factor")}
        return {
            "layer": self.title, "kind": self.kind, "rank": self.rank, "groups": self.groups, **arrays, **self._geometry,
            "as_convolution": self.as_convolution._geometry if self.kind == "transposed" else None, "settings": self.settings,
            "taps": {**taps, "counts": self.counts.tolist()},
            "views": {view: list(by) for view, by in self.views.items()},
        }  # fmt: skip

    @property
    def _geometry(self) -> dict[str, Any]:
        axes = [{**asdict(axis), "windows": [list(window) for window in axis.windows]} for axis in self.axes]
        board: dict[str, Any] = {"shape": list(self.board.shape), "cells": self.board.reshape(-1).tolist()}
        if self.copies is not None:
            board["copies"] = self.copies.reshape(-1).tolist()
        return {"axes": axes, "board": board}


def _at(array: Array, cells: Array) -> Array:
    """The elements of an array by number, 0 in padding."""
    return xp.where(cells < 0, 0.0, array.reshape(-1)[cells])


# ---- from a layer -----------------------------------------------------------------------------------------------------


def stage_of(layer: Module, x: Any, upstream: Any = None, indices: Any = None, output_size: Any = None) -> Stage:
    """A layer with an input (channels, *size): a Tensor, or a shape that is filled with small whole numbers."""
    layer = copy.deepcopy(layer).to("cpu").requires_grad_()  # frozen parameters have a gradient here, too
    name, weight, bias = type(layer).__name__, layer._parameters.get("weight"), layer._parameters.get("bias")
    kind = next((kind for kind, types in KINDS.items() if isinstance(layer, types)), "linear")
    sized = isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED, *MAX_POOLS, *AVG_POOLS, *ADAPTIVE_POOLS))
    rank = int(name[-2]) if sized or kind == "unpool" else None
    if kind != "unpool" and (indices is not None or output_size is not None):
        raise TypeError(
            f"animate(): indices and output_size are for unpoolings; {name} takes none of them here"
            + (", give the layer an output_padding" if kind == "transposed" else "")
        )
    image = _image(name, x, kind, rank)
    if weight is not None:
        image = image.to(weight.dtype)
    with enable_grad():
        batch = image.unsqueeze(0).requires_grad_()
        if kind == "unpool":
            taps, y = _unpooled(layer, batch, indices, output_size)
        else:
            taps, y = taps_of(layer, tuple(image.shape)), layer(batch)
            y = y[0] if isinstance(y, tuple) else y
        _refuse_if_too_large(name, tuple(image.shape), tuple(image.shape), tuple(y.shape[1:]))
        upstream = _upstream(name, upstream, y)
        grads = iter(grad(y, [p for p in (batch, weight, bias) if p is not None], upstream))
    axes = tuple(axes_of(layer, tuple(image.shape[1:]), rank)) if sized and rank else ()
    return Stage(
        title=f"{name} {module_settings(layer)}".strip(),
        kind=kind,
        rank=rank or min(2, image.ndim),
        groups=getattr(layer, "groups", len(image) if sized else 1),
        taps=taps,
        axes=axes,
        board=_board(layer, kind, axes, tuple((y[0] if kind == "transposed" else image).shape)),
        x=_numbers(image),
        weight=None if weight is None else _numbers(weight),
        bias=None if bias is None else _numbers(bias),
        y=_numbers(y[0]),
        upstream=_numbers(upstream[0]),
        grad_input=_numbers(next(grads)[0]),
        grad_weight=None if weight is None else _numbers(next(grads)),
        grad_bias=None if bias is None else _numbers(next(grads)),
        settings=_settings(layer, kind, axes),
        copies=_copies(layer, axes, tuple(image.shape)),
    )


KINDS = {
    "convolution": CONVOLUTIONS, "transposed": TRANSPOSED, "max": (*MAX_POOLS, *ADAPTIVE_MAX_POOLS), "unpool": UNPOOLS,
    "average": (*AVG_POOLS, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
}  # fmt: skip


def _numbers(tensor: Tensor) -> Array:
    return tensor._array.astype(xp.float64)


def _settings(layer: Any, kind: str, axes: tuple[Axis, ...]) -> dict[str, Any]:
    """What the page can change: settings that every dimension shares, numbers and switches. None of a layer without."""
    names = {"convolution": ("groups",), "transposed": ("output_padding", "groups"), "max": ("ceil_mode",)}
    names["average"] = ("ceil_mode", "count_include_pad")
    alike = {(a.kernel, a.stride, a.padding, a.dilation, a.output_padding) for a in axes}
    plain = (
        kind in names
        and len(alike) == 1
        and all(axis.kind != "adaptive" and axis.padding[0] == axis.padding[1] for axis in axes)
    )
    if not plain or getattr(layer, "padding_mode", "zeros") != "zeros" or getattr(layer, "divisor_override", None):
        return {}
    first = axes[0]
    found = {"kernel_size": first.kernel, "stride": first.stride, "padding": first.padding[0], "dilation": first.dilation}
    if kind == "average":
        del found["dilation"]
    return found | {name: first.output_padding if name == "output_padding" else getattr(layer, name) for name in names[kind]}


def _image(name: str, x: Any, kind: str, rank: int | None) -> Tensor:
    """An input without a batch. Of a shape, small whole numbers: the same at each call."""
    if isinstance(x, Tensor):
        x = x.detach().cpu()
        if rank and x.ndim == rank + 2:
            if len(x) != 1:
                raise ValueError(f"animate() shows one image, and got a batch of {len(x)}: pass x[0], of {list(x.shape[1:])}")
            x = x[0]
        _check_rank(name, rank, tuple(x.shape))
        return x if x.is_floating_point() else x.float()
    if not isinstance(x, (tuple, list)) or not x or not all(type(n) is int and n > 0 for n in x):
        raise TypeError(f"animate() of {name} takes an input without a batch, (channels, *size), or its shape, not {x!r:.60}")
    if rank and len(x) == rank + 2 and x[0] == 1:
        x = x[1:]
    _check_rank(name, rank, tuple(x))
    _refuse_if_too_large(name, tuple(x), tuple(x))
    digits = xp.random.default_rng(3).integers(1, 5 if kind in ("convolution", "transposed") else 10, tuple(x))
    return wrap(digits.astype(xp.float32))


def _check_rank(name: str, rank: int | None, shape: tuple[int, ...]) -> None:
    if rank and len(shape) != rank + 1:
        size = ", ".join(NAMES[rank])
        example = (1, *([4] * rank)) if len(shape) != rank else (1, *shape)
        raise ValueError(f"animate(): {name} takes (channels, {size}), such as {example}, and got {shape}")


def _upstream(name: str, given: Any, y: Tensor) -> Tensor:
    if given is None:
        return wrap(xp.ones_like(y._array))
    if not isinstance(given, Tensor):
        raise TypeError(f"animate(): grad is the gradient of the output, a Tensor, not {type(given).__name__}")
    if tuple(given.shape) not in (tuple(y.shape[1:]), tuple(y.shape)):
        raise ValueError(
            f"animate(): grad is the gradient of the output and has its shape, {list(y.shape[1:])} for this {name}, but got "
            f"{list(given.shape)}"
        )
    return given.detach().cpu().to(y.dtype).reshape(y.shape)


def _refuse_if_too_large(name: str, image: tuple[int, ...], *shapes: tuple[int, ...]) -> None:
    for shape in shapes:
        if max(shape[-2:], default=0) > PIXELS or math.prod(shape[:-2]) > PLANES:
            raise ValueError(
                f"{name} on {list(image)} is too large to draw: {PLANES} planes of {PIXELS}×{PIXELS} cells can be shown, with "
                f"numbers up to {NUMBERS}×{NUMBERS}. {_smaller(image)}"
            )


def _smaller(image: tuple[int, ...]) -> str:
    if len(image) < 2:
        return "Show a layer with fewer features"
    part = ", ".join([":", *(f":{min(n, NUMBERS)}" for n in image[1:])])
    few = "a layer with fewer channels" if image[0] > PLANES else f"a part of the image, x[{part}]"
    return f"Show {few}"


def _copies(layer: Any, axes: tuple[Axis, ...], shape: tuple[int, ...]) -> Array | None:
    """Which places of the board are padding with copies; None for a padding of zeros."""
    if getattr(layer, "padding_mode", "zeros") == "zeros" or not any(any(a.padding) for a in axes):
        return None
    return xp.pad(xp.zeros(shape, dtype=bool), [(0, 0), *(a.padding for a in axes)], constant_values=True)


def _unpooled(layer: Any, batch: Tensor, indices: Any, output_size: Any) -> tuple[Taps, Tensor]:
    """The taps of an unpooling: each input cell goes where its index points."""
    if not isinstance(indices, Tensor):
        name = type(layer).__name__
        raise TypeError(
            f"animate() of {name} needs the indices of a pooling: small, indices = nn.{name.replace('Unpool', 'Pool')}(2, "
            "return_indices=True)(x), then viz.animate(unpool, small, indices=indices)"
        )
    indices = indices.detach().cpu()
    places = indices if indices.ndim == batch.ndim else indices.unsqueeze(0)
    y = layer(batch, places, output_size)
    count, plane = batch.numel(), math.prod(y.shape[2:])
    channel = xp.arange(count) // math.prod(batch.shape[2:])
    output = channel * plane + places.numpy().reshape(-1)
    return Taps(
        tuple(batch.shape[1:]), tuple(y.shape[1:]), (), output, xp.arange(count), xp.full(count, PAD), xp.ones(count)
    ), y


def _board(layer: Any, kind: str, axes: tuple[Axis, ...], shape: tuple[int, ...]) -> Array:
    """The input, or of a transposed convolution the output, with its padding: the number of each cell, PAD, or BEYOND."""
    numbers = xp.arange(math.prod(shape)).reshape(shape)
    if not axes:
        return numbers
    mode = getattr(layer, "padding_mode", "zeros")
    widths = [a.padding for a in axes]
    if kind == "convolution" and mode != "zeros":
        flat = [width for pair in reversed(widths) for width in pair]
        padded: Array = F.pad(wrap(numbers[None].astype(xp.float64)), flat, mode)._array[0]
        return padded.astype(xp.int64)
    board = xp.pad(numbers, [(0, 0), *widths], constant_values=PAD)
    reach = [
        max(c for window in a.windows for c in window) + 1 - a.cells - width[1] for a, width in zip(axes, widths, strict=True)
    ]
    return xp.pad(board, [(0, 0), *((0, max(0, r)) for r in reach)], constant_values=PAD if kind == "transposed" else BEYOND)
