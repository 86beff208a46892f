"""The text and the drawing of `viz.explain`: formulas, rulers, remarks (the drawn cases are in test_taps.py)."""

import json
import xml.etree.ElementTree as ET

import pytest

import minitorch as mt
from minitorch import nn, viz


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
        "             p  0  1  2  3  p",
        "      in 0   ■  ■  ■  ·  ·  ·",
        "      in 1   ·  ·  ■  ■  ■  ·",
        "    2 cells of padding cut off the ends",
        "    output_padding adds 1 cell at the end",
        "    an output cell is the sum of 1 to 2 products: 1 2 1 1",
    ]
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
