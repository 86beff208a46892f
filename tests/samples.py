"""For every op of the package: how to draw inputs for it, and what is known of it. One entry an op; the tests walk them all.

    SAMPLES     how to draw: a function that is given a `Draw` and returns (function, inputs), a function of Tensors that uses
                the op and float64 Tensors to call it with, away from kinks, where differences mean nothing; and as a third,
                where tests/naive.py has no layer made of the op, its definition: the value in plain Python
    KINKS       what the derivative is at points where there are several slopes to choose from
    ORDERS      how often it is differentiated, if more than twice
    ANALYTIC    ops that compute on complex numbers, too, so that their derivative can be checked to the last digits

What invalid arguments look like stands in tests/misuse.py and tests/hostile.py. `sample_of` draws, `checks.py` checks.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import operator
from collections.abc import Callable

import numpy as np

import minitorch as mt
from minitorch import ops
from minitorch.autograd.node import Node
from minitorch.backend.window import Window
from minitorch.nn.hooks import BackwardHookFunction
from minitorch.ops.convolution import Convolution, ConvTranspose, ConvWeight
from minitorch.ops.folding import Fold, Unfold
from minitorch.ops.likelihood import BinaryCrossEntropy
from minitorch.ops.linear import Linear
from minitorch.ops.normalization import Standardize, StandardizeBackward
from minitorch.ops.pooling import AvgPool, AvgPoolBackward, Gather, GatherCell, MaxPool, ScatterAdd, ScatterCell
from minitorch.ops.rectifier import LeakyRelu, LeakyReluBackward, Relu, ReluBackward
from minitorch.ops.recurrence import LstmCell
from tests.drawing import Draw, Sample, along, each, moved, over


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


def sum_to(draw):
    small = draw.shape(0, 2)
    large = (*draw.shape(0, 1), *(draw.choose((n, 3)) if n == 1 else n for n in small))

    def definition(x):
        out = np.zeros(small)
        for place in np.ndindex(*large):
            out[tuple(0 if n == 1 else p for n, p in zip(small, place[len(large) - len(small) :], strict=True))] += x[place]
        return out

    return lambda x: x.sum_to_size(small), (draw.tensor(large),), definition


def expansion(draw):
    small = draw.shape(0, 2)
    large = (*draw.shape(0, 1), *(draw.choose((n, 3)) if n == 1 else n for n in small))

    def origin(place, shape):
        return tuple(0 if n == 1 else p for n, p in zip(shape, place[len(large) - len(shape) :], strict=True))

    return lambda x: x.expand(large), (draw.tensor(small),), moved(large, origin)


def diagonal(draw):
    shape = (*draw.shape(0, 1), draw.integers(1, 3), draw.integers(1, 3))
    offset, (a, b) = draw.integers(-3, 3), draw.choose(itertools.permutations(range(len(shape)), 2))

    def plain(x):
        rows = np.moveaxis(x, (a, b), (-2, -1))
        places = [(i, i + offset) for i in range(rows.shape[-2]) if 0 <= i + offset < rows.shape[-1]]
        return np.stack([rows[..., i, j] for i, j in places], -1) if places else np.zeros((*rows.shape[:-2], 0))

    return lambda x: mt.diagonal(x, offset, a, b), (draw.tensor(shape),), plain


def windowing(draw):
    shape = draw.shape(1)
    dim = draw.integers(0, len(shape) - 1)
    size, step = draw.integers(1, max(shape[dim], 1)), draw.integers(1, 3)

    def plain(x):
        starts = range(0, x.shape[dim] - size + 1, step)
        return np.stack([np.moveaxis(np.take(x, range(s, s + size), dim), dim, -1) for s in starts], dim)

    return lambda x: x.unfold(dim, size, step), (draw.tensor(shape),), plain


def reshaping(draw):
    shape = draw.shape(1)
    new = draw.choose([(-1,), shape[::-1], (1, -1)])
    return lambda x: x.reshape(new), (draw.tensor(shape),), lambda x: np.array([float(v) for v in x.flat]).reshape(new)


def permuting(draw):
    shape = draw.shape(1)
    order = draw.choose(itertools.permutations(range(len(shape))))

    def origin(place, shape):
        return tuple(place[order.index(i)] for i in range(len(shape)))

    return lambda x: x.permute(order), (draw.tensor(shape),), moved([shape[i] for i in order], origin)


def joining(draw):
    shape = draw.shape(1)
    dim = draw.integers(0, len(shape) - 1)
    other = (*shape[:dim], draw.integers(0, 2), *shape[dim + 1 :])

    def definition(*xs):
        slices = [np.take(x, i, dim) for x in xs for i in range(x.shape[dim])]
        return np.stack(slices, dim)

    return lambda *xs: mt.cat(xs, dim), (draw.tensor(shape), draw.tensor(other), draw.tensor(shape)), definition


def unbinding(draw):
    shape = draw.shape(1)
    dim = draw.dim(len(shape))
    return lambda x: mt.unbind(x, dim), (draw.tensor(shape),), lambda x: np.take(x, 0, dim)


def splitting(draw, cut=ops.joining.split):
    shape = draw.shape(1)
    dim = draw.dim(len(shape))
    first = draw.integers(0, shape[dim])
    sections = (first, shape[dim] - first)
    return (
        lambda x: cut(x, sections, dim),
        (draw.tensor(shape),),
        lambda x: np.stack([np.take(x, i, dim) for i in range(first)], dim) if first else np.take(x, [], dim),
    )


def rolling(draw):
    shape = draw.shape(1)
    shift, dim = draw.integers(-4, 4), draw.dim(len(shape))

    def origin(place, shape):
        return tuple((p - shift) % n if i == dim % len(shape) else p for i, (p, n) in enumerate(zip(place, shape, strict=True)))

    return lambda x: x.roll(shift, dim), (draw.tensor(shape),), moved(shape, origin)


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
    return lambda x: x[index], (draw.tensor((3, 4, 2)),), lambda x: looked_up(x, index)


def looked_up(x, index):
    """x[index], each element found by the number that stands in its place."""
    numbers = mt.arange(x.size).reshape(x.shape)[index].numpy()
    return np.array([x.flat[n] for n in numbers.flat]).reshape(numbers.shape)


def putting(draw):
    index = index_of(draw, (3, 4, 2))
    steps = ops.indexing.plain_index(index, (3, 4, 2))
    return lambda x: ops.indexing.IndexAdd.apply(x, (3, 4, 2), *steps), (draw.tensor(draw.tensor((3, 4, 2))[index].shape),)


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

    def definition(a, b):
        rows, columns = a if a.ndim > 1 else a[None], b if b.ndim > 1 else b[:, None]
        out = np.zeros((*np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2]), rows.shape[-2], columns.shape[-1]))
        rows, columns = (np.broadcast_to(x, (*out.shape[:-2], *x.shape[-2:])) for x in (rows, columns))
        for *where, i, k in np.ndindex(*out.shape):
            out[(*where, i, k)] = math.fsum(rows[(*where, i, j)] * columns[(*where, j, k)] for j in range(rows.shape[-1]))
        return out.reshape(
            [n for n, keep in zip(out.shape[-2:], (a.ndim > 1, b.ndim > 1), strict=True) if keep]
            if out.ndim == 2
            else [*out.shape[:-2], *([out.shape[-2]] if a.ndim > 1 else []), *([out.shape[-1]] if b.ndim > 1 else [])]
        )

    return lambda a, b: a @ b, (draw.tensor(a), draw.tensor(b)), definition


def matrices(draw, low=0.5, high=1.5):
    """A stack of matrices far from singular ones."""
    n, batch = draw.integers(1, 3), draw.shape(0, 1)
    x = draw.tensor((*batch, n, n), low=-0.3, high=0.3).detach()
    return (x + mt.diag(draw.tensor((n,), low=low, high=high).detach()) * draw.choose([1, -1])).requires_grad_()


def leibniz(x):
    """The determinant as the sum over permutations."""
    n, total = x.shape[-1], 0.0
    for p in itertools.permutations(range(n)):
        sign = (-1) ** sum(p[i] > p[j] for i in range(n) for j in range(i + 1, n))
        total = total + sign * math.prod((x[..., i, p[i]] for i in range(n)), start=np.ones(x.shape[:-2]))
    return np.asarray(total)


def cramer(a, b):
    """The solution of a x = b by Cramer's rule."""
    out = np.zeros((*a.shape[:-2], *b.shape[-2:]))
    for i, k in np.ndindex(*b.shape[-2:]):
        replaced = a.copy()
        replaced[..., i] = b[..., k]
        out[..., i, k] = leibniz(replaced) / leibniz(a)
    return out


