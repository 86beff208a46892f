"""The paths of `why`: all of them, and their products add up to the gradient."""

import itertools
import math

import pytest

import minitorch as mt
from minitorch import nn, viz


def totals(explained):
    return sum(path.product for path in explained.paths) + explained.rest


def test_the_products_of_why_add_up_to_the_gradient():
    mt.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 1)).double()
    x = mt.randn(2, 3, dtype=mt.float64, requires_grad=True)
    loss = net(x).pow(2).mean()
    loss.backward(retain_graph=True)
    for tensor in (x, *net.parameters()):
        for index in itertools.product(*map(range, tensor.shape)):
            explained = viz.why(tensor, loss, index=index)
            assert explained.value == pytest.approx(tensor.grad[index].item(), rel=1e-12)
            assert totals(explained) == pytest.approx(explained.value, rel=1e-9, abs=1e-15)
            for path in explained.paths:
                assert path.product == pytest.approx(math.prod(f.value for f in path.factors), rel=1e-12)


def test_the_paths_of_why_are_all_the_paths():
    x = mt.tensor([2.0, 5.0], dtype=mt.float64, requires_grad=True)
    y = x[0] * x[1]
    z = y * x[0] + y
    explained = viz.why(x, z, index=0)  # x0^2 x1 + x0 x1
    assert sorted(path.product for path in explained.paths) == [5, 10, 10]
    assert (explained.value, explained.rest) == (25, 0)
    assert explained.paths[0].factors[0].name.startswith("∂z/")
    assert viz.why(x, z).name == "dz/dx[0]"  # the largest
    assert viz.why(x, z, index=-1).value == 6


def test_why_shows_hooks_as_factors():
    x = mt.tensor(3.0, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    z = y * y
    explained = viz.why(x, z)
    assert explained.value == 240
    assert totals(explained) == pytest.approx(240)
    assert [f.value for path in explained.paths for f in path.factors if f.name.startswith("hook")] == [10, 10]


def test_the_rest_of_why_is_what_is_not_shown():
    x = mt.tensor(1.5, dtype=mt.float64, requires_grad=True)
    y = x
    for _ in range(6):
        y = y + y * 0.5 + y * 0.25  # 3^6 paths
    explained = viz.why(x, y)
    assert len(explained.paths) == 24
    assert explained.value == pytest.approx(1.75**6)
    assert explained.rest == pytest.approx(1.75**6 - sum(path.product for path in explained.paths), rel=1e-9)
    exact = sorted((math.prod(p) for p in itertools.product((1, 0.5, 0.25), repeat=6)), reverse=True)
    assert sum(path.product for path in explained.paths) <= sum(exact[:24]) + 1e-12
    assert explained.paths[0].product == 1


def test_the_rest_of_why_counts_hooks():
    x = mt.tensor(1.5, dtype=mt.float64, requires_grad=True)
    y = x * 1.0
    y.register_hook(lambda g: g * 10)
    for _ in range(5):
        y = y + y * 0.5
        y.register_hook(lambda g: g * 2)
    explained = viz.why(x, y)
    assert explained.value == pytest.approx(10 * 2**5 * 1.5**5)
    assert explained.rest != 0
    assert totals(explained) == pytest.approx(explained.value)


def test_the_rest_of_why_has_the_branches_that_are_not_followed():
    x, w = mt.tensor(2.0, dtype=mt.float64, requires_grad=True), mt.arange(1.0, 101.0).double()
    loss = (x * w).sum()
    explained = viz.why(x, loss)
    assert [path.product for path in explained.paths] == [float(k) for k in range(100, 76, -1)]
    assert explained.rest == sum(range(1, 77))
    assert explained.value == 5050
