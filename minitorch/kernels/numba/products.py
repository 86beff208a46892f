"""The matrix product in a program that also runs compiled loops: the threads of BLAS must not get in theirs.

After a product the threads of BLAS keep waiting for more, for a while, and take the processor from others. So a small product
is computed without them, and after a large one loops have one thread for that while.
"""

from __future__ import annotations

import time

from minitorch.backend.arrays import Array, xp
from minitorch.kernels import samples
from minitorch.kernels.numba import compiler
from minitorch.kernels.threads import one_blas_thread

__all__: list[str] = []

BLAS_THREADS_FROM = 1 << 18  # multiplications up to which BLAS uses one thread by itself
TWO_THREADS_FROM = 1 << 22  # multiplications up to which a second thread gains little
SPIN_SECONDS = 0.15  # how long the threads of BLAS keep waiting: 2^28 ticks of the processor's clock


@compiler.numba_implements(
    "matrix_product",
    work=lambda a, b: a.size * b.shape[-1],
    pays_from=BLAS_THREADS_FROM,
    layout="",
    ulp=8,
    sample=samples.matrices,
)
def matrix_product(a: Array, b: Array) -> Array:
    if not compiler.threads_in_use():
        return NotImplemented
    if a.size * b.shape[-1] <= TWO_THREADS_FROM:
        with one_blas_thread():
            return xp.matmul(a, b)
    product = xp.matmul(a, b)
    compiler.blas_awake_until = time.monotonic() + SPIN_SECONDS
    return product
