"""The functions behind the layers, by PyTorch's names: those of ops/ that layers use, each made public.

Each has its formula, shapes and errors in the file of ops/ that is named here.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from minitorch.ops import (
    activation,
    attention,
    convolution,
    folding,
    likelihood,
    loss,
    normalization,
    pointwise,
    pooling,
    resampling,
    unpooling,
)
from minitorch.ops import dropout as dropout_ops
from minitorch.ops import linear as linear_ops
from minitorch.public import public as _public
from minitorch import left_out as _left_out

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "alpha_dropout", "avg_pool1d", "avg_pool2d", "avg_pool3d", "batch_norm", "bilinear",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu", "celu_", "conv1d", "conv2d", "conv3d",
    "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "cosine_embedding_loss", "cosine_similarity",
    "cross_entropy", "dropout", "dropout1d", "dropout2d", "dropout3d", "elu", "elu_", "embedding", "feature_alpha_dropout",
    "fold", "gaussian_nll_loss", "gelu", "glu", "group_norm", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish",
    "hardtanh", "hardtanh_", "hinge_embedding_loss", "huber_loss", "instance_norm", "interpolate", "kl_div", "l1_loss",
    "layer_norm", "leaky_relu", "leaky_relu_", "linear", "log_softmax", "logsigmoid", "margin_ranking_loss", "max_pool1d",
    "max_pool2d", "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d", "mish", "mse_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "normalize", "one_hot", "pad", "pairwise_distance",
    "pixel_shuffle", "pixel_unshuffle", "poisson_nll_loss", "prelu", "relu", "relu6", "relu_", "rms_norm", "rrelu",
    "rrelu_", "scaled_dot_product_attention", "selu", "selu_", "sigmoid", "silu", "smooth_l1_loss", "soft_margin_loss",
    "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold", "threshold_",
    "triplet_margin_loss", "unfold", "upsample",
]  # fmt: skip

public = functools.partial(_public, lenient=True)  # flags may be 0, 1 or None

sigmoid, tanh = public(pointwise.sigmoid), public(pointwise.tanh)

celu, dropout, dropout1d = public(activation.celu), public(dropout_ops.dropout), public(dropout_ops.dropout1d)
dropout2d, dropout3d, elu = public(dropout_ops.dropout2d), public(dropout_ops.dropout3d), public(activation.elu)
alpha_dropout, feature_alpha_dropout = public(dropout_ops.alpha_dropout), public(dropout_ops.feature_alpha_dropout)
gumbel_softmax = public(activation.gumbel_softmax)
gelu, glu, hardshrink = public(activation.gelu), public(activation.glu), public(activation.hardshrink)
hardsigmoid, hardswish, hardtanh = public(activation.hardsigmoid), public(activation.hardswish), public(activation.hardtanh)
leaky_relu, log_softmax = public(activation.leaky_relu), public(activation.log_softmax)
logsigmoid, mish, prelu = public(activation.logsigmoid), public(activation.mish), public(activation.prelu)
relu, relu6, rrelu = public(activation.relu), public(activation.relu6), public(activation.rrelu)
selu, silu, softmax = public(activation.selu), public(activation.silu), public(activation.softmax)
softmin, softplus, softshrink = public(activation.softmin), public(activation.softplus), public(activation.softshrink)
softsign, tanhshrink, threshold = public(activation.softsign), public(activation.tanhshrink), public(activation.threshold)

celu_, elu_, hardtanh_ = public(activation.celu_), public(activation.elu_), public(activation.hardtanh_)
leaky_relu_, relu_, rrelu_ = public(activation.leaky_relu_), public(activation.relu_), public(activation.rrelu_)
selu_, threshold_ = public(activation.selu_), public(activation.threshold_)

scaled_dot_product_attention = public(attention.scaled_dot_product_attention)

conv1d, conv2d, conv3d = public(convolution.conv1d), public(convolution.conv2d), public(convolution.conv3d)
conv_transpose1d, conv_transpose2d = public(convolution.conv_transpose1d), public(convolution.conv_transpose2d)
conv_transpose3d = public(convolution.conv_transpose3d)

fold, unfold = public(folding.fold), public(folding.unfold)

binary_cross_entropy = public(likelihood.binary_cross_entropy)
binary_cross_entropy_with_logits = public(likelihood.binary_cross_entropy_with_logits)
cross_entropy, gaussian_nll_loss = public(likelihood.cross_entropy), public(likelihood.gaussian_nll_loss)
kl_div, nll_loss = public(likelihood.kl_div), public(likelihood.nll_loss)
poisson_nll_loss = public(likelihood.poisson_nll_loss)

bilinear, embedding, linear = public(linear_ops.bilinear), public(linear_ops.embedding), public(linear_ops.linear)
one_hot = public(linear_ops.one_hot)

cosine_embedding_loss, cosine_similarity = public(loss.cosine_embedding_loss), public(loss.cosine_similarity)
hinge_embedding_loss, huber_loss, l1_loss = public(loss.hinge_embedding_loss), public(loss.huber_loss), public(loss.l1_loss)
margin_ranking_loss, mse_loss = public(loss.margin_ranking_loss), public(loss.mse_loss)
multi_margin_loss, multilabel_margin_loss = public(loss.multi_margin_loss), public(loss.multilabel_margin_loss)
multilabel_soft_margin_loss, pairwise_distance = public(loss.multilabel_soft_margin_loss), public(loss.pairwise_distance)
smooth_l1_loss, soft_margin_loss = public(loss.smooth_l1_loss), public(loss.soft_margin_loss)
triplet_margin_loss = public(loss.triplet_margin_loss)

batch_norm, group_norm = public(normalization.batch_norm), public(normalization.group_norm)
instance_norm, layer_norm = public(normalization.instance_norm), public(normalization.layer_norm)
normalize, rms_norm = public(normalization.normalize), public(normalization.rms_norm)

adaptive_avg_pool1d, adaptive_avg_pool2d = public(pooling.adaptive_avg_pool1d), public(pooling.adaptive_avg_pool2d)
adaptive_avg_pool3d, adaptive_max_pool1d = public(pooling.adaptive_avg_pool3d), public(pooling.adaptive_max_pool1d)
adaptive_max_pool2d, adaptive_max_pool3d = public(pooling.adaptive_max_pool2d), public(pooling.adaptive_max_pool3d)
avg_pool1d, avg_pool2d, avg_pool3d = public(pooling.avg_pool1d), public(pooling.avg_pool2d), public(pooling.avg_pool3d)
max_pool1d, max_pool2d, max_pool3d = public(pooling.max_pool1d), public(pooling.max_pool2d), public(pooling.max_pool3d)
max_unpool1d, max_unpool2d = public(unpooling.max_unpool1d), public(unpooling.max_unpool2d)
max_unpool3d = public(unpooling.max_unpool3d)

interpolate, pad, pixel_shuffle = public(resampling.interpolate), public(resampling.pad), public(resampling.pixel_shuffle)
pixel_unshuffle, upsample = public(resampling.pixel_unshuffle), public(resampling.upsample)

for _name, _function in list(globals().items()):  # found here by pickle
    if getattr(_function, "__module__", "").startswith("minitorch.ops"):
        _function.__module__, _function.__qualname__ = __name__, _name

del _name, _function

if not TYPE_CHECKING:
    __getattr__ = _left_out.explains_missing("minitorch.nn.functional")
