"""Layers and weights from PyTorch and to PyTorch: the classes have the same names and options on both sides.

    model = minitorch.utils.torch.from_module(torch_model)
    torch_model = minitorch.utils.torch.to_module(model)

Layers and containers are built anew on the other side, with copies of their weights; a module class of a program's own, whose
forward is code, is not. Its weights go by `load_state_dict`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from minitorch import nn
from minitorch.from_data import from_numpy

__all__ = ["from_module", "to_module"]


PARAMETERS = {"bias": ("bias", "in_proj_bias"), "add_bias_kv": ("bias_k",)}  # options that say whether there is a parameter


def from_module(module: Any) -> Any:
    """The same model of minitorch's layers, on the CPU, with copies of the weights of a torch.nn.Module, in its mode.

    Raises TypeError for a module that is no layer and no container of torch.nn, with its path, ImportError without PyTorch.

    >>> model = minitorch.utils.torch.from_module(torch.nn.Linear(3, 2))  # doctest: +SKIP
    """
    torch = _torch("from_module")
    return _converted(module, torch.nn, nn, lambda x: from_numpy(x.detach().cpu().numpy().copy()))


def to_module(module: nn.Module) -> Any:
    """The same model of PyTorch's layers, on the CPU, with copies of the weights, in its mode.

    Raises TypeError for a module that is no layer and no container of minitorch.nn, with its path, ImportError without PyTorch.

    >>> model = minitorch.utils.torch.to_module(nn.Linear(3, 2))  # doctest: +SKIP
    """
    torch = _torch("to_module")
    return _converted(module, nn, torch.nn, lambda x: torch.from_numpy(x.detach().cpu().numpy().copy()))


def _torch(call: str) -> Any:
    try:
        import torch
    except ImportError:
        raise ImportError(f"utils.torch.{call} needs PyTorch: make parity installs it in the clone of minitorch") from None
    return torch


def _converted(module: Any, source: Any, target: Any, convert: Callable[[Any], Any]) -> Any:
    shared = module.state_dict(keep_vars=True).values()
    if len({id(value) for value in shared}) != len(shared):
        raise TypeError("the module has a tensor under several names, which would be tensors of their own in its copy")
    model = _rebuilt(module, source, target, convert, "module")
    state = {name: convert(value) for name, value in module.state_dict().items()}
    for name, value in {**dict(model.named_parameters()), **dict(model.named_buffers())}.items():
        if name in state:
            value.data = value.data.to(state[name].dtype)
    model.load_state_dict(state)
    for new, old in zip(model.modules(), module.modules(), strict=True):
        new.training = old.training
    for new, old in zip(model.parameters(), module.parameters(), strict=True):
        new.requires_grad_(old.requires_grad)
    return model


def _rebuilt(module: Any, source: Any, target: Any, convert: Callable[[Any], Any], path: str) -> Any:
    """The layer or container of `target` that has the name and options of this one of `source`."""
    name = type(module).__name__
    kind = getattr(target, name, None)
    if getattr(source, name, None) is not type(module) or kind is None:
        raise TypeError(f"{path} is a {name}, which is no layer or container of both minitorch.nn and torch.nn")
    if isinstance(module, (source.Sequential, source.ModuleList, source.ModuleDict)):
        children = {key: _rebuilt(child, source, target, convert, f"{path}.{key}") for key, child in module._modules.items()}
        container = kind()
        for key, child in children.items():
            container.add_module(key, child)
        return container
    options = _options(module, kind)
    return kind(**{key: convert(value) if hasattr(value, "detach") else value for key, value in options.items()})


def _options(module: Any, kind: Any) -> dict[str, Any]:
    """The arguments that make another of this layer: of each its attribute, or whether there is a parameter of that name."""
    found = {}
    for name, parameter in inspect.signature(getattr(nn, kind.__name__)).parameters.items():
        if name in ("device", "dtype") or parameter.kind is parameter.VAR_POSITIONAL:
            continue
        values = [getattr(module, attribute) for attribute in PARAMETERS.get(name, (name,)) if hasattr(module, attribute)]
        value = values[0] if values else parameter.default
        if name in PARAMETERS and not isinstance(value, bool):
            value = value is not None
        if value is not parameter.empty:
            found[name] = value
    return found
