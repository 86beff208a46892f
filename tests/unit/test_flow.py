"""What `viz.flow` prints, with its numbers computed by hand."""

import re

import pytest

import minitorch as mt
from minitorch import nn, viz


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
def test_what_has_no_flow(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call(fixed())
