"""The numbers that graphs show beside plain Python: values, gradients, bytes, parameters."""

import math

import pytest

import minitorch as mt
from minitorch import nn, viz


def by_name(graph):
    return {box.name: box for box in graph.boxes}


def test_values_and_gradients_of_boxes():
    x = mt.tensor([3.0, -4.0], dtype=mt.float64, requires_grad=True)
    w = mt.tensor(0.5, dtype=mt.float64, requires_grad=True)
    with viz.record():
        y = x * w
        loss = (y * y).sum()
        loss.backward(retain_graph=True)
    found = by_name(viz.graph(loss, show=("value", "grad")))
    assert (found["x"].value.values, found["x"].gradient.values) == ([3, -4], [1.5, -2])  # 2 x w^2
    assert found["x"].gradient_size == 2.5
    assert (found["w"].number, found["w"].gradient_size) == (0.5, 25.0)  # 2 w sum x^2
    assert (found["y"].value.values, found["y"].gradient.values) == ([1.5, -2], [3, -4])
    assert found["y"].gradient_size == 5.0
    assert (found["loss"].number, found["loss"].gradient_size) == (6.25, 1.0)
    assert found["w"].shape == ()
    negative = mt.tensor(2.0, requires_grad=True)
    (negative * -3).backward()
    assert by_name(viz.graph(negative * -3))["negative"].gradient_size == -3  # of one element the number, with its sign


def test_bytes_of_boxes():
    x = mt.ones(3, 4, requires_grad=True)
    w = mt.ones(4, 5, dtype=mt.float64, requires_grad=True)
    h = x.double() @ w
    out = (h * h).sum()
    found = by_name(viz.graph(out, show="memory"))
    assert (found["x"].memory, found["w"].memory) == (3 * 4 * 4, 4 * 5 * 8)
    assert (found["h"].memory, found["h"].kept) == (3 * 5 * 8, (3 * 4 + 4 * 5) * 8)  # both factors are kept
    square = next(box for box in found.values() if box.title == "×")
    assert (square.memory, square.kept) == (3 * 5 * 8, 3 * 5 * 8)  # h, which is kept twice, counts once
    assert (found["out"].memory, found["out"].kept) == (8, 0)


def test_parameters_of_cards():
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    net[2].bias.requires_grad_(False)
    x = mt.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
    with viz.record():
        loss = net(x).sum()
        loss.backward()
    cards = {box.path: box for box in viz.graph(loss).boxes if box.kind == "module"}
    for i in (0, 2):
        for p in cards[str(i)].parameters:
            weight = getattr(net[i], p.name)
            assert p.shape == tuple(weight.shape)
            assert p.frozen == (not weight.requires_grad)
            if weight.grad is None:
                assert p.gradient is None
            else:
                flat = weight.grad.reshape(-1).tolist()
                size = flat[0] if len(flat) == 1 else math.sqrt(sum(g * g for g in flat))
                assert p.gradient == pytest.approx(size, rel=1e-6)
    assert sum(box.operations for box in cards.values()) >= 3
