"""Teaches in-place operations, version errors, and zeroing gradients."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(9)

x = torch.tensor([1.0, -2.0, 3.0])
alias = x
x.add_(1)
x *= 2
print(alias, x is alias)
x = x + 1
print("a new tensor now:", x is alias)
print(x.clone().abs_(), x.clone().neg_(), x.clone().clamp_(0, 5), x.clone().fill_(7).sub_(1))
print(x.clone().zero_(), x.clone().copy_(torch.arange(3)), x.clone().relu_())
print(torch.ones(2).addcmul_(torch.full((2,), 2.0), torch.full((2,), 3.0), value=0.5))
print(torch.zeros(3).masked_fill_(torch.tensor([True, False, True]), 4.0))
print(torch.arange(6).reshape(2, 3).t_(), torch.zeros(3).unsqueeze_(0))


def attempt(name, fn):
    try:
        print(f"{name}: fine", fn())
    except Exception as e:
        print(f"{name}: {type(e).__name__}")


def overwrite_saved():
    b = torch.ones(2, requires_grad=True) * 2
    c = b ** 2
    b += 1
    c.sum().backward()


def overwrite_unsaved():
    a = torch.ones(2, requires_grad=True)
    b = a * 2
    c = b + 3
    b.mul_(5)
    (c.sum() + b.sum()).backward()
    return a.grad


def leaf_without_graph():
    a = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        a += 1
    return a


def view_of_nonleaf():
    a = torch.ones(2, 3, requires_grad=True)
    b = a * 1
    b[0] = 0
    b[:, 1].mul_(10)
    b.sum().backward()
    return a.grad


print("\nVersions")
for fn in (overwrite_saved, overwrite_unsaved, leaf_without_graph, view_of_nonleaf):
    attempt(fn.__name__, fn)
attempt("overwrite_exp", lambda: torch.zeros(2, requires_grad=True).exp().add_(1).sum().backward())
attempt("leaf", lambda: torch.ones(2, requires_grad=True).add_(1))
attempt("float into int", lambda: torch.arange(3).add_(0.5))
attempt("wrong shape", lambda: torch.ones(2).add_(torch.ones(3, 2)))
attempt("relu in place", lambda: F.relu(torch.tensor([-1.0, 1.0]), inplace=True))

print("\nzero_grad")
layer = nn.Linear(2, 1)
for _ in range(2):
    layer(torch.ones(1, 2)).sum().backward()
print("two passes:", layer.weight.grad)
layer.zero_grad(set_to_none=False)
print("zeros:", layer.weight.grad)
layer.zero_grad()
print("none:", layer.weight.grad)
