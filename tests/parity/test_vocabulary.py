"""A course's vocabulary, beside PyTorch: each line is called with both, on the same numbers."""

import numpy as np
import pytest

from tests.parity.compare import prints_the_same, same

pytestmark = pytest.mark.parity

ties = np.array([[3.0, 1.0, 2.0, 1.0], [0.0, np.nan, 5.0, 0.0]])
whole = np.array([[4, 1, 3, 1], [0, 2, 4, 4]])


@pytest.mark.parametrize("f", [
    lambda t, x: t.atan(x), lambda t, x: t.asin(t.tanh(x)), lambda t, x: t.acos(t.tanh(x)), lambda t, x: t.sinh(x), lambda t, x: t.cosh(x),
    lambda t, x: t.log2(x.abs() + 1), lambda t, x: t.log10(x.abs() + 1), lambda t, x: t.exp2(x), lambda t, x: t.atan2(x, x.flip(0) + 1), lambda t, x: x.frac(),
    lambda t, x: t.erf(x), lambda t, x: t.lerp(x, x * 2, 0.3), lambda t, x: t.addcmul(x, x, x, value=0.5), lambda t, x: t.addcdiv(x, x, x.abs() + 1, value=2),
    lambda t, x: t.sort(x), lambda t, x: x.sort(0, True), lambda t, x: t.topk(x, 2), lambda t, x: x.topk(2, 0, False), lambda t, x: t.argsort(x, 1, True),
    lambda t, x: t.median(x), lambda t, x: x.median(1), lambda t, x: t.median(x, 0, True), lambda t, x: t.norm(x), lambda t, x: x.norm(1, dim=1), lambda t, x: x.norm(p=3, dim=(0, 1)),
    lambda t, x: t.norm(x, float("inf"), 0, True), lambda t, x: t.dist(x, x * 2, 3), lambda t, x: t.tril(x), lambda t, x: x.triu(1), lambda t, x: t.tril(x[None], -1),
    lambda t, x: t.diag(x), lambda t, x: t.diag(x, 1), lambda t, x: t.diag(x, -2), lambda t, x: t.diag(x[0]), lambda t, x: x[0].diag(-1), lambda t, x: t.trace(x), lambda t, x: t.outer(x[0], x[:, 1]),
    lambda t, x: t.hstack([x, x]), lambda t, x: t.hstack([x[0], x[1]]), lambda t, x: t.vstack([x, x[0]]), lambda t, x: x.repeat(2, 1, 2), lambda t, x: t.tile(x, (2,)),
    lambda t, x: t.meshgrid(x[0], x[1], indexing="ij"), lambda t, x: t.meshgrid(x[0], x[:, 1], indexing="xy"), lambda t, x: t.repeat_interleave(x, 2), lambda t, x: x.repeat_interleave(2, 0),
    lambda t, x: t.repeat_interleave(x, t.tensor([1, 0, 2]), 0), lambda t, x: t.ravel(x), lambda t, x: x.swapaxes(0, 1), lambda t, x: t.fliplr(x), lambda t, x: t.flipud(x),
    lambda t, x: t.addmm(x[:, :3], x, x.T, beta=0.5, alpha=2), lambda t, x: t.var_mean(x, 1), lambda t, x: t.std_mean(x, dim=0), lambda t, x: x.clamp_min(0), lambda t, x: x.clamp_max(0.2),
    lambda t, x: t.scatter(x, 1, t.tensor([[0, 1, 2]]), 5.0), lambda t, x: x.scatter(0, t.tensor([[0, 1, 2, 0], [1, 0, 0, 2], [2, 2, 1, 1]]), x), lambda t, x: x.index_add(0, t.tensor([0, 0]), x[:2], alpha=2),
    lambda t, x: x.index_fill(1, t.tensor([0, 2]), 7.0), lambda t, x: t.broadcast_tensors(x, x[0]), lambda t, x: (x.clone().unsqueeze_(0), x.clone().t_(), x.clone().transpose_(0, 1).squeeze_()),
    lambda t, x: x.clone().scatter_(1, t.tensor([[0, 1, 2]]), 5.0), lambda t, x: x.clone().scatter_add_(1, t.tensor([[0, 0, 2, 1]] * 3), x), lambda t, x: x.clone().lerp_(x * 2, 0.5),
    lambda t, x: x.clone().addcmul_(x, x), lambda t, x: x.clone().square_().reciprocal_(), lambda t, x: x.reshape_as(t.ones(4, 3)), lambda t, x: t.clip(x, -0.5, 0.5), lambda t, x: t.multiply(x, 2).subtract(1).divide(3),
    lambda t, x: t.concat([x, x]), lambda t, x: t.negative(x).absolute(), lambda t, x: t.count_nonzero(x, 1), lambda t, x: t.bernoulli(t.ones_like(x)), lambda t, x: (x * 0).bernoulli_(1.0).detach(),
])  # fmt: skip
def test_functions_of_a_matrix(f):
    same(f, (3, 4))


