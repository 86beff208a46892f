"""The pages of layers and models in a real browser: what is read off the page is compared with Python."""

import itertools
import json

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.viz.layers.frame import cell_text, panels, sentence
from minitorch.viz.page.summary import number

pytestmark = pytest.mark.slow


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


def test_the_frame_of_a_page_in_a_notebook_grows_with_the_page(opened, tmp_path):
    """So that nothing of a tall layer is behind the formula, which stays in sight at the bottom."""
    pictures = [viz.animate(nn.Conv2d(3, 2, 3), (3, 5, 5)), viz.matrix(nn.Conv2d(1, 1, 3, bias=False), (1, 5, 5))]
    cells = [picture._repr_mimebundle_()["text/html"] for picture in pictures]
    (tmp_path / "notebook.html").write_text("<!DOCTYPE html><body style='width: 960px'>" + "".join(cells))
    page = opened(tmp_path / "notebook.html")
    page.wait_for_function("[...document.querySelectorAll('iframe')].every(f => f.clientHeight > 800)")
    for frame in page.frames[1:]:
        frame.wait_for_function("document.documentElement.scrollHeight <= innerHeight")
        assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
