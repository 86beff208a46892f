"""A stand-in for a GPU's arrays on machines without one: NumPy inside, and as strict as CuPy outside.

It has CuPy's functions and methods with CuPy's arguments (tests/cupy_api.txt), mixes with no NumPy array, never turns into one
by itself, and finds its functions through NumPy's dispatch alone. What runs on it has no forgotten `np.` call on a device's
array, no array made on the wrong side, and nothing that CuPy refuses. tests/guards/test_strict_array.py lists what it refuses.

Where CuPy waits for the device, the stand-in notes the line of minitorch that made it wait: `waits()`.
"""

from __future__ import annotations

import contextlib
import operator
import sys
import types

import numpy as np

from tests.cupy_api import signatures

UFUNCS, SIGNATURES = signatures()
ARGUMENTS_OF_UFUNCS = {
    "__call__": {"out", "dtype", "casting"},
    "reduce": {"axis", "dtype", "out", "keepdims"},
    "accumulate": {"axis", "dtype", "out"},
    "reduceat": {"axis", "dtype", "out"},
    "outer": {"out", "dtype", "casting"},
    "at": set(),
}
METHODS_OF_UFUNCS = {"reduce": ("add", "multiply"), "accumulate": ("add", "multiply"), "reduceat": ("add",)}
ATOMIC = {  # the dtypes of ufunc.at: those for which CUDA has an atomic operation
    "add": "ilqILQefd", "subtract": "iI", "maximum": "ilqILQfd", "minimum": "ilqILQfd", "bitwise_and": "ilqILQ",
    "bitwise_or": "ilqILQ", "bitwise_xor": "ilqILQ",
}  # fmt: skip
WAITING = {  # CuPy's functions that look at values on the host
    "argwhere", "bincount", "compress", "digitize", "extract", "flatnonzero", "histogram", "histogram2d", "histogramdd",
    "interp", "intersect1d", "ix_", "nonzero", "place", "ravel_multi_index", "setdiff1d", "setxor1d", "trim_zeros", "union1d",
    "unique", "unique_all", "unique_counts", "unique_inverse", "unique_values",
}  # fmt: skip
ON_THE_HOST = {  # those whose result is no array of the device
    "broadcast_shapes", "can_cast", "common_type", "iscomplexobj", "isrealobj", "may_share_memory", "ndim", "result_type",
    "shape", "shares_memory", "size",
}  # fmt: skip
_waits: list[str] = []


@contextlib.contextmanager
def waits():
    """The lines of minitorch that waited for the device within the block."""
    _waits.clear()
    yield _waits


def _wait():
    frame = sys._getframe(1)
    while frame and "minitorch" not in frame.f_code.co_filename.replace("\\", "/").split("/")[-4:-1]:
        frame = frame.f_back
    _waits.append(f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "a test")


class Flags:
    """As CuPy's flags: no `writeable` and no `aligned`."""

    def __init__(self, flags):
        self.c_contiguous, self.f_contiguous, self.owndata = flags.c_contiguous, flags.f_contiguous, flags.owndata
        self.forc, self.fnc = flags.forc, flags.fnc

    def __getitem__(self, name):
        return getattr(self, name.lower())


