"""A short text for an array: small ones in full, large ones as minimum, mean, maximum and histogram.

summary(w).lines()   ['[0.5  -1  2]']                              up to 24 elements
                     ['min -0.2  mean 0.001  max 0.19', '▁▃▅▇█▆▂▁']    more than that
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.device import device, to_device

__all__ = ["Summary", "number", "shape_text", "summary"]

SMALL = 24  # most elements of an array shown in full
BARS = "▁▂▃▄▅▆▇█"
BINS = 12
THUMBNAIL = 16  # most rows and columns of a thumbnail


@dataclass(frozen=True)
class Summary:
    """A summary of an array. `values` is the array as nested lists if it is small, else None.

    `low`, `mean`, `high` and the Euclidean `norm` are those of the finite elements, None if there are none; `odd` counts nan
    and infinite elements. `histogram` has equal bins from `low` to `high`. `thumbnail` is a subsample of the last two
    dimensions (of the first image of a batch), as a signed percentage of the largest absolute value.
    """

    shape: tuple[int, ...]
    dtype: str
    values: Any
    low: float | None
    mean: float | None
    high: float | None
    norm: float | None
    odd: int
    histogram: tuple[int, ...]
    thumbnail: tuple[tuple[int, ...], ...]

    def lines(self) -> list[str]:
        """The array as text, line by line."""
        if self.values is not None:
            return _rows(self.values) if math.prod(self.shape) else ["no elements"]
        odd = f"{self.odd:,} nan or infinite" if self.odd else ""
        if self.low == self.high and self.low is not None and not self.odd:
            return [f"all {number(self.low)}"]
        if self.low is None or self.mean is None or self.high is None:
            return [odd]
        most = max(self.histogram)
        bars = "".join(BARS[math.ceil(n / most * 7)] for n in self.histogram)
        return [f"min {number(self.low)}  mean {number(self.mean)}  max {number(self.high)}", bars, *([odd] if odd else [])]

    def __str__(self) -> str:
        """On one line."""
        lines = self.lines()
        return lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]" if self.values is not None else "  ".join(lines)


def summary(array: Array) -> Summary:
    """The summary of an array on any device."""
    array = xp.asarray(to_device(array, device("cpu")))
    shape, dtype = tuple(array.shape), str(array.dtype)
    if array.size <= SMALL:
        return Summary(shape, dtype, array.tolist(), None, None, None, None, 0, (), ())
    flat = array.reshape(-1).astype(xp.float64)
    finite = flat[xp.isfinite(flat)]
    odd = flat.size - finite.size
    if not finite.size:
        return Summary(shape, dtype, None, None, None, None, None, odd, (), ())
    low, high = float(finite.min()), float(finite.max())
    with xp.errstate(all="ignore"):
        mean = float(finite.mean())
        norm = float(xp.sqrt((finite * finite).sum()))
        bins = (finite / 2 - low / 2) / max(high / 2 - low / 2, 5e-324) * BINS  # halves, so that the difference cannot overflow
    histogram = xp.bincount(xp.minimum(bins.astype(xp.int64), BINS - 1), minlength=BINS)
    return Summary(shape, dtype, None, low, mean, high, norm, odd, tuple(histogram.tolist()), _thumbnail(array))


def _thumbnail(array: Array) -> tuple[tuple[int, ...], ...]:
    plane = array.reshape(-1, *array.shape[-2:])[0] if array.ndim > 1 else array.reshape(1, -1)
    down, across = (-(-n // THUMBNAIL) for n in plane.shape)
    plane = xp.nan_to_num(plane[::down, ::across].astype(xp.float64), posinf=0, neginf=0)
    percent = plane / max(float(abs(plane).max()), 5e-324) * 100
    return tuple(tuple(row) for row in xp.rint(percent).astype(xp.int64).tolist())


def number(value: Any) -> str:
    """A number as text: a float with four significant digits, an integer in full."""
    if isinstance(value, (bool, int)):
        return str(value)
    return f"{value:.4g}"


def _rows(values: Any) -> list[str]:
    """Nested lists as lines, one for each row, with aligned columns; dimensions before the last two are bracketed."""
    if not isinstance(values, list):
        return [number(values)]
    if not values or not isinstance(values[0], list):
        return ["[" + "  ".join(map(number, values)) + "]"]
    if not isinstance(values[0][0] if values[0] else 0, list):
        cells = [[number(v) for v in row] for row in values]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return ["[" + "  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) + "]" for row in cells]
    planes = [_rows(part) for part in values]
    return [("[" if i == 0 else " ") + row + "]" * (i == len(rows) - 1) for rows in planes for i, row in enumerate(rows)]


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as text: 2 × 3, or scalar."""
    return " × ".join(map(str, shape)) if shape else "scalar"
