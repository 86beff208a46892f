"""What must hold for every op and every layer of the database. Each check takes a sample, and fails by an AssertionError.

tests/laws/test_ops.py and test_layers.py hand them samples that Hypothesis draws; `complaint` hands them a few at random,
for tests/mutants.py. Where a sample leaves a check nothing to compare it returns False: tests/evidence.py counts the others.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import pathlib
import random
import tempfile
import warnings
from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import grad, gradcheck, gradgradcheck
from minitorch.autograd.node import Node
from tests import hostile
from tests.drawing import Draw, Sample
from tests.layers import LAYERS, Case, Drawing
from tests.naive import NAIVE
from tests.samples import KINKS, ORDERS, SAMPLES, sample_of

MOST_ENTRIES = 24  # numbers in the inputs and parameters of a layer whose second derivative is checked entry by entry
DRAWS = 6  # samples of an entry that `complaint` tries
OPS = {op.__name__: op for op in SAMPLES}
TESTS = {  # the tests that a mutant may name, by their file
    path.stem: f"tests.{room}.{path.stem}"
    for room in ("unit", "laws", "guards", "e2e")
    for path in (pathlib.Path(__file__).parent / room).glob("test_*.py")
}


def outputs_of(result: Any) -> list[mt.Tensor]:
    """Those that can be differentiated."""
    parts = result if isinstance(result, (tuple, list)) else [result]
    return [part for part in parts if isinstance(part, mt.Tensor) and part.requires_grad]


# ---- ops ---------------------------------------------------------------------------------------------------------------


def value_is_the_definition(sample: Sample) -> bool:
    if sample.definition is None:
        return False
    value, expected = sample.function(*sample.inputs), sample.definition(*(x.detach().numpy() for x in sample.inputs))
    value = value[0] if isinstance(value, tuple) else value
    assert tuple(value.shape) == expected.shape, f"shape {list(value.shape)}, by definition {list(expected.shape)}"
    np.testing.assert_allclose(value.detach().numpy(), expected, rtol=1e-10, atol=1e-12)
    return True


def derivatives_agree(sample: Sample, orders: int = 2) -> None:
    """With differences, to the given order, entry by entry for the first two."""
    function, inputs, _ = sample
    assert gradcheck(function, inputs)
    assert gradcheck(function, inputs, fast_mode=True)  # in a random direction, with random weights of the outputs
    assert gradgradcheck(function, inputs)
    if orders > 2:
        assert gradgradcheck(first_derivative(function), inputs, fast_mode=True)


def first_derivative(function: Any) -> Any:
    """The gradient of a weighted sum of the function's outputs, as a function of the inputs."""

    def derivative(*inputs: mt.Tensor) -> tuple[mt.Tensor, ...]:
        outputs = outputs_of(function(*inputs))
        weights = [mt.from_numpy(np.cos(1.0 + np.arange(o.numel()))).reshape(o.shape) for o in outputs]
        grads = grad(outputs, inputs, weights, create_graph=True, allow_unused=True)
        squares = [
            (g * g).sum() for g in grads if g is not None and g.requires_grad
        ]  # so that linear functions have more to show
        return tuple(squares) or (sum(x.sum() for x in inputs),)

    return derivative


def complex_step_agrees(sample: Sample) -> None:
    """To the last digits, where the op computes on complex numbers."""
    assert gradcheck(sample.function, sample.inputs, complex_step=True, atol=1e-11, rtol=1e-10)


def slopes_at_kinks(op: type[Node]) -> None:
    for function, points, slopes in KINKS.get(op, []):
        inputs = [mt.tensor(p, dtype=mt.float64, requires_grad=True) for p in points]
        function(*inputs).sum().backward()
        for x, slope in zip(inputs, slopes, strict=True):
            assert x.grad is not None
            np.testing.assert_allclose(x.grad.numpy(), slope, err_msg=f"at {points}")


