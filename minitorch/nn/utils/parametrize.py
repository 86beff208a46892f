"""Parametrizations: a weight that is computed from other parameters whenever it is read.

    nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
    layer.weight                                    # Symmetric()(layer.parametrizations.weight.original)

The layer's class becomes a subclass in which `weight` is a property; the parameter itself moves into the layer's child
`parametrizations.weight`, a ParametrizationList.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, TypeVar

from minitorch.autograd.grad_mode import no_grad
from minitorch.nn.container import ModuleDict, ModuleList
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.tensor import Tensor

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
    "type_before_parametrizations",
]  # fmt: skip

M = TypeVar("M", bound=Module)


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, and what the tensor is computed from: `original`, or `original0`, `original1`, ...

    A call computes the tensor. There are several originals if `right_inverse` of the first parametrization returns several.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> layer.parametrizations.weight
    ParametrizationList(
      (0): _WeightNorm()
    )
    >>> [name for name, _ in layer.parametrizations.weight.named_parameters()]
    ['original0', 'original1']
    """

    original: Tensor

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        if not isinstance(original, Tensor):
            raise TypeError(f"ParametrizationList expects the original to be a Tensor, not {type(original).__name__}")
        super().__init__(modules)
        self.unsafe, shape, dtype = unsafe, original.shape, original.dtype
        new = original
        with no_grad():
            for module in reversed(list(self)):
                new = _right_inverse(module, new)
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            self._check_dtype("right_inverse(original)", new, dtype)
            if new is not original:
                original.data = new.clone()
            _register(self, "original", original)
        else:
            for i, part in enumerate(new):
                if isinstance(original, Parameter):
                    part = Parameter(part.detach().clone(), original.requires_grad)
                _register(self, f"original{i}", part.requires_grad_(original.requires_grad))
        if not unsafe:
            _check_like("Registering a parametrization", self(), shape, dtype)

    @staticmethod
    def _check_dtype(what: str, value: Tensor, dtype: Any) -> None:
        if value.dtype != dtype:
            raise ValueError(
                f"When `right_inverse` outputs one tensor, it may not change the dtype: {what} is of {value.dtype!r}, the "
                f"original of {dtype!r}. Convert it in right_inverse"
            )

    def originals(self) -> list[Tensor]:
        """The tensors that the parametrized tensor is computed from."""
        return [self.original] if self.is_tensor else [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the parametrized tensor becomes `value`, by the parametrizations' `right_inverse`.

        An assignment `layer.weight = value` does this. Raises RuntimeError if a parametrization has no `right_inverse`,
        ValueError for another number of tensors, or another dtype, than at the registration.
        """
        with no_grad():
            found: Any = value
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse: define "
                        "right_inverse(self, value), or change the original"
                    )
                found = module.right_inverse(found)
            parts = [found] if isinstance(found, Tensor) else found
            if not _are_tensors(parts) or len(parts) != self.ntensors:
                count = len(parts) if isinstance(parts, (tuple, list)) else 0
                raise ValueError(
                    f"'right_inverse' must return a sequence of tensors of length {self.ntensors}, as at the registration. "
                    f"Got {type(found).__name__}, of length {count}"
                )
            for original, part in zip(self.originals(), parts, strict=True):
                self._check_dtype("right_inverse(value)", part, original.dtype)
                original.data = part.clone()

    def forward(self) -> Tensor:
        """Compute the parametrized tensor."""
        first, *rest = self
        tensor = first(*self.originals())
        for module in rest:
            tensor = module(tensor)
        return tensor


class _Cache:
    """The tensors computed within `cached()`, by their ParametrizationList."""

    depth: ClassVar[int] = 0
    tensors: ClassVar[dict[ParametrizationList, Tensor]] = {}


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """In this block each parametrized tensor is computed once. Use it where a layer is called several times.

    An original that changes in the block does not change the tensor.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> with nn.utils.parametrize.cached():
    ...     layer.weight is layer.weight
    True
    >>> layer.weight is layer.weight
    False
    """
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.tensors.clear()


def register_parametrization(module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> M:
    """Let the parameter or buffer `tensor_name` of `module` be parametrization(original). Returns the module.

    A further one is applied to the result of those before. If the parametrization has a method `right_inverse`, the original
    is right_inverse(tensor), so that the tensor keeps its value, and an assignment to the tensor sets the original; the first
    one may return several originals, which `forward` then takes. `unsafe` lets the tensor's shape and dtype change.

    Raises ValueError for a name that is no parameter or buffer, or if shape or dtype change; TypeError if the parametrization
    is no Module.

    >>> class Symmetric(nn.Module):
    ...     def forward(self, X):
    ...         return X.triu() + X.triu(1).T
    >>> layer = nn.utils.parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all())
    True
    >>> list(layer.state_dict())
    ['bias', 'parametrizations.weight.original']
    """
    if not isinstance(parametrization, Module):
        raise TypeError(
            f"a parametrization must be a Module, not {type(parametrization).__name__}: define its forward(original)"
        )
    check_module("register_parametrization", module)
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_further(parametrization, getattr(module, tensor_name))
        found = module.parametrizations[tensor_name]
        found.append(parametrization)
        found.unsafe |= unsafe
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name {tensor_name!r:.40}"
        )
    if getattr(module, tensor_name) is None:
        raise ValueError(
            f"Module '{module}' was made without {tensor_name!r:.40}: it is None, and there is nothing to parametrize"
        )
    made = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        module.parametrizations = ModuleDict()
    module.parametrizations[tensor_name] = made
    _set_class(module)
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether `tensor_name`, or any tensor, of `module` is parametrized.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> is_parametrized = nn.utils.parametrize.is_parametrized
    >>> is_parametrized(layer), is_parametrized(layer, "bias")
    (True, False)
    """
    found = getattr(module, "parametrizations", None)
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found.keys()  # noqa: SIM118 (a name of any type)


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Make the tensor a parameter (or buffer) again, with its present value. Returns the module.

    With `leave_parametrized=False` it gets the value of the original. Raises ValueError for a tensor that is not parametrized,
    and for `leave_parametrized=False` where there are several originals.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> nn.utils.parametrize.remove_parametrizations(layer, "weight")
    Linear(in_features=3, out_features=2, bias=True)
    >>> list(layer.state_dict())
    ['bias', 'weight']
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name!r:.40}")
    found = module.parametrizations[tensor_name]
    if not leave_parametrized and not found.is_tensor:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of "
            f"tensors: {tensor_name} has {found.ntensors} originals. Leave out leave_parametrized"
        )
    if found.is_tensor:
        restored = found.original
        if leave_parametrized:
            restored.data = found().detach().clone()
    else:
        value = found()
        restored = Parameter(value.detach().clone()) if value.requires_grad else value
    del module.parametrizations[tensor_name]
    _set_class(module)
    if not is_parametrized(module):
        del module.parametrizations
    _register(module, tensor_name, restored)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class of `module`, or that which it had before its first parametrization.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> type(layer).__name__, nn.utils.parametrize.type_before_parametrizations(layer).__name__
    ('ParametrizedLinear', 'Linear')
    """
    kind = type(module)
    return kind.__bases__[0] if issubclass(kind, _Parametrized) else kind


def check_module(call: str, module: Any) -> None:
    """Raise TypeError unless `module` is a Module that was initialized."""
    if not isinstance(module, Module) or "_parameters" not in vars(module):
        raise TypeError(f"{call}() expects a Module, not {type(module).__name__}: pass the layer that has the weight")


class _Parametrized:
    """What the classes of parametrized modules have beside their properties: a copy, but no pickle."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = memo[id(self)] = object.__new__(type(self))
        vars(copied).update(copy.deepcopy(vars(self), memo))
        return copied

    def __getstate__(self) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(): its class was made by "
            "register_parametrization. Save model.state_dict()"
        )


