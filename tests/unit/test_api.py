"""`backward` and `grad`: their arguments, and which calls they refuse."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Function, grad, gradcheck
from tests.tapes import leaf


def test_inputs_restrict_what_is_accumulated():
    a, b = leaf(1.0), leaf(2.0)
    (a * b).backward(inputs=[a])
    assert a.grad.tolist() == [2.0]
    assert b.grad is None


def test_grad_of_something_in_the_middle():
    x = leaf(1.0, 2.0)
    middle = x * x
    (g,) = grad((middle * 3).sum(), middle)
    assert g.tolist() == [3.0, 3.0]
    assert x.grad is None


def test_unused_inputs():
    x, y = leaf(1.0), leaf(1.0)
    with pytest.raises(RuntimeError, match="allow_unused=True"):
        grad(x.sum(), [x, y])
    assert grad(x.sum(), [x, y], allow_unused=True)[1] is None
    assert grad(x.sum(), [x, y], materialize_grads=True)[1].tolist() == [0.0]


def test_backward_refusals():
    x = leaf(1.0, 2.0)
    cases = [
        (lambda: (x * 2).backward(), RuntimeError, r"only for scalar outputs, and this one has shape \[2\]"),
        (lambda: mt.ones(1).backward(), RuntimeError, "does not require grad and does not have a grad_fn"),
        (lambda: (x * 2).backward(mt.ones(3)), RuntimeError, r"grad_output\[0\] has a shape of \[3\]"),
        (lambda: (x * 2).backward(2.0), TypeError, "float"),
        (lambda: x.sum().backward(inputs=[]), RuntimeError, "cannot be empty"),
        (lambda: grad(x.sum(), mt.ones(2)), RuntimeError, "does not require grad"),
        (lambda: setattr(x, "grad", mt.ones(3)), RuntimeError, r"different size: \[3\], but the tensor is \[2\]"),
        (lambda: setattr(x, "grad", 1.0), TypeError, "float"),
        (lambda: mt.tensor([1]).requires_grad_(), RuntimeError, "minitorch.int64"),
        (lambda: mt.tensor([1], requires_grad=True), RuntimeError, "floating point"),
        (lambda: (x * 2).requires_grad_(False), RuntimeError, "MulBackward0"),
        (lambda: mt.ones(1).retain_grad(), RuntimeError, "requires_grad=False"),
        (lambda: mt.ones(1).register_hook(print), RuntimeError, "doesn't require gradient"),
    ]
    for call, error, words in cases:
        with pytest.raises(error, match=words):
            call()


def test_inputs_of_backward_alone_get_a_gradient():
    x, w = (mt.ones(2, requires_grad=True) for _ in range(2))
    mt.autograd.backward([x, w * 2], [mt.ones(2), mt.ones(2)], inputs=[w])  # x is a root, and not among the inputs
    assert x.grad is None
    assert w.grad.tolist() == [2, 2]


def test_an_output_without_gradient_may_be_among_the_inputs_of_backward():
    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            return a * 2 + b * 3

    x = mt.ones(2, requires_grad=True)
    a, b = Two.apply(x)
    b.retain_grad()
    a.sum().backward(inputs=[b, x])
    assert x.grad.tolist() == [2, 2]
    assert b.grad is None
    assert grad(Two.apply(x)[0].sum(), x)[0].tolist() == [2, 2]


@pytest.mark.parametrize("flag", ["no", 1.0, np.float32(1), mt.ones(())])
def test_flags_of_backward_are_flags(flag):
    for call in (
        lambda x, y: y.backward(retain_graph=flag),
        lambda x, y: mt.autograd.backward(y, create_graph=flag),
        lambda x, y: grad(y, x, retain_graph=flag),
        lambda x, y: mt.autograd.functional.vjp(mt.sum, x, create_graph=flag),
        lambda x, y: mt.autograd.functional.hessian(mt.sum, x, strict=flag),
        lambda x, y: gradcheck(mt.sum, x.double(), fast_mode=flag),
    ):
        x = mt.ones(2, requires_grad=True)
        with pytest.raises(TypeError, match="' must be bool, not "):
            call(x, (x * 2).sum())
    x = mt.ones(2, requires_grad=True)
    (x * 2).sum().backward(retain_graph=np.bool_(True))
    assert x.grad.tolist() == [2, 2]
