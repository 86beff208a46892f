"""The public face of an op: it refuses what is no Tensor where a Tensor belongs, as PyTorch does.

Inside, ops take bare arrays too, since derivatives are written with them. A user who hands one over has most likely
forgotten `from_numpy`, and is told so by the name of the argument.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from minitorch.tensor import Tensor

__all__ = ["face"]

F = TypeVar("F", bound=Callable[..., Any])


def face(op: F) -> F:
    """`op`, with its arguments checked where they are annotated as Tensor, Tensor | None or Sequence[Tensor]."""
    parameters = list(inspect.signature(op).parameters.values())
    wanted = [(i, p, str(p.annotation)) for i, p in enumerate(parameters) if "Tensor" in str(p.annotation)]
    single = len(wanted) == 1 and wanted[0][0] == 0 and wanted[0][2] == "Tensor"

    @functools.wraps(op)
    def function(*args: Any, **kwargs: Any) -> Any:
        if not (single and args and isinstance(args[0], Tensor)):
            for i, parameter, annotation in wanted:
                if parameter.kind is parameter.VAR_POSITIONAL:
                    given: Any = args[i:]
                elif i < len(args):
                    given = args[i]
                elif parameter.name in kwargs:
                    given = kwargs[parameter.name]
                else:
                    continue  # missing: Python says so
                _check(op.__name__, parameter.name, i + 1, given, annotation)
        return op(*args, **kwargs)

    return function  # type: ignore[return-value]


def _check(op: str, name: str, position: int, given: Any, annotation: str) -> None:
    several = "Sequence" in annotation or isinstance(given, (list, tuple))
    if "Sequence" in annotation and not isinstance(given, (list, tuple)):
        raise TypeError(f"{op}(): argument '{name}' (position {position}) must be tuple of Tensors, not {type(given).__name__}")
    for part in given if several else (given,):
        if isinstance(part, Tensor) or (isinstance(part, (list, tuple)) and all(isinstance(p, Tensor) for p in part)):
            continue
        if ("None" in annotation and part is None) or ("Number" in annotation and isinstance(part, (int, float))):
            continue
        hint = "; minitorch.from_numpy(array) makes it one" if hasattr(part, "__array_interface__") else ""
        if "Number" in annotation and not getattr(part, "ndim", 0) and hasattr(part, "dtype"):
            continue  # NumPy's scalars count as numbers
        raise TypeError(f"{op}(): argument '{name}' (position {position}) must be Tensor, not {type(part).__name__}{hint}")
