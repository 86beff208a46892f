"""Time other small frameworks beside minitorch, those that are installed: autograd, MyGrad, DeZero, tinygrad.

    python -m tests.benchmarks.frameworks [--write]     prints a table, and writes it into tutorials/pages/speed.md

Three workloads that each can express: a chain of small operations, a training step of an MLP, a convolution. Each framework is
used as its own documentation uses it. Rounds are interleaved, and medians taken.
"""

from __future__ import annotations

import importlib.util
import itertools
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks.page import into_page

Run = Callable[[], Any]

LENGTH = 1000  # of the chain
SIZES = (784, 256, 256, 10)
BATCH = 128
IMAGES, KERNEL = (16, 32, 32, 32), (64, 32, 3, 3)


def _array(*shape: int) -> Any:
    return (np.random.default_rng(0).standard_normal(shape) * 0.05).astype(np.float32)


def _layers() -> list[Any]:
    return [a for n, m in itertools.pairwise(SIZES) for a in (_array(n, m), _array(m))]


def _labels() -> Any:
    return np.arange(BATCH) % SIZES[-1]


def _chained(y: Any) -> Any:
    for _ in range(LENGTH):
        y = y * 1.001
    return y


def _torch(t: Any) -> dict[str, Run]:
    """minitorch or PyTorch."""
    t.set_num_threads(2)
    nn, start = t.nn, t.ones(8, requires_grad=True)
    modules = [m for n, k in itertools.pairwise(SIZES) for m in (nn.Linear(n, k), nn.ReLU())]
    model, x, labels = nn.Sequential(*modules[:-1]), t.tensor(_array(BATCH, SIZES[0])), t.tensor(_labels())
    optimizer = t.optim.SGD(model.parameters(), lr=0.01)
    image, weight = (t.tensor(_array(*shape), requires_grad=True) for shape in (IMAGES, KERNEL))

    def chain() -> None:
        _chained(start).sum().backward()

    def mlp() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()

    def convolution() -> None:
        image.grad = weight.grad = None
        nn.functional.conv2d(image, weight, padding=1).sum().backward()

    return {"chain": chain, "mlp": mlp, "convolution": convolution}


def _autograd() -> dict[str, Run]:
    import autograd.numpy as anp
    from autograd import grad

    layers, x, labels = _layers(), _array(BATCH, SIZES[0]), _labels()

    def total(y: Any) -> Any:
        return anp.sum(_chained(y))

    def loss(layers: list[Any]) -> Any:
        y = x
        for i in range(0, len(layers), 2):
            y = anp.dot(y, layers[i]) + layers[i + 1]
            if i + 2 < len(layers):
                y = anp.maximum(y, 0)
        y = y - anp.max(y, axis=1, keepdims=True)
        logs = y - anp.log(anp.sum(anp.exp(y), axis=1, keepdims=True))
        return -anp.mean(logs[anp.arange(BATCH), labels])

    def mlp() -> None:
        for layer, g in zip(layers, grad(loss)(layers), strict=True):
            layer -= 0.01 * g

    return {"chain": lambda: grad(total)(np.ones(8, np.float32)), "mlp": mlp}


def _mygrad() -> dict[str, Run]:
    import mygrad
    from mygrad.nnet import softmax_crossentropy
    from mygrad.nnet.layers import conv_nd

    start, layers, x, labels = mygrad.tensor(np.ones(8, np.float32)), _layers(), _array(BATCH, SIZES[0]), _labels()
    parameters = [mygrad.tensor(layer) for layer in layers]
    image, weight = (mygrad.tensor(_array(*shape)) for shape in (IMAGES, KERNEL))

    def chain() -> None:
        _chained(start).sum().backward()

    def mlp() -> None:
        y: Any = x
        for i in range(0, len(parameters), 2):
            y = mygrad.matmul(y, parameters[i]) + parameters[i + 1]
            if i + 2 < len(parameters):
                y = mygrad.maximum(y, 0)
        softmax_crossentropy(y, labels).backward()
        for p in parameters:
            p.data -= 0.01 * p.grad

    return {"chain": chain, "mlp": mlp, "convolution": lambda: conv_nd(image, weight, stride=1, padding=1).sum().backward()}


