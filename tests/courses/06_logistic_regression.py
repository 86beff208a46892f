"""Teaches binary classification with nn.Linear, BCEWithLogitsLoss and SGD."""
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(6)

n = 80
negative = torch.randn(n, 2) + torch.tensor([-1.5, -1.0])
positive = torch.randn(n, 2) + torch.tensor([1.5, 1.0])
X = torch.cat([negative, positive])
y = torch.cat([torch.zeros(n), torch.ones(n)]).unsqueeze(1)
print(X.shape, y.shape, y.mean())
print("class means:", [round(v, 4) for v in negative.mean(0).tolist()],
      [round(v, 4) for v in positive.mean(0).tolist()])

shuffle = torch.randperm(2 * n)
X, y = X[shuffle], y[shuffle]
X_train, X_test = X[:120], X[120:]
y_train, y_test = y[:120], y[120:]


class LogisticRegression(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.linear = nn.Linear(features, 1)

    def forward(self, x):
        return self.linear(x)


model = LogisticRegression(2)
print(model)
for name, p in model.named_parameters():
    print(name, tuple(p.shape), p.requires_grad)
print(model.linear.weight)
print(model.linear.bias)

loss_fn = nn.BCEWithLogitsLoss()
optimizer = optim.SGD(model.parameters(), lr=0.5)


def accuracy(inputs, targets):
    with torch.no_grad():
        guess = (torch.sigmoid(model(inputs)) > 0.5).float()
    return (guess == targets).float().mean().item()


print(f"accuracy before: {accuracy(X_test, y_test):.3f}")
for step in range(15):
    optimizer.zero_grad()
    loss = loss_fn(model(X_train), y_train)
    loss.backward()
    optimizer.step()
    print(f"step {step:2d} loss {loss.item():.4f}")

print(f"accuracy after: {accuracy(X_train, y_train):.3f} {accuracy(X_test, y_test):.3f}")

with torch.no_grad():
    logits = model(X_test)
    guess = (logits > 0).long().squeeze(1)
    truth = y_test.long().squeeze(1)
confusion = torch.zeros(2, 2, dtype=torch.int64)
for t, g in zip(truth, guess):
    confusion[t, g] += 1
print(confusion)
print("precision and recall:", confusion[1, 1] / confusion[:, 1].sum(), confusion[1, 1] / confusion[1].sum())
p = torch.sigmoid(logits)
by_hand = -(y_test * p.log() + (1 - y_test) * (1 - p).log()).mean()
print("loss by hand agrees:", torch.isclose(by_hand, loss_fn(logits, y_test), atol=1e-5).item())
