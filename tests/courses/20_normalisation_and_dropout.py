"""Teaches batch norm, layer norm and dropout in training and evaluation."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(20)

x = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 60.0], [8.0, 50.0]])

print("Batch norm")
bn = nn.BatchNorm1d(2)
print(bn, bn.training)
print(bn.running_mean, bn.running_var, bn.num_batches_tracked)
out = bn(x)
print(out)
print("mean is zero:", torch.allclose(out.mean(0), torch.zeros(2), atol=1e-6))
print("std:", out.std(0, unbiased=False).detach())
print(bn.running_mean, bn.running_var, bn.num_batches_tracked)
by_hand = (x - x.mean(0)) / torch.sqrt(x.var(0, unbiased=False) + bn.eps)
print("by hand:", torch.allclose(out, by_hand, atol=1e-5))
bn.eval()
print(bn(x).detach())
kept = bn.running_mean.clone()
bn(x + 100)
print("eval does not learn statistics:", torch.equal(kept, bn.running_mean))
bn.train()
for _ in range(100):
    bn(x)
print("statistics converge:", [round(v, 2) for v in bn.running_mean.tolist()], [round(v, 2) for v in bn.running_var.tolist()])
try:
    bn(x[:1])
except ValueError as e:
    print("one sample in training:", type(e).__name__)

with torch.no_grad():
    bn.weight.copy_(torch.tensor([2.0, 1.0]))
    bn.bias.copy_(torch.tensor([0.0, 5.0]))
print(torch.allclose(bn(x).mean(0), bn.bias, atol=1e-5), [k for k in bn.state_dict()])

print("\nImages share statistics per channel")
images = torch.arange(32.0).reshape(2, 2, 2, 4)
bn2 = nn.BatchNorm2d(2, momentum=1.0, affine=False)
y = bn2(images)
print(y.shape, y.mean(dim=(0, 2, 3)).abs() < 1e-5, bn2.running_mean, bn2.running_var)
print(nn.BatchNorm2d(2, track_running_stats=False).running_mean, len(list(bn2.parameters())))

print("\nLayer norm looks at one sample at a time")
ln = nn.LayerNorm(2)
print(ln(x))
wide = torch.tensor([[1.0, 2.0, 3.0, 4.0], [10.0, 10.0, 20.0, 20.0]])
print(nn.LayerNorm(4)(wide).detach())
print(F.layer_norm(wide, (4,), weight=torch.ones(4) * 2, bias=torch.ones(4)))
print(nn.LayerNorm([2, 4])(images).shape, nn.LayerNorm(4, elementwise_affine=False))
ln.eval()
print("same in eval:", torch.equal(ln(x), nn.LayerNorm(2)(x)))
print(nn.GroupNorm(1, 2)(images).shape, nn.InstanceNorm2d(2)(images)[0, 0, 0])

print("\nDropout")
drop = nn.Dropout(0.5)
ones = torch.ones(1000)
dropped = drop(ones)
print(drop, dropped.shape, dropped.unique())
print("about half remain:", 400 < (dropped > 0).sum().item() < 600, "mean near one:", abs(dropped.mean().item() - 1) < 0.2)
drop.eval()
print("eval is the identity:", torch.equal(drop(ones), ones))
print(F.dropout(ones, p=0.9, training=False).sum(), F.dropout(ones, p=1.0).sum(), F.dropout(ones, p=0.0).sum())
maps = nn.Dropout2d(0.5)(torch.ones(4, 8, 3, 3))
print("whole maps:", all(v in (0.0, 18.0) for v in maps.sum(dim=(2, 3)).flatten().tolist()))
g = torch.ones(10, requires_grad=True)
kept = F.dropout(g, 0.5)
kept.sum().backward()
print("gradient uses the same mask:", torch.equal(g.grad, kept.detach()))
net = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(0.3))
print([m.training for m in net.eval()], [m.training for m in net.train()])
print("eval is repeatable:", torch.equal(net.eval()(x), net(x)))
