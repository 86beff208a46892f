"""Recurrences, each over all times as one op: RNN, LSTM, GRU. Their derivative goes back through time.

From the projected input x = W_ih input + b_ih and the state before it, a step makes the next state; with y = W_hh h + b_hh:

    rnn    h' = tanh(x + y), or relu
    lstm   i, f, g, o = the four parts of x + y;  c' = sigmoid(f) c + sigmoid(i) tanh(g);  h' = sigmoid(o) tanh(c')
    gru    r, z = sigmoid(x + y), n = tanh(x + r y), of the three parts;  h' = (1 - z) n + z h

Rows are packed: those of all sequences at time 0, then those at time 1, and so on, where the shorter ones, which are the last,
have ended. A padded batch is the case of equal lengths, a cell that of one time.

Backward first computes what does not depend on the gradient, for all times at once. Then it goes from the last step to the
first with the gradient of the state. The gradient of W_hh, a sum over times, is one matrix product at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from minitorch.autograd.grad_mode import is_grad_enabled
from minitorch.autograd.hooks import materialize
from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array, as_array, contiguous, xp
from minitorch.backend.dispatch import definition
from minitorch.ops.joining import cat
from minitorch.ops.matrix import matmul, matrix_product, mT
from minitorch.ops.pointwise import Sigmoid, tanh
from minitorch.ops.rectifier import ReluBackward

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

Values: TypeAlias = Any  # arrays or Tensors: the derivative is computed with either


class Recurrence(Op):
    """h at all times and the last states, one step after the other;  the steps' derivatives, from the last step to the first

    The arguments are the projected input x (rows, ...), the first state h (N, H), for an LSTM c, weight_hh, bias_hh or None,
    and weight_hr or None, which multiplies each h'. `sizes` has the number of rows at each time. With `reverse` the last time
    comes first. What the steps keep for backward are outputs, too, so that their history is known when the gradient is
    differentiated again.
    """

    materialize_grads = False
    mode: ClassVar[str]  # PyTorch's name
    parts: ClassVar[int]  # how many parts x has
    step: ClassVar[Any]  # (x, y, h, c) -> h', c', and what is kept
    prepare: ClassVar[Any]  # (kept, their gradients, h and c before, h') -> what step_back needs, for all rows
    step_back: ClassVar[Any]  # (gradients of h' and c', what is prepared) -> those of x and y, of h but through y, of c

    def forward(
        ctx,
        x: Array,
        h: Array,
        c: Array | None,
        weight: Array,
        bias: Array | None,
        projection: Array | None,
        sizes: Sequence[int],
        reverse: bool,
    ) -> tuple[Array, ...]:
        ctx.sizes, ctx.reverse = sizes, reverse
        out, last, last_c, *kept = _over_time(x, h, c, weight, bias, projection, sizes, reverse, ctx.mode)
        hidden = out.copy()  # for backward: the program may change the output in place
        ctx.save_for_backward(h, c, weight, projection, hidden, *kept)
        ends: tuple[Any, ...] = (last,) if c is None else (last, last_c)
        if len(sizes) == 1:  # they are `out` and what is kept
            ends = tuple(end.copy() for end in ends)
        return out, *ends, *kept, hidden

    def backward(ctx, *grads: Any) -> Any:
        h, c, weight, projection, hidden, *kept = ctx.saved_tensors
        first_kept = 2 if c is None else 3
        for_out, for_h, for_c, *_ = (*materialize(ctx, grads, is_grad_enabled(), first_kept), None)
        *for_kept, for_hidden = grads[first_kept:]
        for_out = _add(for_out, for_hidden)
        times = _times(ctx.sizes, ctx.reverse)
        h_before = _before(hidden, h, times, ctx.reverse)
        back = _back_through_time if isinstance(for_out, xp.ndarray) else _back_through_time.function
        all_x, all_y, for_h, for_c, totals = back(
            for_out, for_h, for_c, h_before, c, hidden, weight, projection, ctx.sizes, ctx.reverse, ctx.mode, *kept, *for_kept
        )
        for_projection = None if projection is None else matmul(mT(totals), kept[-1])
        for_weight = matmul(mT(all_y), h_before) if ctx.needs_input_grad[3] else None
        return all_x, for_h, for_c, for_weight, all_y, for_projection


@definition
def _over_time(
    x: Array,
    h: Array,
    c: Array | None,
    weight: Array,
    bias: Array | None,
    projection: Array | None,
    sizes: Sequence[int],
    reverse: bool,
    mode: str,
) -> tuple[Any, ...]:
    """h at all times, the last h and c, and what the steps keep."""
    kind, times, rows, last, last_c = KINDS[mode], _times(sizes, reverse), [], h, c
    turned = weight.T if len(times) == 1 else contiguous(weight.T)  # copied once, it is read more quickly
    for count, part in times:
        y = as_array(matrix_product(last[:count], turned))
        if bias is not None:
            y += bias
        new, new_c, *kept = kind.step(x[part], y, last[:count], None if last_c is None else last_c[:count])
        if projection is not None:
            kept.append(new)
            new = as_array(matrix_product(new, projection.T))
        rows.append((new, *kept))
        last, last_c = _with_rest(new, last), _with_rest(new_c, last_c)
    out, *kept = (_in_order(parts, reverse) for parts in zip(*rows, strict=True))
    return out, last, last_c, *kept


@definition
def _back_through_time(
    for_out: Values,
    for_h: Values,
    for_c: Values,
    h_before: Values,
    c: Values,
    hidden: Values,
    weight: Values,
    projection: Values,
    sizes: Sequence[int],
    reverse: bool,
    mode: str,
    *kept: Values,
) -> tuple[Any, ...]:
    """The gradients of x and y at all times, of the first h and c, and of h' at all times, from those of h at all times and of
    the last h and c. What is kept comes with the gradients of that, which may be None. `hidden` has all h', and c is the first.
    """
    kind, times, half = KINDS[mode], _times(sizes, reverse), len(kept) // 2
    kept, for_kept = kept[:half], list(kept[half:])
    for_unprojected = None if projection is None else for_kept.pop()
    c_before = None if c is None else _before(kept[1], c, times, reverse)
    prepared = kind.prepare(kept, for_kept, h_before, c_before, hidden)
    for_x, for_y, totals = [], [], []
    for count, part in reversed(times):
        total = through = for_h[:count] + for_out[part]
        if projection is not None:
            totals.append(total)
            through = matmul(total, projection)
            if for_unprojected is not None:
                through = through + for_unprojected[part]
        rows = [None if p is None else p[part] for p in prepared]
        x, y, direct, new_c = kind.step_back(through, None if c is None else for_c[:count], *rows)
        for_x.append(x)
        for_y.append(y)
        new_h = matmul(y, weight)
        for_h, for_c = _with_rest(new_h if direct is None else new_h + direct, for_h), _with_rest(new_c, for_c)
    all_y = _in_order(for_y, not reverse)
    all_x = all_y if for_x[0] is for_y[0] else _in_order(for_x, not reverse)
    return all_x, all_y, for_h, for_c, _in_order(totals, not reverse) if totals else None


class RnnTanh(Recurrence):
    """h' = tanh(x + y);  in x and y: grad (1 - h'^2)"""

    mode = "RNN_TANH"
    parts = 1

    @staticmethod
    def step(x: Array, y: Array, h: Array, c: None) -> Any:
        y += x
        return xp.tanh(y, out=y), None

    @staticmethod
    def prepare(kept: Any, for_kept: Any, h_before: Values, c_before: None, h: Values) -> Any:
        return (1 - h * h,)

    @staticmethod
    def step_back(for_h: Values, for_c: None, slope: Values) -> Any:
        for_y = for_h * slope
        return for_y, for_y, None, None


class RnnRelu(Recurrence):
    """h' = max(x + y, 0);  in x and y: grad where h' > 0, 0 elsewhere"""

    mode = "RNN_RELU"
    parts = 1

    @staticmethod
    def step(x: Array, y: Array, h: Array, c: None) -> Any:
        y += x
        return xp.maximum(y, 0, out=y), None

    @staticmethod
    def prepare(kept: Any, for_kept: Any, h_before: Values, c_before: None, h: Values) -> Any:
        return (h,)

    @staticmethod
    def step_back(for_h: Values, for_c: None, h: Values) -> Any:
        for_y = ReluBackward.apply(for_h, h)
        return for_y, for_y, None, None


class Lstm(Recurrence):
    """c' = f c + i g and h' = o tanh(c'), with i, f, o the sigmoids and g the tanh of the parts of x + y;
    with the gradient h- of h', and c- = o (1 - tanh^2 c') h- + that of c':  in c: f c-, in i: g c-, in f: c c-, in g: i c-,
    in o: tanh(c') h-, each times the slope of its activation
    """

    mode = "LSTM"
    parts = 4

    @staticmethod
    def step(x: Array, y: Array, h: Array, c: Array) -> Any:
        h, c, gates = _lstm_cell(x, y, c)
        return h, c, gates, c

    @staticmethod
    def prepare(kept: Any, for_kept: Any, h_before: Values, c_before: Values, h: Values) -> Any:
        (gates, cells, *_), (for_gates, for_cells) = kept, for_kept
        (i, f, g, o), squeezed = _parts(gates, 4), tanh(cells)
        slopes = i - i * i, f - f * f, 1 - g * g, o - o * o
        factors = _cat([a * slope for a, slope in zip((g, c_before, i, squeezed), slopes, strict=True)], -1)
        more = None if for_gates is None else for_gates * _cat(slopes, -1)
        return o * (1 - squeezed * squeezed), f, factors, more, for_cells

    @staticmethod
    def step_back(
        for_h: Values, for_c: Values, through: Values, f: Values, factors: Values, more: Values, for_cell: Values
    ) -> Any:
        for_c = _add(for_c + for_h * through, for_cell)
        for_y = _add(factors * _cat([for_c, for_c, for_c, for_h], -1), more)
        return for_y, for_y, None, for_c * f


@definition
def _lstm_cell(x: Array, y: Array, c: Array) -> tuple[Array, Array, Array]:
    """h', c', and i, f, g, o one beside the other."""
    z, n = x + y, c.shape[-1]
    gates = Sigmoid.apply(z)
    xp.tanh(z[:, 2 * n : 3 * n], out=gates[:, 2 * n : 3 * n])
    i, f, g, o = _parts(gates, 4)
    new = f * c
    new += i * g
    return o * xp.tanh(new), new, gates


class Gru(Recurrence):
    """h' = (1 - z) n + z h, with r, z the sigmoids of the first parts of x + y, and n = tanh(x + r y) of the last;
    with the gradient h- of h':  in h: z h-, in n: (1 - z) (1 - n^2) h-, in z: (h - n) h-, in r: y times that in n, in the last
    part of y: r times that in n; in z and r times the slope of the sigmoid
    """

    mode = "GRU"
    parts = 3

    @staticmethod
    def step(x: Array, y: Array, h: Array, c: None) -> Any:
        n = h.shape[-1]
        r, z = _parts(gates := Sigmoid.apply(x[:, : 2 * n] + y[:, : 2 * n]), 2)
        last = y[:, 2 * n :]
        new = xp.tanh(x[:, 2 * n :] + r * last)
        return new + z * (h - new), None, xp.concatenate([gates, new], axis=1), last

    @staticmethod
    def prepare(kept: Any, for_kept: Any, h_before: Values, c_before: None, h: Values) -> Any:
        (gates, last), (for_gates, for_last) = kept, for_kept
        r, z, n = _parts(gates, 3)
        slopes = r - r * r, z - z * z, 1 - n * n
        more = None if for_gates is None else for_gates * _cat(slopes, -1)
        return z, r, last * slopes[0], (h_before - n) * slopes[1], (1 - z) * slopes[2], more, for_last

    @staticmethod
    def step_back(
        for_h: Values,
        for_c: None,
        z: Values,
        r: Values,
        to_r: Values,
        to_z: Values,
        to_n: Values,
        more: Values,
        for_last: Values,
    ) -> Any:
        for_r, for_z, for_n = (None, None, None) if more is None else _parts(more, 3)
        for_n, for_z = _add(for_h * to_n, for_n), _add(for_h * to_z, for_z)
        for_r = _add(for_n * to_r, for_r)
        for_last = _add(for_n * r, for_last)
        return _cat([for_r, for_z, for_n], -1), _cat([for_r, for_z, for_last], -1), for_h * z, None


KINDS: dict[str, type[Recurrence]] = {kind.mode: kind for kind in (RnnTanh, RnnRelu, Lstm, Gru)}


def recurrence(
    mode: str,
    x: Tensor,
    state: Sequence[Tensor],
    weight: Tensor,
    bias: Tensor | None,
    projection: Tensor | None,
    sizes: Sequence[int],
    reverse: bool = False,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """h at all times, and the last state of each sequence: (h,), or (h, c) for mode 'LSTM'."""
    h, c = state if len(state) == 2 else (*state, None)
    out, *rest = KINDS[mode].apply(x, h, c, weight, bias, projection, sizes, reverse)
    return out, tuple(rest[: len(state)])


# ---- rows by their time ---------------------------------------------------------------------------------------------------


def _times(sizes: Sequence[int], reverse: bool) -> list[tuple[int, slice]]:
    """For each step the number of its rows, and which they are."""
    times, start = [], 0
    for count in sizes:
        times.append((count, slice(start, start + count)))
        start += count
    return times[::-1] if reverse else times


def _in_order(rows: Sequence[Values], reverse: bool) -> Values:
    """The rows of all steps by their time."""
    rows = rows[::-1] if reverse else rows
    return rows[0] if len(rows) == 1 else _cat(rows)


def _with_rest(new: Values, old: Values) -> Values:
    """The new state of the first sequences, and the old one of the others, which have not begun or have ended."""
    return new if new is None or len(new) == len(old) else _cat([new, old[len(new) :]])


def _before(values: Values, start: Values, times: Sequence[tuple[int, slice]], reverse: bool) -> Values:
    """The state before each row, from those at all times and the first."""
    rows, state = [], start
    for count, part in times:
        rows.append(state[:count])
        state = _with_rest(values[part], state)
    return _in_order(rows, reverse)


def _parts(gates: Values, count: int) -> list[Values]:
    n = gates.shape[-1] // count
    return [gates[:, k * n : (k + 1) * n] for k in range(count)]


def _cat(parts: Sequence[Values], dim: int = 0) -> Values:
    return xp.concatenate(parts, axis=dim) if isinstance(parts[0], xp.ndarray) else cat(parts, dim)


def _add(a: Values, b: Values) -> Values:
    return a if b is None else a + b
