"""Parametrized weights: what is computed from what, classes and names, wrong calls; weight_norm beside loops over numbers."""

import copy
import gc
import math
import pickle
import weakref

import pytest

import minitorch as mt
from minitorch import nn
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.nn.utils import parametrizations, parametrize

register = parametrize.register_parametrization


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).T


class Exp(nn.Module):
    def forward(self, x):
        return x.exp()

    def right_inverse(self, y):
        return y.log()


class Scaled(nn.Module):
    def forward(self, x):
        return 3 * x

    def right_inverse(self, y):
        return y / 3


class Product(nn.Module):
    """a b^T, of the first column and the first row."""

    def forward(self, a, b):
        return a.outer(b)

    def right_inverse(self, y):
        return y[:, 0] / y[0, 0], y[0]


def positive(rows, columns):
    layer = nn.Linear(columns, rows)
    layer.weight.data = layer.weight.data.abs() + 0.1
    return layer


def test_a_weight_is_computed_from_its_original():
    layer = nn.Linear(3, 3)
    original = layer.weight
    assert register(layer, "weight", Symmetric()) is layer
    found = layer.weight.tolist()
    assert all(found[i][j] == original[min(i, j), max(i, j)].item() for i in range(3) for j in range(3))
    assert layer.parametrizations.weight.original is original
    assert isinstance(layer, nn.Linear)
    assert type(layer).__name__ == "ParametrizedLinear"
    layer(mt.ones(1, 3)).sum().backward()
    assert original.grad.tolist() == [[1, 2, 2], [0, 1, 2], [0, 0, 1]]
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]


def test_an_assignment_sets_the_original():
    layer = positive(2, 3)
    before = layer.weight.data
    register(layer, "weight", Exp())
    original = layer.parametrizations.weight.original
    assert mt.allclose(layer.weight, before)
    value = mt.full((2, 3), 2.0)
    layer.weight = value
    assert original is layer.parametrizations.weight.original
    assert original.tolist() == mt.full((2, 3), 2.0).log().tolist()
    value.zero_()
    assert layer.weight[0, 0].item() == pytest.approx(2)


def test_several_parametrizations_and_tensors():
    layer = positive(2, 3)
    register(layer, "weight", Exp())
    register(layer, "weight", nn.Softmax(1))
    register(layer, "bias", nn.Tanh())
    assert mt.allclose(layer.weight.sum(1), mt.ones(2))
    assert [name for name, _ in layer.named_parameters()] == [
        "parametrizations.weight.original",
        "parametrizations.bias.original",
    ]
    last, kind = layer.weight.data, type(layer)
    parametrize.remove_parametrizations(layer, "weight")
    assert mt.equal(layer.weight.data, last)
    assert (type(layer).__name__, kind.__bases__[0]) == ("ParametrizedLinear", nn.Linear)
    raw = layer.parametrizations.bias.original
    values = raw.tolist()
    parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False)
    assert layer.bias is raw
    assert raw.tolist() == values
    assert type(layer) is nn.Linear
    assert not hasattr(layer, "parametrizations")
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_inverses_run_backward():
    layer = positive(2, 3)
    register(layer, "weight", Exp())
    register(layer, "weight", Scaled())
    layer.weight = mt.full((2, 3), 6.0)
    assert layer.weight[0, 0].item() == pytest.approx(6)
    assert layer.parametrizations.weight.original[0, 0].item() == pytest.approx(math.log(2))


def test_several_originals():
    layer = positive(2, 3)
    layer.weight.data = mt.tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]])
    register(layer, "weight", Product())
    assert layer.weight.tolist() == [[1, 2, 3], [2, 4, 6]]
    assert [tuple(p.shape) for p in layer.parametrizations.weight.originals()] == [(2,), (3,)]
    layer.weight = mt.tensor([[2.0, 2.0, 2.0], [6.0, 6.0, 6.0]])
    assert layer.parametrizations.weight.original0.tolist() == [1, 3]
    with pytest.raises(ValueError, match="in terms of a sequence of tensors: weight has 2 originals"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "weight")
    assert isinstance(layer.weight, nn.Parameter)
    assert layer.weight.tolist() == [[2, 2, 2], [6, 6, 6]]


def test_a_buffer_stays_a_buffer():
    module = nn.Module()
    module.register_buffer("mean", mt.tensor([0.5, -0.5]))
    parametrize.register_parametrization(module, "mean", nn.Tanh())
    assert [name for name, _ in module.named_buffers()] == ["parametrizations.mean.original"]
    parametrize.remove_parametrizations(module, "mean")
    assert module.state_dict()["mean"].tolist() == pytest.approx([math.tanh(0.5), -math.tanh(0.5)])


