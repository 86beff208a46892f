"""Receptive fields: by the formula, and where the derivative is not 0."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn, viz


@st.composite
def chains(draw):
    """Convolutions and poolings in a row, as (kernel, stride, dilation), with the size of an image that is large enough."""
    return [
        (
            draw(st.sampled_from(("convolution", "max", "average"))),
            draw(st.integers(1, 3)),
            draw(st.integers(1, 2)),
            draw(st.integers(1, 2)),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(chains())
def test_fields_grow_by_the_formula(chain):
    layers, size, step, sizes = [], 1, 1, []
    for kind, kernel, stride, dilation in chain:
        dilation = 1 if kind == "average" else dilation
        if kind == "convolution":
            layers.append(nn.Conv2d(1, 1, kernel, stride, 0, dilation))
        else:
            layers.append(nn.MaxPool2d(kernel, stride, 0, dilation) if kind == "max" else nn.AvgPool2d(kernel, stride))
        size, step = size + dilation * (kernel - 1) * step, step * stride
        sizes.append(((size, size), (step, step)))
    net = nn.Sequential(*layers)
    field = viz.receptive_field(net, x=(1, 1, 48, 48))
    assert [(one.size, one.step) for one in field.layers] == sizes
    assert field.size == (size, size)
    inside = np.zeros((48, 48), bool)
    inside[np.ix_(field.rows, field.columns)] = True
    assert not field.effective[~inside].any()


def test_a_field_is_where_the_derivative_of_positive_weights_is():
    """With positive weights and no activation the derivative is 0 nowhere in the field: a comb, a skip, an edge."""

    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(2, 2, 3, padding=3, dilation=3), nn.Conv2d(2, 2, 1)

        def forward(self, x):
            return self.b(self.a(x)) + x

    net = Skip()
    with mt.no_grad():
        for p in net.parameters():
            p.fill_(0.5)
    for cell in ((5, 5), (0, 0), (-1, 4)):
        field = viz.receptive_field(net, cell=cell, x=(1, 2, 10, 10))
        np.testing.assert_array_equal(np.argwhere(field.effective), [(r, c) for r in field.rows for c in field.columns])
    field = viz.receptive_field(net, "a", (5, 5), x=(1, 2, 10, 10))
    assert (field.rows, field.size) == ([2, 5, 8], (7, 7))
    assert field.words[0] == "it sees 7×7 pixels of 10×10, 9 of them: the others lie between"
    x = mt.randn(1, 2, 10, 10, requires_grad=True)
    net.a(x)[0, :, 5, 5].sum().backward()
    np.testing.assert_allclose(field.effective, x.grad.abs().sum(dim=(0, 1)).numpy(), rtol=1e-6)


def test_fields_of_whole_models():
    norm = nn.BatchNorm2d(4)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), norm, nn.ReLU(), nn.Dropout(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    field = viz.receptive_field(net, x=(1, 1, 9, 7))
    assert field.size == (9, 7)
    assert (norm.num_batches_tracked.item(), net.training) == (0, True)
    assert viz.receptive_field(net, norm, (0, 0), x=(1, 1, 9, 7)).rows == [0, 1, 2]
    line = viz.receptive_field(nn.Sequential(nn.Conv1d(2, 2, 3, dilation=2), nn.Conv1d(2, 2, 2, 3)), x=(1, 2, 30))
    assert [(one.size, one.step) for one in line.layers] == [((1, 5), (0, 1)), ((1, 6), (0, 3))]


def test_a_field_as_data_and_text(tmp_path):
    field = viz.receptive_field(nn.Conv2d(1, 2, 3), x=(1, 1, 6, 6))
    assert str(field).startswith("Conv2d 1→2, 3×3, cell 2, 2: it sees 3×3 pixels of 6×6")
    data = json.loads(field.save(tmp_path / "field.json").read_text())
    assert (data["rows"], len(data["effective"])) == ([2, 3, 4], 6)
    assert ET.fromstring(field.svg).tag.endswith("svg")
    assert "<script" not in field.save(tmp_path / "field.html").read_text()
    conv = nn.Conv2d(1, 1, 3)
    unused = nn.Sequential(conv)
    unused.forward = lambda x: x
    for call, error, words in (
        (lambda: viz.receptive_field(nn.Conv2d, x=3), TypeError, "an nn.Module"),
        (lambda: viz.receptive_field(conv, "9", x=(1, 1, 6, 6)), TypeError, "its name, not '9'"),
        (lambda: viz.receptive_field(conv, x=(2, 1, 6, 6)), TypeError, "one image"),
        (lambda: viz.receptive_field(conv, x=(1, 1, 6, 300)), ValueError, "128 is the most"),
        (lambda: viz.receptive_field(conv, cell=(4, 0), x=(1, 1, 6, 6)), IndexError, "4×4 cells"),
        (lambda: viz.receptive_field(unused, "0", x=(1, 1, 6, 6)), ValueError, "was not called"),
        (lambda: field.save("field.gif"), ValueError, ".html, .svg, .png, .json and .txt"),
    ):
        with pytest.raises(error, match=words):
            call()
