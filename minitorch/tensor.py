"""class Tensor: what autograd knows of a tensor (autograd/tensor_base.py), with every operation as a method or an operator.

A method is the function of functions.py under the same name, so `x.exp()` and `minitorch.exp(x)` are one thing; methods.py
makes operators and in-place forms of functions.
"""

from __future__ import annotations

import builtins
import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from minitorch import functions as f
from minitorch.autograd.api import BackwardMethod
from minitorch.autograd.grad_mode import is_grad_enabled
from minitorch.autograd.hooks import HookMethods
from minitorch.autograd.inplace import InPlaceMethods
from minitorch.autograd.tensor_base import TensorBase, wrap
from minitorch.backend.arrays import Array, address, copied_storage, from_storage, storage, storage_start, xp
from minitorch.backend.device import device as _device
from minitorch.backend.device import device_of, gpu_count, gpu_library, is_pinned, pinned, to_device
from minitorch.backend.dtypes import (
    bool_,
    dtypes,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    python_types,
    uint8,
)
from minitorch.backend.dtypes import dtype as _dtype
from minitorch.backend.errors import describe, refuse_if_too_large
from minitorch.methods import COMPARABLE, in_place, operator, operator_of_one, reflected, reshaped_in_place
from minitorch.ops import (
    arithmetic,
    comparison,
    filling,
    gathering,
    indexing,
    joining,
    pointwise,
    rectifier,
    rounding,
    scan,
    selection,
    special,
    striding,
    trigonometry,
)
from minitorch.ops import shape as shape_ops
from minitorch.ops.elementwise import Number
from minitorch.ops.indexing import SetItem, getitem, placed, plain_index
from minitorch.ops.shape import Cast, ToDevice, expand
from minitorch.ops.views import edge_from_base, rebase_history, regenerate_grad_fn
from minitorch.printing import tensor_text
from minitorch.public import checked, public

__all__ = ["Size", "Tensor"]


