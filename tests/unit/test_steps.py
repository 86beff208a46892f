"""The text of steps: the parts of a sum, the rules of this call, names in formulas."""

import re

import minitorch as mt
import minitorch.nn.functional as F
from minitorch import nn, viz
from minitorch.viz.record.tape import bracketed


def parts(player):
    return [line for line in repr(player).replace("  ", " ").splitlines() if "part " in line and " for " in line]


def test_the_parts_of_a_sum_add_up():
    x = mt.tensor(3.0, requires_grad=True)
    with viz.record():
        y = x * x + x
    assert [re.sub(r".*?(part.*?: .*)", r"\1", line).strip() for line in parts(viz.play(y))] == [
        "part 1 of 3 for x: 1 from y = 1; 2 still to come",
        "part 2 of 3 for x: 1 from y + 3 from x·x (first operand) = 4; 1 still to come",
        "part 3 of 3 for x: 1 from y + 3 from x·x (first operand) + 3 from x·x (second operand) = 7",
    ]
    for step in viz.play(y).trace["steps"]:
        for target in step["targets"]:
            assert 1 <= target["arrived"] <= target["arrived"] + target["awaited"] <= 3

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.outer = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x):
            return x + self.outer(self.inner(x).relu())

    blocks, x = nn.ModuleList([Residual(), Residual()]), mt.ones(3, 4, requires_grad=True)
    with viz.record():
        h = blocks[0](x)
        out = (blocks[1](h) + h).sum()
    counts = [re.search(r"part (\d) of (\d) for (\w)", line).groups() for line in parts(viz.play(out))]
    assert counts == [("1", "3", "h"), ("2", "3", "h"), ("3", "3", "h"), ("1", "2", "x"), ("2", "2", "x")]


def test_rules_are_of_this_call():
    x, labels = mt.randn(3, 4, requires_grad=True), mt.tensor([0, 1, 2])
    probabilities = mt.full((3, 4), 0.25)
    with viz.record():
        losses = {
            "(softmax(x) − onehot(labels)) / 3": F.cross_entropy(x, labels),
            "softmax(x) − onehot(labels)": F.cross_entropy(x, labels, reduction="sum"),
            "through": F.cross_entropy(x, labels, label_smoothing=0.1),
            "open the card": F.cross_entropy(x, probabilities),
            "2 · (x − probabilities) / 12": F.mse_loss(x, probabilities),
            "at the largest element, 0 elsewhere": x.max(),
            "1 / sqrt(1 − x²)": (x / 9).tanh().sum() + (x.clamp(-0.5, 0.5) * 1).asin().sum(),
        }
    for rule, loss in losses.items():
        assert rule in repr(viz.play(loss)) or rule.startswith("1 / sqrt"), rule
    b, y = mt.ones(3, requires_grad=True), mt.randn(4, 3, requires_grad=True)
    with viz.record():
        out = ((y + b) * 2).sum()
    assert "∂out/∂b = Σ ∂out/∂(y + b), over dim 0, along which b was repeated" in repr(viz.play(out))
    assert "unchanged" not in next(line for line in repr(viz.play(out)).splitlines() if "sends its gradient to y" in line)


def test_rules_of_losses_by_argument():
    v, labels = mt.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True), mt.tensor([1, 0])
    with viz.record():
        losses = (
            (F.mse_loss(mt.zeros(2, 2), v), "∂loss/∂v = ∂loss/∂loss · ∂loss/∂v   (through"),
            (F.cross_entropy(target=labels, input=v), "∂loss/∂v = (softmax(v) − onehot(labels)) / 2"),
            (F.cross_entropy(v.reshape(1, 2, 2), labels[None]), ") − onehot("),
            (nn.MSELoss()(v, v.detach() + 1), "∂loss/∂v = 2 · (v − "),
        )
    for loss, rule in losses:
        assert rule in repr(viz.play(loss))


def test_names_in_formulas_are_bracketed():
    for name in ("w", "h₂", "features.0", "net[0]", "①", "tanh(x)", "(11)"):
        assert bracketed(name) == name
    for name in ("a + b₂", "w·x", "y² ÷ x", "sum(h) − 1", "tanh(a) + tanh(b)"):
        assert bracketed(name) == f"({name})"
    x, k = mt.tensor(2.0, requires_grad=True), mt.tensor(3.0, requires_grad=True)
    with viz.record():
        h = x.sin()
        steps = [h]
        for _ in range(2):
            h = h.sin()
            steps.append(h)
        z = ((steps[1] + steps[2]) * k) / (x - steps[2])
    assert "÷ (x − h₂)" in repr(viz.play(z))


def test_calls_with_several_outputs():
    v = mt.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    with viz.record():
        a, b = v.chunk(2)
        loss = (a * b).sum()
    text = repr(viz.play(loss))
    for line in ("a, b = chunk(v)", "a = [1  2]", "b = [3  4]", "∂loss/∂v = the gradients of the pieces, joined"):
        assert line in text
    assert "∂loss/∂v = [3  4  1  2]" in text


def test_an_operand_that_was_not_recorded_has_a_placeholder():
    p = mt.tensor(2.0, requires_grad=True)
    for output, title, numbers, rule in (
        (p - 1, "output = p − (...)", "2 − (...) = 1", "∂output/∂p = ∂output/∂output"),
        (1 - p, "output = (...) − p", "(...) − 2 = −1", "∂output/∂p = ∂output/∂output · (−1)"),
        (mt.tensor(5.0) / p, "output = (...) ÷ p", "(...) ÷ 2 = 2.5", "∂output/∂p = ∂output/∂output · (−(...) / p²)"),
        (p**2, "output = p ^ (...)", "2 ^ (...) = 4", "∂output/∂p = ∂output/∂output · ((...) p^((...)−1))"),
    ):
        lines = [line.strip() for line in repr(viz.play([output])).splitlines()]
        assert lines[:2] == [f"1  {title}", numbers]
        assert rule in lines
        assert "(...) is an operand that was not kept" in lines[-1]
    w = mt.ones(1, 1, requires_grad=True)
    assert "∂①/∂w = (...)ᵀ @ ∂①/∂①" in repr(viz.play([mt.ones(1, 1) @ w]))
