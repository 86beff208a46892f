"""Samples of operations on matrices: products, determinants, solutions, factors. Their definitions need no decomposition."""

from __future__ import annotations

import itertools
import math

import numpy as np

import minitorch as mt
from minitorch.ops.linear import Linear


def product_of_matrices(draw):
    n, m, p = (draw.integers(1, 3) for _ in range(3))
    batch = draw.shape(0, 2)
    a = draw.choose([(m,), (n, m), (*batch, n, m)])
    b = draw.choose([(m,), (m, p), (*draw.like(batch), m, p)])

    def definition(a, b):
        rows, columns = a if a.ndim > 1 else a[None], b if b.ndim > 1 else b[:, None]
        out = np.zeros((*np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2]), rows.shape[-2], columns.shape[-1]))
        rows, columns = (np.broadcast_to(x, (*out.shape[:-2], *x.shape[-2:])) for x in (rows, columns))
        for *where, i, k in np.ndindex(*out.shape):
            out[(*where, i, k)] = math.fsum(rows[(*where, i, j)] * columns[(*where, j, k)] for j in range(rows.shape[-1]))
        return out.reshape(
            [n for n, keep in zip(out.shape[-2:], (a.ndim > 1, b.ndim > 1), strict=True) if keep]
            if out.ndim == 2
            else [*out.shape[:-2], *([out.shape[-2]] if a.ndim > 1 else []), *([out.shape[-1]] if b.ndim > 1 else [])]
        )

    return lambda a, b: a @ b, (draw.tensor(a), draw.tensor(b)), definition


def matrices(draw, low=0.5, high=1.5):
    """A stack of matrices far from singular ones."""
    n, batch = draw.integers(1, 3), draw.shape(0, 1)
    x = draw.tensor((*batch, n, n), low=-0.3, high=0.3).detach()
    return (x + mt.diag(draw.tensor((n,), low=low, high=high).detach()) * draw.choose([1, -1])).requires_grad_()


def leibniz(x):
    """The determinant as the sum over permutations."""
    n, total = x.shape[-1], 0.0
    for p in itertools.permutations(range(n)):
        sign = (-1) ** sum(p[i] > p[j] for i in range(n) for j in range(i + 1, n))
        total = total + sign * math.prod((x[..., i, p[i]] for i in range(n)), start=np.ones(x.shape[:-2]))
    return np.asarray(total)


def cramer(a, b):
    """The solution of a x = b by Cramer's rule."""
    out = np.zeros((*a.shape[:-2], *b.shape[-2:]))
    for i, k in np.ndindex(*b.shape[-2:]):
        replaced = a.copy()
        replaced[..., i] = b[..., k]
        out[..., i, k] = leibniz(replaced) / leibniz(a)
    return out


def determinant(draw):
    x = matrices(draw)
    if draw.integers(0, 1):
        x.detach()[..., draw.integers(0, x.shape[-1] - 1)] = 0.0  # singular: the cofactors are the derivative, still
    return mt.linalg.det, (x,), leibniz


def system(draw):
    a = matrices(draw)
    return mt.linalg.solve, (a, draw.tensor((*a.shape[:-1], draw.integers(1, 2)))), cramer


def symmetric(x):
    return (x + x.mT) / 2


def power_series(x, terms=40):
    """The matrix exponential as the sum of x^k / k!."""
    total = term = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    for k in range(1, terms):
        term = term @ x / k
        total = total + term
    return total


def eigenvectors(draw):
    triangle = draw.choose(["L", "U"])

    def exponential(x):
        values, vectors = mt.linalg.eigh(symmetric(x), triangle)
        return (vectors * values.exp()[..., None, :]) @ vectors.mT

    return exponential, (matrices(draw),), lambda x: power_series((x + np.swapaxes(x, -1, -2)) / 2)


def orthogonal_part(x, steps=60):
    """The orthogonal factor u v^T of x = u s v^T: Newton and Schulz's iteration, which needs no singular value."""
    y = x / np.linalg.norm(x, axis=(-2, -1), keepdims=True)
    for _ in range(steps):
        y = 1.5 * y - 0.5 * y @ np.swapaxes(y, -1, -2) @ y
    return y


