"""A layer at work, cell by cell, forward and backward: `viz.animate(nn.Conv2d(1, 1, 3), x).save("conv.html")`.

The window moves over the input; what it covers, times the kernel, adds up to one cell of the output. The page lets the window
be dragged and settings be changed; a frame, a filmstrip, a GIF and a text show the same without a page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from minitorch.backend.arrays import xp
from minitorch.nn import Module
from minitorch.viz.layers.frame import Panel, cell_text, panels, sentence
from minitorch.viz.layers.stage import BEYOND, NUMBERS, TARGETS, Stage, stage_of
from minitorch.viz.page import theme
from minitorch.viz.page.page import finite, script, script_data, template, write
from minitorch.viz.page.picture import Picture
from minitorch.viz.page.raster import moving
from minitorch.viz.page.summary import shape_text
from minitorch.viz.page.svg import drawing, text

__all__ = ["Animation", "Filmstrip", "animate"]

CELL, GAP, SIGN = 44, 10, 64  # pixels: a cell with a number, between planes, between panels
LABEL = 18  # the height of a plane's name
MOST_FRAMES = 120  # of a moving picture; of a longer one every second, third, ... step is drawn
VIEW_TITLES = {
    "forward": "forward", "shift_and_add": "shift and add", "grad_input": "gradient of the input",
    "grad_weight": "gradient of the weight", "grad_bias": "gradient of the bias", "matrix": "as a matrix",
    "as_convolution": "as a convolution, with zeros between the cells",
}  # fmt: skip


class Animation(Picture):
    """A layer, step by step. Prints the step as text, saves as .html, .svg and .png (one step), .gif, .apng, .json or .txt.

    `len(a)` is the number of steps; `a[4]` the same at its fifth, `a[-1]` at the last; `a.filmstrip()` some in one drawing.
    `a.view` and `a.by` say what is computed, and what a step is: see `animate`.

    Example:
        >>> import minitorch
        >>> from minitorch import nn, viz
        >>> pooling = viz.animate(nn.MaxPool1d(2), minitorch.tensor([[3.0, 1.0, 2.0, 5.0]]))
        >>> len(pooling)
        2
        >>> print(pooling[-1].sentence)
        y[0, 1] = max(2, 5) = x[0, 3] = 5
    """

    WHAT = "an animation"
    HEIGHT = 720

    def __init__(self, stage: Stage, view: str, by: str, step: int) -> None:
        if not isinstance(stage, Stage):
            raise TypeError(f"an Animation is made by viz.animate(layer, x), not of {type(stage).__name__}")
        self.layer_stage, self.view, self.by, self.step = stage, view, by, step
        self.stage = stage.as_convolution if view == "as_convolution" else stage

    def __len__(self) -> int:
        return self.stage.array(self.by).size

    def __getitem__(self, step: int) -> Animation:
        if type(step) is not int:
            raise TypeError(f"a step is an int, not {type(step).__name__}: filmstrip() shows several")
        if not -len(self) <= step < len(self):
            raise IndexError(f"the steps go from 0 to {len(self) - 1}, and {step} was asked for")
        return Animation(self.layer_stage, self.view, self.by, step % len(self))

    def __iter__(self) -> Iterator[Animation]:
        return (self[step] for step in range(len(self)))

    @property
    def endings(self) -> list[str]:
        return [*super().endings, ".gif", ".apng"]

    @property
    def headline(self) -> str:
        """The layer and its shapes."""
        stage = self.stage
        return f"{stage.title}: {shape_text(stage.x.shape)} → {shape_text(stage.y.shape)}"

    @property
    def sentence(self) -> str:
        """What the step computes, with its numbers."""
        return sentence(self.stage, self.view, self.by, self.step)

    @property
    def data(self) -> dict[str, Any]:
        """The layer's arrays, its table of taps and its windows, for JSON."""
        shown: dict[str, Any] = finite({**self.layer_stage.data, "view": self.view, "by": self.by, "step": self.step})
        return shown

    @property
    def html(self) -> str:
        """The page: every step and view, the window to drag, settings to change."""
        data = self.data | {"titles": VIEW_TITLES}
        return template(
            "layer.html", title=escape(self.headline), colours=theme.css(), data=script_data(data), script=script("layer.js")
        )

    @property
    def svg(self) -> str:
        """The step, for light and dark."""
        body, width, height = self._drawn(whole=True)
        return drawing(f"{self.headline}, step {self.step + 1} of {len(self)}", width, height, body)

    def filmstrip(self, count: int = 4) -> Filmstrip:
        """`count` steps in one drawing, evenly spread from the first to the last."""
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise ValueError(f"filmstrip(): count is a number of steps, 1 at least, not {count!r:.60}")
        count = min(count, len(self))
        steps = sorted({round(i * (len(self) - 1) / max(1, count - 1)) for i in range(count)})
        return Filmstrip([self[step] for step in steps])

    def save(self, path: str | Path) -> Path:
        if not isinstance(path, (str, Path)) or Path(path).suffix.lower() not in (".gif", ".apng"):
            return super().save(path)
        path = Path(path)
        every = -(-len(self) // MOST_FRAMES)
        return write(path, moving([self[step].svg for step in range(0, len(self), every)], path.suffix.lower()))

    def __repr__(self) -> str:
        lines = [self.headline, f"{VIEW_TITLES[self.view]}, step {self.step + 1} of {len(self)}"]
        shown = panels(self.stage, self.view, self.by, self.step)
        if all(panel.values.size <= 256 and panel.values.shape[3] <= NUMBERS for panel in shown):
            blocks = [_block(panel) for panel in shown]
            if sum(len(block[0]) + 3 for block in blocks) <= 120:
                rows = max(map(len, blocks))
                blocks = [block + [" " * len(block[0])] * (rows - len(block)) for block in blocks]
                lines += ["   ".join(parts).rstrip() for parts in zip(*blocks, strict=True)]
        return "\n".join([*lines, self.sentence])

    # ---- drawing ----------------------------------------------------------------------------------------------------------

    def _drawn(self, whole: bool) -> tuple[str, float, float]:
        """The step as SVG: panels, sentence; and if `whole`, a headline above, the sizes and a legend below."""
        shown = panels(self.stage, self.view, self.by, self.step)
        boxes = [_size(panel) for panel in shown]
        high = max(height for _, height in boxes)
        x, y = 20.0, 56.0 if whole else 14.0
        parts: list[str] = []
        for i, (panel, (wide, tall)) in enumerate(zip(shown, boxes, strict=True)):
            top = y + (high - tall) / 2
            parts.append(_panel(panel, x, top, self._struck(panel)))
            x += wide
            if i + 1 < len(shown):
                sign, words = self._between(shown, i)
                across = max(SIGN, theme.width(words, 12) + 24)
                middle = y + 20 + (high - 20) / 2
                parts.append(text(x + across / 2, middle + 8, sign, 22, colour=theme.INK, anchor="middle"))
                if words:
                    parts.append(text(x + across / 2, middle - 18, words, 12, anchor="middle"))
                x += across
        y += high + 22
        width = max(x + 20, 620.0)
        warm = TARGETS[self.view] != "output"
        lines = _wrapped(self.sentence, 17, width - 64)
        tint, colour = theme.TOKENS["gradient-tint" if warm else "value-tint"][0], theme.GRADIENT if warm else theme.VALUE
        for wide, fill in ((width - 40, tint), (4.0, colour)):
            box = f'x="20" y="{y:.0f}" width="{wide:.0f}" height="{24 * len(lines) + 16}"'
            parts.append(f'<rect {box} fill="{fill}"/>')
        for i, line in enumerate(lines):
            parts.append(text(34, y + 26 + 24 * i, line, 17, colour=theme.INK))
        y += 24 * len(lines) + 30
        if not whole:
            return "\n".join(parts), width, y
        head = f"{VIEW_TITLES[self.view]}, step {self.step + 1} of {len(self)}"
        title_wide, head_wide = theme.width(self.headline, 18, bold=True), theme.width(head, 14)
        if 20 + title_wide + 30 + head_wide + 20 > width:
            width = 70 + title_wide + head_wide
        parts += [text(20, 32, self.headline, 18, bold=True), text(width - 20, 32, head, 14, anchor="end")]
        notes = [*self._sizes(), self._legend(shown)]
        for note in notes:
            for line in _wrapped(note, 13, width - 40):
                parts.append(text(20, y + 10, line, 13))
                y += 20
        return "\n".join(parts), width, y + 12

    def _between(self, shown: list[Panel], i: int) -> tuple[str, str]:
        """The sign between a panel and the next, and the words over it."""
        after, last = shown[i + 1], i + 2 == len(shown)
        if self.view == "matrix":
            return ("@", "") if i == 0 else ("=", "+ bias" if self.stage.bias is not None else "")
        if after.part == "product":
            return "=", ""
        if not last:
            return ("⊙" if self.by == TARGETS[self.view] or self.by == self.stage.per else "×"), ""
        if self.by != TARGETS[self.view]:
            return "→", "added" if self.stage.kind != "unpool" else "by index"
        if self.view == "forward" and self.stage.kind in ("max", "average"):
            return "→", {"max": "largest", "average": "mean"}[self.stage.kind]
        if self.stage.weight is None:
            return "→", ""
        return "→", "sum + bias" if TARGETS[self.view] == "output" and self.stage.bias is not None else "sum"

    def _struck(self, panel: Panel) -> set[int]:
        """Cells of the input that no window reads."""
        if panel.part != "input" or not self.stage.axes:
            return set()
        return set(range(self.stage.x.size)) - set(self.stage.taps.input.tolist())

    def _sizes(self) -> list[str]:
        """Where the size of the output comes from, for each axis that is different."""
        found: dict[str, list[str]] = {}
        for axis in self.stage.axes:
            numbers = axis.formula[1].strip() if len(axis.formula) > 1 else axis.formula[0]
            said = f"{numbers} = {axis.out}" if len(axis.formula) > 1 else numbers
            words = [word for word in axis.words if not word.startswith("an output cell")]
            found.setdefault(" · ".join([said, *words]), []).append(axis.name)
        return [f"output {' and '.join(names)} {line}" for line, names in found.items()]

    def _legend(self, shown: list[Panel]) -> str:
        words = ["green above 0, purple below"]
        on = next((panel for panel in shown if panel.part == self.stage.on), None)
        if on is not None and (on.cell == -1).any():
            dashed = {"transposed": "padding, cut off", "spread": "zeros between and around the cells"}
            words.append(f"dashed: {dashed.get(self.stage.kind, 'padding')}")
        if on is not None and on.copied is not None:
            words.append("dashed: padding, copies of cells inside")
        if on is not None and (on.cell == BEYOND).any():
            words.append("dotted: beyond the padding, only reached in ceil_mode")
        if any(self._struck(panel) for panel in shown):
            words.append("struck through: no window reads it")
        if any(panel.corner for panel in shown):
            indices = {"max": "[ ]: the index of the largest, in its plane of the input"}
            indices["unpool"] = "[ ]: the index, a place in a plane of the output"
            words.append(indices.get(self.stage.kind, "2×: two stamps have been added here"))
        return "; ".join(words)


class Filmstrip(Picture):
    """Some steps of an animation in one drawing, one below the other.

    Example:
        >>> import minitorch
        >>> from minitorch import nn, viz
        >>> pooling = viz.animate(nn.MaxPool1d(2), minitorch.tensor([[3.0, 1.0, 2.0, 5.0]]))
        >>> [step["sentence"] for step in pooling.filmstrip(2).data]
        ['y[0, 0] = max(3, 1) = x[0, 0] = 3', 'y[0, 1] = max(2, 5) = x[0, 3] = 5']
    """

    WHAT = "a filmstrip"

    def __init__(self, steps: list[Animation]) -> None:
        if not isinstance(steps, list) or not steps or not all(isinstance(step, Animation) for step in steps):
            raise TypeError("a Filmstrip is made by viz.animate(layer, x).filmstrip(): a list of steps")
        self.steps = steps

    @property
    def data(self) -> list[dict[str, Any]]:
        """The number and sentence of each step, for JSON."""
        return [{"step": step.step, "sentence": step.sentence} for step in self.steps]

    @property
    def html(self) -> str:
        return self.steps[0].html

    @property
    def svg(self) -> str:
        first = self.steps[0]
        y = 64.0
        parts = [text(20, 30, first.headline, 18, bold=True), text(20, 52, VIEW_TITLES[first.view], 14)]
        drawn = [step._drawn(whole=False) for step in self.steps]
        for step, (body, _, height) in zip(self.steps, drawn, strict=True):
            parts.append(text(20, y + 12, f"step {step.step + 1} of {len(step)}", 12))
            parts.append(f'<g transform="translate(0 {y + 6:.0f})">{body}</g>')
            y += height + 12
        width = max([width for _, width, _ in drawn] + [theme.width(first.headline, 18, bold=True) + 40])
        return drawing(first.headline, width, y + 8, "\n".join(parts))

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.steps))


