"""The base class of optimizers: parameter groups with their options, and a state per parameter."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from minitorch.autograd.grad_mode import enable_grad, no_grad
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, xp
from minitorch.backend.callsite import warn
from minitorch.public import constructor, public
from minitorch.tensor import Tensor

__all__ = ["Optimizer", "begin_step", "with_rate", "writable"]

_NUMBERS = {"step", "mu_product"}  # in the state, of float32 whatever the dtype of the parameter


class Optimizer:
    """The base class of optimizers; a subclass defines `_update`.

    `params` is an iterable of tensors, of pairs (name, tensor) as from `model.named_parameters()`, or of dicts
    {"params": tensors or pairs, option: value, ...}, one per parameter group. The names are the option "param_names".

    Options that several optimizers share:

    - `lr`: a number, or a Tensor of one element, which is read in each step, and which a scheduler changes in place.
    - `maximize`: step along the gradient instead of against it.
    - `foreach`, `fused`: in PyTorch they select an implementation with the same result. Here there is one, and they are only
      stored; both True raise RuntimeError, as in PyTorch.
    - `capturable`: in PyTorch it permits to capture the step in a CUDA graph, on GPUs only. There are no CUDA graphs here, so
      that it is only stored; step() raises AssertionError for a parameter on the CPU, as in PyTorch.
    - `differentiable`: not supported. True raises NotImplementedError.

    Raises ValueError for no parameters, one that is not a leaf, or one that occurs in two groups, and TypeError for what is
    no Tensor.

    Example, of parameter groups and a subclass:
        >>> class SignSGD(minitorch.optim.Optimizer):
        ...     def __init__(self, params, lr=0.1):
        ...         super().__init__(params, {"lr": lr})
        ...     def step(self):
        ...         for group in self.param_groups:
        ...             for p in group["params"]:
        ...                 p.data -= group["lr"] * p.grad.sign()
        >>> a, b = nn.Parameter(minitorch.tensor([1.0, -2.0])), nn.Parameter(minitorch.tensor([3.0]))
        >>> optimizer = SignSGD([{"params": [a]}, {"params": [b], "lr": 0.5}])
        >>> ((a**2).sum() + (b**2).sum()).backward()
        >>> optimizer.step()
        >>> a.data, b.data
        (tensor([ 0.9000, -1.9000]), tensor([2.5000]))
    """

    _nonnegative: ClassVar[tuple[str, ...]] = ("lr", "eps", "weight_decay", "momentum")  # options that must be numbers >= 0
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
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list: a module registers layers that are attributes, or "
                "in nn.ModuleList or nn.Sequential. Or a generator was used before: list(model.parameters()) can be used again"
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a parameter group; options that the dict lacks get their defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        if "params" not in param_group:
            raise KeyError(f"a parameter group needs 'params', but has only {list(param_group)}")
        group = param_group | {name: value for name, value in self.defaults.items() if name not in param_group}
        params = group.pop("params")
        if isinstance(params, (set, frozenset)):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but a set has no order, and a state dict "
                "numbers the parameters. Please use a list instead"
            )
        group = {"params": [params] if isinstance(params, Tensor) else list(params), **group}
        named = [isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) for p in group["params"]]
        if any(named):
            if not all(named):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            names, params = zip(*group.pop("params"), strict=True)
            group = {"params": list(params), "param_names": list(names), **group}
        if any(("param_names" in g) != ("param_names" in group) for g in self.param_groups):
            raise ValueError(
                f"all optimizer param groups should be with/without names: cannot add one with{'' if any(named) else 'out'} "
                "names to the others. Pass model.named_parameters() for all of them, or parameters() for all"
            )
        if len({id(p) for p in group["params"]}) < len(group["params"]):
            warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error. Each "
                "step updates such a parameter several times: pass it once"
            )
        known = {id(p) for g in self.param_groups for p in g["params"]}
        for param in group["params"]:
            if not isinstance(param, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}: pass "
                    "model.parameters()"
                )
            if not param.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor: it was computed from other tensors. Optimize those")
            if id(param) in known:
                raise ValueError("some parameters appear in more than one parameter group")
        self._check(group)
        self.param_groups.append(group)

    def _check(self, group: dict[str, Any]) -> None:
        """Raise an error for invalid options; make numbers of tensors of no dimension, but for a learning rate."""
        for name in self._nonnegative:
            if name not in group:
                continue
            if name == "lr" and isinstance(group[name], Tensor):
                if group[name].numel() != 1:
                    raise ValueError(f"Tensor lr must be 1-element, not of shape {list(group[name].shape)}")
            else:
                group[name] = _number(name, group[name])
            if not group[name] >= 0.0:
                label = {"lr": "learning rate", "eps": "epsilon value"}.get(name, f"{name} value")
                raise ValueError(f"Invalid {label}: {group[name]}")
        if "betas" in group:
            _check_betas(group)
        self._check_implementation(group)

    @staticmethod
    def _check_implementation(group: dict[str, Any]) -> None:
        """Raise an error for options about how to compute that are not supported, or not together."""
        if group.get("fused") and group.get("differentiable"):
            raise RuntimeError("`fused` does not support `differentiable`: leave out both")
        if group.get("fused") and group.get("foreach"):
            raise RuntimeError("`fused` and `foreach` cannot be `True` together: leave out both, the result is the same")
        if group.get("differentiable"):
            raise NotImplementedError(
                "differentiable=True is not supported: step() changes parameters in place and records nothing. To "
                "differentiate an update, write it with operations: "
                "new = param - lr * autograd.grad(loss, param, create_graph=True)[0]"
            )

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
            for group in map(with_rate, self.param_groups):
                for param in group["params"]:
                    if param.grad is not None:
                        self._update_param(param, param.grad._array, group)
                        param._increment_version()
        return loss

    def _update_param(self, param: Tensor, grad: Array, group: dict[str, Any]) -> None:
        """`_update`, in float32 for a float16 parameter: its squared gradient may exceed float16's range."""
        array, state = writable(param), self.state[param]
        if group.get("capturable") and param.device.type == "cpu":
            raise AssertionError(
                "If capturable=True, params must be on a GPU, but a parameter is on the CPU: leave capturable out"
            )
        if array.dtype.char != "e":
            self._descend(array, grad, state, group)
            return
        wide, single = {}, array.astype(xp.float32)
        for name, value in state.items():
            is_half = isinstance(value, Tensor) and value._array.dtype.char == "e"
            wide[name] = wrap(value._array.astype(xp.float32)) if is_half else value
        self._descend(single, grad.astype(xp.float32), wide, group)
        array[...] = single
        for name, value in wide.items():
            if isinstance(value, Tensor) and value.shape == param.shape and name not in _NUMBERS:
                value = wrap(value._array.astype(array.dtype))
            state[name] = value

    def _descend(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """`_update`, with the options that all optimizers treat alike: `maximize` and `weight_decay`."""
        if group.get("maximize"):
            grad = -grad
        if decay := group.get("weight_decay"):
            if group.get("decoupled_weight_decay"):
                param *= 1 - group["lr"] * decay
            else:
                grad = grad + decay * param
        self._update(param, grad, state, group)

    def _update(self, param: Array, grad: Array, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Update `param` in place. `state` persists between steps; its tensors have PyTorch's names.

        `grad` includes `maximize` and `weight_decay`.
        """
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
            shape = self._state_shape(param_of[n])
            for key, value in saved_state.items():
                for part in value if isinstance(value, list) else [value]:
                    if isinstance(part, Tensor) and part.ndim and part.shape != shape:
                        raise ValueError(
                            f"loaded state dict has {key!r} of shape {list(part.shape)} for parameter {n}: expected "
                            f"{list(shape)}, as the parameter's shape is {list(param_of[n].shape)}"
                        )
        for new, old in zip(saved, self.param_groups, strict=True):
            self._check_implementation(old | new)
        for new, old in zip(saved, self.param_groups, strict=True):
            old.update(copy.deepcopy({k: v for k, v in new.items() if k != "params"}))
        self.state = defaultdict(dict)
        for n, saved_state in state_dict["state"].items():
            param = param_of[n]
            for key, value in saved_state.items():
                if key in _NUMBERS:  # Python numbers in older files
                    self.state[param][key] = value.clone() if isinstance(value, Tensor) else wrap(xp.asarray(value, xp.float32))
                elif value is not None:
                    self.state[param][key] = _copy_as(param, value)

    def _state_shape(self, param: Tensor) -> tuple[int, ...]:
        """The shape of the tensors in the state of `param`."""
        return param.shape

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [""] if i else []
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def with_rate(group: dict[str, Any]) -> dict[str, Any]:
    """The options of a group, with the learning rate as a number where it is a Tensor."""
    return group | {"lr": group["lr"].item()} if isinstance(group.get("lr"), Tensor) else group


def begin_step(param: Array, state: dict[str, Any], *buffers: str, **numbers: float) -> int:
    """Count a step in `state` and return its number, 1 for the first. The first one sets `buffers` to zeros like `param`, and
    makes each of `numbers` a tensor of float32.
    """
    if not state:
        state |= {name: wrap(xp.asarray(value, xp.float32)) for name, value in {"step": 0, **numbers}.items()}
        state |= {name: wrap(xp.zeros_like(param)) for name in buffers}
    state["step"]._array[...] += 1
    return int(state["step"].item())


def _check_betas(group: dict[str, Any]) -> None:
    """Raise an error unless the option "betas" is two numbers in [0, 1)."""
    betas = group["betas"]
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise TypeError(f"betas must be two numbers such as (0.9, 0.999), not {betas!r:.40}")
    group["betas"] = betas = tuple(_number("betas", beta) for beta in betas)
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def _number(name: str, value: Any) -> Any:
    """`value` as a Python number: a NumPy scalar would change the dtype of the parameters."""
    if isinstance(value, (int, float)):
        return value
    if not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}: {value!r:.40}")
    return float(value)


def writable(param: Tensor) -> Array:
    """The array of `param`. Raises RuntimeError if it cannot be written to."""
    array = param._array
    if not getattr(array.flags, "writeable", True):
        raise RuntimeError(
            f"step(): a parameter of shape {list(array.shape)} cannot be written to: several of its elements share one "
            "place in memory, as after expand(), or its memory is read-only. Optimize its .clone()"
        )
    return array


def _copy_as(param: Tensor, value: Any) -> Any:
    """A copy of a state's value, a tensor or a list of them in the dtype of `param`."""
    if isinstance(value, list):
        return [_copy_as(param, part) for part in value]
    return value.to(param.dtype).clone() if isinstance(value, Tensor) else value
