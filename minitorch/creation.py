"""Making tensors: from data, filled, and counted. Random ones are made in sampling.py."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.device import device as Device
from minitorch.backend.device import to_device
from minitorch.backend.dtypes import (
    bool_,
    dtypes,
    float16,
    float32,
    float64,
    get_default_dtype,
    int32,
    int64,
    promote_types,
    uint8,
)
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.errors import refuse_if_too_large
from minitorch.ops.filling import fill_value_of
from minitorch.ops.shape import sizes
from minitorch.public import public
from minitorch.tensor import Tensor

__all__ = [
    "BoolTensor", "ByteTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor", "arange", "as_tensor",
    "empty", "empty_like", "eye", "finfo", "from_numpy", "full", "full_like", "iinfo", "linspace", "logspace",
    "ones", "ones_like", "tensor", "zeros", "zeros_like",
]  # fmt: skip


def finish(array: Array, requires_grad: bool, device: Any = None) -> Tensor:
    out = wrap(array if device is None else to_device(array, Device(device)))
    return out.requires_grad_() if requires_grad else out


_quietly = xp.errstate(all="ignore")  # a value too large for its type becomes infinite, without a warning


def numpy_type(dtype: DType | None, default: DType | None = None) -> Any:
    if dtype is None:
        return (default or get_default_dtype()).numpy
    if not isinstance(dtype, DType):
        raise TypeError(f"dtype must be a minitorch dtype such as minitorch.float32, not {dtype!r}")
    return dtype.numpy


# ---- from data -------------------------------------------------------------------------------------------------------


@public
def tensor(data: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new leaf with a copy of `data`: numbers, nested lists of them, NumPy arrays or tensors.

    Python floats become the default floating type, ints int64, bools bool; arrays keep their type.
    Raises ValueError for lists of unequal lengths, TypeError for what holds no numbers.
    """
    return finish(_array_of(data, dtype, copy=True), requires_grad, device)


@public
def as_tensor(data: Any, dtype: DType | None = None, device: Any = None) -> Tensor:
    """`data` itself if it is a tensor of this type; around the same memory if it is such an array; else as `tensor`."""
    if isinstance(data, Tensor):
        return data.to(device, dtype)
    return finish(_array_of(data, dtype, copy=False).view(), False, device)


