"""The player: `viz.play(loss).save("backward.html")` shows loss.backward() step by step on the computation graph.

The page is one HTML file that needs no network. `print(viz.play(loss))` prints the same frames as text. `.trace` has them as
plain data, from which `viz.replay` recomputes every .grad.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from minitorch.autograd.grad_mode import no_grad
from minitorch.backend.arrays import xp
from minitorch.tensor import Tensor
from minitorch.viz.graph.cards import Card, View, cards_of, opener, views_inside
from minitorch.viz.graph.draw import described, digraph, finished
from minitorch.viz.graph.facts import LIVE, MAX_ROWS, Facts, Live, brief_value, card_data, facts_of, legend_of, lines_of
from minitorch.viz.graph.graph import check_names, checked_open
from minitorch.viz.page.page import finite, framed, page, write
from minitorch.viz.page.render import CannotRender, render
from minitorch.viz.page.summary import number, summary
from minitorch.viz.page.theme import width
from minitorch.viz.player.frames import earlier_starts, frames_of, recorded_sweep
from minitorch.viz.player.nudge import nudges_of
from minitorch.viz.player.steps import steps_of
from minitorch.viz.player.trace import as_data, as_lists, key_of
from minitorch.viz.record.recorder import node_record
from minitorch.viz.record.tape import Tape, source_of

__all__ = ["Player", "play"]

MAX_NODES = 3000
MAX_STEPS = 40  # most steps of the cards that are closed at first

NOT_RECORDED = (
    "Values inside the graph are known as far as backward needs them, and (...) is an operand that was not kept: compute the "
    "output inside `with viz.record():`, or give play() a function, to see all of them."
)


class Player:
    """A forward and a backward pass, step by step. Prints as text, displays in a notebook, saves as a page.

    Example:
        >>> import minitorch
        >>> from minitorch import viz
        >>> x, w = minitorch.tensor([1.0, 2.0], requires_grad=True), minitorch.tensor([3.0, 4.0], requires_grad=True)
        >>> player = viz.play((w * x).sum(), params={"x": x, "w": w})
        >>> len(player.trace["frames"])
        9
    """

    def __init__(self, tape: Tape, root: Card, view: View, data: dict[str, Any]) -> None:
        self._tape, self._root, self._view, self._data = tape, root, view, data

    @property
    def trace(self) -> dict[str, Any]:
        """All frames and steps as plain data, with every element of every array; json.dumps accepts it."""
        return {**self._data, "arrays": [as_lists(array) for array in self._data["arrays"]]}

    @property
    def html(self) -> str:
        """The page. Large arrays are shown by range, mean, histogram and thumbnail. Raises CannotRender."""
        arrays = [asdict(summary(array, images=True)) for array in self._data["arrays"]]
        pictures, cards, facts = self._pictures()
        keys = ("kind", "node", "output", "to", "label", "total")
        frames = [{key: frame[key] for key in keys if key in frame} for frame in self._data["frames"]]
        steps = [{key: value for key, value in step.items() if key != "words"} for step in self._data["steps"]]
        data = {key: self._data[key] for key in ("output", "recorded", "nudges")}
        data |= {"frames": frames, "steps": steps, "arrays": arrays, "cards": cards, "legend": legend_of(facts, self._view)}
        return page(f"Backpropagation of {self._data['output']}", pictures, data)

    @property
    def svg(self) -> str:
        """The last step as a still picture, for light and dark. Raises CannotRender."""
        pictures, _, _ = self._pictures()
        return described(pictures[""], f"Backpropagation of {self._data['output']}, the last step")

    def _pictures(self) -> tuple[dict[str, str], list[dict[str, Any]], list[Facts]]:
        """The picture, those inside its closed cards, and what the page has to know of every box."""
        tape = self._tape
        texts: dict[str, list[str]] = {}  # by value: what is written of its gradient, frame by frame
        for frame in self._data["frames"]:
            if "label" in frame:
                texts.setdefault(f"{frame.get('to', frame['node'])}:{frame['output']}", []).append(frame["label"])
        pictures, cards, arrows = dict[str, str](), dict[str, Any](), dict[str, Any]()
        listed: list[Facts] = []
        for name, view in views_inside(self._view):
            lines, tips = {}, {}
            for box in view.boxes:
                one, value, output = facts_of(tape, box), tape.value(box.output), key_of(tape, box.output)
                is_named = one.title != number(one.number or 0.0)  # a number is its own name
                written = brief_value(value) if value is not None and is_named and value.size <= LIVE else ""
                rows = [key_of(tape, source) for source in box.rows.values()]
                found = [texts.get(key, [""]) for key in (output, *rows)]
                widest = max((text for some in found for text in some), key=lambda text: width(text, 1))
                last = [some[-1] for some in found]
                lines[box.id] = lines_of(one, (), Live(written, last[0], last[1:], widest))
                tips[box.id] = str(one)
                listed.append(one)
                about: dict[str, Any] = {"output": output, "value": written, "array": self._numbers.get(id(value))}
                about |= {"rows": rows if len(rows) <= MAX_ROWS else [], "nodes": [tape.ids[node] for node in box.card.nodes]}
                cards.setdefault(box.id, card_data(one, name, bool(box.card.children)) | about)
            pictures[name] = finished(render(digraph(view, lines, tips).source, "svg").decode())
            keys = [key_of(tape, arrow.source) if arrow.kind == "value" else "" for arrow in view.arrows]
            arrows[name] = [[a.tail, a.head, a.kind, key] for a, key in zip(view.arrows, keys, strict=True)]
        return pictures, [{"arrows": arrows}, *cards.values()], listed

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """The number of each node's value among the arrays, by the id of the array."""
        by_id = {node["id"]: node["value"] for node in self._data["nodes"]}
        return {id(self._tape.value(source_of(item))): by_id[self._tape.ids[item]] for item in self._tape.items}

    def save(self, path: str | Path) -> Path:
        """Write the page to a .html file, the last step to a .svg file, or the trace to a .json file. Returns the path.

        Raises ValueError for another suffix, CannotRender for a page without Graphviz.
        """
        path = Path(path)
        kind = path.suffix.lower()
        if kind in (".html", ".svg"):
            return write(path, (self.html if kind == ".html" else self.svg).encode())
        if kind == ".json":
            return write(path, json.dumps(self.trace, ensure_ascii=False).encode())
        raise ValueError(f"cannot save the player as {path.name!r}: the endings .html, .svg and .json are known")

    def __repr__(self) -> str:
        """The steps of the cards that are closed at first, as text."""
        shown = {box.id for box in self._view.boxes}
        values = {key_of(self._tape, box.output) for box in self._view.boxes}
        values |= {key_of(self._tape, source) for box in self._view.boxes for source in box.rows.values()}
        steps = [
            s
            for s in self._data["steps"]
            if s["card"] in shown or s["phase"] in ("start", "grad", "end") or (s["output"] in values and not s["card"])
        ]
        wide = len(str(len(steps)))
        lines = []
        for i, step in enumerate(steps, start=1):
            first, *rest = step["words"]
            lines.append(f"{i:>{wide}}  {first}")
            lines += [" " * (wide + 4) + line for line in rest]
        if not self._data["recorded"]:
            lines.append(NOT_RECORDED)
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        try:
            bundle["text/html"] = framed(self.html, self.svg, 760)
        except (CannotRender, ValueError) as error:
            bundle["text/plain"] += f"\n({error})"
        return bundle


