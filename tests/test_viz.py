"""The graph picture: compared as data, never as pixels."""

import json
import re
import sys
import weakref
import xml.etree.ElementTree as ET

import pytest

import minitorch as mt
import minitorch.nn.functional as F
from minitorch import nn, viz
from minitorch.autograd.observe import observers
from minitorch.viz import render
from minitorch.viz.summary import summary


@pytest.fixture
def picture():
    w = mt.tensor([[1.0, 2.0]], requires_grad=True)
    b = mt.tensor([0.5, 0.5, 0.5], requires_grad=True, dtype=mt.float64)
    y = (w.T * b).sum()
    return viz.graph(y, params={"w": w, '<b> & "co"': b})


def test_model(picture):
    kinds = [(n.kind, n.name, n.shape, n.dtype) for n in picture.model.nodes]
    assert kinds == [
        ("leaf", "w", (1, 2), "float32"),
        ("op", "Permute", (2, 1), "float32"),
        ("leaf", '<b> & "co"', (3,), "float64"),
        ("op", "Mul", (2, 3), "float64"),
        ("op", "Sum", (), "float64"),
        ("output", "y = 4.5", (), "float64"),
    ]
    names = {n.id: n.name for n in picture.model.nodes}
    assert {(names[e.tail], names[e.head], e.label) for e in picture.model.edges} == {
        ("w", "Permute", ""),
        ("Permute", "Mul", "2 × 1  float32"),
        ('<b> & "co"', "Mul", ""),
        ("Mul", "Sum", "2 × 3  float64"),
        ("Sum", "y = 4.5", ""),
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
    space = "{http://www.w3.org/2000/svg}"
    assert [child.tag.removeprefix(space) for child in root][:2] == ["title", "desc"]
    assert "leaves: 2, operations: 3" in root.find(f"{space}desc").text
    assert {"n0", "n1", "e0", "e1"} <= {e.get("id") for e in root.iter()}
    page = picture.save(tmp_path / "g.html").read_text()
    assert "default-src 'none'" in page
    assert "<b> & " not in page.partition("<script")[0]
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="a path in a folder that you may write to"):
        picture.save(tmp_path / "file" / "g.svg")
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
    for _ in range(20_000):
        x = x + 1.0
    long = viz.graph(x)
    with pytest.raises(ValueError, match=r"20,002 nodes: viz.graph\(..., fold=50\) draws it"):
        _ = long.digraph
    assert "nodes more" in repr(long)
    assert "image/svg+xml" not in long._repr_mimebundle_()


def test_a_graph_too_large_for_a_picture_is_folded(tmp_path):
    w, y = mt.ones(3, requires_grad=True), mt.zeros(3)
    for i in range(3000):
        y = y + w if i % 3 else (y * w).tanh()
    whole = viz.graph(y, params={"w": w})
    assert len(whole.model.nodes) == 4002
    assert (
        len(set(re.findall(r"n\d+(?= \[label=<<table[^>]*><tr><td><b>80 ops)", whole.digraph.source))) == 50
    )  # folded unasked
    folded = viz.graph(y, params={"w": w}, fold=10)
    boxes = [n for n in folded.model.nodes if n.kind == "op"]
    assert len(boxes) == 10
    assert boxes[0].name == "400 ops: Add × 200, Mul × 100, Tanh × 100"
    assert sum(int(b.name.split()[0]) for b in boxes) == 4000
    order = {n.id: i for i, n in enumerate(folded.model.nodes)}
    assert all(order[e.tail] < order[e.head] for e in folded.model.edges)
    assert {e.head for e in folded.model.edges if e.tail == folded.model.nodes[0].id} == {b.id for b in boxes}
    assert folded.digraph.source
    assert [n.name for n in viz.graph(w * 2, fold=5).model.nodes] == ["w", "Mul", "output"]
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


# ---- what a recording knows ------------------------------------------------------------------------------------------


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x):
        return x + self.inner(x).relu()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(3, 4)
        self.blocks = nn.Sequential(*[Block() for _ in range(3)])
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


@pytest.fixture
def recorded():
    net, x, y = Net(), mt.randn(5, 3), mt.tensor([0, 1, 0, 1, 1])
    with viz.record():
        loss = F.cross_entropy(net(x), y)
        loss.backward()
    return net, x, loss


def boxes(graph, *kinds):
    return [n.name for n in graph.model.nodes if n.kind in kinds]


