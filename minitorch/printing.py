"""How a tensor prints: PyTorch's layout, four digits, columns aligned, long ones shortened with `...`."""

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
    """How tensors print from now on: digits after the point; elements from which on a printout is shortened; items shown at
    each end then; characters a line; scientific notation always, never, or (None) where it is needed.

    `profile` sets all but the last: 'default', 'short' or 'full'.
    """
    if profile is not None:
        if not isinstance(profile, str) or profile not in _PROFILES:
            raise ValueError(f"set_printoptions: profile must be one of {list(_PROFILES)}, not {profile!r}")
        vars(_options).update(_PROFILES[profile])
    for name, value, least in (("precision", precision, 0), ("edgeitems", edgeitems, 1), ("linewidth", linewidth, 1)):
        if value is not None and (isinstance(value, bool) or not hasattr(value, "__index__")):
            raise TypeError(f"set_printoptions: {name} must be an int, not {type(value).__name__}")
        if value is not None and not least <= value <= 10_000:
            raise ValueError(f"set_printoptions: {name} must be between {least} and 10000, not {value}")
    if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, (int, float))):
        raise TypeError(f"set_printoptions: threshold must be a number, not {type(threshold).__name__}")
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    vars(_options).update({name: value for name, value in given.items() if value is not None})
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
        text = _lines(array, len(prefix), summarize, _Format(_edges(array) if summarize else array))
    text = prefix + text
    width = len(text) - text.rfind("\n") - 1
    for suffix in suffixes:
        if width + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * len(prefix) + suffix
            width = len(prefix) + len(suffix)
        else:
            text += ", " + suffix
            width += len(suffix) + 2
    return text + ")"


class _Format:
    """One width and one notation for all values of a tensor."""

    def __init__(self, values: Array) -> None:
        self.floating = values.dtype.kind == "f"
        self.scientific = self.whole = False
        self.width = 1
        flat = values.reshape(-1)
        if self.floating:
            shown = flat[xp.isfinite(flat) & (flat != 0)].astype(xp.float64)
            self.whole = bool(xp.all(shown == xp.ceil(shown)))
            if shown.size:
                low, high = float(xp.abs(shown).min()), float(xp.abs(shown).max())
                self.scientific = high / low > 1000 or high > 1e8 or (low < 1e-4 and not self.whole)
            if _options.sci_mode is not None:
                self.scientific = _options.sci_mode
            self.width = max([self.width, *(len(self.raw(v)) for v in shown.tolist())])
        else:
            self.width = max(len(str(v)) for v in flat.tolist())

    def raw(self, value: Any) -> str:
        if not self.floating:
            return str(value)
        if self.scientific:
            return f"{value:.{_options.precision}e}"
        if self.whole:
            return f"{value:.0f}" + ("." if math.isfinite(value) else "")
        return f"{value:.{_options.precision}f}"

    def __call__(self, value: Any) -> str:
        return self.raw(value).rjust(self.width)


def _edges(array: Array) -> Array:
    """The values that a shortened printout shows."""
    few = _options.edgeitems
    return array[xp.ix_(*([*range(few), *range(n - few, n)] if n > 2 * few else range(n) for n in array.shape))]


def _lines(array: Array, indent: int, summarize: bool, form: _Format) -> str:
    if array.ndim == 0:
        return form(array.item())
    cut = summarize and len(array) > 2 * _options.edgeitems
    shown = [*range(_options.edgeitems), *range(len(array) - _options.edgeitems, len(array))] if cut else range(len(array))
    if array.ndim == 1:
        parts = [form(array[i].item()) for i in shown]
        if cut:
            parts.insert(_options.edgeitems, " ...")
        per_line = max(1, (_options.linewidth - indent) // (form.width + 2))
        rows = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(rows) + "]"
    parts = [_lines(array[i], indent + 1, summarize, form) for i in shown]
    if cut:
        parts.insert(_options.edgeitems, "...")
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"
