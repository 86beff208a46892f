"""The line of the user's program that is at work, however deep in the package: for warnings, and for finding a nan."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

__all__ = ["users_frame", "warn"]


def users_frame() -> tuple[FrameType, int]:
    """The first frame, going outwards, that is not this package's; and how many lie between it and the caller."""
    frame, level = sys._getframe(1), 0
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("minitorch."):
        frame, level = frame.f_back, level + 1
    return frame, level


def warn(message: str) -> None:
    """Warn of `message` at the user's line."""
    _, level = users_frame()
    warnings.warn(message, stacklevel=level + 1)
