"""save and load: tensors, and containers of them with plain data, in a safetensors file.

The file holds numbers and their names, types and shapes, and a description of the containers in JSON: data, never code. A
state_dict of tensors is stored under its own names, so other programs read it as they would any safetensors file, and
files of theirs load as a dict of tensors. (The format: a length of 8 bytes, a JSON header with the place of each tensor, the
bytes; https://huggingface.co/docs/safetensors describes it.)
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
from minitorch.tensor import Tensor

__all__ = ["load", "save"]

_STRUCTURE = "minitorch"  # the metadata that describes the containers,
_CHECK = "minitorch.crc32"  # and that from which a change of the file is noticed
_DEEPEST = 100


def save(obj: Any, f: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write a tensor, or dicts, lists and tuples of tensors, numbers, strings and None, to a file.

    Tensors come back as leaves that require no gradient, each with memory of its own. The file is complete or untouched: it
    is written beside its place and then moved there. Raises TypeError for what is not data, such as a Module: save its
    state_dict().
    """
    tensors: dict[str, Any] = {}
    structure = _describe(obj, "", tensors, [])
    metadata = {_STRUCTURE: json.dumps(structure)}
    if "__metadata__" in tensors:
        raise ValueError("save(): a tensor cannot be called '__metadata__', which is the format's own word")
    content = _library().save(tensors, metadata={**metadata, _CHECK: _checksum(metadata[_STRUCTURE], tensors)})
    if hasattr(f, "write"):
        f.write(content)
        return
    path = _path(f, "save")
    if not path.parent.is_dir():
        raise RuntimeError(f"save(): the directory {path.parent} does not exist")
    if path.is_dir():
        raise RuntimeError(f"save(): {path} is a directory: a file has a name within it")
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
    """What `save` wrote, or the tensors of any safetensors file by name; on the CPU, or on `map_location`.

    Nothing in a file is executed. Raises RuntimeError for a file that is cut off, changed or of another kind; a model is only
    touched by its load_state_dict.
    """
    if weights_only is not True:
        raise ValueError("load() reads data and nothing else: weights_only=False is not there")
    where = device("cpu" if map_location is None else map_location)
    content = f.read() if hasattr(f, "read") else _path(f, "load").read_bytes()
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise TypeError(
            f"load(): the file must be opened for bytes, open(name, 'rb'), and this one gave {type(content).__name__}"
        )
    name = getattr(f, "name", f) if not hasattr(f, "getvalue") else "the data"
    try:
        arrays = _library().load(bytes(content))
        size = int.from_bytes(content[:8], "little")
        metadata = json.loads(bytes(content[8 : 8 + size])).get("__metadata__", {})
        if _CHECK in metadata and _checksum(metadata[_STRUCTURE], arrays) != metadata[_CHECK]:
            raise ValueError("its checksum is another: it was changed since it was written")
        structure = json.loads(metadata.get(_STRUCTURE, "null"))
        tensors = {key: wrap(to_device(xp.array(value), where)) for key, value in arrays.items()}
        unknown = {str(t._array.dtype) for t in tensors.values()} - {str(d) for d in dtypes}
        if unknown:
            raise ValueError(f"it holds elements of type {', '.join(sorted(unknown))}, which minitorch does not have")
        return tensors if structure is None else _rebuilt(structure, tensors, 0)
    except ImportError:
        raise
    except AssertionError:
        raise
    except Exception as error:
        raise RuntimeError(
            f"cannot load {name}: it is no complete file of minitorch.save or in the safetensors format ({error}). Files of "
            "torch.save are programs: write them anew with safetensors.torch.save_file"
        ) from None


def _path(f: Any, what: str) -> Path:
    if not isinstance(f, (str, os.PathLike)) or not os.fspath(f) or "\0" in str(f):
        order = ": it takes save(obj, path)" if what == "save" else ""
        raise TypeError(f"{what}(): expected a path or an open file, but got {type(f).__name__} {f!r:.20}{order}")
    return Path(f)


def _checksum(structure: str, arrays: dict[str, Any]) -> str:
    """Of all that the file means: names, types, shapes, values, and the containers."""
    total = zlib.crc32(structure.encode())
    for name in sorted(arrays):
        array = xp.ascontiguousarray(arrays[name])
        total = zlib.crc32(f"{name} {array.dtype.name} {arrays[name].shape}".encode(), total)
        total = zlib.crc32(array.tobytes(), total)
    return f"{total:08x}"


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError("saving and loading need the package safetensors: pip install '.[save]' in the clone") from None
    return safetensors.numpy


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _describe(obj: Any, name: str, tensors: dict[str, Any], around: list[int]) -> Any:
    """obj as JSON, with tensors put into `tensors` and named by their path through the containers."""
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
        if id(obj) in around or len(around) > _DEEPEST:
            raise ValueError(f"save(): a container at {name!r} contains itself, or lies more than {_DEEPEST} deep")
        inside = [*around, id(obj)]

        def path(key: Any) -> str:
            return f"{name}.{key}" if name else str(key)

        if isinstance(obj, dict):
            for key in obj:
                if type(key) not in (str, int, float, bool) and key is not None:
                    raise TypeError(f"save(): keys are strings and numbers, and one at {name!r} is a {type(key).__name__}")
            kind = "ordered" if isinstance(obj, OrderedDict) else "dict"
            return {kind: [[k, _describe(v, path(k), tensors, inside)] for k, v in obj.items()]}
        kind = "list" if isinstance(obj, list) else "tuple"
        return {kind: [_describe(v, path(i), tensors, inside) for i, v in enumerate(obj)]}
    hint = ": save its state_dict()" if hasattr(obj, "state_dict") else ""
    raise TypeError(f"save(): cannot save a {type(obj).__name__}{f' at {name!r}' if name else ''}, which is not data{hint}")


def _rebuilt(structure: Any, tensors: dict[str, Tensor], depth: int) -> Any:
    """The object that `_describe` described. Raises ValueError for a description that it cannot have written."""
    if depth > _DEEPEST + 1:
        raise ValueError("its containers lie too deep")
    if not isinstance(structure, dict):
        if isinstance(structure, list):
            raise ValueError("its description of containers is damaged")
        return structure
    if len(structure) != 1:
        raise ValueError("its description of containers is damaged")
    ((kind, content),) = structure.items()
    if kind == "tensor" and isinstance(content, str) and content in tensors:
        return tensors[content]
    if kind in ("list", "tuple") and isinstance(content, list):
        parts = [_rebuilt(part, tensors, depth + 1) for part in content]
        return parts if kind == "list" else tuple(parts)
    if kind in ("dict", "ordered") and isinstance(content, list) and all(isinstance(p, list) and len(p) == 2 for p in content):
        pairs = [(key, _rebuilt(value, tensors, depth + 1)) for key, value in content]
        return OrderedDict(pairs) if kind == "ordered" else dict(pairs)
    raise ValueError("its description of containers is damaged")
