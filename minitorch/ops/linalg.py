"""Determinants, inverses, linear systems, vector products."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from minitorch.autograd.node import Op
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, as_array, linalg_errors, on_device_of, xp
from minitorch.backend.errors import LinAlgError
from minitorch.ops.arithmetic import mul, neg
from minitorch.ops.elementwise import in_single
from minitorch.ops.indexing import GetItem
from minitorch.ops.matrix import MatMul, mT
from minitorch.ops.node_names import node_name
from minitorch.ops.results import printed_pair
from minitorch.ops.selection import where
from minitorch.ops.shape import broadcast_tensors, check_dim, reshape, roll, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def _explained(error: Exception, *shapes: Any) -> Exception:
    """The error for a matrix without an inverse, or for shapes that do not fit."""
    if "ingular" in str(error):
        return LinAlgError("linalg: the matrix is singular: its determinant is 0, and it has no inverse")
    return RuntimeError(f"linalg: shapes {' and '.join(str(list(s)) for s in shapes)} do not fit together")


class Det(Op):
    """The determinant d;  the cofactors, d x^-T where d is not 0"""

    label = "LinalgDet0"

    def forward(ctx, x: Array) -> Array:
        with xp.errstate(all="ignore"):
            y = as_array(xp.linalg.det(x))
        ctx.save_for_backward(x, y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        x, y = ctx.saved_tensors
        array = getattr(x, "_array", x)
        finite = xp.isfinite(array).all((-2, -1))
        x = nan_where(~finite, x)
        if bool((finite & _is_singular(xp.where(finite[..., None, None], array, 0))).any()):
            return grad[..., None, None] * _cofactors(x)
        return (grad * y)[..., None, None] * mT(Inv.apply(x))


def constant(matrix: Any, like: Any) -> Any:
    """A matrix of numbers: an array, or a Tensor where `like` is one."""
    array = getattr(like, "_array", like)
    numbers = on_device_of(matrix.astype(array.dtype), array)
    return wrap(numbers) if isinstance(like, TensorBase) else numbers


def nan_where(condition: Any, x: Any) -> Any:
    """x with nan for the matrices where the condition holds: what is computed of them is nan, and no error for the others."""
    return x + constant(xp.where(condition, math.nan, 0.0)[..., None, None], x)


def _is_singular(x: Array) -> Array:
    """Whether a matrix is singular but for rounding: the second derivative of its determinant must not divide by that."""
    if 0 in x.shape:
        return xp.zeros_like(x, shape=x.shape[:-2], dtype=bool)
    sizes = xp.linalg.svd(x, compute_uv=False)
    return ~(sizes[..., -1] > x.shape[-1] * xp.finfo(x.dtype).eps * sizes[..., 0])


def _cofactors(x: Any) -> Any:
    """The signed determinants of the matrices that are left without a row and a column."""
    n = x.shape[-1]
    array = getattr(x, "_array", x)
    rest = xp.array([[k for k in range(n) if k != i] for i in range(n)], dtype=xp.int64).reshape(n, max(n - 1, 0))
    rows, columns = on_device_of(rest[:, None, :, None], array), on_device_of(rest[None, :, None, :], array)
    checkered = (-1.0) ** xp.add.outer(xp.arange(n), xp.arange(n))
    minors = Det.apply(GetItem.apply(x, (Ellipsis, rows, columns)))
    return mul(minors, constant(checkered, x))


class Inv(Op):
    """The inverse y;  -y^T grad y^T"""

    label = "LinalgInvEx0"

    def forward(ctx, x: Array) -> Array:
        with linalg_errors(x):
            y = xp.linalg.inv(x)
        ctx.save_for_backward(y)
        return y

    def backward(ctx, grad: Tensor) -> Any:
        (y,) = ctx.saved_tensors
        return neg(MatMul.apply(MatMul.apply(mT(y), grad), mT(y)))

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        return _explained(error, args[0].shape)


class Solve(Op):
    """The x with a x = b;  in b: g = a^-T grad, in a: -g x^T"""

    label = "LinalgSolveEx0"

    def forward(ctx, a: Array, b: Array) -> Array:
        with linalg_errors(a):
            x = xp.linalg.solve(a, b)
        ctx.save_for_backward(a, x)
        return x

    def backward(ctx, grad: Tensor) -> Any:
        a, x = ctx.saved_tensors
        g = Solve.apply(mT(a), grad)
        return neg(MatMul.apply(g, mT(x))), g

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        return _explained(error, *(x.shape for x in args))


class LogAbsDet(Op):
    """The sign of det x, and log |det x|;  0, and x^-T"""

    label = "LinalgSlogdet0"
    materialize_grads = False

    def forward(ctx, x: Array) -> tuple[Array, Array]:
        ctx.save_for_backward(x)
        with xp.errstate(all="ignore"):
            sign, log = xp.linalg.slogdet(x)
        return sign, log

    def backward(ctx, grad_sign: Any, grad: Tensor | None) -> Any:
        if grad is None:
            return None
        (x,) = ctx.saved_tensors
        return grad[..., None, None] * mT(Inv.apply(x))


# ---- the functions, by PyTorch's names ----------------------------------------------------------------------------------


@printed_pair
class Slogdet(NamedTuple):
    """What slogdet() returns."""

    sign: Tensor
    logabsdet: Tensor


class Linalg_Slogdet(Slogdet):
    """What linalg.slogdet() returns."""

    __slots__ = ()


def check_matrix(name: str, x: Tensor) -> Tensor:
    """A stack of matrices of a floating type. Raises RuntimeError for anything else."""
    if x.ndim < 2:
        raise RuntimeError(f"linalg.{name}: The input tensor A must have at least 2 dimensions, got {list(x.shape)}")
    if not x.is_floating_point():
        raise RuntimeError(f"linalg.{name}: Expected a floating point tensor as input. Got {x.dtype!r}: .float() converts")
    return x


def check_square(name: str, x: Tensor) -> Tensor:
    """A stack of square matrices. Raises RuntimeError for anything else."""
    if x.ndim >= 2 and x.shape[-1] != x.shape[-2]:
        raise RuntimeError(f"linalg.{name}: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]}")
    return check_matrix(name, x)


@in_single
def det(A: Tensor) -> Tensor:
    """The determinant of square matrices (*, n, n): (*). The derivative is d A^-T for the determinant d.

    Raises RuntimeError for matrices that are not square.

    >>> minitorch.linalg.det(minitorch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor(8.)
    """
    return Det.apply(check_square("det", A))


@in_single
def inv(A: Tensor) -> Tensor:
    """The inverse of square matrices (*, n, n). Raises RuntimeError for one that has none.

    The gradient is -Y^T g Y^T for the inverse Y and its gradient g.

    >>> minitorch.linalg.inv(minitorch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return Inv.apply(check_square("inv", A))


@in_single
@node_name("LinalgSolveEx0")
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The X with A X = B, or X A = B unless `left`, for A (*, n, n) and B (*, n, k), or a vector (*, n).

    More exact than the product with the inverse. Raises RuntimeError for a singular A.

    For the gradient g of X, that of B is G = A^-T g, and that of A is -G X^T.

    >>> A, B = minitorch.tensor([[2.0, 0.0], [0.0, 4.0]]), minitorch.tensor([2.0, 2.0])
    >>> minitorch.linalg.solve(A, B)
    tensor([1.0000, 0.5000])
    """
    check_square("solve", A)
    if A.dtype is not B.dtype:
        raise RuntimeError(f"linalg.solve: A and B must have one dtype, but got {A.dtype!r} and {B.dtype!r}")
    is_vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and tuple(B.shape) == tuple(A.shape[:-1]))
    b = unsqueeze(B, -1) if is_vector else B
    if not left:
        if is_vector:
            raise RuntimeError("linalg.solve: a vector B stands on the right of A: left=False takes matrices")
        return mT(solve(mT(A), mT(B)))
    if b.ndim < 2 or b.shape[-2] != A.shape[-1]:
        raise RuntimeError(f"linalg.solve: Incompatible shapes of A and B: {list(A.shape)} and {list(B.shape)}")
    x = Solve.apply(A, b)
    return reshape(x, x.shape[:-1]) if is_vector else x


@in_single
def slogdet(A: Tensor) -> Slogdet:
    """(sign, logabsdet): the sign of the determinant and the logarithm of its absolute value, which does not overflow.

    Raises RuntimeError for matrices that are not square.

    >>> sign, logabsdet = minitorch.slogdet(minitorch.tensor([[-2.0, 0.0], [0.0, 4.0]]))
    >>> sign, logabsdet  # of -8
    (tensor(-1.), tensor(2.0794))
    """
    return Slogdet(*LogAbsDet.apply(check_square("slogdet", A)))


def linalg_slogdet(A: Tensor) -> Linalg_Slogdet:
    """(sign, logabsdet): the sign of the determinant and the logarithm of its absolute value, which does not overflow.

    Raises RuntimeError for matrices that are not square.

    >>> sign, logabsdet = minitorch.linalg.slogdet(minitorch.tensor([[-2.0, 0.0], [0.0, 4.0]]))
    >>> sign, logabsdet  # of -8
    (tensor(-1.), tensor(2.0794))
    """
    return Linalg_Slogdet(*slogdet(A))


@in_single
def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant: nan where it is negative, -inf where it is 0. The derivative is input^-T.

    Raises RuntimeError for matrices that are not square.

    >>> minitorch.logdet(minitorch.tensor([[2.0, 0.0], [0.0, 4.0]]))  # log 8
    tensor(2.0794)
    """
    sign, log = slogdet(input)
    return where(sign < 0, math.nan, log)


@in_single
@node_name("LinalgCross0")
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product of vectors of three elements along `dim`; the other dimensions are broadcast.

    a x b = (a2 b3 - a3 b2, a3 b1 - a1 b3, a1 b2 - a2 b1)

    Raises RuntimeError unless `dim` has size 3 in both.

    >>> minitorch.linalg.cross(minitorch.tensor([1.0, 0.0, 0.0]), minitorch.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    if input.ndim != other.ndim:
        raise RuntimeError(f"linalg.cross: inputs must have the same number of dimensions, got {input.ndim} and {other.ndim}")
    dim = check_dim(dim, input.ndim)
    if input.ndim == 0 or input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {list(input.shape)} and {list(other.shape)}"
        )
    a, b = broadcast_tensors(input, other)
    return roll(a, -1, dim) * roll(b, -2, dim) - roll(a, -2, dim) * roll(b, -1, dim)