@public
def from_numpy(ndarray: Array) -> Tensor:
    """A tensor around a NumPy array: both have the same memory."""
    if not isinstance(ndarray, xp.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    _check_type(ndarray.dtype)
    return wrap(ndarray.view(xp.ndarray))  # of a subclass, such as a matrix, the array underneath


def _check_type(found: Any) -> None:
    if found not in dtypes:
        names = ", ".join(d.name for d in dtypes.values())
        raise TypeError(
            f"can't convert np.ndarray of type {found}. The only supported types are: {names}. array.astype(...) converts"
        )


@_quietly
def _array_of(data: Any, dtype: DType | None, copy: bool) -> Array:
    if isinstance(data, TensorBase):
        array = data._array
    elif isinstance(data, (xp.ndarray, xp.generic)):
        array = xp.asarray(data)
        _check_type(array.dtype)
    else:
        if isinstance(data, dict | set | frozenset):
            raise TypeError(
                f"tensor(): could not infer dtype of {type(data).__name__}: expected numbers or nested lists of them"
            )
        plain, kind = _plain(data, 0), None if dtype is None else numpy_type(dtype)
        try:
            array = xp.asarray(plain, kind)
        except (OverflowError, ValueError, TypeError) as error:
            raise RuntimeError(f"tensor(): a value cannot be converted to type {dtype!r} without overflow: {error}") from None
        if dtype is None and array.dtype.kind in "fOu" and _beyond_int64(data):
            raise RuntimeError("tensor(): Overflow: int64 holds -2^63 to 2^63 - 1, and as floats the numbers would fit")
        if dtype is None and (array.dtype.kind == "f" or array.size == 0):
            array = array.astype(_common_type(data))
    if dtype is None:
        _check_type(array.dtype)
    if not isinstance(array, xp.ndarray):
        return array.astype(numpy_type(dtype, dtypes[array.dtype]))
    return xp.array(array, dtype=numpy_type(dtype, dtypes.get(array.dtype)), copy=True if copy else None)


def _beyond_int64(data: Any) -> bool:
    """Whether of whole numbers alone some do not fit int64."""
    leaves = list(_leaves(data))
    return all(type(d) in (int, bool) for d in leaves) and not all(-(2**63) <= d < 2**63 for d in leaves)


def _plain(data: Any, depth: int) -> Any:
    """Nested lists of numbers, checked for equal lengths; tensors and arrays within them stay arrays."""
    if depth > 64:
        raise ValueError(
            f"too many dimensions {type(data).__name__!r}: lists nested more than 64 deep, or one that holds itself"
        )
    if isinstance(data, (int, float)):
        return data
    if isinstance(data, TensorBase):
        return data._array
    if hasattr(data, "__array__"):
        _check_type(xp.asarray(data).dtype)
        return xp.asarray(data)
    if isinstance(data, (str, bytes)) or not hasattr(data, "__len__"):
        what = "invalid data type" if isinstance(data, (str, bytes)) else "could not infer dtype of"
        raise TypeError(f"tensor(): {what} {type(data).__name__!r}: expected numbers or nested lists of them")
    parts = [_plain(part, depth + 1) for part in data]
    shapes = [_shape(part) for part in parts]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            expected = shapes[0][0] if shapes[0] else "a number"
            raise ValueError(
                f"expected sequence of length {expected} at dim 1 (got {shape[0] if shape else 'a number'}): element {i} of "
                f"the list has shape {list(shape)}, element 0 has {list(shapes[0])}"
            )
    return parts


def _shape(part: Any) -> tuple[int, ...]:
    if isinstance(part, list):
        return (len(part), *(_shape(part[0]) if part else ()))
    return tuple(getattr(part, "shape", ()))


def _common_type(data: Any) -> Any:
    """The type of nested data with floats in it: Python's floats count as the default type, tensors as their own."""
    found = [d for d in _leaves(data) if isinstance(d, TensorBase) or hasattr(d, "dtype")]
    types = {dtypes[getattr(d, "_array", d).dtype] for d in found}
    if len(found) == 0 or any(isinstance(d, float) for d in _leaves(data)):
        types.add(get_default_dtype())
    return functools.reduce(promote_types, types).numpy


def _leaves(data: Any) -> Iterator[Any]:
    if isinstance(data, (list, tuple)):
        for part in data:
            yield from _leaves(part)
    else:
        yield data


# ---- filled ----------------------------------------------------------------------------------------------------------


@_quietly
@public
def full(size: Any, fill_value: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """`fill_value` everywhere, of the type that the value suggests (a float: the default one) unless given."""
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
    kind = numpy_type(dtype, dtypes[_array_of(fill_value, None, True).dtype])
    shape = checked_shape(sizes((size,), "full"), "full", kind)
    return finish(xp.full(shape, fill_value_of("full", fill_value, kind), kind), requires_grad, device)


@public
def zeros(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros."""
    kind = numpy_type(dtype)
    return finish(xp.zeros(shape_of(size, "zeros", kind), kind), requires_grad, device)


@public
def ones(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones."""
    kind = numpy_type(dtype)
    return finish(xp.ones(shape_of(size, "ones", kind), kind), requires_grad, device)


@public
def empty(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Whatever the memory held."""
    kind = numpy_type(dtype)
    return finish(xp.empty(shape_of(size, "empty", kind), kind), requires_grad, device)


def shape_of(size: tuple[Any, ...], name: str, kind: Any) -> tuple[int, ...]:
    if not size:
        raise TypeError(f"{name}() needs a size: {name}(2, 3), or {name}(()) for a single number")
    return checked_shape(sizes(size, name), name, kind)


def checked_shape(shape: tuple[int, ...], name: str, kind: Any) -> tuple[int, ...]:
    for n in shape:
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(shape)}")
    refuse_if_too_large(name, shape, kind.itemsize)
    return shape


@_quietly
@public
def full_like(
    input: Tensor, fill_value: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`fill_value` everywhere, in the shape and type of `input`."""
    kind = numpy_type(dtype, input.dtype)
    value = fill_value_of("full_like", fill_value, kind)
    return finish(xp.full_like(input._array, value, dtype=kind), requires_grad, device)


@public
def zeros_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and type of `input`."""
    return full_like(input, 0, dtype=dtype, device=device, requires_grad=requires_grad)


@public
def ones_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape and type of `input`."""
    return full_like(input, 1, dtype=dtype, device=device, requires_grad=requires_grad)


@public
def empty_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Whatever the memory held, in the shape and type of `input`."""
    return finish(xp.empty_like(input._array, dtype=numpy_type(dtype, input.dtype)), requires_grad, device)


@public
def eye(n: int, m: int | None = None, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """The identity matrix, (n, n) or (n, m)."""
    kind = numpy_type(dtype)
    shape = checked_shape(sizes((n, n if m is None else m), "eye"), "eye", kind)
    return finish(xp.eye(*shape, dtype=kind), requires_grad, device)


# ---- counted ---------------------------------------------------------------------------------------------------------


@public
def arange(*bounds: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """arange(end), arange(start, end), arange(start, end, step): start, start + step, ... as long as below end.

    Integers give int64, a float anywhere the default floating type.
    """
    if not 1 <= len(bounds) <= 3:
        raise TypeError(f"arange() takes end, or start, end and perhaps step; got {len(bounds)} arguments")
    bounds = tuple(b.item() if hasattr(b, "item") else b for b in bounds)
    for b in bounds:
        if not isinstance(b, (int, float)):
            raise TypeError(f"arange() takes numbers, not {type(b).__name__}")
        if not math.isfinite(b):
            raise RuntimeError(f"unsupported range: {' -> '.join(map(str, bounds))}, where arange() needs finite numbers")
    start, end, step = (0, *bounds, 1)[:3] if len(bounds) == 1 else (*bounds, 1)[:3]
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: start={start}, end={end}, step={step}")
    whole = all(isinstance(b, int) for b in bounds)
    kind = numpy_type(dtype, int64 if whole else None)
    if whole:
        count = -((start - end) // step)
    else:
        length = (end - start) / step
        count = math.ceil(length) if math.isfinite(length) else 2**64
    checked_shape((count,), "arange", kind)
    if whole and kind.kind != "f":
        if count:
            ends = (start, start + (count - 1) * step)
            check_range("arange", min(ends), max(ends), dtype)
        return finish(xp.arange(start, end, step).astype(kind), requires_grad, device)
    values = start + xp.arange(count, dtype=xp.float64) * step
    return finish(values.astype(kind), requires_grad, device)


@_quietly
@public
def linspace(
    start: float, end: float, steps: int, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` values from start to end, both included."""
    kind, steps = numpy_type(dtype), _steps("linspace", steps, numpy_type(dtype))
    return finish(xp.linspace(_number("linspace", start), _number("linspace", end), steps).astype(kind), requires_grad, device)


def _steps(name: str, steps: Any, kind: Any) -> int:
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise TypeError(f"{name}(): argument 'steps' must be int, not {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    return checked_shape((int(steps),), name, kind)[0]


def _number(name: str, value: Any) -> float:
    value = value.item() if hasattr(value, "item") else value
    if not isinstance(value, (int, float)):
        raise TypeError(f"{name}() takes numbers, not {type(value).__name__}")
    return float(value)


@_quietly
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
    """base to the power of `steps` values from start to end."""
    kind, steps = numpy_type(dtype), _steps("logspace", steps, numpy_type(dtype))
    exponents = xp.linspace(_number("logspace", start), _number("logspace", end), steps)
    return finish((_number("logspace", base) ** exponents).astype(kind), requires_grad, device)


def check_range(name: str, low: int, high: int, dtype: DType | None) -> None:
    """Raise RuntimeError unless every integer of a range has a place in the type."""
    kind = numpy_type(dtype, int64)
    if kind.kind == "u":  # negative numbers wrap around, as in PyTorch
        least, most = -int(xp.iinfo(kind).max), int(xp.iinfo(kind).max)
    elif kind.kind == "f":
        least, most = -(2 ** (xp.finfo(kind).nmant + 1)), 2 ** (xp.finfo(kind).nmant + 1)
    else:
        least, most = (0, 1) if kind.kind == "b" else (int(xp.iinfo(kind).min), int(xp.iinfo(kind).max))
    if low < least or high > most:
        raise RuntimeError(f"{name}: the integers from {low} to {high} do not all fit {kind}, which holds {least} to {most}")


# ---- types -----------------------------------------------------------------------------------------------------------


class finfo:
    """The limits of a floating type: .eps, .min, .max, .tiny, .smallest_normal, .resolution, .bits."""

    def __init__(self, type: DType | None = None) -> None:
        if type is not None and not (isinstance(type, DType) and type.is_floating_point):
            raise TypeError(f"finfo() needs a floating point type, not {type!r}; iinfo() is for integers")
        found = xp.finfo(numpy_type(type))
        self.bits, self.dtype = found.bits, str(found.dtype)
        self.eps, self.min, self.max, self.resolution = map(float, (found.eps, found.min, found.max, found.resolution))
        self.tiny = self.smallest_normal = float(found.tiny)

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{name}={getattr(self, name):g}' for name in names)}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer type: .min, .max, .bits."""

    def __init__(self, type: DType) -> None:
        if not isinstance(type, DType) or type.numpy.kind not in "iu":
            raise TypeError(f"iinfo() needs an integer type, not {type!r}; finfo() is for floating point")
        found = xp.iinfo(type.numpy)
        self.bits, self.min, self.max, self.dtype = found.bits, int(found.min), int(found.max), str(found.dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def _typed(name: str, kind: DType) -> Any:
    @_quietly
    def construct(*data: Any) -> Tensor:
        if len(data) != 1 or isinstance(data[0], int):
            return empty(data or (0,), dtype=kind)
        return tensor(data[0], dtype=kind)

    construct.__name__ = construct.__qualname__ = name
    construct.__doc__ = f"A tensor of dtype {kind!r}, from data or sizes."
    return public(construct)


HalfTensor, FloatTensor, DoubleTensor = (
    _typed("HalfTensor", float16),
    _typed("FloatTensor", float32),
    _typed("DoubleTensor", float64),
)
ByteTensor, BoolTensor, LongTensor = _typed("ByteTensor", uint8), _typed("BoolTensor", bool_), _typed("LongTensor", int64)
IntTensor = _typed("IntTensor", int32)
