"""Products with a weight: linear and bilinear maps, and embedding, a linear map of one-hot rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minitorch.autograd.grad_mode import no_grad
from minitorch.autograd.node import Op
from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import Array, as_array, on_device_of, outside, xp
from minitorch.backend.sums import add_at
from minitorch.ops.elementwise import check_floating, in_single
from minitorch.ops.indexing import getitem
from minitorch.ops.matrix import MatMul, einsum, matmul, matrix_product, mT, types_error
from minitorch.ops.node_names import node_name
from minitorch.ops.selection import where
from minitorch.ops.shape import broadcast_shapes, clone, reshape
from minitorch.ops.statistics import vector_norm

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Linear(Op):
    """y = x w^T + b, for each row of x;  in x: grad w, in weight: grad^T x, in bias: the sum of grad over the rows"""

    def forward(ctx, x: Array, weight: Array, bias: Array | None) -> Array:
        for_x, for_weight, _ = ctx.needs_input_grad
        ctx.save_for_backward(x if for_weight else None, weight if for_x else None)
        if x.dtype != weight.dtype:
            raise types_error(x, weight)
        y = as_array(matrix_product(x, weight.T))
        if bias is not None:
            y += bias
        return y

    def _tensor_arguments(ctx) -> tuple[int, ...]:
        return (2, 0, 1) if ctx.op_name == "Addmm" else (0, 1)  # as in PyTorch's addmm(bias, x, weight.T)

    def backward(ctx, grad: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        grad_weight = None
        if x is not None:
            rows = math.prod(x.shape[:-1])
            grad_weight = matmul(mT(reshape(grad, (rows, grad.shape[-1]))), reshape(x, (rows, x.shape[-1])))
        return None if weight is None else matmul(grad, weight), grad_weight, grad

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        x, weight = args[:2]
        reason = MatMul.explain(error, x if x.ndim > 1 else x[None], weight.T)
        features = weight.shape[-1]
        hint = ""
        if x.ndim > 2 and math.prod(x.shape[1:]) == features:
            hint = "; .flatten(1) makes it so"
        elif x.ndim > 1 and x.size == features:
            product = " * ".join(map(str, x.shape))
            hint = f", and {product} = {features}: an image without a batch; image.unsqueeze(0) before the model adds it"
        return RuntimeError(
            f"{reason}. A weight of shape {list(weight.shape)} takes {features} features in the last dimension{hint}"
        )


def _name_by_rank(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> str:
    if bias is not None and input.ndim <= 2:
        return "Addmm0" if input.ndim == 2 else "Add0"
    return {(1, 1): "Dot0", (2, 1): "Mv0", (1, 2): "Squeeze4", (2, 2): "Mm0"}.get((input.ndim, weight.ndim), "UnsafeView0")


@in_single
@node_name(_name_by_rank)
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input (*, in) times weight (out, in) transposed, plus bias (out,): (*, out).

    The derivative is grad weight in input, grad^T input in weight, the sum of grad in bias. Raises RuntimeError for sizes that
    do not fit.

    Example: 1 * 1 + 2 * 1 = 3, and 1 * 0 + 2 * 10 + 5 = 25.

    >>> F.linear(minitorch.tensor([1.0, 2.0]), minitorch.tensor([[1.0, 1.0], [0.0, 10.0]]), minitorch.tensor([0.0, 5.0]))
    tensor([ 3., 25.])
    """
    if weight.ndim > 2:
        raise RuntimeError(f"linear: weight must be of shape (out, in) or (in,), but got {list(weight.shape)}")
    if bias is not None:
        shape = (*input.shape[:-1], *weight.shape[:-1])
        try:
            fits = broadcast_shapes(tuple(bias.shape), shape) == shape
        except RuntimeError:
            fits = False
        if not fits or bias.dtype is not weight.dtype:
            raise RuntimeError(
                f"linear: bias of shape {list(bias.shape)} and type {bias.dtype!r} does not belong to a weight of shape "
                f"{list(weight.shape)} and type {weight.dtype!r}: expected [{', '.join(map(str, weight.shape[:-1]))}]"
            )
    if weight.ndim == 2 and input.ndim > 0:
        return Linear.apply(input, weight, bias)
    product = input @ (weight.T if weight.ndim > 1 else weight)
    return product if bias is None else product + bias


