"""Images on another grid: borders that repeat the image, other sizes, and channels traded for resolution.

All of it picks cells along each dimension in turn, by an index worked out beforehand, so its derivative is that of `x[index]`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, on_device_of, xp
from minitorch.backend.callsite import warn
from minitorch.backend.errors import refuse_if_too_large
from minitorch.ops.elementwise import check_floating, in_single
from minitorch.ops.indexing import getitem
from minitorch.ops.node_names import node_name
from minitorch.ops.pooling import adaptive_avg_pool
from minitorch.ops.shape import clone, constant_pad, permute, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def _pick(x: Tensor, dim: int, index: Array) -> Tensor:
    """The slices of x along `dim` that `index` names."""
    return getitem(x, (slice(None),) * dim + (index,))


# ---- borders -----------------------------------------------------------------------------------------------------------


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """A border around the last dimensions: `pad` is (before, after) of the last one, then of the one before, ...

    Negative widths cut. `mode` says what the border is of:
        constant     `value`, 0 by default
        reflect      the image mirrored at its edge cell:   c b | a b c | b a
        replicate    the edge cell again and again:         a a | a b c | c c
        circular     the image from its other end:          b c | a b c | a b

    Raises RuntimeError for an odd number of widths, or more than the dimensions have; NotImplementedError for another mode.

    >>> x = minitorch.tensor([[1.0, 2.0, 3.0]])
    >>> F.pad(x, (2, 1)), F.pad(x, (2, 1), "reflect"), F.pad(x, (0, -1))
    (tensor([[0., 0., 1., 2., 3., 0.]]), tensor([[3., 2., 1., 2., 3., 2.]]), tensor([[1., 2.]]))
    """
    if not isinstance(pad, (tuple, list)) or not all(hasattr(w, "__index__") for w in pad):
        raise TypeError(f"pad(): argument 'pad' (position 2) must be tuple of ints, not {pad!r}")
    if len(pad) % 2:
        raise RuntimeError(f"pad: each dimension needs two widths, before and after, but got {len(pad)} widths: {list(pad)}")
    if len(pad) > 2 * input.ndim:
        raise RuntimeError(
            f"pad: {len(pad)} widths are for the last {len(pad) // 2} dimensions, and the input has {input.ndim}: "
            f"{list(input.shape)}; give at most {2 * input.ndim}"
        )
    pairs = [(int(pad[i]), int(pad[i + 1])) for i in range(0, len(pad), 2)]
    widths = [(0, 0)] * (input.ndim - len(pairs)) + pairs[::-1]
    if mode == "constant":
        return constant_pad(input, widths, 0.0 if value is None else getattr(value, "item", lambda: value)())
    if mode not in _BORDERS:
        raise NotImplementedError(f"pad: Unrecognised padding mode {mode!r}; there are constant, {', '.join(_BORDERS)}")
    if value:
        raise RuntimeError(f'pad: Padding mode "{mode}" doesn\'t take in value argument, and was given {value}')
    if input.ndim not in (len(pairs) + 1, len(pairs) + 2):
        raise NotImplementedError(
            f"pad: in mode {mode!r} {len(pad)} widths are for the last {len(pairs)} dimensions of a {len(pairs) + 1}D or "
            f"{len(pairs) + 2}D input, and this one is {input.ndim}D: {list(input.shape)}"
        )
    if 0 in input.shape[-len(pairs) - 1 :]:
        raise RuntimeError(f"pad: Expected non-zero sizes except for the batch in mode {mode!r}, but got: {list(input.shape)}")
    padded = input
    for dim, (before, after) in enumerate(widths):
        if before or after:
            padded = _border(padded, dim, before, after, mode)
    return clone(input) if padded is input else padded


_BORDERS = {  # the cell of n whose value cell i gets; i may lie outside
    "reflect": lambda i, n: n - 1 - xp.absolute(n - 1 - xp.absolute(i)),
    "replicate": lambda i, n: xp.clip(i, 0, n - 1),
    "circular": lambda i, n: i % n,
}


def _border(x: Tensor, dim: int, before: int, after: int, mode: str) -> Tensor:
    n = x.shape[dim]
    most = {"reflect": n - 1, "circular": n}.get(mode, max(before, after))
    if max(before, after) > most:
        raise RuntimeError(
            f"pad: Padding size should be at most {most} at dimension {dim} of the input, of size {n}, in mode {mode!r}, "
            f"but got: padding ({before}, {after})"
        )
    if n + before + after < 1 or (mode == "circular" and n + min(before, 0) + min(after, 0) < 1):
        raise RuntimeError(f"pad: input of size {n} is too small at dimension {dim} for padding ({before}, {after})")
    if mode == "circular" and (before < 0 or after < 0):  # what is cut off does not come back at the other end
        x = constant_pad(x, [(min(before, 0), min(after, 0)) if d == dim else (0, 0) for d in range(x.ndim)])
        before, after, n = max(before, 0), max(after, 0), x.shape[dim]
    return _pick(x, dim, _BORDERS[mode](xp.arange(-before, n + after), n))


# ---- other sizes -------------------------------------------------------------------------------------------------------

_LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}  # and for how many dimensions


@in_single
def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:
    """An image (N, C, *size) on a grid of another size, given as `size` or as `scale_factor`, a number or one a dimension.

    Output cell i looks at place  s i  of the input ('nearest'), or at  s (i + 1/2) - 1/2, as if cells were areas. There
    'nearest-exact' takes the nearest cell, 'linear', 'bilinear' and 'trilinear' mix the two neighbours on each of one, two,
    three dimensions, and 'bicubic' four on each of two (Keys 1981, with a = -0.75). s is n / out, or 1 / scale_factor unless
    `recompute_scale_factor`. With `align_corners` the first and last cells of input and output coincide, as if cells were
    points: place  i (n - 1) / (out - 1). 'area' averages.

    Raises ValueError unless one of `size` and `scale_factor` is given, NotImplementedError for a mode that is not for this
    rank.

    Example: Of 2 cells at 0 and 1, the 4 cells look at -0.25 (taken for 0), 0.25, 0.75 and 1.25 (taken for 1).

    >>> x = minitorch.tensor([[[0.0, 8.0]]])
    >>> F.interpolate(x, scale_factor=2), F.interpolate(x, size=4, mode="linear")
    (tensor([[[0., 0., 8., 8.]]]), tensor([[[0., 2., 6., 8.]]]))
    >>> F.interpolate(x, size=5, mode="linear", align_corners=True)
    tensor([[[0., 2., 4., 6., 8.]]])
    """
    rank = input.ndim - 2
    if mode not in (*_LINEAR, "nearest", "nearest-exact", "area"):
        raise NotImplementedError(
            f"interpolate: the modes are nearest | linear | bilinear | bicubic | trilinear | area | nearest-exact, not {mode!r}"
        )
    if rank not in (1, 2, 3):
        raise NotImplementedError(
            f"interpolate: Only 3D, 4D and 5D input Tensors supported, (N, C, *size), but got {input.ndim}D: "
            f"{list(input.shape)}"
        )
    if _LINEAR.get(mode, rank) != rank:
        right = next(word for word, r in _LINEAR.items() if r == rank)
        raise NotImplementedError(
            f"interpolate: Got {input.ndim}D input, but {mode} mode needs {_LINEAR[mode] + 2}D input; {right!r} takes this one"
        )
    if align_corners is not None and mode not in _LINEAR:
        raise ValueError(
            f"interpolate: align_corners option can only be set with the interpolating modes: {' | '.join(_LINEAR)}, not {mode}"
        )
    old = tuple(input.shape[2:])
    out, factors = _sizes(old, size, scale_factor, recompute_scale_factor)
    if any(n < 1 for n in (*old, *out)) or input.shape[1] == 0:
        raise RuntimeError(
            f"interpolate: Input and output sizes should be greater than 0, but got input {list(input.shape)} and output size "
            f"{list(out)}"
        )
    refuse_if_too_large("interpolate", [*input.shape[:2], *out], input._array.itemsize)
    if input.dtype.name != "uint8" or not mode.startswith("nearest"):
        check_floating("interpolate", input)
    if mode == "area":
        return adaptive_avg_pool(rank, input, out)
    resized = input
    real = input._array.dtype if input._array.dtype.itemsize >= 4 else xp.dtype(xp.float32)
    for dim, (n, m, factor) in enumerate(zip(old, out, factors, strict=True), 2):
        i = xp.arange(m)
        if mode not in _LINEAR:
            resized = _pick(resized, dim, _nearest(i.astype(real), n, m, factor, mode))
        elif mode == "bicubic":
            if n != m or factor not in (None, 1.0):
                resized = _cubic(resized, dim, _places(i.astype(real), n, m, factor, bool(align_corners), -math.inf))
        elif n != m:
            place = _places(i.astype(real), n, m, factor, bool(align_corners))
            resized = _mix(resized, dim, xp.minimum(place.astype(xp.int64), n - 1), place)
    return clone(input) if resized is input else resized


def upsample(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """`interpolate` under an old name, which warns.

    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     F.upsample(minitorch.tensor([[[0.0, 8.0]]]), scale_factor=2)
    tensor([[[0., 0., 8., 8.]]])
    """
    warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.")
    return interpolate(input, size, scale_factor, mode, align_corners)


def _sizes(old: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool | None) -> tuple[Any, tuple[float | None, ...]]:
    """The size asked for, and for each dimension the factor that is to be used instead of the ratio of sizes, or None."""
    rank = len(old)
    if (size is None) == (scale_factor is None):
        both = "either size or scale_factor should" if size is None else "only one of size or scale_factor should"
        raise ValueError(f"interpolate: {both} be defined")
    if size is not None:
        if recompute:
            raise ValueError("interpolate: recompute_scale_factor is not meaningful with an explicit size.")
        out = tuple(size) if isinstance(size, (tuple, list)) else (size,) * rank
        if len(out) != rank:
            raise ValueError(
                f"interpolate: the input has {rank} spatial dimensions, {list(old)}, and size has {len(out)}: {size}; an int "
                "stands for all of them"
            )
        if not all(hasattr(n, "__index__") for n in out):
            raise TypeError(f"interpolate: size must be an int or a tuple of ints, not {size!r}")
        return out, (None,) * rank
    factors = tuple(scale_factor) if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * rank
    if len(factors) != rank:
        raise ValueError(
            f"interpolate: the input has {rank} spatial dimensions, {list(old)}, and scale_factor has {len(factors)}: "
            f"{scale_factor}; a number stands for all of them"
        )
    if not all(isinstance(f, (int, float)) and math.isfinite(f) for f in factors):
        raise TypeError(f"interpolate: scale_factor must be a finite number or a tuple of them, not {scale_factor!r}")
    out = tuple(math.floor(n * f) for n, f in zip(old, factors, strict=True))
    return out, (None,) * rank if recompute else tuple(map(float, factors))


def _nearest(i: Array, n: int, m: int, factor: float | None, mode: str) -> Array:
    """The cells of n that the cells i of m take their value from. PyTorch rounds the place to float32 before it is cut."""
    if mode == "nearest" and m in (n, 2 * n) and factor in (None, m // n):
        return (i // (m // n)).astype(xp.int64)
    place = i if mode == "nearest" else i + i.dtype.type(0.5)
    scale = i.dtype.type(n / m if factor is None else 1 / factor)
    return xp.minimum((place * scale).astype(xp.float32).astype(xp.int64), n - 1)


def _cubic(x: Tensor, dim: int, place: Array) -> Tensor:
    """The mix of four cells around each place, with weights w(distance), cubic polynomials that sum to 1."""
    a, left = -0.75, xp.floor(place)
    total: Any = 0.0
    for offset in range(-1, 3):
        d = xp.absolute(place - left - offset)
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        weight = xp.where(d <= 1, near, far).astype(x._array.dtype).reshape(-1, *(1,) * (x.ndim - dim - 1))
        cell = xp.clip(left + offset, 0, x.shape[dim] - 1).astype(xp.int64)
        total = total + _pick(x, dim, cell) * wrap(on_device_of(weight, x._array))
    return total


def _places(i: Array, n: int, m: int, factor: float | None, align_corners: bool, least: float = 0) -> Array:
    """Where in n cells the cells i of m look, at least at the first."""
    if align_corners:
        return i * i.dtype.type((n - 1) / (m - 1) if m > 1 else 0)
    scale = i.dtype.type(n / m if factor is None else 1 / factor)
    return xp.maximum((i + i.dtype.type(0.5)) * scale - i.dtype.type(0.5), i.dtype.type(least))


def _mix(x: Tensor, dim: int, left: Array, place: Array) -> Tensor:
    """Between the cell `left` of a place and the next one, in proportion to the distance."""
    n = x.shape[dim]
    weight = xp.clip(place - left, 0, 1).astype(x._array.dtype).reshape(-1, *(1,) * (x.ndim - dim - 1))
    return _pick(x, dim, left) * wrap(on_device_of(1 - weight, x._array)) + _pick(x, dim, xp.minimum(left + 1, n - 1)) * wrap(
        on_device_of(weight, x._array)
    )


# ---- channels for resolution -------------------------------------------------------------------------------------------


@node_name("PixelShuffle0")
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """input (*, C r^2, H, W) as (*, C, H r, W r): r^2 channels become the r by r cells of one (Shi et al. 2016).

    Raises RuntimeError for a number of channels that r^2 does not divide.

    >>> F.pixel_shuffle(minitorch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(4, 1, 1), 2)
    tensor([[[1., 2.],
             [3., 4.]]])
    """
    r = _factor("pixel_shuffle", "upscale_factor", input, upscale_factor)
    *batch, c, h, w = input.shape
    if c % (r * r):
        raise RuntimeError(
            f"pixel_shuffle: {c} channels cannot be shared out as upscale_factor * upscale_factor = {r} * {r} = {r * r} cells "
            f"each: {r * r * max(1, round(c / (r * r)))} channels would do"
        )
    x = reshape(input, (math.prod(batch), c // (r * r), r, r, h, w))
    return reshape(clone(permute(x, (0, 1, 4, 2, 5, 3))), (*batch, c // (r * r), h * r, w * r))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """input (*, C, H r, W r) as (*, C r^2, H, W): undoes `pixel_shuffle`.

    Raises RuntimeError for a height or width that r does not divide.

    >>> F.pixel_unshuffle(minitorch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 2).flatten()
    tensor([1., 2., 3., 4.])
    """
    r = _factor("pixel_unshuffle", "downscale_factor", input, downscale_factor)
    *batch, c, h, w = input.shape
    for name, place, n in (("height", -2, h), ("width", -1, w)):
        if n % r:
            raise RuntimeError(
                f"pixel_unshuffle: a {name} of {n} (dimension {place}) is no multiple of downscale_factor = {r}: "
                f"{r * max(1, round(n / r))} would do"
            )
    x = reshape(input, (math.prod(batch), c, h // r, r, w // r, r))
    return reshape(clone(permute(x, (0, 1, 3, 5, 2, 4))), (*batch, c * r * r, h // r, w // r))


def _factor(name: str, parameter: str, input: Tensor, factor: int) -> int:
    if input.ndim < 3:
        raise RuntimeError(
            f"{name}: expected an input (*, C, H, W) of at least 3 dimensions, but got {input.ndim}: {list(input.shape)}"
        )
    if factor < 1:
        raise RuntimeError(f"{name}: {parameter} must be positive, but got {factor}")
    return factor
