"""Normalization: of inputs without elements, of very large ones, and in float16."""

import pytest

import minitorch as mt
from minitorch import nn


def test_normalization_over_nothing():
    x = mt.zeros(2, 0, requires_grad=True)
    nn.functional.layer_norm(x, (0,)).sum().backward()
    assert x.grad.shape == (2, 0)


@pytest.mark.parametrize("rows", [3, 300])
def test_gradients_where_squares_leave_the_range_of_float32(rows):
    x = mt.randn(rows, 64)
    x[0] *= 1e25
    w = mt.ones(64, requires_grad=True)
    y = nn.functional.layer_norm(x, (64,), w)
    y[0].pow(2).sum().backward()
    assert mt.allclose(w.grad, 2 * y[0].detach() ** 2, rtol=1e-4)


def test_running_statistics_of_float16_follow_instances():
    norm = nn.InstanceNorm1d(3, track_running_stats=True).half()
    norm(mt.arange(24.0).reshape(1, 3, 8).half())
    assert mt.allclose(norm.running_mean.float(), mt.tensor([0.35, 1.15, 1.95]), atol=1e-3)
    assert norm.running_var.tolist() == [1.5, 1.5, 1.5]


def test_a_batch_norm_may_be_evaluated_and_then_trained_before_backward():
    layer, x = nn.BatchNorm1d(2), mt.tensor([[1.0, 2.0], [3.0, 5.0]])
    layer.eval()
    y = layer(x).sum()
    layer.train()
    layer(x * 7)
    y.backward()
    assert mt.allclose(layer.weight.grad, x.sum(0))  # of the running statistics as they were, 0 and 1


def test_float16_is_computed_in_float32_however_it_is_passed():
    x = mt.tensor([[1000.0, 3000.0]]).half()
    assert nn.functional.layer_norm(input=x, normalized_shape=(2,)).tolist() == [[-1, 1]]
    assert mt.std(input=mt.tensor([1000.0, 1600.0]).half()).item() == 424.25
