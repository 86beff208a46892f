"""What recurrent layers compute: the kinds of recurrence, and the scan over time.

A kind of recurrence is a function that makes the next state from the projected input x = W_ih input + b_ih and the state:

    rnn    h' = tanh(x + W_hh h + b_hh), or relu
    lstm   i, f, g, o = the four parts of x + W_hh h + b_hh;  c' = sigmoid(f) c + sigmoid(i) tanh(g);  h' = sigmoid(o) tanh(c')
    gru    r, z = sigmoid(x + W_hh h + b_hh), n = tanh(x + r (W_hh h + b_hh)), of the three parts;  h' = (1 - z) n + z h

All layers are one scan over time of such a function (`_scan`). It reads packed sequences: the rows of all sequences at time 0,
those at time 1, and so on, where shorter sequences have ended. A padded batch is the case of equal lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from minitorch.functions import cat
from minitorch.nn import functional as F
from minitorch.ops.elementwise import in_single
from minitorch.ops.joining import pieces
from minitorch.ops.recurrence import lstm_cell
from minitorch.tensor import Tensor

__all__ = ["KINDS", "WEIGHTS", "Kind", "State", "check_input", "mode_of", "one_step", "run", "states_of"]

State: TypeAlias = tuple[Tensor, ...]  # (h,) or (h, c)
Step: TypeAlias = Callable[..., State]  # (x, state, weight_hh, bias_hh, weight_hr) -> the next state


def _rnn_tanh(x: Tensor, state: State, weight_hh: Tensor, bias_hh: Tensor | None, weight_hr: None) -> State:
    return ((x + F.linear(state[0], weight_hh, bias_hh)).tanh(),)


def _rnn_relu(x: Tensor, state: State, weight_hh: Tensor, bias_hh: Tensor | None, weight_hr: None) -> State:
    return ((x + F.linear(state[0], weight_hh, bias_hh)).relu(),)


def _lstm(x: Tensor, state: State, weight_hh: Tensor, bias_hh: Tensor | None, weight_hr: Tensor | None) -> State:
    h, c = lstm_cell(x + F.linear(state[0], weight_hh, bias_hh), state[1])
    return h if weight_hr is None else F.linear(h, weight_hr), c


def _gru(x: Tensor, state: State, weight_hh: Tensor, bias_hh: Tensor | None, weight_hr: None) -> State:
    (h,) = state
    (r, z, n), (h_r, h_z, h_n) = _parts(3, x), _parts(3, F.linear(h, weight_hh, bias_hh))
    z, n = (z + h_z).sigmoid(), (n + (r + h_r).sigmoid() * h_n).tanh()
    return ((1 - z) * n + z * h,)


def _parts(count: int, gates: Tensor) -> tuple[Tensor, ...]:
    return pieces(gates, (gates.shape[-1] // count,) * count, -1)


class Kind(NamedTuple):
    """A kind of recurrence: its step, how many rows of the weights make one row of h, and how many tensors the state has."""

    step: Step
    gates: int
    states: int


KINDS = {
    "RNN_TANH": Kind(_rnn_tanh, 1, 1), "RNN_RELU": Kind(_rnn_relu, 1, 1),
    "LSTM": Kind(_lstm, 4, 2), "GRU": Kind(_gru, 3, 1),
}  # fmt: skip
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


# ---- from the first time to the last -----------------------------------------------------------------------------


def _scan(
    step: Step, data: Tensor, sizes: Sequence[int], start: State, reverse: bool, weights: Sequence[Tensor | None]
) -> tuple[Tensor, State]:
    """One pass over time, by one layer in one direction: (h at all times, the last state of each sequence).

    data (sum of `sizes`, features) has `sizes[t]` rows at time t. Backward in time, a sequence begins at its own end.
    """
    weight_ih, weight_hh, bias_ih, bias_hh, weight_hr = weights
    assert weight_ih is not None
    inputs = pieces(F.linear(data, weight_ih, bias_ih), sizes)
    outputs: list[Tensor] = []
    ended: list[State] = []
    state, rows = start, sizes[0]
    if reverse and sizes[-1] < rows:
        rows = sizes[-1]
        state = tuple(s[:rows] for s in start)
    for x in reversed(inputs) if reverse else inputs:
        count = x.shape[0]
        if count < rows:
            ended.append(tuple(s[count:] for s in state))
            state = tuple(s[:count] for s in state)
        elif count > rows:
            state = tuple(cat([s, first[rows:count]]) for s, first in zip(state, start, strict=True))
        state, rows = step(x, state, weight_hh, bias_hh, weight_hr), count
        outputs.append(state[0])
    if ended:
        state = tuple(map(cat, zip(state, *reversed(ended), strict=True)))
    return cat(outputs[::-1] if reverse else outputs), state


@in_single
def run(
    data: Tensor,
    weights: list[Tensor | None],
    starts: list[Tensor],
    sizes: Sequence[int],
    kind: Kind,
    directions: int,
    dropout: float,
) -> tuple[Tensor, ...]:
    """All layers: the output, then each direction's last state, h before c. `weights` and `starts` are in the same order."""
    ends: list[State] = []
    passes = len(weights) // len(WEIGHTS)
    for first in range(0, passes, directions):
        outputs = []
        for i in range(first, first + directions):
            own = weights[i * len(WEIGHTS) : (i + 1) * len(WEIGHTS)]
            start = tuple(starts[i * kind.states : (i + 1) * kind.states])
            output, end = _scan(kind.step, data, sizes, start, i > first, own)
            outputs.append(output)
            ends.append(end)
        data = cat(outputs, -1) if directions > 1 else outputs[0]
        if dropout and first + directions < passes:
            data = F.dropout(data, dropout)
    return data, *(s for end in ends for s in end)


@in_single
def one_step(x: Tensor, weights: list[Tensor | None], state: State, step: Step) -> State:
    weight_ih, weight_hh, bias_ih, bias_hh, weight_hr = weights
    assert weight_ih is not None
    return step(F.linear(x, weight_ih, bias_ih), state, weight_hh, bias_hh, weight_hr)


# ---- checks ------------------------------------------------------------------------------------------------------


def check_input(name: str, input: Any, features: int, weight: Tensor) -> None:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}: input must be a Tensor, not {type(input).__name__}")
    if input.dtype != weight.dtype:
        raise ValueError(
            f"{name}: input dtype ({input.dtype!r}) does not match weight dtype ({weight.dtype!r}): "
            f"input.to({weight.dtype!r}) or model.to({input.dtype!r}) converts"
        )
    if input.shape[-1] != features:
        raise RuntimeError(
            f"{name}: input.size(-1) must be equal to input_size. Expected {features}, got {input.shape[-1]} (input is "
            f"{list(input.shape)})"
        )


def states_of(name: str, hx: Any, count: int) -> State:
    """hx as a tuple: of a Tensor, or of the pair (h, c)."""
    state = (hx,) if count == 1 else tuple(hx) if isinstance(hx, (tuple, list)) else ()
    if len(state) != count or not all(isinstance(s, Tensor) for s in state):
        wanted = "a Tensor" if count == 1 else "a tuple (h_0, c_0) of two Tensors"
        raise TypeError(f"{name}: hx must be {wanted}, not {hx!r:.60}")
    return state


def mode_of(nonlinearity: str, error: type[Exception]) -> str:
    if nonlinearity not in ("tanh", "relu"):
        raise error(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
    return f"RNN_{nonlinearity.upper()}"
