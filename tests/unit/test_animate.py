"""viz.animate: every step of layers drawn at random against the layer, autograd and the sum written out."""

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings

import minitorch as mt
from minitorch import nn, viz
from minitorch.viz.layers import animate as module
from minitorch.viz.layers.frame import cell_text, panels, sentence
from minitorch.viz.layers.stage import TARGETS, stage_of
from minitorch.viz.page import theme
from tests.unit.test_taps import layers


def filled(shape):
    return mt.tensor(np.random.default_rng(0).integers(-3, 4, shape).astype(np.float32))


def walk(stage, view, by):
    """The steps of a view; the first ones of a long one, and the last."""
    count = stage.array(by).size
    return sorted({*range(min(count, 40)), count - 1})


@settings(max_examples=60)
@given(layers())
def test_every_view_ends_at_what_the_layer_and_autograd_have(drawn):
    layer, shape = drawn
    layer, x = layer.double(), filled(shape).double().requires_grad_()
    y = layer(x.unsqueeze(0))
    grad = filled(tuple(y.shape)).double()
    y.backward(grad)
    stage = stage_of(layer, x, upstream=grad)
    expected = {"output": y[0], "input": x.grad}
    for name in ("weight", "bias"):
        if name in layer._parameters and layer._parameters[name] is not None:
            expected[name] = layer._parameters[name].grad
    for view, ways in stage.views.items():
        for by in ways:
            values, known = stage.so_far(view, by, stage.array(by).size - 1)
            assert known.all()
            wanted = expected[TARGETS[view]].detach().numpy().reshape(-1)
            np.testing.assert_allclose(values, wanted, 1e-9, 1e-9)


@pytest.mark.slow
@settings(max_examples=40)
@given(layers())
def test_a_step_shows_one_cell_and_its_taps(drawn):
    layer, shape = drawn
    stage = stage_of(layer, filled(shape))
    for view, ways in stage.views.items():
        shown = stage.as_convolution if view == "as_convolution" else stage
        for by in ways:
            for n in walk(stage, view, by):
                parts = panels(shown, view, by, n)
                target, values = parts[-1], shown.result(view).reshape(-1)
                if by == TARGETS[view]:  # one more cell at each step, in order
                    assert set(target.cell[target.known].tolist()) <= set(range(n + 1))
                    assert target.lit[target.cell == n].all()
                here = target.known & (target.cell >= 0)
                if by == TARGETS[view]:
                    np.testing.assert_allclose(target.values[here], values[target.cell[here]])
                for part in parts:
                    for d, a, top, bottom, left, right in part.boxes:
                        assert 0 <= d < part.cell.shape[0]
                        assert 0 <= a < part.cell.shape[1]
                        assert 0 <= top <= bottom < part.cell.shape[2]
                        assert 0 <= left <= right < part.cell.shape[3]


@settings(max_examples=40)
@given(layers())
def test_the_sum_that_is_written_out_is_the_result(drawn):
    layer, shape = drawn
    for p in layer.parameters():
        p.data = filled(tuple(p.shape))
    stage = stage_of(layer, filled(shape))
    for view, ways in stage.views.items():
        by = TARGETS[view]
        if by not in ways or view == "matrix":
            continue
        for n in walk(stage, view, by):
            said = sentence(stage, view, by, n)
            parts = re.sub(r" \(w\[\d+, \d+\]\)", "", said).replace("−", "-").replace("·", "*").split(" = ")
            if "…" in said or ": " in said:  # not whole, or nothing to add up
                continue
            result = float(parts[-1])
            if not re.match(r"∂|[xy]\[", parts[1]):  # else it is one other cell, and no sum
                np.testing.assert_allclose(eval(parts[1], {"max": lambda *values: max(values)}), result, 1e-3, 2e-3)
            np.testing.assert_allclose(result, stage.result(view).reshape(-1)[n], 1e-3, 1e-12)


def test_a_long_sum_has_a_number_for_each_kernel():
    layer = nn.Conv2d(3, 1, 3)
    layer.weight.data, layer.bias.data = mt.ones(1, 3, 3, 3), mt.tensor([0.5])
    x = mt.ones(3, 3, 3) * mt.tensor([1.0, 2, 3]).reshape(3, 1, 1)
    assert viz.animate(layer, x).sentence == "y[0, 0, 0] = 9 (w[0, 0]) + 18 (w[0, 1]) + 27 (w[0, 2]) + 0.5 = 54.5"


