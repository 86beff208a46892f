"""Matrix products of every rank, and einsum, which contains them all."""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING, Any

from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array, contiguous, xp
from minitorch.backend.dispatch import definition
from minitorch.ops.elementwise import in_single
from minitorch.ops.indexing import diag
from minitorch.ops.node_names import node_name
from minitorch.ops.shape import Permute, Reshape, check_dims, expand, movedim, permute, reshape, sizes, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def mT(x: Tensor) -> Tensor:
    """The last two dimensions exchanged."""
    return Permute.apply(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


class MatMul(Op):
    """a @ b of two stacks of matrices;  in a: grad @ b^T, in b: a^T @ grad"""

    def forward(ctx, a: Array, b: Array) -> Array:
        for_a, for_b = ctx.needs_input_grad
        ctx.save_for_backward(a if for_b else None, b if for_a else None)
        if a.dtype != b.dtype:
            raise types_error(a, b)
        return matrix_product(a, b)

    def backward(ctx, grad: Tensor) -> Any:
        a, b = ctx.saved_tensors  # not @, which for arrays would be NumPy's: these products are dispatched, too
        return None if b is None else MatMul.apply(grad, mT(b)), None if a is None else MatMul.apply(mT(a), grad)

    called = "matmul"

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        a, b = (x.shape for x in args)
        if a[-1] != b[-2]:
            return RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({_by(a[-2:])} and {_by(b[-2:])}): the inner sizes {a[-1]} and "
                f"{b[-2]} must be equal (shapes {list(a)} and {list(b)})"
            )
        return RuntimeError(f"matmul cannot broadcast the batch dimensions {list(a[:-2])} and {list(b[:-2])} together")


@definition
def matrix_product(a: Array, b: Array) -> Array:
    return xp.matmul(a, b)


def types_error(a: Array, b: Array) -> RuntimeError:
    """The error for matrices of two types."""
    floating = [x.dtype for x in (a, b) if x.dtype.kind == "f"] or [a.dtype, b.dtype]
    way_out = " or ".join(f"x.to(minitorch.{dtype})" for dtype in floating)
    return RuntimeError(
        f"expected both matrices to have the same dtype, but got: {a.dtype} != {b.dtype}; {way_out} makes them the same"
    )


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _name_by_rank(input: Tensor, other: Tensor) -> str:
    names = {(1, 1): "Dot0", (2, 1): "Mv0", (1, 2): "Squeeze4", (2, 2): "Mm0"}
    return names.get((input.ndim, other.ndim), "UnsafeView0")


@in_single
@node_name(_name_by_rank)
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product over the last two dimensions; the others are broadcast. A 1-d operand is a row or a column.

    Shapes: (*, n, k) and (*, k, m) give (*, n, m); (n, k) and (k) give (n); (k) and (k) give a number.

    For the gradient g of the result, that of input is g @ other^T, and that of other is input^T @ g.
    Raises RuntimeError for sizes k that differ, with both shapes.

    >>> a, b = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]), minitorch.tensor([[1.0], [10.0]])
    >>> minitorch.matmul(a, b)  # or a @ b
    tensor([[21.],
            [43.]])
    """
    n, m = _ndim(input), _ndim(other)
    if n == 2 and m == 2:
        return MatMul.apply(input, other)
    if n == 0 or m == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {n}D and {m}D")
    if n == 1:
        product = matmul(unsqueeze(input, 0), other)
        return reshape(product, (*product.shape[:-2], *product.shape[-1:]) if m > 1 else product.shape[1:])
    if m == 1:
        product = matmul(input, unsqueeze(other, 1))
        return reshape(product, product.shape[:-1])
    if m == 2 and input.shape[-1] == other.shape[0]:  # one large product rather than a stack of small ones
        rows = Reshape.apply(input, (math.prod(input.shape[:-1]), input.shape[-1]))
        return Reshape.apply(MatMul.apply(rows, other), (*input.shape[:-1], other.shape[1]))
    return MatMul.apply(input, other)


def _ndim(x: Any) -> int:
    if not hasattr(x, "ndim"):
        raise TypeError(f"matmul(): argument must be Tensor, not {type(x).__name__}")
    return int(x.ndim)


@in_single
@node_name("Mm0")
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices, (n, k) and (k, m): (n, m). Raises RuntimeError for other shapes.

    >>> minitorch.mm(minitorch.tensor([[1, 2], [3, 4]]), minitorch.tensor([[0, 1], [1, 0]]))
    tensor([[2, 1],
            [4, 3]])
    """
    return _of_rank("mm", 2, input, mat2)


