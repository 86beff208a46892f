"""Convolution with a kernel of one cell and stride 1: a matrix product over the channels, on images as they lie.

An image (C, *size) is a matrix (C, S) already, and its product with the weight (F, C) is the output. So nothing is laid out and
nothing is copied. Threads share the images.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.dispatch import implements
from minitorch.backend.window import Window
from minitorch.kernels import samples
from minitorch.kernels.numpy.convolution import PLANES_MIN_MACS, macs, macs_of_transpose, macs_of_weight, transposed_weight
from minitorch.kernels.threads import chunk_size, parallel_for

__all__: list[str] = []

Function = Callable[..., Any]
BLOCK = 1 << 16  # elements
LEAST_IMAGES = 4  # with fewer, threads share the places of an image instead


def _implements(name: str, work: Callable[..., int], sample: Callable[..., Any]) -> Callable[[Function], Function]:
    drawn = partial(sample, images=LEAST_IMAGES, pointwise=True)
    return implements(name, engine="numpy", work=work, pays_from=PLANES_MIN_MACS + 1, ulp=256, sample=drawn)


def _applies(x: Array, window: Window) -> bool:
    return (
        max(window.kernel) == 1
        and max(window.stride) == 1
        and len(x) >= LEAST_IMAGES
        and x.flags.c_contiguous
        and not any(map(any, window.padding))
    )


def _by_image(images: Array, groups: int) -> Array:
    """(N, C, *size) as (N, groups, C / groups, S)"""
    return images.reshape(len(images), groups, images.shape[1] // groups, math.prod(images.shape[2:]))


def _product(x: Array, weight: Array, bias: Array | None, groups: int) -> Array:
    y = xp.empty_like(x, shape=(len(x), len(weight), *x.shape[2:]))
    matrix, into, out = (
        weight.reshape(groups, len(weight) // groups, weight.shape[1]),
        _by_image(x, groups),
        _by_image(y, groups),
    )
    added = None if bias is None else bias.reshape(groups, len(weight) // groups, 1)

    step = max(1, BLOCK // max(1, into[0].size + out[0].size))  # what is written is still in the cache when the bias is added

    def images(first: int, last: int) -> None:
        for n in range(first, last, step):
            part = slice(n, min(n + step, last))
            xp.matmul(matrix, into[part], out=out[part])
            if added is not None:
                out[part] += added

    parallel_for(images, len(x), chunk_size(len(x), into[0].nbytes + out[0].nbytes))
    return y


@_implements("convolution", macs, samples.convolution)
def _convolution(x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> Any:
    return _product(x, weight, bias, groups) if _applies(x, window) else NotImplemented


@_implements("conv_transpose", macs_of_transpose, samples.conv_transpose)
def _conv_transpose(g: Array, weight: Array, bias: Array | None, window: Window, groups: int, size: Sequence[int]) -> Any:
    if not _applies(g, window) or tuple(size) != g.shape[2:]:
        return NotImplemented
    return _product(g, transposed_weight(weight, groups), bias, groups)


@_implements("conv_weight", macs_of_weight, samples.conv_weight)
def _conv_weight(x: Array, g: Array, window: Window, groups: int) -> Any:
    if not (_applies(x, window) and g.flags.c_contiguous):
        return NotImplemented
    into, out = _by_image(x, groups), _by_image(g, groups)

    def images(first: int, last: int) -> Array:
        return xp.matmul(out[first:last], into[first:last].swapaxes(2, 3)).sum(axis=0)

    w = parallel_for(images, len(x), chunk_size(len(x), into[0].nbytes + out[0].nbytes))
    return w.reshape(g.shape[1], x.shape[1] // groups, *window.kernel)
