"""Teaches recurrence with a cell built from nn.Linear and tanh."""
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(21)


class Cell(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden = hidden
        self.x2h = nn.Linear(inputs, hidden)
        self.h2h = nn.Linear(hidden, hidden, bias=False)

    def forward(self, x, h):
        return torch.tanh(self.x2h(x) + self.h2h(h))


class RNN(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.cell = Cell(inputs, hidden)
        self.out = nn.Linear(hidden, outputs)

    def forward(self, x):
        h, steps = x.new_zeros(x.size(1), self.cell.hidden), []
        for t in range(x.size(0)):
            h = self.cell(x[t], h)
            steps.append(self.out(h))
        return torch.stack(steps), h


print("One cell, weights set by hand")
cell = Cell(1, 2)
with torch.no_grad():
    cell.x2h.weight.copy_(torch.tensor([[1.0], [0.0]]))
    cell.x2h.bias.zero_()
    cell.h2h.weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
    h = torch.zeros(1, 2)
    for value in (0.5, -1.0, 0.25):
        h = cell(torch.tensor([[value]]), h)
        print(value, h)

print("\nSumming a sequence")
model = RNN(1, 12, 1)
print(model)
x = torch.rand(6, 20, 1) - 0.5
target = x.cumsum(dim=0)
print(x.shape, target.shape, torch.allclose(target[-1], x.sum(0)))
optimizer = optim.SGD(model.parameters(), lr=0.1)
for step in range(15):
    out, h = model(x)
    loss = F.mse_loss(out, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"step {step:2d} loss {loss.item():.4f}")

print("\nEchoing symbols two steps later")
symbols = torch.randint(0, 4, (8, 16))
inputs = F.one_hot(symbols, 4).float()
print(symbols[:, 0], inputs.shape)
echo = RNN(4, 16, 4)
optimizer = optim.Adam(echo.parameters(), lr=0.02)
for step in range(10):
    logits, _ = echo(inputs)
    loss = F.cross_entropy(logits[2:].reshape(-1, 4), symbols[:-2].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f}")

print("\nHow far back does the gradient reach?")
probe = torch.zeros(10, 1, 1, requires_grad=True)
out, _ = model(probe)
out[-1].sum().backward()
sizes = probe.grad.abs().flatten()
print("earlier steps matter less:", (sizes[0] < sizes[-1]).item(), sizes.shape)
