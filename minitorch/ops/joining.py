"""Ops that join tensors, and that cut them apart."""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from minitorch.autograd.node import Op
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, contiguous, on_device_of, xp
from minitorch.backend.callsite import warn
from minitorch.backend.dtypes import result_type
from minitorch.backend.errors import refuse_if_too_large
from minitorch.ops.node_names import node_name
from minitorch.ops.shape import check_dim, clone, constant_pad, existing_dim, expand, reshape, sizes, transpose, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Cat(Op):
    """Joined along a dimension;  grad cut at the same places"""

    def forward(ctx, dim: int, *arrays: Array) -> Array:
        ctx.dim, ctx.ends = dim, list(itertools.accumulate(a.shape[dim] for a in arrays))
        common = result_type(*arrays)
        return contiguous(xp.concatenate([a.astype(common, copy=False) for a in arrays], dim))

    def backward(ctx, grad: Tensor) -> Any:
        starts = [0, *ctx.ends[:-1]]
        whole = (builtins.slice(None),) * ctx.dim
        return None, *(grad[(*whole, builtins.slice(a, b))] for a, b in zip(starts, ctx.ends, strict=True))

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        dim, first, *rest = args
        for i, a in enumerate(rest, 1):
            if a.ndim != first.ndim:
                return RuntimeError(
                    f"Tensors must have same number of dimensions: got {first.ndim} and {a.ndim} (tensors 0 and {i})"
                )
            for d, (n, m) in enumerate(zip(first.shape, a.shape, strict=True)):
                if d != dim and n != m:
                    return RuntimeError(
                        f"Sizes of tensors must match except in dimension {dim}. Expected size {n} but got size {m} for "
                        f"tensor number {i} in the list (dimension {d}: {list(first.shape)} and {list(a.shape)})."
                    )
        return super().explain(error, *args)


class Split(Op):
    """Views of pieces of given sizes along a dimension;  the gradients of the pieces, joined"""

    is_view = True

    def forward(ctx, x: Array, sections: Sequence[int], dim: int) -> tuple[Array, ...]:
        ctx.dim, ends = dim % x.ndim, itertools.accumulate(sections)
        whole = (builtins.slice(None),) * ctx.dim
        return tuple([x[(*whole, builtins.slice(b - n, b))] for n, b in zip(sections, ends, strict=True)])

    def backward(ctx, *grads: Tensor) -> Any:
        return cat(grads, ctx.dim)


class SplitWithSizes(Split):
    """Copies of pieces of given sizes along a dimension;  the gradients of the pieces, joined"""

    is_view = False

    def forward(ctx, x: Array, sections: Sequence[int], dim: int) -> tuple[Array, ...]:
        return tuple([piece.copy() for piece in Split.forward(ctx, x, sections, dim)])


