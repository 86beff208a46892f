"""A heat map of gradient-check errors: `viz.heatmap(gradcheck(f, x, raise_exception=False)).save("errors.svg")`.

Each input has a grid: a row for each element of the output, a column for each element of the input. A cell shows the error
|analytical - numerical| as a multiple of the tolerance: the larger, the darker, with a cross. Cells within it are white where
the derivative is 0 and grey elsewhere, so that the structure of the Jacobian shows. The pattern often identifies the mistake:
one stripe, a diagonal, everything but the border. Grids with errors come first.
"""

from __future__ import annotations

import json
import math
import textwrap
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

from minitorch.autograd import GradcheckError, GradcheckReport
from minitorch.autograd.report import Comparison
from minitorch.backend.arrays import xp
from minitorch.viz.page.page import write
from minitorch.viz.page.summary import number
from minitorch.viz.page.theme import CARD, FONT, INK, LINE, PAPER, QUIET, in_dark
from minitorch.viz.page.theme import width as letters

__all__ = ["Heatmap", "Panel", "heatmap"]

ERRORS = (  # light and dark: up to 10, 100, 1,000, 10,000 tolerances, and more
    ("#f3d9ea", "#3b2433"), ("#dfa3c9", "#63365a"), ("#b85f9b", "#93558a"), ("#87346d", "#c58abb"), ("#470f35", "#f6ddee"),
)  # fmt: skip
MAX_CELLS = 48  # per row and column of a grid; for a larger Jacobian a cell shows the worst of several entries


@dataclass(frozen=True)
class Panel:
    """One grid. `ratio` is error / tolerance, row by row: an entry agrees up to 1. `expected` is of each cell the entry with
    the largest error, or with the largest size. `verdict` says what is wrong, `note` the numbers of the worst entry.
    """

    title: str
    verdict: str
    note: str
    rows: int
    columns: int
    ratio: tuple[tuple[float, ...], ...]
    expected: tuple[tuple[float, ...], ...]
    tips: tuple[tuple[str, ...], ...]  # the tooltips of the cells with errors
    row_names: tuple[str, ...]  # the index of each row of cells in the output
    column_names: tuple[str, ...]


class Heatmap:
    """The errors of a gradient check. Prints as text, displays in a notebook, saves as .svg or .json.

    Example:
        >>> import minitorch
        >>> from minitorch import viz
        >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
        >>> report = minitorch.autograd.gradcheck(lambda x: x * x.detach(), x, raise_exception=False)
        >>> picture = viz.heatmap(report)
        >>> len(picture.panels)
        1
    """

    def __init__(self, panels: tuple[Panel, ...]) -> None:
        self.panels = panels

    @property
    def svg(self) -> str:
        """The picture as SVG text, for light and dark."""
        blocks, width, y = [], 420.0, 46.0
        for panel in self.panels:
            block, wide, high = _draw(panel, y)
            blocks.append(block)
            width, y = max(width, wide), y + high
        bad = sum(any(r > 1 for row in p.ratio for r in row) for p in self.panels)
        headline = f"{bad} of {len(self.panels)} derivatives are wrong" if bad else "every derivative is right"
        legend, wide = _legend(y)
        width = max(width, wide, letters(f"Gradient check: {headline}", 20, bold=True) + 32)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{y + 62:.0f}" '
            f'viewBox="0 0 {width:.0f} {y + 62:.0f}" role="img" font-family="{FONT}">\n'
            f"<title>Gradient check: {headline}</title>\n"
            "<desc>A grid for each input. Rows are elements of the output, columns elements of the input. The darker a cell, "
            "the larger the error.</desc>\n"
            f"<style>{in_dark()}{_dark_errors()}</style>\n"
            f'<rect width="100%" height="100%" fill="{PAPER}"/>\n'
            + _label(16, 30, f"Gradient check: {headline}", 20, INK, bold=True)
            + "\n".join(blocks)
            + f"\n{legend}\n</svg>\n"
        )

    def save(self, path: str | Path) -> Path:
        """Write the picture to a .svg file, or its numbers to a .json file. Raises ValueError for another suffix."""
        path = Path(path)
        ending = path.suffix.lower()
        if ending == ".svg":
            return write(path, self.svg.encode())
        if ending == ".json":
            return write(path, json.dumps([asdict(panel) for panel in self.panels]).encode())
        raise ValueError(
            f"cannot save a heat map as {path.name!r}: the endings .svg and .json are known; a browser makes a .png of the .svg"
        )

    def __repr__(self) -> str:
        lines = []  # a dot agrees; a digit is an error of up to 10, 100 ... times the tolerance
        for panel in self.panels:
            lines.append(f"{panel.title}: " + " ".join(filter(None, (panel.verdict, panel.note))))
            lines += ["    " + "".join(str(_level(r) or "·") for r in row) for row in panel.ratio]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "image/svg+xml": self.svg}


