"""The graph picture: compared as data, never as pixels."""

import json
import random
import re
import sys
import time
import weakref
import xml.etree.ElementTree as ET

import pytest

import minitorch as mt
import minitorch.nn.functional as F
from minitorch import nn, viz
from minitorch.autograd.observe import observers
from minitorch.viz.graph.facts import legend_of
from minitorch.viz.page import raster, render
from minitorch.viz.page.summary import number, summary
from minitorch.viz.page.theme import PAPER


@pytest.fixture
def picture():
    w = mt.tensor([[1.0, 2.0]], requires_grad=True)
    b = mt.tensor([0.5, 0.5, 0.5], requires_grad=True, dtype=mt.float64)
    y = (w.T * b).sum()
    return viz.graph(y, params={"w": w, '<b> & "co"': b})


def test_boxes_and_arrows(picture):
    assert [(box.kind, box.title, box.shape, box.dtype) for box in picture.boxes] == [
        ("tensor", "w", (1, 2), "float32"),
        ("op", "permute", (2, 1), "float32"),
        ("tensor", '<b> & "co"', (3,), "float64"),
        ("op", "×", (2, 3), "float64"),
        ("op", "sum", (), "float64"),
    ]
    titles = {box.id: box.title for box in picture.boxes}
    assert {(titles[a["tail"]], titles[a["head"]], a["kind"]) for a in picture.arrows} == {
        ("w", "permute", "value"),
        ("permute", "×", "value"),
        ('<b> & "co"', "×", "value"),
        ("×", "sum", "value"),
    }
    assert [(box.name, box.number, box.is_output) for box in picture.boxes[-1:]] == [("y", 4.5, True)]  # no box of its own


def test_an_empty_gradient_is_not_zero():
    x = mt.tensor([3.0, 4.0], requires_grad=True)
    y = (x * x).sum()
    assert viz.graph(y).boxes[0].gradient_size is None
    assert "‖∇‖" not in repr(viz.graph(y))
    y.backward(retain_graph=True)
    assert viz.graph(y).boxes[0].gradient_size == 10
    assert "x, 2, ‖∇‖ 10" in repr(viz.graph(y))


def test_a_leaf_used_more_than_twice_is_a_tag_at_each_use():
    x = mt.ones(1, requires_grad=True)
    tags = [box for box in viz.graph((x * 2 + x * 3) / x).boxes if box.kind == "tensor"]
    assert [(tag.title, tag.marks) for tag in tags] == [("x", ("needs grad", "used 3 times"))] * 3
    assert len({tag.id for tag in tags}) == 3
    assert sum(box.kind == "tensor" for box in viz.graph(x * 2 + x * 3).boxes) == 1  # two uses: a fork, to be seen
    for _ in range(18):
        x = x + x
    assert len(viz.graph(x, roll=False).boxes) == 19
    assert len(viz.graph(x, roll=False).arrows) == 18


