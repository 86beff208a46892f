"""save and load: tensors, and containers of tensors and plain data, in a safetensors file.

The file has the tensors with their names, dtypes and shapes, and the structure of the containers as JSON: data, never code. A
state_dict is stored under its own names, so other programs can read the file like any safetensors file. Their files load as
a dict of tensors. (The format: the header's length in 8 bytes, a JSON header with the offsets of each tensor, the data;
see https://huggingface.co/docs/safetensors.)
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any

from minitorch.autograd.tensor_base import wrap
from minitorch.backend.arrays import contiguous, xp
from minitorch.backend.device import device, to_device
from minitorch.backend.dtypes import dtypes
from minitorch.backend.errors import describe
from minitorch.tensor import Tensor

__all__ = ["load", "save"]

_STRUCTURE_KEY = "minitorch"  # the metadata key of the containers' structure
_CHECKSUM_KEY = "minitorch.crc32"  # the metadata key of the checksum
_MAX_DEPTH = 100


def save(obj: Any, f: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write a tensor, or dicts, lists and tuples of tensors, numbers, strings and None, to a file.

    Loaded tensors are leaves without requires_grad, and share no memory. The write is atomic: a temporary file is written,
    then renamed. Raises TypeError for objects that are not data, such as a Module: save its state_dict().

    >>> import io
    >>> file = io.BytesIO()  # or a path: "model.pt"
    >>> minitorch.save({"weight": minitorch.tensor([1.0, 2.0]), "epoch": 3}, file)
    """
    tensors: dict[str, Any] = {}
    structure = _encode(obj, "", tensors, [])
    metadata = {_STRUCTURE_KEY: json.dumps(structure)}
    if "__metadata__" in tensors:
        raise ValueError("save(): a tensor cannot be named '__metadata__', which the format reserves")
    content = _safetensors().save(tensors, metadata={**metadata, _CHECKSUM_KEY: _checksum(metadata[_STRUCTURE_KEY], tensors)})
    if hasattr(f, "write"):
        f.write(content)
        return
    path = _path(f, "save")
    if not path.parent.is_dir():
        raise RuntimeError(f"save(): the directory {path.parent} does not exist")
    if path.is_dir():
        raise RuntimeError(f"save(): {path} is a directory: add a file name")
    if path.exists() and not path.is_file():  # a pipe or a device
        path.write_bytes(content)
        return
    path = path.resolve()  # what a symbolic link points to is replaced, not the link
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def load(f: str | os.PathLike[str] | IO[bytes], map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Load the object that `save` wrote, or a dict with the tensors of any safetensors file; on the CPU or on `map_location`.

    No code in the file is executed. It changes no model: load_state_dict does. Raises RuntimeError for a file that is
    truncated, modified or in another format.

    >>> import io
    >>> file = io.BytesIO()
    >>> minitorch.save({"weight": minitorch.tensor([1.0, 2.0]), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> minitorch.load(file)
    {'weight': tensor([1., 2.]), 'epoch': 3}
    """
    if weights_only is not True:
        raise ValueError("load() reads only data: weights_only=False is not supported")
    where = device("cpu" if map_location is None else map_location)
    content = f.read() if hasattr(f, "read") else _path(f, "load").read_bytes()
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"load(): the file must be opened in binary mode, open(name, 'rb'), but read() returned {type(content).__name__}"
        )
    name = getattr(f, "name", f) if not hasattr(f, "getvalue") else "the data"
    if unknown := _unknown_types(bytes(content)):
        raise RuntimeError(
            f"cannot load {name}: it has tensors of type {', '.join(sorted(unknown))}, which minitorch has no dtype for. Save "
            "them as float32: in PyTorch, safetensors.torch.save_file({k: v.float() for k, v in tensors.items()}, path)"
        )
    try:
        arrays = _safetensors().load(bytes(content))
        size = int.from_bytes(content[:8], "little")
        metadata = json.loads(bytes(content[8 : 8 + size])).get("__metadata__", {})
        if _CHECKSUM_KEY in metadata and _checksum(metadata[_STRUCTURE_KEY], arrays) != metadata[_CHECKSUM_KEY]:
            raise ValueError("the checksum does not match: the file was modified")
        structure = json.loads(metadata.get(_STRUCTURE_KEY, "null"))
        tensors = {key: wrap(to_device(xp.array(value), where)) for key, value in arrays.items()}
        unknown = {str(t._array.dtype) for t in tensors.values()} - {str(d) for d in dtypes}
        if unknown:
            raise ValueError(f"minitorch has no dtype {', '.join(sorted(unknown))}")
        return tensors if structure is None else _decode(structure, tensors, 0)
    except ImportError:
        raise
    except AssertionError:
        raise
    except Exception as error:
        raise RuntimeError(
            f"cannot load {name}: it is not a complete safetensors file or a file of minitorch.save ({error}). Files of "
            "torch.save contain code: save them again with safetensors.torch.save_file"
        ) from None


def _unknown_types(content: bytes) -> set[str]:
    """The types of safetensors in the file's header that have no dtype here; none if there is no such header."""
    try:
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        found = {entry["dtype"] for name, entry in header.items() if name != "__metadata__"}
    except (ValueError, TypeError, AttributeError, KeyError):
        return set()
    return {str(t) for t in found if str(t).startswith(("BF16", "F8_", "F6_", "F4"))}


def _path(f: Any, function: str) -> Path:
    if not isinstance(f, (str, os.PathLike)) or not os.fspath(f) or "\0" in str(f):
        found = describe(f) if isinstance(f, (str, os.PathLike)) else type(f).__name__
        hint = "; the arguments are save(obj, path)" if function == "save" else ""
        raise TypeError(f"{function}(): expected a path or an open file, but got {found}{hint}")
    return Path(f)


def _checksum(structure: str, arrays: dict[str, Any]) -> str:
    """The checksum of names, dtypes, shapes, values and structure."""
    total = zlib.crc32(structure.encode())
    for name in sorted(arrays):
        array = xp.ascontiguousarray(arrays[name])
        total = zlib.crc32(f"{name} {array.dtype.name} {arrays[name].shape}".encode(), total)
        total = zlib.crc32(array.tobytes(), total)
    return f"{total:08x}"


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError("save and load need the package safetensors: pip install '.[save]' in the clone") from None
    return safetensors.numpy


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _encode(obj: Any, name: str, tensors: dict[str, Any], ancestors: list[int]) -> Any:
    """The structure of `obj` as JSON data. Its tensors go into `tensors`, under their path in the containers."""
    if isinstance(obj, Tensor):
        while name in tensors:
            name += "'"
        tensors[name] = contiguous(to_device(obj._array, device("cpu")))
        return {"tensor": name}
    if obj is None or type(obj) in (bool, int, float, str):
        return obj
    if isinstance(obj, (xp.bool_, xp.integer, xp.floating)):
        return obj.item()
    if isinstance(obj, (dict, list, tuple)):
        if id(obj) in ancestors or len(ancestors) > _MAX_DEPTH:
            raise ValueError(f"save(): a container at {name!r} contains itself, or is nested more than {_MAX_DEPTH} deep")
        path_ids = [*ancestors, id(obj)]

        def path(key: Any) -> str:
            return f"{name}.{key}" if name else str(key)

        if isinstance(obj, dict):
            for key in obj:
                if type(key) not in (str, int, float, bool) and key is not None:
                    raise TypeError(f"save(): keys must be strings or numbers, but one at {name!r} is a {type(key).__name__}")
            tag = "ordered" if isinstance(obj, OrderedDict) else "dict"
            return {tag: [[k, _encode(v, path(k), tensors, path_ids)] for k, v in obj.items()]}
        tag = "list" if isinstance(obj, list) else "tuple"
        return {tag: [_encode(v, path(i), tensors, path_ids) for i, v in enumerate(obj)]}
    hint = "; save its state_dict()" if hasattr(obj, "state_dict") else ""
    raise TypeError(f"save(): cannot save a {type(obj).__name__}{f' at {name!r}' if name else ''}: it is not data{hint}")


def _decode(structure: Any, tensors: dict[str, Tensor], depth: int) -> Any:
    """The inverse of `_encode`. Raises ValueError for a structure that `_encode` cannot have written."""
    if depth > _MAX_DEPTH + 1:
        raise ValueError("the containers are nested too deep")
    if not isinstance(structure, dict):
        if isinstance(structure, list):
            raise ValueError("the structure of containers is damaged")
        return structure
    if len(structure) != 1:
        raise ValueError("the structure of containers is damaged")
    ((tag, content),) = structure.items()
    if tag == "tensor" and isinstance(content, str) and content in tensors:
        return tensors[content]
    if tag in ("list", "tuple") and isinstance(content, list):
        parts = [_decode(part, tensors, depth + 1) for part in content]
        return parts if tag == "list" else tuple(parts)
    if tag in ("dict", "ordered") and isinstance(content, list) and all(isinstance(p, list) and len(p) == 2 for p in content):
        pairs = [(key, _decode(value, tensors, depth + 1)) for key, value in content]
        return OrderedDict(pairs) if tag == "ordered" else dict(pairs)
    raise ValueError("the structure of containers is damaged")
