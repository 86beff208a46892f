"""Tensor printing in PyTorch's layout: four digits, aligned columns, long tensors summarized with `...`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from minitorch.backend.arrays import Array, xp

__all__ = ["set_printoptions", "tensor_text"]


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options = _Options()
_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print. `precision`: digits after the point; `threshold`: tensors with more elements are summarized, with
    `edgeitems` items at each end; `linewidth`: characters per line; `sci_mode`: True, False, or None (if needed).

    `profile` is 'default', 'short' or 'full'. It sets all options but `sci_mode`.

    >>> minitorch.set_printoptions(precision=2)
    >>> minitorch.tensor([3.14159])
    tensor([3.14])
    >>> minitorch.set_printoptions(profile="default")
    """
    if profile is not None:
        if not isinstance(profile, str) or profile not in _PROFILES:
            raise ValueError(f"set_printoptions: profile must be one of {list(_PROFILES)}, not {profile!r}")
        vars(_options).update(_PROFILES[profile])
    for name, value, least in (("precision", precision, 0), ("edgeitems", edgeitems, 1), ("linewidth", linewidth, 1)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, xp.integer))):
            raise TypeError(f"set_printoptions: {name} must be an int, not {type(value).__name__}")
        if value is not None and not least <= value <= 10_000:
            raise ValueError(f"set_printoptions: {name} must be between {least} and 10000, not {value}")
    if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, (int, float))):
        raise TypeError(f"set_printoptions: threshold must be a number, not {type(threshold).__name__}")
    options = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    vars(_options).update({name: value for name, value in options.items() if value is not None})
    _options.sci_mode = sci_mode


def tensor_text(array: Array, suffixes: list[str]) -> str:
    """`tensor(...)` with the values of `array` and `suffixes` such as dtype=..."""
    prefix = "tensor("
    if array.size == 0:
        text = "[]"
        if array.ndim != 1:
            suffixes = [f"size={tuple(array.shape)}", *suffixes]
    else:
        summarize = array.size > _options.threshold
        text = _nested_text(array, len(prefix), summarize, _Formatter(_summarized(array) if summarize else array))
    text = prefix + text
    width = len(text) - text.rfind("\n") + 1  # PyTorch counts two more
    for suffix in suffixes:
        if width + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * len(prefix) + suffix
            width = len(prefix) + len(suffix)
        else:
            text += ", " + suffix
            width += len(suffix) + 2
    return text + ")"


class _Formatter:
    """Formats all values of a tensor with one width and one notation."""

    def __init__(self, values: Array) -> None:
        self.floating = values.dtype.kind == "f"
        self.sci_mode = self.integral = False
        self.width = 1
        flat = values.reshape(-1)
        if self.floating:
            nonzero = flat[xp.isfinite(flat) & (flat != 0)].astype(xp.float64)
            self.integral = bool(xp.all(nonzero == xp.ceil(nonzero)))
            if nonzero.size:
                low, high = float(xp.abs(nonzero).min()), float(xp.abs(nonzero).max())
                self.sci_mode = high / low > 1000 or high > 1e8 or (low < 1e-4 and not self.integral)
            if _options.sci_mode is not None:
                self.sci_mode = _options.sci_mode
            self.width = max([self.width, *(len(self.unaligned(v)) for v in nonzero.tolist())])
        else:
            self.width = max(len(str(v)) for v in flat.tolist())

    def unaligned(self, value: Any) -> str:
        if not self.floating:
            return str(value)
        if self.sci_mode:
            return f"{value:.{_options.precision}e}"
        if self.integral:
            return f"{value:.0f}" + ("." if math.isfinite(value) else "")
        return f"{value:.{_options.precision}f}"

    def __call__(self, value: Any) -> str:
        return self.unaligned(value).rjust(self.width)


def _summarized(array: Array) -> Array:
    """The values that a summarized tensor shows."""
    k = _options.edgeitems
    return array[xp.ix_(*([*range(k), *range(n - k, n)] if n > 2 * k else range(n) for n in array.shape))]


def _nested_text(array: Array, indent: int, summarize: bool, formatter: _Formatter) -> str:
    if array.ndim == 0:
        return formatter(array.item())
    cut = summarize and len(array) > 2 * _options.edgeitems
    indices = [*range(_options.edgeitems), *range(len(array) - _options.edgeitems, len(array))] if cut else range(len(array))
    if array.ndim == 1:
        parts = [formatter(array[i].item()) for i in indices]
        if cut:
            parts.insert(_options.edgeitems, " ...")
        per_line = max(1, (_options.linewidth - indent) // (formatter.width + 2))
        rows = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(rows) + "]"
    parts = [_nested_text(array[i], indent + 1, summarize, formatter) for i in indices]
    if cut:
        parts.insert(_options.edgeitems, "...")
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"
