"""Teaches tensor and module hooks for looking inside a network."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(8)

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y, seen = x * 2, []
handle = y.register_hook(lambda g: seen.append(g.clone()))
double = x.register_hook(lambda g: g * 10)
(y ** 2).sum().backward()
print("seen at y:", seen)
print("x.grad after the hook:", x.grad)
handle.remove()
double.remove()
x.grad = None
(x * 2).sum().backward()
print("hooks removed:", x.grad, len(seen))


class SmallNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 3, padding=1)
        self.conv2 = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4 * 2 * 2, 2)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        return self.fc(F.relu(self.conv2(x)).flatten(1))


net = SmallNet()
image = torch.arange(64.0).reshape(1, 1, 8, 8) / 64

print("\nFeature maps")
features = {}


def keep(name):
    def hook(module, inputs, output):
        features[name] = output.detach()
    return hook


handles = [m.register_forward_hook(keep(n)) for n, m in net.named_children()]
out = net(image)
for name, value in features.items():
    print(f"{name}: {tuple(value.shape)} mean {value.mean().item():.4f}")
for h in handles:
    h.remove()
features.clear()
net(image)
print("after removal:", len(features))

print("\nA pre-hook changes the input, a hook may change the output")
pre = net.fc.register_forward_pre_hook(lambda m, inputs: (torch.zeros_like(inputs[0]),))
print("only the bias is left:", torch.allclose(net(image)[0], net.fc.bias))
pre.remove()
post = net.register_forward_hook(lambda m, i, o: o * 0 + 5)
print(net(image).detach())
post.remove()

print("\nBackward hooks see gradients of outputs and inputs")


def report(module, grad_input, grad_output):
    print(type(module).__name__, [tuple(g.shape) for g in grad_output],
          [None if g is None else tuple(g.shape) for g in grad_input])


handles = [m.register_full_backward_hook(report) for m in (net.conv2, net.fc)]
net(image).sum().backward()
for h in handles:
    h.remove()
scale = net.fc.weight.register_hook(lambda g: torch.zeros_like(g))
net.zero_grad()
net(image).sum().backward()
print("frozen by a hook:", net.fc.weight.grad.abs().sum().item(), net.fc.bias.grad)