@pytest.mark.parametrize("f", [
    lambda t, x, n: t.sort(x, descending=True), lambda t, x, n: t.sort(n, stable=True), lambda t, x, n: t.argsort(n, descending=True, stable=True), lambda t, x, n: t.median(x, 1),
    lambda t, x, n: t.unique(n), lambda t, x, n: t.unique(n, return_inverse=True, return_counts=True), lambda t, x, n: t.unique(n, dim=0), lambda t, x, n: t.unique(n[0], return_counts=True),
    lambda t, x, n: t.nonzero(n), lambda t, x, n: n.nonzero(as_tuple=True), lambda t, x, n: t.argwhere(n > 2), lambda t, x, n: t.where(n > 2), lambda t, x, n: t.bincount(n[1], minlength=7),
    lambda t, x, n: t.bincount(n[0], t.ones(4)), lambda t, x, n: t.equal(n, n), lambda t, x, n: t.equal(n, n[0]), lambda t, x, n: t.allclose(x, x), lambda t, x, n: t.allclose(x, x, equal_nan=True),
    lambda t, x, n: t.isclose(x, x * 1.000001), lambda t, x, n: t.count_nonzero(n), lambda t, x, n: t.tensor(0.0).nonzero(), lambda t, x, n: t.tensor(3.0).sort(), lambda t, x, n: t.tensor(3.0).topk(1),
    lambda t, x, n: t.broadcast_shapes((2, 1), (3,)), lambda t, x, n: [t.inf, t.pi, t.e], lambda t, x, n: t.tril(n), lambda t, x, n: n.diag(), lambda t, x, n: t.equal(t.tensor([]), t.tensor([])),
])  # fmt: skip
def test_order_and_equality(f):
    same(f, ties, whole, second_order=False)


@pytest.mark.parametrize("f", [
    lambda t, x, n: t.trapezoid(x), lambda t, x, n: t.trapezoid(x, dx=2), lambda t, x, n: t.trapezoid(x, n[0]), lambda t, x, n: t.trapezoid(x, x.flip(1)), lambda t, x, n: t.trapezoid(x, n[:, 0], dim=0),
    lambda t, x, n: t.trapezoid(n), lambda t, x, n: t.trapezoid(n, dx=0.5), lambda t, x, n: t.trapezoid(n, n), lambda t, x, n: t.trapezoid(n.byte()), lambda t, x, n: t.trapezoid(n > 2), lambda t, x, n: t.trapezoid(x, n > 2),
    lambda t, x, n: t.trapezoid(x[0, 0]), lambda t, x, n: t.trapezoid(x, t.ones(2)), lambda t, x, n: t.trapezoid(x[:0], dim=0), lambda t, x, n: t.trapezoid(n[:, :0]), lambda t, x, n: t.trapezoid(x[:, :1]),
    lambda t, x, n: t.trapezoid(x, n[0], dx=2), lambda t, x, n: t.trapezoid(x, 2.0), lambda t, x, n: t.trapezoid(x[:1], x), lambda t, x, n: t.trapezoid(x[0], x), lambda t, x, n: t.trapezoid(x[0], t.tensor(1.0)),
    lambda t, x, n: t.trapz(x, x.exp(), dim=0), lambda t, x, n: t.trapz(x, dx=0.1), lambda t, x, n: t.trapezoid(x, x[0].clone().detach().half()), lambda t, x, n: t.trapezoid(x.float(), dx=3), lambda t, x, n: t.trapezoid(x, dim=2),
    lambda t, x, n: t.cumulative_trapezoid(x), lambda t, x, n: t.cumulative_trapezoid(x, dx=2, dim=0), lambda t, x, n: t.cumulative_trapezoid(x, n[0]), lambda t, x, n: t.cumulative_trapezoid(x, x.flip(1)),
    lambda t, x, n: t.cumulative_trapezoid(n), lambda t, x, n: t.cumulative_trapezoid(n, n), lambda t, x, n: t.cumulative_trapezoid(n.byte()), lambda t, x, n: t.cumulative_trapezoid(n > 2), lambda t, x, n: t.cumulative_trapezoid(x[0, 0]),
    lambda t, x, n: t.cumulative_trapezoid(x, t.ones(2)), lambda t, x, n: t.cumulative_trapezoid(x[:0], dim=0), lambda t, x, n: t.cumulative_trapezoid(x[:, :1]), lambda t, x, n: t.cumulative_trapezoid(x[0], x), lambda t, x, n: t.cumulative_trapezoid(x[:1], x),
    lambda t, x, n: t.mode(x), lambda t, x, n: t.mode(n), lambda t, x, n: n.mode(0, True), lambda t, x, n: t.mode(n > 2, 1), lambda t, x, n: t.mode(x[0, 0]), lambda t, x, n: t.mode(x[:, :0]), lambda t, x, n: t.mode(x[:0]), lambda t, x, n: x.mode(3),
    lambda t, x, n: x.mode(-2, keepdim=True), lambda t, x, n: t.mode(t.stack([x, x, x * 2]).flatten(1)), lambda t, x, n: t.mode(t.round(x)), lambda t, x, n: t.mode(n.double() * x.round().detach()), lambda t, x, n: t.mode(t.tensor([0.0, -0.0, 1])),
    lambda t, x, n: t.mode(t.tensor([float("nan"), 1, 1, 2])), lambda t, x, n: t.mode(n, dim=1, out=(t.empty(0).long(), t.empty(0).long())),
])  # fmt: skip
def test_areas_and_modes(f):
    same(f, (2, 4), whole)


