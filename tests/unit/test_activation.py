"""Activation functions: random slopes, and the in-place forms."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn


def test_random_slopes_are_within_their_range_and_the_derivative_uses_them():
    x = mt.randn(1000, requires_grad=True)
    y = nn.RReLU(0.1, 0.3)(x)
    slopes = (y / x).detach()[x.detach() < 0]
    assert 0.1 <= slopes.min().item() <= slopes.max().item() <= 0.3
    y.sum().backward()
    assert mt.all(mt.abs(x.grad[x.detach() < 0] - slopes) < 1e-5)


@pytest.mark.parametrize("name", ["celu", "elu", "hardtanh", "leaky_relu", "relu", "selu", "threshold", "rrelu"])
def test_functions_in_place(name):
    args = (0.5, 2.0) if name == "threshold" else (0.2, 0.2) if name == "rrelu" else ()
    leaf = mt.tensor([-2.0, -0.5, 0.3, 4.0], requires_grad=True)
    x = leaf * 1
    assert getattr(nn.functional, f"{name}_")(x, *args) is x
    expected = getattr(nn.functional, name)(leaf, *args)
    assert mt.equal(x, expected)
    assert mt.equal(*(mt.autograd.grad(y.sum(), leaf)[0] for y in (x, expected)))


@pytest.mark.parametrize("n", [10, 20_000])
def test_softmax_has_numbers_below_the_normal_ones(n):
    x = mt.full((n,), -200.0)
    x[0], x[1], x[2] = 0.0, -90.0, -102.0
    expected = np.exp(np.float64([-90, -102])).astype(np.float32)
    assert np.allclose(x.softmax(0)[1:3].numpy(), expected, rtol=1e-4, atol=1.5e-45)
    assert x.softmax(0)[3] == 0


def test_a_nan_passes_its_gradient_on():
    nan = float("nan")
    x = mt.tensor([nan, -1.0, 0.0, 2.0], requires_grad=True)
    mt.relu(x).sum().backward()
    assert x.grad.tolist() == [1, 0, 0, 1]
    a, b = (mt.tensor(values, requires_grad=True) for values in ([nan, 1.0, 2.0, 3.0], [1.0, nan, 2.0, 1.0]))
    for function, slopes in ((mt.maximum, [1, 1, 0.5, 1]), (mt.minimum, [1, 1, 0.5, 0])):
        a.grad = None
        function(a, b).sum().backward()
        assert a.grad.tolist() == slopes
