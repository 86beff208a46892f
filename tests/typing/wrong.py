"""Calls that mypy and pyright must refuse: each line marked as wrong, and no other, has an error. The file is not run."""

import minitorch
import minitorch.nn.functional as F
from minitorch import Tensor, nn, optim

x = minitorch.ones(2, 3)

minitorch.nonsense  # wrong
nn.Conv4d  # wrong
x.nonsense()  # wrong
x + "a"  # wrong
"a" - x  # wrong
minitorch.exp([1.0])  # wrong
minitorch.exp(x, x)  # wrong
minitorch.add(x, "a")  # wrong
x.add_("a")  # wrong
x.add_(1, beta=2)  # wrong
x.mul_()  # wrong
x.reshape_as(3)  # wrong
x.transpose(0)  # wrong
x.max(1).nonsense  # wrong
x.max("rows")  # wrong
x.size("rows")  # wrong
x.grad.norm()  # wrong: it may be None
number: int = x.sum()  # wrong
text: str = x.item()  # wrong
row: list[float] = x[0]  # wrong
minitorch.topk(x)  # wrong
minitorch.topk(x, 2).vals  # wrong
minitorch.unique(x, counts=True)  # wrong
a, b, c = x.sort()  # wrong
minitorch.zeros(2, dtype="float32")  # wrong
minitorch.tensor([1.0], dtype=float, requires_grad="yes")  # wrong
minitorch.linalg.svd(x).V  # wrong
minitorch.where(x, 1)  # wrong
minitorch.manual_seed("zero")  # wrong
minitorch.is_grad_enabled(True)  # wrong

F.conv2d(x, x, strides=2)  # wrong
F.conv2d(x)  # wrong
F.relu(x, True, 3)  # wrong
F.max_pool2d(x)  # wrong
F.max_pool2d(x, 2, return_indices=True).sum()  # wrong
F.cross_entropy(x)  # wrong
F.dropout(x, "half")  # wrong

nn.Linear(3)  # wrong
nn.Linear(3, "four")  # wrong
nn.Conv2d(1, 2, "three")  # wrong
nn.Conv2d(1, 2)  # wrong
nn.ReLU(inplace="yes")  # wrong
nn.ReLU(True, False)  # wrong
nn.ELU(beta=1.0)  # wrong
nn.MaxPool2d()  # wrong
nn.MaxPool2d("two")  # wrong
nn.MaxPool2d(2, strides=2)  # wrong
nn.AvgPool1d(2, divisor_override=3)  # wrong
nn.MSELoss("sum")  # wrong: reduction is keyword-only
nn.CrossEntropyLoss(weight=[1.0, 2.0])  # wrong
nn.CrossEntropyLoss(None, 0)  # wrong
nn.Dropout("half")  # wrong
nn.ConstantPad2d(1)  # wrong
nn.PixelShuffle(2.5)  # wrong
nn.AdaptiveAvgPool2d("one")  # wrong
nn.ZeroPad2d("one")  # wrong
nn.LSTM(3)  # wrong
nn.ReLU()(1.0)  # wrong
nn.ReLU()()  # wrong
nn.Linear(3, 4)(x, x)  # wrong
nn.Linear(3, 4)(x).nonsense  # wrong
nn.MSELoss()(x)  # wrong
nn.GRU(3, 4)(x).sum()  # wrong
nn.ModuleList([3])  # wrong
nn.Parameter("a")  # wrong
nn.init.zeros_("a")  # wrong
nn.utils.clip_grad_norm_(x)  # wrong

optim.SGD()  # wrong
optim.SGD([x], lr="fast")  # wrong
optim.Adam([x], momentum=0.9)  # wrong
optim.lr_scheduler.StepLR(optim.SGD([x]), size=3)  # wrong


class Net(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


Net()("a")  # wrong
Net()(x).nonsense  # wrong
Net().eval().nonsense()
