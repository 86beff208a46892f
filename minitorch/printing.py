"""How a tensor prints: PyTorch's layout, four digits, columns aligned, long ones shortened with `...`."""

from __future__ import annotations

import math
from typing import Any

from minitorch.backend.arrays import Array, xp

__all__ = ["tensor_text"]

PRECISION, THRESHOLD, EDGE_ITEMS, LINE_WIDTH = 4, 1000, 3, 80


def tensor_text(array: Array, suffixes: list[str]) -> str:
    """`tensor(...)` with the values of `array` and `suffixes` such as dtype=..."""
    prefix = "tensor("
    if array.size == 0:
        text = "[]"
        if array.ndim != 1:
            suffixes = [f"size={tuple(array.shape)}", *suffixes]
    else:
        summarize = array.size > THRESHOLD
        text = _lines(array, len(prefix), summarize, _Format(_edges(array) if summarize else array))
    text = prefix + text
    width = len(text) - text.rfind("\n") - 1
    for suffix in suffixes:
        if width + len(suffix) + 2 > LINE_WIDTH:
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
            self.width = max([self.width, *(len(self.raw(v)) for v in shown.tolist())])
        else:
            self.width = max(len(str(v)) for v in flat.tolist())

    def raw(self, value: Any) -> str:
        if not self.floating:
            return str(value)
        if self.scientific:
            return f"{value:.{PRECISION}e}"
        if self.whole:
            return f"{value:.0f}" + ("." if math.isfinite(value) else "")
        return f"{value:.{PRECISION}f}"

    def __call__(self, value: Any) -> str:
        return self.raw(value).rjust(self.width)


def _edges(array: Array) -> Array:
    """The values that a shortened printout shows."""
    for axis, n in enumerate(array.shape):
        if n > 2 * EDGE_ITEMS:
            array = xp.take(array, [*range(EDGE_ITEMS), *range(n - EDGE_ITEMS, n)], axis=axis)
    return array


def _lines(array: Array, indent: int, summarize: bool, form: _Format) -> str:
    if array.ndim == 0:
        return form(array.item())
    cut = summarize and len(array) > 2 * EDGE_ITEMS
    shown = [*range(EDGE_ITEMS), *range(len(array) - EDGE_ITEMS, len(array))] if cut else range(len(array))
    if array.ndim == 1:
        parts = [form(array[i].item()) for i in shown]
        if cut:
            parts.insert(EDGE_ITEMS, " ...")
        per_line = max(1, (LINE_WIDTH - indent) // (form.width + 2))
        rows = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(rows) + "]"
    parts = [_lines(array[i], indent + 1, summarize, form) for i in shown]
    if cut:
        parts.insert(EDGE_ITEMS, "...")
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"
