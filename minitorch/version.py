"""The version of minitorch, and `cuda`: that of the GPU's library, None without a GPU."""

from __future__ import annotations

from minitorch.backend.device import gpu_count, gpu_library

__version__ = "0.1.0"


def __getattr__(name: str) -> str | None:
    if name != "cuda":
        raise AttributeError(f"module 'minitorch.version' has no attribute {name!r}")
    if not gpu_count():
        return None
    number = gpu_library().cuda.runtime.runtimeGetVersion()
    return f"{number // 1000}.{number % 1000 // 10}"
