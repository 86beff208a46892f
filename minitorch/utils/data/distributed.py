"""A sampler that gives each process its own part of a dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from minitorch import distributed as dist
from minitorch.backend.random import Generator
from minitorch.public import constructor
from minitorch.sampling import randperm
from minitorch.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """The samples of process `rank` out of `num_replicas`: every num_replicas-th of one shuffled order that all share.

    The order depends on `seed`, which must be the same in all processes, and on the number that `set_epoch` was given. All get
    equally many: the first samples of the order are repeated at its end, or with `drop_last` its last ones are left out.
    Without num_replicas and rank, those of `minitorch.distributed` are taken.

    >>> data = list(range(10, 15))
    >>> for rank in range(2):
    ...     list(minitorch.utils.data.DistributedSampler(data, num_replicas=2, rank=rank, shuffle=False))
    [0, 2, 4]
    [1, 3, 0]

    Raises ValueError for a rank that is not among 0 .. num_replicas - 1, or before `init_process_group` without both.
    """

    @constructor
    def __init__(
        self, dataset: Any, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True, seed: int = 0,
        drop_last: bool = False,
    ) -> None:  # fmt: skip
        self.dataset = dataset
        self.num_replicas = dist.get_world_size() if num_replicas is None else num_replicas
        self.rank = dist.get_rank() if rank is None else rank
        if not 0 <= self.rank < self.num_replicas:
            raise ValueError(
                f"Invalid rank {self.rank}, rank should be in the interval [0, {self.num_replicas - 1}]: num_replicas is "
                f"{self.num_replicas}"
            )
        self.shuffle, self.seed, self.drop_last, self.epoch = shuffle, seed, drop_last, 0
        count = len(dataset)
        if drop_last and count < self.num_replicas:
            raise ValueError(
                f"DistributedSampler: {count} samples are too few for {self.num_replicas} processes with drop_last"
            )
        self.num_samples = count // self.num_replicas if drop_last else math.ceil(count / self.num_replicas)
        self.total_size = self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        if self.shuffle:
            order = randperm(count, generator=Generator().manual_seed(self.seed + self.epoch)).tolist()
        else:
            order = list(range(count))
        if order:
            order *= math.ceil(self.total_size / count)
        return iter(order[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch: call it with the epoch's number before each, or all have the same order."""
        self.epoch = epoch
