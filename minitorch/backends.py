"""Libraries that PyTorch computes with, as programs ask for them: which are there, and their settings.

minitorch computes with NumPy, Numba and CuPy. The settings are kept, so that programs run, and have no effect: they
choose among ways to compute within those libraries.
"""

from __future__ import annotations

from typing import Any

__all__ = ["are_deterministic_algorithms_enabled", "cuda", "cudnn", "mkl", "mps", "use_deterministic_algorithms"]


class _Library:
    """A library that minitorch does not use, with its settings."""

    def __init__(self, **settings: Any) -> None:
        vars(self).update(settings)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in vars(self):
            raise AttributeError(f"there is no setting {name!r}; those that programs set are {sorted(vars(self))}")
        vars(self)[name] = value

    def is_available(self) -> bool:
        """False: minitorch does not use it."""
        return False

    is_built = is_available

    def version(self) -> int | None:
        """None: minitorch does not use it."""
        return None


mps, mkl = _Library(), _Library()
cudnn = _Library(enabled=True, benchmark=False, benchmark_limit=10, deterministic=False, allow_tf32=True)
cuda = _Library(matmul=_Library(allow_tf32=False))


_deterministic = False


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Note that a program wants the same numbers at every run. It has them on the CPU, whatever is noted here.

    On a GPU sums over repeated indices add in any order, and differ in the last digits; nothing here changes that.

    >>> minitorch.use_deterministic_algorithms(True)
    >>> minitorch.are_deterministic_algorithms_enabled()
    True
    >>> minitorch.use_deterministic_algorithms(False)
    """
    global _deterministic
    if not isinstance(mode, bool):
        raise TypeError(f"use_deterministic_algorithms(): argument 'mode' must be bool, not {type(mode).__name__}")
    _deterministic = mode


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` noted; False at the start.

    >>> minitorch.are_deterministic_algorithms_enabled()
    False
    """
    return _deterministic
