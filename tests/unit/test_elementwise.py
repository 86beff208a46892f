"""The types that elementwise functions compute in, and what they say of operands they do not take."""

import math
import warnings

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.trigonometry import Hypot


@pytest.mark.parametrize(("dtype", "low"), [(mt.uint8, 0), (mt.int8, -128), (mt.int16, -(2**15)), (mt.int32, -(2**31))])
@pytest.mark.parametrize("number", [-70_000, -300, -1, 0, 100, 300, 70_000, 2**31])
def test_numbers_beyond_the_range_of_integers_wrap_around(dtype, low, number):
    count = 2 * -low if low else 256
    x = mt.tensor([3], dtype=dtype)
    for found, exact in ((x + number, 3 + number), (number - x, number - 3), (x * number, 3 * number)):
        assert (found.dtype, found.item()) == (dtype, (exact - low) % count + low)


def test_integers_and_real_numbers_in_the_type_of_the_real():
    for other in (mt.tensor([4]), mt.tensor([4.0])):
        assert mt.hypot(mt.tensor([3.0]), other).item() == mt.hypot(other, mt.tensor([3.0])).item() == 5.0
    with pytest.raises(NotImplementedError, match=r'"hypot" not implemented for minitorch\.int64'):
        mt.hypot(mt.tensor([3]), mt.tensor([4]))
    quotient = mt.tensor([1]) / mt.tensor([4])
    assert (quotient.item(), quotient.dtype) == (0.25, mt.float32)
    assert mt.atan2(mt.tensor([1]), mt.tensor([1])).item() == pytest.approx(math.pi / 4)


def test_an_op_takes_numbers_of_numpy_but_no_arrays():
    x = mt.tensor([3.0], requires_grad=True)
    y = Hypot.apply(x, np.float64(4.0))
    assert (y.item(), y.dtype) == (5.0, mt.float32)
    with pytest.raises(
        TypeError, match=r"hypot\(\): expected a Tensor or a number, got a bare array of shape \[2\]; minitorch.from"
    ):
        Hypot.apply(x, np.ones(2))
    with pytest.raises(TypeError, match=r"hypot\(\): unsupported operand type\(s\) str"):
        Hypot.apply(x, "a")


def test_a_warning_that_the_program_raises_changes_no_result():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(mt.tensor(0.0) / mt.tensor(0.0))
        assert mt.tensor([3e38]).mul(10).item() == math.inf


def test_an_op_that_finds_no_memory_says_so(monkeypatch):
    def fail(ctx, a, b):
        raise MemoryError

    monkeypatch.setattr(Hypot, "forward", fail)
    with pytest.raises(RuntimeError, match=r"hypot\(\) needs more memory than there is. Its arguments: \(.*shape \[2\]"):
        mt.hypot(mt.ones(2), mt.ones(2))
