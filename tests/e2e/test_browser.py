"""The player and the graph in a real browser: every step is walked, and what is on the page is compared with the trace."""

import functools
import json
import random
import re
import runpy
import sys
import time
from pathlib import Path

import pytest

import minitorch as mt
import minitorch.nn.functional as F
from minitorch import nn, viz
from minitorch.viz.page.summary import is_small, number

pytestmark = pytest.mark.slow

EVIL = "</script><img src=x onerror=alert(1)><b>&amp;"


@pytest.fixture
def player():
    """Fan-out, an evil name, nan, an array too large to write out, an earlier gradient, a hook, modules."""
    mt.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3))
    scale = mt.tensor([1.0, 2.0, float("nan")], requires_grad=True)
    with viz.record():
        h = model(mt.randn(5, 1, 6, 6))
        h.register_hook(lambda grad: mt.where(grad.isnan(), 0.0, grad))
        loss = F.cross_entropy(h, mt.arange(5) % 3) + (h * scale)[:, :2].sum()
    (model[4].bias * 3).sum().backward()
    return viz.play(loss, params={EVIL: scale, **dict(model.named_parameters())})


def cells(figure):
    return [float(cell.get_attribute("data-value")) for cell in figure.query_selector_all("[data-value]")]


def numbers(text):
    return [float(word.replace("−", "-")) for word in re.findall(r"(?:−?[\d.]+(?:e[+-]\d+)?|nan|−?inf)", text)]


def values(array):
    return [float(v) for v in array["values"]]


def same(a, b):
    return a == pytest.approx(b, rel=1e-12, nan_ok=True)


def shown_steps(page):
    return page.evaluate("steps.map(s => allSteps.indexOf(s))")


def test_every_step_of_the_page_has_the_numbers_of_the_trace(opened, player, tmp_path):
    trace = player.trace
    arrays = trace["arrays"]
    assert {frame["kind"] for frame in trace["frames"]} == {"forward", "start", "backward", "hook", "leaf", "end"}
    page = opened(player.save(tmp_path / "player.html"))
    for card in ("cross_entropy",):  # one call open, the others closed
        page.evaluate(f"toggle([...cards.values()].find(c => c.title === '{card}').id); go(0)")
    listed = shown_steps(page)
    assert len(listed) > 16
    for i, k in enumerate(listed):
        step = trace["steps"][k]
        assert page.inner_text("#panel .step").startswith(f"step {i + 1} of {len(listed)}")
        assert page.inner_text("#panel h2") == step["title"]
        figures = page.query_selector_all("#panel figure")
        large = [target for target in step["targets"] if not target["small"]]
        wanted = [a for target in large for n, a in enumerate(target["arrays"]) if n or target is step["targets"][0]]
        wanted += step["arrays"] if step["phase"] != "end" else []
        assert len(figures) == len(wanted)
        for figure, (_, index, _) in zip(figures, wanted, strict=True):
            if index is not None and is_small(tuple(arrays[index]["shape"])):
                constant = figure.query_selector("[data-all]")
                shown = (
                    [float(constant.get_attribute("data-all"))] * len(arrays[index]["values"]) if constant else cells(figure)
                )
                assert same(shown, values(arrays[index])), (i, figure.inner_text())
        lines = [e.text_content() for e in page.query_selector_all("#panel .number")]
        said = [step["numbers"]] * bool(step["numbers"]) + [target["numbers"] for target in large]
        assert lines == ["".join(text for _, text in parts) for parts in said]
        assert page.evaluate("document.querySelectorAll('.lit').length") == 1 or step["phase"] in ("end", "hook", "grad")
        goes = {(e.get_attribute("data-head"), e.get_attribute("data-key")) for e in page.query_selector_all(".goes")}
        assert goes <= {(step["card"], target["to"]) for target in step["targets"]}
        page.keyboard.press("ArrowRight")
    assert page.get_attribute("body", "data-step") == str(len(listed))
    assert page.query_selector("#panel img") is None
    assert EVIL in page.inner_text("#panel")


