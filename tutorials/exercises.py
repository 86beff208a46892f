"""The checks of the exercises: `check("06.1", answer)` says that an answer is right, or what is off and for which input.

Each check calls the answer with several inputs and compares what it returns. For teachers: `python tutorials/exercises.py
FILES` runs lessons, scripts or notebooks, or all in a folder, and prints how many exercises of each are solved.
"""

import argparse
import json
import linecache
import os
import re
import subprocess
import sys
import sysconfig
import traceback
from pathlib import Path
from time import perf_counter

import numpy as np

import minitorch
import minitorch.nn.functional as F
from minitorch import nn

RESULTS = {}  # of the checks that were called: True or False, by number
CHECKS = {}  # number: the function that checks an answer


class Wrong(Exception):
    """What is off, in a sentence."""


def exercise(number):
    def keep(function):
        CHECKS[number] = function
        return function

    return keep


def check(number, answer):
    """Say whether the answer to an exercise is right, or what is off."""
    if number not in CHECKS:
        full = str(number).zfill(4)
        print(f"there is no exercise {number!r}{f': write check({full!r}, ...)' if full in CHECKS else ''}")
        return
    try:
        CHECKS[number](answer)
    except Wrong as error:
        verdict = str(error)
    except Exception as error:
        place = where(error)
        raised = "your code" if place else "the answer cannot be used: checking it"
        verdict = f"{raised} raised {type(error).__name__}: {error}{place}"
    else:
        verdict = ""
    RESULTS[number] = not verdict
    print(f"exercise {number}: {verdict or 'right'}")


def where(error):
    """The line of the answer that failed, and the values of its arguments then; "" if none of its lines was running."""
    libraries = map(sysconfig.get_path, ("stdlib", "purelib", "platlib"))
    inside = (__file__, str(Path(minitorch.__file__).parent), *libraries, "<frozen")
    for frame, number in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if not code.co_filename.startswith(inside):
            names = [name for name in code.co_varnames[: code.co_argcount] if name not in ("self", "ctx")]
            values = ", ".join(f"{name}={short(frame.f_locals[name])}" for name in names if name in frame.f_locals)
            line = linecache.getline(code.co_filename, number).strip()
            return f"\n    in the line: {line or number}" + (f"\n    where {values}" if values else "")
    return ""


def short(value):
    if isinstance(value, minitorch.Tensor):
        return f"tensor({value.tolist()})" if value.numel() <= 6 else f"a tensor of shape {list(value.shape)}"
    if callable(value):
        return f"a {type(value).__name__}"
    return f"{value:.6g}" if isinstance(value, float) else f"{value!r:.60}"


def returned(got, given=""):
    """Refuse the result of a stub, or of a function without `return`."""
    if got is None or got is ...:
        raise Wrong(f"not written yet, or without a `return`: {given}the function returns nothing")
    return got


def same(got, expected, given):
    """Compare numbers or arrays; `given` says for which input."""
    returned(got)
    try:
        got, expected = (np.asarray(plain(v), dtype=float) for v in (got, expected))
    except (TypeError, ValueError):
        raise Wrong(f"for {given} it returns {got!r:.80}, and numbers are asked for") from None
    if got.shape != expected.shape:
        found, wanted = (f"{a.shape}" if a.ndim else "(), a single number" for a in (got, expected))
        raise Wrong(f"for {given} the shape is {found}, and should be {wanted}")
    if not np.allclose(got, expected, 1e-4, 1e-5):
        raise Wrong(f"for {given} it returns {written(got)}, and should return {written(expected)}")


def plain(value):
    """Without a history: a tensor, or those in a list or tuple."""
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value.detach().numpy() if isinstance(value, minitorch.Tensor) else value


def written(array):
    return np.array2string(array, precision=4, threshold=20, separator=", ").replace("\n", "")


def whole(*shape, seed=0):
    """Small whole numbers."""
    return minitorch.tensor(np.random.default_rng(seed).integers(-3, 4, shape).astype("float32"))


# ---- 01: tensors ------------------------------------------------------------------------------------------------------


@exercise("01.1")
def broadcast_shape(answer):
    for a, b in (((3, 1), (2,)), ((5,), (5,)), ((2, 3), (4, 1, 3)), ((), (7,)), ((1, 1), (1, 1))):
        got = returned(answer(a, b), f"for {a} and {b} ")
        if not isinstance(got, (tuple, list)) or tuple(got) != np.broadcast_shapes(a, b):
            raise Wrong(f"for {a} and {b} it returns {got!r:.60}, and the shape is {np.broadcast_shapes(a, b)}")
    for a, b in (((3,), (2,)), ((2, 3), (3, 2))):
        if answer(a, b) is not None:
            raise Wrong(f"{a} and {b} do not fit, as {a[-1]} is not {b[-1]} and neither is 1: it should return None")


@exercise("01.2")
def centred(answer):
    for shape in ((3, 2), (5, 1), (2, 4)):
        table = whole(*shape)
        same(answer(table), table - table.mean(0), f"a table of {shape[0]} rows and {shape[1]} columns, {table.tolist()}")


