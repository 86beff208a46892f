"""One step of a stage, as it is shown: panels of cells from left to right, and a sentence with the numbers.

The page computes the same in JavaScript (layer.js), as a window can be dragged anywhere and settings changed there; the tests
hold the two to each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from minitorch.backend.arrays import Array, xp
from minitorch.viz.layers.stage import TARGETS, Stage
from minitorch.viz.page.summary import MINUS, number, shape_text

__all__ = ["Panel", "cell_text", "panels", "sentence"]

TERMS = 16  # most terms of a sum that are written out
FEW = 4  # a kernel of so many planes is always shown whole
LETTERS = {"output": "y", "input": "x", "weight": "w", "bias": "b"}
TITLES = {"output": "output", "input": "input", "weight": "kernel", "bias": "bias"}


@dataclass
class Panel:
    """Planes of cells that belong together: channels below each other, the slices of a volume side by side.

    Arrays are (planes down, planes across, rows, columns).

    `cell` has the number of each cell, PAD in padding, BEYOND past it. A cell that is not `known` yet is empty; `lit` cells
    belong to the step. `boxes` are windows: plane down, plane across, first and last row, first and last column.
    """

    title: str
    shape: str
    quantity: str  # value or gradient
    part: str  # output, input, weight, bias, product, matrix
    values: Array
    known: Array
    lit: Array
    cell: Array
    names: list[str] = field(default_factory=list)  # of the planes, from top to bottom, if there are several
    boxes: list[tuple[int, ...]] = field(default_factory=list)
    copied: Array | None = None  # cells of a padding that repeats cells inside
    corner: dict[int, str] = field(default_factory=dict)  # a small text of a cell, by its number
    padding: str = "0"  # what a cell of the padding shows


def panels(stage: Stage, view: str, by: str, n: int) -> list[Panel]:
    """The panels of step n: what is multiplied, the products, and at last what is computed."""
    target, used = TARGETS[view], stage.used(by, n)
    values, known = stage.so_far(view, by, n)
    if view == "matrix":
        return _matrix(stage, values, known, used, n)
    sources = {"output": ["input", "weight"], "input": ["output", "weight"], "weight": ["output", "input"], "bias": ["output"]}
    shown = [
        _source(stage, view, by, n, part, used) for part in sources[target] if part != "weight" or stage.weight is not None
    ]
    products = _products(stage, view, by, used)
    if products is not None:
        shown.append(products)
    result = values.reshape(stage.array(target).shape)
    title = TITLES[target] if target == "output" else f"∂L/∂{LETTERS[target]}"
    last = _laid_out(stage, target, title, "value" if target == "output" else "gradient", result, known, view, by, n, used)
    if stage.kind == "max" and target == "output" and by == "output":
        plane = math.prod(stage.x.shape[1:])
        winners = dict(zip(stage.taps.output[stage.counts].tolist(), stage.taps.input[stage.counts].tolist(), strict=True))
        last.corner = {o: f"[{i % plane}]" for o, i in winners.items() if o <= n}
    if stage.kind == "unpool" and target == "output":
        plane = math.prod(stage.y.shape[1:])
        shown[0].corner = {i: f"[{o % plane}]" for i, o in enumerate(stage.taps.output.tolist())}
    if stage.kind == "transposed" and target == "output" and by == "input":
        stamps = xp.bincount(stage.taps.output[stage.counts & (stage.taps.input <= n)], minlength=stage.y.size)
        last.corner = {o: f"{count}×" for o, count in enumerate(stamps.tolist()) if count > 1}
    return [*shown, last]


def _source(stage: Stage, view: str, by: str, n: int, part: str, used: Array) -> Panel:
    if part == "output":
        return _laid_out(stage, part, "∂L/∂y, upstream", "gradient", stage.upstream, None, view, by, n, used)
    title = TITLES[part] if stage.axes or part != "weight" else "weight"
    return _laid_out(stage, part, title, "value", stage.array(part), None, view, by, n, used)


def _laid_out(
    stage: Stage,
    part: str,
    title: str,
    quantity: str,
    values: Array,
    known: Array | None,
    view: str,
    by: str,
    n: int,
    used: Array,
) -> Panel:
    """An array as planes, with what is lit; that which windows move over with its padding and the window."""
    known = xp.ones(values.size, dtype=bool) if known is None else known
    if part == "bias":
        cells, lit = xp.arange(values.size).reshape(-1, 1, 1, 1), xp.array([n])
    elif part == "weight":
        whole = title.startswith("∂") and math.prod(values.shape[:2]) <= FEW
        cells, lit = _kernels(stage, xp.arange(len(stage.taps.weight)) if whole else used, True), stage.taps.weight[used]
    else:
        lit = getattr(stage.taps, part)[used]
        if view == "grad_bias":
            lit = xp.arange(values.size).reshape(len(values), -1)[n]
        board = stage.board if part == stage.on else xp.arange(values.size).reshape(values.shape)
        cells = _planes(board, stage.rank)
    if part == by:
        lit = xp.array([n])
    panel = _panel(stage, title, quantity, part, values, known, cells, lit)
    if part == stage.on and stage.axes:
        panel.copied = None if stage.copies is None else _planes(stage.copies, stage.rank)
        panel.padding = "" if stage.kind == "transposed" else f"{MINUS}∞" if stage.kind == "max" else "0"
        if by == stage.per:
            channels, places = stage.window(n)
            board = xp.zeros(stage.board.shape, dtype=bool)
            board[xp.ix_(channels, *places)] = True
            if stage.kind != "max":
                panel.lit = _planes(board, stage.rank)
            across, rows, columns = [[0], [0], *places][-3:]
            panel.boxes = [(c, a, rows[0], rows[-1], columns[0], columns[-1]) for c in channels for a in across]
    return panel


def _kernels(stage: Stage, used: Array, whole: bool = False) -> Array:
    """The cells of the weight as planes: those that some taps use. Of a matrix the rows, or the `whole` of it."""
    assert stage.weight is not None
    shape = stage.weight.shape
    cells = xp.arange(stage.weight.size)
    if not stage.axes:
        rows = sorted({int(k) // shape[1] for k in stage.taps.weight[used]}) or [0]
        return cells.reshape(1, 1, *shape)[:, :, slice(None) if whole else rows]
    area = math.prod(shape[2:])
    kernels = cells.reshape(-1, *shape[2:])[sorted({int(k) // area for k in stage.taps.weight[used]}) or [0]]
    return _planes(xp.flip(kernels, tuple(range(1, kernels.ndim))) if stage.flipped else kernels, stage.rank)


def _products(stage: Stage, view: str, by: str, used: Array) -> Panel | None:
    """What a step multiplies, laid out as the kernel; as the output where the step is one weight."""
    if stage.weight is None or view == "grad_bias":
        return None
    products = stage.products(view)[used]
    word = "kernel" if stage.axes else "weight"
    what = {"output": f"input × {word}", "input": f"upstream × {word}", "weight": "upstream × input"}[TARGETS[view]]
    if by == "weight":
        places = stage.taps.output[used]
        channel = int(places[0]) * len(stage.y) // stage.y.size if len(places) else 0
        cells = xp.arange(stage.y.size).reshape(stage.y.shape)
        cells = _planes(cells[channel : channel + 1] if stage.axes else cells, stage.rank)
        total = stage.y.size
    else:
        places, cells, total = stage.taps.weight[used], _kernels(stage, used), stage.weight.size
    values = xp.bincount(places, products, total)
    known = (xp.bincount(places, minlength=total) > 0) | (by == stage.per)  # a window has them all, padding makes 0
    quantity = "value" if TARGETS[view] == "output" else "gradient"
    return _panel(stage, "products", quantity, "product", values, known, cells, places[:0], what)


def _matrix(stage: Stage, values: Array, known: Array, used: Array, n: int) -> list[Panel]:
    """The row of the layer's matrix, the input as a column, the output as a column."""
    taps, matrix = stage.taps, stage.taps.matrix(stage.weight)
    rows, columns = matrix.shape
    places = xp.zeros(matrix.size, dtype=bool)
    places[(taps.output * columns + taps.input)[stage.counts]] = True
    cells, all_known = xp.arange(matrix.size).reshape(1, 1, rows, columns), xp.ones(columns, dtype=bool)
    x_column, y_column = (xp.arange(size).reshape(1, 1, -1, 1) for size in (columns, rows))
    return [
        _panel(stage, "matrix", "value", "matrix", matrix, places, cells, cells[0, 0, n]),
        _panel(stage, "input", "value", "input", stage.x.reshape(-1), all_known, x_column, taps.input[used]),
        _panel(stage, "output", "value", "output", values, known, y_column, xp.array([n])),
    ]


