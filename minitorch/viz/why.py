"""Explain a gradient: the chain rule with numbers, written out over all paths from one element to the output.

    loss = ((w * x).sum() - 1) ** 2          # w is [0.5, -1, 2] and x [1, 2, 3]
    print(viz.why(w, loss, index=1))

    dloss/dw[1] = 14.0
      = ∂loss/∂sub · ∂sub/∂sum · ∂sum/∂mul[1] · ∂mul[1]/∂w[1]
      = 7.0 * 1.0 * 1.0 * 2.0

d is the total derivative, over all paths; ∂ is the derivative of one operation in one argument, with the others fixed.
paths.py finds the paths; here they are written and drawn.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Any

import graphviz

from minitorch.autograd.grad_mode import no_grad
from minitorch.autograd.graph import Edge, walk
from minitorch.autograd.node import gradient_edge
from minitorch.backend.arrays import Array, xp
from minitorch.tensor import Tensor
from minitorch.viz.graph.draw import described
from minitorch.viz.page.page import write
from minitorch.viz.page.render import FORMATS, CannotRender, render
from minitorch.viz.page.summary import MINUS, number
from minitorch.viz.page.theme import CARD, FONT, GRADIENT, INK, LINE, PAPER
from minitorch.viz.paths import Factor, Gradients, Path, digits_of, evaluable, paths_of
from minitorch.viz.record.local import argmax_abs, element_place
from minitorch.viz.record.recorder import variables
from minitorch.viz.record.tape import Tape, bracketed

__all__ = ["Factor", "Path", "Why", "why"]

MAX_DRAWN = 12  # most paths in the picture
MAX_WRITTEN = 24  # most factors that are written out as a formula


class Why:
    """The chain rule for one gradient. Prints as text; `latex` is for a paper, `expression` for Python to evaluate.

    Example:
        >>> import minitorch
        >>> from minitorch import viz
        >>> w = minitorch.tensor(3.0, requires_grad=True)
        >>> reason = viz.why(w, w * w + 2 * w)
        >>> reason.expression, eval(reason.expression)
        ('1.0 * 3.0 + 1.0 * 3.0 + 1.0 * 2.0', 8.0)
    """

    def __init__(self, name: str, value: float, digits: str, paths: Sequence[Path], rest: float, remark: str) -> None:
        self.name, self.value, self.paths, self.rest = name, value, tuple(paths), rest
        self._digits, self._remark = digits, remark

    @property
    def expression(self) -> str:
        """A Python expression of sums and products of numbers that evaluates to the gradient."""
        return " + ".join(self._products() or ["0"])

    @property
    def text(self) -> str:
        """The chain rule in names, in numbers, and the result; of a large graph, its paths from the element to the output."""
        if self._is_long():
            return self._path_text()
        named = [" · ".join(factor.name for factor in path.factors) for path in self.paths]
        products = self._products() or ["0"]
        if len(products) > 1:  # the product of each path
            sizes = [number(path.product) for path in self.paths] + [number(self.rest)] * bool(self.rest)
            width = min(60, max(map(len, products)))
            products = [f"{product.ljust(width)}  # {size}" for product, size in zip(products, sizes, strict=True)]
        named += ["all other paths"] * bool(self.rest)
        lines = [self._result()]
        for terms in (named, products):
            lines += [f"  {'+' if i else '='} {term}" for i, term in enumerate(terms)]
        return "\n".join(lines)

    def _is_long(self) -> bool:
        return sum(len(path.factors) for path in self.paths) > MAX_WRITTEN

    def _result(self) -> str:
        return f"{self.name} = {self._digits}" + (f"   ({self._remark})" if self._remark else "")

    def _path_text(self) -> str:
        """One line for each path: its product, and the elements where it differs from the others, without steps of slope 1."""
        lines = [self._result()]
        routes = [_route(path) for path in self.paths]
        first, last = _common(routes), _common([route[::-1] for route in routes])[::-1]
        first, last = (first, last) if len(routes) > 1 else (routes[0], [])
        begin = math.prod(factor for _, factor in first)
        which = f"The {len(routes)} largest paths" if self.rest else f"{len(routes)} paths"
        lines.append(f"  {which} begin with {_arrows(first)}" + (f", × {number(begin)}" if begin != 1 else ""))
        if len(last) > 1:
            lines.append(f"  and end with {_arrows(last)}, × {number(math.prod(factor for _, factor in last[1:]))}")
        for path, route in zip(self.paths, routes, strict=True):
            between = route[len(first) : len(route) - len(last)]
            middle = [step for step in between if step[1] != 1] or route[len(first) : len(first) + 1]
            shown = middle if len(middle) <= 5 else [*middle[:3], ("...", 1.0), *middle[-1:]]
            lines.append(f"  {number(path.product):>10}  " + " → ".join(name for name, _ in shown))
        if self.rest:
            lines.append(f"  {number(self.rest):>10}  all other paths")
        return "\n".join(lines)

    @property
    def digraph(self) -> graphviz.Digraph:
        """The paths as a graph: an arrow is as wide as the sum of the products of the paths that go through it."""
        g = graphviz.Digraph("paths", comment="made by minitorch.viz.why")
        g.attr("graph", bgcolor=PAPER, rankdir="LR", nodesep="0.15", ranksep="0.5", pad="0.2")
        g.attr("node", shape="box", style="filled,rounded", fillcolor=CARD, color=LINE, height="0.3")
        g.attr("node", fontname=FONT, fontsize="13", fontcolor=INK)
        g.attr("edge", color=GRADIENT, fontcolor=GRADIENT, fontname=FONT, fontsize="12", arrowhead="none")
        widths: dict[tuple[str, str], float] = {}
        slopes: dict[tuple[str, str], float] = {}
        for path in self.paths[:MAX_DRAWN]:
            for (tail, _), (head, slope) in itertools.pairwise(_without_ones(_route(path))):
                widths[tail, head] = widths.get((tail, head), 0.0) + abs(path.product)
                slopes[tail, head] = slope
        most = max((w for w in widths.values() if math.isfinite(w)), default=1.0) or 1.0
        for name in dict.fromkeys(name for edge in widths for name in edge):
            g.node(name, label=name.replace("\\", "\\\\"))
        for (tail, head), wide in widths.items():
            size = 1 + 11 * (wide / most if math.isfinite(wide) else 1.0)
            label = _on_paper(f"× {number(slopes[tail, head])}")
            g.edge(tail, head, penwidth=f"{size:.1f}", label=label, tooltip=f"{tail} to {head}")
        return g

    @property
    def svg(self) -> str:
        """The picture of the paths as SVG text. Raises CannotRender without Graphviz."""
        return described(render(self.digraph.source, "svg").decode(), f"The paths of {self.name}", "Paths")

    def save(self, path: str | FilePath) -> FilePath:
        """Write the picture of the paths to an .svg, .png, .pdf or .dot file, or the text to .txt or .tex. Returns the path.

        Raises ValueError for another suffix, CannotRender for a picture without Graphviz.
        """
        path = FilePath(path)
        kind = path.suffix.lower().lstrip(".")
        if kind in ("svg", "txt", "tex", "dot"):
            text = {"svg": "svg", "txt": "text", "tex": "latex"}.get(kind)
            return write(path, (getattr(self, text) if text else self.digraph.source).encode())
        if kind in FORMATS:
            return write(path, render(self.digraph.source, kind))
        raise ValueError(f"cannot save the paths as {path.name!r}: the endings .svg, .png, .pdf, .dot, .txt and .tex are known")

    @property
    def latex(self) -> str:
        """The same in LaTeX: an `aligned` environment for math mode."""
        named = [r" \cdot ".join(_tex(factor.name) for factor in path.factors) for path in self.paths]
        numbers = [r" \cdot ".join(_bracketed(_ascii(factor.value)) for factor in path.factors) for path in self.paths]
        if self.rest:
            named.append(r"\text{all other paths}")
            numbers.append(_bracketed(_ascii(self.rest)))
        rows = [f"{_tex(self.name)} &= " + r" \\ &\quad {}+ ".join(named or ["0"])]
        rows += ["&= " + r" \\ &\quad {}+ ".join(numbers)] * bool(numbers)
        return r"\begin{aligned} " + r" \\ ".join([*rows, f"&= {_ascii(self.value)}"]) + r" \end{aligned}"

    def _products(self) -> list[str]:
        products = [_product([factor.digits for factor in path.factors]) for path in self.paths]
        return products + [_bracketed(evaluable(repr(self.rest)))] * bool(self.rest)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For notebooks: the formula, or of a large graph the picture of its paths."""
        bundle = {"text/plain": self.text}
        if not self._is_long():
            return {**bundle, "text/latex": f"$\\displaystyle {self.latex}$"}
        try:
            bundle["image/svg+xml"] = self.svg
        except CannotRender as error:
            bundle["text/plain"] += f"\n({error})"
        return bundle