class Unbind(Op):
    """Views of the slices along a dimension;  the gradients of the slices, stacked"""

    is_view = True

    def forward(ctx, x: Array, dim: int) -> tuple[Array, ...]:
        ctx.dim, whole = dim, (builtins.slice(None),) * dim
        return tuple([x[whole + (i, Ellipsis)] for i in range(x.shape[dim])])  # noqa: RUF005 (mypy)

    def backward(ctx, *grads: Tensor) -> Any:
        return stack(grads, ctx.dim)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors joined along `dim`; the other sizes must agree.

    Shapes: (n, *) and (m, *) give (n + m, *). Raises RuntimeError for other sizes that differ.

    >>> a, b = minitorch.tensor([[1, 2]]), minitorch.tensor([[3, 4], [5, 6]])
    >>> minitorch.cat([a, b])
    tensor([[1, 2],
            [3, 4],
            [5, 6]])
    >>> minitorch.cat([a, a], dim=1)
    tensor([[1, 2, 1, 2]])
    """
    tensors = tuple(tensors)
    if not tensors:
        raise ValueError("cat(): expected a non-empty list of Tensors")
    if any(x.ndim == 0 for x in tensors):
        i = next(i for i, x in enumerate(tensors) if x.ndim == 0)
        raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated; stack() joins numbers")
    if any(x.ndim > 1 for x in tensors):  # a vector of no elements joins anything, as in PyTorch
        tensors = tuple(x for x in tensors if tuple(x.shape) != (0,))
    return Cat.apply(check_dim(dim, tensors[0].ndim), *tensors)


@node_name("Stack0")
def _some(name: str, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Tensors as a tuple. Raises RuntimeError if there are none."""
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return tuple(tensors)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape, side by side along a new dimension `dim`.

    Shapes: n tensors (a, b) give (n, a, b) for dim = 0, (a, n, b) for dim = 1. Raises RuntimeError for different shapes.

    >>> a, b = minitorch.tensor([1, 2]), minitorch.tensor([3, 4])
    >>> minitorch.stack([a, b])
    tensor([[1, 2],
            [3, 4]])
    >>> minitorch.stack([a, b], dim=1)
    tensor([[1, 3],
            [2, 4]])
    """
    tensors = _some("stack", tensors)
    for i, x in enumerate(tensors):
        if x.shape != tensors[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} at entry 0 and "
                f"{list(x.shape)} at entry {i}"
            )
    return cat([unsqueeze(x, dim) for x in tensors], dim)


@node_name(lambda tensor, size, *_, **__: "Split0" if type(size) is int else "SplitWithSizes0")
def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of `tensor`, cut along `dim` into pieces of one size (the last may be smaller) or of the sizes given.

    Raises RuntimeError for sizes that do not sum to that of the dimension.

    >>> minitorch.split(minitorch.arange(5), 2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    >>> minitorch.split(minitorch.arange(5), [1, 4])
    (tensor([0]), tensor([1, 2, 3, 4]))
    """
    dim = existing_dim("split", tensor, dim)
    n = tensor.shape[dim]
    if not hasattr(split_size_or_sections, "__len__") or getattr(split_size_or_sections, "ndim", 1) == 0:
        (size,) = sizes((split_size_or_sections,), "split")
        if size < 0 or (size == 0 and n > 0):
            raise RuntimeError(f"split expects split_size be positive, but got split_size={size}")
        sections = [builtins.min(size, n - i) for i in range(0, n, size)] if n else [0]
    else:
        sections = list(sizes((split_size_or_sections,), "split"))
        if builtins.sum(sections) != n or any(s < 0 for s in sections):
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {dim}), "
                f"but got split_sizes={sections}"
            )
    return Split.apply(tensor, sections, dim)


