"""Element types under PyTorch's names, and the type that an operation on several of them has."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "bool_", "dtype", "dtypes", "float16", "float32", "float64", "get_default_dtype", "int8", "int16", "int32", "int64",
    "promote_types", "python_types", "result_type", "set_default_dtype", "uint8",
]  # fmt: skip

NumpyDtype = np.dtype[Any]


class dtype:
    """An element type. There is one object of each, so `x.dtype is minitorch.float32` works.

    >>> x = minitorch.tensor([1.0])
    >>> x.dtype
    minitorch.float32
    >>> x.dtype.is_floating_point, x.dtype.itemsize
    (True, 4)
    """

    __slots__ = ("name", "numpy")

    name: str
    numpy: NumpyDtype

    def __new__(cls, name: str) -> dtype:
        """Raises TypeError for a program that would make one: `minitorch.float32` and the others are all there are."""
        raise TypeError(f"cannot create 'dtype' instances: write minitorch.float32 or another name, not dtype({name!r})")

    @classmethod
    def _of(cls, name: str) -> dtype:
        self = object.__new__(cls)
        self.name, self.numpy = name, np.dtype(name)
        return self

    def __repr__(self) -> str:
        return f"minitorch.{self.name}"

    def __reduce__(self) -> Any:
        return _by_name, (self.name,)

    @property
    def is_floating_point(self) -> bool:
        """Whether its elements are floating-point numbers."""
        return self.numpy.kind == "f"

    @property
    def itemsize(self) -> int:
        """Bytes an element."""
        return self.numpy.itemsize


float16, float32, float64 = map(dtype._of, ("float16", "float32", "float64"))
int8, int16, int32, int64 = map(dtype._of, ("int8", "int16", "int32", "int64"))
uint8, bool_ = dtype._of("uint8"), dtype._of("bool")


class _Types(dict[NumpyDtype, dtype]):
    """From NumPy's types to ours. Complex numbers are none of them, but pass through while gradcheck takes a complex step."""

    def __missing__(self, key: NumpyDtype) -> dtype:
        if key != _complex.numpy:
            raise KeyError(key)
        return _complex


_complex = dtype._of("complex128")
dtypes = _Types({d.numpy: d for d in (float16, float32, float64, int8, int16, int32, int64, uint8, bool_)})

python_types = {int: int64, float: float64, bool: bool_}  # Python's types, which stand for the widest of theirs


def _by_name(name: str) -> dtype:
    return dtypes[np.dtype(name)]


_default = float32


def get_default_dtype() -> dtype:
    """The floating type of new tensors and of integer division: float32 unless set otherwise.

    >>> minitorch.get_default_dtype()
    minitorch.float32
    """
    return _default


def set_default_dtype(d: dtype) -> None:
    """Make `d` (float16, float32 or float64) the default floating type. Raises TypeError for another.

    >>> minitorch.set_default_dtype(minitorch.float64)
    >>> minitorch.tensor([1.5]).dtype
    minitorch.float64
    >>> minitorch.set_default_dtype(minitorch.float32)
    """
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default = d


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest type that holds both. An integer beside a float takes the float's type, whatever the widths.

    >>> minitorch.promote_types(minitorch.int64, minitorch.float16)
    minitorch.float16
    >>> minitorch.promote_types(minitorch.uint8, minitorch.int8)
    minitorch.int16
    """
    for value in (type1, type2):
        if not isinstance(value, dtype):
            raise TypeError(f"promote_types() takes two dtypes, not {type(value).__name__}: {value!r}")
    return dtypes[_promote(type1.numpy, type2.numpy)]


def _promote(a: NumpyDtype, b: NumpyDtype) -> NumpyDtype:
    if a.kind != b.kind and "f" in (a.kind, b.kind) and "c" not in (a.kind, b.kind):
        return a if a.kind == "f" else b
    return np.promote_types(a, b)


def result_type(*values: Any) -> NumpyDtype:
    """The type of an elementwise operation on arrays and Python scalars.

    Arrays with dimensions decide. A 0-d array, and after it a Python scalar, counts only when it is of a higher
    category (bool < integer < float): an int64 array times 1.5 is of the default floating type, a float32 array
    times a 0-d float64 array stays float32.
    """
    result: NumpyDtype | None = None
    for group in _by_priority(values):
        if result is None:
            result = group
        elif group is not None and result.kind != "f" and (result.kind == "b" or group.kind == "f"):
            result = _promote(result, group)
    assert result is not None
    return result


def _by_priority(values: tuple[Any, ...]) -> list[NumpyDtype | None]:
    groups: list[NumpyDtype | None] = [None, None, None]  # arrays, 0-d arrays, Python scalars
    for value in values:
        if hasattr(value, "dtype"):
            rank, kind = (0 if value.ndim else 1), value.dtype
        else:
            rank, kind = 2, _scalar_type(value)
        current = groups[rank]
        groups[rank] = kind if current is None else _promote(current, kind)
    return groups


def _scalar_type(value: Any) -> NumpyDtype:
    if isinstance(value, bool):
        return bool_.numpy
    if isinstance(value, int):
        return int64.numpy
    if isinstance(value, float):
        return _default.numpy
    raise TypeError(f"expected a Tensor or a number, got {type(value).__name__}")
