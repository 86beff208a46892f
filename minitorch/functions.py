"""The functions of operations, as users call them: those of ops/, each made public.

Class Tensor has most of them as methods, too.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from minitorch.autograd.tensor_base import TensorBase
from minitorch.autograd.tensor_base import wrap as _wrap
from minitorch.backend.arrays import xp
from minitorch.backend.callsite import warn as _warn
from minitorch.backend.dtypes import get_default_dtype
from minitorch.ops import (
    arithmetic,
    comparison,
    gathering,
    indexing,
    joining,
    linalg,
    matrix,
    pointwise,
    rectifier,
    reduction,
    rounding,
    scan,
    selection,
    shape,
    sorting,
    special,
    spectral,
    statistics,
    striding,
    trigonometry,
)
from minitorch.public import public

__all__ = [
    "abs", "absolute", "acos", "acosh", "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv", "addr", "all",
    "allclose", "amax", "amin", "aminmax", "any", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2",
    "arctanh", "argmax", "argmin", "argsort", "argwhere", "asin", "asinh", "atan", "atan2", "atanh", "atleast_1d",
    "atleast_2d", "atleast_3d", "baddbmm", "bincount", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "block_diag", "bmm", "broadcast_tensors", "broadcast_to", "bucketize",
    "cartesian_prod", "cat", "cdist", "ceil", "chunk", "clamp", "clamp_max", "clamp_min", "clip", "clone",
    "column_stack", "combinations", "concat", "concatenate", "copysign", "corrcoef", "cos", "cosh", "count_nonzero",
    "cov", "cross", "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "deg2rad", "det", "diag",
    "diag_embed", "diagonal", "diff", "digamma", "dist", "div", "divide", "dot", "dstack", "einsum", "eq", "equal",
    "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "fill", "flatten", "flip", "fliplr", "flipud", "float_power",
    "floor", "floor_divide", "fmax", "fmin", "fmod", "frac", "gather", "ge", "ger", "greater", "greater_equal", "gt",
    "heaviside", "histc", "histogram", "hsplit", "hstack", "hypot", "index_add", "index_copy", "index_fill", "index_put",
    "index_select", "inner", "inverse", "isclose", "isfinite", "isinf", "isnan", "isneginf", "isposinf", "kron",
    "kthvalue", "le", "lerp", "less", "less_equal", "lgamma", "log", "log10", "log1p", "log2", "log_softmax",
    "logaddexp", "logaddexp2", "logcumsumexp", "logdet", "logical_and", "logical_not", "logical_or", "logical_xor",
    "logit", "logsumexp", "lt", "masked_fill", "masked_select", "matmul", "max", "maximum", "mean", "median", "meshgrid",
    "min", "minimum", "mm", "mode", "moveaxis", "movedim", "mul", "multiply", "mv", "nan_to_num", "nanmean", "nansum",
    "narrow", "ne", "neg", "negative", "nonzero", "norm", "not_equal", "outer", "permute", "polygamma", "positive",
    "pow", "prod", "quantile", "rad2deg", "ravel", "reciprocal", "relu", "remainder", "repeat_interleave", "reshape",
    "roll", "rot90", "round", "row_stack", "rsqrt", "rsub", "scatter", "scatter_add", "searchsorted", "select", "sgn",
    "sigmoid", "sign", "signbit", "sin", "sinc", "sinh", "slogdet", "softmax", "sort", "split", "split_with_sizes",
    "sqrt", "square", "squeeze", "stack", "std", "std_mean", "sub", "subtract", "sum", "svd", "swapaxes", "swapdims",
    "t", "take", "take_along_dim", "tan", "tanh", "tensor_split", "tensordot", "tile", "topk", "trace", "transpose",
    "trapezoid", "trapz", "tril", "triu", "true_divide", "trunc", "unbind", "unflatten", "unique", "unsqueeze", "vander",
    "var", "var_mean", "vdot", "vsplit", "vstack", "where", "xlogy",
]  # fmt: skip

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


F = TypeVar("F", bound=Callable[..., Any])


def _of_numbers(function: F) -> F:
    """A function of two operands, either of which may be a number; two numbers make a tensor of no dimension."""

    second = list(inspect.signature(function).parameters)[1]

    @functools.wraps(function)
    def compute(input: Any, *args: Any, **named: Any) -> Any:
        other = args[0] if args else named.get(second)
        if isinstance(input, (int, float)) and isinstance(other, (int, float)):
            with xp.errstate(all="ignore"):  # a number beyond the default type's range is inf
                kind = get_default_dtype().numpy if isinstance(input, float) else xp.dtype(type(input))
                input = _wrap(xp.asarray(input, dtype=kind))
        return function(input, *args, **named)

    return public(compute)  # type: ignore[return-value]


def _dim_by_name(function: F) -> F:
    """max and min: a tensor is the other operand, but passed as `dim=` it is a number."""

    @functools.wraps(function)
    def compute(*args: Any, **named: Any) -> Any:
        if isinstance(named.get("dim"), TensorBase):
            named["dim"] = int(named["dim"]._array)
        return function(*args, **named)

    return compute  # type: ignore[return-value]


def _as_in(function: Callable[..., Any]) -> Callable[[F], F]:
    """Give a function with other parameters the module, which decides on `out=`, and the node's name of one."""

    def decorate(compute: F) -> F:
        compute.__module__ = function.__module__
        compute.node_name = getattr(function, "node_name", None)  # type: ignore[attr-defined]
        return compute

    return decorate