def animate(
    layer: Module, x: Any, view: str = "forward", by: str | None = None, *,
    grad: Any = None, indices: Any = None, output_size: Any = None,
) -> Animation:  # fmt: skip
    """A layer at work: each step one cell, its window, the products and their sum; forward and backward.

    For convolutions and their transposes, poolings and unpoolings, Linear, Unfold and Fold, padding, upsampling, Flatten.
    `x` is an input without a batch, (channels, *size), or its shape: then it is filled with small whole numbers. `view` is

    - "forward": the output. A step is an output cell and gathers its window; with by="input" a step is an input cell and
      adds its stamp, which is the usual way for a transposed convolution.
    - "grad_input", "grad_weight", "grad_bias": the gradients, from `grad`, that of the output; all ones if it is not given.
    - "shift_and_add": the output again, a weight at a time: the whole input, shifted and multiplied by it, is added.
    - "matrix": the output again, as a matrix times a vector, where input and output have up to 64 cells each.
    - "as_convolution": a transposed convolution as a window over its input, with zeros between and around the cells.

    An unpooling takes `indices` and perhaps `output_size`.

    Raises ValueError for a layer that does not multiply and add, or an image too large to draw, TypeError for no layer or
    no input. Example:

    >>> import minitorch
    >>> from minitorch import nn, viz
    >>> conv = nn.Conv1d(1, 1, 3, bias=False)
    >>> conv.load_state_dict({"weight": minitorch.tensor([[[1.0, 0.0, -1.0]]])})
    <All keys matched successfully>
    >>> print(viz.animate(conv, minitorch.tensor([[3.0, 1.0, 2.0, 5.0]])))
    Conv1d 1→1, 3, no bias: 1×4 → 1×2
    forward, step 1 of 2
    input          kernel         products       output
    [3][1][2] 5     [1] [0][−1]     3   0  −2    [1] ·
    y[0, 0] = 3·1 + 1·0 + 2·(−1) = 1
    """
    if not isinstance(layer, Module):
        raise TypeError(f"animate() shows a layer, an nn.Module, and got {type(layer).__name__}")
    stage = stage_of(layer, x, grad, indices, output_size)
    if not isinstance(view, str) or view not in stage.views:
        raise ValueError(f"animate() of {type(layer).__name__}: view is one of {', '.join(stage.views)}, not {view!r:.60}")
    ways = stage.views[view]
    if by is not None and by not in ways:
        raise ValueError(f"animate(): the steps of {view} go by {' or '.join(ways)}, not by {by!r:.60}")
    return Animation(stage, view, by or ways[0], 0)


