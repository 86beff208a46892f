"""The guard at the public face: what a caller passes is checked, and an error says which call it was.

Functions in ops/ take bare arrays as well as Tensors, and check what only they know. A function that users call is made public
where it is listed, for example in functions.py:

    relu = public(ops.rectifier.relu)

A call of it

- checks the arguments annotated as Tensor, int, float or bool, and turns NumPy's numbers into Python's;
- takes NumPy's words for parameters, old spellings (old_words.py), and `out=` (output.py), as PyTorch does;
- runs the function;
- gives the node of the result the name that PyTorch prints (`node_name`);
- adds a note to an error, such as "in relu([1.0, 2.0])", and makes a TypeError or a RuntimeError of errors like AttributeError
  that speak of the function's inside.

A function that calls the program's own code (a hook, a module, a dataset) is not public: its errors are the program's.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import operator
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from types import NoneType
from typing import Any, TypeVar

import numpy as np

from minitorch.autograd.observe import observed_call, observers
from minitorch.autograd.tensor_base import TensorBase
from minitorch.backend.callsite import without_internal_frames
from minitorch.backend.dtypes import dtypes
from minitorch.backend.errors import call_error, call_text, notes_of, set_notes
from minitorch.old_words import Rewriting, rewriting
from minitorch.ops.node_names import give_name
from minitorch.output import takes_out, write_out

__all__ = ["CallNote", "checked", "constructor", "layer_forward", "public"]

F = TypeVar("F", bound=Callable[..., Any])
_Check = tuple[int, str, set[type], Callable[[Any], Any], str]  # position, name, accepted classes, converter, what is expected


class CallNote(str):
    """The note on an error that names the public call."""

    __slots__ = ()


def public(function: F, lenient: bool = False) -> F:
    """`function` with its arguments checked, its errors explained and its result's node named. See the module's text.

    `lenient`: flags may be 0, 1 or None, too, as in PyTorch's functions that are written in Python.
    """
    name, bind = getattr(function, "node_name", None), _Arguments(function, lenient).bind
    has_out = takes_out(function)
    _NAMES.add(function.__qualname__)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            if has_out and kwargs and "out" in kwargs:
                return _with_out(function, call, args, kwargs)
            args, kwargs = bind(args, kwargs)
            result = observed_call(function, function, args, kwargs) if observers else function(*args, **kwargs)
            return result if name is None else give_name(name, result, args, kwargs)
        except Exception as error:
            raise _explained(error, function, args, kwargs)  # noqa: B904

    return call  # type: ignore[return-value]


def _with_out(function: Callable[..., Any], call: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """The call of a public function with `out=`. A function that makes a tensor takes its dtype from there, too."""
    out = kwargs.pop("out")
    if isinstance(out, TensorBase) and function.__module__.endswith((".creation", ".sampling")):
        kwargs = {"dtype": dtypes[out._array.dtype], **kwargs} if "dtype" in inspect.signature(function).parameters else kwargs
    result = call(*args, **kwargs)
    return result if out is None else write_out(function.__qualname__, result, out)


constructor = layer_forward = functools.partial(public, lenient=True)  # for a layer's __init__ and forward


def checked(function: F) -> F:
    """`function` with its arguments checked, and nothing more: for functions that call the program's own code."""
    bind = _Arguments(function, True).bind

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = bind(args, kwargs)
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]