def play(
    output: Any,
    path: str | Path | None = None,
    *,
    params: Any = None,
    inputs: Any = None,
    gradient: Tensor | None = None,
    open: Any = None,
) -> Player:
    """`output.backward(gradient)`, step by step; saved to `path`, if given, as an HTML page.

    A forward step shows a call with its inputs and its output. A backward step shows what the call sends to each of its inputs:
    the rule, its numbers, and the sum there so far. The last recorded backward() of `output` is played, with those before it
    whose gradients it has added to; without one, what backward() would do now, with the current .grad. No .grad is changed, but
    hooks and the backward of user Functions run, possibly more than once.

    `output` is a Tensor, a list of Tensors, or a function without arguments that returns them, which is called in a
    `viz.record()`. `params` and `inputs` name tensors, and `open` names cards that are open at first, as in `viz.graph`; by
    default as many as make 40 steps. `gradient` is the gradient of an output that is not a number.
    Raises RuntimeError for an output without history, freed by backward, or not scalar and without `gradient`; ValueError for
    a graph of more than 3,000 nodes or a wrong `open`; TypeError for anything but tensors. Example:

    >>> import minitorch
    >>> from minitorch import viz
    >>> w, x = minitorch.tensor(3.0, requires_grad=True), minitorch.tensor(4.0, requires_grad=True)
    >>> steps = str(viz.play(w * x, params={"w": w, "x": x})).splitlines()
    >>> for line in steps[:9]:
    ...     print(line)
    1  w·x = w × x
         3 × 4 = 12
    2  The backward pass starts at the output, w·x.
         ∂(w·x)/∂(w·x) = 1
         1
         It is 1 because w·x changes by exactly as much as w·x does. Every other gradient follows from this one.
    3  The product w·x sends its gradient to w and x, scaled by x and by w.
         ∂(w·x)/∂w = ∂(w·x)/∂(w·x) · x
         1 × 4 = 4
    """
    if gradient is not None and not isinstance(gradient, Tensor):
        raise TypeError(f"play(): gradient is a Tensor of the output's shape, or None, not {type(gradient).__name__}")
    tape = Tape("play", output, params, inputs, earlier_starts if gradient is None else None)
    large = [root for root in tape.roots if root.numel() != 1]
    if gradient is not None and len(tape.roots) > 1:
        raise RuntimeError(f"play(): one gradient to start from is for one output, and there are {len(tape.roots)}")
    if large and gradient is None and recorded_sweep(tape.root_edges) is None:
        raise RuntimeError(
            f"play() starts from a number, and the output has shape {list(large[0].shape)}: reduce it to a number first, with "
            ".sum() or .mean(), or say what to start from, viz.play(output, gradient=...), with a tensor of that shape"
        )
    if len(tape.items) > MAX_NODES:
        raise ValueError(
            f"play() shows every node, and this graph has {len(tape.items):,}; it plays up to {MAX_NODES:,}: play a smaller "
            "model, or look at the whole with viz.graph"
        )
    opened = checked_open("play", open)
    root = cards_of(tape)
    check_names("play", opened, root)
    try:
        frames = frames_of(tape, gradient)
    except RuntimeError:
        if len(tape.laps) == 1:
            raise
        tape = Tape("play", output, params, inputs)  # what an earlier lap needs has changed since: an optimizer's step
        root, frames = cards_of(tape), frames_of(tape, gradient)
    with tape.with_saved_values(), no_grad(), xp.errstate(all="ignore"):
        steps = steps_of(tape, root, frames)
        gradients = {
            (frame.node, frame.output): frame.total for frame in frames if frame.kind == "leaf" and frame.total is not None
        }
        nudges = nudges_of(tape, gradients) if len(tape.laps) == 1 else []
    data = as_data(tape, frames, steps)
    told = [
        {"name": n.name, "by": n.by, "values": [[key_of(tape, source), *rest] for source, *rest in n.values]} for n in nudges
    ]
    data["nudges"] = finite(told)
    data |= {"output": tape.root_name, "recorded": all(node_record(node) is not None for node in tape.ops)}
    player = Player(tape, root, first_view(tape, root, opened), data)
    if path is not None:
        player.save(path)
    return player


def first_view(tape: Tape, root: Card, opened: Any = None) -> View:
    """The cards that are closed at first: as many as make 40 steps, with a card for each repetition of a loop if they do."""
    if opened is not None:
        return View(tape, root, opener(opened), roll=False, steps=False)
    for with_loops, depth in itertools.product((True, False), (None, 4, 3, 2, 1, 0)):
        view = View(tape, root, opener(depth), roll=False, loops=with_loops, steps=False)
        if 2 * sum(box.card.kind != "tensor" for box in view.boxes) + 2 <= MAX_STEPS:
            break
    return view
