"""Dropout: elements or whole channels become 0 at random, and what is kept is scaled so that the mean stays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import on_device_of, xp
from minitorch.backend.callsite import warn
from minitorch.backend.random import default_generator
from minitorch.ops.activation import SELU_ALPHA, SELU_SCALE, into
from minitorch.ops.selection import where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element is 0 with probability p, else divided by 1 - p, so that its mean stays; input itself when not training.

    (Srivastava et al. 2014.) The elements that are dropped are not those that PyTorch drops for the same seed. `training` is
    True by default: in eval mode pass False, or use `nn.Dropout`. Raises ValueError for a p outside [0, 1].

    Example: What is not dropped becomes 1 / (1 - 0.5) = 2.

    >>> _ = minitorch.manual_seed(0)
    >>> F.dropout(minitorch.ones(8), p=0.5).unique()
    tensor([0., 2.])
    >>> F.dropout(minitorch.ones(3), p=0.5, training=False)
    tensor([1., 1., 1.])
    """
    return _dropout(input, p, training, inplace, tuple(input.shape))


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of input ((N,) C, L) are dropped, as `dropout` drops elements (Tompson et al. 2014).

    Raises RuntimeError for another number of dimensions.

    >>> _ = minitorch.manual_seed(0)
    >>> y = F.dropout1d(minitorch.ones(1, 6, 4))[0]
    >>> bool((y.amin(1) == y.amax(1)).all())
    True
    """
    return _dropout_channels(1, input, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of input (N, C, H, W) are dropped, as `dropout` drops elements (Tompson et al. 2014).

    Three dimensions are taken for (N, C, L), with a warning, as PyTorch does still. Raises RuntimeError for another number.

    Example: Each channel is all 0 or all 2.

    >>> _ = minitorch.manual_seed(0)
    >>> y = F.dropout2d(minitorch.ones(1, 6, 2, 2))[0]
    >>> bool((y.amin((1, 2)) == y.amax((1, 2))).all())
    True
    """
    return _dropout_channels(2, input, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of input ((N,) C, D, H, W) are dropped, as `dropout` drops elements.

    Raises RuntimeError for another number of dimensions.

    >>> _ = minitorch.manual_seed(0)
    >>> y = F.dropout3d(minitorch.ones(1, 6, 2, 2, 2))[0].flatten(1)
    >>> bool((y.amin(1) == y.amax(1)).all())
    True
    """
    return _dropout_channels(3, input, p, training, inplace)


def _dropout_channels(rank: int, input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    _check_probability(p)
    if rank == 2 and input.ndim == 3:
        warn(
            f"dropout2d: Received a 3-D input of size {list(input.shape)}, which is taken for (N, C, L), with channels of L "
            "cells: dropout1d is for that, and for a single (C, H, W) add a batch dimension with .unsqueeze(0)"
        )
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"dropout{rank}d: Expected {rank + 1}D or {rank + 2}D input, but received a {input.ndim}D input of size "
            f"{list(input.shape)}: it drops whole channels"
        )
    lead = 1 if input.ndim == rank + 1 and rank != 2 else 2
    return _dropout(input, p, training, inplace, (*input.shape[:lead], *(1,) * (input.ndim - lead)))


def _check_probability(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _dropout(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    _check_probability(p)
    if not training or p == 0:
        return input
    if not input.is_floating_point():
        raise RuntimeError(f"dropout divides by 1 - p, and its result can't be cast to {input.dtype!r}: .float() converts")
    kept = on_device_of(default_generator.uniform(math.prod(shape), xp.float32).reshape(shape) >= p, input._array)
    number = input._array.dtype.type
    scale = xp.where(kept, number(1 / (1 - p) if p < 1 else 0.0), number(0))
    return into(input, inplace, lambda x: x * wrap(scale))


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout that keeps mean 0 and variance 1, for networks of `selu`: each element is the lower limit c of selu with
    probability p, and then a x + b is applied, where a = 1 / sqrt((1 - p) (1 + p c^2)) and b = -a c p.

    (Klambauer et al. 2017.) input itself when not training. The draws are not PyTorch's for the same seed.

    >>> F.alpha_dropout(minitorch.ones(3), training=False)
    tensor([1., 1., 1.])
    """
    return _alpha_dropout(input, p, training, inplace, tuple(input.shape))


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """As `alpha_dropout`, for whole channels of input (N, C, ...). Raises RuntimeError for an input of one dimension.

    >>> y = F.feature_alpha_dropout(minitorch.ones(1, 4, 5), training=True)[0]
    >>> bool((y.amin(1) == y.amax(1)).all())
    True
    """
    if input.ndim < 2:
        raise RuntimeError(f"feature_alpha_dropout: expected at least 2 dimensions in the input, got {list(input.shape)}")
    return _alpha_dropout(input, p, training, inplace, (*input.shape[:2], *(1,) * (input.ndim - 2)))


def _alpha_dropout(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    _check_probability(p)
    if not training or p == 0 or p == 1:
        return _dropout(input, p, training, inplace, shape)
    lowest = -SELU_SCALE * SELU_ALPHA
    a = 1 / math.sqrt((1 - p) * (1 + p * lowest**2))
    kept = _dropout(wrap(xp.ones_like(input._array, shape=shape)), p, True, False, shape) != 0
    return into(input, inplace, lambda x: where(kept, x * a, a * lowest) - a * lowest * p)
