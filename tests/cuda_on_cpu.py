"""Runs the kernels of minitorch/kernels/cupy on a CPU: their C code, compiled by g++ as a loop over the elements.

`on_cpu()` puts two classes with the names and arguments of CuPy's in its place, which take arrays of tests/strict_array.py. The
parameters are read by CuPy's rules: types are NumPy's names, or letters that stand for the dtype of an argument; a `raw`
argument is a whole array. What CuPy takes and these do not, such as a raw argument with gaps, the kernels do not use.

tests/fake_cudnn.py takes the place of cuDNN.

`compile_for_gpu` compiles the same code by NVRTC, which needs no GPU, where that library is installed.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import shutil
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import pytest

from minitorch.backend import device, dispatch
from minitorch.kernels.cupy import compiler, convolution, normalization, pooling
from tests import fake_cudnn
from tests.strict_array import StrictArray, library

TYPES = {
    "bool": "bool", "uint8": "unsigned char", "int16": "short", "int32": "int", "uint32": "unsigned int", "int64": "long long",
    "float32": "float", "float64": "double",
}  # fmt: skip
ON_CPU = """#include <cmath>
#include <cstddef>
#define __device__
using namespace std;
template <class T> void atomicAdd(T* at, T value) { *at += value; }
"""
FOLDER = Path(tempfile.mkdtemp(prefix="cuda_on_cpu_"))
sources: set[str] = set()  # for NVRTC: every kernel that has run


class Parameter:
    def __init__(self, text: str) -> None:
        *words, self.type, self.name = text.split()
        self.raw = words == ["raw"]
        assert words in ([], ["raw"])
        assert self.name not in ("n", "i"), "CuPy has these names itself"


class Kernel:
    """What both kinds of kernels share: parameters, types and shapes."""

    def __init__(self, inputs: str, outputs: str) -> None:
        self.inputs = [Parameter(text) for text in inputs.split(",")]
        self.outputs = [Parameter(text) for text in outputs.split(",")]

    def bind(self, args):
        """Arrays by parameter's name, numbers by theirs, and the dtype that each letter stands for."""
        assert len(args) in (len(self.inputs), len(self.inputs) + len(self.outputs)), "wrong number of arguments"
        arrays, numbers, dtypes = {}, {}, {}
        for parameter, value in zip([*self.inputs, *self.outputs], args, strict=False):
            if isinstance(value, StrictArray):
                expected = dtypes.setdefault(parameter.type, value.dtype) if parameter.type not in TYPES else parameter.type
                assert value.dtype == expected, f"{parameter.name} has dtype {value.dtype}, and {parameter.type} is {expected}"
                assert not parameter.raw or value.flags.c_contiguous, f"{parameter.name} is raw and not contiguous"
                arrays[parameter.name] = value._host
            else:
                assert isinstance(value, (bool, int, float)), f"{parameter.name} is {value!r}"
                numbers[parameter.name] = value
        return arrays, numbers, dtypes

    def type(self, parameter, dtypes):
        return np.dtype(dtypes.get(parameter.type, parameter.type))

    def header(self, preamble, dtypes):
        names = "".join(f"typedef {TYPES[dtype.name]} {letter};\n" for letter, dtype in dtypes.items())
        return names + "".join(f"typedef {c} {name};\n" for name, c in TYPES.items() if name not in ("bool",)) + preamble + "\n"


