"""An operation and its derivative, side by side: `Function`. An instance of it is a node of the tape.

A program writes its own as in PyTorch, and sees Tensors:

    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad_output):
            (x,) = ctx.saved_tensors
            return grad_output * 3 * x**2

    y = Cube.apply(x)

`ctx` is the node itself. It is made anew for each call, and remembers where each input came from (`edges`):
those memories, from node to node, are the tape.

`Op` is the same for the package's own operations, which see bare arrays in forward. Their derivatives are written with
operations that take arrays and Tensors alike. So backward runs on arrays, which is quick, and when the gradient shall be
differentiated again the very same formula is fed Tensors, and records itself.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from minitorch.autograd.grad_mode import is_grad_enabled, no_grad
from minitorch.autograd.variable import TensorBase, set_view, twin, wrap
from minitorch.autograd.watch import tell, watchers
from minitorch.backend.arrays import as_array, beside, xp
from minitorch.backend.device import device_of
from minitorch.backend.refusal import in_a_sentence

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["AccumulateGrad", "Edge", "Function", "Op", "edge_of"]

Edge = tuple["Function", int]  # one value on the tape: the node that made it, and which of its outputs it is

_next_serial = itertools.count(1).__next__
new = object.__new__


class Function:
    """An operation with its derivative; subclass it and call `apply`. Each call makes one node.

    forward(ctx, *args) computes: it is given what `apply` was given and returns a Tensor or a tuple of Tensors.
    backward(ctx, *grad_outputs) is given the gradient of the loss with respect to each output and returns the gradient
    with respect to each argument of forward, None where there is none: the vector-Jacobian product.
    A gradient may have the shape its input was broadcast to; the engine sums it back.
    """

    forward: ClassVar[Callable[..., Any]]
    backward: ClassVar[Callable[..., Any]]

    # What every node has stands in slots, which makes it small; the rest has its default in the class.
    __slots__ = ("__dict__", "__weakref__", "_saved", "edges", "outputs", "serial")

    edges: Sequence[Edge | None]  # for each argument, where its gradient goes on to
    outputs: tuple[tuple[tuple[int, ...], Any], ...]  # shape and dtype of each output
    serial: int  # what is recorded later has a larger one, so an op's is larger than those of what it was fed
    _saved: Any

    hooks: dict[int, dict[int, Callable[[Tensor], Tensor | None]]] | None = None  # by output
    retained: dict[int, weakref.ref[Tensor]] | None = None  # outputs that keep their gradient
    materialize_grads: bool = True
    label: str | None = None  # what an Op prints as, with a number, where that is not its class's name (ops/names.py)
    _no_gradient: tuple[int, ...] = ()

    def __init__(self, *args: Any) -> None:
        if args:
            name = type(self).__name__
            raise TypeError(f"{name} is not called itself: {name}.apply(...) runs its forward and puts it on the tape")
        self.edges, self.outputs, self.serial, self._saved = (), (), 0, ()

    # ---- what forward and backward ask of their ctx -----------------------------------------------------------

    @property
    def next_functions(self) -> tuple[tuple[Function | None, int], ...]:
        """`edges` as PyTorch shows them: (None, 0) where no gradient goes."""
        return tuple([(None, 0) if edge is None else edge for edge in self.edges])

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """For each argument of forward, whether backward's answer for it will be used."""
        return tuple([edge is not None for edge in self.edges])

    def save_for_backward(self, *values: Any) -> None:
        """Keep inputs or outputs of forward for backward, where `saved_tensors` gives them back.

        Another tensor that a program's own Function saves is a constant to backward: compute it there again if the gradient
        is to be differentiated.
        """
        self._saved = values

    @property
    def saved_tensors(self) -> Any:
        """What was saved: arrays for an Op in an ordinary backward, Tensors with their history otherwise.

        Raises RuntimeError if it was freed by an earlier backward, or changed in place since it was saved.
        """
        if self._saved is None:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they "
                f"have already been freed): {self.name()} freed them in the first backward. Specify "
                "retain_graph=True there if you need to go through this graph again"
            )
        for value, cell, version, _ in self._saved:
            if cell is not None and cell[0] != version:
                raise self._changed_in_place(value, version, cell[0])
        if is_grad_enabled() or not isinstance(self, Op):
            return tuple([self._remade(value, cell, origin) for value, cell, _, origin in self._saved])
        return [value for value, _, _, _ in self._saved]

    def _remade(self, value: Any, cell: list[int] | None, origin: Any) -> Any:
        """A saved value with its history: the input that it was, or an output of this node made anew."""
        if type(origin) is not tuple:
            return origin
        array = value._array if isinstance(value, TensorBase) else value
        return twin(array, (self, *origin), cell)

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """Say in forward that these outputs (indices, a mask) have no gradient."""
        self._no_gradient = tuple(id(output) for output in outputs)

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward is given zeros (the default) or None for an output that the loss does not depend on."""
        self.materialize_grads = value

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Where a Function has this, forward is called without ctx, and this afterwards to save what backward needs."""

    @property
    def saved_entries(self) -> list[tuple[Any, list[int] | None, int, Any]]:
        """What was saved, for those who look on: value, version cell, version and origin each, as `_pin` notes them."""
        return [entry for entry in self._saved or () if type(entry) is tuple and len(entry) == 4]

    def name(self) -> str:
        return f"{type(self).__name__}Backward"

    # ---- running ----------------------------------------------------------------------------------------------

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Compute forward and, if a gradient is wanted of any Tensor among `args`, put a node on the tape."""
        node = cls()
        edges = [edge_of(a) if isinstance(a, TensorBase) and is_grad_enabled() else None for a in args]
        node.edges = edges
        with no_grad():
            if cls.setup_context is Function.setup_context:
                result = cls.forward(node, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(node, args, result)
        several = isinstance(result, tuple)
        raw = result if several else (result,)
        if not any(isinstance(r, TensorBase) for r in raw):
            raise TypeError(f"{cls.__name__}.forward must return a Tensor or a tuple of Tensors, got {result!r}")
        # An input handed through is a new value on the tape: same memory, other history.
        outputs = tuple(r.detach() if any(r is a for a in args) else r for r in raw)
        if any(node.needs_input_grad):
            node._record(outputs, [id(r) for r in raw])
            node._pin(args, args, outputs, raw)
            if watchers:
                tell(node, args, outputs)
        return outputs if several else outputs[0]

    def _record(self, outputs: Sequence[Any], ids: Sequence[int]) -> None:
        """Put this node on the tape as the maker of `outputs`."""
        self.serial = _next_serial()
        self.outputs = tuple((o._array.shape, o._array.dtype) if isinstance(o, TensorBase) else ((), None) for o in outputs)
        for nr, output in enumerate(outputs):
            if isinstance(output, TensorBase) and output._array.dtype.kind == "f" and ids[nr] not in self._no_gradient:
                output._edge = (self, nr)

    def _pin(self, args: Sequence[Any], given: Sequence[Any], outputs: Sequence[Any], made: Sequence[Any]) -> None:
        """Note of what was saved where it comes from, and the version it has at this moment.

        `given` and `made` are `args` and `outputs` as forward saw them. An input is held as the Tensor it is. Of an output
        only the array is held, and its number: the output knows this node, and must not be known by it, or the two would
        keep each other alive.
        """
        # each: the value, its version cell, its version, and its origin, which is the input or (the output's number,)
        saved: list[tuple[Any, list[int] | None, int, Any]] = []
        for value in self._saved:
            origin = source = None
            if value is not None:
                for arg, seen in zip(args, given):  # noqa: B905 (as many of one as of the other; every op comes by here)
                    if value is seen:
                        origin = source = arg if isinstance(arg, TensorBase) else seen
                        break
                else:
                    for nr, seen in enumerate(made):
                        if value is seen:
                            origin, source, value = (nr,), outputs[nr], outputs[nr]._array
                            break
                    else:
                        origin = source = self._something_else(value)
            cell = None
            if isinstance(source, TensorBase):
                cell = source._version_cell
                if cell is None:
                    cell = source._version_cell = [0]
                if source._base is not None and origin is source:
                    # held without its base, which may come to depend on this very node
                    origin = twin(source._array, source._edge, cell)
                    value = origin if value is source else value
            saved.append((value, cell, 0 if cell is None else cell[0], origin))
        self._saved = saved

    def _something_else(self, value: Any) -> Any:
        if isinstance(value, TensorBase) and not isinstance(self, Op):
            return value
        raise TypeError(
            f"{type(self).__name__}: save_for_backward can only save inputs and outputs of forward, and was given "
            f"another {type(value).__name__}. Save the argument itself, as it came, before promote() or floating(); what is "
            "computed from the inputs is computed again in backward, and shapes and numbers are set as attributes of ctx"
        )

    def _changed_in_place(self, value: Any, version: int, now: int) -> RuntimeError:
        return RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"{self.name()} saved a tensor of shape {list(value.shape)} at version {version}, and it is at version {now} now. "
            "Change a .clone() of it instead, or use the operation without underscore"
        )

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


def _on_one_device(arrays: list[Any]) -> list[Any] | None:
    """Arrays of two devices brought together, where those of the CPU are single numbers; None if all are on one.

    Raises RuntimeError for larger ones: to move them is for the program to say.
    """
    parts = [part for a in arrays for part in (a if isinstance(a, tuple) else (a,)) if hasattr(part, "dtype")]
    here = {device_of(getattr(part, "_array", part)) for part in parts}
    if len(here) < 2:
        return None
    on_gpu = next(part for part in parts if device_of(part).type != "cpu")
    if any(isinstance(part, xp.ndarray) and part.ndim for part in parts):
        names = " and ".join(sorted(map(str, here), reverse=True))
        raise RuntimeError(f"Expected all tensors to be on the same device, but found at least two devices, {names}! Use .to()")
    return [beside(a, on_gpu) if isinstance(a, xp.ndarray) else a for a in arrays]


def _missing_forward(ctx: Function, *args: Any) -> Any:
    raise NotImplementedError(
        f"{type(ctx).__name__} has no forward: write `def forward(ctx, *args)` in it, which computes the output"
    )


def _missing_backward(ctx: Function, *grad_outputs: Any) -> Any:
    raise NotImplementedError(
        f"{type(ctx).__name__} has no backward, and its gradient is needed: write `def backward(ctx, *grad_outputs)` "
        "in it, which returns the gradient of each argument of forward"
    )


Function.forward, Function.backward = _missing_forward, _missing_backward


class Op(Function):
    """A Function of the package: forward sees bare arrays, and backward arrays or Tensors (see the module's text).

    forward and backward are ordinary methods whose self is called ctx, since the node is the ctx. Fed arrays alone, `apply`
    computes on arrays and records nothing.
    """

    is_view: ClassVar[bool] = False  # whether the output may look into the first input's memory

    @classmethod
    def apply(cls, *args: Any) -> Any:
        node = new(cls)
        recording = is_grad_enabled()
        arrays: list[Any] = []
        edges: list[Edge | None] = []
        bare, live, stray = True, False, False
        for arg in args:
            edge = None
            if isinstance(arg, TensorBase):
                bare = False
                if recording:
                    edge = arg._edge
                    if arg._base is not None or (edge is None and arg._requires_grad):
                        edge = edge_of(arg)
                    if edge is not None:
                        live = True
                arg = arg._array
            elif hasattr(arg, "dtype"):
                stray = True
            arrays.append(arg)
            edges.append(edge)
        if stray and not bare:
            arrays = _numbers(cls, args, arrays)
        node.edges = edges
        node._saved = ()
        try:
            result = cls.forward(node, *arrays)
        except RuntimeWarning:  # only where the program makes warnings errors: 0 / 0 is nan all the same
            with xp.errstate(all="ignore"):
                try:
                    result = cls.forward(node, *arrays)
                except (ValueError, TypeError, OverflowError) as error:
                    raise cls.explain(error, *arrays) from None
        except MemoryError as error:
            raise in_a_sentence(error, cls._op(), arrays) from None
        except (ValueError, TypeError, OverflowError) as error:
            moved = _on_one_device(arrays)
            if moved is None:
                raise cls.explain(error, *arrays) from None
            result = cls.forward(node, *moved)
            arrays = moved
        if bare:
            return result
        if type(result) is tuple:
            outputs = tuple([wrap(as_array(r)) for r in result])
            if live:
                node._record(outputs, [id(r) for r in result])
                node._pin(args, arrays, outputs, result)
                if watchers:
                    tell(node, args, outputs)
            return outputs
        array = result if type(result) is xp.ndarray else as_array(result)
        output = new(TensorBase._kind)
        output._array = array
        output._edge = None
        if live and array.dtype.kind == "f":
            node.serial = _next_serial()
            kind = (array.shape, array.dtype)
            node.outputs = _outputs.get(kind) or _remembered(kind)
            output._edge = (node, 0)
            if node._saved:
                node._pin(args, arrays, (output,), (result,))
            if watchers:
                tell(node, args, (output,))
        if cls.is_view:
            set_view(output, args[0])
        return output

    @classmethod
    def explain(cls, error: Exception, *args: Any) -> Exception:
        """The exception to raise when forward failed with NumPy's `error`: a sentence with the numbers of the call."""
        return RuntimeError(str(in_a_sentence(error, cls._op(), args)))

    @classmethod
    def _op(cls) -> str:
        """The name under which a user called this op."""
        return "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")

    def name(self) -> str:
        label = self.label or f"{type(self).__name__}0"
        return f"{label[:-1]}Backward{label[-1]}"


