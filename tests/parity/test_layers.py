"""Every layer beside PyTorch's: value, gradients to second order, buffers, printed form, state and signature."""

import inspect
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from tests.layers import LAYERS, Drawing
from tests.parity.compare import prints_the_same, same

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore::UserWarning")]


FIRST_ORDER_ONLY = ("Hardsigmoid", "MultiMarginLoss", "MultiLabelMarginLoss")  # PyTorch lacks their second derivative


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
def test_layer(name, data):
    case = LAYERS[name](Drawing(lambda low, high: data.draw(st.integers(low, high))))
    tolerance = 1e-7 if name == "Hardsigmoid" else 1e-10  # PyTorch's derivative is 1/6 in float32
    same(case.run, *case.arrays(), tolerance=tolerance, second_order=name not in FIRST_ORDER_ONLY)
    prints_the_same(lambda t: case.build(t))
    prints_the_same(lambda t: {k: (tuple(v.shape), v.dtype) for k, v in case.build(t).state_dict().items()})


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
def test_layer_in_float32(name, data):
    case = LAYERS[name](Drawing(lambda low, high: data.draw(st.integers(low, high))))
    case.options = {k: v.astype(np.float32) if isinstance(v, np.ndarray) else v for k, v in case.options.items()}
    build = type(case).build
    case.build = lambda lib: build(case, lib).float()
    tolerance = 1e-4 if "Norm" in name else 1e-5  # PyTorch's own error for groups of two nearly equal values
    same(case.run, *case.arrays(np.float32), tolerance=tolerance, second_order=False)


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
def test_the_same_seed_gives_the_same_initial_state(name, data):
    case = LAYERS[name](Drawing(lambda low, high: data.draw(st.integers(low, high))))
    options = {k: v for k, v in case.options.items() if not isinstance(v, np.ndarray)}
    same(lambda t: list(getattr(t.nn, name)(**options).state_dict().values()), tolerance=1e-6)


@pytest.mark.parametrize("name", mt.nn.functional.__all__)
def test_function_signatures_are_a_subset_in_pytorchs_order(name):
    import torch

    theirs = getattr(torch.nn.functional, name)
    try:
        parameters = inspect.signature(theirs).parameters
        names = [p for p in parameters if p != "args"]
        defaults = {p: v.default for p, v in parameters.items()}
    except ValueError:  # written in C++: its documentation begins with the signature
        text = re.search(rf"{name}\((.*?)\) ->", theirs.__doc__).group(1)
        names = [part.split("=")[0].strip(" *") for part in text.split(",")]
        defaults = {p.split("=")[0].strip(): p.split("=")[1].strip() for p in text.split(",") if "=" in p}
    ours = inspect.signature(getattr(mt.nn.functional, name)).parameters
    positional = [p.name for p in ours.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    if names != ["kwargs"]:
        assert positional == names[: len(positional)]
    for p in ours.values():
        if p.name in defaults and p.default is not p.empty:
            theirs = defaults[p.name]
            assert theirs == p.default or theirs.strip("'\"") == str(p.default) or float(theirs) == p.default
