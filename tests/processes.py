"""What several processes check together: `python -m minitorch.distributed.run -n 2 -m tests.processes NAME`.

Each function runs in every process, between init_process_group and destroy_process_group; an error in one ends all.
"""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import re
import signal
import sys
import time
from datetime import timedelta

import numpy as np
import pytest

import minitorch as mt
import minitorch.distributed as dist
from minitorch import nn
from minitorch.nn.parallel import _SumOfAll
from minitorch.utils.data import DistributedSampler

RANK, SIZE = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
OPS = {dist.ReduceOp.SUM: np.sum, dist.ReduceOp.PRODUCT: np.prod, dist.ReduceOp.MIN: np.min, dist.ReduceOp.MAX: np.max,
       dist.ReduceOp.AVG: np.mean}  # fmt: skip
DTYPES = (mt.float32, mt.float64, mt.float16, mt.int64, mt.int32, mt.int16, mt.int8, mt.uint8, mt.bool)


def drawn(shape, dtype, rank=RANK, seed=0):
    """What a process of this rank draws: each knows what all have."""
    values = np.random.default_rng([seed, rank]).integers(0, 4, shape)
    return mt.tensor(values).to(dtype)


def same(x, expected):
    expected = np.asarray(expected)
    assert x.shape == expected.shape, (x.shape, expected.shape)
    assert np.allclose(x.numpy().astype(float), expected.astype(float), rtol=1e-3 if x.dtype is mt.float16 else 1e-6), (
        x,
        expected,
    )


def reductions():
    for dtype in DTYPES:
        for seed, shape in enumerate([(), (3,), (2, 3), (0,), (1000,), (1, 1, 1, 1, 2)]):
            every = [drawn(shape, dtype, rank, seed).numpy() for rank in range(SIZE)]
            for op, numpy_op in OPS.items():
                refused = (op is dist.ReduceOp.AVG and not dtype.is_floating_point) or (
                    dtype is mt.bool and op not in (dist.ReduceOp.MIN, dist.ReduceOp.MAX)
                )
                x = drawn(shape, dtype, RANK, seed)
                if refused:
                    with pytest.raises(RuntimeError):
                        dist.all_reduce(x, op)
                    continue
                before = x._version
                assert dist.all_reduce(x, op) is None
                same(x, numpy_op(np.stack(every), axis=0))
                assert x._version > before
                for dst in range(SIZE):
                    y = drawn(shape, dtype, RANK, seed)
                    work = dist.reduce(y, dst, op, async_op=True)
                    assert work.wait()
                    assert work.is_completed()
                    same(y, numpy_op(np.stack(every), axis=0) if dst == RANK else every[RANK])


def movements():
    for dtype in DTYPES:
        for seed, shape in enumerate([(), (3,), (2, 3), (0,)]):
            every = [drawn(shape, dtype, rank, seed) for rank in range(SIZE)]
            mine = every[RANK]
            found = [mt.zeros(shape, dtype=dtype) for _ in range(SIZE)]
            dist.all_gather(found, mine)
            for a, b in zip(found, every, strict=True):
                same(a, b)
            out = mt.zeros((SIZE, *shape), dtype=dtype)
            dist.all_gather_into_tensor(out, mine)
            same(out, mt.stack(every))
            for root in range(SIZE):
                x = mine.clone()
                dist.broadcast(x, root)
                same(x, every[root])
                found = [mt.zeros(shape, dtype=dtype) for _ in range(SIZE)]
                dist.gather(mine, found if root == RANK else None, root)
                same(mt.stack(found), mt.stack(every) if root == RANK else mt.zeros((SIZE, *shape), dtype=dtype))
                x = mt.zeros(shape, dtype=dtype)
                parts = [drawn(shape, dtype, rank, 10 + root) for rank in range(SIZE)]
                dist.scatter(x, parts if root == RANK else None, root)
                same(x, parts[RANK])


def columns_of_a_matrix():
    """Tensors that do not lie in one piece: a transposed one, every second element, a column of another tensor."""
    base = drawn((4, 6), mt.float32)
    every = [drawn((4, 6), mt.float32, rank).numpy() for rank in range(SIZE)]
    column = base[:, 2]
    dist.all_reduce(column)
    same(base[:, 2], sum(every)[:, 2])
    same(base[:, 3], every[RANK][:, 3])
    turned = drawn((4, 6), mt.float32).T
    dist.broadcast(turned[::2], 0)
    same(turned, np.where(np.arange(6)[:, None] % 2 == 0, every[0].T, every[RANK].T))


