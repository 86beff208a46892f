"""Loading a state dict: names and shapes are compared with those of the module first, then the values are copied."""

from __future__ import annotations

import os
from collections import namedtuple
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minitorch.autograd.grad_mode import no_grad
from minitorch.nn.parameter import UninitializedTensorMixin
from minitorch.tensor import Tensor

if TYPE_CHECKING:
    from minitorch.nn.module import Module

__all__ = ["load"]


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    def __repr__(self) -> str:
        return super().__repr__() if self.missing_keys or self.unexpected_keys else "<All keys matched successfully>"


def load(
    module: Module, own: Mapping[str, Tensor], extra: Mapping[str, Module], state_dict: Mapping[str, Tensor], strict: bool
) -> _IncompatibleKeys:
    """Copy the values of `state_dict` into the tensors `own` of a module, and its extra state into the modules `extra`."""
    if not isinstance(state_dict, Mapping):
        hint = " minitorch.load(path) reads a file" if isinstance(state_dict, (str, os.PathLike)) else ""
        hint = " Pass its .state_dict()" if hasattr(state_dict, "state_dict") else hint
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.{hint}")
    state_dict = {_name_today(name, own): value for name, value in state_dict.items()}
    state_dict = {name: _as_saved_long_ago(value, own.get(name)) for name, value in state_dict.items()}
    missing = [n for n in (*own, *extra) if n not in state_dict]
    missing = [n for n in missing if n.rpartition(".")[2] != "num_batches_tracked"]  # older files lack it
    unexpected = [name for name in state_dict if name not in own and name not in extra]
    errors = []
    if strict and unexpected:
        errors.append(f"Unexpected key(s) in state_dict: {', '.join(map(_quoted, unexpected))}. ")
    if strict and missing:
        errors.insert(0, f"Missing key(s) in state_dict: {', '.join(map(_quoted, missing))}. ")
    for name, target in own.items():
        value = state_dict.get(name)
        if name in state_dict and not isinstance(value, Tensor):
            errors.append(f'While copying the parameter named "{name}", expected a Tensor but got {type(value).__name__}. ')
        elif value is not None and not isinstance(target, UninitializedTensorMixin) and value.shape != target.shape:
            errors.append(
                f"size mismatch for {name}: copying a param with shape {value.shape!r} from checkpoint, the shape in "
                f"current model is {target.shape!r}."
            )
    if errors:
        raise RuntimeError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t" + "\n\t".join(errors))
    with no_grad():
        for name, target in own.items():
            value = state_dict.get(name)
            if value is None or isinstance(value, UninitializedTensorMixin):
                continue
            if isinstance(target, UninitializedTensorMixin):
                target.materialize(value.shape)
            target.copy_(value)
    for name, owner in extra.items():
        if name in state_dict:
            owner.set_extra_state(state_dict[name])
    return _IncompatibleKeys(missing, unexpected)


def _name_today(name: str, own: Mapping[str, Any]) -> str:
    """The name of a saved value in this model: `weight_g` and `weight_v` of the older weight_norm are originals now."""
    prefix, dot, last = name.rpartition(".")
    for suffix, original in (("_g", "original0"), ("_v", "original1")):
        today = f"{prefix}{dot}parametrizations.{last.removesuffix(suffix)}.{original}"
        if last.endswith(suffix) and name not in own and today in own:
            return today
    return name


def _as_saved_long_ago(value: Any, target: Any) -> Any:
    """A value of one element for a target of no dimension: older files have these as vectors."""
    is_lazy = isinstance(target, UninitializedTensorMixin) or isinstance(value, UninitializedTensorMixin)
    is_vector = (
        not is_lazy
        and isinstance(value, Tensor)
        and isinstance(target, Tensor)
        and target.ndim == 0
        and tuple(value.shape) == (1,)
    )
    return value[0] if is_vector else value


def _quoted(name: str) -> str:
    return f'"{name}"'
