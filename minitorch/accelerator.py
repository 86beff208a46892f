"""The accelerator of this machine, if there is one: a GPU through CuPy."""

from __future__ import annotations

from minitorch import cuda
from minitorch.backend.device import device

__all__ = ["current_accelerator", "device_count", "is_available", "synchronize"]

is_available, device_count = cuda.is_available, cuda.device_count


def current_accelerator(check_available: bool = False) -> device | None:
    """device('cuda') if there is a GPU, else None.

    `check_available` changes nothing: only a GPU that is there is an accelerator here.

    >>> device = minitorch.accelerator.current_accelerator() or minitorch.device("cpu")
    """
    return device("cuda") if is_available() else None


def synchronize() -> None:
    """Wait until the GPU has finished all its work. Raises RuntimeError where there is none.

    >>> if minitorch.accelerator.is_available():
    ...     minitorch.accelerator.synchronize()
    """
    if not is_available():
        raise RuntimeError("Cannot access accelerator device when none is available: accelerator.is_available() says so")
    cuda.synchronize()
