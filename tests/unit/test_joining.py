"""Functions that cut tensors apart: one node for all pieces."""

import itertools

import numpy as np
import pytest

import minitorch as mt


@pytest.mark.parametrize(
    ("cut", "name"),
    [
        (lambda x: x.unbind(1), "UnbindBackward0"),
        (lambda x: list(x.t()), "UnbindBackward0"),
        (lambda x: x.split(1, 1), "SplitBackward0"),
        (lambda x: x.split([1, 1, 1], 1), "SplitWithSizesBackward0"),
        (lambda x: x.chunk(3, 1), "SplitBackward0"),
    ],
)
def test_pieces_are_the_outputs_of_one_node_and_views(cut, name):
    x = mt.arange(6.0).reshape(2, 3).requires_grad_()
    y = x * 1
    parts = cut(y)
    edges = [mt.autograd.graph.get_gradient_edge(part) for part in parts]
    assert [edge.output_nr for edge in edges] == [part.output_nr for part in parts] == [0, 1, 2]
    assert {edge.node for edge in edges} == {parts[0].grad_fn}
    assert parts[0].grad_fn.name() == name
    (parts[2] * 5).sum().backward(retain_graph=True)
    assert x.grad.tolist() == [[0, 0, 5], [0, 0, 5]]
    parts[1].mul_(10)
    assert y.tolist() == [[0, 10, 2], [3, 40, 5]]
    x.grad = None
    (parts[0] + parts[1]).sum().backward()
    assert x.grad.tolist() == [[1, 10, 0], [1, 10, 0]]


def rows(*values):
    return [mt.tensor(value) for value in values]


def test_numbers_vectors_and_matrices_side_by_side():
    assert mt.hstack(rows(1, [2, 3])).tolist() == [1, 2, 3]
    assert mt.hstack(rows([[1], [2]], [[3], [4]])).tolist() == [[1, 3], [2, 4]]
    assert mt.vstack(rows(1, [2])).tolist() == [[1], [2]]
    assert mt.vstack(rows([1, 2], [[3, 4], [5, 6]])).tolist() == [[1, 2], [3, 4], [5, 6]]
    assert mt.block_diag(*rows(1, [2, 3], [[4], [5]])).tolist() == [[1, 0, 0, 0], [0, 2, 3, 0], [0, 0, 0, 4], [0, 0, 0, 5]]


def test_dimensions_are_added_to_what_has_too_few():
    assert [x.shape for x in mt.atleast_1d(*rows(1, [2, 3]))] == [(1,), (2,)]
    assert [x.shape for x in mt.atleast_2d(rows(1, [2, 3], [[4]]))] == [(1, 1), (1, 2), (1, 1)]
    assert mt.atleast_2d(mt.tensor(5)).tolist() == [[5]]


@pytest.mark.parametrize(
    ("where", "parts"),
    [
        (2, [[0, 1, 2], [3, 4]]),
        (4, [[0, 1], [2], [3], [4]]),
        (7, [[0], [1], [2], [3], [4], [], []]),
        ([1, 3], [[0], [1, 2], [3, 4]]),
        ([-2], [[0, 1, 2], [3, 4]]),
        ([3, 1], [[0, 1, 2], [], [1, 2, 3, 4]]),
        (mt.tensor([1, 9]), [[0], [1, 2, 3, 4], []]),
    ],
)
def test_where_tensor_split_cuts(where, parts):
    assert [part.tolist() for part in mt.arange(5).tensor_split(where)] == parts
    assert [part[0].tolist() for part in mt.arange(5)[None].tensor_split(where, 1)] == parts


def test_grids_of_coordinates():
    x, y = mt.tensor([1, 2]), mt.tensor([3, 4, 5])
    for indexing, expected in (
        ("ij", [[[1, 1, 1], [2, 2, 2]], [[3, 4, 5], [3, 4, 5]]]),
        ("xy", [[[1, 2], [1, 2], [1, 2]], [[3, 3], [4, 4], [5, 5]]]),
    ):
        assert [grid.tolist() for grid in mt.meshgrid(x, y, indexing=indexing)] == expected
    assert [grid.tolist() for grid in mt.meshgrid(x, mt.tensor(7), indexing="ij")] == [[[1], [2]], [[7], [7]]]
    assert mt.meshgrid(x, indexing="xy")[0].tolist() == [1, 2]
    with pytest.warns(UserWarning, match="indexing"):
        assert mt.equal(mt.meshgrid(x, y)[1], mt.meshgrid(x, y, indexing="ij")[1])


def test_combinations_and_repetitions():
    x = mt.tensor([5, 6, 7])
    for r in range(5):
        for again in (False, True):
            choose = itertools.combinations_with_replacement if again else itertools.combinations
            expected = [list(choice) for choice in choose([5, 6, 7], r)] if r else []
            assert mt.combinations(x, r, again).tolist() == expected
    assert x.repeat(2, 2).tolist() == [[5, 6, 7, 5, 6, 7]] * 2
    assert mt.tensor(1).repeat(3).tolist() == [1, 1, 1]


def test_sizes_are_whole_numbers_also_of_numpy_and_in_tensors():
    assert [len(part) for part in mt.arange(5).split(mt.tensor(2))] == [2, 2, 1]
    assert mt.zeros(np.int64(2), mt.tensor(3)).shape == (2, 3)
    for call in (lambda: mt.arange(5).split(mt.tensor(2.5)), lambda: mt.zeros(mt.tensor(2.5))):
        with pytest.raises(TypeError, match="only integer tensors of a single element can be converted to an index"):
            call()
    for value in (2, 2.0, np.int64(2), mt.tensor(2)):
        assert mt.nn.functional.pad(mt.ones(1), (1, 0), value=value).tolist() == [2, 1]
