"""Sorting, and what follows from it: the k largest, the median, unique values, counts, search.

The order itself has no derivative; the values are gathered by `gather`, which has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from minitorch.autograd.node import Op
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, as_array, on_device_of, xp
from minitorch.backend.errors import refuse_if_too_large
from minitorch.ops.arithmetic import lerp
from minitorch.ops.comparison import isnan
from minitorch.ops.elementwise import Number, check_floating, in_single
from minitorch.ops.gathering import gather
from minitorch.ops.joining import cat, narrow, select
from minitorch.ops.node_names import node_name
from minitorch.ops.reduction import MedianOfAll
from minitorch.ops.results import ValuesAndIndices
from minitorch.ops.rounding import floor
from minitorch.ops.selection import where
from minitorch.ops.shape import check_dim, clone, movedim, reshape, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Sort(ValuesAndIndices):
    """What sort() returns."""


class TopK(ValuesAndIndices):
    """What topk() returns."""


class KthValue(ValuesAndIndices):
    """What kthvalue() returns."""


class Median(ValuesAndIndices):
    """What median() returns."""


class ArgSort(Op):
    """The indices that sort a dimension: a stable sort, nan as the largest. Integers, without gradient"""

    def forward(ctx, x: Array, dim: int, descending: bool) -> Array:
        if not descending:
            return xp.argsort(x, axis=dim, kind="stable")
        order = xp.flip(xp.argsort(xp.flip(x, dim), axis=dim, kind="stable"), dim)  # from the end, so that equals stay
        return x.shape[dim] - 1 - order


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = False) -> Tensor:
    """The indices that `sort` gives. Equal elements keep their order, with `stable` or without.

    >>> minitorch.argsort(minitorch.tensor([3, 1, 2]))
    tensor([1, 2, 0])
    """
    dim = check_dim(dim, input.ndim)
    if input.ndim == 0:
        return wrap(xp.zeros_like(input._array, dtype=xp.int64))
    return ArgSort.apply(input, dim, descending)


@node_name("Sort0")
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = False) -> Sort:
    """(values, indices): the values along `dim` in order, and where each was.

    >>> values, indices = minitorch.sort(minitorch.tensor([3, 1, 2]), descending=True)
    >>> values, indices
    (tensor([3, 2, 1]), tensor([0, 2, 1]))
    """
    order = argsort(input, dim, descending)
    return Sort(gather(input, dim, order), order)


@node_name("Topk0")
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> TopK:
    """(values, indices) of the k largest along `dim`, or smallest; in order, with `sorted` or without.

    Shapes: (n, m) gives (n, k) for dim = 1. Raises RuntimeError for a k larger than the dimension.

    >>> values, indices = minitorch.topk(minitorch.tensor([3, 1, 4, 2]), 2)
    >>> values, indices
    (tensor([4, 3]), tensor([2, 0]))
    """
    n = _size(input, dim)
    if not 0 <= k <= n:
        raise RuntimeError(f"selected index k out of range: k={k} of the {n} elements along dimension {dim}")
    if input.ndim == 0:
        return TopK(input.clone(), argsort(input))
    order = narrow(argsort(input, dim, largest), dim, 0, k).contiguous()
    return TopK(gather(input, dim, order), order)


def _size(input: Tensor, dim: int, name: str | None = None) -> int:
    """The elements along a dimension, one of a number. Raises IndexError for none of them where a function is named."""
    dim = check_dim(dim, input.ndim)
    n = input.shape[dim] if input.ndim else 1
    if n == 0 and name is not None:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size, input is {list(input.shape)}")
    return n


@overload
def median(input: Tensor) -> Tensor: ...
@overload
def median(input: Tensor, dim: int, keepdim: bool = False) -> Median: ...
@node_name("Median0", with_dim="Median1")
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | Median:
    """The middle element, the lower of two; with `dim`, (values, indices) along it. nan if there is one.

    Without `dim` ties share the gradient evenly; with it, it goes to the element at `indices`.

    >>> minitorch.median(minitorch.tensor([5, 1, 3, 9]))
    tensor(3)
    """
    if dim is None:
        if 0 in input.shape:
            return wrap(xp.full_like(input._array, xp.nan, shape=()))
        return MedianOfAll.apply(reshape(input, (-1,)), (0,), False, True)
    n, dim = _size(input, dim, "median"), check_dim(dim, input.ndim)
    if input.ndim == 0:
        return Median(input.clone(), argsort(input))
    order = argsort(input, dim)
    middle = select(order, dim, (n - 1) // 2)
    if input.is_floating_point():
        last = select(order, dim, -1)  # where a nan would be
        has_nan = xp.isnan(gather(input, dim, unsqueeze(last, dim))._array)
        middle = wrap(xp.where(has_nan.reshape(middle.shape), last._array, middle._array))
    index = unsqueeze(middle, dim)
    values = gather(input, dim, index)
    return Median(values, index) if keepdim else Median(values.squeeze(dim), middle)


@overload
def unique(
    input: Tensor, sorted: bool = True, *, return_inverse: Literal[True], return_counts: Literal[True], dim: int | None = None
) -> tuple[Tensor, Tensor, Tensor]: ...
@overload
def unique(
    input: Tensor,
    sorted: bool = True,
    *,
    return_inverse: Literal[True],
    return_counts: Literal[False] = False,
    dim: int | None = None,
) -> tuple[Tensor, Tensor]: ...
@overload
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: Literal[False] = False,
    *,
    return_counts: Literal[True],
    dim: int | None = None,
) -> tuple[Tensor, Tensor]: ...
@overload
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: Literal[False] = False,
    return_counts: Literal[False] = False,
    dim: int | None = None,
) -> Tensor: ...
@overload
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any: ...
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Tensor | tuple[Tensor, ...]:
    """The distinct elements (or slices along `dim`), sorted; and on request the index of each element among them,
    and how often each occurs. Raises RuntimeError for slices without elements.

    >>> x = minitorch.tensor([3, 1, 3])
    >>> minitorch.unique(x)
    tensor([1, 3])
    >>> minitorch.unique(x, return_inverse=True, return_counts=True)
    (tensor([1, 3]), tensor([1, 0, 1]), tensor([1, 2]))
    """
    if dim is not None:
        if input.ndim == 0:
            raise IndexError(f"unique(): Dimension specified as {dim} but tensor has no dimensions: leave dim out")
        dim = check_dim(dim, input.ndim)
        if 0 in (*input.shape[:dim], *input.shape[dim + 1 :]):
            raise RuntimeError(f"unique(): the slices of {list(input.shape)} along dimension {dim} have no elements to compare")
    results = xp.unique(input._array, return_inverse=True, return_counts=True, axis=dim, equal_nan=False)
    values, inverse, counts = results
    inverse = inverse.reshape(input.shape if dim is None else -1)
    out = [wrap(values), *([wrap(inverse)] if return_inverse else []), *([wrap(counts)] if return_counts else [])]
    return out[0] if len(out) == 1 else tuple(out)


@overload
def nonzero(input: Tensor, *, as_tuple: Literal[False] = False) -> Tensor: ...
@overload
def nonzero(input: Tensor, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
    """The places (n, ndim) of the elements that are not zero; `as_tuple`, one vector of indices for each dimension.

    >>> x = minitorch.tensor([[1, 0], [0, 2]])
    >>> minitorch.nonzero(x)
    tensor([[0, 0],
            [1, 1]])
    >>> minitorch.nonzero(x, as_tuple=True)
    (tensor([0, 1]), tensor([0, 1]))
    """
    indices = xp.nonzero(xp.atleast_1d(input._array))
    if as_tuple:
        return tuple(wrap(i) for i in indices)
    return wrap(xp.stack(indices, 1)[:, : input.ndim])


def argwhere(input: Tensor) -> Tensor:
    """As `nonzero`.

    >>> minitorch.argwhere(minitorch.tensor([0, 5, 7]))
    tensor([[1],
            [2]])
    """
    return nonzero(input)


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of the integers 0, 1, 2 ... occurs in a vector, or the sum of its weights.

    Raises RuntimeError for negative numbers, or more than one dimension.

    >>> minitorch.bincount(minitorch.tensor([0, 2, 2]), minlength=4)
    tensor([1, 0, 2, 0])
    """
    array = input._array
    if array.dtype.kind not in "iu" or array.ndim != 1 or (array.size and array.min() < 0):
        raise RuntimeError(f"bincount only supports 1-d non-negative integral inputs, got {input.dtype!r} {list(input.shape)}")
    if minlength < 0:
        raise RuntimeError(f"bincount: minlength should be at least 0, but got {minlength}")
    if weights is not None and weights.shape != input.shape:
        raise RuntimeError(f"weights should be 1-d and have the same length as input: {list(weights.shape)}")
    refuse_if_too_large("bincount", [max(int(array.max()) + 1 if array.size else 0, minlength)], 8)
    if weights is None:
        return wrap(xp.bincount(array, None, minlength))
    np_dtype = weights._array.dtype if weights._array.dtype == xp.float32 else xp.float64
    return wrap(xp.bincount(array, weights._array, minlength).astype(np_dtype))


