"""The parts of a training beside plain Python: clipping, vectors of parameters, accumulated gradients, hooks in their order."""

import math
import random

import pytest

import minitorch as mt
from minitorch import nn
from minitorch.nn import utils

VALUES = [[3.0, -4.0, 0.0], [12.0], [-1.0, 2.0]]


def parameters(values=VALUES, dtype=mt.float64):
    params = [nn.Parameter(mt.zeros(len(v), dtype=dtype)) for v in values]
    for p, v in zip(params, values, strict=True):
        p.grad = mt.tensor(v, dtype=dtype)
    return [*params, nn.Parameter(mt.zeros(2, dtype=dtype))]  # the last has no gradient


def norm(values, order):
    flat = [abs(x) for v in values for x in v]
    if math.isinf(order):
        return max(flat) if order > 0 else min(flat)
    return sum(x != 0 for x in flat) if order == 0 else sum(x**order for x in flat) ** (1 / order)


# ---- clipping and vectors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 2.0, 3, 0.5, math.inf])
@pytest.mark.parametrize("limit", [0.1, 5.0, 1e3])
def test_the_norm_is_clipped(order, limit):
    params = parameters()
    total = utils.clip_grad_norm_(params, limit, order)
    expected = norm(VALUES, order)
    assert total.item() == pytest.approx(expected, rel=1e-12)
    factor = min(1.0, limit / (expected + 1e-6))
    for p, v in zip(params, VALUES, strict=False):
        assert p.grad.tolist() == pytest.approx([x * factor for x in v], rel=1e-12)
    assert params[-1].grad is None
    if factor < 1:
        assert norm([p.grad.tolist() for p in params[:-1]], order) == pytest.approx(limit, rel=1e-3)


def test_the_norm_is_the_euclidean_one_unless_said():
    params = parameters()
    assert utils.clip_grad_norm_(params, 1.0).item() == pytest.approx(math.sqrt(174))
    assert utils.clip_grad_norm_(iter(params), 10.0).item() == pytest.approx(1.0, abs=1e-6)
    assert utils.clip_grad_norm_(params[0], 10.0).item() == pytest.approx(5 / math.sqrt(174), abs=1e-6)
    assert utils.clip_grad_norm_([params[-1]], 1.0).item() == 0
    assert utils.clip_grad_norm_(parameters([[]]), 1.0).item() == 0  # a gradient without elements
    before = [p.grad for p in params]
    utils.clip_grad_norm_(params, 0.5)
    assert all(a is b for a, b in zip([p.grad for p in params], before, strict=True))  # in place


def test_norms_that_are_no_numbers():
    params = parameters([[1.0, math.nan]])
    with pytest.raises(RuntimeError, match=r"norm of order 2\.0 is nan"):
        utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[0].grad[0] == 1
    assert math.isnan(utils.clip_grad_norm_(params, 1.0).item())
    params = parameters([[1.0, math.inf]])
    with pytest.raises(RuntimeError, match="inf"):
        utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert utils.clip_grad_norm_(params, 1.0).item() == math.inf
    assert params[0].grad[0] == 0


def test_values_are_clipped():
    params = parameters()
    assert utils.clip_grad_value_(params, 2.5) is None
    assert [p.grad.tolist() for p in params[:-1]] == [[2.5, -2.5, 0.0], [2.5], [-1.0, 2.0]]
    utils.clip_grad_value_(params[2], 1.5)
    assert params[2].grad.tolist() == [-1.0, 1.5]


def test_parameters_as_one_vector_and_back():
    params = [nn.Parameter(mt.arange(6.0).reshape(2, 3)), nn.Parameter(mt.tensor(7.0)), nn.Parameter(mt.tensor([8.0, 9.0]))]
    vector = utils.parameters_to_vector(params)
    assert vector.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    vector.sum().backward()
    assert params[0].grad.tolist() == [[1, 1, 1], [1, 1, 1]]
    fresh = mt.arange(9.0) * 10
    utils.vector_to_parameters(fresh, params)
    assert [p.tolist() for p in params] == [[[0, 10, 20], [30, 40, 50]], 60, [70, 80]]
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in params)
    with pytest.raises(ValueError, match="no parameters"):
        utils.parameters_to_vector([])


# ---- gradients of several batches --------------------------------------------------------------------------------------


def test_gradients_of_parts_add_up_to_that_of_the_whole():
    mt.manual_seed(1)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    x, y = mt.randn(12, 3, dtype=mt.float64), mt.randn(12, 1, dtype=mt.float64)
    ((net(x) - y) ** 2).mean().backward()
    whole = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    for i in range(0, 12, 4):
        (((net(x[i : i + 4]) - y[i : i + 4]) ** 2).mean() / 3).backward()
    for p, expected in zip(net.parameters(), whole, strict=True):
        assert mt.allclose(p.grad, expected, rtol=1e-12, atol=1e-14)
    net.zero_grad(set_to_none=False)
    assert all(p.grad.abs().max() == 0 for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_zero_grad_of_an_optimizer():
    p = nn.Parameter(mt.ones(2))
    optimizer = mt.optim.SGD([p], lr=0.1)
    (p * p).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    optimizer.step()
    assert p.tolist() == [1, 1]
    optimizer.zero_grad()
    assert p.grad is None


# ---- hooks of tensors --------------------------------------------------------------------------------------------------


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


# ---- hooks of modules --------------------------------------------------------------------------------------------------


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


# ---- sequences of different lengths ------------------------------------------------------------------------------------


def test_padding_and_packing_beside_loops():
    source = random.Random(0)
    for _ in range(20):
        rows = [[source.randrange(1, 9) for _ in range(source.randint(1, 5))] for _ in range(source.randint(1, 4))]
        sequences, longest = [mt.tensor(row) for row in rows], max(map(len, rows))
        right = [row + [0] * (longest - len(row)) for row in rows]
        left = [[-1] * (longest - len(row)) + row for row in rows]
        assert utils.rnn.pad_sequence(sequences, batch_first=True).tolist() == right
        assert utils.rnn.pad_sequence(sequences).tolist() == [list(t) for t in zip(*right, strict=True)]
        assert utils.rnn.pad_sequence(sequences, True, -1, "left").tolist() == left
        packed = utils.rnn.pack_sequence(sequences, enforce_sorted=False)
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
        times = [[rows[i][t] for i in order if t < len(rows[i])] for t in range(longest)]
        assert packed.data.tolist() == [x for row in times for x in row]
        assert packed.batch_sizes.tolist() == [len(row) for row in times]
        assert packed.sorted_indices.tolist() == order
        assert [order[i] for i in packed.unsorted_indices.tolist()] == list(range(len(rows)))
        padded, lengths = utils.rnn.pad_packed_sequence(packed, batch_first=True, padding_value=0, total_length=7)
        assert padded.tolist() == [row + [0] * (7 - len(row)) for row in rows]
        assert lengths.tolist() == [len(row) for row in rows]
        assert [s.tolist() for s in utils.rnn.unpack_sequence(packed)] == rows
