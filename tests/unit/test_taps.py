"""The pictures of layers: their table of taps against the layer and autograd, for layers drawn at random."""

import base64
import copy
import io
import json
import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn, viz
from minitorch.viz.layers.maps import _png
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
    same(taps.input_gradient(upstream, weight), x.grad.numpy()[0])
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


# ---- curves -------------------------------------------------------------------------------------------------------------

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


# ---- sizes --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(layers())
def test_sizes_and_windows_are_those_of_the_layer(drawn):
    layer, shape = drawn
    found = viz.explain(layer, shape)
    x = mt.zeros(1, *shape)
    assert found.output_shape == tuple(layer(x).shape[1:])
    assert tuple(axis.out for axis in found.axes) == found.output_shape[1:]
    taps = taps_of(layer, shape)
    for d, axis in enumerate(found.axes):
        if axis.kind == "adaptive":
            continue
        assert axis.formula[-1].endswith(f"= {axis.out}")
        numbers = axis.formula[1].replace("·", "*").replace("−", "-").replace("= ", "").strip()
        worked = eval(numbers.translate(str.maketrans("⌊⌋⌈⌉", "()()")).replace("/", "//" if not axis.ceil_mode else "/"))
        assert axis.out in (worked, *([np.ceil(worked), np.ceil(worked) - 1] if axis.ceil_mode else []))
        if not isinstance(layer, CONVOLUTIONS) or layer.padding_mode == "zeros":  # else the padding has cells of the input
            o, i = (np.unravel_index(part, size)[d + 1] for part, size in used(taps))
            pairs = {(a, c) for a, window in enumerate(axis.windows) for c in window if 0 <= c < axis.cells}
            assert pairs >= set(zip(*((i, o) if axis.kind == "stamp" else (o, i)), strict=True))
    assert ET.fromstring(found.svg) is not None
    json.dumps(found.data)
    assert str(found).startswith(found.headline)


def used(taps):
    """The cells of the taps that are neither padding nor cut off, with the shapes they are numbered in."""
    inside = (taps.input >= 0) & (taps.output >= 0)
    return (taps.output[inside], taps.output_shape), (taps.input[inside], taps.input_shape)


