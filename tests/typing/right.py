"""Programs that mypy --strict and pyright must accept, and the types that they must find. test_typing.py runs them, too."""

from typing import assert_type

import numpy as np

import minitorch
import minitorch.nn.functional as F
from minitorch import Tensor, nn, optim
from minitorch.nn.utils.rnn import PackedSequence, pack_sequence
from minitorch.utils.data import DataLoader, Dataset, TensorDataset, random_split


class Digits(Dataset[tuple[Tensor, int]]):
    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return minitorch.randn(1, 8, 8), index % 3

    def __len__(self) -> int:
        return 12


class Net(nn.Module):
    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(4 * 4 * 4, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.features(x))
        x = F.leaky_relu(x, 0.1) + F.max_pool2d(x, 3, stride=1, padding=1)
        return self.classifier(self.dropout(x.flatten(1)))


def train(epochs: int) -> float:
    minitorch.manual_seed(0)
    training, validation = random_split(Digits(), [9, 3])
    loader = DataLoader(training, batch_size=3, shuffle=True)
    net, criterion = Net().train(), nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.1)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    for _ in range(epochs):
        for images, labels in loader:
            optimizer.zero_grad()
            loss = criterion(net(images), labels)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            assert_type(norm, Tensor)
            optimizer.step()
        scheduler.step()
    net.eval()
    with minitorch.no_grad():
        logits = minitorch.cat([net(images) for images, _ in DataLoader(validation)])
        best, index = logits.max(1)
        assert_type(best, Tensor)
        right = (index == minitorch.zeros(3, dtype=minitorch.int64)).float().mean()
    state = net.state_dict()
    Net().load_state_dict(state)
    assert_type(net, Net)
    return float(right.item())


train(1)

# ---- tensors ---------------------------------------------------------------------------------------------------------

x = minitorch.tensor([[3.0, 1.0], [2.0, 4.0]], requires_grad=True)
assert_type(x, Tensor)
assert_type(x.shape[0], int)
assert_type(x.size(0), int)
assert_type(x.size(), minitorch.Size)
assert_type(x.stride(0), int)
assert_type(x.numel(), int)
assert_type(x.type(), str)
assert_type(x.type(minitorch.float64), Tensor)
assert_type(x.grad, Tensor | None)
assert_type(x.dtype, minitorch.dtype)
assert_type(x.double().int().bool(), Tensor)
assert_type(x + 1, Tensor)
assert_type(2 * x - x / 3, Tensor)
assert_type(x @ x, Tensor)
assert_type(-x, Tensor)
assert_type(x == 1, Tensor)
assert_type(x != x, Tensor)
assert_type((x > 1) & (x < 3), Tensor)
assert_type(x + np.ones(2), Tensor)
assert_type(x[0], Tensor)
assert_type(x[:, None, ..., 0], Tensor)
assert_type(x.T, Tensor)
assert_type(x.detach(), Tensor)
assert_type(x.detach().add_(1.0, alpha=2).mul_(2).clamp_(min=0.0).squeeze_(0), Tensor)
assert_type(x.to(minitorch.float64), Tensor)
y = x.detach()
y += 1
assert_type(y, Tensor)
assert_type(minitorch.add(2, x), Tensor)
assert_type(minitorch.exp(x), Tensor)
assert_type(minitorch.det(x), Tensor)
assert_type(minitorch.is_grad_enabled(), bool)
assert_type(minitorch.pi, float)

# ---- what returns several tensors -------------------------------------------------------------------------------------

