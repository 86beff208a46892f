"""Every op of the package: its derivative and the derivative of that, its types, and what it leaves alone."""

from __future__ import annotations

import importlib
import math
import pkgutil
import random
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch.autograd.node import Node, Op
from tests import checks
from tests.drawing import Draw, Sample, over
from tests.samples import ANALYTIC, KINKS, ORDERS, SAMPLES, WITHOUT_GRADIENT, sample_of

ABSTRACT = {
    "AccumulateGrad",
    "_Once",
    "Extremum",
    "Function",
    "Op",
    "Pointwise",
    "Recurrence",
    "Rounding",
    "Unary",
    "UnaryOfOutput",
}
OF_PROCESSES = {"_SumOfAll"}  # tests/processes.py has its derivatives
IN_SINGLE = {
    "AvgPool", "AvgPoolBackward", "BinaryCrossEntropy", "Cast", "Cholesky", "Convolution", "ConvTranspose", "ConvWeight",
    "Eigh", "Gelu", "GeluBackward", "Gru", "Lstm", "RnnRelu", "RnnTanh", "Standardize", "StandardizeBackward",
    "SigmoidBackward", "SoftmaxBackward", "Svd", "TanhBackward",
}  # fmt: skip
# Samples of Cholesky, Eigh and Svd round between their steps.
# Functions call these ops in float32 where the input is float16, or with numbers in [-1, 1] alone: test_layers.py has the
# layers in float16.
OPS = pytest.mark.parametrize("op", SAMPLES, ids=lambda op: op.__name__)


def drawn(op, data, kind=Draw):
    """A sample whose tape holds the op."""
    return sample_of(op, kind(lambda low, high: data.draw(st.integers(low, high))))


def test_every_function_of_the_package_has_samples():
    for module in pkgutil.walk_packages(mt.__path__, "minitorch."):
        importlib.import_module(module.name)
    found, queue = set(), [Node]
    while queue:
        for kind in queue.pop().__subclasses__():
            queue.append(kind)
            if kind.__module__.startswith("minitorch."):
                found.add(kind)
    missing = sorted(
        op.__name__ for op in found - set(SAMPLES) - set(WITHOUT_GRADIENT) if op.__name__ not in ABSTRACT | OF_PROCESSES
    )
    assert not missing, f"{missing}: add an entry for each to SAMPLES in tests/samples.py"


@OPS
@given(data=st.data())
def test_the_value_is_the_definition(op, data):
    checks.value_is_the_definition(drawn(op, data))


@OPS
@given(data=st.data())
def test_derivatives_agree_with_differences(op, data):
    checks.derivatives_agree(drawn(op, data), ORDERS.get(op, 2))


@pytest.mark.parametrize("op", sorted(ANALYTIC, key=lambda op: op.__name__), ids=lambda op: op.__name__)
@given(data=st.data())
def test_derivatives_agree_with_a_complex_step(op, data):
    checks.complex_step_agrees(drawn(op, data))


@pytest.mark.parametrize("op", KINKS, ids=lambda op: op.__name__)
def test_slopes_at_kinks(op):
    checks.slopes_at_kinks(op)


@OPS
def test_samples_use_the_op(op):
    draws = random.Random(0)
    names = set()
    for _ in range(20):
        function, inputs, _ = sample_of(op, Draw(draws.randint))
        result = function(*inputs)
        for output in result if isinstance(result, tuple) else (result,):
            names |= {type(node) for node in mt.autograd.engine.walk([output.grad_fn])}
    assert op in names


@OPS
@given(data=st.data())
def test_float32_gives_float32_near_the_same(op, data):
    if op.__name__ != "Cast":
        checks.single_precision_agrees(drawn(op, data))


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1.0, 30.0, 300.0])
@pytest.mark.parametrize("op", [op for op in SAMPLES if op.__name__ not in IN_SINGLE], ids=lambda op: op.__name__)
@given(data=st.data())
def test_float16_is_near_float64_wherever_the_result_fits(op, scale, data):
    checks.half_precision_agrees(drawn(op, data), scale)


@OPS
@given(data=st.data())
def test_inputs_are_left_as_they_were_and_every_gradient_has_memory_of_its_own(op, data):
    checks.inputs_are_left_alone(drawn(op, data))


@OPS
@given(data=st.data())
def test_how_the_memory_lies_does_not_matter(op, data):
    checks.memory_does_not_matter(drawn(op, data))


@OPS
@given(data=st.data())
def test_of_no_elements(op, data):
    checks.nothing_gives_nothing(op, checks.Empty(lambda low, high: data.draw(st.integers(low, high))))


@OPS
def test_first_order_runs_on_bare_arrays(op):
    """In an ordinary backward no Tensor is made: formulas see arrays, the quick kind."""
    if not issubclass(op, Op):
        pytest.skip("a Function that sees Tensors")
    function, inputs, _ = sample_of(op, Draw(random.Random(1).randint))
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
    function, inputs, _ = sample_of(op, Draw(random.Random(0).randint))
    output = function(*inputs)
    assert not output.requires_grad
    assert not output.dtype.is_floating_point


