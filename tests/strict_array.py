"""A stand-in for a GPU's arrays on machines without one: NumPy inside, and as strict as CuPy outside.

It mixes with no NumPy array, never turns into one by itself, and finds its functions through NumPy's dispatch alone. What
runs on it has no forgotten `np.` call on a device's array, and no array made on the wrong side.
"""

from __future__ import annotations

import contextlib
import sys
import types

import numpy as np


class StrictArray(np.lib.mixins.NDArrayOperatorsMixin):
    __module__ = "strict_library"

    def __init__(self, array, base=None):
        self._host = np.asarray(array)
        self.base = base

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        out = kwargs.get("out")
        if out is not None:
            kwargs["out"] = tuple(_inside(o) for o in out)
        result = getattr(ufunc, method)(*map(_inside, inputs), **kwargs)
        if out is not None:
            return out[0]
        return None if result is None else _outside(result)

    def __array_function__(self, function, kinds, args, kwargs):
        if function in (np.asarray, np.array):  # these take an array of NumPy's to the device
            return StrictArray(function(*[getattr(a, "_host", a) for a in args], **kwargs))
        return _outside(function(*_inside(args), **_inside(kwargs)))

    dtype = property(lambda self: self._host.dtype)
    shape = property(lambda self: self._host.shape)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    strides = property(lambda self: self._host.strides)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    flags = property(lambda self: self._host.flags)
    T = property(lambda self: self.transpose())
    device = property(lambda self: types.SimpleNamespace(id=0))
    data = property(lambda self: types.SimpleNamespace(ptr=self._host.__array_interface__["data"][0]))

    def _view(self, host):
        return StrictArray(host, self if self.base is None else self.base)

    def _maybe_view(self, host):
        return self._view(host) if np.may_share_memory(host, self._host) else StrictArray(host)

    def reshape(self, *shape, **kwargs):
        return self._maybe_view(self._host.reshape(*shape, **kwargs))

    def transpose(self, *axes):
        return self._view(self._host.transpose(*axes))

    def swapaxes(self, a, b):
        return self._view(self._host.swapaxes(a, b))

    def view(self, *dtype):
        return self._view(self._host.view(*dtype))

    def astype(self, dtype, copy=True, **kwargs):
        return self if not copy and self.dtype == dtype else StrictArray(self._host.astype(dtype, **kwargs))

    def copy(self, order="C"):
        return StrictArray(self._host.copy(order))

    def get(self):
        return self._host.copy()

    def item(self):
        return self._host.item()

    def tolist(self):
        return self._host.tolist()

    def __getitem__(self, index):
        return self._maybe_view(np.asarray(self._host[_inside(index)]))

    def __setitem__(self, index, value):
        self._host[_inside(index)] = _inside(value)

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __bool__(self):
        return bool(self._host)

    def __int__(self):
        return int(self._host)

    def __float__(self):
        return float(self._host)

    __index__ = __int__

    def __repr__(self):
        return f"StrictArray({self._host!r})"


for name in ("sum", "max", "min", "any", "all", "mean", "cumsum", "argsort", "argmax"):

    def method(self, *args, name=name, **kwargs):
        return StrictArray(getattr(self._host, name)(*args, **kwargs))

    setattr(StrictArray, name, method)


def _inside(value):
    if isinstance(value, StrictArray):
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}: an array of NumPy's beside one of the device")
    if isinstance(value, (list, tuple)):
        return type(value)(_inside(v) for v in value)
    if isinstance(value, dict):
        return {k: _inside(v) for k, v in value.items()}
    return value


def _outside(result):
    if isinstance(result, (np.ndarray, np.generic)):
        return StrictArray(result)
    if isinstance(result, tuple):
        return tuple(_outside(r) for r in result)
    return [_outside(r) for r in result] if isinstance(result, list) else result


def as_strided(x, shape, strides):
    return x._view(np.lib.stride_tricks.as_strided(x._host, shape, strides))


class Device(contextlib.nullcontext):
    id = 0

    def synchronize(self):
        """Nothing runs elsewhere."""


library = types.ModuleType("strict_library")
library.asarray = lambda array: array if isinstance(array, StrictArray) else StrictArray(np.array(array))
library.lib = types.SimpleNamespace(stride_tricks=types.SimpleNamespace(as_strided=as_strided))
library.cuda = types.SimpleNamespace(Device=Device, runtime=types.SimpleNamespace(getDeviceCount=lambda: 1))
sys.modules["strict_library"] = library
