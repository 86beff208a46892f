"""What is measured: each workload is written once, for whichever library `t` it is given, minitorch or torch.

`prepare(t)` builds it and returns a function that runs it once, forward and backward. `flops` and `bytes` are the least
that a run must compute and move: every multiplication and addition of its matrix products, and every array read or written
once. They give the floor under its time; small networks, whose time goes into calling, have none.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Run = Callable[[], Any]


@dataclass(frozen=True)
class Workload:
    name: str
    prepare: Callable[[Any], Run]
    parts: int = 1  # how many ops the time is divided by
    flops: float = 0.0
    bytes: float = 0.0


def chain(length: int) -> Callable[[Any], Run]:
    """`length` ops on 10 elements, forward and backward."""

    def prepare(t: Any) -> Run:
        x, w = t.rand(10, requires_grad=True), t.rand(10)

        def run() -> None:
            y = x
            for _ in range(length // 4):
                y = t.tanh(y * w + w) * 1.01
            y.sum().backward()

        return run

    return prepare


def training_step(
    build: Callable[[Any], Any], shape: tuple[int, ...], classes: int = 10, optimizer: str = "SGD"
) -> Callable[[Any], Run]:
    """A step of an optimizer on a random batch."""

    def prepare(t: Any) -> Run:
        model, x, y = build(t), t.rand(*shape), t.randint(0, classes, (shape[0],))
        stepper = getattr(t.optim, optimizer)(model.parameters(), lr=0.01)

        def run() -> None:
            loss = t.nn.functional.cross_entropy(model(x), y)
            stepper.zero_grad()
            loss.backward()
            stepper.step()

        return run

    return prepare


def layer(code: str, shape: tuple[int, ...], gradients: int = 2) -> Workload:
    """A layer, forward and backward, for its input and its parameters."""

    def prepare(t: Any) -> Run:
        module, x = eval(f"nn.{code}", {"nn": t.nn}), t.randn(*shape, requires_grad=True)
        start = t.ones_like(module(x))

        def run() -> None:
            x.grad = None
            for p in module.parameters():
                p.grad = None
            module(x).backward(start)

        return run

    import minitorch as t

    module = eval(f"nn.{code}", {"nn": t.nn})
    with t.no_grad():
        y = module(t.zeros(1, *shape[1:])).numel() * shape[0]
    x = math.prod(shape)
    weight = getattr(module, "weight", None)
    flops = 0
    if weight is not None and weight.ndim > 2:  # a convolution: the kernel at every cell of x, transposed, or of y
        places = x // shape[1] if "Transpose" in code else y // weight.shape[0]
        flops = 3 * 2 * weight.numel() * places
    name = f"{code} on {'x'.join(map(str, shape)) if len(shape) > 1 else shape[0]}"
    return Workload(name, prepare, flops=flops, bytes=4 * (2 * x + 2 * y + min(x, y)))


def pool_and_unpool(*shape: int) -> Workload:
    def prepare(t: Any) -> Run:
        x = t.randn(*shape, requires_grad=True)
        pool, unpool = t.nn.MaxPool2d(2, return_indices=True), t.nn.MaxUnpool2d(2)
        start = t.ones_like(x)

        def run() -> None:
            x.grad = None
            unpool(*pool(x)).backward(start)

        return run

    name = f"MaxPool2d(2) and MaxUnpool2d(2) on {'x'.join(map(str, shape))}"
    return Workload(name, prepare, bytes=4 * 4.5 * math.prod(shape))


def column_sums(t: Any) -> Run:
    x, bias = t.randn(20_000, 64), t.zeros(64, requires_grad=True)

    def run() -> None:
        bias.grad = None
        ((x + bias).mean(0) + x.std(0)).sum().backward()

    return run


def backward_of(make: Callable[[Any], tuple[Callable[[], Any], list[Any]]]) -> Callable[[Any], Run]:
    """Forward and backward of a loss, whose leaves `make` returns beside it."""

    def prepare(t: Any) -> Run:
        loss, leaves = make(t)

        def run() -> None:
            for leaf in leaves:
                leaf.grad = None
            loss().backward()

        return run

    return prepare


def lstm(t: Any) -> tuple[Callable[[], Any], list[Any]]:
    layer, x = t.nn.LSTM(64, 128), t.randn(35, 20, 64)
    return lambda: layer(x)[0].mean(), list(layer.parameters())


def embedding(t: Any) -> tuple[Callable[[], Any], list[Any]]:
    layer, words = t.nn.Embedding(10_000, 64), t.randint(0, 10_000, (64, 35))
    return lambda: layer(words).mean(), [layer.weight]


def cross_entropy(t: Any) -> tuple[Callable[[], Any], list[Any]]:
    scores, labels = t.randn(512, 1000, requires_grad=True), t.randint(0, 1000, (512,))
    return lambda: t.nn.functional.cross_entropy(scores, labels), [scores]


def adam(t: Any) -> Run:
    parameters = [t.nn.Parameter(t.randn(300, 300)) for _ in range(10)]
    for p in parameters:
        p.grad = t.randn(300, 300)
    step: Run = t.optim.Adam(parameters).step
    return step


def gradient_check(code: str, shape: tuple[int, ...]) -> Callable[[Any], Run]:
    def prepare(t: Any) -> Run:
        module = eval(f"nn.{code}", {"nn": t.nn}).double()
        x = t.randn(*shape, dtype=t.float64, requires_grad=True)
        return lambda: t.autograd.gradcheck(lambda x, *_: module(x), (x, *module.parameters()))

    return prepare


def mlp(t: Any, width: int = 256) -> Any:
    nn = t.nn
    return nn.Sequential(nn.Linear(784, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10))


def lenet(t: Any) -> Any:
    nn = t.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def resnet(t: Any, width: int = 16) -> Any:
    """Three residual blocks of two convolutions, each block but the first halving the image and doubling its channels."""
    nn = t.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, before: int, after: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
            self.norm1 = nn.BatchNorm2d(after)
            self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
            self.norm2 = nn.BatchNorm2d(after)
            self.relu = nn.ReLU()
            self.shortcut = nn.Identity()
            if stride > 1 or before != after:
                self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

        def forward(self, x: Any) -> Any:
            y = self.relu(self.norm1(self.conv1(x)))
            return self.relu(self.norm2(self.conv2(y)) + self.shortcut(x))

    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        Block(width, width, 1), Block(width, 2 * width, 2), Block(2 * width, 4 * width, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, 10),
    )  # fmt: skip


MODELS = [
    Workload("chain of 1,000 small ops, per op", chain(1000), parts=1001),
    Workload(
        "MLP 784-256-256-10, batch 128, SGD step", training_step(mlp, (128, 784)), flops=6 * 128 * (784 * 256 + 256 * 266)
    ),
    Workload("sums and means over leading axes of 20000x64", column_sums, bytes=4 * 6 * 20000 * 64),
    Workload("LeNet-5, batch 64, SGD step", training_step(lenet, (64, 1, 28, 28))),
    Workload("ResNet with batch norm, 32x3x32x32, SGD step", training_step(resnet, (32, 3, 32, 32))),
    Workload("LSTM(64, 128) on 35x20x64", backward_of(lstm), flops=6 * 35 * 20 * 512 * (64 + 128)),
    Workload("Embedding(10000, 64) of 64x35", backward_of(embedding), bytes=4 * 64 * (10_000 + 3 * 64 * 35)),
    Workload("cross-entropy of 512x1000", backward_of(cross_entropy), bytes=4 * 5 * 512 * 1000),
    Workload("Adam step of ten 300x300", adam, bytes=4 * 7 * 10 * 300 * 300),
    Workload("gradcheck of Conv2d(2, 3, 3) on 2x2x6x6, float64", gradient_check("Conv2d(2, 3, 3)", (2, 2, 6, 6))),
    Workload("gradcheck of ConvTranspose3d(2, 2, 2) on 1x2x3x3x3", gradient_check("ConvTranspose3d(2, 2, 2)", (1, 2, 3, 3, 3))),
]

LAYERS = [
    layer("Conv2d(32, 64, 3, padding=1)", (16, 32, 32, 32)),
    layer("Conv2d(64, 128, 3, stride=2, padding=1)", (16, 64, 32, 32)),
    layer("Conv2d(64, 64, 3, padding=1, groups=64)", (16, 64, 32, 32)),
    layer("Conv2d(32, 64, 3, padding=2, dilation=2)", (16, 32, 32, 32)),
    layer("Conv2d(64, 128, 1)", (16, 64, 32, 32)),
    layer("Conv1d(16, 32, 9, padding=4)", (16, 16, 4096)),
    layer("Conv3d(8, 16, 3, padding=1)", (4, 8, 16, 32, 32)),
    layer("ConvTranspose2d(64, 32, 4, stride=2, padding=1)", (16, 64, 16, 16)),
    layer("ConvTranspose3d(16, 8, 4, stride=2, padding=1)", (2, 16, 8, 16, 16)),
    layer("MaxPool2d(2)", (32, 64, 32, 32)),
    layer("MaxPool2d(3, 2, 1)", (32, 64, 32, 32)),
    layer("AvgPool2d(2)", (32, 64, 32, 32)),
    layer("AdaptiveMaxPool2d(1)", (2, 8, 224, 224)),
    layer("AdaptiveAvgPool2d(1)", (2, 8, 224, 224)),
    layer("AvgPool2d(32, 1)", (1, 4, 128, 128)),
    pool_and_unpool(32, 64, 32, 32),
    layer("Sigmoid()", (1_000_000,)),
    layer("Tanh()", (1_000_000,)),
    layer("ReLU()", (1_000_000,)),
    layer("LeakyReLU()", (1_000_000,)),
    layer("PReLU()", (1_000_000,)),
    layer("GELU()", (1_000_000,)),
    layer("LayerNorm(256)", (4096, 256)),
    layer("BatchNorm2d(64)", (16, 64, 32, 32)),
]


def gpu_workloads() -> list[Workload]:
    """The same kinds, as large as a GPU needs them to have something to do."""
    wide, image = functools.partial(mlp, width=1024), (64, 64, 112, 112)
    return [
        Workload("chain of 1,000 small ops", chain(1000)),
        Workload("MLP 784-1024-1024-10, batch 512, SGD step", training_step(wide, (512, 784))),
        Workload("MLP 784-1024-1024-10, batch 512, Adam step", training_step(wide, (512, 784), optimizer="Adam")),
        Workload("LeNet-5, batch 256, SGD step", training_step(lenet, (256, 1, 28, 28))),
        Workload(
            "ResNet with batch norm, 128x3x32x32, SGD step",
            training_step(functools.partial(resnet, width=32), (128, 3, 32, 32)),
        ),
        layer("Conv2d(64, 128, 3, padding=1)", (64, 64, 56, 56)),
        layer("Conv2d(64, 128, 3, stride=2, padding=1)", (64, 64, 56, 56)),
        layer("Conv2d(64, 128, 1)", (64, 64, 56, 56)),
        layer("Conv2d(64, 64, 3, padding=1, groups=64)", (64, 64, 56, 56)),
        layer("Conv1d(64, 128, 9, padding=4)", (64, 64, 4096)),
        layer("Conv3d(16, 32, 3, padding=1)", (8, 16, 32, 32, 32)),
        layer("ConvTranspose2d(128, 64, 4, stride=2, padding=1)", (64, 128, 28, 28)),
        layer("ConvTranspose3d(32, 16, 4, stride=2, padding=1)", (8, 32, 16, 16, 16)),
        layer("MaxPool2d(2)", image),
        layer("MaxPool2d(3, 2, 1)", image),
        layer("AvgPool2d(2)", image),
        pool_and_unpool(*image),
        layer("BatchNorm2d(64)", image),
        layer("LayerNorm(1024)", (8192, 1024)),
        *(layer(f"{name}()", (20, 1_000_000)) for name in ("Sigmoid", "Tanh", "ReLU", "PReLU", "GELU")),
        layer("Softmax(1)", (8192, 1024)),
        layer("Linear(1024, 1024)", (8192, 1024)),
    ]
