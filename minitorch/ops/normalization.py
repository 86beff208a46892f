"""Normalization to mean 0 and variance 1: over the batch, over a layer, over groups of channels.

They differ only in the dimensions over which the mean is taken. For an input (N, C, *size):

    batch_norm       over N and size, for each channel       (Ioffe and Szegedy 2015)
    layer_norm       over the last dimensions, for each sample  (Ba et al. 2016)
    group_norm       over size and the channels of a group   (Wu and He 2018)
    instance_norm    over size, for each sample and channel  (Ulyanov et al. 2016)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.grad_mode import no_grad
from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array, contiguous, is_known, xp
from minitorch.backend.dispatch import definition
from minitorch.backend.dtypes import float16
from minitorch.backend.sums import sum_reduce
from minitorch.ops.arithmetic import square
from minitorch.ops.elementwise import check_floating, in_single
from minitorch.ops.node_names import node_name
from minitorch.ops.pointwise import sqrt
from minitorch.ops.reduction import mean, sum
from minitorch.ops.shape import Expand, SumTo, reshape
from minitorch.ops.statistics import vector_norm

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Standardize(Op):
    """y = (x - mean) / sqrt(var + eps) * weight + bias over dimensions, without the last two if weight is None;
    in x: (h - mean(h) - z mean(h z)) / sqrt(var + eps), in weight: sum(grad z), in bias: sum(grad)

    with h = grad * weight and z = (x - mean) / sqrt(var + eps). The mean and the variance depend on x, too: hence the last two
    terms. Both are outputs, with the reduced dimensions as 1. These are all but the second, of which weight and bias have an
    element each, or the last ones, whose shape they have.
    """

    materialize_grads = False

    def forward(ctx, x: Array, weight: Array | None, bias: Array | None, dims: tuple[int, ...], eps: float) -> Any:
        y, average, var = _standardize(_by_channels(contiguous(x), dims), _beside(weight, dims, x), _beside(bias, dims, x), eps)
        kept = tuple(1 if i in dims else n for i, n in enumerate(x.shape))
        average, var = average.reshape(kept), var.reshape(kept)
        ctx.dims, ctx.eps, ctx.count = dims, eps, math.prod(x.shape[d] for d in dims)
        ctx.save_for_backward(x, weight, average, var)  # not y, which an in-place relu may overwrite
        return y.reshape(x.shape), average, var

    def backward(ctx, grad: Tensor | None, grad_mean: Tensor | None, grad_var: Tensor | None) -> Any:
        x, weight, average, var = ctx.saved_tensors
        scale, total, parameters = 1 / max(ctx.count, 1), None, [None, None]
        if grad is not None:
            total, *parameters = StandardizeBackward.apply(grad, x, weight, average, var, ctx.dims, ctx.eps)
        if grad_mean is not None:
            total = _add(total, Expand.apply(grad_mean * scale, tuple(x.shape)))
        if grad_var is not None:
            total = _add(total, (x - average) * (grad_var * (2 * scale)))
        return total, *(parameters or [None, None])


class StandardizeBackward(Op):
    """P(g weight), and with a weight sum(g z) and sum(g), the derivatives of Standardize, where P(h) is the one in x;
    in g: P(u) weight + z v + w, in weight: sum(g P(u)), in x: that of P(h) in x, + P(g v), for the gradients u, v, w

    With s = sqrt(var + eps): P is symmetric, and of n elements

        <u, P(h)> = n (cov(u, h) - mean(u z) mean(h z)) / s.

    This depends on x through s, whose gradient is z / n, and through z, whose gradient for u is P(u). The mean and the variance
    are arguments only so that they need not be computed again: the derivative through them is part of that in x, which is

        -z (cov(u, h) - mean(u z) mean(h z)) / s^2 - (mean(h z) P(u) + mean(u z) P(h)) / s
    """

    def forward(
        ctx, g: Array, x: Array, weight: Array | None, average: Array, var: Array, dims: tuple[int, ...], eps: float
    ) -> tuple[Array, ...]:
        ctx.save_for_backward(g, x, weight, average, var)
        ctx.dims, ctx.eps, ctx.count = dims, eps, math.prod(x.shape[d] for d in dims)
        statistics = average.reshape(-1), var.reshape(-1)
        grad, *sums = _standardize_backward(
            _by_channels(g, dims), _by_channels(x, dims), _beside(weight, dims, x), *statistics, eps
        )
        return grad.reshape(x.shape), *(total.reshape(weight.shape) for total in sums if weight is not None)

    def backward(ctx, grad: Tensor, grad_weight: Tensor | None = None, grad_bias: Tensor | None = None) -> Any:
        g, x, weight, average, var = ctx.saved_tensors

        def average_of(t: Tensor) -> Tensor:
            return sum(t, ctx.dims, True) * (1 / max(ctx.count, 1))

        def slope(t: Tensor) -> Tensor:
            return StandardizeBackward.apply(t, x, None, average, var, ctx.dims, ctx.eps)[0]

        for_g, h, s = slope(grad), g, sqrt(var + ctx.eps)
        z = (x - average) * (1 / s)
        for_weight, through_weight = None, None
        if weight is not None:
            wide = (1, *weight.shape, *(1,) * (x.ndim - 2)) if _is_by_channels(ctx.dims, x.ndim) else weight.shape
            for_weight = reshape(SumTo.apply(g * for_g, wide), weight.shape)
            parameters: Any = (weight, grad_weight, grad_bias)
            weight, grad_weight, grad_bias = (reshape(t, wide) for t in parameters)
            h, through_weight = g * weight, slope(g * grad_weight)
            for_g = for_g * weight + z * grad_weight + grad_bias
        if not ctx.needs_input_grad[1]:
            return for_g, None, for_weight
        u_z, h_z = average_of(grad * z), average_of(h * z)
        covariance = average_of(grad * h) - average_of(grad) * average_of(h)
        through_z = slope(grad) * h_z + slope(h) * u_z
        for_x = -(z * ((covariance - u_z * h_z) / (s * s)) + through_z * (1 / s))
        return for_g, _add(through_weight, for_x), for_weight


def _is_by_channels(dims: tuple[int, ...], ndim: int) -> bool:
    """Whether `dims` are all but the second, rather than the last ones."""
    return len(dims) < ndim and dims[0] == 0


def _by_channels(x: Array, dims: tuple[int, ...]) -> Array:
    """x as (A, C, S), where the mean over `dims` is that over A and S."""
    if _is_by_channels(dims, x.ndim):
        return x.reshape(x.shape[0], x.shape[1], math.prod(x.shape[2:]))
    return x.reshape(1, math.prod(x.shape[: dims[0]]), math.prod(x.shape[dims[0] :]))


def _beside(parameter: Array | None, dims: tuple[int, ...], x: Array) -> Array | None:
    """A weight or a bias, as (C, 1) or (1, S) beside x as (A, C, S)."""
    if parameter is None:
        return None
    return parameter.reshape(-1, 1) if _is_by_channels(dims, x.ndim) else parameter.reshape(1, -1)


@definition
def _standardize(x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
    """y (A, C, S), mean and variance (C,), over A and S; of nothing they are nan. Weight and bias: None, (C, 1) or (1, S)."""
    if not x.size:
        nan = xp.full_like(x, math.nan, shape=x.shape[1:2])
        return x.copy(), nan, nan.copy()
    count = x.shape[0] * x.shape[2]
    average = sum_reduce(x, (0, 2), True) / count
    y = x - average
    var = sum_reduce(y * y, (0, 2)) / count
    scale = _scale(y, var, eps)
    y *= scale if weight is None else scale * weight
    if bias is not None:
        y += bias
    return y, average.reshape(-1), var


def _scale(centred: Array, var: Array, eps: float) -> Array:
    """1 / sqrt(var + eps), beside x - mean (A, C, S)."""
    scale = 1 / xp.sqrt(var + centred.dtype.type(eps))
    if centred.dtype.itemsize == 4 and not (is_known(var) and xp.isfinite(var).all()):  # squares beyond the range of float32
        wide = centred.astype(xp.float64)
        count = max(wide.shape[0] * wide.shape[2], 1)
        scale = (1 / xp.sqrt(sum_reduce(wide * wide, (0, 2)) / count + eps)).astype(centred.dtype)
    return scale[:, None]


@definition
def _standardize_backward(
    g: Array, x: Array, weight: Array | None, average: Array, var: Array, eps: float
) -> tuple[Array, Array | None, Array | None]:
    """(h - mean(h) - z mean(h z)) / sqrt(var + eps) with h = g weight, sum(g z) and sum(g), for g and x (A, C, S)."""
    count = max(x.shape[0] * x.shape[2], 1)
    z = x - average[:, None]
    scale = _scale(z, var, eps)
    z *= scale
    for_weight = for_bias = None
    if weight is not None:
        repeated = (0, *(1 + i for i, n in enumerate(weight.shape) if n == 1))
        for_weight, for_bias = (sum_reduce(t, repeated, True)[0] for t in (g * z, g))
        g = g * weight
    z *= sum_reduce(g * z, (0, 2), True) / count
    out = g - sum_reduce(g, (0, 2), True) / count
    out -= z
    out *= scale
    return out, for_weight, for_bias


def _add(a: Any, b: Any) -> Any:
    return b if a is None else a + b


def _scaled(y: Tensor, weight: Tensor | None, bias: Tensor | None, shape: Sequence[int]) -> Tensor:
    """weight * y + bias, for the elementwise scale and shift that a layer learns."""
    y = y if weight is None else y * reshape(weight, tuple(shape))
    return y if bias is None else y + reshape(bias, tuple(shape))


def _check_sizes(name: str, input: Tensor, **parameters: Tensor | None) -> None:
    count = input.shape[1]
    for what, x in parameters.items():
        if x is not None and tuple(x.shape) != (count,):
            raise RuntimeError(
                f"{name}: {what} should contain {count} elements not {x.numel()}: its shape {list(x.shape)} is for "
                f"{x.numel()} channels, and the input {list(input.shape)} has {count}"
            )


def _check_types(name: str, input: Tensor, **parameters: Tensor | None) -> None:
    check_floating(name, input)
    for what, x in parameters.items():
        if x is not None and x.dtype is not input.dtype:
            raise RuntimeError(
                f"{name}: expected the input and {what} to have one type, but they have {input.dtype!r} and {x.dtype!r}: "
                f"input.to({x.dtype!r}) converts"
            )


@no_grad()
def _track(running: Tensor | None, momentum: float, statistic: Tensor) -> None:
    """running = (1 - momentum) running + momentum statistic"""
    if running is not None:
        statistic = reshape(statistic, tuple(running.shape))
        running.copy_(running.to(statistic.dtype) * (1 - momentum) + statistic * momentum)


@node_name("NativeBatchNorm0")
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias for each channel of input (N, C, *size).

    In training mean and variance are the batch's, and the running ones move towards them by the share `momentum` (the variance
    there being the unbiased one, sum / (n - 1)); otherwise they are the running ones (Ioffe and Szegedy 2015).

    Shapes: running_mean, running_var, weight and bias (C,) or None. Raises ValueError for one value per channel in training,
    RuntimeError for other sizes, and for no running statistics when not training.

    Example: mean 2 and variance 1; the running mean is 0.9 * 0 + 0.1 * 2 = 0.2, the running variance 0.9 * 1 + 0.1 * 2 = 1.1.

    >>> mean, var = minitorch.zeros(1), minitorch.ones(1)
    >>> F.batch_norm(minitorch.tensor([[1.0], [3.0]]), mean, var, training=True, eps=1e-10)
    tensor([[-1.],
            [ 1.]])
    >>> mean, var
    (tensor([0.2000]), tensor([1.1000]))
    """
    if input.ndim < 2:
        raise RuntimeError(f"batch_norm: expected an input of at least 2 dimensions, (N, C, *), but got {list(input.shape)}")
    channels, shape = input.shape[1], (1, input.shape[1], *(1,) * (input.ndim - 2))
    if input.dtype is float16:  # computed in float32, and the running statistics are rounded once as well
        weight, bias = (x if x is None else x.float() for x in (weight, bias))
        if not training:
            running_mean, running_var = (x if x is None else x.float() for x in (running_mean, running_var))
        return batch_norm(input.float(), running_mean, running_var, weight, bias, training, momentum, eps).half()
    _check_types("batch_norm", input, weight=weight, bias=bias)
    if not training or running_mean is None or running_mean.dtype is not float16:
        _check_types("batch_norm", input, running_mean=running_mean, running_var=running_var)
    _check_sizes("batch_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if eps < 0 or (training and eps == 0):
        raise ValueError(f"batch_norm: eps must be positive, but got {eps}: it keeps the denominator from 0")
    if (running_mean is None) != (running_var is None):
        raise ValueError("batch_norm: running_mean and running_var belong together: give both or neither")
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("batch_norm: Expected running_mean and running_var to be defined when training=False")
        scale = 1 / sqrt(running_var + eps)
        scale = scale if weight is None else scale * weight
        shift = -running_mean * scale  # of a copy of the mean, which training may change before backward
        shift = shift if bias is None else bias + shift
        return input * reshape(scale, shape) + reshape(shift, shape)
    count = input.numel() // channels if channels else 0
    if count == 1:
        raise ValueError(
            f"batch_norm: Expected more than 1 value per channel when training, got input size {list(input.shape)}: "
            "the variance of one value is 0; .eval() uses the running statistics"
        )
    y, average, var = Standardize.apply(input, weight, None if weight is None else bias, (0, *range(2, input.ndim)), eps)
    if count:
        _track(running_mean, momentum, average)
        _track(running_var, momentum, var * (count / (count - 1)))
    return y if weight is not None else _scaled(y, None, bias, shape)


@node_name("View0")
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """As `batch_norm`, over each sample (N, C, *size) on its own; the running statistics follow the mean over the batch.

    (Ulyanov et al. 2016.) Raises ValueError for a sample with one value per channel.

    >>> F.instance_norm(minitorch.tensor([[[1.0, 3.0]], [[10.0, 30.0]]])).flatten(1)
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    if input.dtype is float16:  # as in `batch_norm`
        weight, bias = (x if x is None else x.float() for x in (weight, bias))
        return instance_norm(input.float(), running_mean, running_var, weight, bias, use_input_stats, momentum, eps).half()
    if not use_input_stats:
        running_mean, running_var = (x if x is None else x.to(input.dtype) for x in (running_mean, running_var))
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    _check_types("instance_norm", input, weight=weight, bias=bias)
    count = math.prod(input.shape[2:])
    if input.ndim < 3 or count == 1:
        raise ValueError(
            f"instance_norm: Expected more than 1 spatial element when training, got input size {list(input.shape)}"
        )
    channels = input.shape[1]
    _check_sizes("instance_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    y, average, var = Standardize.apply(input, None, None, tuple(range(2, input.ndim)), eps)
    if input.numel():
        _track(running_mean, momentum, mean(average, 0))
        _track(running_var, momentum, mean(var, 0) * (count / (count - 1)))
    return _scaled(y, weight, bias, (1, channels, *(1,) * (input.ndim - 2)))


def _check_trailing(name: str, input: Tensor, normalized_shape: Sequence[int], **parameters: Tensor | None) -> tuple[int, ...]:
    """`normalized_shape` as a tuple. Raises RuntimeError unless input ends with these sizes, and the parameters have them."""
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            f"{name}: Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one size"
        )
    if tuple(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"{name}: normalized_shape={list(shape)} is for an input of shape [*, {', '.join(map(str, shape))}], but got "
            f"{list(input.shape)}"
        )
    _check_types(name, input, **parameters)
    for what, x in parameters.items():
        if x is not None and tuple(x.shape) != shape:
            raise RuntimeError(
                f"{name}: Expected {what} to be of same shape as normalized_shape, but got {list(x.shape)} and {list(shape)}"
            )
    return shape


@in_single
@node_name("NativeLayerNorm0")
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """(input - mean) / sqrt(var + eps) * weight + bias, over the last dimensions, which have the sizes `normalized_shape`.

    (Ba et al. 2016.) Shapes: weight and bias `normalized_shape` or None. Raises RuntimeError for an input that does not end
    with these sizes.

    >>> F.layer_norm(minitorch.tensor([[1.0, 3.0], [10.0, 30.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    shape = _check_trailing("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    dims = tuple(range(input.ndim - len(shape), input.ndim))
    y, _, _ = Standardize.apply(input, weight, None if weight is None else bias, dims, eps)
    return y if weight is not None else _scaled(y, None, bias, shape)


@in_single
@node_name("Mul0")
def rms_norm(input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """input / sqrt(mean(input^2) + eps) * weight, over the last dimensions, which have the sizes `normalized_shape`.

    eps is the precision of the dtype by default: `finfo(dtype).eps`. float16 is computed in float32, and has that one's. (Zhang
    and Sennrich 2019.) Raises RuntimeError for an input that does not end with these sizes.

    Example: sqrt((1 + 49) / 2) = 5.

    >>> F.rms_norm(minitorch.tensor([1.0, 7.0]), (2,))
    tensor([0.2000, 1.4000])
    """
    shape = _check_trailing("rms_norm", input, normalized_shape, weight=weight)
    dims = tuple(range(input.ndim - len(shape), input.ndim))
    eps = float(xp.finfo(input._array.dtype).eps) if eps is None else eps
    return _scaled(input / sqrt(mean(square(input), dims, True) + eps), weight, None, shape)


@in_single
@node_name("NativeGroupNorm0")
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-05
) -> Tensor:
    """As `layer_norm` over each of `num_groups` groups of the channels of input (N, C, *size); a weight for each channel.

    (Wu and He 2018.) Raises RuntimeError for a number of channels that does not divide into groups.

    >>> F.group_norm(minitorch.tensor([[1.0, 3.0, 10.0, 30.0]]), num_groups=2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    if input.ndim < 2:
        raise RuntimeError(f"group_norm: Expected at least 2 dimensions for input tensor but received {input.ndim}")
    if num_groups <= 0:
        raise RuntimeError(f"group_norm: Expected num groups to be greater than 0, got {num_groups}")
    n, channels = input.shape[:2]
    if channels % num_groups:
        raise RuntimeError(
            f"group_norm: the {channels} channels of an input {list(input.shape)} do not divide into num_groups={num_groups} "
            "groups of one size"
        )
    _check_types("group_norm", input, weight=weight, bias=bias)
    _check_sizes("group_norm", input, weight=weight, bias=bias)
    size = math.prod(input.shape[1:]) // num_groups
    if n * size == 1:
        raise ValueError(
            f"group_norm: Expected more than 1 value per channel when training, got input size {list(input.shape)}"
        )
    y, _, _ = Standardize.apply(reshape(input, (n, num_groups, size)), None, None, (2,), eps)
    return _scaled(reshape(y, tuple(input.shape)), weight, bias, (channels, *(1,) * (input.ndim - 2)))


@in_single
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """input / max(norm, eps), with the p-norm along `dim`.

    Example: (3, 4) has the norm 5.

    >>> F.normalize(minitorch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return input / vector_norm(input, p, dim, keepdim=True).clamp(min=eps)
