"""MultiheadAttention: attention in several heads, each on projections of its own."""

from __future__ import annotations

import math
from typing import Any

from minitorch.backend.dtypes import bool_
from minitorch.backend.dtypes import dtype as DType
from minitorch.creation import empty
from minitorch.functions import cat, softmax
from minitorch.nn import functional as F
from minitorch.nn import init
from minitorch.nn.linear import NonDynamicallyQuantizableLinear
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.attention import attention_scores
from minitorch.ops.elementwise import in_single
from minitorch.ops.joining import pieces
from minitorch.public import constructor, layer_forward
from minitorch.tensor import Tensor

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Concatenate num_heads attentions softmax(Q K^T / sqrt(E / num_heads)) V, and project them (Vaswani et al. 2017).

    Each head has its own E / num_heads features of Q = W_q query + b_q, K = W_k key + b_k and V = W_v value + b_v, with E =
    embed_dim. in_proj_weight (3 E, E) has the rows of W_q, W_k and W_v; with other sizes `kdim` of key or `vdim` of value they
    are q_proj_weight, k_proj_weight and v_proj_weight. out_proj is a Linear(E, E).

    Shapes: call it with query (L, N, E), key (S, N, kdim) and value (S, N, vdim), or N first with `batch_first`, or without N;
    the results are the output, of the shape of query, and the weights (N, L, S), which are the mean over the heads.

    `add_bias_kv` adds a learned key and value at the end of each sequence, `add_zero_attn` a key and value of zeros. In
    training each weight becomes 0 with probability `dropout`. Weights are initialized as `init.xavier_uniform_`, biases with 0.
    Raises AssertionError for sizes that do not fit, and for an `embed_dim` that num_heads does not divide.

    >>> attention, x = nn.MultiheadAttention(4, num_heads=2, batch_first=True), minitorch.ones(3, 5, 4)
    >>> y, weights = attention(x, x, x)
    >>> y.shape, weights.shape
    (minitorch.Size([3, 5, 4]), minitorch.Size([3, 5, 5]))
    >>> weights[0, 0]
    tensor([0.2000, 0.2000, 0.2000, 0.2000, 0.2000], grad_fn=<SelectBackward0>)
    """

    @constructor
    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        if embed_dim % num_heads:
            raise AssertionError(f"embed_dim must be divisible by num_heads, got {embed_dim} features for {num_heads} heads")
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.head_dim, self.add_zero_attn = embed_dim // num_heads, add_zero_attn

        def parameter(*shape: int, wanted: bool = True) -> Parameter | None:
            return Parameter(empty(*shape, device=device, dtype=dtype)) if wanted else None

        same = self.kdim == self.vdim == embed_dim
        for name, size in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
            self.register_parameter(f"{name}_proj_weight", parameter(embed_dim, size, wanted=not same))
        self.register_parameter("in_proj_weight", parameter(3 * embed_dim, embed_dim, wanted=same))
        self.register_parameter("in_proj_bias", parameter(3 * embed_dim, wanted=bias))
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device=device, dtype=dtype)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, parameter(1, 1, embed_dim, wanted=add_bias_kv))
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name, parameter in self.named_parameters(recurse=False):
            if name in ("bias_k", "bias_v"):
                init.xavier_normal_(parameter)
            elif name == "in_proj_bias":
                init.zeros_(parameter)
                init.zeros_(self.out_proj.bias)  # type: ignore[arg-type]
            else:
                init.xavier_uniform_(parameter)

    @layer_forward
    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """(output, weights): attention of query (L, N, E) to key (S, N, kdim) and value (S, N, vdim).

        With `batch_first` N comes first; without a batch there is no N. The weights are (N, L, S), the mean over the heads, or
        (N, num_heads, L, S) unless `average_attn_weights`, or None unless `need_weights`.

        `key_padding_mask` (N, S) and `attn_mask`, (L, S) or (N num_heads, L, S), have True where a key does not count, or
        numbers that are added to the scores. `is_causal` says that `attn_mask`, which it needs, is the causal one: as in
        PyTorch it replaces that mask where there are no weights to return and no `key_padding_mask`, and else has no effect.
        """
        batched = query.ndim == 3
        self._check_shapes(query, key, value, key_padding_mask, attn_mask)
        if is_causal and attn_mask is None:
            raise RuntimeError(
                "MultiheadAttention: is_causal=True needs attn_mask, which is True above the diagonal: "
                f"minitorch.ones({query.shape[-2 if self.batch_first and batched else 0]}, ...).triu(1).bool()"
            )
        query, key, value = (x if not batched else x if self.batch_first else x.transpose(0, 1) for x in (query, key, value))
        if not batched:
            query, key, value = query.unsqueeze(0), key.unsqueeze(0), value.unsqueeze(0)
        causal = is_causal and key_padding_mask is None and not need_weights
        masks = None if causal else self._merged_masks(query, key, key_padding_mask, attn_mask)
        q, k, v = self._heads(query, key, value)
        dropout = self.dropout if self.training else 0.0
        weights: Tensor | None = None
        if need_weights:
            y, weights = _attend(q, k, v, masks, dropout)
            weights = weights.mean(1) if average_attn_weights else weights
        else:
            y = F.scaled_dot_product_attention(q, k, v, masks, dropout, causal)
        if batched and not self.batch_first:
            return self.out_proj(y.permute(2, 0, 1, 3).flatten(2)), weights
        y = self.out_proj(y.transpose(1, 2).flatten(2))
        return (y, weights) if batched else (y.squeeze(0), None if weights is None else weights.squeeze(0))

    def _check_shapes(self, query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None) -> None:
        """Raise AssertionError for sizes that do not fit the layer or one another, and for dtypes of masks."""
        shapes = f"query {list(query.shape)}, key {list(key.shape)}, value {list(value.shape)}"
        if query.ndim not in (2, 3) or key.ndim != query.ndim or value.ndim != query.ndim:
            raise AssertionError(f"query, key and value should all be unbatched 2D or batched 3D tensors, but got {shapes}")
        sizes = (query.shape[-1], key.shape[-1], value.shape[-1])
        if sizes != (self.embed_dim, self.kdim, self.vdim):
            raise AssertionError(
                f"was expecting embedding dimensions of {(self.embed_dim, self.kdim, self.vdim)} for query, key and value, "
                f"but got {shapes}"
            )
        batch_dim = None if query.ndim == 2 else 0 if self.batch_first else 1
        if key.shape[:-1] != value.shape[:-1] or (batch_dim is not None and query.shape[batch_dim] != key.shape[batch_dim]):
            raise AssertionError(f"key and value must have the same length, and all the same batch size, but got {shapes}")
        for name, x in (("key_padding_mask", padding), ("attn_mask", mask)):
            if x is not None and not (x.dtype is bool_ or x.is_floating_point()):
                raise AssertionError(f"only bool and floating types of {name} are supported, not {x.dtype!r}")

    def _heads(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        """Query, key and value, projected: (N, num_heads, length, head_dim)."""
        if self.in_proj_weight is None:
            weights: Any = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        else:
            weights = pieces(self.in_proj_weight, (self.embed_dim,) * 3)
        biases = (None,) * 3 if self.in_proj_bias is None else pieces(self.in_proj_bias, (self.embed_dim,) * 3)
        projected = [F.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)]
        batch = query.shape[0]
        for i, bias in ((1, self.bias_k), (2, self.bias_v)):
            extra = [] if bias is None else [bias.expand(batch, 1, self.embed_dim)]
            if self.add_zero_attn:
                extra.append(projected[i].new_zeros((batch, 1, self.embed_dim)))
            if extra:
                projected[i] = cat([projected[i], *extra], 1)
        return [x.reshape(batch, x.shape[1], self.num_heads, self.head_dim).transpose(1, 2) for x in projected]

    def _merged_masks(self, query: Tensor, key: Tensor, padding: Tensor | None, mask: Tensor | None) -> Tensor | None:
        """The sum of both masks as numbers, which broadcasts to (N, num_heads, L, S and what is added to the keys)."""
        batch, rows, columns = query.shape[0], query.shape[1], key.shape[1]
        merged: Tensor | None = None
        for name, x, valid, shape in (
            ("key_padding_mask", padding, [(batch, columns), (columns,)], (batch, 1, 1, columns)),
            (
                "attn_mask", mask, [(rows, columns), (batch * self.num_heads, rows, columns)],
                (-1, self.num_heads, rows, columns) if mask is not None and mask.ndim == 3 else (1, 1, rows, columns),
            ),
        ):  # fmt: skip
            if x is None:
                continue
            if tuple(x.shape) not in valid:
                error = AssertionError if x is padding else RuntimeError
                raise error(f"The shape of the {name} is {list(x.shape)}, but should be {valid[0]} or {valid[1]}.")
            if x.dtype is bool_:
                x = query.new_zeros(x.shape).masked_fill(x, -math.inf)
            x = x.reshape(shape)
            merged = x if merged is None else merged + x
        extra = (self.bias_k is not None) + self.add_zero_attn
        return F.pad(merged, (0, extra)) if extra and merged is not None else merged


@in_single
def _attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout: float) -> tuple[Tensor, Tensor]:
    """(weights times values, weights)"""
    weights = softmax(attention_scores(q, k, mask), -1)
    weights = F.dropout(weights, dropout) if dropout else weights
    return weights @ v, weights
