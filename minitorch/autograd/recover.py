"""What `Op.apply` does when a forward fails: compute again where that helps, otherwise raise an error about the call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minitorch.autograd.tensor_base import TensorBase
from minitorch.backend.arrays import on_device_of, xp
from minitorch.backend.device import device_of
from minitorch.backend.errors import call_error

__all__ = ["call_name", "compute_again", "without_arrays"]


def compute_again(op: Any, forward: Callable[..., Any], arrays: list[Any], error: Exception) -> Any:
    """The result of forward(*arrays), which has failed with `error`; `arrays` may be replaced by copies on one device.

    Where the program turns warnings into errors, the warning is ignored: 0 / 0 is nan all the same. Arrays on two devices are
    brought together if those on the CPU are single numbers. Otherwise raises what `op.explain` makes of the error.
    """
    if isinstance(error, MemoryError):
        raise call_error(error, call_name(op), arrays) from None
    try:
        if isinstance(error, RuntimeWarning):
            with xp.errstate(all="ignore"):
                return forward(*arrays)
        if isinstance(error, (ValueError, TypeError, OverflowError)):
            moved = _on_one_device(arrays)
            if moved is not None:
                arrays[:] = moved
                return forward(*moved)
        raise error
    except (ValueError, TypeError, OverflowError) as cause:
        raise op.explain(cause, *arrays) from None
    finally:
        del error, arrays  # the exception knows this frame: now neither waits for the garbage collector


def call_name(op: type) -> str:
    """The name under which a user called an op: of class MatMul, matmul; of LogSoftmax, log_softmax."""
    name = getattr(op, "called", None) or "".join("_" + c.lower() if c.isupper() else c for c in op.__name__).lstrip("_")
    return str(name)


def without_arrays(op: Any, args: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
    """The arguments of an op among Tensors: a NumPy scalar counts as the Python number it is, a bare array raises TypeError."""
    for arg in args:
        if hasattr(arg, "dtype") and not isinstance(arg, (TensorBase, xp.generic)):
            raise TypeError(
                f"{call_name(op)}(): expected a Tensor or a number, got a bare array of shape {list(arg.shape)}; "
                "minitorch.from_numpy(array) makes it a Tensor"
            )
    return [a.item() if isinstance(a, xp.generic) else a for a in arrays]


def _on_one_device(arrays: list[Any]) -> list[Any] | None:
    """Arrays on two devices brought together; None if all are on one. Raises RuntimeError if they are more than single
    numbers.
    """
    parts = [part for a in arrays for part in (a if isinstance(a, tuple) else (a,)) if hasattr(part, "dtype")]
    devices = {device_of(getattr(part, "_array", part)) for part in parts}
    if len(devices) < 2:
        return None
    on_gpu = next(part for part in parts if device_of(part).type != "cpu")
    if any(isinstance(part, xp.ndarray) and part.ndim for part in parts):
        names = " and ".join(sorted(map(str, devices), reverse=True))
        raise RuntimeError(f"Expected all tensors to be on the same device, but found at least two devices, {names}! Use .to()")
    return [on_device_of(a, on_gpu) if isinstance(a, xp.ndarray) else a for a in arrays]
