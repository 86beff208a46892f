"""A short text for an array: small ones in full, large ones as minimum, mean, maximum and histogram.

summary(w).lines()   ['[0.5  -1  2]']                              planes up to 8 × 8
                     ['min -0.2  mean 0.001  max 0.19', '▁▃▅▇█▆▂▁']    more than that
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.device import device, to_device

__all__ = ["MINUS", "Summary", "bytes_text", "is_small", "number", "shape_text", "summary"]

PLANE, PLANES = 64, 4  # most elements of a plane, and most planes, of an array shown in full
BARS = "▁▂▃▄▅▆▇█"
BINS = 12
MINUS = "\N{MINUS SIGN}"
PIXELS, IMAGES = 32, 4  # most rows and columns, and most planes, of an image of a large array
LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"  # a pixel, from -31 to 31


@dataclass(frozen=True)
class Summary:
    """A summary of an array. `values` is the array as nested lists if it is small, else None.

    `low`, `mean`, `high` and the Euclidean `norm` are those of the finite elements, None if there are none; `odd` counts nan
    and infinite elements. `histogram` has equal bins from `low` to `high`. `images` are the first planes of a large array as
    strings of pixels, row by row: of `pixels` (rows, columns), each the largest in size of a block of `block` elements, from
    -31 to 31 in the letters of LEVELS, 31 for the largest of the array.
    """

    shape: tuple[int, ...]
    dtype: str
    values: Any
    low: float | None = None
    mean: float | None = None
    high: float | None = None
    norm: float | None = None
    odd: int = 0
    histogram: tuple[int, ...] = ()
    images: tuple[str, ...] = ()
    pixels: tuple[int, int] = (0, 0)
    block: tuple[int, int] = (1, 1)

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
        if self.values is None:
            return "  ".join(lines)
        return lines[0] if len(lines) == 1 and len(self.shape) < 2 else f"[{', '.join(lines)}]"


def summary(array: Array, images: bool = False) -> Summary:
    """The summary of an array on any device, with `images` if they are asked for."""
    array = xp.asarray(to_device(array, device("cpu")))
    shape, dtype = tuple(array.shape), str(array.dtype)
    if is_small(shape):
        return Summary(shape, dtype, array.tolist())
    flat = array.reshape(-1).astype(xp.float64)
    finite = flat[xp.isfinite(flat)]
    odd = flat.size - finite.size
    if not finite.size:
        return Summary(shape, dtype, None, odd=odd)
    low, high = float(finite.min()), float(finite.max())
    with xp.errstate(all="ignore"):
        mean = float(finite.mean())
        norm = float(xp.sqrt((finite * finite).sum()))
        bins = (finite / 2 - low / 2) / max(high / 2 - low / 2, 5e-324) * BINS  # halves, so that the difference cannot overflow
    histogram = xp.bincount(xp.minimum(bins.astype(xp.int64), BINS - 1), minlength=BINS)
    return Summary(
        shape, dtype, None, low, mean, high, norm, odd, tuple(histogram.tolist()), *(_images(array) if images else ())
    )


def is_small(shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape is shown in numbers: planes of up to 64 elements, 4 at most."""
    return math.prod(shape[-2:]) <= PLANE and math.prod(shape[:-2]) <= PLANES and max(shape, default=0) <= 24


def _images(array: Array) -> tuple[tuple[str, ...], tuple[int, int], tuple[int, int]]:
    planes = array.reshape(-1, *array.shape[-2:]) if array.ndim > 1 else array.reshape(1, 1, -1)
    planes = xp.nan_to_num(planes[:IMAGES].astype(xp.float64), posinf=0, neginf=0)
    scale = max(float(abs(array[xp.isfinite(array)]).max(initial=0)), 5e-324)
    down, across = (-(-n // PIXELS) for n in planes.shape[1:])
    rows, columns = (-(-n // size) for n, size in zip(planes.shape[1:], (down, across), strict=True))
    padded = xp.zeros((len(planes), rows * down, columns * across))
    padded[:, : planes.shape[1], : planes.shape[2]] = planes
    blocks = padded.reshape(-1, rows, down, columns, across).transpose(0, 1, 3, 2, 4).reshape(-1, rows, columns, down * across)
    largest = xp.take_along_axis(blocks, abs(blocks).argmax(-1)[..., None], -1)[..., 0]
    levels = xp.rint(largest / scale * 31).astype(xp.int64) + 31
    images = tuple("".join(LEVELS[level] for level in plane.reshape(-1).tolist()) for plane in levels)
    return images, (rows, columns), (down, across)


def number(value: Any) -> str:
    """A number as text, in at most 9 characters: a float with four significant digits, whole below a million, or 1.31e-05.

    The page writes its numbers by the same rules.
    """
    if isinstance(value, (bool, int)):
        return str(value).replace("-", MINUS)
    size = abs(value)
    if value == 0 or not math.isfinite(value):
        text = "0" if value == 0 else "nan" if math.isnan(value) else "inf"
    elif size < 1e6 and size == int(size):
        text = str(int(size))
    elif 1e-3 <= size < 999_999.5:
        size = math.nextafter(size, math.inf)  # halves are rounded up, as the page does
        text = f"{size:.0f}" if size >= 999.95 else f"{float(f'{size:.4g}'):.6f}".rstrip("0").rstrip(".")
    else:
        digits, power = f"{size:.2e}".split("e")
        digits, power = digits.rstrip("0").rstrip("."), f"{power[0]}{int(power[1:]):02d}"
        text = f"{digits}e{power}" if len(power) < 4 else f"{float(digits):.1f}".rstrip("0").rstrip(".") + f"e{power}"
    return MINUS + text if value < 0 else text


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
    """A shape as text: 2×3, or scalar."""
    return "×".join(map(str, shape)) if shape else "scalar"


def bytes_text(n: int) -> str:
    """A number of bytes as text: 512 B, 24.6 kB, with units of 1,000."""
    size, unit = float(n), "B"
    for larger in ("kB", "MB", "GB"):
        if size >= 1000:
            size, unit = size / 1000, larger
    return f"{size:.3g} {unit}"
