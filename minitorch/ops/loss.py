"""Losses: how far an output is from its target, one number an element, then their mean or sum. (likelihood.py has more.)

Each is a line or two over other ops. `reduction` is 'mean', 'sum' or 'none'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import on_device_of, outside, xp
from minitorch.backend.callsite import warn
from minitorch.ops.elementwise import check_floating, in_single
from minitorch.ops.gathering import gather, scatter_add
from minitorch.ops.node_names import node_name
from minitorch.ops.pointwise import softplus, sqrt
from minitorch.ops.rectifier import relu
from minitorch.ops.reduction import cumsum, sum
from minitorch.ops.selection import clamp, masked_fill, where
from minitorch.ops.shape import expand
from minitorch.ops.statistics import vector_norm

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def check_reduction(reduction: str) -> None:
    """Raise ValueError for another word than 'none', 'mean' and 'sum'."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction: 'none', 'mean' and 'sum' are")


def reduce(losses: Tensor, reduction: str) -> Tensor:
    """The losses, their mean or their sum. Raises ValueError for any other word."""
    check_reduction(reduction)
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


# ---- of numbers ---------------------------------------------------------------------------------------------------------


@in_single
@node_name("MseLoss0")
def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """(input - target)^2, its mean, its sum, or with `reduction` 'none' each element.

    Shapes that differ are broadcast, with a warning. Raises ValueError for another reduction.

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*).

    Example: (1 + 9) / 2 = 5.

    >>> F.mse_loss(minitorch.tensor([1.0, 5.0]), minitorch.tensor([2.0, 2.0]))
    tensor(5.)
    """
    return reduce(_difference("mse_loss", input, target).square(), reduction)


@in_single
def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """|input - target|, its mean, its sum, or with `reduction` 'none' each element.

    Shapes that differ are broadcast, with a warning. Raises ValueError for another reduction.

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*).

    Example: (1 + 3) / 2 = 2.

    >>> F.l1_loss(minitorch.tensor([1.0, 5.0]), minitorch.tensor([2.0, 2.0]))
    tensor(2.)
    """
    return reduce((input - _like(input, target)).abs(), reduction)


def _like(input: Tensor, target: Tensor) -> Tensor:
    if input.shape != target.shape:
        warn(
            f"Using a target size ({target.shape!r}) that is different to the input size ({input.shape!r}). This will likely "
            "lead to incorrect results due to broadcasting. Please ensure they have the same size."
        )
    return target


def _difference(name: str, input: Tensor, target: Tensor) -> Tensor:
    d = input - _like(input, target)
    check_floating(name, d)
    return d


@in_single
@node_name("SmoothL1Loss0")
def smooth_l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """d^2 / (2 beta) for a difference |d| < beta, |d| - beta / 2 beyond it (Girshick 2015).

    Raises RuntimeError for a negative beta; 0 is the absolute difference.

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*).

    >>> F.smooth_l1_loss(minitorch.tensor([0.5, 3.0]), minitorch.tensor([0.0, 0.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    d = _difference("smooth_l1_loss", input, target)
    size = d.abs()
    near = masked_fill(d, size >= beta, 0.0)  # where d is infinite, its square would make nan of the gradient's 0
    return reduce(size if beta == 0 else where(size >= beta, size - 0.5 * beta, near * near * (0.5 / beta)), reduction)


@in_single
@node_name("HuberLoss0")
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d^2 / 2 for a difference |d| < delta, delta (|d| - delta / 2) beyond it (Huber 1964); times `weight`.

    Raises RuntimeError unless delta > 0, ValueError for a `weight` of another shape than input's.

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*).

    >>> F.huber_loss(minitorch.tensor([0.5, 3.0]), minitorch.tensor([0.0, 0.0]), reduction="none", delta=2.0)
    tensor([0.1250, 4.0000])
    """
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got {delta}")
    if weight is not None and weight.shape != input.shape:
        raise ValueError(f"Weights and input must have the same size, got {list(weight.shape)} and {list(input.shape)}.")
    d = _difference("huber_loss", input, target)
    size = d.abs()
    near = masked_fill(d, size >= delta, 0.0)  # where d is infinite, its square would make nan of the gradient's 0
    losses = where(size >= delta, (size - 0.5 * delta) * delta, near * near * 0.5)
    return reduce(losses if weight is None else losses * weight, reduction)


# ---- of scores, with a margin ------------------------------------------------------------------------------------------


@in_single
@node_name("SoftMarginLoss0")
def soft_margin_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """log(1 + e^(-target input)), for targets 1 and -1.

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*).

    >>> F.soft_margin_loss(minitorch.tensor([0.0, -3.0]), minitorch.tensor([1.0, -1.0]), reduction="none")
    tensor([0.6931, 0.0486])
    """
    check_floating("soft_margin_loss", input)
    return reduce(softplus(-target * input), reduction)


