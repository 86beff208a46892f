"""The transpose of a small convolution: its columns, times a matrix that adds them up where they belong.

The definition adds the column of each cell of the kernel to the image, one after the other: many steps for little work, of
which a check by finite differences makes thousands. As a matrix of 0 and 1, kept for the next call, it is one product.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.dispatch import implements
from minitorch.backend.window import Window
from minitorch.kernels import samples

__all__: list[str] = []

LARGEST_MATRIX = 1 << 16  # elements
MOST_WORK = 1 << 20  # multiplications


@functools.lru_cache(maxsize=16)
def _places(window: Window, size: tuple[int, ...], dtype: Any) -> Array:
    """(cells of all windows, cells of the image): 1 where one lies on the other, else 0."""
    count = math.prod(size)
    cells = window.columns(xp.arange(1, count + 1).reshape(1, 1, *size)).reshape(-1)  # 0 in the padding
    matrix = xp.zeros((cells.size, count + 1), dtype)
    matrix[xp.arange(cells.size), cells] = 1
    return matrix[:, 1:].copy()


@implements("conv_transpose", engine="numpy", dtypes="fd", ulp=256, sample=samples.conv_transpose)
def _conv_transpose(g: Array, weight: Array, bias: Array | None, window: Window, groups: int, size: Sequence[int]) -> Any:
    """Declines where a number is infinite or nan: times 0 it would spread."""
    channels, cells = groups * weight.shape[1], math.prod(window.kernel) * math.prod(g.shape[2:])
    area = cells * math.prod(size)
    if not 0 < area <= LARGEST_MATRIX or not 0 < area * len(g) * channels <= MOST_WORK:
        return NotImplemented
    matrices = weight.reshape(groups, len(weight) // groups, math.prod(weight.shape[1:])).swapaxes(1, 2)
    columns = xp.matmul(matrices, g.reshape(len(g), groups, len(weight) // groups, math.prod(g.shape[2:])))
    x = xp.matmul(columns.reshape(len(g) * channels, cells), _places(window, tuple(size), g.dtype))
    if not xp.isfinite(x).all():
        return NotImplemented
    x = x.reshape(len(g), channels, *size)
    return x if bias is None else x + bias.reshape(-1, *(1,) * len(size))
