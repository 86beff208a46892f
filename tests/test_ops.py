"""Every op of the package: its derivative and the derivative of that, its types, and what it leaves alone."""

from __future__ import annotations

import importlib
import pkgutil
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch.autograd import Function, gradcheck, gradgradcheck
from minitorch.autograd.function import AccumulateGrad, Op
from minitorch.ops.elementwise import Pointwise
from tests.samples import SAMPLES, WITHOUT_GRADIENT, Draw

ABSTRACT = {Op, Pointwise, AccumulateGrad}
OPS = pytest.mark.parametrize("op", SAMPLES, ids=lambda op: op.__name__)


def drawn(op, data):
    """A sample whose tape holds the op."""
    function, inputs = SAMPLES[op](Draw(lambda low, high: data.draw(st.integers(low, high))))
    return function, inputs


def test_every_function_of_the_package_has_samples():
    for module in pkgutil.walk_packages(mt.__path__, "minitorch."):
        importlib.import_module(module.name)
    found, queue = set(), [Function]
    while queue:
        for kind in queue.pop().__subclasses__():
            queue.append(kind)
            if kind.__module__.startswith("minitorch."):
                found.add(kind)
    missing = sorted(op.__name__ for op in found - ABSTRACT - set(SAMPLES) - set(WITHOUT_GRADIENT))
    assert not missing, f"{missing}: add an entry for each to SAMPLES in tests/samples.py"


@OPS
@given(data=st.data())
def test_derivative_agrees_with_differences(op, data):
    function, inputs = drawn(op, data)
    assert gradcheck(function, inputs)


@OPS
@given(data=st.data())
def test_derivative_of_the_derivative_agrees_with_differences(op, data):
    function, inputs = drawn(op, data)
    assert gradgradcheck(function, inputs)


@OPS
def test_samples_use_the_op(op):
    draws = random.Random(0)
    names = set()
    for _ in range(20):
        function, inputs = SAMPLES[op](Draw(draws.randint))
        result = function(*inputs)
        for output in result if isinstance(result, tuple) else (result,):
            names |= {type(node) for node in mt.autograd.engine.walk([output.grad_fn])}
    assert op in names


@OPS
@given(data=st.data())
def test_float32_gives_float32_and_gradients_of_the_inputs_own_type_and_shape(op, data):
    function, inputs = drawn(op, data)
    inputs = [x.detach().float().requires_grad_() for x in inputs]
    output = function(*inputs)
    output = output[0] if isinstance(output, tuple) else output
    if op.__name__ != "Cast":
        assert output.dtype is mt.float32
    grads = mt.autograd.grad(output.sum(), inputs, allow_unused=True)
    for x, g in zip(inputs, grads, strict=True):
        assert g is None or (g.dtype is x.dtype and g.shape == x.shape)


@OPS
@given(data=st.data())
def test_inputs_are_left_as_they_were_and_every_gradient_has_memory_of_its_own(op, data):
    function, inputs = drawn(op, data)
    before = [x._array.copy() for x in inputs]
    output = function(*inputs)
    output = output[0] if isinstance(output, tuple) else output
    start = mt.ones_like(output)
    output.backward(start)
    arrays = [*(x._array for x in inputs), *(x.grad._array for x in inputs if x.grad is not None), start._array]
    for x, b in zip(inputs, before, strict=True):
        assert np.array_equal(x._array, b)
    for i, a in enumerate(arrays):
        for b in arrays[i + 1 :]:
            assert not np.shares_memory(a, b)


@OPS
def test_first_order_runs_on_bare_arrays(op):
    """In an ordinary backward no Tensor is made: formulas see arrays, the quick kind."""
    if not issubclass(op, Op):
        pytest.skip("a Function that sees Tensors")
    function, inputs = SAMPLES[op](Draw(random.Random(1).randint))
    output = function(*inputs)
    seen = []
    original = op.backward
    op.backward = lambda ctx, *grads: seen.append(grads) or original(ctx, *grads)
    try:
        (output[0] if isinstance(output, tuple) else output).sum().backward()
    finally:
        op.backward = original
    assert all(not isinstance(g, mt.Tensor) for grads in seen for g in grads)


@pytest.mark.parametrize("op", WITHOUT_GRADIENT, ids=lambda op: op.__name__)
def test_masks_and_indices_have_no_history(op):
    function, inputs = WITHOUT_GRADIENT[op](Draw(random.Random(0).randint))
    output = function(*inputs)
    assert not output.requires_grad
    assert not output.dtype.is_floating_point


@given(data=st.data())
def test_convolution_of_any_rank_agrees_with_loops(data):
    """The definition, written with explicit loops."""
    from tests.samples import convolution_case

    draw = Draw(lambda low, high: data.draw(st.integers(low, high)))
    window, groups, x_shape, w_shape, y_shape = convolution_case(draw)
    x, w = draw.values.standard_normal(x_shape), draw.values.standard_normal(w_shape)
    expected = np.zeros(y_shape)
    per_group = w_shape[0] // groups
    for n, f, *o in np.ndindex(*y_shape):
        first = (f // per_group) * w_shape[1]
        for c, *j in np.ndindex(*w_shape[1:]):
            at = [
                oo * s + jj * d - before
                for oo, jj, s, d, (before, _) in zip(o, j, window.stride, window.dilation, window.padding, strict=True)
            ]
            if all(0 <= a < size for a, size in zip(at, x_shape[2:], strict=True)):
                expected[(n, f, *o)] += w[(f, c, *j)] * x[(n, first + c, *at)]
    conv = (mt.nn.functional.conv1d, mt.nn.functional.conv2d, mt.nn.functional.conv3d)[window.rank - 1]
    padding = tuple(before for before, _ in window.padding)
    y = conv(mt.tensor(x), mt.tensor(w), None, window.stride, padding, window.dilation, groups)
    assert np.allclose(y.numpy(), expected)


@given(data=st.data())
def test_adjoint_pairs_are_adjoint(data):
    """<A x, y> = <x, A* y> for unfold and fold, with any window."""
    from tests.samples import convolution_case

    draw = Draw(lambda low, high: data.draw(st.integers(low, high)))
    window, _, x_shape, _, _ = convolution_case(draw)
    x = draw.values.standard_normal(x_shape)
    seen = window.unfold(x)
    rank = window.rank
    y = draw.values.standard_normal(seen.shape)
    moved = np.transpose(y, (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank)))
    assert np.isclose((seen * y).sum(), (x * window.fold(moved, x_shape[2:])).sum())


@given(data=st.data())
def test_the_quick_way_to_pool_agrees_with_the_definition(data):
    from minitorch.ops.pooling import by_taps, largest
    from tests.samples import Window

    draw = Draw(lambda low, high: data.draw(st.integers(low, high)))
    rank, kernel, stride = draw.integers(1, 3), draw.integers(1, 3), draw.integers(1, 3)
    window = Window.of(
        "pool", rank, kernel, stride, draw.integers(0, kernel // 2), draw.integers(1, 2), bool(draw.integers(0, 1))
    )
    size = tuple(n + draw.integers(0, 3) for n in window.span)
    x = draw.values.integers(-2, 3, (2, 1, *size)).astype(draw.choose([np.float64, np.float32, np.int64]))
    if x.dtype.kind == "f" and draw.integers(0, 1):
        x[draw.values.random(x.shape) < 0.3] = draw.choose([-np.inf, np.nan, np.inf])
    quick, plain = by_taps(x, window), largest(x, window)
    assert quick is not None or not np.isfinite(x).all()
    if quick is not None:
        assert all(np.array_equal(a, b) for a, b in zip(quick, plain, strict=True))
