"""Special functions, element by element: sinc, erfc, erfinv, log gamma and its derivatives, logarithms of sums.

The series that they are computed by are in backend/special.py.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, ClassVar

from minitorch.autograd.tensor_base import TensorBase
from minitorch.backend import special
from minitorch.backend.arrays import Array, xp
from minitorch.ops.arithmetic import log
from minitorch.ops.elementwise import Number, Pointwise, floating, floating_pair, in_single, promote_floating
from minitorch.ops.node_names import node_name
from minitorch.ops.pointwise import Unary, UnaryOfOutput, exp, sigmoid
from minitorch.ops.selection import where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Sinc(Pointwise):
    """sin(pi x) / (pi x), 1 at 0, or its derivative of an order;  the derivative of the next order"""

    def forward(ctx, x: Array, order: int = 0) -> Array:
        ctx.order = order
        ctx.save_for_backward(x)
        return special.sinc(floating(x), order)

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * Sinc.apply(x, ctx.order + 1)


class Erfc(Unary):
    """1 - erf x, exact where erf is near 1;  -2 / sqrt(pi) e^(-x^2)"""

    function = functools.partial(special.error_function, complement=True)

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * (exp(-(x * x)) * (-2 / math.sqrt(math.pi)))


class Erfinv(UnaryOfOutput):
    """The y with erf y = x;  sqrt(pi) / 2 e^(y^2)"""

    function = staticmethod(special.inverse_error_function)

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return grad * (exp(y * y) * (math.sqrt(math.pi) / 2))


class Lgamma(Unary):
    """log |gamma(x)|;  digamma(x)"""

    function = staticmethod(special.log_gamma)

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * Polygamma.apply(x, 0)


class Polygamma(Pointwise):
    """The n-th derivative of digamma(x), which is that of log gamma(x);  the derivative n + 1"""

    def forward(ctx, x: Array, n: int) -> Array:
        ctx.n = n
        ctx.save_for_backward(x)
        return special.polygamma(floating(x), n)

    def backward(ctx, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return grad * Polygamma.apply(x, ctx.n + 1)


class Xlogy(Pointwise):
    """a log b, and 0 where a is 0, unless b is nan;  in a: log b, in b: a / b"""

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        a, b = promote_floating(a, b)
        y = a * xp.log(b)
        return xp.where((a == 0) & (b == b), y.dtype.type(0), y)

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        for_a, for_b = ctx.needs_input_grad
        return grad * log(where((a == 0) & (b <= 0), 1.0, b)) if for_a else None, grad * (a / b) if for_b else None


class LogAddExp(Pointwise):
    """log(e^a + e^b), which never overflows;  in a: sigmoid(a - b), in b: sigmoid(b - a)"""

    function: ClassVar[Any] = xp.logaddexp
    rate, label = 1.0, "Logaddexp0"  # the base is e^rate

    def forward(ctx, a: Array, b: Array) -> Array:
        ctx.save_for_backward(a, b)
        return ctx.function(*promote_floating(a, b))

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors
        equal = (a == b) & (a - a != 0)  # both infinite: their difference would be nan
        distance = where(equal, 0.0, (a - b) * ctx.rate)
        return grad * sigmoid(distance), grad * sigmoid(-distance)


class LogAddExp2(LogAddExp):
    """log2(2^a + 2^b);  in a: sigmoid((a - b) log 2), in b: sigmoid((b - a) log 2)"""

    function, rate, label = xp.logaddexp2, math.log(2), "Logaddexp20"


# ---- the functions, by PyTorch's names ----------------------------------------------------------------------------------


def sinc(input: Tensor) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0.

    >>> minitorch.sinc(minitorch.tensor([0.0, 0.5]))  # the second is 2 / pi
    tensor([1.0000, 0.6366])
    """
    return Sinc.apply(input)


def erfc(input: Tensor) -> Tensor:
    """1 - erf(input), exact also where erf is near 1. The derivative is -2 / sqrt(pi) e^(-x^2).

    >>> minitorch.erfc(minitorch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.1573])
    """
    return Erfc.apply(input)


def erfinv(input: Tensor) -> Tensor:
    """The inverse y of erf: infinite at -1 and 1, nan beyond. The derivative is sqrt(pi) / 2 e^(y^2).

    >>> minitorch.erfinv(minitorch.tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.4769,    inf])
    """
    return Erfinv.apply(input)


def lgamma(input: Tensor) -> Tensor:
    """The logarithm of |gamma(input)|; of a whole number n + 1 that of n!. Infinite at 0, -1, -2 ...

    The derivative is digamma(x).

    >>> minitorch.lgamma(minitorch.tensor([1.0, 5.0]))  # log 0! and log 4!
    tensor([0.0000, 3.1781])
    """
    return Lgamma.apply(input)


@node_name("Digamma0")
def digamma(input: Tensor) -> Tensor:
    """The derivative of lgamma: -inf at 0, nan at -1, -2, -3 ...

    >>> minitorch.digamma(minitorch.tensor([1.0, 2.0]))  # minus Euler's constant, and 1 more
    tensor([-0.5772,  0.4228])
    """
    return Polygamma.apply(input, 0)


def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of digamma, for n from 0 to 100.

    Raises RuntimeError for other n: beyond, n! leaves little of the range of float64.

    >>> minitorch.polygamma(1, minitorch.tensor([1.0]))  # pi^2 / 6
    tensor([1.6449])
    """
    if not 0 <= n <= 100:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, nor n above 100: got n={n}")
    return Polygamma.apply(input, n)


def xlogy(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """input * log(other), and 0 where input is 0, unless other is nan. Either may be a number.

    The derivative is log(other) in input, input / other in other.

    >>> minitorch.xlogy(minitorch.tensor([0.0, 2.0]), minitorch.tensor([0.0, 3.0]))
    tensor([0.0000, 2.1972])
    """
    if not isinstance(input, TensorBase) and not isinstance(other, TensorBase):
        raise TypeError("xlogy(): at least one of 'input' and 'other' must be Tensor, and both are numbers")
    return Xlogy.apply(input, other)


@in_single
def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """log(e^a + e^b), which does not overflow. The derivative is sigmoid(a - b) in a, sigmoid(b - a) in b.

    >>> minitorch.logaddexp(minitorch.tensor([0.0, 100.0]), minitorch.tensor([0.0, 100.0]))
    tensor([  0.6931, 100.6931])
    """
    return LogAddExp.apply(*floating_pair("logaddexp", input, other))


@in_single
def logaddexp2(input: Tensor, other: Tensor) -> Tensor:
    """log2(2^input + 2^other), which does not overflow.

    >>> minitorch.logaddexp2(minitorch.tensor([0.0, 200.0]), minitorch.tensor([1.0, 200.0]))
    tensor([  1.5850, 201.0000])
    """
    return LogAddExp2.apply(*floating_pair("logaddexp2", input, other))
