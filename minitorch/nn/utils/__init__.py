"""Gradient clipping, and conversion of parameters to one vector and back.

`parametrize` and `parametrizations`: weights computed from other parameters. `rnn`: sequences of different lengths.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from minitorch import left_out as _left_out
from minitorch.autograd.grad_mode import no_grad
from minitorch.functions import cat, stack
from minitorch.nn.utils import parametrizations, parametrize, rnn
from minitorch.nn.utils.parametrizations import remove_weight_norm
from minitorch.nn.utils.parametrizations import weight_norm_by_hook as weight_norm
from minitorch.old_words import without_underscore
from minitorch.ops.statistics import vector_norm
from minitorch.public import public
from minitorch.tensor import Tensor

__all__ = [
    "clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "parameters_to_vector", "parametrizations", "parametrize",
    "remove_weight_norm", "rnn", "vector_to_parameters", "weight_norm",
]  # fmt: skip


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    params = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p.grad for p in params if p.grad is not None]


@public
@no_grad()
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by one factor, so that their total norm is at most `max_norm`. Returns the norm before.

    grad = grad * min(1, max_norm / (norm + 1e-6)), with the norm of all gradients as one vector

    Call it between `backward()` and `step()` (Pascanu et al. 2013). `foreach` changes no result. Raises RuntimeError if
    `error_if_nonfinite` and the norm is nan or infinite.

    Example: (3, 4) has the norm 5.

    >>> w = nn.Parameter(minitorch.zeros(2))
    >>> w.grad = minitorch.tensor([3.0, 4.0])
    >>> nn.utils.clip_grad_norm_([w], max_norm=1.0), w.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    grads = _gradients(parameters)
    if not grads:
        return Tensor(0.0)
    total = vector_norm(stack([vector_norm(g, norm_type) for g in grads if g.numel()] or [Tensor(0.0)]), norm_type)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(f"the gradients' norm of order {norm_type} is {total.item()}, so it cannot be clipped")
    scale = (max_norm / (total + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(scale.to(grad.dtype))
    return total


clip_grad_norm = without_underscore("nn.utils", clip_grad_norm_)
clip_grad_norm.__doc__ = """Deprecated: `clip_grad_norm_` under its old name, which warns.

>>> import warnings
>>> w = nn.Parameter(minitorch.zeros(2))
>>> w.grad = minitorch.tensor([3.0, 4.0])
>>> with warnings.catch_warnings(action="ignore"):
...     nn.utils.clip_grad_norm([w], max_norm=1.0)
tensor(5.)
"""


@public
@no_grad()
def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Clamp every element of the gradients to [-clip_value, clip_value].

    This changes the direction of the gradient; `clip_grad_norm_` does not. `foreach` changes no result.

    >>> w = nn.Parameter(minitorch.zeros(2))
    >>> w.grad = minitorch.tensor([3.0, -0.5])
    >>> nn.utils.clip_grad_value_([w], 1.0)
    >>> w.grad
    tensor([ 1.0000, -0.5000])
    """
    for grad in _gradients(parameters):
        grad.clamp_(-clip_value, clip_value)


@public
def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Concatenate all parameters, flattened, into one vector.

    Raises ValueError for no parameters.

    >>> layer = nn.Linear(2, 3)
    >>> nn.utils.parameters_to_vector(layer.parameters()).shape
    minitorch.Size([9])
    """
    parts = [p.reshape(-1) for p in parameters]
    if not parts:
        raise ValueError("parameters_to_vector: there are no parameters")
    return cat(parts)


@public
def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Set the parameters, in order, to views of slices of `vec`.

    Raises TypeError for a `vec` that is no Tensor.

    >>> layer = nn.Linear(2, 1)
    >>> nn.utils.vector_to_parameters(minitorch.tensor([1.0, 2.0, 3.0]), layer.parameters())
    >>> layer.weight.data, layer.bias.data
    (tensor([[1., 2.]]), tensor([3.]))
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters expects a Tensor, but got {type(vec).__name__}")
    start = 0
    for param in parameters:
        param.data = vec[start : start + param.numel()].view_as(param).data
        start += param.numel()


if not TYPE_CHECKING:
    __getattr__ = _left_out.explains_missing("minitorch.nn.utils")
