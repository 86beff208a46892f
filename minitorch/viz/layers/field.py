"""Which part of an image a cell sees: `viz.receptive_field(model, "features.3", x=image).save("field.svg")`.

The field in theory comes from a simple experiment: a row of the image is made nan, then a column, and where nan comes out, the
output depends on it, whatever lies between (strides, dilation, skips, a pooling over everything). How much it depends on each
pixel for the image at hand is the derivative of the cell, |∂y/∂x|: the effective field, as a rule far smaller.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from minitorch.autograd import grad
from minitorch.autograd.grad_mode import enable_grad, no_grad
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.device import device, to_device
from minitorch.nn import Module
from minitorch.tensor import Tensor
from minitorch.viz.page import theme
from minitorch.viz.page.page import finite
from minitorch.viz.page.picture import Picture
from minitorch.viz.page.summary import number, shape_text
from minitorch.viz.page.svg import drawing, text
from minitorch.viz.record.settings import module_settings

__all__ = ["Field", "LayerField", "receptive_field"]

MAX_SIDE = 128  # most rows and columns of an image
CHUNK = 2_000_000  # numbers that go through the model at once


@dataclass(frozen=True)
class LayerField:
    """The field of a layer's middle cell: rows by columns, and how far the field moves from one cell to the next."""

    name: str
    layer: str
    size: tuple[int, int]
    step: tuple[int, int]


