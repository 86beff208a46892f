"""What a tensor says of its place on the tape."""

import contextlib
import gc

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


def test_what_pytorch_lays_row_by_row_can_be_viewed():
    F, nn = mt.nn.functional, mt.nn
    for result in (
        mt.einsum("bti,oi->bto", mt.rand(2, 4, 3), mt.rand(6, 3)),
        F.softmax(mt.rand(4, 8, 6).permute(0, 2, 1), -1),
        F.log_softmax(mt.rand(4, 8).t(), 0),
        nn.BatchNorm1d(4)(mt.rand(2, 3, 4).transpose(1, 2)),
        nn.LayerNorm(4)(mt.rand(4, 8).t()),
        nn.MultiheadAttention(8, 2)(*[mt.rand(2, 3, 8)] * 3)[0],
        mt.rand(1, 4).expand(3, 4).double(),
        mt.zeros_like(mt.rand(1, 4).expand(3, 4)),
    ):
        assert result.is_contiguous()
    assert mt.rand(4, 3).t().double().stride() == (1, 3)  # of no repeated element: as it lay


def test_a_failed_operation_keeps_nothing():
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            with contextlib.suppress(RuntimeError):
                mt.matmul(mt.ones(20, 3), mt.ones(4, 3))
        assert gc.collect() == 0
    finally:
        gc.enable()
