"""Errors of Python's and NumPy's own, as sentences about the call."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend import errors
from minitorch.backend.errors import call_error, describe, format_bytes, refuse_if_too_large

X = mt.ones(2, 3)
GIVEN = "Tensor of shape [2, 3] and type float32, 4"


class OutOfMemory(MemoryError):
    __module__ = "cupy.cuda.memory"


class Unprintable:
    def __repr__(self):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (ValueError("no"), ValueError, f"f() does not take ({GIVEN}): no"),
        (UnicodeError("no"), RuntimeError, f"f() does not take ({GIVEN}): no"),
        (TypeError("no"), TypeError, f"f() does not take ({GIVEN}): no"),
        (AttributeError("no"), TypeError, f"f() does not take ({GIVEN}): no"),
        (IndexError("no"), IndexError, f"f() does not take ({GIVEN}): no"),
        (KeyError("no"), RuntimeError, f"f() does not take ({GIVEN}): it contains no 'no'"),
        (ArithmeticError(), RuntimeError, f"f() does not take ({GIVEN}): ArithmeticError"),
        (RecursionError(), RuntimeError, f"f() got something that is nested too deeply, or contains itself: ({GIVEN})"),
        (MemoryError(), RuntimeError, f"f() needs more memory than there is. Its arguments: ({GIVEN})"),
        (OutOfMemory("17 bytes"), RuntimeError, f"f() needs more than the GPU has. 17 bytes. Its arguments: ({GIVEN})"),
        (
            ValueError("Maximum allowed dimension exceeded"),
            ValueError,
            "an array has at most 64 dimensions and 2^62 bytes, which the result would exceed",
        ),
    ],
)  # fmt: skip
def test_an_error_is_about_the_call(error, kind, sentence):
    found = call_error(error, "f", (X, 4))
    assert type(found) is kind
    assert str(found).endswith(sentence)


def test_the_size_of_an_array_that_found_no_memory():
    with pytest.raises(MemoryError) as caught:
        np.empty((1 << 40, 1 << 10), np.float32)
    found = call_error(caught.value, "f", (4,), {"dim": 1})
    assert str(found) == (
        "f() needs more memory than there is: an array of shape [1099511627776, 1024], 4 PiB. Its arguments: (4, dim=1)"
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (X, "Tensor of shape [2, 3] and type float32"),
        (np.ones(2), "ndarray of shape [2] and type float64"),
        (np.float32(1.5), "np.float32(1.5)"),
        ("text", "'text'"),
        (object(), "a object"),
        (Unprintable(), "a Unprintable"),
        ([1, 2], "[1, 2]"),
        (mt.Tensor, "<class 'minitorch.Tensor'>"),
        (len, "<built-in function len>"),
        (lambda: 1, "a function"),
        (type("dict", (), {})(), "a dict"),  # reprlib goes by the name of a class
    ],
)
def test_values_in_a_few_words(value, words):
    assert describe(value) == words


def test_numbers_of_bytes():
    assert [format_bytes(n) for n in (0, 1023, 1024, 1536, 5 << 40, 1 << 70, 1 << 80)] == [
        "0 bytes", "1.02e+03 bytes", "1 KiB", "1.5 KiB", "5 TiB", "1 ZiB", "1.02e+03 ZiB",
    ]  # fmt: skip


def test_what_no_machine_holds_is_refused(monkeypatch):
    monkeypatch.setattr(errors, "_memory", lambda: 1 << 10)
    refuse_if_too_large("zeros", (256,), 4)
    with pytest.raises(
        RuntimeError, match=r"zeros\(\): a tensor of shape \[257\] would take 1 KiB, and this machine has 1 KiB of"
    ):
        refuse_if_too_large("zeros", (257,), 4)
    with pytest.raises(RuntimeError, match=r"at most 64 dimensions and 2\^62 bytes, which shape .* exceeds"):
        refuse_if_too_large("zeros", (1,) * 65, 4)
    with pytest.raises(RuntimeError, match=r"at most 64 dimensions and 2\^62 bytes"):
        refuse_if_too_large("zeros", (0, 1 << 62), 4)


def test_a_system_that_does_not_say_its_memory_has_a_tebibyte(monkeypatch):
    def silent(name):
        raise ValueError(name)

    monkeypatch.setattr(errors.os, "sysconf", silent)
    errors._memory.cache_clear()
    assert errors._memory() == 1 << 40
    errors._memory.cache_clear()
