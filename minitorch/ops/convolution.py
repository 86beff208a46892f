"""Convolution, its transpose and its kernel gradient: three ops, each the derivative of the two others.

All three are derivatives of one number, which is linear in each of image x, kernel w and output-shaped g:

    T(x, w, g) = sum over windows o, cells j, channels c and features f of   x[c, s o + d j - p]  w[f, c, j]  g[f, o]

    Convolution           y = dT/dg    sums over cells and channels
    ConvTranspose         x' = dT/dx   sums over windows and features: each g[o] adds a scaled copy of the kernel
    ConvWeight            w' = dT/dw   sums over images and windows: x correlated with g

T is linear in each. So the derivative of one of the three, in one of its two arguments, is another of the three. (Dumoulin and
Visin, "A guide to convolution arithmetic for deep learning", draw what each does.)

Computed by definition, each window of an image becomes a column with the C / G * prod(kernel) cells that it covers. Convolution
is then a matrix product, its transpose the product with the transposed weight, folded back, and the weight gradient the product
of columns and g (Chellapilla et al. 2006, "High performance convolutional neural networks for document processing").

Shapes, for a batch of N, G groups, any number of spatial dimensions:
    x (N, C, *size)      w (F, C / G, *kernel)      g, y (N, F, *out)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array, xp
from minitorch.backend.dispatch import definition
from minitorch.backend.window import Window, per_dim
from minitorch.ops.elementwise import in_single
from minitorch.ops.node_names import node_name
from minitorch.ops.ranks import specialize_ranks
from minitorch.ops.reduction import sum
from minitorch.ops.shape import constant_pad, reshape, squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Convolution(Op):
    """y[f, o] = sum_{c, j} w[f, c, j] x[c, s o + d j - p], plus bias[f];
    in x: ConvTranspose of grad and w, in weight: ConvWeight of x and grad, in bias: sums of grad
    """

    def forward(ctx, x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> Array:
        ctx.save_for_backward(x, weight)
        ctx.window, ctx.groups = window, groups
        return _convolution(x, weight, bias, window, groups)

    def backward(ctx, grad: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        for_x, for_weight, for_bias, *_ = ctx.needs_input_grad
        size = tuple(x.shape[2:])
        return (
            ConvTranspose.apply(grad, weight, None, ctx.window, ctx.groups, size) if for_x else None,
            ConvWeight.apply(x, grad, ctx.window, ctx.groups) if for_weight else None,
            _sum_of_each_channel(grad) if for_bias else None,
        )


@definition
def _convolution(x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> Array:
    y = xp.matmul(_per_group(weight, groups), _columns(x, window, groups))
    return _with_bias(y.reshape(len(x), len(weight), *window.output_size(x.shape[2:])), bias)


class ConvTranspose(Op):
    """x'[c, s o + d j - p] += sum_f w[f, c, j] g[f, o], plus bias[c], for an image of a given size;
    in g: Convolution of grad and w, in weight: ConvWeight of grad and g, in bias: sums of grad
    """

    def forward(ctx, g: Array, weight: Array, bias: Array | None, window: Window, groups: int, size: tuple[int, ...]) -> Array:
        ctx.save_for_backward(g, weight)
        ctx.window, ctx.groups = window, groups
        return _conv_transpose(g, weight, bias, window, groups, size)

    def backward(ctx, grad: Tensor) -> Any:
        g, weight = ctx.saved_tensors
        for_g, for_weight, for_bias, *_ = ctx.needs_input_grad
        return (
            Convolution.apply(grad, weight, None, ctx.window, ctx.groups) if for_g else None,
            ConvWeight.apply(grad, g, ctx.window, ctx.groups) if for_weight else None,
            _sum_of_each_channel(grad) if for_bias else None,
        )


@definition
def _conv_transpose(g: Array, weight: Array, bias: Array | None, window: Window, groups: int, size: Sequence[int]) -> Array:
    columns = xp.matmul(_per_group(weight, groups).swapaxes(1, 2), _flat(g, groups))
    columns = columns.reshape(len(g), groups * weight.shape[1], *window.kernel, *g.shape[2:])
    return _with_bias(window.fold(columns, size), bias)


class ConvWeight(Op):
    """w'[f, c, j] = sum_{n, o} x[n, c, s o + d j - p] g[n, f, o];
    in x: ConvTranspose of g and grad, in g: Convolution of x and grad
    """

    def forward(ctx, x: Array, g: Array, window: Window, groups: int) -> Array:
        ctx.save_for_backward(x, g)
        ctx.window, ctx.groups = window, groups
        return _conv_weight(x, g, window, groups)

    def backward(ctx, grad: Tensor) -> Any:
        x, g = ctx.saved_tensors
        for_x, for_g, *_ = ctx.needs_input_grad
        return (
            ConvTranspose.apply(g, grad, None, ctx.window, ctx.groups, tuple(x.shape[2:])) if for_x else None,
            Convolution.apply(x, grad, None, ctx.window, ctx.groups) if for_g else None,
        )


@definition
def _conv_weight(x: Array, g: Array, window: Window, groups: int) -> Array:
    w = xp.matmul(_flat(g, groups), _columns(x, window, groups).swapaxes(2, 3)).sum(axis=0)
    return w.reshape(g.shape[1], x.shape[1] // groups, *window.kernel)


def _columns(x: Array, window: Window, groups: int) -> Array:
    """The windows of x (N, C, *size) as columns: (N, G, C / G * prod kernel, prod out)"""
    n, c = x.shape[:2]
    columns = window.columns(x)
    return columns.reshape(n, groups, c // groups * math.prod(window.kernel), math.prod(columns.shape[2 + window.rank :]))


def _per_group(weight: Array, groups: int) -> Array:
    """A weight (F, C / G, *kernel) as (G, F / G, C / G * prod kernel)"""
    return weight.reshape(groups, len(weight) // groups, math.prod(weight.shape[1:]))


def _flat(g: Array, groups: int) -> Array:
    """g (N, F, *out) as (N, G, F / G, prod out)"""
    return g.reshape(len(g), groups, g.shape[1] // groups, math.prod(g.shape[2:]))


def _with_bias(y: Array, bias: Array | None) -> Array:
    return y if bias is None else y + bias.reshape(-1, *(1,) * (y.ndim - 2))


def _sum_of_each_channel(grad: Any) -> Any:
    n, c = grad.shape[:2]
    return sum(sum(reshape(grad, (n, c, math.prod(grad.shape[2:]))), 2), 0)


# ---- the functions, by PyTorch's names, each for one, two and three spatial dimensions -------------------------------


@in_single
def conv(
    rank: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve an input ((N,) C, *size) with a weight (F, C / groups, *kernel): output ((N,) F, *out).

    out = floor((size + 2 padding - dilation (kernel - 1) - 1) / stride + 1), in each spatial dimension.

    y[f, o] = bias[f] + sum over c, j of weight[f, c, j] x[c, stride o + dilation j - padding]

    It is the cross-correlation of mathematics: the kernel is not flipped. `padding` 'valid' is none. 'same' is what a stride of
    1 needs for `out` to be `size`: dilation (kernel - 1) cells, half of them before, and the odd cell after.

    Raises RuntimeError for numbers of channels that do not belong together, and for an input that is smaller than the kernel.

    Example: out = (4 - 3) / 1 + 1 = 2, and 1 * 1 + 2 * 0 + 3 * (-1) = -2.

    >>> signal, kernel = minitorch.tensor([[[1.0, 2.0, 3.0, 4.0]]]), minitorch.tensor([[[1.0, 0.0, -1.0]]])
    >>> F.conv1d(signal, kernel)
    tensor([[[-2., -2.]]])
    >>> F.conv2d(minitorch.ones(1, 3, 8, 8), minitorch.ones(5, 3, 3, 3), stride=2, padding=1).shape
    minitorch.Size([1, 5, 4, 4])
    >>> F.conv3d(minitorch.ones(1, 3, 4, 4, 4), minitorch.ones(5, 3, 2, 2, 2)).shape
    minitorch.Size([1, 5, 3, 3, 3])
    """
    name = f"conv{rank}d"
    if weight.ndim != rank + 2:
        raise RuntimeError(f"{name}: expected a weight of {rank + 2} dimensions, but got shape {list(weight.shape)}")
    kernel = tuple(weight.shape[2:])
    if isinstance(padding, str):
        steps, dilation = (per_dim(v, rank, f"{name}: {what}", 1) for v, what in ((stride, "stride"), (dilation, "dilation")))
        window = Window(kernel, steps, padding_of(padding, kernel, steps, dilation, RuntimeError), dilation, name=name)
    else:
        window = Window.of(name, rank, kernel, stride, padding, dilation)
    _check(name, rank, input, weight, bias, groups, transposed=False)
    if input.ndim == rank + 1:
        return squeeze(conv(rank, unsqueeze(input, 0), weight, bias, stride, padding, dilation, groups), 0)
    return Convolution.apply(input, weight, bias, window, groups)


