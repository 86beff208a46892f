"""Random tensors. The same seed gives PyTorch's numbers (backend/random.py has the generators)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, SupportsIndex

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import on_device_of, xp
from minitorch.backend.device import device as Device
from minitorch.backend.device import to_device
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.dtypes import int64, uint8
from minitorch.backend.errors import refuse_if_too_large
from minitorch.backend.random import Generator, default_generator
from minitorch.creation import check_range, checked_shape, empty, empty_like, shape_of
from minitorch.from_data import numpy_dtype, to_leaf
from minitorch.ops.shape import sizes
from minitorch.public import public
from minitorch.tensor import Tensor, broadcast_shapes

__all__ = [
    "bernoulli",
    "get_rng_state",
    "multinomial",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "set_rng_state",
]


@public
def get_rng_state() -> Tensor:
    """The state of the default stream, 5,056 bytes as a uint8 tensor: `set_rng_state` continues from there. PyTorch's format.

    Example:
        >>> import minitorch
        >>> state = minitorch.get_rng_state()
        >>> first = minitorch.rand(3)
        >>> minitorch.set_rng_state(state)
        >>> minitorch.equal(minitorch.rand(3), first)
        True
    """
    return wrap(xp.frombuffer(default_generator.state_bytes(), xp.uint8).copy())


@public
def set_rng_state(new_state: Tensor) -> None:
    """Continue the default stream from a state that `get_rng_state` returned, of minitorch or of PyTorch.

    Raises TypeError for a tensor that is not uint8, RuntimeError for one that is no state.

    >>> state = minitorch.get_rng_state()
    >>> first = minitorch.randn(3)
    >>> minitorch.set_rng_state(state)
    >>> minitorch.equal(minitorch.randn(3), first)
    True
    """
    if new_state.dtype is not uint8:
        raise TypeError(f"RNG state must be a ByteTensor, as get_rng_state() returns it, not of dtype {new_state.dtype!r}")
    default_generator.restore_bytes(new_state._array.tobytes())


@public
def rand(
    *size: Any, generator: Generator | None = None, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Uniform random numbers in [0, 1), of the sizes given. The same seed gives PyTorch's numbers.

    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.rand(2, 3)
    tensor([[0.4963, 0.7682, 0.0885],
            [0.1320, 0.3074, 0.6341]])
    """
    np_dtype = numpy_dtype(dtype)
    values = wrap(xp.empty(shape_of(size, "rand", np_dtype), np_dtype)).uniform_(generator=generator)
    return to_leaf(values._array, requires_grad, device)


@public
def randn(
    *size: Any, generator: Generator | None = None, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Normal random numbers with mean 0 and standard deviation 1, of the sizes given. The same seed gives PyTorch's numbers.

    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.randn(2, 3)
    tensor([[ 1.5410, -0.2934, -2.1788],
            [ 0.5684, -1.0845, -1.3986]])
    """
    np_dtype = numpy_dtype(dtype)
    values = wrap(xp.empty(shape_of(size, "randn", np_dtype), np_dtype)).normal_(generator=generator)
    return to_leaf(values._array, requires_grad, device)


@public
def randint(
    *args: Any,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **named: Any,
) -> Tensor:
    """randint(high, size) or randint(low, high, size): integers in [low, high), int64 unless `dtype` is given.

    Raises RuntimeError for an empty range.

    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.randint(1, 7, (5,))  # dice
    tensor([3, 4, 6, 1, 2])
    """
    arguments = dict(zip(("high", "size") if len(args) + len(named) == 2 else ("low", "high", "size"), args, strict=False))
    arguments.update(named)
    if not {"high", "size"} <= arguments.keys() <= {"low", "high", "size"}:
        raise TypeError(f"randint() takes (high, size) or (low, high, size); got {sorted(arguments)}")
    for bound in ("low", "high"):
        if isinstance(arguments.get(bound, 0), bool) or not hasattr(arguments.get(bound, 0), "__index__"):
            raise TypeError(f"randint(): argument '{bound}' must be int, not {type(arguments[bound]).__name__}")
    if not isinstance(arguments["size"], (tuple, list)):
        raise TypeError(f"randint(): argument 'size' must be tuple of ints, not {type(arguments['size']).__name__}")
    low, high = int(arguments.get("low", 0)), int(arguments["high"])
    shape = checked_shape(sizes((arguments["size"],), "randint"), "randint", numpy_dtype(dtype, int64))
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    check_range("randint", low, high - 1, dtype)
    values = (generator or default_generator).integers(math.prod(shape), low, high)
    return to_leaf(values.reshape(shape).astype(numpy_dtype(dtype, int64), copy=False), requires_grad, device)


@public
def randperm(
    n: SupportsIndex,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The integers 0 to n-1 in random order.

    Raises RuntimeError for a negative n.

    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.randperm(5)
    tensor([4, 0, 1, 3, 2])
    """
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"randperm(): argument 'n' must be int, not {type(n).__name__}")
    count = n.__index__()
    if count < 0:
        raise RuntimeError(f"n must be non-negative, got {count}")
    checked_shape((count,), "randperm", numpy_dtype(dtype, int64))
    check_range("randperm", 0, max(count - 1, 0), dtype)
    order = (generator or default_generator).permutation(count)
    return to_leaf(order.astype(numpy_dtype(dtype, int64), copy=False), requires_grad, device)


