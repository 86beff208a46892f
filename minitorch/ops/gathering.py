"""Gather, scatter and their kin: elements that a tensor of indices names along one dimension."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from minitorch.autograd.grad_mode import is_grad_enabled
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, multiply_at, on_device_of, outside, xp
from minitorch.ops.elementwise import Number, number_of
from minitorch.ops.indexing import GetItem, IndexAdd, SetItem, getitem, placed, plain_index
from minitorch.ops.node_names import node_name
from minitorch.ops.shape import broadcast_shapes, check_dim, expand, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


F = TypeVar("F", bound=Callable[..., Any])


def grid(index: Array) -> list[Array]:
    """For each dimension of `index` the places along it, which broadcast to its shape: x[*grid(x)] is x."""
    ndim = index.ndim
    return [on_device_of(xp.arange(n).reshape(-1, *(1,) * (ndim - d - 1)), index) for d, n in enumerate(index.shape)]


def along(index: Array, dim: int) -> tuple[Array, ...]:
    """`index` along `dim` with every other dimension running through its places: x[along(index, dim)] gathers."""
    places = grid(index)
    places[dim] = index
    return tuple(places)


def _along_checked(name: str, index: Any, dim: int, shape: Sequence[int]) -> Any:
    """The NumPy index of a gather or scatter, checked. Sizes may be smaller than those of `shape`, except in `dim`."""
    if not isinstance(index, TensorBase) or index._array.dtype.kind not in "iu":
        found = index._array.dtype if isinstance(index, TensorBase) else type(index).__name__
        raise RuntimeError(f"{name}(): Expected dtype int64 for index, got {found}")
    array = index._array
    if array.size == 0:  # nothing is picked, whatever its shape
        return along(array.copy(), dim) if array.ndim == len(shape) else (array.reshape(-1).astype(xp.int64),)
    if array.ndim != len(shape):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as input tensor: {name}() got {array.ndim} and {len(shape)}"
        )
    for d, (n, m) in enumerate(zip(array.shape, shape, strict=True)):
        if d != dim and n > m:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(array.shape)} to be no larger than self "
                f"{list(shape)} apart from dimension {dim}"
            )
    if outside(array, 0, shape[dim]):
        wrong = array[(array < 0) | (array >= shape[dim])].reshape(-1)[0]
        raise RuntimeError(f"index {wrong} is out of bounds for dimension {dim} with size {shape[dim]}")
    return along(array.copy(), dim)


def _of_no_dimension(function: F) -> F:
    """Compute a function of a tensor of no dimension, and of an index along its dimension 0, as of vectors of one place."""

    @functools.wraps(function)
    def compute(input: Tensor, dim: int, index: Tensor, *rest: Any, **named: Any) -> Any:
        if input.ndim or not isinstance(index, TensorBase):
            return function(input, dim, index, *rest, **named)
        rest = tuple(reshape(r._as_tensor(), (-1,)) if isinstance(r, TensorBase) and r._array.ndim == 0 else r for r in rest)
        result = function(reshape(input, (1,)), dim, reshape(index, (-1,)), *rest, **named)
        return reshape(result, ()) if result.numel() == 1 else result

    return compute  # type: ignore[return-value]


@node_name("Gather0")
def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The elements that an index names along `dim`: out[i][j] = input[index[i][j]][j] for dim = 0, input[i][index[i][j]] for 1.

    Shapes: index has as many dimensions as input, each at most as long (but `dim`); the result has the shape of index.

    Raises RuntimeError for other shapes and for an index that is out of bounds.

    >>> scores = minitorch.tensor([[0.1, 0.9], [0.8, 0.2]])
    >>> minitorch.gather(scores, 1, minitorch.tensor([[1], [0]]))  # that of each row's class
    tensor([[0.9000],
            [0.8000]])
    """
    dim = check_dim(dim, input.ndim)
    if input.ndim == 0:  # as a vector of one place
        return reshape(gather(reshape(input, (1,)), 0, reshape(index, (-1,))), tuple(index.shape))
    return GetItem.apply(input, _along_checked("gather", index, dim, input.shape))


