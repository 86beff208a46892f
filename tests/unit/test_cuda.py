"""What minitorch.cuda answers where there is no GPU."""

import pytest

import minitorch as mt


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
