"""Hostile calls: every public function with arguments that it was not made for. python -m tests.hostile COUNT

`calls(random)` draws them without end. `attack(call)` makes one and says what is wrong with the outcome, if anything: a result
is fine (arguments may happen to make sense), and so is a refusal, if its class is one that PyTorch uses for that and its text a
sentence. Not fine are errors that come from within Python or NumPy, warnings of NumPy's, and calls that take long.
"""

from __future__ import annotations

import inspect
import io
import os
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import minitorch as mt
from minitorch import nn, optim, viz
from minitorch.backend.errors import call_text
from minitorch.optim import lr_scheduler
from minitorch.public import CallNote
from minitorch.utils import data

SECONDS = 5.0  # longer than any of these calls may take
REFUSALS = (
    TypeError,
    ValueError,
    RuntimeError,
    IndexError,
    NotImplementedError,
    AssertionError,
    StopIteration,
    FileNotFoundError,
)
RAW = (
    "operands could not be broadcast", "ufunc", "inhomogeneous", "setting an array", "Maximum allowed", "Unable to allocate",
    "values to unpack", "NoneType' object has no", "maximum recursion", "truth value of an array", "iterator is too large",
)  # fmt: skip


class Odd:
    """An object that is nothing in particular."""

    def __repr__(self) -> str:
        return "<odd>"


def cyclic() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


def cyclic_dict() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    return loop


# Made anew for every call, so that none is spoilt by another.
HOSTILE: list[Callable[[], Any]] = [
    lambda: None, lambda: "word", lambda: "", lambda: b"bytes", Odd, lambda: int, lambda: len, dict, lambda: {"a": 1}, set,
    lambda: (), list, cyclic, cyclic_dict, lambda: [[1], [1, 2]], lambda: [1, "a"], lambda: True, lambda: 0, lambda: 1,
    lambda: -1, lambda: 2, lambda: 7, lambda: 10**6 * 10**6, lambda: -(10**12), lambda: 2**63, lambda: 10**30, lambda: 0.5,
    lambda: -2.5, lambda: float("nan"), lambda: float("inf"), lambda: 1e308, lambda: 1 + 2j, lambda: (2, 3), lambda: (0,),
    lambda: (-1, 2), lambda: (1,) * 70, lambda: (10**6, 10**12), lambda: iter([1, 2]), lambda: lambda x: x, lambda: ...,
    lambda: slice(None), lambda: np.ones(2), lambda: np.float64(1.5), lambda: np.int64(1), lambda: np.array(["a"]),
    lambda: np.array([None]), lambda: np.array([1 + 2j]), lambda: np.array("2020-01-01", dtype="datetime64[D]"),
    lambda: mt.float32, lambda: mt.int64, lambda: mt.device("cpu"), lambda: nn.Linear(2, 2), lambda: io.BytesIO(b"abc"),
    lambda: mt.Generator(),
]  # fmt: skip

TENSORS: list[Callable[[], Any]] = [
    lambda: mt.ones(2, 3), lambda: mt.zeros(3), lambda: mt.tensor(2.5), lambda: mt.zeros(0), lambda: mt.zeros(0, 3),
    lambda: mt.tensor([5, -7]), lambda: mt.tensor(3), lambda: mt.tensor([True, False]), lambda: mt.ones(2, 1, 4, 4),
    lambda: mt.tensor([float("nan"), float("inf")]), lambda: mt.ones(2).half(), lambda: mt.ones(2, dtype=mt.uint8),
    lambda: mt.ones(2, requires_grad=True), lambda: mt.ones(2, requires_grad=True) * 2, lambda: mt.ones(1).expand(3),
    lambda: mt.ones(2, 3).T, lambda: nn.Parameter(mt.ones(2)), lambda: mt.ones(2, 3).double(), lambda: mt.ones(1, 1, 3),
]  # fmt: skip


@dataclass
class Call:
    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __str__(self) -> str:
        return call_text(self.name, self.args, self.kwargs)


def targets() -> dict[str, Callable[..., Any]]:
    """Every public function, method and class, by name."""
    found: dict[str, Callable[..., Any]] = {}
    rooms = {
        "": mt, "nn.functional.": nn.functional, "nn.init.": nn.init, "nn.utils.": nn.utils, "nn.": nn, "linalg.": mt.linalg,
        "optim.": optim,
        "optim.lr_scheduler.": lr_scheduler, "autograd.": mt.autograd, "autograd.functional.": mt.autograd.functional,
        "utils.data.": data, "viz.": viz, "nn.utils.rnn.": nn.utils.rnn,
        "nn.utils.parametrize.": nn.utils.parametrize, "nn.utils.parametrizations.": nn.utils.parametrizations,
    }  # fmt: skip
    for prefix, room in rooms.items():
        for name in getattr(room, "__all__", vars(room)):
            value = getattr(room, name)
            if callable(value) and not name.startswith("_") and value is not mt.Tensor:
                found[prefix + name] = value
    for name, value in vars(mt.Tensor).items():
        if callable(value) and (not name.startswith("_") or name in OPERATORS):
            found[f"Tensor.{name}"] = value
    return found


