"""The functions behind the layers, by PyTorch's names: what has no parameters of its own, or is given them.

Each is defined in the file of ops/ that it is imported from, with its formula, shapes and errors.
"""

from __future__ import annotations

from minitorch.faces import face
from minitorch.ops import sigmoid, tanh
from minitorch.ops.names import called
from minitorch.ops.activation import (
    celu, dropout, dropout1d, dropout2d, dropout3d, elu, gelu, glu, hardshrink, hardsigmoid, hardswish, hardtanh, leaky_relu,
    log_softmax, logsigmoid, mish, prelu, relu, relu6, rrelu, selu, silu, softmax, softmin, softplus, softshrink, softsign,
    tanhshrink, threshold,
)  # fmt: skip
from minitorch.ops.convolution import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from minitorch.ops.folding import fold, unfold
from minitorch.ops.likelihood import (
    binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, gaussian_nll_loss, kl_div, nll_loss,
    poisson_nll_loss,
)  # fmt: skip
from minitorch.ops.linear import bilinear, embedding, linear, one_hot
from minitorch.ops.loss import (
    cosine_embedding_loss, cosine_similarity, hinge_embedding_loss, huber_loss, l1_loss, margin_ranking_loss, mse_loss,
    multi_margin_loss, multilabel_margin_loss, multilabel_soft_margin_loss, pairwise_distance, smooth_l1_loss,
    soft_margin_loss, triplet_margin_loss,
)  # fmt: skip
from minitorch.ops.normalization import batch_norm, group_norm, instance_norm, layer_norm, normalize
from minitorch.ops.pooling import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d, adaptive_max_pool1d, adaptive_max_pool2d,
    adaptive_max_pool3d, avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool2d, max_pool3d, max_unpool1d, max_unpool2d,
    max_unpool3d,
)  # fmt: skip
from minitorch.ops.resampling import interpolate, pad, pixel_shuffle, pixel_unshuffle

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "batch_norm", "bilinear", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "celu", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "cosine_embedding_loss", "cosine_similarity", "cross_entropy", "dropout", "dropout1d", "dropout2d",
    "dropout3d", "elu", "embedding", "fold", "gaussian_nll_loss", "gelu", "glu", "group_norm", "hardshrink", "hardsigmoid",
    "hardswish", "hardtanh", "hinge_embedding_loss", "huber_loss", "instance_norm", "interpolate", "kl_div", "l1_loss",
    "layer_norm", "leaky_relu", "linear", "log_softmax", "logsigmoid", "margin_ranking_loss", "max_pool1d", "max_pool2d",
    "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d", "mish", "mse_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "normalize", "one_hot", "pad", "pairwise_distance",
    "pixel_shuffle", "pixel_unshuffle", "poisson_nll_loss", "prelu", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu",
    "smooth_l1_loss", "soft_margin_loss", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink",
    "threshold", "triplet_margin_loss", "unfold",
]  # fmt: skip

for _name in __all__:  # the imports above are for readers and type checkers; these are the same, guarded
    globals()[_name] = face(called(globals()[_name]))
