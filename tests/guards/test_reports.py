"""Small programs from public bug reports, about this package's like and PyTorch's own tests: each with its right result."""

from __future__ import annotations

import collections
import copy
import io
import math
import os
import pickle
import subprocess
import threading
import warnings

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, optim, viz
from minitorch.autograd import Function, gradcheck

F = nn.functional
schedules = optim.lr_scheduler


def leaf(*values, **options):
    return mt.tensor(list(values), requires_grad=True, **options)


# ---- numbers -----------------------------------------------------------------------------------------------------------


def test_adam_goes_on_after_one_large_gradient_in_float16():
    p = mt.zeros(1, dtype=mt.float16, requires_grad=True)
    optimizer = optim.Adam([p], 0.1)
    for g in (300.0, 1.0, 1.0, 1.0):
        p.grad = mt.full((1,), g, dtype=mt.float16)
        optimizer.step()
    assert p.item() == pytest.approx(-0.2625, abs=1e-3)
    assert optimizer.state[p]["exp_avg_sq"].dtype is mt.float16


@pytest.mark.parametrize("weight", [1.0, 0.0, 0.3, 0.7])
def test_lerp_meets_both_ends(weight):
    for w in (weight, mt.tensor([weight])):
        assert mt.lerp(mt.tensor([1e8]), mt.tensor([1.0]), w).item() == pytest.approx(1e8 + weight * (1 - 1e8), abs=16)
    assert mt.lerp(mt.tensor([1e8]), mt.tensor([1.0]), 1.0).item() == 1


SCHEDULES = {
    "StepLR": lambda o, **k: schedules.StepLR(o, 2, 0.5, **k),
    "MultiStepLR": lambda o, **k: schedules.MultiStepLR(o, [1, 3, 3, 6], 0.5, **k),
    "ExponentialLR": lambda o, **k: schedules.ExponentialLR(o, 0.5, **k),
    "CosineAnnealingLR": lambda o, **k: schedules.CosineAnnealingLR(o, 4, 0.01, **k),
    "LambdaLR": lambda o, **k: schedules.LambdaLR(o, lambda epoch: 1 / (1 + epoch), **k),
}


def rates(optimizer, schedule, epochs):
    out = []
    for _ in range(epochs):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return out


