"""For every op of the package: how to draw inputs for it, and what is known of it. One entry an op; the tests walk them all.

    SAMPLES     how to draw: a function that is given a `Draw` and returns (function, inputs), a function of Tensors that uses
                the op and float64 Tensors to call it with, away from kinks, where differences mean nothing; and as a third,
                where tests/naive.py has no layer made of the op, its definition: the value in plain Python
    KINKS       what the derivative is at points where there are several slopes to choose from
    ORDERS      how often it is differentiated, if more than twice
    ANALYTIC    ops that compute on complex numbers, too, so that their derivative can be checked to the last digits

How to draw for operations on matrices, on shapes and with windows is in a file each, samples_of_*.py; the rest is here.
What invalid arguments look like stands in tests/misuse.py and tests/hostile.py. `sample_of` draws, `checks.py` checks.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable

import numpy as np

import minitorch as mt
from minitorch import ops
from minitorch.autograd.node import Node
from minitorch.nn.hooks import BackwardHookFunction
from minitorch.ops.convolution import Convolution, ConvTranspose, ConvWeight
from minitorch.ops.folding import Fold, Unfold
from minitorch.ops.likelihood import BinaryCrossEntropy
from minitorch.ops.linear import Linear
from minitorch.ops.normalization import Standardize, StandardizeBackward
from minitorch.ops.pooling import AvgPool, AvgPoolBackward, Gather, GatherCell, MaxPool, ScatterAdd, ScatterCell
from minitorch.ops.rectifier import LeakyRelu, LeakyReluBackward, Relu, ReluBackward
from minitorch.ops.recurrence import Gru, Lstm, RnnRelu, RnnTanh
from tests import samples_of_matrices as of_matrices
from tests import samples_of_shapes as of_shapes
from tests import samples_of_windows as of_windows
from tests.drawing import Draw, Sample, along, each, over


def sample_of(op: type[Node], draw: Draw) -> Sample:
    """A sample of the op."""
    return Sample(*{**SAMPLES, **WITHOUT_GRADIENT}[op](draw))


# ---- how to draw -------------------------------------------------------------------------------------------------------


def unary(function, scalar=None, **range_):
    return lambda draw: (function, (draw.tensor(draw.shape(), **range_),), scalar and each(scalar))


def binary(function, scalar, **range_):
    def sample(draw):
        shape = draw.shape()
        other = draw.like(shape)
        a, b = draw.tensor(shape, **range_), draw.tensor(other, **range_)
        kinds = [(function, (a, b)), (function, (b, a)), (lambda x: function(x, 1.5), (a,))]
        which = draw.integers(0, 2)
        return *kinds[which], each(scalar if which < 2 else lambda x: scalar(x, 1.5))

    return sample


def division(draw):
    shape = draw.shape()
    return lambda a, b: a / b, (draw.tensor(shape), draw.tensor(draw.like(shape), low=0.5)), each(lambda a, b: a / b)


def modulo(draw):
    shape = draw.shape()
    inputs = (draw.tensor(shape, low=-0.9, high=0.9, apart_from=(0,)), draw.tensor(draw.like(shape), low=1.0))
    return lambda a, b: a % b, inputs, each(lambda a, b: a % b)


def power(draw):
    shape = draw.shape()
    base = draw.tensor(shape, low=0.3)
    exponent = draw.choose([0, 1, 2, 3, -1, 0.5])
    return draw.choose(
        [
            (lambda a, b: a**b, (base, draw.tensor(draw.like(shape))), each(lambda a, b: a**b)),
            (lambda a: a**exponent, (base,), each(lambda a: a**exponent)),
            (lambda b: 2.5**b, (base,), each(lambda b: 2.5**b)),
        ]
    )


def shared(function, scalar, **range_):
    """As `binary`, of two tensors alone."""

    def sample(draw):
        shape = draw.shape()
        return function, (draw.tensor(shape, **range_), draw.tensor(draw.like(shape), **range_)), each(scalar)

    return sample


def cardinal(draw):
    order = draw.integers(0, 3)

    def plain(x, steps=2000):
        """The integral of (pi t)^n cos(pi x t + n pi / 2) over t from 0 to 1, by Simpson's rule."""
        values = [(math.pi * i / steps) ** order * math.cos(math.pi * (x * i / steps + order / 2)) for i in range(steps + 1)]
        return math.fsum(v * (1 if i in (0, steps) else 2 + 2 * (i % 2)) for i, v in enumerate(values)) / (3 * steps)

    return lambda x: ops.special.Sinc.apply(x, order), (draw.tensor(draw.shape()),), each(plain)


