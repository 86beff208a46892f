"""The tape and the sweep along it: sums over paths, higher derivatives, memory."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.autograd import Function, grad
from minitorch.autograd.engine import walk
from minitorch.autograd.graph import GradientEdge, get_gradient_edge
from tests.tapes import Cube, leaf

# ---- backward and grad -----------------------------------------------------------------------------------------------


def test_sum_over_all_paths():
    x = leaf(0.5, 2.0)
    (x.sin() * x + x).sum().backward()
    assert np.allclose(x.grad.numpy(), np.sin([0.5, 2]) + np.array([0.5, 2]) * np.cos([0.5, 2]) + 1)


def test_edges_replace_tensors():
    x = leaf(0.5, 2.0, dtype=mt.float64)
    h = x * x
    y = (3 * h).sum()
    of_x, of_h, of_y = map(get_gradient_edge, (x, h, y))
    assert [g.tolist() for g in grad(of_y, [of_h, x, of_x], retain_graph=True)] == [[3, 3], [3, 12], [3, 12]]
    (g,) = grad(y, of_x, create_graph=True)
    assert grad(g.sum(), of_x)[0].tolist() == [6, 6]
    assert grad(of_h, x, mt.tensor([1.0, 10.0]), retain_graph=True)[0].tolist() == [1, 40]
    y.backward(inputs=of_h, retain_graph=True)
    assert x.grad is None
    mt.autograd.backward([of_y, of_h], [None, mt.ones(2)], inputs=[of_x, h])
    assert (x.grad.tolist(), h.grad.tolist()) == ([4, 16], [4, 4])
    mt.autograd.backward(of_x, mt.ones(2))
    assert x.grad.tolist() == [5, 17]


def test_an_edge_outlives_its_tensor():
    x = leaf(3.0)
    edges = [get_gradient_edge(part) for part in (mt.cat([x, 2 * x]) ** 2).split(1)]
    assert [grad(edge, x, retain_graph=True)[0].item() for edge in edges] == [6, 24]
    handle = x.register_hook(lambda g: 10 * g)
    assert grad(edges[0], get_gradient_edge(x))[0].item() == 60
    handle.remove()


def test_errors_of_edges():
    x = leaf(1.0, 2.0)
    h, unused = x * x, get_gradient_edge(x * 2)
    with pytest.raises(
        RuntimeError, match=r"materialize_grads cannot be used .* GradientEdge: no output depends on inputs\[1\]"
    ):
        grad(h.sum(), [x, unused], materialize_grads=True)
    with pytest.raises(RuntimeError, match=r"inputs\[0\], of shape \[2\]\) appears to not have been used"):
        grad(h.sum(), unused)
    assert grad(h.sum(), unused, allow_unused=True) == (None,)
    with pytest.raises(RuntimeError, match=r"only for scalar outputs, and this one has shape \[2\]"):
        grad(get_gradient_edge(h), x)
    with pytest.raises(RuntimeError, match=r"shape of \[3\] and output\[0\] has a shape of \[2\]"):
        grad(get_gradient_edge(h), x, mt.ones(3))
    with pytest.raises(RuntimeError, match=r"must be an autograd.graph.Node but got NoneType: get_gradient_edge"):
        grad(h.sum(), GradientEdge(x.grad_fn, 0))
    with pytest.raises(RuntimeError, match=r"second object is 1, and MulBackward0 has 1 outputs"):
        grad(h.sum(), GradientEdge(h.grad_fn, 1))
    with pytest.raises(RuntimeError, match="inputs have to be Tensors or GradientEdges, but got Mul"):
        grad(h.sum(), (h.grad_fn, 0))


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


def test_walk_goes_from_old_to_young_and_visits_once():
    x = leaf(1.0)
    y = x
    for _ in range(18):
        y = y + y
    order = walk([y.grad_fn])
    assert len(order) == 19
    assert [node.serial for node in order] == sorted(node.serial for node in order)


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


def test_a_leafs_gradient_lies_in_memory_row_by_row():
    layer = nn.Bilinear(4, 5, 3)
    layer(mt.rand(2, 4), mt.rand(2, 5)).sum().backward()
    assert [p.grad.view(-1).shape[0] for p in layer.parameters()] == [60, 3]
    position = mt.zeros(1, 8, 4, requires_grad=True)
    (mt.ones(2, 8, 4) + position).transpose(1, 2).contiguous().sum().backward()
    weight = mt.ones(2, 3, requires_grad=True)
    (weight * mt.ones(3, 2).T).sum().backward()
    assert position.grad.is_contiguous()
    assert weight.grad.is_contiguous()


def test_threads_that_record_with_one_leaf_find_one_node():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(200):
            w, out = mt.ones(1, requires_grad=True), [None, None]

            def record(i, w=w, out=out):
                out[i] = w * 2.0

            threads = [threading.Thread(target=record, args=(i,)) for i in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            (out[0] + out[1]).sum().backward()
            assert w.grad.item() == 4
    finally:
        sys.setswitchinterval(before)
