"""autograd.functional beside closed forms: Jacobians and Hessians written out, and their products with vectors."""

import math

import pytest

import minitorch as mt
from minitorch.autograd import functional, gradgradcheck

A = mt.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, 4.0], [1.0, 1.0, -2.0]], dtype=mt.float64)
X = mt.tensor([0.3, -1.2, 2.0], dtype=mt.float64)
V = mt.tensor([1.0, -2.0, 0.5], dtype=mt.float64)
W = mt.tensor([0.7, 0.1], dtype=mt.float64)
C = mt.tensor([[1.0, 2.0], [0.0, -1.0], [5.0, 0.5]], dtype=mt.float64)


def near(found, expected):
    assert isinstance(found, mt.Tensor)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    assert mt.allclose(found, expected, rtol=1e-12, atol=1e-12), f"{found}\n{expected}"


def cubes(x):
    """sum of a_ij x_i x_j^2: its slope in x_k is (A x^2)_k + 2 x_k (A^T x)_k."""
    return x @ A @ (x * x)


SLOPE = A @ (X * X) + 2 * X * (A.T @ X)
CURVATURE = 2 * A * X + 2 * (A * X).T + 2 * mt.diag(A.T @ X)


def test_jacobian_of_one_tensor():
    near(functional.jacobian(lambda x: A @ x, X), A)
    near(functional.jacobian(lambda x: (A @ x) ** 2, X), 2 * (A @ X)[:, None] * A)
    outer = functional.jacobian(lambda x: x[:, None] * x, X)  # d x_i x_j / d x_k
    eye = mt.eye(3, dtype=mt.float64)
    near(outer, eye[:, None, :] * X[None, :, None] + X[:, None, None] * eye[None, :, :])
    near(functional.jacobian(cubes, X), SLOPE)
    near(functional.jacobian(lambda x: x.reshape(3, 1), X), eye.reshape(3, 1, 3))


def test_jacobian_of_several_tensors():
    def f(x, w):
        return x @ C + w, (w * w).sum()

    (a, b), (c, d) = functional.jacobian(f, (X, W))
    near(a, C.T)
    near(b, mt.eye(2, dtype=mt.float64))
    near(c, mt.zeros(3, dtype=mt.float64))  # no dependence
    near(d, 2 * W)
    ((only,),) = functional.jacobian(lambda x: (x * 3,), (X,))
    near(only, 3 * mt.eye(3, dtype=mt.float64))
    (both,) = functional.jacobian(lambda x: (x.sum(),), X)
    near(both, mt.ones(3, dtype=mt.float64))


def test_hessian():
    near(functional.hessian(cubes, X), CURVATURE)
    (a, b), (c, d) = functional.hessian(lambda x, w: (x @ C @ (w * w)).reshape(1), (X, W))
    near(a, mt.zeros(3, 3, dtype=mt.float64))
    near(b, 2 * C * W)
    near(c, (2 * C * W).T)
    near(d, 2 * mt.diag(X @ C))


def test_products_with_vectors():
    value, product = functional.vjp(lambda x: (A @ x) ** 2, X, V)
    near(value, (A @ X) ** 2)
    near(product, (2 * (A @ X) * V) @ A)
    value, product = functional.jvp(lambda x: (A @ x) ** 2, X, V)
    near(value, (A @ X) ** 2)
    near(product, 2 * (A @ X) * (A @ V))
    for of in (functional.vhp, functional.hvp):
        value, product = of(cubes, X, V)
        near(value, cubes(X))
        near(product, CURVATURE @ V)
    value, slope = functional.vjp(cubes, X)  # without a vector, of one number
    near(slope, SLOPE)
    near(functional.jvp(lambda x: x**3, mt.tensor(2.0))[1], mt.tensor(12.0))


def test_products_of_several_tensors():
    def f(x, w):
        return x @ C * w, w.sum()

    u = mt.tensor([3.0, -1.0], dtype=mt.float64)
    one = mt.tensor(2.0, dtype=mt.float64)
    (y, total), (for_x, for_w) = functional.vjp(f, (X, W), (u, one))
    near(y, X @ C * W)
    near(total, W.sum())
    near(for_x, C @ (W * u))
    near(for_w, X @ C * u + 2.0)
    _, (dy, dtotal) = functional.jvp(f, (X, W), (V, u))
    near(dy, V @ C * W + X @ C * u)
    near(dtotal, u.sum())
    _, (hx, hw) = functional.vhp(lambda x, w: x @ C @ (w * w), (X, W), (V, u))
    near(hx, 2 * C @ (W * u))
    near(hw, 2 * W * (V @ C) + 2 * (X @ C) * u)


