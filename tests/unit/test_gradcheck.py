"""gradcheck finds what is wrong, says where, and stays quiet where nothing is."""

import json
import pickle
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.autograd import Function, GradcheckError, GradcheckReport, gradcheck, gradgradcheck


def wrong(formula):
    """x^3 with a derivative of one's own."""

    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return formula(g, x)

    return Wrong.apply


def point(*shape):
    return mt.randn(*shape, dtype=mt.float64, requires_grad=True)


@pytest.mark.parametrize(
    "formula",
    [lambda g, x: -g * 3 * x**2, lambda g, x: g * x**2, lambda g, x: g * 3 * x, lambda g, x: g * 0.0, lambda g, x: 3 * x**2],
)
@pytest.mark.parametrize("fast_mode", [False, True])
def test_wrong_derivatives_are_found(formula, fast_mode):
    def check():
        return gradcheck(lambda x: wrong(formula)(x) * 2, point(2, 3), fast_mode=fast_mode, raise_exception=False)

    assert not check()


def test_the_message_names_the_entry():
    x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=mt.float64, requires_grad=True)

    def doubled_in_one_place(g, x):
        out = g * 3 * x**2
        mask = mt.tensor([[1.0, 1.0], [2.0, 1.0]], dtype=mt.float64)
        return out * mask

    with pytest.raises(GradcheckError) as caught:
        gradcheck(wrong(doubled_in_one_place), x)
    text = str(caught.value)
    assert "input 0: at index [1, 0] of the input and index [1, 0] of the output" in text
    assert "numerical (expected): 27" in text
    assert "analytical (got):     54" in text
    assert "1 of 16 entries" in text
    assert "kink" not in text


def test_a_kink_is_named():
    x = mt.tensor([1.0, 0.0], dtype=mt.float64, requires_grad=True)
    with pytest.raises(GradcheckError, match="looks like a kink: the slope is 0 to the left and 1 to the right"):
        gradcheck(mt.relu, x)


def test_a_second_derivative_that_is_cut_off_is_found():
    function = wrong(lambda g, x: g * 3 * x.detach() ** 2)
    assert gradcheck(function, point(3))
    assert not gradgradcheck(function, point(3), raise_exception=False)


@pytest.mark.parametrize("fast_mode", [False, True])
def test_a_gradient_without_a_history_is_compared_with_zero(fast_mode):
    cube = wrong(lambda g, x: (g * 3 * x**2).detach())
    report = gradgradcheck(cube, point(3), raise_exception=False, fast_mode=fast_mode)
    assert not report
    assert "All that came is 0" in str(report) or fast_mode
    with pytest.raises(GradcheckError, match="Jacobian mismatch for gradient 0"):
        gradgradcheck(cube, point(3), fast_mode=fast_mode)


def test_modules_are_checked_with_their_parameters():
    class Scaled(nn.Module):
        def __init__(self, right):
            super().__init__()
            self.weight = nn.Parameter(mt.ones(3, dtype=mt.float64))
            self.right = right

        def forward(self, x):
            return x * (self.weight if self.right else self.weight.detach())

    assert gradcheck(Scaled(True), point(2, 3))
    assert gradgradcheck(Scaled(True), point(2, 3))
    with pytest.raises(GradcheckError, match="parameter 'weight'"):
        gradcheck(Scaled(False), point(2, 3))
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    before = [p.tolist() for p in net.parameters()]
    assert gradcheck(net, point(2, 3), fast_mode=True)
    assert [p.tolist() for p in net.parameters()] == before


def test_random_functions_are_noticed():
    calls = []

    def noisy(x):
        calls.append(1)
        return x * float(len(calls))

    with pytest.raises(GradcheckError, match="not deterministic"):
        gradcheck(noisy, point(2))


def test_bad_use_of_gradcheck():
    with pytest.raises(ValueError, match="at least one input"):
        gradcheck(mt.exp, mt.ones(2, dtype=mt.float64))
    with pytest.warns(UserWarning, match="not float64"):
        gradcheck(mt.exp, mt.ones(2, requires_grad=True), atol=1, eps=1e-2)
    with pytest.raises(RuntimeError, match="expanded"):
        gradcheck(mt.exp, mt.ones(1, dtype=mt.float64).expand(3).detach().requires_grad_())


def test_an_output_that_requires_no_gradient_is_left_out():
    assert gradcheck(lambda x: (x * 2, x.detach()), point(2))


def test_several_outputs_and_inputs_in_any_memory_order():
    a, b = point(2, 3), mt.from_numpy(np.asfortranarray(np.random.default_rng(0).random((2, 3)))).requires_grad_()
    assert gradcheck(lambda a, b: (a * b, a.sum(), (a > b)), (a, b))
    assert gradgradcheck(lambda a, b: ((a * b).T, a.sum() * b), (a, b))
    assert gradgradcheck(lambda a: a**3, a, mt.ones(2, 3, dtype=mt.float64))


