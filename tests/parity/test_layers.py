"""Every layer beside PyTorch's: value, gradients to second order, buffers, printed form, state and signature."""

import inspect
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from tests.layers import LAYERS, Drawing
from tests.misuse import ANOTHER_CLASS, LAYER_MISUSE
from tests.parity.compare import prints_the_same, same

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore::UserWarning")]


FIRST_ORDER_ONLY = (
    "Hardsigmoid",
    "MultiMarginLoss",
    "MultiLabelMarginLoss",
    "MultiheadAttention",
)  # PyTorch lacks their second derivative


@pytest.mark.parametrize("name", LAYERS)
@given(data=st.data())
def test_layer(name, data):
    case = LAYERS[name](Drawing(lambda low, high: data.draw(st.integers(low, high))))
    # PyTorch has 1/6 of Hardsigmoid in float32, and adds 1e-12 to the denominator of BCELoss's derivative
    tolerance = {"Hardsigmoid": 1e-7, "BCELoss": 1e-8}.get(name, 1e-10)
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
        text = re.search(rf"{name}\((.*?)\) ->", theirs.__doc__, re.S).group(1)
        names = [part.split("=")[0].strip(" *\n") for part in text.split(",")]
        defaults = {p.split("=")[0].strip(): p.split("=")[1].strip() for p in text.split(",") if "=" in p}
    ours = inspect.signature(getattr(mt.nn.functional, name)).parameters
    positional = [p.name for p in ours.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    if names != ["kwargs"]:
        assert positional == names[: len(positional)]
    for p in ours.values():
        if p.name in defaults and p.default is not p.empty:
            theirs = defaults[p.name]
            assert theirs == p.default or theirs.strip("'\"") == str(p.default) or float(eval(theirs)) == p.default


@pytest.mark.parametrize("code", [code for code, *_ in LAYER_MISUSE])
def test_refusals(code):
    def run(t):
        return eval(code, {"nn": t.nn, "F": t.nn.functional, "ones": t.ones, "zeros": t.zeros})

    same(run, loose_error=code in ANOTHER_CLASS)


def test_special_points():
    """Kinks, infinities, nothing, and all equal: where formulas go wrong."""
    special = np.array([0.0, -0.0, 3.0, -3.0, 6.0, 0.5, -0.5, 1.0, -1.0, 1000.0, -1000.0, np.inf, -np.inf])
    for name in (
        "relu6", "elu", "selu", "celu", "silu", "softplus", "softsign", "softshrink", "hardshrink", "tanhshrink", "hardtanh",
        "hardsigmoid", "hardswish", "logsigmoid", "leaky_relu", "gelu", "mish",
    ):  # fmt: skip
        same(lambda t, x, name=name: getattr(t.nn.functional, name)(x), special, second_order=False, tolerance=1e-7)
    for loss in ("mse_loss", "smooth_l1_loss", "huber_loss", "l1_loss"):
        same(
            lambda t, x, y, f=loss: getattr(t.nn.functional, f)(x, y, reduction="none"),
            special,
            np.zeros(13),
            second_order=False,
        )
    sure, target = np.array([0.0, 1.0, 0.0, 1.0, 0.5]), np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    same(
        lambda t, x, y: t.nn.functional.binary_cross_entropy(x, y.detach(), reduction="none"),
        sure,
        target,
        second_order=False,
        tolerance=1e-7,
    )
    far = np.array([500.0, -500.0, 0.0])
    same(lambda t, x: t.nn.functional.binary_cross_entropy_with_logits(x, t.ones_like(x)), far)
    same(lambda t, x: t.nn.functional.log_softmax(x, 0), np.array([np.inf, 1.0]), second_order=False)
    same(lambda t, x: t.nn.functional.normalize(x), np.zeros((2, 3)), second_order=False)
    same(lambda t, x, y: t.nn.functional.cosine_similarity(x, y), np.zeros((2, 3)), (2, 3), second_order=False)
    same(lambda t, x, y: t.nn.functional.cosine_similarity(x, y, dim=0), (2, 2), (2,))
    same(lambda t, x: t.nn.functional.kl_div(x, t.zeros_like(x), reduction="sum"), (3,))
    for name, shape in (("BatchNorm1d", (4, 2)), ("LayerNorm", (4, 2)), ("InstanceNorm1d", (1, 2, 5))):
        same(
            lambda t, x, name=name: getattr(t.nn, name)(2).double()(x),
            np.ones(shape),
            tolerance=1e-6,
        )


def test_nothing_is_returned_that_shares_memory_with_the_input():
    for f in (
        lambda t, x: t.nn.functional.interpolate(x, size=(2, 2), mode="bilinear"),
        lambda t, x: t.nn.functional.pad(x, (0, 0), mode="replicate"),
        lambda t, x: t.nn.functional.pixel_shuffle(x, 1),
        lambda t, x: t.nn.functional.unfold(x, 1),
        lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 2),
    ):
        same(lambda t, x, f=f: [f(t, x.detach()).zero_(), x], (1, 1, 2, 2), second_order=False)


def test_batch_statistics_over_several_steps():
    def run(t, x):
        seen = []
        for options in ({}, {"momentum": None}, {"track_running_stats": False}, {"affine": False, "momentum": 0.7}):
            layer = t.nn.BatchNorm2d(2, **options).double()
            for step in range(3):
                layer(x * (step + 1) + step)
            seen += [layer.eval()(x), *layer.buffers()]
        return seen

    same(run, (3, 2, 2, 2))


def test_embedding_options():
    numbers = np.array([[0, 2, 2], [1, 3, 0]])
    for options in ({"max_norm": 1.0}, {"max_norm": 1.0, "norm_type": np.inf}, {"max_norm": 0.5, "norm_type": 1.0}):
        same(lambda t, i, w, o=options: [t.nn.functional.embedding(i, w.detach(), **o), w], numbers, (4, 3), second_order=False)
    same(
        lambda t, i, w: t.nn.functional.embedding(i, w, scale_grad_by_freq=True, padding_idx=2),
        numbers,
        (4, 3),
        second_order=False,
    )
