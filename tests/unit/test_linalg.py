"""minitorch.linalg beside its identities: products that give the matrix back, and norms written out."""

import itertools
import math

import pytest

import minitorch as mt
from minitorch.autograd import gradcheck, gradgradcheck

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


def test_qr_has_its_modes():
    for m in (B, WIDE, WIDE.T, B[1:], I3, mt.stack([B, 2 * B])):
        rows, columns = m.shape[-2:]
        k = min(rows, columns)
        for mode in ("reduced", "complete"):
            q, r = linalg.qr(m, mode)
            size = k if mode == "reduced" else rows
            assert (q.shape, r.shape) == ((*m.shape[:-2], rows, size), (*m.shape[:-2], size, columns))
            near(q @ r, m)
            near(q.mT @ q, mt.eye(size, dtype=mt.float64).expand(*m.shape[:-2], -1, -1))
            near(r, mt.triu(r))
        alone = linalg.qr(m, "r")
        assert alone.Q.shape == (0,)
        near(alone.R, linalg.qr(m).R)
    tall = WIDE.T if WIDE.shape[0] < WIDE.shape[1] else WIDE
    for mode, message in (
        ("r", "depends on Q, which is not computed"),
        ("complete", "not differentiable when mode='complete'"),
    ):
        with pytest.raises(RuntimeError, match=message):
            linalg.qr(tall.clone().requires_grad_(), mode).R.sum().backward()
    with pytest.raises(RuntimeError, match="unrecognized mode 'full' but expected one of 'reduced'"):
        linalg.qr(B, "full")


def test_least_squares():
    x, y = [0.0, 1.0, 2.0, 4.0], [1.0, 3.0, 2.0, 7.0]
    slope = (4 * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y)) / (4 * sum(a * a for a in x) - sum(x) ** 2)
    offset = (sum(y) - slope * sum(x)) / 4
    A = mt.tensor([[1.0, a] for a in x], dtype=mt.float64)
    found = linalg.lstsq(A, mt.tensor(y, dtype=mt.float64), driver="gelsd")
    assert found.solution.tolist() == pytest.approx([offset, slope])
    rest = sum((offset + slope * a - b) ** 2 for a, b in zip(x, y, strict=True))
    assert found.residuals.tolist() == [pytest.approx(rest)]
    assert found.rank.item() == 2
    near(found.singular_values, linalg.svdvals(A))
    matrices = mt.stack([A, A + 1])
    both = linalg.lstsq(matrices, mt.ones(2, 4, 3, dtype=mt.float64), driver="gels")
    assert [tuple(part.shape) for part in both] == [(2, 2, 3), (2, 3), (0,), (0,)]
    assert [tuple(part.shape) for part in linalg.lstsq(A, A)] == [(2, 2), (0,), (), (0,)]


def test_least_squares_without_full_rank():
    A = mt.outer(mt.tensor([1.0, 2.0, 2.0]), mt.tensor([3.0, 4.0])).double()  # 15 u v^T for the units u, v
    b = mt.tensor([1.0, 1.0, 1.0], dtype=mt.float64)
    found = linalg.lstsq(A, b)
    assert found.rank.item() == 1
    assert found.solution.tolist() == pytest.approx([5 / 3 / 15 * 3 / 5, 5 / 3 / 15 * 4 / 5])  # v (u . b) / 15
    near(linalg.pinv(A) @ b, found.solution)
    with pytest.raises(RuntimeError, match=r"does not have full rank. The other drivers"):
        linalg.lstsq(A, b, driver="gels")
    D = mt.diag(mt.tensor([1.0, 1e-3])).double()
    ranks = [linalg.lstsq(D, b[:2], rcond).rank.item() for rcond in (None, 1e-4, 1e-2, -1.0)]
    assert ranks == [2, 2, 1, 2]
    assert linalg.lstsq(D, b[:2], 1e-2).solution.tolist() == [1, 0]

    def solution(u, v, b):  # whose rank stays 1
        return linalg.lstsq(mt.outer(u, v), b, rcond=1e-6).solution

    inputs = [mt.randn(n, dtype=mt.float64, requires_grad=True) for n in (3, 2, 3)]
    assert gradcheck(solution, inputs)
    assert gradgradcheck(solution, inputs)


def test_the_derivative_of_a_pseudo_inverse_where_singular_values_are_equal():
    x = mt.eye(3, dtype=mt.float64)[:, :2].clone().requires_grad_()
    assert gradcheck(linalg.pinv, (x,))
    assert gradgradcheck(linalg.pinv, (x,))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: linalg.lstsq(B, B, driver="svd"), r"should be one of \(gels, gelsy, gelsd, gelss\), not 'svd'"),
    (lambda: linalg.lstsq(mt.ones(3, 2), mt.ones(2, 1)), r"input \[3, 2\] and other \[2, 1\] do not fit: other is"),
    (lambda: linalg.lstsq(mt.ones(3, 2), mt.ones(3, 1).double()), "the same dtype, but got minitorch.float32"),
    (lambda: linalg.lstsq(mt.ones(3), mt.ones(3)), "at least 2 dimensions"),
    (lambda: linalg.qr(mt.ones(3)), "at least 2 dimensions"),
    (lambda: linalg.qr(mt.ones(3, 3).long()), "floating point"),
])  # fmt: skip
def test_wrong_least_squares(call, message):
    with pytest.raises(RuntimeError, match=message):
        call()


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