@in_single
@node_name("Bmm0")
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two stacks of matrices, (B, n, m) and (B, m, p): (B, n, p). Raises RuntimeError for other shapes.

    >>> minitorch.bmm(minitorch.ones(2, 1, 3), minitorch.ones(2, 3, 1)).tolist()
    [[[3.0]], [[3.0]]]
    """
    return _of_rank("bmm", 3, input, mat2)


@in_single
@node_name("Mv0")
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix (n, m) and a vector (m): (n).

    Raises RuntimeError for other shapes.

    >>> minitorch.mv(minitorch.tensor([[1, 2], [3, 4]]), minitorch.tensor([1, 10]))
    tensor([21, 43])
    """
    if input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"mv: expected a matrix and a vector, got {input.ndim}D and {vec.ndim}D")
    return matmul(input, vec)


@in_single
@node_name("Dot0")
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors of one size: the sum of input[i] * tensor[i].

    Raises RuntimeError for vectors of different sizes, or other dimensions.

    >>> minitorch.dot(minitorch.tensor([1, 2, 3]), minitorch.tensor([4, 5, 6]))
    tensor(32)
    """
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    if input.shape != tensor.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected sizes to be equal, got {list(input.shape)} and {list(tensor.shape)}"
        )
    return matmul(input, tensor)


def _of_rank(name: str, rank: int, a: Tensor, b: Tensor) -> Tensor:
    if a.ndim != rank or b.ndim != rank:
        raise RuntimeError(f"{name} expects two {rank}D tensors, got {a.ndim}D and {b.ndim}D")
    if rank == 3 and a.shape[0] != b.shape[0]:
        raise RuntimeError(f"{name}: the batch sizes {a.shape[0]} and {b.shape[0]} must be equal")
    return matmul(a, b)


class Einsum(Op):
    """A sum over the letters that the output does not name;  the einsum of grad and the other operands.

    The derivative in one operand is the einsum of the gradient with the other operands, read out in the letters of that
    one. This needs every letter of an operand to stand in another operand or in the output; `einsum` sees to that.
    """

    def forward(ctx, inputs: tuple[str, ...], output: str, *operands: Array) -> Array:
        ctx.inputs, ctx.output = inputs, output
        ctx.save_for_backward(*operands)
        with xp.errstate(all="ignore"):
            return contiguous(xp.einsum(f"{','.join(inputs)}->{output}", *operands, optimize=len(operands) > 1))

    def backward(ctx, grad: Tensor) -> Any:
        operands = ctx.saved_tensors
        grads: list[Any] = [None, None]
        for i, letters in enumerate(ctx.inputs):
            if not ctx.needs_input_grad[i + 2]:
                grads.append(None)
                continue
            others = [j for j in range(len(operands)) if j != i]
            names = (ctx.output, *(ctx.inputs[j] for j in others))
            grads.append(Einsum.apply(names, letters, grad, *(operands[j] for j in others)))
        return tuple(grads)


@in_single
def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Products of operands summed over letters: einsum('bij,bjk->bik', a, b) is the batched matrix product.

    Without '->' the output has, in alphabetical order, the letters that occur once. '...' stands for dimensions that are
    broadcast. Raises RuntimeError where letters and dimensions do not fit.

    >>> a = minitorch.tensor([[1, 2], [3, 4]])
    >>> minitorch.einsum("ij->ji", a)  # the transpose
    tensor([[1, 3],
            [2, 4]])
    >>> minitorch.einsum("ij,kj->ik", a, a)  # a @ a.T
    tensor([[ 5, 11],
            [11, 25]])
    >>> minitorch.einsum("ii", a)  # the trace
    tensor(5)
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])  # a list of them will do
    inputs, output = _letters(equation, operands)
    tensors = list(operands)
    if len({x.dtype for x in tensors}) > 1:
        raise RuntimeError(f"einsum(): expected operands of one dtype, but got {', '.join(repr(x.dtype) for x in tensors)}")
    for i, letters in enumerate(inputs):
        for letter in dict.fromkeys(letters):
            while letters.count(letter) > 1:  # a letter twice in one operand reads its diagonal
                tensors[i], letters = _diagonal(tensors[i], letters, letter)
        alone = [c for c in letters if c not in output and not any(c in other for j, other in enumerate(inputs) if j != i)]
        if alone:  # a letter found nowhere else is summed at once
            tensors[i] = tensors[i].sum([letters.index(c) for c in alone])
            letters = "".join(c for c in letters if c not in alone)
        inputs[i] = letters
    size: dict[str, int] = {}
    for letters, x in zip(inputs, tensors, strict=True):
        for letter, n in zip(letters, x.shape, strict=True):
            if size.setdefault(letter, n) != n:
                if 1 not in (n, size[letter]):
                    raise RuntimeError(
                        f"einsum(): operands do not broadcast: the letter '{letter}' of {equation!r} has the sizes "
                        f"{size[letter]} and {n}"
                    )
                size[letter] = n * size[letter]
    tensors = [  # a size 1 is repeated to the letter's size
        x if list(x.shape) == [size[c] for c in s] else expand(x, [size[c] for c in s])
        for s, x in zip(inputs, tensors, strict=True)
    ]
    if len(tensors) == 1:  # what is left is to put the dimensions in order
        return permute(tensors[0], [inputs[0].index(c) for c in output])
    return Einsum.apply(tuple(inputs), output, *tensors)


def _letters(equation: str, operands: tuple[Any, ...]) -> tuple[list[str], str]:
    """Each operand's letters and the output's, with '...' written out in letters that the equation does not use."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands):
        raise RuntimeError(f"einsum(): {equation!r} names {len(inputs)} operands, and {len(operands)} were given")
    free = [c for c in string.ascii_letters if c not in equation]
    most = 0
    for i, (s, x) in enumerate(zip(inputs, operands, strict=True)):
        if not set(s.replace("...", "", 1)) <= set(string.ascii_letters):
            raise RuntimeError(f"einsum(): subscripts must be letters, commas, '...' and '->': {equation!r}")
        extra = x.ndim - len(s.replace("...", ""))
        if extra < 0 or (extra and "..." not in s):
            raise RuntimeError(
                f"einsum(): the number of subscripts in {s!r} does not match the {x.ndim} dimensions of operand {i}, of shape "
                f"{list(x.shape)}"
            )
        most = max(most, extra)
        inputs[i] = s.replace("...", "".join(free[:extra][::-1]))
    dots = "".join(free[:most][::-1])
    if not arrow:
        joined = left.replace(",", "").replace(".", "")
        right = (dots and "...") + "".join(sorted(c for c in set(joined) if joined.count(c) == 1))
    output = right.replace("...", dots)
    for c in output:
        if output.count(c) > 1 or not any(c in s for s in inputs):
            raise RuntimeError(
                f"einsum(): output subscript {c} must appear in an operand, and once in the output: {equation!r}"
            )
    return inputs, output