@exercise("01.3")
def distances(answer):
    for n, m in ((3, 2), (1, 4), (2, 2)):
        points, others = whole(n, 2), whole(m, 2, seed=1)
        expected = np.sqrt(((points.numpy()[:, None] - others.numpy()[None]) ** 2).sum(2))
        given = f"the points {points.tolist()} and the others {others.tolist()}"
        same(answer(points, others), expected, given)


# ---- 02: the tape -----------------------------------------------------------------------------------------------------


@exercise("02.1")
def mul_backward(answer):
    for g, a, b in ((1.0, -3.0, 2.0), (0.5, 4.0, 7.0), (2.0, 0.0, 5.0)):
        same(answer(g, a, b), (g * b, g * a), f"g={g}, a={a}, b={b}")


@exercise("02.2")
def backward_order(answer):
    for uses, last in (
        ({"y": ["u", "x"], "u": ["w", "x"]}, "y"),
        ({"e": ["d", "a"], "d": ["c"], "c": ["b"], "b": ["a"]}, "e"),
        ({"y": ["x", "u"], "u": ["x"]}, "y"),  # the shallow parent first
    ):
        got = returned(answer(uses, last))
        names = {last, *uses, *(name for names in uses.values() for name in names)}
        if not isinstance(got, (list, tuple)) or sorted(map(str, got)) != sorted(names):
            raise Wrong(f"for {uses} it returns {got!r:.80}: each of {sorted(names)} should be there once")
        for name, parents in uses.items():
            for parent in parents:
                if list(got).index(parent) < list(got).index(name):
                    raise Wrong(f"for {uses} it returns {list(got)}: {parent} comes before {name}, which was computed from it")


@exercise("02.3")
def descend(answer):
    for start, rate, n in ((0.0, 0.1, 1), (2.0, 0.1, 5), (-1.0, 0.25, 3)):
        expected = start
        for _ in range(n):
            expected -= rate * 2 * (expected - 3)
        same(answer(lambda w: (w - 3) ** 2, start, rate, n), expected, f"the loss (w − 3)², w={start}, lr={rate}, n={n}")


# ---- 03: trust --------------------------------------------------------------------------------------------------------


@exercise("03.1")
def slopes(answer):
    def f(p):
        return p[0] ** 2 * p[1] + p[2]

    for point in ([1.0, 2.0, 3.0], [-0.5, 4.0, 0.0]):
        mine = list(point)
        same(answer(f, mine), [2 * point[0] * point[1], point[0] ** 2, 1.0], f"p[0]² p[1] + p[2] at {point}")
        if mine != point:
            raise Wrong(f"the slopes are right, but the point was changed, to {mine}: change a copy, `list(point)`")


@exercise("03.2")
def wrong_one(answer):
    if answer is ... or answer is None:
        raise Wrong("not written yet: a name is asked for")
    name = str(answer).strip().lower()
    if name not in ("tanh", "sqrt", "softplus", "gauss"):
        raise Wrong(f"{answer!r:.40} is none of the four: a name is asked for, as a string, 'tanh' for example")
    if name != "softplus":
        raise Wrong(f"{answer!r:.40} is not it: its derivative agrees with differences, at 0.5 for example")


@exercise("03.3")
def second_derivative(answer):
    for x in (0.5, -1.0):
        got = answer(lambda t: t**3, x)
        if (
            np.size(plain(got)) == 1
            and got is not None
            and got is not ...
            and np.isclose(float(np.ravel(plain(got))[0]), 3 * x * x + 6 * x)
        ):
            raise Wrong(
                f"for x³ at {x} it returns the sum of the first and the second derivative: .grad adds up. Use autograd.grad"
            )
        same(got, 6 * x, f"x³ at {x}")
        same(answer(lambda t: t.sin(), x), -np.sin(x), f"sin x at {x}")


# ---- 04: modules ------------------------------------------------------------------------------------------------------


@exercise("04.1")
def linear(answer):
    for n, i, o in ((2, 3, 4), (1, 2, 1)):
        x, w, b = whole(n, i), whole(o, i, seed=1), whole(o, seed=2)
        same(answer(x, w, b), F.linear(x, w, b), f"{n} rows of {i} numbers, a weight of {o}×{i}")


@exercise("04.2")
def linear_backward(answer):
    for n, i, o in ((2, 3, 4), (3, 2, 2)):
        x, w, b = (t.requires_grad_() for t in (whole(n, i), whole(o, i, seed=1), whole(o, seed=2)))
        g = whole(n, o, seed=3)
        F.linear(x, w, b).backward(g)
        got = returned(answer(g, x.detach(), w.detach()))
        if not isinstance(got, (tuple, list)) or len(got) != 3:
            found = f"{len(got)} values" if isinstance(got, (tuple, list)) else f"one {type(got).__name__}"
            raise Wrong(f"three gradients are asked for, of x, weight and bias, and it returns {found}")
        for name, part, expected in zip(("x", "w", "b"), got, (x.grad, w.grad, b.grad), strict=True):
            same(part, expected, f"{n} rows, the gradient of {name}")


