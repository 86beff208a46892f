"""A frame in words and numbers: the text alias of a step of the player, line by line.

Each line comes with its role: it is the 'title'; it says what the page shows as 'arrays', or as the table of 'products'; it is
the 'chain' rule; or it stands for itself, a 'line'.
"""

from __future__ import annotations

from collections.abc import Sequence

from minitorch.backend.arrays import Array
from minitorch.viz.frames import Frame, Part
from minitorch.viz.summary import number, summary
from minitorch.viz.tape import Tape, formula

__all__ = ["sentences"]

Line = tuple[str, str]  # role and text

SHORT = 6  # elements up to which arrays stand within a formula


def sentences(tape: Tape, frame: Frame, frames: Sequence[Frame]) -> list[Line]:
    """The lines of a frame, which is one of `frames`."""
    source = (frame.node, frame.output)
    name = f"d{tape.top}/d{tape.name(source)}" if frame.kind != "backward" else ""
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
    return lines + _line(tape, frame)


def _backward(tape: Tape, frame: Frame) -> list[Line]:
    node, edge, argument = frame.node, (frame.to, frame.output), frame.argument
    assert argument is not None
    kind, receiver = node.op_name, tape.name(edge)
    letter = tape.argument(node, argument)
    arrived = {nr: grad for nr, grad in enumerate(frame.upstream) if grad is not None}
    (first, upstream), local, share = next(iter(arrived.items())), frame.local, frame.contribution
    assert share is not None
    twice = f", its {letter}" if tape.sources[node].count(edge) > 1 and letter else ""
    makers = " and ".join(tape.name((node, nr)) for nr in arrived)
    lines = [("title", f"{kind} passes the gradient of {makers} back to {receiver}{twice}")]
    lines += [("arrays", f"upstream  {_value(f'd{tape.top}/d{tape.name((node, nr))}', grad)}") for nr, grad in arrived.items()]
    if local is not None:
        lines.append(("arrays", f"local  {_value(tape.local_name(node, first, argument), local)}"))
        summed = ", summed where it was repeated" if share.size < max(local.size, upstream.size) else ""
        product = str(summary(share))
        if max(local.size, upstream.size, share.size) <= SHORT:
            product = f"{_factor(upstream)} × {_factor(local)} = {product}"
        lines.append(("arrays", f"upstream × local = contribution{summed}:  {product}"))
    else:
        lines += [("arrays", f"with  {_value(tape.name(source), value)}") for source, value in frame.others]
        lines.append(("arrays", f"contribution:  {summary(share)}"))
    if frame.part is not None and (local is None or local.size > 1):
        role = "products" if len(frame.part.terms) > 1 else "line"
        lines.append((role, _written_out(tape.top, frame.part)))
    lines.append(("arrays", _so_far(f"d{tape.top}/d{receiver}", frame)))
    computes, derivative = formula(type(node), letter)
    said = [f"computes  {computes}"] if computes else []
    said += [f"derivative in {letter}:  {derivative}"] if derivative else []
    lines += [("line", f"{kind} {',  '.join(said)}")] if said else []
    chain = frame.chain if len(frame.chain) < 8 else [*frame.chain[:3], "...", *frame.chain[-3:]]
    sign = "=" if tape.uses(edge) == 1 else "+="  # other ways to it add to the sum
    lines.append(("chain", f"chain rule:  d{tape.top}/d{receiver} {sign} {' · '.join(chain)}"))
    return lines + _line(tape, frame)


def _written_out(top: str, part: Part) -> str:
    """The sum behind one element: to w[2]: dloss/dh[2] × ∂h[2]/∂w[2] = 7 × 3 = 21."""
    if not part.terms:
        return f"to {part.name}:  0, as nothing that is computed from it depends on it"
    products = " + ".join(f"{_factor(float(u))} × {_factor(float(slope))}" for _, u, slope in part.terms)
    more = f" + {part.count - len(part.terms):,} more" if part.count > len(part.terms) else ""
    if part.count == 1:
        ((name, _, _),) = part.terms
        return f"to {part.name}:  d{top}/d{name} × ∂{name}/∂{part.name} = {products} = {number(part.share)}"
    return f"to {part.name}, a sum of {part.count:,} products upstream × local:  {products}{more} = {number(part.share)}"


def _so_far(name: str, frame: Frame) -> str:
    assert frame.total is not None
    if len(frame.parts) == 1:
        return f"{_value(name, frame.total)} so far"
    small = frame.total.size <= SHORT
    named = [f"{summary(grad)} from {maker}" if small else f"that from {maker}" for maker, grad in frame.parts[-4:]]
    if len(frame.parts) > 4:
        named.insert(0, f"{len(frame.parts) - 4} earlier ones")
    return f"{name} so far, a sum of {len(frame.parts)} parts:  {' + '.join(named)} = {summary(frame.total)}"


def _leaf(name: str, frame: Frame) -> list[Line]:
    share = summary(frame.contribution) if frame.contribution is not None else ""
    title = ("title", f"the gradient of {name} is complete")
    if frame.before is None:
        return [title, ("line", f"{name}.grad was None, and is set to {share}")]
    return [
        title,
        ("line", f"{name}.grad held {summary(frame.before)} from an earlier backward()"),
        ("line", f"with {share} from this one it becomes {_value('their sum', frame.total)}"),
        ("line", f"zero_grad() in between would have left {share} alone"),
    ]


def _line(tape: Tape, frame: Frame) -> list[Line]:
    line = tape.line(frame.node)
    return [("line", f"at {line}")] if line else []


def _value(name: str, value: Array | None) -> str:
    return f"{name} = {'(not recorded)' if value is None else summary(value)}"


def _factor(value: Array | float) -> str:
    text = number(value) if isinstance(value, float) else str(summary(value))
    return f"({text})" if text.startswith("-") else text
