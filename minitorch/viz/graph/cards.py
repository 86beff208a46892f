"""The cards of a picture: one for each thing the program called, with its inner operations inside.

`cards_of` makes the tree: a module's card holds those of the calls in its forward, a function's or a layer's card holds its
operations, a loop's card its repetitions. A `View` of the tree has some cards open; it has the boxes and arrows to draw.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

from minitorch.autograd.graph import AccumulateGrad, Node
from minitorch.backend.arrays import xp
from minitorch.nn import Parameter
from minitorch.viz.record.recorder import Call, InputRecord, node_record
from minitorch.viz.record.settings import OPERATORS
from minitorch.viz.record.tape import Source, Tape, calls_of, item_of, readable

__all__ = ["Arrow", "Box", "Card", "View", "cards_of", "opener", "views_inside"]

MAX_PERIOD = 64  # most calls in one repetition of a loop
LEAST_REPEATS = 3
MAX_TRIED = 40  # repetitions that are looked at


@dataclass(eq=False)
class Card:
    """A call, an operation, a loop, or one repetition of a loop ('step'). `kind` says which, or 'tensor' for an input.

    `nodes` are all operations inside, in the order in which they ran; `children` the cards inside, none for an operation.
    """

    id: str
    kind: str
    title: str
    settings: str = ""
    path: str = ""  # of a module: its name in the model, features.0
    nodes: list[Node] = field(default_factory=list)
    children: list[Card] = field(default_factory=list)
    parent: InitVar[Card | None] = None
    call: Call | None = None
    item: AccumulateGrad | InputRecord | None = None  # of an input
    in_place: bool = False

    def __post_init__(self, parent: Card | None) -> None:
        self.put_into(parent)

    def put_into(self, parent: Card | None) -> None:
        """Set the card around this one. (A weak reference: the tree must die with its root.)"""
        self._parent = None if parent is None else weakref.ref(parent)

    @property
    def outer(self) -> Card | None:
        """The card around this one."""
        return None if self._parent is None else self._parent()

    @property
    def is_container(self) -> bool:
        """Whether it is drawn open unless asked otherwise: a module whose forward the program wrote, or a list of modules."""
        if self.kind != "module" or self.call is None or not self.children:
            return False
        return not self.call.is_library or any(child.kind in ("module", "loop") for child in self.children)

    def ancestors(self) -> Iterator[Card]:
        """The cards around this one, the innermost first."""
        card = self.outer
        while card is not None:
            yield card
            card = card.outer

    def inside(self) -> Iterator[Card]:
        """Every card inside this one. (Calls are never nested deeply.)"""
        for child in self.children:
            yield child
            yield from child.inside()

    def calls(self) -> list[Call]:
        """The calls of this card and of those inside."""
        return [card.call for card in (self, *self.inside()) if card.call is not None]


def cards_of(tape: Tape) -> Card:
    """The root of the tree of cards; the cards of inputs are made by a View."""
    root = Card("", "root", "")
    made: dict[int, Card] = {}
    for node in tape.ops:
        inside = root
        for call in reversed(list(calls_of(node))):  # the outermost first
            if call.number not in made:
                made[call.number] = _card_of(call, inside, len(made))
                inside.children.append(made[call.number])
            inside = made[call.number]
        card = Card(tape.ids[node], "op", tape.title(node), nodes=[node], parent=inside)
        inside.children.append(card)
        while inside is not root:
            inside.nodes.append(node)
            inside = inside.outer or root
    for card in made.values():  # a call that is one operation is that operation, by the name of the call
        if len(card.children) == 1 and card.children[0].kind == "op":
            inner = card.children[0]
            card.id, card.children = inner.id, []
            if card.title.rstrip("_") in OPERATORS and tape.sign(inner.nodes[0]):
                card.kind, card.title, card.settings = "op", inner.title, ""
    _find_loops(tape, root)
    return root


def _card_of(call: Call, parent: Card, number: int) -> Card:
    """The card of a call inside another. The model itself has no path: its parts have the names of its state_dict."""
    path = (
        ".".join(filter(None, (parent.path, call.name)))
        if call.kind == "module" and (parent.kind != "root" or call.is_library)
        else ""
    )
    title, settings = readable(call.title), readable(call.settings)
    if title == "getitem":
        title, settings = f"[{settings}]", ""
    card = Card(f"c{number}", call.kind, title, settings, readable(path), parent=parent, call=call)
    card.in_place = call.in_place
    return card


# ---- loops ------------------------------------------------------------------------------------------------------------


def _find_loops(tape: Tape, root: Card) -> None:
    """Replace repetitions among the children of every module by a loop's card."""
    waiting = [root]
    while waiting:
        card = waiting.pop()
        if card.kind in ("root", "module", "step"):
            card.children = _with_loops(tape, card, card.children)
        waiting += [child for child in card.children if child.kind != "loop"]
        waiting += [step for child in card.children if child.kind == "loop" for step in child.children]


