"""The captions of a frame: a step of the player as lines of text.

Each line has a role: the 'title'; the text of 'arrays' or of the table of 'products', which the page draws; the 'chain' rule;
or any other 'line'.
"""

from __future__ import annotations

from collections.abc import Sequence

from minitorch.backend.arrays import Array
from minitorch.viz.frames import ElementSum, Frame
from minitorch.viz.summary import number, summary
from minitorch.viz.tape import Tape, formula

__all__ = ["captions"]

Line = tuple[str, str]  # role and text

SHORT = 6  # most elements of an array that is written out in a formula


def captions(tape: Tape, frame: Frame, frames: Sequence[Frame]) -> list[Line]:
    """The captions of a frame, which is one of `frames`."""
    source = (frame.node, frame.output)
    name = f"d{tape.root_name}/d{tape.name(source)}" if frame.kind != "backward" else ""
    if frame.kind == "forward":
        return _forward(tape, frame)
    if frame.kind == "start":
        return [("title", f"the way back starts at {tape.name(source)}"), ("arrays", _value(name, frame.total))]
    if frame.kind == "backward":
        return _backward(tape, frame)
    if frame.kind == "hook":
        title = f"a hook of the program replaces {name}"
        return [("title", title), ("arrays", f"{_value(name, frame.total)} from here on")]
    if frame.kind == "leaf":
        return _leaf(tape.name(source), frame)
    filled = [("arrays", _value(f"{tape.name((f.node, 0))}.grad", f.total)) for f in frames if f.kind == "leaf"]
    return [("title", "every leaf has its gradient" if filled else "no gradient comes to any leaf"), *filled]


def _forward(tape: Tape, frame: Frame) -> list[Line]:
    node = frame.node
    computes, _ = formula(type(node))
    lines = [("title", tape.call(node))]
    lines += [("line", f"{type(node).__name__} computes  {computes}")] if computes else []
    lines += [("arrays", _value(tape.name(source), value)) for source, value in frame.inputs]
    lines.append(("arrays", _value(tape.name((node, 0)), frame.value)))
    return lines + _source_line(tape, frame)


def _backward(tape: Tape, frame: Frame) -> list[Line]:
    node, edge, argument = frame.node, (frame.to, frame.output), frame.argument
    assert argument is not None
    kind, receiver = node.op_name, tape.name(edge)
    letter = tape.argument(node, argument)
    grads = {nr: grad for nr, grad in enumerate(frame.upstream) if grad is not None}
    (first, upstream), local, contribution = next(iter(grads.items())), frame.local, frame.contribution
    assert contribution is not None
    twice = f", its {letter}" if tape.sources[node].count(edge) > 1 and letter else ""
    makers = " and ".join(tape.name((node, nr)) for nr in grads)
    lines = [("title", f"{kind} passes the gradient of {makers} back to {receiver}{twice}")]
    lines += [("arrays", f"upstream  {_value(f'd{tape.root_name}/d{tape.name((node, nr))}', g)}") for nr, g in grads.items()]
    if local is not None:
        lines.append(("arrays", f"local  {_value(tape.local_name(node, first, argument), local)}"))
        summed = ", summed where it was repeated" if contribution.size < max(local.size, upstream.size) else ""
        product = str(summary(contribution))
        if max(local.size, upstream.size, contribution.size) <= SHORT:
            product = f"{_factor(upstream)} × {_factor(local)} = {product}"
        lines.append(("arrays", f"upstream × local = contribution{summed}:  {product}"))
    else:
        lines += [("arrays", f"with  {_value(tape.name(source), value)}") for source, value in frame.others]
        lines.append(("arrays", f"contribution:  {summary(contribution)}"))
    if frame.part is not None and (local is None or local.size > 1):
        role = "products" if len(frame.part.terms) > 1 else "line"
        lines.append((role, _expanded_sum(tape.root_name, frame.part)))
    lines.append(("arrays", _running_sum(f"d{tape.root_name}/d{receiver}", frame)))
    computes, derivative = formula(type(node), letter)
    formulas = [f"computes  {computes}"] if computes else []
    formulas += [f"derivative in {letter}:  {derivative}"] if derivative else []
    lines += [("line", f"{kind} {',  '.join(formulas)}")] if formulas else []
    chain = frame.chain if len(frame.chain) < 8 else [*frame.chain[:3], "...", *frame.chain[-3:]]
    sign = "=" if tape.uses(edge) == 1 else "+="  # other paths add to the sum
    lines.append(("chain", f"chain rule:  d{tape.root_name}/d{receiver} {sign} {' · '.join(chain)}"))
    return lines + _source_line(tape, frame)


def _expanded_sum(root_name: str, part: ElementSum) -> str:
    """The sum for one element: to w[2]: dloss/dh[2] × ∂h[2]/∂w[2] = 7 × 3 = 21."""
    if not part.terms:
        return f"to {part.name}:  0, as nothing that is computed from it depends on it"
    products = " + ".join(f"{_factor(float(u))} × {_factor(float(slope))}" for _, u, slope in part.terms)
    more = f" + {part.count - len(part.terms):,} more" if part.count > len(part.terms) else ""
    if part.count == 1:
        ((name, _, _),) = part.terms
        return f"to {part.name}:  d{root_name}/d{name} × ∂{name}/∂{part.name} = {products} = {number(part.share)}"
    return f"to {part.name}, a sum of {part.count:,} products upstream × local:  {products}{more} = {number(part.share)}"


def _running_sum(name: str, frame: Frame) -> str:
    assert frame.total is not None
    if len(frame.parts) == 1:
        return f"{_value(name, frame.total)} so far"
    small = frame.total.size <= SHORT
    named = [f"{summary(grad)} from {maker}" if small else f"that from {maker}" for maker, grad in frame.parts[-4:]]
    if len(frame.parts) > 4:
        named.insert(0, f"{len(frame.parts) - 4} earlier ones")
    return f"{name} so far, a sum of {len(frame.parts)} parts:  {' + '.join(named)} = {summary(frame.total)}"


def _leaf(name: str, frame: Frame) -> list[Line]:
    contribution = summary(frame.contribution) if frame.contribution is not None else ""
    title = ("title", f"the gradient of {name} is complete")
    if frame.before is None:
        return [title, ("line", f"{name}.grad was None, and is set to {contribution}")]
    return [
        title,
        ("line", f"{name}.grad held {summary(frame.before)} from an earlier backward()"),
        ("line", f"with {contribution} from this one it becomes {_value('their sum', frame.total)}"),
        ("line", f"zero_grad() in between would have left {contribution} alone"),
    ]


def _source_line(tape: Tape, frame: Frame) -> list[Line]:
    line = tape.line(frame.node)
    return [("line", f"at {line}")] if line else []


def _value(name: str, value: Array | None) -> str:
    return f"{name} = {'(not recorded)' if value is None else summary(value)}"


def _factor(value: Array | float) -> str:
    text = number(value) if isinstance(value, float) else str(summary(value))
    return f"({text})" if text.startswith("-") else text
