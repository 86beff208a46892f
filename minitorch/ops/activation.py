"""The activations of `nn.functional`, each a line or two of other ops.

Where a formula would overflow in the branch that `where` does not select, that branch gets a clamped input: a gradient of 0
times infinity is nan.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import on_device_of, xp
from minitorch.backend.callsite import warn
from minitorch.backend.dtypes import dtype as DType
from minitorch.backend.random import default_generator
from minitorch.ops import arithmetic, pointwise, rectifier, reduction
from minitorch.ops.arithmetic import log
from minitorch.ops.elementwise import Number, check_floating, in_single
from minitorch.ops.gathering import scatter
from minitorch.ops.joining import narrow
from minitorch.ops.node_names import node_name
from minitorch.ops.pointwise import expm1, sigmoid, tanh
from minitorch.ops.selection import clamp, where
from minitorch.ops.shape import check_dim

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def into(input: Tensor, inplace: bool, function: Callable[[Tensor], Tensor]) -> Tensor:
    """function(input); with `inplace`, input itself takes over value and history."""
    compute = in_single(function)
    return input._assign_inplace(compute(input._inplace_operand())) if inplace else compute(input)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0): the derivative is 1 where input is positive, 0 elsewhere, 0 included.

    `inplace` writes the result into the input.

    >>> F.relu(minitorch.tensor([-2.0, 0.0, 3.0]))
    tensor([0., 0., 3.])
    """
    return into(input, inplace, rectifier.relu)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where it is positive, negative_slope * input elsewhere (Maas et al. 2013).

    The derivative is 1 where input is positive, negative_slope elsewhere. `inplace` writes the result into the input.

    >>> F.leaky_relu(minitorch.tensor([-2.0, 3.0]), 0.1)
    tensor([-0.2000,  3.0000])
    """
    check_floating("leaky_relu", input)
    return into(input, inplace, lambda x: rectifier.leaky(x, negative_slope))


@node_name("PreluKernel0")
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """input where it is positive, weight * input elsewhere, with a learned weight (He et al. 2015).

    Shapes: input (N, C, *), weight (C,), or (1,) and () for one slope. Raises RuntimeError for another number of channels.

    The derivative is 1 where input is positive, weight elsewhere; in weight it is the sum of the other inputs.

    >>> F.prelu(minitorch.tensor([[-2.0, -2.0], [3.0, 3.0]]), minitorch.tensor([0.1, 0.5]))
    tensor([[-0.2000, -1.0000],
            [ 3.0000,  3.0000]])
    """
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    if input.dtype is not weight.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {input.dtype!r} and {weight.dtype!r}")
    if weight.numel() != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if input.ndim == 0 or channels != weight.numel():
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and "
                f"channel size = {channels}."
            )
        weight = weight.reshape(-1, *(1,) * (input.ndim - 2)) if input.ndim > 1 else weight
    elif input.ndim == 0:
        weight = weight.reshape(())
    return rectifier.leaky(input, weight)


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """input where it is positive, a * input elsewhere, with a drawn from [lower, upper) for each element (Xu et al. 2015).

    When not training, a is (lower + upper) / 2. Raises RuntimeError for lower > upper.

    Example: -2 * (0.1 + 0.3) / 2 = -0.4.

    >>> F.rrelu(minitorch.tensor([-2.0, 3.0]), 0.1, 0.3)
    tensor([-0.4000,  3.0000])
    >>> bool(F.rrelu(minitorch.tensor([-2.0]), 0.1, 0.3, training=True) >= -0.6)
    True
    """
    check_floating("rrelu", input)
    if not lower <= upper:
        raise RuntimeError(f"rrelu: lower bound should be less than or equal to the upper bound, got [{lower}, {upper})")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    slopes = xp.ones_like(input._array)
    negative = input._array <= 0
    drawn = default_generator.uniform(int(negative.sum()), xp.float64)
    slopes[negative] = on_device_of((drawn * (upper - lower) + lower).astype(slopes.dtype), slopes)
    return into(input, inplace, lambda x: rectifier.leaky(x, wrap(slopes)))


@node_name("Threshold0")
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """input where it is above `threshold`, `value` elsewhere.

    The derivative is 1 where input is above the threshold, 0 elsewhere. `inplace` writes the result into the input.

    >>> F.threshold(minitorch.tensor([0.2, 0.5, 0.7]), 0.5, 9.0)
    tensor([9.0000, 9.0000, 0.7000])
    """
    return into(input, inplace, lambda x: where(x <= threshold, _as_in(value, x), x))


@node_name("Hardtanh0")
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """input within [min_val, max_val]; no gradient at the bounds, where `clamp` has one.

    Raises ValueError for min_val > max_val. `inplace` writes the result into the input.

    >>> F.hardtanh(minitorch.tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val cannot be greater than max_val, got [{min_val}, {max_val}]")
    if input.dtype.name in ("uint8", "bool") and (min_val < 0 or input.dtype.name == "bool"):
        raise RuntimeError(f"hardtanh: {input.dtype!r} has no negative numbers for the bound {min_val}: .float() converts")

    def hard(x: Tensor) -> Tensor:
        low, high = _as_in(min_val, x), _as_in(max_val, x)
        return where(x <= low, low, where(x >= high, high, x))

    return into(input, inplace, hard)


def _as_in(value: Number, x: Tensor) -> Number:
    return value if x.is_floating_point() else int(value)


@node_name("Hardtanh0")
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(input, 0), 6); no gradient at 0 and 6.

    >>> F.relu6(minitorch.tensor([-1.0, 3.0, 8.0]))
    tensor([0., 3., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


@node_name("Elu0")
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, alpha (e^input - 1) elsewhere (Clevert et al. 2015).

    The derivative is 1 where input is positive, alpha e^input elsewhere.

    >>> F.elu(minitorch.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.6321,  0.0000,  2.0000])
    """
    check_floating("elu", input)
    return into(input, inplace, lambda x: where(x <= 0, expm1(clamp(x, max=0)) * alpha, x))


SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@node_name("Elu0")
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale elu(input, alpha), with scale = 1.0507 and alpha = 1.6733 (Klambauer et al. 2017).

    With them the outputs tend to mean 0 and variance 1, from layer to layer.

    The derivative is scale where input is positive, scale alpha e^input elsewhere.

    >>> F.selu(minitorch.tensor([-1.0, 0.0, 2.0]))
    tensor([-1.1113,  0.0000,  2.1014])
    """
    return into(input, inplace, lambda x: elu(x, SELU_ALPHA) * SELU_SCALE)


@node_name("Elu0")
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is positive, alpha (e^(input / alpha) - 1) elsewhere: elu with a slope of 1 at 0 (Barron 2017).

    Raises RuntimeError for alpha = 0.

    The derivative is 1 where input is positive, e^(input / alpha) elsewhere.

    >>> F.celu(minitorch.tensor([-2.0, 0.0, 2.0]), alpha=2.0)
    tensor([-1.2642,  0.0000,  2.0000])
    """
    check_floating("celu", input)
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return into(input, inplace, lambda x: where(x <= 0, expm1(clamp(x, max=0) / alpha) * alpha, x))


@in_single
@node_name("Gelu0")
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """input times the probability that a normal variable is below it (Hendrycks and Gimpel 2016).

    x / 2 (1 + erf(x / sqrt 2)), or for approximate='tanh'  x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).

    Raises RuntimeError for another word.

    >>> F.gelu(minitorch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    check_floating("gelu", input)
    if approximate == "none":
        return pointwise.Gelu.apply(input)
    if approximate == "tanh":
        return input * 0.5 * (tanh((input + input * input * input * 0.044715) * math.sqrt(2 / math.pi)) + 1)
    raise RuntimeError(f"gelu: approximate argument must be either none or tanh, got {approximate!r}")


@node_name("Silu0")
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input), also called swish (Hendrycks and Gimpel 2016, Ramachandran et al. 2017).

    The derivative is s (1 + input (1 - s)), for s = sigmoid(input).

    >>> F.silu(minitorch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2689,  0.0000,  0.7311])
    """
    check_floating("silu", input)
    return into(input, inplace, lambda x: x * sigmoid(x))


@node_name("Mish0")
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * tanh(softplus(input)) (Misra 2019).

    >>> F.mish(minitorch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.3034,  0.0000,  0.8651])
    """
    check_floating("mish", input)
    return into(input, inplace, lambda x: x * tanh(pointwise.softplus(x)))