# linear algebra, whose matrix is called A in linalg and input here


@public
def det(input: Tensor) -> Tensor:
    """The determinant of square matrices (*, n, n).

    >>> minitorch.det(minitorch.tensor([[2.0, 1.0], [1.0, 3.0]]))
    tensor(5.)
    """
    return linalg.det(input)


@public
@_as_in(linalg.slogdet)
def slogdet(input: Tensor) -> linalg.Slogdet:
    """(sign, logabsdet) of square matrices (*, n, n): sign and logarithm of the determinant, which does not overflow.

    >>> sign, logabsdet = minitorch.slogdet(minitorch.tensor([[-1.0, 0.0], [0.0, 1.0]]))
    >>> sign, logabsdet
    (tensor(-1.), tensor(0.))
    """
    return linalg.slogdet(input)


@public
@_as_in(linalg.inv)
def inverse(input: Tensor) -> Tensor:
    """The inverse of square matrices (*, n, n): `linalg.inv` under an old name.

    >>> minitorch.inverse(minitorch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return linalg.inv(input)


@public
@_as_in(linalg.cross)
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The vector product of vectors of three elements along `dim`; without it, along the first dimension of three elements.

    >>> minitorch.cross(minitorch.tensor([1, 0, 0]), minitorch.tensor([0, 1, 0]), dim=0)
    tensor([0, 0, 1])
    """
    if dim is None:
        _warn("Using cross without specifying the dim arg is deprecated: pass dim, or use linalg.cross, whose dim is -1")
        dim = -1
        if input.shape == other.shape:
            dim = next((i for i, n in enumerate(input.shape) if n == 3), None)
            if dim is None:
                raise RuntimeError(f"cross: no dimension of size 3 in input, which is {list(input.shape)}")
    return linalg.cross(input, other, dim=dim)


# arithmetic, powers, logarithms
add, sub, mul = _of_numbers(arithmetic.add), _of_numbers(arithmetic.sub), _of_numbers(arithmetic.mul)
div, pow, remainder = _of_numbers(arithmetic.div), _of_numbers(arithmetic.pow), _of_numbers(arithmetic.remainder)
abs, addcdiv, addcmul = public(arithmetic.abs), public(arithmetic.addcdiv), public(arithmetic.addcmul)
lerp, log = public(arithmetic.lerp), public(arithmetic.log)
log10, log2, neg = public(arithmetic.log10), public(arithmetic.log2), public(arithmetic.neg)
reciprocal, square = public(arithmetic.reciprocal), public(arithmetic.square)
fmod, rsub, float_power = public(arithmetic.fmod), public(arithmetic.rsub), public(arithmetic.float_power)
copysign, positive = public(arithmetic.copysign), public(arithmetic.positive)
deg2rad, rad2deg = public(arithmetic.deg2rad), public(arithmetic.rad2deg)

