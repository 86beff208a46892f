"""The same ops on CuPy's arrays: values and gradients as on the CPU."""

import random

import numpy as np
import pytest

import minitorch as mt
from minitorch import ops
from minitorch.ops.convolution import Convolution, ConvTranspose, ConvWeight
from minitorch.ops.rectifier import Relu
from tests.samples import SAMPLES, Draw


def gpu_arrays():
    """CuPy, if it is installed and finds a GPU."""
    try:
        import cupy

        cupy.cuda.runtime.getDeviceCount()
    except Exception as error:
        pytest.skip(f"no GPU to be reached by CuPy here: {type(error).__name__}: {error}")
    return cupy


pytestmark = pytest.mark.gpu
FAMILIES = (ops.arithmetic, ops.pointwise, ops.reduction)
CHOSEN = [op for op in SAMPLES if op.__module__ in {f.__name__ for f in FAMILIES}]
CHOSEN += [
    Relu,
    Convolution,
    ConvTranspose,
    ConvWeight,
    ops.matrix.MatMul,
    ops.shape.Reshape,
    ops.shape.Permute,
    ops.joining.Cat,
]


@pytest.mark.parametrize("op", CHOSEN, ids=lambda op: op.__name__)
def test_an_op_gives_on_the_gpu_what_it_gives_on_the_cpu(op):
    cupy = gpu_arrays()
    function, inputs = SAMPLES[op](Draw(random.Random(0).randint))
    copies = [mt.autograd.variable.wrap(cupy.asarray(x._array)).requires_grad_() for x in inputs]
    results = []
    for tensors in (inputs, copies):
        output = function(*tensors)
        output.sum().backward()
        results.append([output._array, *(t.grad._array for t in tensors if t.grad is not None)])
    for cpu, gpu in zip(*results, strict=True):
        assert isinstance(gpu, cupy.ndarray)
        assert np.allclose(cpu, cupy.asnumpy(gpu))
