"""Reductions: sums, means and products, extrema, softmax, running sums. (statistics.py has variances and norms.)

`dim` is None (everything), a dimension or several; `keepdim` leaves reduced dimensions in place with size 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, overload

from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array, as_array, contiguous, max_reduce, prod_reduce, xp
from minitorch.backend.dispatch import definition
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.sums import cumulative_sum, sum_reduce
from minitorch.ops.comparison import equal_or_nan
from minitorch.ops.elementwise import check_floating, floating, in_single
from minitorch.ops.gathering import gather
from minitorch.ops.joining import cat, narrow
from minitorch.ops.node_names import node_name
from minitorch.ops.pointwise import exp
from minitorch.ops.results import ValuesAndIndices
from minitorch.ops.selection import maximum, minimum
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
    """max x or min x;  1 for it, shared evenly by elements that tie

    A nan is the largest and the smallest. Then the gradient is nan; of max(x), `of_all`, it is 1 at the nan, as in PyTorch.
    """

    function: ClassVar[Any]

    def forward(ctx, x: Array, dims: tuple[int, ...], keepdim: bool, of_all: bool = False) -> Array:
        _check_not_empty(type(ctx).__name__.lower(), x, dims)
        y = ctx.function(x, axis=dims, keepdims=keepdim)
        ctx.dims, ctx.of_all = dims, of_all
        ctx.save_for_backward(x, y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        x, y = ctx.saved_tensors
        kept = _kept(x.shape, ctx.dims)
        best = Reshape.apply(y, kept)
        ties = equal_or_nan(x, best) if ctx.of_all else x == best
        return Reshape.apply(grad, kept) / sum(ties, ctx.dims, True) * ties


class Amax(Extremum):
    """max x;  1 for the largest, shared evenly by elements that tie"""

    function = staticmethod(xp.amax)


class Amin(Extremum):
    """min x;  1 for the smallest, shared evenly by elements that tie"""

    function = staticmethod(xp.amin)


class MedianOfAll(Extremum):
    """The middle element, the lower of two, nan if there is one;  1 for it, shared evenly by elements that tie"""

    label = "Median0"

    @staticmethod
    def function(x: Array, axis: tuple[int, ...], keepdims: bool) -> Array:
        ordered = xp.sort(x.reshape(-1))  # a nan is last
        middle, last = ordered[(x.size - 1) // 2], ordered[-1]
        return as_array(xp.where(last == last, middle, last))


class Prod(Op):
    """The product;  for each factor the product of the others, y / x where no factor is 0"""

    def forward(ctx, x: Array, dim: int, keepdim: bool, dtype: Any = None) -> Array:
        y = prod_reduce(x, axis=dim, keepdims=keepdim, dtype=_wide(x, dtype))
        ctx.dim = dim
        ctx.save_for_backward(x, y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        x, y = ctx.saved_tensors
        kept = _kept(x.shape, (ctx.dim,))
        others = _leave_one_out(x, ctx.dim) if bool((x == 0).any()) else Reshape.apply(y, kept) / x
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
    top = max_reduce(x, dims)
    top = xp.where(xp.isfinite(top), top, top.dtype.type(0))
    return xp.log(sum_reduce(xp.exp(x - top), axis=dims, keepdims=True)) + top


class Softmax(Op):
    """e^x / sum e^x along a dimension;  y (grad - sum(grad y))"""

    def forward(ctx, x: Array, dim: int) -> Array:
        y = _softmax(contiguous(floating(x)), dim)
        ctx.dim = dim
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return SoftmaxBackward.apply(grad, y, ctx.dim)


class SoftmaxBackward(Op):
    """y (g - sum(g y)), the derivative of Softmax with output y;
    in g: y (grad - sum(grad y)), in y: grad (g - sum(g y)) - g sum(grad y)"""

    def forward(ctx, g: Array, y: Array, dim: int) -> Array:
        ctx.dim = dim
        ctx.save_for_backward(g, y)
        return _softmax_backward(g, y, dim)

    def backward(ctx, grad: Tensor) -> Any:
        g, y = ctx.saved_tensors
        for_y = grad * (g - sum(g * y, ctx.dim, True)) - g * sum(grad * y, ctx.dim, True) if ctx.needs_input_grad[1] else None
        return SoftmaxBackward.apply(grad, y, ctx.dim), for_y


@definition
def _softmax(x: Array, dim: int) -> Array:
    y = xp.exp(x - max_reduce(x, dim))
    y /= sum_reduce(y, axis=dim, keepdims=True)
    return y


@definition
def _softmax_backward(g: Array, y: Array, dim: int) -> Array:
    return y * (g - sum_reduce(g * y, axis=dim, keepdims=True))


class LogSoftmax(Op):
    """x - log sum e^x along a dimension;  grad - e^y sum(grad)"""

    def forward(ctx, x: Array, dim: int) -> Array:
        y = _log_softmax(contiguous(floating(x)), dim)
        ctx.dim = dim
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return LogSoftmaxBackward.apply(grad, y, ctx.dim)


class LogSoftmaxBackward(Op):
    """g - e^y sum(g), the derivative of LogSoftmax with output y;  in g: grad - sum(grad e^y), in y: -grad e^y sum(g)"""

    def forward(ctx, g: Array, y: Array, dim: int) -> Array:
        ctx.dim = dim
        ctx.save_for_backward(g, y)
        return _log_softmax_backward(g, y, dim)

    def backward(ctx, grad: Tensor) -> Any:
        g, y = ctx.saved_tensors
        probable = grad * exp(y)
        return grad - sum(probable, ctx.dim, True), -probable * sum(g, ctx.dim, True)


@definition
def _log_softmax(x: Array, dim: int) -> Array:
    y = x - max_reduce(x, dim)
    y -= xp.log(sum_reduce(xp.exp(y), axis=dim, keepdims=True))
    return y


@definition
def _log_softmax_backward(g: Array, y: Array, dim: int) -> Array:
    probabilities = xp.exp(y)
    probabilities *= sum_reduce(g, axis=dim, keepdims=True)
    return g - probabilities


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


def _check_dim_if_empty(name: str, x: Any, dim: Any) -> None:
    if dim in (None, ()) and 0 in x.shape:
        raise RuntimeError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0, input is {list(x.shape)}")


# ---- the functions, by PyTorch's names ---------------------------------------------------------------------------


def _as(input: Tensor, dtype: DType | None) -> Tensor:
    return input if dtype is None else input.to(dtype)


def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The sum over `dim`, or of everything. Integers and booleans are summed as int64. The derivative is 1 for every element.

    Shapes: (n, m) gives a number; (m) with dim = 0; (1, m) with dim = 0 and `keepdim`.

    >>> x = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> minitorch.sum(x)
    tensor(10.)
    >>> minitorch.sum(x, dim=0)
    tensor([4., 6.])
    >>> minitorch.sum(x, dim=1, keepdim=True)
    tensor([[3.],
            [7.]])
    """
    dims = None if dim is None else check_dims(dim, input.ndim)
    return Sum.apply(_as(input, dtype), dims, keepdim, dtype and dtype.numpy)