def gamma_slope(draw):
    order = draw.integers(0, 2)

    def plain(x, terms=2000):
        """The sum over k of (x + k)^-(n+1), for digamma of 1/(k+1) - 1/(x+k), and the rest by Euler-Maclaurin."""
        far, sign = x + terms, (-1) ** (order + 1) * math.factorial(order)
        if order == 0:
            return math.log(far) - 0.5 / far - 1 / (12 * far**2) - math.fsum(1 / (x + k) for k in range(terms))
        rest = far**-order / order + far ** (-order - 1) / 2 + (order + 1) / 12 * far ** (-order - 2)
        return sign * (math.fsum((x + k) ** (-order - 1) for k in range(terms)) + rest)

    return lambda x: ops.special.Polygamma.apply(x, order), (draw.tensor(draw.shape(), apart_from=(-2, -1, 0)),), each(plain)


def inverse_of(function, low, high):
    """The inverse of an increasing function of one number, by halving."""

    def plain(y, a=low, b=high):
        for _ in range(100):
            a, b = ((a + b) / 2, b) if function((a + b) / 2) < y else (a, (a + b) / 2)
        return a

    return plain


def reduction(function, plain, **range_):
    def sample(draw):
        shape = draw.shape(1)
        dims = draw.choose([None, draw.dim(len(shape)), tuple(range(draw.integers(1, len(shape))))])
        keepdim = bool(draw.integers(0, 1))
        return lambda x: function(x, dims, keepdim), (draw.tensor(shape, **range_),), over(dims, keepdim, plain)

    return sample


def sum_backward(draw):
    shape = draw.shape(1)
    dim = draw.dim(len(shape)) % len(shape)
    dims = draw.choose([None, (dim,)])
    kept = tuple(1 if dims is None or i in dims else n for i, n in enumerate(shape))
    g = draw.tensor(draw.choose([kept, tuple(n for i, n in enumerate(shape) if dims is not None and i not in dims)]))
    return (
        lambda g: ops.reduction.SumBackward.apply(g, shape, dims),
        (g,),
        lambda g: np.broadcast_to(g.reshape(kept), shape),
    )


def extremum(function, plain):
    def sample(draw):
        shape = draw.shape(1)
        dim = draw.choose([draw.dim(len(shape)), tuple(range(len(shape)))])
        return lambda x: function(x, dim), (draw.distinct(shape),), over(dim, False, plain)

    return sample