# ---- panels -----------------------------------------------------------------------------------------------------------


def _cell(panel: Panel) -> float:
    rows, columns = panel.values.shape[2:]
    return CELL if max(rows, columns) <= NUMBERS else max(7.0, 420 / max(rows, columns))


def _named(panel: Panel) -> bool:
    return bool(panel.names) or panel.values.shape[1] > 1


def _size(panel: Panel) -> tuple[float, float]:
    down, across, rows, columns = panel.values.shape
    cell, label = _cell(panel), LABEL if _named(panel) else 0
    wide = across * (columns * cell + GAP) - GAP
    return max(wide, theme.width(f"{panel.title} {panel.shape}", 13, bold=True)), 24 + down * (rows * cell + label + GAP) - GAP


def _panel(panel: Panel, x: float, y: float, struck: set[int]) -> str:
    down, across, rows, columns = panel.values.shape
    cell, label = _cell(panel), LABEL if _named(panel) else 0
    hue = theme.GRADIENT if panel.quantity == "gradient" else theme.VALUE
    parts = [text(x, y + 12, panel.title, 13, colour=hue, bold=True)]
    parts.append(text(x + theme.width(panel.title, 13, bold=True) + 6, y + 12, panel.shape, 12))
    finite_ = panel.values[panel.known & xp.isfinite(panel.values)]
    most = float(abs(finite_).max(initial=0)) or 1.0
    for d in range(down):
        for a in range(across):
            left, top = x + a * (columns * cell + GAP), y + 22 + d * (rows * cell + label + GAP)
            if label:
                parts.append(text(left, top + 12, _plane_name(panel, d, a), 12))
                top += label
            for r in range(rows):
                for c in range(columns):
                    parts.append(_square(panel, (d, a, r, c), left + c * cell, top + r * cell, cell, most, struck))
            parts += _lit(panel, d, a, left, top, cell)
    return "\n".join(parts)


