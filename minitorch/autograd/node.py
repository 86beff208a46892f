"""An operation and its derivative, side by side, as a node of the tape: `Op`, and how its `apply` records it.  (Read this
second.)

    class Mul(Op):
        \"\"\"a * b;  in a: b, in b: a\"\"\"

        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a * b

        def backward(ctx, grad):
            a, b = ctx.saved_tensors
            return grad * b, grad * a

`Mul.apply(x, y)` makes a node, which is the `ctx` of both methods. Its `edges` say where each input came from: these, from node
to node, are the tape.

forward sees bare arrays. backward is written with operations that take arrays and Tensors alike. So an ordinary backward runs
on arrays, which is quick; and when the gradient is to be differentiated again, the very same formula is given Tensors, and
records itself. A program's own operations see Tensors in both: function.py.
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from minitorch.autograd.checks import changed_error, freed_error
from minitorch.autograd.grad_mode import is_grad_enabled
from minitorch.autograd.hooks import accumulating, materialize
from minitorch.autograd.inplace import set_view
from minitorch.autograd.node_methods import NodeMethods
from minitorch.autograd.observe import notify, observers
from minitorch.autograd.recover import call_name, compute_again, without_arrays
from minitorch.autograd.saved import SAVED_NONE, SavedTensor, new_saved, pack_output, pack_view
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import as_array, xp
from minitorch.backend.errors import call_error

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["AccumulateGrad", "Edge", "Node", "Op", "gradient_edge", "next_serial"]

Edge = tuple["Node", int]  # one value on the tape: the node that made it, and which of its outputs it is

next_serial = itertools.count(1).__next__
new = object.__new__  # makes an object in half the time that calling its class takes


# A node's `outputs`; nodes with the same one share it.
metadata_of = functools.lru_cache(1000)(lambda shape, dtype: ((shape, dtype),))


class Node(NodeMethods):
    """One recorded operation: where its inputs came from, what its outputs look like, what it saved for backward."""

    __slots__ = ("__dict__", "__weakref__", "_saved", "edges", "outputs", "serial")  # the rest has its default in the class

    edges: Sequence[Edge | None]  # for each argument, where its gradient goes
    outputs: tuple[tuple[tuple[int, ...], Any], ...]  # shape and dtype of each output
    serial: int  # a node recorded later has a larger one: larger than those of the nodes that made its inputs
    _saved: Any  # the SavedTensors; None once they are freed

    hooks: dict[int, dict[int, Any]] | None = None  # by output; those of the node itself by -1 (hooks.py)
    post_hooks: dict[int, Any] | None = None  # which run after backward
    retained: dict[int, weakref.ref[Tensor]] | None = None  # outputs that keep their gradient
    materialize_grads: bool = True  # whether backward gets zeros for the gradient of an output that is not used
    label: str | None = None  # the printed name and PyTorch's number, where they are not the class's name and 0
    forward: ClassVar[Callable[..., Any]]
    backward: ClassVar[Callable[..., Any]]
    call_backward: ClassVar[Callable[..., Any]]

    def save_for_backward(self, *values: Any) -> None:
        """Keep inputs or outputs of forward for backward, where `saved_tensors` returns them."""
        self._saved = values

    @property
    def saved_tensors(self) -> Any:
        """What was saved: arrays in an ordinary backward of an Op, Tensors with their history otherwise.

        Raises RuntimeError if it was freed by an earlier backward, or changed in place since it was saved.
        """
        if self._saved is None:
            raise freed_error(self)
        values, with_history = [], is_grad_enabled() or not isinstance(self, Op)
        for saved in self._saved:
            if saved.counter is not None and saved.counter[0] != saved.version:
                raise changed_error(self, saved)
            values.append(saved.unpack(self) if with_history else saved.value)
        return tuple(values)

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """For each argument of forward, whether backward's gradient for it will be used."""
        return tuple([edge is not None for edge in self.edges])

    def _pack(self, args: Sequence[Any], inputs: Sequence[Any], outputs: Sequence[Any], results: Sequence[Any]) -> None:
        """Turn the saved values into SavedTensors: find out which input, or which output, each one is.

        `inputs` and `results` are the arguments and the outputs as forward saw them.
        """
        packed = []
        for value in self._saved:
            for arg, seen in zip(args, inputs) if value is not None else ():  # noqa: B905 (as many of one as of the other)
                if value is not seen:
                    continue
                if not isinstance(arg, TensorBase):
                    packed.append(new_saved(SavedTensor, (value, value, None, None, 0)))
                elif arg._base is not None:
                    packed.append(pack_view(value, arg, gradient_edge(arg)))
                else:
                    counter = arg._version_counter = arg._version_counter or [0]
                    packed.append(new_saved(SavedTensor, (value, arg, None, counter, counter[0])))
                break
            else:
                packed.append(SAVED_NONE if value is None else pack_output(self, value, outputs, results))
        self._saved = packed


