"""Teaches autograd in depth: graphs, retain_graph, higher derivatives, jacobians, hessians, hooks."""
import torch
from torch import autograd
from torch.autograd.functional import jacobian, hessian, hvp, vjp, jvp

torch.manual_seed(43)

a = torch.tensor([2., 3.], requires_grad=True)
b = torch.tensor([6., 4.], requires_grad=True)
Q = 3 * a ** 3 - b ** 2
print(Q, Q.grad_fn.name(), a.grad_fn, a.is_leaf, Q.is_leaf)
external_grad = torch.tensor([1., 1.])
Q.backward(gradient=external_grad, retain_graph=True)
print(9 * a ** 2 == a.grad, -2 * b == b.grad)
Q.backward(gradient=external_grad)
print(a.grad, b.grad)
try:
    Q.backward(gradient=external_grad)
except RuntimeError as e:
    print("RuntimeError:", str(e)[:50])
try:
    (a * 2).backward()
except RuntimeError as e:
    print("RuntimeError:", str(e)[:54])

print("\nWalking the graph")


def walk(fn, depth=0):
    if fn is None:
        return
    print("  " * depth + fn.name().split(":")[-1])
    for next_fn, index in fn.next_functions:
        walk(next_fn, depth + 1)


x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
out = z.mean()
walk(out.grad_fn)
print([index for fn, index in out.grad_fn.next_functions[0][0].next_functions])
lin = torch.nn.Linear(2, 1)
print(torch.sigmoid(lin(torch.ones(3, 2))).grad_fn.next_functions[0][0].name())
leaf = y.grad_fn.next_functions[0][0]
print(type(leaf).__name__, leaf.variable is x)

print("\nOnly leaves keep their gradient")
y.retain_grad()
out.backward()
print(x.grad, y.grad, y.retains_grad)
v = torch.randn(3, requires_grad=True)
w = v * 2
n = 0
while w.data.norm() < 1000:
    w, n = w * 2, n + 1
w.backward(torch.tensor([0.1, 1.0, 0.0001], dtype=torch.float))
print(n, v.grad)

print("\nDerivatives of derivatives")
t = torch.tensor(1.5, requires_grad=True)
f = torch.sin(t) * torch.exp(-t / 2)
orders = [f]
for _ in range(4):
    g, = autograd.grad(orders[-1], t, create_graph=True)
    orders.append(g)
print([f"{o.item():.4f}" for o in orders], orders[-1].requires_grad)
x = torch.linspace(-2, 3, 5, requires_grad=True)
first = autograd.grad(torch.tanh(x).sum(), x, create_graph=True)[0]
second = autograd.grad(first, x, grad_outputs=torch.ones_like(first))[0]
print(first, second)
print(autograd.grad(x.sum(), [x, t], allow_unused=True))
penalty = autograd.grad((x ** 3).sum(), x, create_graph=True)[0].norm(2).sub(1).pow(2)
penalty.backward()
print("gradient penalty %.2f" % penalty.item(), (x.grad * 100).round() / 100)

print("\nJacobians and Hessians")


def polar(p):
    r, phi = p
    return torch.stack([r * torch.cos(phi), r * torch.sin(phi)])


p = torch.tensor([2.0, 0.5])
J = jacobian(polar, p)
print(J, round(torch.det(J).item(), 4))
rosenbrock = lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
H = hessian(rosenbrock, torch.tensor([1.0, 1.0]))
print(H, torch.trace(H))
print(hvp(rosenbrock, torch.tensor([1.0, 1.0]), torch.tensor([1.0, 0.0])))
print(vjp(polar, p, torch.tensor([1.0, 0.0])), jvp(polar, p, torch.tensor([0.0, 1.0])), sep="\n")
print(jacobian(lambda x, y: x * y.sum(), (torch.ones(2), torch.tensor([1., 2.]))))
point = torch.tensor([-1.2, 1.0], requires_grad=True)
for i in range(6):
    H = hessian(rosenbrock, point.detach())
    g = autograd.grad(rosenbrock(point), point)[0]
    with torch.no_grad():
        point -= torch.linalg.inv(H) @ g
print("Newton:", point, rosenbrock(point).item() < 1e-6)

print("\nHooks, detach, no_grad")
u = torch.tensor([1., 2., 3.], requires_grad=True)
h = u.register_hook(lambda grad: grad.clamp(max=5))
(u ** 3).sum().backward()
print(u.grad)
h.remove()
d = u.detach()
print(d.requires_grad, d.data_ptr() == u.data_ptr())
with torch.no_grad():
    print((u * 2).requires_grad, torch.is_grad_enabled())
    with torch.enable_grad():
        print((u * 2).requires_grad)


@torch.no_grad()
def frozen(x):
    return x * 3


print(frozen(u), u.grad_fn, (u * 3)._version, (u * 3).grad_fn.name())
x = torch.tensor([1.0], requires_grad=True)
try:
    x += 1
except RuntimeError as e:
    print(str(e)[:73])
y = torch.exp(x)
y.add_(1)
try:
    y.backward()
except RuntimeError as e:
    print(str(e)[:89])
print(autograd.gradcheck(lambda x: (x.sigmoid() * x).sum(), torch.randn(3, dtype=torch.double, requires_grad=True)))
print(autograd.gradgradcheck(torch.sin, (torch.randn(3, dtype=torch.double, requires_grad=True),), eps=1e-6, atol=1e-4))
