"""Other grids and borders beside plain Python, of one dimension and of two."""

import math

import pytest

import minitorch as mt
from minitorch.autograd import gradcheck
from minitorch.nn import functional as F

ROW = [3.0, -1.0, 4.0, 1.0, 5.0]


def row(values=ROW):
    return mt.tensor([[values]], dtype=mt.float64)


def border(values, before, after, mode):
    n, out = len(values), []
    if mode == "circular":  # what is cut off does not come back
        values = values[max(-before, 0) : n - max(-after, 0)]
        return [values[i % len(values)] for i in range(-max(before, 0), len(values) + max(after, 0))]
    for i in range(-before, n + after):
        if mode == "reflect":
            i = -i if i < 0 else 2 * (n - 1) - i if i >= n else i
        out.append(values[min(max(i, 0), n - 1)])
    return out


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("widths", [(2, 1), (0, 3), (4, 4), (-1, 2), (2, -1), (-2, -1), (-1, 0), (0, 0)])
def test_borders(mode, widths):
    padded = F.pad(row(), widths, mode)
    assert padded.flatten().tolist() == border(ROW, *widths, mode)
    x = row().requires_grad_()
    assert gradcheck(lambda x: F.pad(x, widths, mode), x)


def looked_at(n, m, factor, align_corners):
    """The place in n cells that each of m looks at."""
    if align_corners:
        return [i * (n - 1) / (m - 1) if m > 1 else 0.0 for i in range(m)]
    scale = 1 / factor if factor else n / m
    return [scale * (i + 0.5) - 0.5 for i in range(m)]


def keys(d, a=-0.75):
    d = abs(d)
    return ((a + 2) * d - (a + 3)) * d * d + 1 if d <= 1 else ((a * d - 5 * a) * d + 8 * a) * d - 4 * a if d < 2 else 0.0


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize(
    ("size", "factor"), [(9, None), (3, None), (1, None), (5, None), (None, 1.7), (None, 0.5), (None, 1.0)]
)
def test_linear_and_cubic_mixes(align_corners, size, factor):
    m = size or math.floor(len(ROW) * factor)
    linear, cubic = [], []
    for place in looked_at(len(ROW), m, factor, align_corners):
        at = min(max(place, 0.0), len(ROW) - 1)
        left = min(math.floor(at), len(ROW) - 1)
        linear.append(ROW[left] + (ROW[min(left + 1, len(ROW) - 1)] - ROW[left]) * (at - left))
        cells = range(math.floor(place) - 1, math.floor(place) + 3)
        cubic.append(sum(ROW[min(max(c, 0), len(ROW) - 1)] * keys(place - c) for c in cells))
    found = F.interpolate(row(), size, factor, "linear", align_corners)
    assert found.flatten().tolist() == pytest.approx(linear)
    sizes = {"size": None if size is None else (1, size), "scale_factor": None if factor is None else (1.0, factor)}
    found = F.interpolate(row()[None], mode="bicubic", align_corners=align_corners, **sizes)
    assert found.flatten().tolist() == pytest.approx(cubic, abs=1e-6)


@pytest.mark.parametrize(("size", "factor"), [(10, None), (5, None), (7, None), (2, None), (None, 2), (None, 1.7), (None, 0.4)])
def test_the_nearest_cell(size, factor):
    m, scale = size or math.floor(len(ROW) * factor), len(ROW) / size if size else 1 / factor
    for mode, shift in (("nearest", 0.0), ("nearest-exact", 0.5)):
        cells = [min(math.floor((i + shift) * scale), len(ROW) - 1) for i in range(m)]
        assert F.interpolate(row(), size, factor, mode).flatten().tolist() == [ROW[c] for c in cells]
    bytes_ = mt.tensor([[[1, 2, 3, 4, 5]]], dtype=mt.uint8)
    found = F.interpolate(bytes_, size, factor)
    assert (found.dtype, found.flatten().tolist()) == (mt.uint8, [1 + min(math.floor(i * scale), 4) for i in range(m)])


def test_a_factor_that_is_computed_again_is_that_of_the_sizes():
    for mode in ("nearest", "linear"):
        again = F.interpolate(row(), scale_factor=1.7, mode=mode, recompute_scale_factor=True)
        assert mt.equal(again, F.interpolate(row(), 8, mode=mode))


def test_areas_are_averages():
    found = F.interpolate(row(), 2, mode="area").flatten().tolist()
    assert found == pytest.approx([sum(ROW[:3]) / 3, sum(ROW[2:]) / 3])


@pytest.mark.parametrize("r", [1, 2, 3])
def test_channels_become_cells_and_back(r):
    x = mt.arange(2.0 * r * r * 2 * 3).reshape(2 * r * r, 2, 3)
    wide = F.pixel_shuffle(x, r)
    for c, i, j in ((c, i, j) for c in range(2) for i in range(2 * r) for j in range(3 * r)):
        assert wide[c, i, j] == x[c * r * r + i % r * r + j % r, i // r, j // r]
    assert mt.equal(F.pixel_unshuffle(wide, r), x)
