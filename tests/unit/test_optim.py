"""Optimizers and schedules beside their rules in plain Python floats, over drawn options, also resumed from state dicts."""

import copy
import inspect
import itertools
import math
import random
import re
import struct

import pytest

import minitorch as mt
from minitorch import nn, optim

schedules = optim.lr_scheduler
STEPS, MIDDLE = 20, 9


def parameter(*values, **options):
    return mt.tensor(list(values), dtype=mt.float64, requires_grad=True, **options)


# ---- optimizers: the rule of each for one number -----------------------------------------------------------------------


def sgd(s, g, t, o):
    if o["momentum"]:
        s["v"] = g if t == 1 else o["momentum"] * s["v"] + (1 - o["dampening"]) * g
        g = g + o["momentum"] * s["v"] if o["nesterov"] else s["v"]
    return o["lr"] * g


def adam(s, g, t, o):
    b1, b2 = o["betas"]
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g * g
    s["top"] = max(s.get("top", 0), s["v"])
    v = (s["top"] if o["amsgrad"] else s["v"]) / (1 - b2**t)
    return o["lr"] * s["m"] / (1 - b1**t) / (math.sqrt(v) + o["eps"])


def rmsprop(s, g, t, o):
    a = o["alpha"]
    s["v"] = a * s.get("v", 0) + (1 - a) * g * g
    s["m"] = a * s.get("m", 0) + (1 - a) * g
    step = g / (math.sqrt(s["v"] - (s["m"] ** 2 if o["centered"] else 0)) + o["eps"])
    s["b"] = o["momentum"] * s.get("b", 0) + step
    return o["lr"] * s["b"]


def adagrad(s, g, t, o):
    s["sum"] = s.get("sum", o["initial_accumulator_value"]) + g * g
    return o["lr"] / (1 + (t - 1) * o["lr_decay"]) * g / (math.sqrt(s["sum"]) + o["eps"])


def adadelta(s, g, t, o):
    rho, eps = o["rho"], o["eps"]
    s["v"] = rho * s.get("v", 0) + (1 - rho) * g * g
    d = math.sqrt(s.get("u", 0) + eps) / math.sqrt(s["v"] + eps) * g
    s["u"] = rho * s.get("u", 0) + (1 - rho) * d * d
    return o["lr"] * d


def adamax(s, g, t, o):
    b1, b2 = o["betas"]
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["u"] = max(b2 * s.get("u", 0), abs(g) + o["eps"])
    return o["lr"] / (1 - b1**t) * s["m"] / s["u"]


def nadam(s, g, t, o):
    b1, b2 = o["betas"]
    mu, after = (b1 * (1 - 0.5 * 0.96 ** (k * o["momentum_decay"])) for k in (t, t + 1))
    s["product"] = single(s.get("product", 1.0) * single(mu))  # kept in float32, as the state is
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g * g
    mean = (1 - mu) * g / (1 - s["product"]) + after * s["m"] / (1 - s["product"] * after)
    return o["lr"] * mean / (math.sqrt(s["v"] / (1 - b2**t)) + o["eps"])


def single(x):
    """A number rounded to float32."""
    return struct.unpack("f", struct.pack("f", x))[0]


def radam(s, g, t, o):
    b1, b2 = o["betas"]
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g * g
    limit = 2 / (1 - b2) - 1
    length = limit - 2 * t * b2**t / (1 - b2**t)
    mean = s["m"] / (1 - b1**t)
    if length <= 5:
        return o["lr"] * mean
    r = math.sqrt((length - 4) / (limit - 4) * (length - 2) / (limit - 2) * limit / length)
    return o["lr"] * r * mean * math.sqrt(1 - b2**t) / (math.sqrt(s["v"]) + o["eps"])


