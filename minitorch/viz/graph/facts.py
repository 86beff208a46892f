"""What is known of a box, as plain data, and the lines of its card."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from minitorch.autograd.graph import AccumulateGrad, Node, saved_tensors_of
from minitorch.backend.arrays import Array, xp
from minitorch.backend.dtypes import dtypes
from minitorch.viz.graph.cards import Box, Card, View
from minitorch.viz.graph.draw import Line, Text
from minitorch.viz.page.summary import Summary, bytes_text, number, shape_text, summary
from minitorch.viz.page.theme import GRADIENT, INK, QUIET, VALUE
from minitorch.viz.record.recorder import InputRecord, node_record
from minitorch.viz.record.rules import computes, plain, rule_of
from minitorch.viz.record.tape import Source, Tape, is_numbered

__all__ = [
    "Facts",
    "Live",
    "Parameter",
    "brief_gradient",
    "brief_value",
    "card_data",
    "facts_of",
    "legend_of",
    "lines_of",
    "size_of",
    "written_path",
]

MAX_ROWS = 4  # parameters of a card that are listed one by one
LIVE = 3  # most elements of an array that is written in a card of the player


@dataclass(frozen=True)
class Parameter:
    """A parameter or buffer of a card's layer. `gradient` is the norm of its .grad, or the number itself of a scalar."""

    name: str
    shape: tuple[int, ...]
    gradient: float | None
    frozen: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known of a box. `kind` is tensor, op, function, module, loop, step or derivative.

    `name` is that of its output. `value` and `gradient` are set if they were asked for and are known. `memory` is the size of
    the output in bytes, `kept` that of the tensors saved for backward.
    """

    id: str
    kind: str
    title: str
    settings: str
    path: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    parameters: tuple[Parameter, ...]
    marks: tuple[str, ...]  # in-place, hook, frozen, needs grad
    operations: int
    count: int
    is_output: bool
    number: float | None  # the value of a scalar
    gradient_size: float | None  # the norm of the gradient, or the gradient of a scalar
    line: str
    formula: tuple[str, ...]  # of one operation: what it computes, and what it sends to each argument
    memory: int
    kept: int
    value: Summary | None = None
    gradient: Summary | None = None

    def __str__(self) -> str:
        """One line of text."""
        title = " ".join(filter(None, (self.title, self.settings)))
        if self.kind == "tensor":
            kind = "" if self.dtype in ("float32", "") else self.dtype
            parts = [title, shape_text(self.shape), kind]
        else:
            name = "" if self.name == self.path else f"{self.name} "
            parts = [title, written_path(self.path), f"→ {name}{shape_text(self.shape)}"]
        if self.number is not None:
            parts.append(f"= {number(self.number)}")
        parts += [f"{p.name} {shape_text(p.shape)}" for p in self.parameters]
        if self.gradient_size is not None:
            parts.append(brief(self.gradient_size, self.shape))
        parts += [f"×{self.count}"] * (self.count > 1) + list(self.marks)
        return ", ".join(filter(None, parts))


def facts_of(tape: Tape, box: Box, show: Collection[str] = ()) -> Facts:
    """The facts of a box of a view."""
    card, source = box.card, box.output
    shape, kind = shape_and_dtype(source)
    value, gradient = tape.value(source), _gradient(source)
    single = card.nodes[0] if len(card.nodes) == 1 else None
    rules = _rules(tape, single, card.path) if single is not None else []
    arrays = {id(a): a.nbytes for node in box.nodes for a in saved_arrays(node)}
    return Facts(
        id=box.id, kind=card.kind, title=card.title, settings=card.settings, path=_path(box), name=_name(tape, box),
        shape=shape, dtype=kind, parameters=tuple(_parameter(name, s, box) for name, s in box.rows.items()),
        marks=_marks(box), operations=len(card.nodes), count=box.count, is_output=box.is_output,
        number=None if value is None or value.size != 1 else value.item(), gradient_size=size_of(gradient),
        line=tape.line(card.nodes[-1]) if card.nodes else "", formula=tuple(rules),
        memory=_memory(source), kept=sum(arrays.values()),
        value=summary(value, images=True) if "value" in show and value is not None else None,
        gradient=summary(gradient, images=True) if "grad" in show and gradient is not None else None,
    )  # fmt: skip


def card_data(facts: Facts, parent: str, opens: bool) -> dict[str, Any]:
    """What a page knows of a card; `parent` is the card whose inside shows it."""
    return {
        "id": facts.id, "kind": facts.kind, "title": facts.title, "settings": facts.settings, "path": facts.path,
        "name": facts.name, "shape": facts.shape, "dtype": facts.dtype, "line": facts.line, "parent": parent,
        "opens": opens, "marks": facts.marks, "computes": list(facts.formula),
        "parameters": [f"{p.name} {shape_text(p.shape)}" for p in facts.parameters],
        "sizes": [math.prod(p.shape) for p in facts.parameters if not p.frozen],
        **({} if facts.value is None else {"valueSummary": asdict(facts.value)}),
        **({} if facts.gradient is None else {"gradientSummary": asdict(facts.gradient)}),
    }  # fmt: skip


def shape_and_dtype(source: Source) -> tuple[tuple[int, ...], str]:
    """The shape and dtype of a value."""
    if isinstance(source, InputRecord):
        return tuple(source.array.shape), dtypes[source.array.dtype].name
    shape, dtype = source[0].outputs[source[1]]
    return tuple(shape), dtypes[dtype].name if dtype is not None else ""


def _rules(tape: Tape, node: Node, path: str) -> list[str]:
    """What a node computes, and what it sends back to each of its arguments, in the program's names."""
    names, name = tape.letters(node, path), tape.name((node, 0))
    what = computes(tape, node, names)
    found = [f"{name} = {what}"] if what and what != name else []
    for argument, edge in enumerate(node.edges):
        if edge is not None:
            letter = tape.argument(node, argument)
            found.append(plain(rule_of(tape, tape.root_name, names.get(letter, tape.name(edge)), name, node, letter, names)))
    return found