def _with_loops(tape: Tape, parent: Card, cards: list[Card]) -> list[Card]:
    kinds: dict[Any, int] = {}
    codes = xp.array([kinds.setdefault(_signature(card), len(kinds)) for card in cards])
    found = next((found for found in _repeats(codes) if _is_loop(tape, cards, *found)), None)
    if found is None:
        return cards
    start, period, count = found
    end = start + period * count
    one = cards[start]
    loop = Card(
        f"{one.id}loop", "loop", f"{count} × {one.title}" if period == 1 else f"{count} ×", path=parent.path, parent=parent
    )
    for i in range(count):
        inside = cards[start + i * period : start + (i + 1) * period]
        if period > 1:
            step = Card(f"{inside[0].id}step", "step", f"step {i + 1} of {count}", path=parent.path, parent=loop)
            step.children, step.nodes = inside, [node for card in inside for node in card.nodes]
            for card in inside:
                card.put_into(step)
            inside = [step]
        inside[0].put_into(loop)
        loop.children += inside
        loop.nodes += inside[0].nodes
    return [*_with_loops(tape, parent, cards[:start]), loop, *_with_loops(tape, parent, cards[end:])]


def _signature(card: Card) -> Any:
    """What makes two cards repetitions of the same: the calls and the shapes inside."""
    shapes = tuple(node.outputs[0] for node in card.nodes[-1:])
    return card.kind, card.title, card.settings, shapes, len(card.nodes), tuple(map(_signature, card.children))


