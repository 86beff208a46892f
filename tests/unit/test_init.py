"""Initial weights beside their closed forms: bounds, moments, fans and gains, computed here in plain Python."""

import inspect
import math
import statistics

import pytest

import minitorch as mt
from minitorch import nn

init = nn.init
N = 120  # rows and columns of a weight whose moments are measured


@pytest.mark.parametrize(("name", "param", "gain"), [
    ("linear", None, 1), ("sigmoid", None, 1), ("conv1d", None, 1), ("conv2d", None, 1), ("conv3d", None, 1),
    ("conv_transpose2d", None, 1), ("tanh", None, 1.6666666666666667), ("relu", None, 1.4142135623730951),
    ("leaky_relu", None, 1.4141428569978354), ("leaky_relu", 0.5, 1.2649110640673518), ("leaky_relu", 0, 1.4142135623730951),
    ("leaky_relu", -2.0, 0.6324555320336759), ("selu", None, 0.75),
])  # fmt: skip
def test_gains(name, param, gain):
    assert init.calculate_gain(name, param) == pytest.approx(gain, rel=1e-15)


@pytest.mark.parametrize(("shape", "fan_in", "fan_out"), [
    ((5, 3), 3, 5), ((4, 2, 3), 6, 12), ((4, 2, 3, 5), 30, 60), ((6, 1, 2, 2, 2), 8, 48), ((1, 7, 1), 7, 1), ((0, 3), 3, 0),
])  # fmt: skip
def test_fans(shape, fan_in, fan_out):
    assert init.fans(mt.empty(shape)) == (fan_in, fan_out)


def root(x):
    return math.sqrt(x)


# the standard deviation of each scheme for a weight (out, in, 3): fan_in = 3 in, fan_out = 3 out
OUT, IN = 2 * N, N
SCHEMES = [
    ("xavier_normal_", {}, root(2 / (3 * IN + 3 * OUT))),
    ("xavier_normal_", {"gain": 3.0}, 3 * root(2 / (3 * IN + 3 * OUT))),
    ("xavier_uniform_", {}, root(2 / (3 * IN + 3 * OUT))),
    ("xavier_uniform_", {"gain": 0.5}, 0.5 * root(2 / (3 * IN + 3 * OUT))),
    ("kaiming_normal_", {}, root(2 / (3 * IN))),
    ("kaiming_normal_", {"mode": "fan_out"}, root(2 / (3 * OUT))),
    ("kaiming_normal_", {"a": 2.0}, root(2 / 5 / (3 * IN))),
    ("kaiming_normal_", {"a": 2.0, "nonlinearity": "relu"}, root(2 / (3 * IN))),
    ("kaiming_normal_", {"nonlinearity": "linear"}, root(1 / (3 * IN))),
    ("kaiming_uniform_", {}, root(2 / (3 * IN))),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "tanh"}, 5 / 3 * root(1 / (3 * OUT))),
    ("kaiming_uniform_", {"a": root(5)}, root(1 / 3 / (3 * IN))),
    ("uniform_", {}, root(1 / 12)),
    ("uniform_", {"a": -2.0, "b": 5.0}, 7 / root(12)),
    ("normal_", {}, 1.0),
    ("normal_", {"mean": 2.0, "std": 0.1}, 0.1),
]


@pytest.mark.parametrize(("name", "options", "std"), SCHEMES)
@pytest.mark.parametrize("dtype", [mt.float32, mt.float64])
def test_moments_and_bounds(name, options, std, dtype):
    tensor = mt.full((OUT, IN, 3), math.nan, dtype=dtype, requires_grad=True)
    assert getattr(init, name)(tensor, **options) is tensor
    assert (tensor.is_leaf, tensor.requires_grad, tensor.dtype) == (True, True, dtype)
    mean = {"uniform_": (options.get("a", 0) + options.get("b", 1)) / 2, "normal_": options.get("mean", 0)}.get(name, 0.0)
    values = tensor.detach().double()
    n = values.numel()
    assert values.mean().item() == pytest.approx(mean, abs=5 * std / root(n))
    assert values.std().item() == pytest.approx(std, rel=5 / root(2 * n))
    spread = (values - mean).abs()
    if "uniform" in name:
        bound = root(3) * std  # a uniform number of +-b has the deviation b / sqrt(3)
        assert 0.9995 * bound < spread.max() <= bound * (1 + 1e-6)
        assert (spread < bound / 2).double().mean().item() == pytest.approx(0.5, abs=0.01)
    else:
        for k in (0.5, 1, 2):  # how many are within k deviations
            assert (spread < k * std).double().mean().item() == pytest.approx(math.erf(k / root(2)), abs=0.01)


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"), [(0, 1, -2, 2), (1, 2, -1, 1.5), (0, 0.02, -2, 2), (0, 1, 3, 5), (-1, 1, 2, 9)]
)
def test_a_truncated_normal_has_its_mean_and_deviation(mean, std, a, b):
    values = init.trunc_normal_(mt.empty(200, 300), mean, std, a, b).double()
    normal = statistics.NormalDist()
    low, high = (a - mean) / std, (b - mean) / std
    inside = normal.cdf(high) - normal.cdf(low)
    shift = (normal.pdf(low) - normal.pdf(high)) / inside
    variance = 1 + (low * normal.pdf(low) - high * normal.pdf(high)) / inside - shift**2
    assert a <= values.min() <= values.max() <= b
    error = 5 * std * root(variance / values.numel())
    assert values.mean().item() == pytest.approx(mean + std * shift, abs=error)
    assert values.std().item() == pytest.approx(std * root(variance), rel=0.02)


