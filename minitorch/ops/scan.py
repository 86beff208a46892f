"""Running products, extrema and logarithms of sums; reductions that leave out nan; areas under curves; histograms; modes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from minitorch.autograd.node import Op
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, on_device_of, running_extreme, xp
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.dtypes import int64
from minitorch.backend.errors import refuse_if_too_large
from minitorch.ops.comparison import isnan
from minitorch.ops.elementwise import check_floating, in_single
from minitorch.ops.gathering import gather
from minitorch.ops.joining import cat, narrow
from minitorch.ops.node_names import node_name
from minitorch.ops.reduction import Dims, amax, amin, cumsum, sum
from minitorch.ops.results import ValuesAndIndices, printed_pair
from minitorch.ops.selection import masked_fill
from minitorch.ops.shape import check_dim, clone, expand, flip, reshape, squeeze, unsqueeze
from minitorch.ops.special import LogAddExp

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class CumMax(ValuesAndIndices):
    """What cummax() returns."""


class CumMin(ValuesAndIndices):
    """What cummin() returns."""


@printed_pair
class AMinMax(NamedTuple):
    """What aminmax() returns."""

    min: Tensor
    max: Tensor


@printed_pair
class Histogram(NamedTuple):
    """What histogram() returns."""

    hist: Tensor
    bin_edges: Tensor


def _scan(combine: Callable[[Any, Any], Any], input: Tensor, dim: int) -> Tensor:
    """The first element along `dim`, the first two combined, the first three ...: by doubling.

    Each element is combined with the one that is 1, 2, 4 ... places before it: after log2(n) rounds it stands for all before.
    """
    dim = check_dim(dim, input.ndim)
    if input.ndim == 0:
        return clone(input)
    n, distance, out = input.shape[dim], 1, input
    while distance < n:
        rest = n - distance
        combined = combine(narrow(out, dim, distance, rest), narrow(out, dim, 0, rest))
        out, distance = cat([narrow(out, dim, 0, distance), combined], dim), 2 * distance
    return clone(out) if out is input else out


class Cumprod(Op):
    """y_j, the product of x_0 to x_j;  sum over j >= k of grad_j y_j / x_k, for x_k

    Where a product is 0 the quotient is y_(k-1) s_k, for s_k = grad_k + x_(k+1) s_(k+1), from the last to the first.
    """

    label = "Cumprod0"

    def forward(ctx, x: Array, dim: int) -> Array:
        y = xp.cumprod(x, axis=dim)
        ctx.dim = dim
        ctx.save_for_backward(x, y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (x, y), dim = ctx.saved_tensors, ctx.dim
        if not bool((y == 0).any()):
            return flip(cumsum(flip(grad * y, dim), dim), dim) / x
        total = narrow(grad, dim, x.shape[dim] - 1, 1)
        totals = [total]
        for k in range(x.shape[dim] - 2, -1, -1):
            total = narrow(grad, dim, k, 1) + narrow(x, dim, k + 1, 1) * total
            totals.append(total)
        before = cat([narrow(x, dim, 0, 1) ** 0, narrow(x, dim, 0, x.shape[dim] - 1)], dim)
        return cat(totals[::-1], dim) * Cumprod.apply(before, dim)


@in_single
@node_name("Cumprod0")
def cumprod(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """The products of the first 1, 2, 3 ... elements along `dim`. Integers and booleans are multiplied as int64.

    >>> minitorch.cumprod(minitorch.tensor([1, 2, 3, 4]), dim=0)
    tensor([ 1,  2,  6, 24])
    """
    dtype = dtype or (None if input.is_floating_point() else int64)
    input, dim = input if dtype is None else input.to(dtype), check_dim(dim, input.ndim)
    return Cumprod.apply(input, dim) if input.numel() and input.ndim else clone(input)


@in_single
@node_name("Logcumsumexp0")
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """log(cumsum(exp(input))) along `dim`, without overflow.

    >>> minitorch.logcumsumexp(minitorch.tensor([100.0, 100.0]), dim=0)
    tensor([100.0000, 100.6931])
    """
    check_floating("logcumsumexp", input)
    return _scan(LogAddExp.apply, input, dim)


@node_name("Cummax0")
def cummax(input: Tensor, dim: int) -> CumMax:
    """(values, indices) of the largest of the first 1, 2, 3 ... elements along `dim`; the last of equals, and nan if there is
    one.

    >>> values, indices = minitorch.cummax(minitorch.tensor([1, 3, 2, 4]), dim=0)
    >>> values, indices
    (tensor([1, 3, 3, 4]), tensor([0, 1, 1, 3]))
    """
    return _running(CumMax, xp.maximum, xp.greater_equal, input, dim)


@node_name("Cummin0")
def cummin(input: Tensor, dim: int) -> CumMin:
    """(values, indices) of the smallest of the first 1, 2, 3 ... elements along `dim`; the last of equals, and nan if there is
    one.

    >>> values, indices = minitorch.cummin(minitorch.tensor([3, 4, 1, 2]), dim=0)
    >>> values, indices
    (tensor([3, 3, 1, 1]), tensor([0, 0, 2, 2]))
    """
    return _running(CumMin, xp.minimum, xp.less_equal, input, dim)


def _running(pair: Any, extreme: Any, is_new: Any, input: Tensor, dim: int) -> Any:
    dim = check_dim(dim, input.ndim)
    if input.ndim == 0:
        return pair(clone(input), wrap(xp.zeros_like(input._array, dtype=xp.int64)))
    x: Array = input._array
    places = on_device_of(xp.arange(x.shape[dim]).reshape((-1,) + (1,) * (x.ndim - dim - 1)), x)
    found = is_new(x, running_extreme(extreme, x, dim)) | (x != x)
    indices = wrap(running_extreme(xp.maximum, xp.where(found, places, 0), dim))
    return pair(gather(input, dim, indices), indices)


def nansum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The sum over `dim` of what is not nan.

    >>> minitorch.nansum(minitorch.tensor([1.0, float("nan"), 3.0]))
    tensor(4.)
    """
    return sum(masked_fill(input, isnan(input), 0), dim, keepdim, dtype=dtype)


