"""What a user reads after a mistake: the class is PyTorch's, the sentence has the numbers of the call. A table."""

import operator
import re
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


class WithoutSuper(nn.Module):
    def __init__(self):
        self.scale = 3


class Square(mt.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(x)


def used_up():
    parameters = nn.Linear(1, 1).parameters()
    list(parameters)
    return parameters


def other_grad():
    x = ones(3, requires_grad=True)
    x.grad, x.data = ones(3), ones(4)
    return x


def int8s():
    return mt.zeros(3, dtype=mt.int8)


def sgd():
    return mt.optim.SGD([nn.Parameter(ones(1))], lr=0.1)


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
    (lambda: mt.cat([]), ValueError, "non-empty"),
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
    (lambda: mt.manual_seed("a"), ValueError, "'a'"),
    (lambda: ones(2).long().uniform_(), NotImplementedError, "minitorch.int64"),
    (lambda: ones(2).add_(ones(2, 2)), RuntimeError, "[2]", "[2, 2]"),
    (lambda: ones(2).long().add_(1.5), RuntimeError, "float32", "int64"),
    (lambda: ones(1).expand(3).add_(1), RuntimeError, ".clone()"),
    (lambda: NoInit(), AttributeError, "before Module.__init__()", "super().__init__()"),
    *(
        (
            call,
            AttributeError,
            "'WithoutSuper' object has no attribute '_",
            "write super().__init__() first in WithoutSuper.__init__",
        )
        for call in (
            lambda: WithoutSuper()(1),
            lambda: WithoutSuper().parameters().__next__(),
            lambda: WithoutSuper().eval(),
            lambda: WithoutSuper().state_dict(),
            lambda: WithoutSuper().to("cpu"),
            lambda: repr(WithoutSuper()),
        )
    ),
    (lambda: WithoutSuper().add_module("m", nn.ReLU()), AttributeError, "before Module.__init__()", "write super().__init__()"),
    (lambda: NoForward()(1), NotImplementedError, "NoForward", "write def forward(self, x)"),
    (lambda: nn.ModuleList([nn.ReLU()])(ones(1)), NotImplementedError, "[ModuleList]", "call each, or use Sequential"),
    (lambda: nn.ModuleDict({"a": nn.ReLU()})(ones(1)), NotImplementedError, "[ModuleDict]", "by its key"),
    (lambda: nn.Sequential(F.relu), TypeError, "relu is not a Module subclass", "nn.ReLU()"),
    (lambda: nn.Sequential(nn.LSTM(3, 2), nn.Linear(2, 2))(ones(4, 3)), TypeError, "not tuple", "(output, state)", "result[0]"),
    (lambda: Square()(ones(1)), RuntimeError, "Square.apply(...)"),
    (lambda: Square.apply(ones(1)), NotImplementedError, "mark_dirty", "returns a new tensor"),
    (
        lambda: nn.CrossEntropyLoss(ones(2, 3), ones(2).long()),
        TypeError,
        "then call it: CrossEntropyLoss(...)(input, target)",
    ),
    (lambda: nn.LSTM(3, 2)(ones(4, 3), ones(1, 2)), TypeError, "(h_0, c_0)", "not Tensor of shape [1, 2]"),
    # numbers of Python
    (lambda: float(ones(2)), ValueError, "only one element tensors can be converted to Python scalars", "[2]"),
    (lambda: int(ones(0)), ValueError, "only one element tensors can be converted to Python scalars", "[0]"),
    (lambda: complex(ones(1, 2)), ValueError, "only one element tensors can be converted to Python scalars", "[1, 2]"),
    (lambda: int8s().__setitem__(0, 1000), RuntimeError, "value cannot be converted to type int8 without overflow: 1000"),
    (lambda: int8s().__setitem__(0, np.int64(1000)), RuntimeError, "type int8 without overflow: 1000"),
    (lambda: int8s().__setitem__(0, float("nan")), RuntimeError, "type int8 without overflow: nan"),
    (lambda: int8s().index_fill_(0, mt.tensor([0]), 1000), RuntimeError, "type int8 without overflow: 1000"),
    (lambda: int8s().scatter_(0, mt.tensor([0]), 1000), RuntimeError, "type int8 without overflow: 1000"),
    (lambda: int8s().scatter_(0, mt.tensor([0]), 1000, reduce="add"), RuntimeError, "type int8 without overflow: 1000"),
    (lambda: int8s().fill_(1000), RuntimeError, "value cannot be converted to type int8 without overflow: 1000"),
    (lambda: ones(2).fill_(10**400), RuntimeError, "type float32 without overflow: 1000"),
    (lambda: mt.zeros(2, dtype=mt.uint8).fill_(-1.0), RuntimeError, "type uint8 without overflow: -1.0"),
    (lambda: mt.zeros(2, dtype=mt.uint8).fill_(-256), RuntimeError, "type uint8 without overflow: -256"),
    (lambda: mt.where(mt.tensor(True), 0, 2**70), RuntimeError, "type int64 without overflow: 1180591620717411303424"),
    (lambda: mt.tensor([10**400, 1.0]), RuntimeError, "beyond the largest float"),
    (lambda: mt.repeat_interleave(ones(4), mt.tensor([2**61] * 4)), RuntimeError, "32 EiB"),
    (lambda: mt.bincount(mt.tensor([2**62])), RuntimeError, "32 EiB"),
    (lambda: F.interpolate(ones(1, 1, 2, 2), size=2**70), RuntimeError, "ZiB"),
    (lambda: ones(2).to("float64"), RuntimeError, "Invalid device string: 'float64'", "no quotes: minitorch.float64"),
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
    (lambda: mt.optim.SGD(used_up(), lr=0.1), ValueError, "empty parameter list", "list(model.parameters())"),
    (lambda: mt.optim.SGD([{"lr": 0.1}]), KeyError, "needs 'params'", "['lr']"),
    (lambda: mt.optim.SGD(ones(2), lr=0.1), TypeError, "a Tensor", "list"),
    (lambda: mt.optim.SGD([ones(2)], lr=-0.1), ValueError, "learning rate: -0.1"),
    (lambda: mt.optim.Adam([ones(2) * ones(2, requires_grad=True)]), ValueError, "non-leaf"),
    (lambda: mt.utils.data.random_split(range(3), [1, 1]), ValueError, "[1, 1]", "not 3"),
    (lambda: mt.utils.data.random_split(range(3), [0.5, 0.6]), ValueError, "[0.5, 0.6] sum to 1.1, not 3"),
    (lambda: mt.utils.data.TensorDataset(ones(2), ones(3)), AssertionError, "[2, 3]"),
    (lambda: mt.set_default_dtype(mt.int64), TypeError, "minitorch.int64"),
    (lambda: mt.add(ones(2), "a"), TypeError, "str"),
    (lambda: ones(2).long() + 2**70, RuntimeError, "int64 without overflow", "1180591620717411303424"),
    (lambda: mt.hypot(ones(2), ones(2, 3)), RuntimeError, "tensor a (2)", "tensor b (3)", "[2] and [2, 3]"),
    (lambda: mt.device([]), TypeError, "'type' must be str, not list"),
    (lambda: mt.device("gpu"), RuntimeError, "'gpu'", "'cuda:0'"),
    (lambda: mt.device("cuda:0", 1), RuntimeError, "'cuda:0'"),
    # indices
    (lambda: ones(2).index_select(0, mt.tensor([[0]])), IndexError, "index_select()", "vector, but got 2 dimensions"),
    (lambda: ones(2).index_select(0, mt.tensor([-1])), IndexError, "index -1 is out of range", "not negative"),
    (lambda: ones(2, 2).take_along_dim(mt.tensor([1]), 1), RuntimeError, "same number of dimensions, but got 2 and 1"),
    (lambda: ones(2, 2).gather(0, mt.tensor([0])), RuntimeError, "gather() got 1 and 2"),
    (lambda: ones(2, 2).gather(0, mt.tensor([[0, 0, 0]])), RuntimeError, "[1, 3]", "[2, 2]", "apart from dimension 0"),
    (lambda: ones(2, 2).scatter_add(0, mt.tensor([[0]]), 1.0), TypeError, "argument 'src'", "not float"),
    (lambda: ones(2, 2).scatter_add(0, mt.tensor([[0]]), ones(1)), RuntimeError, "src [1]", "input [2, 2]"),
    (lambda: ones(1, 1).scatter_add(0, mt.tensor([[0]]), ones(1, 1).double()), RuntimeError, "float32 and minitorch.float64"),
    (lambda: ones(2, 2).scatter(0, mt.tensor([[0]]), ones(1)), RuntimeError, "src [1]", "input [2, 2]"),
    (lambda: ones(2, 2).scatter(0, mt.tensor([[0, 1]]), ones(1, 1)), RuntimeError, "index [1, 2]", "src [1, 1]"),
    (lambda: ones(1, 1).scatter(0, mt.tensor([[0]]), ones(1, 1).long()), RuntimeError, "float32 and minitorch.int64"),
    (
        lambda: ones(1, 1, requires_grad=True).scatter(0, mt.tensor([[0]]), ones(1, 1), reduce="multiply"),
        RuntimeError,
        ".detach()",
    ),
    (lambda: ones(2).index_copy(0, mt.tensor([0]), ones(1).double()), RuntimeError, "float32 and minitorch.float64"),
    (lambda: ones(2).index_copy(0, mt.tensor([[0]]), ones(1)), IndexError, "dimension 1 or 0", "got 2D of minitorch.int64"),
    (lambda: ones(2).index_copy(0, mt.tensor([0, 1]), ones(1)), IndexError, "indices (2)", "source is [1]"),
    (lambda: ones(2, 3).index_copy(0, mt.tensor([0]), ones(1, 2)), RuntimeError, "same slice shapes", "[2, 3] and [1, 2]"),
    (lambda: ones(2).index_copy(0, mt.tensor([5]), ones(1)), IndexError, "index 5 is out of bounds", "size 2"),
    (lambda: ones(2).index_put(mt.tensor([0]), ones(1)), TypeError, "must be tuple of Tensors, not Tensor"),
    (lambda: ones(2).index_put((mt.tensor([0]),), ones(1).long()), IndexError, "dtypes match", "minitorch.int64"),
    (lambda: ones(2).index_add(0, mt.tensor([0]), ones(1).long()), RuntimeError, "one type", "minitorch.int64"),
    (lambda: ones(2).index_add(0, mt.tensor([2]), ones(1)), IndexError, "[2]", "2 slices"),
    (lambda: ones(2).index_add(0, mt.tensor([0, 1]), ones(1)), RuntimeError, "index [2]", "source [1] along dimension 0"),
    (lambda: mt.repeat_interleave(ones(2), -1), RuntimeError, "integers from 0 on, but got -1"),
    (lambda: mt.repeat_interleave(ones(2), mt.tensor([1, 2, 3])), RuntimeError, "along dim 0: 3 and 2"),
    (lambda: mt.tril(ones(2)), RuntimeError, "tril: ", "at least 2 dimensions, got [2]"),
    (lambda: mt.diag(ones(1, 1, 1)), RuntimeError, "Got 3D"),
    # joining and splitting
    (lambda: mt.cat([ones(2), mt.tensor(1.0)]), RuntimeError, "(at position 1)", "stack() joins numbers"),
    (lambda: mt.stack([]), RuntimeError, "non-empty"),
    (lambda: ones(2).split(-1), RuntimeError, "split_size=-1"),
    (lambda: mt.tensor(1.0).split(1), RuntimeError, "split expects at least a 1-dimensional tensor", "x[None]"),
    (lambda: mt.tensor(1.0).chunk(1), RuntimeError, "chunk expects at least a 1-dimensional tensor"),
    (lambda: mt.tensor(1.0).narrow(0, 0, 1), RuntimeError, "narrow expects at least a 1-dimensional tensor"),
    (lambda: mt.tensor(1.0).unbind(), IndexError, "unbind expects at least a 1-dimensional tensor"),
    (lambda: mt.tensor(1.0).repeat_interleave(2, 0), IndexError, "repeat_interleave expects at least a 1-dimensional tensor"),
    (lambda: ones(2).split(True), TypeError, "ints, not bool"),
    (lambda: mt.block_diag(ones(1, 1, 1)), RuntimeError, "Input 0 has 3 dimensions"),
    (lambda: mt.block_diag(), RuntimeError, "at least one tensor"),
    (lambda: mt.tensor(1).tensor_split(2), RuntimeError, "at least a 1-dimensional tensor"),
    (lambda: ones(2).tensor_split(0), RuntimeError, "larger than 0, got 0"),
    (lambda: ones(2).repeat(), TypeError, "x.repeat(2, 1)"),
    (lambda: ones(2, 2).repeat(2), RuntimeError, "[2] for a tensor of 2 dimensions"),
    (lambda: mt.meshgrid(ones(2), indexing="yx"), RuntimeError, "'xy' or 'ij'", "yx"),
    (lambda: mt.meshgrid(ones(2), ones(2).long(), indexing="ij"), RuntimeError, "all of one dtype"),
    (lambda: mt.meshgrid(ones(2, 2), indexing="ij"), RuntimeError, "0D or 1D", "[2, 2]"),
    (lambda: mt.combinations(ones(2, 2)), RuntimeError, "1D vector", "[2, 2]"),
    # shapes
    (lambda: ones(2).sum("0"), TypeError, "int"),
    (lambda: mt.unsqueeze(ones(2), 0.5), TypeError, "int", "float"),
    (lambda: mt.tensor(1).unflatten(0, (1,)), RuntimeError, "0 dimensions has none to unflatten", "dim 0 into [1]"),
    (lambda: ones(4).unflatten(0, (-1, -1)), RuntimeError, "only one dimension can be inferred", "[-1, -1]"),
    (lambda: ones(2, 2).movedim(0, (0, 1)), RuntimeError, "source ([0] dims)", "destination ([0, 1] dims)"),
    (lambda: ones(2, 2).expand(2), RuntimeError, "(1)", "(2)"),
    (lambda: ones(2, 2).sum_to_size(3), RuntimeError, "[3]", "[2, 2]"),
    (lambda: ones(2, 2).roll((1, 1)), RuntimeError, "shifts: 2, dims:0"),
    (lambda: ones(2, 2).rot90(1, (0,)), RuntimeError, "total rotation dims == 2", "dims = 1"),
    (lambda: ones(2, 2).rot90(1, (0, 0)), RuntimeError, "dim0 = 0 and dim1 = 0"),
    (lambda: mt.broadcast_tensors([ones(2)]), TypeError, "one after the other, but got list"),
    # statistics and scans
    (lambda: mt.norm(ones(0), float("inf")), RuntimeError, "order inf takes the largest", "input is [0]"),
    (lambda: mt.norm(ones(0), -float("inf")), RuntimeError, "order -inf takes the smallest", "input is [0]"),
    (lambda: mt.norm(ones(2), "two"), RuntimeError, "order 'two'", "'fro'"),
    (lambda: mt.norm(ones(2).long()), RuntimeError, "minitorch.int64", ".float()"),
    (lambda: mt.linalg.vector_norm(ones(2).long()), RuntimeError, "minitorch.int64", ".float()"),
    (lambda: mt.cdist(ones(2, 2), ones(2, 2), -1.0), RuntimeError, "non-negative p", "-1.0"),
    (lambda: mt.cov(ones(2) > 0), RuntimeError, "bool", ".float()"),
    (lambda: mt.cov(ones(2), fweights=ones(2)), RuntimeError, "fweights to have integral dtype", "minitorch.float32"),
    (lambda: mt.cov(ones(2), aweights=ones(2) * 0), RuntimeError, "weights sum to zero"),
    (lambda: mt.aminmax(ones(0)), RuntimeError, "empty dimension"),
    (lambda: mt.histc(mt.tensor([1.0, float("inf")])), RuntimeError, "range of [1.0, inf] is not finite"),
    (lambda: mt.histogram(ones(2), 0), RuntimeError, "bins must be > 0, but got 0"),
    (lambda: mt.histogram(ones(2), "a"), TypeError, "str"),
    (lambda: mt.vander(ones(2), -1), RuntimeError, "N must be non-negative, but it is -1"),
    # products
    (lambda: mt.mv(ones(2), ones(2)), RuntimeError, "a matrix and a vector, got 1D and 1D"),
    (lambda: mt.dot(ones(2, 2), ones(2)), RuntimeError, "1D tensors expected, but got 2D and 1D"),
    (lambda: mt.bmm(ones(2, 1, 1), ones(3, 1, 1)), RuntimeError, "2 and 3 must be equal"),
    (lambda: mt.outer(ones(2, 2), ones(2)), RuntimeError, "two vectors", "[2, 2] and [2]"),
    (lambda: mt.trace(ones(2)), RuntimeError, "expected a matrix", "dim 1"),
    (lambda: mt.addmm(ones(1, 1), ones(1, 1).double(), ones(1, 1).double()), RuntimeError, "float32 and minitorch.float64"),
    (lambda: mt.einsum("i;j", ones(2)), RuntimeError, "letters, commas", "'i;j'"),
    (lambda: mt.einsum("i,i", ones(2), ones(3)), RuntimeError, "the letter 'i' of 'i,i' has the sizes 2 and 3"),
    (lambda: mt.einsum("ii", ones(2, 3)), RuntimeError, "subscript i is repeated", "2 != 3"),
    (lambda: F.linear(ones(2, 3), ones(1, 2, 3)), RuntimeError, "(out, in)", "[1, 2, 3]"),
    (lambda: F.linear(ones(2, 3), ones(4, 3), ones(3)), RuntimeError, "[3]"),
    (lambda: F.linear(ones(2, 3), ones(4, 3).double()), RuntimeError, "float"),
    (lambda: F.embedding(mt.tensor([0]), ones(2, 2), padding_idx=3), AssertionError, "-2 to 1, but got 3"),
    (lambda: F.embedding(mt.tensor([0]), ones(2, 2), sparse=True), NotImplementedError, "sparse=True", "leave sparse=False"),
    (lambda: F.one_hot(mt.tensor([0]), 2.0), TypeError, "'num_classes' (position 2) must be int, not float"),
    (lambda: F.one_hot(mt.zeros(0).long()), RuntimeError, "empty tensor [0]", "give it"),
    # losses
    (lambda: F.binary_cross_entropy(ones(2), ones(2), ones(3, 1)), RuntimeError, "weight of shape [3, 1]", "input, [2]"),
    (lambda: F.nll_loss(mt.tensor(1.0), mt.tensor(0)), ValueError, "at least one dimension, the classes"),
    (lambda: F.nll_loss(ones(2), mt.tensor([0])), ValueError, "an input [2] of classes alone", "not [1]"),
    (lambda: F.nll_loss(ones(1, 2), mt.tensor([0]), ones(2, requires_grad=True)), RuntimeError, "weight.detach()"),
    (lambda: F.nll_loss(ones(1, 2), mt.tensor([0]), ones(2).double()), RuntimeError, "float32 but found minitorch.float64"),
    (lambda: F.cross_entropy(ones(2, 3).long(), ones(2, 3)), RuntimeError, "scores come first, then the labels"),
    (lambda: F.cross_entropy(ones(2, 3), ones(2, 2)), RuntimeError, "of shape [2, 3], got [2, 2]", "target.long()"),
    (lambda: F.cross_entropy(ones(2, 3), ones(2, 3), ignore_index=0), RuntimeError, "ignore_index", "a class number"),
    (
        lambda: F.cross_entropy(ones(2, 3), mt.tensor([0, 1]), label_smoothing=1.5),
        RuntimeError,
        "between 0.0 and 1.0. Got: 1.5",
    ),
    (lambda: F.gaussian_nll_loss(ones(2), ones(2), -1.0), ValueError, "negative entry/entries, such as -1.0"),
    (lambda: F.gaussian_nll_loss(ones(2, 2), ones(2, 2), ones(3)), ValueError, "[3] for an input of [2, 2]"),
    (lambda: F.multi_margin_loss(ones(1, 2), mt.tensor([0]), p=3), ValueError, "p == 1 and p == 2", "got 3"),
    (lambda: F.multi_margin_loss(ones(1, 2), mt.tensor([0]), weight=ones(1, 2)), ValueError, "one-dimensional, got [1, 2]"),
    (lambda: F.triplet_margin_loss(ones(2), ones(2), ones(2), margin=0.0), ValueError, "greater than 0, got 0.0"),
    # layers of functions
    (lambda: F.prelu(ones(2, 2), ones(1, 2)), RuntimeError, "scalar or 1D tensor", "ndim = 2"),
    (lambda: F.hardtanh(ones(2).to(mt.uint8), -1, 1), RuntimeError, "minitorch.uint8", "-1", ".float()"),
    (lambda: F.feature_alpha_dropout(ones(2), 0.5, True), RuntimeError, "at least 2 dimensions in the input, got [2]"),
    (lambda: F.pad(ones(1, 1, 0), (1, 1), "reflect"), RuntimeError, "mode 'reflect', but got: [1, 1, 0]"),
    (
        lambda: F.pad(ones(1, 1, 3), (-2, -2), "reflect"),
        RuntimeError,
        "size 3 is too small at dimension 2 for padding (-2, -2)",
    ),
    (lambda: F.interpolate(ones(1, 1, 3), 2.5), TypeError, "size must be an int or a tuple of ints, not 2.5"),
    (lambda: F.interpolate(ones(1, 1, 3), scale_factor=float("nan")), TypeError, "finite number", "nan"),
    (lambda: F.pixel_shuffle(ones(1, 4, 1, 1), True), TypeError, "int", "bool"),
    # filling and drawing
    (lambda: ones(2).fill_("a"), TypeError, "a number or a Tensor of no dimension, not str"),
    (lambda: mt.full_like(ones(2), "a"), TypeError, "full_like()", "'fill_value' must be a number, not str"),
    (lambda: ones(2).long().fill_(2**70), RuntimeError, "int64 without overflow", "1180591620717411303424"),
    (lambda: ones(2).new_zeros(-1), RuntimeError, "negative dimension", "[-1]"),
    (lambda: ones(2).uniform_(0, float("inf")), RuntimeError, "finite bounds", "to=inf"),
    (lambda: ones(2).uniform_(2, 1), RuntimeError, "from=2", "to=1"),
    (lambda: ones(2).half().uniform_(-1e5, 1e5), RuntimeError, "does not fit minitorch.float16"),
    (lambda: ones(2).normal_(0, -1), RuntimeError, "std -1"),
    (lambda: ones(2).bernoulli_(2.0), RuntimeError, "p=2.0"),
    (lambda: ones(2).to(mt.uint8).random_(0, 1000), RuntimeError, "random_: ", "out of bounds for minitorch.uint8"),
    (lambda: ones(2).long().normal_(), NotImplementedError, "minitorch.int64"),
    # creation
    (lambda: mt.tensor({1}), RuntimeError, "infer dtype of set"),
    (lambda: mt.tensor([1, 2**70]), ValueError, "int64 holds -2^63 to 2^63 - 1"),
    (lambda: mt.tensor([300], dtype=mt.uint8), RuntimeError, "minitorch.uint8 without overflow"),
    (lambda: mt.full(2, 1.0), TypeError, "'size' (position 1) must be tuple of ints, not int"),
    (lambda: mt.tril_indices(2, 2, layout=1), ValueError, "layout must be None, not 1"),
    (lambda: mt.triu_indices(2, 2, dtype=mt.bool), NotImplementedError, "minitorch.bool"),
    (lambda: mt.triu_indices(-1, 2), RuntimeError, "non-negative, got -1 and 2"),
    (lambda: mt.arange(), TypeError, "but got 0 arguments"),
    (lambda: mt.arange("a"), TypeError, "numbers, not str"),
    (lambda: mt.arange(float("nan")), RuntimeError, "finite numbers", "nan"),
    (lambda: mt.arange(0, 1, 0), RuntimeError, "step must be nonzero"),
    (lambda: mt.arange(300, dtype=mt.int8), RuntimeError, "the integers from 0 to 299 do not all fit int8 (-128 to 127)"),
    (lambda: mt.arange(300, dtype=mt.uint8), RuntimeError, "from 0 to 299", "uint8"),
    (lambda: mt.arange(3, dtype=mt.bool), RuntimeError, "from 0 to 2", "bool (0 to 1)"),
    (lambda: mt.linspace(0, 1, 2.0), TypeError, "int", "float"),
    (lambda: mt.linspace(0, 1, -1), RuntimeError, "non-negative, got -1"),
    (lambda: mt.linspace("a", 1, 2), TypeError, "str"),
    (lambda: mt.finfo(mt.int64), TypeError, "floating point type, not minitorch.int64", "iinfo()"),
    (lambda: mt.iinfo(mt.float32), TypeError, "integer type, not minitorch.float32", "finfo()"),
    (lambda: mt.asarray([1], copy=False), ValueError, "can't alias list"),
    # modules
    (lambda: nn.Linear(1, 1).register_buffer(1, None), TypeError, "buffer name should be a string, got int"),
    (lambda: nn.Linear(1, 1).register_buffer("a.b", None), KeyError, '"."', "a.b"),
    (lambda: nn.Linear(1, 1).register_buffer("forward", None), KeyError, "attribute 'forward' already exists"),
    (lambda: nn.Linear(1, 1).register_buffer("b", 1.0), TypeError, "'float' object to buffer 'b'"),
    (lambda: nn.Linear(1, 1).register_parameter("p", ones(1)), TypeError, "'p'", "Parameter"),
    (lambda: nn.Linear(1, 1).add_module("m", nn.ReLU), TypeError, "ReLU is a class, not a module: write ReLU()"),
    (lambda: nn.Linear(1, 1).add_module("m", [nn.ReLU()]), TypeError, "list is not a Module subclass: unpack the list"),
    (lambda: (lambda m: m.add_module("m", m))(nn.Sequential()), ValueError, "Sequential would contain itself"),
    (lambda: setattr(nn.Sequential(nn.ReLU()), "0", 1), TypeError, "cannot assign 'int' as child module '0'"),
    (lambda: setattr(nn.BatchNorm1d(1), "running_mean", 1), TypeError, "cannot assign 'int' as buffer 'running_mean'"),
    (lambda: nn.Linear(1, 1).get_submodule("weight"), AttributeError, "`weight` is not an nn.Module"),
    (lambda: nn.Linear(1, 1).train("yes"), ValueError, "boolean, got 'yes'"),
    (lambda: nn.Linear(1, 1).to(mt.int64), TypeError, "floating point dtypes", "minitorch.int64"),
    (lambda: nn.Linear(1, 1).load_state_dict([1]), TypeError, "dict-like", "list"),
    (lambda: nn.ReLU().load_state_dict({"a": ones(1)}), RuntimeError, 'Unexpected key(s) in state_dict: "a"'),
    (lambda: nn.PReLU().load_state_dict({"weight": 1.0}), RuntimeError, '"weight", expected a Tensor but got float'),
    (lambda: nn.Parameter([1.0]), TypeError, "expects a Tensor, got list", "minitorch.tensor(...)"),
    (lambda: nn.Buffer([1.0]), TypeError, "expects a Tensor, got list", "minitorch.tensor(...)"),
    (lambda: nn.parameter.UninitializedParameter("a"), TypeError, "'requires_grad' must be bool, not str"),
    (lambda: nn.Sequential(nn.ReLU())[1], IndexError, "index 1 is out of range for 1 modules"),
    (lambda: nn.Sequential().insert(1, nn.ReLU()), IndexError, "insert(1) into a Sequential of 0 modules"),
    (lambda: nn.Sequential() * 0, ValueError, "once or more, not 0 times"),
    (lambda: nn.Sequential() * 1.5, TypeError, "float"),
    (lambda: operator.iadd(nn.Sequential(), [nn.ReLU()]), TypeError, "'Sequential' and 'list'"),
    (lambda: operator.imul(nn.Sequential(), 0.5), TypeError, "float"),
    (lambda: nn.ParameterDict().popitem(), KeyError, "the ParameterDict is empty"),
    (lambda: nn.ParameterDict().update(3), TypeError, "int"),
    (lambda: nn.Embedding(2, 2, _weight=ones(3, 2)), AssertionError, "[3, 2] and [2, 2]"),
    # optimizers and schedules
    (lambda: mt.optim.SGD([nn.Parameter(ones(1))]).add_param_group([1]), TypeError, "param_group must be a dict", "list"),
    (lambda: mt.optim.SGD([("a", nn.Parameter(ones(1))), nn.Parameter(ones(1))]), ValueError, "with/without names"),
    (lambda: mt.optim.SGD([1.0]), TypeError, "float"),
    (lambda: mt.optim.SGD([nn.Parameter(ones(1))]).load_state_dict({}), ValueError, "'state' and 'param_groups'"),
    (lambda: mt.optim.Adam([nn.Parameter(ones(1))], betas=0.9), TypeError, "two numbers such as (0.9, 0.999), not 0.9"),
    (lambda: mt.optim.SGD([nn.Parameter(ones(1))], lr="a"), TypeError, "str"),
    (lambda: mt.optim.lr_scheduler.StepLR(3, 1), TypeError, "int is not an Optimizer"),
    (lambda: mt.optim.lr_scheduler.StepLR(sgd(), 1).load_state_dict([]), TypeError, "a dict from state_dict(), not list"),
    (lambda: mt.optim.lr_scheduler.StepLR(sgd(), 1, last_epoch=3), KeyError, "initial_lr"),
    (lambda: mt.optim.lr_scheduler.CyclicLR(sgd(), 0.1, 1.0, scale_fn=3), TypeError, "not int"),
    (lambda: mt.optim.lr_scheduler.CyclicLR(sgd(), 0.1, 1.0, scale_fn=abs, scale_mode="x"), ValueError, "'x'", "'iterations'"),
    (lambda: mt.optim.lr_scheduler.OneCycleLR(sgd(), 1.0, epochs=0, steps_per_epoch=3), ValueError, "but got 0 and 3"),
    (
        lambda: mt.optim.lr_scheduler.OneCycleLR(sgd(), 1.0, total_steps=0),
        ValueError,
        "positive integer total_steps, but got 0",
    ),
    (lambda: mt.optim.lr_scheduler.OneCycleLR(sgd(), 1.0, 5, div_factor=0.0), ValueError, "must be positive, but got 0.0"),
    # packed sequences
    (lambda: nn.utils.rnn.pack_padded_sequence(ones(2), [1]), RuntimeError, "at least 2 dimensions, but got [2]"),
    (lambda: nn.utils.rnn.pack_padded_sequence(ones(2, 1), ["a"]), TypeError, "whole numbers", "['a']"),
    (lambda: nn.utils.rnn.pack_padded_sequence(ones(2, 1), [[1]]), RuntimeError, "one row of whole numbers"),
    (lambda: nn.utils.rnn.pad_packed_sequence(ones(2)), TypeError, "expects a PackedSequence, not Tensor"),
    (lambda: nn.utils.rnn.unpad_sequence(ones(2), mt.tensor([1])), RuntimeError, "at least 2 dimensions", "[2]"),
    (lambda: nn.utils.rnn.unpad_sequence(ones(2, 2), mt.tensor([1])), ValueError, "1 lengths for 2 sequences"),
    (lambda: nn.utils.rnn.PackedSequence(1, mt.tensor([1])), TypeError, "int"),
    # gradients
    (lambda: mt.autograd.backward(3), TypeError, "Tensor", "int"),
    (lambda: mt.autograd.backward(ones(1, requires_grad=True) * 1, 3.0), TypeError, "float"),
    (lambda: (lambda x: setattr(x, "grad", x))(ones(1)), RuntimeError, "as its own grad"),
    (lambda: setattr(ones(1), "grad", ones(1).double()), RuntimeError, "float64 for", "float32"),
    (lambda: mt.autograd.grad(ones(1, requires_grad=True) * 1, []), RuntimeError, "cannot be empty"),
    (lambda: (other_grad() ** 2).sum().backward(), RuntimeError, "[3]", "[4]", ".grad = None"),
    (lambda: mt.autograd.grad(ones(1, requires_grad=True) * 1, 3), TypeError, "int"),
    (lambda: mt.autograd.Variable(ones(1), 1), TypeError, "'requires_grad' must be bool, not int"),
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


def layer_classes():
    containers = (nn.Module, nn.ModuleDict, nn.ModuleList, nn.ParameterDict, nn.ParameterList)
    take_any = (nn.Identity, nn.BCELoss, nn.BCEWithLogitsLoss, nn.CrossEntropyLoss, nn.MultiLabelSoftMarginLoss, nn.NLLLoss)
    found = [value for value in vars(nn).values() if isinstance(value, type) and issubclass(value, nn.Module)]
    return [cls for cls in found if cls not in (*containers, *take_any)]


@pytest.mark.parametrize("cls", layer_classes(), ids=lambda cls: cls.__name__)
def test_a_layer_that_is_given_its_input_says_how_to_call_it(cls):
    with pytest.raises(TypeError) as caught:
        cls(mt.ones(1, 1, 4, 4))
    assert re.search(rf"; make the layer first, then call it: {cls.__name__}\([^()]*\)\([^()]+\)$", str(caught.value))
    assert str(caught.value).count("the layer") == 1


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: nn.MaxPool2d(ones(4)),
            "MaxPool2d.__init__(): argument 'kernel_size' (position 1) must be int or tuple of ints, not Tensor; "
            "make the layer first, then call it: MaxPool2d(kernel_size)(input)",
        ),
        (
            lambda: nn.Upsample(nn.ReLU()),
            "Upsample.__init__(): argument 'size' (position 1) must be int, tuple of ints or None, not ReLU",
        ),
        (lambda: nn.GELU(approximate=ones(2)), "GELU.__init__(): argument 'approximate' must be str, not Tensor"),
        (
            lambda: nn.Linear(2, 1)([1.0, 2.0]),
            "linear(): argument 'input' (position 1) must be Tensor, not list; minitorch.tensor(list) makes it one",
        ),
    ],
)
def test_a_setting_or_an_input_of_another_type(call, sentence):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == sentence


