"""The pages in a real browser: every step is walked, and what is read off the page is compared with the trace.

Playwright drives the system's Chromium. `make browser` installs the one; the other comes from the system (Debian: chromium).
"""

import shutil

import pytest

import minitorch as mt
import minitorch.nn.functional as F
from minitorch import nn, viz
from minitorch.viz.summary import SMALL, summary

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


def number(text):
    return float(text)


def cells(figure):
    return [number(cell.get_attribute("data-value")) for cell in figure.query_selector_all("[data-value]")]


def expected(array):
    """What the page has of an array: every element, or the lowest, the mean and the highest."""
    values = [float(v) for v in array["values"]]
    if len(values) <= SMALL:
        return values
    shown = summary(mt.tensor(values, dtype=getattr(mt, array["dtype"])).numpy())
    return [v for v in (shown.low, shown.mean, shown.high) if v is not None]


def same(a, b):
    return a == pytest.approx(b, rel=1e-12, nan_ok=True)


def test_every_step_of_the_page_has_the_numbers_of_the_trace(opened, player, tmp_path):
    trace = player.trace
    arrays, frames = trace["arrays"], trace["frames"]
    names = {node["id"]: node["name"] for node in trace["nodes"]}
    assert {frame["kind"] for frame in frames} == {"forward", "start", "backward", "hook", "leaf", "end"}
    page = opened(player.save(tmp_path / "player.html"))
    for i, frame in enumerate(frames):
        assert page.inner_text("#panel .step") == f"step {i + 1} of {len(frames)} · " + {
            "forward": "forward", "leaf": ".grad", "end": ".grad"
        }.get(frame["kind"], "backward")  # fmt: skip
        assert page.inner_text("#panel h2") == frame["words"][0]
        said = [e.text_content() for e in page.query_selector_all("#panel p.line")]
        assert said[: len(frame["words"]) - 1] == frame["words"][1:]
        figures = {f.query_selector("figcaption").inner_text(): f for f in page.query_selector_all("#panel figure")}
        captions = {
            "forward": {names[frame["node"]]: "value"},
            "backward": {"local": "local", "contribution": "contribution"},
            "leaf": {f"{names[frame['node']]}.grad": "total"},
        }.get(frame["kind"], {})
        for caption, key in captions.items():
            if key in frame:
                assert same(cells(figures[caption]), expected(arrays[frame[key]])), (i, caption)
        if frame["kind"] == "backward":
            (upstream,) = [u for u in frame["upstream"] if u is not None]
            shown = next(f for caption, f in figures.items() if caption.startswith("upstream"))
            assert same(cells(shown), expected(arrays[upstream]))
            if frame["total"] != frame["contribution"]:
                assert same(cells(figures[f"sum at {names[frame['to']]}"]), expected(arrays[frame["total"]]))
            edge = next(
                f"e{k}"
                for k, e in enumerate(trace["edges"])
                if (e["tail"], e["head"], e["argument"]) == (frame["to"], frame["node"], frame["argument"])
            )
            assert [e.get_attribute("id") for e in page.query_selector_all(".goes")] == [edge]
            assert [e.get_attribute("id") for e in page.query_selector_all(".sends")] == [frame["node"]]
            assert [e.get_attribute("id") for e in page.query_selector_all(".gets")] == [frame["to"]]
        if frame["kind"] == "forward":
            assert [e.get_attribute("id") for e in page.query_selector_all(".now")] == [frame["node"]]
        page.keyboard.press("ArrowRight")
    assert page.get_attribute("body", "data-step") == str(len(frames) - 1)
    assert page.query_selector("#panel img") is None
    assert EVIL in page.inner_text("#panel")


def test_a_step_has_an_address(opened, player, tmp_path):
    page = opened(player.save(tmp_path / "player.html"), at="#step=4")
    assert page.inner_text("#panel .step").startswith("step 4 of")


