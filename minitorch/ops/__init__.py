"""Every operation, one file a family, each with its derivative beside it.

    elementwise.py    what elementwise ops share: promotion, the words for shapes that do not fit
    comparison.py     comparing, choosing, rounding
    arithmetic.py     arithmetic, powers, logarithms             <- a good file to read first
    pointwise.py      exp and its kin, angles, tanh, sigmoid
    shape.py          reshape, permute, expand, flip, pad
    joining.py        cat, stack, and cutting apart
    indexing.py       x[index], gather, and back
    reduction.py      sums, extremes, softmax, norms
    sorting.py        sort, topk, median, unique
    matrix.py         matrix products and einsum
    window.py         the geometry of a sliding window
    convolution.py    convolution, its transpose, its kernel gradient
    planes.py         how these three are computed: as matrix products, on images laid out flat
    pooling.py        pooling and unpooling
    folding.py        windows as columns, and back
    resampling.py     borders, other sizes, pixel shuffle
    linear.py         linear and bilinear maps, embedding
    rectifier.py      relu and its leaky kin
    activation.py     the activations of nn.functional, and dropout
    normalization.py  batch, layer, group and instance norm
    loss.py           losses of differences and margins
    likelihood.py     losses that are negative log-likelihoods
    filling.py        new tensors like a given one, random values
    names.py          what results print as, grad_fn=<...>
    loops.py          what several of these compute, once more, as loops for Numba
    views.py          what becomes of histories when a view is changed in place

Each function takes bare arrays as well as Tensors, because derivatives are written with them; the faces in `minitorch`
itself take Tensors alone. A class here that starts with a capital is a node of the tape.
"""

from minitorch.ops.arithmetic import (
    abs, add, addcdiv, addcmul, div, lerp, log, log10, log2, mul, neg, pow, reciprocal, remainder, square, sub,
)  # fmt: skip
from minitorch.ops.comparison import (
    allclose, bitwise_and, bitwise_not, bitwise_or, bitwise_xor, ceil, clamp, eq, equal, floor, floor_divide, ge, gt, isclose,
    isfinite, isinf, isnan, le, logical_and, logical_not, logical_or, logical_xor, lt, masked_fill, maximum, minimum, ne,
    round, sign, trunc, where,
)  # fmt: skip
from minitorch.ops.indexing import (
    diag, gather, index_add, index_fill, index_select, masked_select, repeat_interleave, scatter, scatter_add, take_along_dim,
    tril, triu,
)  # fmt: skip
from minitorch.ops.joining import cat, chunk, hstack, meshgrid, narrow, select, split, stack, tile, unbind, vstack
from minitorch.ops.matrix import addmm, bmm, dot, einsum, matmul, mm, mv, outer, trace
from minitorch.ops.pointwise import (
    acos, asin, atan, atan2, cos, cosh, erf, exp, exp2, expm1, frac, log1p, rsqrt, sigmoid, sin, sinh, sqrt, tan, tanh,
)  # fmt: skip
from minitorch.ops.rectifier import relu
from minitorch.ops.reduction import (
    all, amax, amin, any, argmax, argmin, count_nonzero, cumsum, dist, log_softmax, logsumexp, max, mean, min, norm, prod,
    softmax, std, std_mean, sum, var, var_mean,
)  # fmt: skip
from minitorch.ops.shape import (
    broadcast_tensors, broadcast_to, clone, flatten, flip, fliplr, flipud, moveaxis, movedim, permute,
    ravel, reshape, roll, squeeze, swapaxes, t, transpose, unflatten, unsqueeze,
)  # fmt: skip
from minitorch.ops.sorting import (
    argsort, argwhere, bincount, bucketize, diff, kthvalue, median, nonzero, quantile, searchsorted, sort, take, topk, unique,
)  # fmt: skip

from minitorch.ops.names import called

for _name in [name for name in globals() if not name.startswith("_")]:
    if type(globals()[_name]).__name__ == "function":
        globals()[_name] = called(globals()[_name])

# Second names
absolute, arctan, arcsin, arccos = abs, atan, asin, acos
clip, concat, concatenate, divide = clamp, cat, cat, div
true_divide, multiply, subtract, negative = div, mul, sub, neg
greater, greater_equal, less, less_equal = gt, ge, lt, le
not_equal, ger, swapdims = ne, outer, swapaxes

# The names that `minitorch` offers as functions.
__all__ = [
    "abs", "absolute", "acos", "add", "addcdiv", "addcmul", "addmm", "all", "allclose", "amax", "amin", "any", "arccos",
    "arcsin", "arctan", "argmax", "argmin", "argsort", "argwhere", "asin", "atan", "atan2", "bincount", "bitwise_and",
    "bitwise_not", "bitwise_or", "bitwise_xor", "bmm", "broadcast_tensors", "broadcast_to", "bucketize",
    "cat", "ceil", "chunk", "clamp", "clip", "clone", "concat", "concatenate", "cos", "cosh", "count_nonzero", "cumsum",
    "diag", "diff", "dist", "div", "divide", "dot", "einsum", "eq", "equal", "erf", "exp", "exp2", "expm1", "flatten", "flip",
    "fliplr", "flipud", "floor", "floor_divide", "frac", "gather", "ge", "ger", "greater", "greater_equal", "gt", "hstack",
    "index_add", "index_fill", "index_select", "isclose", "isfinite", "isinf", "isnan", "kthvalue", "le", "lerp", "less",
    "less_equal", "log", "log10", "log1p", "log2", "log_softmax", "logical_and", "logical_not", "logical_or", "logical_xor",
    "logsumexp", "lt", "masked_fill", "masked_select", "matmul", "max", "maximum", "mean", "median", "meshgrid", "min",
    "minimum", "mm", "moveaxis", "movedim", "mul", "multiply", "mv", "narrow", "ne", "neg", "negative", "nonzero", "norm",
    "not_equal", "outer", "permute", "pow", "prod", "quantile", "ravel", "reciprocal", "relu", "remainder",
    "repeat_interleave", "reshape", "roll", "round", "rsqrt", "scatter", "scatter_add", "searchsorted", "select", "sigmoid",
    "sign", "sin", "sinh", "softmax", "sort", "split", "sqrt", "square", "squeeze", "stack", "std", "std_mean", "sub",
    "subtract", "sum", "swapaxes", "swapdims", "t", "take", "take_along_dim", "tan", "tanh", "tile", "topk", "trace",
    "transpose", "tril", "triu", "true_divide", "trunc", "unbind", "unflatten", "unique", "unsqueeze", "var", "var_mean",
    "vstack", "where",
]  # fmt: skip
