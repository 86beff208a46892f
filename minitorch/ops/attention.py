"""Attention: averages of values, weighted by how well the query of each row fits the keys (Vaswani et al. 2017)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import on_device_of, xp
from minitorch.backend.dtypes import bool_, float32
from minitorch.ops.dropout import dropout
from minitorch.ops.elementwise import check_floating, in_single
from minitorch.ops.indexing import repeat_interleave
from minitorch.ops.matrix import matmul, mT
from minitorch.ops.reduction import softmax
from minitorch.ops.selection import masked_fill

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def attention_scores(query: Tensor, key: Tensor, mask: Tensor | None, scale: float | None = None) -> Tensor:
    """scale query key^T, plus the mask; scale is 1 / sqrt(E) by default. A mask of booleans has True where a key counts."""
    scale = 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else scale
    scores = matmul(query * scale, mT(key))
    if mask is None:
        return scores
    return masked_fill(scores, ~mask, -math.inf) if mask.dtype is bool_ else scores + mask.to(scores.dtype)


@in_single
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(scale query key^T + mask) value, for query (*, L, E), key (*, S, E), value (*, S, Ev): (*, L, Ev).

    scale is 1 / sqrt(E) by default (Vaswani et al. 2017). `attn_mask`, which broadcasts to (*, L, S), has True where a key
    counts, or numbers that are added (`MultiheadAttention` has True where a key does not count); `is_causal` lets query i
    attend to the keys up to i. A query with no key at all gets zeros. Each weight becomes 0 with probability `dropout_p`, in
    eval mode, too: pass 0.0 there. With `enable_gqa` several heads of query share one head of key and value, in the third
    dimension from the end.

    Raises RuntimeError for shapes or dtypes that do not fit, and for a mask together with `is_causal`.

    Example: The query 0 scores both keys 0: the mean of 10 and 20. With `is_causal` the first query attends to the first key
    only.

    >>> query, key = minitorch.zeros(2, 1), minitorch.tensor([[1.0], [2.0]])
    >>> value = minitorch.tensor([[10.0], [20.0]])
    >>> F.scaled_dot_product_attention(query, key, value)
    tensor([[15.],
            [15.]])
    >>> F.scaled_dot_product_attention(query, key, value, is_causal=True)
    tensor([[10.],
            [15.]])
    """
    name = "scaled_dot_product_attention"
    check_floating(name, query)
    inputs = {"query": query, "key": key, "value": value}
    if any(x.dtype is not query.dtype for x in (key, value)):
        given = ", ".join(f"{what}.dtype: {x.dtype!r}" for what, x in inputs.items())
        raise RuntimeError(f"{name}: Expected query, key, and value to have the same dtype, but got {given}")
    if any(x.ndim < 2 for x in inputs.values()):
        given = ", ".join(f"{what} {list(x.shape)}" for what, x in inputs.items())
        raise RuntimeError(
            f"{name}: Expected query, key, and value of at least 2 dimensions, (*, length, features), got {given}"
        )
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise RuntimeError(
            f"{name}: query {list(query.shape)} and key {list(key.shape)} must have the same last size, and key and value "
            f"{list(value.shape)} the same length"
        )
    if attn_mask is not None and is_causal:
        raise RuntimeError(f"{name}: Explicit attn_mask should not be set when is_causal=True: pass one of the two")
    if attn_mask is not None and attn_mask.dtype not in (bool_, float32, query.dtype):
        raise RuntimeError(
            f"{name}: Expected attn_mask dtype to be bool or float or to match query dtype, but got {attn_mask.dtype!r} for "
            f"query of {query.dtype!r}"
        )
    if not 0.0 <= dropout_p <= 1.0:
        raise RuntimeError(f"{name}: dropout probability has to be between 0 and 1, but got {dropout_p}")
    if enable_gqa:
        key, value = _repeated_heads(name, query, key), _repeated_heads(name, query, value)
    if is_causal:
        attn_mask = wrap(on_device_of(xp.tri(query.shape[-2], key.shape[-2], dtype=bool), query._array))
    scores = attention_scores(query, key, attn_mask, scale)
    if attn_mask is None:
        weights = softmax(scores, -1)
    else:  # softmax of nothing but -inf is nan
        none = wrap((scores._array == -math.inf).all(-1, keepdims=True))
        weights = masked_fill(softmax(masked_fill(scores, none, 0.0), -1), none, 0.0)
    return matmul(dropout(weights, dropout_p) if dropout_p else weights, value)


def _repeated_heads(name: str, query: Tensor, x: Tensor) -> Tensor:
    if query.ndim < 3 or x.ndim < 3 or x.shape[-3] == 0 or query.shape[-3] % x.shape[-3]:
        raise RuntimeError(
            f"{name}: with enable_gqa, the number of heads in key and value must divide the number of heads in query "
            f"(dimension -3), but got query {list(query.shape)} and {list(x.shape)}"
        )
    return repeat_interleave(x, query.shape[-3] // x.shape[-3], -3)
