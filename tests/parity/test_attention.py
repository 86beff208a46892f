"""Attention beside PyTorch: masks, options, initial weights, and errors."""

import numpy as np
import pytest

from tests.parity.compare import same

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore::UserWarning")]


@pytest.mark.parametrize("f", [
    lambda t, q, k, v, m: t.nn.functional.scaled_dot_product_attention(q, k, v), lambda t, q, k, v, m: t.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True),
    lambda t, q, k, v, m: t.nn.functional.scaled_dot_product_attention(q, k, v, m), lambda t, q, k, v, m: t.nn.functional.scaled_dot_product_attention(q, k, v, m > 0, scale=0.3),
    lambda t, q, k, v, m: t.nn.functional.scaled_dot_product_attention(q, k, v, m > 9), lambda t, q, k, v, m: t.nn.functional.scaled_dot_product_attention(q, k[:, :2], v[:, :2], enable_gqa=True),
    lambda t, q, k, v, m: t.nn.functional.scaled_dot_product_attention(q[0, 0], k[0, 0], v[0, 0], dropout_p=1.0), lambda t, q, k, v, m: t.nn.functional.scaled_dot_product_attention(q, k, v, scale=-2.0),
])  # fmt: skip
def test_scaled_dot_product_attention(f):
    same(f, (2, 4, 3, 5), (2, 4, 6, 5), (2, 4, 6, 2), (3, 6))


@pytest.mark.parametrize("f", [
    lambda t, x: t.nn.functional.scaled_dot_product_attention(x, x, x, t.ones(2, 2), is_causal=True), lambda t, x: t.nn.functional.scaled_dot_product_attention(x[0], x[0], x[0]),
    lambda t, x: t.nn.functional.scaled_dot_product_attention(x, x[:, :3], x), lambda t, x: t.nn.functional.scaled_dot_product_attention(x, x.double(), x), lambda t, x: t.nn.functional.scaled_dot_product_attention(x, x, x, t.ones(2, 2).long()),
    lambda t, x: t.nn.functional.scaled_dot_product_attention(x, x, x, dropout_p=1.5), lambda t, x: t.nn.functional.scaled_dot_product_attention(t.ones(1, 4, 2, 3), t.ones(1, 3, 2, 3), t.ones(1, 3, 2, 3), enable_gqa=True),
    lambda t, x: t.nn.MultiheadAttention(5, 2), lambda t, x: t.nn.MultiheadAttention(0, 2), lambda t, x: t.nn.MultiheadAttention(4, 2)(x, x, x, is_causal=True), lambda t, x: t.nn.MultiheadAttention(4, 2)(x, x, x[:1]),
    lambda t, x: t.nn.MultiheadAttention(4, 2)(x, x, x[:, :3]), lambda t, x: t.nn.MultiheadAttention(4, 2)(x, x, x, t.ones(2).long()), lambda t, x: t.nn.MultiheadAttention(4, 2)(x, x, x, attn_mask=t.ones(2, 3)),
    lambda t, x: t.nn.MultiheadAttention(4, 2)(x, x, x[0]), lambda t, x: t.nn.functional.rms_norm(x, (3,)), lambda t, x: t.nn.functional.rms_norm(x, ()), lambda t, x: t.nn.functional.rms_norm(x, (4,), t.ones(3)),
    lambda t, x: t.nn.functional.rms_norm(x.long(), (4,)), lambda t, x: t.nn.MultiheadAttention(4, 2)(x, x, x, t.ones(3).bool()),
])  # fmt: skip
def test_refusals(f):
    same(f, np.ones((2, 4), np.float32))


def test_precision_of_rms_norm():
    for dtype in (np.float16, np.float32, np.float64):
        same(
            lambda t, x: t.nn.functional.rms_norm(x, (4,)),
            np.full(4, 1e-4, dtype),
            second_order=False,
            tolerance=1e-3 if dtype == np.float16 else 1e-6,
        )


def test_padding_that_masks_every_key():
    padding = np.array([[True, True], [False, True]])
    for need_weights in (True, False):

        def run(t, x, need_weights=need_weights):
            layer = t.nn.MultiheadAttention(4, 2, batch_first=True).double()
            return layer(x, x, x, key_padding_mask=t.from_numpy(padding.copy()), need_weights=need_weights)

        same(run, (2, 2, 4), second_order=False, tolerance=1e-6)
