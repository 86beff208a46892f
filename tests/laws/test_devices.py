"""Devices: every op and layer on the GPU, where there is one.

On every machine the same cases run on a strict stand-in for the GPU's arrays (tests/strict_array.py).
"""

from __future__ import annotations

import copy
import doctest
import math
import random
import sys

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, viz
from minitorch.backend import device as devices
from tests.drawing import Draw
from tests.laws.test_docs import EXAMPLES, examples_of
from tests.layers import LAYERS, Drawing, flat
from tests.samples import SAMPLES, WITHOUT_GRADIENT, sample_of
from tests.strict_array import StrictArray, extras, library, waits

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(params=["stand-in", pytest.param("cuda", marks=pytest.mark.gpu)])
def gpu(request, monkeypatch):
    """'cuda' is a GPU, or the stand-in."""
    if request.param == "cuda":
        if not mt.cuda.is_available():
            pytest.skip("there is no GPU that CuPy can use")
        yield
        return
    monkeypatch.setitem(sys.modules, "cupy", library)
    monkeypatch.setitem(sys.modules, "cupyx", extras)
    devices.gpu_library.cache_clear()
    yield
    devices.gpu_library.cache_clear()


def close(a, b):
    """Whether a tensor here and one there have the same values, and each is where it should be."""
    assert a.device == mt.device("cpu")
    assert b.device == mt.device("cuda", 0)
    assert not isinstance(b._array, np.ndarray)
    assert a.dtype is b.dtype
    return np.allclose(a.detach().numpy(), b.detach().cpu().numpy(), rtol=1e-4, atol=1e-6, equal_nan=True)


def run(op, seed, monkeypatch, where):
    """A sample of an op on a device: its output and the gradients, first and second order."""
    original = mt.from_numpy
    monkeypatch.setattr(mt, "from_numpy", lambda array: original(array).to(where))
    function, inputs, _ = sample_of(op, Draw(random.Random(seed).randint))
    inputs = [x.detach().to(where).requires_grad_() for x in inputs]
    output = function(*inputs)
    monkeypatch.setattr(mt, "from_numpy", original)
    outputs = [o for o in (output if isinstance(output, tuple) else (output,)) if isinstance(o, mt.Tensor)]
    found = [*outputs]
    if op in SAMPLES:
        grads = mt.autograd.grad([o.sum() for o in outputs], inputs, create_graph=True, allow_unused=True)
        found += [g for g in grads if g is not None]
        again = [(g * g).sum() for g in grads if g is not None and g.requires_grad]
        if again:
            found += [g for g in mt.autograd.grad(again, inputs, allow_unused=True) if g is not None]
        again = function(*inputs)
        sum(o.sum() for o in (again if isinstance(again, tuple) else (again,))).backward()
        found += [x.grad for x in inputs if x.grad is not None]
    return found


@pytest.mark.parametrize("op", [*SAMPLES, *WITHOUT_GRADIENT], ids=lambda op: op.__name__)
def test_every_op_computes_where_its_arrays_are(op, gpu, monkeypatch):
    if op.__name__ == "ToDevice":
        pytest.skip("moves its array, on purpose")
    for seed in range(6):
        here, there = (run(op, seed, monkeypatch, where) for where in ("cpu", "cuda"))
        assert len(here) == len(there)
        for a, b in zip(here, there, strict=True):
            assert close(a, b)


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_computes_where_its_parameters_are(name, gpu):
    for seed in range(3):
        case = LAYERS[name](Drawing(random.Random(seed).randint))
        layer = case.build(mt)
        twin = copy.deepcopy(layer).to("cuda")
        assert all(p.is_cuda for p in [*twin.parameters(), *twin.buffers()])
        outputs = []
        for module, where in ((layer, "cpu"), (twin, "cuda")):
            inputs = [mt.from_numpy(a.copy()).to(where) for a in case.inputs]
            inputs = [x.requires_grad_() if x.is_floating_point() and i == 0 else x for i, x in enumerate(inputs)]
            named = {k: v.to(where) if isinstance(v, mt.Tensor) else v for k, v in case.named.items()}
            y = flat(module(*case.arguments(*(x * 1 if x.is_floating_point() else x for x in inputs)), **named))
            if y[0].requires_grad:
                y[0].sum().backward()
            grads = [t.grad for t in [*inputs, *module.parameters()] if t.grad is not None]
            outputs.append([*y, *grads, *module.buffers()])
        for a, b in zip(*outputs, strict=True):
            assert close(a, b)


