"""Pooling, with a thread for each output: that of a window goes over its cells, that of a cell over the windows that cover it.

Images are three-dimensional here: one of lower rank has sizes of 1 before its own. In the code, along dimension d,

    o   the number of a window, out of m      p   the number of a cell of the image, out of n
    j   the number of a cell of the window

The window's geometry is written into the code as numbers, so that the compiler unrolls the loops; sizes are arguments.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from minitorch.backend.arrays import Array, contiguous, xp
from minitorch.backend.window import AdaptiveWindow, Window, pad_to_3d
from minitorch.kernels import samples
from minitorch.kernels.cupy.compiler import cupy_implements, elementwise

__all__: list[str] = []

Size = tuple[int, ...]

MAX_CELLS = 128  # of a window: one thread takes longer for more of them than a reduction, which shares them among many

# From windows to cells and back, along dimension d, for a kernel k, stride s, dilation t, and padding b before.
GEOMETRY = {
    Window: {
        "EACH_CELL": "for (int j{d} = 0; j{d} < {k}; ++j{d}) {{ int p{d} = o{d} * {s} - {b} + j{d} * {t}; "
        "if (p{d} < 0 || p{d} >= n{d}) continue; ",
        "EACH_WINDOW": "for (int j{d} = 0; j{d} < {k}; ++j{d}) {{ int at{d} = p{d} + {b} - j{d} * {t}; "
        "if (at{d} < 0 || at{d} % {s} || at{d} / {s} >= m{d}) continue; int o{d} = at{d} / {s}; ",
        "FIND_CELL": "int p{d} = o{d} * {s} - {b} + j{d} * {t}; ",
    },
    AdaptiveWindow: {
        "EACH_CELL": "for (int j{d} = 0; ; ++j{d}) {{ int p{d} = int((long long)o{d} * n{d} / m{d}) + j{d}; "
        "if ((long long)p{d} * m{d} >= (o{d} + 1LL) * n{d}) break; ",
        "EACH_WINDOW": "for (int o{d} = (long long)p{d} * m{d} / n{d}; o{d} < m{d}; ++o{d}) {{ "
        "int j{d} = p{d} - int((long long)o{d} * n{d} / m{d}); if (j{d} < 0) break; ",
        "FIND_CELL": "int p{d} = int((long long)o{d} * n{d} / m{d}) + j{d}; ",
    },
}
X, Y = "((plane * n0 + p0) * n1 + p1) * n2 + p2", "((plane * m0 + o0) * m1 + o1) * m2 + o2"  # indices of a cell, of a window
SPLIT = "Index rest = i; int {0}2 = rest % {1}2; rest /= {1}2; int {0}1 = rest % {1}1; rest /= {1}1; "
SPLIT += "int {0}0 = rest % {1}0; Index plane = rest / {1}0; "
OF_WINDOW, OF_CELL = SPLIT.format("o", "m"), SPLIT.format("p", "n")  # the place of element i

CODE = {  # inputs, outputs, code
    "max_pool": (
        "raw T x",
        "T y, W which",
        f"{OF_WINDOW} T best = 0; int number = -1; EACH_CELL const T value = x[{X}]; "
        "if (number < 0 || value > best || (value != value && best == best)) { best = value; number = CELL; } "
        "DONE y = best; which = number;",
    ),
    "gather_cell": ("raw T x, W which", "T y", f"{OF_WINDOW} FIND_CELL y = x[{X}];"),
    "cell_index": ("W which", "int64 at", f"{OF_WINDOW} FIND_CELL at = ((long long)p0 * n1 + p1) * n2 + p2;"),
    "scatter_cell": (
        "raw T g, raw W which",
        "T x",
        f"{OF_CELL} T sum = 0; EACH_WINDOW const Index at = {Y}; if (which[at] == CELL) sum += g[at]; DONE x = sum;",
    ),
    "window_sum": ("raw T x", "T y", f"{OF_WINDOW} double sum = 0; EACH_CELL sum += x[{X}]; DONE y = sum;"),
    "window_sum_adjoint": ("raw T g", "T x", f"{OF_CELL} double sum = 0; EACH_WINDOW sum += g[{Y}]; DONE x = sum;"),
}


@functools.lru_cache(1024)
def _kernel(name: str, window: Window | AdaptiveWindow, size: Size, planes: int) -> tuple[Callable[..., Any], Size, Size]:
    """The kernel for images of `size`, the output's size, and the arguments n0, n1, n2, m0, m1 and m2."""
    out = window.output_size(size)
    if isinstance(window, AdaptiveWindow):
        length = pad_to_3d(window.lengths(size), 1)
        numbers = [{"k": k} for k in length]
    else:
        length, before = pad_to_3d(window.kernel, 1), pad_to_3d([b for b, _ in window.padding], 0)
        each = zip(length, pad_to_3d(window.stride, 1), before, pad_to_3d(window.dilation, 1), strict=True)
        numbers = [dict(zip("ksbt", values, strict=True)) for values in each]
    inputs, outputs, code = CODE[name]
    for word, text in GEOMETRY[type(window)].items():
        if word == "FIND_CELL":
            area = length[1] * length[2]
            code = code.replace(
                word, f"int j0 = which / {area}, j1 = which / {length[2]} % {length[1]}, j2 = which % {length[2]}; {word}"
            )
        code = code.replace(word, "".join(text.format(d=d, **values) for d, values in enumerate(numbers)))
    code = code.replace("CELL", f"(j0 * {length[1]} + j1) * {length[2]} + j2").replace("DONE", "}}}")
    large = planes * max(math.prod(size), math.prod(out)) >= 1 << 31
    preamble = f"typedef {'long long' if large else 'unsigned int'} Index;"
    sizes = ", int32 n0, int32 n1, int32 n2, int32 m0, int32 m1, int32 m2"
    return elementwise(name, inputs + sizes, outputs, code, preamble), out, (*pad_to_3d(size, 1), *pad_to_3d(out, 1))


