"""A program's own Function: what forward and backward may do."""

import weakref

import pytest

import minitorch as mt
from minitorch.autograd import Function, gradcheck, gradgradcheck
from tests.tapes import Cube, leaf


def test_a_function_of_ones_own_to_second_order():
    x = mt.randn(3, 2, dtype=mt.float64, requires_grad=True)
    assert gradcheck(Cube.apply, x)
    assert gradgradcheck(Cube.apply, x)
    assert Cube.apply(x).grad_fn.name() == "CubeBackward"


def test_forward_and_setup_context_apart():
    class Square(Function):
        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 * x

    assert gradgradcheck(Square.apply, mt.randn(3, dtype=mt.float64, requires_grad=True))


def test_several_outputs_non_tensor_arguments_and_unused_outputs():
    class Split(Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            assert ctx.needs_input_grad == (True, False)
            index = (x > 0).long()
            ctx.mark_non_differentiable(index)
            return x * factor, x + factor, index

        @staticmethod
        def backward(ctx, g1, g2, g3):
            assert isinstance(g2, mt.Tensor)
            return g1 * ctx.factor + g2, None

    x = leaf(1.0, -1.0)
    first, second, index = Split.apply(x, 3.0)
    assert not index.requires_grad
    assert (first.output_nr, second.output_nr) == (0, 1)
    first.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_saving_an_output_makes_no_cycle(no_collector):
    class MyExp(Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y

    x = leaf(0.3, dtype=mt.float64)
    assert gradgradcheck(MyExp.apply, x)
    y = MyExp.apply(x)
    alive = weakref.ref(y.grad_fn)
    del y
    assert alive() is None


def test_undefined_gradients_are_none_if_asked_for():
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, a, b):
            assert b is None
            return a

    x = leaf(1.0)
    Two.apply(x)[0].backward()
    assert x.grad.tolist() == [1.0]


def test_an_input_handed_through_is_a_new_value():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(1.0)
    y = Same.apply(x)
    assert y is not x
    y.backward()
    assert x.grad.tolist() == [2.0]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (lambda g: (g, g), None, None),
        (lambda g: (g,), RuntimeError, r"incorrect number of gradients \(expected 2, got 1\)"),
        (lambda g: (g.reshape(2, 1), None), RuntimeError, r"got \[2, 1\] but expected shape compatible with \[2\]"),
        (lambda g: (1.0, None), RuntimeError, "returned a float as gradient 0"),
    ],
)
def test_what_a_backward_may_return(answer, error, words):
    class F(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            return answer(g)

    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = F.apply(a, b).sum()
    if error is None:
        return y.backward()
    with pytest.raises(error, match=words):
        y.backward()
    assert a.grad is None
    return None


def test_a_missing_backward_raises_when_it_is_needed():
    class OneWay(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    x = leaf(1.0)
    y = OneWay.apply(x)
    with pytest.raises(NotImplementedError, match="OneWay has no backward"):
        y.backward()
    with pytest.raises(NotImplementedError, match="has no forward"):
        Function.apply(x)
