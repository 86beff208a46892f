"""How saved values are kept: hooks on saved tensors, checkpoints, and what a program asks of a `grad_fn`."""

import gc
import threading
import warnings
import weakref

import numpy as np
import pytest

import minitorch
from minitorch import nn
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.autograd.graph import disable_saved_tensors_hooks, save_on_cpu, saved_tensors_hooks
from minitorch.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def leaf(*values):
    return minitorch.tensor(values, requires_grad=True)


def network():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 3), nn.Softmax(-1))


# ---- hooks on saved tensors ---------------------------------------------------------------------------------------------


def test_each_saved_tensor_is_packed_once_and_unpacked_when_backward_needs_it():
    x, log = leaf(2.0, 3.0), []
    with saved_tensors_hooks(lambda t: log.append(("pack", t.tolist())) or t, lambda t: log.append("unpack") or t):
        y = (x * x).exp().sum()
    exp = (x * x).exp().tolist()
    assert log == [("pack", [2.0, 3.0]), ("pack", [2.0, 3.0]), ("pack", exp)]
    y.backward()
    assert log[3:] == ["unpack"] * 3
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.array([2, 3]) * np.exp([4, 9]), rtol=1e-6)


def test_the_packed_value_is_what_backward_sees():
    x = leaf(2.0, 3.0)
    with saved_tensors_hooks(lambda t: 10, lambda packed: minitorch.tensor([7.0, packed])):
        y = (x * x).sum()
    y.backward()
    assert x.grad.tolist() == [14.0, 20.0]


def test_the_history_of_a_saved_tensor_is_kept_for_second_derivatives():
    x = minitorch.rand(3, dtype=minitorch.float64, requires_grad=True)

    def halves(x):
        with saved_tensors_hooks(lambda t: (t[:1], t[1:]), minitorch.cat):
            return (x.exp() * x).sin()

    assert gradcheck(halves, x)
    assert gradgradcheck(halves, x)


def test_a_program_s_function_and_a_view_are_packed_too():
    class Square(minitorch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return 2 * ctx.saved_tensors[0] * grad

    x, shapes = leaf([1.0, 2.0], [3.0, 4.0]), []
    with saved_tensors_hooks(lambda t: shapes.append(tuple(t.shape)) or t.numpy().copy(), minitorch.from_numpy):
        y = Square.apply(x[0])
    y.sum().backward()
    assert shapes == [(2,)]
    assert x.grad.tolist() == [[2.0, 4.0], [0.0, 0.0]]


def test_the_innermost_block_of_this_thread_counts():
    x, log = leaf(1.0), []

    def elsewhere():
        (leaf(5.0) * leaf(6.0)).sum()

    with saved_tensors_hooks(lambda t: log.append("outer") or t, lambda t: t):
        with saved_tensors_hooks(lambda t: log.append("inner") or t, lambda t: t):
            x.exp()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        x.exp()
    x.exp()
    assert log == ["inner", "outer"]


def test_numbers_and_nothing_are_not_packed():
    x = leaf(1.0, 2.0)
    with saved_tensors_hooks(lambda t: pytest.fail("nothing to pack"), lambda t: t):
        y = (x * 3).sum()
    y.backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_hooks_on_saved_tensors_are_checked():
    with pytest.raises(TypeError, match="pack_hook must be a function, not int"):
        saved_tensors_hooks(1, lambda t: t)
    x = leaf(1.0)
    with saved_tensors_hooks(lambda t: t, lambda t: "what"):
        y = x.exp()
    with pytest.raises(TypeError, match="expected to be a Tensor but got result of type str"):
        y.backward()
    with (
        disable_saved_tensors_hooks("not here"),
        pytest.raises(RuntimeError, match="not here"),
        saved_tensors_hooks(lambda t: t, lambda t: t),
    ):
        pass


def test_save_on_cpu_changes_no_gradient():
    x = leaf(0.5, 1.5)
    with save_on_cpu(pin_memory=True):
        y = x.sin().exp().sum()
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp(np.sin(x.tolist())) * np.cos(x.tolist()), rtol=1e-6)


# ---- checkpoints --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("segments", [1, 2, 4])
def test_gradients_are_those_without_a_checkpoint(reentrant, segments):
    model, x = network(), minitorch.randn(2, 4, requires_grad=True)

    def gradients(run):
        minitorch.manual_seed(1)
        x.grad = None
        model.zero_grad()
        y = run()
        after = minitorch.rand(1)  # backward must leave the random stream as it is
        y.pow(2).sum().backward()
        return [after, minitorch.rand(1), y.detach(), x.grad, *(p.grad for p in model.parameters())]

    plain = gradients(lambda: model(x))
    for run in (
        lambda: checkpoint(model, x, use_reentrant=reentrant),
        lambda: checkpoint_sequential(model, segments, x, use_reentrant=reentrant),
    ):
        for one, other in zip(plain, gradients(run), strict=True):
            assert minitorch.equal(one, other)


