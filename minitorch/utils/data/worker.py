"""The workers of a DataLoader: threads that load batches ahead of the program.

They are threads, not processes, because threads work alike everywhere: macOS and Windows cannot send a dataset that is defined
in a notebook to a new process, and on Linux a forked process may wait forever for a lock of the linear algebra library. NumPy's
loops and the reading and decompressing of files run beside each other in threads.

Each worker has its own shallow copy of the dataset, for the attributes that a `worker_init_fn` sets, and its own stream for
minitorch's random functions, with the seed that PyTorch gives its process. Other random numbers (`random`, `numpy.random`) come
from streams that all threads share.
"""

from __future__ import annotations

import contextlib
import copy
import queue
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from minitorch.backend.errors import describe
from minitorch.backend.random import use_stream
from minitorch.utils.data.dataset import Dataset, IterableDataset, samples_of

__all__ = ["EXHAUSTED", "Epoch", "Workers", "fetcher", "get_worker_info"]

EXHAUSTED = object()  # what fetching gives at the end of an IterableDataset


class WorkerInfo(NamedTuple):
    """What `get_worker_info` says within a worker: its number, how many there are, its seed and its copy of the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_local = threading.local()


def get_worker_info() -> WorkerInfo | None:
    """Within a worker of a DataLoader: its `id`, `num_workers`, `seed` and `dataset`; None elsewhere.

    With several workers an IterableDataset shares out its samples by it:

        >>> from minitorch.utils.data import DataLoader, IterableDataset, get_worker_info
        >>> class Count(IterableDataset):
        ...     def __iter__(self):
        ...         worker = get_worker_info()
        ...         first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        ...         return iter(range(first, 6, step))
        >>> [batch.tolist() for batch in DataLoader(Count(), batch_size=3, num_workers=2)]
        [[0, 2, 4], [1, 3, 5]]
    """
    return getattr(_local, "info", None)


def fetcher(dataset: Any, batched: bool, drop_last: bool, collate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What loads one batch: a function of the indices in it, or of one index unless `batched`.

    An IterableDataset gives its next samples, as many as there are indices, and EXHAUSTED at the end.
    """
    if not isinstance(dataset, IterableDataset):
        if batched:
            return lambda indices: collate(samples_of(dataset, indices))
        return lambda index: collate(dataset[index])
    samples: Iterator[Any] = iter(dataset)

    def fetch(indices: Any) -> Any:
        if not batched:
            sample = next(samples, EXHAUSTED)
            return EXHAUSTED if sample is EXHAUSTED else collate(sample)
        batch = list(islice(samples, len(indices)))
        return EXHAUSTED if not batch or (drop_last and len(batch) < len(indices)) else collate(batch)

    return fetch


class Failure(NamedTuple):
    """An error in a worker, to be raised where the program asks for the batch."""

    error: BaseException  # itself: its traceback goes on into the program's dataset


class Epoch:
    """One pass over the dataset: where its batches arrive. Workers do nothing more for one that is closed."""

    def __init__(self) -> None:
        self.closed, self.results = False, queue.SimpleQueue[tuple[int, Any]]()

    def receive(self, timeout: float) -> tuple[int, Any]:
        """The next batch to arrive, and its number. Raises RuntimeError after `timeout` seconds (0: never)."""
        end = time.monotonic() + timeout
        while True:
            wait = min(1.0, end - time.monotonic()) if timeout else 1.0  # Windows sees Ctrl-C only between waits
            with contextlib.suppress(queue.Empty):
                return self.results.get(timeout=max(wait, 0))
            if timeout and time.monotonic() >= end:
                raise RuntimeError(
                    f"DataLoader timed out after {timeout} seconds: no worker has finished a batch. A larger timeout waits "
                    "longer, num_workers=0 shows where the dataset spends its time"
                )


class Workers:
    """The threads of one iterator, or with persistent_workers=True those of the loader. They end when this object does."""

    def __init__(self, loader: Any, seed: int) -> None:
        count = loader.num_workers
        self.tasks = [queue.SimpleQueue[Any]() for _ in range(count)]
        for i, tasks in enumerate(self.tasks):
            dataset = copy.copy(loader.dataset) if isinstance(loader.dataset, Dataset) else loader.dataset
            info = WorkerInfo(i, count, seed + i, dataset)
            options = (loader._auto_collation, loader.drop_last, loader.collate_fn)
            arguments = (info, options, loader.worker_init_fn, tasks)
            threading.Thread(target=_work, args=arguments, name=f"DataLoader worker {i}", daemon=True).start()

    def load(self, worker: int, epoch: Epoch, number: int, index: Any) -> None:
        """Have a worker load the batch of this number."""
        self.tasks[worker].put((epoch, number, index))

    def __del__(self) -> None:
        for tasks in getattr(self, "tasks", ()):
            tasks.put(None)


def _work(info: WorkerInfo, options: Any, init: Callable[[int], Any] | None, tasks: queue.SimpleQueue[Any]) -> None:
    """A worker's life: load what is asked for, in order, until the task is None."""
    _local.info = info
    use_stream(info.seed)
    current, fetch, started = None, None, init is None

    def load(epoch: Epoch, index: Any) -> Any:
        nonlocal current, fetch, started
        if not started and init is not None:
            init(info.id)
            started = True
        if epoch is not current:
            fetch = fetcher(info.dataset, *options)
            current = epoch
        assert fetch is not None
        return fetch(index)

    while (task := tasks.get()) is not None:
        epoch, number, index = task
        if not epoch.closed:
            epoch.results.put((number, _outcome(info, index, load, epoch, index)))
        del task, epoch, index  # what was loaded is the program's now, and so is an error


def _outcome(info: WorkerInfo, index: Any, function: Any, *args: Any) -> Any:
    """The result of a call, or the Failure that it is."""
    try:
        return function(*args)
    except BaseException as error:
        which = "" if index is None or isinstance(info.dataset, IterableDataset) else f", loading {describe(index)}"
        with contextlib.suppress(Exception):
            error.add_note(f"in DataLoader worker {info.id}{which}")
        return Failure(error)
