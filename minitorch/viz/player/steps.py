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
from dataclasses import replace
from typing import Any

from minitorch.autograd.graph import AccumulateGrad, Edge, Node
from minitorch.backend.arrays import Array
from minitorch.nn import Parameter
from minitorch.ops.elementwise import Pointwise
from minitorch.viz.graph.cards import Card
from minitorch.viz.graph.facts import size_of, written_path
from minitorch.viz.page.summary import PLANE, number, summary
from minitorch.viz.player.frames import ElementSum, Factor, Frame, element_sum
from minitorch.viz.player.text import Shown, Step, Target, bracket, factor_text
from minitorch.viz.record.local import CallJacobian, LocalJacobian, argmax_abs, terms
from minitorch.viz.record.recorder import InputRecord
from minitorch.viz.record.rules import Part, call_rule, computes, fraction, local_derivative, rule_of
from minitorch.viz.record.tape import Source, Tape, bracketed

__all__ = ["steps_of"]

MAX_TERMS = 3  # products that are written out in a line of numbers; of more, the largest
MAX_CHAIN = 6  # the last factors of the chain rule; those before are one
MAX_PARTS = 12  # parts of a sum that are listed one by one
MAX_ELEMENTS, MAX_SMALL = 16, 60  # most elements whose products are all kept, and most operations of a graph where they are
MAX_JACOBIAN = 6  # most operations in a call whose derivative is computed as a whole


def steps_of(tape: Tape, root: Card, frames: Sequence[Frame]) -> list[Step]:
    """The steps of all cards, the outer ones before those inside, in the order in which they begin."""
    return sorted(_Teller(tape, root, frames).steps(), key=lambda step: step.start)


