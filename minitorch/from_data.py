"""Tensors from data: nested lists of numbers, NumPy arrays, arrays of other libraries. creation.py has those of a shape."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.callsite import warn
from minitorch.backend.device import device as Device
from minitorch.backend.device import get_default_device, gpu_library, to_device
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.dtypes import dtypes, get_default_dtype, promote_types, python_types
from minitorch.public import public
from minitorch.tensor import Tensor

__all__ = ["as_tensor", "asarray", "from_dlpack", "from_numpy", "tensor"]


def to_leaf(array: Array, requires_grad: bool, device: Any = None) -> Tensor:
    if device is None and get_default_device().type == "cpu":
        out = wrap(array)  # a copy of a tensor stays where that is
    else:
        out = wrap(to_device(array, Device(get_default_device() if device is None else device)))
    return out.requires_grad_() if requires_grad else out


ignore_overflow = xp.errstate(all="ignore")  # a value too large for the dtype becomes inf, without a warning


def numpy_dtype(dtype: DType | None, default: DType | None = None) -> Any:
    if dtype is None:
        return (default or get_default_dtype()).numpy
    if not isinstance(dtype, DType):
        if isinstance(dtype, type) and dtype in python_types:
            return python_types[dtype].numpy
        raise TypeError(f"dtype must be a minitorch dtype such as minitorch.float32, not {dtype!r}")
    return dtype.numpy


@public
def tensor(data: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new leaf with a copy of `data`: numbers, nested lists of numbers, NumPy arrays or tensors.

    Python floats get the default dtype, ints int64, bools bool; arrays keep their dtype. Warns where a gradient is lost.
    Raises ValueError for lists of unequal lengths, TypeError for data without numbers.

    >>> minitorch.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    >>> minitorch.tensor([1, 2], dtype=minitorch.float64)
    tensor([1., 2.], dtype=minitorch.float64)
    >>> minitorch.tensor([1.0, 2.0], requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    """
    if any(part.requires_grad for part in (data if isinstance(data, (list, tuple)) else (data,)) if isinstance(part, Tensor)):
        warn(
            "To copy construct from a tensor, it is recommended to use source.clone(), or minitorch.stack() of several: the "
            "new tensor is a leaf, and no gradient goes from it to its source. (source.detach() says that this is meant.)"
        )
    return to_leaf(array_of(data, dtype, copy=True), requires_grad, device)


@public
def as_tensor(data: Any, dtype: DType | None = None, device: Any = None) -> Tensor:
    """`data` itself if it is a tensor of this dtype; a tensor that shares memory with such an array; else as `tensor`.

    >>> import numpy
    >>> array = numpy.array([1, 2])
    >>> x = minitorch.as_tensor(array)
    >>> array[0] = 9
    >>> x
    tensor([9, 2])
    """
    if isinstance(data, Tensor):
        return data.to(device, dtype)
    return to_leaf(array_of(data, dtype, copy=False).view(), False, device)


@public
def asarray(
    obj: Any, *, dtype: DType | None = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None
) -> Tensor:
    """As `as_tensor`; with `copy` always a copy. Raises ValueError if `copy` is False and one is needed.

    >>> minitorch.asarray([1, 2], dtype=minitorch.float32)
    tensor([1., 2.])
    """
    out = as_tensor(obj, dtype, device)
    given = getattr(obj, "_array", obj)
    if copy is False and not (isinstance(given, xp.ndarray) and (out is obj or xp.may_share_memory(out._array, given))):
        raise ValueError(f"asarray(): can't alias {type(obj).__name__} without a copy, and copy is False")
    if copy and (out is obj or isinstance(given, xp.ndarray)):
        out = out.clone()
    return out.requires_grad_() if requires_grad else out


