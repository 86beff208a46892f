"""How numbers are added up: one rule for every sum, over any axes and any memory layout.

A running sum loses digits: in float32 a million numbers of one size are wrong by one percent, and 2^24 ones stay 2^24 however
many more are added. NumPy adds in pairs along the axis that is contiguous in memory, and row by row along all others. So here

    float64            is added as NumPy does
    float32            in float32 in pairs or in groups of GROUP numbers; these partial sums in float64; rounded once
    float16            the same, from float32 on; rounded once
    integers, masks    in int64
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minitorch.backend.arrays import Array, is_basic_index, on_device_of, outside, xp
from minitorch.backend.dispatch import definition

__all__ = ["add_at", "cumulative_sum", "sum_reduce", "sum_to"]

GROUP = 32  # numbers that are added one after the other in float32: a relative error below 5e-7
FEW = 64  # so many may be

_add: Any = xp.add.reduce  # not xp.sum: it skips a Python function of NumPy's, and warnings are attributed to this package


def sum_reduce(x: Array, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Σ x over `axis`: an axis, several, or None for all. Of floating type x's dtype unless given, else int64."""
    if x.size <= FEW and x.dtype.char in "fd":
        return _add(x, axis, dtype, None, keepdims)
    return _sum_of_many(x, axis, keepdims, dtype)


def _sum_of_many(x: Array, axis: Any, keepdims: bool, dtype: Any) -> Array:
    code, ndim, shape = x.dtype.char, x.ndim, x.shape
    if code not in "ef":
        return _add(x, axis, dtype or (None if x.dtype.kind in "fc" else xp.int64), None, keepdims)
    axes = range(ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    added = [a % ndim for a in axes if shape[a] != 1]
    count = math.prod([shape[a] for a in added])
    pairs = count <= FEW or (x.flags.c_contiguous and added == list(range(ndim - len(added), ndim)))
    if pairs or len(first := _contiguous_axes(x, added)) == len(added):
        if code == "f" and dtype is None:
            return _add(x, axis, None, None, keepdims)
        total = _add(x, axis, xp.float32, None, keepdims)
    elif math.prod([shape[a] for a in first]) >= GROUP:
        total = _add(_add(x, tuple(first), xp.float32, None, True), tuple(axes), xp.float64, None, keepdims)
    else:
        total = _add_in_groups(x, tuple(axes), max(added, key=lambda a: shape[a]), keepdims)
    return total.astype(dtype or x.dtype, copy=False)


def _contiguous_axes(x: Array, axes: list[int]) -> list[int]:
    """Those of `axes` along which x lies in memory element by element: NumPy adds in pairs along them."""
    found: list[int] = []
    step, strides = None, x.strides
    for a in sorted([a for a in range(x.ndim) if x.shape[a] > 1], key=lambda a: abs(strides[a])):
        if a not in axes or strides[a] == 0 or (step is not None and strides[a] != step):
            break
        found.append(a)
        step = strides[a] * x.shape[a]
    return found


def _add_in_groups(x: Array, axes: tuple[int, ...], axis: int, keepdims: bool) -> Array:
    """Σ x over `axes`: first the numbers that are far apart along `axis`, GROUP of them at a time, as long rows in memory."""
    length = x.shape[axis] // GROUP
    before = (slice(None),) * axis
    grouped = x[(*before, slice(0, GROUP * length))].reshape(*x.shape[:axis], GROUP, length, *x.shape[axis + 1 :])
    total = _add(_add(grouped, axis, xp.float32), axes, xp.float64, None, keepdims)
    if length * GROUP < x.shape[axis]:
        total = total + _add(x[(*before, slice(GROUP * length, None))], axes, xp.float64, None, keepdims)
    return total


def cumulative_sum(x: Array, axis: int, dtype: Any = None) -> Array:
    """The sums of the first 1, 2, 3 ... numbers along `axis`: long ones in float64, float16 in float32 at least."""
    result = wide = xp.dtype(dtype or (x.dtype if x.dtype.kind in "fc" else xp.int64))
    if result.kind == "f":
        wide = xp.promote_types(result, xp.float64 if x.shape[axis] > FEW else xp.float32)
    return xp.add.accumulate(x, axis=axis, dtype=wide).astype(result, copy=False)


def sum_to(array: Array, shape: tuple[int, ...]) -> Array:
    """Sum `array` over the axes along which `shape` was broadcast to it: the adjoint of broadcasting."""
    lead = array.ndim - len(shape)
    stretched = tuple(i for i, n in enumerate(shape, start=lead) if n == 1 and array.shape[i] != 1)
    axes = (*range(lead), *stretched)
    return xp.reshape(sum_reduce(array, axes) if axes else array.copy(), shape)


def add_at(shape: tuple[int, ...], steps: Sequence[Any], values: Array) -> Array:
    """Zeros of `shape` with `values` added at an index, as often as it names a cell: the adjoint of `x[index]`.

    The index comes in steps, x[step][step]. Applied to the array of the cells' own numbers, it gives the cell of each value.
    """
    if all(map(is_basic_index, steps)):
        target = out = xp.zeros_like(values, order="C", shape=shape)
        for step in steps[:-1]:
            target = target[step]
        target[steps[-1]] = values
        return out
    if len(steps) == 1 and all(getattr(getattr(part, "dtype", None), "kind", "") == "i" for part in steps[0]):
        cells: Any = 0
        rest = shape[len(steps[0]) :]
        for part, n in zip(steps[0], shape, strict=False):
            if outside(part, -n, n):
                raise IndexError(f"an index is out of bounds for a dimension of size {n}: {part.min()} to {part.max()}")
            cells = cells * n + part.astype(xp.int64, copy=False) % n
    else:
        cells, rest = on_device_of(xp.arange(math.prod(shape)).reshape(shape), values), ()
        for step in steps:
            cells = cells[step]
    wide: Any = values.dtype
    if values.dtype.kind == "f" and (wide.char == "e" or values.size > FEW * math.prod(shape)):
        wide = xp.promote_types(wide, xp.float64 if values.size > FEW * math.prod(shape) else xp.float32)
    count = math.prod(rest)
    rows = xp.broadcast_to(values, (*cells.shape, *rest)).astype(wide, copy=False).reshape(cells.size, count)
    out = _add_rows(rows, cells.reshape(-1), math.prod(shape[: len(shape) - len(rest)]))
    return out.astype(values.dtype, copy=False).reshape(shape)


@definition
def _add_rows(values: Array, rows: Array, n: int) -> Array:
    """Zeros (n, K) with values (M, K) added at the rows (M,), which are in range(n)."""
    out, count = xp.zeros_like(values, order="C", shape=(n, values.shape[1])), values.shape[1]
    cells = rows if count == 1 else (rows[:, None] * count + on_device_of(xp.arange(count), rows)).reshape(-1)
    xp.add.at(out.reshape(-1), cells, values.reshape(-1))
    return out
