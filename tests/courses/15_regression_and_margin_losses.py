"""Teaches regression losses, margin losses, and how outliers pull on each."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(15)

pred = torch.tensor([1.0, 2.0, 3.0, 4.0])
true = torch.tensor([1.5, 2.0, 1.0, 10.0])

print("Squared, absolute, and between")
table = {
    "MSE": nn.MSELoss,
    "L1": nn.L1Loss,
    "SmoothL1": nn.SmoothL1Loss,
    "Huber": nn.HuberLoss,
}
for name, cls in table.items():
    print(name, cls()(pred, true), cls(reduction="sum")(pred, true), cls(reduction="none")(pred, true))
print(nn.SmoothL1Loss(beta=2.0)(pred, true), F.smooth_l1_loss(pred, true, beta=0.5))
print(nn.HuberLoss(delta=2.0)(pred, true), F.huber_loss(pred, true, delta=0.5, reduction="none"))

print("\nHow hard the outlier pulls")
for name, cls in table.items():
    p = pred.clone().requires_grad_()
    cls(reduction="sum")(p, true).backward()
    print(name, p.grad)

print("\nLikelihoods")
log_rate = torch.tensor([0.0, 1.0, 0.5])
count = torch.tensor([1.0, 2.0, 3.0])
print(nn.PoissonNLLLoss()(log_rate, count), F.poisson_nll_loss(log_rate, count, reduction="none"))
var = torch.tensor([1.0, 0.5, 2.0, 4.0])
print(nn.GaussianNLLLoss()(pred, true, var), F.gaussian_nll_loss(pred, true, var, full=True))

print("\nMargins")
x1 = torch.tensor([0.3, 0.9, -0.4])
x2 = torch.tensor([0.5, 0.1, -0.4])
sign = torch.tensor([1.0, 1.0, -1.0])
print(nn.MarginRankingLoss()(x1, x2, sign), F.margin_ranking_loss(x1, x2, sign, margin=0.5, reduction="none"))
print(nn.HingeEmbeddingLoss()(x1, sign), nn.SoftMarginLoss()(x1, sign))
hinge = torch.clamp(1 - sign * x1, min=0)
print("hinge by hand:", hinge, hinge.mean())
a = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
b = torch.tensor([[1.0, 1.0], [0.0, 2.0]])
print(F.cosine_similarity(a, b), nn.CosineSimilarity(dim=0)(a, b))
print(nn.CosineEmbeddingLoss(margin=0.2)(a, b, torch.tensor([1.0, -1.0])))

print("\nTriplets")
anchor = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
near = torch.tensor([[0.0, 1.0], [1.0, 4.0]])
far = torch.tensor([[3.0, 4.0], [2.0, 1.0]])
print(F.pairwise_distance(anchor, far), nn.PairwiseDistance(p=1)(anchor, near))
print(nn.TripletMarginLoss()(anchor, near, far), F.triplet_margin_loss(anchor, near, far, margin=2.0, reduction="none"))

scores = torch.tensor([[0.1, 0.2, 0.4, 0.8]])
print(nn.MultiMarginLoss()(scores, torch.tensor([3])), nn.MultiMarginLoss(p=2, margin=0.5)(scores, torch.tensor([1])))
print(nn.MultiLabelMarginLoss()(scores, torch.tensor([[3, 0, -1, 1]])))
print(nn.MultiLabelSoftMarginLoss()(scores, torch.tensor([[1.0, 0.0, 0.0, 1.0]])))

print("\nThe constant that minimises each loss")
data = torch.tensor([1.0, 2.0, 3.0, 4.0, 100.0])
grid = torch.arange(0.0, 101.0)
for name, fn in (("mse", F.mse_loss), ("l1", F.l1_loss)):
    losses = torch.stack([fn(g.expand(5), data) for g in grid])
    print(name, "best constant", grid[losses.argmin()].item())
print("mean", data.mean().item(), "median", data.median().item())
