"""Every implementation for a GPU is held to its definition, without a GPU: its code runs on the CPU (tests/cuda_on_cpu.py)."""

import numpy as np
import pytest

from minitorch import kernels
from minitorch.backend.dispatch import definitions
from minitorch.kernels import samples
from minitorch.kernels.cupy import convolution
from tests import cuda_on_cpu, fake_cudnn
from tests.cuda_on_cpu import from_device, to_device
from tests.laws.test_devices import close, run
from tests.laws.test_kernels import assert_close, draw_args
from tests.samples import SAMPLES

pytestmark = pytest.mark.slow
IMPLEMENTATIONS = [i for entry in definitions.values() for i in entry.implementations if i.library == "cupy"]
SEEDS = 15


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS, ids=lambda i: i.name)
def test_every_implementation_is_its_definition(implementation):
    taken = 0
    for seed in range(SEEDS):
        args = draw_args(implementation, seed)
        with cuda_on_cpu.on_cpu(), kernels.only(implementation.engine, always=True), np.errstate(all="ignore"):
            result = from_device(implementation(*to_device(args)))
        if result is not NotImplemented:
            taken += 1
            with kernels.only("definition"), np.errstate(all="ignore"):
                assert_close(result, definitions[implementation.name](*args), implementation.ulp)
    assert taken >= SEEDS // 5


OPS = [
    "ReluBackward", "LeakyRelu", "LeakyReluBackward", "TanhBackward", "SigmoidBackward", "Sigmoid", "Erf", "Standardize",
    "StandardizeBackward", "MaxPool", "GatherCell", "ScatterCell", "AvgPool", "AvgPoolBackward", "Gather", "ScatterAdd",
    "Convolution", "ConvTranspose", "ConvWeight", "Softmax", "SoftmaxBackward", "LogSoftmax",
    "LogSoftmaxBackward", "Gelu", "GeluBackward", "Lstm", "IndexAdd",
]  # fmt: skip


@pytest.mark.parametrize("op", [op for op in SAMPLES if op.__name__ in OPS], ids=lambda op: op.__name__)
def test_values_and_derivatives_are_right(op, monkeypatch):
    for seed in range(3):
        here = run(op, seed, monkeypatch, "cpu")
        with cuda_on_cpu.on_cpu():
            there = run(op, seed, monkeypatch, "cuda")
            assert all(close(a, b) for a, b in zip(here, there, strict=True))


def test_every_kernel_compiles_for_a_gpu():
    if cuda_on_cpu.nvrtc() is None:
        pytest.skip("NVRTC is not installed (pip install nvidia-cuda-nvrtc-cu12)")
    cuda_on_cpu.sources.clear()
    for implementation in IMPLEMENTATIONS:
        for seed in range(4):
            args = to_device(draw_args(implementation, seed))
            with cuda_on_cpu.on_cpu(), kernels.only(implementation.engine, always=True):
                implementation(*args)
    assert len(cuda_on_cpu.sources) >= len(IMPLEMENTATIONS)
    for source in cuda_on_cpu.sources:
        cuda_on_cpu.compile_for_gpu(source)


# ---- cuDNN -----------------------------------------------------------------------------------------------------------------


def convolve(dtype=np.float32, seed=0):
    """A convolution by the implementation alone, beside the definition."""
    rng = np.random.default_rng(seed)
    while True:
        args = samples.convolution(rng)
        if args[0].size and args[3].rank == 2:
            break
    args = tuple(a.astype(dtype) if isinstance(a, np.ndarray) else a for a in args)
    (implementation,) = [i for i in definitions["convolution"].implementations if i.engine == "cudnn"]
    return from_device(implementation(*to_device(args))), args


def test_float16_has_tensor_cores_and_float32_has_not():
    with cuda_on_cpu.on_cpu():
        for dtype, notes in ((np.float32, ["TENSOR_CORE"]), (np.float16, [])):
            y, args = convolve(dtype)
            assert fake_cudnn.graphs[-1].notes == notes
            assert fake_cudnn.graphs[-1].limit == convolution.MAX_WORKSPACE
            assert y.dtype == dtype
            with kernels.only("definition"):
                np.testing.assert_allclose(y, definitions["convolution"](*args), rtol=1e-2, atol=1e-2)


def test_float64_is_left_to_the_definition():
    with cuda_on_cpu.on_cpu():
        assert convolve(np.float64)[0] is NotImplemented


def test_a_plan_is_made_once():
    with cuda_on_cpu.on_cpu():
        before = len(fake_cudnn.graphs)
        for _ in range(3):
            convolve()
        assert len(fake_cudnn.graphs) == before + 1
        convolve(np.float16)
        assert len(fake_cudnn.graphs) == before + 2


@pytest.mark.parametrize(
    ("fault", "message"), [("wrong", "differs from the definition"), ("refused", "RuntimeError: no engine supports this")]
)
def test_what_cudnn_computes_wrong_or_refuses_is_left_to_the_definition_with_one_warning(fault, message, monkeypatch):
    monkeypatch.setattr(fake_cudnn, "faults", {fault})
    with cuda_on_cpu.on_cpu():
        with pytest.warns(UserWarning, match=message) as caught:
            assert convolve()[0] is NotImplemented
        monkeypatch.setattr(fake_cudnn, "faults", set())
        assert convolve()[0] is NotImplemented  # once found wrong, not used again
        assert len(caught) == 1


def test_without_cudnn_one_warning_says_what_to_install(monkeypatch):
    is_installed = convolution._is_installed
    with cuda_on_cpu.on_cpu():
        monkeypatch.setattr(convolution, "_is_installed", is_installed)
        monkeypatch.setattr(convolution.importlib.util, "find_spec", lambda name: None)
        is_installed.cache_clear()
        with pytest.warns(UserWarning, match=r"cuDNN is not installed; pip install '.\[gpu\]'") as caught:
            assert [convolve()[0] for _ in range(3)] == 3 * [NotImplemented]
        assert len(caught) == 1
    is_installed.cache_clear()


# ---- the benchmark ---------------------------------------------------------------------------------------------------------


def test_without_a_gpu_the_benchmark_says_so_and_fails(monkeypatch):
    from minitorch.backend import device
    from tests.benchmarks import gpu

    def none():
        raise AssertionError("device 'cuda' needs an NVIDIA GPU, and CuPy finds none")

    monkeypatch.setattr(gpu, "gpu_library", none)
    monkeypatch.setattr(device, "_default", None)
    with pytest.raises(SystemExit, match="nothing to measure: device 'cuda' needs an NVIDIA GPU") as left:
        gpu.main(["no such workload"], 1)
    assert left.value.code
