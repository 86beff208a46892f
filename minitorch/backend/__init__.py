"""The one place that knows which array library computes: NumPy, or CuPy when it is given CuPy's arrays.

arrays.py   `xp` and the few array operations that NumPy lacks
dtypes.py   element types under PyTorch's names, and their promotion
random.py   random streams that give PyTorch's numbers
"""
