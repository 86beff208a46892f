"""Every operation, one file a family, each with its derivative beside it.

    elementwise.py    what elementwise ops share: promotion, the words for shapes that do not fit
    comparison.py     comparing, choosing, rounding
    pointwise.py      arithmetic, powers, exp and its kin        <- a good file to read first
    shape.py          reshape, permute, expand, flip, pad
    joining.py        cat, stack, and cutting apart
    indexing.py       x[index], gather, and back
    reduction.py      sums, extremes, softmax
    matrix.py         matrix products and einsum
    window.py         the geometry of a sliding window
    convolution.py    convolution, its transpose, its kernel gradient
    pooling.py        pooling and unpooling
    folding.py        windows as columns, and back
    resampling.py     borders, other sizes, pixel shuffle
    linear.py         linear and bilinear maps, embedding
    rectifier.py      relu and its leaky kin
    activation.py     the activations of nn.functional, and dropout
    normalization.py  batch, layer, group and instance norm
    loss.py           losses of differences and margins
    likelihood.py     losses that are negative log-likelihoods
    views.py          what becomes of histories when a view is changed in place

Each function takes bare arrays as well as Tensors, because derivatives are written with them; the faces in `minitorch`
itself take Tensors alone. A class here that starts with a capital is a node of the tape.
"""

from minitorch.ops.comparison import (
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    ceil,
    clamp,
    eq,
    floor,
    floor_divide,
    ge,
    gt,
    isfinite,
    isinf,
    isnan,
    le,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    masked_fill,
    maximum,
    minimum,
    ne,
    round,
    sign,
    trunc,
    where,
)  # fmt: skip
from minitorch.ops.indexing import gather, index_select, masked_select, scatter_add, take_along_dim
from minitorch.ops.joining import cat, chunk, narrow, select, split, stack, unbind
from minitorch.ops.matrix import bmm, dot, einsum, matmul, mm, mv
from minitorch.ops.pointwise import (
    abs,
    add,
    cos,
    div,
    erf,
    exp,
    expm1,
    log,
    log1p,
    mul,
    neg,
    pow,
    reciprocal,
    remainder,
    rsqrt,
    sigmoid,
    sin,
    sqrt,
    square,
    sub,
    tan,
    tanh,
)  # fmt: skip
from minitorch.ops.rectifier import relu
from minitorch.ops.reduction import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    cumsum,
    log_softmax,
    logsumexp,
    max,
    mean,
    min,
    prod,
    softmax,
    std,
    sum,
    var,
)  # fmt: skip
from minitorch.ops.shape import (
    broadcast_to,
    clone,
    flatten,
    flip,
    movedim,
    permute,
    reshape,
    roll,
    squeeze,
    t,
    transpose,
    unflatten,
    unsqueeze,
)

# The names that `minitorch` offers as functions.
__all__ = [
    "abs", "add", "all", "amax", "amin", "any", "argmax", "argmin", "bitwise_and", "bitwise_not", "bitwise_or",
    "bitwise_xor", "bmm", "broadcast_to", "cat", "ceil", "chunk", "clamp", "clone", "cos", "cumsum", "div", "dot", "einsum",
    "eq", "erf", "exp", "expm1", "flatten", "flip", "floor", "floor_divide", "gather", "ge", "gt", "index_select", "isfinite",
    "isinf", "isnan", "le", "log", "log1p", "log_softmax", "logical_and", "logical_not", "logical_or", "logical_xor",
    "logsumexp", "lt", "masked_fill", "masked_select", "matmul", "max", "maximum", "mean", "min", "minimum", "mm", "movedim",
    "mul", "mv", "narrow", "ne", "neg", "permute", "pow", "prod", "reciprocal", "relu", "remainder", "reshape", "roll",
    "round", "rsqrt", "scatter_add", "select", "sigmoid", "sign", "sin", "softmax", "split", "sqrt", "square", "squeeze",
    "stack", "std", "sub", "sum", "t", "take_along_dim", "tan", "tanh", "transpose", "trunc", "unbind", "unflatten",
    "unsqueeze", "var", "where",
]  # fmt: skip
