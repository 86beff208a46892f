"""What a model consists of, as a table: `print(viz.summary(model, (1, 1, 28, 28)))`.

A row for each module: the shape that comes out, its parameters, the multiplications of its products, and the memory that it
keeps for the backward pass. Nothing is computed by formula from the layers' settings: a copy of the model is run, and every
operation that it records is counted in the module that called it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, ClassVar

from minitorch.autograd.grad_mode import enable_grad
from minitorch.autograd.observe import Observer, observed_by
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.nn import Module
from minitorch.ops.convolution import Convolution, ConvTranspose
from minitorch.ops.linear import Linear
from minitorch.ops.matrix import Einsum, MatMul
from minitorch.tensor import Tensor
from minitorch.viz.graph.facts import saved_arrays
from minitorch.viz.page import theme
from minitorch.viz.page.picture import Picture
from minitorch.viz.page.summary import bytes_text, shape_text
from minitorch.viz.page.svg import drawing, text
from minitorch.viz.record.settings import module_settings

__all__ = ["ModelSummary", "Row", "summary"]

HEADS = ("layer", "output", "parameters", "multiply-adds", "kept for backward")


@dataclass
class Row:
    """A module of a model: what it has and does by itself, and with all the modules in it.

    `multiply_adds` counts those of convolutions and matrix products; `kept` is memory in bytes, without the parameters.
    """

    name: str
    depth: int
    layer: str
    calls: int = 0
    inputs: list[tuple[int, ...]] = field(default_factory=list)  # of its last call
    outputs: list[tuple[int, ...]] = field(default_factory=list)
    parameters: int = 0
    frozen: int = 0  # of those, how many do not require grad
    multiply_adds: int = 0
    kept: int = 0
    own_parameters: int = 0
    own_multiply_adds: int = 0
    own_kept: int = 0

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        calls = f" × {self.calls}" if self.calls > 1 else "" if self.calls else ", not called"
        frozen = "" if not self.frozen else " (frozen)" if self.frozen == self.parameters else f" ({self.frozen:,} frozen)"
        return (
            " ".join(filter(None, (self.name, self.layer))) + calls,
            ", ".join(map(shape_text, self.outputs)),
            (f"{self.parameters:,}" if self.parameters else "") + frozen,
            f"{self.multiply_adds:,}" if self.multiply_adds else "",
            bytes_text(self.kept) if self.kept else "",
        )


class ModelSummary(Picture):
    """The table of a model. Prints as text, displays in a notebook, saves as .html, .md, .json or .txt.

    `rows` has the modules in the order in which they are registered, the model itself first. `parameters`, `multiply_adds` and
    `kept` are those of the whole model; a shared parameter counts once.

    Example:
        >>> from minitorch import nn, viz
        >>> table = viz.summary(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)), (2, 4))
        >>> table.parameters, table.multiply_adds
        (19, 30)
    """

    WHAT = "a summary"
    FORMS: ClassVar[dict[str, str]] = {".html": "html", ".md": "markdown", ".svg": "svg"}

    def __init__(self, rows: list[Row], parameter_bytes: int) -> None:
        self.rows, self.parameter_bytes = rows, parameter_bytes

    @property
    def parameters(self) -> int:
        """The number of parameters."""
        return self.rows[0].parameters

    @property
    def frozen(self) -> int:
        """The number of parameters that require no gradient."""
        return self.rows[0].frozen

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of a forward pass."""
        return self.rows[0].multiply_adds

    @property
    def kept(self) -> int:
        """Bytes kept for backward."""
        return self.rows[0].kept

    @property
    def data(self) -> dict[str, Any]:
        """The totals and the rows, for JSON."""
        totals = {"parameters": self.parameters, "frozen": self.frozen, "multiply_adds": self.multiply_adds, "kept": self.kept}
        return {**totals, "parameter_bytes": self.parameter_bytes, "rows": [asdict(row) for row in self.rows]}

    @property
    def words(self) -> str:
        """The totals in a sentence."""
        frozen = f", {self.frozen:,} of them frozen" if self.frozen else ""
        return (
            f"{self.parameters:,} parameters ({bytes_text(self.parameter_bytes)}){frozen}; {self.multiply_adds:,} "
            f"multiply-adds forward; {bytes_text(self.kept)} kept for backward"
        )

    def __repr__(self) -> str:
        table = [HEADS, *(("  " * row.depth + row.cells[0], *row.cells[1:]) for row in self.rows)]
        widths = [max(len(line[i]) for line in table) for i in range(len(HEADS))]
        lines = []
        for line in table:
            first = line[0].ljust(widths[0]) + "  " + line[1].ljust(widths[1])
            lines.append(
                "  ".join([first, *(text.rjust(wide) for text, wide in zip(line[2:], widths[2:], strict=True))]).rstrip()
            )
        return "\n".join([*lines, self.words])

    @property
    def markdown(self) -> str:
        """The table in Markdown."""
        lines = ["| " + " | ".join(HEADS) + " |", "|---|---|---:|---:|---:|"]
        for row in self.rows:
            first, *rest = (cell.replace("|", "\\|") for cell in row.cells)
            lines.append("| " + " | ".join(["&nbsp;&nbsp;" * row.depth + first, *rest]) + " |")
        return "\n".join([*lines, "", self.words, ""])

    @property
    def svg(self) -> str:
        """The table as a drawing, for light and dark."""
        lines = repr(self).split("\n")
        parts = [text(16, 28, lines[0], 13, mono=True)]
        parts += [text(16, 28 + 20 * n, line, 13, colour=theme.INK, mono=True) for n, line in enumerate(lines[1:-1], start=1)]
        parts.append(text(16, 40 + 20 * (len(lines) - 1), lines[-1], 13))
        width = max(theme.width(line, 13, mono=True) for line in lines) + 32
        return drawing(self.rows[0].layer, width, 60 + 20 * (len(lines) - 1), "\n".join(parts))

    @property
    def html(self) -> str:
        """The table as a page; in each column a bar shows the layer's share."""
        style = (
            f"{theme.css()} body {{ margin: 0; padding: 12px 16px; background: var(--paper); color: var(--ink); "
            "font: 16px/1.45 Helvetica, Arial, 'DejaVu Sans', sans-serif; } table { border-collapse: collapse; } "
            "th, td { padding: 4px 14px 4px 0; text-align: left; white-space: nowrap; } "
            "th { color: var(--quiet); font-weight: normal; border-bottom: 1px solid var(--line); } "
            "td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } "
            "td.n i { display: block; height: 3px; margin-left: auto; background: var(--line); } main { overflow: auto; } "
            "tr.whole td { color: var(--quiet); }"
        )
        head = "".join(f"<th scope='col'{' class=n' if i > 1 else ''}>{text}</th>" for i, text in enumerate(HEADS))
        body = []
        for row in self.rows:
            first, output, *numbers = map(escape, row.cells)
            own = (
                (row.own_parameters, self.parameters),
                (row.own_multiply_adds, self.multiply_adds),
                (row.own_kept, self.kept),
            )
            bars = [f'<i style="width:{100 * part / whole:.1f}%"></i>' if part else "" for part, whole in own]
            cells = "".join(f'<td class="n">{text}{bar}</td>' for text, bar in zip(numbers, bars, strict=True))
            kind = ' class="whole"' if not any(part for part, _ in own) else ""
            body.append(f'<tr{kind}><td style="padding-left:{1.4 * row.depth:.1f}em">{first}</td><td>{output}</td>{cells}</tr>')
        name = escape(self.rows[0].layer)
        return (
            '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{name}</title><style>{style}</style><main><table><caption hidden>{name}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></main><p>{escape(self.words)}.</p></html>\n"
        )


