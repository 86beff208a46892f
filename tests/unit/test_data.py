"""Datasets, samplers and loaders: orders by definition, workers, their errors and their end."""

import collections
import contextlib
import copy
import gc
import itertools
import threading
import time
import traceback
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch.utils import data
from minitorch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    default_collate,
    get_worker_info,
    random_split,
)


class Squares(Dataset):
    def __init__(self, n=11):
        self.n = n

    def __getitem__(self, i):
        if not 0 <= i < self.n:
            raise IndexError(f"no sample {i}")
        return i, float(i * i)

    def __len__(self):
        return self.n


class Count(IterableDataset):
    def __init__(self, n=10):
        self.n = n

    def __iter__(self):
        worker = get_worker_info()
        first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        return iter(range(first, self.n, step))

    def __len__(self):
        return self.n


def plain(batches):
    return [tuple(part.tolist() for part in batch) if isinstance(batch, list) else batch.tolist() for batch in batches]


def slices(n, size, drop_last=False):
    return [list(range(n))[i : i + size] for i in range(0, n, size) if not drop_last or i + size <= n]


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("drop_last", [False, True])
def test_batches_are_slices_of_the_order(workers, drop_last):
    loader = DataLoader(Squares(), 4, num_workers=workers, drop_last=drop_last)
    expected = [(part, [float(i * i) for i in part]) for part in slices(11, 4, drop_last)]
    assert plain(loader) == expected
    assert plain(loader) == expected
    assert len(loader) == len(expected)


def test_samplers():
    assert list(data.SequentialSampler("abc")) == [0, 1, 2]
    assert sorted(data.RandomSampler(range(9))) == list(range(9))
    twice = list(data.RandomSampler(range(4), num_samples=10))
    assert [sorted(twice[:4]), sorted(twice[4:8]), len(set(twice[8:]))] == [[0, 1, 2, 3], [0, 1, 2, 3], 2]
    assert set(data.RandomSampler(range(3), replacement=True, num_samples=200)) == {0, 1, 2}
    assert sorted(data.SubsetRandomSampler([7, 3, 5])) == [3, 5, 7]
    counts = collections.Counter(data.WeightedRandomSampler([1.0, 0.0, 3.0], 4000))
    assert counts[1] == 0
    assert abs(counts[2] / 4000 - 0.75) < 0.04
    assert sorted(data.WeightedRandomSampler([1.0, 2.0, 3.0], 3, replacement=False)) == [0, 1, 2]
    batches = data.BatchSampler(data.SequentialSampler(range(7)), 3, False)
    assert list(batches) == slices(7, 3)
    assert len(batches) == 3
    assert len(data.BatchSampler(range(7), 3, True)) == 2


def test_a_loader_takes_samplers():
    loader = DataLoader(Squares(), batch_size=2, sampler=[5, 1, 3])
    assert [x.tolist() for x, _ in loader] == [[5, 1], [3]]
    loader = DataLoader(Squares(), batch_sampler=[[0, 9], [4]], num_workers=2)
    assert [x.tolist() for x, _ in loader] == [[0, 9], [4]]
    assert (len(loader), loader.batch_size, loader.batch_sampler) == (2, None, [[0, 9], [4]])


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_streams(workers):
    seen = plain(DataLoader(Count(), batch_size=2, num_workers=workers))
    assert sorted(i for batch in seen for i in batch) == list(range(10))
    step = max(workers, 1)
    assert all(b - a == step for a, b in (batch for batch in seen if len(batch) == 2))
    assert len(DataLoader(Count(), batch_size=3, num_workers=workers)) == 4
    assert [int(i) for i in DataLoader(Count(3), batch_size=None, num_workers=workers)] == [0, 1, 2]
    assert list(Count(2) + Count(3)) == [0, 1, 0, 1, 2]
    assert len(data.ChainDataset([Count(2), Count(3)])) == 5


