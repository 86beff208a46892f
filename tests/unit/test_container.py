"""Containers of modules and of parameters."""

import pytest

import minitorch as mt
from minitorch import nn


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


def test_data_parallel_on_one_device():
    model = nn.DataParallel(nn.Linear(2, 1))
    assert list(model.state_dict()) == ["module.weight", "module.bias"]
    assert mt.equal(model(mt.ones(2)), model.module(mt.ones(2)))
    with pytest.raises(ValueError, match="one device"):
        nn.DataParallel(nn.ReLU(), [0, 1])


def names(chain):
    return [type(module).__name__ for module in chain]


def test_chains_are_added_and_repeated():
    a, b = nn.Sequential(nn.ReLU(), nn.Tanh()), nn.Sequential(nn.Sigmoid())
    assert names(a + b) == ["ReLU", "Tanh", "Sigmoid"]
    assert names(a * 2) == names(2 * a) == ["ReLU", "Tanh"] * 2
    assert (a * 2)[2] is a[0]
    both = a
    both += b
    assert both is a
    both *= 2
    assert names(a) == ["ReLU", "Tanh", "Sigmoid"] * 2
    assert list(a._modules) == [*"012345"]


def test_lists_of_modules_are_added():
    one = nn.ModuleList([nn.ReLU()])
    assert names(one + nn.ModuleList([nn.Tanh()])) == ["ReLU", "Tanh"]
    two = one
    two += [nn.Tanh()]
    assert two is one
    assert names(two[::-1]) == ["Tanh", "ReLU"]
    assert repr(nn.ModuleList()) == "ModuleList()"


def test_the_views_of_dicts():
    modules = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Tanh()})
    assert (list(modules.keys()), names(modules.values())) == (["a", "b"], ["ReLU", "Tanh"])
    assert [(key, type(module)) for key, module in modules.items()] == [("a", nn.ReLU), ("b", nn.Tanh)]
    modules.clear()
    assert len(modules) == 0
    parameters = nn.ParameterDict({"b": mt.ones(1), "a": "text"})
    assert (list(parameters.keys()), next(iter(parameters.values()))) == (["a", "b"], "text")
    assert dict(parameters.items())["b"].requires_grad
    assert parameters.setdefault("a", "other") == "text"
    assert parameters.setdefault("c", "new") == parameters["c"] == "new"
    assert parameters.popitem() == ("c", "new")
    assert list(parameters.fromkeys(["x", "y"], 0).items()) == [("x", 0), ("y", 0)]


@pytest.mark.parametrize("container", [nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.ModuleList([nn.Linear(2, 2), nn.ReLU()])])
@pytest.mark.parametrize("place", [0, 1])
def test_a_wrong_module_leaves_a_container_as_it_was(container, place):
    before = list(container)
    with pytest.raises(TypeError, match="is not a Module subclass"):
        container.insert(place, 5)
    assert list(container) == before
