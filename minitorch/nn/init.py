"""Weight initialization: PyTorch's schemes. The same seed gives PyTorch's numbers.

Each function fills its tensor in place, without recording, and returns it. fan_in is the number of inputs of each output,
fan_out the number of outputs of each input. A scheme computes the standard deviation from them, so that the variance of the
values stays the same from layer to layer (Glorot and Bengio 2010: xavier; He et al. 2015: kaiming).
"""

from __future__ import annotations

import functools
import math
import statistics
from typing import Any

from minitorch.autograd.grad_mode import no_grad
from minitorch.backend.arrays import xp
from minitorch.backend.callsite import warn
from minitorch.backend.random import Generator
from minitorch.creation import eye as _eye
from minitorch.from_data import from_numpy
from minitorch.old_words import without_underscore
from minitorch.public import public
from minitorch.tensor import Tensor

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "orthogonal_",
    "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip


@public
def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The factor for the weights' standard deviation before a nonlinearity; `param` is the slope of leaky_relu.

    sqrt(2) for 'relu', sqrt(2 / (1 + slope^2)) for 'leaky_relu', 5 / 3 for 'tanh', 3 / 4 for 'selu', 1 for 'linear', 'sigmoid'
    and convolutions. Raises ValueError for another name, and for a slope that is not a number.

    >>> nn.init.calculate_gain("relu"), nn.init.calculate_gain("leaky_relu", 1.0)
    (1.4142135623730951, 1.0)
    """
    if not isinstance(nonlinearity, str):
        raise TypeError(f"calculate_gain: nonlinearity must be a name such as 'relu', not {type(nonlinearity).__name__}")
    if nonlinearity in ("linear", "sigmoid") or nonlinearity.startswith("conv"):
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {slope!r} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def fans(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, *kernel). Raises ValueError for fewer than 2 dimensions."""
    if tensor.ndim < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    receptive_field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive_field, tensor.shape[0] * receptive_field


_calculate_fan_in_and_fan_out = fans  # PyTorch's name, which programs use


