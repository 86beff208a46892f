"""What an op may save."""

import pytest

from minitorch.autograd.node import Op
from tests.tapes import leaf


def test_an_op_may_save_inputs_and_outputs_only():
    class Wrong(Op):
        def forward(ctx, x):
            ctx.save_for_backward(x * 2)
            return x * 3

    with pytest.raises(TypeError, match="can only save inputs and outputs"):
        Wrong.apply(leaf(1.0))
