"""Changes in place: history, versions, views, and random programs of all of these."""

import random
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.autograd import grad, no_grad
from tests import programs
from tests.tapes import leaf


def test_in_place_rewrites_history():
    x = leaf(1.0, 2.0)
    y = x * 3
    y += 1
    y.mul_(2)
    y.sum().backward()
    assert y.tolist() == [8.0, 14.0]
    assert x.grad.tolist() == [6.0, 6.0]


def test_a_leaf_is_refused_before_any_change():
    x = leaf(1.0, 2.0)
    for change in (lambda: x.add_(1), lambda: x.zero_(), lambda: x.__setitem__(0, 5.0), lambda: x.uniform_()):
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
            change()
    assert x.tolist() == [1.0, 2.0]
    assert x._version == 0
    with no_grad():
        x.add_(1)
    assert x.tolist() == [2.0, 3.0]
    assert x.is_leaf


@pytest.mark.parametrize("change", [lambda v: v.add_(1), lambda v: v[0].zero_(), lambda v: v.detach().mul_(2)])
def test_changing_a_saved_value_is_noticed(change):
    x = leaf(1.0, 2.0)
    y = x.exp()
    with no_grad():
        change(y)
    with pytest.raises(RuntimeError, match=r"ExpBackward0 saved a tensor of shape \[2\] at version 0"):
        y.sum().backward()


def test_data_changes_unnoticed():
    x = leaf(1.0)
    y = x * x
    x.data.fill_(5.0)
    y.backward()
    assert x.grad.tolist() == [10.0]


def test_views_share_memory_and_version():
    x = mt.zeros(2, 3)
    row = x[1]
    row.fill_(4.0)
    assert x.tolist() == [[0.0] * 3, [4.0] * 3]
    assert x._version == row._version == 1
    assert x.view(6)._version == 1


@pytest.mark.parametrize("view", [lambda x: x[:], lambda x: x.view(2, 1).view(2)])
def test_a_hook_on_a_view_stays_with_the_value_that_is_overwritten(view):
    x = leaf(1.0, 2.0)
    y = x * 3
    v = view(y)
    v.register_hook(lambda g: g * 100)
    v.mul_(2)  # writes y: its gradient reaches the old y directly, as in PyTorch
    v.register_hook(lambda g: g * 10)
    (v + y).sum().backward()
    assert x.grad.tolist() == [66.0, 66.0]  # (10 + 1) * 2 * 3


def test_a_hook_on_a_view_of_a_view_stays_with_the_value_that_is_overwritten():
    x = leaf(1.0, 2.0)
    y = x * 3
    v = y[:]
    v.register_hook(lambda g: g * 100)
    v[:].masked_fill_(mt.tensor([True, False]), 0.5)
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 3.0]


@pytest.mark.parametrize("kept", ["base", "view", "view of the view"])
@pytest.mark.parametrize("changed", ["base", "view", "view of the view"])
def test_a_retained_gradient_is_that_of_the_tensor_as_it_is_after_the_change(kept, changed):
    x = leaf(1.0, 2.0)
    y = x * 3
    tensors = {"base": y, "view": y[:]}
    tensors["view of the view"] = tensors["view"][:]
    tensors[kept].retain_grad()
    tensors[changed].mul_(2)
    (tensors["view"] * 5 + y).sum().backward()
    assert x.grad.tolist() == [36.0, 36.0]
    expected = {"base": [6.0, 6.0], "view": [5.0, 5.0], "view of the view": None}[kept]  # the last is not used
    assert tensors[kept].retains_grad
    assert tensors[kept].grad == expected if expected is None else tensors[kept].grad.tolist() == expected


def test_a_retained_gradient_has_the_shape_that_the_tensor_was_given_in_place():
    y = leaf(1.0, 2.0) * 3
    y.retain_grad()
    y.unsqueeze_(0)
    (y * 2).sum().backward()
    assert y.grad.tolist() == [[2.0, 2.0]]


def test_a_loop_that_fills_rows_from_rows_leaves_nothing_behind(no_collector):
    a = leaf(0.5, 0.5)

    def fill():
        h = mt.zeros(4, 2)
        h[0] = 1.0
        for i in range(3):
            h[i + 1] = h[i] * a
        return weakref.ref(h)

    assert fill()() is None