def test_an_input_that_does_not_fit():
    found = viz.explain(nn.Conv2d(3, 8, 7, dilation=2), (3, 4, 28))
    assert (found.output_shape, found.headline.split("→")[-1]) == (None, " does not fit")
    assert [axis.fits for axis in found.axes] == [False, True]
    assert found.axes[0].words == [
        "does not fit: the window reaches over 13 cells, and the input with its padding has only 4",
        "what would fit: padding 5 · kernel_size 2 · an input of 13",
    ]
    nn.Conv2d(3, 8, 7, padding=5, dilation=2)(mt.zeros(1, 3, 4, 28))
    nn.Conv2d(3, 8, 2, dilation=2)(mt.zeros(1, 3, 4, 28))
    nn.Conv2d(3, 8, 7, dilation=2)(mt.zeros(1, 3, 13, 28))
    transposed = viz.explain(nn.ConvTranspose1d(1, 1, 2, padding=3), (1, 2))
    assert transposed.axes[0].words[1] == "what would fit: padding 1 · dilation 5 · an input of 6"
    assert nn.ConvTranspose1d(1, 1, 2, padding=3, dilation=5)(mt.zeros(1, 1, 2)).shape[-1] == 1
    assert nn.ConvTranspose1d(1, 1, 2, padding=3)(mt.zeros(1, 1, 6)).shape[-1] == 1
    assert nn.ConvTranspose1d(1, 1, 2, padding=1)(mt.zeros(1, 1, 2)).shape[-1] == 1


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3), st.booleans())
def test_every_setting_that_an_error_names_fits(size, kernel, stride, padding, dilation, ceil):
    settings_ = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    for layer, extra in ((lambda **s: nn.Conv1d(1, 1, **s), {}), (nn.MaxPool1d, {"ceil_mode": ceil})):
        if layer is nn.MaxPool1d and (padding > kernel // 2 or dilation > 1):
            continue  # refused for other reasons
        try:
            layer(**settings_, **extra)(mt.zeros(1, 1, size))
        except RuntimeError as error:
            ways = str(error).split("What would fit: ")[1].split(";")[0].split(", or ")
            assert ways[-1].startswith("an input of")
            for way in ways:
                name, value = way.rsplit(" ", 1)
                if name == "an input of":
                    assert layer(**settings_, **extra)(mt.zeros(1, 1, int(value))).shape[-1] == 1
                else:
                    assert layer(**{**settings_, name: int(value)}, **extra)(mt.zeros(1, 1, size)).shape[-1] >= 1


def test_what_is_said_of_sizes():
    words = lambda layer, *shape: viz.explain(layer, (1, *shape)).axes[0].words  # noqa: E731
    assert words(nn.Conv1d(1, 1, 3, padding=1), 7) == ["the size stays 7"]
    assert words(nn.Conv1d(1, 1, 3, stride=2), 8) == ["no window reads cell 7", "inputs of 7 to 8 cells all give 3"]
    assert words(nn.MaxPool1d(3, 2, ceil_mode=True), 8) == ["ceil_mode: the last window reaches 1 cell over the end"]
    times = words(nn.ConvTranspose1d(1, 1, 3, stride=2, padding=1, output_padding=1), 4)[-1]
    ones = nn.ConvTranspose1d(1, 1, 3, stride=2, padding=1, output_padding=1, bias=False)
    with mt.no_grad():
        ones.weight.fill_(1.0)
    counts = " ".join(f"{n:.0f}" for n in ones(mt.ones(1, 1, 4)).flatten().tolist())
    assert times == f"an output cell is the sum of 1 to 2 products: {counts}"
    assert words(nn.AdaptiveMaxPool1d(3), 8) == ["windows of 3 and 4 cells"]
    for n in (7, 8):
        assert nn.Conv1d(1, 1, 3, stride=2)(mt.zeros(1, 1, n)).shape[-1] == 3


def test_a_long_axis_is_drawn_in_part():
    found = viz.explain(nn.Conv2d(3, 64, 7, 2, 3), (3, 224, 224))
    assert "height and width" in str(found)
    assert "the first 12 of 112 windows are drawn" in str(found)
    assert max(map(len, str(found).splitlines())) < 128


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: viz.explain(nn.ReLU(), (1, 2)), TypeError, "got ReLU"),
        (lambda: viz.explain(nn.Conv2d, (1, 2)), TypeError, "the class Conv2d"),
        (lambda: viz.explain(nn.Conv2d(1, 1, 1), (1, 2)), TypeError, r"takes \(channels, height, width\)"),
        (lambda: viz.explain(nn.Conv1d(1, 1, 1), 5), TypeError, "without a batch"),
        (lambda: viz.explain(nn.Conv1d(3, 1, 1), (1, 5)), RuntimeError, "3 channels"),
        (lambda: viz.explain(nn.Conv1d(1, 1, 1), (1, 5)).save("sizes.pdf"), ValueError, ".html, .svg, .png, .json and .txt"),
    ],
)
def test_what_cannot_be_explained(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---- the table of a model -----------------------------------------------------------------------------------------------


def lenet():
    features = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh())
    return nn.Sequential(features, nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 10))


def test_what_a_model_has_and_does():
    model = lenet()
    table = viz.summary(model, (2, 1, 28, 28))
    assert table.parameters == sum(p.numel() for p in model.parameters())
    products = 6 * 25 * 28 * 28 + 16 * 6 * 25 * 10 * 10 + 400 * 120 + 120 * 10
    assert table.multiply_adds == 2 * products
    assert [row.name for row in table.rows] == ["", "0", "0", "1", "2", "3", "4", "1", "2", "3", "4", "5"]
    shapes = {name: row.outputs for (name, _), row in zip(model.named_modules(), table.rows, strict=True)}
    assert shapes["0.3"] == [(2, 16, 10, 10)]
    assert (shapes["2"], shapes[""]) == ([(2, 400)], [(2, 10)])
    inner = [row for row in table.rows if row.depth == 2]
    assert table.rows[1].multiply_adds == sum(row.multiply_adds for row in inner) == 2 * products - 2 * (48_000 + 1_200)
    assert table.kept == sum(row.own_kept for row in table.rows)


