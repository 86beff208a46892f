"""Standardization for NumPy: some channels at a time, so that intermediate results stay in the cache. Threads share them."""

from __future__ import annotations

from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.dispatch import definitions, implements
from minitorch.kernels import samples
from minitorch.kernels.threads import chunk_size, parallel_for

__all__: list[str] = []

PAYS_FROM = 1 << 16
TEMPORARY = 3  # arrays of the size of x that the definition has at a time


def _size(x: Array) -> int:
    """How many channels of x (A, C, S) make a chunk."""
    return chunk_size(x.shape[1], TEMPORARY * x.shape[0] * x.shape[2] * x.itemsize)


def _of(parameter: Array | None, part: slice) -> Array | None:
    """What of a weight (C, 1) belongs to some channels; all of one (1, S), as of the weight of a single channel."""
    return parameter if parameter is None or len(parameter) == 1 else parameter[part]


@implements("standardize", engine="numpy", dtypes="fd", pays_from=PAYS_FROM, ulp=256, sample=samples.standardize)
def _standardize(x: Array, weight: Array | None, bias: Array | None, eps: float) -> Any:
    y, mean, var = (xp.empty_like(x, order="C", shape=shape) for shape in (x.shape, x.shape[1], x.shape[1]))
    plain = definitions["standardize"].function

    def channels(start: int, stop: int) -> None:
        part = slice(start, stop)
        y[:, part], mean[part], var[part] = plain(x[:, part], _of(weight, part), _of(bias, part), eps)

    parallel_for(channels, x.shape[1], _size(x))
    return y, mean, var


@implements(
    "standardize_backward", engine="numpy", dtypes="fd", pays_from=PAYS_FROM, ulp=256, sample=samples.standardize_backward
)
def _standardize_backward(g: Array, x: Array, weight: Array | None, mean: Array, var: Array, eps: float) -> Any:
    out, plain = xp.empty_like(x, order="C"), definitions["standardize_backward"].function
    by_row = weight is not None and weight.shape != (x.shape[1], 1)
    sums = None if weight is None or by_row else xp.empty_like(weight, shape=(2, x.shape[1], 1))

    def channels(start: int, stop: int) -> Array | None:
        part = slice(start, stop)
        out[:, part], *found = plain(g[:, part], x[:, part], _of(weight, part), mean[part], var[part], eps)
        if sums is not None:
            sums[:, part] = found
        return xp.stack(found) if by_row else None  # of some rows, to be added

    of_rows = parallel_for(channels, x.shape[1], _size(x))
    found = of_rows if by_row else sums
    return (out, None, None) if found is None else (out, *found)
