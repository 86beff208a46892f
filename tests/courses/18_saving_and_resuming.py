"""Teaches saving, loading, and resuming training from a checkpoint."""
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import tempfile
import os
import copy

torch.manual_seed(18)

X = torch.randn(40, 3)
y = (X[:, :1] * X[:, 1:2] + X[:, 2:]).tanh()


def make_model():
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))


def train(model, optimizer, steps):
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 4))
    return losses


model = make_model()
optimizer = optim.Adam(model.parameters(), lr=0.05)
print("before the checkpoint:", train(model, optimizer, 5))

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "weights.pt")
    torch.save(model.state_dict(), path)
    print(os.listdir(folder), os.path.getsize(path) > 0)
    weights = torch.load(path)
    print(type(weights).__name__, list(weights.keys()))
    other = make_model()
    print(other.load_state_dict(weights))
    print("same after loading:", all(torch.equal(a, b) for a, b in zip(other.state_dict().values(), model.state_dict().values())))
    print("same outputs:", torch.equal(model.eval()(X), other.eval()(X)))
    model.train()

    torch.save([torch.arange(3), {"name": "lesson", "x": torch.tensor([1.5, 2.5])}], path)
    print(torch.load(path))
    checkpoint_path = os.path.join(folder, "checkpoint.pt")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 5}, checkpoint_path)
    continued = train(model, optimizer, 8)
    print("continued:", continued)

    checkpoint = torch.load(checkpoint_path)
    print(sorted(checkpoint.keys()), checkpoint["epoch"])
    resumed_model = make_model()
    resumed_optimizer = optim.Adam(resumed_model.parameters(), lr=1.0)
    resumed_model.load_state_dict(checkpoint["model"])
    resumed_optimizer.load_state_dict(checkpoint["optimizer"])
    print("lr restored:", resumed_optimizer.param_groups[0]["lr"])
    print("identical:", train(resumed_model, resumed_optimizer, 8) == continued)

    try:
        torch.load(os.path.join(folder, "missing.pt"))
    except FileNotFoundError as e:
        print(type(e).__name__)

print("\nMismatches")
wrong = nn.Sequential(nn.Linear(3, 8))
print(wrong.load_state_dict(weights, strict=False))
try:
    wrong.load_state_dict(weights)
except RuntimeError as e:
    print(type(e).__name__)

print("\nA state_dict is a live reference, a deep copy is not")
live, frozen = wrong.state_dict(), copy.deepcopy(wrong.state_dict())
with torch.no_grad():
    wrong[0].bias.fill_(9.0)
print(live["0.bias"][0].item(), frozen["0.bias"][0].item() == 9.0)
