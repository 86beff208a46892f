"""Vectors in registers: what LLVM does not make of a Python loop, written in its own instructions.

A loop over `y[o] += w * x[o]` reads and writes y at each step, which takes longer than the multiplication. In a tile (in
float32: 4 features by 48 places) all sums stay in registers while a loop goes over the cells of a kernel, and each number that
is read serves all features or all places. The processor then multiplies as fast as it can.

Each function stands here twice: as Python, which says what it computes, and as instructions for vectors, which Numba inserts
where it is called. Tests hold the two equal.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from minitorch.backend.arrays import Array
from minitorch.kernels.numba.compiler import in_llvm

__all__ = [
    "VECTOR_BYTES",
    "WIDTH",
    "copied_rows",
    "every_second_of_rows",
    "line",
    "line_products",
    "products",
    "shifted_row",
    "strip",
]

VECTOR_BYTES = 64  # the widest registers
WIDTH = 3  # vectors: the places of a tile


def _vector_bytes() -> int:
    """Where the processor has 16 registers, not 32, the sums of a tile fit if its vectors are half as long."""
    features = importlib.import_module("numba.core.codegen").get_host_cpu_features()
    return VECTOR_BYTES if "+avx512vl" in features else VECTOR_BYTES // 2


class _Emitter:
    """Writes instructions on vectors of a kind of number: reading, arithmetic, writing, loops."""

    def __init__(self, builder: Any, number: Any, vector_bytes: int) -> None:
        self.ir, self.builder = importlib.import_module("llvmlite.ir"), builder
        self.itemsize = 8 if isinstance(number, self.ir.DoubleType) else 4
        self.lanes = vector_bytes // self.itemsize
        self.vector, self.int = self.ir.VectorType(number, self.lanes), self.ir.IntType(64)

    def zero(self, kind: Any) -> Any:
        return self.ir.Constant(kind, None)

    def load(self, array: Any, index: Any) -> Any:
        """One number."""
        return self.builder.load(self.builder.gep(array, [index]))

    def address(self, array: Any, index: Any) -> Any:
        """Where a vector begins."""
        return self.builder.bitcast(self.builder.gep(array, [index]), self.vector.as_pointer())

    def load_vector(self, array: Any, index: Any) -> Any:
        return self.builder.load(self.address(array, index), align=self.itemsize)

    def store_vector(self, vector: Any, array: Any, index: Any) -> None:
        self.builder.store(vector, self.address(array, index), align=self.itemsize)

    def spread(self, number: Any) -> Any:
        """A vector with one number in all its lanes."""
        one = self.builder.insert_element(self.ir.Constant(self.vector, self.ir.Undefined), number, self.int(0))
        return self.builder.shuffle_vector(one, one, self.zero(self.ir.VectorType(self.ir.IntType(32), self.lanes)))

    def sum_of_product(self, a: Any, b: Any, total: Any) -> Any:
        """total + a b, by one instruction where there is one."""
        return self.builder.fadd(total, self.builder.fmul(a, b, flags=("contract",)), flags=("contract",))

    def sum_of_lanes(self, vector: Any) -> Any:
        """One number."""
        kind = self.ir.FunctionType(vector.type.element, [vector.type.element, vector.type])
        name = f"llvm.vector.reduce.fadd.v{self.lanes}f{8 * self.itemsize}"
        module = self.builder.module
        add = module.globals.get(name) or self.ir.Function(module, kind, name)
        return self.builder.call(add, [self.zero(vector.type.element), vector], fastmath=("reassoc",))

    def plus(self, index: Any, number: int) -> Any:
        return self.builder.add(index, self.int(number))

    def at_most_last(self, index: int, array: _Array) -> Any:
        """An index along the first dimension, or the last one if there are less."""
        last = self.plus(array.rows, -1)
        return self.builder.select(self.builder.icmp_signed("<", self.int(index), last), self.int(index), last)

    def loop(self, first: Any, stop: Any, step: int, values: Sequence[Any], body: Callable[..., list[Any]]) -> list[Any]:
        """for i in range(first, stop, step): values = body(i, *values), at least once."""
        before, inside, after = self.builder.block, *(self.builder.append_basic_block() for _ in range(2))
        self.builder.branch(inside)
        self.builder.position_at_end(inside)
        names = [self.builder.phi(value.type) for value in (first, *values)]
        following = [self.plus(names[0], step), *body(*names)]
        for name, now, then in zip(names, (first, *values), following, strict=True):
            name.add_incoming(now, before)
            name.add_incoming(then, self.builder.block)
        self.builder.cbranch(self.builder.icmp_signed("<", following[0], stop), inside, after)
        self.builder.position_at_end(after)
        return following[1:]

    def fill_row(self, target: Any, count: Any, vector: Any, number: Any, less: bool = False) -> None:
        """target[k] = number(k) for k below `count`, as vectors, and one by one what is left: with `less` at least one."""
        whole = self.builder.and_(self.plus(count, -less), self.int(-self.lanes))

        def of_vector(k: Any) -> list[Any]:
            self.store_vector(vector(k), target, k)
            return []

        def of_number(k: Any) -> list[Any]:
            self.builder.store(number(k), self.builder.gep(target, [k]))
            return []

        with self.builder.if_then(self.builder.icmp_signed("<", self.int(0), whole)):
            self.loop(self.int(0), whole, self.lanes, [], of_vector)
        with self.builder.if_then(self.builder.icmp_signed("<", whole, count)):
            self.loop(whole, count, 1, [], of_number)


@dataclass
class _Array:
    """An argument: the address of its first number, its size along the first and last dimension, from one row to the next."""

    data: Any
    rows: Any
    columns: Any
    to_next: Any


def _intrinsic(emit: Callable[..., None], vector_bytes: int | None, numba: Any, function: Callable[..., None]) -> Any:
    """In place of a function, code that emit(emitter, *arguments) writes. The first argument is an array of its numbers."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emitter = _Emitter(builder, context.get_value_type(signature.args[0].dtype), vector_bytes or _vector_bytes())
        arguments = list(args)
        for i, kind in enumerate(signature.args):
            if isinstance(kind, numba.types.Array):
                array = context.make_array(kind)(context, builder, args[i])
                shape, strides = (numba.core.cgutils.unpack_tuple(builder, each) for each in (array.shape, array.strides))
                to_next = builder.sdiv(strides[0], emitter.int(emitter.itemsize))
                arguments[i] = _Array(array.data, shape[0], shape[-1], to_next)
        emit(emitter, *arguments)
        return context.get_dummy_value()

    def typed(typing_context: Any, *types: Any) -> Any:
        return numba.types.void(*types), code

    names = ["typing_context", *inspect.signature(function).parameters]
    signature = inspect.Signature([inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names])
    typed.__dict__["__signature__"] = signature
    return numba.extending.intrinsic(typed)