@in_single
@node_name("Softplus0")
def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + e^(beta input)) / beta, a smooth relu; input itself where beta input is above `threshold`.

    The derivative is sigmoid(beta input).

    >>> F.softplus(minitorch.tensor([-1.0, 0.0, 30.0]))
    tensor([ 0.3133,  0.6931, 30.0000])
    """
    check_floating("softplus", input)
    scaled = input * beta
    return where(scaled > threshold, input, pointwise.softplus(scaled) / beta)


@in_single
@node_name("LogSigmoid0")
def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(input)) = -log(1 + e^-input), without overflow.

    The derivative is 1 - sigmoid(input).

    >>> F.logsigmoid(minitorch.tensor([-1000.0, 0.0, 1.0]))
    tensor([-1.0000e+03, -6.9315e-01, -3.1326e-01])
    """
    check_floating("logsigmoid", input)
    return -pointwise.softplus(-input)


@in_single
def softsign(input: Tensor) -> Tensor:
    """input / (1 + |input|): between -1 and 1.

    The derivative is 1 / (1 + |input|)^2.

    >>> F.softsign(minitorch.tensor([-1.0, 0.0, 3.0]))
    tensor([-0.5000,  0.0000,  0.7500])
    """
    return input / (arithmetic.abs(input) + 1)


