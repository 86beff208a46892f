"""Recurrent layers: RNN, LSTM, GRU, and their cells, which are one step of them.

What a step is, and its derivative, is in ops/recurrence.py: an op goes over all times of one layer in one direction. Here are
the layers above one another, the two directions, and the shapes: padded batches, packed sequences, a sequence without a batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from minitorch.backend.callsite import warn
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.errors import describe
from minitorch.creation import empty
from minitorch.functions import cat, stack
from minitorch.nn import functional as F
from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.nn.utils.rnn import PackedSequence
from minitorch.ops.elementwise import in_single
from minitorch.ops.recurrence import KINDS, recurrence
from minitorch.public import constructor, layer_forward, public
from minitorch.tensor import Tensor

__all__ = ["GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNBase", "RNNCell", "RNNCellBase"]

Sequences = TypeVar("Sequences", Tensor, PackedSequence)
State: TypeAlias = tuple[Tensor, ...]  # (h,) or (h, c)


_STATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 2, "GRU": 1}  # how many tensors the state has
_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


def _pass(
    mode: str, data: Tensor, sizes: Sequence[int], start: State, reverse: bool, weights: Sequence[Tensor | None]
) -> tuple[Tensor, State]:
    """One pass over time, by one layer in one direction: (h at all times, the last state of each sequence).

    data (sum of `sizes`, features) has `sizes[t]` rows at time t. Backward in time, a sequence begins at its own end.
    """
    weight_ih, weight_hh, bias_ih, bias_hh, weight_hr = weights
    assert weight_ih is not None
    assert weight_hh is not None
    return recurrence(mode, F.linear(data, weight_ih, bias_ih), start, weight_hh, bias_hh, weight_hr, sizes, reverse)


@in_single
def _run(
    data: Tensor,
    weights: list[Tensor | None],
    starts: list[Tensor],
    sizes: Sequence[int],
    mode: str,
    directions: int,
    dropout: float,
) -> tuple[Tensor, ...]:
    """All layers: the output, then each direction's last state, h before c. `weights` and `starts` are in the same order."""
    ends: list[State] = []
    states, passes = _STATES[mode], len(weights) // len(_WEIGHTS)
    for first in range(0, passes, directions):
        outputs = []
        for i in range(first, first + directions):
            own = weights[i * len(_WEIGHTS) : (i + 1) * len(_WEIGHTS)]
            start = tuple(starts[i * states : (i + 1) * states])
            output, end = _pass(mode, data, sizes, start, i > first, own)
            outputs.append(output)
            ends.append(end)
        data = cat(outputs, -1) if directions > 1 else outputs[0]
        if dropout and first + directions < passes:
            data = F.dropout(data, dropout)
    return data, *(s for end in ends for s in end)


@in_single
def _one_step(x: Tensor, weights: list[Tensor | None], state: State, mode: str) -> State:
    if x.ndim == 1:
        return tuple(s[0] for s in _one_step(x[None], weights, tuple(s[None] for s in state), mode))
    return _pass(mode, x, (x.shape[0],), state, False, weights)[1]


def _check_input(name: str, input: Any, features: int, weight: Tensor) -> None:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}: input must be a Tensor, not {type(input).__name__}")
    if input.dtype != weight.dtype:
        or_model = f" or model.to({input.dtype!r})" if input.is_floating_point() else ""
        raise ValueError(
            f"{name}: input dtype ({input.dtype!r}) does not match weight dtype ({weight.dtype!r}): "
            f"input.to({weight.dtype!r}){or_model} converts"
        )
    if input.shape[-1] != features:
        raise RuntimeError(
            f"{name}: input.size(-1) must be equal to input_size. Expected {features}, got {input.shape[-1]} (input is "
            f"{list(input.shape)})"
        )


def _states(name: str, hx: Any, count: int) -> State:
    """hx as a tuple: of a Tensor, or of the pair (h, c)."""
    state = (hx,) if count == 1 else tuple(hx) if isinstance(hx, (tuple, list)) else ()
    if len(state) != count or not all(isinstance(s, Tensor) for s in state):
        wanted = "a Tensor" if count == 1 else "a tuple (h_0, c_0) of two Tensors"
        raise TypeError(f"{name}: hx must be {wanted}, not {describe(hx)}")
    return state