def middle(draw):
    shape = draw.shape(1)
    return (
        mt.median,
        (draw.distinct(shape),),
        over(tuple(range(len(shape))), False, lambda row: sorted(row)[(len(row) - 1) // 2]),
    )


def running_product(draw):
    shape = draw.shape(1)
    dim, x = draw.dim(len(shape)), draw.tensor(shape)
    with mt.no_grad():
        x.masked_fill_(draw.tensor(shape) > 0.8, 0.0)  # some factors are 0
    return lambda x: mt.cumprod(x, dim), (x,), along(dim, lambda row: list(itertools.accumulate(row, lambda a, b: a * b)))


def along_dim(function, plain):
    def sample(draw):
        shape = draw.shape(1)
        dim = draw.dim(len(shape))
        return lambda x: function(x, dim), (draw.tensor(shape),), along(dim, plain)

    return sample


def probabilities(row):
    powers = [math.exp(v) for v in row]
    return [p / math.fsum(powers) for p in powers]


def product(draw):
    shape = draw.shape(1)
    dim, x = draw.dim(len(shape)), draw.tensor(shape)
    if draw.integers(0, 1):
        x.detach()[mt.from_numpy(draw.values.random(shape) < 0.3)] = 0.0
    return lambda x: mt.prod(x, dim), (x,), over(dim, False, math.prod)


def standardizing(draw):
    shape = (3, draw.integers(2, 3), draw.integers(1, 2))
    dims = draw.choose([(0, 2), (2,), (1, 2), (0, 1, 2)])
    used = draw.choose([slice(0, 1), slice(0, 2), slice(0, 3)])
    parameters = draw.choose([0, 1, 2])
    size = shape[1:2] if dims == (0, 2) else [shape[d] for d in dims]

    def standardized(x, *parameters):
        return Standardize.apply(x, *parameters, *[None] * (2 - len(parameters)), dims, 0.1)[used]

    return standardized, (draw.tensor(shape), *(draw.tensor(size) for _ in range(parameters)))


def standardize_slope(draw):
    shape = (3, draw.integers(2, 3), draw.integers(1, 2))
    dims = draw.choose([(0, 2), (2,), (1, 2), (0, 1, 2)])

    size = shape[1:2] if dims == (0, 2) else [shape[d] for d in dims]

    def slope(g, x, weight=None):
        _, average, var = Standardize.apply(x, None, None, dims, 0.1)
        return StandardizeBackward.apply(g, x, weight, average, var, dims, 0.1)

    return slope, (draw.tensor(shape), draw.tensor(shape), *([draw.tensor(size)] if draw.choose([False, True]) else []))


def softmax_slope(op):
    def case(draw):
        shape = draw.shape(1)
        dim = draw.integers(0, len(shape) - 1)
        return lambda g, y: op.apply(g, y, dim), (draw.tensor(shape), draw.tensor(shape))

    return case


def gelu_backward(draw):
    shape = draw.shape()
    return ops.pointwise.GeluBackward.apply, (draw.tensor(shape), draw.tensor(shape)), each(gelu_slope)


def gelu_slope(g, x):
    return g * ((1 + math.erf(x / math.sqrt(2))) / 2 + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi))


def over_time(op):
    """One to three times, with the options that the op has, and some of the outputs, with those kept for backward."""

    def case(draw):
        n, sizes, reverse = draw.integers(1, 2), draw.choose([(2,), (1, 1), (2, 1)]), draw.choose([False, True])
        has_bias, has_projection = draw.choose([False, True]), op is Lstm and draw.choose([False, True])
        out = 1 if has_projection else n
        shapes = [(sum(sizes), op.parts * n), (sizes[0], out), (op.parts * n, out)]
        shapes += [(sizes[0], n)] * (op is Lstm) + [(op.parts * n,)] * has_bias + [(out, n)] * has_projection
        used = slice(draw.integers(0, 2), draw.integers(3, 6))

        def function(x, h, weight, *rest):
            rest = list(rest)
            c = rest.pop(0) if op is Lstm else None
            bias = rest.pop(0) if has_bias else None
            outputs = op.apply(x, h, c, weight, bias, rest[0] if rest else None, sizes, reverse)
            return outputs[used] or outputs[:1]

        return function, tuple(draw.tensor(shape) for shape in shapes)

    return case


def of_output(slope, definition, **bounds):
    """A derivative as a function of the gradient and of the output that it is computed from."""

    def case(draw):
        shape = draw.shape()
        return slope.apply, (draw.tensor(shape), draw.tensor(shape, **bounds)), each(definition)

    return case


def bend(draw):
    shape = draw.shape()
    slope = draw.tensor((shape[0], *(1,) * (len(shape) - 1)) if shape else ())
    return LeakyReluBackward.apply, (draw.tensor(shape), draw.tensor(shape, apart_from=(0.0,)), slope)


def leaky(draw):
    shape = draw.shape(2)
    x = draw.tensor(shape, apart_from=(0,))
    return draw.choose(
        [(lambda x: LeakyRelu.apply(x, -0.3), (x,)), (LeakyRelu.apply, (x, draw.tensor((shape[0], *(1,) * (len(shape) - 1)))))]
    )


def choice(draw):
    shape = draw.shape()
    mask = np.asarray(draw.values.random(shape) < 0.5)
    condition = mt.from_numpy(mask)
    a, b = draw.tensor(draw.like(shape)), draw.tensor(shape)
    return draw.choose(
        [
            (lambda a, b: mt.where(condition, a, b), (a, b), lambda a, b: each(lambda m, a, b: a if m else b)(mask, a, b)),
            (lambda a: mt.where(condition, a, 2.0), (a,), lambda a: each(lambda m, a: a if m else 2.0)(mask, a)),
        ]
    )


def masking(draw):
    shape = draw.shape()
    kept = np.asarray(draw.values.random(shape) < 0.5)
    mask = mt.from_numpy(kept)
    return (
        lambda x: ops.selection.Mask.apply(x, mask),
        (draw.tensor(shape),),
        lambda x: each(lambda x, m: x if m else 0.0)(x, kept),
    )


def pairwise(function, scalar):
    def sample(draw):
        shape = draw.shape()
        both = draw.distinct((2, *shape)).detach()
        return function, (both[0].clone().requires_grad_(), both[1].clone().requires_grad_()), each(scalar)

    return sample


def clamping(draw):
    x = draw.tensor(draw.shape(), apart_from=(-0.5, 0.5))
    low, high = draw.tensor((), low=-1, high=-0.6), draw.tensor((), low=0.6, high=1)
    x._array[...] = np.where(np.abs(np.abs(x._array) - 0.8) < 0.3, 0.0, x._array)
    return draw.choose(
        [
            (lambda x: x.clamp(-0.5, 0.5), (x,), each(lambda x: min(max(x, -0.5), 0.5))),
            (lambda x: x.clamp(min=-0.5), (x,), each(lambda x: max(x, -0.5))),
            (lambda x, high: x.clamp(max=high), (x, high), each(min)),
            (lambda *a: mt.clamp(*a), (x, low, high), each(lambda x, low, high: min(max(x, low), high))),
        ]
    )


SAMPLES: dict[type[Node], Callable] = {
    ops.arithmetic.Add: binary(mt.add, operator.add),
    ops.arithmetic.Sub: binary(mt.sub, operator.sub),
    ops.arithmetic.Mul: binary(mt.mul, operator.mul),
    ops.arithmetic.Div: division,
    ops.arithmetic.Remainder: modulo,
    ops.arithmetic.Fmod: lambda draw: (
        mt.fmod,
        (draw.tensor((2, 3), low=1.1, high=1.9), draw.tensor((3,), low=-1.0, high=-0.96)),
        each(math.fmod),
    ),
    ops.arithmetic.Copysign: binary(mt.copysign, math.copysign, apart_from=(0,)),
    ops.arithmetic.Neg: unary(mt.neg, operator.neg),
    ops.arithmetic.Abs: unary(mt.abs, abs, apart_from=(0,)),
    ops.arithmetic.Pow: power,
    ops.pointwise.Exp: unary(mt.exp, math.exp),
    ops.pointwise.Expm1: unary(mt.expm1, math.expm1),
    ops.arithmetic.Reciprocal: unary(mt.reciprocal, lambda x: 1 / x, low=0.3),
    ops.arithmetic.Log: unary(mt.log, math.log, low=0.3),
    ops.arithmetic.Log2: unary(mt.log2, math.log2, low=0.3),
    ops.arithmetic.Log10: unary(mt.log10, math.log10, low=0.3),
    ops.pointwise.Log1p: unary(mt.log1p, math.log1p, low=-0.5),
    ops.pointwise.Sqrt: unary(mt.sqrt, math.sqrt, low=0.3),
    ops.trigonometry.Sin: unary(mt.sin, math.sin),
    ops.trigonometry.Cos: unary(mt.cos, math.cos),
    ops.trigonometry.Atan: unary(mt.atan, math.atan),
    ops.trigonometry.Asin: unary(mt.asin, math.asin, low=-0.8, high=0.8),
    ops.trigonometry.Acos: unary(mt.acos, math.acos, low=-0.8, high=0.8),
    ops.trigonometry.Sinh: unary(mt.sinh, math.sinh),
    ops.trigonometry.Cosh: unary(mt.cosh, math.cosh),
    ops.trigonometry.Atan2: lambda draw: (mt.atan2, (draw.tensor((2, 3), low=0.3), draw.tensor((3,))), each(math.atan2)),
    ops.trigonometry.Asinh: unary(mt.asinh, math.asinh),
    ops.trigonometry.Acosh: unary(mt.acosh, math.acosh, low=1.3, high=4.0),
    ops.trigonometry.Atanh: unary(mt.atanh, math.atanh, low=-0.8, high=0.8),
    ops.trigonometry.Hypot: shared(mt.hypot, math.hypot, low=0.1),
    ops.special.Sinc: cardinal,
    ops.special.Erfc: unary(mt.erfc, math.erfc),
    ops.special.Erfinv: unary(mt.erfinv, inverse_of(math.erf, -3, 3), low=-0.9, high=0.9),
    ops.special.Lgamma: unary(mt.lgamma, math.lgamma, low=-1.9, apart_from=(-1, 0)),
    ops.special.Polygamma: gamma_slope,
    ops.special.Xlogy: binary(mt.xlogy, lambda a, b: a * math.log(b), low=0.3),
    ops.special.LogAddExp: shared(mt.logaddexp, lambda a, b: math.log(math.exp(a) + math.exp(b))),
    ops.special.LogAddExp2: shared(mt.logaddexp2, lambda a, b: math.log2(2**a + 2**b)),
    ops.pointwise.Tanh: unary(mt.tanh, math.tanh),
    ops.pointwise.TanhBackward: of_output(ops.pointwise.TanhBackward, lambda g, y: g * (1 - y * y)),
    ops.pointwise.SigmoidBackward: of_output(ops.pointwise.SigmoidBackward, lambda g, y: g * y * (1 - y)),
    ops.pointwise.Sigmoid: unary(mt.sigmoid, lambda x: 1 / (1 + math.exp(-x))),
    ops.pointwise.Softplus: unary(ops.pointwise.softplus, lambda x: math.log1p(math.exp(x))),
    ops.pointwise.Erf: unary(mt.erf, math.erf),
    ops.rounding.Floor: unary(mt.floor, math.floor, apart_from=(-1, 0, 1)),
    ops.rounding.Ceil: unary(mt.ceil, math.ceil, apart_from=(-1, 0, 1)),
    ops.rounding.Round: unary(mt.round, round, apart_from=(-1.5, -0.5, 0.5, 1.5)),
    ops.rounding.Trunc: unary(mt.trunc, math.trunc, apart_from=(-1, 1)),
    ops.rounding.Sign: unary(mt.sign, lambda x: math.copysign(1, x), apart_from=(0,)),
    ops.rounding.ZerosLike: unary(ops.rounding.ZerosLike.apply, lambda x: 0.0),
    ops.rounding.FloorDivide: lambda draw: (
        lambda a: a // 0.7,
        (draw.tensor((3, 2), low=0.1, high=0.6),),
        each(lambda a: a // 0.7),
    ),
    ops.selection.Mask: masking,
    ops.selection.Where: choice,
    ops.selection.Maximum: pairwise(mt.maximum, max),
    ops.selection.Minimum: pairwise(mt.minimum, min),
    ops.selection.Clamp: clamping,
    Relu: unary(mt.relu, lambda x: max(x, 0.0), apart_from=(0,)),
    ReluBackward: of_output(ReluBackward, lambda g, y: g if y > 0 else 0.0, apart_from=(0,)),
    LeakyRelu: leaky,
    LeakyReluBackward: bend,
    ops.reduction.Sum: reduction(mt.sum, math.fsum),
    ops.reduction.SumBackward: sum_backward,
    ops.reduction.Mean: reduction(mt.mean, lambda row: math.fsum(row) / len(row)),
    ops.reduction.Amax: extremum(mt.amax, max),
    ops.reduction.Amin: extremum(mt.amin, min),
    ops.reduction.MedianOfAll: middle,
    ops.reduction.Prod: product,
    ops.reduction.LogSumExp: reduction(
        lambda x, d, k: mt.logsumexp(x, tuple(range(x.ndim)) if d is None else d, k),
        lambda row: math.log(math.fsum(math.exp(v) for v in row)),
    ),
    ops.reduction.Softmax: along_dim(mt.softmax, probabilities),
    ops.reduction.LogSoftmaxBackward: softmax_slope(ops.reduction.LogSoftmaxBackward),
    ops.reduction.SoftmaxBackward: softmax_slope(ops.reduction.SoftmaxBackward),
    ops.reduction.LogSoftmax: along_dim(mt.log_softmax, lambda row: [math.log(p) for p in probabilities(row)]),
    ops.scan.Cumprod: running_product,
    ops.reduction.CumSum: along_dim(mt.cumsum, lambda row: list(itertools.accumulate(row))),
    ops.shape.Reshape: of_shapes.reshaping,
    ops.shape.Permute: of_shapes.permuting,
    ops.shape.Expand: of_shapes.expansion,
    ops.shape.SumTo: of_shapes.sum_to,
    ops.joining.Cat: of_shapes.joining,
    ops.joining.Split: of_shapes.splitting,
    ops.joining.SplitWithSizes: functools.partial(of_shapes.splitting, cut=ops.joining.pieces),
    ops.joining.Unbind: of_shapes.unbinding,
    ops.shape.Flip: along_dim(mt.flip, lambda row: row[::-1]),
    ops.shape.Roll: of_shapes.rolling,
    ops.shape.Pad: of_shapes.padding,
    ops.shape.Clone: unary(mt.clone, float),
    ops.shape.ToDevice: unary(lambda x: ops.shape.ToDevice.apply(x, mt.device("cpu")), float),
    ops.shape.Cast: unary(lambda x: ops.shape.Cast.apply(x, np.dtype("float64")), float),
    ops.indexing.GetItem: of_shapes.indexing,
    ops.indexing.IndexAdd: of_shapes.putting,
    ops.striding.Diagonal: of_shapes.diagonal,
    ops.striding.Windows: of_shapes.windowing,
    ops.indexing.SetItem: of_shapes.setting,
    ops.matrix.MatMul: of_matrices.product_of_matrices,
    ops.matrix.Einsum: of_matrices.einsum,
    ops.linalg.Det: of_matrices.determinant,
    ops.linalg.Inv: lambda draw: (
        mt.linalg.inv,
        (of_matrices.matrices(draw),),
        lambda x: of_matrices.cramer(x, np.broadcast_to(np.eye(x.shape[-1]), x.shape)),
    ),
    ops.linalg.Solve: of_matrices.system,
    ops.linalg.LogAbsDet: lambda draw: (
        lambda x: mt.slogdet(x)[1],
        (of_matrices.matrices(draw),),
        lambda x: np.log(np.abs(of_matrices.leibniz(x))),
    ),
    ops.spectral.Eigh: of_matrices.eigenvectors,
    ops.spectral.Svd: of_matrices.singular_vectors,
    ops.spectral.Cholesky: of_matrices.cholesky_factor,
    ops.spectral.Qr: of_matrices.orthogonal_factors,
    ops.spectral.Lstsq: of_matrices.least_squares,
    Convolution: of_windows.convolution,
    ConvTranspose: of_windows.conv_transpose,
    ConvWeight: of_windows.conv_weight,
    MaxPool: of_windows.max_pool,
    Gather: of_windows.picking,
    ScatterAdd: of_windows.put_back,
    GatherCell: of_windows.pick_cell,
    Linear: of_matrices.linear_map,
    ScatterCell: of_windows.put_cell,
    AvgPool: of_windows.avg_pool,
    AvgPoolBackward: of_windows.spread,
    Unfold: of_windows.unfolding,
    Fold: of_windows.folding,
    Standardize: standardizing,
    StandardizeBackward: standardize_slope,
    **{op: over_time(op) for op in (Gru, Lstm, RnnRelu, RnnTanh)},
    ops.pointwise.Gelu: unary(ops.pointwise.Gelu.apply, lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2)))),
    ops.pointwise.GeluBackward: gelu_backward,
    BinaryCrossEntropy: lambda draw: (
        BinaryCrossEntropy.apply,
        tuple(draw.tensor((3, 2), low=0.1, high=0.9) for _ in range(2)),
    ),
    BackwardHookFunction: unary(lambda x: BackwardHookFunction.apply(lambda grads: grads, x), float),
}

