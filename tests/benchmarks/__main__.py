"""Time workloads under minitorch, with Numba and without, and PyTorch: times, ratios, floors, memory, scaling, import.

Rounds are interleaved, so that a slow moment of the machine meets all, and medians taken. Run it on a quiet machine.

    python -m tests.benchmarks                everything
    python -m tests.benchmarks Conv2d ReLU    the workloads with these words in their names
    python -m tests.benchmarks --write       everything, and the table of times into tutorials/pages/speed.md
    python -m tests.benchmarks --profile NAME where the time of one workload goes, function by function
    python -m tests.benchmarks --device cuda  larger workloads on a GPU (gpu.py)
"""

from __future__ import annotations

import argparse
import ctypes
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy

import minitorch
from minitorch import kernels, viz
from minitorch.autograd.observe import observers
from minitorch.kernels.numba import compiler
from tests.benchmarks import gpu
from tests.benchmarks.page import into_page
from tests.benchmarks.workloads import LAYERS, MODELS, Workload, chain, lenet, training_step

THREADS = 2
WARM_UP = 0.15  # seconds at the start of a turn, not timed: threads of BLAS and of the other library go to sleep, ours wake up
BURST = 5  # timed runs in a turn


FAST = "with Numba"
RATIO = {"minitorch": "ratio", FAST: "ratio, with Numba"}


def libraries() -> dict[str, Any]:
    """What is measured: minitorch, the same with compiled loops where there is Numba, and PyTorch if there is."""
    minitorch.set_num_threads(THREADS)
    found: dict[str, Any] = {"minitorch": minitorch}
    if compiler.has_threads():
        found[FAST] = minitorch
    else:
        print("Numba and TBB are not installed (`make fast` installs them): measured without\n", file=sys.stderr)
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed (`make parity` installs it): no ratios\n", file=sys.stderr)
    else:
        torch.set_num_threads(THREADS)
        found["PyTorch"] = torch
    return found


