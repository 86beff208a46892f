"""The player and `why`: what they tell is the engine's own backward, to the last bit, for every op of the database."""

import json
import random
import re

import numpy as np
import pytest

import minitorch as mt
import minitorch.nn.functional as F
from minitorch import nn, viz
from minitorch.autograd import Function
from minitorch.nn.hooks import BackwardHookFunction
from minitorch.ops.matrix import MatMul
from minitorch.viz.record import rules
from minitorch.viz.record.tape import formula
from tests.checks import OPS, outputs_of
from tests.drawing import Draw
from tests.samples import SAMPLES, sample_of


def through_json(player):
    return json.loads(json.dumps(player.trace, allow_nan=False))


def array(trace, frame, key):
    a = trace["arrays"][frame[key]]
    return np.array([float(v) for v in a["values"]], a["dtype"]).reshape(a["shape"])


def summed_to(grad, shape):
    lead = grad.ndim - len(shape)
    axes = (*range(lead), *(i + lead for i, n in enumerate(shape) if n == 1 and grad.shape[i + lead] != 1))
    return grad.sum(axis=axes).reshape(shape)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(OPS))
def test_a_replayed_trace_is_the_backward_to_the_last_bit(name):
    rng = random.Random(name)
    for _ in range(3):
        sample = sample_of(OPS[name], Draw(rng.randint))
        outputs = outputs_of(sample.function(*sample.inputs))
        weights = [mt.from_numpy(np.cos(1.0 + np.arange(o.numel()))).reshape(o.shape) for o in outputs]
        loss = sum(((o * w).sum() for o, w in zip(outputs, weights, strict=True)), mt.zeros((), dtype=mt.float64))
        if loss.grad_fn is None:
            continue
        names = {f"input {i}": x for i, x in enumerate(sample.inputs)}
        with viz.record():
            player = viz.play(loss, params=names)
        assert all(x.grad is None for x in sample.inputs)  # a picture changes nothing
        trace = through_json(player)
        loss.backward(retain_graph=True)
        replayed = viz.replay(trace)
        for label, x in names.items():
            assert (label in replayed) == (x.grad is not None)
            if x.grad is not None:
                assert replayed[label].numpy().tobytes() == x.grad.numpy().tobytes()
                assert replayed[label].shape == x.grad.shape
        for frame in trace["frames"]:
            if frame["kind"] != "backward":
                continue
            contribution = array(trace, frame, "contribution")
            if "local" in frame:
                (number,) = frame["upstream"]
                upstream = array(trace, {"upstream": number}, "upstream")
                product = summed_to(upstream * array(trace, frame, "local"), contribution.shape)
                np.testing.assert_allclose(product, contribution, rtol=1e-9, atol=1e-12)
            part = frame.get("part")
            if part and part["count"] == len(part["terms"]):
                total = sum(upstream * local for _, upstream, local in part["terms"])
                assert total == pytest.approx(part["share"], rel=1e-9, abs=1e-12)
        for x in sample.inputs:
            if x.grad is not None and x.numel():
                explained = viz.why(x, loss)
                assert eval(explained.expression) == pytest.approx(explained.value, rel=1e-9, abs=1e-12)
                assert explained.value == pytest.approx(x.grad.numpy().flat[np.abs(x.grad.numpy()).argmax()], rel=1e-12)


def test_every_op_is_in_that_and_says_what_its_derivative_is():
    assert set(OPS.values()) == set(SAMPLES)
    for op in set(SAMPLES) - {BackwardHookFunction}:
        computes, derivative = formula(op)
        assert computes, op
        assert derivative, op
    assert formula(MatMul, "b") == ("a @ b of two stacks of matrices", "a^T @ grad")


def plain(parts):
    return rules.plain([tuple(part) for part in parts])


@pytest.fixture
def fan_out():
    w = mt.tensor([0.5, -1.0, 2.0], requires_grad=True)
    a = mt.tensor([1.0, 2.0, 3.0])
    with viz.record():
        h = w * a
        loss = (h.sum() - 1) ** 2 + h.mean()
    return w, a, loss