def _fan(tensor: Tensor, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return fans(tensor)[mode == "fan_out"]


@public
@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in [a, b).

    >>> _ = minitorch.manual_seed(0)
    >>> nn.init.uniform_(minitorch.empty(2), 1.0, 3.0)
    tensor([1.9925, 2.5364])
    """
    return tensor.uniform_(a, b, generator=generator)


@public
@no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal, with mean `mean` and standard deviation `std`.

    >>> _ = minitorch.manual_seed(0)
    >>> nn.init.normal_(minitorch.empty(2), std=0.1)
    tensor([ 0.1541, -0.0293])
    """
    return tensor.normal_(mean, std, generator=generator)


@public
@no_grad()
@xp.errstate(all="ignore")
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal, truncated to [a, b]. The same seed does not give PyTorch's values.

    a and b are values, not numbers of standard deviations. Raises RuntimeError for a > b, and unless std is positive and
    finite.

    >>> _ = minitorch.manual_seed(0)
    >>> w = nn.init.trunc_normal_(minitorch.empty(100), std=1.0, a=-0.5, b=0.5)
    >>> bool((w.abs() <= 0.5).all())
    True
    """
    if not (math.isfinite(mean) and math.isfinite(std) and std > 0):
        raise RuntimeError(f"trunc_normal_ needs a finite mean and a positive finite std, got mean={mean}, std={std}")
    if not a <= b:
        raise RuntimeError(f"trunc_normal_ needs a <= b, got a={a} > b={b}")
    if a == b:
        return tensor.fill_(a)
    low, high = (a - mean) / std, (b - mean) / std
    likely = statistics.NormalDist().cdf(high) - statistics.NormalDist().cdf(low) > 0.3
    mode = min(max(0.0, low), high)  # the density is largest here
    drawn, values, uniform = (xp.empty(tensor.shape, tensor._array.dtype) for _ in range(3))
    missing = xp.ones(tensor.shape, dtype=bool)
    while missing.any():  # rejection sampling
        if likely:
            from_numpy(values).normal_(generator=generator)
            accepted = (values >= low) & (values <= high)
        else:
            from_numpy(values).uniform_(low, high, generator=generator)
            from_numpy(uniform).uniform_(generator=generator)
            accepted = uniform <= xp.exp((mode**2 - values**2) / 2)
        filled = missing & accepted
        drawn[filled] = values[filled] * std + mean
        missing &= ~accepted
    return tensor.copy_(from_numpy(drawn).to(tensor.device))


@public
@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """`val` in every element.

    >>> nn.init.constant_(minitorch.empty(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    return tensor.fill_(val)


@public
def ones_(tensor: Tensor) -> Tensor:
    """Ones.

    >>> nn.init.ones_(minitorch.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


@public
def zeros_(tensor: Tensor) -> Tensor:
    """Zeros.

    >>> nn.init.zeros_(minitorch.empty(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


@public
@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix, for a 2-D tensor.

    Raises ValueError for another number of dimensions.

    >>> nn.init.eye_(minitorch.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return tensor.copy_(_eye(*tensor.shape))


@public
@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution weight that copies input channels to output channels, as many as there are.

    w[f, c, centre] = 1 for f = c, 0 elsewhere, in each of `groups` groups

    Raises ValueError unless the weight has 3, 4 or 5 dimensions and the first is a multiple of `groups`.

    >>> conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)
    >>> nn.init.dirac_(conv.weight).data
    tensor([[[0., 1., 0.]]])
    >>> conv(minitorch.tensor([[1.0, 2.0, 3.0]])).data
    tensor([[1., 2., 3.]])
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    per_group = tensor.shape[0] // groups
    tensor.zero_()
    centre = tuple(k // 2 for k in tensor.shape[2:])
    for g in range(groups):
        for d in range(min(per_group, tensor.shape[1])):
            tensor[(g * per_group + d, d, *centre)] = 1.0
    return tensor


@public
@no_grad()
def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in +-gain sqrt(6 / (fan_in + fan_out)): for tanh and sigmoid (Glorot and Bengio 2010).

    The standard deviation is that of `xavier_normal_`. Raises ValueError for fewer than 2 dimensions.

    Example: fan_in = 4 and fan_out = 2, so the bound is sqrt(6 / 6) = 1.

    >>> _ = minitorch.manual_seed(0)
    >>> nn.init.xavier_uniform_(minitorch.empty(2, 4))
    tensor([[-0.0075,  0.5364, -0.8230, -0.7359],
            [-0.3852,  0.2682, -0.0198,  0.7929]])
    """
    bound = math.sqrt(3.0) * (gain * math.sqrt(2.0 / float(sum(fans(tensor)))))
    return tensor.uniform_(-bound, bound, generator=generator)


@public
@no_grad()
def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation gain sqrt(2 / (fan_in + fan_out)): for tanh and sigmoid (Glorot and Bengio 2010).

    It is a compromise: with 1 / fan_in the variance of the outputs stays the same, with 1 / fan_out that of the gradients.
    Raises ValueError for fewer than 2 dimensions.

    Example: sqrt(2 / (300 + 200)) = 0.063.

    >>> _ = minitorch.manual_seed(0)
    >>> round(nn.init.xavier_normal_(minitorch.empty(200, 300)).std().item(), 3)
    0.063
    """
    return tensor.normal_(0.0, gain * math.sqrt(2.0 / float(sum(fans(tensor)))), generator=generator)


@public
@no_grad()
def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform in +-gain sqrt(3 / fan), for layers before a relu (He et al. 2015).

    gain is `calculate_gain(nonlinearity, a)`; `a` is the slope of the following leaky_relu. `mode` is 'fan_in', which keeps the
    variance of the outputs, or 'fan_out', that of the gradients. Raises ValueError for another mode or nonlinearity, and for
    fewer than 2 dimensions.

    Example: gain sqrt(2) and fan_in = 6 give the bound sqrt(2) sqrt(3 / 6) = 1.

    >>> _ = minitorch.manual_seed(0)
    >>> nn.init.kaiming_uniform_(minitorch.empty(1, 6), nonlinearity="relu")
    tensor([[-0.0075,  0.5364, -0.8230, -0.7359, -0.3852,  0.2682]])
    """
    if 0 in tensor.shape:
        warn("Initializing zero-element tensors is a no-op")
        return tensor
    bound = math.sqrt(3.0) * (calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode)))
    return tensor.uniform_(-bound, bound, generator=generator)


@public
@no_grad()
def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan), for layers before a relu (He et al. 2015).

    The arguments and errors are those of `kaiming_uniform_`. The factor 2 in gain^2 is for the half of the inputs that relu
    sets to 0.

    Example: sqrt(2) / sqrt(200) = 0.1.

    >>> _ = minitorch.manual_seed(0)
    >>> round(nn.init.kaiming_normal_(minitorch.empty(300, 200), nonlinearity="relu").std().item(), 3)
    0.1
    """
    if 0 in tensor.shape:
        warn("Initializing zero-element tensors is a no-op")
        return tensor
    return tensor.normal_(0.0, calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode)), generator=generator)


@public
@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """gain times a matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2013). Shape: (rows, ...).

    W W^T = gain^2 I for no more rows than columns, W^T W = gain^2 I else

    All dimensions but the first are taken as columns. Raises ValueError for fewer than 2 dimensions.

    >>> w = nn.init.orthogonal_(minitorch.empty(2, 3))
    >>> bool((w @ w.T).allclose(minitorch.eye(2), atol=1e-6))
    True
    """
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    rows, columns = tensor.shape[0], tensor.numel() // max(tensor.shape[0], 1)
    normal = from_numpy(xp.empty((rows, columns), tensor._array.dtype)).normal_(generator=generator)._array
    q, r = xp.linalg.qr(normal.T if rows < columns else normal)
    q = q * xp.sign(xp.diag(r))
    return tensor.copy_(from_numpy(q.T if rows < columns else q).reshape(tensor.shape) * gain)


_old_spelling = functools.partial(without_underscore, "nn.init")
uniform, normal, constant, eye, dirac = map(_old_spelling, (uniform_, normal_, constant_, eye_, dirac_))
xavier_uniform, xavier_normal, orthogonal = map(_old_spelling, (xavier_uniform_, xavier_normal_, orthogonal_))
kaiming_uniform, kaiming_normal = map(_old_spelling, (kaiming_uniform_, kaiming_normal_))
