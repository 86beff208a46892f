"""The history of a view that is changed in place, and of its base. (autograd/inplace.py calls these functions.)

A change of a view is a change of its base: the base gets the new values at the view's elements, and every view, when it is next
used, reads its elements from the base. Both are indexing, so both have their derivatives already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.autograd.grad_mode import enable_grad
from minitorch.autograd.saved import alias
from minitorch.backend.arrays import Array, address, on_device_of, xp
from minitorch.ops.indexing import GetItem, SetItem
from minitorch.ops.shape import reshape

if TYPE_CHECKING:
    from minitorch.autograd.node import Edge
    from minitorch.tensor import Tensor


def rebase_history(view: Tensor, result: Tensor) -> None:
    """Record that a view, and so its base, has the values of `result`."""
    base = view._base
    assert base is not None
    flat = SetItem.apply(_flat(base), reshape(result, -1), _places(view._array, base._array))
    base._set_edge(reshape(flat, base.shape)._edge)
    base._view_version += 1
    regenerate_grad_fn(view)


def regenerate_grad_fn(view: Tensor) -> None:
    """Give a view the history of reading its places from its base as that is now."""
    base = view._base
    assert base is not None
    if view._made_by == "no_grad":
        raise RuntimeError(
            "A view was created in no_grad mode and its base or another view of its base has been modified inplace with grad "
            "mode enabled, so it is not clear whether the view has a gradient. Make both in the same mode"
        )
    if view._made_by is not None:
        raise RuntimeError(
            f"{view._made_by} is a view and its base or another view of its base has been modified inplace. This view was "
            "created inside a custom Function (or because an input was returned as-is), so its history is not known any more. "
            "Clone the output of the Function"
        )
    view._view_version = base._view_version
    if base._edge is None and view._edge is None:
        return
    if view._array.size and not xp.may_share_memory(view._array, base._array):
        return  # the base's `.data` was set: they have nothing in common any more
    view._set_edge(edge_from_base(view))


def edge_from_base(view: Tensor) -> Edge | None:
    """The history of reading a view's places from its base as that is now."""
    base = view._base
    assert base is not None
    with enable_grad():
        flat = GetItem.apply(_flat(base), _places(view._array, base._array))
        return reshape(flat, view.shape)._edge


def _flat(base: Tensor) -> Tensor:
    """A base in one dimension, with its history as it is."""
    return reshape(alias(base._array, base._edge, None), -1)


def _places(view: Array, base: Array) -> tuple[Array]:
    """Where in the flattened base each element of a view is: both in the same memory, in whatever order."""
    if base.flags.c_contiguous:
        return (on_device_of((_addresses(view).reshape(-1) - address(base)) // base.itemsize, base),)
    where = [_addresses(a).reshape(-1) for a in (view, base)]
    order = xp.argsort(where[1])
    return (on_device_of(order[xp.searchsorted(where[1], where[0], sorter=order)], base),)


def _addresses(array: Array) -> Array:
    """The address of each element."""
    out = xp.full((), address(array))
    for axis, (n, step) in enumerate(zip(array.shape, array.strides, strict=True)):
        out = out + (xp.arange(n) * step).reshape((n,) + (1,) * (array.ndim - axis - 1))
    return out
