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
    """|input - target|"""

    _: KW_ONLY
    reduction: str = "mean"


@layer(F.mse_loss)
class MSELoss(_Loss):
    """(input - target)^2"""

    _: KW_ONLY
    reduction: str = "mean"


@layer(F.smooth_l1_loss)
class SmoothL1Loss(_Loss):
    """d^2 / (2 beta) if |d| < beta, else |d| - beta / 2, for d = input - target"""

    _: KW_ONLY
    reduction: str = "mean"
    beta: float = 1.0


@layer(F.huber_loss)
class HuberLoss(_Loss):
    """d^2 / 2 if |d| < delta, else delta (|d| - delta / 2), for d = input - target"""

    reduction: str = "mean"
    delta: float = 1.0


@layer(F.nll_loss)
class NLLLoss(_Loss):
    """-input[target], for log-probabilities; `nn.functional.nll_loss` lists the shapes"""

    weight: Tensor | None = None
    _: KW_ONLY
    ignore_index: int = -100
    reduction: str = "mean"


@layer(F.cross_entropy)
class CrossEntropyLoss(_Loss):
    """-log softmax(input)[target], for logits; `nn.functional.cross_entropy` lists the shapes"""

    weight: Tensor | None = None
    _: KW_ONLY
    ignore_index: int = -100
    reduction: str = "mean"
    label_smoothing: float = 0.0


@layer(F.binary_cross_entropy)
class BCELoss(_Loss):
    """-t log p - (1 - t) log(1 - p), for probabilities p and targets t"""

    weight: Tensor | None = None
    _: KW_ONLY
    reduction: str = "mean"


@layer(F.binary_cross_entropy_with_logits)
class BCEWithLogitsLoss(_Loss):
    """BCELoss of sigmoid(input), numerically stable for logits of any size"""

    weight: Tensor | None = None
    _: KW_ONLY
    reduction: str = "mean"
    pos_weight: Tensor | None = None


@layer(F.kl_div)
class KLDivLoss(_Loss):
    """target (log target - input), for log-probabilities; `reduction`='batchmean' is the divergence"""

    _: KW_ONLY
    reduction: str = "mean"
    log_target: bool = False


@layer(F.poisson_nll_loss)
class PoissonNLLLoss(_Loss):
    """rate - target log(rate), for counts; input is the rate or its logarithm"""

    log_input: bool = True
    full: bool = False
    _: KW_ONLY
    eps: float = 1e-08
    reduction: str = "mean"


@layer(F.gaussian_nll_loss)
class GaussianNLLLoss(_Loss):
    """(log var + (input - target)^2 / var) / 2; the arguments are input, target and var"""

    _: KW_ONLY
    full: bool = False
    eps: float = 1e-06
    reduction: str = "mean"

    if TYPE_CHECKING:

        def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor: ...


@layer(F.soft_margin_loss)
class SoftMarginLoss(_Loss):
    """log(1 + e^(-target input)), for targets 1 and -1"""

    _: KW_ONLY
    reduction: str = "mean"


@layer(F.hinge_embedding_loss)
class HingeEmbeddingLoss(_Loss):
    """input if target is 1, max(0, margin - input) if target is -1"""

    margin: float = 1.0
    _: KW_ONLY
    reduction: str = "mean"


@layer(F.margin_ranking_loss)
class MarginRankingLoss(_Loss):
    """max(0, margin - target (input1 - input2))"""

    margin: float = 0.0
    _: KW_ONLY
    reduction: str = "mean"

    if TYPE_CHECKING:

        def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor: ...


@layer(F.cosine_embedding_loss)
class CosineEmbeddingLoss(_Loss):
    """1 - cos(input1, input2) if target is 1, max(0, cos(input1, input2) - margin) if target is -1"""

    margin: float = 0.0
    _: KW_ONLY
    reduction: str = "mean"

    if TYPE_CHECKING:

        def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor: ...


@layer(F.multi_margin_loss)
class MultiMarginLoss(_Loss):
    """The mean over the other classes j of max(0, margin - x[y] + x[j])^p"""

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
    """MultiMarginLoss for several target classes per sample"""

    _: KW_ONLY
    reduction: str = "mean"


@layer(F.multilabel_soft_margin_loss)
class MultiLabelSoftMarginLoss(_Loss):
    """The mean over classes of BCEWithLogitsLoss"""

    weight: Tensor | None = None
    _: KW_ONLY
    reduction: str = "mean"


@layer(F.cosine_similarity)
class CosineSimilarity(Layer):
    """x1 . x2 / (|x1| |x2|) along `dim`"""

    dim: int = 1
    eps: float = 1e-08

    if TYPE_CHECKING:

        def forward(self, x1: Tensor, x2: Tensor) -> Tensor: ...

    def extra_repr(self) -> str:
        return ""


@layer(F.pairwise_distance)
class PairwiseDistance(Layer):
    """The p-norm of x1 - x2 + eps along the last dimension"""

    p: float = 2.0
    eps: float = 1e-06
    keepdim: bool = False

    if TYPE_CHECKING:

        def forward(self, x1: Tensor, x2: Tensor) -> Tensor: ...

    def extra_repr(self) -> str:
        return ""


@layer(F.triplet_margin_loss)
class TripletMarginLoss(_Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin)"""

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