def test_the_determinant_of_a_matrix_that_is_singular_but_for_rounding():
    x = mt.tensor([0.3, 0.7], dtype=mt.float64, requires_grad=True)
    (slope,) = mt.autograd.grad(mt.linalg.det(x[:, None] * x[None]), x, create_graph=True)
    (second,) = mt.autograd.grad((slope * mt.tensor([1.0, 2.0], dtype=mt.float64)).sum(), x)
    assert second.abs().max() < 1e-12


def gradient(function, x):
    x = x.detach().clone().requires_grad_()
    return mt.autograd.grad(function(x).sum(), x)[0].tolist()


def test_values_that_are_equal_have_a_gradient():
    eye, zero = mt.eye(2), mt.zeros(3, 3)
    sums = (linalg.eigvalsh, linalg.svdvals, lambda x: linalg.eigh(x)[0], lambda x: linalg.svd(x)[1], lambda x: mt.svd(x)[1])
    for function in (*sums, lambda x: linalg.matrix_norm(x, "nuc")):
        assert gradient(function, eye) == eye.tolist()
    for order in (2, -2):
        assert gradient(lambda x, order=order: linalg.matrix_norm(x, order), eye) == [[0.5, 0], [0, 0.5]]
    assert gradient(lambda x: linalg.matrix_norm(x.diag(), 2), mt.tensor([2.0, 1.0, 0.0, 0.0])) == [1, 0, 0, 0]
    assert gradient(lambda x: linalg.matrix_norm(x, "nuc"), zero) == mt.eye(3).tolist()
    x = mt.eye(2).requires_grad_()
    (slope,) = mt.autograd.grad((linalg.eigvalsh(x) ** 2).sum(), x, create_graph=True)
    assert mt.autograd.grad(slope.sum(), x)[0].isnan().all()  # 0 / 0


@pytest.mark.parametrize("parts", [(0,), (2,), (0, 2), (0, 1), (1, 2)])
def test_each_factor_of_svd_has_a_gradient_of_its_own(parts):
    def function(x):
        factors = linalg.svd(x, full_matrices=False)
        return [factors[i] for i in parts]

    for m in (B, WIDE, WIDE.T):
        x = m.clone().requires_grad_()
        assert gradcheck(function, (x,))
        assert gradgradcheck(function, (x,))


def test_the_gradient_of_eigh_is_symmetric():
    for triangle, (a, b) in {"L": (9.0, 2.0), "U": (2.0, 9.0)}.items():
        x = mt.tensor([[1.0, a], [b, 1.0]])
        found = mt.tensor(gradient(lambda x, t=triangle: (v := linalg.eigh(x, t)[1])[0, 0] ** 2 * 3 + v[0, 1] * v[1, 1], x))
        assert mt.allclose(found, mt.tensor([[-0.375, 0.0], [0.0, 0.375]]), atol=1e-6)
        x = x.requires_grad_()
        (slope,) = mt.autograd.grad(linalg.eigvalsh(x, triangle)[0] ** 2, x, create_graph=True)
        (second,) = mt.autograd.grad((slope * mt.tensor([[1.0, 2.0], [5.0, 3.0]])).sum(), x)
        assert mt.allclose(second, mt.tensor([[-2.0, 1.5], [1.5, -1.0]]))


def test_one_matrix_without_a_gradient_leaves_the_others_theirs():
    good, nan = mt.tensor([[1.0, 2.0], [3.0, 4.0]]), float("nan")
    for function, bad in (
        (lambda x: linalg.qr(x)[0], [[2.0, 0.0], [0.0, 0.0]]), (lambda x: linalg.qr(x)[1], [[2.0, 0.0], [0.0, 0.0]]),
        (mt.det, [[nan, 1.0], [1.0, 2.0]]), (mt.det, [[0.0, 0.0], [0.0, nan]]),
    ):  # fmt: skip
        found = gradient(function, mt.stack([mt.tensor(bad), good]))
        assert mt.tensor(found[0]).isnan().all()
        assert mt.allclose(mt.tensor(found[1]), mt.tensor(gradient(function, good)))


def test_norms_of_matrices_without_elements():
    for shape in ((0, 0), (0, 3), (3, 0), (2, 0, 3)):
        for order in (1, 2, math.inf, "nuc", "fro"):
            for norm in (linalg.matrix_norm, linalg.norm):
                assert mt.equal(norm(mt.zeros(shape), order, (-2, -1)), mt.zeros(shape[:-2])), (shape, order)
            assert linalg.matrix_norm(mt.zeros(shape), order, keepdim=True).shape == (*shape[:-2], 1, 1)
        with pytest.raises(IndexError, match="non-zero size"):
            linalg.matrix_norm(mt.zeros(shape), -2)


def test_the_sign_of_a_determinant_is_on_the_tape():
    x = mt.eye(2).requires_grad_()
    sign, log = linalg.slogdet(x)
    sign.backward(retain_graph=True)
    assert x.grad is None
    (sign + log).backward()
    assert x.grad.tolist() == [[1, 0], [0, 1]]


def test_a_matrix_without_inverse_or_factor_raises_an_error_of_its_own():
    for function in (mt.linalg.inv, mt.linalg.cholesky, lambda a: mt.linalg.solve(a, a)):
        with pytest.raises(mt.linalg.LinAlgError):
            function(mt.zeros(2, 2))
