"""Arrays of a net as images: viz.kernels(layer) its weights, viz.feature_maps(model, x) what each layer makes of an image.

A pixel is an element, green above 0 and purple below, the stronger the larger; each row of images has one scale, which is
stated.
"""

from __future__ import annotations

import base64
import copy
import math
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
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
from minitorch.viz.page.summary import number, shape_text
from minitorch.viz.page.svg import drawing, text
from minitorch.viz.record.settings import module_settings

__all__ = ["Maps", "feature_maps", "kernels"]

TILE, GAP, WIDTH = 64, 8, 940  # pixels: about the side of an image, between images, of all
MAX_PIXELS = 400_000  # of one row of images
VALUES = 150_000  # most numbers that a page has, to be pointed at


@dataclass
class Row:
    """The images of one layer. `tiles` are arrays (rows, columns), in colour (rows, columns, 3); `labels` name them."""

    title: str
    note: str
    tiles: list[Array]
    labels: list[str]
    gradients: list[Array] = field(default_factory=list)
    left_out: int = 0
    across: int = 0  # images in a line, if it matters

    def largest(self, tiles: list[Array]) -> float:
        """The size of the largest element that is finite."""
        return max((float(abs(tile[xp.isfinite(tile)]).max(initial=0)) for tile in tiles), default=0.0)

    @property
    def scale(self) -> str:
        """From the smallest to the largest element."""
        every = xp.concatenate([tile.reshape(-1) for tile in self.tiles])
        known = every[xp.isfinite(every)]
        ends = f"from {number(float(known.min()))} to {number(float(known.max()))}" if known.size else "no finite element"
        return ends + (f", {every.size - known.size} nan or infinite" if known.size < every.size else "")


class Maps(Picture):
    """Rows of images. Prints as text, displays in a notebook, saves as .html, .svg, .png, .json or .txt.

    Example:
        >>> from minitorch import nn, viz
        >>> maps = viz.kernels(nn.Conv2d(1, 6, 5))
        >>> len(maps.rows[0].tiles)
        6
    """

    WHAT = "maps"
    HEIGHT = 640

    def __init__(self, title: str, rows: list[Row]) -> None:
        self.title, self.rows = title, rows

    @property
    def data(self) -> dict[str, Any]:
        """For each row its title, and its arrays as nested lists, for JSON."""
        return finite(
            {
                "title": self.title,
                "rows": [
                    {
                        "title": row.title, "note": row.note, "labels": row.labels, "scale": row.scale,
                        "values": [_rounded(tile) for tile in row.tiles],
                        "gradients": [_rounded(tile) for tile in row.gradients],
                    }
                    for row in self.rows
                ],
            }
        )  # fmt: skip

    def __repr__(self) -> str:
        lines = [self.title]
        for row in self.rows:
            more = f", {row.left_out} more are not shown" if row.left_out else ""
            lines.append(f"  {row.title}: {row.note}, {row.scale}{more}")
        return "\n".join(lines)

    @property
    def svg(self) -> str:
        """The images, for light and dark."""
        body, width, height = self._drawn("values")
        return drawing(self.title, width, height, body)

    @property
    def html(self) -> str:
        """The images as a page: point at a pixel for its number, click an image to see it large."""
        kinds = ["values", "gradients"] if any(row.gradients for row in self.rows) else ["values"]
        pictures = ""
        for kind in kinds:
            body, width, height = self._drawn(kind)
            size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
            hidden = " hidden" if kind == "gradients" else ""
            pictures += (
                f'<figure id="{kind}"{hidden}><svg {size} role="img" aria-label="{escape(self.title)}">{body}</svg></figure>'
            )
        count = sum(tile.size for row in self.rows for tile in row.tiles) * len(kinds)
        data = self.data if count <= VALUES else {"title": self.title, "rows": []}
        colours = theme.css() + theme.in_dark(":where(figure svg)", variables=True)
        return template("maps.html", title=escape(self.title), colours=colours, pictures=pictures, data=script_data(data))

    def _drawn(self, kind: str) -> tuple[str, float, float]:
        parts, y, width = [text(16, 28, self.title, 18, bold=True)], 44.0, theme.width(self.title, 18, bold=True) + 32
        for r, row in enumerate(self.rows):
            tiles = row.tiles if kind == "values" else row.gradients
            hue = theme.VALUE if kind == "values" else theme.GRADIENT
            name = row.title if kind == "values" else f"∂L/∂ {row.title}"
            parts.append(text(16, y + 16, name, 14, colour=hue, bold=True))
            note = (
                f"{row.note}; {row.scale}" if kind == "values" else f"{row.note}; the largest is {number(row.largest(tiles))}"
            )
            note += f"; {row.left_out} more are not shown" if row.left_out else ""
            parts.append(text(16, y + 34, note, 12))
            width = max(width, theme.width(name, 14, bold=True) + 32, theme.width(note, 12) + 32)
            x, y, most = 16.0, y + 44, row.largest(tiles) or 1.0
            high = 0.0
            for n, (tile, label) in enumerate(zip(tiles, row.labels, strict=False)):
                wide, tall = _size(tile)
                if x > 16 and (x + wide > WIDTH or (row.across and n % row.across == 0)):
                    x, y = 16.0, y + high + GAP
                    high = 0.0
                box = f'x="{x:.0f}" y="{y:.0f}" width="{wide}" height="{tall}"'
                marks = 'preserveAspectRatio="none" image-rendering="optimizeSpeed" style="image-rendering:pixelated"'
                source = f'data-row="{r}" data-n="{n}" href="data:image/png;base64,{_png(tile, most)}"'
                parts.append(f'<rect {box} fill="{theme.CARD}" stroke="{theme.LINE}"/>')
                parts.append(f"<image {box} {marks} {source}><title>{escape(label)}</title></image>")
                x, high, width = x + wide + GAP, max(high, tall), max(width, x + wide + 16)
            y += high + 14
        if any(tile.ndim == 2 for row in self.rows for tile in row.tiles):
            parts.append(text(16, y + 8, "green above 0, purple below; one scale for each layer", 12))
        return "\n".join(parts), width, y + 22


