"""The steps of the player: what each card computes and what it sends back, in sentences, rules and numbers.

A step belongs to a card, and covers a range of frames: of an operation its own, of a closed card those of everything inside.
So there are steps for every card of the tree, and a reader chooses how deep to go. The page and the printed text have the same
words.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from minitorch.autograd.graph import AccumulateGrad, Edge, Node
from minitorch.backend.arrays import Array
from minitorch.viz.cards import Card
from minitorch.viz.facts import size_of, written_path
from minitorch.viz.frames import ElementSum, Factor, Frame
from minitorch.viz.local import CallJacobian, argmax_abs, element_name, terms
from minitorch.viz.rules import Part, call_rule, computes, fraction, local_derivative, plain, rule_of
from minitorch.viz.summary import number, summary
from minitorch.viz.tape import Source, Tape, bracketed

__all__ = ["Shown", "Step", "Target", "steps_of", "text_of"]

MAX_TERMS = 3  # products that are written out in a line of numbers; of more, the largest
MAX_CHAIN = 8  # the last factors of the chain rule
MAX_PARTS = 12  # parts of a sum that are listed one by one
MAX_JACOBIAN = 12  # most operations in a call whose derivative is computed as a whole


@dataclass
class Shown:
    """An array that a step shows; `role` is value, gradient, upstream, local, or used."""

    label: list[Part]
    array: Array | None
    role: str


@dataclass
class Target:
    """What a card sends to one of its inputs: the rule, the numbers for the largest element, and the sum there so far."""

    edge: Edge
    name: str
    rule: list[Part]
    numbers: list[Part]
    arrays: list[Shown]
    part: ElementSum | None
    ledger: list[tuple[str, Array]]  # the contributions so far: from whom, and what
    arrived: int  # how many these are
    awaited: int  # how many are still to come
    total: Array | None
    chain: list[Factor] = field(default_factory=list)


@dataclass
class Step:
    """A step: `start` and `end` are the range of its frames; `phase` is forward, start, backward, hook, grad or end.

    `card` is empty for a step that is about a value, `output`, or about all.
    """

    card: str
    phase: str
    start: int
    end: int
    title: str
    rule: list[Part] = field(default_factory=list)
    numbers: list[Part] = field(default_factory=list)
    arrays: list[Shown] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    line: str = ""
    output: Edge | None = None  # the value whose gradient is sent, or that is computed


def steps_of(tape: Tape, root: Card, frames: Sequence[Frame]) -> list[Step]:
    """The steps of all cards, the outer ones before those inside, in the order in which they begin."""
    return sorted(_Teller(tape, root, frames).steps(), key=lambda step: step.start)


class _Teller:
    """Writes the steps of a tape."""

    def __init__(self, tape: Tape, root: Card, frames: Sequence[Frame]) -> None:
        self.tape, self.root, self.frames = tape, root, frames
        self.card_of: dict[Any, Card] = {}  # the card that shows a node when everything is open
        self.cards: list[Card] = []
        waiting = [*root.children]
        while waiting:
            card = waiting.pop()
            self.cards.append(card)
            waiting += card.children
            self.card_of.update(dict.fromkeys(card.nodes if not card.children else (), card))
        self.ranges: dict[tuple[str, Any, int], list[int]] = {}
        self.expected: dict[tuple[Edge, int], list[int]] = {}  # the frames that bring something to a value
        for i, frame in enumerate(frames):
            self.ranges.setdefault((frame.kind, frame.node, frame.lap), []).append(i)
            if frame.kind == "backward":
                self.expected.setdefault(((frame.to, frame.output), frame.lap), []).append(i)
        self.users: dict[Edge, list[Node]] = {}
        for node in tape.ops:
            for source in tape.sources[node]:
                if isinstance(source, tuple):
                    self.users.setdefault(source, []).append(node)

    def steps(self) -> Iterator[Step]:
        for card in self.cards:
            for kind, lap in itertools.product(("forward", "backward"), range(len(self.tape.laps))):
                found = sorted(i for node in card.nodes for i in self.ranges.get((kind, node, lap), ()))
                if found:
                    yield self.forward(card, found) if kind == "forward" else self.backward(card, found)
        for i, frame in enumerate(self.frames):
            if frame.kind == "start":
                yield self.start(i, frame)
            elif frame.kind == "hook":
                yield self.hook(i, frame)
            elif frame.kind == "leaf" and (frame.before is not None or len(self.tape.laps) > 1):
                yield self.accumulated(i, frame)
            elif frame.kind == "end":
                yield self.finish(i)

    # ---- forward --------------------------------------------------------------------------------------------------------

    def forward(self, card: Card, found: list[int]) -> Step:
        tape, output = self.tape, self.output_of(card)
        single = card.nodes[0] if len(card.nodes) == 1 else None
        names = {s: self.name(s, card) for s in self.inputs_of(card) if single is not None or not self.is_parameter(s, card)}
        step = Step(card.id, "forward", found[0], found[-1] + 1, "", output=output, line=tape.line(card.nodes[-1]))
        written = tape.name(output)
        step.title = (
            f"{written} = {self.written(card)}" if written != self.written(card) else f"{self.spoken(card)} is computed."
        )
        if single is not None:
            what = computes(tape, single, self.letters(single, card))
            step.rule = [("value", bracketed(written)), ("text", f" = {what}")] if what and not self.tape.sign(single) else []
        value = tape.value(output)
        users = {source: next((n for n in card.nodes if source in tape.sources[n]), None) for source in names}
        shown = [(source, tape.value(source, user)) for source, user in users.items()]
        step.arrays = [Shown([("value", names[source])], array, "used") for source, array in shown]
        step.arrays.append(Shown([("value", written)], value, "value"))
        if (
            value is not None
            and value.size == 1
            and single is not None
            and all(a is not None and a.size == 1 for _, a in shown)
        ):
            step.numbers = self.scalar_forward(single, value.item())
        elif value is not None and value.size == 1:
            step.numbers = [("value", f"{bracketed(written)} = {number(value.item())}")]
        return step

    def scalar_forward(self, node: Node, value: float) -> list[Part]:
        """−3 × 2 = −6, or tanh: 0.88 → 0.7064."""
        operands = [
            number(self.tape.value(source, node).item()) if source is not None else word  # type: ignore[union-attr]
            for source, word in self.tape._arguments(node)
            if source is not None or word
        ]
        sign = self.tape.sign(node)
        if sign and len(operands) == 2:
            operands = [operands[0], f"({operands[1]})" if operands[1].startswith("−") else operands[1]]
            return [
                ("value", operands[0]),
                ("text", f" {sign} "),
                ("value", operands[1]),
                ("text", " = "),
                ("value", number(value)),
            ]
        return [("value", ", ".join(operands)), ("text", " → "), ("value", number(value))]

    # ---- backward -------------------------------------------------------------------------------------------------------

    def start(self, i: int, frame: Frame) -> Step:
        name, root = self.tape.name((frame.node, frame.output)), self.root_at(frame)
        assert frame.total is not None
        step = Step("", "start", i, i + 1, f"The backward pass starts at the output, {name}.")
        step.output = (frame.node, frame.output)
        is_one = frame.total.size == 1 and frame.total.item() == 1
        if len(self.tape.laps) > 1:
            step.title = f"backward() number {frame.lap + 1} starts at its output, {name}."
        step.rule = [fraction(root, name), ("text", " = 1" if is_one else " is what backward() was given")]
        step.numbers = [("gradient", number(frame.total.item()))] if frame.total.size == 1 else []
        step.arrays = [Shown([fraction(root, name)], frame.total, "gradient")]
        if is_one:
            step.notes = [
                f"Why 1? If {name} grows by a little, {name} grows by just as much. Every other gradient follows from this one."
            ]
        return step

    def backward(self, card: Card, found: list[int]) -> Step:
        frames = [self.frames[i] for i in found]
        inside = set(card.nodes)
        output = next(((f.node, nr) for f in frames for nr, g in enumerate(f.upstream) if g is not None), None)
        step = Step(card.id, "backward", found[0], found[-1] + 1, "", line=self.tape.line(card.nodes[-1]), output=output)
        last: dict[Any, tuple[int, Frame]] = {}
        for i, frame in zip(found, frames, strict=True):
            if frame.to not in inside:
                key = (frame.to, frame.output) if len(card.nodes) > 1 else (frame.to, frame.output, frame.argument)
                last[key] = i, frame
        for i, frame in last.values():
            step.targets.append(self.target(card, i, frame, output))
        names = list(dict.fromkeys(target.name for target in step.targets))
        to = ", ".join(names[:-1]) + (" and " if names[:-1] else "") + names[-1] if len(names) < 5 else f"{len(names)} tensors"
        step.title = f"{self.spoken(card)} sends its gradient to {to}{self.scaled(step.targets, frames)}."
        return step

    def target(self, card: Card, i: int, frame: Frame, output: Any) -> Target:
        tape, edge, node = self.tape, (frame.to, frame.output), frame.node
        single = len(card.nodes) == 1
        root, name = self.root_at(frame), self.name(edge, card)
        upstream = frame.upstream[output[1]] if single else self.total_at(output, i)
        source = tape.name(output)
        arrays = [Shown([fraction(root, source)], upstream, "upstream")]
        contribution, part, rule = frame.contribution, frame.part, list[Part]()
        assert contribution is not None
        assert frame.argument is not None
        if single:
            letter = tape.argument(node, frame.argument)
            letters = self.letters(node, card)
            twice = tape.sources[node].count(edge) > 1
            rule = rule_of(root, name, source, node, letter, letters)
            if not isinstance(frame.local, type(None)):
                local = local_derivative(node, letter, letters)
                label: list[Part] = [fraction(source, name)] + (
                    [("text", f" = {local}")] if local and len(local) <= 24 and local not in ("1", "−1") else []
                )
                arrays.append(Shown(label, frame.local, "local"))
            else:
                arrays += [Shown([("value", self.name(s, card))], value, "used") for s, value in frame.others]
            if twice:
                rule = [*rule, ("text", f"   (its part as {letter})")]
        else:
            contribution = self.sent(card, edge, i)
            parameter = name if card.kind == "module" and isinstance(edge[0], AccumulateGrad) else ""
            inputs = [s for s in self.inputs_of(card) if not (isinstance(s, tuple) and self.is_parameter(s, card))]
            named = {key: tape.name(record) for call in self.calls(card) for key, record in call.inputs if record in tape.ids}
            first = self.name(inputs[0], card) if inputs else name
            rule = call_rule(root, name, source, card.title, parameter, first, named)
            part = self.part_of(card, edge, contribution, output, i)
        full = tape.name(edge)
        if part is not None and part.name.startswith(full):
            part = replace(part, name=name + part.name.removeprefix(full))
        arrays.append(Shown([fraction(root, name)], contribution, "gradient"))
        expected = self.expected[edge, frame.lap]
        got = [j for j in expected if j <= i]
        ledger = self.ledger(card, [self.frames[j] for j in got])
        arrived = len({self.outer(self.frames[j].node, card) for j in got})
        target = Target(
            edge,
            name,
            rule,
            [],
            arrays,
            part,
            ledger,
            arrived,
            self.awaited(card, expected, i),
            frame.total,
            self.chain(frame) if single else [],
        )
        target.numbers = self.numbers(target, frame, upstream, contribution, part, single)
        return target

    def numbers(self, target: Target, frame: Frame, upstream: Any, contribution: Array, part: Any, single: bool) -> list[Part]:
        """The products for the largest element: 7 × 3 = 21; for a large call the norms before and after."""
        if part is not None and part.terms:
            parts: list[Part] = [("text", f"{part.name}: ")] if contribution.size > 1 else []
            written = MAX_TERMS if part.count <= MAX_TERMS else 1
            for j, (_, up, slope) in enumerate(part.terms[:written]):
                parts += [("text", " + ")] * bool(j)
                parts += [("gradient", _factor(up)), ("text", " × "), ("local", _factor(slope))]
            more = part.count - min(written, len(part.terms))
            return [*parts, ("text", f"{f' + {more:,} more' if more else ''} = "), ("gradient", number(part.share))]
        if part is not None and contribution.size:
            return [("text", f"{part.name}: "), ("gradient", "0"), ("text", ", as nothing computed from it depends on it")]
        if contribution.size == 1:
            return [("gradient", number(contribution.item()))]
        sizes = [("text", "‖∇‖ "), ("gradient", number(size_of(upstream))), ("text", " → ")] if upstream is not None else []
        return [*sizes, ("text", "‖∇‖ "), ("gradient", number(size_of(contribution)))]

    def part_of(self, card: Card, edge: Edge, contribution: Array, output: Any, i: int) -> ElementSum | None:
        """The products for the largest element of what a call of several operations sends."""
        upstream = self.total_at(output, i)
        if (
            upstream is None
            or len(card.nodes) > MAX_JACOBIAN
            or card.kind not in ("function", "module", "derivative")
            or not contribution.size
        ):
            return None
        k = argmax_abs(contribution)
        column = CallJacobian(card.nodes, output, upstream).column(edge, k)
        if column is None:
            return None
        found = terms([upstream], [column])
        shape = output[0].outputs[output[1]][0]
        shown = [(element_name(self.tape.name(output), shape, j), u, d) for _, j, u, d in found[:6]]
        share = contribution.reshape(-1)[k].item()
        if not math.isclose(sum(u * d for _, _, u, d in found), share, rel_tol=1e-2, abs_tol=1e-6):
            return None
        return ElementSum(element_name(self.name(edge, card), contribution.shape, k), share, shown, len(found))

    def chain(self, frame: Frame) -> list[Factor]:
        """The chain rule to a value, the operations inside a call as one factor."""
        factors: list[Factor] = []
        call_before: Any = None
        for factor in frame.chain:
            card = self.card_of.get(factor.node)
            call = (
                card.outer
                if card is not None and card.outer is not None and card.outer.kind in ("function", "module")
                else None
            )
            call = call if call is not None and not call.is_container else None
            if call is not None and call is call_before:
                last = factors[-1]
                value = None if last.value is None or factor.value is None else last.value * factor.value
                factors[-1] = Factor(last.top, factor.bottom, value, factor.node)
            else:
                factors.append(factor)
            call_before = call
        return factors[-MAX_CHAIN:]

    def ledger(self, card: Card, frames: Sequence[Frame]) -> list[tuple[str, Array]]:
        """The parts that a value has got so far, those of one call added up."""
        found: dict[str, Array] = {}
        for frame in frames:
            assert frame.contribution is not None
            key = self.outer(frame.node, card)
            found[key] = found[key] + frame.contribution if key in found else frame.contribution
        parts = list(found.items())
        if len(parts) <= MAX_PARTS:
            return parts
        first = parts[0][1]
        for _, part in parts[1 : 1 - MAX_PARTS]:
            first = first + part
        return [(f"{len(parts) - MAX_PARTS + 1} earlier parts", first), *parts[1 - MAX_PARTS :]]

    def outer(self, node: Node, card: Card) -> str:
        """The call that holds a node, as its name is written, seen from beside `card`."""
        owner = self.card_of[node]
        beside = set(card.ancestors())
        for ancestor in owner.ancestors():
            if ancestor in beside or ancestor is card.outer:
                break
            owner = ancestor if ancestor.kind not in ("loop", "root") else owner
        return self.tape.name(self.output_of(owner)) if owner.nodes else ""

    def awaited(self, card: Card, expected: Sequence[int], i: int) -> int:
        return len({self.outer(self.frames[j].node, card) for j in expected if j > i})

    def total_at(self, output: Any, i: int) -> Array | None:
        """The gradient of a value when it is sent on: the sum before frame i, or what a hook has made of it."""
        for frame in reversed(self.frames[:i]):
            if frame.lap != self.frames[i].lap:
                return None
            at = (frame.to, frame.output) if frame.kind == "backward" else (frame.node, frame.output)
            if at == output and frame.kind in ("backward", "hook", "start"):
                return frame.total
        return None

    def sent(self, card: Card, edge: Edge, i: int) -> Array:
        """What all operations of a card have sent to a value."""
        inside = set(card.nodes)
        lap = self.frames[i].lap
        parts: list[Any] = [
            f.contribution
            for f in self.frames[: i + 1]
            if f.lap == lap and f.kind == "backward" and f.node in inside and (f.to, f.output) == edge
        ]
        return functools.reduce(operator.add, parts)

    def hook(self, i: int, frame: Frame) -> Step:
        edge = (frame.node, frame.output)
        name, root = self.tape.name(edge), self.root_at(frame)
        step = Step("", "hook", i, i + 1, f"Your hook changed ∂{root}/∂{bracketed(name)}.", output=edge)
        step.arrays = [
            Shown([("text", "before")], frame.before, "gradient"),
            Shown([("text", "after")], frame.total, "gradient"),
        ]
        if frame.before is not None and frame.total is not None and frame.total.size == 1:
            step.numbers = [
                ("gradient", number(frame.before.item())),
                ("text", " → "),
                ("gradient", number(frame.total.item())),
            ]
        return step

    # ---- the gradients of leaves ----------------------------------------------------------------------------------------

    def accumulated(self, i: int, frame: Frame) -> Step:
        name = self.tape.name((frame.node, 0))
        assert frame.contribution is not None
        assert frame.total is not None
        if frame.before is None:
            step = Step("", "grad", i, i + 1, f"{name}.grad was empty and now holds this gradient.", output=(frame.node, 0))
            step.arrays = [Shown([("text", f"{name}.grad")], frame.total, "gradient")]
            return step
        title = f"{name}.grad was not empty: backward() adds to it."
        step = Step("", "grad", i, i + 1, title, output=(frame.node, 0))
        step.arrays = [
            Shown([("text", f"already in {name}.grad, left by an earlier backward()")], frame.before, "gradient"),
            Shown([("text", "added now")], frame.contribution, "gradient"),
            Shown([("text", f"{name}.grad")], frame.total, "gradient"),
        ]
        if frame.total.size == 1:
            texts = [number(a.item()) for a in (frame.before, frame.contribution, frame.total)]
            step.numbers = [
                ("gradient", texts[0]),
                ("text", " + "),
                ("gradient", _bracket(texts[1])),
                ("text", " = "),
                ("gradient", texts[2]),
            ]
        step.notes = [f"With zero_grad() in between it would be {summary(frame.contribution)}."]
        return step

    def finish(self, i: int) -> Step:
        leaves = list({frame.node: frame for frame in self.frames if frame.kind == "leaf"}.values())  # the last of each
        title = "Done: every parameter has its gradient." if leaves else "Done: no gradient comes to any leaf."
        step = Step("", "end", i, i + 1, title)
        for frame in leaves:
            name = self.tape.name((frame.node, 0))
            step.arrays.append(Shown([("text", f"{name}.grad")], frame.total, "gradient"))
        return step

    def root_at(self, frame: Frame) -> str:
        """The name of what the frame's backward() started at."""
        return self.tape.root_of(self.tape.laps[frame.lap])

    # ---- names ----------------------------------------------------------------------------------------------------------

    def output_of(self, card: Card) -> Edge:
        """The value that a card is called for: the last that others use."""
        inside = set(card.nodes)
        made = [(node, nr) for node in card.nodes for nr in range(len(node.outputs))]
        for edge in reversed(made):
            if any(edge in edges for edges in self.tape.laps) or any(user not in inside for user in self.users.get(edge, ())):
                return edge
        return made[-1]

    def inputs_of(self, card: Card) -> list[Source]:
        """What a card's operations get from outside, and the other arguments of its calls."""
        inside = set(card.nodes)
        found: dict[Source, None] = {}
        for node in card.nodes:
            for source in self.tape.sources[node]:
                outside = source is not None and not (isinstance(source, tuple) and source[0] in inside)
                if source is not None and outside and source not in self.tape.internal:
                    found.setdefault(source)
        for call in self.calls(card):
            found.update(dict.fromkeys(record for _, record in call.inputs if record in self.tape.ids))
        return list(found)

    def calls(self, card: Card) -> list[Any]:
        calls, waiting = [], [card]
        while waiting:
            one = waiting.pop()
            calls += [one.call] if one.call is not None else []
            waiting += one.children
        return calls

    def is_parameter(self, source: Source, card: Card) -> bool:
        return (
            isinstance(source, tuple)
            and isinstance(source[0], AccumulateGrad)
            and card.kind in ("module", "step")
            and "." in self.tape.name(source)
        )

    def name(self, source: Source, card: Card) -> str:
        """The name of a value; of a parameter its name in the card's layer."""
        name = self.tape.name(source)
        return name.removeprefix(f"{card.path}.") if card.path else name

    def letters(self, node: Node, card: Card) -> dict[str, str]:
        """The names of a node's arguments, by the parameters of its forward, and that of its output as y."""
        names = {
            self.tape.argument(node, i): self.name(s, card) for i, s in enumerate(self.tape.sources[node]) if s is not None
        }
        for i, (source, word) in enumerate(self.tape._arguments(node)):
            if source is None and word:
                names[self.tape.argument(node, i)] = word
        return {**names, "y": self.tape.name((node, 0))} if "y" not in names else names

    def call_of(self, card: Card) -> str:
        return (
            f"{card.title} {written_path(card.path)}"
            if card.path.isdigit()
            else f"{card.title} ({card.path})"
            if card.path
            else card.title
        )

    def written(self, card: Card) -> str:
        """A call as it is written: w × x, Conv2d(images), cross_entropy(②, labels)."""
        operands = [self.tape.name(s) for s in self.inputs_of(card) if not self.is_parameter(s, card)]
        if len(card.nodes) == 1 and card.kind == "op" and self.tape.sign(card.nodes[0]):
            words = [self.tape.name(s) if s is not None else word for s, word in self.tape._arguments(card.nodes[0])]
            words = [bracketed(word) for word in words if word]
            sign = self.tape.sign(card.nodes[0])
            return f" {sign} ".join(words) if len(words) > 1 else f"{sign}{words[0]}" if words else sign
        if card.title.startswith("["):
            return f"{operands[0] if operands else ''}{card.title}"
        name = card.path if card.kind == "module" and card.path else card.title
        return f"{name}({', '.join(operands)})" if card.kind not in ("step", "loop") else card.title

    def spoken(self, card: Card) -> str:
        """A card as the subject of a sentence."""
        if len(card.nodes) == 1 and card.kind == "op":
            word = {
                "×": "The product",
                "+": "The sum",
                "−": "The difference",
                "÷": "The quotient",
                "^": "The power",
                "@": "The matrix product",
            }
            sign = self.tape.sign(card.nodes[0])
            if sign in word:
                return f"{word[sign]} {self.tape.name(self.output_of(card))}"
        if card.kind in ("step", "loop"):
            return f"{card.title[:1].upper()}{card.title[1:]}"
        return self.call_of(card)

    def scaled(self, targets: Sequence[Target], frames: Sequence[Frame]) -> str:
        """How the gradient is changed on the way, if that is said shortly."""
        locals_ = [
            t.arrays[1] for t in targets if len(t.arrays) == 3 and t.arrays[1].role == "local" and t.arrays[1].array is not None
        ]
        if len(locals_) != len(targets) or not targets:
            return ""
        if all(bool((shown.array == 1).all()) for shown in locals_ if shown.array is not None):
            return ", unchanged"
        words = [shown.label[1][1].removeprefix(" = ") for shown in locals_ if len(shown.label) > 1]
        if len(words) == len(targets) == 1:
            return f", scaled by {words[0]}"
        return f", scaled by {words[0]} and by {words[1]}" if len(words) == len(targets) == 2 else ""


