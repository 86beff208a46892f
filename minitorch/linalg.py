"""Linear algebra, under the names of torch.linalg.

>>> import minitorch
>>> A = minitorch.tensor([[2.0, 1.0], [1.0, 3.0]])
>>> minitorch.linalg.det(A)
tensor(5.)
>>> minitorch.linalg.solve(A, minitorch.tensor([3.0, 4.0]))
tensor([1., 1.])
"""

from __future__ import annotations

from minitorch.ops import linalg as _linalg
from minitorch.ops import statistics as _statistics
from minitorch.public import public

__all__ = ["cross", "det", "inv", "matrix_norm", "norm", "slogdet", "solve", "vector_norm"]

cross, det, inv, norm = public(_linalg.cross), public(_linalg.det), public(_linalg.inv), public(_linalg.norm)
matrix_norm, slogdet, solve = public(_linalg.matrix_norm), public(_linalg.slogdet), public(_linalg.solve)
vector_norm = public(_statistics.linalg_vector_norm)

for _name in __all__:  # found here by pickle
    globals()[_name].__module__, globals()[_name].__qualname__ = __name__, _name