@node_name("ScatterAdd0")
@_of_no_dimension
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy of input with src added where index says, as in `gather`; an index may occur several times.

    out[index[i][j]][j] += src[i][j] for dim = 0, out[i][index[i][j]] += src[i][j] for dim = 1

    It is the derivative of `gather`. Raises RuntimeError for an index that is out of bounds.

    >>> minitorch.scatter_add(minitorch.zeros(3), 0, minitorch.tensor([0, 2, 0]), minitorch.tensor([1.0, 2.0, 3.0]))
    tensor([4., 0., 2.])
    """
    dim = check_dim(dim, input.ndim)
    if not isinstance(src, TensorBase):
        raise TypeError(f"scatter_add(): argument 'src' must be Tensor, not {type(src).__name__}")
    where = _along_checked("scatter_add", index, dim, input.shape)
    if src.ndim != input.ndim:
        raise RuntimeError(f"scatter_add(): src {list(src.shape)} must have as many dimensions as input {list(input.shape)}")
    if any(n > m for n, m in zip(index.shape, src.shape, strict=True)):
        raise RuntimeError(f"Expected index {list(index.shape)} to be no larger than src {list(src.shape)}")
    if src.dtype is not input.dtype:
        raise RuntimeError(f"scatter(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}")
    used = src[tuple(slice(n) for n in index.shape)]
    return input + IndexAdd.apply(used, tuple(input.shape), where)


@node_name("IndexSelect0")
@_of_no_dimension
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of input along `dim` that the 1-d `index` names, in its order.

    Shapes: (n, m) and an index (k) give (k, m) for dim = 0. Raises IndexError for an index that is out of bounds.

    >>> x = minitorch.tensor([[1, 2, 3], [4, 5, 6]])
    >>> minitorch.index_select(x, 1, minitorch.tensor([2, 0]))
    tensor([[3, 1],
            [6, 4]])
    """
    dim = check_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError(f"index_select(): Index is supposed to be a vector, but got {index.ndim} dimensions")
    if index.numel() and index._array.min() < 0:
        raise IndexError(
            f"index_select(): index {index._array.min()} is out of range; indices count from 0 and are not negative"
        )
    return getitem(input, (slice(None),) * dim + (index.reshape(-1),))


@node_name("MaskedSelect0")
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where `mask` is true, as a 1-d tensor.

    Raises RuntimeError for a mask that is not boolean.

    >>> x = minitorch.tensor([[1, -2], [-3, 4]])
    >>> minitorch.masked_select(x, x > 0)
    tensor([1, 4])
    """
    if mask._array.dtype.kind != "b":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}")
    shape = broadcast_shapes(tuple(input.shape), tuple(mask.shape))
    return getitem(input.expand(shape), mask.expand(shape))


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """As `gather`, with the other dimensions broadcast; without `dim` from the flattened input.

    Raises RuntimeError for an index that is out of bounds.

    >>> x = minitorch.tensor([[3, 1, 2], [6, 5, 4]])
    >>> minitorch.take_along_dim(x, minitorch.argsort(x, dim=1), dim=1)  # each row sorted
    tensor([[1, 2, 3],
            [4, 5, 6]])
    """
    if dim is None:
        return gather(reshape(input, (-1,)), 0, reshape(indices, (-1,)))
    if input.ndim != indices.ndim:
        raise RuntimeError(
            f"take_along_dim(): input and indices should have the same number of dimensions, but got {input.ndim} and "
            f"{indices.ndim}"
        )
    dim = check_dim(dim, input.ndim)
    shape = list(xp.broadcast_shapes(*(tuple(1 if d == dim else n for d, n in enumerate(x.shape)) for x in (input, indices))))
    sized = [x.expand([*shape[:dim], x.shape[dim], *shape[dim + 1 :]]) for x in (input, indices)]
    return gather(sized[0], dim, sized[1])


@node_name("Scatter0")
@_of_no_dimension
def scatter(input: Tensor, dim: int, index: Tensor, src: Tensor | Number, *, reduce: str | None = None) -> Tensor:
    """A copy of input with the elements of src, or a number, written where index says, as in `gather`.

    If an index occurs several times, the last element stays. With `reduce` 'add' or 'multiply' the elements are added to those
    of input, or multiplied with them, as often as the index names them; 'multiply' has no derivative.

    Raises RuntimeError for an index that is out of bounds, or longer than src.

    >>> classes = minitorch.tensor([[2], [0]])
    >>> minitorch.scatter(minitorch.zeros(2, 3), 1, classes, 1.0)  # one-hot rows
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError(f"reduce argument must be either add or multiply, but got {reduce!r:.40}")
    dim = check_dim(dim, input.ndim)
    where = _along_checked("scatter", index, dim, input.shape)
    if not isinstance(src, TensorBase):
        src = (
            src
            if reduce is None
            else wrap(xp.full_like(input._array, number_of(src, input._array.dtype), shape=tuple(index.shape)))
        )
    if not isinstance(src, TensorBase):
        return SetItem.apply(input, src, where)
    if src.ndim != input.ndim:
        raise RuntimeError(f"scatter(): src {list(src.shape)} must have as many dimensions as input {list(input.shape)}")
    if any(n > m for n, m in zip(index.shape, src.shape, strict=True)):
        raise RuntimeError(f"Expected index {list(index.shape)} to be no larger than src {list(src.shape)}")
    if src.dtype is not input.dtype:
        raise RuntimeError(f"scatter(): Expected self.dtype to be equal to src.dtype, got {input.dtype} and {src.dtype}")
    used = src[tuple(slice(n) for n in index.shape)]
    if reduce == "add":
        return input + IndexAdd.apply(used, tuple(input.shape), where)
    if reduce is None:
        return SetItem.apply(input, used, where)
    if is_grad_enabled() and (input.requires_grad or src.requires_grad):
        raise RuntimeError("derivative for scatter with reduce='multiply' is not implemented: .detach() its arguments")
    out = input._array.copy()
    multiply_at(out, where, used._array)
    return wrap(out)


