"""Functions that are compositions of ops, beside their definitions in plain Python; their derivatives beside differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import gradcheck, gradgradcheck

VALUES = [0.3, -0.7, 1.4, -1.9, 0.05, 2.2]
SPECIAL = [0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan]


def leaf(values, *shape):
    return mt.tensor(values, dtype=mt.float64).reshape(*(shape or (-1,))).requires_grad_()


def derivatives_agree(function, *inputs):
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


NUMBERWISE = {
    "logit": (lambda x: mt.logit(x, 0.1), lambda x: math.log(min(max(x, 0.1), 0.9) / (1 - min(max(x, 0.1), 0.9)))),
    "deg2rad": (mt.deg2rad, math.radians),
    "rad2deg": (mt.rad2deg, math.degrees),
    "nan_to_num": (mt.nan_to_num, lambda x: x),
    "sgn": (mt.sgn, lambda x: math.copysign(1, x)),
    "positive": (mt.positive, lambda x: x),
    "float_power": (lambda x: mt.float_power(x, 3), lambda x: x**3),
    "rsub": (lambda x: mt.rsub(x, 2.0, alpha=3), lambda x: 2 - 3 * x),
    "heaviside": (lambda x: mt.heaviside(x, x.detach()), lambda x: float(x > 0)),
    "fmax": (lambda x: mt.fmax(x, x.detach() * 0 + 0.5), lambda x: max(x, 0.5)),
    "fmin": (lambda x: mt.fmin(x, x.detach() * 0 + 0.5), lambda x: min(x, 0.5)),
    "digamma": (mt.digamma, lambda x: (math.lgamma(x + 1e-5) - math.lgamma(x - 1e-5)) / 2e-5),
}


@pytest.mark.parametrize("name", NUMBERWISE)
def test_functions_of_numbers(name):
    function, plain = NUMBERWISE[name]
    x = leaf(VALUES)
    np.testing.assert_allclose(function(x).tolist(), [plain(v) for v in VALUES], rtol=1e-6 if name == "digamma" else 1e-14)
    derivatives_agree(function, x)


def table(*shape, seed=0):
    return mt.from_numpy(np.random.default_rng(seed).uniform(-2, 2, shape)).requires_grad_()


def summed(output, *terms):
    """The array of a shape whose element at each place is the sum of terms(place)."""
    out = np.zeros(output)
    for place in np.ndindex(*output):
        out[place] = math.fsum(terms[0](*place))
    return out


def test_products_are_sums_over_indices():
    a, b, v, w = table(2, 3), table(3, 2, seed=1), table(3, seed=2), table(2, seed=3)
    s, u = table(2, 2, 3, seed=4), table(2, 3, 2, seed=5)
    A, B, V, W, S, U = (x.detach().numpy() for x in (a, b, v, w, s, u))
    i2, i3 = range(2), range(3)
    for function, inputs, expected in (
        (mt.inner, (a, table(4, 3)), summed((2, 4), lambda i, j: (A[i, k] * table(4, 3).detach().numpy()[j, k] for k in i3))),
        (mt.vdot, (v, v), summed((), lambda: (x * x for x in V))),
        (lambda a, b: mt.tensordot(a, b, 1), (a, b), summed((2, 2), lambda i, j: (A[i, k] * B[k, j] for k in i3))),
        (lambda a, b: mt.tensordot(a, b, ([0, 1], [1, 0])), (a, b),
         summed((), lambda: (A[i, k] * B[k, i] for k in i3 for i in i2))),
        (mt.kron, (a, w), summed((2, 6), lambda i, j: (A[i, j // 2] * W[j % 2],))),
        (lambda w, a, v: mt.addmv(w, a, v, beta=2, alpha=3), (w, a, v),
         summed((2,), lambda i: (2 * W[i], *(3 * A[i, k] * V[k] for k in i3)))),
        (lambda a, w, v: mt.addr(a, w, v, alpha=-2), (a, w, v), summed((2, 3), lambda i, j: (A[i, j], -2 * W[i] * V[j]))),
        (lambda w, s, u: mt.baddbmm(w, s, u, beta=0.5), (w, s, u),
         summed((2, 2, 2), lambda n, i, j: (0.5 * W[j], *(S[n, i, k] * U[n, k, j] for k in i3)))),
        (lambda w, s, u: mt.addbmm(w, s, u, alpha=2), (w, s, u),
         summed((2, 2), lambda i, j: (W[j], *(2 * S[n, i, k] * U[n, k, j] for k in i3 for n in i2)))),
        (lambda a, v: mt.linalg.cross(a, v[None]), (a, v),
         summed((2, 3), lambda i, j: (A[i, j - 2] * V[j - 1], -A[i, j - 1] * V[j - 2]))),
        (lambda a, b: mt.cdist(a, b.T, 1), (a, b), summed((2, 2), lambda i, j: (abs(A[i, k] - B[k, j]) for k in i3))),
        (lambda a, b: mt.cdist(a, b.T), (a, b), summed((2, 2), lambda i, j: (math.dist(A[i], B[:, j]),))),
        (lambda a: mt.linalg.matrix_norm(a, 1), (a,), np.array(max(sum(abs(A[i, j]) for i in i2) for j in i3))),
        (lambda a: mt.linalg.norm(a, -math.inf), (a,), np.array(min(sum(abs(A[i, j]) for j in i3) for i in i2))),
        (mt.linalg.norm, (a,), np.array(math.hypot(*A.flat))),
        (lambda a: mt.logdet(a @ a.T), (a,), np.array(2 * math.log(math.hypot(*np.cross(A[0], A[1]))))),
    ):  # fmt: skip
        value = function(*inputs)
        np.testing.assert_allclose(value.detach().numpy(), expected, rtol=1e-12)
        derivatives_agree(function, *inputs)


def test_scans_and_reductions():
    rows = [[2.0, 0.0, 3.0, -1.5, 0.5], [0.0, 1.0, 0.0, 2.0, 4.0], [1.0, 2.0, -3.0, 4.0, 5.0]]
    x = leaf([v for row in rows for v in row], 3, 5)
    for function, plain in (
        (mt.cumprod, lambda row: [math.prod(row[: i + 1]) for i in range(5)]),
        (mt.logcumsumexp, lambda row: [math.log(math.fsum(map(math.exp, row[: i + 1]))) for i in range(5)]),
    ):
        np.testing.assert_allclose(function(x, 1).tolist(), [plain(row) for row in rows], rtol=1e-13)
        derivatives_agree(lambda x, function=function: function(x, 1), x)
    for function, best in ((mt.cummax, max), (mt.cummin, min)):
        values, indices = function(x, 1)
        assert values.tolist() == [[best(row[: i + 1]) for i in range(5)] for row in rows]
        assert indices.tolist() == [
            [max(j for j in range(i + 1) if row[j] == best(row[: i + 1])) for i in range(5)] for row in rows
        ]
        derivatives_agree(lambda y, function=function: function(y, 1).values, table(3, 5))
    assert mt.aminmax(x, dim=1).max.tolist() == [max(row) for row in rows]
    holes = leaf([1.0, math.nan, 3.0, math.nan])
    assert holes.nansum().item() == 4
    assert holes.nanmean().item() == 2
    (gradient,) = mt.autograd.grad(holes.nanmean(), holes)
    assert gradient.tolist() == [0.5, 0, 0.5, 0]
    far = leaf([-math.inf, -math.inf, 1000.0, 1000.0])
    assert far.logcumsumexp(0).tolist() == [-math.inf, -math.inf, 1000, 1000 + math.log(2)]
    (gradient,) = mt.autograd.grad(far.logcumsumexp(0)[3], far)
    np.testing.assert_allclose(gradient.tolist(), [0, 0, 0.5, 0.5])
    assert x.detach().histc(4, -2, 2).tolist() == [1, 0, 4, 5]
    counts, edges = mt.histogram(x.detach(), mt.tensor([0.0, 1, 5], dtype=mt.float64))
    assert counts.tolist() == [4, 9]
    assert edges.tolist() == [0, 1, 5]


def test_diagonals_and_windows_share_memory():
    for base in (mt.zeros(3, 4), mt.zeros(4, 3).T, mt.zeros(2, 3, 8)[1, :, ::2], mt.zeros(4, 2, 3).permute(1, 2, 0).clone()[0]):
        base.diagonal(1).fill_(7.0)
        assert [(i, j) for i in range(3) for j in range(4) if base[i, j] == 7] == [(0, 1), (1, 2), (2, 3)]
        base.unfold(1, 2, 2)[2, 1, 0] = 5.0
        assert base[2, 2].item() == 5
    x = table(3, 4)
    y = x * 1.0
    y.diagonal().mul_(y.detach().clone()[:, 3])
    (gradient,) = mt.autograd.grad(y.sum(), x)
    assert gradient.tolist() == [[x[i, 3].item() if i == j else 1.0 for j in range(4)] for i in range(3)]


def test_shapes_and_picking():
    x, v = table(2, 3), table(3, seed=1)
    rows, row = x.tolist(), v.tolist()
    at = mt.tensor([1, 1]), mt.tensor([0, 0])
    for function, inputs, expected in (
        (mt.rot90, (x,), [[rows[j][2 - i] for j in range(2)] for i in range(3)]),
        (lambda v: mt.diag_embed(v, 1), (v,), [[row[i] if j == i + 1 and i < 3 else 0 for j in range(4)] for i in range(4)]),
        (mt.block_diag, (x, v), [[*rows[0], 0, 0, 0], [*rows[1], 0, 0, 0], [0, 0, 0, *row]]),
        (lambda v: mt.dstack([v, v]), (v,), [[[a, a] for a in row]]),
        (lambda v: mt.column_stack([v, v]), (v,), [[a, a] for a in row]),
        (lambda v: mt.atleast_3d(v), (v,), [[[a] for a in row]]),
        (lambda x: mt.tensor_split(x, 2, 1)[0], (x,), [r[:2] for r in rows]),
        (lambda x: x.split_with_sizes([1, 2], 1)[1], (x,), [r[1:] for r in rows]),
        (lambda x, v: x.index_copy(0, mt.tensor([1]), v[None]), (x, v), [rows[0], row]),
        (lambda x, v: x.index_put(at, v[:2], accumulate=True), (x, v), [rows[0], [rows[1][0] + row[0] + row[1], *rows[1][1:]]]),
        (lambda x, v: x.index_put((mt.tensor([1]),), v), (x, v), [rows[0], row]),
        (lambda x: x.scatter(1, mt.tensor([[2, 2]]), 0.5, reduce="add"), (x,), [[*rows[0][:2], rows[0][2] + 1], rows[1]]),
        (lambda x, v: mt.fill(x, v[0]), (x, v), [[row[0]] * 3] * 2),
    ):
        np.testing.assert_allclose(function(*inputs).tolist(), expected, rtol=1e-14)
        derivatives_agree(function, *inputs)
    n = mt.tensor([5, -6])
    assert [(n << 3).tolist(), (n >> 1).tolist(), (1 << mt.tensor([3])).tolist()] == [[40, -48], [2, -3], [8]]
    assert x.detach().scatter(1, mt.tensor([[0, 0]]), 3.0, reduce="multiply")[0, 0].item() == pytest.approx(9 * rows[0][0])
    drawn = mt.empty(1000, dtype=mt.int64).random_(2, 5)
    assert drawn.unique().tolist() == [2, 3, 4]


def test_infinities_and_nan():
    x, y = leaf(SPECIAL, -1, 1).detach(), leaf(SPECIAL).detach()
    for a in range(len(SPECIAL)):
        for b in range(len(SPECIAL)):
            p, q = SPECIAL[a], SPECIAL[b]
            number = q if p != p else p if q != q else None
            for function, plain in ((mt.fmax, max), (mt.fmin, min)):
                np.testing.assert_equal(function(x[a, 0], y[b]).item() + 0.0, (plain(p, q) if number is None else number) + 0.0)
            assert mt.copysign(x[a], y[b]).signbit().item() == (math.copysign(1, q) < 0)
    largest = float(np.finfo(np.float64).max)
    assert mt.nan_to_num(y).tolist() == [0, 0, 1, -2.5, largest, -largest, 0]
    assert mt.nan_to_num(y, 7, 8, 9).tolist() == [0, 0, 1, -2.5, 8, 9, 7]
    assert mt.logaddexp(y[4], y[5]).item() == math.inf
    assert mt.hypot(leaf([3e200]), leaf([4e200])).item() == pytest.approx(5e200, rel=1e-15)
    assert mt.erfc(leaf([10.0])).item() == pytest.approx(math.erfc(10), rel=1e-15)
    steep = leaf([3e200])
    mt.asinh(steep).sum().backward()  # the square of x exceeds the range
    assert steep.grad.item() == pytest.approx(1 / 3e200)


def test_refusals_are_sentences():
    x, n, mask = mt.ones(2), mt.tensor([1, 2]), mt.tensor([True, False])
    for kind, words, call in (
        (NotImplementedError, "hypot.*int64", lambda: mt.hypot(n, n)),
        (NotImplementedError, "logaddexp.*int64", lambda: mt.logaddexp(n, mask)),
        (NotImplementedError, "fmod.*bool", lambda: mt.fmod(mask, mask)),
        (RuntimeError, "ZeroDivision", lambda: mt.fmod(n, 0)),
        (RuntimeError, "different dtypes.*float32.*int64", lambda: mt.heaviside(x, n)),
        (RuntimeError, "bool tensor", lambda: mt.positive(mask)),
        (RuntimeError, "negative n.*-1", lambda: mt.polygamma(-1, x)),
        (TypeError, "both are numbers", lambda: mt.xlogy(1.0, 2.0)),
        (TypeError, "both are numbers", lambda: mt.float_power(1.0, 2.0)),
        (TypeError, "must be Tensor", lambda: mt.fmax(x, 1.0)),
        (NotImplementedError, "logcumsumexp.*int64", lambda: mt.logcumsumexp(n, 0)),
        (RuntimeError, "nanmean.*int64", lambda: mt.nanmean(n)),
        (RuntimeError, "bins must be > 0.*0", lambda: mt.histc(x, 0)),
        (RuntimeError, "max must be larger", lambda: mt.histc(x, 3, 2, 1)),
        (RuntimeError, "2 elements", lambda: mt.histogram(x, 3, range=(1,))),
        (RuntimeError, "increasing", lambda: mt.histogram(x, mt.tensor([2.0, 1.0]))),
        (RuntimeError, "identical 1, 1", lambda: mt.ones(2, 2).diagonal(0, 1, 1)),
        (RuntimeError, "maximum size.*2 but size is 3", lambda: x.unfold(0, 3, 1)),
        (RuntimeError, "step is 0", lambda: x.unfold(0, 1, 0)),
        (RuntimeError, "larger than 0", lambda: mt.tensor_split(x, 0)),
        (IndexError, "index 5 is out of bounds", lambda: x.index_copy(0, mt.tensor([5]), mt.ones(1))),
        (RuntimeError, "add or multiply.*'sum'", lambda: x.scatter(0, n, 1.0, reduce="sum")),
        (NotImplementedError, "left_shift", lambda: x << 1),
        (ValueError, "copy is False", lambda: mt.asarray([1], copy=False)),
        (RuntimeError, "from=5 >= to=2", lambda: mt.empty(2).random_(5, 2)),
        (RuntimeError, "singular", lambda: mt.linalg.inv(mt.zeros(2, 2))),
        (RuntimeError, "square matrices.*2 by 3", lambda: mt.linalg.det(mt.ones(2, 3))),
        (RuntimeError, "length 3.*\\[2\\]", lambda: mt.linalg.cross(x, x)),
        (RuntimeError, "Order 3.*'fro', 'nuc'", lambda: mt.linalg.matrix_norm(mt.ones(2, 2), 3)),
        (RuntimeError, "last dimension.*\\[2, 3\\]", lambda: mt.inner(x, mt.ones(2, 3))),
        (RuntimeError, "number of columns", lambda: mt.cdist(mt.ones(2, 3), mt.ones(2, 2))),
        (RuntimeError, "contracted dimensions", lambda: mt.tensordot(mt.ones(2, 3), mt.ones(2, 3), 1)),
    ):
        with pytest.raises(kind, match=words):
            call()


def test_cdist_knows_its_modes():
    a = mt.ones(2, 3)
    assert (mt.cdist(a, a, compute_mode="use_mm_for_euclid_dist") == 0).all()
    with pytest.raises(ValueError, match="fast is not a valid value for compute_mode: use_mm"):
        mt.cdist(a, a, compute_mode="fast")


def test_a_truncated_quotient_of_integers_is_exact():
    a = mt.tensor([7, -7, 7, -7, 0, 2**40 + 1, 16777217])
    b = mt.tensor([2, 2, -2, -2, 3, 1, 1])
    assert mt.div(a, b, rounding_mode="trunc").tolist() == [3, -3, -3, 3, 0, 2**40 + 1, 16777217]
    assert mt.div(a, -3, rounding_mode="trunc").tolist()[:4] == [-2, 2, -2, 2]
    with pytest.raises(RuntimeError, match="ZeroDivision"):
        mt.div(a, 0, rounding_mode="trunc")


def test_a_mask_that_does_not_fit_is_a_sentence():
    with pytest.raises(RuntimeError, match=r"shape mismatch: \[2, 3\], \[2, 2\] cannot be broadcast"):
        mt.masked_select(mt.ones(2, 3), mt.ones(2, 2) > 0)


@pytest.mark.parametrize("case", [0, 1, 2])
def test_areas_under_curves(case):
    y = mt.randn(3, 5, dtype=mt.float64, requires_grad=True)
    x = [None, mt.randn(5, dtype=mt.float64, requires_grad=True), mt.randn(3, 5, dtype=mt.float64, requires_grad=True)][case]
    options = {"dx": 0.5} if x is None else {"x": x}
    places = [[0.5 * i for i in range(5)] for _ in range(3)] if x is None else x.expand(3, 5).tolist()
    expected = []
    for row, at in zip(y.tolist(), places, strict=True):
        areas = [0.0]
        for i in range(4):
            areas.append(areas[-1] + (at[i + 1] - at[i]) * (row[i] + row[i + 1]) / 2)
        expected.append(areas[1:])
    for function, found in ((mt.trapezoid, [row[-1] for row in expected]), (mt.cumulative_trapezoid, expected)):
        assert np.allclose(function(y, **options).detach().numpy(), found)

        def of_both(y, *x, function=function):
            return function(y, *x, **({} if x else options))

        inputs = [y] if x is None else [y, x]
        assert gradcheck(of_both, inputs)
        assert gradgradcheck(of_both, inputs)
    assert mt.trapz is mt.trapezoid
    halves = mt.full((3000,), 60.0).half()
    assert mt.trapezoid(halves, dx=0.01).item() == pytest.approx(60 * 29.99, rel=1e-3)


@pytest.mark.parametrize("name", ["trapezoid", "cumulative_trapezoid"])
def test_wrong_areas(name):
    function, y = getattr(mt, name), mt.ones(2, 3)
    with pytest.raises(RuntimeError, match=f"{name}: There must be one `x` value for each sample point: x has 2, y 3 along"):
        function(y, mt.ones(2))
    with pytest.raises(RuntimeError, match=f"{name}: received a bool input"):
        function(y > 0)
    with pytest.raises(TypeError, match="pass one of the two"):
        function(y, y, dx=1.0)
    with pytest.raises(IndexError, match="Dimension specified as -1 but tensor has no dimensions"):
        function(mt.tensor(1.0))


def test_modes():
    random = np.random.default_rng(0)
    for _ in range(30):
        rows = random.integers(0, 4, (3, random.integers(1, 9)))
        values, indices = [], []
        for row in rows.tolist():
            best = min(set(row), key=lambda value, row=row: (-row.count(value), value))
            values.append(best)
            indices.append(max(i for i, value in enumerate(row) if value == best))
        found = mt.mode(mt.tensor(rows))
        assert (found.values.tolist(), found.indices.tolist()) == (values, indices)
        columns = mt.mode(mt.tensor(rows.T), 0, keepdim=True)
        assert (columns.values.tolist(), columns.indices.tolist()) == ([values], [indices])
    x = mt.tensor([[1.0, 2.0, 2.0], [3.0, 1.0, 1.0]], requires_grad=True)
    (x.mode().values * mt.tensor([1.0, 10.0])).sum().backward()
    assert x.grad.tolist() == [[0, 0, 1], [0, 0, 10]]
    assert mt.mode(mt.tensor([math.nan, 1.0, 1.0, math.nan, math.nan])).values.item() == 1
    with pytest.raises(IndexError, match=r"Expected reduction dim 0 to have non-zero size, input is \[0\]"):
        mt.mode(mt.zeros(0))


def test_the_derivative_of_logit_is_nan_where_its_value_is():
    x = mt.tensor([-1.0, 0.5, 2.0], requires_grad=True)
    mt.logit(x).sum().backward()
    assert x.grad.isnan().tolist() == [True, False, True]


def test_any_and_all_reduce_no_dimension_where_none_is_named():
    x = mt.tensor([[0, 2], [1, 0]], dtype=mt.uint8)
    for function in (mt.any, mt.all):
        y = function(x, dim=())
        assert (y.tolist(), y.dtype) == ([[0, 1], [1, 0]], mt.uint8)
