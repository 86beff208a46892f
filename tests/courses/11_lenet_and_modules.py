"""Teaches how modules nest, by building LeNet in several ways."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(11)


class LeNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, kernel_size=5),
            nn.ReLU(inplace=True),
            nn.AvgPool2d(2, stride=2),
        )
        self.hidden = nn.ModuleList([nn.Linear(400, 120), nn.Linear(120, 84)])
        self.act = nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh(), "leaky": nn.LeakyReLU(0.1)})
        self.drop = nn.Dropout(p=0.25)
        self.head = nn.Linear(84, classes, bias=False)
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("calls", torch.tensor(0))

    def forward(self, x, act="relu"):
        self.calls += 1
        x = torch.flatten(self.features(x), 1)
        for layer in self.hidden:
            x = self.act[act](layer(x))
        return self.head(self.drop(x)) * self.scale


model = LeNet()
print(model)
print("parameters:", sum(p.numel() for p in model.parameters()))
for name, p in model.named_parameters():
    print(f"{name:22s} {str(tuple(p.shape)):18s} {p.numel()}")
for key, value in model.state_dict().items():
    print(key, value.shape, value.dtype)

model.eval()
images = torch.linspace(0, 1, 2 * 28 * 28).reshape(2, 1, 28, 28)
for act in model.act:
    out = model(images, act)
    print(act, out.shape, [round(v, 3) for v in out[0, :4].tolist()])
print("calls:", model.calls, "training:", model.training, model.drop.training)

print("\nShapes layer by layer")
h = images
for layer in model.features:
    h = layer(h)
    print(f"{type(layer).__name__:10s}", tuple(h.shape))
print(model.features[0], model.features[-1], len(model.hidden), "tanh" in model.act, list(model.act.keys()))

print("\nFreezing")
for p in model.features.parameters():
    p.requires_grad_(False)
print("trainable:", sum(p.numel() for p in model.parameters() if p.requires_grad))
model.head = nn.Linear(84, 3)
print(model(images).shape, [n for n, _ in model.named_children()])
print([n for n, _ in model.named_modules() if n.startswith("hidden")], [n for n, _ in model.named_buffers()])

print("\nOther containers")
mlp = nn.Sequential()
mlp.add_module("in", nn.Linear(4, 3))
mlp.add_module("sig", nn.Sigmoid())
mlp.append(nn.Softmax(dim=1))
print(mlp)
layers = nn.ModuleList([nn.Flatten()])
layers.extend([nn.Identity(), nn.GELU()])
print(layers)
print(F.softmax(model(images), dim=1).sum(dim=1).detach())
mlp.apply(lambda m: nn.init.ones_(m.weight) if isinstance(m, nn.Linear) else None)
print(mlp[0].weight)
try:
    model.load_state_dict({"scale": torch.ones(1)})
except RuntimeError as e:
    print("missing keys:", type(e).__name__)
