"""Old spellings and NumPy's words, which programs written for PyTorch use."""

import pickle

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.autograd.function import once_differentiable
from minitorch.output import takes_out


@pytest.mark.parametrize(
    ("numpy", "own"),
    [
        (lambda x: mt.sum(x, axis=1, keepdims=True), lambda x: mt.sum(x, dim=1, keepdim=True)),
        (lambda x: x.mean(axis=0), lambda x: x.mean(0)),
        (lambda x: mt.cat([x, x], axis=1), lambda x: mt.cat([x, x], 1)),
        (lambda x: x.argmax(axis=1), lambda x: x.argmax(1)),
        (lambda x: mt.exp(x=x), lambda x: mt.exp(x)),
        (lambda x: x.max(axis=1, keepdims=True).values, lambda x: x.max(1, True).values),
    ],
)
def test_numpys_words(numpy, own):
    x = mt.tensor([[1.0, 5.0, 2.0], [4.0, 0.0, 3.0]])
    assert numpy(x).tolist() == own(x).tolist()


def test_a_word_given_twice_is_refused():
    with pytest.raises(TypeError):
        mt.sum(mt.ones(2, 3), dim=1, axis=0)
    with pytest.raises(TypeError):
        mt.sum(mt.ones(2, 3), 1, axis=0)


@pytest.mark.parametrize(
    ("name", "args"),
    [("uniform", (1, 2)), ("normal", (5,)), ("constant", (3.0,)), ("eye", ()), ("xavier_uniform", ()), ("xavier_normal", (2,)),
     ("kaiming_uniform", ()), ("kaiming_normal", ()), ("orthogonal", ())],
)  # fmt: skip
def test_names_of_initial_weights_without_underscore(name, args):
    mt.manual_seed(0)
    with pytest.warns(FutureWarning, match=f"nn.init.{name}_"):
        old = getattr(nn.init, name)(mt.empty(3, 3), *args)
    mt.manual_seed(0)
    assert old.tolist() == getattr(nn.init, f"{name}_")(mt.empty(3, 3), *args).tolist()


