"""A layer's formula worked column by column: `print(viz.worked(nn.CrossEntropyLoss(), logits, target))`.

For layers that are no sums of products: softmax and cross-entropy, batch and layer norm, dropout, squared and absolute error.
A row is an element, a column a part of the formula; the last columns are the output, and the gradient that it sends back. Rows
that are computed together, the classes of an item or the elements of a channel, stand together.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from minitorch import nn
from minitorch.autograd import grad
from minitorch.autograd.grad_mode import enable_grad
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.nn import Module
from minitorch.tensor import Tensor
from minitorch.viz.page import theme
from minitorch.viz.page.page import finite
from minitorch.viz.page.picture import Picture
from minitorch.viz.page.summary import number
from minitorch.viz.page.svg import drawing, text
from minitorch.viz.record.settings import module_settings

__all__ = ["Group", "Worked", "worked"]

MOST = 120  # rows
ROW, COLUMN, BAR = 22, 150, 30  # pixels: a row, a column, half of the widest bar

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


@dataclass(frozen=True)
class Group:
    """Rows that are computed together. `columns` has a number of each row under each heading; `words` what they share."""

    title: str
    rows: tuple[str, ...]
    columns: dict[str, list[float]]
    words: str = ""


class Worked(Picture):
    """A formula worked out. Prints as text, displays in a notebook, saves as .html, .svg, .png, .json or .txt.

    Example:
        >>> import minitorch
        >>> from minitorch import nn, viz
        >>> picture = viz.worked(nn.MSELoss(), minitorch.tensor([1.0, 2.0]), minitorch.tensor([0.0, 4.0]))
        >>> picture.words
        'loss = 2.5, the mean of the elements; ∂L/∂x = 2 (x − t) / 2'
    """

    WHAT = "a table"

    def __init__(self, title: str, groups: list[Group], words: str) -> None:
        self.title, self.groups, self.words = title, groups, words

    @property
    def data(self) -> dict[str, Any]:
        """The groups of rows with their columns, for JSON."""
        groups = [{"title": g.title, "rows": list(g.rows), "columns": g.columns, "words": g.words} for g in self.groups]
        shown: dict[str, Any] = finite({"layer": self.title, "groups": groups, "words": self.words})
        return shown

    def __repr__(self) -> str:
        heads = list(self.groups[0].columns)
        table = [["", *heads]]
        table += [[row, *(number(g.columns[h][i]) for h in heads)] for g in self.groups for i, row in enumerate(g.rows)]
        widths = [max(len(line[i]) for line in table) for i in range(len(heads) + 1)]
        lines, at = [self.title], 1
        written = [
            "  "
            + "  ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True)))
            for line in table
        ]
        lines.append(written[0].rstrip())
        for group in self.groups:
            lines += [f" {group.title}"] if group.title else []
            lines += [line.rstrip() for line in written[at : at + len(group.rows)]]
            lines += [f"  {group.words}"] if group.words else []
            at += len(group.rows)
        return "\n".join([*lines, self.words])

    @property
    def svg(self) -> str:
        """The table with a bar for each number, for light and dark."""
        heads = list(self.groups[0].columns)
        left = 24 + max(theme.width(row, 13, mono=True) for g in self.groups for row in g.rows)
        wide = [max(COLUMN, theme.width(head, 13, bold=True) + 24) for head in heads]
        width = left + sum(wide) + 16
        parts, y = [text(16, 28, self.title, 18, bold=True)], 58.0
        for n, head in enumerate(heads):
            x = left + sum(wide[:n]) + 8
            colour = theme.GRADIENT if head.startswith("∂") else theme.VALUE if n in (0, len(heads) - 2) else theme.INK
            parts.append(text(x + 8, y, head, 13, colour=colour, bold=True))
        y += 10
        largest = {
            h: max([abs(v) for g in self.groups for v in g.columns[h] if math.isfinite(v)] + [0.0]) or 1.0 for h in heads
        }
        for group in self.groups:
            if group.title:
                parts.append(text(16, y + 18, group.title, 13, bold=True))
                y += 26
            for i, row in enumerate(group.rows):
                parts.append(text(16, y + 15, row, 13, mono=True))
                for n, head in enumerate(heads):
                    x, value = left + sum(wide[:n]) + 8, group.columns[head][i]
                    if math.isfinite(value) and value:
                        long = abs(value) / largest[head] * BAR
                        start = x + 76 + BAR - (long if value < 0 else 0)
                        fill = theme.PLUS if value > 0 else theme.MINUS
                        parts.append(f'<rect x="{start:.1f}" y="{y + 3}" width="{long:.1f}" height="{ROW - 6}" fill="{fill}"/>')
                    parts.append(text(x + 70, y + 15, number(value), 13, colour=theme.INK, anchor="end"))
                y += ROW
            if group.words:
                parts.append(text(16, y + 15, group.words, 13))
                width, y = max(width, theme.width(group.words, 13) + 32), y + 24
            parts.append(
                f'<line x1="16" x2="{width - 16:.0f}" y1="{y + 3:.0f}" y2="{y + 3:.0f}" stroke="{theme.LINE}" opacity="0.5"/>'
            )
            y += 8
        parts.append(text(16, y + 18, self.words, 14, colour=theme.INK))
        return drawing(self.title, max(width, theme.width(self.words, 14) + 32), y + 34, "\n".join(parts))


def worked(layer: Module, x: Tensor, target: Tensor | None = None) -> Worked:
    """The formula of a layer, worked with the numbers of `x`, a batch; of a loss also with its `target`.

    For Softmax and LogSoftmax, CrossEntropyLoss with class numbers, MSELoss and L1Loss, BatchNorm1d/2d/3d in training and in
    evaluation mode, LayerNorm and Dropout. The last column is the gradient of the input: of the loss; of a dropout for a
    gradient of the output that is 1; of the others for one that is 1 at the first element and 0 elsewhere. A copy of the layer
    is run, so that its running statistics stay as they are.

    Raises TypeError for another layer or what is no tensor, ValueError for more than 120 elements. Example:

    >>> import minitorch
    >>> from minitorch import nn, viz
    >>> print(viz.worked(nn.CrossEntropyLoss(), minitorch.tensor([[2.0, 0.0, 1.0]]), minitorch.tensor([2])))
    CrossEntropyLoss
               x  exp(x − max)  softmax p  target t  −t·log p    ∂L/∂x
      x[0, 0]  2             1     0.6652         0         0   0.6652
      x[0, 1]  0        0.1353    0.09003         0         0  0.09003
      x[0, 2]  1        0.3679     0.2447         1     1.408  −0.7553
      sum of exp(x − max) 1.503; loss −log 0.2447 = 1.408
    loss = 1.408, the mean of the items; ∂L/∂x = (p − t) / 1
    """
    if not isinstance(layer, Module):
        raise TypeError(f"worked() shows a layer, an nn.Module, and got {type(layer).__name__}")
    work = next((work for kinds, work in WORK if isinstance(layer, kinds)), None)
    name = type(layer).__name__
    if work is None:
        raise TypeError(
            f"worked() has softmax, cross-entropy, squared and absolute error, batch and layer norm and dropout, but no "
            f"{name}: viz.animate shows layers that multiply and add, viz.curve activations"
        )
    if not isinstance(x, Tensor) or not x.is_floating_point() or not x.numel():
        given = f"one of {x.dtype} and {x.numel()} elements" if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"worked(): x is a batch of floating-point numbers, a Tensor, not {given}")
    if x.numel() > MOST:
        raise ValueError(f"worked(): {x.numel():,} elements are too many to read, {MOST} at most: take a part, such as x[:2]")
    if isinstance(layer, LOSSES) != isinstance(target, Tensor):
        raise TypeError(f"worked(): {name} " + ("takes a target, too" if isinstance(layer, LOSSES) else "takes no target"))
    if isinstance(layer, (nn.MSELoss, nn.L1Loss)) and target is not None and x.shape != target.shape:
        raise ValueError(
            f"worked(): x is {list(x.shape)} and the target {list(target.shape)}: they should have the same shape, or they are "
            "broadcast, which is rarely meant"
        )
    if x.ndim == 0:
        raise ValueError("worked(): x is a single number, and a batch of them is asked for, such as x.reshape(1, 1)")
    layer, x = copy.deepcopy(layer).to("cpu"), x.detach().cpu()
    with enable_grad():
        start = x.clone().requires_grad_()
        y = layer(start) if target is None else layer(start, target.cpu())
        upstream = xp.ones_like(y._array)
        if not isinstance(layer, (*LOSSES, *DROPOUTS)):  # that of one element shows which others it is shared with
            upstream.reshape(-1)[1:] = 0
        (slope,) = grad(y, start, wrap(upstream))
    groups, words = work(layer, _array(x), _array(y), _array(slope), None if target is None else target.cpu()._array)
    return Worked(f"{name} {module_settings(layer)}".strip(), list(groups), words)


def _array(tensor: Tensor) -> Array:
    return tensor._array.astype(xp.float64)


def _names(places: Iterator[tuple[int, ...]] | list[tuple[int, ...]]) -> tuple[str, ...]:
    return tuple(f"x[{', '.join(map(str, place))}]" for place in places)


def _lines(shape: tuple[int, ...], axis: int) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Each line of an array along an axis: its index, and the names of its elements."""
    axis %= len(shape)
    for place in xp.ndindex(*shape[:axis], *shape[axis + 1 :]):
        index = (*place[:axis], slice(None), *place[axis:])
        yield index, _names([(*place[:axis], i, *place[axis:]) for i in range(shape[axis])])


