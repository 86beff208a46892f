"""Teaches adversarial training with a GAN on a one-dimensional Gaussian."""
import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(23)

MEAN, STD, BATCH, NOISE = 3.0, 0.5, 64, 4


def real_batch():
    return MEAN + STD * torch.randn(BATCH, 1)


generator = nn.Sequential(nn.Linear(NOISE, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
critic = nn.Sequential(nn.Linear(1, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))


def init(module):
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.3)
        nn.init.constant_(module.bias, 0.0)


generator.apply(init)
critic.apply(init)
print(generator)
print(critic)

bce = nn.BCEWithLogitsLoss()
g_opt = optim.Adam(generator.parameters(), lr=0.01, betas=(0.5, 0.999))
d_opt = optim.Adam(critic.parameters(), lr=0.01, betas=(0.5, 0.999))
ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
fixed_noise = torch.randn(200, NOISE)
sample = real_batch()
print(f"real mean {sample.mean().item():.4f} std {sample.std().item():.4f}")
start = generator(fixed_noise).detach()
print(f"fake mean {start.mean().item():.4f} std {start.std().item():.4f}")


def critic_step():
    real = real_batch()
    fake = generator(torch.randn(BATCH, NOISE)).detach()
    loss = bce(critic(real), ones) + bce(critic(fake), zeros)
    d_opt.zero_grad()
    loss.backward()
    d_opt.step()
    return loss.item()


def generator_step():
    fake = generator(torch.randn(BATCH, NOISE))
    loss = bce(critic(fake), ones)
    g_opt.zero_grad()
    loss.backward()
    g_opt.step()
    return loss.item()


for step in range(15):
    d_loss, g_loss = critic_step(), generator_step()
    print(f"step {step:2d} critic {d_loss:.4f} generator {g_loss:.4f}")

g_opt.zero_grad()
critic_step()
print("critic step leaves the generator alone:", all(p.grad is None for p in generator.parameters()))
for p in critic.parameters():
    p.requires_grad = False
bce(critic(generator(fixed_noise)), torch.ones(200, 1)).backward()
print("frozen critic, live generator:", all(p.grad is not None for p in generator.parameters()))
for p in critic.parameters():
    p.requires_grad = True

for _ in range(150):
    critic_step()
    generator_step()
with torch.no_grad():
    fake = generator(fixed_noise)
print("moved towards the data:", abs(fake.mean().item() - MEAN) < abs(start.mean().item() - MEAN))
print("an undecided critic costs 2 log 2:", 2 * bce(torch.zeros(1), torch.ones(1)))
