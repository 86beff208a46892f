"""Gradients of x[index] beside counts of how often each element was read."""

import numpy as np
import pytest

import minitorch as mt

TWICE, MASK = mt.tensor([2, 0, 2]), mt.tensor([True, False, True])
OF_A_VECTOR = [
    TWICE, [2, 0, 2], MASK, (TWICE,), (..., TWICE), (TWICE, ...), (None, TWICE), (TWICE, None), (..., None, TWICE), (..., MASK),
    (None, TWICE, None), (TWICE[None], ...), mt.tensor([-1, -3]), (..., mt.tensor(1)), slice(None, None, 2), (..., 1),
]  # fmt: skip
OF_A_MATRIX = [
    TWICE, (..., TWICE), (TWICE, ...), (slice(1), TWICE), (TWICE, slice(1, 3)), (TWICE, None, TWICE), (None, TWICE, 1),
    (1, TWICE), (TWICE[:, None], TWICE), (..., TWICE, None), (TWICE, 0), (slice(None), None, TWICE), (MASK, TWICE[:2]),
    (..., MASK),
]  # fmt: skip


def plain(index):
    steps = index if isinstance(index, tuple) else (index,)
    return tuple(step.numpy() if isinstance(step, mt.Tensor) else step for step in steps)


@pytest.mark.parametrize(
    ("shape", "index"), [((3,), index) for index in OF_A_VECTOR] + [((3, 3), index) for index in OF_A_MATRIX], ids=repr
)
def test_an_element_gets_the_gradient_of_each_place_it_was_read_at(shape, index):
    x = mt.arange(float(np.prod(shape))).reshape(shape).requires_grad_()
    y = x[index]
    assert y.tolist() == x.detach().numpy()[plain(index)].tolist()
    weights = np.arange(1.0, y.numel() + 1).reshape(y.shape)
    (y * mt.tensor(weights.tolist())).sum().backward()
    expected = np.zeros(shape)
    np.add.at(expected, plain(index), weights)
    assert x.grad.tolist() == expected.tolist()


X = [[3.0, 1.0, 4.0], [1.0, 5.0, 9.0], [2.0, 6.0, 5.0]]
AT = [[0, 2, 1], [2, 2, 0]]


def scattered(dim, add):
    out = [list(row) for row in X]
    for i, row in enumerate(AT):
        for j, k in enumerate(row):
            a, b = (k, j) if dim == 0 else (i, k)
            value = 10.0 * (i + 1) + j
            out[a][b] = add(out[a][b], value)
    return out


SOURCE = [[10.0, 11.0, 12.0], [20.0, 21.0, 22.0]]


@pytest.mark.parametrize("dim", [0, 1])
def test_elements_are_gathered_and_scattered_along_a_dimension(dim):
    x, at, source = mt.tensor(X), mt.tensor(AT), mt.tensor(SOURCE)
    picked = [[X[k][j] if dim == 0 else X[i][k] for j, k in enumerate(row)] for i, row in enumerate(AT)]
    assert x.gather(dim, at).tolist() == picked
    assert x.scatter_add(dim, at, source).tolist() == scattered(dim, lambda old, new: old + new)
    assert x.scatter(dim, at, source, reduce="add").tolist() == scattered(dim, lambda old, new: old + new)
    assert x.scatter(dim, at, source, reduce="multiply").tolist() == scattered(dim, lambda old, new: old * new)
    once = at[:1]  # PyTorch leaves open which of two sources at one place wins
    assert x.scatter(dim, once, source).tolist() == [
        [
            SOURCE[0][AT[0].index(b) if dim == 1 else b] if (dim == 1 and a == 0) or (dim == 0 and AT[0][b] == a) else X[a][b]
            for b in range(3)
        ]
        for a in range(3)
    ]
    assert x.scatter(dim, once, 7.0).eq(7).sum() == 3


def test_take_along_dim_broadcasts():
    x = mt.tensor(X)
    assert x.take_along_dim(mt.tensor([[2], [0], [1]]), 1).tolist() == [[4.0], [1.0], [6.0]]
    assert x.take_along_dim(mt.tensor([[2]]), 0).tolist() == [X[2]]
    assert x.take_along_dim(mt.tensor([8, 0])).tolist() == [5.0, 3.0]
    assert mt.equal(x.take_along_dim(x.argsort(1), 1), x.sort(1).values)


def test_a_number_is_indexed_as_a_vector_of_one():
    x = mt.tensor(3.0)
    assert x.gather(0, mt.tensor([0, 0])).tolist() == [3.0, 3.0]
    assert x.gather(0, mt.tensor(0)).shape == ()
    assert x.scatter(0, mt.tensor(0), 5.0).item() == 5.0
    assert x.scatter_add(0, mt.tensor(0), mt.tensor(2.0)).item() == 5.0


def test_slices_are_copied_added_and_repeated():
    x = mt.tensor(X)
    assert x.index_copy(0, mt.tensor([2, 0]), mt.tensor(SOURCE)).tolist() == [SOURCE[1], X[1], SOURCE[0]]
    added = x.index_add(0, mt.tensor([2, 2]), mt.tensor(SOURCE), alpha=2)
    assert added.tolist() == [X[0], X[1], [c + 2 * (a + b) for a, b, c in zip(*SOURCE, X[2], strict=True)]]
    assert mt.repeat_interleave(x, mt.tensor([0, 2, 1]), 0).tolist() == [X[1], X[1], X[2]]
    assert mt.repeat_interleave(x, mt.tensor([2]), 1).shape == (len(X), 2 * len(X[0]))
    put = mt.zeros(2, 2).index_put((mt.tensor([0, 0]),), mt.tensor([1.0, 2.0]), accumulate=True)
    assert put.tolist() == [[2.0, 4.0], [0.0, 0.0]]  # the values are broadcast to both rows
    some = mt.zeros(3).index_put((mt.tensor([True, False, True]),), mt.tensor([1.0, 2.0]))
    assert some.tolist() == [1.0, 0.0, 2.0]


def test_masks_broadcast_and_bytes_are_masks():
    x = mt.tensor(X)
    mask = mt.tensor([[True], [False], [True]])
    assert x.masked_select(mask).tolist() == [*X[0], *X[2]]
    assert mt.tensor([1.0, 2.0]).masked_select(mask).tolist() == [1.0, 2.0, 1.0, 2.0]
    with pytest.warns(UserWarning, match="indexing with dtype uint8 is deprecated and means a mask"):
        assert x[mask[:, 0].to(mt.uint8)].tolist() == [X[0], X[2]]


@pytest.mark.parametrize("dtype", [mt.int8, mt.int16, mt.int32, mt.int64])
def test_the_type_of_an_index_does_not_matter(dtype):
    x, i = mt.zeros(120, 130, requires_grad=True), mt.tensor([119, -1], dtype=dtype)
    x[i, i].sum().backward()
    assert mt.nonzero(x.grad).tolist() == [[119, 119], [119, 129]]
    y = mt.zeros(120, 3).index_put_((mt.tensor([100, 100], dtype=dtype),), mt.ones(3), accumulate=True)
    assert y.sum() == y[100].sum() == 6


def test_what_is_assigned_to_a_tensor_of_no_dimension_has_its_gradient():
    for assign in (lambda x, a: x.copy_(a), lambda x, a: x.__setitem__(..., a), lambda x, a: x.__setitem__(mt.tensor(True), a)):
        a, b = mt.tensor(0.5, requires_grad=True), mt.tensor(2.0, requires_grad=True)
        x = b * 1
        assign(x, a)
        (x * x).backward()
        assert (a.grad.item(), b.grad.item()) == (1, 0)