_outputs: dict[tuple[tuple[int, ...], Any], tuple[tuple[tuple[int, ...], Any]]] = {}  # so that nodes alike share one


def _remembered(kind: tuple[tuple[int, ...], Any]) -> tuple[tuple[tuple[int, ...], Any]]:
    if len(_outputs) > 1000:
        _outputs.clear()
    _outputs[kind] = (kind,)
    return _outputs[kind]


def _numbers(op: type[Op], args: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
    """Refuse bare arrays among Tensors; a NumPy scalar counts as the Python number it is."""
    for arg in args:
        if hasattr(arg, "dtype") and not isinstance(arg, (TensorBase, xp.generic)):
            raise TypeError(
                f"{op._op()}(): expected a Tensor or a number, got a bare array of shape {list(arg.shape)}; "
                "minitorch.from_numpy(array) makes it a Tensor"
            )
    return [a.item() if isinstance(a, xp.generic) else a for a in arrays]


class AccumulateGrad(Function):
    """The node at the end of the tape that adds what arrives to the `.grad` of a leaf, its `variable`.

    Its serial number is 0, the smallest: the sweep comes to it last, when every part of the gradient is there.
    """

    variable: Tensor

    def name(self) -> str:
        return "AccumulateGrad"


def edge_of(tensor: TensorBase) -> Edge | None:
    """Where the gradient of `tensor` goes: to the node that made it, or into a leaf's `.grad`, or nowhere."""
    edge = tensor._place()
    if edge is not None:
        return edge
    if not tensor._requires_grad:
        return None
    node = None if tensor._accumulator is None else tensor._accumulator()
    if node is None:
        node = AccumulateGrad()
        node.variable = tensor._as_tensor()
        node.outputs = ((tensor._array.shape, tensor._array.dtype),)
        tensor._accumulator = weakref.ref(node)
    return (node, 0)