def test_second_derivatives_go_through_a_checkpoint():
    x = minitorch.rand(3, dtype=minitorch.float64, requires_grad=True)

    def block(x):
        return (x.exp() * x).sin()

    def run(x):
        return checkpoint(block, x, use_reentrant=False) * x

    assert gradcheck(run, x)
    assert gradgradcheck(run, x)


def test_checkpoints_within_checkpoints_and_two_backwards():
    x = leaf(0.5, 1.5)

    def inner(x):
        return x.sin().exp()

    def outer(x):
        return checkpoint(inner, x * x, use_reentrant=False).tanh()

    (expected,) = minitorch.autograd.grad(outer(x).sum(), x)
    y = checkpoint(outer, x, use_reentrant=False).sum()
    for _ in range(2):
        (grad,) = minitorch.autograd.grad(y, x, retain_graph=True)
        assert minitorch.equal(grad, expected)


def test_nothing_is_kept_between_forward_and_backward(no_collector):
    alive = []

    def block(x):
        y = x.exp()
        alive.append(weakref.ref(y))
        return y.sin().cos()

    y = checkpoint(block, leaf(0.5, 1.5), use_reentrant=False)
    assert alive[0]() is None
    y.sum().backward()
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None
    assert all(reference() is None for reference in alive)


def test_the_second_computation_ends_early():
    steps = []

    def block(x):
        y = x.exp()
        steps.append("exp")
        z = y + 1
        steps.append("plus")
        return z

    x = leaf(1.0)
    checkpoint(block, x, use_reentrant=False).backward()
    assert steps == ["exp", "plus"]  # exp's result is all that is saved
    steps.clear()
    checkpoint(block, x, use_reentrant=False, early_stop=False).backward()
    assert steps == ["exp", "plus"] * 2


def test_keywords_and_contexts():
    x, seen = leaf(1.0), []

    class Noted:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            seen.append(self.name)

        def __exit__(self, *exception):
            pass

    def block(x, scale=1.0):
        return (x * scale).exp()

    y = checkpoint(block, x, scale=2.0, use_reentrant=False, context_fn=lambda: (Noted("first"), Noted("second")))
    assert seen == ["first"]
    y.backward()
    assert seen == ["first", "second"]
    np.testing.assert_allclose(x.grad.item(), 2 * np.exp(2.0), rtol=1e-6)


def test_a_block_that_does_something_else_the_second_time_is_told():
    x, sizes = leaf(1.0, 2.0, 3.0), iter([3, 2])
    y = checkpoint(lambda x: x[: next(sizes)].exp(), x, use_reentrant=False)
    with pytest.raises(CheckpointError, match=r"of shape \[3\] .* at first, and of shape \[2\]"):
        y.sum().backward()
    turns = iter([True, False])
    y = checkpoint(lambda x: x.exp() if next(turns) else x + 1, x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="saved 1 values at first, and only 0"):
        y.sum().backward()


def test_the_stream_goes_on_where_it_was():
    x = minitorch.ones(50, requires_grad=True)
    y = checkpoint(lambda x: nn.functional.dropout(x, 0.5).exp(), x, use_reentrant=False)
    state = minitorch.get_rng_state()
    expected = minitorch.rand(3)
    y.sum().backward()
    assert minitorch.equal(minitorch.rand(3), _drawn_after(state, 3)[1])
    minitorch.set_rng_state(state)
    y = checkpoint(lambda x: nn.functional.dropout(x, 0.5).exp(), x, use_reentrant=False, preserve_rng_state=False)
    assert not minitorch.equal(minitorch.rand(3), expected)


def _drawn_after(state, n):
    """What the stream gives from a state on, in two draws; it then goes on from there."""
    minitorch.set_rng_state(state)
    return minitorch.rand(n), minitorch.rand(n)


def test_a_second_backward_computes_the_block_once_more():
    calls = []
    x = leaf(1.0, 2.0)
    y = checkpoint(lambda x: calls.append(1) or x.exp().sin(), x, use_reentrant=False).sum()
    for n in (2, 3):
        y.backward(retain_graph=True)
        assert len(calls) == n


def test_calls_of_checkpoint_are_checked():
    x = leaf(1.0)
    with pytest.warns(UserWarning, match="pass use_reentrant explicitly"):
        checkpoint(minitorch.exp, x)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad"):
        assert not checkpoint(nn.Linear(1, 1), minitorch.ones(1), use_reentrant=True).requires_grad
    with pytest.raises(ValueError, match="Unexpected keyword arguments: scale"):
        checkpoint(minitorch.exp, x, scale=2, use_reentrant=True)
    with pytest.raises(ValueError, match="'default', 'none'"):
        checkpoint(minitorch.exp, x, determinism_check="strict", use_reentrant=False)
    with pytest.raises(ValueError, match="3 segments of 2 functions"):
        checkpoint_sequential([minitorch.exp, minitorch.sin], 3, x, use_reentrant=False)
    with minitorch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert checkpoint(minitorch.exp, minitorch.zeros(1), use_reentrant=False).item() == 1.0


# ---- grad_fn ------------------------------------------------------------------------------------------------------------


