"""The loader: batches of a dataset, in the order of a sampler, loaded ahead by workers if there are any."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic

from minitorch.backend.callsite import warn
from minitorch.backend.device import gpu_count
from minitorch.backend.random import Generator, default_generator
from minitorch.public import constructor
from minitorch.utils.data.collate import default_collate, default_convert
from minitorch.utils.data.dataset import IterableDataset, Sample
from minitorch.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, is_count
from minitorch.utils.data.worker import EXHAUSTED, Epoch, Failure, Workers, fetcher

__all__ = ["DataLoader"]

_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class DataLoader(Generic[Sample]):
    """Batches of a dataset: iterate over the loader once per epoch.

    `shuffle` draws a new order for each epoch; `sampler` gives the order instead, `batch_sampler` a list of indices for each
    batch. `drop_last` drops an incomplete last batch; `collate_fn` makes a batch from a list of samples; `batch_size=None`
    returns single samples. The same seed gives PyTorch's order, with any number of workers.

    `num_workers` threads load ahead, each `prefetch_factor` batches (2 unless given). `worker_init_fn(worker_id)` runs in
    each before it loads, `persistent_workers` keeps them for the next epoch, `timeout` limits the wait for a batch, in seconds
    (0: no limit). Batches come in the sampler's order, or with `in_order=False` as they are ready. An error in a worker is
    raised where its batch would have been returned. `multiprocessing_context` is refused: workers are threads. `pin_memory`
    puts the tensors of a batch into page-locked memory; without a GPU it has no effect, and warns.

    Raises ValueError for options that exclude each other, such as `shuffle` and `sampler`, or are out of range.

    Example:
        >>> from minitorch.utils.data import DataLoader
        >>> for batch in DataLoader(range(5), batch_size=2, num_workers=2):
        ...     print(batch)
        tensor([0, 1])
        tensor([2, 3])
        tensor([4])
    """

    @constructor
    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if batch_size is not None and not is_count(batch_size):
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size!r:.60}")
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        if generator is not None and not isinstance(generator, Generator):
            raise TypeError(f"DataLoader: generator must be a Generator, not {type(generator).__name__}")
        _check_kinds(callable, "a function", worker_init_fn=worker_init_fn, collate_fn=collate_fn)
        _check_kinds(_can_iterate, "an iterable of indices", sampler=sampler, batch_sampler=batch_sampler)
        is_iterable = isinstance(dataset, IterableDataset)
        if is_iterable:
            for name, value in {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}.items():
                if value is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                        f"{name}={value!r:.60}. The dataset itself decides on the order of its samples"
                    )
        elif not hasattr(dataset, "__getitem__"):
            raise TypeError(f"DataLoader: a dataset must support dataset[i], but {type(dataset).__name__} does not")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle: the sampler gives the order")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
        if batch_size is None and drop_last:
            raise ValueError("drop_last=True needs a batch_size, but got batch_size=None")
        if sampler is None:
            order: Any = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
            sampler = _Endless() if is_iterable else order
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        fixed = (batch_size, batch_sampler, sampler, bool(drop_last), dataset, bool(persistent_workers))
        vars(self).update(zip(_FIXED, fixed, strict=True))
        self.num_workers, self.timeout, self.worker_init_fn, self.generator = num_workers, timeout, worker_init_fn, generator
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        if pin_memory_device:
            raise ValueError(
                f"DataLoader: pin_memory_device={pin_memory_device!r} is deprecated in PyTorch, and not supported here: "
                "leave it out; pin_memory=True pins for the GPU in use"
            )
        self.pin_memory, self.pin_memory_device, self.in_order = bool(pin_memory), pin_memory_device, bool(in_order)
        self.multiprocessing_context = multiprocessing_context
        self.collate_fn = collate_fn or (default_collate if self._auto_collation else default_convert)
        self._workers: Workers | None = None  # kept for the next epoch

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized: make a new one")
        super().__setattr__(name, value)

    dataset: Any
    batch_size: int | None
    batch_sampler: Any
    sampler: Any
    drop_last: bool
    persistent_workers: bool

    @property
    def _auto_collation(self) -> bool:
        """Whether samples are made into batches."""
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        """What is iterated over: lists of indices, or single ones."""
        return self.batch_sampler if self._auto_collation else self.sampler

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        n = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        if self.pin_memory and not gpu_count():
            warn("'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used.")
        batches = _LoadedAhead(self) if self.num_workers else _Batches(self)
        return map(_pinned, batches) if self.pin_memory and gpu_count() else batches


def _pinned(data: Any) -> Any:
    """The tensors of a batch in page-locked memory, in the same lists, tuples and dicts."""
    if callable(getattr(data, "pin_memory", None)):
        return data.pin_memory()
    if isinstance(data, Mapping):
        return {key: _pinned(value) for key, value in data.items()}
    if isinstance(data, tuple):
        return type(data)(*map(_pinned, data)) if hasattr(data, "_fields") else tuple(map(_pinned, data))
    return list(map(_pinned, data)) if isinstance(data, list) else data


def _check_kinds(is_right: Callable[[Any], bool], wanted: str, **options: Any) -> None:
    """Raise TypeError for an option that is given and is not what is wanted."""
    for name, value in options.items():
        if value is not None and not is_right(value):
            raise TypeError(f"DataLoader: {name} must be {wanted}, not {type(value).__name__}")


def _can_iterate(value: Any) -> bool:
    return hasattr(value, "__iter__") or hasattr(value, "__getitem__")


def _check_workers(num_workers: int, timeout: float, prefetch_factor: Any, persistent: bool, context: Any) -> None:
    """Raise ValueError for options of workers that do not fit each other."""
    if num_workers < 0:
        raise ValueError(
            f"num_workers option should be non-negative, but got {num_workers}; num_workers=0 loads without workers"
        )
    if not timeout >= 0:
        raise ValueError(f"timeout option should be non-negative, but got {timeout}; 0 waits as long as it takes")
    if num_workers == 0:
        for name, value in (
            ("prefetch_factor", prefetch_factor),
            ("persistent_workers", persistent or None),
            ("multiprocessing_context", context),
        ):
            if value is not None:
                raise ValueError(f"{name}={value!r:.60} needs workers, but got num_workers=0: set num_workers to 1 or more")
    elif context is not None:
        raise ValueError(
            f"multiprocessing_context={context!r:.60} starts processes, and the workers of minitorch are "
            "threads, which need no context: leave it out"
        )
    if prefetch_factor is not None and not is_count(prefetch_factor):
        raise ValueError(f"prefetch_factor option should be a positive integer value, but got {prefetch_factor!r:.60}")


class _Endless(Sampler):
    """The sampler for an IterableDataset, which has no indices: None for ever."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class _Batches:
    """One pass over the dataset: the batches, loaded as they are asked for."""

    def __init__(self, loader: DataLoader) -> None:
        self._loader, self._indices = loader, iter(loader._index_sampler)
        if loader._workers is None:
            # PyTorch draws a seed for its workers, even if there are none. The same draw here keeps the random numbers equal.
            self._seed = int((loader.generator or default_generator).words64(1)[0]) % 2**63
        self._start()

    def _start(self) -> None:
        loader = self._loader
        self._fetch = fetcher(loader.dataset, loader._auto_collation, loader.drop_last, loader.collate_fn)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        return len(self._loader)

    def __next__(self) -> Any:
        batch = self._fetch(next(self._indices))
        if batch is EXHAUSTED:
            raise StopIteration
        return batch


