"""Samples into batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minitorch.backend.arrays import xp
from minitorch.from_data import as_tensor, tensor
from minitorch.functions import stack
from minitorch.public import public
from minitorch.tensor import Tensor

__all__ = ["default_collate", "default_convert"]


@public
def default_collate(batch: Sequence[Any]) -> Any:
    """Merge a list of samples into a batch: stack tensors, arrays and numbers; collate tuples, lists and dicts by element.

    Raises RuntimeError for samples of different shapes, TypeError for what is no data.

    >>> samples = [(minitorch.tensor([1.0, 2.0]), 0), (minitorch.tensor([3.0, 4.0]), 1)]
    >>> minitorch.utils.data.default_collate(samples)
    [tensor([[1., 2.],
            [3., 4.]]), tensor([0, 1])]
    """
    if isinstance(batch, (str, Mapping)) or not hasattr(batch, "__getitem__") or not len(batch):
        raise TypeError(f"default_collate: batch must be a non-empty list of samples, but got {batch!r:.60}")
    first = batch[0]
    if isinstance(first, Tensor) and all(isinstance(b, Tensor) for b in batch):
        return stack(batch)
    if isinstance(first, (xp.ndarray, xp.generic)):
        return stack([as_tensor(b) for b in batch])
    if isinstance(first, float):
        return tensor(xp.asarray(batch, xp.float64))
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        mapping_type: Any = type(first)
        if any(not isinstance(sample, Mapping) or first.keys() - sample.keys() for sample in batch):
            raise KeyError(f"default_collate: each sample must be a dict with the keys of the first, {list(first)}")
        return mapping_type({key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, (tuple, list, range)):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        parts = [default_collate(part) for part in zip(*batch, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else parts
    raise TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {type(first)}. Pass "
        "your own collate_fn for other types"
    )


@public
def default_convert(data: Any) -> Any:
    """A single sample, with NumPy's arrays and numbers as tensors, in nested tuples, lists and dicts, too.

    >>> import numpy
    >>> minitorch.utils.data.default_convert({"x": numpy.array([1, 2]), "name": "a"})
    {'x': tensor([1, 2]), 'name': 'a'}
    """
    if isinstance(data, (xp.ndarray, xp.generic)) and data.dtype.kind in "biuf":
        return as_tensor(data)
    if isinstance(data, Mapping):
        mapping_type: Any = type(data)
        return mapping_type({key: default_convert(value) for key, value in data.items()})
    if isinstance(data, (tuple, list)):
        parts = [default_convert(part) for part in data]
        return type(data)(*parts) if hasattr(data, "_fields") else type(data)(parts)
    return data
