"""One step of a recurrence as one op: of an LSTM, what comes after its matrix products.

A step has a dozen elementwise operations on small arrays, and takes as long as their nodes do. As one node, a step is written
and passed in a quarter of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array, xp
from minitorch.ops.joining import cat
from minitorch.ops.pointwise import Sigmoid

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class LstmCell(Op):
    """c' = f c + i g and h' = o tanh(c'), with the four parts i, f, g, o of the gates: sigmoid, sigmoid, tanh, sigmoid of them;
    with the gradient h- of h', and c- = o (1 - tanh^2 c') h- + that of c':  in c: f c-, in i: g c-, in f: c c-, in g: i c-,
    in o: tanh(c') h-, each times the slope of its activation

    The activated gates and tanh(c') are outputs, too, which nothing but backward uses.
    """

    materialize_grads = False

    def forward(ctx, gates: Array, c: Array) -> tuple[Array, Array, Array, Array]:
        n = c.shape[-1]
        active = Sigmoid.apply(gates)
        xp.tanh(gates[..., 2 * n : 3 * n], out=active[..., 2 * n : 3 * n])
        i, f, g, o = _parts(active, n)
        new = f * c
        new += i * g
        squeezed = xp.tanh(new)
        ctx.save_for_backward(c, active, squeezed)
        return o * squeezed, new, active, squeezed

    def backward(ctx, for_h: Any, for_new: Any, for_active: Any, for_squeezed: Any) -> Any:
        c, active, squeezed = ctx.saved_tensors
        i, f, g, o = _parts(active, c.shape[-1])
        if for_h is None:
            for_h = 0 * squeezed
        through = for_h * o if for_squeezed is None else for_h * o + for_squeezed
        through = through * (1 - squeezed * squeezed)
        total = through if for_new is None else through + for_new
        grads = [total * g, total * c, total * i, for_h * squeezed]
        if for_active is not None:
            grads = [grad + more for grad, more in zip(grads, _parts(for_active, c.shape[-1]), strict=True)]
        slopes = (i - i * i, f - f * f, 1 - g * g, o - o * o)
        return cat([grad * slope for grad, slope in zip(grads, slopes, strict=True)], -1), total * f


def _parts(gates: Any, n: int) -> list[Any]:
    return [gates[..., k * n : (k + 1) * n] for k in range(4)]


def lstm_cell(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The next h and c of an LSTM, from its gates (N, 4 H) before their activations and c (N, H)."""
    h, new, *_ = LstmCell.apply(gates, c)
    return h, new
