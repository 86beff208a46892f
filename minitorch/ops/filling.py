"""Methods of Tensor that fill: new tensors of the same dtype, and random values in place."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch.autograd.tensor_base import TensorBase
from minitorch.autograd.tensor_base import wrap as _wrap
from minitorch.backend.arrays import Array, is_known, on_device_of, xp
from minitorch.backend.errors import refuse_if_too_large
from minitorch.backend.random import Generator, default_generator
from minitorch.ops.elementwise import number_of
from minitorch.ops.indexing import SetItem
from minitorch.ops.shape import sizes

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


# ---- new tensors of a tensor's type, on its device ---------------------------------------------------------------------


def fill_value_of(name: str, value: Any, np_dtype: Any) -> Any:
    """A number to fill with. Raises RuntimeError if the type cannot hold it, TypeError if it is no number."""
    value = getattr(value, "_array", value)
    value = value.item() if getattr(value, "ndim", 1) == 0 else value
    if not isinstance(value, (bool, int, float)):
        raise TypeError(f"{name}(): argument 'fill_value' must be a number, not {type(value).__name__}")
    return number_of(value, np_dtype, f"{name}(): ")


@xp.errstate(all="ignore")
def _new(self: Tensor, size: Any, value: Any, name: str, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    shape = sizes(size, name)
    if any(n < 0 for n in shape):
        raise RuntimeError(f"{name}(): Trying to create tensor with negative dimension: {list(shape)}")
    refuse_if_too_large(name, shape, self._array.itemsize)
    np_dtype = self._array.dtype if dtype is None else dtype.numpy
    array = xp.full_like(self._array, fill_value_of(name, value, np_dtype), shape=shape, dtype=np_dtype)
    return _wrap(array).to(device).requires_grad_(requires_grad)


def new_zeros(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the sizes given, of this tensor's type, on its device.

    >>> minitorch.tensor([1, 2]).new_zeros(3)
    tensor([0, 0, 0])
    """
    return _new(self, size, 0, "new_zeros", dtype, device, requires_grad)


def new_ones(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of the sizes given, of this tensor's type, on its device.

    >>> minitorch.tensor([1, 2]).new_ones(3)
    tensor([1, 1, 1])
    """
    return _new(self, size, 1, "new_ones", dtype, device, requires_grad)


def new_empty(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of this one's type, on its device, whose values mean nothing.

    >>> minitorch.tensor([1, 2]).new_empty(2, 3).shape
    minitorch.Size([2, 3])
    """
    return _new(self, size, 0, "new_empty", dtype, device, requires_grad)


def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`fill_value` everywhere, of this tensor's type, on its device.

    >>> minitorch.tensor([1.0, 2.0]).new_full((3,), 7)
    tensor([7., 7., 7.])
    """
    return _new(self, (size,), fill_value, "new_full", dtype, device, requires_grad)


@xp.errstate(all="ignore")  # too large a value becomes infinite
def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A copy of `data` as a leaf of this tensor's type, on its device.

    >>> minitorch.tensor([1.0, 2.0]).new_tensor([3, 4])
    tensor([3., 4.])
    """
    array = xp.asarray(data._array if isinstance(data, TensorBase) else data)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"new_tensor() takes numbers, and these are of type {array.dtype}")
    np_dtype = self._array.dtype
    if array.dtype.kind == "f" and np_dtype.kind in "iu" and not (xp.abs(array) <= xp.iinfo(np_dtype).max).all():
        raise RuntimeError(f"new_tensor(): a value cannot be converted to type {self.dtype!r} without overflow")
    array = xp.array(array, np_dtype)
    return _wrap(array).to(self.device if device is None else device, dtype).requires_grad_(requires_grad)


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Set the elements with equal indices to `fill_value`; with `wrap`, go on in a matrix with more rows than columns, after
    one row that is left out. With more than two dimensions all must have one size.
    """
    if self.ndim < 2:
        raise RuntimeError(f"fill_diagonal_: dimensions must larger than 1, but the shape is {list(self.shape)}")
    if self.ndim > 2 and len(set(self.shape)) > 1:
        raise RuntimeError(f"fill_diagonal_: all dimensions of input must be of equal length, but they are {list(self.shape)}")
    diagonal = xp.zeros(self.shape, bool)
    xp.fill_diagonal(diagonal, True, wrap)
    return self.masked_fill_(_wrap(on_device_of(diagonal, self._array)), fill_value)


# ---- random values, in place -------------------------------------------------------------------------------------------


def uniform_(self: Tensor, from_: Any = 0.0, to: Any = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Draw every element from [from_, to), as PyTorch draws for the same seed.

    >>> generator = minitorch.Generator().manual_seed(0)
    >>> minitorch.empty(3).uniform_(-1, 1, generator=generator)
    tensor([-0.0075,  0.5364, -0.8230])
    """
    if not (math.isfinite(from_) and math.isfinite(to)):
        raise RuntimeError(f"uniform_ expects finite bounds, but found from={from_} and to={to}")
    if from_ > to:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={from_} > to={to}")
    np_dtype = self._array.dtype.type
    if self._array.dtype.kind != "f":
        raise NotImplementedError(f"random values of a distribution need a floating-point tensor, not {self.dtype!r}")
    wide = xp.float32 if np_dtype is xp.float16 else self._array.dtype
    drawn = (generator or default_generator).uniform(self.numel(), wide)
    with xp.errstate(all="ignore"):
        width = float(np_dtype(to) - np_dtype(from_))  # PyTorch takes the bounds in the tensor's type and computes in float64
    if not math.isfinite(width):
        raise RuntimeError(f"uniform_: the range from {from_} to {to} does not fit {self.dtype!r}")
    values = (drawn.astype(xp.float64) * width + float(np_dtype(from_))).astype(np_dtype)
    if np_dtype is xp.float16:
        values[values >= to] = from_  # rounding to float16 may reach the upper bound
    return _fill(self, values)


