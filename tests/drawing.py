"""What samples are made of: a source of shapes and values, and definitions of functions in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import minitorch as mt


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


class Sample(NamedTuple):
    """A function, what to call it with, and if it is known here its definition: arrays to the array that must come out."""

    function: Callable[..., Any]
    inputs: tuple[mt.Tensor, ...]
    definition: Callable[..., np.ndarray] | None = None


# ---- definitions: element by element, in plain Python ------------------------------------------------------------------


def each(function):
    """Element by element, of one operand or of several that broadcast."""
    return lambda *arrays: np.asarray(np.vectorize(function, otypes=[float])(*arrays))


def over(dims, keepdim, function):
    """function(list of the elements) over dimensions."""

    def definition(x):
        axes = range(x.ndim) if dims is None else [d % x.ndim for d in (dims if isinstance(dims, tuple) else (dims,))]
        out = np.zeros([1 if i in axes else n for i, n in enumerate(x.shape)])
        for place in np.ndindex(*out.shape):
            out[place] = function(
                [float(v) for v in np.ravel(x[tuple(slice(None) if i in axes else p for i, p in enumerate(place))])]
            )
        return out if keepdim else out.reshape([n for i, n in enumerate(x.shape) if i not in axes])

    return definition


def along(dim, function):
    """function(list of the elements) along a dimension, a list again."""
    return lambda x: np.apply_along_axis(lambda row: np.array(function([float(v) for v in row])), dim, x)


def moved(shape, origin):
    """out[place] = x[origin(place)], or 0 where origin says None."""

    def definition(x):
        out = np.zeros(shape(x.shape) if callable(shape) else shape)
        for place in np.ndindex(*out.shape):
            source = origin(place, x.shape)
            out[place] = 0.0 if source is None else x[source]
        return out

    return definition
