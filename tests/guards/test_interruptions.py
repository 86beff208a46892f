"""What may come in between: Ctrl-C in the middle of a backward, other threads, a fork, a pickle."""

import copy
import linecache
import os
import pickle
import signal
import sys
import threading
import time

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn

# Python looks for Ctrl-C after calls and in loops: not before a plain store, nor between a lock and its block.
ATOMIC = {"MODE.enabled = before", "with accumulating:"}


class Interrupted(KeyboardInterrupt):
    pass


def interrupted_at(event, call):
    """Run call() and raise at its `event`-th step, a line of Python in the package; whether it came so far."""
    left = event

    def trace(frame, kind, arg):
        nonlocal left
        if "minitorch" not in frame.f_code.co_filename:
            return None
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if kind == "line" and line not in ATOMIC:
            left -= 1
            if left < 0:
                raise Interrupted
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except Interrupted:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("create_graph", [False, True])
def test_backward_interrupted_at_any_line_leaves_all_gradients_untouched_or_all_complete(create_graph):
    a, b, c = (mt.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [3.0, -1.0], [0.5, 0.25]))
    a.grad, b.grad = mt.ones(2), mt.ones(2)  # of c there is none yet

    def step():
        middle = a * b
        loss = (middle + c.sigmoid() * a).sum()
        return lambda: loss.backward(create_graph=create_graph)

    def state():
        return [None if t._grad is None else t._grad.detach().numpy().copy() for t in (a, b, c)]

    def put_back(grads):
        for tensor, grad in zip((a, b, c), grads, strict=True):
            tensor.grad = None if grad is None else mt.tensor(grad)

    backward = step()
    before = state()
    backward()
    after = state()
    put_back(before)
    untouched = complete = 0
    for event in range(100_000):
        backward = step()
        came = interrupted_at(event, backward)
        now = state()
        kinds = [[np.array_equal(n, w) if n is not None and w is not None else n is w for n, w in zip(now, want, strict=True)]
                 for want in (before, after)]  # fmt: skip
        assert all(kinds[0]) or all(kinds[1]), f"half of the gradients, after line {event}"
        untouched, complete = untouched + all(kinds[0]), complete + all(kinds[1])
        put_back(before)
        if not came:
            break
    assert untouched > 50
    assert complete >= 2


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that send signals")
def test_ctrl_c_at_a_random_moment(no_collector):  # Hypothesis looks on when it runs, and does not expect to be interrupted
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(144, 5))
    x = mt.randn(8, 1, 8, 8)

    def backward():
        net(x).sum().backward()

    backward()
    once = [p.grad.numpy().copy() for p in net.parameters()]
    seconds = min(_duration(backward) for _ in range(5))

    def stop(*_):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, stop)
    try:
        for i in range(40):
            net.zero_grad(set_to_none=False)
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, max(1e-6, seconds * i / 30))
                    backward()
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except Interrupted:
                pass
            done = [np.allclose(p.grad.numpy(), g, atol=1e-6) for p, g in zip(net.parameters(), once, strict=True)]
            none = [not p.grad.numpy().any() for p in net.parameters()]
            assert all(done) or all(none)
            assert mt.is_grad_enabled()
    finally:
        signal.signal(signal.SIGALRM, before)
    net.zero_grad()
    backward()
    assert all(np.allclose(p.grad.numpy(), g, atol=1e-6) for p, g in zip(net.parameters(), once, strict=True))


def _duration(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def test_threads_train_side_by_side_each_with_its_own_grad_mode():
    def train(seed, into):
        generator = np.random.default_rng(seed)
        w = mt.tensor(generator.standard_normal((6, 4)), requires_grad=True)
        x = mt.tensor(generator.standard_normal((3, 6)))
        for step in range(30):
            with mt.set_grad_enabled(step % 2 == 0):
                loss = (x @ w).tanh().sum()
            assert loss.requires_grad == (step % 2 == 0)
            if loss.requires_grad:
                loss.backward()
                with mt.no_grad():
                    w -= 0.1 * w.grad
        into[seed] = w.detach().numpy()

    alone, together = {}, {}
    for seed in range(4):
        train(seed, alone)
    threads = [threading.Thread(target=train, args=(seed, together)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(alone[seed], together[seed]) for seed in range(4))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_goes_on_with_the_graph_and_leaves_the_parents_alone():
    x = mt.ones(3, requires_grad=True)
    loss = (x * x).sum() + nn.functional.conv2d(mt.randn(4, 8, 16, 16), mt.randn(8, 8, 3, 3)).sum()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # no test may go on in here
        try:
            loss.backward()
            nn.functional.conv2d(mt.randn(4, 8, 16, 16), mt.randn(8, 8, 3, 3))
            os.write(write, repr(x.grad.tolist()).encode())
        finally:
            os._exit(0)
    os.close(write)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert os.read(read, 100) == b"[2.0, 2.0, 2.0]"
    os.close(read)
    assert x.grad is None
    loss.backward()
    assert x.grad.tolist() == [2.0, 2.0, 2.0]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.PReLU(), nn.Flatten(), nn.Linear(6, 2))
        self.register_buffer("scale", mt.tensor(2.0))

    def forward(self, x):
        return self.layers(x) * self.scale


@pytest.mark.parametrize("twin", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_twins_of_tensors_parameters_and_modules(twin):
    x = mt.arange(6.0).reshape(2, 3).requires_grad_()
    leaf, parameter = twin(x.detach().T.requires_grad_()), twin(nn.Parameter(mt.ones(2)))
    assert (leaf.tolist(), leaf.requires_grad, leaf.is_leaf) == (x.T.tolist(), True, True)
    assert isinstance(parameter, nn.Parameter)
    assert twin(mt.tensor(True)).dtype is mt.bool
    net = Net().double().eval()
    again = twin(net)
    sample = mt.randn(3, 1, 5).double()
    assert np.array_equal(net(sample).detach().numpy(), again(sample).detach().numpy())
    assert not again.training
    again.train()(sample).sum().backward()
    assert all(p.grad is None for p in net.parameters())
    with pytest.raises(RuntimeError, match="detach"):
        twin(x * 2)
    net.cached = x * 2  # a module that holds on to a result
    with pytest.raises(RuntimeError, match="detach"):
        twin(net)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_while_another_thread_adds_to_a_gradient_can_add_to_its_own():
    from minitorch.autograd.hooks import accumulating

    held, done = threading.Event(), threading.Event()

    def hold():
        with accumulating:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a child that waits for ever
        w = mt.ones(2, requires_grad=True)
        (w * 2).sum().backward()
        os._exit(0 if w.grad.tolist() == [2, 2] else 1)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert status == 0