@pytest.mark.parametrize("shape", [(1, 1, 28, 28), (5, 1, 28, 28)])
def test_the_memory_kept_is_that_of_the_graph(shape):
    """The arrays that the nodes of the output's graph have saved, found by walking it."""
    model = lenet()
    y = model(mt.zeros(*shape))
    arrays, seen, todo = {}, set(), [y.grad_fn]
    base = lambda a: base(a.base) if isinstance(a.base, np.ndarray) else a  # noqa: E731
    mine = {id(base(p._array)) for p in model.parameters()}
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        for saved in getattr(node, "_saved", None) or ():
            array = getattr(getattr(saved, "value", None), "_array", getattr(saved, "value", None))
            if isinstance(array, np.ndarray) and id(base(array)) not in mine:
                arrays[id(base(array))] = base(array).nbytes
        todo += [after for after, _ in node.next_functions if after is not None]
    assert viz.summary(model, shape).kept == sum(arrays.values()) > 0


@settings(deadline=None, max_examples=60)
@given(layers())
def test_multiply_adds_are_the_taps(drawn):
    layer, shape = drawn
    counted = viz.summary(layer, (3, *shape)).multiply_adds
    is_product = isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED))
    assert counted == (3 * len(taps_of(layer, shape).output) if is_product else 0)  # products with padding count


def test_shared_frozen_and_uncalled_modules():
    shared = nn.Linear(4, 4)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.again, self.spare = shared, nn.Sequential(shared, nn.Tanh()), nn.Linear(2, 2)

        def forward(self, x):
            return self.again(self.first(x)) @ mt.ones(4, 7)

    net = Net()
    net.first.requires_grad_(False)
    table = viz.summary(net, (3, 4))
    assert (table.parameters, table.frozen, table.multiply_adds) == (26, 20, 2 * 48 + 84)
    assert table.rows[0].own_multiply_adds == 84  # the product that is in no layer
    first = next(row for row in table.rows if row.name == "first")
    assert first.cells == ("first Linear 4→4 × 2", "3×4", "20 (frozen)", "96", "")
    assert next(row for row in table.rows if row.name == "spare").cells[0] == "spare Linear 2→2, not called"
    assert all(p.grad is None for p in net.parameters())
    assert not net.first.weight.requires_grad


def test_inputs_of_a_summary():
    assert viz.summary(nn.Embedding(10, 4), mt.tensor([1, 2, 3])).rows[0].outputs == [(3, 4)]
    assert viz.summary(nn.Bilinear(3, 4, 5), [(2, 3), (2, 4)]).multiply_adds == 2 * 3 * 4 * 5
    assert viz.summary(nn.Linear(3, 2).double(), (1, 3)).parameter_bytes == 64
    norm = nn.BatchNorm1d(3)
    viz.summary(norm, (4, 3))
    assert norm.num_batches_tracked.item() == 0


