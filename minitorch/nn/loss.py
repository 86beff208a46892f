"""Loss layers: the functions of ops/loss.py and ops/likelihood.py, with their options as attributes."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import TYPE_CHECKING

from minitorch.nn import functional as F
from minitorch.nn.layer import Layer, layer
from minitorch.tensor import Tensor

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CosineEmbeddingLoss", "CosineSimilarity", "CrossEntropyLoss", "GaussianNLLLoss",
    "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss", "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "PairwiseDistance", "PoissonNLLLoss", "SmoothL1Loss",
    "SoftMarginLoss", "TripletMarginLoss",
]  # fmt: skip


class _Loss(Layer):
    if TYPE_CHECKING:

        def forward(self, input: Tensor, target: Tensor) -> Tensor: ...

    def extra_repr(self) -> str:
        return ""


@layer(F.l1_loss)
class L1Loss(_Loss):
    """The mean absolute error: the mean of |input - target|.

    loss = |input - target|, with the derivative sign(input - target) in input

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*). `reduction` is 'mean', 'sum' or 'none'.
    Shapes that differ are broadcast, with a warning. Less sensitive to outliers than `MSELoss`. Raises ValueError for another
    reduction.

    Example: (1 + 3) / 2 = 2.

    >>> nn.L1Loss()(minitorch.tensor([1.0, 5.0]), minitorch.tensor([2.0, 2.0]))
    tensor(2.)
    """

    _: KW_ONLY
    reduction: str = "mean"


@layer(F.mse_loss)
class MSELoss(_Loss):
    """The mean squared error: the mean of (input - target)^2.

    loss = (input - target)^2, with the derivative 2 (input - target) in input

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*). `reduction` is 'mean' (over all elements, not
    only the batch), 'sum' or 'none'. Shapes that differ are broadcast, with a warning: (N, 1) and (N,) give N * N differences.
    Raises ValueError for another reduction.

    Example: (1 + 9) / 2 = 5.

    >>> nn.MSELoss()(minitorch.tensor([1.0, 5.0]), minitorch.tensor([2.0, 2.0]))
    tensor(5.)
    """

    _: KW_ONLY
    reduction: str = "mean"


@layer(F.smooth_l1_loss)
class SmoothL1Loss(_Loss):
    """Squared for small differences, absolute for large ones (Girshick 2015).

    loss = d^2 / (2 beta) for |d| < beta, |d| - beta / 2 elsewhere, for d = input - target

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*). It is `HuberLoss(delta=beta)` / beta; with
    beta = 0 it is `L1Loss`. The call raises RuntimeError for a negative beta.

    Example: 0.5^2 / 2 = 0.125 and 3 - 0.5 = 2.5.

    >>> loss = nn.SmoothL1Loss(reduction="none")
    >>> loss(minitorch.tensor([0.5, 3.0]), minitorch.tensor([0.0, 0.0]))
    tensor([0.1250, 2.5000])
    """

    _: KW_ONLY
    reduction: str = "mean"
    beta: float = 1.0


@layer(F.huber_loss)
class HuberLoss(_Loss):
    """Squared for small differences, with a slope of at most delta for large ones (Huber 1964).

    loss = d^2 / 2 for |d| < delta, delta (|d| - delta / 2) elsewhere, for d = input - target

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*). The derivative is d, clamped to [-delta,
    delta], so that an outlier counts no more than delta. The call raises RuntimeError unless delta > 0.

    Example: 0.5^2 / 2 = 0.125 and 2 (3 - 1) = 4.

    >>> nn.HuberLoss(reduction="none", delta=2.0)(minitorch.tensor([0.5, 3.0]), minitorch.tensor([0.0, 0.0]))
    tensor([0.1250, 4.0000])
    """

    reduction: str = "mean"
    delta: float = 1.0


@layer(F.nll_loss)
class NLLLoss(_Loss):
    """The negative log-likelihood of the target class, for log-probabilities.

    loss[n] = -weight[target[n]] input[n, target[n]]

    Shapes: input (N, C, *), or (C,); target (N, *), or (), of class numbers (int64); the result () or, with `reduction` 'none',
    that of target. `weight` (C,) scales each class, and the mean is divided by the sum of the weights used. Targets equal to
    `ignore_index` do not count.

    The input comes from `LogSoftmax`: this loss does not take a logarithm. `CrossEntropyLoss` takes logits instead. Raises
    IndexError for a class number out of range, ValueError or RuntimeError for shapes that do not fit.

    Example: (0.5 + 2) / 2 = 1.25.

    >>> logs = minitorch.tensor([[-0.5, -0.9], [-2.0, -0.1]])
    >>> nn.NLLLoss()(logs, minitorch.tensor([0, 0]))
    tensor(1.2500)
    """

    weight: Tensor | None = None
    _: KW_ONLY
    ignore_index: int = -100
    reduction: str = "mean"


@layer(F.cross_entropy)
class CrossEntropyLoss(_Loss):
    """The cross entropy of softmax(input) and the target, for logits: the loss of classification.

    loss[n] = -log softmax(input[n])[target[n]] = log(the sum of e^input[n, c] over c) - input[n, target[n]]

    Shapes: input (N, C, *), or (C,); target (N, *), or (), of class numbers (int64), or of input's shape with a probability for
    each class; the result () or, with `reduction` 'none', that of the class numbers.

    The derivative in input is softmax(input) - one_hot(target), divided by N for the mean. The input are logits: a Softmax
    before this loss would be applied twice. `weight` (C,) scales each class, and the mean is divided by the sum of the weights
    used. Targets equal to `ignore_index` do not count. `label_smoothing` mixes the target with that much of the uniform
    distribution (Szegedy et al. 2016). Raises IndexError for a class number out of range, RuntimeError for shapes or dtypes
    that do not fit.

    Pictures: `viz.worked(layer, x, target)` works each element and its gradient out.

    Example: softmax([0, 1.0986]) = [0.25, 0.75], and -log 0.75 = 0.2877.

    >>> x = minitorch.tensor([[0.0, 1.0986]], requires_grad=True)
    >>> loss = nn.CrossEntropyLoss()(x, minitorch.tensor([1]))
    >>> loss.backward()
    >>> loss.data, x.grad
    (tensor(0.2877), tensor([[ 0.2500, -0.2500]]))
    """

    weight: Tensor | None = None
    _: KW_ONLY
    ignore_index: int = -100
    reduction: str = "mean"
    label_smoothing: float = 0.0


@layer(F.binary_cross_entropy)
class BCELoss(_Loss):
    """Binary cross entropy, for probabilities p = input and targets t.

    loss = -t log p - (1 - t) log(1 - p), each log at least -100

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*). The targets are floats, 0 or 1 or between;
    `weight`, which broadcasts to (*), scales each loss. For logits use `BCEWithLogitsLoss`, which is exact where sigmoid rounds
    to 0 or 1. Raises RuntimeError for elements outside [0, 1], ValueError for another shape of target.

    Example: -log 0.5 = 0.6931 and -log(1 - 0.9) = 2.3026.

    >>> nn.BCELoss(reduction="none")(minitorch.tensor([0.5, 0.9]), minitorch.tensor([1.0, 0.0]))
    tensor([0.6931, 2.3026])
    """

    weight: Tensor | None = None
    _: KW_ONLY
    reduction: str = "mean"


@layer(F.binary_cross_entropy_with_logits)
class BCEWithLogitsLoss(_Loss):
    """Binary cross entropy of sigmoid(input), for logits x = input of any size and targets t.

    loss = (1 - t) x + log(1 + e^-x), with the derivative sigmoid(x) - t in x

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*). `weight`, which broadcasts to (*), scales
    each loss; `pos_weight` scales the part of the targets 1, for rare ones. Sigmoid before this loss would be applied twice.
    Raises ValueError for another shape of target.

    Example: -log sigmoid(0) = 0.6931, and for -1000 the loss is 1000, where log(sigmoid(x)) would be -inf.

    >>> nn.BCEWithLogitsLoss(reduction="none")(minitorch.tensor([0.0, -1000.0]), minitorch.tensor([1.0, 1.0]))
    tensor([6.9315e-01, 1.0000e+03])
    """

    weight: Tensor | None = None
    _: KW_ONLY
    reduction: str = "mean"
    pos_weight: Tensor | None = None


@layer(F.kl_div)
class KLDivLoss(_Loss):
    """The Kullback-Leibler divergence of the target from the input, which is a log-probability.

    loss = target (log target - input)

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*). The divergence is the sum over classes:
    `reduction='batchmean'` divides it by the batch size; 'mean' divides it by the number of elements, and warns. `log_target`
    means that the target is a log-probability, too. It is not symmetric, and takes the input first, unlike KL(target, input) in
    books.

    Example: 0.5 log(0.5 / 0.25) + 0.5 log(0.5 / 0.75) = 0.1438.

    >>> logs, target = minitorch.tensor([[0.25, 0.75]]).log(), minitorch.tensor([[0.5, 0.5]])
    >>> nn.KLDivLoss(reduction="batchmean")(logs, target)
    tensor(0.1438)
    """

    _: KW_ONLY
    reduction: str = "mean"
    log_target: bool = False


@layer(F.poisson_nll_loss)
class PoissonNLLLoss(_Loss):
    """The negative log-likelihood of counts, for a Poisson distribution with a given rate.

    loss = rate - target log(rate), with rate = e^input, or with `log_input=False` rate = input

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*). log(target!) is left out, since it does not
    depend on the input; `full` adds Stirling's formula for it where target > 1. `eps` keeps log(rate) finite at 0.

    Example: e^0 - 2 * 0 = 1, and 2 - 3 log 2 = -0.0794.

    >>> nn.PoissonNLLLoss()(minitorch.tensor([0.0]), minitorch.tensor([2.0]))
    tensor(1.)
    >>> nn.PoissonNLLLoss(log_input=False)(minitorch.tensor([2.0]), minitorch.tensor([3.0]))
    tensor(-0.0794)
    """

    log_input: bool = True
    full: bool = False
    _: KW_ONLY
    eps: float = 1e-08
    reduction: str = "mean"


@layer(F.gaussian_nll_loss)
class GaussianNLLLoss(_Loss):
    """The negative log-likelihood of a target, for a normal distribution with a mean and a variance that a model predicts.

    loss = (log var + (input - target)^2 / var) / 2

    Shapes: call it with input (*), target (*) and var, which has input's shape, or lacks its last dimension or has 1 there.
    `var` counts as at least `eps`, and the gradient ignores that bound. `full` adds log(2 pi) / 2. Raises ValueError for a
    negative variance or another shape.

    Example: (log 4 + 2^2 / 4) / 2 = 1.1931.

    >>> nn.GaussianNLLLoss()(minitorch.tensor([1.0]), minitorch.tensor([3.0]), minitorch.tensor([4.0]))
    tensor(1.1931)
    """

    _: KW_ONLY
    full: bool = False
    eps: float = 1e-06
    reduction: str = "mean"

    if TYPE_CHECKING:

        def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor: ...


@layer(F.soft_margin_loss)
class SoftMarginLoss(_Loss):
    """The logistic loss, for scores and targets 1 and -1.

    loss = log(1 + e^(-target input))

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*). It is `BCEWithLogitsLoss` with -1 in place of
    0.

    Example: log 2 = 0.6931 and log(1 + e^-3) = 0.0486.

    >>> nn.SoftMarginLoss(reduction="none")(minitorch.tensor([0.0, -3.0]), minitorch.tensor([1.0, -1.0]))
    tensor([0.6931, 0.0486])
    """

    _: KW_ONLY
    reduction: str = "mean"


@layer(F.hinge_embedding_loss)
class HingeEmbeddingLoss(_Loss):
    """Distances that should be small where the target is 1, and at least `margin` where it is -1.

    loss = input for target 1, max(0, margin - input) for target -1

    Shapes: input (*), target (*), the result () or, with `reduction` 'none', (*). The input are distances, such as those of
    `PairwiseDistance`.

    >>> nn.HingeEmbeddingLoss(reduction="none")(minitorch.tensor([0.2, 0.2, 3.0]), minitorch.tensor([1.0, -1.0, -1.0]))
    tensor([0.2000, 0.8000, 0.0000])
    """

    margin: float = 1.0
    _: KW_ONLY
    reduction: str = "mean"


@layer(F.margin_ranking_loss)
class MarginRankingLoss(_Loss):
    """Two scores in the right order: the first one larger by `margin` where the target is 1, the second where it is -1.

    loss = max(0, margin - target (input1 - input2))

    Shapes: call it with input1 (*), input2 (*) and target (*), each 1 or -1. Raises RuntimeError for different numbers of
    dimensions.

    Example: max(0, 0.5 - (3 - 1)) = 0 and max(0, 0.5 + (3 - 1)) = 2.5.

    >>> first, second = minitorch.tensor([3.0, 3.0]), minitorch.tensor([1.0, 1.0])
    >>> nn.MarginRankingLoss(margin=0.5, reduction="none")(first, second, minitorch.tensor([1.0, -1.0]))
    tensor([0.0000, 2.5000])
    """

    margin: float = 0.0
    _: KW_ONLY
    reduction: str = "mean"

    if TYPE_CHECKING:

        def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor: ...


@layer(F.cosine_embedding_loss)
class CosineEmbeddingLoss(_Loss):
    """Vectors that should have the same direction where the target is 1, and differ where it is -1.

    loss = 1 - cos(input1, input2) for target 1, max(0, cos(input1, input2) - margin) for target -1

    Shapes: call it with input1 ((N,) D), input2 ((N,) D) and target (N,), or (). Raises RuntimeError for other shapes.

    Example: The vectors (1, 0) and (1, 1) have the cosine 0.7071.

    >>> a, b = minitorch.tensor([[1.0, 0.0], [1.0, 0.0]]), minitorch.tensor([[1.0, 1.0], [1.0, 1.0]])
    >>> nn.CosineEmbeddingLoss(reduction="none")(a, b, minitorch.tensor([1, -1]))
    tensor([0.2929, 0.7071])
    """

    margin: float = 0.0
    _: KW_ONLY
    reduction: str = "mean"

    if TYPE_CHECKING:

        def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor: ...


@layer(F.multi_margin_loss)
class MultiMarginLoss(_Loss):
    """The hinge loss of several classes: the score of the target class should exceed each other one by `margin`.

    loss = weight[y] (the sum of max(0, margin - x[y] + x[j])^p over the classes j other than y) / C

    Shapes: input ((N,) C), target (N,) or () of class numbers (int64), the result () or, with `reduction` 'none', that of
    target. Raises ValueError for another `p` than 1 and 2, or a `weight` that is no vector.

    Example: For the target 1 the others have max(0, 1 - 2 + 0) = 0 and max(0, 1 - 2 + 1.5) = 0.5; 0.5 / 3 = 0.1667.

    >>> nn.MultiMarginLoss()(minitorch.tensor([[0.0, 2.0, 1.5]]), minitorch.tensor([1]))
    tensor(0.1667)
    """

    p: int = 1
    margin: float = 1.0
    weight: Tensor | None = None
    _: KW_ONLY
    reduction: str = "mean"

    def __post_init__(self) -> None:
        if self.p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: only p == 1 and p == 2 supported, got {self.p}")
        if self.weight is not None and self.weight.ndim != 1:
            raise ValueError(f"MultiMarginLoss: weight must be one-dimensional, got {list(self.weight.shape)}")


@layer(F.multilabel_margin_loss)
class MultiLabelMarginLoss(_Loss):
    """`MultiMarginLoss` for several target classes per sample.

    loss = (the sum of max(0, 1 - x[y] + x[j]) over the targets y and the classes j that are no targets) / C

    Shapes: input ((N,) C); target of the same shape (int64): class numbers, then -1, and what follows the first -1 does not
    count. Raises RuntimeError for another shape, dtype, or class number out of range.

    Example: The targets are 0 and 2; 1 is none: max(0, 1 - 2 + 0.5) + max(0, 1 - 1 + 0.5) = 0.5, divided by 3.

    >>> nn.MultiLabelMarginLoss()(minitorch.tensor([[2.0, 0.5, 1.0]]), minitorch.tensor([[0, 2, -1]]))
    tensor(0.1667)
    """

    _: KW_ONLY
    reduction: str = "mean"


@layer(F.multilabel_soft_margin_loss)
class MultiLabelSoftMarginLoss(_Loss):
    """The mean of `BCEWithLogitsLoss` over the classes: each class is a yes or no of its own.

    loss[n] = the mean over c of (1 - t[n, c]) x[n, c] + log(1 + e^-x[n, c]), for logits x and targets t

    Shapes: input (N, C), target (N, C) of 0 and 1, the result () or, with `reduction` 'none', (N,). `weight` (C,) scales the
    classes.

    Example: (log 2 + log(1 + e^-2)) / 2 = (0.6931 + 0.1269) / 2.

    >>> nn.MultiLabelSoftMarginLoss()(minitorch.tensor([[0.0, 2.0]]), minitorch.tensor([[1.0, 1.0]]))
    tensor(0.4100)
    """

    weight: Tensor | None = None
    _: KW_ONLY
    reduction: str = "mean"


@layer(F.cosine_similarity)
class CosineSimilarity(Layer):
    """The cosine of the angle between vectors along `dim`: 1 for the same direction, 0 for right angles, -1 for opposite ones.

    y = x1 . x2 / (max(|x1|, eps) max(|x2|, eps))

    Shapes: x1 and x2 broadcast to (*, D, *), output (*, *) without `dim`, which is 1 by default. It is no loss: more is better.

    Example: (1, 0) and (1, 1) have 1 / sqrt(2) = 0.7071.

    >>> nn.CosineSimilarity()(minitorch.tensor([[1.0, 0.0]]), minitorch.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """

    dim: int = 1
    eps: float = 1e-08

    if TYPE_CHECKING:

        def forward(self, x1: Tensor, x2: Tensor) -> Tensor: ...

    def extra_repr(self) -> str:
        return ""


@layer(F.pairwise_distance)
class PairwiseDistance(Layer):
    """The p-norm of the difference of vectors along the last dimension.

    y = (the sum of |x1 - x2 + eps|^p)^(1 / p)

    Shapes: x1 and x2 ((N,) D), output (N,) or (), or (N, 1) with `keepdim`. Pairs are rows at the same place; all pairs of rows
    are `minitorch.cdist`.

    Example: sqrt(3^2 + 4^2) = 5.

    >>> nn.PairwiseDistance()(minitorch.tensor([[0.0, 0.0]]), minitorch.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """

    p: float = 2.0
    eps: float = 1e-06
    keepdim: bool = False

    if TYPE_CHECKING:

        def forward(self, x1: Tensor, x2: Tensor) -> Tensor: ...

    def extra_repr(self) -> str:
        return ""


@layer(F.triplet_margin_loss)
class TripletMarginLoss(_Loss):
    """An anchor that should be nearer to a positive example than to a negative one, by `margin`.

    loss = max(0, d(anchor, positive) - d(anchor, negative) + margin), with the distance d of `PairwiseDistance`

    Shapes: call it with anchor, positive and negative ((N,) D); the result is () or, with `reduction` 'none', (N,). With `swap`
    the negative's distance is to the nearer of anchor and positive (Balntas et al. 2016). Raises ValueError unless margin > 0.

    Example: max(0, 1 - 1.5 + 1) = 0.5.

    >>> anchor, positive, negative = minitorch.tensor([[[0.0]], [[1.0]], [[1.5]]]).unbind()
    >>> nn.TripletMarginLoss()(anchor, positive, negative)
    tensor(0.5000)
    """

    margin: float = 1.0
    p: float = 2.0
    eps: float = 1e-06
    swap: bool = False
    _: KW_ONLY
    reduction: str = "mean"

    if TYPE_CHECKING:

        def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor: ...

    def __post_init__(self) -> None:
        if self.margin <= 0:
            raise ValueError(f"TripletMarginLoss: margin must be greater than 0, got {self.margin}")
