"""How much quicker several processes are than one, and what a model of their cost says of more: make bench-distributed

Two workloads, in one process and in two with the same number of samples each. One step of n processes should take

    t(n) = t(1) + the time to average b bytes of gradients = t(1) + 2 (n - 1) a + 2 (n - 1) / n * b / w

with the latency a and the bandwidth w, measured here by all_reduce of small and large tensors: a ring sends each of n parts of
the gradients 2 (n - 1) times (Patarasuk and Yuan 2009). The efficiency is t(1) / t(n). For clusters, t(1) is this machine's,
and a and w are assumed.

    python -m tests.benchmarks.processes            everything
    python -m tests.benchmarks.processes --write    and the table into tutorials/pages/processes.md
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import minitorch
import minitorch.distributed as dist
from tests.benchmarks.workloads import lenet, mlp

MODELS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "MLP 784-256-256-10, 128 samples each": (mlp, (128, 784)),
    "LeNet-5, 64 samples each": (lenet, (64, 1, 28, 28)),
}
ASSUMED = {"10 Gbit/s Ethernet": (30e-6, 1.25e9), "100 Gbit/s InfiniBand": (3e-6, 12.5e9)}  # latency in s, bytes per s
SIZES = (1, 1 << 12, 1 << 16, 1 << 20, 1 << 22)  # floats
PAGE = Path(__file__).parents[2] / "tutorials" / "pages" / "processes.md"


def median(run: Callable[[], Any], seconds: float) -> float:
    """The median time of a run; all processes take the same number of runs."""
    for _ in range(3):
        run()
    start = time.perf_counter()
    run()
    count = minitorch.tensor(max(5.0, seconds / (time.perf_counter() - start)))
    dist.all_reduce(count, dist.ReduceOp.MIN)
    times = []
    for _ in range(int(count.item())):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure_in_each_process() -> None:
    dist.init_process_group()
    found: dict[str, Any] = {"exchange": {}, "steps": {}}
    engine: Any = dist.group.group_of(None).engine
    for size in SIZES:
        numbers = minitorch.zeros(size)._array
        found["exchange"][4 * size] = median(lambda array=numbers: engine.all_reduce(array, "sum")(), 0.5)  # type: ignore[misc]
    for name, (build, shape) in MODELS.items():
        minitorch.manual_seed(dist.get_rank())
        model = minitorch.nn.parallel.DistributedDataParallel(build(minitorch))
        optimizer = minitorch.optim.SGD(model.parameters(), lr=0.01)
        x, y = minitorch.rand(*shape), minitorch.randint(0, 10, (shape[0],))

        def step(model: Any = model, optimizer: Any = optimizer, x: Any = x, y: Any = y) -> None:
            loss = minitorch.nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        found["steps"][name] = (median(step, 3), sum(p.numel() for p in model.parameters()) * 4)
    if dist.get_rank() == 0:
        print(json.dumps(found))
    dist.destroy_process_group()


def started(size: int) -> Any:
    """What the processes measure, each with one thread."""
    command = [sys.executable, "-m", "minitorch.distributed.run", "-n", str(size), "-m", "tests.benchmarks.processes", "--each"]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    return json.loads(result.stdout.splitlines()[-1])


def middle(found: list[Any]) -> Any:
    """The medians of several measurements."""
    steps = {
        name: (statistics.median(f["steps"][name][0] for f in found), size) for name, (_, size) in found[0]["steps"].items()
    }
    return {"steps": steps, "exchange": {k: statistics.median(f["exchange"][k] for f in found) for k in found[0]["exchange"]}}


def model_of(one: float, size: int, count: int, latency: float, bandwidth: float) -> float:
    return one + 2 * (count - 1) * latency + 2 * (count - 1) / count * size / bandwidth


def table() -> list[str]:
    rounds = [(started(1), started(2)) for _ in range(3)]  # in turns: a slow moment of the machine meets both
    one, two = (middle([each[i] for each in rounds]) for i in range(2))
    small, large = two["exchange"][str(4 * SIZES[0])], two["exchange"][str(4 * SIZES[-1])]
    latency, bandwidth = small / 2, 4 * SIZES[-1] / (large - small)
    lines = [
        f"All-reduce between two processes here: {small * 1e6:.0f} us for one number, {large * 1e3:.1f} ms for "
        f"{4 * SIZES[-1] >> 20} MiB: a latency of {latency * 1e6:.1f} us and {bandwidth / 1e9:.1f} GB/s.",
        "",
        f"| step of SGD | gradients | 1 process | 2 processes | efficiency | by the model | "
        f"{' | '.join(f'{count} on {name}' for name in ASSUMED for count in (8, 64))} |",
        "|---|" + "---|" * (5 + 2 * len(ASSUMED)),
    ]
    for name, (alone, size) in one["steps"].items():
        together = two["steps"][name][0]
        cells = [f"{size / 1e6:.2f} MB", f"{alone * 1e3:.2f} ms", f"{together * 1e3:.2f} ms", f"{alone / together:.0%}"]
        cells += [f"{alone / model_of(alone, size, 2, latency, bandwidth):.0%}"]
        cells += [f"{alone / model_of(alone, size, count, *net):.0%}" for net in ASSUMED.values() for count in (8, 64)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--each", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.each:
        measure_in_each_process()
        return
    if not dist.is_mpi_available():
        sys.exit(f"mpi4py is not installed: {dist.group.INSTALL}")
    lines = table()
    print(f"{platform.machine()}, {os.cpu_count()} cores\n")
    print(*lines, sep="\n")
    if given.write:
        before, rest = PAGE.read_text(encoding="utf-8").split("<!-- processes -->\n")
        after = rest.split("<!-- end of processes -->")[1]
        text = "\n".join(["<!-- processes -->", *lines, "<!-- end of processes -->"])
        PAGE.write_text(f"{before}{text}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