def messages():
    following, before = (RANK + 1) % SIZE, (RANK - 1) % SIZE
    for tag in (0, 7):
        work = dist.isend(mt.arange(5) + RANK, following, tag=tag)
        x = mt.zeros(5, dtype=mt.int64)
        assert dist.recv(x, before, tag=tag) == before
        work.wait()
        same(x, np.arange(5) + before)
    x = mt.zeros(2)
    work = dist.irecv(x)
    assert not work.is_completed()  # nobody has sent
    dist.barrier()
    dist.send(mt.full((2,), float(RANK)), following)
    work.wait()
    same(x, [before, before])
    dist.barrier()
    if RANK == 0:
        dist.send(mt.ones(3), 1)
    elif RANK == 1:
        with pytest.raises(RuntimeError, match="the tensor has 16 bytes, and 12 were sent"):
            dist.recv(mt.ones(4), 0)


def groups():
    first, last = dist.new_group([0]), dist.new_group([SIZE - 1, 0] if SIZE > 1 else [0])
    assert (first.rank(), first.size()) == ((0, 1) if RANK == 0 else (-1, -1))
    x = mt.ones(2)
    dist.all_reduce(x, group=last)
    same(x, [2, 2] if RANK in (0, SIZE - 1) else [1, 1])
    x = mt.tensor(float(RANK))
    dist.broadcast(x, SIZE - 1, group=last)
    same(x, SIZE - 1 if RANK in (0, SIZE - 1) else RANK)
    dist.destroy_process_group(last)
    assert dist.is_initialized()


def completed_works():
    """A work is over without anyone waiting for it, and its array lives until then."""
    x = mt.ones(3)
    work = dist.all_reduce(x, async_op=True)
    deadline = time.monotonic() + 20
    while not work.is_completed():
        assert time.monotonic() < deadline
    work.wait()
    same(x, [SIZE] * 3)
    for i in range(4):
        dist.isend(mt.full((300_000,), float(i)), (RANK + 1) % SIZE, tag=i)
    junk = [mt.full((300_000,), -1.0) for _ in range(8)]
    for i in range(4):
        x = mt.zeros(300_000)
        dist.recv(x, (RANK - 1) % SIZE, tag=i)
        same(x, np.full(300_000, float(i)))
    assert len(junk) == 8


def unequal_groups():
    with pytest.raises(RuntimeError, match="all processes must give the same ranks"):
        dist.new_group([RANK])
    dist.barrier()


def misuse():
    """Errors that every process raises before anything is sent; so the exchange after each still works."""
    one = mt.ones(2)
    calls = {
        f"rank {RANK} needs a list": lambda: dist.all_gather([one] * (SIZE + 1), one),
        "is not in the group": lambda: dist.broadcast(one, SIZE),
        "shape [3]": lambda: dist.all_reduce(mt.ones(3 if RANK == 1 else 2)),
        "float64": lambda: dist.all_reduce(mt.ones(2, dtype=mt.float64 if RANK == 1 else mt.float32)),
        "broadcast(src=0)": lambda: dist.all_reduce(one) if RANK else dist.broadcast(one, 0),
        "all_reduce(MAX)": lambda: dist.all_reduce(one, dist.ReduceOp.SUM if RANK else dist.ReduceOp.MAX),
        "twice": dist.init_process_group,
        "takes a Tensor": lambda: dist.all_reduce([1.0]),
        "op must be one of": lambda: dist.all_reduce(one, "sum"),
        "itself": lambda: dist.send(one, RANK),
        "DistributedDataParallel": lambda: nn.parallel.DistributedDataParallel(nn.Linear(2, 2 + RANK)),
        "any parameter that requires": lambda: nn.parallel.DistributedDataParallel(nn.ReLU()),
    }
    for words, call in calls.items():
        with pytest.raises((RuntimeError, ValueError, TypeError), match=re.escape(words)):
            call()
        x = mt.ones(1)
        dist.all_reduce(x)
        same(x, [SIZE])


# ---- training ----------------------------------------------------------------------------------------------------------

