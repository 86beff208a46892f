"""Other ways to compute what ops/ defines: quicker, and equal within what each declares.

    numpy/     with NumPy alone: in blocks, by bits, cell by cell, as matrix products
    numba/     as loops that Numba compiles, if it is installed
    cupy/      for arrays on a GPU: kernels written in C, and convolution by cuDNN
    threads.py work shared among the processor cores

An implementation is a function of arrays, registered under a definition's name (backend/dispatch.py):

    @implements("sigmoid", engine="numba", dtypes="f", pays_from=1 << 12, ulp=4, sample=samples.elementwise(1))
    def sigmoid(x): ...

It says which arrays it takes, from how much work on it pays, how exact it is, and how to draw arguments for its test. Nothing
in ops/ imports this folder, and minitorch computes the same without it.

    print(kernels.table())               every definition with its implementations
    with kernels.only("definition"): ... everything computed as ops/ has it written
"""

from __future__ import annotations

import importlib
from pathlib import Path

from minitorch.backend.dispatch import Definition, Implementation, definition, definitions, implements, only

__all__ = ["Definition", "Implementation", "Table", "definition", "definitions", "implements", "only", "table"]

for _module in (  # importing registers; what is registered last is tried first
    "numpy.elementwise", "numpy.softmax", "numpy.pooling", "numpy.large_windows", "numpy.convolution",
    "numpy.pointwise_convolution", "numpy.small_transpose", "numpy.normalization",
    "numba.elementwise", "numba.exponential", "numba.indexing", "numba.pooling", "numba.normalization", "numba.convolution",
    "numba.products", "numba.recurrence", "numba.updates",
    "cupy.elementwise", "cupy.indexing", "cupy.pooling", "cupy.normalization", "cupy.convolution", "cupy.updates",
):  # fmt: skip
    importlib.import_module(f"minitorch.kernels.{_module}")


class Table:
    """What `table` returns; it prints as text. `rows` has the pairs of a definition and its implementations."""

    def __init__(self) -> None:
        self.rows = [(definitions[name], definitions[name].implementations) for name in sorted(definitions)]

    def __repr__(self) -> str:
        lines = []
        for entry, implementations in self.rows:
            code = getattr(entry.function, "__code__", None)
            where = f"{_short(code.co_filename)}:{code.co_firstlineno}" if code else "not defined"
            lines.append(f"{entry.name:<20} {where}")
            for i in reversed(implementations):
                unit = "elements" if i.work is None else "multiplications"
                pays = f"from {i.pays_from:,} {unit}" if i.pays_from else "always"
                exact = f"within {i.ulp} ulp" if i.ulp else "exact"
                here = "" if i.available() else "   (not available here)"
                lines.append(f"    {i.engine:<8} {i.library} arrays of {i.dtypes or 'any dtype':<10} {pays:<34} {exact}{here}")
        return "\n".join(lines)


def table() -> Table:
    """Every definition, where it is written, and its implementations in the order in which they are tried."""
    return Table()


def _short(path: str) -> str:
    return "/".join(Path(path).parts[-2:])