def test_the_page_writes_numbers_as_python_does(opened, player, tmp_path):
    page = opened(player.save(tmp_path / "player.html"))
    rng = random.Random(1)
    some = [rng.choice((-1, 1)) * 10 ** rng.uniform(-30, 30) for _ in range(4000)] + [
        rng.uniform(-2000, 2000) for _ in range(4000)
    ]
    some += [0.0, 1.0, -7.0, 999999.0, 1e6, 123456.78, 0.001, 0.00099999, 999.95, 999.94, 3.4e38, 12345678848.0, 0.1 + 0.2]
    assert page.evaluate("v => v.map(short)", some) == [number(v) for v in some]
    assert page.evaluate("['nan', 'inf', '-inf', true, false].map(short)") == ["nan", "inf", "−inf", "True", "False"]


def test_the_address_follows_the_step(opened, player, tmp_path):
    path = player.save(tmp_path / "player.html")
    page = opened(path, at="#step=4")
    assert page.inner_text("#panel .step").startswith("step 4 of")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("location.hash") == "#step=5"
    assert page.get_attribute("body", "data-step") == "5"
    page.evaluate("location.hash = '#step=2'")
    page.wait_for_timeout(100)
    assert page.inner_text("#panel .step").startswith("step 2 of")
    loss = page.evaluate("[...cards.values()].find(c => c.title === 'cross_entropy').id")
    closed = page.evaluate("steps.length")
    page.evaluate(f"location.hash = '#step=2&open={loss}'")
    page.wait_for_timeout(100)
    assert page.evaluate("steps.length") > closed
    again = opened(path, at=f"#step=2&open={loss}")
    assert again.evaluate("steps.length") > closed
    assert again.evaluate("location.hash") == f"#step=2&open={loss}"


