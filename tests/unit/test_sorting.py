"""Sorting, searching and counting beside plain Python."""

import bisect
import collections
import itertools
import math
import statistics

import pytest

import minitorch as mt
from minitorch.autograd import gradcheck, gradgradcheck

ROWS = [[3.0, 1.0, 3.0, -2.0, 1.0], [0.5, 0.5, 0.5, 0.5, 9.0], [-1.0, 7.0, 4.0, 0.0, -3.0]]
COLUMNS = [list(column) for column in zip(*ROWS, strict=True)]
NAN = [2.0, math.nan, -1.0, math.nan]


def in_order(values, descending=False):
    """The indices that sort: equals in their order, nan as the largest."""
    key = lambda i: (math.isnan(values[i]), 0.0 if math.isnan(values[i]) else values[i])  # noqa: E731
    return sorted(range(len(values)), key=key, reverse=descending)


@pytest.mark.parametrize("descending", [False, True])
def test_the_order_is_that_of_python(descending):
    x = mt.tensor(ROWS)
    assert x.argsort(descending=descending).tolist() == [in_order(row, descending) for row in ROWS]
    assert x.argsort(0, descending).T.tolist() == [in_order(column, descending) for column in COLUMNS]
    assert mt.tensor(NAN).argsort(descending=descending).tolist() == in_order(NAN, descending)
    values, indices = x.sort(-2, descending)
    assert values.T.tolist() == [sorted(column, reverse=descending) for column in COLUMNS]
    assert mt.equal(indices, x.argsort(0, descending))


def test_the_k_largest_and_the_kth_smallest_and_the_median():
    x = mt.tensor(ROWS)
    for k, largest in itertools.product(range(6), (True, False)):
        values, indices = x.topk(k, largest=largest)
        assert values.tolist() == [sorted(row, reverse=largest)[:k] for row in ROWS]
        assert indices.tolist() == [in_order(row, largest)[:k] for row in ROWS]
    for k in range(1, 4):
        values, indices = x.kthvalue(k, 0, True)
        assert values.tolist() == [[sorted(column)[k - 1] for column in COLUMNS]]
        assert indices.tolist() == [[in_order(column)[k - 1] for column in COLUMNS]]
        assert x.kthvalue(k, 0).values.tolist() == values[0].tolist()
        assert x.kthvalue(k, 0).indices.tolist() == indices[0].tolist()
    assert x.median().item() == statistics.median_low([*ROWS[0], *ROWS[1], *ROWS[2]])
    assert x.median(1).values.tolist() == [statistics.median_low(row) for row in ROWS]
    assert x.median(0, True).values.tolist() == [[statistics.median_low(column) for column in COLUMNS]]
    assert mt.tensor([4, 1, 3, 2]).median().item() == 2


def test_a_median_with_nan_is_nan_and_that_of_nothing_too():
    values, indices = mt.tensor([NAN, [1.0, 5.0, 3.0, 2.0]]).median(1)
    assert math.isnan(values[0])
    assert math.isnan(NAN[indices[0]])
    assert (values[1].item(), indices[1].item()) == (2.0, 3)
    assert math.isnan(mt.zeros(0).median())
    assert mt.zeros(0, 3).median(1).values.shape == (0,)


def test_a_number_is_its_own_order():
    x = mt.tensor(3.0, requires_grad=True)
    for values, indices in (x.sort(), x.sort(0), x.topk(1), x.kthvalue(1, -1), x.median(0)):
        assert (values.shape, values.item(), indices.shape, indices.item()) == ((), 3.0, (), 0)
        assert values is not x
        (slope,) = mt.autograd.grad(values, x)
        assert slope.item() == 1.0
    assert x.quantile(0.3, 0, True).shape == ()
    assert x.quantile(0.3).item() == 3.0


