"""Modules and training, without PyTorch at hand."""

import copy
import pickle

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, optim
from minitorch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset, default_collate, random_split


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


def test_containers():
    net = nn.Sequential(nn.Linear(1, 2), nn.ReLU())
    net.append(nn.Linear(2, 3)).insert(1, nn.Tanh())
    assert [type(m).__name__ for m in net] == ["Linear", "Tanh", "ReLU", "Linear"]
    assert isinstance(net[1:3], nn.Sequential)
    assert len(net[1:3]) == 2
    assert isinstance(net.pop(1), nn.Tanh)
    del net[0]
    net[0] = nn.Sigmoid()
    assert list(net.state_dict()) == ["1.weight", "1.bias"]
    named = nn.Sequential({"a": nn.ReLU()})
    assert isinstance(named.a, nn.ReLU)
    both = nn.ModuleDict({"x": nn.Linear(1, 1)})
    both["y"] = nn.ReLU()
    assert list(both) == ["x", "y"]
    assert "x" in both
    both.pop("x")
    assert len(both) == 1


def test_a_network_learns():
    x = mt.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = mt.tensor([[0.0], [1.0], [1.0], [0.0]])
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        loss = nn.MSELoss()(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-3


def test_optimizer_state_and_closures():
    w = nn.Parameter(mt.ones(2))
    optimizer = optim.SGD([w], lr=0.1, momentum=0.9)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 2.0
    with pytest.raises(ValueError, match="more than one parameter group"):
        optimizer.add_param_group({"params": [w]})
    with pytest.raises(ValueError, match="doesn't match the size"):
        optimizer.load_state_dict(optim.SGD([w, nn.Parameter(mt.ones(1))], lr=1.0).state_dict())
    assert "momentum: 0.9" in repr(optimizer)
    y = w * w
    optimizer.step(closure)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_data():
    class Squares(Dataset):
        def __getitem__(self, i):
            return {"x": i, "y": np.float32(i * i)}

        def __len__(self):
            return 5

    batches = list(DataLoader(Squares(), batch_size=2))
    assert batches[1]["x"].tolist() == [2, 3]
    assert batches[1]["y"].dtype is mt.float32
    assert len(batches) == 3
    assert len(list(DataLoader(Squares(), batch_size=2, drop_last=True))) == 2
    assert [b["x"] for b in DataLoader(Squares(), batch_size=None)] == [0, 1, 2, 3, 4]
    both = ConcatDataset([Squares(), Subset(Squares(), [4, 0])])
    assert [both[i]["x"] for i in range(len(both))] == [0, 1, 2, 3, 4, 4, 0]
    assert len(Squares() + Squares()) == 10
    parts = random_split(TensorDataset(mt.arange(10)), [7, 3])
    assert sorted(int(x) for part in parts for (x,) in part) == list(range(10))
    assert list(DataLoader(Squares(), batch_size=5, collate_fn=len)) == [5]
    with pytest.raises(TypeError, match="collate_fn"):
        default_collate([object()])
    x, y = next(iter(DataLoader(TensorDataset(mt.ones(4, 2), mt.arange(4)), batch_size=4)))
    assert (list(x.shape), y.tolist()) == ([4, 2], [0, 1, 2, 3])


def test_random_slopes_are_within_their_range_and_the_derivative_uses_them():
    x = mt.randn(1000, requires_grad=True)
    y = nn.RReLU(0.1, 0.3)(x)
    slopes = (y / x).detach()[x.detach() < 0]
    assert 0.1 <= slopes.min().item() <= slopes.max().item() <= 0.3
    y.sum().backward()
    assert mt.all(mt.abs(x.grad[x.detach() < 0] - slopes) < 1e-5)


def test_normalization_over_nothing():
    x = mt.zeros(2, 0, requires_grad=True)
    nn.functional.layer_norm(x, (0,)).sum().backward()
    assert x.grad.shape == (2, 0)


def test_lists_and_dicts_of_parameters():
    listed = nn.ParameterList([mt.ones(2, 3), nn.Parameter(mt.zeros(1))])
    listed.append("word").extend([mt.ones(2)])
    listed[-1] = mt.zeros(4)
    assert [(n, tuple(p.shape)) for n, p in listed.named_parameters()] == [("0", (2, 3)), ("1", (1,)), ("3", (4,))]
    assert (len(listed), listed[2], len(listed[1:])) == (4, "word", 3)
    listed += [mt.ones(1)]
    assert all(isinstance(p, (nn.Parameter, str)) for p in listed)
    named = nn.ParameterDict({"b": mt.ones(2), "a": mt.zeros(1)})
    assert list(named.state_dict()) == ["a", "b"]
    named |= {"c": 3}
    assert (list(named), list(reversed(named)), named.pop("c"), named.get("c", 5)) == (["a", "b", "c"], ["c", "b", "a"], 3, 5)
    assert named.copy()["a"] is named.a
    assert list(named | {"z": 1}) == ["a", "b", "z"]
    assert list({"z": 1} | named) == ["z", "a", "b"]
    assert named.setdefault("d", mt.ones(1)) is named.d
    assert named.popitem()[0] == "d"
    named.clear()
    assert list(named.parameters()) == []
    for call, error, text in (
        (lambda: listed[9], IndexError, "out of range for 5"), (lambda: listed(1), RuntimeError, "should not be called"),
        (lambda: named["x"], KeyError, "no key 'x'"), (lambda: named.update({1: 2}), TypeError, "must be a string"),
        (lambda: named.update([1]), TypeError, "pair"), (lambda: listed.extend(3), TypeError, "iterable"),
    ):  # fmt: skip
        with pytest.raises(error, match=text):
            call()


def test_options_of_hooks():
    class Scaled(nn.Module):
        def forward(self, x, factor=1.0):
            if factor == 0:
                raise ValueError("a factor of nothing")
            return x * factor

    layer, seen = Scaled(), []
    layer.register_forward_pre_hook(lambda m, args, kwargs: (args, {"factor": kwargs["factor"] + 1}), with_kwargs=True)
    layer.register_forward_pre_hook(lambda m, args: seen.append("first"), prepend=True)
    layer.register_forward_hook(lambda m, args, out: seen.append("second"))
    layer.register_forward_hook(
        lambda m, args, kwargs, out: seen.append((kwargs["factor"], out is None)),
        with_kwargs=True,
        always_call=True,
        prepend=True,
    )
    assert layer(mt.ones(1), factor=2.0).item() == 3
    assert seen == ["first", (3.0, False), "second"]
    seen.clear()
    with pytest.raises(ValueError, match="a factor of nothing"):
        layer(mt.ones(1), factor=-1.0)
    assert seen == ["first", (0.0, True)]
    linear, x = nn.Linear(2, 1, bias=False), mt.ones(2, requires_grad=True)
    handle = linear.register_full_backward_pre_hook(lambda m, grads: (grads[0] * 3,))
    with handle, linear.register_backward_hook(lambda m, grad_in, grad_out: seen.append(grad_out[0].item())):
        linear(x).sum().backward()
    assert seen[-1] == 3
    assert mt.allclose(x.grad, linear.weight[0] * 3)
    linear.register_full_backward_pre_hook(lambda m, grads: (1, 2))
    with pytest.raises(RuntimeError, match="invalid number of grad_output, got 2, but expected 1"):
        linear(x).sum().backward()
    net = Net()
    assert net.get_parameter("hidden.weight") is net.hidden.weight
    assert net.get_buffer("mean") is net.mean
    for wrong in (lambda: net.get_parameter("mean"), lambda: net.get_buffer("hidden.weight"), lambda: net.get_parameter("x.y")):
        with pytest.raises(AttributeError):
            wrong()


def test_data_parallel_on_one_device():
    model = nn.DataParallel(nn.Linear(2, 1))
    assert list(model.state_dict()) == ["module.weight", "module.bias"]
    assert mt.equal(model(mt.ones(2)), model.module(mt.ones(2)))
    with pytest.raises(ValueError, match="one device"):
        nn.DataParallel(nn.ReLU(), [0, 1])


@pytest.mark.parametrize("name", ["celu", "elu", "hardtanh", "leaky_relu", "relu", "selu", "threshold", "rrelu"])
def test_functions_in_place(name):
    args = (0.5, 2.0) if name == "threshold" else (0.2, 0.2) if name == "rrelu" else ()
    leaf = mt.tensor([-2.0, -0.5, 0.3, 4.0], requires_grad=True)
    x = leaf * 1
    assert getattr(nn.functional, f"{name}_")(x, *args) is x
    expected = getattr(nn.functional, name)(leaf, *args)
    assert mt.equal(x, expected)
    assert mt.equal(*(mt.autograd.grad(y.sum(), leaf)[0] for y in (x, expected)))
