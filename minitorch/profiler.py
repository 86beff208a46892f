"""Where the time goes: the time and memory of each function and each node's derivative, as a table and as a trace.

    with minitorch.profiler.profile(with_modules=True, profile_memory=True) as prof:
        loss = F.cross_entropy(model(x), target)
        loss.backward()
    print(prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=10))
    prof.export_chrome_trace("trace.json")         # open it in chrome://tracing or ui.perfetto.dev

It is an observer of the tape (autograd/observe.py): nothing is measured, and nothing costs time, outside the block. Within it
every call costs a few microseconds more; the time between calls of functions, Python's own, belongs to the call around them.
"""

from __future__ import annotations

import contextlib
import enum
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minitorch import cuda
from minitorch.autograd.observe import Observer, active_observers, observers
from minitorch.autograd.tensor_base import TensorBase
from minitorch.backend.errors import describe
from minitorch.nn import Module

__all__ = ["EventList", "FunctionEvent", "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule"]


class ProfilerActivity(enum.Enum):
    """What is timed. With CUDA, each event ends when the GPU has finished its work, not when it was asked for."""

    CPU = 0
    CUDA = 1


class ProfilerAction(enum.Enum):
    """What a schedule says of a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


@dataclass
class FunctionEvent:
    """One call: a function, a module, a node's derivative, or a block named by `record_function`.

    Times are in seconds on `time.perf_counter`'s clock; of several calls together, sums. `memory` counts the bytes of new
    tensors that the call returned.
    """

    key: str
    kind: str  # function, module, derivative, block
    start: float = 0.0
    end: float = 0.0
    thread: int = 0
    shapes: tuple[Any, ...] = ()
    count: int = 1
    memory: int = 0
    total: float = 0.0
    own: float = 0.0  # `total` without the events within

    @property
    def cpu_time_total(self) -> float:
        """Microseconds of all its calls, as in PyTorch."""
        return self.total * 1e6

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all its calls, without what they called."""
        return self.own * 1e6

    @property
    def cpu_time(self) -> float:
        """Microseconds of a call."""
        return self.cpu_time_total / self.count

    cpu_memory_usage = property(lambda self: self.memory)


