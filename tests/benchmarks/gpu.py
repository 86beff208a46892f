"""Time workloads on a GPU: minitorch with CuPy, and PyTorch where it sees the GPU.

Times are those between two events on the device, medians after a warm-up, in float32 without TF32. Memory is what the library
holds after the runs: the most that they needed, as neither gives back any before.

    python -m tests.benchmarks --device cuda            everything
    python -m tests.benchmarks --device cuda Conv2d     the workloads with these words in their names
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import minitorch
from minitorch.backend.device import gpu_library
from tests.benchmarks.workloads import Workload, gpu_workloads

WARM_UP = 0.3  # seconds of runs that are not timed
LEAST = 3  # runs in that time, at least: kernels are compiled, plans made


@dataclass(frozen=True)
class Library:
    """What is timed: a library, its events, and its memory."""

    module: Any
    event: Callable[[], Any]
    elapsed: Callable[[Any, Any], float]  # in ms, from one event to another
    free: Callable[[], None]
    held: Callable[[], int]  # bytes


def libraries() -> dict[str, Library]:
    """minitorch, and PyTorch if it is installed with CUDA. Exits where there is no GPU."""
    try:
        cupy = gpu_library()
    except AssertionError as error:
        sys.exit(f"there is nothing to measure: {error}")
    pool = cupy.get_default_memory_pool()
    found = {
        "minitorch": Library(minitorch, cupy.cuda.Event, cupy.cuda.get_elapsed_time, pool.free_all_blocks, pool.total_bytes)
    }
    name = minitorch.cuda.get_device_name()
    print(f"{name}, CuPy {cupy.__version__}, float32 without TF32\n")
    try:
        import torch
    except ImportError:
        torch = None
    if torch is None or not torch.cuda.is_available():
        print("PyTorch is not installed, or sees no GPU: no ratios\n", file=sys.stderr)
    else:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        event = lambda: torch.cuda.Event(enable_timing=True)  # noqa: E731
        elapsed = lambda a, b: a.elapsed_time(b)  # noqa: E731
        found["PyTorch"] = Library(torch, event, elapsed, torch.cuda.empty_cache, torch.cuda.memory_reserved)
    for library in found.values():
        library.module.set_default_device("cuda")
    return found


def measure(library: Library, work: Workload, rounds: int) -> tuple[float, float, float]:
    """The median time of a run in ms, MiB held after them, and seconds that the first run took."""
    library.free()
    run, start = work.prepare(library.module), time.perf_counter()
    run()
    library.module.cuda.synchronize()
    first = time.perf_counter() - start
    runs, start = 0, time.perf_counter()
    while runs < LEAST or time.perf_counter() < start + WARM_UP:
        run()
        library.module.cuda.synchronize()
        runs += 1
    events = [library.event() for _ in range(rounds + 1)]
    events[0].record()
    for event in events[1:]:
        run()
        event.record()
    library.module.cuda.synchronize()
    times = [library.elapsed(a, b) for a, b in itertools.pairwise(events)]
    return statistics.median(times), library.held() / 2**20, first


def main(words: list[str], rounds: int) -> None:
    """Print the table."""
    chosen = [w for w in gpu_workloads() if not words or any(word in w.name for word in words)]
    found, ratios = libraries(), []
    columns = [f"{name}: {what}" for name in found for what in ("ms", "MiB", "first run, s")]
    print("| workload, forward and backward |", " | ".join([*columns, "ratio"]), "|")
    print("|---|" + "---|" * (len(columns) + 1))
    for work in chosen:
        measured = [measure(library, work, rounds) for library in found.values()]
        cells = [f"{ms:.3f} | {mib:.0f} | {first:.2f}" for ms, mib, first in measured]
        if len(measured) == 2:
            ratios.append(measured[0][0] / measured[1][0])
            cells.append(f"{ratios[-1]:.2f}")
        else:
            cells.append("")
        print(f"| {work.name} | {' | '.join(cells)} |", flush=True)
    if ratios:
        print(f"| geometric mean | {' | '.join([''] * len(columns))} | {statistics.geometric_mean(ratios):.2f} |")
