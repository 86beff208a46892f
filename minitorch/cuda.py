"""GPUs, through CuPy: which ones are available. `x.to('cuda')` copies a tensor to the GPU, `x.cpu()` copies it back."""

from __future__ import annotations

from minitorch.backend.device import gpu_count, gpu_library

__all__ = ["device_count", "get_device_name", "is_available", "synchronize"]


def is_available() -> bool:
    """Whether `.to('cuda')` works: CuPy is installed and finds a GPU."""
    return gpu_count() > 0


def device_count() -> int:
    """The number of GPUs."""
    return gpu_count()


def get_device_name(device: int = 0) -> str:
    """The name of a GPU."""
    return str(gpu_library().cuda.runtime.getDeviceProperties(device)["name"].decode())


def synchronize() -> None:
    """Wait until the GPU has finished all its work; needed to measure time."""
    gpu_library().cuda.Device().synchronize()
