"""scaled_dot_product_attention, held to its definition, and what MultiheadAttention refuses."""

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.autograd import gradcheck, gradgradcheck

F = nn.functional


def attend(q, k, v, mask=None, scale=None):
    """The definition, for one matrix of each."""
    scale = 1 / math.sqrt(q.shape[1]) if scale is None else scale
    out = np.zeros((len(q), v.shape[1]))
    for i, row in enumerate(q):
        weights = []
        for j, key in enumerate(k):
            added = 0.0 if mask is None or mask[i, j] is np.True_ else -math.inf if mask[i, j] is np.False_ else mask[i, j]
            weights.append(math.exp(scale * sum(a * b for a, b in zip(row, key, strict=True)) + added))
        if sum(weights):
            out[i] = sum(w * value for w, value in zip(weights, v, strict=True)) / sum(weights)
    return out


@pytest.mark.parametrize("mask", [None, "bool", "float", "causal"])
@pytest.mark.parametrize("scale", [None, 0.3])
def test_the_definition_and_its_derivatives(mask, scale):
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 5, 4)), rng.standard_normal((2, 5, 2))
    arrays = {"bool": rng.random((3, 5)) < 0.5, "float": rng.standard_normal((3, 5)), "causal": np.tri(3, 5, dtype=bool)}
    if mask == "bool":
        arrays["bool"][1] = False  # a query without a key
    given = arrays.get(mask)
    options = {"is_causal": True} if mask == "causal" else {} if mask is None else {"attn_mask": mt.from_numpy(given)}
    inputs = [mt.from_numpy(x.copy()).requires_grad_() for x in (q, k, v)]

    def function(*inputs):
        return F.scaled_dot_product_attention(*inputs, scale=scale, **options)

    expected = [attend(*x, given, scale) for x in zip(q, k, v, strict=True)]
    assert np.allclose(function(*inputs).detach().numpy(), expected, atol=1e-12)
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


def test_heads_shared_by_groups_of_queries():
    q, k, v = mt.randn(2, 4, 3, 5), mt.randn(2, 2, 6, 5), mt.randn(2, 2, 6, 5)
    y = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    for head in range(4):
        assert mt.allclose(y[:, head], F.scaled_dot_product_attention(q[:, head], k[:, head // 2], v[:, head // 2]), atol=1e-6)


def test_dropout():
    x = mt.ones(1, 1, 1000, 2)
    y = F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)
    assert abs(y.mean().item() - 1) < 0.01
    assert not F.scaled_dot_product_attention(x, x, x, dropout_p=1.0).any()
    layer = nn.MultiheadAttention(2, 1, dropout=0.5)
    sequence = mt.randn(20, 2)
    for need_weights in (True, False):
        outputs = [
            layer.train(mode)(sequence, sequence, sequence, need_weights=need_weights)[0] for mode in (True, True, False, False)
        ]
        assert not mt.allclose(outputs[0], outputs[1])
        assert mt.equal(outputs[2], outputs[3])


def test_the_causal_mask_and_the_hint():
    layer, x = nn.MultiheadAttention(4, 2), mt.randn(5, 3, 4)
    mask = mt.ones(5, 5).triu(1).bool()
    y, weights = layer(x, x, x, attn_mask=mask)
    assert not weights[:, mask].any()
    assert mt.allclose(weights.sum(-1), mt.ones(3, 5), atol=1e-6)
    for options in ({}, {"is_causal": True}):
        again, none = layer(x, x, x, attn_mask=mask, need_weights=False, **options)
        assert none is None
        assert mt.allclose(y, again, atol=1e-6)
    later = x.clone()
    later[3:] = 0
    assert mt.allclose(layer(later, later, later, attn_mask=mask)[0][:3], y[:3], atol=1e-6)
    padding = mt.tensor([[False, False, True, True, True]]).expand(3, 5)
    assert mt.allclose(layer(x, x, x, padding)[0], layer(x, x[:2], x[:2])[0], atol=1e-6)


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda x: F.scaled_dot_product_attention(x, x, x, mt.ones(2, 2), is_causal=True), RuntimeError, "one of the two"),
    (lambda x: F.scaled_dot_product_attention(x, x.double(), x), RuntimeError, "key.dtype: minitorch.float64"),
    (lambda x: F.scaled_dot_product_attention(x[0], x[0], x[0]), RuntimeError, "at least 2 dimensions"),
    (lambda x: F.scaled_dot_product_attention(x, x[:, :3], x), RuntimeError, r"key \[2, 3\]"),
    (lambda x: F.scaled_dot_product_attention(x, x, x, mt.ones(2, 2).long()), RuntimeError, "minitorch.int64"),
    (lambda x: F.scaled_dot_product_attention(x, x, x, enable_gqa=True), RuntimeError, "must divide"),
    (lambda x: nn.MultiheadAttention(5, 2), AssertionError, "5 features for 2 heads"),
    (lambda x: nn.MultiheadAttention(0, 2), ValueError, "embed_dim=0"),
    (lambda x: nn.MultiheadAttention(4, 2)(x, x, x, is_causal=True), RuntimeError, "needs attn_mask"),
    (lambda x: nn.MultiheadAttention(4, 2)(x, x, x[:1]), AssertionError, "the same length"),
    (lambda x: nn.MultiheadAttention(4, 2)(x, x, x[:, :3]), AssertionError, r"\(4, 4, 4\)"),
    (lambda x: nn.MultiheadAttention(4, 2)(x, x, x, mt.ones(2).long()), AssertionError, "bool and floating"),
    (lambda x: nn.MultiheadAttention(4, 2)(x, x, x, attn_mask=mt.ones(2, 3)), RuntimeError, r"\(2, 2\) or \(2, 2, 2\)"),
    (lambda x: nn.MultiheadAttention(4, 2)(x, x, x[0]), AssertionError, "2D or batched 3D"),
    (lambda x: F.rms_norm(x, (3,)), RuntimeError, r"rms_norm: normalized_shape=\[3\]"),
    (lambda x: F.rms_norm(x, (4,), mt.ones(3)), RuntimeError, "weight to be of same shape"),
])  # fmt: skip
def test_refusals(call, error, text):
    with pytest.raises(error, match=text):
        call(mt.ones(2, 4))
