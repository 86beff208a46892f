"""Teaches convolution and pooling with kernels set by hand."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(12)

image = torch.zeros(1, 1, 6, 6)
image[:, :, 1:5, 2:4] = 1.0
print(image[0, 0])

print("\nEdges")
sobel = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
conv = nn.Conv2d(1, 2, 3, padding=1, bias=False)
with torch.no_grad():
    conv.weight[0, 0] = sobel
    conv.weight[1, 0] = sobel.t()
edges = conv(image)
print(edges.shape)
print(edges[0, 0])
print(edges[0, 1].detach())

print("\nStride, dilation, groups, padding modes")
box = torch.full((1, 1, 3, 3), 1.0)
print(F.conv2d(image, box, stride=2))
print(F.conv2d(image, box, dilation=2))
two = torch.cat([image, 2 * image], dim=1)
print(F.conv2d(two, box.repeat(2, 1, 1, 1), groups=2)[0, :, 0])
print(F.conv2d(image, box, bias=torch.tensor([0.5]), padding="same")[0, 0, 0])
print(F.pad(torch.arange(4.0).reshape(1, 1, 2, 2), (1, 1, 1, 1), mode="replicate")[0, 0])
print(F.conv1d(torch.arange(5.0).reshape(1, 1, 5), torch.tensor([[[1.0, -1.0]]])))

print("\nTransposed convolution")
small = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
up = nn.ConvTranspose2d(1, 1, 2, stride=2, bias=False)
nn.init.ones_(up.weight)
print(up)
print(up(small).detach()[0, 0])
print(F.conv_transpose2d(small, box)[0, 0])
print(F.conv_transpose2d(small, box, stride=2, padding=1, output_padding=1).shape)

print("\nPooling")
x = torch.tensor([[1, 5, 2, 0], [3, 4, 8, 1], [9, 6, 7, 12], [11, 10, 13, 14]]).float()[None, None]
pool = nn.MaxPool2d(2, return_indices=True)
pooled, where = pool(x)
print(pooled[0, 0], where[0, 0])
print(nn.MaxUnpool2d(2)(pooled, where)[0, 0])
print(F.avg_pool2d(x, 2), nn.AdaptiveAvgPool2d(1)(x))
print(F.max_pool2d(x, 3, stride=1)[0, 0], nn.AvgPool2d(3, stride=1, padding=1)(x)[0, 0, 0])
print(F.interpolate(small, scale_factor=2, mode="nearest")[0, 0])

print("\nA fully connected layer sees a flat image")
fc = nn.Linear(16, 2)
with torch.no_grad():
    fc.weight.fill_(0.5)
    fc.weight[1, ::2] = 0
    fc.bias.copy_(torch.tensor([0.0, -1.0]))
print(fc(x.flatten(1)))

print("\nConvolution is a matrix product on patches")
patches = F.unfold(image, 3)
print(patches.shape)
product = (sobel.reshape(1, -1) @ patches).reshape(1, 1, 4, 4)
print(torch.equal(product, F.conv2d(image, sobel[None, None])))
print(F.fold(torch.ones(1, 4, 9), (4, 4), 2)[0, 0])
k = box.clone().requires_grad_()
F.conv2d(image, k).sum().backward()
print(k.grad[0, 0])
