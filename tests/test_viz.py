"""The graph picture: compared as data, never as pixels."""

import json
import sys
import weakref
import xml.etree.ElementTree as ET

import pytest

import minitorch as mt
from minitorch import viz
from minitorch.viz import render


@pytest.fixture
def picture():
    w = mt.tensor([[1.0, 2.0]], requires_grad=True)
    b = mt.tensor([0.5, 0.5, 0.5], requires_grad=True, dtype=mt.float64)
    y = (w.T * b).sum()
    return viz.graph(y, params={"w": w, '<b> & "co"': b})


def test_model(picture):
    kinds = [(n.kind, n.name, n.shape, n.dtype) for n in picture.model.nodes]
    assert sorted(kinds[:2]) == [("leaf", '<b> & "co"', (3,), "float64"), ("leaf", "w", (1, 2), "float32")]
    assert kinds[2:] == [
        ("op", "Permute", (2, 1), "float32"),
        ("op", "Mul", (2, 3), "float64"),
        ("op", "Sum", (), "float64"),
        ("output", "output = 4.5", (), "float64"),
    ]
    names = {n.id: n.name for n in picture.model.nodes}
    assert {(names[e.tail], names[e.head], e.label) for e in picture.model.edges} == {
        ("w", "Permute", ""),
        ("Permute", "Mul", "2 × 1  float32"),
        ('<b> & "co"', "Mul", ""),
        ("Mul", "Sum", "2 × 3  float64"),
        ("Sum", "output = 4.5", ""),
    }


def test_no_gradient_yet_is_not_zero():
    x = mt.tensor([3.0, 4.0], requires_grad=True)
    y = (x * x).sum()
    assert viz.graph(y).model.nodes[0].grad == "no gradient yet"
    y.backward(retain_graph=True)
    assert viz.graph(y).model.nodes[0].grad == "|grad| = 10"


def test_shared_values_are_one_node():
    x = mt.ones(1, requires_grad=True)
    for _ in range(18):
        x = x + x
    model = viz.graph(x).model
    assert len(model.nodes) == 20
    assert sum(e.label != "" for e in model.edges) == 34


def test_saving(picture, tmp_path):
    pytest.importorskip("pygraphviz")
    svg = picture.save(tmp_path / "new" / "g.svg").read_text()
    root = ET.fromstring(svg)
    text = " ".join(t for t in root.itertext())
    for word in ("Permute", '<b> & "co"', "float64", "2 × 3", "no gradient yet"):
        assert word in text
    assert 'fill="white"' in svg
    assert picture.save(tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")
    assert picture.save(tmp_path / "g.pdf").read_bytes().startswith(b"%PDF")
    assert picture.save(tmp_path / "g.dot").read_text().lstrip("/ \n").startswith("made by")
    assert len(json.loads(picture.save(tmp_path / "g.json").read_text())["nodes"]) == 6
    with pytest.raises(ValueError, match=r"the endings \.svg, \.png"):
        picture.save(tmp_path / "g.bmp")


def test_without_graphviz_there_is_text_and_a_sentence(picture, monkeypatch, tmp_path):
    monkeypatch.setattr(render.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(render.CannotRender, match=r"pip install '\.\[viz\]'"):
        picture.save(tmp_path / "g.svg")
    bundle = picture._repr_mimebundle_()
    assert "image/svg+xml" not in bundle
    assert "Graphviz" in bundle["text/plain"]
    assert "Mul, 2 × 3, float64  <- n" in repr(picture)


def test_refusals():
    with pytest.raises(RuntimeError, match="no history"):
        viz.graph(mt.ones(2))
    with pytest.raises(TypeError, match="got float"):
        viz.graph(1.0)
    x = mt.ones(1, requires_grad=True)
    for _ in range(2500):
        x = x + 1.0
    long = viz.graph(x)
    with pytest.raises(ValueError, match="2,502 nodes"):
        _ = long.digraph
    assert "nodes more" in repr(long)
    assert "image/svg+xml" not in long._repr_mimebundle_()


def test_a_graph_too_large_for_a_picture_is_folded(tmp_path):
    w, y = mt.ones(3, requires_grad=True), mt.zeros(3)
    for i in range(3000):
        y = y + w if i % 3 else (y * w).tanh()
    whole = viz.graph(y, params={"w": w})
    with pytest.raises(ValueError, match=r"4,002 nodes, and a picture holds 2,000: viz.graph\(..., fold=50\) draws it"):
        _ = whole.digraph
    folded = viz.graph(y, params={"w": w}, fold=10)
    boxes = [n for n in folded.model.nodes if n.kind == "op"]
    assert len(boxes) == 10
    assert boxes[0].name == "400 ops: Add × 200, Mul × 100, Tanh × 100"
    assert sum(int(b.name.split()[0]) for b in boxes) == 4000
    order = {n.id: i for i, n in enumerate(folded.model.nodes)}
    assert all(order[e.tail] < order[e.head] for e in folded.model.edges)
    assert {e.head for e in folded.model.edges if e.tail == folded.model.nodes[0].id} == {b.id for b in boxes}
    assert folded.digraph.source
    assert viz.graph(w * 2, fold=5).model == viz.graph(w * 2).model
    for nonsense in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="fold is the number of boxes"):
            viz.graph(y, fold=nonsense)


def test_a_graph_of_a_million_nodes_is_folded_and_dies(no_collector):
    x = mt.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + 1.0
    assert len(viz.graph(y, fold=20).model.nodes) == 22
    y.backward()
    assert x.grad.item() == 1
    alive = weakref.ref(y.grad_fn)
    del y
    assert alive() is None
