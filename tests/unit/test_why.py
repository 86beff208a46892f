"""The paths of `why`: all of them, and their products add up to the gradient."""

import itertools
import math
import sys

import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.viz.page.render import CannotRender


def totals(explained):
    return sum(path.product for path in explained.paths) + explained.rest


def test_the_products_of_why_add_up_to_the_gradient():
    mt.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 1)).double()
    x = mt.randn(2, 3, dtype=mt.float64, requires_grad=True)
    loss = net(x).pow(2).mean()
    loss.backward(retain_graph=True)
    for tensor in (x, *net.parameters()):
        for index in itertools.product(*map(range, tensor.shape)):
            explained = viz.why(tensor, loss, index=index)
            assert explained.value == pytest.approx(tensor.grad[index].item(), rel=1e-12)
            assert totals(explained) == pytest.approx(explained.value, rel=1e-9, abs=1e-15)
            for path in explained.paths:
                assert path.product == pytest.approx(math.prod(f.value for f in path.factors), rel=1e-12)


def test_the_paths_of_why_are_all_the_paths():
    x = mt.tensor([2.0, 5.0], dtype=mt.float64, requires_grad=True)
    y = x[0] * x[1]
    z = y * x[0] + y
    explained = viz.why(x, z, index=0)  # x0^2 x1 + x0 x1
    assert sorted(path.product for path in explained.paths) == [5, 10, 10]
    assert (explained.value, explained.rest) == (25, 0)
    assert explained.paths[0].factors[0].name.startswith("∂z/")
    assert viz.why(x, z).name == "dz/dx[0]"  # the largest
    assert viz.why(x, z, index=-1).value == 6


def test_why_shows_hooks_as_factors():
    x = mt.tensor(3.0, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    z = y * y
    explained = viz.why(x, z)
    assert explained.value == 240
    assert totals(explained) == pytest.approx(240)
    assert [f.value for path in explained.paths for f in path.factors if f.name.startswith("hook")] == [10, 10]


def test_the_rest_of_why_is_what_is_not_shown():
    x = mt.tensor(1.5, dtype=mt.float64, requires_grad=True)
    y = x
    for _ in range(6):
        y = y + y * 0.5 + y * 0.25  # 3^6 paths
    explained = viz.why(x, y)
    assert len(explained.paths) == 24
    assert explained.value == pytest.approx(1.75**6)
    assert explained.rest == pytest.approx(1.75**6 - sum(path.product for path in explained.paths), rel=1e-9)
    exact = sorted((math.prod(p) for p in itertools.product((1, 0.5, 0.25), repeat=6)), reverse=True)
    assert sum(path.product for path in explained.paths) <= sum(exact[:24]) + 1e-12
    assert explained.paths[0].product == 1


def test_the_rest_of_why_counts_hooks():
    x = mt.tensor(1.5, dtype=mt.float64, requires_grad=True)
    y = x * 1.0
    y.register_hook(lambda g: g * 10)
    for _ in range(5):
        y = y + y * 0.5
        y.register_hook(lambda g: g * 2)
    explained = viz.why(x, y)
    assert explained.value == pytest.approx(10 * 2**5 * 1.5**5)
    assert explained.rest != 0
    assert totals(explained) == pytest.approx(explained.value)


def test_the_rest_of_why_has_the_branches_that_are_not_followed():
    x, w = mt.tensor(2.0, dtype=mt.float64, requires_grad=True), mt.arange(1.0, 101.0).double()
    loss = (x * w).sum()
    explained = viz.why(x, loss)
    assert [path.product for path in explained.paths] == [float(k) for k in range(100, 76, -1)]
    assert explained.rest == sum(range(1, 77))
    assert explained.value == 5050


def matrices():
    """A loss of products of two matrices, which has many paths."""
    w = mt.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=mt.float64, requires_grad=True)
    h = w @ w @ w
    return w, (h * h).sum()


