"""Old spellings and NumPy's words, which programs written for PyTorch use."""

import pickle

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.autograd.function import once_differentiable


@pytest.mark.parametrize(
    ("numpy", "own"),
    [
        (lambda x: mt.sum(x, axis=1, keepdims=True), lambda x: mt.sum(x, dim=1, keepdim=True)),
        (lambda x: x.mean(axis=0), lambda x: x.mean(0)),
        (lambda x: mt.cat([x, x], axis=1), lambda x: mt.cat([x, x], 1)),
        (lambda x: x.argmax(axis=1), lambda x: x.argmax(1)),
        (lambda x: mt.exp(x=x), lambda x: mt.exp(x)),
        (lambda x: x.max(axis=1, keepdims=True).values, lambda x: x.max(1, True).values),
    ],
)
def test_numpys_words(numpy, own):
    x = mt.tensor([[1.0, 5.0, 2.0], [4.0, 0.0, 3.0]])
    assert numpy(x).tolist() == own(x).tolist()


def test_a_word_given_twice_is_refused():
    with pytest.raises(TypeError):
        mt.sum(mt.ones(2, 3), dim=1, axis=0)
    with pytest.raises(TypeError):
        mt.sum(mt.ones(2, 3), 1, axis=0)


@pytest.mark.parametrize(
    ("name", "args"),
    [("uniform", (1, 2)), ("normal", (5,)), ("constant", (3.0,)), ("eye", ()), ("xavier_uniform", ()), ("xavier_normal", (2,)),
     ("kaiming_uniform", ()), ("kaiming_normal", ()), ("orthogonal", ())],
)  # fmt: skip
def test_names_of_initial_weights_without_underscore(name, args):
    mt.manual_seed(0)
    with pytest.warns(FutureWarning, match=f"nn.init.{name}_"):
        old = getattr(nn.init, name)(mt.empty(3, 3), *args)
    mt.manual_seed(0)
    assert old.tolist() == getattr(nn.init, f"{name}_")(mt.empty(3, 3), *args).tolist()


def test_once_differentiable():
    class Cube(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        @once_differentiable
        def backward(ctx, grad_output):
            (x,) = ctx.saved_tensors
            return grad_output * 3 * x**2

    x = mt.tensor([1.0, 2.0], requires_grad=True)
    (first,) = mt.autograd.grad(Cube.apply(x).sum(), x)
    assert first.tolist() == [3, 12]
    (first,) = mt.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    assert first.tolist() == [3, 12]
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


@pytest.mark.parity
def test_pytorch_takes_the_same_words():
    torch = pytest.importorskip("torch")
    for lib in (mt, torch):
        x = lib.arange(6.0).reshape(2, 3)
        assert lib.sum(x, axis=1, keepdims=True).tolist() == [[3], [12]]
        assert lib.cat([x, x], axis=0).shape == (4, 3)
        with pytest.warns(FutureWarning, match="deprecated in favor of"):
            lib.nn.init.constant(x, 2.0)
        assert x.sum().item() == 12


def test_variable():
    data = mt.ones(2)
    x = mt.autograd.Variable(data, requires_grad=True)
    assert (type(x), x.requires_grad, x.is_leaf, isinstance(data, mt.autograd.Variable)) == (mt.Tensor, True, True, True)
    x.data[0] = 5
    assert data.tolist() == [5, 1]
    assert not mt.autograd.Variable(x).requires_grad
    assert not isinstance([1.0], mt.autograd.Variable)
    with pytest.raises(TypeError, match="list"):
        mt.autograd.Variable([1.0])
    with pytest.raises(RuntimeError, match="require"):
        mt.autograd.Variable(data.long(), requires_grad=True)


def test_vectorize_has_the_same_result():
    x, functional = mt.tensor([1.0, 2.0]), mt.autograd.functional
    assert functional.jacobian(lambda x: x**2, x, vectorize=True).tolist() == [[2, 0], [0, 4]]
    assert functional.hessian(lambda x: (x**3).sum(), x, vectorize=True).tolist() == [[6, 0], [0, 12]]
    with pytest.raises(RuntimeError, match="strict"):
        functional.jacobian(lambda x: x, x, strict=True, vectorize=True)


@pytest.mark.parametrize("kind", ["minitorch.LongTensor", mt.LongTensor, mt.int64])
def test_types_by_name(kind):
    assert mt.tensor([1.5]).type(kind).dtype is mt.int64
    with pytest.raises(TypeError, match="dtype"):
        mt.ones(1).type(3.5)


def test_methods_by_other_names():
    x = mt.tensor([[1.0, 5.0], [4.0, 4.0]])
    assert x.greater_equal(4).tolist() == [[False, True], [True, True]]
    assert x.less_equal(4).tolist() == [[True, False], [True, True]]
    assert x.swapdims(0, 1).tolist() == x.T.tolist()
    assert x[0].ger(x[1]).tolist() == mt.outer(x[0], x[1]).tolist()
    assert x.fliplr().tolist() == [[5, 1], [4, 4]]
    assert x.flipud().tolist() == [[4, 4], [1, 5]]
    assert (x > 4).argwhere().tolist() == [[0, 1]]


def test_the_class_of_a_tensor_prints_where_programs_find_it():
    assert str(mt.Tensor) == "<class 'minitorch.Tensor'>"
    assert type(pickle.loads(pickle.dumps(mt.ones(2)))) is mt.Tensor


def test_non_blocking_has_no_effect_on_the_values():
    x, layer = mt.ones(2), nn.Linear(2, 1)
    assert x.to("cpu", non_blocking=True) is x
    assert x.to(mt.float64, non_blocking=True).dtype is mt.float64
    assert layer.to("cpu", non_blocking=True) is layer


@pytest.mark.parametrize(
    ("shape", "wrap"), [((3, 3), False), ((7, 2), False), ((7, 2), True), ((2, 5), True), ((3, 3, 3), False)]
)
def test_fill_diagonal(shape, wrap):
    x = mt.zeros(*shape).fill_diagonal_(5, wrap)
    expected = np.zeros(shape)
    if wrap and shape[0] > shape[1]:
        expected.reshape(-1)[:: shape[1] + 1] = 5
    else:
        for i in range(min(shape)):
            expected[(i,) * len(shape)] = 5
    assert x.tolist() == expected.tolist()


def test_fill_diagonal_stops_gradients_and_refuses():
    x = mt.ones(2, 2, requires_grad=True)
    x.clone().fill_diagonal_(0.0).sum().backward()
    assert x.grad.tolist() == [[0, 1], [1, 0]]
    with pytest.raises(RuntimeError, match="larger than 1"):
        mt.ones(3).fill_diagonal_(1)
    with pytest.raises(RuntimeError, match="equal length"):
        mt.ones(2, 3, 2).fill_diagonal_(1)