def test_modules_are_frames_and_name_their_parameters(recorded):
    _, x, loss = recorded
    graph = viz.graph(loss, inputs={"batch": x})
    assert boxes(graph, "data") == ["batch"]
    assert boxes(graph, "leaf")[:3] == ["stem.weight", "stem.bias", "blocks.0.inner.weight"]
    frames = {scope.id: scope for scope in graph.model.scopes}
    names = [(s.name, s.kind, frames[s.parent].name if s.parent else None) for s in graph.model.scopes]
    assert names[:4] == [
        ("net", "Net", None),
        ("stem", "Linear", "net"),
        ("blocks", "Sequential", "net"),
        ("0", "Block", "blocks"),
    ]
    around = {n.name: n.scope and frames[n.scope].name for n in graph.model.nodes}
    assert around["batch"] == around["LogSoftmax"] == ""
    assert around["stem.weight"] == "stem"
    assert graph.digraph.source.count("subgraph cluster_") == 10
    op = next(n for n in graph.model.nodes if n.name == "Add")
    assert op.line.startswith("test_viz.py:")
    assert op.line.endswith("return x + self.inner(x).relu()")
    assert (op.formula, op.derivative) == ("a + b", "in a: 1, in b: 1")
    assert op.call == "add = Add(addmm, relu)"


def test_modules_fold_to_a_depth_and_alike_blocks_are_one(recorded):
    loss = recorded[-1]
    assert boxes(viz.graph(loss, depth=0), "fold") == ["net Net"]
    assert boxes(viz.graph(loss, depth=1), "fold") == ["stem Linear", "blocks Sequential", "head Linear"]
    graph = viz.graph(loss, depth=2)
    assert boxes(graph, "fold") == ["3 × Block"]
    three = next(n for n in graph.model.nodes if n.name == "3 × Block")
    assert (three.contents, three.shape) == ("each 3 ops, 20 parameters", (5, 4))
    assert boxes(viz.graph(loss, depth=9), "fold") == []
    order = {n.id: i for i, n in enumerate(graph.model.nodes)}
    assert all(order[e.tail] < order[e.head] for e in graph.model.edges)
    with pytest.raises(RuntimeError, match="does not know of any"):
        viz.graph(mt.ones(1, requires_grad=True) * 2, depth=1)
    with pytest.raises(RuntimeError, match="none was called in this graph"):
        viz.graph(lambda: mt.ones(1, requires_grad=True) * 2, depth=1)
    with pytest.raises(ValueError, match="depth is the number of levels"):
        viz.graph(loss, depth=-1)


def test_boxes_say_what_they_are_asked_to(recorded):
    w = mt.tensor([[1.0, -2.0]], requires_grad=True)
    with viz.record():
        y = (w * 2).sum()
    text = repr(viz.graph(y, show="all"))
    for said in ("value   [1  -2]", "grad    no gradient yet", "formula     a * b", "memory  8 B"):
        assert said in text
    assert "keeps 8 B for backward" in repr(viz.graph((w * w).sum(), show="memory"))
    y.backward(retain_graph=True)
    assert "grad   [2  2]" in repr(viz.graph(y, show=["value", "grad"]))
    assert repr(viz.graph(y, show=["value", "grad"])).count("grad ") == 1  # inside not, as that was after the recording
    loss = recorded[-1]
    graph = viz.graph(loss, show=("value", "grad"))
    op = next(n for n in graph.model.nodes if n.name == "LogSoftmax")
    assert op.value.values[0] == F.log_softmax(recorded[0](recorded[1]), 1)[0].tolist()
    assert op.gradient.values[0] == pytest.approx([-0.2, 0])
    with pytest.raises(ValueError, match="show can name 'value', 'grad', 'memory', 'line', 'formula' or 'all', not 'values'"):
        viz.graph(loss, show="values")


def test_a_function_is_recorded_and_several_roots_are_drawn():
    a = mt.tensor(2.0, requires_grad=True)
    graph = viz.graph(lambda: [a * 3, a.exp()])
    assert boxes(graph, "output") == ["output0 = 6", "output1 = 7.389"]
    assert graph.model.nodes[1].line.endswith("viz.graph(lambda: [a * 3, a.exp()])")
    with pytest.raises(ValueError, match="a list without any tensor"):
        viz.graph([])
    with pytest.raises(TypeError, match="a list with int"):
        viz.graph([1])
    with pytest.raises(TypeError, match="and got Linear"):
        viz.graph(nn.Linear(2, 2))