def kernels(layer: Module, shape: Sequence[int] | None = None) -> Maps:
    """The weights of a layer as images: of a convolution its kernels, of Linear its matrix.

    Kernels over three channels are shown in colour, grey where a weight is 0: what they look for in an RGB image. Rows of a
    matrix that belong to the pixels of an image are shown as that image with `shape`, (rows, columns).

    Raises TypeError for a layer without such a weight, ValueError for a shape that does not fit. Example:

    >>> from minitorch import nn, viz
    >>> maps = viz.kernels(nn.Conv2d(1, 6, 5))
    >>> len(maps.rows[0].tiles), maps.rows[0].tiles[0].shape
    (6, (5, 5))
    """
    weight = layer._parameters.get("weight") if isinstance(layer, Module) else None
    if weight is None or weight.ndim < 2:
        what = type(layer).__name__ if not isinstance(layer, type) else f"the class {layer.__name__}"
        raise TypeError(
            f"kernels() shows the weight of a layer such as Conv2d or Linear, and {what} has none of two dimensions"
        )
    array = to_device(weight.detach()._array, device("cpu")).astype(xp.float64)
    title = f"{type(layer).__name__} {module_settings(layer)}".strip()
    if shape is not None:
        if not isinstance(shape, (tuple, list)) or not all(type(n) is int and n > 0 for n in shape) or len(shape) != 2:
            raise TypeError(
                f"kernels(): shape is (rows, columns) of the image that a row of the weight belongs to, not {shape!r:.60}"
            )
        if math.prod(shape) * len(array) != array.size:
            raise ValueError(
                f"kernels(): a row of the weight has {array[0].size} numbers, and {' × '.join(map(str, shape))} is "
                f"{math.prod(shape)}"
            )
        array = array.reshape(len(array), *shape)
    if array.ndim == 2:
        return _maps(title, [Row("weight", f"a matrix, {shape_text(array.shape)}", [array], ["weight"])])
    if array.ndim == 3:
        rows = [
            Row("weight", f"{len(array)} of {shape_text(array.shape[1:])}", list(array), [f"w[{i}]" for i in range(len(array))])
        ]
        return _maps(title, rows)
    if array.ndim == 4 and array.shape[1] == 3:
        colours, names = list(array.transpose(0, 2, 3, 1)), [f"w[{i}]" for i in range(len(array))]
        return _maps(
            title, [Row("kernels", f"{len(array)} of {shape_text(array.shape[2:])}, in colour: grey is 0", colours, names)]
        )
    flat = array.reshape(*array.shape[:2], -1, *array.shape[-2:])  # with the slices of a volume
    if array.shape[1] == 1 and flat.shape[2] == 1:
        names = [f"w[{i}, 0]" for i in range(len(array))]
        return _maps(title, [Row("kernels", f"{len(array)} of {shape_text(array.shape[2:])}", list(flat[:, 0, 0]), names)])
    slices = flat.shape[2]
    names = [
        f"w[{i}, {c}]" + (f", slice {s}" if slices > 1 else "")
        for i in range(len(flat)) for c in range(flat.shape[1]) for s in range(slices)
    ]  # fmt: skip
    note = f"{array.shape[0]} rows of {array.shape[1]}, {shape_text(array.shape[2:])} each"
    return _maps(title, [Row("kernels", note, list(flat.reshape(-1, *flat.shape[-2:])), names, across=flat.shape[1] * slices)])


