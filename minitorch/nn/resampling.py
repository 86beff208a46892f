"""Upsample and its old forms, Unfold, Fold, PixelShuffle and PixelUnshuffle."""

from __future__ import annotations

from collections.abc import Sequence

from minitorch.nn import functional as F
from minitorch.nn.layer import Layer, layer

__all__ = ["Fold", "PixelShuffle", "PixelUnshuffle", "Unfold", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]


@layer(F.interpolate)
class Upsample(Layer):
    """Resize images, volumes or signals; it has nothing to learn (`ConvTranspose2d` does).

    out = floor(size * scale_factor), or the `size` given

    Shapes: input (N, C, *size), output (N, C, *out), of one, two or three dimensions. `mode` is 'nearest', 'linear' (1d),
    'bilinear' or 'bicubic' (2d), or 'trilinear' (3d); `nn.functional.interpolate` has their formulas, `align_corners` and
    errors.

    >>> x = minitorch.tensor([[[[0.0, 4.0]]]])
    >>> nn.Upsample(scale_factor=2)(x)
    tensor([[[[0., 0., 4., 4.],
              [0., 0., 4., 4.]]]])
    >>> nn.Upsample(size=(1, 3), mode="bilinear", align_corners=True)(x)
    tensor([[[[0., 2., 4.]]]])
    """

    size: int | Sequence[int] | None = None
    scale_factor: float | Sequence[float] | None = None
    mode: str = "nearest"
    align_corners: bool | None = None
    recompute_scale_factor: bool | None = None

    def __post_init__(self) -> None:
        scale = self.scale_factor
        if scale is not None:
            self.scale_factor = tuple(map(float, scale)) if isinstance(scale, (tuple, list)) else float(scale)  # type: ignore[arg-type]

    def extra_repr(self) -> str:
        size = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{size}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Upsample(mode="nearest"), which replaces it.

    >>> nn.UpsamplingNearest2d(scale_factor=2)(minitorch.tensor([[[[0.0, 4.0]]]]))
    tensor([[[[0., 0., 4., 4.],
              [0., 0., 4., 4.]]]])
    """

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Upsample(mode="bilinear", align_corners=True), which replaces it.

    >>> nn.UpsamplingBilinear2d(size=(1, 3))(minitorch.tensor([[[[0.0, 4.0]]]]))
    tensor([[[[0., 2., 4.]]]])
    """

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


@layer(F.unfold)
class Unfold(Layer):
    """The windows of an image as columns (im2col).

    windows = the product of floor((size + 2 padding - dilation (kernel - 1) - 1) / stride + 1) over height and width

    Shapes: input ((N,) C, H, W), output ((N,) C * prod kernel, windows), row by row. A convolution is the product of the
    weight, as a matrix, with these columns. Raises RuntimeError where no window fits.

    Example: (3 - 2 + 1)^2 = 4 windows of 2 x 2; the first column is the window 0, 1, 3, 4.

    >>> nn.Unfold(kernel_size=2)(minitorch.arange(9.0).reshape(1, 1, 3, 3))
    tensor([[[0., 1., 3., 4.],
             [1., 2., 4., 5.],
             [3., 4., 6., 7.],
             [4., 5., 7., 8.]]])
    """

    kernel_size: int | Sequence[int]
    dilation: int | Sequence[int] = 1
    padding: int | Sequence[int] = 0
    stride: int | Sequence[int] = 1


@layer(F.fold)
class Fold(Layer):
    """Columns, added into an image: the transpose of `Unfold`, and no inverse of it, where windows overlap.

    Shapes: input ((N,) C * prod kernel, windows), output ((N,) C, *output_size). fold(unfold(x)) is x times the number of
    windows that see each cell. Raises RuntimeError for a number of columns or rows that does not belong to the windows.

    >>> columns = nn.Unfold(kernel_size=2)(minitorch.ones(1, 1, 3, 3))
    >>> nn.Fold(output_size=3, kernel_size=2)(columns)
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """

    output_size: int | Sequence[int]
    kernel_size: int | Sequence[int]
    dilation: int | Sequence[int] = 1
    padding: int | Sequence[int] = 0
    stride: int | Sequence[int] = 1


@layer(F.pixel_shuffle)
class PixelShuffle(Layer):
    """Channels as pixels: r^2 channels become the r by r cells of one, for r = upscale_factor (Shi et al. 2016).

    y[c, h r + i, w r + j] = x[c r^2 + i r + j, h, w]

    Shapes: input (*, C r^2, H, W), output (*, C, H r, W r). Raises RuntimeError for a number of channels that r^2 does not
    divide.

    >>> nn.PixelShuffle(2)(minitorch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1, 1))
    tensor([[[[1., 2.],
              [3., 4.]]]])
    """

    upscale_factor: int


@layer(F.pixel_unshuffle)
class PixelUnshuffle(Layer):
    """Pixels as channels: the inverse of `PixelShuffle`, for r = downscale_factor.

    Shapes: input (*, C, H r, W r), output (*, C r^2, H, W). Raises RuntimeError for a height or width that r does not divide.

    >>> nn.PixelUnshuffle(2)(minitorch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).flatten()
    tensor([1., 2., 3., 4.])
    """

    downscale_factor: int