class _LoadedAhead(_Batches):
    """One pass over the dataset: the batches, loaded by workers before they are asked for.

    The first batch goes to the first worker, and so on in turn. Whenever one is returned, another is sent for.
    """

    def _start(self) -> None:
        loader, self._epoch = self._loader, Epoch()
        self._workers = loader._workers or Workers(loader, self._seed)
        if loader.persistent_workers:
            loader._workers = self._workers
        count = loader.num_workers
        self._sent = self._next = 0  # the number of the batch to be sent for, and of that to be returned
        self._turn, self._at_work = 0, [0] * count  # for each worker, how many batches it has to load
        self._owner, self._arrived = dict[int, int](), dict[int, Any]()  # by number: its worker, and what it loaded
        self._exhausted = set[int]()  # workers whose part of an IterableDataset is at an end
        for _ in range(count * (loader.prefetch_factor or 2)):
            self._send()

    def _send(self) -> None:
        """Have a worker load one more batch, if there is one."""
        count = len(self._at_work)
        ready = [w % count for w in range(self._turn, self._turn + count) if w % count not in self._exhausted]
        if not ready:
            return
        try:
            index = next(self._indices)
        except StopIteration:
            return
        worker = ready[0] if self._loader.in_order else min(ready, key=self._at_work.__getitem__)
        self._workers.load(worker, self._epoch, self._sent, index)
        self._owner[self._sent] = worker
        self._at_work[worker] += 1
        self._sent, self._turn = self._sent + 1, worker + 1

    def __next__(self) -> Any:
        while self._owner or self._arrived:
            number = self._next if self._loader.in_order else next(iter(self._arrived), -1)
            if number in self._arrived:
                batch = self._arrived.pop(number)
                self._next += 1
                self._send()
                if isinstance(batch, Failure):
                    error = batch.error
                    try:
                        raise error
                    finally:
                        del batch, error  # the error's traceback has this frame, which must not have the error
                return batch
            if self._loader.in_order and number not in self._owner:  # a worker had no more samples for it
                self._next += 1
                continue
            number, batch = self._epoch.receive(self._loader.timeout)
            worker = self._owner.pop(number)
            self._at_work[worker] -= 1
            if batch is EXHAUSTED:
                self._exhausted.add(worker)
                self._send()
            else:
                self._arrived[number] = batch
        raise StopIteration

    def __del__(self) -> None:
        if hasattr(self, "_epoch"):
            self._epoch.closed = True
