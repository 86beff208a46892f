"""A layer that is a function with its options kept. Most layers without parameters are just that, and say only this:

    @layer(F.elu)
    class ELU(Module):
        '''x where it is positive, alpha (e^x - 1) elsewhere'''

        alpha: float = 1.0
        inplace: bool = False

which makes ELU(alpha=1.0, inplace=False), with the options as attributes, a forward that calls F.elu(input, alpha=...,
inplace=...), and the printed form ELU(alpha=1.0). (The fields are read as those of a dataclass are.)
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from dataclasses import KW_ONLY
from typing import Any, ClassVar, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from minitorch.nn.module import Module
from minitorch.public import constructor
from minitorch.tensor import Tensor

__all__ = ["layer"]

M = TypeVar("M", bound=type[Module])


@dataclass_transform()
def layer(function: Callable[..., Any]) -> Callable[[M], M]:
    """Give a Module class, whose annotated fields are options of `function`, its __init__, forward and extra_repr.

    A field annotated as Tensor becomes a buffer. `training` is passed on to a function that asks for it. What the class
    defines itself stays; a method `__post_init__` is called once the options are set.
    """
    parameters = inspect.signature(function).parameters
    asks_mode = "training" in parameters

    def decorate(cls: M) -> M:
        me, fields = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD), _fields(cls)
        signature, names = inspect.Signature([me, *fields]), [field.name for field in fields]
        inputs = list(itertools.takewhile(lambda name: name not in (*names, "training"), parameters))
        call = inspect.Signature([me, *(parameters[name] for name in inputs)])

        def __init__(self: Module, *args: Any, **kwargs: Any) -> None:
            given = _bind(signature, "__init__", self, args, kwargs)
            given.apply_defaults()
            Module.__init__(self)
            for field in fields:
                value = given.arguments[field.name]
                if field.annotation is Tensor or Tensor in get_args(field.annotation):
                    self.register_buffer(field.name, value)
                elif isinstance(value, Tensor) and value.ndim == 0:
                    setattr(self, field.name, value.item())
                elif isinstance(value, (Module, Tensor)):
                    kind = type(value).__name__
                    raise TypeError(f"{cls.__name__}(): {field.name} is an option, a number or a word, and cannot be a {kind}")
                else:
                    setattr(self, field.name, value)
            self.__post_init__()

        def forward(self: Module, *args: Any, **kwargs: Any) -> Any:
            if kwargs or len(args) != len(inputs):
                args = _bind(call, "forward", self, args, kwargs).args[1:]
            options = {name: getattr(self, name) for name in names}
            if asks_mode:
                options["training"] = self.training
            return function(*args, **options)

        def extra_repr(self: Module) -> str:
            options = {name: getattr(self, name) for name in names if name != "inplace" or self.inplace}
            return ", ".join(f"{name}={value!r}" for name, value in options.items())

        for field in fields:
            if field.name in vars(cls):
                delattr(cls, field.name)  # an option is the layer's own, and a buffer would be hidden
        __init__.__signature__, forward.__signature__ = signature, call  # type: ignore[attr-defined]
        __init__.__annotations__ = {field.name: field.annotation for field in fields}
        for method in (__init__, forward, extra_repr, __post_init__):
            if not _defined(cls, method.__name__):
                method.__qualname__ = f"{cls.__name__}.{method.__name__}"
                setattr(cls, method.__name__, constructor(method) if method is __init__ else method)
        return cls

    return decorate


def _bind(signature: inspect.Signature, name: str, self: Module, args: Any, kwargs: Any) -> inspect.BoundArguments:
    try:
        return signature.bind(self, *args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{type(self).__name__}.{name}{signature} was called otherwise: {error}") from None


def __post_init__(self: Module) -> None:
    """Nothing more to set up."""


def _defined(cls: type[Module], name: str) -> bool:
    """Whether cls, or a class between it and Module, has the method."""
    return any(name in vars(base) for base in cls.__mro__[: cls.__mro__.index(Module)])


def _fields(cls: type[Module]) -> list[inspect.Parameter]:
    """The annotated fields of cls and its bases below Module; what comes after `_: KW_ONLY` is given by keyword."""
    fields = []
    for base in reversed(cls.__mro__[: cls.__mro__.index(Module)]):
        kind: Any = inspect.Parameter.POSITIONAL_OR_KEYWORD
        hints = get_type_hints(base)
        for name in inspect.get_annotations(base):
            annotation = hints[name]
            if annotation is KW_ONLY:
                kind = inspect.Parameter.KEYWORD_ONLY
            elif get_origin(annotation) is not ClassVar:
                default = vars(base).get(name, inspect.Parameter.empty)
                fields.append(inspect.Parameter(name, kind, default=default, annotation=annotation))
    return fields
