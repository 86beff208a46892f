"""Feature maps and kernels: the numbers of the layers, their gradients and their weights."""

import base64
import io
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.viz.layers.maps import _png


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
