"""Every deliberate mistake of tests/mutants.py is caught, and without it nothing complains."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import minitorch as mt
from minitorch.autograd import gradcheck, gradgradcheck
from tests import checks
from tests.mutants import MUTANTS, Hunt, Mutant

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.target.partition(':')[2]}: {m.what}")
def test_the_mistake_is_caught(mutant):
    assert mutant.caught() is not None, f"this survives:\n{mutant.diff}"


@pytest.mark.parametrize("entry", sorted({entry for mutant in MUTANTS for entry in mutant.checked_by}))
def test_without_a_mistake_nothing_complains(entry):
    assert checks.complaint(entry) is None


def test_a_mutant_comes_and_goes():
    mutant = Mutant("ops.arithmetic:Mul.backward", "grad * b", "grad + b", "a sum for a product")
    x = mt.tensor(3.0, requires_grad=True)

    def slope():
        (g,) = mt.autograd.grad(x * 5.0, x)
        return g.item()

    assert slope() == 5
    with mutant.applied():
        assert slope() == 6
    assert slope() == 5
    assert "-    return None if b is None else grad * b" in mutant.diff
    assert "+    return None if b is None else grad + b" in mutant.diff


def test_a_mutant_that_changes_nothing_or_has_no_place_any_more_is_noticed():
    harmless = Mutant("ops.arithmetic:Add.backward", "return grad, grad", "return (grad, grad)", "nothing at all")
    assert harmless.caught() is None
    with pytest.raises(ValueError, match="the mutant must follow the code"):
        Mutant("ops.arithmetic:Add.backward", "no such text", "", "").caught()
    with pytest.raises(KeyError, match="no entry"):
        checks.check("Nonsense")


def agrees(f, x):
    return all(check(f, x, raise_exception=False) for check in (gradcheck, gradgradcheck))


@pytest.mark.parametrize("number", range(31))
def test_a_hunt_is_found_with_the_first_sample_of_its_op(number):
    hunt = Hunt(number)
    name = hunt.mutant.checked_by[0]
    assert agrees(*Hunt(number).sample(name))
    with hunt.mutant.applied():
        assert not agrees(*hunt.sample(name))
    assert hunt.answer(name)
    assert "10 of 10" in hunt.score


def test_the_score_of_a_hunt(capsys):
    hunt = Hunt(1)
    assert "0 of 10" in hunt.score
    hunt.hint()
    assert not hunt.answer("Nonsense")
    assert hunt.answer(hunt.mutant.checked_by[0])
    assert "5 of 10" in hunt.score
    hunt.reveal()
    hunt.hint()
    assert not hunt.answer("Nonsense")
    assert "5 of 10" in hunt.score
    given_up = Hunt(1)
    given_up.reveal()
    given_up.answer(given_up.mutant.checked_by[0])
    assert "0 of 10" in given_up.score


def test_a_bug_hunt():
    script = """
f, x = sample("Tanh")
print(bool(gradcheck(f, x, raise_exception=False)))
def agrees(name):
    return all(check(f, x, raise_exception=False) for f, x in [sample(name)] for check in (gradcheck, gradgradcheck))

wrong = [name for name in ops_to_try() if not agrees(name)]
any(answer(name) for name in wrong)
hint()
reveal()
"""
    command = [sys.executable, "-m", "tests.mutants", "--hunt", "1"]
    played = subprocess.run(command, input=script, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert "Hunt number 1" in played.stderr
    assert re.search(r"\n-  .*(\n-.*)*\n\+  ", played.stdout)
    assert "minitorch/ops/" in played.stdout
    assert "True\n" in played.stdout
    assert " of 10.\n" in played.stdout
    refused = subprocess.run([*command[:-1], "abc"], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert "takes the number of a hunt" in refused.stderr
