"""Is a derivative right? Compare it with differences: (f(x + h) - f(x - h)) / 2h.

    gradcheck(f, inputs)        the derivative of f, entry by entry
    gradgradcheck(f, inputs)    the derivative of the derivative
    fast_mode=True              one random direction instead of all entries: two evaluations of f for any size

The central difference is off by about h^2 f''' / 6 from the step and by about 1e-16 f / h from rounding, which balance
around h = 1e-6 in float64. In float32 rounding alone would be of the size of the tolerance: check in float64.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minitorch.autograd.engine import grad
from minitorch.autograd.grad_mode import enable_grad
from minitorch.autograd.variable import TensorBase, wrap
from minitorch.backend.arrays import Array, xp

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A derivative and the finite differences disagree."""


@dataclass
class _Checked:
    """A tensor with respect to which the derivative is checked, and how a message names it."""

    tensor: TensorBase
    label: str


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
) -> bool:
    """Whether the derivative of `func` at `inputs` agrees with central differences of step `eps`.

    `func` is any function of Tensors, or a Module, whose parameters are then checked as well. Checked is every entry of the
    derivative of every floating-point output in every input that requires grad:  |analytical - numerical| <= atol + rtol
    |numerical|. With `fast_mode` it is one number instead, the derivative between random directions.
    Backward is run twice, and must give the same within `nondet_tol`.

    Raises GradcheckError with the worst entry (or returns False, without `raise_exception`); ValueError if no input requires
    grad. float32 inputs are warned about.
    """
    args, checked = _arguments(func, inputs)
    try:
        if fast_mode:
            _compare_directions(func, args, checked, eps, atol, rtol, nondet_tol)
            return True
        analytical, outputs = _check_repeatable(func, args, checked, nondet_tol)
        for place, item in enumerate(checked):
            numerical = _differences(func, args, item.tensor, eps, len(outputs))
            for nr, (a, n) in enumerate(zip(analytical[place], numerical, strict=True)):
                if not _close(a, n, atol, rtol):
                    raise GradcheckError(_mismatch(func, args, item, nr, outputs[nr].shape, a, n, eps, atol, rtol))
    except GradcheckError:
        if raise_exception:
            raise
        return False
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
) -> bool:
    """Whether the second derivative of `func` agrees with central differences of the first: see `gradcheck`.

    What is checked is the function that takes inputs and gradients of outputs (`grad_outputs`, or random ones) to gradients
    of inputs.
    """
    args, checked = _arguments(func, inputs)
    outputs = _outputs(func, args)
    if grad_outputs is None:
        random = xp.random.default_rng(0)
        starts = [wrap(random.standard_normal(o._array.shape).astype(o._array.dtype)) for o in outputs]
    else:
        starts = [grad_outputs] if isinstance(grad_outputs, TensorBase) else list(grad_outputs)  # type: ignore[list-item]
    for start in starts:
        start.requires_grad_()

    def first_derivative(*given: Any) -> tuple[Any, ...]:
        current = _outputs(func, given[: len(args)])
        with enable_grad():
            grads = grad(
                current,  # type: ignore[arg-type]
                [c.tensor for c in checked],  # type: ignore[misc]
                given[len(args) : len(args) + len(starts)],
                create_graph=True,
                allow_unused=True,
            )
        return tuple(g for g in grads if g is not None and g.requires_grad)

    extra = [c.tensor for c in checked if not any(c.tensor is a for a in args)]  # a module's parameters
    return gradcheck(
        first_derivative,
        (*args, *starts, *extra),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        fast_mode=fast_mode,
    )


# ---- the pieces --------------------------------------------------------------------------------------------------------