def determinant(draw):
    x = matrices(draw)
    if draw.integers(0, 1):
        x.detach()[..., draw.integers(0, x.shape[-1] - 1)] = 0.0  # singular: the cofactors are the derivative, still
    return mt.linalg.det, (x,), leibniz


def system(draw):
    a = matrices(draw)
    return mt.linalg.solve, (a, draw.tensor((*a.shape[:-1], draw.integers(1, 2)))), cramer


def symmetric(x):
    return (x + x.mT) / 2


def power_series(x, terms=40):
    """The matrix exponential as the sum of x^k / k!."""
    total = term = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    for k in range(1, terms):
        term = term @ x / k
        total = total + term
    return total


def eigenvectors(draw):
    triangle = draw.choose(["L", "U"])

    def exponential(x):
        values, vectors = mt.linalg.eigh(symmetric(x), triangle)
        return (vectors * values.exp()[..., None, :]) @ vectors.mT

    return exponential, (matrices(draw),), lambda x: power_series((x + np.swapaxes(x, -1, -2)) / 2)


def orthogonal_part(x, steps=60):
    """The orthogonal factor u v^T of x = u s v^T: Newton and Schulz's iteration, which needs no singular value."""
    y = x / np.linalg.norm(x, axis=(-2, -1), keepdims=True)
    for _ in range(steps):
        y = 1.5 * y - 0.5 * y @ np.swapaxes(y, -1, -2) @ y
    return y