def test_next_functions_are_the_tensors_among_the_arguments():
    x, layer = minitorch.randn(3, 4, requires_grad=True), nn.Linear(4, 2)
    assert [node.variable is x for node, _ in x.sum(1).grad_fn.next_functions] == [True]
    assert (x * 2).grad_fn.next_functions[1] == (None, 0)
    addmm = layer(x.exp()).grad_fn
    assert addmm.next_functions[0][0].variable is layer.bias  # PyTorch's order: bias, input, weight
    assert addmm.next_functions[1][0].name() == "ExpBackward0"
    assert len(nn.functional.linear(x, layer.weight).grad_fn.next_functions) == 2
    assert len(x.gather(1, minitorch.tensor([[0], [1], [2]])).grad_fn.next_functions) == 1
    assert len(minitorch.cat([x, x, x]).grad_fn.next_functions) == 3


def test_hooks_on_a_node_see_its_gradients_and_replace_them():
    x, log = leaf(1.0, 2.0), []
    product = x * minitorch.tensor([3.0, 4.0])
    node = product.grad_fn
    node.register_prehook(lambda grads: log.append([g.tolist() for g in grads]))
    doubling = node.register_prehook(lambda grads: (grads[0] * 2,))
    node.register_hook(lambda ins, outs: log.append([[g if g is None else g.tolist() for g in ins], outs[0].tolist()]))
    node.register_hook(lambda ins, outs: (ins[0] + 1, None))
    product.sum().backward(retain_graph=True)
    assert log == [[[1.0, 1.0]], [[[6.0, 8.0], None], [2.0, 2.0]]]
    assert x.grad.tolist() == [7.0, 9.0]
    doubling.remove()
    x.grad = None
    product.sum().backward()
    assert x.grad.tolist() == [4.0, 5.0]


def test_hooks_before_a_node_each_see_what_the_last_returned():
    x, log = leaf(1.0), []
    y = x * 2
    for factor in (3, None, 5, None):
        y.grad_fn.register_prehook(
            lambda grads, factor=factor: log.append(grads[0].item()) if factor is None else (grads[0] * factor,)
        )
    y.backward()
    assert log == [3, 15]
    assert x.grad.item() == 30


def test_hooks_on_a_node_see_tensors_with_history_when_the_graph_is_kept():
    x = leaf(3.0)
    y = x * x
    y.grad_fn.register_hook(lambda ins, outs: tuple(g * g for g in ins))
    (grad,) = minitorch.autograd.grad(y.sum(), x, create_graph=True)
    assert grad.tolist() == [18.0]  # x^2 for either factor
    (second,) = minitorch.autograd.grad(grad.sum(), x)
    assert second.tolist() == [12.0]


def test_a_hook_on_a_node_is_checked():
    x = leaf(1.0)
    y = x.exp()
    handle = y.grad_fn.register_hook(lambda ins, outs: (ins[0], ins[0]))
    with pytest.raises(RuntimeError, match="ExpBackward0: a hook returned 2 gradients, and there are 1"):
        y.backward()
    handle.remove()
    leaf_node = y.grad_fn.next_functions[0][0]
    with pytest.raises(RuntimeError, match="register_post_accumulate_grad_hook"):
        leaf_node.register_hook(lambda ins, outs: None)
    leaf_node.register_prehook(lambda grads: (grads[0] * 10,))
    y = x.exp()
    y.backward()
    np.testing.assert_allclose(x.grad.item(), 10 * np.e, rtol=1e-6)


def test_a_node_with_hooks_is_freed_without_the_collector(no_collector):
    y = leaf(1.0).exp()
    y.grad_fn.register_hook(lambda ins, outs: None)
    y.grad_fn.metadata["seen"] = True
    assert y.grad_fn.metadata == {"seen": True}
    node = weakref.ref(y.grad_fn)
    y.backward()
    del y
    assert node() is None
    assert not gc.isenabled()


def test_the_saved_tensors_of_a_node_have_pytorch_s_names():
    a, b = leaf(2.0, 3.0), leaf(4.0, 5.0)
    assert a.pow(2).grad_fn._saved_self is a
    assert (a * b).grad_fn._saved_other is b
    y = a.exp()
    assert minitorch.equal(y.grad_fn._saved_result, y)
    assert y.grad_fn._saved_result.grad_fn is y.grad_fn
    with pytest.raises(AttributeError, match=r"has no _saved_self: it keeps 0 of its inputs .* and 1 of its outputs"):
        _ = y.grad_fn._saved_self
    y.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        _ = y.grad_fn._saved_result


def test_pictures_explain_a_checkpointed_model():
    w = minitorch.tensor([1.0, 2.0], requires_grad=True)
    loss = checkpoint(lambda x: (x * w).sin(), minitorch.ones(2), use_reentrant=False).sum()
    assert "0.5403023" in str(minitorch.viz.why(w, loss))  # cos 1
    packed = []
    with minitorch.autograd.graph.observed_by(), saved_tensors_hooks(packed.append, lambda i: packed[i]):
        (w * w).sum()
    assert len(packed) == 2
