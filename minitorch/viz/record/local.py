"""Local derivatives as numbers: the Jacobian of any op, computed from its own backward.

backward is linear in the upstream gradient: it maps the gradient u of the output to J^T u, where J has a row for each element
of the output and a column for each element of an input. If u is a Tensor that requires grad, backward is recorded. The
derivative of its element k with respect to u is column k of J: how every output element depends on input element k.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from minitorch.autograd.api import grad
from minitorch.autograd.grad_mode import enable_grad, set_grad_enabled
from minitorch.autograd.graph import Edge, Node, Op, observed_by, unbroadcast
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.ops.elementwise import Pointwise

__all__ = ["CallJacobian", "LocalJacobian", "argmax_abs", "element_name", "terms"]

MAX_ROWS = 1024  # most output elements for which J is computed row by row, if backward cannot be differentiated


class LocalJacobian:
    """The Jacobian of one node: its outputs with respect to its arguments; `like` is an array on the node's device."""

    def __init__(self, node: Node, like: Array) -> None:
        self.node, self.like = node, like
        self._results: tuple[Any, ...] | None = None
        self._rows: list[list[Any]] | None = None
        self._arrays: dict[int, Array | None] = {}

    def array(self, argument: int) -> Array | None:
        """J as one array, if each output element depends on one input element (elementwise op), or the output is a scalar.

        Multiplied by the upstream gradient it is the gradient of the input, before the sum over broadcast dimensions.
        """
        node = self.node
        if len(node.outputs) > 1 or not (isinstance(node, Pointwise) or node.outputs[0][0] == ()):
            return None
        if not self._arrays:
            shape, dtype = node.outputs[0]
            results = self._run([xp.ones_like(self.like, shape=shape, dtype=dtype)], False)
            self._arrays = dict(enumerate(results))
        return self._arrays.get(argument)

    def column(self, argument: int, element: int) -> list[Array | None]:
        """For each output an array of its shape: ∂ output / ∂ element (a flat index) of the argument."""
        edge = self.node.edges[argument]
        assert edge is not None
        jacobian, shape = self.array(argument), edge[0].outputs[edge[1]][0]
        if jacobian is not None and isinstance(self.node, Pointwise):  # every copy of a broadcast element
            chosen = xp.zeros_like(jacobian, order="C", shape=shape, dtype=bool)
            chosen.reshape(-1)[element] = True
            return [xp.where(xp.broadcast_to(chosen, jacobian.shape), jacobian, jacobian.dtype.type(0))]
        if jacobian is not None and jacobian.shape == shape:
            return [jacobian.reshape(-1)[element].reshape(())]
        try:
            columns = self._by_differentiating(argument, element)
        except Exception:
            if isinstance(self.node, Op):
                raise
            columns = None  # a user's backward may do what cannot be recorded
        retry = columns is None or any(c is not None and bool(xp.isnan(c).any()) for c in columns)  # nan: maybe 0 times inf
        by_rows = self._by_rows(argument, element) if retry else None
        return by_rows or columns or [None] * len(self.node.outputs)

    def _by_differentiating(self, argument: int, element: int) -> list[Array | None] | None:
        """The column as the derivative of backward's result; None if that was not recorded."""
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
            inputs = [seed for seed in self._seeds if seed is not None]
            grads = iter(grad(part, inputs, retain_graph=True, allow_unused=True))
            columns = [None if seed is None else next(grads) for seed in self._seeds]
            return [None if c is None else c._array for c in columns]

    @functools.cached_property
    def _seeds(self) -> list[Any]:
        """Ones for every differentiable output, as Tensors that require grad."""
        return [
            wrap(xp.ones_like(self.like, shape=shape, dtype=dtype)).requires_grad_() if _differentiable(dtype) else None
            for shape, dtype in self.node.outputs
        ]

    def _run(self, grad_outputs: Sequence[Any], recording: bool) -> tuple[Any, ...]:
        with observed_by(), set_grad_enabled(recording), xp.errstate(all="ignore"):
            return self.node.call_backward(tuple(grad_outputs), recording)

    def _by_rows(self, argument: int, element: int) -> list[Array | None] | None:
        """The column from all rows of J: one backward for each element of each output. None if these are too many."""
        edge = self.node.edges[argument]
        assert edge is not None
        if self._rows is None:
            if sum(seed.numel() for seed in self._seeds if seed is not None) > MAX_ROWS:
                return None
            self._rows = [[self._run(grads, False) for grads in self._one_hot(nr)] for nr in range(len(self._seeds))]
        columns: list[Array | None] = []
        for seed, rows in zip(self._seeds, self._rows, strict=True):
            column = None if seed is None else xp.zeros_like(seed._array, order="C")
            for i, results in enumerate(rows):
                if column is not None and results[argument] is not None:
                    column.reshape(-1)[i] = unbroadcast(results[argument], edge, self.node, False).reshape(-1)[element]
            columns.append(column)
        return columns

    def _one_hot(self, nr: int) -> Iterator[list[Any]]:
        """Gradients of the outputs that are 1 at one element of output `nr` and 0 elsewhere, one for each element."""
        seed = self._seeds[nr]
        for i in range(0 if seed is None else seed.numel()):
            grad_outputs = [None if s is None else xp.zeros_like(s._array, order="C") for s in self._seeds]
            grad_outputs[nr].reshape(-1)[i] = 1  # type: ignore[union-attr]
            yield grad_outputs