def _on_paper(text: str) -> str:
    """A label that can be read on a wide arrow."""
    return (
        f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1" bgcolor="{PAPER}"><tr><td>{text}</td></tr></table>>'
    )


def _route(path: Path) -> list[tuple[str, float]]:
    """The elements of a path from the start to the output, each with the slope of the step that leads to it."""
    factors = path.factors[::-1]
    route = [(next((factor.bottom for factor in factors if factor.bottom), ""), 1.0)]
    for factor in factors:
        if factor.bottom:
            route.append((factor.top, factor.value))
        else:  # a hook multiplies the step before it
            route[-1] = route[-1][0], route[-1][1] * factor.value
    return route


def _common(routes: Sequence[list[tuple[str, float]]]) -> list[tuple[str, float]]:
    """The steps with which all routes begin."""
    found = []
    for steps in zip(*routes, strict=False):
        if any(step[0] != steps[0][0] for step in steps):
            break
        found.append(steps[0])
    return found


def _arrows(route: Sequence[tuple[str, float]]) -> str:
    """w[2] → h[2] → ..."""
    return " → ".join(name for name, _ in _without_ones(route))


def _without_ones(route: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """A route without the steps of slope 1 between its ends."""
    return [step for i, step in enumerate(route) if step[1] != 1 or i in (0, len(route) - 1)]


def why(tensor: Tensor, output: Tensor | None = None, *, index: int | tuple[int, ...] | None = None, params: Any = None) -> Why:
    """The chain rule for the gradient of `output` with respect to one element of `tensor`, over all paths, with numbers.

    output: a tensor of one element; by default, the newest such among the caller's variables that depends on `tensor`.
    index: which element of `tensor`; by default, the one with the largest gradient.
    params: names for tensors, as in `viz.graph`.

    Raises RuntimeError if `output` has more than one element or does not depend on `tensor`, or if the graph was freed;
    IndexError for an invalid `index`; TypeError for anything but tensors.

    Example:

    >>> import minitorch
    >>> from minitorch import viz
    >>> w = minitorch.tensor(3.0, requires_grad=True)
    >>> y = w * w + 2 * w
    >>> print(viz.why(w, y, params={"w": w}))
    dy/dw = 8.0
      = ∂y/∂(w·w) · ∂(w·w)/∂(w as a)
      + ∂y/∂(w·w) · ∂(w·w)/∂(w as b)
      + ∂y/∂① · ∂①/∂w
      = 1.0 * 3.0  # 3
      + 1.0 * 3.0  # 3
      + 1.0 * 2.0  # 2
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"why() explains the gradient of a Tensor, and got {type(tensor).__name__}")
    if output is not None and not isinstance(output, Tensor):
        raise TypeError(f"why(): output is the Tensor that was differentiated, not {type(output).__name__}")
    start = gradient_edge(tensor)
    if start is None:
        raise RuntimeError("why(): this tensor requires no gradient: call requires_grad_() on it before it is used")
    output = _last_output(tensor, start) if output is None else output
    if output.grad_fn is None:
        raise RuntimeError(
            f"why(): the output, of shape {list(output.shape)}, was not computed from anything that has a gradient: what is "
            "differentiated comes second, viz.why(x, loss)"
        )
    if output.numel() != 1 or not tensor.numel():
        shape = list(output.shape if tensor.numel() else tensor.shape)
        what = "the output" if tensor.numel() else "this tensor"
        raise RuntimeError(
            f"why() follows paths from one element to one number, and {what} has shape {shape}: reduce it with .sum() or "
            ".mean(), or pick an element, output[0]"
        )
    tape = Tape("why", output, params)
    if start[0] not in tape.ids:
        raise RuntimeError(
            f"why(): {tape.name(tape.root_edges[0])} does not depend on this tensor, of shape {list(tensor.shape)}: nothing "
            "leads from one to the other. What is differentiated comes second, viz.why(x, loss)"
        )
    with tape.with_saved_values(), no_grad(), xp.errstate(all="ignore"):
        return _explain(tape, start, index, tuple(tensor.shape))


def _last_output(tensor: Tensor, start: Edge) -> Tensor:
    """The newest scalar among the program's variables that depends on `tensor`."""
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


def _explain(tape: Tape, start: Edge, index: int | tuple[int, ...] | None, shape: tuple[int, ...]) -> Why:
    gradients = Gradients(tape)
    grad = gradients.at.get(start)
    if grad is None:
        raise RuntimeError(
            "why(): nothing of the gradient comes to this tensor: it is cut off on the way, by detach() or by an op"
        )
    element = _element(index, shape, grad)
    name = f"d{bracketed(tape.root_name)}/d{bracketed(tape.name(start))}{element_place(shape, element)}"
    value = grad.reshape(-1)[element].item()
    paths, rest, cut = paths_of(tape, start, element, gradients)
    remark = f"the largest of {grad.size:,} elements; index= names another" if index is None and grad.size > 1 else ""
    products = sum(path.product for path in paths) + rest
    if paths and math.isfinite(products) and not math.isclose(products, value, rel_tol=1e-2, abs_tol=1e-6):
        remark = "a hook, or a backward that is not linear, changes it on the way: the products do not make it"
    if not paths and not rest and cut:
        remark = f"every path is cut: {cut}"
    return Why(name, value, digits_of(value, grad), paths, rest, remark)


def _product(digits: Sequence[str]) -> str:
    """Factors joined by *; in groups of 50, as Python limits the nesting of expressions."""
    parts = [" * ".join(map(_bracketed, digits[i : i + 50])) for i in range(0, len(digits), 50)]
    return parts[0] if len(parts) == 1 else " * ".join(f"({part})" for part in parts)


def _element(index: int | tuple[int, ...] | None, shape: tuple[int, ...], gradient: Array) -> int:
    """The flat index of an element."""
    if index is None:
        return argmax_abs(gradient)
    given = index if isinstance(index, (tuple, list)) else (index,)
    if len(given) != len(shape) or any(isinstance(i, bool) or not hasattr(i, "__index__") for i in given):
        raise IndexError(
            f"why(): index names one element, a number for each of the {len(shape)} dimensions of {list(shape)}, not {index!r}"
        )
    element = 0
    for d, (i, n) in enumerate(zip(map(operator.index, given), shape, strict=True)):
        if not -n <= i < n:
            raise IndexError(f"why(): index {i} is out of range for dimension {d} of size {n}, of shape {list(shape)}")
        element = element * n + i % n
    return element


def _ascii(value: float) -> str:
    return number(value).replace(MINUS, "-")


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _tex(name: str) -> str:
    """dloss/dw[2], or a local ∂h[2]/∂w[2], as a fraction."""
    sign = r"\partial" if name.startswith("∂") else r"\mathrm{d}"
    top, slash, bottom = name[1:].partition("/" + name[0])
    if not slash:
        return _tex_value(name)
    return rf"\frac{{{sign} {_tex_value(top)}}}{{{sign} {_tex_value(bottom)}}}"


def _tex_value(name: str) -> str:
    word, _, place = name.partition("[")
    if (word[:1] == "(" and word[1:2].isdigit()) or "①" <= word[:1] <= "⑳":
        word = rf"\text{{{word}}}"
    else:
        word = "".join(_TEX.get(c, c) for c in word)
        word = word if len(word) == 1 else rf"\mathrm{{{word}}}"
    return word + (f"_{{{place.rstrip(']')}}}" if place else "")


_TEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "−": "-",
    " ": r"\ ",
    "·": r"\cdot ",
    "²": "^2",
    "~": r"\sim{}",
    "^": r"\hat{}",
    "\\": r"\backslash{}",
}
