"""What a user reads after a mistake: the class is PyTorch's, the sentence has the numbers of the call. A table."""

import warnings

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from tests.misuse import LAYER_MISUSE

F = nn.functional
ones = mt.ones


class NoInit(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


class NoForward(nn.Module):
    pass


# what is done, the class of the error, words that the sentence must contain
TABLE = [
    (lambda: ones(2, 3) + ones(2, 4), RuntimeError, "size of tensor a (3) must match the size of tensor b (4)", "dimension 1"),
    (lambda: ones(2) + "a", TypeError, "for +: 'Tensor' and 'str'"),
    (lambda: ones(2) + None, TypeError, "'NoneType'"),
    (lambda: mt.add(ones(2), np.ones(2)), TypeError, "must be Tensor, not ndarray", "from_numpy"),
    (lambda: np.sin(ones(2).requires_grad_()), RuntimeError, "as np.sin does", "tensor.detach()"),
    (lambda: mt.exp([1.0]), TypeError, "must be Tensor, not list"),
    (lambda: mt.exp([ones(2)]), TypeError, "argument 'input' (position 1) must be Tensor, not list"),
    (lambda: mt.cat([[ones(2)], [ones(2)]]), TypeError, "argument 'tensors'", "not list"),
    (lambda: mt.cat(ones(2)), TypeError, "must be tuple of Tensors, not Tensor"),
    (lambda: mt.exp(np.ones(2)), TypeError, "must be Tensor, not ndarray", "from_numpy"),
    (lambda: mt.exp(), TypeError, "missing"),
    (lambda: ones(2, 3) @ ones(2, 3), RuntimeError, "(2x3 and 2x3)", "3 and 2"),
    (lambda: ones(2, 2, 3) @ ones(3, 3, 1), RuntimeError, "[2] and [3]"),
    (lambda: mt.tensor(1.0) @ ones(2), RuntimeError, "0D and 1D"),
    (lambda: ones(2, 2) @ ones(2, 2).double(), RuntimeError, "same dtype", "float32 != float64"),
    (lambda: ones(2, 2) @ 3, TypeError, "int"),
    (lambda: mt.mm(ones(2), ones(2)), RuntimeError, "2D tensors, got 1D and 1D"),
    (lambda: mt.dot(ones(2), ones(3)), RuntimeError, "[2] and [3]"),
    (lambda: ones(2, 3).sum(2), IndexError, "range of [-2, 1], but got 2"),
    (lambda: ones(2, 3).sum((0, 0)), RuntimeError, "multiple times", "[0, 0]"),
    (lambda: ones(2).sum("a"), TypeError, "str"),
    (lambda: ones(2).long().mean(), RuntimeError, "minitorch.int64", ".float()"),
    (lambda: ones(0).max(), RuntimeError, "numel() == 0"),
    (lambda: ones(0, 2).argmax(0), IndexError, "non-zero size", "[0, 2]"),
    (lambda: ones(2, 3).reshape(4, 2), RuntimeError, "[4, 2]", "size 6"),
    (lambda: ones(2, 3).reshape(-1, -1), RuntimeError, "only one dimension"),
    (lambda: ones(2, 3).reshape(-1, 4), RuntimeError, "size 6"),
    (lambda: ones(2, 3).reshape(-2, 3), RuntimeError, "-2"),
    (lambda: ones(2, 3).reshape(2.0, 3), TypeError, "float"),
    (lambda: ones(2, 3).T.view(6), RuntimeError, ".reshape(6)"),
    (lambda: ones(2, 3).expand(4, 3), RuntimeError, "(4)", "(2)", "dimension 0"),
    (lambda: ones(2, 3).permute(0), RuntimeError, "= 2", "= 1"),
    (lambda: ones(2).transpose(0, 1), IndexError, "[-1, 0], but got 1"),
    (lambda: ones(2, 3).flatten(1, 0), RuntimeError, "start_dim (1)", "end_dim (0)"),
    (lambda: ones(6).unflatten(0, (4, 2)), RuntimeError, "[4, 2]", "(6)"),
    (lambda: mt.cat([]), RuntimeError, "non-empty"),
    (lambda: mt.cat([ones(2), ones(2, 2)]), RuntimeError, "got 1 and 2"),
    (lambda: mt.cat([ones(2, 2), ones(2, 3)]), RuntimeError, "Expected size 2 but got size 3", "tensor number 1"),
    (lambda: mt.stack([ones(2), ones(3)]), RuntimeError, "[2] at entry 0", "[3] at entry 1"),
    (lambda: ones(5).split([2, 2]), RuntimeError, "exactly to 5", "[2, 2]"),
    (lambda: ones(5).chunk(0), RuntimeError, "got: 0"),
    (lambda: ones(5).narrow(0, 3, 3), RuntimeError, "start (3) + length (3)", "(5)"),
    (lambda: ones(5).roll((1, 2), 0), RuntimeError, "shifts: 2, dims:1"),
    (lambda: F.pad(ones(2), (1, 1, 1, 1)), RuntimeError, "4 widths", "[2]"),
    (lambda: F.pad(ones(2), (-3, 0)), RuntimeError, "-3", "2 cells of dimension 0"),
    (lambda: ones(2)[2], IndexError, "index 2", "dimension 0 with size 2"),
    (lambda: ones(2, 2)[0, 0, 0], IndexError, "dimension 2: got 3"),
    (lambda: ones(3)[mt.tensor([0, 3])], IndexError, "index 3", "size 3"),
    (lambda: ones(3)[mt.tensor([True, False])], IndexError, "[2]", "[3]"),
    (lambda: ones(3)[::-1], ValueError, "step", ".flip"),
    (lambda: ones(3)[1.5], IndexError, "float: 1.5"),
    (lambda: ones(3)["a"], TypeError, "'a'"),
    (lambda: ones(3)[ones(2)], IndexError, "float32"),
    (lambda: ones(3).__setitem__(slice(0, 2), ones(3)), RuntimeError, "[3]", "[2]"),
    (lambda: ones(3).gather(0, mt.tensor([3])), RuntimeError, "index 3", "size 3"),
    (lambda: ones(3).gather(0, ones(1)), RuntimeError, "int64", "float32"),
    (lambda: ones(3).scatter_add(0, mt.tensor([0, 1]), ones(1)), RuntimeError, "[2]", "[1]"),
    (lambda: ones(3).masked_fill(ones(3) > 0, ones(2)), RuntimeError, "1 dimension"),
    (lambda: ones(3).masked_select(ones(3)), RuntimeError, "BoolTensor"),
    (lambda: mt.where(ones(2), 1, 2), RuntimeError, "boolean", "float32"),
    (lambda: ones(2).clamp(), RuntimeError, "'min' or 'max'"),
    (lambda: mt.einsum("ij->i", ones(2)), RuntimeError, "'ij'", "1 dimensions", "[2]"),
    (lambda: mt.einsum("i,i->", ones(2), ones(3)), RuntimeError, "'i'", "2 and 3"),
    (lambda: mt.einsum("i->k", ones(2)), RuntimeError, "subscript k"),
    (lambda: mt.einsum("i,j->ij", ones(2)), RuntimeError, "2 operands, and 1"),
    (lambda: -(ones(2) > 0), RuntimeError, "`~`"),
    (lambda: (ones(2) > 0) - (ones(2) > 0), RuntimeError, "`^`"),
    (lambda: ones(2) & ones(2), NotImplementedError, "bitwise_and"),
    (lambda: ones(2).long() // 0, RuntimeError, "ZeroDivisionError"),
    (lambda: mt.tensor([2]) ** -1, RuntimeError, "negative integer powers", ".float()"),
    (lambda: bool(ones(2)), RuntimeError, "more than one value", ".any()"),
    (lambda: ones(2).item(), RuntimeError, "2 elements", ".tolist()"),
    (lambda: len(mt.tensor(1)), TypeError, "0-d"),
    (lambda: ones(2, requires_grad=True).numpy(), RuntimeError, "detach().numpy()"),
    (lambda: mt.tensor([[1, 2], [3]]), ValueError, "length 2 at dim 1 (got 1)"),
    (lambda: mt.tensor("abc"), TypeError, "'str'"),
    (lambda: mt.tensor(np.array(["a"])), TypeError, "<U1", "supported types"),
    (lambda: mt.tensor([1], dtype=np.float32), TypeError, "minitorch dtype"),
    (lambda: mt.from_numpy([1]), TypeError, "got list"),
    (lambda: mt.zeros(2, -1), RuntimeError, "negative dimension -1", "[2, -1]"),
    (lambda: mt.zeros(10**8, 10**8), RuntimeError, "[100000000, 100000000]", "35.5 PiB"),
    (lambda: mt.zeros(), TypeError, "needs a size"),
    (lambda: mt.arange(3, 0), RuntimeError, "start=3, end=0"),
    (lambda: mt.randint(3, 3, (2,)), RuntimeError, "from=3 >= to=3"),
    (lambda: mt.manual_seed("a"), TypeError, "'a'"),
    (lambda: ones(2).long().uniform_(), NotImplementedError, "minitorch.int64"),
    (lambda: ones(2).add_(ones(2, 2)), RuntimeError, "[2]", "[2, 2]"),
    (lambda: ones(2).long().add_(1.5), RuntimeError, "float32", "int64"),
    (lambda: ones(1).expand(3).add_(1), RuntimeError, ".clone()"),
    (lambda: NoInit(), AttributeError, "before Module.__init__()", "super().__init__()"),
    (lambda: NoForward()(1), NotImplementedError, "NoForward"),
    (lambda: nn.Linear(2, 2).wait, AttributeError, "'Linear' object has no attribute 'wait'"),
    (lambda: nn.Linear(3, 2)(ones(4, 5)), RuntimeError, "(4x5 and 3x2)"),
    (lambda: nn.Conv2d(3, 4, 3)(ones(1, 2, 5, 5)), RuntimeError, "3 channels, but got 2 channels"),
    (
        lambda: nn.Conv2d(1, 1, 3)(ones(1, 1, 2, 5)),
        RuntimeError,
        "(2 x 5)",
        "(3 x 3)",
        "2 + 0 + 0 = 2",
        "padding 1, or kernel_size 2",
    ),
    (lambda: nn.Conv2d(1, 1, 3)(ones(5, 5)), RuntimeError, "3D (unbatched) or 4D (batched)", "[5, 5]"),
    (lambda: nn.Conv2d(1, 1, 3)(ones(1, 1, 5, 5).double()), RuntimeError, "minitorch.float64", "minitorch.float32"),
    (lambda: nn.Conv2d(1, 1, (3, 3, 3)), RuntimeError, "kernel_size", "2 ints", "[3, 3, 3]"),
    (lambda: nn.Conv2d(1, 1, 3, stride=0)(ones(1, 1, 5, 5)), RuntimeError, "stride should be at least 1", "0"),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "3 channels in 2 groups"),
    (lambda: nn.MaxPool2d(2, padding=2)(ones(1, 1, 4, 4)), RuntimeError, "pad=2", "kernel_size=2"),
    (lambda: nn.MaxPool2d(5)(ones(1, 1, 4, 4)), RuntimeError, "(4 x 4)", "(5 x 5)"),
    (lambda: nn.PReLU(3)(ones(2, 4)), RuntimeError, "numbers = 3", "size = 4"),
    (lambda: F.rrelu(ones(2), 0.5, 0.1), RuntimeError, "[0.5, 0.1)"),
    (lambda: F.nll_loss(ones(2, 3), mt.tensor([0, 3])), IndexError, "Target 3", "3 classes"),
    (lambda: F.cross_entropy(ones(2, 3), mt.tensor([0])), ValueError, "(2)", "(1)"),
    (lambda: F.cross_entropy(ones(2, 3), mt.tensor([0, 1]), ones(2)), RuntimeError, "all 3 classes", "[2]"),
    (lambda: F.mse_loss(ones(2), ones(2), reduction="avg"), ValueError, "avg", "'mean'"),
    (lambda: F.mse_loss(ones(2), 3.0), TypeError, "float"),
    (lambda: mt.optim.SGD([], lr=0.1), ValueError, "empty"),
    (lambda: mt.optim.SGD(ones(2), lr=0.1), TypeError, "a Tensor", "list"),
    (lambda: mt.optim.SGD([ones(2)], lr=-0.1), ValueError, "learning rate: -0.1"),
    (lambda: mt.optim.Adam([ones(2) * ones(2, requires_grad=True)]), ValueError, "non-leaf"),
    (lambda: mt.utils.data.random_split(range(3), [1, 1]), ValueError, "[1, 1]", "not 3"),
    (lambda: mt.utils.data.TensorDataset(ones(2), ones(3)), AssertionError, "[2, 3]"),
    (lambda: mt.set_default_dtype(mt.int64), TypeError, "minitorch.int64"),
]

NAMES = {"nn": nn, "F": F, "ones": mt.ones, "zeros": mt.zeros}
TABLE += [(lambda code=code: eval(code, NAMES), *row) for code, *row in LAYER_MISUSE]


@pytest.mark.parametrize("row", TABLE, ids=range(len(TABLE)))
def test_misuse(row):
    call, error, *words = row
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(error) as caught:
            call()
    text = str(caught.value)
    for word in words:
        assert word in text
    for raw in ("operands could not be broadcast", "ufunc", "axis", "inhomogeneous", "matmul: Input", "setting an array"):
        assert raw not in text, "NumPy's own words"


def test_sizes_that_broadcast_by_accident_are_warned_about():
    with pytest.warns(UserWarning, match=r"target size \(minitorch.Size\(\[2\]\)\)"):
        F.mse_loss(ones(2, 1), ones(2))


if __name__ == "__main__":  # python -m tests.guards.test_errors prints every sentence, to be read
    for call, *_ in TABLE:
        try:
            call()
        except Exception as error:
            print(f"{type(error).__name__}: {error}\n")


@pytest.mark.parametrize(
    ("call", "begins"),
    [
        (lambda: mt.linalg.pinv(mt.ones(3)), "linalg.pinv: "),
        (lambda: mt.linalg.svd(mt.ones(3)), "linalg.svd: "),
        (lambda: mt.var(mt.tensor([1])), "var(): "),
        (lambda: mt.tensor([1]).std(), "std(): "),
        (lambda: mt.mean(mt.tensor([1])), "mean(): "),
        (lambda: mt.nn.Conv2d(mt.ones(1, 1, 2, 2), 1, 1), "Conv2d.__init__(): argument 'in_channels'"),
    ],
)
def test_an_error_begins_with_the_name_of_the_function_called(call, begins):
    with pytest.raises((TypeError, RuntimeError)) as caught:
        call()
    assert str(caught.value).startswith(begins)


def test_a_layer_that_is_given_its_input_says_how_to_call_it():
    with pytest.raises(TypeError, match=r"make the layer first, then call it: MaxPool2d\(kernel_size\)\(x\)"):
        mt.nn.MaxPool2d(mt.ones(1, 1, 4, 4))
