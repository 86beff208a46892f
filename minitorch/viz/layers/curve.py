"""Activations as curves: `viz.curve(nn.ReLU(), nn.Sigmoid()).save("curves.html")`.

Each panel has the function above and its derivative below. The backward pass multiplies a gradient by that derivative: where it
is 0 nothing passes, and through n layers at most the n-th power of its largest value. With a model and a batch, the inputs that
the activation gets there lie between the two, with the share of them that passes nothing.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from minitorch import nn
from minitorch.autograd import grad
from minitorch.autograd.grad_mode import enable_grad, no_grad
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.device import device, to_device
from minitorch.nn import Module, activation
from minitorch.tensor import Tensor
from minitorch.viz.page import theme
from minitorch.viz.page.page import finite, script_data, template
from minitorch.viz.page.picture import Picture
from minitorch.viz.page.summary import number
from minitorch.viz.page.svg import drawing, text
from minitorch.viz.record.settings import module_settings

__all__ = ["Curve", "Inputs", "Kink", "Panel", "curve"]

SAMPLES = 401
LINES = 8  # most channels of a PReLU that are drawn
BINS = 40
SMALL = 0.01  # a slope that lets hardly anything pass
HALVINGS = 42  # of an interval of samples, until a jump in it is where it will stay

WIDE, HIGH, LOW, STRIP, LEFT = 280, 150, 110, 46, 52  # of a panel: the plots, the histogram and the margin, in pixels
ACROSS = 3


@dataclass(frozen=True)
class Kink:
    """A point where the slope or the value jumps: the slopes on both sides, and the one that the backward pass uses."""

    x: float
    left: float
    right: float
    used: float
    values: tuple[float, float]  # the function on both sides


@dataclass(frozen=True)
class Inputs:
    """What an activation got in a model: how many numbers, a histogram over the panel, and the shares that pass nothing."""

    where: str
    count: int
    mean: float
    spread: float  # the standard deviation
    histogram: tuple[int, ...]  # of those within the panel
    outside: int
    zero: float  # the share with slope 0
    small: float  # the share with a slope below 0.01


@dataclass(frozen=True)
class Panel:
    """One activation: lines of values and slopes at the points x. A PReLU has a line for each channel.

    `band` has the lowest and the highest value at each point of an RReLU in training, whose slope is drawn at random.
    """

    title: str
    x: tuple[float, ...]
    lines: tuple[tuple[float, ...], ...]
    slopes: tuple[tuple[float, ...], ...]
    kinks: tuple[Kink, ...]
    band: tuple[tuple[float, ...], tuple[float, ...]] | None
    note: str
    inputs: Inputs | None

    @property
    def words(self) -> list[str]:
        """What the panel shows, in sentences."""
        slopes = [s for line in self.slopes for s in line if math.isfinite(s)]
        slopes += [side for kink in self.kinks for side in (kink.left, kink.right)]
        low, high = min(slopes, default=math.nan), max(slopes, default=math.nan)
        words = [f"slope from {number(low)} to {number(high)}"] if low != high else [f"slope {number(low)}"]
        size = max(abs(low), abs(high))
        if 0 < size < 0.995:
            words.append(f"10 in a row pass at most {number(size)}¹⁰ = {number(size**10)} of a gradient")
        for kink in self.kinks:
            before, after = kink.values
            jump = f"jumps from {number(before)} to {number(after)}, " if abs(after - before) > 1e-6 else ""
            words.append(
                f"at {number(kink.x)}: {jump}slope {number(kink.left)} on the left, {number(kink.right)} on the right; "
                f"backward uses {number(kink.used)}"
            )
        words += [self.note] if self.note else []
        if self.inputs is not None:
            got = self.inputs
            words.append(f"{got.count:,} inputs, mean {number(got.mean)}, standard deviation {number(got.spread)}")
            little = f"; {got.small:.0%} have a slope below {SMALL}" if got.small > got.zero else ""
            words.append(f"{got.zero:.0%} of them have slope 0 and pass nothing{little}")
        return words


class Curve(Picture):
    """Curves of activations. Prints as text, displays in a notebook, saves as .html, .svg, .json or .txt.

    Example:
        >>> from minitorch import nn, viz
        >>> picture = viz.curve(nn.ReLU())
        >>> [kink.x for kink in picture.panels[0].kinks]
        [0.0]
    """

    WHAT = "curves"
    HEIGHT = 760

    def __init__(self, panels: tuple[Panel, ...]) -> None:
        self.panels = panels

    @property
    def data(self) -> list[dict[str, Any]]:
        """For each panel its points, values, slopes, kinks and inputs, for JSON; nan and inf are strings."""
        panels: list[dict[str, Any]] = finite([asdict(panel) for panel in self.panels])
        return panels

    @property
    def svg(self) -> str:
        """The picture, for light and dark."""
        body, width, height = self._drawn()
        return drawing(f"{', '.join(panel.title for panel in self.panels)}: functions and derivatives", width, height, body)

    @property
    def html(self) -> str:
        """The picture as a page: x is dragged, and each curve shows its tangent there and what passes of a gradient."""
        pictures, points = [], []
        for panel in self.panels:
            plot = _Plot(panel)
            wide, high = LEFT + WIDE + 16, plot.height
            pictures.append(
                f'<figure tabindex="-1"><svg width="{wide}" height="{high:.0f}" viewBox="0 0 {wide} {high:.0f}" role="img">'
                f"<title>{escape(panel.title)}</title>{plot.drawing()}</svg></figure>"
            )
            line, slope = panel.lines[0], panel.slopes[0]
            rows = zip(panel.x, line, slope, strict=True)
            points.append({
                "title": panel.title, "left": LEFT, "wide": WIDE,
                "texts": [[number(x), number(y), number(s), number(s**10)] for x, y, s in rows],
                "at": [[*plot.at(x, y), plot.slope_at(s)] for x, y, s in zip(panel.x, line, slope, strict=True)],
                "tilt": [s * plot.steepness for s in slope],
                "foot": plot.foot,
            })  # fmt: skip
        colours = theme.css() + theme.in_dark(":where(figure svg)", variables=True)
        return template("curve.html", colours=colours, pictures="\n".join(pictures), data=script_data(points))

    def __repr__(self) -> str:
        lines = []
        for panel in self.panels:
            lines += [panel.title, *(f"  {words}" for words in panel.words)]
        return "\n".join(lines)

    def _drawn(self) -> tuple[str, float, float]:
        """The panels, three in a row, and the size of all."""
        parts, y, wide = [], 0.0, LEFT + WIDE + 16
        for start in range(0, len(self.panels), ACROSS):
            row = [_Plot(panel) for panel in self.panels[start : start + ACROSS]]
            parts += [f'<g transform="translate({wide * i},{y:.0f})">{plot.drawing()}</g>' for i, plot in enumerate(row)]
            y += max(plot.height for plot in row)
        return "\n".join(parts) + "\n", wide * min(ACROSS, len(self.panels)), y


def curve(
    *activations: Callable[[Tensor], Tensor], model: Module | None = None, x: Any = None, range: tuple[float, float] = (-4, 4)
) -> Curve:
    """The curves of activations and of their derivatives, which autograd computes.

    `activations` are layers, nn.ReLU(), or functions of a tensor that act on each element by itself. With `model` and a batch
    `x` (a tuple for several arguments) each panel shows the inputs that the activation gets there: the layer itself if it is
    one of the model's, otherwise all of its class. Without `activations` every activation layer of the model is shown. A copy
    of the model is run, so that nothing in it changes.

    Raises ValueError for a function that mixes elements, such as Softmax, and for one without a derivative; TypeError for what
    is no function. Example:

    >>> from minitorch import nn, viz
    >>> print(viz.curve(nn.Sigmoid(), nn.ReLU()))
    Sigmoid
      slope from 0.01766 to 0.25
      10 in a row pass at most 0.25¹⁰ = 9.54e-07 of a gradient
    ReLU
      slope from 0 to 1
      at 0: slope 0 on the left, 1 on the right; backward uses 0
    """
    low, high = _range(range)
    for one in activations:
        if isinstance(one, type) or not callable(one):
            given = (
                f"the class {one.__name__}: make a layer of it, {one.__name__}()" if isinstance(one, type) else f"{one!r:.60}"
            )
            raise TypeError(f"curve() shows layers and functions of a tensor, and got {given}")
    if (model is None) != (x is None):
        missing = "x=, a batch for the model" if x is None else "model=, the model that x goes into"
        raise TypeError(f"curve() needs both a model and its input to show what the activations get: pass {missing}")
    if model is not None and not isinstance(model, Module):
        raise TypeError(f"curve(): model is an nn.Module, not {type(model).__name__}")
    if model is None and not activations:
        raise TypeError("curve() needs an activation, such as nn.ReLU(), or a model with its input x")
    pairs = [(one, None) for one in activations] if model is None else _inputs_in(model, x, activations)
    return Curve(tuple(_panel(one, got, low, high) for one, got in pairs))


def _range(given: Any) -> tuple[float, float]:
    if not isinstance(given, (tuple, list)) or len(given) != 2 or not all(type(n) in (int, float) for n in given):
        raise TypeError(f"curve(): range is a pair of numbers, (low, high), not {given!r:.60}")
    low, high = map(float, given)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"curve(): range goes from a smaller to a larger number, not from {low:g} to {high:g}")
    return low, high


def _title(function: Any) -> str:
    if isinstance(function, Module):
        return f"{type(function).__name__} {module_settings(function)}".strip()
    name = getattr(function, "__name__", type(function).__name__)
    return "a function" if name == "<lambda>" else name


def _is_activation(module: Module) -> bool:
    mixing = (nn.GLU, nn.Softmax, nn.Softmin, nn.LogSoftmax, nn.Softmax2d)
    return type(module).__module__ == activation.__name__ and not isinstance(module, mixing)


def _inputs_in(
    model: Module, x: Any, wanted: Sequence[Callable[[Tensor], Tensor]]
) -> list[tuple[Callable[[Tensor], Tensor], tuple[str, list[Tensor]] | None]]:
    """Each activation, with where it stands in a model and what it gets there."""
    names = {id(module): name or "0" for name, module in model.named_modules()}
    own = [module for module in model.modules() if _is_activation(module)]
    if not wanted and not own:
        raise ValueError(
            f"{type(model).__name__} has no activation layer. Functions, such as F.relu, cannot be seen from outside: write "
            "them as layers, nn.ReLU(), in the model"
        )
    groups: list[tuple[Any, list[Any]]] = []
    for one in wanted or own:
        same: list[Any] = [one] if id(one) in names else [m for m in model.modules() if type(m) is type(one)]
        if not isinstance(one, Module) or not same:
            have = ", ".join(dict.fromkeys(type(m).__name__ for m in own)) or "none"
            raise ValueError(f"{_title(one)} is no layer of {type(model).__name__}; its activation layers: {have}")
        groups.append((one, same))
    twin = copy.deepcopy(model)
    twins = {id(mine): other for mine, other in zip(model.modules(), twin.modules(), strict=True)}
    got: dict[int, list[Tensor]] = {}

    def keep(module: Module, args: tuple[Any, ...]) -> None:
        got.setdefault(id(module), []).append(args[0].detach())

    for _, same in groups:
        for module in same:
            if id(twins[id(module)]) not in got:
                got[id(twins[id(module)])] = []
                twins[id(module)].register_forward_pre_hook(keep)
    with no_grad():
        twin(*x) if isinstance(x, tuple) else twin(x)
    pairs: list[tuple[Any, tuple[str, list[Tensor]] | None]] = []
    for one, same in groups:
        where = f"layer {names[id(same[0])]}" if len(same) == 1 else f"the {len(same)} layers of this class"
        tensors = [tensor for module in same for tensor in got[id(twins[id(module)])]]
        if not tensors:
            raise ValueError(f"{_title(one)}, {where}, was not called for this x, so there are no inputs to show")
        pairs.append((one, (where, tensors)))
    return pairs


def _panel(function: Any, got: tuple[str, list[Tensor]] | None, low: float, high: float) -> Panel:
    title, note, band = _title(function), "", None
    if isinstance(function, Module):
        training = function.training
        function = copy.deepcopy(function).double().eval()
        if isinstance(function, nn.RReLU) and training:
            note = (
                f"in training the slope below 0 is drawn from {number(function.lower)} to {number(function.upper)} (the band)"
            )
    x = xp.linspace(low, high, SAMPLES).round(12)
    call, channels = function, 1
    if isinstance(function, nn.PReLU):
        slopes = _on_cpu(function.weight).reshape(-1)
        channels = min(LINES, len(slopes))
        more = f" and {len(slopes) - LINES} more" if len(slopes) > LINES else ""
        note = f"learnt slopes by channel: {', '.join(map(number, slopes[:LINES]))}{more}"
        note = note if len(slopes) > 1 else f"learnt slope {number(slopes[0])}"
        if len(slopes) > 1:
            call = lambda points: function(points.reshape(-1, 1).expand(-1, len(slopes)))[:, :LINES]  # noqa: E731
    lines, steps = _evaluated(call, x, title, channels)
    half = _evaluated(call, x[::2], title, channels)[0]
    if not xp.allclose(half, lines[:, ::2], 1e-9, 1e-12, equal_nan=True):
        raise ValueError(f"{title} has no curve: what it makes of a number depends on the other numbers, or on chance")
    if note.startswith("in training"):
        lowest, highest = (tuple(xp.where(x < 0, x * bound, x).tolist()) for bound in (function.upper, function.lower))
        band = lowest, highest
    inputs = None if got is None else _inputs(function, *got, low, high)
    title += "" if inputs is None else f", {inputs.where}"
    kinks = _kinks(lambda points: [part[0] for part in _evaluated(call, points, title, channels)], x, lines[0], steps[0])
    return Panel(title, tuple(x.tolist()), _rows(lines), _rows(steps), tuple(kinks), band, note, inputs)


def _on_cpu(tensor: Tensor) -> Array:
    return to_device(tensor.detach()._array, device("cpu"))


def _rows(array: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, array.tolist()))


def _evaluated(function: Any, x: Array, title: str, lines: int) -> tuple[Array, Array]:
    """A function and its derivative at points: a row for each line."""
    with enable_grad():
        points = [wrap(x.copy()).requires_grad_() for _ in range(lines)]
        try:
            ys = [function(point) for point in points]
        except Exception as error:
            raise ValueError(f"{title} has no curve: it cannot take a row of numbers ({error})") from error
        if any(not isinstance(y, Tensor) or y.shape[:1] != (len(x),) or y.numel() != len(x) * lines for y in ys):
            raise ValueError(f"{title} has no curve: of {len(x)} numbers it does not make {len(x)}")
        ys = [y if lines == 1 else y[:, i] for i, y in enumerate(ys)]
        if not ys[0].requires_grad:
            raise ValueError(f"{title} has no derivative: its result does not require grad")
        slopes = [grad(y.sum(), point)[0] for y, point in zip(ys, points, strict=True)]
    values, steps = (xp.stack([_on_cpu(t) for t in found]) for found in (ys, slopes))
    return values, xp.where(xp.isfinite(values), steps, xp.nan)


def _kinks(evaluated: Callable[[Array], Sequence[Array]], x: Array, y: Array, slope: Array) -> list[Kink]:
    """The jumps of slope or value: each interval between samples is halved towards the larger jump, all at once."""
    left, right = [x[:-1], y[:-1], slope[:-1]], [x[1:], y[1:], slope[1:]]
    for _ in range(HALVINGS):
        middle = (left[0] + right[0]) / 2
        centre = [middle, *evaluated(middle)]
        before, after = (
            sum(abs(a - b) for a, b in zip(p[1:], q[1:], strict=True)) for p, q in ((left, centre), (centre, right))
        )
        go_left = before > after
        left = [xp.where(go_left, a, b) for a, b in zip(left, centre, strict=True)]
        right = [xp.where(go_left, b, c) for b, c in zip(centre, right, strict=True)]
    jumps = (abs(right[1] - left[1]) > 1e-6 * (1 + abs(left[1]))) | (abs(right[2] - left[2]) > 1e-6 * (1 + abs(left[2])))
    jumps &= xp.isfinite(left[1] + right[1] + left[2] + right[2])
    places = sorted({round(float(p), 9) + 0.0 for p in left[0][jumps]})
    kinks = []
    for place in places[:6]:
        values, slopes = (part.round(6).tolist() for part in evaluated(xp.array([place - 1e-7, place, place + 1e-7])))
        kinks.append(Kink(place, slopes[0], slopes[2], slopes[1], (values[0], values[2])))
    return kinks


def _inputs(function: Any, where: str, tensors: list[Tensor], low: float, high: float) -> Inputs:
    """The numbers that an activation got, and the slopes it has there."""
    numbers, slopes = [], []
    for tensor in tensors:
        with enable_grad():
            point = tensor.double().detach().requires_grad_()
            slopes.append(_on_cpu(grad(function(point).sum(), point)[0]).reshape(-1))
        numbers.append(_on_cpu(point).reshape(-1))
    values, steps = xp.concatenate(numbers), xp.concatenate(slopes)
    if not values.size:
        raise ValueError(f"{where} got no numbers for this x: pass a batch with at least one example")
    histogram = xp.histogram(values, BINS, (low, high))[0]
    shares = float((steps == 0).mean()), float((abs(steps) < SMALL).mean())
    spread, count = float(values.std()), int(values.size)
    return Inputs(where, count, float(values.mean()), spread, tuple(histogram.tolist()), count - int(histogram.sum()), *shares)


# ---- drawing ------------------------------------------------------------------------------------------------------------


class _Plot:
    """Draws a panel: function, inputs, derivative, words."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.low, self.high = panel.x[0], panel.x[-1]
        most = 4 * (self.high - self.low)
        curves = [*panel.lines, *(panel.band or ())]
        self.values, self.slopes = _limits(curves, most), _limits(panel.slopes, most)
        self.top = 56.0
        self.strip = self.top + HIGH + 10
        self.second = self.strip + (STRIP + 36 if panel.inputs else 34)
        self.foot = self.second + LOW
        self.text = [part for words in panel.words for part in _wrapped(words, LEFT + WIDE - 20)]
        self.height = self.foot + 34 + 17 * len(self.text) + 10
        self.steepness = (HIGH / (self.values[1] - self.values[0])) / (WIDE / (self.high - self.low))

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The place of a point of the function, in pixels."""
        low, high = self.values
        return round(self.across(x), 1), round(self.top + HIGH * (high - y) / (high - low), 1)

    def across(self, x: float) -> float:
        return LEFT + WIDE * (x - self.low) / (self.high - self.low)

    def slope_at(self, slope: float) -> float:
        low, high = self.slopes
        return round(self.second + LOW * (high - slope) / (high - low), 1)

    def drawing(self) -> str:
        panel = self.panel
        parts = [text(12, 24, panel.title, 16, theme.INK, bold=True)]
        parts += self.axes(self.top, HIGH, self.values, "f(x)", theme.VALUE)
        parts += self.axes(self.second, LOW, self.slopes, "f′(x)", theme.GRADIENT)
        inner = []
        if panel.band is not None:
            edge = [self.at(x, y) for x, y in zip(panel.x, panel.band[0], strict=True)]
            edge += [self.at(x, y) for x, y in zip(reversed(panel.x), reversed(panel.band[1]), strict=True)]
            points = " ".join(f"{x},{y}" for x, y in edge)
            inner.append(f'<polygon points="{points}" fill="{theme.TOKENS["value-tint"][0]}" stroke="none"/>')
        jumps = [
            (kink.x, abs(kink.values[1] - kink.values[0]) > 1e-6, abs(kink.left - kink.right) > 1e-6) for kink in panel.kinks
        ]
        for line in panel.lines:
            inner.append(
                self.path(
                    [self.at(x, y) for x, y in zip(panel.x, line, strict=True)], [x for x, y, _ in jumps if y], theme.VALUE
                )
            )
        parts.append(_clipped(self.top, HIGH, inner))
        inner = []
        for slope in panel.slopes:
            places = [(round(self.across(x), 1), self.slope_at(s)) for x, s in zip(panel.x, slope, strict=True)]
            inner.append(self.path(places, [x for x, _, s in jumps if s], theme.GRADIENT))
        parts.append(_clipped(self.second, LOW, inner))
        for kink in panel.kinks:
            for side in (kink.left, kink.right, kink.used):
                fill = theme.GRADIENT if side == kink.used else theme.CARD
                place = f'cx="{self.across(kink.x):.1f}" cy="{self.slope_at(side)}"'
                parts.append(f'<circle {place} r="4" fill="{fill}" stroke="{theme.GRADIENT}" stroke-width="1.6"/>')
        if panel.inputs:
            parts += self.histogram(panel.inputs)
        parts += [text(20, self.foot + 40 + 17 * i, words, 12, theme.INK) for i, words in enumerate(self.text)]
        return "\n".join(parts)

    def path(self, places: list[tuple[float, float]], breaks: list[float], colour: str) -> str:
        """A line, broken where it jumps and where there is no number."""
        steps, pen = [], "M"
        for i, (x, y) in enumerate(places):
            here, before = self.panel.x[i], self.panel.x[i - 1]
            if not (math.isfinite(x) and math.isfinite(y)):
                pen = "M"
                continue
            if i and any(before <= b <= here for b in breaks):
                pen = "M"
            steps.append(f"{pen}{x} {y}")
            pen = "L"
        return f'<path d="{" ".join(steps)}" fill="none" stroke="{colour}" stroke-width="2"/>'

    def axes(self, top: float, high: float, limits: tuple[float, float], name: str, colour: str) -> list[str]:
        parts = [f'<rect x="{LEFT}" y="{top}" width="{WIDE}" height="{high}" fill="{theme.CARD}" stroke="{theme.LINE}"/>']
        parts.append(text(LEFT, top - 6, name, 13, colour, bold=True))
        for x in _ticks(self.low, self.high, 5):
            place = round(self.across(x), 1)
            weight = "1.2" if x == 0 else "0.4"
            parts.append(_rule(place, top, place, top + high, weight))
            parts.append(text(place, top + high + 16, number(x), 12, theme.QUIET, "middle"))
        for y in _ticks(*limits, 5):
            place = round(top + high * (limits[1] - y) / (limits[1] - limits[0]), 1)
            parts.append(_rule(LEFT, place, LEFT + WIDE, place, "1.2" if y == 0 else "0.4"))
            parts.append(text(LEFT - 6, place + 4, number(y), 12, theme.QUIET, "end"))
        return parts

    def histogram(self, got: Inputs) -> list[str]:
        """The inputs in the model as bars; those with slope 0 or nearly 0 are filled."""
        panel, most, foot = self.panel, max(*got.histogram, 1), self.strip + STRIP + 8
        parts, wide = [], WIDE / BINS
        for i, count in enumerate(got.histogram):
            slope = panel.slopes[0][round((i + 0.5) * (SAMPLES - 1) / BINS)]
            fill = theme.LINE if abs(slope) < SMALL else theme.CARD
            high = (STRIP - 8) * count / most
            parts.append(
                f'<rect x="{LEFT + i * wide:.1f}" y="{foot - high:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{fill}" '
                f'stroke="{theme.LINE}"><title>{count:,} inputs</title></rect>'
            )
        return parts


def _limits(lines: Sequence[Sequence[float]], most: float) -> tuple[float, float]:
    """The lowest and the highest value, with room; 0 is among them."""
    values = [v for line in lines for v in line if math.isfinite(v)]
    low, high = max(-most, min(values, default=0.0)), min(most, max(values, default=1.0))
    low, high = min(0.0, low), max(0.0, high)
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two."""
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= most)
    return [round(i * step, 12) + 0.0 for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _wrapped(words: str, most: float) -> list[str]:
    first, *rest = words.split()
    lines = [first]
    for word in rest:
        longer = f"{lines[-1]} {word}"
        if theme.width(longer, 12) <= most:
            lines[-1] = longer
        else:
            lines.append(f"    {word}")
    return lines


def _clipped(top: float, high: float, parts: list[str]) -> str:
    box = f'x="{LEFT}" y="{top}" width="{WIDE}" height="{high}" viewBox="{LEFT} {top} {WIDE} {high}"'
    return f'<svg {box} overflow="hidden">{"".join(parts)}</svg>'


def _rule(x1: float, y1: float, x2: float, y2: float, weight: str) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{theme.LINE}" stroke-width="{weight}"/>'
