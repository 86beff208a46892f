"""Teaches every classification loss with its weights and reductions."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(14)

logits = torch.tensor([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3], [1.2, 0.2, 3.0], [0.1, 0.2, 0.3]])
target = torch.tensor([0, 1, 2, 0])
weights = torch.tensor([1.0, 2.0, 0.5])

print("Cross entropy")
print(nn.CrossEntropyLoss()(logits, target))
for reduction in ("none", "sum", "mean"):
    print(reduction, F.cross_entropy(logits, target, reduction=reduction))
    print(reduction, "weighted", F.cross_entropy(logits, target, weight=weights, reduction=reduction))
print(nn.CrossEntropyLoss(weight=weights)(logits, target))
print("ignored:", F.cross_entropy(logits, torch.tensor([0, -100, 2, -100])))
print("ignore_index=0:", F.cross_entropy(logits, target, ignore_index=0, reduction="none"))

print("\nLabel smoothing and soft targets")
print(nn.CrossEntropyLoss(label_smoothing=0.1)(logits, target))
print(F.cross_entropy(logits, target, weight=weights, label_smoothing=0.2))
soft = torch.tensor([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.0, 0.0, 1.0], [0.4, 0.3, 0.3]])
print(F.cross_entropy(logits, soft), F.cross_entropy(logits, F.one_hot(target, 3).float()))

print("\nNLL is cross entropy after log_softmax")
logp = F.log_softmax(logits, dim=1)
print(logp)
print(nn.NLLLoss()(logp, target), F.nll_loss(logp, target, reduction="none"))
print(nn.NLLLoss(weight=weights, reduction="sum")(logp, target))
print("by hand:", -logp[torch.arange(4), target].mean())
print(torch.allclose(logp, logits - torch.logsumexp(logits, 1, keepdim=True)))

print("\nBinary losses")
z = torch.tensor([1.5, -0.5, 0.0, 3.0])
y = torch.tensor([1.0, 0.0, 1.0, 0.0])
p = torch.sigmoid(z)
print(p)
print(nn.BCELoss()(p, y), F.binary_cross_entropy(p, y, reduction="none"))
print(F.binary_cross_entropy(p, y, weight=torch.tensor([1.0, 1.0, 2.0, 0.0]), reduction="sum"))
print(nn.BCEWithLogitsLoss()(z, y), nn.BCEWithLogitsLoss(reduction="none")(z, y))
print(nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0))(z, y))
print(F.binary_cross_entropy_with_logits(torch.tensor([100.0, -100.0]), torch.tensor([0.0, 1.0])))
print("clamped:", nn.BCELoss()(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0])))

print("\nKL divergence")
q = torch.tensor([[0.2, 0.5, 0.3]])
r = torch.tensor([[0.1, 0.7, 0.2]])
print(nn.KLDivLoss(reduction="batchmean")(q.log(), r))
print(F.kl_div(q.log(), r, reduction="sum"), F.kl_div(q.log(), r, reduction="none"))
print(F.kl_div(q.log(), r.log(), reduction="batchmean", log_target=True))
print("to itself:", abs(round(F.kl_div(q.log(), q, reduction="sum").item(), 4)))

print("\nPer-pixel targets")
maps = torch.arange(24.0).reshape(1, 3, 2, 4) / 10
labels = torch.tensor([[[0, 1, 2, 0], [2, 2, 1, 1]]])
print(F.cross_entropy(maps, labels), F.cross_entropy(maps, labels, reduction="none").shape)

print("\nGradient of cross entropy is softmax minus one-hot")
g = logits.clone().requires_grad_()
F.cross_entropy(g, target, reduction="sum").backward()
print(g.grad)
print(torch.allclose(g.grad, F.softmax(logits, 1) - F.one_hot(target), atol=1e-6))
print(F.multi_margin_loss(logits, target), F.multilabel_soft_margin_loss(z[None], y[None]))
try:
    F.cross_entropy(logits, torch.tensor([0, 1, 2, 3]))
except IndexError as e:
    print("class 3 of 3:", type(e).__name__)
