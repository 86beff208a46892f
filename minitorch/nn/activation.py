"""Activation layers: elementwise functions, or functions along one dimension. ops/activation.py has the formulas."""

from __future__ import annotations

from typing import Any

from minitorch.backend.dtypes import dtype as DType
from minitorch.creation import full
from minitorch.nn import functional as F
from minitorch.nn.layer import Layer, layer
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.public import constructor, layer_forward
from minitorch.tensor import Tensor

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax",
    "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Softplus",
    "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


@layer(F.sigmoid)
class Sigmoid(Layer):
    """1 / (1 + exp(-x))"""


@layer(F.tanh)
class Tanh(Layer):
    """tanh x"""


@layer(F.relu)
class ReLU(Layer):
    """max(x, 0)"""

    inplace: bool = False


@layer(F.leaky_relu)
class LeakyReLU(Layer):
    """x if x > 0, else negative_slope * x"""

    negative_slope: float = 1e-2
    inplace: bool = False


class PReLU(Module):
    """x if x > 0, else weight * x; the weight is learned, one for all channels or one per channel"""

    @constructor
    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, device: Any = None, dtype: DType | None = None) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), device=device, dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


@layer(F.rrelu)
class RReLU(Layer):
    """LeakyReLU with a random slope per element, uniform in [lower, upper), in training; (lower + upper) / 2 in eval mode"""

    lower: float = 1.0 / 8
    upper: float = 1.0 / 3
    inplace: bool = False

    def __post_init__(self) -> None:
        if not self.lower <= self.upper:
            raise ValueError(f"RReLU: lower ({self.lower}) must not be greater than upper ({self.upper})")


@layer(F.hardtanh)
class Hardtanh(Layer):
    """x clamped to [min_val, max_val]"""

    min_val: float = -1.0
    max_val: float = 1.0
    inplace: bool = False

    def __post_init__(self) -> None:
        if self.min_val >= self.max_val:
            raise AssertionError(f"Hardtanh: max_val ({self.max_val}) must be greater than min_val ({self.min_val})")


@layer(F.relu6)
class ReLU6(Layer):
    """x clamped to [0, 6]"""

    inplace: bool = False


@layer(F.elu)
class ELU(Layer):
    """x if x > 0, else alpha (e^x - 1)"""

    alpha: float = 1.0
    inplace: bool = False


@layer(F.selu)
class SELU(Layer):
    """scale ELU(x), with the alpha and the scale that preserve mean 0 and variance 1"""

    inplace: bool = False


@layer(F.celu)
class CELU(Layer):
    """x if x > 0, else alpha (e^(x / alpha) - 1)"""

    alpha: float = 1.0
    inplace: bool = False


@layer(F.gelu)
class GELU(Layer):
    """x Phi(x), with the normal distribution function Phi; `approximate`='tanh' approximates Phi by tanh"""

    approximate: str = "none"

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


@layer(F.silu)
class SiLU(Layer):
    """x sigmoid(x)"""

    inplace: bool = False


@layer(F.mish)
class Mish(Layer):
    """x tanh(softplus(x))"""

    inplace: bool = False


@layer(F.softplus)
class Softplus(Layer):
    """log(1 + e^(beta x)) / beta; x if beta x > threshold"""

    beta: float = 1.0
    threshold: float = 20.0


@layer(F.softsign)
class Softsign(Layer):
    """x / (1 + |x|)"""


@layer(F.tanhshrink)
class Tanhshrink(Layer):
    """x - tanh x"""


class _Shrink(Layer):
    lambd: float = 0.5

    def extra_repr(self) -> str:
        return str(self.lambd)


@layer(F.softshrink)
class Softshrink(_Shrink):
    """x - lambd if x > lambd, x + lambd if x < -lambd, else 0"""


@layer(F.hardshrink)
class Hardshrink(_Shrink):
    """x if |x| > lambd, else 0"""


@layer(F.hardsigmoid)
class Hardsigmoid(Layer):
    """(x + 3) / 6, clamped to [0, 1]"""

    inplace: bool = False

    def extra_repr(self) -> str:
        return ""


@layer(F.hardswish)
class Hardswish(Layer):
    """x hardsigmoid(x)"""

    inplace: bool = False

    def extra_repr(self) -> str:
        return ""


@layer(F.logsigmoid)
class LogSigmoid(Layer):
    """log sigmoid(x)"""


@layer(F.threshold)
class Threshold(Layer):
    """x if x > threshold, else value"""

    threshold: float
    value: float
    inplace: bool = False


@layer(F.glu)
class GLU(Layer):
    """a sigmoid(b), for the halves a and b of x along `dim`"""

    dim: int = -1


@layer(F.softmax)
class Softmax(Layer):
    """exp(x) / sum exp(x) along `dim`"""

    dim: int | None = None


@layer(F.softmin)
class Softmin(Layer):
    """softmax(-x) along `dim`"""

    dim: int | None = None


@layer(F.log_softmax)
class LogSoftmax(Layer):
    """log softmax(x) along `dim`, without overflow"""

    dim: int | None = None


class Softmax2d(Module):
    """Softmax over the channels of ((N,) C, H, W), at every pixel"""

    @layer_forward
    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)
