"""The functions behind the layers, by PyTorch's names: what has no parameters of its own, or is given them."""

from __future__ import annotations

import math
import warnings
from typing import Any

from minitorch import ops
from minitorch.autograd.variable import wrap
from minitorch.backend.arrays import xp
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.random import default_generator
from minitorch.faces import face
from minitorch.ops import activation, convolution, pooling, shape
from minitorch.ops.indexing import GetItem, along
from minitorch.tensor import Tensor

__all__ = [
    "conv1d", "conv2d", "conv3d", "cross_entropy", "l1_loss", "leaky_relu", "linear", "log_softmax", "max_pool1d",
    "max_pool2d", "max_pool3d", "mse_loss", "nll_loss", "one_hot", "pad", "prelu", "relu", "rrelu", "sigmoid", "softmax",
    "tanh",
]  # fmt: skip


sigmoid, tanh = face(ops.sigmoid), face(ops.tanh)
conv1d, conv2d, conv3d = face(convolution.conv1d), face(convolution.conv2d), face(convolution.conv3d)
max_pool1d, max_pool2d, max_pool3d = face(pooling.max_pool1d), face(pooling.max_pool2d), face(pooling.max_pool3d)
pad = face(shape.pad)


@face
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input (*, in) times weight (out, in) transposed, plus bias (out,): (*, out)."""
    product = input @ (weight.T if weight.ndim > 1 else weight)
    return product if bias is None else product + bias


# ---- activations -------------------------------------------------------------------------------------------------------


@face
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0); with `inplace`, written into the input."""
    return input.relu_() if inplace else ops.relu(input)


def _leaky(input: Tensor, slope: Any, inplace: bool) -> Tensor:
    return input._overwrite(activation.leaky(input._before_change(slope), slope)) if inplace else activation.leaky(input, slope)


@face
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where positive, negative_slope * input elsewhere."""
    return _leaky(input, negative_slope, inplace)


@face
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """A leaky relu whose slope is learned: `weight` holds one, or one for each channel (dimension 1)."""
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    if weight.numel() != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if input.ndim == 0 or channels != weight.numel():
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and "
                f"channel size = {channels}."
            )
        weight = weight.reshape(-1, *(1,) * (input.ndim - 2)) if input.ndim > 1 else weight
    elif input.ndim == 0:
        weight = weight.reshape(())
    return activation.leaky(input, weight)


@face
def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """A leaky relu whose slopes are drawn from [lower, upper), one for each element; their mean when not training."""
    if lower > upper:
        raise RuntimeError(f"rrelu: lower bound should be less than or equal to the upper bound, got [{lower}, {upper})")
    if not training:
        return _leaky(input, (lower + upper) / 2, inplace)
    slopes = xp.ones_like(input._array)
    negative = input._array <= 0
    drawn = default_generator.uniform(int(negative.sum()), xp.float64)
    slopes[negative] = drawn * (upper - lower) + lower
    return _leaky(input, wrap(slopes), inplace)


def _along(input: Tensor, dim: int | None, name: str) -> int:
    if not input.is_floating_point():
        raise NotImplementedError(f"{name} is not implemented for {input.dtype!r}: .float() converts")
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=4,
    )
    return 0 if input.ndim in (0, 1, 3) else 1


@face
def softmax(input: Tensor, dim: int | None = None, *, dtype: DType | None = None) -> Tensor:
    """exp(input) / sum(exp(input)) along `dim`."""
    input = input if dtype is None else input.to(dtype)
    return ops.softmax(input, _along(input, dim, "softmax"))


@face
def log_softmax(input: Tensor, dim: int | None = None, *, dtype: DType | None = None) -> Tensor:
    """log(softmax(input)) along `dim`, without overflow."""
    input = input if dtype is None else input.to(dtype)
    return ops.log_softmax(input, _along(input, dim, "log_softmax"))


# ---- losses --------------------------------------------------------------------------------------------------------------


def reduce(losses: Tensor, reduction: str) -> Tensor:
    """The losses, their mean or their sum. Raises ValueError for any other word."""
    if reduction == "none":
        return losses
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    raise ValueError(f"{reduction} is not a valid value for reduction: 'none', 'mean' and 'sum' are")


@face
def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """(input - target)^2."""
    return reduce((input - _like(input, target)).square(), reduction)


@face
def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """|input - target|."""
    return reduce((input - _like(input, target)).abs(), reduction)


def _like(input: Tensor, target: Tensor) -> Tensor:
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape!r}) that is different to the input size ({input.shape!r}). This will likely "
            "lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=5,
        )
    return target


@face
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class numbers (*) as rows (*, num_classes) of zeros with a one; as many classes as the largest needs if -1."""
    if tensor.dtype.name != "int64":
        raise RuntimeError(f"one_hot is only applicable to index tensor of type LongTensor, got {tensor.dtype!r}")
    array = tensor._array
    classes = int(array.max()) + 1 if num_classes == -1 else num_classes
    if array.size and (array.min() < 0 or array.max() >= classes):
        raise RuntimeError(f"Class values must be in [0, {classes}), found {int(array.min())} to {int(array.max())}")
    return wrap((array[..., None] == xp.arange(classes)).astype(xp.int64))