def words(player, phase, index=0):
    return [step["words"] for step in player.trace["steps"] if step["phase"] == phase][index]


def test_steps_in_words(fan_out):
    w, a, loss = fan_out
    player = viz.play(loss, params={"w": w}, inputs={"a": a})
    kinds = [frame["kind"] for frame in player.trace["frames"]]
    assert kinds == ["forward"] * 6 + ["start"] + ["backward"] * 7 + ["leaf", "end"]
    phases = [step["phase"] for step in player.trace["steps"]]
    assert phases == ["forward"] * 6 + ["start"] + ["backward"] * 6 + ["end"]  # the sum's two arguments are one step
    assert words(player, "forward")[0] == "h = w × a"
    assert "h = [0.5  −2  6]" in words(player, "forward")
    assert words(player, "start")[:3] == ["The backward pass starts at the output, loss.", "∂loss/∂loss = 1", "1"]
    assert words(player, "start")[-1].startswith("It is 1 because loss changes by exactly as much as loss does.")
    assert words(player, "forward")[-1].endswith("h = w * a")
    assert words(player, "backward")[0] == "The sum loss sends its gradient to ① and mean(h), unchanged."
    told = words(player, "backward", 2)
    assert told[0] == "The power ① sends its gradient to sum(h) − 1, scaled by 2 · (sum(h) − 1)."
    told = words(player, "backward", 4)  # the second part of the sum at h
    assert told[0] == "sum sends its gradient to h, unchanged."
    assert "part of ∂loss/∂h = ∂loss/∂sum(h)" in told  # the equations of two parts do not contradict each other
    assert "h[0]: 7 × 1 = 7" in told
    assert "∂loss/∂sum(h) = 7" in told
    assert "∂sum(h)/∂h = [1  1  1]" in told
    assert "chain rule: ∂loss/∂① · ∂①/∂(sum(h) − 1) · ∂(sum(h) − 1)/∂sum(h) · ∂sum(h)/∂h" in told
    parts = "[0.3333  0.3333  0.3333] from mean(h) + [7  7  7] from sum(h) = [7.333  7.333  7.333]"
    assert f"part 2 of 2 for h: {parts}" in told
    first = "part 1 of 2 for h: [0.3333  0.3333  0.3333] from mean(h) = [0.3333  0.3333  0.3333]; 1 still to come"
    assert first in words(player, "backward", 1)
    assert words(player, "backward", 5)[:3] == [
        "The product h sends its gradient to w, scaled by a.",
        "∂loss/∂w = ∂loss/∂h · a",
        "w[2]: 7.333 × 3 = 22",
    ]
    assert words(player, "end") == ["Done: one tensor has its gradient.", "w.grad = [7.333  14.67  22]"]
    nodes = {node["name"]: node for node in player.trace["nodes"]}
    assert nodes["h"]["line"].endswith("h = w * a")
    assert nodes["h"]["derivative"] == "in a: b, in b: a"
    for step in player.trace["steps"]:  # the text twin has the same words
        for line in step["words"]:
            assert line in repr(player)


def test_only_what_a_derivative_uses_is_shown():
    layer, x = nn.Linear(3, 2), mt.randn(4, 3, requires_grad=True)
    with viz.record():
        loss = layer(x).sum()
    (step,) = [s for s in viz.play(loss).trace["steps"] if s["phase"] == "backward" and s["title"].startswith("Linear")]
    assert step["title"] == "Linear (layer) sends its gradient to x, weight and bias."
    used = {t["name"]: [a[0][0][1] for a in t["arrays"] if a[2] == "used"] for t in step["targets"]}
    assert used == {"x": ["weight"], "weight": ["x"], "bias": []}
    rules = [plain(t["rule"]) for t in step["targets"]]
    assert rules == [
        "∂loss/∂x = ∂loss/∂layer @ weight",
        "∂loss/∂weight = (∂loss/∂layer)ᵀ @ x",
        "∂loss/∂bias = Σ ∂loss/∂layer, over the rows",
    ]