@in_single
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y[o] = sum over i, j of input1[i] weight[o, i, j] input2[j] + bias[o], for input1 (*, in1) and input2 (*, in2).

    Shapes: weight (out, in1, in2), bias (out,), output (*, out). Raises RuntimeError for sizes that do not fit.

    Example: 1 * 1 * 10 + 2 * 1 * 20 = 50.

    >>> F.bilinear(minitorch.tensor([1.0, 2.0]), minitorch.tensor([10.0, 20.0]), minitorch.eye(2)[None])
    tensor([50.])
    """
    if len({input1.dtype, input2.dtype, weight.dtype}) > 1:
        raise RuntimeError(
            f"bilinear(): All tensors must have the same dtype, got input1: {input1.dtype!r}, input2: {input2.dtype!r}, "
            f"weight: {weight.dtype!r}"
        )
    if weight.ndim != 3 or input1.ndim == 0 or input1.ndim != input2.ndim or input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(
            "bilinear(): input batch dimensions do not match, or weight is not of shape (out, in1, in2): got input1 "
            f"{list(input1.shape)}, input2 {list(input2.shape)}, weight {list(weight.shape)}"
        )
    for name, x, size in (("input1", input1, weight.shape[1]), ("input2", input2, weight.shape[2])):
        if x.shape[-1] != size:
            raise RuntimeError(f"bilinear(): {name} size does not match weight size: got {x.shape[-1]} but expected {size}")
    if bias is not None and tuple(bias.shape) != (weight.shape[0],):
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {list(bias.shape)} but expected {weight.shape[0]}"
        )
    y = einsum("...i,oij,...j->...o", input1, weight, input2)
    return y if bias is None else y + bias


def refuse_sparse(name: str, sparse: bool) -> None:
    """Raises NotImplementedError for sparse=True."""
    if sparse:
        raise NotImplementedError(f"{name}: sparse=True is not supported, all gradients are dense here: leave sparse=False")


@node_name("Embedding0")
def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of weight (n, dim) with the indices input (*): (*, dim).

    The row `padding_idx` gets no gradient. With `max_norm`, rows that are looked up and have a larger `norm_type`-norm are
    scaled down to it, in place in `weight`. With `scale_grad_by_freq` the gradient of a row is divided by how often it occurs.

    Raises IndexError for an index that is negative or not below n, RuntimeError for indices that are not int64 or int32,
    NotImplementedError for sparse=True: all gradients are dense.

    >>> F.embedding(minitorch.tensor([2, 0, 2]), minitorch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    tensor([[4., 5.],
            [0., 1.],
            [4., 5.]])
    """
    refuse_sparse("embedding", sparse)
    if input._array.dtype.name not in ("int64", "int32"):
        raise RuntimeError(f"embedding: Expected indices of dtype int64 or int32, but got {input.dtype!r}: .long() converts")
    if weight.ndim != 2:
        raise RuntimeError(f"embedding: 'weight' must be 2-D, but got shape {list(weight.shape)}")
    n, indices = weight.shape[0], input._array
    if outside(indices, 0, n):
        wrong = indices[(indices < 0) | (indices >= n)].reshape(-1)[0]
        raise IndexError(f"embedding: index out of range in self: {wrong}, and weight has rows 0 to {n - 1}")
    if padding_idx is not None and not -n <= padding_idx < n:
        raise AssertionError(f"embedding: Padding_idx must be within num_embeddings: -{n} to {n - 1}, but got {padding_idx}")
    if max_norm is not None:
        check_floating("embedding with max_norm", weight)
        _limit_norms(weight.detach(), wrap(xp.unique(indices)), max_norm, norm_type)
    rows = getitem(weight, input if input.ndim else wrap(indices.reshape(1)))
    rows = rows if input.ndim else rows[0]
    if padding_idx is not None:
        rows = where(wrap(indices[..., None] == padding_idx % n), rows.detach(), rows)
    if scale_grad_by_freq:
        often = wrap(add_at((n,), ((indices.reshape(-1),),), xp.ones_like(indices).reshape(-1))[indices][..., None])
        if rows.requires_grad:
            rows.register_hook(lambda grad: grad / often)
            rows = clone(rows)  # the hook is for what lies before the result, not for its own gradient
    return rows


@no_grad()
def _limit_norms(weight: Tensor, rows: Tensor, most: float, p: float) -> None:
    chosen = weight[rows]
    norms = vector_norm(chosen, p, 1, keepdim=True)
    weight[rows] = where(norms > most, chosen * (most / (norms + 1e-7)), chosen)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class numbers (*) as rows (*, num_classes) of zeros with a one; as many classes as the largest needs if -1.

    The result is of int64: .float() makes it an input of layers. Raises RuntimeError for other numbers than int64, and for
    those outside the classes.

    >>> F.one_hot(minitorch.tensor([0, 2]), num_classes=3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.dtype.name != "int64":
        raise RuntimeError(f"one_hot is only applicable to index tensor of type LongTensor, got {tensor.dtype!r}")
    array = tensor._array
    if array.size == 0 and num_classes <= 0:
        raise RuntimeError(f"one_hot: Can not infer the number of classes from an empty tensor {list(tensor.shape)}: give it")
    classes = int(array.max()) + 1 if num_classes == -1 else num_classes
    if outside(array, 0, classes):
        raise RuntimeError(f"Class values must be in [0, {classes}), found {int(array.min())} to {int(array.max())}")
    return wrap((array[..., None] == on_device_of(xp.arange(classes), array)).astype(xp.int64))
