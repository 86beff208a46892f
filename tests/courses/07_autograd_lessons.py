"""Teaches what autograd records, when it frees it, and what it refuses to do."""
import torch

torch.manual_seed(7)

x = torch.tensor(3.0, requires_grad=True)
y = x ** 2 + 2 * x
y.backward()
print("dy/dx:", x.grad)
(x ** 3).backward()
print("gradients add up:", x.grad)
x.grad = None

print("\nLeaves and non-leaves")
a = torch.ones(2, requires_grad=True)
b = a * 3
b.retain_grad()
b.sum().backward()
print(a.is_leaf, b.is_leaf, a.grad, b.grad)

print("\nKeeping the graph")
a.grad = None
z = (a ** 2).sum()
z.backward(retain_graph=True)
z.backward()
print(a.grad)

print("\nA gradient of a gradient")
t = torch.tensor([1.0, 2.0], requires_grad=True)
f = (t ** 4).sum()
(g,) = torch.autograd.grad(f, t, create_graph=True)
print(g)
(h,) = torch.autograd.grad(g.sum(), t)
print(h)
d = torch.tensor(2.0, requires_grad=True)
value = d ** 5
for order in range(4):
    print("order", order, value.item())
    (value,) = torch.autograd.grad(value, d, create_graph=True)

x = torch.randn(4, 2, requires_grad=True)
(slope,) = torch.autograd.grad(torch.tanh(x).sum(), x, create_graph=True)
penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
penalty.backward()
print(f"gradient penalty {penalty.item():.4f}", x.grad)

print("\nVector outputs need a vector")
v = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
(v * v).backward(torch.tensor([1.0, 0.1, 0.01]))
print(v.grad)

print("\nStepping outside the graph")
print(v.detach().requires_grad, (v * 2).detach().grad_fn)
with torch.no_grad():
    print((v * 2).requires_grad, torch.is_grad_enabled())
    with torch.enable_grad():
        print((v * 2).requires_grad)
u = torch.ones(2, requires_grad=True)
(u.detach() * u).sum().backward()
print(u.grad)

print("\nThings that fail")
p = torch.ones(2, requires_grad=True)
q = torch.ones(2, requires_grad=True)
attempts = {
    "third time": lambda: z.backward(),
    "vector": lambda: (p * 2).backward(),
    "no graph": lambda: torch.ones(2).sum().backward(),
    "integer leaf": lambda: torch.tensor([1, 2], requires_grad=True),
    "in-place on leaf": lambda: p.add_(1),
    "numpy of tracked": lambda: p.numpy(),
    "unused input": lambda: torch.autograd.grad(p.sum(), q),
    "flag on non-leaf": lambda: (p * 2).requires_grad_(False),
}
for name, attempt in attempts.items():
    try:
        attempt()
    except Exception as e:
        print(name, "->", type(e).__name__)
print(torch.autograd.grad(p.sum(), [p, q], allow_unused=True))
