"""Sizes explained: formulas, windows and words of layers drawn at random, and settings that would fit."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn, viz
from minitorch.viz.layers.taps import taps_of
from tests.unit.test_taps import CONVOLUTIONS, layers


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


class Narrow(nn.Conv1d):
    """A layer of a program: its rank is that of the class it is made of."""


def shown(layer, *shape):
    return str(viz.explain(layer, shape)).splitlines()


def test_a_convolution_with_padding():
    assert shown(nn.Conv1d(1, 2, 3, stride=2, padding=1), 1, 6) == [
        "Conv1d 1→2, 3, stride 2, pad 1: 1×6 → 2×3",
        "  length",
        "    out = ⌊(in + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1",
        "        = ⌊(6 + 2·1 − 1·(3 − 1) − 1) / 2⌋ + 1",
        "        = ⌊5 / 2⌋ + 1 = ⌊2.5⌋ + 1 = 3",
        "             p  0  1  2  3  4  5  p",
        "     out 0   ■  ■  ■  ·  ·  ·  ·  ·",
        "     out 1   ·  ·  ■  ■  ■  ·  ·  ·",
        "     out 2   ·  ·  ·  ·  ■  ■  ■  ·",
        "    inputs of 5 to 6 cells all give 3",
    ]


def test_a_transposed_convolution_has_stamps():
    assert shown(nn.ConvTranspose1d(1, 1, 3, stride=2, padding=1, output_padding=1), 1, 2) == [
        "ConvTranspose1d 1→1, 3, stride 2, pad 1, output_padding 1: 1×2 → 1×4",
        "  length",
        "    out = (in − 1)·stride − 2·padding + dilation·(kernel_size − 1) + output_padding + 1",
        "        = (2 − 1)·2 − 2·1 + 1·(3 − 1) + 1 + 1",
        "        = 4",
        "             p  0  1  2  3",
        "      in 0   ■  ■  ■  ·  ·",
        "      in 1   ·  ·  ■  ■  ■",
        "    1 cell of padding cut off the start",
        "    output_padding keeps 1 cell more of what the stamps made, at the end",
        "    an output cell is the sum of 1 to 2 products: 1 2 1 1",
    ]
    assert shown(nn.ConvTranspose1d(1, 1, 1, stride=3, padding=1, output_padding=2), 1, 2)[5:] == [
        "             p  0  1  2  3",
        "      in 0   ■  ·  ·  ·  ·",
        "      in 1   ·  ·  ·  ■  ·",
        "    1 cell of padding cut off the start",
        "    output_padding keeps 1 cell more of what the stamps made, at the end",
        "    output_padding adds 1 cell at the end that no stamp reaches",
        "    an output cell is the sum of 0 to 1 products: 0 0 1 0",
    ]
    assert shown(nn.ConvTranspose1d(1, 1, 1, stride=3, padding=2), 1, 1)[-2].endswith(
        "padding cuts off 4 cells, and all the stamps together reach over only 1"
    )
    assert shown(nn.ConvTranspose1d(1, 1, 1, stride=3, padding=2, output_padding=1), 1, 1)[-2].endswith(
        "padding cuts off 4 cells, output_padding keeps 1 of them, and all the stamps together reach over only 1"
    )
    assert shown(nn.ConvTranspose1d(1, 1, 2, stride=2), 1, 2)[-1] == "    every output cell is the sum of 1 product"
    times = shown(nn.ConvTranspose1d(1, 1, 2), 1, 50)[-1]
    assert times == f"    an output cell is the sum of 1 to 2 products: 1 {'2 ' * 35}..."


def test_windows_of_a_pooling_that_go_over_the_end():
    assert shown(nn.MaxPool1d(3, 2, ceil_mode=True), 1, 4)[2:] == [
        "    out = ⌈(in + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌉ + 1",
        "        = ⌈(4 + 2·0 − 1·(3 − 1) − 1) / 2⌉ + 1",
        "        = ⌈1 / 2⌉ + 1 = ⌈0.5⌉ + 1 = 2",
        "            0 1 2 3 !",
        "     out 0  ■ ■ ■ · ·",
        "     out 1  · · ■ ■ ■",
        "    ceil_mode: the last window reaches 1 cell over the end",
    ]
    worked = shown(nn.MaxPool1d(1, 2, ceil_mode=True), 1, 4)[4]
    assert worked == (
        "        = ⌈3 / 2⌉ + 1 = ⌈1.5⌉ + 1 = 3 − 1, as the last window would begin in the padding after the end = 2"
    )


def test_adaptive_windows():
    assert shown(nn.AdaptiveAvgPool1d(2), 1, 3)[1:] == [
        "  length",
        "    2 windows, as asked; window i reads from ⌊i·in / out⌋ up to ⌈(i + 1)·in / out⌉",
        "            0 1 2",
        "     out 0  ■ ■ ·",
        "     out 1  · ■ ■",
        "    windows of 2 cells",
    ]
    kept = viz.explain(nn.AdaptiveMaxPool2d((None, 2)), (3, 5, 5))
    assert kept.headline == "AdaptiveMaxPool2d to None×2: 3×5×5 → 3×5×2"
    assert [axis.words for axis in kept.axes] == [["windows of 1 cell"], ["windows of 3 cells"]]
    none = viz.explain(nn.AdaptiveAvgPool1d(0), (1, 5))
    assert (none.output_shape, none.axes[0].words, none.axes[0].windows) == ((1, 0), ["no windows"], ())


def test_axes_that_are_alike_are_shown_once():
    layer = nn.Conv3d(1, 1, (3, 2, 2))
    lines = shown(layer, 1, 4, 4, 4)
    assert [line for line in lines if line.startswith("  ") and line[2] != " "] == ["  depth", "  height and width"]


def test_many_cells_are_counted():
    assert viz.explain(nn.Conv1d(1, 1, 1, stride=2), (1, 40)).axes[0].words[0] == (
        "no window reads cells 1, 3, 5, 7, 9, 11, 13, 15 and 12 more"
    )
    assert viz.explain(nn.Conv1d(1, 1, 1, stride=3), (1, 4)).axes[0].words[0] == "no window reads cells 1, 2"


def test_what_does_not_fit_is_shown_with_what_would():
    lines = shown(nn.ConvTranspose1d(1, 1, 1, stride=3, padding=1), 1, 1)
    assert lines[0].endswith(": 1×1 → does not fit")
    assert lines[4:] == [
        "        = −1",
        "             p  !",
        "      in 0   ■  ·",
        "    does not fit: padding cuts off 2 cells, and all the stamps together reach over only 1",
        "    what would fit: padding 0 · output_padding 2 · an input of 2",
    ]
    nn.ConvTranspose1d(1, 1, 1, stride=3, padding=1, output_padding=2)(mt.zeros(1, 1, 1))
    nn.ConvTranspose1d(1, 1, 1, stride=3, padding=1)(mt.zeros(1, 1, 2))
    found = viz.explain(nn.MaxPool1d(3), (1, 2))
    assert found.data == {
        "layer": "MaxPool1d 3", "input": [1, 2], "output": None,
        "axes": [{
            "name": "length", "size": 2, "out": 0, "kernel": 3, "stride": 3, "dilation": 1, "padding": (0, 0),
            "ceil_mode": False, "output_padding": 0, "kind": "window", "layer": "MaxPool1d", "windows": [[0, 1, 2]],
            "formula": [
                "out = ⌊(in + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1",
                "    = ⌊(2 + 2·0 − 1·(3 − 1) − 1) / 3⌋ + 1",
                "    = ⌊−1 / 3⌋ + 1 = ⌊−0.3333⌋ + 1 = 0",
            ],
            "words": found.axes[0].words,
        }],
    }  # fmt: skip
    assert json.loads(json.dumps(found.data))["output"] is None


def test_the_rank_of_a_layer_is_not_in_the_name_of_its_class():
    assert viz.explain(Narrow(1, 1, 3), (1, 5)).headline == "Narrow: 1×5 → 1×3"


@pytest.mark.parametrize(
    ("layer", "shape", "cells", "bars"),
    [
        (nn.Conv1d(1, 1, 3, stride=2, padding=1), (1, 6), 8, 9),
        (nn.MaxPool1d(3, 2, ceil_mode=True), (1, 4), 5, 6),
        (nn.ConvTranspose1d(1, 1, 2, stride=2), (1, 3), 6, 6),
        (nn.Conv1d(1, 1, 3), (1, 100), 14, 36),  # the first twelve windows
    ],
)
def test_the_drawing_has_a_box_for_each_cell_and_each_tap(layer, shape, cells, bars):
    found = viz.explain(layer, shape)
    name = "{http://www.w3.org/2000/svg}"
    drawn = ET.fromstring(found.svg)
    boxes = [box for box in drawn.iter(f"{name}rect") if box.get("stroke")]
    assert len(boxes) == cells + bars
    words = [text.text for text in drawn.iter(f"{name}text")]
    assert words[0] == found.headline
    for line in (*found.axes[0].formula, *found.axes[0].words):
        assert line in words
    legend = {"p": "p: padding", "!": "!: beyond the end"}
    marks = [mark for mark in legend if mark in words]
    assert ("; ".join(legend[mark] for mark in marks) in words) == bool(marks)
    assert (found.axes[0].left_out in words) == (shape[1] == 100)


@pytest.mark.parametrize(
    ("layer", "shape", "error", "sentence"),
    [
        (nn.ReLU(), (1, 5), TypeError, "transposed convolutions and poolings, and got ReLU"),
        (nn.Conv1d, (1, 5), TypeError, "poolings, and got the class Conv1d"),
        (nn.Conv1d(1, 1, 3), 5, TypeError, "shape is that of an input without a batch, (channels, *size), not 5"),
        (nn.Conv1d(1, 1, 3), (1, 5.0), TypeError, "(channels, *size), not (1, 5.0)"),
        (nn.Conv1d(1, 1, 3), (1, True), TypeError, "(channels, *size), not (1, True)"),
        (nn.Conv1d(1, 1, 3), (1, 0), TypeError, "(channels, *size), not (1, 0)"),
        (nn.Conv1d(1, 1, 3), (1, 1, 5), TypeError, "(channels, length), 2 numbers without a batch, and got 3: (1, 1, 5)"),
    ],
)  # fmt: skip
def test_what_has_no_size(layer, shape, error, sentence):
    with pytest.raises(error) as caught:
        viz.explain(layer, shape)
    assert sentence in str(caught.value)
