"""Ops that move elements without changing them: reshape, permute, expand, flip, roll, pad.

Each derivative moves the gradient back. Most of PyTorch's names are a reshape or a permutation under another name.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.autograd.node import Op
from minitorch.backend.arrays import Array, contiguous, order_of, xp
from minitorch.backend.device import device, device_of, to_device
from minitorch.backend.sums import sum_to
from minitorch.ops.node_names import node_name

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def check_dim(dim: int, ndim: int) -> int:
    """`dim` counted from the front. Raises IndexError with the valid range (a 0-d tensor counts as 1-d here)."""
    if isinstance(dim, (bool, type)) or not hasattr(dim, "__index__"):
        raise TypeError(f"dim must be an int, not {type(dim).__name__}: {dim!r}")
    dim = dim.__index__()
    n = max(ndim, 1)
    if not -n <= dim < n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})")
    return dim % n


def existing_dim(name: str, input: Tensor, dim: int, error: type[Exception] = RuntimeError) -> int:
    """As `check_dim`, for what cuts a dimension: a tensor without one raises `error`."""
    if input.ndim == 0:
        raise error(f"{name} expects at least a 1-dimensional tensor, and this one has 0 dims: x[None] has one")
    return check_dim(dim, input.ndim)


def check_dims(dim: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Several dims counted from the front; None means all. Raises RuntimeError for one that is named twice."""
    if isinstance(dim, (str, bytes)):
        raise TypeError(f"dim must be an int or a tuple of ints, not {type(dim).__name__}: {dim!r:.40}")
    dims: tuple[int, ...] = () if dim is None else tuple(dim) if isinstance(dim, Sequence) else (dim,)
    if not dims:
        return tuple(range(ndim))
    out = tuple(check_dim(d, ndim) for d in dims)
    if len(set(out)) < len(out):
        raise RuntimeError(f"a dimension appears multiple times in the list of dims {list(dims)}")
    return out if ndim else ()


def sizes(args: tuple[Any, ...], name: str) -> tuple[int, ...]:
    """The sizes in the arguments of f(2, 3) or f((2, 3)), as a tuple."""
    shape = args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else args
    for n in shape:
        if isinstance(n, (bool, type)) or not hasattr(n, "__index__") or getattr(n, "ndim", False):
            raise TypeError(f"{name}(): sizes must be ints, not {type(n).__name__}: {n!r:.60}")
    return tuple(map(operator.index, shape))


# ---- the ops -----------------------------------------------------------------------------------------------------


class Reshape(Op):
    """The same elements in another shape;  grad in the shape of x. A view where the memory allows it, else a copy"""

    is_view, label = True, "View0"

    def forward(ctx, x: Array, shape: tuple[int, ...]) -> Array:
        ctx.shape = x.shape
        return xp.reshape(x, shape)

    def backward(ctx, grad: Tensor) -> Any:
        return Reshape.apply(grad, ctx.shape)


class Permute(Op):
    """The dimensions in another order;  grad in the inverse order"""

    is_view = True

    def forward(ctx, x: Array, dims: tuple[int, ...]) -> Array:
        ctx.dims = dims
        return xp.transpose(x, dims)

    def backward(ctx, grad: Tensor) -> Any:
        return Permute.apply(grad, tuple(ctx.dims.index(i) for i in range(len(ctx.dims))))


class Expand(Op):
    """Repeated along new or single dimensions, without copying;  the sum of grad over these dimensions"""

    is_view = True

    def forward(ctx, x: Array, shape: tuple[int, ...]) -> Array:
        return xp.broadcast_to(x, shape)

    def backward(ctx, grad: Tensor) -> Any:
        return grad


class SumTo(Op):
    """Summed over the dimensions along which `shape` would be repeated;  Expand of grad, its adjoint"""

    def forward(ctx, x: Array, shape: tuple[int, ...]) -> Array:
        ctx.shape = x.shape
        return sum_to(x, shape)

    def backward(ctx, grad: Tensor) -> Any:
        return Expand.apply(grad, ctx.shape)


