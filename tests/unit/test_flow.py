"""The flow through a model: the spread and the gradients of every layer."""

import json
import re
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


def fixed():
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU())
    with mt.no_grad():
        net[0].weight.fill_(2.0)
    return net


def test_a_flow_prints_a_row_for_each_layer():
    net, x = fixed(), mt.tensor([[-1.0], [1.0], [3.0], [-3.0]])
    flow = viz.flow(net, lambda: net(x).sum(), title="two")
    # outputs -2, 2, 6, -6 and 0, 2, 6, 0: their standard deviations; gradients 0, 1, 1, 0 and 1, 1, 1, 1; d w = 1 + 3
    title, *rows, words = str(flow).splitlines()
    assert [title, *(re.split("  +", row.strip()) for row in rows), words] == [
        "two",
        ["layer", "spread", "gradient", "zeros", "‖weight‖", "‖its gradient‖"],
        ["0 Linear 1→1, no bias", "4.472", "0.7071", "0 %", "2", "4"],
        ["1 ReLU", "2.449", "1", "50 %"],
        "on the way back the gradient is multiplied by 0.7071 at each layer, on average",
    ]
    flow.record()
    assert str(flow).startswith("two, step 2\n")
    assert flow.steps == 2
    both = flow.beside(viz.flow(net, lambda: net(x).sum() * 0, title="two"))
    assert list(both.runs) == ["two", "two (2)"]
    assert both.words() == [
        "two: on the way back the gradient is multiplied by 0.7071 at each layer, on average",
        "two (2): no gradient passes",
    ]
    assert both.words(0) == both.words()
    with pytest.raises(ValueError, match="call it before beside"):
        both.record()


def test_layers_that_are_called_again_are_summed_up_from_call_to_call():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.read, self.carry = nn.Linear(1, 1), nn.Linear(1, 1, bias=False)

        def forward(self, x):
            h = mt.zeros(len(x), 1)
            for t in range(x.shape[1]):
                h = self.read(x[:, t : t + 1]) + self.carry(h)
            return h

    net = Recurrent()
    net.carry.weight.data.fill_(0.5)
    flow = viz.flow(net, lambda: net(mt.ones(2, 4)).sum())
    assert [(one.name, one.gradient) for one in flow.runs["Recurrent"][0]][::2] == [("read", 0.125 * 2**t) for t in range(4)]
    assert flow.runs["Recurrent"][0][1].zeros == 1  # the state begins as 0, in the first of four calls
    assert flow.words() == ["back from call to call the gradient is multiplied, on average, by 0.5 at read, 0.5 at carry"]
    net.read.requires_grad_(False).weight.data.zero_()
    net.read.bias.data.zero_()
    assert viz.flow(net, lambda: net(mt.ones(2, 4)).sum()).words()[1:] == [
        "nearly all of the output is 0 at read (100 %), carry (100 %)"
    ]


def test_a_flow_draws_what_is_small_to_scale_and_zeros_below_it():
    net, x = nn.Sequential(*(nn.Linear(1, 1, bias=False) for _ in range(4))), mt.ones(2, 1)
    with mt.no_grad():
        for layer in net:
            layer.weight.fill_(1e-9)
    svg = ET.fromstring(viz.flow(net, lambda: net(x).sum()).svg)
    circles = [c.attrib for c in svg.iter("{http://www.w3.org/2000/svg}circle")]
    spreads, sizes = circles[:4], circles[4:]  # equal rows: a spread of 0; gradients 1e-27, 1e-18, 1e-9, 1
    heights = [float(c["cy"]) for c in sizes]
    assert np.diff(heights) == pytest.approx([-48.2] * 3, abs=0.2)
    assert {(c["cy"], "stroke" in c) for c in spreads} == {("234.0", True)}
    assert not any("stroke" in c for c in sizes)
    assert [t.text for t in svg.iter("{http://www.w3.org/2000/svg}text")].count("0") == 1


def test_a_flow_of_many_layers_is_not_wider_than_a_page():
    net = nn.Sequential(*(nn.Tanh() for _ in range(20)))
    svg = ET.fromstring(viz.flow(net, lambda: net(mt.ones(2, 1, requires_grad=True)).sum()).svg)
    assert float(svg.attrib["width"]) < 960


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda net: viz.flow(3, lambda: 1), TypeError, "looks into a model, an nn.Module, and got int"),
        (lambda net: viz.flow(net, mt.ones(1)), TypeError, "a function without arguments that runs the model"),
        (lambda net: viz.flow(net, lambda: net(mt.ones(1, 1)).sum(), 3), TypeError, "title is a str, not int"),
        (lambda net: viz.flow(net, lambda: mt.ones(1)), ValueError, "the loss calls no layer of the model"),
        (lambda net: viz.flow(net, lambda: net(mt.ones(2, 1))), TypeError, "the loss should be one number, a Tensor, and the"),
        (lambda net: viz.flow(net, lambda: net(mt.ones(1, 1)).sum()).beside(3), TypeError, "takes another flow, .*, not int"),
        (
            lambda net: viz.flow(net, lambda: sum(net(mt.ones(1, 1)) for _ in range(101))),
            ValueError,
            "202 calls of layers are too",
        ),
    ],
)
def test_what_has_no_flow_is_told_so(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call(fixed())
