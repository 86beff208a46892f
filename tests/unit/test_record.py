"""Looking at the tape leaves everything as it was, whatever the program does: hooks, threads, errors, odd Functions."""

import copy
import gc
import json
import pickle
import threading
import warnings
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.autograd import Function
from minitorch.autograd.observe import observers


class Noted(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.note = ctx.held = 3.0  # a program's own attributes
        return x * 3.0

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.note * ctx.held / 3


class Implicit(Function):
    """A backward that sweeps a graph of its own."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        with mt.enable_grad():
            z = x.detach().requires_grad_()
            return mt.autograd.grad(z**2, z, grad)[0]


class ByNumpy(Function):
    """A backward that cannot be recorded."""

    @staticmethod
    def forward(ctx, x):
        return mt.from_numpy(x.detach().numpy() * 2)

    @staticmethod
    def backward(ctx, grad):
        return mt.from_numpy(grad.numpy() * 2)


class InPlace(ByNumpy):
    @staticmethod
    def backward(ctx, grad):
        return grad.clone().mul_(2)


@pytest.mark.parametrize("op", [Noted, Implicit, ByNumpy, InPlace])
@pytest.mark.parametrize("recorded", [False, True])
def test_odd_functions(op, recorded):
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record() if recorded else mt.enable_grad():
        y = op.apply(x).sum()
    assert viz.graph(y, show="all").digraph.source
    replayed = viz.replay(viz.play(y).trace)["x"]
    why = viz.why(x, y, index=1)
    y.backward()
    assert replayed.tolist() == x.grad.tolist()
    assert eval(why.expression) == why.value == x.grad[1].item()


def test_a_backward_that_is_not_linear_shows_no_product():
    class Clip(Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            return grad.clamp(-0.1, 0.1)

    x = mt.tensor(1.0, requires_grad=True)
    trace = viz.play(Clip.apply(x) * 5).trace
    frames = trace["frames"]
    clip = [frame for frame in frames if frame["kind"] == "backward"][-1]
    assert "local" not in clip
    assert "part" not in clip
    assert trace["arrays"][clip["contribution"]]["values"] == pytest.approx([0.1])


def test_retained_gradients_are_the_same_objects():
    x = mt.tensor([3.0], requires_grad=True)
    h = x * 2
    h.retain_grad()
    y = (h * h).sum()
    y.backward(retain_graph=True)
    held = h.grad
    viz.play(y)
    viz.why(x, y)
    assert h.grad is held
    assert held.tolist() == [12]
    assert held.grad_fn is None


def test_leaves_of_one_name_are_told_apart():
    layers = [nn.Linear(2, 2), nn.Linear(2, 2)]
    x = mt.randn(3, 2)
    with viz.record():
        for layer in layers:
            x = layer(x)
        loss = x.sum()
    assert list(viz.replay(viz.play(loss).trace)) == ["layer.weight", "layer.bias", "layer.weight₁", "layer.bias₁"]
    a, b = mt.ones(1, requires_grad=True), mt.ones(1, requires_grad=True)
    assert set(viz.replay(viz.play((a * b).sum(), params={"b": a}).trace)) == {"b", "b₁"}


def test_hooks_of_every_kind():
    def in_place(grad):
        grad.mul_(10)

    for hook, factor in ((lambda grad: grad * 10, 10), (in_place, 10)):
        w = mt.tensor([1.0, 2.0], requires_grad=True)
        w.register_hook(hook)
        y = (w * 2 + w * 3).sum()
        replayed, why = viz.replay(viz.play(y).trace)["w"], viz.why(w, y, index=0)
        y.backward()
        assert replayed.tolist() == w.grad.tolist() == [5 * factor] * 2
        assert why.value == 5 * factor
        assert eval(why.expression) == pytest.approx(why.value)
        assert "hook(w)" in str(why)
    w = mt.tensor(3.0, requires_grad=True)
    y = w * 2
    y.register_hook(lambda grad: grad * 7)
    assert eval(viz.why(w, y).expression) == viz.why(w, y).value == 14
    w.requires_grad_(False)
    assert viz.replay(viz.play(y).trace) == {}
    w = mt.tensor(3.0, requires_grad=True)
    other = mt.tensor(3.0, requires_grad=True)
    w.register_hook(lambda grad: grad * other.mul_(1.0).detach() / 3)  # which only works where nothing is recorded
    assert viz.replay(viz.play(w * 2).trace)["w"].item() == 2


def test_the_last_recorded_backward_is_played():
    w = mt.tensor(2.0, requires_grad=True)
    with viz.record():
        y = w * 3
        y.backward()
    assert viz.replay(viz.play(y).trace)["w"].item() == w.grad.item() == 3
    with viz.record():
        z = w * 5
        z.backward()
    assert viz.replay(viz.play(z).trace)["w"].item() == w.grad.item() == 8
    assert "already in w.grad, left by an earlier backward() = 3" in repr(viz.play(z))


def test_what_the_recorded_backward_was_given():
    def programs(w, v):
        yield lambda y: y.backward(mt.tensor(3.0))
        yield lambda y: (y * 10).backward()  # which is another's backward: what y's would do now is played
        yield lambda y: y.backward(inputs=[w])
        yield lambda y: y.backward(create_graph=True)

    for i in range(4):
        w, v = mt.tensor(2.0, requires_grad=True), mt.tensor(5.0, requires_grad=True)
        with viz.record():
            y = w * w * v
            list(programs(w, v))[i](y)
        before = {name: t.grad and t.grad.item() for name, t in (("w", w), ("v", v))}
        replayed = {name: grad.item() for name, grad in viz.replay(viz.play(y).trace).items()}
        if i == 1:
            assert replayed == {"w": before["w"] + 20, "v": before["v"] + 4}
        else:
            assert replayed == {name: grad for name, grad in before.items() if grad is not None}
    w = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        y = w * 3
        y.backward(mt.tensor([1.0, 10.0]))
    assert viz.replay(viz.play(y).trace)["w"].tolist() == w.grad.tolist() == [3, 30]


def test_equal_signs_are_true():
    w = mt.tensor(2.0, requires_grad=True)
    h = w * 3
    loss = (h - 1) ** 2 + h
    chains = [line for s in viz.play(loss).trace["steps"] for line in s["words"] if line.startswith("chain")]
    assert "chain rule: ∂loss/∂h · ∂h/∂w = 11 · 3" in chains  # from the sum at h on


@pytest.mark.slow
def test_infinite_and_undefined_slopes():
    x = mt.tensor([1.0, 0.0], requires_grad=True)
    y = x.sqrt().sum()
    assert eval(viz.why(x, y, index=0).expression) == 0.5
    x = mt.tensor(0.0, requires_grad=True)
    for y in (x.log(), x.sqrt() * 0, (x * 0).log(), x.log() * 3):
        why = viz.why(x, y)
        assert eval(why.expression) == pytest.approx(why.value, nan_ok=True)
        assert why.paths
    x = mt.tensor(2.0, dtype=mt.float16, requires_grad=True)
    why = viz.why(x, x.float() * 65536.0 * 16.0 / (65536.0 * 16.0))
    assert eval(why.expression) == pytest.approx(1)
    x = mt.tensor([1.0], dtype=mt.float64, requires_grad=True)
    weights = mt.tensor([1.0] + [1e-9] * 900, dtype=mt.float64)
    assert eval(viz.why(x, (x * weights).sum()).expression) == pytest.approx(1 + 9e-7, abs=1e-12)
    z = x
    for _ in range(3000):
        z = z * 1.001
    why = viz.why(x, z)
    assert eval(why.expression) == pytest.approx(why.value)


def test_where_a_gradient_is_cut():
    p = mt.tensor([-1.0, 2.0], requires_grad=True)
    s = p.relu().sum()
    assert str(viz.why(p, s, index=0)).startswith("ds/dp[0] = 0.0   (every path is cut: ∂①/∂p[0] = 0)")


def test_an_argument_that_is_given_twice():
    w = mt.tensor(3.0, requires_grad=True)
    y = w * w
    assert [path.factors[0].name for path in viz.why(w, y).paths] == ["∂y/∂(w as a)", "∂y/∂(w as b)"]
    (step,) = [s for s in viz.play(y).trace["steps"] if s["phase"] == "backward"]
    assert step["title"] == "The product y sends its gradient to w, scaled by w."
    assert [t["rule"][-1][1] for t in step["targets"]] == ["   (as its first operand)", "   (as its second operand)"]


def test_local_variables_stay():
    x = mt.ones(2, requires_grad=True)
    y = x.sum()
    mine = locals()
    viz.graph(y)
    assert {"x", "y"} <= set(mine)


def test_containers_of_tensors_die(no_collector):
    x = mt.ones(2, requires_grad=True)
    grads = mt.autograd.grad((x**3).sum(), x, create_graph=True)
    node = weakref.ref(grads[0].grad_fn)
    z = x.sum()
    viz.graph(z)
    del grads
    assert node() is None


@pytest.mark.slow
def test_notes_make_no_cycles(no_collector):
    class Cached(Function):
        @staticmethod
        def forward(ctx, x, cache):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2, None

    cache = []
    with viz.record():
        y = Cached.apply(mt.ones(1, requires_grad=True), cache)
    cache.append(y)
    node = weakref.ref(y.grad_fn)
    del y, cache
    assert node() is None
    gc.collect()


def test_errors_leave_no_frame_behind():
    class Bad(Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            raise ValueError("no")

    x = mt.ones(1, requires_grad=True)
    with viz.record():
        with pytest.raises(ValueError, match="no"):
            Bad.apply(x).sum().backward()
        y = (x * 3).sum()
    assert [box.kind for box in viz.graph(y).boxes] == ["tensor", "op", "function"]
    with pytest.raises(ValueError, match="no"):
        viz.play(Bad.apply(x).sum())
    assert observers == []
    assert mt.is_grad_enabled()


def test_a_recording_does_not_fail_where_the_program_does_not():
    class Odd(nn.Module):
        def forward(self, x):
            return x * 2

        def extra_repr(self):
            raise ZeroDivisionError

        def named_parameters(self):
            raise ZeroDivisionError

    odd, x = Odd(), mt.ones(1, requires_grad=True)
    with viz.record():
        y = odd(x).sum()
    assert [box.title for box in viz.graph(y, open=0).boxes] == ["x", "Odd", "sum"]
    running = viz.record()
    with running, pytest.raises(RuntimeError, match=r"viz\.record\(\) anew"), running:
        pass
    viz.record().__exit__()


@pytest.mark.slow
def test_threads_do_not_meet():
    problems = []

    def work(seed):
        try:
            for i in range(15):
                x = mt.tensor([1.0 + seed, 2.0], requires_grad=True)
                with viz.record():
                    y = (x @ mt.tensor([[1.0], [2.0]])).tanh().sum() * i
                replayed = viz.replay(viz.play(y).trace)["x"]
                viz.why(x, y)
                with mt.autograd.detect_anomaly():
                    y.backward()
                assert replayed.tolist() == x.grad.tolist()
        except Exception as error:
            problems.append(error)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []
    mt.autograd.set_detect_anomaly(False)
    assert observers == []


def test_no_warnings_of_numpy():
    x = mt.tensor([300.0, 1.0], dtype=mt.float16, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = (x * 300).sum() + (x * 300).sum()
        y.backward(retain_graph=True)
        x.grad.fill_(60000.0)
        viz.replay(viz.play(y).trace)
        str(viz.why(x, y))
        assert "‖∇‖ 84853" in repr(viz.graph(y))


def test_values_of_each_use():
    w = mt.ones(2, requires_grad=True)
    with viz.record():
        u = w * 2
        with mt.no_grad():
            w.mul_(10)
        v = w * 2
        y = (u + v).sum()
    words = [s["words"] for s in viz.play(y).trace["steps"] if s["phase"] == "forward"]
    assert "w = [1  1]" in words[0]
    assert "w = [10  10]" in words[1]
    with mt.no_grad():
        y.fill_(77)
    assert (viz.graph(y).boxes[-1].name, viz.graph(y).boxes[-1].number) == ("y", 44)


def test_names_inside_functions_and_loops():
    cell = nn.Linear(2, 2)

    def forward(x):
        h = mt.zeros(1, 2)
        for _ in range(3):
            h = mt.tanh(cell(x) + h)
        logits = h * 2
        return logits.sum()

    with viz.record():
        out = forward(mt.ones(1, 2))
    names = [box.name for box in viz.graph(out, roll=False, open="all").boxes if box.name[0] in "hlo" and box.kind != "tensor"]
    assert names == ["h₁", "h₂", "h₃", "logits", "out"]

    def rebound(x):  # one name for the outputs of different layers says nothing
        x = x * 2
        x = x.tanh()
        return x.sum()

    with viz.record():
        out = rebound(mt.ones(1, requires_grad=True))
    assert [box.name for box in viz.graph(out).boxes if box.kind != "tensor"] == ["x·2", "tanh(x·2)", "out"]


def test_a_module_that_is_called_again_is_drawn_again():
    cell, x = nn.Linear(2, 2), mt.ones(1, 2)
    for opened in (0, 1, "all"):
        graph = viz.graph(lambda: cell(cell(x)).sum(), open=opened)
        source = graph.digraph.source
        assert sum(box.title in ("Linear", "Addmm") for box in graph.boxes) == 2
        assert all(f"\t{box.id} [" in source or f'\t"{box.id}" [' in source for box in graph.boxes)


def test_copies_of_what_was_recorded():
    model = nn.Linear(2, 1)
    with viz.record():
        loss = model(mt.ones(1, 2)).sum()
        loss.backward()
    assert copy.deepcopy(model).weight.tolist() == model.weight.tolist()
    assert pickle.loads(pickle.dumps(model)).weight.tolist() == model.weight.tolist()


def test_refusals_in_words():
    x = mt.ones(2, requires_grad=True)
    y = x.sum()
    empty = mt.ones(0, requires_grad=True)
    for call, error, said in (
        (lambda: viz.why(empty, empty.sum()), RuntimeError, r"this tensor has shape \[0\]"),
        (lambda: viz.why(y, x), RuntimeError, "what is differentiated comes second"),
        (lambda: viz.graph(y, params=nn.Linear), TypeError, "params names tensors"),
        (lambda: viz.graph(y, params={1: x}), TypeError, "1 is no name, but a int"),
        (lambda: viz.graph(y, show=[np.ones(2)]), ValueError, "show can name"),
        (lambda: viz.graph(x), RuntimeError, "it is a leaf, and no operation has made it"),
        (lambda: viz.graph(x.argmax()), RuntimeError, "without a derivative, such as argmax"),
        (lambda: viz.graph(nn.ReLU()), TypeError, r"viz\.graph\(lambda: model\(x\)\)"),
        (lambda: viz.play(x * 2), RuntimeError, r"viz\.play\(output, gradient=\.\.\.\)"),
        (lambda: viz.graph(y).save("a\0.dot"), ValueError, "cannot write"),
        (lambda: mt.autograd.set_detect_anomaly(2), TypeError, "mode is True or False"),
    ):
        with pytest.raises(error, match=said):
            call()
    assert viz.graph(y, show=None, open=None).boxes


def test_an_optimizer_s_step_in_between():
    w = mt.tensor([1.0, 2.0], requires_grad=True)
    y = (w * w).sum()
    with mt.no_grad():
        w.add_(1.0)
    with pytest.raises(RuntimeError, match=r"if that was optimizer\.step\(\), draw before it"):
        viz.play(y)
    assert observers == []


def test_names_with_braces_and_markup_stay_text():
    pytest.importorskip("pygraphviz")
    x = mt.ones(2, requires_grad=True)
    page = viz.play(x.sum(), params={"{{data}}": x}, inputs={"<script>alert(1)</script>": x}).html
    assert page.count("{{data}}") >= 2
    y = x.sum()
    page = viz.play(y, inputs={"<script>alert(1)</script>": y}).html
    assert "<script>alert" not in page


def test_why_ends_on_graphs_with_more_paths_than_can_be_followed():
    x = mt.randn(8, 8, requires_grad=True)
    y = x
    for _ in range(12):
        y = (y @ x).relu()  # which cuts many ways
    why = viz.why(x, y.sum())
    assert eval(why.expression) == pytest.approx(why.value, rel=1e-3)


def test_each_recorded_backward_is_played_as_it_was():
    w = mt.tensor(2.0, requires_grad=True)
    with viz.record():
        a, b = w * 3, w * 5
        a.backward()
        b.backward()
    assert viz.replay(viz.play(a).trace)["w"].item() == 3
    assert viz.replay(viz.play(b).trace)["w"].item() == 8
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        y = (Implicit.apply(x) * 1).sum()
        y.backward()
    assert viz.replay(viz.play(y).trace)["x"].tolist() == x.grad.tolist()


def test_a_hook_in_place_does_not_change_what_a_sweep_began_with():
    h = mt.ones(2, requires_grad=True) * 2

    def triple(grad):
        grad.mul_(3)

    h.register_hook(triple)
    seed = mt.ones(2)
    for _ in range(2):
        viz.play(h, gradient=seed)
    assert seed.tolist() == [1, 1]


def test_paths_beside_an_infinite_slope():
    x = mt.tensor([0.0, 1.0], requires_grad=True)
    why = viz.why(x, (x.log() * 3).sum(), index=0)
    assert eval(why.expression) == why.value == float("inf")
    x = mt.tensor([-1.0, 4.0], requires_grad=True)
    assert eval(viz.why(x, x.relu().sqrt().sum(), index=0).expression) == 0


def test_a_leaf_whose_gradient_was_asked_for_dies(no_collector):
    w = mt.tensor(2.0, requires_grad=True)
    with viz.record():
        mt.autograd.grad(w * 3, w)
    leaf = weakref.ref(w)
    del w
    assert leaf() is None


def test_letters_of_a_function_with_setup_context():
    class Times(Function):
        """a b;  in a: b, in b: a"""

        @staticmethod
        def forward(a, b):
            return a * b

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, grad):
            a, b = ctx.saved_tensors
            return grad * b, grad * a

    x, y = mt.tensor(2.0, requires_grad=True), mt.tensor(3.0, requires_grad=True)
    text = repr(viz.play(Times.apply(x, y)))
    assert "∂①/∂x = y   (from its backward)" in text
    assert "∂①/∂y = x   (from its backward)" in text


def test_a_variable_with_a_name_that_no_file_can_hold():
    globals()["\0odd"] = mt.ones(1, requires_grad=True)
    try:
        assert "\0" not in viz.graph(globals()["\0odd"] * 2).digraph.source
    finally:
        del globals()["\0odd"]


# ---- laps ---------------------------------------------------------------------------------------------------------------


def test_an_earlier_backward_that_cannot_be_played_again():
    w = mt.tensor([1.0, 2.0], requires_grad=True)
    optimizer = mt.optim.SGD([w], lr=0.1)
    with viz.record():
        loss = (w * w).sum()
        loss.backward()
        optimizer.step()
        loss = (w * w).sum()
        loss.backward()
    player = viz.play(loss)
    assert {frame["lap"] for frame in player.trace["frames"]} == {0}
    assert viz.replay(player.trace)["w"].tolist() == w.grad.tolist()


def test_a_gradient_that_was_asked_for_does_not_replace_the_backward():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        h = x * 2
        y = (h * h).sum()
        y.backward(retain_graph=True)
        mt.autograd.grad(y, h)
    assert viz.replay(viz.play(y).trace)["x"].tolist() == x.grad.tolist()


def test_laps_are_few_and_their_graphs_die(no_collector):
    w, nodes = mt.tensor([1.0], requires_grad=True), []
    with viz.record():
        for _ in range(12):
            loss = (w * 2).sum()
            nodes.append(weakref.ref(loss.grad_fn))
            loss.backward()
    assert sum(node() is not None for node in nodes) <= 4
    assert {frame["lap"] for frame in viz.play(loss).trace["frames"]} == {0, 1, 2, 3}
    del loss
    assert all(node() is None for node in nodes)


def test_replayed_numbers_are_tensors_and_traces_are_json():
    x = mt.tensor(3.0, requires_grad=True)
    assert viz.replay(viz.play(x * x).trace)["x"].numpy() == 6
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        y = (x / 0).sum()
    json.dumps(viz.play(y).trace, allow_nan=False)


def test_open_is_checked_by_the_player_too():
    y = mt.ones(1, requires_grad=True).sin().sum()
    for nonsense in (-1, True, 1.5):
        with pytest.raises(ValueError, match=r"play\(\): open is a depth"):
            viz.play(y, open=nonsense)
    with pytest.raises(ValueError, match=r"play\(\): open names 'nope'"):
        viz.play(y, open="nope")