class StrictArray(np.lib.mixins.NDArrayOperatorsMixin):
    __module__ = "strict_library"

    def __init__(self, array, base=None):
        self._host = np.asarray(array)
        self.base = base
        self.index = Device.current
        if self._host.dtype.kind not in "biufc":
            raise ValueError(f"Unsupported dtype {self._host.dtype}")

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        name = ufunc.__name__
        if name not in UFUNCS:
            return NotImplemented
        allowed = set(ARGUMENTS_OF_UFUNCS[method])
        if method == "__call__" and name == "matmul":
            allowed |= {"axes", "axis", "keepdims", "signature", "order"}
        if name not in METHODS_OF_UFUNCS.get(method, (name,)) or (method == "at" and name not in ATOMIC):
            raise NotImplementedError(f"`cupy_{name}.{method}` is not supported yet")
        if not set(kwargs) <= allowed:
            raise TypeError(f"Wrong arguments {kwargs}: {method}() got an unexpected keyword argument")
        if method == "at" and inputs[0].dtype.char not in ATOMIC[name]:
            raise TypeError(f"cupy.{name}.at only supports {ATOMIC[name]} as data type, not {inputs[0].dtype}")
        out = kwargs.get("out")
        if out is not None:
            kwargs["out"] = tuple(_inside(o) for o in out)
            if len(out) != 1:
                raise ValueError("The 'out' parameter must have exactly one array value")
        if method == "at":
            inputs = (inputs[0], self._wrapped(inputs[1]), *inputs[2:])
        with np.errstate(all="ignore"):
            result = getattr(ufunc, method)(*map(_inside, inputs), **kwargs)
        if out is not None:
            return out[0]
        return None if result is None else _outside(result)

    def __array_function__(self, function, kinds, args, kwargs):
        name = ".".join([*function.__module__.split(".")[1:], function.__name__])
        if name not in SIGNATURES:
            return NotImplemented
        given = _bound(name, args, kwargs)
        if name in WAITING or (name == "where" and len(args) == 1) or (name == "repeat" and not _is_int(given["repeats"])):
            _wait()
        if name in ("asarray", "array"):  # these take an array of NumPy's to the device
            return StrictArray(function(*[getattr(a, "_host", a) for a in args], **kwargs))
        if name == "lexsort" and not isinstance(given["keys"], StrictArray):
            raise AttributeError("'tuple' object has no attribute 'ndim'")
        if name in ("take_along_axis", "take"):
            args = (
                args[0],
                _modulo(args[1], args[0].size if given.get("axis") is None else args[0].shape[given["axis"]]),
                *args[2:],
            )
        with np.errstate(all="ignore"):
            try:
                result = function(*_inside(args), **_inside(kwargs))
            except np.linalg.LinAlgError:
                if _raising:
                    raise
                result = np.full_like(_inside(args[0]), np.nan)  # nonsense, and nothing says so
        if _raising and name.startswith("linalg"):
            _wait()
        return result if name in ON_THE_HOST else _outside(result, like=_first(args))

    dtype = property(lambda self: self._host.dtype)
    shape = property(lambda self: self._host.shape)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    strides = property(lambda self: self._host.strides)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    flags = property(lambda self: Flags(self._host.flags))
    T = property(lambda self: self.transpose())
    mT = property(lambda self: self.swapaxes(-1, -2))
    real = property(lambda self: self._maybe_view(self._host.real))
    imag = property(lambda self: self._maybe_view(self._host.imag))
    device = property(lambda self: Device(self.index))
    data = property(lambda self: types.SimpleNamespace(ptr=self._host.__array_interface__["data"][0], device_id=0))

    def _view(self, host):
        view = StrictArray(host, self if self.base is None else self.base)
        view.index = self.index
        return view

    def _maybe_view(self, host):
        return self._view(host) if np.may_share_memory(host, self._host) else StrictArray(host)

    def get(self, **kwargs):
        _bound("ndarray.get", (), kwargs)
        if kwargs.get("blocking", True):
            _wait()
        out = kwargs.get("out")
        if out is None:
            return self._host.copy()
        out[...] = self._host
        return out

    def item(self):
        return self.get().item()

    def tolist(self):
        return self.get().tolist()

    def tobytes(self, order="C"):
        return self.get().tobytes(order)

    def __getitem__(self, index):
        return self._maybe_view(np.asarray(self._host[_inside(self._wrapped(index))]))

    def __setitem__(self, index, value):
        index = self._wrapped(index)
        parts = index if isinstance(index, tuple) else (index,)
        if isinstance(value, (list, tuple)) and not any(isinstance(p, StrictArray) for p in parts):
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        self._host[_inside(index)] = _inside(value)

    def _wrapped(self, index):
        """The index as CuPy reads it: a mask waits for the device, and a number beyond the end of an axis starts over."""
        parts = list(index) if isinstance(index, tuple) else [index]
        if any(isinstance(p, np.ndarray) for p in parts):
            _inside(parts)
        taken = sum(p.ndim if _is_mask(p) else p is not None and p is not Ellipsis for p in parts)
        axis = 0
        for i, part in enumerate(parts):
            if part is Ellipsis:
                axis += self.ndim - taken
            elif _is_mask(part):
                _wait()
                axis += part.ndim
            elif part is not None:
                if isinstance(part, StrictArray) and axis < self.ndim:
                    parts[i] = _modulo(part, self.shape[axis])
                axis += 1
        return tuple(parts) if isinstance(index, tuple) else parts[0]

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __bool__(self):
        return bool(self.get())

    def __int__(self):
        return int(self.get())

    def __float__(self):
        return float(self.get())

    def __complex__(self):
        return complex(self.get())

    def __format__(self, spec):
        return format(self.get(), spec)

    def __repr__(self):
        return f"StrictArray({self._host!r})"

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def __reduce__(self):
        return StrictArray, (self.get(),)

    def __dlpack__(self, **kwargs):
        return self._host.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return 2, 0


def _method(name):
    def method(self, *args, **kwargs):
        given = _bound(f"ndarray.{name}", args, kwargs)
        if name in ("nonzero", "compress"):
            _wait()
        if name == "astype" and given.get("copy") is False and self.dtype == given["dtype"]:
            return self
        if name == "sort" and not self.flags.c_contiguous:
            raise NotImplementedError("Sorting non-contiguous array is not supported.")
        kwargs = {k: v for k, v in kwargs.items() if v is not None}
        with np.errstate(all="ignore"):
            result = getattr(self._host, name)(*_inside(args), **_inside(kwargs))
        if given.get("out") is not None:
            return given["out"]
        return None if result is None else _outside(result, like=self)

    method.__name__ = name
    return method