def test_a_table_as_text_markdown_and_page(tmp_path):
    table = viz.summary(lenet(), (1, 1, 28, 28))
    lines = str(table).splitlines()
    assert lines[0].split() == ["layer", "output", "parameters", "multiply-adds", "kept", "for", "backward"]
    assert lines[-1] == table.words
    assert len({line.index("1×") for line in lines[1:-1]}) == 1
    assert json.loads(table.save(tmp_path / "table.json").read_text())["rows"][2]["parameters"] == 156
    assert ET.fromstring(table.save(tmp_path / "table.svg").read_text()).tag.endswith("svg")
    assert table.save(tmp_path / "table.md").read_text().count("\n|") == len(table.rows) + 1
    page = table.save(tmp_path / "table.html").read_text()
    assert (page.count("<tr"), page.count("<script")) == (len(table.rows) + 1, 0)
    named = nn.Sequential()
    named.add_module("<b>", nn.Linear(1, 1))
    assert "<b>" not in viz.summary(named, (1, 1)).html
    for call, error, words in (
        (lambda: viz.summary(nn.ReLU, (1,)), TypeError, "an nn.Module"),
        (lambda: viz.summary(nn.ReLU(), 5), TypeError, "a shape with its batch"),
        (lambda: table.save("table.csv"), ValueError, ".html, .md, .svg, .png, .json and .txt"),
    ):
        with pytest.raises(error, match=words):
            call()


# ---- receptive fields ---------------------------------------------------------------------------------------------------


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


def test_feature_maps_are_the_outputs_and_their_gradients(tmp_path):
    net, x = nn.Sequential(nn.Conv2d(1, 20, 3), nn.BatchNorm2d(20)), mt.randn(2, 1, 8, 8)
    before = net[1].running_mean.clone()
    maps = viz.feature_maps(net, x, loss=lambda y: (y**2).sum())
    assert (net[1].running_mean == before).all()
    assert [row.note for row in maps.rows] == ["1 channel of 8×8", *["20 channels of 6×6"] * 2]
    assert [(len(row.tiles), row.left_out) for row in maps.rows] == [(1, 0), (16, 4), (16, 4)]
    start = x.clone().requires_grad_()
    inner = net[0](start)
    (net[1](inner) ** 2).sum().backward()
    np.testing.assert_allclose(np.array(maps.rows[1].tiles), inner.detach().numpy()[0, :16], 1e-6)
    np.testing.assert_allclose(maps.rows[0].gradients[0], start.grad.numpy()[0, 0], 1e-4, 1e-6)
    data = json.loads(maps.save(tmp_path / "maps.json").read_text())
    np.testing.assert_allclose(data["rows"][2]["values"][3], maps.rows[2].tiles[3], 1e-3)
    assert ET.fromstring(maps.svg).tag.endswith("svg")
    assert "gradients (G)" in maps.save(tmp_path / "maps.html").read_text()
    assert "16 channels" not in str(maps)
    assert "20 channels of 6×6, from" in str(maps)
    sequence = viz.feature_maps(nn.Conv1d(2, 3, 3), mt.randn(1, 2, 9))
    assert [tile.shape for row in sequence.rows for tile in row.tiles] == [(2, 9), (3, 7)]
    volume = viz.feature_maps(nn.Conv3d(1, 2, 2), mt.randn(1, 1, 3, 4, 4))
    assert [tile.shape for row in volume.rows for tile in row.tiles] == [(4, 12), (3, 6), (3, 6)]
    assert "1 nan or infinite" in str(viz.feature_maps(nn.Identity(), mt.tensor([[[[1.0, float("nan")]]]])))


def test_pixels_of_a_map_are_its_elements():
    image = pytest.importorskip("PIL.Image")
    tile = np.array([[1.0, -0.5], [0.0, 0.25]])
    with image.open(io.BytesIO(base64.b64decode(_png(tile, 1.0)))) as picture:
        pixels = np.asarray(picture)
    assert pixels[..., 3].tolist() == [[255, 128], [0, 64]]
    assert pixels[0, 0, 1] > pixels[0, 0, 0]  # green above 0
    assert pixels[0, 1, 0] > pixels[0, 1, 1]  # purple below


