"""What the node behind a result is called when it prints: PyTorch's name for the function that the program called.

A function that is written with other ops ends in the node of the last of them; `tensor(3., grad_fn=<MeanBackward0>)` says more
to who called mean() than the division that it ends in. Pictures of the tape show the ops themselves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["called"]

F = TypeVar("F", bound=Callable[..., Any])

# A number in brackets: with a dim it is [1], without [0] (or the other way round for [10]).
_NAMES = {
    # reductions
    "sum": "Sum[01]", "mean": "Mean[01]", "prod": "Prod[01]", "max": "Max[10]", "min": "Min[10]", "median": "Median[01]",
    "var": "Var0", "std": "Std0", "norm": "LinalgVectorNorm0", "amax": "Amax0", "amin": "Amin0", "logsumexp": "Logsumexp0",
    "cumsum": "Cumsum0", "trace": "Trace0",
    # shapes
    "reshape": "View0", "view": "View0", "flatten": "View0", "unflatten": "View0", "ravel": "View0", "squeeze": "Squeeze[01]",
    "unsqueeze": "Unsqueeze0", "transpose": "Transpose0", "swapaxes": "Transpose0", "t": "T0",
    "repeat": "Repeat0", "tile": "Repeat0",
    "stack": "Stack0", "split": "Split0", "chunk": "Split0", "unbind": "Unbind0", "narrow": "Slice0", "select": "Select0",
    "tril": "Tril0", "triu": "Triu0",
    # picking
    "gather": "Gather0", "index_select": "IndexSelect0", "masked_fill": "MaskedFill0", "sort": "Sort0", "topk": "Topk0",
    "scatter": "Scatter0", "scatter_add": "ScatterAdd0", "masked_select": "MaskedSelect0",
    # numbers
    "reciprocal": "Reciprocal0", "rsqrt": "Rsqrt0", "lerp": "Lerp0", "addcmul": "Addcmul0", "addcdiv": "Addcdiv0",
    "tan": "Tan0", "log1p": "Log1P0", "log2": "Log20", "log10": "Log100", "exp2": "Exp20", "frac": "Frac0", "sign": "Sign0",
    "floor": "Floor0", "ceil": "Ceil0", "round": "Round0", "trunc": "Trunc0", "roll": "Roll0", "take": "Take0", "dist": "Dist0",
    "kthvalue": "Kthvalue0", "index_add": "IndexAdd0", "index_fill": "IndexFill0", "repeat_interleave": "View0",
    "clamp": "Clamp1", "div": "Div0", "softplus": "Softplus0",
    # products
    "matmul": "Mm0", "mm": "Mm0", "bmm": "Bmm0", "mv": "Mv0", "dot": "Dot0", "addmm": "Addmm0",
    # layers
    "linear": "Addmm0", "conv1d": "Convolution0", "conv2d": "Convolution0", "conv3d": "Convolution0",
    "conv_transpose1d": "Convolution0", "conv_transpose2d": "Convolution0", "conv_transpose3d": "Convolution0",
    "max_pool1d": "Squeeze1", "max_pool2d": "MaxPool2DWithIndices0", "max_pool3d": "MaxPool3DWithIndices0",
    "avg_pool1d": "Squeeze1", "avg_pool2d": "AvgPool2D0", "avg_pool3d": "AvgPool3D0",
    "adaptive_avg_pool2d": "AdaptiveAvgPool2D0", "adaptive_max_pool2d": "AdaptiveMaxPool2D0",
    "elu": "Elu0", "selu": "Elu0", "celu": "Elu0", "gelu": "Gelu0", "silu": "Silu0", "mish": "Mish0", "relu6": "Hardtanh0",
    "hardtanh": "Hardtanh0", "hardswish": "Hardswish0", "hardsigmoid": "Hardsigmoid0", "logsigmoid": "LogSigmoid0",
    "threshold": "Threshold0", "softshrink": "Softshrink0", "hardshrink": "Hardshrink0", "glu": "Glu0", "prelu": "PreluKernel0",
    "batch_norm": "NativeBatchNorm0", "layer_norm": "NativeLayerNorm0", "group_norm": "NativeGroupNorm0",
    "instance_norm": "View0", "embedding": "Embedding0", "pixel_shuffle": "PixelShuffle0", "unfold": "Im2Col0",
    # losses
    "mse_loss": "MseLoss0", "smooth_l1_loss": "SmoothL1Loss0", "huber_loss": "HuberLoss0", "nll_loss": "NllLoss0",
    "cross_entropy": "NllLoss0",
    "binary_cross_entropy": "BinaryCrossEntropy0", "binary_cross_entropy_with_logits": "BinaryCrossEntropyWithLogits0",
    "soft_margin_loss": "SoftMarginLoss0", "multi_margin_loss": "MultiMarginLoss0",
    "multilabel_margin_loss": "MultilabelMarginLoss0",
    "l1_loss": "Mean0", "margin_ranking_loss": "Mean0", "hinge_embedding_loss": "Mean0", "cosine_embedding_loss": "Mean0",
    "triplet_margin_loss": "Mean0", "gaussian_nll_loss": "Mean0", "poisson_nll_loss": "Mean0",
}  # fmt: skip
_ONLY_OF_MEANS = {name for name, label in _NAMES.items() if label == "Mean0"}


def called(function: F) -> F:
    """`function`, whose result's node prints under the name that PyTorch gives it."""
    name = _NAMES.get(function.__name__)
    if name is None:
        return function
    only_mean = function.__name__ in _ONLY_OF_MEANS
    varies = name.endswith("]")
    by_rank = function.__name__ in ("linear", "matmul")

    @functools.wraps(function)
    def named(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        first = result[0] if isinstance(result, tuple) and result else result
        edge = getattr(first, "_edge", None)
        if edge is None or (args and first is args[0]) or (only_mean and kwargs.get("reduction", "mean") != "mean"):
            return result
        label = name
        if by_rank:
            n, m = args[0].ndim, args[1].ndim
            label = {(1, 1): "Dot0", (2, 1): "Mv0", (1, 2): "Squeeze4", (2, 2): "Mm0"}.get((n, m), "UnsafeView0")
            if function.__name__ == "linear" and (len(args) > 2 or "bias" in kwargs) and n <= 2:
                label = "Addmm0" if n == 2 else "Add0"
        elif varies:
            label = name[:-4] + name[-3 if len(args) < 2 and kwargs.get("dim") is None else -2]
        for part in result if isinstance(result, tuple) else (result,):
            if getattr(part, "_edge", None) is not None:
                part._edge[0].label = label
        return result

    return named  # type: ignore[return-value]


def index_label(steps: tuple[tuple[Any, ...], ...]) -> str:
    """The name for x[index]: that of the last thing PyTorch does, dimension by dimension."""
    if any(hasattr(part, "dtype") for step in steps for part in step):
        return "Index0"
    label = "Alias0"
    for part in steps[-1]:
        if type(part) is int:
            label = "Select0"
        elif part is None:
            label = "Unsqueeze0"
        elif isinstance(part, slice) and part != slice(None):
            label = "Slice0"
    return label