def _softmax(layer: Any, x: Array, y: Array, slope: Array, target: Any) -> tuple[list[Group], str]:
    axis = layer.dim if layer.dim is not None else (1 if x.ndim in (2, 4) else 0)
    logs, groups = isinstance(layer, nn.LogSoftmax), []
    for index, names in _lines(x.shape, axis):
        shifted = xp.exp(x[index] - x[index].max())
        columns = {
            "x": x[index],
            "exp(x − max)": shifted,
            "log softmax" if logs else "softmax p": y[index],
            "∂L/∂x": slope[index],
        }
        groups.append(Group("", names, _listed(columns), f"sum of exp(x − max) {number(float(shifted.sum()))}"))
    formula = "x − max − log of the sum" if logs else "p = exp(x − max) / their sum"
    return groups, f"{formula}{FIRST}"


def _cross_entropy(layer: Any, x: Array, y: Array, slope: Array, target: Any) -> tuple[list[Group], str]:
    if target.dtype.kind == "f" or x.ndim > 2 or layer.weight is not None or layer.label_smoothing:
        raise ValueError(
            "worked(): CrossEntropyLoss is shown for class numbers as target, without weights and smoothing, x of (N, C)"
        )
    rows, classes = x.reshape(-1, x.shape[-1]), target.reshape(-1)
    groups = []
    for n, (line, t, back) in enumerate(zip(rows, classes.tolist(), slope.reshape(rows.shape), strict=True)):
        shifted = xp.exp(line - line.max())
        p, hot = shifted / shifted.sum(), (xp.arange(len(line)) == t).astype(float)
        logs = line - line.max() - math.log(float(shifted.sum()))
        ignored = t == layer.ignore_index
        columns = {
            "x": line,
            "exp(x − max)": shifted,
            "softmax p": p,
            "target t": hot,
            "−t·log p": xp.where((hot > 0) & (not ignored), -logs, 0.0),
            "∂L/∂x": back,
        }
        words = "ignored" if ignored else f"loss −log {number(float(p[t]))} = {number(float(-logs[t]))}"
        names = _names([(n, i) if x.ndim == 2 else (i,) for i in range(len(line))])
        groups.append(Group("", names, _listed(columns), f"sum of exp(x − max) {number(float(shifted.sum()))}; {words}"))
    count = sum(t != layer.ignore_index for t in classes.tolist())
    if layer.reduction == "none":
        return groups, "∂L/∂x = p − t, for a gradient of 1 of each loss"
    if not count:
        return groups, "every target is ignored: a mean of nothing is nan, a sum is 0"
    share = f" / {count}" if layer.reduction == "mean" else ""
    return groups, f"loss = {number(float(y))}, the {layer.reduction} of the items; ∂L/∂x = " + (
        f"(p − t){share}" if share else "p − t"
    )


