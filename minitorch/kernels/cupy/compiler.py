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

from minitorch.backend.arrays import Array
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


@functools.cache
def reduction(
    name: str, inputs: str, outputs: str, mapped: str, combined: str, result: str, identity: str, kind: str, preamble: str = ""
) -> Callable[..., Any]:
    """The kernel that combines, along `axis`, what `mapped` makes of each element: values of the C type `kind`.

    `combined` is an expression of two values a and b, `result` one of their total a.
    """
    made = importlib.import_module("cupy").ReductionKernel
    kernel: Callable[..., Any] = made(
        inputs, outputs, mapped, combined, result, identity, f"minitorch_{name}", kind, preamble=preamble
    )
    return kernel


def one_dtype(*arrays: Array) -> bool:
    """Whether all arrays have one dtype, as parameters of the type T must."""
    return all(a.dtype == arrays[0].dtype for a in arrays)