@pytest.mark.parametrize("how", ["last_epoch", "state_dict"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_resumed_at_any_epoch_goes_on_as_before(name, how):
    def fresh():
        return optim.SGD([mt.zeros(1, requires_grad=True)], 0.1)

    whole = fresh()
    expected = rates(whole, SCHEDULES[name](whole), 10)
    for stop in range(10):
        first = fresh()
        schedule = SCHEDULES[name](first)
        done = rates(first, schedule, stop)
        second = fresh()
        if how == "state_dict":
            resumed = SCHEDULES[name](second)
            second.load_state_dict(first.state_dict())
            resumed.load_state_dict(schedule.state_dict())
        else:
            second.load_state_dict(first.state_dict())
            resumed = SCHEDULES[name](second, last_epoch=schedule.last_epoch - 1)
        assert done + rates(second, resumed, 10 - stop) == pytest.approx(expected)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_set_to_an_epoch_has_its_rate(name):
    one, other = (optim.SGD([mt.zeros(1, requires_grad=True)], 0.1) for _ in range(2))
    expected, schedule = rates(one, SCHEDULES[name](one), 8), SCHEDULES[name](other)
    other.step()
    for epoch in (5, 2, 7):
        with pytest.warns(UserWarning, match="epoch parameter"):
            schedule.step(epoch)
        assert other.param_groups[0]["lr"] == pytest.approx(expected[epoch])


def test_extremes_give_a_nan_its_gradient():
    for function in (mt.max, mt.min):
        x = leaf(1.0, math.nan, 2.0)
        function(x).backward()
        assert x.grad.tolist() == [0, 1, 0]
    for function in (mt.amax, mt.amin):  # as in PyTorch, all of it
        x = leaf(1.0, math.nan, 2.0)
        function(x).backward()
        assert mt.isnan(x.grad).all()


@pytest.mark.parametrize("count", [2, 30_000])
def test_layer_norm_of_numbers_whose_squares_overflow(count):
    y = F.layer_norm(mt.tensor([1e25, -1e25] * (count // 2)), (count,))
    assert y[0].item() == pytest.approx(1)
    assert y[1].item() == pytest.approx(-1)


def test_nearest_by_a_factor_takes_no_short_cut():
    x = mt.arange(4.0).reshape(1, 1, 4)
    assert F.interpolate(x, scale_factor=1.1).flatten().tolist() == [0, 0, 1, 2]
    assert F.interpolate(x, scale_factor=2).flatten().tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_zero_to_the_power_of_a_negative_number():
    b = leaf(-1.0, 0.0, 1.0)
    (0**b).sum().backward()
    assert b.grad.tolist() == [-math.inf, 0, 0]


# ---- gradients ---------------------------------------------------------------------------------------------------------


def test_values_with_leading_ones_are_assigned_with_their_gradient():
    layer, out = nn.Linear(2, 1), mt.zeros(3)
    for i in range(3):
        out[i] = layer(mt.ones(2))
    out.sum().backward()
    assert layer.bias.grad.tolist() == [3]
    w, x = mt.ones(1, 1, 2, requires_grad=True), mt.zeros(3, 2)
    x[1:] = w * 2
    (x * x).sum().backward()
    assert w.grad.tolist() == [[[16, 16]]]


class ForgetsGradOutput(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x**2).mean()

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return 2 * x / x.numel()


class SquaresGradOutput(Function):
    @staticmethod
    def forward(ctx, x):
        return 3 * x

    @staticmethod
    def backward(ctx, grad):
        return 3 * grad * grad


@pytest.mark.parametrize("options", [{}, {"fast_mode": True}])
@pytest.mark.parametrize(
    ("wrong", "words"), [(ForgetsGradOutput, "does not depend on"), (SquaresGradOutput, "is not linear in")]
)
def test_gradcheck_notices_what_a_backward_does_with_grad_output(wrong, words, options):
    x = leaf(0.3, -0.7, 1.1, dtype=mt.float64)
    report = gradcheck(wrong, x, raise_exception=False, **options)
    assert not report
    assert f"{words} grad_output" in str(report)


def test_a_view_made_without_grad_and_changed_with_grad_is_refused():
    w = mt.ones(3, requires_grad=True)
    b = w.clone()
    with mt.no_grad():
        v = b[0:1]
        v.mul_(1)
    with pytest.raises(RuntimeError, match="created in no_grad mode"):
        v.mul_(3)
    data = mt.zeros(3)
    with mt.no_grad():
        part = data[:1]
    part.add_(1)  # nothing has a gradient
    assert data.tolist() == [1, 0, 0]


def test_what_a_function_returns_as_it_came_cannot_be_changed_in_place():
    class Same(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, grad):
            return grad * 10

    h = leaf(-1.0, 1.0) * 1
    with pytest.raises(RuntimeError, match="created inside a custom Function"):
        Same.apply(h).mul_(2)
    y = Same.apply(h)
    h.mul_(2)
    with pytest.raises(RuntimeError, match="has been modified inplace"):
        y.sum().backward()
    layer = nn.LeakyReLU(0.5, inplace=True)
    layer.register_full_backward_hook(lambda *_: None)
    with pytest.raises(RuntimeError, match="BackwardHookFunctionBackward is a view"):
        layer(leaf(-1.0, 1.0) * 1)


Pair = collections.namedtuple("Pair", "first second")


def test_full_backward_hooks_have_a_place_for_every_argument_and_output():
    class Layer(nn.Module):
        def forward(self, x, factor, y):
            self.inner = x * factor
            return Pair(self.inner * 3, y * 2)

    layer, seen = Layer(), []
    layer.register_full_backward_hook(lambda module, *grads: seen.append(grads))
    x, y = leaf(1.0), leaf(2.0)
    out = layer(x, 2.0, y)
    assert type(out) is Pair
    out.first.sum().backward()
    ((grad_input, grad_output),) = seen
    assert [g if g is None else g.tolist() for g in grad_input] == [[6], None, None]
    assert [g if g is None else g.tolist() for g in grad_output] == [[1], None]
    layer(x, 2.0, y)
    layer.inner.sum().backward()  # by another way than the outputs
    assert len(seen) == 1


def test_a_full_backward_hook_with_a_wrong_result_is_named():
    for result, words in (((1, 2), "got 2, but expected 1"), (("a",), "returned a str as grad_input 0")):
        layer = nn.Linear(2, 2)
        layer.register_full_backward_hook(lambda *_, result=result: result)
        with pytest.raises(RuntimeError, match=f"Backward hook for Linear.*{words}"):
            layer(mt.ones(1, 2, requires_grad=True)).sum().backward()


def test_a_gradient_for_what_is_no_tensor_is_refused():
    class Times(Function):
        @staticmethod
        def forward(ctx, k, x):
            ctx.k = k
            return k * x

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.k, None

    with pytest.raises(RuntimeError, match="different from None at position 0"):
        Times.apply(3.0, leaf(1.0)).backward()


def test_threads_that_share_a_leaf_lose_no_update():
    w = mt.zeros(200_000, requires_grad=True)
    threads = [threading.Thread(target=lambda: [(w * 1).sum().backward() for _ in range(15)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (w.grad == 60).all()


def test_copy_keeps_its_tensor_on_the_tape():
    x = mt.ones(2, requires_grad=True)
    y = x * 2
    y.copy_(mt.tensor([5.0, 6.0]))
    assert y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [0, 0]
    z = mt.arange(4.0)
    with pytest.raises(RuntimeError, match="single memory location"):
        z[1:].copy_(z[:-1])


def test_setup_context_sees_defaults():
    class Scaled(Function):
        @staticmethod
        def forward(x, k=3):
            return x * k

        @staticmethod
        def setup_context(ctx, inputs, output):
            _, ctx.k = inputs

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.k, None

    x = leaf(1.0)
    Scaled.apply(x).backward()
    assert x.grad.item() == 3


def test_backward_and_grad_refuse_what_would_be_lost():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="cannot be empty"):
        mt.autograd.grad(x.sum(), [])
    with pytest.raises(RuntimeError, match="its own grad"):
        x.grad = x
    x.register_post_accumulate_grad_hook(lambda x: x)
    with pytest.raises(RuntimeError, match="returns None"):
        x.sum().backward()
    x.grad = mt.ones(2)
    del x.grad
    assert x.grad is None


# ---- state and files -----------------------------------------------------------------------------------------------------


def test_a_parameter_twice_in_a_group():
    w = leaf(1.0)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = optim.SGD([{"params": [w, w]}], 0.1, momentum=0.9)
    w.grad = mt.ones(1)
    optimizer.step()
    state = optimizer.state_dict()
    assert state["param_groups"][0]["params"] == [0, 0]
    assert state["state"][0]["momentum_buffer"].item() == pytest.approx(1.9)
    optimizer.load_state_dict(state)
    assert optimizer.state[w]["momentum_buffer"].item() == pytest.approx(1.9)


def test_optimizers_take_named_parameters():
    optimizer = optim.SGD(nn.Linear(1, 1).named_parameters(), 0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="names"):
        optim.SGD([("a", leaf(1.0)), leaf(2.0)], 0.1)


def test_a_parameter_that_cannot_be_written_is_named():
    p = mt.zeros(1).expand(3).detach().requires_grad_()
    p.grad = mt.ones(3)
    with pytest.raises(RuntimeError, match=r"parameter of shape \[3\] cannot be written"):
        optim.SGD([p], 0.1).step()


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_share_memory_as_their_originals_do(twin):
    whole = mt.arange(6.0).reshape(2, 3)
    a, b, c = twin([whole, whole[1], whole.t()])
    a[1, 2] = 50.0
    assert b[2].item() == 50
    assert c[2, 1].item() == 50
    assert c.stride() == (1, 3)
    assert whole[1, 2].item() == 5
    whole.note = "mine"
    assert twin(whole).note == "mine"
    wide = mt.ones(1).expand(3)
    assert twin(wide).stride() == (0,)


def test_a_copied_parameter_has_no_gradient_and_a_copied_tensor_has():
    p = nn.Parameter(mt.ones(2))
    p.grad = mt.ones(2)
    assert copy.deepcopy(p).grad is None
    x = leaf(1.0)
    x.grad = mt.ones(1)
    assert copy.deepcopy(x).grad.tolist() == [1]


def test_a_random_state_can_be_saved():
    pytest.importorskip("safetensors")
    generator, other, file = mt.Generator(), mt.Generator(), io.BytesIO()
    generator.manual_seed(3)
    mt.rand(5, generator=generator)
    mt.save({"state": generator.get_state()}, file)
    file.seek(0)
    other.set_state(mt.load(file)["state"])
    assert mt.randn(20, generator=other).tolist() == mt.randn(20, generator=generator).tolist()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_save_writes_through_links_and_pipes(tmp_path):
    pytest.importorskip("safetensors")
    (tmp_path / "real").touch()
    os.symlink(tmp_path / "real", tmp_path / "link")
    mt.save({"a": mt.ones(1)}, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert mt.load(tmp_path / "real")["a"].item() == 1
    os.mkfifo(tmp_path / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()), daemon=True)
    reader.start()
    mt.save({"a": mt.ones(1)}, tmp_path / "pipe")
    reader.join(10)
    assert mt.load(io.BytesIO(got[0]))["a"].item() == 1


def test_a_file_of_types_that_are_not_here_says_so():
    pytest.importorskip("safetensors")
    header = b'{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    with pytest.raises(RuntimeError, match="type BF16, which minitorch has no dtype for"):
        mt.load(io.BytesIO(len(header).to_bytes(8, "little") + header + bytes(4)))


def test_a_dot_that_cannot_draw(tmp_path, monkeypatch):
    pytest.importorskip("pygraphviz")
    (tmp_path / "dot").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert subprocess.run(["dot"], check=False).returncode == 1
    assert "<svg" in viz.graph(leaf(1.0) * 2)._repr_mimebundle_()["image/svg+xml"]


def test_older_state_dicts_load():
    layer = nn.Module()
    layer.p = nn.Parameter(mt.tensor(1.0))
    layer.load_state_dict({"p": mt.tensor([3.0])})
    assert layer.p.item() == 3
    norm = nn.BatchNorm1d(2)
    state = dict(norm.state_dict())
    del state["num_batches_tracked"]
    norm.load_state_dict(state)
    assert norm.state_dict()._metadata[""]["version"] == 2


def test_extra_state_is_saved_and_loaded():
    class Counter(nn.Module):
        def __init__(self, count=0):
            super().__init__()
            self.count = count

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    model, other = nn.Sequential(Counter(3)), nn.Sequential(Counter())
    assert "0._extra_state" in model.state_dict()
    other.load_state_dict(model.state_dict())
    assert other[0].count == 3
    with pytest.raises(RuntimeError, match=r'Missing key.*"0._extra_state"'):
        other.load_state_dict({})


# ---- operators and spellings -----------------------------------------------------------------------------------------------

OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<", "<=", ">", ">=", "==", "!="]


class Stranger:
    def answer(self, other):
        return "mine"

    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rpow__ = __rmatmul__ = answer
    __rand__ = __ror__ = __rxor__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = answer
    __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = __pow__ = __matmul__ = __and__ = __or__ = answer
    __xor__ = answer
    __hash__ = None


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operand_of_an_unknown_class_may_answer_itself(operator):
    names = {"t": mt.ones(2).long(), "s": Stranger()}
    assert eval(f"t {operator} s", names) == "mine"
    if operator not in OPERATORS[11:]:
        exec(f"t {operator}= s", names)
        assert names["t"] == "mine"


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_numpy_array_is_an_operand_as_a_tensor(operator):
    numbers = np.array([1, 2]) if operator in "&|^" else np.array([1.0, 2.0])
    names = {"t": mt.tensor(numbers) + 1, "a": numbers, "b": mt.tensor(numbers)}
    for left, right in (("t", "a"), ("a", "t")):
        found = eval(f"{left} {operator} {right}", names)
        assert isinstance(found, mt.Tensor)
        expected = eval(f"{left} {operator} {right}".replace("a", "b"), names)
        assert found.dtype is expected.dtype
        assert found.tolist() == expected.tolist()


def test_numbers_may_come_first():
    t = mt.tensor([1.0, 2.0])
    assert mt.pow(2, t).tolist() == [2, 4]
    assert mt.div(1.0, t).tolist() == [1, 0.5]
    assert mt.add(1.0, 2).item() == 3
    with pytest.raises(RuntimeError, match="mul"):
        mt.mul(10**30, True)
    assert mt.pow(2, exponent=3).item() == 8
    assert [0] * mt.tensor(2) == [0, 0]
    assert mt.arange(3).max(mt.tensor(1)).tolist() == [1, 1, 2]


def test_numbers_that_do_not_fit_an_integer_type_wrap_around():
    u = mt.tensor([1, 2], dtype=mt.uint8)
    assert (u + 1000).tolist() == [233, 234]
    assert (1000 - u).tolist() == [231, 230]
    assert (u * 257).tolist() == [1, 2]
    assert (u + -1).tolist() == [0, 1]
    assert (u.to(mt.int8) + 200).tolist() == [-55, -54]
    assert mt.tensor([-2], dtype=mt.uint8).tolist() == [254]


def test_masks_of_uint8():
    x = mt.arange(6).view(2, 3)
    with pytest.warns(UserWarning, match="dtype bool"):
        assert x[mt.tensor([1, 0], dtype=mt.uint8)].tolist() == [[0, 1, 2]]
    assert mt.tensor([1], dtype=mt.uint8).all().dtype is mt.uint8


def test_tensors_of_no_dimension_and_of_no_elements():
    one, at = mt.tensor(1.0), mt.tensor(0)
    assert one.scatter(0, at, 5.0).item() == 5
    assert one.scatter(0, at, mt.tensor(7.0)).item() == 7
    assert one.gather(0, at).item() == 1
    assert one.index_add(0, at, mt.tensor(2.0)).item() == 3
    assert one.index_fill(0, mt.tensor([0]), 3.0).item() == 3
    assert mt.cat([mt.zeros(0), mt.ones(2, 2)], 1).shape == (2, 2)
    assert F.rrelu(mt.zeros(0, 2), training=True).shape == (0, 2)
    assert nn.AdaptiveAvgPool1d(5)(mt.zeros(0, 10)).shape == (0, 5)
    assert F.multi_margin_loss(one, at).item() == 0
    assert F.multilabel_soft_margin_loss(one, one).item() == pytest.approx(math.log(1 + math.exp(-1)))
    assert mt.empty(0, 2).stride() == (2, 1)
    assert mt.empty(0).data_ptr() == 0


def test_more_spellings_of_pytorch():
    t = mt.tensor([1.0, 4.0, 9.0])
    assert mt.var_mean(t, unbiased=False)[0].item() == pytest.approx(np.var([1, 4, 9]))
    assert mt.std_mean(t, False)[0].item() == pytest.approx(np.std([1, 4, 9]))
    assert mt.diff(t, prepend=mt.tensor([0.0])).tolist() == [1, 3, 5]
    assert mt.tensor([True, False]).diff().tolist() == [True]
    assert mt.clamp_min(t, 2.0).tolist() == [2, 4, 9]
    assert mt.take_along_dim(t, mt.tensor([2])).tolist() == [9]
    assert t.sort(stable=None)[0].tolist() == [1, 4, 9]
    assert mt.zeros(2, dtype=int).dtype is mt.int64
    assert F.cross_entropy(mt.zeros(1, 3), mt.tensor([2], dtype=mt.uint8)).item() == pytest.approx(math.log(3))
    assert mt.randn(10, 8).t()[::2, ::2].clone().stride() == (1, 4)
    assert pickle.loads(pickle.dumps(F.relu)) is F.relu
    x = leaf(1.0)
    with mt.no_grad():
        assert x.numpy().tolist() == [1]
    assert len(str(mt.zeros(13, requires_grad=True)).splitlines()) == 2


def test_sequentials_and_lists_add_and_repeat():
    a, b = nn.Linear(1, 1), nn.ReLU()
    both = nn.Sequential(a) + nn.Sequential(b)
    assert list(both) == [a, b]
    assert list(2 * both) == [a, b, a, b]
    both += nn.Sequential(a)
    assert list(both) == [a, b, a]
    modules = nn.ModuleList([a])
    modules += [b]
    assert list(modules) == [a, b]
    assert list(modules.__add__([a])) == [a, b, a]
    with pytest.raises(IndexError, match="Index out of range"):
        nn.Sequential(a).insert(5, b)
    assert not any(name.isdigit() for name in dir(both))


@pytest.mark.parametrize("options", [{"scale_factor": 2}, {"size": (3, 9)}, {"size": (3, 9), "align_corners": True}])
def test_bicubic_passes_through_the_cells_and_keeps_lines_straight_inside(options):
    rows, columns = np.mgrid[0:8, 0:8] * 1.0
    x = mt.tensor((2 * rows - columns + 3)[None, None], requires_grad=True)
    y = F.interpolate(x, mode="bicubic", **options)
    height, width = y.shape[2:]
    if options.get("align_corners"):
        i, j = np.arange(height) * 7 / (height - 1), np.arange(width) * 7 / (width - 1)
    else:
        i, j = (np.arange(height) + 0.5) * 8 / height - 0.5, (np.arange(width) + 0.5) * 8 / width - 0.5
    inside = np.ix_((i >= 1) & (i <= 6), (j >= 1) & (j <= 6))
    line = 2 * i[:, None] - j + 3
    np.testing.assert_allclose(y.detach().numpy()[0, 0][inside], line[inside], atol=0.3)
    assert gradcheck(lambda x: F.interpolate(x, mode="bicubic", **options), (x[:, :, :4, :4].detach().requires_grad_(),))


# ---- what a message says -----------------------------------------------------------------------------------------------------

SENTENCES = [
    (lambda: mt.zeros(0).norm(math.inf), RuntimeError, "norm: order inf"),
    (lambda: F.hardtanh(mt.ones(2, dtype=mt.uint8)), RuntimeError, "no negative numbers"),
    (lambda: schedules.StepLR(optim.SGD([leaf(1.0)], 0.1), 0), ValueError, "step_size must be positive"),
    (lambda: nn.RReLU(math.nan, 0.1), ValueError, "lower"),
    (lambda: np.sin(leaf(1.0)), RuntimeError, "as np.sin does: use minitorch's own function"),
    (lambda: mt.set_grad_enabled("no"), TypeError, "must be bool"),
    (lambda: viz.graph(leaf(1.0), params=nn.Linear(2, 2).parameters()), TypeError, "have no names"),
]


@pytest.mark.parametrize(("call", "error", "words"), SENTENCES, ids=[words for *_, words in SENTENCES])
def test_the_sentence_is_about_the_call(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_an_attribute_that_a_property_misses_is_the_one_named():
    class Layer(nn.Module):
        @property
        def size(self):
            return self.weigth.shape

    with pytest.raises(AttributeError, match="'weigth'"):
        _ = Layer().size


def test_clipping_of_no_elements():
    p = mt.zeros(0, requires_grad=True)
    p.grad = mt.zeros(0)
    assert nn.utils.clip_grad_norm_([p], 1.0, math.inf).item() == 0


def test_warnings_where_a_result_means_nothing():
    with np.errstate(all="ignore"), pytest.warns(UserWarning, match="degrees of freedom"):
        mt.ones(1).var()
    with pytest.warns(UserWarning, match="zero-element"):
        nn.init.kaiming_uniform_(mt.empty(0, 2))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        x = leaf(2.0)
        (x * x).backward(create_graph=True)
    assert "reference cycle" in str(seen[0].message)
    x.grad = None
