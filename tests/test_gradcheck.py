"""gradcheck finds what is wrong, says where, and stays quiet where nothing is."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.autograd import Function, GradcheckError, gradcheck, gradgradcheck


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

    with pytest.raises(GradcheckError, match="not reentrant"):
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