def test_once_differentiable():
    class Cube(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        @once_differentiable
        def backward(ctx, grad_output):
            (x,) = ctx.saved_tensors
            return grad_output * 3 * x**2

    x = mt.tensor([1.0, 2.0], requires_grad=True)
    (first,) = mt.autograd.grad(Cube.apply(x).sum(), x)
    assert first.tolist() == [3, 12]
    (first,) = mt.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    assert first.tolist() == [3, 12]
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


@pytest.mark.parity
def test_pytorch_takes_the_same_words():
    torch = pytest.importorskip("torch")
    for lib in (mt, torch):
        x = lib.arange(6.0).reshape(2, 3)
        assert lib.sum(x, axis=1, keepdims=True).tolist() == [[3], [12]]
        assert lib.cat([x, x], axis=0).shape == (4, 3)
        with pytest.warns(FutureWarning, match="deprecated in favor of"):
            lib.nn.init.constant(x, 2.0)
        assert x.sum().item() == 12


def test_variable():
    data = mt.ones(2)
    x = mt.autograd.Variable(data, requires_grad=True)
    assert (type(x), x.requires_grad, x.is_leaf, isinstance(data, mt.autograd.Variable)) == (mt.Tensor, True, True, True)
    x.data[0] = 5
    assert data.tolist() == [5, 1]
    assert not mt.autograd.Variable(x).requires_grad
    assert not isinstance([1.0], mt.autograd.Variable)
    with pytest.raises(TypeError, match="list"):
        mt.autograd.Variable([1.0])
    with pytest.raises(RuntimeError, match="require"):
        mt.autograd.Variable(data.long(), requires_grad=True)


def test_vectorize_has_the_same_result():
    x, functional = mt.tensor([1.0, 2.0]), mt.autograd.functional
    assert functional.jacobian(lambda x: x**2, x, vectorize=True).tolist() == [[2, 0], [0, 4]]
    assert functional.hessian(lambda x: (x**3).sum(), x, vectorize=True).tolist() == [[6, 0], [0, 12]]
    with pytest.raises(RuntimeError, match="strict"):
        functional.jacobian(lambda x: x, x, strict=True, vectorize=True)


@pytest.mark.parametrize("kind", ["minitorch.LongTensor", mt.LongTensor, mt.int64])
def test_types_by_name(kind):
    assert mt.tensor([1.5]).type(kind).dtype is mt.int64
    with pytest.raises(ValueError, match=r"invalid type: 3\.5; a dtype is"):
        mt.ones(1).type(3.5)


# ---- arguments that today are written otherwise ----------------------------------------------------------------------------

LOSSES = {
    "mse_loss": (), "l1_loss": (), "smooth_l1_loss": (), "soft_margin_loss": (), "hinge_embedding_loss": (1.0,),
    "binary_cross_entropy_with_logits": (None,), "multilabel_soft_margin_loss": (None,), "poisson_nll_loss": (True, False),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_losses_take_size_average_and_reduce(name):
    loss, (x, y) = getattr(nn.functional, name), mt.tensor([[0.2, 0.7], [0.4, 0.9]]).unbind()
    for old, reduction in [
        ({"size_average": False}, "sum"), ({"reduce": False}, "none"), ({"size_average": True, "reduce": True}, "mean"),
        ({"size_average": False, "reduce": False}, "none"), ({"reduce": True}, "mean"),
    ]:  # fmt: skip
        with pytest.warns(UserWarning, match=f"reduction='{reduction}'"):
            assert mt.equal(loss(x, y, **old), loss(x, y, reduction=reduction))
    with pytest.warns(UserWarning, match="reduction='sum'"):
        assert mt.equal(loss(x, y, *LOSSES[name], False), loss(x, y, reduction="sum"))


def test_layers_of_losses_take_them_too():
    x, target = mt.tensor([[0.2, 0.7], [0.4, 0.9]]), mt.tensor([0, 1])
    with pytest.warns(UserWarning, match="reduction='sum'"):
        assert mt.equal(nn.CrossEntropyLoss(None, False)(x, target), nn.CrossEntropyLoss(reduction="sum")(x, target))
    with pytest.warns(UserWarning, match="reduction='none'"):
        layer = nn.NLLLoss(None, None, 1, False)  # weight, size_average, ignore_index, reduce
    assert (layer.ignore_index, layer.reduction) == (1, "none")
    with pytest.warns(UserWarning, match="reduction='none'"):
        assert nn.MSELoss(reduce=False).reduction == "none"
    with pytest.raises(TypeError, match=r"make the layer first, then call it: MSELoss\(\)\(input, target\)"):
        nn.MSELoss(x, x)
    with pytest.raises(TypeError, match="reduced"):
        nn.MSELoss(reduced=False)


def test_numbers_before_tensors():
    x, y = mt.tensor([[1.0, 2.0], [3.0, 4.0]]), mt.tensor([[5.0, 6.0], [7.0, 8.0]])
    for old, new in [
        (lambda: mt.add(x, 2, y), x + 2 * y), (lambda: x.add(2, y), x + 2 * y), (lambda: x.clone().add_(-0.5, y), x - 0.5 * y),
        (lambda: x.clone().sub_(0.5, y), x - 0.5 * y), (lambda: x.clone().addcmul_(0.5, y, y), x + 0.5 * y * y),
        (lambda: mt.addcdiv(x, -2, y, y), x - 2), (lambda: x.clone().addcdiv_(-2, y, y), x - 2),
        (lambda: mt.addmm(0.5, x, 2, y, y), 0.5 * x + 2 * y @ y), (lambda: x.addmm(0.5, 2, y, y), 0.5 * x + 2 * y @ y),
        (lambda: mt.addmm(0.5, x, y, y), 0.5 * x + y @ y), (lambda: mt.addmv(2, x[0], 3, y, y[0]), 2 * x[0] + 3 * y @ y[0]),
    ]:  # fmt: skip
        with pytest.warns(UserWarning, match="is deprecated: it takes the tensors first, then (alpha|value|beta)"):
            assert mt.allclose(old(), new)
    for wrong in (lambda: mt.add(x, y, y), lambda: mt.add(x, 2, 2), lambda: x.add_(1, 2, y), lambda: mt.addmm(1, 2, 3, x, y)):
        with pytest.raises(TypeError):
            wrong()


def test_parameters_that_were_called_otherwise():
    with pytest.warns(FutureWarning, match="keyword argument `min_value`"):
        assert repr(nn.Hardtanh(min_value=-2.0)) == "Hardtanh(min_val=-2.0, max_val=1.0)"
    with pytest.warns(FutureWarning, match=r"`nn.utils.clip_grad_norm` is now deprecated in favor of"):
        nn.utils.clip_grad_norm([mt.ones(2)], 1.0)
    with pytest.warns(UserWarning, match="interpolate"):
        assert nn.functional.upsample(mt.ones(1, 1, 2, 2), scale_factor=2).shape == (1, 1, 4, 4)
    assert repr(nn.UpsamplingNearest2d(scale_factor=2)) == "UpsamplingNearest2d(scale_factor=2.0, mode='nearest')"
    image = mt.arange(4.0).reshape(1, 1, 2, 2)
    assert nn.UpsamplingBilinear2d(size=3)(image).tolist() == [[[[0, 0.5, 1], [1, 1.5, 2], [2, 2.5, 3]]]]
    with pytest.warns(UserWarning, match="indexing"):
        mt.meshgrid(mt.ones(1), mt.ones(1))


def test_small_methods():
    x = mt.arange(12.0).reshape(3, 4)
    assert (x.storage_offset(), x[1:].storage_offset(), x.t()[2].storage_offset(), x[:, 1:][1].storage_offset()) == (0, 4, 2, 5)
    assert (x.new(2, 3).shape, x.new([1, 2]).tolist(), x.new().shape) == ((2, 3), [1.0, 2.0], (0,))
    assert (x.get_device(), x.is_same_size(x + 1), x.is_same_size(x[0])) == (-1, True, False)
    assert mt.tensor([1, 2]).apply_(lambda v: 3 * v).tolist() == [3, 6]
    assert mt.tensor([1.0, 2.0]).map_(mt.tensor([5.0, 7.0]), lambda v, w: w - v).tolist() == [4.0, 5.0]
    assert (x.to(float).dtype, x.to(dtype=int).dtype, mt.zeros(1, dtype=bool).dtype) == (mt.float64, mt.int64, mt.bool)
    with pytest.raises(TypeError, match="not <class 'str'>"):
        x.to(str)
    assert mt.functional.relu is mt.relu
    assert mt.newaxis is None
    assert mt.version.cuda is None or mt.cuda.is_available()
    with pytest.raises(AttributeError, match="hip"):
        _ = mt.version.hip
    before = mt.are_deterministic_algorithms_enabled()
    mt.use_deterministic_algorithms(True)
    assert (before, mt.are_deterministic_algorithms_enabled()) == (False, True)
    mt.use_deterministic_algorithms(False)


@pytest.mark.skipif(mt.cuda.is_available(), reason="what is said without a GPU")
def test_types_on_a_gpu_are_refused_without_one():
    with pytest.raises(TypeError, match=r"type minitorch\.cuda.FloatTensor not available: there is no GPU here"):
        mt.cuda.FloatTensor(2, 3)
    with pytest.raises(AssertionError):
        mt.ones(2).type("torch.cuda.LongTensor")


# ---- NumPy's functions of a tensor -----------------------------------------------------------------------------------------


def test_numpys_functions_of_a_tensor_give_tensors():
    x = mt.tensor([1.0, 4.0])
    for result, expected in [(np.sqrt(x), [1.0, 2.0]), (np.maximum(x, 2), [2.0, 4.0]), (np.log(1 + x).exp() - 1, [1.0, 4.0])]:
        assert isinstance(result, mt.Tensor)
        assert mt.allclose(result, mt.tensor(expected))
    whole, part = np.divmod(x, 3), np.add.reduce(x)
    assert [t.tolist() for t in whole] == [[0.0, 1.0], [1.0, 1.0]]
    assert (part.item(), type(part)) == (5.0, mt.Tensor)
    out = mt.zeros(2)
    np.add(x, x, out=out)
    assert out.tolist() == [2.0, 8.0]
    with pytest.raises(RuntimeError, match=r"requires grad, as np\.sqrt does: use minitorch's own function"):
        np.sqrt(x.requires_grad_())


# ---- out= ------------------------------------------------------------------------------------------------------------------


def test_out_takes_the_result():
    x, out = mt.tensor([[1.0, 2.0], [3.0, 4.0]]), mt.empty(0)
    assert mt.exp(x, out=out) is out
    assert mt.equal(out, x.exp())
    half, version = mt.zeros(2, 2, dtype=mt.float64), out._version
    assert mt.add(x, 1, out=half).dtype is mt.float64
    mt.matmul(x, x, out=out)
    assert mt.equal(out, x @ x)
    assert out._version > version
    assert mt.sum(x, 0, out=mt.empty(2)).tolist() == [4.0, 6.0]
    assert mt.linalg.det(x, out=mt.empty(())).item() == pytest.approx(-2.0)
    values, places = mt.empty(0), mt.empty(0, dtype=mt.int64)
    mt.max(x, 1, out=(values, places))
    assert (values.tolist(), places.tolist()) == ([2.0, 4.0], [1, 1])
    assert mt.zeros(3, out=mt.ones(3, dtype=mt.int32)).dtype is mt.int32
    row = x[0]
    mt.mul(row, 10, out=row)  # into the input, and into a view
    assert x.tolist() == [[10.0, 20.0], [3.0, 4.0]]
    assert mt.exp(x, out=None).shape == (2, 2)


def test_out_is_checked():
    x = mt.ones(2, 2)
    with pytest.warns(UserWarning, match=r"resized since it had shape \[3\], .* required output shape \[2, 2\]"):
        assert mt.exp(x, out=mt.ones(3)).shape == (2, 2)
    with pytest.raises(RuntimeError, match=r"result type minitorch\.float32 can't be cast to .* type minitorch\.int64"):
        mt.exp(x, out=mt.empty(0, dtype=mt.int64))
    for one, other in [(x.clone().requires_grad_(), mt.empty(0)), (x, mt.empty(2, 2, requires_grad=True))]:
        with pytest.raises(RuntimeError, match=r"exp\(\): functions with out=... arguments don't support"):
            mt.exp(one, out=other)
        with mt.no_grad():
            assert mt.exp(one, out=other) is other
    with pytest.raises(TypeError, match="argument 'out' must be Tensor, not list"):
        mt.exp(x, out=[1.0])
    with pytest.raises(TypeError, match="must be tuple of 2 Tensors, not Tensor"):
        mt.max(x, 1, out=mt.empty(0))
    with pytest.raises(RuntimeError, match=r"out= is a view of shape \[1\]"), pytest.warns(UserWarning, match="resized"):
        mt.exp(x, out=mt.ones(3)[:1])
    for function in (mt.reshape, mt.nn.functional.gelu, mt.allclose):
        with pytest.raises(TypeError, match="out"):
            function(x, x, out=mt.empty(0))


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_out_is_taken_where_pytorch_takes_it():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: `make parity` installs it")
    x, v, k = torch.rand(2, 2), torch.rand(2), torch.tensor([[0, 1], [1, 0]])
    calls = [
        (x,), (x, x), (v,), (v, v), (k,), (k, k), (x, 0), (x, 0, k), (x, 0, k, x), (2,), (2, 3), ([x, x],), (x, x, x), (x, v),
        (x[None], x[None]), (x, v, v), (x, v, x), (v, x, v), (x[None],) * 3, (x, x[None], x[None]), (x > 0.5, x, x),
        (x, x > 0.5), (v, x), (0, x), (x, 0.5), (0, 3, (2,)), (x, 0, v), (torch.rand(3), torch.rand(3)), (x, 0, k[0], x),
        (0.0, x), ((2,), 1.0), (x, 1), (x, x, 0.5), (x, 0, k[0]), (x @ x.mT + torch.eye(2),),
    ]  # fmt: skip
    checked = 0
    for module, other in [(mt, torch), (mt.linalg, torch.linalg)]:
        rooms = [mt.linalg] if module is mt.linalg else [mt.functions, mt.from_data, mt.creation, mt.sampling]
        names = [name for room in rooms for name in room.__all__]
        for name in sorted({*names} - {"cross"}):  # which in PyTorch warns once, and another test waits for that
            function = getattr(other, name, None)
            if function is None or isinstance(function, type):
                continue
            theirs = {_takes_out(function, args, torch) for args in calls} - {None}
            if theirs:
                ours = takes_out(getattr(module, name).__wrapped__)
                assert ours == (True in theirs), f"{name}: out= is taken {'by PyTorch' if not ours else 'here'} alone"
                checked += 1
    assert checked > 150


def _takes_out(function, args, torch):
    """Whether PyTorch's function takes out= in this call; None for a call that it refuses anyway."""
    try:
        result = function(*args)
        results = result if isinstance(result, (tuple, list)) else (result,)
        outs = tuple(torch.empty(0, dtype=r.dtype) for r in results)
    except Exception:
        return None
    try:
        function(*args, out=outs if isinstance(result, (tuple, list)) else outs[0])
    except (TypeError, RuntimeError):
        return False
    return True


def test_methods_by_other_names():
    x = mt.tensor([[1.0, 5.0], [4.0, 4.0]])
    assert x.greater_equal(4).tolist() == [[False, True], [True, True]]
    assert x.less_equal(4).tolist() == [[True, False], [True, True]]
    assert x.swapdims(0, 1).tolist() == x.T.tolist()
    assert x[0].ger(x[1]).tolist() == mt.outer(x[0], x[1]).tolist()
    assert x.fliplr().tolist() == [[5, 1], [4, 4]]
    assert x.flipud().tolist() == [[4, 4], [1, 5]]
    assert (x > 4).argwhere().tolist() == [[0, 1]]


def test_the_class_of_a_tensor_prints_where_programs_find_it():
    assert str(mt.Tensor) == "<class 'minitorch.Tensor'>"
    assert type(pickle.loads(pickle.dumps(mt.ones(2)))) is mt.Tensor


def test_non_blocking_has_no_effect_on_the_values():
    x, layer = mt.ones(2), nn.Linear(2, 1)
    assert x.to("cpu", non_blocking=True) is x
    assert x.to(mt.float64, non_blocking=True).dtype is mt.float64
    assert layer.to("cpu", non_blocking=True) is layer


@pytest.mark.parametrize(
    ("shape", "wrap"), [((3, 3), False), ((7, 2), False), ((7, 2), True), ((2, 5), True), ((3, 3, 3), False)]
)
def test_fill_diagonal(shape, wrap):
    x = mt.zeros(*shape).fill_diagonal_(5, wrap)
    expected = np.zeros(shape)
    if wrap and shape[0] > shape[1]:
        expected.reshape(-1)[:: shape[1] + 1] = 5
    else:
        for i in range(min(shape)):
            expected[(i,) * len(shape)] = 5
    assert x.tolist() == expected.tolist()


def test_fill_diagonal_stops_gradients_and_refuses():
    x = mt.ones(2, 2, requires_grad=True)
    x.clone().fill_diagonal_(0.0).sum().backward()
    assert x.grad.tolist() == [[0, 1], [1, 0]]
    with pytest.raises(RuntimeError, match="larger than 1"):
        mt.ones(3).fill_diagonal_(1)
    with pytest.raises(RuntimeError, match="equal length"):
        mt.ones(2, 3, 2).fill_diagonal_(1)
