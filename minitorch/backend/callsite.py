"""The line of the program that called, however deep in the package: for warnings, tracebacks, anomaly detection and
pictures.
"""

from __future__ import annotations

import linecache
import sys
import warnings
from types import FrameType, TracebackType
from typing import NamedTuple

__all__ = ["Line", "user_frame", "user_line", "warn", "without_internal_frames"]


class Line(NamedTuple):
    """A line of a program."""

    file: str
    number: int
    function: str
    text: str

    def __str__(self) -> str:
        return f'File "{self.file}", line {self.number}, in {self.function}' + (f": {self.text}" if self.text else "")


def is_internal(frame: FrameType) -> bool:
    """Whether a frame runs code of this package."""
    return str(frame.f_globals.get("__name__")).startswith("minitorch.")


def user_frame() -> tuple[FrameType, int]:
    """The first frame, going outwards, that is not this package's; and how many lie between it and the caller."""
    frame, level = sys._getframe(1), 0
    while frame.f_back is not None and is_internal(frame):
        frame, level = frame.f_back, level + 1
    return frame, level


def without_internal_frames(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this package, but for the innermost, which raised. `python -X dev` shows them all."""
    entries = []
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    kept = None
    for entry in reversed(entries):
        if kept is None or sys.flags.dev_mode or not is_internal(entry.tb_frame):
            kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return kept


def user_line() -> Line:
    """The line of the user's program that is being executed."""
    frame, _ = user_frame()
    file, number = frame.f_code.co_filename, frame.f_lineno
    return Line(file, number, frame.f_code.co_name, linecache.getline(file, number).strip())


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of `message` at the user's line."""
    _, level = user_frame()
    warnings.warn(message, category, stacklevel=level + 1)
