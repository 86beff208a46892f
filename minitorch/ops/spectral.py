"""Eigenvalues, singular values, Cholesky and QR factors, and what is made of them.

A perturbation dA turns the eigenvectors of a symmetric A towards each other, j towards i by (v_i^T dA v_j) / (l_j - l_i). So
the derivatives divide by differences of eigenvalues, and there is none for the vectors where two are equal. (Giles 2008, An
extended collection of matrix derivative results.) What uses the values alone does not divide: there the gradients of the
vectors are None. Its second derivative does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array, linalg_errors, xp
from minitorch.backend.errors import LinAlgError
from minitorch.ops.arithmetic import abs
from minitorch.ops.elementwise import in_single
from minitorch.ops.joining import cat
from minitorch.ops.linalg import Inv, Solve, check_matrix, check_square, constant, nan_where
from minitorch.ops.matrix import MatMul, mT
from minitorch.ops.node_names import node_name
from minitorch.ops.reduction import Dims, amax, amin, sum
from minitorch.ops.results import printed_pair
from minitorch.ops.selection import clamp
from minitorch.ops.shape import check_dims, movedim, reshape, squeeze, unsqueeze
from minitorch.ops.statistics import vector_norm

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def _product(*factors: Any) -> Any:
    out = factors[0]
    for factor in factors[1:]:
        out = MatMul.apply(out, factor)
    return out


def _identity(like: Any, n: int) -> Any:
    return constant(xp.eye(n), like)


def _inverse_gaps(values: Any) -> Any:
    """1 / (l_j - l_i) in row i, column j; 0 on the diagonal."""
    eye = _identity(values, values.shape[-1])
    return 1 / (values[..., None, :] - values[..., :, None] + eye) - eye


class Eigh(Op):
    """a = v diag(l) v^T for symmetric a;  v (diag(grad l) + skew(v^T grad v) / gaps) v^T, with skew(m) = (m - m^T) / 2"""

    label = "LinalgEigh0"
    materialize_grads = False

    def forward(ctx, x: Array, lower: bool) -> tuple[Array, Array]:
        with linalg_errors(x):
            values, vectors = xp.linalg.eigh(x, "L" if lower else "U")
        ctx.save_for_backward(values, vectors)
        return values, vectors

    def backward(ctx, grad_values: Tensor | None, grad_vectors: Tensor | None) -> Any:
        values, v = ctx.saved_tensors
        inner: Any = 0 if grad_values is None else _identity(v, v.shape[-1]) * grad_values[..., None, :]
        if grad_vectors is not None:
            on_v = _product(mT(v), grad_vectors)
            inner = inner + (on_v - mT(on_v)) * 0.5 * _inverse_gaps(values)
        return _product(v, inner, mT(v))


class Svd(Op):
    """a = u diag(s) v^T;  as Eigh for both sides, and what leaves the column space of u or v, divided by s"""

    label = "LinalgSvd0"
    materialize_grads = False

    def forward(ctx, x: Array, full: bool) -> tuple[Array, Array, Array]:
        with linalg_errors(x):
            u, s, vh = xp.linalg.svd(x, full)
        ctx.save_for_backward(u, s, vh)
        return u, s, vh

    def backward(ctx, grad_u: Tensor | None, grad_s: Tensor | None, grad_vh: Tensor | None) -> Any:
        u, s, vh = ctx.saved_tensors
        k = s.shape[-1]
        u, v = u[..., :k], mT(vh[..., :k, :])
        gaps, inverse = _inverse_gaps(s * s), (1 / s)[..., None, :]
        inner: Any = 0 if grad_s is None else _identity(s, k) * grad_s[..., None, :]
        outside: Any = 0
        if grad_u is not None:
            gu = grad_u[..., :k]
            on_u = _product(mT(u), gu)
            inner = inner + (on_u - mT(on_u)) * gaps * s[..., None, :]
            if u.shape[-2] > k:
                outside = _product((gu - _product(u, on_u)) * inverse, mT(v))
        if grad_vh is not None:
            gv = mT(grad_vh[..., :k, :])
            on_v = _product(mT(v), gv)
            inner = inner + s[..., :, None] * (on_v - mT(on_v)) * gaps
            if v.shape[-2] > k:
                outside = outside + _product(u, mT((gv - _product(v, on_v)) * inverse))
        return _product(u, inner, mT(v)) + outside


class Qr(Op):
    """a = q r, q orthogonal, r upper triangular;  (grad q + q p) r^-T, p = lower(r grad r^T - grad q^T q) made symmetric"""

    label = "LinalgQr0"

    def forward(ctx, x: Array, mode: Literal["reduced", "complete", "r"]) -> tuple[Array, Array]:
        ctx.mode = mode
        factors: Any = xp.linalg.qr(x, mode)
        q, r = (xp.zeros_like(x, shape=(0,)), factors) if mode == "r" else factors
        ctx.save_for_backward(q, r)
        return q, r

    def backward(ctx, grad_q: Tensor, grad_r: Tensor) -> Any:
        q, r = ctx.saved_tensors
        if ctx.mode == "r":
            raise RuntimeError(
                "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, "
                "mode='reduced') if you are going to differentiate through linalg.qr."
            )
        if r.shape[-2] > r.shape[-1]:
            raise RuntimeError(
                "The QR decomposition is not differentiable when mode='complete' and nrows > ncols: the columns of Q that A "
                "does not determine have no derivative. Use mode='reduced'"
            )
        p = _product(r, mT(grad_r)) - _product(mT(grad_q), q)
        below = constant(xp.tril(xp.ones(r.shape[-2:]), -1), p)
        p = p * (below + _identity(p, r.shape[-1])) + mT(p * below)
        is_singular = (xp.diagonal(getattr(r, "_array", r), 0, -2, -1) == 0).any(-1)
        r = nan_where(is_singular, r)
        return mT(Solve.apply(r, mT(grad_q + _product(q, p))))


class Lstsq(Op):
    """The shortest x that minimizes |a x - b|;  in b: g = a^+T grad, in a: -g x^T + (b - a x) (a^+ g)^T + (a^+T x) (grad -
    a^T g)^T
    """

    label = "LinalgLstsq0"

    def forward(ctx, a: Array, b: Array, rtol: float, atol: float) -> tuple[Array, Array, Array]:
        with linalg_errors(a):
            ctx.tolerances, factors = (rtol, atol), xp.linalg.svd(a, False)
        u, s, vh = cast("tuple[Any, Array, Any]", factors)
        bound = xp.maximum(s[..., :1] * rtol, atol)
        kept = s > bound
        inverse = xp.where(kept, 1 / xp.where(kept, s, 1), 0).astype(s.dtype)
        x = _product(mT(vh), inverse[..., None] * _product(mT(u), b))
        ctx.save_for_backward(a, b, x)
        return x, s, kept.sum(-1)

    def backward(ctx, grad: Tensor, grad_s: Any, grad_rank: Any) -> Any:
        a, b, x = ctx.saved_tensors
        g = _least(mT(a), grad, ctx.tolerances)
        for_a = None
        if ctx.needs_input_grad[0]:
            for_a = _product(b - _product(a, x), mT(_least(a, g, ctx.tolerances))) - _product(g, mT(x))
            for_a = for_a + _product(_least(mT(a), x, ctx.tolerances), mT(grad - _product(mT(a), g)))
        return for_a, g


def _least(a: Any, b: Any, tolerances: tuple[float, float]) -> Any:
    return Lstsq.apply(a, b, *tolerances)[0]


class Cholesky(Op):
    """a = l l^T for positive definite a, l lower triangular;  l^-T p l^-1 made symmetric, with p = lower(l^T grad), its
    diagonal halved
    """

    label = "LinalgCholeskyEx0"

    def forward(ctx, x: Array) -> Array:
        with linalg_errors(x):
            factor = xp.linalg.cholesky(x)
        ctx.save_for_backward(factor)
        return factor

    def backward(ctx, grad: Tensor) -> Any:
        (factor,) = ctx.saved_tensors
        inverse, p = Inv.apply(factor), _product(mT(factor), grad)
        n = factor.shape[-1]
        out = _product(mT(inverse), p * constant(xp.tril(xp.ones((n, n))) - xp.eye(n) / 2, p), inverse)
        return (out + mT(out)) * 0.5

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        return LinAlgError(
            "linalg.cholesky: The factorization could not be completed because the input is not positive-definite: a matrix "
            "x x^T plus a small multiple of the identity is"
        )


# ---- the functions, by PyTorch's names ----------------------------------------------------------------------------------


@printed_pair
class Linalg_Eigh(NamedTuple):
    """What linalg.eigh() returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