def test_in_place_with_itself_makes_no_cycle(no_collector):
    y = leaf(1.0, 2.0) * 1
    y *= y
    y.mul_(other=y)
    alive = weakref.ref(y)
    del y
    assert alive() is None


def test_a_value_changed_between_first_and_second_backward_is_noticed():
    x = leaf(1.0, 2.0)
    y = x.exp()
    (g,) = grad(y.sum(), x, create_graph=True)
    with no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        grad((g * g).sum(), x)


@settings(max_examples=300)
@given(seed=st.integers(0, 1 << 32))
def test_random_programs_of_views_changes_in_place_hooks_and_functions(seed):
    program = programs.draw(random.Random(seed))
    assert programs.complaint(program) is None, programs.smallest(program)


def test_a_view_that_is_a_leaf_has_second_derivatives():
    x = mt.tensor([0.5, 2.0], dtype=mt.float64).reshape(2, 1).requires_grad_()
    (first,) = mt.autograd.grad(x.sin().sum(), x, create_graph=True)
    (second,) = mt.autograd.grad(first.sum(), x)
    assert mt.allclose(second, -x.detach().sin())


def test_a_view_of_a_base_in_another_order_in_memory_keeps_its_history():
    leaf = mt.arange(6.0).reshape(2, 3).requires_grad_()
    base = (leaf * 1).T.clone()  # laid out as the transpose was
    turned = mt.from_numpy(np.asfortranarray(np.arange(6.0).reshape(2, 3))).requires_grad_()
    for x in (base, turned * 1):
        row = x[1]
        row.mul_(10)
        (slope,) = mt.autograd.grad((x * x).sum(), leaf if x is base else turned)
        expected = 2 * (leaf if x is base else turned).detach()
        part = expected[:, 1] if x is base else expected[1]
        part.mul_(100)
        assert mt.equal(slope, expected)


def test_a_view_made_without_gradients_has_no_history_after_a_change():
    x = mt.ones(3, requires_grad=True) * 1
    with mt.no_grad():
        view = x[:2]
    x.mul_(2)
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode and its base or another view of its base"):
        view.mul_(2)


def test_a_view_made_in_a_function_has_no_history_after_a_change():
    class Same(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x[:2]

        @staticmethod
        def backward(ctx, grad):
            return mt.cat([grad, grad[:1] * 0])

    x = mt.ones(3, requires_grad=True) * 1
    view = Same.apply(x)
    with pytest.raises(RuntimeError, match=r"Same.* is a view and .*\s.*created inside a custom Function"):
        view.mul_(2)


def test_views_keep_their_history_when_the_data_of_their_base_is_set():
    w, base = mt.ones(1, requires_grad=True), mt.zeros(4)
    base[0:1] = w * 3
    view = base[0:2]
    base.data = mt.arange(8.0)
    view.sum().backward()
    assert w.grad.item() == 3
    base = mt.zeros(4)
    view = base[0:2]
    base.data = mt.arange(4.0)
    base.mul_(w)
    assert (view * 2).tolist() == [0, 0]


def test_a_leaf_that_is_a_view_is_not_changed_through_its_own_views():
    x = mt.linspace(0, 1, 6).view(-1, 1).requires_grad_()
    for change in (lambda: x[2:].zero_(), lambda: x.T.mul_(2), lambda: x.mul_(3)):
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad is being used in an in-place"):
            change()
    with no_grad():
        x[2:].zero_()
    (x**2).sum().backward()
    assert x.is_leaf
    assert mt.allclose(x.grad.flatten(), mt.tensor([0.0, 0.4, 0.0, 0.0, 0.0, 0.0]))


def test_a_parameter_and_its_tensor_count_changes_together():
    tensor = mt.ones(2)
    parameter = mt.nn.Parameter(tensor)
    y = (parameter * parameter).sum()
    tensor.mul_(5)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()
    one = mt.ones(3, 3)
    one.expand(1, 3, 3).add_(1)  # repeats nothing
    assert one.tolist() == [[2] * 3] * 3
