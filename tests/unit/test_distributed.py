"""Several processes: what each exchange does, that parts of a batch have the gradients of the whole, how failures end.

tests/processes.py has what the processes check; here they are started.
"""

import gc
import os
import subprocess
import sys
import time
import weakref
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import minitorch as mt
import minitorch.distributed as dist
from minitorch import nn
from minitorch.distributed import run
from minitorch.utils.data import DistributedSampler
from tests.strict_array import StrictArray

HERE = Path(__file__).parents[2]
CHECKS = [
    "reductions", "movements", "columns_of_a_matrix", "messages", "completed_works", "groups", "unequal_groups", "misuse",
    "gradients", "halves", "outputs_and_copies", "recurrent_gradients",
    "batch_norm", "sums_of_all", "buffers_and_starts", "accumulation", "unused_parameters", "sampler",
]  # fmt: skip
several = pytest.mark.skipif(
    not dist.is_mpi_available() or run._mpiexec() is None, reason="mpi4py and mpiexec are not installed"
)


@pytest.fixture
def alone():
    dist.init_process_group()
    yield
    if dist.is_initialized():
        dist.destroy_process_group()


def start(size, *program, seconds=300):
    command = [sys.executable, "-m", "minitorch.distributed.run", "-n", str(size), *program]
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=env, cwd=HERE)


@several
@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3])
def test_processes_agree(size):
    result = start(size, "-m", "tests.processes", *CHECKS)
    assert result.returncode == 0, result.stdout + result.stderr
    for rank in range(size):
        assert f"rank {rank} of {size}: {' '.join(CHECKS)}" in result.stdout


@several
@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "status", "words"),
    [
        ("is_killed", 9, "a process was ended by SIGKILL: all 3 are ended"),
        ("raises", 1, "rank 2 of 3 has failed (ZeroDivisionError, above): all 3 are ended"),
        ("exits", 3, "rank 2 of 3 ends with 3: all 3 are ended"),
        ("exits_quietly", 1, "waits for processes that do not come: rank 2 has ended"),
        ("exits_a_group", 1, "waits for processes that do not come: rank 2 has ended"),
        ("is_late", 1, "waits for processes that do not come: no answer in 2 seconds"),
    ],
)
def test_a_process_that_ends_ends_the_others_with_a_sentence(end, status, words):
    begun = time.monotonic()
    result = start(3, "-m", "tests.processes", end, seconds=60)
    assert result.returncode == status, result.stderr
    assert words in result.stderr
    assert time.monotonic() - begun < 30


@several
@pytest.mark.slow
def test_the_digits_are_learned_alike_by_one_process_and_two():
    pytest.importorskip("sklearn")
    printed = [start(size, "tutorials/digits_in_processes.py").stdout.splitlines() for size in (1, 2)]
    losses = [[float(line.split()[-1]) for line in lines[:-1]] for lines in printed]
    assert len(losses[0]) == 8
    assert np.allclose(losses[0], losses[1], rtol=0, atol=2e-3)
    assert losses[0][-1] < 0.1
    right = [int(lines[-1].split(": ")[1].split()[0]) for lines in printed]
    assert min(right) > 410
    assert abs(right[0] - right[1]) <= 3


@several
def test_a_program_that_nothing_has_connected_is_told_so(tmp_path):
    code = "import minitorch.distributed as dist\ndist.init_process_group()"
    env = {**os.environ, "PYTHONPATH": str(HERE), "WORLD_SIZE": "2", "RANK": "1"}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=env, cwd=HERE)
    assert result.returncode
    assert "says that there are 2 processes, and MPI has started 1" in result.stderr


@several
def test_a_program_gets_its_arguments_and_its_rank(tmp_path):
    (tmp_path / "beside.py").write_text("value = 5")
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys, beside\nassert __name__ == '__main__'\n"
        "names = 'RANK', 'LOCAL_RANK', 'WORLD_SIZE'\n"
        "sys.stdout.write(f'{beside.value} {sys.argv[1:]} {\" \".join(os.environ[n] for n in names)}\\n')"  # in one piece
    )
    result = start(2, str(program), "--lr", "0.1")
    assert sorted(result.stdout.split("\n"))[1:] == [f"5 ['--lr', '0.1'] {rank} {rank} 2" for rank in "01"], result.stderr


@pytest.mark.parametrize(
    ("args", "words"), [(["-n", "0", "x.py"], "at least one process"), (["nothere.py"], "there is no file")]
)
def test_starting_says_what_is_wrong(args, words, capsys):
    with pytest.raises(SystemExit):
        run.main(args)
    assert words in capsys.readouterr().err


def test_starting_without_mpi_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(run, "is_mpi_available", lambda: False)
    with pytest.raises(SystemExit):
        run.main([__file__])
    assert "pip install '.[distributed]'" in capsys.readouterr().err