def singular_vectors(draw):
    x = independent(draw)
    full = bool(draw.integers(0, 1))

    def polar(x):
        u, s, vh = mt.linalg.svd(x, full)
        k = s.shape[-1]
        return u[..., :k] @ vh[..., :k, :]

    def sum_of_values(x):
        return np.asarray((orthogonal_part(x) * x).sum((-2, -1)))

    return draw.choose([(polar, (x,), orthogonal_part), (lambda x: mt.linalg.matrix_norm(x, "nuc"), (x,), sum_of_values)])


def independent(draw):
    """A stack of matrices of full rank, square, with more columns, or with more rows."""
    x = matrices(draw)
    if x.shape[-1] > 1:
        x = draw.choose([x, x[..., 1:, :], x[..., 1:]]).detach().clone().requires_grad_()
    return x


def orthogonal_factors(draw):
    x = independent(draw)

    def factors(x):
        q, r = mt.linalg.qr(x)
        return mt.cat([q * r.diagonal(0, -2, -1).sign()[..., None, :], (r * r.diagonal(0, -2, -1).sign()[..., None]).mT], -2)

    def by_columns(x):
        """Gram and Schmidt: each column less its parts along those before it. The diagonal of r is positive."""
        k = min(x.shape[-2:])
        q, rest = np.zeros((*x.shape[:-1], k)), x.copy()
        for j in range(k):
            q[..., j] = rest[..., j] / np.sqrt((rest[..., j] ** 2).sum(-1, keepdims=True))
            rest = rest - q[..., j][..., None] * (q[..., j][..., None] * rest).sum(-2, keepdims=True)
        r = np.swapaxes(q, -1, -2) @ x
        below = np.tril(np.ones((k, x.shape[-1])), -1)
        return np.concatenate([q, np.swapaxes(r * (1 - below), -1, -2)], -2)

    return factors, (x,), by_columns


def least_squares(draw):
    a = independent(draw)
    m, n = a.shape[-2:]

    def normal_equations(a, b):
        """(a^T a)^-1 a^T b for more rows, a^T (a a^T)^-1 b for more columns: both without singular values."""
        t = np.swapaxes(a, -1, -2)
        return cramer(t @ a, t @ b) if m >= n else t @ cramer(a @ t, b)

    b = draw.tensor((*a.shape[:-1], draw.integers(1, 2)))
    return lambda a, b: mt.linalg.lstsq(a, b).solution, (a, b), normal_equations