class Flip(Op):
    """Reversed along dimensions;  grad reversed"""

    def forward(ctx, x: Array, dims: tuple[int, ...]) -> Array:
        ctx.dims = dims
        return xp.flip(x, dims).copy(order="C")

    def backward(ctx, grad: Tensor) -> Any:
        return flip(grad, ctx.dims)


class Roll(Op):
    """Shifted around dimensions;  grad rolled back by the same distances"""

    def forward(ctx, x: Array, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Array:
        ctx.shifts, ctx.dims = shifts, dims
        return contiguous(xp.roll(x, shifts, dims))

    def backward(ctx, grad: Tensor) -> Any:
        return roll(grad, tuple(-s for s in ctx.shifts), ctx.dims)


class Pad(Op):
    """A border of a constant around the array;  grad without the border"""

    label = "ConstantPadNd0"

    def forward(ctx, x: Array, widths: tuple[tuple[int, int], ...], value: float) -> Array:
        ctx.inner = tuple(builtins.slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
        shape = tuple(before + n + after for (before, after), n in zip(widths, x.shape, strict=True))
        out = xp.zeros_like(x, shape=shape) if value == 0 else xp.full_like(x, value, shape=shape)
        out[ctx.inner] = x
        return out

    def backward(ctx, grad: Tensor) -> Any:
        return grad[ctx.inner]


class Clone(Op):
    """A copy with memory of its own;  1"""

    def forward(ctx, x: Array, order: Any = "K") -> Array:
        return x.copy(order="C" if 0 in x.strides else order)  # "K": in the order in which x lies in memory

    def backward(ctx, grad: Tensor) -> Any:
        return grad


class Cast(Op):
    """The same values in another type;  grad in the type of x"""

    label = "ToCopy0"

    def forward(ctx, x: Array, to: Any) -> Array:
        return x.astype(to, order=order_of(x))

    def backward(ctx, grad: Tensor) -> Any:
        return grad


class ToDevice(Op):
    """The same values on another device;  grad on that of x"""

    def forward(ctx, x: Array, where: device, non_blocking: bool = False) -> Array:
        ctx.origin = device_of(x)
        return to_device(x, where, non_blocking)

    def backward(ctx, grad: Tensor) -> Any:
        return ToDevice.apply(grad, ctx.origin)


# ---- the functions, by PyTorch's names ---------------------------------------------------------------------------


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The elements in order in a new shape, one size of which may be -1; a view where possible, else a copy.

    Raises RuntimeError when the sizes do not multiply to the number of elements.

    >>> minitorch.reshape(minitorch.arange(6), (2, -1))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    return Reshape.apply(input, _resolve(shape, input, "reshape"))


def view(input: Tensor, *size: Any) -> Tensor:
    """As `reshape`, and always a view: raises RuntimeError where the memory layout would need a copy.

    PyTorch's other form, view(dtype), is absent.

    >>> x = minitorch.arange(4)
    >>> y = x.view(2, 2)
    >>> y[0, 0] = 9  # in the memory of both
    >>> x
    tensor([9, 1, 2, 3])
    """
    new = _resolve(size, input, "view")
    array = getattr(input, "_array", input)
    if not _can_view(array, new):
        raise RuntimeError(
            f"view size is not compatible with input tensor's size and stride (at least one dimension of "
            f"{list(array.shape)} spans across two contiguous subspaces). Use .reshape({', '.join(map(str, new))}) instead."
        )
    return Reshape.apply(input, new)


def _can_view(array: Any, shape: tuple[int, ...]) -> bool:
    try:
        xp.reshape(array, shape, copy=False)
    except ValueError:
        return False
    return True


def _resolve(args: tuple[Any, ...], input: Any, name: str) -> tuple[int, ...]:
    """A shape with its -1 worked out. Raises RuntimeError if it cannot hold the elements of `input`."""
    shape, count = sizes(args, name), math.prod(input.shape)
    if shape.count(-1) > 1:
        raise RuntimeError(f"only one dimension can be inferred: shape {list(shape)} has several -1")
    if any(n < -1 for n in shape):
        raise RuntimeError(f"invalid shape dimension {builtins.min(shape)} in {list(shape)}")
    known = math.prod(n for n in shape if n != -1)
    if -1 in shape and known == 0 and count == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 can "
            "be any value and is ambiguous"
        )
    if (known == 0 or count % known) if -1 in shape else known != count:
        raise RuntimeError(
            f"shape '{list(shape)}' is invalid for input of size {count}: a tensor of shape {list(input.shape)} has "
            f"{count} elements"
        )
    return tuple(count // known if n == -1 else n for n in shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` as one; of one dimension the input itself.

    Shapes: (N, C, H, W) gives (N, C H W) for start_dim = 1.

    >>> minitorch.flatten(minitorch.ones(8, 3, 4, 4), start_dim=1).shape
    minitorch.Size([8, 48])
    """
    start, end = check_dim(start_dim, input.ndim), check_dim(end_dim, input.ndim)
    if start > end:
        raise RuntimeError(f"flatten() has invalid args: start_dim ({start_dim}) cannot come after end_dim ({end_dim})")
    if input.ndim == 0:
        return reshape(input, (1,))
    if start == end:
        return input  # itself, as in PyTorch
    shape = input.shape
    return reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """One dimension as several; one of `sizes` may be -1.

    Raises RuntimeError for sizes that do not multiply to that of the dimension.

    >>> minitorch.unflatten(minitorch.ones(8, 12), 1, (3, -1)).shape
    minitorch.Size([8, 3, 4])
    """
    if input.ndim == 0 or list(sizes).count(-1) > 1:
        problem = "a tensor of 0 dimensions has none to unflatten" if input.ndim == 0 else "only one dimension can be inferred"
        raise RuntimeError(f"unflatten: {problem}: dim {dim} into {list(sizes)}")
    dim, n = check_dim(dim, input.ndim), input.shape[dim]
    known = math.prod(s for s in sizes if s != -1)
    if (known == 0 or n % known) if -1 in sizes else known != n:
        raise RuntimeError(f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({n})")
    whole = tuple(n // known if s == -1 else s for s in sizes)
    return reshape(input, (*input.shape[:dim], *whole, *input.shape[dim + 1 :]))


@node_name("Squeeze0", with_dim="Squeeze1")
def squeeze(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Without the dimensions of size 1, or without `dim` if it is of size 1.

    >>> x = minitorch.ones(1, 3, 1)
    >>> minitorch.squeeze(x).shape
    minitorch.Size([3])
    >>> minitorch.squeeze(x, 0).shape
    minitorch.Size([3, 1])
    """
    dims = check_dims(dim, input.ndim) if dim is None or not hasattr(dim, "__len__") or len(dim) else ()
    return reshape(input, tuple(n for i, n in enumerate(input.shape) if n != 1 or i not in dims))


@node_name("Unsqueeze0")
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a dimension of size 1 put in at `dim`.

    Shapes: (n, m) gives (1, n, m) for dim = 0, (n, 1, m) for 1, (n, m, 1) for 2 or -1.

    >>> minitorch.unsqueeze(minitorch.tensor([1, 2]), 1)
    tensor([[1],
            [2]])
    """
    dim = check_dim(dim, input.ndim + 1)
    return reshape(input, (*input.shape[:dim], 1, *input.shape[dim:]))


def permute(input: Tensor, *dims: Any) -> Tensor:
    """The dimensions in the order `dims`, as a view. Raises RuntimeError unless each dimension is named once.

    >>> image = minitorch.ones(28, 30, 3)
    >>> minitorch.permute(image, (2, 0, 1)).shape
    minitorch.Size([3, 28, 30])
    """
    order = sizes(dims, "permute")
    if len(order) != input.ndim:
        raise RuntimeError(
            f"permute: number of dimensions in the tensor input does not match the length of the desired ordering of "
            f"dimensions i.e. input.dim() = {input.ndim} is not equal to len(dims) = {len(order)}"
        )
    return Permute.apply(input, check_dims(order, input.ndim) if order else ())


@node_name("Transpose0")
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """With two dimensions exchanged, as a view.

    Raises IndexError for a dimension that input does not have.

    >>> minitorch.transpose(minitorch.tensor([[1, 2, 3], [4, 5, 6]]), 0, 1)
    tensor([[1, 4],
            [2, 5],
            [3, 6]])
    """
    a, b = check_dim(dim0, input.ndim), check_dim(dim1, input.ndim)
    dims = list(range(input.ndim))
    if dims:
        dims[a], dims[b] = dims[b], dims[a]
    return Permute.apply(input, tuple(dims))


@node_name("T0")
def t(input: Tensor) -> Tensor:
    """The transpose of a tensor of at most 2 dimensions, as a view. Raises RuntimeError for more.

    >>> minitorch.t(minitorch.tensor([[1, 2, 3], [4, 5, 6]]))
    tensor([[1, 4],
            [2, 5],
            [3, 6]])
    """
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return transpose(input, 0, -1)


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """With the dimensions `source` moved to the positions `destination`, the others in order around them.

    >>> minitorch.movedim(minitorch.ones(2, 3, 4), 0, -1).shape
    minitorch.Size([3, 4, 2])
    """
    a, b = (check_dims(dims, input.ndim) if (dims := sizes((d,), "movedim")) else () for d in (source, destination))
    if len(a) != len(b):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(a)} dims) should contain the same number of "
            f"dims as destination ({list(b)} dims)"
        )
    rest = iter([i for i in range(input.ndim) if i not in a])
    return Permute.apply(input, tuple(a[b.index(i)] if i in b else next(rest) for i in range(input.ndim)))


def expand(input: Tensor, *size: Any) -> Tensor:
    """Repeated along dimensions of size 1, and along new ones in front, as a view; -1 keeps a size.

    Raises RuntimeError for a size that is neither the present one nor of a dimension of size 1.

    >>> minitorch.tensor([[1], [2]]).expand(2, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    new, old = sizes(size, "expand"), tuple(input.shape)
    lead = len(new) - len(old)
    if lead < 0:
        raise RuntimeError(
            f"expand: the number of sizes provided ({len(new)}) must be greater or equal to the number of dimensions in "
            f"the tensor ({len(old)})"
        )
    whole = tuple(old[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(new))
    for i, n in enumerate(whole):
        if n < 0 or (i >= lead and old[i - lead] not in (1, n)):
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({old[i - lead] if i >= lead else 'none'})"
                f" at non-singleton dimension {i}.  Target sizes: {list(new)}.  Tensor sizes: {list(old)}"
            )
    return Expand.apply(input, whole) if math.prod(whole) != math.prod(old) else Reshape.apply(input, whole)


def broadcast_to(input: Tensor, *size: Any) -> Tensor:
    """As `expand`: the input repeated to `size`, as a view.

    Raises RuntimeError for a shape to which it cannot be broadcast.

    >>> minitorch.broadcast_to(minitorch.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, *size)


def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """Summed to a shape from which `input`'s could have been broadcast: the derivative of `expand`.

    Raises RuntimeError for a shape from which `input`'s could not have been broadcast.

    >>> minitorch.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    shape, old = sizes(size, "sum_to_size"), tuple(input.shape)
    lead = len(old) - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, old[lead:], strict=True)):
        raise RuntimeError(f"size {list(shape)} is not expandable to size {list(old)}.")
    return SumTo.apply(input, shape)


def flip(input: Tensor, dims: int | Sequence[int]) -> Tensor:
    """Reversed along `dims`, as a copy.

    Raises RuntimeError for a dimension that is named twice.

    >>> minitorch.flip(minitorch.tensor([[1, 2], [3, 4]]), [0, 1])
    tensor([[4, 3],
            [2, 1]])
    """
    dims = sizes((dims,), "flip")
    return Flip.apply(input, check_dims(dims, input.ndim) if dims else ())


def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """Shifted cyclically by `shifts` along `dims`; without dims, as if flat.

    Shapes: the result has the shape of input. Raises RuntimeError for another number of shifts than dims.

    >>> minitorch.roll(minitorch.tensor([1, 2, 3, 4]), 1)
    tensor([4, 1, 2, 3])
    """
    shifts = sizes((shifts,), "roll")
    if dims is None or (isinstance(dims, (tuple, list)) and not dims):
        if len(shifts) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        return reshape(roll(reshape(input, (-1,)), shifts, 0), tuple(input.shape))
    dims = sizes((dims,), "roll")
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    axes = tuple(check_dim(d, input.ndim) for d in dims)
    return Roll.apply(input, shifts, axes) if input.ndim else clone(input)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by k times 90 degrees in the plane of two dimensions, from the first towards the second.

    >>> minitorch.rot90(minitorch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    plane = sizes((tuple(dims),), "rot90")
    if len(plane) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(plane)}")
    a, b = (check_dim(d, input.ndim) for d in plane)
    if a == b:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {plane[0]} and dim1 = {plane[1]}")
    if k % 2 == 0:
        return flip(input, (a, b)) if k % 4 else clone(input)
    return transpose(flip(input, b if k % 4 == 1 else a), a, b)


def clone(input: Tensor) -> Tensor:
    """A copy with memory of its own; gradients flow through it. The derivative is 1.

    >>> x = minitorch.tensor([1, 2])
    >>> y = minitorch.clone(x)
    >>> y[0] = 9
    >>> x
    tensor([1, 2])
    """
    return Clone.apply(input)


def constant_pad(input: Tensor, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """A border of `value` around `input`: for each dimension how many cells before and after. Negative widths cut."""
    for d, ((before, after), n) in enumerate(zip(widths, input.shape, strict=True)):
        if n + before + after < 0:
            raise RuntimeError(f"pad: widths {before} and {after} cut more than the {n} cells of dimension {d}")
    if any(w < 0 for pair in widths for w in pair):
        cut = tuple(
            builtins.slice(builtins.max(-a, 0), n - builtins.max(-b, 0)) for (a, b), n in zip(widths, input.shape, strict=True)
        )
        input, widths = input[cut], [(builtins.max(a, 0), builtins.max(b, 0)) for a, b in widths]
    return Pad.apply(input, tuple(widths), value)


def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension.

    >>> minitorch.ravel(minitorch.tensor([[1, 2], [3, 4]]))
    tensor([1, 2, 3, 4])
    """
    return reshape(input, (-1,))


@node_name("Transpose0")
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """As `transpose`.

    >>> minitorch.swapaxes(minitorch.ones(2, 3, 4), 0, 2).shape
    minitorch.Size([4, 3, 2])
    """
    return transpose(input, axis0, axis1)


def moveaxis(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """As `movedim`.

    >>> minitorch.moveaxis(minitorch.ones(2, 3, 4), 0, -1).shape
    minitorch.Size([3, 4, 2])
    """
    return movedim(input, source, destination)


def fliplr(input: Tensor) -> Tensor:
    """Reversed along the second dimension.

    >>> minitorch.fliplr(minitorch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 1],
            [4, 3]])
    """
    return flip(input, 1)


def flipud(input: Tensor) -> Tensor:
    """Reversed along the first dimension.

    >>> minitorch.flipud(minitorch.tensor([[1, 2], [3, 4]]))
    tensor([[3, 4],
            [1, 2]])
    """
    return flip(input, 0)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors, expanded to their common shape.

    Raises RuntimeError for shapes that cannot be broadcast.

    >>> row, column = minitorch.broadcast_tensors(minitorch.tensor([1, 2]), minitorch.tensor([[3], [4]]))
    >>> row
    tensor([[1, 2],
            [1, 2]])
    >>> column
    tensor([[3, 3],
            [4, 4]])
    """
    for x in tensors:
        if not hasattr(x, "shape"):
            raise TypeError(f"broadcast_tensors(): expected Tensors, one after the other, but got {type(x).__name__}")
    shape = broadcast_shapes(*(tuple(x.shape) for x in tensors))
    return tuple(expand(x, shape) for x in tensors)


def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that shapes broadcast to. Raises RuntimeError for shapes that do not fit."""
    try:
        return xp.broadcast_shapes(*map(tuple, shapes))
    except ValueError:
        text = ", ".join(str(list(s)) for s in shapes)
        raise RuntimeError(f"shape mismatch: {text} cannot be broadcast to a single shape") from None