def pieces(input: Tensor, sections: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Copies of all pieces of the sizes `sections`, each contiguous."""
    return SplitWithSizes.apply(input, tuple(sections), dim)


@node_name("Split0")
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` views of equal size along `dim`; the last may be smaller.

    Raises RuntimeError for fewer than one chunk.

    >>> minitorch.chunk(minitorch.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if chunks < 1:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input.shape[existing_dim("chunk", input, dim)]
    return split(input, builtins.max(-(-n // chunks), 1), dim)


@node_name("Unbind0")
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along `dim`, without that dimension: (n, *) gives n tensors (*).

    >>> minitorch.unbind(minitorch.tensor([[1, 2], [3, 4]]), dim=1)
    (tensor([1, 3]), tensor([2, 4]))
    """
    return Unbind.apply(input, existing_dim("unbind", input, dim, IndexError))


@node_name("Slice0")
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`length` slices along `dim` from `start` on, as a view: input[:, start : start + length] for dim = 1.

    Raises RuntimeError for slices beyond the end.

    >>> minitorch.narrow(minitorch.arange(6), 0, 2, 3)
    tensor([2, 3, 4])
    """
    dim = existing_dim("narrow", input, dim)
    if start < 0:
        start += input.shape[dim]
    if start < 0 or length < 0 or start + length > input.shape[dim]:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({input.shape[dim]}).")
    return input[(builtins.slice(None),) * dim + (builtins.slice(start, start + length),)]


@node_name("Select0")
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice `index` along `dim`, without that dimension; a view: input[:, index] for dim = 1.

    Raises IndexError for an index that is out of bounds.

    >>> minitorch.select(minitorch.tensor([[1, 2], [3, 4]]), 1, 0)
    tensor([1, 3])
    """
    return input[(builtins.slice(None),) * check_dim(dim, input.ndim) + (index,)]


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined from left to right: along the second dimension, vectors along their only one.

    Raises RuntimeError for other sizes that differ.

    >>> a, b = minitorch.tensor([[1], [2]]), minitorch.tensor([[3], [4]])
    >>> minitorch.hstack([a, b])
    tensor([[1, 3],
            [2, 4]])
    """
    parts = [reshape(x, (1,)) if x.ndim == 0 else x for x in _some("hstack", tensors)]
    return cat(parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined from top to bottom: along the first dimension, vectors as rows.

    >>> minitorch.vstack([minitorch.tensor([1, 2]), minitorch.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    return cat([reshape(x, (1, -1)) if x.ndim < 2 else x for x in _some("vstack", tensors)], 0)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined in depth: along the third dimension, with vectors and matrices as of depth 1.

    >>> minitorch.dstack([minitorch.tensor([1, 2]), minitorch.tensor([3, 4])])
    tensor([[[1, 3],
             [2, 4]]])
    """
    return cat([atleast_3d(x) for x in _some("dstack", tensors)], 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined from left to right, with vectors and numbers as columns.

    >>> minitorch.column_stack([minitorch.tensor([1, 2]), minitorch.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    return cat([reshape(x, (-1, 1)) if x.ndim < 2 else x for x in _some("column_stack", tensors)], 1)


def _at_least(tensors: tuple[Any, ...], enlarge: Callable[[Any], Any]) -> Any:
    """`enlarge` of one tensor, or of each of several or of a list."""
    if len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        return enlarge(tensors[0])
    return tuple(enlarge(x) for x in (tensors[0] if len(tensors) == 1 else tensors))


@overload
def atleast_1d(tensor: Tensor, /) -> Tensor: ...
@overload
def atleast_1d(tensors: Sequence[Tensor], /) -> tuple[Tensor, ...]: ...
@overload
def atleast_1d(first: Tensor, second: Tensor, /, *tensors: Tensor) -> tuple[Tensor, ...]: ...
def atleast_1d(*tensors: Any) -> Tensor | tuple[Tensor, ...]:
    """With at least one dimension: numbers as vectors of one element. Of several tensors, a tuple.

    >>> minitorch.atleast_1d(minitorch.tensor(5))
    tensor([5])
    """
    return _at_least(tensors, lambda x: x if x.ndim else reshape(x, (1,)))


@overload
def atleast_2d(tensor: Tensor, /) -> Tensor: ...
@overload
def atleast_2d(tensors: Sequence[Tensor], /) -> tuple[Tensor, ...]: ...
@overload
def atleast_2d(first: Tensor, second: Tensor, /, *tensors: Tensor) -> tuple[Tensor, ...]: ...
def atleast_2d(*tensors: Any) -> Tensor | tuple[Tensor, ...]:
    """With at least two dimensions: vectors as rows. Of several tensors, a tuple.

    >>> minitorch.atleast_2d(minitorch.tensor([1, 2]))
    tensor([[1, 2]])
    """
    return _at_least(tensors, lambda x: x if x.ndim > 1 else reshape(x, (1, -1)))


@overload
def atleast_3d(tensor: Tensor, /) -> Tensor: ...
@overload
def atleast_3d(tensors: Sequence[Tensor], /) -> tuple[Tensor, ...]: ...
@overload
def atleast_3d(first: Tensor, second: Tensor, /, *tensors: Tensor) -> tuple[Tensor, ...]: ...
def atleast_3d(*tensors: Any) -> Tensor | tuple[Tensor, ...]:
    """With at least three dimensions: vectors as (1, n, 1), matrices as (n, m, 1). Of several tensors, a tuple.

    >>> minitorch.atleast_3d(minitorch.tensor([1, 2])).shape
    minitorch.Size([1, 2, 1])
    """
    return _at_least(tensors, lambda x: x if x.ndim > 2 else reshape(x, (*x.shape, 1) if x.ndim == 2 else (1, -1, 1)))


def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with the given ones along its diagonal, and zeros elsewhere; vectors are rows.

    Shapes: (n, m) and (p, q) give (n + p, m + q).

    >>> minitorch.block_diag(minitorch.tensor([[1, 2], [3, 4]]), minitorch.tensor([5, 6]))
    tensor([[1, 2, 0, 0],
            [3, 4, 0, 0],
            [0, 0, 5, 6]])
    """
    for i, x in enumerate(tensors):
        if x.ndim > 2:
            raise RuntimeError(f"block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {x.ndim} dimensions")
    if not tensors:
        raise RuntimeError("block_diag(): expected at least one tensor, but got none")
    blocks = [x if x.ndim == 2 else reshape(x, (1, -1)) for x in tensors]
    ends = list(itertools.accumulate(x.shape[1] for x in blocks))
    padded = [constant_pad(x, [(0, 0), (end - x.shape[1], ends[-1] - end)]) for x, end in zip(blocks, ends, strict=True)]
    return cat(padded, 0)


@node_name("SplitWithSizes0")
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """As `split`, into pieces of the sizes given.

    >>> minitorch.split_with_sizes(minitorch.arange(5), [2, 3])
    (tensor([0, 1]), tensor([2, 3, 4]))
    """
    return split(input, list(sizes((tuple(split_sizes),), "split_with_sizes")), dim)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of input, cut along `dim` into so many pieces, the first perhaps one longer, or before the given indices.

    Shapes: (5) in 2 pieces gives (3) and (2); before the indices [1, 3], (1), (2) and (2).

    >>> minitorch.tensor_split(minitorch.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    >>> minitorch.tensor_split(minitorch.arange(5), [1, 3])
    (tensor([0]), tensor([1, 2]), tensor([3, 4]))
    """
    dim = existing_dim("tensor_split", input, dim)
    n, where = input.shape[dim], indices_or_sections
    where = where.tolist() if hasattr(where, "_array") else where
    if isinstance(where, (tuple, list)):
        cuts = [
            builtins.slice(*pair).indices(n)[:2] for pair in itertools.pairwise([None, *sizes((where,), "tensor_split"), None])
        ]
    else:
        (count,) = sizes((where,), "tensor_split")
        if count <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {count}")
        refuse_if_too_large("tensor_split", (count,), 1000)  # a view is an object
        longer, least = n % count, n // count
        cuts = [(i * least + min(i, longer), (i + 1) * least + min(i + 1, longer)) for i in range(count)]
    return tuple(narrow(input, dim, start, max(end - start, 0)) for start, end in cuts)


@node_name("Repeat0")
def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """A copy with each dimension repeated so many times, and new ones in front.

    Shapes: (n, m) repeated (a, b) gives (a n, b m). `expand` repeats without a copy.

    Raises RuntimeError for fewer counts than dimensions.

    >>> minitorch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    if not repeats:
        raise TypeError("repeat() needs a count for each dimension: x.repeat(2, 1)")
    counts = sizes(repeats, "repeat")
    if len(counts) < input.ndim:
        raise RuntimeError(
            f"Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: {list(counts)} for a "
            f"tensor of {input.ndim} dimensions"
        )
    shape = (1,) * (len(counts) - input.ndim) + tuple(input.shape)
    pairs = [n for pair in zip(counts, shape, strict=True) for n in pair]
    apart = reshape(input, tuple(n for size in shape for n in (1, size)))
    return reshape(clone(expand(apart, pairs)), tuple(c * n for c, n in zip(counts, shape, strict=True)))


@node_name("Repeat0")
def tile(input: Tensor, *dims: Any) -> Tensor:
    """As `repeat`, counts that are missing in front being 1.

    >>> minitorch.tile(minitorch.tensor([[1, 2], [3, 4]]), (2,))
    tensor([[1, 2, 1, 2],
            [3, 4, 3, 4]])
    """
    counts = sizes(dims, "tile")
    return repeat(input, (1,) * (input.ndim - len(counts)) + counts)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of a grid: tensor i, of the values along axis i, expanded over all the axes.

    With indexing='xy' the first two axes change places, as on a map; 'ij' is the default.

    Shapes: vectors (n) and (m) give two tensors (n, m); (m, n) for 'xy'.

    >>> rows, columns = minitorch.meshgrid(minitorch.tensor([1, 2]), minitorch.tensor([3, 4, 5]), indexing="ij")
    >>> rows
    tensor([[1, 1, 1],
            [2, 2, 2]])
    >>> columns
    tensor([[3, 4, 5],
            [3, 4, 5]])
    """
    inputs = tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f"meshgrid: indexing must be one of 'xy' or 'ij', but received: {indexing}")
    if len({x.dtype for x in inputs}) != 1:
        raise RuntimeError("meshgrid expects at least one tensor, and all of one dtype")
    if any(x.ndim > 1 for x in inputs):
        raise RuntimeError("meshgrid: Expected 0D or 1D tensors, got shapes " + ", ".join(str(list(x.shape)) for x in inputs))
    if indexing is None:
        warn("meshgrid: in an upcoming release, it will be required to pass the indexing argument.")
    if indexing == "xy" and len(inputs) > 1:
        first, second, *rest = (transpose(x, 0, 1) for x in meshgrid(*inputs, indexing="ij"))
        return (first, second, *rest)
    shape = tuple(math.prod(x.shape) for x in inputs)
    shapes = [tuple(n if i == j else 1 for j, n in enumerate(shape)) for i in range(len(shape))]
    return tuple(expand(reshape(x, place), shape) for x, place in zip(inputs, shapes, strict=True))


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Cut from left to right, as `tensor_split` along the second dimension; a vector along its only one.

    Raises RuntimeError for a number of pieces that does not divide the size.

    >>> minitorch.hsplit(minitorch.tensor([[1, 2], [3, 4]]), 2)
    (tensor([[1],
            [3]]), tensor([[2],
            [4]]))
    """
    return _split_evenly("hsplit", input, indices_or_sections, 1, int(input.ndim > 1))


def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Cut from top to bottom, as `tensor_split` along the first of two dimensions or more.

    Raises RuntimeError for a vector, and for a number of pieces that does not divide the size.

    >>> minitorch.vsplit(minitorch.tensor([[1, 2], [3, 4]]), 2)
    (tensor([[1, 2]]), tensor([[3, 4]]))
    """
    return _split_evenly("vsplit", input, indices_or_sections, 2, 0)


def _split_evenly(name: str, input: Tensor, where: Any, least: int, dim: int) -> tuple[Tensor, ...]:
    if input.ndim < least:
        raise RuntimeError(f"{name} requires a tensor with at least {least} dimension, but got {input.ndim} dimensions")
    if isinstance(where, int) and where > 0 and input.shape[dim] % where:
        raise RuntimeError(
            f"{name} attempted to split along dimension {dim}, but the size of the dimension {input.shape[dim]} is not "
            f"divisible by the split_size {where}: tensor_split makes pieces of different sizes"
        )
    return tensor_split(input, where, dim)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All choices of one element of each vector, one a row, in the order of itertools.product.

    Shapes: (n) and (m) give (n m, 2); one vector gives itself. Raises RuntimeError for other numbers of dimensions.

    >>> minitorch.cartesian_prod(minitorch.tensor([1, 2]), minitorch.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    for x in tensors:
        if x.ndim != 1:
            raise RuntimeError(f"cartesian_prod: Expect a 1D vector, but got shape {list(x.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape(x, (-1,)) for x in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of r elements of a vector, one a row, in the order of itertools.combinations.

    Shapes: (n) gives (n! / (r! (n - r)!), r). Raises RuntimeError for another number of dimensions, or a negative r.

    >>> minitorch.combinations(minitorch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if input.ndim != 1:
        raise RuntimeError(f"combinations: Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"combinations: Expect a non-negative number, but got {r}")
    if r == 0:
        return input[:0]
    n = input.shape[0]
    count = math.comb(n + r - 1, r) if with_replacement and n else math.comb(n, r)
    refuse_if_too_large("combinations", (count, r), 80)  # a choice is a tuple first
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    chosen = xp.array(list(choose(range(n), r)) if count else [], dtype=xp.int64).reshape(count, r)
    return input[wrap(on_device_of(chosen, input._array))]
