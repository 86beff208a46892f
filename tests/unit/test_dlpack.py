"""Memory shared with NumPy and PyTorch by DLPack, both ways."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.utils import dlpack

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


def libraries():
    yield "numpy", np.from_dlpack, np.asarray
    try:
        import torch
    except ImportError:
        return
    yield "torch", torch.from_dlpack, torch.from_numpy


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("library", "of_ours", "of_numpy"), [pytest.param(*three, id=three[0]) for three in libraries()])
def test_memory_is_shared_in_both_directions(library, of_ours, of_numpy, dtype):
    ours = mt.zeros(2, 3, dtype=getattr(mt, dtype))
    theirs = of_ours(ours)
    ours[1, 2] = 1
    assert bool(theirs[1, 2])
    assert not bool(theirs[0, 0])
    array = np.zeros((3, 2), dtype)
    back = mt.from_dlpack(of_numpy(array))
    array[2, 1] = 1
    assert back.dtype is getattr(mt, dtype)
    assert back.tolist() == array.tolist()
    assert np.shares_memory(back.numpy(), array)


@pytest.mark.parametrize(("library", "of_ours", "of_numpy"), [pytest.param(*three, id=three[0]) for three in libraries()])
def test_views_keep_their_strides(library, of_ours, of_numpy):
    x = mt.arange(12.0).reshape(3, 4)
    for view in (x.T, x[1:, ::2], x[:, 1], x.expand(2, 3, 4), x[0, 0], x[:0]):
        theirs = of_ours(view)
        assert theirs.tolist() == view.tolist()
        back = mt.from_dlpack(theirs)
        if back.numel():
            assert back.stride() == view.stride()
            assert back.data_ptr() == view.data_ptr()


def test_copy_and_device():
    array = np.ones(2)
    copied = mt.from_dlpack(array, copy=True)
    array[0] = 5
    assert copied.tolist() == [1, 1]
    assert mt.from_dlpack(array, device="cpu", copy=False).tolist() == [5, 1]
    assert mt.ones(1).__dlpack_device__() == (1, 0)


def test_capsules_are_taken_once():
    x = mt.tensor([1.0, 2.0])
    capsule = dlpack.to_dlpack(x)
    y = dlpack.from_dlpack(capsule)
    y[0] = 7
    assert x.tolist() == [7, 2]
    with pytest.raises((RuntimeError, ValueError)):
        dlpack.from_dlpack(capsule)


def test_read_only_arrays_stay_read_only():
    array = np.ones(2)
    array.flags.writeable = False
    x = mt.from_dlpack(array)
    with pytest.raises((RuntimeError, ValueError), match="read-only"):
        x.add_(1)
    assert array.tolist() == [1, 1]


def test_what_is_refused():
    w = mt.ones(2, requires_grad=True)
    with pytest.raises(BufferError, match="detach"):
        np.from_dlpack(w)
    assert np.from_dlpack(w.detach()).tolist() == [1, 1]
    for wrong in (3, [1.0], None):
        with pytest.raises(RuntimeError, match=r"__dlpack__.*minitorch\.tensor"):
            mt.from_dlpack(wrong)
    with pytest.raises(TypeError, match="must be Tensor, not int"):
        dlpack.to_dlpack(3)
    with pytest.raises(RuntimeError, match="only supports"):
        mt.from_dlpack(np.array(["a"]))