class EventList(list[FunctionEvent]):
    """Events. `table()` prints them; `key_averages()` adds up those of one name."""

    def key_averages(self, group_by_input_shape: bool = False) -> EventList:
        """One event for each name (and shapes of the inputs), in the order of their first call."""
        groups: dict[Any, FunctionEvent] = {}
        for event in self:
            key = (event.key, event.kind, event.shapes if group_by_input_shape else ())
            group = groups.setdefault(key, FunctionEvent(event.key, event.kind, event.start, shapes=key[2], count=0))
            group.count += event.count
            group.memory += event.memory
            group.total += event.total
            group.own += event.own
        return EventList(groups.values())

    def total_average(self) -> FunctionEvent:
        """All events as one."""
        return FunctionEvent("Total", "", count=len(self), total=sum(e.total for e in self), own=sum(e.own for e in self))

    def table(self, sort_by: str | None = None, row_limit: int = 100) -> str:
        """Rows of names, shares, times and calls. `sort_by` is cpu_time_total, self_cpu_time_total, cpu_time,
        cpu_memory_usage or count; the largest comes first.

        Raises ValueError for another `sort_by`.
        """
        columns = ("cpu_time_total", "self_cpu_time_total", "cpu_time", "cpu_memory_usage", "count")
        if sort_by is not None and sort_by not in columns:
            raise ValueError(f"table(): sort_by must be one of {', '.join(columns)}, not {describe(sort_by)}")
        events = self if sort_by is None else sorted(self, key=lambda e: -float(getattr(e, sort_by)))
        whole = sum(e.own for e in self) or 1.0
        rows = [("Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "CPU Mem", "# of Calls")]
        for e in events[:row_limit]:
            shapes = " ".join(str(list(shape)) for shape in e.shapes)
            rows.append((
                f"{e.key} {shapes}".strip(), f"{e.own / whole:.2%}", _time(e.own), f"{e.total / whole:.2%}", _time(e.total),
                _time(e.total / e.count), _bytes(e.memory), str(e.count),
            ))  # fmt: skip
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([rule, lines[0], rule, *lines[1:], rule, f"Self CPU time total: {_time(whole)}", ""])


def _time(seconds: float) -> str:
    unit, scale = ("s", 1.0) if seconds >= 1 else ("ms", 1e3) if seconds >= 1e-3 else ("us", 1e6)
    return f"{seconds * scale:.3f}{unit}"


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count} B"


@dataclass
class _Open:
    """An event that has begun: what ends it, and the time of the events within."""

    event: FunctionEvent
    callee: Any
    within: float = 0.0
    inputs: tuple[Any, ...] = field(default=(), repr=False)


class profile(Observer):
    """A block that is timed: each public function and each derivative; with `with_modules` modules by their paths, too.

    activities      ProfilerActivity.CUDA waits for the GPU after each event, so that its time is that of the work
    schedule        a function from the number of a step to a ProfilerAction, made by `schedule()`; the program calls `step()`
    on_trace_ready  called with the profiler when the steps of a schedule were recorded, and at the end of the block
    record_shapes   note the shapes of the inputs: `key_averages(group_by_input_shape=True)` tells them apart
    profile_memory  count the bytes of new results

    Raises RuntimeError if the block is entered twice.

    >>> import minitorch
    >>> with minitorch.profiler.profile() as prof:
    ...     y = minitorch.ones(3).exp().sum()
    >>> [event.key for event in prof.key_averages()]
    ['ones', 'exp', 'sum']
    """

    def __init__(
        self, *, activities: Iterable[ProfilerActivity] | None = None, schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None, record_shapes: bool = False, profile_memory: bool = False,
        with_modules: bool = False,
    ) -> None:  # fmt: skip
        self.waits = ProfilerActivity.CUDA in (activities or ()) and cuda.is_available()
        self.schedule, self.on_trace_ready = schedule, on_trace_ready
        self.record_shapes, self.profile_memory, self.with_modules = record_shapes, profile_memory, with_modules
        self.step_num = 0
        self._events = EventList()
        self._stacks: dict[int, list[_Open]] = {}  # by thread

    # ---- the block, and its steps ----------------------------------------------------------------------------------------

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin, where there is no block."""
        if self in observers:
            raise RuntimeError("this profiler runs already: one block is measured by one profiler")
        self._action = self.schedule(0) if self.schedule else ProfilerAction.RECORD
        observers.append(self)

    def stop(self) -> None:
        """End, where there is no block."""
        observers.remove(self)
        self._stacks.clear()
        if self.on_trace_ready is not None and self._records and (self.schedule is None or self._events):
            self.on_trace_ready(self)

    def step(self) -> None:
        """The next step of the program begins, for `schedule`."""
        if self._action is ProfilerAction.RECORD_AND_SAVE and self.on_trace_ready is not None:
            self.on_trace_ready(self)
        before, self.step_num = self._action, self.step_num + 1
        self._action = self.schedule(self.step_num) if self.schedule else ProfilerAction.RECORD
        if self._records and before in (ProfilerAction.NONE, ProfilerAction.WARMUP, ProfilerAction.RECORD_AND_SAVE):
            self._events = EventList()
        self._stacks.clear()

    @property
    def _records(self) -> bool:
        return self._action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)

    # ---- what was measured -----------------------------------------------------------------------------------------------

    def events(self) -> EventList:
        """Every call, in the order in which they ended."""
        return self._events

    def key_averages(self, group_by_input_shape: bool = False) -> EventList:
        """The calls of each name added up."""
        ordered = EventList(sorted(self._events, key=lambda event: event.start))
        return ordered.key_averages(group_by_input_shape)

    def export_chrome_trace(self, path: str | os.PathLike[str]) -> None:
        """Write the calls as a file for chrome://tracing and ui.perfetto.dev: a bar for each, those within it below."""
        events = [
            {
                "name": e.key, "cat": e.kind, "ph": "X", "pid": os.getpid(), "tid": e.thread, "ts": e.start * 1e6,
                "dur": (e.end - e.start) * 1e6, "args": {"memory": e.memory, "shapes": [list(shape) for shape in e.shapes]},
            }
            for e in sorted(self._events, key=lambda event: event.start)
        ]  # fmt: skip
        Path(path).write_text(json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}), encoding="utf-8")

    # ---- observing -------------------------------------------------------------------------------------------------------

    def call_entered(self, callee: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        if not isinstance(callee, Module):
            self._begin(callee, callee.__name__, "function", (*args, *kwargs.values()))
        elif self.with_modules:
            self._begin(callee, self._path_of(callee), "module", args)

    def call_left(self, callee: Any, result: Any) -> None:
        if self.with_modules or not isinstance(callee, Module):
            self._end(callee, result)

    def sweep_began(self, roots: Sequence[Any], targets: Any) -> None:
        self._begin(self, "backward", "block", ())

    def sweep_ended(self) -> None:
        self._end(self, None)

    def backward_called(self, node: Any, grad_outputs: tuple[Any, ...]) -> None:
        self._begin(node, node.name(), "derivative", grad_outputs)

    def backward_returned(self, node: Any, grad_outputs: tuple[Any, ...], results: tuple[Any, ...]) -> None:
        self._end(node, results)

    def _path_of(self, module: Module) -> str:
        """The class of a module, and its path from the outermost module that was called."""
        parent = next((o for o in reversed(self._stack()) if isinstance(o.callee, Module)), None)
        if parent is None:
            return type(module).__name__
        path = next((name for name, part in parent.callee.named_modules() if part is module), "?")
        before = parent.event.key.partition(" ")[2]
        return f"{type(module).__name__} {f'{before}.{path}' if before else path}"

    def _stack(self) -> list[_Open]:
        return self._stacks.setdefault(threading.get_ident(), [])

    def _begin(self, callee: Any, key: str, kind: str, inputs: Sequence[Any]) -> None:
        if not self._records:
            return
        shapes = tuple(shape for value in inputs if (shape := _shape(value)) is not None) if self.record_shapes else ()
        event = FunctionEvent(key, kind, thread=threading.get_ident(), shapes=shapes)
        self._stack().append(_Open(event, callee, inputs=tuple(inputs) if self.profile_memory else ()))
        event.start = time.perf_counter()

    def _end(self, callee: Any, result: Any) -> None:
        now, stack = time.perf_counter(), self._stack()
        if not any(opened.callee is callee for opened in stack):  # it began before the block, or before this step
            return
        if self.waits:
            cuda.synchronize()
            now = time.perf_counter()
        while True:
            opened = stack.pop()  # what began within it and was left by an error ends with it
            event = opened.event
            event.end, event.total = now, now - event.start
            event.own = event.total - opened.within
            if stack:
                stack[-1].within += event.total
            if self.profile_memory and opened.callee is callee:
                event.memory = _new_bytes(result, opened.inputs)
            self._events.append(event)
            if opened.callee is callee:
                return


def _shape(value: Any) -> Any:
    return tuple(value.shape) if hasattr(value, "shape") else None


def _new_bytes(result: Any, inputs: Sequence[Any]) -> int:
    """The bytes of the arrays in a result that are neither an input nor a view."""
    known = {id(getattr(value, "_array", value)) for value in inputs}
    total = 0
    for value in result if isinstance(result, (tuple, list)) else (result,):
        array = value._array if isinstance(value, TensorBase) else value
        if hasattr(array, "nbytes") and id(array) not in known and getattr(array, "base", None) is None:
            known.add(id(array))
            total += int(array.nbytes)
    return total


@contextlib.contextmanager
def record_function(name: str) -> Iterator[None]:
    """A block with a name of its own among the events of a profiler; without one it does nothing.

    >>> import minitorch
    >>> with minitorch.profiler.profile() as prof, minitorch.profiler.record_function("both"):
    ...     y = minitorch.ones(3).exp()
    >>> [(event.key, event.kind) for event in prof.key_averages()]
    [('both', 'block'), ('ones', 'function'), ('exp', 'function')]
    """
    block, running = object(), [observer for observer in active_observers() if isinstance(observer, profile)]
    for profiler in running:
        profiler._begin(block, str(name), "block", ())
    try:
        yield
    finally:
        for profiler in running:
            profiler._end(block, None)


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0
) -> Callable[[int], ProfilerAction]:  # fmt: skip
    """Which steps are recorded: after `skip_first`, in turns, `wait` and `warmup` steps that are not, and `active` that are.

    `repeat` is how often; 0 is without end. Raises ValueError unless `active` is at least 1 and the others at least 0.

    >>> import minitorch
    >>> plan = minitorch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> [plan(step).name for step in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if active < 1 or min(wait, warmup, repeat, skip_first) < 0:
        raise ValueError(
            f"schedule: active must be at least 1 and the others at least 0, not wait={wait}, warmup={warmup}, "
            f"active={active}, repeat={repeat}, skip_first={skip_first}"
        )

    def action(step: int) -> ProfilerAction:
        turn, place = divmod(step - skip_first, wait + warmup + active)
        if step < skip_first or (repeat and turn >= repeat) or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD_AND_SAVE if place == wait + warmup + active - 1 else ProfilerAction.RECORD

    return action
