"""Kernels of C expressions for CuPy's arrays, compiled where an array on a GPU first needs them.

NumPy's functions, which dispatch to CuPy, run one kernel each, and write their result to memory before the next reads it. A
formula written as one kernel passes over memory once. CuPy compiles it (some tenths of a second, once: the result is kept in a
file), broadcasts its arguments, and runs it on its current device and stream.

    elementwise   computes every element of the outputs; `raw` arguments are whole arrays, which it indexes
    reduction     maps every element to a value, and combines the values along axes

A kernel's name begins with `minitorch_`: one called erf would hide the function of that name. No kernel reads a value back to
the host, which would wait for the GPU. In the code T is the dtype of the arrays, and i the flat index of the element.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

from minitorch.backend.arrays import Array, xp
from minitorch.backend.dispatch import implements

__all__ = ["cupy_implements", "elementwise", "is_available", "one_dtype", "reduction"]


@functools.cache
def is_available() -> bool:
    """Whether CuPy is installed."""
    return importlib.util.find_spec("cupy") is not None


cupy_implements = functools.partial(implements, engine="cupy", library="cupy", dtypes="fd", available=lambda: is_available())


@functools.cache
def elementwise(name: str, inputs: str, outputs: str, code: str, preamble: str = "") -> Callable[..., Any]:
    """The kernel that runs `code` for each element, and returns the outputs, new arrays unless they are passed."""
    made = importlib.import_module("cupy").ElementwiseKernel
    kernel: Callable[..., Any] = made(inputs, outputs, code, f"minitorch_{name}", preamble=preamble)
    return kernel


def reduction(
    name: str,
    inputs: str,
    outputs: str,
    mapped: str,
    combined: str,
    result: str,
    kind: str,
    preamble: str,
    *args: Any,
    axis: int,
    keepdims: bool = False,
) -> list[Array]:
    """What combining along `axis` makes of the arguments, the first of which is an array of the full shape.

    `mapped` is an expression of an element's values, of the C type `kind`; `combined` one of two such values a and b; `result`
    assigns the outputs from the total a. kind(0) is the total of nothing.
    """
    x = args[0]
    shape = list(x.shape)
    shape[axis : axis + 1 or None] = [1] if keepdims else []
    made = [
        xp.empty_like(x, order="C", shape=tuple(shape), dtype=x.dtype if dtype == "T" else xp.dtype(dtype))
        for dtype, _ in (output.split() for output in outputs.split(","))
    ]
    kernel = _reduction(name, inputs, outputs, mapped, combined, result, kind, preamble)
    kernel(*args, *made, axis=axis, keepdims=keepdims)  # CuPy would return the first of several outputs alone
    return made


@functools.cache
def _reduction(name: str, inputs: str, outputs: str, *code: str) -> Callable[..., Any]:
    mapped, combined, result, kind, preamble = code
    made = importlib.import_module("cupy").ReductionKernel
    kernel: Callable[..., Any] = made(
        inputs, outputs, mapped, combined, result, "0", f"minitorch_{name}", kind, preamble=preamble
    )
    return kernel


def one_dtype(*arrays: Array) -> bool:
    """Whether all arrays have one dtype, as parameters of the type T must."""
    return all(a.dtype == arrays[0].dtype for a in arrays)