def test_defaults():
    expected = {
        "uniform_": {"a": 0, "b": 1}, "normal_": {"mean": 0, "std": 1}, "trunc_normal_": {"mean": 0, "std": 1, "a": -2, "b": 2},
        "xavier_uniform_": {"gain": 1}, "xavier_normal_": {"gain": 1}, "orthogonal_": {"gain": 1}, "dirac_": {"groups": 1},
        "kaiming_uniform_": {"a": 0, "mode": "fan_in", "nonlinearity": "leaky_relu"},
        "kaiming_normal_": {"a": 0, "mode": "fan_in", "nonlinearity": "leaky_relu"},
    }  # fmt: skip
    for name, options in expected.items():
        parameters = inspect.signature(getattr(init, name)).parameters.values()
        found = {p.name: p.default for p in parameters if p.default is not p.empty and p.name != "generator"}
        assert found == options, name


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (4, 2, 3), (6, 2, 1), (1, 5), (5, 1)])
@pytest.mark.parametrize("gain", [1, 2.5])
def test_orthogonal_rows_or_columns(shape, gain):
    w = init.orthogonal_(mt.empty(shape, dtype=mt.float64), gain).reshape(shape[0], -1)
    square = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    assert mt.allclose(square, gain**2 * mt.eye(len(square), dtype=mt.float64), atol=1e-12)


def test_orthogonal_matrices_have_no_preferred_sign():
    """Of the QR decomposition's two signs the one that makes the distribution uniform: the trace has mean 0."""
    traces = [init.orthogonal_(mt.empty(3, 3, dtype=mt.float64)).trace().item() for _ in range(500)]
    assert statistics.fmean(traces) == pytest.approx(0, abs=0.25)


def test_constants():
    assert init.constant_(mt.empty(2, 2), 2.5).tolist() == [[2.5, 2.5], [2.5, 2.5]]
    assert init.ones_(mt.empty(2)).tolist() == [1, 1]
    assert init.zeros_(mt.ones(2)).tolist() == [0, 0]
    assert init.eye_(mt.full((2, 3), 7.0)).tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("kernel", [(3,), (4,), (3, 5), (2, 3, 1)])