@in_single
def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, *, reduction: str = "mean") -> Tensor:
    """input where target is 1, max(0, margin - input) where it is -1: for distances that should be small or large.

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*).

    >>> F.hinge_embedding_loss(minitorch.tensor([0.2, 0.2]), minitorch.tensor([1.0, -1.0]), reduction="none")
    tensor([0.2000, 0.8000])
    """
    far = where(target != 1, clamp(margin - input, min=0), 0.0)
    return reduce(far + where(target != -1, input, 0.0), reduction)


@in_single
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, *, reduction: str = "mean"
) -> Tensor:
    """max(0, margin - target (input1 - input2)): input1 should be the larger where target is 1, the smaller where it is -1.

    Raises RuntimeError for different numbers of dimensions.

    Shapes: input1, input2 and target (*), the result () or, with `reduction` 'none', (*).

    >>> F.margin_ranking_loss(minitorch.tensor([3.0]), minitorch.tensor([1.0]), minitorch.tensor([-1.0]), margin=0.5)
    tensor(2.5000)
    """
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss: input1, input2 and target need the same number of dimensions, but their sizes are "
            f"{list(input1.shape)}, {list(input2.shape)} and {list(target.shape)}"
        )
    return reduce(clamp(-target * (input1 - input2) + margin, min=0), reduction)


@in_single
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, *, reduction: str = "mean"
) -> Tensor:
    """1 - cos where target is 1, max(0, cos - margin) where it is -1, for vectors ((N,) D) and targets (N,) or ().

    Raises RuntimeError for other shapes.

    >>> F.cosine_embedding_loss(minitorch.tensor([[1.0, 0.0]]), minitorch.tensor([[1.0, 1.0]]), minitorch.tensor([-1]))
    tensor(0.7071)
    """
    if target.ndim > 1 or input1.ndim != target.ndim + 1 or input2.ndim != target.ndim + 1:
        raise RuntimeError(
            f"cosine_embedding_loss: a {target.ndim}D target needs {target.ndim + 1}D inputs, ((N,) D) with a target for each, "
            f"but got inputs {list(input1.shape)} and {list(input2.shape)} and target {list(target.shape)}"
        )
    squares = [sum(x * x, -1) + 1e-12 for x in (input1, input2)]
    cos = sum(input1 * input2, -1) / sqrt(squares[0] * squares[1])
    near, far = where(target == 1, 1 - cos, 0.0), where(target == -1, clamp(cos - margin, min=0), 0.0)
    return reduce(near + far, reduction)


def _per_class(name: str, input: Tensor, target: Tensor, like_input: bool) -> tuple[Tensor, Tensor]:
    """Scores as (N, C), targets as (N, C) or (N,). Raises RuntimeError where sizes or class numbers do not fit."""
    input = input.reshape(1) if input.ndim == 0 else input
    target = target.reshape(1) if like_input and target.ndim == 0 else target
    fitting = [tuple(input.shape) if like_input else tuple(input.shape[:-1])]
    if input.ndim == 1 and not like_input:
        fitting.append((1,))
    if input.ndim not in (1, 2) or input.shape[-1] == 0 or tuple(target.shape) not in fitting:
        raise RuntimeError(
            f"{name}: Expected input ((N,) C) and target {'((N,) C)' if like_input else '(N,) or ()'}, but got "
            f"{list(input.shape)} and inconsistent target size: {list(target.shape)}"
        )
    if target.dtype.name != "int64":
        raise RuntimeError(f"{name}: expected scalar type Long but found {target.dtype!r}: targets are class numbers")
    classes, numbers = input.shape[-1], target._array
    if outside(numbers, -1 if like_input else 0, classes):
        raise RuntimeError(f"{name}: target out of range: classes are numbered 0 to {classes - 1}, got {numbers.tolist()}")
    return input.reshape(-1, classes), target.reshape(-1, classes) if like_input else target.reshape(-1)


