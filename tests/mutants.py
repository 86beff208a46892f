"""Deliberate mistakes in minitorch, one at a time: each must be caught. python -m tests.mutants

Those of derivatives and kernels are here, the others in tests/mutants_of_the_rest.py.

A mutant is a function of the package with a piece of its source replaced: a sign lost, a sum forgotten, a mask taken from the
wrong tensor. `with mutant.applied():` puts it in; `mutant.caught()` says whether the checks of its part of the database notice.
What notices must not need PyTorch: it cannot be imported here.

As a bug hunt: `python -m tests.mutants --hunt 7` starts a Python with one of them in it, for a learner to find.
"""

from __future__ import annotations

import code
import contextlib
import difflib
import functools
import importlib
import inspect
import random
import sys
import textwrap
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import minitorch
from minitorch import viz
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.backend import window
from minitorch.kernels.numpy import planes
from tests import checks
from tests.drawing import Draw
from tests.mutants_of_the_rest import ROWS
from tests.samples import sample_of


def _forget_results() -> None:
    """The sizes and layouts that are kept were computed with the mistake, or without it."""
    for kept in (window._output_size, planes.layout_of, planes.layout_of_transpose, planes.places_read, planes.GemmBlock.of):
        kept.cache_clear()  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in the source of `target`, a function of the package. The checks of `entries` must notice.

    An entry is an op (a key of SAMPLES), a layer (of LAYERS), or a test, "test_module:test_name".
    """

    target: str
    old: str
    new: str
    what: str  # the mistake, in words
    entries: tuple[str, ...] = ()

    @functools.cached_property
    def function(self) -> Any:
        module, _, path = self.target.partition(":")
        found: Any = importlib.import_module(f"minitorch.{module}")
        for name in path.split("."):
            found = inspect.getattr_static(found, name)
        return inspect.unwrap(getattr(found, "fget", None) or getattr(found, "__func__", found))

    @functools.cached_property
    def source(self) -> str:
        return textwrap.dedent(inspect.getsource(self.function))

    @functools.cached_property
    def mutated(self) -> str:
        head, _, rest = self.source.partition('"""')
        docstring, _, body = rest.rpartition('"""')  # what the docstring says may stay
        if self.old in body:
            body = body.replace(self.old, self.new, 1)
        elif self.old in head:
            head = head.replace(self.old, self.new, 1)
        else:
            raise ValueError(f"{self.target} has no {self.old!r} any more: the mutant must follow the code")
        return f'{head}"""{docstring}"""{body}' if rest else head

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """The mistake is there, for all who call the function, by whatever name."""
        function = self.function
        scope: dict[str, Any] = {}
        body = "\n".join(line for line in self.mutated.splitlines() if not line.startswith("@"))
        if uses_super := "__class__" in function.__code__.co_freevars:
            body = "class Anew:\n" + textwrap.indent(body, "    ")
        exec(
            compile(f"from __future__ import annotations\n{body}", function.__code__.co_filename, "exec"),
            function.__globals__,
            scope,
        )
        new = vars(scope["Anew"] if uses_super else types.SimpleNamespace(**scope))[function.__name__]
        parts = ("__code__", "__defaults__", "__kwdefaults__")
        before = [getattr(function, part) for part in parts]
        _forget_results()
        for part in parts:
            setattr(function, part, getattr(new, part))
        try:
            yield
        finally:
            for part, value in zip(parts, before, strict=True):
                setattr(function, part, value)
            _forget_results()

    @property
    def checked_by(self) -> tuple[str, ...]:
        """The entries whose checks must notice."""
        return self.entries or (self.target.partition(":")[2].partition(".")[0],)

    def caught(self) -> str | None:
        """What noticed the mistake; None if nothing did."""
        with self.applied():
            for entry in self.checked_by:
                if (complaint := checks.complaint(entry)) is not None:
                    return f"{entry}: {complaint}"
        return None

    @property
    def diff(self) -> str:
        lines = difflib.unified_diff(self.source.splitlines(), self.mutated.splitlines(), lineterm="", n=2)
        return "\n".join([f"{self.target}: {self.what}", *list(lines)[2:]])


