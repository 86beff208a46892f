"""Convolution, its transpose and its weight gradient by cuDNN, through NVIDIA's own Python package.

They are three directions of one operation there: fprop, dgrad and wgrad. A plan, which is cuDNN's choice of a kernel for given
shapes, is made once and kept. Its first result is compared with the definition's, on a part that takes a fraction of the time:
a plan that fails this, and whatever cuDNN refuses, is left to the definition.

float64 is not for cuDNN, which accepts it and computes other numbers.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import threading
import warnings
from collections.abc import Sequence
from typing import Any

from minitorch.backend.arrays import Array, address, contiguous, xp
from minitorch.backend.dispatch import definitions, implements
from minitorch.backend.window import Window
from minitorch.kernels import samples
from minitorch.kernels.cupy import compiler

__all__ = ["settings"]

settings = {  # backends.cudnn; the first and the last have an effect
    "enabled": True, "benchmark": False, "benchmark_limit": 10, "deterministic": False, "allow_tf32": False,
}  # fmt: skip

Shape = tuple[int, ...]

MAX_WORKSPACE = 1 << 29  # bytes that a kernel may need beside its arrays
DIRECTIONS = {  # the method of cuDNN's graph, and its names of the two arrays
    "convolution": ("conv_fprop", "image", "weight"),
    "conv_transpose": ("conv_dgrad", "loss", "filter"),
    "conv_weight": ("conv_wgrad", "image", "loss"),
}
CLOSE, TF32 = {"f": 1e-4, "e": 1e-2}, 1e-2  # how far a result may be from the definition's, by that of the arrays' magnitudes
_lock = threading.Lock()  # one thread at a time sets a handle's stream and uses it


@functools.cache
def _is_installed() -> bool:
    """Whether the package is installed. Warns if it is not: it is asked for when there is an array on a GPU, or CuPy for it."""
    if not compiler.is_available():
        return False
    if importlib.util.find_spec("cudnn") is None:
        _warn("cuDNN is not installed", "pip install '.[gpu]' in the clone installs it")
        return False
    return True


@functools.cache
def _warn(reason: str, advice: str = "the values are the same") -> None:
    warnings.warn(f"convolutions on the GPU run without cuDNN, several times slower: {reason}; {advice}", stacklevel=2)


@functools.cache
def _handle(device: int) -> Any:
    return importlib.import_module("cudnn").create_handle()


class Plan:
    """One direction for arrays of given shapes."""

    def __init__(self, name: str, a: Shape, b: Shape, y: Shape, window: Window, dtype: str, device: int, tf32: bool) -> None:
        cudnn = importlib.import_module("cudnn")
        kind = {"f": cudnn.data_type.FLOAT, "e": cudnn.data_type.HALF}[dtype]
        single = cudnn.data_type.FLOAT
        self.graph = graph = cudnn.pygraph(
            handle=_handle(device), io_data_type=kind, intermediate_data_type=single, compute_data_type=single
        )
        method, *names = DIRECTIONS[name]
        inputs = [
            graph.tensor(name=word, dim=list(shape), stride=_strides(shape), data_type=kind)
            for word, shape in zip(names, (_in_2d(a), _in_2d(b)), strict=True)
        ]
        before, after = zip(*_padded(window.padding, (0, 0)), strict=True)
        output = getattr(graph, method)(
            **dict(zip(names, inputs, strict=True)),
            pre_padding=list(before),
            post_padding=list(after),
            stride=_padded(window.stride, 1),
            dilation=_padded(window.dilation, 1),
        )
        shape = _in_2d(y)
        output.set_output(True).set_dim(list(shape)).set_stride(_strides(shape)).set_data_type(kind)
        self.tensors = (*inputs, output)
        graph.validate()
        graph.build_operation_graph()
        graph.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
        if dtype == "f" and not tf32:
            graph.deselect_numeric_notes([cudnn.numerical_note.TENSOR_CORE])
        graph.deselect_workspace_greater_than(MAX_WORKSPACE)
        graph.check_support()
        graph.build_plans()
        self.workspace = max(1, graph.get_workspace_size())
        self.device = device
        self.is_checked: bool | None = False  # None: it differs from the definition

    def __call__(self, a: Array, b: Array, y: Array) -> None:
        cupy, handle = importlib.import_module("cupy"), _handle(self.device)
        space = xp.empty_like(a, shape=(self.workspace,), dtype=xp.uint8)
        pointers = {tensor: address(array) for tensor, array in zip(self.tensors, (a, b, y), strict=True)}
        with _lock:
            importlib.import_module("cudnn").set_stream(handle=handle, stream=cupy.cuda.get_current_stream().ptr)
            self.graph.execute(pointers, address(space), handle=handle)


@functools.lru_cache(256)
def _plan(*key: Any) -> Plan | None:
    """The plan for the arguments of Plan, or None if cuDNN has none."""
    try:
        return Plan(*key)
    except Exception as error:
        _warn(f"{type(error).__name__}: {str(error).strip()[:200]}")
        return None


def _in_2d(shape: Shape) -> Shape:
    """A shape (N, C, L) as (N, C, 1, L)."""
    return (*shape[:2], 1, shape[2]) if len(shape) == 3 else shape


def _padded(values: Sequence[Any], fill: Any) -> list[Any]:
    """A value for each dimension, with `fill` for the first of two that a one-dimensional image has."""
    return [fill, *values] if len(values) == 1 else list(values)


def _strides(shape: Shape) -> list[int]:
    return [math.prod(shape[i + 1 :]) for i in range(len(shape))]


def _run(name: str, a: Array, b: Array, y_shape: Shape, window: Window, part: Any) -> Any:
    """The result of a plan for a and b. part(a, b, y) has arguments of the definition, and what of y they give."""
    if (
        not settings["enabled"]
        or a.dtype != b.dtype
        or 0 in (*a.shape, *b.shape, *y_shape)
        or any(p < 0 for pads in window.padding for p in pads)
    ):
        return NotImplemented
    device = a.device.id  # type: ignore[attr-defined]
    with importlib.import_module("cupy").cuda.Device(device):
        plan = _plan(name, a.shape, b.shape, y_shape, window, a.dtype.char, device, bool(settings["allow_tf32"]))
        if plan is None or plan.is_checked is None:
            return NotImplemented
        a, b, y = contiguous(a), contiguous(b), xp.empty_like(a, order="C", shape=y_shape)
        plan(a, b, y)
        if not plan.is_checked:
            args, found = part(a, b, y)
            plan.is_checked = _is_close(name, args, found) or None
            if plan.is_checked is None:
                _warn(f"its {name} of {list(a.shape)} and {list(b.shape)} differs from the definition")
                return NotImplemented
    return y


def _is_close(name: str, args: Any, found: Array) -> bool:
    """Whether each number found is that of the definition, to what rounding may do to the sum of its products' magnitudes."""
    a, b, *rest = args
    function = definitions[name].function
    wide = [array.astype(xp.float32, copy=False) for array in (a, b)]
    expected, most = function(*wide, *rest), function(*map(xp.absolute, wide), *rest)
    return not bool((xp.absolute(found - expected) > (TF32 if settings["allow_tf32"] else CLOSE[a.dtype.char]) * most).any())


