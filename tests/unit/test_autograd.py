"""The tape and the engine: Function, backward, grad, modes, hooks, versions, memory."""

import contextvars
import gc
import random
import sys
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.autograd import Function, enable_grad, grad, gradcheck, gradgradcheck, is_grad_enabled, no_grad, set_grad_enabled
from minitorch.autograd.engine import walk
from minitorch.autograd.node import Op
from tests import programs


def leaf(*values, **options):
    return mt.tensor(list(values), requires_grad=True, **options)


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 3 * x**2


# ---- backward and grad -----------------------------------------------------------------------------------------------


def test_sum_over_all_paths():
    x = leaf(0.5, 2.0)
    (x.sin() * x + x).sum().backward()
    assert np.allclose(x.grad.numpy(), np.sin([0.5, 2]) + np.array([0.5, 2]) * np.cos([0.5, 2]) + 1)


def test_gradients_accumulate_in_the_same_memory():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad is first
    assert x.grad.tolist() == [5.0, 5.0]


def test_leaf_gradients_do_not_share_memory():
    a, b = leaf(1.0), leaf(2.0)
    start = mt.tensor([1.0])
    (a + b).backward(start)
    a.grad.zero_()
    assert b.grad.tolist() == [1.0]
    assert start.tolist() == [1.0]


def test_third_derivative():
    x = leaf(2.0, dtype=mt.float64)
    y = x**4
    for expected in (32.0, 48.0, 48.0, 24.0):
        (y,) = grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(expected)


def test_second_backward_needs_retain_graph():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0, 8.0]
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()
    assert x.grad.tolist() == [4.0, 8.0]


def test_inputs_restrict_what_is_accumulated():
    a, b = leaf(1.0), leaf(2.0)
    (a * b).backward(inputs=[a])
    assert a.grad.tolist() == [2.0]
    assert b.grad is None


def test_grad_of_something_in_the_middle():
    x = leaf(1.0, 2.0)
    middle = x * x
    (g,) = grad((middle * 3).sum(), middle)
    assert g.tolist() == [3.0, 3.0]
    assert x.grad is None


def test_unused_inputs():
    x, y = leaf(1.0), leaf(1.0)
    with pytest.raises(RuntimeError, match="allow_unused=True"):
        grad(x.sum(), [x, y])
    assert grad(x.sum(), [x, y], allow_unused=True)[1] is None
    assert grad(x.sum(), [x, y], materialize_grads=True)[1].tolist() == [0.0]


def test_grad_mode_belongs_to_a_thread():
    seen = {}
    with no_grad():
        thread = threading.Thread(target=lambda: seen.update(inside=is_grad_enabled()))
        thread.start()
        thread.join()
        seen["here"] = is_grad_enabled()
    assert seen == {"inside": True, "here": False}


def test_grad_modes_nest_and_decorate():
    @no_grad()
    def off():
        return is_grad_enabled()

    @no_grad
    def also_off():
        return is_grad_enabled()

    with no_grad():
        with enable_grad():
            assert is_grad_enabled()
            assert not off()
            assert not also_off()
        assert not is_grad_enabled()
    with set_grad_enabled(False):
        assert not is_grad_enabled()
    assert is_grad_enabled()
    set_grad_enabled(False)
    assert not is_grad_enabled()
    set_grad_enabled(True)

    @set_grad_enabled(False)
    def off_too():
        return is_grad_enabled()

    assert is_grad_enabled()
    assert not off_too()


def test_walk_goes_from_old_to_young_and_visits_once():
    x = leaf(1.0)
    y = x
    for _ in range(18):
        y = y + y
    order = walk([y.grad_fn])
    assert len(order) == 19
    assert [node.serial for node in order] == sorted(node.serial for node in order)


@pytest.mark.parametrize(
    ("cut", "name"),
    [
        (lambda x: x.unbind(1), "UnbindBackward0"),
        (lambda x: list(x.t()), "UnbindBackward0"),
        (lambda x: x.split(1, 1), "SplitBackward0"),
        (lambda x: x.split([1, 1, 1], 1), "SplitWithSizesBackward0"),
        (lambda x: x.chunk(3, 1), "SplitBackward0"),
    ],
)
def test_pieces_are_the_outputs_of_one_node_and_views(cut, name):
    x = mt.arange(6.0).reshape(2, 3).requires_grad_()
    y = x * 1
    parts = cut(y)
    edges = [mt.autograd.graph.get_gradient_edge(part) for part in parts]
    assert [edge.output_nr for edge in edges] == [part.output_nr for part in parts] == [0, 1, 2]
    assert {edge.node for edge in edges} == {parts[0].grad_fn}
    assert parts[0].grad_fn.name() == name
    (parts[2] * 5).sum().backward(retain_graph=True)
    assert x.grad.tolist() == [[0, 0, 5], [0, 0, 5]]
    parts[1].mul_(10)
    assert y.tolist() == [[0, 10, 2], [3, 40, 5]]
    x.grad = None
    (parts[0] + parts[1]).sum().backward()
    assert x.grad.tolist() == [[1, 10, 0], [1, 10, 0]]