def prepare(work: Workload, found: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Each library's run, with the loops of Numba for FAST alone."""
    return {name: run_without_numba(work.prepare(t)) if name == "minitorch" else work.prepare(t) for name, t in found.items()}


def run_without_numba(run: Callable[[], Any]) -> Callable[[], Any]:
    def runs() -> None:
        with kernels.only("numpy"):
            run()

    return runs


def measure(prepared: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The median time of each, in turns."""
    times: dict[str, list[float]] = {name: [] for name in prepared}
    for _ in range(rounds):
        for name, run in prepared.items():
            start = time.perf_counter()
            run()
            while time.perf_counter() < start + WARM_UP:
                run()
            for _ in range(BURST):
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in times.items()}


def rates() -> tuple[float, float]:
    """What this machine can do with all threads at once: flops per second of a matrix product, bytes per second of a copy."""
    a = numpy.ones((1024, 1024), numpy.float32)
    product = measure({"": lambda: a @ a}, 15)[""]
    parts = [(numpy.ones(1 << 21, numpy.float32), numpy.empty(1 << 21, numpy.float32)) for _ in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        copy = measure({"": lambda: list(pool.map(lambda part: numpy.copyto(part[1], part[0]), parts))}, 15)[""]
    return 2 * 1024**3 / product, THREADS * 2 * (4 << 21) / copy


def table_of_times(workloads: list[Workload], found: dict[str, Any], rounds: int) -> list[str]:
    flops, bandwidth = rates()
    ratios: dict[str, list[float]] = {name: [] for name in found if "PyTorch" in found and name != "PyTorch"}
    print(f"A matrix product reaches {flops / 1e9:.0f} Gflop/s here, a copy {bandwidth / 1e9:.0f} GB/s.\n")
    lines = [
        f"| workload, forward and backward | {' | '.join([*found, *(RATIO[name] for name in ratios)])} | of the floor |",
        "|---|" + "---|" * (len(found) + len(ratios) + 1),
    ]
    print(*lines, sep="\n")
    for work in workloads:
        medians = measure(prepare(work, found), rounds)
        unit, scale = ("us", 1e6) if work.parts > 1 else ("ms", 1e3)
        cells = [f"{medians[lib] / work.parts * scale:.2f} {unit}" for lib in found]
        for name, sofar in ratios.items():
            sofar.append(medians[name] / medians["PyTorch"])
            cells.append(f"{sofar[-1]:.2f}")
        floor = max(work.flops / flops, work.bytes / bandwidth)
        best = min(medians[name] for name in found if name != "PyTorch")
        cells.append(f"{100 * floor / best:.0f} %" if floor else "")
        lines.append(f"| {work.name} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    if ratios:
        means = [f"{statistics.geometric_mean(sofar):.2f}" for sofar in ratios.values()]
        lines.append(f"| geometric mean | {' | '.join([''] * len(found) + means)} | |")
        print(lines[-1])
    print()
    return lines


# ---- memory: in a process of its own, the most that a run needs beyond what was there before ---------------------------

MEMORY = ["Conv2d(32, 64, 3, padding=1)", "Conv2d(64, 128, 3, stride=2", "Conv3d(", "ConvTranspose2d(", "ConvTranspose3d("]


def peak(library: str, workload: str) -> float:
    """MiB that a run adds to the resident memory at its highest (Linux counts it; nan elsewhere)."""
    if platform.system() != "Linux":
        return math.nan
    command = [sys.executable, "-m", "tests.benchmarks", "--peak", library, workload]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def print_peak(library: str, workload: str) -> None:
    t = libraries()[library]
    work = next(w for w in LAYERS if w.name == workload)
    small = work.prepare(t) if library == FAST else run_without_numba(work.prepare(t))
    x = t.zeros(1, 4, 8, 8, requires_grad=True)
    t.nn.Conv2d(4, 4, 3)(x).sum().backward()  # what a library loads and starts at first use is not the workload's

    def resident(key: str) -> int:
        return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))

    del x
    ctypes.CDLL(None).malloc_trim(0)  # memory that is free, but not given back, would hide what the run needs
    Path("/proc/self/clear_refs").write_text("5")  # sets the mark of the highest back to now
    before = resident("VmRSS:")
    small()
    print((resident("VmHWM:") - before) / 1024)


def table_of_memory(found: dict[str, Any]) -> None:
    print(f"| peak memory of a run beyond its start | {' | '.join(found)} | ratio |")
    print("|---|" + "---|" * (len(found) + 1))
    for start in MEMORY:
        name = next(w.name for w in LAYERS if w.name.startswith(start))
        peaks = {lib: statistics.median(peak(lib, name) for _ in range(3)) for lib in found}
        ratio = peaks["minitorch"] / peaks["PyTorch"] if "PyTorch" in peaks else math.nan
        print(f"| {name} | {' | '.join(f'{p:.1f} MiB' for p in peaks.values())} | {ratio:.2f} |", flush=True)


def table_of_scaling(found: dict[str, Any]) -> None:
    print(f"\n| scaling | {' | '.join(found)} |\n|---|" + "---|" * len(found))
    for batch in (4, 16, 64):
        medians = measure(prepare(Workload("", training_step(lenet, (batch, 1, 28, 28))), found), 15)
        print(f"| LeNet-5, batch {batch}, per sample | {' | '.join(f'{m / batch * 1e6:.0f} us' for m in medians.values())} |")
    for length in (1_000, 10_000, 100_000, 1_000_000):
        kept = {lib: t for lib, t in found.items() if lib == "minitorch" or (lib == "PyTorch" and length < 1_000_000)}
        prepared = {lib: chain(length)(t) for lib, t in kept.items()}
        medians = measure(prepared, max(1, 20_000 // length))
        cells = [f"{medians[lib] / length * 1e6:.2f} us" if lib in medians else "" for lib in found]
        print(f"| chain of {length:,} ops, per op | {' | '.join(cells)} |", flush=True)


def print_recording() -> None:
    """What a recording for pictures costs, and what it costs that there could be one."""
    run = chain(1000)(minitorch)

    def recorded() -> None:
        with viz.record():
            run()

    off, on = measure({"off": run, "on": recorded}, 15).values()
    look = min(timeit.repeat("if observers: pass", globals={"observers": observers}, number=100_000, repeat=20)) / 100_000
    print(f"\nchain of 1,000 ops, per op: {off * 1e3:.2f} us, and {on * 1e3:.2f} us in a viz.record()", end="; ")
    print(f"outside, the three looks at the empty list of observers take {3 * look / (off / 1000):.1%} of an op")


def import_time(module: str, before: str = "sys") -> float:
    """Seconds that `import module` takes after `import before`, from compiled files as they are after a first import."""
    code = f"import {before}, time; s = time.perf_counter(); import {module}; print(time.perf_counter() - s)"
    with tempfile.TemporaryDirectory() as compiled:
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": compiled}
        command = [sys.executable, "-c", code]
        runs = [subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout for _ in range(10)]
    return statistics.median(map(float, runs[1:]))


def profile(work: Workload) -> None:
    import cProfile
    import pstats

    run = work.prepare(minitorch)
    for _ in range(5):
        run()
    profiler = cProfile.Profile()
    with profiler:
        for _ in range(50):
            run()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(30)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("words", nargs="*", help="only workloads with one of these words in their names")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--write", action="store_true", help="write the table of times into tutorials/pages/speed.md")
    parser.add_argument("--profile", metavar="NAME")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peak:
        return print_peak(*given.peak)
    if given.device == "cuda":
        return gpu.main(given.words, 5 * given.rounds)
    every = MODELS + LAYERS
    if given.profile:
        return profile(next(w for w in every if given.profile in w.name))
    found = libraries()
    chosen = [w for w in every if not given.words or any(word in w.name for word in given.words)]
    lines = table_of_times(chosen, found, given.rounds)
    if given.words:
        return None
    table_of_memory(found)
    table_of_scaling(found)
    beyond = import_time("minitorch", before="numpy") * 1e3
    print_recording()
    print(f"\nimport numpy: {import_time('numpy') * 1e3:.0f} ms; import minitorch: {beyond:.0f} ms beyond it")
    if given.write:
        into_page("benchmarks", lines)
    return None


if __name__ == "__main__":
    main()
