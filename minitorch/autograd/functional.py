"""Derivatives of functions, rather than of values: Jacobian, Hessian, and their products with vectors.

`inputs` and results are tensors for a function of one tensor, tuples for a function of several.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from minitorch.autograd.api import FLAG, check_types, grad
from minitorch.autograd.grad_mode import enable_grad
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import xp

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Inputs = TypeVar("Inputs", "Tensor", "tuple[Tensor, ...]")
Outputs = TypeVar("Outputs", "Tensor", "tuple[Tensor, ...]")


def _tuple_of(values: Any, what: str, name: str) -> tuple[Any, ...]:
    several = tuple(values) if isinstance(values, (tuple, list)) else (values,)
    for i, value in enumerate(several):
        if not isinstance(value, TensorBase):
            raise TypeError(f"the {what} {name} must be Tensors, and element {i} is a {type(value).__name__}")
    return several


def _like(values: tuple[Any, ...], model: Any) -> Any:
    return values if isinstance(model, (tuple, list)) else values[0]


def _evaluate(
    name: str, func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool
) -> tuple[tuple[Any, ...], Any]:
    """The inputs as tensors to differentiate by, and func of them."""
    check_types(name, FLAG, create_graph=create_graph, strict=strict)
    tensors = _tuple_of(inputs, "inputs given to", name)
    variables = tuple(x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_() for x in tensors)
    outputs = func(*variables)
    _tuple_of(outputs, "outputs of the function given to", name)
    return variables, outputs


def _gradients(outputs: Any, inputs: Any, weights: Any, create_graph: bool, strict: bool) -> tuple[Any, ...]:
    """The gradients, with zeros where there is no dependence."""
    recorded = [(o, w) for o, w in zip(outputs, weights, strict=True) if o.requires_grad]
    grads: tuple[Any, ...] = (None,) * len(inputs)
    if recorded:
        tensors, grad_outputs = zip(*recorded, strict=True)
        grads = grad(tensors, inputs, grad_outputs, retain_graph=True, create_graph=create_graph, allow_unused=True)
    if strict and any(f is None for f in grads):
        raise RuntimeError("an output of the function does not depend on an input, which strict=True does not allow")
    return tuple(wrap(xp.zeros_like(x._array)) if f is None else f for f, x in zip(grads, inputs, strict=True))


def _check_vectorize(name: str, strict: Any, vectorize: Any) -> None:
    check_types(name, FLAG, vectorize=vectorize)
    if strict is True and vectorize:
        raise RuntimeError(
            f"{name}: `strict=True` and `vectorize=True` are not supported together: set `strict=False` or `vectorize=False`"
        )


@overload
def jacobian(
    func: Callable[[Tensor], Tensor], inputs: Tensor, create_graph: bool = False, strict: bool = False, vectorize: bool = False
) -> Tensor: ...
@overload
def jacobian(
    func: Callable[..., Any],
    inputs: Sequence[Tensor],
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
) -> tuple[Any, ...]: ...
@overload
def jacobian(
    func: Callable[[Tensor], Sequence[Tensor]],
    inputs: Tensor,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
) -> tuple[Tensor, ...]: ...
def jacobian(
    func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False
) -> Tensor | tuple[Any, ...]:
    """All partial derivatives: for an output of shape out and an input of shape in, a tensor of shape (*out, *in).

    With several outputs or inputs, a tuple over outputs of tuples over inputs. Row by row, each by one backward sweep.
    `vectorize` changes how PyTorch computes and not the result: it has no effect here, and as there is refused with `strict`.

    Raises TypeError for a function that does not return Tensors; with `strict`, RuntimeError for an output that does not depend
    on an input.

    >>> x = minitorch.tensor([1.0, 2.0])
    >>> minitorch.autograd.functional.jacobian(lambda x: x**2, x)
    tensor([[2., 0.],
            [0., 4.]])
    """
    _check_vectorize("jacobian", strict, vectorize)
    return _jacobian("jacobian", func, inputs, create_graph, strict)


@enable_grad()
def _jacobian(name: str, func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool) -> Any:
    """`jacobian`, in errors as `name`."""
    variables, outputs = _evaluate(name, func, inputs, create_graph, strict)
    table = []
    for output in outputs if isinstance(outputs, (tuple, list)) else (outputs,):
        flat = output.reshape(-1)
        rows = [x.new_zeros(flat.numel(), *x.shape) for x in variables]
        for i in range(flat.numel()):
            grads = _gradients((flat[i],), variables, (wrap(xp.ones_like(flat._array, shape=())),), create_graph, strict)
            for row, part in zip(rows, grads, strict=True):
                row[i] = part
        table.append(_like(tuple(r.reshape(*output.shape, *x.shape) for r, x in zip(rows, variables, strict=True)), inputs))
    return _like(tuple(table), outputs)


@overload
def hessian(
    func: Callable[..., Tensor], inputs: Tensor, create_graph: bool = False, strict: bool = False, vectorize: bool = False
) -> Tensor: ...
@overload
def hessian(
    func: Callable[..., Tensor],
    inputs: Sequence[Tensor],
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
) -> tuple[tuple[Tensor, ...], ...]: ...
def hessian(
    func: Callable[..., Any], inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False
) -> Tensor | tuple[Any, ...]:
    """All second partial derivatives of a function with one number as its output: a tensor of shape (*in, *in).

    `vectorize` is as in `jacobian`.

    Raises RuntimeError for a function that does not return a single element.

    >>> x = minitorch.tensor([1.0, 2.0])
    >>> minitorch.autograd.functional.hessian(lambda x: (x**3).sum(), x)
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    _check_vectorize("hessian", strict, vectorize)

    def gradient(*tensors: Any) -> Any:
        output = func(*tensors)
        _tuple_of(output, "output of the function given to", "hessian")
        if isinstance(output, (tuple, list)) or output.numel() != 1:
            raise RuntimeError("The function given to hessian should return one Tensor with a single element")
        grads = _gradients((output.reshape(()),), tensors, (wrap(xp.ones_like(output._array, shape=())),), True, strict)
        return _like(grads, inputs)

    return _jacobian("hessian", gradient, inputs, create_graph, strict)


