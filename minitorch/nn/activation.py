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
    """Squash each element into (0, 1).

    y = 1 / (1 + e^-x)
    y' = y (1 - y), at most 0.25, at x = 0

    Shapes: input (*), output (*). Far from 0 the derivative is almost 0: gradients vanish, more with every layer. The outputs
    are all positive, not centred at 0 as those of `Tanh`. For a binary loss keep the logits and use `BCEWithLogitsLoss`.

    Pictures: `viz.curve(nn.Sigmoid())` draws the curve and its derivative.

    Example: At 2, y = 0.8808 and y' = 0.8808 * (1 - 0.8808) = 0.1050.

    >>> x = minitorch.tensor([-2.0, 0.0, 2.0], requires_grad=True)
    >>> y = nn.Sigmoid()(x)
    >>> y
    tensor([0.1192, 0.5000, 0.8808], grad_fn=<SigmoidBackward0>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.1050, 0.2500, 0.1050])
    """


@layer(F.tanh)
class Tanh(Layer):
    """Squash each element into (-1, 1).

    y = sinh(x) / cosh(x) = 2 / (1 + e^(-2 x)) - 1
    y' = 1 - y^2, in (0, 1], with 1 at x = 0

    Shapes: input (*), output (*). It is 2 sigmoid(2 x) - 1: centred at 0, and steeper there than `Sigmoid`, but gradients
    vanish far from 0 as well.

    Pictures: `viz.curve(nn.Tanh())` draws the curve and its derivative.

    Example: At 1, y = 0.7616 and y' = 1 - 0.7616^2 = 0.4200.

    >>> x = minitorch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    >>> y = nn.Tanh()(x)
    >>> y
    tensor([-0.7616,  0.0000,  0.7616], grad_fn=<TanhBackward0>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.4200, 1.0000, 0.4200])
    """


@layer(F.relu)
class ReLU(Layer):
    """The rectified linear unit: the positive part of each element.

    y = max(x, 0)
    y' = 1 for x > 0, 0 for x < 0, and 0 at x = 0 by convention

    Shapes: input (*), output (*). The derivative does not shrink for large x, so gradients do not vanish there. A unit whose
    input is negative for all data has no gradient and stays dead; `LeakyReLU` keeps a small slope. At 0 there is a kink:
    central differences give 0.5 there. `inplace` overwrites the input.

    Pictures: `viz.curve(nn.ReLU())` draws the curve and its derivative.

    >>> x = minitorch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    >>> y = nn.ReLU()(x)
    >>> y
    tensor([0., 0., 3.], grad_fn=<ReluBackward0>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0., 0., 1.])
    """

    inplace: bool = False


@layer(F.leaky_relu)
class LeakyReLU(Layer):
    """ReLU with a small fixed slope for negative elements (Maas et al. 2013).

    y = x for x > 0, negative_slope * x elsewhere
    y' = 1 for x > 0, negative_slope elsewhere

    Shapes: input (*), output (*). With it no unit is dead: the gradient is never 0. The slope is fixed; that of `PReLU` is
    learned, that of `RReLU` is drawn at random.

    Pictures: `viz.curve(nn.LeakyReLU())` draws the curve and its derivative.

    Example: At -2, y = 0.1 * (-2) = -0.2 and y' = 0.1.

    >>> x = minitorch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    >>> y = nn.LeakyReLU(0.1)(x)
    >>> y
    tensor([-0.2000,  0.0000,  3.0000], grad_fn=<LeakyReluBackward0>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.1000, 0.1000, 1.0000])
    """

    negative_slope: float = 1e-2
    inplace: bool = False