def _set_class(module: Module) -> None:
    """Give `module` the class whose properties are the tensors that are parametrized now."""
    kind = type_before_parametrizations(module)
    if names := list(module.parametrizations):
        kind = type(f"Parametrized{kind.__name__}", (kind, _Parametrized), {name: _property(name) for name in names})
    module.__class__ = kind


def _property(name: str) -> property:
    def get(self: Module) -> Tensor:
        found = self.parametrizations[name]
        if not _Cache.depth:
            return found()
        if found not in _Cache.tensors:
            _Cache.tensors[found] = found()
        return _Cache.tensors[found]

    def set_(self: Module, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, set_)


def _right_inverse(module: Module, value: Any) -> Any:
    """`module.right_inverse(value)`, or `value` itself where there is none. Raises ValueError unless it gives Tensors."""
    if not hasattr(module, "right_inverse"):
        return value
    try:
        found = module.right_inverse(value)
    except NotImplementedError:
        return value
    if not isinstance(found, Tensor) and not _are_tensors(found):
        raise ValueError(
            f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {type(found).__name__}"
        )
    return found


def _are_tensors(values: Any) -> bool:
    return isinstance(values, (tuple, list)) and all(isinstance(value, Tensor) for value in values)


def _check_further(parametrization: Module, before: Tensor) -> None:
    """Raise ValueError if a further parametrization, or its `right_inverse`, changes the shape or the dtype of the tensor."""
    after = parametrization(before)
    _check_like("Registering a parametrization", after, before.shape, before.dtype)
    _check_like("parametrization.right_inverse", _right_inverse(parametrization, after), before.shape, before.dtype)


def _check_like(what: str, found: Any, shape: tuple[int, ...], dtype: Any) -> None:
    if not isinstance(found, Tensor):
        raise ValueError(f"{what} must give a tensor. Got {type(found).__name__}")
    for kind, before, after in (("dtype", repr(dtype), repr(found.dtype)), ("shape", list(shape), list(found.shape))):
        if before != after:
            raise ValueError(
                f"{what} may not change the {kind} of the tensor, unless `unsafe` flag is enabled: it was {before} and is now "
                f"{after}"
            )


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)
