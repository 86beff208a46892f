"""What programs set and ask for at their start: devices, default types, seeds, libraries."""

import math
import os

import pytest

import minitorch as mt


@pytest.mark.parametrize("before", [0, 1, 7, 623, 624, 625])
def test_a_state_restores_the_stream_exactly(before):
    mt.manual_seed(3)
    for _ in range(before):
        mt.rand(1)
    mt.randn(1)  # keeps a second normal number for the next call
    state = mt.get_rng_state()
    expected = [mt.randn(1).tolist(), mt.rand(700).tolist(), mt.initial_seed()]
    mt.manual_seed(4)
    mt.set_rng_state(state)
    assert [mt.randn(1).tolist(), mt.rand(700).tolist(), mt.initial_seed()] == expected
    assert (state.dtype, len(state)) == (mt.uint8, 5056)


def test_wrong_states_are_explained():
    with pytest.raises(TypeError, match="ByteTensor"):
        mt.set_rng_state(mt.ones(5056))
    with pytest.raises(RuntimeError, match="to be 3"):
        mt.set_rng_state(mt.ones(3).byte())
    with pytest.raises(RuntimeError, match="get_rng_state"):
        mt.set_rng_state(mt.zeros(5056).byte())


@pytest.mark.skipif(mt.cuda.is_available(), reason="of a machine without a GPU")
def test_without_a_gpu():
    for nothing in (mt.cuda.empty_cache, mt.cuda.reset_peak_memory_stats, mt.cuda.seed, mt.cuda.seed_all):
        assert nothing() is None
    assert mt.cuda.manual_seed(1) is mt.cuda.manual_seed_all(1) is None
    assert mt.cuda.memory_allocated() == mt.cuda.max_memory_allocated() == mt.cuda.memory_reserved() == 0
    for absent in (mt.cuda.current_device, mt.cuda.get_device_capability, mt.cuda.get_device_name, mt.cuda.synchronize):
        with pytest.raises(AssertionError, match="device 'cuda' needs"):
            absent()
    assert (mt.accelerator.is_available(), mt.accelerator.current_accelerator(), mt.accelerator.device_count()) == (
        False,
        None,
        0,
    )
    with pytest.raises(RuntimeError, match="accelerator"):
        mt.accelerator.synchronize()
    mt.set_default_device("cuda")
    try:
        with pytest.raises(AssertionError, match="device 'cuda' needs"):
            mt.ones(2)
        assert mt.ones(2, device="cpu").tolist() == [1, 1]
    finally:
        mt.set_default_device(None)
    assert mt.get_default_device() == mt.device("cpu")


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


@pytest.mark.parametrize("kind", [mt.DoubleTensor, "minitorch.DoubleTensor", "torch.DoubleTensor"])
def test_default_tensor_type(kind):
    with pytest.warns(UserWarning, match="deprecated"):
        mt.set_default_tensor_type(kind)
    assert mt.tensor(math.pi).item() == math.pi
    mt.set_default_dtype(mt.float32)
    with pytest.raises(TypeError, match="floating-point"):
        mt.set_default_tensor_type(mt.LongTensor)


@pytest.mark.parity
def test_states_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    for draws in (0, 1, 5, 623, 700):
        torch.manual_seed(9)
        mt.manual_seed(9)
        for lib in (torch, mt):
            lib.rand(draws)
            lib.randn(1)
        state = torch.get_rng_state()
        assert mt.get_rng_state().tolist() == state.tolist()
        mt.manual_seed(0)
        mt.set_rng_state(mt.tensor(state.numpy()))
        assert mt.rand(5).tolist() == torch.rand(5).tolist()
        torch.set_rng_state(torch.from_numpy(mt.get_rng_state().numpy()))
        assert mt.rand(5).tolist() == torch.rand(5).tolist()
