"""A heat map of gradient-check errors: `viz.heatmap(gradcheck(f, x, raise_exception=False)).save("errors.svg")`.

Each input has a grid: a row for each element of the output, a column for each element of the input. A cell shows the error
|analytical - numerical| as a multiple of the tolerance. Cells within it are blue; others go from yellow to dark red with a
growing dot, and a tooltip shows their numbers. The pattern often identifies the mistake: one stripe, a diagonal, everything but
the border. Grids with errors come first.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

from minitorch.autograd import GradcheckError, GradcheckReport
from minitorch.autograd.report import Comparison
from minitorch.viz.page import write

__all__ = ["Heatmap", "Panel", "heatmap"]

MAX_CELLS = 48  # per row and column of a grid; for a larger Jacobian a cell shows the worst of several entries

AGREES_COLOUR = "#CDE7F7"
OFF_COLOURS = ("#FCE3A2", "#F2B84B", "#E07B1F", "#B33A00", "#6E1400")  # up to 10, 100, 1,000, 10,000 tolerances, and more


@dataclass(frozen=True)
class Panel:
    """One grid. `ratio` is error / tolerance, row by row: an entry agrees up to 1. `note` describes the worst entry."""

    title: str
    note: str
    rows: int
    columns: int
    ratio: tuple[tuple[float, ...], ...]
    tips: tuple[tuple[str, ...], ...]  # the tooltips of the cells with errors


class Heatmap:
    """The errors of a gradient check. Prints as text, displays in a notebook, saves as .svg or .json."""

    def __init__(self, panels: tuple[Panel, ...]) -> None:
        self.panels = panels

    @property
    def svg(self) -> str:
        """The picture as SVG text."""
        blocks, width, y = [], 360.0, 34.0
        for panel in self.panels:
            block, wide, high = _draw(panel, y)
            blocks.append(block)
            width, y = max(width, wide), y + high
        bad = sum(any(r > 1 for row in p.ratio for r in row) for p in self.panels)
        summary = f"{bad} of {len(self.panels)} grids have entries that are off" if bad else "every entry agrees"
        legend, wide = _legend(y)
        width = max(width, wide)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{y + 44:.0f}" '
            f'viewBox="0 0 {width:.0f} {y + 44:.0f}" role="img" font-family="Helvetica, Arial, sans-serif">\n'
            f"<title>Errors of a gradient check: {summary}</title>\n"
            "<desc>A grid for each input. Rows are elements of the output, columns elements of the input, colours the error "
            "measured by the tolerance.</desc>\n"
            '<rect width="100%" height="100%" fill="white"/>\n'
            f'<text x="16" y="22" font-size="13" font-weight="bold" fill="#222">Gradient check: {summary}</text>\n'
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
            lines.append(f"{panel.title}: {panel.note}")
            lines += ["    " + "".join(str(_level(r) or "·") for r in row) for row in panel.ratio]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "image/svg+xml": self.svg}


def heatmap(report: GradcheckReport | GradcheckError) -> Heatmap:
    """The heat map of the report that `gradcheck(..., raise_exception=False)` returned, or of a GradcheckError.

    Raises TypeError for anything else, ValueError if the check compared nothing.
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

    tips = tuple(tuple(tip(i, j) for j in range(0, columns, across)) for i in range(0, rows, down))
    note = f"{c.error.size} entries agree"
    if not c.agrees:
        (worst,) = c.worst(1)
        note = (
            f"{int(c.off.sum())} of {c.error.size} entries off, the worst at output {list(worst.row)}, input "
            f"{list(worst.column)}: expected {worst.expected:.6g}, got {worst.got:.6g}"
        )
    if down * across > 1:
        note += f"; a cell is the worst of {down} × {across}"
    title = f"{c.output} {list(c.output_shape)} with respect to {c.label} {list(c.input_shape)}"
    return Panel(title, note, rows, columns, shrunk, tips)


def _level(ratio: float) -> int:
    """0 if an entry agrees, 1 up to 10 times the tolerance, 2 up to 100 times ..."""
    if ratio <= 1:
        return 0
    return min(len(OFF_COLOURS), 1 + int(math.log10(min(ratio, 1e9))))


def _draw(panel: Panel, y: float) -> tuple[str, float, float]:
    """A grid at height y: its SVG, width and height."""
    down, across = len(panel.ratio), max((len(row) for row in panel.ratio), default=0)
    size = max(7.0, min(24.0, 420 / max(down, across, 1)))
    left, top, down_label = 40.0, y + 44, f"{panel.rows} outputs →" if panel.rows > 1 else "1"
    parts = [
        f'<text x="16" y="{y + 14:.0f}" font-size="12" fill="#222">{escape(panel.title)}</text>',
        f'<text x="16" y="{y + 30:.0f}" font-size="11" fill="#555">{escape(panel.note)}</text>',
        f'<text x="{left:.0f}" y="{top + down * size + 15:.0f}" font-size="10" fill="#555">'
        f"{panel.columns} elements of the input →</text>",
        f'<text transform="translate({left - 13:.0f} {top:.0f}) rotate(90)" font-size="10" fill="#555">{down_label}</text>',
    ]
    for i, row in enumerate(panel.ratio):
        for j, ratio in enumerate(row):
            x0, y0, level = left + j * size, top + i * size, _level(ratio)
            colour = OFF_COLOURS[level - 1] if level else AGREES_COLOUR
            cell = f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{size - 1:.1f}" height="{size - 1:.1f}" rx="1.5" fill="{colour}"/>'
            if level:  # not by colour alone
                dot, fill = size * (0.10 + 0.05 * level), "#222" if level < 3 else "white"
                cell += f'<circle cx="{x0 + size / 2:.1f}" cy="{y0 + size / 2:.1f}" r="{dot:.1f}" fill="{fill}"/>'
                cell = f"<g><title>{escape(panel.tips[i][j])}</title>{cell}</g>"
            parts.append(cell)
    text = 6.6 * max(len(panel.title), len(panel.note) * 11 / 12) + 32
    return "\n".join(parts), max(left + across * size + 16, text), 44 + max(down * size, 5.6 * len(down_label)) + 34


def _legend(y: float) -> tuple[str, float]:
    labels = ("at most 1", "10", "100", "1,000", "10,000", "more")
    head = "error as a multiple of what is allowed (atol + rtol × |expected|):"
    x, parts = 16.0, [f'<text x="16" y="{y + 6:.0f}" font-size="11" fill="#333">{head}</text>']
    for colour, label in zip((AGREES_COLOUR, *OFF_COLOURS), labels, strict=True):
        parts.append(f'<rect x="{x:.0f}" y="{y + 14:.0f}" width="14" height="14" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{x + 19:.0f}" y="{y + 25:.0f}" font-size="11" fill="#333">{label}</text>')
        x += 34 + 6.4 * len(label)
    return "\n".join(parts), max(x, 16 + 5.6 * len(head))
