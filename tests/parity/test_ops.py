"""Ops and tensors, beside PyTorch: one line a case."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drawing import Draw
from tests.parity.compare import prints_the_same, same

pytestmark = pytest.mark.parity

DTYPES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]
F32 = np.float32
A = np.linspace(-2, 2, 12).reshape(3, 4)
BINARY = [
    "add", "sub", "mul", "div", "pow", "remainder", "eq", "lt", "ge", "maximum", "minimum", "fmod", "fmax", "fmin", "hypot", "xlogy",
    "logaddexp", "logaddexp2", "copysign", "float_power", "rsub",
]  # fmt: skip


# PyTorch's own answers for powers and remainders of booleans differ from function to function.
REFUSED_FOR_MASKS = ("pow", "remainder", "logaddexp", "logaddexp2")  # the last two in the backward pass alone
PROMOTED = [c for c in itertools.product(BINARY, DTYPES, DTYPES) if "bool" not in c or c[0] not in REFUSED_FOR_MASKS]


@pytest.mark.parametrize(("name", "a", "b"), PROMOTED)
def test_promotion(name, a, b):
    x, y = np.array([[1, 2, 0], [3, 1, 2]]).astype(a), np.array([1, 2, 3]).astype(b)
    options = {"tolerance": 2e-3, "second_order": False}
    same(lambda lib, p, q: getattr(lib, name)(p, q), x, y, **options)
    same(lambda lib, p, q: getattr(lib, name)(p, q[1]), x, y, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", [2, 2.5, True])
def test_promotion_with_numbers(dtype, number):
    x = np.array([[1, 2, 0], [3, 1, 2]]).astype(dtype)
    for f in (lambda lib, x: x * number, lambda lib, x: number * x, lambda lib, x: x / number, lambda lib, x: x + number):
        same(f, x, tolerance=2e-3, second_order=False)
    for f in (lambda lib, x: x < number, lambda lib, x: x == number, lambda lib, x: lib.where(x > 1, x, number)):
        same(f, x, tolerance=2e-3, second_order=False)


@pytest.mark.parametrize(
    "f",
    [
        lambda t, x: x.sum(), lambda t, x: x.sum(1), lambda t, x: x.sum((0, 1), True), lambda t, x: x.mean(-1),
        lambda t, x: x.mean(dim=(0,), keepdim=True), lambda t, x: x.var(), lambda t, x: x.var(1), lambda t, x: x.std(0, True, True),
        lambda t, x: x.var(dim=1, correction=0), lambda t, x: x.std(unbiased=False), lambda t, x: x.max(), lambda t, x: x.max(1),
        lambda t, x: x.min(0, True), lambda t, x: x.amax((0, 1)), lambda t, x: x.amin(1, True), lambda t, x: x.argmax(),
        lambda t, x: x.argmin(1, True), lambda t, x: x.prod(), lambda t, x: x.prod(1), lambda t, x: x.logsumexp(1),
        lambda t, x: t.softmax(x, 0), lambda t, x: x.log_softmax(-1), lambda t, x: x.cumsum(1), lambda t, x: (x > 0).all(1),
        lambda t, x: (x > 0).any(), lambda t, x: (x > 0).sum(0), lambda t, x: t.max(x, x.flip(0)), lambda t, x: (x > 0).sum(),
        lambda t, x: x.reshape(4, 3), lambda t, x: x.view(2, -1), lambda t, x: x.T, lambda t, x: x.t().reshape(-1),
        lambda t, x: x.permute(1, 0), lambda t, x: x.transpose(0, -1), lambda t, x: x.unsqueeze(1).squeeze(), lambda t, x: x[None].mT,
        lambda t, x: x.expand(2, 3, 4), lambda t, x: x[:, :1].expand(-1, 5), lambda t, x: t.broadcast_to(x, (2, 3, 4)),
        lambda t, x: x.flatten(), lambda t, x: x.unflatten(1, (2, -1)), lambda t, x: t.cat([x, x[:1]], 0), lambda t, x: t.stack([x, x], 1),
        lambda t, x: t.stack([x, x], -1), lambda t, x: x.split(3, 1), lambda t, x: x.split([1, 3], 1), lambda t, x: x.chunk(3, 1),
        lambda t, x: x.unbind(1), lambda t, x: x.flip((0, 1)), lambda t, x: x.roll(2), lambda t, x: x.roll((1, -1), (0, 1)),
        lambda t, x: x[None].movedim(0, 2), lambda t, x: t.movedim(x[None], (0, 1), (2, 0)), lambda t, x: x.narrow(1, 1, 2),
        lambda t, x: x.select(0, 1), lambda t, x: t.nn.functional.pad(x, (1, 2, 0, 1), value=3.0), lambda t, x: t.nn.functional.pad(x, (-1, 1)),
        lambda t, x: x[1], lambda t, x: x[:, 1:3], lambda t, x: x[..., None, 0], lambda t, x: x[x > 0], lambda t, x: x[[0, 2]],
        lambda t, x: x[:, [0, 0, 1]], lambda t, x: x[t.tensor([[0, 1], [2, 0]])], lambda t, x: x[t.tensor([0, 2]), t.tensor([1, 1])],
        lambda t, x: x[[0, 1], :, None], lambda t, x: x[t.tensor(1)], lambda t, x: x[-1, -1], lambda t, x: x[t.tensor([True, False, True])],
        lambda t, x: x[1:1], lambda t, x: x[::2, ::3], lambda t, x: x[(x > 0).any(1), 0], lambda t, x: x[None, :, None, [1, 2]],
        lambda t, x: x.gather(1, t.tensor([[0, 1], [3, 3]])), lambda t, x: x.scatter_add(0, t.tensor([[0, 0, 0, 0]]), x[1:2]),
        lambda t, x: x.index_select(1, t.tensor([3, 0])), lambda t, x: x.masked_fill(x > 0, 5.0), lambda t, x: x.masked_select(x > 0),
        lambda t, x: t.take_along_dim(x, t.tensor([[1], [0], [2]]), 1), lambda t, x: x.clamp(-1, 1), lambda t, x: x.clamp(min=0),
        lambda t, x: x.clamp(x.mean().detach(), x.max()), lambda t, x: x.abs(), lambda t, x: x.sign(), lambda t, x: x.relu(),
        lambda t, x: x.round(), lambda t, x: x.ceil(), lambda t, x: x.trunc(), lambda t, x: x.exp().log(), lambda t, x: (x * x).sqrt(),
        lambda t, x: x.square().rsqrt(), lambda t, x: x.reciprocal(), lambda t, x: x.tan(), lambda t, x: x.expm1(), lambda t, x: x % 0.7,
        lambda t, x: x.detach() // 0.7, lambda t, x: t.div(x, 0.7, rounding_mode="trunc"), lambda t, x: 2**x, lambda t, x: x**2, lambda t, x: x**0,
        lambda t, x: t.add(x, x, alpha=3), lambda t, x: t.sub(x, x * x, alpha=0.5), lambda t, x: 1 - x, lambda t, x: 3 / x, lambda t, x: -x,
        lambda t, x: x @ x.T, lambda t, x: x @ x[0], lambda t, x: x[0] @ x.T, lambda t, x: x[0].dot(x[1]), lambda t, x: x[None] @ x.T[None],
        lambda t, x: t.einsum("ij,kj", x, x), lambda t, x: t.einsum("ij->i", x), lambda t, x: t.einsum("...j,j->...", x, x[0]),
        lambda t, x: t.einsum("ii->", x[:, :3]), lambda t, x: x.contiguous(),
        lambda t, x: x.clone(), lambda t, x: x.float(), lambda t, x: x.to(t.float16), lambda t, x: x.long(), lambda t, x: t.isnan(x / 0 * 0),
        lambda t, x: t.logical_and(x > 0, x < 1), lambda t, x: ~(x > 0), lambda t, x: (x > 0) ^ (x > 1), lambda t, x: x.type_as(t.ones(1)),
        lambda t, x: (x.requires_grad, x.is_leaf, x.ndim, x.numel(), list(x.size()), x.stride(), x.is_contiguous()),
        lambda t, x: [row.sum() for row in x], lambda t, x: len(x), lambda t, x: 5.0 in x, lambda t, x: x.tolist(), lambda t, x: float(x.detach()[0, 0]),
    ],
)  # fmt: skip
def test_method(f):
    same(f, A)
    same(f, A.astype(F32), second_order=False)
    same(f, np.asfortranarray(A))


@pytest.mark.parametrize(
    "f",
    [
        lambda t: t.tensor([1, 2]), lambda t: t.tensor([1, 2.5]), lambda t: t.tensor(True), lambda t: t.tensor([[1], [2]], dtype=t.float64),
        lambda t: t.tensor([]), lambda t: t.tensor([t.tensor(1.0), t.tensor(2.0)]), lambda t: t.arange(5), lambda t: t.arange(1, 2, 0.3),
        lambda t: t.arange(5, 0, -2), lambda t: t.linspace(0, 1, 7), lambda t: t.logspace(0, 2, 3), lambda t: t.eye(2, 3),
        lambda t: t.full((2,), 3), lambda t: t.full((2,), 3.5), lambda t: t.full((2,), True), lambda t: t.zeros(2, 3), lambda t: t.ones((2, 3), dtype=t.int8),
        lambda t: t.zeros_like(t.ones(2).long()), lambda t: t.full_like(t.ones(2), 7), lambda t: t.rand(3, 4), lambda t: t.randn(3, 4),
        lambda t: (t.randn(5), t.randn(3), t.randn(40)), lambda t: t.randint(5, (3, 4)), lambda t: t.randint(-5, 5, (20,)), lambda t: t.randperm(20),
        lambda t: (t.rand(3, dtype=t.float64), t.randint(0, 2, (2,)), t.randn(17, dtype=t.float64), t.rand(2)),
        lambda t: t.empty(20).uniform_(-2, 3), lambda t: t.empty(20).normal_(1.0, 2.0), lambda t: t.rand(5, generator=t.Generator().manual_seed(3)),
        lambda t: t.rand_like(t.zeros(2, 2)), lambda t: t.randn_like(t.zeros(2, 2)), lambda t: t.randint_like(t.zeros(4), 3),
        lambda t: t.as_tensor(np.arange(3)), lambda t: t.tensor(np.float64(3)), lambda t: t.promote_types(t.int8, t.float16) == t.float16,
        lambda t: t.tensor([[1, 2], [3]]), lambda t: t.tensor("abc"), lambda t: t.zeros(-1), lambda t: t.arange(1, 0), lambda t: t.randint(3, 3, (2,)),
        lambda t: t.Tensor([1, 2]), lambda t: t.tensor(3.7).int(), lambda t: t.ones(2) + t.ones(3), lambda t: t.ones(2, 3) @ t.ones(2, 3),
        lambda t: t.ones(2)[2], lambda t: t.ones(2)[0, 0], lambda t: t.ones(2).sum(1), lambda t: t.ones(2, 3).view(5), lambda t: t.ones(2, 3).T.view(6),
        lambda t: t.cat([t.ones(2), t.ones(2, 2)]), lambda t: t.stack([t.ones(2), t.ones(3)]), lambda t: t.ones(2).item(), lambda t: bool(t.ones(2)),
        lambda t: t.ones(2).long().mean(), lambda t: t.ones(2).bool() - t.ones(2).bool(), lambda t: -t.ones(2).bool(), lambda t: t.ones(2, 3).expand(4, 5),
        lambda t: t.exp(np.ones(2)), lambda t: t.ones(2) + "a", lambda t: t.ones(2).squeeze(3), lambda t: t.ones(2, 2, 2).t(), lambda t: t.ones(0).max(),
        lambda t: t.tensor([2]) ** -1, lambda t: t.ones(3).gather(0, t.tensor([5])), lambda t: t.ones(2, requires_grad=True).numpy(), lambda t: len(t.tensor(1)),
        lambda t: t.ones(3).reshape(-1, -1), lambda t: t.where(t.ones(2), 1, 2), lambda t: t.ones(3)[::-1], lambda t: t.ones(3)["a"], lambda t: t.ones(2)[1.0],
        lambda t: t.ones(3).split([1, 1]), lambda t: t.ones(3).permute(0, 0), lambda t: t.clamp(t.ones(2)), lambda t: t.einsum("ij", t.ones(3)),
        lambda t: t.zeros(size=(2, 3)), lambda t: t.ones(size=[2], dtype=t.int32), lambda t: t.empty(size=(0, 2)), lambda t: t.rand(size=(2, 3)),
        lambda t: t.randn(size=(2,)), lambda t: t.ones(1).expand(size=(2, 3)), lambda t: t.zeros(size=2), lambda t: t.zeros(2, size=(2,)),
        lambda t: t.arange(6.0).view(size=(2, 3)), lambda t: t.arange(2).repeat(repeats=(2, 1)), lambda t: t.ones(2).new_zeros(size=(1, 2)),
        lambda t: t.tensor([6, 3]).bitwise_and(3), lambda t: t.tensor([6, 3]).bitwise_or(t.tensor([1, 8])), lambda t: t.tensor([True]).bitwise_xor(True),
        lambda t: t.tensor([0.0, 1.0]).bernoulli(), lambda t: t.tensor([0.0, 1.0]).multinomial(3, replacement=True), lambda t: t.ones(2).multinomial(3),
        lambda t: t.diag(t.tensor([3.0, 2.0])).svd()[1],
        lambda t: t.hsplit(t.ones(2, 4), 2), lambda t: t.ones(4).hsplit([1, 2]), lambda t: t.hsplit(t.ones(()), 2), lambda t: t.vsplit(t.ones(4), 2),
        lambda t: t.ones(4, 2).vsplit(2), lambda t: t.vsplit(t.ones(3, 2), 2), lambda t: t.row_stack([t.ones(2), t.ones(2)]), lambda t: t.isposinf(t.tensor([1])),
        lambda t: t.tensor([t.inf, -t.inf, t.nan]).isposinf(), lambda t: t.tensor([t.inf, -t.inf, 0]).isneginf(), lambda t: t.cartesian_prod(t.tensor([1, 2])),
        lambda t: t.cartesian_prod(t.tensor([1, 2]), t.tensor([3, 4, 5])), lambda t: t.cartesian_prod(t.ones(2, 2), t.ones(1)), lambda t: t.cartesian_prod(),
        lambda t: t.cat([]), lambda t: t.hstack([]), lambda t: t.column_stack(()), lambda t: t.empty(0).amax(), lambda t: t.empty(2, 0).amin(), lambda t: t.empty(0).amin(0),
        lambda t: t.manual_seed("a"), lambda t: [t.manual_seed(1.5).initial_seed(), t.rand(2)], lambda t: t.manual_seed(2**64), lambda t: t.tensor([2**70]),
        lambda t: t.tensor(None), lambda t: t.tensor([1, None]), lambda t: t.tensor({1, 2}), lambda t: t.tensor([{1}]), lambda t: t.full((2,), None),
        lambda t: t.ones(2).add_(t.ones(2, 2)), lambda t: t.ones(2).long().add_(1.5), lambda t: t.ones(2).long() / 2, lambda t: t.tensor(7) // 2,
    ],
)  # fmt: skip
def test_creation_and_refusals(f):
    same(lambda t: f(t), tolerance=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        "exp",
        "tanh",
        "sigmoid",
        "sqrt",
        "log",
        "sin",
        "cos",
        "abs",
        "relu",
        "expm1",
        "log1p",
        "square", "asinh", "atanh", "sinc",
     "erfc", "erfinv", "nan_to_num", "signbit", "sgn", "positive", "deg2rad", "rad2deg", "lgamma", "digamma"],
)  # fmt: skip
@given(data=st.data())
def test_functions_of_one_tensor(name, data):
    draw = Draw(lambda low, high: data.draw(st.integers(low, high)))
    same(lambda lib, x: getattr(lib, name)(x), draw.tensor(draw.shape())._array.copy())


@given(data=st.data())
def test_matmul_and_getitem_of_any_form(data):
    from tests.samples_of_matrices import product_of_matrices
    from tests.samples_of_shapes import index_of

    draw = Draw(lambda low, high: data.draw(st.integers(low, high)))
    _, (a, b), _ = product_of_matrices(draw)
    same(lambda lib, a, b: a @ b, a._array.copy(), b._array.copy())
    index = index_of(draw, (3, 4, 2))

    def as_in(lib, part):
        if isinstance(part, tuple):
            return tuple(as_in(lib, p) for p in part)
        return lib.from_numpy(part._array.copy()) if hasattr(part, "_array") else part

    same(lambda lib, x: x[as_in(lib, index)], (3, 4, 2))


def in_place(*changes):
    """Change y = 2 x, and look at what x is to that: the value and the gradient."""

    def run(t, x):
        y = x * 2
        views = [y[0], y.T, y.view(-1), y[:, 1:3]]
        for change in changes:
            change(t, x, y)
        return [y * x, *views]

    return run


@pytest.mark.parametrize(
    "changes",
    [
        [lambda t, x, y: y.add_(1)], [lambda t, x, y: y.mul_(x)], [lambda t, x, y: y.pow_(2)], [lambda t, x, y: y.abs_().sqrt_()],
        [lambda t, x, y: y[0].add_(x[1])], [lambda t, x, y: y[0].mul_(x[1]), lambda t, x, y: y.T.add_(1)], [lambda t, x, y: y[:, 1:3].zero_()],
        [lambda t, x, y: y.view(-1)[2:7].mul_(x.reshape(-1)[:5]), lambda t, x, y: y[1].exp_()], [lambda t, x, y: y[0, 0].copy_(x[1, 1])],
        [lambda t, x, y: y.__setitem__((0, slice(1, 3)), x[1, :2])], [lambda t, x, y: y.__setitem__(y > 1, 0.5)], [lambda t, x, y: y.__setitem__(([0, 2], [1, 1]), x[0, :2])],
        [lambda t, x, y: y.clamp_(-1, 1)], [lambda t, x, y: y.relu_()], [lambda t, x, y: y.masked_fill_(x > 0, 3)], [lambda t, x, y: y.fill_(2)], [lambda t, x, y: y.div_(x)],
        [lambda t, x, y: y[0][1:].tanh_()], [lambda t, x, y: y.__setitem__((0, slice(None), [1])[::2], x[1, :2].sum())], [lambda t, x, y: y.sub_(x).sigmoid_()],
        [lambda t, x, y: x.add_(1)], [lambda t, x, y: x[0].add_(1)], [lambda t, x, y: y.add_(x[None])], [lambda t, x, y: y.expand(2, 3, 4).add_(1)],
    ],
)  # fmt: skip
def test_in_place(changes):
    same(in_place(*changes), A + 0.05)


def test_in_place_on_what_is_no_part_of_the_graph_yet():
    def run(t, x):
        out = t.zeros(3, 4, dtype=t.float64)
        for i in range(3):
            out[i] = x[i] * i
        row = out[1]
        row *= x[0]
        return [out, row, out.requires_grad, row.is_leaf]

    same(run, A)


@pytest.mark.parametrize(
    "values",
    [
        1.0, 3, True, [1.0, 2.0], [1.5, 2.25], [1e-5, 1.0], [1e10, 1.0], [1e5, 1.0], [0.001, 100.0], [float("nan"), 1.0], [float("inf"), 2.5],
        [1, 200, -3], [True, False], [[1.5, -2.0], [3.0, 4.0]], [[[1.0]]], [], [[]], list(range(30)), [0.1 * i for i in range(40)], [[0.5] * 25] * 2,
        [1e-8], [123456789.0], [-0.0, 0.0], [[1, 2], [3, 4]],
    ],
)  # fmt: skip
def test_printing(values):
    prints_the_same(lambda t: t.tensor(values))
    prints_the_same(lambda t: t.tensor(values, dtype=t.float64))


@pytest.mark.parametrize("f", [
    lambda s: s[1:], lambda s: s[1:].numel(), lambda s: s[:-1] + (5,), lambda s: (5,) + s, lambda s: s + s[:0], lambda s: s * 2, lambda s: 0 * s, lambda s: s[-1],  # noqa: RUF005
])  # fmt: skip
def test_a_part_of_a_size_is_a_size(f):
    prints_the_same(lambda t: repr(f(t.ones(2, 3, 4).size())))


@pytest.mark.parametrize("returned", [lambda t: t.ones(3), lambda t: 3, lambda t: t.ones(2).double()])
def test_what_a_hook_must_not_return(returned):
    def backward(t):
        x = t.ones(2, requires_grad=True)
        x.register_hook(lambda grad: returned(t))
        x.sum().backward()

    same(backward)


@pytest.mark.parametrize("name", [
    "log1p_", "expm1_", "erf_", "trunc_", "tan_", "sinh_", "cosh_", "asin_", "acos_", "atan_", "exp2_", "log2_", "log10_", "frac_", "sign_", "negative_",
])  # fmt: skip
def test_functions_of_one_number_in_place(name):
    same(lambda t, x: getattr(x * 0.5, name)(), (2, 3))


@pytest.mark.parametrize("name", ["atan2_", "multiply_", "divide_", "subtract_"])
def test_functions_of_two_numbers_in_place(name):
    same(lambda t, x, y: getattr(x.clone(), name)(y), (2, 3), (3,))


@pytest.mark.parametrize(
    "name", ["eq_", "ne_", "lt_", "le_", "gt_", "ge_", "logical_and_", "logical_or_", "logical_xor_", "logical_not_"]
)
def test_masks_in_place(name):
    numbers = [[0.0, 1.0, 2.0], [2.0, 0.0, 2.0]]
    for a, b in ((numbers, numbers[0]), (numbers[0], numbers), (np.array(numbers, np.int64), 2.0 * np.ones(3))):
        same(lambda t, x, y: getattr(x.detach(), name)(*[y.detach()] if name != "logical_not_" else []), a, b)


def test_what_a_tensor_is():
    same(lambda t: [(x := t.ones(2, 3)).is_cpu, x.ndimension(), x.is_complex(), t.ones(()).ndimension()])


def test_printing_long_tensors_and_suffixes():
    prints_the_same(lambda t: t.arange(2000))
    prints_the_same(lambda t: t.randn(30, 50))
    prints_the_same(lambda t: t.randn(2, 3, 4))
    prints_the_same(lambda t: t.zeros(1100, 2))
    prints_the_same(lambda t: t.ones(2, requires_grad=True))
    prints_the_same(lambda t: t.randn(3, 8, dtype=t.float64, requires_grad=True))
    prints_the_same(lambda t: t.ones(2, dtype=t.int8))
    prints_the_same(lambda t: t.ones(2, 0))
    prints_the_same(lambda t: t.ones(2, 3).shape)
    prints_the_same(lambda t: (t.float32, t.int64, t.bool))
    prints_the_same(lambda t: t.tensor([[1.0, 4.0], [3.0, 2.0]]).max(1))
    prints_the_same(lambda t: t.ones(2, requires_grad=True) * 2)
    prints_the_same(lambda t: t.nn.Parameter(t.ones(2)))
    prints_the_same(lambda t: f"{t.tensor(2.5):.2f} {t.tensor([1.0])}")


def gradient_of(change):
    """The gradient in a, after `change(t, a)` has given something to sum."""

    def run(t, a):
        a.grad = None
        out = change(t, a)
        out.sum().backward()
        return [out.detach(), a.grad if a.grad is not None else t.zeros_like(a)]

    return run


def keyword_in_place(t, a):
    x = t.full((3,), 5.0, dtype=t.float64)
    x.mul_(other=a)
    return x


def permuted_by_einsum(t, a):
    x = a[:, None] * t.ones(1, 2, dtype=t.float64)
    t.einsum("ij->ji", x).mul_(3.0)
    return x


def retained_and_wanted(t, a):
    y = a * 3
    y.retain_grad()
    (y * 2).sum().backward(inputs=[y])
    return (a * y.grad).detach() + a


def retained_through_a_change(t, a):
    y = a * 2
    y.retain_grad()
    y.mul_(3)
    y.sum().backward(retain_graph=True)
    return y.grad * a


def new_data_on_a_view(t, a):
    x = a * 1
    v = x[:2]
    v.data = t.ones(2, dtype=t.float64)
    return x


def rows_from_rows(t, a):
    h = t.zeros(4, 3, dtype=t.float64)
    h[0] = 1.0
    for i in range(3):
        h[i + 1] = h[i] * a
    return h


def frozen_between(t, a):
    y = a * 2
    a.requires_grad_(False)
    y.sum().backward()
    frozen = a.grad is None
    a.requires_grad_(True)
    return a * float(frozen)


CHANGES = [
    keyword_in_place,
    permuted_by_einsum,
    retained_and_wanted,
    retained_through_a_change,
    new_data_on_a_view,
    rows_from_rows,
    frozen_between,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__)
def test_gradients_through_changes(change):
    same(gradient_of(change), (3,), second_order=False)


@pytest.mark.parametrize(
    "f",
    [
        lambda t, x: t.zeros(2, 3, 0) @ t.zeros(0, 4), lambda t, x: x.sum(np.int64(1)), lambda t, x: x.softmax(np.int64(0)), lambda t, x: x[0].detach_(),
        lambda t, x: x.clone().__setitem__(slice(None), [1.0] * 4), lambda t, x: (x ** np.float32(3)), lambda t, x: x.detach().numpy().shape,
    ],
)  # fmt: skip
def test_further_corners(f):
    same(f, A)


EDGES = np.array([0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 40.0, -40.5, 1e-20, -1e-20, 1e300, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize(
    "name", ["asinh", "acosh", "atanh", "sinc", "erfc", "erfinv", "nan_to_num", "signbit", "sgn", "lgamma", "digamma", "logit"]
)
def test_edges_of_functions_of_one_number(name):
    same(lambda t, x: getattr(t, name)(x.detach()), EDGES, second_order=False)
    for dtype in DTYPES[1:]:
        same(lambda t, x: getattr(t, name)(x.detach()), np.array([0, 1, 2]).astype(dtype), tolerance=1e-6)


@pytest.mark.parametrize(
    "name", ["fmod", "fmax", "fmin", "hypot", "xlogy", "logaddexp", "logaddexp2", "copysign", "rsub", "heaviside"]
)
def test_edges_of_functions_of_two_numbers(name):
    x, y = EDGES[:, None], EDGES[None]
    same(lambda t, x, y: getattr(t, name)(x.detach(), y.detach()), x, y, second_order=False)


@pytest.mark.parametrize("f", [
    lambda t, x: t.xlogy(x.abs(), 2.0), lambda t, x: t.xlogy(2.0, x.abs()), lambda t, x: t.xlogy(x * 0, x.abs()), lambda t, x: t.fmod(x, 0.7), lambda t, x: t.fmod(x, -0.7),
    lambda t, x: x.copysign(-2), lambda t, x: x.logit(0.1), lambda t, x: (x * 0.2).sigmoid().logit(), lambda t, x: x.nan_to_num(1.0, 2.0, 3.0), lambda t, x: t.rsub(x, 2, alpha=3),
    lambda t, x: t.rsub(x, x * x, alpha=0.5), lambda t, x: t.float_power(2, x), lambda t, x: x.float().float_power(2), lambda t, x: t.polygamma(1, x), lambda t, x: x.polygamma(2),
    lambda t, x: t.polygamma(0, x), lambda t, x: t.polygamma(-1, x), lambda t, x: t.fmax(x, x), lambda t, x: t.fmin(x, x.detach()), lambda t, x: t.logaddexp(x, x), lambda t, x: +x, lambda t, x: +(x > 0),
    lambda t, x: t.positive(x > 0), lambda t, x: t.hypot(x, 2.0), lambda t, x: t.xlogy(1.0, 2.0), lambda t, x: t.arctan2(x, x + 3), lambda t, x: t.arcsinh(x), lambda t, x: x.clone().copysign_(x.flip(0)),
    lambda t, x: t.heaviside(x.detach(), x.detach().float()), lambda t, x: t.sinc(x * 1e-3), lambda t, x: t.acosh(x.abs() + 1.5), lambda t, x: t.atanh(x * 0.3), lambda t, x: t.erfinv(x * 0.3), lambda t, x: t.heaviside(x.detach(), x.detach()),
])  # fmt: skip
def test_further_functions_of_numbers(f):
    same(f, A + 0.03, tolerance=1e-8)


def test_names_of_further_nodes():
    for name in ("hypot", "xlogy", "copysign", "fmax", "fmin", "rsub", "logaddexp", "logaddexp2"):
        prints_the_same(lambda t, name=name: getattr(t, name)(t.ones(2, requires_grad=True), t.ones(2)))
    for name in (
        "asinh", "atanh", "sinc", "erfc", "acosh", "logit", "erfinv", "nan_to_num", "sgn", "deg2rad", "rad2deg", "lgamma", "digamma"
    ):  # fmt: skip
        prints_the_same(lambda t, name=name: getattr(t, name)(t.full((2,), 0.5, requires_grad=True)))
