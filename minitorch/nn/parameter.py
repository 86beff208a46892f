"""Tensors that a Module registers: Parameter and Buffer, and both before their shape is known."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch.autograd.saved import version_counter
from minitorch.creation import empty
from minitorch.tensor import Tensor

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter"]


class Parameter(Tensor):
    """A learned tensor. A Module registers it when it is assigned as an attribute. requires_grad is True by default.

    Raises TypeError for data that is no Tensor.

    >>> model = nn.Module()
    >>> model.scale = nn.Parameter(minitorch.ones(2))
    >>> list(model.parameters())
    [Parameter containing:
    tensor([1., 1.], requires_grad=True)]
    """

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is None:
            super().__init__()
        elif isinstance(data, Tensor):
            self._array, self._version_counter = data._array.view(), version_counter(data)
        else:
            raise TypeError(f"Parameter expects a Tensor, got {type(data).__name__}; use minitorch.tensor(...)")
        self.requires_grad_(requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        out = super().__deepcopy__(memo)
        out._grad = None
        return out  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor of a Module's state that is not learned; `persistent` includes it in the state_dict.

    It moves with the module to another device or dtype, and has no gradient. Raises TypeError for data that is no Tensor.

    >>> model = nn.Module()
    >>> model.mean = nn.Buffer(minitorch.zeros(2))
    >>> model.state_dict()["mean"], list(model.parameters())
    (tensor([0., 0.]), [])
    """

    persistent: bool = True

    def __init__(self, data: Tensor, *, persistent: bool = True) -> None:
        if not isinstance(data, Tensor):
            raise TypeError(f"Buffer expects a Tensor, got {type(data).__name__}; use minitorch.tensor(...)")
        self._array, self._version_counter = data._array.view(), version_counter(data)
        self.persistent = persistent


class UninitializedTensorMixin(Tensor):
    """A tensor without shape and values, of which only dtype and device are known. `materialize` gives it both.

    Raises RuntimeError where its shape is asked for, and ValueError in any operation.
    """

    cls_to_become: ClassVar[type[Tensor]]

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        if not isinstance(requires_grad, int):
            found = type(requires_grad).__name__
            raise TypeError(f"{type(self).__name__}(): argument 'requires_grad' must be bool, not {found}")
        self._empty = empty(0, device=device, dtype=dtype)
        self._requires_grad = bool(requires_grad)

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a tensor of this shape, with arbitrary values."""
        device, dtype = self.device if device is None else device, self.dtype if dtype is None else dtype
        values = empty(shape, device=device, dtype=dtype)
        del self._empty
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        self._array = values._array

    @property
    def _array(self) -> Any:
        raise ValueError(
            f"Attempted to use an {type(self).__name__} in an operation: it has no values before the first call of its lazy "
            "layer. Call the model with one batch first"
        )

    @_array.setter
    def _array(self, value: Any) -> None:
        raise ValueError(f"an {type(self).__name__} gets its values by materialize(shape)")

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            f"Can't access the shape of an {type(self).__name__}: it gets one at the first call of its lazy layer. Call the "
            "model with one batch first, also before its state is loaded into a layer that has a shape"
        )

    @property
    def dtype(self) -> Any:
        return self._empty.dtype

    @property
    def device(self) -> Any:
        return self._empty.device

    def is_floating_point(self) -> bool:
        return self._empty.is_floating_point()

    def detach(self) -> Any:
        return self

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Set dtype and device; returns itself."""
        self._empty = self._empty.to(*args, **kwargs)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        self._requires_grad = bool(requires_grad)
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        memo[id(self)] = out = type(self)(self._requires_grad, self.device, self.dtype)
        return out

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self._requires_grad, str(self.device), self.dtype)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A Parameter of a lazy layer before its first call.

    Only its dtype and device are known. Raises RuntimeError where its shape is needed, ValueError in any operation.

    >>> layer = nn.LazyLinear(3)
    >>> layer.weight
    <UninitializedParameter>
    >>> _ = layer(minitorch.ones(1, 2))
    >>> layer.weight.shape
    minitorch.Size([3, 2])
    """

    cls_to_become = Parameter

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(requires_grad, device, dtype)


class UninitializedBuffer(UninitializedTensorMixin, Buffer):
    """A Buffer of a lazy layer before its first call.

    Only its dtype and device are known. Raises RuntimeError where its shape is needed, ValueError in any operation.

    >>> nn.LazyBatchNorm1d().running_mean
    <UninitializedBuffer>
    """

    cls_to_become = Buffer
