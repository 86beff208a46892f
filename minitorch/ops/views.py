"""What becomes of histories when a view is changed in place.

A change of a view is a change of its base: the base takes the new values in at the view's places, and every view, when it is
next looked at, reads its places from the base again. Both are indexing, so both have their derivatives already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.autograd.grad_mode import enable_grad
from minitorch.autograd.variable import twin
from minitorch.backend.arrays import Array, address, beside, xp
from minitorch.ops.indexing import GetItem, SetItem
from minitorch.ops.shape import reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def write_history_through(view: Tensor, result: Tensor) -> None:
    """Record that a view, and so its base, has the values of `result`."""
    base = view._base
    assert base is not None
    flat = SetItem.apply(_flat(base), reshape(result, -1), _places(view._array, base._array))
    base._edge = reshape(flat, base.shape)._edge
    base._generation += 1
    derive_from_base(view)


def derive_from_base(view: Tensor) -> None:
    """Give a view the history of reading its places from its base as that is now."""
    base = view._base
    assert base is not None
    view._generation = base._generation
    if base._edge is None and view._edge is None:
        return
    with enable_grad():
        flat = GetItem.apply(_flat(base), _places(view._array, base._array))
        view._edge = reshape(flat, view.shape)._edge


def _flat(base: Tensor) -> Tensor:
    """A base in one dimension, with its history as it is."""
    return reshape(twin(base._array, base._edge, None), -1)


def _places(view: Array, base: Array) -> tuple[Array]:
    """Where in the flattened base each element of a view is: both in the same memory, in whatever order."""
    if base.flags.c_contiguous:
        return (beside((_addresses(view).reshape(-1) - address(base)) // base.itemsize, base),)
    where = [_addresses(a).reshape(-1) for a in (view, base)]
    order = xp.argsort(where[1])
    return (beside(order[xp.searchsorted(where[1], where[0], sorter=order)], base),)


def _addresses(array: Array) -> Array:
    """The address of each element."""
    out = xp.full((), address(array))
    for axis, (n, step) in enumerate(zip(array.shape, array.strides, strict=True)):
        out = out + (xp.arange(n) * step).reshape((n,) + (1,) * (array.ndim - axis - 1))
    return out