OPERATORS = (
    "__add__", "__sub__", "__mul__", "__truediv__", "__pow__", "__matmul__", "__floordiv__", "__mod__", "__radd__", "__rpow__",
    "__getitem__", "__setitem__", "__eq__", "__lt__", "__and__", "__contains__", "__iadd__", "__invert__",
)  # fmt: skip


def calls(source: random.Random) -> Iterator[Call]:
    """Calls without end: each function in turn, with as many arguments as it has, more or less, most of them hostile."""
    known = targets()
    while True:
        names = list(known)
        source.shuffle(names)
        for name in names:
            yield _draw(name, known[name], source)


def _draw(name: str, function: Callable[..., Any], source: random.Random) -> Call:
    try:
        parameters = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    except (TypeError, ValueError):
        parameters = []
    needed = sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
    several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    most = max(needed, sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters), 3 if several else 0)
    count = source.randint(max(needed - source.randint(0, 1), 0), most)
    tensor_first = name.startswith(("Tensor.", "nn.functional.")) or source.random() < 0.5
    args = tuple(_value(source, 0.9 if i == 0 and tensor_first else 0.3) for i in range(count))
    if name.startswith("Tensor.") and (not args or not isinstance(args[0], mt.Tensor)):
        args = (source.choice(TENSORS)(), *args[1:])
    if name.removeprefix("Tensor.") in OPERATORS:
        return Call(name, function, (*args, _value(source, 0.3))[: max(needed, 2)], {})  # as `a + b` calls it
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY or p.default is not p.empty][count - needed :]
    kwargs = {key: _value(source, 0.2) for key in named if source.random() < 0.2}
    return Call(name, function, args, kwargs)


def _value(source: random.Random, tensor: float) -> Any:
    return source.choice(TENSORS if source.random() < tensor else HOSTILE)()


def attack(call: Call) -> str | None:
    """What is wrong with the outcome of a call; None if nothing is."""
    before = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("ignore", FutureWarning)
            warnings.filterwarnings("error", category=RuntimeWarning)
            _used(call.function(*call.args, **call.kwargs))
    except REFUSALS as error:
        text = str(error)
        names_the_call = "does not take" in text or any(isinstance(note, CallNote) for note in getattr(error, "__notes__", ()))
        if len(text) < 12 or " " not in text:
            return f"no sentence: {type(error).__name__}: {text}"
        if any(words in text for words in RAW) and not names_the_call:
            return f"NumPy's or Python's own words: {type(error).__name__}: {text}"
        if len(text) > 1000 and not isinstance(error, mt.autograd.GradcheckError):  # which is a table
            return f"a text of {len(text)} characters: {text[:200]}"
        if isinstance(error, RecursionError):
            return f"RecursionError: {text}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {error}"
    finally:
        _as_before()
    took = time.perf_counter() - before
    return f"took {took:.1f} s" if took > SECONDS else None


def _used(result: Any) -> None:
    """What a program does next with a result: look at it, or go through it, a little."""
    if isinstance(result, mt.Tensor):
        repr(result)
    elif isinstance(result, nn.Module):
        repr(result)
        result(mt.ones(2, 3))


def _as_before() -> None:
    """Undo what a call may have set for the whole program."""
    mt.set_grad_enabled(True)
    mt.set_default_dtype(mt.float32)
    mt.set_default_device(None)
    mt.set_printoptions(profile="default")
    mt.autograd.set_detect_anomaly(False)
    mt.manual_seed(0)
    mt.set_num_threads(2)


def survivors(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Of `count` calls those that went wrong, and how. Files that calls write go to a folder that is thrown away."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            return _survivors(count, seed)
        finally:
            os.chdir(here)


def _survivors(count: int, seed: int) -> list[tuple[str, str]]:
    wrong = []
    for call, _ in zip(calls(random.Random(seed)), range(count), strict=False):
        described = str(call)
        if (verdict := attack(call)) is not None:
            wrong.append((described, verdict))
    return wrong


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    found = survivors(count, seed)
    groups = Counter((call.partition("(")[0], verdict[:60]) for call, verdict in found)
    for call, verdict in found:
        if groups[key := (call.partition("(")[0], verdict[:60])]:
            print(f"{call}\n    {verdict[:300]}  [{groups[key]} like this]")
            groups[key] = 0
    print(f"{count:,} hostile calls of {len(targets())} functions (seed {seed}): {len(found)} went wrong")