class _Anywhere(doctest.OutputChecker):
    """Compares what examples print without the name of the device, and the spaces and new lines that it moves."""

    def check_output(self, want, got, optionflags):
        want, got = ("".join(text.split()).replace(",device='cuda:0'", "") for text in (want, got))
        return super().check_output(want, got, optionflags)


ABOUT_THE_CPU = {  # examples that say where a tensor is, or share memory with NumPy
    "Tensor", "Tensor.device", "Tensor.get_device", "Tensor.numpy", "Tensor.to", "Tensor.type", "as_tensor", "device",
    "get_default_device",
}  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        p
        for p, f in EXAMPLES.items()
        if p.removeprefix("minitorch.") not in ABOUT_THE_CPU and ".cuda." not in p and examples_of(p, f)
    ],
)
def test_the_examples_of_the_documentation_compute_on_the_device(path, gpu, capsys):
    mt.manual_seed(0)
    mt.set_default_device("cuda")
    try:
        for test in examples_of(path, EXAMPLES[path]):
            result = doctest.DocTestRunner(checker=_Anywhere()).run(test)
            assert result.failed == 0, capsys.readouterr().out
    finally:
        mt.set_default_device(None)


def test_training_on_the_device(gpu):
    losses = []
    for where in ("cpu", "cuda"):
        mt.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 2))
        x, y = mt.randn(6, 1, 8, 8), mt.tensor([0, 1, 0, 1, 1, 0])
        net.to(where)
        seen = []
        for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam"):
            optimizer = getattr(mt.optim, name)(net.parameters(), lr=0.01)
            for _ in range(2):
                loss = nn.functional.cross_entropy(net(x.to(where)), y.to(where))
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                seen.append(loss.item())
        losses.append(seen)
    assert np.allclose(*losses, rtol=1e-4)


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Conv2d(3, 4, 3), nn.AvgPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(4, 3),
    )  # fmt: skip


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.lstm = nn.Embedding(10, 8, padding_idx=0), nn.LSTM(8, 8, batch_first=True)
        self.attention, self.linear = nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(8, 3)

    def forward(self, x):
        h, _ = self.lstm(self.embedding(x.reshape(len(x), -1)[:, :5].mul(3).long().clamp(0, 9)))
        return self.linear(self.attention(h, h, h)[0].mean(1))


@pytest.mark.parametrize("build", [mlp, lenet, Reader])
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam"])
@pytest.mark.parametrize("gpu", ["stand-in"], indirect=True)
def test_a_training_step_waits_for_the_device_in_item_alone(build, name, gpu):
    net = build().to("cuda")
    optimizer = getattr(mt.optim, name)(net.parameters(), lr=0.01)
    x, y = mt.randn(6, 1, 8, 8).to("cuda"), mt.tensor([0, 1, 2, 0, 1, 2]).to("cuda")
    with waits() as found:
        for step in range(3):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y, label_smoothing=0.1 * step)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            loss.item()
    assert len(found) == 3, found


@pytest.mark.parametrize("gpu", ["stand-in"], indirect=True)
@pytest.mark.parametrize("name", [n for n in LAYERS if n not in ("RReLU", "GaussianNLLLoss")])  # RReLU draws on the CPU
def test_no_layer_waits_for_the_device(name, gpu):
    case = LAYERS[name](Drawing(random.Random(0).randint))
    layer = case.build(mt).to("cuda")
    inputs = [mt.from_numpy(a.copy()).to("cuda") for a in case.inputs]
    named = {k: v.to("cuda") if isinstance(v, mt.Tensor) else v for k, v in case.named.items()}
    with waits() as found:
        sum(y.sum() for y in flat(layer(*case.arguments(*inputs), **named))).backward() if any(
            p.requires_grad for p in layer.parameters()
        ) else layer(*case.arguments(*inputs), **named)
    assert not found


