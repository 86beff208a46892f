"""Clipping of gradients, and parameters as one vector, beside plain Python."""

import math

import pytest

import minitorch as mt
from minitorch import nn
from minitorch.nn import utils

VALUES = [[3.0, -4.0, 0.0], [12.0], [-1.0, 2.0]]


def parameters(values=VALUES, dtype=mt.float64):
    params = [nn.Parameter(mt.zeros(len(v), dtype=dtype)) for v in values]
    for p, v in zip(params, values, strict=True):
        p.grad = mt.tensor(v, dtype=dtype)
    return [*params, nn.Parameter(mt.zeros(2, dtype=dtype))]  # the last has no gradient


def norm(values, order):
    flat = [abs(x) for v in values for x in v]
    if math.isinf(order):
        return max(flat) if order > 0 else min(flat)
    return sum(x != 0 for x in flat) if order == 0 else sum(x**order for x in flat) ** (1 / order)


@pytest.mark.parametrize("order", [1, 2, 2.0, 3, 0.5, math.inf])
@pytest.mark.parametrize("limit", [0.1, 5.0, 1e3])
def test_the_norm_is_clipped(order, limit):
    params = parameters()
    total = utils.clip_grad_norm_(params, limit, order)
    expected = norm(VALUES, order)
    assert total.item() == pytest.approx(expected, rel=1e-12)
    factor = min(1.0, limit / (expected + 1e-6))
    for p, v in zip(params, VALUES, strict=False):
        assert p.grad.tolist() == pytest.approx([x * factor for x in v], rel=1e-12)
    assert params[-1].grad is None
    if factor < 1:
        assert norm([p.grad.tolist() for p in params[:-1]], order) == pytest.approx(limit, rel=1e-3)


def test_the_norm_is_the_euclidean_one_unless_said():
    params = parameters()
    assert utils.clip_grad_norm_(params, 1.0).item() == pytest.approx(math.sqrt(174))
    assert utils.clip_grad_norm_(iter(params), 10.0).item() == pytest.approx(1.0, abs=1e-6)
    assert utils.clip_grad_norm_(params[0], 10.0).item() == pytest.approx(5 / math.sqrt(174), abs=1e-6)
    assert utils.clip_grad_norm_([params[-1]], 1.0).item() == 0
    assert utils.clip_grad_norm_(parameters([[]]), 1.0).item() == 0  # a gradient without elements
    before = [p.grad for p in params]
    utils.clip_grad_norm_(params, 0.5)
    assert all(a is b for a, b in zip([p.grad for p in params], before, strict=True))  # in place


def test_norms_that_are_no_numbers():
    params = parameters([[1.0, math.nan]])
    with pytest.raises(RuntimeError, match=r"norm of order 2\.0 is nan"):
        utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[0].grad[0] == 1
    assert math.isnan(utils.clip_grad_norm_(params, 1.0).item())
    params = parameters([[1.0, math.inf]])
    with pytest.raises(RuntimeError, match="inf"):
        utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert utils.clip_grad_norm_(params, 1.0).item() == math.inf
    assert params[0].grad[0] == 0


def test_values_are_clipped():
    params = parameters()
    assert utils.clip_grad_value_(params, 2.5) is None
    assert [p.grad.tolist() for p in params[:-1]] == [[2.5, -2.5, 0.0], [2.5], [-1.0, 2.0]]
    utils.clip_grad_value_(params[2], 1.5)
    assert params[2].grad.tolist() == [-1.0, 1.5]


def test_parameters_as_one_vector_and_back():
    params = [nn.Parameter(mt.arange(6.0).reshape(2, 3)), nn.Parameter(mt.tensor(7.0)), nn.Parameter(mt.tensor([8.0, 9.0]))]
    vector = utils.parameters_to_vector(params)
    assert vector.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    vector.sum().backward()
    assert params[0].grad.tolist() == [[1, 1, 1], [1, 1, 1]]
    fresh = mt.arange(9.0) * 10
    utils.vector_to_parameters(fresh, params)
    assert [p.tolist() for p in params] == [[[0, 10, 20], [30, 40, 50]], 60, [70, 80]]
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in params)
    with pytest.raises(ValueError, match="no parameters"):
        utils.parameters_to_vector([])
