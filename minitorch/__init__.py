"""minitorch: a deep-learning framework small enough to read, on a strict subset of PyTorch's API.

    >>> import minitorch
    >>> x = minitorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])

The packages, from the ground up; each knows only those above it in this list:
    backend/     arrays (NumPy, or CuPy), dtypes, devices, random streams, the geometry of windows, dispatch
    autograd/    the tape, the backward pass, gradient checks
    ops/         every operation with its derivative
    kernels/     other ways to compute what ops/ defines (it knows backend/ alone)
    public.py    the guard of public functions, with old_words.py (old spellings) and output.py (`out=`); functions.py and
                 linalg.py list those of ops/, methods.py makes methods of them, tensor.py has class Tensor, from_data.py,
                 creation.py and sampling.py make tensors, printing.py prints them, serialization.py saves them
    distributed/ several processes that exchange tensors
    nn/          modules, their functions, initial weights
    optim/       optimizers
    utils/data   datasets and loaders
    profiler.py  where the time goes
    onnx/        models as files that other programs run
    viz/         pictures of the tape, the backward pass step by step, the chain rule with numbers
"""

import math
import sys
from typing import TYPE_CHECKING

from minitorch import (
    accelerator,
    autograd,
    backends,
    creation,
    cuda,
    distributed,
    from_data,
    kernels,
    linalg,
    nn,
    ops,
    optim,
    sampling,
    utils,
    version,
)
from minitorch import functions as functional
from minitorch import left_out as _left_out
from minitorch.autograd import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from minitorch.autograd.anomaly import is_anomaly_enabled
from minitorch.backend.arrays import tune_process as _tune_process
from minitorch.backend.device import device, get_default_device, set_default_device
from minitorch.backend.dtypes import bool_ as bool
from minitorch.backend.dtypes import (
    dtype,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    promote_types,
    set_default_dtype,
    uint8,
)
from minitorch.backend.random import Generator, default_generator, initial_seed, manual_seed, seed
from minitorch.backends import are_deterministic_algorithms_enabled, use_deterministic_algorithms
from minitorch.creation import *
from minitorch.from_data import *
from minitorch.functions import *
from minitorch.kernels.threads import get_num_threads, set_num_threads
from minitorch.printing import set_printoptions
from minitorch.sampling import *
from minitorch.serialization import load, save
from minitorch.tensor import Size, Tensor, broadcast_shapes, is_floating_point, is_tensor, numel

if TYPE_CHECKING:
    from minitorch import onnx, profiler, viz

__all__ = [
    "Generator", "Size", "Tensor", "accelerator", "are_deterministic_algorithms_enabled", "autograd", "backends", "bool",
    "broadcast_shapes", "cuda", "default_generator", "device", "distributed", "double", "dtype", "e", "enable_grad", "float",
    "float16", "float32", "float64", "functional", "get_default_device", "get_default_dtype", "get_num_threads", "half", "inf",
    "inference_mode", "initial_seed", "int", "int16", "int32", "int64", "int8", "is_anomaly_enabled", "is_floating_point",
    "is_grad_enabled", "is_tensor", "kernels", "linalg", "load", "long", "manual_seed", "nan", "newaxis", "nn", "no_grad",
    "numel", "onnx", "optim", "pi", "profiler", "promote_types", "save", "seed", "set_default_device", "set_default_dtype",
    "set_grad_enabled", "set_num_threads", "set_printoptions", "short", "uint8", "use_deterministic_algorithms", "utils",
    "version", "viz",
]  # fmt: skip
__all__ += creation.__all__
__all__ += from_data.__all__
__all__ += functional.__all__
__all__ += sampling.__all__

_tune_process()

inf, nan, pi, e, newaxis = math.inf, math.nan, math.pi, math.e, None
half, float, double = float16, float32, float64
short, int, long = int16, int32, int64

__version__ = version.__version__


_left_out.show_public(
    sys.modules[__name__], accelerator, autograd, autograd.functional, autograd.graph, backends, cuda, distributed, linalg, nn,
    nn.functional, nn.init, nn.parallel, nn.utils, nn.utils.parametrizations, nn.utils.parametrize, nn.utils.rnn, optim,
    optim.lr_scheduler, utils, utils.checkpoint, utils.data,
)  # fmt: skip

if not TYPE_CHECKING:
    __getattr__ = _left_out.explains_missing("minitorch", "onnx", "profiler", "viz")
