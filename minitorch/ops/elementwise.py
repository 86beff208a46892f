"""What all elementwise ops share: the type they compute in, and what they say when operands do not fit."""

from __future__ import annotations

from typing import Any, TypeAlias

from minitorch.autograd.function import Op
from minitorch.backend.arrays import Array
from minitorch.backend.dtypes import get_default_dtype, result_type

__all__ = ["Number", "Pointwise", "cast", "check_floating", "floating", "promote"]

Number: TypeAlias = int | float | bool


_TAKES = {float: "f", int: "fiu"}  # the kinds of array whose type a Python number takes


def promote(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands, arrays or Python numbers, in the type that PyTorch computes in (backend/dtypes.py has the rule)."""
    type_a, type_b = getattr(a, "dtype", None), getattr(b, "dtype", None)
    if type_a is type_b and type_a is not None:
        return a, b
    if type_b is None and type_a is not None and type_a.kind in _TAKES.get(type(b), ""):
        return a, b  # NumPy treats a Python number as PyTorch does: it takes the array's type
    common = result_type(a, b)
    return cast(a, common), cast(b, common)


def cast(value: Any, to: Any) -> Any:
    return value.astype(to, copy=False) if hasattr(value, "dtype") else to.type(value)


def floating(x: Array) -> Array:
    """Integers and booleans in the default floating type, for functions whose values are real."""
    return x if x.dtype.kind in "fc" else x.astype(get_default_dtype().numpy)


def check_floating(name: str, *inputs: Any) -> None:
    """Raise NotImplementedError for an input of integers or booleans, where only real numbers make sense."""
    for x in inputs:
        if not (x.is_floating_point() or x.dtype.numpy.kind == "c"):
            raise NotImplementedError(f'"{name}" not implemented for {x.dtype!r}: .float() converts')


class Pointwise(Op):
    """What elementwise ops have in common: what to say when operands do not fit."""

    symbol = ""
    takes_none = False

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        for arg in args:
            if not hasattr(arg, "dtype") and not isinstance(arg, (int, float)) and not (cls.takes_none and arg is None):
                operand = f"for {cls.symbol}: 'Tensor' and '{type(arg).__name__}'" if cls.symbol else type(arg).__name__
                return TypeError(f"{cls._op()}(): unsupported operand type(s) {operand}")
        if isinstance(error, OverflowError):
            held = next(a.dtype for a in args if hasattr(a, "dtype"))
            numbers = [a for a in args if not hasattr(a, "dtype")]
            return RuntimeError(f"{cls._op()}(): value cannot be converted to type {held} without overflow: {numbers[0]!r:.40}")
        shapes = [a.shape for a in args if hasattr(a, "shape")]
        for a in shapes:
            for b in shapes:
                for i in range(1, min(len(a), len(b)) + 1):
                    if a[-i] != b[-i] and 1 not in (a[-i], b[-i]):
                        return RuntimeError(
                            f"The size of tensor a ({a[-i]}) must match the size of tensor b ({b[-i]}) at non-singleton "
                            f"dimension {max(len(a), len(b)) - i}: {cls._op()} cannot broadcast shapes {list(a)} and "
                            f"{list(b)} together"
                        )
        types = ", ".join(f"'{a.dtype}'" for a in args if hasattr(a, "dtype"))
        return RuntimeError(f'"{cls._op()}" not implemented for {types}')
