"""A View as DOT source: cards, tags and arrows, with every width from our own table of letters.

A card has a line of what was called, a line for each parameter, and a line for what comes out:

    Conv2d  1→6, 5×5, pad 2        features.0
    ▪ weight  6×1×5×5                ‖∇‖ 0.012
    → 4×6×28×28

Each text is a cell of its own, wide enough in any font, so that none depends on the fonts of the machine that draws.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import graphviz

from minitorch.viz.graph.cards import Arrow, Box, View
from minitorch.viz.page.theme import CARD, EDGE, FONT, GRADIENT, INK, LINE, MONO, PAPER, QUIET, in_dark, width

__all__ = ["Line", "Text", "described", "digraph", "finished", "straight_path"]


@dataclass(frozen=True)
class Text:
    """A piece of a line, of one colour and size."""

    text: str
    colour: str = INK
    size: int = 13
    bold: bool = False
    mono: bool = False
    room: str = ""  # a longer text that may come in its place

    @property
    def width(self) -> float:
        room = width(self.room, self.size, True, self.mono)  # what comes in its place may be bold
        return math.ceil(max(width(self.text, self.size, self.bold, self.mono), room)) + 2


@dataclass(frozen=True)
class Line:
    """A line of a card: texts from the left, and texts from the right."""

    left: Sequence[Text]
    right: Sequence[Text] = ()

    @property
    def width(self) -> float:
        return sum(text.width + GAP for text in (*self.left, *self.right)) + GAP * bool(self.right)


GAP = 7  # between texts of a line


def digraph(
    view: View, lines: Mapping[str, Sequence[Line]], tips: Mapping[str, str], direction: str = "down"
) -> graphviz.Digraph:
    """The DOT of a view; `lines` and `tips` have by a box's id the lines of its card and the text shown under the mouse."""
    g = graphviz.Digraph("graph", comment="made by minitorch.viz.graph")
    g.attr("graph", bgcolor=PAPER, rankdir="LR" if direction == "right" else "TB", nodesep="0.3", ranksep="0.3", pad="0.2")
    g.attr("graph", fontname=FONT, fontsize="13", fontcolor=QUIET, tooltip="computation graph", nslimit="1", nslimit1="1")
    g.attr("node", fontname=FONT, fontsize="13", margin="0.1,0.05", fontcolor=INK)
    g.attr("edge", color=EDGE, arrowsize="0.7", fontname=FONT, fontsize="12", fontcolor=QUIET)
    spine = straight_path(view)
    groups = {loop: g if not loop else graphviz.Digraph(f"cluster_{loop}") for loop in ("", *view.loops)}
    for loop, title in view.loops.items():
        groups[loop].attr(
            label=_cell([Line([Text(title, QUIET, 14, True), Text("the same calls", QUIET, 12)])]), labeljust="r", margin="14"
        )
        groups[loop].attr(style="rounded", color=LINE, penwidth="1.2", id=loop, tooltip=f"{title} the same calls")
    for box in view.boxes:
        shape = _shape(box)
        if box.id in spine and direction == "down":
            shape["group"] = f"spine{box.loop}"
        groups[box.loop].node(
            box.id, label=_cell(lines[box.id]), tooltip=_text(tips[box.id].replace("\\", "\\\\")), id=box.id, **shape
        )
    for loop in view.loops:
        g.subgraph(groups[loop])
    for i, arrow in enumerate(view.arrows):
        g.edge(arrow.tail, arrow.head, id=f"e{i}", **_edge(arrow, view, spine))
    return g


def straight_path(view: View) -> list[str]:
    """The boxes on the longest path to the output, the last first: it is drawn straight, and what goes around it is a bow."""
    length: dict[str, int] = {}
    before: dict[str, str] = {}
    inputs: dict[str, list[str]] = {}
    for arrow in view.arrows:
        if arrow.kind == "value":
            inputs.setdefault(arrow.head, []).append(arrow.tail)
    tags = {box.id for box in view.boxes if box.card.kind == "tensor"}
    for box in view.boxes:
        length[box.id] = 0
        for tail in inputs.get(box.id, ()):
            far = length.get(tail, 0) + (1 if tail not in tags else 0)
            if far > length[box.id] or (far == length[box.id] and box.id not in before and tail not in tags):
                length[box.id], before[box.id] = far, tail
    ends = [box.id for box in view.boxes if box.is_output] or [box.id for box in view.boxes[-1:]]
    path: list[str] = []
    end = max(ends, key=lambda id: length[id], default=None)
    while end is not None:
        path.append(end)
        end = before.get(end)
    return path


