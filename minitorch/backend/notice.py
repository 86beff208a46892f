"""Warnings that point to the line of the user's program, however deep in the package they arise."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn"]


def warn(message: str) -> None:
    """Warn of `message` at the first line, going outwards, that is not this package's."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("minitorch."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level - 1)