@node_name("Softshrink0")
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input moved towards 0 by `lambd`; 0 within that distance of 0.

    Raises RuntimeError for a negative lambd.

    The derivative is 1 where |input| > lambd, 0 elsewhere.

    >>> F.softshrink(minitorch.tensor([-2.0, 0.3, 2.0]))
    tensor([-1.5000,  0.0000,  1.5000])
    """
    check_floating("softshrink", input)
    if not lambd >= 0:
        raise RuntimeError(f"softshrink: lambda must be at least 0, but found {lambd}")
    return input - clamp(input, -lambd, lambd)


@node_name("Hardshrink0")
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input, but 0 where |input| <= lambd.

    The derivative is 1 where |input| > lambd, 0 elsewhere.

    >>> F.hardshrink(minitorch.tensor([-2.0, 0.3, 2.0]))
    tensor([-2.,  0.,  2.])
    """
    check_floating("hardshrink", input)
    return where((input >= -lambd) & (input <= lambd), 0.0, input)


@in_single
def tanhshrink(input: Tensor) -> Tensor:
    """input - tanh(input).

    The derivative is tanh(input)^2.

    >>> F.tanhshrink(minitorch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2384,  0.0000,  0.2384])
    """
    return input - tanh(input)


@node_name("Hardsigmoid0")
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """(input + 3) / 6 within [0, 1]: a sigmoid of straight lines.

    The derivative is 1 / 6 where -3 < input < 3, 0 elsewhere.

    >>> F.hardsigmoid(minitorch.tensor([-4.0, 0.0, 1.5]))
    tensor([0.0000, 0.5000, 0.7500])
    """
    check_floating("hardsigmoid", input)
    return into(input, inplace, lambda x: relu6(x + 3) / 6)


@node_name("Hardswish0")
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * hardsigmoid(input) (Howard et al. 2019).

    >>> F.hardswish(minitorch.tensor([-4.0, -1.0, 1.0]))
    tensor([-0.0000, -0.3333,  0.6667])
    """
    check_floating("hardswish", input)
    return into(input, inplace, lambda x: x * relu6(x + 3) / 6)


@in_single
@node_name("Glu0")
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), for the first half a and the second half b of input along `dim` (Dauphin et al. 2016).

    Raises RuntimeError for an odd size.

    >>> F.glu(minitorch.tensor([1.0, 2.0, 0.0, 100.0]))
    tensor([0.5000, 2.0000])
    """
    check_floating("glu", input)
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    dim = check_dim(dim, input.ndim)
    if input.shape[dim] % 2:
        raise RuntimeError(f"glu: Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}")
    half = input.shape[dim] // 2
    return narrow(input, dim, 0, half) * sigmoid(narrow(input, dim, half, half))


