"""The layer as the matrix it is: `viz.matrix(nn.Conv2d(1, 1, 3), (1, 4, 4)).save("matrix.html")`.

A row for each cell of the output, a column for each cell of the input. A row is a window, a column is a stamp; the same weight
stands in many places, and all else is 0. Turned about its diagonal it is the matrix of the transposed layer, exactly.
"""

from __future__ import annotations

import math
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.nn import Module
from minitorch.tensor import Tensor
from minitorch.viz.layers.taps import PAD, Taps, taps_of
from minitorch.viz.page import theme
from minitorch.viz.page.page import finite, template
from minitorch.viz.page.picture import Picture
from minitorch.viz.page.summary import number, shape_text
from minitorch.viz.page.svg import drawing, text
from minitorch.viz.record.settings import module_settings

__all__ = ["Matrix", "matrix"]

MAX_CELLS = 20_000  # most elements of a matrix that is drawn
CELL = 26  # pixels, of a small matrix
TEXT = 40  # most columns of a matrix with writing in its cells
GAP = 56


class Matrix(Picture):
    """The matrix of a layer. Prints as text, displays in a notebook, saves as .html, .svg, .json or .txt.

    `array` is the matrix, outputs by inputs; `T` is that of the transposed layer.

    Example:
        >>> import minitorch
        >>> from minitorch import nn, viz
        >>> conv = nn.Conv1d(1, 1, 2, bias=False)
        >>> conv.load_state_dict({"weight": minitorch.tensor([[[1.0, 2.0]]])})
        <All keys matched successfully>
        >>> viz.matrix(conv, (1, 3)).array
        array([[1., 2., 0.],
               [0., 1., 2.]])
    """

    WHAT = "a matrix"
    HEIGHT = 560

    def __init__(self, taps: Taps, weight: Array | None, title: str, bias: bool, turned: bool = False) -> None:
        self.taps, self._weight, self.title, self._bias, self._turned = taps, weight, title, bias, turned

    @property
    def array(self) -> Array:
        """The matrix, without the bias."""
        array = self.taps.matrix(self._weight)
        return array.T if self._turned else array

    @property
    def T(self) -> Matrix:
        """The matrix of the transposed layer, which takes the output's shape and gives the input's."""
        return Matrix(self.taps, self._weight, self.title, self._bias, not self._turned)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of the layer's input."""
        return self.taps.output_shape if self._turned else self.taps.input_shape

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the layer's output."""
        return self.taps.input_shape if self._turned else self.taps.output_shape

    @property
    def counts(self) -> str:
        """36 non-zeros of 64, 9 free numbers; a 4×16 matrix."""
        array = self.array
        places = {(o, i) for o, i, _ in self._cells()}
        free = len(set(self.taps.weight.tolist()) - {PAD}) or len({round(f, 12) for f in self.taps.factor.tolist()})
        plural = "free number" if free == 1 else "free numbers"
        return f"{array.shape[0]}×{array.shape[1]}: {len(places):,} of {array.size:,} places are used, by {free:,} {plural}"

    def _cells(self) -> list[tuple[int, int, int]]:
        """The places of the matrix that taps use: row, column, and the number of the weight."""
        taps = self.taps
        inside = (taps.input != PAD) & (taps.output != PAD)
        rows, columns = (taps.input, taps.output) if self._turned else (taps.output, taps.input)
        return list(zip(rows[inside].tolist(), columns[inside].tolist(), taps.weight[inside].tolist(), strict=True))

    @property
    def data(self) -> dict[str, Any]:
        """Shapes, the matrix, and its taps as [row, column, weight], for JSON."""
        return {
            "layer": self.title, "transposed": self._turned, "input": list(self.input_shape), "output": list(self.output_shape),
            "matrix": finite(self.array.tolist()), "taps": self._cells(),
        }  # fmt: skip

    @property
    def svg(self) -> str:
        """The input as an image and as a column, the matrix, the output as a column and as an image. For light and dark.

        Raises ValueError for a matrix too large to draw.
        """
        body, width, height = self._drawn()
        return drawing(self._headline, width, height, body)

    @property
    def html(self) -> str:
        """The picture as a page: a cell lights its window, its stamp, and all places of its weight; a button turns it."""
        pictures = "".join(
            f'<figure id="{id}" class="scroll"{hidden}>{one._inline()}</figure>'
            for id, one, hidden in (("plain", self, ""), ("turned", self.T, " hidden"))
        )
        colours = theme.css() + theme.in_dark(":where(figure svg)", variables=True)
        return template("matrix.html", title=f"{self.title} as a matrix", colours=colours, pictures=pictures)

    def _inline(self) -> str:
        body, width, height = self._drawn()
        return f'<svg width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" role="img">{body}</svg>'

    @property
    def _headline(self) -> str:
        turned = f"transposed {self.title}" if self._turned else self.title
        return f"{turned}: {shape_text(self.input_shape)} → {shape_text(self.output_shape)}" + (
            " (+ bias)" if self._bias else ""
        )

    def __repr__(self) -> str:
        """The matrix with a letter for each weight, a dot for 0."""
        array = self.array
        lines = [self._headline, self.counts]
        if array.size > MAX_CELLS or array.shape[1] > 120:
            return "\n".join([*lines, f"too wide for text: .array has all {array.size:,} elements"])
        grid = [["·"] * array.shape[1] for _ in range(array.shape[0])]
        for o, i, k in self._cells():
            grid[o][i] = LETTERS[k % len(LETTERS)] if k != PAD else "■"
        return "\n".join([*lines, *("  " + " ".join(row) for row in grid)])

    # ---- drawing --------------------------------------------------------------------------------------------------------

    def _drawn(self) -> tuple[str, float, float]:
        """The drawing and its size."""
        array = self.array
        rows, columns = array.shape
        if array.size > MAX_CELLS:
            raise ValueError(
                f"the matrix has {rows:,}×{columns:,} elements, and a picture shows {MAX_CELLS:,}: take a smaller image, such "
                f"as viz.matrix(layer, {(self.input_shape[0], *(min(n, 6) for n in self.input_shape[1:]))})"
            )
        size = CELL if columns <= TEXT else max(6.0, min(CELL, 1100 / columns))
        weights = {(o, i): k for o, i, k in self._cells()}
        image, image_wide, image_high = _image(self.input_shape, 20, 66, "i")
        x = 20 + image_wide + GAP
        top = 66
        parts = [text(20, 48, f"input {shape_text(self.input_shape)}", 14, bold=True), image]
        parts += [text(x, 48, "as a column", 12), *_column(columns, x, top, size, "i")]
        x += size + GAP
        parts.append(text(x, 48, f"matrix {rows}×{columns}", 14, bold=True))
        for o in range(rows):
            for i in range(columns):
                k = weights.get((o, i))
                value = float(array[o, i])
                marks = f'data-o="{o}" data-i="{i}"' + (f' data-k="{k}"' if k is not None else "")
                fill = _fill(value) if k is not None else theme.CARD
                parts.append(_rect(x + i * size, top + o * size, size, fill, marks))
                if k is not None and size >= CELL:
                    label = self._letter(k) if k != PAD else _short(value)
                    middle = x + (i + 0.5) * size, top + (o + 0.5) * size + 4
                    parts.append(text(*middle, label, 12, anchor="middle", marks=marks))
        end = x + columns * size + GAP
        parts += [text(end, 48, "output", 14, bold=True), *_column(rows, end, top, size, "o")]
        out, out_wide, out_high = _image(self.output_shape, end + size + GAP, 66, "o")
        parts += [text(end + size + GAP, 48, f"as an image {shape_text(self.output_shape)}", 12), out]
        parts.insert(0, text(20, 22, self._headline, 16, bold=True))
        high = max(top + max(rows, columns) * size, 66 + image_high, 66 + out_high) + 44
        parts.append(text(20, high - 14, f"{self.counts}. Green above 0, purple below, white: 0, whatever the weights.", 12))
        width = max(end + size + GAP + max(out_wide, 130) + 20, theme.width(self.counts, 12) + 420)
        return "\n".join(parts) + "\n", width, high

    def _letter(self, k: int) -> str:
        """The name of a weight: w with its place in the kernel."""
        place: Any = xp.unravel_index(k, self.taps.weight_shape)
        digits = [int(p) for p, n in zip(place, self.taps.weight_shape, strict=True) if n > 1]
        return "w" + "".join(map(str, digits)).translate(SUBSCRIPTS) if all(d < 10 for d in digits) and len(digits) < 4 else "w"


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def matrix(layer: Module, input: Any) -> Matrix:
    """The matrix of a linear layer: a convolution or its transpose, a pooling, Linear, padding, flatten, upsampling.

    `input` is the shape of an input without a batch, (channels, *size), or such an input: a max pooling needs one, as its
    matrix depends on which cells are the largest. The bias is not part of the matrix.

    Raises ValueError for a layer that is not linear, TypeError for anything but a layer and a shape. Example:

    >>> from minitorch import nn, viz
    >>> print(viz.matrix(nn.Conv1d(1, 1, 2, bias=False), (1, 4)))
    Conv1d 1→1, 2, no bias: 1×4 → 1×3
    3×4: 6 of 12 places are used, by 2 free numbers
      a b · ·
      · a b ·
      · · a b
    """
    if not isinstance(layer, Module):
        raise TypeError(f"matrix() shows a layer, an nn.Module, and got {type(layer).__name__}")
    shape = tuple(input.shape) if isinstance(input, Tensor) else input
    if not isinstance(shape, (tuple, list)) or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in shape):
        raise TypeError(f"matrix(): input is a shape without a batch, (channels, *size), or a Tensor of one, not {input!r:.60}")
    taps = taps_of(layer, tuple(shape))
    if taps.chooses:
        if not isinstance(input, Tensor):
            raise ValueError(
                f"{type(layer).__name__} has a matrix for each input: which cells are the largest depends on it. Pass one, "
                f"viz.matrix(layer, minitorch.randn({', '.join(map(str, shape))}))"
            )
        taps = taps.chosen(input.detach().cpu().numpy())
    weight, bias = layer._parameters.get("weight"), layer._parameters.get("bias")
    title = f"{type(layer).__name__} {module_settings(layer)}".strip()
    return Matrix(taps, None if weight is None else weight.detach().cpu().numpy(), title, bias is not None)