def written_by(
    emit: Callable[..., None], vector_bytes: int | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """In compiled code `emit` writes the instructions for the decorated function."""
    return in_llvm(functools.partial(_intrinsic, emit, vector_bytes))


# In the next two, the values that a loop hands on from round to round are the sums of a tile.


def _strip(features: int, e: _Emitter, weights: _Array, x: _Array, places: _Array, sums: _Array, count: Any) -> None:
    """For each tile, of features times WIDTH vectors, a loop over the cells."""
    tile = [(f, v) for f in range(features) for v in range(WIDTH)]

    def of_places(start: Any) -> list[Any]:
        def of_cell(k: Any, *totals: Any) -> list[Any]:
            place = e.builder.add(e.load(places.data, k), start)
            read = [e.load_vector(x.data, e.plus(place, v * e.lanes)) for v in range(WIDTH)]
            first = e.builder.mul(k, e.int(features))
            weight = [e.spread(e.load(weights.data, e.plus(first, f))) for f in range(features)]
            return [e.sum_of_product(weight[f], read[v], total) for (f, v), total in zip(tile, totals, strict=True)]

        totals = e.loop(e.int(0), places.rows, 1, [e.zero(e.vector)] * len(tile), of_cell)
        for (f, v), total in zip(tile, totals, strict=True):
            row = e.builder.add(e.builder.mul(e.int(f), sums.to_next), start)
            e.store_vector(total, sums.data, e.plus(row, v * e.lanes))
        return []

    e.loop(e.int(0), count, WIDTH * e.lanes, [], of_places)


def _products(features: int, cells: int, e: _Emitter, g: _Array, x: _Array, places: _Array, sums: _Array, count: Any) -> None:
    """One tile, of features times cells vectors, and a loop over the places."""
    tile = [(f, k) for f in range(features) for k in range(cells)]
    of_feature = [e.builder.mul(e.at_most_last(f, g), g.to_next) for f in range(features)]
    of_cell = [e.load(places.data, e.at_most_last(k, places)) for k in range(cells)]

    def of_places(o: Any, *totals: Any) -> list[Any]:
        a = [e.load_vector(g.data, e.builder.add(row, o)) for row in of_feature]
        b = [e.load_vector(x.data, e.builder.add(place, o)) for place in of_cell]
        return [e.sum_of_product(a[f], b[k], total) for (f, k), total in zip(tile, totals, strict=True)]

    for (f, k), total in zip(tile, e.loop(e.int(0), count, e.lanes, [e.zero(e.vector)] * len(tile), of_places), strict=True):
        at = e.builder.gep(sums.data, [e.plus(e.builder.mul(e.int(f), sums.to_next), k)])
        e.builder.store(e.builder.fadd(e.builder.load(at), e.sum_of_lanes(total)), at)


def _shifted_row(e: _Emitter, source: _Array, target: _Array, shift: Any) -> None:
    less, shifts = e.builder.icmp_signed("<", source.rows, target.rows), e.spread(shift)
    e.fill_row(
        target.data,
        e.builder.select(less, source.rows, target.rows),
        lambda k: e.builder.fadd(e.load_vector(source.data, k), shifts),
        lambda k: e.builder.fadd(e.load(source.data, k), shift),
    )


def _copied_rows(step: int, e: _Emitter, source: _Array, target: _Array, pitch: Any) -> None:
    """Of every second number: two vectors are read, and half of their lanes written."""
    every = e.ir.Constant(e.ir.VectorType(e.ir.IntType(32), e.lanes), [step * lane for lane in range(e.lanes)])

    def row(r: Any) -> list[Any]:
        read = e.builder.gep(source.data, [e.builder.mul(r, source.to_next)])

        def vector(k: Any) -> Any:
            first = e.builder.mul(k, e.int(step))
            parts = [e.load_vector(read, e.plus(first, part * e.lanes)) for part in range(step)]
            return parts[0] if step == 1 else e.builder.shuffle_vector(*parts, every)

        written, count = e.builder.gep(target.data, [e.builder.mul(r, pitch)]), e.plus(source.columns, step - 1)
        e.fill_row(
            written, e.builder.sdiv(count, e.int(step)), vector, lambda k: e.load(read, e.builder.mul(k, e.int(step))), step > 1
        )
        return []

    e.loop(e.int(0), source.rows, 1, [], row)


# ---- the same as Python -----------------------------------------------------------------------------------------------


@written_by(functools.partial(_strip, 4))
def strip(weights: Array, x: Array, places: Array, sums: Array, count: int) -> None:
    """sums[f, o] = sum over k of weights[k, f] x[places[k] + o],  for 4 features f, and o below `count`, or up to the end of a
    tile
    """
    width = WIDTH * VECTOR_BYTES // x.itemsize
    for f in range(weights.shape[1]):
        for o in range(-(-count // width) * width):
            sums[f, o] = 0
            for k in range(places.size):
                sums[f, o] += weights[k, f] * x[places[k] + o]


@written_by(functools.partial(_strip, 1))
def line(weights: Array, x: Array, places: Array, sums: Array, count: int) -> None:
    """The same for 1 feature."""
    strip(weights, x, places, sums, count)


@written_by(functools.partial(_products, 4, 3))
def products(g: Array, x: Array, places: Array, sums: Array, count: int) -> None:
    """sums[f, k] += sum over o of g[f, o] x[places[k] + o],  for 4 features f, 3 cells k, and o below `count`, which vectors
    divide. The last row of g and the last place stand for those that lack.
    """
    features, cells = sums.shape
    for f in range(features):
        for k in range(cells):
            for o in range(count):
                sums[f, k] += g[min(f, len(g) - 1), o] * x[places[min(k, places.size - 1)] + o]


@written_by(functools.partial(_products, 1, 3))
def line_products(g: Array, x: Array, places: Array, sums: Array, count: int) -> None:
    """The same for 1 feature."""
    products(g, x, places, sums, count)


@written_by(_shifted_row, VECTOR_BYTES // 2)
def shifted_row(source: Array, target: Array, shift: Any) -> None:
    """Copy as many numbers as there is room for, plus a number."""
    for k in range(min(source.size, target.size)):
        target[k] = source[k] + shift


@written_by(functools.partial(_copied_rows, 1), VECTOR_BYTES // 2)
def copied_rows(source: Array, target: Array, pitch: int) -> None:
    """Copy the rows of a matrix, whose numbers lie side by side, to every `pitch` numbers of the target."""
    for r in range(source.shape[0]):
        target[r * pitch : r * pitch + source.shape[1]] = source[r]


@written_by(functools.partial(_copied_rows, 2), VECTOR_BYTES // 2)
def every_second_of_rows(source: Array, target: Array, pitch: int) -> None:
    """The same for every second number of a row."""
    copied_rows(source[:, ::2], target, pitch)
