"""The table of implementations, and which of them computes."""

import re
import threading

import numpy as np
import pytest

import minitorch as mt
from minitorch import kernels


def test_the_table_has_every_definition_with_its_implementations_in_the_order_of_trial():
    table = kernels.table()
    assert [entry.name for entry, _ in table.rows] == sorted(kernels.definitions)
    lines = str(table).splitlines()
    for entry, implementations in table.rows:
        first = next(i for i, line in enumerate(lines) if line.startswith(f"{entry.name} "))
        code = entry.function.__code__
        where = re.fullmatch(r"(\S+) +(\w+/\w+\.py):(\d+)", lines[first])
        assert code.co_filename.endswith(where[2])
        assert int(where[3]) == code.co_firstlineno
        for line, one in zip(lines[first + 1 :], reversed(implementations), strict=False):
            words = line.split()
            assert words[:2] == [one.engine, one.library]
            assert ("exact" in words) == (not one.ulp)
            assert (f"{one.pays_from:,}" in words) == bool(one.pays_from)
            assert line.endswith("(not available here)") != one.available()
    assert len(lines) == sum(1 + len(found) for _, found in table.rows)


def engines_of(name):
    """Which implementations of a definition would be tried, on the CPU."""
    return {one.engine for one in kernels.definitions[name].implementations}


def test_only_the_engines_that_are_named_compute():
    entry = kernels.definitions["erf"]
    assert "numpy" in engines_of("erf")
    x = np.linspace(-3, 3, 1 << 13, dtype=np.float32)
    with kernels.only("definition"):
        exact = entry(x)
        assert np.array_equal(exact, entry.function(x))
    with kernels.only("numpy", always=True):
        quick = entry(x)
        other = []
        thread = threading.Thread(target=lambda: other.append(entry(x)))
        thread.start()
        thread.join()
    assert not np.array_equal(quick, exact)  # it is 6 ulp away here and there
    assert np.array_equal(other[0], quick)
    np.testing.assert_allclose(quick, exact, rtol=1e-6)
    small = mt.tensor([0.5])
    with kernels.only("definition"):
        assert mt.erf(small).item() == entry.function(small.numpy()).item()


def test_only_refuses_engines_that_are_not_there():
    for engines in (("nump",), ()):
        with (
            pytest.raises(ValueError, match=re.escape(f"'definition', 'numba', 'numpy'], but got {list(engines)}")),
            kernels.only(*engines),
        ):
            pass
    with pytest.raises(ZeroDivisionError), kernels.only("definition"):
        raise ZeroDivisionError  # and the engines of before are back
    x = np.linspace(-3, 3, 1 << 13, dtype=np.float32)
    assert not np.array_equal(kernels.definitions["erf"](x), kernels.definitions["erf"].function(x))


def test_a_definition_that_no_file_defines():
    entry = kernels.Definition("nothing")
    with pytest.raises(NotImplementedError, match="registered for a name that no file in ops/ defines"):
        entry(1.0)
