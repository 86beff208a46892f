"""Samples of operations that move elements: broadcasting, reshaping, joining, padding, indexing."""

from __future__ import annotations

import itertools

import numpy as np

import minitorch as mt
from minitorch import ops
from tests.drawing import moved


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
