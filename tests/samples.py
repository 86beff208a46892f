"""For every op of the package: how to draw inputs for it. One entry an op; the tests walk them all.

An entry is a function that is given a `Draw` and returns (function, inputs): a function of Tensors that uses the op, and
float64 Tensors to call it with. It keeps away from kinks, where differences mean nothing.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np

import minitorch as mt
from minitorch import ops
from minitorch.autograd.function import Function
from minitorch.nn.hooks import Tap
from minitorch.ops.convolution import Convolution, ConvTranspose, ConvWeight
from minitorch.ops.folding import Fold, Unfold
from minitorch.ops.likelihood import BinaryCrossEntropy
from minitorch.ops.linear import Linear
from minitorch.ops.normalization import Standardize
from minitorch.ops.pooling import AvgPool, MaxPool, Pick, PickCell, PutBack, PutCell, Spread
from minitorch.ops.rectifier import Bend, LeakyRelu, Relu
from minitorch.ops.window import Window


class Draw:
    """A source of shapes and values; `integers(low, high)` and `choose` are all it asks of the outside."""

    def __init__(self, integers: Callable[[int, int], int]) -> None:
        self.integers = integers
        self.values = np.random.default_rng(integers(0, 10_000))

    def choose(self, options):
        options = list(options)
        return options[self.integers(0, len(options) - 1)]

    def shape(self, least: int = 0, most: int = 3, smallest: int = 1) -> tuple[int, ...]:
        return tuple(self.integers(smallest, 3) for _ in range(self.integers(least, most)))

    def like(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape that broadcasts with `shape`."""
        return tuple(self.choose((1, n)) for n in shape[self.integers(0, len(shape)) :])

    def tensor(self, shape, low=-2.0, high=2.0, apart_from=()) -> mt.Tensor:
        """Uniform values, none within 0.05 of a kink; sometimes with the memory in another order."""
        array = self.values.uniform(low, high, shape)
        for kink in apart_from:
            array = np.where(np.abs(array - kink) < 0.05, array + 0.2, array)
        if array.ndim > 1 and self.integers(0, 1):
            array = np.asfortranarray(array)
        return mt.from_numpy(np.array(array, order="K")).requires_grad_()

    def distinct(self, shape) -> mt.Tensor:
        """Values no two of which are close, in random order."""
        count = int(np.prod(shape))
        order = self.values.permutation(count) * 0.1 - count * 0.05 + 0.03
        return mt.from_numpy(order.reshape(shape).copy()).requires_grad_()

    def indices(self, shape, below: int) -> mt.Tensor:
        return mt.from_numpy(self.values.integers(0, below, shape))

    def dim(self, ndim: int) -> int:
        return self.integers(-ndim, ndim - 1)


def unary(function, **range_):
    return lambda draw: (function, (draw.tensor(draw.shape(), **range_),))


def binary(function, **range_):
    def sample(draw):
        shape = draw.shape()
        other = draw.like(shape)
        a, b = draw.tensor(shape, **range_), draw.tensor(other, **range_)
        return draw.choose([(function, (a, b)), (function, (b, a)), (lambda x: function(x, 1.5), (a,))])

    return sample


def division(draw):
    shape = draw.shape()
    return lambda a, b: a / b, (draw.tensor(shape), draw.tensor(draw.like(shape), low=0.5))


def modulo(draw):
    shape = draw.shape()
    return lambda a, b: a % b, (draw.tensor(shape, low=0.1, high=0.9), draw.tensor(draw.like(shape), low=1.0))


def power(draw):
    shape = draw.shape()
    base = draw.tensor(shape, low=0.3)
    exponent = draw.choose([0, 1, 2, 3, -1, 0.5])
    return draw.choose(
        [
            (lambda a, b: a**b, (base, draw.tensor(draw.like(shape)))),
            (lambda a: a**exponent, (base,)),
            (lambda b: 2.5**b, (base,)),
        ]
    )


def reduction(function, **range_):
    def sample(draw):
        shape = draw.shape(1)
        dims = draw.choose([None, draw.dim(len(shape)), tuple(range(draw.integers(1, len(shape))))])
        keepdim = bool(draw.integers(0, 1))
        return lambda x: function(x, dims, keepdim), (draw.tensor(shape, **range_),)

    return sample


def extreme(function):
    def sample(draw):
        shape = draw.shape(1)
        dim = draw.choose([draw.dim(len(shape)), tuple(range(len(shape)))])
        return lambda x: function(x, dim), (draw.distinct(shape),)

    return sample


