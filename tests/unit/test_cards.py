"""Cards of recorded calls: what goes into a call, and what is a loop."""

import time

import pytest

import minitorch as mt
import minitorch.nn.functional as F
from minitorch import nn, viz


def titles(graph):
    return [(box.title, box.count) for box in graph.boxes if box.kind != "tensor"]


def tags(graph):
    return [box.title for box in graph.boxes if box.kind == "tensor"]


def test_arguments_that_calls_off_the_tape_returned():
    pair, layer, w = mt.tensor([[0, 1, 2], [1, 0, 2]]), nn.Embedding(3, 3), mt.ones(3, 3, requires_grad=True)
    with viz.record():
        numbers, labels = pair.unbind(0)
        best, places = mt.randn(3, 3).max(1)
        loss = F.cross_entropy(layer(numbers), labels) + F.cross_entropy(w * 2, places) + best.sum()
    assert {"labels", "places"} <= set(tags(viz.graph(loss)))
    assert "cross_entropy(layer, labels)" in repr(viz.play(loss))


def test_tensors_in_lists_and_indices_are_arrows():
    x, data, places = mt.randn(3, 4, requires_grad=True), mt.randn(3, 4), mt.tensor([0, 1])
    weights, labels = mt.ones(4), mt.tensor([0, 1, 2])
    with viz.record():
        out = mt.cat([x, data])[:, places].sum() + F.cross_entropy(x, labels, weight=weights)
    graph = viz.graph(out)
    assert tags(graph) == ["x", "data", "places", "labels", "weights"]  # and nothing that the functions made inside
    assert "Tensor" not in repr(graph)


def test_what_is_repeated_and_not_connected_is_no_loop():
    layer, x = nn.Linear(2, 2), mt.randn(1, 2)
    with viz.record():
        a = layer(x)
        b = layer(a)
        c = layer(x)
        out = (b + c).sum()
    assert titles(viz.graph(out)) == [("Linear", 1)] * 3 + [("+", 1), ("sum", 1)]
    q, k, v = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
    x = mt.randn(3, 4)
    with viz.record():
        heads = [part(x).reshape(3, 2, 2).transpose(0, 1) for part in (q, k, v)]
        out = (F.softmax(heads[0] @ heads[1].transpose(1, 2), -1) @ heads[2]).sum()
    assert all(count == 1 for _, count in titles(viz.graph(out)))
    w = mt.tensor(0.5, requires_grad=True)
    with viz.record():
        h = w
        for t in range(6):
            y = h.exp()
            h = y + (y if t < 3 else h).tanh()
        out = h * 1
    assert all(count == 1 for _, count in titles(viz.graph(out)))


def test_a_rolled_loop_has_the_inputs_of_its_calls():
    model, total = nn.Linear(2, 3), mt.zeros(())
    with viz.record():
        for _ in range(5):
            images, labels = mt.randn(4, 2), mt.tensor([0, 1, 2, 1])
            total = total + F.cross_entropy(model(images), labels)
    graph = viz.graph(total)
    assert titles(graph) == [("Linear", 5), ("cross_entropy", 5), ("+", 5)]
    assert [(box.title, box.count) for box in graph.boxes if box.kind == "tensor"] == [
        ("images", 5),
        ("labels", 5),
        ("total", 1),
    ]
    unrolled = viz.graph(total, roll=False)
    assert titles(unrolled) == [("Linear", 1), ("cross_entropy", 1), ("+", 1)] * 5


def test_loops_that_change_are_no_loops():
    h = mt.randn(2, 4, requires_grad=True)
    with viz.record():
        for t in range(4):
            a, b = h.chunk(2, 1)
            h = mt.cat([(b if t % 2 else a).sin(), a if t % 2 else b], 1)
        out = h.sum()
    assert all(count == 1 for _, count in titles(viz.graph(out)))
    w, a, b = mt.tensor(1.5, requires_grad=True), mt.tensor(2.0), mt.tensor(3.0)
    with viz.record():
        h = w
        for t in range(6):
            h = (h * (a if t % 2 else b)).tanh()
    assert [(box.title, box.count) for box in viz.graph(h).boxes] == [("w", 1), ("b", 2), ("×", 6), ("tanh", 6)]
    with viz.record():
        h = w
        for divisor in (5, 4, 3, 2):
            h = (h % divisor) * w
    assert [title for title, _ in titles(viz.graph(h)) if title != "×"] == [f"remainder {n}" for n in (5, 4, 3, 2)]


def test_a_densely_connected_graph_is_drawn_soon():
    pytest.importorskip("pygraphviz")
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        values = [x]
        for _ in range(22):
            values.append(sum(values).tanh())
        out = values[-1].sum()
    start = time.process_time()
    assert "<svg" in viz.graph(out).svg
    assert time.process_time() - start < 3
