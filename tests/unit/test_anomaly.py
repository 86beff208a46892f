"""Anomaly detection names the op whose gradient is nan, and the line that called it."""

import math

import pytest

import minitorch as mt
from minitorch import is_anomaly_enabled
from minitorch.autograd import detect_anomaly, set_detect_anomaly


def lost(x):
    return (x - x).sqrt().sum() * 0  # 0 times the infinite slope of the root


def test_the_node_and_the_line_of_a_nan_are_named():
    x = mt.ones(2, requires_grad=True)
    with (
        detect_anomaly(),
        pytest.raises(
            RuntimeError, match=r"Function 'SqrtBackward0' returned nan values in its 0th output. Its forward was called at .*"
        ) as caught,
    ):
        lost(x).backward()
    assert "test_anomaly.py" in str(caught.value)
    assert "(x - x).sqrt().sum() * 0" in str(caught.value)
    loss = lost(x)
    with detect_anomaly(), pytest.raises(RuntimeError, match="recorded before the mode was switched on: do that earlier"):
        loss.backward()


def test_without_the_check_nothing_is_raised():
    x = mt.ones(2, requires_grad=True)
    for mode in (lambda: detect_anomaly(check_nan=False), lambda: set_detect_anomaly(False)):
        with mode():
            (slope,) = mt.autograd.grad(lost(x), x)
        assert all(map(math.isnan, slope.tolist()))


def test_the_mode_is_what_it_was_after_a_block():
    assert not is_anomaly_enabled()
    with set_detect_anomaly(True):
        assert is_anomaly_enabled()
        with set_detect_anomaly(False):
            assert not is_anomaly_enabled()
        assert is_anomaly_enabled()
    assert not is_anomaly_enabled()
    set_detect_anomaly(True)
    assert is_anomaly_enabled()
    set_detect_anomaly(False)
    with pytest.raises(TypeError, match="mode is True or False, not str"):
        set_detect_anomaly("on")


def test_one_mode_serves_blocks_within_each_other():
    mode = detect_anomaly()
    with mode:
        with mode:
            assert is_anomaly_enabled()
        assert is_anomaly_enabled()
    assert not is_anomaly_enabled()