def test_saving(picture, tmp_path):
    pytest.importorskip("pygraphviz")
    svg = picture.save(tmp_path / "new" / "g.svg").read_text()
    root = ET.fromstring(svg)
    text = " ".join(t for t in root.itertext())
    for word in ("permute", '<b> & "co"', "→ 2×3", "= 4.5", "⚑"):
        assert word in text
    assert "prefers-color-scheme:dark" in svg
    space = "{http://www.w3.org/2000/svg}"
    assert [child.tag.removeprefix(space) for child in root][:2] == ["title", "desc"]
    assert "tensors: 2, calls: 3; from left to right, from what was given to y." in root.find(f"{space}desc").text
    assert {"n0", "n1", "e0", "e1"} <= {e.get("id") for e in root.iter()}
    page = picture.save(tmp_path / "g.html").read_text()
    assert "default-src 'none'" in page
    assert "<b> & " not in page.partition("<script")[0]
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="a path in a folder that you may write to"):
        picture.save(tmp_path / "file" / "g.svg")
    png = picture.save(tmp_path / "g.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    wide = float(re.search(r'width="(\d+)pt"', svg)[1])
    assert int.from_bytes(png[16:20], "big") / wide == pytest.approx(192 / 72, rel=0.1)  # dots per inch
    assert png == raster.png(picture.svg, background=PAPER)  # with the points of tags, which Graphviz does not draw
    assert picture.save(tmp_path / "dark.png", theme="dark").read_bytes() != png
    with pytest.raises(ValueError, match="theme is 'light' or 'dark'"):
        picture.save(tmp_path / "g.png", theme="blue")
    assert picture.save(tmp_path / "g.pdf").read_bytes().startswith(b"%PDF")
    assert picture.save(tmp_path / "g.dot").read_text().lstrip("/ \n").startswith("made by")
    assert len(json.loads(picture.save(tmp_path / "g.json").read_text())["boxes"]) == 5
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
    assert "×, → ② 2×3  <- n" in repr(picture)


def test_refusals():
    with pytest.raises(RuntimeError, match="no history"):
        viz.graph(mt.ones(2))
    with pytest.raises(TypeError, match="got float"):
        viz.graph(1.0)


def test_repetitions_are_drawn_once():
    w, y = mt.ones(3, requires_grad=True), mt.zeros(3)
    for i in range(3000):
        y = y + w if i % 3 else (y * w).tanh()
    graph = viz.graph(y, params={"w": w})
    assert [(box.title, box.count) for box in graph.boxes if box.kind == "op"] == [
        ("×", 1000),
        ("tanh", 1000),
        ("+", 1000),
        ("+", 1000),
    ]
    assert sum(arrow["kind"] == "back" for arrow in graph.arrows) == 1
    assert len(viz.graph(y[:1] * 2, roll=False).boxes) <= 400


def test_a_graph_too_large_for_a_picture_is_drawn_from_its_end():
    values = [mt.ones(2, requires_grad=True)]
    steps = random.Random(0)
    for _ in range(2000):
        a, b = steps.choice(values[-20:]), steps.choice(values[-20:])
        values.append(
            steps.choice((lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a.tanh(), lambda a, b: (a - b).exp()))(a, b)
        )
    graph = viz.graph(sum(values[-20:]).sum())
    assert len(graph.boxes) <= 400
    assert re.search(r"^[\d,]+ boxes are too many for a picture: this is its end, without the first [\d,]+ calls", repr(graph))
    pytest.importorskip("pygraphviz")
    start = time.perf_counter()
    assert "<svg" in graph.svg
    assert time.perf_counter() - start < 3


@pytest.mark.slow
def test_a_graph_of_many_nodes_is_drawn_and_dies(no_collector):
    x = mt.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    graph = viz.graph(y)
    assert [(box.title, box.count) for box in graph.boxes] == [("x", 1), ("+", 100_000)]
    y.backward()
    assert x.grad.item() == 1
    alive = weakref.ref(y.grad_fn)
    del y, graph
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


def titles(graph, *kinds):
    return [" ".join(filter(None, (box.title, box.settings))) for box in graph.boxes if box.kind in kinds]


def test_a_card_for_each_call_with_its_parameters(recorded):
    net, _, loss = recorded
    graph = viz.graph(loss, roll=False)
    assert titles(graph, "module") == ["Linear 3→4", "Linear 4→4", "Linear 4→4", "Linear 4→4", "Linear 4→2"]
    assert titles(graph, "tensor") == ["x", "y"]  # the batch, and the labels that go into the loss
    first = next(box for box in graph.boxes if box.path == "blocks.0.inner")
    assert [(p.name, p.shape) for p in first.parameters] == [("weight", (4, 4)), ("bias", (4,))]
    assert first.parameters[0].gradient == pytest.approx(net.blocks[0].inner.weight.grad.norm().item())
    assert first.line.startswith("test_viz.py:")
    assert first.line.endswith("return x + self.inner(x).relu()")
    end = graph.boxes[-1]
    assert (end.title, end.kind, end.name, end.operations, end.is_output) == ("cross_entropy", "function", "loss", 4, True)
    by_id = {box.id: box for box in graph.boxes}
    assert [by_id[a["tail"]].title for a in graph.arrows if a["head"] == end.id] == ["Linear", "y"]


def test_cards_open_by_depth_class_and_name(recorded):
    loss = recorded[-1]
    assert titles(viz.graph(loss, open=0), "module", "function") == ["Net", "cross_entropy"]
    assert titles(viz.graph(loss, open=1), "module", "function") == ["Linear 3→4", "Sequential", "Linear 4→2", "cross_entropy"]
    opened = viz.graph(loss, open=["cross_entropy"])
    assert "cross_entropy" not in titles(opened, "function")
    assert "log_softmax" in titles(opened, "op")
    by_id = {box.id: box.title for box in opened.boxes}
    assert ("y", "[...]") in {(by_id[a["tail"]], by_id[a["head"]]) for a in opened.arrows}  # the labels go in, here too
    group = mt.nn.GroupNorm(1, 2)
    out = viz.graph(lambda: group(mt.randn(2, 2, 3, 3, requires_grad=True)).sum(), open=[nn.GroupNorm])
    assert "standardize" in titles(out, "op")
    with pytest.raises(ValueError, match=r"open names 'Conv2d', and nothing in this graph is called so\. There is: "):
        viz.graph(loss, open=["Conv2d"])
    for nonsense in (-1, 1.5, True, [1]):
        with pytest.raises(ValueError, match="open is a depth, 0 or more, or a list of classes and names"):
            viz.graph(loss, open=nonsense)
    with pytest.raises(ValueError, match="direction is 'down' or 'right', not 'up'"):
        viz.graph(loss, direction="up")


def test_blocks_and_the_steps_of_a_loop_are_drawn_once(recorded):
    graph = viz.graph(recorded[-1])
    inner = next(box for box in graph.boxes if box.path == "blocks.*.inner")
    assert inner.count == 3
    assert "3 × Block" in graph.digraph.source
    ((carried, back),) = [(a["head"], a["tail"]) for a in graph.arrows if a["kind"] == "back"]
    by_id = {box.id: box for box in graph.boxes}
    assert (by_id[carried].kind, by_id[back].title) == ("tensor", "+")  # the output of a block is the input of the next
    cell, h, words = nn.Linear(2, 2), mt.zeros(1, 2), mt.randn(5, 1, 2)
    with viz.record():
        for t in range(5):
            h = (cell(words[t]) + h).tanh()
        out = h.sum()
    graph = viz.graph(out)
    assert [(box.title, box.count) for box in graph.boxes if box.kind != "tensor"] == [
        ("Linear", 5),
        ("+", 5),
        ("tanh", 5),
        ("sum", 1),
    ]
    assert sum(a["kind"] == "back" for a in graph.arrows) == 1


def test_settings_are_on_the_cards():
    with viz.record():
        x = nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, dilation=(1, 2), groups=2, bias=False)(mt.randn(1, 4, 8, 8))
        small, places = F.max_pool2d(x, 2, stride=1, return_indices=True)
        x = F.max_unpool2d(small, places, 2, stride=1)
        x = nn.ConvTranspose2d(6, 1, 3, output_padding=1, stride=2)(x)
        out = F.dropout(F.leaky_relu(x[:, :, :2], 0.2, inplace=True), p=0.25).flatten(1).sum(dim=1).mean()
    graph = viz.graph(out)
    assert titles(graph, "module", "function") == [
        "Conv2d 4→6, 3×2, stride 2, pad 1, dilation 1×2, groups 2, no bias",
        "max_pool2d 2×2, stride 1",
        "max_unpool2d 2×2, stride 1",
        "ConvTranspose2d 6→1, 3×3, stride 2, output_padding 1",
        "[:, :, :2]",
        "leaky_relu 0.2",
        "dropout p 0.25",
        "flatten 1",
        "sum dim 1",
        "mean",
    ]
    ids = {box.title: box.id for box in graph.boxes}
    assert {"tail": ids["max_pool2d"], "head": ids["max_unpool2d"], "value": "places", "kind": "index"} in list(graph.arrows)
    assert next(box for box in graph.boxes if box.title == "leaky_relu").marks == ("in-place",)
    assert not any(box.title == "dropout" and box.kind == "tensor" for box in graph.boxes)  # its mask stays inside