@public
def normal(
    mean: Tensor | float = 0.0, std: Tensor | float = 1.0, size: Any = None, *, generator: Generator | None = None
) -> Tensor:
    """Normal random numbers; `mean` and `std` are tensors, one value per element, or numbers with a `size`.

    Raises RuntimeError for a negative std.

    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.normal(10.0, 2.0, (3,))
    tensor([13.0820,  9.4131,  5.6424])
    >>> minitorch.normal(minitorch.tensor([0.0, 100.0]), minitorch.tensor([1.0, 1.0]))
    tensor([ 0.5684, 98.9155])
    """
    tensors = [x for x in (mean, std) if isinstance(x, Tensor)]
    if not tensors and size is None:
        raise TypeError("normal() with two numbers needs a size: normal(0.0, 1.0, (2, 3))")
    if isinstance(std, Tensor):
        if (std._array < 0).any():
            raise RuntimeError(f"normal expects all elements of std >= 0.0, but the smallest is {std._array.min()}")
    elif std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    if not tensors:
        return empty(size).normal_(mean, std, generator=generator)
    shape = broadcast_shapes(*(x.shape for x in tensors))
    values = empty(shape, dtype=tensors[0].dtype, device=tensors[0].device).normal_(generator=generator)
    return (values * std + mean).detach()


@public
def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Each element is 1 with the probability in `input`, else 0. (The same seed does not give PyTorch's values.)

    Raises RuntimeError for probabilities outside [0, 1].

    >>> minitorch.bernoulli(minitorch.tensor([0.0, 1.0, 1.0]))
    tensor([0., 1., 1.])
    """
    return empty_like(input).bernoulli_(input.detach(), generator=generator)


@public
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
    """`num_samples` column indices for each row of `input`, with probability proportional to the weights.

    Shapes: (C) gives (num_samples), (N, C) gives (N, num_samples). (The same seed does not give PyTorch's values.)
    Raises RuntimeError for negative weights, and without `replacement` for more samples than weights that are not 0.

    >>> minitorch.multinomial(minitorch.tensor([0.0, 1.0, 0.0]), 3, replacement=True)
    tensor([1, 1, 1])
    """
    weights = xp.atleast_2d(to_device(input._array, Device("cpu")).astype(xp.float64))  # random numbers are drawn there
    if input.ndim == 2 and not len(weights) and num_samples > 0:
        return wrap(xp.zeros_like(input._array, dtype=xp.int64, shape=(0, num_samples)))
    if input.ndim not in (1, 2) or not input.is_floating_point():
        raise RuntimeError(f"multinomial expects 1 or 2 dimensions of float weights, got {list(input.shape)} {input.dtype!r}")
    if not (xp.isfinite(weights).all() and (weights >= 0).all() and (weights.sum(1) > 0).all()):
        raise RuntimeError("multinomial: a row of weights contains inf, nan or element < 0, or sums to 0")
    if num_samples < 1 or (not replacement and num_samples > int((weights > 0).sum(1).min())):
        raise RuntimeError(
            f"multinomial: cannot draw {num_samples} samples from {int((weights > 0).sum(1).min())} nonzero weights; "
            "replacement=True may draw an index again"
        )
    refuse_if_too_large("multinomial", (len(weights), num_samples if replacement else weights.shape[1]), 8)
    generator = generator or default_generator
    if replacement:
        cdf = weights.cumsum(1) / weights.sum(1, keepdims=True)
        uniform = generator.uniform(len(weights) * num_samples, xp.float64).reshape(len(weights), num_samples)
        indices = (uniform[:, :, None] >= cdf[:, None, :]).sum(-1)
    else:  # the smallest exponential random numbers with these rates (Efraimidis and Spirakis 2006)
        exponential = -xp.log1p(-generator.uniform(weights.size, xp.float64)).reshape(weights.shape)
        times = xp.where(weights > 0, exponential / xp.maximum(weights, 1e-300), xp.inf)
        indices = xp.argsort(times, axis=1)[:, :num_samples]
    indices = indices.astype(xp.int64).reshape((num_samples,) if input.ndim == 1 else indices.shape)
    return wrap(on_device_of(indices, input._array))


@public
def rand_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform random numbers in [0, 1), with the shape and dtype of `input`.

    >>> minitorch.rand_like(minitorch.ones(2, 3)).shape
    minitorch.Size([2, 3])
    """
    return rand(input.shape, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)


@public
def randn_like(input: Tensor, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal random numbers, with the shape and dtype of `input`.

    >>> minitorch.randn_like(minitorch.ones(2, 3)).shape
    minitorch.Size([2, 3])
    """
    return randn(input.shape, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)


@public
def randint_like(
    input: Tensor,
    low: int,
    high: int | None = None,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Integers in [low, high), or [0, low) if high is None, with the shape and dtype of `input`.

    >>> minitorch.randint_like(minitorch.ones(3), 5, 6)
    tensor([5., 5., 5.])
    """
    bounds: Sequence[int] = (0, low) if high is None else (low, high)
    return randint(
        *bounds, tuple(input.shape), dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad
    )


Tensor.bernoulli, Tensor.multinomial = bernoulli, multinomial
