"""Linear algebra, under the names of torch.linalg.

>>> import minitorch
>>> A = minitorch.tensor([[2.0, 1.0], [1.0, 3.0]])
>>> minitorch.linalg.det(A)
tensor(5.)
>>> minitorch.linalg.solve(A, minitorch.tensor([3.0, 4.0]))
tensor([1., 1.])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch import left_out as _left_out
from minitorch.backend.errors import LinAlgError
from minitorch.ops import linalg as _linalg
from minitorch.ops import spectral as _spectral
from minitorch.ops import statistics as _statistics
from minitorch.public import public

__all__ = [
    "LinAlgError", "cholesky", "cross", "det", "eigh", "eigvalsh", "inv", "lstsq", "matrix_norm", "matrix_rank", "norm", "pinv",
    "qr", "slogdet", "solve", "svd", "svdvals", "vector_norm",
]  # fmt: skip

cross, det, inv, solve = public(_linalg.cross), public(_linalg.det), public(_linalg.inv), public(_linalg.solve)
slogdet, norm, matrix_norm = public(_linalg.linalg_slogdet), public(_spectral.norm), public(_spectral.matrix_norm)
eigh, eigvalsh = public(_spectral.eigh), public(_spectral.eigvalsh)
qr, lstsq = public(_spectral.linalg_qr), public(_spectral.lstsq)
svd, svdvals = public(_spectral.linalg_svd), public(_spectral.svdvals)
cholesky, pinv, matrix_rank = public(_spectral.cholesky), public(_spectral.pinv), public(_spectral.matrix_rank)
vector_norm = public(_statistics.linalg_vector_norm)

for _name in __all__:  # found here by pickle
    globals()[_name].__module__, globals()[_name].__qualname__ = __name__, _name

if not TYPE_CHECKING:
    __getattr__ = _left_out.explains_missing("minitorch.linalg")