class _Arguments:
    """The checks of a function's arguments, made out of its annotations at the first call."""

    def __init__(self, function: Callable[..., Any], lenient: bool) -> None:
        self.function, self.lenient = function, lenient
        self.parameters: list[_Check] | None = None
        self.variadic: int | None = None  # where *tensors begin
        self.spread: str | None = None  # the name of *size, by which a tuple may be given, as in zeros(size=(2, 3))
        self.renamed: dict[str, str] = {}  # NumPy's words for parameters, which PyTorch takes, too
        self.rewrite: Rewriting | None = None  # old spellings
        self.places = 0  # the number of parameters

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments by today's names, with numbers made Python's. Raises TypeError for an argument of the wrong type."""
        parameters = self._read() if self.parameters is None else self.parameters
        if self.rewrite is not None and (kwargs or len(args) > self.places):
            args, kwargs = self.rewrite(args, kwargs)
        if self.spread in kwargs:
            args = self._with_spread(args, kwargs)
        for word in kwargs.keys() & self.renamed.keys() if kwargs else ():
            if self.renamed[word] not in kwargs:
                kwargs[self.renamed[word]] = kwargs.pop(word)
        for place, name, accepted, convert, wanted in parameters:
            value = args[place] if place < len(args) else kwargs.get(name, MISSING)
            if value.__class__ in accepted:
                continue
            converted = convert(value)
            if converted is REFUSED:
                raise self._refusal(place if place < len(args) else None, name, wanted, value)
            if converted is not value:
                args = _replaced(args, kwargs, place, name, converted)
        if self.variadic is not None:
            self._check_variadic(args)
        return args, kwargs

    def _read(self) -> list[_Check]:
        inner = getattr(self.function, "func", self.function)  # of a functools.partial
        hints = typing.get_type_hints(inner, None, {"Tensor": TensorBase})
        parameters: list[_Check] = []
        makes_layer = self.function.__name__ == "__init__" and self.function.__module__.startswith("minitorch.nn.")
        for i, (name, parameter) in enumerate(inspect.signature(self.function).parameters.items()):
            kinds = _kinds(hints.get(name, Any))
            if parameter.kind is parameter.VAR_POSITIONAL and kinds == {TensorBase}:
                self.variadic = i
            elif parameter.kind is parameter.VAR_POSITIONAL:
                self.spread = name
            if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                place = i if parameter.kind is parameter.POSITIONAL_OR_KEYWORD else 1 << 30
                kinds = kinds | {NoneType} if parameter.default is None else kinds
                accepted, convert, wanted = _converter(kinds, self.lenient)
                if convert is None and makes_layer:
                    accepted, convert, wanted = _setting_converter(kinds)
                if convert is not None:
                    parameters.append((place, name, {_Missing, *accepted}, convert, wanted))
        named = inspect.signature(self.function).parameters
        self.rewrite = rewriting(self.function)
        self.places = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in named.values())
        self.renamed = {word: name for word, name in _NUMPY_WORDS.items() if name in named and word not in named}
        self.parameters = parameters
        return parameters

    def _with_spread(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """`args` with what `kwargs` has for *size, which leaves them. Raises TypeError unless it is a tuple, and given once."""
        assert self.spread is not None
        value = kwargs.pop(self.spread)
        if len(args) > self.places:
            raise TypeError(f"{self.function.__qualname__}() got multiple values for argument '{self.spread}'")
        if not isinstance(value, (tuple, list)):
            raise self._refusal(None, self.spread, "tuple of ints", value)
        return (*args, value)

    def _check_variadic(self, args: tuple[Any, ...]) -> None:
        """Raise TypeError unless all the arguments f(*tensors) are Tensors, or there is one list of them."""
        assert self.variadic is not None
        value: Any = args[self.variadic :]
        if len(value) == 1 and isinstance(value[0], (list, tuple)):
            value = value[0]
        if _tensors(value) is REFUSED:
            names = list(inspect.signature(self.function).parameters)
            raise self._refusal(self.variadic, names[self.variadic], "tuple of Tensors", value)

    def _refusal(self, place: int | None, name: str, wanted: str, value: Any) -> TypeError:
        is_method = next(iter(inspect.signature(self.function).parameters), "") == "self"
        where = "" if place is None else f" (position {place + 1 - is_method})"
        if wanted == "tuple of Tensors" and isinstance(value, (list, tuple)):
            value, wanted = next(part for part in value if not isinstance(part, TensorBase)), "Tensor"
        hint = ""
        if wanted == "Tensor" and hasattr(value, "__array_interface__"):
            hint = "; minitorch.from_numpy(array) makes it one"
        elif wanted == "Tensor" and isinstance(value, (list, tuple)):
            function = "stack" if value and all(isinstance(part, TensorBase) for part in value) else "tensor"
            hint = f"; minitorch.{function}({type(value).__name__}) makes it one"
        called = self.function.__qualname__
        found = type(value).__name__
        if found == "Tensor" and not isinstance(value, TensorBase):
            found = f"a Tensor of {type(value).__module__.partition('.')[0]}"
            hint = "; minitorch.from_numpy(x.detach().numpy()) makes it one of minitorch"
        if wanted == "Tensor" and isinstance(value, tuple) and value and isinstance(value[0], TensorBase):
            hint = ": an LSTM, as some other layers, returns (output, state); take the first, result[0]"
        return TypeError(f"{called}(): argument '{name}'{where} must be {wanted}, not {found}{hint}")


def _replaced(args: tuple[Any, ...], kwargs: dict[str, Any], place: int, name: str, value: Any) -> tuple[Any, ...]:
    """`args` with another value for one argument; in `kwargs` it is replaced in place."""
    if place < len(args):
        return (*args[:place], value, *args[place + 1 :])
    kwargs[name] = value
    return args


_NUMPY_WORDS = {"axis": "dim", "keepdims": "keepdim", "x": "input"}


class _Missing:
    """The class of `MISSING`, the value of an argument that was not passed."""


MISSING, REFUSED = _Missing(), object()


def _kinds(hint: Any) -> frozenset[Any]:
    """The alternatives of a type hint: of `Tensor | int | None`, these three."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return frozenset().union(*map(_kinds, typing.get_args(hint)))
    if typing.get_origin(hint) in (Sequence, list, tuple) and TensorBase in typing.get_args(hint):
        return frozenset({Sequence})
    return frozenset({hint})