def test_workers_load_ahead():
    """Four samples of 0.1 s each are loaded while the program works as long: in much less than the sum."""

    class Slow(Squares):
        def __getitem__(self, i):
            time.sleep(0.1)
            return i

    start = time.perf_counter()
    for _ in DataLoader(Slow(8), batch_size=1, num_workers=4):
        time.sleep(0.05)
    assert time.perf_counter() - start < 1.0


def test_the_order_of_readiness():
    gate = threading.Event()

    class First(Squares):
        def __getitem__(self, i):
            if i == 0:
                gate.wait(10)
            if i == 5:
                gate.set()
            return i

    batches = [int(b) for b in DataLoader(First(6), batch_size=1, num_workers=2, in_order=False)]
    assert sorted(batches) == list(range(6))
    assert batches[0] != 0


@pytest.mark.parametrize("kind", ["getitem", "collate", "init", "iter"])
def test_errors_of_workers_are_those_of_the_program(kind):
    def fail(*_):
        raise ZeroDivisionError(f"broken {kind}")

    class Broken(Squares):
        __getitem__ = fail if kind == "getitem" else Squares.__getitem__

    class BrokenStream(Count):
        __iter__ = fail

    options = {"collate_fn": fail} if kind == "collate" else {"worker_init_fn": fail} if kind == "init" else {}
    with pytest.raises(ZeroDivisionError, match="broken") as caught:
        list(DataLoader(BrokenStream() if kind == "iter" else Broken(), num_workers=2, batch_size=3, **options))
    assert "in DataLoader worker 0" in caught.value.__notes__[0]
    assert "in fail" in "".join(traceback.format_exception(caught.value))
    if kind == "getitem":
        assert caught.value.__notes__ == ["in DataLoader worker 0, loading [0, 1, 2]"]


def test_after_an_error_the_next_batches_come():
    class Hole(Squares):
        def __getitem__(self, i):
            if i == 3:
                raise KeyError("hole")
            return i

    batches, seen = iter(DataLoader(Hole(6), num_workers=2)), []
    for _ in range(6):
        try:
            seen.append(next(batches).item())
        except KeyError:
            seen.append(None)
    assert seen == [0, 1, 2, None, 4, 5]
    with pytest.raises(StopIteration):
        next(batches)


def test_timeout():
    stop = threading.Event()

    class Stuck(Squares):
        def __getitem__(self, i):
            stop.wait(10)
            return i

    with pytest.raises(RuntimeError, match=r"timed out after 0\.05 seconds"):
        next(iter(DataLoader(Stuck(), num_workers=1, timeout=0.05)))
    stop.set()


def workers_alive():
    return [t for t in threading.enumerate() if t.name.startswith("DataLoader worker")]


def wait_until(condition):
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_workers_end_and_free_what_they_loaded_without_the_garbage_collector():
    gc.collect()  # errors of other tests
    gc.disable()
    try:
        dataset = Squares(3)
        gone = weakref.ref(dataset)
        loader = DataLoader(dataset, num_workers=2)
        for _ in loader:
            break  # in the middle
        batches = iter(DataLoader(dataset, sampler=[0, 99], num_workers=2))
        with contextlib.suppress(IndexError):
            list(batches)
        del loader, dataset, batches, _
        assert wait_until(lambda: not workers_alive() and gone() is None)
    finally:
        gc.enable()


def test_persistent_workers():
    started = []
    loader = DataLoader(Squares(6), num_workers=2, worker_init_fn=started.append, persistent_workers=True)
    next(iter(loader))  # an epoch that is left early does not disturb the next one
    assert [plain(loader) for _ in range(2)] == [[([i], [float(i * i)]) for i in range(6)]] * 2
    assert sorted(started) == [0, 1]
    del loader
    gc.collect()
    assert wait_until(lambda: not workers_alive())
    loader = DataLoader(Count(6), num_workers=2, persistent_workers=True)
    assert [sorted(i for batch in plain(loader) for i in batch) for _ in range(2)] == [list(range(6))] * 2


