"""Losses that say how unlikely the target is: negative log-likelihoods, from binary to Gaussian.

As in loss.py each gives one number an element, and then their mean or sum.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minitorch.autograd.grad_mode import no_grad
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, is_known, outside, xp
from minitorch.backend.callsite import warn
from minitorch.ops.arithmetic import log
from minitorch.ops.elementwise import Number, Pointwise, check_floating, in_single
from minitorch.ops.gathering import grid
from minitorch.ops.indexing import GetItem
from minitorch.ops.loss import check_reduction, reduce
from minitorch.ops.node_names import node_name
from minitorch.ops.pointwise import exp, softplus
from minitorch.ops.reduction import log_softmax, sum
from minitorch.ops.selection import clamp, masked_fill

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def _check_pair(name: str, input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        raise ValueError(
            f"{name}: Using a target size ({target.shape!r}) that is different to the input size ({input.shape!r}) is refused "
            "here: please ensure they have the same size"
        )
    check_floating(name, input)
    if target.dtype is not input.dtype and not (name.endswith("with_logits") and target.is_floating_point()):
        raise RuntimeError(
            f"{name}: Found dtype {target.dtype!r} of the target but expected the input's, {input.dtype!r}: "
            f"target.to({input.dtype!r}) converts"
        )


class BinaryCrossEntropy(Pointwise):
    """-t log p - (1 - t) log(1 - p), each log at least -100;  (p - t) / (p (1 - p)), the denominator at least 1e-12"""

    def forward(ctx, p: Array, t: Array) -> Array:
        ctx.save_for_backward(p, t)
        return (t - 1) * xp.maximum(xp.log1p(-p), -100) - t * xp.maximum(xp.log(p), -100)

    def backward(ctx, grad: Tensor) -> Any:
        p, t = ctx.saved_tensors
        for_p, for_t = ctx.needs_input_grad
        return (
            grad * (p - t) / clamp(p * (1 - p), min=1e-12) if for_p else None,
            grad * (clamp(log(1 - p), min=-100) - clamp(log(p), min=-100)) if for_t else None,
        )


@in_single
@node_name("BinaryCrossEntropy0")
def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean") -> Tensor:
    """-t log p - (1 - t) log(1 - p), for probabilities p = input and targets t; each log counts as at least -100.

    Shapes: input (*), target (*), of 0 and 1 or numbers between; `weight` broadcasts to them and scales each loss. Raises
    RuntimeError for elements outside [0, 1], ValueError for another shape of target.

    >>> F.binary_cross_entropy(minitorch.tensor([0.5, 0.9]), minitorch.tensor([1.0, 0.0]), reduction="none")
    tensor([0.6931, 2.3026])
    """
    _check_pair("binary_cross_entropy", input, target)
    for what, values, other in (
        ("input", input._array, "raw scores there is binary_cross_entropy_with_logits"),
        ("target", target._array, "class numbers there is cross_entropy"),
    ):
        if values.size and is_known(values) and not (values.min() >= 0 and values.max() <= 1):
            raise RuntimeError(
                f"binary_cross_entropy: all elements of {what} should be between 0 and 1, and they are between "
                f"{values.min():g} and {values.max():g}; for {other}"
            )
    return reduce(_weighted(BinaryCrossEntropy.apply(input, target), weight), reduction)


def _weighted(losses: Tensor, weight: Tensor | None) -> Tensor:
    if weight is None:
        return losses
    weighted = losses * weight
    if weighted.shape != losses.shape:
        raise RuntimeError(
            f"weight of shape {list(weight.shape)} does not broadcast to the shape of input, {list(losses.shape)}"
        )
    return weighted


@in_single
@node_name("BinaryCrossEntropyWithLogits0")
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """As `binary_cross_entropy` of sigmoid(input), exact for scores of any size: (1 - t) x + log(1 + e^-x).

    `pos_weight` multiplies the share of the positive targets. Raises ValueError for another shape of target.

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*).

    >>> F.binary_cross_entropy_with_logits(minitorch.tensor([0.0, -1000.0]), minitorch.tensor([1.0, 1.0]), reduction="none")
    tensor([6.9315e-01, 1.0000e+03])
    """
    _check_pair("binary_cross_entropy_with_logits", input, target)
    loss_of_ones = softplus(-input)
    loss_of_ones = loss_of_ones if pos_weight is None else _weighted(loss_of_ones, (pos_weight - 1) * target + 1)
    return reduce(_weighted((1 - target) * input + loss_of_ones, weight), reduction)


@in_single
def kl_div(input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """target (log target - input), for log-probabilities input; `log_target` says that target is a logarithm, too.

    Summed over classes it is the Kullback-Leibler divergence; reduction 'batchmean' is the sum divided by the batch.

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*).

    Example: 0.5 log(0.5 / 0.25) + 0.5 log(0.5 / 0.75) = 0.1438.

    >>> F.kl_div(minitorch.tensor([[0.25, 0.75]]).log(), minitorch.tensor([[0.5, 0.5]]), reduction="batchmean")
    tensor(0.1438)
    """
    if reduction == "mean":
        warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides only by "
            "the batch size, and is the Kullback-Leibler divergence."
        )
    if log_target:
        losses = exp(target) * (target - input)
    else:
        nothing = target == 0
        losses = masked_fill(target * log(masked_fill(target, nothing, 1.0)), nothing, 0.0) - target * input
    if reduction == "batchmean":
        return sum(losses) / input.shape[0] if input.ndim else losses
    return reduce(losses, reduction)


def _check_class_weight(weight: Tensor | None, input: Tensor, classes: int) -> None:
    if weight is not None and weight.requires_grad:
        raise RuntimeError("the derivative for 'weight' is not implemented: give weight.detach() for the classes' weights")
    if weight is not None and weight.dtype is not input.dtype:
        raise RuntimeError(f"expected a weight of the input's type {input.dtype!r} but found {weight.dtype!r}")
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of shape: "
            f"{list(weight.shape)}"
        )


def _mean_of_counted(losses: Tensor, scale: Tensor) -> Tensor:
    """The weighted mean; nan where nothing counts, with gradients of 0 for ignored targets and nan for others."""
    return losses.sum() / scale.sum()


@in_single
@node_name("NllLoss0")
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """-input at the target class, for log-probabilities input (N, C, *) or (C,) and class numbers target (N, *) or ().

    `weight` (C,) scales each class, `ignore_index` names a target that counts for nothing; the mean is over what counts,
    weights included. Raises IndexError for a class number out of range, ValueError or RuntimeError for shapes that do not fit.

    Example: (0.5 + 2) / 2 = 1.25.

    >>> F.nll_loss(minitorch.tensor([[-0.5, -0.9], [-2.0, -0.1]]), minitorch.tensor([0, 0]))
    tensor(1.2500)
    """
    check_reduction(reduction)
    if input.ndim == 0:
        raise ValueError("nll_loss: expected an input of at least one dimension, the classes")
    check_floating("nll_loss", input)
    if input.ndim == 1:
        if target.ndim:
            raise ValueError(
                f"nll_loss: an input {list(input.shape)} of classes alone has one target, of shape [], not {list(target.shape)}"
            )
        loss = nll_loss(input[None], target[None], weight, ignore_index=ignore_index, reduction=reduction)
        return loss if reduction != "none" else loss[0]
    n, classes, *rest = input.shape
    if tuple(target.shape) != (n, *rest):
        if target.ndim == 0 or target.shape[0] != n:
            size = target.shape[0] if target.ndim else "none"
            hint = "" if target.ndim else " The target of a batch is a vector of class numbers, one for each input"
            hint += f": minitorch.tensor([{target.item():g}])" if hint and n == 1 else ""
            raise ValueError(f"Expected input batch_size ({n}) to match target batch_size ({size}).{hint}")
        other = [size for i, size in enumerate(target.shape) if i != 1] == [n, *rest]
        hint = "" if not other else ": .squeeze(1)" if target.shape[1] == 1 else ": .argmax(1), if it is one-hot"
        raise RuntimeError(f"Expected target size {[n, *rest]}, got {list(target.shape)}{hint}")
    if target.dtype.name == "uint8":
        target = target.long()
    if target.dtype.name != "int64":
        raise RuntimeError(f"expected scalar type Long but found {target.dtype!r}: targets are class numbers")
    _check_class_weight(weight, input, classes)
    counted = target._array != ignore_index
    classes_or_0 = xp.where(counted, target._array, 0)
    if outside(classes_or_0, 0, classes):
        wrong = classes_or_0[(classes_or_0 < 0) | (classes_or_0 >= classes)][0]
        raise IndexError(f"Target {wrong} is out of bounds: there are {classes} classes, numbered from 0")
    first, *others = grid(classes_or_0)
    losses = -GetItem.apply(input, (first, classes_or_0, *others))
    if weight is None and is_known(counted) and counted.all():
        return reduce(losses, reduction)
    losses = losses.masked_fill(wrap(~counted), 0.0)
    scale = wrap(counted.astype(input._array.dtype))
    if weight is not None:
        scale = scale * weight.detach()[wrap(classes_or_0)]
    return _mean_of_counted(losses * scale, scale) if reduction == "mean" else reduce(losses * scale, reduction)


@in_single
@node_name("NllLoss0")
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input) at the target class, for logits: `log_softmax`, then `nll_loss`.

    Shapes: input (N, C, *) or (C,); target (N, *) or () of class numbers, or a probability for each class in the shape of
    input. `label_smoothing` mixes the target with that much of the uniform distribution (Szegedy et al. 2016). The other
    options and errors are those of `nll_loss`.

    Example: softmax([0, 1.0986]) = [0.25, 0.75], and -log 0.75 = 0.2877.

    >>> F.cross_entropy(minitorch.tensor([[0.0, 1.0986]]), minitorch.tensor([1]))
    tensor(0.2877)
    >>> F.cross_entropy(minitorch.tensor([[0.0, 1.0986]]), minitorch.tensor([[0.5, 0.5]]))
    tensor(0.8370)
    """
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    dim = 0 if input.ndim == 1 else 1
    if not input.is_floating_point() and target.is_floating_point():
        raise RuntimeError(
            f"cross_entropy: input is of {input.dtype!r} and target of {target.dtype!r}: scores come first, then the labels"
        )
    check_floating("cross_entropy", input)
    logs = log_softmax(input, dim)
    classes = input.shape[dim]
    _check_class_weight(weight, input, classes)
    spread = logs if weight is None else logs * weight.reshape(-1, *(1,) * (input.ndim - dim - 1))
    if target.is_floating_point():
        if target.shape != input.shape:
            raise RuntimeError(
                f"Expected target of class probabilities of shape {list(input.shape)}, got {list(target.shape)}; "
                "class numbers are integers, target.long()"
            )
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target: it names a class number")
        losses = -(spread * (target * (1 - label_smoothing) + label_smoothing / max(classes, 1))).sum(dim)
        return reduce(losses, reduction)
    loss = nll_loss(logs, target, weight, ignore_index=ignore_index, reduction=reduction)
    if label_smoothing == 0.0:
        return loss
    counted = target != ignore_index
    uniform = -spread.sum(dim).masked_fill(~counted, 0.0)
    if reduction == "mean":
        scale = counted.to(input.dtype)
        smooth = _mean_of_counted(uniform, scale if weight is None else weight.detach()[(target * counted).long()] * scale)
    else:
        smooth = reduce(uniform, reduction)
    return loss * (1 - label_smoothing) + smooth * (label_smoothing / classes)