@printed_pair
class Linalg_Svd(NamedTuple):
    """What linalg.svd() returns."""

    U: Tensor
    S: Tensor
    Vh: Tensor


@printed_pair
class Linalg_Qr(NamedTuple):
    """What linalg.qr() returns."""

    Q: Tensor
    R: Tensor


@printed_pair
class Linalg_Lstsq(NamedTuple):
    """What linalg.lstsq() returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


@printed_pair
class SVD(NamedTuple):
    """What svd() returns."""

    U: Tensor
    S: Tensor
    V: Tensor


def _check_driver(driver: str | None) -> None:
    if driver is not None:
        raise RuntimeError(f"linalg.svd: keyword argument `driver=` is only supported on a GPU, and None here, not {driver!r}")


@in_single
def eigh(A: Tensor, UPLO: str = "L") -> Linalg_Eigh:
    """(eigenvalues, eigenvectors) of symmetric matrices (*, n, n): A = V diag(L) V^T, with the smallest first; V has the
    eigenvectors as columns, each with either sign.

    Only the lower triangle is read, or the upper one for UPLO="U". Its derivative is that of a symmetric matrix, and
    symmetric; through the vectors it is infinite or nan where two eigenvalues are equal, and so is the values' second one.

    Raises RuntimeError for matrices that are not square, or integers.

    >>> A = minitorch.tensor([[2.0, 1.0], [1.0, 3.0]])
    >>> L, V = minitorch.linalg.eigh(A)
    >>> L
    tensor([1.3820, 3.6180])
    >>> minitorch.allclose(V @ L.diag() @ V.T, A, atol=1e-5)
    True
    """
    if UPLO not in ("L", "U", "l", "u"):
        raise RuntimeError(f"linalg.eigh: UPLO must be 'L' or 'U', not {UPLO!r}")
    return Linalg_Eigh(*Eigh.apply(check_square("eigh", A), UPLO in "Ll"))


@in_single
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of symmetric matrices (*, n, n), with the smallest first: (*, n).

    >>> minitorch.linalg.eigvalsh(minitorch.tensor([[2.0, 1.0], [1.0, 3.0]]))
    tensor([1.3820, 3.6180])
    """
    return eigh(A, UPLO)[0]