@in_single
@node_name("Convolution0")
def conv_transpose(
    rank: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    """The transpose of convolving with a weight (C, F / groups, *kernel): input ((N,) C, *size) gives ((N,) F, *out).

    out = (size - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1

    Each input element adds a copy of the kernel, times its value, to the output; neighboring copies are `stride` apart.
    Convolution brings these sizes down to `size`. With a stride there are several of them; `output_padding` selects one, as so
    many cells fewer are cut off at the end. It is no inverse of the convolution: the values do not come back, only the shape.

    Raises RuntimeError for numbers of channels that do not belong together, and for an `output_padding` as large as stride and
    dilation.

    Example: out = (2 - 1) 2 + (3 - 1) + 1 = 5, and the two copies of the kernel meet in one cell: 3 * 1 + 1 * 10 = 13.

    >>> kernel = minitorch.tensor([[[1.0, 2.0, 3.0]]])
    >>> F.conv_transpose1d(minitorch.tensor([[[1.0, 10.0]]]), kernel, stride=2)
    tensor([[[ 1.,  2., 13., 20., 30.]]])
    >>> F.conv_transpose2d(minitorch.ones(1, 5, 4, 4), minitorch.ones(5, 3, 3, 3), stride=2, padding=1, output_padding=1).shape
    minitorch.Size([1, 3, 8, 8])
    >>> F.conv_transpose3d(minitorch.ones(1, 5, 2, 2, 2), minitorch.ones(5, 3, 2, 2, 2), stride=2).shape
    minitorch.Size([1, 3, 4, 4, 4])
    """
    name = f"conv_transpose{rank}d"
    if weight.ndim != rank + 2:
        raise RuntimeError(f"{name}: expected a weight of {rank + 2} dimensions, but got shape {list(weight.shape)}")
    window = Window.of(name, rank, tuple(weight.shape[2:]), stride, padding, dilation)
    extra = per_dim(output_padding, rank, f"{name}: output_padding", 0)
    for e, s, d in zip(extra, window.stride, window.dilation, strict=True):
        if e >= max(s, d):
            raise RuntimeError(
                f"{name}: output_padding must be smaller than stride or dilation, which are {s} and {d}, but it is {e}: "
                f"{max(s, d) - 1} is the most"
            )
    _check(name, rank, input, weight, bias, groups, transposed=True)
    if input.ndim == rank + 1:
        batch = unsqueeze(input, 0)
        return squeeze(conv_transpose(rank, batch, weight, bias, stride, padding, output_padding, groups, dilation), 0)
    # output_padding takes cells from the padding at the end; where there is none left, the added cells stay zero.
    pads = tuple((p, p - e) for (p, _), e in zip(window.padding, extra, strict=True))
    beyond = tuple(max(-after, 0) for _, after in pads)
    window = replace(window, padding=tuple((p, max(after, 0)) for p, after in pads))
    reached = tuple(
        (n - 1) * s + span - before - after
        for n, s, span, (before, after) in zip(input.shape[2:], window.stride, window.span, window.padding, strict=True)
    )
    for i, (n, b) in enumerate(zip(reached, beyond, strict=True)):
        if n + b < 1:
            size, s, d, k, (p, _) = (
                input.shape[2 + i],
                window.stride[i],
                window.dilation[i],
                window.kernel[i],
                window.padding[i],
            )
            raise RuntimeError(
                f"{name}: the output would have size (size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + "
                f"output_padding + 1 = ({size} - 1) * {s} - 2 * {p} + {d} * ({k} - 1) + {extra[i]} + 1 = {n + b} on spatial "
                f"dimension {i}: padding of at most {p + (n + b - 1) // 2} leaves a cell"
            )
    if not any(beyond):
        return ConvTranspose.apply(input, weight, bias, window, groups, reached)
    y = ConvTranspose.apply(input, weight, None, window, groups, reached)
    y = constant_pad(y, ((0, 0), (0, 0), *((0, b) for b in beyond)))
    return y if bias is None else y + bias.reshape(-1, *(1,) * rank)


def padding_of(
    word: str, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], error: type[Exception]
) -> tuple[tuple[int, int], ...]:
    """The padding before and after that 'same' or 'valid' stands for. Raises `error` for another word, or a stride."""
    if word == "valid":
        return ((0, 0),) * len(kernel)
    if word != "same":
        raise error(f"Invalid padding string {word!r}, should be one of 'valid', 'same', or else numbers")
    if any(s != 1 for s in stride):
        raise error(f"padding='same' is not supported for strided convolutions, and stride is {tuple(stride)}")
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


