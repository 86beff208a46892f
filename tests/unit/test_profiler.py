"""The profiler: which calls it sees, that its times add up, what it prints and writes, and that it is gone afterwards."""

import json
import threading
import time

import pytest

import minitorch as mt
from minitorch import nn
from minitorch.autograd.observe import observers
from minitorch.profiler import ProfilerAction, ProfilerActivity, profile, record_function, schedule


def step(model, x):
    loss = model(x).square().sum()
    loss.backward()
    return loss


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Tanh(), nn.Linear(4, 2)))


def test_functions_derivatives_and_modules_are_seen():
    model, x = network(), mt.randn(5, 3)
    with profile(with_modules=True) as prof:
        step(model, x)
    counts = {event.key: (event.kind, event.count) for event in prof.key_averages()}
    assert counts["linear"] == ("function", 2)
    assert counts["AddmmBackward0"] == ("derivative", 2)
    assert counts["TanhBackward0"] == ("derivative", 1)
    assert counts["backward"] == ("block", 1)
    assert {key for key, (kind, _) in counts.items() if kind == "module"} == {
        "Sequential", "Linear 0", "Sequential 1", "Tanh 1.0", "Linear 1.1",
    }  # fmt: skip
    with profile() as prof:
        step(model, x)
    assert not any(event.kind == "module" for event in prof.events())


def test_the_parts_add_up_to_the_whole():
    class Slow(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            time.sleep(0.01)
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            time.sleep(0.02)
            return grad * 2

    x = mt.ones(3, requires_grad=True)
    with profile() as prof, record_function("all"):
        Slow.apply(x).sum().backward()
    events = {event.key: event for event in prof.key_averages()}
    assert sum(event.own for event in prof.events()) == pytest.approx(events["all"].total)
    assert events["SlowBackward"].own >= 0.02
    assert events["backward"].total >= events["SlowBackward"].total
    assert events["all"].own >= 0.01  # the forward of a program's Function is in the block around it
    for event in prof.events():
        assert 0 <= event.own <= event.total
    assert events["all"].cpu_time_total == pytest.approx(1e6 * events["all"].total)


def test_memory_counts_what_is_new():
    x = mt.ones(100)
    with profile(profile_memory=True) as prof:
        x.exp()
        x.reshape(10, 10)
        mt.split(x.double(), 50)
    memory = {event.key: event.memory for event in prof.key_averages()}
    assert (memory["exp"], memory["reshape"], memory["split"]) == (400, 0, 0)


def test_shapes_tell_calls_apart():
    with profile(record_shapes=True) as prof:
        mt.ones(2).exp()
        mt.ones(3).exp()
        mt.ones(3).exp()
    found = [(e.shapes, e.count) for e in prof.key_averages(group_by_input_shape=True) if e.key == "exp"]
    assert found == [(((2,),), 1), (((3,),), 2)]
    assert [e.count for e in prof.key_averages() if e.key == "exp"] == [3]
    assert "exp [3]" in prof.key_averages(group_by_input_shape=True).table()


def test_the_table():
    model, x = network(), mt.randn(5, 3)
    with profile() as prof:
        step(model, x)
    table = prof.key_averages().table(sort_by="count", row_limit=2).splitlines()
    assert table[1].split()[:4] == ["Name", "Self", "CPU", "%"]
    assert len(table) == 7
    assert table[3].split()[0] in {"linear", "AddmmBackward0"}
    assert table[-1].startswith("Self CPU time total: ")
    with pytest.raises(ValueError, match=r"sort_by must be one of cpu_time_total, .* not 'speed'"):
        prof.key_averages().table(sort_by="speed")
    assert prof.key_averages().total_average().count == len(prof.key_averages())


def test_the_trace(tmp_path):
    with profile(with_modules=True) as prof:
        step(network(), mt.randn(5, 3))
    prof.export_chrome_trace(tmp_path / "trace.json")
    bars = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert len(bars) == len(prof.events())
    spans = {bar["name"]: (bar["ts"], bar["ts"] + bar["dur"]) for bar in bars}
    assert spans["Sequential"][0] <= spans["Linear 0"][0] <= spans["Linear 0"][1] <= spans["Sequential"][1]
    assert {bar["ph"] for bar in bars} == {"X"}


def test_a_schedule_records_some_steps_only():
    seen = []

    def ready(prof):
        seen.append((prof.step_num, sum(event.key == "exp" for event in prof.events())))

    with profile(schedule=schedule(wait=1, warmup=1, active=2, repeat=2), on_trace_ready=ready) as prof:
        for _ in range(10):
            mt.ones(3).exp()
            prof.step()
    assert seen == [(3, 2), (7, 2)]
    plan = schedule(wait=1, warmup=0, active=1, skip_first=2)
    assert [plan(i) for i in range(5)] == [ProfilerAction.NONE] * 3 + [ProfilerAction.RECORD_AND_SAVE, ProfilerAction.NONE]
    with pytest.raises(ValueError, match=r"active must be at least 1 .* active=0"):
        schedule(wait=1, warmup=1, active=0)


def test_errors_and_threads_leave_it_in_order():
    model = network()
    with profile(with_modules=True) as prof:
        with pytest.raises(RuntimeError):
            model(mt.ones(5, 7))
        thread = threading.Thread(target=lambda: mt.ones(3).exp())
        thread.start()
        thread.join()
        model(mt.ones(5, 3))
    assert sum(event.key == "Sequential" for event in prof.events()) == 2
    assert len({event.thread for event in prof.events()}) == 2
    assert prof not in observers


def test_without_a_profiler_nothing_is_noted():
    with record_function("alone"):
        mt.ones(2)
    prof = profile(activities=[ProfilerActivity.CPU])
    prof.start()
    with pytest.raises(RuntimeError, match="runs already"):
        prof.start()
    mt.ones(2)
    prof.stop()
    mt.zeros(2)
    assert [event.key for event in prof.events()] == ["ones"]
    assert not observers
