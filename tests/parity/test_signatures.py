"""Every public function and method beside PyTorch's of the same name: the same parameters, in order, with the same defaults."""

import inspect
import re

import pytest

import minitorch as mt

pytestmark = pytest.mark.parity

FUNCTIONS = [n for n in dir(mt) if not n.startswith("_") and inspect.isfunction(getattr(mt, n))]
METHODS = [n for n in dir(mt.Tensor) if not n.startswith("_") and inspect.isfunction(getattr(mt.Tensor, n))]

# Names of ours: what they take is spread over several forms in PyTorch, or they are methods there only.
FORMS = {
    "arange", "randint", "normal", "full", "where", "max", "min", "meshgrid", "broadcast_tensors", "broadcast_shapes", "einsum", "norm", "var", "std",
    "var_mean", "std_mean", "get_default_dtype", "size", "type", "new_tensor", "uniform_", "unique", "split", "to", "backward", "stride", "item", "sum", "mean",
    "tensor", "as_tensor", "zeros", "ones", "empty", "rand", "randn", "view", "reshape", "permute", "expand", "repeat", "tile", "new_zeros", "new_ones",
    "all", "any", "amax", "amin", "argmax", "median", "mode", "prod", "sort", "argsort", "searchsorted", "kthvalue", "topk", "randperm", "concatenate", "swapdims",
    "random_", "nansum", "histogram", "new_empty", "new_full", "from_numpy", "save", "load", "manual_seed", "seed", "initial_seed", "set_default_dtype", "promote_types", "set_grad_enabled",
}  # fmt: skip

# PyTorch's documentation of these has other names than the functions take.
DOCUMENTED_OTHERWISE = {
    "bmm", "index_copy", "fmod", "map_", "div", "divide", "true_divide", "dot", "floor_divide", "matmul", "mul", "multiply", "narrow", "remainder", "take", "type_as", "hsplit", "vsplit",
}  # fmt: skip


def torch_parameters(function):
    """PyTorch's parameters: of a Python function itself, else from the line that its documentation begins with."""
    try:
        return {p.name: p.default for p in inspect.signature(function).parameters.values() if p.name != "self"}
    except ValueError:
        pass
    text = re.search(r"\w+\((.*?)\)\s*->", function.__doc__ or "", re.S)
    if text is None:
        return None
    found = {}
    for part in re.split(r",\s*(?![^(\[]*[)\]])", text.group(1)):
        name, _, default = part.strip().partition("=")
        name = name.partition(":")[0].strip()
        if name not in ("*", ""):
            found[name] = default.strip() or inspect.Parameter.empty
    return found


def compare(name, ours, theirs, method=False):
    expected = torch_parameters(theirs)
    if (
        expected is None
        or name.removesuffix("_") in {n.removesuffix("_") for n in FORMS | DOCUMENTED_OTHERWISE}
        or any(p.startswith("*") for p in expected)
        or set(expected) <= {"args", "kwargs"}
    ):
        return False
    mine = list(inspect.signature(ours).parameters.values())[1 if method else 0 :]
    positional = [p.name for p in mine if p.kind == p.POSITIONAL_OR_KEYWORD]
    names = list(expected)
    assert names[: len(positional)] == positional, f"{name}: ours {positional}, PyTorch's {names}"
    for p in mine:
        default = expected.get(p.name, inspect.Parameter.empty)
        if p.default is not p.empty and default is not inspect.Parameter.empty and isinstance(default, str):
            said = default.strip("'\"")
            assert (
                said in (str(p.default), f"minitorch.{said}")
                or _number(said) == p.default
                or said in ("torch.strided", "torch.long", "cpu")
            ), f"{name}: {p.name}={p.default!r}, PyTorch {said}"
    return True


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text


def test_functions():
    import torch

    compared = [n for n in FUNCTIONS if hasattr(torch, n) and compare(n, getattr(mt, n), getattr(torch, n))]
    assert len(compared) > 80
    assert [n for n in FUNCTIONS if not hasattr(torch, n)] == []


def test_methods():
    import torch

    compared = [
        n for n in METHODS if hasattr(torch.Tensor, n) and compare(n, getattr(mt.Tensor, n), getattr(torch.Tensor, n), True)
    ]
    assert len(compared) > 20
    assert [n for n in METHODS if not hasattr(torch.Tensor, n)] == []


def test_optimizers_and_schedules():
    import torch

    for room in ("optim", "optim.lr_scheduler", "nn.utils", "nn.init", "autograd", "autograd.functional", "utils.data"):
        ours, theirs = mt, torch
        for part in room.split("."):
            ours, theirs = getattr(ours, part), getattr(theirs, part)
        for name in ours.__all__:
            if not hasattr(theirs, name):
                assert name in ("GradcheckError", "GradcheckReport", "is_grad_enabled"), f"{room}.{name} is not PyTorch's"
                continue
            a, b = getattr(ours, name), getattr(theirs, name)
            if not (inspect.isclass(a) or inspect.isfunction(a)):
                continue
            if name in ("enable_grad", "no_grad", "Variable"):
                continue  # with or without brackets; written in C++
            mine = [p for p in inspect.signature(a).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
            expected = [p for p in inspect.signature(b).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
            if name not in (
                "Function",
                "GradcheckError",
                "set_detect_anomaly",
                "Optimizer",
                "gradcheck",
                "gradgradcheck",
                "backward",
            ):
                assert [p.name for p in mine] == [p.name for p in expected][: len(mine)], f"{room}.{name}"
            if room.startswith("optim"):
                assert _all_parameters(a) == _all_parameters(b), f"{room}.{name}"


def _all_parameters(function):
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]
