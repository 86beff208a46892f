"""Convolution layers and transposed convolution layers. Conv1d, Conv2d and Conv3d differ only in their rank."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.window import per_dim
from minitorch.creation import empty
from minitorch.nn import functional as F
from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.convolution import padding_of
from minitorch.public import constructor, layer_forward
from minitorch.tensor import Tensor

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_PAD_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


class _ConvNd(Module):
    _rank: ClassVar[int]
    _function: ClassVar[Callable[..., Tensor]]
    _transposed: ClassVar[bool] = False

    @constructor
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: str | int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        name, rank = type(self).__name__, self._rank
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer, got {groups}")
        for argument, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                near = groups * max(1, round(channels / groups))
                raise ValueError(
                    f"{argument} must be divisible by groups, got {channels} channels in {groups} groups: use {near} channels"
                )
        if padding_mode not in _PAD_MODES:
            raise ValueError(f"padding_mode must be one of {list(_PAD_MODES)}, but got padding_mode={padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_dim(kernel_size, rank, f"{name}: kernel_size", 1, single=False)
        self.stride = per_dim(stride, rank, f"{name}: stride", 1, single=False)
        self.dilation = per_dim(dilation, rank, f"{name}: dilation", 1, single=False)
        if isinstance(padding, str):
            self.padding: str | tuple[int, ...] = padding
            self._pad_widths = padding_of(padding, self.kernel_size, self.stride, self.dilation, ValueError)
        else:
            self.padding = per_dim(padding, rank, f"{name}: padding", 0, single=False)
            self._pad_widths = tuple((p, p) for p in self.padding)
        self.padding_mode = padding_mode
        leading = (in_channels, out_channels // groups) if self._transposed else (out_channels, in_channels // groups)
        self.weight = Parameter(empty(*leading, *self.kernel_size, device=device, dtype=dtype))
        if bias:
            self.bias: Parameter | None = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialize weights and bias with new random numbers."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init.fans(self.weight)
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        convolve = type(self)._function
        padding: str | int | tuple[int, ...] = self.padding
        if self.padding_mode != "zeros":
            widths = [width for pair in reversed(self._pad_widths) for width in pair]
            input, padding = F.pad(input, widths, _PAD_MODES[self.padding_mode]), 0
        return convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        if any(map(any, self._pad_widths)) or isinstance(self.padding, str):
            parts.append(f"padding={self.padding}")
        if any(d != 1 for d in self.dilation):
            parts.append(f"dilation={self.dilation}")
        if any(getattr(self, "output_padding", ())):
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class Conv1d(_ConvNd):
    """Slide `out_channels` kernels along a signal: each output is the sum of the products of kernel and window, plus the bias.

    y[f, o] = bias[f] + sum over c, j of weight[f, c, j] x[c, stride o + dilation j - padding]

    L_out = floor((L + 2 padding - dilation (K - 1) - 1) / stride + 1)

    Shapes: input ((N,) in_channels, L), weight (out_channels, in_channels / groups, K), output ((N,) out_channels, L_out). "1d"
    counts the directions in which the kernel slides; it always covers all channels of its group.

    `padding` is a number, 'valid' (none) or 'same' (L_out = L, for stride 1). `padding_mode` is 'zeros', 'reflect', 'replicate'
    or 'circular'. `groups` splits the channels: output channel f sees those of its own group only. Weights and bias are
    initialized uniform in +-1 / sqrt(fan_in), with fan_in = in_channels / groups * K.

    Deep learning calls it convolution; mathematics calls it cross-correlation, because the kernel is not flipped. Raises
    ValueError for channels that `groups` does not divide, RuntimeError for another number of channels or an input smaller than
    the kernel.

    Pictures: `viz.explain(layer, (1, 8))` works the size out, `viz.animate(layer, (1, 8))` each output; `viz.matrix` and
    `viz.kernels` draw the weights.

    Example: L_out = floor((4 + 0 - 1 (3 - 1) - 1) / 1 + 1) = 2, and the first output is 1 * 1 + 2 * 0 + 3 * (-1) = -2.

    >>> conv = nn.Conv1d(1, 1, kernel_size=3, bias=False)
    >>> _ = conv.weight.data.copy_(minitorch.tensor([[[1.0, 0.0, -1.0]]]))
    >>> conv(minitorch.tensor([[[1.0, 2.0, 3.0, 4.0]]]))
    tensor([[[-2., -2.]]], grad_fn=<ConvolutionBackward0>)
    """

    _rank, _function = 1, F.conv1d


class Conv2d(_ConvNd):
    """Slide `out_channels` kernels over an image: each output is the sum of the products of kernel and window, plus the bias.

    y[f, o] = bias[f] + sum over c, j of weight[f, c, j] x[c, stride o + dilation j - padding], with pairs o and j.

    H_out = floor((H + 2 padding - dilation (KH - 1) - 1) / stride + 1), and W_out likewise, each with its own numbers.

    Shapes: input ((N,) in_channels, H, W), weight (out_channels, in_channels / groups, KH, KW), output ((N,) out_channels,
    H_out, W_out).

    `kernel_size`, `stride`, `padding` and `dilation` are one number or a pair (height, width). The other arguments, and the
    difference from a convolution in mathematics, are as in `Conv1d`. An RGB image takes a 2-d convolution, not a 3-d one: each
    kernel covers all three channels at once and slides in two directions.

    Pictures: `viz.explain(layer, (1, 6, 6))` works the size out, `viz.animate(layer, (1, 6, 6))` each output; `viz.matrix` and
    `viz.kernels` draw the weights.

    Example: H_out = floor((5 + 2 * 1 - 1 (3 - 1) - 1) / 2 + 1) = 3. A kernel of ones counts the cells of the image in its
    window: 4 in a corner, 6 at an edge, 9 inside.

    >>> conv = nn.Conv2d(1, 1, kernel_size=3, stride=2, padding=1, bias=False)
    >>> _ = nn.init.ones_(conv.weight)
    >>> conv(minitorch.ones(1, 1, 5, 5))
    tensor([[[[4., 6., 4.],
              [6., 9., 6.],
              [4., 6., 4.]]]], grad_fn=<ConvolutionBackward0>)
    >>> nn.Conv2d(3, 8, 3)(minitorch.ones(2, 3, 32, 32)).shape
    minitorch.Size([2, 8, 30, 30])
    """

    _rank, _function = 2, F.conv2d


class Conv3d(_ConvNd):
    """Slide `out_channels` kernels through a volume or a video: each output is the sum of kernel times window, plus the bias.

    D_out = floor((D + 2 padding - dilation (KD - 1) - 1) / stride + 1), and H_out, W_out likewise, each with its own numbers.

    Shapes: input ((N,) in_channels, D, H, W), weight (out_channels, in_channels / groups, KD, KH, KW), output ((N,)
    out_channels, D_out, H_out, W_out). The kernel slides in three directions: depth (or time), height and width.

    y[f, o] = bias[f] + sum over c, j of weight[f, c, j] x[c, stride o + dilation j - padding], with triples o and j.

    The arguments are as in `Conv1d`; each size is one number or a triple (depth, height, width).

    Pictures: `viz.explain(layer, (1, 4, 4, 4))` works the size out, `viz.animate(layer, (1, 4, 4, 4))` each output;
    `viz.matrix` and `viz.kernels` draw the weights.

    Example: D_out = floor((4 - 1 (2 - 1) - 1) / 2 + 1) = 2. Each window has 2 * 2 * 2 = 8 cells.

    >>> conv = nn.Conv3d(1, 1, kernel_size=2, stride=2, bias=False)
    >>> _ = nn.init.ones_(conv.weight)
    >>> conv(minitorch.ones(1, 1, 4, 2, 2)).flatten()
    tensor([8., 8.], grad_fn=<ViewBackward0>)
    """

    _rank, _function = 3, F.conv3d


class _ConvTransposeNd(_ConvNd):
    _transposed = True

    @constructor
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        padding_mode: str = "zeros",
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}, not {padding_mode!r}')
        name = type(self).__name__
        pads = per_dim(padding, self._rank, f"{name}: padding", 0)
        output_padding = per_dim(output_padding, self._rank, f"{name}: output_padding", 0)
        super().__init__(
            in_channels, out_channels, kernel_size, stride, pads, dilation, groups, bias, device=device, dtype=dtype
        )
        self.output_padding = output_padding

    @layer_forward
    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The output; `output_size` replaces `output_padding`, and is (*out), or the whole shape of the output."""
        output_padding = self.output_padding if output_size is None else self._output_padding(input, output_size)
        convolve = type(self)._function
        return convolve(input, self.weight, self.bias, self.stride, self.padding, output_padding, self.groups, self.dilation)

    def _output_padding(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output_padding that gives `output_size`. Raises ValueError, with the valid range, if none does."""
        rank, lead = self._rank, input.ndim - self._rank
        if not isinstance(output_size, (tuple, list)) or not all(isinstance(n, int) for n in output_size):
            raise TypeError(f"{type(self).__name__}: output_size must be a tuple of {rank} ints, not {output_size!r}")
        if len(output_size) not in (rank, rank + lead):
            raise ValueError(
                f"{type(self).__name__}: for {input.ndim}D input, output_size must have {rank} or {rank + lead} elements (got "
                f"{len(output_size)})"
            )
        least = tuple(
            (n - 1) * s - before - after + d * (k - 1) + 1
            for n, s, (before, after), d, k in zip(
                input.shape[lead:], self.stride, self._pad_widths, self.dilation, self.kernel_size, strict=True
            )
        )
        wanted = tuple(output_size)[-rank:]
        most = tuple(n + s - 1 for n, s in zip(least, self.stride, strict=True))
        if any(not low <= n <= high for low, n, high in zip(least, wanted, most, strict=True)):
            raise ValueError(
                f"{type(self).__name__}: requested an output size of {list(wanted)}, but valid sizes range from {list(least)} "
                f"to {list(most)} (for an input of {list(input.shape[lead:])})"
            )
        return tuple(n - low for n, low in zip(wanted, least, strict=True))


class ConvTranspose1d(_ConvTransposeNd):
    """The transpose of Conv1d(out_channels, in_channels), to lengthen signals: each input adds a scaled kernel to the output.

    y[f, stride o + dilation j - padding] = bias[f] + the sum of weight[c, f, j] x[c, o] over all c, o, j that meet there

    L_out = (L - 1) stride - 2 padding + dilation (K - 1) + output_padding + 1

    Shapes: input ((N,) in_channels, L), weight (in_channels, out_channels / groups, K), output ((N,) out_channels, L_out).

    `padding` cuts cells off both ends. With stride s, s different lengths are convolved to the same L: `output_padding` selects
    one of them: so many cells fewer are cut off at the end, and cells that no kernel reaches hold the bias alone. `output_size`
    in the call computes `output_padding`; it must be a size from which Conv1d computes L. Raises RuntimeError for an
    `output_padding` as large as stride and dilation, ValueError for an `output_size` out of range, with the valid range.

    It is no inverse of the convolution: with the same weight, its matrix is the transposed one, K^T, and K^T K is not the
    identity. It is also called fractionally strided convolution, or wrongly deconvolution (Zeiler et al. 2010 use it under that
    name).

    Pictures: `viz.explain(layer, (1, 8))` works the size out, `viz.animate(layer, (1, 8))` each output; `viz.matrix` draws K^T.

    Example: L_out = (2 - 1) 2 - 0 + 1 (3 - 1) + 0 + 1 = 5. The copies [1, 2, 3] * 1 and [1, 2, 3] * 10 overlap in one cell: 3 +
    10 = 13.

    >>> up = nn.ConvTranspose1d(1, 1, kernel_size=3, stride=2, bias=False)
    >>> _ = up.weight.data.copy_(minitorch.tensor([[[1.0, 2.0, 3.0]]]))
    >>> up(minitorch.tensor([[[1.0, 10.0]]]))
    tensor([[[ 1.,  2., 13., 20., 30.]]], grad_fn=<ConvolutionBackward0>)
    >>> up(minitorch.tensor([[[1.0, 10.0]]]), output_size=[6])
    tensor([[[ 1.,  2., 13., 20., 30.,  0.]]], grad_fn=<ConvolutionBackward0>)
    """

    _rank, _function = 1, F.conv_transpose1d


class ConvTranspose2d(_ConvTransposeNd):
    """The transpose of Conv2d(out_channels, in_channels), to enlarge images: each input adds a scaled kernel to the output.

    H_out = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1, and W_out likewise, each with its own numbers.

    Shapes: input ((N,) in_channels, H, W), weight (in_channels, out_channels / groups, KH, KW), output ((N,) out_channels,
    H_out, W_out).

    Neighboring copies of the kernel are `stride` apart, and overlapping cells are added; `padding` cuts cells off all sides.
    `output_padding`, or `output_size` in the call, selects one of the sizes that Conv2d brings down to (H, W), as in
    `ConvTranspose1d`. It is no inverse: it has the shape of the input of Conv2d back, not its values.

    Pictures: `viz.explain(layer, (1, 6, 6))` works the size out, `viz.animate(layer, (1, 6, 6))` each output; `viz.matrix`
    draws K^T.

    Example: H_out = (2 - 1) 1 - 0 + 1 (3 - 1) + 0 + 1 = 4. Kernels of ones count how many inputs reach each cell.

    >>> up = nn.ConvTranspose2d(1, 1, kernel_size=3, bias=False)
    >>> _ = nn.init.ones_(up.weight)
    >>> up(minitorch.ones(1, 1, 2, 2))
    tensor([[[[1., 2., 2., 1.],
              [2., 4., 4., 2.],
              [2., 4., 4., 2.],
              [1., 2., 2., 1.]]]], grad_fn=<ConvolutionBackward0>)
    >>> down, up = nn.Conv2d(1, 1, 3, stride=2, padding=1), nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)
    >>> x = minitorch.ones(1, 1, 6, 6)
    >>> up(down(x)).shape, up(down(x), output_size=x.shape).shape
    (minitorch.Size([1, 1, 5, 5]), minitorch.Size([1, 1, 6, 6]))
    """

    _rank, _function = 2, F.conv_transpose2d


class ConvTranspose3d(_ConvTransposeNd):
    """The transpose of Conv3d(out_channels, in_channels), to enlarge volumes: each input adds a scaled kernel to the output.

    D_out = (D - 1) stride - 2 padding + dilation (KD - 1) + output_padding + 1, and H_out, W_out likewise.

    Shapes: input ((N,) in_channels, D, H, W), weight (in_channels, out_channels / groups, KD, KH, KW), output ((N,)
    out_channels, D_out, H_out, W_out).

    Overlapping copies are added. `output_padding`, `output_size` and what it is not (an inverse) are as in `ConvTranspose1d`.

    Pictures: `viz.explain(layer, (1, 4, 4, 4))` works the size out, `viz.animate(layer, (1, 4, 4, 4))` each output;
    `viz.matrix` draws K^T.

    Example: D_out = (2 - 1) 2 - 0 + 1 (2 - 1) + 0 + 1 = 4. With the stride as large as the kernel the copies do not overlap.

    >>> up = nn.ConvTranspose3d(1, 1, kernel_size=2, stride=2, bias=False)
    >>> _ = nn.init.ones_(up.weight)
    >>> up(minitorch.tensor([1.0, 5.0]).reshape(1, 1, 2, 1, 1))[0, 0, :, 0, 0]
    tensor([1., 1., 5., 5.], grad_fn=<SelectBackward0>)
    >>> up(minitorch.ones(1, 1, 2, 3, 4)).shape
    minitorch.Size([1, 1, 4, 6, 8])
    """

    _rank, _function = 3, F.conv_transpose3d
