"""The numbers that pictures show beside plain Python: values, gradients, sizes in bytes, summaries, and the paths of why."""

import itertools
import json
import math
import random

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.viz.page.summary import bytes_text, is_small, shape_text, summary


def by_name(graph):
    return {box.name: box for box in graph.boxes}


# ---- viz.graph ---------------------------------------------------------------------------------------------------------


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


# ---- summaries ---------------------------------------------------------------------------------------------------------


def test_summaries_beside_loops():
    source = random.Random(0)
    for n in (100, 257, 1000):
        values = [source.gauss(1, 3) for _ in range(n)]
        with_odd = [*values, math.nan, math.inf, -math.inf]
        source.shuffle(with_odd)
        found = summary(np.array(with_odd))
        low, high = min(values), max(values)
        assert (found.low, found.high, found.odd, found.values) == (low, high, 3, None)
        assert found.mean == pytest.approx(sum(values) / n, rel=1e-12)
        assert found.norm == pytest.approx(math.sqrt(sum(v * v for v in values)), rel=1e-12)
        bins = [0] * 12
        for v in values:
            bins[min(11, int((v - low) / (high - low) * 12))] += 1
        assert list(found.histogram) == bins


def test_images_of_large_arrays():
    rows, columns = 40, 70
    array = np.zeros((rows, columns))
    array[0, 0], array[3, 5], array[39, 69], array[2, 4] = 1.0, -2.0, 4.0, 0.5
    found = summary(array, images=True)
    assert (found.block, found.pixels) == ((2, 3), (20, 24))
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
    (image,) = found.images
    expected = {(0, 0): 1.0, (1, 1): -2.0, (19, 23): 4.0}  # the largest in size of each block
    for i, j in itertools.product(range(20), range(24)):
        assert letters.index(image[24 * i + j]) - 31 == round(expected.get((i, j), 0.0) / 4 * 31)
    assert summary(array).images == ()


def test_sizes_as_text():
    assert [bytes_text(n) for n in (0, 999, 1000, 24_600, 1_500_000, 2_000_000_000)] == [
        "0 B", "999 B", "1 kB", "24.6 kB", "1.5 MB", "2 GB"
    ]  # fmt: skip
    assert [shape_text(s) for s in ((), (3,), (2, 3, 4))] == ["scalar", "3", "2×3×4"]
    for shape, small in (
        ((8, 8), True),
        ((5, 13), False),
        ((4, 8, 8), True),
        ((5, 8, 8), False),
        ((25,), False),
        ((24,), True),
    ):
        assert is_small(shape) == small, shape


# ---- viz.why -----------------------------------------------------------------------------------------------------------


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


# ---- the player and the heat map ---------------------------------------------------------------------------------------


def test_the_gradients_of_the_player_are_those_of_backward():
    x = mt.tensor([1.0, -2.0], requires_grad=True)
    with viz.record():
        y = x * x
        loss = (y * 3).sum()
        loss.backward()
    assert x.grad.tolist() == [6, -12]
    trace = json.loads(json.dumps(viz.play(loss).trace))
    assert trace["steps"]
    text = repr(viz.play(loss))
    assert "6  −12" in text
    assert "[3  3]" in text


def test_the_heat_map_has_the_errors_of_the_check():
    class Wrong(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * x * mt.tensor([2.0, 2.0, 3.0], dtype=mt.float64)

    x = mt.tensor([1.0, 0.0, 2.0], dtype=mt.float64, requires_grad=True)
    report = mt.autograd.gradcheck(Wrong, x, raise_exception=False)
    (panel,) = viz.heatmap(report).panels
    assert (panel.rows, panel.columns) == (3, 3)
    expected = np.diag([2.0, 0.0, 4.0])
    assert np.allclose(panel.expected, expected, atol=1e-5)
    assert [[r > 1 for r in row] for row in panel.ratio] == [[False] * 3, [False] * 3, [False, False, True]]
    assert panel.ratio[2][2] == pytest.approx(2 / (1e-5 + 1e-3 * 4), rel=0.01)  # |6 - 4| / (atol + rtol |4|)
    assert "1 of 9 entries off" in panel.note
    assert "expected 4, got 6" in panel.note