def summary(model: Module, input_size: Any) -> ModelSummary:
    """The table of a model: for each module the output's shape, parameters, multiply-adds, and memory kept for backward.

    `input_size` is the shape of an input with its batch, such as (1, 3, 32, 32), a list of shapes for several arguments, or
    the input itself, a tensor or a tuple of arguments: for an embedding, say, that takes integers. A copy of the model is run
    in its present mode, twice, so that nothing in it changes; what its forward does under no_grad is not counted.

    An array that several operations keep counts where it was kept first: below, the second Linear needs what the ReLU keeps.

    Raises TypeError for what is no shape and no tensor, and whatever the model raises for an input that it does not take.
    Example:

    >>> from minitorch import nn, viz
    >>> print(viz.summary(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)), (2, 4)))
    layer           output  parameters  multiply-adds  kept for backward
    Sequential      2×1             19             30               56 B
      0 Linear 4→3  2×3             15             24               32 B
      1 ReLU        2×3                                             24 B
      2 Linear 3→1  2×1              4              6
    19 parameters (76 B); 30 multiply-adds forward; 56 B kept for backward
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary() shows a model, an nn.Module, and got {type(model).__name__}")
    arguments = _arguments(input_size, model)
    counted = _run(model, arguments, every=True)
    kept = _run(model, arguments, every=False)
    for row, other in zip(counted, kept, strict=True):
        row.kept, row.own_kept = other.kept, other.own_kept
    sizes = {id(p): p.numel() * p.element_size() for p in model.parameters()}
    return ModelSummary(counted, sum(sizes.values()))


def _arguments(given: Any, model: Module) -> tuple[Any, ...]:
    """The arguments for the model, from a shape, shapes, or the arguments themselves."""
    if isinstance(given, Tensor):
        return (given,)
    if isinstance(given, tuple) and any(isinstance(one, Tensor) for one in given):
        return given
    shapes = [given] if _is_shape(given) else given
    if not isinstance(shapes, (list, tuple)) or not shapes or not all(map(_is_shape, shapes)):
        raise TypeError(
            "summary(): input_size is a shape with its batch, such as (1, 3, 32, 32), a list of shapes, a tensor, or a tuple "
            f"of arguments, not {given!r:.60}"
        )
    first = next((p for p in model.parameters() if p.is_floating_point()), None)
    dtype = xp.float32 if first is None else first._array.dtype
    return tuple(wrap(xp.zeros(shape, dtype=dtype)) for shape in shapes)


def _is_shape(given: Any) -> bool:
    return isinstance(given, (tuple, list)) and bool(given) and all(type(n) is int and n > 0 for n in given)


def _run(model: Module, arguments: Sequence[Any], every: bool) -> list[Row]:
    """The rows of a model that is run once; with `every`, as if all of its parameters required grad."""
    twin = copy.deepcopy(model).cpu()
    rows: dict[int, Row] = {}
    for name, module in twin.named_modules():
        last = name.rpartition(".")[2]
        rows[id(module)] = Row(
            last, name.count(".") + 1 if name else 0, f"{type(module).__name__} {module_settings(module)}".strip()
        )
    seen: set[int] = set()
    for (name, mine), theirs in zip(model.named_parameters(), twin.parameters(), strict=True):
        owner = rows[id(twin.get_submodule(name.rpartition(".")[0]))]
        if id(theirs) not in seen:
            seen.add(id(theirs))
            owner.own_parameters += mine.numel()
            owner.frozen += 0 if mine.requires_grad else mine.numel()
        if every and mine.is_floating_point():
            theirs.requires_grad_()
    counter = _Counter(twin, rows)
    with enable_grad(), observed_by(counter):
        twin(*(argument.detach().cpu() if isinstance(argument, Tensor) else argument for argument in arguments))
    ordered = list(rows.values())
    for row in ordered:
        row.parameters, row.multiply_adds, row.kept = row.own_parameters, row.own_multiply_adds, row.own_kept
    for i in range(len(ordered) - 1, 0, -1):  # into the nearest row above that is less deep
        above = next(row for row in reversed(ordered[:i]) if row.depth < ordered[i].depth)
        for what in ("parameters", "frozen", "multiply_adds", "kept"):
            setattr(above, what, getattr(above, what) + getattr(ordered[i], what))
    return ordered


class _Counter(Observer):
    """Counts what each module of a model computes and keeps."""

    def __init__(self, model: Module, rows: dict[int, Row]) -> None:
        self.rows = rows
        self.stack = [rows[id(model)]]
        self.parameters = {id(_whole(p._array)) for p in model.parameters()}
        self.kept: dict[int, Any] = {}  # by id: the saved arrays, which are alive so that no id comes twice

    def call_entered(self, callee: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        if id(callee) in self.rows:
            row = self.rows[id(callee)]
            row.calls += 1
            row.inputs = _shapes([*args, *kwargs.values()])
            self.stack.append(row)

    def call_left(self, callee: Any, result: Any) -> None:
        if id(callee) in self.rows:
            self.stack.pop().outputs = _shapes([result])

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        row = self.stack[-1]
        row.own_multiply_adds += multiply_adds(node, args, outputs)
        for array in saved_arrays(node):
            whole = _whole(array)
            if id(whole) not in self.parameters and id(whole) not in self.kept:
                self.kept[id(whole)] = whole
                row.own_kept += whole.nbytes


def _whole(array: Array) -> Array:
    """The array whose memory an array is a view of."""
    while isinstance(array.base, type(array)):
        array = array.base
    return array


def multiply_adds(node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> int:
    """The multiply-adds of an operation that is a sum of products; 0 for all others."""
    if isinstance(node, Convolution):
        return int(outputs[0].numel() * math.prod(args[1].shape[1:]))
    if isinstance(node, ConvTranspose):
        return int(args[0].numel() * math.prod(args[1].shape[1:]))
    if isinstance(node, Linear):
        return int(outputs[0].numel() * args[1].shape[-1])
    if isinstance(node, MatMul):
        return int(outputs[0].numel() * args[0].shape[-1])
    if isinstance(node, Einsum):
        sizes = {
            letter: n
            for letters, tensor in zip(args[0], args[2:], strict=True)
            for letter, n in zip(letters, tensor.shape, strict=True)
        }
        return math.prod(sizes.values())
    return 0


def _shapes(values: Sequence[Any]) -> list[tuple[int, ...]]:
    """The shapes of the tensors among values, and of those in tuples and lists."""
    found: list[tuple[int, ...]] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(tuple(value.shape))
        elif isinstance(value, (tuple, list)):
            found += _shapes(value)
        elif isinstance(value, dict):
            found += _shapes(list(value.values()))
    return found
