"""Layers that are a function and its options. Most layers without parameters are defined this way:

    @layer(F.elu)
    class ELU(Layer):
        '''x if x > 0, else alpha (e^x - 1)'''

        alpha: float = 1.0
        inplace: bool = False

This defines ELU(alpha=1.0, inplace=False), with the options as attributes, a forward that calls F.elu(input, alpha=...,
inplace=...), and the repr ELU(alpha=1.0). (The fields follow the rules of dataclasses.)
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from dataclasses import KW_ONLY
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from minitorch.nn.module import Module
from minitorch.public import constructor
from minitorch.tensor import Tensor

__all__ = ["Layer", "layer"]


@dataclass_transform()
class Layer(Module):
    """The base class of layers made by `layer`: it lets type checkers derive their constructors from their fields."""

    if TYPE_CHECKING:

        def forward(self, input: Tensor) -> Tensor: ...


L = TypeVar("L", bound=type[Layer])


def layer(function: Callable[..., Any]) -> Callable[[L], L]:
    """Add __init__, forward and extra_repr to a Layer class whose annotated fields are options of `function`.

    A field annotated as Tensor becomes a buffer. A function with a parameter `training` gets the module's mode. Methods that
    the class defines are kept; `__post_init__` is called after the options are set.
    """
    parameters = inspect.signature(function).parameters
    has_training = "training" in parameters

    def decorate(cls: L) -> L:
        self_parameter, fields = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD), _fields(cls)
        signature, names = inspect.Signature([self_parameter, *fields]), [field.name for field in fields]
        inputs = list(itertools.takewhile(lambda name: name not in (*names, "training"), parameters))
        forward_signature = inspect.Signature([self_parameter, *(parameters[name] for name in inputs)])

        def __init__(self: Module, *args: Any, **kwargs: Any) -> None:
            bound = _bind(signature, "__init__", self, args, kwargs)
            bound.apply_defaults()
            Module.__init__(self)
            for field in fields:
                value = bound.arguments[field.name]
                if field.annotation is Tensor or Tensor in get_args(field.annotation):
                    self.register_buffer(field.name, value)
                elif isinstance(value, Tensor) and value.ndim == 0:
                    setattr(self, field.name, value.item())
                else:
                    setattr(self, field.name, value)
            self.__post_init__()

        def forward(self: Module, *args: Any, **kwargs: Any) -> Any:
            if kwargs or len(args) != len(inputs):
                args = _bind(forward_signature, "forward", self, args, kwargs).args[1:]
            options = {name: getattr(self, name) for name in names}
            if has_training:
                options["training"] = self.training
            return function(*args, **options)

        def extra_repr(self: Module) -> str:
            options = {name: getattr(self, name) for name in names if name != "inplace" or self.inplace}
            return ", ".join(f"{name}={value!r}" for name, value in options.items())

        for field in fields:
            if field.name in vars(cls):
                delattr(cls, field.name)  # a class attribute would hide a buffer of the same name
        __init__.__signature__, forward.__signature__ = signature, forward_signature  # type: ignore[attr-defined]
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
        raise TypeError(f"{type(self).__name__}.{name}{signature} got wrong arguments: {error}") from None


def __post_init__(self: Module) -> None:
    """The default: no further initialization."""


def _defined(cls: type[Module], name: str) -> bool:
    """Whether cls, or a base class below Module, defines the method."""
    return any(name in vars(base) for base in cls.__mro__[: cls.__mro__.index(Module)])


def _fields(cls: type[Module]) -> list[inspect.Parameter]:
    """The annotated fields of cls and its bases below Module; fields after `_: KW_ONLY` are keyword-only."""
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