def cholesky_factor(draw):
    def factor(x):
        return mt.linalg.cholesky(x @ x.mT + mt.eye(x.shape[-1], dtype=x.dtype, device=x.device))

    def by_rows(x):
        a = x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-1])
        out = np.zeros_like(a)
        for i, j in np.ndindex(*a.shape[-2:]):
            rest = a[..., i, j] - (out[..., i, :j] * out[..., j, :j]).sum(-1)
            if i >= j:
                out[..., i, j] = np.sqrt(rest) if i == j else rest / out[..., j, j]
        return out

    return factor, (matrices(draw),), by_rows


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

    def definition(*xs):
        return np.einsum(equation, *xs, optimize=False)  # loops, in C

    return lambda *xs: mt.einsum(equation, *xs), tuple(draw.tensor(s) for s in shapes), definition


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
    return lambda x: Gather.apply(x, places), (draw.tensor((2, 1, 3, 4)),)


def put_back(draw):
    places = draw.indices((2, 1, 2, 3), 12)
    if draw.integers(0, 1):
        distinct = mt.from_numpy(np.stack([draw.values.permutation(12)[:6] for _ in range(2)]).reshape(2, 1, 2, 3))
        return lambda x: ScatterAdd.apply(x, distinct, (3, 4), True), (draw.tensor((2, 1, 2, 3)),)
    return lambda x: ScatterAdd.apply(x, places, (3, 4)), (draw.tensor((2, 1, 2, 3)),)


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
    return lambda x: GatherCell.apply(x, which, window), (draw.tensor(x),)


def put_cell(draw):
    window, which, x, y = cells(draw)
    return lambda g: ScatterCell.apply(g, which, window, x[2:]), (draw.tensor(y),)


def avg_pool(draw):
    window, _, x, _, _ = convolution_case(draw)
    divisor = draw.choose([2.5, draw.tensor(window.output_size(x[2:]), low=1).detach()])
    return lambda x: AvgPool.apply(x, window, divisor), (draw.tensor(x),)


def spread(draw):
    window, _, x, _, y = convolution_case(draw)
    divisor = draw.choose([2.5, draw.tensor(window.output_size(x[2:]), low=1).detach()])
    return lambda g: AvgPoolBackward.apply(g, window, divisor, x[2:]), (draw.tensor(y),)


def unfolding(draw):
    window, _, x, _, _ = convolution_case(draw)
    return lambda x: Unfold.apply(x, window), (draw.tensor(x),)


def folding(draw):
    window, _, x, _, _ = convolution_case(draw)
    columns = (x[0], x[1] * math.prod(window.kernel), math.prod(window.output_size(x[2:])))
    return lambda c: Fold.apply(c, window, x[2:]), (draw.tensor(columns),)


def standardizing(draw):
    shape = (3, draw.integers(2, 3), draw.integers(1, 2))
    dims = draw.choose([(0, 2), (2,), (1, 2), (0, 1, 2)])
    used = draw.choose([slice(0, 1), slice(0, 2), slice(0, 3)])
    return lambda x: Standardize.apply(x, dims, 0.1)[used], (draw.tensor(shape),)


def standardize_slope(draw):
    shape = (3, draw.integers(2, 3), draw.integers(1, 2))
    dims = draw.choose([(0, 2), (2,), (1, 2), (0, 1, 2)])

    def slope(g, x):
        _, average, var = Standardize.apply(x, dims, 0.1)
        return StandardizeBackward.apply(g, x, average, var, dims, 0.1)

    return slope, (draw.tensor(shape), draw.tensor(shape))


def log_softmax_slope(draw):
    shape = draw.shape(1)
    dim = draw.integers(0, len(shape) - 1)
    return lambda g, y: ops.reduction.LogSoftmaxBackward.apply(g, y, dim), (draw.tensor(shape), draw.tensor(shape))


def gelu_backward(draw):
    shape = draw.shape()
    return ops.pointwise.GeluBackward.apply, (draw.tensor(shape), draw.tensor(shape)), each(gelu_slope)


def gelu_slope(g, x):
    return g * ((1 + math.erf(x / math.sqrt(2))) / 2 + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi))