@exercise("04.3")
def two_layers(answer):
    if not isinstance(answer, type) or not issubclass(answer, nn.Module):
        raise Wrong(f"a class is asked for, a subclass of nn.Module, not {type(answer).__name__}")
    net = answer(3, 5, 2)
    shapes = sorted(tuple(p.shape) for p in net.parameters())
    if not shapes:
        lists = [v for v in vars(net).values() if isinstance(v, (list, tuple))]
        if any(isinstance(layer, nn.Module) for found in lists for layer in found):
            raise Wrong("a Module does not find layers in a list: assign each to a name, or use nn.ModuleList")
        raise Wrong("not written yet: the module has no parameters")
    if shapes != [(2,), (2, 5), (5,), (5, 3)]:
        raise Wrong(f"TwoLayers(3, 5, 2) should have two Linear layers, and has parameters of the shapes {shapes}")
    layers = [module for module in net.modules() if isinstance(module, nn.Linear)]
    first, second = sorted(layers, key=lambda layer: layer.in_features != 3)
    x = whole(4, 3)
    same(net(x), second(F.relu(first(x))), "4 rows of 3 numbers (the second layer, of the ReLU, of the first)")


# ---- 05: activations --------------------------------------------------------------------------------------------------


@exercise("05.1")
def tanh(answer):
    for x in (0.0, 0.5, -2.0):
        same(answer(x), np.tanh(x), f"x={x}")


@exercise("05.2")
def what_is_left(answer):
    for depth in (1, 3, 10):
        share = answer(depth)
        same(share if share is None or share is ... else 4.0**depth * share, 1.0, f"{depth} layers, multiplied by 4^{depth},")


@exercise("05.3")
def leaky_relu_backward(answer):
    x = minitorch.tensor([-2.0, -0.5, 0.5, 3.0])
    for slope in (0.1, 0.01):
        g = minitorch.tensor([1.0, 2.0, 3.0, 4.0])
        same(answer(g, x, slope), g * np.where(x.numpy() > 0, 1.0, slope).astype("float32"), f"x={x.tolist()}, slope={slope}")


# ---- 06: convolution --------------------------------------------------------------------------------------------------


@exercise("06.1")
def output_size(answer):
    for n, kernel, stride, padding, dilation in (
        (5, 3, 1, 0, 1),
        (28, 5, 1, 2, 1),
        (7, 3, 2, 1, 1),
        (8, 3, 3, 0, 1),
        (9, 3, 2, 1, 2),
    ):
        expected = len(nn.Conv1d(1, 1, kernel, stride, padding, dilation)(minitorch.zeros(1, 1, n))[0, 0])
        given = f"n={n}, kernel={kernel}, stride={stride}, padding={padding}, dilation={dilation}"
        same(answer(n, kernel, stride, padding, dilation), expected, given)


@exercise("06.2")
def conv1d(answer):
    for x, w, stride in (([3, 1, 2, 5], [1, 0, -1], 1), ([1, 2, 3, 4, 5, 6], [1, 1], 2), ([2, 2, 2], [1, 2, 3], 1)):
        expected = F.conv1d(
            minitorch.tensor([[x]], dtype=minitorch.float32), minitorch.tensor([[w]], dtype=minitorch.float32), stride=stride
        )
        same(answer(x, w, stride), expected[0, 0], f"x={x}, w={w}, stride={stride}")


@exercise("06.4")
def finds_steps(answer):
    if answer is ... or answer is None:
        raise Wrong("not written yet: a list of three numbers is asked for")
    try:
        kernel = minitorch.tensor(plain(answer), dtype=minitorch.float32)
    except (TypeError, ValueError):
        raise Wrong(f"a list of three numbers is asked for, not {answer!r:.60}") from None
    if kernel.shape != (3,):
        raise Wrong(f"it should have 3 numbers, and has the shape {tuple(kernel.shape)}")
    level, rising, falling = ([v] * 4 + [w] * 4 for v, w in ((2.0, 2.0), (0.0, 1.0), (1.0, 0.0)))
    seen = [F.conv1d(minitorch.tensor([[s]]), kernel.reshape(1, 1, 3)).reshape(-1) for s in (level, rising, falling)]
    if (abs(seen[0]) > 1e-5).any():
        raise Wrong(f"on a level signal, 2 2 2 2 2 2 2 2, it should be 0 everywhere, and is {seen[0].tolist()}")
    if not (seen[1].max() > 0 and seen[1].min() >= 0):
        raise Wrong(f"where the signal rises it should be above 0 and nowhere below, and it is {seen[1].tolist()}")
    if not seen[2].min() < 0:
        raise Wrong(f"where the signal falls it should be below 0, and it is {seen[2].tolist()}")


@exercise("06.3")
def count_multiplications(answer):
    for conv, h, w in ((nn.Conv2d(3, 8, 3), 4, 5), (nn.Conv2d(8, 8, 3, groups=8), 10, 10), (nn.Conv2d(16, 4, 1), 7, 7)):
        expected = conv.weight.numel() * h * w
        given = f"{conv.in_channels} channels in, {conv.out_channels} out, a kernel of {conv.kernel_size}, "
        given += f"{conv.groups} groups, an output of {h}×{w}"
        same(answer(conv.in_channels, conv.out_channels, conv.kernel_size, conv.groups, (h, w)), expected, given)