def _plane_name(panel: Panel, down: int, across: int) -> str:
    slices = [f"slice {across}"] if panel.values.shape[1] > 1 else []
    return ", ".join([*panel.names[down : down + 1], *slices])


def _square(panel: Panel, at: tuple[int, ...], x: float, y: float, cell: float, most: float, struck: set[int]) -> str:
    value, number, known = float(panel.values[at]), int(panel.cell[at]), bool(panel.known[at])
    inside = number >= 0
    copied = panel.copied is not None and bool(panel.copied[at])
    dash = "" if inside and not copied else ' stroke-dasharray="4 3"' if number != BEYOND else ' stroke-dasharray="1 4"'
    box = f'x="{x:.1f}" y="{y:.1f}" width="{cell:.1f}" height="{cell:.1f}"'
    parts = [f'<rect {box} fill="{theme.CARD if inside else theme.PAPER}" stroke="{theme.LINE}"{dash}/>']
    shown = known and math.isfinite(value)
    if shown and value != 0:
        colour = theme.PLUS if value > 0 else theme.MINUS
        parts.append(f'<rect {box} fill="{colour}" fill-opacity="{0.15 + 0.85 * min(1, abs(value) / most):.2f}"/>')
    if number in struck:
        parts.append(f'<line x1="{x:.1f}" y1="{y + cell:.1f}" x2="{x + cell:.1f}" y2="{y:.1f}" stroke="{theme.LINE}"/>')
    words = cell_text(value) if known else panel.padding if number == -1 else "·" if panel.part == "matrix" else ""
    if words and cell >= CELL:
        corner = panel.corner.get(number, "")
        colour = theme.INK if inside else theme.QUIET
        parts.append(text(x + cell / 2, y + (18 if corner else cell / 2 + 4.5), words, 12, colour=colour, anchor="middle"))
        if corner:
            parts.append(text(x + cell / 2, y + 35, corner, 12, anchor="middle"))
    return "".join(parts)


