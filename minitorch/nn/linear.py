"""Linear, Bilinear, Embedding, Identity, Flatten and Unflatten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minitorch.backend.dtypes import dtype as DType
from minitorch.creation import empty
from minitorch.nn import functional as F
from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.linear import refuse_sparse
from minitorch.public import constructor, layer_forward
from minitorch.tensor import Tensor

__all__ = ["Bilinear", "Embedding", "Flatten", "Identity", "Linear", "Unflatten"]


class Identity(Module):
    """Returns its input. The constructor ignores its arguments, so that Identity can replace any layer.

    y = x

    >>> nn.Identity(54, unused=True)(minitorch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    @constructor
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input


class Linear(Module):
    """A fully connected layer: each output is a weighted sum of all inputs, plus a bias.

    y = x W^T + b, with the derivatives g W in x, g^T x in W, and the sum of g in b, for the upstream gradient g

    Shapes: input (*, in_features), weight W (out_features, in_features), bias (out_features,), output (*, out_features).

    W has a row for each output. Weights and bias are initialized uniform in +-1 / sqrt(in_features). Layers without an
    activation between them are one: x W1^T W2^T = x (W2 W1)^T. Raises RuntimeError for another number of features.

    Pictures: `viz.animate(layer, (3,))` works each output out, `viz.matrix` and `viz.kernels` draw W.

    Example: The row (2, 2, 2) gives 1 * 2 + 2 * 2 + 3 * 2 = 12.

    >>> layer = nn.Linear(3, 4, bias=False)
    >>> _ = layer.weight.data.copy_(minitorch.tensor([[1.0] * 3, [2.0] * 3, [3.0] * 3, [4.0] * 3]))
    >>> layer(minitorch.tensor([1.0, 2.0, 3.0]))
    tensor([ 6., 12., 18., 24.], grad_fn=<SqueezeBackward4>)
    """

    @constructor
    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        if bias:
            self.bias: Parameter | None = Parameter(empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialize weights and bias with new random numbers."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class NonDynamicallyQuantizableLinear(Linear):
    """Linear, under the name that the output projection of MultiheadAttention prints."""


class Flatten(Module):
    """Flatten the dimensions from `start_dim` to `end_dim` into one; by default all but the batch.

    Shapes: input (N, *), output (N, prod(*)). It comes between the last convolution and the first Linear.

    >>> nn.Flatten()(minitorch.ones(2, 3, 4, 5)).shape
    minitorch.Size([2, 60])
    """

    @constructor
    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    @layer_forward
    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Split dimension `dim` into dimensions of sizes `unflattened_size`, one of which may be -1.

    Raises TypeError unless the sizes are a tuple or list of ints; the call raises RuntimeError for sizes with another product.

    >>> nn.Unflatten(1, (3, -1))(minitorch.ones(2, 12)).shape
    minitorch.Size([2, 3, 4])
    """

    @constructor
    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(f"unflattened_size must be a tuple of ints, but found type {type(unflattened_size).__name__}")
        for i, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(
                    f"unflattened_size must be tuple of ints, but found element of type {type(size).__name__} at pos {i}"
                )
        self.dim, self.unflattened_size = dim, unflattened_size

    @layer_forward
    def forward(self, input: Tensor) -> Tensor:
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Bilinear(Module):
    """Weighted sums of all products of a feature of one input and a feature of another.

    y[o] = x1^T W[o] x2 + b[o]

    Shapes: call it with x1 (*, in1_features) and x2 (*, in2_features); W (out_features, in1_features, in2_features), output (*,
    out_features). Weights and bias are initialized uniform in +-1 / sqrt(in1_features). Raises RuntimeError for other sizes.

    Example: With ones as weights, (1 + 2) (10 + 20) = 90.

    >>> layer = nn.Bilinear(2, 2, 1, bias=False)
    >>> _ = nn.init.ones_(layer.weight)
    >>> layer(minitorch.tensor([1.0, 2.0]), minitorch.tensor([10.0, 20.0])).data
    tensor([90.])
    """

    @constructor
    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = Parameter(empty(out_features, in1_features, in2_features, device=device, dtype=dtype))
        if bias:
            self.bias: Parameter | None = Parameter(empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialize weights and bias with new random numbers."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Embedding(Module):
    """A table with a learned row for each index, such as a vector for each word.

    y = weight[x]

    Shapes: input (*) of indices (int64 or int32) below num_embeddings, weight (num_embeddings, embedding_dim), output (*,
    embedding_dim).

    It is Linear of one-hot rows, without their zeros. Rows are initialized normal with mean 0 and variance 1. The row
    `padding_idx` is initialized to 0 and gets no gradient. `max_norm` and `scale_grad_by_freq` are as in
    `nn.functional.embedding`. Raises IndexError for an index out of range.

    >>> layer = nn.Embedding(10, 4, padding_idx=0)
    >>> layer(minitorch.tensor([[1, 2, 0]])).shape
    minitorch.Size([1, 3, 4])
    >>> layer(minitorch.tensor([0]))
    tensor([[0., 0., 0., 0.]], grad_fn=<EmbeddingBackward0>)
    """

    @constructor
    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        refuse_sparse("Embedding", sparse)
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError(
                    f"Padding_idx must be within num_embeddings: between {-num_embeddings} and {num_embeddings - 1}, but got "
                    f"{padding_idx}"
                )
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.sparse = sparse
        if _weight is None:
            self.weight = Parameter(empty(num_embeddings, embedding_dim, device=device, dtype=dtype), not _freeze)
            self.reset_parameters()
        else:
            if tuple(_weight.shape) != (num_embeddings, embedding_dim):
                raise AssertionError(
                    "Shape of weight does not match num_embeddings and embedding_dim: "
                    f"{list(_weight.shape)} and [{num_embeddings}, {embedding_dim}]"
                )
            self.weight = Parameter(_weight, not _freeze)

    def reset_parameters(self) -> None:
        """Initialize the rows with new random numbers."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.detach()[self.padding_idx] = 0.0

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """An Embedding with the rows of `embeddings`; `freeze` stops their training.

        >>> rows = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> nn.Embedding.from_pretrained(rows)(minitorch.tensor([1]))
        tensor([[3., 4.]])
        """
        if embeddings.ndim != 2:
            raise AssertionError(f"Embeddings parameter is expected to be 2-dimensional, but got {list(embeddings.shape)}")
        rows, columns = embeddings.shape
        options = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        return cls(rows, columns, *options, _weight=embeddings, _freeze=freeze)

    def forward(self, input: Tensor) -> Tensor:
        options = (self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)
        return F.embedding(input, self.weight, *options)

    def extra_repr(self) -> str:
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.padding_idx is not None:
            parts.append(f"padding_idx={self.padding_idx}")
        if self.max_norm is not None:
            parts.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq:
            parts.append("scale_grad_by_freq=True")
        return ", ".join(parts)
