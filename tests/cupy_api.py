"""What CuPy has of NumPy: its functions, methods and ufuncs with their arguments, as a table that needs no CuPy to be read.

`pip install cupy-cuda12x; python tests/cupy_api.py > tests/cupy_api.txt` made the table, with CuPy 14.2. It needs no GPU.
tests/strict_array.py refuses whatever is not in it.
"""

from __future__ import annotations

import inspect
from pathlib import Path


def table():
    """The lines of the table, such as `linalg.inv(a)` and `ndarray.max(axis=, out=, keepdims=)`."""
    import cupy
    import numpy as np

    yield "ufuncs: " + " ".join(n for n in dir(np) if isinstance(getattr(np, n), np.ufunc) and hasattr(cupy, n))
    for prefix, theirs, ours in (("", cupy, np), ("linalg.", cupy.linalg, np.linalg), ("ndarray.", cupy.ndarray, np.ndarray)):
        for name in dir(theirs):
            function = getattr(theirs, name)
            known = hasattr(ours, name) or name in ("get", "set", "scatter_add", "scatter_max", "scatter_min")
            if (
                name.startswith("_")
                or not callable(function)
                or not known
                or isinstance(function, (type, cupy.ufunc, np.ufunc))
            ):
                continue
            if function is not getattr(ours, name, None):
                yield f"{prefix}{name}({', '.join(arguments(function))})"


def arguments(function):
    """The arguments of a function, without the values of defaults and without self."""
    try:
        parameters = [str(p.replace(annotation=p.empty)) for p in inspect.signature(function).parameters.values()]
    except ValueError:  # compiled: the first line of its docstring has them
        line = function.__doc__.strip().splitlines()[0]
        inside = line[line.index("(") + 1 : line.rindex(")")]
        parameters = [p.strip() for p in inside.split(",")]
    for p in parameters:
        name, equal, _ = p.partition("=")
        if (name := name.split()[-1]) != "self":
            yield name + equal


def signatures():
    """The table, read: the names of the ufuncs, and for each function a signature."""
    first, *lines = (Path(__file__).parent / "cupy_api.txt").read_text().splitlines()
    named = {}
    for line in lines:
        name, _, parameters = line.removesuffix(")").partition("(")
        named[name] = inspect.signature(eval(f"lambda {parameters.replace('=', '=None')}: None"))
    return set(first.split()[1:]), named


if __name__ == "__main__":
    print("\n".join(table()))
