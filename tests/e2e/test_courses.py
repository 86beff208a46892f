"""Programs of a course, written for PyTorch: with `import minitorch as torch` they run here, and print the same.

courses/printed/ has what they print with PyTorch 2.13, so that they are compared without it, too.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).parents[1] / "courses").glob("*.py"))


def printed(program: Path, package: str) -> str:
    """What a program prints with a package in the place of torch."""
    text = program.read_text()
    text = re.sub(r"^import torch$", f"import {package} as torch", text, flags=re.M)
    text = re.sub(r"^(import|from) torch(\.| import )", rf"\1 {package}\2", text, flags=re.M)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(text, str(program), "exec"), {"__name__": "__main__"})
    return out.getvalue().replace("minitorch", "torch")


def test_there_are_enough():
    assert len(PROGRAMS) >= 50


@pytest.mark.parametrize(
    "program",
    [pytest.param(p, marks=[pytest.mark.slow] if "variational" in p.stem else []) for p in PROGRAMS],
    ids=lambda p: p.stem,
)
def test_a_program_prints_what_it_printed_with_pytorch(program):
    expected = (program.parent / "printed" / f"{program.stem}.txt").read_text().splitlines()
    assert len(expected) >= 10
    assert printed(program, "minitorch").splitlines() == expected


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch's own, of NumPy's arguments
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.stem)
def test_pytorch_still_prints_the_same(program):
    pytest.importorskip("torch", reason="PyTorch is not installed: `make parity` installs it")
    expected = (program.parent / "printed" / f"{program.stem}.txt").read_text().splitlines()
    assert printed(program, "torch").splitlines() == expected
