"""Default types."""

import math

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
