"""What the node behind a result is called in `grad_fn` and in pictures: PyTorch's name for the function that the program
called.

Most nodes have the name of their op. A function that is written with other ops ends in the node of the last of them; with

    @node_name("Tan0")
    def tan(input): ...

that node is called TanBackward0. The number is PyTorch's. `public` (public.py) reads the name and gives it to the node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["give_name", "index_name", "node_name"]

F = TypeVar("F", bound=Callable[..., Any])
Name = str | Callable[..., str | None]


def node_name(name: Name, with_dim: str | None = None) -> Callable[[F], F]:
    """Name the node of a function's result. `with_dim` is the name if a dim is passed; a function of the arguments may
    decide.
    """

    def decide(*args: Any, **kwargs: Any) -> str | None:
        return with_dim if len(args) > 1 or kwargs.get("dim") is not None else str(name)

    def decorate(function: F) -> F:
        function.node_name = name if with_dim is None else decide  # type: ignore[attr-defined]
        return function

    return decorate


def give_name(name: Name, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`result`, a Tensor or several, with the name on its node, unless it is the first argument itself."""
    parts = result if isinstance(result, tuple) and result else (result,)
    if getattr(parts[0], "_edge", None) is None or (args and parts[0] is args[0]):
        return result
    label = name if isinstance(name, str) else name(*args, **kwargs)
    for part in parts:
        if label is not None and getattr(part, "_edge", None) is not None:
            part._edge[0].label = label
    return result


def index_name(steps: tuple[tuple[Any, ...], ...]) -> str:
    """The name for x[index]: that of the last thing PyTorch does, dimension by dimension."""
    if any(hasattr(part, "dtype") for step in steps for part in step):
        return "Index0"
    name = "Alias0"
    for part in steps[-1]:
        if type(part) is int:
            name = "Select0"
        elif part is None:
            name = "Unsqueeze0"
        elif isinstance(part, slice) and part != slice(None):
            name = "Slice0"
    return name
