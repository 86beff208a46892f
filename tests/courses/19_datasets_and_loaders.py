"""Teaches datasets, loaders and splits while an MLP learns a spiral."""
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset, Dataset, random_split
import math

torch.manual_seed(19)


class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return torch.tensor(float(i)), i * i


squares = Squares(10)
print(len(squares), squares[3])
for numbers, labels in DataLoader(squares, batch_size=4):
    print(numbers, labels)
print(len(DataLoader(squares, batch_size=4)), len(DataLoader(squares, batch_size=4, drop_last=True)))
generator = torch.Generator().manual_seed(0)
loader = DataLoader(squares, batch_size=3, shuffle=True, drop_last=True, generator=generator)
for epoch in range(2):
    print("epoch", epoch, [labels.tolist() for _, labels in loader])
print(DataLoader(squares, batch_size=5, shuffle=True).batch_size, next(iter(DataLoader(squares)))[1])

print("\nSplitting and collating")
train, val, test = random_split(squares, [6, 2, 2], generator=torch.Generator().manual_seed(1))
print(len(train), list(train.indices), list(val.indices), list(test.indices))
print(train[0])
print([len(s) for s in random_split(range(10), [0.7, 0.3], generator=torch.Generator().manual_seed(2))])


def pad(batch):
    longest = max(len(b) for b in batch)
    return torch.stack([torch.cat([b, torch.zeros(longest - len(b))]) for b in batch])


ragged = [torch.ones(n) for n in (1, 3, 2)]
print(next(iter(DataLoader(ragged, batch_size=3, collate_fn=pad))))
records = [{"x": torch.tensor([i, i + 1]), "name": f"r{i}"} for i in range(2)]
print(next(iter(DataLoader(records, batch_size=2))))

print("\nA spiral")
n = 60
angle = torch.linspace(0, 2.0 * math.pi, n)
arms = []
for k in range(2):
    arms.append(torch.stack([angle * torch.cos(angle + k * math.pi), angle * torch.sin(angle + k * math.pi)], 1) / 6)
points = torch.cat(arms) + 0.02 * torch.randn(2 * n, 2)
labels = torch.arange(2).repeat_interleave(n)
spiral = TensorDataset(points, labels)
train, val = random_split(spiral, [96, 24], generator=torch.Generator().manual_seed(3))
loader = DataLoader(train, batch_size=32, shuffle=True, generator=torch.Generator().manual_seed(4))

model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2))
loss_fn = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for epoch in range(5):
    model.train()
    losses = []
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
        losses.append(f"{loss.item():.4f}")
    print("epoch", epoch, losses)
model.eval()
with torch.no_grad():
    xb, yb = next(iter(DataLoader(val, batch_size=len(val))))
    print("validation:", xb.shape, yb.sum(), f"loss {loss_fn(model(xb), yb).item():.3f}")
