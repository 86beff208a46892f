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


def test_names_that_are_registered_can_be_emptied_and_filled_again():
    net = Net()
    net.hidden = None
    assert net.hidden is None
    assert [n for n, _ in net.named_modules()] == ["", "again"]
    assert "Linear" in repr(net)
    net.mean = None
    net.mean = mt.ones(2)
    assert net.state_dict()["mean"].tolist() == [1, 1]
    assert {"hidden", "again", "scale", "mean"} <= set(dir(net))
    assert "0" not in dir(nn.Sequential(nn.ReLU()))
    assert len(list(net.named_parameters(remove_duplicate=False))) == 3


class Remembering(nn.Module):
    """A module with a state that is no tensor."""

    def __init__(self):
        super().__init__()
        self.seen = 0

    def get_extra_state(self):
        return {"seen": self.seen}

    def set_extra_state(self, state):
        self.seen = state["seen"]


def test_extra_state_is_saved_and_loaded():
    net, other = nn.Sequential(nn.ReLU(), Remembering()), nn.Sequential(nn.ReLU(), Remembering())
    net[1].seen = 7
    state = net.state_dict()
    assert state["1._extra_state"] == {"seen": 7}
    other.load_state_dict(state)
    assert other[1].seen == 7
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "1._extra_state"'):
        other.load_state_dict({})
    with pytest.raises(RuntimeError, match="defines get_extra_state as well"):
        nn.ReLU().get_extra_state()
    with pytest.raises(RuntimeError, match="defines set_extra_state as well"):
        nn.ReLU().set_extra_state({})


def test_a_hook_before_the_call_may_change_its_arguments():
    net = Net()
    expected = net(mt.ones(1, 2) * 3).tolist()
    for hook, with_kwargs in (
        (lambda module, args: (args[0] * 3,), False),
        (lambda module, args: args[0] * 3, False),
        (lambda module, args, kwargs: ((args[0] * 3,), kwargs), True),
    ):
        handle = net.register_forward_pre_hook(hook, with_kwargs=with_kwargs)
        assert net(mt.ones(1, 2)).tolist() == expected
        handle.remove()
    net.register_forward_pre_hook(lambda module, args, kwargs: None, with_kwargs=True)
    assert net(mt.ones(1, 2) * 3).tolist() == expected
    net.register_forward_pre_hook(lambda module, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"None or a tuple of \(new_args, new_kwargs\), but got \("):
        net(mt.ones(1, 2))


def test_hooks_that_are_always_called_run_after_an_error_and_may_fail():
    class Failing(nn.Module):
        def forward(self, x):
            raise ZeroDivisionError("in forward")

    net, seen = Failing(), []
    net.register_forward_hook(lambda module, args, output: seen.append(output), always_call=True)
    net.register_forward_hook(lambda module, args, output: seen.append("never"))
    net.register_forward_hook(lambda module, args, output: 1 / 0, always_call=True)
    with (
        pytest.warns(UserWarning, match="failed after another error in forward: division by zero"),
        pytest.raises(ZeroDivisionError, match="in forward"),
    ):
        net(mt.ones(1))
    assert seen == [None]


def test_before_init_nothing_can_be_registered():
    class Early(nn.Module):
        def __init__(self, register):
            register(self)

    for register, sentence in (
        (lambda m: m.register_parameter("p", nn.Parameter(mt.ones(1))), "cannot assign parameter before Module.__init__"),
        (lambda m: m.register_buffer("b", mt.ones(1)), "cannot assign buffer before Module.__init__"),
        (lambda m: m.add_module("m", nn.ReLU()), "cannot assign module before Module.__init__"),
        (lambda m: m(1), "'Early' object has no attribute '_hooks': write super"),
    ):
        with pytest.raises(AttributeError, match=sentence):
            Early(register)


def test_a_number_of_half_precision_and_back():
    net = Net().half()
    assert {p.dtype for p in net.parameters()} == {mt.float16}
    assert {p.dtype for p in net.float().parameters()} == {mt.float32}
    computed = mt.ones(1, requires_grad=True) * 2
    with pytest.raises((TypeError, ValueError)):
        net.register_parameter("other", computed)


def test_the_note_on_an_error_survives_a_repr_that_fails():
    class Silent(nn.Linear):
        def extra_repr(self):
            raise ZeroDivisionError

    class Behind(nn.Module):
        """A layer that is no registered child: the path ends above it."""

        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(2, 2)]

        def forward(self, x):
            return self.layers[0](x)

    for model, note in (
        (nn.Sequential(nn.ReLU(), Silent(2, 2)), "in model[1]: Silent"),
        (Behind(), "in Linear(in_features=2, out_features=2, bias=True)"),
    ):
        with pytest.raises(RuntimeError) as caught:
            model(mt.ones(1, 3))
        assert caught.value.__notes__[-1] == note
