"""The definition of convolution on arrays: every window of every image written out as a column.

With one column a window, holding the C / G * prod(kernel) cells that it sees, convolution is a product of matrices, its
transpose the product with the transposed kernel, folded back, and the kernel's gradient the product of columns and g
(Chellapilla et al. 2006, "High performance convolutional neural networks for document processing"). ops/convolution.py has
the formulas, ops/planes.py the way to the same result for images of some size, where columns would take too much memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from minitorch.backend.arrays import Array, xp
from minitorch.ops.window import Window

__all__ = ["correlate", "correlate_transposed", "correlate_weight"]


def correlate(x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> Array:
    """y[f, o] = sum over c, j of w[f, c, j] x[c, s o + d j - p], plus bias[f]."""
    y = xp.matmul(_per_group(weight, groups), _columns(x, window, groups))
    return _with_bias(y.reshape(len(x), len(weight), *window.output_size(x.shape[2:])), bias)


def correlate_transposed(
    g: Array, weight: Array, bias: Array | None, window: Window, groups: int, size: Sequence[int]
) -> Array:
    """x[c, s o + d j - p] += sum over f of w[f, c, j] g[f, o], for an image of `size`; plus bias[c]."""
    columns = xp.matmul(_per_group(weight, groups).swapaxes(1, 2), _flat(g, groups))
    columns = columns.reshape(len(g), groups * weight.shape[1], *window.kernel, *g.shape[2:])
    return _with_bias(window.fold(columns, size), bias)


def correlate_weight(x: Array, g: Array, window: Window, groups: int) -> Array:
    """w[f, c, j] = sum over images and windows o of x[c, s o + d j - p] g[f, o]."""
    w = xp.matmul(_flat(g, groups), _columns(x, window, groups).swapaxes(2, 3)).sum(axis=0)
    return w.reshape(g.shape[1], x.shape[1] // groups, *window.kernel)


def _columns(x: Array, window: Window, groups: int) -> Array:
    """x (N, C, *size) as (N, G, C / G * prod kernel, prod out)"""
    n, c = x.shape[:2]
    columns = window.columns(x)
    return columns.reshape(n, groups, c // groups * math.prod(window.kernel), math.prod(columns.shape[2 + window.rank :]))


def _per_group(weight: Array, groups: int) -> Array:
    """A kernel (F, C / G, *kernel) as (G, F / G, C / G * prod kernel)"""
    return weight.reshape(groups, len(weight) // groups, math.prod(weight.shape[1:]))


def _flat(g: Array, groups: int) -> Array:
    """g (N, F, *out) as (N, G, F / G, prod out)"""
    return g.reshape(len(g), groups, g.shape[1] // groups, math.prod(g.shape[2:]))


def _with_bias(y: Array, bias: Array | None) -> Array:
    return y if bias is None else y + bias.reshape(-1, *(1,) * (y.ndim - 2))