# ---- 07: a convolution is a matrix --------------------------------------------------------------------------------------


@exercise("07.2")
def im2col(answer):
    for h, w, k in ((3, 3, 2), (4, 5, 3), (4, 4, 1)):
        x = minitorch.arange(1.0, h * w + 1).reshape(h, w)
        same(
            answer(x, k),
            F.unfold(x.reshape(1, 1, h, w), k)[0],
            f"an image of {h}×{w} (1, 2, 3 and so on) and a kernel of {k}×{k}",
        )


@exercise("07.1")
def as_matrix(answer):
    for n, k in ((4, 3), (5, 2), (6, 1)):
        w = minitorch.arange(1.0, k + 1)
        expected = np.zeros((n - k + 1, n))
        for o in range(n - k + 1):
            expected[o, o : o + k] = w.numpy()
        same(answer(w, n), expected, f"the weights {w.tolist()} and a signal of {n}")


@exercise("07.3")
def weight_gradient(answer):
    for h, k in ((4, 3), (5, 2)):
        x, w = whole(h, h), whole(k, k, seed=1).requires_grad_()
        y = F.conv2d(x.reshape(1, 1, h, h), w.reshape(1, 1, k, k))[0, 0]
        upstream = whole(*y.shape, seed=2)
        y.backward(upstream)
        same(answer(x, upstream), w.grad, f"an image of {h}×{h} and an upstream gradient of {list(y.shape)}")


# ---- 08: transposed convolution -----------------------------------------------------------------------------------------


@exercise("08.1")
def stamps(answer):
    for x, w, stride in (([1, 2], [1, 1, 1], 1), ([1, 2, 3], [1, 10], 2), ([2, 0, 1], [1, 2, 3], 2)):
        expected = F.conv_transpose1d(
            minitorch.tensor([[x]], dtype=minitorch.float32), minitorch.tensor([[w]], dtype=minitorch.float32), stride=stride
        )
        same(answer(x, w, stride), expected[0, 0], f"x={x}, w={w}, stride={stride}")


@exercise("08.2")
def undoes_the_size(answer):
    for n, kernel, stride, padding in ((28, 5, 1, 2), (7, 3, 2, 1), (8, 3, 2, 1), (10, 4, 3, 0)):
        small = nn.Conv1d(1, 1, kernel, stride, padding)(minitorch.zeros(1, 1, n)).shape[-1]
        extra = answer(n, kernel, stride, padding)
        given = f"an input of {n}, kernel={kernel}, stride={stride}, padding={padding}"
        same(extra, n - ((small - 1) * stride - 2 * padding + kernel), given)


@exercise("08.3")
def even_kernel(answer):
    for stride in (2, 3, 4):
        kernel = returned(answer(stride))
        if kernel <= stride:
            raise Wrong(f"for stride {stride} it returns {kernel}, and a kernel larger than the stride is asked for")
        layer = nn.ConvTranspose1d(1, 1, kernel, stride, bias=False)
        layer.weight.data = minitorch.ones(1, 1, kernel)
        y = layer(minitorch.ones(1, 1, 2 * kernel))[0, 0, kernel:-kernel]
        if y.max() != y.min():
            raise Wrong(
                f"for stride {stride}, a kernel of {kernel} stamps some cells {int(y.max())} times and others {int(y.min())}"
            )


# ---- 09: pooling ----------------------------------------------------------------------------------------------------------


@exercise("09.1")
def max_pool(answer):
    for h, w, k in ((4, 4, 2), (6, 3, 3), (5, 4, 2)):
        x = whole(h, w)
        expected = F.max_pool2d(x.reshape(1, 1, h, w), k)[0, 0]
        same(answer(x, k), expected, f"an image of {h}×{w} and windows of {k}×{k}")


@exercise("09.2")
def pooled_back(answer):
    for h, k, most in ((4, 2, 16), (6, 3, 36), (4, 2, 2)):  # the last has windows with several equal maxima
        cells = np.random.default_rng(h).permutation(h * h) % most
        x = minitorch.tensor(cells.reshape(h, h).astype("float32"), requires_grad=True)
        y = F.max_pool2d(x.reshape(1, 1, h, h), k)[0, 0]
        upstream = whole(*y.shape, seed=2)
        y.backward(upstream)
        ties = ", with equal maxima" if most < h * h else ""
        same(answer(x.detach(), upstream, k), x.grad, f"an image of {h}×{h} and windows of {k}×{k}{ties}")


@exercise("09.3")
def average_as_convolution(answer):
    for k in (2, 3):
        kernel, x = returned(answer(k)), whole(1, 1, 6, 6)
        if not isinstance(kernel, minitorch.Tensor) or kernel.numel() != k * k:
            raise Wrong(f"for k={k} it returns {short(kernel)}, and a tensor of {k}×{k} weights is asked for")
        same(F.conv2d(x, kernel.reshape(1, 1, k, k), stride=k), F.avg_pool2d(x, k), f"windows of {k}×{k}")


