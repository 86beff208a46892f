"""The result of a gradient check: the worst entries of each input, and a diagnosis.

`gradcheck` fills a `GradcheckReport` with one `Comparison` for each pair of an output and an input. A matrix has a row for each
element of the output and a column for each element of the input. viz.heatmap draws it.
"""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field

from minitorch.backend.arrays import Array, xp

__all__ = ["Comparison", "Entry", "GradcheckError", "GradcheckReport"]

SHOWN = 3  # entries of each comparison that is off


class GradcheckError(RuntimeError):
    """A derivative and the finite differences disagree. `report` says where.

    >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> try:
    ...     minitorch.autograd.gradcheck(lambda x: x * x.detach(), x)  # backward misses a factor
    ... except minitorch.autograd.GradcheckError as error:
    ...     print(round(error.report.worst.factor(), 4))
    0.5
    """

    def __init__(self, report: GradcheckReport) -> None:
        super().__init__(str(report))
        self.report = report

    def __reduce__(self) -> tuple[type[GradcheckError], tuple[GradcheckReport]]:
        return GradcheckError, (self.report,)


@dataclass(frozen=True)
class Entry:
    """One element of a Jacobian: d output[row] / d input[column]."""

    row: tuple[int, ...]
    column: tuple[int, ...]
    expected: float
    got: float

    @property
    def error(self) -> float:
        return abs(self.got - self.expected)


@dataclass
class Comparison:
    """The derivative of one output in one input, by backward and by differences."""

    label: str  # of the input: "input 0", "input 1['a']", "parameter 'weight'"
    input_shape: tuple[int, ...]
    output: str  # "output 0", or "gradient 0" where derivatives of gradients are checked
    output_shape: tuple[int, ...]
    analytical: Array  # (elements of the output, elements of the input)
    numerical: Array
    atol: float
    rtol: float
    looks_like: str = ""  # a sentence on the worst entry: a wrong formula, a kink, rounding

    @property
    def error(self) -> Array:
        """|analytical - numerical|, of the Jacobian's shape; infinite where one of them is nan, which shows nothing."""
        a, n = self.analytical, self.numerical
        error = xp.abs(xp.where(a == n, 0.0, a) - xp.where(a == n, 0.0, n))
        return xp.where(xp.isnan(error), xp.inf, error)

    @property
    def allowed(self) -> Array:
        """The largest error that each entry may have: atol + rtol |numerical|."""
        size = xp.abs(self.numerical)
        return self.atol + self.rtol * xp.where(xp.isfinite(size), size, 0.0)

    @property
    def off(self) -> Array:
        """Which entries disagree."""
        return self.error > self.allowed

    @property
    def agrees(self) -> bool:
        return not self.off.any()

    def worst(self, count: int = SHOWN) -> list[Entry]:
        """The entries that are furthest off, the worst first."""
        excess = (self.error - self.allowed).reshape(-1)
        order = xp.argsort(-excess, kind="stable")[: min(count, int(self.off.sum()))]
        return [self.entry(*divmod(int(i), self.numerical.shape[1])) for i in order]

    def entry(self, row: int, column: int) -> Entry:
        return Entry(
            _index(row, self.output_shape),
            _index(column, self.input_shape),
            float(self.numerical[row, column]),
            float(self.analytical[row, column]),
        )

    def factor(self) -> float | None:
        """If the whole Jacobian is one multiple of what it should be, that number."""
        some = xp.abs(self.numerical) > 1e-6 * max(1.0, float(xp.abs(self.numerical).max(initial=0.0)))
        if some.sum() < 2 or not xp.isfinite(self.analytical).all():
            return None
        ratios = self.analytical[some] / self.numerical[some]
        middle = float(xp.median(ratios))
        close = xp.allclose(ratios, middle, rtol=1e-3, atol=1e-5)
        rest_is_zero = xp.allclose(self.analytical[~some], 0.0, atol=1e-5)
        return middle if close and rest_is_zero else None

    def __str__(self) -> str:
        what = f"{self.label}, shape {list(self.input_shape)}"
        if self.agrees:
            largest = float(self.error.max(initial=0.0))
            return f"{what}: all {self.error.size} entries agree with {self.output}, the largest error is {largest:.2g}"
        lines = [
            f"{what}: {int(self.off.sum())} of {self.error.size} entries are off by more than atol={self.atol:g} + "
            f"rtol={self.rtol:g} * |expected|",
            f"    {self.output:<14} {'input':<14} {'expected':>14} {'got':>14} {'error':>11}",
        ]
        for e in self.worst():
            places = f"{list(e.row)!s:<14} {list(e.column)!s:<14}"
            lines.append(f"    {places} {e.expected:>14.8g} {e.got:>14.8g} {e.error:>11.3g}")
        if (more := int(self.off.sum()) - SHOWN) > 0:
            lines.append(f"    ... and {more} more")
        if (factor := self.factor()) is not None and math.isclose(factor, 0, abs_tol=1e-6):
            lines.append("  All that came is 0: does the result still depend on it (detach(), .data, a gradient of None)?")
        elif factor is not None:
            lines.append(f"  Every entry that came is {factor:.6g} times what is expected.")
        if self.looks_like:
            lines.append(textwrap.fill(self.looks_like, 110, initial_indent="  ", subsequent_indent="  "))
        return "\n".join(lines)


@dataclass
class GradcheckReport:
    """True if the derivative agrees with the differences; printed, it says where it does not.

    >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> report = minitorch.autograd.gradcheck(lambda x: x**2, x, raise_exception=False)
    >>> bool(report), report.worst is None
    (True, True)
    """

    comparisons: list[Comparison] = field(default_factory=list)
    method: str = ""  # how `expected` was found
    problem: str = ""  # why there was nothing to compare

    def __bool__(self) -> bool:
        return not self.problem and all(c.agrees for c in self.comparisons)

    @property
    def worst(self) -> Comparison | None:
        """The comparison with the entry that is furthest off; None if all agree."""
        off = [c for c in self.comparisons if not c.agrees]
        return max(off, key=lambda c: float((c.error - c.allowed).max()), default=None)

    def __str__(self) -> str:
        if self.problem:
            return self.problem
        worst = self.worst
        lines = []
        if worst is None:
            count = sum(c.error.size for c in self.comparisons)
            if count:
                lines.append(f"The derivative agrees with differences in all {count} entries.")
            else:
                lines.append("There is nothing to compare: no floating-point output, or no elements.")
        else:
            (entry,) = worst.worst(1)
            where = f"at index {list(entry.column)} of the input and index {list(entry.row)} of the output"
            lines += [
                f"Jacobian mismatch for {worst.output} with respect to {worst.label}: {where},",
                f"    numerical (expected): {entry.expected:.8g}",
                f"    analytical (got):     {entry.got:.8g}",
            ]
        return "\n".join([*lines, "", *map(str, self.comparisons), f"Expected is {self.method}."])

    __repr__ = __str__


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in xp.unravel_index(flat, shape)) if shape else ()