def test_all_targets_ignored_and_none(gpu):
    for where in ("cpu", "cuda"):
        x = mt.tensor([[1.0, 2.0], [0.5, 0.0]], device=where, requires_grad=True)
        for target, expected in (([-100, -100], math.nan), ([1, -100], math.log(1 + math.exp(-1))), ([1, 1], 0.643669)):
            x.grad = None
            loss = nn.functional.cross_entropy(x, mt.tensor(target, device=where))
            loss.backward()
            assert loss.item() == pytest.approx(expected, nan_ok=True, rel=1e-5)
            assert bool((x.grad[0] == 0).all()) == math.isnan(expected)


class Wrong(mt.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * 2 * x**2


def test_gradcheck_and_its_report_on_the_device(gpu):
    x = mt.tensor([0.5, 2.0], dtype=mt.float64, device="cuda", requires_grad=True)
    assert mt.autograd.gradcheck(lambda x: x.sin() * x, x)
    assert mt.autograd.gradgradcheck(lambda x: x.sin() * x, x)
    report = mt.autograd.gradcheck(Wrong.apply, x, raise_exception=False)
    assert not report
    assert report.worst.factor() == pytest.approx(2 / 3)
    assert "0.666667 times" in str(report)


def test_hooks_views_in_place_and_float16_on_the_device(gpu):
    seen = []
    for where in ("cpu", "cuda"):
        net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        mt.manual_seed(0)
        for p in net.parameters():
            nn.init.uniform_(p, -1, 1)
        net.to(where).half()
        x = mt.arange(6.0, dtype=mt.float16, device=where).reshape(2, 3).requires_grad_()
        handle = net[0].register_forward_hook(lambda module, args, out: out * 2)
        x.register_hook(lambda grad: grad + 1)
        y = net(x * 1)
        handle.remove()
        z = y.clone()
        z[:, 0].mul_(3).add_(1)
        z.view(-1)[1::2] += z[0, 0].detach()
        z.sum().backward()
        seen.append([z, x.grad, *(p.grad for p in net.parameters())])
    for a, b in zip(*seen, strict=True):
        assert close(a.float(), b.float())


def test_saving_on_the_device(gpu, tmp_path):
    net = nn.Linear(2, 3).to("cuda")
    mt.save({"model": net.state_dict(), "x": mt.ones(2, device="cuda")}, tmp_path / "file")
    loaded = mt.load(tmp_path / "file", map_location="cpu")
    assert loaded["x"].device == mt.device("cpu")
    twin = nn.Linear(2, 3).to("cuda")
    twin.load_state_dict(loaded["model"])
    assert mt.equal(twin.weight, net.weight)
    assert twin.weight.is_cuda


def test_free_memory(gpu):
    free, total = mt.cuda.mem_get_info()
    assert 0 < free <= total
    assert mt.cuda.mem_get_info("cuda:0")[1] == total


def test_linear_algebra_raises_on_a_gpu_too(gpu):
    singular = mt.ones(2, 2, device="cuda")
    for call, words in (
        (mt.linalg.inv, "singular"),
        (lambda a: mt.linalg.solve(a, a), "singular"),
        (lambda a: mt.linalg.cholesky(-a), "not positive-definite"),
    ):
        with pytest.raises(RuntimeError, match=words):
            call(singular)


def test_page_locked_memory(gpu):
    x = mt.arange(6.0).reshape(2, 3)
    p = x.pin_memory()
    assert [t.is_pinned() for t in (x, p, p[0], p.clone())] == [False, True, True, False]
    assert p.pin_memory() is p
    there = p.to("cuda", non_blocking=True)
    with waits() as found:
        back = there.to("cpu", non_blocking=True)
    assert not found
    mt.cuda.synchronize()
    assert back.is_pinned()
    assert mt.equal(back, x)
    assert mt.equal(there.cpu(), x)
    assert mt.ones(0, 3).pin_memory().is_pinned()
    packed = nn.utils.rnn.pack_sequence([mt.ones(3), mt.ones(2)])
    assert [p.is_pinned() for p in (packed, packed.pin_memory())] == [False, True]
    with waits() as found:
        x.clone().copy_(there, non_blocking=True)
    assert not found
    with pytest.raises(RuntimeError, match=r"cannot pin 'minitorch.cuda.FloatTensor': .*\.cpu\(\)"):
        there.pin_memory()


def test_a_loader_pins_what_is_in_a_batch(gpu):
    samples = [{"x": mt.ones(2), "pair": (mt.ones(1), 3), "name": "a"}] * 4
    for workers in (0, 2):
        for batch in mt.utils.data.DataLoader(samples, batch_size=2, pin_memory=True, num_workers=workers):
            assert batch["x"].is_pinned()
            assert all(t.is_pinned() for t in batch["pair"])
            assert batch["name"] == ["a", "a"]


def test_one_of_several_devices_computes_at_a_time(gpu, monkeypatch):
    if mt.cuda.device_count() == 1:
        if mt.cuda.is_available() and type(mt.ones(1, device="cuda")._array) is not StrictArray:
            pytest.skip("there is one GPU alone")
        monkeypatch.setattr(library.cuda.runtime, "getDeviceCount", lambda: 2)
    x = mt.ones(2)
    with pytest.raises(RuntimeError, match=r"cuda:1 is not the GPU in use, which is cuda:0.*set_device\(1\)"):
        x.to("cuda:1")
    with mt.cuda.device("cuda:1"):
        assert mt.cuda.current_device() == 1
        net = nn.Linear(2, 3).to("cuda:1")
        loss = net(x.to("cuda")).sum()
        loss.backward()
        assert {t.device for t in (loss, net.weight, net.weight.grad)} == {mt.device("cuda:1")}
        with pytest.raises(RuntimeError, match="cuda:0 is not the GPU in use"):
            x.to("cuda:0")
    assert mt.cuda.current_device() == 0
    assert loss.cpu().shape == ()
    mt.cuda.set_device(1)
    try:
        assert x.cuda().device == mt.device("cuda:1")
    finally:
        mt.cuda.set_device(0)


def test_streams_and_events(gpu):
    start, end = (mt.cuda.Event(enable_timing=True) for _ in range(2))
    first, second = mt.cuda.current_stream(), mt.cuda.Stream()
    assert first == mt.cuda.current_stream()
    assert first != second
    start.record()
    with mt.cuda.stream(second):
        assert mt.cuda.current_stream() == second
        y = mt.ones(50, 50, device="cuda") @ mt.ones(50, 50, device="cuda")
        end.record()
        mark = second.record_event()
    with mt.cuda.stream(None):
        assert mt.cuda.current_stream() == first
    first.wait_event(mark)
    first.wait_stream(second)
    assert y.sum().item() == 50**3
    end.synchronize(), second.synchronize()
    assert end.query()
    assert second.query()
    assert start.elapsed_time(end) > 0
    with pytest.raises(RuntimeError, match="enable_timing=True"):
        start.elapsed_time(mt.cuda.Event())


def test_too_large_an_array_says_what_was_asked_for(monkeypatch):
    from minitorch.backend.errors import call_error

    error = type("OutOfMemoryError", (MemoryError,), {"__module__": "cupy.cuda.memory"})
    text = str(call_error(error("Out of memory allocating 8,000 bytes (allocated so far: 512 bytes)"), "ones", (1000,)))
    assert text == (
        "CUDA out of memory: ones() needs more than the GPU has. Out of memory allocating 8,000 bytes (allocated so far: "
        "512 bytes). Its arguments: (1000)"
    )


def test_dlpack_on_the_device(gpu):
    x = mt.arange(4.0, device="cuda")
    assert x.__dlpack_device__() == (2, 0)
    y = mt.from_dlpack(x)
    y[0] = 7
    assert x.tolist() == [7, 1, 2, 3]
    assert mt.from_dlpack(x, device="cpu").tolist() == [7, 1, 2, 3]
    with pytest.raises(ValueError, match="without a copy"):
        mt.from_dlpack(x, device="cpu", copy=False)
    with pytest.raises(BufferError, match="detach"):
        x.requires_grad_().__dlpack__()


def test_lbfgs_on_the_device(gpu):
    p = mt.tensor([-1.0, 2.0], device="cuda", requires_grad=True)
    optimizer = mt.optim.LBFGS([p], line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
        loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)
    assert np.allclose(p.tolist(), 1, atol=1e-3)


def test_making_moving_printing_and_indexing(gpu):
    x = mt.arange(4.0, device="cuda")
    assert repr(x) == "tensor([0., 1., 2., 3.], device='cuda:0')"
    assert x.type() == "minitorch.cuda.FloatTensor"
    assert (x + 1).device == mt.zeros(1).cuda().device == mt.device("cuda:0")
    assert mt.zeros_like(x).is_cuda
    assert mt.rand_like(x).is_cuda
    assert mt.randn(2, device="cuda").is_cuda
    assert x[mt.tensor([1, 2])].tolist() == [1, 2]
    x[[0, 1]] = 5.0
    x[mt.tensor([False, False, False, True])] = mt.tensor(7.0)
    assert x.tolist() == [5, 5, 2, 7]
    assert (x * mt.tensor(2.0)).tolist() == [10, 10, 4, 14]  # a single number may come from the CPU
    assert x.to("cpu").device == mt.device("cpu")
    assert x.cuda() is x
    w = mt.ones(2, requires_grad=True)
    (w.cuda() * 3).sum().backward()
    assert isinstance(w.grad._array, np.ndarray)
    y = x.clone()
    y[1:].mul_(2)
    assert y.tolist() == [5, 10, 4, 14]
    assert mt.tensor(x).is_cuda
    assert mt.cuda.is_available()
    assert mt.cuda.device_count() >= 1


def test_pictures_of_what_is_on_the_device(gpu):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)).to("cuda")
    x = mt.randn(2, 1, 6, 6).to("cuda")
    with viz.record():
        loss = nn.functional.cross_entropy(model(x), mt.tensor([0, 2]).to("cuda"))
        loss.backward()
    assert viz.graph(loss, show="all").digraph.source
    replayed = viz.replay(viz.play(loss).trace)
    why = viz.why(model[0].weight, loss)
    assert eval(why.expression) == pytest.approx(why.value, rel=1e-4)
    for name, param in model.named_parameters():
        assert replayed[name].numpy().tobytes() == param.grad.cpu().numpy().tobytes()