def test_each_worker_has_its_dataset_and_its_stream():
    class Part(IterableDataset):
        start = 0

        def __iter__(self):
            return iter([(self.start, mt.rand(2), mt.initial_seed())])

    def init(worker):
        info = get_worker_info()
        assert (info.id, info.num_workers) == (worker, 2)
        info.dataset.start = 10 * (worker + 1)

    original = Part()
    mt.manual_seed(3)
    (a, xs, seed_a), (b, ys, seed_b) = DataLoader(original, batch_size=None, num_workers=2, worker_init_fn=init)
    assert (a, b, original.start, seed_b) == (10, 20, 0, seed_a + 1)
    assert xs.tolist() == mt.rand(2, generator=mt.Generator().manual_seed(seed_a)).tolist() != ys.tolist()
    assert get_worker_info() is None
    after = mt.rand(1)
    mt.manual_seed(3)
    list(DataLoader(range(2)))
    assert after.tolist() == mt.rand(1).tolist()  # the program's stream went on as without workers


def test_memory_that_cannot_be_pinned_is_refused():
    with pytest.raises(ValueError, match="pin_memory=True pins for the GPU in use"):
        DataLoader([1], pin_memory_device="cuda")


def test_getitems_has_the_whole_batch():
    class Rows(Squares):
        def __getitems__(self, indices):
            return [(i, -i) for i in indices]

    assert plain(DataLoader(Rows(4), 2)) == [([0, 1], [0, -1]), ([2, 3], [-2, -3])]
    assert data.Subset(Rows(4), [3, 0]).__getitems__([0]) == [(3, -3)]
    both = data.StackDataset(Rows(3), "abc")
    assert (len(both), both.__getitems__([2])) == (3, [((2, -2), "c")])
    assert both[1] == (Rows(3)[1], "b")
    assert data.StackDataset(a="xy", b=[0, 1])[1] == {"a": "y", "b": 1}


def test_attributes():
    collate = list
    loader = DataLoader(Squares(), 3, True, num_workers=1, collate_fn=collate, timeout=2)
    assert (loader.batch_size, loader.num_workers, loader.prefetch_factor, loader.timeout) == (3, 1, 2, 2)
    assert (loader.collate_fn, loader.pin_memory, loader.drop_last, loader.in_order) == (collate, False, False, True)
    assert isinstance(loader.sampler, data.RandomSampler)
    assert isinstance(DataLoader(Squares()).sampler, data.SequentialSampler)
    assert isinstance(loader.batch_sampler, data.BatchSampler)
    assert len(copy.copy(loader)) == len(loader) == 4
    assert len(iter(loader)) == 4
    with pytest.raises(ValueError, match="batch_size attribute should not be set"):
        loader.batch_size = 4
    with pytest.warns(UserWarning, match="pin_memory"):
        next(iter(DataLoader(Squares(), pin_memory=True)))


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: DataLoader([1], num_workers=-1), ValueError, "got -1"),
        (lambda: DataLoader([1], timeout=-1), ValueError, "timeout"),
        (lambda: DataLoader([1], prefetch_factor=2), ValueError, "num_workers=0"),
        (lambda: DataLoader([1], persistent_workers=True), ValueError, "num_workers=0"),
        (lambda: DataLoader([1], multiprocessing_context="spawn"), ValueError, "num_workers=0"),
        (lambda: DataLoader([1], num_workers=1, multiprocessing_context="spawn"), ValueError, "threads"),
        (lambda: DataLoader([1], num_workers=1, prefetch_factor=0), ValueError, "prefetch_factor"),
        (lambda: DataLoader([1], sampler=[0], shuffle=True), ValueError, "shuffle"),
        (lambda: DataLoader([1], batch_sampler=[[0]], batch_size=2), ValueError, "batch_sampler"),
        (lambda: DataLoader([1], sampler=3), TypeError, "not int"),
        (lambda: DataLoader([1], collate_fn=3), TypeError, "collate_fn"),
        (lambda: DataLoader(Count(), shuffle=True), ValueError, "shuffle=True"),
        (lambda: DataLoader(Count(), sampler=[0]), ValueError, "sampler"),
        (lambda: DataLoader(Count(), batch_sampler=[[0]]), ValueError, "batch_sampler"),
        (lambda: data.RandomSampler([]), ValueError, "num_samples=0"),
        (lambda: data.RandomSampler([1], num_samples=-3), ValueError, "-3"),
        (lambda: data.WeightedRandomSampler([[1.0]], 2), ValueError, "(1, 1)"),
        (lambda: data.WeightedRandomSampler([1.0], 0), ValueError, "num_samples=0"),
        (lambda: data.BatchSampler([1], 0, False), ValueError, "batch_size=0"),
        (lambda: data.StackDataset(), ValueError, "none"),
        (lambda: data.StackDataset([1], [1, 2]), ValueError, "[1, 2]"),
        (lambda: data.ConcatDataset([Count()]), AssertionError, "ChainDataset"),
        (lambda: list(data.ChainDataset([[1]])), AssertionError, "list"),
        (lambda: iter(data.Sampler()), NotImplementedError, "__iter__"),
        (lambda: iter(IterableDataset()), NotImplementedError, "__iter__"),
    ],
)
def test_wrong_calls_are_explained(make, kind, words):
    with pytest.raises(kind) as caught:
        make()
    assert words in str(caught.value)


