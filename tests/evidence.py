"""How much is checked, counted while it is done: python -m tests.evidence; --write puts it into tutorials/pages/checks.md."""

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
from tests.layers import LAYERS, Drawing
from tests.mutants import MUTANTS
from tests.samples import ANALYTIC, KINKS, ORDERS, SAMPLES, sample_of
from tests.test_errors import TABLE
from tests.test_kernels import IMPLEMENTATIONS, assert_is_the_definition
from tests.test_ops import IN_SINGLE

DRAWS, LAYER_DRAWS, CALLS, PROGRAMS = 50, 20, 50_000, 10_000
BEGIN, END = "<!-- evidence -->\n", "<!-- end of evidence -->\n"


def failures(check: Callable[[], object]) -> int:
    try:
        check()
    except Exception as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def rows() -> Iterator[tuple[str, str, str]]:
    """What is checked, how often, and what came out."""
    source, wrong = random.Random(time.time()), 0
    for op in SAMPLES:
        for _ in range(DRAWS):
            sample = sample_of(op, Draw(source.randint))
            wrong += failures(lambda s=sample: checks.value_is_the_definition(s))  # type: ignore[misc]
            wrong += failures(lambda s=sample, op=op: checks.derivatives_agree(s, ORDERS.get(op, 2)))  # type: ignore[misc]
    what = f"{len(SAMPLES)} operations: value, first and second derivative, for {len(ORDERS)} of them the third"
    yield what, f"{len(SAMPLES) * DRAWS:,} samples", f"{wrong} differ"

    wrong = 0
    for op in ANALYTIC:
        for _ in range(DRAWS):
            sample = sample_of(op, Draw(source.randint))
            wrong += failures(lambda s=sample: checks.complex_step_agrees(s))  # type: ignore[misc]
    what = f"{len(ANALYTIC)} of them: the derivative by a complex step, to ten digits"
    yield what, f"{len(ANALYTIC) * DRAWS:,} samples", f"{wrong} differ"

    wrong = sum(failures(lambda op=op: checks.slopes_at_kinks(op)) for op in KINKS)  # type: ignore[misc]
    yield "slopes at kinks and ties", f"{sum(map(len, KINKS.values()))} points", f"{wrong} differ"

    wrong = 0
    for name, draw in LAYERS.items():
        for _ in range(LAYER_DRAWS):
            case = draw(Drawing(source.randint))
            wrong += failures(lambda c=case: checks.layer_is_its_definition(c))  # type: ignore[misc]
            wrong += failures(lambda c=case: checks.layer_derivatives_agree(c))  # type: ignore[misc]
        print(name, end=" ", file=sys.stderr, flush=True)
    what = f"{len(LAYERS)} layers: value against plain loops, both derivatives in inputs and parameters"
    yield what, f"{len(LAYERS) * LAYER_DRAWS:,} cases", f"{wrong} differ"

    wrong, halves = 0, [op for op in SAMPLES if op.__name__ not in IN_SINGLE]
    for op in halves:
        for _ in range(DRAWS):
            sample, scale = sample_of(op, Draw(source.randint)), source.choice([1.0, 30.0, 300.0])
            wrong += failures(lambda s=sample, x=scale: checks.half_precision_agrees(s, x))  # type: ignore[misc]
    for draw in LAYERS.values():
        for _ in range(LAYER_DRAWS):
            case, scale = draw(Drawing(source.randint)), source.choice([1.0, 30.0, 300.0])
            wrong += failures(lambda c=case, x=scale: checks.layer_in_half_precision_agrees(c, x))  # type: ignore[misc]
    what = f"{len(halves)} operations and {len(LAYERS)} layers in float16, on numbers up to 1,000: value and derivative"
    yield what, f"{len(halves) * DRAWS + len(LAYERS) * LAYER_DRAWS:,} samples", f"{wrong} beyond its rounding"

    wrong = 0
    for _ in range(PROGRAMS):
        program = programs.draw(source)
        if (found := programs.complaint(program)) is not None:
            wrong += 1
            print(program, found, file=sys.stderr)
    beside = "differences" if programs.torch is None else "PyTorch and differences"
    what = f"random programs of views, in-place changes, hooks and custom Functions, against {beside}"
    yield what, f"{PROGRAMS:,} programs", f"{wrong} with a wrong gradient"

    wrong, tried = 0, [i for i in IMPLEMENTATIONS if i.available()]
    for i in tried:
        for _ in range(DRAWS):
            args = i.sample(np.random.default_rng(source.randrange(2**32)))
            wrong += failures(lambda i=i, args=args: assert_is_the_definition(i, i.engine, args))  # type: ignore[misc]
    what = f"{len(tried)} quicker implementations of {len({i.name for i in tried})} definitions: the same result"
    yield what, f"{len(tried) * DRAWS:,} samples", f"{wrong} differ"

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
