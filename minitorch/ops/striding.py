"""Views with strides of their own: the diagonals of matrices, the windows along a dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array, on_device_of, view_of, xp
from minitorch.ops.indexing import IndexAdd
from minitorch.ops.shape import check_dim, movedim, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Diagonal(Op):
    """The elements x[i, i + offset] of matrices, as a view;  grad on the diagonal, 0 elsewhere"""

    is_view = True

    def forward(ctx, x: Array, offset: int, dims: tuple[int, int]) -> Array:
        ctx.offset, ctx.dims = offset, dims
        ctx.sizes = rows, columns = x.shape[dims[0]], x.shape[dims[1]]
        steps = x.strides[dims[0]], x.strides[dims[1]]
        count = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
        rest = [i for i in range(x.ndim) if i not in dims]
        first = [slice(None)] * x.ndim
        if count:
            first[dims[0]], first[dims[1]] = slice(max(-offset, 0), None), slice(max(offset, 0), None)
        return view_of(x[tuple(first)], (*(x.shape[i] for i in rest), count), (*(x.strides[i] for i in rest), sum(steps)))

    def backward(ctx, grad: Tensor) -> Any:
        return _on_diagonal(grad, ctx.sizes, ctx.offset, ctx.dims)


def _on_diagonal(x: Any, sizes: tuple[int, int], offset: int, dims: tuple[int, int]) -> Any:
    """Matrices of zeros with the last dimension of x on their diagonals; `dims` are theirs."""
    at = on_device_of(xp.arange(x.shape[-1]), getattr(x, "_array", x))
    index = (Ellipsis, at + max(-offset, 0), at + max(offset, 0))
    return movedim(IndexAdd.apply(x, (*x.shape[:-1], *sizes), index), (-2, -1), dims)


class Windows(Op):
    """Windows along a dimension, as a view with their cells last;  each cell's grad added where it comes from"""

    is_view, label = True, "Unfold0"

    def forward(ctx, x: Array, dim: int, size: int, step: int) -> Array:
        ctx.shape, ctx.dim, ctx.size, ctx.step = x.shape, dim, size, step
        count = (x.shape[dim] - size) // step + 1
        shape = (*x.shape[:dim], count, *x.shape[dim + 1 :], size)
        return view_of(x, shape, (*x.strides[:dim], x.strides[dim] * step, *x.strides[dim + 1 :], x.strides[dim]))

    def backward(ctx, grad: Tensor) -> Any:
        places = xp.arange(grad.shape[ctx.dim])[:, None] * ctx.step + xp.arange(ctx.size)
        array: Any = getattr(grad, "_array", grad)
        index = (*(slice(None),) * ctx.dim, on_device_of(places, array))
        return IndexAdd.apply(movedim(grad, -1, ctx.dim + 1), ctx.shape, index)


# ---- the functions, by PyTorch's names ----------------------------------------------------------------------------------


def _two_dims(dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    dims = check_dim(dim1, ndim), check_dim(dim2, ndim)
    if dims[0] == dims[1]:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return dims


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The `offset`-th diagonal of the matrices that two dimensions make, as a view whose last dimension it is.

    >>> minitorch.diagonal(minitorch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    >>> minitorch.diagonal(minitorch.tensor([[1, 2], [3, 4]]), offset=1)
    tensor([2])
    """
    return Diagonal.apply(input, offset, _two_dims(dim1, dim2, input.ndim))


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices of zeros with the last dimension of input on their `offset`-th diagonal.

    Shapes: (*, n) gives (*, n, n) for offset = 0.

    >>> minitorch.diag_embed(minitorch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.ndim == 0:
        raise IndexError("diag_embed: expected at least one dimension, which is put on the diagonal, but got a 0-d tensor")
    dims = _two_dims(dim1, dim2, input.ndim + 1)
    if dims[0] > dims[1]:
        dims, offset = dims[::-1], -offset
    n = input.shape[-1] + abs(offset)
    return _on_diagonal(input, (n, n), offset, dims)


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """The windows of `size` elements along a dimension, each `step` after the one before: a view with the cells last.

    Raises RuntimeError for windows larger than the dimension.

    >>> minitorch.arange(5).unfold(0, 3, 1)
    tensor([[0, 1, 2],
            [1, 2, 3],
            [2, 3, 4]])
    """
    dim = check_dim(dimension, input.ndim)
    n = input.shape[dim] if input.ndim else 1
    if not 0 <= size <= n:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {n} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    return Windows.apply(input, dim, size, step) if input.ndim else reshape(input, (1,))[:size]