@pytest.mark.parametrize("f", [
    lambda t: t.topk(t.ones(2), 3), lambda t: t.outer(t.ones(2, 2), t.ones(2)), lambda t: t.tril(t.ones(2)), lambda t: t.diag(t.ones(1, 1, 1)), lambda t: t.trace(t.ones(2)),
    lambda t: t.norm(t.ones(2).long()), lambda t: t.bincount(t.tensor([-1])), lambda t: t.bincount(t.ones(2)), lambda t: t.allclose(t.ones(2), t.ones(2).long()),
    lambda t: t.meshgrid(t.ones(2, 2)), lambda t: t.meshgrid(t.ones(2), indexing="ab"), lambda t: t.ones(2).repeat(), lambda t: t.broadcast_shapes((2,), (3,)), lambda t: t.ones(2).scatter(0, t.tensor([2]), 1.0),
    lambda t: t.multinomial(t.ones(2), 3), lambda t: t.multinomial(-t.ones(2), 1), lambda t: t.bernoulli(t.ones(2) * 2), lambda t: t.normal(0.0, -1.0, (2,)), lambda t: t.ones(2, requires_grad=True).unsqueeze_(0),
    lambda t: t.median(t.ones(2), 1), lambda t: t.sort(t.ones(2), 3),
])  # fmt: skip
def test_refusals(f):
    same(f)


def test_further_corners():
    nan = np.array([1.0, np.nan, 0.5, -2.0, np.nan])
    same(
        lambda t, x: [t.quantile(x, 0.5), t.quantile(x[2:4], 0.3, keepdim=True), t.unique(x.detach())], nan, second_order=False
    )
    same(lambda t, x: t.quantile(x, t.tensor([0.25, 0.6], dtype=t.float64), dim=1, keepdim=True), (3, 5))
    same(lambda t, x: t.atan2(x, x), np.zeros(3), second_order=False)
    same(lambda t, x: t.addmm(x.detach() * np.nan, x, x, beta=0), (2, 2), second_order=False)
    same(lambda t: t.bincount(t.tensor([1, 1]), t.tensor([2, 3])))
    same(
        lambda t: [
            t.log10(t.tensor([1000.0, 1e-3])),
            t.equal(t.ones(2), t.ones(2).long()),
            t.diff(t.ones(3), 5),
            t.kthvalue(t.tensor([3.0, 1, 2]), 2),
        ]
    )
    same(
        lambda t: [
            t.Tensor(t.ones(2, 3).shape).shape,
            t.searchsorted(t.tensor([1.0, 2, 3]), t.tensor([[0.5, 2]])),
            t.take(t.arange(4), t.tensor([[3, 0]])),
        ]
    )
    prints_the_same(lambda t: [t.finfo(t.float32), t.iinfo(t.int64), t.finfo(t.float64).eps])


@pytest.mark.parametrize("f", [
    lambda t: t.quantile(t.tensor([1, 2]), 0.5), lambda t: t.zeros(3).index_add(0, t.tensor([-1]), t.ones(1)), lambda t: t.zeros(3).index_add(0, t.tensor([0]), t.ones(1).long()),
    lambda t: t.repeat_interleave(t.ones(2), -1), lambda t: t.ones(2).new_zeros(-1), lambda t: t.normal(t.ones(2), t.ones(3)), lambda t: t.tensor([256], dtype=t.uint8),
    lambda t: t.bincount(t.tensor([1]), minlength=-1), lambda t: t.ones(2).scatter_add(0, t.tensor([0]), 1.0), lambda t: t.ones(2).atan2(1.0), lambda t: t.diff(t.tensor(1.0)),
    lambda t: t.quantile(t.tensor([]), 0.5), lambda t: t.nn.utils.parameters_to_vector([]), lambda t: f"{t.ones(2):.2f}", lambda t: t.iinfo(t.bool), lambda t: t.finfo(t.int64),
    lambda t: t.meshgrid(t.ones(2), t.ones(2).long()), lambda t: t.median(t.zeros(0, 3), 0), lambda t: t.addmm(t.ones(2, 2).double(), t.ones(2, 2), t.ones(2, 2)),
])  # fmt: skip
def test_further_refusals(f):
    same(f)


def test_seeded_normal_with_tensors():
    same(lambda t: t.normal(t.zeros(20), t.ones(20) * 2), tolerance=1e-5)
    same(lambda t: [t.normal(2.0, 3.0, (2, 3)), t.normal(t.arange(4.0)), t.normal(0.0, t.ones(3))], tolerance=1e-5)


