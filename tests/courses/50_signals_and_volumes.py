"""Teaches Conv1d on signals, Conv3d on volumes, and an autoencoder that unpools by indices."""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(50)

print("Waves: sine, square, sawtooth")
length = 64
t = torch.arange(0, length).float() / length


def wave(kind, freq, phase):
    angle = 2 * math.pi * freq * t + phase
    if kind == 0:
        return torch.sin(angle)
    if kind == 1:
        return torch.sign(torch.sin(angle))
    return 2 * torch.frac(angle / (2 * math.pi)) - 1


kinds = torch.arange(90) % 3
signals = torch.stack([wave(k, f, p) for k, f, p in zip(kinds.tolist(), torch.empty(90).uniform_(2, 5), torch.rand(90) * 6.28)])
signals = (signals + 0.05 * torch.randn_like(signals)).unsqueeze(1)
signals = (signals - signals.mean(dim=-1, keepdim=True)) / signals.std(dim=-1, keepdim=True)
print(signals.shape, signals.std(-1).mean(), [kinds.eq(k).sum().item() for k in range(3)])


class Conv1dNet(nn.Module):
    def __init__(self, n_classes=3):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.Conv1d(1, 8, kernel_size=7, stride=1, padding=3, padding_mode="reflect"), nn.BatchNorm1d(8), nn.LeakyReLU(0.1), nn.MaxPool1d(2),
            nn.Conv1d(8, 16, 5, dilation=2, padding=4), nn.BatchNorm1d(16), nn.ELU(), nn.AvgPool1d(2),
            nn.Conv1d(16, 16, 3, groups=4), nn.PReLU())
        self.gap = nn.AdaptiveMaxPool1d(1)
        self.fc = nn.Linear(16, n_classes)

    def forward(self, x):
        x = self.gap(self.conv_block(x)).squeeze(-1)
        return self.fc(x)


net = Conv1dNet()
print(net)
x = signals[:2]
for layer in net.conv_block:
    x = layer(x)
    print(layer.__class__.__name__, tuple(x.shape))
sampler = WeightedRandomSampler(weights=torch.ones(90), num_samples=90, replacement=True)
print(len(sampler), len(list(sampler)), all(0 <= i < 90 for i in sampler))
torch.manual_seed(5)
loader = DataLoader(TensorDataset(signals, kinds), batch_size=30, shuffle=True)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 1.0, 1.0]))
for epoch in range(12):
    total = 0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch < 2:
        print("epoch %d loss %.2f" % (epoch, total / len(loader)))
net.eval()
print("most are right:", (net(signals).argmax(-1) == kinds).float().mean().item() > 0.7)
kernel = torch.tensor([1., 2., 1.]).view(1, 1, -1) / 4
print("smoothing", F.conv1d(torch.tensor([[[0., 0., 4., 0., 0.]]]), kernel, padding=1))
print("edges", F.conv1d(torch.tensor([[[0., 0., 4., 4., 0.]]]), torch.tensor([[[-1., 1.]]])))
print("windows", torch.arange(8.).unfold(0, 4, 2))

print("\nVolumes: balls and boxes")
g = torch.arange(8).float() - 3.5
zz, yy, xx = torch.meshgrid(g, g, g, indexing="ij")
balls = torch.stack([((zz ** 2 + yy ** 2 + xx ** 2) < r ** 2).float() for r in torch.linspace(2, 3.5, 10)])
boxes = torch.stack([(torch.max(torch.max(zz.abs(), yy.abs()), xx.abs()) < r).float() for r in torch.linspace(1.5, 3.5, 10)])
volumes = torch.cat([balls, boxes]).unsqueeze(1)
labels = torch.cat([torch.zeros(10), torch.ones(10)]).unsqueeze(1)
print(volumes.shape, volumes.sum((1, 2, 3, 4))[[0, 9, 10, 19]])
cnn3d = nn.Sequential(nn.Conv3d(1, 4, (3, 3, 3), padding=1), nn.BatchNorm3d(4), nn.ReLU(), nn.MaxPool3d((2, 2, 2)),
                      nn.Conv3d(4, 8, kernel_size=3), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(8, 1))
opt = torch.optim.Adam(cnn3d.parameters(), lr=0.02)
for i in range(30):
    opt.zero_grad()
    loss = F.binary_cross_entropy_with_logits(cnn3d(volumes), labels)
    loss.backward()
    opt.step()
    if i == 0:
        first = loss.item()
print("first loss %.3f" % first, "it falls:", loss.item() < first, [tuple(p.shape) for p in cnn3d.parameters()][:2])
print(F.avg_pool3d(volumes, 4).shape, F.interpolate(volumes[:1], scale_factor=0.5, mode="trilinear", align_corners=False).shape)
print(nn.ConvTranspose3d(1, 2, 2, stride=2)(volumes[:1]).shape, F.pad(volumes, (1, 1, 2, 2, 0, 1)).shape)

print("\nUnpooling puts the maxima back where they were")
pool, unpool = nn.MaxPool2d(2, stride=2, return_indices=True), nn.MaxUnpool2d(2, stride=2)
image = torch.tensor([[[[1., 2., 3., 4.], [5., 6., 7., 8.], [9., 10., 11., 12.], [13., 14., 15., 16.]]]])
output, indices = pool(image)
print(output, indices, unpool(output, indices), sep="\n")
print(unpool(output, indices, output_size=torch.Size([1, 1, 5, 5])).shape)


class SegNetLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc1, self.enc2 = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.dec2, self.dec1 = nn.ConvTranspose2d(6, 6, 3, padding=1), nn.ConvTranspose2d(6, 1, 3, padding=1)

    def forward(self, x):
        size1 = x.size()
        x, ind1 = F.max_pool2d(F.relu(self.enc1(x)), 2, return_indices=True)
        size2 = x.size()
        x, ind2 = F.max_pool2d(F.relu(self.enc2(x)), 2, return_indices=True)
        x = F.relu(self.dec2(F.max_unpool2d(x, ind2, 2, output_size=size2)))
        return torch.sigmoid(self.dec1(F.max_unpool2d(x, ind1, 2, output_size=size1)))


auto = SegNetLike()
pictures = balls[:, 3].unsqueeze(1)
opt = torch.optim.Adam(auto.parameters(), lr=0.02)
losses = []
for step in range(40):
    loss = F.binary_cross_entropy(auto(pictures), pictures)
    opt.zero_grad()
    loss.backward()
    opt.step()
    losses.append(loss.item())
print("%.3f" % losses[0], losses[-1] < 0.6 * losses[0], auto(torch.rand(1, 1, 9, 11)).shape)
