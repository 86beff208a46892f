"""Values that a node saves for backward, and the check that none was changed in place since.

Every tensor has a version counter, which it shares with its views and which an in-place change increments (inplace.py). A
SavedTensor keeps the version at the time of saving. If the counter differs when backward reads the value, the gradient would be
wrong, and reading raises RuntimeError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array

if TYPE_CHECKING:
    from minitorch.autograd.node import Edge, Node
    from minitorch.tensor import Tensor

__all__ = ["SAVED_NONE", "SavedTensor", "alias", "new_saved", "pack_output", "pack_view", "version_counter"]


class SavedTensor(NamedTuple):
    """An input or an output of forward (or None, or a number) as a node keeps it.

    An input is kept as the Tensor it is. Of an output only the array is kept, and its number: the output has an edge to the
    node, and if the node held the output, the two would keep each other alive.

    >>> y = minitorch.tensor([1.0, 2.0], requires_grad=True).exp()
    >>> (saved,) = minitorch.autograd.graph.saved_tensors_of(y.grad_fn)
    >>> saved.output_nr, saved.is_unchanged()
    (0, True)
    >>> saved.unpack(y.grad_fn)
    tensor([2.7183, 7.3891], grad_fn=<ExpBackward0>)
    """

    value: Any  # what an Op's backward gets: an array, a number, None
    tensor: Any  # the input that it was; None for an output
    output_nr: int | None  # which output it was
    counter: list[int] | None  # its version counter
    version: int  # the version it had when it was saved

    def is_unchanged(self) -> bool:
        """Whether no in-place operation has changed the value since."""
        return self.counter is None or self.counter[0] == self.version

    def unpack(self, node: Node) -> Any:
        """The value with its history: the input itself, or the output of `node` made anew."""
        if self.output_nr is None:
            return self.tensor
        return alias(self.value, (node, self.output_nr), self.counter)


new_saved = tuple.__new__  # makes a SavedTensor in half the time that calling the class takes
SAVED_NONE = SavedTensor(None, None, None, None, 0)


def pack_view(value: Any, arg: TensorBase, edge: Edge | None) -> SavedTensor:
    """A view: kept with its edge, without its base, whose history may come to depend on this very node."""
    counter = version_counter(arg)
    kept = alias(arg._array, edge, counter)
    return SavedTensor(kept if value is arg else value, kept, None, counter, counter[0])


def pack_output(node: Any, value: Any, outputs: Sequence[Any], results: Sequence[Any]) -> SavedTensor:
    """An output. Or, of a program's own Function, any other Tensor. Raises TypeError for anything else."""
    for nr, seen in enumerate(results):
        if value is seen:
            counter = version_counter(outputs[nr])
            return new_saved(SavedTensor, (outputs[nr]._array, None, nr, counter, counter[0]))
    if getattr(node, "may_save_any_tensor", False):
        if not isinstance(value, TensorBase):
            raise TypeError(
                f"{type(node).__name__}: save_for_backward takes Tensors, and got {type(value).__name__}: anything else is set "
                "as an attribute of ctx, as in ctx.n = 3"
            )
        counter = version_counter(value)
        return SavedTensor(value, value, None, counter, counter[0])
    raise TypeError(
        f"{type(node).__name__}: save_for_backward can only save inputs and outputs of forward, and was given "
        f"another {type(value).__name__}. Save the argument itself, as it came, before promote() or floating(); what is "
        "computed from the inputs is computed again in backward, and shapes and numbers are set as attributes of ctx"
    )


def version_counter(tensor: TensorBase) -> list[int]:
    """The version counter of a tensor, which its views share."""
    if tensor._version_counter is None:
        tensor._version_counter = [0]
    return tensor._version_counter


def alias(array: Array, edge: Edge | None, counter: list[int] | None) -> Tensor:
    """A Tensor with a given place on the tape that shares the memory of `array` but is not a view."""
    out = wrap(array.view())
    out._edge, out._version_counter = edge, counter
    return out
