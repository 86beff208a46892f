"""The stand-in for a GPU's arrays refuses what CuPy refuses, and notes where CuPy waits for the GPU."""

import copy
import operator
import pickle

import numpy as np
import pytest

from tests.strict_array import StrictArray, library, waits

xp = np


@pytest.fixture
def x():
    return StrictArray(np.arange(6.0).reshape(2, 3))


def ones(shape, dtype=float):
    return StrictArray(np.ones(shape, dtype))


REFUSED = {  # what a NumPy program does without a thought, and what CuPy says
    "the reduction of another ufunc than add and multiply": (lambda x: xp.maximum.reduce(x, axis=0), "maximum.reduce"),
    "running extremes": (lambda x: xp.maximum.accumulate(x, axis=1), "maximum.accumulate"),
    "logical_and over a growing part": (lambda x: xp.logical_and.accumulate(x > 0), "logical_and.accumulate"),
    "reduceat of another ufunc than add": (lambda x: xp.multiply.reduceat(x, [0]), "multiply.reduceat"),
    "the start of a reduction": (lambda x: xp.add.reduce(x, axis=0, initial=1.0), "initial"),
    "the start of a maximum": (lambda x: xp.max(x, initial=0.0), "initial"),
    "the start of a method": (lambda x: x.max(initial=0.0), "initial"),
    "a reduction of some elements": (lambda x: xp.sum(x, where=x > 1), "where"),
    "a ufunc on some elements": (lambda x: xp.exp(x, where=x > 1), "where"),
    "the memory order of a ufunc's result": (lambda x: xp.exp(x, order="F"), "order"),
    "multiplying in place where an index repeats": (lambda x: xp.multiply.at(x, 0, 2.0), "multiply.at"),
    "adding in place to a mask": (lambda x: xp.add.at(x > 0, 0, True), "data type"),
    "subtracting in place from floats": (lambda x: xp.subtract.at(x, 0, 1.0), "data type"),
    "the largest in place, in float16": (lambda x: xp.maximum.at(x.astype(np.float16), 0, 1.0), "data type"),
    "an operand of NumPy's": (lambda x: x + np.ones(3), "beside one of the device"),
    "an operand of NumPy's before it": (lambda x: np.ones(3) * x, "beside one of the device"),
    "a 0-d operand of NumPy's": (lambda x: x > np.array(1.0), "beside one of the device"),
    "an output of NumPy's": (lambda x: xp.exp(x, out=np.empty((2, 3))), "beside one of the device"),
    "an output of a type without room": (lambda x: xp.exp(x, out=ones((2, 3), int)), "cast"),
    "an index of NumPy's": (lambda x: x[np.array([0])], "beside one of the device"),
    "a value of NumPy's": (lambda x: operator.setitem(x, 0, np.ones(3)), "beside one of the device"),
    "a list as the value of a slice": (lambda x: operator.setitem(x, 0, [1.0, 2.0, 3.0]), "fill"),
    "an array turned into one of NumPy's": (np.asarray, "Implicit conversion"),
    "a list of arrays": (lambda x: np.array([x, x]), "Implicit conversion"),
    "a function that CuPy does not have": (lambda x: xp.nanquantile(x, 0.5), "no implementation"),
    "a ufunc that CuPy does not have": (lambda x: xp.spacing(x), "spacing"),
    "quicksort": (lambda x: xp.sort(x, kind="quicksort"), "kind"),
    "mergesort": (lambda x: xp.argsort(x, kind="mergesort"), "kind"),
    "the order of sorting in place": (lambda x: x.T.sort(), "non-contiguous"),
    "sorting by a tuple of keys": (lambda x: xp.lexsort((x[0], x[1])), "ndim"),
    "the axis of lexsort": (lambda x: xp.lexsort(x, axis=0), "axis"),
    "how isin searches": (lambda x: xp.isin(x, x, kind="sort"), "kind"),
    "an upper triangle of cholesky": (lambda x: xp.linalg.cholesky(x, upper=True), "upper"),
    "hermitian singular values": (lambda x: xp.linalg.svd(x, hermitian=True), "hermitian"),
    "names of singular values": (lambda x: xp.linalg.svd(x).U, "U"),
    "a number as an index of a list": (lambda x: [1, 2][x[0, 0].astype(int)], "indices"),
    "a range of a number": (lambda x: range(x[0, 0].astype(int)), "interpreted"),
    "making a view read-only": (lambda x: x.flags.writeable, "writeable"),
    "whether the memory is aligned": (lambda x: x.flags.aligned, "aligned"),
    "an element by its place": (lambda x: x.item(0), "argument"),
    "an object": (lambda x: StrictArray(np.array([None])), "dtype"),
    "a string": (lambda x: library.asarray(np.array(["a"])), "dtype"),
    "rounding while taking": (lambda x: xp.take(x, ones(1, int), mode="clip"), "mode"),
    "a subclass kept": (lambda x: xp.zeros_like(x, subok=True), "subok"),
}  # fmt: skip