def test_keys_buttons_and_clicks(opened, player, tmp_path):
    frames = player.trace["frames"]
    page = opened(player.save(tmp_path / "player.html"))
    at = lambda: int(page.get_attribute("body", "data-step"))  # noqa: E731
    page.keyboard.press("End")
    assert at() == len(frames) - 1
    page.keyboard.press("Home")
    assert at() == 0
    page.click("#next")
    page.click("#next")
    page.click("#back")
    assert at() == 1
    page.click("#last")
    page.click("#first")
    assert at() == 0
    page.fill("#time", "5")
    assert at() == 5
    page.click("#phases button:nth-child(2)")
    assert frames[at()]["kind"] == "start"
    page.select_option("#speed", "5")
    page.keyboard.press("Home")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(" ")
    for _ in range(50):
        page.wait_for_timeout(100)
        if at() >= 2:
            break
    assert at() >= 2
    assert "pause" in page.inner_text("#play")
    page.keyboard.press(" ")
    assert "play" in page.inner_text("#play")
    stopped = at()
    page.wait_for_timeout(700)
    assert at() == stopped
    wide = page.evaluate("document.querySelector('#scroll svg').getBoundingClientRect().width")
    page.keyboard.press("+")
    assert page.evaluate("document.querySelector('#scroll svg').getBoundingClientRect().width") == pytest.approx(
        wide * 1.25, rel=1e-3
    )
    page.click("#fit")
    tanh = next(node for node in player.trace["nodes"] if node["op"] == "Tanh")
    page.click(f"#{tanh['id']} text >> nth=0")
    assert "tanh x" in page.inner_text("#panel")
    assert "no gradient yet" in page.inner_text("#panel")
    page.keyboard.press("Escape")
    page.keyboard.press("End")
    page.focus(f"#{tanh['id']}")
    page.keyboard.press("Enter")
    assert "sum of gradients so far" in page.inner_text("#panel")
    page.click("text=back to the step")
    assert page.inner_text("#panel h2") == "every leaf has its gradient"


def test_it_can_be_read_without_seeing_it_and_be_printed(opened, player, tmp_path):
    page = opened(player.save(tmp_path / "player.html"))
    assert page.get_attribute("#scroll svg", "role") == "group"  # with buttons inside, which a picture could not have
    page.keyboard.press("ArrowRight")
    assert page.text_content("#status").startswith(player.trace["frames"][1]["words"][0])
    page.keyboard.press("ArrowLeft")
    for button in page.query_selector_all("button"):
        assert button.inner_text().strip() or button.get_attribute("aria-label")
    boxes = page.query_selector_all("#scroll svg .node")
    assert all(box.get_attribute("aria-label") for box in boxes)
    assert [box.get_attribute("tabindex") for box in boxes].count("0") == 1  # from there on by the arrow keys
    page.focus("#scroll svg .node[tabindex='0']")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "n1"
    assert page.get_attribute("#time", "aria-valuetext").startswith("step 1: ")
    page.click("#text summary")
    page.wait_for_selector("#all > li")
    items = page.query_selector_all("#all > li")
    assert [item.query_selector("button").inner_text() for item in items] == [f["words"][0] for f in player.trace["frames"]]
    page.emulate_media(media="print")
    assert page.is_visible("#all > li:last-child")
    assert not page.is_visible("footer")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_told_from_its_background(opened, player, tmp_path, scheme):
    page = opened(player.save(tmp_path / "player.html"), color_scheme=scheme)
    page.keyboard.press("End")
    contrast = """() => [...document.querySelectorAll('h1, #panel h2, #panel .step b, #panel figcaption, .keys, #about')].map(e => {
      const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
      let back = e; while (getComputedStyle(back).backgroundColor === 'rgba(0, 0, 0, 0)') back = back.parentElement;
      const [a, b] = [light(getComputedStyle(e).color), light(getComputedStyle(back).backgroundColor)].sort((x, y) => y - x);
      return (a + .05) / (b + .05); })"""  # noqa: E501
    ratios = page.evaluate(contrast)
    assert len(ratios) >= 6
    assert min(ratios) >= 4.5


def test_a_graph_as_a_page(opened, tmp_path):
    w = mt.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        y = (w * 3).sum()
    page = opened(viz.graph(y, params={EVIL: w}, show="all").save(tmp_path / "graph.html"))
    assert not page.is_visible("footer")
    page.click("#n0")
    assert EVIL in page.inner_text("#panel h2")
    assert "no gradient yet" in page.inner_text("#panel")
    page.click("#n1")
    assert cells(page.query_selector("#panel figure")) == [3, 6]


def test_in_a_notebook(opened, player, tmp_path):
    notebook = tmp_path / "notebook.html"
    cell = player._repr_mimebundle_()["text/html"]
    notebook.write_text(f"<!DOCTYPE html><meta charset=utf-8><div id=d style='display:none'>{cell}</div>", encoding="utf-8")
    page = opened(notebook)
    frame = page.frames[-1]
    page.evaluate("document.getElementById('d').style.display = 'block'")  # as a notebook does, which lays out later
    page.wait_for_timeout(300)
    assert frame.evaluate("document.querySelector('#scroll svg').getBoundingClientRect().width") > 100
    frame.wait_for_selector("#panel h2")
    frame.click("#next")
    assert frame.inner_text("#panel h2") == player.trace["frames"][1]["words"][0]