# ---- 10: training -----------------------------------------------------------------------------------------------------


@exercise("10.1")
def cross_entropy(answer):
    for scores, right in (([2.0, 0.0, 1.0], 2), ([0.0, 0.0], 0), ([1000.0, 0.0], 1)):
        expected = F.cross_entropy(minitorch.tensor([scores]), minitorch.tensor([right]))
        same(answer(scores, right), expected, f"scores={scores}, right={right}")


@exercise("10.2")
def he_std(answer):
    for inputs in (2, 8, 200):
        same(answer(inputs), (2 / inputs) ** 0.5, f"{inputs} inputs")


@exercise("10.3")
def momentum_step(answer):
    for w, g, v, lr, mu in ((1.0, 2.0, 0.0, 0.1, 0.9), (0.5, -1.0, 2.0, 0.01, 0.5)):
        new = mu * v + g
        same(answer(w, g, v, lr, mu), (w - lr * new, new), f"w={w}, g={g}, v={v}, lr={lr}, mu={mu}")


# ---- 11: your own -----------------------------------------------------------------------------------------------------


def operation(answer, expected, slope, points):
    """Check a Function: its values and the gradient of its sum."""
    if not isinstance(answer, type) or not issubclass(answer, minitorch.autograd.Function):
        raise Wrong(f"a class is asked for, a subclass of Function, not {type(answer).__name__}")
    for x in points:
        start = minitorch.tensor(x, requires_grad=True)
        try:
            y = answer.apply(start * 1)
        except TypeError as error:
            raise Wrong("not written yet: forward returns nothing") if "got None" in str(error) else error from None
        same(y, expected(np.array(x)), f"x={x}")
        y.sum().backward()
        same(start.grad, slope(np.array(x)), f"x={x}, the gradient of the sum,")


@exercise("11.1")
def round_through(answer):
    operation(answer, np.round, np.ones_like, ([0.2, 1.7, -0.6], [3.0]))


@exercise("11.2")
def softplus(answer):
    operation(answer, lambda x: np.logaddexp(0, x), lambda x: 1 / (1 + np.exp(-x)), ([0.0, 2.0, -1.0], [1000.0, 30.0]))


@exercise("11.3")
def normalized(answer):
    if not isinstance(answer, type) or not issubclass(answer, nn.Module):
        raise Wrong(f"a class is asked for, a subclass of nn.Module, not {type(answer).__name__}")
    layer = answer()
    x = minitorch.tensor([[3.0, 4.0], [0.0, 2.0]])
    y = layer(x)
    if y is None:
        raise Wrong("not written yet: forward returns nothing")
    same(y, [[0.6, 0.8], [0.0, 1.0]], f"x={x.tolist()}")
    if [p.numel() for p in layer.parameters()] != [1]:
        raise Wrong(f"it should have one parameter of one number, and has {[tuple(p.shape) for p in layer.parameters()]}")
    layer(x).sum().backward()
    same(next(layer.parameters()).grad.reshape(()), 2.4, "the gradient of the weight, of the sum of the output")


# ---- 12: graphs -------------------------------------------------------------------------------------------------------


@exercise("12.1")
def paths(answer):
    if answer is ... or answer is None:
        raise Wrong("not written yet: two numbers are asked for")
    if not np.iterable(answer) or sorted(answer) != [3, 5]:
        raise Wrong(f"one path goes through a * b, where the slope by a is b, the other through a * c; not {answer!r:.40}")


@exercise("12.2")
def culprit(answer):
    if answer is ... or answer is None:
        raise Wrong("not written yet: a word of the program is asked for, as a string")
    if str(answer).strip(".()") != "detach":
        raise Wrong(f"it is not {answer!r:.40}: what makes a tensor without a past?")


@exercise("12.3")
def count_paths(answer):
    ladder = {f"h{i + 1}": [f"h{i}", f"h{i}"] for i in range(10)}
    for uses, last, first, expected in (
        ({"y": ["u", "x"], "u": ["x"]}, "y", "x", 2), ({"y": ["u"], "u": ["w"]}, "y", "x", 0), (ladder, "h10", "h0", 1024),
    ):  # fmt: skip
        same(answer(uses, last, first), expected, f"{uses}, from {last} to {first},")


# ---- 13: other dimensions ---------------------------------------------------------------------------------------------


@exercise("13.1")
def receptive_field(answer):
    for layers, expected in (([(3, 1)], 3), ([(3, 1), (3, 1)], 5), ([(7, 2), (7, 2), (7, 2)], 43), ([(2, 2), (3, 1)], 6)):
        same(answer(layers), expected, f"{layers}")


@exercise("13.2")
def causal_conv(answer):
    for length, kernel in ((6, 3), (5, 1), (4, 4)):
        x, weight = whole(1, 1, length), whole(1, 1, kernel, seed=1)
        same(answer(x, weight), F.conv1d(F.pad(x, (kernel - 1, 0)), weight), f"{length} moments and a kernel of {kernel}")


