"""`out=`: the result of a function, written into a tensor that the program gives.

    minitorch.exp(x, out=y)         # y has the values now, in y's own dtype; an empty y takes the result's shape

`public` (public.py) takes the argument where PyTorch does: everywhere in minitorch and minitorch.linalg, but for `_WITHOUT`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch.autograd.grad_mode import is_grad_enabled, no_grad
from minitorch.autograd.tensor_base import TensorBase
from minitorch.backend.callsite import warn
from minitorch.backend.dtypes import dtypes

__all__ = ["takes_out", "write_out"]

_MODULES = {
    "arithmetic", "comparison", "creation", "gathering", "indexing", "joining", "linalg", "matrix", "pointwise", "reduction",
    "rounding", "sampling", "scan", "selection", "sorting", "special", "spectral", "statistics", "trigonometry",
}  # fmt: skip
_WITHOUT = {
    "allclose", "argsort", "argwhere", "atleast_1d", "atleast_2d", "atleast_3d", "bincount", "block_diag",
    "broadcast_shapes", "cartesian_prod", "cdist", "chunk", "combinations", "corrcoef", "count_nonzero", "cov",
    "cumulative_trapezoid", "dist", "einsum", "empty_like", "equal", "fill", "full_like", "get_rng_state", "hsplit",
    "index_fill", "index_put", "isclose", "isfinite", "isinf", "isnan", "logdet", "masked_fill", "meshgrid", "narrow",
    "ones_like", "positive", "rand_like", "randint_like", "randn_like", "repeat_interleave", "rsub", "select",
    "set_default_tensor_type", "set_rng_state", "split", "split_with_sizes", "std_mean", "tensor_split", "tile", "trace",
    "trapezoid", "tril_indices", "triu_indices", "unbind", "unique", "vander", "var_mean", "vsplit", "zeros_like",
}  # fmt: skip


def takes_out(function: Callable[..., Any]) -> bool:
    """Whether a public function takes `out=`."""
    module = getattr(function, "__module__", "").rpartition(".")[2]
    return module in _MODULES and function.__name__ not in _WITHOUT


def write_out(name: str, result: Any, out: Any) -> Any:
    """Write a result, a tensor or a tuple of them, into `out`, which is returned.

    Raises TypeError if `out` is not a tensor (or as many), RuntimeError if a gradient is wanted, or if its dtype cannot hold
    the result. A tensor of another shape is given the result's, with a warning if it had elements.
    """
    results, outs = (result, out) if isinstance(result, tuple) else ((result,), (out,))
    if not isinstance(outs, (tuple, list)) or len(outs) != len(results) or not all(isinstance(o, TensorBase) for o in outs):
        wanted = "Tensor" if len(results) == 1 else f"tuple of {len(results)} Tensors"
        raise TypeError(f"{name}(): argument 'out' must be {wanted}, not {type(out).__name__}")
    for value, target in zip(results, outs, strict=True):
        if is_grad_enabled() and (value.requires_grad or target.requires_grad):
            raise RuntimeError(
                f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
                "arguments requires grad."
            )
        _check_dtype(value._array.dtype, target._array.dtype)
        if target.shape != value.shape:
            _resize(target, value)
        with no_grad():
            target.copy_(value)
    return out


def _check_dtype(result: Any, target: Any) -> None:
    kinds = "biuf"
    if kinds.index(result.kind.replace("u", "i")) > kinds.index(target.kind.replace("u", "i")):
        raise RuntimeError(
            f"result type {dtypes[result]} can't be cast to the desired output type {dtypes[target]}: give an `out` of a type "
            "that holds it"
        )


def _resize(target: Any, value: Any) -> None:
    if target.numel():
        warn(
            f"An output with one or more elements was resized since it had shape {list(target.shape)}, which does not match "
            f"the required output shape {list(value.shape)}: give an empty tensor, or one of that shape"
        )
    if target._base is not None:
        raise RuntimeError(
            f"out= is a view of shape {list(target.shape)}, which cannot take the result's shape {list(value.shape)}"
        )
    target._array = value._array.astype(target._array.dtype)
