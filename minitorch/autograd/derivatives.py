"""The derivative of a function as matrices, in three ways: by backward, by central differences, by a complex step.

gradcheck.py compares them. Arguments and results may be lists, tuples and dicts of Tensors.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minitorch.autograd.api import grad
from minitorch.autograd.grad_mode import enable_grad, no_grad
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, on_device_of, xp
from minitorch.backend.device import device, to_device

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


COMPLEX_STEP = 1e-30  # nothing is subtracted, so it may be arbitrarily small


@dataclass
class CheckedTensor:
    """A tensor with respect to which the derivative is checked, and its name in messages."""

    tensor: TensorBase
    label: str


def tensors_in(value: Any) -> Iterator[tuple[str, TensorBase]]:
    """Every tensor in lists, tuples and dicts, with the path that leads to it, such as "[0]['a']"."""
    waiting: list[tuple[str, Any, tuple[int, ...]]] = [("", value, ())]
    while waiting:
        path, part, inside = waiting.pop()
        if isinstance(part, TensorBase):
            yield path, part
        elif isinstance(part, (Mapping, list, tuple)):
            if id(part) in inside:
                raise ValueError(
                    f"gradcheck: a {type(part).__name__} among the arguments or results contains itself, at {path}"
                )
            items = part.items() if isinstance(part, Mapping) else enumerate(part)
            waiting += reversed([(f"{path}[{key!r}]", item, (*inside, id(part))) for key, item in items])


def outputs_of(func: Callable[..., Any], args: Sequence[Any]) -> list[TensorBase]:
    """The floating-point outputs of func; those that require grad, if any do."""
    result = func(*args)
    parts = [result] if isinstance(result, TensorBase) else [tensor for _, tensor in tensors_in(result)]
    if not parts and not isinstance(result, (tuple, list, Mapping)):
        raise ValueError(f"gradcheck checks functions that return Tensors, and this one returned {type(result).__name__}")
    floating = [p for p in parts if p._array.dtype.kind in "fc"]
    return [p for p in floating if p.requires_grad] or floating


def on_cpu(array: Array) -> Array:
    return to_device(array, device("cpu"))


# ---- analytical: by backward -------------------------------------------------------------------------------------


def jacobians(
    func: Callable[..., Any], args: Sequence[Any], checked: list[CheckedTensor]
) -> tuple[list[list[Array]], list[Any]]:
    """For each checked tensor and each output the matrix d output / d tensor, by one backward for each output element."""
    with enable_grad():
        outputs = outputs_of(func, args)
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
                        m[i] = on_cpu(g._array).reshape(-1)
        for row, m in zip(rows, matrices, strict=True):
            row.append(m)
    return rows, outputs


def _gradients(output: TensorBase, tensors: list[TensorBase], start: Array) -> tuple[Tensor | None, ...]:
    return grad([output], tensors, [wrap(start)], retain_graph=True, allow_unused=True)  # type: ignore[list-item, arg-type]


def random_directions(
    func: Callable[..., Any], args: Sequence[Any], checked: list[CheckedTensor]
) -> tuple[list[Array], list[Array]]:
    """A random direction v of each output, and one u of each input, of length 1."""
    random = xp.random.default_rng(0)
    weights = [random.standard_normal(o._array.shape) for o in outputs_of(func, args)]
    directions = [random.standard_normal(item.tensor._array.shape) for item in checked]
    return weights, [u / max(float(xp.linalg.norm(u)), 1e-300) for u in directions]


def directional_derivatives(
    func: Callable[..., Any], args: Sequence[Any], checked: list[CheckedTensor], directions: list[Array], weights: list[Array]
) -> list[Array]:
    """v^T J u by backward, for the direction u of each checked tensor, as a matrix of one element."""
    with enable_grad():
        outputs = outputs_of(func, args)
    totals = [0.0] * len(checked)
    for output, v in zip(outputs, weights, strict=True):
        if output.requires_grad:
            grads = _gradients(
                output, [item.tensor for item in checked], on_device_of(v.astype(output._array.dtype), output._array)
            )
            totals = [
                t if g is None else t + float((on_cpu(g._array) * u).sum())
                for t, g, u in zip(totals, grads, directions, strict=True)
            ]
    return [xp.full((1, 1), total) for total in totals]


# ---- numerical: by differences -----------------------------------------------------------------------------------


def differences(func: Callable[..., Any], args: Sequence[Any], tensor: TensorBase, eps: float, sizes: list[int]) -> list[Array]:
    """For each output the matrix d output / d tensor, by central differences, one column for each element of the tensor."""
    columns: list[list[Array]] = [[] for _ in sizes]
    for index in xp.ndindex(tensor._array.shape):
        above, below = (perturbed_outputs(func, args, tensor, index, step) for step in (eps, -eps))
        pairs = list(zip(columns, above, below, strict=True))
        with xp.errstate(invalid="ignore"):  # inf - inf
            for column, a, b in pairs:
                column.append((a - b) / (2 * eps))
    return _as_matrices(columns, sizes)


def _as_matrices(columns: list[list[Array]], sizes: list[int]) -> list[Array]:
    return [xp.stack(c, axis=1) if c else xp.zeros((size, 0)) for c, size in zip(columns, sizes, strict=True)]


def perturbed_outputs(func: Callable[..., Any], args: Sequence[Any], tensor: TensorBase, index: Any, step: Any) -> list[Array]:
    """The outputs, flat and in float64, with `step` added to one element (or all, for index `...`) of a tensor."""
    before = tensor._array[index].copy()
    tensor._array[index] += on_device_of(xp.asarray(step), tensor._array)
    try:
        with enable_grad():  # a function may itself differentiate
            return [on_cpu(o._array).reshape(-1).astype(xp.float64) for o in outputs_of(func, args)]
    finally:
        tensor._array[index] = before


# ---- numerical: by a complex step --------------------------------------------------------------------------------


def imaginary_parts(
    func: Callable[..., Any],
    args: Sequence[Any],
    checked: list[CheckedTensor],
    item: CheckedTensor,
    sizes: list[int],
    eps: float,
) -> list[Array]:
    """As `differences`, by f(x + ih) = f(x) + ih f'(x) + O(h^2). Raises RuntimeError where this and differences disagree."""
    columns: list[list[Array]] = [[] for _ in sizes]
    for index in xp.ndindex(item.tensor._array.shape):
        for column, o in zip(columns, complex_outputs(func, args, checked, item, index, COMPLEX_STEP), strict=True):
            column.append(o.imag / COMPLEX_STEP)
    found = _as_matrices(columns, sizes)
    rough = differences(func, args, item.tensor, eps, sizes)
    if not all(xp.allclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True) for a, b in zip(found, rough, strict=True)):
        raise RuntimeError(
            f"complex_step is for analytic functions, and this is none, or not computed as one: for {item.label} the imaginary "
            "part of f(x + ih) / h and the central difference disagree, as they do for abs(). Check without complex_step"
        )
    return found