for key in SIGNATURES:
    owner, _, name = key.partition(".")
    if owner == "ndarray" and name not in StrictArray.__dict__:
        setattr(StrictArray, name, _method(name))


def _bound(name, args, kwargs):
    """The arguments by name, as CuPy's function of this name takes them; TypeError where it does not."""
    try:
        given = SIGNATURES[name].bind(*args, **kwargs).arguments
    except TypeError as error:
        raise TypeError(f"cupy.{name}(): {error}") from None
    if name.endswith("sort") and given.get("kind") not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")
    if given.get("subok"):
        raise TypeError("subok is not supported yet")
    return given


def _first(args):
    return next((a for a in args if isinstance(a, StrictArray)), None)


def _is_int(value):
    try:
        return not isinstance(value, StrictArray) and operator.index(value) is not None
    except TypeError:
        return False


_raising: list[str] = []


@contextlib.contextmanager
def errstate(linalg):
    """As cupyx.errstate: linear algebra waits, and raises."""
    _raising.append(linalg)
    try:
        yield
    finally:
        _raising.pop()


def _is_mask(part):
    return getattr(getattr(part, "dtype", None), "kind", "") == "b"


def _modulo(index, length):
    if not isinstance(index, StrictArray) or index.dtype.kind not in "iu" or not length:
        return index
    return StrictArray(index._host % length)


def _inside(value):
    if isinstance(value, StrictArray):
        if value.index != Device.current:
            raise ValueError(f"Array device must be same as the current device: {value.index} and {Device.current}")
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}: an array of NumPy's beside one of the device")
    if isinstance(value, (list, tuple)):
        return type(value)(_inside(v) for v in value)
    if isinstance(value, dict):
        return {k: _inside(v) for k, v in value.items()}
    return value


def _outside(result, like=None):
    if isinstance(result, (np.ndarray, np.generic, bool, int, float, complex)):
        return StrictArray(result) if like is None else like._maybe_view(np.asarray(result))
    if isinstance(result, tuple):
        return tuple(_outside(r, like) for r in result)
    return [_outside(r, like) for r in result] if isinstance(result, list) else result


def as_strided(x, shape, strides):
    return x._view(np.lib.stride_tricks.as_strided(x._host, shape, strides))


class Device:
    """One of the devices. The current one computes, and makes the arrays."""

    current = 0

    def __init__(self, id=None):
        self.id = Device.current if id is None else id

    def use(self):
        Device.current = self.id

    def __enter__(self):
        self.before = Device.current
        self.use()
        return self

    def __exit__(self, *error):
        Device.current = self.before

    mem_info = (3 << 30, 4 << 30)

    def synchronize(self):
        """Nothing runs elsewhere."""


class PinnedMemoryPointer(bytearray):
    """Memory that a GPU can read."""


class Stream(contextlib.nullcontext):
    """Work that is done when it is asked for. `current` is the innermost one of those in use."""

    in_use = []
    done = True

    def __init__(self, non_blocking=False):
        super().__init__(self)
        self.ptr, self.waited_for = id(self), []

    def __enter__(self):
        self.in_use.append(self)

    def __exit__(self, *error):
        self.in_use.pop()

    def synchronize(self):
        """Nothing runs elsewhere."""

    def record(self, event=None):
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event):
        self.waited_for.append(event)


class Event:
    """A mark, with the time when it was made."""

    clock = 0.0
    done = True

    def __init__(self, block=False, disable_timing=False):
        self.timed, self.time, self.stream = not disable_timing, None, None

    def record(self, stream=None):
        Event.clock += 1.5
        self.time, self.stream = Event.clock, stream or Stream.in_use[-1]

    def synchronize(self):
        """Nothing runs elsewhere."""


def elapsed_time(start, end):
    assert start.timed
    assert end.timed
    return end.time - start.time


Stream.in_use.append(Stream())
library = types.ModuleType("strict_library")
library.StrictArray = StrictArray
library.from_dlpack = lambda array: array._array if hasattr(array, "_array") else array
library.asarray = lambda array: array if isinstance(array, StrictArray) else StrictArray(np.array(array))
library.lib = types.SimpleNamespace(stride_tricks=types.SimpleNamespace(as_strided=as_strided))
library.cuda = types.SimpleNamespace(
    Device=Device, Event=Event, Stream=Stream, get_current_stream=lambda: Stream.in_use[-1], get_elapsed_time=elapsed_time,
    runtime=types.SimpleNamespace(getDeviceCount=lambda: 1), alloc_pinned_memory=PinnedMemoryPointer,
)  # fmt: skip
sys.modules["strict_library"] = library
extras = types.ModuleType("cupyx")
extras.errstate = errstate
