"""Hooks on tensors, on nodes and on modules: when each runs, what it gets, and what it may replace."""

import collections
import contextvars

import pytest

import minitorch as mt
from minitorch import nn
from tests.tapes import leaf


def test_hooks_see_and_replace_gradients():
    x = leaf(1.0, 2.0)
    seen = []
    y = x * 2
    handle = y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    y.sum().backward()
    assert seen == [[1.0, 1.0]]
    assert x.grad.tolist() == [21.0, 21.0]
    handle.remove()
    (x * 2).sum().backward()
    assert len(seen) == 1


def test_retain_grad_keeps_a_gradient_in_the_middle():
    x = leaf(1.0, 2.0)
    y = x * 2
    assert not y.retains_grad
    y.retain_grad()
    assert y.retains_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == [4.0, 8.0]


def test_a_retained_gradient_is_there_for_the_hooks_that_come_later():
    x = mt.ones(2, requires_grad=True)
    h = x * 2
    h.retain_grad()
    x.register_hook(lambda g: g * h.grad)
    h.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_what_a_hook_sets_in_the_context_stays():
    variable = contextvars.ContextVar("mine", default=0)
    x = mt.ones(2, requires_grad=True)
    x.register_hook(lambda g: variable.set(7) and None)
    with mt.no_grad():
        pass
    (x * 2).sum().backward()
    assert variable.get() == 7
    assert mt.is_grad_enabled()


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


def test_what_a_hook_returns_or_keeps_is_not_the_memory_of_a_gradient():
    mine, kept = mt.tensor([1.0, 2.0, 3.0]), []
    for shape, replacement in (((3,), mine), ((3, 1), mine.reshape(3))):
        x = mt.ones(3, requires_grad=True)
        y = x.exp() if shape == (3,) else x.reshape(shape)
        y.grad_fn.register_hook(lambda grad_in, grad_out, to=replacement: (to,))
        y.sum().backward()
        x.grad.mul_(100)
        assert mine.tolist() == [1, 2, 3]
    x = mt.zeros(3, requires_grad=True)
    y = x.exp()
    y.grad_fn.register_hook(lambda grad_in, grad_out: kept.extend(grad_in))
    y.sum().backward()
    x.grad.mul_(100)
    assert kept[0].tolist() == [1, 1, 1]


@pytest.mark.parametrize("is_leaf", [True, False])
def test_hooks_of_a_tensor_run_in_order_and_each_sees_what_the_last_returned(is_leaf):
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    y = x if is_leaf else x * 1
    seen = []

    def hook(name, factor):
        def run(g):
            seen.append((name, g.tolist()))
            return None if factor is None else g * factor

        return run

    handles = [y.register_hook(hook("a", 2)), y.register_hook(hook("b", None)), y.register_hook(hook("c", 10))]
    (y * 3).sum().backward(retain_graph=True)
    assert seen == [("a", [3, 3]), ("b", [6, 6]), ("c", [6, 6])]
    assert x.grad.tolist() == [60, 60]
    handles[1].remove()
    handles[1].remove()  # a second time removes nothing else
    handles[0].remove()
    seen.clear()
    x.grad = None
    (y * 1).sum().backward(retain_graph=True)
    assert seen == [("c", [1, 1])]
    assert x.grad.tolist() == [10, 10]
    with y.register_hook(hook("d", 5)):
        (y * 1).sum().backward(retain_graph=True)
    assert x.grad.tolist() == [60, 60]
    (y * 1).sum().backward()
    assert x.grad.tolist() == [70, 70]
    assert len({h.id for h in handles}) == 3


def test_a_hook_gets_the_sum_of_all_paths_once():
    x = mt.tensor(2.0, requires_grad=True)
    y = x * 1
    seen = []
    y.register_hook(lambda g: seen.append(g.item()))
    x.register_hook(lambda g: seen.append(-g.item()))
    (y * y + 3 * y + x).backward()
    assert seen == [7, -8]


def test_hooks_after_accumulation_see_the_sum():
    x = mt.tensor([1.0], requires_grad=True)
    seen = []
    first = x.register_post_accumulate_grad_hook(lambda t: seen.append(("first", t.grad.item(), t is x)))
    x.register_post_accumulate_grad_hook(lambda t: seen.append(("second", t.grad.item(), t is x)))
    x.register_hook(lambda g: g * 2)
    (x * 3).sum().backward()
    (x * 1).sum().backward()
    first.remove()
    x.sum().backward()
    assert seen == [
        ("first", 6, True), ("second", 6, True), ("first", 8, True), ("second", 8, True), ("second", 10, True)
    ]  # fmt: skip


class Double(nn.Module):
    def forward(self, x):
        return x * 2


