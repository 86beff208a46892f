"""What programs set of PyTorch's libraries is kept."""

import os

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
    assert not cudnn.allow_tf32
    with pytest.raises(AttributeError, match="benchmark"):
        cudnn.benchmrk = True


def test_settings_that_have_an_effect_reach_what_computes(monkeypatch):
    from minitorch.kernels.cupy import convolution

    for name in ("enabled", "allow_tf32"):
        before = getattr(mt.backends.cudnn, name)
        setattr(mt.backends.cudnn, name, not before)
        assert convolution.settings[name] is not before
        setattr(mt.backends.cudnn, name, before)
    monkeypatch.setenv("CUPY_TF32", "0")
    mt.backends.cuda.matmul.allow_tf32 = True
    assert os.environ["CUPY_TF32"] == "1"
    mt.backends.cuda.matmul.allow_tf32 = False
    assert os.environ["CUPY_TF32"] == "0"