def _shape(box: Box) -> dict[str, str]:
    card = box.card
    if card.kind == "tensor":
        tag = {"style": "filled", "fillcolor": PAPER, "color": LINE, "class": "tag"}
        return {**tag, "shape": "box", "margin": "0.17,0.05"}
    border = GRADIENT if card.kind == "derivative" else LINE
    closed = {"peripheries": "2"} if card.children else {}
    return {"shape": "box", "style": "filled,rounded", "fillcolor": CARD, "color": border, "penwidth": "1.3", **closed}


def finished(svg: str) -> str:
    """Graphviz's SVG with tags that have a pointed right side."""

    def point(found: re.Match[str]) -> str:
        corners = [tuple(map(float, corner.split(","))) for corner in found[2].split()]
        left, right = min(x for x, _ in corners), max(x for x, _ in corners)
        top, bottom = min(y for _, y in corners), max(y for _, y in corners)
        outline = ((left, top), (right - TIP, top), (right, (top + bottom) / 2), (right - TIP, bottom), (left, bottom))
        return found[1] + " ".join(f"{x:g},{y:g}" for x, y in outline)

    return re.sub(r'(<g id="[^"]*" class="node tag">.*?<polygon[^>]*? points=")([^"]*)', point, svg, flags=re.S)


def described(svg: str, description: str, title: str = "Computation graph") -> str:
    """A drawing as a file of its own: with a title and a description for screen readers, and the rules for dark."""
    start = svg.index("<svg")
    inside = svg.index(">", start) + 1
    words = f"<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>\n<style>{in_dark()}</style>\n"
    return svg[start : inside - 1] + ' role="img" style="max-width:100%;height:auto">\n' + words + svg[inside:]


TIP = 8


def _edge(arrow: Arrow, view: View, spine: Sequence[str]) -> dict[str, str]:
    style = {"tooltip": _text(arrow.place if arrow.kind == "index" else view.tape.name(arrow.source))}
    if arrow.kind == "index":
        return {**style, "style": "dashed", "label": _text(f" [{arrow.place}] "), "weight": "0"}
    if arrow.kind == "back":
        return {**style, "constraint": "false", "penwidth": "1.6", "label": " next "}
    if arrow.place.isdigit():
        style |= {"headlabel": arrow.place, "labeldistance": "1.4", "labelangle": "30"}
    return {**style, "weight": "20" if (arrow.head, arrow.tail) in itertools.pairwise(spine) else "1"}


def _cell(lines: Sequence[Line]) -> str:
    """Lines as a label: a table in DOT's HTML, each text in a cell of at least its width."""
    wide = max((line.width for line in lines), default=0)
    rows = []
    for line in lines:
        cells = [_td(text, "left") for text in line.left]
        if line.right:
            spare = wide - sum(text.width + GAP for text in (*line.left, *line.right))
            cells += [f'<td width="{max(1, round(spare))}"></td>'] + [
                _td(text, "left" if text.room else "right") for text in line.right
            ]
        else:
            spare = wide - line.width
            cells += [f'<td width="{round(spare)}"></td>'] if spare >= 1 else []
        inner = f'<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr>{"".join(cells)}</tr></table>'
        rows.append(f'<tr><td align="left">{inner}</td></tr>')
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{"".join(rows)}</table>>'


def _td(text: Text, align: str) -> str:
    inside = _text(text.text).replace("  ", "&#160;&#160;") or "&#160;"
    inside = f"<b>{inside}</b>" if text.bold else inside
    face = f' face="{MONO}"' if text.mono else ""
    font = f'<font color="{text.colour}" point-size="{text.size}"{face}>{inside}</font>'
    return f'<td align="{align}" width="{text.width + GAP:.0f}">{font}</td>'


def _text(text: str) -> str:
    """A text without markup and without Graphviz's escapes."""
    return escape(text).replace("\\", "\\\\")
