"""Anomaly detection: every node keeps the program line that recorded it, and backward raises at the first nan.

with autograd.detect_anomaly():
    loss = model(x).log().mean()
    loss.backward()              # RuntimeError: ... the line in your program whose derivative is nan
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch.autograd.observe import Observer, observers
from minitorch.backend.arrays import xp
from minitorch.backend.callsite import user_line

__all__ = ["detect_anomaly", "is_anomaly_enabled", "set_detect_anomaly"]


class _Mode(Observer):
    check_nan = True

    def recorded(self, node: Any, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        node.made_at = str(user_line())

    def backward_returned(self, node: Any, grad_outputs: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        """Raise RuntimeError if a gradient that a node returned holds a nan."""
        for i, grad in enumerate(results if self.check_nan else ()):
            if grad is not None and xp.isnan(getattr(grad, "_array", grad)).any():
                made = node.__dict__.get("made_at")
                where = f"was called at {made}" if made else "was recorded before the mode was switched on: do that earlier"
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output. Its forward {where}")


_mode = _Mode()


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on (`detect_anomaly`, `set_detect_anomaly`).

    >>> minitorch.is_anomaly_enabled()
    False
    """
    return _mode in observers


def _switch(on: bool, check_nan: bool) -> None:
    if on != is_anomaly_enabled():
        if on:
            observers.append(_mode)
        else:
            observers.remove(_mode)
    _mode.check_nan = check_nan


class set_detect_anomaly:
    """Switch anomaly detection on or off now; as a context manager, back at the end of the block. It makes everything slower.

    Raises TypeError unless `mode` is True or False.

    >>> with minitorch.autograd.set_detect_anomaly(True):
    ...     minitorch.is_anomaly_enabled()
    True
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        if not isinstance(mode, bool):
            raise TypeError(f"set_detect_anomaly(): mode is True or False, not {type(mode).__name__}")
        self._before = is_anomaly_enabled(), _mode.check_nan
        _switch(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        _switch(*self._before)


class detect_anomaly:
    """Anomaly detection for a block: what is recorded inside knows its line, and a nan in backward raises RuntimeError.

    >>> x = minitorch.tensor(0.0, requires_grad=True)
    >>> try:
    ...     with minitorch.autograd.detect_anomaly():
    ...         (x * x.sqrt()).backward()  # the slope of the root is infinite at 0, and 0 * inf is nan
    ... except RuntimeError as error:
    ...     print(str(error).partition(".")[0])
    Function 'SqrtBackward0' returned nan values in its 0th output
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        self._switches: list[set_detect_anomaly] = []  # of the blocks that this object is in

    def __enter__(self) -> None:
        self._switches.append(set_detect_anomaly(True, self._check_nan))

    def __exit__(self, *exception: object) -> None:
        self._switches.pop().__exit__()
