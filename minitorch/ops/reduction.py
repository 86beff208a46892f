"""Reductions: sums, means and products, extrema, softmax, running sums. (statistics.py has variances and norms.)

`dim` is None (everything), a dimension or several; `keepdim` leaves reduced dimensions in place with size 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, overload

from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array, contiguous, max_reduce, prod_reduce, xp
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.sums import cumulative_sum, sum_reduce
from minitorch.ops.comparison import equal_or_nan, maximum, minimum
from minitorch.ops.elementwise import floating, in_single
from minitorch.ops.indexing import gather
from minitorch.ops.joining import cat, narrow
from minitorch.ops.node_names import node_name
from minitorch.ops.pointwise import exp
from minitorch.ops.results import ValuesAndIndices
from minitorch.ops.shape import Reshape, check_dim, check_dims, flip, reshape, squeeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

Dims: TypeAlias = int | Sequence[int] | None


def _kept(shape: Sequence[int], dims: tuple[int, ...] | None) -> tuple[int, ...]:
    """`shape` with the reduced dimensions (None: all) as 1."""
    return tuple([1 if dims is None or i in dims else n for i, n in enumerate(shape)])


def _wide(x: Array, dtype: Any) -> Any:
    """The dtype to add or multiply in: the given one, else int64 for integers and masks."""
    return dtype or (None if x.dtype.kind in "fc" else xp.int64)


class Sum(Op):
    """Σ x;  1 for every element"""

    def forward(ctx, x: Array, dims: tuple[int, ...] | None, keepdim: bool, dtype: Any = None) -> Array:
        ctx.shape, ctx.dims, ctx.label = x.shape, dims, "Sum0" if dims is None else "Sum1"
        return sum_reduce(x, dims, keepdim, dtype)

    def backward(ctx, grad: Tensor) -> Any:
        return SumBackward.apply(grad, ctx.shape, ctx.dims)


class SumBackward(Op):
    """g repeated over the dimensions that were summed;  Sum of grad over these dimensions, its adjoint"""

    def forward(ctx, g: Array, shape: tuple[int, ...], dims: tuple[int, ...] | None) -> Array:
        ctx.shape, ctx.dims = g.shape, dims
        return xp.broadcast_to(g.reshape(_kept(shape, dims)), shape)

    def backward(ctx, grad: Tensor) -> Any:
        return Reshape.apply(Sum.apply(grad, ctx.dims, True), ctx.shape)


class Mean(Op):
    """Σ x / n, for n elements;  1 / n for every element"""

    def forward(ctx, x: Array, dims: tuple[int, ...] | None, keepdim: bool) -> Array:
        ctx.shape, ctx.dims, ctx.label = x.shape, dims, "Mean0" if dims is None else "Mean1"
        ctx.count = x.size if dims is None else math.prod(x.shape[d] for d in dims)
        total = sum_reduce(x, dims, keepdim, xp.float32 if x.dtype.char == "e" else None)
        return (total / ctx.count).astype(x.dtype, copy=False)

    def backward(ctx, grad: Tensor) -> Any:
        return SumBackward.apply(grad / ctx.count, ctx.shape, ctx.dims)


class Extremum(Op):
    """max x or min x;  1 for it, shared evenly by elements that tie"""

    function: ClassVar[Any]

    def forward(ctx, x: Array, dims: tuple[int, ...], keepdim: bool) -> Array:
        _check_not_empty(type(ctx).__name__.lower(), x, dims)
        y = ctx.function(x, axis=dims, keepdims=keepdim)
        ctx.dims = dims
        ctx.save_for_backward(x, y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        x, y = ctx.saved_tensors
        kept = _kept(x.shape, ctx.dims)
        best = Reshape.apply(y, kept)
        ties = x == best
        if bool((best != best).any()):  # a nan is the largest and the smallest of all
            ties = equal_or_nan(x, best)
        return Reshape.apply(grad, kept) / sum(ties, ctx.dims, True) * ties


class Amax(Extremum):
    """max x;  1 for the largest, shared evenly by elements that tie"""

    function = staticmethod(xp.amax)


class Amin(Extremum):
    """min x;  1 for the smallest, shared evenly by elements that tie"""

    function = staticmethod(xp.amin)


class Prod(Op):
    """The product;  for each factor the product of the others, y / x where no factor is 0"""

    def forward(ctx, x: Array, dim: int, keepdim: bool, dtype: Any = None) -> Array:
        y = prod_reduce(x, axis=dim, keepdims=keepdim, dtype=_wide(x, dtype))
        ctx.dim, ctx.has_zero = dim, bool((x == 0).any())
        ctx.save_for_backward(x, y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        x, y = ctx.saved_tensors
        kept = _kept(x.shape, (ctx.dim,))
        others = _leave_one_out(x, ctx.dim) if ctx.has_zero else Reshape.apply(y, kept) / x
        return Reshape.apply(grad, kept) * others


def _leave_one_out(x: Tensor, dim: int) -> Tensor:
    """For each element along `dim` the product of all the others: those of its half, times the whole other half."""
    n = x.shape[dim]
    if n == 1:
        return x**0
    left, right = narrow(x, dim, 0, n // 2), narrow(x, dim, n // 2, n - n // 2)
    return cat(
        [
            _leave_one_out(left, dim) * Prod.apply(right, dim, True),
            _leave_one_out(right, dim) * Prod.apply(left, dim, True),
        ],
        dim,
    )


class LogSumExp(Op):
    """log sum e^x, taken relative to the largest x so that nothing overflows;  softmax(x)"""

    label = "Logsumexp0"

    def forward(ctx, x: Array, dims: tuple[int, ...], keepdim: bool) -> Array:
        ctx.dims = dims
        y = _log_sum_exp(floating(x), dims)
        if not keepdim:
            y = y.reshape([n for i, n in enumerate(x.shape) if i not in dims])
        ctx.save_for_backward(x, y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        x, y = ctx.saved_tensors
        kept = _kept(x.shape, ctx.dims)
        return Reshape.apply(grad, kept) * exp(x - Reshape.apply(y, kept))


def _log_sum_exp(x: Array, dims: tuple[int, ...]) -> Array:
    if 0 in [x.shape[d] for d in dims]:
        return xp.full_like(x, -math.inf, shape=_kept(x.shape, dims))
    top = max_reduce(x, axis=dims, keepdims=True)
    top = xp.where(xp.isfinite(top), top, top.dtype.type(0))
    return xp.log(sum_reduce(xp.exp(x - top), axis=dims, keepdims=True)) + top


class Softmax(Op):
    """e^x / sum e^x along a dimension;  y (grad - sum(grad y))"""

    def forward(ctx, x: Array, dim: int) -> Array:
        x = floating(x)
        y = xp.exp(x - max_reduce(x, axis=dim, keepdims=True, initial=-math.inf))
        y /= sum_reduce(y, axis=dim, keepdims=True)
        ctx.dim = dim
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return y * (grad - sum(grad * y, ctx.dim, True))


class LogSoftmax(Op):
    """x - log sum e^x along a dimension;  grad - e^y sum(grad)"""

    def forward(ctx, x: Array, dim: int) -> Array:
        x = floating(x)
        y = x - max_reduce(x, axis=dim, keepdims=True, initial=-math.inf)
        y -= xp.log(sum_reduce(xp.exp(y), axis=dim, keepdims=True))
        ctx.dim = dim
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return grad - exp(y) * sum(grad, ctx.dim, True)


class CumSum(Op):
    """Running sums;  sums of grad from the end, as an element is in all sums from its place on"""

    label = "Cumsum0"

    def forward(ctx, x: Array, dim: int, dtype: Any = None) -> Array:
        ctx.dim = dim
        return cumulative_sum(contiguous(x), dim, dtype)

    def backward(ctx, grad: Tensor) -> Any:
        return flip(cumsum(flip(grad, ctx.dim), ctx.dim), ctx.dim)


class Argmax(Op):
    """The index of the largest, the first of equals. An integer, without gradient"""

    function: ClassVar[Any] = staticmethod(xp.argmax)

    def forward(ctx, x: Array, dim: int | None, keepdim: bool) -> Array:
        _check_not_empty(type(ctx).__name__.lower(), x, range(x.ndim) if dim is None else (dim,))
        return ctx.function(x, axis=dim, keepdims=keepdim)


class Argmin(Argmax):
    """The index of the smallest, the first of equals. An integer, without gradient"""

    function = staticmethod(xp.argmin)


class AllNonzero(Op):
    """Whether all elements are nonzero. A mask, without gradient"""

    def forward(ctx, x: Array, dims: tuple[int, ...], keepdim: bool) -> Array:
        return _mask_like(x, xp.all(x, axis=dims, keepdims=keepdim))


class AnyNonzero(Op):
    """Whether any element is nonzero. A mask, without gradient"""

    def forward(ctx, x: Array, dims: tuple[int, ...], keepdim: bool) -> Array:
        return _mask_like(x, xp.any(x, axis=dims, keepdims=keepdim))


def _mask_like(x: Array, mask: Any) -> Any:
    """A mask as bool, or of uint8 as uint8: once PyTorch's masks were of that type."""
    return mask.astype(xp.uint8) if x.dtype == xp.uint8 else mask


