"""Pooling layers: one output per window, its maximum or mean. Unpooling writes the maxima back to their indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from minitorch.backend.window import per_dim
from minitorch.nn import functional as F
from minitorch.nn.layer import Layer, layer
from minitorch.public import layer_forward
from minitorch.tensor import Tensor

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d", "MaxUnpool1d",
    "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


class _MaxPool(Layer):
    kernel_size: int | Sequence[int]
    stride: int | Sequence[int] | None = None
    padding: int | Sequence[int] = 0
    dilation: int | Sequence[int] = 1
    return_indices: bool = False
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        self.stride = self.kernel_size if self.stride is None else self.stride

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


@layer(F.max_pool1d)
class MaxPool1d(_MaxPool):
    """The maximum of each window of a signal.

    L_out = floor((L + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1), rounded up with `ceil_mode`.

    Shapes: input ((N,) C, L), output ((N,) C, L_out). Every channel is pooled on its own; there is nothing to learn.

    `stride` is kernel_size unless given. Padding counts as -inf, so it never wins (in `AvgPool1d` it counts as 0); it is at
    most half of kernel_size. With `ceil_mode` a last window may reach over the end, but must begin within the input or the
    padding before it. `return_indices` also returns the place of each maximum, for `MaxUnpool1d`. The gradient goes to the
    maximum alone, the first of equals; where windows overlap a cell gets the sum.

    Raises RuntimeError for more padding than that, and for an input that is smaller than the window.

    Pictures: `viz.explain(layer, (1, 8))` works the size out, `viz.animate(layer, (1, 8))` each output.

    Example: L_out = floor((5 - 1 (2 - 1) - 1) / 2 + 1) = 2, and 3 with `ceil_mode`.

    >>> x = minitorch.tensor([[[1.0, 4.0, 2.0, 2.0, 7.0]]])
    >>> nn.MaxPool1d(2)(x), nn.MaxPool1d(2, ceil_mode=True)(x)
    (tensor([[[4., 2.]]]), tensor([[[4., 2., 7.]]]))
    >>> nn.MaxPool1d(2, return_indices=True)(x)[1]
    tensor([[[1, 2]]])
    """


@layer(F.max_pool2d)
class MaxPool2d(_MaxPool):
    """The maximum of each window of an image.

    H_out = floor((H + 2 padding - dilation (KH - 1) - 1) / stride + 1), and W_out likewise; rounded up with `ceil_mode`.

    Shapes: input ((N,) C, H, W), output ((N,) C, H_out, W_out). Every channel is pooled on its own; there is nothing to learn.

    Each size is one number or a pair (height, width); `stride` is kernel_size unless given. Padding counts as -inf, so it never
    wins (in `AvgPool2d` it counts as 0); it is at most half of kernel_size. `return_indices` also returns the place of each
    maximum, row * W + column, for `MaxUnpool2d`. `ceil_mode`, the gradient and the errors are as in `MaxPool1d`.

    Pictures: `viz.explain(layer, (1, 6, 6))` works the size out, `viz.animate(layer, (1, 6, 6))` each output.

    Example: H_out = floor((4 - 1 (2 - 1) - 1) / 2 + 1) = 2. The maximum 6 is in row 1 and column 1: its index is 1 * 4 + 1 = 5.

    >>> x = minitorch.tensor([[[[1.0, 2.0, 0.0, 3.0], [4.0, 6.0, 1.0, 1.0], [7.0, 2.0, 9.0, 8.0], [0.0, 1.0, 2.0, 2.0]]]])
    >>> y, indices = nn.MaxPool2d(2, return_indices=True)(x)
    >>> y
    tensor([[[[6., 3.],
              [7., 9.]]]])
    >>> indices
    tensor([[[[ 5,  3],
              [ 8, 10]]]])
    """


@layer(F.max_pool3d)
class MaxPool3d(_MaxPool):
    """The maximum of each window of a volume or a video.

    D_out = floor((D + 2 padding - dilation (KD - 1) - 1) / stride + 1), and H_out, W_out likewise; rounded up with `ceil_mode`.

    Shapes: input ((N,) C, D, H, W), output ((N,) C, D_out, H_out, W_out). Every channel is pooled on its own.

    Each size is one number or a triple (depth, height, width); `stride` is kernel_size unless given. Padding counts as -inf,
    and is at most half of kernel_size. An index is (depth * H + row) * W + column. The options are as in `MaxPool1d`.

    Pictures: `viz.explain(layer, (1, 4, 4, 4))` works the size out, `viz.animate(layer, (1, 4, 4, 4))` each output.

    Example: D_out = floor((4 - 1 (2 - 1) - 1) / 2 + 1) = 2. Of the cells 0 to 15 the last one of each half is the largest.

    >>> nn.MaxPool3d(2)(minitorch.arange(16.0).reshape(1, 1, 4, 2, 2)).flatten()
    tensor([ 7., 15.])
    """


class _AvgPool(Layer):
    kernel_size: int | Sequence[int]
    stride: int | Sequence[int] | None = None
    padding: int | Sequence[int] = 0
    ceil_mode: bool = False
    count_include_pad: bool = True

    def __post_init__(self) -> None:
        self.stride = self.kernel_size if self.stride is None else self.stride

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@layer(F.avg_pool1d)
class AvgPool1d(_AvgPool):
    """The mean of each window of a signal.

    L_out = floor((L + 2 padding - kernel_size) / stride + 1), rounded up with `ceil_mode`.

    Shapes: input ((N,) C, L), output ((N,) C, L_out). Every channel is pooled on its own; there is nothing to learn.

    `stride` is kernel_size unless given. Padding counts as zeros, which pull the mean towards 0; with `count_include_pad=False`
    the sum is divided by the number of cells of the input only. (In `MaxPool1d` padding never counts.) What `ceil_mode` lets a
    window reach over beyond the padding is not counted in either case. The gradient is shared out evenly in the window.

    Raises RuntimeError for padding of more than half of kernel_size, and for an input that is smaller than the window.

    Pictures: `viz.explain(layer, (1, 8))` works the size out, `viz.animate(layer, (1, 8))` each output.

    Example: L_out = floor((3 + 2 * 1 - 2) / 2 + 1) = 2. The first window is [0, 2]: its mean is 1, or 2 without the zero.

    >>> x = minitorch.tensor([[[2.0, 4.0, 6.0]]])
    >>> nn.AvgPool1d(2, padding=1)(x), nn.AvgPool1d(2, padding=1, count_include_pad=False)(x)
    (tensor([[[1., 5.]]]), tensor([[[2., 5.]]]))
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("kernel_size", "stride", "padding"):
            setattr(self, name, per_dim(getattr(self, name), 1, f"AvgPool1d: {name}", 0))


@layer(F.avg_pool2d)
class AvgPool2d(_AvgPool):
    """The mean of each window of an image.

    H_out = floor((H + 2 padding - KH) / stride + 1), and W_out likewise; rounded up with `ceil_mode`.

    Shapes: input ((N,) C, H, W), output ((N,) C, H_out, W_out). Every channel is pooled on its own; there is nothing to learn.

    Each size is one number or a pair (height, width); `stride` is kernel_size unless given. Padding counts as zeros, unless
    `count_include_pad` is False (in `MaxPool2d` it never counts). `divisor_override` divides the sum by another number: 1 gives
    the sums. The other options and the errors are as in `AvgPool1d`.

    Pictures: `viz.explain(layer, (1, 6, 6))` works the size out, `viz.animate(layer, (1, 6, 6))` each output.

    Example: H_out = floor((2 + 2 * 1 - 2) / 2 + 1) = 2. Each window has one cell of the image and three of padding: 4 / 4 = 1.

    >>> x = minitorch.tensor([[[[4.0, 8.0], [12.0, 16.0]]]])
    >>> nn.AvgPool2d(2)(x), nn.AvgPool2d(2, divisor_override=1)(x)
    (tensor([[[[10.]]]]), tensor([[[[40.]]]]))
    >>> nn.AvgPool2d(2, padding=1)(x)
    tensor([[[[1., 2.],
              [3., 4.]]]])
    >>> nn.AvgPool2d(2, padding=1, count_include_pad=False)(x)
    tensor([[[[ 4.,  8.],
              [12., 16.]]]])
    """

    divisor_override: int | None = None


@layer(F.avg_pool3d)
class AvgPool3d(_AvgPool):
    """The mean of each window of a volume or a video.

    D_out = floor((D + 2 padding - KD) / stride + 1), and H_out, W_out likewise; rounded up with `ceil_mode`.

    Shapes: input ((N,) C, D, H, W), output ((N,) C, D_out, H_out, W_out). Every channel is pooled on its own.

    Each size is one number or a triple (depth, height, width); `stride` is kernel_size unless given. Padding counts as zeros,
    unless `count_include_pad` is False. `divisor_override` divides the sum by another number. See `AvgPool1d`.

    Pictures: `viz.explain(layer, (1, 4, 4, 4))` works the size out, `viz.animate(layer, (1, 4, 4, 4))` each output.

    Example: D_out = floor((4 - 2) / 2 + 1) = 2. The mean of the cells 0 to 7 is 3.5.

    >>> nn.AvgPool3d(2)(minitorch.arange(16.0).reshape(1, 1, 4, 2, 2)).flatten()
    tensor([ 3.5000, 11.5000])
    """

    divisor_override: int | None = None


class _MaxUnpool(Layer):
    kernel_size: int | Sequence[int]
    stride: int | Sequence[int] | None = None
    padding: int | Sequence[int] = 0

    _rank: ClassVar[int]
    _function: ClassVar[Callable[..., Tensor]]

    def __post_init__(self) -> None:
        self.stride = self.kernel_size if self.stride is None else self.stride
        for option, minimum in (("kernel_size", 1), ("stride", 1), ("padding", 0)):
            setattr(self, option, per_dim(getattr(self, option), self._rank, f"{type(self).__name__}: {option}", minimum))

    @layer_forward
    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The elements of `input` at their `indices`, zeros elsewhere; `output_size` is the shape of what was pooled."""
        return type(self)._function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


@layer(F.max_unpool1d)
class MaxUnpool1d(_MaxUnpool):
    """Put what `MaxPool1d` selected back where it was: each element at its index, zeros elsewhere.

    L_out = (L - 1) stride - 2 padding + kernel_size, or `output_size`.

    Shapes: input and indices ((N,) C, L), output ((N,) C, L_out). `indices` (int64) are those of `MaxPool1d(...,
    return_indices=True)`; kernel_size, stride and padding are those of that layer.

    Call it with (input, indices), or (input, indices, output_size): several lengths are pooled to the same L, and `output_size`
    says which one is meant. It is no inverse: what was no maximum is lost. Where an index occurs twice (windows that overlap),
    the last element wins, and it alone has a gradient.

    Raises RuntimeError for indices of another shape or dtype, or outside the output; ValueError for an `output_size` that is a
    stride or more away from the formula.

    Pictures: `viz.animate(layer, y, indices=indices)` draws each step, for y and indices without a batch.

    Example: L_out = (2 - 1) 2 - 0 + 2 = 4; the pooled signal had 5 cells, so give its size (Zeiler and Fergus 2013).

    >>> x = minitorch.tensor([[[1.0, 4.0, 2.0, 3.0, 7.0]]])
    >>> y, indices = nn.MaxPool1d(2, return_indices=True)(x)
    >>> nn.MaxUnpool1d(2)(y, indices), nn.MaxUnpool1d(2)(y, indices, output_size=x.shape)
    (tensor([[[0., 4., 0., 3.]]]), tensor([[[0., 4., 0., 3., 0.]]]))
    """

    _rank, _function = 1, F.max_unpool1d


@layer(F.max_unpool2d)
class MaxUnpool2d(_MaxUnpool):
    """Put what `MaxPool2d` selected back where it was: each element at its index, zeros elsewhere.

    H_out = (H - 1) stride - 2 padding + KH, and W_out likewise; or `output_size`.

    Shapes: input and indices ((N,) C, H, W), output ((N,) C, H_out, W_out). `indices` (int64) are those of `MaxPool2d(...,
    return_indices=True)`: row * W_out + column in the plane of each channel. kernel_size, stride (kernel_size unless given) and
    padding are those of that layer: one number or a pair (height, width).

    Call it with (input, indices), or (input, indices, output_size). Several sizes are pooled to the same (H, W), and an index
    means another cell in a plane of another width: give the shape of what was pooled, (H_out, W_out) or all of it. It is no
    inverse: what was no maximum is lost. Where an index occurs twice (windows that overlap), the last element wins, and it
    alone has a gradient.

    Raises RuntimeError for indices of another shape or dtype, or outside the output; ValueError for an `output_size` that is a
    stride or more away from the formula, with the valid range.

    Pictures: `viz.animate(layer, y, indices=indices)` draws each step, for y and indices without a batch.

    Example: H_out = (2 - 1) 2 - 0 + 2 = 4, which is the size of x (Zeiler and Fergus 2013).

    >>> x = minitorch.tensor([[[[1.0, 2.0, 0.0, 3.0], [4.0, 6.0, 1.0, 1.0], [7.0, 2.0, 9.0, 8.0], [0.0, 1.0, 2.0, 2.0]]]])
    >>> y, indices = nn.MaxPool2d(2, return_indices=True)(x)
    >>> nn.MaxUnpool2d(2)(y, indices)
    tensor([[[[0., 0., 0., 3.],
              [0., 6., 0., 0.],
              [7., 0., 9., 0.],
              [0., 0., 0., 0.]]]])
    >>> x = minitorch.ones(1, 1, 5, 5)
    >>> y, indices = nn.MaxPool2d(2, return_indices=True)(x)
    >>> nn.MaxUnpool2d(2)(y, indices, output_size=x.shape).shape
    minitorch.Size([1, 1, 5, 5])
    """

    _rank, _function = 2, F.max_unpool2d


@layer(F.max_unpool3d)
class MaxUnpool3d(_MaxUnpool):
    """Put what `MaxPool3d` selected back where it was: each element at its index, zeros elsewhere.

    D_out = (D - 1) stride - 2 padding + KD, and H_out, W_out likewise; or `output_size`.

    Shapes: input and indices ((N,) C, D, H, W), output ((N,) C, D_out, H_out, W_out). `indices` (int64) are those of
    `MaxPool3d(..., return_indices=True)`; kernel_size, stride and padding are those of that layer.

    Call it with (input, indices), or (input, indices, output_size) with the shape of what was pooled. What is lost, repeated
    indices and the errors are as in `MaxUnpool2d`.

    Pictures: `viz.animate(layer, y, indices=indices)` draws each step, for y and indices without a batch.

    Example: D_out = (2 - 1) 2 - 0 + 2 = 4. The maxima of the cells 0 to 15 are 7 and 15, at the indices 7 and 15.

    >>> y, indices = nn.MaxPool3d(2, return_indices=True)(minitorch.arange(16.0).reshape(1, 1, 4, 2, 2))
    >>> nn.MaxUnpool3d(2)(y, indices).flatten()
    tensor([ 0.,  0.,  0.,  0.,  0.,  0.,  0.,  7.,  0.,  0.,  0.,  0.,  0.,  0.,
             0., 15.])
    """

    _rank, _function = 3, F.max_unpool3d


class _Adaptive(Layer):
    output_size: int | Sequence[int | None] | None

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


@layer(F.adaptive_avg_pool1d)
class AdaptiveAvgPool1d(_Adaptive):
    """The means of `output_size` windows, whatever the length of the signal.

    Window o has the cells floor(o L / output_size) to ceil((o + 1) L / output_size) - 1: all windows together cover the signal,
    and neighbors may share a cell.

    Shapes: input ((N,) C, L), output ((N,) C, output_size); None keeps L. Where output_size divides L it is `AvgPool1d(L /
    output_size)`; 1 is the mean of all. Raises RuntimeError for an `output_size` of another length or below 0.

    Pictures: `viz.explain(layer, (1, 8))` works the size out, `viz.animate(layer, (1, 8))` each output.

    Example: For L = 5 and 3 windows these are the cells 0 to 1, 1 to 3 and 3 to 4, with the means 1.5, 3 and 4.5.

    >>> nn.AdaptiveAvgPool1d(3)(minitorch.tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]]))
    tensor([[[1.5000, 3.0000, 4.5000]]])
    """


@layer(F.adaptive_avg_pool2d)
class AdaptiveAvgPool2d(_Adaptive):
    """The means of a grid of `output_size` windows, whatever the size of the image.

    Window o of a side has the cells floor(o H / H_out) to ceil((o + 1) H / H_out) - 1, and likewise in width.

    Shapes: input ((N,) C, H, W), output ((N,) C, H_out, W_out). `output_size` is one number or a pair; None keeps a size. With
    1 it is the mean of each channel, "global average pooling", before a last linear layer. Raises RuntimeError for an
    `output_size` of another length or below 0.

    Pictures: `viz.explain(layer, (1, 6, 6))` works the size out, `viz.animate(layer, (1, 6, 6))` each output.

    Example: The rows 0 to 1 and 1 to 2 of three, and the columns likewise. The first mean is (0 + 1 + 3 + 4) / 4 = 2.

    >>> x = minitorch.arange(9.0).reshape(1, 1, 3, 3)
    >>> nn.AdaptiveAvgPool2d(2)(x), nn.AdaptiveAvgPool2d((1, None))(x)
    (tensor([[[[2., 3.],
              [5., 6.]]]]), tensor([[[[3., 4., 5.]]]]))
    """


@layer(F.adaptive_avg_pool3d)
class AdaptiveAvgPool3d(_Adaptive):
    """The means of a grid of `output_size` windows, whatever the size of the volume.

    Window o of a side has the cells floor(o D / D_out) to ceil((o + 1) D / D_out) - 1, and likewise in height and width.

    Shapes: input ((N,) C, D, H, W), output ((N,) C, D_out, H_out, W_out). `output_size` is one number or a triple; None keeps a
    size. Raises RuntimeError for an `output_size` of another length or below 0.

    Pictures: `viz.explain(layer, (1, 4, 4, 4))` works the size out, `viz.animate(layer, (1, 4, 4, 4))` each output.

    Example: In depth the cells 0 to 1 and 1 to 2 of three; one window in height and width. The mean of 0 to 7 is 3.5.

    >>> nn.AdaptiveAvgPool3d((2, 1, 1))(minitorch.arange(12.0).reshape(1, 1, 3, 2, 2)).flatten()
    tensor([3.5000, 7.5000])
    """


class _AdaptiveMax(_Adaptive):
    return_indices: bool = False


@layer(F.adaptive_max_pool1d)
class AdaptiveMaxPool1d(_AdaptiveMax):
    """The maxima of `output_size` windows, whatever the length of the signal.

    Window o has the cells floor(o L / output_size) to ceil((o + 1) L / output_size) - 1: all windows together cover the signal,
    and neighbors may share a cell.

    Shapes: input ((N,) C, L), output ((N,) C, output_size); None keeps L. `return_indices` also returns the places of the
    maxima. Raises RuntimeError for an `output_size` of another length or below 0.

    Pictures: `viz.explain(layer, (1, 8))` works the size out, `viz.animate(layer, (1, 8))` each output.

    Example: For L = 5 and 3 windows these are the cells 0 to 1, 1 to 3 and 3 to 4.

    >>> nn.AdaptiveMaxPool1d(3)(minitorch.tensor([[[1.0, 5.0, 3.0, 2.0, 4.0]]]))
    tensor([[[5., 5., 4.]]])
    """


@layer(F.adaptive_max_pool2d)
class AdaptiveMaxPool2d(_AdaptiveMax):
    """The maxima of a grid of `output_size` windows, whatever the size of the image.

    Window o of a side has the cells floor(o H / H_out) to ceil((o + 1) H / H_out) - 1, and likewise in width.

    Shapes: input ((N,) C, H, W), output ((N,) C, H_out, W_out). `output_size` is one number or a pair; None keeps a size.
    `return_indices` also returns the places of the maxima, row * W + column. Raises RuntimeError for an `output_size` of
    another length or below 0.

    Pictures: `viz.explain(layer, (1, 6, 6))` works the size out, `viz.animate(layer, (1, 6, 6))` each output.

    Example: The rows 0 to 1 and 1 to 2 of three, and the columns likewise.

    >>> nn.AdaptiveMaxPool2d(2)(minitorch.arange(9.0).reshape(1, 1, 3, 3))
    tensor([[[[4., 5.],
              [7., 8.]]]])
    """


@layer(F.adaptive_max_pool3d)
class AdaptiveMaxPool3d(_AdaptiveMax):
    """The maxima of a grid of `output_size` windows, whatever the size of the volume.

    Window o of a side has the cells floor(o D / D_out) to ceil((o + 1) D / D_out) - 1, and likewise in height and width.

    Shapes: input ((N,) C, D, H, W), output ((N,) C, D_out, H_out, W_out). `output_size` is one number or a triple; None keeps a
    size. `return_indices` also returns the places of the maxima. Raises RuntimeError for an `output_size` of another length or
    below 0.

    Pictures: `viz.explain(layer, (1, 4, 4, 4))` works the size out, `viz.animate(layer, (1, 4, 4, 4))` each output.

    Example: In depth the cells 0 to 1 and 1 to 2 of three; one window in height and width.

    >>> nn.AdaptiveMaxPool3d((2, 1, 1))(minitorch.arange(12.0).reshape(1, 1, 3, 2, 2)).flatten()
    tensor([ 7., 11.])
    """