def test_copies_are_independent_and_there_are_no_pickles():
    layer = parametrizations.weight_norm(nn.Linear(3, 2))
    twin = copy.deepcopy(layer)
    twin.parametrizations.weight.original0.data.zero_()
    parametrize.remove_parametrizations(twin, "weight")
    assert twin.weight.abs().sum() == 0
    assert layer.weight.abs().sum() > 0
    with pytest.raises(RuntimeError, match=r"only supported through state_dict\(\)"):
        pickle.dumps(layer)


def test_cached():
    layer, runs = nn.Linear(2, 2), []

    class Counted(nn.Module):
        def forward(self, x):
            runs.append(0)
            return 2 * x

    register(layer, "weight", Counted())
    runs.clear()
    with parametrize.cached():
        with parametrize.cached():
            layer(layer(mt.ones(1, 2)))
        assert layer.weight is layer.weight
    assert len(runs) == 1
    assert layer.weight is not layer.weight
    assert len(runs) == 3


def test_a_dropped_layer_is_freed_at_once():
    gc.disable()
    try:
        layer = parametrizations.weight_norm(nn.Linear(3, 2))
        layer(mt.ones(1, 3)).sum().backward()
        freed = weakref.ref(layer), weakref.ref(layer.parametrizations.weight.original1)
        del layer
        assert [ref() for ref in freed] == [None, None]
    finally:
        gc.enable()


class Twice(nn.Module):
    def right_inverse(self, value):
        return value.repeat(2, 1)

    def forward(self, x):
        return x


class Words(nn.Module):
    def right_inverse(self, value):
        return "words"


class Double(nn.Module):
    def forward(self, x):
        return x.double()