def test_cards_open_and_close(opened, player, tmp_path):
    page = opened(player.save(tmp_path / "player.html"))
    closed = page.evaluate("[steps.length, places.size, size.h]")
    page.click(".handle >> nth=0")
    opened_ = page.evaluate("[steps.length, places.size, size.h]")
    assert all(a < b for a, b in zip(closed, opened_, strict=True))
    assert page.evaluate("location.hash").startswith("#step=1&open=")
    page.click(".opened >> nth=0")
    assert page.evaluate("[steps.length, places.size, size.h]") == closed
    page.focus("#stage .node[tabindex='0']")
    for _ in range(page.evaluate("places.size")):
        if page.evaluate("cards.get(document.activeElement.dataset.card).opens"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("[steps.length, places.size]") == opened_[:2]


def test_a_prediction_hides_the_numbers_until_it_is_made(opened, player, tmp_path):
    page = opened(player.save(tmp_path / "player.html"))
    page.keyboard.press("p")
    assert page.get_attribute("#predict", "aria-pressed") == "true"
    page.evaluate("go(steps.findIndex(s => s.phase === 'backward' && s.targets[0].part))")
    assert not page.is_visible("#panel .number")
    assert "∇ ?" in page.text_content("#stage")
    assert re.search("What does .+ send to ", page.inner_text("#panel form"))
    answer = page.evaluate("value(steps[at].targets[0].part.share)")
    page.fill("#panel input", number(answer).replace("−", "-"))
    page.keyboard.press("Enter")
    assert page.is_visible("#panel .number >> nth=0")
    assert page.inner_text("#panel form").strip().endswith(f"Yes: {number(answer)}.")
    page.keyboard.press("ArrowRight")
    page.evaluate("go(steps.findIndex(s => s.phase === 'backward' && s.targets[0].part))")
    page.click(f"text={'negative' if answer > 0 else 'positive'}")
    assert f"No: it is {number(answer)}." in page.inner_text("#panel form")


def test_a_nudge_shows_the_change_beside_the_slope(opened, tmp_path):
    w, x = mt.tensor(2.0, requires_grad=True), mt.tensor(3.0)
    with viz.record():
        y = (w * x) ** 2
    page = opened(viz.play(y).save(tmp_path / "player.html"))
    page.keyboard.press("n")
    rows = [row.split("\t") for row in page.inner_text(".nudge").splitlines()]
    assert rows[0] == ["value", "actual change", "predicted: gradient × change"]
    assert [row[0] for row in rows[1:]] == ["w", "w·x", "y"]
    assert [numbers(row[1])[0] for row in rows[1:]] == pytest.approx([0.02, 0.06, 0.7236], rel=1e-3)
    assert [numbers(row[2])[0] for row in rows[1:]] == pytest.approx([0.02, 0.06, 0.72], rel=1e-3)


def test_keys_buttons_and_clicks(opened, player, tmp_path):
    page = opened(player.save(tmp_path / "player.html"))
    count = page.evaluate("steps.length")
    at = lambda: int(page.get_attribute("body", "data-step"))  # noqa: E731
    page.keyboard.press("End")
    assert at() == count
    page.keyboard.press("Home")
    assert at() == 1
    page.click("#next")
    page.click("#next")
    page.click("#back")
    assert at() == 2
    page.click("#last")
    page.click("#first")
    assert at() == 1
    page.fill("#time", "5")
    assert at() == 6
    page.click("#phases button:nth-child(2)")
    assert page.evaluate("steps[at].phase") == "start"
    page.select_option("#speed", "5")
    page.keyboard.press("Home")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(" ")
    for _ in range(50):
        page.wait_for_timeout(100)
        if at() >= 3:
            break
    assert at() >= 3
    assert "pause" in page.inner_text("#play")
    page.keyboard.press(" ")
    assert "play" in page.inner_text("#play")
    stopped = at()
    page.wait_for_timeout(700)
    assert at() == stopped
    width = "document.querySelector('#stage').getBoundingClientRect().width"
    wide = page.evaluate(width)
    page.keyboard.press("+")
    assert page.evaluate(width) == pytest.approx(wide * 1.25, rel=1e-3)
    page.click("#fit")
    page.evaluate("document.activeElement.blur()")
    letters = page.evaluate("parseFloat(getComputedStyle(document.querySelector('h2')).fontSize)")
    page.keyboard.press("l")
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('h2')).fontSize)") == pytest.approx(
        1.6 * letters, rel=0.02
    )
    page.keyboard.press("l")
    tanh = page.evaluate("[...cards.values()].find(c => c.title === 'Tanh').id")
    page.click(f"[data-card='{tanh}'] text >> nth=0")
    assert "= tanh(" in page.inner_text("#panel")
    page.keyboard.press("Escape")
    page.keyboard.press("End")
    page.click(f"[data-card='{tanh}'] text >> nth=0")
    page.click("text=back to the step")
    assert page.inner_text("#panel h2") == "Done: 5 tensors have their gradient."


def test_it_can_be_read_without_seeing_it_and_be_printed(opened, player, tmp_path):
    page = opened(player.save(tmp_path / "player.html"))
    assert page.get_attribute("#stage", "role") == "group"  # with buttons inside, which a picture could not have
    page.keyboard.press("ArrowRight")
    titles = page.evaluate("steps.map(s => s.title)")
    assert page.text_content("#status").startswith(titles[1])
    page.keyboard.press("ArrowLeft")
    for button in page.query_selector_all("button"):
        assert button.inner_text().strip() or button.get_attribute("aria-label")
    boxes = page.query_selector_all("#stage .node")
    assert all(box.get_attribute("aria-label") for box in boxes)
    assert [box.get_attribute("tabindex") for box in boxes].count("0") == 1  # from there on by the arrow keys
    first = page.evaluate("[...places.keys()].slice(0, 2)")
    page.focus("#stage .node[tabindex='0']")
    assert page.evaluate("document.activeElement.dataset.card") == first[0]
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.card") == first[1]
    assert page.get_attribute("#time", "aria-valuetext").startswith("step 1: ")
    page.click("#text summary")
    page.wait_for_selector("#all > li")
    items = page.query_selector_all("#all > li")
    assert [item.query_selector("button").inner_text() for item in items] == titles
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.is_visible("#stage")
    assert page.is_visible("#legend")
    assert not page.is_visible("footer")
    assert not page.is_visible("#panel")
    assert page.evaluate("steps[at].phase") == "end"  # the last step is what is printed
    page.evaluate("dispatchEvent(new Event('afterprint'))")


