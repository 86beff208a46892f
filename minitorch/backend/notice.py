"""The line of the user's program that is at work, however deep in the package: for warnings, finding a nan, and pictures."""

from __future__ import annotations

import linecache
import sys
import warnings
from types import FrameType
from typing import NamedTuple

__all__ = ["Line", "users_frame", "users_line", "warn"]


class Line(NamedTuple):
    """A line of a program."""

    file: str
    number: int
    function: str
    text: str

    def __str__(self) -> str:
        return f'File "{self.file}", line {self.number}, in {self.function}' + (f": {self.text}" if self.text else "")


def users_frame() -> tuple[FrameType, int]:
    """The first frame, going outwards, that is not this package's; and how many lie between it and the caller."""
    frame, level = sys._getframe(1), 0
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("minitorch."):
        frame, level = frame.f_back, level + 1
    return frame, level


def users_line() -> Line:
    """The line of the user's program that is being executed."""
    frame, _ = users_frame()
    file, number = frame.f_code.co_filename, frame.f_lineno
    return Line(file, number, frame.f_code.co_name, linecache.getline(file, number).strip())


def warn(message: str) -> None:
    """Warn of `message` at the user's line."""
    _, level = users_frame()
    warnings.warn(message, stacklevel=level + 1)
