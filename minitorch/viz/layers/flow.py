"""How values and gradients go through a net: `viz.flow(net, lambda: F.cross_entropy(net(x), y)).save("flow.html")`.

For each call of a layer, in the order of the forward pass: how far its output spreads, and how large the gradient is there.
Where the upper line falls the signal dies on its way; where the lower one falls to the left the gradient vanishes. A 0 is
hollow, below the scale. Steps of training are added with `record()`, a second run is put beside the first with
`beside(other)`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from minitorch.autograd import grad
from minitorch.autograd.grad_mode import enable_grad
from minitorch.backend.arrays import Array, xp
from minitorch.backend.device import device, to_device
from minitorch.nn import Module
from minitorch.tensor import Tensor
from minitorch.viz.layers.calls import noted_calls
from minitorch.viz.page import theme
from minitorch.viz.page.page import finite, script_data, template
from minitorch.viz.page.picture import Picture
from minitorch.viz.page.summary import number
from minitorch.viz.page.svg import drawing, text
from minitorch.viz.record.settings import module_settings

__all__ = ["Flow", "LayerFlow", "flow"]

LEFT, HIGH = 92, 150  # pixels: before the first layer, of a plot
WIDE, STEPS = 720, (24, 74)  # pixels: of the layers, as far as the steps between them allow it
MOST_LAYERS, MOST_STEPS = 200, 60
DASHES = ("", "7 4", "2 3", "9 3 2 3")  # of the runs
ZERO = 16  # pixels below a plot: 0, which has no place on a logarithmic scale
TILT = 35  # degrees, of the names


@dataclass(frozen=True)
class LayerFlow:
    """One call of a layer: the standard deviation of its output, the share of it that is 0, the size of its gradient.

    The size of a gradient is its root mean square. `weight` and `weight_gradient` are the norms of its parameters and of their
    gradients, 0 without parameters.
    """

    name: str
    layer: str
    spread: float
    zeros: float
    gradient: float
    weight: float
    weight_gradient: float


class Flow(Picture):
    """What went through a net, at one or several steps. Prints as text, saves as .html, .svg, .png, .json or .txt.

    Example:
        >>> import minitorch
        >>> from minitorch import nn, viz
        >>> net, x = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1)), minitorch.randn(8, 4)
        >>> picture = viz.flow(net, lambda: net(x).pow(2).mean())
        >>> picture.steps
        1
    """

    WHAT = "a flow"
    HEIGHT = 620

    def __init__(self, model: Module, loss: Callable[[], Tensor], title: str) -> None:
        self._model, self._loss = model, loss
        self.runs: dict[str, list[list[LayerFlow]]] = {title: []}

    def record(self) -> Flow:
        """Run the model and its backward pass once more, and add what went through. No .grad and no buffer is changed."""
        first = next(iter(self.runs.values()))
        if len(self.runs) > 1:
            raise ValueError("record() adds a step to one run: call it before beside()")
        first.append(_one_pass(self._model, self._loss))
        return self

    def beside(self, other: Flow) -> Flow:
        """This and another flow in one picture, to compare two nets or two initializations."""
        if not isinstance(other, Flow):
            raise TypeError(f"beside() takes another flow, viz.flow(...), not {type(other).__name__}")
        both = Flow(self._model, self._loss, "")
        both.runs = dict(self.runs)
        for title, steps in other.runs.items():
            name = next(t for t in (title, *(f"{title} ({n})" for n in range(2, 99))) if t not in both.runs)
            both.runs[name] = steps
        return both

    @property
    def steps(self) -> int:
        """How many steps are recorded."""
        return max(len(steps) for steps in self.runs.values())

    @property
    def data(self) -> dict[str, Any]:
        """For each run and step the numbers of every layer, for JSON."""
        runs = {title: [[asdict(one) for one in step] for step in steps] for title, steps in self.runs.items()}
        shown: dict[str, Any] = finite({"runs": runs, "words": self.words()})
        return shown

    def words(self, step: int = -1) -> list[str]:
        """By how much the gradient changes from layer to layer, and where nothing passes, in sentences.

        Where layers are called again, by how much from call to call: their rows may stand side by side, as those of two layers
        that read and carry the state of a recurrent net, and not one after the other.
        """
        said = []
        for title, steps in self.runs.items():
            layers = steps[min(step, len(steps) - 1) if step >= 0 else -1]
            calls: dict[str, list[LayerFlow]] = {}
            for one in layers:
                calls.setdefault(one.name, []).append(one)
            start = f"{title}: " if len(self.runs) > 1 else ""
            factors = {name: _factor(rows) for name, rows in calls.items() if len(rows) > 1}
            each = [f"{number(factor)} at {name}" for name, factor in factors.items() if factor is not None]
            factor = _factor(layers)
            if factor is None:
                said.append(f"{start}no gradient passes")
            elif not factors:
                said.append(f"{start}on the way back the gradient is multiplied by {number(factor)} at each layer, on average")
            elif each:
                said.append(f"{start}back from call to call the gradient is multiplied, on average, by {', '.join(each)}")
            zeros = {name: sum(row.zeros for row in rows) / len(rows) for name, rows in calls.items()}
            dead = [f"{name} ({number(100 * share)} %)" for name, share in zeros.items() if share >= 0.9]
            said += [f"{start}nearly all of the output is 0 at {', '.join(dead)}"] if dead else []
        return said

    def __repr__(self) -> str:
        lines = []
        for title, steps in self.runs.items():
            layers = steps[-1]
            rows = [("layer", "spread", "gradient", "zeros", "‖weight‖", "‖its gradient‖")]
            for one in layers:
                norms = (number(one.weight), number(one.weight_gradient)) if one.weight else ("", "")
                zeros = f"{100 * one.zeros:.0f} %"
                rows.append((f"{one.name} {one.layer}", number(one.spread), number(one.gradient), zeros, *norms))
            widths = [max(len(row[i]) for row in rows) for i in range(6)]
            lines.append(f"{title}, step {len(steps)}" if len(steps) > 1 else title)
            for row in rows:
                cells = [row[0].ljust(widths[0]), *(cell.rjust(wide) for cell, wide in zip(row[1:], widths[1:], strict=True))]
                lines.append("  " + "  ".join(cells).rstrip())
        return "\n".join([*lines, *self.words()])

    @property
    def svg(self) -> str:
        """The last step, for light and dark."""
        body, width, height = self._drawn(self.steps - 1)
        return drawing("Flow of values and gradients", width, height, body)

    @property
    def html(self) -> str:
        """The picture as a page, with a slider over the steps."""
        every = -(-self.steps // MOST_STEPS)
        shown = sorted({*range(0, self.steps, every), self.steps - 1})
        pictures = ""
        for step in shown:
            body, width, height = self._drawn(step)
            size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
            hidden = "" if step == shown[-1] else " hidden"
            pictures += f'<figure data-step="{step + 1}"{hidden}><svg {size} role="img">{body}</svg></figure>'
        colours = theme.css() + theme.in_dark(":where(figure svg)", variables=True)
        return template("flow.html", colours=colours, pictures=pictures, data=script_data({"steps": self.steps}))

    def _drawn(self, step: int) -> tuple[str, float, float]:
        now = {title: steps[min(step, len(steps) - 1)] for title, steps in self.runs.items()}
        count = max(len(layers) for layers in now.values())
        longest = max(now.values(), key=len)
        gap = min(max(WIDE / max(count - 1, 1), STEPS[0]), STEPS[1])
        end = LEFT + max(count - 1, 1) * gap + 20  # of the plots
        width = end + 20
        parts = [text(16, 26, f"step {step + 1} of {self.steps}" if self.steps > 1 else "one step", 14)]
        y = 44.0
        plots = (
            ("spread of the values (standard deviation)", "spread", theme.VALUE),
            ("size of the gradients (root mean square)", "gradient", theme.GRADIENT),
        )
        for title, key, colour in plots:
            parts.append(text(16, y + 12, title, 14, colour=colour, bold=True))
            parts += self._plot(now, key, colour, y + 24, end, gap)
            y += HIGH + 52
        for i, one in enumerate(longest):
            x, name = LEFT + i * gap, f"{one.name} {one.layer}"[:28]
            parts.append(f'<g transform="translate({x:.0f} {y:.0f}) rotate({TILT})">{text(0, 0, name, 12)}</g>')
            width = max(width, x + math.cos(math.radians(TILT)) * theme.width(name, 12) + 16)
        y += 0.6 * max(theme.width(f"{one.name} {one.layer}"[:28], 12) for one in longest) + 34
        for n, title in enumerate(self.runs):
            if len(self.runs) > 1:
                dash = f' stroke-dasharray="{DASHES[n % 4]}"' if DASHES[n % 4] else ""
                parts.append(
                    f'<line x1="16" x2="56" y1="{y - 4:.0f}" y2="{y - 4:.0f}" stroke="{theme.INK}" stroke-width="2"{dash}/>'
                )
                parts.append(text(64, y, title, 13, bold=True))
                width, y = max(width, theme.width(title, 13, bold=True) + 84), y + 20
        for words in self.words(step):
            parts.append(text(16, y, words, 13, colour=theme.INK))
            width, y = max(width, theme.width(words, 13) + 32), y + 20
        return "\n".join(parts), width, y + 4

    def _plot(self, now: dict[str, list[LayerFlow]], key: str, colour: str, top: float, end: float, gap: float) -> list[str]:
        """Lines over the layers, on a logarithmic scale that all steps share. Zeros are hollow, below it."""
        every = [getattr(one, key) for steps in self.runs.values() for layers in steps for one in layers]
        powers = [math.log10(v) for v in every if math.isfinite(v) and v > 0] or [0.0]
        low, high = math.floor(min(powers)), math.ceil(max(powers))
        high = max(high, low + 1)

        def place(power: float) -> float:
            return top + HIGH - (power - low) / (high - low) * HIGH

        parts = []
        marks = [(place(power), number(10.0**power)) for power in range(low, high + 1, -(-(high - low) // 5))]
        for at, mark in [*marks, *[(top + HIGH + ZERO, "0")] * (0 in every)]:
            line = f'x1="{LEFT - 8}" x2="{end:.0f}" y1="{at:.1f}" y2="{at:.1f}" stroke="{theme.LINE}" opacity="0.4"'
            parts += [f"<line {line}/>", text(LEFT - 14, at + 4, mark, 12, anchor="end")]
        for n, layers in enumerate(now.values()):
            dash = f' stroke-dasharray="{DASHES[n % 4]}"' if DASHES[n % 4] else ""
            sizes = [(LEFT + i * gap, getattr(one, key)) for i, one in enumerate(layers)]
            for has_place, run in itertools.groupby(sizes, lambda pair: math.isfinite(pair[1]) and pair[1] > 0):
                points = [(x, place(math.log10(v)) if has_place else top + HIGH + ZERO) for x, v in run if has_place or v == 0]
                if has_place:
                    line = " ".join(f"{x:.0f},{at:.1f}" for x, at in points)
                    parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
                fill = f'fill="{colour}"' if has_place else f'fill="{theme.PAPER}" stroke="{colour}" stroke-width="1.5"'
                parts += [f'<circle cx="{x:.0f}" cy="{at:.1f}" r="3.5" {fill}/>' for x, at in points]
        return parts


def flow(model: Module, loss: Callable[[], Tensor], title: str | None = None) -> Flow:
    """What goes through a net, forward and backward: the spread of each layer's output and the size of its gradient.

    `loss` is a function without arguments that runs the model and returns the loss: lambda: F.cross_entropy(model(x), y). Call
    `.record()` on the result during training to add steps. A layer that is called several times is there once for each call,
    so that the steps of a recurrent net stand side by side. `title` names the run in a picture of two. Nothing is changed:
    neither .grad nor running statistics.

    Raises TypeError for no model or no function, ValueError where no layer is called. Example:

    >>> import minitorch
    >>> from minitorch import nn, viz
    >>> net = nn.Sequential(nn.Linear(4, 4), nn.Sigmoid(), nn.Linear(4, 1))
    >>> x = minitorch.randn(8, 4)
    >>> picture = viz.flow(net, lambda: net(x).pow(2).mean())
    >>> [one.name for one in picture.runs["Sequential"][0]], picture.record().steps
    (['0', '1', '2'], 2)
    """
    if not isinstance(model, Module):
        raise TypeError(f"flow() looks into a model, an nn.Module, and got {type(model).__name__}")
    if isinstance(loss, (Tensor, Module)) or not callable(loss):
        raise TypeError(
            "flow(): loss is a function without arguments that runs the model, lambda: F.cross_entropy(model(x), y), not "
            f"{type(loss).__name__}"
        )
    if title is not None and not isinstance(title, str):
        raise TypeError(f"flow(): title is a str, not {type(title).__name__}")
    return Flow(model, loss, title or type(model).__name__).record()


def _one_pass(model: Module, loss: Callable[[], Tensor]) -> list[LayerFlow]:
    """Run the loss with hooks on the layers, and differentiate it by their outputs and parameters."""
    buffers = [(buffer, buffer._array.copy()) for buffer in model.buffers()]
    try:
        with noted_calls(model) as calls, enable_grad():
            value = loss()
    finally:
        for buffer, array in buffers:
            buffer._array[...] = array
    if not calls:
        raise ValueError(
            "flow(): the loss calls no layer of the model: it should run it, as lambda: F.mse_loss(model(x), y) does"
        )
    if len(calls) > MOST_LAYERS:
        raise ValueError(
            f"flow(): {len(calls)} calls of layers are too many to draw, {MOST_LAYERS} at most: pass a part of the model"
        )
    if not isinstance(value, Tensor) or value.numel() != 1:
        raise TypeError(f"flow(): the loss should be one number, a Tensor, and the function returned {value!r:.60}")
    wanted = [
        t for _, module, output in calls for t in (output, *module._parameters.values()) if t is not None and t.requires_grad
    ]
    wanted = list({id(t): t for t in wanted}.values())
    slopes = grad(value, wanted, allow_unused=True) if wanted else ()
    by_tensor = {id(t): None if slope is None else _array(slope) for t, slope in zip(wanted, slopes, strict=True)}
    layers = []
    for name, module, output in calls:
        array, slope = _array(output), by_tensor.get(id(output))
        parameters = [p for p in module._parameters.values() if p is not None]
        slopes_ = [by_tensor.get(id(p)) for p in parameters]
        kind = f"{type(module).__name__} {module_settings(module)}".strip()
        layers.append(
            LayerFlow(
                name=name or kind,
                layer=kind if name else "",
                spread=float(array.std()) if array.size else 0.0,
                zeros=float((array == 0).mean()) if array.size else 0.0,
                gradient=0.0 if slope is None else _rms(slope),
                weight=_norm([_array(p) for p in parameters]),
                weight_gradient=_norm([s for s in slopes_ if s is not None]),
            )
        )
    return layers


def _factor(layers: list[LayerFlow]) -> float | None:
    """By how much the gradient is multiplied from each to the one before, on average; None where it reaches one at most."""
    known = [one.gradient for one in layers if one.gradient > 0 and math.isfinite(one.gradient)]
    return (known[0] / known[-1]) ** (1 / (len(known) - 1)) if len(known) > 1 else None


def _array(tensor: Tensor) -> Array:
    return to_device(tensor.detach()._array, device("cpu")).astype(xp.float64)


def _rms(array: Array) -> float:
    return float(xp.sqrt((array * array).mean())) if array.size else 0.0


def _norm(arrays: list[Array]) -> float:
    return math.sqrt(sum(float((array * array).sum()) for array in arrays))
