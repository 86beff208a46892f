"""Negative log-likelihoods beside loops over numbers: weights, smoothing, ignored targets, counts, variances."""

import math

import pytest

import minitorch as mt
from minitorch.autograd import gradcheck
from minitorch.nn import functional as F

P = [[0.2, 0.9], [0.5, 0.4]]
T = [[1.0, 0.0], [0.25, 1.0]]
SCORES = [[0.3, 2.0, -1.0], [0.0, 1.0, 0.5]]
WEIGHT = [0.5, 2.0, 1.0]


def table(rows):
    return mt.tensor(rows, dtype=mt.float64)


def reduced(losses, reduction):
    return math.fsum(losses) / (len(losses) if reduction == "mean" else 1)


def log_softmax(row):
    total = math.log(sum(map(math.exp, row)))
    return [x - total for x in row]


def entropy(p, t):
    return -t * math.log(p) - (1 - t) * math.log(1 - p)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_weight_scales_each_binary_loss(reduction):
    losses = [w * entropy(p, t) for ps, ts in zip(P, T, strict=True) for w, p, t in zip((3.0, 0.5), ps, ts, strict=True)]
    found = F.binary_cross_entropy(table(P), table(T), table([3.0, 0.5]), reduction=reduction)
    assert found.item() == pytest.approx(reduced(losses, reduction))
    logits = table([[math.log(p / (1 - p)) for p in row] for row in P])
    same = F.binary_cross_entropy_with_logits(logits, table(T), table([3.0, 0.5]), reduction=reduction)
    assert same.item() == pytest.approx(reduced(losses, reduction))
    positive = [
        -q * t * math.log(p) - (1 - t) * math.log(1 - p)
        for ps, ts in zip(P, T, strict=True)
        for q, p, t in zip((4.0, 0.5), ps, ts, strict=True)
    ]
    found = F.binary_cross_entropy_with_logits(logits, table(T), pos_weight=table([4.0, 0.5]), reduction=reduction)
    assert found.item() == pytest.approx(reduced(positive, reduction))


@pytest.mark.parametrize(
    ("p", "t", "sentence"),
    [
        ([1.5, 0.0], [0.0, 1.0], "input should be between 0 and 1, and they are between 0 and 1.5"),
        ([0.5, 0.5], [-1.0, 1.0], "target should be between 0 and 1, and they are between -1 and 1"),
        ([0.5, math.nan], [0.0, 1.0], "input should be between 0 and 1, and they are between nan and nan"),
    ],
)
def test_probabilities_are_in_their_range(p, t, sentence):
    with pytest.raises(RuntimeError, match=sentence):
        F.binary_cross_entropy(mt.tensor(p), mt.tensor(t))


def test_no_probabilities_are_in_range():
    assert F.binary_cross_entropy(mt.zeros(0), mt.zeros(0), reduction="sum").item() == 0


def test_the_divergence_of_two_distributions():
    logs, target = [[-0.5, -1.5], [-2.0, -0.1]], [[0.25, 0.0], [0.5, 0.5]]
    losses = [
        t * (math.log(t) - x) if t else 0.0 for xs, ts in zip(logs, target, strict=True) for x, t in zip(xs, ts, strict=True)
    ]
    assert F.kl_div(table(logs), table(target), reduction="batchmean").item() == pytest.approx(sum(losses) / 2)
    with pytest.warns(UserWarning, match="'mean' divides the total loss by both the batch size and the support size"):
        assert F.kl_div(table(logs), table(target)).item() == pytest.approx(sum(losses) / 4)
    of_logs = [math.exp(t) * (t - x) for xs, ts in zip(logs, SCORES, strict=True) for x, t in zip(xs, ts[:2], strict=True)]
    found = F.kl_div(table(logs), table(SCORES)[:, :2], reduction="sum", log_target=True)
    assert found.item() == pytest.approx(sum(of_logs))
    assert F.kl_div(table(-0.5), table(0.25), reduction="batchmean").item() == pytest.approx(0.25 * (math.log(0.25) + 0.5))


