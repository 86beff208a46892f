"""Unpooling: what max-pooling selected returns to the cells it came from, by its indices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, is_known, on_device_of, outside, xp
from minitorch.backend.dispatch import definition
from minitorch.backend.window import Window
from minitorch.ops.node_names import node_name
from minitorch.ops.pooling import ScatterAdd, batched, name_of
from minitorch.ops.ranks import specialize_ranks
from minitorch.ops.selection import masked_fill

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


@node_name(name_of("MaxUnpool"))
def max_unpool(
    rank: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros with each element of input ((N,) C, *size) at its index: what max-pooling selected returns to its cell.

    out = (size - 1) stride - 2 padding + kernel_size, or `output_size`.

    `indices` are those of `max_pool1d(..., return_indices=True)`, or 2d or 3d, flat within the plane of each channel.
    kernel_size, stride and padding are those of the pool. `output_size` selects one of the sizes that are pooled to this one.
    Where an index occurs twice the last element wins, and it alone has a gradient.

    Raises RuntimeError for indices of another shape or dtype or outside the plane, ValueError for an `output_size` out of
    range.

    Example: out = (2 - 1) 2 - 0 + 2 = 4.

    >>> y, indices = F.max_pool1d(minitorch.tensor([[[1.0, 4.0, 2.0, 3.0]]]), 2, return_indices=True)
    >>> F.max_unpool1d(y, indices, 2)
    tensor([[[0., 4., 0., 3.]]])
    >>> y, indices = F.max_pool2d(minitorch.arange(16.0).reshape(1, 1, 4, 4), 2, return_indices=True)
    >>> F.max_unpool2d(y, indices, 2)
    tensor([[[[ 0.,  0.,  0.,  0.],
              [ 0.,  5.,  0.,  7.],
              [ 0.,  0.,  0.,  0.],
              [ 0., 13.,  0., 15.]]]])
    >>> y, indices = F.max_pool3d(minitorch.ones(1, 1, 5, 5, 5), 2, return_indices=True)
    >>> F.max_unpool3d(y, indices, 2, output_size=(5, 5, 5)).shape
    minitorch.Size([1, 1, 5, 5, 5])
    """
    name = f"max_unpool{rank}d"
    has_stride = stride is not None and not (isinstance(stride, (tuple, list)) and not stride)
    steps = stride if has_stride else kernel_size
    window = Window.of(name, rank, kernel_size, steps, padding, 1)
    if indices.dtype.name != "int64":
        raise RuntimeError(f"{name}: elements in indices should be type int64 but got: {indices.dtype!r}")
    if indices.shape != input.shape:
        raise RuntimeError(
            f"{name}: Expected shape of indices to be same as that of the input tensor ({list(input.shape)}), but got indices "
            f"tensor with shape: {list(indices.shape)}"
        )

    def unpool(x: Tensor) -> Tensor:
        size = _unpooled_size(window, x.shape[2:], output_size)
        flat, plane = indices._array.reshape(x.shape), math.prod(size)
        if outside(flat, 0, plane):
            wrong = flat[(flat < 0) | (flat >= plane)].reshape(-1)[0]
            raise RuntimeError(
                f"{name}: Found an invalid max index: {wrong}, a plane of {' x '.join(map(str, size))} has the indices 0 to "
                f"{plane - 1}"
            )
        last, unique = _last_of_each_index(x, flat, plane)
        return ScatterAdd.apply(last, wrap(flat.copy()), size, unique)

    return batched(name, rank, input, unpool)


def _last_of_each_index(x: Tensor, indices: Array, plane: int) -> tuple[Tensor, bool]:
    """x with 0 for every element whose index occurs again later in its plane: the last one wins, and it alone has a gradient.

    And whether all indices are unique, as they are when windows do not overlap.
    """
    rows = indices.reshape(-1, math.prod(indices.shape[2:]))
    if is_known(rows) and _all_unique(rows, plane):
        return x, True
    order = xp.broadcast_to(on_device_of(xp.arange(rows.shape[1]), rows), rows.shape)
    last = xp.zeros_like(indices, shape=(len(rows), plane))
    xp.put_along_axis(last, rows, order, 1)  # of several values for one index, the last stays
    lost = xp.take_along_axis(last, rows, 1) != order
    return masked_fill(x, wrap(lost.reshape(indices.shape)), 0.0), False


@definition
def _all_unique(indices: Array, plane: int) -> bool:
    """Whether every row of `indices` (P, K), all in range(plane), has each index at most once."""
    occurs = xp.zeros_like(indices, order="C", shape=(len(indices) * plane,), dtype=bool)
    occurs[indices + on_device_of(xp.arange(len(indices))[:, None] * plane, indices)] = True
    return int(xp.count_nonzero(occurs)) == indices.size


def _unpooled_size(window: Window, size: Sequence[int], output_size: Any) -> tuple[int, ...]:
    """The size that was pooled to `size`: (n - 1) stride - 2 padding + kernel, or `output_size` if it is near that.

    Raises ValueError, with the range, for one that is not within a stride of it.
    """
    likely = tuple(
        (n - 1) * s - 2 * p + k for n, s, (p, _), k in zip(size, window.stride, window.padding, window.kernel, strict=True)
    )
    if output_size is None:
        if any(n < 1 for n in likely):
            raise RuntimeError(
                f"{window.name}: the output would have size {list(likely)}; give output_size, or use less padding"
            )
        return likely
    if not isinstance(output_size, (tuple, list)) or not all(isinstance(n, int) for n in output_size):
        raise TypeError(f"{window.name}: output_size must be a tuple of {window.rank} ints, not {output_size!r}")
    sizes = tuple(output_size)[-window.rank :]
    if len(output_size) not in (window.rank, window.rank + 1, window.rank + 2):
        raise ValueError(
            f"{window.name}: output_size should be a sequence containing {window.rank} or {window.rank + 2} elements, but it "
            f"has a length of '{len(output_size)}'"
        )
    for d, (n, near, s) in enumerate(zip(sizes, likely, window.stride, strict=True)):
        if not near - s < n < near + s:
            raise ValueError(
                f"{window.name}: invalid output_size {list(output_size)}: spatial dimension {d} must be between "
                f"{near - s + 1} and {near + s - 1}, around (n - 1) * stride - 2 * padding + kernel_size = {near}"
            )
    return sizes


max_unpool1d, max_unpool2d, max_unpool3d = specialize_ranks(max_unpool)