def single_precision_agrees(sample: Sample) -> None:
    """float32 gives float32, with gradients of the inputs' own type and shape, near those in float64."""
    single = [x.detach().float().requires_grad_() for x in sample.inputs]
    double = [x.detach().double().requires_grad_() for x in single]
    results = []
    for inputs in (single, double):
        output = sample.function(*inputs)
        output = output[0] if isinstance(output, tuple) else output
        grads = grad(output.sum(), inputs, allow_unused=True)
        for x, g in zip(inputs, grads, strict=True):
            assert g is None or (g.dtype is x.dtype and g.shape == x.shape)
        results.append([output.detach(), *(g for g in grads if g is not None)])
    for a, b in zip(*results, strict=True):
        assert a.dtype is mt.float32 or b.dtype is a.dtype
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-3, atol=2e-4)


def half_precision_agrees(sample: Sample, scale: float) -> bool:
    """float16 gives float16, near what float64 gives for the same inputs wherever that fits: nothing overflows on the way."""
    half = [(x.detach() * scale).half().requires_grad_() for x in sample.inputs]
    results = []
    for inputs in (half, [x.detach().double().requires_grad_() for x in half]):
        try:
            output = sample.function(*inputs)
        except (RuntimeError, ValueError, IndexError):
            assert inputs is not half, "refused in float16 alone"
            return False  # numbers of this size are refused
        output = output[0] if isinstance(output, tuple) else output
        grads = grad(output.sum(), inputs, allow_unused=True) if output.requires_grad else ()
        results.append([output.detach(), *(g for g in grads if g is not None)])
    return same_in_half(*results)


def same_in_half(half: list[mt.Tensor], double: list[mt.Tensor]) -> bool:
    """Equal to the rounding of float16, a small part of the largest number, except where float64 exceeds its range."""
    assert len(half) == len(double)
    for a, b in zip(half, double, strict=True):
        assert a.dtype is mt.float16 or a.dtype is b.dtype
        exact = b.numpy().astype(np.float64)
        fits = np.isfinite(exact) & (np.abs(exact) < 60_000)
        size = np.abs(exact[fits]).max(initial=1)
        np.testing.assert_allclose(a.numpy()[fits].astype(np.float64), exact[fits], rtol=2**-9, atol=2**-10 * size)
    return bool(half)