def _repeats(codes: Any) -> list[tuple[int, int, int]]:
    """The start, period and count of every repetition of equal codes, those that cover the most first."""
    found = []
    for period in range(1, min(MAX_PERIOD, len(codes) // LEAST_REPEATS) + 1):
        same = xp.concatenate(([False], codes[:-period] == codes[period:], [False]))
        edges = xp.flatnonzero(same[1:] != same[:-1])
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            count = (end - begin) // period + 1
            if count >= LEAST_REPEATS:
                left = (end - begin) % period
                found += [(begin + shift, period, count) for shift in range(left, -1, -1)]  # what is left over is outside
    return sorted(found, key=lambda one: (-one[1] * one[2], one[1]))[:MAX_TRIED]


def _is_loop(tape: Tape, cards: Sequence[Card], start: int, period: int, count: int) -> bool:
    """Whether repeated calls are a loop: each repetition is connected inside as the others are, and takes what the one before
    it has made. The first may take that from outside."""
    place = {node: i - start for i, card in enumerate(cards) for node in card.nodes}
    inner = {node: k for card in cards for k, node in enumerate(card.nodes)}  # its number in its card
    size = period * count

    def wires(turn: int) -> list[Any]:
        found: list[Any] = []
        for i in range(period):
            for node in cards[start + turn * period + i].nodes:
                for source in tape.sources[node]:
                    at = place.get(source[0], -1) if isinstance(source, tuple) else -1
                    inside = 0 <= at < size
                    if inside and isinstance(source, tuple):
                        found.append((turn - at // period, at % period, inner[source[0]], source[1]))
                    else:
                        found.append(None if source is None else "outside")
        return found

    second = wires(1)
    if not any(isinstance(wire, tuple) and wire[0] == 1 for wire in second):
        return False
    first = wires(0)
    alike = len(first) == len(second) and all(
        a == b or (a in ("outside", None) and isinstance(b, tuple) and b[0] == 1) for a, b in zip(first, second, strict=True)
    )
    return alike and all(wires(turn) == second for turn in range(2, count))


Opener = Callable[[Card], bool]  # whether a card is open


# ---- what is open -----------------------------------------------------------------------------------------------------


def opener(opened: Any) -> Opener:
    """Which cards are open: modules to a depth (an int), those of some classes or names besides the default (a list), 'all', or
    by default (None)."""
    if opened is None:
        return lambda card: card.is_container
    if opened == "all":
        return lambda card: True
    if isinstance(opened, int):
        depth: int = opened
        return lambda card: card.is_container and sum(a.kind == "module" for a in card.ancestors()) < depth
    names = {getattr(name, "__name__", name) for name in opened}

    def is_open(card: Card) -> bool:
        named = {card.title, card.path} & names if card.kind != "op" else set()
        return card.is_container or bool(named) or any({inner.title, inner.path} & names for inner in card.inside())

    return is_open


# ---- a view -----------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Box:
    """What is drawn for a card, or for an input: a 'tag'.

    `nodes` are its operations, of a rolled loop those of every repetition. `rows` are its parameters by name.
    """

    card: Card
    output: Any = None
    nodes: list[Node] = field(default_factory=list)
    rows: dict[str, Source] = field(default_factory=dict)
    count: int = 1  # of a card in a rolled loop: the repetitions; of a tag there: the different inputs
    loop: str = ""  # the id of the rolled loop around it
    is_output: bool = False
    repeats: list[Card] = field(default_factory=list)  # of a card in a rolled loop: those of the other repetitions
    uses: int = 1  # of a tag: the boxes that use the tensor

    @property
    def id(self) -> str:
        return self.card.id


@dataclass(frozen=True)
class Arrow:
    """An arrow of a view, from the box that made a value to one that uses it. `kind` is value, index or back (of a loop)."""

    tail: str
    head: str
    source: Any
    kind: str = "value"
    place: str = ""  # which operand it is, where the order matters


class View:
    """The boxes and arrows of a card's children, with some of them open. A value from outside is a tag, as inputs are.

    `roll` draws the repetitions of a loop once; else `loops` says whether a loop is open, `steps` whether its repetitions are.
    """

    def __init__(
        self, tape: Tape, card: Card, is_open: Opener, roll: bool = True, loops: bool = True, steps: bool = True
    ) -> None:
        self.tape, self.card, self._loops_open, self._steps_open = tape, card, loops, steps
        self.boxes: list[Box] = []
        self.loops: dict[str, str] = {}  # of the rolled loops: id and title
        self._box_of: dict[Node, Box] = {}
        self._turn: dict[Node, tuple[int, int]] = {}  # in a rolled loop: a node's repetition, and its number in the box
        self._arrows: dict[Any, Arrow] = {}
        self._tags: dict[Any, Box] = {}
        self._sources: dict[str, set[Any]] = {}  # of the tags of a rolled loop: the different inputs
        self._put(card.children, is_open, roll)
        self._connect()
        self.arrows = list(self._arrows.values())

    # ---- which cards are drawn ------------------------------------------------------------------------------------------

    def _put(self, cards: Sequence[Card], is_open: Opener, roll: bool) -> None:
        opened = {"loop": self._loops_open, "step": self._steps_open}
        for card in cards:
            if card.kind == "loop" and roll:
                self._roll(card, is_open)
            elif card.children and (opened.get(card.kind) or (card.kind != "loop" and is_open(card))):
                self._put(card.children, is_open, roll)
            else:
                box = Box(card, nodes=list(card.nodes))
                self.boxes.append(box)
                self._box_of.update(dict.fromkeys(card.nodes, box))

    def _roll(self, loop: Card, is_open: Opener) -> None:
        """Draw the first repetition of a loop for all of them."""
        first: list[Box] = []
        for turn, step in enumerate(loop.children):
            start = len(self.boxes)
            self._put(step.children if step.kind == "step" else [step], is_open, False)
            added = self.boxes[start:]
            if turn and len(added) == len(first):
                del self.boxes[start:]
                for box, again in zip(first, added, strict=True):
                    box.count += 1
                    box.nodes += again.nodes
                    box.repeats.append(again.card)
                    self._box_of.update(dict.fromkeys(again.nodes, box))
            elif not turn:
                self.loops[loop.id], first = loop.title, added
            for box in added:
                box.loop = loop.id
                self._turn.update({node: (turn, i) for i, node in enumerate(box.nodes if not turn else box.card.nodes)})

    # ---- what connects them ---------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        tape = self.tape
        uses: dict[Any, set[Box]] = {}
        carried = self._carried()
        makers: dict[int, Box] = {}  # by the number of a call: the box that shows it
        for node, box in self._box_of.items():
            for source in filter(None, tape.sources[node]):
                uses.setdefault(source, set()).add(box)
            makers.update((call.number, box) for call in calls_of(node))
        self._uses = {source: len(boxes) for source, boxes in uses.items()}
        boxes: list[Box] = []
        for box in self.boxes:
            for node in box.nodes:
                ordered = len(box.card.nodes) == 1 and type(node).__name__ in ORDERED and sum(map(bool, tape.sources[node])) > 1
                for argument, source in enumerate(tape.sources[node]):
                    place = str(sum(s is not None for s in tape.sources[node][: argument + 1])) if ordered else ""
                    if source is not None and node in self._turn and (box.id, self._turn[node][1], argument) in carried:
                        first, last = carried[box.id, self._turn[node][1], argument]
                        boxes += self._carry(box, first, last, place)
                    elif source is not None:
                        boxes += self._join(box, node, source, place, makers, argument)
            sources = {source for node in box.nodes for source in tape.sources[node]}
            for card in (box.card, *box.repeats):
                for name, record in (pair for call in card.calls() for pair in call.inputs):
                    if record not in sources and (record, box.id) not in self._arrows:
                        boxes += self._join(box, card.nodes[0], record, name, makers, name)
            opened = [card.call for card in box.card.ancestors() if card.call is not None]
            for name, record in (pair for call in opened for pair in call.inputs):
                if (record, box.id) not in self._arrows and _holds(box.nodes, record):  # labels that became an index
                    boxes += self._join(box, box.nodes[0], record, name, makers, name)
            boxes.append(box)
        self.boxes = boxes
        roots = {edge for edges in tape.laps for edge in edges}
        used = {arrow.source for arrow in self._arrows.values()}
        shown = self._box_of.keys()
        used |= (
            {s for n in tape.ops if n not in shown for s in tape.sources[n] if isinstance(s, tuple)}
            if self.card.outer
            else roots
        )
        for box in boxes:
            if box.nodes:
                last = box.card.nodes if box.count == 1 else box.nodes[-len(box.card.nodes) :]
                made = [(node, nr) for node in last for nr in range(len(node.outputs))]
                box.output = next((edge for edge in reversed(made) if edge in used), (last[-1], 0))
                box.is_output = any(edge in roots for edge in made)

    def _carried(self) -> dict[tuple[str, int, int], tuple[Any, Any]]:
        """What the repetitions of a rolled loop pass on, by the place of its use: the value before the loop, and the first
        repetition's."""
        before: dict[tuple[str, int, int], Any] = {}
        found: dict[tuple[str, int, int], tuple[Any, Any]] = {}
        for node, (turn, i) in self._turn.items():
            box = self._box_of[node]
            for argument, source in enumerate(self.tape.sources[node]) if turn < 2 else ():
                place = box.id, i, argument
                if turn == 0:
                    before[place] = source
                elif isinstance(source, tuple) and self._turn.get(source[0], (-1,))[0] == 0 and before.get(place) is not None:
                    first = before[place]
                    if isinstance(first, InputRecord) or self._box_of.get(first[0]) is None or not self._box_of[first[0]].loop:
                        found[place] = first, source
        return found

    def _carry(self, box: Box, first: Any, last: Any, place: str) -> Sequence[Box]:
        """Add the arrows of a value that a rolled loop carries: into its tag, from there to the box, and back to the tag."""
        item = item_of(first)
        key, made = (box.loop, first), list[Box]()
        if key not in self._tags:
            self._tags[key] = self._tag(first, item, box)
            made.append(self._tags[key])
        tag = self._tags[key]
        if item in self._box_of:
            self._arrows.setdefault((first, tag.id), Arrow(self._box_of[item].id, tag.id, first))
        self._arrows.setdefault((tag.id, box.id, place), Arrow(tag.id, box.id, first, "value", place))
        self._arrows.setdefault((tag.id, "back"), Arrow(self._box_of[last[0]].id, tag.id, last, "back"))
        return made

    def _join(
        self, box: Box, user: Node, source: Any, place: str, makers: dict[int, Box], argument: int | str
    ) -> Sequence[Box]:
        """Add the arrow from a source to the box of a node, or a row of the box; the tags that this makes are returned."""
        item = item_of(source)
        if item in self.tape.internal and self.card.outer is None:
            return ()
        tail, kind = self._box_of.get(item), "value"
        if tail is box and (box.count == 1 or self._turn[user][0] == self._turn[item][0]):
            return ()
        if tail is not None and tail.loop and tail.loop == box.loop and self._turn[user][0] != self._turn[item][0]:
            kind = "back"
        if tail is None and self._is_row(box, item):
            if box.count > 1 and self._turn[user][0]:
                return ()  # the rows are those of the first repetition
            name = self.tape.name(source).removeprefix(f"{box.card.path}." if box.card.path else "")
            box.rows.setdefault(name, source)
            return ()
        maker = item.maker if isinstance(item, InputRecord) else None
        if tail is None and maker is not None and maker.number in makers:
            tail, kind = makers[maker.number], "index"
            if tail is box:
                return ()
        made: Sequence[Box] = ()
        if tail is None:
            key: Any = source
            if box.count > 1:
                key = box.id, self._turn[user][1] if isinstance(argument, int) else "", argument
            elif self._uses.get(source, 1) > 2:
                key = source, box.id
            if key not in self._tags:
                self._tags[key] = self._tag(source, item, box)
                made = (self._tags[key],)
            tail = self._tags[key]
            if box.count > 1:
                self._sources.setdefault(tail.id, set()).add(source)
                tail.count = len(self._sources[tail.id])
        self._arrows.setdefault(
            (source, box.id) if box.count == 1 else (tail.id, box.id, kind, argument),
            Arrow(tail.id, box.id, source, kind, place),
        )
        return made

    def _is_row(self, box: Box, item: Any) -> bool:
        """Whether a tensor is a parameter or a buffer of the box's layer, and so a row of its card."""
        tensor = item.variable if isinstance(item, AccumulateGrad) else item.tensor() if isinstance(item, InputRecord) else None
        if box.card.kind in ("module", "step") and isinstance(tensor, Parameter):
            return True
        return box.card.kind == "module" and isinstance(item, InputRecord) and item.named

    def _tag(self, source: Any, item: Any, user: Box) -> Box:
        uses = self._uses.get(source, 1)
        id = f"{self.tape.ids[item]}.{len(self._tags)}" if item in self.tape.ids else f"d{len(self._tags)}"
        if item in self.tape.ids and uses <= 2 and user.count == 1:
            id = self.tape.ids[item]
        if self.card.outer is not None:
            id = f"{id}@{self.card.id}"  # inside a card the same input is a tag of its own
        name = self.tape.name(source)
        tag = Box(Card(id, "tensor", name, item=item), source, uses=uses if uses > 2 else 1)
        tag.loop = user.loop if user.count > 1 else ""
        return tag


def views_inside(view: View) -> Iterator[tuple[str, View]]:
    """A view, under '', and the views inside its closed cards, under their ids: all that can be opened."""
    waiting, seen = [("", view)], set()
    while waiting:
        name, this = waiting.pop()
        yield name, this
        for box in this.boxes:
            if box.card.children and box.id not in seen:
                seen.add(box.id)
                waiting.append((box.id, View(view.tape, box.card, lambda card: False, roll=False, steps=False)))


def _holds(nodes: Sequence[Node], record: InputRecord) -> bool:
    """Whether an argument of these nodes that is no tensor, an index, has the values of a tensor of integers."""
    if record.array.dtype.kind not in "iub":
        return False
    waiting: list[Any] = [args for node in nodes if (found := node_record(node)) is not None for args in found.args]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (list, tuple)):
            waiting += part
        elif hasattr(part, "dtype") and part.size == record.array.size and (part.reshape(-1) == record.array.reshape(-1)).all():
            return True
    return False


ORDERED = ("Sub", "Div", "MatMul", "Pow", "Atan2", "Where", "Cat", "Remainder")  # ops whose operands must not be exchanged
