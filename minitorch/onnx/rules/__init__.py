"""For each function the operators of ONNX that compute it.

A rule(graph, call, result) adds the nodes, and returns the name of the result, or the names of several; `call` has the
arguments by name.

    table.py        the table, and what the rules share
    elementwise.py  functions of single elements, with the activations
    arrays.py       functions that move, join, reduce and multiply arrays
    layers.py       linear maps and attention, windows, normalization
"""

from minitorch.onnx.rules import arrays, elementwise, layers  # each adds its rules to the table
from minitorch.onnx.rules.table import RULES

__all__ = ["RULES", "arrays", "elementwise", "layers"]
