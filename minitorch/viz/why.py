"""Why a gradient is what it is: the chain rule written out over all paths from one element to the output, with numbers.

    print(viz.why(w, loss))

    ∂loss/∂w[1] = -14
      = ∂loss/∂sub · ∂sub/∂sum · ∂sum/∂h[1] · ∂h[1]/∂w[1]
      = 7.0 * 1.0 * 1.0 * -2.0

Paths are followed from the element towards the output. What is still to come of a path begun with product p, at an element
whose own gradient is g, is p g in all: so the paths begun and those complete add up to the gradient at any time, and of many
paths the large ones can be found. Where there are more than can be read, the others stand as one number.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minitorch.autograd.engine import walk
from minitorch.autograd.function import Edge, Function, _edge_of
from minitorch.backend.arrays import Array, xp
from minitorch.tensor import Tensor
from minitorch.viz.local import Local, at, largest
from minitorch.viz.record import variables
from minitorch.viz.summary import number
from minitorch.viz.tape import Tape
from minitorch.viz.trace import looked_on

__all__ = ["Path", "Why", "why"]

MOST_PATHS = 24
WIDEST = 60  # ways on from one element that are followed


@dataclass(frozen=True)
class Path:
    """One way from the output to the element: names such as '∂loss/∂h[1]', their values, and the product of these."""

    factors: tuple[tuple[str, float], ...]
    product: float


class Why:
    """The chain rule for one gradient. Prints as text; `latex` is for a paper, `expression` for Python to evaluate."""

    def __init__(self, name: str, value: float, paths: Sequence[Path], rest: float, dtype: str) -> None:
        self.name, self.value, self.paths, self.rest = name, value, tuple(paths), rest
        self._type = xp.dtype(dtype).type  # which writes a number with as many digits as it has

    @property
    def expression(self) -> str:
        """Sums and products of numbers, which evaluates to the gradient."""
        return " + ".join(self._products() or ["0"])

    @property
    def text(self) -> str:
        """In names, in numbers, and the result."""
        named = [" · ".join(name for name, _ in path.factors) for path in self.paths]
        rest = ["all other paths"] if self.rest else []
        lines = [f"{self.name} = {self._written(self.value)}"]
        for terms in (named + rest, self._products()):
            lines += [f"  {'+' if i else '='} {term}" for i, term in enumerate(terms or ["0"])]
        return "\n".join(lines)

    @property
    def latex(self) -> str:
        """The same for LaTeX: an `aligned` environment, to be put into math mode."""
        named = [r" \cdot ".join(_tex(name) for name, _ in path.factors) for path in self.paths]
        numbers = [r" \cdot ".join(_bracketed(number(v)) for _, v in path.factors) for path in self.paths]
        if self.rest:
            named.append(r"\text{all other paths}")
            numbers.append(_bracketed(number(self.rest)))
        rows = [f"{_tex(self.name)} &= " + r" \\ &\quad + ".join(named or ["0"])]
        rows += ["&= " + r" \\ &\quad + ".join(numbers or ["0"]), f"&= {number(self.value)}"]
        return r"\begin{aligned} " + r" \\ ".join(rows) + r" \end{aligned}"

    def _products(self) -> list[str]:
        products = [" * ".join(_bracketed(self._written(v)) for _, v in path.factors) for path in self.paths]
        return products + [_bracketed(self._written(self.rest))] * bool(self.rest)

    def _written(self, value: float) -> str:
        return str(self._type(value))

    def __repr__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"


def why(tensor: Tensor, output: Tensor | None = None, *, index: int | tuple[int, ...] | None = None, params: Any = None) -> Why:
    """The chain rule for the gradient of `output` with respect to one element of `tensor`, over all paths, with numbers.

    output: a tensor of one element; without it the last one that the calling program has computed from `tensor` in a variable.
    index: which element of `tensor`; without it the one with the largest gradient.
    params: names for tensors, as for `viz.graph`.

    Raises RuntimeError if no output depends on `tensor`, or if the graph between them was freed.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"why() explains the gradient of a Tensor, and got {type(tensor).__name__}")
    if output is not None and not isinstance(output, Tensor):
        raise TypeError(f"why(): output is the Tensor that was differentiated, not {type(output).__name__}")
    start = _edge_of(tensor)
    if start is None:
        raise RuntimeError("why(): this tensor requires no gradient: call requires_grad_() on it before it is used")
    output = _last_output(tensor, start) if output is None else output
    if output.numel() != 1:
        raise RuntimeError(
            f"why() follows paths to a number, and the output has shape {list(output.shape)}: reduce it with .sum() or "
            ".mean(), or pick an element, output[0]"
        )
    tape = Tape("why", output, params)
    if start[0] not in tape.ids:
        raise RuntimeError(
            f"why(): {tape.name(tape.root_edges[0])} does not depend on this tensor, of shape {list(tensor.shape)}: nothing "
            "leads from one to the other"
        )
    with tape.revived():
        return _expanded(tape, start, index, tuple(tensor.shape))


def _last_output(tensor: Tensor, start: Edge) -> Tensor:
    """The youngest number among the program's variables that depends on `tensor`."""
    found = [
        value
        for value in variables().values()
        if isinstance(value, Tensor) and value is not tensor and value.numel() == 1 and value.grad_fn is not None
    ]
    found = [value for value in found if value.grad_fn is not None and start[0] in walk([value.grad_fn])]
    if not found:
        raise RuntimeError(
            "why() does not know what was differentiated: none of the variables here is a number computed from this tensor. "
            "Name it, viz.why(x, loss)"
        )
    return max(found, key=lambda value: value.grad_fn.serial if value.grad_fn is not None else 0)


