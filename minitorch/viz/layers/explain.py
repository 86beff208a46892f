"""Where the size of an output comes from: `print(viz.explain(nn.Conv2d(1, 8, 3, stride=2), (1, 28, 28)))`.

Each spatial dimension has a ruler: its cells, the padding around them, and under them every window with the cells it reads.
The formula stands beside it in letters, in numbers and worked out. A transposed convolution is the other way round: its ruler
is the output, and each input cell has a stamp. What does not fit is shown, too, with the nearest settings that do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from minitorch import nn
from minitorch.autograd.grad_mode import no_grad
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import xp
from minitorch.backend.window import AdaptiveWindow, Window, per_dim
from minitorch.nn import Module
from minitorch.viz.layers.taps import ADAPTIVE_MAX_POOLS, CONVOLUTIONS, MAX_POOLS, TRANSPOSED
from minitorch.viz.page import theme
from minitorch.viz.page.picture import Picture
from minitorch.viz.page.summary import number, shape_text
from minitorch.viz.page.svg import drawing, text
from minitorch.viz.record.settings import module_settings

__all__ = ["Axis", "Explanation", "axes_of", "explain"]

AVG_POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
ADAPTIVE_POOLS = (*ADAPTIVE_MAX_POOLS, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
MAX_CELLS, MAX_WINDOWS = 36, 12  # most cells and windows of a ruler that are drawn
CELL, BAR = 26, 20  # pixels


@dataclass(frozen=True)
class Axis:
    """One spatial dimension. `windows` has the cells that each window reads, from 0; padding is below 0 or beyond the end.

    Of a transposed convolution the cells are those of the output, and a window is where an input cell is added. `size` and
    `out` are of the input and the output; `out` is below 1 where nothing fits.
    """

    name: str
    size: int
    out: int
    kernel: int
    stride: int
    dilation: int
    padding: tuple[int, int]
    ceil_mode: bool = False
    output_padding: int = 0
    kind: str = "window"  # window, stamp, adaptive
    layer: str = "window"  # the name of its class

    @property
    def span(self) -> int:
        return self.dilation * (self.kernel - 1) + 1

    @property
    def cells(self) -> int:
        """How many cells the ruler has, without padding."""
        return self.out if self.kind == "stamp" else self.size

    @property
    def end(self) -> int:
        """The first cell after the padding at the end; of that of a transposed convolution, output_padding keeps some."""
        return self.cells + max(0, self.padding[1] - self.output_padding)

    @property
    def fits(self) -> bool:
        return self.out > 0 or self.kind == "adaptive"

    @property
    def windows(self) -> tuple[tuple[int, ...], ...]:
        """The cells of each window; of an axis that does not fit, those of the first."""
        if self.kind == "adaptive":
            (ranges,) = AdaptiveWindow((self.out,)).ranges((self.size,))
            return tuple(map(tuple, ranges))
        count = self.size if self.kind == "stamp" else max(self.out, 1)
        starts = (i * self.stride - self.padding[0] for i in range(count))
        return tuple(tuple(start + j * self.dilation for j in range(self.kernel)) for start in starts)

    @property
    def formula(self) -> list[str]:
        """The size of the output in letters, in numbers, and worked out."""
        n, k, s, d, (before, after) = self.size, self.kernel, self.stride, self.dilation, self.padding
        letters, numbers = ("2·padding", f"2·{before}") if before == after else ("padding", f"({before} + {after})")
        if self.kind == "adaptive":
            return [f"{self.out} windows, as asked; window i reads from ⌊i·in / out⌋ up to ⌈(i + 1)·in / out⌉"]
        if self.kind == "stamp":
            return [
                f"out = (in − 1)·stride − {letters} + dilation·(kernel_size − 1) + output_padding + 1",
                f"    = ({n} − 1)·{s} − {numbers} + {d}·({k} − 1) + {self.output_padding} + 1",
                f"    = {self.out}".replace("-", "−"),
            ]
        left, right = "⌈⌉" if self.ceil_mode else "⌊⌋"
        top = n + before + after - self.span
        quotient, count = top / s, (-(-top // s) if self.ceil_mode else top // s)
        rounded = [] if top % s == 0 else [f"{left}{number(quotient)}{right} + 1"]
        dropped = [f"{count + 1} − 1, as the last window would begin in the padding after the end"] * (
            count + 1 > self.out >= 1
        )
        worked = " = ".join(
            [
                f"{left}{top} / {s}{right} + 1".replace("-", "−"),
                *rounded,
                *dropped,
                f"{self.out if self.fits else count + 1}".replace("-", "−"),
            ]
        )
        return [
            f"out = {left}(in + {letters} − dilation·(kernel_size − 1) − 1) / stride{right} + 1",
            f"    = {left}({n} + {numbers} − {d}·({k} − 1) − 1) / {s}{right} + 1",
            f"    = {worked}",
        ]

    @property
    def words(self) -> list[str]:
        """What is worth knowing about this axis, in sentences."""
        if not self.fits:
            return self._misfit()
        read = {cell for window in self.windows for cell in window}
        unread = [cell for cell in range(self.cells) if cell not in read]
        words = []
        if self.kind == "window":
            words += [f"the size stays {self.size}"] if self.out == self.size and self.size > 1 else []
            if unread:
                words.append(f"no window reads {_cells(unread)}")
            if self.stride > 1 and not self.ceil_mode:
                low = max(1, (self.out - 1) * self.stride + self.span - sum(self.padding))
                high = (self.out - 1) * self.stride + self.span - sum(self.padding) + self.stride - 1
                words.append(f"inputs of {low} to {high} cells all give {self.out}" if high > low else "")
            over = max(cell for window in self.windows for cell in window) - (self.size + self.padding[1]) + 1
            words.append(f"ceil_mode: the last window reaches {_count(over, 'cell')} over the end" if over > 0 else "")
        elif self.kind == "stamp":
            times = [0] * self.out
            for window in self.windows:
                for cell in window:
                    if 0 <= cell < self.out:
                        times[cell] += 1
            most, least = max(times), min(times)
            kept = min(self.padding[1], self.output_padding)
            cut, beyond = sum(self.padding) - kept, self.output_padding - kept
            words.append(
                f"{_count(cut, 'cell')} of padding cut off the {'start' if cut == self.padding[0] else 'ends'}" * (cut > 0)
            )
            words.append(f"output_padding keeps {_count(kept, 'cell')} more of what the stamps made, at the end" * (kept > 0))
            words.append(f"output_padding adds {_count(beyond, 'cell')} at the end that no stamp reaches" * (beyond > 0))
            words.append(
                f"every output cell is the sum of {_count(most, 'product')}"
                if most == least
                else f"an output cell is the sum of {least} to {most} products: {' '.join(map(str, times[:MAX_CELLS]))}"
                + (" ..." if len(times) > MAX_CELLS else "")
            )
        else:
            sizes = sorted({len(window) for window in self.windows})
            of = f"{' and '.join(map(str, sizes))} {'cell' if sizes == [1] else 'cells'}"
            words.append(f"windows of {of}" if sizes else "no windows")
        return [sentence for sentence in words if sentence]

    def _misfit(self) -> list[str]:
        if self.kind == "stamp":
            reach = sum(self.padding) + self.out - self.output_padding
            kept = f", output_padding keeps {self.output_padding} of them" if self.output_padding else ""
            what = f"padding cuts off {sum(self.padding)} cells{kept}, and all the stamps together reach over only {reach}"
        else:
            have = self.size + sum(self.padding)
            what = f"the window reaches over {_count(self.span, 'cell')}, and the input with its padding has only {have}"
        return [f"does not fit: {what}", f"what would fit: {' · '.join(self.repairs)}"]

    @property
    def repairs(self) -> list[str]:
        """The nearest settings with which it would fit, each by itself."""
        if self.kind == "window":
            return self._window.what_fits(self.size, 0)
        found = []
        for name, tries in (
            ("padding", (replace(self, padding=(p, p)) for p in range(self.padding[0] - 1, -1, -1))),
            ("dilation", (replace(self, dilation=d) for d in range(self.dilation + 1, self.dilation + 100))),
            ("output_padding", (replace(self, output_padding=p) for p in range(max(self.stride, self.dilation)))),
            ("an input of", (replace(self, size=n) for n in range(self.size + 1, self.size + 10_000))),
        ):
            one = next((one for one in tries if one.counted() > 0), None)
            if one is not None:
                values = {"padding": one.padding[0], "dilation": one.dilation, "output_padding": one.output_padding}
                found.append(f"{name} {values.get(name, one.size)}")
        return found

    @property
    def _window(self) -> Window:
        return Window((self.kernel,), (self.stride,), (self.padding,), (self.dilation,), self.ceil_mode, self.layer)

    def counted(self) -> int:
        """The size of the output by the formula; below 1 if nothing fits."""
        if self.kind == "stamp":
            return (self.size - 1) * self.stride - sum(self.padding) + self.span + self.output_padding
        try:
            return self._window.output_size((self.size,))[0]
        except RuntimeError:
            return min(0, (self.size + sum(self.padding) - self.span) // self.stride + 1)

    def ruler(self) -> Iterator[tuple[str, list[tuple[int, str]]]]:
        """Rows of the ruler: a label, and the cells by place, as text."""
        low, high = self.shown
        yield (
            "",
            [
                (c, str(c) if 0 <= c < self.cells else "p" if -self.padding[0] <= c < self.end else "!")
                for c in range(low, high)
            ],
        )
        for i, window in enumerate(self.windows[:MAX_WINDOWS]):
            yield f"{'in' if self.kind == 'stamp' else 'out'} {i}", [(c, "■") for c in window if low <= c < high]

    @property
    def shown(self) -> tuple[int, int]:
        """The cells of the ruler that are drawn, from and up to."""
        low = -self.padding[0]
        reach = max((c for window in self.windows[:MAX_WINDOWS] for c in window), default=0) + 1
        high = max(self.end, reach) if len(self.windows) <= MAX_WINDOWS else reach
        return low, min(max(high, 1), low + MAX_CELLS)

    @property
    def left_out(self) -> str:
        low, high = self.shown
        windows, cells = len(self.windows), self.end - low
        what = "stamps" if self.kind == "stamp" else "windows"
        if windows <= MAX_WINDOWS and high - low >= cells:
            return ""
        return f"the first {min(windows, MAX_WINDOWS)} of {windows:,} {what} are drawn"


class Explanation(Picture):
    """How a layer's output gets its size. Prints as text, displays in a notebook, saves as .html, .svg, .json or .txt.

    Example:
        >>> from minitorch import nn, viz
        >>> explanation = viz.explain(nn.MaxPool2d(2), (3, 8, 8))
        >>> explanation.input_shape, explanation.output_shape
        ((3, 8, 8), (3, 4, 4))
    """

    WHAT = "an explanation"

    def __init__(
        self, title: str, input_shape: tuple[int, ...], output_shape: tuple[int, ...] | None, axes: tuple[Axis, ...]
    ) -> None:
        self.title, self.input_shape, self.output_shape, self.axes = title, input_shape, output_shape, axes

    @property
    def headline(self) -> str:
        """The layer and its shapes."""
        end = "does not fit" if self.output_shape is None else shape_text(self.output_shape)
        return f"{self.title}: {shape_text(self.input_shape)} → {end}"

    @property
    def data(self) -> dict[str, Any]:
        """Shapes and, for each axis, its settings, windows, formula and words, for JSON."""
        axes = [
            {**asdict(axis), "windows": [list(w) for w in axis.windows], "formula": axis.formula, "words": axis.words}
            for axis in self.axes
        ]
        out = None if self.output_shape is None else list(self.output_shape)
        return {"layer": self.title, "input": list(self.input_shape), "output": out, "axes": axes}

    def __repr__(self) -> str:
        lines = [self.headline]
        for axis in self._different():
            lines += [f"  {axis.name}", *(f"    {line}" for line in axis.formula)]
            low, high = axis.shown
            wide = max(len(str(c)) for c in (low, high)) + 1
            for label, cells in axis.ruler():
                row, empty = dict(cells), "·" if label else " "
                lines.append(f"    {label:>6} " + "".join(row.get(c, empty).rjust(wide) for c in range(low, high)))
            lines += [f"    {words}" for words in [axis.left_out, *axis.words] if words]
        return "\n".join(lines)

    def _different(self) -> list[Axis]:
        """Axes that are alike are shown once."""
        found: dict[Axis, list[str]] = {}
        for axis in self.axes:
            found.setdefault(replace(axis, name=""), []).append(axis.name)
        return [replace(axis, name=" and ".join(names)) for axis, names in found.items()]

    @property
    def svg(self) -> str:
        """The rulers, for light and dark."""
        parts, y, width = [text(16, 28, self.headline, 16, bold=True)], 60.0, theme.width(self.headline, 16, bold=True) + 32
        for axis in self._different():
            parts.append(text(16, y, axis.name, 14, bold=True))
            for i, line in enumerate(axis.formula):
                parts.append(text(16, y + 22 + 19 * i, line, 14, colour=theme.INK, mono=True))
                width = max(width, theme.width(line, 14, mono=True) + 40)
            y += 22 + 19 * len(axis.formula)
            low, high = axis.shown
            x0 = 62.0
            for row, (label, cells) in enumerate(axis.ruler()):
                top, high_ = (y, CELL) if row == 0 else (y + CELL + 6 + (row - 1) * (BAR + 2), BAR)
                if label:
                    parts.append(text(x0 - 8, top + 15, label, 12, anchor="end"))
                    left, right = min(c for c, _ in cells), max(c for c, _ in cells)
                    middle = top + BAR / 2
                    ends = f'x1="{x0 + (left - low) * CELL:.0f}" x2="{x0 + (right - low + 1) * CELL:.0f}"'
                    parts.append(f'<line {ends} y1="{middle}" y2="{middle}" stroke="{theme.LINE}"/>')
                for c, mark in cells:
                    inside = 0 <= c < axis.cells
                    fill = theme.CARD if row == 0 and inside else theme.PAPER if row == 0 else theme.TOKENS["value-tint"][0]
                    dash = "" if inside else ' stroke-dasharray="3 2"'
                    stroke = theme.LINE if row == 0 else theme.VALUE
                    x = x0 + (c - low) * CELL
                    box = f'x="{x + 1:.0f}" y="{top:.0f}" width="{CELL - 2}" height="{high_}"'
                    parts.append(f'<rect {box} fill="{fill}" stroke="{stroke}"{dash}/>')
                    if row == 0:
                        parts.append(
                            text(x + CELL / 2, top + 17, mark, 12, anchor="middle", colour=theme.INK if inside else theme.QUIET)
                        )
                last = top + high_
            width = max(width, x0 + (high - low) * CELL + 20)
            y = last + 22
            for words in [axis.left_out, *axis.words]:
                if words:
                    parts.append(text(16, y, words, 13, colour=theme.INK))
                    width, y = max(width, theme.width(words, 13) + 32), y + 19
            y += 18
        marks = {mark for axis in self.axes for _, cells in axis.ruler() for _, mark in cells}
        padding = "p: padding, cut off" if any(axis.kind == "stamp" for axis in self.axes) else "p: padding"
        legend = "; ".join([padding] * ("p" in marks) + ["!: beyond the end"] * ("!" in marks))
        if legend:
            parts.append(text(16, y, legend, 12))
            y += 24
        return drawing(self.headline, width, y, "\n".join(parts))


def explain(layer: Module, shape: Any) -> Explanation:
    """How a convolution, its transpose or a pooling gets the size of its output: the formula and a ruler for each dimension.

    `shape` is that of an input without a batch, (channels, *size). A size for which nothing fits is explained, too: how much is
    missing, and the nearest settings that fit.

    Raises TypeError for another layer or no shape, RuntimeError for a number of channels that the layer does not take. Example:

    >>> from minitorch import nn, viz
    >>> print(viz.explain(nn.Conv1d(1, 1, 3, stride=2), (1, 8)))
    Conv1d 1→1, 3, stride 2: 1×8 → 1×3
      length
        out = ⌊(in + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1
            = ⌊(8 + 2·0 − 1·(3 − 1) − 1) / 2⌋ + 1
            = ⌊5 / 2⌋ + 1 = ⌊2.5⌋ + 1 = 3
                0 1 2 3 4 5 6 7
         out 0  ■ ■ ■ · · · · ·
         out 1  · · ■ ■ ■ · · ·
         out 2  · · · · ■ ■ ■ ·
        no window reads cell 7
        inputs of 7 to 8 cells all give 3
    """
    known = (*CONVOLUTIONS, *TRANSPOSED, *MAX_POOLS, *AVG_POOLS, *ADAPTIVE_POOLS)
    if not isinstance(layer, known):
        what = "the class " + layer.__name__ if isinstance(layer, type) else type(layer).__name__
        raise TypeError(f"explain() shows the sizes of convolutions, transposed convolutions and poolings, and got {what}")
    if not isinstance(shape, (tuple, list)) or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in shape):
        raise TypeError(f"explain(): shape is that of an input without a batch, (channels, *size), not {shape!r:.60}")
    shape, rank = tuple(shape), next(int(cls.__name__[-2]) for cls in type(layer).__mro__ if cls in known)
    if len(shape) != rank + 1:
        raise TypeError(
            f"explain(): {type(layer).__name__} takes (channels, {', '.join(NAMES[rank])}), {rank + 1} numbers without a "
            f"batch, and got {len(shape)}: {shape}"
        )
    axes = tuple(axes_of(layer, shape[1:], rank))
    title = f"{type(layer).__name__} {module_settings(layer)}".strip()
    if not all(axis.fits for axis in axes):
        return Explanation(title, shape, None, axes)
    weight = layer._parameters.get("weight")
    with no_grad():
        x = xp.zeros((1, *shape), xp.float32) if weight is None else xp.zeros_like(weight._array, shape=(1, *shape))
        out = layer(wrap(x))
    return Explanation(title, shape, tuple(out.shape[1:]), axes)


def axes_of(layer: Any, size: tuple[int, ...], rank: int) -> Iterator[Axis]:
    """The axes of a layer, from its settings; `out` by the formula."""
    if isinstance(layer, ADAPTIVE_POOLS):
        given = layer.output_size if isinstance(layer.output_size, (tuple, list)) else (layer.output_size,) * rank
        for name, n, out in zip(NAMES[rank], size, given, strict=True):
            yield Axis(name, n, n if out is None else out, 1, 1, 1, (0, 0), kind="adaptive")
        return
    if isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED)):
        window = Window(layer.kernel_size, layer.stride, tuple(layer._pad_widths), layer.dilation)
    else:
        stride = layer.kernel_size if layer.stride is None else layer.stride
        dilation = getattr(layer, "dilation", 1)
        window = Window.of(type(layer).__name__, rank, layer.kernel_size, stride, layer.padding, dilation, layer.ceil_mode)
    kind = "stamp" if isinstance(layer, TRANSPOSED) else "window"
    extra = per_dim(getattr(layer, "output_padding", 0), rank, "output_padding", 0)
    settings = zip(NAMES[rank], size, window.kernel, window.stride, window.dilation, window.padding, extra, strict=True)
    for name, n, kernel, stride, dilation, padding, more in settings:
        axis = Axis(name, n, 0, kernel, stride, dilation, padding, window.ceil_mode, more, kind, type(layer).__name__)
        yield replace(axis, out=axis.counted())


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _cells(cells: list[int]) -> str:
    """cell 7; cells 2, 5, 8 and 4 more."""
    if len(cells) == 1:
        return f"cell {cells[0]}"
    more = f" and {len(cells) - 8} more" if len(cells) > 8 else ""
    return f"cells {', '.join(map(str, cells[:8]))}{more}"