def memory_does_not_matter(sample: Sample) -> None:
    """Inputs that lie apart in memory, backwards or read-only, and inputs that are views, give the same as plain ones."""
    plain = [np.array(x.detach().numpy(), order="C") for x in sample.inputs]
    wide = [np.full((*a.shape, 3), np.nan) for a in plain]
    for w, a in zip(wide, plain, strict=True):
        w[..., 1] = a
    apart = [w[..., 1] for w in wide]
    turned = [np.asarray(np.flip(np.flip(a).copy())) for a in plain]
    fixed = [a.copy() for a in plain]
    for f in fixed:
        f.flags.writeable = False
    results = []
    for arrays in (plain, apart, turned, fixed):
        inputs = [mt.from_numpy(a).requires_grad_() for a in arrays]
        results.append(_with_gradients(sample, inputs, inputs))
    bases = [mt.from_numpy(w).requires_grad_() for w in wide]
    value, grads = _with_gradients(sample, [b[..., 1] for b in bases], bases)
    results.append((value, [None if g is None else g[..., 1] for g in grads]))
    for value, grads in results[1:]:
        for a, b in zip([*value, *grads], [*results[0][0], *results[0][1]], strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def _with_gradients(sample: Sample, inputs: list[mt.Tensor], leaves: list[mt.Tensor]) -> Any:
    outputs = outputs_of(sample.function(*inputs))
    grads = grad([o.sum() for o in outputs], leaves, allow_unused=True)
    return [o.detach().numpy() for o in outputs], [None if g is None else g.numpy() for g in grads]


def inputs_are_left_alone(sample: Sample) -> None:
    """As they were; and every gradient has memory of its own: changed in place, it changes nothing that comes later."""
    function, inputs, _ = sample
    before = [x._array.copy() for x in inputs]
    output = function(*inputs)
    output = output[0] if isinstance(output, tuple) else output
    start = mt.ones_like(output)
    output.backward(start, retain_graph=True)
    first = [None if x.grad is None else x.grad._array.copy() for x in inputs]
    for x in inputs:
        if x.grad is not None:
            x.grad._array.fill(7)
            x.grad = None
    output.backward(start)
    for x, g in zip(inputs, first, strict=True):
        assert (x.grad is None) == (g is None)
        assert g is None or np.array_equal(x.grad._array, g, equal_nan=True)
    arrays = [*(x._array for x in inputs), *(x.grad._array for x in inputs if x.grad is not None), start._array]
    for x, b in zip(inputs, before, strict=True):
        assert np.array_equal(x._array, b)
    for i, a in enumerate(arrays):
        for b in arrays[i + 1 :]:
            assert not np.shares_memory(a, b)


class Empty(Draw):
    """Draws shapes with a size of 0 among them."""

    def shape(self, least: int = 0, most: int = 3, smallest: int = 1) -> tuple[int, ...]:
        shape = super().shape(max(least, 1), most, smallest)
        place = self.integers(0, len(shape) - 1)
        return tuple(0 if i == place else n for i, n in enumerate(shape))


def nothing_gives_nothing(op: type[Node], draw: Empty) -> None:
    """Of no elements: gradients in the inputs' shapes, or a refusal in words."""
    function, inputs, _ = sample_of(op, draw)
    outputs = []
    with contextlib.suppress(RuntimeError, IndexError, ValueError):
        outputs = outputs_of(function(*inputs))
    if outputs:
        for x, g in zip(inputs, grad([o.sum() for o in outputs], inputs, allow_unused=True), strict=True):
            assert g is None or g.shape == x.shape


def nonsense_gets_a_sentence(function: Any, inputs: list[Any], draw: Draw) -> None:
    """One of the inputs is replaced by what does not belong there: the answer is a result or a refusal in words."""
    for place, given in enumerate(inputs):
        shape = tuple(given.shape) if isinstance(given, mt.Tensor) else ()
        for wrong in (
            None, "word", [1.0], {}, np.ones(shape), mt.ones(*shape, 7), mt.ones(7, *shape, 7), mt.zeros(0, *shape),
            mt.ones(()),
            mt.ones(shape).long(), mt.ones(shape) > 0, mt.ones(shape) * math.nan, draw.choose(hostile.HOSTILE)(),
            draw.choose(hostile.TENSORS)(),
        ):  # fmt: skip
            args = (*inputs[:place], wrong, *inputs[place + 1 :])
            call = hostile.Call(f"with input {place} replaced: ", function, args, {})
            assert (verdict := hostile.attack(call)) is None, f"{call}: {verdict}"


# ---- layers ------------------------------------------------------------------------------------------------------------


def tensors_for(case: Case) -> list[mt.Tensor]:
    """What to run a layer's case with: its inputs, then its parameters."""
    tensors = [mt.from_numpy(a.copy()) for a in case.arrays()]
    return [t.requires_grad_() if t.is_floating_point() and i not in case.constant else t for i, t in enumerate(tensors)]


def layer_is_its_definition(case: Case) -> None:
    tensors, name = tensors_for(case), case.name
    names = [n for n, _ in case.build(mt).named_parameters()]
    values = [t.detach().numpy() for t in tensors]
    weights = dict(zip(names, values[len(case.inputs) :], strict=True))
    more = dict(case.named)
    if name.startswith(("BatchNorm", "InstanceNorm")):
        more["training"] = case.training
    expected = NAIVE[name](case.settings(), weights, *values[: len(case.inputs)], **more)
    out = case.run(mt, *tensors)
    if case.options.get("return_indices"):
        axis = out[0].ndim - int(name[-2]) - 1  # both in one array, after the batch
        assert np.array_equal(np.take(expected, 1, axis), out[1].numpy())
        expected = np.take(expected, 0, axis)
    for found, wanted in zip(out, expected if isinstance(expected, tuple) else (expected,), strict=False):
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-9, atol=1e-9, equal_nan=True)