# ---- every player of the gallery, and other nets: what a script can hold of how they look -----------------------------


@functools.cache
def gallery():
    path = Path(__file__).parents[2] / "tutorials" / "gallery.py"
    sys.path.insert(0, str(path.parent))  # as for a program that is run from there
    try:
        module = runpy.run_path(str(path))
    finally:
        sys.path.remove(str(path.parent))
    return {draw.__name__: draw for draw in module["PICTURES"]}


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)

    def forward(self, x):
        return (x + self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))).relu()


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.blocks = nn.Conv2d(3, 4, 3, padding=1), nn.Sequential(*[ResidualBlock(4) for _ in range(8)])
        self.head = nn.Linear(4, 3)

    def forward(self, image):
        return self.head(self.blocks(self.stem(image).relu()).mean((2, 3)))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc1, self.enc2 = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
        self.middle, self.up = nn.Conv2d(8, 8, 3, padding=1), nn.ConvTranspose2d(8, 4, 3, padding=1)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, image):
        first = self.enc1(image).relu()
        small, indices = self.pool(self.enc2(first).relu())
        back = self.up(self.unpool(self.middle(small).relu(), indices)).relu()
        return self.out(mt.cat([first, back], 1))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.inward, self.onward, self.out = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, words):
        h = mt.zeros(len(words), 4)
        for t in range(words.shape[1]):
            h = (self.inward(words[:, t]) + self.onward(h)).tanh()
        return self.out(h)


def mlp():
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 3))
    return F.cross_entropy(net(mt.randn(5, 2)), mt.tensor([0, 1, 2, 0, 1]))


NETS = {
    "mlp": mlp,
    "unet": lambda: F.mse_loss(UNet()(mt.randn(1, 1, 8, 8)), mt.zeros(1, 1, 8, 8)),
    "rnn8": lambda: F.cross_entropy(Recurrent()(mt.randn(2, 8, 3)), mt.tensor([0, 1])),
    "rnn100": lambda: F.cross_entropy(Recurrent()(mt.randn(2, 100, 3)), mt.tensor([0, 1])),
    "resnet8": lambda: F.cross_entropy(ResNet()(mt.randn(2, 3, 8, 8)), mt.tensor([0, 2])),
    "numbers": lambda: (mt.tensor([3.4e38, -1.31e-5, 1.2e7], requires_grad=True) * mt.tensor([1.0, -1e-7, 1e3])).sum(),
    "hooked": lambda: hooked(),
}


def hooked():
    w, x = mt.tensor([1.0, -2.0], requires_grad=True), mt.tensor([3.0, 0.5])
    h = w * x
    h.register_hook(lambda grad: grad * 10)
    return (h[:1] * 2).relu_().sum() + h.exp().mean()


OUTSIDE = """() => {
  const out = [];
  for (const [id, place] of places) {
    if (place.open) continue;
    const outer = [...place.group.querySelectorAll(':scope > path, :scope > polygon')].map(e => e.getBoundingClientRect());
    const left = Math.min(...outer.map(r => r.left)), right = Math.max(...outer.map(r => r.right));
    for (const t of place.group.querySelectorAll('text')) {
      if (t.closest('.handle') || !t.textContent.trim()) continue;
      const r = t.getBoundingClientRect();
      if (r.left < left - .5 || r.right > right + .5) out.push(`${id}: ${t.textContent}`);
    }
    const texts = [...place.group.querySelectorAll(':scope > text')].filter(t => t.textContent.trim()).map(t => [t, t.getBoundingClientRect()]);
    for (const [a, r] of texts) for (const [b, s] of texts)
      if (a !== b && Math.abs(r.top - s.top) < 6 && r.left < s.left && r.right > s.left + .5) out.push(`${id}: ${a.textContent} on ${b.textContent}`);
  }
  for (const e of document.querySelectorAll('#panel .cells td')) if (e.scrollWidth > e.clientWidth + 1) out.push(e.textContent);
  return out; }"""  # noqa: E501