def _pooled(
    name: str, window: Window | AdaptiveWindow, size: Sequence[int], *arrays: Array, dtypes: Sequence[Any], image: bool = False
) -> Any:
    """Run a kernel of CODE on arrays (N, C, ...): new arrays of `dtypes`, of the shape of images or of windows."""
    batch = arrays[0].shape[:2]
    kernel, out, sizes = _kernel(name, window, tuple(size), math.prod(batch))
    made = [xp.empty_like(arrays[0], order="C", shape=(*batch, *(size if image else out)), dtype=t) for t in dtypes]
    return kernel(*map(contiguous, arrays), *sizes, *made)


def _is_small(window: Window | AdaptiveWindow, size: Sequence[int]) -> bool:
    return math.prod(window.lengths(size) if isinstance(window, AdaptiveWindow) else window.kernel) <= MAX_CELLS


@functools.lru_cache(1024)
def _see_something(window: Window | AdaptiveWindow, size: Size) -> bool:
    """Whether each window covers a cell of the image, not padding alone."""
    if isinstance(window, AdaptiveWindow):
        return 0 not in size
    dims = zip(size, window.output_size(size), window.kernel, window.stride, window.padding, window.dilation, strict=True)
    return all(any(0 <= o * s - b + j * t < n for j in range(k)) for n, m, k, s, (b, _), t in dims for o in range(m))


@cupy_implements("max_pool", sample=samples.any_pooling)
def _max_pool(x: Array, window: Window | AdaptiveWindow) -> Any:
    size = x.shape[2:]
    if not _is_small(window, size) or not _see_something(window, size):
        return NotImplemented
    return _pooled("max_pool", window, size, x, dtypes=(x.dtype, xp.uint8))


@cupy_implements("gather_cell", sample=samples.gather_cell)
def _gather_cell(x: Array, which: Array, window: Window | AdaptiveWindow) -> Any:
    return _pooled("gather_cell", window, x.shape[2:], x, which, dtypes=(x.dtype,))


@cupy_implements("cell_index", dtypes="BIl", sample=samples.cells)
def _cell_index(which: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Any:
    return _pooled("cell_index", window, size, which, dtypes=(xp.int64,))


@cupy_implements("scatter_cell", ulp=8, sample=samples.scatter_cell)
def _scatter_cell(g: Array, which: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Any:
    if not _is_small(window, size):
        return NotImplemented
    return _pooled("scatter_cell", window, size, g, which, dtypes=(g.dtype,), image=True)


@cupy_implements("window_sum", ulp=8, sample=samples.any_window_sum)
def _window_sum(x: Array, window: Window | AdaptiveWindow) -> Any:
    if not _is_small(window, x.shape[2:]):
        return NotImplemented
    return _pooled("window_sum", window, x.shape[2:], x, dtypes=(x.dtype,))


@cupy_implements("window_sum_adjoint", ulp=8, sample=samples.any_window_sum_adjoint)
def _window_sum_adjoint(g: Array, window: Window | AdaptiveWindow, size: Sequence[int]) -> Any:
    if not _is_small(window, size):
        return NotImplemented
    return _pooled("window_sum_adjoint", window, size, g, dtypes=(g.dtype,), image=True)


@cupy_implements("gather", sample=samples.gather)
def _gather(x: Array, indices: Array) -> Any:
    """An index out of range gives nan, as no value is read on the host that could raise."""
    code = 'out = index < 0 || index >= plane ? T(nan("")) : x[i / count * plane + index]'
    count, plane = math.prod(indices.shape[2:]), math.prod(x.shape[2:])
    kernel = elementwise("gather", "raw T x, I index, int64 count, int64 plane", "T out", code)
    return kernel(contiguous(x), indices, count, plane)


@cupy_implements("scatter_add", ulp=8, sample=samples.scatter)
def _scatter_add(g: Array, indices: Array, size: Sequence[int], unique: bool) -> Any:
    """An index out of range is passed over."""
    place = "x[i / count * plane + index]"
    code = f"if (index >= 0 && index < plane) {f'{place} = g' if unique else f'atomicAdd(&{place}, g)'}"
    name = "scatter" if unique else "scatter_add"
    kernel = elementwise(name, "T g, I index, int64 count, int64 plane", "raw T x", code)
    x = xp.zeros_like(g, order="C", shape=(*g.shape[:2], *size))
    return kernel(g, indices, math.prod(indices.shape[2:]), math.prod(size), x)
