"""Functions written once for any number of spatial dimensions, and the 1d, 2d and 3d that PyTorch has."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

__all__ = ["specialize_ranks"]

P = ParamSpec("P")
R = TypeVar("R")


def specialize_ranks(nd: Callable[Concatenate[int, P], R]) -> tuple[Callable[P, R], Callable[P, R], Callable[P, R]]:
    """From f(rank, ...) the functions f1d, f2d and f3d, each with its rank filled in."""
    functions: list[Any] = [functools.partial(nd, rank) for rank in (1, 2, 3)]
    for rank, function in enumerate(functions, start=1):
        function.__name__ = function.__qualname__ = f"{nd.__name__}{rank}d"
        function.__doc__, function.__module__ = nd.__doc__, nd.__module__
        if callable(name := getattr(nd, "node_name", None)):
            name = functools.partial(name, rank)
        function.node_name = name
    return tuple(functions)