def _converter(kinds: frozenset[Any], lenient: bool) -> tuple[Iterable[type], Callable[[Any], Any] | None, str]:
    """For an argument of these kinds: the classes accepted as they are, what converts other values or returns REFUSED, and
    what the error says is expected.
    """
    none, numbers = kinds & {NoneType}, kinds & {int, float, bool}
    rest = kinds - none
    if TensorBase in rest and rest <= {TensorBase, int, float, bool}:
        return {TensorBase._tensor_class, *none, *numbers}, _tensor_or_number if numbers else _tensor, "Tensor"
    if rest == {Sequence}:
        return none, _tensors, "tuple of Tensors"
    if len(rest) == 1 and rest == numbers:
        (kind,) = rest
        convert = {int: _int, float: _float, bool: _flag if lenient else _bool}[kind]
        accepted = {kind, NoneType} if none or convert is _flag else {kind}
        return accepted, convert, f"{kind.__name__} or None" if none else kind.__name__
    return (), None, ""


def _setting_converter(kinds: Iterable[Any]) -> tuple[Iterable[type], Callable[[Any], Any] | None, str]:
    """As `_converter`, for a layer's setting of numbers, strings and tuples of them: it is no Tensor and no Module."""
    words: dict[Any, str] = {kind: kind.__name__ for kind in (int, float, bool, str) if kind in kinds}
    for kind in kinds:
        if typing.get_origin(kind) is Sequence:
            part = next(part for part in _kinds(typing.get_args(kind)[0]) if part is not NoneType)
            words[kind] = f"tuple of {part.__name__}s"
    if NoneType in kinds:
        words[NoneType] = "None"
    if set(words) != set(kinds):
        return (), None, ""
    *first, last = words.values()
    return {int, float, bool, str, tuple, list, NoneType}, _setting, f"{', '.join(first)} or {last}" if first else last


def _setting(value: Any) -> Any:
    return REFUSED if callable(value) or (isinstance(value, TensorBase) and value._array.ndim) else value


def _tensor(value: Any) -> Any:
    return value if isinstance(value, TensorBase) else REFUSED


def _tensor_or_number(value: Any) -> Any:
    is_number = isinstance(value, (int, float)) or (hasattr(value, "dtype") and not value.ndim)  # NumPy's scalars count
    return value if is_number or isinstance(value, TensorBase) else REFUSED


def _tensors(value: Any) -> Any:
    is_sequence = isinstance(value, (list, tuple))
    return value if is_sequence and all(isinstance(part, TensorBase) for part in value) else REFUSED


def _int(value: Any) -> Any:
    if isinstance(value, (bool, type)):
        return REFUSED
    try:
        return operator.index(value)
    except (TypeError, ValueError, RuntimeError):
        return REFUSED


def _float(value: Any) -> Any:
    array = getattr(value, "_array", value)
    is_number = isinstance(value, (int, float)) or (getattr(array, "ndim", 1) == 0 and array.dtype.kind in "biuf")
    return value if is_number else REFUSED


def _bool(value: Any) -> Any:
    return bool(value) if isinstance(value, np.bool_) else REFUSED


def _flag(value: Any) -> Any:
    return bool(value) if isinstance(value, (np.bool_, int)) else REFUSED


# ---- errors ------------------------------------------------------------------------------------------------------------

