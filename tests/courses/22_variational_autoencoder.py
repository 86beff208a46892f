"""Teaches the variational autoencoder on small synthetic blobs."""
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(22)


def blobs(n):
    centre = 2 + 3 * torch.rand(n, 2)
    gy, gx = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    d = (gy - centre[:, 0, None, None]) ** 2 + (gx - centre[:, 1, None, None]) ** 2
    return torch.exp(-d / 4).unsqueeze(1)


class VAE(nn.Module):
    def __init__(self, latent=2):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(4, 8, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(),
        )
        self.mu = nn.Linear(32, latent)
        self.logvar = nn.Linear(32, latent)
        self.expand = nn.Linear(latent, 32)
        self.decoder = nn.Sequential(
            nn.Unflatten(1, (8, 2, 2)),
            nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1), nn.ReLU(),
            nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1), nn.Sigmoid(),
        )

    def encode(self, x):
        h = self.encoder(x)
        return self.mu(h), self.logvar(h)

    def reparameterise(self, mu, logvar):
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)

    def decode(self, z):
        return self.decoder(F.relu(self.expand(z)))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterise(mu, logvar)), mu, logvar


def elbo_terms(recon, x, mu, logvar):
    rebuilt = F.binary_cross_entropy(recon, x, reduction="sum") / len(x)
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / len(x)
    return rebuilt, kl


data = blobs(64)
print(data.shape, f"mean {data.mean().item():.4f} max {data.max().item():.4f}")
print((data[0, 0] > 0.5).int())
model = VAE()
print(model)
print("parameters:", sum(p.numel() for p in model.parameters()))

optimizer = optim.Adam(model.parameters(), lr=2e-3)
for step in range(12):
    recon, mu, logvar = model(data)
    rebuilt, kl = elbo_terms(recon, data, mu, logvar)
    loss = rebuilt + kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"step {step:2d} loss {loss.item():.4f} rebuilt {rebuilt.item():.4f} kl {kl.item():.4f}")

model.eval()
with torch.no_grad():
    mu, logvar = model.encode(data[:4])
    print(mu.shape, logvar.shape, recon.shape)
    samples = model.decode(torch.randn(3, 2))
    print(samples.shape, bool((samples > 0).all() and (samples < 1).all()))
    path = torch.stack([torch.lerp(mu[0], mu[1], t) for t in torch.linspace(0, 1, 5)])
    print("between two codes:", path.shape, model.decode(path).shape)
print("kl of a standard normal:", elbo_terms(recon, data, torch.zeros(1, 2), torch.zeros(1, 2))[1].abs().item())
