"""What PyTorch has and minitorch leaves out on purpose, and what to use instead: an AttributeError says it."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import ModuleType

__all__ = ["LEFT_OUT", "explains_missing", "show_public"]

LEFT_OUT = {
    "minitorch": {
        "jit": "programs run as they are written; there is nothing to compile",
        "compile": "programs run as they are written; there is nothing to compile",
        "fx": "viz.record() and viz.graph() show what a program computed",
        "fft": "NumPy has it: minitorch.tensor(np.fft.rfft(x.numpy()).real)",
        "stft": "it takes complex numbers; cut the signal with unfold and use NumPy's fft",
        "sparse": "all tensors are dense here",
        "quantization": "numbers are not quantized here",
        "ao": "numbers are not quantized here",
        "amp": "compute in float32, or cast yourself with .to(minitorch.float16)",
        "autocast": "compute in float32, or cast yourself with .to(minitorch.float16)",
        "multiprocessing": "Python's own multiprocessing works with tensor.numpy()",
        "hub": "there are no trained models to download; load() reads safetensors files",
        "func": "autograd.functional has jacobian, hessian, vjp and jvp",
        "vmap": "write the batch as the first dimension, which every layer takes",
        "distributions": "minitorch.randn, rand, bernoulli and multinomial draw numbers",
        "complex": "all tensors hold real numbers",
        "view_as_real": "all tensors hold real numbers",
        "view_as_complex": "all tensors hold real numbers",
        "symeig": "linalg.eigh",
        "eig": "NumPy has it: np.linalg.eig(x.numpy()); of symmetric matrices, linalg.eigh",
        "qr": "linalg.qr",
        "lstsq": "linalg.lstsq",
        "bfloat16": "minitorch.float16 is the half precision that NumPy has",
        "testing": "minitorch.allclose, or numpy.testing.assert_allclose of tensors",
        "preserve_format": "arrays lie in memory row by row; leave memory_format out",
        "contiguous_format": "arrays lie in memory row by row; leave memory_format out",
        "channels_last": "arrays lie in memory row by row; leave memory_format out",
        "special": "special functions are in minitorch itself: minitorch.erf, minitorch.lgamma",
    },
    "minitorch.nn": {
        "Transformer": "build it from MultiheadAttention, LayerNorm and Linear",
        "TransformerEncoder": "build it from MultiheadAttention, LayerNorm and Linear",
        "TransformerEncoderLayer": "build it from MultiheadAttention, LayerNorm and Linear",
        "TransformerDecoder": "build it from MultiheadAttention, LayerNorm and Linear",
        "TransformerDecoderLayer": "build it from MultiheadAttention, LayerNorm and Linear",
        "EmbeddingBag": "Embedding, and then sum(1) or mean(1)",
        "LocalResponseNorm": "it went out of use with BatchNorm2d",
        "CTCLoss": "its sum over alignments is no sum of tensor operations of a fixed shape",
        "AdaptiveLogSoftmaxWithLoss": "CrossEntropyLoss takes up to some ten thousand classes",
        "FractionalMaxPool2d": "AdaptiveMaxPool2d makes an output of any size",
        "FractionalMaxPool3d": "AdaptiveMaxPool3d makes an output of any size",
        "LPPool1d": "it is AvgPool1d of x ** p, times the size of the window, to the power 1 / p",
        "LPPool2d": "it is AvgPool2d of x ** p, times the size of the window, to the power 1 / p",
        "quantized": "numbers are not quantized here",
        "ChannelShuffle": "x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)",
        "TripletMarginWithDistanceLoss": "relu(distance(a, p) - distance(a, n) + margin).mean(), with a distance of your own",
    },
    "minitorch.nn.utils": {
        "spectral_norm": "divide the weight by its largest singular value, linalg.matrix_norm(weight, 2), in a parametrization",
        "prune": "multiply the weight by a mask in forward",
    },
    "minitorch.nn.utils.parametrizations": {
        "spectral_norm": "divide the weight by its largest singular value, linalg.matrix_norm(weight, 2), in a parametrization",
        "orthogonal": "nn.init.orthogonal_ sets a weight to an orthogonal one",
    },
    "minitorch.linalg": {
        "eig": "NumPy has it: np.linalg.eig(x.numpy()); of symmetric matrices, eigh",
        "eigvals": "NumPy has it: np.linalg.eigvals(x.numpy()); of symmetric matrices, eigvalsh",
        "matrix_exp": "of symmetric matrices, L, V = eigh(A) and (V * L.exp()) @ V.T",
    },
    "minitorch.nn.functional": {
        "grid_sample": "interpolate() resizes; there is no sampling at free places",
        "affine_grid": "interpolate() resizes; there is no sampling at free places",
        "ctc_loss": "its sum over alignments is no sum of tensor operations of a fixed shape",
        "embedding_bag": "embedding(), and then sum(1) or mean(1)",
    },
}  # fmt: skip


def explains_missing(module: str, *lazy: str) -> Callable[[str], object]:
    """The `__getattr__` of a module: raises AttributeError for a name it does not have, with what to use instead.

    The submodules `lazy` are imported when a program first names them.
    """
    reasons = LEFT_OUT[module]

    def __getattr__(name: str) -> object:
        if name in lazy:
            return importlib.import_module(f"{module}.{name}")
        if name in reasons:
            raise AttributeError(f"{module}.{name} is not part of minitorch: {reasons[name]}")
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return __getattr__


def show_public(*modules: ModuleType) -> None:
    """Make dir() of each module show the names of its `__all__`, and no others."""
    for module in modules:
        vars(module)["__dir__"] = functools.partial(sorted, module.__all__)