def heatmap(report: GradcheckReport | GradcheckError) -> Heatmap:
    """The heat map of the report that `gradcheck(..., raise_exception=False)` returned, or of a GradcheckError.

    Raises TypeError for anything else, ValueError if the check compared nothing. Example:

    >>> import minitorch
    >>> from minitorch import viz
    >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> report = minitorch.autograd.gradcheck(lambda x: x * x.detach(), x, raise_exception=False)
    >>> viz.heatmap(report).panels[0].verdict
    'Every entry is 0.5 times what is expected.'
    """
    if isinstance(report, GradcheckError):
        report = report.report
    if not isinstance(report, GradcheckReport):
        raise TypeError(
            f"heatmap() draws the report of a gradient check, and got {type(report).__name__}: call gradcheck with "
            "raise_exception=False for one"
        )
    if not report.comparisons:
        raise ValueError(f"there is nothing to draw: {report}")
    return Heatmap(tuple(_panel(comparison) for comparison in sorted(report.comparisons, key=lambda c: c.agrees)))


def _panel(c: Comparison) -> Panel:
    rows, columns = c.error.shape
    down, across = max(1, math.ceil(rows / MAX_CELLS)), max(1, math.ceil(columns / MAX_CELLS))
    ratio = c.error / c.allowed.clip(1e-300)
    blocks = [[ratio[i : i + down, j : j + across] for j in range(0, columns, across)] for i in range(0, rows, down)]
    shrunk = tuple(tuple(min(1e300, float(block.max())) for block in row) for row in blocks)
    off = c.off

    def tip(i: int, j: int) -> str:
        block = off[i : i + down, j : j + across]
        if not block.any():
            return ""
        k = int(ratio[i : i + down, j : j + across].argmax())
        e = c.entry(i + k // block.shape[1], j + k % block.shape[1])
        return f"output {list(e.row)}, input {list(e.column)}: expected {e.expected:.6g}, got {e.got:.6g}"

    def shown(i: int, j: int) -> float:
        block = (slice(i, i + down), slice(j, j + across))
        sizes = c.error[block] if off[block].any() else xp.nan_to_num(abs(c.numerical[block]))
        return float(c.numerical[block].reshape(-1)[int(sizes.reshape(-1).argmax())])

    starts = [(i, [*range(0, columns, across)]) for i in range(0, rows, down)]
    tips = tuple(tuple(tip(i, j) for j in js) for i, js in starts)
    expected = tuple(tuple(shown(i, j) for j in js) for i, js in starts)
    verdict, note = "", f"{c.error.size} entries agree"
    if not c.agrees:
        (worst,) = c.worst(1)
        factor = c.factor()
        verdict = c.looks_like
        if factor is not None:
            verdict = (
                "All that came is 0." if abs(factor) < 1e-6 else f"Every entry is {number(factor)} times what is expected."
            )
        note = (
            f"{int(c.off.sum())} of {c.error.size} entries off, the worst at output {list(worst.row)}, input "
            f"{list(worst.column)}: expected {number(worst.expected)}, got {number(worst.got)}"
        )
    if down * across > 1:
        note += f"; a cell is the worst of {down}×{across}"
    title = f"{c.output} {list(c.output_shape)} with respect to {c.label} {list(c.input_shape)}"
    names = [
        tuple(str(list(_index(k, shape))) for k in range(0, count, step))
        for shape, count, step in ((c.output_shape, rows, down), (c.input_shape, columns, across))
    ]
    return Panel(title, verdict, note, rows, columns, shrunk, expected, tips, names[0], names[1])


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in xp.unravel_index(flat, shape)) if shape else ()


