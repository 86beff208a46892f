"""What a tensor says of its place on the tape."""

import numpy as np
import pytest

import minitorch as mt
from tests.tapes import leaf


def test_arrays_handed_out_are_views():
    x = mt.arange(6)
    x.numpy().shape = (2, 3)
    assert x.shape == (6,)


def test_the_gradient_of_a_computed_tensor_is_warned_about():
    y = leaf(1.0) * 2
    with pytest.warns(UserWarning, match=r"not a leaf Tensor.*MulBackward0.*retain_grad"):
        assert y.grad is None


@pytest.mark.parametrize("value", ["no", np.ones(2), None, 0.5])
def test_requires_grad_is_a_bool(value):
    x = mt.ones(2)
    with pytest.raises(TypeError, match="requires_grad must be bool, not "):
        x.requires_grad_(value)
    with pytest.raises(TypeError, match="requires_grad must be bool, not "):
        x.requires_grad = value
    with pytest.raises(TypeError, match="requires_grad must be bool, not "):
        mt.nn.Parameter(x, value)
    assert x.requires_grad is False
    assert x.requires_grad_(np.bool_(True)).requires_grad is True