def test_draws_by_weight():
    import minitorch as mt

    weights = mt.tensor([0.1, 0.0, 0.6, 0.3])
    often = mt.bincount(mt.multinomial(weights, 10_000, replacement=True), minlength=4) / 10_000
    assert mt.allclose(often, weights, atol=0.02)
    for _ in range(20):
        assert sorted(mt.multinomial(weights, 3).tolist()) == [0, 2, 3]
    first = mt.stack([mt.multinomial(weights, 1) for _ in range(3000)])
    assert abs((first == 2).float().mean().item() - 0.6) < 0.05
    assert abs(mt.bernoulli(mt.full((10_000,), 0.3)).mean().item() - 0.3) < 0.03


def test_what_decompositions_print():
    prints_the_same(lambda t: t.linalg.eigh(t.tensor([[2.0, 0.0], [0.0, 3.0]]).requires_grad_()))
    prints_the_same(lambda t: t.linalg.svd(t.eye(2)))
    prints_the_same(lambda t: t.linalg.qr(t.tensor([[2.0, 1.0], [0.0, 3.0]]).requires_grad_()))
    prints_the_same(lambda t: t.linalg.lstsq(t.tensor([[2.0], [0.0]]).requires_grad_(), t.ones(2, 1), driver="gelsd")[0])
    prints_the_same(lambda t: t.mode(t.tensor([[3.0, 1.0, 1.0]]).requires_grad_()))
    prints_the_same(lambda t: t.svd(t.eye(2)))
    prints_the_same(lambda t: t.linalg.slogdet(t.eye(2)))
    prints_the_same(lambda t: t.linalg.solve(t.eye(2).requires_grad_(), t.ones(2)))
    prints_the_same(lambda t: t.linalg.cholesky(t.eye(2).requires_grad_()))


def test_what_order_functions_print():
    prints_the_same(lambda t: t.sort(t.tensor([3, 1])))
    prints_the_same(lambda t: t.topk(t.tensor([3.0, 1.0]), 1))
    prints_the_same(lambda t: t.median(t.tensor([[3.0, 1.0]]), 1))


