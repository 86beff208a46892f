"""The pages in a real browser: every step is walked, and what is read off the page is compared with the trace.

Playwright drives the system's Chromium. `make browser` installs the one; the other comes from the system (Debian: chromium).
"""

import functools
import itertools
import json
import random
import re
import runpy
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
import minitorch.nn.functional as F
from minitorch import nn, viz
from minitorch.viz.layers.frame import cell_text, panels, sentence
from minitorch.viz.page.summary import is_small, number

pytestmark = pytest.mark.slow

EVIL = "</script><img src=x onerror=alert(1)><b>&amp;"


@pytest.fixture(scope="module")
def chromium():
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make browser")
    pytest.importorskip("pygraphviz")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a file; at the end, nothing may have been complained of, and nothing asked for beside the file itself."""
    complaints, requests, pages = [], [], []

    def open_(path, at="", **options):
        page = chromium.new_page(viewport={"width": 1280, "height": 800}, **options)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(path.as_uri() + at)
        pages.append(page)
        return page

    yield open_
    for page in pages:
        page.close()
    assert complaints == []
    assert [url.partition(":")[0] for url in requests] == ["file"] * len(pages)


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


def test_a_matrix_lights_windows_stamps_and_weights(opened, tmp_path):
    page = opened(viz.matrix(nn.Conv2d(1, 1, 3), (1, 4, 4)).save(tmp_path / "matrix.html"))
    lit = lambda kind: page.evaluate(f"document.querySelectorAll('#plain rect.{kind}').length")  # noqa: E731
    page.hover("#plain rect[data-o='1']:not([data-i]) >> nth=0")
    assert page.inner_text("#said") == "Output 1 reads input 1, 2, 3, 5, 6, 7, 9, 10, 11."
    assert lit("window") == 9 + 2 * 9 + 2  # a row, its window in both forms of the input, and the output in both
    page.hover("#plain rect[data-i='5']:not([data-o]) >> nth=0")
    assert page.inner_text("#said") == "Input 5 goes into output 0, 1, 2, 3."
    page.hover("#plain rect[data-o='0'][data-i='0']")
    assert "The same weight stands in 4 places" in page.inner_text("#said")
    assert lit("same") == 4
    page.mouse.move(2, 2)
    page.keyboard.press("t")
    assert page.is_visible("#turned")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#said") == "Output 0 reads input 0. The same weight stands in 4 places."
    outside = """() => [...document.querySelectorAll('#turned text[text-anchor=middle]')].filter(t => {
      const r = t.getBoundingClientRect(); return r.width > 26.5; }).length"""
    assert page.evaluate(outside) == 0
    assert (
        page.evaluate(
            "Math.min(...[...document.querySelectorAll('svg text')].map(t => parseFloat(getComputedStyle(t).fontSize)))"
        )
        >= 12
    )


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


@pytest.mark.parametrize("width", [1280, 390])
def test_a_curve_shows_the_numbers_at_x(opened, tmp_path, width):
    layers = nn.Sigmoid(), nn.Hardswish(), mt.log
    page = opened(viz.curve(*layers).save(tmp_path / "curve.html"))
    page.set_viewport_size({"width": width, "height": 800})
    cells = lambda: page.evaluate("[...document.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent))")  # noqa: E731
    page.evaluate("document.getElementById('x').value = 200; show()")
    assert cells()[0][:4] == ["Sigmoid", "0", "0.5", "0.25"]
    page.focus("#x")
    page.keyboard.press("ArrowRight")
    assert cells()[0][1] == "0.02"
    page.evaluate("document.querySelectorAll('figure')[1].scrollIntoView()")
    box = page.locator("figure >> nth=1").bounding_box()
    scale = box["width"] / (52 + 280 + 16)
    page.mouse.move(box["x"] + (52 + 280 * 0.75) * scale, box["y"] + 100)
    (_, x, y, slope, _) = cells()[1]
    assert (x, float(y), float(slope)) == ("2", pytest.approx(10 / 6, abs=1e-3), pytest.approx(7 / 6, abs=1e-3))
    tangent = page.evaluate("(['x1', 'y1', 'x2', 'y2']).map(k => Number(marks[1].tangent.getAttribute(k)))")
    at = page.evaluate("curves[1].at[300]")
    assert ((tangent[0] + tangent[2]) / 2, (tangent[1] + tangent[3]) / 2) == pytest.approx(at[:2], abs=0.01)
    page.evaluate("document.getElementById('x').value = 10; show()")
    assert cells()[2][2] == "nan"
    assert not page.locator("figure >> nth=2").locator(".tangent").is_visible()
    outside = """() => [...document.querySelectorAll('figure text')].filter(t => {
      const r = t.getBoundingClientRect(), s = t.closest('figure').querySelector('svg').getBoundingClientRect();
      return r.left < s.left - .5 || r.right > s.right + .5 || r.bottom > s.bottom + .5; }).map(t => t.textContent)"""
    assert page.evaluate(outside) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_maps_show_the_number_of_a_pixel_and_the_gradients(opened, tmp_path):
    x = mt.arange(16.0).reshape(1, 1, 4, 4)
    maps = viz.feature_maps(nn.Sequential(nn.ReLU()), x, loss=lambda y: (y**2).sum())
    page = opened(maps.save(tmp_path / "maps.html"))
    box = page.query_selector("#values image").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.4)
    assert page.inner_text("#said") == "input [1, 3] = 7"
    page.keyboard.press("g")
    box = page.query_selector("#gradients image").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.4)
    assert page.inner_text("#said") == "input [1, 3] = 14"
    page.click("#gradients image >> nth=0")
    assert page.inner_text("#large h2") == "∂L/∂ input"
    assert [page.inner_text(f"#large td >> nth={n}") for n in (7, 15)] == ["14", "30"]


def test_a_flow_has_a_slider_over_its_steps(opened, tmp_path):
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    flow = viz.flow(net, lambda: net(mt.ones(1, 2)).sum()).record().record()
    page = opened(flow.save(tmp_path / "flow.html"))
    assert page.inner_text("#at") == "3 of 3"
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#at") == "2 of 3"
    assert [f.is_visible() for f in page.query_selector_all("figure")] == [False, True, False]


# ---- viz.animate ------------------------------------------------------------------------------------------------------

READ = """([view, by, count]) => JSON.stringify(Array.from({ length: count }, (_, n) => {
  const m = seen(layer, view);
  return [sentence(m, view, by, n), panelsOf(m, view, by, n).map(p => [p.title, p.note, p.names, p.boxes, p.corner,
    p.planes.flatMap((row, d) => row.flatMap((plane, a) => {
      const lit = litOf(p, plane, d, a);
      return plane.cells.map((c, i) => [c, c >= 0 && (!p.known || p.known[c]) ? cellText(p.values[c]) : null, lit[i]]);
    }))])];
}))"""  # all steps in one text: Playwright takes long for each call, and for each list in its result


def whole(layer):
    """Weights that are quarters, so that no sum depends on how floats are rounded."""
    for p in layer.parameters():
        p.data = (mt.randn(*p.shape) * 4).round() / 4
    return layer


def as_shown(stage, view, by, n):
    """A step as the page should show it."""
    stage = stage.as_convolution if view == "as_convolution" else stage
    shown = []
    for p in panels(stage, view, by, n):
        cells = zip(p.cell.ravel(), p.values.ravel(), p.known.ravel(), p.lit.ravel(), strict=True)
        texts = [[int(c), cell_text(float(v)) if known else None, bool(lit)] for c, v, known, lit in cells]
        shown.append([p.title, p.shape, p.names, [list(b) for b in p.boxes], {str(k): v for k, v in p.corner.items()}, texts])
    return [sentence(stage, view, by, n), shown]


ANIMATED = {
    "stride": (nn.Conv2d(1, 1, 3, 2, 1), (1, 5, 5)),
    "groups and dilation": (nn.Conv2d(4, 4, 3, groups=2, dilation=2), (4, 6, 6)),
    "uneven": (nn.Conv2d(2, 3, (3, 2), padding=(2, 0)), (2, 4, 4)),
    "circular": (nn.Conv1d(2, 1, 3, dilation=2, padding=2, padding_mode="circular"), (2, 6)),
    "colours": (nn.Conv2d(3, 2, 3, padding=1), (3, 3, 3)),
    "volume": (nn.Conv3d(1, 2, 2), (1, 3, 3, 3)),
    "transposed": (nn.ConvTranspose2d(1, 2, 3, 2, 1, 1), (1, 3, 3)),
    "transposed in groups": (nn.ConvTranspose1d(2, 4, 3, 2, 1, 1, groups=2, dilation=2), (2, 4)),
    "max": (nn.MaxPool2d(2, padding=1, ceil_mode=True), (2, 5, 5)),
    "mean": (nn.AvgPool2d(3, 2, 1, ceil_mode=True), (1, 6, 6)),
    "mean without padding": (nn.AvgPool2d(3, 2, 1, count_include_pad=False), (1, 6, 6)),
    "adaptive": (nn.AdaptiveAvgPool2d(3), (1, 5, 5)),
    "linear": (nn.Linear(3, 4), (3,)),
    "fold": (nn.Fold((3, 3), 2), (4, 4)),
    "upsample": (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 3, 3)),
}


@pytest.mark.parametrize("name", ANIMATED)
def test_every_step_of_a_layer_is_that_of_python(opened, tmp_path, name):
    mt.manual_seed(1)
    layer, shape = ANIMATED[name]
    animation = viz.animate(whole(layer), shape)
    page, stage = opened(animation.save(tmp_path / "layer.html")), animation.layer_stage
    for view, ways in stage.views.items():
        for by in ways:
            count = stage.array(by).size
            for n, step in enumerate(json.loads(page.evaluate(READ, [view, by, count]))):
                assert step == as_shown(stage, view, by, n), (view, by, n)
            assert n == count - 1


SWITCH = (False, True)
CHANGED = {
    nn.Conv2d: {"padding": range(4), "dilation": (1, 2), "groups": (1, 2)},
    nn.ConvTranspose2d: {"padding": range(3), "dilation": (1, 2), "output_padding": (0, 1), "groups": (1, 2)},
    nn.MaxPool2d: {"padding": range(3), "dilation": (1, 2), "ceil_mode": SWITCH},
    nn.AvgPool2d: {"padding": range(3), "ceil_mode": SWITCH, "count_include_pad": SWITCH},
}


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv2d(2, 4, 3, padding=1), (2, 6, 5)), (nn.ConvTranspose2d(2, 4, 3, stride=2), (2, 3, 4)),
        (nn.MaxPool2d(2), (2, 6, 6)), (nn.AvgPool2d(3, 2), (1, 7, 6)),
    ],
)  # fmt: skip
def test_what_settings_do_in_the_page_is_what_they_do_in_python(opened, tmp_path, layer, shape):
    """The kernel is repeated where it grows; what the layer refuses, the page refuses."""
    page, kind = opened(viz.animate(whole(layer), shape).save(tmp_path / "layer.html")), type(layer)
    remake = """s => { if (!fits(first, s)) return null; const m = remade(first, s);
      return JSON.stringify([m.y.shape, m.y.values, m.grad_input.values, m.grad_weight?.values ?? null, m.taps.output,
        m.taps.input, m.taps.weight, m.taps.factor, m.board, m.as_convolution?.board ?? null, m.axes.map(a => a.windows)]); }"""
    choices = {"kernel_size": range(1, 5), "stride": range(1, 4), **CHANGED[kind]}
    refused = made = 0
    for values in itertools.product(*choices.values()):
        wanted = dict(zip(choices, values, strict=True))
        try:
            channels = (layer.in_channels, layer.out_channels) if hasattr(layer, "in_channels") else ()
            new = kind(*channels, **wanted)
            for p, old in zip(new.parameters(), layer.parameters(), strict=True):
                index = np.ix_(*(np.arange(n) % m for n, m in zip(p.shape, old.shape, strict=True)))
                p.data = mt.tensor(old.detach().numpy()[index])
            data = viz.animate(new, shape).data
        except (RuntimeError, ValueError):
            assert page.evaluate(remake, wanted) is None, wanted
            refused += 1
            continue
        made += 1
        shape_, *numbers = json.loads(page.evaluate(remake, wanted))
        assert shape_ == data["y"]["shape"]
        for got, name in zip(numbers[:3], ("y", "grad_input", "grad_weight"), strict=True):
            np.testing.assert_allclose(got or [], data.get(name, {}).get("values") or [], 1e-5, 1e-5)
        taps, geometry = numbers[3:7], numbers[7:]
        np.testing.assert_allclose(taps, [data["taps"][key] for key in ("output", "input", "weight", "factor")], 1e-6)
        spread = data["as_convolution"] and data["as_convolution"]["board"]
        assert geometry == [data["board"], spread, [axis["windows"] for axis in data["axes"]]]
    assert made > 80
    assert refused > 0


def test_nan_wins_a_max_pooling_in_the_page_too(opened, tmp_path):
    x = mt.tensor([[[1.0, float("nan"), -2, 3], [float("inf"), -1, 0, 2], [0, 0, 1, 1], [0, 0, 1, 1]]])
    page = opened(viz.animate(nn.MaxPool2d(2), x).save(tmp_path / "layer.html"))
    page.evaluate("layer = remade(first, { ...settings, ceil_mode: true })")
    values, slopes = page.evaluate("[layer.y.values.map(String), layer.grad_input.values]")
    assert values == ["NaN", "3", "0", "1"]
    assert slopes == viz.animate(nn.MaxPool2d(2), x).stage.grad_input.reshape(-1).tolist()


def test_a_window_is_dragged_and_cells_are_pointed_at(opened, tmp_path):
    conv = nn.Conv2d(1, 1, 3, stride=2, padding=1)
    conv.load_state_dict({"weight": mt.tensor([[[[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]]]), "bias": mt.tensor([0.5])})
    page = opened(viz.animate(conv, (1, 5, 5)).save(tmp_path / "layer.html"))
    middle = lambda plane, at: page.evaluate(  # noqa: E731
        f"""(() => {{ const r = document.querySelector("[data-part={plane}] [data-at='{at}']").getBoundingClientRect();
        return [r.x + r.width / 2, r.y + r.height / 2]; }})()"""
    )
    page.mouse.move(*middle("input", 8))
    page.mouse.down()
    page.mouse.move(*middle("input", 24), steps=5)  # the middle of the board
    page.mouse.up()
    assert page.evaluate("[view, by, step]") == ["forward", "output", 4]
    assert page.inner_text("#where") == "forward, step 5 of 9"
    left, right = page.inner_text("#said").replace("−", "-").replace("·", "*").split(" = ")[1:]
    assert eval(left) == float(right)  # what is read off the page adds up
    assert float(right) == viz.animate(conv, (1, 5, 5)).stage.y.reshape(-1)[4]
    page.hover("[data-part=kernel], [data-part=weight] [data-n='0']")
    page.hover("[data-part=weight] [data-n='0']")
    assert "times the shifted input, is added to" in page.inner_text("#said")
    page.hover("[data-part=input] [data-n='6']")
    assert page.inner_text("#said") == "x[0, 1, 1] = " + number(float(viz.animate(conv, (1, 5, 5)).stage.x[0, 1, 1])) + (
        ", times the kernel, is added to 4 cells of y"
    )
    page.mouse.move(2, 2)
    for key, at in (("ArrowRight", 5), ("ArrowUp", 2), ("Home", 0), ("End", 8), ("ArrowLeft", 7)):
        page.keyboard.press(key)
        assert page.evaluate("step") == at
    page.keyboard.press("3")
    assert page.evaluate("[view, by]") == ["grad_input", "output"]
    page.keyboard.press("b")
    assert page.evaluate("[view, by]") == ["grad_input", "input"]
    page.keyboard.press("1")
    page.keyboard.press("Space")
    page.wait_for_selector('text="forward, step 2 of 9"')
    page.keyboard.press("Space")
    page.click("summary")
    slide = lambda name, value: page.eval_on_selector(  # noqa: E731
        f"[data-name={name}]", f"e => {{ e.value = {value}; e.dispatchEvent(new Event('input')); }}"
    )
    slide("stride", 1)
    assert page.inner_text("h1").endswith("1×5×5 → 1×5×5")
    slide("padding", 0)
    slide("dilation", 3)
    assert page.inner_text("#refused").startswith("dilation 3 does not fit; what would: dilation 2, kernel_size 2 with it")
    assert page.evaluate("settings.dilation") == 1


@pytest.mark.parametrize("size", [(1280, 760), (1920, 1080), (390, 844)])
def test_a_layer_s_page_can_be_read(opened, tmp_path, size):
    for name in ("groups and dilation", "transposed", "max", "linear", "volume"):
        page = opened(viz.animate(*ANIMATED[name]).save(tmp_path / "layer.html"))
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for view in page.evaluate("Object.keys(layer.views)"):
            page.evaluate(f"step = 0; choose({view!r}); go(steps() - 1)")
            outside = """[...document.querySelectorAll('.cell')].filter(c => c.scrollWidth > c.clientWidth + 1 ||
              c.scrollHeight > c.clientHeight + 1).map(c => c.textContent)"""
            assert page.evaluate(outside) == [], (name, view)
            smallest = """Math.min(...[...document.querySelectorAll('body *')].filter(e => e.offsetParent
              && e.textContent.trim() && !e.closest('.small')).map(e => parseFloat(getComputedStyle(e).fontSize)))"""
            assert page.evaluate(smallest) >= 12
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