# comparison, selection, rounding
allclose, bitwise_and = public(comparison.allclose), public(comparison.bitwise_and)
bitwise_not, bitwise_or = public(comparison.bitwise_not), public(comparison.bitwise_or)
bitwise_xor, ceil, clamp = public(comparison.bitwise_xor), public(rounding.ceil), public(selection.clamp)
clamp_max, clamp_min = public(selection.clamp_max), public(selection.clamp_min)
eq, equal, floor = public(comparison.eq), public(comparison.equal), public(rounding.floor)
floor_divide, ge, gt = _of_numbers(rounding.floor_divide), public(comparison.ge), public(comparison.gt)
isclose, isfinite, isinf = public(comparison.isclose), public(comparison.isfinite), public(comparison.isinf)
isnan, le, logical_and = public(comparison.isnan), public(comparison.le), public(comparison.logical_and)
logical_not, logical_or = public(comparison.logical_not), public(comparison.logical_or)
logical_xor, lt, masked_fill = public(comparison.logical_xor), public(comparison.lt), public(selection.masked_fill)
maximum, minimum, ne = public(selection.maximum), public(selection.minimum), public(comparison.ne)
round, sign, trunc = public(rounding.round), public(rounding.sign), public(rounding.trunc)
bitwise_left_shift = public(comparison.bitwise_left_shift)
bitwise_right_shift = public(comparison.bitwise_right_shift)
where, sgn, signbit = public(selection.where), public(rounding.sgn), public(comparison.signbit)
fmax, fmin, heaviside = public(selection.fmax), public(selection.fmin), public(selection.heaviside)
nan_to_num = public(selection.nan_to_num)
isposinf, isneginf = public(comparison.isposinf), public(comparison.isneginf)

# picking elements
diag, gather, index_add = public(indexing.diag), public(gathering.gather), public(gathering.index_add)
index_fill, index_select = public(gathering.index_fill), public(gathering.index_select)
masked_select, repeat_interleave = public(gathering.masked_select), public(indexing.repeat_interleave)
scatter, scatter_add = public(gathering.scatter), public(gathering.scatter_add)
tril, triu, fill = public(indexing.tril), public(indexing.triu), public(indexing.fill)
take_along_dim = public(gathering.take_along_dim)
index_copy, index_put = public(gathering.index_copy), public(gathering.index_put)
diagonal, diag_embed = public(striding.diagonal), public(striding.diag_embed)

# joining and splitting
cat, chunk, hstack, meshgrid = public(joining.cat), public(joining.chunk), public(joining.hstack), public(joining.meshgrid)
narrow, select, split, stack = public(joining.narrow), public(joining.select), public(joining.split), public(joining.stack)
dstack, column_stack, block_diag = public(joining.dstack), public(joining.column_stack), public(joining.block_diag)
atleast_1d, atleast_2d = public(joining.atleast_1d), public(joining.atleast_2d)
atleast_3d, tensor_split = public(joining.atleast_3d), public(joining.tensor_split)
split_with_sizes = public(joining.split_with_sizes)
combinations, cartesian_prod = public(joining.combinations), public(joining.cartesian_prod)
hsplit, vsplit = public(joining.hsplit), public(joining.vsplit)
tile, unbind, vstack = public(joining.tile), public(joining.unbind), public(joining.vstack)

# matrix products
addmm, bmm, dot, einsum = public(matrix.addmm), public(matrix.bmm), public(matrix.dot), public(matrix.einsum)
matmul, mm, mv, outer = public(matrix.matmul), public(matrix.mm), public(matrix.mv), public(matrix.outer)
trace, vdot, inner, kron = public(matrix.trace), public(matrix.vdot), public(matrix.inner), public(matrix.kron)
addmv, addr, addbmm, baddbmm = public(matrix.addmv), public(matrix.addr), public(matrix.addbmm), public(matrix.baddbmm)
tensordot, cdist, logdet = public(matrix.tensordot), public(statistics.cdist), public(linalg.logdet)
svd = public(spectral.svd)

