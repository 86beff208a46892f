"""Default types."""

import math
import warnings

import numpy as np
import pytest

import minitorch as mt


@pytest.mark.parametrize("kind", [mt.DoubleTensor, "minitorch.DoubleTensor", "torch.DoubleTensor"])
def test_default_tensor_type(kind):
    with pytest.warns(UserWarning, match="deprecated"):
        mt.set_default_tensor_type(kind)
    assert mt.tensor(math.pi).item() == math.pi
    mt.set_default_dtype(mt.float32)
    with pytest.raises(TypeError, match="floating-point"):
        mt.set_default_tensor_type(mt.LongTensor)


def test_numbers_that_a_range_of_steps_has():
    for start, end, steps in ((0.0, 1.0, 5), (3.0, -1.0, 4), (2.0, 2.0, 3), (0.0, 1.0, 1), (0.0, 1.0, 0)):
        expected = [start + i * (end - start) / (steps - 1) if steps > 1 else start for i in range(steps)]
        assert mt.linspace(start, end, steps, dtype=mt.float64).tolist() == pytest.approx(expected)
        for base in (10.0, 2.0):
            powers = mt.logspace(mt.tensor(start), end, steps, base, dtype=mt.float64).tolist()
            assert powers == pytest.approx([base**x for x in expected])
    assert mt.linspace(0, 3, 4, dtype=mt.int64).tolist() == [0, 1, 2, 3]
    assert mt.arange(5, 5, dtype=mt.int8).shape == (0,)
    assert mt.arange(mt.tensor(1.5), 3).tolist() == [1.5, 2.5]


def test_negative_numbers_count_from_the_end_in_bytes():
    assert mt.tensor([-1, 3], dtype=mt.uint8).tolist() == [255, 3]
    with pytest.raises(RuntimeError, match="uint8 without overflow"):
        mt.tensor([-256], dtype=mt.uint8)


def test_a_negative_number_wraps_around_in_uint8_wherever_it_is_put():
    first, mask = mt.tensor([0]), mt.tensor([True, False])
    x = mt.zeros(2, dtype=mt.uint8)
    x[0] = -1
    for y in (x, mt.full((1,), -1, dtype=mt.uint8), mt.zeros(2, dtype=mt.uint8).fill_(-1)):
        assert (y.dtype, y[0].item()) == (mt.uint8, 255)
    zeros = mt.zeros(2, dtype=mt.uint8)
    for y in (zeros.masked_fill(mask, -1), zeros.index_fill(0, first, -1), zeros.scatter(0, first, -1)):
        assert (y.dtype, y.tolist()) == (mt.uint8, [255, 0])


def test_an_integer_beyond_int64_beside_a_float_is_a_float():
    x = mt.tensor([1.5, 2**64])
    assert (x.dtype, x.tolist()) == (mt.float32, [1.5, 2.0**64])


def test_lists_of_tensors_and_arrays():
    assert mt.tensor([mt.tensor([1]), mt.tensor([[2]]), 3]).tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match=r"only one element tensors .* has shape \[2\]: minitorch.stack\(list\) joins tensors"):
        mt.tensor([mt.tensor([1, 2]), mt.tensor([3, 4])])
    of_arrays = mt.tensor([np.array([1.5]), np.array([2.5])])
    assert (of_arrays.tolist(), of_arrays.dtype) == ([[1.5], [2.5]], mt.float64)
    assert mt.tensor([mt.tensor(1.0, dtype=mt.float64), 2]).dtype is mt.float64
    assert mt.tensor(np.float32(1.5)).dtype is mt.float32
    copied = mt.asarray([1.0, 2.0], requires_grad=True)
    assert copied.requires_grad
    array = np.ones(2)
    shared, copied = mt.asarray(array), mt.asarray(array, copy=True)
    array[0] = 5
    assert (shared.tolist(), copied.tolist()) == ([5, 1], [1, 1])


def test_constructors_of_old_by_data_or_by_sizes():
    assert mt.FloatTensor([1, 2]).tolist() == [1.0, 2.0]
    assert (mt.LongTensor(2, 3).shape, mt.LongTensor(2, 3).dtype) == ((2, 3), mt.int64)
    assert mt.DoubleTensor().shape == (0,)


@pytest.mark.parametrize(("dtype", "digits", "largest"), [(mt.float32, 23, 127), (mt.float64, 52, 1023), (mt.float16, 10, 15)])
def test_the_limits_of_floating_point(dtype, digits, largest):
    info = mt.finfo(dtype)
    assert (info.eps, info.max, info.min) == (2.0**-digits, (2 - 2.0**-digits) * 2.0**largest, -info.max)
    assert info.tiny == info.smallest_normal == 2.0 ** (1 - largest)
    assert repr(info).startswith(f"finfo(resolution={info.resolution:g}, min={info.min:g}, max=")
    assert repr(info).endswith(f", dtype={str(dtype).split('.')[1]})")


@pytest.mark.parametrize(("dtype", "bits", "signed"), [(mt.int8, 8, True), (mt.uint8, 8, False), (mt.int64, 64, True)])
def test_the_limits_of_integers(dtype, bits, signed):
    info = mt.iinfo(dtype)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    assert (info.bits, info.min, info.max) == (bits, low, high)
    assert repr(info) == f"iinfo(min={low:g}, max={high:g}, dtype={str(dtype).split('.')[1]})"


def test_a_copy_that_loses_the_gradient_warns():
    x = mt.ones(1, requires_grad=True)
    for data in (x, [x * 2, 3.0]):
        with pytest.warns(UserWarning, match="no gradient goes from it to its source"):
            assert mt.tensor(data).is_leaf
    with warnings.catch_warnings(action="error"):
        mt.tensor(x.detach())
        mt.tensor([x.detach() * 2, 3.0])


def test_arange_takes_its_bounds_by_name():
    assert mt.arange(start=2, end=8, step=3).tolist() == mt.arange(2, end=8, step=3).tolist() == [2, 5]
    assert mt.arange(end=3).tolist() == [0, 1, 2]
    for call in (lambda: mt.arange(5, start=2), lambda: mt.arange(start=2), lambda: mt.arange(1, 5, start=2, end=8)):
        with pytest.raises(TypeError, match="start= belongs with end="):
            call()


def test_linspace_has_the_same_step_from_both_ends():
    assert mt.linspace(-1, 1, 15)[7].item() == pytest.approx(-4.470348e-08)  # as in PyTorch: 1 minus seven steps
    assert mt.linspace(-1, 1, 15, dtype=mt.float64)[7].item() == pytest.approx(5.551115e-17)
    assert mt.linspace(2, 3, 1).tolist() == [2]
