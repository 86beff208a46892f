"""Module: registration, names, state dicts, modes, copies."""

import copy
import pickle

import pytest

import minitorch as mt
from minitorch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 3)
        self.again = self.hidden
        self.scale = nn.Parameter(mt.ones(1))
        self.register_buffer("mean", mt.zeros(2))
        self.register_buffer("scratch", mt.zeros(1), persistent=False)

    def forward(self, x):
        return self.hidden(x - self.mean) * self.scale


def test_registration_and_names():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == ["scale", "hidden.weight", "hidden.bias"]
    assert [n for n, _ in net.named_modules()] == ["", "hidden"]
    assert [n for n, _ in net.named_buffers()] == ["mean", "scratch"]
    assert list(net.state_dict()) == ["scale", "mean", "hidden.weight", "hidden.bias", "again.weight", "again.bias"]
    net.scale = None
    assert net.scale is None
    with pytest.raises(TypeError, match="as parameter 'scale'"):
        net.scale = 3.0
    net.hidden = nn.ReLU()
    del net.again
    assert list(net.parameters()) == []


def test_loading_is_all_or_nothing():
    net, other = Net(), Net()
    state = {**other.state_dict(), "mean": mt.ones(3)}
    before = net.hidden.weight.tolist()
    with pytest.raises(RuntimeError, match="size mismatch for mean"):
        net.load_state_dict(state)
    assert net.hidden.weight.tolist() == before
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "scale"'):
        net.load_state_dict({k: v for k, v in other.state_dict().items() if k != "scale"})
    result = net.load_state_dict({"nothing": mt.ones(1)}, strict=False)
    assert "scale" in result.missing_keys
    assert result.unexpected_keys == ["nothing"]
    assert repr(net.load_state_dict(other.state_dict())) == "<All keys matched successfully>"
    assert net.hidden.weight.tolist() == other.hidden.weight.tolist()


def test_modes_apply_zero_grad_and_types():
    net = nn.Sequential(Net(), nn.RReLU())
    net.eval()
    assert not any(m.training for m in net.modules())
    net(mt.ones(1, 2)).sum().backward()
    assert net[0].scale.grad is not None
    net.zero_grad(set_to_none=False)
    assert net[0].scale.grad.tolist() == [0.0]
    net.zero_grad()
    assert net[0].scale.grad is None
    net.requires_grad_(False)
    assert not net(mt.ones(1, 2)).requires_grad
    net.double()
    assert net[0].hidden.weight.dtype is mt.float64
    assert net[0].mean.dtype is mt.float64
    visited = []
    net.apply(lambda m: visited.append(type(m).__name__))
    assert visited == ["Linear", "Net", "RReLU", "Sequential"]


def test_copies_and_pickles():
    net = Net()
    net(mt.ones(1, 2)).sum().backward()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert twin.hidden.weight is not net.hidden.weight
        assert twin.again.weight is twin.hidden.weight
        assert isinstance(twin.hidden.weight, nn.Parameter)
        assert twin.hidden.weight.tolist() == net.hidden.weight.tolist()
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy(net(mt.ones(1, 2)))
    with pytest.raises(RuntimeError, match="pickle"):
        pickle.dumps(net(mt.ones(1, 2)))
