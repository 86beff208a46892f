"""Teaches how optimizers walk down a two-dimensional bowl."""
import torch
import torch.nn as nn
import torch.optim as optim
import copy

torch.manual_seed(16)


def bowl(p):
    return 0.5 * (p[0] ** 2 + 10 * p[1] ** 2)


def walk(title, make, steps=5):
    p = torch.tensor([4.0, 1.0], requires_grad=True)
    opt = make([p])
    print(title)
    for _ in range(steps):
        opt.zero_grad()
        loss = bowl(p)
        loss.backward()
        opt.step()
        print("  loss %.4f  at (%.4f, %.4f)" % (loss.item(), p[0].item(), p[1].item()))


walk("SGD", lambda ps: optim.SGD(ps, lr=0.04))
walk("momentum", lambda ps: optim.SGD(ps, lr=0.05, momentum=0.9))
walk("nesterov", lambda ps: optim.SGD(ps, lr=0.05, momentum=0.9, nesterov=True))
walk("dampening", lambda ps: optim.SGD(ps, lr=0.05, momentum=0.9, dampening=0.5))
walk("weight decay", lambda ps: optim.SGD(ps, lr=0.05, weight_decay=0.5))
walk("Adam", lambda ps: optim.Adam(ps, lr=0.3))
walk("Adam amsgrad", lambda ps: optim.Adam(ps, lr=0.3, betas=(0.8, 0.9), amsgrad=True, weight_decay=0.1))
walk("AdamW", lambda ps: optim.AdamW(ps, lr=0.3, weight_decay=0.1))
walk("RMSprop", lambda ps: optim.RMSprop(ps, lr=0.07))
walk("RMSprop centered", lambda ps: optim.RMSprop(ps, lr=0.1, alpha=0.9, momentum=0.5, centered=True))
walk("Adagrad", lambda ps: optim.Adagrad(ps, lr=0.5, lr_decay=0.01))

print("\nGroups")
model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
opt = optim.SGD([
    {"params": model[0].parameters()},
    {"params": model[2].parameters(), "lr": 0.001},
], lr=0.1, momentum=0.9)
extra = nn.Parameter(torch.zeros(2))
opt.add_param_group({"params": [extra], "lr": 0.5, "momentum": 0.0})
print(opt)
for group in opt.param_groups:
    print(group["lr"], group["momentum"], [tuple(p.shape) for p in group["params"]])
before = [p.detach().clone() for p in (model[0].bias, model[2].bias, extra)]
(model(torch.ones(1, 2)).sum() + extra.sum()).backward()
opt.step()
moved = [(p - q).abs().max().item() for p, q in zip((model[0].bias, model[2].bias, extra), before)]
print("head and extra moved by: %.4f %.4f" % (moved[1], moved[2]))
opt.param_groups[0]["lr"] = 0.01
print([g["lr"] for g in opt.param_groups])
print(optim.Adam(model.parameters(), lr=1e-3))

print("\nState")
p = torch.tensor([4.0, 1.0], requires_grad=True)
first = optim.Adam([p], lr=0.1)
for _ in range(2):
    first.zero_grad()
    bowl(p).backward()
    first.step()
state = first.state_dict()
print(sorted(state.keys()), sorted(state["state"][0].keys()), state["param_groups"][0]["params"])
print(state["state"][0]["step"].item(), state["state"][0]["exp_avg"])
q = p.detach().clone().requires_grad_()
second = optim.Adam([q], lr=0.9)
second.load_state_dict(copy.deepcopy(state))
for param, o in ((p, first), (q, second)):
    o.zero_grad()
    bowl(param).backward()
    o.step()
print("same step after loading:", torch.equal(p, q), second.param_groups[0]["lr"])
try:
    optim.SGD([p], lr=-1)
except ValueError as e:
    print(type(e).__name__)