# Ops whose result is a mask or integers: no gradient goes through them.
WITHOUT_GRADIENT: dict[type[Node], Callable] = {
    ops.comparison.Compare: lambda draw: (mt.lt, (draw.tensor((2, 3)), draw.tensor((3,)))),
    ops.sorting.ArgSort: lambda draw: (mt.argsort, (draw.tensor((2, 3)),)),
    ops.comparison.Close: lambda draw: (mt.isclose, (draw.tensor((2, 3)), draw.tensor((2, 3)))),
    ops.reduction.Argmax: lambda draw: (mt.argmax, (draw.tensor((2, 3)),)),
    ops.reduction.Argmin: lambda draw: (mt.argmin, (draw.tensor((2, 3)),)),
    ops.reduction.AllNonzero: lambda draw: (mt.all, (draw.tensor((2, 3)),)),
    ops.reduction.AnyNonzero: lambda draw: (mt.any, (draw.tensor((2, 3)),)),
}

# At a kink there are several slopes to choose from. The choice, which is PyTorch's: a function, where, and the gradient there.
KINKS: dict[type[Node], list[tuple[Callable, tuple, tuple]]] = {
    ops.arithmetic.Abs: [(mt.abs, ([0.0],), ([0.0],))],
    ops.arithmetic.Pow: [(lambda x: x**1, ([0.0],), ([1.0],)), (lambda x: x**0, ([0.0],), ([0.0],))],
    Relu: [(mt.relu, ([0.0, -0.0],), ([0.0, 0.0],))],
    LeakyRelu: [(lambda x, s=s: mt.nn.functional.leaky_relu(x, s), ([0.0],), ([s],)) for s in (0.25, -0.5)],
    ops.arithmetic.Copysign: [(mt.copysign, ([0.0, 2.0], [1.0, -0.0]), ([0.0, -1.0], [0.0, 0.0]))],
    ops.arithmetic.Fmod: [(mt.fmod, ([-2.0], [1.0]), ([1.0], [2.0]))],
    ops.special.Xlogy: [(mt.xlogy, ([0.0, 0.0], [2.0, 0.0]), ([math.log(2), 0.0], [0.0, math.nan]))],
    ops.rounding.Floor: [(mt.floor, ([1.0],), ([0.0],))],
    ops.rounding.Sign: [(mt.sign, ([0.0],), ([0.0],))],
    ops.selection.Maximum: [(mt.maximum, ([1.0, 2.0], [1.0, 1.0]), ([0.5, 1.0], [0.5, 0.0]))],
    ops.selection.Minimum: [(mt.minimum, ([1.0, 2.0], [1.0, 1.0]), ([0.5, 0.0], [0.5, 1.0]))],
    ops.selection.Clamp: [(lambda x: x.clamp(-1.0, 1.0), ([-1.0, 1.0, 2.0],), ([1.0, 1.0, 0.0],))],
    ops.reduction.Amax: [(mt.amax, ([1.0, 3.0, 3.0],), ([0.0, 0.5, 0.5],))],
    ops.reduction.Amin: [(mt.amin, ([1.0, 1.0, 3.0],), ([0.5, 0.5, 0.0],))],
    ops.reduction.MedianOfAll: [(mt.median, ([1.0, 3.0, 3.0, 5.0],), ([0.0, 0.5, 0.5, 0.0],))],
    MaxPool: [(lambda x: mt.nn.functional.max_pool1d(x[None], 2)[0], ([1.0, 1.0, 0.0, 2.0],), ([1.0, 0.0, 0.0, 1.0],))],
    Standardize: [(lambda x: mt.std(x), ([2.0, 2.0],), ([0.0, 0.0],))],
    ops.arithmetic.Remainder: [(lambda a, b: a % b, ([2.0], [1.0]), ([1.0], [-2.0]))],
    ops.trigonometry.Atan2: [(mt.atan2, ([0.0], [0.0]), ([0.0], [0.0]))],
}