class PReLU(Module):
    """ReLU with a learned slope for negative elements (He et al. 2015).

    y = x for x > 0, weight * x elsewhere
    y' = 1 for x > 0, weight elsewhere;  in weight: the sum of x over the elements with x <= 0

    Shapes: input (*), or (N, num_parameters, *) with a slope for each channel, output the same. `num_parameters` is 1 (one
    slope for all) or the number of channels; each slope starts at `init`. Unlike the slope of `LeakyReLU` it is a parameter:
    give it to the optimizer, but without weight decay, which pulls it to 0. Raises RuntimeError for another number of channels.

    Pictures: `viz.curve(nn.PReLU())` draws the curve and its derivative.

    Example: The derivative in the weight is -2 + (-1) = -3.

    >>> layer = nn.PReLU()
    >>> y = layer(minitorch.tensor([-2.0, -1.0, 3.0]))
    >>> y
    tensor([-0.5000, -0.2500,  3.0000], grad_fn=<PreluKernelBackward0>)
    >>> y.sum().backward()
    >>> layer.weight.grad
    tensor([-3.])
    """

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
    """ReLU with a slope for negative elements that is drawn at random, each time for each element (Xu et al. 2015).

    y = x for x > 0, a x elsewhere;  a is uniform in [lower, upper) in training, (lower + upper) / 2 in eval mode
    y' = 1 for x > 0, a elsewhere

    Shapes: input (*), output (*). The randomness is meant to reduce overfitting, as dropout does. In eval mode it is
    `LeakyReLU` with the mean slope, (1/8 + 1/3) / 2 = 0.2292 by default. Raises ValueError for lower > upper.

    Pictures: `viz.curve(nn.RReLU())` draws the curve and its derivative.

    Example: In eval mode, -2 * (0.1 + 0.3) / 2 = -0.4. In training the elements -2 get values from -0.6 to -0.2.

    >>> _ = minitorch.manual_seed(0)
    >>> layer, x = nn.RReLU(0.1, 0.3), minitorch.tensor([-2.0, -2.0, 3.0])
    >>> y = layer(x)
    >>> y[:2] >= -0.6, y[:2] <= -0.2, y[0] == y[1]
    (tensor([True, True]), tensor([True, True]), tensor(False))
    >>> layer.eval()(x)
    tensor([-0.4000, -0.4000,  3.0000])
    """

    lower: float = 1.0 / 8
    upper: float = 1.0 / 3
    inplace: bool = False

    def __post_init__(self) -> None:
        if not self.lower <= self.upper:
            raise ValueError(f"RReLU: lower ({self.lower}) must not be greater than upper ({self.upper})")


@layer(F.hardtanh)
class Hardtanh(Layer):
    """Each element, clamped to [min_val, max_val]; a tanh of straight lines.

    y = min(max(x, min_val), max_val)
    y' = 1 inside, 0 outside and at the bounds

    Shapes: input (*), output (*). Raises AssertionError unless min_val < max_val.

    >>> nn.Hardtanh()(minitorch.tensor([-2.0, 0.5, 2.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """

    min_val: float = -1.0
    max_val: float = 1.0
    inplace: bool = False

    def __post_init__(self) -> None:
        if self.min_val >= self.max_val:
            raise AssertionError(f"Hardtanh: max_val ({self.max_val}) must be greater than min_val ({self.min_val})")


@layer(F.relu6)
class ReLU6(Layer):
    """ReLU that is cut at 6, for low precision: `Hardtanh` with the bounds 0 and 6.

    y = min(max(x, 0), 6)
    y' = 1 for 0 < x < 6, 0 elsewhere

    Shapes: input (*), output (*).

    >>> nn.ReLU6()(minitorch.tensor([-1.0, 3.0, 8.0]))
    tensor([0., 3., 6.])
    """

    inplace: bool = False


@layer(F.elu)
class ELU(Layer):
    """The exponential linear unit: smooth for negative elements, and bounded by -alpha (Clevert et al. 2015).

    y = x for x > 0, alpha (e^x - 1) elsewhere
    y' = 1 for x > 0, alpha e^x elsewhere

    Shapes: input (*), output (*). With another alpha than 1 the derivative jumps at 0; `CELU` has none of that.

    Example: At -1, e^-1 - 1 = -0.6321.

    >>> nn.ELU()(minitorch.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.6321,  0.0000,  2.0000])
    """

    alpha: float = 1.0
    inplace: bool = False


@layer(F.selu)
class SELU(Layer):
    """The scaled ELU, which draws outputs towards mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).

    y = scale x for x > 0, scale alpha (e^x - 1) elsewhere;  scale = 1.0507, alpha = 1.6733
    y' = scale for x > 0, scale alpha e^x elsewhere

    Shapes: input (*), output (*). It expects weights of variance 1 / fan_in: `init.kaiming_normal_(w, nonlinearity="linear")`.

    Example: At -1, 1.0507 * 1.6733 * (e^-1 - 1) = -1.1113.

    >>> nn.SELU()(minitorch.tensor([-1.0, 0.0, 2.0]))
    tensor([-1.1113,  0.0000,  2.1014])
    """

    inplace: bool = False


@layer(F.celu)
class CELU(Layer):
    """ELU with a derivative that is continuous for every alpha (Barron 2017).

    y = x for x > 0, alpha (e^(x / alpha) - 1) elsewhere
    y' = 1 for x > 0, e^(x / alpha) elsewhere

    Shapes: input (*), output (*). With alpha = 1 it is `ELU`. Raises RuntimeError for alpha = 0.

    Example: At -2, 2 (e^-1 - 1) = -1.2642.

    >>> nn.CELU(alpha=2.0)(minitorch.tensor([-2.0, 0.0, 2.0]))
    tensor([-1.2642,  0.0000,  2.0000])
    """

    alpha: float = 1.0
    inplace: bool = False


