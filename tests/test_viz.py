"""The graph picture: compared as data, never as pixels."""

import json
import sys
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
