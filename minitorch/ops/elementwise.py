"""What all elementwise ops share: the dtype they compute in, and the error for operands that do not fit."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from minitorch.autograd.node import Op
from minitorch.autograd.recover import call_name
from minitorch.autograd.tensor_base import TensorBase
from minitorch.backend.arrays import Array, xp
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.dtypes import float16, float32, get_default_dtype, result_type

__all__ = [
    "Number", "Pointwise", "cast", "check_floating", "explain_operands", "floating", "floating_pair", "in_single", "number_of",
    "promote",
    "promote_floating",
]  # fmt: skip

Number: TypeAlias = int | float | bool
F = TypeVar("F", bound=Callable[..., Any])


_TAKES = {float: "f", int: "fiu"}  # the kinds of array whose type a Python number takes


def promote(a: Any, b: Any, wraps: bool = False) -> tuple[Any, Any]:
    """Two operands, arrays or Python numbers, in the type that PyTorch computes in (backend/dtypes.py has the rule).

    An integer that does not fit the type of an integer array is refused, or, if `wraps`, taken modulo its range.
    """
    type_a, type_b = getattr(a, "dtype", None), getattr(b, "dtype", None)
    if type_a is type_b and type_a is not None:
        return a, b
    if type_b is None and type_a is not None and type_a.kind in _TAKES.get(type(b), ""):
        if wraps and type_a.kind in "iu":
            b = _wrapped(b, type_a)
        return a, b  # NumPy treats a Python number as PyTorch does: it takes the array's type
    common = result_type(a, b)
    if wraps and type_a is None and type(a) is int and common.kind in "iu":
        a = _wrapped(a, common)
    return cast(a, common), cast(b, common)


def _wrapped(number: int, dtype: Any) -> int:
    count = 1 << 8 * dtype.itemsize
    lowest = -count // 2 if dtype.kind == "i" else 0
    if dtype.itemsize == 8 or lowest <= number < lowest + count:
        return number
    return (number - lowest) % count + lowest


def number_of(value: Number, dtype: Any, name: str = "") -> Number:
    """A number as an element of a dtype, which wraps a negative integer in uint8. Raises RuntimeError if it does not fit."""
    try:
        if dtype.kind not in "iu":
            return float(value) if dtype.kind == "f" else bool(value) if dtype.kind == "b" else value
        most, least = int(xp.iinfo(dtype).max), int(xp.iinfo(dtype).min)
        least = -most if least == 0 and isinstance(value, int) else least
        if least <= value <= most:
            return int(value) % (most + 1) if value < 0 and dtype.kind == "u" else int(value)
    except OverflowError:
        pass
    raise RuntimeError(f"{name}value cannot be converted to type {dtype} without overflow: {value!r:.40}")


def cast(value: Any, to: Any) -> Any:
    return value.astype(to, copy=False) if hasattr(value, "dtype") else to.type(value)


def floating(x: Array) -> Array:
    """Integers and booleans in the default floating type, for functions whose values are real."""
    return x if x.dtype.kind in "fc" else x.astype(get_default_dtype().numpy)


def promote_floating(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands in their common type; integers in the default floating type."""
    common = result_type(a, b)
    if common.kind not in "fc":
        common = get_default_dtype().numpy
    return cast(a, common), cast(b, common)


def in_single(function: F) -> F:
    """Compute a function of float16 tensors in float32, and round its results to float16 once.

    For functions with sums, products or powers on the way, which may overflow or lose digits where the result does not.
    """

    @functools.wraps(function)
    def compute(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if isinstance(value, TensorBase):
                if value._array.dtype.char != "e":
                    return function(*args, **kwargs)
                break
        else:  # arrays, within a derivative
            return function(*args, **kwargs)
        if any(_decides_the_dtype(value) for value in (*args, *kwargs.values())):
            return function(*args, **kwargs)
        result = function(*map(_widened, args), **{name: _widened(value) for name, value in kwargs.items()})
        if isinstance(result, tuple):  # a named one keeps its class
            return getattr(result, "_make", tuple)(map(_rounded, result))
        return _rounded(result)

    return compute  # type: ignore[return-value]


def _decides_the_dtype(value: Any) -> bool:
    """Whether an argument is a dtype, or a tensor with a wider one than float16."""
    return isinstance(value, DType) or (isinstance(value, TensorBase) and value._array.dtype.char in "fd")


def _widened(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_widened, value)) if any(isinstance(v, TensorBase) for v in value) else value
    is_half = isinstance(value, TensorBase) and value._array.dtype.char == "e"
    return value._as_tensor().to(float32) if is_half else value


def _rounded(value: Any) -> Any:
    is_single = isinstance(value, TensorBase) and value._array.dtype.char == "f"
    return value._as_tensor().to(float16) if is_single else value


def check_floating(name: str, *inputs: Any) -> None:
    """Raise NotImplementedError for an input of integers or booleans, where only real numbers make sense."""
    for x in inputs:
        if not (x.is_floating_point() or x.dtype.numpy.kind == "c"):
            raise NotImplementedError(f'"{name}" not implemented for {x.dtype!r}: .float() converts')


def floating_pair(name: str, a: Any, b: Any) -> tuple[Any, Any]:
    """Two tensors, integers in the floating type of the other one. Raises NotImplementedError if both are integers."""
    if not b.is_floating_point():
        check_floating(name, a)
        return a, b.to(a.dtype)
    return a if a.is_floating_point() else a.to(b.dtype), b


class Pointwise(Op):
    """An elementwise op. Its operands broadcast; an error says which do not."""

    symbol = ""
    takes_none = False

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        return explain_operands(call_name(cls), cls.symbol, error, [a for a in args if not (cls.takes_none and a is None)])


def explain_operands(name: str, symbol: str, error: Exception, operands: Sequence[Any]) -> Exception:
    """The exception to raise when the elementwise function `name` failed with `error`."""
    for operand in operands:
        if not hasattr(operand, "dtype") and not isinstance(operand, (int, float)):
            kind = type(operand).__name__
            types = f"for {symbol}: 'Tensor' and '{kind}'" if symbol else kind
            return TypeError(f"{name}(): unsupported operand type(s) {types}")
    if isinstance(error, OverflowError) and any(hasattr(a, "dtype") for a in operands):
        number = max((a for a in operands if not hasattr(a, "dtype")), key=abs)
        return RuntimeError(
            f"{name}(): value cannot be converted to type {result_type(*operands)} without overflow: {number!r:.40}"
        )
    shapes = [a.shape for a in operands if hasattr(a, "shape")]
    for a, b in itertools.combinations(shapes, 2):
        for i in range(1, min(len(a), len(b)) + 1):
            if a[-i] != b[-i] and 1 not in (a[-i], b[-i]):
                return RuntimeError(
                    f"The size of tensor a ({a[-i]}) must match the size of tensor b ({b[-i]}) at non-singleton "
                    f"dimension {max(len(a), len(b)) - i}: {name} cannot broadcast shapes {list(a)} and {list(b)} together"
                )
    types = ", ".join(f"'{a.dtype}'" for a in operands if hasattr(a, "dtype"))
    return RuntimeError(f'"{name}" not implemented for {types}')
