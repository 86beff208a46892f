"""Containers of modules: Sequential, ModuleList, ModuleDict."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from minitorch.nn.module import Module
from minitorch.public import constructor

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class _Indexed(Module):
    """A container whose modules have the names '0', '1', '2' ..."""

    def _name_at(self, index: int) -> str:
        i, n = operator.index(index), len(self)
        if not -n <= i < n:
            raise IndexError(f"index {i} is out of range for {n} modules")
        return list(self._modules)[i]

    def _replace(self, modules: Iterable[Any]) -> None:
        modules = list(modules)
        self._modules.clear()
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

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

    def append(self, module: Module) -> Any:
        """Add `module` at the end; returns self."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        """Add `modules` at the end; returns self."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
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

    The arguments are the modules, or one dict from names to modules.
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

    def forward(self, input: Any) -> Any:
        for module in self:
            input = module(input)
        return input


class ModuleList(_Indexed):
    """A list of modules whose parameters are registered. It has no forward: index it, or loop over it."""

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
    """A dict of modules whose parameters are registered."""

    @constructor
    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add or replace modules."""
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
        return self._modules.keys()

    def values(self) -> Any:
        return self._modules.values()

    def items(self) -> Any:
        return self._modules.items()

    def pop(self, key: str) -> Module:
        """Remove a module and return it."""
        module: Module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        self._modules.clear()
