"""What programs set of PyTorch's libraries is kept."""

import pytest

import minitorch as mt


def test_settings_of_libraries_are_kept():
    cudnn = mt.backends.cudnn
    assert (cudnn.enabled, cudnn.benchmark, cudnn.is_available(), cudnn.version()) == (True, False, False, None)
    cudnn.benchmark = True
    assert cudnn.benchmark
    cudnn.benchmark = False
    assert not mt.backends.mps.is_available()
    assert not mt.backends.cuda.matmul.allow_tf32
    with pytest.raises(AttributeError, match="benchmark"):
        cudnn.benchmrk = True
