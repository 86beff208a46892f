"""An LSTM over all times as one compiled loop in each direction: threads share the sequences, four of which make a tile.

No thread waits for another between two times, and nothing of a step passes through Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch.backend.arrays import Array, contiguous, xp
from minitorch.kernels import samples
from minitorch.kernels.numba.compiler import compiled, numba_implements, prange
from minitorch.kernels.numba.exponential import hyperbolic_tangent, lstm_row
from minitorch.kernels.numba.vectors import VECTOR_BYTES, WIDTH, strip

__all__: list[str] = []

MAX_WEIGHTS = 1 << 18  # so many fit the cache of a core, and are read at each time; for more BLAS is quicker


def lstm(
    x: Array,
    h: Array,
    c: Array,
    weight: Array,
    places: Array,
    bias: Array,
    reverse: bool,
    out: Array,
    cells: Array,
    gates: Array,
) -> None:
    """For each time, from x (T, N, 4 H): gates i, f, g, o of x + W h + bias,  c' = f c + i g,  h' = o tanh(c')

    Row k of the transposed weight begins at places[k].
    """
    (times, rows, _), size = x.shape, h.shape[1]
    for block in prange((rows - 1) // 4 + 1):
        first, count = 4 * block, min(4, rows - 4 * block)
        state, sums = xp.zeros((size, 4), x.dtype), xp.empty((4, weight.size // places.size), x.dtype)
        for r in range(count):
            for k in range(size):
                state[k, r] = h[first + r, k]
        for step in range(times):
            t = times - 1 - step if reverse else step
            strip(state, weight, places, sums, 4 * size)
            for r in range(count):
                row = first + r
                a, b, z, new_h, new_c = x[t, row], sums[r], gates[t, row], out[t, row], cells[t, row]
                for k in range(z.size):
                    z[k] = a[k] + b[k] + bias[k]
                lstm_row(z, c[row] if step == 0 else cells[t + 1 if reverse else t - 1, row], new_c, new_h)
                for k in range(size):
                    state[k, r] = new_h[k]


def lstm_back(
    for_out: Array,
    for_h: Array,
    for_c: Array,
    c: Array,
    gates: Array,
    cells: Array,
    weight: Array,
    places: Array,
    reverse: bool,
    for_y: Array,
) -> None:
    """Back through the times, with the gradients of h' and c' (N, H), which change in place: that of the gates' sums, for_y.

    The formulas are those of class Lstm in ops/recurrence.py. Row k of the weight begins at places[k].
    """
    (times, rows, size) = for_out.shape
    for block in prange((rows - 1) // 4 + 1):
        first, count = 4 * block, min(4, rows - 4 * block)
        state, sums = xp.zeros((4 * size, 4), gates.dtype), xp.empty((4, weight.size // places.size), gates.dtype)
        squeezed = xp.empty(size, gates.dtype)
        one = gates.dtype.type(1)
        for step in range(times):
            t = step if reverse else times - 1 - step
            for r in range(count):
                row = first + r
                z, y, cell, dh, dc, given = gates[t, row], for_y[t, row], cells[t, row], for_h[row], for_c[row], for_out[t, row]
                i, f, g, o = z[:size], z[size : 2 * size], z[2 * size : 3 * size], z[3 * size :]
                for_i, for_f, for_g, for_o = y[:size], y[size : 2 * size], y[2 * size : 3 * size], y[3 * size :]
                before = c[row] if step == times - 1 else cells[t + 1 if reverse else t - 1, row]
                for k in range(squeezed.size):
                    squeezed[k] = hyperbolic_tangent(cell[k])
                for k in range(dh.size):
                    dh[k] += given[k]
                    dc[k] += dh[k] * (o[k] * (one - squeezed[k] * squeezed[k]))
                for k in range(for_i.size):
                    for_i[k] = g[k] * (i[k] - i[k] * i[k]) * dc[k]
                for k in range(for_f.size):
                    for_f[k] = before[k] * (f[k] - f[k] * f[k]) * dc[k]
                for k in range(for_g.size):
                    for_g[k] = i[k] * (one - g[k] * g[k]) * dc[k]
                for k in range(for_o.size):
                    for_o[k] = squeezed[k] * (o[k] - o[k] * o[k]) * dh[k]
                for k in range(dc.size):
                    dc[k] *= f[k]
                for k in range(y.size):
                    state[k, r] = y[k]
            strip(state, weight, places, sums, size)
            for r in range(count):
                for_h[first + r] = sums[r, :size]


def _laid_out(weight: Array) -> tuple[Array, Array]:
    """The rows of a matrix with zeros behind each, so that tiles divide it; and where each begins."""
    tile = WIDTH * VECTOR_BYTES // weight.itemsize
    rows = xp.zeros((len(weight), -(-weight.shape[1] // tile) * tile), weight.dtype)
    rows[:, : weight.shape[1]] = weight
    return rows.reshape(-1), xp.arange(len(rows)) * rows.shape[1]


def _suits(mode: str, sizes: Sequence[int], weight: Array, projection: Any) -> bool:
    """Whether these are sequences of one length, for an LSTM of moderate size."""
    simple = mode == "LSTM" and projection is None and len(sizes) > 1 and sizes[0] == sizes[-1]
    return simple and 0 < weight.size <= MAX_WEIGHTS


@numba_implements("over_time", dtypes="f", layout="native", pays_from=1 << 10, ulp=64, sample=samples.over_time)
def _over_time(
    x: Array, h: Array, c: Array, weight: Array, bias: Any, projection: Any, sizes: Sequence[int], reverse: bool, mode: str
) -> Any:
    if not _suits(mode, sizes, weight, projection):
        return NotImplemented
    times, (rows, size) = len(sizes), h.shape
    added = xp.zeros(4 * size, x.dtype) if bias is None else contiguous(bias)
    out, cells, gates = (xp.empty((times, rows, n * size), x.dtype) for n in (1, 1, 4))
    given = contiguous(x).reshape(gates.shape)
    compiled(lstm)(given, contiguous(h), contiguous(c), *_laid_out(weight.T), added, reverse, out, cells, gates)
    last = 0 if reverse else -1
    flat = (a.reshape(times * rows, -1) for a in (out, gates, cells))
    all_h, *kept = flat
    return all_h, out[last].copy(), cells[last].copy(), *kept


@numba_implements("back_through_time", dtypes="f", layout="native", pays_from=1 << 8, ulp=256, sample=samples.back_through_time)
def _back_through_time(
    for_out: Array,
    for_h: Array,
    for_c: Array,
    h_before: Array,
    c: Any,
    hidden: Array,
    weight: Array,
    projection: Any,
    sizes: Sequence[int],
    reverse: bool,
    mode: str,
    *kept: Any,
) -> Any:
    if not _suits(mode, sizes, weight, projection) or any(g is not None for g in kept[2:]):
        return NotImplemented
    gates, cells, given = (contiguous(a).reshape(len(sizes), len(c), -1) for a in (*kept[:2], for_out))
    for_h, for_c, for_y = xp.array(for_h), xp.array(for_c), xp.empty_like(gates)
    compiled(lstm_back)(given, for_h, for_c, contiguous(c), gates, cells, *_laid_out(weight), reverse, for_y)
    all_y = for_y.reshape(len(for_out), -1)
    return all_y, all_y, for_h, for_c, None