@layer(F.gelu)
class GELU(Layer):
    """Each element times the probability that a standard normal variable is below it (Hendrycks and Gimpel 2016).

    y = x Phi(x) = x / 2 (1 + erf(x / sqrt(2)))
    y' = Phi(x) + x phi(x), with the normal distribution function Phi and its density phi

    Shapes: input (*), output (*). `approximate='tanh'` computes x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). It is not
    monotonic: its least value is about -0.17.

    Example: Phi(1) = 0.8413.

    >>> nn.GELU()(minitorch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    >>> nn.GELU(approximate="tanh")(minitorch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1588,  0.0000,  0.8412])
    """

    approximate: str = "none"

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


@layer(F.silu)
class SiLU(Layer):
    """Each element times its sigmoid, also called Swish (Hendrycks and Gimpel 2016, Ramachandran et al. 2017).

    y = x sigmoid(x)
    y' = sigmoid(x) (1 + x (1 - sigmoid(x)))

    Shapes: input (*), output (*). It is not monotonic: its least value is about -0.28, near x = -1.28.

    Example: sigmoid(1) = 0.7311.

    >>> nn.SiLU()(minitorch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2689,  0.0000,  0.7311])
    """

    inplace: bool = False


@layer(F.mish)
class Mish(Layer):
    """Each element times the tanh of its softplus (Misra 2019).

    y = x tanh(log(1 + e^x))
    y' = t + x sigmoid(x) (1 - t^2), for t = tanh(log(1 + e^x))

    Shapes: input (*), output (*). The shape is that of `SiLU`, with a least value of about -0.31.

    >>> nn.Mish()(minitorch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.3034,  0.0000,  0.8651])
    """

    inplace: bool = False


@layer(F.softplus)
class Softplus(Layer):
    """A smooth ReLU that is always positive.

    y = log(1 + e^(beta x)) / beta, and x itself where beta x > threshold
    y' = sigmoid(beta x)

    Shapes: input (*), output (*). It makes a positive number, such as a variance, out of any.

    Example: At 0, log(2) = 0.6931.

    >>> nn.Softplus()(minitorch.tensor([-1.0, 0.0, 30.0]))
    tensor([ 0.3133,  0.6931, 30.0000])
    """

    beta: float = 1.0
    threshold: float = 20.0


@layer(F.softsign)
class Softsign(Layer):
    """Squash each element into (-1, 1), slower than tanh.

    y = x / (1 + |x|)
    y' = 1 / (1 + |x|)^2

    Shapes: input (*), output (*).

    >>> nn.Softsign()(minitorch.tensor([-1.0, 0.0, 3.0]))
    tensor([-0.5000,  0.0000,  0.7500])
    """


@layer(F.tanhshrink)
class Tanhshrink(Layer):
    """What tanh leaves of each element: almost 0 near 0.

    y = x - tanh(x)
    y' = tanh(x)^2

    Shapes: input (*), output (*).

    Example: 1 - 0.7616 = 0.2384.

    >>> nn.Tanhshrink()(minitorch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2384,  0.0000,  0.2384])
    """


class _Shrink(Layer):
    lambd: float = 0.5

    def extra_repr(self) -> str:
        return str(self.lambd)


@layer(F.softshrink)
class Softshrink(_Shrink):
    """Move each element towards 0 by lambd: the proximal operator of lambd |x|.

    y = x - lambd for x > lambd, x + lambd for x < -lambd, 0 elsewhere
    y' = 1 for |x| > lambd, 0 elsewhere

    Shapes: input (*), output (*). The call raises RuntimeError for a negative lambd.

    >>> nn.Softshrink(0.5)(minitorch.tensor([-2.0, 0.3, 2.0]))
    tensor([-1.5000,  0.0000,  1.5000])
    """


@layer(F.hardshrink)
class Hardshrink(_Shrink):
    """Set small elements to 0, and keep the others as they are (`Softshrink` moves them).

    y = x for |x| > lambd, 0 elsewhere
    y' = 1 for |x| > lambd, 0 elsewhere

    Shapes: input (*), output (*).

    >>> nn.Hardshrink(0.5)(minitorch.tensor([-2.0, 0.3, 2.0]))
    tensor([-2.,  0.,  2.])
    """


@layer(F.hardsigmoid)
class Hardsigmoid(Layer):
    """A sigmoid of straight lines.

    y = min(max((x + 3) / 6, 0), 1)
    y' = 1 / 6 for -3 < x < 3, 0 elsewhere

    Shapes: input (*), output (*).

    >>> nn.Hardsigmoid()(minitorch.tensor([-4.0, 0.0, 1.5]))
    tensor([0.0000, 0.5000, 0.7500])
    """

    inplace: bool = False

    def extra_repr(self) -> str:
        return ""


