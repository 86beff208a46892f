"""Tensor creation: filled with a value, and ranges. from_data.py has tensors of given numbers, sampling.py random ones."""

from __future__ import annotations

import math
from typing import Any

from minitorch.backend.arrays import Array, order_of, xp
from minitorch.backend.callsite import warn
from minitorch.backend.dtypes import bool_, dtypes, float16, float32, float64, int32, int64, set_default_dtype, uint8
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.errors import refuse_if_too_large
from minitorch.from_data import array_of, ignore_overflow, numpy_dtype, tensor, to_leaf
from minitorch.ops.filling import fill_value_of
from minitorch.ops.shape import sizes
from minitorch.public import public
from minitorch.tensor import Tensor

__all__ = [
    "BoolTensor", "ByteTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor", "arange", "empty",
    "empty_like", "eye", "finfo", "full", "full_like", "iinfo", "linspace", "logspace", "ones", "ones_like",
    "set_default_tensor_type", "tril_indices", "triu_indices", "zeros", "zeros_like",
]  # fmt: skip


# ---- filled ----------------------------------------------------------------------------------------------------------


@ignore_overflow
@public
def full(size: Any, fill_value: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """`fill_value` in every element. Without `dtype` the value decides: a float gives the default dtype.

    >>> minitorch.full((2, 3), 7)
    tensor([[7, 7, 7],
            [7, 7, 7]])
    """
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
    if not hasattr(fill_value, "__float__"):
        raise TypeError(f"full(): argument 'fill_value' (position 2) must be a number, not {type(fill_value).__name__}")
    np_dtype = numpy_dtype(dtype, dtypes[array_of(fill_value, None, True).dtype])
    shape = checked_shape(sizes((size,), "full"), "full", np_dtype)
    return to_leaf(xp.full(shape, fill_value_of("full", fill_value, np_dtype), np_dtype), requires_grad, device)


@public
def zeros(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros, of the sizes given: zeros(2, 3) or zeros((2, 3)).

    >>> minitorch.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    np_dtype = numpy_dtype(dtype)
    return to_leaf(xp.zeros(shape_of(size, "zeros", np_dtype), np_dtype), requires_grad, device)


@public
def ones(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones, of the sizes given: ones(2, 3) or ones((2, 3)).

    >>> minitorch.ones(2, dtype=minitorch.int64)
    tensor([1, 1])
    """
    np_dtype = numpy_dtype(dtype)
    return to_leaf(xp.ones(shape_of(size, "ones", np_dtype), np_dtype), requires_grad, device)


@public
def empty(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Uninitialized memory of the sizes given: its values mean nothing before they are written.

    >>> minitorch.empty(2, 3).shape
    minitorch.Size([2, 3])
    """
    np_dtype = numpy_dtype(dtype)
    return to_leaf(xp.empty(shape_of(size, "empty", np_dtype), np_dtype), requires_grad, device)


def shape_of(size: tuple[Any, ...], name: str, np_dtype: Any) -> tuple[int, ...]:
    if not size:
        raise TypeError(f"{name}() needs a size: {name}(2, 3), or {name}(()) for a single number")
    return checked_shape(sizes(size, name), name, np_dtype)


def checked_shape(shape: tuple[int, ...], name: str, np_dtype: Any) -> tuple[int, ...]:
    for n in shape:
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(shape)}")
    refuse_if_too_large(name, shape, np_dtype.itemsize)
    return shape


@ignore_overflow
@public
def full_like(
    input: Tensor, fill_value: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`fill_value` in every element, with the shape and dtype of `input`.

    >>> minitorch.full_like(minitorch.tensor([[1.0, 2.0]]), 7)
    tensor([[7., 7.]])
    """
    np_dtype = numpy_dtype(dtype, input.dtype)
    value = fill_value_of("full_like", fill_value, np_dtype)
    return to_leaf(
        xp.full_like(input._array, value, dtype=np_dtype, order=order_of(input._array)), requires_grad, device or input.device
    )


@public
def zeros_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros, with the shape and dtype of `input`.

    >>> minitorch.zeros_like(minitorch.tensor([[1, 2]]))
    tensor([[0, 0]])
    """
    return full_like(input, 0, dtype=dtype, device=device, requires_grad=requires_grad)


@public
def ones_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones, with the shape and dtype of `input`.

    >>> minitorch.ones_like(minitorch.tensor([[1, 2]]))
    tensor([[1, 1]])
    """
    return full_like(input, 1, dtype=dtype, device=device, requires_grad=requires_grad)


@public
def empty_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Uninitialized memory, with the shape and dtype of `input`.

    >>> minitorch.empty_like(minitorch.tensor([[1, 2]])).shape
    minitorch.Size([1, 2])
    """
    array = xp.empty_like(input._array, dtype=numpy_dtype(dtype, input.dtype), order=order_of(input._array))
    return to_leaf(array, requires_grad, device or input.device)


@public
def eye(n: int, m: int | None = None, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The identity matrix, (n, n) or (n, m).

    >>> minitorch.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    >>> minitorch.eye(2, 3, dtype=minitorch.int64)
    tensor([[1, 0, 0],
            [0, 1, 0]])
    """
    np_dtype = numpy_dtype(dtype)
    shape = checked_shape(sizes((n, n if m is None else m), "eye"), "eye", np_dtype)
    return to_leaf(xp.eye(*shape, dtype=np_dtype), requires_grad, device)


def _triangle(name: str, part: Any, row: int, col: int, offset: int, dtype: Any, device: Any, layout: Any) -> Tensor:
    if layout is not None:
        raise ValueError(f"{name}: layout must be None, not {layout!r}: tensors are dense")
    if dtype is not None and numpy_dtype(dtype).kind == "b":
        raise NotImplementedError(f"{name}: indices are numbers, and cannot be of dtype {dtype!r}")
    if row < 0 or col < 0:
        raise RuntimeError(f"{name}: row and col must be non-negative, got {row} and {col}")
    shape = checked_shape(sizes((row, col), name), name, xp.dtype(bool))
    indices = xp.stack(xp.nonzero(part(xp.ones(shape, bool), offset)))
    return to_leaf(indices.astype(numpy_dtype(dtype, int64)), False, device)


@public
def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType | None = int64, device: Any = None, layout: Any = None
) -> Tensor:
    """The indices of the lower triangle of a (row, col) matrix as (2, count), row by row; `offset` moves its diagonal up.

    Raises RuntimeError for a negative size. `layout` must be None: tensors are dense.

    >>> minitorch.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle("tril_indices", xp.tril, row, col, offset, dtype, device, layout)


@public
def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType | None = int64, device: Any = None, layout: Any = None
) -> Tensor:
    """The indices of the upper triangle of a (row, col) matrix as (2, count), row by row; `offset` moves its diagonal up.

    Raises RuntimeError for a negative size. `layout` must be None: tensors are dense.

    >>> minitorch.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle("triu_indices", xp.triu, row, col, offset, dtype, device, layout)


# ---- ranges ----------------------------------------------------------------------------------------------------------


@public
def arange(
    *bounds: Any,
    start: Any = None,
    end: Any = None,
    step: Any = None,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """arange(end), arange(start, end), arange(start, end, step): start, start + step, ... up to but without end.

    Integers give int64; if one argument is a float, the result has the default dtype. The three may be passed by name.
    Raises RuntimeError for a step of 0, and for a start from which the step leads away from the end.

    >>> minitorch.arange(4)
    tensor([0, 1, 2, 3])
    >>> minitorch.arange(1, 2, 0.25)
    tensor([1.0000, 1.2500, 1.5000, 1.7500])
    """
    if start is not None and (end is None or bounds):
        raise TypeError("arange(): start= belongs with end=, and with no other bound: arange(start=2, end=8)")
    if end is not None:
        bounds = (*bounds, *(() if start is None else (start,)), end)
    if step is not None:
        bounds = (0, *bounds, step) if len(bounds) == 1 else (*bounds, step)
    if not 1 <= len(bounds) <= 3:
        raise TypeError(f"arange() takes (end), (start, end) or (start, end, step), but got {len(bounds)} arguments")
    bounds = tuple(b.item() if hasattr(b, "item") else b for b in bounds)
    for b in bounds:
        if not isinstance(b, (int, float)):
            raise TypeError(f"arange() expects numbers, not {type(b).__name__}")
        if not math.isfinite(b):
            raise RuntimeError(f"unsupported range: {' -> '.join(map(str, bounds))}: arange() needs finite numbers")
    start, end, step = (0, *bounds, 1)[:3] if len(bounds) == 1 else (*bounds, 1)[:3]
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: start={start}, end={end}, step={step}")
    integral = all(isinstance(b, int) for b in bounds)
    np_dtype = numpy_dtype(dtype, int64 if integral else None)
    if integral:
        count = -((start - end) // step)
    else:
        length = (end - start) / step
        count = math.ceil(length) if math.isfinite(length) else 2**64
    checked_shape((count,), "arange", np_dtype)
    if integral and np_dtype.kind != "f":
        if count:
            ends = (start, start + (count - 1) * step)
            check_range("arange", min(ends), max(ends), dtype)
        return to_leaf(xp.arange(start, end, step).astype(np_dtype), requires_grad, device)
    values = start + xp.arange(count, dtype=xp.float64) * step
    return to_leaf(values.astype(np_dtype), requires_grad, device)


@ignore_overflow
@public
def linspace(
    start: float, end: float, steps: int, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` values from start to end, both included: start + i (end - start) / (steps - 1).

    >>> minitorch.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    np_dtype, steps = numpy_dtype(dtype), _checked_steps("linspace", steps, numpy_dtype(dtype))
    return to_leaf(_evenly_spaced(_as_float(start), _as_float(end), steps, np_dtype), requires_grad, device)


def _evenly_spaced(start: float, end: float, steps: int, np_dtype: Any) -> Array:
    """From both ends towards the middle with a step of the dtype, and rounded once, as PyTorch does."""
    if np_dtype.char not in "fd" or steps < 2:
        return xp.linspace(start, end, steps).astype(np_dtype)
    start, end = np_dtype.type(start), np_dtype.type(end)
    step, i = xp.longdouble((end - start) / np_dtype.type(steps - 1)), xp.arange(steps)
    return xp.where(i < steps // 2, start + step * i, end - step * (steps - 1 - i)).astype(np_dtype)


def _checked_steps(name: str, steps: int, np_dtype: Any) -> int:
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    return checked_shape((steps,), name, np_dtype)[0]


def _as_float(value: Any) -> float:
    return float(value.item() if hasattr(value, "item") else value)


@ignore_overflow
@public
def logspace(
    start: float,
    end: float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """base ** x for `steps` values x from start to end, both included.

    >>> minitorch.logspace(0, 3, 4, base=2)
    tensor([1., 2., 4., 8.])
    """
    np_dtype, steps = numpy_dtype(dtype), _checked_steps("logspace", steps, numpy_dtype(dtype))
    exponents = xp.linspace(_as_float(start), _as_float(end), steps)
    return to_leaf((_as_float(base) ** exponents).astype(np_dtype), requires_grad, device)


def check_range(name: str, low: int, high: int, dtype: DType | None) -> None:
    """Raise RuntimeError unless the dtype can represent every integer from low to high."""
    np_dtype = numpy_dtype(dtype, int64)
    if np_dtype.kind == "u":  # negative numbers wrap around, as in PyTorch
        least, most = -int(xp.iinfo(np_dtype).max), int(xp.iinfo(np_dtype).max)
    elif np_dtype.kind == "f":
        least, most = -(2 ** (xp.finfo(np_dtype).nmant + 1)), 2 ** (xp.finfo(np_dtype).nmant + 1)
    else:
        least, most = (0, 1) if np_dtype.kind == "b" else (int(xp.iinfo(np_dtype).min), int(xp.iinfo(np_dtype).max))
    if low < least or high > most:
        raise RuntimeError(f"{name}: the integers from {low} to {high} do not all fit {np_dtype} ({least} to {most})")


# ---- dtypes ----------------------------------------------------------------------------------------------------------


class finfo:
    """The limits of a floating point dtype: .eps, .min, .max, .tiny, .smallest_normal, .resolution, .bits.

    >>> minitorch.finfo(minitorch.float32).eps == 2**-23
    True
    >>> minitorch.finfo(minitorch.float16).max
    65504.0
    """

    def __init__(self, type: DType | None = None) -> None:
        if type is not None and not (isinstance(type, DType) and type.is_floating_point):
            raise TypeError(f"finfo() needs a floating point type, not {type!r}; iinfo() is for integers")
        info = xp.finfo(numpy_dtype(type))
        self.bits, self.dtype = info.bits, str(info.dtype)
        self.eps, self.min, self.max, self.resolution = map(float, (info.eps, info.min, info.max, info.resolution))
        self.tiny = self.smallest_normal = float(info.tiny)

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{name}={getattr(self, name):g}' for name in names)}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer dtype: .min, .max, .bits.

    >>> minitorch.iinfo(minitorch.int8).min, minitorch.iinfo(minitorch.int8).max
    (-128, 127)
    """

    def __init__(self, type: DType) -> None:
        if not isinstance(type, DType) or type.numpy.kind not in "iu":
            raise TypeError(f"iinfo() needs an integer type, not {type!r}; finfo() is for floating point")
        info = xp.iinfo(type.numpy)
        self.bits, self.min, self.max, self.dtype = info.bits, int(info.min), int(info.max), str(info.dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def _typed_constructor(name: str, dtype: DType) -> Any:
    @ignore_overflow
    def construct(*data: Any) -> Tensor:
        if len(data) != 1 or isinstance(data[0], int):
            return empty(data or (0,), dtype=dtype)
        return tensor(data[0], dtype=dtype)

    construct.__name__ = construct.__qualname__ = name
    example = f">>> minitorch.{name}([1, 0]).dtype\n{dtype!r}"
    construct.__doc__ = f"A tensor of dtype {dtype!r}, from data or sizes.\n\n{example}"
    return public(construct)


HalfTensor = _typed_constructor("HalfTensor", float16)
FloatTensor = _typed_constructor("FloatTensor", float32)
DoubleTensor = _typed_constructor("DoubleTensor", float64)
ByteTensor = _typed_constructor("ByteTensor", uint8)
BoolTensor = _typed_constructor("BoolTensor", bool_)
LongTensor = _typed_constructor("LongTensor", int64)
IntTensor = _typed_constructor("IntTensor", int32)


def set_default_tensor_type(t: Any) -> None:
    """Make the dtype of `t` the default: minitorch.DoubleTensor, or its name. Deprecated: use `set_default_dtype`.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     minitorch.set_default_tensor_type(minitorch.DoubleTensor)
    >>> minitorch.get_default_dtype()
    minitorch.float64
    >>> minitorch.set_default_dtype(minitorch.float32)
    """
    name = str(getattr(t, "__name__", t)).rpartition(".")[2]
    kinds = {"HalfTensor": float16, "FloatTensor": float32, "DoubleTensor": float64}
    if name not in kinds:
        raise TypeError(
            f"only floating-point types are supported as the default type, got {t!r:.60}: "
            "minitorch.FloatTensor, DoubleTensor and HalfTensor"
        )
    warn("set_default_tensor_type() is deprecated, please use set_default_dtype() and set_default_device() as alternatives")
    set_default_dtype(kinds[name])
