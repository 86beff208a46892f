"""Arrays, and what every layer above needs to know of them: the library, devices, dtypes, random numbers, windows, errors.

arrays.py     `xp` (NumPy, which dispatches to CuPy for CuPy's arrays) and the array operations that it lacks
dtypes.py     element types under PyTorch's names, and their promotion
device.py     CPU or GPU
random.py     random streams that give PyTorch's numbers
window.py     the geometry of convolution and pooling: sizes, padding, kernel offsets
dispatch.py   definitions, and other implementations of them
errors.py     error messages about a call
callsite.py   the program's line that made the call
"""
