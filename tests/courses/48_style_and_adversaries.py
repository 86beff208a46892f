"""Teaches gradients with respect to images: style by Gram matrices, saliency, FGSM, and dreaming."""
import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

torch.manual_seed(48)
imsize = 16
grid = torch.linspace(-1, 1, imsize)
content_img = (grid[None, :] ** 2 + grid[:, None] ** 2 < 0.5).float().expand(1, 3, imsize, imsize).clone()
style_img = torch.sin(8 * grid)[None, None, None, :].repeat(1, 3, imsize, 1) * 0.5 + 0.5
print(content_img.size(), style_img.size(), content_img.mean())


def gram_matrix(input):
    a, b, c, d = input.size()
    features = input.view(a * b, c * d)
    G = torch.mm(features, features.t())
    return G.div(a * b * c * d)


class ContentLoss(nn.Module):
    def __init__(self, target):
        super(ContentLoss, self).__init__()
        self.target = target.detach()

    def forward(self, input):
        self.loss = F.mse_loss(input, self.target)
        return input


class StyleLoss(nn.Module):
    def __init__(self, target_feature):
        super(StyleLoss, self).__init__()
        self.target = gram_matrix(target_feature).detach()

    def forward(self, input):
        self.loss = F.mse_loss(gram_matrix(input), self.target)
        return input


class Normalization(nn.Module):
    def __init__(self, mean, std):
        super(Normalization, self).__init__()
        self.mean = mean.clone().detach().view(-1, 1, 1)
        self.std = std.clone().detach().view(-1, 1, 1)

    def forward(self, img):
        return (img - self.mean) / self.std


print(gram_matrix(torch.arange(8.).view(1, 2, 2, 2)))
cnn = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, padding=1), nn.ReLU()).eval()
normalization = Normalization(torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225]))
model, content_losses, style_losses, i = nn.Sequential(normalization), [], [], 0
for layer in copy.deepcopy(cnn).children():
    if isinstance(layer, nn.Conv2d):
        i += 1
        name = "conv_{}".format(i)
    elif isinstance(layer, nn.ReLU):
        name = "relu_{}".format(i)
        layer = nn.ReLU(inplace=False)
    elif isinstance(layer, nn.MaxPool2d):
        name = "pool_{}".format(i)
    else:
        raise RuntimeError("Unrecognized layer: {}".format(layer.__class__.__name__))
    model.add_module(name, layer)
    if name == "conv_2":
        content_losses.append(ContentLoss(model(content_img).detach()))
        model.add_module("content_loss_{}".format(i), content_losses[-1])
    if name.startswith("conv"):
        style_losses.append(StyleLoss(model(style_img).detach()))
        model.add_module("style_loss_{}".format(i), style_losses[-1])
print(model)
input_img = content_img.clone().requires_grad_(True)
model.requires_grad_(False)
optimizer = optim.LBFGS([input_img], max_iter=4)
run, history = [0], []
while run[0] <= 12:
    def closure():
        with torch.no_grad():
            input_img.clamp_(0, 1)
        optimizer.zero_grad()
        model(input_img)
        style_score = sum(sl.loss for sl in style_losses) * 1000
        content_score = sum(cl.loss for cl in content_losses)
        loss = style_score + content_score
        loss.backward()
        run[0] += 1
        history.append((style_score.item(), content_score.item()))
        return loss
    optimizer.step(closure)
print("style %.2f content %.2f" % history[0], history[-1][0] < history[0][0], input_img.grad.shape)

print("\nA classifier of bright halves, and its saliency")
x = torch.rand(120, 1, 8, 8)
y = (x[..., :4].mean((1, 2, 3)) > x[..., 4:].mean((1, 2, 3))).long()
net = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 2))
opt = optim.Adam(net.parameters(), lr=0.01)
for _ in range(60):
    opt.zero_grad()
    F.cross_entropy(net(x), y).backward()
    opt.step()
print("accuracy above 0.9:", (net(x).argmax(1) == y).float().mean().item() > 0.9)
image = x[:1].clone()
image.requires_grad_()
score, index = net(image).max(1)
score.backward()
saliency = image.grad.data.abs().squeeze()
print(saliency.shape, ((saliency - saliency.min()) / (saliency.max() - saliency.min())).max())

print("\nFast gradient sign method")


def fgsm_attack(image, epsilon, data_grad):
    perturbed_image = image + epsilon * data_grad.sign()
    return torch.clamp(perturbed_image, 0, 1)


accuracies = []
for epsilon in [0, .05, .1, .2, .3]:
    data = x.clone().detach().requires_grad_(True)
    loss = F.nll_loss(F.log_softmax(net(data), dim=1), y)
    net.zero_grad()
    loss.backward()
    data_grad = data.grad.data
    adv = fgsm_attack(data, epsilon, data_grad)
    accuracies.append((net(adv).max(1, keepdim=True)[1].squeeze() == y).float().mean().item())
    print("epsilon", epsilon, "largest change %.2f" % (adv - data).abs().max().item())
print("each attack is stronger:", accuracies == sorted(accuracies, reverse=True), accuracies[-1] < 0.2)
delta = torch.zeros_like(x, requires_grad=True)
for _ in range(5):
    F.cross_entropy(net(x + delta), y).backward()
    delta.data = (delta + 0.05 * delta.grad.detach().sign()).clamp(-0.1, 0.1)
    delta.grad.zero_()
print("PGD stays in its ball:", delta.abs().max(), (net(x + delta).argmax(1) == y).float().mean().item() <= accuracies[2] + 0.05)

print("\nAn image that a class likes")
dream = torch.full((1, 1, 8, 8), 0.5, requires_grad=True)
opt = optim.SGD([dream], lr=0.5, weight_decay=1e-3)
for step in range(20):
    opt.zero_grad()
    objective = -net(dream)[0, 1] + 1e-3 * (dream[:, :, 1:] - dream[:, :, :-1]).abs().sum()
    objective.backward()
    opt.step()
    with torch.no_grad():
        dream.clamp_(0, 1)
print("class 1 is sure:", F.softmax(net(dream), 1)[0, 1].item() > 0.9, dream.min() >= 0, "left is brighter:", dream[..., :4].mean() > dream[..., 4:].mean())
inputs, cam = torch.rand(2, 3, 8, 8, requires_grad=True), {}
conv = cnn[0]
conv.register_forward_hook(lambda m, i, o: cam.update(act=o))
conv.register_full_backward_hook(lambda m, gi, go: cam.update(grad=go[0]))
cnn[:1](inputs).pow(2).mean((1, 2, 3)).sum().backward()
weights = F.adaptive_avg_pool2d(cam["grad"], 1)
heat = F.relu((weights * cam["act"]).sum(1, keepdim=True))
print(heat.shape, F.interpolate(heat, size=(16, 16), mode="nearest").shape, heat.ge(0).all())