def test_a_call_of_several_operations_is_one_step():
    x, labels = mt.randn(3, 4, dtype=mt.float64, requires_grad=True), mt.tensor([1, 0, 3])
    with viz.record():
        loss = F.cross_entropy(x, labels)
    player = viz.play(loss)
    titles = [step["title"] for step in player.trace["steps"] if step["title"].startswith("cross_entropy")]
    assert titles == ["cross_entropy sends its gradient to x."]
    step = next(s for s in player.trace["steps"] if s["title"] in titles)
    assert plain(step["targets"][0]["rule"]) == "∂loss/∂x = (softmax(x) − onehot(labels)) / 3"
    gradient = (F.softmax(x.detach(), 1) - F.one_hot(labels, 4)) / 3
    share = step["targets"][0]["part"]
    assert share["share"] == pytest.approx(gradient.numpy().flat[np.abs(gradient.detach().numpy()).argmax()])
    assert sum(up * slope for _, up, slope in share["terms"]) == pytest.approx(share["share"])
    inside = [s["title"] for s in player.trace["steps"] if s["phase"] == "backward" and s["card"] != step["card"]]
    assert len(inside) == 4
    assert repr(player).count("sends its gradient") == 1


def test_a_nudge_is_a_difference_beside_its_derivative():
    w, x = mt.tensor([1.0, -2.0], requires_grad=True, dtype=mt.float64), mt.tensor([3.0, 0.5], dtype=mt.float64)
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Dropout(0.4)).double()
    with viz.record():
        h = w * x
        loss = (net(h) ** 2).sum() + F.max_pool1d(h[None], 2).sum()
    (nudge, *others) = viz.play(loss).trace["nudges"]
    assert {n["name"].partition("[")[0] for n in (nudge, *others)} == {"w", "0.weight", "0.bias"}
    name = nudge["name"]
    k = int(name[2])
    assert nudge["by"] == pytest.approx(0.01 * max(1, abs(w[k].item())))
    by_name = {value[1]: value[2:] for value in nudge["values"]}
    assert by_name[name] == [nudge["by"], nudge["by"]]
    assert by_name[f"h[{k}]"] == pytest.approx([nudge["by"] * x[k].item()] * 2)
    change, slope = by_name["loss"]
    loss.backward()
    assert slope == pytest.approx(nudge["by"] * w.grad[k].item(), rel=1e-9)
    assert change == pytest.approx(slope, rel=0.2)
    assert change != slope


def test_two_backward_without_zero_grad_are_two_laps():
    w, x = mt.tensor(1.0, requires_grad=True), mt.tensor(3.0)
    with viz.record():
        ((w * x - 1) ** 2).backward()
        loss = (w * x - 1) ** 2
        loss.backward()
    player = viz.play(loss)
    starts = [step["title"] for step in player.trace["steps"] if step["phase"] == "start"]
    assert starts == ["backward() number 1 starts at its output, loss₁.", "backward() number 2 starts at its output, loss."]
    assert [step["title"] for step in player.trace["steps"] if step["phase"] == "grad"] == [
        "w.grad was None; it is now this gradient.",
        "w.grad already had a value: backward() adds to it.",
    ]
    assert "12 + 12 = 24" in words(player, "grad", 1)
    assert viz.replay(through_json(player))["w"].item() == w.grad.item() == 24
    w.grad = None
    with viz.record():
        first = w * x
        first.backward(retain_graph=True)
        first.backward()
        w.grad = None  # what was before is gone
        loss = w * x
        loss.backward()
    assert viz.replay(viz.play(first).trace)["w"].item() == 6
    assert {frame["lap"] for frame in viz.play(first).trace["frames"]} == {0, 1}
    assert viz.replay(viz.play(loss).trace)["w"].item() == 3
    assert {frame["lap"] for frame in viz.play(loss).trace["frames"]} == {0}


