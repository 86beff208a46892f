"""Containers of modules: Sequential, ModuleList, ModuleDict; and of parameters: ParameterList, ParameterDict."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.public import constructor
from minitorch.tensor import Tensor

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class _Indexed(Module):
    """A container whose modules have the names '0', '1', '2' ..."""

    def _name_at(self, index: int) -> str:
        i, n = operator.index(index), len(self)
        if not -n <= i < n:
            raise IndexError(f"index {i} is out of range for {n} modules")
        return list(self._modules)[i]

    def _replace(self, modules: Iterable[Any]) -> None:
        before, modules = dict(self._modules), list(modules)
        self._modules.clear()
        try:
            for i, module in enumerate(modules):
                self.add_module(str(i), module)
        except Exception:
            self._modules.clear()
            self._modules.update(before)
            raise

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._with_modules(dict(list(self._modules.items())[index]))
        return self._modules[self._name_at(index)]

    def _with_modules(self, modules: dict[str, Any]) -> Module:
        return type(self)(list(modules.values()))  # type: ignore[call-arg]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def __delitem__(self, index: Any) -> None:
        names = list(self._modules)[index] if isinstance(index, slice) else [self._name_at(index)]
        self._replace(m for name, m in list(self._modules.items()) if name not in names)

    def append(self, module: Module) -> Self:
        """Add `module` at the end; returns self."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add `modules` at the end; returns self."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Add `module` before `index`; returns self."""
        modules = list(self)
        if isinstance(self, Sequential) and not -len(modules) <= index <= len(modules):
            raise IndexError(f"Index out of range: insert({index}) into a Sequential of {len(modules)} modules")
        modules.insert(index, module)
        self._replace(modules)
        return self

    def pop(self, key: int) -> Module:
        """Remove the module at `key` and return it."""
        module: Module = self[key]
        del self[key]
        return module


class Sequential(_Indexed):
    """A chain of modules: the output of each is the input of the next.

    y = m[n](... m[1](m[0](x)))

    The arguments are the modules, or one dict from names to modules. Indexing gives a module, slicing a Sequential.

    >>> model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> model(minitorch.ones(5, 2)).shape, model[1], len(model[:2])
    (minitorch.Size([5, 1]), ReLU(), 2)
    """

    @constructor
    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], dict) else ((str(i), m) for i, m in enumerate(args))
        for name, module in named:
            self.add_module(name, module)

    def _with_modules(self, modules: dict[str, Any]) -> Module:
        return type(self)(modules)

    def __add__(self, other: Any) -> Sequential:
        return Sequential(*self, *other) if isinstance(other, Sequential) else NotImplemented

    def __iadd__(self, other: Any) -> Self:
        if not isinstance(other, Sequential):
            return NotImplemented
        self.extend(list(other))
        return self

    def __mul__(self, times: Any) -> Sequential:
        if not isinstance(times, int) or isinstance(times, bool):
            return NotImplemented
        if times < 1:
            raise ValueError(f"a Sequential can be repeated once or more, not {times} times")
        return Sequential(*list(self) * times)

    __rmul__ = __mul__

    def __imul__(self, times: Any) -> Self:
        repeated = self.__mul__(times)
        if repeated is NotImplemented:
            return NotImplemented
        self.extend(list(repeated)[len(self) :])
        return self

    def forward(self, input: Any) -> Tensor:
        for module in self:
            input = module(input)
        return input


class ModuleList(_Indexed):
    """A list of modules whose parameters are registered. It has no forward: index it, or loop over it.

    >>> layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    >>> len(layers), sum(p.numel() for p in layers.parameters())
    (3, 18)
    """

    _instead_of_forward = "a ModuleList only keeps modules: call each, or use Sequential"

    @constructor
    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> Self:
        self.extend(list(other))
        return self

    def __repr__(self) -> str:
        """Consecutive modules with the same repr print once, with their range and count."""
        runs: list[list[Any]] = []
        for i, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1][1] = i
            else:
                runs.append([i, i, text])
        if not runs:
            return f"{self._get_name()}()"
        lines = []
        for first, last, text in runs:
            key = f"({first})" if first == last else f"({first}-{last})"
            times = "" if first == last else f"{last - first + 1} x "
            lines.append(f"{key}: {times}{text}".replace("\n", "\n  "))
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


class ModuleDict(Module):
    """A dict of modules whose parameters are registered. It has no forward: select modules by their keys.

    >>> activations = nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh()})
    >>> activations["relu"](minitorch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    _instead_of_forward = "a ModuleDict only keeps modules: call one by its key"

    @constructor
    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add or replace modules, given as a dict or as pairs of a name and a module."""
        for name, module in modules.items() if hasattr(modules, "items") else modules:
            self[name] = module

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def keys(self) -> Any:
        """The names."""
        return self._modules.keys()

    def values(self) -> Any:
        """The modules."""
        return self._modules.values()

    def items(self) -> Any:
        """Pairs of a name and a module."""
        return self._modules.items()

    def pop(self, key: str) -> Module:
        """Remove a module and return it."""
        module: Module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()


class _Parameters(Module):
    """A container of values, the Tensors among which become Parameters. Each is an attribute with its key for a name."""

    def _set(self, key: str, value: Any) -> None:
        setattr(self, key, Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value)

    def _entries(self) -> Iterable[tuple[Any, Any]]:
        raise NotImplementedError(f"{type(self).__name__} has to define its entries")

    def _type_of(self, value: Tensor) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has to define what it prints as a type")

    def extra_repr(self) -> str:
        lines = []
        for key, value in self._entries():
            text = f"Object of type: {type(value).__name__}"
            if isinstance(value, Tensor):
                size, where = "x".join(map(str, value.shape)), f" ({value.device})" if value.is_cuda else ""
                text = f"{type(value).__name__} containing: [{self._type_of(value)} of size {size}{where}]"
            lines.append(f"  ({key}): {text}")
        return "\n".join(lines)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"{type(self).__name__} should not be called: it has parameters, and no forward")


class ParameterList(_Parameters):
    """A list of parameters, which are registered. Tensors become Parameters; other values are kept as they are.

    >>> weights = nn.ParameterList([minitorch.ones(2, 3), minitorch.ones(3)])
    >>> [name for name, _ in weights.named_parameters()]
    ['0', '1']
    """

    @constructor
    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        self.extend(() if values is None else values)

    def _key(self, index: int) -> str:
        i = operator.index(index)
        if not -self._size <= i < self._size:
            raise IndexError(f"index {i} is out of range for {self._size} parameters")
        return str(i % self._size)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self._size))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)([self[i] for i in range(*index.indices(self._size))])
        return getattr(self, self._key(index))

    def __setitem__(self, index: int, param: Any) -> None:
        self._set(self._key(index), param)

    def append(self, value: Any) -> Self:
        """Add `value` at the end; returns self."""
        self._set(str(self._size), value)
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add `values` at the end; returns self."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self

    __iadd__ = extend

    def _entries(self) -> Iterable[tuple[Any, Any]]:
        return enumerate(self)

    def _type_of(self, value: Tensor) -> Any:
        return repr(value.dtype)


class ParameterDict(_Parameters):
    """A dict of parameters, which are registered. Tensors become Parameters; other values are kept as they are.

    >>> weights = nn.ParameterDict({"left": minitorch.ones(2, 3)})
    >>> weights.left is weights["left"]
    True
    """

    @constructor
    def __init__(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        self.update(() if parameters is None else parameters)

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(f"ParameterDict has no key {key!r}; its keys are {list(self._keys)}")
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(
                f"a key of a ParameterDict must be a string, because it names an attribute, not {type(key).__name__}"
            )
        self._set(key, value)
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        self[key]
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: Any) -> bool:
        return key in self._keys

    def keys(self) -> Any:
        """The keys."""
        return self._keys.keys()

    def values(self) -> Iterable[Any]:
        """The values."""
        return (self[key] for key in self._keys)

    def items(self) -> Iterable[tuple[str, Any]]:
        """Pairs of a key and a value."""
        return ((key, self[key]) for key in self._keys)

    def get(self, key: str, default: Any = None) -> Any:
        """The value at `key`, or `default` where there is none."""
        return self[key] if key in self else default  # noqa: SIM401

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value at `key`, which is set to `default` first where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Remove a value and return it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the last pair of key and value, and return it."""
        if not self._keys:
            raise KeyError("popitem(): the ParameterDict is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def clear(self) -> None:
        """Remove all values."""
        for key in list(self._keys):
            del self[key]

    def copy(self) -> ParameterDict:
        """A ParameterDict of the same parameters."""
        return ParameterDict(self.items())

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A ParameterDict with `default` at each of `keys`."""
        return ParameterDict([(key, default) for key in keys])

    def update(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add or replace values. The keys of a plain dict are sorted first, as in PyTorch."""
        if not isinstance(parameters, Iterable):
            raise TypeError(
                f"ParameterDict.update should be called with a dict, or pairs of key and value, but got "
                f"{type(parameters).__name__}"
            )
        pairs: Any = parameters.items() if isinstance(parameters, (Mapping, ParameterDict)) else parameters
        if isinstance(parameters, Mapping) and not isinstance(parameters, OrderedDict):
            pairs = sorted(pairs, key=lambda pair: str(pair[0]))
        for i, pair in enumerate(list(pairs)):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                error = ValueError if hasattr(pair, "__len__") else TypeError
                raise error(f"ParameterDict.update: element #{i} must be a pair of key and value, not {type(pair).__name__}")
            self[pair[0]] = pair[1]

    def __or__(self, other: Any) -> ParameterDict:
        merged = self.copy()
        merged.update(other)
        return merged

    def __ror__(self, other: Any) -> ParameterDict:
        merged = ParameterDict(other)
        merged.update(self.items())
        return merged

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    def _entries(self) -> Iterable[tuple[Any, Any]]:
        return self.items()

    def _type_of(self, value: Tensor) -> Any:
        return value.type()