# ---- along one dimension ---------------------------------------------------------------------------------------------


def _along(input: Tensor, dim: int | None, dtype: DType | None, name: str) -> tuple[Tensor, int]:
    input = input if dtype is None else input.to(dtype)
    check_floating(name, input)
    if dim is None:
        warn(f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.")
        dim = 0 if input.ndim in (0, 1, 3) else 1
    return input, dim


def softmax(input: Tensor, dim: int | None = None, *, dtype: DType | None = None) -> Tensor:
    """e^input / (the sum of e^input) along `dim`: positive numbers that sum to 1.

    Large inputs do not overflow. Without `dim` it warns, and takes 0 for inputs of 0, 1 or 3 dimensions, else 1. `dtype` is
    that of computation and result. Raises NotImplementedError for integers unless `dtype` converts them.

    The derivative of y[i] in x[j] is y[i] (1 - y[i]) for i = j, -y[i] y[j] else.

    >>> F.softmax(minitorch.tensor([0.0, 1.0986]), dim=0)
    tensor([0.2500, 0.7500])
    """
    return reduction.softmax(*_along(input, dim, dtype, "softmax"))


@in_single
def softmin(input: Tensor, dim: int | None = None, *, dtype: DType | None = None) -> Tensor:
    """softmax(-input) along `dim`: the least element has the largest share.

    >>> F.softmin(minitorch.tensor([0.0, 1.0986]), dim=0)
    tensor([0.7500, 0.2500])
    """
    input, dim = _along(input, dim, dtype, "softmin")
    return reduction.softmax(-input, dim)


def log_softmax(input: Tensor, dim: int | None = None, *, dtype: DType | None = None) -> Tensor:
    """log(softmax(input)) along `dim`, without overflow: input - log(the sum of e^input).

    >>> F.log_softmax(minitorch.tensor([0.0, 0.0, 1000.0]), dim=0)
    tensor([-1000., -1000.,     0.])
    """
    return reduction.log_softmax(*_along(input, dim, dtype, "log_softmax"))


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((logits + g) / tau) along `dim`, where each g is drawn from the Gumbel distribution, -log(-log u) of a uniform u.

    With `hard` the result is the one-hot vector of its largest element, and the gradient is that of the softmax. As tau falls
    to 0, softmax and one-hot agree, and class i is drawn with probability softmax(logits)[i]. `eps` has no effect, as in
    PyTorch. (Jang et al. 2017.)

    >>> F.gumbel_softmax(minitorch.zeros(2, 3), hard=True).sum(1)
    tensor([1., 1.])
    """
    check_floating("gumbel_softmax", logits)
    noise = -log(wrap(xp.empty_like(logits._array)).exponential_())
    soft = reduction.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    largest = reduction.argmax(soft.detach(), dim, True)
    one_hot = scatter(wrap(xp.zeros_like(soft._array)), dim, largest, 1.0)
    return one_hot - soft.detach() + soft


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The function of the same name with an underscore: `function` with inplace=True."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def compute(*args: Any, **named: Any) -> Tensor:
        return function(*args, inplace=True, **named)

    compute.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[p for p in signature.parameters.values() if p.name != "inplace"]
    )
    compute.__name__ = compute.__qualname__ = f"{function.__name__}_"
    arguments = ", 0.0" * sum(p.default is p.empty for p in list(signature.parameters.values())[1:])
    compute.__doc__ = f"""`{function.__name__}`, written into the input, which is returned.

    Raises RuntimeError for a leaf that requires a gradient.

    >>> x = minitorch.tensor([-1.0, 2.0])
    >>> F.{compute.__name__}(x{arguments}) is x
    True
    """
    return compute


celu_, elu_, hardtanh_, leaky_relu_ = _in_place(celu), _in_place(elu), _in_place(hardtanh), _in_place(leaky_relu)
relu_, rrelu_, selu_, threshold_ = _in_place(relu), _in_place(rrelu), _in_place(selu), _in_place(threshold)
