"""Variances, standard deviations and norms over dimensions, each a line or two of reductions.

`dim` is None (everything), a dimension or several; `keepdim` leaves reduced dimensions in place with size 1.
"""

from __future__ import annotations

import builtins
import math
from typing import TYPE_CHECKING, Any

from minitorch.backend.arrays import xp
from minitorch.backend.callsite import warn
from minitorch.backend.dtypes import dtype as DType
from minitorch.ops.arithmetic import abs, div
from minitorch.ops.elementwise import in_single
from minitorch.ops.node_names import node_name
from minitorch.ops.pointwise import sqrt
from minitorch.ops.reduction import Dims, amax, amin, mean, sum
from minitorch.ops.selection import clamp, masked_fill, where
from minitorch.ops.shape import check_dims, reshape, squeeze, transpose, unsqueeze
from minitorch.ops.striding import diagonal

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


@in_single
@node_name("Var0")
def var(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The variance over `dim`: squared distances from the mean, summed, over n - correction (1 by default).

    Shapes: (n, m) gives a number, or (m) for dim = 0. Raises RuntimeError for integers.

    >>> x = minitorch.tensor([1.0, 2.0, 3.0, 6.0])
    >>> minitorch.var(x)
    tensor(4.6667)
    >>> minitorch.var(x, correction=0)
    tensor(3.5000)
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    dims = check_dims(dim, input.ndim)
    distance = input - mean(input, dims, True)
    count = math.prod(input.shape[d] for d in dims)
    if count <= correction:
        warn(
            "var(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input numel "
            f"divided by output numel): {count} elements and a correction of {correction}"
        )
    squares = sum(distance * distance, dims, keepdim)
    return div(squares, builtins.max(count - correction, 0)) if count else squares * math.nan


@in_single
@node_name("Std0")
def std(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The standard deviation over `dim`: the root of the variance.

    Shapes: (n, m) gives a number, or (m) for dim = 0. Raises RuntimeError for integers.

    >>> minitorch.std(minitorch.tensor([1.0, 2.0, 3.0, 6.0]))
    tensor(2.1602)
    """
    variance = var(input, dim, unbiased, keepdim, correction=correction)
    flat = variance == 0  # where sqrt is infinitely steep, and PyTorch takes 0 for the derivative
    return masked_fill(sqrt(masked_fill(variance, flat, 1.0)), flat, 0.0)


@in_single
def vector_norm(input: Tensor, ord: float = 2, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """(sum |x|^ord)^(1 / ord) over `dim`; for ord = inf the largest |x|, for 0 the number of nonzero ones.

    Where all of x is 0 its gradient is 0, for ord > 1: the smallest of the slopes there.

    >>> minitorch.linalg.vector_norm(minitorch.tensor([3.0, -4.0]))
    tensor(5.)
    >>> minitorch.linalg.vector_norm(minitorch.tensor([3.0, -4.0]), ord=1)
    tensor(7.)
    """
    if ord == 0:
        return sum(where(input != 0, 1.0, abs(input)), dim, keepdim)  # a nan is not 0
    if builtins.abs(ord) == math.inf:
        dims = check_dims(dim, input.ndim)
        if 0 in [input.shape[d] for d in dims]:
            which = "largest" if ord > 0 else "smallest"
            raise RuntimeError(f"norm: order {ord} takes the {which} element, and there is none: input is {list(input.shape)}")
        return (amax if ord > 0 else amin)(abs(input), check_dims(dim, input.ndim), keepdim)
    dims = check_dims(dim, input.ndim)
    if ord == 1 or {input.shape[d] for d in dims} <= {1}:  # the power of a single number may be beyond its dtype
        return sum(abs(input), dim, keepdim)
    if ord < 0 and 0 in [input.shape[d] for d in dims]:
        raise RuntimeError(f"norm: order {ord} of no elements has no value: input is {list(input.shape)}")
    if ord == 2:
        powers = input * input
    elif ord < 2:  # the power has an infinite slope or a kink at 0
        zero = input == 0
        powers = masked_fill(masked_fill(abs(input), zero, 1.0) ** ord, zero, 0.0 if ord > 0 else math.inf)
    else:
        powers = abs(input) ** ord
    total = sum(powers, dim, keepdim)
    nothing = total == (0 if ord > 0 else math.inf)
    total = masked_fill(total, nothing, 1.0)  # the slope of the root is infinite at 0
    return masked_fill(sqrt(total) if ord == 2 else total ** (1 / ord), nothing, 0.0)


@node_name("LinalgVectorNorm0")
def linalg_vector_norm(x: Tensor, ord: float = 2, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """(sum |x|^ord)^(1 / ord) over `dim`; for ord = inf the largest |x|, for 0 the number of nonzero ones.

    >>> minitorch.linalg.vector_norm(minitorch.tensor([3.0, -4.0]))
    tensor(5.)
    >>> minitorch.linalg.vector_norm(minitorch.tensor([3.0, -4.0]), ord=1)
    tensor(7.)
    """
    if not x.is_floating_point():
        raise RuntimeError(f"linalg.vector_norm: Expected a floating point tensor as input. Got {x.dtype!r}: .float() converts")
    return vector_norm(x, ord, dim, keepdim)


@in_single
@node_name("LinalgVectorNorm0")
def norm(
    input: Tensor, p: float | str | None = "fro", dim: Dims = None, keepdim: bool = False, dtype: DType | None = None
) -> Tensor:
    """The p-norm over `dim`, as of one vector; 'fro' is the 2-norm of all entries. For p = inf the largest |x|.

    >>> x = minitorch.tensor([[3.0, 4.0], [0.0, 1.0]])
    >>> minitorch.norm(x, dim=1)
    tensor([5., 1.])
    >>> minitorch.norm(x, p=1)
    tensor(8.)
    """
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm: order {p!r} is not supported; 'fro' or a number is")
    if not input.is_floating_point() and dtype is None:
        raise RuntimeError(f"norm: Expected a floating point tensor as input. Got {input.dtype!r}: .float() converts")
    return vector_norm((input if dtype is None else input.to(dtype)), 2 if p is None or isinstance(p, str) else p, dim, keepdim)


@in_single
@node_name("Dist0")
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of input - other.

    >>> minitorch.dist(minitorch.tensor([1.0, 2.0]), minitorch.tensor([4.0, 6.0]))
    tensor(5.)
    """
    return vector_norm(input - other, p)


COMPUTE_MODES = (
    "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist",
)  # fmt: skip


@in_single
@node_name("Cdist0")
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The p-norm of the difference of each row of x1 (*, n, d) and each of x2 (*, m, d): (*, n, m).

    `compute_mode` decides in PyTorch between two ways to compute the same, and has no effect here.

    Raises RuntimeError for fewer than two dimensions, or vectors of different sizes d.

    >>> minitorch.cdist(minitorch.tensor([[0.0, 0.0], [3.0, 0.0]]), minitorch.tensor([[0.0, 4.0]]))
    tensor([[4.],
            [5.]])
    """
    if compute_mode not in (None, *COMPUTE_MODES):
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode: {', '.join(COMPUTE_MODES)} are")
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"cdist: X1 and X2 must have at least two dimensions and the same number of columns, but got {list(x1.shape)} and "
            f"{list(x2.shape)}"
        )
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, but got {p}")
    return vector_norm(unsqueeze(x1, -2) - unsqueeze(x2, -3), p, -1)


def count_nonzero(input: Tensor, dim: Dims = None) -> Tensor:
    """How many elements (along `dim`) are not zero.

    >>> minitorch.count_nonzero(minitorch.tensor([[1, 0], [2, 3]]), dim=1)
    tensor([1, 2])
    """
    return sum(input != 0, dim)


@in_single
def var_mean(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """The variance and the mean over `dim`.

    >>> var, mean = minitorch.var_mean(minitorch.tensor([1.0, 2.0, 3.0, 6.0]), correction=0)
    >>> var, mean
    (tensor(3.5000), tensor(3.))
    """
    return _with_mean(var, input, dim, unbiased, keepdim, correction)


def _with_mean(function: Any, input: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any) -> tuple[Any, Any]:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return function(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


@in_single
def std_mean(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean over `dim`.

    >>> std, mean = minitorch.std_mean(minitorch.tensor([1.0, 3.0]), correction=0)
    >>> std, mean
    (tensor(1.), tensor(2.))
    """
    return _with_mean(std, input, dim, unbiased, keepdim, correction)


@xp.errstate(all="ignore")  # no degrees of freedom: 0 / 0
def cov(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """The covariances of variables, one a row, over their observations, one a column.

    C[i, j] = sum_k w_k (x[i, k] - mean_i) (x[j, k] - mean_j) / (sum w - correction)

    w counts each observation as often as the integers `fweights` say, and weights it by `aweights` = a; with these, correction
    is multiplied by sum(w a) / sum(w).

    Shapes: (n, m) gives (n, n), (m) a number. Raises RuntimeError for more dimensions, booleans, and weights of
    another shape or dtype, that are negative, or that sum to 0.

    >>> minitorch.cov(minitorch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    if input._array.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input: .float() converts")
    x = reshape(input, (1, -1)) if input.ndim < 2 else input
    x = x if x._array.dtype.kind == "f" else x.float()
    count = x.shape[1]
    weight: Tensor | None = None
    for name, given, kinds, expected in (
        ("fweights", fweights, "iu", "integral"),
        ("aweights", aweights, "f", "floating-point"),
    ):
        if given is None:
            continue
        if given.ndim > 1 or given.numel() != count:
            raise RuntimeError(
                f"cov(): expected {name} of shape [{count}], one for each observation, but got {list(given.shape)}"
            )
        if given._array.dtype.kind not in kinds:
            raise RuntimeError(f"cov(): expected {name} to have {expected} dtype, but got {given.dtype!r}")
        if (given._array < 0).any():
            raise RuntimeError(f"cov(): {name} cannot be negative")
        weight = given if weight is None else weight * given
    total: Any = count if weight is None else sum(weight)
    if weight is not None and not total._array:
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    scale: Any = 1 if weight is None else weight
    centered = x - div(sum(x * scale, 1, True), total)
    freedom = total - correction
    if aweights is not None and weight is not None and correction:
        freedom = total - correction * div(sum(weight * aweights), total)
    if not freedom > 0:
        warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations: "
            f"{count} observations and a correction of {correction}"
        )
        freedom = freedom * 0
    return squeeze(div(centered @ transpose(centered * scale, 0, 1), freedom))


def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of variables, one a row: their covariances over both standard deviations, within [-1, 1].

    Shapes: (n, m) gives (n, n), (m) a number. Raises RuntimeError for more dimensions.

    >>> minitorch.corrcoef(minitorch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    c = cov(input)
    if c.ndim == 0:
        return div(c, c)
    deviation = sqrt(diagonal(c))
    return clamp(div(div(c, unsqueeze(deviation, 1)), deviation), -1, 1)
