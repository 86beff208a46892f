"""Samples of operations with windows: convolution, pooling, folding."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

import minitorch as mt
from minitorch.backend.window import Window
from minitorch.ops.convolution import Convolution, ConvTranspose, ConvWeight
from minitorch.ops.folding import Fold, Unfold
from minitorch.ops.pooling import AvgPool, AvgPoolBackward, Gather, GatherCell, ScatterAdd, ScatterCell


def convolution_case(draw):
    """A window, groups, and the shapes of input, weight and output."""
    rank, groups = draw.integers(1, 3), draw.integers(1, 2)
    kernel = tuple(draw.integers(1, 3 if rank < 3 else 2) for _ in range(rank))
    stride, padding, dilation = (tuple(draw.integers(low, 2) for _ in range(rank)) for low in (1, 0, 1))
    window = Window.of("conv", rank, kernel, stride, padding, dilation)
    size = tuple(max(1, s - 2 * p) + draw.integers(0, 2) for s, p in zip(window.span, padding, strict=True))
    x = (draw.integers(1, 2), groups * draw.integers(1, 2), *size)
    w = (groups * draw.integers(1, 2), x[1] // groups, *kernel)
    return window, groups, x, w, (x[0], w[0], *window.output_size(size))


def convolution(draw):
    window, groups, x, w, _ = convolution_case(draw)
    apply = lambda x, w, b: Convolution.apply(x, w, b, window, groups)  # noqa: E731
    return apply, (draw.tensor(x), draw.tensor(w), draw.tensor((w[0],)))


def conv_transpose(draw):
    window, groups, x, w, y = convolution_case(draw)
    apply = lambda g, w, b: ConvTranspose.apply(g, w, b, window, groups, x[2:])  # noqa: E731
    return apply, (draw.tensor(y), draw.tensor(w), draw.tensor((x[1],)))


def conv_weight(draw):
    window, groups, x, _, y = convolution_case(draw)
    return lambda x, g: ConvWeight.apply(x, g, window, groups), (draw.tensor(x), draw.tensor(y))


def pooling_case(draw):
    rank = draw.integers(1, 3)
    kernel, stride, dilation = (draw.integers(1, 2), draw.integers(1, 2), draw.integers(1, 2))
    padding, ceil = draw.integers(0, kernel // 2), bool(draw.integers(0, 1))
    pool = (mt.nn.functional.max_pool1d, mt.nn.functional.max_pool2d, mt.nn.functional.max_pool3d)[rank - 1]
    size = tuple(draw.integers(3, 4 if rank < 3 else 3) for _ in range(rank))
    return (lambda x: pool(x, kernel, stride, padding, dilation, ceil)), (draw.integers(1, 2), draw.integers(1, 2), *size)


def max_pool(draw):
    pool, shape = pooling_case(draw)
    return pool, (draw.distinct(shape),)


def picking(draw):
    places = draw.indices((2, 1, 2, 3), 12)
    return lambda x: Gather.apply(x, places), (draw.tensor((2, 1, 3, 4)),)


def put_back(draw):
    places = draw.indices((2, 1, 2, 3), 12)
    if draw.integers(0, 1):
        distinct = mt.from_numpy(np.stack([draw.values.permutation(12)[:6] for _ in range(2)]).reshape(2, 1, 2, 3))
        return lambda x: ScatterAdd.apply(x, distinct, (3, 4), True), (draw.tensor((2, 1, 2, 3)),)
    return lambda x: ScatterAdd.apply(x, places, (3, 4)), (draw.tensor((2, 1, 2, 3)),)


def cells(draw):
    window, _, x, _, y = convolution_case(draw)
    windows_inside = dataclasses.replace(window, padding=((0, 0),) * window.rank)
    try:
        y = (*y[:1], x[1], *windows_inside.output_size(x[2:]))
    except RuntimeError:  # the window is larger than the image
        windows_inside, y = dataclasses.replace(windows_inside, kernel=(1,) * window.rank), None
        y = (x[0], x[1], *windows_inside.output_size(x[2:]))
    which = mt.from_numpy(draw.values.integers(0, math.prod(windows_inside.kernel), y).astype(np.uint8))
    return windows_inside, which, x, y


def pick_cell(draw):
    window, which, x, _ = cells(draw)
    return lambda x: GatherCell.apply(x, which, window), (draw.tensor(x),)


def put_cell(draw):
    window, which, x, y = cells(draw)
    return lambda g: ScatterCell.apply(g, which, window, x[2:]), (draw.tensor(y),)


def avg_pool(draw):
    window, _, x, _, _ = convolution_case(draw)
    divisor = draw.choose([2.5, draw.tensor(window.output_size(x[2:]), low=1).detach()])
    return lambda x: AvgPool.apply(x, window, divisor), (draw.tensor(x),)


def spread(draw):
    window, _, x, _, y = convolution_case(draw)
    divisor = draw.choose([2.5, draw.tensor(window.output_size(x[2:]), low=1).detach()])
    return lambda g: AvgPoolBackward.apply(g, window, divisor, x[2:]), (draw.tensor(y),)


def unfolding(draw):
    window, _, x, _, _ = convolution_case(draw)
    return lambda x: Unfold.apply(x, window), (draw.tensor(x),)


def folding(draw):
    window, _, x, _, _ = convolution_case(draw)
    columns = (x[0], x[1] * math.prod(window.kernel), math.prod(window.output_size(x[2:])))
    return lambda c: Fold.apply(c, window, x[2:]), (draw.tensor(columns),)