def test_a_transposed_convolution_reads_two_ways():
    layer = nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2)
    animation = viz.animate(layer, (2, 3, 3))
    assert animation.by == "input"
    assert [len(animation), len(viz.animate(layer, (2, 3, 3), by="output"))] == [18, 4 * 36]
    spread = viz.animate(layer, (2, 3, 3), "as_convolution").stage
    assert spread.board.shape == (2, 8, 8)  # 3 cells, 2 zeros between them, 1 before, 1 + 1 after
    kernel = panels(spread, "as_convolution", "output", 0)[1]
    assert kernel.cell[0, 0].tolist() == [[8, 7, 6], [5, 4, 3], [2, 1, 0]]  # turned around
    conv, flat = nn.Conv2d(2, 4, 3, groups=2), np.flip(layer.weight.detach().numpy(), (2, 3))
    conv.weight.data = mt.tensor(flat.reshape(2, 2, 3, 3).reshape(4, 1, 3, 3).copy())
    conv.bias.data = layer.bias.data
    image = np.where(spread.board < 0, 0, spread.x.reshape(-1)[spread.board]).astype(np.float32)
    np.testing.assert_allclose(conv(mt.tensor(image)[None])[0].detach().numpy(), spread.y, 1e-5, 1e-5)
    stamps = panels(animation.stage, "forward", "input", 17)[-1].corner
    assert set(stamps.values()) == {"2×", "4×"}


def test_pools_show_winners_divisors_and_indices():
    x = mt.tensor([[[1.0, 5, 2, 0], [5, 3, 8, 8], [0, 0, 1, 4], [7, 6, 2, 2]]])
    largest = viz.animate(nn.MaxPool2d(2), x)
    assert largest.sentence == "y[0, 0, 0] = max(1, 5, 5, 3) = x[0, 0, 1] = 5"  # the first of equals
    assert panels(largest.stage, "forward", "output", 3)[-1].corner == {0: "[1]", 1: "[6]", 2: "[12]", 3: "[11]"}
    back = viz.animate(nn.MaxPool2d(2), x, "grad_input")
    assert back[1].sentence == "∂L/∂y[0, 0, 1] = 1 goes to ∂L/∂x[0, 1, 2]"
    assert viz.animate(nn.MaxPool2d(2), x, by="input")[0].sentence.endswith("goes nowhere: it is the largest of no window")
    mean = lambda **options: viz.animate(nn.AvgPool2d(2, **options), x)[0].sentence  # noqa: E731
    assert mean() == "y[0, 0, 0] = (1 + 5 + 5 + 3) / 4 = 3.5"
    assert mean(padding=1) == "y[0, 0, 0] = 1 / 4 = 0.25"
    assert mean(padding=1, count_include_pad=False) == "y[0, 0, 0] = x[0, 0, 0] = 1"
    assert mean(divisor_override=3) == "y[0, 0, 0] = (1 + 5 + 5 + 3) / 3 = 4.667"
    assert "struck through" in viz.animate(nn.MaxPool2d(3), x).svg


def test_an_unpooling_follows_its_indices():
    small, indices = nn.MaxPool2d(2, return_indices=True)(mt.arange(16.0).reshape(1, 1, 4, 4))
    animation = viz.animate(nn.MaxUnpool2d(2), small[0], indices=indices)
    assert [step.sentence for step in animation][1] == "x[0, 0, 1] = 7 goes to y[0, 1, 3]"
    assert (animation.stage.y == nn.MaxUnpool2d(2)(small, indices)[0].numpy()).all()
    wide = viz.animate(nn.MaxUnpool2d(2), small[0], indices=indices[0], output_size=(5, 5))
    assert wide[1].sentence == "x[0, 0, 1] = 7 goes to y[0, 1, 2]"  # the same index counts other cells
    twice = viz.animate(nn.MaxUnpool2d(2), small[0], indices=mt.tensor([[[3, 3], [0, 1]]]))
    assert twice[0].sentence == "x[0, 0, 0] = 5 goes nowhere: another cell with the same index comes later"
    assert twice.stage.y.reshape(-1)[3] == 7
    back = viz.animate(nn.MaxUnpool2d(2), small[0], "grad_input", indices=mt.tensor([[[3, 3], [0, 1]]]))
    assert (back.stage.so_far("grad_input", "input", 3)[0] == [0, 1, 1, 1]).all()
    assert (back.stage.grad_input.reshape(-1) == [0, 1, 1, 1]).all()
    with pytest.raises(TypeError, match="needs the indices of a pooling"):
        viz.animate(nn.MaxUnpool2d(2), small[0])


