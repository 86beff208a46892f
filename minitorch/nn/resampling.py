"""Upsample and its old forms, Unfold, Fold, PixelShuffle and PixelUnshuffle."""

from __future__ import annotations

from collections.abc import Sequence

from minitorch.nn import functional as F
from minitorch.nn.layer import Layer, layer

__all__ = ["Fold", "PixelShuffle", "PixelUnshuffle", "Unfold", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]


@layer(F.interpolate)
class Upsample(Layer):
    """Resize (N, C, *size); `nn.functional.interpolate` describes each `mode`"""

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
    """Upsample(mode="nearest"), which replaces it"""

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Upsample(mode="bilinear", align_corners=True), which replaces it"""

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


@layer(F.unfold)
class Unfold(Layer):
    """The windows of ((N,) C, H, W) as columns ((N,) C * prod kernel, windows)"""

    kernel_size: int | Sequence[int]
    dilation: int | Sequence[int] = 1
    padding: int | Sequence[int] = 0
    stride: int | Sequence[int] = 1


@layer(F.fold)
class Fold(Layer):
    """Columns ((N,) C * prod kernel, windows), summed into ((N,) C, *output_size)"""

    output_size: int | Sequence[int]
    kernel_size: int | Sequence[int]
    dilation: int | Sequence[int] = 1
    padding: int | Sequence[int] = 0
    stride: int | Sequence[int] = 1


@layer(F.pixel_shuffle)
class PixelShuffle(Layer):
    """(*, C r^2, H, W) as (*, C, H r, W r), for r = upscale_factor"""

    upscale_factor: int


@layer(F.pixel_unshuffle)
class PixelUnshuffle(Layer):
    """(*, C, H r, W r) as (*, C r^2, H, W), for r = downscale_factor"""

    downscale_factor: int
