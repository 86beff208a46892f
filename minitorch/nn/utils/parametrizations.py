"""Parametrizations that are ready to use: `weight_norm`. And its older form, with a hook, which `nn.utils` offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from minitorch import left_out as _left_out
from minitorch.backend.callsite import warn
from minitorch.linalg import vector_norm
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter, UninitializedTensorMixin
from minitorch.nn.utils.parametrize import check_module, register_parametrization
from minitorch.ops.elementwise import in_single
from minitorch.ops.shape import check_dim
from minitorch.tensor import Tensor

__all__ = ["weight_norm"]

M = TypeVar("M", bound=Module)


def _norm_except_dim(v: Tensor, dim: int) -> Tensor:
    """The norm of v over all dimensions but `dim`, which keep size 1; over all of them, as one number, for dim = -1."""
    if dim == -1:
        return vector_norm(v)
    kept = check_dim(dim, v.ndim)
    others = [d for d in range(v.ndim + 1) if d != kept]
    return vector_norm(v.unsqueeze(-1), 2, others, keepdim=True).squeeze(-1)  # so that there is always one to sum over


@in_single
def _normalized(g: Tensor, v: Tensor, dim: int) -> Tensor:
    return v * (g / _norm_except_dim(v, dim))


class _WeightNorm(Module):
    """The parametrization of `weight_norm`: forward(g, v) = g v / |v|; right_inverse(w) = (|w|, w)"""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return _normalized(weight_g, weight_v, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return _norm_except_dim(weight, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Split a weight into a length g and a direction v, which are learned in its place: w = g v / |v|.

    |v| is the norm over all dimensions but `dim`: for dim = 0 each output has its own length. With dim = None (or -1) the whole
    weight has one. The parameters are `module.parametrizations.weight.original0`, g, and `original1`, v; the weight keeps its
    value. Files of `nn.utils.weight_norm`, with weight_g and weight_v, can be loaded. (Salimans and Kingma 2016.)

    Raises ValueError if the module has no parameter of this name, IndexError for a `dim` that the weight does not have.

    Example:
        >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
        >>> [(name, tuple(p.shape)) for name, p in layer.named_parameters()]
        [('bias', (2,)), ('parametrizations.weight.original0', (2, 1)), ('parametrizations.weight.original1', (2, 3))]
        >>> layer.parametrizations.weight.original0.data.fill_(5.0)
        tensor([[5.],
                [5.]])
        >>> minitorch.allclose(layer.weight.norm(dim=1), minitorch.tensor(5.0))
        True
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class WeightNormHook:
    """A forward pre-hook that computes a weight from `name_g` and `name_v`: the older form of `weight_norm`."""

    def __init__(self, name: str, dim: int) -> None:
        self.name, self.dim = name, dim

    def compute_weight(self, module: Module) -> Tensor:
        return _normalized(getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v"), self.dim)

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def _hook_of(module: Module, name: str) -> int | None:
    hooks = module._hooks["forward_pre"].items()
    return next((k for k, h in hooks if isinstance(h.function, WeightNormHook) and h.function.name == name), None)


def weight_norm_by_hook(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Deprecated, use `parametrizations.weight_norm`: a weight of length g and direction v, w = g v / |v|.

    The parameters are `weight_g` and `weight_v`; a hook computes the weight before each forward. |v| is the norm over all
    dimensions but `dim`; with dim = None the whole weight has one.

    Raises RuntimeError for a second one on the same weight, ValueError for a lazy weight, KeyError for another name.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(action="ignore"):
        ...     layer = nn.utils.weight_norm(nn.Linear(3, 2))
        >>> list(layer.state_dict())
        ['bias', 'weight_g', 'weight_v']
        >>> nn.utils.remove_weight_norm(layer)
        Linear(in_features=3, out_features=2, bias=True)
        >>> list(layer.state_dict())
        ['bias', 'weight']
    """
    warn("`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.", FutureWarning)
    check_module("weight_norm", module)
    if _hook_of(module, name) is not None:
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    weight, hook = getattr(module, name), WeightNormHook(name, -1 if dim is None else dim)
    if isinstance(weight, UninitializedTensorMixin):
        raise ValueError(
            "The module passed to `WeightNorm` can't have uninitialized parameters. Make sure to run the dummy forward before "
            "applying weight normalization"
        )
    if name not in module._parameters:
        raise KeyError(
            f"{name!r} is no parameter of {type(module).__name__}: weight_norm takes one of {list(module._parameters)}"
        )
    length = Parameter(_norm_except_dim(weight, hook.dim).detach())
    del module._parameters[name]
    module.register_parameter(f"{name}_g", length)
    module.register_parameter(f"{name}_v", Parameter(weight.data))
    hook(module, None)
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Undo `nn.utils.weight_norm`: the weight is a parameter again, with its present value.

    Raises ValueError if there is none on this name.

    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     layer = nn.utils.weight_norm(nn.Linear(3, 2))
    >>> nn.utils.remove_weight_norm(layer).weight.requires_grad
    True
    """
    check_module("remove_weight_norm", module)
    number = _hook_of(module, name)
    if number is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    hook: Any = module._hooks["forward_pre"].pop(number).function
    weight = hook.compute_weight(module)
    for old in (name, f"{name}_g", f"{name}_v"):
        delattr(module, old)
    setattr(module, name, Parameter(weight.detach()))
    return module


weight_norm_by_hook.__name__ = weight_norm_by_hook.__qualname__ = "weight_norm"

if not TYPE_CHECKING:
    __getattr__ = _left_out.explains_missing("minitorch.nn.utils.parametrizations")