@in_single
def linalg_svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Linalg_Svd:
    """(U, S, Vh), the singular value decomposition of matrices (*, m, n): A = U diag(S) Vh, with the largest value first.

    U is (*, m, m) and Vh (*, n, n), orthogonal; or, unless `full_matrices`, (*, m, k) and (*, k, n) with k = min(m, n). The
    columns that this leaves out have no derivative. There is none through U and Vh where two singular values are equal, or one
    is 0.

    Raises RuntimeError for fewer than two dimensions, or integers.

    >>> A = minitorch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> U, S, Vh = minitorch.linalg.svd(A, full_matrices=False)
    >>> S
    tensor([9.5255, 0.5143])
    >>> minitorch.allclose(U @ S.diag() @ Vh, A, atol=1e-5)
    True
    """
    _check_driver(driver)
    return Linalg_Svd(*Svd.apply(check_matrix("svd", A), full_matrices))


@in_single
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values of matrices (*, m, n), with the largest first: (*, min(m, n)).

    >>> minitorch.linalg.svdvals(minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([5.4650, 0.3660])
    """
    _check_driver(driver)
    return Svd.apply(check_matrix("svdvals", A), False)[1]


@in_single
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> SVD:
    """(U, S, V) with input = U diag(S) V^T: linalg.svd under an old name, with V itself. U and V are full unless `some`, and
    zeros unless `compute_uv`.

    >>> A = minitorch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> U, S, V = minitorch.svd(A)
    >>> U.shape, S.shape, V.shape
    (minitorch.Size([3, 2]), minitorch.Size([2]), minitorch.Size([2, 2]))
    >>> minitorch.allclose(U @ S.diag() @ V.T, A, atol=1e-5)
    True
    """
    u, s, vh = Svd.apply(check_matrix("svd", input), not some)
    return SVD(u, s, mT(vh)) if compute_uv else SVD(u.detach() * 0, s, mT(vh).detach() * 0)


@in_single
@node_name("LinalgQr0")
def linalg_qr(A: Tensor, mode: str = "reduced") -> Linalg_Qr:
    """(Q, R) of matrices (*, m, n): A = Q R, the columns of Q orthonormal, R upper triangular.

    With k = min(m, n): for mode "reduced" Q is (*, m, k) and R (*, k, n); for "complete" Q is (*, m, m) and R (*, m, n); "r"
    computes R alone, as in "reduced", and Q is empty. Each diagonal element of R has either sign.

    The first k columns of A must be independent for the derivative, which is nan otherwise; with Q, R and their gradients it is

        grad A = (grad Q + Q p) R^-T      p = lower(R grad R^T - grad Q^T Q) made symmetric

    for m >= n, and for m < n that of the first m columns, and of the others' Q^T A. "r", and "complete" for m > n, have none:
    backward raises RuntimeError.

    Raises RuntimeError for fewer than two dimensions, integers, or another mode.

    >>> A = minitorch.tensor([[3.0, 1.0], [4.0, 2.0], [0.0, 2.0]])
    >>> Q, R = minitorch.linalg.qr(A)
    >>> Q.shape, R.shape
    (minitorch.Size([3, 2]), minitorch.Size([2, 2]))
    >>> minitorch.allclose(Q @ R, A, atol=1e-6), minitorch.allclose(Q.T @ Q, minitorch.eye(2), atol=1e-6)
    (True, True)
    """
    check_matrix("qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode {mode!r} but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    m, n = A.shape[-2:]
    if m >= n or mode == "r":
        return Linalg_Qr(*Qr.apply(A, mode))
    q, r = Qr.apply(A[..., :m], "reduced")
    return Linalg_Qr(q, cat([r, mT(q) @ A[..., m:]], -1))


_RANKS, _VALUES = ("gelsy", "gelsd", "gelss"), ("gelsd", "gelss")  # drivers that compute the rank, and the singular values


@in_single
def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Linalg_Lstsq:
    """(solution, residuals, rank, singular_values): the X that minimizes |A X - B|, the shortest of several; X = A^+ B.

    Shapes: A (*, m, n) and B (*, m, k) give X (*, n, k); B (*, m), a vector for each matrix, gives (*, n), as with
    k = 1. Singular values of at most `rcond` times the largest count as 0; by default max(m, n) times the rounding unit.

    Which other results there are depends on `driver`, LAPACK's name of a routine, by default "gelsy"; others are empty. All
    drivers compute the same here, by singular values.

        residuals (*, k), the sums |A X - B|^2 over the rows    "gels", "gelsd", "gelss", if m > n and every rank is n
        rank (*)                                                "gelsy", "gelsd", "gelss"
        singular_values (*, min(m, n))                          "gelsd", "gelss"

    The derivative of X takes the rank as constant: with g = A^+T grad X it is g for B, and for A

        (B - A X) (A^+ g)^T + (A^+T X) (grad X - A^T g)^T - g X^T

    Raises RuntimeError for other shapes, two dtypes, integers, another driver, and for "gels" without full rank.

    >>> A = minitorch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])  # the line through (0, 1), (1, 2) and (2, 6)
    >>> minitorch.linalg.lstsq(A, minitorch.tensor([1.0, 2.0, 6.0])).solution
    tensor([0.5000, 2.5000])
    """
    if driver not in (None, "gels", *_RANKS):
        raise RuntimeError(f"linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), not {driver!r}")
    check_matrix("lstsq", A)
    if A.dtype != B.dtype:
        raise RuntimeError(
            f"linalg.lstsq: Expected input and other to have the same dtype, but got {A.dtype!r} and {B.dtype!r}: convert one"
        )
    is_vector = B.ndim == A.ndim - 1
    b = unsqueeze(B, -1) if is_vector else B
    if b.ndim != A.ndim or b.shape[-2] != A.shape[-2]:
        raise RuntimeError(
            f"linalg.lstsq: input {list(A.shape)} and other {list(B.shape)} do not fit: other is (*, m, k), or (*, m), for an "
            "input (*, m, n)"
        )
    m, n = A.shape[-2:]
    unit = max(m, n) * float(xp.finfo(A._array.dtype).eps)
    x, s, rank = Lstsq.apply(A, b, unit if rcond is None or rcond < 0 else rcond, 0.0)
    nothing = A.detach().reshape(-1)[:0]
    residuals, full = nothing, bool((rank == min(m, n)).all()) if driver not in (None, "gelsy") else False
    if driver == "gels" and not full:
        raise RuntimeError(
            "linalg.lstsq: The least squares solution could not be computed because the input matrix does not have full rank. "
            "The other drivers, such as driver='gelsd', take it"
        )
    if full and m > n:
        residuals = sum((A @ x - b) ** 2, -2)
    return Linalg_Lstsq(
        squeeze(x, -1) if is_vector else x,
        residuals,
        rank if driver in (None, *_RANKS) else nothing.long(),
        s.detach() if driver in _VALUES else nothing,
    )


@in_single
def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangular L with A = L L^T, of positive definite matrices (*, n, n); L^T if `upper`.

    Raises LinAlgError, a RuntimeError, for matrices that are not positive definite.

    >>> minitorch.linalg.cholesky(minitorch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    factor = Cholesky.apply(check_square("cholesky", A))
    return mT(factor) if upper else factor


@in_single
def pinv(A: Tensor, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False) -> Tensor:
    """The pseudo-inverse (*, n, m) of matrices (*, m, n): V diag(1 / S) U^T, where singular values that are at most
    max(atol, rtol times the largest) count as 0.

    `rtol` is max(m, n) times the rounding unit, unless it or `atol` is given. `hermitian` says that A is symmetric, which
    changes nothing here.

    >>> minitorch.linalg.pinv(minitorch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    tensor([[ 0.6667, -0.3333,  0.3333],
            [-0.3333,  0.6667,  0.3333]])
    """
    check_matrix("pinv", A)
    rtol, atol = _tolerances(A, atol, rtol)
    return _least(A, _identity(A, A.shape[-2]), (rtol, atol))


@in_single
def matrix_rank(A: Tensor, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False) -> Tensor:
    """How many singular values of matrices (*, m, n) are larger than max(atol, rtol times the largest): (*), int64.

    >>> minitorch.linalg.matrix_rank(minitorch.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    s = svdvals(A)
    return sum(s > _threshold(A, s, atol, rtol), -1)


def _tolerances(A: Tensor, atol: float | None, rtol: float | None) -> tuple[float, float]:
    """(rtol, atol), with PyTorch's defaults."""
    if rtol is None:
        rtol = 0.0 if atol else max(A.shape[-2:]) * float(xp.finfo(A._array.dtype).eps)
    return rtol, atol or 0.0


def _threshold(A: Tensor, s: Any, atol: float | None, rtol: float | None) -> Any:
    rtol, atol = _tolerances(A, atol, rtol)
    largest = amax(s.detach(), -1, True) * rtol if s.shape[-1] else s.detach()
    return clamp(largest, min=atol)


@in_single
def matrix_norm(A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """A norm of matrices: 'fro', the root of the sum of squares; 1 (-1) the largest (smallest) sum of |A| over a column; inf
    (-inf) over a row; 2 (-2) the largest (smallest) singular value, 'nuc' the sum of all.

    Raises RuntimeError for fewer than two dimensions, or another order.

    >>> A = minitorch.tensor([[1.0, 2.0], [-3.0, 4.0]])
    >>> minitorch.linalg.matrix_norm(A, ord=1), minitorch.linalg.matrix_norm(A, ord=float("inf"))
    (tensor(6.), tensor(7.))
    """
    dims = check_dims(dim, check_matrix("matrix_norm", A).ndim)
    if len(dims) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    if ord == "fro":
        return vector_norm(A, 2, dims, keepdim)
    if ord in (2, -2, "nuc"):
        return _singular_norm(A, ord, dims, keepdim)
    if isinstance(ord, str) or ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported: 'fro', 'nuc', 1, -1, 2, -2, inf and -inf are")
    summed, kept = dims if math.isfinite(ord) else dims[::-1]
    out = _extreme(sum(abs(A), summed, True), ord, kept)
    return out if keepdim else reshape(out, tuple(n for i, n in enumerate(A.shape) if i not in dims))


@in_single
def norm(A: Tensor, ord: Any = None, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The norm of a vector or of matrices: without `ord` the 2-norm of all entries; with it `vector_norm` along one dim, or
    of a vector, and `matrix_norm` over two, or of a matrix.

    >>> minitorch.linalg.norm(minitorch.tensor([3.0, 4.0]))
    tensor(5.)
    >>> minitorch.linalg.norm(minitorch.tensor([[1.0, 2.0], [-3.0, 4.0]]), ord=1)
    tensor(6.)
    """
    if not A.is_floating_point():
        raise RuntimeError(f"linalg.norm: Expected a floating point tensor as input. Got {A.dtype!r}: .float() converts")
    if ord is None:
        return vector_norm(A, 2, dim, keepdim)
    dims = check_dims(dim, A.ndim)
    if isinstance(ord, str) or len(dims) == 2:
        return matrix_norm(A, ord, dims, keepdim)
    if len(dims) != 1:
        raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D.")
    return vector_norm(A, ord, dims, keepdim)


def _singular_norm(A: Tensor, ord: Any, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    s = svdvals(movedim(A, dims, (-2, -1)))
    out = sum(s, -1) if ord == "nuc" else reshape(_extreme(s, ord, -1), s.shape[:-1])
    return reshape(out, tuple(1 if i in dims else n for i, n in enumerate(A.shape))) if keepdim else out


def _extreme(x: Any, ord: float, dim: int) -> Any:
    """The largest along a dimension, which is kept, and 0 of none; for a negative order the smallest, and an error of none."""
    if ord < 0:
        return amin(x, dim, True)
    return amax(x, dim, True) if x.shape[dim] else sum(x, dim, True)