# ---- NCCL, which no machine without a GPU has: what it is told ---------------------------------------------------------------


class Communicator:
    """Stands in for CuPy's NcclCommunicator: notes the calls."""

    def __init__(self, *args):
        self.calls = [("new", *args)]

    def __getattr__(self, name):
        return lambda *args: self.calls.append((name, *args))


def test_nccl_is_told_addresses_counts_and_ranks(monkeypatch):
    from minitorch.distributed import nccl

    groups = []
    library = SimpleNamespace(
        cuda=SimpleNamespace(
            get_current_stream=lambda: SimpleNamespace(ptr=77),
            nccl=SimpleNamespace(
                get_unique_id=lambda: "id", NcclCommunicator=Communicator, groupStart=lambda: groups.append("start"),
                groupEnd=lambda: groups.append("end"),
            ),
        )
    )  # fmt: skip
    monkeypatch.setattr(nccl, "gpu_library", lambda: library)
    comm = SimpleNamespace(rank=1, size=2, bcast=lambda value: "id of rank 0" if value is None else value)
    engine = nccl.NCCLEngine(None, comm, None, 60.0)
    assert (engine.backend, engine.gpus.calls.pop()) == ("nccl", ("new", 2, "id of rank 0", 1))
    x, parts = (StrictArray(np.zeros(shape, np.float32)) for shape in ((3, 2), (2, 3, 2)))
    at, there = x.data.ptr, [parts[i].data.ptr for i in range(2)]
    for call, expected in [
        (lambda: engine.all_reduce(x, "avg"), [("allReduce", at, at, 6, 7, 0, 77)]),
        (lambda: engine.reduce(x, "max", 0), [("reduce", at, at, 6, 7, 2, 0, 77)]),
        (lambda: engine.broadcast(x, 1), [("bcast", at, 24, 1, 1, 77)]),
        (lambda: engine.all_gather(parts, x), [("allGather", at, there[0], 24, 1, 77)]),
        (lambda: engine.gather(None, x, 0), [("send", at, 24, 1, 0, 77)]),
        (
            lambda: engine.gather(parts, x, 1),
            [("send", at, 24, 1, 1, 77), ("recv", there[0], 24, 1, 0, 77), ("recv", there[1], 24, 1, 1, 77)],
        ),
        (
            lambda: engine.scatter(x, parts, 1),
            [("send", there[0], 24, 1, 0, 77), ("send", there[1], 24, 1, 1, 77), ("recv", at, 24, 1, 1, 77)],
        ),
        (lambda: engine.send(x, 0, 5), [("send", at, 24, 1, 0, 77)]),
        (lambda: engine.recv(x, 0, 5), [("recv", at, 24, 1, 0, 77)]),
    ]:
        engine.gpus.calls.clear(), groups.clear()
        call()()
        assert engine.gpus.calls == expected
        assert groups == (["start", "end"] if expected[0][0] in ("send", "recv") else [])
    assert engine.recv(x, 0, 5)() == 0
    with pytest.raises(TypeError, match="this one is on the CPU"):
        engine.all_reduce(np.zeros(2, np.float32), "sum")
    with pytest.raises(ValueError, match="must know the rank that sends"):
        engine.recv(x, None, 0)


# ---- one process alone ---------------------------------------------------------------------------------------------------


def test_before_init_functions_say_so():
    for call in (
        dist.get_rank,
        dist.get_world_size,
        dist.barrier,
        lambda: dist.all_reduce(mt.ones(1)),
        dist.destroy_process_group,
    ):
        with pytest.raises(ValueError, match="init_process_group"):
            call()


def test_one_process_alone_needs_nothing_installed(monkeypatch):
    monkeypatch.setattr(dist.group, "is_mpi_available", lambda: False)
    dist.init_process_group()
    assert (dist.get_rank(), dist.get_world_size()) == (0, 1)
    dist.destroy_process_group()
    for name in dist.group.SIZES:
        monkeypatch.setenv(name, "2")
        with pytest.raises(ImportError, match=r"2 processes were started.*'\.\[distributed\]'"):
            dist.init_process_group()
        monkeypatch.delenv(name)
    with pytest.raises(ImportError, match="'nccl' needs mpi4py"):
        dist.init_process_group("nccl")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"backend": "gloo"}, "'mpi' .on CPUs"), ({"init_method": "tcp://localhost:1"}, "connects them"),
        ({"world_size": 2}, "world_size=2"), ({"rank": 1}, "rank=1"),
    ],
)  # fmt: skip
def test_init_refuses_what_it_would_ignore(options, words):
    with pytest.raises(ValueError, match=words):
        dist.init_process_group(**options)
    assert not dist.is_initialized()