@pytest.mark.parametrize("f", [
    lambda t, x, m: t.linalg.det(m), lambda t, x, m: t.linalg.inv(m), lambda t, x, m: t.linalg.solve(m, x.T), lambda t, x, m: t.linalg.solve(m, x[0]), lambda t, x, m: t.linalg.solve(m, x, left=False),
    lambda t, x, m: t.linalg.solve(t.stack([m, m + 1]), x.T), lambda t, x, m: t.linalg.solve(t.stack([m, m + 1]), x[:2]), lambda t, x, m: m.det(), lambda t, x, m: m.inverse(), lambda t, x, m: t.inverse(m[None]),
    lambda t, x, m: tuple(t.slogdet(m)), lambda t, x, m: tuple(t.linalg.slogdet(-m)), lambda t, x, m: t.logdet(m @ m.T), lambda t, x, m: t.linalg.norm(x), lambda t, x, m: t.linalg.norm(x, 3, 1),
    lambda t, x, m: t.linalg.norm(x, 1), lambda t, x, m: t.linalg.norm(x, "fro", keepdim=True), lambda t, x, m: t.linalg.norm(x[0], 1), lambda t, x, m: t.linalg.vector_norm(x, 1, 0, True),
    lambda t, x, m: t.linalg.matrix_norm(x), lambda t, x, m: t.linalg.matrix_norm(x, 1), lambda t, x, m: t.linalg.matrix_norm(x, float("inf")), lambda t, x, m: t.linalg.matrix_norm(x[None], -1, keepdim=True),
    lambda t, x, m: t.linalg.matrix_norm(x[None], -float("inf"), (0, 2)), lambda t, x, m: t.cross(x[:, :3], x[:, 1:], dim=0), lambda t, x, m: t.cross(x[:, :3], x[:, 1:], dim=1), lambda t, x, m: t.linalg.cross(x[:, :3], x[:1, 1:]),
    lambda t, x, m: x.cross(x + 1, 0), lambda t, x, m: t.inner(x, x), lambda t, x, m: t.inner(x[0], x), lambda t, x, m: t.inner(x, t.tensor(2.0, dtype=t.float64)), lambda t, x, m: t.vdot(x[0], x[1]),
    lambda t, x, m: t.tensordot(x, x.T, 1), lambda t, x, m: t.tensordot(x, x, 2), lambda t, x, m: t.tensordot(x, x[0], 0), lambda t, x, m: t.tensordot(x, x[None], ([0, 1], [1, 2])), lambda t, x, m: t.tensordot(x, x, dims=([1], [1])),
    lambda t, x, m: t.addmv(x[:, 0], x, x[0], beta=0.5, alpha=2), lambda t, x, m: t.addr(x, x[:, 0], x[0], beta=0, alpha=3), lambda t, x, m: x[0].addmv(x.T, x[:, 1]), lambda t, x, m: t.baddbmm(x[:, :3], x[None], x.T[None]),
    lambda t, x, m: t.addbmm(x[:, :3], t.stack([x, x]), t.stack([x.T, x.T]), beta=2), lambda t, x, m: t.kron(x, x[:2]), lambda t, x, m: t.kron(x[0], x), lambda t, x, m: t.kron(x[0], x[1]),
    lambda t, x, m: t.det(m[:, :1] @ m[:1]).detach(), lambda t, x, m: t.linalg.matrix_norm(x, 2), lambda t, x, m: t.linalg.norm(m, -2), lambda t, x, m: t.linalg.norm(x[None], "nuc", (0, 2), True),
    lambda t, x, m: t.linalg.qr(x), lambda t, x, m: t.linalg.qr(x.T), lambda t, x, m: t.linalg.qr(t.stack([m, m + 1])), lambda t, x, m: t.linalg.qr(x, "complete"), lambda t, x, m: t.linalg.qr(x.T.detach(), mode="complete"),
    lambda t, x, m: t.linalg.qr(x.detach(), "r"), lambda t, x, m: t.linalg.qr(x.T.detach(), "r"), lambda t, x, m: t.linalg.qr(x, "full"), lambda t, x, m: t.linalg.qr(x[0]), lambda t, x, m: t.linalg.qr(m.long()),
    lambda t, x, m: t.linalg.qr(x[:0].detach()), lambda t, x, m: t.linalg.qr(x[:, :0].detach(), "complete"), lambda t, x, m: t.linalg.lstsq(x.T, x[:2].T), lambda t, x, m: t.linalg.lstsq(x, m), lambda t, x, m: t.linalg.lstsq(x.T, x[0]),
    lambda t, x, m: t.linalg.lstsq(x.T[None], x[None, 0]), lambda t, x, m: t.linalg.lstsq(x.T, x[:1].T, driver="gels"), lambda t, x, m: t.linalg.lstsq(x.T, x[0], driver="gelsd"), lambda t, x, m: t.linalg.lstsq(x.T, x[0] + 1, driver="gelss"),
    lambda t, x, m: t.linalg.lstsq(x, m, driver="gelsd"), lambda t, x, m: t.linalg.lstsq(t.cat([x, x]), t.cat([m, m]), driver="gelsd")[::3], lambda t, x, m: t.linalg.lstsq(x, m, driver="svd"), lambda t, x, m: t.linalg.lstsq(x[0], x[0]),
    lambda t, x, m: t.linalg.lstsq(x.T, m), lambda t, x, m: t.linalg.lstsq(x.T, x[0].float()), lambda t, x, m: t.linalg.lstsq(t.eye(3).double() * t.tensor([1, 0.5, 1e-3]), m[0].detach(), rcond=0.1, driver="gelsd"),
    lambda t, x, m: t.linalg.lstsq(x.T[None], t.stack([x[:2].T, x[:2].T + 1])), lambda t, x, m: t.linalg.pinv(t.eye(3).double() * m[0, 0]),
    lambda t, x, m: t.linalg.svdvals(x), lambda t, x, m: (lambda u, s, vh: (u @ vh[:3], s))(*t.linalg.svd(x)), lambda t, x, m: (lambda u, s, v: (u @ v.T, s))(*t.svd(x.T)), lambda t, x, m: t.linalg.svd(x, True)[2].detach().abs(),
    lambda t, x, m: t.linalg.eigvalsh(m + m.T), lambda t, x, m: (lambda w, v: (v * w.exp()) @ v.T)(*t.linalg.eigh(m + m.T)), lambda t, x, m: t.linalg.eigh((m + m.T)[None], "U")[0], lambda t, x, m: t.linalg.cholesky(m @ m.T),
    lambda t, x, m: t.linalg.cholesky(m @ m.T, upper=True), lambda t, x, m: t.linalg.pinv(x), lambda t, x, m: t.linalg.pinv(t.cat([x, x]).T), lambda t, x, m: t.linalg.matrix_rank(t.cat([x, x])), lambda t, x, m: t.linalg.matrix_rank(m, atol=0.5),
    lambda t, x, m: t.linalg.cholesky(-m @ m.T), lambda t, x, m: t.linalg.eigh(x), lambda t, x, m: t.linalg.svd(x[0]), lambda t, x, m: t.linalg.cholesky(m.long()), lambda t, x, m: t.linalg.eigh(m, "X"),
    lambda t, x, m: t.linalg.det(x), lambda t, x, m: t.linalg.det(x[0]), lambda t, x, m: t.linalg.inv(m * 0), lambda t, x, m: t.linalg.solve(m * 0, x.T), lambda t, x, m: t.linalg.solve(m, x), lambda t, x, m: t.linalg.det(m.long()),
    lambda t, x, m: t.cross(x, x), lambda t, x, m: t.linalg.cross(x, x), lambda t, x, m: t.inner(x, x.T), lambda t, x, m: t.tensordot(x, x, 1), lambda t, x, m: t.linalg.norm(x.long()), lambda t, x, m: t.linalg.matrix_norm(x, 3), lambda t, x, m: t.cdist(x, x.T),
    lambda t, x, m: t.linalg.norm(x[None], 3), lambda t, x, m: t.vdot(x, x), lambda t, x, m: t.cdist(x, x, -1.0), lambda t, x, m: t.linalg.solve(m, x.T.float()),
])  # fmt: skip
def test_linear_algebra(f):
    same(f, (3, 4), np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.6], [-0.7, 0.2, 1.8]]))


