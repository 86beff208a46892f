"""Teaches a convolutional autoencoder, its feature maps, and gradient clipping."""
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import copy

torch.manual_seed(24)


def stripes(n, size=8):
    images = torch.zeros(n, 1, size, size)
    for i in range(n):
        if i % 2:
            images[i, 0, i % size, :] = 1.0
        else:
            images[i, 0, :, i % size] = 1.0
    return images


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc1 = nn.Conv2d(1, 4, 3, padding=1)
        self.enc2 = nn.Conv2d(4, 6, 3, padding=1)
        self.up = nn.Upsample(scale_factor=2)
        self.dec1 = nn.ConvTranspose2d(6, 4, 2, stride=2)
        self.dec2 = nn.Conv2d(4, 1, 3, padding=1)

    def encode(self, x):
        x = F.max_pool2d(F.relu(self.enc1(x)), 2)
        return F.max_pool2d(F.elu(self.enc2(x)), 2)

    def forward(self, x):
        return self.dec2(self.up(F.relu(self.dec1(self.encode(x)))))


clean = stripes(16)
print(clean[1, 0].int()[:3])
data = clean + 0.1 * torch.rand_like(clean)
model = AutoEncoder()
print(model)
print("code:", model.encode(data).shape, "output:", model(data).shape)

print("\nFeature maps")
maps = {}
handles = [getattr(model, n).register_forward_hook(lambda m, i, o, n=n: maps.update({n: o.detach()}))
           for n in ("enc1", "enc2", "dec1")]
model(data)
for name, value in maps.items():
    print(name, tuple(value.shape), [round(v, 3) for v in value.mean(dim=(0, 2, 3)).tolist()])
for h in handles:
    h.remove()

print("\nClipping by hand-made gradients")
p, q = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1))
p.grad, q.grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
print("norm before:", nn.utils.clip_grad_norm_([p, q], max_norm=1.0))
print(p.grad, q.grad)
print("norm after:", round(nn.utils.clip_grad_norm_([p, q], 10.0).item(), 4))
nn.utils.clip_grad_value_([p, q], 0.5)
print(p.grad, q.grad)

print("\nParameters as one vector")
flat = nn.utils.parameters_to_vector(model.parameters())
print(flat.shape, sum(w.numel() for w in model.parameters()))
twin = copy.deepcopy(model)
nn.utils.vector_to_parameters(torch.zeros_like(flat), twin.parameters())
print("a zeroed twin:", twin(data).abs().sum().item(), "original intact:", model(data).abs().sum().item() > 0)

print("\nTraining with clipping")
optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
for step in range(12):
    optimizer.zero_grad()
    loss = F.mse_loss(model(data), data)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()
    print(f"step {step:2d} loss {loss.item():.4f} norm {norm.item():.4f}")
print(f"travelled {(nn.utils.parameters_to_vector(model.parameters()) - flat).norm().item():.3f}")
