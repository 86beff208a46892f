"""Layers, losses, initial weights, optimizers and loaders, beside PyTorch."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from tests.parity.compare import prints_the_same, same

pytestmark = pytest.mark.parity

LAYERS = {
    "Linear(3, 2)": (4, 3), "Linear(3, 2, bias=False)": (2, 4, 3), "Linear(3, 1)": (3,), "Flatten()": (2, 3, 4), "Flatten(0, 1)": (2, 3, 4),
    "Identity()": (2,), "Sigmoid()": (3, 2), "Tanh()": (3, 2), "ReLU()": (3, 2), "ReLU(inplace=True)": None, "LeakyReLU()": (3, 2),
    "LeakyReLU(-0.2)": (3, 2), "PReLU()": (3, 2), "PReLU(4, init=0.1)": (2, 4, 3), "PReLU(1)": (3,), "RReLU()": (30, 2), "RReLU(0.1, 0.1)": (3, 2),
    "Softmax(1)": (3, 2), "Softmax(-1)": (3, 2, 2), "LogSoftmax(0)": (3, 2), "Conv1d(2, 3, 2)": (2, 2, 5), "Conv2d(2, 4, (3, 2), 2, 1)": (2, 2, 6, 5),
    "Conv2d(4, 4, 3, groups=2, dilation=2, bias=False)": (1, 4, 7, 6), "Conv3d(1, 2, 2, padding=(1, 0, 1))": (1, 1, 3, 3, 2), "Conv2d(2, 2, 1)": (2, 4, 4),
    "MaxPool1d(2)": (2, 3, 6), "MaxPool2d(2)": (2, 3, 6, 4), "MaxPool2d(3, 2, 1)": (2, 1, 6, 5), "MaxPool2d((2, 3), stride=(1, 2), dilation=2)": (1, 2, 7, 8),
    "MaxPool3d(2, 1)": (1, 2, 3, 3, 4), "MaxPool2d(2, ceil_mode=True)": (1, 2, 5, 7), "MaxPool2d(2, return_indices=True)": (2, 4, 4),
    "Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))": (5, 3), "ModuleList([nn.Linear(1, 2), nn.Linear(1, 2), nn.ReLU()])": None,
    "ModuleDict({'a': nn.Linear(1, 2), 'b': nn.Sequential(nn.ReLU())})": None, "Sequential()": (2,), "Sequential(nn.Sequential(nn.ReLU()))": (2,),
    "CrossEntropyLoss()": None, "NLLLoss()": None, "MSELoss()": None, "L1Loss(reduction='sum')": None, "Conv2d(3, 8, 3, 2, 1, 2)": None,
}  # fmt: skip


@pytest.mark.parametrize("code", LAYERS)
def test_layer(code):
    prints_the_same(lambda t: eval(f"nn.{code}", {"nn": t.nn}))
    prints_the_same(lambda t: eval(f"nn.{code}", {"nn": t.nn}).state_dict())
    if LAYERS[code] is not None:
        same(lambda t, x: eval(f"nn.{code}", {"nn": t.nn}).double()(x), LAYERS[code])
        same(lambda t, x: eval(f"nn.{code}", {"nn": t.nn})(x), np.zeros(LAYERS[code], np.float32) + 0.3, second_order=False)
        same(lambda t, x: eval(f"nn.{code}", {"nn": t.nn}).double().eval()(x), LAYERS[code])


@pytest.mark.parametrize("name", [n for n in mt.nn.__all__ if inspect.isclass(getattr(mt.nn, n))])
def test_signatures_are_a_subset_in_pytorchs_order(name):
    import torch

    def positional(cls):
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return {p.name: p.default for p in parameters if p.kind == p.POSITIONAL_OR_KEYWORD}, {
            p.name: p.default for p in parameters if p.kind == p.KEYWORD_ONLY
        }

    ours, ours_named = positional(getattr(mt.nn, name))
    theirs, theirs_named = positional(getattr(torch.nn, name))
    if name in ("Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer"):
        return
    if name in ("RNN", "LSTM", "GRU"):  # there they take *args, and pass them on
        theirs, theirs_named = positional(torch.nn.RNNBase)
        del theirs["mode"]
        if name == "RNN":
            theirs = dict([*list(theirs.items())[:3], ("nonlinearity", "tanh"), *list(theirs.items())[3:]])
    assert list(ours.items()) == list(theirs.items())[: len(ours)]
    for key, default in ours_named.items():
        assert {**theirs, **theirs_named}[key] == default


@given(data=st.data())
def test_convolution_of_any_geometry(data):
    from tests.drawing import Draw
    from tests.samples_of_windows import convolution_case

    window, groups, x, w, _ = convolution_case(Draw(lambda low, high: data.draw(st.integers(low, high))))
    padding = tuple(before for before, _ in window.padding)
    name = f"conv{window.rank}d"
    same(
        lambda t, x, w, b: getattr(t.nn.functional, name)(x, w, b, window.stride, padding, window.dilation, groups),
        x, w, (w[0],), tolerance=1e-8,
    )  # fmt: skip


@given(
    rank=st.integers(1, 3), kernel=st.integers(1, 3), stride=st.integers(1, 3), padding=st.integers(0, 1), dilation=st.integers(1, 2),
    ceil=st.booleans(), size=st.integers(1, 6),
)  # fmt: skip
def test_max_pooling_of_any_geometry(rank, kernel, stride, padding, dilation, ceil, size):
    def pool(t, x):
        layer = getattr(t.nn, f"MaxPool{rank}d")
        return layer(kernel, stride, padding, dilation, return_indices=True, ceil_mode=ceil)(x)

    same(pool, (1, 2, *(size + i for i in range(rank))))


def test_pooling_of_nan_and_infinity():
    x = np.full((1, 1, 4, 4), -np.inf)
    x[0, 0, 0, 1], x[0, 0, 3, 3] = np.nan, np.inf
    same(lambda t, x: t.nn.functional.max_pool2d(x, 2, padding=1, return_indices=True), x, second_order=False)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_losses(reduction):
    labels, kept = np.array([0, 2, 1, -100]), np.array([[0, 1], [2, 2], [1, -100], [0, 0]])
    weight = np.array([0.5, 2.0, 1.0])
    kw = {"reduction": reduction}
    for f in (
        lambda t, x, y: t.nn.functional.cross_entropy(x, y, **kw),
        lambda t, x, y: t.nn.functional.cross_entropy(x, y, t.from_numpy(weight), **kw),
        lambda t, x, y: t.nn.functional.cross_entropy(x, y, t.from_numpy(weight), label_smoothing=0.2, **kw),
        lambda t, x, y: t.nn.functional.cross_entropy(x, y, label_smoothing=0.2, ignore_index=2, **kw),
        lambda t, x, y: t.nn.functional.nll_loss(x, y, t.from_numpy(weight), **kw),
        lambda t, x, y: t.nn.NLLLoss(ignore_index=0, **kw)(x, y),
    ):
        same(f, (4, 3), labels)
        same(f, (4, 3, 2), kept)
    same(lambda t, x: t.nn.functional.cross_entropy(x, t.softmax(x * 2, 1), label_smoothing=0.1, **kw), (4, 3))
    same(lambda t, x: t.nn.functional.cross_entropy(x, t.softmax(x, 1), t.from_numpy(weight), **kw), (4, 3, 2))
    same(lambda t, x, y: t.nn.functional.mse_loss(x, y, **kw), (4, 3), (4, 3))
    same(lambda t, x, y: t.nn.L1Loss(**kw)(x, y), (4, 3), (4, 3))
    same(lambda t, x: t.nn.functional.cross_entropy(x, t.tensor(1), **kw), (3,))


@pytest.mark.parametrize(
    "f",
    [
        lambda t: t.nn.Linear(3, 2)(t.ones(2, 4)), lambda t: t.nn.Conv2d(3, 4, 3)(t.ones(1, 2, 5, 5)), lambda t: t.nn.Conv2d(1, 1, 3)(t.ones(1, 1, 2, 5)),
        lambda t: t.nn.Conv2d(1, 1, 3)(t.ones(5, 5)), lambda t: t.nn.Conv2d(3, 4, 3, groups=2), lambda t: t.nn.Conv2d(2, 3, 3, groups=2),
        lambda t: t.nn.Conv2d(1, 1, 3, stride=0)(t.ones(1, 1, 5, 5)), lambda t: t.nn.Conv2d(1, 1, 3, groups=0), lambda t: t.nn.Conv1d(1, 1, 2)(t.ones(1, 1, 4).long()),
        lambda t: t.nn.MaxPool2d(2, padding=2)(t.ones(1, 1, 4, 4)), lambda t: t.nn.MaxPool2d(5)(t.ones(1, 1, 4, 4)), lambda t: t.nn.MaxPool2d(2)(t.ones(4)),
        lambda t: t.nn.functional.nll_loss(t.ones(2, 3), t.tensor([0, 3])), lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.tensor([0])),
        lambda t: t.nn.functional.mse_loss(t.ones(2), t.ones(2), reduction="x"), lambda t: t.nn.functional.cross_entropy(t.ones(2, 3), t.tensor([0, 1]), label_smoothing=2.0),
        lambda t: t.nn.Linear(2, 2).load_state_dict({}), lambda t: t.nn.Linear(2, 2).load_state_dict({"weight": t.ones(3, 3), "bias": t.ones(2)}),
        lambda t: t.nn.Module()(1), lambda t: t.nn.Linear(2, 2).foo, lambda t: t.nn.Sequential(1), lambda t: t.nn.Module().register_parameter("a.b", None),
        lambda t: t.nn.Module().register_buffer("training", t.ones(1)), lambda t: t.nn.Module().register_parameter("a", t.ones(1)),
        lambda t: t.nn.PReLU(3)(t.ones(2, 4)), lambda t: t.nn.ModuleList([t.nn.ReLU()])[3], lambda t: t.nn.Module().train("yes"), lambda t: t.nn.ModuleDict()["a"],
        lambda t: t.optim.SGD([], lr=0.1), lambda t: t.optim.SGD(t.ones(1), lr=0.1), lambda t: t.optim.SGD([t.ones(1)], lr=-1), lambda t: t.optim.Adam([1]),
        lambda t: t.optim.SGD([t.ones(1)], lr=0.1, nesterov=True), lambda t: t.optim.Adam([t.ones(1)], betas=(1.0, 0.9)),
        lambda t: t.utils.data.DataLoader([1], batch_size=0), lambda t: t.utils.data.random_split([1, 2], [1, 2]), lambda t: t.utils.data.TensorDataset(t.ones(2), t.ones(3)),
        lambda t: t.nn.init.kaiming_uniform_(t.ones(2)), lambda t: t.nn.init.calculate_gain("x"), lambda t: t.nn.init.eye_(t.ones(2)),
    ],
)  # fmt: skip
def test_refusals(f):
    same(lambda t: f(t))


def test_assigning_before_init_is_refused():
    def build(t):
        class Net(t.nn.Module):
            def __init__(self):
                self.layer = t.nn.Linear(1, 1)

        return Net()

    same(build)


@pytest.mark.parametrize(
    "name",
    ["uniform_", "normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "zeros_", "ones_"],
)
def test_init(name):
    same(lambda t: getattr(t.nn.init, name)(t.empty(5, 4, 3)), tolerance=1e-6)
    same(lambda t: [t.nn.init.constant_(t.empty(2), 3.0), t.nn.init.eye_(t.empty(2, 3)), t.nn.init.dirac_(t.empty(4, 2, 3), 2)])
    same(lambda t: t.nn.init.kaiming_normal_(t.empty(5, 4), a=0.1, mode="fan_out"), tolerance=1e-6)
    same(lambda t: t.nn.init.orthogonal_(t.empty(3, 5)), tolerance=1e-4)


OPTIMIZERS = {
    "SGD": [{"lr": 0.1}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
            {"lr": 0.1, "momentum": 0.5, "dampening": 0.2, "maximize": True}],
    "Adam": [{}, {"lr": 0.05, "betas": (0.8, 0.9), "weight_decay": 0.1}, {"amsgrad": True, "eps": 1e-4, "fused": True},
             {"decoupled_weight_decay": True, "weight_decay": 0.2, "foreach": False}],
    "AdamW": [{"lr": 0.05}, {"weight_decay": 0.3, "amsgrad": True}],
    "RMSprop": [{}, {"lr": 0.02, "alpha": 0.9, "weight_decay": 0.1, "momentum": 0.5}, {"centered": True, "eps": 1e-4, "maximize": True}],
    "Adagrad": [{}, {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1}, {"initial_accumulator_value": 0.5, "eps": 1e-3, "maximize": True}],
    "Adadelta": [{}, {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1}, {"maximize": True, "foreach": True}],
    "Adamax": [{}, {"lr": 0.05, "betas": (0.8, 0.9), "weight_decay": 0.1}, {"maximize": True, "eps": 0.1}],
    "NAdam": [{}, {"lr": 0.05, "betas": (0.8, 0.9), "weight_decay": 0.1, "momentum_decay": 0.1}, {"maximize": True, "eps": 0.1},
              {"decoupled_weight_decay": True, "weight_decay": 0.2, "foreach": False}],
    "RAdam": [{}, {"lr": 0.05, "betas": (0.8, 0.9), "weight_decay": 0.1}, {"maximize": True, "eps": 0.1, "betas": (0.5, 0.6)},
              {"decoupled_weight_decay": True, "weight_decay": 0.2, "foreach": False}],
}  # fmt: skip


@pytest.mark.parametrize(("name", "options"), [(n, o) for n, each in OPTIMIZERS.items() for o in each])
def test_optimizer(name, options):
    def train(t):
        w, b = t.nn.Parameter(t.randn(20, dtype=t.float64)), t.nn.Parameter(t.ones(3, dtype=t.float64))
        optimizer = getattr(t.optim, name)([{"params": [w]}, {"params": b, "lr": 0.01}], **options)
        for _ in range(20):
            optimizer.zero_grad()
            ((w**4).sum() + (b.exp() * b).sum()).backward()
            optimizer.step()
        state = optimizer.state_dict()
        again = getattr(t.optim, name)([{"params": [w]}, {"params": b}], **options)
        again.load_state_dict(state)
        again.step()
        keys = sorted(state["state"].get(0, {}))
        return [w.detach(), b.detach(), keys, sorted(set(state["param_groups"][0]) & set(options))]

    same(train, tolerance=1e-7)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("name", [*OPTIMIZERS, "LBFGS"])
def test_optimizers_print_alike_and_their_states_have_the_same_keys(name, named):
    def build(t):
        p = t.nn.Parameter(t.ones(2))
        optimizer = getattr(t.optim, name)([("w", p) if named else p], lr=0.1)
        t.optim.lr_scheduler.StepLR(optimizer, 2)
        p.grad = t.ones(2)
        optimizer.step(lambda: (p.grad * 3).sum())
        return optimizer

    def states(t):
        state = build(t).state_dict()
        return [list(state["param_groups"][0]), str(state["param_groups"]), sorted(state["state"].get(0, {}))]

    prints_the_same(build)
    prints_the_same(lambda t: list(build(t).param_groups[0]))
    same(states)


LOSSES = [
    lambda a, b: ((1 - a) ** 2).sum() + 100 * ((b - a**2) ** 2).sum(),
    lambda a, b: (a**4).sum() * 0.3 + ((b - 2) ** 2 * (1 + a.sum() ** 2)).sum(),
    lambda a, b: (a.sin() + 0.1 * a * a).sum() + (b * b + 1).log().sum() + (a * b).sum().cos(),
]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("options", [
    {"lr": 0.01}, {"lr": 0.1, "history_size": 2, "max_iter": 4}, {"line_search_fn": "strong_wolfe", "max_iter": 4},
    {"line_search_fn": "strong_wolfe", "max_eval": 3, "tolerance_change": 1e-3}, {"tolerance_grad": 10.0},
    {"lr": 3, "line_search_fn": "strong_wolfe", "history_size": 1, "max_iter": 3},
])  # fmt: skip
def test_lbfgs(options, loss):
    def run(t, start, other):
        a, b = (t.nn.Parameter(x.detach().clone()) for x in (start, other))
        optimizer, seen = t.optim.LBFGS([a, b], **options), []

        def closure():
            optimizer.zero_grad()
            value = loss(a, b)
            value.backward()
            seen.append(value.item())
            return value

        for i in range(3):
            seen.append(optimizer.step(closure).item())
            if i == 1:
                state = optimizer.state_dict()
                optimizer = t.optim.LBFGS([a, b], **options)
                optimizer.load_state_dict(state)
        state = optimizer.state[a]
        counts = [state["func_evals"], state["n_iter"]]
        return [t.tensor(seen, dtype=t.float64), a.detach(), b.detach(), counts, sorted(set(state) - {"al"})]  # al is scratch

    same(run, (3,), (3,), tolerance=1e-5)


@pytest.mark.parametrize("f", [
    lambda t, p: t.optim.SGD([p], fused=True, foreach=True), lambda t, p: t.optim.SGD([p], fused=True, differentiable=True),
    lambda t, p: t.optim.SGD([{"params": {p}}]), lambda t, p: t.optim.SGD([{"params": [("a", p)]}, {"params": t.ones(1)}]),
    lambda t, p: t.optim.SGD([("a", p), t.ones(1)]), lambda t, p: t.optim.Adadelta([p], rho=1.5),
    lambda t, p: t.optim.Adadelta([p], lr=-1), lambda t, p: t.optim.Adamax([p], betas=(1.0, 0.9)),
    lambda t, p: t.optim.Adam([p], betas=(0, 0.9)), lambda t, p: t.optim.Adamax([p], betas=(0, 0.9)),
    lambda t, p: t.optim.LBFGS([{"params": p}, {"params": t.ones(1)}]), lambda t, p: t.optim.LBFGS([p], lr=-1),
    lambda t, p: t.optim.LBFGS([p]).step(), lambda t, p: [p.sum().backward(), t.optim.LBFGS([p], line_search_fn="armijo").step(p.sum)],
    lambda t, p: t.optim.NAdam([p], momentum_decay=-1.0), lambda t, p: t.optim.RAdam([p], betas=(0.9, 1.0)), lambda t, p: t.optim.NAdam([p], amsgrad=True),
    lambda t, p: t.optim.RMSprop([p], fused=True), lambda t, p: t.optim.SGD([p], capturable=True),
    lambda t, p: t.optim.Adam([p], capturable=True).step(lambda: setattr(p, "grad", t.ones(1))),
    lambda t, p: t.optim.LBFGS([p], maximize=True), lambda t, p: t.optim.AdamW([p], decoupled_weight_decay=True),
])  # fmt: skip
def test_optimizers_refuse(f):
    same(lambda t: str(type(f(t, t.nn.Parameter(t.ones(1))))).split(".")[-1])


SCHEDULES = {
    "StepLR": [{"step_size": 3}, {"step_size": 2, "gamma": 0.5}],
    "MultiStepLR": [{"milestones": [2, 5, 5], "gamma": 0.3}],
    "ExponentialLR": [{"gamma": 0.9}],
    "CosineAnnealingLR": [{"T_max": 5}, {"T_max": 4, "eta_min": 0.02}],
    "LambdaLR": [{"lr_lambda": lambda epoch: 0.95**epoch}, {"lr_lambda": [lambda e: 1 / (e + 1), lambda e: e * 0.1]}],
    "MultiplicativeLR": [{"lr_lambda": lambda e: 0.95}, {"lr_lambda": [lambda e: 1 / (e + 1), lambda e: e * 0.1]}],
    "ConstantLR": [{}, {"factor": 0.9, "total_iters": 9}],
    "LinearLR": [{}, {"start_factor": 0.1, "end_factor": 0.7, "total_iters": 9}, {"total_iters": 0}],
    "PolynomialLR": [{}, {"total_iters": 11, "power": 1.7}],
    "CosineAnnealingWarmRestarts": [{"T_0": 4}, {"T_0": 2, "T_mult": 2, "eta_min": 0.003}],
    "CyclicLR": [
        {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 3},
        {
            "base_lr": [0.01, 0.1],
            "max_lr": 0.2,
            "step_size_up": 2,
            "step_size_down": 3,
            "mode": "triangular2",
            "base_momentum": 0.5,
        },
        {"base_lr": 0.1, "max_lr": 0.2, "step_size_up": 4, "mode": "exp_range", "gamma": 0.8},
        {"base_lr": 0.1, "max_lr": 0.2, "step_size_up": 2, "scale_fn": lambda x: 1 / x, "cycle_momentum": False},
    ],
    "OneCycleLR": [
        {"max_lr": 0.3, "total_steps": 20},
        {"max_lr": [0.3, 0.1], "epochs": 5, "steps_per_epoch": 3, "three_phase": True},
        {
            "max_lr": 0.3,
            "total_steps": 14,
            "pct_start": 0.6,
            "anneal_strategy": "linear",
            "base_momentum": [0.3, 0.4],
            "div_factor": 3.0,
        },
    ],
}


@pytest.mark.parametrize(("name", "options"), [(n, o) for n, each in SCHEDULES.items() for o in each])
def test_schedule(name, options):
    def run(t):
        a, b = t.nn.Parameter(t.ones(1)), t.nn.Parameter(t.ones(1))
        optimizer = t.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.01}], lr=0.1, momentum=0.9)
        scheduler = getattr(t.optim.lr_scheduler, name)(optimizer, **options)
        seen = []
        for epoch in range(14):
            seen += [*scheduler.get_last_lr(), *(g[key] for g in optimizer.param_groups for key in ("lr", "momentum"))]
            optimizer.step()
            scheduler.step()
            if epoch == 7:
                state, of_optimizer = scheduler.state_dict(), optimizer.state_dict()
                optimizer = t.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.01}], lr=0.1, momentum=0.9)
                scheduler = getattr(t.optim.lr_scheduler, name)(optimizer, **options)
                scheduler.load_state_dict(state)
                optimizer.load_state_dict(of_optimizer)
        groups = [{key: value for key, value in g.items() if key != "params"} for g in optimizer.param_groups]
        return [t.tensor(seen, dtype=t.float64), groups]

    same(run)


COMPOSITIONS = [
    lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=3), s.CosineAnnealingLR(o, 5), s.StepLR(o, 2)], [3, 8]),
    lambda s, o: s.SequentialLR(o, [s.ConstantLR(o), s.CosineAnnealingWarmRestarts(o, 3), s.MultiplicativeLR(o, lambda e: 0.9)], [2, 9]),
    lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.5, total_iters=2), s.OneCycleLR(o, 0.2, 13)], [2]),
    lambda s, o: s.SequentialLR(o, [s.SequentialLR(o, [s.ConstantLR(o), s.ExponentialLR(o, 0.5)], [2]), s.PolynomialLR(o, 9)], [5]),
    lambda s, o: s.SequentialLR(o, [s.LinearLR(o, total_iters=0), s.ExponentialLR(o, 0.9)], [0]),
    lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.2, 4), s.ExponentialLR(o, 0.9), s.LinearLR(o, 0.3)]),
    lambda s, o: s.ChainedScheduler([s.SequentialLR(o, [s.ConstantLR(o), s.ExponentialLR(o, 0.5)], [2]), s.StepLR(o, 3)], o),
]  # fmt: skip


@pytest.mark.parametrize("compose", COMPOSITIONS)
@pytest.mark.filterwarnings("ignore")
def test_composed_schedules(compose):
    def run(t):
        def build():
            optimizer = t.optim.Adam(
                [{"params": t.nn.Parameter(t.ones(1))}, {"params": t.nn.Parameter(t.ones(1)), "lr": 0.01}], lr=0.1
            )
            return optimizer, compose(t.optim.lr_scheduler, optimizer)

        (optimizer, scheduler), seen = build(), []
        for epoch in range(14):
            seen += [*scheduler.get_last_lr(), *(v for g in optimizer.param_groups for v in (g["lr"], *g["betas"]))]
            optimizer.step()
            scheduler.step()
            if epoch == 6:
                states = optimizer.state_dict(), scheduler.state_dict()
                optimizer, scheduler = build()
                optimizer.load_state_dict(states[0])
                scheduler.load_state_dict(states[1])
        return t.tensor(seen, dtype=t.float64)

    same(run)


def test_cosine_restarts_between_epochs():
    def run(t):
        scheduler = t.optim.lr_scheduler.CosineAnnealingWarmRestarts(t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=0.1), 3, 2)
        seen = []
        for epoch in (0.3, 2.5, 3.0, 8.99, 9.0, 14.2, None, None, 1.5, None, None):
            scheduler.step(epoch)
            seen += [*scheduler.get_last_lr(), scheduler.last_epoch, scheduler.T_cur, scheduler.T_i]
        return t.tensor(seen, dtype=t.float64)

    same(run)


@pytest.mark.parametrize("options", [{}, {"patience": 1, "factor": 0.5}, {"mode": "max", "cooldown": 2, "patience": 0, "min_lr": 0.01},
                                     {"threshold": 0.3, "threshold_mode": "abs", "patience": 2}])  # fmt: skip
def test_reduce_on_plateau(options):
    def run(t):
        optimizer = t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=0.1)
        scheduler = t.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        seen = []
        for metric in [1.0, 0.9, 0.95, 0.9, 0.9, 0.91, 0.5, 0.5, 0.5, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]:
            scheduler.step(t.tensor(metric))
            seen += [optimizer.param_groups[0]["lr"], scheduler.best, scheduler.num_bad_epochs]
        return t.tensor(seen, dtype=t.float64)

    same(run)


@pytest.mark.parametrize("f", [
    lambda t, o: t.optim.lr_scheduler.StepLR(t.nn.Linear(1, 1), 2), lambda t, o: t.optim.lr_scheduler.StepLR(o, 2, last_epoch=3),
    lambda t, o: t.optim.lr_scheduler.LambdaLR(o, [lambda e: 1, lambda e: 1]), lambda t, o: t.optim.lr_scheduler.ReduceLROnPlateau(o, mode="low"),
    lambda t, o: t.optim.lr_scheduler.ReduceLROnPlateau(o, factor=1.0), lambda t, o: t.optim.lr_scheduler.LRScheduler(o),
    lambda t, o: t.optim.lr_scheduler.ReduceLROnPlateau(o, min_lr=[0.1, 0.2]), lambda t, o: t.optim.RMSprop([t.ones(1)], alpha=-1),
    lambda t, o: t.optim.lr_scheduler.StepLR(o, 2, verbose=True), lambda t, o: t.optim.lr_scheduler.ReduceLROnPlateau(o, verbose=True),
    lambda t, o: t.optim.lr_scheduler.ConstantLR(o, 1.5), lambda t, o: t.optim.lr_scheduler.LinearLR(o, 0.0),
    lambda t, o: t.optim.lr_scheduler.LinearLR(o, 0.5, 2.0), lambda t, o: t.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 0),
    lambda t, o: t.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 2, 0), lambda t, o: t.optim.lr_scheduler.CyclicLR(o, 0.1, 1.0, mode="a"),
    lambda t, o: t.optim.lr_scheduler.CyclicLR(t.optim.Adagrad([t.ones(1)]), 0.1, 1.0), lambda t, o: t.optim.lr_scheduler.CyclicLR(o, [1, 2], 1.0),
    lambda t, o: t.optim.lr_scheduler.OneCycleLR(o, 0.1), lambda t, o: t.optim.lr_scheduler.OneCycleLR(o, 0.1, 0),
    lambda t, o: t.optim.lr_scheduler.OneCycleLR(o, 0.1, 9, pct_start=1), lambda t, o: t.optim.lr_scheduler.OneCycleLR(o, 0.1, 9, anneal_strategy="a"),
    lambda t, o: t.optim.lr_scheduler.ChainedScheduler([]), lambda t, o: t.optim.lr_scheduler.SequentialLR(o, [], []),
    lambda t, o: t.optim.lr_scheduler.ChainedScheduler([t.optim.lr_scheduler.ReduceLROnPlateau(o)]),
    lambda t, o: t.optim.lr_scheduler.SequentialLR(o, [t.optim.lr_scheduler.StepLR(o, 2)], [3]),
    lambda t, o: t.optim.Adagrad([t.ones(1)], lr_decay=-1), lambda t, o: t.nn.utils.vector_to_parameters([1.0], []),
])  # fmt: skip
def test_schedules_refuse(f):
    same(lambda t: f(t, t.optim.SGD([t.nn.Parameter(t.ones(1))], lr=0.1)))


def test_a_schedule_before_the_optimizer_is_warned_about():
    for lib in (mt, __import__("torch")):
        scheduler = lib.optim.lr_scheduler.StepLR(lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=0.1), 1)
        with pytest.warns(UserWarning, match="before `optimizer.step"):
            scheduler.step()


@pytest.mark.parametrize("norm", [2.0, 1.0, np.inf])
def test_clipping_and_vectors(norm):
    def run(t, x, y):
        a, b = t.nn.Parameter(x.detach()), t.nn.Parameter(y.detach())
        (a.sum() * 3 + (b * b).sum()).backward()
        total = t.nn.utils.clip_grad_norm_([a, b], 1.5, norm)
        seen = [total, a.grad.clone(), b.grad.clone()]
        t.nn.utils.clip_grad_value_([a, b], 0.2)
        vector = t.nn.utils.parameters_to_vector([a, b])
        t.nn.utils.vector_to_parameters(t.arange(vector.numel()).to(vector.dtype), [a, b])
        return [*seen, a.grad, b.grad, vector.detach(), a.detach(), b.detach()]

    same(run, (2, 3), (4,), second_order=False)


def lenet(t):
    nn = t.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(8, 16), nn.PReLU(), nn.Linear(16, 4),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_the_same_training_gives_the_same_losses(name):
    """Seed, data, shuffling, initial weights, forward, backward and steps together, in float32."""

    def train(t):
        data = t.utils.data
        x, y = t.randn(96, 1, 8, 8), t.randint(0, 4, (96,))
        model = lenet(t)
        optimizer = getattr(t.optim, name)(model.parameters(), lr=0.01)
        parts = data.random_split(data.TensorDataset(x, y), [80, 16])
        losses = []
        for _ in range(4):
            for xb, yb in data.DataLoader(parts[0], batch_size=16, shuffle=True):
                loss = t.nn.functional.cross_entropy(model(xb), yb)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        return t.tensor(losses)

    same(train, tolerance=1e-4)


def test_loaders_and_splits_draw_the_same():
    def serve(t):
        data, seen = t.utils.data, []
        for options in (
            {},
            {"shuffle": True},
            {"shuffle": True, "generator": t.Generator().manual_seed(5)},
            {"drop_last": True},
        ):
            loader = data.DataLoader(range(11), batch_size=4, **options)
            seen += [batch for _ in range(2) for batch in loader] + [len(loader)]
        seen += [p.indices for p in data.random_split(range(10), [0.5, 0.3, 0.2])]
        seen.append(data.default_collate([(1, 2.5, {"a": t.ones(2)}), (3, 4.5, {"a": t.zeros(2)})][0:2])[:2])
        seen.append(t.rand(2))
        return seen

    same(serve)


def test_hooks_of_modules():
    def run(t, x):
        seen = []
        layer = t.nn.Linear(3, 2).double()
        layer.register_forward_pre_hook(lambda m, args: (args[0] * 2,))
        layer.register_forward_hook(lambda m, args, out: out + 1)
        layer.register_full_backward_hook(lambda m, gi, go: seen.append([gi[0], go[0]]))
        handle = layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 3,))
        y = layer(x)
        y.sum().backward(retain_graph=True)
        handle.remove()
        return [y, x.grad.clone(), *seen]

    same(run, (4, 3), second_order=False)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_frozen_inputs_still_call_backward_hooks():
    def run(t):
        seen = []
        layer = t.nn.Linear(3, 2)
        layer.register_full_backward_hook(lambda m, gi, go: seen.append([gi[0] is None, go[0]]))
        layer(t.ones(1, 3)).sum().backward()
        return seen

    same(run)


def test_a_name_that_is_set_anew_keeps_its_place():
    def run(t):
        net = t.nn.Sequential(t.nn.Linear(2, 3), t.nn.ReLU(), t.nn.Linear(3, 1))
        net[0] = t.nn.Linear(2, 3, bias=False)
        net[2].weight = t.nn.Parameter(t.ones(1, 3))
        return [list(net.state_dict()), [type(m).__name__ for m in net], net(t.ones(1, 2))]

    same(run)
    same(lambda t: setattr(t.nn.Linear(1, 1), "weight", t.nn.ReLU()))
    same(lambda t: list(t.nn.ModuleDict(t.nn.ModuleDict({"a": t.nn.ReLU()}))))


@pytest.mark.parametrize(
    "options",
    [{"momentum": 0.9, "weight_decay": 0.1}, {"momentum": 0.9, "maximize": True}, {"nesterov": True, "momentum": 0.5}],
)
def test_optimizers_of_single_numbers(options):
    def run(t):
        p = t.tensor(1.0, requires_grad=True)
        optimizer = t.optim.SGD([p], lr=0.1, **options)
        seen = []
        for _ in range(4):
            p.grad = t.tensor(1.0)
            optimizer.step()
            seen.append(p.item())
        return t.tensor(seen)

    same(run, tolerance=1e-6)


def test_state_takes_the_type_of_its_parameter():
    def run(t):
        old, new = t.nn.Parameter(t.ones(2)), t.nn.Parameter(t.ones(2).double())
        first, second = t.optim.Adam([old]), t.optim.Adam([new])
        old.grad = t.ones(2)
        first.step()
        second.load_state_dict(first.state_dict())
        return [second.state[new][key] for key in ("step", "exp_avg", "exp_avg_sq")]

    same(run, tolerance=1e-6)


def test_what_is_ignored_does_not_count():
    ignored = np.array([-100, -100])
    same(lambda t, x, y: t.nn.functional.cross_entropy(x, y), (2, 3), ignored, second_order=False)
    same(lambda t, x, y: t.nn.functional.cross_entropy(x, y, label_smoothing=0.1), (2, 3), ignored, second_order=False)
    rows = np.array([[np.nan, -1.0], [-2.0, -1.0], [-np.inf, 0.0]])
    same(lambda t, x, y: t.nn.functional.nll_loss(x, y), rows, np.array([-100, 1, -100]), second_order=False)


@pytest.mark.parametrize("n", [3, 16, 17, 31, 33, 50, 1001])
def test_half_precision_draws(n):
    kind = {"tolerance": 1e-3}
    same(
        lambda t: [
            t.rand(n, dtype=t.float16),
            t.randn(n, dtype=t.float16),
            t.rand(3),
            t.empty(n, dtype=t.float16).uniform_(-1, 3),
        ],
        **kind,
    )


@pytest.mark.parametrize(
    "f",
    [
        lambda t: t.randint(0, 300, (2,), dtype=t.int8), lambda t: t.randperm(129, dtype=t.int8), lambda t: t.nn.Linear(1, 1).to(t.int64),
        lambda t: t.nn.init.trunc_normal_(t.empty(3), a=2.0, b=1.0), lambda t: t.nn.functional.relu(np.ones(2)), lambda t: t.nn.functional.linear(t.ones(2), 3),
        lambda t: t.nn.functional.softmax(t.ones(2).long(), 0), lambda t: t.nn.functional.nll_loss(t.ones(2, 3), t.tensor([0, 1]).int()),
        lambda t: t.nn.functional.max_pool2d(t.ones(1, 1, 4, 4), 2, 0), lambda t: t.optim.SGD(t.nn.Linear(1, 1), lr=0.1), lambda t: len(t.utils.data.Dataset()),
        lambda t: t.nn.functional.conv2d(t.ones(1, 1, 3, 3), t.ones(1, 1, 2, 2), t.ones(1).double()), lambda t: t.nn.functional.conv2d(t.ones(1, 1, 3, 3), 3),
    ],
)  # fmt: skip
def test_further_refusals(f):
    same(lambda t: f(t))


def test_empty_batches_and_empty_layers():
    same(lambda t, x: t.nn.Conv2d(2, 4, 3, groups=2).double()(x), (0, 2, 5, 5))
    same(lambda t, x: t.nn.functional.max_pool2d(x, 2), (0, 2, 4, 4))
    same(lambda t, x: t.nn.Linear(3, 2).double()(x), (0, 3))


@pytest.mark.parametrize("bounds", [(-2.0, 2.0), (2.0, 3.0), (-0.1, 0.2)])
def test_truncated_normal_values_are_within_their_bounds(bounds):
    x = mt.nn.init.trunc_normal_(mt.empty(1000), 0.0, 1.0, *bounds)
    assert bounds[0] <= x.min().item() <= x.max().item() <= bounds[1]
    assert 0.02 * (bounds[1] - bounds[0]) < x.std().item()


def test_lists_and_dicts_of_parameters():
    def lists(t):
        listed = t.nn.ParameterList([t.ones(2, 3), "word", t.ones(()).double()])
        named = t.nn.ParameterDict({"b": t.ones(2), "a": 3, "c": t.zeros(2, 1).double()})
        return [
            listed,
            named,
            t.nn.ParameterList(),
            t.nn.ParameterDict({"b": t.ones(2)}),
            list(listed.state_dict()),
            list(named.state_dict()),
        ]

    prints_the_same(lists)


def test_options_of_hooks():
    def run(t, x):
        class Scaled(t.nn.Module):
            def forward(self, x, factor=1.0):
                if factor == 0:
                    raise ValueError("a factor of nothing")
                return x * factor

        layer, seen = Scaled(), []
        layer.register_forward_pre_hook(lambda m, args, kwargs: (args, {"factor": kwargs["factor"] + 1}), with_kwargs=True)
        layer.register_forward_pre_hook(lambda m, args: seen.append("first"), prepend=True)
        layer.register_forward_hook(lambda m, args, out: seen.append("second"))
        layer.register_forward_hook(
            lambda m, args, kwargs, out: seen.append((kwargs["factor"], out is None)),
            with_kwargs=True,
            always_call=True,
            prepend=True,
        )
        layer.register_full_backward_pre_hook(lambda m, grads: (grads[0] * 3,))
        layer.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append(grad_out[0].sum().item()))
        layer.register_full_backward_hook(lambda m, grad_in, grad_out: (grad_in[0] * 2,), prepend=True)
        leaf = x.detach().requires_grad_()
        layer(leaf, factor=2.0).sum().backward()
        with pytest.raises(ValueError, match="nothing"):
            layer(leaf, factor=-1.0)
        return [seen, leaf.grad]

    same(run, (3,))


@pytest.mark.parametrize("f", [
    lambda t: t.nn.Linear(1, 2).get_parameter("x"), lambda t: t.nn.Linear(1, 2).get_buffer("weight"), lambda t: t.nn.BatchNorm1d(2).get_parameter("running_mean"),
    lambda t: [t.nn.Linear(1, 2).get_parameter("weight").shape, t.nn.BatchNorm1d(2).get_buffer("running_mean")],
])  # fmt: skip
def test_members_by_name(f):
    same(f)


@pytest.mark.parametrize("name", ["celu_", "elu_", "hardtanh_", "leaky_relu_", "relu_", "selu_", "threshold_"])
def test_functions_in_place(name):
    args = (0.5, 2.0) if name == "threshold_" else ()
    same(lambda t, x: getattr(t.nn.functional, name)(x * 1, *args), (3, 4))
    prints_the_same(lambda t: [t.nn.DataParallel(t.nn.Linear(1, 2)), list(t.nn.DataParallel(t.nn.Linear(1, 2)).state_dict())])


@pytest.mark.parametrize("schedule", [
    lambda s, o: s.StepLR(o, 2, 0.5), lambda s, o: s.LambdaLR(o, lambda e: 0.5**e), lambda s, o: s.CosineAnnealingLR(o, 5), lambda s, o: s.OneCycleLR(o, 0.5, 10), lambda s, o: s.CyclicLR(o, 0.1, 0.5, 3),
    lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.5, total_iters=2), s.ExponentialLR(o, 0.5)], [3]), lambda s, o: s.ReduceLROnPlateau(o, patience=0), lambda s, o: s.CosineAnnealingWarmRestarts(o, 3),
])  # fmt: skip
def test_a_tensor_as_learning_rate_is_read_in_each_step(schedule):
    def train(t):
        p, rate = t.ones(2, dtype=t.float64, requires_grad=True), t.tensor(0.25, dtype=t.float64)
        optimizer = t.optim.SGD([p], lr=rate, momentum=0.5)
        scheduler, seen = schedule(t.optim.lr_scheduler, optimizer), []
        for epoch in range(6):
            optimizer.zero_grad()
            (p**2).sum().backward()
            optimizer.step()
            scheduler.step(*[1.0] if isinstance(scheduler, t.optim.lr_scheduler.ReduceLROnPlateau) else [])
            if epoch == 3:
                rate.mul_(0.1)
            seen += [p.detach().clone(), rate.clone(), scheduler.get_last_lr()]
        return [*seen, optimizer.param_groups[0]["lr"] is rate]

    same(train)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam"])
def test_optimizers_with_a_tensor_as_learning_rate(name):
    def train(t):
        p, rate = t.ones(2, dtype=t.float64, requires_grad=True), t.tensor(0.25, dtype=t.float64)
        optimizer, seen = getattr(t.optim, name)([p], lr=rate), []

        def closure():
            optimizer.zero_grad()
            loss = (p**4).sum()
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
            rate.mul_(0.5)
            seen.append(p.detach().clone())
        return seen

    same(train)
    same(lambda t: getattr(t.optim, name)([t.ones(1, requires_grad=True)], lr=t.ones(2)), loose_error=True)


@pytest.mark.parametrize("foreach", [None, True, False])
def test_clipping_takes_foreach(foreach):
    def clip(t, x, y):
        p, q = x.detach().requires_grad_(), y.detach().requires_grad_()
        ((p**2).sum() + (q**3).sum()).backward()
        norm = t.nn.utils.clip_grad_norm_([p, q], 2.0, foreach=foreach)
        t.nn.utils.clip_grad_value_([p, q], 0.5, foreach=foreach)
        return [norm, p.grad, q.grad]

    same(clip, (2, 3), (4,))


def test_fans_under_their_name():
    same(lambda t: [t.nn.init._calculate_fan_in_and_fan_out(t.ones(s)) for s in ((2, 3), (4, 3, 5, 2))])
