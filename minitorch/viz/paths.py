"""The paths from one element to the output, the largest first. A path is a product: one factor for each operation on it.

Paths are followed from the element to the output. All continuations of a partial path with product p, at an element with
gradient g, sum to p g. So partial and complete paths together always sum to the gradient, and a search by |p g| finds
large paths early. At most MAX_PATHS paths are returned; the others are one number.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minitorch.autograd.graph import AccumulateGrad, Edge, Node, run_hooks
from minitorch.backend.arrays import Array, xp
from minitorch.viz.player.frames import run_sweep
from minitorch.viz.record.local import LocalJacobian, element_place
from minitorch.viz.record.tape import Tape, bracketed

MAX_PATHS = 24
MAX_STEPS = 1500  # from element to element; the remaining paths count as other paths
MAX_BRANCHES = 60  # continuations that are followed from one element


class Factor(NamedTuple):
    """A factor of the chain rule; `digits` is its value as text, in the precision of its dtype."""

    name: str
    value: float
    digits: str
    top: str = ""  # the element above the line, loss; of a hook, nothing
    bottom: str = ""  # that below it, h[2]


@dataclass(frozen=True)
class Path:
    """One path from the output to the element, and the product of its factors."""

    factors: tuple[Factor, ...]
    product: float


class Gradients:
    """The gradient of every value, and the factors by which hooks have multiplied it."""

    def __init__(self, tape: Tape) -> None:
        seeds, steps = run_sweep(tape, tape.root_edges)
        ((self.root, seed),) = seeds
        self.at: dict[Edge, Array] = {self.root: seed}
        self.hooked: dict[Edge, Array] = {}
        self.inputs = {(node, i): grad for node, _, grads in steps for i, grad in enumerate(grads)}
        for node, grad_outputs, grad_inputs in steps:
            for nr, grad in enumerate(grad_outputs):
                if grad is not None:
                    self._replace((node, nr), grad)
            for edge, grad in zip(node.edges, grad_inputs, strict=False):
                if edge is not None and grad is not None:
                    self.at[edge] = self.at[edge] + grad if edge in self.at else grad
        for item in tape.items:
            if isinstance(item, AccumulateGrad) and item.variable._hooks and (item, 0) in self.at:
                self._replace((item, 0), run_hooks(self.at[item, 0].copy(), item.variable._hooks, False))

    def _replace(self, edge: Edge, grad: Array) -> None:
        before = self.at.get(edge)
        if before is not None and not xp.array_equal(grad, before, equal_nan=True):
            self.hooked[edge] = grad / before
        self.at[edge] = grad

    def hook(self, tape: Tape, edge: Edge, element: int) -> tuple[Factor, ...]:
        """The factor by which hooks have multiplied the gradient of an element; empty without hooks."""
        ratio = self.hooked.get(edge)
        return () if ratio is None or edge == self.root else (_factor(f"hook({tape.name(edge)})", ratio, element),)


def paths_of(tape: Tape, start: Edge, element: int, gradients: Gradients) -> tuple[list[Path], float, str]:
    """The complete paths, the largest first; the sum of all others; and where a path ended before the output."""
    users: dict[Edge, list[tuple[Node, int]]] = {}
    for node in tape.ops:
        for argument, edge in enumerate(node.edges):
            if edge is not None:
                users.setdefault(edge, []).append((node, argument))
    jacobians: dict[Node, LocalJacobian] = {}
    first = gradients.hook(tape, start, element)
    share = gradients.at[start].reshape(-1)[element].item()
    heap = [PartialPath(start, element, first, math.prod(factor.value for factor in first), share)]  # the largest first
    paths: list[Path] = []
    rest, cut, steps = 0.0, "", 0
    while heap and len(paths) < MAX_PATHS and steps < MAX_STEPS:
        path: PartialPath | None = heapq.heappop(heap)
        while path is not None and path.edge != gradients.root:  # follow the largest continuation to the end
            extensions, others = _extensions(path, users.get(path.edge, ()), tape, gradients, jacobians)
            rest += others
            steps += 1
            if not extensions:
                place = element_place(path.edge[0].outputs[path.edge[1]][0], path.element)
                here = bracketed(tape.name(path.edge)) + place
                used = ", ".join(dict.fromkeys(bracketed(tape.name((node, 0))) for node, _ in users.get(path.edge, ())))
                cut = f"∂{used}/∂{here} = 0" if used else ""
            path = extensions[0] if extensions else None
            for other in extensions[1:]:
                heapq.heappush(heap, other)
        if path is not None:
            seed = gradients.at[gradients.root]  # 1, unless a hook on the output has changed it
            factors = path.factors
            if seed.item() != 1 or not factors:
                factors = (*factors, _factor(f"d{bracketed(tape.root_name)}/d{bracketed(tape.root_name)}", seed, 0))
            paths.append(Path(tuple(reversed(factors)), math.prod(factor.value for factor in factors)))
    paths.sort(key=lambda path: -_magnitude(path.product))
    return paths, rest + sum(path.share for path in heap), cut


@dataclass(frozen=True)
class PartialPath:
    """A path from the start to an element; `share` is the sum of all its continuations to the output."""

    edge: Edge
    element: int
    factors: tuple[Factor, ...]  # from the start
    product: float
    share: float

    def __lt__(self, other: PartialPath) -> bool:
        return _magnitude(self.share) > _magnitude(other.share)


def _extensions(
    path: PartialPath,
    users: Sequence[tuple[Node, int]],
    tape: Tape,
    gradients: Gradients,
    jacobians: dict[Node, LocalJacobian],
) -> tuple[list[PartialPath], float]:
    """The path extended by one step, the largest first; and the sum of the extensions that are not followed.

    A step with derivative 0 is omitted, unless a factor before or after it is infinite or nan: 0 times that is not 0.
    """
    found: list[tuple[float, Edge, int, int, Array]] = []
    for user, argument in users:
        grads = [gradients.at.get((user, i)) for i in range(len(user.outputs))]
        like = next((g for g in grads if g is not None), None)
        if like is None:
            continue
        local = jacobians.setdefault(user, LocalJacobian(user, like))
        for i, (grad, column) in enumerate(zip(grads, local.column(argument, path.element), strict=True)):
            if grad is not None and column is not None:
                flat, slopes = grad.reshape(-1), column.reshape(-1)
                share = gradients.inputs.get((user, argument))
                undefined = share is not None and math.isnan(share.reshape(-1)[path.element].item())
                matters = (slopes != 0) | (~xp.isfinite(flat) if undefined else False)
                if not math.isfinite(path.product) and gradients.at[path.edge].reshape(-1)[path.element] == 0:
                    matters = matters | True
                elements = xp.flatnonzero(matters).tolist()
                found += [(slopes[j].item() * flat[j].item(), (user, i), j, argument, slopes) for j in elements]
    found.sort(key=lambda step: -_magnitude(step[0]))
    extensions = []
    for size, edge, j, argument, slopes in found[:MAX_BRANCHES]:
        top, _, bottom = tape.local_name(edge[0], edge[1], argument).partition("/∂")
        top = top[1:] + element_place(edge[0].outputs[edge[1]][0], j)
        place = element_place(path.edge[0].outputs[path.edge[1]][0], path.element)
        factor = _factor(f"∂{top}/∂{bottom}{place}", slopes, j, top, bracketed(tape.name(path.edge)) + place)
        step = (factor, *gradients.hook(tape, edge, j))
        product = path.product * math.prod(factor.value for factor in step)
        extensions.append(PartialPath(edge, j, (*path.factors, *step), product, path.product * size))
    return extensions, sum(path.product * step[0] for step in found[MAX_BRANCHES:])


def _factor(name: str, values: Array, element: int, top: str = "", bottom: str = "") -> Factor:
    value = values.reshape(-1)[element].item()
    return Factor(name, value, digits_of(value, values), top, bottom)


def _magnitude(value: float) -> float:
    """The absolute value, for sorting; nan is the largest."""
    return math.inf if math.isnan(value) else abs(value)


def digits_of(value: float, like: Array) -> str:
    """A number with the digits of the dtype of `like`."""
    return evaluable(str(like.dtype.type(value)))


def evaluable(digits: str) -> str:
    return f"float('{digits}')" if digits.lstrip("-") in ("inf", "nan") else digits
