"""Samplers: the order in which a loader takes the samples of a dataset. The same seed gives PyTorch's order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic

from minitorch.backend.dtypes import float64
from minitorch.backend.random import Generator, default_generator
from minitorch.from_data import as_tensor
from minitorch.public import constructor
from minitorch.sampling import multinomial

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
    "is_count",
]

if TYPE_CHECKING:
    from typing_extensions import TypeVar  # typing's has a default from Python 3.13 on

    Index = TypeVar("Index", covariant=True, default=Any)
else:
    from typing import TypeVar

    Index = TypeVar("Index")


def is_count(value: Any) -> bool:
    """Whether a value can be a number of samples: an int of at least 1."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**60


def _checked_count(name: str, value: Any) -> int:
    if not is_count(value):
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value!r:.60}")
    return int(value)


class Sampler(Generic[Index]):
    """An order of samples: a subclass defines `__iter__()`, which gives indices, and `__len__()`, if the number is known.

    Example:
        >>> class Backwards(minitorch.utils.data.Sampler):
        ...     def __init__(self, data):
        ...         self.data = data
        ...     def __iter__(self):
        ...         return iter(range(len(self.data) - 1, -1, -1))
        >>> data = [10, 20, 30]
        >>> list(minitorch.utils.data.DataLoader(data, batch_size=2, sampler=Backwards(data)))
        [tensor([30, 20]), tensor([10])]
    """

    def __iter__(self) -> Iterator[Index]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__(), which gives the indices of samples")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ... for the samples of `data_source`, in order.

    Example:
        >>> list(minitorch.utils.data.SequentialSampler(["a", "b", "c"]))
        [0, 1, 2]
    """

    @constructor
    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices of `data_source` in a new random order for each pass; with `replacement` each draw is from all of them.

    `num_samples` is how many are drawn, one for each sample unless given: more than there are samples begin another order.
    Without a `generator` each pass seeds one of its own from the default stream.

    Raises ValueError for an empty dataset, or a `num_samples` that is not positive.

    Example:
        >>> generator = minitorch.Generator().manual_seed(0)
        >>> list(minitorch.utils.data.RandomSampler(range(5), generator=generator))
        [4, 0, 1, 3, 2]
    """

    @constructor
    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source, self.replacement, self.generator = data_source, bool(replacement), generator
        self._num_samples = num_samples
        if not is_count(self.num_samples):
            empty = ": the dataset is empty" if num_samples is None else ""
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}{empty}")

    @property
    def num_samples(self) -> int:
        """How many indices a pass gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n, generator = len(self.data_source), self.generator
        if generator is None:
            generator = Generator().manual_seed(int(default_generator.words64(1)[0]) % 2**63)
        for _ in range(self.num_samples // (32 if self.replacement else n)):
            yield from (generator.integers(32, 0, n) if self.replacement else generator.permutation(n)).tolist()
        # The rest is drawn even if there is none, as in PyTorch: the stream of `generator` goes on at the same place.
        if self.replacement:
            yield from generator.integers(self.num_samples % 32, 0, n).tolist()
        else:
            yield from generator.permutation(n).tolist()[: self.num_samples % n]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices, in a new random order for each pass.

    Example:
        >>> generator = minitorch.Generator().manual_seed(0)
        >>> list(minitorch.utils.data.SubsetRandomSampler([10, 20, 30, 40], generator=generator))
        [10, 20, 40, 30]
    """

    @constructor
    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for i in (self.generator or default_generator).permutation(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices, drawn with probability proportional to `weights`, one for each sample of the dataset.

    A weight of 1 / (size of its class) balances classes. Without `replacement` no index comes twice in a pass; with it, the
    same seed gives PyTorch's indices.

    Raises ValueError for weights that are no vector, or a `num_samples` that is not positive.

    Example:
        >>> from minitorch.utils.data import WeightedRandomSampler
        >>> list(WeightedRandomSampler([0.0, 1.0, 0.0], num_samples=4))
        [1, 1, 1, 1]
    """

    @constructor
    def __init__(
        self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}")
        self.num_samples, self.replacement = _checked_count("num_samples", num_samples), bool(replacement)
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        return iter(multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[Any]]):
    """Lists of `batch_size` indices of another sampler; `drop_last` drops an incomplete last one.

    Raises ValueError for a `batch_size` that is not positive.

    Example:
        >>> from minitorch.utils.data import BatchSampler, SequentialSampler
        >>> list(BatchSampler(SequentialSampler(range(5)), batch_size=2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    @constructor
    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        self.sampler, self.batch_size, self.drop_last = sampler, _checked_count("batch_size", batch_size), bool(drop_last)

    def __iter__(self) -> Iterator[list[Any]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