def _check_not_empty(name: str, x: Array, dims: Any) -> None:
    for d in dims:
        if x.shape[d] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size, input is {list(x.shape)}")


# ---- the functions, by PyTorch's names ---------------------------------------------------------------------------


def _as(input: Tensor, dtype: DType | None) -> Tensor:
    return input if dtype is None else input.to(dtype)


def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The sum over `dim`. Integers and booleans are summed as int64."""
    dims = None if dim is None else check_dims(dim, input.ndim)
    return Sum.apply(_as(input, dtype), dims, keepdim, dtype and dtype.numpy)


def mean(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The mean over `dim`: sum / n. Floating types only."""
    input = _as(input, dtype)
    if input.dtype.numpy.kind not in "fc":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{input.dtype!r}; convert it first, with .float() for example"
        )
    return Mean.apply(input, None if dim is None else check_dims(dim, input.ndim), keepdim)


@in_single
@node_name("Prod0", with_dim="Prod1")
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The product over `dim`, or of everything."""
    input = _as(input, dtype)
    if dim is None or input.ndim == 0:
        return Prod.apply(reshape(input, (-1,)), 0, False, dtype and dtype.numpy)
    return Prod.apply(input, check_dim(dim, input.ndim), keepdim, dtype and dtype.numpy)


def amax(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The largest over `dim`; ties share the gradient."""
    return Amax.apply(input, check_dims(dim, input.ndim), keepdim)