@exercise("13.3")
def weights_of_two(answer):
    for inputs, middle, outputs in ((16, 16, 32), (1, 4, 2)):
        expected = nn.Conv3d(inputs, middle, (1, 5, 5)).weight.numel() + nn.Conv3d(middle, outputs, (5, 1, 1)).weight.numel()
        same(answer(inputs, middle, outputs), expected, f"{inputs} channels in, {middle} between, {outputs} out")


# ---- 14: sequences ----------------------------------------------------------------------------------------------------


@exercise("14.1")
def rnn(answer):
    for time, inputs, hidden in ((3, 2, 4), (1, 1, 2), (5, 3, 1)):
        layer = nn.RNN(inputs, hidden)
        x = whole(time, inputs)
        w_x, w_h, b = layer.weight_ih_l0.detach(), layer.weight_hh_l0.detach(), (layer.bias_ih_l0 + layer.bias_hh_l0).detach()
        same(answer(x, w_x, w_h, b), layer(x)[0], f"{time} times, {inputs} features, a state of {hidden}")


@exercise("14.2")
def lstm_step(answer):
    forget, given, new, output, c = (whole(3, seed=seed) for seed in range(5))
    got = returned(answer(forget, given, new, output, c))
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        raise Wrong(f"h and c are asked for, a pair, and it returns {got!r:.60}")
    kept = forget.sigmoid() * c + given.sigmoid() * new.tanh()
    same(got[1], kept, f"forget={forget.tolist()}, ..., the new c")
    same(got[0], output.sigmoid() * kept.tanh(), f"forget={forget.tolist()}, ..., the new h")


@exercise("14.3")
def attention(answer):
    for times, others, features in ((3, 3, 4), (2, 5, 9)):
        q, k, v = whole(times, features), whole(others, features, seed=1), whole(others, 2, seed=2)
        expected = (q @ k.T / features**0.5).softmax(1) @ v
        same(answer(q, k, v), expected, f"{times} queries, {others} keys of {features} features")


# ---- 15: speed --------------------------------------------------------------------------------------------------------


@exercise("15.1")
def softmax_bytes(answer):
    for rows, columns in ((3, 10), (1, 1), (128, 1000)):
        numbers, got = rows * columns, answer(rows, columns)
        given = f"{rows} rows and {columns} columns"
        if got is not None and got is not ... and got != 4 * (8 * numbers + 4 * rows) and np.ndim(got) == 0:
            if got == 8 * numbers + 4 * rows:
                raise Wrong(f"for {given} it returns {got}: that counts numbers, and each has 4 bytes")
            if got == 8 * numbers:
                raise Wrong(f"for {given} it returns {got}: x read once and the result written once. The five steps move more")
            if got == 32 * numbers:
                raise Wrong(f"for {given} it returns {got}: maxima and sums, one for each row, are written and read, too")
        same(got, 4 * (8 * numbers + 4 * rows), given)