SMALLEST = """() => Math.min(...[...document.querySelectorAll('#stage text, body *')].filter(e => e.childNodes.length &&
  [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.getClientRects().length && !e.closest('.reader, script, math'))
  .map(e => parseFloat(getComputedStyle(e).fontSize) * (e.closest('#stage') ? scale : 1)))"""  # noqa: E501
VISIBLE = """() => [...document.querySelectorAll('#panel .rule, #panel .number')].every(e => {
  const r = e.getBoundingClientRect(), foot = document.querySelector('footer').getBoundingClientRect().top;
  return r.top >= 0 && r.bottom <= Math.min(innerHeight, foot) + 1; })"""
WALK = f"""() => JSON.stringify(steps.map((_, k) => {{  // in one call for all steps: each call takes milliseconds
  dispatchEvent(new KeyboardEvent('keydown', {{ key: k ? 'ArrowRight' : 'Home' }}));
  return [at, ({OUTSIDE})(), ({VISIBLE})()]; }}))"""
HUES = """() => {
  const tokens = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const rgb = hex => { const d = document.createElement('i'); d.style.color = hex; document.body.append(d); const c = getComputedStyle(d).color; d.remove(); return c; };
  const names = ['paper', 'card', 'ink', 'quiet', 'line', 'edge', 'value', 'gradient', 'halo'], known = Object.fromEntries(names.map(n => [rgb(tokens(n)), n]));
  const bad = [];
  for (const e of document.querySelectorAll('#stage path, #stage polygon, #stage rect, #stage circle, #stage text')) {
    if (e.closest('defs')) continue;
    const style = getComputedStyle(e);
    for (const key of ['fill', 'stroke']) {
      const colour = style[key];
      if (colour === 'none' || colour === 'rgba(0, 0, 0, 0)') continue;
      if (!(colour in known)) bad.push(`${key} ${colour}`);
      else if (known[colour] === 'value' && !/^[=→\\[▁-█]|^ ?\\[|^min|^all|^[−\\d]/.test(e.textContent.trim()) && !e.closest('.flows, .feeds')) bad.push(`value on ${e.outerHTML.slice(0, 60)}`);
      else if (known[colour] === 'gradient' && !/^[∇‖→=\\[▁-█]|^min|^all|^[−\\d]/.test(e.textContent.trim()) && !e.closest('.went, .goes, .gets, .badge') && !cards.get(e.closest('.node')?.dataset.card)?.title.startsWith('backward')) bad.push(`gradient on ${e.outerHTML.slice(0, 60)}`);
    }
  }
  return [...new Set(bad)]; }"""  # noqa: E501


WITHOUT_A_PLAYER = (
    "convolution_matrix", "sizes", "activations", "what_passes", "what_a_cell_sees", "vanishing", "cross_entropy_worked",
    "what_layers_make_of_an_image",
)  # fmt: skip


def players():
    yield from ((name, None) for name in gallery() if name not in WITHOUT_A_PLAYER)
    yield from NETS.items()


