"""A program's own operation and its derivative: `Function`, which sees Tensors in forward and in backward.

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
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from minitorch.autograd.grad_mode import is_grad_enabled, no_grad
from minitorch.autograd.hooks import materialize
from minitorch.autograd.inplace import set_view
from minitorch.autograd.node import Node, gradient_edge, next_serial
from minitorch.autograd.observe import notify, observers
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import as_array

__all__ = ["Function", "once_differentiable"]


class Function(Node):
    """An operation with its derivative; subclass it and call `apply`. Each call makes one node, the `ctx` of both methods.

    forward(ctx, *args) computes: it gets the arguments of `apply` and returns a Tensor or a tuple of Tensors.
    backward(ctx, *grad_outputs) gets the gradient of the loss with respect to each output and returns the gradient with respect
    to each argument of forward, None where there is none: the vector-Jacobian product.
    A gradient may have the shape that its input was broadcast to: the engine sums it.

    Another tensor than an input or output that forward saves is a constant to backward: compute it there again if the gradient
    is to be differentiated.

    Raises NotImplementedError for a subclass without forward or backward.

    >>> class Cube(minitorch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return grad_output * 3 * x**2
    >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    >>> Cube.apply(x).sum().backward()
    >>> x.grad
    tensor([ 3., 12.])
    """

    forward: ClassVar[Callable[..., Any]]
    backward: ClassVar[Callable[..., Any]]
    _no_gradient: tuple[int, ...] = ()
    is_tensor: tuple[bool, ...] = ()  # for each argument of forward
    may_save_any_tensor = True

    def __init__(self, *args: Any) -> None:
        if args:
            raise TypeError(self._use_apply())
        self.edges, self.outputs, self.serial, self._saved = (), (), 0, ()

    def __call__(self, *args: Any) -> Any:
        raise RuntimeError(self._use_apply())

    def _use_apply(self) -> str:
        name = type(self).__name__
        return f"{name} is not called itself: {name}.apply(...) runs its forward and puts it on the tape"

    def mark_dirty(self, *args: Any) -> None:
        """Not supported: raises NotImplementedError. forward returns a new tensor instead of changing an input in place."""
        raise NotImplementedError(
            f"{type(self).__name__}: mark_dirty is not part of minitorch: forward returns a new tensor, and leaves its inputs "
            "as they are; x.clone() is one that may be changed in place"
        )

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """Say in forward that these outputs (indices, a mask) have no gradient."""
        self._no_gradient = tuple(id(output) for output in outputs)

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (the default) or None for an output that the loss does not depend on."""
        self.materialize_grads = value

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """If a Function defines this, forward is called without ctx, and this afterwards to save what backward needs."""

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Compute forward and, if the gradient of any Tensor among `args` is wanted, put a node on the tape."""
        node = cls()
        if cls.setup_context is not Function.setup_context:
            bound = inspect.signature(cls.forward).bind(*args)
            bound.apply_defaults()  # setup_context sees arguments that were not given, too
            args = bound.args
        node.edges = [gradient_edge(a) if isinstance(a, TensorBase) and is_grad_enabled() else None for a in args]
        with no_grad():
            if cls.setup_context is Function.setup_context:
                result = cls.forward(node, *args)
            else:
                result = cls.forward(*args)
                cls.setup_context(node, args, result)
        results = result if isinstance(result, tuple) else (result,)
        if not any(isinstance(r, TensorBase) for r in results):
            raise TypeError(f"{cls.__name__}.forward must return a Tensor or a tuple of Tensors, got {result!r}")
        # An input that is returned as it is becomes a new value on the tape: same memory, other history.
        outputs = tuple(_same_memory(r) if any(r is a for a in args) else r for r in results)
        node.is_tensor = tuple(isinstance(a, TensorBase) for a in args)
        if any(node.needs_input_grad):
            node.serial = next_serial()
            node.outputs = tuple((o._array.shape, o._array.dtype) if isinstance(o, TensorBase) else ((), None) for o in outputs)
            for nr, output in enumerate(outputs):
                is_differentiable = isinstance(output, TensorBase) and output._array.dtype.kind == "f"
                if is_differentiable and id(results[nr]) not in node._no_gradient:
                    output._edge = (node, nr)
                    if output._base is not None:  # it is an input, or a view of one
                        output._made_by = f"output {nr} of {node.name()}"
            node._pack(args, args, outputs, results)
            if observers:
                notify(node, args, outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    def call_backward(self, grad_outputs: tuple[Any, ...], recording: bool) -> tuple[Any, ...]:
        """The gradients of the arguments, from those of the outputs: arrays, or Tensors if `recording`.

        Raises RuntimeError if backward returns the wrong number of gradients, or one that is no Tensor.
        """
        if self.materialize_grads:
            grad_outputs = materialize(self, grad_outputs, recording)
        tensors = grad_outputs if recording else tuple(None if g is None else wrap(as_array(g).view()) for g in grad_outputs)
        results = type(self).backward(self, *tensors)  # by way of the class: backward may be a @staticmethod
        if not isinstance(results, tuple):
            results = (results,)
        expected = len(self.edges)
        if len(results) < expected or any(r is not None for r in results[expected:]):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {expected}, got "
                f"{len(results)}): backward returns one for every argument of forward, None where there is none"
            )
        for index, grad in enumerate(results):
            if index < expected and grad is not None and not self.is_tensor[index]:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different from None at position {index}, but the "
                    "corresponding forward input was not a Tensor: backward returns None for it, and the gradients in the "
                    "order of forward's arguments"
                )
            if grad is not None and not isinstance(grad, TensorBase):
                raise RuntimeError(
                    f"function {self.name()} returned a {type(grad).__name__} as gradient {index}: expected a Tensor or None"
                )
        return results if recording else tuple(None if r is None else r._array for r in results)

    def name(self) -> str:
        """The node's name as `grad_fn` prints it."""
        return f"{type(self).__name__}Backward"


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for a backward that uses more than minitorch's operations: its result cannot be differentiated again.

    Differentiating it raises RuntimeError, where the second derivative would be wrong without a word.
    """

    @functools.wraps(fn)
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        with no_grad():
            result = fn(ctx, *grad_outputs)
        if not is_grad_enabled():
            return result
        results = result if isinstance(result, tuple) else (result,)
        ends = tuple(_Once.apply(r._as_tensor().detach().requires_grad_()) if isinstance(r, TensorBase) else r for r in results)
        return ends if isinstance(result, tuple) else ends[0]

    return backward


class _Once(Function):
    """A value whose derivative is refused."""

    @staticmethod
    def forward(ctx: Any, value: Any) -> Any:
        return value.detach()

    @staticmethod
    def backward(ctx: Any, grad_output: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable: its backward is not made of "
            "minitorch's operations. create_graph=False computes the first derivative alone"
        )


def _same_memory(tensor: Any) -> Any:
    """A view of a tensor as a whole, with no history yet."""
    view = tensor.detach()
    set_view(view, tensor)
    view._made_by = None
    return view


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