def test_results_are_detached_unless_the_graph_is_wanted():
    x = X.clone().requires_grad_()
    assert not functional.jacobian(cubes, x).requires_grad
    assert not functional.hessian(cubes, x).requires_grad
    for of in (functional.vjp, functional.jvp, functional.vhp, functional.hvp):
        value, product = of(cubes, x, mt.ones(()).double() if of is functional.vjp else V)
        assert not value.requires_grad
        assert not product.requires_grad
        value, product = of(cubes, x, mt.ones(()).double() if of is functional.vjp else V, create_graph=True)
        assert value.requires_grad
        assert product.requires_grad
    assert x.grad is None
    near(mt.autograd.grad(functional.jacobian(cubes, x, create_graph=True) @ V, x)[0], CURVATURE @ V)
    near(mt.autograd.grad(functional.vjp(cubes, x, create_graph=True)[1] @ V, x)[0], CURVATURE @ V)
    assert gradgradcheck(lambda x: functional.hessian(cubes, x, create_graph=True), x)
    with mt.no_grad():
        near(functional.jacobian(cubes, X), SLOPE)


def test_strict_refuses_what_does_not_depend():
    two = (mt.ones(2), mt.ones(2))
    for call in (
        lambda strict: functional.jacobian(lambda a, b: a * 2, two, strict=strict),
        lambda strict: functional.vjp(lambda a, b: a.sum(), two, strict=strict),
        lambda strict: functional.jvp(lambda a, b: a * 2, two, two, strict=strict),
        lambda strict: functional.hessian(lambda a, b: (a * a).sum(), two, strict=strict),
        lambda strict: functional.vhp(lambda a, b: (a * a).sum(), two, two, strict=strict),
    ):
        call(False)
        with pytest.raises(RuntimeError, match="strict=True"):
            call(True)
    assert functional.jacobian(lambda a, b: a * 2, two)[1].tolist() == [[0, 0], [0, 0]]
    assert functional.hessian(lambda x: x.sum(), mt.ones(2)).tolist() == [[0, 0], [0, 0]]
    assert functional.jvp(lambda x: mt.ones(3), X, V)[1].tolist() == [0, 0, 0]


def test_singular_slopes_stay():
    slope = functional.jacobian(lambda x: x.sqrt(), mt.tensor([0.0, 4.0]))
    assert slope[0, 0].item() == math.inf
    assert slope[1, 1].item() == 0.25


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda: functional.jacobian(lambda x: 3, X), TypeError, "outputs of the function given to jacobian must be Tensors"),
    (lambda: functional.jacobian(lambda x: x, [X, 2]), TypeError, "element 1 is a int"),
    (lambda: functional.hessian(lambda x: x, X), RuntimeError, "single element"),
    (lambda: functional.hessian(lambda x: (x.sum(),), X), RuntimeError, "single element"),
    (lambda: functional.vhp(lambda x: x, X, V), RuntimeError, "single element"),
    (lambda: functional.vjp(lambda x: x, X), RuntimeError, "can only be left out"),
    (lambda: functional.jvp(lambda x: x.sum(), X), RuntimeError, "can only be left out"),
    (lambda: functional.vjp(lambda x: x, X, W), RuntimeError, r"v has shapes \[\[2\]\], and what it multiplies has \[\[3\]\]"),
    (lambda: functional.hvp(cubes, X, (V, V)), RuntimeError, "v has shapes"),
])  # fmt: skip
def test_wrong_calls_are_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("name", ["hvp", "vhp", "vjp", "jvp", "hessian", "jacobian"])
def test_errors_name_the_function_that_was_called(name):
    function = getattr(mt.autograd.functional, name)
    x = mt.ones(2)
    calls = [lambda: function(lambda x: "text", x), lambda: function(mt.sum, [1.0])]
    if name in ("hvp", "vhp", "vjp", "jvp"):
        calls.append(lambda: function(mt.sum, x, mt.ones(7)))
    for call in calls:
        with pytest.raises((TypeError, RuntimeError), match=rf"\b{name}\b"):
            call()