class Op(Node):
    """An operation of the package. Given arrays alone, `apply` computes on arrays and records nothing.

    forward(ctx, *args) returns the output, an array or a tuple of arrays.
    backward(ctx, *grad_outputs) gets the gradient of the loss with respect to each output and returns the gradient with respect
    to each argument of forward. One may have the shape that its input was broadcast to: the engine sums it.
    """

    is_view: ClassVar[bool] = False  # whether the outputs may share the first input's memory

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Compute forward and, if the gradient of any Tensor among `args` is wanted, put a node on the tape."""
        node, recording = new(cls), is_grad_enabled()
        arrays: list[Any] = []
        edges: list[Edge | None] = []
        has_tensor = has_array = needs_grad = False
        for arg in args:  # unwrap the tensors, and note where their gradients go
            edge = None
            if isinstance(arg, TensorBase):
                has_tensor = True
                if recording:
                    edge = arg._edge
                    if arg._base is not None or (edge is None and arg._requires_grad):
                        edge = gradient_edge(arg)
                    needs_grad = needs_grad or edge is not None
                arg = arg._array
            elif hasattr(arg, "dtype"):
                has_array = True
            arrays.append(arg)
            edges.append(edge)
        if has_array and has_tensor:
            arrays = without_arrays(cls, args, arrays)
        node.edges, node._saved = edges, ()
        try:
            result = cls.forward(node, *arrays)
        except Exception as error:
            result = compute_again(cls, node.forward, arrays, error)
        return node._record(args, arrays, result, needs_grad) if has_tensor else result

    def _record(self, args: Sequence[Any], inputs: Sequence[Any], result: Any, needs_grad: bool) -> Any:
        """The result of forward as Tensors; if their gradient is wanted, with this node as their place on the tape."""
        if type(result) is tuple:
            results, outputs = result, tuple([wrap(as_array(array)) for array in result])
            self.outputs = tuple([(output._array.shape, output._array.dtype) for output in outputs])
            for nr, output in enumerate(outputs if needs_grad else ()):
                output._edge = (self, nr) if output._array.dtype.kind == "f" else None
        else:  # the same for one output, quicker
            array = xp.asarray(result) if isinstance(result, xp.generic) else result
            output = new(TensorBase._tensor_class)
            needs_grad = needs_grad and array.dtype.kind == "f"
            output._array, output._edge = array, (self, 0) if needs_grad else None
            self.outputs = metadata_of(array.shape, array.dtype) if needs_grad else ()
            results, outputs = (result,), (output,)
        if needs_grad:
            self.serial = next_serial()
            if self._saved:
                self._pack(args, inputs, outputs, results)
            if observers:
                notify(self, args, outputs)
        if self.is_view:
            for output in outputs:
                set_view(output, args[0])
        return outputs if type(result) is tuple else output

    def call_backward(self, grad_outputs: tuple[Any, ...], recording: bool) -> tuple[Any, ...]:
        """The gradients of the arguments, from those of the outputs: arrays, or Tensors if `recording`."""
        if len(grad_outputs) > 1 and self.materialize_grads:
            grad_outputs = materialize(self, grad_outputs, recording)
        results = self.backward(*grad_outputs)
        return results if type(results) is tuple else (results,)

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        """The exception to raise when forward failed with NumPy's `error`, with the numbers of the call."""
        return RuntimeError(str(call_error(error, call_name(cls), args)))


class AccumulateGrad(Node):
    """The node at the end of the tape for a leaf, its `variable`: what arrives here is added to the leaf's `.grad`.

    Its serial number is 0, the smallest: the sweep comes to it last, when its gradient is complete.
    """

    variable: Tensor

    def name(self) -> str:
        return "AccumulateGrad"


def gradient_edge(tensor: TensorBase) -> Edge | None:
    """Where the gradient of `tensor` goes: to the node that made it, or into a leaf's `.grad`, or nowhere."""
    edge = tensor._edge if tensor._base is None else tensor._current_edge()
    if edge is not None or not tensor._requires_grad:
        return edge
    with accumulating:
        # Two threads that record with one leaf must find the same node.
        node = None if tensor._accumulator is None else tensor._accumulator()
        if node is None:
            node = AccumulateGrad()
            node.variable, node.edges, node.serial, node._saved = tensor._as_tensor(), (), 0, ()
            node.outputs = ((tensor._array.shape, tensor._array.dtype),)
            tensor._accumulator = weakref.ref(node)
    return (node, 0)