def _path(box: Box) -> str:
    """The name of a box's module; of a rolled loop over several modules, blocks.*.conv."""
    paths = [card.path for card in (box.card, *box.repeats)]
    parts = [set(some) for some in zip(*(path.split(".") for path in paths), strict=False)]
    return ".".join(some.pop() if len(some) == 1 else "*" for some in parts) if len(set(paths)) > 1 else box.card.path


def _name(tape: Tape, box: Box) -> str:
    """The name of a box's output; of a rolled loop without the number of the repetition."""
    name = tape.name(box.output)
    return name.rstrip("₀₁₂₃₄₅₆₇₈₉") if box.count > 1 else name


def _memory(source: Source) -> int:
    """The bytes of a value."""
    if isinstance(source, InputRecord):
        return int(source.array.nbytes)
    shape, dtype = source[0].outputs[source[1]]
    return 0 if dtype is None else math.prod(shape) * int(dtype.itemsize)


def size_of(array: Array | None) -> float | None:
    """The Euclidean norm of an array; of one element, the element."""
    if array is None:
        return None
    with xp.errstate(all="ignore"):
        return array.item() if array.size == 1 else math.sqrt(float((array.astype(xp.float64) ** 2).sum()))


def brief(size: float, shape: Sequence[int]) -> str:
    """A gradient in short: ∇ 0.5 of one element, else its norm, ‖∇‖ 0.012."""
    return f"∇ {number(size)}" if math.prod(shape) == 1 else f"‖∇‖ {number(size)}"


def brief_value(array: Array) -> str:
    """A small value on one line of a card: = 0.5 1 2."""
    return "= " + "  ".join(map(number, array.reshape(-1).tolist()))


def brief_gradient(array: Array) -> str:
    """A gradient on one line of a card: ∇ 0.5 1 2 if it is small, else its norm."""
    if array.size <= LIVE:
        return "∇ " + "  ".join(map(number, array.reshape(-1).tolist()))
    return f"‖∇‖ {number(size_of(array))}"


@dataclass(frozen=True)
class Live:
    """The texts of a card that the player changes, as they are at the end: its value, its gradient, those of its parameters.
    `room` is the widest gradient that will be written."""

    value: str
    gradient: str
    rows: Sequence[str]
    room: str