def of_ops(module: str, *rows: tuple[str, ...]) -> list[Mutant]:
    """Mutants of backward, in one file of ops/: the op, what stands there, what instead, and the mistake in words."""
    made = []
    for op, old, new, what, *entries in rows:
        target = op if "." in op or op[0].islower() or op.startswith("_") else f"{op}.backward"
        made.append(Mutant(f"ops.{module}:{target}", old, new, what, tuple(entries)))
    return made


def held(name: str, engine: str) -> str:
    """The check that holds the implementations of a definition to it."""
    return f"test_kernels:hold@{name!r}, {engine!r}"


def of_kernels(module: str, *rows: tuple[str, ...]) -> list[Mutant]:
    """Mutants of one file of kernels/: the function, what stands there, what instead, the mistake, and the definition."""
    engine = "numpy" if module.startswith("numpy") else "numba as Python"
    made = []
    for function, old, new, what, name in rows:
        made.append(Mutant(f"kernels.{module}:{function}", old, new, what, (held(name, engine),)))
    return made


FLIPPED = "__import__('minitorch').ops.shape.flip(weight, -1)"
MEANS = "test_ops:test_mean_and_variance_are_their_definitions"
CONVOLUTIONS = ("Convolution", "ConvTranspose", "ConvWeight")

MUTANTS: list[Mutant] = [
    *of_ops("arithmetic",
        ("Add", "return grad, grad", "return grad, -grad", "a sign too many in the second operand"),
        ("Sub", "-grad if", "grad if", "a sign lost in the second operand"),
        ("Mul.forward", "b if for_a else None, a if for_b", "a if for_a else None, b if for_b", "the factors are exchanged"),
        ("Div", "-grad * ((a / b) / b)", "grad * ((a / b) / b)", "a sign lost in the denominator"),
        ("Div", "(a / b) / b", "a / b", "not divided by b a second time"),
        ("Remainder", "ctx.whole(a / b)", "(a / b)", "the quotient is not rounded"),
        ("Neg", "-grad", "grad", "a sign lost"),
        ("Abs", "grad * sign(x)", "grad", "the sign of x is forgotten"),
        ("Log", "grad / x", "grad / (x * 2)", "a factor 1/2 too many"),
        ("Log2", "x * math.log(ctx.base)", "x", "the base of the logarithm is forgotten"),
        ("Reciprocal", "-grad", "grad", "a sign lost"),
        ("Pow", "grad * b * a ** (b - 1)", "grad * a ** (b - 1)", "the exponent does not come down"),
        ("Pow", "a ** (b - 1)", "a**b", "the exponent is not one less"),
        ("Pow", "grad * a**b * log(where", "grad * log(where", "a^b is forgotten in the exponent's derivative"),
    ),
    *of_ops("recurrence",
        ("Lstm.prepare", "f - f * f", "f", "the slope of the forget gate is taken for its value", "Lstm"),
        ("Lstm.prepare", "o * (1 - squeezed * squeezed)", "o", "the slope of tanh(c') is forgotten", "Lstm"),
        ("Lstm.step_back", "_add(for_c + for_h * through, for_cell)", "for_c + for_h * through",
         "the gradient of a kept c' is lost", "Lstm"),
        ("Gru.step_back", "for_n * r", "for_n", "the reset gate is forgotten", "Gru"),
        ("Gru.step_back", "for_h * z", "None", "the state that stays gets no gradient", "Gru"),
        ("_back_through_time", "+ for_out[part]", "", "the output at a time counts for nothing", "RnnTanh"),
        ("_back_through_time", "reversed(times)", "times", "back through time in time's own order", "RnnTanh"),
        ("_with_rest", "old[len(new) :]", "0 * old[len(new) :]", "the state of a sequence that has ended is lost",
         "test_recurrent:test_a_packed_sequence_is_each_sequence_alone@'RNN', {}, [4, 3, 1]"),
    ),
    *of_kernels("numpy.pointwise_convolution",
        ("_product", "out[part] += added", "pass", "the bias is forgotten", "convolution"),
        ("_conv_weight", ".sum(axis=0)", "[0]", "the first image alone counts", "conv_weight"),
    ),
    *of_kernels("numpy.softmax",
        ("_log_softmax_backward", "xp.add.reduce(g, axis=1, keepdims=True)", "g", "the sum over the row is forgotten",
         "log_softmax_backward"),
        ("_softmax_backward", "out *= y", "pass", "a factor y is lost", "softmax_backward"),
    ),
    *of_kernels("numba.exponential",
        ("gelu_backward", "+ ONE)", ")", "half of the probability is lost", "gelu_backward"),
        ("exponential", "+ C5)", ")", "a term of the series is lost", "sigmoid"),
        ("exponential", "- n * LOG2_TAIL", "", "log 2 has too few digits", "sigmoid"),
        ("exponential_below", "ZERO if t < LOWEST else t", "ZERO", "nan becomes 0", "log_softmax_backward"),
        ("softmax_backward", "- mean", "", "the sum over the row is forgotten", "softmax_backward"),
        ("hyperbolic_tangent", "s + TWO", "s + ONE", "half of the denominator is lost", "tanh"),
        ("lstm_row", "f[k] * before[k]", "before[k]", "nothing is forgotten", "lstm_cell"),
        ("log_softmax", "- largest - logarithm", "- logarithm", "the largest number is not subtracted", "log_softmax"),
    ),
    *of_kernels("numba.indexing", ("add_rows", "b[k] += a[k]", "b[k] = a[k]", "the last of a row's values stays", "add_rows")),
    *of_kernels("numpy.small_transpose",
        ("_conv_transpose", "x + bias.reshape(-1, *(1,) * len(size))", "x", "the bias is forgotten", "conv_transpose"),
    ),
    *of_ops("scan",
        ("Cumprod", ", dim) / x", ", dim)", "the factor itself is not left out"),
        ("Cumprod", "narrow(x, dim, k + 1, 1) * total", "total", "beside a 0 the factors in between are forgotten"),
    ),
    *of_ops("pointwise",
        ("GeluBackward", "(2 - x * x)", "(1 - x * x)", "the second derivative of x p is that of p"),
        ("_gelu_backward", "+ x *", "+", "the density is not multiplied by x", "Gelu"),
        ("Exp", "grad * y", "grad * (y * 0 + 1)", "the derivative of e^x is taken for 1"),
        ("Expm1", "y + 1", "y", "the output is taken for e^x"),
        ("Log1p", "x + 1", "x", "the derivative of log x"),
        ("Sqrt", "y * 2", "y", "a factor 1/2 lost"),
    ),
    *of_ops("trigonometry",
        ("Sin", "cos(x)", "sin(x)", "the function is taken for its derivative"),
        ("Cos", "-grad", "grad", "a sign lost"),
        ("Acos", "-grad", "grad", "a sign lost"),
        ("Asin", "1 - x * x", "1 + x * x", "the sign under the root"),
        ("Cosh", "grad * sinh(x)", "-grad * sinh(x)", "the sign of the cosine without h"),
        ("Atan2", "scaled * x, -scaled * y", "scaled * y, -scaled * x", "x and y are exchanged"),
    ),
    *of_ops("pointwise",
        ("_tanh_backward", "(y * y)", "y", "the square is forgotten", "TanhBackward"),
        ("Tanh", "TanhBackward.apply(grad, y)", "TanhBackward.apply(grad, getattr(y, 'detach', lambda: y)())",
         "right once, but the output counts as a constant the second time"),
        ("SigmoidBackward", "1 - y * 2", "1 - y", "the square's factor 2 is lost"),
        ("Sigmoid", "SigmoidBackward.apply(grad, y)", "grad * y", "1 - y is forgotten"),
        ("Softplus", "sigmoid(x)", "sigmoid(-x)", "the sigmoid's argument has the wrong sign"),
        ("Erf", "2 / math.sqrt", "1 / math.sqrt", "a factor 2 lost"),
    ),
    *of_ops("selection",
        ("Mask", "Mask.apply(grad, mask)", "grad", "the mask is forgotten on the way back"),
        ("Where", "grad, ~condition", "grad, condition", "both branches have the same mask"),
        ("Maximum", "~(a <= b)) + tie", "~(b <= a)) + tie", "the gradient goes to the smaller one"),
        ("Maximum", "grad * 0.5", "grad", "at a tie both have the whole gradient"),
        ("Minimum", "~(b >= a)) + tie", "~(b > a)) + tie", "at a tie one has more than its share"),
        ("Clamp", "x >= low", "x > low", "no gradient at the bound itself"),
        ("Clamp", "x > high if low", "x < high if low", "the bound has the gradient where it does not bind"),
    ),
    *of_ops("rounding",
        ("Rounding", "ZerosLike.apply(grad)", "grad", "the derivative of a step is taken for 1", "Floor", "Round"),
    ),
    *of_ops("rectifier",
        ("_relu_backward", "y <= 0", "y < 0", "the gradient goes through where the output is 0", "Relu"),
        ("_leaky_relu", "x > 0", "g > 0", "the mask is taken from the gradient", "LeakyRelu", "LeakyReluBackward"),
        ("LeakyRelu.forward", "x, slope)\n", "x, slope)\n    x = x * slope\n", "the slope is applied twice", "LeakyReLU"),
        ("LeakyRelu", "grad * x, x <= 0", "grad, x <= 0", "the slope's gradient lacks x"),
        ("_leaky_relu", "x > 0, g, slope", "x >= 0, g, slope", "at 0 the slope of the right side", "LeakyRelu"),
    ),
    *of_ops("statistics", ("var", "count - correction", "count", "the correction is forgotten", MEANS)),
    *of_ops("reduction",
        ("Mean", "grad / ctx.count", "grad", "1 / n is forgotten"),
        ("SoftmaxBackward", "- g * sum(", "+ g * sum(", "a sign lost"),
        ("LogSoftmaxBackward", "-probable", "probable", "a sign lost"),
        ("Mean.forward", "/ ctx.count", "/ max(ctx.count - 1, 1)", "divided by n - 1"),
        ("SumBackward", "ctx.dims, True", "(0,), True", "summed over the wrong dimension"),
        ("Extremum", "/ sum(ties, ctx.dims, True) * ties", "* ties", "equals do not share the gradient", "Amax", "Amin"),
        ("Prod", "Reshape.apply(y, kept) / x", "Reshape.apply(y, kept)", "the factor itself is not left out"),
        ("Prod", "if bool((x == 0).any())", "if False", "a product with a zero is divided by it"),
        ("LogSumExp", "exp(x - Reshape.apply(y, kept))", "exp(x)", "the softmax is not normalized"),
        ("_softmax_backward", "sum_reduce(g * y,", "sum_reduce(g,", "the mean is not weighted by y", "Softmax"),
        ("_softmax_backward", "axis=dim", "axis=0", "summed over the wrong axis", "Softmax"),
        ("_softmax_backward", "(g - sum_reduce(g * y, axis=dim, keepdims=True))", "g", "the sum is forgotten", "Softmax"),
        ("_log_softmax_backward", "xp.exp(y)", "y.copy()", "the logarithm is taken for the probability", "LogSoftmax"),
        ("CumSum", "flip(cumsum(flip(grad, ctx.dim), ctx.dim), ctx.dim)", "cumsum(grad, ctx.dim)", "summed from the wrong end"),
    ),
    *of_ops("shape",
        ("Permute", "tuple(ctx.dims.index(i) for i in range(len(ctx.dims)))", "ctx.dims", "the order is not inverted"),
        ("Flip", "flip(grad, ctx.dims)", "grad", "not turned back"),
        ("Roll", "-s for s", "s for s", "rolled on instead of back"),
        ("Pad", "grad[ctx.inner]", "grad[tuple(builtins.slice(0, s.stop - s.start) for s in ctx.inner)]",
         "the border is cut off at the wrong side"),
    ),
    *of_ops("indexing",
        ("SetItem", "SetItem.apply(grad, 0.0, *ctx.steps) if for_x", "grad if for_x", "overwritten places keep their gradient"),
        ("SetItem", "GetItem.apply(grad, *ctx.steps) if for_value", "GetItem.apply(grad, *ctx.steps) * -1.0 if for_value",
         "a sign too many in the value"),
    ),
    Mutant("ops.joining:Cat.backward", "[0, *ctx.ends[:-1]]", "[0] * len(ctx.ends)", "every part starts at 0", ("Cat",)),
    *of_ops("matrix",
        ("MatMul", "MatMul.apply(grad, mT(b))", "MatMul.apply(grad, b)", "the second operand is not transposed"),
        ("MatMul", "MatMul.apply(mT(a), grad)", "MatMul.apply(a, grad)", "the first operand is not transposed"),
        ("Einsum", "names, letters, grad", "names[::-1], letters, grad", "the letters are out of order"),
    ),
    *of_ops("linear",
        ("Linear", "matmul(mT(reshape(grad, (rows, grad.shape[-1]))), reshape(x, (rows, x.shape[-1])))",
         "matmul(mT(reshape(grad, (rows, grad.shape[-1]))[:1]), reshape(x, (rows, x.shape[-1]))[:1])",
         "the weight's gradient comes from the first row alone"),
        ("Linear", "matmul(grad, weight)", "matmul(grad, weight) * 2", "a factor 2 too many"),
    ),
    *of_ops("convolution",
        ("Convolution", "ConvTranspose.apply(grad, weight, None", f"ConvTranspose.apply(grad, {FLIPPED}, None",
         "the kernel is flipped"),
        ("Convolution", "ConvWeight.apply(x, grad", "ConvWeight.apply(x * 0.5, grad", "half of the kernel's gradient"),
        ("ConvTranspose", "Convolution.apply(grad, weight, None", f"Convolution.apply(grad, {FLIPPED}, None",
         "the kernel is flipped"),
        ("ConvWeight", "ConvTranspose.apply(g, grad", "ConvTranspose.apply(g, grad * 2", "a factor 2 too many"),
        ("_sum_of_each_channel", ", 2), 0)", ", 2)[:1], 0)", "the bias sees the first image alone", "Convolution"),
    ),
    Mutant("ops.convolution:_conv_weight", ".sum(axis=0)", ".mean(axis=0)", "averaged over the batch", CONVOLUTIONS),
    Mutant("ops.convolution:_with_bias", "y + bias", "y - bias", "the bias is subtracted", ("Conv2d",)),
    Mutant("backend.window:Window._inner", "slice(before, before + n)", "slice(0, n)", "the padding is not cropped",
           ("Unfold", "Fold")),
    Mutant("backend.window:Window.span", "d * (k - 1) + 1", "k", "the dilation is forgotten", ("Conv2d", "MaxPool2d")),
    Mutant("backend.window:Window.scatter", "+= values(number)", "= values(number)", "written where it should be added",
           ("Fold", "ScatterCell", "AvgPoolBackward")),
    *of_ops("pooling",
        ("MaxPool", "grad, which", "grad, which * 0", "the gradient goes to the first cell"),
        ("_max_pool", "xp.argmax(windows", "windows.shape[-1] - 1 - xp.argmax(windows[..., ::-1]", "the last of equals wins",
         held("max_pool", "numpy")),
        ("ScatterAdd", "Gather.apply(grad, indices)", "Gather.apply(grad, indices * 0)", "unpooling looks at the wrong index"),
        ("GatherCell", "grad, which", "grad, which * 0", "the wrong cell of the window"),
        ("AvgPool", "ctx.window, divisor", "ctx.window, 1.0", "1 / n is forgotten"),
        ("AvgPoolBackward", "ctx.window, divisor", "ctx.window, 1.0", "1 / n is forgotten"),
        ("_cells_counted", "(0, n)", "(-before, n)", "the padding counts though it should not", "AvgPool1d", "AvgPool2d"),
    ),
    *of_kernels("numpy.pooling",
        ("_max_pool", "seen > best", "seen >= best", "the last of equals wins", "max_pool"),
        ("_gather_cell", "number == n", "number == n + 1", "the cell after the right one", "gather_cell"),
        ("_scatter_add", "if not unique", "if False", "an index that occurs twice keeps one value", "scatter_add"),
    ),
    *of_kernels("numpy.convolution",
        ("transposed_weight", ".swapaxes(1, 2)", "", "channels and features are not exchanged", "conv_transpose"),
        ("_product", "out += xp.add.reduce", "out[...] = sum_reduce", "the last block of cells alone counts", "convolution"),
    ),
    Mutant("kernels.numpy.convolution:multiply", "x[first:last], layout", "x[: last - first], layout",
           "every chunk has the first images", ("test_kernels:test_many_small_chunks_give_the_same@'convolution'",)),
    *of_kernels("numba.vectors",
        ("strip", "sums[f, o] += ", "sums[f, o] = ", "the last cell alone counts", "convolution"),
        ("products", "sums[f, k] += ", "sums[f, k] = ", "the last place alone counts", "conv_weight"),
    ),
    *of_kernels("numba.recurrence",
        ("lstm", "t + 1 if reverse else t - 1", "t - 1", "in reverse the time before is that after", "over_time"),
        ("lstm_back", "dh[k] += given[k]", "dh[k] = given[k]", "the later times are forgotten", "back_through_time"),
    ),
    *of_kernels("numba.tiles",
        ("pack", "+ at_y * to_y", "", "the rows begin too early", "pack"),
        ("lay_out", "if f < features else 0", "", "the last block of features reads beyond them", "convolution"),
        ("convolve", "r, z = 0, z + 1", "r = 0", "every layer of a volume is written to the first", "convolution"),
        ("weight_gradient", "places[g, k:], total[f : f + 4", "places[0, k:], total[f : f + 4",
         "every group reads the first one's channels", "conv_weight"),
    ),
    *of_kernels("numba.pooling",
        ("max_pool", "flat[k] > best[k]", "flat[k] >= best[k]", "the last of equals wins", "max_pool"),
        ("cell_index", "- before[2]", "", "the padding shifts every index", "cell_index"),
        ("window_sum_adjoint", "min(columns, max(0, ", "min(columns, (0 + ", "a window beyond the image counts from the end",
         "window_sum_adjoint"),
        ("window_sum", "- before[2]", "", "the padding is forgotten", "window_sum"),
        ("scatter_add", "x[p, index] += g[p, k]", "x[p, index] = g[p, k]", "an index that occurs twice keeps one value",
         "scatter_add"),
    ),
    *of_kernels("numba.normalization",
        ("standardize", "(images * size)", "(images * size - 1)", "the variance is the unbiased one", "standardize"),
        ("standardize_backward", "- moved", "", "the mean moves, too: forgotten", "standardize_backward"),
        ("standardize_rows", "* weight[k]", "* weight[0]", "one weight for all positions", "standardize"),
        ("standardize_rows_backward", "for_b[k] += a[k]", "for_b[k] = a[k]", "the last row alone counts",
         "standardize_backward"),
    ),
    *of_ops("normalization",
        ("_standardize_backward", "out -= z", "pass", "the deviation moves, too: forgotten", "Standardize"),
        ("_standardize_backward", "g - sum_reduce(g, (0, 2), True) / count", "g.copy()", "the mean moves, too: forgotten",
         "Standardize"),
        ("StandardizeBackward", "- u_z * h_z", "", "the second derivative counts the variance that y takes up"),
        ("Standardize", "(2 * scale)", "scale", "the square's factor 2 is lost"),
        ("_standardize_backward", "(g * z, g))", "(g, g * z))", "the gradients of weight and bias swapped", "Standardize"),
        ("_standardize_backward", "g = g * weight", "pass", "the weight is forgotten", "Standardize"),
        ("StandardizeBackward", "+ z * grad_weight", "", "the weight's own gradient depends on grad: forgotten"),
        ("StandardizeBackward", "_add(through_weight, for_x)", "for_x", "the weight's own gradient depends on x: forgotten"),
        ("_track", "1 - momentum", "momentum", "the running statistics keep the wrong share",
         "test_layers:test_running_statistics_follow_the_batches"),
        ("batch_norm", "var * (count / (count - 1))", "var", "the running variance is the biased one",
         "test_layers:test_running_statistics_follow_the_batches"),
        ("batch_norm", "scale = 1 / sqrt(running_var + eps)", "scale = 1 / (running_var + eps)", "the root is forgotten",
         "BatchNorm1d", "BatchNorm2d"),
    ),
    *of_ops("likelihood",
        ("BinaryCrossEntropy", "(p - t)", "(t - p)", "a sign lost"),
        ("BinaryCrossEntropy", "p * (1 - p)", "p", "1 - p is forgotten"),
    ),
    *of_ops("activation",
        ("elu", "* alpha", "* 1.0", "alpha is forgotten", "ELU"),
        ("gelu", "0.044715", "0.44715", "a misprint in the constant", "GELU"),
        ("softplus", "/ beta", "* 1.0", "not divided by beta", "Softplus"),
    ),
    *of_ops("dropout",
        ("_dropout", "1 / (1 - p)", "1.0", "what is kept is not scaled",
         "test_layers:test_dropout_keeps_the_mean_and_drops_whole_channels@'Dropout', (200, 50), 10000"),
    ),
    Mutant("ops.loss:smooth_l1_loss", "size - 0.5 * beta", "size", "the two halves do not meet", ("SmoothL1Loss",)),
    Mutant("ops.reduction:Mean.backward", "grad / ctx.count", "(grad * 0 + 1) / ctx.count", "grad_output is ignored",
           ("Mean",)),
    Mutant("ops.pointwise:Exp.backward", "grad * y", "grad * grad * y", "not linear in grad_output", ("Exp",)),
    Mutant("backend.sums:_sum_of_many", "_add_in_groups(x, tuple(axes), max(added, key=lambda a: shape[a]), keepdims)",
           "_add(x, tuple(axes), None, None, keepdims)", "long sums lose digits", ("test_sums:test_twenty_million_ones",)),
    Mutant("backend.sums:cumulative_sum", "wide = xp.promote_types(", "xp.promote_types(", "running sums lose digits",
           ("test_sums:test_twenty_million_ones",)),
    Mutant("ops.elementwise:_widened", "value._as_tensor().to(float32) if is_half else value", "value",
           "float16 overflows on the way",
           ("test_layers:test_means_of_float16_fit",)),
    Mutant("ops.loss:huber_loss", ") * delta", ")", "the outer part is not scaled", ("HuberLoss",)),
    Mutant("backend.sums:_add_rows", "xp.add.at(out.reshape(-1), ", "__import__('operator').setitem(out.reshape(-1), ",
           "of a place named twice the last value stays", ("GetItem", "IndexAdd", "ScatterAdd")),
    Mutant("backend.sums:sum_to", "sum_reduce(array, axes)", "xp.mean(array, axes)", "broadcasting is averaged, not summed",
           ("Add", "Mul", "SumTo")),
    Mutant("autograd.engine:unbroadcast", "sum_to(grad, shape)", "grad", "a broadcast gradient keeps its shape", ("Add",)),
    Mutant("autograd.engine:sweep", "grad if total is None else total + grad", "grad", "the last of several paths counts alone",
           ("test_engine:test_sum_over_all_paths",)),
    Mutant("autograd.engine:sweep", "(total is not None or _is_new(", "(True or _is_new(", "a leaf keeps a shared array",
           ("Add", "test_engine:test_leaf_gradients_do_not_share_memory")),
    Mutant("autograd.tensor_base:accumulate", "sums.append((before, grad))", "fresh.append((tensor, wrap(grad.copy())))",
           "a second backward replaces .grad", ("test_engine:test_gradients_accumulate_in_the_same_memory",)),
    Mutant("autograd.hooks:materialize", "xp.zeros_like", "xp.ones_like", "an unused output has a gradient of ones",
           ("test_function:test_several_outputs_non_tensor_arguments_and_unused_outputs",)),
    Mutant("autograd.inplace:InPlaceMethods._increment_version", "version_counter(self)[0] += 1", "pass",
           "a change in place is not counted",
           ("test_inplace:test_a_value_changed_between_first_and_second_backward_is_noticed",)),
]  # fmt: skip
MUTANTS += [Mutant(target, old, new, what, tuple(entries)) for target, old, new, what, *entries in ROWS]


