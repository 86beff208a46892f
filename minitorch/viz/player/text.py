"""A step of the player: what it shows, and its lines of text. steps.py makes the steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from minitorch.autograd.graph import Edge
from minitorch.backend.arrays import Array
from minitorch.viz.page.summary import number, summary
from minitorch.viz.player.frames import ElementSum, Factor
from minitorch.viz.record.rules import Part, fraction, plain

__all__ = ["Shown", "Step", "Target", "bracket", "chain_text", "factor_text", "text_of"]


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
    elements: list[ElementSum] = field(default_factory=list)  # of a small gradient: the products of each element
    is_parameter: bool = False  # whether it is one of the card's parameters
    chain: list[Factor] = field(default_factory=list)

    @property
    def is_scalar(self) -> bool:
        """Whether the line of numbers has all arrays already."""
        return bool(self.numbers) and all(shown.array is not None and shown.array.size == 1 for shown in self.arrays)

    @property
    def is_small_print(self) -> bool:
        """Whether it is listed in a line: a parameter in a card of many operations."""
        return self.is_parameter and self.part is None and not self.chain


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


# ---- as text -----------------------------------------------------------------------------------------------------


def text_of(step: Step) -> list[str]:
    """A step in lines of text."""
    lines = [step.title]
    lines += [plain(step.rule)] if step.rule else []
    lines += [plain(step.numbers)] if step.numbers else []
    for target in step.targets:
        if target.is_small_print:
            lines.append(f"{target.name}: {plain(target.numbers)}")
            continue
        lines += [plain(target.rule)] if target.rule else []
        lines += [plain(target.numbers)]
        arrays = dict.fromkeys(
            map(_line, target.arrays)
        )  # after the output, the local derivative and what is sent are the same
        lines += [] if target.is_scalar else arrays
        if target.arrived + target.awaited > 1:
            parts = " + ".join(f"{bracket(str(summary(part)))} from {sender}" for sender, part in target.ledger)
            count, more = target.arrived, f"; {target.awaited} still to come" if target.awaited else ""
            assert target.total is not None
            lines.append(f"part {count} of {count + target.awaited} for {target.name}: {parts} = {summary(target.total)}{more}")
        if len(target.chain) > 1:
            lines.append(f"chain rule: {chain_text(target)}")
    lines += [_line(shown) for shown in step.arrays]
    return lines + step.notes + ([f"at {step.line}"] if step.line else [])


def chain_text(target: Target) -> str:
    """∂y/∂x = ∂y/∂h · ∂h/∂x, with the numbers where all are known."""
    named = " · ".join(map(_written, target.chain))
    values = [factor.value for factor in target.chain]
    if any(value is None for value in values):
        return named
    return f"{named} = {' · '.join(factor_text(value) for value in values if value is not None)}"


def _line(shown: Shown) -> str:
    return f"{plain(shown.label)} = {'(not recorded)' if shown.array is None else summary(shown.array)}"


def _written(factor: Factor) -> str:
    return plain([fraction(factor.top, factor.bottom)])


def factor_text(value: float) -> str:
    return bracket(number(value))


def bracket(text: str) -> str:
    return f"({text})" if text.startswith("−") else text