RULES = {
    "SGD": (sgd, {"momentum": [0, 0.9], "dampening": [0, 0.3], "nesterov": [False, True]}),
    "Adam": (adam, {"betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 0.1], "amsgrad": [False, True],
                    "decoupled_weight_decay": [False, True]}),
    "AdamW": (adam, {"betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 0.1], "amsgrad": [False, True]}),
    "RMSprop": (rmsprop, {"alpha": [0.99, 0.5], "eps": [1e-2, 0.1], "momentum": [0, 0.7], "centered": [False, True]}),
    "Adagrad": (adagrad, {"lr_decay": [0, 0.2], "initial_accumulator_value": [0, 0.5], "eps": [1e-10, 0.1]}),
    "Adadelta": (adadelta, {"rho": [0.9, 0.3], "eps": [1e-6, 0.01]}),
    "Adamax": (adamax, {"betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 0.1]}),
    "NAdam": (nadam, {"betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 0.1], "momentum_decay": [4e-3, 0.5],
                      "decoupled_weight_decay": [False, True]}),
    "RAdam": (radam, {"betas": [(0.9, 0.999), (0.5, 0.8)], "eps": [1e-8, 0.1], "decoupled_weight_decay": [False, True]}),
}  # fmt: skip


def drawn(name, source):
    options = {key: source.choice(values) for key, values in RULES[name][1].items()}
    options |= {"lr": source.choice([0.3, 0.01]), "weight_decay": source.choice([0, 0.2]), "maximize": source.random() < 0.5}
    if options["maximize"]:
        options["lr"] = 0.01  # the loss has no upper bound
    if options.get("nesterov"):
        options |= {"momentum": 0.8, "dampening": 0}
    return options


def slope(x):
    """The derivative of the loss x^4 / 4 + sin x."""
    return x**3 + math.cos(x)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", RULES)
def test_an_optimizer_follows_its_rule_also_resumed(name, seed):
    source = random.Random(seed)
    options = drawn(name, source)
    start = [source.uniform(-1, 1) for _ in range(3)]
    expected = []
    for x in start:
        state = {}
        for t in range(1, STEPS + 1):
            g = -slope(x) if options["maximize"] else slope(x)
            if name == "AdamW" or options.get("decoupled_weight_decay"):
                x *= 1 - options["lr"] * options["weight_decay"]
            else:
                g += options["weight_decay"] * x
            x -= RULES[name][0](state, g, t, options)
        expected.append(x)

    p = parameter(*start)
    optimizer = getattr(optim, name)([("p", p)], **options)
    for t in range(STEPS):
        if t == MIDDLE:
            saved, p = copy.deepcopy(optimizer.state_dict()), parameter(*p.tolist())
            optimizer = getattr(optim, name)([p])
            optimizer.load_state_dict(saved)
            assert optimizer.param_groups[0]["param_names"] == ["p"]
        optimizer.zero_grad()
        (p**4 / 4 + p.sin()).sum().backward()
        optimizer.step()
    assert p.tolist() == pytest.approx(expected, rel=1e-9)


BETAS = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0}
DEFAULTS = {
    "SGD": {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False, "maximize": False},
    "Adam": {"lr": 1e-3, **BETAS, "amsgrad": False, "maximize": False, "decoupled_weight_decay": False},
    "AdamW": {"lr": 1e-3, **BETAS, "weight_decay": 1e-2, "amsgrad": False, "maximize": False},
    "RMSprop": {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0, "momentum": 0, "centered": False, "maximize": False},
    "Adagrad": {"lr": 1e-2, "lr_decay": 0, "weight_decay": 0, "initial_accumulator_value": 0, "eps": 1e-10, "maximize": False},
    "Adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0, "maximize": False},
    "Adamax": {"lr": 2e-3, **BETAS, "maximize": False},
    "NAdam": {"lr": 2e-3, **BETAS, "momentum_decay": 4e-3, "decoupled_weight_decay": False, "maximize": False},
    "RAdam": {"lr": 1e-3, **BETAS, "decoupled_weight_decay": False, "maximize": False},
    "LBFGS": {"lr": 1, "max_iter": 20, "max_eval": None, "tolerance_grad": 1e-7, "tolerance_change": 1e-9, "history_size": 100,
              "line_search_fn": None},
}  # fmt: skip


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_are_pytorchs(name):
    parameters = inspect.signature(getattr(optim, name)).parameters.values()
    implementation = ("foreach", "fused", "capturable", "differentiable")
    found = {p.name: p.default for p in parameters if p.name not in ("params", *implementation)}
    assert found == DEFAULTS[name]
    if name != "LBFGS":
        group = getattr(optim, name)([parameter(1.0)]).param_groups[0]
        assert {key: group[key] for key in found} == DEFAULTS[name]


@pytest.mark.parametrize("name", [*RULES, "LBFGS"])
def test_a_loaded_state_is_a_copy(name):
    def step(optimizer, p):
        def closure():
            p.grad = None
            loss = (p**4).sum()
            loss.backward()
            return loss

        optimizer.step(closure)

    p, options = parameter(1.0, -2.0), {"momentum": 0.9} if name == "SGD" else {}
    first = getattr(optim, name)([p], lr=0.01, **options)
    step(first, p)
    saved, before = first.state_dict(), repr(first.state_dict())
    other = parameter(*p.tolist())
    second = getattr(optim, name)([other], lr=0.5, **options)
    second.load_state_dict(saved)
    step(second, other)
    assert repr(first.state_dict()) == before
    step(first, p)
    assert p.tolist() == other.tolist()


def test_a_step_counts_as_a_change():
    for name in RULES:
        p = parameter(1.0)
        optimizer = getattr(optim, name)([p])
        y = p * p
        y.backward(retain_graph=True)
        optimizer.step()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.backward()


@pytest.mark.parametrize("name", [*RULES, "LBFGS"])
def test_half_precision_and_parameters_without_gradient(name):
    p, idle = mt.ones(2, dtype=mt.float16, requires_grad=True), mt.ones(1, requires_grad=True)
    optimizer = getattr(optim, name)([p, idle], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p.float() ** 2).sum()
        loss.backward()
        return loss

    first = optimizer.step(closure)
    assert closure() < first
    assert p.dtype is mt.float16
    assert idle.item() == 1


@pytest.mark.parametrize("dtype", [mt.float16, mt.float64])
def test_the_product_of_nadam_stays_in_float32(dtype):
    p = mt.tensor(1.0, dtype=dtype, requires_grad=True)
    p.grad = mt.ones_like(p)
    optimizer = optim.NAdam([p])
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()
    state = optimizer.state[p]
    assert [state[key].dtype for key in ("step", "mu_product", "exp_avg")] == [mt.float32, mt.float32, dtype]
    assert state["mu_product"].item() == pytest.approx(0.81 * (1 - 0.5 * 0.96**0.004) * (1 - 0.5 * 0.96**0.008), rel=1e-6)


# ---- L-BFGS ------------------------------------------------------------------------------------------------------------


def minimize(loss, p, calls=1, **options):
    optimizer = optim.LBFGS([p] if isinstance(p, mt.Tensor) else p, **options)

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    return optimizer, [optimizer.step(closure).item() for _ in range(calls)]


def lbfgs_by_lists(gradient, x, lr, steps, history):
    """L-BFGS with a fixed step for a list of numbers. The inverse Hessian is a matrix here: BFGS updates from its scale on."""
    n, pairs, t, before = len(x), [], lr, None
    g = gradient(x)
    for k in range(steps):
        if k == 0:
            d, t = [-v for v in g], lr * min(1, 1 / sum(map(abs, g)))
        else:
            s, y = [t * v for v in d], [a - b for a, b in zip(g, before, strict=True)]
            sy = sum(a * b for a, b in zip(s, y, strict=True))
            if sy > 1e-10:
                pairs, scale = [*pairs, (s, y, sy)][-history:], sy / sum(v * v for v in y)
            h = [[scale * (i == j) for j in range(n)] for i in range(n)]
            for s, y, sy in pairs:  # h = (1 - s y' / sy) h (1 - y s' / sy) + s s' / sy
                left = [[(i == j) - s[i] * y[j] / sy for j in range(n)] for i in range(n)]
                lh = [[sum(left[i][k] * h[k][j] for k in range(n)) for j in range(n)] for i in range(n)]
                h = [[sum(lh[i][k] * left[j][k] for k in range(n)) + s[i] * s[j] / sy for j in range(n)] for i in range(n)]
            d, t = [-sum(h[i][j] * g[j] for j in range(n)) for i in range(n)], lr
        x, before = [a + t * b for a, b in zip(x, d, strict=True)], g
        g = gradient(x)
    return x


@pytest.mark.parametrize("seed", range(6))
def test_lbfgs_takes_the_steps_of_bfgs(seed):
    source = random.Random(seed)
    start = [source.uniform(-1, 1) for _ in range(3)]
    lr, history = source.choice([0.1, 0.5, 1]), source.choice([1, 2, 100])
    expected = lbfgs_by_lists(lambda x: [(i + 1) * v + v**3 for i, v in enumerate(x)], start, lr, 8, history)
    w = mt.tensor([1.0, 2.0, 3.0], dtype=mt.float64)
    p = parameter(*start)
    options = {"lr": lr, "max_iter": 4, "max_eval": 100, "history_size": history, "tolerance_grad": 0, "tolerance_change": 0}
    optimizer, _ = minimize(lambda: (w * p**2 / 2 + p**4 / 4).sum(), p, **options)
    saved, p = copy.deepcopy(optimizer.state_dict()), parameter(*p.tolist())
    optimizer = optim.LBFGS([p])
    optimizer.load_state_dict(saved)

    def closure():
        optimizer.zero_grad()
        loss = (w * p**2 / 2 + p**4 / 4).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert p.tolist() == pytest.approx(expected, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("lr", [1e-4, 0.1, 1, 7, 50, 3000])  # the search widens its interval, or narrows it
def test_strong_wolfe_meets_both_conditions(lr):
    for start in (-3.0, -1.2, 0.3, 5.0, 40.0):
        p = parameter(start, 2.0)
        seen = []

        def loss(p=p, seen=seen):
            value = (p[0] - 1) ** 4 / 4 + p[0].cos() + (p[1] - p[0]) ** 2
            seen.append(p.detach().clone())
            return value

        optimizer, (before,) = minimize(loss, p, lr=lr, max_iter=1, max_eval=60, line_search_fn="strong_wolfe")
        x0, x1 = start, 2.0
        g0 = [(x0 - 1) ** 3 - math.sin(x0) - 2 * (x1 - x0), 2 * (x1 - x0)]
        t = optimizer.state[p]["t"]
        assert p.tolist() == pytest.approx([x0 - t * g0[0], x1 - t * g0[1]])
        y0, y1 = p.tolist()
        g = [(y0 - 1) ** 3 - math.sin(y0) - 2 * (y1 - y0), 2 * (y1 - y0)]
        slope_before, slope_after = -sum(v * v for v in g0), -sum(a * b for a, b in zip(g, g0, strict=True))
        after = (y0 - 1) ** 4 / 4 + math.cos(y0) + (y1 - y0) ** 2
        assert after <= before + 1e-4 * t * slope_before
        assert abs(slope_after) <= 0.9 * abs(slope_before)
        assert len(seen) == optimizer.state[p]["func_evals"]


def test_a_search_without_evaluations_left_takes_the_best_point():
    p = parameter(1.0)
    optimizer, _ = minimize(lambda: p.pow(2).sum(), p, lr=1000, max_iter=1, max_eval=1, line_search_fn="strong_wolfe")
    assert (p.tolist(), optimizer.state[p]["t"], optimizer.state[p]["func_evals"]) == ([1.0], 0.0, 2)


def test_lbfgs_stops_where_nothing_is_to_gain():
    for options, iterations in (({"max_iter": 0}, 0), ({"tolerance_change": 1e9}, 1), ({"tolerance_grad": 2.5}, 0)):
        p = parameter(1.0)
        optimizer, losses = minimize(lambda p=p: p.pow(2).sum(), p, **options)
        assert (p.tolist(), losses, optimizer.state[p]["func_evals"]) == ([1.0], [1.0], 1)
        assert optimizer.state[p]["n_iter"] == iterations


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_solves_least_squares_over_several_parameters(search):
    mt.manual_seed(0)
    x = mt.randn(20, 3, dtype=mt.float64)
    w, b = mt.zeros(3, 1, dtype=mt.float64, requires_grad=True), parameter(0.0)
    y = x @ mt.tensor([[1.0], [-2.0], [0.5]], dtype=mt.float64) + 3
    minimize(lambda: ((x @ w + b - y) ** 2).mean(), [w, b], 3, line_search_fn=search, tolerance_change=1e-14)
    assert [*w.flatten().tolist(), b.item()] == pytest.approx([1, -2, 0.5, 3], abs=1e-5)


def test_a_closure_that_fails_in_the_line_search_leaves_the_parameters():
    p = parameter(5.0)
    values = iter([1])

    def loss():
        next(values)
        return (p**2).sum()

    with pytest.raises((StopIteration, RuntimeError)):
        minimize(loss, p, line_search_fn="strong_wolfe")
    assert p.tolist() == [5.0]


# ---- schedules: the learning rate of each epoch in closed form ---------------------------------------------------------


def cyclic(o, epoch):
    """Learning rate and momentum of CyclicLR."""
    up, down = o["step_size_up"], o.get("step_size_down") or o["step_size_up"]
    cycle, place = divmod(epoch, up + down)
    height = place / up if place <= up else (up + down - place) / down
    height *= {"triangular": 1, "triangular2": 0.5**cycle, "exp_range": o.get("gamma", 1) ** epoch}[o.get("mode", "triangular")]
    return o["base_lr"] + (o["max_lr"] - o["base_lr"]) * height, 0.9 - (0.9 - 0.8) * height


def one_cycle(o, epoch):
    """Learning rate and momentum of OneCycleLR."""
    n, rise = o["total_steps"], o.get("pct_start", 0.3) * o["total_steps"] - 1
    first = o["max_lr"] / 25
    corners = [(0, first, 0.95), (rise, o["max_lr"], 0.85), (n - 1, first / 1e4, 0.95)]
    if o.get("three_phase"):
        corners.insert(2, (2 * rise, first, 0.95))
    for (a, lr, m), (b, next_lr, next_m) in itertools.pairwise(corners):
        if epoch <= b:
            share = (epoch - a) / (b - a)
            share = share if o.get("anneal_strategy") == "linear" else (1 - math.cos(math.pi * share)) / 2
            return lr + (next_lr - lr) * share, m + (next_m - m) * share
    raise AssertionError(epoch)


def restarts(o, epoch):
    length = o["T_0"]
    while epoch >= length:
        epoch, length = epoch - length, length * o.get("T_mult", 1)
    return o.get("eta_min", 0) + (0.1 - o.get("eta_min", 0)) * (1 + math.cos(math.pi * epoch / length)) / 2


CASES = [
    ("StepLR", {"step_size": 3}, lambda e: 0.1 * 0.1 ** (e // 3)),
    ("StepLR", {"step_size": 5, "gamma": 0.5}, lambda e: 0.1 * 0.5 ** (e // 5)),
    ("MultiStepLR", {"milestones": [2, 3, 3, 11], "gamma": 0.5}, lambda e: 0.1 * 0.5 ** sum(m <= e for m in [2, 3, 3, 11])),
    ("MultiStepLR", {"milestones": [4]}, lambda e: 0.1 if e < 4 else 0.01),
    ("ExponentialLR", {"gamma": 0.8}, lambda e: 0.1 * 0.8**e),
    ("LambdaLR", {"lr_lambda": lambda e: 1 / (1 + e)}, lambda e: 0.1 / (1 + e)),
    ("CosineAnnealingLR", {"T_max": 20}, lambda e: 0.05 * (1 + math.cos(math.pi * e / 20))),
    ("CosineAnnealingLR", {"T_max": 6, "eta_min": 0.02}, lambda e: 0.02 + 0.04 * (1 + math.cos(math.pi * e / 6))),
    ("ConstantLR", {}, lambda e: 0.1 / 3 if e < 5 else 0.1),
    ("ConstantLR", {"factor": 0.0, "total_iters": 3}, lambda e: 0.0 if e < 3 else 0.1),
    ("LinearLR", {}, lambda e: 0.1 * (1 / 3 + 2 / 3 * min(e, 5) / 5)),
    ("LinearLR", {"start_factor": 0.8, "end_factor": 0.0, "total_iters": 8}, lambda e: 0.1 * 0.8 * (1 - min(e, 8) / 8)),
    ("PolynomialLR", {}, lambda e: 0.1 * (1 - min(e, 5) / 5)),
    ("PolynomialLR", {"total_iters": 12, "power": 2.5}, lambda e: 0.1 * (1 - min(e, 12) / 12) ** 2.5),
    ("MultiplicativeLR", {"lr_lambda": lambda e: 1 / e}, lambda e: 0.1 / math.factorial(e)),
    ("CosineAnnealingWarmRestarts", {"T_0": 3}, lambda e: restarts({"T_0": 3}, e)),
    ("CosineAnnealingWarmRestarts", o := {"T_0": 2, "T_mult": 3, "eta_min": 0.01}, lambda e, o=o: restarts(o, e)),
    ("CyclicLR", o := {"base_lr": 0.02, "max_lr": 0.3, "step_size_up": 4}, lambda e, o=o: cyclic(o, e)),
    ("CyclicLR", o := {**o, "step_size_down": 2, "mode": "triangular2"}, lambda e, o=o: cyclic(o, e)),
    ("CyclicLR", o := {**o, "step_size_down": 3, "mode": "exp_range", "gamma": 0.9}, lambda e, o=o: cyclic(o, e)),
    ("OneCycleLR", o := {"max_lr": 0.5, "total_steps": 21}, lambda e, o=o: one_cycle(o, e)),
    ("OneCycleLR", o := {**o, "pct_start": 0.45, "anneal_strategy": "linear"}, lambda e, o=o: one_cycle(o, e)),
    ("OneCycleLR", o := {**o, "pct_start": 0.3, "three_phase": True}, lambda e, o=o: one_cycle(o, e)),
]  # fmt: skip


@pytest.mark.parametrize("name_of", ["SGD", "Adam"])
@pytest.mark.parametrize(("name", "options", "expected"), CASES)
def test_a_schedule_has_its_closed_form_also_resumed(name, options, expected, name_of):
    def build():
        kwargs = {"momentum": 0.5} if name_of == "SGD" else {}
        optimizer = getattr(optim, name_of)([parameter(1.0)], lr=0.1, **kwargs)
        return optimizer, getattr(schedules, name)(optimizer, **options)

    optimizer, schedule = build()
    for epoch in range(STEPS + 1):
        if epoch == MIDDLE:
            states = copy.deepcopy((optimizer.state_dict(), schedule.state_dict()))
            optimizer, schedule = build()
            optimizer.load_state_dict(states[0])
            schedule.load_state_dict(states[1])
        group, wanted = optimizer.param_groups[0], expected(epoch)
        if isinstance(wanted, tuple):
            wanted, momentum = wanted
            assert (group["momentum"] if name_of == "SGD" else group["betas"][0]) == pytest.approx(momentum, abs=1e-12)
        assert schedule.get_last_lr() == [group["lr"]] == pytest.approx([wanted], abs=1e-12)
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("options", [
    {}, {"patience": 0}, {"mode": "max", "factor": 0.5, "patience": 2}, {"threshold": 0.2, "patience": 1, "cooldown": 2},
    {"threshold_mode": "abs", "threshold": 0.3, "patience": 1, "min_lr": 0.02},
    {"mode": "max", "threshold": 0.1, "patience": 1},
    {"mode": "max", "threshold_mode": "abs", "threshold": 0.2, "patience": 0, "cooldown": 1}, {"patience": 0, "eps": 0.005},
])  # fmt: skip
def test_a_plateau_reduces_the_rate_also_resumed(options):
    def build():
        optimizer = optim.SGD([parameter(1.0)], lr=0.1)
        return optimizer, schedules.ReduceLROnPlateau(optimizer, **options)

    o = {"mode": "min", "factor": 0.1, "patience": 10, "threshold": 1e-4, "threshold_mode": "rel", "cooldown": 0, "min_lr": 0,
         "eps": 1e-8, **options}  # fmt: skip
    source = random.Random(1)
    optimizer, schedule = build()
    rate, best, bad, wait = 0.1, None, 0, 0
    for epoch in range(60):
        metric = source.uniform(0.5, 1.5) + epoch // 20
        sign = 1 if o["mode"] == "max" else -1
        margin = o["threshold"] * (1 if o["threshold_mode"] == "abs" or best is None else best)
        is_better = best is None or sign * (metric - best) > margin
        best, bad = (metric, 0) if is_better else (best, bad + 1)
        if wait:
            wait, bad = wait - 1, 0
        if bad > o["patience"]:
            lower = max(rate * o["factor"], o["min_lr"])
            rate = lower if rate - lower > o["eps"] else rate
            wait, bad = o["cooldown"], 0
        if epoch == 30:
            states = copy.deepcopy((optimizer.state_dict(), schedule.state_dict()))
            optimizer, schedule = build()
            optimizer.load_state_dict(states[0])
            schedule.load_state_dict(states[1])
        schedule.step(mt.tensor(metric, dtype=mt.float64))
        assert schedule.get_last_lr() == [optimizer.param_groups[0]["lr"]] == pytest.approx([rate], rel=1e-12)


def test_each_group_has_its_options():
    a, b = parameter(1.0), parameter(1.0)
    optimizer = optim.SGD([{"params": [a], "lr": 0.5}, {"params": [b], "weight_decay": 2.0}], lr=0.1)
    schedule = schedules.LambdaLR(optimizer, [lambda e: 0.5**e, lambda e: 1.0])
    for _ in range(2):
        optimizer.zero_grad()
        (a.sum() + b.sum()).backward()
        optimizer.step()
        schedule.step()
    assert a.item() == pytest.approx(1 - 0.5 - 0.25)
    assert b.item() == pytest.approx((1 - 0.1 * 3) - 0.1 * (1 + 2 * 0.7))
    assert schedule.get_last_lr() == [0.125, 0.1]


@pytest.mark.parametrize("name", ["SGD", "Adam", "LBFGS"])
def test_a_tensor_as_learning_rate_is_the_number_that_it_has_then(name):
    def train(rate, halve):
        p = parameter(1.0, 2.0)
        optimizer = getattr(optim, name)([p], lr=rate)

        def closure():
            optimizer.zero_grad()
            loss = (p**4).sum()
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
            halve(optimizer.param_groups[0])
        return p.tolist()

    by_number = train(0.25, lambda group: group.update(lr=group["lr"] / 2))
    assert train(mt.tensor(0.25), lambda group: group["lr"].div_(2)) == by_number


def composed(optimizer, kind):
    warm, fall = schedules.LinearLR(optimizer, 0.5, total_iters=4), schedules.ExponentialLR(optimizer, 0.9)
    if kind == "chained":
        return schedules.ChainedScheduler([warm, fall])
    return schedules.SequentialLR(optimizer, [warm, fall, schedules.StepLR(optimizer, 2, 0.5)], [4, 12])


def composed_rate(kind, e):
    warm = 0.5 + 0.5 * min(e, 4) / 4
    if kind == "chained":
        return 0.1 * warm * 0.9**e
    return 0.1 * (warm if e < 4 else 0.9 ** (e - 4) if e < 12 else 0.5 ** ((e - 12) // 2))


@pytest.mark.parametrize("kind", ["chained", "sequential"])
def test_composed_schedules(kind):
    optimizer = optim.SGD([parameter(1.0)], lr=0.1)
    schedule = composed(optimizer, kind)
    for epoch in range(STEPS):
        if epoch == MIDDLE:
            states = copy.deepcopy((optimizer.state_dict(), schedule.state_dict()))
            optimizer = optim.SGD([parameter(1.0)], lr=0.1)
            schedule = composed(optimizer, kind)
            optimizer.load_state_dict(states[0])
            schedule.load_state_dict(states[1])
        assert schedule.get_last_lr() == [optimizer.param_groups[0]["lr"]] == pytest.approx([composed_rate(kind, epoch)])
        optimizer.step()
        schedule.step()


def test_restarts_between_epochs():
    optimizer = optim.SGD([parameter(1.0)], lr=0.1)
    schedule = schedules.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=3)
    for epoch in (0.25, 1.5, 2.0, 7.75, 8.5, 26.0, 242 * 2, 1.0):
        schedule.step(epoch)
        assert schedule.get_last_lr() == pytest.approx([restarts({"T_0": 2, "T_mult": 3}, epoch)], abs=1e-12)


# ---- options and refusals ----------------------------------------------------------------------------------------------


def test_foreach_and_fused_change_nothing():
    results = []
    for options in ({}, {"foreach": True}, {"fused": True}):
        p = parameter(1.0, 2.0)
        optimizer = optim.AdamW([p], 0.1, **options)
        p.grad = mt.ones(2, dtype=mt.float64)
        optimizer.step()
        assert {key: optimizer.param_groups[0][key] for key in options} == options
        results.append(p.tolist())
    assert results[0] == results[1] == results[2]


def test_adamw_stays_decoupled_with_the_state_of_adam():
    p = parameter(1.0)
    optimizer = optim.AdamW([p], 0.1, weight_decay=0.5)
    optimizer.load_state_dict(optim.Adam([p], 0.1, weight_decay=0.5).state_dict())
    p.grad = mt.zeros(1, dtype=mt.float64)
    optimizer.step()
    assert p.tolist() == [0.95]


def sgd_of_one(**options):
    return optim.SGD([parameter(1.0)], 0.1, **options)


def stepped(schedule, steps):
    schedule.optimizer.step()
    for _ in range(steps):
        schedule.step()


@pytest.mark.parametrize(("wrong", "error", "text"), [
    (lambda: sgd_of_one(differentiable=True), NotImplementedError, "create_graph=True"),
    (lambda: sgd_of_one(fused=True, differentiable=True), RuntimeError, "`fused` does not support `differentiable`"),
    (lambda: sgd_of_one(fused=True, foreach=True), RuntimeError, "cannot be `True` together"),
    (lambda: optim.SGD([{"params": [parameter(1.0)], "differentiable": True}]), NotImplementedError, "not supported"),
    (lambda: optim.SGD([{"params": {parameter(1.0)}}], 0.1), TypeError, "ordered collections"),
    (lambda: optim.SGD([{"params": [("a", parameter(1.0))]}, {"params": parameter(1.0)}]), ValueError, "without names"),
    (lambda: optim.SGD([{"params": parameter(1.0)}, {"params": [("a", parameter(1.0))]}]), ValueError, "with names"),
    (lambda: optim.Adadelta([parameter(1.0)], rho=1.5), ValueError, "rho value: 1.5"),
    (lambda: optim.AdamW([parameter(1.0)], betas=(0, 0.9)), ValueError, "write 0.0 for 0"),
    (lambda: optim.Adamax([parameter(1.0)], betas=(0.9, 1.0)), ValueError, "index 1: 1.0"),
    (lambda: optim.LBFGS([parameter(1.0)], line_search_fn="armijo"), RuntimeError, "only 'strong_wolfe'"),
    (lambda: optim.LBFGS([parameter(1.0)], history_size=0), ValueError, "history_size must be positive"),
    (lambda: optim.LBFGS([{"params": [parameter(1.0)]}, {"params": [parameter(2.0)]}]), ValueError, "parameter groups"),
    (lambda: optim.LBFGS([parameter(1.0)]).step(), TypeError, "needs a closure"),
    (lambda: schedules.StepLR(sgd_of_one(), 2, verbose=True), TypeError, "verbose"),
    (lambda: schedules.ReduceLROnPlateau(sgd_of_one(), verbose=True), TypeError, "verbose"),
    (lambda: schedules.ConstantLR(sgd_of_one(), 1.5), ValueError, "between 0 and 1, but got 1.5"),
    (lambda: schedules.LinearLR(sgd_of_one(), 0.0), ValueError, "start_factor must be greater than 0"),
    (lambda: schedules.MultiplicativeLR(sgd_of_one(), 3), TypeError, "lr_lambda must be a function"),
    (lambda: schedules.CosineAnnealingWarmRestarts(sgd_of_one(), 0), ValueError, "positive integer T_0"),
    (lambda: schedules.CosineAnnealingWarmRestarts(sgd_of_one(), 2, 0), ValueError, "T_mult >= 1"),
    (lambda: schedules.CosineAnnealingWarmRestarts(sgd_of_one(), 2).step(-1), ValueError, "non-negative epoch, but got -1"),
    (lambda: schedules.CyclicLR(optim.Adagrad([parameter(1.0)]), 0.1, 1.0), ValueError, "cycle_momentum=False"),
    (lambda: schedules.CyclicLR(sgd_of_one(), 0.1, 1.0, mode="square"), ValueError, "'square' is not triangular"),
    (lambda: schedules.CyclicLR(sgd_of_one(), 0.1, 1.0, step_size_up=0), ValueError, "positive step_size_up"),
    (lambda: schedules.CyclicLR(sgd_of_one(), [0.1, 0.2], 1.0), ValueError, "expected 1 base_lrs"),
    (lambda: schedules.OneCycleLR(sgd_of_one(), 0.1), ValueError, "either total_steps OR"),
    (lambda: schedules.OneCycleLR(sgd_of_one(), 0.1, 10, pct_start=1), ValueError, "Expected float"),
    (lambda: schedules.OneCycleLR(sgd_of_one(), 0.1, 10, pct_start=0.1), ValueError, "has no steps"),
    (lambda: schedules.OneCycleLR(sgd_of_one(), 0.1, 10, anneal_strategy="sin"), ValueError, "'cos' or 'linear'"),
    (lambda: stepped(schedules.OneCycleLR(sgd_of_one(), 0.1, 4), 5), ValueError, "Tried to step 5 times"),
    (lambda: schedules.ChainedScheduler([]), ValueError, "at least one scheduler"),
    (lambda: schedules.ChainedScheduler([3]), TypeError, "a scheduler at index 0, but got int"),
    (lambda: schedules.ChainedScheduler([schedules.ReduceLROnPlateau(sgd_of_one())]), ValueError, "needs a metric"),
    (lambda: schedules.ChainedScheduler([schedules.ExponentialLR(sgd_of_one(), 0.9)], sgd_of_one()), ValueError, "same opt"),
    (lambda: schedules.SequentialLR(o := sgd_of_one(), [schedules.StepLR(o, 9)], [2]), ValueError, "1 schedulers and 1"),
    (lambda: schedules.SequentialLR(o := sgd_of_one(), [s := schedules.StepLR(o, 9), schedules.ChainedScheduler([s])], [2]),
     NotImplementedError, "only be the first"),
])  # fmt: skip
def test_wrong_calls_are_refused(wrong, error, text):
    with pytest.raises(error, match=re.escape(text)):
        wrong()


def test_capturable_is_for_gpus():
    p = parameter(1.0)
    optimizer = optim.Adam([p], capturable=True)
    p.grad = mt.ones(1, dtype=mt.float64)
    with pytest.raises(AssertionError, match="leave capturable out"):
        optimizer.step()


def test_a_state_dict_with_unsupported_options_is_refused_before_any_change():
    optimizer = sgd_of_one()
    saved = sgd_of_one().state_dict()
    saved["param_groups"][0] |= {"differentiable": True, "lr": 9.0}
    with pytest.raises(NotImplementedError):
        optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_the_names_of_parameters_are_saved_and_printed():
    optimizer = optim.SGD(nn.Linear(1, 1).named_parameters(), 0.1)
    assert next(iter(optimizer.state_dict()["param_groups"][0])) == "param_names"
    assert "param_names: ['weight', 'bias']" in repr(optimizer)
    saved = optim.SGD(nn.Linear(1, 1).parameters(), 0.2).state_dict()
    optimizer.load_state_dict(saved)  # without names: they stay
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["lr"] == 0.2


def test_states_go_through_files(tmp_path):
    p = parameter(-1.0, 2.0)
    optimizer, _ = minimize(lambda: (p**4).sum(), p, lr=0.1, line_search_fn="strong_wolfe", max_iter=3)
    adam = optim.Adam([parameter(1.0)])
    made = [
        optimizer, composed(adam, "sequential"), schedules.OneCycleLR(adam, 0.1, 9), schedules.CyclicLR(adam, 0.1, 0.2, 3),
        schedules.MultiplicativeLR(adam, lambda e: 0.9), schedules.CosineAnnealingWarmRestarts(adam, 3),
    ]  # fmt: skip
    for one in made:
        before = repr(one.state_dict())
        mt.save(one.state_dict(), tmp_path / "state.pt")
        one.load_state_dict(mt.load(tmp_path / "state.pt"))
        assert repr(one.state_dict()) == before


def test_a_network_learns():
    x = mt.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = mt.tensor([[0.0], [1.0], [1.0], [0.0]])
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = optim.Adam(net.parameters(), lr=0.05)
    for _ in range(200):
        loss = nn.MSELoss()(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-3


def test_optimizer_state_and_closures():
    w = nn.Parameter(mt.ones(2))
    optimizer = optim.SGD([w], lr=0.1, momentum=0.9)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 2.0
    with pytest.raises(ValueError, match="more than one parameter group"):
        optimizer.add_param_group({"params": [w]})
    with pytest.raises(ValueError, match="doesn't match the size"):
        optimizer.load_state_dict(optim.SGD([w, nn.Parameter(mt.ones(1))], lr=1.0).state_dict())
    assert "momentum: 0.9" in repr(optimizer)
    y = w * w
    optimizer.step(closure)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_zero_grad_of_an_optimizer():
    p = nn.Parameter(mt.ones(2))
    optimizer = mt.optim.SGD([p], lr=0.1)
    (p * p).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    optimizer.step()
    assert p.tolist() == [1, 1]
    optimizer.zero_grad()
    assert p.grad is None


def test_a_state_dict_of_another_model_is_refused():
    two = optim.Adam([parameter(1.0), parameter(2.0, 3.0)])
    (two.param_groups[0]["params"][1] ** 2).sum().backward()
    two.step()
    state = two.state_dict()
    for params, sentence in (
        ([parameter(1.0)], "2 parameters for 1"),
        ([{"params": [parameter(1.0)]}, {"params": [parameter(1.0)]}], "number of parameter groups: 1 for 2"),
        ([parameter(1.0), parameter(1.0)], r"'exp_avg' of shape \[2\] for parameter 1: expected \[1\]"),
    ):
        with pytest.raises(ValueError, match=sentence):
            optim.Adam(params).load_state_dict(state)
    state["state"][7] = {}
    with pytest.raises(ValueError, match="a state for parameter 7, but there are 2 parameters"):
        two.load_state_dict(state)
    state["state"] = {0: {"step": 3, "exp_avg": None}}
    two.load_state_dict(state)
    loaded = two.state[two.param_groups[0]["params"][0]]
    assert (list(loaded), loaded["step"].item()) == (["step"], 3)


def test_steps_of_a_schedule_out_of_order_are_warned_about():
    optimizer = optim.SGD([parameter(1.0)], lr=1.0)
    scheduler = schedules.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match=r"call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`: this skips the first"):
        scheduler.step()
    scheduler = schedules.StepLR(optimizer, 1)
    optimizer.step = lambda: None
    with pytest.warns(UserWarning, match=r"`optimizer.step\(\)` has been overridden after"):
        scheduler.step()
    with pytest.warns(UserWarning, match="epoch parameter"):
        scheduler.step(4)
    assert (scheduler.last_epoch, scheduler.get_last_lr()) == (4, [pytest.approx(1e-4)])


class Own(schedules._LRScheduler):  # the old name of LRScheduler
    pass


def test_a_schedule_or_an_optimizer_without_a_rule_says_what_it_must_define():
    with pytest.raises(NotImplementedError, match=r"Own must define get_lr\(\)"):
        Own(optim.SGD([parameter(1.0)]))
    p = parameter(1.0)
    optimizer = optim.Optimizer([p], {})
    p.grad = mt.ones_like(p)
    with pytest.raises(NotImplementedError, match=r"Optimizer must define _update\(param, grad, state, group\)"):
        optimizer.step()


@pytest.mark.parametrize("mode", ["cycle", "iterations"])
def test_a_cycle_is_scaled_by_a_function_of_the_cycle_or_of_the_step(mode):
    optimizer = optim.SGD([parameter(1.0)], lr=1.0, momentum=0.9)
    options = {"step_size_up": 2, "step_size_down": 3, "scale_fn": lambda n: 1 / (1 + n), "scale_mode": mode}
    scheduler = schedules.CyclicLR(optimizer, 0.1, 1.1, cycle_momentum=False, **options)
    for t in range(12):
        cycle, place = t // 5 + 1, t % 5
        height = place / 2 if place <= 2 else (5 - place) / 3
        scale = 1 / (1 + (cycle if mode == "cycle" else t))
        assert scheduler.get_last_lr() == [pytest.approx(0.1 + height * scale)]
        assert optimizer.param_groups[0]["momentum"] == 0.9
        optimizer.step()
        scheduler.step()


class Halved:
    """A scale that is an object: its attributes are in the state dict."""

    def __init__(self):
        self.factor = 0.5

    def __call__(self, n):
        return self.factor**n


def test_the_scale_of_a_cycle_that_is_an_object_is_saved():
    make = lambda: schedules.CyclicLR(optim.SGD([parameter(1.0)], momentum=0.9), 0.1, 1.1, 2, scale_fn=Halved())  # noqa: E731
    one, two = make(), make()
    one._scale_fn_custom.factor = 0.25
    one.optimizer.step()
    one.step()
    two.load_state_dict(one.state_dict())
    assert two._scale_fn_custom.factor == 0.25
    for scheduler in (one, two):
        scheduler.optimizer.step()
        scheduler.step()
    assert two.get_last_lr() == one.get_last_lr() == [pytest.approx(0.1 + 0.25)]


@pytest.mark.parametrize("kind", ["Adam", "AdamW", "NAdam", "RAdam"])
def test_a_large_parameter_that_is_a_view_is_updated(kind):
    plain = nn.Parameter(mt.zeros(1, 200, 150))
    view = nn.Parameter(mt.zeros(200, 300)[None, :, ::2])
    for p in (plain, view):
        optimizer = getattr(optim, kind)([p], lr=0.1)
        for _ in range(7):
            p.grad = mt.ones(()).expand(1, 200, 150)
            optimizer.step()
    assert mt.equal(plain.data, view.data)
    assert plain.data[0, 0, 0] != 0
