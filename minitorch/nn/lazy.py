"""Layers that take the size of their input from the first call.

A lazy layer is its class with uninitialized parameters. At the first call it makes a layer of the input's size, takes over that
one's parameters, and becomes its class: LazyLinear(5) is a Linear(in_features, 5) from then on.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from minitorch.autograd.grad_mode import no_grad
from minitorch.nn.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from minitorch.nn.layer import _bind
from minitorch.nn.linear import Linear
from minitorch.nn.module import Module
from minitorch.nn.normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d
from minitorch.nn.parameter import UninitializedBuffer, UninitializedParameter, UninitializedTensorMixin
from minitorch.public import constructor
from minitorch.tensor import Tensor

__all__ = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyConvTranspose1d",
    "LazyConvTranspose2d", "LazyConvTranspose3d", "LazyLinear",
]  # fmt: skip


class LazyModuleMixin(Module):
    """Makes a layer lazy: `class LazyLinear(LazyModuleMixin, Linear)`. The layer's first option is the size that is missing."""

    cls_to_become: ClassVar[type[Module]]
    _size: ClassVar[str]  # the name of the missing option
    _dim: ClassVar[int]  # the dimension of the input that has it
    _ndims: ClassVar[tuple[int, ...]] = ()  # how many dimensions the input may have; empty for any number

    def __init_subclass__(cls) -> None:
        own, *options = inspect.signature(cls.cls_to_become.__init__).parameters.values()
        cls.__signature__ = inspect.Signature(options[1:])  # type: ignore[attr-defined]
        cls._init_signature = inspect.Signature([own, *options[1:]])

    _init_signature: ClassVar[inspect.Signature]

    @constructor
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bound = _bind(self._init_signature, "__init__", self, args, kwargs)
        super().__init__(0, *bound.args[1:], **bound.kwargs)  # type: ignore[call-arg]
        self._options = (bound.args[1:], {k: v for k, v in bound.kwargs.items() if k not in ("device", "dtype")})
        registries: Any = ((self._parameters, UninitializedParameter), (self._buffers, UninitializedBuffer))
        for registry, kind in registries:
            for name, value in registry.items():
                if value is not None and value.ndim:
                    registry[name] = kind(device=value.device, dtype=value.dtype)

    def reset_parameters(self) -> None:
        """Initialize weights and bias with new random numbers; nothing before the first call."""

    def has_uninitialized_params(self) -> bool:
        """Whether some parameter or buffer has no shape yet."""
        return any(isinstance(v, UninitializedTensorMixin) for v in [*self._parameters.values(), *self._buffers.values()])

    @no_grad()
    def initialize_parameters(self, input: Tensor) -> None:
        """Give parameters and buffers the sizes that the input needs, and initialize them."""
        name = type(self).__name__
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}: input must be a Tensor, not {type(input).__name__}")
        if input.ndim not in (self._ndims or (input.ndim,)) or not input.ndim:
            expected = " or ".join(f"{n}D" for n in self._ndims) or "a tensor of 1 dimension or more"
            raise RuntimeError(f"Expected {expected} input to {name}, but got input of size: {list(input.shape)}")
        size, (args, kwargs) = input.shape[self._dim], self._options
        lazy: dict[str, Any] = {**self._parameters, **self._buffers}
        lazy = {name: value for name, value in lazy.items() if isinstance(value, UninitializedTensorMixin)}
        if lazy:
            like: Any = next(iter(lazy.values()))
            made = self.cls_to_become(size, *args, **kwargs, device=like.device, dtype=like.dtype)  # type: ignore[call-arg]
            for name, value in lazy.items():
                new = getattr(made, name)
                value.materialize(new.shape)
                value.copy_(new)
        setattr(self, self._size, size)

    def forward(self, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        self.initialize_parameters(input)
        del self._options
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        return self.forward(input, *args, **kwargs)


class LazyLinear(LazyModuleMixin, Linear):
    """Linear whose in_features is the size of the last dimension of its first input.

    Shapes: input (*, in_features), output (*, out_features). At the first call it gets its weights, and becomes a `Linear`.
    Make the optimizer after that call.

    >>> layer = nn.LazyLinear(3)
    >>> layer
    LazyLinear(in_features=0, out_features=3, bias=True)
    >>> layer(minitorch.ones(2, 5)).shape, layer
    (minitorch.Size([2, 3]), Linear(in_features=5, out_features=3, bias=True))
    """

    cls_to_become, _size, _dim = Linear, "in_features", -1


class LazyConv1d(LazyModuleMixin, Conv1d):
    """Conv1d whose in_channels is the number of channels of its first input.

    Shapes: input ((N,) in_channels, L); the other arguments are those of `Conv1d`, which it becomes at the first call. Raises
    RuntimeError for another number of dimensions.

    >>> layer = nn.LazyConv1d(8, kernel_size=3)
    >>> layer(minitorch.ones(2, 3, 6)).shape, layer.in_channels
    (minitorch.Size([2, 8, 4]), 3)
    """

    cls_to_become, _size, _dim, _ndims = Conv1d, "in_channels", -2, (2, 3)


class LazyConv2d(LazyModuleMixin, Conv2d):
    """Conv2d whose in_channels is the number of channels of its first input.

    Shapes: input ((N,) in_channels, H, W); the other arguments are those of `Conv2d`, which it becomes at the first call.
    Raises RuntimeError for another number of dimensions.

    >>> layer = nn.LazyConv2d(8, kernel_size=3)
    >>> layer(minitorch.ones(2, 3, 6, 6)).shape, layer.in_channels
    (minitorch.Size([2, 8, 4, 4]), 3)
    """

    cls_to_become, _size, _dim, _ndims = Conv2d, "in_channels", -3, (3, 4)


class LazyConv3d(LazyModuleMixin, Conv3d):
    """Conv3d whose in_channels is the number of channels of its first input.

    Shapes: input ((N,) in_channels, D, H, W); the other arguments are those of `Conv3d`, which it becomes at the first call.
    Raises RuntimeError for another number of dimensions.

    >>> layer = nn.LazyConv3d(8, kernel_size=3)
    >>> layer(minitorch.ones(2, 3, 6, 6, 6)).shape, layer.in_channels
    (minitorch.Size([2, 8, 4, 4, 4]), 3)
    """

    cls_to_become, _size, _dim, _ndims = Conv3d, "in_channels", -4, (4, 5)


class LazyConvTranspose1d(LazyModuleMixin, ConvTranspose1d):
    """ConvTranspose1d whose in_channels is the number of channels of its first input.

    Shapes: input ((N,) in_channels, L); the other arguments are those of `ConvTranspose1d`, which it becomes at the first call.
    Raises RuntimeError for another number of dimensions.

    >>> layer = nn.LazyConvTranspose1d(8, kernel_size=3)
    >>> layer(minitorch.ones(2, 3, 6)).shape, layer.in_channels
    (minitorch.Size([2, 8, 8]), 3)
    """

    cls_to_become, _size, _dim, _ndims = ConvTranspose1d, "in_channels", -2, (2, 3)


class LazyConvTranspose2d(LazyModuleMixin, ConvTranspose2d):
    """ConvTranspose2d whose in_channels is the number of channels of its first input.

    Shapes: input ((N,) in_channels, H, W); the other arguments are those of `ConvTranspose2d`, which it becomes at the first
    call. Raises RuntimeError for another number of dimensions.

    >>> layer = nn.LazyConvTranspose2d(8, kernel_size=3)
    >>> layer(minitorch.ones(2, 3, 6, 6)).shape, layer.in_channels
    (minitorch.Size([2, 8, 8, 8]), 3)
    """

    cls_to_become, _size, _dim, _ndims = ConvTranspose2d, "in_channels", -3, (3, 4)


class LazyConvTranspose3d(LazyModuleMixin, ConvTranspose3d):
    """ConvTranspose3d whose in_channels is the number of channels of its first input.

    Shapes: input ((N,) in_channels, D, H, W); the other arguments are those of `ConvTranspose3d`, which it becomes at the first
    call. Raises RuntimeError for another number of dimensions.

    >>> layer = nn.LazyConvTranspose3d(8, kernel_size=3)
    >>> layer(minitorch.ones(2, 3, 6, 6, 6)).shape, layer.in_channels
    (minitorch.Size([2, 8, 8, 8, 8]), 3)
    """

    cls_to_become, _size, _dim, _ndims = ConvTranspose3d, "in_channels", -4, (4, 5)


class LazyBatchNorm1d(LazyModuleMixin, BatchNorm1d):
    """BatchNorm1d whose num_features is the number of channels of its first input.

    Shapes: input (N, C) or (N, C, L); the other arguments are those of `BatchNorm1d`, which it becomes at the first call.
    Raises RuntimeError for another number of dimensions.

    >>> layer = nn.LazyBatchNorm1d()
    >>> layer(minitorch.ones(2, 3, 6)).shape, layer.num_features
    (minitorch.Size([2, 3, 6]), 3)
    """

    cls_to_become, _size, _dim, _ndims = BatchNorm1d, "num_features", 1, BatchNorm1d._ndims


class LazyBatchNorm2d(LazyModuleMixin, BatchNorm2d):
    """BatchNorm2d whose num_features is the number of channels of its first input.

    Shapes: input (N, C, H, W); the other arguments are those of `BatchNorm2d`, which it becomes at the first call. Raises
    RuntimeError for another number of dimensions.

    >>> layer = nn.LazyBatchNorm2d()
    >>> layer(minitorch.ones(2, 3, 6, 6)).shape, layer.num_features
    (minitorch.Size([2, 3, 6, 6]), 3)
    """

    cls_to_become, _size, _dim, _ndims = BatchNorm2d, "num_features", 1, BatchNorm2d._ndims


class LazyBatchNorm3d(LazyModuleMixin, BatchNorm3d):
    """BatchNorm3d whose num_features is the number of channels of its first input.

    Shapes: input (N, C, D, H, W); the other arguments are those of `BatchNorm3d`, which it becomes at the first call. Raises
    RuntimeError for another number of dimensions.

    >>> layer = nn.LazyBatchNorm3d()
    >>> layer(minitorch.ones(2, 3, 6, 6, 6)).shape, layer.num_features
    (minitorch.Size([2, 3, 6, 6, 6]), 3)
    """

    cls_to_become, _size, _dim, _ndims = BatchNorm3d, "num_features", 1, BatchNorm3d._ndims