NUMBER = mt.tensor(3.0)
OUT_OF_RANGE = r"Dimension out of range \(expected to be in range of \[-1, 0\], but got 1\)"


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: NUMBER.argsort(1), IndexError, OUT_OF_RANGE),
        (lambda: NUMBER.sort(1), IndexError, OUT_OF_RANGE),
        (lambda: NUMBER.topk(1, 1), IndexError, OUT_OF_RANGE),
        (lambda: NUMBER.kthvalue(1, 1), IndexError, OUT_OF_RANGE),
        (lambda: NUMBER.median(1), IndexError, OUT_OF_RANGE),
        (lambda: mt.ones(2).topk(3), RuntimeError, "selected index k out of range: k=3 of the 2 elements along dimension -1"),
        (lambda: NUMBER.topk(-1), RuntimeError, "selected index k out of range: k=-1 of the 1 elements along dimension -1"),
        (lambda: mt.ones(2).kthvalue(0), RuntimeError, "number k out of range for dimension -1: k=0, of 2 elements"),
        (lambda: mt.ones(2, 0).kthvalue(1), IndexError, r"reduction dim 1 to have non-zero size, input is \[2, 0\]"),
        (lambda: mt.ones(0, 2).median(0), IndexError, r"reduction dim 0 to have non-zero size, input is \[0, 2\]"),
        (lambda: NUMBER.unique(dim=0), IndexError, "Dimension specified as 0 but tensor has no dimensions: leave dim out"),
        (lambda: mt.ones(2).unique(dim=1), IndexError, OUT_OF_RANGE),
        (
            lambda: mt.ones(2, 0).unique(dim=0),
            RuntimeError,
            r"slices of \[2, 0\] along dimension 0 have no elements to compare",
        ),
        (lambda: mt.tensor([-1]).bincount(), RuntimeError, r"1-d non-negative integral inputs, got minitorch.int64 \[1\]"),
        (lambda: mt.tensor([[1]]).bincount(), RuntimeError, r"1-d non-negative integral inputs, got minitorch.int64 \[1, 1\]"),
        (lambda: mt.ones(1).bincount(), RuntimeError, r"1-d non-negative integral inputs, got minitorch.float32 \[1\]"),
        (lambda: mt.tensor([1]).bincount(minlength=-1), RuntimeError, "minlength should be at least 0, but got -1"),
        (lambda: mt.tensor([1]).bincount(mt.ones(2)), RuntimeError, r"have the same length as input: \[2\]"),
        (lambda: mt.zeros(0).quantile(0.5), RuntimeError, r"input tensor must be non-empty, got \[0\]"),
        (lambda: mt.ones(2).quantile(1.5), RuntimeError, r"q must be in the range \[0, 1\] but got 1.5"),
        (lambda: mt.ones(2).quantile(math.nan), RuntimeError, r"q must be in the range \[0, 1\] but got nan"),
        (lambda: mt.ones(2).quantile(mt.tensor([0.5, 2.0])), RuntimeError, r"in the range \[0, 1\] but got \[0.5, 2.0\]"),
        (lambda: mt.ones(2).quantile(mt.ones(1, 1)), RuntimeError, r"scalar or 1D tensor, but got the shape \[1, 1\]"),
        (
            lambda: mt.ones(2).quantile(mt.ones(1).double()),
            RuntimeError,
            "input's type minitorch.float32, but got minitorch.flo",
        ),
        (lambda: mt.searchsorted(mt.ones(1, 2), 1), RuntimeError, r"must be a vector, but got \[1, 2\]"),
        (lambda: mt.ones(2).take(mt.tensor([2])), IndexError, "index 2 is out of bounds"),
        (lambda: mt.ones(2).take(mt.tensor([True, False])), RuntimeError, "long tensor for index, but got minitorch.bool"),
        (lambda: NUMBER.diff(), RuntimeError, r"at least one dimension and n >= 0, but got \[\] and n=1"),
        (lambda: mt.ones(2).diff(-1), RuntimeError, r"at least one dimension and n >= 0, but got \[2\] and n=-1"),
        (lambda: mt.ones(2).diff(dim=1), IndexError, OUT_OF_RANGE),
        (lambda: mt.ones(2).diff(append=NUMBER), RuntimeError, r"same dimension as input, 1, and got \[1, 0\]"),
        (lambda: mt.ones(1, 2).diff(prepend=mt.ones(0)), RuntimeError, r"same dimension as input, 2, and got \[1, 2\]"),
    ],
)
def test_what_cannot_be_sorted_or_counted(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_distinct_elements_and_slices_with_their_indices_and_counts():
    values = [3, 1, 3, 2, 1, 3]
    counted = sorted(collections.Counter(values).items())
    distinct, inverse, counts = mt.tensor(values).reshape(2, 3).unique(return_inverse=True, return_counts=True)
    assert distinct.tolist() == [value for value, _ in counted]
    assert counts.tolist() == [count for _, count in counted]
    assert distinct[inverse].tolist() == [values[:3], values[3:]]
    assert [part.tolist() for part in mt.tensor(values).unique(return_counts=True)] == [distinct.tolist(), counts.tolist()]
    planes = mt.tensor([[[1, 2], [0, 1], [1, 2]], [[3, 4], [3, 4], [3, 4]]])
    slices, inverse, counts = planes.unique(dim=1, return_inverse=True, return_counts=True)
    assert slices.tolist() == [[[0, 1], [1, 2]], [[3, 4], [3, 4]]]
    assert (inverse.tolist(), counts.tolist()) == ([1, 0, 1], [1, 2])
    assert mt.equal(slices, planes.unique(dim=-2))
    assert mt.zeros(0, 2).unique(dim=0).shape == (0, 2)
    assert mt.tensor(NAN).unique().shape == (4,)  # no nan equals another


def test_places_of_what_is_not_zero():
    x = mt.tensor([[0.0, 2.0, math.nan], [1.0, 0.0, -0.0]])
    assert x.nonzero().tolist() == mt.argwhere(x).tolist() == [[0, 1], [0, 2], [1, 0]]
    assert [part.tolist() for part in x.nonzero(as_tuple=True)] == [[0, 0, 1], [1, 2, 0]]
    assert mt.tensor(5).nonzero().shape == (1, 0)
    assert mt.tensor(0).nonzero().shape == (0, 0)
    assert [part.tolist() for part in mt.tensor(5).nonzero(as_tuple=True)] == [[0]]


def test_counts_of_integers_and_sums_of_their_weights():
    values, weights = [4, 0, 4, 1], [0.5, 2.0, 0.25, -1.0]
    x = mt.tensor(values)
    assert x.bincount().tolist() == [values.count(i) for i in range(5)]
    assert x.bincount(minlength=7).tolist() == [values.count(i) for i in range(7)]
    sums = [sum(w for v, w in zip(values, weights, strict=True) if v == i) for i in range(6)]
    for dtype, of_sums in ((mt.float32, mt.float32), (mt.float64, mt.float64), (mt.float16, mt.float64)):
        summed = x.bincount(mt.tensor(weights, dtype=dtype), 6)
        assert (summed.tolist(), summed.dtype) == (sums, of_sums)
    assert x.bincount(mt.tensor([1, 2, 3, 4])).dtype is mt.float64
    assert mt.zeros(0, dtype=mt.int64).bincount().tolist() == []


def share(values, q):
    values = sorted(values)
    place = q * (len(values) - 1)
    low, high = values[math.floor(place)], values[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


@pytest.mark.parametrize("keepdim", [False, True])
def test_quantiles_lie_between_two_neighbours_in_proportion(keepdim):
    x, shares = mt.tensor(ROWS, dtype=mt.float64), [0.0, 0.3, 0.5, 0.77, 1.0]
    for q in shares:
        assert x.quantile(q, keepdim=keepdim).item() == pytest.approx(share([*ROWS[0], *ROWS[1], *ROWS[2]], q))
        rows = x.quantile(q, 1, keepdim)
        assert rows.shape == ((3, 1) if keepdim else (3,))
        assert rows.flatten().tolist() == pytest.approx([share(row, q) for row in ROWS])
    every = mt.tensor(shares, dtype=mt.float64)
    assert x.quantile(every, keepdim=keepdim).shape == ((5, 1, 1) if keepdim else (5,))
    columns = x.quantile(every, -2, keepdim)
    assert columns.shape == ((5, 1, 5) if keepdim else (5, 5))
    expected = [[share(column, q) for column in COLUMNS] for q in shares]
    assert mt.allclose(columns.reshape(5, 5), mt.tensor(expected, dtype=mt.float64))
    assert x.quantile(every[:0], 1, keepdim).shape == ((0, 3, 1) if keepdim else (0, 3))
    assert x.quantile(every[1], 0, keepdim).shape == ((1, 5) if keepdim else (5,))


def test_quantiles_with_nan_and_infinities():
    of_nan, of_infinity = mt.tensor([NAN, [-math.inf, 1.0, 3.0, math.inf]]).quantile(mt.tensor([0.2, 0.5]), 1).T
    assert of_nan.isnan().all()
    assert of_infinity.tolist() == [-math.inf, 2.0]


def test_the_gradient_of_a_quantile_reaches_the_elements_and_the_share():
    x = mt.tensor([[0.3, -1.0, 2.0, 5.0], [1.0, 0.5, 2.5, -3.0]], dtype=mt.float64, requires_grad=True)
    q = mt.tensor([0.1, 0.45, 0.9], dtype=mt.float64, requires_grad=True)
    for dim in (None, 0, 1):
        assert gradcheck(lambda x, q, dim=dim: mt.quantile(x, q, dim), (x, q))
        assert gradgradcheck(lambda x, q, dim=dim: mt.quantile(x, q, dim), (x, q))
    (slope,) = mt.autograd.grad(mt.tensor([1.0, 2.0, 5.0], dtype=mt.float64).quantile(q[1]), q)
    assert slope.tolist() == [0.0, 2.0, 0.0]  # two steps of the share from 1 to 2


@pytest.mark.parametrize("right", [False, True])
def test_where_values_belong_in_a_sorted_vector(right):
    vector, values = [1.0, 3.0, 3.0, 8.0], [[0.0, 1.0, 3.0], [3.5, 8.0, 9.0]]
    place = bisect.bisect_right if right else bisect.bisect_left
    places = [[place(vector, value) for value in row] for row in values]
    assert mt.searchsorted(mt.tensor(vector), mt.tensor(values), right=right).tolist() == places
    assert mt.bucketize(mt.tensor(values), mt.tensor(vector), right=right).tolist() == places
    found = mt.searchsorted(mt.tensor(vector), 3, right=right)
    assert (found.item(), found.dtype, found.shape) == (place(vector, 3), mt.int64, ())


def differences(values, n):
    for _ in range(n):
        values = [b - a for a, b in itertools.pairwise(values)]
    return values


def test_differences_of_neighbours():
    x = mt.tensor(ROWS)
    for n in range(8):
        assert x.diff(n).tolist() == [differences(row, n) for row in ROWS]
        assert x.diff(n, 0).T.reshape(5, -1).tolist() == [differences(column, n) for column in COLUMNS]
    one = mt.tensor([10.0])
    assert x[0].diff(prepend=one).tolist() == differences([10.0, *ROWS[0]], 1)
    assert x[0].diff(append=one, n=2).tolist() == differences([*ROWS[0], 10.0], 2)
    assert x[0].diff(prepend=one, append=one).tolist() == differences([10.0, *ROWS[0], 10.0], 1)  # the same tensor twice
    assert mt.tensor([True, False, False, True]).diff().tolist() == [True, False, True]
    assert mt.zeros(3, 0).diff().shape == (3, 0)


def test_no_differences_are_a_copy():
    x = mt.tensor([1.0, 4.0])
    copy = x.diff(0, prepend=mt.zeros(1))
    copy.zero_()
    assert x.tolist() == [1.0, 4.0]


def test_elements_of_the_flattened_tensor():
    assert mt.tensor(ROWS).take(mt.tensor([[0, 14], [-1, 7]])).tolist() == [[3.0, -3.0], [-3.0, 0.5]]


def test_pairs_print_their_fields():
    assert repr(mt.tensor([3, 1]).sort()) == "minitorch.return_types.sort(\nvalues=tensor([1, 3]),\nindices=tensor([1, 0]))"


def test_the_median_of_all_shares_its_gradient_and_knows_nan():
    x = mt.tensor([1.0, 3.0, 3.0, 2.0, 3.0], requires_grad=True)
    x.median().backward()
    assert mt.allclose(x.grad, mt.tensor([0.0, 1.0, 1.0, 0.0, 1.0]) / 3)
    assert mt.tensor([5, 1, 3, 9]).median().item() == 3
    assert mt.isnan(mt.tensor([float("nan"), 1.0]).median())


def test_running_products_start_at_the_first_factor():
    assert mt.tensor([0.0] + [100.0] * 40).cumprod(0).tolist() == [0] * 41
    assert mt.allclose(mt.tensor([1e-30, 1e30, 1e30]).cumprod(0), mt.tensor([1e-30, 1.0, 1e30]))
    x = mt.tensor([2.0, 0.0, 3.0], requires_grad=True)
    x.cumprod(0).sum().backward()
    assert x.grad.tolist() == [1, 2 + 6, 0]
