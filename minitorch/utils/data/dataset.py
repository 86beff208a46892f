"""Datasets: sequences and streams of samples."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic

from minitorch.backend.callsite import warn
from minitorch.backend.random import Generator
from minitorch.public import constructor, public
from minitorch.sampling import randperm
from minitorch.tensor import Tensor

__all__ = [
    "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "StackDataset", "Subset", "TensorDataset", "random_split",
    "samples_of",
]  # fmt: skip

if TYPE_CHECKING:
    from typing_extensions import TypeVar  # typing's has a default from Python 3.13 on

    Sample = TypeVar("Sample", covariant=True, default=Any)
else:
    from typing import TypeVar

    Sample = TypeVar("Sample")


class Dataset(Generic[Sample]):
    """A sequence of samples: a subclass defines `__getitem__(index)` and `__len__()`.

    If it defines `__getitems__(indices)`, too, a loader has all samples of a batch, a list, from one call of that.

    Example:
        >>> class Squares(minitorch.utils.data.Dataset):
        ...     def __len__(self):
        ...         return 5
        ...     def __getitem__(self, index):
        ...         return index, index**2
        >>> for x, y in minitorch.utils.data.DataLoader(Squares(), batch_size=3):
        ...     print(x, y)
        tensor([0, 1, 2]) tensor([0, 1, 4])
        tensor([3, 4]) tensor([ 9, 16])
    """

    def __getitem__(self, index: int) -> Sample:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(index)")

    def __add__(self, other: Dataset) -> Dataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[Sample]):
    """A stream of samples: a subclass defines `__iter__()`, and `__len__()` if the number is known.

    With several workers each goes through the whole stream; `get_worker_info` lets it take its share.

    Example:
        >>> class Countdown(minitorch.utils.data.IterableDataset):
        ...     def __iter__(self):
        ...         return iter(range(3, 0, -1))
        >>> list(minitorch.utils.data.DataLoader(Countdown(), batch_size=2))
        [tensor([3, 2]), tensor([1])]
    """

    def __iter__(self) -> Iterator[Sample]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__(), which gives samples")

    def __add__(self, other: Dataset) -> Dataset:
        return ChainDataset([self, other])


def samples_of(dataset: Any, indices: Sequence[Any]) -> list[Any]:
    """The samples at several indices: by one call of the dataset's `__getitems__`, if it has that."""
    several = getattr(dataset, "__getitems__", None)
    if not callable(several):
        return [dataset[index] for index in indices]
    samples: list[Any] = several(indices)
    if len(samples) != len(indices):
        raise ValueError(f"{type(dataset).__name__}.__getitems__ returned {len(samples)} samples for {len(indices)} indices")
    return samples


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Sample i is row i of every tensor. Raises AssertionError for tensors with different numbers of rows.

    Example:
        >>> x, y = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]), minitorch.tensor([0, 1])
        >>> dataset = minitorch.utils.data.TensorDataset(x, y)
        >>> len(dataset), dataset[1]
        (2, (tensor([3., 4.]), tensor(1)))
    """

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
    """The samples of `dataset` at `indices`.

    Example:
        >>> list(minitorch.utils.data.Subset(["a", "b", "c", "d"], [3, 1]))
        ['d', 'b']
    """

    @constructor
    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        return samples_of(self.dataset, [self.indices[index] for index in indices])

    def __len__(self) -> int:
        return len(self.indices)


class StackDataset(Dataset):
    """Several datasets side by side: sample i is the tuple of their samples i, or a dict of them if they are given by name.

    Raises ValueError for datasets of different lengths, or none.

    Example:
        >>> from minitorch.utils.data import StackDataset
        >>> StackDataset(image=["a", "b"], label=[0, 1])[1]
        {'image': 'b', 'label': 1}
    """

    @constructor
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            how = "both kinds" if args else "none"
            raise ValueError(f"StackDataset takes at least one dataset, either in order or by name, and it was given {how}")
        self.datasets: Any = args or kwargs
        sizes = [len(dataset) for dataset in (args or kwargs.values())]
        if any(size != sizes[0] for size in sizes):
            raise ValueError(f"Size mismatch between datasets: they have {sizes} samples")

    def _together(self, parts: Iterable[Any]) -> Any:
        return dict(zip(self.datasets, parts, strict=True)) if isinstance(self.datasets, dict) else tuple(parts)

    def _each(self) -> Iterable[Any]:
        return self.datasets.values() if isinstance(self.datasets, dict) else self.datasets

    def __getitem__(self, index: Any) -> Any:
        return self._together(dataset[index] for dataset in self._each())

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        columns = [samples_of(dataset, indices) for dataset in self._each()]
        return [self._together(parts) for parts in zip(*columns, strict=True)]

    def __len__(self) -> int:
        return len(next(iter(self._each())))


class ConcatDataset(Dataset):
    """Concatenated datasets; `cumulative_sizes` has where each ends.

    Raises AssertionError for no dataset, or an IterableDataset.

    Example:
        >>> dataset = minitorch.utils.data.ConcatDataset([["a", "b"], ["c"]])
        >>> len(dataset), dataset[2], dataset.cumulative_sizes
        (3, 'c', [2, 3])
    """

    @constructor
    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError(
                "ConcatDataset does not support IterableDataset: ChainDataset puts streams one after the other"
            )
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __getitem__(self, index: int) -> Any:
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"index {index} is out of range for {n} samples")
        index %= n
        which = bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset):
    """Streams of samples, one after the other.

    Raises AssertionError for a dataset that is no IterableDataset.

    Example:
        >>> class Count(minitorch.utils.data.IterableDataset):
        ...     def __iter__(self):
        ...         return iter(range(2))
        >>> list(minitorch.utils.data.ChainDataset([Count(), Count()]))
        [0, 1, 0, 1]
    """

    @constructor
    def __init__(self, datasets: Iterable[Any]) -> None:
        super().__init__()
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(
                    f"ChainDataset only supports IterableDataset, and a part of it is {type(dataset).__name__}"
                )
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)


@public
def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Split a dataset at random into disjoint subsets. `lengths` are sizes, or fractions that sum to 1.

    Raises ValueError unless the sizes sum to the number of samples. The same seed gives PyTorch's split.

    >>> generator = minitorch.Generator().manual_seed(0)
    >>> training, test = minitorch.utils.data.random_split(range(10), [0.8, 0.2], generator)
    >>> len(training), len(test), sorted([*training, *test]) == list(range(10))
    (8, 2, True)
    """
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
    if sum(sizes) != n:
        raise ValueError(
            f"Sum of input lengths does not equal the length of the input dataset! {sizes} sum to {sum(sizes)}, not {n} "
            "(nor to 1, as fractions do)"
        )
    if any(not float(size).is_integer() or size < 0 for size in sizes):
        raise TypeError(f"random_split: lengths must be integers, or fractions that sum to 1, but got {sizes}")
    order = randperm(n, generator=generator).tolist()
    ends = itertools.accumulate(int(s) for s in sizes)
    return [Subset(dataset, order[end - int(size) : end]) for end, size in zip(ends, sizes, strict=True)]