@pytest.mark.parametrize(("out", "channels", "groups"), [(3, 3, 1), (2, 4, 1), (5, 3, 1), (6, 3, 2), (6, 2, 2)])
def test_dirac_copies_channels(kernel, out, channels, groups):
    w = init.dirac_(mt.full((out, channels, *kernel), 7.0), groups)
    ones = {
        (g * (out // groups) + d, d, *(k // 2 for k in kernel))
        for g in range(groups)
        for d in range(min(out // groups, channels))
    }
    assert {tuple(index) for index in w.nonzero().tolist()} == ones
    assert w.sum() == len(ones)
    if all(k % 2 for k in kernel):
        x = mt.arange(float(channels * groups * 7 ** len(kernel))).reshape(1, channels * groups, *(7 for _ in kernel))
        convolve = (nn.functional.conv1d, nn.functional.conv2d, nn.functional.conv3d)[len(kernel) - 1]
        y = convolve(x, w, padding=tuple(k // 2 for k in kernel), groups=groups)
        per = out // groups
        for g in range(groups):
            for d in range(per):
                copied = x[0, g * channels + d] if d < channels else mt.zeros(7 ** len(kernel)).reshape(y.shape[2:])
                assert mt.equal(y[0, g * per + d], copied)


def test_a_generator_draws_what_the_default_stream_would():
    for name in ("uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_",
                 "kaiming_normal_", "orthogonal_"):  # fmt: skip
        mt.manual_seed(3)
        first = getattr(init, name)(mt.empty(3, 4))
        generator, before = mt.Generator().manual_seed(3), mt.get_rng_state()
        assert mt.equal(getattr(init, name)(mt.empty(3, 4), generator=generator), first), name
        assert mt.equal(mt.get_rng_state(), before), name


# the bound of each parameter's uniform numbers
LAYERS = [
    (lambda: nn.Linear(50, 40), {"weight": 1 / root(50), "bias": 1 / root(50)}),
    (lambda: nn.Bilinear(30, 10, 40), {"weight": 1 / root(30), "bias": 1 / root(30)}),
    (lambda: nn.Conv1d(10, 60, 4), {"weight": 1 / root(40), "bias": 1 / root(40)}),
    (lambda: nn.Conv2d(8, 60, (3, 2), groups=2), {"weight": 1 / root(24), "bias": 1 / root(24)}),
    (lambda: nn.ConvTranspose2d(8, 60, 3), {"weight": 1 / root(60 * 9), "bias": 1 / root(60 * 9)}),
    (lambda: nn.LSTM(30, 25), {n: 1 / root(25) for n in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")}),
    (lambda: nn.GRUCell(30, 25), {n: 1 / root(25) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}),
    (lambda: nn.MultiheadAttention(40, 4), {"in_proj_weight": root(6 / (40 + 120)), "in_proj_bias": 0.0,
                                            "out_proj.weight": 1 / root(40), "out_proj.bias": 0.0}),
]  # fmt: skip


@pytest.mark.parametrize(("make", "bounds"), LAYERS)
def test_layers_start_within_their_bounds(make, bounds):
    parameters = dict(make().named_parameters())
    assert parameters.keys() == bounds.keys()
    for name, bound in bounds.items():
        values = parameters[name].detach().double()
        assert values.abs().max().item() <= bound * (1 + 1e-6)
        if bound:
            n = values.numel()
            assert values.abs().max().item() > bound * (1 - 8 / n), name
            assert values.std().item() == pytest.approx(bound / root(3), rel=2.5 / root(n)), name


def test_layers_that_start_with_constants_or_normal_numbers():
    for layer in (nn.BatchNorm2d(3), nn.LayerNorm(3), nn.GroupNorm(1, 3), nn.InstanceNorm1d(3, affine=True)):
        assert (layer.weight.tolist(), layer.bias.tolist()) == ([1, 1, 1], [0, 0, 0])
    assert nn.PReLU(2).weight.tolist() == [0.25, 0.25]
    table = nn.Embedding(200, 300, padding_idx=3).weight.detach()
    assert table[3].abs().max() == 0
    assert table.mean().item() == pytest.approx(0, abs=0.02)
    assert (table.square().sum() / (199 * 300)).item() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda: init.calculate_gain("elu"), ValueError, "Unsupported nonlinearity elu"),
    (lambda: init.calculate_gain("leaky_relu", "a"), ValueError, "negative_slope 'a' not a valid number"),
    (lambda: init.xavier_normal_(mt.empty(3)), ValueError, "fewer than 2 dimensions"),
    (lambda: init.kaiming_uniform_(mt.empty(3, 2), mode="fan"), ValueError, "Mode fan not supported"),
    (lambda: init.eye_(mt.empty(3)), ValueError, "2 dimensions"),
    (lambda: init.dirac_(mt.empty(3, 3)), ValueError, "3, 4, or 5 dimensions"),
    (lambda: init.dirac_(mt.empty(3, 3, 3), 2), ValueError, "divisible by groups"),
    (lambda: init.orthogonal_(mt.empty(3)), ValueError, "2 or more dimensions"),
    (lambda: init.trunc_normal_(mt.empty(3), a=2.0, b=1.0), RuntimeError, "a <= b"),
    (lambda: init.trunc_normal_(mt.empty(3), std=0.0), RuntimeError, "positive finite std"),
])  # fmt: skip
def test_wrong_calls_are_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_nothing_to_initialize():
    with pytest.warns(UserWarning, match="zero-element"):
        assert init.kaiming_normal_(mt.empty(0, 3)).shape == (0, 3)
    assert init.trunc_normal_(mt.empty(3), a=1.5, b=1.5).tolist() == [1.5] * 3


def test_truncated_normal_counts_as_a_change_in_place():
    w = nn.Parameter(mt.ones(3, 4))
    y = (w * w).sum()
    nn.init.trunc_normal_(w)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()
    with pytest.raises(RuntimeError, match="expand"):
        nn.init.trunc_normal_(mt.zeros(1, 3).expand(2, 3))