@pytest.mark.slow
def test_a_player_begins_with_forty_steps_at_most():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)

        def forward(self, x):
            return x + self.norm(self.conv(x)).relu()

    net = nn.Sequential(nn.Conv2d(1, 4, 3), *[Block() for _ in range(8)], nn.Flatten(), nn.Linear(144, 2))
    cell, words_, h = nn.Linear(2, 2), mt.randn(100, 1, 2), mt.zeros(1, 2)
    with viz.record():
        loss = F.cross_entropy(net(mt.randn(1, 1, 8, 8)), mt.tensor([1]))
        for t in range(100):
            h = (cell(words_[t]) + h).tanh()
        out = h.sum()
    for output in (loss, out):
        first = [line for line in repr(viz.play(output)).splitlines() if re.match(r" *\d+  \S", line)]
        assert 4 < len(first) <= 40


def test_a_second_backward_adds_to_the_first(fan_out):
    w, _, loss = fan_out
    loss.backward(retain_graph=True)
    player = viz.play(loss, params={"w": w})
    assert w.grad.tolist() == pytest.approx([22 / 3, 44 / 3, 22])
    assert words(player, "grad") == [
        "w.grad already had a value: backward() adds to it.",
        "already in w.grad, left by an earlier backward() = [7.333  14.67  22]",
        "added now = [7.333  14.67  22]",
        "w.grad = [14.67  29.33  44]",
        "With zero_grad() in between it would be [7.333  14.67  22].",
    ]
    loss.backward()
    assert viz.replay(player.trace)["w"].tolist() == w.grad.tolist()


def test_hooks_are_told_and_retained_gradients_left_alone():
    x = mt.tensor(3.0, requires_grad=True)
    h = x * 2
    h.register_hook(lambda grad: grad * 10)
    x.register_hook(lambda grad: grad + 1)
    h.retain_grad()
    y = h * h
    player = viz.play(y)
    assert h.grad is None
    assert words(player, "hook")[:4] == ["Your hook changed ∂y/∂h.", "12 → 120", "before = 12", "after = 120"]
    y.backward()
    assert x.grad.item() == 241
    assert h.grad.item() == 120
    assert viz.replay(through_json(player))["x"].item() == 241


def test_several_outputs_and_a_gradient_to_start_from():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    with pytest.raises(RuntimeError, match=r"shape \[2\]: reduce it to a number first"):
        viz.play(y)
    player = viz.play(y, gradient=mt.tensor([1.0, -1.0]))
    y.backward(mt.tensor([1.0, -1.0]))
    assert viz.replay(player.trace)["x"].tolist() == x.grad.tolist()
    x.grad = None
    a, b = x.sum(), (x * 3).sum()
    player = viz.play([a, b])
    mt.autograd.backward([a, b])
    assert viz.replay(player.trace)["x"].tolist() == x.grad.tolist() == [4, 4]
    assert "(a + b)" in repr(player)
    values, places = mt.tensor([3.0, 1.0], requires_grad=True).sort()
    assert [grad.tolist() for grad in viz.replay(viz.play(values.sum()).trace).values()] == [[1, 1]]
    assert places.tolist() == [1, 0]


def test_numbers_that_are_none_go_through_json():
    x = mt.tensor([0.0, -1.0], requires_grad=True)
    y = (x.log() * mt.tensor([1.0, 0.0])).sum()
    trace = through_json(viz.play(y))
    y.backward()
    assert [repr(v) for v in viz.replay(trace)["x"].tolist()] == [repr(v) for v in x.grad.tolist()] == ["inf", "-0.0"]
    with pytest.raises(TypeError, match=r"viz.play\(loss\).trace"):
        viz.replay({"frames": []})
    with pytest.raises(ValueError, match="the trace is damaged"):
        viz.replay({**trace, "arrays": trace["arrays"][:1]})


