"""Is a derivative right? Compare it with differences: (f(x + h) - f(x - h)) / 2h.

    gradcheck(f, inputs)        the derivative of f, entry by entry
    gradgradcheck(f, inputs)    the derivative of the derivative
    fast_mode=True              one random direction instead of all entries: two evaluations of f for any size
    complex_step=True           Im f(x + ih) / h, exact to the last digits, where f is analytic (Squire and Trapp 1998)

The central difference is off by about h^2 f''' / 6 from the step and by about 1e-16 f / h from rounding, which balance
around h = 1e-6 in float64. In float32 rounding alone would be of the size of the tolerance: check in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from minitorch.autograd.api import FLAG, NUMBER, check_types, grad
from minitorch.autograd.derivatives import (
    COMPLEX_STEP,
    CheckedTensor,
    complex_outputs,
    differences,
    directional_derivatives,
    imaginary_parts,
    jacobians,
    on_cpu,
    outputs_of,
    perturbed_outputs,
    random_directions,
    tensors_in,
)
from minitorch.autograd.function import Function
from minitorch.autograd.grad_mode import enable_grad
from minitorch.autograd.report import Comparison, GradcheckError, GradcheckReport
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, on_device_of, xp
from minitorch.backend.callsite import warn

__all__ = ["GradcheckError", "GradcheckReport", "gradcheck", "gradgradcheck"]


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    fast_mode: bool = False,
    complex_step: bool = False,
) -> bool | GradcheckReport:
    """Whether the derivative of `func` at `inputs` agrees with central differences of step `eps`.

    `func` is any function of Tensors, a Function, or a Module, whose parameters are then checked as well. Arguments and results
    may be lists, tuples and dicts of Tensors. Every entry of the derivative of every floating-point output in every input that
    requires grad is checked:  |analytical - numerical| <= atol + rtol |numerical|. With `fast_mode` one number is checked
    instead, the derivative between random directions. `complex_step` (not in PyTorch) uses the imaginary part of f(x + ih)
    instead of differences, for analytic functions. The function is run twice, forward and backward, and must give the
    same within `nondet_tol`.

    Returns True, or raises GradcheckError with a table of the wrong entries. With `raise_exception=False` it returns a
    GradcheckReport, which is true or false, and prints. Raises ValueError if no input requires grad. Warns of float32
    inputs.

    >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> minitorch.autograd.gradcheck(lambda x: x.sin() * x, x)
    True
    """
    check_types("gradcheck", FLAG, raise_exception=raise_exception, fast_mode=fast_mode, complex_step=complex_step)
    func = _function("gradcheck", func, eps=eps, atol=atol, rtol=rtol, nondet_tol=nondet_tol)
    args, checked = _arguments(func, inputs)
    report = _make_report(func, args, checked, "output", eps, atol, rtol, nondet_tol, fast_mode, complex_step)
    return _result(report, raise_exception)


def _function(call: str, func: Callable[..., Any], **numbers: float) -> Callable[..., Any]:
    """The function to check: `apply` of a Function. Raises TypeError for an argument that is not a number, ValueError unless
    eps is positive.
    """
    check_types(call, NUMBER, **numbers)
    if not numbers["eps"] > 0:
        raise ValueError(f"{call}: eps is the step of the differences, and must be positive, not {numbers['eps']}")
    return func.apply if isinstance(func, type) and issubclass(func, Function) else func


def _result(report: GradcheckReport, raise_exception: bool) -> bool | GradcheckReport:
    if not raise_exception:
        return report
    if not report:
        raise GradcheckError(report)
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    fast_mode: bool = False,
) -> bool | GradcheckReport:
    """Whether the second derivative of `func` agrees with central differences of the first: see `gradcheck`.

    This checks the function from inputs and gradients of outputs (`grad_outputs`, or random ones) to gradients of inputs.

    >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> minitorch.autograd.gradgradcheck(lambda x: x.sin() * x, x)
    True
    """
    check_types("gradgradcheck", FLAG, raise_exception=raise_exception, fast_mode=fast_mode)
    func = _function("gradgradcheck", func, eps=eps, atol=atol, rtol=rtol, nondet_tol=nondet_tol)
    args, checked = _arguments(func, inputs)
    outputs = outputs_of(func, args)
    if grad_outputs is None:
        random = xp.random.default_rng(0)
        arrays = [(random.standard_normal(o._array.shape).astype(o._array.dtype), o._array) for o in outputs]
        starts = [wrap(on_device_of(drawn, array)) for drawn, array in arrays]
    else:
        starts = [grad_outputs] if isinstance(grad_outputs, TensorBase) else list(grad_outputs)  # type: ignore[list-item]
    for start in starts:
        start.requires_grad_()

    def first_derivative(*values: Any) -> tuple[Any, ...]:
        current = outputs_of(func, values[: len(args)])
        with enable_grad():
            grads = grad(
                current,  # type: ignore[arg-type]
                [c.tensor for c in checked],  # type: ignore[misc]
                values[len(args) : len(args) + len(starts)],
                create_graph=True,
                allow_unused=True,
            )
        return tuple(g for g in grads if g is not None)

    everything = [*checked, *(CheckedTensor(start, f"grad_output {i}") for i, start in enumerate(starts))]
    report = _make_report(
        first_derivative, (*args, *starts), everything, "gradient", eps, atol, rtol, nondet_tol, fast_mode, False
    )
    return _result(report, raise_exception)


# ---- arguments and results -------------------------------------------------------------------------------------------


def _arguments(func: Any, inputs: Any) -> tuple[tuple[Any, ...], list[CheckedTensor]]:
    """The arguments to call func with, and the tensors to differentiate with respect to."""
    args = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
    checked: list[CheckedTensor] = []
    for i, arg in enumerate(args):
        if isinstance(arg, xp.ndarray):
            raise TypeError(
                f"gradcheck: input {i} is a bare array of shape {list(arg.shape)}: minitorch.tensor(...) makes it a Tensor"
            )
        for path, tensor in tensors_in(arg):
            if tensor.requires_grad and not any(tensor is c.tensor for c in checked):
                checked.append(CheckedTensor(tensor, f"input {i}{path}"))
    if hasattr(func, "named_parameters"):
        checked += [CheckedTensor(p, f"parameter {name!r}") for name, p in func.named_parameters() if p.requires_grad]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for item in checked:
        array = item.tensor._array
        if array.dtype != xp.float64:
            warn(
                f"{item.label} requires gradient and is of {array.dtype}, not float64: rounding alone can make this check "
                "fail. Check in double precision, x.double() or module.double()"
            )
        if (
            0 in array.strides
            and array.size > 1
            and any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True))
        ):
            raise RuntimeError(
                f"{item.label} has several elements in one place of memory (it was expanded), so they cannot be changed one "
                "at a time; check .clone() of it"
            )
    return args, checked


def _make_report(
    func: Callable[..., Any],
    args: Sequence[Any],
    checked: list[CheckedTensor],
    what: str,
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    fast_mode: bool,
    complex_step: bool,
) -> GradcheckReport:
    """Compare the derivatives. `what` names the outputs of func in messages: "output", or "gradient" if they are gradients."""
    method = f"the central difference with step {eps:g}"
    if complex_step:
        method = f"the imaginary part of f(x + ih) / h with h = {COMPLEX_STEP:g}"
    if fast_mode:
        method += ", along a random direction: fast_mode=False names the entries"
    report = GradcheckReport(method=method)
    before = [item.tensor._array.copy() for item in checked]
    if fast_mode:
        weights, directions = random_directions(func, args, checked)
        analytical, again = ([[m] for m in directional_derivatives(func, args, checked, directions, weights)] for _ in range(2))
        shapes: list[tuple[int, ...]] = [()]
    else:
        analytical, outputs = jacobians(func, args, checked)
        again, outputs_again = jacobians(func, args, checked)
        shapes = [o._array.shape for o in outputs]
        report.problem = _differing_outputs(outputs, outputs_again, nondet_tol)
    for item, array in zip(checked, before, strict=True):
        if _max_abs_difference(on_cpu(item.tensor._array), on_cpu(array)):
            item.tensor._array[...] = array
            report.problem = (
                f"The function changes its {item.label}: it must leave its arguments as they are, and work on a .clone()."
            )
    sizes = [math.prod(shape) for shape in shapes]
    report.problem = report.problem or _differing_runs(checked, analytical, again, nondet_tol)
    report.problem = report.problem or _nonlinear_in_grad_outputs(func, args, checked, atol, rtol)
    if report.problem:
        return report
    for place, item in enumerate(checked):
        if fast_mode:
            step = directions[place]
            if complex_step:
                perturbed = [
                    o.imag / COMPLEX_STEP for o in complex_outputs(func, args, checked, item, ..., COMPLEX_STEP * step)
                ]
            else:
                above, below = (perturbed_outputs(func, args, item.tensor, ..., s * step) for s in (eps, -eps))
                perturbed = [(a - b) / (2 * eps) for a, b in zip(above, below, strict=True)]
            slope = sum(float(v.reshape(-1) @ m) for v, m in zip(weights, perturbed, strict=True))
            numerical = [xp.full((1, 1), slope)]
        elif complex_step:
            numerical = imaginary_parts(func, args, checked, item, sizes, eps)
        else:
            numerical = differences(func, args, item.tensor, eps, sizes)
        for nr, (a, n) in enumerate(zip(analytical[place], numerical, strict=True)):
            label, size = item.label, item.tensor._array.shape
            if fast_mode:
                label, size = f"{label} along a random direction", ()
            comparison = Comparison(label, size, f"{what} {nr}", shapes[nr], a, n, atol, rtol)
            if not comparison.agrees and not fast_mode:
                comparison.looks_like = _diagnose(func, args, item.tensor, comparison, nr, eps)
            report.comparisons.append(comparison)
    return report


# ---- running twice ---------------------------------------------------------------------------------------------------


def _differing_outputs(first: Sequence[Any], second: Sequence[Any], tolerance: float) -> str:
    if [o._array.shape for o in first] != [o._array.shape for o in second]:
        return "The function is not deterministic: run twice on the same input it returned outputs of other number or shape."
    for nr, (one, two) in enumerate(zip(first, second, strict=True)):
        if (gap := _max_abs_difference(on_cpu(one._array), on_cpu(two._array))) > tolerance:
            return (
                f"The function is not deterministic: run twice on the same input, output {nr} differed by up to {gap:.3g} "
                f"(nondet_tol={tolerance}). Does it draw random numbers (dropout: call .eval()), or keep count of its calls?"
            )
    return ""


def _differing_runs(checked: list[CheckedTensor], first: list[list[Array]], second: list[list[Array]], tolerance: float) -> str:
    for item, a, b in zip(checked, first, second, strict=True):
        for nr, (one, two) in enumerate(zip(a, b, strict=True)):
            if (gap := _max_abs_difference(one, two)) > tolerance:
                return (
                    f"Backward is not reentrant: run twice on the same input it gave derivatives of output {nr} with respect "
                    f"to {item.label} that differ by up to {gap:.3g} (nondet_tol={tolerance}). Does the function draw random "
                    "numbers, or change its inputs?"
                )
    return ""


def _nonlinear_in_grad_outputs(
    func: Callable[..., Any], args: Sequence[Any], checked: list[CheckedTensor], atol: float, rtol: float
) -> str:
    """A sentence if backward(a v + w) is not a backward(v) + backward(w), for gradients v and w of the outputs: it must be."""
    with enable_grad():
        outputs = [o for o in outputs_of(func, args) if o.requires_grad]
    random, tensors = xp.random.default_rng(1), [item.tensor for item in checked]
    v, w = ([random.standard_normal(o._array.shape) for o in outputs] for _ in range(2))
    results = []
    for starts in (v, w, [3 * a + b for a, b in zip(v, w, strict=True)]):
        given = [wrap(on_device_of(s.astype(o._array.dtype), o._array)) for s, o in zip(starts, outputs, strict=True)]
        grads = grad(outputs, tensors, given, retain_graph=True, allow_unused=True) if outputs else ()  # type: ignore[arg-type]
        results.append([xp.zeros(()) if g is None else on_cpu(g._array) for g in grads])
    for item, of_v, of_w, of_both in zip(checked, *results, strict=False):
        expected = 3 * of_v + of_w
        largest = float(xp.abs(expected).max(initial=0.0))
        if _max_abs_difference(of_both, expected) <= atol + rtol * largest or not math.isfinite(largest):
            continue
        if _max_abs_difference(of_v, of_both) <= atol + rtol * largest:
            return (
                f"The gradient with respect to {item.label} does not depend on grad_output: backward must multiply by the "
                "gradient that it is given. It is 1 only where nothing follows the function."
            )
        return (
            f"The gradient with respect to {item.label} is not linear in grad_output: for 3 v + w it is not 3 times that for v "
            "plus that for w. By the chain rule backward multiplies by grad_output, once."
        )
    return ""


def _max_abs_difference(one: Array, two: Array) -> float:
    """The largest absolute difference; equal infinities, and two nans, do not differ."""
    same = (one == two) | (xp.isnan(one) & xp.isnan(two))
    gaps = xp.abs(xp.where(same, 0.0, one) - xp.where(same, 0.0, two))
    return float(xp.where(xp.isnan(gaps), xp.inf, gaps).max(initial=0.0))


# ---- what a wrong entry looks like -----------------------------------------------------------------------------------


def _diagnose(func: Callable[..., Any], args: Sequence[Any], tensor: TensorBase, c: Comparison, nr: int, eps: float) -> str:
    """What the worst entry looks like: at a smooth point the differences converge as the step shrinks, at a kink they do
    not.
    """
    if tensor._array.dtype != xp.float64:
        return (
            f"The check ran in {tensor._array.dtype}, whose rounding alone may be of this size: check in float64, by .double()."
        )
    (entry,) = c.worst(1)
    row = int(xp.ravel_multi_index(entry.row, c.output_shape)) if c.output_shape else 0

    def value(step: float) -> float:
        return float(perturbed_outputs(func, args, tensor, entry.column, step)[nr][row])

    values = perturbed_outputs(func, args, tensor, entry.column, 0.0)[nr]
    here = float(values[row])
    if not xp.isfinite(values).all() or not math.isfinite(value(eps) + value(-eps)):
        return "The function itself is infinite or nan there, or just beside: outside its domain there is no derivative."
    if math.isnan(entry.got):
        return "Backward gave nan where the function is finite: 0 times infinity, or 0 / 0, somewhere in its formula."

    def slopes(h: float) -> tuple[float, float]:
        return (here - value(-h)) / h, (value(h) - here) / h

    (left, right), (nearer_left, nearer_right) = slopes(eps), slopes(eps / 10)
    gap, nearer = abs(right - left), abs(nearer_right - nearer_left)
    if gap > c.atol + c.rtol * max(abs(right), abs(left)) and gap > 100 * eps:
        if nearer > 5 * gap:
            return "The function jumps there: there is no derivative to compare with. Check at another point."
        if nearer < gap / 3:
            return f"The function bends so much there that the step {eps:g} is too long: check with a smaller eps."
        return (
            f"The point looks like a kink: the slope is {left:.6g} to the left and {right:.6g} to the right, as of relu at 0. "
            "Differences give the mean of the two there; check at another point."
        )
    # Long steps, so that the error of the step stands out above rounding: halved, it should fall to a quarter.
    size = max(1.0, abs(float(tensor._array[entry.column])))
    found = [(value(h) - value(-h)) / (2 * h) for h in (4e-3 * size, 2e-3 * size, 1e-3 * size)]
    first, second = found[0] - found[1], found[1] - found[2]
    rounding = 1e-12 * max(1.0, abs(here)) / (1e-3 * size)
    if abs(first) < 10 * rounding or 3 < first / (second or rounding) < 5:
        how = (
            "settle as the step h shrinks, with an error like h^2"
            if abs(first) > 10 * rounding
            else "do not depend on the step"
        )
        return f"At the worst entry the differences {how}: the function is smooth there, and its derivative is wrong."
    return (
        f"At the worst entry the differences do not settle as the step shrinks ({', '.join(f'{s:.6g}' for s in found)}): "
        "rounding, a kink near by, or a function that is not smooth. Check at another point, or with another eps."
    )