def lines_of(facts: Facts, show: Collection[str] = (), live: Live | None = None) -> list[Line]:
    """The lines of a card: what was called, its parameters, what comes out, and what `show` asks for."""
    if facts.kind == "tensor":
        return _tag_lines(facts, show, live)
    names = [written_path(facts.path)] if facts.path and not facts.name.endswith(written_path(facts.path)) else []
    names += [facts.name] if facts.is_output or not names or live is not None else []
    right = [Text(name, QUIET, 13) for name in names if name != facts.title]
    flag = [Text("⚑", INK, 13)] if facts.is_output else []
    left = [Text(facts.title, INK, 14, True)] + ([Text(facts.settings, QUIET)] if facts.settings else [])
    lines = [Line(left, [*right, *flag])]
    listed = facts.parameters[:MAX_ROWS] if len(facts.parameters) <= MAX_ROWS else ()
    for i, parameter in enumerate(listed):
        if live is not None:
            after = [Text(live.rows[i], GRADIENT, room=live.room)] if live.rows[i] else []
        else:
            after = [] if parameter.gradient is None else [Text(brief(parameter.gradient, parameter.shape), GRADIENT)]
        frozen = [Text("frozen", QUIET, 12)] if parameter.frozen else []
        lines.append(
            Line([Text("▪", QUIET), Text(parameter.name), Text(shape_text(parameter.shape), QUIET)], [*frozen, *after])
        )
    if len(facts.parameters) > MAX_ROWS:
        count = sum(math.prod(parameter.shape) for parameter in facts.parameters)
        lines.append(Line([Text("▪", QUIET), Text(f"{len(facts.parameters)} parameters"), Text(f"{count:,} numbers", QUIET)]))
    if facts.operations > 1:
        lines.append(Line([Text(f"{facts.operations} operations inside", QUIET, 12)]))
    if facts.marks:
        lines.append(Line([Text(" · ".join(facts.marks), QUIET, 12)]))
    colour = GRADIENT if facts.kind == "derivative" else VALUE
    is_written = facts.number is not None or facts.kind == "op"
    foot = [Text(f"→ {shape_text(facts.shape)}", colour)] if facts.shape or not is_written else []
    after = []
    if live is not None:
        foot += [Text(live.value, VALUE, room=live.value)] if live.value else []
        after = [Text(live.gradient, GRADIENT, room=live.room)] if live.gradient else []
    else:
        foot += [Text(f"= {number(facts.number)}", colour)] if facts.number is not None and not facts.shape else []
        if facts.gradient_size is not None and "grad" in show:
            after = [Text(brief(facts.gradient_size, facts.shape), GRADIENT)]
    lines += [Line(foot, after)] if foot or after else []
    return lines + _shown(facts, show)


def written_path(path: str) -> str:
    """The name of a module in its model; of one that has only a number, as it is indexed, [0]."""
    return f"[{path}]" if path.isdigit() else path


def _tag_lines(facts: Facts, show: Collection[str], live: Live | None) -> list[Line]:
    needs_grad = "needs grad" in facts.marks
    left = [Text("▪", QUIET)] if needs_grad else []
    is_number = facts.title == number(facts.number) if facts.number is not None else False
    left.append(Text(facts.title, INK, 14, True))
    left += [Text(shape_text(facts.shape), QUIET)] if facts.shape else []
    left += [Text(facts.dtype, QUIET, 12)] if facts.dtype not in ("float32", "float64") else []
    left += [Text(f"{facts.count} of them", QUIET, 12)] if facts.count > 1 else []
    rows: list[Text] = []
    if live is not None:
        rows = [Text(live.value, VALUE, room=live.value)] * bool(live.value)
        rows += [Text(live.gradient, GRADIENT, room=live.room)] * bool(live.gradient)
    else:
        if facts.number is not None and not facts.shape and not is_number:
            rows.append(Text(f"= {number(facts.number)}", VALUE))
        if facts.gradient_size is not None and needs_grad:
            rows.append(Text(brief(facts.gradient_size, facts.shape), GRADIENT))
    lines = [Line(left)] + ([Line(rows[:1], rows[1:])] if rows else [])
    return lines + _shown(facts, show)