def test_every_exchange_works_alone(alone):
    x = mt.tensor([1.0, 2.0])
    for op in dist.ReduceOp:
        y = x.clone()
        dist.all_reduce(y, op)
        dist.reduce(y, 0, op)
        dist.broadcast(y, 0)
        assert y.tolist() == [1, 2]
    for call in (dist.all_gather, lambda out, x: dist.gather(x, out), lambda out, x: dist.scatter(out[0], [x])):
        out = [mt.zeros(2)]
        call(out, x)
        assert out[0].tolist() == [1, 2]
    out = mt.zeros(2)
    assert dist.all_gather_into_tensor(out, x, async_op=True).wait()
    assert out.tolist() == [1, 2]
    assert dist.barrier(async_op=True).wait()
    for call in (lambda: dist.send(x, 0), lambda: dist.recv(x, 0)):
        with pytest.raises(ValueError, match="rank 0 itself"):
            call()
    with pytest.raises(ValueError, match="no other process"):
        dist.recv(x)
    with pytest.raises(ValueError, match="fill one of shape"):
        dist.all_gather_into_tensor(mt.zeros(3), x)
    with pytest.raises(ValueError, match="different ranks"):
        dist.new_group([0, 0])
    with pytest.raises(ValueError, match="different ranks"):
        dist.new_group([1])


def test_backward_notices_a_changed_tensor(alone):
    x = mt.ones(2, requires_grad=True) * 2
    y = x * x
    dist.all_reduce(x.detach())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_data_parallel_alone_has_the_gradients_of_its_module(alone):
    mt.manual_seed(0)
    model = nn.Linear(2, 2)
    ddp = nn.parallel.DistributedDataParallel(model)
    for _ in range(2):
        ddp.zero_grad()
        ddp(mt.ones(3, 2)).sum().backward()
        assert model.weight.grad.tolist() == [[3, 3], [3, 3]]
    for wrong, words in (({"module": 1}, "must be a Module"), ({"module": model, "device_ids": [0, 1]}, "one device")):
        with pytest.raises((TypeError, ValueError), match=words):
            nn.parallel.DistributedDataParallel(**wrong)


def test_a_dropped_model_is_freed_at_once(alone):
    model = nn.Linear(2, 2)
    ddp = nn.parallel.DistributedDataParallel(model)
    ddp(mt.ones(1, 2)).sum().backward()
    gone = [weakref.ref(value) for value in (ddp, model, model.weight)]
    gc.disable()
    try:
        del ddp, model
        assert [ref() for ref in gone] == [None] * 3
    finally:
        gc.enable()


def test_synchronized_batch_norm_alone_is_batch_norm():
    for shape in ((6, 3), (4, 3, 5), (2, 3, 4, 3), (2, 3, 2, 2, 2)):
        x = mt.randn(*shape)
        one, other = (
            nn.SyncBatchNorm(3),
            nn.BatchNorm1d(3) if len(shape) < 4 else nn.BatchNorm2d(3) if len(shape) < 5 else nn.BatchNorm3d(3),
        )
        assert one(x).tolist() == other(x).tolist()
        assert one.running_var.tolist() == other.running_var.tolist()
    with pytest.raises(ValueError, match="at least 2D"):
        nn.SyncBatchNorm(3)(mt.ones(3))


@pytest.mark.parametrize("count", [1, 5, 12, 13])
@pytest.mark.parametrize("drop_last", [False, True])
def test_the_parts_of_a_sampler_have_the_same_size_and_cover_the_data(count, drop_last):
    if drop_last and count < 3:
        with pytest.raises(ValueError, match="too few"):
            DistributedSampler(range(count), 3, 0, drop_last=True)
        return
    samplers = [DistributedSampler(range(count), 3, rank, seed=1, drop_last=drop_last) for rank in range(3)]
    orders = []
    for epoch in range(2):
        for sampler in samplers:
            sampler.set_epoch(epoch)
        parts = [list(sampler) for sampler in samplers]
        assert {len(part) for part in parts} == {len(samplers[0])}
        assert len(set().union(*parts)) == (count // 3 * 3 if drop_last else count)
        orders.append(parts)
    assert count < 4 or orders[0] != orders[1]
    with pytest.raises(ValueError, match="interval"):
        DistributedSampler(range(count), 3, 3)
    with pytest.raises(ValueError, match="init_process_group"):
        DistributedSampler(range(count))


@pytest.mark.parity
def test_the_sampler_has_pytorchs_order():
    torch = pytest.importorskip("torch")
    for count in (1, 7, 100):
        for rank in range(3):
            for options in ({}, {"shuffle": False}, {"seed": 5}, {"drop_last": True}):
                if options.get("drop_last") and count < 3:
                    continue
                ours, theirs = (lib.utils.data.DistributedSampler(range(count), 3, rank, **options) for lib in (mt, torch))
                ours.set_epoch(2), theirs.set_epoch(2)
                assert list(ours) == list(theirs)
                assert len(ours) == len(theirs)