def _lit(panel: Panel, d: int, a: int, x: float, y: float, cell: float) -> list[str]:
    """The window with a halo around it; and each cell that is lit, where they are not just the window."""
    outlines, parts = [], []
    windows = [box[2:] for box in panel.boxes if box[:2] == (d, a)]
    for first, last, left, right in windows:
        outlines.append((x + left * cell, y + first * cell, (right - left + 1) * cell, (last - first + 1) * cell))
    lit = panel.lit[d, a]
    filled = any(lit[t : b + 1, l : r + 1].all() for t, b, l, r in windows)  # noqa: E741
    cells = [(x + c * cell, y + r * cell, cell, cell) for r, c in zip(*(part.tolist() for part in lit.nonzero()), strict=True)]
    if not filled and len(cells) == 1:  # the one cell of a step, the largest of a window
        outlines += cells
    elif not filled and not lit.all():
        inset = min(2.0, cell / 8)
        for x0, y0, wide, high in cells:
            box = f'x="{x0 + inset:.1f}" y="{y0 + inset:.1f}" width="{wide - 2 * inset:.1f}" height="{high - 2 * inset:.1f}"'
            parts.append(f'<rect {box} fill="none" stroke="{theme.INK}" stroke-width="1.5"/>')
    for stroke, width, out in ((theme.TOKENS["halo"][0], 3.5, 2.75), (theme.INK, 2.5, 0)):
        for x0, y0, wide, high in outlines:
            box = f'x="{x0 - out:.1f}" y="{y0 - out:.1f}" width="{wide + 2 * out:.1f}" height="{high + 2 * out:.1f}"'
            parts.append(f'<rect {box} rx="2" fill="none" stroke="{stroke}" stroke-width="{width}"/>')
    return parts


def _block(panel: Panel) -> list[str]:
    """A panel as lines of text of one width: cells that are lit are in brackets."""
    lines = [panel.title]
    words = xp.full(panel.values.shape, "", dtype=object)
    for at in xp.ndindex(*panel.values.shape):
        shown = cell_text(float(panel.values[at])) if panel.known[at] else panel.padding if panel.cell[at] < 0 else "·"
        words[at] = f"[{shown}]" if panel.lit[at] else f" {shown} "
    wide = max(len(word) for word in words.reshape(-1))
    for plane in words:
        lines += ["  ".join("".join(word.rjust(wide) for word in row[r]) for row in plane) for r in range(plane.shape[1])]
        lines.append("")
    width = max(map(len, lines))
    return [line.ljust(width) for line in lines[:-1]]


def _wrapped(words: str, size: int, width: float) -> list[str]:
    lines = [""]
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if theme.width(longer, size) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