def amin(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The smallest over `dim`; ties share the gradient."""
    return Amin.apply(input, check_dims(dim, input.ndim), keepdim)


def _one_dim(dim: int | None, ndim: int) -> int | None:
    if dim is not None:
        dim = check_dim(dim, ndim)
    return dim if ndim else None


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest along `dim`, or in the flattened tensor; the first of equals."""
    return Argmax.apply(input, _one_dim(dim, input.ndim), keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest along `dim`, or in the flattened tensor; the first of equals."""
    return Argmin.apply(input, _one_dim(dim, input.ndim), keepdim)


class Max(ValuesAndIndices):
    """What max(x, dim) returns."""


class Min(ValuesAndIndices):
    """What min(x, dim) returns."""


@overload
def max(input: Tensor) -> Tensor: ...
@overload
def max(input: Tensor, dim: int, keepdim: bool = False) -> Max: ...
@overload
def max(input: Tensor, other: Tensor, /) -> Tensor: ...
@overload
def max(input: Tensor, *, other: Tensor) -> Tensor: ...
@node_name("Max1", with_dim="Max0")
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Tensor | Max:
    """max(x): the largest of all. max(x, dim): (values, indices) along dim. max(x, y): as `maximum`."""
    return _extreme(input, dim, keepdim, other, Max, amax, argmax, maximum)


@overload
def min(input: Tensor) -> Tensor: ...
@overload
def min(input: Tensor, dim: int, keepdim: bool = False) -> Min: ...
@overload
def min(input: Tensor, other: Tensor, /) -> Tensor: ...
@overload
def min(input: Tensor, *, other: Tensor) -> Tensor: ...
@node_name("Min1", with_dim="Min0")
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Tensor | Min:
    """min(x): the smallest of all. min(x, dim): (values, indices) along dim. min(x, y): as `minimum`."""
    return _extreme(input, dim, keepdim, other, Min, amin, argmin, minimum)


def _extreme(input: Tensor, dim: Any, keepdim: bool, other: Any, pair: Any, extreme: Any, arg: Any, pairwise: Any) -> Any:
    if other is not None or not (dim is None or isinstance(dim, int)):
        return pairwise(input, dim if other is None else other)
    if dim is None:
        if 0 in input.shape:
            raise RuntimeError(
                f"{pair.__name__.lower()}(): Expected reduction dim to be specified for input.numel() == 0, input is "
                f"{list(input.shape)}"
            )
        return extreme(input)
    dim = check_dim(dim, input.ndim)
    if input.ndim == 0:
        return pair(input.clone(), arg(input))
    indices = arg(input, dim, True)
    values = gather(input, dim, indices)
    return pair(values, indices) if keepdim else pair(squeeze(values, dim), squeeze(indices, dim))


@in_single
def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False) -> Tensor:
    """log(sum(exp(input))) over `dim`, without overflow."""
    return LogSumExp.apply(input, check_dims(dim, input.ndim), keepdim)


@in_single
def softmax(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """exp(input) / sum(exp(input)) along `dim`: positive, and summing to 1."""
    return _at_least_1d(Softmax, _as(input, dtype), dim)


@in_single
def log_softmax(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """log(softmax(input)) along `dim`, without overflow."""
    return _at_least_1d(LogSoftmax, _as(input, dtype), dim)


def cumsum(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """The sums of the first 1, 2, 3 ... elements along `dim`."""
    return _at_least_1d(CumSum, _as(input, dtype), dim, dtype and dtype.numpy)


def _at_least_1d(op: type[Op], input: Tensor, dim: int, *rest: Any) -> Tensor:
    dim = check_dim(dim, input.ndim)
    return op.apply(input, dim, *rest) if input.ndim else op.apply(reshape(input, (1,)), dim, *rest).reshape(())


def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether every element (along `dim`) is nonzero."""
    return AllNonzero.apply(input, check_dims(dim, input.ndim), keepdim)


def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether some element (along `dim`) is nonzero."""
    return AnyNonzero.apply(input, check_dims(dim, input.ndim), keepdim)
