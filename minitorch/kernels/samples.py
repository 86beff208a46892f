"""Arguments to try each definition and its implementations with, drawn from a numpy.random.Generator.

Every `implements` names one of these functions, and tests/laws/test_kernels.py draws from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.window import AdaptiveWindow, Window

Args = tuple[Any, ...]

_EDGES = (math.nan, math.inf, -math.inf, 0.0, -0.0, 90.0, -90.0, 1e-30, 20.0, -20.0)


def _dtype(rng: Any) -> Any:
    return rng.choice([xp.float32, xp.float64])


def _integers(rng: Any, low: int, high: int, count: int) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(low, high + 1, count))


# ---- element by element -------------------------------------------------------------------------------------------------


def elementwise(count: int) -> Callable[[Any], Args]:
    """`count` arrays of one shape and dtype, with zeros, infinities and nan among the numbers."""

    def draw(rng: Any) -> Args:
        shape, dtype = _integers(rng, 1, 40, int(rng.integers(1, 4))), _dtype(rng)
        arrays = []
        for _ in range(count):
            array = (3 * rng.standard_normal(shape)).astype(dtype)
            array.reshape(-1)[: len(_EDGES)] = rng.permutation(_EDGES)[: array.size]
            arrays.append(array)
        return tuple(arrays)

    return draw


def masked(rng: Any) -> Args:
    (x,) = elementwise(1)(rng)
    shape = x.shape if rng.random() < 0.7 else (2, *x.shape)
    return x, rng.random(shape) < 0.5


def where(rng: Any) -> Args:
    a, b = elementwise(2)(rng)
    mask = rng.random(a.shape) < 0.5
    case = rng.integers(4)
    return (
        (mask, a.dtype.type(-0.3), b) if case == 0 else (mask, a, b.reshape(-1)[:1].reshape(())) if case == 1 else (mask, a, b)
    )


def leaky_relu(rng: Any) -> Args:
    g, x = elementwise(2)(rng)
    slope = rng.choice([0.01, 0.3, 1.0, 1.7, -0.5, 0.0])
    case = rng.integers(3)
    return g, x, float(slope) if case == 0 else xp.asarray(slope, x.dtype) if case == 1 else g[..., :1].copy()


# ---- windows ------------------------------------------------------------------------------------------------------------


def _window(rng: Any, kernel: int, pads: bool) -> tuple[Window, tuple[int, ...]]:
    """A window of rank 1 to 3 and the size of an image that it fits; `pads`: at most half of it may lie in the padding."""
    rank = int(rng.integers(1, 4))
    kernels, strides = _integers(rng, 1, kernel, rank), _integers(rng, 1, 4, rank)
    dilations, size = _integers(rng, 1, 3, rank), _integers(rng, 1, 8 if rng.random() < 0.6 else 2, rank)
    if rng.random() < 0.15:  # side by side
        kernels = _integers(rng, 2, 8, rank)
        sizes = tuple(k * n for k, n in zip(kernels, _integers(rng, 1, 4, rank), strict=True))
        return Window(kernels, kernels, ((0, 0),) * rank, (1,) * rank), sizes
    if pads:
        padding = tuple((p, p) for p in (int(rng.integers(0, k // 2 + 1)) for k in kernels))
    else:
        padding = tuple((int(a), int(b)) for a, b in rng.integers(0, 5, (rank, 2)))
    window = Window(kernels, strides, padding, dilations, pads and rng.random() < 0.5)
    short = [max(0, span - n - a - b) for span, n, (a, b) in zip(window.span, size, padding, strict=True)]
    return window, tuple(n + s for n, s in zip(size, short, strict=True))


def _image(rng: Any, size: tuple[int, ...]) -> Array:
    """Values with ties: (N, C, *size)"""
    return rng.standard_normal((*_integers(rng, 1, 3, 2), *size)).round(1).astype(_dtype(rng))


def pooling(rng: Any) -> Args:
    """An image, at times with nan and infinities, and a window."""
    window, size = _window(rng, 5, pads=True)
    x = _image(rng, size)
    if rng.random() < 0.2:
        x.reshape(-1)[rng.integers(x.size)] = rng.choice(_EDGES)
    return x, window


def any_pooling(rng: Any) -> Args:
    """As `pooling`, with adaptive windows among them."""
    x, window = pooling(rng)
    return x, _adaptive(rng, x.shape[2:]) if rng.random() < 0.4 else window


def _adaptive(rng: Any, size: tuple[int, ...]) -> AdaptiveWindow:
    return AdaptiveWindow(tuple(int(rng.integers(1, n + 3)) for n in size))


def gather_cell(rng: Any) -> Args:
    """An image, for each window the number of a cell that lies on it, and the window."""
    while True:
        window, size = _window(rng, 4, pads=True)
        x, inside = _image(rng, size), window.cells(size) >= 0
        if inside.any(-1).all():
            break
    chosen = rng.random((*x.shape[:2], *inside.shape)) * inside
    return x, xp.argmax(chosen, axis=-1).astype(rng.choice([xp.uint8, xp.int64])), window


def scatter_cell(rng: Any) -> Args:
    x, which, window = gather_cell(rng)
    return rng.standard_normal(which.shape).astype(x.dtype), which, window, x.shape[2:]


def cells(rng: Any) -> Args:
    x, which, window = gather_cell(rng)
    return which, window, x.shape[2:]


def window_sum(rng: Any) -> Args:
    window, size = _window(rng, 7, pads=False)
    if rng.random() < 0.1:  # most of the window lies beyond the image
        window, size = Window((1, 6), (1, 1), ((0, 0), (3, 3)), (1, 1)), (2, 1)
    return _image(rng, size), window


def any_window_sum(rng: Any) -> Args:
    """As `window_sum`, with adaptive windows among them."""
    x, window = window_sum(rng)
    return x, _adaptive(rng, x.shape[2:]) if rng.random() < 0.4 else window


def any_window_sum_adjoint(rng: Any) -> Args:
    x, window = any_window_sum(rng)
    return rng.standard_normal((*x.shape[:2], *window.output_size(x.shape[2:]))).astype(x.dtype), window, x.shape[2:]


def window_sum_adjoint(rng: Any) -> Args:
    x, window = window_sum(rng)
    return rng.standard_normal((*x.shape[:2], *window.output_size(x.shape[2:]))).astype(x.dtype), window, x.shape[2:]


# ---- elements of planes, by their index -----------------------------------------------------------------------------------


def gather(rng: Any) -> Args:
    x = _image(rng, _integers(rng, 1, 6, 2))
    return x, rng.integers(0, math.prod(x.shape[2:]), (*x.shape[:2], *_integers(rng, 1, 6, 2)))


def scatter_add(rng: Any) -> Args:
    x, indices = gather(rng)
    return rng.standard_normal(indices.shape).astype(x.dtype), indices, x.shape[2:], False


def add_rows(rng: Any) -> Args:
    n, m, count = _integers(rng, 1, 60, 3)
    return rng.standard_normal((m, count)).astype(_dtype(rng)), rng.integers(0, n, m), n


def scatter(rng: Any) -> Args:
    """Indices that are unique, and said to be, or not."""
    return (_scatter_unique if rng.random() < 0.6 else scatter_add)(rng)


def _scatter_unique(rng: Any) -> Args:
    x = _image(rng, _integers(rng, 1, 6, 2))
    n, c, h, w = x.shape
    indices = xp.array([rng.permutation(h * w)[: max(1, h * w // 2)] for _ in range(n * c)]).reshape(n, c, -1)
    return rng.standard_normal(indices.shape).astype(x.dtype), indices, (h, w), True


def all_unique(rng: Any) -> Args:
    _, indices, size, _ = (_scatter_unique if rng.random() < 0.5 else scatter_add)(rng)
    return indices.reshape(math.prod(indices.shape[:2]), -1), math.prod(size)


def softmax(rng: Any) -> Args:
    """Numbers, at times with nan and infinities among them, and a dimension."""
    (x,) = elementwise(1)(rng)
    if rng.random() < 0.6:
        x = (rng.choice([1, 30]) * rng.standard_normal(x.shape)).astype(x.dtype)
        x[rng.random(x.shape) < 0.1] = -math.inf
    return x, -1 if rng.random() < 0.5 else int(rng.integers(-x.ndim, x.ndim))


# ---- normalization, matrices, convolution ---------------------------------------------------------------------------------


def standardize(rng: Any) -> Args:
    """x (A, C, S) with weights for the channels or for the positions, with a weight alone, or with none."""
    shape, case = _integers(rng, 2, 6, 2) + _integers(rng, 1, int(rng.choice([100, 3000])), 1), rng.integers(6)
    if case >= 4:
        shape = (1, int(rng.integers(1, 50)), int(rng.integers(8, 600)))  # of few numbers the gradient is rounding alone
    x = (rng.standard_normal(shape) + rng.normal() * 10).astype(_dtype(rng))
    weight, bias = rng.standard_normal((2, *((1, shape[2]) if case >= 4 else (shape[1], 1)))).astype(x.dtype)
    return x, None if case == 0 else weight, None if case in (0, 1, 4) else bias, 1e-5


def standardize_backward(rng: Any) -> Args:
    x, weight, _, eps = standardize(rng)
    mean, var = x.mean(axis=(0, 2)), x.var(axis=(0, 2))
    return rng.standard_normal(x.shape).astype(x.dtype), x, weight, mean, var, eps


def softmax_backward(rng: Any) -> Args:
    x, dim = softmax(rng)
    return rng.standard_normal(x.shape).astype(x.dtype), xp.minimum(abs(x), 1), dim


def log_softmax_backward(rng: Any) -> Args:
    x, dim = softmax(rng)
    y = xp.minimum(x, 0)  # logarithms of probabilities
    return rng.standard_normal(x.shape).astype(x.dtype), y, dim


def lstm_cell(rng: Any) -> Args:
    rows, n = _integers(rng, 1, 40, 2)
    x, y = rng.choice([1, 20]) * rng.standard_normal((2, rows, 4 * n))
    dtype = _dtype(rng)
    return x.astype(dtype), y.astype(dtype), rng.standard_normal((rows, n)).astype(dtype)


def over_time(rng: Any) -> Args:
    """An LSTM over sequences, mostly of one length."""
    (rows, times, n), dtype = _integers(rng, 1, 10, 3), _dtype(rng)
    sizes = sorted(rng.integers(1, rows + 1, times).tolist(), reverse=True) if rng.random() < 0.1 else [rows] * times
    x, weight, bias = (rng.standard_normal(shape).astype(dtype) for shape in ((sum(sizes), 4 * n), (4 * n, n), 4 * n))
    h, c = rng.standard_normal((2, sizes[0], n)).astype(dtype)
    return x, h, c, weight, bias if rng.random() < 0.8 else None, None, sizes, bool(rng.integers(2)), "LSTM"


def back_through_time(rng: Any) -> Args:
    x, h, c, weight, _, _, sizes, reverse, mode = over_time(rng)
    for_out, cells = rng.standard_normal((2, len(x), h.shape[1])).astype(x.dtype)
    for_h, for_c = rng.standard_normal((2, *h.shape)).astype(x.dtype)
    gates, more = 1 / (1 + xp.exp(-x)), x if rng.random() < 0.1 else None
    return for_out, for_h, for_c, cells, c, cells, weight, None, sizes, reverse, mode, gates, cells, more, None


def running_means(rng: Any) -> Args:
    shape, dtype = _integers(rng, 1, 40, int(rng.integers(1, 4))), _dtype(rng)
    m, v, g = rng.standard_normal((3, *shape)).astype(dtype)
    if rng.random() < 0.3:  # as a parameter that is a view
        m, v, g = (a[..., None, ::2] for a in (m, v, g))
    return m, abs(v), g, 0.9, float(rng.choice([0.999, 0.5]))


def sgd_step(rng: Any) -> Args:
    _, _, g, *_ = running_means(rng)
    return rng.standard_normal(g.shape).astype(g.dtype), g, 0.1


def adam_step(rng: Any) -> Args:
    m, v, param, *_ = running_means(rng)
    return param, m, v, 0.1, float(rng.choice([1.0, 0.3])), 1e-8


def matrices(rng: Any) -> Args:
    n, m, k = _integers(rng, 1, 90, 3)
    return rng.standard_normal((n, m)), rng.standard_normal((m, k))


def _convolution(rng: Any, images: int = 0, pointwise: bool = False) -> tuple[Array, Array, Array, Array, Window, int]:
    """At least so many images x, a weight, a bias, a gradient g of the output, a window, of one cell if `pointwise`, groups."""
    window, size = _window(rng, 4, pads=False)
    if pointwise:
        ones = (1,) * window.rank
        window = Window(ones, ones, ((0, 0),) * window.rank, window.dilation)
    elif rng.random() < 0.1:  # long enough for several blocks of a loop
        window, size = Window((3,), (1,), ((1, 1),), (1,)), (700,)
    groups, n, dtype = int(rng.integers(1, 4)), int(rng.integers(images, 6)), _dtype(rng)
    channels, features = groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
    x, weight = (n, channels, *size), (features, channels // groups, *window.kernel)
    g = (n, features, *window.output_size(size))
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in (x, weight, (features,), g)]
    return arrays[0], arrays[1], arrays[2], arrays[3], window, groups


def convolution(rng: Any, **options: Any) -> Args:
    x, weight, bias, _, window, groups = _convolution(rng, **options)
    return x, weight, bias if rng.random() < 0.7 else None, window, groups


def conv_transpose(rng: Any, **options: Any) -> Args:
    x, weight, _, g, window, groups = _convolution(rng, **options)
    bias = rng.standard_normal(x.shape[1]).astype(x.dtype) if rng.random() < 0.7 else None
    return g, weight, bias, window, groups, x.shape[2:]


def conv_weight(rng: Any, **options: Any) -> Args:
    x, _, _, g, window, groups = _convolution(rng, **options)
    return x, g, window, groups


def planes(rng: Any) -> Args:
    from minitorch.kernels.numpy.planes import layout_of

    x, _, _, _, window, _ = _convolution(rng, images=1)
    return x, layout_of(window, x.shape[2:])


def planes_of_windows(rng: Any) -> Args:
    from minitorch.kernels.numpy.planes import layout_of

    x, _, _, g, window, _ = _convolution(rng, images=1)
    return g, layout_of(window, x.shape[2:])