def test_distances_of_rows():
    for p in (0.5, 1, 2.0, 3.0, float("inf")):
        same(lambda t, x, p=p: t.cdist(x, x[:2] + 1, p), (3, 4), second_order=False)
    same(lambda t, x: t.cdist(x[None], x.detach()), (3, 4), second_order=False)


ZEROS = np.array([[2.0, 0.0, 3.0, -1.5, 0.5], [0.0, 1.0, 0.0, 2.0, 4.0], [1.0, 2.0, -3.0, 4.0, 5.0]])
HOLES = np.array([[2.0, np.nan, 3.0, 3.0, 0.5], [np.nan, np.nan, np.nan, np.nan, np.nan], [1.0, 2.0, -3.0, 2.0, np.nan]])


@pytest.mark.parametrize("f", [
    lambda t, x, y: t.cumprod(x, 1), lambda t, x, y: x.cumprod(0), lambda t, x, y: x.cumprod(-1, dtype=t.float32), lambda t, x, y: t.cumprod(x.long(), 1), lambda t, x, y: (x > 0).cumprod(0), lambda t, x, y: x[0, 0].cumprod(0),
    lambda t, x, y: t.cumprod(x, 2), lambda t, x, y: t.logcumsumexp(x, 1), lambda t, x, y: (x * 400).logcumsumexp(0), lambda t, x, y: x.log().detach().logcumsumexp(1), lambda t, x, y: t.logcumsumexp(x.long(), 1),
    lambda t, x, y: x.nansum(), lambda t, x, y: t.aminmax(x), lambda t, x, y: t.aminmax(x, dim=1), lambda t, x, y: x.aminmax(dim=0, keepdim=True), lambda t, x, y: t.aminmax(t.zeros(0)),
    lambda t, x, y: t.histc(x.detach(), 4), lambda t, x, y: t.histc(x.detach(), 3, -2, 2), lambda t, x, y: t.histc(x.detach() * 0, 3), lambda t, x, y: t.histc(x.long(), 3), lambda t, x, y: t.histc(x.detach(), 0),
    lambda t, x, y: t.histc(x.detach(), 3, 2, 1), lambda t, x, y: tuple(t.histogram(x.detach(), 4)), lambda t, x, y: tuple(t.histogram(x.detach(), 4, range=(-1.0, 2.0), density=True)),
    lambda t, x, y: tuple(t.histogram(x.detach(), t.tensor([-2.0, 0, 1, 3], dtype=t.float64), weight=x.detach() + 1)), lambda t, x, y: t.histogram(x.detach(), -1), lambda t, x, y: t.histogram(x.long(), 3),
    lambda t, x, y: t.histc(y.detach(), 3), lambda t, x, y: t.nanmean(x.long()), lambda t, x, y: t.zeros(0, 3).cumprod(0), lambda t, x, y: t.zeros(2, 0).cummax(0).values, lambda t, x, y: t.nansum(x.long(), 0),
])  # fmt: skip
def test_scans_and_counts(f):
    same(f, ZEROS, HOLES, tolerance=1e-6)


@pytest.mark.parametrize("f", [
    lambda t, x, y: t.cummax(y, 1), lambda t, x, y: y.cummax(0), lambda t, x, y: t.cummin(y, 1), lambda t, x, y: x.cummin(0), lambda t, x, y: t.cummax(x.long(), 1), lambda t, x, y: t.cummin(x > 0, 1), lambda t, x, y: t.cummax(x[0, 0], 0),
    lambda t, x, y: y.nansum(), lambda t, x, y: t.nansum(y, 1, True), lambda t, x, y: y.nanmean(), lambda t, x, y: y.nanmean(0), lambda t, x, y: t.nanmean(y, (0, 1), True), lambda t, x, y: t.nansum(y, dtype=t.float32),
])  # fmt: skip
def test_scans_and_reductions_with_nan(f):
    same(f, ZEROS, HOLES, second_order=False)


def test_what_scans_print():
    for name in ("cummax", "cummin"):
        prints_the_same(lambda t, name=name: getattr(t, name)(t.tensor([3.0, 1.0]), 0))
    prints_the_same(lambda t: t.aminmax(t.tensor([3.0, 1.0])))
    prints_the_same(lambda t: t.histogram(t.tensor([3.0, 1.0]), 2))
    prints_the_same(lambda t: t.slogdet(t.tensor([[3.0, 1.0], [0.0, 1.0]])))
    prints_the_same(lambda t: t.ones(3, requires_grad=True).cumprod(0))
    prints_the_same(lambda t: t.zeros(3, requires_grad=True).cummax(0))