@in_single
def nanmean(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The mean over `dim` of what is not nan; nan where nothing is left.

    >>> minitorch.nanmean(minitorch.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    if not input.is_floating_point():
        raise RuntimeError(f"nanmean(): expected input to have floating point dtype but got {input.dtype!r}: .float() converts")
    return nansum(input, dim, keepdim, dtype=dtype) / sum(~isnan(input), dim, keepdim)


@node_name("Aminmax0")
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> AMinMax:
    """(min, max): the smallest and the largest over `dim`, or of all; ties share the gradient.

    >>> low, high = minitorch.aminmax(minitorch.tensor([3, 1, 2]))
    >>> low, high
    (tensor(1), tensor(3))
    """
    if dim is None and 0 in input.shape:
        raise RuntimeError("aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity")
    dims = () if dim is None else check_dim(dim, input.ndim)
    return AMinMax(amin(input, dims, keepdim), amax(input, dims, keepdim))


# ---- counts, without gradient -------------------------------------------------------------------------------------------


def _limits(name: str, x: Array, low: float, high: float) -> tuple[float, float]:
    """The first and the last edge; those of the values if both are the same. Raises RuntimeError for ones without sense."""
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{name}: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"{name}: max must be larger than min, but the range is [{low}, {high}]")
    return (low, high) if low < high else (low - 1, high + 1)


def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements lie in each of `bins` equal parts of [min, max]; of the elements' own range if both are the same.

    Raises RuntimeError for fewer than one bin, or for max below min.

    >>> minitorch.histc(minitorch.tensor([0.1, 0.2, 0.9]), bins=2, min=0, max=1)
    tensor([2., 1.])
    """
    check_floating("histc", input)
    if bins <= 0:
        raise RuntimeError(f"histc(): bins must be > 0, but got {bins}")
    x = input._array.reshape(-1)
    limits = _limits("histc()", x, min, max)
    with xp.errstate(over="ignore"):  # a bound may be beyond float32
        return wrap(xp.histogram(x, bins, limits)[0].astype(x.dtype))


def histogram(input: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False) -> Histogram:
    """(hist, bin_edges): how many elements, or what weights, lie in each of `bins` equal parts of `range`, or between the edges
    in a sorted vector `bins`. With `density`, divided by the total and the width of each.

    >>> hist, bin_edges = minitorch.histogram(minitorch.tensor([0.1, 0.2, 0.9]), bins=2, range=(0.0, 1.0))
    >>> hist, bin_edges
    (tensor([2., 1.]), tensor([0.0000, 0.5000, 1.0000]))
    """
    check_floating("histogram", input)
    x = input._array.reshape(-1)
    if weight is not None and (weight.shape != input.shape or weight.dtype is not input.dtype):
        raise RuntimeError(
            f"histogram(): weight must have the shape and the type of input, {list(input.shape)} and {input.dtype!r}, but has "
            f"{list(weight.shape)} and {weight.dtype!r}"
        )
    if isinstance(bins, int) and not isinstance(bins, bool):
        if bins <= 0:
            raise RuntimeError(f"histogram(): bins must be > 0, but got {bins}")
        if range is not None and (not isinstance(range, (tuple, list)) or len(range) != 2):
            raise RuntimeError(f"histogram(): range should have 2 elements, but got {range!r:.60}")
        low, high = _limits("histogram()", x, *(map(float, range) if range else (0.0, 0.0)))
        edges = on_device_of(xp.linspace(low, high, bins + 1, dtype=x.dtype), x)
    elif hasattr(bins, "_array") and bins.ndim == 1 and bins.dtype is input.dtype and bins.numel() and range is None:
        edges = bins._array
        if not (edges[1:] >= edges[:-1]).all():
            raise RuntimeError("histogram(): the edges in bins must be in increasing order")
    else:
        raise TypeError(
            f"histogram(): bins must be a number, or a vector of edges of input's type {input.dtype!r} without range, got "
            f"{type(bins).__name__}"
        )
    counts = xp.histogram(x, edges, weights=None if weight is None else weight._array.reshape(-1), density=density)[0]
    return Histogram(wrap(counts.astype(x.dtype)), wrap(edges.copy()))


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of each element of a vector, one row for each, N columns (by default as many as elements); x^0 is the last
    one, or with `increasing` the first.

    Shapes: (n) gives (n, N). Raises RuntimeError for another number of dimensions, or a negative N.

    >>> minitorch.vander(minitorch.tensor([2.0, 3.0]), 3)
    tensor([[4., 2., 1.],
            [9., 3., 1.]])
    """
    if x.ndim != 1:
        raise RuntimeError(f"vander: x must be a one-dimensional tensor, but it has shape {list(x.shape)}")
    columns = x.shape[0] if N is None else N
    if columns < 0:
        raise RuntimeError(f"vander: N must be non-negative, but it is {columns}")
    refuse_if_too_large("vander", (x.shape[0], columns), 8)
    x = x if x._array.dtype.kind == "f" else x.long()
    if columns == 0:
        return x.new_zeros((x.shape[0], 0))
    ones = x.new_ones((x.shape[0], 1))
    powers = cat([ones, cumprod(expand(unsqueeze(x, 1), (x.shape[0], columns - 1)), 1)], 1)
    return powers if increasing else flip(powers, 1)


def _strips(name: str, y: Tensor, x: Tensor | None, dx: float | None, dim: int) -> tuple[Tensor, Tensor | float, int]:
    """y_i + y_{i+1} along `dim`, the distances x_{i+1} - x_i, or dx, and `dim` from the front. Raises errors of `name`."""
    if x is not None and dx is not None:
        raise TypeError(f"{name}(): x gives the places of the samples, and dx their distance: pass one of the two")
    if "bool" in (y.dtype.name, None if x is None else x.dtype.name):
        raise RuntimeError(f"{name}: received a bool input for `x` or `y`, but bool is not supported: .float() converts")
    if y.ndim == 0:
        raise IndexError(f"{name}: Dimension specified as {dim} but tensor has no dimensions")
    dim = check_dim(dim, y.ndim)
    n = y.shape[dim]
    if x is None:
        return _neighbours(y, dim, n), 1 if dx is None else dx, dim
    if x.ndim == 1:
        if len(x) != n:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point: x has {len(x)}, y {n} along {dim}")
        x = reshape(x, tuple(n if d == dim else 1 for d in range(y.ndim)))
    elif x.ndim < y.ndim:
        x = reshape(x, (1,) * (y.ndim - x.ndim) + tuple(x.shape))
    return _neighbours(y, dim, n), _neighbours(x, dim, x.shape[dim], -1), dim


def _neighbours(x: Tensor, dim: int, n: int, sign: int = 1) -> Tensor:
    """x_{i+1} + sign * x_i along a dimension of n places."""
    before, after = narrow(x, dim, 0, max(n - 1, 0)), narrow(x, dim, min(1, n), max(n - 1, 0))
    return after + before if sign == 1 else after - before


@in_single
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    """The area under a curve through the samples y along `dim`, by the trapezoidal rule: the sum of (x_{i+1} - x_i) (y_i +
    y_{i+1}) / 2.

    `x`, the places of the samples, has one dimension, or is broadcast with y; without it they are `dx` apart, 1 by default. The
    derivative in y_i is half the distance of its neighbours, in x_i half of y_{i-1} - y_{i+1}.

    Raises RuntimeError for another number of places than samples, or bool; IndexError for a y of no dimension.

    >>> minitorch.trapezoid(minitorch.tensor([1.0, 2.0, 4.0]))
    tensor(4.5000)
    >>> minitorch.trapezoid(minitorch.tensor([1.0, 2.0, 4.0]), minitorch.tensor([0.0, 1.0, 3.0]))
    tensor(7.5000)
    """
    twice, width, dim = _strips("trapezoid", y, x, dx, dim)
    if y.shape[dim] == 0:
        return sum(y.detach(), dim, dtype=y.dtype)
    if isinstance(width, (int, float)):
        return sum(twice, dim) * (0.5 * width)
    return sum(twice * width, dim) / 2


@in_single
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    """The areas under a curve from its first sample to the second, third ... by the trapezoidal rule: `trapezoid` as a running
    sum, with one element fewer along `dim` than y.

    Shapes, x, dx, derivatives and errors are as for `trapezoid`.

    >>> minitorch.cumulative_trapezoid(minitorch.tensor([1.0, 2.0, 4.0]))
    tensor([1.5000, 4.5000])
    """
    twice, width, dim = _strips("cumulative_trapezoid", y, x, dx, dim)
    return cumsum(twice * (width / 2), dim) if isinstance(width, (int, float)) else cumsum(twice * width, dim) / 2


class Mode(ValuesAndIndices):
    """What mode() returns."""


@node_name("Mode0")
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Mode:
    """(values, indices) of the most frequent value along `dim`, the smallest of several, and the last place where it is.

    A nan equals nothing, not even nan, and counts as the largest. The gradient goes to the elements at these places. (PyTorch's
    index is any of the places in rows of more than 16 elements, and with nan its value is any of the most frequent.)

    Raises IndexError for a dimension without elements.

    >>> values, indices = minitorch.mode(minitorch.tensor([[1, 2, 2, 1, 3], [5, 4, 3, 2, 5]]))
    >>> values, indices
    (tensor([1, 5]), tensor([3, 4]))
    """
    dim = check_dim(dim, input.ndim)
    if input.ndim == 0:
        return Mode(clone(input), wrap(xp.zeros_like(input._array, dtype=xp.int64)))
    n = input.shape[dim]
    if n == 0:
        raise IndexError(f"mode(): Expected reduction dim {dim} to have non-zero size, input is {list(input.shape)}")
    order = xp.argsort(input._array, axis=dim, kind="stable")
    ordered = xp.moveaxis(xp.take_along_axis(input._array, order, dim), dim, -1)
    places = on_device_of(xp.arange(n), ordered)
    begins = xp.concatenate([xp.zeros_like(ordered[..., :1], dtype=bool), ordered[..., 1:] != ordered[..., :-1]], -1)
    first = running_extreme(xp.maximum, xp.where(begins, places, 0), -1)  # of the equal ones before each
    last = xp.expand_dims(xp.argmax(places - first, -1), dim)  # of the longest run
    index = wrap(xp.take_along_axis(order, last, dim))
    values = gather(input, dim, index)
    return Mode(values, index) if keepdim else Mode(squeeze(values, dim), squeeze(index, dim))