def test_mixing_devices_is_refused_with_both_names(gpu):
    for call in (
        lambda x, y: x + y,
        lambda x, y: y @ x,
        lambda x, y: mt.cat([x, y]),
        lambda x, y: mt.where(x > 0, x, y),
        lambda x, y: nn.functional.linear(x, y),
    ):
        with pytest.raises(RuntimeError, match=r"cuda:0 and cpu.*\.to\(\)"):
            call(mt.ones(3, device="cuda"), mt.ones(3))
    with pytest.raises(RuntimeError, match=r"cuda:0 and cpu"):
        mt.ones(3)[mt.tensor([1], device="cuda")]
    with pytest.raises(TypeError, match=r"cuda:0.*\.cpu\(\)"):
        mt.ones(3, device="cuda").numpy()
    with pytest.raises(RuntimeError, match="device ordinal 99"):
        mt.ones(3, device="cuda:99")


def test_without_a_gpu_cuda_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    devices.gpu_library.cache_clear()
    try:
        assert not mt.cuda.is_available()
        assert mt.cuda.device_count() == 0
        for call in (
            lambda: mt.ones(1).to("cuda"),
            lambda: mt.ones(1).cuda(),
            lambda: mt.ones(1, device="cuda"),
            lambda: nn.Linear(1, 1).cuda(),
        ):
            with pytest.raises(AssertionError, match="needs CuPy"):
                call()
        with pytest.raises(RuntimeError, match="Cannot access accelerator device when none is available"):
            mt.ones(1).pin_memory()
    finally:
        devices.gpu_library.cache_clear()


def test_device_objects():
    assert mt.device("cuda:1") == mt.device("cuda", 1)
    assert repr(mt.device("cuda", 1)) == "device(type='cuda', index=1)"
    assert str(mt.device("cpu")) == "cpu"
    assert mt.ones(1).device == mt.device("cpu")
    assert mt.ones(1).to(mt.device("cpu"), mt.float64).dtype is mt.float64
    assert mt.ones(2).to(mt.ones(1).long()).dtype is mt.int64
    for wrong in ("gpu", "cuda:x", "cpu:"):
        with pytest.raises(RuntimeError, match="Invalid device string"):
            mt.device(wrong)
