"""The pictures of layers: their table of taps against the layer and autograd, for layers drawn at random; and its matrix."""

import json
import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn, viz
from minitorch.viz.layers.taps import taps_of

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
MAX_POOLS, AVG_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d), (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
ADAPTIVE = (
    (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
    (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
)


@st.composite
def layers(draw):
    """A layer of any rank with any parameters, and the shape of an input that fits."""
    rank, groups = draw(st.integers(1, 3)), draw(st.sampled_from((1, 1, 2)))
    each = lambda low, high: [draw(st.integers(low, high)) for _ in range(rank)]  # noqa: E731
    kernel, stride, dilation, bias = each(1, 3), each(1, 3), each(1, 2), draw(st.booleans())
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [span + draw(st.integers(0, 3)) for span in spans]
    inputs, outputs = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kind = draw(st.sampled_from(("convolution", "transposed", "max", "average", "adaptive max", "adaptive average")))
    if kind == "convolution":
        mode = draw(st.sampled_from(("zeros", "reflect", "replicate", "circular")))
        padding = [draw(st.integers(0, min(2, n - 1))) for n in size]
        layer = CONVOLUTIONS[rank - 1](inputs, outputs, kernel, stride, padding, dilation, groups, bias, mode)
        return layer, (inputs, *size)
    if kind == "transposed":
        size = each(1, 3)
        most = [(n - 1) * s + span for n, s, span in zip(size, stride, spans, strict=True)]
        padding = [draw(st.integers(0, max(0, (n - 1) // 2))) for n in most]
        extra = [draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)]
        return TRANSPOSED[rank - 1](inputs, outputs, kernel, stride, padding, extra, groups, bias, dilation), (inputs, *size)
    padding, ceil = [draw(st.integers(0, k // 2)) for k in kernel], draw(st.booleans())
    if kind == "max":
        return MAX_POOLS[rank - 1](kernel, stride, padding, dilation, ceil_mode=ceil), (inputs, *size)
    if kind == "average":
        counts = draw(st.booleans())
        size = [max(n, k) for n, k in zip(size, kernel, strict=True)]
        return AVG_POOLS[rank - 1](kernel, stride, padding, ceil, counts), (inputs, *size)
    return ADAPTIVE[kind.endswith("average")][rank - 1](each(1, 4)), (inputs, *size)


def check(layer, shape):
    layer = layer.double()
    taps = taps_of(layer, shape)
    x = mt.randn(1, *shape, dtype=mt.float64, requires_grad=True)
    y = layer(x)
    grad = mt.randn(*y.shape, dtype=mt.float64)
    y.backward(grad)
    weight, bias = (None if p is None else p.detach().numpy() for p in map(layer._parameters.get, ("weight", "bias")))
    image, upstream = x.detach().numpy()[0], grad.numpy()[0]
    same = lambda a, b: np.testing.assert_allclose(a, b, 1e-9, 1e-9)  # noqa: E731
    taps = taps.chosen(image)
    assert taps.output_shape == tuple(y.shape[1:])
    same(taps.forward(image, weight, bias), y.detach().numpy()[0])
    if weight is not None:
        same(taps.weight_gradient(image, upstream), layer.weight.grad.numpy())
    matrix = taps.matrix(weight)
    product = (matrix @ image.reshape(-1)).reshape(taps.output_shape)
    same(product if bias is None else product + bias.reshape(-1, *[1] * (y.ndim - 2)), y.detach().numpy()[0])
    same((matrix.T @ upstream.reshape(-1)).reshape(shape), x.grad.numpy()[0])


@settings(max_examples=150)
@given(layers())
def test_taps_are_the_layer_and_its_gradients(drawn):
    check(*drawn)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(3, 4), (3,)),
        (nn.Flatten(), (2, 3, 3)),
        (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 3, 3)),
        (nn.ZeroPad2d(1), (1, 3, 3)),
        (nn.ReflectionPad1d(2), (2, 5)),
        (nn.Unfold(2), (1, 3, 3)),
        (nn.AvgPool2d(2, divisor_override=3), (1, 4, 4)),
        (nn.Conv2d(2, 4, 3, padding="same", groups=2), (2, 5, 5)),
    ],
)
def test_taps_of_other_layers(layer, shape):
    check(layer, shape)


def test_the_matrix_of_the_chapter():
    layer, turned = nn.Conv2d(1, 1, 3, bias=False), nn.ConvTranspose2d(1, 1, 3, bias=False)
    turned.weight = layer.weight
    matrix = viz.matrix(layer, (1, 4, 4))
    assert matrix.array.shape == (4, 16)
    assert (matrix.array != 0).sum() == 36
    assert "4×16: 36 of 64 places are used, by 9 free numbers" in repr(matrix)
    assert (viz.matrix(turned, (1, 2, 2)).array == matrix.array.T).all()
    assert (matrix.T.array == matrix.array.T).all()
    assert (matrix.T.input_shape, matrix.T.output_shape) == ((1, 2, 2), (1, 4, 4))
    x = mt.randn(1, 1, 4, 4)
    np.testing.assert_allclose(matrix.array @ x.numpy().reshape(-1), layer(x).detach().numpy().reshape(-1), 1e-5, 1e-6)


@settings(max_examples=40)
@given(layers())
def test_every_matrix_is_drawn(drawn):
    layer, shape = drawn
    matrix = viz.matrix(layer, mt.randn(*shape))
    cells = len({(o, i) for o, i, _ in matrix.data["taps"]})
    assert f"{cells:,} of {matrix.array.size:,} places" in repr(matrix)
    assert (np.array(matrix.data["matrix"]) == matrix.array).all()
    if matrix.array.size <= 2000:
        root = ET.fromstring(matrix.svg)
        drawn_cells = [e for e in root.iter() if e.get("data-o") and e.get("data-i") and e.tag.endswith("rect")]
        assert len(drawn_cells) == matrix.array.size
        assert sum(e.get("data-k") is not None for e in drawn_cells) == cells
        images = [e for e in root.iter() if e.tag.endswith("rect") and e.get("data-i") and not e.get("data-o")]
        assert len(images) == 2 * math.prod(shape)  # as an image and as a column


def test_saving_a_matrix(tmp_path):
    matrix = viz.matrix(nn.Conv1d(1, 2, 2), (1, 4))
    assert "(+ bias)" in matrix.save(tmp_path / "m.svg").read_text()
    assert "default-src 'none'" in matrix.save(tmp_path / "m.html").read_text()
    assert json.loads(matrix.save(tmp_path / "m.json").read_text())["input"] == [1, 4]
    assert matrix.save(tmp_path / "m.txt").read_text() == f"{matrix!r}\n"
    assert "<iframe srcdoc=" in matrix._repr_mimebundle_()["text/html"]
    with pytest.raises(ValueError, match=r"the endings \.html, \.svg, \.png, \.json and \.txt are known"):
        matrix.save(tmp_path / "m.bmp")
    large = viz.matrix(nn.Conv2d(1, 1, 3), (1, 20, 20))
    assert "too wide for text" in repr(large)
    with pytest.raises(
        ValueError, match=r"a picture shows 20,000: take a smaller image, such as viz\.matrix\(layer, \(1, 6, 6\)\)"
    ):
        _ = large.svg


def test_what_is_no_matrix():
    for call, error, said in (
        (lambda: viz.matrix(nn.ReLU(), (1, 3)), ValueError, "ReLU is not linear"),
        (
            lambda: viz.matrix(nn.MaxPool2d(2), (1, 4, 4)),
            ValueError,
            r"Pass one, viz\.matrix\(layer, minitorch\.randn\(1, 4, 4\)\)",
        ),
        (lambda: viz.matrix(nn.Conv2d(1, 1, 3), (1, 2, 2)), RuntimeError, "Kernel size can't be greater"),
        (lambda: viz.matrix(nn.Conv2d(3, 1, 3), (1, 5, 5)), RuntimeError, "for an input of 3 channels"),
        (lambda: viz.matrix(nn.Conv2d(1, 1, 3), (1, 90, 90)), ValueError, "more than the 50,000 that a picture can show"),
        (lambda: viz.matrix(3, (1,)), TypeError, "an nn.Module, and got int"),
        (lambda: viz.matrix(nn.Linear(3, 2), "x"), TypeError, "input is a shape without a batch"),
        (lambda: viz.matrix(nn.Linear(3, 2), (4,)), RuntimeError, "takes 3 features"),
    ):
        with pytest.raises(error, match=said):
            call()
