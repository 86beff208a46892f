"""Where did the nan come from? In this mode every node notes the line that made it, and backward stops at the first nan.

with autograd.detect_anomaly():
    loss = model(x).log().mean()
    loss.backward()              # RuntimeError: ... the line in your program whose derivative is nan
"""

from __future__ import annotations

import linecache
from typing import Any

from minitorch.backend.arrays import xp
from minitorch.backend.notice import users_frame

__all__ = ["detect_anomaly", "is_anomaly_enabled", "set_detect_anomaly"]


class _Mode:
    enabled = False
    check_nan = True


state = _Mode()


def is_anomaly_enabled() -> bool:
    """Whether the mode is on."""
    return state.enabled


class set_detect_anomaly:
    """Switch the mode on or off now; as a context manager, back at the end of the block. It makes everything slower."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = state.enabled, state.check_nan
        state.enabled, state.check_nan = mode, check_nan

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        state.enabled, state.check_nan = self._before


class detect_anomaly:
    """The mode for a block: what is recorded inside says where it was, and a nan in backward raises RuntimeError."""

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan

    def __enter__(self) -> None:
        self._switch = set_detect_anomaly(True, self._check_nan)

    def __exit__(self, *exception: object) -> None:
        self._switch.__exit__()


def calling_line() -> str:
    """The line of the user's program that is being executed: its file, number and text."""
    frame, _ = users_frame()
    file, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, number).strip()
    return f'File "{file}", line {number}, in {frame.f_code.co_name}' + (f": {text}" if text else "")


def check_for_nan(node: Any, results: tuple[Any, ...]) -> None:
    """Raise RuntimeError if a gradient that a node returned holds a nan."""
    for i, grad in enumerate(results):
        if state.check_nan and grad is not None and xp.isnan(getattr(grad, "_array", grad)).any():
            made = node.__dict__.get("made_at")
            where = f"was called at {made}" if made else "was recorded before the mode was switched on: do that earlier"
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output. Its forward {where}")