def feature_maps(model: Module, x: Tensor, channels: int = 16, loss: Callable[[Any], Tensor] | None = None) -> Maps:
    """What each layer of a model makes of an image: its output, a picture for each channel.

    `x` is one image as the model takes it, (1, channels, height, width), or the first of a batch. Up to `channels` of a layer
    are shown. With `loss`, a function of the model's output, the page also shows the gradient in the same places. A copy of the
    model is run in its present mode, so that nothing in it changes.

    Raises TypeError for no model or no tensor, ValueError where no layer has an output to show. Example:

    >>> import minitorch
    >>> from minitorch import nn, viz
    >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2))
    >>> maps = viz.feature_maps(net, minitorch.randn(1, 1, 28, 28))
    >>> [row.note for row in maps.rows]
    ['1 channel of 28×28', '6 channels of 24×24', '6 channels of 24×24', '6 channels of 12×12']
    """
    if not isinstance(model, Module):
        raise TypeError(f"feature_maps() looks into a model, an nn.Module, and got {type(model).__name__}")
    if not isinstance(x, Tensor) or x.ndim < 2 or not len(x):
        given = f"a tensor of shape {list(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"feature_maps(): x is an image with its batch, (1, channels, height, width), not {given}")
    if type(channels) is not int or channels < 1:
        raise ValueError(f"feature_maps(): channels is how many are shown of a layer, 1 at least, not {channels!r:.60}")
    if loss is not None and not callable(loss):
        raise TypeError(f"feature_maps(): loss is a function of the model's output, not {type(loss).__name__}")
    first = next((type(m).__name__ for m in model.modules() if type(m).__name__[-2:] in ("1d", "2d", "3d")), "")
    if first and x.ndim == int(first[-2]) + 1:
        raise ValueError(f"feature_maps(): x is {list(x.shape)}, and {first} takes a batch: x[None] is a batch of one")
    twin = copy.deepcopy(model)
    with enable_grad():
        start = x.detach().requires_grad_() if x.is_floating_point() else x
        with noted_calls(twin) as calls:
            out = twin(start)
        outputs = [
            (f"{name} {type(layer).__name__} {module_settings(layer)}".strip(), output)
            for name, layer, output in calls if output.ndim >= 2
        ]  # fmt: skip
        every = [("input", start), *outputs]
        slopes: list[Tensor | None] = [None] * len(every)
        if loss is not None:
            value = loss(out)
            if not isinstance(value, Tensor) or value.numel() != 1:
                raise TypeError(f"feature_maps(): loss should return one number, a Tensor, and returned {value!r:.60}")
            wanted = [i for i, (_, tensor) in enumerate(every) if tensor.requires_grad]
            found = grad(value, [every[i][1] for i in wanted], allow_unused=True)
            for i, slope in zip(wanted, found, strict=True):
                slopes[i] = slope
    rows = []
    for (name, tensor), gradient in zip(every, slopes, strict=True):
        tiles, note = _tiles(tensor, channels)
        gradients = _tiles(tensor * 0 if gradient is None else gradient, channels)[0] if loss is not None else []
        labels = [f"{name}, channel {c}" if len(tiles) > 1 else name for c in range(len(tiles))]
        count = tensor.shape[1] if tensor.ndim >= 4 else 1
        rows.append(Row(name, note, tiles, labels, gradients, max(0, count - channels)))
    title = f"{type(model).__name__}: what its layers make of the input"
    return _maps(title, rows)


