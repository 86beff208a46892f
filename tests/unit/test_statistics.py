"""Covariances and correlations beside plain Python; powers, choices and triangles beside loops."""

import itertools
import statistics

import pytest

import minitorch as mt
from minitorch.autograd import gradcheck, gradgradcheck

ROWS = [[0.3, -1.0, 2.0, 5.0], [1.0, 0.5, 2.5, -3.0], [2.0, 2.5, 1.0, 0.0]]


def test_covariances_and_correlations_are_those_of_each_pair():
    x = mt.tensor(ROWS, dtype=mt.float64)
    for i, j in itertools.product(range(3), repeat=2):
        assert mt.cov(x)[i, j].item() == pytest.approx(statistics.covariance(ROWS[i], ROWS[j]))
        assert mt.corrcoef(x)[i, j].item() == pytest.approx(statistics.correlation(ROWS[i], ROWS[j]))
    assert mt.cov(x[0]).item() == pytest.approx(statistics.variance(ROWS[0]))
    assert mt.cov(x[0], correction=0).item() == pytest.approx(statistics.pvariance(ROWS[0]))


def test_a_frequency_counts_an_observation_so_often():
    counts = [2, 0, 1, 3]
    x = mt.tensor(ROWS, dtype=mt.float64)
    written_out = x.repeat_interleave(mt.tensor(counts), 1)
    assert mt.allclose(mt.cov(x, fweights=mt.tensor(counts)), mt.cov(written_out))
    equal = mt.full((4,), 0.5, dtype=mt.float64)
    assert mt.allclose(mt.cov(x, aweights=equal), mt.cov(x))


@pytest.mark.parametrize("function", [mt.cov, mt.corrcoef, lambda x: mt.vander(x[0], 4), lambda x: mt.combinations(x[0])])
def test_derivatives_agree_with_differences(function):
    x = mt.tensor([row[:4] for row in ROWS], dtype=mt.float64, requires_grad=True)
    smooth = (
        (lambda x: mt.corrcoef(x)[0, 1:]) if function is mt.corrcoef else function
    )  # the diagonal is 1, where it is clamped
    assert gradcheck(smooth, x)
    assert gradgradcheck(smooth, x)


def test_powers_and_choices_are_those_of_python():
    values = [2.0, 0.0, -3.0]
    x = mt.tensor(values)
    assert mt.vander(x, 4, increasing=True).tolist() == [[v**k for k in range(4)] for v in values]
    assert mt.vander(x).tolist() == [[v**k for k in (2, 1, 0)] for v in values]
    assert mt.combinations(x, 2).tolist() == [list(c) for c in itertools.combinations(values, 2)]
    assert mt.combinations(x, 3, True).tolist() == [list(c) for c in itertools.combinations_with_replacement(values, 3)]


@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 3])
def test_triangles_are_where_a_matrix_keeps_its_elements(offset):
    places = list(itertools.product(range(3), range(4)))
    for indices, inside in (
        (mt.tril_indices(3, 4, offset), [(i, j) for i, j in places if j - i <= offset]),
        (mt.triu_indices(3, 4, offset), [(i, j) for i, j in places if j - i >= offset]),
    ):
        assert indices.tolist() == [[i for i, _ in inside], [j for _, j in inside]]


def test_numbers_are_rounded_to_decimals():
    assert mt.round(mt.tensor([1.2345, -0.25], dtype=mt.float64), decimals=1).tolist() == [1.2, -0.2]
    assert mt.tensor([1250.0, 1350.0]).round(decimals=-2).tolist() == [1200.0, 1400.0]
    x = mt.tensor([1.26], requires_grad=True)
    mt.round(x, decimals=1).sum().backward()
    assert x.grad.tolist() == [0.0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mt.cov(mt.ones(1, 1, 1)), "two or fewer dimensions but got an input with 3"),
        (lambda: mt.cov(mt.ones(2, 3), fweights=mt.tensor([1, 2])), r"expected fweights of shape \[3\].* but got \[2\]"),
        (lambda: mt.cov(mt.ones(2, 2), fweights=mt.tensor([1, -2])), "fweights cannot be negative"),
        (lambda: mt.vander(mt.ones(2, 2)), r"one-dimensional tensor, but it has shape \[2, 2\]"),
        (lambda: mt.combinations(mt.ones(2), -1), "non-negative number, but got -1"),
        (lambda: mt.tril_indices(-1, 2), "must be non-negative, got -1 and 2"),
        (lambda: mt.round(mt.tensor([1]), decimals=1), r"decimals=1 is for floating-point tensors.*\.float\(\) converts"),
    ],
)
def test_wrong_calls_are_explained(call, words):
    with pytest.raises(RuntimeError, match=words):
        call()


def test_too_few_observations_are_warned_about():
    with pytest.warns(UserWarning, match="1 observations and a correction of 1"):
        assert mt.cov(mt.ones(2, 1)).isnan().all()


def test_norms_of_negative_order():
    norm, inf = mt.linalg.vector_norm, float("inf")
    assert norm(mt.tensor([inf, inf]), -1).item() == inf
    x = mt.tensor([0.0, 1.0, 2.0], requires_grad=True)
    norm(x, -1).backward()
    assert x.grad.tolist() == [0, 0, 0]
    with pytest.raises(RuntimeError, match="of no elements"):
        norm(mt.tensor([]), -1)


def test_the_norm_of_one_number_is_its_absolute_value():
    x = mt.tensor([[-1e25], [1e-30]], requires_grad=True)
    y = mt.linalg.vector_norm(x, dim=1)
    y.sum().backward()
    assert mt.equal(y, abs(x)[:, 0])
    assert x.grad.tolist() == [[-1], [1]]