@exercise("15.2")
def cache_lines(answer):
    for rows, columns in ((64, 32), (10, 160), (4096, 4096)):
        for along, expected in (("row", columns // 16), ("column", rows)):
            same(answer(rows, columns, along), expected, f"one {along} of a matrix of {rows}×{columns}")


@exercise("15.3")
def moving_mean(answer):
    def slow(x, k):
        out = minitorch.zeros(len(x) - k + 1)
        for i in range(len(out)):
            out[i] = x[i : i + k].mean()
        return out

    for length, k in ((6, 3), (5, 1), (4, 4)):
        x = whole(length)
        same(answer(x, k), slow(x, k), f"x={x.tolist()}, k={k}")
    x = whole(20_000) + 1000
    expected = np.lib.stride_tricks.sliding_window_view(x.numpy().astype(float), 5).mean(1)
    got = answer(x, 5)
    off = abs((got.detach().numpy() if isinstance(got, minitorch.Tensor) else np.asarray(got)) - expected).max()
    if off > 0.01:
        raise Wrong(
            f"for 20,000 numbers near 1,000 and k=5 it is off by {off:.2g}: a sum over many numbers loses digits in float32"
        )
    definition, yours = (quickest(lambda f=f: f(x[:2000], 10)) for f in (slow, answer))
    if 5 * yours > definition:
        raise Wrong(
            f"right, but for 2,000 numbers it takes {1000 * yours:.1f} ms, and the definition {1000 * definition:.1f} ms"
        )


def quickest(run):
    times = []
    for _ in range(3):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


@exercise("15.4")
def copies(answer):
    if answer is ... or answer is None:
        raise Wrong("not written yet: a string of letters is asked for")
    if not isinstance(answer, str):
        raise Wrong(f"a string of letters is asked for, not a {type(answer).__name__}")
    answer = answer.lower()
    x = minitorch.ones(20, 20)
    for letter, code, result in (
        ("a", "x.reshape(-1)", x.reshape(-1)), ("b", "x.T.reshape(-1)", x.T.reshape(-1)), ("c", "x[:, ::2]", x[:, ::2]),
        ("d", "x.unsqueeze(0).expand(8, ...)", x.unsqueeze(0).expand(8, 20, 20)), ("e", "x.float()", x.float()),
        ("f", "x.double()", x.double()), ("g", "x[x > 0]", x[x > 0]), ("h", "x.detach()", x.detach()),
    ):  # fmt: skip
        shared = np.shares_memory(x.numpy(), result.numpy())
        if shared == (letter in answer):
            said = "shares the memory of x" if shared else "has memory of its own"
            raise Wrong(f"not {answer!r}: {letter}, {code}, {said}")
    if set(answer) - set("abcdefgh ,"):
        raise Wrong(f"{answer!r} has other letters than a to h")


class SlowStart:
    """A device whose run() puts 8 ms of work into a queue and returns after 0.1 ms. The first takes 100 ms, the fourth 50."""

    def __init__(self):
        self.now, self.done, self.runs = 0.0, 5.0, 0

    def run(self):
        self.runs += 1
        self.now += 0.1
        self.done = max(self.now, self.done) + {1: 100, 4: 50}.get(self.runs, 8)

    def wait(self):
        self.now = max(self.now, self.done)

    def clock(self):
        return self.now


@exercise("15.5")
def timed(answer):
    for rounds in (2, 5, 8):
        device = SlowStart()
        got = returned(answer(device.run, device.wait, device.clock, rounds))
        if device.runs <= rounds:
            raise Wrong(
                f"for {rounds} rounds, run() was called {device.runs} times: one call more is needed before, to warm up"
            )
        given = f"a device that takes 8.1 ms, and {rounds} rounds,"
        if np.ndim(got) == 0 and got < 1:
            raise Wrong(f"for {given} it returns {got:.2g}, the time until run() returns: wait before the clock stops")
        if rounds == 2 and np.ndim(got) == 0 and got > 8.2:
            raise Wrong(f"for {given} it returns {got:.4g}: work from before was still in the queue when the clock started")
        if np.ndim(got) == 0 and np.isclose(got, 8.1 + 42 / rounds):
            raise Wrong(f"for {given} it returns {got:.4g}, the mean, with one slow moment in it: take the median")
        same(got, 8.1, given)


# ---- 16: leaving home -------------------------------------------------------------------------------------------------


@exercise("16.1")
def renamed(answer):
    table = {"conv1": "0", "conv10": "3"}
    for names, expected in (
        (("module.conv1.weight", "module.conv10.bias"), ("0.weight", "3.bias")),
        (("conv1.bias", "module.head.weight"), ("0.bias", "head.weight")),
        (("module.head.conv1.weight",), ("head.conv1.weight",)),
    ):
        state = {name: whole(2, seed=seed) for seed, name in enumerate(names)}
        got = returned(answer(dict(state), dict(table)))
        if not isinstance(got, dict) or sorted(got) != sorted(expected):
            keys = list(got) if isinstance(got, dict) else got
            raise Wrong(f"for the names {list(names)} and {table} it returns {keys!r:.80}, and should return {list(expected)}")
        for old, new in zip(names, expected, strict=True):
            same(got[new], state[old], f"the name {old}, the tensor")


@exercise("16.2")
def to_oihw(answer):
    for h, w, inputs, outputs in ((1, 1, 2, 3), (2, 2, 2, 2), (3, 2, 1, 4)):
        kernel = whole(h, w, inputs, outputs)
        got, expected = answer(kernel), kernel.permute(3, 2, 0, 1)
        turned = isinstance(got, minitorch.Tensor) and minitorch.equal(got, expected.flip((2, 3)))
        if turned and not minitorch.equal(got, expected):
            raise Wrong("the kernel is turned around. A convolution there is a cross-correlation, too: only permute")
        same(got, expected, f"a kernel of {h}×{w}, {inputs} channels in and {outputs} out, {kernel.tolist()!r:.60}")


@exercise("16.3")
def not_loaded(answer):
    if answer is ... or answer is None:
        raise Wrong("not written yet: a name is asked for, as a string")
    last = str(answer).rpartition(".")[2] if isinstance(answer, str) else ""
    if last == "num_batches_tracked":
        raise Wrong(f"{answer!r} was not loaded, but eval mode does not use it: there are others")
    if last not in ("running_mean", "running_var"):
        raise Wrong(f"it is not {answer!r:.40}: print `found`, or compare the two state dicts name by name")


@exercise("16.4")
def rounding(answer):
    for w, x in (([1.0, 2.0], [3.0, 4.0]), ([1000.0, -1000.0, 1.0], [1.0, 1.0, 1.0]), ([0.5] * 100, [2.0] * 100)):
        w, x = minitorch.tensor(w), minitorch.tensor(x)
        given = f"w={w.tolist()!r:.40} and x={x.tolist()!r:.40}, in units of 2⁻²³,"
        got, expected = answer(w, x), len(w) * (w * x).abs().sum().item()
        if got is not None and got is not ... and np.ndim(got) == 0:
            got = float(got) * 2**23
            if np.isclose(2 * got, expected):
                raise Wrong(f"for {given} it returns {got:g}: that is the error of one. The other may be off the other way")
            if np.isclose(got, len(w) * abs((w @ x).item())) and not np.isclose(got, expected):
                raise Wrong(f"for {given} it returns {got:g}: terms that cancel have been rounded, too. Add up their sizes")
        same(got, expected, given)


@exercise("16.5")
def averaged(answer):
    for sizes in ((4, 4), (24, 8), (5, 1, 2)):
        weight, x, y = whole(3).requires_grad_(), whole(sum(sizes), 3, seed=1), whole(sum(sizes), seed=2)

        def gradient(x, y, weight=weight):
            return minitorch.autograd.grad(F.mse_loss(x @ weight, y), weight)[0]

        parts = [gradient(*part) for part in zip(x.split(sizes), y.split(sizes), strict=True)]
        expected, got = gradient(x, y), answer(list(parts), list(sizes))
        if isinstance(got, minitorch.Tensor) and np.allclose(got, sum(parts)):
            raise Wrong(f"for parts of {list(sizes)} samples it returns the sum of the gradients: divide by the number of all")
        if isinstance(got, minitorch.Tensor) and np.allclose(got, sum(parts) / len(parts)) and len(set(sizes)) > 1:
            raise Wrong(f"for parts of {list(sizes)} samples it counts each part alike: a larger part has more samples in it")
        same(got, expected, f"parts of {list(sizes)} samples")


# ---- for teachers -----------------------------------------------------------------------------------------------------

LIMIT = 300  # seconds for one file


def cells_of(path):
    """The cells of a script (from # %% to # %%) or a notebook, without the commands to the notebook itself (%pip, !ls)."""
    source, found = Path(path).read_text(encoding="utf-8"), {}
    if not str(path).endswith(".ipynb"):
        line = 1
        for number, text in enumerate(re.split(r"^(?=# ?%%)", source, flags=re.M)):
            found[f"{path}, cell {number} from line {line}" if number else str(path)] = text
            line += text.count("\n")
        return found
    for number, cell in enumerate(json.loads(source)["cells"], start=1):
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and not re.match(r"%%(?!time\b|capture\b)", text):
            lines = [line for line in text.split("\n") if not line.lstrip().startswith(("!", "%"))]
            found[f"{path}, cell {number}"] = "\n".join(lines)
    return found


def score(path):
    """Run a lesson and count its exercises: those that are solved, and all. A cell that fails does not stop the next ones."""
    cells, names = {}, {"__name__": "__main__", "__file__": str(path)}
    RESULTS.clear()
    try:
        cells = cells_of(path)
    except Exception as error:
        print(f"{path} cannot be read: {type(error).__name__}: {error}")
    for place, source in cells.items():
        linecache.cache[place] = len(source), None, source.splitlines(keepends=True), place
        try:
            exec(compile(source, place, "exec"), names)
        except (Exception, SystemExit) as error:
            print(f"{place} stopped: {type(error).__name__}: {error}")
    written = "\n".join(cells.values())
    numbers = RESULTS.keys() | set(re.findall(r"^check\(\s*[\"']([\d.]+)[\"']", written, re.M))
    return sum(RESULTS.values()), len(numbers)


def score_apart(path):
    """The same in a process of its own: what one student's program changes, or that it never ends, is no other's."""
    program = "import sys, exercises; print('\\n%d %d' % exercises.score(sys.argv[1]))"  # in a line of its own
    path_of_modules = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    try:
        result = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, text=True, encoding="utf-8", timeout=LIMIT,
            env={**os.environ, "PYTHONPATH": path_of_modules, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"0 of ?  {path} (stopped after {LIMIT} seconds)", ""
    *said, last = result.stdout.rstrip().split("\n")
    if not re.fullmatch(r"\d+ \d+", last):
        return f"0 of ?  {path} (its process ended)", result.stdout + result.stderr
    return "{} of {}  {}".format(*last.split(), path), "\n".join(said)


def handed_in(paths):
    """The files among `paths`, and in the folders among them."""
    for path in map(Path, paths):
        if not path.is_dir():
            yield path
            continue
        for found in sorted(path.rglob("*")):
            helper = (
                found.name in ("exercises.py", "figures.py", "digits_in_processes.py") or ".ipynb_checkpoints" in found.parts
            )
            if found.suffix in (".py", ".ipynb") and not helper:
                yield found


def main():
    parser = argparse.ArgumentParser(description="Count the exercises that are solved in lessons, scripts or notebooks.")
    parser.add_argument("paths", nargs="+", help="files, or folders that are searched for .py and .ipynb")
    parser.add_argument("--quiet", action="store_true", help="only the scores, not what the checks said")
    options = parser.parse_args()
    lines = []
    for path in handed_in(options.paths):
        line, said = score_apart(path)
        lines.append(line)
        if said and not options.quiet:
            print(f"== {path}\n{said}\n")
    print(*lines or ["no .py or .ipynb found"], sep="\n")


if __name__ == "__main__":
    main()