def report(formula, x=None):
    return gradcheck(wrong(formula), point(2, 2) if x is None else x, raise_exception=False)


def test_the_report_is_true_or_false_and_prints():
    good, bad = report(lambda g, x: g * 3 * x**2), report(lambda g, x: g * 2 * x**2)
    assert isinstance(good, GradcheckReport)
    assert good
    assert not bad
    assert "all 16 entries agree with output 0" in str(good)
    assert "4 of 16 entries are off" in str(bad)
    assert "Every entry that came is 0.666667 times what is expected." in str(bad)
    assert "the central difference with step 1e-06" in str(bad)
    assert repr(bad) == str(bad)
    assert bad.worst.worst(1)[0].error == pytest.approx(max(e.error for e in bad.worst.worst(16)))
    with pytest.raises(GradcheckError) as caught:
        gradcheck(wrong(lambda g, x: -g * 3 * x**2), point(2))
    assert not caught.value.report
    assert "Every entry that came is -1 times" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def text(report):
    return re.sub(r"\s+", " ", str(report))


def test_the_report_tells_a_wrong_formula_from_a_kink_and_from_noise():
    smooth = report(lambda g, x: g * 2 * x**2, mt.tensor([2.0], dtype=mt.float64, requires_grad=True))
    assert "settle as the step h shrinks, with an error like h^2: the function is smooth there" in text(smooth)
    linear = gradcheck(lambda x: wrong(lambda g, x: 0 * g)(x * 0) + 2 * x.detach(), point(1), raise_exception=False)
    assert "do not depend on the step: the function is smooth there" in text(linear)
    kink = gradcheck(mt.relu, mt.zeros(1, dtype=mt.float64, requires_grad=True), raise_exception=False)
    assert "the slope is 0 to the left and 1 to the right" in text(kink)
    rough = gradcheck(lambda x: x + (x.detach() * 1e4).sin() * 1e-6, point(1), raise_exception=False)
    assert "do not settle as the step shrinks" in text(rough)


def test_every_input_and_output_has_its_part_of_the_report():
    def both(a, b):
        return a * b, wrong(lambda g, x: g)(b)

    found = gradcheck(both, (point(2), point(2)), raise_exception=False)
    assert [(c.label, c.output, c.agrees) for c in found.comparisons] == [
        ("input 0", "output 0", True), ("input 0", "output 1", True), ("input 1", "output 0", True),
        ("input 1", "output 1", False),
    ]  # fmt: skip
    assert "output 1 with respect to input 1" in str(found)


def test_functions_and_nested_arguments():
    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * g * x * x

    assert gradcheck(Cube, point(3))
    assert gradgradcheck(Cube, point(3))
    nested = ({"a": point(2), "b": [point(2), (point(1), 3)]}, "word")

    def function(tree, word):
        return {"sum": tree["a"] * tree["b"][0], "rest": [tree["b"][1][0] ** tree["b"][1][1]]}

    assert gradcheck(function, nested)
    assert gradgradcheck(function, nested)
    broken = gradcheck(lambda tree, word: tree["b"][0].detach() * tree["a"], nested, raise_exception=False)
    assert "with respect to input 0['b'][0]" in str(broken)
    loop = [point(1)]
    loop.append(loop)
    with pytest.raises(ValueError, match="contains itself"):
        gradcheck(lambda x: x[0], (loop,))
    with pytest.raises(ValueError, match="returned float"):
        gradcheck(lambda x: 1.0, point(1))


def test_results_that_change_from_call_to_call_are_noticed():
    for fickle in (nn.Dropout(0.5), lambda x: x + mt.rand(2, 2).double()):
        assert "not deterministic" in str(gradcheck(fickle, point(2, 2), raise_exception=False))
    assert gradcheck(lambda x: x + 1e-9 * mt.rand(1).double(), point(2), nondet_tol=1e-6, eps=1e-3)


def test_a_complex_step_agrees_to_the_last_digits():
    exact = {"complex_step": True, "atol": 1e-13, "rtol": 1e-12}
    for function in (mt.exp, mt.tanh, lambda x: mt.softmax(x, 0), lambda x: (x @ x.T).sum() / x, nn.Linear(3, 2).double()):
        assert gradcheck(function, point(2, 3), **exact)
        assert gradcheck(function, point(2, 3), fast_mode=True, **exact)
    slightly = lambda g, x: g * 3 * x**2 * (1 + 1e-9)  # noqa: E731
    assert gradcheck(wrong(slightly), point(3))
    assert not gradcheck(wrong(slightly), point(3), raise_exception=False, **exact)
    for function in (mt.abs, mt.erf, nn.MaxPool1d(2)):
        with pytest.raises(RuntimeError, match="complex_step"):
            gradcheck(function, point(2, 3), **exact)
    x = point(2)
    with pytest.raises(RuntimeError, match="complex_step"):
        gradcheck(mt.abs, x, complex_step=True)
    assert x.dtype is mt.float64
    with pytest.raises(TypeError, match="complex128"):
        mt.from_numpy(np.zeros(1, complex))


