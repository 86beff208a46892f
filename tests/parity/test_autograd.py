"""The autograd package beside PyTorch: functions of functions, hooks, anomalies; and how tensors print under options."""

import numpy as np
import pytest

from tests.parity.compare import prints_the_same, same

pytestmark = pytest.mark.parity


def cubes(x):
    return x**3 * x.sum()


def pair(x, y):
    return (x * y).sum(1), (x.sin() + y[:, :1] ** 2)


def number(x):
    return (x**3).sum() * x.prod()


def number_of_two(x, y):
    return (x**2 * y.exp()).sum()


@pytest.mark.parametrize("f", [
    lambda F, x, y: F.jacobian(cubes, x), lambda F, x, y: F.jacobian(pair, (x, y)), lambda F, x, y: F.jacobian(cubes, x, create_graph=True),
    lambda F, x, y: F.hessian(number, x), lambda F, x, y: F.hessian(number_of_two, (x, y)), lambda F, x, y: F.vjp(cubes, x, y), lambda F, x, y: F.vjp(number, x),
    lambda F, x, y: F.jvp(cubes, x, y), lambda F, x, y: F.jvp(pair, (x, y), (y, x)), lambda F, x, y: F.vhp(number, x, y), lambda F, x, y: F.hvp(number, x, y),
    lambda F, x, y: F.hvp(number_of_two, (x, y), (y, x)), lambda F, x, y: F.jacobian(lambda x: x.sum() * 0 + y.sum(), x), lambda F, x, y: F.hessian(cubes, x),
    lambda F, x, y: F.vjp(cubes, x), lambda F, x, y: F.vjp(cubes, x, y[0]), lambda F, x, y: F.jacobian(lambda x: 3, x), lambda F, x, y: F.jacobian(cubes, 3),
    lambda F, x, y: F.jacobian(lambda x: y, x, strict=True),
])  # fmt: skip
def test_functional(f):
    same(lambda t, x, y: f(t.autograd.functional, x, y), (2, 3), (2, 3), second_order=False)


def test_jacobian_of_no_dependence():
    same(lambda t, x: t.autograd.functional.jacobian(lambda x: t.ones(2).double(), x.detach()), (3,), second_order=False)


@pytest.mark.parametrize("f", [
    lambda t, edge, x, h, y: t.autograd.grad(edge(y), [edge(h), x, edge(x)]), lambda t, edge, x, h, y: t.autograd.grad(edge(h), x),
    lambda t, edge, x, h, y: t.autograd.grad([edge(h), y], edge(x), [t.ones(3).double(), None]), lambda t, edge, x, h, y: t.autograd.grad(edge(h), x, t.ones(2)),
    lambda t, edge, x, h, y: t.autograd.grad(y, [edge(x * 2), h], allow_unused=True)[1], lambda t, edge, x, h, y: t.autograd.grad(y, edge(x * 2)),
    lambda t, edge, x, h, y: t.autograd.grad(y, edge(x * 2), materialize_grads=True), lambda t, edge, x, h, y: t.autograd.grad(y, (h.grad_fn, 0)),
    lambda t, edge, x, h, y: t.autograd.grad(y, t.autograd.graph.GradientEdge(x.grad_fn, 0)), lambda t, edge, x, h, y: edge(h)[1:2],
    lambda t, edge, x, h, y: (t.autograd.backward(y, inputs=[edge(x), edge(h)]), x.grad), lambda t, edge, x, h, y: (y.backward(inputs=edge(x)), x.grad),
    lambda t, edge, x, h, y: (h.retain_grad(), t.autograd.backward(edge(y), inputs=edge(h)), x.grad, h.grad), lambda t, edge, x, h, y: edge(x.detach()),
    lambda t, edge, x, h, y: (t.autograd.backward([edge(h), edge(x)], [t.ones(3).double()] * 2), x.grad), lambda t, edge, x, h, y: t.autograd.backward(edge(h)),
])  # fmt: skip
def test_edges_replace_tensors(f):
    def run(t, x):
        x = x.detach().requires_grad_()
        h = x * x
        return f(t, t.autograd.graph.get_gradient_edge, x, h, (3 * h.sin()).sum())

    same(run, (3,))


def test_hooks_after_accumulation():
    def run(t):
        seen, w = [], t.ones(2, requires_grad=True)
        handle = w.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))
        (w * 3).sum().backward()
        (w * 2).sum().backward()
        handle.remove()
        w.sum().backward()
        return [*seen, w.grad]

    same(run)
    same(lambda t: (t.ones(2, requires_grad=True) * 2).register_post_accumulate_grad_hook(print))
    same(lambda t: t.ones(2).register_post_accumulate_grad_hook(print))


@pytest.mark.parametrize("options", [
    {"precision": 2}, {"threshold": 5, "edgeitems": 1}, {"linewidth": 40}, {"profile": "short"}, {"profile": "full"}, {"sci_mode": True}, {"sci_mode": False},
    {"precision": 8, "sci_mode": False},
])  # fmt: skip
def test_print_options(options):
    def show(t):
        try:
            t.set_printoptions(**options)
            return [t.arange(12.0).reshape(3, 4) / 7, t.tensor([1e-6, 1.0, 1e6]), t.arange(2000), t.rand(30)]
        finally:
            t.set_printoptions(profile="default")

    prints_the_same(show)


def test_numbers_about_types():
    same(lambda t: [t.finfo(t.float32).eps, t.finfo().max, t.finfo(t.float64).tiny, t.iinfo(t.int8).max, t.iinfo(t.int64).min])
    same(
        lambda t: [
            t.FloatTensor([1, 2]),
            t.LongTensor([1, 2]),
            t.FloatTensor(2, 3).shape,
            t.Tensor(2, 3).shape,
            t.Tensor([1, 2]),
        ]
    )
    prints_the_same(lambda t: [t.ones(1).type(), t.ones(1).long().type(), t.ones(1).double().type(t.uint8)])
    same(
        lambda t: [
            t.ones(2).new_zeros(3),
            t.ones(2).long().new_full((2,), 3),
            t.ones(2).double().new_tensor([1, 2]),
            t.ones(1).new_ones(2, 3),
        ]
    )


def test_the_line_that_made_a_nan_is_named():
    import minitorch as mt

    x = mt.tensor([-1.0, 4.0], requires_grad=True)
    with mt.autograd.detect_anomaly():
        y = x.sqrt()  # here
        loss = (y * 0 + 1).sum()
        with pytest.raises(
            RuntimeError, match=r"(?s)'SqrtBackward0' returned nan values in its 0th output.*test_autograd.py.*# here"
        ):
            loss.backward()
    assert x.grad is None
    loss = (x.sqrt() * 2).sum()
    loss.backward()
    assert np.isnan(x.grad.numpy()[0])
    loss = x.sqrt().sum()
    with mt.autograd.set_detect_anomaly(True), pytest.raises(RuntimeError, match="before the mode was switched on"):
        loss.backward()
    same(lambda t: t.is_anomaly_enabled())