def singular_vectors(draw):
    x = independent(draw)
    full = bool(draw.integers(0, 1))

    def polar(x):
        u, s, vh = mt.linalg.svd(x, full)
        k = s.shape[-1]
        return u[..., :k] @ vh[..., :k, :]

    def sum_of_values(x):
        return np.asarray((orthogonal_part(x) * x).sum((-2, -1)))

    return draw.choose([(polar, (x,), orthogonal_part), (lambda x: mt.linalg.matrix_norm(x, "nuc"), (x,), sum_of_values)])


def independent(draw):
    """A stack of matrices of full rank, square, with more columns, or with more rows."""
    x = matrices(draw)
    if x.shape[-1] > 1:
        x = draw.choose([x, x[..., 1:, :], x[..., 1:]]).detach().clone().requires_grad_()
    return x


def orthogonal_factors(draw):
    x = independent(draw)

    def factors(x):
        q, r = mt.linalg.qr(x)
        return mt.cat([q * r.diagonal(0, -2, -1).sign()[..., None, :], (r * r.diagonal(0, -2, -1).sign()[..., None]).mT], -2)

    def by_columns(x):
        """Gram and Schmidt: each column less its parts along those before it. The diagonal of r is positive."""
        k = min(x.shape[-2:])
        q, rest = np.zeros((*x.shape[:-1], k)), x.copy()
        for j in range(k):
            q[..., j] = rest[..., j] / np.sqrt((rest[..., j] ** 2).sum(-1, keepdims=True))
            rest = rest - q[..., j][..., None] * (q[..., j][..., None] * rest).sum(-2, keepdims=True)
        r = np.swapaxes(q, -1, -2) @ x
        below = np.tril(np.ones((k, x.shape[-1])), -1)
        return np.concatenate([q, np.swapaxes(r * (1 - below), -1, -2)], -2)

    return factors, (x,), by_columns


def least_squares(draw):
    a = independent(draw)
    m, n = a.shape[-2:]

    def normal_equations(a, b):
        """(a^T a)^-1 a^T b for more rows, a^T (a a^T)^-1 b for more columns: both without singular values."""
        t = np.swapaxes(a, -1, -2)
        return cramer(t @ a, t @ b) if m >= n else t @ cramer(a @ t, b)

    b = draw.tensor((*a.shape[:-1], draw.integers(1, 2)))
    return lambda a, b: mt.linalg.lstsq(a, b).solution, (a, b), normal_equations


def cholesky_factor(draw):
    def factor(x):
        return mt.linalg.cholesky(x @ x.mT + mt.eye(x.shape[-1], dtype=x.dtype, device=x.device))

    def by_rows(x):
        a = x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-1])
        out = np.zeros_like(a)
        for i, j in np.ndindex(*a.shape[-2:]):
            rest = a[..., i, j] - (out[..., i, :j] * out[..., j, :j]).sum(-1)
            if i >= j:
                out[..., i, j] = np.sqrt(rest) if i == j else rest / out[..., j, j]
        return out

    return factor, (matrices(draw),), by_rows


def einsum(draw):
    equation, *shapes = draw.choose(
        [
            ("ij,jk->ik", (2, 3), (3, 2)), ("ij,jk", (2, 3), (3, 1)), ("bij,bjk->bik", (2, 2, 3), (2, 3, 1)),
            ("ii->i", (3, 3)), ("ii", (3, 3)), ("iij->j", (2, 2, 3)), ("ij->ji", (2, 3)), ("ij->", (2, 3)),
            ("i,j->ij", (2,), (3,)), ("i,i", (3,), (3,)), ("i,i", (1,), (3,)), ("...ij,...jk->...ik", (2, 1, 2, 3), (2, 3, 2)),
            ("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)), ("ij,j,i->", (2, 3), (3,), (2,)), ("ij,k->j", (2, 3), (2,)),
            ("iji,j->ij", (2, 3, 2), (3,)), ("b...->...", (2, 3)),
        ]
    )  # fmt: skip

    def definition(*xs):
        return np.einsum(equation, *xs, optimize=False)  # loops, in C

    return lambda *xs: mt.einsum(equation, *xs), tuple(draw.tensor(s) for s in shapes), definition


def linear_map(draw):
    batch, into, out = draw.choose([(), (3,), (2, 1), (0,)]), draw.integers(1, 3), draw.integers(1, 3)
    weight, bias = draw.tensor((out, into)), draw.tensor((out,))
    if draw.integers(0, 1):
        return Linear.apply, (draw.tensor((*batch, into)), weight, bias)
    return lambda x, w: Linear.apply(x, w, None), (draw.tensor((*batch, into)), weight)