class Field(Picture):
    """The receptive field of a cell. Prints as text, displays in a notebook, saves as .html, .svg, .json or .txt.

    `rows` and `columns` are those of the image that the cell depends on, `effective` is |∂y/∂x| for each pixel, summed over the
    channels, and `layers` has the fields of all layers up to this one.

    Example:
        >>> from minitorch import nn, viz
        >>> net = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3))
        >>> viz.receptive_field(net, x=(1, 1, 8, 8)).size
        (5, 5)
    """

    WHAT = "a receptive field"

    def __init__(
        self, title: str, cell: tuple[int, ...], shape: tuple[int, int], rows: list[int], columns: list[int], effective: Array,
        layers: list[LayerField],
    ) -> None:  # fmt: skip
        self.title, self.cell, self.shape, self.rows, self.columns = title, cell, shape, rows, columns
        self.effective, self.layers = effective, layers

    @property
    def size(self) -> tuple[int, int]:
        """How many rows and columns the field reaches over, with the gaps that dilation leaves."""
        return _reach(self.rows), _reach(self.columns)

    @property
    def middle_share(self) -> float:
        """The share of the effective field that lies in the middle quarter of the field in theory; nan if all of it is 0."""
        total = float(self.effective.sum())
        if not total or not self.rows or not self.columns:
            return math.nan
        spans = []
        for places in (self.rows, self.columns):
            quarter = _reach(places) / 4
            spans.append(slice(math.floor(places[0] + quarter), math.ceil(places[-1] + 1 - quarter)))
        return float(self.effective[tuple(spans)].sum()) / total

    @property
    def words(self) -> list[str]:
        """What the picture shows, in sentences."""
        high, wide = self.size
        seen = len(self.rows) * len(self.columns)
        words = [f"it sees {high}×{wide} pixels of {shape_text(self.shape)}"]
        if not seen:
            return ["it sees nothing of the image"]
        if seen < high * wide:
            words[0] += f", {seen} of them: the others lie between"
        if not math.isnan(self.middle_share):
            words.append(f"{self.middle_share:.0%} of |∂y/∂x| lies in the middle quarter of that")
        else:
            words.append("|∂y/∂x| is 0 everywhere for this image")
        return words

    @property
    def data(self) -> dict[str, Any]:
        """The field as plain data, for JSON."""
        plain: dict[str, Any] = finite({
            "layer": self.title, "cell": list(self.cell), "rows": self.rows, "columns": self.columns, "size": list(self.size),
            "effective": self.effective.tolist(), "middle_share": self.middle_share,
            "layers": [asdict(layer) for layer in self.layers],
        })  # fmt: skip
        return plain

    def __repr__(self) -> str:
        lines = [f"{self.title}, cell {', '.join(map(str, self.cell))}: " + "; ".join(self.words)]
        table = [("layer", "field", "step"), *(
            (f"{one.name} {one.layer}", shape_text(one.size), shape_text(one.step)) for one in self.layers
        )]  # fmt: skip
        widths = [max(len(row[i]) for row in table) for i in range(3)]
        return "\n".join([*lines, *("  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in table)])

    @property
    def svg(self) -> str:
        """The image's pixels, those of the field framed; the stronger the colour, the more one counts. For light and dark."""
        high, wide = self.shape
        cell = max(5.0, min(24.0, 520 / max(high, wide)))
        most = float(self.effective.max()) or 1.0
        title = f"{self.title}, cell {', '.join(map(str, self.cell))}"
        parts, left, top = [text(16, 28, title, 16, bold=True)], 16.0, 44.0
        rows, columns = set(self.rows), set(self.columns)
        for r in range(high):
            for c in range(wide):
                inside, share = r in rows and c in columns, float(self.effective[r, c]) / most
                box = f'x="{left + c * cell:.1f}" y="{top + r * cell:.1f}" width="{cell:.1f}" height="{cell:.1f}"'
                stroke = theme.EDGE if inside else theme.LINE
                weight = "1" if inside else "0.25"
                parts.append(
                    f'<rect {box} fill="{theme.CARD if inside else theme.PAPER}" stroke="{stroke}" stroke-width="{weight}"/>'
                )
                if share > 0.002:
                    tip = f"<title>pixel {r}, {c}: {number(float(self.effective[r, c]))}</title>"
                    parts.append(f'<rect {box} fill="{theme.GRADIENT}" fill-opacity="{share**0.5:.2f}">{tip}</rect>')
        y = top + high * cell + 24
        lines = [*self.words, "framed: what it depends on; the stronger the colour, the larger |∂y/∂x| for this image"]
        for line in lines:
            parts.append(text(16, y, line, 13, theme.INK))
            y += 19
        width = max(
            left + wide * cell + 16, theme.width(title, 16, bold=True) + 32, *(theme.width(line, 13) + 32 for line in lines)
        )
        return drawing(title, width, y, "\n".join(parts))

    @property
    def html(self) -> str:
        """The picture as a page, with the fields of all layers."""
        style = (
            f"{theme.css()} body {{ margin: 0; padding: 12px 16px; background: var(--paper); color: var(--ink); "
            "overflow: auto; font: 14px/1.45 Helvetica, Arial, 'DejaVu Sans', sans-serif; } "
            "td, th { padding: 2px 14px 2px 0; text-align: left; font-weight: normal; } th { color: var(--quiet); }"
        )
        rows = "".join(
            f"<tr><td>{escape(f'{one.name} {one.layer}')}</td><td>{shape_text(one.size)}</td>"
            f"<td>{shape_text(one.step)}</td></tr>"
            for one in self.layers
        )
        return (
            '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>Receptive field of {escape(self.title)}</title><style>{style}</style>{self.svg}"
            f"<table><tr><th>layer</th><th>sees</th><th>moves by</th></tr>{rows}</table></html>\n"
        )


def receptive_field(model: Module, layer: str | Module = "", cell: tuple[int, ...] | None = None, *, x: Any) -> Field:
    """The part of an image that a cell of a layer's output sees, in theory and for the image `x`.

    `layer` is the name of a module of the model, or the module; the model itself if it is left out. `cell` is a place in its
    output, (row, column) of an image, the middle one by default; the channels are taken together. `x` is an image of shape
    (1, channels, height, width) or a sequence (1, channels, length), or such a shape: then the image is drawn at random. A
    copy of the model is run in evaluation mode, so that nothing in it changes and a batch norm does not mix images.

    Raises TypeError for what is no layer or no image, ValueError for an image of more than 128 rows or columns and for a layer
    that is not called, IndexError for a cell that is not there. Example:

    >>> from minitorch import nn, viz
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, dilation=2))
    >>> field = viz.receptive_field(net, x=(1, 1, 16, 16))
    >>> field.size, field.rows
    ((12, 12), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    >>> [(one.name, one.size, one.step) for one in field.layers]
    [('0', (3, 3), (1, 1)), ('1', (3, 3), (1, 1)), ('2', (4, 4), (2, 2)), ('3', (12, 12), (2, 2))]
    """
    if not isinstance(model, Module):
        raise TypeError(f"receptive_field() looks into a model, an nn.Module, and got {type(model).__name__}")
    names = {id(module): name for name, module in model.named_modules()}
    name = names.get(id(layer)) if isinstance(layer, Module) else layer
    if not isinstance(name, str) or name not in names.values():
        raise TypeError(f"receptive_field(): layer is a module of the model or its name, not {layer!r:.60}")
    twin = copy.deepcopy(model).eval().cpu()
    image = _image(x, twin)
    outputs = _outputs(twin, image)
    if name not in outputs:
        raise ValueError(f"the layer {name} was not called for this x, or returns no single tensor: no cell sees anything")
    places = tuple(outputs[name].shape[2:]) or tuple(outputs[name].shape[1:])
    cell = tuple(n // 2 for n in places) if cell is None else tuple(cell)
    if len(cell) != len(places) or not all(-n <= c < n for c, n in zip(cell, places, strict=True)):
        raise IndexError(
            f"receptive_field(): the output of {name or 'the model'} has {shape_text(places)} cells, and no cell {cell}"
        )
    cell = tuple(c % n for c, n in zip(cell, places, strict=True))
    touched = _touched(twin, image, list(outputs))
    module = dict(model.named_modules())[name]
    order = list(outputs)
    leaves = [n for n in order[: order.index(name) + 1] if not list(dict(model.named_modules())[n].children())]
    layers = [_layer_field(n, dict(model.named_modules())[n], touched[n]) for n in leaves]
    rows, columns = (_seen(part, cell) for part in touched[name])
    title = " ".join(filter(None, (name, type(module).__name__, module_settings(module))))
    return Field(title, cell, _sides(image), rows, columns, _effective(twin, image, name, cell), layers)


def _image(x: Any, model: Module) -> Tensor:
    if isinstance(x, (tuple, list)) and all(type(n) is int and n > 0 for n in x):
        first = next((p for p in model.parameters() if p.is_floating_point()), None)
        dtype = xp.float32 if first is None else first._array.dtype
        x = wrap(xp.random.default_rng(0).normal(size=tuple(x)).astype(dtype))
    if not isinstance(x, Tensor) or x.ndim not in (3, 4) or x.shape[0] != 1 or not x.is_floating_point():
        given = f"a tensor of shape {tuple(x.shape)}" if isinstance(x, Tensor) else f"{x!r:.60}"
        raise TypeError(
            "receptive_field(): x is one image, (1, channels, height, width), or one sequence, (1, channels, length), or such "
            f"a shape, not {given}"
        )
    if max(x.shape[2:]) > MAX_SIDE:
        raise ValueError(
            f"receptive_field(): an image of {shape_text(tuple(x.shape[2:]))} is too large to try every row and column, and "
            f"{MAX_SIDE} is the most: the field does not depend on the image's size, so take a part of it, x[..., :{MAX_SIDE}]"
        )
    return x.detach().cpu()


def _sides(image: Tensor) -> tuple[int, int]:
    return (1, int(image.shape[2])) if image.ndim == 3 else (int(image.shape[2]), int(image.shape[3]))


def _outputs(model: Module, x: Tensor) -> dict[str, Tensor]:
    """The output of each module that returns one tensor, by name; of its last call."""
    found: dict[str, Tensor] = {}
    handles = []
    for name, module in model.named_modules():

        def keep(module: Module, args: Any, result: Any, name: str = name) -> None:
            if isinstance(result, Tensor) and result.ndim >= 2:
                found.pop(name, None)
                found[name] = result

        handles.append(module.register_forward_hook(keep))
    try:
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _touched(model: Module, image: Tensor, names: list[str]) -> dict[str, tuple[Array, Array]]:
    """For each module, which cells of its output depend on each row and on each column of the image."""
    sides, found = _sides(image), []
    for axis in (0, 1):
        parts: dict[str, list[Array]] = {name: [] for name in names}
        at_once = max(1, CHUNK // max(1, image.numel()))
        for start in range(0, sides[axis], at_once):
            count = min(at_once, sides[axis] - start)
            arrays = xp.repeat(to_device(image._array, device("cpu")), count, axis=0)
            for i in range(count):
                if image.ndim == 3:
                    arrays[(i, slice(None), slice(None) if axis == 0 else start + i)] = xp.nan
                else:
                    arrays[(i, slice(None), start + i) if axis == 0 else (i, slice(None), slice(None), start + i)] = xp.nan
            with no_grad():
                outputs = _outputs(model, wrap(to_device(arrays, image.device)))
            for name in names:
                array: Any = xp.isnan(to_device(outputs[name]._array, device("cpu")))
                parts[name].append(array.any(axis=1) if array.ndim > 2 else array)
        found.append({name: xp.concatenate(part) for name, part in parts.items()})
    return {name: (found[0][name], found[1][name]) for name in names}


def _seen(touched: Array, cell: Sequence[int]) -> list[int]:
    """The rows or columns that a cell depends on."""
    place: Any = (slice(None), *cell)
    rows: list[int] = xp.flatnonzero(touched[place]).tolist()
    return rows


def _layer_field(name: str, module: Module, touched: tuple[Array, Array]) -> LayerField:
    sizes, steps = [], []
    for axis, part in enumerate(touched):
        places = part.shape[1:]
        middle = tuple(n // 2 for n in places)
        along = len(places) - 2 + axis if len(places) >= 2 else 0
        seen = _seen(part, middle)
        before = list(middle)
        before[along] -= 1
        earlier = _seen(part, before) if before[along] >= 0 else seen
        sizes.append(_reach(seen))
        single = len(places) == 1 and axis == 0  # a sequence has one row
        steps.append(max(seen[-1] - earlier[-1], seen[0] - earlier[0]) if seen and earlier and not single else 0)
    return LayerField(
        name, f"{type(module).__name__} {module_settings(module)}".strip(), (sizes[0], sizes[1]), (steps[0], steps[1])
    )


def _reach(places: list[int]) -> int:
    return places[-1] - places[0] + 1 if places else 0


def _effective(model: Module, image: Tensor, name: str, cell: tuple[int, ...]) -> Array:
    """The sum over channels of |∂y/∂x|, y the sum of the cell's channels."""
    with enable_grad():
        x = image.clone().requires_grad_()
        output = _outputs(model, x)[name]
        y = output[(0, slice(None), *cell)] if output.ndim > 2 else output[(0, *cell)]
        (slope,) = grad(y.sum(), x, allow_unused=True) if y.requires_grad else (None,)
    if slope is None:
        return xp.zeros(_sides(image))
    return abs(to_device(slope._array, device("cpu"))[0]).sum(axis=0).reshape(_sides(image))
