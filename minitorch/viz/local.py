"""Local derivatives with numbers: of any op, read out of its own backward.

backward is linear in what it is given: it maps the gradient u of the output to J^T u, where J has a row for each element of the
output and a column for each of an input. Given u as a Tensor it records itself; differentiated again, with respect to u, its
element k gives column k of J: how every element of the output depends on element k of the input.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from minitorch.autograd.api import grad
from minitorch.autograd.grad_mode import enable_grad, set_grad_enabled
from minitorch.autograd.graph import Node, Op, observed_by, unbroadcast
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.ops.elementwise import Pointwise

__all__ = ["Local", "at", "largest", "terms"]

MOST_ROWS = 1024  # elements of outputs up to which J is computed row by row, for a backward that cannot be differentiated


class Local:
    """The derivative of one node's outputs in its arguments; `like` is an array on the device of the node."""

    def __init__(self, node: Node, like: Array) -> None:
        self.node, self.like = node, like
        self._results: tuple[Any, ...] | None = None
        self._rows: list[list[Any]] | None = None
        self._wholes: dict[int, Array | None] = {}

    def whole(self, argument: int) -> Array | None:
        """All of J as one array, if each element of the output depends on one of the input, or the output is a number.

        Times the gradient of the output, it is what the op passes back, before that is summed over repeated dimensions.
        """
        node = self.node
        if len(node.outputs) > 1 or not (isinstance(node, Pointwise) or node.outputs[0][0] == ()):
            return None
        if not self._wholes:
            shape, dtype = node.outputs[0]
            results = self._run([xp.ones_like(self.like, shape=shape, dtype=dtype)], False)
            self._wholes = dict(enumerate(results))
        return self._wholes.get(argument)

    def column(self, argument: int, element: int) -> list[Array | None]:
        """For each output an array of its shape: ∂ output / ∂ this element (counted in order) of the argument."""
        edge = self.node.edges[argument]
        assert edge is not None
        whole, shape = self.whole(argument), edge[0].outputs[edge[1]][0]
        if whole is not None and isinstance(self.node, Pointwise):  # of what was repeated, every copy
            chosen = xp.zeros_like(whole, order="C", shape=shape, dtype=bool)
            chosen.reshape(-1)[element] = True
            return [xp.where(xp.broadcast_to(chosen, whole.shape), whole, whole.dtype.type(0))]
        if whole is not None and whole.shape == shape:
            return [whole.reshape(-1)[element].reshape(())]
        try:
            columns = self._by_differentiating(argument, element)
        except Exception:
            if isinstance(self.node, Op):
                raise
            columns = None  # a backward of the program's may do what cannot be recorded
        poor = columns is None or any(c is not None and bool(xp.isnan(c).any()) for c in columns)  # 0 times infinity, perhaps
        by_rows = self._by_rows(argument, element) if poor else None
        return by_rows or columns or [None] * len(self.node.outputs)

    def _by_differentiating(self, argument: int, element: int) -> list[Array | None] | None:
        """The column as the derivative of what backward passes back; None if that was not recorded."""
        with observed_by(), enable_grad():
            if self._results is None:
                self._results = self._run(self._seeds, True)
            result, edge = self._results[argument], self.node.edges[argument]
            assert edge is not None
            if result is None:
                return [None] * len(self._seeds)
            part = unbroadcast(result, edge, self.node, True).reshape(-1)[element]
            if not part.requires_grad:
                return None
            wanted = [seed for seed in self._seeds if seed is not None]
            found = iter(grad(part, wanted, retain_graph=True, allow_unused=True))
            columns = [None if seed is None else next(found) for seed in self._seeds]
            return [None if c is None else c._array for c in columns]

    @functools.cached_property
    def _seeds(self) -> list[Any]:
        """Ones for every output that has a gradient, as Tensors whose gradient is wanted."""
        return [
            wrap(xp.ones_like(self.like, shape=shape, dtype=dtype)).requires_grad_() if _differentiable(dtype) else None
            for shape, dtype in self.node.outputs
        ]

    def _run(self, got: Sequence[Any], recording: bool) -> tuple[Any, ...]:
        with observed_by(), set_grad_enabled(recording), xp.errstate(all="ignore"):
            return self.node.call_backward(tuple(got), recording)

    def _by_rows(self, argument: int, element: int) -> list[Array | None] | None:
        """The column out of all rows of J: one run for each element of each output. None if these are too many."""
        edge = self.node.edges[argument]
        assert edge is not None
        if self._rows is None:
            if sum(seed.numel() for seed in self._seeds if seed is not None) > MOST_ROWS:
                return None
            self._rows = [[self._run(got, False) for got in self._one_hot(nr)] for nr in range(len(self._seeds))]
        columns: list[Array | None] = []
        for seed, rows in zip(self._seeds, self._rows, strict=True):
            column = None if seed is None else xp.zeros_like(seed._array, order="C")
            for i, results in enumerate(rows):
                if column is not None and results[argument] is not None:
                    column.reshape(-1)[i] = unbroadcast(results[argument], edge, self.node, False).reshape(-1)[element]
            columns.append(column)
        return columns

    def _one_hot(self, nr: int) -> Iterator[list[Any]]:
        """Gradients of the outputs that are 1 at one element of output `nr`, each in turn."""
        seed = self._seeds[nr]
        for i in range(0 if seed is None else seed.numel()):
            got = [None if s is None else xp.zeros_like(s._array, order="C") for s in self._seeds]
            got[nr].reshape(-1)[i] = 1  # type: ignore[union-attr]
            yield got


def _differentiable(dtype: Any) -> bool:
    return dtype is not None and dtype.kind == "f"


def terms(upstream: Sequence[Array | None], column: Sequence[Array | None]) -> list[tuple[int, int, float, float]]:
    """What of the gradient of the outputs goes to one element: (output, its element, gradient, derivative), largest first."""
    found: list[tuple[int, int, float, float]] = []
    for nr, (got, slope) in enumerate(zip(upstream, column, strict=True)):
        if got is not None and slope is not None:
            flat, steep = got.reshape(-1), slope.reshape(-1)
            for j in xp.flatnonzero(steep).tolist():
                found.append((nr, j, flat[j].item(), steep[j].item()))
    found.sort(key=lambda term: -abs(term[2] * term[3]))
    return found


def largest(array: Array) -> int:
    """Which element, counted in order, is the largest in size."""
    return int(xp.argmax(xp.nan_to_num(abs(array.reshape(-1)))))


def at(name: str, shape: Sequence[int], element: int) -> str:
    """An element by its name: w[0, 2]; of a scalar, w."""
    if not shape or 0 in shape:
        return name
    place = []
    for n in reversed(shape):
        place.append(element % n)
        element //= n
    return f"{name}[{', '.join(map(str, reversed(place)))}]"
