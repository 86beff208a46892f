"""The heat map of errors has the numbers of the check."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import viz


def test_the_heat_map_has_the_errors_of_the_check():
    class Wrong(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * x * mt.tensor([2.0, 2.0, 3.0], dtype=mt.float64)

    x = mt.tensor([1.0, 0.0, 2.0], dtype=mt.float64, requires_grad=True)
    report = mt.autograd.gradcheck(Wrong, x, raise_exception=False)
    (panel,) = viz.heatmap(report).panels
    assert (panel.rows, panel.columns) == (3, 3)
    expected = np.diag([2.0, 0.0, 4.0])
    assert np.allclose(panel.expected, expected, atol=1e-5)
    assert [[r > 1 for r in row] for row in panel.ratio] == [[False] * 3, [False] * 3, [False, False, True]]
    assert panel.ratio[2][2] == pytest.approx(2 / (1e-5 + 1e-3 * 4), rel=0.01)  # |6 - 4| / (atol + rtol |4|)
    assert "1 of 9 entries off" in panel.note
    assert "expected 4, got 6" in panel.note