def _check_class_weight(weight: Tensor | None, classes: int) -> None:
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of shape: "
            f"{list(weight.shape)}"
        )


def _mean_of_counted(losses: Tensor, scale: Tensor) -> Tensor:
    """The weighted mean; nan, with a gradient of 0, where nothing counts."""
    total = scale.sum()
    return losses.sum() + math.nan if total.item() == 0 else losses.sum() / total


@face
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """-input at the target class, for log-probabilities input (N, C, *) or (C,) and class numbers target (N, *) or ().

    `weight` (C,) scales each class, `ignore_index` names a target that counts for nothing; the mean is over what counts,
    weights included.
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction: 'none', 'mean' and 'sum' are")
    if input.ndim == 0:
        raise RuntimeError("nll_loss: expected an input of at least one dimension, the classes")
    if input.ndim == 1:
        if target.ndim:
            raise RuntimeError(
                f"multi-target not supported at the moment: input {list(input.shape)}, target {list(target.shape)}"
            )
        loss = nll_loss(input[None], target[None], weight, ignore_index=ignore_index, reduction=reduction)
        return loss if reduction != "none" else loss[0]
    n, classes, *rest = input.shape
    if tuple(target.shape) != (n, *rest):
        if target.ndim and target.shape[0] != n:
            raise ValueError(f"Expected input batch_size ({n}) to match target batch_size ({target.shape[0]}).")
        raise RuntimeError(f"Expected target size {[n, *rest]}, got {list(target.shape)}")
    if target.dtype.name != "int64":
        raise RuntimeError(f"expected scalar type Long but found {target.dtype!r}: targets are class numbers")
    _check_class_weight(weight, classes)
    counted = target._array != ignore_index
    places = xp.where(counted, target._array, 0)
    if places.size and (places.min() < 0 or places.max() >= classes):
        wrong = places[(places < 0) | (places >= classes)][0]
        raise IndexError(f"Target {wrong} is out of bounds: there are {classes} classes, numbered from 0")
    picked = GetItem.apply(input, along(places[:, None], 1)).reshape(target.shape)
    if weight is None and counted.all():
        return reduce(-picked, reduction)
    picked = picked.masked_fill(wrap(~counted), 0.0)
    scale = wrap(counted.astype(input._array.dtype))
    if weight is not None:
        scale = scale * weight.detach()[wrap(places)]
    return _mean_of_counted(-picked * scale, scale) if reduction == "mean" else reduce(-picked * scale, reduction)


@face
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """How unlikely the target is under softmax(input): -log softmax(input) at the target class, as `nll_loss` counts it.

    The target holds class numbers (N, *), or a probability for each class in the shape of input (N, C, *).
    `label_smoothing` mixes the target with that much of the uniform distribution.
    """
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    dim = 0 if input.ndim == 1 else 1
    logs = log_softmax(input, dim)
    classes = input.shape[dim]
    _check_class_weight(weight, classes)
    spread = logs if weight is None else logs * weight.reshape(-1, *(1,) * (input.ndim - dim - 1))
    if target.is_floating_point():
        if target.shape != input.shape:
            raise RuntimeError(
                f"Expected target of class probabilities of shape {list(input.shape)}, got {list(target.shape)}; "
                "class numbers are integers, target.long()"
            )
        losses = -(spread * (target * (1 - label_smoothing) + label_smoothing / classes)).sum(dim)
        return losses.sum() / (input.numel() // classes) if reduction == "mean" else reduce(losses, reduction)
    loss = nll_loss(logs, target, weight, ignore_index=ignore_index, reduction=reduction)
    if label_smoothing == 0.0:
        return loss
    counted = target != ignore_index
    uniform = -spread.sum(dim).masked_fill(~counted, 0.0)
    if reduction == "mean":
        scale = counted.to(input.dtype)
        smooth = _mean_of_counted(uniform, scale if weight is None else weight.detach()[target * counted] * scale)
    else:
        smooth = reduce(uniform, reduction)
    return loss * (1 - label_smoothing) + smooth * (label_smoothing / classes)