ORDERS: dict[type[Node], int] = dict.fromkeys(
    (
        Convolution,
        ConvTranspose,
        ConvWeight,
        MaxPool,
        Gather,
        ScatterAdd,
        GatherCell,
        ScatterCell,
        AvgPool,
        AvgPoolBackward,
        Unfold,
        Fold,
    ),
    3,
)

ANALYTIC: set[type[Node]] = {
    ops.arithmetic.Add, ops.arithmetic.Sub, ops.arithmetic.Mul, ops.arithmetic.Div, ops.arithmetic.Neg, ops.arithmetic.Pow,
    ops.pointwise.Exp, ops.pointwise.Expm1, ops.pointwise.Log1p, ops.pointwise.Sqrt, ops.trigonometry.Sin, ops.trigonometry.Cos,
    ops.trigonometry.Asin, ops.trigonometry.Acos, ops.trigonometry.Atan, ops.trigonometry.Sinh, ops.trigonometry.Cosh,
    ops.trigonometry.Asinh, ops.trigonometry.Atanh, ops.pointwise.Tanh, ops.pointwise.Sigmoid,
    ops.arithmetic.Reciprocal, ops.reduction.Mean, ops.reduction.Sum, ops.reduction.Prod,
    ops.reduction.Softmax, ops.reduction.LogSumExp, ops.reduction.LogSoftmax, ops.reduction.CumSum, ops.shape.Reshape,
    ops.shape.Permute, ops.shape.Expand, ops.shape.Flip, ops.shape.Roll, ops.shape.Clone, ops.joining.Cat, ops.matrix.MatMul,
    ops.joining.Split, ops.joining.SplitWithSizes, ops.joining.Unbind,
    ops.matrix.Einsum, Linear, Convolution, ConvTranspose, ConvWeight, AvgPool, Unfold, Fold, ops.indexing.GetItem,
}  # fmt: skip