def _add_bias(y: Any, bias: Array | None) -> Any:
    if y is not NotImplemented and bias is not None:
        y += bias.reshape(-1, *(1,) * (y.ndim - 2))
    return y


cudnn_implements = functools.partial(implements, engine="cudnn", library="cupy", dtypes="ef", available=lambda: _is_installed())


@cudnn_implements("convolution", ulp=256, sample=samples.convolution)
def _convolution(x: Array, weight: Array, bias: Array | None, window: Window, groups: int) -> Any:
    """Checked on one image and one group."""
    channels, features = weight.shape[1], len(weight) // groups

    def part(x: Array, weight: Array, y: Array) -> Any:
        return (x[-1:, :channels], weight[:features], None, window, 1), y[-1:, :features]

    shape = (len(x), len(weight), *window.output_size(x.shape[2:]))
    return _add_bias(_run("convolution", x, weight, shape, window, part), bias)


@cudnn_implements("conv_transpose", ulp=256, sample=samples.conv_transpose)
def _conv_transpose(g: Array, weight: Array, bias: Array | None, window: Window, groups: int, size: Sequence[int]) -> Any:
    """Checked on one image and one group."""
    channels, features = weight.shape[1], len(weight) // groups

    def part(g: Array, weight: Array, x: Array) -> Any:
        return (g[-1:, :features], weight[:features], None, window, 1, size), x[-1:, :channels]

    return _add_bias(_run("conv_transpose", g, weight, (len(g), channels * groups, *size), window, part), bias)


@cudnn_implements("conv_weight", ulp=256, sample=samples.conv_weight)
def _conv_weight(x: Array, g: Array, window: Window, groups: int) -> Any:
    """Checked on the last channel of the input and of the output."""

    def part(x: Array, g: Array, weight: Array) -> Any:
        return (x[:, -1:], g[:, -1:], window, 1), weight[-1:, -1:]

    shape = (g.shape[1], x.shape[1] // groups, *window.kernel)
    return _run("conv_weight", x, g, shape, window, part)