def _arguments(func: Any, inputs: Any) -> tuple[tuple[Any, ...], list[_Checked]]:
    """What to call func with, and the tensors to differentiate in."""
    args = (inputs,) if isinstance(inputs, TensorBase) else tuple(inputs)
    checked = [_Checked(a, f"input {i}") for i, a in enumerate(args) if isinstance(a, TensorBase) and a.requires_grad]
    if hasattr(func, "named_parameters"):
        checked += [_Checked(p, f"parameter {name!r}") for name, p in func.named_parameters() if p.requires_grad]
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for item in checked:
        array = item.tensor._array
        if array.dtype != xp.float64:
            warnings.warn(
                f"{item.label} requires gradient and is of {array.dtype}, not float64: rounding alone can make this check "
                "fail. Check in double precision, x.double() or module.double()",
                stacklevel=3,
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


def _outputs(func: Callable[..., Any], args: Sequence[Any]) -> list[TensorBase]:
    """The floating-point outputs of func; those that require grad, if any do."""
    result = func(*args)
    parts = [result] if isinstance(result, TensorBase) else list(result)
    floating = [p for p in parts if isinstance(p, TensorBase) and p._array.dtype.kind == "f"]
    return [p for p in floating if p.requires_grad] or floating


def _check_repeatable(
    func: Callable[..., Any], args: Sequence[Any], checked: list[_Checked], tolerance: float
) -> tuple[list[list[Array]], list[Any]]:
    """The analytical derivatives. Raises GradcheckError if a second run gives others."""
    first, outputs = _jacobians(func, args, checked)
    second, _ = _jacobians(func, args, checked)
    for item, a, b in zip(checked, first, second, strict=True):
        for nr, (one, two) in enumerate(zip(a, b, strict=True)):
            if one.size and not xp.all((xp.abs(one - two) <= tolerance) | (one == two) | (xp.isnan(one) & xp.isnan(two))):
                raise GradcheckError(
                    f"Backward is not reentrant: run twice on the same input it gave derivatives of output {nr} with respect "
                    f"to {item.label} that differ by up to {xp.abs(one - two).max():.3g} (nondet_tol={tolerance}). Does the "
                    "function draw random numbers, or change its inputs?"
                )
    return first, outputs


def _jacobians(func: Callable[..., Any], args: Sequence[Any], checked: list[_Checked]) -> tuple[list[list[Array]], list[Any]]:
    """For each checked tensor and each output the matrix d output / d tensor, by one backward for each output element."""
    with enable_grad():
        outputs = _outputs(func, args)
    tensors = [item.tensor for item in checked]
    rows: list[list[Array]] = [[] for _ in checked]
    for output in outputs:
        matrices = [xp.zeros((output._array.size, t._array.size)) for t in tensors]
        if output.requires_grad:
            for i in range(output._array.size):
                start = xp.zeros_like(output._array, order="C")
                start.reshape(-1)[i] = 1
                for m, g in zip(matrices, _gradients(output, tensors, start), strict=True):
                    if g is not None:
                        m[i] = g._array.reshape(-1)
        for row, m in zip(rows, matrices, strict=True):
            row.append(m)
    return rows, outputs


def _gradients(output: TensorBase, tensors: list[TensorBase], start: Array) -> tuple[Tensor | None, ...]:
    return grad([output], tensors, [wrap(start)], retain_graph=True, allow_unused=True)  # type: ignore[list-item, arg-type]


def _differences(func: Callable[..., Any], args: Sequence[Any], tensor: TensorBase, eps: float, count: int) -> list[Array]:
    """For each output the matrix d output / d tensor, by central differences, one column for each element of the tensor."""
    columns: list[list[Array]] = [[] for _ in range(count)]
    for index in xp.ndindex(tensor._array.shape):
        above, below = (_moved(func, args, tensor, index, step) for step in (eps, -eps))
        for column, a, b in zip(columns, above, below, strict=True):
            column.append((a - b) / (2 * eps))
    return [xp.stack(c, axis=1) if c else xp.zeros((0, 0)) for c in columns]


def _moved(func: Callable[..., Any], args: Sequence[Any], tensor: TensorBase, index: Any, step: Any) -> list[Array]:
    """The outputs, flat and in float64, with one element (or all, for index `...`) of a tensor moved by `step`."""
    before = tensor._array[index].copy()
    tensor._array[index] += step
    try:
        with enable_grad():  # a function may itself differentiate
            return [o._array.reshape(-1).astype(xp.float64) for o in _outputs(func, args)]
    finally:
        tensor._array[index] = before


def _close(a: Array, n: Array, atol: float, rtol: float) -> bool:
    if a.size == 0:
        return True
    return a.shape == n.shape and bool(xp.allclose(a, n, atol=atol, rtol=rtol, equal_nan=True))


def _mismatch(
    func: Callable[..., Any],
    args: Sequence[Any],
    item: _Checked,
    nr: int,
    out_shape: Any,
    analytical: Array,
    numerical: Array,
    eps: float,
    atol: float,
    rtol: float,
) -> str:
    """The sentence for a failed check: the worst entry, and whether the function has a kink there."""
    excess = xp.abs(analytical - numerical) - rtol * xp.abs(numerical)
    excess = xp.where(xp.isnan(excess), xp.inf, excess)
    row, column = xp.unravel_index(int(xp.argmax(excess)), excess.shape)
    index = xp.unravel_index(int(column), item.tensor._array.shape)
    wrong = int((excess > atol).sum())
    text = (
        f"Jacobian mismatch for output {nr} with respect to {item.label}: at {_name(index)} of the input and "
        f"{_name(xp.unravel_index(int(row), tuple(out_shape)))} of the output,\n"
        f"    numerical (expected): {numerical[row, column]:.8g}\n"
        f"    analytical (got):     {analytical[row, column]:.8g}\n"
        f"{wrong} of {excess.size} entries are off by more than atol={atol:g} + rtol={rtol:g} * |numerical|; this is the worst."
    )
    here, above, below = (_moved(func, args, item.tensor, index, step)[nr][row] for step in (0.0, eps, -eps))
    right, left = (above - here) / eps, (here - below) / eps
    if abs(right - left) > atol + rtol * max(abs(right), abs(left)) and abs(right - left) > 100 * eps:
        text += (
            f"\nThe point looks like a kink: the slope is {left:.6g} to the left and {right:.6g} to the right, as of relu at "
            "0. Differences mean little there; check at another point."
        )
    return text


def _name(index: tuple[Any, ...]) -> str:
    return f"index {[int(i) for i in index]}"


def _compare_directions(
    func: Callable[..., Any],
    args: Sequence[Any],
    checked: list[_Checked],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
) -> None:
    """Check v^T J u for random directions u of each input and v of all outputs."""
    random = xp.random.default_rng(0)
    weights = [random.standard_normal(o._array.shape) for o in _outputs(func, args)]
    for item in checked:
        u = random.standard_normal(item.tensor._array.shape)
        u /= max(float(xp.linalg.norm(u)), 1e-300)
        above, below = (_moved(func, args, item.tensor, ..., step * u) for step in (eps, -eps))
        numerical = sum(float(v.reshape(-1) @ (a - b)) / (2 * eps) for v, a, b in zip(weights, above, below, strict=True))
        analytical, again = (_along(func, args, item.tensor, u, weights) for _ in range(2))
        if abs(analytical - again) > nondet_tol:
            raise GradcheckError(
                f"Backward is not reentrant: run twice it gave {analytical:.8g} and {again:.8g} for {item.label}"
            )
        if not abs(analytical - numerical) <= atol + rtol * abs(numerical):
            raise GradcheckError(
                f"Derivatives along a random direction mismatch with respect to {item.label}:\n"
                f"    numerical (expected): {numerical:.8g}\n    analytical (got):     {analytical:.8g}\n"
                "fast_mode=False names the entry."
            )


def _along(func: Callable[..., Any], args: Sequence[Any], tensor: TensorBase, u: Array, weights: list[Array]) -> float:
    """v^T J u by backward."""
    with enable_grad():
        outputs = _outputs(func, args)
    total = 0.0
    for output, v in zip(outputs, weights, strict=True):
        if output.requires_grad:
            (g,) = _gradients(output, [tensor], v.astype(output._array.dtype))
            total += 0.0 if g is None else float((g._array * u).sum())
    return total