def _tiles(tensor: Tensor, channels: int) -> tuple[list[Array], str]:
    """The first item of a batch as images: a channel each; a sequence as one image, a row for each channel."""
    array = to_device(tensor.detach()._array, device("cpu"))[0].astype(xp.float64)
    if array.ndim == 1:
        return [array[None]], f"{array.size} numbers"
    if array.ndim == 2:
        return [array], f"{len(array)} channels of {array.shape[1]}, one below the other"
    if array.ndim > 3:  # the slices of a volume beside each other
        flat = array.reshape(len(array), -1, *array.shape[-2:])
        tiles = [xp.concatenate(list(part), axis=1) for part in flat[:channels]]
    else:
        tiles = list(array[:channels])
    return tiles, f"{len(array)} {'channel' if len(array) == 1 else 'channels'} of {shape_text(array.shape[1:])}"


def _maps(title: str, rows: list[Row]) -> Maps:
    for row in rows:
        pixels = sum(tile.size for tile in row.tiles)
        if pixels > MAX_PIXELS:
            raise ValueError(
                f"{row.title} has {pixels:,} elements, and {MAX_PIXELS:,} can be shown: take a smaller image or fewer channels"
            )
    return Maps(title, rows)


def _size(tile: Array) -> tuple[int, int]:
    """The size of an image on the page: a whole number of pixels for each element, where there is room."""
    rows, columns = tile.shape[:2]
    zoom = max(1, min(16, TILE // max(1, min(rows, columns)), (WIDTH - 32) // columns))
    return min(columns * zoom, WIDTH - 32), rows * zoom


def _png(tile: Array, most: float) -> str:
    """An array as PNG in base 64: green and purple over the ground of the page, or colours around grey."""
    known = xp.nan_to_num(tile / most, nan=0.0, posinf=1.0, neginf=-1.0)
    if tile.ndim == 3:
        pixels = xp.concatenate([(known + 1) * 127.5, xp.full((*tile.shape[:2], 1), 255.0)], axis=2)
    else:
        plus, minus = (_rgb(colour) for colour in ("#3f8f5b", "#8a4f9e"))
        colour = xp.where((known < 0)[..., None], xp.array(minus), xp.array(plus))
        pixels = xp.concatenate([colour, abs(known)[..., None] * 255], axis=2)
    rows, columns = pixels.shape[:2]
    lines = b"".join(b"\0" + line.tobytes() for line in xp.rint(pixels).astype(xp.uint8))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(d)) + name + d + struct.pack(">I", zlib.crc32(name + d)) for name, d in chunks)
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


def _rgb(colour: str) -> list[float]:
    return [float(int(colour[i : i + 2], 16)) for i in (1, 3, 5)]


def _rounded(tile: Array) -> Any:
    if tile.ndim > 1:
        return [_rounded(part) for part in tile]
    return [float(f"{v:.4g}") for v in tile.tolist()]