# ---- a user's own Function ---------------------------------------------------------------------------------------------


def test_a_function_of_ones_own_to_second_order():
    x = mt.randn(3, 2, dtype=mt.float64, requires_grad=True)
    assert gradcheck(Cube.apply, x)
    assert gradgradcheck(Cube.apply, x)
    assert Cube.apply(x).grad_fn.name() == "CubeBackward"


def test_forward_and_setup_context_apart():
    class Square(Function):
        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 * x

    assert gradgradcheck(Square.apply, mt.randn(3, dtype=mt.float64, requires_grad=True))


def test_several_outputs_non_tensor_arguments_and_unused_outputs():
    class Split(Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            assert ctx.needs_input_grad == (True, False)
            index = (x > 0).long()
            ctx.mark_non_differentiable(index)
            return x * factor, x + factor, index

        @staticmethod
        def backward(ctx, g1, g2, g3):
            assert isinstance(g2, mt.Tensor)
            return g1 * ctx.factor + g2, None

    x = leaf(1.0, -1.0)
    first, second, index = Split.apply(x, 3.0)
    assert not index.requires_grad
    assert (first.output_nr, second.output_nr) == (0, 1)
    first.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_saving_an_output_makes_no_cycle(no_collector):
    class MyExp(Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y

    x = leaf(0.3, dtype=mt.float64)
    assert gradgradcheck(MyExp.apply, x)
    y = MyExp.apply(x)
    alive = weakref.ref(y.grad_fn)
    del y
    assert alive() is None


def test_undefined_gradients_are_none_if_asked_for():
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, a, b):
            assert b is None
            return a

    x = leaf(1.0)
    Two.apply(x)[0].backward()
    assert x.grad.tolist() == [1.0]


def test_an_input_handed_through_is_a_new_value():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(1.0)
    y = Same.apply(x)
    assert y is not x
    y.backward()
    assert x.grad.tolist() == [2.0]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (lambda g: (g, g), None, None),
        (lambda g: (g,), RuntimeError, r"incorrect number of gradients \(expected 2, got 1\)"),
        (lambda g: (g.reshape(2, 1), None), RuntimeError, r"got \[2, 1\] but expected shape compatible with \[2\]"),
        (lambda g: (1.0, None), RuntimeError, "returned a float as gradient 0"),
    ],
)
def test_what_a_backward_may_return(answer, error, words):
    class F(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            return answer(g)

    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = F.apply(a, b).sum()
    if error is None:
        return y.backward()
    with pytest.raises(error, match=words):
        y.backward()
    assert a.grad is None
    return None


def test_a_missing_backward_raises_when_it_is_needed():
    class OneWay(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    x = leaf(1.0)
    y = OneWay.apply(x)
    with pytest.raises(NotImplementedError, match="OneWay has no backward"):
        y.backward()
    with pytest.raises(NotImplementedError, match="has no forward"):
        Function.apply(x)


def test_an_op_may_save_inputs_and_outputs_only():
    class Wrong(Op):
        def forward(ctx, x):
            ctx.save_for_backward(x * 2)
            return x * 3

    with pytest.raises(TypeError, match="can only save inputs and outputs"):
        Wrong.apply(leaf(1.0))


# ---- hooks ---------------------------------------------------------------------------------------------------------------


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


# ---- in place, and versions ------------------------------------------------------------------------------------------------


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


# ---- memory ----------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_many_ops_in_a_row_neither_recurse_nor_overflow(no_collector):
    x = leaf(1.0)
    y = x
    for _ in range(200_000):  # a stack of 8 MiB holds less than 100,000 calls, in C, too
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1.0
    alive = weakref.ref(y.grad_fn)
    del y
    assert alive() is None


def test_graphs_die_by_reference_counting(no_collector):
    def nodes():
        return sum(issubclass(type(o), (Function, mt.Tensor)) for o in gc.get_objects())

    net = mt.nn.Sequential(mt.nn.Conv2d(1, 2, 3), mt.nn.ReLU(), mt.nn.MaxPool2d(2), mt.nn.Flatten(), mt.nn.Linear(8, 3))
    x, target = mt.randn(2, 1, 6, 6, requires_grad=True), mt.tensor([0, 2])

    def step():
        loss = mt.nn.functional.cross_entropy(net(x), target)
        grads = grad(loss, list(net.parameters()), create_graph=True)
        sum((g * g).sum() for g in grads).backward()
        net.zero_grad()
        x.grad = None

    step()
    before = nodes()
    for _ in range(3):
        step()
    assert nodes() == before


@pytest.mark.slow
def test_training_steps_do_not_grow(no_collector):
    net = mt.nn.Sequential(mt.nn.Linear(4, 8), mt.nn.BatchNorm1d(8), mt.nn.Tanh(), mt.nn.Linear(8, 2))
    optimizer = mt.optim.Adam(net.parameters())
    x, y = mt.randn(5, 4), mt.randn(5, 2)

    def train(steps):
        for _ in range(steps):
            loss = mt.nn.functional.mse_loss(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    train(3000)  # until the interpreter's own lists of free objects are full
    before = sys.getallocatedblocks()
    train(3000)
    assert sys.getallocatedblocks() - before < 300  # not one for ten steps


def test_backward_frees_saved_values_as_it_goes(no_collector):
    x = mt.randn(10, requires_grad=True)
    middle = x.exp()
    array = weakref.ref(middle._array)
    y = (middle * middle).sum()
    del middle
    assert array() is not None
    y.backward()
    assert array() is None


def test_an_error_in_the_middle_leaves_gradients_untouched():
    a, b = leaf(1.0), leaf(2.0)
    (a * b).backward()
    y = a.exp() * Cube.apply(b)
    y.register_hook(lambda g: None)

    class Broken(Exception):
        pass

    def fail(g):
        raise Broken

    b.register_hook(fail)
    with pytest.raises(Broken):
        y.backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([2.0], [1.0])


# ---- bad input ---------------------------------------------------------------------------------------------------------


def test_backward_refusals():
    x = leaf(1.0, 2.0)
    cases = [
        (lambda: (x * 2).backward(), RuntimeError, r"only for scalar outputs, and this one has shape \[2\]"),
        (lambda: mt.ones(1).backward(), RuntimeError, "does not require grad and does not have a grad_fn"),
        (lambda: (x * 2).backward(mt.ones(3)), RuntimeError, r"grad_output\[0\] has a shape of \[3\]"),
        (lambda: (x * 2).backward(2.0), TypeError, "float"),
        (lambda: x.sum().backward(inputs=[]), RuntimeError, "cannot be empty"),
        (lambda: grad(x.sum(), mt.ones(2)), RuntimeError, "does not require grad"),
        (lambda: setattr(x, "grad", mt.ones(3)), RuntimeError, r"different size: \[3\], but the tensor is \[2\]"),
        (lambda: setattr(x, "grad", 1.0), TypeError, "float"),
        (lambda: mt.tensor([1]).requires_grad_(), RuntimeError, "minitorch.int64"),
        (lambda: mt.tensor([1], requires_grad=True), RuntimeError, "floating point"),
        (lambda: (x * 2).requires_grad_(False), RuntimeError, "MulBackward0"),
        (lambda: mt.ones(1).retain_grad(), RuntimeError, "requires_grad=False"),
        (lambda: mt.ones(1).register_hook(print), RuntimeError, "doesn't require gradient"),
    ]
    for call, error, words in cases:
        with pytest.raises(error, match=words):
            call()


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


def test_arrays_handed_out_are_views():
    x = mt.arange(6)
    x.numpy().shape = (2, 3)
    assert x.shape == (6,)


def test_generators_keep_the_mode_while_they_run():
    seen = []

    @no_grad()
    def numbers():
        try:
            seen.append(is_grad_enabled())
            got = yield 1
            seen.append((got, is_grad_enabled()))
            yield 2
        finally:
            seen.append(is_grad_enabled())

    generator = numbers()
    assert next(generator) == 1
    assert is_grad_enabled()
    assert generator.send("a") == 2
    generator.close()
    assert seen == [False, ("a", False), False]
    assert is_grad_enabled()
    assert not isinstance(enable_grad(), no_grad)


def test_the_gradient_of_a_computed_tensor_is_warned_about():
    y = leaf(1.0) * 2
    with pytest.warns(UserWarning, match=r"not a leaf Tensor.*MulBackward0.*retain_grad"):
        assert y.grad is None


def test_a_value_changed_between_first_and_second_backward_is_noticed():
    x = leaf(1.0, 2.0)
    y = x.exp()
    (g,) = grad(y.sum(), x, create_graph=True)
    with no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        grad((g * g).sum(), x)


def test_a_retained_gradient_is_there_for_the_hooks_that_come_later():
    x = mt.ones(2, requires_grad=True)
    h = x * 2
    h.retain_grad()
    x.register_hook(lambda g: g * h.grad)
    h.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_grad_mode_is_of_the_thread_not_of_the_context():
    contextvars.copy_context().run(mt.set_grad_enabled, False)  # as a notebook runs each of its cells
    assert not mt.is_grad_enabled()
    mt.set_grad_enabled(True)
    block = mt.no_grad()
    contextvars.copy_context().run(block.__enter__)
    assert not mt.is_grad_enabled()
    block.__exit__(None, None, None)
    assert mt.is_grad_enabled()
    with pytest.raises(TypeError, match="'mode' must be bool, not str"):
        mt.set_grad_enabled("no")


@settings(max_examples=300)
@given(seed=st.integers(0, 1 << 32))
def test_random_programs_of_views_changes_in_place_hooks_and_functions(seed):
    program = programs.draw(random.Random(seed))
    assert programs.complaint(program) is None, programs.smallest(program)


def test_what_a_hook_sets_in_the_context_stays():
    variable = contextvars.ContextVar("mine", default=0)
    x = mt.ones(2, requires_grad=True)
    x.register_hook(lambda g: variable.set(7) and None)
    with mt.no_grad():
        pass
    (x * 2).sum().backward()
    assert variable.get() == 7
    assert mt.is_grad_enabled()


def test_inputs_of_backward_alone_get_a_gradient():
    x, w = (mt.ones(2, requires_grad=True) for _ in range(2))
    mt.autograd.backward([x, w * 2], [mt.ones(2), mt.ones(2)], inputs=[w])  # x is a root, and not among the inputs
    assert x.grad is None
    assert w.grad.tolist() == [2, 2]


def test_an_output_without_gradient_may_be_among_the_inputs_of_backward():
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            return a * 2 + b * 3

    x = mt.ones(2, requires_grad=True)
    a, b = Two.apply(x)
    b.retain_grad()
    a.sum().backward(inputs=[b, x])
    assert x.grad.tolist() == [2, 2]
    assert b.grad is None
    assert grad(Two.apply(x)[0].sum(), x)[0].tolist() == [2, 2]


@pytest.mark.parametrize("flag", ["no", 1.0, np.float32(1), mt.ones(())])
def test_flags_of_backward_are_flags(flag):
    for call in (
        lambda x, y: y.backward(retain_graph=flag),
        lambda x, y: mt.autograd.backward(y, create_graph=flag),
        lambda x, y: grad(y, x, retain_graph=flag),
        lambda x, y: mt.autograd.functional.vjp(mt.sum, x, create_graph=flag),
        lambda x, y: mt.autograd.functional.hessian(mt.sum, x, strict=flag),
        lambda x, y: gradcheck(mt.sum, x.double(), fast_mode=flag),
    ):
        x = mt.ones(2, requires_grad=True)
        with pytest.raises(TypeError, match="' must be bool, not "):
            call(x, (x * 2).sum())
    x = mt.ones(2, requires_grad=True)
    (x * 2).sum().backward(retain_graph=np.bool_(True))
    assert x.grad.tolist() == [2, 2]


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_numbers_of_gradcheck_are_numbers(check):
    x = mt.ones(2, dtype=mt.float64, requires_grad=True)
    for name in ("eps", "atol", "rtol", "nondet_tol"):
        with pytest.raises(TypeError, match=f"check\\(\\): argument '{name}' must be a number, not ndarray"):
            check(mt.sin, x, **{name: np.array(["a"])})
    with pytest.raises(ValueError, match="eps is the step of the differences, and must be positive, not -1"):
        check(mt.sin, x, eps=-1)
    assert check(mt.sin, x, eps=np.float32(1e-5))


@pytest.mark.parametrize("value", ["no", np.ones(2), None, 0.5])
def test_requires_grad_is_a_bool(value):
    x = mt.ones(2)
    with pytest.raises(TypeError, match="requires_grad must be bool, not "):
        x.requires_grad_(value)
    with pytest.raises(TypeError, match="requires_grad must be bool, not "):
        x.requires_grad = value
    with pytest.raises(TypeError, match="requires_grad must be bool, not "):
        mt.nn.Parameter(x, value)
    assert x.requires_grad is False
    assert x.requires_grad_(np.bool_(True)).requires_grad is True


def test_a_view_that_is_a_leaf_has_second_derivatives():
    x = mt.tensor([0.5, 2.0], dtype=mt.float64).reshape(2, 1).requires_grad_()
    (first,) = mt.autograd.grad(x.sin().sum(), x, create_graph=True)
    (second,) = mt.autograd.grad(first.sum(), x)
    assert mt.allclose(second, -x.detach().sin())