assert_type(x.max(), Tensor)
assert_type(x.max(1).values, Tensor)
assert_type(minitorch.max(x, x), Tensor)
assert_type(minitorch.min(x, 0, keepdim=True).indices, Tensor)
assert_type(x.median(), Tensor)
assert_type(x.median(dim=1).values, Tensor)
assert_type(x.sort(descending=True).indices, Tensor)
assert_type(minitorch.topk(x, 1).values, Tensor)
assert_type(x.kthvalue(1).indices, Tensor)
assert_type(x.mode().indices, Tensor)
assert_type(minitorch.linalg.qr(x).R, Tensor)
assert_type(minitorch.linalg.lstsq(x, x).rank, Tensor)
assert_type(minitorch.trapz(x, dx=0.5), Tensor)
assert_type(minitorch.cumulative_trapezoid(x, x[0]), Tensor)
assert_type(x.clone().geometric_(0.5), Tensor)
assert_type(nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)), nn.Linear)
assert_type(nn.utils.parametrize.register_parametrization(nn.Conv2d(1, 2, 3), "weight", nn.Tanh()), nn.Conv2d)
minitorch.optim.NAdam([nn.Parameter(minitorch.ones(2))], momentum_decay=0.01)
minitorch.optim.RAdam([nn.Parameter(minitorch.ones(2))], decoupled_weight_decay=True)
assert_type(x.cummax(0).values, Tensor)
assert_type(minitorch.aminmax(x).max, Tensor)
assert_type(minitorch.histogram(x.detach(), 4).hist, Tensor)
assert_type(x.unique(), Tensor)
assert_type(minitorch.unique(x, return_counts=True), tuple[Tensor, Tensor])
assert_type(minitorch.unique(x, return_inverse=True, return_counts=True), tuple[Tensor, Tensor, Tensor])
assert_type(x.nonzero(), Tensor)
assert_type(x.nonzero(as_tuple=True), tuple[Tensor, ...])
assert_type(minitorch.where(x > 1), tuple[Tensor, ...])
assert_type(minitorch.where(x > 1, x, 0.0), Tensor)
assert_type(x.chunk(2), tuple[Tensor, ...])
assert_type(minitorch.atleast_2d(x), Tensor)
assert_type(minitorch.atleast_2d(x, x), tuple[Tensor, ...])
assert_type(minitorch.linalg.svd(x).Vh, Tensor)
assert_type(minitorch.linalg.eigh(x).eigenvalues, Tensor)
assert_type(x.slogdet().logabsdet, Tensor)
image = minitorch.randn(1, 1, 4, 4)
assert_type(F.max_pool2d(image, 2), Tensor)
assert_type(F.max_pool2d(image, (2, 2), return_indices=True), tuple[Tensor, Tensor])
assert_type(F.adaptive_max_pool2d(image, 2), Tensor)
assert_type(F.conv2d(image, minitorch.randn(1, 1, 3, 3), padding="same"), Tensor)
pooled, places = nn.MaxPool2d(2, return_indices=True)(image)
assert_type(nn.MaxUnpool2d(2)(pooled, places), Tensor)

# ---- derivatives -----------------------------------------------------------------------------------------------------


def cube(t: Tensor) -> Tensor:
    return t**3


assert_type(minitorch.autograd.grad(x.sum(), x), tuple[Tensor, ...])
minitorch.autograd.grad(minitorch.autograd.graph.get_gradient_edge(x.sum()), minitorch.autograd.graph.get_gradient_edge(x))
assert_type(minitorch.autograd.functional.jacobian(cube, x), Tensor)
assert_type(minitorch.autograd.functional.vjp(cube, x, x), tuple[Tensor, Tensor])
x.sum().backward()
if x.grad is not None:
    assert_type(x.grad.norm(), Tensor)

# ---- layers with several results, loaders -------------------------------------------------------------------------------

steps = minitorch.randn(5, 2, 3)
output, (h, c) = nn.LSTM(3, 4)(steps)
assert_type(output, Tensor)
assert_type(c, Tensor)
assert_type(nn.GRU(3, 4)(steps), tuple[Tensor, Tensor])
assert_type(nn.GRU(3, 4)(pack_sequence([steps[:, 0]])), tuple[PackedSequence, Tensor])
assert_type(nn.LSTMCell(3, 4)(steps[0]), tuple[Tensor, Tensor])
assert_type(nn.MultiheadAttention(4, 2)(output, output, output), tuple[Tensor, Tensor | None])
assert_type(nn.Linear(3, 4).eval().double(), nn.Linear)
assert_type(nn.Conv2d(1, 2, 3).weight, nn.Parameter)
assert_type(TensorDataset(steps)[0], tuple[Tensor, ...])
typed: DataLoader[Tensor] = DataLoader([1, 2, 3])


@minitorch.no_grad()
def without_recording(t: Tensor) -> Tensor:
    return t * 2


assert_type(without_recording(x), Tensor)
