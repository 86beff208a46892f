"""Datasets, and a loader that returns batches. The same seed gives PyTorch's order of samples."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from minitorch.backend.arrays import xp
from minitorch.backend.callsite import warn
from minitorch.backend.random import Generator, default_generator
from minitorch.creation import as_tensor, tensor
from minitorch.functions import stack
from minitorch.public import constructor, public
from minitorch.sampling import randperm
from minitorch.tensor import Tensor

__all__ = ["ConcatDataset", "DataLoader", "Dataset", "Subset", "TensorDataset", "default_collate", "random_split"]


class Dataset:
    """A sequence of samples: a subclass defines `__getitem__(index)` and `__len__()`."""

    def __class_getitem__(cls, item: Any) -> type[Dataset]:
        """Dataset[Tensor] is an annotation."""
        return cls

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(index)")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class TensorDataset(Dataset):
    """Sample i is row i of every tensor."""

    @constructor
    def __init__(self, *tensors: Tensor) -> None:
        if not tensors or any(not isinstance(t, Tensor) or not t.ndim for t in tensors):
            raise TypeError("TensorDataset takes one or more tensors, each with a first dimension of samples")
        rows = [len(t) for t in tensors]
        if any(n != rows[0] for n in rows):
            raise AssertionError(f"Size mismatch between tensors: their first dimensions are {rows}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class Subset(Dataset):
    """The samples of `dataset` at `indices`."""

    @constructor
    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset):
    """Concatenated datasets."""

    @constructor
    def __init__(self, datasets: Sequence[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")

    def __getitem__(self, index: int) -> Any:
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"index {index} is out of range for {n} samples")
        index %= n
        for dataset in self.datasets:
            if index < len(dataset):
                return dataset[index]
            index -= len(dataset)

    def __len__(self) -> int:
        return sum(map(len, self.datasets))


@public
def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Split a dataset at random into disjoint subsets. `lengths` are sizes, or fractions that sum to 1."""
    sizes = [s.item() if hasattr(s, "item") else s for s in lengths]
    n = len(dataset)
    if any(isinstance(s, bool) or not isinstance(s, (int, float)) for s in sizes):
        raise TypeError(f"random_split: lengths must be numbers, but got {lengths!r:.60}")
    if math.isclose(sum(sizes), 1) and sum(sizes) <= 1:
        for i, fraction in enumerate(sizes):
            if not 0 <= fraction <= 1:
                raise ValueError(f"Fraction at index {i} is not between 0 and 1")
        sizes = [math.floor(n * fraction) for fraction in sizes]
        for i in range(n - int(sum(sizes))):
            sizes[i % len(sizes)] += 1
        for i, size in enumerate(sizes):
            if size == 0:
                warn(f"Length of split at index {i} is 0. This might result in an empty dataset.")
    if any(not float(size).is_integer() or size < 0 for size in sizes):
        raise TypeError(f"random_split: lengths must be integers, or fractions that sum to 1, but got {sizes}")
    if sum(sizes) != n:
        raise ValueError(
            f"Sum of input lengths does not equal the length of the input dataset! {sizes} sum to {sum(sizes)}, not {n}"
        )
    order = randperm(n, generator=generator).tolist()
    ends = itertools.accumulate(int(s) for s in sizes)
    return [Subset(dataset, order[end - int(size) : end]) for end, size in zip(ends, sizes, strict=True)]


@public
def default_collate(batch: Sequence[Any]) -> Any:
    """Merge a list of samples into a batch: stack tensors, arrays and numbers; collate tuples, lists and dicts by element."""
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
        return list(batch)
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


class DataLoader:
    """Batches of a dataset: iterate over the loader once per epoch.

    `shuffle` draws a new order for each epoch; `drop_last` drops an incomplete last batch; `collate_fn` makes a batch from a
    list of samples; `batch_size=None` returns single samples. The same seed gives PyTorch's order.
    """

    @constructor
    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        *,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        drop_last: bool = False,
        generator: Generator | None = None,
    ) -> None:
        if batch_size is not None and (not isinstance(batch_size, int) or not 0 < batch_size < 2**60):
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if batch_size is None and drop_last:
            raise ValueError("drop_last=True needs a batch_size, but got batch_size=None")
        if shuffle and len(dataset) == 0:
            raise ValueError("num_samples should be a positive integer value, but got num_samples=0: the dataset is empty")
        if not hasattr(dataset, "__getitem__"):
            raise TypeError(f"DataLoader: a dataset must support dataset[i], but {type(dataset).__name__} does not")
        if generator is not None and not isinstance(generator, Generator):
            raise TypeError(f"DataLoader: generator must be a Generator, not {type(generator).__name__}")
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, bool(shuffle)
        self.collate_fn = collate_fn or (default_collate if batch_size is not None else _default_convert)
        self.drop_last, self.generator = drop_last, generator

    def __len__(self) -> int:
        n = len(self.dataset)
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        # PyTorch draws a seed for its workers at the start of every epoch. The same draw here keeps the random numbers equal.
        (self.generator or default_generator).words64(1)
        return self._iterate(self._indices())

    def _indices(self) -> Iterator[int]:
        n = len(self.dataset)
        if not self.shuffle:
            yield from range(n)
            return
        generator = self.generator
        if generator is None:
            generator = Generator().manual_seed(int(default_generator.words64(1)[0]) % 2**63)
        yield from generator.permutation(n).tolist()
        generator.permutation(n)  # PyTorch's sampler draws a second permutation, which it does not use

    def _iterate(self, indices: Iterator[int]) -> Iterator[Any]:
        if self.batch_size is None:
            for index in indices:
                yield self.collate_fn(self.dataset[index])
            return
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield self.collate_fn([self.dataset[index] for index in batch])


def _default_convert(sample: Any) -> Any:
    """A single sample, with its arrays converted to tensors."""
    if isinstance(sample, (xp.ndarray, xp.generic)) and sample.dtype.kind in "biuf":
        return as_tensor(sample)
    if isinstance(sample, Mapping):
        mapping_type: Any = type(sample)
        return mapping_type({key: _default_convert(value) for key, value in sample.items()})
    if isinstance(sample, (tuple, list)):
        parts = [_default_convert(part) for part in sample]
        return type(sample)(*parts) if hasattr(sample, "_fields") else type(sample)(parts)
    return sample
