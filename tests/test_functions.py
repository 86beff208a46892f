"""Functions that are compositions of ops, beside their definitions in plain Python; their derivatives beside differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import gradcheck, gradgradcheck

VALUES = [0.3, -0.7, 1.4, -1.9, 0.05, 2.2]
SPECIAL = [0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan]


def leaf(values, *shape):
    return mt.tensor(values, dtype=mt.float64).reshape(*(shape or (-1,))).requires_grad_()


def derivatives_agree(function, *inputs):
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


NUMBERWISE = {
    "logit": (lambda x: mt.logit(x, 0.1), lambda x: math.log(min(max(x, 0.1), 0.9) / (1 - min(max(x, 0.1), 0.9)))),
    "deg2rad": (mt.deg2rad, math.radians),
    "rad2deg": (mt.rad2deg, math.degrees),
    "nan_to_num": (mt.nan_to_num, lambda x: x),
    "sgn": (mt.sgn, lambda x: math.copysign(1, x)),
    "positive": (mt.positive, lambda x: x),
    "float_power": (lambda x: mt.float_power(x, 3), lambda x: x**3),
    "rsub": (lambda x: mt.rsub(x, 2.0, alpha=3), lambda x: 2 - 3 * x),
    "heaviside": (lambda x: mt.heaviside(x, x.detach()), lambda x: float(x > 0)),
    "fmax": (lambda x: mt.fmax(x, x.detach() * 0 + 0.5), lambda x: max(x, 0.5)),
    "fmin": (lambda x: mt.fmin(x, x.detach() * 0 + 0.5), lambda x: min(x, 0.5)),
    "digamma": (mt.digamma, lambda x: (math.lgamma(x + 1e-5) - math.lgamma(x - 1e-5)) / 2e-5),
}


@pytest.mark.parametrize("name", NUMBERWISE)
def test_functions_of_numbers(name):
    function, plain = NUMBERWISE[name]
    x = leaf(VALUES)
    np.testing.assert_allclose(function(x).tolist(), [plain(v) for v in VALUES], rtol=1e-6 if name == "digamma" else 1e-14)
    derivatives_agree(function, x)


def test_infinities_and_nan():
    x, y = leaf(SPECIAL, -1, 1).detach(), leaf(SPECIAL).detach()
    for a in range(len(SPECIAL)):
        for b in range(len(SPECIAL)):
            p, q = SPECIAL[a], SPECIAL[b]
            number = q if p != p else p if q != q else None
            for function, plain in ((mt.fmax, max), (mt.fmin, min)):
                np.testing.assert_equal(function(x[a, 0], y[b]).item() + 0.0, (plain(p, q) if number is None else number) + 0.0)
            assert mt.copysign(x[a], y[b]).signbit().item() == (math.copysign(1, q) < 0)
    largest = float(np.finfo(np.float64).max)
    assert mt.nan_to_num(y).tolist() == [0, 0, 1, -2.5, largest, -largest, 0]
    assert mt.nan_to_num(y, 7, 8, 9).tolist() == [0, 0, 1, -2.5, 8, 9, 7]
    assert mt.logaddexp(y[4], y[5]).item() == math.inf
    assert mt.hypot(leaf([3e200]), leaf([4e200])).item() == pytest.approx(5e200, rel=1e-15)
    assert mt.erfc(leaf([10.0])).item() == pytest.approx(math.erfc(10), rel=1e-15)
    steep = leaf([3e200])
    mt.asinh(steep).sum().backward()  # the square of x exceeds the range
    assert steep.grad.item() == pytest.approx(1 / 3e200)


def test_refusals_are_sentences():
    x, n, mask = mt.ones(2), mt.tensor([1, 2]), mt.tensor([True, False])
    for kind, words, call in (
        (NotImplementedError, "hypot.*int64", lambda: mt.hypot(n, n)),
        (NotImplementedError, "logaddexp.*int64", lambda: mt.logaddexp(n, mask)),
        (NotImplementedError, "fmod.*bool", lambda: mt.fmod(mask, mask)),
        (RuntimeError, "ZeroDivision", lambda: mt.fmod(n, 0)),
        (RuntimeError, "different dtypes.*float32.*int64", lambda: mt.heaviside(x, n)),
        (RuntimeError, "bool tensor", lambda: mt.positive(mask)),
        (RuntimeError, "negative n.*-1", lambda: mt.polygamma(-1, x)),
        (TypeError, "both are numbers", lambda: mt.xlogy(1.0, 2.0)),
        (TypeError, "both are numbers", lambda: mt.float_power(1.0, 2.0)),
        (TypeError, "must be Tensor", lambda: mt.fmax(x, 1.0)),
    ):
        with pytest.raises(kind, match=words):
            call()