def _factor(value: float) -> str:
    return _bracket(number(value))


def _bracket(text: str) -> str:
    return f"({text})" if text.startswith("−") else text


def _written(factor: Factor) -> str:
    return plain([fraction(factor.top, factor.bottom)])


def text_of(step: Step) -> list[str]:
    """A step in lines of text."""
    lines = [step.title]
    lines += [plain(step.rule)] if step.rule else []
    lines += [plain(step.numbers)] if step.numbers else []
    for target in step.targets:
        lines += [plain(target.rule)] if target.rule else []
        lines += [plain(target.numbers)]
        lines += [_line(shown) for shown in target.arrays]
        if target.arrived + target.awaited > 1:
            parts = " + ".join(f"{summary(part)} from {sender}" for sender, part in target.ledger[-4:])
            count, more = target.arrived, f"; {target.awaited} still to come" if target.awaited else ""
            assert target.total is not None
            lines.append(f"part {count} of {count + target.awaited} for {target.name}: {parts} = {summary(target.total)}{more}")
        if len(target.chain) > 1:
            lines.append(f"chain rule: {' · '.join(map(_written, target.chain[-6:]))}")
    lines += [_line(shown) for shown in step.arrays]
    return lines + step.notes + ([f"at {step.line}"] if step.line else [])


def _line(shown: Shown) -> str:
    return f"{plain(shown.label)} = {'(not recorded)' if shown.array is None else summary(shown.array)}"
