"""Ops that select elements by their index: x[index], gather, and their adjoints, which add elements at an index.

GetItem and IndexAdd are each other's adjoints. gather and scatter_add are the same two with an index along one dimension.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from minitorch.autograd.grad_mode import is_grad_enabled
from minitorch.autograd.node import Op
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, contiguous, is_basic_index, multiply_at, on_device_of, outside, xp
from minitorch.backend.callsite import warn
from minitorch.backend.sums import add_at
from minitorch.ops.comparison import masked_fill
from minitorch.ops.elementwise import Number
from minitorch.ops.node_names import index_name, node_name
from minitorch.ops.shape import Reshape, broadcast_shapes, check_dim, existing_dim, expand, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


F = TypeVar("F", bound=Callable[..., Any])


class GetItem(Op):
    """x[index];  IndexAdd of grad: at the index, 0 elsewhere. The index is a sequence of steps (`plain_index`)"""

    is_view = True

    def forward(ctx, x: Array, *steps: Any) -> Array:
        ctx.steps, ctx.shape = steps, x.shape
        for step in steps:
            x = x[step]
        return x if is_basic_index(steps[-1]) else contiguous(x)

    def backward(ctx, grad: Tensor) -> Any:
        return IndexAdd.apply(grad, ctx.shape, *ctx.steps)


class IndexAdd(Op):
    """Zeros with x added at an index;  GetItem of grad, its adjoint"""

    def forward(ctx, x: Array, shape: tuple[int, ...], *steps: Any) -> Array:
        ctx.steps = steps
        return add_at(shape, steps, x)

    def backward(ctx, grad: Tensor) -> Any:
        return GetItem.apply(grad, *ctx.steps)


class SetItem(Op):
    """A copy of x with a value in the places of an index;  in value: grad at these places, in x: grad elsewhere"""

    def forward(ctx, x: Array, value: Any, *steps: Any) -> Array:
        ctx.steps, ctx.value_ndim = steps, getattr(value, "ndim", 0)
        out = target = x.copy()
        for step in steps[:-1]:
            target = target[step]
        target[steps[-1]] = value
        return out

    def backward(ctx, grad: Tensor) -> Any:
        for_x, for_value, *_ = ctx.needs_input_grad
        at_places = GetItem.apply(grad, *ctx.steps) if for_value else None
        if at_places is not None and ctx.value_ndim > at_places.ndim:  # a value may have leading dimensions of size 1
            ones = (1,) * (ctx.value_ndim - at_places.ndim)
            at_places = Reshape.apply(at_places, (*ones, *at_places.shape))
        return SetItem.apply(grad, 0.0, *ctx.steps) if for_x else None, at_places

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        x, value, *steps = args
        where = xp.zeros(x.shape, bool)
        for step in steps:
            where = where[step]
        return RuntimeError(
            f"shape mismatch: value tensor of shape {list(getattr(value, 'shape', []))} cannot be broadcast to indexing "
            f"result of shape {list(where.shape)}"
        )


# ---- the functions, by PyTorch's names ---------------------------------------------------------------------------


def plain_index(index: Any, shape: Sequence[int]) -> tuple[tuple[Any, ...], ...]:
    """An index as NumPy takes it, in one step or two, checked against the shape it is for: Tensors and lists become arrays.

    NumPy would count an int beside an array among the arrays, and order the dimensions accordingly; in PyTorch it selects
    first. So where both occur, the ints, slices, None and `...` make a first step and the arrays a second.

    Raises IndexError for too many indices or one that is out of bounds, ValueError for a step that is not positive.
    """
    parts = index if isinstance(index, tuple) else (index,)
    out: list[Any] = []
    dim = 0
    used = sum(_dims_used(p) for p in parts)
    if used > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}: got {used}")
    for part in parts:
        part = _plain_part(part)
        if part is Ellipsis:
            dim = len(shape) - sum(_dims_used(p) for p in parts[len(out) + 1 :])
        elif isinstance(part, slice):
            if part.step is not None and part.step <= 0:
                raise ValueError("step must be greater than zero; .flip(dims) reverses a tensor")
            dim += 1
        elif type(part) is int:
            if not -shape[dim] <= part < shape[dim]:
                raise IndexError(f"index {part} is out of bounds for dimension {dim} with size {shape[dim]}")
            dim += 1
        elif part is not None and part.dtype.kind == "b":
            for i, n in enumerate(part.shape):
                if n != shape[dim + i]:
                    raise IndexError(
                        f"The shape of the mask {list(part.shape)} at index {i} does not match the shape of the indexed "
                        f"tensor {list(shape)} at index {dim + i}"
                    )
            dim += part.ndim
        elif part is not None:
            n = shape[dim]
            if outside(part, -n, n):
                wrong = part[(part < -n) | (part >= n)].reshape(-1)[0]
                raise IndexError(f"index {wrong} is out of bounds for dimension {dim} with size {n}")
            dim += 1
        out.append(part)
    if is_basic_index(tuple(out)):
        # with `...` at the end NumPy gives a view also where a single element is left
        return (tuple(out) if Ellipsis in out else (*out, Ellipsis),)
    if not any(type(part) is int for part in out):
        return (tuple(out),)
    first, second = [], []
    for part in out:
        array = hasattr(part, "dtype")
        taken = max(part.ndim, 1) if array and part.dtype.kind == "b" else 1
        first += [slice(None)] * taken if array else [part]
        if type(part) is not int:
            second.append(part if array or part is Ellipsis else slice(None))
    return tuple(first), tuple(second)


def _plain_part(part: Any) -> Any:
    if isinstance(part, TensorBase):
        array = part._array
        if array.dtype.kind not in "biu":
            raise IndexError(f"tensors used as indices must be long, int, byte or bool tensors, not {array.dtype}")
        if array.dtype == xp.uint8:
            warn("indexing with dtype uint8 is deprecated and means a mask: use a mask of dtype bool instead")
            array = array.astype(bool)
        if array.ndim == 0 and array.dtype.kind != "b":
            return int(array)
        return array.copy()  # a later change of the index must not reach backward
    if part is None or part is Ellipsis or type(part) is int:
        return part
    if isinstance(part, slice):
        return slice(*(None if i is None else operator.index(i) for i in (part.start, part.stop, part.step)))
    if isinstance(part, (list, tuple, bool, range)) or hasattr(part, "dtype"):
        array = xp.asarray([_plain_part(p) for p in part] if isinstance(part, (list, tuple)) else part)
        if array.dtype.kind in "biu" or array.size == 0:
            return (
                int(array) if array.ndim == 0 and array.dtype.kind != "b" else array.astype(array.dtype if array.size else int)
            )
    if hasattr(part, "__index__"):
        return operator.index(part)
    raise (TypeError if isinstance(part, str) else IndexError)(
        "only integers, slices (`:`), ellipsis (`...`), None and long or bool Tensors are valid indices (got "
        f"{type(part).__name__}: {part!r})"
    )


def _dims_used(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    dtype = getattr(part, "dtype", None)
    if isinstance(part, bool) or (dtype is not None and str(getattr(dtype, "name", dtype)) == "bool"):
        return int(getattr(part, "ndim", 0))
    if isinstance(part, (list, tuple)):
        return _plain_part(part).ndim if _plain_part(part).dtype.kind == "b" else 1
    return 1


def getitem(input: Tensor, index: Any) -> Tensor:
    """input[index]: a view for ints, slices, None and `...`; a copy for tensors and lists of integers or booleans."""
    steps = plain_index(index, input.shape)
    out = GetItem.apply(input, *placed(steps, input))
    if getattr(out, "_edge", None) is not None:
        out._edge[0].label = index_name(steps)
    return out


def placed(steps: tuple[tuple[Any, ...], ...], x: Any) -> tuple[tuple[Any, ...], ...]:
    """An index whose arrays are on the device of x."""
    array = getattr(x, "_array", x)
    if isinstance(array, xp.ndarray):
        return steps
    return tuple(tuple(on_device_of(p, array) if isinstance(p, xp.ndarray) else p for p in step) for step in steps)


def along(index: Array, dim: int) -> tuple[Array, ...]:
    """`index` along `dim` with every other dimension running through its places: x[along(index, dim)] gathers."""
    grid: list[Any] = [on_device_of(axes, index) for axes in xp.ogrid[tuple(slice(n) for n in index.shape)]]
    grid[dim] = index
    return tuple(grid)


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
        src = src if reduce is None else wrap(xp.full_like(input._array, src, shape=tuple(index.shape)))
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


@node_name("Fill0")
def fill(input: Tensor, value: Tensor | Number) -> Tensor:
    """A tensor like input, with `value`, a number or a 0-d tensor, everywhere.

    >>> minitorch.fill(minitorch.tensor([[1, 2], [3, 4]]), 7)
    tensor([[7, 7],
            [7, 7]])
    """
    return masked_fill(input, wrap(xp.ones_like(input._array, dtype=bool)), value)


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


@node_name("View0")
def repeat_interleave(input: Tensor, repeats: Tensor | Number, dim: int | None = None) -> Tensor:
    """Each slice along `dim` `repeats` times in a row, or each as often as its element of `repeats` says; flat without dim.

    Raises RuntimeError for negative repeats, and for a vector of another length than the dimension.

    >>> x = minitorch.tensor([1, 2, 3])
    >>> minitorch.repeat_interleave(x, 2)
    tensor([1, 1, 2, 2, 3, 3])
    >>> minitorch.repeat_interleave(x, minitorch.tensor([0, 1, 3]))
    tensor([2, 3, 3, 3])
    """
    flat = reshape(input, (-1,)) if dim is None else input
    dim = existing_dim("repeat_interleave", flat, dim or 0, IndexError)
    counts: Any = repeats._array if isinstance(repeats, TensorBase) else repeats
    if xp.any(xp.less(counts, 0)) or getattr(counts, "dtype", xp.dtype(int)).kind not in "iu":
        raise RuntimeError(f"repeat_interleave: repeats must be integers from 0 on, but got {repeats}")
    if not isinstance(repeats, int) and counts.size not in (1, flat.shape[dim]):
        raise RuntimeError(f"repeats must have the same size as input along dim {dim}: {counts.size} and {flat.shape[dim]}")
    indices = xp.repeat(on_device_of(xp.arange(flat.shape[dim]), flat._array), counts)
    return GetItem.apply(flat, (slice(None),) * dim + (indices,))


@node_name("Tril0")
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of each matrix (*, n, m), zeros above the `diagonal`-th diagonal.

    >>> minitorch.tril(minitorch.ones(3, 3))  # a causal mask
    tensor([[1., 0., 0.],
            [1., 1., 0.],
            [1., 1., 1.]])
    """
    return _triangle("tril", input, diagonal, lambda row, column: column - row <= diagonal)