def _diagonal(x: Tensor, letters: str, letter: str) -> tuple[Tensor, str]:
    first = letters.index(letter)
    second = letters.index(letter, first + 1)
    n, m = x.shape[first], x.shape[second]
    if n != m:
        raise RuntimeError(f"einsum(): subscript {letter} is repeated but the sizes don't match, {n} != {m}")
    diagonal = xp.arange(n)
    return movedim(x, (first, second), (0, 1))[diagonal, diagonal], letter + letters.replace(letter, "", 2)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """All products of an element of one vector with one of another, (n) and (m): input[i] * vec2[j], (n, m).

    >>> minitorch.outer(minitorch.tensor([1, 2]), minitorch.tensor([1, 10, 100]))
    tensor([[  1,  10, 100],
            [  2,  20, 200]])
    """
    if input.ndim != 1 or vec2.ndim != 1:
        raise RuntimeError(f"outer: Expected two vectors, but got {list(input.shape)} and {list(vec2.shape)}")
    return reshape(input, (-1, 1)) * vec2


@node_name("Trace0")
def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal. The derivative is the identity matrix.

    Raises RuntimeError for other dimensions than 2.

    >>> minitorch.trace(minitorch.tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return diag(input).sum()


@in_single
@node_name("Addmm0")
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2).

    Shapes: mat1 (n, k) and mat2 (k, m) give (n, m), to which input is broadcast. Raises RuntimeError for other shapes.

    >>> a = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> minitorch.addmm(minitorch.ones(2), a, minitorch.eye(2), alpha=10)
    tensor([[11., 21.],
            [31., 41.]])
    """
    if input.dtype is not mat1.dtype:
        raise RuntimeError(f"addmm: input and the matrices must have one dtype, but got {input.dtype!r} and {mat1.dtype!r}")
    return _plus(input, mm(mat1, mat2), beta, alpha)


def _plus(input: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    """beta * input + alpha * product; a beta of 0 leaves out even nan."""
    product = product if alpha == 1 else product * alpha
    return product if beta == 0 else (input if beta == 1 else input * beta) + product


@in_single
@node_name("Addmv0")
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat @ vec).

    Shapes: mat (n, m) and vec (m) give (n), to which input is broadcast. Raises RuntimeError for other shapes.

    >>> mat, vec = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]), minitorch.tensor([1.0, 10.0])
    >>> minitorch.addmv(minitorch.ones(2), mat, vec)
    tensor([22., 44.])
    """
    return _plus(input, mv(mat, vec), beta, alpha)


