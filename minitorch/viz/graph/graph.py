"""The computation graph of a tensor: `viz.graph(loss).save("graph.svg")`.

One card for each thing the program called. The picture is made in steps, each a file: the tape with names and values (record/),
the tree of cards, and the boxes and arrows of a view (cards.py), what is known of each box (facts.py), and DOT (draw.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import graphviz

from minitorch.viz.graph.cards import Card, View, cards_of, opener, views_inside
from minitorch.viz.graph.draw import described, digraph, finished
from minitorch.viz.graph.facts import Facts, card_data, facts_of, legend_of, lines_of
from minitorch.viz.page.page import finite, page, write
from minitorch.viz.page.raster import png
from minitorch.viz.page.render import FORMATS, CannotRender, render
from minitorch.viz.page.theme import PAPER, themed
from minitorch.viz.record.tape import Tape

__all__ = ["Graph", "graph"]

MAX_BOXES = 400  # most boxes of a picture; a larger graph is drawn with modules closed, or its end alone
MAX_ARROWS = 1200

SHOWN = ("value", "grad", "memory", "line", "formula")  # what a card can show besides its calls, parameters and shape


class Graph:
    """The computation graph of a tensor. Prints as text, displays in a notebook, saves as a picture or a page.

    `boxes` and `arrows` have the content as plain data, `digraph` the drawing for Graphviz.

    Example:
        >>> import minitorch
        >>> from minitorch import viz
        >>> x, w = minitorch.tensor([1.0, 2.0], requires_grad=True), minitorch.tensor([3.0, 4.0], requires_grad=True)
        >>> drawing = viz.graph((w * x).sum(), params={"x": x, "w": w})
        >>> [box.title for box in drawing.boxes]
        ['w', 'x', '×', 'sum']
        >>> len(drawing.arrows)
        3
    """

    def __init__(self, tape: Tape, root: Card, view: View, show: Sequence[str], direction: str, remark: str = "") -> None:
        self._tape, self._root, self._view, self._show = tape, root, view, tuple(show)
        self._direction, self._remark = direction, remark

    @cached_property
    def boxes(self) -> tuple[Facts, ...]:
        """What is known of every box, in the order in which they ran."""
        return tuple(facts_of(self._tape, box, self._show) for box in self._view.boxes)

    @property
    def arrows(self) -> tuple[dict[str, str], ...]:
        """The arrows: the ids of tail and head, the value's name, and the kind: value, index or back."""
        tape, arrows = self._tape, self._view.arrows
        names = [a.source.name or a.place if a.kind == "index" else tape.name(a.source) for a in arrows]
        return tuple(
            {"tail": a.tail, "head": a.head, "value": name, "kind": a.kind} for a, name in zip(arrows, names, strict=True)
        )

    @property
    def digraph(self) -> graphviz.Digraph:
        """The drawing as a `graphviz.Digraph`."""
        return drawn(self._view, self.boxes, self._show, self._direction)

    @property
    def svg(self) -> str:
        """The picture as SVG text, for light and dark. Raises CannotRender without Graphviz."""
        return described(finished(render(self.digraph.source, "svg").decode()), self._description())

    def save(self, path: str | Path, theme: str = "light") -> Path:
        """Write the graph to a file; the suffix is the format: .svg, .png, .pdf, .html, .dot or .json. Returns the path.

        A .png has 192 dots per inch. In a .pdf, which Graphviz draws, tags of data are plain boxes. `theme` is 'light' or
        'dark', for .png and .pdf; an .svg and an .html follow the reader's. Raises ValueError for another suffix or theme,
        CannotRender for a picture without Graphviz, OSError if the file cannot be written.
        """
        path = Path(path)
        kind = path.suffix.lstrip(".").lower()
        if theme not in ("light", "dark"):
            raise ValueError(f"save(): theme is 'light' or 'dark', not {theme!r}")
        if kind == "json":
            content = {"boxes": [asdict(box) for box in self.boxes], "arrows": self.arrows}
            data = json.dumps(finite(content), indent=1, ensure_ascii=False).encode()
        elif kind == "dot":
            data = self.digraph.source.encode()
        elif kind in ("svg", "html"):
            data = (self.svg if kind == "svg" else self.html).encode()
        elif kind in FORMATS:
            source, data = themed(self.digraph.source, theme), b""
            if kind == "png":
                with suppress(RuntimeError):  # no resvg: Graphviz draws it, without the points of tags
                    data = png(finished(render(source, "svg").decode()), background=themed(PAPER, theme))
            data = data or render(source, kind)
        else:
            known = ", ".join(f".{k}" for k in (*FORMATS, "html", "dot", "json"))
            raise ValueError(f"cannot save a graph as {path.name!r}: the endings {known} are known")
        return write(path, data)

    @property
    def html(self) -> str:
        """The picture as a page, where a click opens a card, or shows what is known of it. Raises CannotRender."""
        pictures, cards, arrows = dict[str, str](), dict[str, Any](), dict[str, Any]()
        for name, view in views_inside(self._view):
            drawing = self.digraph if not name else drawn(view, [facts_of(self._tape, box) for box in view.boxes])
            pictures[name] = finished(render(drawing.source, "svg").decode())
            arrows[name] = [[a.tail, a.head, a.kind, ""] for a in view.arrows]
            for box in view.boxes:
                facts = facts_of(self._tape, box, ("value", "grad"))
                cards.setdefault(box.id, card_data(facts, name, bool(box.card.children)))
        data = {"cards": [{"arrows": arrows}, *cards.values()], "legend": legend_of(self.boxes, self._view)}
        return page("Computation graph", pictures, data | {"remark": self._remark})

    def _description(self) -> str:
        tensors = sum(box.kind == "tensor" for box in self.boxes)
        counts = (("tensors", tensors), ("calls", len(self.boxes) - tensors))
        counted = ", ".join(f"{word}: {count:,}" for word, count in counts if count)
        way = "from top to bottom" if self._direction == "down" else "from left to right"
        return f"{counted}; {way}, from what was given to {self._tape.root_name}. {self._remark}".strip()

    def __repr__(self) -> str:
        """One line for each box, with the ids of its inputs."""
        sources: dict[str, list[str]] = {}
        for arrow in self._view.arrows:
            sources.setdefault(arrow.head, []).append(f"[{arrow.tail}]" if arrow.kind == "index" else arrow.tail)
        lines = [self._remark] if self._remark else []
        for box in self.boxes[:100]:
            lines.append(f"{box.id:>5}  {box}" + (f"  <- {', '.join(sources[box.id])}" if box.id in sources else ""))
            shown = [line for line in lines_of(box, self._show) if line not in lines_of(box)]
            lines += [f"         {'  '.join(text.text for text in (*line.left, *line.right))}" for line in shown]
        if len(self.boxes) > 100:
            lines.append(f"  ...  {len(self.boxes) - 100:,} boxes more")
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the text, and the picture if it can be drawn."""
        bundle = {"text/plain": repr(self)}
        try:
            bundle["image/svg+xml"] = self.svg
        except (CannotRender, ValueError) as error:
            bundle["text/plain"] += f"\n({error})"
        return bundle


def graph(
    output: Any,
    *,
    params: Any = None,
    inputs: Any = None,
    show: str | Sequence[str] = (),
    open: Any = None,
    roll: bool = True,
    direction: str | None = None,
) -> Graph:
    """The computation graph of `output`: one card for each thing the program called, with its parameters.

    `output` is a Tensor, a list of Tensors, or a function without arguments that returns them, which is called in a
    `viz.record()`. Only a recording knows of modules, functions, settings, and inputs that require no grad; without one a card
    is an operation.

    params, inputs: names for leaves and other tensors: a Module, its `named_parameters()`, or a dict of names and tensors.
        Other tensors are named after the program's variables and modules; a value without a name is called by a short
        expression, w·x, or by a number, ①.
    show: more lines for each card: 'value', 'grad', 'memory', 'line', 'formula', or 'all'. Small arrays are written out; large
        ones are shown by range, mean and histogram. Values and gradients inside the graph need a recording.
    open: which cards show their inside. By default the modules whose forward the program wrote, and lists of modules; a number
        opens these to a depth, 0 for the outermost calls alone; a list of classes, functions' names and modules' names opens
        others, too, [nn.BatchNorm2d, 'cross_entropy', 'features.0']; 'all' opens every one.
    roll: draw repeated blocks and the steps of a loop once, with the count.
    direction: 'down' or 'right'; by default 'right' for a short graph of numbers.

    A graph of more than 400 boxes is drawn with its modules closed, and if that does not help, as far as fits from the output
    back. Raises RuntimeError for a tensor without history; ValueError for an unknown word in `show`, `open` or `direction`, or
    an empty list; TypeError for an output or name that is no tensor.

    Example:

    >>> import minitorch
    >>> from minitorch import viz
    >>> x, w = minitorch.tensor([1.0, 2.0], requires_grad=True), minitorch.tensor([3.0, 4.0], requires_grad=True)
    >>> print(viz.graph((w * x).sum(), params={"x": x, "w": w}))
       n0  w, 2, needs grad
       n1  x, 2, needs grad
       n2  ×, → w·x 2  <- n0, n1
       n3  sum, → ① scalar, = 11  <- n2
    """
    show = _checked_show(show)
    if direction is not None and (not isinstance(direction, str) or direction not in ("down", "right")):
        raise ValueError(f"graph(): direction is 'down' or 'right', not {direction!r}")
    opened = checked_open("graph", open)
    tape = Tape("graph", output, params, inputs)
    root = cards_of(tape)
    check_names("graph", opened, root)
    view, remark = _fitting(tape, root, opened, roll)
    if direction is None:
        calls = [box for box in view.boxes if box.card.kind != "tensor"]
        is_short = len(calls) <= 7 and not any(box.rows or box.card.kind == "module" for box in calls)
        direction = "right" if is_short and not set(show) - {"value", "grad"} else "down"
    return Graph(tape, root, view, show, direction, remark)


def _fitting(tape: Tape, root: Card, opened: Any, roll: bool) -> tuple[View, str]:
    """The view that was asked for, or if it is too large one that fits, with a remark that says so."""

    def fits(view: View) -> bool:
        return len(view.boxes) <= MAX_BOXES and len(view.arrows) <= MAX_ARROWS

    view = View(tape, root, opener(opened), roll)
    if fits(view):
        return view, ""
    size = len(view.boxes)
    for depth in (3, 2, 1, 0):
        smaller = View(tape, root, opener(depth), True)
        if fits(smaller) and len(smaller.boxes) < size:
            remark = f"{size:,} boxes are too many for a picture: modules are closed below depth {depth}. Choose with open=."
            return smaller, remark
    calls = root.children[-MAX_BOXES // 3 :]
    while True:
        end = Card("", "root", "", children=calls)
        view = View(tape, end, lambda card: False, roll)
        if fits(view) or len(calls) == 1:
            left = len(root.children) - len(calls)
            return view, f"{size:,} boxes are too many for a picture: this is its end, without the first {left:,} calls."
        calls = calls[len(calls) // 2 :]


def _checked_show(show: Any) -> Sequence[str]:
    words: list[Any] = list(show) if isinstance(show, (list, tuple, set)) else [] if show is None else [show]
    unknown = [word for word in words if not (isinstance(word, str) and word in (*SHOWN, "all"))]
    if unknown:
        raise ValueError(f"graph(): show can name {', '.join(map(repr, SHOWN))} or 'all', not {unknown[0]!r}")
    return SHOWN if "all" in words else words


def checked_open(caller: str, opened: Any) -> Any:
    """None, a depth, or a list of names and classes."""
    if opened is None or opened == "all" or (isinstance(opened, int) and not isinstance(opened, bool) and opened >= 0):
        return opened
    names = [opened] if isinstance(opened, (str, type)) or callable(opened) else opened
    if isinstance(names, (list, tuple, set)) and all(isinstance(name, str) or hasattr(name, "__name__") for name in names):
        return list(names)
    raise ValueError(
        f"{caller}(): open is a depth, 0 or more, or a list of classes and names, such as [nn.BatchNorm2d, 'cross_entropy'], "
        f"not {opened!r}"
    )


def check_names(caller: str, opened: Any, root: Card) -> None:
    """Raise ValueError for a name in `open`, if it is a list, that no card has."""
    calls = [card for card in root.inside() if card.kind in ("module", "function", "derivative")]
    known = dict.fromkeys(name for card in calls for name in (card.title, card.path) if name)
    for name in opened if isinstance(opened, list) else ():
        word = getattr(name, "__name__", name)
        if word not in known:
            listed = ", ".join(list(known)[:12]) or "none: record the program in `with viz.record():`"
            raise ValueError(f"{caller}(): open names {word!r}, and nothing in this graph is called so. There is: {listed}")


def drawn(view: View, facts: Sequence[Facts], show: Sequence[str] = (), direction: str = "down") -> graphviz.Digraph:
    """The drawing of a view with the facts of its boxes."""
    lines, tips = {one.id: lines_of(one, show) for one in facts}, {one.id: str(one) for one in facts}
    return digraph(view, lines, tips, direction)
