"""Teaches why initialisation decides whether gradients vanish or explode."""
import torch
import torch.nn as nn
import math

torch.manual_seed(13)

DEPTH, WIDTH = 20, 64


def normal(std):
    return lambda w: nn.init.normal_(w, mean=0.0, std=std)


def build(init, activation):
    layers = []
    for _ in range(DEPTH):
        linear = nn.Linear(WIDTH, WIDTH)
        init(linear.weight)
        nn.init.zeros_(linear.bias)
        layers += [linear, activation()]
    return nn.Sequential(*layers)


def probe(title, init, activation):
    net = build(init, activation)
    x = torch.randn(32, WIDTH, requires_grad=True)
    h, stds = x, []
    for layer in net:
        h = layer(h)
        if not isinstance(layer, nn.Linear):
            stds.append(h.std().item())
    h.sum().backward()
    print(title)
    print("  std:", [round(s, 4) for s in stds])
    print("  gradient reaching the input: 10^%.1f" % math.log10(x.grad.abs().mean().item()))


probe("tanh, normal 0.01", normal(0.01), nn.Tanh)
probe("tanh, xavier uniform", nn.init.xavier_uniform_, nn.Tanh)
probe("tanh, xavier normal with gain", lambda w: nn.init.xavier_normal_(w, gain=nn.init.calculate_gain("tanh")), nn.Tanh)
probe("relu, xavier normal", nn.init.xavier_normal_, nn.ReLU)
probe("relu, kaiming normal", lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"), nn.ReLU)
probe("relu, kaiming uniform fan_out", lambda w: nn.init.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu"), nn.ReLU)
probe("sigmoid, xavier", nn.init.xavier_uniform_, nn.Sigmoid)

print("\nExploding")
net = build(normal(0.5), nn.Identity)
h = torch.randn(8, WIDTH)
with torch.no_grad():
    for i, layer in enumerate(net):
        h = layer(h)
        if i % 10 == 0:
            print(f"  layer {i // 2:2d} std 10^{math.log10(h.std().item()):.2f}")

print("\nConstants keep every unit the same")
layer = nn.Linear(3, 4)
nn.init.constant_(layer.weight, 0.1)
nn.init.constant_(layer.bias, 0.0)
print(layer(torch.tensor([[1.0, 2.0, 3.0]])).detach())
layer(torch.tensor([[1.0, 2.0, 3.0]])).sum().backward()
print(layer.weight.grad)

print("\nOther recipes")
for name in ("linear", "sigmoid", "tanh", "relu"):
    print(name, round(nn.init.calculate_gain(name), 4))
print("leaky_relu", round(nn.init.calculate_gain("leaky_relu", 0.2), 4))
w = torch.empty(3, 3)
print(nn.init.eye_(w))
print(nn.init.uniform_(w, -1, 1).abs().max().item() <= 1)
print(nn.init.ones_(w).sum(), nn.init.zeros_(w).sum())
print(nn.init.kaiming_normal_(torch.empty(50, 20)).std().item() < 0.5)
print("default bound:", nn.Linear(16, 4).weight.abs().max().item() <= 1 / math.sqrt(16))
