"""Teaches gradient descent by fitting a line with autograd and manual updates."""
import torch

torch.manual_seed(5)

true_w = torch.tensor([[2.0], [-3.4]])
true_b = 4.2
X = torch.randn(100, 2)
y = X @ true_w + true_b + 0.01 * torch.randn(100, 1)
print("data:", X.shape, y.shape)
print("first rows:\n", X[:3])
print("first targets:", y[:3].flatten())

w = torch.zeros(2, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
print(w, b)


def model(inputs):
    return inputs @ w + b


def mse(prediction, target):
    return ((prediction - target) ** 2).mean()


first = mse(model(X), y)
print("has graph:", first.requires_grad, "is leaf:", first.is_leaf, "w is leaf:", w.is_leaf)
first.backward()
print("gradient shapes:", w.grad.shape, b.grad.shape)
by_hand = 2 * X.t() @ (model(X) - y) / len(X)
print("matches the formula:", torch.allclose(w.grad, by_hand, atol=1e-5))
print("b.grad: %.4f" % b.grad.item())
w.grad = None
b.grad.zero_()

print("\nFull-batch descent")
lr = 0.1
for step in range(15):
    loss = mse(model(X), y)
    loss.backward()
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
        w.grad.zero_()
        b.grad.zero_()
    print(f"step {step:2d}  loss {loss.item():.4f}")

print("\nMinibatches")
for epoch in range(3):
    order = torch.randperm(len(X))
    total = 0.0
    for start in range(0, len(X), 25):
        rows = order[start:start + 25]
        loss = mse(model(X[rows]), y[rows])
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= lr * p.grad
                p.grad.zero_()
        total += loss.item() * len(rows)
    print(f"epoch {epoch}  mean loss {total / len(X):.4f}")

for _ in range(60):
    grads = torch.autograd.grad(mse(model(X), y), [w, b])
    with torch.no_grad():
        w -= lr * grads[0]
        b.sub_(lr * grads[1])
print("w:", [round(v, 2) for v in w.flatten().tolist()], "b:", round(b.item(), 2))

residual = y - (X @ w + b).detach()
print("the residual is orthogonal to the inputs:", torch.allclose(X.T @ residual / len(X), torch.zeros(2, 1), atol=1e-2))
with torch.no_grad():
    print("prediction tracks no graph:", model(X).requires_grad)