def lstm_step(draw):
    n, used = draw.integers(1, 2), draw.choose([slice(0, 2), slice(0, 1), slice(1, 2), slice(0, 4)])
    return lambda gates, c: LstmCell.apply(gates, c)[used], (draw.tensor((2, 4 * n)), draw.tensor((2, n)))


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
        lambda x: ops.comparison.Mask.apply(x, mask),
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
    ops.pointwise.Sin: unary(mt.sin, math.sin),
    ops.pointwise.Cos: unary(mt.cos, math.cos),
    ops.pointwise.Atan: unary(mt.atan, math.atan),
    ops.pointwise.Asin: unary(mt.asin, math.asin, low=-0.8, high=0.8),
    ops.pointwise.Acos: unary(mt.acos, math.acos, low=-0.8, high=0.8),
    ops.pointwise.Sinh: unary(mt.sinh, math.sinh),
    ops.pointwise.Cosh: unary(mt.cosh, math.cosh),
    ops.pointwise.Atan2: lambda draw: (mt.atan2, (draw.tensor((2, 3), low=0.3), draw.tensor((3,))), each(math.atan2)),
    ops.pointwise.Asinh: unary(mt.asinh, math.asinh),
    ops.pointwise.Acosh: unary(mt.acosh, math.acosh, low=1.3, high=4.0),
    ops.pointwise.Atanh: unary(mt.atanh, math.atanh, low=-0.8, high=0.8),
    ops.pointwise.Hypot: shared(mt.hypot, math.hypot, low=0.1),
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
    ops.comparison.Floor: unary(mt.floor, math.floor, apart_from=(-1, 0, 1)),
    ops.comparison.Ceil: unary(mt.ceil, math.ceil, apart_from=(-1, 0, 1)),
    ops.comparison.Round: unary(mt.round, round, apart_from=(-1.5, -0.5, 0.5, 1.5)),
    ops.comparison.Trunc: unary(mt.trunc, math.trunc, apart_from=(-1, 1)),
    ops.comparison.Sign: unary(mt.sign, lambda x: math.copysign(1, x), apart_from=(0,)),
    ops.comparison.ZerosLike: unary(ops.comparison.ZerosLike.apply, lambda x: 0.0),
    ops.comparison.FloorDivide: lambda draw: (
        lambda a: a // 0.7,
        (draw.tensor((3, 2), low=0.1, high=0.6),),
        each(lambda a: a // 0.7),
    ),
    ops.comparison.Mask: masking,
    ops.comparison.Where: choice,
    ops.comparison.Maximum: pairwise(mt.maximum, max),
    ops.comparison.Minimum: pairwise(mt.minimum, min),
    ops.comparison.Clamp: clamping,
    Relu: unary(mt.relu, lambda x: max(x, 0.0), apart_from=(0,)),
    ReluBackward: of_output(ReluBackward, lambda g, y: g if y > 0 else 0.0, apart_from=(0,)),
    LeakyRelu: leaky,
    LeakyReluBackward: bend,
    ops.reduction.Sum: reduction(mt.sum, math.fsum),
    ops.reduction.SumBackward: sum_backward,
    ops.reduction.Mean: reduction(mt.mean, lambda row: math.fsum(row) / len(row)),
    ops.reduction.Amax: extremum(mt.amax, max),
    ops.reduction.Amin: extremum(mt.amin, min),
    ops.reduction.Prod: product,
    ops.reduction.LogSumExp: reduction(
        lambda x, d, k: mt.logsumexp(x, tuple(range(x.ndim)) if d is None else d, k),
        lambda row: math.log(math.fsum(math.exp(v) for v in row)),
    ),
    ops.reduction.Softmax: along_dim(mt.softmax, probabilities),
    ops.reduction.LogSoftmaxBackward: log_softmax_slope,
    ops.reduction.LogSoftmax: along_dim(mt.log_softmax, lambda row: [math.log(p) for p in probabilities(row)]),
    ops.reduction.CumSum: along_dim(mt.cumsum, lambda row: list(itertools.accumulate(row))),
    ops.shape.Reshape: reshaping,
    ops.shape.Permute: permuting,
    ops.shape.Expand: expansion,
    ops.shape.SumTo: sum_to,
    ops.joining.Cat: joining,
    ops.joining.Split: splitting,
    ops.joining.SplitWithSizes: functools.partial(splitting, cut=ops.joining.pieces),
    ops.joining.Unbind: unbinding,
    ops.shape.Flip: along_dim(mt.flip, lambda row: row[::-1]),
    ops.shape.Roll: rolling,
    ops.shape.Pad: padding,
    ops.shape.Clone: unary(mt.clone, float),
    ops.shape.ToDevice: unary(lambda x: ops.shape.ToDevice.apply(x, mt.device("cpu")), float),
    ops.shape.Cast: unary(lambda x: ops.shape.Cast.apply(x, np.dtype("float64")), float),
    ops.indexing.GetItem: indexing,
    ops.indexing.IndexAdd: putting,
    ops.striding.Diagonal: diagonal,
    ops.striding.Windows: windowing,
    ops.indexing.SetItem: setting,
    ops.matrix.MatMul: product_of_matrices,
    ops.matrix.Einsum: einsum,
    ops.linalg.Det: determinant,
    ops.linalg.Inv: lambda draw: (
        mt.linalg.inv,
        (matrices(draw),),
        lambda x: cramer(x, np.broadcast_to(np.eye(x.shape[-1]), x.shape)),
    ),
    ops.linalg.Solve: system,
    ops.linalg.LogAbsDet: lambda draw: (lambda x: mt.slogdet(x)[1], (matrices(draw),), lambda x: np.log(np.abs(leibniz(x)))),
    ops.spectral.Eigh: eigenvectors,
    ops.spectral.Svd: singular_vectors,
    ops.spectral.Cholesky: cholesky_factor,
    ops.spectral.Qr: orthogonal_factors,
    ops.spectral.Lstsq: least_squares,
    Convolution: convolution,
    ConvTranspose: conv_transpose,
    ConvWeight: conv_weight,
    MaxPool: max_pool,
    Gather: picking,
    ScatterAdd: put_back,
    GatherCell: pick_cell,
    Linear: linear_map,
    ScatterCell: put_cell,
    AvgPool: avg_pool,
    AvgPoolBackward: spread,
    Unfold: unfolding,
    Fold: folding,
    Standardize: standardizing,
    StandardizeBackward: standardize_slope,
    LstmCell: lstm_step,
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
    ops.comparison.Floor: [(mt.floor, ([1.0],), ([0.0],))],
    ops.comparison.Sign: [(mt.sign, ([0.0],), ([0.0],))],
    ops.comparison.Maximum: [(mt.maximum, ([1.0, 2.0], [1.0, 1.0]), ([0.5, 1.0], [0.5, 0.0]))],
    ops.comparison.Minimum: [(mt.minimum, ([1.0, 2.0], [1.0, 1.0]), ([0.5, 0.0], [0.5, 1.0]))],
    ops.comparison.Clamp: [(lambda x: x.clamp(-1.0, 1.0), ([-1.0, 1.0, 2.0],), ([1.0, 1.0, 0.0],))],
    ops.reduction.Amax: [(mt.amax, ([1.0, 3.0, 3.0],), ([0.0, 0.5, 0.5],))],
    ops.reduction.Amin: [(mt.amin, ([1.0, 1.0, 3.0],), ([0.5, 0.5, 0.0],))],
    MaxPool: [(lambda x: mt.nn.functional.max_pool1d(x[None], 2)[0], ([1.0, 1.0, 0.0, 2.0],), ([1.0, 0.0, 0.0, 1.0],))],
    Standardize: [(lambda x: mt.std(x), ([2.0, 2.0],), ([0.0, 0.0],))],
    ops.arithmetic.Remainder: [(lambda a, b: a % b, ([2.0], [1.0]), ([1.0], [-2.0]))],
    ops.pointwise.Atan2: [(mt.atan2, ([0.0], [0.0]), ([0.0], [0.0]))],
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
    ops.pointwise.Exp, ops.pointwise.Expm1, ops.pointwise.Log1p, ops.pointwise.Sqrt, ops.pointwise.Sin, ops.pointwise.Cos,
    ops.pointwise.Asin, ops.pointwise.Acos, ops.pointwise.Atan, ops.pointwise.Sinh, ops.pointwise.Cosh, ops.pointwise.Tanh,
    ops.pointwise.Asinh, ops.pointwise.Atanh, ops.pointwise.Sigmoid,
    ops.arithmetic.Reciprocal, ops.reduction.Mean, ops.reduction.Sum, ops.reduction.Prod,
    ops.reduction.Softmax, ops.reduction.LogSumExp, ops.reduction.LogSoftmax, ops.reduction.CumSum, ops.shape.Reshape,
    ops.shape.Permute, ops.shape.Expand, ops.shape.Flip, ops.shape.Roll, ops.shape.Clone, ops.joining.Cat, ops.matrix.MatMul,
    ops.joining.Split, ops.joining.SplitWithSizes, ops.joining.Unbind,
    ops.matrix.Einsum, Linear, Convolution, ConvTranspose, ConvWeight, AvgPool, Unfold, Fold, ops.indexing.GetItem,
}  # fmt: skip