@pytest.mark.parametrize(("name", "net"), [*players()], ids=lambda value: value if isinstance(value, str) else "")
def test_what_a_script_can_hold_of_a_player(opened, tmp_path, name, net):
    mt.manual_seed(0)
    if net is None:
        graph, player = gallery()[name]()
    else:
        with viz.record():
            loss = net()
            loss.backward()
        graph, player = viz.graph(loss), viz.play(loss)
    start = time.process_time()
    graph.save(tmp_path / "graph.svg")
    assert time.process_time() - start < 3
    page = opened(graph.save(tmp_path / "graph.html"))
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(SMALLEST) >= 12
    assert page.evaluate(HUES) == []
    if player is None:
        return
    path = player.save(tmp_path / "player.html")
    for width, height in ((1280, 800), (390, 844)):
        page = opened(path)
        page.set_viewport_size({"width": width, "height": height})
        count = page.evaluate("steps.length")
        assert count <= 40
        assert json.loads(page.evaluate(WALK)) == [[k, [], True] for k in range(count)], width
        assert page.evaluate(SMALLEST) >= 12
        assert page.evaluate(HUES) == []
    names = set(page.evaluate("[...cards.values()].flatMap(c => [c.name, c.title, c.path])"))
    for step in player.trace["steps"]:  # no word of a tape: what is named is the program's, or written in a box
        assert not re.search(r"\b(?:add|sub|mul|div|reshape|sum|linear|convolution)\d+\b", step["title"]), step["title"]
    assert names


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_told_from_its_background(opened, player, tmp_path, scheme):
    page = opened(player.save(tmp_path / "player.html"), color_scheme=scheme)
    page.keyboard.press("End")
    contrast = """() => [...document.querySelectorAll('h1, #panel h2, #panel .step b, #panel figcaption span, .keys, #about, #legend, #legend b, #stage text, .cells td')].map(e => {
      const c2 = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      const rgb = c => { c2.fillStyle = c; c2.fillRect(0, 0, 1, 1); return [...c2.getImageData(0, 0, 1, 1).data].slice(0, 3); };
      const light = c => { const [r, g, b] = rgb(c).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
      let back = e, ground = null;
      if (e.closest('#stage')) ground = getComputedStyle(document.documentElement).getPropertyValue('--card').trim();
      else { while (getComputedStyle(back).backgroundColor === 'rgba(0, 0, 0, 0)') back = back.parentElement; ground = getComputedStyle(back).backgroundColor; }
      const [a, b] = [light(e.closest('#stage') ? getComputedStyle(e).fill : getComputedStyle(e).color), light(ground)].sort((x, y) => y - x);
      return (a + .05) / (b + .05); })"""  # noqa: E501
    ratios = page.evaluate(contrast)
    assert len(ratios) >= 30
    assert min(ratios) >= 4.5


def test_a_graph_as_a_page(opened, tmp_path):
    w = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        y = F.softmax((w * 3)[None], 1).sum() + F.cross_entropy(w[None], mt.tensor([1]))
    page = opened(viz.graph(y, params={EVIL: w}, show="all").save(tmp_path / "graph.html"))
    assert not page.is_visible("footer")
    tag = page.evaluate(f"[...cards.values()].find(c => c.title === {EVIL!r}).id")
    page.click(f"[data-card='{tag}'] text >> nth=0")
    assert EVIL in page.inner_text("#panel h2")
    assert cells(page.query_selector("#panel figure")) == [1, 2]
    before = page.evaluate("places.size")
    page.click(".handle >> nth=0")
    assert page.evaluate("places.size") > before
    page.click(".opened >> nth=0")
    assert page.evaluate("places.size") == before


def test_a_saved_picture_follows_the_reader_s_scheme(opened, tmp_path):
    path = viz.graph(mlp()).save(tmp_path / "graph.svg")
    ground = "getComputedStyle(document.querySelector('polygon')).fill"
    assert opened(path).evaluate(ground) == "rgb(250, 250, 248)"
    assert opened(path, color_scheme="dark").evaluate(ground) == "rgb(22, 23, 26)"


def test_in_a_notebook(opened, player, tmp_path):
    notebook = tmp_path / "notebook.html"
    cell = player._repr_mimebundle_()["text/html"]
    notebook.write_text(f"<!DOCTYPE html><meta charset=utf-8><div id=d style='display:none'>{cell}</div>", encoding="utf-8")
    page = opened(notebook)
    frame = page.frames[-1]
    page.evaluate("document.getElementById('d').style.display = 'block'")  # as a notebook does, which lays out later
    page.wait_for_timeout(300)
    assert frame.evaluate("document.querySelector('#stage').getBoundingClientRect().width") > 100
    frame.wait_for_selector("#panel h2")
    frame.click("#next")
    assert frame.inner_text("#panel h2") == frame.evaluate("steps[1].title")