def _image(shape: tuple[int, ...], x: float, y: float, kind: str) -> tuple[str, float, float]:
    """The cells of an input or output as an image, each with its number; channels and slices below each other."""
    size = shape if len(shape) > 1 else (1, *shape)
    rows, columns = (1, size[-1]) if len(size) == 2 else size[-2:]
    planes = math.prod(size) // (rows * columns)
    cell = CELL if columns <= 16 else max(8.0, 420 / columns)
    parts = []
    for plane in range(planes):
        for r in range(rows):
            for c in range(columns):
                n = (plane * rows + r) * columns + c
                marks = f'data-{kind}="{n}"'
                left, top = x + c * cell, y + (plane * rows + r) * cell + plane * 10
                parts.append(_rect(left, top, cell, theme.CARD, marks))
                if cell >= CELL:
                    parts.append(text(left + cell / 2, top + cell / 2 + 4, str(n), 12, anchor="middle", marks=marks))
    return "\n".join(parts), columns * cell, planes * (rows * cell + 10)


def _column(count: int, x: float, y: float, size: float, kind: str) -> list[str]:
    parts = []
    for n in range(count):
        marks = f'data-{kind}="{n}"'
        parts.append(_rect(x, y + n * size, size, theme.CARD, marks))
        if size >= CELL:
            parts.append(text(x + size / 2, y + (n + 0.5) * size + 4, str(n), 12, anchor="middle", marks=marks))
    return parts


def _fill(value: float) -> str:
    """Green above 0, purple below."""
    if value == 0 or not math.isfinite(value):
        return theme.CARD
    return theme.PLUS if value > 0 else theme.MINUS


def _short(value: float) -> str:
    digits = number(value)
    return digits.replace("0.", ".", 1) if len(digits) > 3 else digits


def _rect(x: float, y: float, size: float, fill: str, marks: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" height="{size:.1f}" fill="{fill}" stroke="{theme.LINE}" {marks}/>'