def _level(ratio: float) -> int:
    """0 if an entry agrees, 1 up to 10 times the tolerance, 2 up to 100 times ..."""
    if ratio <= 1:
        return 0
    return min(len(ERRORS), 1 + int(math.log10(min(ratio, 1e9))))


def _draw(panel: Panel, y: float) -> tuple[str, float, float]:
    """A grid at height y: its SVG, width and height."""
    down, across = len(panel.ratio), max((len(row) for row in panel.ratio), default=0)
    size = max(9.0, min(28.0, 480 / max(down, across, 1)))
    every = max(1, math.ceil(14 / size))  # labels that do not touch
    left = 30 + max(letters(name, 12) for name in (*panel.row_names, "output"))
    tall = max((letters(name, 12) for name in panel.column_names), default=0)
    verdict = textwrap.wrap(panel.verdict, 86)
    top = y + 56 + 19 * len(verdict) + tall
    parts = [_label(16, y + 16, panel.title, 14, INK, bold=True)]
    parts += [_label(16, y + 36 + 19 * i, line, 14, INK) for i, line in enumerate(verdict)]
    parts.append(_label(16, y + 36 + 19 * len(verdict), panel.note, 12, QUIET))
    parts += [
        _label(left - 8, top + (i + 0.5) * size + 4, name, 12, QUIET, "end")
        for i, name in enumerate(panel.row_names)
        if i % every == 0
    ]
    for j, name in enumerate(panel.column_names):
        if j % every == 0:
            x = left + (j + 0.5) * size + 4
            turned = f'transform="translate({x:.1f} {top - 6:.1f}) rotate(-90)" font-size="12" fill="{QUIET}"'
            parts.append(f"<text {turned}>{escape(name)}</text>")
    for i, row in enumerate(panel.ratio):
        for j, ratio in enumerate(row):
            x0, y0, level = left + j * size, top + i * size, _level(ratio)
            colour = ERRORS[level - 1][0] if level else LINE if panel.expected[i][j] else CARD
            opacity = ' fill-opacity="0.45"' if colour == LINE else ""
            cell = f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{size - 1:.1f}" height="{size - 1:.1f}" fill="{colour}"{opacity}/>'
            if level:  # not by colour alone
                a, b = 0.32 * size, 0.68 * size - 1
                cross = (
                    f"M{x0 + a:.1f} {y0 + a:.1f}L{x0 + b:.1f} {y0 + b:.1f}M{x0 + a:.1f} {y0 + b:.1f}L{x0 + b:.1f} {y0 + a:.1f}"
                )
                cell += f'<path d="{cross}" stroke="{INK if level < 3 else CARD}" stroke-width="1.5"/>'
                cell = f"<g><title>{escape(panel.tips[i][j])}</title>{cell}</g>"
            parts.append(cell)
    text = max(letters(panel.title, 14, bold=True), letters(panel.note, 12), *(letters(line, 14) for line in (*verdict, "")))
    return "\n".join(parts), max(left + across * size + 16, text + 32), top - y + down * size + 26


def _legend(y: float) -> tuple[str, float]:
    labels = ("0, right", "not 0, right", "≤ 10×", "≤ 100×", "≤ 1,000×", "≤ 10,000×", "more")
    head = "Each cell is the derivative of one output element (row) in one input element (column). Colour: error / tolerance"
    x, parts = 16.0, [_label(16, y + 8, head, 12, QUIET)]
    for colour, label in zip((CARD, LINE, *(light for light, _ in ERRORS)), labels, strict=True):
        opacity = ' fill-opacity="0.45"' if colour == LINE else ""
        parts.append(f'<rect x="{x:.0f}" y="{y + 20:.0f}" width="16" height="16" fill="{colour}" stroke="{LINE}"{opacity}/>')
        parts.append(_label(x + 21, y + 33, label, 12, QUIET))
        x += 34 + letters(label, 12)
    return "\n".join(parts), max(x, 32 + letters(head, 12))


def _label(x: float, y: float, text: str, size: int, colour: str, anchor: str = "start", bold: bool = False) -> str:
    style = f'font-size="{size}" fill="{colour}" text-anchor="{anchor}"' + (' font-weight="bold"' if bold else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>\n'


def _dark_errors() -> str:
    rules = "".join(f'[fill="{light}"]{{fill:{dark}}}' for light, dark in ERRORS)
    return f"@media (prefers-color-scheme:dark){{{rules}}}"