def mean(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The mean over `dim`, or of everything: sum / n. The derivative is 1 / n for every element.

    Raises RuntimeError for integers and booleans: convert them first, or pass dtype.

    >>> x = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> minitorch.mean(x)
    tensor(2.5000)
    >>> minitorch.mean(x, dim=0)
    tensor([2., 3.])
    """
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
    """The product over `dim`, or of everything. The derivative in a factor is the product of the others.

    >>> minitorch.prod(minitorch.tensor([[1, 2], [3, 4]]), dim=1)
    tensor([ 2, 12])
    """
    input = _as(input, dtype)
    dim = None if dim is None else check_dim(dim, input.ndim)
    if dim is None or input.ndim == 0:
        return Prod.apply(reshape(input, (-1,)), 0, False, dtype and dtype.numpy)
    return Prod.apply(input, dim, keepdim, dtype and dtype.numpy)


def amax(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The largest over `dim`, which may be several; ties share the gradient evenly. Raises an error where there is none.

    >>> minitorch.amax(minitorch.tensor([[1, 5], [7, 2]]), dim=1)
    tensor([5, 7])
    """
    _check_dim_if_empty("amax", input, dim)
    return Amax.apply(input, check_dims(dim, input.ndim), keepdim)


def amin(input: Tensor, dim: Dims = (), keepdim: bool = False) -> Tensor:
    """The smallest over `dim`, which may be several; ties share the gradient evenly.

    >>> minitorch.amin(minitorch.tensor([[1, 5], [7, 2]]), dim=1)
    tensor([1, 2])
    """
    _check_dim_if_empty("amin", input, dim)
    return Amin.apply(input, check_dims(dim, input.ndim), keepdim)


def _one_dim(dim: int | None, ndim: int) -> int | None:
    if dim is not None:
        dim = check_dim(dim, ndim)
    return dim if ndim else None


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest along `dim`, or in the flattened tensor; the first of equals.

    Shapes: (n, m) gives (n) for dim = 1, (n, 1) with `keepdim`.

    Raises IndexError for an empty dimension.

    >>> scores = minitorch.tensor([[0.1, 0.9], [0.8, 0.2]])
    >>> minitorch.argmax(scores, dim=1)  # the class of each row
    tensor([1, 0])
    """
    return Argmax.apply(input, _one_dim(dim, input.ndim), keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest along `dim`, or in the flattened tensor; the first of equals.

    Shapes: (n, m) gives (n) for dim = 1, (n, 1) with `keepdim`.

    Raises IndexError for an empty dimension.

    >>> minitorch.argmin(minitorch.tensor([3, 1, 2]))
    tensor(1)
    """
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
    """max(x): the largest of all. max(x, dim): (values, indices) along dim. max(x, y): as `maximum`.

    Of max(x) ties share the gradient evenly; of max(x, dim) it goes to the element at `indices`.

    >>> x = minitorch.tensor([[1, 5], [7, 2]])
    >>> minitorch.max(x)
    tensor(7)
    >>> values, indices = minitorch.max(x, dim=1)
    >>> values, indices
    (tensor([5, 7]), tensor([1, 0]))
    """
    return _extreme(input, dim, keepdim, other, Max, Amax, argmax, maximum)


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
    """min(x): the smallest of all. min(x, dim): (values, indices) along dim. min(x, y): as `minimum`.

    Of min(x) ties share the gradient evenly; of min(x, dim) it goes to the element at `indices`.

    >>> x = minitorch.tensor([[1, 5], [7, 2]])
    >>> minitorch.min(x)
    tensor(1)
    >>> values, indices = minitorch.min(x, dim=1)
    >>> values, indices
    (tensor([1, 2]), tensor([0, 1]))
    """
    return _extreme(input, dim, keepdim, other, Min, Amin, argmin, minimum)


def _extreme(input: Tensor, dim: Any, keepdim: bool, other: Any, pair: Any, extreme: Any, arg: Any, pairwise: Any) -> Any:
    if other is not None or not (dim is None or isinstance(dim, int)):
        return pairwise(input, dim if other is None else other)
    if dim is None:
        _check_dim_if_empty(pair.__name__.lower(), input, dim)
        return extreme.apply(input, check_dims(None, input.ndim), False, True)
    dim = check_dim(dim, input.ndim)
    if input.ndim == 0:
        return pair(input.clone(), arg(input))
    indices = arg(input, dim, True)
    values = gather(input, dim, indices)
    return pair(values, indices) if keepdim else pair(squeeze(values, dim), squeeze(indices, dim))


@in_single
def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False) -> Tensor:
    """log(sum(exp(input))) over `dim`, without overflow: m + log(sum(exp(input - m))) for the maximum m.

    The derivative is softmax(input).

    >>> minitorch.logsumexp(minitorch.tensor([100.0, 100.0]), dim=0)  # 100 + log 2
    tensor(100.6931)
    """
    return LogSumExp.apply(input, check_dims(dim, input.ndim), keepdim)