def test_boxes_say_what_they_are_asked_to(recorded):
    w = mt.tensor([[1.0, -2.0]], requires_grad=True)
    with viz.record():
        y = (w * 2).sum()
    text = repr(viz.graph(y, show="all"))
    for said in ("[1  −2]", "∂y/∂w = ∂y/∂(w·2) · 2", "8 B"):
        assert said in text
    assert "keeps 8 B for backward" in repr(viz.graph((w * w).sum(), show="memory"))
    y.backward(retain_graph=True)
    assert "[2  2]" in repr(viz.graph(y, show=["value", "grad"]))
    loss = recorded[-1]
    graph = viz.graph(loss, show=("value", "grad"), open=["cross_entropy"])
    op = next(box for box in graph.boxes if box.title == "log_softmax")
    assert op.value.values[0] == F.log_softmax(recorded[0](recorded[1]), 1)[0].tolist()
    assert op.gradient.values[0] == pytest.approx([-0.2, 0])
    with pytest.raises(ValueError, match="show can name 'value', 'grad', 'memory', 'line', 'formula' or 'all', not 'values'"):
        viz.graph(loss, show="values")


def test_a_function_is_recorded_and_several_outputs_are_flagged():
    a = mt.tensor(2.0, requires_grad=True)
    graph = viz.graph(lambda: [a * 3, a.exp()])
    assert [(box.title, box.number) for box in graph.boxes if box.is_output] == [
        ("× 3", 6),
        ("exp", pytest.approx(7.389, rel=1e-4)),
    ]
    assert graph.boxes[1].line.endswith("viz.graph(lambda: [a * 3, a.exp()])")
    with pytest.raises(ValueError, match="a list without any tensor"):
        viz.graph([])
    with pytest.raises(TypeError, match="a list with int"):
        viz.graph([1])
    with pytest.raises(TypeError, match="and got Linear"):
        viz.graph(nn.Linear(2, 2))


