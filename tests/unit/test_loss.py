"""Losses with margins beside loops over numbers."""

import math

import pytest

import minitorch as mt
from minitorch.autograd import gradcheck
from minitorch.nn import functional as F

A = [[0.3, -1.0, 2.0], [0.7, 0.2, -0.4]]
B = [[1.1, 0.4, 1.5], [-0.3, 0.9, 0.6]]
C = [[0.0, 0.5, -1.0], [2.0, -0.1, 0.8]]


def table(rows):
    return mt.tensor(rows, dtype=mt.float64)


def cells(*tables):
    return [cell for rows in zip(*tables, strict=True) for cell in zip(*rows, strict=True)]


@pytest.mark.parametrize("delta", [0.5, 3.0])
def test_huber(delta):
    size = [abs(a - b) for a, b in cells(A, B)]
    losses = [0.5 * d * d if d < delta else delta * (d - 0.5 * delta) for d in size]
    assert F.huber_loss(table(A), table(B), delta=delta, reduction="none").flatten().tolist() == pytest.approx(losses)
    weighted = F.huber_loss(table(A), table(B), delta=delta, reduction="sum", weight=table(C))
    assert weighted.item() == pytest.approx(sum(w * loss for w, loss in zip([*C[0], *C[1]], losses, strict=True)))


def test_margin_ranking():
    target = [[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]
    losses = [max(0.0, -t * (a - b) + 0.5) for a, b, t in cells(A, B, target)]
    assert F.margin_ranking_loss(table(A), table(B), table(target), 0.5).item() == pytest.approx(sum(losses) / 6)


def test_cosine_embedding():
    cosine = [
        sum(a * b for a, b in zip(*rows, strict=True)) / math.hypot(*rows[0]) / math.hypot(*rows[1])
        for rows in zip(A, B, strict=True)
    ]
    for signs in ([1, -1], [-1, 1], [-1, 2]):
        losses = [1 - c if s == 1 else max(0.0, c - 0.2) if s == -1 else 0.0 for c, s in zip(cosine, signs, strict=True)]
        found = F.cosine_embedding_loss(table(A), table(B), mt.tensor(signs), 0.2, reduction="none")
        assert found.tolist() == pytest.approx(losses)
    assert F.cosine_embedding_loss(table(A[0]), table(B[0]), mt.tensor(1)).item() == pytest.approx(1 - cosine[0])


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 1.0]])
def test_multi_margin(p, weight):
    scale = weight or [1.0] * 3
    losses = [
        sum(scale[y] * max(0.0, 0.7 - row[y] + x) ** p for k, x in enumerate(row) if k != y) / 3
        for row, y in zip(A, (2, 0), strict=True)
    ]
    weight = None if weight is None else table(weight)
    found = F.multi_margin_loss(table(A), mt.tensor([2, 0]), p, 0.7, weight, reduction="none")
    assert found.tolist() == pytest.approx(losses)
    one = F.multi_margin_loss(table(A[0]), mt.tensor(2), p, 0.7, weight, reduction="none")
    assert (one.shape, one.item()) == ((), pytest.approx(losses[0]))
    assert F.multi_margin_loss(table(A[0]), mt.tensor([2]), p, 0.7, weight, reduction="none").shape == (1,)
    assert gradcheck(lambda x: F.multi_margin_loss(x, mt.tensor([2, 0]), p, 0.7, weight), table(A).requires_grad_())


def test_multilabel_margin_counts_the_classes_before_the_first_minus_one():
    losses = []
    for row, labels in zip(A, ([2, 0, -1], [1, -1, 0]), strict=True):
        wanted = labels[: labels.index(-1)]
        losses.append(sum(max(0.0, 1 - row[y] + x) for y in wanted for k, x in enumerate(row) if k not in wanted) / 3)
    target = mt.tensor([[2, 0, -1], [1, -1, 0]])
    assert F.multilabel_margin_loss(table(A), target, reduction="none").tolist() == pytest.approx(losses)
    one = F.multilabel_margin_loss(table(A[0]), target[0], reduction="none")
    assert (one.shape, one.item()) == ((), pytest.approx(losses[0]))
    assert gradcheck(lambda x: F.multilabel_margin_loss(x, target), table(A).requires_grad_())


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("swap", [False, True])
def test_triplets(p, swap):
    def distance(a, b):
        return sum(abs(x - y + 1e-6) ** p for x, y in zip(a, b, strict=True)) ** (1 / p)

    losses = []
    for a, b, c in zip(A, B, C, strict=True):
        far = min(distance(a, c), distance(b, c)) if swap else distance(a, c)
        losses.append(max(0.0, distance(a, b) - far + 1.5))
    found = F.triplet_margin_loss(table(A), table(B), table(C), 1.5, p, swap=swap, reduction="none")
    assert found.tolist() == pytest.approx(losses)
    kept = F.pairwise_distance(table(A), table(B), p, keepdim=True)
    assert kept.tolist() == [[pytest.approx(distance(a, b))] for a, b in zip(A, B, strict=True)]


@pytest.mark.parametrize("loss", [mt.nn.functional.huber_loss, mt.nn.functional.smooth_l1_loss])
def test_a_nan_of_the_prediction_is_seen_in_the_gradient(loss):
    x = mt.tensor([float("nan"), 1.0, 3.0, float("inf")], requires_grad=True)
    loss(x, mt.zeros(4), reduction="sum").backward()
    assert mt.isnan(x.grad[0])
    assert x.grad[1:].tolist() == [1, 1, 1]
