"""Ops that select elements by their index: x[index], x[index] = value, and the adjoint, which adds elements at an index.

GetItem and IndexAdd are each other's adjoints. gathering.py has functions of an index along one dimension.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.node import Op
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, as_array, contiguous, is_basic_index, on_device_of, outside, xp
from minitorch.backend.callsite import warn
from minitorch.backend.errors import refuse_if_too_large
from minitorch.backend.sums import add_at
from minitorch.ops.elementwise import Number, number_of
from minitorch.ops.node_names import index_name, node_name
from minitorch.ops.selection import masked_fill
from minitorch.ops.shape import Reshape, existing_dim, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


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
        out = target = as_array(x.copy())  # a copy of a 0-d array may come as a number
        for step in steps[:-1]:
            target = target[step]
        target[steps[-1]] = number_of(value, x.dtype) if isinstance(value, Number) else value
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


@node_name("Fill0")
def fill(input: Tensor, value: Tensor | Number) -> Tensor:
    """A tensor like input, with `value`, a number or a 0-d tensor, everywhere.

    >>> minitorch.fill(minitorch.tensor([[1, 2], [3, 4]]), 7)
    tensor([[7, 7],
            [7, 7]])
    """
    return masked_fill(input, wrap(xp.ones_like(input._array, dtype=bool)), value)


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
    total = counts if isinstance(repeats, int) else int(counts.sum(dtype=xp.float64))
    total *= flat.shape[dim] if isinstance(repeats, int) or counts.size == 1 else 1
    refuse_if_too_large(
        "repeat_interleave", [total if d == dim else n for d, n in enumerate(flat.shape)], input._array.itemsize
    )
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