BATCH = 4  # of each process
PER_SAMPLE = {  # layers that treat each sample by itself, and the shape of one
    nn.Linear: ((3, 4), (3,)), nn.Conv1d: ((2, 3, 3), (2, 8)), nn.Conv2d: ((2, 4, 3, 2, 1), (2, 6, 5)),
    nn.Conv3d: ((2, 2, 2), (2, 3, 4, 3)), nn.ConvTranspose1d: ((2, 3, 3, 2), (2, 5)),
    nn.ConvTranspose2d: ((2, 3, 3), (2, 4, 3)),
    nn.ConvTranspose3d: ((2, 2, 2), (2, 2, 3, 2)), nn.PReLU: ((3,), (3, 4)), nn.LayerNorm: ((4,), (3, 4)),
    nn.GroupNorm: ((2, 4), (4, 3)), nn.InstanceNorm2d: ((2, 1e-5, 0.1, True), (2, 4, 3)), nn.RMSNorm: ((4,), (3, 4)),
    nn.MaxPool2d: ((2,), (2, 4, 4)), nn.AvgPool2d: ((2,), (2, 4, 4)), nn.AdaptiveMaxPool1d: ((2,), (2, 5)),
    nn.Softmax: ((1,), (4,)), nn.Sigmoid: ((), (4,)), nn.Upsample: ((None, 2), (2, 3, 3)),
}  # fmt: skip


def scaled(layer, shape):
    """A model of one layer that has parameters in any case: the input is scaled first, element by element."""
    scale = nn.Parameter(mt.linspace(0.5, 1.5, int(np.prod(shape)), dtype=mt.float64).reshape(shape))

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale, self.layer = scale, layer

        def forward(self, x):
            return self.layer(x * self.scale)

    return Scaled().double()


def rows(x):
    """This process's part of a batch."""
    return x[RANK * BATCH : (RANK + 1) * BATCH]


def loss_of(y):
    return (y * mt.linspace(-1, 1, y[0].numel(), dtype=y.dtype).reshape(y.shape[1:])).sin().mean()


def gradients_equal(model, whole, x, tolerance=1e-12, **options):
    """The gradients of `model` trained on parts, and those of its copy `whole` in one process on the whole batch."""
    ddp = nn.parallel.DistributedDataParallel(model, **options)
    loss_of(ddp(rows(x))).backward()
    loss_of(whole(x)).backward()
    for (name, a), b in zip(model.named_parameters(), whole.parameters(), strict=True):
        assert np.allclose(a.grad.numpy(), b.grad.numpy(), rtol=0, atol=tolerance), (type(model).__name__, name, a.grad, b.grad)
    return ddp


def gradients():
    mt.manual_seed(0)
    for kind, (options, shape) in PER_SAMPLE.items():
        for cap in (None, 1e-5):  # all in one bucket, and each parameter in its own
            model = scaled(kind(*options), shape)
            gradients_equal(model, copy.deepcopy(model), mt.randn(SIZE * BATCH, *shape, dtype=mt.float64), bucket_cap_mb=cap)


def recurrent_gradients():
    mt.manual_seed(0)
    for kind in (nn.RNN, nn.LSTM, nn.GRU):

        class Last(nn.Module):
            def __init__(self, kind=kind):
                super().__init__()
                self.inside = kind(3, 4, num_layers=2, bidirectional=True, batch_first=True)

            def forward(self, x):
                return self.inside(x)[0]

        model = Last().double()
        gradients_equal(model, copy.deepcopy(model), mt.randn(SIZE * BATCH, 5, 3, dtype=mt.float64))


def batch_norm():
    """BatchNorm sees its part alone: its gradients differ. SyncBatchNorm sees all: gradients, outputs and statistics agree."""
    mt.manual_seed(0)
    x = mt.randn(SIZE * BATCH, 3, dtype=mt.float64) * (1 + mt.arange(SIZE * BATCH).reshape(-1, 1))
    for norm in (nn.BatchNorm1d(4), nn.BatchNorm1d(4, momentum=None), nn.BatchNorm1d(4, affine=False)):
        whole = nn.Sequential(nn.Linear(3, 4), norm, nn.Linear(4, 2)).double()
        dist.broadcast(whole[0].weight.detach(), 0)
        alone = copy.deepcopy(whole)
        model = nn.SyncBatchNorm.convert_sync_batchnorm(copy.deepcopy(whole))
        assert type(model[1]) is nn.SyncBatchNorm
        ddp = gradients_equal(model, whole, x)
        for (name, a), b in zip(model.named_buffers(), whole.buffers(), strict=True):
            assert np.allclose(a.numpy(), b.numpy()), name
        same(ddp.eval()(rows(x)).detach(), rows(whole.eval()(x)).detach())
        with pytest.raises(AssertionError):
            gradients_equal(alone, whole, x)