class ElementwiseKernel(Kernel):
    def __init__(self, inputs, outputs, code, name, preamble=""):
        super().__init__(inputs, outputs)
        self.code, self.name, self.preamble = code, name, preamble

    def __call__(self, *args):
        arrays, numbers, dtypes = self.bind(args)
        elements = [a for p in self.inputs for a in [arrays.get(p.name)] if a is not None and not p.raw]
        made = [p for p in self.outputs if not p.raw]
        elements += [arrays[p.name] for p in made if p.name in arrays]
        shape = np.broadcast_shapes(*(a.shape for a in elements))
        results = []
        for p in self.outputs:
            assert p.name in arrays or not p.raw, f"{p.name} is a raw output, and not given"
            results.append(arrays.setdefault(p.name, np.empty(shape, self.type(p, dtypes)) if p.name not in arrays else None))
            assert p.raw or results[-1].shape == shape, f"{p.name} has shape {results[-1].shape}, not {shape}"
            arrays[p.name] = np.ascontiguousarray(results[-1])
        parameters, local, values = [], [], []
        for p in [*self.inputs, *self.outputs]:
            const = "const " if p in self.inputs else ""
            if p.name in numbers:
                parameters.append(f"{p.type} {p.name}")
                values.append(np.ctypeslib.as_ctypes_type(self.type(p, dtypes))(numbers[p.name]))
                continue
            array = arrays[p.name]
            if not p.raw and p in self.inputs:
                array = np.ascontiguousarray(np.broadcast_to(array, shape))
                arrays[p.name] = array  # alive until the call
            parameters.append(f"{const}{p.type}* {'' if p.raw else '_'}{p.name}")
            values.append(ctypes.c_void_p(array.ctypes.data))
            if not p.raw:
                local.append(f"{const}{p.type}& {p.name} = _{p.name}[i];")
        body = f"{{ {' '.join(local)} {self.code}; }}"
        run_for_each(self.name, int(np.prod(shape)), self.header(self.preamble, dtypes), parameters, body, values)
        for p, r in zip(self.outputs, results, strict=True):
            r[...] = arrays[p.name]  # where it has gaps
        results = [StrictArray(r) for r in results]
        return results[0] if len(results) == 1 else tuple(results)


class ReductionKernel(Kernel):
    def __init__(self, inputs, outputs, mapped, combined, result, identity, name, kind, preamble=""):
        super().__init__(inputs, outputs)
        self.mapped, self.combined, self.result, self.identity = mapped, combined, result, identity
        self.name, self.kind, self.preamble = name, kind, preamble

    def __call__(self, *args, axis, keepdims=False):
        arrays, numbers, dtypes = self.bind(args)
        shape = np.broadcast_shapes(*(arrays[p.name].shape for p in self.inputs if p.name in arrays))
        axis = axis % len(shape)
        kept = (*shape[:axis], *([1] if keepdims else []), *shape[axis + 1 :])
        results = [arrays[p.name] for p in self.outputs]  # CuPy makes outputs, too, but returns the first alone
        assert all(r.shape == kept and r.flags.c_contiguous for r in results)
        parameters, values, inside, outside = [], [], [], []
        for p in self.inputs:
            if p.name in numbers:
                parameters.append(f"{p.type} {p.name}")
                values.append(np.ctypeslib.as_ctypes_type(self.type(p, dtypes))(numbers[p.name]))
            else:
                arrays[p.name] = np.ascontiguousarray(np.moveaxis(np.broadcast_to(arrays[p.name], shape), axis, -1))
                parameters.append(f"const {p.type}* _{p.name}")
                values.append(ctypes.c_void_p(arrays[p.name].ctypes.data))
                inside.append(f"const {p.type} {p.name} = _{p.name}[i * _count + j];")
        for p, r in zip(self.outputs, results, strict=True):
            parameters.append(f"{p.type}* _{p.name}")
            values.append(ctypes.c_void_p(r.ctypes.data))
            outside.append(f"{p.type} &{p.name} = _{p.name}[i];")
        header = self.header(self.preamble, dtypes) + f"typedef {self.kind} _type_reduce;\n"
        header += f"#define REDUCE(a, b) ({self.combined})\n#define POST_MAP(a) ({self.result})\n"
        # As the threads of a block do, four running totals are combined at the end.
        body = (
            f"{{ _type_reduce part[4]; for (int k = 0; k < 4; ++k) part[k] = _type_reduce({self.identity});\n"
            f"for (ptrdiff_t j = 0; j < _count; ++j) {{ {' '.join(inside)}\n"
            f"_type_reduce _a = static_cast<_type_reduce>({self.mapped}); part[j % 4] = REDUCE(part[j % 4], _a); }}\n"
            f"for (int k = 2; k; k /= 2) for (int j = 0; j < k; ++j) part[j] = REDUCE(part[j], part[j + k]);\n"
            f"_type_reduce _s = part[0]; {' '.join(outside)} POST_MAP(_s); }}"
        )
        values.append(ctypes.c_ssize_t(shape[axis]))
        run_for_each(self.name, int(np.prod(kept)), header, [*parameters, "ptrdiff_t _count"], body, values)