@layer(F.hardswish)
class Hardswish(Layer):
    """SiLU with the straight lines of `Hardsigmoid` (Howard et al. 2019).

    y = x min(max((x + 3) / 6, 0), 1)
    y' = (2 x + 3) / 6 for -3 < x < 3, 1 above, 0 below

    Shapes: input (*), output (*).

    Example: At 1, 4 / 6 = 0.6667.

    >>> nn.Hardswish()(minitorch.tensor([-4.0, -1.0, 1.0]))
    tensor([-0.0000, -0.3333,  0.6667])
    """

    inplace: bool = False

    def extra_repr(self) -> str:
        return ""


@layer(F.logsigmoid)
class LogSigmoid(Layer):
    """The logarithm of the sigmoid, without overflow.

    y = log(1 / (1 + e^-x)) = -log(1 + e^-x)
    y' = 1 - sigmoid(x)

    Shapes: input (*), output (*).

    >>> nn.LogSigmoid()(minitorch.tensor([-1000.0, 0.0, 1.0]))
    tensor([-1.0000e+03, -6.9315e-01, -3.1326e-01])
    """


@layer(F.threshold)
class Threshold(Layer):
    """Keep the elements above a threshold, and replace all others by a value.

    y = x for x > threshold, value elsewhere
    y' = 1 for x > threshold, 0 elsewhere

    Shapes: input (*), output (*). Threshold(0, 0) is `ReLU`.

    >>> nn.Threshold(0.5, 9.0)(minitorch.tensor([0.2, 0.5, 0.7]))
    tensor([9.0000, 9.0000, 0.7000])
    """

    threshold: float
    value: float
    inplace: bool = False


@layer(F.glu)
class GLU(Layer):
    """The gated linear unit: one half of the features, gated by the sigmoid of the other half (Dauphin et al. 2016).

    y = a sigmoid(b), for the first half a and the second half b of the input along `dim`
    y' = sigmoid(b) in a, a sigmoid(b) (1 - sigmoid(b)) in b

    Shapes: input (*, 2 n, *), output (*, n, *). Raises RuntimeError for an odd size.

    Example: a = [1, 2], b = [0, 100]: 1 * 0.5 and 2 * 1.

    >>> nn.GLU()(minitorch.tensor([1.0, 2.0, 0.0, 100.0]))
    tensor([0.5000, 2.0000])
    """

    dim: int = -1


@layer(F.softmax)
class Softmax(Layer):
    """Positive numbers that sum to 1 along `dim`, such as the probabilities of classes.

    y[i] = e^x[i] / (the sum of e^x[j] over all j along `dim`)

    dy[i] / dx[j] = y[i] (1 - y[i]) for i = j, -y[i] y[j] else

    Shapes: input (*), output (*). The maximum is subtracted first, so that large elements do not overflow. Do not put it before
    `CrossEntropyLoss`, which takes logits. Without `dim` it warns, and takes 0 for inputs of 0, 1 or 3 dimensions, else 1.

    Pictures: `viz.worked(layer, x)` works each element out.

    Example: e^0 : e^1.0986 = 1 : 3.

    >>> nn.Softmax(dim=1)(minitorch.tensor([[0.0, 1.0986], [1000.0, 1000.0]]))
    tensor([[0.2500, 0.7500],
            [0.5000, 0.5000]])
    """

    dim: int | None = None


@layer(F.softmin)
class Softmin(Layer):
    """Softmax of the negated input: the least element has the largest share.

    y[i] = e^-x[i] / (the sum of e^-x[j] over all j along `dim`)

    Shapes: input (*), output (*).

    >>> nn.Softmin(dim=0)(minitorch.tensor([0.0, 1.0986]))
    tensor([0.7500, 0.2500])
    """

    dim: int | None = None


@layer(F.log_softmax)
class LogSoftmax(Layer):
    """The logarithm of softmax along `dim`, without overflow.

    y[i] = x[i] - log(the sum of e^x[j] over all j along `dim`)
    dy[i] / dx[j] = 1 - softmax(x)[j] for i = j, -softmax(x)[j] else

    Shapes: input (*), output (*). log(softmax(x)) gives -inf where softmax rounds to 0; this does not. `NLLLoss` takes it; both
    together are `CrossEntropyLoss`.

    >>> nn.LogSoftmax(dim=0)(minitorch.tensor([0.0, 0.0, 1000.0]))
    tensor([-1000., -1000.,     0.])
    """

    dim: int | None = None


class Softmax2d(Module):
    """Softmax over the channels, at every pixel.

    y[c, h, w] = e^x[c, h, w] / (the sum of e^x[k, h, w] over the channels k)

    Shapes: input ((N,) C, H, W), output the same. Raises ValueError for another number of dimensions.

    >>> nn.Softmax2d()(minitorch.zeros(1, 4, 1, 2))[0, :, 0]
    tensor([[0.2500, 0.2500],
            [0.2500, 0.2500],
            [0.2500, 0.2500],
            [0.2500, 0.2500]])
    """

    @layer_forward
    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)