def halves():
    """In float16 gradients are divided before they are added, and statistics are computed in float32."""
    model = nn.Linear(2, 1, bias=False).half()
    ddp = nn.parallel.DistributedDataParallel(model)
    (ddp(mt.ones(1, 2).half()) * 40000).sum().backward()
    same(model.weight.grad, [[40000, 40000]])
    x = mt.full((2,), 40000.0).half()
    dist.all_reduce(x, dist.ReduceOp.AVG)
    same(x, [40000, 40000])
    norm = nn.SyncBatchNorm(1)
    y = norm((mt.arange(80000).reshape(8, 1, 100, 100) % 7).half())
    assert y.dtype is mt.float16
    assert np.isfinite(y.detach().numpy()).all()
    assert np.allclose(norm.running_mean.numpy(), 0.3, atol=1e-3)
    alone = nn.SyncBatchNorm(1, track_running_stats=False).eval()
    same(alone(mt.tensor([[0.0], [2.0]]) + 10 * RANK).detach().round(), [[-1], [1]])  # in eval mode nothing is exchanged
    with pytest.raises(RuntimeError, match="must see its first input"):
        nn.SyncBatchNorm.convert_sync_batchnorm(nn.LazyBatchNorm1d())


@dataclasses.dataclass
class Answer:
    score: mt.Tensor


def outputs_and_copies():
    """Outputs in a dataclass; a parameter used outside forward; frozen statistics; copies and pickles that average, too."""
    mt.manual_seed(0)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.extra = nn.Linear(2, 1), nn.Parameter(mt.ones(1))

        def forward(self, x):
            return Answer(self.a(x))

    ddp = nn.parallel.DistributedDataParallel(Model(), find_unused_parameters=True)
    ddp(mt.full((1, 2), float(RANK + 1))).score.sum().backward()
    same(ddp.module.a.weight.grad, [[(SIZE + 1) / 2] * 2])
    with pytest.raises(RuntimeError, match="extra gets a gradient, and has no part in what forward returned"):
        (ddp(mt.ones(1, 2)).score.sum() + ddp.module.extra.sum()).backward()
    frozen = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ddp = nn.parallel.DistributedDataParallel(frozen)
    frozen[1].eval()
    x = mt.ones(3, 2)
    (ddp(x) + ddp(x)).sum().backward()
    for copied in (copy.deepcopy(ddp), pickle.loads(pickle.dumps(ddp))):
        copied.zero_grad()
        copied(mt.full((1, 2), float(RANK + 1))).sum().backward()
        every = [mt.zeros(2, 2) for _ in range(SIZE)]
        dist.all_gather(every, copied.module[0].weight.grad)
        for other in every:
            same(other, every[0])
        assert copied.module[0].weight is not frozen[0].weight


def sums_of_all():
    """The derivatives of a sum over processes, of both orders: each part of the sum has a part in the loss of every process."""
    x = mt.linspace(0.5, 1, 3, dtype=mt.float64) + RANK
    x.requires_grad_()
    y = _SumOfAll.apply(x, None)
    same(y.detach(), np.linspace(0.5, 1, 3) * SIZE + sum(range(SIZE)))
    (first,) = mt.autograd.grad((y**3).sum(), x, create_graph=True)
    same(first.detach(), SIZE * 3 * (y.detach() ** 2))
    (second,) = mt.autograd.grad((first**2).sum(), x)
    same(second, SIZE * SIZE * 2 * first.detach() * 6 * y.detach())