def _error(layer: Any, x: Array, y: Array, slope: Array, target: Any) -> tuple[list[Group], str]:
    off = x - target
    squared = isinstance(layer, nn.MSELoss)
    columns = {
        "x": x,
        "target t": off * 0 + target,
        "x − t": off,
        "(x − t)²" if squared else "|x − t|": off**2 if squared else abs(off),
        "∂L/∂x": slope,
    }
    group = Group("", _names(list(xp.ndindex(*off.shape))), _listed({k: v.reshape(-1) for k, v in columns.items()}))
    share = f" / {x.size}" if layer.reduction == "mean" else ""
    each = "2 (x − t)" if squared else "sign(x − t)"
    words = "" if layer.reduction == "none" else f"loss = {number(float(y))}, the {layer.reduction} of the elements; "
    return [group], f"{words}∂L/∂x = {each}{share}"


def _norm(
    title: str,
    x: Array,
    y: Array,
    slope: Array,
    index: Any,
    names: tuple[str, ...],
    mean: float,
    variance: float,
    eps: float,
    words: str,
) -> Group:
    centred = x[index] - mean
    columns = {
        "x": x[index],
        "x − mean": centred,
        "÷ √(var + eps)": centred / math.sqrt(variance + eps),
        "y": y[index],
        "∂L/∂x": slope[index],
    }
    shared = f"mean {number(mean)}, variance {number(variance)}" + (f"; {words}" if words else "")
    return Group(title, names, _listed({k: v.reshape(-1) for k, v in columns.items()}), shared)


