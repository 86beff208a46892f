"""Dropout layers: in training they zero random elements or channels; in eval mode they return their input."""

from __future__ import annotations

from minitorch.nn import functional as F
from minitorch.nn.layer import Layer, layer

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Layer):
    p: float = 0.5
    inplace: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {self.p}")

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


@layer(F.dropout)
class Dropout(_Dropout):
    """In training set each element to 0 with probability p, and divide the others by 1 - p (Srivastava et al. 2014).

    y = 0 with probability p, x / (1 - p) else;  y = x in eval mode

    Shapes: input (*), output (*). The mean of y is x, so nothing has to be scaled in eval mode: model.eval() turns dropout off.
    (The paper scales the weights at test time instead.) `p` is the share that is dropped, not the share that stays. Raises
    ValueError for a p outside [0, 1].

    Example: What is not dropped becomes 3 / (1 - 0.25) = 4.

    >>> _ = minitorch.manual_seed(0)
    >>> dropout, x = nn.Dropout(p=0.25), minitorch.full((100,), 3.0)
    >>> dropout(x).unique()
    tensor([0., 4.])
    >>> dropout.eval()(x).unique()
    tensor([3.])
    """


@layer(F.dropout1d)
class Dropout1d(_Dropout):
    """In training set whole channels to 0 with probability p, and divide the others by 1 - p (Tompson et al. 2014).

    Shapes: input ((N,) C, L), output the same. Neighbors in a channel are alike, so dropping single elements drops little. In
    eval mode it returns its input. Raises ValueError for a p outside [0, 1].

    >>> _ = minitorch.manual_seed(0)
    >>> y = nn.Dropout1d(0.5)(minitorch.ones(1, 6, 4))[0]
    >>> bool((y.amin(1) == y.amax(1)).all()), y.unique()
    (True, tensor([0., 2.]))
    """


@layer(F.dropout2d)
class Dropout2d(_Dropout):
    """In training set whole channels to 0 with probability p, and divide the others by 1 - p (Tompson et al. 2014).

    Shapes: input (N, C, H, W), output the same; three dimensions are taken for (N, C, L), with a warning. In eval mode it
    returns its input. Raises ValueError for a p outside [0, 1].

    >>> _ = minitorch.manual_seed(0)
    >>> y = nn.Dropout2d(0.5)(minitorch.ones(1, 6, 2, 2))[0]
    >>> bool((y.amin((1, 2)) == y.amax((1, 2))).all()), y.unique()
    (True, tensor([0., 2.]))
    """


@layer(F.dropout3d)
class Dropout3d(_Dropout):
    """In training set whole channels to 0 with probability p, and divide the others by 1 - p (Tompson et al. 2014).

    Shapes: input ((N,) C, D, H, W), output the same. In eval mode it returns its input. Raises ValueError for a p outside [0,
    1].

    >>> _ = minitorch.manual_seed(0)
    >>> y = nn.Dropout3d(0.5)(minitorch.ones(1, 6, 2, 2, 2))[0].flatten(1)
    >>> bool((y.amin(1) == y.amax(1)).all()), y.unique()
    (True, tensor([0., 2.]))
    """


@layer(F.alpha_dropout)
class AlphaDropout(_Dropout):
    """In training each element becomes SELU's lower limit with probability p; then all are scaled to mean 0 and variance 1.

    (Klambauer et al. 2017.) In eval mode it returns its input.

    >>> nn.AlphaDropout(0.2).eval()(minitorch.ones(3))
    tensor([1., 1., 1.])
    """


@layer(F.feature_alpha_dropout)
class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels: the input is (N, C, ...).

    >>> y = nn.FeatureAlphaDropout(0.5)(minitorch.ones(1, 4, 5))[0]
    >>> bool((y.amin(1) == y.amax(1)).all())
    True
    """