@in_single
def softmax(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """exp(input) / sum(exp(input)) along `dim`: positive, and summing to 1.

    For the result y and its gradient g, the gradient of input is y (g - sum(g y)).

    >>> minitorch.softmax(minitorch.tensor([[0.0, 0.0], [1000.0, 0.0]]), dim=1)
    tensor([[0.5000, 0.5000],
            [1.0000, 0.0000]])
    """
    input = _as(input, dtype)
    check_floating("softmax", input)
    return _at_least_1d(Softmax, input, dim)


@in_single
def log_softmax(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """The logarithm of softmax along `dim`, without overflow: input - logsumexp(input).

    For the result y and its gradient g, the gradient of input is g - e^y sum(g).

    >>> minitorch.log_softmax(minitorch.tensor([[0.0, 0.0], [100.0, 0.0]]), dim=1)
    tensor([[  -0.6931,   -0.6931],
            [   0.0000, -100.0000]])
    """
    input = _as(input, dtype)
    check_floating("log_softmax", input)
    return _at_least_1d(LogSoftmax, input, dim)


def cumsum(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """The sums of the first 1, 2, 3 ... elements along `dim`. Integers and booleans are summed as int64.

    >>> minitorch.cumsum(minitorch.tensor([1, 2, 3, 4]), dim=0)
    tensor([ 1,  3,  6, 10])
    """
    return _at_least_1d(CumSum, _as(input, dtype), dim, dtype and dtype.numpy)


def _at_least_1d(op: type[Op], input: Tensor, dim: int, *rest: Any) -> Tensor:
    dim = check_dim(dim, input.ndim)
    return op.apply(input, dim, *rest) if input.ndim else op.apply(reshape(input, (1,)), dim, *rest).reshape(())


def _of_dims(op: type[Op], input: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """An empty tuple reduces nothing, other than in `sum` and kin."""
    if isinstance(dim, (tuple, list)) and not dim:
        return op.apply(reshape(input, (1, *input.shape)), (0,), False)
    return op.apply(input, check_dims(dim, input.ndim), keepdim)


def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether every element (along `dim`) is nonzero.

    >>> minitorch.all(minitorch.tensor([[True, True], [True, False]]), dim=1)
    tensor([ True, False])
    """
    return _of_dims(AllNonzero, input, dim, keepdim)


def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether some element (along `dim`) is nonzero.

    >>> minitorch.any(minitorch.tensor([[False, False], [True, False]]), dim=1)
    tensor([False,  True])
    """
    return _of_dims(AnyNonzero, input, dim, keepdim)