def test_streams_keep_or_drop_the_last():
    for n, size in itertools.product(range(8), range(1, 5)):
        for drop_last in (False, True):
            loader = DataLoader(Count(n), size, drop_last=drop_last)
            assert [batch.tolist() for batch in loader] == slices(n, size, drop_last)


def test_splits_have_their_sizes_and_every_sample_once():
    for n, lengths, sizes in [
        (10, [0.5, 0.3, 0.2], [5, 3, 2]), (11, [0.5, 0.3, 0.2], [6, 3, 2]), (7, [0.34, 0.33, 0.33], [3, 2, 2]),
        (9, [4, 0, 5], [4, 0, 5]), (5, [1.0], [5]), (14, [0.25] * 4, [4, 4, 3, 3]),
    ]:  # fmt: skip
        parts = data.random_split(range(n), lengths)
        assert [len(part) for part in parts] == sizes
        assert sorted(i for part in parts for i in part) == list(range(n))
        assert n < 9 or [i for part in parts for i in part] != list(range(n))
    with pytest.warns(UserWarning, match="index 1 is 0"):
        assert [len(part) for part in data.random_split(range(3), [0.9, 0.1])] == [3, 0]


def test_collate_beside_what_it_makes():
    Point = collections.namedtuple("Point", "x y")
    for batch, expected, dtype in [
        ([1, 2, 3], [1, 2, 3], mt.int64), ([1.5, 2.0], [1.5, 2.0], mt.float64), ([True, False], [True, False], mt.bool),
        ([mt.ones(2), mt.zeros(2)], [[1, 1], [0, 0]], mt.float32), ([np.int32(3), np.int32(4)], [3, 4], mt.int32),
        ([np.zeros((1, 2)), np.ones((1, 2))], [[[0, 0]], [[1, 1]]], mt.float64),
    ]:  # fmt: skip
        found = data.default_collate(batch)
        assert (found.tolist(), found.dtype) == (expected, dtype)
    assert data.default_collate(["a", "b"]) == ["a", "b"]
    pairs = data.default_collate([(1, "x"), (2, "y")])
    assert (pairs[0].tolist(), pairs[1]) == ([1, 2], ("x", "y"))
    named = data.default_collate([Point(1, [2.0, 3.0]), Point(4, [5.0, 6.0])])
    assert isinstance(named, Point)
    assert (named.x.tolist(), [p.tolist() for p in named.y]) == ([1, 4], [[2, 5], [3, 6]])
    table = data.default_collate([{"a": 1, "b": mt.tensor([2])}, {"b": mt.tensor([4]), "a": 3}])
    assert {key: value.tolist() for key, value in table.items()} == {"a": [1, 3], "b": [[2], [4]]}
    with pytest.raises(RuntimeError, match="equal size"):
        data.default_collate([(1, 2), (3,)])
    with pytest.raises(KeyError, match="keys of the first"):
        data.default_collate([{"a": 1}, {"b": 1}])