# functions of one number
erf, exp, exp2, expm1 = public(pointwise.erf), public(pointwise.exp), public(pointwise.exp2), public(pointwise.expm1)
frac, log1p, logit = public(pointwise.frac), public(pointwise.log1p), public(pointwise.logit)
rsqrt, sigmoid, sqrt, tanh = public(pointwise.rsqrt), public(pointwise.sigmoid), public(pointwise.sqrt), public(pointwise.tanh)
# angles
acos, asin, atan = public(trigonometry.acos), public(trigonometry.asin), public(trigonometry.atan)
cos, sin, tan = public(trigonometry.cos), public(trigonometry.sin), public(trigonometry.tan)
acosh, asinh, atanh = public(trigonometry.acosh), public(trigonometry.asinh), public(trigonometry.atanh)
cosh, sinh = public(trigonometry.cosh), public(trigonometry.sinh)
atan2, hypot = public(trigonometry.atan2), public(trigonometry.hypot)

# special functions
sinc, erfc, erfinv, lgamma = public(special.sinc), public(special.erfc), public(special.erfinv), public(special.lgamma)
digamma, polygamma, xlogy = public(special.digamma), public(special.polygamma), public(special.xlogy)
logaddexp, logaddexp2 = public(special.logaddexp), public(special.logaddexp2)

relu = public(rectifier.relu)

# reductions
all, amax, amin, any = public(reduction.all), public(reduction.amax), public(reduction.amin), public(reduction.any)
argmax, argmin, count_nonzero = public(reduction.argmax), public(reduction.argmin), public(statistics.count_nonzero)
cumsum, dist, log_softmax = public(reduction.cumsum), public(statistics.dist), public(reduction.log_softmax)
logsumexp, mean = public(reduction.logsumexp), public(reduction.mean)
max, min = public(_dim_by_name(reduction.max)), public(_dim_by_name(reduction.min))
norm, prod, softmax, std = public(statistics.norm), public(reduction.prod), public(reduction.softmax), public(statistics.std)
std_mean, sum, var = public(statistics.std_mean), public(reduction.sum), public(statistics.var)
var_mean, cumprod, cummax = public(statistics.var_mean), public(scan.cumprod), public(scan.cummax)
cummin, logcumsumexp, nansum = public(scan.cummin), public(scan.logcumsumexp), public(scan.nansum)
nanmean, aminmax = public(scan.nanmean), public(scan.aminmax)
histc, histogram, vander = public(scan.histc), public(scan.histogram), public(scan.vander)
trapezoid, cumulative_trapezoid, mode = public(scan.trapezoid), public(scan.cumulative_trapezoid), public(scan.mode)
cov, corrcoef = public(statistics.cov), public(statistics.corrcoef)

# shapes
broadcast_tensors, broadcast_to, clone = public(shape.broadcast_tensors), public(shape.broadcast_to), public(shape.clone)
flatten, flip, fliplr, flipud = public(shape.flatten), public(shape.flip), public(shape.fliplr), public(shape.flipud)
moveaxis, movedim, permute, ravel = public(shape.moveaxis), public(shape.movedim), public(shape.permute), public(shape.ravel)
reshape, roll, squeeze, swapaxes = public(shape.reshape), public(shape.roll), public(shape.squeeze), public(shape.swapaxes)
t, transpose, unflatten = public(shape.t), public(shape.transpose), public(shape.unflatten)
unsqueeze, rot90 = public(shape.unsqueeze), public(shape.rot90)

# sorting and searching
argsort, argwhere, bincount = public(sorting.argsort), public(sorting.argwhere), public(sorting.bincount)
bucketize, diff, kthvalue = public(sorting.bucketize), public(sorting.diff), public(sorting.kthvalue)
median, nonzero, quantile = public(sorting.median), public(sorting.nonzero), public(sorting.quantile)
searchsorted, sort, take = public(sorting.searchsorted), public(sorting.sort), public(sorting.take)
topk, unique = public(sorting.topk), public(sorting.unique)

# other names
absolute, arctan, arcsin, arccos, arctan2 = abs, atan, asin, acos, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
clip, concat, concatenate, divide = clamp, cat, cat, div
true_divide, multiply, subtract, negative = div, mul, sub, neg
greater, greater_equal, less, less_equal = gt, ge, lt, le
not_equal, ger, swapdims, trapz, row_stack = ne, outer, swapaxes, trapezoid, vstack

for _name, _function in list(globals().items()):  # found here by pickle
    if getattr(_function, "__module__", "").startswith("minitorch.ops"):
        _function.__module__, _function.__qualname__ = __name__, _name

del _name, _function