def along_dim(function):
    def sample(draw):
        shape = draw.shape(1)
        dim = draw.dim(len(shape))
        return lambda x: function(x, dim), (draw.tensor(shape),)

    return sample


def product(draw):
    shape = draw.shape(1)
    dim, x = draw.dim(len(shape)), draw.tensor(shape)
    if draw.integers(0, 1):
        x.detach()[mt.from_numpy(draw.values.random(shape) < 0.3)] = 0.0
    return lambda x: ops.prod(x, dim), (x,)


def sum_to(draw):
    small = draw.shape(0, 2)
    large = (*draw.shape(0, 1), *(draw.choose((n, 3)) if n == 1 else n for n in small))
    return lambda x: x.sum_to_size(small), (draw.tensor(large),)


def expansion(draw):
    small = draw.shape(0, 2)
    large = (*draw.shape(0, 1), *(draw.choose((n, 3)) if n == 1 else n for n in small))
    return lambda x: x.expand(large), (draw.tensor(small),)


def reshaping(draw):
    shape = draw.shape(1)
    new = draw.choose([(-1,), shape[::-1], (1, -1)])
    return lambda x: x.reshape(new), (draw.tensor(shape),)


def permuting(draw):
    shape = draw.shape(1)
    order = draw.choose(itertools.permutations(range(len(shape))))
    return lambda x: x.permute(order), (draw.tensor(shape),)


def joining(draw):
    shape = draw.shape(1)
    dim = draw.integers(0, len(shape) - 1)
    other = (*shape[:dim], draw.integers(0, 2), *shape[dim + 1 :])
    return lambda *xs: mt.cat(xs, dim), (draw.tensor(shape), draw.tensor(other), draw.tensor(shape))


def rolling(draw):
    shape = draw.shape(1)
    shift, dim = draw.integers(-4, 4), draw.dim(len(shape))
    return lambda x: x.roll(shift, dim), (draw.tensor(shape),)


def padding(draw):
    shape = draw.shape(2)
    widths = tuple(draw.integers(0, 2) for _ in range(4))
    return lambda x: mt.nn.functional.pad(x, widths, value=1.5), (draw.tensor(shape),)


def index_of(draw, shape):
    """An index of some form for a tensor of shape (3, 4, 2)."""
    mask = mt.from_numpy(draw.values.random(shape) < 0.5)
    many = draw.indices((2, 2), 3)
    return draw.choose(
        [
            1, -1, slice(0, 2), slice(None, None, 2), ..., None, mask, many, [0, 2, 2],
            (slice(None), 1), (..., 0), (many, slice(1, 3)), (many, many), (0, many), (slice(None), None, many),
            (many, slice(None), many % 2), (mask[:, 0, 0], 1),
            (0, slice(None), [1, 0]), (slice(None), many, 1), (many, ..., 0), (slice(None), [1, 1, 3]),
        ]
    )  # fmt: skip


def indexing(draw):
    index = index_of(draw, (3, 4, 2))
    return lambda x: x[index], (draw.tensor((3, 4, 2)),)


def putting(draw):
    index = index_of(draw, (3, 4, 2))
    steps = ops.indexing.plain_index(index, (3, 4, 2))
    return lambda x: ops.indexing.PutItem.apply(x, (3, 4, 2), *steps), (draw.tensor(draw.tensor((3, 4, 2))[index].shape),)


def setting(draw):
    index = draw.choose([1, slice(0, 2), (..., 0), (slice(None), 2), mt.tensor([0, 2])])

    def assign(x, value):
        out = x.clone()
        out[index] = value
        return out

    shape = mt.zeros(3, 4, 2)[index].shape
    return assign, (draw.tensor((3, 4, 2)), draw.tensor(draw.choose([shape, shape[-1:], ()])))


def product_of_matrices(draw):
    n, m, p = (draw.integers(1, 3) for _ in range(3))
    batch = draw.shape(0, 2)
    a = draw.choose([(m,), (n, m), (*batch, n, m)])
    b = draw.choose([(m,), (m, p), (*draw.like(batch), m, p)])
    return lambda a, b: a @ b, (draw.tensor(a), draw.tensor(b))


