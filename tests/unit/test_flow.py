"""The flow through a model: the spread and the gradients of every layer."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, viz


def test_a_flow_has_the_spread_and_the_gradients_of_every_layer(tmp_path):
    net, x = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 1)), mt.randn(8, 4)
    before = [b.clone() for b in net.buffers()]
    picture = viz.flow(net, lambda: net(x).pow(2).mean())
    assert all((a == b).all() for a, b in zip(before, net.buffers(), strict=True))
    assert all(p.grad is None for p in net.parameters())
    outputs, layers = [x], picture.runs["Sequential"][0]
    for layer in net:
        outputs.append(layer(outputs[-1]))
    outputs[-1].pow(2).mean().backward(inputs=[*net.parameters(), *outputs[1:]])
    for layer, one, out in zip(net, layers, outputs[1:], strict=True):
        grads = np.concatenate([np.zeros(0), *(p.grad.numpy().reshape(-1) for p in layer.parameters())])
        assert one.spread == pytest.approx(float(out.detach().numpy().std()), rel=1e-5)
        assert one.gradient == pytest.approx(float((out.grad.numpy() ** 2).mean() ** 0.5), rel=1e-4)
        assert one.weight_gradient == pytest.approx(float(np.linalg.norm(grads)), rel=1e-4)
    assert layers[2].zeros == (outputs[3].detach().numpy() == 0).mean()
    picture.record().record()
    assert picture.steps == 3
    both = picture.beside(viz.flow(net, lambda: net(x).mean(), title="mean"))
    assert list(both.runs) == ["Sequential", "mean"]
    assert len(both.words()) == 2
    assert both.words()[1].startswith("mean: on the way back the gradient is multiplied by ")
    data = json.loads(both.save(tmp_path / "flow.json").read_text())
    assert len(data["runs"]["Sequential"]) == 3
    page = both.save(tmp_path / "flow.html").read_text()
    assert page.count("<figure") == 3
    assert ET.fromstring(both.svg).tag.endswith("svg")
    shared = nn.Linear(2, 2)
    again = nn.Sequential(shared, shared, shared)
    assert [one.name for one in viz.flow(again, lambda: again(mt.ones(1, 2)).sum()).runs["Sequential"][0]] == ["0"] * 3
    dead = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    dead[0].bias.data = mt.tensor([-9.0, -9.0])
    said = viz.flow(dead, lambda: dead(mt.ones(1, 2)).sum()).words()
    assert said == ["no gradient passes", "nearly all of the output is 0 at 1 (100 %)"]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: viz.flow(nn.Linear, lambda: 1), TypeError, "looks into a model"),
        (lambda: viz.flow(nn.Linear(1, 1), mt.ones(1)), TypeError, "a function without arguments that runs the model"),
        (lambda: viz.flow(nn.Linear(1, 1), lambda: mt.ones(1).sum()), ValueError, "calls no layer of the model"),
        (lambda: viz.flow(nn.Linear(1, 1), lambda: 3), ValueError, "calls no layer"),
    ],
)
def test_what_has_no_flow(call, error, words):
    with pytest.raises(error, match=words):
        call()
    net = nn.Linear(2, 2)
    with pytest.raises(TypeError, match="the loss should be one number"):
        viz.flow(net, lambda: net(mt.ones(1, 2)))
    with pytest.raises(TypeError, match="title is a str"):
        viz.flow(net, lambda: net(mt.ones(1, 2)).sum(), title=3)
    with pytest.raises(TypeError, match="takes another flow"):
        viz.flow(net, lambda: net(mt.ones(1, 2)).sum()).beside(net)