@in_single
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    *,
    eps: float = 1e-08,
    reduction: str = "mean",
) -> Tensor:
    """How unlikely a count `target` is for a Poisson rate `input`, or e^input: rate - target log(rate), without log(target!).

    With `full` Stirling's formula for the latter is added where target > 1.

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*).

    Example: 2 - 3 log 2 = -0.0794.

    >>> F.poisson_nll_loss(minitorch.tensor([2.0]), minitorch.tensor([3.0]), log_input=False)
    tensor(-0.0794)
    """
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        counts = masked_fill(target, target <= 1, 1.0)
        stirling = counts * log(counts) - counts + log(counts * (2 * math.pi)) * 0.5
        losses = losses + masked_fill(stirling, target <= 1, 0.0)
    return reduce(losses, reduction)


@in_single
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | Number,
    full: bool = False,
    eps: float = 1e-06,
    reduction: str = "mean",
) -> Tensor:
    """How unlikely `target` is for a normal variable of mean `input` and variance v: (log v + (input - target)^2 / v) / 2.

    `var` is v: a number, of input's shape, or lacks its last dimension or has 1 there. It counts as at least `eps`; the
    gradient ignores that bound. With `full` log(2 pi) / 2 is added. Raises ValueError for a negative variance or another shape.

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*).

    Example: (log 4 + 2^2 / 4) / 2 = 1.1931.

    >>> F.gaussian_nll_loss(minitorch.tensor([1.0]), minitorch.tensor([3.0]), 4.0)
    tensor(1.1931)
    """
    if isinstance(var, (int, float)):
        with xp.errstate(all="ignore"):
            var = wrap(xp.full_like(input._array, var))
    if (var._array < 0).any():
        raise ValueError(f"gaussian_nll_loss: var has negative entry/entries, such as {var._array.min()}")
    if var.shape != input.shape:
        unequal = [m for n, m in zip(input.shape, var.shape, strict=False) if n != m]
        if tuple(input.shape[:-1]) == tuple(var.shape):
            var = var.unsqueeze(-1)
        elif input.ndim != var.ndim or unequal != [1]:
            raise ValueError(
                f"gaussian_nll_loss: var is of incorrect size: {list(var.shape)} for an input of {list(input.shape)}"
            )
    var = var.clone()
    with no_grad():
        var.clamp_(min=eps)
    losses = (log(var) + (input - target).square() / var) * 0.5
    return reduce(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)