class CallJacobian:
    """The Jacobian of several nodes in a row, such as those of cross_entropy: one output of theirs, as a function of an input.

    Their backward, one after the other, is as linear as that of one node.
    """

    def __init__(self, nodes: Sequence[Node], output: Edge, like: Array) -> None:
        self.nodes, self.output, self.like = nodes, output, like

    def column(self, edge: Edge, element: int) -> Array | None:
        """∂ output / ∂ element of the value at `edge`, which enters the nodes; None if that cannot be computed."""
        try:
            with observed_by(), enable_grad(), xp.errstate(all="ignore"):
                seed = wrap(xp.ones_like(self.like)).requires_grad_()
                sums: dict[Edge, Any] = {self.output: seed}
                for node in reversed(self.nodes):
                    upstream = tuple(sums.get((node, nr)) for nr in range(len(node.outputs)))
                    if all(grad is None for grad in upstream):
                        continue
                    for to, result in zip(node.edges, node.call_backward(upstream, True), strict=False):
                        if to is not None and result is not None:
                            part = unbroadcast(result, to, node, True)
                            sums[to] = sums[to] + part if to in sums else part
                part = sums[edge].reshape(-1)[element]
                (found,) = grad(part, [seed], allow_unused=True) if part.requires_grad else (None,)
                return None if found is None else found._array
        except Exception:  # a user's backward may do what cannot be recorded
            return None


def _differentiable(dtype: Any) -> bool:
    return dtype is not None and dtype.kind == "f"


def terms(upstream: Sequence[Array | None], column: Sequence[Array | None]) -> list[tuple[int, int, float, float]]:
    """The products upstream x local of one element's gradient, largest first: (output, element, upstream, local)."""
    found: list[tuple[int, int, float, float]] = []
    for nr, (grad_output, derivative) in enumerate(zip(upstream, column, strict=True)):
        if grad_output is not None and derivative is not None:
            u, d = grad_output.reshape(-1), derivative.reshape(-1)
            for j in xp.flatnonzero(d).tolist():
                found.append((nr, j, u[j].item(), d[j].item()))
    found.sort(key=lambda term: -abs(term[2] * term[3]))
    return found


def argmax_abs(array: Array) -> int:
    """The flat index of the element with the largest absolute value; nan counts as 0."""
    return int(xp.argmax(xp.nan_to_num(abs(array.reshape(-1)))))


def element_name(name: str, shape: Sequence[int], element: int) -> str:
    """The name of an element: w[0, 2], (w·x)[0, 2]; of a scalar, w."""
    place = element_place(shape, element)
    simple = not place or name.isidentifier() or len(name) == 1 or ("·" not in name and " " not in name)
    return (name if simple else f"({name})") + place


def element_place(shape: Sequence[int], element: int) -> str:
    """The index of an element: [0, 2]; of a scalar, nothing."""
    if not shape or 0 in shape:
        return ""
    index = []
    for n in reversed(shape):
        index.append(element % n)
        element //= n
    return f"[{', '.join(map(str, reversed(index)))}]"
