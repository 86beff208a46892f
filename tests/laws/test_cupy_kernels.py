"""Every implementation for a GPU is held to its definition, without a GPU: its code runs on the CPU (tests/cuda_on_cpu.py)."""

import numpy as np
import pytest

from minitorch import kernels
from minitorch.backend.dispatch import definitions
from tests import cuda_on_cpu
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
    "Convolution", "ConvTranspose", "ConvWeight",
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