def _shown(facts: Facts, show: Collection[str]) -> list[Line]:
    """The lines that were asked for."""
    lines: list[Line] = []
    if "value" in show and facts.value is not None and (facts.value.shape or facts.number is None):
        lines += [Line([Text(text, VALUE, 12, mono=True)]) for text in facts.value.lines()]
    if "grad" in show and facts.gradient is not None and facts.gradient.shape:
        lines += [Line([Text(text, GRADIENT, 12, mono=True)]) for text in facts.gradient.lines()]
    if "formula" in show and facts.formula:
        texts = [text for rule in facts.formula for text in textwrap.wrap(rule, 52, subsequent_indent="    ")]
        lines += [Line([Text(text, QUIET, 12)]) for text in texts]
    if "line" in show and facts.line:
        lines += [Line([Text(text, QUIET, 12, mono=True)]) for text in textwrap.wrap(facts.line, 48)[:2]]
    if "memory" in show:
        kept = f", keeps {bytes_text(facts.kept)} for backward" if facts.kept else ""
        lines.append(Line([Text(f"{bytes_text(facts.memory)}{kept}", QUIET, 12)]))
    return lines


def _parameter(name: str, source: Source, box: Box) -> Parameter:
    shape, _ = shape_and_dtype(source)
    is_shared = len({card.path for card in (box.card, *box.repeats)}) == 1  # else it is one of several in a rolled loop
    return Parameter(name, shape, size_of(_gradient(source)) if is_shared else None, isinstance(source, InputRecord))


def _gradient(source: Source) -> Array | None:
    """The gradient of a value: of a leaf its .grad; inside the graph that of the last recorded backward or retain_grad()."""
    if isinstance(source, InputRecord):
        return None
    node, nr = source
    if isinstance(node, AccumulateGrad):
        return None if node.variable._grad is None else node.variable._grad._array
    record = node_record(node)
    if record is not None and record.grads is not None:
        return record.grads[nr]
    kept = node.retained and node.retained.get(nr)
    tensor = kept() if kept else None
    return None if tensor is None or tensor._grad is None else tensor._grad._array


def saved_arrays(node: Node) -> list[Any]:
    """The arrays that a node has saved for backward."""
    values = (getattr(saved.value, "_array", saved.value) for saved in saved_tensors_of(node))
    return [array for array in values if hasattr(array, "nbytes")]


def _marks(box: Box) -> tuple[str, ...]:
    card: Card = box.card
    marks = ["in-place"] if card.in_place else []
    if isinstance(card.item, AccumulateGrad):
        marks.append("needs grad")
        marks += ["hook"] if card.item.variable._hooks else []
        marks += [f"used {box.uses} times"] if box.uses > 1 else []
    marks += ["hook"] if any(node.hooks for node in box.nodes) else []
    return tuple(marks)


def legend_of(facts: Sequence[Facts], view: View) -> list[tuple[str, str]]:
    """The marks that occur in a picture, and what they mean."""
    kinds = {fact.kind for fact in facts}
    marks = {mark for fact in facts for mark in fact.marks}
    arrows = {arrow.kind for arrow in view.arrows}
    numbered = next((fact.name for fact in facts if is_numbered(fact.name)), "")
    found = [
        ("tag", "an input tensor", "tensor" in kinds),
        ("▪", "requires grad", any(fact.parameters for fact in facts) or "needs grad" in marks),
        ("card", "a call", bool(kinds - {"tensor"})),
        ("stack", "opens: several operations inside", any(fact.operations > 1 for fact in facts)),
        ("⚑", "the output", any(fact.is_output for fact in facts)),
        ("= →", "a value, and its shape", True),
        ("∇", "a gradient", any(fact.gradient_size is not None for fact in facts) or "derivative" in kinds),
        ("‖∇‖", "its norm", any(fact.gradient_size is not None and fact.shape for fact in facts)),
        (numbered, "a value without a name in the program", bool(numbered)),
        ("dashed", "[indices], which carry no gradient", "index" in arrows),
        ("back", "to the next repetition", "back" in arrows),
    ]
    return [(mark, words) for mark, words, occurs in found if occurs]
