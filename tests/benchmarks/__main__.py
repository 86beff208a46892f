"""Time workloads under minitorch and PyTorch in turn, and print a table of medians and ratios.

Rounds are interleaved, so that a slow moment of the machine meets both. Run it on a quiet machine.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import minitorch

ROUNDS = 25


def chain(t: Any) -> Callable[[], None]:
    """1,000 ops on 10 elements, forward and backward; the time is that of one op."""
    x, w = t.rand(10, requires_grad=True), t.rand(10)

    def run() -> None:
        y = x
        for _ in range(250):
            y = t.tanh(y * w + w) * 1.01
        y.sum().backward()

    return run


def training_step(build: Callable[[Any], Any], shape: tuple[int, ...], classes: int) -> Callable[[Any], Callable[[], None]]:
    def prepare(t: Any) -> Callable[[], None]:
        model, x, y = build(t), t.rand(*shape), t.randint(0, classes, (shape[0],))
        optimizer = t.optim.SGD(model.parameters(), lr=0.01)

        def run() -> None:
            loss = t.nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        return run

    return prepare


def layer(code: str, shape: tuple[int, ...]) -> Callable[[Any], Callable[[], None]]:
    def prepare(t: Any) -> Callable[[], None]:
        module, x = eval(f"nn.{code}", {"nn": t.nn}), t.rand(*shape, requires_grad=True)
        start = t.ones_like(module(x))

        def run() -> None:
            x.grad = None
            module(x).backward(start)

        return run

    return prepare


def mlp(t: Any) -> Any:
    nn = t.nn
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))


def lenet(t: Any) -> Any:
    nn = t.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


WORKLOADS: dict[str, tuple[Callable[[Any], Callable[[], None]], int]] = {
    "chain of 1,000 small ops, per op": (chain, 1001),
    "MLP 784-256-256-10, batch 128, SGD step": (training_step(mlp, (128, 784), 10), 1),
    "LeNet-5, batch 64, SGD step": (training_step(lenet, (64, 1, 28, 28), 10), 1),
    "Conv2d(32, 64, 3, padding=1) on 16x32x32x32": (layer("Conv2d(32, 64, 3, padding=1)", (16, 32, 32, 32)), 1),
    "Conv3d(8, 16, 3, padding=1) on 4x8x16x32x32": (layer("Conv3d(8, 16, 3, padding=1)", (4, 8, 16, 32, 32)), 1),
    "MaxPool2d(2) on 32x64x32x32": (layer("MaxPool2d(2)", (32, 64, 32, 32)), 1),
    "Sigmoid on 1e6": (layer("Sigmoid()", (1_000_000,)), 1),
    "ReLU on 1e6": (layer("ReLU()", (1_000_000,)), 1),
    "PReLU on 1e6": (layer("PReLU()", (1_000_000,)), 1),
}


def measure(prepared: dict[str, Callable[[], None]]) -> dict[str, float]:
    """The median time of each, in turns."""
    times: dict[str, list[float]] = {name: [] for name in prepared}
    for round_ in range(ROUNDS + 3):
        for name, run in prepared.items():
            start = time.perf_counter()
            run()
            if round_ >= 3:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in times.items()}


def import_time(module: str) -> float:
    code = f"import time; s = time.perf_counter(); import {module}; print(time.perf_counter() - s)"
    return statistics.median(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout) for _ in range(7)
    )


def main() -> None:
    libraries: dict[str, Any] = {"minitorch": minitorch}
    try:
        import torch

        torch.set_num_threads(2)
        libraries["torch"] = torch
    except ImportError:
        print("PyTorch is not installed (`make parity` installs it): no ratios\n")
    print(f"| workload (forward + backward) | {' | '.join(libraries)} | ratio |")
    print("|---|" + "---|" * (len(libraries) + 1))
    for name, (prepare, parts) in WORKLOADS.items():
        medians = measure({lib: prepare(module) for lib, module in libraries.items()})
        unit, scale = ("us", 1e6) if parts > 1 else ("ms", 1e3)
        cells = [f"{medians[lib] / parts * scale:.2f} {unit}" for lib in libraries]
        ratio = f"{medians['minitorch'] / medians['torch']:.2f}" if "torch" in medians else ""
        print(f"| {name} | {' | '.join(cells)} | {ratio} |", flush=True)
    print(f"\nimport: minitorch {import_time('minitorch') * 1e3:.0f} ms, of which numpy {import_time('numpy') * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