@pytest.mark.parametrize("habit", REFUSED)
def test_what_cupy_refuses(x, habit):
    call, message = REFUSED[habit]
    with pytest.raises((TypeError, NotImplementedError, ValueError, AttributeError), match=message):
        call(x)


def test_results_stay_on_the_device(x):
    for result in (x.sum(), x.max(), xp.sum(x), xp.count_nonzero(x), xp.allclose(x, x), x[0, 0], xp.linalg.norm(x), x > 1, x.T):
        assert isinstance(result, StrictArray)
    assert x.sum().shape == xp.count_nonzero(x).shape == x[0, 0].shape == ()
    assert isinstance(xp.asarray(np.ones(2), like=x), StrictArray)
    assert xp.zeros_like(x, shape=(2,)).shape == (2,)
    assert (x.astype(np.float32) * 2.0).dtype == np.float32
    assert (x.astype(np.float32) * np.float64(2)).dtype == np.float64  # as an array of no dimensions, and as NumPy's


def test_an_index_that_is_out_of_bounds_wraps_around():
    x = StrictArray(np.arange(3))
    assert x[StrictArray(np.array([1, 3]))].tolist() == [1, 0]
    assert xp.take(x, StrictArray(np.array([4]))).tolist() == [1]
    x[StrictArray(np.array([-4]))] = 7
    xp.add.at(x, StrictArray(np.array([3])), StrictArray(np.array([10])))
    assert x.tolist() == [10, 1, 7]
    with pytest.raises(IndexError):
        x[3]


def test_copies(x):
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert not np.shares_memory(twin._host, x._host)
        assert twin.tolist() == x.tolist()
    assert np.shares_memory(x[0].reshape(3, 1).T._host, x._host)


WAIT = {
    "item": lambda x: x[0, 0].item(),
    "get": lambda x: x.get(),
    "tolist": lambda x: x.tolist(),
    "if": lambda x: bool((x > 1).any()),
    "float": lambda x: float(x[0, 0]),
    "int": lambda x: int(x[0, 0]),
    "format": lambda x: f"{x[0, 0]:.2f}",
    "a mask": lambda x: x[x > 1],
    "writing by a mask": lambda x: operator.setitem(x, x > 1, 0.0),
    "nonzero": xp.nonzero,
    "where": lambda x: xp.where(x > 1),
    "unique": xp.unique,
    "bincount": lambda x: xp.bincount(x[0].astype(int)),
    "repeat": lambda x: xp.repeat(x[0], ones(3, int)),
}


@pytest.mark.parametrize("what", WAIT)
def test_what_waits_for_the_device(x, what):
    with waits() as found:
        WAIT[what](x)
    assert len(found) == 1


def test_what_does_not_wait(x):
    with waits() as found:
        xp.where(x > 1, x, 0.0)
        xp.maximum(x, 0.0, out=x)
        x[1:] = x[0] @ x.T @ x
        xp.add.at(x, (ones(2, int), ones(2, int)), 1.0)
        xp.copyto(x, 0.0, where=x > 1)
        assert x.shape == (2, 3)
        assert x.size == 6
    assert not found