@pytest.mark.parametrize("f", [
    lambda t, x, n: x.diagonal(), lambda t, x, n: x.diagonal(1), lambda t, x, n: t.diagonal(x, -1, 1, 0), lambda t, x, n: x[None].diagonal(0, 0, 2), lambda t, x, n: x.diagonal(9), lambda t, x, n: x.diagonal(0, 1, 1),
    lambda t, x, n: t.diag_embed(x), lambda t, x, n: t.diag_embed(x, 1, 0, 2), lambda t, x, n: t.diag_embed(x, -1, 2, 0), lambda t, x, n: t.diag_embed(x, 0, 1, 1), lambda t, x, n: x.T.diagonal(1) * 2,
    lambda t, x, n: x.unfold(1, 2, 1), lambda t, x, n: x.T.unfold(0, 3, 2), lambda t, x, n: x.unfold(1, 5, 1), lambda t, x, n: x.unfold(1, 2, 0), lambda t, x, n: x[:, 1:].unfold(-1, 2, 1), lambda t, x, n: x.unfold(0, 0, 1).shape,
    lambda t, x, n: t.rot90(x), lambda t, x, n: x.rot90(2), lambda t, x, n: x.rot90(3, (1, 0)), lambda t, x, n: x.rot90(-1), lambda t, x, n: x.rot90(4), lambda t, x, n: x.rot90(1, (0, 0)), lambda t, x, n: x.rot90(1, [0]),
    lambda t, x, n: x.tensor_split(3, 1), lambda t, x, n: t.tensor_split(x, (1, 3), 1), lambda t, x, n: t.tensor_split(x, (3, 1), 1), lambda t, x, n: t.tensor_split(x, (-1, 7), 1), lambda t, x, n: x.tensor_split(5), lambda t, x, n: x.tensor_split(0),
    lambda t, x, n: x.split_with_sizes([1, 3], 1), lambda t, x, n: x.split_with_sizes([1, 1], 1), lambda t, x, n: t.dstack([x, x]), lambda t, x, n: t.dstack([x[0], x[1]]), lambda t, x, n: t.column_stack([x, x[:, 0]]), lambda t, x, n: t.column_stack([x[0], x[1]]),
    lambda t, x, n: t.atleast_1d(x[0, 0], x), lambda t, x, n: t.atleast_2d(x[0]), lambda t, x, n: t.atleast_3d([x, x[0], x[0, 0]]), lambda t, x, n: t.block_diag(x, x[0], x[0, 0]), lambda t, x, n: t.block_diag(x[None]),
    lambda t, x, n: t.fill(x, 2), lambda t, x, n: t.fill(x, x[0, 0]), lambda t, x, n: t.fill(x, x[0]), lambda t, x, n: x.index_copy(0, t.tensor([2, 0]), x[:2] * 2), lambda t, x, n: x.clone().index_copy_(1, t.tensor([3]), x[:, :1] ** 2),
    lambda t, x, n: x.index_copy(0, t.tensor([5]), x[:1]), lambda t, x, n: x.index_copy(0, t.tensor([1]), x), lambda t, x, n: x.index_put((t.tensor([0, 2]), t.tensor([1, 1])), x[0, :2] ** 2), lambda t, x, n: x.index_put((x > 0,), x[0, 0]),
    lambda t, x, n: x.index_put((t.tensor([0, 0]), t.tensor([1, 1])), x[0, :2] ** 2, accumulate=True), lambda t, x, n: x.clone().index_put_((t.tensor([1]),), x[0], True), lambda t, x, n: x.index_put((t.tensor([0]),), 2.0),
    lambda t, x, n: n << 2, lambda t, x, n: n >> 1, lambda t, x, n: 1 << n, lambda t, x, n: 9 >> n, lambda t, x, n: n << n, lambda t, x, n: n.int() << n[0], lambda t, x, n: n << -1, lambda t, x, n: -n >> 70, lambda t, x, n: n << 70, lambda t, x, n: x << 1,
    lambda t, x, n: (n > 1) << (n > 2), lambda t, x, n: t.bitwise_right_shift(n, n), lambda t, x, n: n << (n > 1), lambda t, x, n: n << 1.5, lambda t, x, n: n.clone().bitwise_left_shift_(2),
    lambda t, x, n: x.detach().scatter(1, n[:1, :3] % 3, 2.0, reduce="add"), lambda t, x, n: x.detach().scatter(1, n[:1, :3] * 0, 2.0, reduce="multiply"), lambda t, x, n: x.scatter(1, n, 2.0, reduce="sum"),
    lambda t, x, n: t.asarray([1, 2.0]), lambda t, x, n: t.asarray([1], dtype=t.float64, requires_grad=True).requires_grad, lambda t, x, n: t.asarray(np.arange(3), copy=True), lambda t, x, n: t.asarray([1], copy=False),
    lambda t, x, n: [t.empty(9, dtype=d).random_() for d in (t.float32, t.float64, t.float16, t.int64, t.int32, t.int8, t.uint8, t.bool)], lambda t, x, n: [t.empty(9).random_(5), t.empty(9, dtype=t.int64).random_(-2, 9)],
    lambda t, x, n: t.empty(3).random_(5, 2), lambda t, x, n: t.empty(2, dtype=t.float64).random_(2**40),
])  # fmt: skip
def test_further_shapes_and_picking(f):
    same(f, (3, 4), whole)


def test_changes_of_diagonals_and_windows():
    def diagonal(t, x):
        y = x * 2
        y.diagonal(1).mul_(x[:, 0])
        return [y * x, y.T.diagonal()]

    def window(t, x):
        y = x * 2
        y.unfold(1, 2, 2)[:, 0].mul_(3)
        return y * x

    same(diagonal, (3, 4))
    same(window, (3, 4))


