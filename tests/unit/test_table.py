"""The table of a model: parameters, multiply-adds and kept memory, beside the taps and a walk of the graph."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings

import minitorch as mt
from minitorch import nn, viz
from minitorch.viz.layers.taps import taps_of
from tests.unit.test_taps import CONVOLUTIONS, TRANSPOSED, layers


def lenet():
    features = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh())
    return nn.Sequential(features, nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 10))


def test_what_a_model_has_and_does():
    model = lenet()
    table = viz.summary(model, (2, 1, 28, 28))
    assert table.parameters == sum(p.numel() for p in model.parameters())
    products = 6 * 25 * 28 * 28 + 16 * 6 * 25 * 10 * 10 + 400 * 120 + 120 * 10
    assert table.multiply_adds == 2 * products
    assert [row.name for row in table.rows] == ["", "0", "0", "1", "2", "3", "4", "1", "2", "3", "4", "5"]
    shapes = {name: row.outputs for (name, _), row in zip(model.named_modules(), table.rows, strict=True)}
    assert shapes["0.3"] == [(2, 16, 10, 10)]
    assert (shapes["2"], shapes[""]) == ([(2, 400)], [(2, 10)])
    inner = [row for row in table.rows if row.depth == 2]
    assert table.rows[1].multiply_adds == sum(row.multiply_adds for row in inner) == 2 * products - 2 * (48_000 + 1_200)
    assert table.kept == sum(row.own_kept for row in table.rows)


@pytest.mark.parametrize("shape", [(1, 1, 28, 28), (5, 1, 28, 28)])
def test_the_memory_kept_is_that_of_the_graph(shape):
    """The arrays that the nodes of the output's graph have saved, found by walking it."""
    model = lenet()
    y = model(mt.zeros(*shape))
    arrays, seen, todo = {}, set(), [y.grad_fn]
    base = lambda a: base(a.base) if isinstance(a.base, np.ndarray) else a  # noqa: E731
    mine = {id(base(p._array)) for p in model.parameters()}
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        for saved in getattr(node, "_saved", None) or ():
            array = getattr(getattr(saved, "value", None), "_array", getattr(saved, "value", None))
            if isinstance(array, np.ndarray) and id(base(array)) not in mine:
                arrays[id(base(array))] = base(array).nbytes
        todo += [after for after, _ in node.next_functions if after is not None]
    assert viz.summary(model, shape).kept == sum(arrays.values()) > 0


@settings(deadline=None, max_examples=60)
@given(layers())
def test_multiply_adds_are_the_taps(drawn):
    layer, shape = drawn
    counted = viz.summary(layer, (3, *shape)).multiply_adds
    is_product = isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED))
    assert counted == (3 * len(taps_of(layer, shape).output) if is_product else 0)  # products with padding count


def test_shared_frozen_and_uncalled_modules():
    shared = nn.Linear(4, 4)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.again, self.spare = shared, nn.Sequential(shared, nn.Tanh()), nn.Linear(2, 2)

        def forward(self, x):
            return self.again(self.first(x)) @ mt.ones(4, 7)

    net = Net()
    net.first.requires_grad_(False)
    table = viz.summary(net, (3, 4))
    assert (table.parameters, table.frozen, table.multiply_adds) == (26, 20, 2 * 48 + 84)
    assert table.rows[0].own_multiply_adds == 84  # the product that is in no layer
    first = next(row for row in table.rows if row.name == "first")
    assert first.cells == ("first Linear 4→4 × 2", "3×4", "20 (frozen)", "96", "")
    assert next(row for row in table.rows if row.name == "spare").cells[0] == "spare Linear 2→2, not called"
    assert all(p.grad is None for p in net.parameters())
    assert not net.first.weight.requires_grad


def test_inputs_of_a_summary():
    assert viz.summary(nn.Embedding(10, 4), mt.tensor([1, 2, 3])).rows[0].outputs == [(3, 4)]
    assert viz.summary(nn.Bilinear(3, 4, 5), [(2, 3), (2, 4)]).multiply_adds == 2 * 3 * 4 * 5
    assert viz.summary(nn.Linear(3, 2).double(), (1, 3)).parameter_bytes == 64
    norm = nn.BatchNorm1d(3)
    viz.summary(norm, (4, 3))
    assert norm.num_batches_tracked.item() == 0


def test_a_table_as_text_markdown_and_page(tmp_path):
    table = viz.summary(lenet(), (1, 1, 28, 28))
    lines = str(table).splitlines()
    assert lines[0].split() == ["layer", "output", "parameters", "multiply-adds", "kept", "for", "backward"]
    assert lines[-1] == table.words
    assert len({line.index("1×") for line in lines[1:-1]}) == 1
    assert json.loads(table.save(tmp_path / "table.json").read_text())["rows"][2]["parameters"] == 156
    assert ET.fromstring(table.save(tmp_path / "table.svg").read_text()).tag.endswith("svg")
    assert table.save(tmp_path / "table.md").read_text().count("\n|") == len(table.rows) + 1
    page = table.save(tmp_path / "table.html").read_text()
    assert (page.count("<tr"), page.count("<script")) == (len(table.rows) + 1, 0)
    named = nn.Sequential()
    named.add_module("<b>", nn.Linear(1, 1))
    assert "<b>" not in viz.summary(named, (1, 1)).html
    for call, error, words in (
        (lambda: viz.summary(nn.ReLU, (1,)), TypeError, "an nn.Module"),
        (lambda: viz.summary(nn.ReLU(), 5), TypeError, "a shape with its batch"),
        (lambda: table.save("table.csv"), ValueError, ".html, .md, .svg, .png, .json and .txt"),
    ):
        with pytest.raises(error, match=words):
            call()
