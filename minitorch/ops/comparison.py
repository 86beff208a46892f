"""Comparisons and logic, element by element: true or false, nothing to differentiate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.autograd.tensor_base import TensorBase
from minitorch.backend.arrays import Array, xp
from minitorch.ops.elementwise import Number, Pointwise, explain_operands, promote

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Compare(Pointwise):
    """A NumPy function of one or two operands whose result is a mask, or integers. Without gradient."""

    def forward(ctx, function: Any, *operands: Any) -> Array:
        return function(*(operands if len(operands) == 1 else promote(*operands)))

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        function, *operands = args
        name = function.__name__
        is_float = any(isinstance(x, float) or getattr(x, "dtype", xp.dtype(bool)).kind == "f" for x in operands)
        if is_float and name.startswith(("bitwise", "invert", "left", "right")):
            return NotImplementedError(f"{name} is for masks and integers, and was given floating-point numbers")
        return explain_operands(name, "", error, operands)


# ---- the functions, by PyTorch's names --------------------------------------------------------------------------


def signbit(input: Tensor) -> Tensor:
    """Where input is negative; -0.0 is, too.

    >>> minitorch.signbit(minitorch.tensor([-3.0, -0.0, 0.0]))
    tensor([ True,  True, False])
    """
    return Compare.apply(xp.signbit, input)


def eq(input: Tensor, other: Tensor | Number) -> Tensor:
    """input == other, element by element: a mask, without gradient.

    >>> minitorch.eq(minitorch.tensor([1, 2, 3]), minitorch.tensor([1, 5, 3]))
    tensor([ True, False,  True])
    """
    return Compare.apply(xp.equal, input, other)


def ne(input: Tensor, other: Tensor | Number) -> Tensor:
    """input != other, element by element: a mask, without gradient.

    >>> minitorch.ne(minitorch.tensor([1, 2, 3]), minitorch.tensor([1, 5, 3]))
    tensor([False,  True, False])
    """
    return Compare.apply(xp.not_equal, input, other)


def lt(input: Tensor, other: Tensor | Number) -> Tensor:
    """input < other, element by element: a mask, without gradient.

    >>> minitorch.lt(minitorch.tensor([1, 2, 3]), 2)
    tensor([ True, False, False])
    """
    return Compare.apply(xp.less, input, other)


def le(input: Tensor, other: Tensor | Number) -> Tensor:
    """input <= other, element by element: a mask, without gradient.

    >>> minitorch.le(minitorch.tensor([1, 2, 3]), 2)
    tensor([ True,  True, False])
    """
    return Compare.apply(xp.less_equal, input, other)


def gt(input: Tensor, other: Tensor | Number) -> Tensor:
    """input > other, element by element: a mask, without gradient.

    >>> minitorch.gt(minitorch.tensor([1, 2, 3]), 2)
    tensor([False, False,  True])
    """
    return Compare.apply(xp.greater, input, other)


def ge(input: Tensor, other: Tensor | Number) -> Tensor:
    """input >= other, element by element: a mask, without gradient.

    >>> minitorch.ge(minitorch.tensor([1, 2, 3]), 2)
    tensor([False,  True,  True])
    """
    return Compare.apply(xp.greater_equal, input, other)


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """True where both are nonzero.

    >>> minitorch.logical_and(minitorch.tensor([0, 1, 2]), minitorch.tensor([1, 1, 0]))
    tensor([False,  True, False])
    """
    return Compare.apply(xp.logical_and, input, other)


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """True where either is nonzero.

    >>> minitorch.logical_or(minitorch.tensor([0, 1, 0]), minitorch.tensor([1, 1, 0]))
    tensor([ True,  True, False])
    """
    return Compare.apply(xp.logical_or, input, other)


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """True where exactly one is nonzero.

    >>> minitorch.logical_xor(minitorch.tensor([0, 1, 0]), minitorch.tensor([1, 1, 0]))
    tensor([ True, False, False])
    """
    return Compare.apply(xp.logical_xor, input, other)


def logical_not(input: Tensor) -> Tensor:
    """True where input is zero.

    >>> minitorch.logical_not(minitorch.tensor([0.0, 0.5]))
    tensor([ True, False])
    """
    return Compare.apply(xp.logical_not, input)


def bitwise_and(input: Tensor, other: Tensor | int) -> Tensor:
    """input & other, of masks or integers. Raises NotImplementedError for floating types.

    >>> minitorch.bitwise_and(minitorch.tensor([5, 6]), 3)  # 101 & 011, 110 & 011
    tensor([1, 2])
    """
    return Compare.apply(xp.bitwise_and, input, other)


def bitwise_or(input: Tensor, other: Tensor | int) -> Tensor:
    """input | other, of masks or integers. Raises NotImplementedError for floating types.

    >>> minitorch.bitwise_or(minitorch.tensor([5, 6]), 3)  # 101 | 011, 110 | 011
    tensor([7, 7])
    """
    return Compare.apply(xp.bitwise_or, input, other)


def bitwise_xor(input: Tensor, other: Tensor | int) -> Tensor:
    """input ^ other, of masks or integers. Raises NotImplementedError for floating types.

    >>> minitorch.bitwise_xor(minitorch.tensor([5, 6]), 3)  # 101 ^ 011, 110 ^ 011
    tensor([6, 5])
    """
    return Compare.apply(xp.bitwise_xor, input, other)


def bitwise_left_shift(input: Tensor | int, other: Tensor | int) -> Tensor:
    """input << other: the bits of integers moved to the left, which doubles as often as other says.

    >>> minitorch.bitwise_left_shift(minitorch.tensor([1, 3]), 2)
    tensor([ 4, 12])
    """
    return _shift(xp.left_shift, input, other)


def bitwise_right_shift(input: Tensor | int, other: Tensor | int) -> Tensor:
    """input >> other: the bits of integers moved to the right, which halves, rounding down, as often as other says.

    >>> minitorch.bitwise_right_shift(minitorch.tensor([12, 7]), 2)
    tensor([3, 1])
    """
    return _shift(xp.right_shift, input, other)


def _shift(function: Any, a: Any, b: Any) -> Tensor:
    kinds = [x._array.dtype.name if isinstance(x, TensorBase) else type(x).__name__ for x in (a, b)]
    if kinds == ["bool", "bool"] or not (isinstance(a, TensorBase) or isinstance(b, TensorBase)):
        raise NotImplementedError(f"{function.__name__} is for tensors of integers, and was given {kinds[0]} and {kinds[1]}")
    return Compare.apply(function, a, b)


def bitwise_not(input: Tensor) -> Tensor:
    """~input, of masks or integers: all bits exchanged, which for integers is -input - 1.

    >>> minitorch.bitwise_not(minitorch.tensor([0, 5]))
    tensor([-1, -6])
    >>> minitorch.bitwise_not(minitorch.tensor([True, False]))
    tensor([False,  True])
    """
    return Compare.apply(xp.invert, input)


def equal_or_nan(a: Any, b: Any) -> Any:
    """Where a equals b, or both are nan: for arrays and Tensors."""
    return (a == b) | ((a != a) & (b != b))


def isnan(input: Tensor) -> Tensor:
    """Where input is nan.

    >>> minitorch.isnan(minitorch.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """
    return Compare.apply(xp.isnan, input)


def isinf(input: Tensor) -> Tensor:
    """Where input is infinite, of either sign.

    >>> minitorch.isinf(minitorch.tensor([1.0, float("-inf")]))
    tensor([False,  True])
    """
    return Compare.apply(xp.isinf, input)


def isposinf(input: Tensor) -> Tensor:
    """Where input is inf.

    >>> minitorch.isposinf(minitorch.tensor([float("inf"), float("-inf")]))
    tensor([ True, False])
    """
    return eq(input, float("inf"))


def isneginf(input: Tensor) -> Tensor:
    """Where input is -inf.

    >>> minitorch.isneginf(minitorch.tensor([float("inf"), float("-inf")]))
    tensor([False,  True])
    """
    return eq(input, float("-inf"))


def isfinite(input: Tensor) -> Tensor:
    """Where input is neither infinite nor nan.

    >>> minitorch.isfinite(minitorch.tensor([1.0, float("inf"), float("nan")]))
    tensor([ True, False, False])
    """
    return Compare.apply(xp.isfinite, input)


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Where |input - other| <= atol + rtol |other|; infinities are close to themselves, nan only with `equal_nan`.

    >>> minitorch.isclose(minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0 + 1e-6, 2.1]))
    tensor([ True, False])
    """
    _check_same_type("isclose", input, other)
    return Close.apply(input, other, rtol, atol, equal_nan)


class Close(Pointwise):
    """Whether two numbers are close: a mask, without gradient."""

    def forward(ctx, a: Array, b: Array, rtol: float, atol: float, equal_nan: bool) -> Array:
        return xp.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol |other| everywhere, as in `isclose`.

    >>> minitorch.allclose(minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0 + 1e-6, 2.0]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements.

    >>> minitorch.equal(minitorch.tensor([1, 2]), minitorch.tensor([1, 2]))
    True
    >>> minitorch.equal(minitorch.tensor([1, 2]), minitorch.tensor([[1, 2]]))
    False
    """
    return input.shape == other.shape and bool((input == other)._array.all())


def _check_same_type(name: str, input: Tensor, other: Tensor) -> None:
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{name}: expected both tensors to have one dtype, but got {input.dtype!r} and {other.dtype!r}")