class RNNBase(Module):
    """The base class of RNN, LSTM and GRU. `mode` is 'RNN_TANH', 'RNN_RELU', 'LSTM' or 'GRU'.

    All weights and biases are initialized uniform in +-1 / sqrt(hidden_size). Raises ValueError for another mode, sizes that
    are not positive, and a dropout outside [0, 1].

    >>> isinstance(nn.LSTM(4, 3), nn.RNNBase), [name for name, _ in nn.LSTM(4, 3).named_parameters()]
    (True, ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0'])
    """

    @public
    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if mode not in KINDS:
            raise ValueError(f"Unrecognized RNN mode: {mode!r}. It must be one of {list(KINDS)}")
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
            if size <= 0:
                raise ValueError(f"{name} must be greater than zero, but got {size}")
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(f"dropout should be a probability, a number in range [0, 1], but got {dropout}")
        if dropout and num_layers == 1:
            warn(f"dropout={dropout} has no effect with num_layers=1: it applies to the output of all layers but the last")
        if proj_size < 0:
            raise ValueError(f"proj_size should be a positive integer, or zero for no projection, but got {proj_size}")
        if proj_size and mode != "LSTM":
            raise ValueError(f"proj_size={proj_size} is only supported for LSTM, not RNN or GRU")
        if proj_size >= hidden_size:
            raise ValueError(f"proj_size has to be smaller than hidden_size, but got {proj_size} and {hidden_size}")
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        rows, out = KINDS[mode].parts * hidden_size, proj_size or hidden_size
        for layer in range(num_layers):
            columns = input_size if layer == 0 else out * len(self._directions)
            shapes = [(rows, columns), (rows, out), (rows,) if bias else None, (rows,) if bias else None]
            shapes.append((proj_size, hidden_size) if proj_size else None)
            for direction in self._directions:
                for name, shape in zip(_WEIGHTS, shapes, strict=True):
                    if shape is not None:
                        parameter = Parameter(empty(*shape, device=device, dtype=dtype))
                        self.register_parameter(f"{name}_l{layer}{direction}", parameter)
        self.reset_parameters()

    @property
    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def reset_parameters(self) -> None:
        """Initialize weights and biases with new random numbers."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """No effect, as on a CPU in PyTorch: cuDNN needs all weights in one piece of memory, and nothing here does."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        weights, count = self._weights(), len(_WEIGHTS)
        return [[w for w in weights[i : i + count] if w is not None] for i in range(0, len(weights), count)]

    def _weights(self) -> list[Any]:
        return [
            getattr(self, f"{name}_l{layer}{direction}", None)
            for layer in range(self.num_layers)
            for direction in self._directions
            for name in _WEIGHTS
        ]

    if TYPE_CHECKING:

        def __call__(self, input: Sequences, hx: Tensor | None = None) -> tuple[Sequences, Tensor]: ...

    @layer_forward
    def forward(self, input: Sequences, hx: Any = None) -> tuple[Sequences, Tensor]:
        """(output, h_n), or (output, (h_n, c_n)) for LSTM, from the first state `hx`, of the shape of the last, or zeros."""
        name, states, weights = type(self).__name__, _STATES[self.mode], self._weights()
        packed = input if isinstance(input, PackedSequence) else None
        data: Any = input if packed is None else packed.data
        ndim = data.ndim if isinstance(data, Tensor) else 0
        if isinstance(data, Tensor) and ndim not in ((2, 3) if packed is None else (2,)):
            expected, error = ("2D or 3D", ValueError) if packed is None else ("2 dimensions in packed data", RuntimeError)
            raise error(f"{name}: Expected input to be {expected}, got {ndim}D instead (shape {list(data.shape)})")
        _check_input(name, data, self.input_size, weights[0])
        if packed is not None:
            sizes = packed.batch_sizes.tolist()
        else:
            if self.batch_first and ndim == 3:
                data = data.transpose(0, 1)
            sizes = [data.shape[1] if ndim == 3 else 1] * data.shape[0]
        if not sizes:
            raise RuntimeError(f"{name}: Expected sequence length to be larger than 0 in RNN, got input {list(data.shape)}")
        if sum(sizes) != math.prod(data.shape[:-1]) or sorted(sizes, reverse=True) != sizes:
            raise RuntimeError(
                f"{name}: Expected decreasing batch sizes that add up to the rows of the data, but got input of shape "
                f"{list(data.shape)} and batch sizes {sizes!r:.40}"
            )
        starts = self._first_state(name, data, hx, packed, sizes[0], is_batched=packed is not None or ndim == 3)
        dropout = self.dropout if self.training else 0.0
        flat = data.reshape(-1, self.input_size)
        out: Any
        out, *ends = _run(flat, weights, starts, tuple(sizes), self.mode, len(self._directions), dropout)
        last = [stack(ends[i::states]) for i in range(states)]
        if packed is not None:
            order = packed.unsorted_indices
            out = PackedSequence(out, *packed[1:])
            last = last if order is None else [s.index_select(1, order) for s in last]
        elif ndim == 3:
            out = out.reshape(len(sizes), sizes[0], out.shape[-1])
            out = out.transpose(0, 1) if self.batch_first else out
        else:
            last = [s.squeeze(1) for s in last]
        state: Any = last[0] if states == 1 else tuple(last)
        return out, state

    def _first_state(
        self, name: str, data: Tensor, hx: Any, packed: PackedSequence | None, batch: int, is_batched: bool
    ) -> list[Tensor]:
        """The first state of each layer and direction, h before c, from `hx`. Raises RuntimeError for another shape."""
        states, passes = _STATES[self.mode], self.num_layers * len(self._directions)
        shapes = [(passes, batch, self.proj_size or self.hidden_size), (passes, batch, self.hidden_size)][:states]
        if hx is None:
            state = tuple(data.new_zeros(shape) for shape in shapes)
        else:
            state = _states(name, hx, states)
            for s, shape in zip(state, shapes, strict=True):
                expected = shape if is_batched else (shape[0], shape[2])
                if tuple(s.shape) != expected:
                    kept = "batched 3-D" if is_batched else "unbatched 2-D"
                    raise RuntimeError(
                        f"{name}: Expected hidden size {expected}, got {list(s.shape)}: for {kept} input, hx has (num_layers * "
                        f"num_directions, {'batch, ' * is_batched}features)"
                    )
                if s.dtype != data.dtype:
                    raise RuntimeError(f"{name}: expected hx of {data.dtype!r}, as the input, but got {s.dtype!r}")
            state = state if is_batched else tuple(s.unsqueeze(1) for s in state)
            if packed is not None and packed.sorted_indices is not None:
                state = tuple(s.index_select(1, packed.sorted_indices) for s in state)
        split = [s.unbind(0) for s in state]
        return [s[i] for i in range(passes) for s in split]

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        for name, default in (
            ("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0),
            ("bidirectional", False),
        ):  # fmt: skip
            if getattr(self, name) != default:
                parts.append(f"{name}={getattr(self, name)}")
        return ", ".join(parts)


class RNN(RNNBase):
    """A recurrent layer (Elman 1990): at every time the state is made from the input and the state before.

    h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh); `nonlinearity` is 'tanh' or 'relu'.

    Shapes: input (T, N, input_size), or (N, T, input_size) with `batch_first`, (T, input_size) without a batch, or packed;
    output (T, N, hidden_size), or (T, N, 2 hidden_size) with `bidirectional`; h_n, and the first state `hx`, (num_layers *
    num_directions, N, hidden_size), whatever `batch_first` is.

    The output has the states of the last layer at every time; with `bidirectional` those forward in time, then those of a
    second pass backward in time. h_n has the last state of every layer. Each further layer reads the output of the layer before
    it, in training with `dropout`.

    Weights: weight_ih_l0 (hidden_size, input_size), weight_hh_l0 (hidden_size, hidden_size), bias_ih_l0, bias_hh_l0; _l1 in the
    next layer, and with _reverse at the end backward in time. Raises ValueError or RuntimeError for shapes that do not fit.

    Example: With weights of 1, the states are tanh(1 + 0) = 0.7616 and tanh(0 + 0.7616) = 0.6420.

    >>> layer = nn.RNN(1, 1, bias=False)
    >>> for weight in layer.parameters():
    ...     _ = nn.init.ones_(weight)
    >>> output, h_n = layer(minitorch.tensor([[1.0], [0.0]]))
    >>> output.data, h_n.data
    (tensor([[0.7616],
            [0.6420]]), tensor([[0.6420]]))
    >>> output, h_n = nn.RNN(4, 3, bidirectional=True)(minitorch.ones(5, 2, 4))
    >>> output.shape, h_n.shape
    (minitorch.Size([5, 2, 6]), minitorch.Size([2, 2, 3]))
    """

    @public
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        mode = _mode_of(nonlinearity, ValueError)
        super().__init__(
            mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device=device, dtype=dtype
        )
        self.nonlinearity = nonlinearity


def _mode_of(nonlinearity: str, error: type[Exception]) -> str:
    if nonlinearity not in ("tanh", "relu"):
        raise error(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
    return f"RNN_{nonlinearity.upper()}"


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000); the state is (h, c).

    i, f, g, o = the four parts of W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
    c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
    h_t = sigmoid(o) tanh(c_t), and with `proj_size` W_hr times that, of proj_size features (weight_hr_l0)

    Shapes: those of `RNN`, with c as h, but for `proj_size`, which changes the features of h only. The options are those of
    `RNN`; the weights have 4 hidden_size rows: those of i, f, g and o. It returns (output, (h_n, c_n)).

    Example: With weights of 0 the gates are sigmoid(0) = 0.5, so c = 0.5 * 1 + 0.5 * 0 and h = 0.5 tanh(0.5) = 0.2311.

    >>> layer = nn.LSTM(1, 1)
    >>> for weight in layer.parameters():
    ...     _ = nn.init.zeros_(weight)
    >>> output, (h_n, c_n) = layer(minitorch.zeros(1, 1), (minitorch.zeros(1, 1), minitorch.ones(1, 1)))
    >>> h_n.data, c_n.data
    (tensor([[0.2311]]), tensor([[0.5000]]))
    >>> output, (h_n, c_n) = nn.LSTM(4, 3, num_layers=2, batch_first=True)(minitorch.ones(2, 5, 4))
    >>> output.shape, h_n.shape, c_n.shape
    (minitorch.Size([2, 5, 3]), minitorch.Size([2, 2, 3]), minitorch.Size([2, 2, 3]))
    """

    @public
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        options = (num_layers, bias, batch_first, dropout, bidirectional, proj_size)
        super().__init__("LSTM", input_size, hidden_size, *options, device=device, dtype=dtype)

    if TYPE_CHECKING:

        def __call__(
            self, input: Sequences, hx: tuple[Tensor, Tensor] | None = None
        ) -> tuple[Sequences, tuple[Tensor, Tensor]]: ...


class GRU(RNNBase):
    """Gated recurrent units (Cho et al. 2014), with the options and shapes of `RNN`.

    r, z = sigmoid(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), each with its own third of the weights' rows
    n = tanh(W_ih x_t + b_ih + r (W_hh h_{t-1} + b_hh)), with the last third
    h_t = (1 - z) n + z h_{t-1}

    In the paper r multiplies h_{t-1} before W_hh; here it comes after, as in PyTorch. z is the share of the old state that
    stays.

    Shapes: those of `RNN`; the weights have 3 hidden_size rows, those of r, z and n.

    Example: With weights of 0, z = sigmoid(0) = 0.5 and n = 0, so h = 0.5 * 0 + 0.5 * 1 = 0.5.

    >>> layer = nn.GRU(1, 1)
    >>> for weight in layer.parameters():
    ...     _ = nn.init.zeros_(weight)
    >>> layer(minitorch.zeros(1, 1), minitorch.ones(1, 1))[1].data
    tensor([[0.5000]])
    >>> output, h_n = nn.GRU(4, 3)(minitorch.ones(5, 4))
    >>> output.shape, h_n.shape
    (minitorch.Size([5, 3]), minitorch.Size([1, 3]))
    """

    @public
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        options = (num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__("GRU", input_size, hidden_size, *options, device=device, dtype=dtype)


class RNNCellBase(Module):
    """The base class of RNNCell, LSTMCell and GRUCell. All weights and biases are uniform in +-1 / sqrt(hidden_size).

    >>> isinstance(nn.GRUCell(4, 3), nn.RNNCellBase), nn.GRUCell(4, 3).weight_ih.shape
    (True, minitorch.Size([9, 4]))
    """

    _mode: ClassVar[str]

    @constructor
    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, *, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size), ("num_chunks", num_chunks)):
            if size < 0:
                raise RuntimeError(f"{name} must not be negative, but got {size}")
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        for name, shape in zip(_WEIGHTS, [(rows, input_size), (rows, hidden_size), (rows,), (rows,)], strict=False):
            wanted = len(shape) > 1 or bias
            self.register_parameter(name, Parameter(empty(*shape, device=device, dtype=dtype)) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialize weights and biases with new random numbers."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    @layer_forward
    def forward(self, input: Tensor, hx: Any = None) -> Tensor:
        """The next state, from the input ((N,) input_size) and the state `hx` ((N,) hidden_size), or zeros."""
        name, states = type(self).__name__, _STATES[self._mode]
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead (shape {list(input.shape)})")
        weights = [getattr(self, weight) for weight in _WEIGHTS[:4]]
        _check_input(name, input, self.input_size, weights[0])
        shape = (*input.shape[:-1], self.hidden_size)
        state: Any = (input.new_zeros(shape),) * states if hx is None else _states(name, hx, states)
        for i, s in enumerate(state):
            if s.ndim not in (1, 2):
                raise ValueError(f"{name}: Expected hx[{i}] to be 1D or 2D, got {s.ndim}D instead (shape {list(s.shape)})")
            if tuple(s.shape) != shape:
                raise RuntimeError(
                    f"{name}: hx[{i}] must have shape {list(shape)} for input {list(input.shape)}, got {list(s.shape)}"
                )
            if s.dtype != input.dtype:
                raise RuntimeError(f"{name}: expected hx[{i}] of {input.dtype!r}, as the input, but got {s.dtype!r}")
        state = _one_step(input, [*weights, None], state, self._mode)
        return state[0] if states == 1 else state

    def extra_repr(self) -> str:
        shown = [("bias", self.bias, True), ("nonlinearity", getattr(self, "nonlinearity", "tanh"), "tanh")]
        parts = [f", {name}={value}" for name, value, default in shown if value != default]
        return f"{self.input_size}, {self.hidden_size}" + "".join(parts)


class RNNCell(RNNCellBase):
    """One step of `RNN`: the next state, from the input and the state.

    h' = tanh(W_ih x + b_ih + W_hh h + b_hh); `nonlinearity` is 'tanh' or 'relu'.

    Shapes: input ((N,) input_size), state and result ((N,) hidden_size). Without a state it starts from zeros.

    >>> cell, h = nn.RNNCell(4, 3), minitorch.zeros(2, 3)
    >>> for x in minitorch.ones(5, 2, 4):
    ...     h = cell(x, h)
    >>> h.shape
    minitorch.Size([2, 3])
    """

    @constructor
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    @property
    def _mode(self) -> str:
        return _mode_of(self.nonlinearity, RuntimeError)


class LSTMCell(RNNCellBase):
    """One step of `LSTM`: (h', c') from x and (h, c).

    c' = sigmoid(f) c + sigmoid(i) tanh(g)
    h' = sigmoid(o) tanh(c'), with i, f, g, o = the four parts of W_ih x + b_ih + W_hh h + b_hh

    Shapes: input ((N,) input_size), h and c ((N,) hidden_size). Without a state it starts from zeros.

    >>> h, c = nn.LSTMCell(4, 3)(minitorch.ones(2, 4))
    >>> h.shape, c.shape
    (minitorch.Size([2, 3]), minitorch.Size([2, 3]))
    """

    _mode = "LSTM"

    @constructor
    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device=device, dtype=dtype)

    if TYPE_CHECKING:

        def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]: ...


class GRUCell(RNNCellBase):
    """One step of `GRU`: h' from x and h.

    h' = (1 - z) n + z h, with r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh) and n = tanh(W_ih x + b_ih + r (W_hh h + b_hh))

    Shapes: input ((N,) input_size), state and result ((N,) hidden_size). Without a state it starts from zeros.

    >>> nn.GRUCell(4, 3)(minitorch.ones(4)).shape
    minitorch.Size([3])
    """

    _mode = "GRU"

    @constructor
    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device=device, dtype=dtype)
