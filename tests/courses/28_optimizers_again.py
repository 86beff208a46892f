"""More optimizers on a valley: Adadelta, Adamax, LBFGS; named parameters, and what a group says of itself."""

import torch
import torch.nn as nn


def valley(p):
    return (1 - p[0]) ** 2 + 10 * (p[1] - p[0] ** 2) ** 2


for name, make in (
    ("Adadelta", lambda ps: torch.optim.Adadelta(ps, lr=1.0)),
    ("Adamax", lambda ps: torch.optim.Adamax(ps, lr=0.1)),
    ("ascent", lambda ps: torch.optim.SGD(ps, lr=1e-3, maximize=True)),
):
    p = nn.Parameter(torch.tensor([-1.0, 1.0]))
    optimizer = make([p])
    for _ in range(30):
        optimizer.zero_grad()
        loss = valley(p)
        loss.backward()
        optimizer.step()
    print(name, f"{loss.item():.4f}")
    print(optimizer)

p = nn.Parameter(torch.tensor([-1.0, 1.0]))
optimizer = torch.optim.LBFGS([p], lr=1, max_iter=20, line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = valley(p)
    loss.backward()
    return loss


for _ in range(3):
    loss = optimizer.step(closure)
    print("LBFGS", f"{loss.item():.5f}")
print([round(v, 3) for v in p.tolist()])

net = nn.Linear(2, 1)
named = torch.optim.SGD(net.named_parameters(), lr=0.1)
print(named.param_groups[0]["param_names"])
print(sorted(named.state_dict()["param_groups"][0]))