def _expanded(tape: Tape, start: Edge, index: int | tuple[int, ...] | None, shape: tuple[int, ...]) -> Why:
    seeds, steps = looked_on(tape, None)
    ((root, seed),) = seeds
    gradients: dict[Edge, Array] = {root: seed}
    for node, got, passed in steps:
        gradients.update({(node, nr): grad for nr, grad in enumerate(got) if grad is not None})  # as hooks have left it
        for edge, grad in zip(node.edges, passed, strict=False):
            if edge is not None and grad is not None:
                gradients[edge] = gradients[edge] + grad if edge in gradients else grad
    whole = gradients.get(start)
    if whole is None:
        raise RuntimeError(
            "why(): nothing of the gradient comes to this tensor: it is cut off on the way, by detach() or by an op"
        )
    element = _element(index, shape, whole)
    top = tape.name(root)
    name = f"∂{top}/∂{at(tape.name(start), shape, element)}"
    paths, rest = _paths(tape, root, start, element, gradients)
    gradient = whole.reshape(-1)[element]
    return Why(name, gradient.item(), paths, rest, str(whole.dtype))


def _paths(tape: Tape, root: Edge, start: Edge, element: int, gradients: dict[Edge, Array]) -> tuple[list[Path], float]:
    """The complete paths, the largest first, and what all others come to."""
    users: dict[Edge, list[tuple[Function, int]]] = {}
    for node in tape.ops:
        for argument, edge in enumerate(node.edges):
            if edge is not None:
                users.setdefault(edge, []).append((node, argument))
    locals_: dict[Function, Local] = {}
    total = gradients[start].reshape(-1)[element].item()
    begun = [_Begun(start, element, (), 1.0, total)]  # a heap, the one that comes to most first
    paths: list[Path] = []
    rest = 0.0
    while begun and len(paths) < MOST_PATHS:
        path: _Begun | None = heapq.heappop(begun)
        while path is not None and path.edge != root:  # from here on the largest way, to the end
            ways = _ways_on(path, users.get(path.edge, ()), tape, gradients, locals_)
            lost = path.share - sum(way.share for way in ways)  # in ways that nobody follows
            rest += lost if abs(lost) > 1e-6 * abs(total) else 0.0
            path = ways[0] if ways else None
            for other in ways[1:]:
                heapq.heappush(begun, other)
        if path is not None:
            name = tape.name(root)
            paths.append(Path(tuple(reversed(path.factors)) or ((f"∂{name}/∂{name}", 1.0),), path.product))
    paths.sort(key=lambda path: -abs(path.product))
    return paths, rest + sum(path.share for path in begun)


@dataclass(frozen=True)
class _Begun:
    """A path that has come to an element; `share` is what all its ways on to the output come to."""

    edge: Edge
    element: int
    factors: tuple[tuple[str, float], ...]  # from the start on
    product: float
    share: float

    def __lt__(self, other: _Begun) -> bool:
        return abs(self.share) > abs(other.share)


def _ways_on(
    path: _Begun,
    users: Sequence[tuple[Function, int]],
    tape: Tape,
    gradients: dict[Edge, Array],
    locals_: dict[Function, Local],
) -> list[_Begun]:
    """The path, followed one step further to every element that is computed from the one it has come to; the largest first."""
    node, nr = path.edge
    here = at(tape.name(path.edge), node.outputs[nr][0], path.element)
    found: list[tuple[float, Edge, int, float]] = []
    for user, argument in users:
        got = [gradients.get((user, i)) for i in range(len(user.outputs))]
        like = next((g for g in got if g is not None), None)
        if like is None:
            continue
        local = locals_.setdefault(user, Local(user, like))
        for i, (grad, column) in enumerate(zip(got, local.column(argument, path.element), strict=True)):
            if grad is not None and column is not None:
                flat, slopes = grad.reshape(-1), column.reshape(-1)
                found += [
                    (slopes[j].item() * flat[j].item(), (user, i), j, slopes[j].item()) for j in xp.flatnonzero(slopes).tolist()
                ]
    found.sort(key=lambda way: -abs(way[0]))
    ways = []
    for size, edge, j, slope in found[:WIDEST]:
        place = at(tape.name(edge), edge[0].outputs[edge[1]][0], j)
        factors = (*path.factors, (f"∂{place}/∂{here}", slope))
        ways.append(_Begun(edge, j, factors, path.product * slope, path.product * size))
    return ways


def _element(index: int | tuple[int, ...] | None, shape: tuple[int, ...], gradient: Array) -> int:
    """Which element, counted in order, an index names."""
    if index is None:
        return largest(gradient) if gradient.size else 0
    places = index if isinstance(index, tuple) else (index,)
    fits = len(places) == len(shape) and all(isinstance(i, int) and not isinstance(i, bool) for i in places)
    if not fits or any(not -n <= i < n for i, n in zip(places, shape, strict=True)):
        raise IndexError(
            f"why(): index names one element, a number for each of the {len(shape)} dimensions of {list(shape)}, not {index!r}"
        )
    element = 0
    for i, n in zip(places, shape, strict=True):
        element = element * n + i % n
    return element


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _tex(name: str) -> str:
    """∂loss/∂w[2] as a fraction."""
    top, _, bottom = name.removeprefix("∂").partition("/∂")
    return rf"\frac{{\partial {_tex_value(top)}}}{{\partial {_tex_value(bottom)}}}"


def _tex_value(name: str) -> str:
    word, _, place = name.partition("[")
    word = "".join(_TEX.get(c, c) for c in word)
    word = word if len(word) == 1 else rf"\mathrm{{{word}}}"
    return word + (f"_{{{place.rstrip(']')}}}" if place else "")


_TEX = {c: f"\\{c}" for c in "&%$#_{}"} | {"~": r"\sim{}", "^": r"\hat{}", "\\": r"\backslash{}"}