class _Teller:
    """Writes the steps of a tape."""

    def __init__(self, tape: Tape, root: Card, frames: Sequence[Frame]) -> None:
        self.tape, self.root, self.frames = tape, root, frames
        self.card_of: dict[Any, Card] = {}  # the card that shows a node when everything is open
        self._outer: dict[Any, str] = {}
        self.names = tape.names()
        self.place: dict[int, int] = {}  # the number of each frame, by its id
        self.cards = list(root.inside())
        for card in self.cards:
            self.card_of.update(dict.fromkeys(card.nodes if not card.children else (), card))
        self.ranges: dict[tuple[str, Any, int], list[int]] = {}
        self.expected: dict[tuple[Edge, int], list[int]] = {}  # the frames that bring something to a value
        for i, frame in enumerate(frames):
            self.place[id(frame)] = i
            self.ranges.setdefault((frame.kind, frame.node, frame.lap), []).append(i)
            if frame.kind == "backward":
                self.expected.setdefault(((frame.to, frame.output), frame.lap), []).append(i)
        self.users: dict[Edge, list[Node]] = {}
        for node in tape.ops:
            for source in tape.sources[node]:
                if isinstance(source, tuple):
                    self.users.setdefault(source, []).append(node)
        self.inputs = {card: self._inputs_of(card) for card in self.cards}
        self.outputs = {card: self._outputs_of(card) for card in self.cards}

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
        tape, output = self.tape, self.outputs[card][-1]
        single = card.nodes[0] if len(card.nodes) == 1 else None
        names = {s: self.name(s, card) for s in self.inputs[card] if single is not None or not self.is_parameter(s, card)}
        step = Step(card.id, "forward", found[0], found[-1] + 1, "", output=output, line=tape.line(card.nodes[-1]))
        written, call = ", ".join(map(tape.name, self.outputs[card][-4:])), self.written(card)
        step.title = f"{written} = {call}" if written != call else f"{self.spoken(card)} is computed."
        if single is not None:
            what = computes(tape, single, tape.letters(single, card.path))
            step.rule = [("value", bracketed(written)), ("text", f" = {what}")] if what and not tape.sign(single) else []
        value = tape.value(output)
        step.notes = [f"{card.title}: {card.settings}"] if card.settings else []
        users = {source: next((n for n in card.nodes if source in tape.sources[n]), None) for source in names}
        shown = [(source, tape.value(source, user)) for source, user in users.items()]
        step.arrays = [Shown([("value", names[source])], array, "used") for source, array in shown]
        outputs = self.outputs[card][-4:]
        step.arrays += [Shown([("value", tape.name(edge))], tape.value(edge), "value") for edge in outputs]
        if len(outputs) > 1:
            return step
        scalars = all(array is not None and array.size == 1 for _, array in shown)
        if value is not None and value.size == 1 and single is not None and scalars:
            step.numbers, step.arrays = self.scalar_forward(single, value.item()), []
        elif value is not None and value.size == 1 and ", " not in written:
            step.numbers = [("value", f"{bracketed(written)} = {number(value.item())}")]
        return step

    def scalar_forward(self, node: Node, value: float) -> list[Part]:
        """−3 × 2 = −6, or tanh: 0.88 → 0.7064."""
        operands = [
            number(self.tape.value(source, node).item()) if source is not None else word  # type: ignore[union-attr]
            for source, word in self.tape.arguments(node)
            if source is not None or word
        ]
        sign = self.tape.sign(node)
        if sign and len(operands) == 2:
            first = operands[0] if sign in "+−×" else bracket(operands[0])
            return _alternating("value", first, f" {sign} ", bracket(operands[1]), " = ", number(value))
        return _alternating("value", ", ".join(operands), " → ", number(value))

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
        step.arrays = [Shown([fraction(root, name)], frame.total, "gradient")] if frame.total.size != 1 else []
        if is_one and not frame.lap:
            step.notes = [
                f"It is 1 because {name} changes by exactly as much as {name} does. Every other gradient follows from this one."
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
        parameters = [target.name for target in step.targets if target.is_parameter]
        hidden = parameters if len(step.targets) > 4 else []
        names = list(dict.fromkeys(target.name for target in step.targets if target.name not in hidden))
        names += [f"its {len(hidden)} parameters"] if hidden else []
        to = ", ".join(names[:-1]) + (" and " if names[:-1] else "") + names[-1] if len(names) < 5 else f"{len(names)} tensors"
        step.title = f"{self.spoken(card)} sends its gradient to {to}{self.scaled(step.targets, frames)}."
        return step

    def target(self, card: Card, i: int, frame: Frame, output: Any) -> Target:
        tape, edge, node = self.tape, (frame.to, frame.output), frame.node
        single = len(card.nodes) == 1
        upstream = frame.upstream[output[1]] if single else self.total_at(output, i)
        contribution = frame.contribution if single else self.sent(card, edge, i)
        assert contribution is not None
        root, name, full = self.root_at(frame), self.name(edge, card), tape.name(edge)
        part = frame.part if single else self.part_of(card, edge, contribution, output, i)
        if part is not None and part.name.startswith(full):
            part = replace(part, name=name + part.name.removeprefix(full))
        rule, used = self.rule_of_operation(card, frame, output) if single else (self.rule_of_call(card, frame, output), [])
        sources = [(e, self.total_at(e, i) if e != output else upstream) for e in self.outputs[card]]
        shown = [
            Shown([fraction(root, tape.name(e))], grad, "upstream") for e, grad in sources if grad is not None or e == output
        ]
        expected = self.expected[edge, frame.lap]
        senders = [self.sender(self.frames[j], card) for j in expected]
        arrivals = [(s, self.frames[j].contribution) for s, j in zip(senders, expected, strict=True) if j <= i]
        parts = [(sender, grad) for sender, grad in arrivals if grad is not None]
        arrived = len({sender for sender, _ in parts})
        awaited = len(set(senders)) - arrived
        share: list[Part] = [("text", "part of ")] if arrived + awaited > 1 else []  # one of several that the value gets
        rule = share + rule if rule else []
        arrays = [*shown, *used, Shown([*share, fraction(root, name)], contribution, "gradient")]
        target = Target(edge, name, rule, [], arrays, part, self.ledger(parts), arrived, awaited, frame.total)
        target.is_parameter = self.is_parameter(edge, card)
        target.chain = self.chain(frame) if single else []
        if single and contribution.size <= MAX_ELEMENTS:
            target.elements = self.elements_of(node, frame, name)
        target.numbers = self.numbers(target, upstream, contribution, frame.local if single else None)
        return target

    def rule_of_operation(self, card: Card, frame: Frame, output: Any) -> tuple[list[Part], list[Shown]]:
        """The rule for one argument of one operation, and what it uses: the local derivative, or other arguments."""
        tape, edge, node, root = self.tape, (frame.to, frame.output), frame.node, self.root_at(frame)
        assert frame.argument is not None
        letter, letters = tape.argument(node, frame.argument), tape.letters(node, card.path)
        name, source = self.name(edge, card), tape.name(output)
        rule = rule_of(tape, root, name, source, node, letter, letters, self.summed(frame))
        if tape.sources[node].count(edge) > 1:
            rule = [*rule, ("text", f"   (as its {_ordinal(frame.argument)} operand)")]
        if frame.local is None:
            return rule, [Shown([("value", self.name(s, card))], value, "used") for s, value in frame.others]
        local = local_derivative(tape, node, letter, letters)
        label = [fraction(source, name)]
        if local and len(local) <= 24 and not (frame.local.size and bool((frame.local == frame.local.reshape(-1)[0]).all())):
            label.append(("text", f" = {local}"))
        return rule, [Shown(label, frame.local, "local")]

    def rule_of_call(self, card: Card, frame: Frame, output: Any) -> list[Part]:
        """The rule of a call of several operations, or the chain rule through them."""
        tape, edge, root = self.tape, (frame.to, frame.output), self.root_at(frame)
        name, source = self.name(edge, card), tape.name(output)
        outputs = [e for e in self.outputs[card] if self.total_at(e, self.place[id(frame)]) is not None] or [output]
        if len(outputs) == 1 and self.has_formula(card):
            named = self.arguments_of(card)
            first = named.get("input") or next(iter(named.values()), None)
            if self.is_parameter(edge, card) or edge == first:
                names = {key: tape.find_name(s) or getattr(s, "name", "") for key, s in named.items()} | self.counts(
                    card, first
                )
                call = card.title if "Norm" in card.title else f"{card.title} {card.settings}"
                parameter = name if self.is_parameter(edge, card) else ""
                rule = call_rule(root, name, source, call, parameter, self.name(first, card) if first else name, names)
                if rule:
                    return rule
        parts: list[Part] = [fraction(root, name), ("text", " = ")]
        for i, one in enumerate(outputs[:4]):
            parts += [("text", " + ")] * bool(i) + [
                fraction(root, tape.name(one)),
                ("text", " · "),
                fraction(tape.name(one), name),
            ]
        return [*parts, ("text", f"   (through {len(card.nodes)} operations: open the card to follow them)")]

    def arguments_of(self, card: Card) -> dict[str, Source]:
        """What was passed to a card's call, by parameter; the first two of a loss's module are input and target."""
        if card.call is None:
            return {}
        words = [word or ("input", "target")[i] if i < 2 else word for i, word in enumerate(card.call.parameters)]
        return dict(zip(words, card.call.arguments, strict=True))

    def has_formula(self, card: Card) -> bool:
        """Whether the formula of a call, if there is one, holds for this call: without weights, in training, for classes."""
        named = self.arguments_of(card)
        if "Norm" in card.title or "norm" in card.title:
            return any(type(node).__name__ == "Standardize" for node in card.nodes)
        target = named.get("target")
        classes = isinstance(target, InputRecord) and target.array.dtype.kind in "iu"
        needs_classes = card.title.lower().replace("_", "").startswith(("crossentropy", "nllloss"))
        if isinstance(target, InputRecord) and needs_classes and ((target.array < 0).any() or "ignore" in card.settings):
            return False
        return not {"weight", "pos_weight"} & named.keys() and (classes or not needs_classes)

    def counts(self, card: Card, first: Source | None) -> dict[str, str]:
        """n, how many elements the input has, and N, how many targets count."""
        if not isinstance(first, tuple):
            return {}
        target = self.arguments_of(card).get("target")
        found = {"n": f"{math.prod(first[0].outputs[first[1]][0]):,}"}
        if isinstance(target, InputRecord):
            found["N"] = f"{int((target.array != -100).sum()):,}"
        return found

    def summed(self, frame: Frame) -> str:
        """Over which dimensions a gradient is summed, because the argument was broadcast; '' if it was not."""
        contribution, local = frame.contribution, frame.local
        if contribution is None or local is None or not isinstance(frame.node, Pointwise) or contribution.shape == local.shape:
            return ""
        lead = local.ndim - contribution.ndim
        dims = [*range(lead), *(lead + d for d, n in enumerate(contribution.shape) if n != local.shape[lead + d])]
        return f"over dim {', '.join(map(str, dims))}, along which {self.tape.name((frame.to, frame.output))} was repeated"

    def numbers(self, target: Target, upstream: Any, contribution: Array, local: Array | None) -> list[Part]:
        """The products for the largest element: 7 × 3 = 21; for a large call the norms before and after."""
        part = target.part
        if part is not None and part.terms:
            parts: list[Part] = [("text", f"{part.name}: ")] if contribution.size > 1 else []
            written = MAX_TERMS if part.count <= MAX_TERMS else 1
            for j, (_, up, slope) in enumerate(part.terms[:written]):
                parts += [("text", " + ")] * bool(j)
                parts += [("gradient", factor_text(up)), ("text", " × "), ("local", factor_text(slope))]
            more = part.count - min(written, len(part.terms))
            return [*parts, ("text", f"{f' + {more:,} more' if more else ''} = "), ("gradient", number(part.share))]
        if part is not None and contribution.size:
            head: list[Part] = [("text", f"{part.name}: ")] if contribution.size > 1 else []
            if local is not None and upstream is not None and local.shape == upstream.shape == contribution.shape:
                up, slope = (array.reshape(-1)[argmax_abs(contribution)].item() for array in (upstream, local))
                product = [("gradient", factor_text(up)), ("text", " × "), ("local", factor_text(slope)), ("text", " = ")]
                return [*head, *product, ("gradient", "0")]
            return [*head, ("gradient", "0"), ("text", "  (all of them are 0)" if contribution.size > 1 else "")]
        if contribution.size == 1:
            return [("gradient", number(contribution.item()))]
        sizes = [("text", "‖∇‖ "), ("gradient", number(size_of(upstream))), ("text", " → ")] if upstream is not None else []
        before, after = (None if part is None else abs(size_of(part) or 0.0) for part in (upstream, contribution))
        ratio = f" (× {number(after / before)})" if before and after is not None else ""
        return [*sizes, ("text", "‖∇‖ "), ("gradient", number(after)), ("text", f"  at {target.name}{ratio}")]

    def elements_of(self, node: Node, frame: Frame, name: str) -> list[ElementSum]:
        """The products of every element of a small gradient, if it is their sum."""
        like = next(grad for grad in frame.upstream if grad is not None)
        if frame.part is None or frame.contribution is None or len(self.tape.ops) > MAX_SMALL or like.size > PLANE:
            return []
        assert frame.argument is not None
        jacobian, outputs = LocalJacobian(node, like), [(node, i) for i in range(len(node.outputs))]
        found = []
        for k in range(frame.contribution.size):
            products = terms(frame.upstream, jacobian.column(frame.argument, k))
            found.append(element_sum(self.tape, name, frame.contribution, k, outputs, products))
        return found

    def part_of(self, card: Card, edge: Edge, contribution: Array, output: Any, i: int) -> ElementSum | None:
        """The products for the largest element of what a call of several operations sends."""
        upstream = self.total_at(output, i)
        is_call = card.kind in ("function", "module", "derivative")
        if upstream is None or not is_call or len(card.nodes) > MAX_JACOBIAN or not contribution.size:
            return None
        k = argmax_abs(contribution)
        column = CallJacobian(card.nodes, output, upstream).column(edge, k)
        if column is None:
            return None
        found = terms([upstream], [column])
        part = element_sum(self.tape, self.name(edge, card), contribution, k, [output], found)
        is_sum = math.isclose(sum(u * d for _, _, u, d in found), part.share, rel_tol=1e-2, abs_tol=1e-6)
        return part if is_sum else None

    def chain(self, frame: Frame) -> list[Factor]:
        """The chain rule to a value, the operations inside a call as one factor."""
        factors: list[Factor] = []  # the last first
        factor, call_after = frame.chain, None
        while factor is not None and len(factors) <= MAX_CHAIN:
            call = self.card_of[factor.node].outer if factor.node in self.card_of else None
            if call is not None and (call.kind not in ("function", "module") or call.is_container):
                call = None
            if call is not None and call is call_after:
                last = factors.pop()
                value = None if last.value is None or factor.value is None else last.value * factor.value
                factors.append(Factor(factor.top, last.bottom, value, last.node))
            else:
                factors.append(factor)
            factor, call_after = factor.before, call
        if len(factors) > MAX_CHAIN:  # the earlier ones are written as one
            factors[MAX_CHAIN - 1 :] = [Factor(self.root_at(frame), factors[MAX_CHAIN - 2].top, None, None)]
        return factors[::-1]

    def ledger(self, contributions: Sequence[tuple[str, Array]]) -> list[tuple[str, Array]]:
        """The parts that a value has got so far, those of one call added up."""
        found: dict[str, Array] = {}
        for sender, part in contributions:
            found[sender] = found[sender] + part if sender in found else part
        parts = list(found.items())
        if len(parts) <= MAX_PARTS:
            return parts
        first = functools.reduce(operator.add, (part for _, part in parts[: 1 - MAX_PARTS]))
        return [(f"{len(parts) - MAX_PARTS + 1} earlier parts", first), *parts[1 - MAX_PARTS :]]

    def sender(self, frame: Frame, card: Card) -> str:
        """Who sends a part, seen from beside a card; of an operation that uses a value twice, as which operand."""
        name = self.outer(frame.node, card)
        twice = self.tape.sources[frame.node].count((frame.to, frame.output)) > 1
        return f"{name} ({_ordinal(frame.argument or 0)} operand)" if twice else name

    def outer(self, node: Node, card: Card) -> str:
        """The name of what the call that holds a node has made, seen from a card."""
        as_whole = card.kind in ("step", "loop") or card.is_container
        key = node, id(card.outer) if as_whole else None
        if key not in self._outer:
            owner, beside = self.card_of[node], {id(ancestor) for ancestor in card.ancestors()}
            for ancestor in owner.ancestors():
                is_whole = ancestor.kind in ("step", "loop", "root") or ancestor.is_container
                if ancestor.kind == "root" or (id(ancestor) in beside if as_whole else is_whole):
                    break
                owner = ancestor if ancestor.kind != "loop" else owner
            self._outer[key] = self.tape.name(self.outputs[owner][-1])
        return self._outer[key]

    def total_at(self, output: Any, i: int) -> Array | None:
        """The gradient of a value when it is sent on: the sum before frame i, or what a hook has made of it."""
        for frame in map(self.frames.__getitem__, range(i - 1, -1, -1)):
            if frame.lap != self.frames[i].lap:
                return None
            at = (frame.to, frame.output) if frame.kind == "backward" else (frame.node, frame.output)
            if at == output and frame.kind in ("backward", "hook", "start"):
                return frame.total
        return None

    def sent(self, card: Card, edge: Edge, i: int) -> Array:
        """What all operations of a card have sent to a value."""
        inside = set(card.nodes)
        frames = (self.frames[j] for j in self.expected[edge, self.frames[i].lap] if j <= i)
        parts: list[Any] = [frame.contribution for frame in frames if frame.node in inside]
        return functools.reduce(operator.add, parts)

    def hook(self, i: int, frame: Frame) -> Step:
        edge = (frame.node, frame.output)
        name, root = self.tape.name(edge), self.root_at(frame)
        step = Step("", "hook", i, i + 1, f"Your hook changed ∂{root}/∂{bracketed(name)}.", output=edge)
        step.arrays = [Shown([("text", w)], a, "gradient") for w, a in (("before", frame.before), ("after", frame.total))]
        step.notes = [f"What is sent on from here is what your hook returned, not the derivative of {root}."]
        if frame.before is not None and frame.total is not None and frame.total.size == 1:
            step.numbers = _alternating("gradient", number(frame.before.item()), " → ", number(frame.total.item()))
        return step

    # ---- the gradients of leaves ----------------------------------------------------------------------------------------

    def accumulated(self, i: int, frame: Frame) -> Step:
        name = self.tape.name((frame.node, 0))
        assert frame.contribution is not None
        assert frame.total is not None
        if frame.before is None:
            step = Step("", "grad", i, i + 1, f"{name}.grad was None; it is now this gradient.", output=(frame.node, 0))
            step.arrays = [Shown([("text", f"{name}.grad")], frame.total, "gradient")]
            return step
        title = f"{name}.grad already had a value: backward() adds to it."
        step = Step("", "grad", i, i + 1, title, output=(frame.node, 0))
        step.arrays = [
            Shown([("text", f"already in {name}.grad, left by an earlier backward()")], frame.before, "gradient"),
            Shown([("text", "added now")], frame.contribution, "gradient"),
            Shown([("text", f"{name}.grad")], frame.total, "gradient"),
        ]
        if frame.total.size == 1:
            texts = [number(a.item()) for a in (frame.before, frame.contribution, frame.total)]
            step.numbers = _alternating("gradient", texts[0], " + ", bracket(texts[1]), " = ", texts[2])
        step.notes = [f"With zero_grad() in between it would be {summary(frame.contribution)}."]
        return step

    def finish(self, i: int) -> Step:
        leaves = list({frame.node: frame for frame in self.frames if frame.kind == "leaf"}.values())  # the last of each
        count = len(leaves)
        title = f"Done: {count} tensors have their gradient." if count > 1 else "Done: one tensor has its gradient."
        title = title if leaves else "Done: no leaf received a gradient."
        step = Step("", "end", i, i + 1, title)
        for frame in leaves:
            name = self.tape.name((frame.node, 0))
            step.arrays.append(Shown([("text", f"{name}.grad")], frame.total, "gradient"))
        return step

    def root_at(self, frame: Frame) -> str:
        """The name of what the frame's backward() started at."""
        return self.tape.root_of(self.tape.laps[frame.lap])

    # ---- names ----------------------------------------------------------------------------------------------------------

    def _outputs_of(self, card: Card) -> list[Edge]:
        """The values that a card makes for others: several of chunk. The last is the one that the card is named after."""
        inside = set(card.nodes)
        made = [(node, nr) for node in card.nodes for nr in range(len(node.outputs))]
        starts = {edge for edges in self.tape.laps for edge in edges}
        found = [e for e in made if e in starts or any(user not in inside for user in self.users.get(e, ()))]
        return found or made[-1:]

    def _inputs_of(self, card: Card) -> list[Source]:
        """What was passed to a card's call, then what else its operations get from outside."""
        inside = set(card.nodes)
        passed = card.call.arguments if card.call is not None else []
        found: dict[Source, None] = {
            s: None for s in passed if s in self.tape.ids or (isinstance(s, tuple) and s[0] in self.tape.ids)
        }
        for node in card.nodes:
            for source in self.tape.sources[node]:
                outside = source is not None and not (isinstance(source, tuple) and source[0] in inside)
                if source is not None and outside and source not in self.tape.internal:
                    found.setdefault(source)
        for call in card.calls():
            found.update(dict.fromkeys(record for _, record in call.inputs if record in self.tape.ids))
        return list(found)

    def is_parameter(self, source: Source, card: Card) -> bool:
        """Whether a value is a parameter or a buffer of a card's layer, not passed to it."""
        if card.kind not in ("module", "step", "loop") or (card.call is not None and source in card.call.arguments):
            return False
        if isinstance(source, InputRecord):
            return source.named
        return isinstance(source[0], AccumulateGrad) and isinstance(source[0].variable, Parameter)

    def name(self, source: Source, card: Card) -> str:
        """The name of a value; of a parameter its name in the card's layer."""
        full = self.tape.find_name(source) or getattr(source, "name", "")
        name = full.removeprefix(f"{card.path}.") if card.path else full
        return full if name in self.names else name

    def written(self, card: Card) -> str:
        """A call as it is written: w × x, features.0(images), cross_entropy(②, labels)."""
        node = card.nodes[0]
        if card.kind in ("step", "loop"):
            return card.title
        sign = self.tape.sign(node)
        if len(card.nodes) == 1 and card.kind == "op" and sign:
            words = [self.tape.name(s) if s is not None else word for s, word in self.tape.arguments(node)]
            words = [bracketed(word) for word in words if word]
            return f" {sign} ".join(words) if len(words) > 1 else f"{sign}{words[0]}" if words else sign
        sources = [s for s in self.inputs[card] if not self.is_parameter(s, card)]
        if card.call is not None and card.call.arguments:
            sources = card.call.arguments
        operands = [self.tape.find_name(s) or getattr(s, "name", "") for s in sources]
        if card.title.startswith("["):
            return f"{operands[0] if operands else ''}{card.title}"
        name = card.title if card.kind != "module" or not card.path or card.path.isdigit() else card.path
        name += f"[{card.path}]" if card.path.isdigit() else ""
        return f"{name}({', '.join(filter(None, operands))})"

    def spoken(self, card: Card) -> str:
        """A card as the subject of a sentence."""
        if len(card.nodes) == 1 and card.kind == "op":
            word = {
                "×": "The product",
                "+": "The sum",
                "−": "The difference" if len(self.tape.sources[card.nodes[0]]) > 1 else "The negation",
                "÷": "The quotient",
                "^": "The power",
                "@": "The matrix product",
            }
            sign = self.tape.sign(card.nodes[0])
            if sign in word:
                return f"{word[sign]} {self.tape.name(self.outputs[card][-1])}"
        if card.kind in ("step", "loop"):
            return f"{card.title[:1].upper()}{card.title[1:]}"
        if card.path.isdigit():
            return f"{card.title} {written_path(card.path)}"
        return f"{card.title} ({card.path})" if card.path else card.title

    def scale_of(self, frame: Frame) -> str:
        """The local derivative as a short text."""
        assert frame.argument is not None
        path = self.card_of[frame.node].path
        local = local_derivative(
            self.tape, frame.node, self.tape.argument(frame.node, frame.argument), self.tape.letters(frame.node, path)
        )
        return local if len(local) <= 28 else ""

    def scaled(self, targets: Sequence[Target], frames: Sequence[Frame]) -> str:
        """How the gradient is changed on the way, if that is said shortly."""
        locals_ = [
            t.arrays[1] for t in targets if len(t.arrays) == 3 and t.arrays[1].role == "local" and t.arrays[1].array is not None
        ]
        if len(locals_) != len(targets) or not targets or any(map(self.summed, frames)):
            return ""
        if all(bool((shown.array == 1).all()) for shown in locals_ if shown.array is not None):
            return ", unchanged"
        words = [self.scale_of(frame) for frame in frames if frame.local is not None]
        words = [word for word in words if word]
        if len(words) == len(targets) == 1:
            return f", scaled by {words[0]}"
        if len(words) == len(targets) == 2 and words[0] == words[1]:
            return f", scaled by {words[0]}"
        return f", scaled by {words[0]} and by {words[1]}" if len(words) == len(targets) == 2 else ""


def _ordinal(argument: int) -> str:
    return ("first", "second", "third")[argument] if argument < 3 else f"{argument + 1}th"


def _alternating(kind: str, *words: str) -> list[Part]:
    """Parts of one kind, with text between them."""
    return [("text" if i % 2 else kind, word) for i, word in enumerate(words)]