def test_the_heat_map(tmp_path):
    bad = gradcheck(lambda a, b: wrong(lambda g, x: g)(a) * b, (point(2, 2), point(2, 2)), raise_exception=False)
    picture = viz.heatmap(bad)
    first, second = picture.panels
    assert first.tips[0][0].startswith("output [0, 0], input [0, 0]: expected")
    assert (len(first.ratio), len(first.ratio[0])) == (4, 4)
    assert [[r > 1 for r in row] for row in first.ratio] == np.eye(4, dtype=bool).tolist()
    assert all(r <= 1 for row in second.ratio for r in row)
    assert "with respect to input 0 [2, 2]" in repr(picture)
    svg = picture.save(tmp_path / "errors.svg").read_text()
    assert svg.count('stroke-width="1.5"') == 4  # a cross in each cell that is off
    assert "Gradient check: 1 of 2 derivatives are wrong" in svg
    assert first.verdict in " ".join(re.sub("<[^>]*>", " ", svg).split())
    assert (first.row_names[1], first.column_names[2]) == ("[0, 1]", "[1, 0]")
    assert len(json.loads(picture.save(tmp_path / "errors.json").read_text())) == 2
    large = viz.heatmap(gradcheck(lambda x: x * 2, point(100), raise_exception=False))
    assert (large.panels[0].rows, len(large.panels[0].ratio)) == (100, 34)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(wrong(lambda g, x: g), point(1))
    assert viz.heatmap(caught.value).panels
    for nonsense, error in ((True, TypeError), (gradcheck(nn.Dropout(), point(9), raise_exception=False), ValueError)):
        with pytest.raises(error):
            viz.heatmap(nonsense)
    with pytest.raises(ValueError, match=r"\.svg and \.json"):
        picture.save(tmp_path / "errors.png")


def test_labels_in_the_heat_map_are_escaped():
    bad = gradcheck(lambda d: d["<script>&"].detach() * 2, ({"<script>&": point(1)},), raise_exception=False)
    assert "<script>" not in viz.heatmap(bad).svg


def verdict(function, *values, **options):
    x = mt.tensor(values, dtype=mt.float64, requires_grad=True)
    return text(gradcheck(function, x, raise_exception=False, **options))


def test_what_is_no_wrong_formula_is_not_called_one():
    assert "The function jumps there" in verdict(mt.floor, 1.0)
    assert "so much there that the step 1e-06 is too long" in verdict(lambda x: (x * 1e6).sin(), 0.3)
    assert "outside its domain" in verdict(mt.asin, 0.5, 1.5)
    assert "outside its domain" in verdict(mt.log, -0.5)
    assert "Backward gave nan where the function is finite" in verdict(wrong(lambda g, x: g * (x - x) / (x - x)), 1.0)
    assert "the result still depend on it" in verdict(wrong(lambda g, x: 0 * g), 1.0, 2.0)
    assert "nothing to compare" in verdict(lambda x: x.argmax(), 1.0, 2.0)
    with pytest.warns(UserWarning, match="not float64") as caught:
        single = gradcheck(mt.sin, mt.tensor([1.0], requires_grad=True), raise_exception=False)
    assert "ran in float32, whose rounding" in text(single)
    assert caught[0].filename == __file__


def test_a_function_that_changes_its_arguments_is_told_so():
    def careless(x):
        x.detach().mul_(2.0)
        return x * 1.0

    x = mt.tensor([1.0, 3.0], dtype=mt.float64, requires_grad=True)
    assert "changes its input 0" in text(gradcheck(careless, x, raise_exception=False, nondet_tol=1e9))
    assert x.tolist() == [1, 3]


def test_a_report_of_second_derivatives_says_so():
    cut = gradgradcheck(wrong(lambda g, x: g * 3 * x.detach() ** 2), point(2), raise_exception=False)
    assert "Jacobian mismatch for gradient 0 with respect to input 0" in text(cut)
    assert "grad_output 0" in text(cut)
    with pytest.raises(TypeError, match="bare array"):
        gradcheck(mt.sin, np.ones(2))


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_numbers_of_gradcheck_are_numbers(check):
    x = mt.ones(2, dtype=mt.float64, requires_grad=True)
    for name in ("eps", "atol", "rtol", "nondet_tol"):
        with pytest.raises(TypeError, match=f"check\\(\\): argument '{name}' must be a number, not ndarray"):
            check(mt.sin, x, **{name: np.array(["a"])})
    with pytest.raises(ValueError, match="eps is the step of the differences, and must be positive, not -1"):
        check(mt.sin, x, eps=-1)
    assert check(mt.sin, x, eps=np.float32(1e-5))
