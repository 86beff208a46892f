"""A stand-in for NVIDIA's package `cudnn`: it takes a graph with one convolution, and computes that in loops.

It reads its arrays by address, with the sizes and strides that the graph was given, and refuses sizes that do not belong
together. So what is passed to cuDNN is right if the results are.
"""

from __future__ import annotations

import ctypes
import itertools
import types

import numpy as np

data_type = types.SimpleNamespace(FLOAT=np.float32, HALF=np.float16, DOUBLE=np.float64)
heur_mode = types.SimpleNamespace(A="A", FALLBACK="FALLBACK")
numerical_note = types.SimpleNamespace(TENSOR_CORE="TENSOR_CORE")
graphs: list[pygraph] = []  # all that were made
faults: set[str] = set()  # "wrong": it computes something else; "refused": it supports nothing


def create_handle():
    return "handle"


def set_stream(handle, stream):
    assert handle == "handle"
    assert isinstance(stream, int)


class Tensor:
    def __init__(self, dim=None, stride=None, data_type=None, name=""):
        self.dim, self.stride, self.dtype, self.name = dim, stride, data_type, name

    def set_output(self, value):
        assert value is True
        return self

    def set_dim(self, dim):
        self.dim = dim
        return self

    def set_stride(self, stride):
        self.stride = stride
        return self

    def set_data_type(self, dtype):
        self.dtype = dtype
        return self

    def array(self, pointer):
        """The memory at an address as an array."""
        assert isinstance(pointer, int)
        assert all(isinstance(n, int) for n in [*self.dim, *self.stride])
        size = 1 + sum((n - 1) * s for n, s in zip(self.dim, self.stride, strict=True))
        memory = np.frombuffer((ctypes.c_char * (size * np.dtype(self.dtype).itemsize)).from_address(pointer), self.dtype)
        return np.lib.stride_tricks.as_strided(memory, self.dim, [s * memory.itemsize for s in self.stride], writeable=True)


class pygraph:
    def __init__(self, handle, io_data_type, intermediate_data_type, compute_data_type):
        assert handle == "handle"
        assert (intermediate_data_type, compute_data_type) == (np.float32, np.float32)
        assert io_data_type is not np.float64, "float64 is accepted and computes other numbers"
        self.notes, self.limit, self.done = [], None, []
        graphs.append(self)

    def tensor(self, **given):
        return Tensor(**given)

    def conv_fprop(self, image, weight, **options):
        return self._take("fprop", {"x": image, "w": weight}, "y", options)

    def conv_dgrad(self, loss, filter, **options):
        return self._take("dgrad", {"y": loss, "w": filter}, "x", options)

    def conv_wgrad(self, image, loss, **options):
        return self._take("wgrad", {"x": image, "y": loss}, "w", options)

    def _take(self, direction, tensors, output, options):
        assert set(options) == {"pre_padding", "post_padding", "stride", "dilation"}
        assert all(isinstance(n, int) for values in options.values() for n in values)
        self.direction, self.options, self.output = direction, options, output
        self.roles = {**tensors, output: Tensor()}
        return self.roles[output]

    def validate(self):
        x, w, y = (self.roles[role].dim for role in "xwy")
        assert len(x) == len(w) == len(y) in (4, 5)
        assert x[0] == y[0]
        assert w[0] == y[1]
        assert x[1] % w[1] == 0
        assert w[0] % (x[1] // w[1]) == 0
        options = (self.options[name] for name in ("pre_padding", "post_padding", "stride", "dilation"))
        for n, k, m, before, after, s, d in zip(x[2:], w[2:], y[2:], *options, strict=True):
            assert m == (n + before + after - d * (k - 1) - 1) // s + 1
        self.done.append("validate")

    def build_operation_graph(self):
        self.done.append("build_operation_graph")

    def create_execution_plans(self, modes):
        assert modes == ["A", "FALLBACK"]
        if "refused" in faults:
            raise RuntimeError("no engine supports this")

    def deselect_numeric_notes(self, notes):
        self.notes += notes

    def deselect_workspace_greater_than(self, limit):
        self.limit = limit

    def check_support(self):
        assert self.done == ["validate", "build_operation_graph"]

    def build_plans(self):
        self.done.append("build_plans")

    def get_workspace_size(self):
        return 1000

    def execute(self, pointers, workspace, handle):
        assert self.done[-1] == "build_plans"
        assert isinstance(workspace, int)
        arrays = {role: tensor.array(pointers[tensor]) for role, tensor in self.roles.items()}
        assert len(pointers) == 3
        with np.errstate(invalid="ignore"):  # what y holds before is nothing
            x, w, y = (arrays[role].astype(np.float64) for role in "xwy")
        total = {"x": x, "w": w, "y": y}[self.output]
        total[...] = 1e30 if "wrong" in faults else 0
        groups = x.shape[1] // w.shape[1]
        before, stride, dilation = (self.options[name] for name in ("pre_padding", "stride", "dilation"))
        for j in itertools.product(*map(range, w.shape[2:])):
            for o in itertools.product(*map(range, y.shape[2:])):
                at = tuple(s * a + d * b - p for s, a, d, b, p in zip(stride, o, dilation, j, before, strict=True))
                if any(not 0 <= a < n for a, n in zip(at, x.shape[2:], strict=True)):
                    continue
                for g in range(groups):
                    c = slice(g * w.shape[1], (g + 1) * w.shape[1])
                    f = slice(g * len(w) // groups, (g + 1) * len(w) // groups)
                    one_x, one_w, one_y = x[(slice(None), c, *at)], w[(f, slice(None), *j)], y[(slice(None), f, *o)]
                    if self.output == "y":
                        one_y += one_x @ one_w.T
                    elif self.output == "x":
                        one_x += one_y @ one_w
                    else:
                        one_w += one_y.T @ one_x
        arrays[self.output][...] = total