def test_derivatives_that_are_recorded_are_frames():
    t = mt.tensor(0.5, requires_grad=True)
    with viz.record():
        y = t.sin() * t
        (dy,) = mt.autograd.grad(y, t, create_graph=True)
    graph = viz.graph(dy)
    assert [scope.text for scope in graph.model.scopes] == ["derivative of Mul", "derivative of Sin"]
    assert boxes(graph, "data") == ["1"]  # where the gradient starts
    assert "cos" in {n.name.lower() for n in graph.model.nodes if n.scope}


def test_values_are_those_of_the_run():
    w = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        y = (w * w).sum()
    with mt.no_grad():
        w.mul_(10)
    assert viz.graph(y, show="value").model.nodes[0].value.values == [1, 2]


def test_names_come_from_the_program():
    hidden = mt.tensor([1.0], requires_grad=True)
    layer = nn.Linear(1, 1)
    total = layer(hidden).sum()
    graph = viz.graph(total)
    assert boxes(graph, "leaf") == ["hidden", "weight", "bias"]
    assert graph.model.nodes[-2].variable == "total"
    other = nn.Linear(1, 1)
    assert boxes(viz.graph(other(layer(hidden))), "leaf") == [
        "hidden",
        "layer.weight",
        "layer.bias",
        "other.weight",
        "other.bias",
    ]

    def inside():
        return viz.graph(nn.Linear(1, 1)(mt.ones(1, requires_grad=True)))

    assert boxes(inside(), "leaf") == ["leaf", "leaf2", "leaf3"]


def test_a_recording_leaves_no_trace(no_collector, recorded):
    assert observers == []
    with pytest.raises(ZeroDivisionError), viz.record():
        _ = recorded[0](recorded[1]).sum() / (1 // 0)
    assert observers == []
    with viz.record():
        y = recorded[0](recorded[1]).sum()
        node = weakref.ref(y.grad_fn)
    viz.graph(y, show="all")
    del y
    assert node() is None
    assert "note" not in (recorded[0](recorded[1])).grad_fn.__dict__


def test_names_in_any_script_stay_what_they_are(tmp_path):
    pytest.importorskip("pygraphviz")
    w = mt.ones(2, requires_grad=True)
    for name in ("权重 вес वजन", "a\\Nl", "<script>x</script>", "&amp;", '"', "é\n"):
        svg = viz.graph((w * 2).sum(), params={name: w}, show="all").svg
        root = ET.fromstring(svg)
        assert name.split()[0] in " ".join(root.itertext())
        tips = [e.get("{http://www.w3.org/1999/xlink}title") for e in root.iter() if "title" in " ".join(e.keys())]
        assert sum(name.split()[0] in (tip or "") for tip in tips) == 2  # at its box, and at the arrow from there


def test_a_graph_of_ten_thousand_nodes_is_drawn():
    pytest.importorskip("pygraphviz")
    net = nn.Sequential(*[nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(20)])
    with viz.record():
        x = mt.ones(1, 2)
        for _ in range(250):
            x = net(x)
    graph = viz.graph(x)
    assert len(graph.model.nodes) > 10_000
    assert 0 < len(ET.fromstring(graph.svg).findall(".//*[@class='node']")) <= 200


def test_summaries():
    def lines(values):
        return summary(mt.tensor(values).numpy()).lines()

    assert lines([[1.0, 10.5], [-3.0, 0.0]]) == ["[ 1  10.5]", "[-3     0]"]
    assert lines([[[1], [2]], [[3], [4]]]) == ["[[1]", " [2]]", "[[3]", " [4]]"]
    assert lines([True]) == ["[True]"]
    assert summary(mt.zeros(0, 3).numpy()).lines() == ["no elements"]
    many = summary(mt.arange(100.0).numpy())
    assert many.lines() == ["min 0  mean 49.5  max 99", "█" * 12]
    assert sum(many.histogram) == 100
    odd = mt.arange(100.0)
    odd[3], odd[4] = float("nan"), float("inf")
    assert summary(odd.numpy()).lines()[2] == "2 nan or infinite"
    assert summary((odd * float("nan")).numpy()).lines() == ["100 nan or infinite"]
    big = mt.tensor([1e308, -1e308] * 50, dtype=mt.float64).numpy()
    assert summary(big).histogram == (50, *[0] * 10, 50)
    assert summary(mt.full((100,), 2.5).numpy()).lines() == ["all 2.5"]