def complex_outputs(
    func: Callable[..., Any], args: Sequence[Any], checked: list[CheckedTensor], item: CheckedTensor, index: Any, step: Any
) -> list[Array]:
    """The outputs, flat and complex, with one element (or all, for index `...`) of a tensor changed by i * step."""
    tensors = [item.tensor for item in checked] + [t for _, t in tensors_in(args)]
    tensors += func.buffers() if hasattr(func, "buffers") else []
    with _complex(tensors), no_grad(), warnings.catch_warnings():
        warnings.simplefilter("error", xp.exceptions.ComplexWarning)  # an imaginary part that is dropped
        item.tensor._array[index] += 1j * step
        try:
            return [o._array.reshape(-1).astype(xp.complex128) for o in outputs_of(func, args)]
        except Exception as error:
            raise RuntimeError(
                f"complex_step: the function does not compute on complex numbers ({type(error).__name__}: {error}). It is for "
                "analytic functions, made of sums, products, powers, exp, sin and the like: check without complex_step"
            ) from error


@contextmanager
def _complex(tensors: list[TensorBase]) -> Iterator[None]:
    """Within the block, those of the tensors that hold real numbers hold complex ones."""
    tensors = [t for t in tensors if t._array.dtype.kind == "f"]
    before = [t._array for t in tensors]
    try:
        for tensor in tensors:
            tensor._array = tensor._array.astype(xp.complex128)
        yield
    finally:
        for tensor, array in zip(tensors, before, strict=True):
            tensor._array = array
