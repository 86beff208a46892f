"""Samplers and loaders beside PyTorch's: the same order, with the same seed, with and without workers."""

import pytest

from tests.parity.compare import same

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("make", [
    lambda d, g: d.RandomSampler(range(7)), lambda d, g: d.RandomSampler(range(7), generator=g), lambda d, g: d.RandomSampler(range(7), num_samples=17),
    lambda d, g: d.RandomSampler(range(7), replacement=True), lambda d, g: d.RandomSampler(range(7), replacement=True, num_samples=75), lambda d, g: d.RandomSampler(range(7), num_samples=3, generator=g),
    lambda d, g: d.RandomSampler(range(7), True, 64, g), lambda d, g: d.SubsetRandomSampler([4, 2, 9]), lambda d, g: d.SubsetRandomSampler("abc", g), lambda d, g: d.SequentialSampler(range(3)),
    lambda d, g: d.WeightedRandomSampler([0.1, 0.9, 0.4, 0.0, 3.0, 0.6], 50), lambda d, g: d.WeightedRandomSampler([1, 2, 3], 20, generator=g),
    lambda d, g: d.BatchSampler(d.RandomSampler(range(11)), 4, False), lambda d, g: d.BatchSampler(d.RandomSampler(range(11), generator=g), 4, True),
])  # fmt: skip
def test_orders(make):
    def draw(t):
        sampler = make(t.utils.data, t.Generator().manual_seed(8))
        return [list(sampler), list(sampler), len(sampler), t.rand(1)]

    same(draw)


def numbers(t, n=11):
    class Numbers(t.utils.data.Dataset):
        def __getitem__(self, i):
            return i, t.rand(2), t.initial_seed()

        def __len__(self):
            return n

    return Numbers()


def stream(t, n=7):
    class Stream(t.utils.data.IterableDataset):
        def __iter__(self):
            worker = t.utils.data.get_worker_info()
            for i in range(n) if worker is None else range(worker.id, n, worker.num_workers):
                yield i, t.randn(1)

        def __len__(self):
            return n

    return Stream()


@pytest.mark.parametrize("options", [
    {}, {"shuffle": True}, {"shuffle": True, "drop_last": True}, {"sampler": [3, 1, 4, 1, 5]}, {"batch_sampler": [[1], [2, 3]], "batch_size": 1}, {"batch_size": None},
    {"num_workers": 1, "shuffle": True}, {"num_workers": 2, "shuffle": True, "prefetch_factor": 1}, {"num_workers": 2, "persistent_workers": True, "shuffle": True},
])  # fmt: skip
@pytest.mark.parametrize("dataset", [numbers, stream])
@pytest.mark.parametrize("own", [False, True])
def test_loaders(options, dataset, own):
    def load(t):
        generator = {"generator": t.Generator().manual_seed(1)} if own else {}
        context = {"multiprocessing_context": "fork"} if "num_workers" in options and t.__name__ == "torch" else {}
        loader = t.utils.data.DataLoader(dataset(t), **{"batch_size": 4, **options, **generator, **context})
        return [list(loader), list(loader), len(loader), loader.batch_size, t.rand(1)]

    same(load)


@pytest.mark.parametrize("make", [
    lambda d: d.DataLoader([1], num_workers=-1), lambda d: d.DataLoader([1], timeout=-1), lambda d: d.DataLoader([1], prefetch_factor=2), lambda d: d.DataLoader([1], persistent_workers=True),
    lambda d: d.DataLoader([1], multiprocessing_context="spawn"), lambda d: d.DataLoader([1], sampler=[0], shuffle=True), lambda d: d.DataLoader([1], batch_sampler=[[0]], batch_size=2),
    lambda d: d.RandomSampler([]), lambda d: d.RandomSampler([1], num_samples=-3), lambda d: d.WeightedRandomSampler([[1.0]], 2), lambda d: d.WeightedRandomSampler([1.0], 0),
    lambda d: d.BatchSampler([1], 0, False), lambda d: d.StackDataset(), lambda d: d.StackDataset([1], [1, 2]), lambda d: list(d.ChainDataset([[1]])), lambda d: d.StackDataset("ab", [1, 2])[1],
    lambda d: d.StackDataset(a="ab", b=[1, 2])[0], lambda d: d.ConcatDataset(["ab", "c"]).cumulative_sizes, lambda d: list(d.DataLoader(d.Subset(range(9), [4, 2, 6]), 2)),
    lambda d: d.default_convert([1, "a", (2.5,)]), lambda d: setattr(d.DataLoader([1]), "batch_size", 3), lambda d: d.DataLoader([1, 2, 3], 2).prefetch_factor, lambda d: d.DataLoader([1, 2], num_workers=2).prefetch_factor,
])  # fmt: skip
def test_what_is_refused_and_returned(make):
    same(lambda t: make(t.utils.data))
