"""The windows of an image as columns, and columns added into an image: each other's adjoints.

A convolution is a matrix product with these columns. Other sliding computations can be built with them, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array
from minitorch.backend.window import Window, per_dim
from minitorch.ops.elementwise import check_floating
from minitorch.ops.node_names import node_name
from minitorch.ops.shape import squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Unfold(Op):
    """Columns (N, C * prod kernel, windows) of an image (N, C, *size): what each window sees;  Fold of grad"""

    def forward(ctx, x: Array, window: Window) -> Array:
        ctx.window, ctx.size = window, x.shape[2:]
        columns = window.columns(x)
        out = columns.shape[-window.rank :]
        return columns.reshape(x.shape[0], x.shape[1] * math.prod(window.kernel), math.prod(out)).copy(order="C")

    def backward(ctx, grad: Tensor) -> Any:
        return Fold.apply(grad, ctx.window, ctx.size)


class Fold(Op):
    """Columns added into an image of a size, each element to the cell it would have been seen in;  Unfold of grad"""

    def forward(ctx, x: Array, window: Window, size: tuple[int, ...]) -> Array:
        ctx.window = window
        channels = x.shape[1] // math.prod(window.kernel)
        return window.fold(x.reshape(x.shape[0], channels, *window.kernel, *window.output_size(size)), size).copy(order="C")

    def backward(ctx, grad: Tensor) -> Any:
        return Unfold.apply(grad, ctx.window)


@node_name("Im2Col0")
def unfold(
    input: Tensor,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """The windows of input ((N,) C, H, W) as columns ((N,) C * prod kernel, windows), in the order they are passed over.

    windows = the product of floor((size + 2 padding - dilation (kernel - 1) - 1) / stride + 1) over height and width

    A convolution is the product of the weight, as a matrix, with these columns. Raises RuntimeError where no window fits.

    Example: A window of 2 x 2 has (3 - 2 + 1)^2 = 4 places on 3 x 3 cells.

    >>> F.unfold(minitorch.arange(9.0).reshape(1, 3, 3), kernel_size=2)
    tensor([[0., 1., 3., 4.],
            [1., 2., 4., 5.],
            [3., 4., 6., 7.],
            [4., 5., 7., 8.]])
    """
    window = Window.of("unfold", 2, kernel_size, stride, padding, dilation, single=False)
    check_floating("unfold", input)
    if input.ndim not in (3, 4) or 0 in input.shape[-3:]:
        raise RuntimeError(
            f"unfold: expected an image ((N,) C, H, W), of which only the batch may be empty, but got input {list(input.shape)}"
        )
    window.output_size(input.shape[-2:])  # raises if no window fits
    if input.ndim == 3:
        return squeeze(unfold(unsqueeze(input, 0), kernel_size, dilation, padding, stride), 0)
    return Unfold.apply(input, window)


def fold(
    input: Tensor,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """Columns ((N,) C * prod kernel, windows) added into an image ((N,) C, *output_size). Where windows overlap, they sum:

    fold(unfold(x)) is x times the number of windows that see each cell.

    Raises RuntimeError for a number of columns or rows that does not belong to the windows.

    >>> columns = F.unfold(minitorch.ones(1, 3, 3), kernel_size=2)
    >>> F.fold(columns, output_size=3, kernel_size=2)
    tensor([[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]])
    """
    window = Window.of("fold", 2, kernel_size, stride, padding, dilation, single=False)
    size = per_dim(output_size, 2, "fold: output_size", 1, single=False)
    check_floating("fold", input)
    if input.ndim not in (2, 3) or 0 in input.shape[-2:]:
        raise RuntimeError(
            "fold: expected columns ((N,) C * prod kernel, windows), of which only the batch may be empty, but got input "
            f"{list(input.shape)}"
        )
    cells, out = math.prod(window.kernel), window.output_size(size)
    if input.shape[-2] % cells:
        raise RuntimeError(
            f"fold: a column of {input.shape[-2]} elements cannot hold windows of {' * '.join(map(str, window.kernel))} = "
            f"{cells} cells for each of some channels: {cells * max(1, round(input.shape[-2] / cells))} would do"
        )
    if input.shape[-1] != math.prod(out):
        raise RuntimeError(
            f"fold: a window of {window.kernel} with dilation {window.dilation}, padding {tuple(p for p, _ in window.padding)} "
            f"and stride {window.stride} has {out[0]} * {out[1]} = {math.prod(out)} places on an output of {size}, each a "
            f"column, but the input has {input.shape[-1]} columns"
        )
    if input.ndim == 2:
        return squeeze(fold(unsqueeze(input, 0), output_size, kernel_size, dilation, padding, stride), 0)
    return Fold.apply(input, window, size)