def test_datasets_of_datasets():
    joined = data.ConcatDataset(["abc", "", "de"])
    assert [joined[i] for i in range(5)] == list("abcde")
    assert [joined[-i] for i in range(1, 6)] == list("edcba")
    assert (joined.cumulative_sizes, len(joined)) == ([3, 3, 5], 5)
    for index in (5, -6):
        with pytest.raises(IndexError, match="out of range for 5"):
            joined[index]
    stacked = data.StackDataset("abc", [1, 2, 3])
    assert [stacked[i] for i in range(3)] == [("a", 1), ("b", 2), ("c", 3)]
    subset = data.Subset("abcdef", [4, 0, 4])
    assert ([subset[i] for i in range(3)], subset.__getitems__([2, 1]), len(subset)) == (["e", "a", "e"], ["e", "a"], 3)
    rows = data.TensorDataset(mt.arange(6).reshape(3, 2), mt.tensor([7, 8, 9]))
    assert [part.tolist() for part in rows[1]] == [[2, 3], 8]
    assert len(rows) == 3
    assert (len(data.TensorDataset(mt.arange(4))), len(data.StackDataset("ab"))) == (4, 2)  # of one there is nothing to compare
    chain = data.ChainDataset([Count(3), Count(2)])
    assert (list(chain), len(chain)) == ([0, 1, 2, 0, 1], 5)


def test_batch_samplers_keep_or_drop_the_last():
    for n, size in itertools.product(range(1, 9), range(1, 5)):
        for drop_last in (False, True):
            sampler = data.BatchSampler(range(n), size, drop_last)
            assert list(sampler) == slices(n, size, drop_last)
            assert len(sampler) == len(slices(n, size, drop_last))
            assert len(DataLoader(Count(n), size, drop_last=drop_last)) == len(slices(n, size, drop_last))


def test_default_convert():
    converted = data.default_convert({"a": np.arange(2), "b": (np.float64(1.5), "word")})
    assert converted["a"].tolist() == [0, 1]
    assert (converted["b"][0].item(), converted["b"][1]) == (1.5, "word")


def test_data():
    class Squares(Dataset):
        def __getitem__(self, i):
            return {"x": i, "y": np.float32(i * i)}

        def __len__(self):
            return 5

    batches = list(DataLoader(Squares(), batch_size=2))
    assert batches[1]["x"].tolist() == [2, 3]
    assert batches[1]["y"].dtype is mt.float32
    assert len(batches) == 3
    assert len(list(DataLoader(Squares(), batch_size=2, drop_last=True))) == 2
    assert [b["x"] for b in DataLoader(Squares(), batch_size=None)] == [0, 1, 2, 3, 4]
    both = ConcatDataset([Squares(), Subset(Squares(), [4, 0])])
    assert [both[i]["x"] for i in range(len(both))] == [0, 1, 2, 3, 4, 4, 0]
    assert len(Squares() + Squares()) == 10
    parts = random_split(TensorDataset(mt.arange(10)), [7, 3])
    assert sorted(int(x) for part in parts for (x,) in part) == list(range(10))
    assert list(DataLoader(Squares(), batch_size=5, collate_fn=len)) == [5]
    with pytest.raises(TypeError, match="collate_fn"):
        default_collate([object()])
    x, y = next(iter(DataLoader(TensorDataset(mt.ones(4, 2), mt.arange(4)), batch_size=4)))
    assert (list(x.shape), y.tolist()) == ([4, 2], [0, 1, 2, 3])