def _planes(cells: Array, rank: int) -> Array:
    size = cells.shape[-rank:]
    return cells.reshape(-1, *(1, 1, 1, *size)[-3:]) if rank > 2 else cells.reshape(-1, 1, *(1, *size)[-2:])


def _panel(
    stage: Stage, title: str, quantity: str, part: str, values: Array, known: Array, cells: Array, lit: Array, shape: str = ""
) -> Panel:
    flat, inside, at = values.reshape(-1), cells >= 0, xp.maximum(cells, 0)
    names = []
    if len(cells) > 1 and part in ("input", "output"):
        names = [f"channel {int(plane.max()) * len(values) // values.size}" for plane in cells]
    elif len(cells) > 1 and part in ("weight", "product"):
        of = values.shape if part == "weight" else stage.array("weight").shape
        at_ = [xp.unravel_index(int(plane.max()), of)[:2] for plane in cells]
        names = [f"w[{int(f)}, {int(c)}]" for f, c in at_]
    return Panel(
        title, shape or shape_text(values.shape), quantity, part, flat[at], known[at] & inside, xp.isin(cells, lit) & inside,
        cells, names,
    )  # fmt: skip


# ---- the sentence -----------------------------------------------------------------------------------------------------


def sentence(stage: Stage, view: str, by: str, n: int) -> str:
    """What step n computes, with its numbers."""
    target, used = TARGETS[view], stage.used(by, n)
    if by != target:
        return _scattered(stage, view, by, n, used)
    result = number(float(stage.result(view).reshape(-1)[n]))
    name = _name(stage, target, n, target != "output")
    if view == "grad_bias":
        return f"{name} = {_sum([[v] for v in stage.upstream.reshape(len(stage.upstream), -1)[n].tolist()])} = {result}"
    if stage.kind == "max" and target == "output":
        window = stage.taps.input[(stage.taps.output == n) & (stage.taps.input >= 0)]
        values = [number(float(v)) for v in stage.x.reshape(-1)[window].tolist()]
        more = [f"… {len(values) - TERMS} more"] if len(values) > TERMS else []
        largest = _name(stage, "input", int(stage.taps.input[used[0]]))
        return f"{name} = max({', '.join(values[:TERMS] + more)}) = {largest} = {result}"
    if not len(used):
        alone = ", the bias alone" if target == "output" and stage.bias is not None else ""
        return f"{name} = {result}{alone}: {_why_nowhere(stage, target, n)}"
    if stage.weight is None and len(used) == 1 and stage.taps.factor[used[0]] == 1:
        source = "input" if target == "output" else "output"
        return f"{name} = {_name(stage, source, int(getattr(stage.taps, source)[used[0]]), source == 'output')} = {result}"
    terms = [list(term) for term in zip(*(factor[used].tolist() for factor in stage.factors(view)), strict=True)]
    offset = 0.0
    if target == "output" and stage.bias is not None:
        offset = float(stage.bias[n * stage.bias.size // stage.y.size])
    if len(terms) > TERMS and stage.axes and stage.weight is not None and target == "output":
        return f"{name} = {_by_kernel(stage, used, terms, offset)} = {result}"
    return f"{name} = {_sum(terms, offset, stage.weight is not None)} = {result}"


def _scattered(stage: Stage, view: str, by: str, n: int, used: Array) -> str:
    """Of a step that adds to many cells: what it multiplies, and where it goes."""
    target = TARGETS[view]
    gradient = by == "output"
    source = stage.upstream if gradient else stage.array(by)
    start = f"{_name(stage, by, n, gradient)} = {number(float(source.reshape(-1)[n]))}"
    cells = sorted(set(getattr(stage.taps, target)[used].tolist()))
    if not cells:
        return f"{start} goes nowhere: {_why_nowhere(stage, by, n)}"
    where = _name(stage, target, cells[0], target != "output")
    if len(cells) > 1:
        where = f"{len(cells)} cells of {where.split('[')[0]}"
    if stage.weight is None:
        shares = stage.taps.factor[used]
        times = (
            "" if (shares == 1).all() else f", times {number(float(shares[0]))}," if len(set(shares)) == 1 else ", in shares,"
        )
        return f"{start}{times} goes to {where}"
    partner = "the kernel" if stage.axes else "its weights"
    if by == "weight":
        partner = "the shifted input" if target == "output" else "the shifted upstream gradient"
    elif target == "weight":
        windows = ("its window of x", "the upstream gradient of its windows")
        partner = (windows if stage.axes else ("the input", "the upstream gradient"))[by != "output"]
    return f"{start}, times {partner}, is added to {where}"


def _why_nowhere(stage: Stage, by: str, n: int) -> str:
    if stage.kind == "unpool":
        return "another cell with the same index comes later" if by == "input" else "no index points here"
    if stage.kind == "max" and by == "input" and (stage.taps.input == n).any():
        return "it is the largest of no window"
    if by == "weight":
        return "it meets nothing but padding"
    stamps = stage.kind in ("transposed", "spread")
    if by == "output":
        return "no stamp reaches it" if stamps else "it reads nothing but padding"
    return "its stamp is cut off" if stamps else "no window reads it"


def _name(stage: Stage, part: str, n: int, gradient: bool = False) -> str:
    """A cell as it is written in Python: y[0, 1, 2]; with its derivative ∂L/∂y[0, 1, 2]."""
    index = xp.unravel_index(n, stage.array(part).shape)
    return f"{'∂L/∂' * gradient}{LETTERS[part]}[{', '.join(str(int(i)) for i in index)}]"


def _sum(terms: list[list[float]], offset: float = 0.0, weighted: bool = False) -> str:
    """3·1 + 0·(−1) + 1·2 + 0.5; with a common share and no weights, (1 + 2 + 3) / 3."""
    lasts = {term[-1] for term in terms}
    share = 1 / lasts.pop() if not weighted and len(lasts) == 1 and 0 < terms[0][-1] < 1 and len(terms[0]) == 2 else 0.0
    whole = share and abs(share - round(share)) < 1e-9
    words = ["·".join(_signed(v, i > 0) for i, v in enumerate(term[:1] if whole else term)) for term in terms[:TERMS]]
    words += [f"… {len(terms) - TERMS} more"] if len(terms) > TERMS else []
    if whole:
        words = [f"{words[0]} / {round(share)}" if len(words) == 1 else f"({_joined(words)}) / {round(share)}"]
    if offset:
        words.append(number(offset))
    return _joined(words) if words else "0"


def _by_kernel(stage: Stage, used: Array, terms: list[list[float]], offset: float) -> str:
    """A long sum with one number for each kernel that takes part: 5 (w[0, 0]) + 9 (w[0, 1]) + 1."""
    shape = stage.array("weight").shape
    area = math.prod(shape[2:])
    sums: dict[int, float] = {}
    for k, term in zip(stage.taps.weight[used].tolist(), terms, strict=True):
        sums[k // area] = sums.get(k // area, 0.0) + math.prod(term)
    words = [f"{number(v)} (w[{plane // shape[1]}, {plane % shape[1]}])" for plane, v in list(sums.items())[:TERMS]]
    words += [f"… {len(sums) - TERMS} more"] if len(sums) > TERMS else []
    return _joined([*words, number(offset)] if offset else words)


def _joined(words: list[str]) -> str:
    return words[0] + "".join(f" {MINUS} {w[1:]}" if w.startswith(MINUS) else f" + {w}" for w in words[1:])


def _signed(value: float, brackets: bool) -> str:
    return f"({number(value)})" if brackets and value < 0 else number(value)


def cell_text(value: float) -> str:
    """A number in a cell, in at most 5 characters: 3, −0.25, 12.3, 1e6; 0.00 is next to nothing, and 0 nothing."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "∞" if value > 0 else f"{MINUS}∞"
    size = abs(value)
    if size == int(size) and size < 10_000:
        text = str(int(size))
    elif size >= 9999.5:
        digits, power = f"{size:.0e}".split("e")
        text = f"{digits}e{int(power)}"
    elif size < 0.005:
        text = "0.00"  # not quite 0
    else:
        size = math.nextafter(size, math.inf)  # halves are rounded up, as the page does
        text = f"{size:.{2 if size < 9.995 else 1 if size < 99.95 else 0}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return MINUS + text if value < 0 else text
