"""Parametrizations and weight_norm beside PyTorch."""

import numpy as np
import pytest

from tests.parity.compare import prints_the_same, same

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]


def filled(layer):
    """A layer whose parameters are numbers that both libraries have."""
    for i, p in enumerate(layer.parameters()):
        array = np.cos(np.arange(p.numel()) + i).reshape(tuple(p.shape)).astype(np.float32)
        p.data.copy_(type(p.data)(array.tolist()))
    return layer


def symmetric(t):
    class Symmetric(t.nn.Module):
        def forward(self, X):
            return X.triu() + X.triu(1).T

    return Symmetric()


LAYERS = [
    lambda t: t.nn.Linear(3, 2), lambda t: t.nn.Conv2d(2, 3, 2), lambda t: t.nn.ConvTranspose1d(2, 3, 2), lambda t: t.nn.LayerNorm(3), lambda t: t.nn.Bilinear(2, 3, 2),
]  # fmt: skip


@pytest.mark.parametrize("dim", [0, 1, None, -1, -2, 5])
@pytest.mark.parametrize("make", LAYERS)
@pytest.mark.parametrize("old", [False, True])
def test_weight_norm(make, dim, old):
    def run(t):
        layer = filled(make(t))
        layer = (t.nn.utils.weight_norm if old else t.nn.utils.parametrizations.weight_norm)(layer, dim=dim)
        weight = layer.weight
        (weight**2 + weight).sum().backward()
        found = [
            weight.detach(),
            *[p.detach() for p in layer.parameters()],
            *[p.grad for p in layer.parameters() if p.grad is not None],
        ]
        return [list(layer.state_dict()), [n for n, _ in layer.named_modules()], *found]

    same(run, tolerance=1e-5)


@pytest.mark.parametrize("f", [
    lambda t, P, m: P.register_parametrization(m, "weight", symmetric(t)), lambda t, P, m: P.register_parametrization(P.register_parametrization(m, "weight", t.nn.Tanh()), "weight", symmetric(t)),
    lambda t, P, m: P.register_parametrization(P.register_parametrization(m, "weight", t.nn.Tanh()), "bias", t.nn.Tanh()), lambda t, P, m: P.register_parametrization(m, "w", t.nn.Tanh()),
    lambda t, P, m: P.register_parametrization(m, "weight", t.nn.Linear(3, 2)), lambda t, P, m: P.register_parametrization(m, "weight", t.nn.Linear(3, 2), unsafe=True),
    lambda t, P, m: P.remove_parametrizations(m, "weight"), lambda t, P, m: P.remove_parametrizations(P.register_parametrization(m, "weight", t.nn.Tanh()), "weight"),
    lambda t, P, m: P.remove_parametrizations(P.register_parametrization(m, "weight", t.nn.Tanh()), "weight", False), lambda t, P, m: P.remove_parametrizations(t.nn.utils.parametrizations.weight_norm(m), "weight", False),
    lambda t, P, m: setattr(P.register_parametrization(m, "weight", t.nn.Tanh()), "weight", t.ones(3, 3)), lambda t, P, m: P.ParametrizationList([], m.weight),
    lambda t, P, m: setattr(m, "weight", t.nn.Parameter(t.ones(3, 3))) or P.register_parametrization(m, "weight", symmetric(t)),
    lambda t, P, m: setattr(P.register_parametrization(m, "weight", symmetric(t)), "weight", t.nn.Parameter(t.ones(3, 3))),
    lambda t, P, m: t.nn.utils.parametrizations.weight_norm(t.nn.utils.parametrizations.weight_norm(m)),
    lambda t, P, m: t.nn.utils.remove_weight_norm(m), lambda t, P, m: t.nn.utils.remove_weight_norm(t.nn.utils.weight_norm(m)),
])  # fmt: skip
def test_parametrizations(f):
    def run(t):
        P, layer = t.nn.utils.parametrize, filled(t.nn.Linear(3, 3))
        layer = f(t, P, layer)
        state = [
            P.is_parametrized(layer),
            P.is_parametrized(layer, "weight"),
            P.type_before_parametrizations(layer) is t.nn.Linear,
        ]
        return [*state, list(layer.state_dict()), layer.weight.detach(), *[p.detach() for p in layer.parameters()], repr(layer)]

    same(run, tolerance=1e-5)


def test_printed():
    prints_the_same(lambda t: t.nn.utils.parametrizations.weight_norm(t.nn.Conv2d(2, 3, 2)))
