"""Formulas that are worked with numbers: each ends at the layer's value and its gradient."""

import copy
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, viz


@pytest.mark.parametrize(
    ("layer", "args"),
    [
        (nn.Softmax(1), (mt.randn(2, 3),)),
        (nn.LogSoftmax(-1), (mt.randn(2, 2, 3),)),
        (nn.CrossEntropyLoss(), (mt.randn(3, 4), mt.tensor([0, 3, 1]))),
        (nn.CrossEntropyLoss(reduction="sum"), (mt.randn(3, 4), mt.tensor([0, -100, 1]))),
        (nn.MSELoss(), (mt.randn(2, 3), mt.randn(2, 3))),
        (nn.L1Loss(reduction="sum"), (mt.randn(4), mt.randn(4))),
        (nn.BatchNorm1d(3), (mt.randn(4, 3),)),
        (nn.BatchNorm2d(2).eval(), (mt.randn(2, 2, 2, 2),)),
        (nn.BatchNorm1d(3, affine=False, track_running_stats=False), (mt.randn(4, 3),)),
        (nn.LayerNorm((2, 2)), (mt.randn(3, 2, 2),)),
        (nn.Dropout(0.5), (mt.zeros(3, 4),)),
        (nn.Dropout(0.5).eval(), (mt.randn(3, 4),)),
    ],
)
def test_a_formula_that_is_worked_ends_at_the_layer_and_its_gradient(layer, args, tmp_path):
    before = [b.clone() for b in layer.buffers()]
    shown = viz.worked(layer, *args)
    assert all((a == b).all() for a, b in zip(before, layer.buffers(), strict=True))
    x = args[0].clone().requires_grad_()
    cells = {row: {h: g.columns[h][i] for h in g.columns} for g in shown.groups for i, row in enumerate(g.rows)}
    assert list(cells) != []
    assert len(cells) == x.numel()
    twin = copy.deepcopy(layer)
    dropping = isinstance(layer, nn.Dropout)
    if dropping:  # its own draw: what is kept is scaled
        scale = 2.0 if layer.training else 1.0
        assert all(row["∂L/∂x"] == row["kept"] * scale for row in cells.values())
        return
    y = twin(x, *args[1:])
    upstream = mt.ones_like(y)
    if len(args) == 1:
        upstream.reshape(-1)[1:] = 0
    y.backward(upstream)
    for place in np.ndindex(*x.shape):
        row = cells[f"x[{', '.join(map(str, place))}]"]
        assert row["x"] == pytest.approx(float(x[place]))
        assert row["∂L/∂x"] == pytest.approx(float(x.grad[place]), rel=1e-4, abs=1e-6)
        if len(args) == 1:
            assert [*row.values()][-2] == pytest.approx(float(y[place]), rel=1e-5)
    if isinstance(layer, nn.CrossEntropyLoss):
        kept = [i for i, t in enumerate(args[1].tolist()) if t >= 0]
        total = sum(row["−t·log p"] for name, row in cells.items() if int(name[2]) in kept)
        assert total / (len(kept) if layer.reduction == "mean" else 1) == pytest.approx(float(y), rel=1e-5)
    assert ET.fromstring(shown.svg).tag.endswith("svg")
    assert json.loads(shown.save(tmp_path / "w.json").read_text())["groups"][0]["rows"] == list(shown.groups[0].rows)
    assert "<script" not in shown.save(tmp_path / "w.html").read_text()


def test_cross_entropy_of_large_scores_is_worked():
    shown = viz.worked(nn.CrossEntropyLoss(), mt.tensor([[1000.0, 0.0]]), mt.tensor([1]))
    assert shown.groups[0].columns["−t·log p"] == [0.0, 1000.0]
    ignored = viz.worked(nn.CrossEntropyLoss(ignore_index=0), mt.tensor([[1.0, 0.0]]), mt.tensor([0]))
    assert ignored.groups[0].columns["−t·log p"] == [0.0, 0.0]
    assert "every target is ignored" in ignored.words


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: viz.worked(nn.ReLU(), mt.ones(2)), TypeError, "no ReLU: viz.animate shows"),
        (lambda: viz.worked(nn.Softmax, mt.ones(2)), TypeError, "an nn.Module"),
        (lambda: viz.worked(nn.Softmax(0), [1.0]), TypeError, "a Tensor, not list"),
        (lambda: viz.worked(nn.Softmax(0), mt.ones(200)), ValueError, "too many to read, 120 at most"),
        (lambda: viz.worked(nn.MSELoss(), mt.ones(2)), TypeError, "MSELoss takes a target, too"),
        (lambda: viz.worked(nn.Softmax(0), mt.ones(2), mt.ones(2)), TypeError, "Softmax takes no target"),
        (lambda: viz.worked(nn.CrossEntropyLoss(), mt.ones(1, 2), mt.ones(1, 2) / 2), ValueError, "for class numbers"),
        (lambda: viz.worked(nn.MSELoss(), mt.zeros(3, 1), mt.zeros(3)), ValueError, r"x is \[3, 1\] and the target \[3\]"),
        (lambda: viz.worked(nn.Softmax(0), mt.tensor(2.0)), ValueError, "a single number"),
    ],
)
def test_what_is_not_worked(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_batch_norm_without_bias_is_worked_out():
    text = str(viz.worked(nn.BatchNorm1d(2, bias=False), mt.rand(3, 2)))
    assert "times weight 1; running mean now" in text
    assert "y = weight·(x − mean) / √(var + eps); mean and" in text
    assert "plus bias" not in text


def test_a_norm_without_parameters_has_none_in_its_formula():
    bare = str(viz.worked(nn.BatchNorm1d(1, affine=False, track_running_stats=False), mt.tensor([[1.0], [3.0]])))
    assert "mean 2, variance 1\n" in bare
    assert "y = (x − mean) / √(var + eps); mean and" in bare
    assert "variance 1; running mean now" in str(viz.worked(nn.BatchNorm1d(1, affine=False), mt.tensor([[1.0], [3.0]])))
    assert "y = (x − mean) / √(var + eps); mean and" in str(viz.worked(nn.LayerNorm(2, elementwise_affine=False), mt.eye(2)))
    assert "y = weight·(x − mean) / √(var + eps) + bias; mean and" in str(viz.worked(nn.LayerNorm(2), mt.eye(2)))