@node_name("IndexCopy0")
@_of_no_dimension
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy of input with the slices of `source` in place of those along `dim` that the 1-d `index` names.

    Shapes: input (n, m), index (k) and source (k, m) give (n, m) for dim = 0. Raises IndexError for an index out of bounds.

    >>> rows = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> minitorch.index_copy(minitorch.zeros(3, 2), 0, minitorch.tensor([2, 0]), rows)
    tensor([[3., 4.],
            [0., 0.],
            [1., 2.]])
    """
    dim = check_dim(dim, input.ndim)
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"index_copy(): self and source expected to have the same dtype, but got {input.dtype!r} and {source.dtype!r}"
        )
    if index.ndim > 1 or index.dtype.numpy.kind not in "iu":
        raise IndexError(f"index_copy(): Index should have dimension 1 or 0 and integers, got {index.ndim}D of {index.dtype!r}")
    if source.ndim != input.ndim or source.shape[dim] != index.numel():
        raise IndexError(
            f"index_copy(): Number of indices ({index.numel()}) should be equal to source.size(dim): "
            f"source is {list(source.shape)}"
        )
    if any(n != m for d, (n, m) in enumerate(zip(input.shape, source.shape, strict=True)) if d != dim):
        raise RuntimeError(
            f"index_copy(): Source/destination tensor must have same slice shapes: {list(input.shape)} and {list(source.shape)}"
        )
    if outside(index._array, 0, input.shape[dim]):
        wrong = [i for i in index._array.reshape(-1).tolist() if not 0 <= i < input.shape[dim]]
        raise IndexError(f"index_copy(): index {wrong[0]} is out of bounds for dimension {dim} with size {input.shape[dim]}")
    steps = plain_index((slice(None),) * dim + (reshape(index, (-1,)),), input.shape)
    return SetItem.apply(input, source, *placed(steps, input))


@node_name("IndexPut0")
def index_put(input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of input with `values` at input[indices]; with `accumulate` added to what is there, as often as it is named.

    Raises IndexError for an index that is out of bounds.

    >>> at = (minitorch.tensor([0, 1, 1]), minitorch.tensor([1, 0, 0]))
    >>> minitorch.index_put(minitorch.zeros(2, 2), at, minitorch.tensor([1.0, 2.0, 3.0]), accumulate=True)
    tensor([[0., 1.],
            [5., 0.]])
    """
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put(): argument 'indices' must be tuple of Tensors, not {type(indices).__name__}")
    if values.dtype is not input.dtype:
        raise IndexError(
            f"Index put requires the source and destination dtypes match, got {input.dtype!r} and {values.dtype!r}"
        )
    steps = plain_index(tuple(slice(None) if i is None else i for i in indices), input.shape)
    if not accumulate:
        return SetItem.apply(input, values, *placed(steps, input))
    region: Any = xp.broadcast_to(xp.empty_like(input._array, shape=()), tuple(input.shape))
    for step in steps:
        region = region[step]
    return input + IndexAdd.apply(expand(values, region.shape), tuple(input.shape), *placed(steps, input))


@node_name("IndexAdd0")
@_of_no_dimension
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy of input with the slices of `source`, times alpha, added to those along `dim` that the 1-d `index` names.

    Shapes: input (n, m), index (k) and source (k, m) give (n, m) for dim = 0. Raises IndexError for an index out of bounds.

    >>> rows = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> minitorch.index_add(minitorch.ones(2, 2), 0, minitorch.tensor([1, 1]), rows, alpha=10)
    tensor([[ 1.,  1.],
            [41., 61.]])
    """
    dim = check_dim(dim, input.ndim)
    if source.dtype is not input.dtype:
        raise RuntimeError(f"index_add(): self and source must have one type, but got {input.dtype!r} and {source.dtype!r}")
    if outside(index._array, 0, input.shape[dim]):
        raise IndexError(f"index_add(): indices {index.tolist()} are not all within the {input.shape[dim]} slices")
    if index.ndim > 1 or source.ndim != input.ndim or source.shape[dim] != index.numel():
        raise RuntimeError(
            f"index_add(): index {list(index.shape)} must be a vector with one place a slice of source "
            f"{list(source.shape)} along dimension {dim}"
        )
    steps = plain_index((slice(None),) * dim + (index,), input.shape)
    return input + IndexAdd.apply(source if alpha == 1 else source * alpha, tuple(input.shape), *placed(steps, input))


@node_name("IndexFill0")
@_of_no_dimension
def index_fill(input: Tensor, dim: int, index: Tensor, value: Number) -> Tensor:
    """A copy of input with `value` in the slices along `dim` that the 1-d `index` names.

    >>> minitorch.index_fill(minitorch.tensor([[1, 2, 3], [4, 5, 6]]), 1, minitorch.tensor([0, 2]), -1)
    tensor([[-1,  2, -1],
            [-1,  5, -1]])
    """
    steps = plain_index((slice(None),) * check_dim(dim, input.ndim) + (index,), input.shape)
    return SetItem.apply(input, value, *placed(steps, input))