def test_a_program_s_own_function_is_played():
    class Cube(Function):
        """x^3;  3 x^2"""

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * 3 * x**2

    class Numeric(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return mt.from_numpy(x.detach().numpy() ** 2)

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return mt.from_numpy(2 * x.detach().numpy() * grad.detach().numpy())  # cannot be differentiated again

    for op, slope in ((Cube, 12.0), (Numeric, 4.0)):
        x = mt.tensor([2.0, 1.0], requires_grad=True)
        with viz.record():
            y = op.apply(x).sum()
        trace = viz.play(y).trace
        step = next(s for s in trace["steps"] if s["phase"] == "backward" and s["title"].endswith("to x."))
        assert step["title"] == f"{op.__name__} sends its gradient to x."
        assert step["targets"][0]["part"]["terms"] == [["①[0]", 1.0, slope]]
        assert ("from its backward" in plain(step["targets"][0]["rule"])) == (op is Numeric or op is Cube)
        assert viz.why(x, y, index=0).value == slope
        assert len(viz.why(x, y, index=0).paths) == 1
    nodes = viz.play(y).trace["nodes"]
    assert next(n for n in nodes if n["op"] == "Numeric")["derivative"].startswith("mt.from_numpy(2 * x")


def test_what_backward_has_freed():
    x = mt.tensor(2.0, requires_grad=True)
    y = x * x
    y.backward()
    for look in (viz.play, lambda y: viz.why(x, y)):
        with pytest.raises(
            RuntimeError, match=r"MulBackward0 has freed .* or keep the graph with backward\(retain_graph=True\)"
        ):
            look(y)
    assert viz.graph(y).boxes  # which needs nothing that was freed
    with viz.record():
        y = x * x
        y.backward()
    assert viz.why(x, y).value == 4
    assert viz.play(y).trace["frames"]
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()  # as if nobody had looked


def test_refusals(fan_out, tmp_path):
    _, _, loss = fan_out
    with pytest.raises(RuntimeError, match="no history"):
        viz.play(mt.ones(1))
    with pytest.raises(RuntimeError, match="no history"):
        viz.play(loss.detach())
    with pytest.raises(TypeError, match="gradient is a Tensor"):
        viz.play(loss, gradient=1.0)
    with pytest.raises(TypeError, match="got Linear"):
        viz.play(nn.Linear(2, 2))
    player = viz.play(loss)
    with pytest.raises(ValueError, match=r"the endings \.html, \.svg and \.json are known"):
        player.save(tmp_path / "x.png")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="a path in a folder that you may write to"):
        player.save(tmp_path / "file" / "x.json")
    x = mt.ones(1, requires_grad=True)
    for _ in range(3001):
        x = x + 1.0
    with pytest.raises(ValueError, match="this graph has 3,002; it plays up to 3,000"):
        viz.play(x)


def test_why_over_all_paths():
    x = mt.tensor(3.0, requires_grad=True)
    a, b = x * 2, x.sin()
    y = a * b + a
    explained = viz.why(x)
    assert len(explained.paths) == 3
    assert explained.value == pytest.approx(x.grad.item() if x.grad else 2 * np.sin(3) + 6 * np.cos(3) + 2, rel=1e-6)
    assert eval(explained.expression) == pytest.approx(explained.value, rel=1e-6)
    assert "  = ∂y/∂(a·b) · ∂(a·b)/∂b · ∂b/∂x" in str(explained)
    assert explained.latex.startswith(r"\begin{aligned} \frac{\mathrm{d} y}{\mathrm{d} x} &= ")
    assert explained.latex.count(r"\frac") == 1 + 3 + 3 + 2
    assert explained._repr_mimebundle_()["text/latex"].startswith("$")
    for _ in range(40):  # 2^40 paths
        y = y + y
    explained = viz.why(x, y)
    assert len(explained.paths) == 24
    assert eval(explained.expression) == pytest.approx(explained.value, rel=1e-5)
    assert "The 24 largest paths begin with x" in str(explained)
    assert str(explained).splitlines()[-1].endswith("  all other paths")
    assert max(map(len, str(explained).splitlines())) <= 140


