"""Normalization of inputs without elements."""

import minitorch as mt
from minitorch import nn


def test_normalization_over_nothing():
    x = mt.zeros(2, 0, requires_grad=True)
    nn.functional.layer_norm(x, (0,)).sum().backward()
    assert x.grad.shape == (2, 0)