class Single(nn.Module):
    def right_inverse(self, value):
        return value.double()


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda m: register(m, "w", nn.ReLU()), ValueError, "does not have a parameter, a buffer.*name 'w'"),
    (lambda m: register(m, "weight", mt.relu), TypeError, "must be a Module, not function: define"),
    (lambda m: register(3, "weight", nn.ReLU()), TypeError, "expects a Module, not int"),
    (lambda m: register(m, "weight", nn.Linear(2, 1)), ValueError,
     r"change the shape of the tensor.*\[2, 2\] and is now \[2, 1\]"),
    (lambda m: register(m, "weight", Double()), ValueError, "may not change the dtype of the tensor"),
    (lambda m: register(m, "weight", Twice()), ValueError, r"is now \[4, 2\]"),
    (lambda m: register(m, "weight", Words()), ValueError, "must return a Tensor or a Sequence.*Got str"),
    (lambda m: register(m, "weight", Single()), ValueError, "may not change the dtype: right_inverse"),
    (lambda m: parametrize.remove_parametrizations(m, "weight"), ValueError, "does not have a parametrization on 'weight'"),
    (lambda m: parametrize.ParametrizationList([], m.weight), ValueError, "requires one or more modules"),
    (lambda m: setattr(parametrize.register_parametrization(m, "weight", Symmetric()), "weight", mt.ones(2, 2)), RuntimeError,
     "Symmetric does not implement right_inverse: define"),
    (lambda m: parametrizations.weight_norm(m, dim=2), IndexError, "Dimension out of range"),
    (lambda m: nn.utils.remove_weight_norm(m), ValueError, "weight_norm of 'weight' not found in Linear"),
    (lambda m: nn.utils.weight_norm(nn.utils.weight_norm(m)), RuntimeError, "two weight_norm hooks on the same parameter"),
    (lambda m: nn.utils.weight_norm(nn.LazyLinear(2)), ValueError, "can't have uninitialized parameters"),
    (lambda m: parametrizations.orthogonal, AttributeError, "nn.init.orthogonal_"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        call(nn.Linear(2, 2))


def test_a_further_parametrization_is_checked():
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", nn.Tanh())
    with pytest.raises(ValueError, match="change the dtype"):
        register(layer, "weight", Double())
    with pytest.raises(ValueError, match=r"right_inverse may not change the shape"):
        register(layer, "weight", Twice())
    assert len(layer.parametrizations.weight) == 1
    register(layer, "weight", Double(), unsafe=True)
    assert layer.weight.dtype is mt.float64


# ---- weight_norm -------------------------------------------------------------------------------------------------------


def normed(g, v, dim):
    """g v / |v| for nested lists of two dimensions, with a g for each row, for each column, or for all."""
    group = {0: lambda i, j: i, 1: lambda i, j: j, None: lambda i, j: 0}[dim]
    squares = {}
    for i, row in enumerate(v):
        for j, value in enumerate(row):
            squares[group(i, j)] = squares.get(group(i, j), 0) + value * value
    return [
        [g[group(i, j)] * value / math.sqrt(squares[group(i, j)]) for j, value in enumerate(row)] for i, row in enumerate(v)
    ]


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weight_norm_is_a_length_and_a_direction(dim):
    for method in (parametrizations.weight_norm, nn.utils.weight_norm):
        layer = nn.Linear(3, 2, dtype=mt.float64)
        before = layer.weight.data
        method(layer, dim=dim)
        names = sorted(name for name, _ in layer.named_parameters() if name != "bias")
        g, v = (layer.get_parameter(name) for name in names)
        assert g.shape == {0: (2, 1), 1: (1, 3), None: ()}[dim]
        assert mt.allclose(layer.weight, before)
        g.data, v.data = mt.rand_like(g) + 0.5, mt.randn_like(v)
        x = mt.randn(4, 3, dtype=mt.float64)
        weight = mt.tensor(normed(g.flatten().tolist(), v.tolist(), dim), dtype=mt.float64)
        assert mt.allclose(layer(x), x @ weight.T + layer.bias)
        (nn.utils.remove_weight_norm if method is nn.utils.weight_norm else parametrize.remove_parametrizations)(
            layer, *([] if method is nn.utils.weight_norm else ["weight"])
        )
        assert mt.allclose(layer.weight, weight)
        assert sorted(name for name, _ in layer.named_parameters()) == ["bias", "weight"]


@pytest.mark.parametrize(("shape", "dim"), [((2, 3), 0), ((2, 3), 1), ((3,), 0), ((2, 1, 3), -2), ((2, 2), -1)])
def test_weight_norm_to_second_order(shape, dim):
    g = parametrizations._norm_except_dim(mt.ones(shape, dtype=mt.float64), dim)
    inputs = (mt.rand_like(g) + 0.5).requires_grad_(), mt.randn(shape, dtype=mt.float64, requires_grad=True)
    for check in (gradcheck, gradgradcheck):
        assert check(lambda g, v: parametrizations._normalized(g, v, dim), inputs)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_files_of_the_older_weight_norm_can_be_loaded():
    old = nn.Sequential(nn.utils.weight_norm(nn.Linear(3, 2)))
    new = nn.Sequential(parametrizations.weight_norm(nn.Linear(3, 2)))
    assert list(old.state_dict()) == ["0.bias", "0.weight_g", "0.weight_v"]
    assert list(new.state_dict()) == ["0.bias", "0.parametrizations.weight.original0", "0.parametrizations.weight.original1"]
    x = mt.randn(2, 3)
    for saved in (old.state_dict(), new.state_dict()):
        new.load_state_dict(saved)
        assert mt.equal(new(x), old(x))


def test_the_older_weight_norm_warns():
    with pytest.warns(FutureWarning, match=r"deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`"):
        nn.utils.weight_norm(nn.Linear(2, 2))


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("make", [lambda: nn.Linear(3, 2), lambda: nn.Conv1d(3, 2, 2), lambda: nn.ConvTranspose1d(3, 2, 2)])
def test_weight_norm_trains(make):
    for method in (parametrizations.weight_norm, nn.utils.weight_norm):
        layer = method(make())
        optimizer = mt.optim.SGD(layer.parameters(), lr=0.1)
        x = mt.ones(3) if isinstance(layer, nn.Linear) else mt.ones(1, 3, 4)
        losses = []
        for _ in range(20):
            optimizer.zero_grad()
            loss = ((layer(x) - 1) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < losses[0] / 10


def test_a_norm_may_leave_the_range_of_float16():
    layer = parametrizations.weight_norm(nn.Linear(4, 2, bias=False).half())
    layer.parametrizations.weight.original1.data.fill_(40000.0)
    layer.parametrizations.weight.original0.data.fill_(1.0)
    assert layer.weight.tolist() == [[0.5] * 4] * 2


def test_a_bias_that_is_not_there_has_no_parametrization():
    with pytest.raises(ValueError, match="made without 'bias': it is None"):
        parametrize.register_parametrization(nn.Linear(2, 3, bias=False), "bias", nn.Identity())
