"""Spellings of arguments that PyTorch still takes from old programs: each is turned into today's, with PyTorch's warning.

    F.mse_loss(x, y, size_average=False)      reduction="sum"
    F.mse_loss(x, y, reduce=False)            reduction="none"
    x.add_(-0.1, y)                           x.add_(y, alpha=-0.1)
    torch.addmm(0.5, x, 2.0, a, b)            torch.addmm(x, a, b, beta=0.5, alpha=2.0)
    nn.Hardtanh(min_value=-2.0)               nn.Hardtanh(min_val=-2.0)

`public` (public.py) calls what `rewriting` returns where a function has one, and a call has keywords or too many arguments.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from minitorch.autograd.tensor_base import TensorBase
from minitorch.backend.callsite import warn

__all__ = ["rewriting", "without_underscore"]

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
Rewriting = Callable[[tuple[Any, ...], dict[str, Any]], Arguments]

_NUMBERS_FIRST = {  # functions that took their numbers before the tensors: how many tensors, and the numbers' names
    "add": (2, ("alpha",)), "sub": (2, ("alpha",)), "addcmul": (3, ("value",)), "addcdiv": (3, ("value",)),
    "addmm": (3, ("beta", "alpha")), "addmv": (3, ("beta", "alpha")), "addr": (3, ("beta", "alpha")),
    "addbmm": (3, ("beta", "alpha")), "baddbmm": (3, ("beta", "alpha")),
}  # fmt: skip
_RENAMED = {"Hardtanh.__init__": {"min_value": "min_val", "max_value": "max_val"}}


def rewriting(function: Callable[..., Any]) -> Rewriting | None:
    """What turns old arguments of a function into today's; None if it has none."""
    name, parameters = function.__qualname__, inspect.signature(function).parameters
    if name in _NUMBERS_FIRST:
        return functools.partial(_numbers_last, name, *_NUMBERS_FIRST[name])
    if name in _RENAMED:
        return functools.partial(_renamed, _RENAMED[name])
    reduction = parameters.get("reduction")
    if reduction is None or reduction.kind is not reduction.KEYWORD_ONLY:
        return None
    words = [
        p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY
    ]  # size_average came first, reduce before reduction
    words = ["size_average", *words[: words.index("reduction")], "reduce", *words[words.index("reduction") :]]
    return functools.partial(_with_reduction, len(parameters) - len(words) + 2, words)


def _with_reduction(places: int, words: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    """Of a loss: `size_average` and `reduce` together said what `reduction` says."""
    kwargs = {**dict(zip(words, args[places:], strict=False)), **kwargs}
    size_average, reduce = kwargs.pop("size_average", None), kwargs.pop("reduce", None)
    if isinstance(size_average, TensorBase) or isinstance(reduce, TensorBase):
        raise TypeError("size_average and reduce are flags, not Tensors")
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warn(f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.")
        kwargs["reduction"] = reduction
    return args[:places], kwargs


def _numbers_last(name: str, count: int, words: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    tensors = tuple(arg for arg in args if isinstance(arg, TensorBase))
    numbers = [arg for arg in args if not isinstance(arg, TensorBase)]
    if len(args) > count == len(tensors) and len(numbers) <= len(words):
        now = ", ".join(words[: len(numbers)])
        warn(f"This overload of {name} is deprecated: it takes the tensors first, then {now} by name")
        return tensors, {**dict(zip(words, numbers, strict=False)), **kwargs}
    return args, kwargs


def _renamed(names: dict[str, str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    for old in names.keys() & kwargs.keys():
        warn(f"keyword argument `{old}` is deprecated and rename to `{names[old]}`", FutureWarning)
        kwargs[names[old]] = kwargs.pop(old)
    return args, kwargs


def without_underscore(module: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """An in-place function of a module under its old name, which warns."""
    new = function.__name__
    old = new.removesuffix("_")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        warn(f"`{module}.{old}` is now deprecated in favor of `{module}.{new}`.", FutureWarning)
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = old
    call.__doc__ = f"Deprecated: `{new}` under its old name."
    return call