BANNER = """Hunt number {number}. In minitorch/ops the derivative of one operation is wrong now. Which one, and how?

    ops_to_try()              the names of the operations
    f, x = sample("Tanh")     a function that uses one, and inputs for it
    gradcheck(f, x)           its first derivative, and gradgradcheck(f, x) its second, against differences
    answer("Tanh")            whether it is this one
    hint()                    the file
    reveal()                  the mistake

One mistake may show in several operations: those that use the wrong one. Ten points; a wrong answer costs two, a hint three."""


class Hunt:
    """A hunt by its number: the mistake, what the learner can call, and the score."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.streams: dict[str, random.Random] = {}
        pool = [
            m
            for m in MUTANTS
            if m.target.startswith("ops.") and m.target.endswith("backward") and m.checked_by[0] in checks.OPS
        ]
        random.Random(number).shuffle(pool)
        self.mutant = next(m for m in pool if self.is_findable(m))
        self.streams.clear()  # the learner begins with the samples that show it
        self.points, self.found = 10, False

    def sample(self, name: str) -> Any:
        """A function that uses the op of this name, and inputs. Each call gives others, the same ones in each hunt."""
        stream = self.streams.setdefault(name, random.Random(f"{self.number} {name}"))
        return sample_of(checks.OPS[name], Draw(stream.randint))[:2]

    def is_findable(self, mutant: Mutant) -> bool:
        """Whether gradcheck or gradgradcheck shows a mistake with the first sample of its op, and lets every call through."""
        with mutant.applied():
            f, x = self.sample(mutant.checked_by[0])
            try:
                return not all(check(f, x, raise_exception=False) for check in (gradcheck, gradgradcheck))
            except (RuntimeError, ValueError):  # it shows itself, as an error
                return False

    def answer(self, name: str) -> bool:
        right = name in (*self.mutant.checked_by, self.mutant.target.partition(":")[2].partition(".")[0])
        if not self.found:
            self.found = right
            self.points -= 0 if right else 2
        return right

    def hint(self) -> None:
        self.points -= 0 if self.found else 3
        print(f"minitorch/{self.mutant.target.partition(':')[0].replace('.', '/')}.py")

    def reveal(self) -> None:
        self.points = self.points if self.found else 0
        print(self.mutant.diff)

    @property
    def score(self) -> str:
        points = max(self.points, 0) if self.found else 0
        return f"Score of hunt {self.number}: {points} of 10." + ("" if self.found else " It was not found: try it again.")

    def play(self) -> None:
        """A Python with the mistake in it."""
        names = {
            "minitorch": minitorch, "mt": minitorch, "nn": minitorch.nn, "F": minitorch.nn.functional, "viz": viz,
            "gradcheck": gradcheck, "gradgradcheck": gradgradcheck, "sample": self.sample, "answer": self.answer,
            "ops_to_try": lambda: list(checks.OPS), "hint": self.hint, "reveal": self.reveal,
        }  # fmt: skip
        with self.mutant.applied():
            code.interact(BANNER.format(number=self.number), local=names, exitmsg="")
        print(self.score)


def main() -> None:
    """Try every mutant, where PyTorch cannot be imported."""
    assert "tests.programs" not in sys.modules, "it has imported PyTorch, if there is one"
    sys.modules["torch"] = None  # type: ignore[assignment]
    alive = 0
    for m in MUTANTS:
        found = m.caught()
        alive += found is None
        print(
            f"{'SURVIVES' if found is None else 'caught  '}  {m.target}: {m.what}"
            + ("" if found is None else f"  [{found[:70]}]")
        )
    print(f"{len(MUTANTS)} mutants, {alive} survive")


if __name__ == "__main__":
    if "--hunt" in sys.argv:
        if sys.argv[-1] != "--hunt" and not sys.argv[-1].isdigit():
            sys.exit(f"--hunt takes the number of a hunt, not {sys.argv[-1]!r}")
        Hunt(int(sys.argv[-1]) if sys.argv[-1].isdigit() else random.randrange(1000)).play()
    else:
        main()
