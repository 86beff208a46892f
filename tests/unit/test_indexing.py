"""Gradients of x[index] beside counts of how often each element was read."""

import numpy as np
import pytest

import minitorch as mt

TWICE, MASK = mt.tensor([2, 0, 2]), mt.tensor([True, False, True])
OF_A_VECTOR = [
    TWICE, [2, 0, 2], MASK, (TWICE,), (..., TWICE), (TWICE, ...), (None, TWICE), (TWICE, None), (..., None, TWICE), (..., MASK),
    (None, TWICE, None), (TWICE[None], ...), mt.tensor([-1, -3]), (..., mt.tensor(1)), slice(None, None, 2), (..., 1),
]  # fmt: skip
OF_A_MATRIX = [
    TWICE, (..., TWICE), (TWICE, ...), (slice(1), TWICE), (TWICE, slice(1, 3)), (TWICE, None, TWICE), (None, TWICE, 1),
    (1, TWICE), (TWICE[:, None], TWICE), (..., TWICE, None), (TWICE, 0), (slice(None), None, TWICE), (MASK, TWICE[:2]),
    (..., MASK),
]  # fmt: skip


def plain(index):
    steps = index if isinstance(index, tuple) else (index,)
    return tuple(step.numpy() if isinstance(step, mt.Tensor) else step for step in steps)


@pytest.mark.parametrize(
    ("shape", "index"), [((3,), index) for index in OF_A_VECTOR] + [((3, 3), index) for index in OF_A_MATRIX], ids=repr
)
def test_an_element_gets_the_gradient_of_each_place_it_was_read_at(shape, index):
    x = mt.arange(float(np.prod(shape))).reshape(shape).requires_grad_()
    y = x[index]
    assert y.tolist() == x.detach().numpy()[plain(index)].tolist()
    weights = np.arange(1.0, y.numel() + 1).reshape(y.shape)
    (y * mt.tensor(weights.tolist())).sum().backward()
    expected = np.zeros(shape)
    np.add.at(expected, plain(index), weights)
    assert x.grad.tolist() == expected.tolist()