@pytest.mark.parametrize("f", [
    lambda t, x: t.cov(x), lambda t, x: x.cov(correction=0), lambda t, x: t.cov(x[0]), lambda t, x: t.cov(x, fweights=t.tensor([1, 2, 0, 3])), lambda t, x: t.corrcoef(x), lambda t, x: x[0].corrcoef(),
    lambda t, x: t.cov(x, correction=2, fweights=t.tensor([1, 2, 0, 3]), aweights=t.tensor([0.5, 1.0, 2.0, 0.25], dtype=t.float64)), lambda t, x: t.round(x * 100, decimals=1), lambda t, x: (x * 1e4).round(decimals=-2),
    lambda t, x: t.vander(x[0].detach()), lambda t, x: t.vander(x[0].detach(), 3, True), lambda t, x: t.combinations(x[0]), lambda t, x: t.combinations(x[1], 3, with_replacement=True),
])  # fmt: skip
def test_statistics_and_choices(f):
    same(f, (3, 4))


@pytest.mark.parametrize("f", [
    lambda t: t.tril_indices(3, 4), lambda t: t.triu_indices(4, 2, -1, dtype=t.int32), lambda t: t.tril_indices(0, 3), lambda t: t.vander(t.tensor([1, 2, 3]), 0), lambda t: t.combinations(t.tensor([1, 2]), 0),
    lambda t: t.cov(t.ones(2, 2, 2)), lambda t: t.round(t.tensor([1]), decimals=2), lambda t: t.vander(t.ones(2, 2)), lambda t: t.vander(t.ones(2), -1), lambda t: t.combinations(t.ones(2, 2)),
    lambda t: t.combinations(t.ones(2), -1), lambda t: t.tril_indices(-1, 2), lambda t: t.cov(t.ones(2, 2), fweights=t.ones(2)), lambda t: t.cov(t.ones(2, 2), aweights=t.zeros(2)), lambda t: t.cov(t.tensor([True])),
    lambda t: t.corrcoef(t.ones(2, 2, 2)), lambda t: t.tril_indices(2, 2, dtype=t.bool),
])  # fmt: skip
def test_edges_of_statistics_and_choices(f):
    same(f)


@pytest.mark.parametrize("draw", [
    lambda x: x.exponential_(0.7), lambda x: x.exponential_(), lambda x: x.cauchy_(1, 2), lambda x: x.cauchy_(-3.5, 0.01), lambda x: x.geometric_(0.3),
    lambda x: x.geometric_(0.999), lambda x: x.log_normal_(0.5, 0.7), lambda x: x.log_normal_(),
])  # fmt: skip
@pytest.mark.parametrize("n", [1, 17, 20_001])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "int16"])
def test_draws_have_the_same_bits(draw, n, dtype):
    import torch

    import minitorch

    found = []
    for t in (minitorch, torch):
        t.manual_seed(n)
        try:
            values = draw(t.empty(n, dtype=getattr(t, dtype)))
            found.append([values.numpy(), t.rand(1).numpy()])
        except (RuntimeError, NotImplementedError) as error:
            found.append(type(error))
    ours, theirs = found
    if isinstance(ours, type):
        assert ours is theirs
        return
    assert ours[1] == theirs[1]  # as many words were drawn
    if dtype == "float64":
        assert np.allclose(ours[0], theirs[0], rtol=1e-14, atol=1e-16)
    else:
        assert np.array_equal(ours[0], theirs[0])


@pytest.mark.parametrize("f", [
    lambda t: t.empty(2).exponential_(0), lambda t: t.empty(2).exponential_(-1.0), lambda t: t.empty(2).exponential_(float("inf")), lambda t: t.empty(2).exponential_(float("nan")),
    lambda t: t.empty(2).geometric_(0), lambda t: t.empty(2).geometric_(1), lambda t: t.empty(2).geometric_(), lambda t: t.empty(2).bool().geometric_(0.5), lambda t: t.empty(2).cauchy_(0, 0),
    lambda t: t.empty(2).cauchy_(float("inf"), 1), lambda t: t.empty(2).cauchy_(0, float("nan")), lambda t: t.empty(2).log_normal_(1, -1), lambda t: t.empty(2).log_normal_(float("nan"), 1),
    lambda t: t.empty(2).log_normal_(1, float("inf")), lambda t: t.empty(3).exponential_("a"), lambda t: t.empty(3).exponential_(t.tensor(2.0)), lambda t: t.empty(0).exponential_(-1),
    lambda t: t.empty(4).exponential_(generator=t.Generator().manual_seed(0)), lambda t: t.ones(2, requires_grad=True).exponential_(), lambda t: t.empty(2).geometric_(p=0.5), lambda t: t.empty(2).cauchy_(median=1, sigma=2),
    lambda t: t.empty(3).log_normal_(mean=0, std=1, generator=t.Generator().manual_seed(4)), lambda t: t.empty(2, 3, 4).exponential_(lambd=3),
])  # fmt: skip
def test_calls_of_draws(f):
    same(f)