def test_kernels_are_the_weights():
    for layer, shapes in (
        (nn.Conv2d(1, 6, 5), [(5, 5)] * 6),
        (nn.Conv2d(3, 4, 3), [(3, 3, 3)] * 4),
        (nn.Conv2d(2, 4, 3), [(3, 3)] * 8),
        (nn.Conv1d(2, 4, 3), [(2, 3)] * 4),
        (nn.Conv3d(1, 2, (2, 3, 3)), [(3, 3)] * 4),
        (nn.ConvTranspose2d(2, 3, 3), [(3, 3, 3)] * 2),
        (nn.Linear(4, 3), [(3, 4)]),
    ):
        (row,) = viz.kernels(layer).rows
        assert [tile.shape for tile in row.tiles] == shapes
        assert len(row.labels) == len(shapes)
        together = np.array(row.tiles).reshape(-1)
        weight = layer.weight.detach().numpy()
        weight = weight.transpose(0, 2, 3, 1) if row.tiles[0].ndim == 3 else weight
        np.testing.assert_array_equal(together, weight.astype(np.float64).reshape(-1))
        assert ET.fromstring(viz.kernels(layer).svg).tag.endswith("svg")
    assert [tile.shape for tile in viz.kernels(nn.Linear(6, 2), (2, 3)).rows[0].tiles] == [(2, 3)] * 2


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: viz.kernels(nn.ReLU()), TypeError, "ReLU has none"),
        (lambda: viz.kernels(nn.Conv2d), TypeError, "the class Conv2d has none"),
        (lambda: viz.kernels(nn.Linear(6, 2), (2, 2)), ValueError, "has 6 numbers, and 2 × 2 is 4"),
        (lambda: viz.kernels(nn.Linear(6, 2), 3), TypeError, r"shape is \(rows, columns\)"),
        (lambda: viz.feature_maps(nn.Conv2d, mt.ones(1)), TypeError, "looks into a model"),
        (lambda: viz.feature_maps(nn.ReLU(), 3), TypeError, r"\(1, channels, height, width\), not int"),
        (lambda: viz.feature_maps(nn.ReLU(), mt.ones(3)), TypeError, r"a tensor of shape \[3\]"),
        (lambda: viz.feature_maps(nn.ReLU(), mt.ones(1, 1, 2, 2), channels=0), ValueError, "1 at least, not 0"),
        (lambda: viz.feature_maps(nn.Conv2d(3, 6, 3), mt.ones(3, 8, 8)), ValueError, r"x\[None\] is a batch of one"),
        (lambda: viz.feature_maps(nn.ReLU(), mt.ones(1, 1, 2, 2), loss=3), TypeError, "a function of the model"),
        (lambda: viz.feature_maps(nn.ReLU(), mt.ones(1, 1, 2, 2), loss=lambda y: 3), TypeError, "should return one number"),
        (lambda: viz.feature_maps(nn.ReLU(), mt.ones(1, 9, 300, 300)), ValueError, "take a smaller image or fewer channels"),
    ],
)
def test_what_has_no_maps(call, error, words):
    with pytest.raises(error, match=words):
        call()


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