def _dezero() -> dict[str, Run]:
    np.int = int  # type: ignore[attr-defined]  # a name that it uses, and NumPy no longer has
    import dezero
    import dezero.functions as functions

    start, x, labels = dezero.Variable(np.ones(8, np.float32)), _array(BATCH, SIZES[0]), _labels()
    model = dezero.models.MLP(SIZES[1:], activation=functions.relu)
    optimizer = dezero.optimizers.SGD(0.01).setup(model)
    image, weight = (dezero.Variable(_array(*shape)) for shape in (IMAGES, KERNEL))

    def chain() -> None:
        start.cleargrad()
        functions.sum(_chained(start)).backward()

    def mlp() -> None:
        loss = functions.softmax_cross_entropy(model(x), labels)
        model.cleargrads()
        loss.backward()
        optimizer.update()

    def convolution() -> None:
        image.cleargrad()
        weight.cleargrad()
        functions.sum(functions.conv2d(image, weight, pad=1)).backward()

    return {"chain": chain, "mlp": mlp, "convolution": convolution}


def _tinygrad() -> dict[str, Run]:
    """Without its compiler of whole steps, which the others have not."""
    from tinygrad import Tensor
    from tinygrad.nn.optim import SGD

    parameters = [Tensor(layer) for layer in _layers()]
    x, labels, optimizer = Tensor(_array(BATCH, SIZES[0])), Tensor(_labels().astype(np.int32)), SGD(parameters, lr=0.01)
    image, weight = (Tensor(_array(*shape)) for shape in (IMAGES, KERNEL))

    def mlp() -> None:
        with Tensor.train():
            y = x
            for i in range(0, len(parameters), 2):
                y = y.dot(parameters[i]) + parameters[i + 1]
                y = y.relu() if i + 2 < len(parameters) else y
            optimizer.zero_grad()
            y.sparse_categorical_crossentropy(labels).backward()
            optimizer.step()

    def convolution() -> None:
        image.grad = weight.grad = None
        image.conv2d(weight, padding=1).sum().backward()
        Tensor.realize(image.grad, weight.grad)

    return {"mlp": mlp, "convolution": convolution}


FRAMEWORKS = {
    "minitorch": ("minitorch", lambda: _torch(importlib.import_module("minitorch"))),
    "PyTorch": ("torch", lambda: _torch(importlib.import_module("torch"))),
    "autograd": ("autograd", _autograd),
    "MyGrad": ("mygrad", _mygrad),
    "DeZero": ("dezero", _dezero),
    "tinygrad": ("tinygrad", _tinygrad),
}
WORKLOADS = {
    "chain": "chain of 1,000 multiplications",
    "mlp": "MLP 784-256-256-10, batch 128, SGD step",
    "convolution": "Conv2d(32, 64, 3, padding=1) on 16x32x32x32",
}


def main(rounds: int = 15) -> None:
    runs = {}
    for name, (package, prepare) in FRAMEWORKS.items():
        if importlib.util.find_spec(package) is None:
            continue
        try:
            runs[name] = prepare()
            for run in runs[name].values():
                run()
        except Exception as error:  # tinygrad without a C compiler, a framework that does not suit this NumPy
            print(f"{name} is left out: {error}", file=sys.stderr)
            runs.pop(name, None)
    lines = ["| workload, forward and backward |" + "".join(f" {name} |" for name in runs), "|---|" + "---|" * len(runs)]
    for workload, title in WORKLOADS.items():
        times: dict[str, list[float]] = {name: [] for name, each in runs.items() if workload in each}
        for i in range(rounds + 2):
            for name in times:
                time.sleep(0.02)  # the threads of the one before fall asleep
                start = time.perf_counter()
                runs[name][workload]()
                if i >= 2:  # the first rounds compile
                    times[name].append(time.perf_counter() - start)
        cells = [f" {statistics.median(times[name]) * 1e3:.2f} ms |" if name in times else " |" for name in runs]
        lines.append(f"| {title} |" + "".join(cells))
    print("\n".join(lines))
    if "--write" in sys.argv:
        into_page("frameworks", lines)


if __name__ == "__main__":
    main()
