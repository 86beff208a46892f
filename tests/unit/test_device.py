"""Where arrays are, and what differs for arrays that are not NumPy's, on the stand-in of a GPU (tests/strict_array.py)."""

import copy
import pickle
import sys

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend import arrays
from minitorch.backend import device as devices
from tests.strict_array import StrictArray, library


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", library)
    devices.gpu_library.cache_clear()
    yield
    devices.gpu_library.cache_clear()


def there(values, dtype=float):
    return StrictArray(np.array(values, dtype))


def test_devices_by_name_by_number_and_by_another():
    assert mt.device(1) == mt.device("cuda:1") == mt.device("cuda", 1) == mt.device(mt.device("cuda:1"))
    assert (str(mt.device(1)), repr(mt.device("cpu"))) == ("cuda:1", "device(type='cpu')")
    for one in (mt.device("cpu"), mt.device("cuda", 3)):
        for twin in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert (twin, hash(twin)) == (one, hash(one))


def test_tensors_move_between_devices(gpu):
    x = mt.tensor([1.0, 2.0])
    moved = x.to("cuda")
    assert moved.device == mt.device("cuda:0")
    assert moved.to("cuda:0") is moved
    assert moved.cpu().tolist() == [1.0, 2.0]
    with pytest.raises(RuntimeError, match="invalid device ordinal 7: there are 1 GPUs, numbered from 0"):
        x.to("cuda:7")


def test_two_devices_do_not_mix_but_for_single_numbers(gpu):
    x, y = mt.tensor([1.0, 2.0]), mt.tensor([3.0, 4.0]).to("cuda")
    with pytest.raises(RuntimeError, match=r"found at least two devices, cuda:0 and cpu! Use \.to"):
        x + y
    for total in (y + mt.tensor(10.0), mt.tensor(10.0) + y):
        assert (total.device, total.cpu().tolist()) == (y.device, [13.0, 14.0])


def test_a_gpu_that_is_not_found(gpu, monkeypatch):
    class Runtime:
        count = 0

        @classmethod
        def getDeviceCount(cls):
            if cls.count is None:
                raise OSError("no driver")
            return cls.count

    monkeypatch.setattr(library.cuda, "runtime", Runtime)
    with pytest.raises(AssertionError, match=r"needs an NVIDIA GPU, and CuPy finds none\n"):
        mt.ones(1, device="cuda")
    Runtime.count = None
    with pytest.raises(AssertionError, match="CuPy finds none: no driver"):
        mt.ones(1, device="cuda")


def test_quantiles_and_orders_on_the_device(gpu):
    x = mt.tensor([[3.0, 1.0, 2.0, 9.0], [0.0, 5.0, 4.0, 1.0]])
    on_gpu = x.to("cuda")
    for q in (0.3, mt.tensor([0.0, 0.6])):
        there = q if isinstance(q, float) else q.to("cuda")
        for dim in (None, 0, 1):
            found = on_gpu.quantile(there, dim)
            assert found.device == on_gpu.device
            assert mt.equal(found.cpu(), x.quantile(q, dim))
    assert mt.equal(on_gpu.diff(append=on_gpu, prepend=on_gpu).cpu(), x.diff(append=x, prepend=x))
    assert mt.equal(on_gpu.median(1).indices.cpu(), x.median(1).indices)


@pytest.mark.parametrize("axis", [0, 1, (0, 1)])
def test_the_largest_elements_of_another_library(axis):
    x = np.array([[1.0, 5.0], [7.0, 2.0]])
    assert arrays.max_reduce(there(x), axis).get().tolist() == x.max(axis=axis, keepdims=True).tolist()
    assert arrays.max_reduce(there(np.zeros((2, 0))), 1).get().tolist() == [[-np.inf], [-np.inf]]


def test_running_extremes_and_products_of_another_library():
    x = np.array([[3.0, 1.0, 4.0, 1.0, 5.0], [9.0, 2.0, 6.0, 5.0, 3.0]])
    for extreme in (np.maximum, np.minimum):
        for axis in (0, 1):
            found = arrays.running_extreme(extreme, there(x), axis)
            assert found.get().tolist() == extreme.accumulate(x, axis=axis).tolist()
    out = there([1.0, 2.0, 3.0])
    arrays.multiply_at(out, (there([0, 2, 0], int),), there([5.0, 7.0, 2.0]))
    assert out.get().tolist() == [10.0, 2.0, 21.0]


def test_windows_on_no_input_and_of_arrays_with_gaps():
    assert arrays.windows(np.zeros((1, 2)), (3,), (1,), (1,)).shape == (1, 0, 3)
    x = np.arange(12.0)[::2]
    assert arrays.windows(x, (3,), (2,), (1,)).tolist() == [[0, 2, 4], [4, 6, 8]]
