"""Every layer of the package: held to its definition in loops, and its derivatives to differences."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from tests import checks
from tests.layers import LAYERS, Case, Drawing
from tests.naive import NAIVE

EVERY = pytest.mark.parametrize("name", LAYERS)
HOLDERS = {
    "Buffer", "Module", "ModuleDict", "ModuleList",
    "Parameter", "ParameterDict", "ParameterList", "RNNBase", "RNNCellBase",
    "Sequential", "UninitializedBuffer", "UninitializedParameter", "functional", "init", "utils",
    "DataParallel", "SyncBatchNorm", "parallel",  # for several processes: test_distributed.py
}  # fmt: skip

OLD = {"UpsamplingBilinear2d", "UpsamplingNearest2d"}  # other names of Upsample, in test_old_words.py

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def drawn(name: str, data) -> Case:
    return LAYERS[name](Drawing(lambda low, high: data.draw(st.integers(low, high))))


def test_every_layer_has_a_case_and_a_definition():
    missing = {name for name in nn.__all__ if not name.startswith("Lazy")} - HOLDERS - OLD - set(LAYERS)
    assert not missing, f"{sorted(missing)}: add an entry for each to LAYERS in tests/layers.py"
    assert set(LAYERS) == set(NAIVE)


@EVERY
@given(data=st.data())
def test_values_agree_with_the_definition_in_loops(name, data):
    checks.layer_is_its_definition(drawn(name, data))


@EVERY
@given(data=st.data())
def test_derivatives_of_both_orders_agree_with_differences(name, data):
    checks.layer_derivatives_agree(drawn(name, data))


@pytest.mark.slow
@EVERY
@pytest.mark.parametrize("scale", [1.0, 30.0, 300.0])
@settings(max_examples=10)
@given(data=st.data())
def test_float16_is_near_float64_wherever_the_result_fits(name, scale, data):
    checks.layer_in_half_precision_agrees(drawn(name, data), scale)


@pytest.mark.slow
@EVERY
@settings(max_examples=5)
@given(data=st.data())
def test_nonsense_for_an_input(name, data):
    draw = Drawing(lambda low, high: data.draw(st.integers(low, high)))
    case = LAYERS[name](draw)
    layer = case.build(mt).float()
    inputs = [mt.from_numpy(a.astype(np.float32) if a.dtype.kind == "f" else a.copy()) for a in case.inputs]
    checks.nonsense_gets_a_sentence(lambda *args: layer(*case.arguments(*args), **case.named), inputs, draw)


@EVERY
def test_layers_print_copy_pickle_and_take_float32(name):
    case = LAYERS[name](Drawing(lambda low, high: (low + high) // 2))
    layer = case.build(mt).float()
    inputs = [mt.from_numpy(a.astype(np.float32) if a.dtype.kind == "f" else a) for a in case.inputs]
    y = layer(*case.arguments(*(x.clone() for x in inputs)), **case.named)
    values = y if isinstance(y, tuple) else (y,)
    assert values[0].dtype is mt.float32 or name == "Flatten"
    assert repr(layer).startswith(f"{name}(")
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert repr(twin) == repr(layer)
        assert list(twin.state_dict()) == list(layer.state_dict())


def test_of_elements_unpooled_to_one_place_the_last_wins_and_has_the_gradient():
    x = mt.tensor([[[1.0, 2.0, 3.0, 4.0]]], requires_grad=True)
    y = nn.functional.max_unpool1d(x, mt.tensor([[[2, 5, 2, 2]]]), 2)
    assert y.tolist() == [[[0, 0, 4, 0, 0, 2, 0, 0]]]
    y.sum().backward()
    assert x.grad.tolist() == [[[0, 1, 0, 1]]]


@pytest.mark.parametrize(("name", "shape", "channels"), [
    ("Dropout", (200, 50), 10_000), ("Dropout1d", (500, 4, 3), 2000), ("Dropout2d", (500, 4, 3, 2), 2000),
    ("Dropout3d", (500, 4, 3, 2, 2), 2000),
])  # fmt: skip
def test_dropout_keeps_the_mean_and_drops_whole_channels(name, shape, channels):
    x = mt.ones(*shape, requires_grad=True)
    layer = getattr(nn, name)(p=0.3)
    y = layer(x)
    planes = y.detach().numpy().reshape(channels, -1)
    assert np.all((planes == 0) | np.isclose(planes, 1 / 0.7))
    assert np.all(planes == planes[:, :1])
    assert abs((planes[:, 0] == 0).mean() - 0.3) < 0.05
    y.sum().backward()
    assert np.array_equal(x.grad.numpy(), y.detach().numpy())
    assert layer.eval()(x) is x
    assert getattr(nn, name)(p=1.0)(x).sum().item() == 0
    again = mt.ones(*shape)
    assert getattr(nn, name)(p=0.5, inplace=True)(again) is again
    assert 0 in again


@pytest.mark.parametrize(("name", "channels"), [("AlphaDropout", 200_000), ("FeatureAlphaDropout", 50_000)])
def test_alpha_dropout_keeps_mean_and_variance_and_drops_to_the_limit_of_selu(name, channels):
    mt.manual_seed(0)
    x = mt.randn(500, 100, 4, requires_grad=True)
    layer = getattr(nn, name)(p=0.2)
    y = layer(x)
    limit = nn.functional.selu(mt.tensor(-100.0, dtype=mt.float64)).item()
    a = (0.8 * (1 + 0.2 * limit**2)) ** -0.5
    dropped = np.isclose(y.detach().numpy(), a * limit * 0.8, atol=1e-6)
    planes = dropped.reshape(channels, -1)
    assert abs(planes[:, 0].mean() - 0.2) < 0.01
    assert (planes.all(1) == planes.any(1)).all()
    assert np.allclose(y.detach().numpy()[~dropped], a * x.detach().numpy()[~dropped] - a * limit * 0.2, atol=1e-5)
    assert abs(y.mean().item()) < 0.02
    assert abs(y.var().item() - 1) < 0.02
    y.sum().backward()
    assert np.allclose(x.grad.numpy(), np.where(dropped, 0, a))
    assert layer.eval()(x) is x
    assert getattr(nn, name)(p=1.0)(x).count_nonzero().item() == 0
    again = mt.ones(20, 20)
    assert getattr(nn, name)(p=0.5, inplace=True)(again) is again
    assert again.unique().numel() == 2


def test_gumbel_softmax():
    mt.manual_seed(0)
    F, chances = nn.functional, mt.tensor([0.2, 0.5, 0.3])
    logits = chances.log().expand(20_000, 3).clone().requires_grad_()
    soft, hard = F.gumbel_softmax(logits, tau=0.5), F.gumbel_softmax(logits, tau=0.5, hard=True)
    for drawn in (soft, hard):
        assert mt.allclose(drawn.sum(-1), mt.ones(20_000))
        assert drawn.requires_grad
        assert mt.allclose(drawn.argmax(-1).bincount() / 20_000, chances, atol=0.015)
    assert mt.allclose(hard, hard.round(), atol=1e-6)
    assert F.gumbel_softmax(logits.T, tau=1e-3, dim=0).max(0).values.mean().item() > 0.99
    # the gradient is that of the softmax with the same draws, to the temperature
    weights, grads = mt.tensor([1.0, -2.0, 4.0], dtype=mt.float64), []
    for is_hard in (False, True):
        mt.manual_seed(5)
        x = mt.zeros(4, 3, dtype=mt.float64, requires_grad=True)
        (F.gumbel_softmax(x, 0.7, hard=is_hard) * weights).sum().backward()
        grads.append(x.grad)
    mt.manual_seed(5)
    y = F.gumbel_softmax(mt.zeros(4, 3, dtype=mt.float64), 0.7)
    expected = y * (weights - (y * weights).sum(-1, keepdim=True)) / 0.7
    assert mt.allclose(grads[0], expected)
    assert mt.allclose(grads[1], expected)
    with pytest.raises(RuntimeError, match="float"):
        F.gumbel_softmax(mt.ones(2).long())


def test_sparse_gradients_of_an_embedding_are_refused():
    assert nn.Embedding(3, 2, sparse=False).sparse is False
    weight = mt.ones(3, 2)
    for call in (
        lambda: nn.Embedding(3, 2, sparse=True),
        lambda: nn.Embedding.from_pretrained(weight, sparse=True),
        lambda: nn.functional.embedding(mt.tensor([1]), weight, sparse=True),
    ):
        with pytest.raises(NotImplementedError, match="all gradients are dense"):
            call()


def test_random_slopes_differ_in_training_and_are_their_mean_in_eval_mode():
    layer = nn.RReLU(0.1, 0.3)
    x = -mt.ones(1000)
    slopes = -layer(x)
    assert 0.1 <= slopes.min().item() < 0.12
    assert 0.28 < slopes.max().item() <= 0.3
    assert np.allclose(layer.eval()(x).numpy(), -0.2)


def test_running_statistics_follow_the_batches():
    layer, plain = nn.BatchNorm1d(2, momentum=0.3), nn.BatchNorm1d(2, momentum=None)
    batches = [mt.randn(8, 2) * 3 + 1 for _ in range(3)]
    mean, var = np.zeros(2), np.ones(2)
    for batch in batches:
        layer(batch), plain(batch)
        mean = 0.7 * mean + 0.3 * batch.numpy().mean(0)
        var = 0.7 * var + 0.3 * batch.numpy().var(0, ddof=1)
    assert np.allclose(layer.running_mean.numpy(), mean, atol=1e-5)
    assert np.allclose(layer.running_var.numpy(), var, atol=1e-4)
    assert np.allclose(plain.running_mean.numpy(), np.mean([b.numpy().mean(0) for b in batches], 0), atol=1e-5)
    assert layer.num_batches_tracked.item() == 3
    x = mt.ones(1, 2)
    expected = (x.numpy() - mean) / np.sqrt(var + 1e-5)
    assert np.allclose(layer.eval()(x).detach().numpy(), expected, atol=1e-4)
    layer.train().reset_running_stats()
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        layer(x)
    with pytest.raises(RuntimeError):
        layer(mt.ones(4, 3))
    assert (layer.running_mean.tolist(), layer.num_batches_tracked.item()) == ([0, 0], 0)  # a failed call leaves no trace


def test_embedding_options():
    layer = nn.Embedding(4, 2, padding_idx=1, max_norm=1.0, scale_grad_by_freq=True)
    assert layer.weight[1].tolist() == [0, 0]
    layer.weight.data = mt.tensor([[3.0, 4.0], [0.0, 0.0], [0.3, 0.4], [6.0, 8.0]])
    out = layer(mt.tensor([0, 0, 1, 2, 0]))
    assert np.allclose(layer.weight.detach().numpy(), [[0.6, 0.8], [0, 0], [0.3, 0.4], [6, 8]])  # only what was looked up
    out.sum().backward()
    assert np.allclose(layer.weight.grad.numpy(), [[1, 1], [0, 0], [1, 1], [0, 0]])
    frozen = nn.Embedding.from_pretrained(mt.ones(3, 2))
    assert not frozen.weight.requires_grad


def test_a_layer_made_of_a_function_can_be_subclassed_changed_and_asked():
    class Loud(nn.LeakyReLU):
        def __init__(self):
            super().__init__(negative_slope=0.5)

        def forward(self, x):
            return super().forward(x) * 2

    loud = Loud()
    assert loud(mt.tensor([-1.0, 1.0])).tolist() == [-1, 2]
    loud.negative_slope = 0.25
    assert loud(mt.tensor([-1.0])).tolist() == [-0.5]
    assert repr(loud) == "Loud(negative_slope=0.25)"
    with pytest.raises(TypeError, match=r"MaxPool2d.__init__\(.* missing a required argument: 'kernel_size'"):
        nn.MaxPool2d()
    with pytest.raises(TypeError, match=r"ELU.__init__\(.* got an unexpected keyword argument 'beta'"):
        nn.ELU(beta=1)
    with pytest.raises(TypeError, match=r"ELU.forward\(self, input.* too many positional arguments"):
        nn.ELU()(mt.ones(1), 2.0)
    assert nn.ELU()(input=mt.ones(1)).item() == 1
    weighted = nn.BCELoss(mt.ones(2))
    assert list(weighted.state_dict()) == ["weight"]


def test_means_of_float16_fit():
    x = mt.tensor([200.0] * 8, dtype=mt.float16)
    assert nn.functional.mse_loss(x, mt.zeros(8, dtype=mt.float16)).item() == 40_000
    assert mt.tensor([200.0] * 1000, dtype=mt.float16).mean().item() == 200
    assert nn.functional.layer_norm(mt.tensor([300.0, -300.0] * 32, dtype=mt.float16), (64,))[0].item() == 1
    leaf = mt.tensor([300.0, -300.0], dtype=mt.float16, requires_grad=True)
    nn.functional.gelu(leaf, approximate="tanh").sum().backward()
    assert leaf.grad.tolist() == [1, 0]
    layer = nn.BatchNorm1d(2).half()
    layer(mt.tensor([[300.0, 1.0], [-300.0, 2.0]], dtype=mt.float16))
    assert layer.running_mean.dtype is mt.float16
    assert layer.running_mean[1].item() == pytest.approx(0.15, abs=1e-3)
