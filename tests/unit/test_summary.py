"""Summaries of arrays and sizes as text, beside loops."""

import itertools
import math
import random

import numpy as np
import pytest

from minitorch.viz.page.summary import bytes_text, is_small, shape_text, summary


def test_summaries_beside_loops():
    source = random.Random(0)
    for n in (100, 257, 1000):
        values = [source.gauss(1, 3) for _ in range(n)]
        with_odd = [*values, math.nan, math.inf, -math.inf]
        source.shuffle(with_odd)
        found = summary(np.array(with_odd))
        low, high = min(values), max(values)
        assert (found.low, found.high, found.odd, found.values) == (low, high, 3, None)
        assert found.mean == pytest.approx(sum(values) / n, rel=1e-12)
        assert found.norm == pytest.approx(math.sqrt(sum(v * v for v in values)), rel=1e-12)
        bins = [0] * 12
        for v in values:
            bins[min(11, int((v - low) / (high - low) * 12))] += 1
        assert list(found.histogram) == bins


def test_images_of_large_arrays():
    rows, columns = 40, 70
    array = np.zeros((rows, columns))
    array[0, 0], array[3, 5], array[39, 69], array[2, 4] = 1.0, -2.0, 4.0, 0.5
    found = summary(array, images=True)
    assert (found.block, found.pixels) == ((2, 3), (20, 24))
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
    (image,) = found.images
    expected = {(0, 0): 1.0, (1, 1): -2.0, (19, 23): 4.0}  # the largest in size of each block
    for i, j in itertools.product(range(20), range(24)):
        assert letters.index(image[24 * i + j]) - 31 == round(expected.get((i, j), 0.0) / 4 * 31)
    assert summary(array).images == ()


def test_sizes_as_text():
    assert [bytes_text(n) for n in (0, 999, 1000, 24_600, 1_500_000, 2_000_000_000)] == [
        "0 B", "999 B", "1 kB", "24.6 kB", "1.5 MB", "2 GB"
    ]  # fmt: skip
    assert [shape_text(s) for s in ((), (3,), (2, 3, 4))] == ["scalar", "3", "2×3×4"]
    for shape, small in (
        ((8, 8), True),
        ((5, 13), False),
        ((4, 8, 8), True),
        ((5, 8, 8), False),
        ((25,), False),
        ((24,), True),
    ):
        assert is_small(shape) == small, shape
