"""Libraries that PyTorch computes with, as programs ask for them: which are there, and their settings.

minitorch computes with NumPy, Numba and CuPy, and with cuDNN where that is installed. Three settings have an effect:

    cudnn.enabled            whether convolutions on a GPU run by cuDNN: True
    cudnn.allow_tf32         whether they may round float32 numbers to 10 bits, for tensor cores: False, where PyTorch has True
    cuda.matmul.allow_tf32   the same for matrix products: False. CuPy looks at it once: set it before the first product

The others are kept, so that programs run, and change nothing: they choose among ways to compute within those libraries.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

from minitorch.backend.device import gpu_count
from minitorch.kernels.cupy import convolution

__all__ = ["are_deterministic_algorithms_enabled", "cuda", "cudnn", "mkl", "mps", "use_deterministic_algorithms"]


class _Library:
    """A library with its settings, which others may look at, too. This one minitorch does not use."""

    def __init__(self, settings: dict[str, Any]) -> None:
        object.__setattr__(self, "__dict__", settings)

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


class _Cudnn(_Library):
    def is_available(self) -> bool:
        """Whether convolutions on a GPU can run by cuDNN: there is a GPU, and the extra `gpu` is installed."""
        return gpu_count() > 0 and importlib.util.find_spec("cudnn") is not None

    def version(self) -> int | None:
        """cuDNN's version as a number, such as 91900; None without it."""
        return int(importlib.import_module("cudnn").backend_version()) if self.is_available() else None


class _Products(_Library):
    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        os.environ["CUPY_TF32"] = str(int(bool(value)))


mps, mkl = _Library({}), _Library({})
cudnn = _Cudnn(convolution.settings)
cuda = _Library({"matmul": _Products({"allow_tf32": False})})


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