def test_the_layer_is_left_as_it_was():
    layer, x = nn.Conv2d(1, 2, 3), mt.randn(1, 4, 4, requires_grad=True)
    layer.weight.requires_grad = False
    with mt.no_grad():
        assert "grad_weight" in viz.animate(layer, x).stage.views
    assert layer.bias.grad is None
    assert x.grad is None
    assert not layer.weight.requires_grad


CONV = nn.Conv2d(1, 1, 3, stride=2, padding=1)
CONV.load_state_dict({"weight": mt.tensor([[[[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]]]), "bias": mt.tensor([0.5])})
IMAGE = mt.tensor([[[1.0, 0, 2, 1, 0], [0, 3, 1, 0, 2], [2, 1, 0, 1, 1], [0, 2, 1, 3, 0], [1, 0, 2, 1, 1]]])


def test_a_step_as_text():
    assert str(viz.animate(CONV, IMAGE)[4]).split("\n")[1:] == [
        "forward, step 5 of 9",
        "input                   kernel         products       output",
        " 0  0  0  0  0  0  0     [1] [0][−1]     3   0   0     −2.5   1.5   2.5",
        " 0  1  0  2  1  0  0     [2] [0][−2]     2   0  −2     −6.5  [2.5]    ·",
        " 0  0 [3][1][0] 2  0     [1] [0][−1]     2   0  −3        ·     ·     ·",
        " 0  2 [1][0][1] 1  0",
        " 0  0 [2][1][3] 0  0",
        " 0  1  0  2  1  1  0",
        " 0  0  0  0  0  0  0",
        "y[0, 1, 1] = 3·1 + 1·0 + 0·(−1) + 1·2 + 0·0 + 1·(−2) + 2·1 + 1·0 + 3·(−1) + 0.5 = 2.5",
    ]


def test_files(tmp_path):
    animation = viz.animate(CONV, IMAGE)
    assert [len(animation), animation[-1].step, len(list(animation))] == [9, 8, 9]
    for view in animation.stage.views:
        ET.fromstring(viz.animate(CONV, IMAGE, view)[0].svg)
    strip = animation.filmstrip(4)
    assert [step.step for step in strip.steps] == [0, 3, 5, 8]
    assert ET.fromstring(strip.svg).tag.endswith("svg")
    data = json.loads(animation.save(tmp_path / "data.json").read_text())
    assert data["layer"] == "Conv2d 1→1, 3×3, stride 2, pad 1"
    assert data["taps"]["output"].count(4) == 9
    assert "step 1 of 9" in animation.save(tmp_path / "text.txt").read_text()
    for ending in (".html", ".svg"):
        assert animation.save(tmp_path / f"a{ending}").stat().st_size > 4000
    for call, error, words in (
        (lambda: animation.save(tmp_path / "a.mp4"), ValueError, r"\.txt, \.gif and \.apng are known"),
        (lambda: animation[9], IndexError, "from 0 to 8"),
        (lambda: animation.filmstrip(0), ValueError, "1 at least"),
    ):
        with pytest.raises(error, match=words):
            call()


@pytest.mark.slow
def test_pixels(tmp_path):
    pytest.importorskip("resvg_py")
    image = pytest.importorskip("PIL.Image")
    animation = viz.animate(CONV, IMAGE)
    with image.open(animation.save(tmp_path / "a.png")) as picture:
        assert picture.size[0] > 1200
        assert len(picture.getcolors(1 << 20)) > 20
    for ending, format in ((".gif", "GIF"), (".apng", "PNG")):
        with image.open(animation.save(tmp_path / f"a{ending}")) as picture:
            assert (picture.format, picture.n_frames) == (format, 9)
    viz.matrix(CONV, (1, 4, 4)).save(tmp_path / "matrix.png")


def test_without_the_libraries_for_pixels(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(RuntimeError, match=r"pip install '\.\[viz\]'"):
        viz.animate(CONV, IMAGE).save(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (3.0, "3"), (-0.25, "−0.25"), (0.125, "0.13"), (9.996, "10"), (12.34, "12.3"), (123.4, "123"),
        (-9999.0, "−9999"), (1e6, "1e6"), (-0.0004, "−0.00"), (float("nan"), "nan"), (float("-inf"), "−∞"), (0.1, "0.1"),
    ],
)  # fmt: skip
def test_numbers_fit_their_cells(value, text):
    assert cell_text(value) == text
    assert theme.width(text, 12) < module.CELL


def test_large_planes_are_drawn_without_numbers():
    assert "<text" in viz.animate(nn.Conv2d(1, 1, 3), (1, 20, 20)).svg
    assert len(str(viz.animate(nn.Conv2d(1, 1, 3), (1, 20, 20))).split("\n")) == 3


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: viz.animate(nn.Conv2d, (1, 4, 4)), TypeError, "shows a layer"),
        (lambda: viz.animate(CONV, 3), TypeError, r"\(channels, \*size\), or its shape, not 3"),
        (lambda: viz.animate(CONV, mt.randn(2, 1, 5, 5)), ValueError, r"a batch of 2: pass x\[0\], of \[1, 5, 5\]"),
        (lambda: viz.animate(CONV, (1, 4, 4), "backward"), ValueError, "view is one of forward, shift_and_add, grad_input"),
        (lambda: viz.animate(CONV, (1, 4, 4), by="weight"), ValueError, "go by output or input, not by 'weight'"),
        (lambda: viz.animate(CONV, (1, 4, 4), grad=3), TypeError, "a Tensor, not int"),
        (lambda: viz.animate(CONV, (1, 4, 4), grad=mt.ones(3)), ValueError, r"\[1, 2, 2\] for this Conv2d, but got \[3\]"),
        (lambda: viz.animate(CONV, (1, 90, 90)), ValueError, r"Show a part of the image, x\[:, :16, :16\]"),
        (lambda: viz.animate(nn.Conv2d(4, 8, 3), (4, 16, 16)), ValueError, "products, more than the 50,000"),
        (lambda: viz.animate(nn.ReLU(), (1, 4, 4)), ValueError, "ReLU is not linear"),
        (lambda: viz.animate(nn.BatchNorm2d(1), (1, 4, 4)), ValueError, "BatchNorm2d is not linear"),
        (lambda: viz.animate(nn.Conv2d(2, 1, 3), (1, 4, 4)), RuntimeError, "channels"),
        (
            lambda: viz.animate(CONV, (4, 4)),
            ValueError,
            r"takes \(channels, height, width\), such as \(1, 4, 4\), and got \(4, 4\)",
        ),
        (lambda: viz.animate(nn.MaxPool2d(2), mt.ones(4)), ValueError, "takes .channels, height, width"),
        (lambda: viz.animate(CONV, (1, 10**6, 10**6)), ValueError, "too large to draw"),
        (
            lambda: viz.animate(nn.ConvTranspose2d(1, 1, 3), (1, 3, 3), output_size=(8, 8)),
            TypeError,
            "give the layer an output_padding",
        ),
        (lambda: viz.animate(nn.MaxPool2d(2), (1, 4, 4), indices="junk"), TypeError, "are for unpoolings"),
        (lambda: viz.animate(CONV, (1, 4, 4))[1:2], TypeError, "an int, not slice"),
        (lambda: viz.animate(CONV, (1, 4, 4)).save(3), TypeError, "the path of a file"),
    ],
)
def test_what_cannot_be_animated(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_sentences_of_odd_steps():
    half = nn.Conv2d(1, 1, 1, bias=False)
    half.weight.data = mt.full((1, 1, 1, 1), 0.5)
    assert viz.animate(half, mt.full((1, 1, 1), 4.0)).sentence == "y[0, 0, 0] = 4·0.5 = 2"  # a weight is no share
    gaps = nn.ConvTranspose2d(1, 1, 1, stride=2)
    gaps.bias.data = mt.tensor([0.25])
    said = viz.animate(gaps, (1, 2, 2), by="output")[1].sentence
    assert said == "y[0, 0, 1] = 0.25, the bias alone: no stamp reaches it"
    said = viz.animate(nn.MaxPool2d(2), mt.tensor([[[5.0, 1.0], [1.0, 1.0]]]), "grad_input", "input")[1].sentence
    assert said == "∂L/∂x[0, 0, 1] = 0: it is the largest of no window"
    assert viz.animate(CONV, (1, 1, 4, 4)).stage.x.shape == (1, 4, 4)
    assert len(viz.animate(CONV, IMAGE).filmstrip(10**9).steps) == 9
    mirror = viz.animate(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), (1, 4, 4))
    assert mirror.stage.copies.sum() == 36 - 16
    assert "padding, copies of cells inside" in mirror.svg
    assert viz.animate(nn.Conv2d(1, 1, (3, 1)), (1, 4, 4)).stage.settings == {}  # no slider could say it
