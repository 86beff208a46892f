"""The table of rules, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.onnx.trace import Graph

__all__ = ["RULES", "Rule", "first", "ints", "others", "rule", "vector"]

Rule = Callable[[Graph, dict[str, Any], Any], Any]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """The rule of these functions."""

    def add(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return add


def ints(values: Any, n: int) -> list[int]:
    """A number for each of n dimensions."""
    return [int(v) for v in values] if isinstance(values, (tuple, list)) else [int(values)] * n


def vector(values: Sequence[int]) -> Any:
    return np.asarray(values, np.int64)


def first(call: dict[str, Any]) -> Any:
    return next(iter(call.values())) if "input" not in call else call["input"]


def others(call: dict[str, Any]) -> list[Any]:
    """The arguments beside the first."""
    return [value for name, value in call.items() if name != "input"]