def run_for_each(name, size, header, parameters, body, values):
    """Run the body for each i below size, and note the source of the same for a GPU."""
    head, listed = f'{header}extern "C"', ", ".join(["ptrdiff_t size", *parameters])
    sources.add(
        f"{head} __global__ void {name}({listed}) {{\n"
        f"for (ptrdiff_t i = blockIdx.x * blockDim.x + threadIdx.x; i < size; i += blockDim.x * gridDim.x) {body}\n}}"
    )
    run = compiled(f"{head} void run({listed}) {{\nfor (ptrdiff_t i = 0; i < size; ++i) {body}\n}}")
    run(ctypes.c_ssize_t(size), *values)


def needs_compiler():
    if shutil.which("g++") is None:
        pytest.skip("g++, which compiles the kernels for the CPU, is not installed")


@functools.cache
def compiled(source):
    """The function `run` of a source."""
    file = FOLDER / hashlib.sha256(source.encode()).hexdigest()[:20]
    file.with_suffix(".cpp").write_text(ON_CPU + source)
    command = ["g++", "-O1", "-fPIC", "-shared", "-ffp-contract=off", str(file.with_suffix(".cpp")), "-o", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{ran.stderr}\n{source}"
    return ctypes.CDLL(str(file)).run


def forget_kernels():
    for module in (compiler, convolution, normalization, pooling):
        for function in vars(module).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()


@contextlib.contextmanager
def on_cpu():
    """Within the block arrays of the stand-in count as CuPy's, and kernels for these are compiled for the CPU."""
    needs_compiler()
    cupy = types.ModuleType("cupy")
    vars(cupy).update({k: v for k, v in vars(library).items() if not k.startswith("__")})
    cupy.ElementwiseKernel, cupy.ReductionKernel = ElementwiseKernel, ReductionKernel
    stream = types.SimpleNamespace(ptr=0)
    cupy.cuda = types.SimpleNamespace(**{**vars(library.cuda), "get_current_stream": lambda: stream})
    plain = dispatch._library_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", cupy)
        patch.setattr(dispatch, "_library_of", lambda kind: "cupy" if kind is StrictArray else plain(kind))
        forget_kernels()
        patch.setattr(compiler, "is_available", lambda: True)
        patch.setattr(convolution, "_is_installed", lambda: True)
        patch.setitem(sys.modules, "cudnn", fake_cudnn)
        device.gpu_library.cache_clear()
        yield
    forget_kernels()
    device.gpu_library.cache_clear()


def to_device(value):
    """Arrays among arguments as the stand-in's."""
    if isinstance(value, tuple):
        return tuple(map(to_device, value))
    return StrictArray(value) if isinstance(value, np.ndarray) else value


def from_device(value):
    if isinstance(value, tuple):
        return tuple(map(from_device, value))
    return value._host if isinstance(value, StrictArray) else value


@functools.cache
def nvrtc():
    """NVIDIA's compiler of kernels as a library, or None."""
    for folder in sys.path:
        for file in sorted(Path(folder or ".").glob("nvidia/*/lib/libnvrtc.so.*")):
            if "alt" not in file.name:
                return ctypes.CDLL(str(file))
    return None


def compile_for_gpu(source):
    """Raises AssertionError with the compiler's messages for code that is no CUDA."""
    program, log_size = ctypes.c_void_p(), ctypes.c_size_t()
    assert nvrtc().nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None) == 0
    options = (ctypes.c_char_p * 2)(b"--gpu-architecture=compute_75", b"--std=c++17")
    status = nvrtc().nvrtcCompileProgram(program, 2, options)
    nvrtc().nvrtcGetProgramLogSize(program, ctypes.byref(log_size))
    log = ctypes.create_string_buffer(log_size.value)
    nvrtc().nvrtcGetProgramLog(program, log)
    nvrtc().nvrtcDestroyProgram(ctypes.byref(program))
    assert status == 0, f"{log.value.decode()}\n{source}"