def test_why_of_one_element_of_a_net():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)).double()
    x = mt.randn(2, 1, 4, 4, dtype=mt.float64)
    loss = F.cross_entropy(model(x), mt.tensor([0, 2]))
    explained = viz.why(model[0].weight, loss, index=(1, 0, 2, -1))
    loss.backward()
    assert explained.name == "dloss/d0.weight[1, 0, 2, 2]"
    assert explained.value == model[0].weight.grad[1, 0, 2, 2].item()
    assert eval(explained.expression) == pytest.approx(explained.value, rel=1e-9)
    sizes = [abs(path.product) for path in explained.paths]
    assert sizes == sorted(sizes, reverse=True)


def test_what_why_refuses():
    x, other = mt.ones(2, requires_grad=True), mt.ones(2, requires_grad=True)
    y = (x * 2).sum()
    for call, error, said in (
        (lambda: viz.why(2.0), TypeError, "got float"),
        (lambda: viz.why(mt.ones(2)), RuntimeError, "requires no gradient"),
        (lambda: viz.why(x, 3), TypeError, "output is the Tensor"),
        (lambda: viz.why(x, x * 2), RuntimeError, r"the output has shape \[2\]"),
        (lambda: viz.why(other, y), RuntimeError, "y does not depend on this tensor"),
        (lambda: viz.why(other), RuntimeError, r"Name it, viz.why\(x, loss\)"),
        (lambda: viz.why(x, y, index=2), IndexError, "index 2 is out of range for dimension 0 of size 2"),
        (lambda: viz.why(x, y, index=(0, 0)), IndexError, "names one element"),
    ):
        with pytest.raises(error, match=said):
            call()


def test_the_page_holds_no_markup_of_the_program(tmp_path):
    pytest.importorskip("pygraphviz")
    evil = "</script><script>alert(1)</script>&<b>"
    w = mt.tensor([1.0, float("nan")], requires_grad=True)
    text = viz.play((w * 2).sum(), tmp_path / "new" / "page.html", params={evil: w})._repr_mimebundle_()["text/html"]
    page = (tmp_path / "new" / "page.html").read_text()
    assert "alert(1)</script>" not in page
    assert "<b>" not in re.sub(r"<script.*", "", page, flags=re.S)
    assert text.startswith("<iframe srcdoc=")
    assert json.loads((viz.play((w * 2).sum()).save(tmp_path / "trace.json")).read_text())["frames"]


@pytest.mark.slow
def test_the_page_of_lenet_is_small():
    pytest.importorskip("pygraphviz")
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip
    with viz.record():
        loss = F.cross_entropy(model(mt.randn(64, 1, 28, 28)), mt.arange(64) % 10)
    page = viz.play(loss).html
    assert len(page.encode()) <= 300_000
    assert not re.search(r"(?:src|href)=['\"]?(?:https?:)?//", page)


def test_the_gradients_of_the_player_are_those_of_backward():
    x = mt.tensor([1.0, -2.0], requires_grad=True)
    with viz.record():
        y = x * x
        loss = (y * 3).sum()
        loss.backward()
    assert x.grad.tolist() == [6, -12]
    trace = json.loads(json.dumps(viz.play(loss).trace))
    assert trace["steps"]
    text = repr(viz.play(loss))
    assert "6  −12" in text
    assert "[3  3]" in text


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: nn.CrossEntropyLoss(weight=mt.tensor([1.0, 2.0, 3.0]))(x, mt.tensor([0, 2])),
        lambda x: nn.CrossEntropyLoss()(x, mt.tensor([0, -100])),
        lambda x: nn.CrossEntropyLoss(ignore_index=2)(x, mt.tensor([0, 2])),
        lambda x: F.cross_entropy(x, mt.tensor([0, -100])),
        lambda x: nn.BCEWithLogitsLoss(pos_weight=mt.tensor([1.0, 2.0, 3.0]))(x, mt.ones(2, 3)),
    ],
)
def test_a_loss_with_weights_or_ignored_targets_has_no_formula(loss):
    x = mt.randn(2, 3, requires_grad=True)
    with viz.record():
        value = loss(x)
        value.backward()
    text = str(viz.play(value))
    assert "softmax(x)" not in text
    assert "sigmoid(x)" not in text