def buffers_and_starts():
    """At the start and before each forward in training, all have the parameters and buffers of rank 0."""
    mt.manual_seed(RANK)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    ddp = nn.parallel.DistributedDataParallel(model)
    every = [mt.zeros(4, 3) for _ in range(SIZE)]
    dist.all_gather(every, model[0].weight.detach())
    for other in every:
        same(other, every[0])
    ddp(mt.randn(4, 3)).sum().backward()
    mine = model[1].running_mean.clone()
    before = mine.clone()
    dist.broadcast(before, 0)
    assert RANK == 0 or not np.allclose(mine.numpy(), before.numpy())
    ddp.eval()
    ddp(mt.randn(4, 3))
    same(model[1].running_mean, mine)  # no exchange in eval mode
    ddp.train()
    x = mt.ones(4, 3)
    ddp(x)
    expected = before * 0.9 + 0.1 * model[0](x).detach().mean(0)
    assert np.allclose(model[1].running_mean.numpy(), expected.numpy(), atol=1e-6)
    assert list(ddp.state_dict()) == [f"module.{name}" for name in model.state_dict()]


def accumulation():
    """Within no_sync gradients add up in each process; the backward after it averages the sums."""
    mt.manual_seed(0)
    model = nn.Linear(3, 2).double()
    whole = copy.deepcopy(model)
    ddp = nn.parallel.DistributedDataParallel(model)
    x1, x2 = (mt.randn(SIZE * BATCH, 3, dtype=mt.float64) for _ in range(2))
    with ddp.no_sync():
        loss_of(ddp(rows(x1))).backward()
    alone = copy.deepcopy(whole)
    loss_of(alone(rows(x1))).backward()
    same(model.weight.grad, alone.weight.grad)
    loss_of(ddp(rows(x2))).backward()
    (loss_of(whole(x1)) + loss_of(whole(x2))).backward()
    assert np.allclose(model.weight.grad.numpy(), whole.weight.grad.numpy(), rtol=0, atol=1e-12)


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])

    def forward(self, x, which):
        return self.parts[which](x)


def unused_parameters():
    """A parameter that no process uses keeps its gradient; one that some use gets the mean, the others' being zero."""
    mt.manual_seed(0)
    model = Branches()
    ddp = nn.parallel.DistributedDataParallel(model, find_unused_parameters=True)
    for _ in range(2):
        ddp.zero_grad()
        ddp(mt.ones(1, 2), min(RANK, 1)).sum().backward()
        assert model.parts[2].weight.grad is None
        same(model.parts[0].bias.grad, [1 / SIZE] * 2)
        same(model.parts[1].bias.grad, [(SIZE - 1) / SIZE] * 2)
    ddp = nn.parallel.DistributedDataParallel(Branches())
    ddp(mt.ones(1, 2), 0).sum().backward()
    with pytest.raises(RuntimeError, match=r"parts\.2\.bias.*find_unused_parameters=True"):
        ddp(mt.ones(1, 2), 0)


def sampler():
    for count in (1, 5, 12, 13):
        for drop_last in (False, True):
            if drop_last and count < SIZE:
                continue
            mine = list(DistributedSampler(range(count), seed=3, drop_last=drop_last))
            every = [mt.zeros(len(mine), dtype=mt.int64) for _ in range(SIZE)]
            dist.all_gather(every, mt.tensor(mine, dtype=mt.int64))
            seen = mt.cat(every).tolist()
            assert set(seen) <= set(range(count))
            assert len(set(seen)) == (count // SIZE * SIZE if drop_last else count)


# ---- ends ----------------------------------------------------------------------------------------------------------------


def _last(end):
    """The last process ends, and the others wait for it."""
    dist.all_reduce(mt.ones(1))
    if RANK == SIZE - 1:
        end()
    dist.all_reduce(mt.ones(1))


def is_killed():
    _last(lambda: os.kill(os.getpid(), signal.SIGKILL))


def raises():
    _last(lambda: 1 / 0)


def exits():
    _last(lambda: sys.exit(3))


def exits_quietly():
    _last(lambda: sys.exit(0))


def exits_a_group():
    group = dist.new_group(list(range(SIZE)))
    if RANK == SIZE - 1:
        sys.exit(0)
    dist.all_reduce(mt.ones(1), group=group)


def is_late():
    _last(lambda: time.sleep(20))


if __name__ == "__main__":
    dist.init_process_group(timeout=timedelta(seconds=2 if sys.argv[1] == "is_late" else 60))
    assert (dist.get_rank(), dist.get_world_size(), dist.get_backend()) == (RANK, SIZE, "mpi")
    for name in sys.argv[1:]:
        globals()[name]()
    dist.destroy_process_group()
    print(f"rank {RANK} of {SIZE}: {' '.join(sys.argv[1:])}", flush=True)
