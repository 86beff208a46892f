"""Teaches residual blocks, and how to load, freeze and change parts of a trained model."""
import copy
from collections import OrderedDict
import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim import lr_scheduler

torch.manual_seed(42)


def conv3x3(in_planes, out_planes, stride=1):
    return nn.Conv2d(in_planes, out_planes, kernel_size=3, stride=stride, padding=1, bias=False)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inplanes, planes, stride=1, downsample=None):
        super(BasicBlock, self).__init__()
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, block, layers, num_classes=10):
        self.inplanes = 8
        super(ResNet, self).__init__()
        self.conv1 = nn.Conv2d(3, 8, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, 8, layers[0])
        self.layer2 = self._make_layer(block, 16, layers[1], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(16 * block.expansion, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def _make_layer(self, block, planes, blocks, stride=1):
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = nn.Sequential(nn.Conv2d(self.inplanes, planes * block.expansion, 1, stride=stride, bias=False),
                                       nn.BatchNorm2d(planes * block.expansion))
        layers = [block(self.inplanes, planes, stride, downsample)]
        self.inplanes = planes * block.expansion
        for _ in range(1, blocks):
            layers.append(block(self.inplanes, planes))
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.avgpool(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(x, 1))


model = ResNet(BasicBlock, [1, 2], num_classes=4)
print(model)
print([n for n, m in model.named_modules() if isinstance(m, nn.Conv2d)])
x = torch.randn(2, 3, 32, 32)
print(model(x).shape)
total = sum(p.numel() for p in model.parameters())
print(f"{total:,} total parameters, {sum(b.numel() for b in model.buffers())} numbers in buffers")
for name, p in list(model.named_parameters())[:5]:
    print(f"{name:30s} {str(list(p.shape)):20s} {p.numel()}")

print("\nState dict surgery")
saved = copy.deepcopy(model.state_dict())
print(type(saved).__name__, len(saved), list(saved)[:4], saved["bn1.num_batches_tracked"])
pretrained = OrderedDict(("module." + k, v) for k, v in saved.items())
new_state = OrderedDict((k.replace("module.", ""), v) for k, v in pretrained.items())
other = ResNet(BasicBlock, [1, 2], num_classes=4)
print(other.load_state_dict(new_state))
new_state.pop("fc.weight")
new_state["head.bias"] = torch.zeros(3)
result = other.load_state_dict(new_state, strict=False)
print(result.missing_keys, result.unexpected_keys)
try:
    other.load_state_dict(new_state)
except RuntimeError as e:
    print(str(e)[:60])
matching = {k: v for k, v in saved.items() if k in other.state_dict() and v.shape == other.state_dict()[k].shape}
state = other.state_dict()
state.update(matching)
other.load_state_dict(state)
print(all(torch.equal(a, b) for a, b in zip(other.state_dict().values(), saved.values())))

print("\nFeature extraction: all frozen but a new head")
for param in other.parameters():
    param.requires_grad = False
num_ftrs = other.fc.in_features
other.fc = nn.Linear(num_ftrs, 2)
print([n for n, p in other.named_parameters() if p.requires_grad], other.fc)
optimizer = optim.SGD(filter(lambda p: p.requires_grad, other.parameters()), lr=0.1, momentum=0.9)
scheduler = lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.1)
images = torch.randn(16, 3, 32, 32)
target = (images.mean(dim=(1, 2, 3)) > 0).long()
before = {k: v.clone() for k, v in other.state_dict().items()}
other.eval()
losses = []
for epoch in range(8):
    optimizer.zero_grad()
    with torch.set_grad_enabled(True):
        loss = nn.functional.cross_entropy(other(images), target)
        loss.backward()
        optimizer.step()
    scheduler.step()
    losses.append(loss.item())
print("%.2f" % losses[0], losses[-1] < losses[0], optimizer.param_groups[0]["lr"])
print("changed:", [k for k, v in other.state_dict().items() if not torch.equal(v, before[k])])
other.requires_grad_(True)
optimizer = optim.SGD([{"params": other.fc.parameters(), "lr": 1e-2},
                       {"params": [p for n, p in other.named_parameters() if not n.startswith("fc.")]}], lr=1e-3, weight_decay=5e-4)
print([(g["lr"], len(g["params"]), g["weight_decay"]) for g in optimizer.param_groups])
backbone = nn.Sequential(*list(other.children())[:-1])
print(backbone(x).shape, len(backbone), backbone[-1])
other.layer2[1].bn2 = nn.Identity()
other.maxpool = nn.Sequential()
print(other(x).shape, other.get_submodule("layer2.0.conv1").stride, other.layer2[0].downsample[0].weight.shape)