# Errors of these classes keep their class. All others, and the second row's, become a TypeError or a RuntimeError.
_KEPT = (TypeError, ValueError, RuntimeError, IndexError, AssertionError, OSError, ImportError, StopIteration, Warning)
_TRANSLATED = (RecursionError, UnicodeError, np.exceptions.ComplexWarning)


def _explained(error: Exception, function: Callable[..., Any], args: Any, kwargs: Any) -> Exception:
    """The error to raise out of a public call: the same one with a note, or one about the call."""
    trace = error.__traceback__
    assert trace is not None
    name = getattr(args[0].__class__, "__name__", "") if _is_constructor(function) and args else function.__qualname__
    given = args[1:] if _is_constructor(function) else args
    inner = trace.tb_next
    if isinstance(function, functools.partial) and (inner is None or _is_in_single(inner)):  # called wrongly: Python would
        # name the inner function
        try:
            inspect.signature(function).bind(*args, **kwargs)
        except TypeError as reason:
            return _alone(TypeError(f"{name}() {reason}"))
    is_sentence = isinstance(error, KeyError) and " " in str(error)  # not only the key
    if isinstance(error, _TRANSLATED) or not (isinstance(error, _KEPT) or is_sentence):
        return _alone(call_error(error, name, given, kwargs))
    notes = [note for note in notes_of(error) if not isinstance(note, CallNote)]
    if len(notes) == len(notes_of(error)):  # no public call inside this one has explained it
        _speak_of(error, function, name)
        if function.__name__ == "__init__" and args and isinstance(error, TypeError):
            _make_layer_first(error, function, args)
    if not isinstance(error, Warning):
        set_notes(error, [CallNote(f"in {call_text(name, given, kwargs)}"), *notes])
    return error.with_traceback(without_internal_frames(trace.tb_next))


_NAMES: set[str] = set()  # of all public functions


def _speak_of(error: Exception, function: Callable[..., Any], name: str) -> None:
    """Let an error that begins with the name of a function inside, as in "mean(): ...", begin with that of the call."""
    message = error.args[0] if len(error.args) == 1 else None
    found = re.match(r"(linalg\.)?([\w.]+)(\(\)|: )", message) if isinstance(message, str) else None
    if found is None or message is None or " does not take (" in message:  # which lists that function's own arguments
        return
    begins, inner = found[0], found[2]
    own = function.__qualname__
    if inner == own and own.startswith("_"):  # a base class's constructor
        error.args = (message.replace(own.partition(".")[0], name),)
    elif inner in _NAMES and inner not in (own, name, own.removeprefix("linalg_")):
        space = "linalg." if found[1] and function.__module__ == "minitorch.ops.spectral" else ""
        error.args = (f"{space}{name}{found[3]}{message[len(begins) :]}",)


def _make_layer_first(error: TypeError, function: Callable[..., Any], args: Sequence[Any]) -> None:
    """Let an error say how a layer is called, if its constructor was given a Tensor where a setting belongs."""
    layer, parameters = type(args[0]), inspect.signature(function).parameters.values()
    forward = getattr(layer, "forward", None)
    if forward is None or forward.__qualname__ == "Module.forward":  # a container, which is not called
        return
    for arg, parameter in itertools.zip_longest(args, parameters):
        if isinstance(arg, TensorBase) and (parameter is None or "Tensor" not in str(parameter.annotation)):
            call = f"{layer.__name__}({_arguments(layer)})({_arguments(forward, 1)})"
            error.args = (f"{error}; make the layer first, then call it: {call}",)
            return


def _arguments(function: Callable[..., Any], start: int = 0) -> str:
    """What a call must pass, by name, from argument number `start` on; "..." where all of it has defaults."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.KEYWORD_ONLY][start:]
    required = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    return ", ".join(required) or ("..." if parameters else "")


def _is_in_single(trace: types.TracebackType) -> bool:
    """Whether a traceback ends in the wrapper that ops/elementwise.py puts around functions that compute in float32."""
    return trace.tb_next is None and trace.tb_frame.f_code.co_name == "compute"


def _alone(error: Exception) -> Exception:
    """An error that is shown without the one that it replaces; with it under `python -X dev`."""
    error.__suppress_context__ = not sys.flags.dev_mode
    return error


def _is_constructor(function: Callable[..., Any]) -> bool:
    return function.__name__ in ("__init__", "forward")