@node_name("Kthvalue0")
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> KthValue:
    """(values, indices) of the k-th smallest along `dim`, counted from 1.

    Raises RuntimeError for a k that is not in the range of the dimension.

    >>> value, index = minitorch.kthvalue(minitorch.tensor([5, 1, 3]), 2)
    >>> value, index
    (tensor(3), tensor(2))
    """
    n = _size(input, dim, "kthvalue")
    if not 1 <= k <= n:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}: k={k}, of {n} elements")
    if input.ndim == 0:
        return KthValue(input.clone(), argsort(input))
    index = narrow(argsort(input, dim), dim, k - 1, 1).contiguous()
    values = gather(input, dim, index)
    return KthValue(values, index) if keepdim else KthValue(values.squeeze(dim), index.squeeze(dim))


@in_single
def quantile(input: Tensor, q: Tensor | Number, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The value below which the share q of the elements lies, between two neighbours in proportion.

    Raises RuntimeError for a q outside [0, 1].

    >>> minitorch.quantile(minitorch.tensor([1.0, 2.0, 3.0, 4.0]), 0.5)
    tensor(2.5000)
    """
    check_floating("quantile", input)
    if 0 in input.shape:
        raise RuntimeError(f"quantile() input tensor must be non-empty, got {list(input.shape)}")
    if isinstance(q, (int, float)) and not 0 <= q <= 1:
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q}")
    shares: Any = wrap(xp.full_like(input._array, q, shape=())) if isinstance(q, (int, float)) else q
    if shares.dtype is not input.dtype:
        raise RuntimeError(f"quantile() q must have input's type {input.dtype!r}, but got {shares.dtype!r}")
    if not (shares._array >= 0).all() or not (shares._array <= 1).all():
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {shares.tolist()}")
    if shares.ndim > 1:
        raise RuntimeError(f"quantile() q must be a scalar or 1D tensor, but got the shape {list(shares.shape)}")
    x = reshape(input, (-1,)) if dim is None or input.ndim == 0 else input
    along = check_dim(dim or 0, input.ndim)
    ordered = movedim(sort(x, along).values, along, -1)
    place = shares.reshape(-1) * (ordered.shape[-1] - 1)
    low, high = (ordered[..., wrap(side(place._array).astype(xp.int64))] for side in (xp.floor, xp.ceil))
    last = ordered[..., -1:]  # nan if there is one
    values = movedim(where(isnan(last), last, lerp(low, high, place - floor(place))), -1, 0)
    if keepdim:
        values = reshape(values, (*place.shape, *(1 if dim is None or d == along else n for d, n in enumerate(input.shape))))
    return values if shares.ndim else select(values, 0, 0)


def searchsorted(sorted_sequence: Tensor, input: Tensor | Number, *, right: bool = False) -> Tensor:
    """Where each value belongs in a sorted vector, so that it stays sorted; after its equals if `right`.

    Raises RuntimeError for a sorted sequence that is no vector.

    >>> minitorch.searchsorted(minitorch.tensor([1, 3, 5]), minitorch.tensor([0, 3, 4]))
    tensor([0, 1, 2])
    """
    if sorted_sequence.ndim != 1:
        raise RuntimeError(f"searchsorted: the sorted values must be a vector, but got {list(sorted_sequence.shape)}")
    values = input._array if hasattr(input, "_array") else on_device_of(xp.asarray(input), sorted_sequence._array)
    return wrap(as_array(xp.searchsorted(sorted_sequence._array, values, "right" if right else "left")))


def bucketize(input: Tensor | Number, boundaries: Tensor, *, right: bool = False) -> Tensor:
    """The number of the interval between sorted boundaries that each value lies in.

    >>> minitorch.bucketize(minitorch.tensor([0.5, 15.0, 30.0]), minitorch.tensor([10.0, 20.0]))
    tensor([0, 1, 2])
    """
    return searchsorted(boundaries, input, right=right)


@node_name("Take0")
def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at places of the flattened tensor.

    Raises IndexError for an index that is out of bounds, RuntimeError for one that is not of int64.

    >>> minitorch.take(minitorch.tensor([[10, 20], [30, 40]]), minitorch.tensor([0, 3]))
    tensor([10, 40])
    """
    if index.dtype.name != "int64":
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index.dtype!r}: index.long() converts")
    return reshape(input, (-1,))[index]