def einsum(draw):
    equation, *shapes = draw.choose(
        [
            ("ij,jk->ik", (2, 3), (3, 2)), ("ij,jk", (2, 3), (3, 1)), ("bij,bjk->bik", (2, 2, 3), (2, 3, 1)),
            ("ii->i", (3, 3)), ("ii", (3, 3)), ("iij->j", (2, 2, 3)), ("ij->ji", (2, 3)), ("ij->", (2, 3)),
            ("i,j->ij", (2,), (3,)), ("i,i", (3,), (3,)), ("i,i", (1,), (3,)), ("...ij,...jk->...ik", (2, 1, 2, 3), (2, 3, 2)),
            ("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)), ("ij,j,i->", (2, 3), (3,), (2,)), ("ij,k->j", (2, 3), (2,)),
            ("iji,j->ij", (2, 3, 2), (3,)), ("b...->...", (2, 3)),
        ]
    )  # fmt: skip
    return lambda *xs: mt.einsum(equation, *xs), tuple(draw.tensor(s) for s in shapes)


def convolution_case(draw):
    """A window, groups, and the shapes of input, weight and output."""
    rank, groups = draw.integers(1, 3), draw.integers(1, 2)
    kernel = tuple(draw.integers(1, 3 if rank < 3 else 2) for _ in range(rank))
    stride, padding, dilation = (tuple(draw.integers(low, 2) for _ in range(rank)) for low in (1, 0, 1))
    window = Window.of("conv", rank, kernel, stride, padding, dilation)
    size = tuple(max(1, s - 2 * p) + draw.integers(0, 2) for s, p in zip(window.span, padding, strict=True))
    x = (draw.integers(1, 2), groups * draw.integers(1, 2), *size)
    w = (groups * draw.integers(1, 2), x[1] // groups, *kernel)
    return window, groups, x, w, (x[0], w[0], *window.output_size(size))


def convolution(draw):
    window, groups, x, w, _ = convolution_case(draw)
    apply = lambda x, w, b: Convolution.apply(x, w, b, window, groups)  # noqa: E731
    return apply, (draw.tensor(x), draw.tensor(w), draw.tensor((w[0],)))


def conv_transpose(draw):
    window, groups, x, w, y = convolution_case(draw)
    apply = lambda g, w, b: ConvTranspose.apply(g, w, b, window, groups, x[2:])  # noqa: E731
    return apply, (draw.tensor(y), draw.tensor(w), draw.tensor((x[1],)))


def conv_weight(draw):
    window, groups, x, _, y = convolution_case(draw)
    return lambda x, g: ConvWeight.apply(x, g, window, groups), (draw.tensor(x), draw.tensor(y))


def pooling_case(draw):
    rank = draw.integers(1, 3)
    kernel, stride, dilation = (draw.integers(1, 2), draw.integers(1, 2), draw.integers(1, 2))
    padding, ceil = draw.integers(0, kernel // 2), bool(draw.integers(0, 1))
    pool = (mt.nn.functional.max_pool1d, mt.nn.functional.max_pool2d, mt.nn.functional.max_pool3d)[rank - 1]
    size = tuple(draw.integers(3, 4 if rank < 3 else 3) for _ in range(rank))
    return (lambda x: pool(x, kernel, stride, padding, dilation, ceil)), (draw.integers(1, 2), draw.integers(1, 2), *size)


def max_pool(draw):
    pool, shape = pooling_case(draw)
    return pool, (draw.distinct(shape),)


def picking(draw):
    places = draw.indices((2, 1, 2, 3), 12)
    return lambda x: Pick.apply(x, places), (draw.tensor((2, 1, 3, 4)),)


def put_back(draw):
    places = draw.indices((2, 1, 2, 3), 12)
    if draw.integers(0, 1):
        distinct = mt.from_numpy(np.stack([draw.values.permutation(12)[:6] for _ in range(2)]).reshape(2, 1, 2, 3))
        return lambda x: PutBack.apply(x, distinct, (3, 4), True), (draw.tensor((2, 1, 2, 3)),)
    return lambda x: PutBack.apply(x, places, (3, 4)), (draw.tensor((2, 1, 2, 3)),)


def linear_map(draw):
    batch, into, out = draw.choose([(), (3,), (2, 1), (0,)]), draw.integers(1, 3), draw.integers(1, 3)
    weight, bias = draw.tensor((out, into)), draw.tensor((out,))
    if draw.integers(0, 1):
        return Linear.apply, (draw.tensor((*batch, into)), weight, bias)
    return lambda x, w: Linear.apply(x, w, None), (draw.tensor((*batch, into)), weight)


def cells(draw):
    window, _, x, _, y = convolution_case(draw)
    windows_inside = dataclasses.replace(window, padding=((0, 0),) * window.rank)
    try:
        y = (*y[:1], x[1], *windows_inside.output_size(x[2:]))
    except RuntimeError:  # the window is larger than the image
        windows_inside, y = dataclasses.replace(windows_inside, kernel=(1,) * window.rank), None
        y = (x[0], x[1], *windows_inside.output_size(x[2:]))
    which = mt.from_numpy(draw.values.integers(0, math.prod(windows_inside.kernel), y).astype(np.uint8))
    return windows_inside, which, x, y


def pick_cell(draw):
    window, which, x, _ = cells(draw)
    return lambda x: PickCell.apply(x, which, window), (draw.tensor(x),)


def put_cell(draw):
    window, which, x, y = cells(draw)
    return lambda g: PutCell.apply(g, which, window, x[2:]), (draw.tensor(y),)


def avg_pool(draw):
    window, _, x, _, _ = convolution_case(draw)
    divisor = draw.choose([2.5, draw.tensor(window.output_size(x[2:]), low=1).detach()])
    return lambda x: AvgPool.apply(x, window, divisor), (draw.tensor(x),)


def spread(draw):
    window, _, x, _, y = convolution_case(draw)
    divisor = draw.choose([2.5, draw.tensor(window.output_size(x[2:]), low=1).detach()])
    return lambda g: Spread.apply(g, window, divisor, x[2:]), (draw.tensor(y),)


def unfolding(draw):
    window, _, x, _, _ = convolution_case(draw)
    return lambda x: Unfold.apply(x, window), (draw.tensor(x),)


def folding(draw):
    window, _, x, _, _ = convolution_case(draw)
    columns = (x[0], x[1] * math.prod(window.kernel), math.prod(window.output_size(x[2:])))
    return lambda c: Fold.apply(c, window, x[2:]), (draw.tensor(columns),)


def standardizing(draw):
    shape = (3, draw.integers(2, 3), draw.integers(1, 2))
    dims = draw.choose([(0,), (0, 2), (1,), (0, 1, 2)])
    used = draw.choose([slice(0, 1), slice(0, 2), slice(0, 3)])
    return lambda x: Standardize.apply(x, dims, 0.1)[used], (draw.tensor(shape),)


def bend(draw):
    shape = draw.shape()
    slope = draw.tensor((shape[0], *(1,) * (len(shape) - 1)) if shape else ())
    return Bend.apply, (draw.tensor(shape), draw.tensor(shape, apart_from=(0.0,)), slope)


def leaky(draw):
    shape = draw.shape(2)
    x = draw.tensor(shape, apart_from=(0,))
    return draw.choose(
        [(lambda x: LeakyRelu.apply(x, -0.3), (x,)), (LeakyRelu.apply, (x, draw.tensor((shape[0], *(1,) * (len(shape) - 1)))))]
    )


def choice(draw):
    shape = draw.shape()
    condition = mt.from_numpy(np.asarray(draw.values.random(shape) < 0.5))
    a, b = draw.tensor(draw.like(shape)), draw.tensor(shape)
    return draw.choose([(lambda a, b: mt.where(condition, a, b), (a, b)), (lambda a: mt.where(condition, a, 2.0), (a,))])


def masking(draw):
    shape = draw.shape()
    mask = mt.from_numpy(np.asarray(draw.values.random(shape) < 0.5))
    return lambda x: ops.comparison.Keep.apply(x, mask), (draw.tensor(shape),)


def pairwise(function):
    def sample(draw):
        shape = draw.shape()
        both = draw.distinct((2, *shape)).detach()
        return function, (both[0].clone().requires_grad_(), both[1].clone().requires_grad_())

    return sample


def clamping(draw):
    x = draw.tensor(draw.shape(), apart_from=(-0.5, 0.5))
    low, high = draw.tensor((), low=-1, high=-0.6), draw.tensor((), low=0.6, high=1)
    x._array[...] = np.where(np.abs(np.abs(x._array) - 0.8) < 0.3, 0.0, x._array)
    return draw.choose(
        [(lambda x: x.clamp(-0.5, 0.5), (x,)), (lambda x: x.clamp(min=-0.5), (x,)), (lambda *a: mt.clamp(*a), (x, low, high))]
    )


SAMPLES: dict[type[Function], Callable] = {
    ops.arithmetic.Add: binary(mt.add),
    ops.arithmetic.Sub: binary(mt.sub),
    ops.arithmetic.Mul: binary(mt.mul),
    ops.arithmetic.Div: division,
    ops.arithmetic.Remainder: modulo,
    ops.arithmetic.Neg: unary(mt.neg),
    ops.arithmetic.Abs: unary(mt.abs, apart_from=(0,)),
    ops.arithmetic.Pow: power,
    ops.pointwise.Exp: unary(mt.exp),
    ops.pointwise.Expm1: unary(mt.expm1),
    ops.arithmetic.Log: lambda draw: unary(draw.choose([mt.log, mt.log2, mt.log10]), low=0.3)(draw),
    ops.pointwise.Log1p: unary(mt.log1p, low=-0.5),
    ops.pointwise.Sqrt: unary(mt.sqrt, low=0.3),
    ops.pointwise.Sin: unary(mt.sin),
    ops.pointwise.Cos: unary(mt.cos),
    ops.pointwise.Atan: unary(mt.atan),
    ops.pointwise.Asin: unary(mt.asin, low=-0.8, high=0.8),
    ops.pointwise.Acos: unary(mt.acos, low=-0.8, high=0.8),
    ops.pointwise.Sinh: unary(mt.sinh),
    ops.pointwise.Cosh: unary(mt.cosh),
    ops.pointwise.Atan2: lambda draw: (mt.atan2, (draw.tensor((2, 3), low=0.3), draw.tensor((3,)))),
    ops.pointwise.Tanh: unary(mt.tanh),
    ops.pointwise.Sigmoid: unary(mt.sigmoid),
    ops.pointwise.Softplus: unary(ops.pointwise.softplus),
    ops.pointwise.Erf: unary(mt.erf),
    ops.comparison.Step: unary(mt.floor, apart_from=(-1, 0, 1)),
    ops.comparison.Blank: unary(ops.comparison.Blank.apply),
    ops.comparison.FloorDivide: lambda draw: (lambda a: a // 0.7, (draw.tensor((3, 2), low=0.1, high=0.6),)),
    ops.comparison.Keep: masking,
    ops.comparison.Where: choice,
    ops.comparison.Maximum: pairwise(mt.maximum),
    ops.comparison.Minimum: pairwise(mt.minimum),
    ops.comparison.Clamp: clamping,
    Relu: unary(mt.relu, apart_from=(0,)),
    LeakyRelu: leaky,
    Bend: bend,
    ops.reduction.Sum: reduction(mt.sum),
    ops.reduction.Extreme: extreme(mt.amax),
    ops.reduction.Prod: product,
    ops.reduction.LogSumExp: reduction(lambda x, d, k: mt.logsumexp(x, tuple(range(x.ndim)) if d is None else d, k)),
    ops.reduction.Softmax: along_dim(mt.softmax),
    ops.reduction.LogSoftmax: along_dim(mt.log_softmax),
    ops.reduction.CumSum: along_dim(mt.cumsum),
    ops.shape.Reshape: reshaping,
    ops.shape.Permute: permuting,
    ops.shape.Expand: expansion,
    ops.shape.SumTo: sum_to,
    ops.joining.Cat: joining,
    ops.shape.Flip: along_dim(mt.flip),
    ops.shape.Roll: rolling,
    ops.shape.Pad: padding,
    ops.shape.Clone: unary(mt.clone),
    ops.shape.ToDevice: unary(lambda x: ops.shape.ToDevice.apply(x, mt.device("cpu"))),
    ops.shape.Cast: unary(lambda x: ops.shape.Cast.apply(x, np.dtype("float64"))),
    ops.indexing.GetItem: indexing,
    ops.indexing.PutItem: putting,
    ops.indexing.SetItem: setting,
    ops.matrix.MatMul: product_of_matrices,
    ops.matrix.Einsum: einsum,
    Convolution: convolution,
    ConvTranspose: conv_transpose,
    ConvWeight: conv_weight,
    MaxPool: max_pool,
    Pick: picking,
    PutBack: put_back,
    PickCell: pick_cell,
    Linear: linear_map,
    PutCell: put_cell,
    AvgPool: avg_pool,
    Spread: spread,
    Unfold: unfolding,
    Fold: folding,
    Standardize: standardizing,
    BinaryCrossEntropy: lambda draw: (
        BinaryCrossEntropy.apply,
        tuple(draw.tensor((3, 2), low=0.1, high=0.9) for _ in range(2)),
    ),
    Tap: unary(lambda x: Tap.apply(lambda grads: grads, x)),
}

# Ops whose result is a mask or integers: no gradient goes through them.
WITHOUT_GRADIENT: dict[type[Function], Callable] = {
    ops.comparison.Compare: lambda draw: (mt.lt, (draw.tensor((2, 3)), draw.tensor((3,)))),
    ops.sorting.ArgSort: lambda draw: (mt.argsort, (draw.tensor((2, 3)),)),
    ops.comparison.Close: lambda draw: (mt.isclose, (draw.tensor((2, 3)), draw.tensor((2, 3)))),
    ops.reduction.ArgExtreme: lambda draw: (mt.argmax, (draw.tensor((2, 3)),)),
    ops.reduction.Truth: lambda draw: (mt.any, (draw.tensor((2, 3)),)),
}