def two_backwards(weight):
    """The weight is changed in place between two backward()."""
    loss = (ones(2, 3, requires_grad=True) @ weight).sum()
    loss.backward(retain_graph=True)
    with mt.no_grad():
        weight.add_(1)
    loss.backward()


def carried_state():
    layer, h = nn.RNN(2, 3), None
    for _ in range(2):
        out, h = layer(ones(1, 1, 2), h)
        out.sum().backward()


class SavesNumber(mt.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x, 3)
        return x * 3


WAYS_OUT = [  # what is done, words that the sentence contains, words that it does not
    (lambda: nn.Conv2d(32, 4, 3)(ones(2, 16, 32, 32)), "got 16 channels", "permute"),
    (lambda: nn.Conv2d(6, 4, 3)(nn.Conv2d(3, 4, 3)(ones(2, 3, 9, 8))), "got 4 channels", "permute"),
    (lambda: nn.Conv2d(3, 4, 3)(ones(2, 8, 9, 3)), "if the channels are last, x.permute(0, 3, 1, 2)", "; the channels"),
    (lambda: two_backwards(ones(3, 1, requires_grad=True)), "which optimizer.step() changes: run the forward", "clone"),
    (lambda: two_backwards(ones(1, 3, requires_grad=True).T), "which optimizer.step() changes", "clone"),
    (lambda: two_backwards(ones(3, 1, requires_grad=True) * 1), "Change a .clone() of it", "optimizer"),
    (carried_state, "the state of a recurrent layer, pass on .detach()", "clone"),
    (lambda: nn.LSTM(2, 3)(ones(5, 1, 2).long()), "input.to(minitorch.float32) converts", "model.to"),
    (lambda: nn.LSTM(2, 3)(ones(5, 1, 2).double()), "input.to(minitorch.float32) or model.to(minitorch.float64)", "int"),
    (lambda: F.binary_cross_entropy(ones(2), mt.tensor([0.0, 2.0])), "for class numbers there is cross_entropy", "raw scores"),
    (lambda: F.binary_cross_entropy(ones(2) + 1, ones(2)), "for raw scores there is binary_cross_entropy_with_logits", "class"),
    (lambda: nn.Linear(2, 1)(mt.tensor([[1, 2]])), "int64 != float32; x.to(minitorch.float32) makes", "double"),
    (
        lambda: ones(2, 2).double() @ ones(2, 2),
        "x.to(minitorch.float64) or x.to(minitorch.float32) makes",
        "int",
    ),
    (lambda: mt.save("a.pt", nn.Linear(2, 1).state_dict()), "got OrderedDict; the arguments are save(obj, path)", "weight"),
    (lambda: mt.load(""), "but got ''", "save"),
    (lambda: nn.ReLU().load_state_dict("s.pt"), "got <class 'str'>. minitorch.load(path) reads a file", ".state_dict()"),
    (lambda: nn.ReLU().load_state_dict(nn.ReLU()), "Pass its .state_dict()", "minitorch.load("),
    (lambda: mt.stack([[ones(1)]]), "not list; minitorch.stack(list) makes it one", "minitorch.tensor("),
    (lambda: F.cross_entropy(ones(1, 3), mt.tensor(1)), "one for each input: minitorch.tensor([1])", "tensor(1)"),
    (lambda: F.cross_entropy(ones(2, 3), mt.tensor(1)), "(none). The target of a batch is a vector", "minitorch.tensor"),
    (lambda: F.cross_entropy(ones(2, 3), mt.tensor([1])), "target batch_size (1).", "vector"),
    (lambda: SavesNumber.apply(ones(1, requires_grad=True)), "takes Tensors, and got int", "promote"),
]


@pytest.mark.parametrize(("call", "has", "has_not"), WAYS_OUT)
def test_a_way_out_is_one_for_this_call(call, has, has_not):
    with pytest.raises((RuntimeError, TypeError, ValueError)) as caught:
        call()
    assert has in str(caught.value)
    assert has_not not in str(caught.value)
