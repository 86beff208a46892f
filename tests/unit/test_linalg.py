"""minitorch.linalg beside its identities: products that give the matrix back, and norms written out."""

import itertools
import math

import pytest

import minitorch as mt

linalg = mt.linalg
A = mt.tensor([[4.0, 1.0, -2.0], [1.0, 3.0, 0.5], [-2.0, 0.5, 5.0]], dtype=mt.float64)  # positive definite
B = mt.tensor([[1.0, 2.0, -1.0], [0.0, 3.0, 4.0], [2.0, 1.0, 1.0]], dtype=mt.float64)
WIDE = mt.tensor([[1.0, -2.0, 3.0, 0.5], [0.0, 1.0, 4.0, -1.0]], dtype=mt.float64)
I3 = mt.eye(3, dtype=mt.float64)


def near(a, b, **options):
    assert a.shape == b.shape
    assert mt.allclose(a, b, rtol=1e-11, atol=1e-11, **options), f"{a}\n{b}"


def determinant(rows):
    n = len(rows)
    total = 0.0
    for order in itertools.permutations(range(n)):
        sign = (-1) ** sum(order[i] > order[j] for i in range(n) for j in range(i + 1, n))
        total += sign * math.prod(rows[i][order[i]] for i in range(n))
    return total


def test_determinants():
    for m in (A, B, -B, B[:2, :2], mt.zeros(2, 2).double(), B[:1, :1]):
        d = determinant(m.tolist())
        assert linalg.det(m).item() == pytest.approx(d, abs=1e-12)
        sign, log = linalg.slogdet(m)
        assert sign.item() == (d > 0) - (d < 0)
        assert log.item() == (pytest.approx(math.log(abs(d))) if d else -math.inf)
    assert linalg.det(mt.stack([A, B])).tolist() == pytest.approx([determinant(A.tolist()), determinant(B.tolist())])


def test_inverses_and_solutions():
    near(linalg.inv(B) @ B, I3)
    v, m = mt.tensor([1.0, -1.0, 2.0]).double(), mt.arange(6.0).double().reshape(3, 2)
    near(B @ linalg.solve(B, v), v)
    near(B @ linalg.solve(B, m), m)
    near(linalg.solve(B, m.T, left=False) @ B, m.T)
    stacked = linalg.solve(mt.stack([A, B]), mt.stack([v, v]))
    near(stacked[1], linalg.solve(B, v))
    near(linalg.cross(v, mt.tensor([3.0, 0.0, 1.0]).double()), mt.tensor([-1.0, 5.0, 3.0]).double())


def test_decompositions_give_the_matrix_back():
    values, vectors = linalg.eigh(A)
    assert values.tolist() == sorted(values.tolist())
    near(vectors @ mt.diag(values) @ vectors.T, A)
    near(vectors.T @ vectors, I3)
    near(linalg.eigvalsh(A), values)
    near(linalg.eigh(mt.tril(A))[0], values)  # the lower triangle alone is read
    near(linalg.eigh(mt.triu(A), UPLO="U")[0], values)
    factor = linalg.cholesky(A)
    near(factor @ factor.T, A)
    near(factor, mt.tril(factor))
    for m in (B, WIDE, WIDE.T):
        u, s, vh = linalg.svd(m, full_matrices=False)
        near(u @ mt.diag(s) @ vh, m)
        assert s.tolist() == sorted(s.tolist(), reverse=True)
        near(u.T @ u, mt.eye(len(s), dtype=mt.float64))
        near(linalg.svdvals(m), s)
        near((s * s).sum(), (m * m).sum())
        full, _, rows = linalg.svd(m)
        assert (full.shape, rows.shape) == ((m.shape[0],) * 2, (m.shape[1],) * 2)
        near(rows @ rows.T, mt.eye(m.shape[1], dtype=mt.float64))


def test_pseudo_inverses_and_ranks():
    low = mt.outer(mt.tensor([1.0, 2.0, 3.0]), mt.tensor([1.0, -1.0])).double()
    for m in (B, WIDE, WIDE.T, low):
        p = linalg.pinv(m)
        near(m @ p @ m, m)
        near(p @ m @ p, p)
        near((m @ p).T, m @ p)
        near((p @ m).T, p @ m)
    assert [linalg.matrix_rank(m).item() for m in (A, WIDE, low, low * 0)] == [3, 2, 1, 0]
    small = mt.diag(mt.tensor([1.0, 1e-3, 1e-8]).double())
    assert [linalg.matrix_rank(small, **o).item() for o in ({}, {"rtol": 1e-5}, {"rtol": 1e-2}, {"atol": 1e-2})] == [3, 2, 1, 1]
    assert linalg.matrix_rank(mt.diag(mt.tensor([1.0, 1e-3, 2e-7]))).item() == 2  # 3 eps of float32 is 3.6e-7


def test_norms_are_written_out():
    rows, columns = B.tolist(), B.T.tolist()
    s = linalg.svdvals(B).tolist()
    expected = {
        "fro": math.sqrt(sum(x * x for row in rows for x in row)), "nuc": sum(s), 2: s[0], -2: s[-1],
        1: max(sum(map(abs, c)) for c in columns), -1: min(sum(map(abs, c)) for c in columns),
        math.inf: max(sum(map(abs, r)) for r in rows), -math.inf: min(sum(map(abs, r)) for r in rows),
    }  # fmt: skip
    for order, value in expected.items():
        assert linalg.matrix_norm(B, order).item() == pytest.approx(value), order
        assert linalg.norm(B, order).item() == pytest.approx(value), order
        assert linalg.matrix_norm(mt.stack([B, B]), order, keepdim=True).tolist() == [[[pytest.approx(value)]]] * 2
    v = [3.0, -4.0, 0.0]
    for order, value in {2: 5, 1: 7, 3: 91 ** (1 / 3), 0: 2, math.inf: 4, -math.inf: 0}.items():
        assert linalg.vector_norm(mt.tensor(v), order).item() == pytest.approx(value), order