class Size(tuple[int, ...]):
    """A tensor's shape: a tuple that prints as such and knows its product.

    >>> size = minitorch.zeros(2, 3).shape
    >>> size, size[0], size.numel()
    (minitorch.Size([2, 3]), 2, 6)
    >>> size == (2, 3)
    True
    >>> size[1:] + (4,)
    minitorch.Size([3, 4])
    """

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> Size: ...
    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return Size(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Size:
        return Size(super().__add__(other))

    def __radd__(self, other: tuple[int, ...]) -> Size:
        return Size(other + tuple(self))

    def __mul__(self, count: SupportsIndex) -> Size:
        return Size(super().__mul__(count))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"minitorch.Size({list(self)})"

    def numel(self) -> int:
        """The product of the sizes: the number of elements."""
        n = 1
        for size in self:
            n *= size
        return n


def _cast(dtype: _dtype) -> Callable[[Tensor], Tensor]:
    """A method that converts to a dtype."""

    def method(self: Tensor) -> Tensor:
        return self.to(dtype)

    method.__name__ = _TENSOR_NAMES[dtype].lower()
    method.__qualname__, method.__doc__ = f"Tensor.{method.__name__}", f"Of dtype {dtype!r}; itself if it is already."
    return method


_TENSOR_NAMES = {
    float16: "Half", float32: "Float", float64: "Double", int8: "Char", int16: "Short", int32: "Int", int64: "Long",
    uint8: "Byte", bool_: "Bool",
}  # fmt: skip


def destination(args: Sequence[Any], device: Any, dtype: Any) -> tuple[_device | None, _dtype | None]:
    """The device and the type that a call of `to` asks for. Raises TypeError for what is neither."""
    for arg in args:
        if isinstance(arg, _dtype):
            dtype = arg
        elif isinstance(arg, TensorBase):
            device, dtype = arg._as_tensor().device, arg._as_tensor().dtype
        elif isinstance(arg, (str, int, _device)) and not isinstance(arg, bool):
            device = arg
        elif isinstance(arg, type) and arg in python_types:
            dtype = python_types[arg]
        elif arg is not None:
            raise TypeError(f"to() takes a dtype, a device or a tensor, not {arg!r}")
    if isinstance(dtype, type):
        dtype = python_types.get(dtype, dtype)
    if dtype is not None and not isinstance(dtype, _dtype):
        raise TypeError(f"to() takes a minitorch dtype, not {dtype!r}")
    if device is not None:
        device = _device(device)
        if device.type == "cuda" and device.index is None:
            device = _device("cuda", gpu_library().cuda.Device().id)
    return device, dtype


# The operator that a NumPy array leaves to a tensor on its right, by the name of NumPy's function.
_OPERATOR_OF = {
    "add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__", "divide": "__rtruediv__", "power": "__rpow__",
    "floor_divide": "__rfloordiv__", "remainder": "__rmod__", "matmul": "__rmatmul__", "bitwise_and": "__rand__",
    "bitwise_or": "__ror__", "left_shift": "__rlshift__", "right_shift": "__rrshift__", "bitwise_xor": "__rxor__",
    "equal": "__eq__", "not_equal": "__ne__", "less": "__gt__", "less_equal": "__ge__",
    "greater": "__lt__", "greater_equal": "__le__",
}  # fmt: skip


class Tensor(BackwardMethod, HookMethods, InPlaceMethods):
    """A multi-dimensional array of one type that remembers how it was computed.

    `minitorch.tensor(data)` makes one; `Tensor(data)` does too, always in the default floating type, and `Tensor(2, 3)` one of
    that shape with whatever the memory held.

    Example:
        >>> x = minitorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> y = (x**2).sum()
        >>> y.backward()
        >>> x.grad
        tensor([2., 4., 6.])
    """

    __module__ = "minitorch"  # print(type(x)) shows where programs find it

    def __init__(self, *data: Any) -> None:
        np_dtype = get_default_dtype().numpy
        if len(data) != 1 or isinstance(data[0], (int, Size)):
            shape = shape_ops.sizes(data or (0,), "Tensor")
            refuse_if_too_large("Tensor", shape, np_dtype.itemsize)
            self._array = xp.empty(shape, np_dtype)
            return
        array = xp.asarray(data[0]._array if isinstance(data[0], TensorBase) else data[0])
        if array.dtype.kind == "O" and all(isinstance(value, (int, float)) for value in array.flat):
            array = array.astype(xp.float64)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"Tensor() takes numbers, and these are of type {array.dtype}; minitorch.tensor(...) says more")
        self._array = array.astype(np_dtype)

    # ---- what it is ----------------------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The size of each dimension.

        >>> minitorch.zeros(2, 3).shape
        minitorch.Size([2, 3])
        """
        return Size(self._array.shape)

    @overload
    def size(self, dim: None = None) -> Size: ...
    @overload
    def size(self, dim: int) -> int: ...
    @public
    def size(self, dim: int | None = None) -> Size | int:
        """The shape, or the size of one dimension.

        >>> x = minitorch.zeros(2, 3)
        >>> x.size(), x.size(1)
        (minitorch.Size([2, 3]), 3)
        """
        return self.shape if dim is None else self.shape[shape_ops.check_dim(dim, self.ndim)]

    @property
    def dtype(self) -> _dtype:
        """The type of the elements.

        >>> minitorch.tensor([1, 2]).dtype
        minitorch.int64
        """
        return dtypes[self._array.dtype]

    @property
    def ndim(self) -> int:
        """The number of dimensions.

        >>> minitorch.zeros(2, 3).ndim
        2
        """
        return self._array.ndim

    def dim(self) -> int:
        """The number of dimensions, as `ndim`.

        >>> minitorch.zeros(2, 3).dim()
        2
        """
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements.

        >>> minitorch.zeros(2, 3).numel()
        6
        """
        return self._array.size

    nelement = numel

    def element_size(self) -> int:
        """Bytes an element.

        >>> minitorch.zeros(3).element_size()
        4
        """
        return self._array.itemsize

    def is_floating_point(self) -> bool:
        """Whether the elements are floating-point numbers.

        >>> minitorch.tensor([1.0]).is_floating_point()
        True
        """
        return self._array.dtype.kind == "f"

    def is_complex(self) -> bool:
        """Whether the elements are complex numbers: never, all tensors hold real numbers.

        >>> minitorch.tensor([1.0]).is_complex()
        False
        """
        return False

    def is_nonzero(self) -> bool:
        """Whether a tensor of one element is not zero.

        Raises RuntimeError for more elements than one, or none.

        >>> minitorch.tensor([0.5]).is_nonzero()
        True
        """
        return bool(self)

    @property
    def itemsize(self) -> int:
        """Bytes an element, as `element_size()`."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements.

        >>> minitorch.zeros(3).nbytes
        12
        """
        return self._array.nbytes

    def data_ptr(self) -> int:
        """The address of the first element; views of one memory show by it.

        >>> x = minitorch.zeros(2, 3)
        >>> x.view(6).data_ptr() == x.data_ptr()
        True
        """
        return address(self._array) if self._array.size else 0

    @overload
    def stride(self, dim: None = None) -> tuple[int, ...]: ...
    @overload
    def stride(self, dim: int) -> int: ...
    @public
    def stride(self, dim: int | None = None) -> tuple[int, ...] | int:
        """How many elements apart neighbours are in memory, for each dimension.

        >>> x = minitorch.zeros(2, 3)
        >>> x.stride(), x.T.stride()
        ((3, 1), (1, 3))
        """
        steps = tuple(s // self._array.itemsize for s in self._array.strides)
        if self._array.size == 0:  # NumPy's are 0
            sizes = [max(n, 1) for n in self._array.shape]
            steps = tuple(math.prod(sizes[i + 1 :]) for i in range(len(sizes)))
        return steps if dim is None else steps[shape_ops.check_dim(dim, self.ndim)]

    def is_contiguous(self) -> bool:
        """Whether the elements lie in memory in their order, without gaps.

        >>> x = minitorch.zeros(2, 3)
        >>> x.is_contiguous(), x.T.is_contiguous()
        (True, False)
        """
        return bool(self._array.flags.c_contiguous)

    def __repr__(self) -> str:
        suffixes = []
        plain = (get_default_dtype(), int64, bool_) if self.numel() else (get_default_dtype(),)
        if self.dtype not in plain:
            suffixes.append(f"dtype={self.dtype!r}")
        if self.grad_fn is not None:
            suffixes.append(f"grad_fn=<{self.grad_fn.name()}>")
        elif self.requires_grad:
            suffixes.append("requires_grad=True")
        if self.is_cuda:
            suffixes.insert(0, f"device='{self.device}'")
        return tensor_text(to_device(self._array, _device("cpu")), suffixes)

    def __format__(self, spec: str) -> str:
        if self.ndim and spec:
            raise TypeError(
                f"unsupported format string {spec!r} for a tensor of {self.ndim} dimensions: .item() gives a number"
            )
        return format(self.item(), spec) if self.ndim == 0 else repr(self)

    # ---- out of it, into Python and NumPy --------------------------------------------------------------------------

    @public
    def numpy(self) -> Array:
        """The values as a NumPy array that shares this tensor's memory.

        Raises RuntimeError for a tensor that requires grad, TypeError for one on a GPU.

        >>> x = minitorch.tensor([1.0, 2.0])
        >>> array = x.numpy()
        >>> array[0] = 9
        >>> x
        tensor([9., 2.])
        """
        if not isinstance(self._array, xp.ndarray):
            raise TypeError(
                f"can't convert a tensor on {self.device} to a NumPy array: .cpu() copies it to the computer's memory first"
            )
        if self.requires_grad and is_grad_enabled():
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self._array.view()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return xp.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: builtins.bool | None = None
    ) -> Any:
        """A capsule with this tensor's memory, for the `from_dlpack` of another library. Raises BufferError for a tensor that
        requires grad.

        >>> import numpy
        >>> x = minitorch.tensor([1.0, 2.0])
        >>> numpy.from_dlpack(x)[0]
        np.float32(1.0)
        """
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        given = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        array: Any = self._array
        return array.__dlpack__(**{name: value for name, value in given.items() if value is not None})

    def __dlpack_device__(self) -> tuple[builtins.int, builtins.int]:
        """The kind of device in the DLPack protocol (1: the CPU, 2: a GPU by CUDA) and its number."""
        array: Any = self._array
        kind, number = array.__dlpack_device__()
        return builtins.int(kind), builtins.int(number)

    @public
    def item(self) -> Number:
        """The value of a tensor of one element as a Python number. Raises RuntimeError for another number of elements.

        >>> minitorch.tensor([1.5]).item()
        1.5
        """
        if self.numel() != 1:
            hint = ": .tolist() gives them all" if self.numel() else ""
            raise RuntimeError(f"a Tensor with {self.numel()} elements cannot be converted to Scalar{hint}")
        return self._array.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers.

        >>> minitorch.tensor([[1, 2], [3, 4]]).tolist()
        [[1, 2], [3, 4]]
        """
        return self._array.tolist()

    def __bool__(self) -> bool:
        if self.numel() != 1:
            what = "no values" if self.numel() == 0 else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous: .any() or .all() says which is meant")
        return bool(self._array.item())

    def __int__(self) -> int:
        return int(self._only_element())

    def __float__(self) -> float:
        return float(self._only_element())

    def _only_element(self) -> Number:
        if self.numel() != 1:
            raise ValueError(
                f"only one element tensors can be converted to Python scalars, not one of shape {list(self.shape)}"
            )
        return self._array.item()

    def __index__(self) -> int:
        if self._array.dtype.kind == "f" or self.numel() != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(joining.unbind(self))

    @public
    def __contains__(self, value: Any) -> bool:
        if not isinstance(value, COMPARABLE):
            raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(value)}.")
        return bool((self == value).any())

    __hash__ = object.__hash__

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment; "
                "copy .detach() of it"
            )
        out = _rebuild(type(self), *copied_storage(self._array, memo), self._requires_grad)
        memo[id(self)] = out
        out._grad = copy.deepcopy(self._grad, memo)
        vars(out).update(copy.deepcopy(self._attributes(), memo))
        return out

    def _attributes(self) -> dict[str, Any]:
        """What the program has set on this tensor. (What the package sets has a default in the class.)"""
        return {name: value for name, value in vars(self).items() if not hasattr(type(self), name)}

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError("a tensor with a history cannot be pickled: pickle .detach() of it")
        return _rebuild, (type(self), *storage(self._array), self._requires_grad), self._attributes() or None

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        vars(self).update(attributes)

    # ---- types ------------------------------------------------------------------------------------------------------

    @public
    def to(
        self,
        *args: Any,
        dtype: _dtype | None = None,
        device: Any = None,
        copy: bool = False,
        non_blocking: bool = False,
    ) -> Tensor:
        """to(dtype), to(device), to(device, dtype) or to(other): of that type, and there. The tensor itself if it is already,
        unless `copy`. With `non_blocking` the program does not wait for a copy from a GPU: `cuda.synchronize` before its
        values are read. It never waits for one to a GPU. Raises AssertionError for device 'cuda' where there is no GPU.

        >>> x = minitorch.tensor([1, 2])
        >>> x.to(minitorch.float32)
        tensor([1., 2.])
        >>> x.to("cpu") is x
        True
        """
        device, dtype = destination(args, device, dtype)
        out = self
        if device is not None and device_of(self._array) != device:
            out = ToDevice.apply(out, device, non_blocking)
        if dtype is not None and dtype is not out.dtype:
            out = Cast.apply(out, dtype.numpy)
        return shape_ops.clone(out) if copy and out is self else out

    @property
    def device(self) -> _device:
        """Where the values are.

        >>> minitorch.zeros(2).device
        device(type='cpu')
        """
        return device_of(self._array)

    @property
    def is_cuda(self) -> builtins.bool:
        """Whether the values are on a GPU."""
        return self.device.type == "cuda"

    @property
    def is_cpu(self) -> builtins.bool:
        """Whether the values are in the computer's memory."""
        return self.device.type == "cpu"

    def cpu(self) -> Tensor:
        """In the computer's memory; itself if it is there already.

        >>> minitorch.zeros(2).cpu()
        tensor([0., 0.])
        """
        return self.to("cpu")

    @public
    def cuda(self, device: Any = None, non_blocking: bool = False) -> Tensor:
        """On the GPU; `non_blocking` as for `to`. Raises AssertionError where there is none."""
        return self.to("cuda" if device is None else device, non_blocking=non_blocking)

    @public
    def pin_memory(self) -> Tensor:
        """A copy in page-locked memory, from which a GPU can read by itself; the tensor if it is there already.

        Copies to a GPU are as quick without it: they go by way of such memory in any case.

        Raises RuntimeError where there is no GPU, and for a tensor on a GPU.

        >>> x = minitorch.ones(2, device="cpu")
        >>> x = x.pin_memory() if minitorch.cuda.is_available() else x
        >>> x.is_pinned() == minitorch.cuda.is_available()
        True
        """
        if self.is_cuda:
            raise RuntimeError(f"cannot pin {self.type()!r}: only tensors on the CPU can be pinned, .cpu() copies it there")
        if not gpu_count():
            raise RuntimeError("Cannot access accelerator device when none is available: memory is pinned for a GPU")
        return self if self.is_pinned() else wrap(pinned(self._array))

    def is_pinned(self) -> builtins.bool:
        """Whether the values are in page-locked memory.

        >>> minitorch.ones(2).is_pinned()
        False
        """
        return is_pinned(self._array)

    @overload
    def type(self, dtype: None = None) -> str: ...
    @overload
    def type(self, dtype: _dtype | str | type) -> Tensor: ...
    @public
    def type(self, dtype: Any = None) -> Tensor | str:
        """Of another type: a dtype, or the name of a tensor type; without one, this type's name: 'minitorch.FloatTensor'.

        >>> x = minitorch.tensor([1.5, 2.0])
        >>> x.type()
        'minitorch.FloatTensor'
        >>> x.type(minitorch.int64)
        tensor([1, 2])
        """
        by_name = {f"{name}Tensor": kind for kind, name in _TENSOR_NAMES.items()}
        where, _, name = str(getattr(dtype, "__name__", dtype)).rpartition(".")
        if not isinstance(dtype, _dtype) and name in by_name:  # minitorch.FloatTensor, too
            return self.to("cuda" if where.endswith("cuda") else "cpu", by_name[name])
        if isinstance(dtype, _dtype):
            return self.to(dtype)
        if dtype is not None:
            raise ValueError(f"invalid type: {describe(dtype)}; a dtype is minitorch.float32 or 'minitorch.FloatTensor'")
        where = "cuda." if self.is_cuda else ""
        return f"minitorch.{where}{_TENSOR_NAMES[self.dtype]}Tensor"

    @public
    def type_as(self, other: Tensor) -> Tensor:
        """Of the dtype of `other`.

        >>> minitorch.tensor([1, 2]).type_as(minitorch.tensor(0.5))
        tensor([1., 2.])
        """
        return self.to(other.dtype)

    half, float, double, char, short = _cast(float16), _cast(float32), _cast(float64), _cast(int8), _cast(int16)
    int, long, byte, bool = _cast(int32), _cast(int64), _cast(uint8), _cast(bool_)

    def contiguous(self) -> Tensor:
        """With its elements in order in memory: itself, or a copy.

        >>> minitorch.zeros(2, 3).T.contiguous().stride()
        (2, 1)
        """
        return self if self.is_contiguous() else shape_ops.Clone.apply(self, "C")

    # ---- operators --------------------------------------------------------------------------------------------------

    __add__, __sub__, __mul__ = operator(arithmetic.add), operator(arithmetic.sub), operator(arithmetic.mul)
    __truediv__, __floordiv__ = operator(arithmetic.div), operator(rounding.floor_divide)
    __mod__, __pow__, __matmul__ = operator(arithmetic.remainder), operator(arithmetic.pow), operator(f.matmul)
    __radd__, __rsub__, __rmul__ = reflected(arithmetic.add), reflected(arithmetic.sub, "Rsub1"), reflected(arithmetic.mul)
    __rtruediv__, __rfloordiv__ = reflected(arithmetic.div, "Mul0"), reflected(rounding.floor_divide)
    __rmod__, __rpow__ = reflected(arithmetic.remainder), reflected(arithmetic.pow, "Pow2")
    __rmatmul__ = reflected(f.matmul)
    __neg__, __abs__, __invert__ = map(operator_of_one, (arithmetic.neg, arithmetic.abs, comparison.bitwise_not))
    __lt__, __le__, __gt__ = operator(comparison.lt), operator(comparison.le), operator(comparison.gt)
    __ge__ = operator(comparison.ge)
    if TYPE_CHECKING:  # object has them, too, and there they return a bool

        def __eq__(self, other: Any) -> Tensor: ...
        def __ne__(self, other: Any) -> Tensor: ...
    else:
        __eq__, __ne__ = operator(comparison.eq), operator(comparison.ne)
    __and__, __or__, __xor__ = map(operator, (comparison.bitwise_and, comparison.bitwise_or, comparison.bitwise_xor))
    __lshift__, __rshift__ = operator(comparison.bitwise_left_shift), operator(comparison.bitwise_right_shift)
    __rlshift__, __rrshift__ = reflected(comparison.bitwise_left_shift), reflected(comparison.bitwise_right_shift)
    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__
    __getitem__ = public(getitem)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy calls this for array + tensor, whose operator is that of the tensor, and for np.sin(tensor).

        The latter is computed by NumPy, and wrapped again. Raises RuntimeError if its gradient would be lost.
        """
        name = _OPERATOR_OF.get(ufunc.__name__)
        if method == "__call__" and name and len(inputs) == 2 and not isinstance(inputs[0], TensorBase) and not kwargs:
            return getattr(self, name)(inputs[0])
        if any(isinstance(value, TensorBase) and value.requires_grad for value in (*inputs, *kwargs.get("out", ()))):
            raise RuntimeError(
                f"Can't call numpy() on Tensor that requires grad, as np.{ufunc.__name__} does: use minitorch's own function, "
                "which is recorded, or tensor.detach()"
            )
        if "out" in kwargs:
            kwargs["out"] = tuple(value.numpy() if isinstance(value, Tensor) else value for value in kwargs["out"])
        arrays = [value.numpy() if isinstance(value, Tensor) else value for value in inputs]
        result = getattr(ufunc, method)(*arrays, **kwargs)
        parts = [wrap(xp.asarray(part)) for part in (result if isinstance(result, tuple) else (result,))]
        return tuple(parts) if isinstance(result, tuple) else parts[0]

    __pos__ = arithmetic.positive

    # ---- operations as methods -------------------------------------------------------------------------------------------

    add, sub, mul, div, pow, neg, abs, remainder = f.add, f.sub, f.mul, f.div, f.pow, f.neg, f.abs, f.remainder
    floor_divide, exp, expm1, log, log1p, sqrt, rsqrt = f.floor_divide, f.exp, f.expm1, f.log, f.log1p, f.sqrt, f.rsqrt
    square, reciprocal, sin, cos, tan, tanh, sigmoid = f.square, f.reciprocal, f.sin, f.cos, f.tan, f.tanh, f.sigmoid
    relu, erf, log2, log10, exp2, frac, asin, acos = f.relu, f.erf, f.log2, f.log10, f.exp2, f.frac, f.asin, f.acos
    atan, atan2, sinh, cosh, lerp, addcmul, addcdiv = f.atan, f.atan2, f.sinh, f.cosh, f.lerp, f.addcmul, f.addcdiv
    addmm, subtract, multiply, divide, true_divide, negative, absolute = f.addmm, f.sub, f.mul, f.div, f.div, f.neg, f.abs
    greater, less, not_equal, sign, floor, ceil, round, trunc = f.gt, f.lt, f.ne, f.sign, f.floor, f.ceil, f.round, f.trunc
    greater_equal, less_equal = f.ge, f.le
    eq, ne, lt, le, gt, ge, logical_and, logical_or = f.eq, f.ne, f.lt, f.le, f.gt, f.ge, f.logical_and, f.logical_or
    logical_xor, logical_not, isnan, isinf, isfinite = f.logical_xor, f.logical_not, f.isnan, f.isinf, f.isfinite
    maximum, minimum, clamp, masked_fill = f.maximum, f.minimum, f.clamp, f.masked_fill
    clip, isclose, allclose, equal, bitwise_not = f.clip, f.isclose, f.allclose, f.equal, f.bitwise_not

    clamp_min, clamp_max = f.clamp_min, f.clamp_max
    asinh, acosh, atanh, hypot, logit, sinc, erfc, erfinv = (
        f.asinh,
        f.acosh,
        f.atanh,
        f.hypot,
        f.logit,
        f.sinc,
        f.erfc,
        f.erfinv,
    )
    arcsin, arccos, arctan, arctan2 = f.asin, f.acos, f.atan, f.atan2
    arcsinh, arccosh, arctanh, lgamma, digamma, xlogy = f.asinh, f.acosh, f.atanh, f.lgamma, f.digamma, f.xlogy
    logaddexp, logaddexp2, fmod, copysign, float_power = f.logaddexp, f.logaddexp2, f.fmod, f.copysign, f.float_power
    positive, deg2rad, rad2deg, sgn, signbit, fmax, fmin = f.positive, f.deg2rad, f.rad2deg, f.sgn, f.signbit, f.fmax, f.fmin
    heaviside, nan_to_num = f.heaviside, f.nan_to_num

    @public
    def polygamma(self, n: builtins.int) -> Tensor:
        """The n-th derivative of digamma.

        >>> minitorch.tensor([1.0]).polygamma(1)  # pi^2 / 6
        tensor([1.6449])
        """
        return f.polygamma(n, self)

    @public
    def where(self, condition: Tensor, other: Any) -> Tensor:
        """This tensor where `condition` is true, `other` elsewhere.

        >>> x = minitorch.tensor([-1.0, 2.0])
        >>> x.where(x > 0, 0.0)
        tensor([0., 2.])
        """
        return f.where(condition, self, other)

    sum, mean, var, std, prod, max, min, amax, amin = f.sum, f.mean, f.var, f.std, f.prod, f.max, f.min, f.amax, f.amin
    argmax, argmin, logsumexp, softmax, log_softmax = f.argmax, f.argmin, f.logsumexp, f.softmax, f.log_softmax
    cumsum, all, any, norm, dist, count_nonzero, sort = f.cumsum, f.all, f.any, f.norm, f.dist, f.count_nonzero, f.sort
    argsort, topk, median, unique, nonzero, bincount = f.argsort, f.topk, f.median, f.unique, f.nonzero, f.bincount
    cov, corrcoef, mode = f.cov, f.corrcoef, f.mode
    kthvalue, quantile, take, diff, argwhere = f.kthvalue, f.quantile, f.take, f.diff, f.argwhere

    reshape, view, permute, transpose, t, flatten = f.reshape, public(shape_ops.view), f.permute, f.transpose, f.t, f.flatten
    unflatten, squeeze, unsqueeze, expand = f.unflatten, f.squeeze, f.unsqueeze, public(shape_ops.expand)
    broadcast_to, sum_to_size = f.broadcast_to, public(shape_ops.sum_to_size)
    movedim, roll, clone, split, chunk, unbind = f.movedim, f.roll, f.clone, f.split, f.chunk, f.unbind
    narrow, select, ravel, swapaxes, moveaxis = f.narrow, f.select, f.ravel, f.swapaxes, f.moveaxis
    swapdims, ger, fliplr, flipud = f.swapdims, f.ger, f.fliplr, f.flipud
    repeat, tile, tril, triu, diag, trace, outer = public(joining.repeat), f.tile, f.tril, f.triu, f.diag, f.trace, f.outer
    repeat_interleave = f.repeat_interleave

    @public
    def expand_as(self, other: Tensor) -> Tensor:
        """Repeated to the shape of `other`, as a view: see `expand`.

        >>> minitorch.tensor([1, 2]).expand_as(minitorch.zeros(2, 2))
        tensor([[1, 2],
                [1, 2]])
        """
        return expand(self, tuple(_a_tensor("expand_as", other).shape))

    @public
    def view_as(self, other: Tensor) -> Tensor:
        """As a view in the shape of `other`: see `view`.

        >>> minitorch.arange(4).view_as(minitorch.zeros(2, 2))
        tensor([[0, 1],
                [2, 3]])
        """
        return self.view(tuple(_a_tensor("view_as", other).shape))

    @public
    def flip(self, dims: Any, *more: builtins.int) -> Tensor:
        """Reversed along the dimensions `dims`, as a copy: x.flip(0, 1) or x.flip([0, 1]).

        >>> minitorch.tensor([[1, 2], [3, 4]]).flip(0, 1)
        tensor([[4, 3],
                [2, 1]])
        """
        return f.flip(self, (dims, *more) if more else dims)

    def reshape_as(self, other: Tensor) -> Tensor:
        """In the shape of `other`: see `reshape`.

        >>> minitorch.arange(4).reshape_as(minitorch.zeros(2, 2))
        tensor([[0, 1],
                [2, 3]])
        """
        return f.reshape(self, tuple(_a_tensor("reshape_as", other).shape))

    @property
    def T(self) -> Tensor:
        """The transpose: all dimensions in reverse.

        >>> minitorch.tensor([[1, 2, 3], [4, 5, 6]]).T
        tensor([[1, 4],
                [2, 5],
                [3, 6]])
        """
        return f.permute(self, tuple(range(self.ndim))[::-1])

    @property
    def mT(self) -> Tensor:
        """The last two dimensions exchanged. Raises RuntimeError for fewer than two.

        >>> minitorch.zeros(5, 2, 3).mT.shape
        minitorch.Size([5, 3, 2])
        """
        if self.ndim < 2:
            raise RuntimeError(f"tensor.mT is only supported on matrices or batches of matrices. Got {self.ndim}-D tensor.")
        return f.transpose(self, -2, -1)

    matmul, mm, bmm, mv, dot, gather, scatter = f.matmul, f.mm, f.bmm, f.mv, f.dot, f.gather, f.scatter
    scatter_add, index_select, index_add, index_fill = f.scatter_add, f.index_select, f.index_add, f.index_fill
    cumprod, cummax, cummin, logcumsumexp, nansum = f.cumprod, f.cummax, f.cummin, f.logcumsumexp, f.nansum
    nanmean, aminmax, histc, histogram = f.nanmean, f.aminmax, f.histc, f.histogram
    diagonal, diag_embed, unfold, rot90 = f.diagonal, f.diag_embed, public(striding.unfold), f.rot90
    tensor_split, split_with_sizes, index_copy, index_put = f.tensor_split, f.split_with_sizes, f.index_copy, f.index_put
    bitwise_left_shift, bitwise_right_shift = f.bitwise_left_shift, f.bitwise_right_shift
    isposinf, isneginf, hsplit, vsplit = f.isposinf, f.isneginf, f.hsplit, f.vsplit
    bitwise_and, bitwise_or, bitwise_xor = f.bitwise_and, f.bitwise_or, f.bitwise_xor
    inner, vdot, kron, addmv, addr, addbmm = f.inner, f.vdot, f.kron, f.addmv, f.addr, f.addbmm
    baddbmm, cross, det, inverse, logdet, slogdet = f.baddbmm, f.cross, f.det, f.inverse, f.logdet, f.slogdet
    masked_select, take_along_dim, svd = f.masked_select, f.take_along_dim, f.svd
    bernoulli: Callable[..., Tensor]  # these two are set by sampling.py
    multinomial: Callable[..., Tensor]

    # ---- in place -------------------------------------------------------------------------------------------------------

    add_, sub_, mul_, div_ = in_place(arithmetic.add, arithmetic.sub, arithmetic.mul, arithmetic.div)
    pow_, neg_, abs_, exp_ = in_place(arithmetic.pow, arithmetic.neg, arithmetic.abs, pointwise.exp)
    log_, sqrt_, sigmoid_, tanh_ = in_place(arithmetic.log, pointwise.sqrt, pointwise.sigmoid, pointwise.tanh)
    relu_, clamp_, masked_fill_ = in_place(rectifier.relu, selection.clamp, selection.masked_fill)
    floor_divide_, remainder_, floor_ = in_place(rounding.floor_divide, arithmetic.remainder, rounding.floor)
    ceil_, round_, square_ = in_place(rounding.ceil, rounding.round, arithmetic.square)
    reciprocal_, rsqrt_, sin_, cos_ = in_place(arithmetic.reciprocal, pointwise.rsqrt, trigonometry.sin, trigonometry.cos)
    lerp_, addcmul_, addcdiv_ = in_place(arithmetic.lerp, arithmetic.addcmul, arithmetic.addcdiv)
    clip_ = clamp_
    cumprod_, index_copy_, index_put_ = in_place(scan.cumprod, gathering.index_copy, gathering.index_put)
    bitwise_left_shift_, bitwise_right_shift_ = in_place(comparison.bitwise_left_shift, comparison.bitwise_right_shift)
    asinh_, acosh_, atanh_, hypot_ = in_place(trigonometry.asinh, trigonometry.acosh, trigonometry.atanh, trigonometry.hypot)
    logit_, sinc_, erfc_, erfinv_ = in_place(pointwise.logit, special.sinc, special.erfc, special.erfinv)
    lgamma_, digamma_, xlogy_ = in_place(special.lgamma, special.digamma, special.xlogy)
    fmod_, copysign_, float_power_ = in_place(arithmetic.fmod, arithmetic.copysign, arithmetic.float_power)
    deg2rad_, rad2deg_, sgn_ = in_place(arithmetic.deg2rad, arithmetic.rad2deg, rounding.sgn)
    heaviside_, nan_to_num_ = in_place(selection.heaviside, selection.nan_to_num)
    scatter_, scatter_add_, index_add_ = in_place(gathering.scatter, gathering.scatter_add, gathering.index_add)
    index_fill_, tril_, triu_ = in_place(gathering.index_fill, indexing.tril, indexing.triu)
    clamp_min_, clamp_max_ = in_place(selection.clamp_min, selection.clamp_max)
    log1p_, log2_, log10_, expm1_ = in_place(pointwise.log1p, arithmetic.log2, arithmetic.log10, pointwise.expm1)
    exp2_, erf_, frac_, trunc_ = in_place(pointwise.exp2, pointwise.erf, pointwise.frac, rounding.trunc)
    tan_, sinh_, cosh_, sign_ = in_place(trigonometry.tan, trigonometry.sinh, trigonometry.cosh, rounding.sign)
    asin_, acos_, atan_, atan2_ = in_place(trigonometry.asin, trigonometry.acos, trigonometry.atan, trigonometry.atan2)
    eq_, ne_, lt_ = in_place(comparison.eq, comparison.ne, comparison.lt)  # a mask as numbers 0 and 1
    le_, gt_, ge_ = in_place(comparison.le, comparison.gt, comparison.ge)
    logical_and_, logical_or_ = in_place(comparison.logical_and, comparison.logical_or)
    logical_xor_, logical_not_ = in_place(comparison.logical_xor, comparison.logical_not)
    multiply_, divide_, subtract_, negative_ = mul_, div_, sub_, neg_
    squeeze_, unsqueeze_ = reshaped_in_place(shape_ops.squeeze, shape_ops.unsqueeze)
    transpose_, t_, swapaxes_ = reshaped_in_place(shape_ops.transpose, shape_ops.t, shape_ops.swapaxes)
    __iadd__, __isub__, __imul__, __itruediv__ = operator(add_), operator(sub_), operator(mul_), operator(div_)
    __ipow__, __ifloordiv__, __imod__ = operator(pow_), operator(floor_divide_), operator(remainder_)
    __ilshift__, __irshift__ = operator(bitwise_left_shift_), operator(bitwise_right_shift_)
    __iand__, __ior__, __ixor__ = map(operator, in_place(comparison.bitwise_and, comparison.bitwise_or, comparison.bitwise_xor))

    @public
    def __setitem__(self, index: Any, value: Any) -> None:
        steps = placed(plain_index(index, self.shape), self)
        if not isinstance(value, (TensorBase, Number, xp.generic)):
            raise TypeError(f"can't assign a {type(value).__name__} to a Tensor: minitorch.tensor(...) makes it one")
        before = self._inplace_operand(value)
        self._assign_inplace(SetItem.apply(before, before if value is self else value, *steps))

    @public
    def copy_(self, src: Tensor, non_blocking: builtins.bool = False) -> Tensor:
        """Take over the values of `src`, broadcast to this shape and cast to this type. `non_blocking` as for `to`.

        Raises RuntimeError for a shape that cannot be broadcast, and for memory that overlaps in part.

        >>> minitorch.zeros(2, 2).copy_(minitorch.tensor([1, 2]))
        tensor([[1., 2.],
                [1., 2.]])
        """
        if not isinstance(src, TensorBase):
            raise TypeError(f"copy_(): argument 'src' must be Tensor, not {type(src).__name__}")
        if _overlap_partly(self._array, src._array):
            raise RuntimeError(
                "copy_(): unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
                "memory location. Please clone() the tensor before performing the operation."
            )
        before = self._inplace_operand(src)
        src = expand(src._as_tensor().to(self.device, self.dtype, non_blocking=non_blocking), before.shape)
        return self._assign_inplace(SetItem.apply(before, src, (...,)) if before.requires_grad else src)

    @public
    def fill_(self, value: Any) -> Tensor:
        """Set every element to `value`, a number or a 0-d tensor.

        >>> minitorch.zeros(3).fill_(7)
        tensor([7., 7., 7.])
        """
        return self.masked_fill_(wrap(xp.ones_like(self._array, dtype=bool)), value)

    def zero_(self) -> Tensor:
        """Set every element to 0.

        >>> minitorch.ones(3).zero_()
        tensor([0., 0., 0.])
        """
        return self.fill_(0)

    _rebase_history, _regenerate_grad_fn, _edge_from_base = rebase_history, regenerate_grad_fn, edge_from_base

    def detach_(self) -> Tensor:
        """Take this tensor off the tape: it becomes a leaf that requires no gradient. Raises RuntimeError for a view.

        >>> x = minitorch.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * 2).detach_()
        tensor([2., 4.])
        """
        if self._base is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead, or .clone() first")
        self._edge, self._requires_grad = None, False
        return self

    @public
    def storage_offset(self) -> builtins.int:
        """How many elements of its memory come before the first of this tensor's: of x[1:], the length of a row.

        >>> minitorch.zeros(2, 3)[1:].storage_offset()
        3
        """
        return (address(self._array) - storage_start(self._array)) // self._array.itemsize

    @public
    def get_device(self) -> builtins.int:
        """The number of the GPU that this tensor is on; -1 for the CPU.

        >>> minitorch.zeros(2).get_device()
        -1
        """
        return -1 if self.device.index is None else self.device.index

    @public
    def is_same_size(self, other: Tensor) -> builtins.bool:
        """Whether `other` has the same shape.

        >>> minitorch.zeros(2, 3).is_same_size(minitorch.ones(2, 3))
        True
        """
        return self.shape == other.shape

    @checked
    def apply_(self, callable: Callable[[Any], Any]) -> Tensor:
        """Replace each element x by callable(x): slow, and only on the CPU. It is not recorded.

        >>> minitorch.tensor([1.0, 2.0]).apply_(lambda x: 10 * x)
        tensor([10., 20.])
        """
        return self.copy_(self.new_tensor([callable(x) for x in self.detach().reshape(-1).tolist()]).reshape(self.shape))

    @checked
    def map_(self, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
        """Replace each element x by callable(x, y), for the element y of `tensor`: slow, and only on the CPU. Not recorded.

        >>> minitorch.tensor([1.0, 2.0]).map_(minitorch.tensor([3.0, 4.0]), lambda x, y: x * y)
        tensor([3., 8.])
        """
        others = expand(tensor.detach(), self.shape).reshape(-1).tolist()
        values = [callable(x, y) for x, y in zip(self.detach().reshape(-1).tolist(), others, strict=True)]
        return self.copy_(self.new_tensor(values).reshape(self.shape))

    def new(self, *data: Any) -> Tensor:
        """A tensor of this dtype on this device: of sizes, as x.new(2, 3), or with data, as x.new([1, 2]). An old spelling of
        `new_empty` and `new_tensor`.

        >>> minitorch.tensor([1.0]).new([1, 2])
        tensor([1., 2.])
        """
        is_size = len(data) != 1 or isinstance(data[0], (int, Size))
        return self.new_empty(*data) if data and is_size else self.new_tensor(data[0] if data else [])

    # ---- new tensors of this type, and random values in place (ops/filling.py) ---------------------------------------------

    new_zeros, new_ones, new_empty = public(filling.new_zeros), public(filling.new_ones), public(filling.new_empty)
    new_full, new_tensor, uniform_ = public(filling.new_full), public(filling.new_tensor), public(filling.uniform_)
    normal_, bernoulli_ = public(filling.normal_), public(filling.bernoulli_)
    exponential_, cauchy_, geometric_ = public(filling.exponential_), public(filling.cauchy_), public(filling.geometric_)
    log_normal_ = public(filling.log_normal_)
    random_, fill_diagonal_ = public(filling.random_), public(filling.fill_diagonal_)


TensorBase._tensor_class = Tensor  # from here on, ops return Tensors


def _rebuild(cls: type[Tensor], memory: Array, view: tuple[Any, ...] | None, requires_grad: bool) -> Tensor:
    out = cls.__new__(cls)
    out._array, out._requires_grad = from_storage(memory, view), requires_grad
    return out


def _overlap_partly(a: Array, b: Array) -> bool:
    """Whether two contiguous arrays have some memory in common, and are not the same."""
    if not (a.flags.c_contiguous and b.flags.c_contiguous) or a.size == 0 or b.size == 0:
        return False
    starts = address(a), address(b)
    return starts[0] != starts[1] and starts[0] < starts[1] + b.nbytes and starts[1] < starts[0] + a.nbytes


def is_tensor(obj: Any) -> bool:
    """Whether obj is a Tensor.

    >>> minitorch.is_tensor(minitorch.zeros(2)), minitorch.is_tensor([0.0, 0.0])
    (True, False)
    """
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> builtins.bool:
    """Whether the elements are floating-point numbers.

    >>> minitorch.is_floating_point(minitorch.tensor([1.0]))
    True
    """
    return _a_tensor("is_floating_point", input).is_floating_point()


def numel(input: Tensor) -> builtins.int:
    """The number of elements.

    >>> minitorch.numel(minitorch.zeros(2, 3))
    6
    """
    return _a_tensor("numel", input).numel()


def _a_tensor(name: str, input: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return input


def broadcast_shapes(*shapes: Sequence[builtins.int]) -> Size:
    """The shape that shapes broadcast to. Raises RuntimeError for shapes that do not fit.

    >>> minitorch.broadcast_shapes((2, 1), (3,))
    minitorch.Size([2, 3])
    """
    return Size(shape_ops.broadcast_shapes(*((s,) if isinstance(s, int) else s for s in shapes)))
