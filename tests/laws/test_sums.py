"""Sums keep their digits: long ones, over any axes and memory layout, in float32 and in float16."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch.backend.sums import add_at, cumulative_sum, sum_reduce

F = mt.nn.functional
LONG = 300_000


def relative_error(got, exact):
    return float(np.max(np.abs(np.asarray(got, dtype=np.float64) / exact - 1), initial=0))


@given(data=st.data())
def test_a_sum_of_one_sign_is_right_to_1e_6_over_any_axes_and_layout(data):
    draw = data.draw
    shape = draw(st.lists(st.sampled_from([1, 2, 3, 17, 40, 700]), min_size=1, max_size=4))
    while math.prod(shape) > 2e6:
        shape[shape.index(max(shape))] = 3
    values = np.random.default_rng(draw(st.integers(0, 99)))
    x = np.full(shape, draw(st.floats(0.05, 1)), np.float32) if draw(st.booleans()) else values.random(shape, np.float32) + 0.01
    x = x.transpose(draw(st.permutations(range(x.ndim))))
    x = x[tuple(slice(None, None, draw(st.sampled_from([1, 2, -1]))) for _ in shape)]
    if draw(st.booleans()):
        x = np.broadcast_to(x[:1], x.shape)
    axis = draw(st.none() | st.integers(-x.ndim, x.ndim - 1) | st.lists(st.sampled_from(range(x.ndim)), unique=True).map(tuple))
    keepdims = draw(st.booleans())
    exact = np.add.reduce(x, axis=axis, keepdims=keepdims, dtype=np.float64)
    for dtype, bound in ((np.float32, 1e-6), (np.float16, 2**-11)):
        scale = max(1, exact.max(initial=0) / 60_000) if dtype is np.float16 else 1
        narrow = (x / scale).astype(dtype)
        exact = np.add.reduce(narrow, axis=axis, keepdims=keepdims, dtype=np.float64)
        got = np.asarray(sum_reduce(narrow, axis, keepdims))
        assert got.dtype == dtype
        assert got.shape == exact.shape
        assert relative_error(got[exact > 1e-3], exact[exact > 1e-3]) < bound


def test_twenty_million_ones():
    assert mt.ones(10_000_000, 2).T.contiguous().T.sum(0).tolist() == [1e7, 1e7]
    assert mt.ones(20_000_000, 1).expand(-1, 2).sum(0).tolist() == [2e7, 2e7]
    assert mt.tensor([1.0]).expand(20_000_000).cumsum(0)[-1].item() == 2e7


column = mt.tensor([100.1, -100.1]).repeat(LONG, 1)

LONG_SUMS = {
    "mean": (lambda: column.mean(0), [100.1, -100.1]),
    "std": (lambda: column.std(0), [0, 0]),
    "var_mean": (lambda: mt.var_mean(column, 0)[1], [100.1, -100.1]),
    "norm": (lambda: column.norm(dim=0), [100.1 * LONG**0.5] * 2),
    "norm 1": (lambda: column.norm(1, 0), [100.1 * LONG] * 2),
    "logsumexp": (lambda: (column * 0).logsumexp(0), [math.log(LONG)] * 2),
    "softmax": (lambda: (column * 0).softmax(0)[0] * LONG, [1, 1]),
    "log_softmax": (lambda: (column * 0).log_softmax(0)[0], [-math.log(LONG)] * 2),
    "cumsum": (lambda: column.cumsum(0)[-1], [100.1 * LONG, -100.1 * LONG]),
    "mse_loss": (lambda: F.mse_loss(column, column * 0), 100.1**2),
    "l1_loss": (lambda: F.l1_loss(column, column * 0), 100.1),
    "batch_norm": (lambda: F.batch_norm(column, None, None, training=True)[0], [0, 0]),
    "avg_pool1d": (lambda: F.avg_pool1d(column.T.contiguous()[:, None], LONG)[:, 0, 0], [100.1, -100.1]),
    "adaptive_avg_pool2d": (lambda: F.adaptive_avg_pool2d(column.T.reshape(1, 2, 300, -1), 1).flatten(), [100.1, -100.1]),
    "a bias's gradient": (
        lambda: gradient_of(mt.zeros(2), lambda bias: (column * 0 + bias) * column),
        [100.1 * LONG, -100.1 * LONG],
    ),
    "an embedding's gradient": (
        lambda: gradient_of(mt.zeros(1, 2), lambda weight: F.embedding(mt.zeros(LONG).long(), weight) * column),
        [[100.1 * LONG, -100.1 * LONG]],
    ),
}  # fmt: skip


def gradient_of(leaf, function):
    leaf.requires_grad_()
    function(leaf).sum().backward()
    return leaf.grad


@pytest.mark.parametrize("name", LONG_SUMS)
def test_long_sums(name):
    compute, exact = LONG_SUMS[name]
    np.testing.assert_allclose(compute().numpy(), exact, rtol=2e-6, atol={"std": 5e-3, "batch_norm": 3e-2}.get(name, 0))


def test_clipping_adds_up_all_gradients():
    parameters = [mt.zeros(LONG, 2).requires_grad_() for _ in range(2)]
    for p in parameters:
        p.grad = column.clone()
    total = mt.nn.utils.clip_grad_norm_(parameters, 1.0)
    assert total.item() == pytest.approx(100.1 * (4 * LONG) ** 0.5, rel=1e-6)


def test_running_and_scattered_sums_are_added_in_a_wider_type():
    ones = np.ones(5000, np.float16)
    assert cumulative_sum(ones, 0)[-1] == 5000
    assert add_at((1,), ((np.zeros(5000, int),),), ones) == 5000
    assert cumulative_sum(np.ones(3, bool), 0).dtype == np.int64