@xp.errstate(all="ignore")  # too large a value becomes infinite
def normal_(self: Tensor, mean: Any = 0.0, std: Any = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Draw every element from the normal distribution, as PyTorch draws for the same seed.

    >>> generator = minitorch.Generator().manual_seed(0)
    >>> minitorch.empty(3).normal_(mean=10, std=2, generator=generator)
    tensor([13.0820,  9.4131,  5.6424])
    """
    if not (std >= 0 and math.isfinite(std) and math.isfinite(mean)):
        raise RuntimeError(f"normal expects finite numbers and std >= 0.0, but found std {std} and mean {mean}")
    source, n = generator or default_generator, self.numel()
    lies_in_order = getattr(self._array.flags, "c_contiguous", True)
    drawn = source.normal(n, self._array.dtype) if lies_in_order else source.normal_pairs(n).astype(self._array.dtype)
    return _fill(self, drawn * std + mean)


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Set every element to 1 with probability p, else to 0. (The draws are not PyTorch's for the same seed.)

    >>> minitorch.empty(3).bernoulli_(1.0)
    tensor([1., 1., 1.])
    """
    chance = p._array if isinstance(p, TensorBase) else p
    if is_known(chance) and not (xp.all(xp.greater_equal(chance, 0)) and xp.all(xp.less_equal(chance, 1))):
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    drawn = (generator or default_generator).uniform(self.numel(), xp.float64).reshape(self.shape)
    drawn = (on_device_of(drawn, self._array) < chance).astype(self._array.dtype)
    before, source = self._inplace_operand(), _wrap(drawn)
    return self._assign_inplace(SetItem.apply(before, source, (...,)) if before.requires_grad else source)


def exponential_(self: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Draw every element from the density lambd e^(-lambd x), x > 0, as PyTorch draws for the same seed.

    x = -log(1 - u) / lambd for u from [0, 1). Of float64 the last bit may differ from PyTorch's. Raises RuntimeError unless
    lambd is positive, and for integers.

    >>> generator = minitorch.Generator().manual_seed(0)
    >>> minitorch.empty(3).exponential_(2.0, generator=generator)
    tensor([1.7542, 0.6152, 0.3075])
    """
    _check_continuous(self, "Exponential")
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}: it is one over the mean")
    return _fill_with(self, lambda u: -1 / float(lambd) * xp.log1p(-u), generator)


def cauchy_(self: Tensor, median: float = 0, sigma: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Draw every element from the density sigma / (pi ((x - median)^2 + sigma^2)), as PyTorch draws for the same seed.

    x = median + sigma tan(pi (u - 1/2)) for u from [0, 1). Of float64 the last bit may differ from PyTorch's. Raises
    RuntimeError unless sigma is positive, and for integers.

    >>> generator = minitorch.Generator().manual_seed(0)
    >>> minitorch.empty(3).cauchy_(1, 2, generator=generator)
    tensor([22.1955,  2.5295,  0.7434])
    """
    _check_continuous(self, "Cauchy")
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}: it is half the width at half the height")
    return _fill_with(self, lambda u: float(median) + float(sigma) * xp.tan(math.pi * (u - 0.5)), generator)


def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Draw every element from 1, 2, 3 ...: k has the probability (1 - p)^(k - 1) p, as PyTorch draws for the same seed.

    It is the number of trials up to the first success, of probability p: k = ceil(log u / log(1 - p)) for u from [0, 1). Raises
    RuntimeError unless 0 < p < 1, NotImplementedError for booleans.

    >>> generator = minitorch.Generator().manual_seed(0)
    >>> minitorch.empty(6, dtype=minitorch.int64).geometric_(0.3, generator=generator)
    tensor([1, 1, 3, 1, 2, 1])
    """
    if self._array.dtype.kind == "b":
        raise NotImplementedError("geometric_ needs a tensor that holds 1, 2, 3 ..., not minitorch.bool")
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    return _fill_with(self, lambda u: xp.ceil(xp.log(u) / math.log1p(-float(p))), generator)


@xp.errstate(all="ignore")  # too large a value becomes infinite
def log_normal_(self: Tensor, mean: float = 1, std: float = 2, *, generator: Generator | None = None) -> Tensor:
    """Draw every element as e^z, with z from the normal distribution of this mean and deviation, as PyTorch draws for the same
    seed.

    Of float64 the last bit may differ from PyTorch's. Raises RuntimeError unless std is positive, NotImplementedError for
    integers.

    >>> generator = minitorch.Generator().manual_seed(0)
    >>> minitorch.empty(3).log_normal_(0.5, 0.7, generator=generator)
    tensor([4.8486, 1.3426, 0.3587])
    """
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    return _fill(
        self, _narrowed(self, xp.exp((generator or default_generator).normal_pairs(self.numel()) * float(std) + float(mean)))
    )


def random_(self: Tensor, from_: int = 0, to: int | None = None, *, generator: Generator | None = None) -> Tensor:
    """random_(), random_(to) or random_(from, to): draw integers in [from, to), as PyTorch draws for the same seed.

    Without `to`, from 0 to the largest integer of the type; of a floating type to the largest up to which all are exact.

    >>> generator = minitorch.Generator().manual_seed(0)
    >>> minitorch.empty(5, dtype=minitorch.int64).random_(1, 7, generator=generator)  # dice
    tensor([3, 4, 6, 1, 2])
    """
    np_dtype = self._array.dtype
    limit = 2 if np_dtype.kind == "b" else 2 ** (xp.finfo(np_dtype).nmant + 1) + 1 if np_dtype.kind == "f" else 0
    limit = limit or int(xp.iinfo(np_dtype).max) + 1
    low, high = (from_, to) if to is not None else (0, from_ if from_ else limit)
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    for name, bound in (("from", low), ("to - 1", high - 1)):
        if abs(bound) > limit or (bound < 0 and np_dtype.kind in "bu"):
            raise RuntimeError(f"random_: {name} is out of bounds for {self.dtype!r}: {bound}")
    source = generator or default_generator
    if to is None and not from_:
        values = (source.words64 if limit > 2**32 else source.words32)(self.numel()) % xp.uint64(limit)
    else:
        values = source.integers(self.numel(), low, high)
    return _overwrite(self, values.astype(np_dtype))


def _fill(self: Tensor, values: Array) -> Tensor:
    if self._array.dtype.kind != "f":
        raise NotImplementedError(f"random values of a distribution need a floating-point tensor, not {self.dtype!r}")
    return _overwrite(self, values.astype(self._array.dtype, copy=False))


def _overwrite(self: Tensor, values: Array) -> Tensor:
    """Set all elements to what was drawn, in the order in which they lie in memory, as PyTorch does. Their history ends."""
    strides, shape = self._array.strides, self._array.shape
    order = sorted(range(len(shape)), key=lambda d: -abs(strides[d]))
    laid = values.reshape([shape[d] for d in order]).transpose([order.index(d) for d in range(len(shape))])
    before, source = self._inplace_operand(), _wrap(on_device_of(laid, self._array))
    return self._assign_inplace(SetItem.apply(before, source, (...,)) if before.requires_grad else source)


def _check_continuous(self: Tensor, name: str) -> None:
    if self._array.dtype.kind != "f":
        raise RuntimeError(
            f"{name} distribution is a continuous probability distribution. dtype must be a floating point but you specified "
            f"{self.dtype!r}"
        )


@xp.errstate(all="ignore")  # too large a value becomes infinite
def _fill_with(self: Tensor, function: Callable[[Array], Array], generator: Generator | None) -> Tensor:
    """Set every element to function(u), computed in float64, for u from [0, 1)."""
    values = _narrowed(self, function((generator or default_generator).uniform(self.numel(), xp.float64)))
    return _overwrite(self, values)


def _narrowed(self: Tensor, values: Array) -> Array:
    """Values of float64 in the dtype of `self`: in float16 rounded twice, as PyTorch does."""
    return (values.astype(xp.float32) if self._array.dtype.char == "e" else values).astype(self._array.dtype)