def diff(input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor:
    """The differences of neighbours along `dim`, n times over, with other tensors before and after it; of masks: where they
    differ. For n = 0 it is a copy, without those tensors. Raises RuntimeError for n < 0 or tensors that do not fit together.

    Shapes: (*, m) gives (*, m - n).

    >>> minitorch.diff(minitorch.tensor([1, 4, 9, 16]))
    tensor([3, 5, 7])
    >>> minitorch.diff(minitorch.tensor([1, 4, 9, 16]), n=2)
    tensor([2, 2])
    """
    parts = [part for part in (prepend, input, append) if part is not None]
    if input.ndim == 0 or n < 0:
        raise RuntimeError(f"diff: expected at least one dimension and n >= 0, but got {list(input.shape)} and n={n}")
    if any(part.ndim != input.ndim for part in parts):
        raise RuntimeError(
            f"diff expects prepend or append to be the same dimension as input, {input.ndim}, and got {[p.ndim for p in parts]}"
        )
    if n == 0:
        return clone(input)
    input = cat(parts, dim) if len(parts) > 1 else input
    for _ in range(min(n, input.shape[check_dim(dim, input.ndim)] + 1)):  # after so many there is nothing left
        size = max(input.shape[check_dim(dim, input.ndim)], 1)
        after, before = narrow(input, dim, min(1, size - 1), size - 1), narrow(input, dim, 0, size - 1)
        input = after != before if input.dtype.name == "bool" else after - before
    return input