@pytest.mark.parametrize("targets", [[0, 2], [2, -100], [-100, -100]])
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cross_entropy_counts_weights_and_smooths(targets, weight, smoothing):
    scale, counted, uniform = weight or [1.0] * 3, [], []
    for row, t in zip(SCORES, targets, strict=True):
        logs = log_softmax(row)
        counted.append((scale[t], -scale[t] * logs[t]) if t >= 0 else (0.0, 0.0))
        uniform.append(-sum(w * x for w, x in zip(scale, logs, strict=True)) if t >= 0 else 0.0)
    total = sum(w for w, _ in counted)
    each = [(1 - smoothing) * loss + smoothing / 3 * u for (_, loss), u in zip(counted, uniform, strict=True)]
    x = table(SCORES).requires_grad_()
    options = {"weight": None if weight is None else table(weight), "label_smoothing": smoothing}
    loss = lambda reduction: F.cross_entropy(x, mt.tensor(targets), reduction=reduction, **options)  # noqa: E731
    assert loss("none").tolist() == pytest.approx(each)
    assert loss("sum").item() == pytest.approx(sum(each))
    if total:
        assert loss("mean").item() == pytest.approx(sum(each) / total)
        assert gradcheck(lambda x: F.cross_entropy(x, mt.tensor(targets), **options), x)
    else:
        assert math.isnan(loss("mean").item())
        (slope,) = mt.autograd.grad(loss("mean"), x)
        assert not slope.any()


def test_one_sample_without_a_batch():
    x = table(SCORES)
    for reduction in ("mean", "sum", "none"):
        one = F.cross_entropy(x[0], mt.tensor(2), reduction=reduction)
        assert one.shape == ()
        assert one.item() == pytest.approx(-log_softmax(SCORES[0])[2])
    bytes_ = F.nll_loss(x, mt.tensor([0, 2], dtype=mt.uint8), reduction="sum")
    assert bytes_.item() == pytest.approx(-SCORES[0][0] - SCORES[1][2])
    shares = F.cross_entropy(x[0], table([0.2, 0.5, 0.3]), table(WEIGHT))
    logs = log_softmax(SCORES[0])
    assert shares.item() == pytest.approx(-sum(w * t * x for w, t, x in zip(WEIGHT, (0.2, 0.5, 0.3), logs, strict=True)))


def test_counts_of_a_poisson_variable():
    rates, counts = [0.5, 2.0, 3.0], [0.0, 1.0, 6.0]
    plain = [r - n * math.log(r + 1e-8) for r, n in zip(rates, counts, strict=True)]
    stirling = [n * math.log(n) - n + 0.5 * math.log(2 * math.pi * n) if n > 1 else 0.0 for n in counts]
    found = F.poisson_nll_loss(table(rates), table(counts), log_input=False, full=True, reduction="none")
    assert found.tolist() == pytest.approx([a + b for a, b in zip(plain, stirling, strict=True)])
    logs = F.poisson_nll_loss(table(rates), table(counts), reduction="sum")
    assert logs.item() == pytest.approx(sum(math.exp(r) - n * r for r, n in zip(rates, counts, strict=True)))


@pytest.mark.parametrize(
    ("var", "of"),
    [
        (4.0, lambda i, j: 4.0),
        ([[1.0, 2.0], [3.0, 4.0]], lambda i, j: [[1.0, 2.0], [3.0, 4.0]][i][j]),
        ([1.0, 2.0], lambda i, j: [1.0, 2.0][i]),
        ([[1.0], [2.0]], lambda i, j: [1.0, 2.0][i]),
        ([[1.0, 2.0]], lambda i, j: [1.0, 2.0][j]),
        ([0.0, 1.0], lambda i, j: [0.1, 1.0][i]),
    ],
)
@pytest.mark.parametrize("full", [False, True])
def test_a_normal_variable_of_a_variance_for_each(var, of, full):
    var = var if isinstance(var, float) else table(var)
    found = F.gaussian_nll_loss(table(P), table(T), var, full, eps=0.1, reduction="none")
    constant = 0.5 * math.log(2 * math.pi) if full else 0.0
    expected = [
        [0.5 * (math.log(of(i, j)) + (P[i][j] - T[i][j]) ** 2 / of(i, j)) + constant for j in range(2)] for i in range(2)
    ]
    assert mt.allclose(found, table(expected), rtol=1e-12)


def test_where_nothing_counts_the_loss_is_nan_and_so_is_the_gradient_of_what_was_not_ignored():
    scores, weight = mt.zeros(2, 3, requires_grad=True), mt.tensor([1.0, 0.0, 1.0])
    for smoothing in (0.0, 0.2):
        scores.grad = None
        loss = mt.nn.functional.cross_entropy(scores, mt.tensor([1, 1]), weight, label_smoothing=smoothing)
        loss.backward()
        assert mt.isnan(loss)
        assert mt.isnan(scores.grad[:, 1]).all()
    scores.grad = None
    mt.nn.functional.cross_entropy(scores, mt.tensor([-100, -100])).backward()
    assert scores.grad.tolist() == [[0] * 3] * 2


def test_a_target_of_another_floating_type():
    x = mt.zeros(2, requires_grad=True)
    loss = mt.nn.functional.binary_cross_entropy_with_logits(x, mt.tensor([0.0, 1.0], dtype=mt.float64))
    loss.backward()
    assert loss.dtype is mt.float64
    assert x.grad.tolist() == [0.25, -0.25]
