"""Curves of activations: each is the function and its slope, with its kinks."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, viz

SMOOTH = (
    nn.Sigmoid,
    nn.Tanh,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Softplus,
    nn.Softsign,
    nn.Tanhshrink,
    nn.LogSigmoid,
    nn.ELU,
    nn.CELU,
)
KINKS = {  # the places of the kinks: the slopes on the left and on the right
    nn.ReLU(): {0: (0, 1)},
    nn.LeakyReLU(0.1): {0: (0.1, 1)},
    nn.ReLU6(): {0: (0, 1)},  # the other is outside
    nn.Hardtanh(-1, 2): {-1: (0, 1), 2: (1, 0)},
    nn.Hardsigmoid(): {-3: (0, 1 / 6), 3: (1 / 6, 0)},
    nn.Hardswish(): {-3: (0, -0.5), 3: (1.5, 1)},
    nn.Hardshrink(0.7): {-0.7: (1, 0), 0.7: (0, 1)},
    nn.Softshrink(): {-0.5: (1, 0), 0.5: (0, 1)},
    nn.Threshold(1.3, 5): {1.3: (0, 1)},
    nn.SELU(): {0: (1.6732632423543772 * 1.0507009873554805, 1.0507009873554805)},
    nn.ELU(0.5): {0: (0.5, 1)},
}


@pytest.mark.parametrize("layer", [cls() for cls in SMOOTH] + list(KINKS), ids=str)
def test_a_curve_is_the_function_and_its_slope(layer):
    (panel,) = viz.curve(layer).panels
    x, y, slope = (np.array(part) for part in (panel.x, panel.lines[0], panel.slopes[0]))
    np.testing.assert_array_equal(y, layer(mt.tensor(x)).numpy())
    expected = KINKS.get(layer, {})
    assert [kink.x for kink in panel.kinks] == list(expected)
    for kink in panel.kinks:
        np.testing.assert_allclose((kink.left, kink.right), expected[kink.x], atol=2e-6)
        exact = mt.tensor(float(kink.x), dtype=mt.float64, requires_grad=True)
        layer(exact).backward()
        assert abs(exact.grad.item() - kink.used) < 2e-6
    away = np.all([abs(x[1:-1] - place) > 0.03 for place in expected] or [np.full(len(x) - 2, True)], axis=0)
    np.testing.assert_allclose(
        slope[1:-1][away], ((y[2:] - y[:-2]) / (x[2:] - x[:-2]))[away], atol=0.021
    )  # the error of a difference where f″ jumps


def test_jumps_of_the_value():
    (panel,) = viz.curve(nn.Threshold(1, 5)).panels
    assert [kink.values for kink in panel.kinks] == [(5, 1)]
    assert "at 1: jumps from 5 to 1, slope 0 on the left, 1 on the right; backward uses 0" in panel.words
    assert len(viz.curve(nn.Hardshrink()).panels[0].kinks) == 2
    ET.fromstring(viz.curve(nn.Threshold(1, 5)).svg)


def test_learnt_and_random_slopes():
    prelu = nn.PReLU(3)
    with mt.no_grad():
        prelu.weight.copy_(mt.tensor([0.1, -0.5, 2.0]))
    (panel,) = viz.curve(prelu).panels
    assert [line[0] for line in panel.lines] == pytest.approx([-0.4, 2.0, -8.0])
    assert [slope[0] for slope in panel.slopes] == pytest.approx([0.1, -0.5, 2.0])
    assert "learnt slopes by channel: 0.1, −0.5, 2" in panel.words
    rrelu = nn.RReLU(0.2, 0.6)
    (panel,) = viz.curve(rrelu).panels
    assert (panel.band[0][0], panel.band[1][0]) == pytest.approx((-2.4, -0.8))
    assert panel.slopes[0][0] == pytest.approx(0.4)  # the mean, as in evaluation
    assert viz.curve(rrelu.eval()).panels[0].band is None


def test_the_inputs_of_a_model():
    mt.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 30), nn.BatchNorm1d(30), nn.ReLU(), nn.Linear(30, 30), nn.Sigmoid(), nn.ReLU())
    x = mt.randn(50, 4)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    first, second, third = (panel.inputs for panel in viz.curve(model=net, x=x).panels)
    assert [got.where for got in (first, second, third)] == ["layer 2", "layer 4", "layer 5"]
    assert all((value == before[name]).all() for name, value in net.state_dict().items())  # the running statistics, too
    entering = net[1](net[0](x)).detach().numpy()
    assert (first.count, first.zero) == (1500, pytest.approx((entering <= 0).mean()))
    np.testing.assert_array_equal(first.histogram, np.histogram(entering, 40, (-4, 4))[0])
    assert (second.zero, third.zero) == (0, 0)
    both = viz.curve(nn.ReLU(), model=net, x=x).panels[0].inputs
    assert (both.where, both.count) == ("the 2 layers of this class", 3000)
    assert viz.curve(net[5], model=net, x=x).panels[0].inputs == third
    twice = nn.Sequential(nn.Tanh(), net[0], net[0].__class__(30, 4), nn.Tanh())
    twice[3] = twice[0]
    assert viz.curve(model=twice, x=x).panels[0].inputs.count == 400  # one layer, called twice


def test_a_curve_as_data_and_text(tmp_path):
    curve = viz.curve(nn.ReLU(), mt.log, range=(-1, 3))
    data = json.loads(curve.save(tmp_path / "curve.json").read_text())
    assert (data[1]["lines"][0][0], data[0]["x"][-1]) == ("nan", 3)
    assert curve.save(tmp_path / "curve.txt").read_text() == f"{curve}\n"
    assert set(curve._repr_mimebundle_()) == {"text/plain", "text/html"}
    ET.fromstring(curve.svg)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: viz.curve(), TypeError, "needs an activation"),
        (lambda: viz.curve(nn.ReLU), TypeError, r"make a layer of it, ReLU\(\)"),
        (lambda: viz.curve(3), TypeError, "got 3"),
        (lambda: viz.curve(nn.Softmax(0)), ValueError, "depends on the other numbers"),
        (lambda: viz.curve(nn.Linear(3, 3)), ValueError, "cannot take a row of numbers"),
        (lambda: viz.curve(lambda x: x > 0), ValueError, "no derivative"),
        (lambda: viz.curve(mt.sum), ValueError, "does not make 401"),
        (lambda: viz.curve(nn.ReLU(), range=(1, 1)), ValueError, "from a smaller to a larger"),
        (lambda: viz.curve(nn.ReLU(), range=3), TypeError, "a pair of numbers"),
        (lambda: viz.curve(nn.ReLU(), x=mt.ones(3)), TypeError, "pass model="),
        (lambda: viz.curve(model=nn.ReLU, x=mt.ones(3)), TypeError, "model is an nn.Module"),
        (lambda: viz.curve(model=nn.Linear(2, 2), x=mt.ones(1, 2)), ValueError, "has no activation layer"),
        (lambda: viz.curve(nn.Tanh(), model=nn.Sequential(nn.ReLU()), x=mt.ones(3)), ValueError, "its activation layers: ReLU"),
        (lambda: viz.curve(nn.ReLU()).save("curve.gif"), ValueError, ".html, .svg, .png, .json and .txt"),
    ],
)
def test_what_has_no_curve(call, error, words):
    with pytest.raises(error, match=words):
        call()