@in_single
@node_name("Addr0")
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2).

    Shapes: vec1 (n) and vec2 (m) give (n, m), to which input is broadcast.

    >>> minitorch.addr(minitorch.ones(2, 2), minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0, 10.0]))
    tensor([[ 2., 11.],
            [ 3., 21.]])
    """
    return _plus(input, outer(vec1, vec2), beta, alpha)


@in_single
@node_name("Baddbmm0")
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2), for each matrix of the stacks (B, n, m) and (B, m, p).

    >>> minitorch.baddbmm(minitorch.ones(1, 1), minitorch.ones(2, 1, 3), minitorch.ones(2, 3, 1)).tolist()
    [[[4.0]], [[4.0]]]
    """
    return _plus(input, bmm(batch1, batch2), beta, alpha)


@in_single
@node_name("Addbmm0")
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * the sum of the products of the matrices in the stacks (B, n, m) and (B, m, p).

    >>> minitorch.addbmm(minitorch.ones(1, 1), minitorch.ones(2, 1, 3), minitorch.ones(2, 3, 1))
    tensor([[7.]])
    """
    return _plus(input, bmm(batch1, batch2).sum(0), beta, alpha)


@node_name("Dot0")
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """As `dot`. (In PyTorch it is another function for complex numbers.)

    >>> minitorch.vdot(minitorch.tensor([1, 2]), minitorch.tensor([3, 4]))
    tensor(11)
    """
    return dot(input, other)


@in_single
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Products summed over the last `dims` dimensions of a and the first of b, or over pairs: dims = ([1], [0]).

    Shapes: (n, j, k) and (j, k, m) give (n, m) for dims = 2. Raises RuntimeError for sizes that differ.

    >>> a, b = minitorch.ones(2, 3, 4), minitorch.ones(3, 4, 5)
    >>> minitorch.tensordot(a, b, dims=2).shape
    minitorch.Size([2, 5])
    >>> minitorch.tensordot(a, b, dims=([2], [1])).shape
    minitorch.Size([2, 3, 3, 5])
    """
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise RuntimeError(
                f"tensordot expects dims from 0 to {min(a.ndim, b.ndim)} of {a.ndim} and {b.ndim}, but got {dims}"
            )
        dims = (tuple(range(a.ndim - dims, a.ndim)), tuple(range(dims)))
    of_a, of_b = (check_dims(sizes((d,), "tensordot"), x.ndim) if len(d) else () for d, x in zip(dims, (a, b), strict=True))
    if [a.shape[d] for d in of_a] != [b.shape[d] for d in of_b]:
        raise RuntimeError(
            f"contracted dimensions need to match, but shapes {list(a.shape)} and {list(b.shape)} differ along dims {of_a} and "
            f"{of_b}"
        )
    rest_a, rest_b = ([i for i in range(x.ndim) if i not in d] for x, d in ((a, of_a), (b, of_b)))
    shapes = [a.shape[i] for i in rest_a], [b.shape[i] for i in rest_b]
    inner = math.prod(a.shape[i] for i in of_a)
    rows = reshape(permute(a, *rest_a, *of_a), (math.prod(shapes[0]), inner))
    columns = reshape(permute(b, *of_b, *rest_b), (inner, math.prod(shapes[1])))
    return reshape(MatMul.apply(rows, columns), (*shapes[0], *shapes[1]))


def inner(input: Tensor, other: Tensor) -> Tensor:
    """Products summed over the last dimension of both: (*, n) and (**, n) give (*, **). With a number, the product.

    >>> minitorch.inner(minitorch.tensor([[1, 2], [3, 4]]), minitorch.tensor([1, 10]))
    tensor([21, 43])
    """
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(input.shape)} and "
            f"{list(other.shape)}"
        )
    return tensordot(input, other, ([-1], [-1]))


def kron(input: Tensor, other: Tensor) -> Tensor:
    """Kronecker's product: each element of input times the whole of other, side by side.

    Shapes: (n, m) and (p, q) give (n p, m q).

    >>> minitorch.kron(minitorch.tensor([[1, 2]]), minitorch.tensor([[1, 0], [0, 1]]))
    tensor([[1, 0, 2, 0],
            [0, 1, 0, 2]])
    """
    n = max(input.ndim, other.ndim)
    a, b = ((1,) * (n - x.ndim) + tuple(x.shape) for x in (input, other))
    apart = reshape(input, [k for size in a for k in (size, 1)]) * reshape(other, [k for size in b for k in (1, size)])
    return reshape(apart, tuple(i * j for i, j in zip(a, b, strict=True)))
