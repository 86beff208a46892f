"""Lazy layers become their classes at the first call, with the parameters that these would have had."""

import copy
import pickle

import pytest

import minitorch as mt
from minitorch import nn

CASES = {
    "Linear": ((3,), (2, 4), 4),
    **{f"{kind}{r}d": ((4, 2), (2, 3, *(5,) * r), 3) for r in (1, 2, 3) for kind in ("Conv", "ConvTranspose")},
    **{f"BatchNorm{r}d": ((), (2, 3, *(2,) * r), 3) for r in (1, 2, 3)},
}
EVERY = pytest.mark.parametrize("name", CASES)


def test_every_lazy_layer_is_tested():
    assert {name for name in nn.__all__ if name.startswith("Lazy")} == {f"Lazy{name}" for name in CASES}


@EVERY
def test_the_first_call(name):
    options, shape, size = CASES[name]
    x = mt.randn(*shape).double()
    mt.manual_seed(1)
    lazy = getattr(nn, f"Lazy{name}")(*options).double()
    assert repr(lazy).startswith(f"Lazy{name}(")
    assert lazy.has_uninitialized_params()
    parameters = list(lazy.parameters())
    y = lazy(x)
    mt.manual_seed(1)
    layer = getattr(nn, name)(size, *options, dtype=mt.float64)
    assert mt.equal(layer(x), y)
    assert type(lazy) is type(layer)
    assert repr(lazy) == repr(layer)
    assert all(p is q for p, q in zip(parameters, lazy.parameters(), strict=True))  # an optimizer has the same ones
    assert all(mt.equal(p, q) for p, q in zip(lazy.state_dict().values(), layer.state_dict().values(), strict=True))
    y.sum().backward()
    assert all(p.grad is not None for p in lazy.parameters())


@EVERY
def test_before_the_first_call(name):
    options, shape, size = CASES[name]
    lazy, layer = getattr(nn, f"Lazy{name}")(*options), getattr(nn, name)(size, *options)
    assert list(lazy.state_dict()) == list(layer.state_dict())
    with pytest.raises(RuntimeError, match="Call the model with one batch first"):
        _ = lazy.weight.shape
    with pytest.raises(ValueError, match="UninitializedParameter"):
        lazy.weight * 2
    assert repr(lazy.weight) == "<UninitializedParameter>"
    for twin in (copy.deepcopy(lazy), pickle.loads(pickle.dumps(lazy))):
        assert isinstance(twin.weight, nn.UninitializedParameter)
        twin.load_state_dict(lazy.state_dict())
        twin.load_state_dict(layer.state_dict())
        x = mt.randn(*shape)
        assert mt.equal(twin(x), layer(x))
    with pytest.raises(RuntimeError, match="one batch first"):
        layer.load_state_dict(lazy.state_dict())


def test_a_call_that_fails_leaves_the_layer_lazy():
    lazy = nn.LazyConv2d(4, 3, groups=2)
    with pytest.raises(RuntimeError, match=r"Expected 3D or 4D input to LazyConv2d, but got input of size: \[5, 5\]"):
        lazy(mt.ones(5, 5))
    with pytest.raises(ValueError, match="divisible by groups"):
        lazy(mt.ones(1, 3, 5, 5))
    assert isinstance(lazy, nn.LazyConv2d)
    assert lazy(mt.ones(1, 2, 5, 5)).shape == (1, 4, 3, 3)
    with pytest.raises(TypeError, match=r"LazyLinear.__init__\(.* missing a required argument: 'out_features'"):
        nn.LazyLinear()


def test_in_a_model():
    model = nn.Sequential(nn.LazyConv2d(2, 3), nn.LazyBatchNorm2d(affine=False), nn.Flatten(), nn.LazyLinear(3, bias=False))
    model.requires_grad_(True).zero_grad()
    assert model(mt.ones(2, 1, 5, 5)).shape == (2, 3)
    assert repr(model[3]) == "Linear(in_features=18, out_features=3, bias=False)"
    assert isinstance(model[1].running_mean, nn.Buffer)