@node_name("Triu0")
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of each matrix (*, n, m), zeros below the `diagonal`-th diagonal.

    >>> minitorch.triu(minitorch.ones(3, 3), diagonal=1)
    tensor([[0., 1., 1.],
            [0., 0., 1.],
            [0., 0., 0.]])
    """
    return _triangle("triu", input, diagonal, lambda row, column: column - row >= diagonal)


def _triangle(name: str, input: Tensor, diagonal: int, kept: Callable[[Any, Any], Any]) -> Tensor:
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions, got {list(input.shape)}")
    rows, columns = input.shape[-2:]
    return masked_fill(input, wrap(on_device_of(~kept(xp.arange(rows)[:, None], xp.arange(columns)), input._array)), 0)


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, as a copy; or of a vector the matrix that has it as its diagonal.

    Shapes: (n, n) gives (n), and (n) gives (n, n), for diagonal = 0. Raises RuntimeError for more than 2 dimensions.

    >>> minitorch.diag(minitorch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    >>> minitorch.diag(minitorch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    if input.ndim == 1:
        n = input.shape[0] + abs(diagonal)
        at = on_device_of(xp.arange(input.shape[0]), input._array)
        return IndexAdd.apply(input, (n, n), (at + max(-diagonal, 0), at + max(diagonal, 0)))
    rows, columns = input.shape
    count = max(min(rows + min(diagonal, 0), columns - max(diagonal, 0)), 0)
    at = on_device_of(xp.arange(count), input._array)
    return GetItem.apply(input, (at + max(-diagonal, 0), at + max(diagonal, 0)))
