"""How much is checked, counted while it is done: python -m tests.evidence; --write puts it into tutorials/pages/checks.md.

Only what was compared counts: a sample that is refused, or that leaves a check nothing to compare, does not.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import minitorch as mt
from tests import checks, hostile, programs
from tests.drawing import Draw
from tests.guards.test_errors import TABLE
from tests.laws.test_kernels import IMPLEMENTATIONS, assert_is_the_definition
from tests.laws.test_ops import IN_SINGLE
from tests.layers import LAYERS, Drawing
from tests.mutants import MUTANTS
from tests.samples import ANALYTIC, KINKS, ORDERS, SAMPLES, sample_of

DRAWS, LAYER_DRAWS, CALLS, PROGRAMS = 50, 20, 50_000, 10_000
BEGIN, END = "<!-- evidence -->\n", "<!-- end of evidence -->\n"


class Count:
    """How many checks compared something, and how many failed. A check that returns False had nothing to compare."""

    def __init__(self) -> None:
        self.ran = self.wrong = 0

    def __call__(self, check: Callable[..., object], *args: object) -> None:
        try:
            compared = check(*args) is not False
        except Exception as error:
            print(f"{check.__name__}{args}: {error}", file=sys.stderr)
            compared, self.wrong = True, self.wrong + 1
        self.ran += compared


def rows() -> Iterator[tuple[str, str, str]]:
    """What is checked, how often, and what came out."""
    source = random.Random(time.time())
    values, slopes, defined = Count(), Count(), set()
    for op in SAMPLES:
        for _ in range(DRAWS):
            sample = sample_of(op, Draw(source.randint))
            if sample.definition is not None:
                defined.add(op)
            values(checks.value_is_the_definition, sample)
            slopes(checks.derivatives_agree, sample, ORDERS.get(op, 2))
    what = f"{len(defined)} operations beside their definition in plain Python"
    yield what, f"{values.ran:,} values", f"{values.wrong} differ"
    what = f"{len(SAMPLES)} operations: first and second derivative, for {len(ORDERS)} of them the third"
    yield what, f"{slopes.ran:,} samples", f"{slopes.wrong} differ"

    steps = Count()
    for op in ANALYTIC:
        for _ in range(DRAWS):
            steps(checks.complex_step_agrees, sample_of(op, Draw(source.randint)))
    what = f"{len(ANALYTIC)} of them: the derivative by a complex step, to ten digits"
    yield what, f"{steps.ran:,} samples", f"{steps.wrong} differ"

    kinks = Count()
    for op in KINKS:
        kinks(checks.slopes_at_kinks, op)
    yield "slopes at kinks and ties", f"{sum(map(len, KINKS.values()))} points", f"{kinks.wrong} differ"

    values, slopes, differentiated = Count(), Count(), set()
    for name, draw in LAYERS.items():
        for _ in range(LAYER_DRAWS):
            case, before = draw(Drawing(source.randint)), slopes.ran
            values(checks.layer_is_its_definition, case)
            slopes(checks.layer_derivatives_agree, case)
            if slopes.ran > before:
                differentiated.add(name)
        print(name, end=" ", file=sys.stderr, flush=True)
    yield f"{len(LAYERS)} layers beside plain loops", f"{values.ran:,} values", f"{values.wrong} differ"
    what = f"{len(differentiated)} layers: both derivatives in inputs and parameters"
    yield what, f"{slopes.ran:,} cases", f"{slopes.wrong} differ"

    half, ops_in_half = Count(), [op for op in SAMPLES if op.__name__ not in IN_SINGLE]
    for op in ops_in_half:
        for _ in range(DRAWS):
            half(checks.half_precision_agrees, sample_of(op, Draw(source.randint)), source.choice([1.0, 30.0, 300.0]))
    for draw in LAYERS.values():
        for _ in range(LAYER_DRAWS):
            half(checks.layer_in_half_precision_agrees, draw(Drawing(source.randint)), source.choice([1.0, 30.0, 300.0]))
    what = f"{len(ops_in_half)} operations and {len(LAYERS)} layers in float16, on numbers up to 1,000: value and derivative"
    yield what, f"{half.ran:,} samples", f"{half.wrong} beyond its rounding"

    wrong = compared = 0
    for _ in range(PROGRAMS):
        program = programs.draw(source)
        found = programs.verdict(program)
        compared += found is not False
        if isinstance(found, str):
            wrong += 1
            print(program, found, file=sys.stderr)
    beside = "differences" if programs.torch is None else "PyTorch and differences"
    what = f"random programs of views, in-place changes, hooks and custom Functions, against {beside}"
    yield what, f"{compared:,} programs", f"{wrong} with a wrong gradient"

    same, tried = Count(), [i for i in IMPLEMENTATIONS if i.available()]
    for i in tried:
        for _ in range(DRAWS):
            same(assert_is_the_definition, i, i.engine, i.sample(np.random.default_rng(source.randrange(2**32))))
    what = f"{len(tried)} quicker implementations of {len({i.name for i in tried})} definitions: the same result"
    yield what, f"{same.ran:,} samples", f"{same.wrong} differ"

    alive = sum(mutant.caught() is None for mutant in MUTANTS)
    yield "deliberate mistakes, one at a time", f"{len(MUTANTS)} mutants", f"{alive} survive"

    wrong = len(hostile.survivors(CALLS, source.randrange(10**6)))
    what = f"random invalid calls of {len(hostile.targets())} functions, methods and classes"
    yield what, f"{CALLS:,} calls", f"{wrong} without a result or a clear error"

    yield "files with a bit flipped, or cut", *damaged_files()
    yield (
        "misuses, each with the error that it must raise",
        f"{len(TABLE)} calls",
        "in `make test`",
    )


def damaged_files() -> tuple[str, str]:
    buffer = io.BytesIO()
    obj = {"model": {"w": mt.ones(3, 4), "b": mt.arange(3)}, "epoch": 3}
    mt.save(obj, buffer)
    good = buffer.getvalue()
    bad = [good[:end] for end in range(len(good))]
    for bit in range(8 * len(good)):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        bad.append(bytes(flipped))
    wrong = 0
    for content in bad:
        with contextlib.suppress(RuntimeError):
            wrong += str(mt.load(io.BytesIO(content))) != str(obj)
    return f"{len(bad):,} files", f"{wrong} loaded as something else"


def table() -> str:
    lines = ["| what is checked | how many | outcome |", "|---|---|---|"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lines += [f"| {' | '.join(row)} |" for row in rows()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = table()
    print(text)
    if "--write" in sys.argv:
        page = Path(__file__).parent.parent / "tutorials" / "pages" / "checks.md"
        before, _, rest = page.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        page.write_text(f"{before}{BEGIN}{text}{END}{after}")
