"""What a card says of a call's settings: Conv2d is called with `1→6, 5×5, pad 2`, flatten with `1`.

Settings that have their default are left out. A size that is the same in every dimension is written once, except a kernel.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from minitorch.autograd.graph import TensorBase
from minitorch.backend.device import device
from minitorch.backend.dtypes import dtype
from minitorch.viz.page.summary import number

__all__ = ["OPERATORS", "SIGNS", "call_settings", "module_settings", "named_arguments"]

SIGNS = {
    "Add": "+",
    "Sub": "−",
    "Mul": "×",
    "Div": "÷",
    "Pow": "^",
    "MatMul": "@",
    "Neg": "−",
}  # operations as they are written
OPERATORS = ("add", "sub", "mul", "div", "pow", "neg", "matmul", "mm", "bmm")  # functions that are operators
SHORT = {"padding": "pad", "output_size": "to"}  # what a setting's name is shortened to
UNNAMED = ("kernel_size", "num_features", "normalized_shape", "num_parameters", "dims", "shape", "sizes", "exponent")
PAIRS = (("in_channels", "out_channels"), ("in_features", "out_features"), ("num_embeddings", "embedding_dim"))
OMITTED = ("device", "dtype", "inplace", "training", "return_indices", "self", "input")
WINDOWS = ("kernel_size", "stride", "padding", "dilation", "output_padding")


def module_settings(module: Any) -> str:
    """The settings of a layer, read from its attributes; '' for a module of the program."""
    if not type(module).__module__.startswith("minitorch."):
        return ""
    pairs = [f"{vars(module)[a]}→{vars(module)[b]}" for a, b in PAIRS if a in vars(module) and b in vars(module)]
    found = [
        (name, vars(module)[name], parameter.default, True)
        for name, parameter in inspect.signature(type(module).__init__).parameters.items()
        if name in vars(module) and not any(name in pair for pair in PAIRS)
    ]
    takes_bias = "bias" in inspect.signature(type(module).__init__).parameters
    if takes_bias and module._parameters.get("bias", 0) is None:
        found.append(("bias", False, True, True))
    return ", ".join([*pairs, *_words(type(module).__name__, found)])


def call_settings(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    """The settings of a function's call: its arguments that are no tensors."""
    if function.__name__ == "getitem":
        return _index(args[1]) if len(args) > 1 else ""
    parameters = _parameters(function)
    found = []
    for name, value in named_arguments(function, args, kwargs):
        default = parameters[name].default if name in parameters else inspect.Parameter.empty
        found.append((name, value, default, name in kwargs or name in WINDOWS or name == "dim"))
    return ", ".join(_words(function.__name__, found))


def named_arguments(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arguments of a call with the names of their parameters."""
    names, variadic = [], ""
    for name, parameter in _parameters(function).items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            variadic = name
        names.append(name)
    for i, value in enumerate(args):
        yield variadic if variadic and i >= names.index(variadic) else names[i] if i < len(names) else "", value
    yield from kwargs.items()


def _parameters(function: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def _words(callee: str, found: Sequence[tuple[str, Any, Any, bool]]) -> Iterator[str]:
    """The settings in words; `found` has (name, value, default, whether the name is written)."""
    kernel = next((value for name, value, _, _ in found if name == "kernel_size"), None)
    for name, value, default, named in found:
        if name in OMITTED or value is None or _is_left_out(value) or _same(value, default):
            continue
        if name == "stride" and default is None and _same(value, kernel):
            continue  # a pooling's stride is its window, unless it is given
        word = SHORT.get(name, name) if named and name not in UNNAMED else ""
        text = f"no {name}" if value is False else name if value is True else f"{word} {_text(callee, name, value)}".strip()
        if len(text) <= 40:
            yield text


def _is_left_out(value: Any) -> bool:
    """Tensors are arrows, not settings; a dtype is shown with the output."""
    parts = value if isinstance(value, (list, tuple)) else (value,)
    return any(isinstance(part, (TensorBase, dtype, device)) for part in parts)


def _same(a: Any, b: Any) -> bool:
    """Whether two settings are equal; (2, 2) equals 2."""
    if isinstance(a, (tuple, list)) and not isinstance(b, (tuple, list)):
        return all(_same(part, b) for part in a)
    if isinstance(b, (tuple, list)) and not isinstance(a, (tuple, list)):
        return all(_same(a, part) for part in b)
    return type(a) in (int, float, str, bool, tuple, list) and a == b


def _text(callee: str, name: str, value: Any) -> str:
    if isinstance(value, (tuple, list)):
        parts = [_text("", "", part) for part in value]
        same = len(set(parts)) == 1 and name in WINDOWS and name != "kernel_size"
        return parts[0] if same else ("×" if name in (*WINDOWS, "output_size") else ", ").join(parts)
    if name == "kernel_size" and isinstance(value, int):
        dimensions = re.search(r"([123])d", callee)
        return "×".join([str(value)] * int(dimensions[1] if dimensions else 1))
    if isinstance(value, float) and math.isfinite(value):
        return number(value)
    if isinstance(value, str):
        return value
    return repr(value) if value is None or isinstance(value, (int, float, slice)) else type(value).__name__


def _index(index: Any) -> str:
    """An index as it is written between brackets: :, :8, 0."""
    parts = index if isinstance(index, tuple) else (index,)
    words = []
    for part in parts:
        if isinstance(part, slice):
            ends = ["" if end is None else str(end) for end in (part.start, part.stop, part.step)]
            words.append(":".join(ends if ends[2] else ends[:2]))
        else:
            is_word = part is None or isinstance(part, (int, bool)) or (isinstance(part, list) and len(str(part)) < 16)
            words.append("..." if part is Ellipsis else str(part) if is_word else "index")
    return ", ".join(words)