def layer_derivatives_agree(case: Case) -> bool:
    tensors = tensors_for(case)
    if not any(t.requires_grad for t in tensors):
        return False

    def values(*tensors: mt.Tensor) -> tuple[mt.Tensor, ...]:
        return tuple(t for t in case.run(mt, *tensors) if t.is_floating_point() and t.requires_grad)

    found = values(*tensors)
    if not found or any(bool(mt.isnan(t).any()) for t in found) or {"scale_grad_by_freq", "padding_idx"} & set(case.options):
        return False  # the mean of nothing; and options that make of the derivative something else, on purpose
    assert gradcheck(values, tensors, atol=1e-4)
    # The second order takes two sweeps for each number: of few numbers every entry is checked, of many one direction.
    assert gradgradcheck(values, tensors, atol=1e-4, fast_mode=sum(t.numel() for t in tensors) > MOST_ENTRIES)
    return True


def layer_in_half_precision_agrees(case: Case, scale: float) -> bool:
    """As `half_precision_agrees`."""
    scale = 1.0 if case.name == "BCELoss" else scale  # its inputs are probabilities
    arrays = [a * scale if a.dtype.kind == "f" and i < len(case.inputs) else a for i, a in enumerate(case.arrays())]
    arrays = [np.asarray(a, np.float16) if np.asarray(a).dtype.kind == "f" else np.asarray(a) for a in arrays]
    results = []
    for dtype in (np.float16, np.float64):
        tensors = [mt.from_numpy(a.astype(dtype) if a.dtype.kind == "f" else a) for a in arrays]
        tensors = [t.requires_grad_() if t.is_floating_point() and i not in case.constant else t for i, t in enumerate(tensors)]
        mt.manual_seed(0)
        outputs = [o for o in case.run(mt, *tensors, rounded=True) if o.is_floating_point() and o.requires_grad]
        leaves = [t for t in tensors if t.requires_grad]
        grads = grad([o.sum() for o in outputs[:1]], leaves, allow_unused=True) if outputs else ()
        results.append([*(o.detach() for o in outputs[:1]), *(g for g in grads if g is not None)])
    return same_in_half(*results)


# ---- a few samples at random -------------------------------------------------------------------------------------------


def complaint(entry: str) -> str | None:
    """What is wrong with an op, a layer, or a test "module:name", in a line; None if nothing is.

    After @ come the arguments of the test, in the names of its module; tmp_path is a folder.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check(entry)
    except (Exception, pytest.fail.Exception) as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return None


def check(entry: str) -> None:
    """Raise AssertionError, or what else a mistake leads to, unless all is well with an entry. KeyError: there is no such."""
    source = random.Random(0)
    if ":" in entry:
        name, _, arguments = entry.partition("@")
        module, _, name = name.partition(":")
        found = importlib.import_module(TESTS[module])
        with tempfile.TemporaryDirectory() as folder:
            names = vars(found) | {"tmp_path": pathlib.Path(folder)}
            mt.manual_seed(0)
            getattr(found, name)(*eval(f"({arguments},)", names) if arguments else ())
    elif entry not in OPS and entry not in LAYERS:
        raise KeyError(f"there is no entry {entry!r}")
    if entry in OPS:
        slopes_at_kinks(OPS[entry])
        for _ in range(DRAWS):
            sample = sample_of(OPS[entry], Draw(source.randint))
            value_is_the_definition(sample)
            derivatives_agree(sample, ORDERS.get(OPS[entry], 2))
    if entry in LAYERS:
        for _ in range(DRAWS):
            case = LAYERS[entry](Drawing(source.randint))
            layer_is_its_definition(case)
            layer_derivatives_agree(case)
