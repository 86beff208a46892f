"""The base class of optimizers: parameter groups with their options, and a state per parameter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from minitorch.autograd.grad_mode import enable_grad, no_grad
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.callsite import warn
from minitorch.public import constructor, public
from minitorch.tensor import Tensor

__all__ = ["Optimizer"]


class Optimizer:
    """The base class of optimizers; a subclass defines `_update`.

    `params` is an iterable of tensors, or of dicts {"params": tensors, option: value, ...}, one per parameter group.
    """

    # PyTorch's options with one supported value: param groups print the same, and state dicts are compatible.
    _fixed_options: ClassVar[dict[str, Any]] = {"differentiable": False, "foreach": None, "fused": None}
    _opt_called = False  # the schedulers read it

    @constructor
    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got a Tensor; "
                "put it in a list"
            )
        if hasattr(params, "parameters") or callable(params):
            raise TypeError(f"an optimizer expects parameters, not a {type(params).__name__}: pass model.parameters()")
        self.defaults = {**defaults, **self._fixed_options}
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list: a module registers layers that are attributes, or "
                "in nn.ModuleList or nn.Sequential"
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a parameter group; options that the dict lacks get their defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        group = {**self.defaults, **param_group}
        if isinstance(group.get("lr"), Tensor):
            group["lr"] = group["lr"].item()
        params = group["params"]
        group["params"] = [params] if isinstance(params, Tensor) else list(params)
        named = [isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) for p in group["params"]]
        if any(named):
            if not all(named):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            group["param_names"] = [name for name, _ in group["params"]]
            group["params"] = [param for _, param in group["params"]]
        if len({id(p) for p in group["params"]}) < len(group["params"]):
            warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error. Each "
                "step updates such a parameter several times: pass it once"
            )
        known = {id(p) for g in self.param_groups for p in g["params"]}
        for param in group["params"]:
            if not isinstance(param, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}")
            if not param.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor: it was computed from other tensors. Optimize those")
            if id(param) in known:
                raise ValueError("some parameters appear in more than one parameter group")
        self._check(group)
        self.param_groups.append({"params": group.pop("params"), **group})

    def _check(self, group: dict[str, Any]) -> None:
        """Raise ValueError for invalid options."""
        for name in ("lr", "eps", "weight_decay", "momentum"):
            if name in group and not isinstance(group[name], (int, float)):  # a NumPy scalar would change the parameters' dtype
                if not hasattr(group[name], "__float__"):
                    raise TypeError(f"{name} must be a number, not {type(group[name]).__name__}: {group[name]!r:.40}")
                group[name] = float(group[name])
            if name in group and not group[name] >= 0.0:
                label = "learning rate" if name == "lr" else f"{name} value"
                raise ValueError(f"Invalid {label}: {group[name]}")

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient. A `closure` runs first, with grad enabled; its loss is returned."""
        if closure is not None and not callable(closure):
            raise TypeError(
                f"step(): closure must be a function that computes the loss, not a {type(closure).__name__}: call step()"
            )
        loss, self._opt_called = None, True
        if closure is not None:
            with enable_grad():
                loss = closure()
        with xp.errstate(all="ignore"):  # a diverging parameter becomes inf or nan, without a warning
            for group in self.param_groups:
                for param in group["params"]:
                    if param.grad is not None:
                        self._update_param(param, param.grad._array, group)
                        param._increment_version()
        return loss

    def _update_param(self, param: Tensor, grad: Array, group: dict[str, Any]) -> None:
        """`_update`, in float32 for a float16 parameter: its squared gradient may exceed float16's range."""
        array, state = param._array, self.state[param]
        if not getattr(array.flags, "writeable", True):
            raise RuntimeError(
                f"step(): a parameter of shape {list(array.shape)} cannot be written to: several of its elements share one "
                "place in memory, as after expand(), or its memory is read-only. Optimize its .clone()"
            )
        if array.dtype.char != "e":
            self._update(array, grad, state, group)
            return
        wide, single = {}, array.astype(xp.float32)
        for name, value in state.items():
            is_half = isinstance(value, Tensor) and value._array.dtype.char == "e"
            wide[name] = wrap(value._array.astype(xp.float32)) if is_half else value
        self._update(single, grad.astype(xp.float32), wide, group)
        array[...] = single
        for name, value in wide.items():
            if isinstance(value, Tensor) and value.shape == param.shape and name != "step":
                value = wrap(value._array.astype(array.dtype))
            state[name] = value

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Update `param` in place. `state` persists between steps; its tensors have PyTorch's names."""
        raise NotImplementedError(f"{type(self).__name__} must define _update(param, grad, state, group)")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients to None or to zero."""
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param.grad = None
                elif param.grad is not None:
                    param.grad.detach_().zero_()

    def state_dict(self) -> dict[str, Any]:
        """The options and the state, with parameters numbered in the order of the groups."""
        param_ids: dict[int, int] = {}
        for i, param in enumerate(p for group in self.param_groups for p in group["params"]):
            param_ids.setdefault(id(param), i)
        groups = [
            {**{k: v for k, v in g.items() if k != "params"}, "params": [param_ids[id(p)] for p in g["params"]]}
            for g in self.param_groups
        ]
        return {"state": {param_ids[id(p)]: dict(s) for p, s in self.state.items() if s}, "param_groups": groups}

    @public
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load options and state. Raises ValueError, before any change, if the parameter groups do not match."""
        if not isinstance(state_dict, dict) or not {"state", "param_groups"} <= state_dict.keys():
            raise ValueError("an optimizer's state dict needs the keys 'state' and 'param_groups'")
        saved = state_dict["param_groups"]
        if len(saved) != len(self.param_groups):
            raise ValueError(
                f"loaded state dict has a different number of parameter groups: {len(saved)} for {len(self.param_groups)}"
            )
        for new, old in zip(saved, self.param_groups, strict=True):
            if len(new["params"]) != len(old["params"]):
                raise ValueError(
                    f"loaded state dict contains a parameter group that doesn't match the size of optimizer's group: "
                    f"{len(new['params'])} parameters for {len(old['params'])}"
                )
        param_of: dict[int, Tensor] = {}
        for new, old in zip(saved, self.param_groups, strict=True):
            param_of.update(zip(new["params"], old["params"], strict=True))
        for n, saved_state in state_dict["state"].items():
            if n not in param_of:
                raise ValueError(f"loaded state dict has a state for parameter {n}, but there are {len(param_of)} parameters")
            for key, value in saved_state.items():
                if isinstance(value, Tensor) and value.ndim and value.shape != param_of[n].shape:
                    raise ValueError(
                        f"loaded state dict has {key!r} of shape {list(value.shape)} for parameter {n} of shape "
                        f"{list(param_of[n].shape)}"
                    )
        for new, old in zip(saved, self.param_groups, strict=True):
            old.update({k: v for k, v in new.items() if k != "params"})
        self.state = defaultdict(dict)
        for n, saved_state in state_dict["state"].items():
            param = param_of[n]
            for key, value in saved_state.items():
                if isinstance(value, Tensor):
                    value = value.clone() if key == "step" else value.to(param.dtype).clone()
                elif key == "step":  # a Python number, as in older files
                    value = wrap(xp.asarray(value, xp.float32))
                if value is not None:
                    self.state[param][key] = value

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [""] if i else []
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])
