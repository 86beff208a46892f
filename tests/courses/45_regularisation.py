"""Teaches penalties, dropout, early stopping, gradient clipping and a search for the learning rate."""
import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, parameters_to_vector, vector_to_parameters
from torch.optim.lr_scheduler import OneCycleLR, CyclicLR, CosineAnnealingWarmRestarts, LinearLR, SequentialLR, PolynomialLR

torch.manual_seed(45)

n_train, n_test, num_inputs = 20, 100, 60
true_w, true_b = torch.ones((num_inputs, 1)) * 0.01, 0.05


def synthetic(n):
    X = torch.normal(0, 1, (n, num_inputs))
    y = X @ true_w + true_b
    return X, y + torch.normal(0.0, 0.01, y.shape)


train_x, train_y = synthetic(n_train)
test_x, test_y = synthetic(n_test)


def l2_penalty(w):
    return torch.sum(w.pow(2)) / 2


def l1_penalty(w):
    return w.abs().sum()


def fit(penalty=None, lambd=0.0, weight_decay=0.0, epochs=60, lr=0.01):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(num_inputs, 1))
    for param in net.parameters():
        param.data.normal_()
    optimizer = torch.optim.SGD([{"params": net[0].weight, "weight_decay": weight_decay}, {"params": net[0].bias}], lr=lr)
    for _ in range(epochs):
        loss = F.mse_loss(net(train_x), train_y)
        if penalty:
            loss = loss + lambd * penalty(net[0].weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return F.mse_loss(net(train_x), train_y).item(), F.mse_loss(net(test_x), test_y).item(), net


for title, kwargs in [("plain", {}), ("l2 by hand", dict(penalty=l2_penalty, lambd=3)), ("weight decay", dict(weight_decay=3)),
                      ("l1 by hand", dict(penalty=l1_penalty, lambd=1.0))]:
    train, test, net = fit(**kwargs)
    print(f"{title:14s} train {train:8.4f} test {test:8.3f} |w| {net[0].weight.norm().item():.3f} "
          f"small {(net[0].weight.abs() < 0.02).sum().item()}")


def dropout_layer(X, dropout):
    assert 0 <= dropout <= 1
    if dropout == 1:
        return torch.zeros_like(X)
    if dropout == 0:
        return X
    mask = (torch.rand(X.shape) > dropout).float()
    return mask * X / (1.0 - dropout)


X = torch.arange(16, dtype=torch.float32).reshape((2, 8))
print(dropout_layer(X, 0.), dropout_layer(X, 0.5), dropout_layer(X, 1.))
drop = nn.Dropout(0.3)
kept = drop(torch.ones(10000))
print(drop, "mean near one:", abs(kept.mean().item() - 1) < 0.05, "values:", kept.unique())
print("eval:", drop.eval()(X).equal(X), nn.Dropout2d(0.5)(torch.ones(50, 4, 3, 3)).sum((2, 3)).unique())
print(nn.AlphaDropout(0.0)(X).equal(X), F.dropout(X, p=0.5, training=False).equal(X))


class EarlyStopping:
    def __init__(self, patience=7, delta=0.0):
        self.patience, self.delta = patience, delta
        self.counter, self.best_score, self.early_stop, self.val_loss_min = 0, None, False, math.inf

    def __call__(self, val_loss, model):
        score = -val_loss
        if self.best_score is None or score >= self.best_score + self.delta:
            print(f"Validation loss decreased ({self.val_loss_min:.4f} --> {val_loss:.4f})")
            self.best_score, self.val_loss_min, self.counter = score, val_loss, 0
            self.best_model_wts = copy.deepcopy(model.state_dict())
        else:
            self.counter += 1
            print(f"EarlyStopping counter: {self.counter} out of {self.patience}")
            self.early_stop = self.counter >= self.patience


torch.manual_seed(1)
model = nn.Sequential(nn.Linear(num_inputs, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
stopper = EarlyStopping(patience=3)
for epoch in range(40):
    optimizer.zero_grad()
    F.mse_loss(model(train_x), train_y).backward()
    norm = clip_grad_norm_(model.parameters(), max_norm=1.0, norm_type=2)
    optimizer.step()
    with torch.no_grad():
        val_loss = F.mse_loss(model(test_x), test_y).item()
    if epoch % 5 == 0:
        stopper(val_loss, model)
    if stopper.early_stop:
        print("Early stopping")
        break
model.load_state_dict(stopper.best_model_wts)
vec = parameters_to_vector(model.parameters())
print(vec.shape, type(norm).__name__, norm.dtype)
vector_to_parameters(torch.zeros_like(vec), model.parameters())
print(model(test_x[:2]).flatten())
p = nn.Parameter(torch.zeros(4))
p.grad = torch.tensor([3., -4., 0., 12.])
print(clip_grad_norm_([p], 6.5), p.grad, clip_grad_norm_(p, 1.0, float("inf")))
clip_grad_value_(p, 0.5)
print(p.grad)

print("\nLearning-rate finder")
torch.manual_seed(2)
net = nn.Linear(num_inputs, 1)
nn.init.zeros_(net.weight)
state, lrs, losses = copy.deepcopy(net.state_dict()), [], []
lr, mult = 1e-4, (1.0 / 1e-4) ** (1 / 19)
opt = torch.optim.SGD(net.parameters(), lr=lr)
for i in range(20):
    loss = F.mse_loss(net(train_x), train_y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    lrs.append(opt.param_groups[0]["lr"])
    losses.append(loss.item())
    for group in opt.param_groups:
        group["lr"] *= mult
best = int(torch.tensor(losses).argmin())
print(f"lowest at step {best} lr {lrs[best]:.4f}", torch.tensor(lrs).log10()[::6])
net.load_state_dict(state)

print("\nSchedules")
for make in (lambda o: OneCycleLR(o, max_lr=0.1, total_steps=10), lambda o: OneCycleLR(o, 0.1, epochs=2, steps_per_epoch=5, pct_start=0.5,
             anneal_strategy="linear", div_factor=10), lambda o: CyclicLR(o, 0.01, 0.1, step_size_up=3, mode="triangular2"),
             lambda o: CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2), lambda o: PolynomialLR(o, total_iters=6, power=2.0),
             lambda o: SequentialLR(o, [LinearLR(o, 0.1, total_iters=3), torch.optim.lr_scheduler.ExponentialLR(o, 0.8)], milestones=[3])):
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    scheduler = make(opt)
    values = []
    for _ in range(10):
        values.append(f"{opt.param_groups[0]['lr']:.4f}/{opt.param_groups[0]['momentum']:.3f}")
        opt.step()
        scheduler.step() if len(values) < 10 else None
    print(type(scheduler).__name__, *values)