def test_the_names_of_factors_are_those_of_the_elements():
    x = mt.tensor([3.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    explained = viz.why(x, y)
    assert str(explained).splitlines() == [
        "dy/dx[0] = 6.0   (the largest of 2 elements; index= names another)",
        "  = ∂y/∂(x·x)[0] · ∂(x·x)[0]/∂(x as a)[0]",
        "  + ∂y/∂(x·x)[0] · ∂(x·x)[0]/∂(x as b)[0]",
        "  = 1.0 * 3.0  # 3",
        "  + 1.0 * 3.0  # 3",
    ]
    first, last = explained.paths[0].factors
    assert (first.top, first.bottom, last.top, last.bottom) == ("y", "(x·x)[0]", "(x·x)[0]", "x[0]")
    fraction = r"\frac{\partial \mathrm{(x\cdot x)}_{0}}{\partial \mathrm{(x\ as\ a)}_{0}}"
    assert explained.latex.startswith(r"\begin{aligned} \frac{\mathrm{d} y}{\mathrm{d} x_{0}} &= ")
    assert fraction in explained.latex
    assert explained.latex.endswith(r"&= 1 \cdot 3 \\ &\quad {}+ 1 \cdot 3 \\ &= 6 \end{aligned}")


def test_an_output_is_its_own_derivative():
    x = mt.tensor(2.0, requires_grad=True)
    y = x * 3
    explained = viz.why(y, y)
    assert str(explained).splitlines() == ["dy/dy = 1.0", "  = dy/dy", "  = 1.0"]


def test_a_hook_on_the_output_is_the_first_factor():
    x = mt.tensor(2.0, requires_grad=True)
    y = x * 3
    y.register_hook(lambda g: g * 5)
    explained = viz.why(x, y)
    assert [(f.name, f.value) for f in explained.paths[0].factors] == [("dy/dy", 5.0), ("∂y/∂x", 3.0)]
    assert (explained.value, explained.rest) == (15.0, 0.0)


def test_paths_that_are_cut_and_numbers_that_are_none():
    zero = mt.tensor(0.0, requires_grad=True)
    y = zero * zero
    explained = viz.why(zero, y)
    assert str(explained).splitlines()[0] == "dy/dzero = 0.0   (every path is cut: ∂y/∂zero = 0)"
    assert (explained.expression, explained.paths) == ("0", ())
    assert explained.latex == r"\begin{aligned} \frac{\mathrm{d} y}{\mathrm{d} \mathrm{zero}} &= 0 \\ &= 0 \end{aligned}"
    nothing = mt.tensor(math.nan, requires_grad=True)
    assert viz.why(nothing, nothing * 2 * nothing).expression.count("float('nan')") == 2
    endless = mt.tensor(-math.inf, requires_grad=True)
    assert eval(viz.why(endless, endless * endless).expression) == -math.inf


def test_a_backward_that_is_not_linear_is_remarked():
    class Clipped(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return grad.clamp(-1, 1)

    x = mt.tensor(2.0, requires_grad=True)
    y = Clipped.apply(x) * 7
    explained = viz.why(x, y)
    assert explained.value == 1.0
    assert "a hook, or a backward that is not linear, changes it on the way: the products do not make it" in str(explained)


def test_the_picture_of_paths_has_their_elements_slopes_and_widths():
    a = mt.tensor(2.0, requires_grad=True)
    b = a * 3.0
    y = b * 4.0 + a * 5.0
    explained = viz.why(a, y)
    source = explained.digraph.source
    assert [path.product for path in explained.paths] == [12.0, 5.0]
    assert 'a -> b [label=<<table border="0"' in source
    assert "× 3</td>" in source
    assert 'penwidth=12.0 tooltip="a to b"' in source
    narrow = f"penwidth={1 + 11 * 5 / 12:.1f}"
    assert narrow in source


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "dot", "txt", "tex"])
def test_the_paths_are_saved(tmp_path, suffix):
    w, loss = matrices()
    explained = viz.why(w, loss)
    written = explained.save(tmp_path / f"paths.{suffix}").read_bytes()
    begins = {"png": b"\x89PNG", "pdf": b"%PDF"}
    exact = {"dot": explained.digraph.source, "txt": str(explained), "tex": explained.latex, "svg": explained.svg}
    assert written.startswith(begins[suffix]) if suffix in begins else written.decode() == exact[suffix]


def test_a_long_formula_is_a_list_of_paths():
    w, loss = matrices()
    w.register_hook(lambda g: g * 2)
    explained = viz.why(w, loss, index=(1, 1))
    lines = str(explained).splitlines()
    assert lines[:2] == [f"dloss/dw[1, 1] = {explained.value}", "  20 paths begin with w[1, 1], × 2"]
    assert len(lines) == 22
    assert [float(line.split()[0]) for line in lines[2:]] == [path.product for path in explained.paths]
    assert lines[4].split(None, 1)[1] == "(w@w)[1, 1] → (w@w@w)[1, 1] → (w@w@w·w@w@w)[1, 1]"
    assert explained.value == pytest.approx(totals(explained))
    assert eval(explained.expression) == pytest.approx(explained.value)
    b = a = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    for _ in range(4):
        b = b * 2 + b * 3
    lines = str(viz.why(a, b.sum() * 7, index=1)).splitlines()
    assert lines[1] == "  16 paths begin with a[1]"
    assert lines[2].startswith("  and end with b[1] → ")
    assert lines[2].endswith(", × 7")
    products = sorted((7 * math.prod(choice) for choice in itertools.product((2, 3), repeat=4)), reverse=True)
    assert [float(line.split()[0]) for line in lines[3:]] == products


def test_a_notebook_shows_the_formula_or_the_picture(monkeypatch):
    short = viz.why(FREE, NUMBER)
    assert short._repr_mimebundle_() == {"text/plain": str(short), "text/latex": f"$\\displaystyle {short.latex}$"}
    w, loss = matrices()
    long = viz.why(w, loss)
    assert long._repr_mimebundle_() == {"text/plain": str(long), "image/svg+xml": long.svg}

    def fail(*args):
        raise CannotRender("no Graphviz here")

    monkeypatch.setattr(sys.modules["minitorch.viz.why"], "render", fail)
    assert long._repr_mimebundle_() == {"text/plain": f"{long}\n(no Graphviz here)"}


FREE = mt.tensor([1.0, 2.0], requires_grad=True)
NUMBER = (FREE * FREE).sum()


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: viz.why(3, NUMBER), TypeError, "why() explains the gradient of a Tensor, and got int"),
        (lambda: viz.why(FREE, 3.0), TypeError, "why(): output is the Tensor that was differentiated, not float"),
        (lambda: viz.why(NUMBER.detach(), NUMBER), RuntimeError, "requires no gradient: call requires_grad_() on it"),
        (lambda: viz.why(NUMBER, FREE), RuntimeError, "the output, of shape [2], was not computed from anything that has a"),
        (lambda: viz.why(FREE, FREE * FREE), RuntimeError, "the output has shape [2]: reduce it with .sum() or .mean()"),
        (lambda: viz.why(mt.ones(0, requires_grad=True), NUMBER), RuntimeError, "this tensor has shape [0]: reduce it"),
        (
            lambda: viz.why(mt.ones(2, requires_grad=True), NUMBER),
            RuntimeError,
            "not depend on this tensor, of shape [2]: nothing",
        ),
        (lambda: viz.why(mt.ones(2, requires_grad=True)), RuntimeError, "does not know what was differentiated: none of the"),
        (lambda: viz.why(FREE, NUMBER, index=2), IndexError, "index 2 is out of range for dimension 0 of size 2, of shape [2]"),
        (lambda: viz.why(FREE, NUMBER, index=True), IndexError, "a number for each of the 1 dimensions of [2], not True"),
        (lambda: viz.why(FREE, NUMBER, index=(0, 0)), IndexError, "a number for each of the 1 dimensions of [2], not (0, 0)"),
        (lambda: viz.why(FREE, NUMBER, index="a"), IndexError, "a number for each of the 1 dimensions of [2], not 'a'"),
        (lambda: viz.why(FREE, NUMBER).save("paths.gif"), ValueError, "cannot save the paths as 'paths.gif': the endings .svg"),
    ],
)
def test_what_has_no_chain_rule(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert sentence in str(caught.value)