@given(data=st.data())
def test_convolution_of_any_rank_agrees_with_loops(data):
    """The definition, written with explicit loops."""
    from tests.samples_of_windows import convolution_case

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
    from tests.samples_of_windows import convolution_case

    draw = Draw(lambda low, high: data.draw(st.integers(low, high)))
    window, _, x_shape, _, _ = convolution_case(draw)
    x = draw.values.standard_normal(x_shape)
    seen = window.unfold(x)
    rank = window.rank
    y = draw.values.standard_normal(seen.shape)
    moved = np.transpose(y, (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank)))
    assert np.isclose((seen * y).sum(), (x * window.fold(moved, x_shape[2:])).sum())


# ---- functions that are compositions of ops ----------------------------------------------------------------------------


@given(data=st.data())
def test_mean_and_variance_are_their_definitions(data):
    draw = Draw(lambda low, high: data.draw(st.integers(low, high)))
    shape, keepdim, correction = draw.shape(1), bool(draw.integers(0, 1)), draw.integers(0, 2)
    dim, x = draw.dim(len(shape)), draw.tensor(shape)
    checks.value_is_the_definition(Sample(lambda x: x.mean(dim, keepdim), (x,), over(dim, keepdim, statistics.fmean)))

    def variance(row):
        mean = statistics.fmean(row)
        return math.fsum((v - mean) ** 2 for v in row) / (len(row) - correction)

    if shape[dim] > correction:
        checks.value_is_the_definition(
            Sample(lambda x: x.var(dim, keepdim=keepdim, correction=correction), (x,), over(dim, keepdim, variance))
        )


def test_many_paths_to_a_leaf_all_count():
    for paths in range(1, 6):
        x = mt.tensor([2.0], requires_grad=True)
        sum([x * float(i) for i in range(1, paths + 1)], mt.zeros(1)).backward()
        assert x.grad.item() == sum(range(1, paths + 1))


IN_PLACE = {
    "multiply_": (-2.0,), "divide_": (4.0,), "subtract_": (1.5,), "atan2_": ("x",),
    "add_": (1.5,), "sub_": (1.5,), "mul_": (-2.0,), "div_": (4.0,), "pow_": (2.0,), "floor_divide_": (0.7,),
    "remainder_": (0.7,),
    "clamp_": (-0.5, 0.5), "clip_": (-0.5, 0.5), "clamp_min_": (0.1,), "clamp_max_": (0.1,), "masked_fill_": ("mask", 2.0),
    "lerp_": ("x", 0.3), "addcmul_": ("x", "x"), "addcdiv_": ("x", "x"), "scatter_": (1, "index", 5.0),
    "scatter_add_": (1, "index", "x"), "index_add_": (0, "rows", "x"), "index_fill_": (0, "rows", 3.0), "unsqueeze_": (0,),
    "transpose_": (0, 1), "swapaxes_": (0, 1), "hypot_": ("x",), "xlogy_": ("x",), "fmod_": (0.4,), "copysign_": (-1.0,),
    "float_power_": (2,), "cumprod_": (1,),
    "index_copy_": (0, "rows", "x"), "index_put_": ("indices", "x"), "heaviside_": ("x",),
}  # fmt: skip
IN_PLACE_ALONE = {  # these have no twin that computes the same, or none on floating-point numbers
    "apply_", "fill_diagonal_", "bitwise_left_shift_", "bitwise_right_shift_", "map_", "random_",
    "requires_grad_", "copy_", "fill_", "zero_", "detach_", "uniform_", "normal_", "bernoulli_", "_accumulate_",
    "exponential_", "cauchy_", "geometric_", "log_normal_", "eq_", "ne_", "lt_", "le_", "gt_", "ge_",
    "logical_and_", "logical_or_", "logical_xor_", "logical_not_",
}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in vars(mt.Tensor) if n.endswith("_") and not n.startswith("_")])
def test_the_form_in_place_is_the_other_and_no_more(name):
    if name in IN_PLACE_ALONE:
        return
    twin = getattr(mt.Tensor, name[:-1])
    things = {
        "x": lambda: mt.tensor([[0.9, 1.1, 1.3], [0.6, 0.5, 0.4]], dtype=mt.float64),
        "mask": lambda: mt.tensor([[True, False, False], [False, True, True]]),
        "index": lambda: mt.tensor([[2, 0, 1], [1, 1, 0]]),
        "rows": lambda: mt.tensor([1, 0]),
        "indices": lambda: (mt.tensor([1, 0]),),
    }
    args = [things[a]() if isinstance(a, str) else a for a in IN_PLACE.get(name, ())]
    start = mt.tensor([[0.3, 0.7, 0.2], [0.6, 0.9, 0.8]], dtype=mt.float64)
    results = []
    for form in (twin, getattr(mt.Tensor, name)):
        leaf = start.clone().requires_grad_()
        x = leaf * 1.0
        version, y = x._version, form(x, *args)
        (g,) = mt.autograd.grad((y * y).sum(), leaf)
        results.append((y.detach().numpy(), g.numpy()))
    assert y is x
    assert x._version > version or name in ("squeeze_", "unsqueeze_", "t_", "transpose_", "swapaxes_")
    for a, b in zip(*results, strict=True):
        assert np.array_equal(a, b, equal_nan=True)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        getattr(start.clone().requires_grad_(), name)(*args)
