"""Rounding to integers, signs, and integer division: functions that are flat between their jumps, with derivative 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from minitorch.backend.arrays import Array, is_known, xp
from minitorch.ops.elementwise import Number, Pointwise, in_single, promote
from minitorch.ops.node_names import node_name

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Rounding(Pointwise):
    """A function that is flat between its jumps;  0, wherever there is a derivative"""

    function: ClassVar[Any]

    def forward(ctx, x: Array) -> Array:
        return ctx.function(x) if x.dtype.kind == "f" else x.copy()

    def backward(ctx, grad: Tensor) -> Any:
        return ZerosLike.apply(grad)


class Floor(Rounding):
    """The largest integer not above x;  0"""

    function = xp.floor


class Ceil(Rounding):
    """The smallest integer not below x;  0"""

    function = xp.ceil


class Round(Rounding):
    """The nearest integer, halves to the even one;  0"""

    function = xp.rint


class Trunc(Rounding):
    """x without its fraction;  0"""

    function = xp.trunc


class Sign(Rounding):
    """-1, 0 or 1, the sign of x, 0 for nan;  0"""

    def forward(ctx, x: Array) -> Array:
        return x.copy() if x.dtype.kind == "b" else xp.subtract(x > 0, x < 0, dtype=x.dtype)


class ZerosLike(Pointwise):
    """Zeros in the shape of x;  0"""

    def forward(ctx, x: Array) -> Array:
        return xp.zeros_like(x)

    def backward(ctx, grad: Tensor) -> Any:
        return ZerosLike.apply(grad)


class FloorDivide(Pointwise):
    """The floor of a / b, as Python's //;  0, as it is flat between its jumps"""

    symbol = "//"

    def forward(ctx, a: Array, b: Array) -> Array:
        a, b = promote(a, b)
        refuse_zero(a, b)
        return xp.floor_divide(a, b)

    def backward(ctx, grad: Tensor) -> Any:
        return ZerosLike.apply(grad), ZerosLike.apply(grad)


def refuse_zero(a: Any, b: Any) -> None:
    """Raise RuntimeError for an integer division by zero: integers have no infinity."""
    kinds = [getattr(x, "dtype", xp.dtype(int)).kind for x in (a, b)]
    if kinds[0] in "iub" and kinds[1] in "iub" and is_known(b) and not xp.all(b):
        raise RuntimeError("ZeroDivisionError: an integer division by zero; .float() first gives inf or nan instead")


# ---- the functions, by PyTorch's names ---------------------------------------------------------------------------


def sign(input: Tensor) -> Tensor:
    """The sign of input: -1, 0 or 1; 0 for nan. The derivative is 0.

    >>> minitorch.sign(minitorch.tensor([-3.0, 0.0, 0.5]))
    tensor([-1.,  0.,  1.])
    """
    return Sign.apply(input)


@node_name("Sgn0")
def sgn(input: Tensor) -> Tensor:
    """As `sign`. (In PyTorch it is another function for complex numbers.)

    >>> minitorch.sgn(minitorch.tensor([-3.0, 0.0, 0.5]))
    tensor([-1.,  0.,  1.])
    """
    return sign(input)


def floor(input: Tensor) -> Tensor:
    """The largest integer not above input. The derivative is 0.

    >>> minitorch.floor(minitorch.tensor([1.7, -1.7]))
    tensor([ 1., -2.])
    """
    return Floor.apply(input)


def ceil(input: Tensor) -> Tensor:
    """The smallest integer not below input. The derivative is 0.

    >>> minitorch.ceil(minitorch.tensor([1.2, -1.2]))
    tensor([ 2., -1.])
    """
    return Ceil.apply(input)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """The nearest integer, halves to the even one; or the nearest number of so many decimals. The derivative is 0.

    Raises NotImplementedError for decimals of integers.

    >>> minitorch.round(minitorch.tensor([0.5, 1.5, 2.4]))
    tensor([0., 2., 2.])
    >>> minitorch.round(minitorch.tensor([1.234, 1276.0]), decimals=2), minitorch.round(minitorch.tensor(1276.0), decimals=-2)
    (tensor([1.2300e+00, 1.2760e+03]), tensor(1300.))
    """
    if decimals == 0:
        return Round.apply(input)
    if input._array.dtype.kind != "f":
        raise NotImplementedError(
            f"round: decimals={decimals} is for floating-point tensors, not {input.dtype!r}: .float() converts"
        )
    if decimals < 0:
        return Round.apply(input / 10.0**-decimals) * 10.0**-decimals
    return Round.apply(input * 10.0**decimals) / 10.0**decimals


def trunc(input: Tensor) -> Tensor:
    """input without its fraction: rounded towards zero. The derivative is 0.

    >>> minitorch.trunc(minitorch.tensor([1.7, -1.7]))
    tensor([ 1., -1.])
    """
    return Trunc.apply(input)


@in_single
def floor_divide(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """The floor of input / other, an integer for integers, as Python's //. The derivative is 0.

    Raises RuntimeError for integers divided by zero.

    >>> minitorch.floor_divide(minitorch.tensor([7, -7]), 2)
    tensor([ 3, -4])
    """
    return FloorDivide.apply(input, other)