@pytest.mark.parametrize(
    ("layer", "args"),
    [
        (nn.Softmax(1), (mt.randn(2, 3),)),
        (nn.LogSoftmax(-1), (mt.randn(2, 2, 3),)),
        (nn.CrossEntropyLoss(), (mt.randn(3, 4), mt.tensor([0, 3, 1]))),
        (nn.CrossEntropyLoss(reduction="sum"), (mt.randn(3, 4), mt.tensor([0, -100, 1]))),
        (nn.MSELoss(), (mt.randn(2, 3), mt.randn(2, 3))),
        (nn.L1Loss(reduction="sum"), (mt.randn(4), mt.randn(4))),
        (nn.BatchNorm1d(3), (mt.randn(4, 3),)),
        (nn.BatchNorm2d(2).eval(), (mt.randn(2, 2, 2, 2),)),
        (nn.BatchNorm1d(3, affine=False, track_running_stats=False), (mt.randn(4, 3),)),
        (nn.LayerNorm((2, 2)), (mt.randn(3, 2, 2),)),
        (nn.Dropout(0.5), (mt.zeros(3, 4),)),
        (nn.Dropout(0.5).eval(), (mt.randn(3, 4),)),
    ],
)
def test_a_formula_that_is_worked_ends_at_the_layer_and_its_gradient(layer, args, tmp_path):
    before = [b.clone() for b in layer.buffers()]
    shown = viz.worked(layer, *args)
    assert all((a == b).all() for a, b in zip(before, layer.buffers(), strict=True))
    x = args[0].clone().requires_grad_()
    cells = {row: {h: g.columns[h][i] for h in g.columns} for g in shown.groups for i, row in enumerate(g.rows)}
    assert list(cells) != []
    assert len(cells) == x.numel()
    twin = copy.deepcopy(layer)
    dropping = isinstance(layer, nn.Dropout)
    if dropping:  # its own draw: what is kept is scaled
        scale = 2.0 if layer.training else 1.0
        assert all(row["∂L/∂x"] == row["kept"] * scale for row in cells.values())
        return
    y = twin(x, *args[1:])
    upstream = mt.ones_like(y)
    if len(args) == 1:
        upstream.reshape(-1)[1:] = 0
    y.backward(upstream)
    for place in np.ndindex(*x.shape):
        row = cells[f"x[{', '.join(map(str, place))}]"]
        assert row["x"] == pytest.approx(float(x[place]))
        assert row["∂L/∂x"] == pytest.approx(float(x.grad[place]), rel=1e-4, abs=1e-6)
        if len(args) == 1:
            assert [*row.values()][-2] == pytest.approx(float(y[place]), rel=1e-5)
    if isinstance(layer, nn.CrossEntropyLoss):
        kept = [i for i, t in enumerate(args[1].tolist()) if t >= 0]
        total = sum(row["−t·log p"] for name, row in cells.items() if int(name[2]) in kept)
        assert total / (len(kept) if layer.reduction == "mean" else 1) == pytest.approx(float(y), rel=1e-5)
    assert ET.fromstring(shown.svg).tag.endswith("svg")
    assert json.loads(shown.save(tmp_path / "w.json").read_text())["groups"][0]["rows"] == list(shown.groups[0].rows)
    assert "<script" not in shown.save(tmp_path / "w.html").read_text()


def test_cross_entropy_of_large_scores_is_worked():
    shown = viz.worked(nn.CrossEntropyLoss(), mt.tensor([[1000.0, 0.0]]), mt.tensor([1]))
    assert shown.groups[0].columns["−t·log p"] == [0.0, 1000.0]
    ignored = viz.worked(nn.CrossEntropyLoss(ignore_index=0), mt.tensor([[1.0, 0.0]]), mt.tensor([0]))
    assert ignored.groups[0].columns["−t·log p"] == [0.0, 0.0]
    assert "every target is ignored" in ignored.words


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: viz.worked(nn.ReLU(), mt.ones(2)), TypeError, "no ReLU: viz.animate shows"),
        (lambda: viz.worked(nn.Softmax, mt.ones(2)), TypeError, "an nn.Module"),
        (lambda: viz.worked(nn.Softmax(0), [1.0]), TypeError, "a Tensor, not list"),
        (lambda: viz.worked(nn.Softmax(0), mt.ones(200)), ValueError, "too many to read, 120 at most"),
        (lambda: viz.worked(nn.MSELoss(), mt.ones(2)), TypeError, "MSELoss takes a target, too"),
        (lambda: viz.worked(nn.Softmax(0), mt.ones(2), mt.ones(2)), TypeError, "Softmax takes no target"),
        (lambda: viz.worked(nn.CrossEntropyLoss(), mt.ones(1, 2), mt.ones(1, 2) / 2), ValueError, "for class numbers"),
        (lambda: viz.worked(nn.MSELoss(), mt.zeros(3, 1), mt.zeros(3)), ValueError, r"x is \[3, 1\] and the target \[3\]"),
        (lambda: viz.worked(nn.Softmax(0), mt.tensor(2.0)), ValueError, "a single number"),
    ],
)
def test_what_is_not_worked(call, error, words):
    with pytest.raises(error, match=words):
        call()