def test_derivatives_that_are_recorded_are_cards():
    t = mt.tensor(0.5, requires_grad=True)
    with viz.record():
        y = t.sin() * t
        (dy,) = mt.autograd.grad(y, t, create_graph=True)
    graph = viz.graph([y, dy])
    assert titles(graph, "derivative") == ["backward of ×", "backward of sin"]
    assert "1" in titles(graph, "tensor")  # where the gradient starts
    assert "cos" in titles(viz.graph(dy, open=["backward of sin"]), "op")


def test_values_are_those_of_the_run():
    w = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        y = (w * w).sum()
    with mt.no_grad():
        w.mul_(10)
    assert viz.graph(y, show="value").boxes[0].value.values == [1, 2]


def leaves(graph):
    return [box.title for box in graph.boxes if "needs grad" in box.marks]


def marks(graph):
    return [mark for mark, _ in legend_of(graph.boxes, graph._view)]


def test_names_come_from_the_program():
    hidden = mt.tensor([1.0], requires_grad=True)
    layer = nn.Linear(1, 1)
    total = layer(hidden).sum()
    graph = viz.graph(total)
    assert leaves(graph) == ["hidden", "weight", "bias"]
    assert graph.boxes[-1].name == "total"
    other = nn.Linear(1, 1)
    assert leaves(viz.graph(other(layer(hidden)))) == ["hidden", "layer.weight", "layer.bias", "other.weight", "other.bias"]

    def inside():
        return viz.graph(nn.Linear(1, 1)(mt.ones(1, requires_grad=True)))

    assert leaves(inside()) == ["①", "②", "③"]  # what has no name gets none that looks like one
    w, x = mt.ones(2, requires_grad=True), mt.ones(2)
    with viz.record():
        out = ((w * x).sum() ** 2 - (w / x + w).exp().mean()) * 3
    names = [box.name for box in viz.graph(out).boxes if box.kind != "tensor"]
    assert names == ["w·x", "sum(w·x)", "sum(w·x)²", "w÷x", "w÷x + w", "exp(w÷x + w)", "①", "②", "out"]
    assert "①" in marks(viz.graph(out))
    with viz.record():
        out = ((w - 1) ** 2).sum()
    assert "①" not in marks(viz.graph(out))  # an expression in brackets is a name


