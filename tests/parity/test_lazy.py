"""Lazy layers beside PyTorch's: before and after the first call."""

import pytest

from tests.parity.compare import prints_the_same, same
from tests.unit.test_lazy import CASES

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore::UserWarning")]


@pytest.mark.parametrize("name", CASES)
def test_lazy_layer(name):
    options, shape, _ = CASES[name]

    def run(t, x):
        layer = getattr(t.nn, f"Lazy{name}")(*options).double()
        return [layer(x), *layer.state_dict().values()]

    same(run, shape, second_order=False, tolerance=1e-6)

    def shown(t):
        layer = getattr(t.nn, f"Lazy{name}")(*options)
        before = [repr(layer), list(layer.state_dict()), repr(layer.weight)]
        layer(t.ones(shape))
        return [*before, repr(layer), type(layer).__name__]

    prints_the_same(shown)


@pytest.mark.parametrize("f", [
    lambda t: t.nn.LazyLinear(2).weight.shape, lambda t: t.nn.LazyLinear(2).weight + 1, lambda t: t.nn.LazyConv2d(2, 3)(t.ones(5, 5)), lambda t: t.nn.LazyConv2d(2, 3, groups=2)(t.ones(1, 3, 5, 5)),
    lambda t: t.nn.Linear(2, 2).load_state_dict(t.nn.LazyLinear(2).state_dict()), lambda t: t.nn.LazyLinear(),
])  # fmt: skip
def test_refusals(f):
    same(f)
