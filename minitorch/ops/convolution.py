"""Convolution, its transpose and its kernel gradient: three ops, each the derivative of the two others.

All three are read off one number, which is linear in each of image x, kernel w and output-shaped g:

    T(x, w, g) = sum over windows o, cells j, channels c and features f of   x[c, s o + d j - p]  w[f, c, j]  g[f, o]

    Convolution           y = dT/dg    sums over cells and channels
    ConvTranspose         x' = dT/dx   sums over windows and features: every g[o] lays a copy of the kernel down
    ConvWeight            w' = dT/dw   sums over windows: the kernel that would have answered

As T is linear in each, differentiating one of the three in one of its two arguments gives another of the three. (Dumoulin
and Visin, "A guide to convolution arithmetic for deep learning", draw what each does.)

Shapes, for a batch of N, G groups, any number of spatial dimensions:
    x (N, C, *size)      w (F, C / G, *kernel)      g, y (N, F, *out)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.function import Op
from minitorch.backend.arrays import Array, xp
from minitorch.ops.shape import squeeze, unsqueeze
from minitorch.ops.window import Window

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def _columns(x: Array, window: Window, groups: int) -> Array:
    """x as (N, G, C/G * prod kernel, prod out): each column is one window, written out."""
    seen = window.unfold(x)  # (N, C, *out, *kernel)
    n, c = x.shape[:2]
    rank = window.rank
    order = (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))
    out = seen.shape[2 : 2 + rank]
    return xp.transpose(seen, order).reshape(n, groups, c // groups * math.prod(window.kernel), math.prod(out))


class Convolution(Op):
    """y[f, o] = sum_{c, j} w[f, c, j] x[c, s o + d j - p]"""

    def forward(ctx, x: Array, weight: Array, window: Window, groups: int) -> Array:
        ctx.save_for_backward(x, weight)
        ctx.window, ctx.groups = window, groups
        out = window.output_size(x.shape[2:])
        features = weight.shape[0]
        kernel = weight.reshape(groups, features // groups, -1)
        y = xp.matmul(kernel, _columns(x, window, groups))
        return y.reshape(x.shape[0], features, *out)

    def backward(ctx, grad: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        for_x, for_weight, *_ = ctx.needs_input_grad
        size = tuple(x.shape[2:])
        return (
            ConvTranspose.apply(grad, weight, ctx.window, ctx.groups, size) if for_x else None,
            ConvWeight.apply(x, grad, ctx.window, ctx.groups) if for_weight else None,
        )


class ConvTranspose(Op):
    """x'[c, s o + d j - p] += sum_f w[f, c, j] g[f, o], for an image of the given size"""

    def forward(ctx, g: Array, weight: Array, window: Window, groups: int, size: tuple[int, ...]) -> Array:
        ctx.save_for_backward(g, weight)
        ctx.window, ctx.groups = window, groups
        n, features = g.shape[:2]
        per_group = weight.shape[1]
        kernel = weight.reshape(groups, features // groups, -1)
        columns = xp.matmul(kernel.swapaxes(1, 2), g.reshape(n, groups, features // groups, math.prod(g.shape[2:])))
        columns = columns.reshape(n, groups * per_group, *window.kernel, *g.shape[2:])
        return window.fold(columns, size)

    def backward(ctx, grad: Tensor) -> Any:
        g, weight = ctx.saved_tensors
        for_g, for_weight, *_ = ctx.needs_input_grad
        return (
            Convolution.apply(grad, weight, ctx.window, ctx.groups) if for_g else None,
            ConvWeight.apply(grad, g, ctx.window, ctx.groups) if for_weight else None,
        )


class ConvWeight(Op):
    """w'[f, c, j] = sum_{n, o} x[n, c, s o + d j - p] g[n, f, o]"""

    def forward(ctx, x: Array, g: Array, window: Window, groups: int) -> Array:
        ctx.save_for_backward(x, g)
        ctx.window, ctx.groups = window, groups
        n, features = g.shape[:2]
        columns = _columns(x, window, groups)
        w = xp.matmul(g.reshape(n, groups, features // groups, math.prod(g.shape[2:])), columns.swapaxes(2, 3)).sum(axis=0)
        return w.reshape(features, x.shape[1] // groups, *window.kernel)

    def backward(ctx, grad: Tensor) -> Any:
        x, g = ctx.saved_tensors
        for_x, for_g, *_ = ctx.needs_input_grad
        return (
            ConvTranspose.apply(g, grad, ctx.window, ctx.groups, tuple(x.shape[2:])) if for_x else None,
            Convolution.apply(x, grad, ctx.window, ctx.groups) if for_g else None,
        )


# ---- the functions, by PyTorch's names ---------------------------------------------------------------------------


def _convolve(
    rank: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: int | Sequence[int],
    padding: int | Sequence[int],
    dilation: int | Sequence[int],
    groups: int,
) -> Tensor:
    name = f"conv{rank}d"
    if weight.ndim != rank + 2:
        raise RuntimeError(f"{name}: expected a weight of {rank + 2} dimensions, but got shape {list(weight.shape)}")
    window = Window.of(name, rank, tuple(weight.shape[2:]), stride, padding, dilation)
    check_channels(name, rank, input, weight, bias, groups)
    if input.ndim == rank + 1:
        return squeeze(_convolve(rank, unsqueeze(input, 0), weight, bias, stride, padding, dilation, groups), 0)
    y = Convolution.apply(input, weight, window, groups)
    return y if bias is None else y + bias.reshape(-1, *(1,) * rank)


def check_channels(name: str, rank: int, input: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    """Raise RuntimeError, with this call's numbers, unless input, weight, bias and groups belong together."""
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input.shape)}"
        )
    if not isinstance(groups, int) or groups < 1:
        raise RuntimeError(f"{name}: groups must be a positive int, but got {groups!r}")
    features, channels = weight.shape[0], weight.shape[1] * groups
    if features % groups:
        raise RuntimeError(f"{name}: out_channels must be divisible by groups: {features} features in {groups} groups")
    if input.shape[-rank - 1] != channels:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(input.shape)} to have "
            f"{channels} channels, but got {input.shape[-rank - 1]} channels instead"
        )
    if input.dtype is not weight.dtype:
        raise RuntimeError(f"{name}: Input type ({input.dtype}) and weight type ({weight.dtype}) should be the same")
    if bias is not None and bias.dtype is not weight.dtype:
        raise RuntimeError(f"{name}: Input type ({input.dtype}) and bias type ({bias.dtype}) should be the same")
    if bias is not None and tuple(bias.shape) != (features,):
        raise RuntimeError(
            f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {features} elements, but got "
            f"bias of size {list(bias.shape)} instead"
        )


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve input ((N,) C, L) with weight (F, C / groups, K): ((N,) F, L_out). ops/window.py has the size formula."""
    return _convolve(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve input ((N,) C, H, W) with weight (F, C / groups, KH, KW): ((N,) F, H_out, W_out)."""
    return _convolve(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve input ((N,) C, D, H, W) with weight (F, C / groups, KD, KH, KW): ((N,) F, D_out, H_out, W_out)."""
    return _convolve(3, input, weight, bias, stride, padding, dilation, groups)