def test_forward_hooks_run_in_order_and_replace():
    layer, seen = Double(), []

    def pre(name, factor):
        return layer.register_forward_pre_hook(lambda m, args: seen.append((name, args[0].item())) or (args[0] * factor,))

    def post(name, factor):
        return layer.register_forward_hook(lambda m, args, out: seen.append((name, args[0].item(), out.item())) or out * factor)

    handles = [pre("a", 3), pre("b", 5), post("c", 7), post("d", 11)]
    assert layer(mt.tensor(1.0)).item() == 3 * 5 * 2 * 7 * 11
    assert seen == [("a", 1), ("b", 3), ("c", 15, 30), ("d", 15, 210)]
    handles[0].remove()
    handles[2].remove()
    handles[2].remove()
    seen.clear()
    assert layer(mt.tensor(1.0)).item() == 5 * 2 * 11
    assert seen == [("b", 1), ("d", 5, 10)]
    layer.register_forward_pre_hook(lambda m, args: args[0] + 1)  # one value in place of a tuple
    layer.register_forward_hook(lambda m, args, out: None)
    assert layer(mt.tensor(1.0)).item() == (5 + 1) * 2 * 11


def test_a_prepended_hook_comes_first():
    layer, seen = Double(), []
    for name in "ab":
        layer.register_forward_hook(lambda m, args, out, name=name: seen.append(name))
    layer.register_forward_hook(lambda m, args, out: seen.append("first"), prepend=True)
    layer.register_full_backward_hook(lambda m, gi, go: seen.append("back"))
    layer.register_full_backward_hook(lambda m, gi, go: seen.append("back first"), prepend=True)
    layer(mt.ones(1, requires_grad=True)).sum().backward()
    assert seen == ["first", "a", "b", "back first", "back"]


def test_backward_hooks_of_a_module_see_and_replace():
    layer, seen = Double(), []
    x = mt.tensor([1.0], requires_grad=True)
    layer.register_full_backward_pre_hook(lambda m, go: (go[0] * 3,))
    keep = layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi[0].item(), go[0].item(), m is layer)))
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0] + 1,))
    layer(x).sum().backward()
    assert seen == [(6, 3, True)]
    assert x.grad.item() == 7
    keep.remove()
    layer(x).sum().backward()
    assert len(seen) == 1
    assert x.grad.item() == 14


def test_hooks_of_all_the_children_run_from_inside_out():
    net, seen = nn.Sequential(Double(), nn.Sequential(Double(), Double())), []
    for name, module in net.named_modules():
        module.register_forward_hook(lambda m, args, out, name=name: seen.append(name))
        module.register_full_backward_hook(lambda m, gi, go, name=name: seen.append("back " + name))
    net(mt.ones(1, requires_grad=True)).sum().backward()
    assert seen == ["0", "1.0", "1.1", "1", "", "back 1.1", "back 1.0", "back 1", "back 0", "back "]


class Both(nn.Module):
    """Two outputs in a named tuple, of a parameter alone or of the input."""

    Pair = collections.namedtuple("Pair", ["first", "second"])

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(mt.tensor([2.0]))

    def forward(self, x):
        return self.Pair(x * self.weight, "a word")


def test_backward_hooks_of_a_module_without_gradients_of_inputs_and_with_other_outputs():
    net, seen = Both(), []
    net.register_full_backward_hook(lambda module, grad_input, grad_output: seen.append((grad_input, grad_output)))
    out = net(mt.tensor([5.0]))
    assert (type(out), out.second) == (Both.Pair, "a word")
    (out.first * 3).backward()
    ((grad_input, grad_output),) = seen
    assert grad_input == (None,)
    assert (grad_output[0].tolist(), grad_output[1]) == ([3.0], None)
    with mt.no_grad():
        assert net(mt.tensor([5.0])).first.tolist() == [10.0]
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        ((None, None), "invalid number of grad_input, got 2, but expected 1: one for each positional argument of the module"),
        ((1.0,), "returned a float as grad_input 0: expected a Tensor or None"),
    ],
)
def test_a_backward_hook_returns_a_gradient_for_each_argument(returned, sentence):
    net = Both()
    net.register_full_backward_hook(lambda module, grad_input, grad_output: returned)
    with pytest.raises(RuntimeError, match=f"Backward hook for Both returned .*{sentence}|Backward hook for Both {sentence}"):
        net(mt.tensor([5.0], requires_grad=True)).first.backward()
    with pytest.raises(TypeError, match="a hook must be a function, not int"):
        net.register_forward_hook(3)


def test_hooks_may_add_hooks_and_change_expanded_gradients():
    x = mt.ones(4, requires_grad=True)
    a, b = (2 * x).split(2)
    a.register_hook(lambda grad: (b.register_hook(lambda g: g * 10), None)[1])
    (a.sum() + b.sum()).backward()
    assert x.grad.tolist() == [2] * 4
    y = mt.ones(2, 2, requires_grad=True)
    z = y * 1
    z.register_hook(lambda grad: grad.mul_(2))
    z.mean().backward()
    assert y.grad.tolist() == [[0.5, 0.5]] * 2