def _vector(v: Any, like: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"{name}: the vector v can only be left out where there is a single element to weight")
        return (wrap(xp.ones_like(like[0]._array)),)
    vectors = _tuple_of(v, "vector given to", name)
    shapes, wanted = [list(x.shape) for x in vectors], [list(x.shape) for x in like]
    if shapes != wanted:
        raise RuntimeError(f"{name}: v has shapes {shapes}, and what it multiplies has {wanted}")
    return vectors


def vjp(
    func: Callable[..., Outputs], inputs: Inputs, v: Outputs | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Outputs, Inputs]:
    """(func(inputs), v^T J): one backward sweep, started from v. v has the output's shape; a number needs none.

    Raises RuntimeError for a v of another shape.

    >>> x, v = minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0, 10.0])
    >>> minitorch.autograd.functional.vjp(lambda x: x**2, x, v)
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    return _vjp("vjp", func, inputs, v, create_graph, strict)


@enable_grad()
def _vjp(name: str, func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool) -> tuple[Any, Any]:
    """`vjp`, in errors as `name`."""
    variables, outputs = _evaluate(name, func, inputs, create_graph, strict)
    values = _tuple_of(outputs, "outputs of the function given to", name)
    grads = _gradients(values, variables, _vector(v, values, name), create_graph, strict)
    return outputs if create_graph else _like(tuple(o.detach() for o in values), outputs), _like(grads, inputs)


@enable_grad()
def jvp(
    func: Callable[..., Outputs], inputs: Inputs, v: Inputs | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Outputs, Outputs]:
    """(func(inputs), J v): the derivative of v^T J with respect to v, by two backward sweeps. v has the shape of the inputs.

    Raises RuntimeError for a v of another shape.

    >>> x, v = minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0, 10.0])
    >>> minitorch.autograd.functional.jvp(lambda x: x**2, x, v)
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    variables, outputs = _evaluate("jvp", func, inputs, create_graph, strict)
    values = _tuple_of(outputs, "outputs of the function given to", "jvp")
    weights = tuple(wrap(xp.zeros_like(o._array)).requires_grad_() for o in values)
    rows = _gradients(values, variables, weights, True, strict)
    grads = _gradients(rows, weights, _vector(v, variables, "jvp"), create_graph, False)
    return outputs if create_graph else _like(tuple(o.detach() for o in values), outputs), _like(grads, outputs)


def vhp(
    func: Callable[..., Tensor], inputs: Inputs, v: Inputs | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensor, Inputs]:
    """(func(inputs), v^T H), for a function with one number as its output: the vjp of its gradient.

    Raises RuntimeError for a function that does not return a single element, or a v of another shape than the inputs.

    >>> x, v = minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0, 10.0])
    >>> minitorch.autograd.functional.vhp(lambda x: (x**3).sum(), x, v)
    (tensor(9.), tensor([  6., 120.]))
    """
    return _vhp("vhp", func, inputs, v, create_graph, strict)


def _vhp(name: str, func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool) -> tuple[Any, Any]:
    """`vhp`, in errors as `name`."""
    output: list[Tensor] = []

    def gradient(*tensors: Any) -> Any:
        output[:] = [func(*tensors)]
        if not isinstance(output[0], TensorBase) or output[0].numel() != 1:
            raise RuntimeError(f"The function given to {name} should return one Tensor with a single element")
        start = (wrap(xp.ones_like(output[0]._array)),)
        return _like(_gradients((output[0],), tensors, start, True, strict), inputs)

    _, grads = _vjp(name, gradient, inputs, v, create_graph, strict)
    return output[0] if create_graph else output[0].detach(), grads


def hvp(
    func: Callable[..., Tensor], inputs: Inputs, v: Inputs | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensor, Inputs]:
    """(func(inputs), H v): the same numbers as `vhp`, since H is symmetric.

    Raises RuntimeError for a function that does not return a single element, or a v of another shape than the inputs.

    >>> x, v = minitorch.tensor([1.0, 2.0]), minitorch.tensor([1.0, 10.0])
    >>> minitorch.autograd.functional.hvp(lambda x: (x**3).sum(), x, v)
    (tensor(9.), tensor([  6., 120.]))
    """
    return _vhp("hvp", func, inputs, v, create_graph, strict)