def _batch_norm(layer: Any, x: Array, y: Array, slope: Array, target: Any) -> tuple[list[Group], str]:
    groups, trains = [], layer.training or layer.running_mean is None
    others = tuple(d for d in range(x.ndim) if d != 1)
    for c in range(x.shape[1]):
        names = _names([p for p in xp.ndindex(*x.shape) if p[1] == c])
        index = (slice(None), c)
        mean, variance = x.mean(others)[c], x.var(others)[c]
        if not trains:
            mean, variance = float(layer.running_mean[c]), float(layer.running_var[c])
        words = ""
        if layer.weight is not None:
            words = f"times weight {number(float(layer.weight[c]))}"
        if layer.bias is not None:
            words += f" plus bias {number(float(layer.bias[c]))}"
        if trains and layer.running_mean is not None:
            count = x[:, c].size
            unbiased = number(float(variance) * count / max(1, count - 1))
            words += "; " if words else ""
            words += f"running mean now {number(float(layer.running_mean[c]))}, variance {number(float(layer.running_var[c]))}"
            words += f" (moved towards n / (n − 1) times the variance, {unbiased})"
        groups.append(_norm(f"channel {c}", x, y, slope, index, names, float(mean), float(variance), layer.eps, words))
    source = "of the batch" if trains else "the running ones: each element by itself"
    return groups, f"{_affine(layer)}; mean and variance are {source}{FIRST}"


def _layer_norm(layer: Any, x: Array, y: Array, slope: Array, target: Any) -> tuple[list[Group], str]:
    rank = len(layer.normalized_shape)
    groups = []
    for place in xp.ndindex(*x.shape[: x.ndim - rank]):
        names = _names([p for p in xp.ndindex(*x.shape) if p[: len(place)] == place])
        part = x[place]
        groups.append(_norm("", x, y, slope, place, names, float(part.mean()), float(part.var()), layer.eps, "of this item"))
    return groups, f"{_affine(layer)}; mean and variance are of each item{FIRST}"


def _affine(layer: Any) -> str:
    """The formula of a normalization, with the parameters that the layer has."""
    weight, bias = "weight·" if layer.weight is not None else "", " + bias" if layer.bias is not None else ""
    return f"y = {weight}(x − mean) / √(var + eps){bias}"


def _dropout(layer: Any, x: Array, y: Array, slope: Array, target: Any) -> tuple[list[Group], str]:
    kept = slope != 0
    scale = 1 / (1 - layer.p) if layer.training and layer.p < 1 else 1.0
    columns = {"x": x, "kept": kept.astype(float), "y": y, "∂L/∂x": slope}
    group = Group("", _names(list(xp.ndindex(*x.shape))), _listed({k: v.reshape(-1) for k, v in columns.items()}))
    if layer.training and layer.p == 1:
        return [group], "p is 1: everything is dropped"
    if not layer.training:
        return [group], "in evaluation mode nothing is dropped: y = x"
    return [group], f"y = kept·x / (1 − {number(float(layer.p))}) = kept·x·{number(scale)}; {int(kept.sum())} of {x.size} kept"


def _listed(columns: dict[str, Array]) -> dict[str, list[float]]:
    return {name: column.astype(float).tolist() for name, column in columns.items()}


FIRST = "; ∂L/∂y is 1 at the first element, 0 elsewhere"
LOSSES = (nn.CrossEntropyLoss, nn.MSELoss, nn.L1Loss)
WORK: tuple[tuple[Any, Callable[..., tuple[list[Group], str]]], ...] = (
    ((nn.Softmax, nn.LogSoftmax), _softmax),
    (nn.CrossEntropyLoss, _cross_entropy),
    ((nn.MSELoss, nn.L1Loss), _error),
    (BATCH_NORMS, _batch_norm),
    (nn.LayerNorm, _layer_norm),
    (DROPOUTS, _dropout),
)