def _divisors(n: int) -> list[int]:
    return [d for d in range(1, n + 1) if n % d == 0]


def _check(name: str, rank: int, input: Tensor, weight: Tensor, bias: Tensor | None, groups: int, transposed: bool) -> None:
    """Raise RuntimeError, with this call's numbers, unless input, weight, bias and groups belong together."""
    if isinstance(groups, bool) or not isinstance(groups, int):
        raise TypeError(f"{name}: groups must be an int, not {groups!r}")
    if groups < 1:
        raise RuntimeError(f"{name}: groups must be positive, but got {groups}")
    channels, features = weight.shape[1] * groups, weight.shape[0]
    if transposed:
        channels, features = weight.shape[0], weight.shape[1] * groups
    if input.ndim not in (rank + 1, rank + 2):
        sizes = ("length",) if rank == 1 else ("depth", "height", "width")[-rank:]
        raise RuntimeError(
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input.shape)}; x.reshape(-1, {channels}, {', '.join(sizes)}) makes a batch of it"
        )
    if channels == 0 or features == 0:
        raise RuntimeError(f"{name}: a weight of size {list(weight.shape)} has no channels")
    if input.dtype.name == "bool":
        raise NotImplementedError(f"{name} is not implemented for {input.dtype!r}: .float() converts")
    if weight.shape[0] % groups:
        raise RuntimeError(
            f"{name}: {groups} groups do not divide the {weight.shape[0]} channels at dimension 0 of the weight, whose size is "
            f"{list(weight.shape)}; groups must be one of {_divisors(weight.shape[0])}"
        )
    if input.shape[-rank - 1] != channels:
        raise RuntimeError(
            f"{name}: a weight of size {list(weight.shape)} with groups={groups} is for an input of {channels} channels, but "
            f"got {input.shape[-rank - 1]} channels instead: input is {list(input.shape)}" + _way_out(rank, input, channels)
        )
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            f"{name}: Input type ({input.dtype}) and weight type ({weight.dtype}) should be the same: "
            f"input.to({weight.dtype}) converts"
        )
    if bias is not None and bias.dtype is not weight.dtype:
        raise RuntimeError(f"{name}: Input type ({input.dtype}) and bias type ({bias.dtype}) should be the same")
    if bias is not None and tuple(bias.shape) != (features,):
        raise RuntimeError(
            f"{name}: a weight of size {list(weight.shape)} makes {features} channels, each with a bias: expected a bias of "
            f"size [{features}], but got {list(bias.shape)}"
        )


def _way_out(rank: int, input: Tensor, channels: int) -> str:
    """How to bring the channels of an input to their dimension, if it has none, or may have them last."""
    is_layer_output = getattr(input, "grad_fn", None) is not None
    if input.shape[-1] == channels != input.shape[-2] and not is_layer_output:
        first = input.ndim - rank - 1
        order = (*range(first), input.ndim - 1, *range(first, input.ndim - 1))
        return f"; if the channels are last, x.permute{order} puts them first"
    return "; x.unsqueeze(1) adds the channel" if input.ndim == rank + 1 and channels == 1 else ""


conv1d, conv2d, conv3d = specialize_ranks(conv)
conv_transpose1d, conv_transpose2d, conv_transpose3d = specialize_ranks(conv_transpose)