@in_single
@node_name("MultiMarginLoss0")
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes j of max(0, margin - x[y] + x[j])^p, but for j = y: the target's score y should be the largest.

    Shapes: input ((N,) C), target (N,) or (); `weight` (C,) scales by the target's class. The sum is divided by C. Raises
    ValueError for another `p` than 1 and 2, RuntimeError for shapes or class numbers that do not fit.

    Example: (0 + 0.5) / 3 = 0.1667.

    >>> F.multi_margin_loss(minitorch.tensor([[0.0, 2.0, 1.5]]), minitorch.tensor([1]))
    tensor(0.1667)
    """
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: only p == 1 and p == 2 supported, got {p}")
    if weight is not None and weight.ndim != 1:
        raise ValueError(f"multi_margin_loss: weight must be one-dimensional, got {list(weight.shape)}")
    check_floating("multi_margin_loss", input)
    x, y = _per_class("multi_margin_loss", input, target, like_input=False)
    if weight is not None and (weight.shape[0] != x.shape[1] or weight.dtype is not x.dtype):
        raise RuntimeError(
            f"multi_margin_loss: inconsistent weight: {weight.shape[0]} of {weight.dtype!r} for {x.shape[1]} classes of "
            f"{x.dtype!r}"
        )
    over = relu(x - gather(x, 1, y[:, None]) + margin)
    over = over if p == 1 else over * over
    if weight is not None:
        over = over * weight[y][:, None]
    of_target = wrap(y._array[:, None] == on_device_of(xp.arange(x.shape[1]), y._array))
    losses = sum(masked_fill(over, of_target, 0.0), 1) / x.shape[1]
    return reduce(losses if target.ndim else losses[0], reduction)


@in_single
@node_name("MultilabelMarginLoss0")
def multilabel_margin_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """The sum over targets y and other classes j of max(0, 1 - x[y] + x[j]), divided by the number of classes.

    Shapes: input ((N,) C); each row of target, of the same shape, lists class numbers up to the first -1. Raises RuntimeError
    for shapes or class numbers that do not fit.

    >>> F.multilabel_margin_loss(minitorch.tensor([[2.0, 0.5, 1.0]]), minitorch.tensor([[0, 2, -1]]))
    tensor(0.1667)
    """
    check_floating("multilabel_margin_loss", input)
    x, y = _per_class("multilabel_margin_loss", input, target, like_input=True)
    listed = cumsum(y < 0, 1) == 0
    labels = masked_fill(y, ~listed, 0)
    is_target = scatter_add(x.detach() * 0, 1, labels, listed.to(x.dtype)) > 0
    over = relu(1 - gather(x, 1, labels)[:, :, None] + x[:, None, :])
    counted = listed[:, :, None] & ~is_target[:, None, :]
    losses = sum(masked_fill(over, ~counted, 0.0), (1, 2)) / x.shape[1]
    return reduce(losses if input.ndim > 1 else losses[0], reduction)


@in_single
def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """The mean over classes, the last dimension, of `binary_cross_entropy_with_logits`.

    Shapes: input (N, C), target (N, C), the result () or, with `reduction` 'none', (N,).

    >>> F.multilabel_soft_margin_loss(minitorch.tensor([[0.0, 2.0]]), minitorch.tensor([[1.0, 1.0]]))
    tensor(0.4100)
    """
    check_floating("multilabel_soft_margin_loss", input)
    if input.ndim == 0:
        input, target = input.reshape(1), target.reshape(1)
    losses = target * softplus(-input) + (1 - target) * softplus(input)
    losses = losses if weight is None else losses * weight
    return reduce(sum(losses, input.ndim - 1) / input.shape[-1], reduction)


@in_single
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dimension.

    Shapes: x1 and x2 ((N,) D), output (N,) or (), or with a last dimension of 1 with `keepdim`.

    >>> F.pairwise_distance(minitorch.tensor([[0.0, 0.0]]), minitorch.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


@in_single
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-08) -> Tensor:
    """x1 . x2 / (|x1| |x2|) along `dim`, each norm being at least eps.

    Shapes: x1 and x2 broadcast to one shape, which loses `dim`.

    >>> F.cosine_similarity(minitorch.tensor([[1.0, 0.0]]), minitorch.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    shape = xp.broadcast_shapes(tuple(x1.shape), tuple(x2.shape))
    x1, x2 = expand(x1, shape), expand(x2, shape)
    norms = (clamp(vector_norm(x, 2, dim, keepdim=True), min=eps) for x in (x1, x2))
    first, second = (x / n for x, n in zip((x1, x2), norms, strict=True))
    return sum(first * second, dim)


@in_single
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-06,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), with `pairwise_distance` d, for vectors ((N,) D).

    With `swap` the negative's distance is to the nearer of anchor and positive (Balntas et al. 2016). Raises ValueError unless
    margin > 0.

    Example: max(0, 1 - 1.5 + 1) = 0.5.

    >>> F.triplet_margin_loss(minitorch.tensor([[0.0]]), minitorch.tensor([[1.0]]), minitorch.tensor([[1.5]]))
    tensor(0.5000)
    """
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss: margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "triplet_margin_loss: anchor, positive and negative need the same number of dimensions, but their sizes are "
            f"{list(anchor.shape)}, {list(positive.shape)} and {list(negative.shape)}"
        )
    near, far = pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = far.minimum(pairwise_distance(positive, negative, p, eps))
    return reduce(clamp(near - far + margin, min=0), reduction)