def test_a_recording_leaves_no_trace(no_collector, recorded):
    assert observers == []
    with pytest.raises(ZeroDivisionError), viz.record():
        _ = recorded[0](recorded[1]).sum() / (1 // 0)
    assert observers == []
    with viz.record():
        y = recorded[0](recorded[1]).sum()
        node = weakref.ref(y.grad_fn)
    viz.graph(y, show="all")
    viz.play(y)
    del y
    assert node() is None
    assert "_viz_record" not in (recorded[0](recorded[1])).grad_fn.__dict__


def test_names_in_any_script_stay_what_they_are(tmp_path):
    pytest.importorskip("pygraphviz")
    w = mt.ones(2, requires_grad=True)
    for name in ("权重 вес वजन", "a\\Nl", "<script>x</script>", "&amp;", '"', "é\n"):
        svg = viz.graph((w * 2).sum(), params={name: w}, show="all").svg
        root = ET.fromstring(svg)
        assert name.split()[0] in " ".join(root.itertext())
        tips = [e.get("{http://www.w3.org/1999/xlink}title") for e in root.iter() if "title" in " ".join(e.keys())]
        assert sum(name.split()[0] in (tip or "") for tip in tips) >= 2  # at its box, and at the arrow from there


def test_the_numbers_of_pictures():
    for value, text in (
        (0.0, "0"), (-0.0, "0"), (2.0, "2"), (-3.5, "−3.5"), (1 / 3, "0.3333"), (123456.0, "123456"), (1234567.8, "1.23e+06"),
        (3.4e38, "3.4e+38"), (1.2e10, "1.2e+10"), (-1.31e-5, "−1.31e-05"), (-1.26e-123, "−1.3e-123"), (float("inf"), "inf"),
        (float("-inf"), "−inf"), (float("nan"), "nan"), (0.0099999, "0.01"), (999.96, "1000"), (True, "True"), (7, "7"),
    ):  # fmt: skip
        assert number(value) == text
    rng = random.Random(0)
    for _ in range(20_000):
        value = rng.choice((-1, 1)) * 10 ** rng.uniform(-300, 300) if rng.random() < 0.5 else rng.uniform(-2000, 2000)
        text = number(value)
        assert len(text) <= 9
        assert float(text.replace("−", "-")) == pytest.approx(
            value, rel=0.06 if abs(value) < 1e-90 or abs(value) > 1e90 else 6e-3
        )


def test_summaries():
    def lines(values):
        return summary(mt.tensor(values).numpy()).lines()

    assert lines([[1.0, 10.5], [-3.0, 0.0]]) == ["[ 1  10.5]", "[−3     0]"]
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


def test_the_arrow_into_a_loop_does_not_cross_its_title():
    pytest.importorskip("pygraphviz")

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.inner = nn.LayerNorm(16), nn.Linear(16, 16)

        def forward(self, x):
            return x + F.gelu(self.inner(self.norm(x)))

    net, x = nn.Sequential(nn.Linear(8, 16), nn.Sequential(*[Block() for _ in range(8)])), mt.randn(5, 8)
    svg = viz.graph(lambda: net(x)).svg
    title = float(re.search(r'<text[^>]* x="([\d.]+)"[^>]*>8 × Block', svg)[1])
    arrow = re.search(r'id="e1" class="edge">.*?<path[^>]* d="M([\d.]+),', svg, re.S)
    assert float(arrow[1]) + 8 < title