@public
def from_numpy(ndarray: Array) -> Tensor:
    """A tensor that shares memory with a NumPy array. Raises TypeError for anything else.

    >>> import numpy
    >>> array = numpy.zeros(2)
    >>> x = minitorch.from_numpy(array)
    >>> array[0] = 9
    >>> x
    tensor([9., 0.], dtype=minitorch.float64)
    """
    if not isinstance(ndarray, xp.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    _check_dtype(ndarray.dtype)
    return wrap(ndarray.view(xp.ndarray))  # a subclass, such as matrix, becomes a plain array


class _Capsule:
    """What x.__dlpack__() returned, for NumPy's from_dlpack, which takes what has the method."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class _Writable:
    """The memory of an array that NumPy made read-only because the first version of the protocol does not say."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.__array_interface__["data"][0], False)}


@public
def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares memory with an array of another library, on the CPU or a GPU: one of NumPy, PyTorch, CuPy, JAX ...

    `ext_tensor` has the methods of the DLPack protocol, or is a capsule that `__dlpack__` returned. With `copy`, or for
    another `device`, it is a copy; with copy=False that raises an error. Raises RuntimeError for anything else.

    >>> import numpy
    >>> array = numpy.zeros(2)
    >>> x = minitorch.from_dlpack(array)
    >>> array[0] = 9
    >>> x
    tensor([9., 0.], dtype=minitorch.float64)
    """
    says_nothing = False
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor, says_nothing = _Capsule(ext_tensor), '"dltensor"' in repr(ext_tensor)
    if not hasattr(ext_tensor, "__dlpack__") or not hasattr(ext_tensor, "__dlpack_device__"):
        raise RuntimeError(
            f"from_dlpack received an invalid capsule: {type(ext_tensor).__name__} has no __dlpack__ and no __dlpack_device__; "
            "minitorch.tensor() copies lists and numbers"
        )
    on_gpu = ext_tensor.__dlpack_device__()[0] == 2
    array = gpu_library().from_dlpack(ext_tensor) if on_gpu else xp.from_dlpack(ext_tensor)
    _check_dtype(array.dtype)
    shared = wrap(xp.asarray(_Writable(array)) if says_nothing else array)
    out = shared if device is None else shared.to(device)
    if copy is False and out is not shared:
        raise ValueError(f"from_dlpack(): a tensor on {shared.device} cannot be on {out.device} without a copy: leave copy out")
    return out.clone() if copy and out is shared else out


def _check_dtype(np_dtype: Any) -> None:
    if np_dtype not in dtypes:
        names = ", ".join(d.name for d in dtypes.values())
        raise TypeError(
            f"can't convert np.ndarray of type {np_dtype}. The only supported types are: {names}. Use array.astype(...)"
        )


# ---- the array of nested data ------------------------------------------------------------------------------------


@ignore_overflow
def array_of(data: Any, dtype: DType | None, copy: bool) -> Array:
    if isinstance(data, TensorBase):
        array = data._array
    elif isinstance(data, (xp.ndarray, xp.generic)):
        array = xp.asarray(data)
        _check_dtype(array.dtype)
    else:
        lists, np_dtype = _nested_lists(data, 0), None if dtype is None else numpy_dtype(dtype)
        try:
            array = _from_lists(lists, np_dtype)
        except (OverflowError, ValueError, TypeError) as error:
            raise RuntimeError(f"tensor(): a value cannot be converted to type {dtype!r} without overflow: {error}") from None
        if dtype is None and array.dtype.kind in "fOu" and _overflows_int64(data):
            raise ValueError("tensor(): Overflow: int64 holds -2^63 to 2^63 - 1. Use dtype=float64 for larger numbers")
        if dtype is None and array.dtype.kind == "O":
            array = _as_floats(array)
        if dtype is None and (array.dtype.kind == "f" or array.size == 0):
            array = array.astype(_inferred_dtype(data))
    if dtype is None:
        _check_dtype(array.dtype)
    if not isinstance(array, xp.ndarray):
        return array.astype(numpy_dtype(dtype, dtypes[array.dtype]))
    return xp.array(array, dtype=numpy_dtype(dtype, dtypes.get(array.dtype)), copy=True if copy else None)


def _from_lists(lists: Any, dtype: Any) -> Array:
    """An array of numbers. In uint8 a negative one counts from the end, -1 as 255, as in PyTorch."""
    try:
        return xp.asarray(lists, dtype)
    except OverflowError:
        wide = xp.asarray(lists)
        if dtype != xp.uint8 or wide.dtype.kind != "i" or wide.min() < -255 or wide.max() > 255:
            raise
        return wide.astype(dtype)


def _as_floats(array: Array) -> Array:
    """Python numbers, floats and integers beyond int64 together, as float64."""
    try:
        return array.astype(xp.float64) if all(isinstance(value, (int, float)) for value in array.flat) else array
    except OverflowError:
        raise RuntimeError("tensor(): Overflow: an integer is beyond the largest float, 1.8e308") from None


def _overflows_int64(data: Any) -> bool:
    """Whether all elements are Python ints, and at least one does not fit int64."""
    elements = list(_elements(data))
    return all(type(d) in (int, bool) for d in elements) and not all(-(2**63) <= d < 2**63 for d in elements)


def _nested_lists(data: Any, depth: int) -> Any:
    """Nested lists of numbers, checked for equal lengths. Tensors become arrays, arrays stay arrays."""
    if depth > 64:
        raise ValueError(
            f"too many dimensions {type(data).__name__!r}: lists are nested more than 64 deep, or a list contains itself"
        )
    if isinstance(data, (int, float)):
        return data
    if isinstance(data, TensorBase) and depth:
        if data._array.size != 1:
            raise ValueError(
                f"only one element tensors can be converted to Python scalars, and one in the list has shape "
                f"{list(data._array.shape)}: minitorch.stack(list) joins tensors"
            )
        return data._array.reshape(())
    if isinstance(data, TensorBase):
        return data._array
    if hasattr(data, "__array__"):
        _check_dtype(xp.asarray(data).dtype)
        return xp.asarray(data)
    if isinstance(data, (str, bytes, dict, set, frozenset)) or not hasattr(data, "__len__"):
        if isinstance(data, (str, bytes)):
            raise TypeError(f"tensor(): invalid data type {type(data).__name__!r}: expected numbers or nested lists of them")
        raise RuntimeError(
            f"tensor(): could not infer dtype of {type(data).__name__}: expected numbers or nested lists of them"
        )
    parts = [_nested_lists(part, depth + 1) for part in data]
    shapes = [_nested_shape(part) for part in parts]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            expected = shapes[0][0] if shapes[0] else "a number"
            raise ValueError(
                f"expected sequence of length {expected} at dim 1 (got {shape[0] if shape else 'a number'}): element {i} of "
                f"the list has shape {list(shape)}, element 0 has {list(shapes[0])}"
            )
    return parts


def _nested_shape(part: Any) -> tuple[int, ...]:
    if isinstance(part, list):
        return (len(part), *(_nested_shape(part[0]) if part else ()))
    return tuple(getattr(part, "shape", ()))


def _inferred_dtype(data: Any) -> Any:
    """The dtype of nested data that contains floats: Python floats have the default dtype, tensors their own."""
    typed = [d for d in _elements(data) if isinstance(d, TensorBase) or hasattr(d, "dtype")]
    types = {dtypes[getattr(d, "_array", d).dtype] for d in typed}
    if not typed or any(isinstance(d, float) for d in _elements(data)):
        types.add(get_default_dtype())
    return functools.reduce(promote_types, types).numpy


def _elements(data: Any) -> Iterator[Any]:
    if isinstance(data, (list, tuple)):
        for part in data:
            yield from _elements(part)
    else:
        yield data
