"""The public face of an op: it refuses what is no Tensor where a Tensor belongs, as PyTorch does.

Inside, ops take bare arrays too, since derivatives are written with them. A user who hands one over has most likely
forgotten `from_numpy`, and is told so by the name of the argument. What else goes wrong inside becomes a sentence, too
(backend/refusal.py).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from minitorch.backend.refusal import clear
from minitorch.tensor import Tensor

__all__ = ["face"]

F = TypeVar("F", bound=Callable[..., Any])


def face(op: F) -> F:
    """`op`, with its arguments checked where they are annotated as Tensor, Tensor | None or Sequence[Tensor]."""
    parameters = list(inspect.signature(op).parameters.values())
    wanted = [(i, p, str(p.annotation)) for i, p in enumerate(parameters) if "Tensor" in str(p.annotation)]
    single = len(wanted) == 1 and wanted[0][0] == 0 and wanted[0][2] == "Tensor"

    guarded = clear(op)

    @functools.wraps(op)
    def function(*args: Any, **kwargs: Any) -> Any:
        if not (single and args and isinstance(args[0], Tensor)):
            for i, parameter, annotation in wanted:
                if parameter.kind is parameter.VAR_POSITIONAL:
                    given: Any = args[i] if len(args) == i + 1 and isinstance(args[i], (list, tuple)) else args[i:]
                elif i < len(args):
                    given = args[i]
                elif parameter.name in kwargs:
                    given = kwargs[parameter.name]
                else:
                    continue  # missing: Python says so
                several = parameter.kind is parameter.VAR_POSITIONAL or "Sequence" in annotation
                if several and not isinstance(given, (list, tuple)):
                    raise _refusal(op, parameter.name, i, "tuple of Tensors", given)
                for part in given if several else (given,):
                    if not _fits(part, annotation):
                        raise _refusal(op, parameter.name, i, "Tensor", part)
        return guarded(*args, **kwargs)

    return function  # type: ignore[return-value]


def _fits(part: Any, annotation: str) -> bool:
    if isinstance(part, Tensor) or ("None" in annotation and part is None):
        return True
    if "Number" not in annotation:
        return False
    return isinstance(part, (int, float)) or (hasattr(part, "dtype") and not part.ndim)  # NumPy's scalars count as numbers


def _refusal(op: Callable[..., Any], name: str, i: int, wanted: str, given: Any) -> TypeError:
    hint = "; minitorch.from_numpy(array) makes it one" if hasattr(given, "__array_interface__") else ""
    return TypeError(
        f"{op.__name__}(): argument '{name}' (position {i + 1}) must be {wanted}, not {type(given).__name__}{hint}"
    )
