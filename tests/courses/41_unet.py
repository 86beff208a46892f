"""Teaches a U-Net: a way down, a way up, and skip connections, for the segmentation of discs."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(41)


class DoubleConv(nn.Module):
    """(convolution => [BN] => ReLU) * 2"""

    def __init__(self, in_channels, out_channels, mid_channels=None):
        super().__init__()
        if not mid_channels:
            mid_channels = out_channels
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.double_conv(x)


class Up(nn.Module):
    def __init__(self, in_channels, out_channels, bilinear=False):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv = DoubleConv(in_channels + out_channels, out_channels, in_channels // 2)
        else:
            self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)
            self.conv = DoubleConv(in_channels, out_channels)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        diffY = x2.size()[2] - x1.size()[2]
        diffX = x2.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [diffX // 2, diffX - diffX // 2, diffY // 2, diffY - diffY // 2])
        return self.conv(torch.cat([x2, x1], dim=1))


class UNet(nn.Module):
    def __init__(self, n_channels, n_classes, bilinear=False):
        super(UNet, self).__init__()
        self.inc = DoubleConv(n_channels, 8)
        self.down1 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(8, 16))
        self.down2 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(16, 32))
        self.up1 = Up(32, 16, bilinear)
        self.up2 = Up(16, 8, bilinear)
        self.outc = nn.Conv2d(8, n_classes, kernel_size=1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        return self.outc(self.up2(self.up1(x3, x2), x1))


def dice_coeff(input, target, epsilon=1e-6):
    inter = 2 * (input * target).sum(dim=(-1, -2))
    sets_sum = input.sum(dim=(-1, -2)) + target.sum(dim=(-1, -2))
    sets_sum = torch.where(sets_sum == 0, inter, sets_sum)
    return ((inter + epsilon) / (sets_sum + epsilon)).mean()


size = 18
yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
centers = torch.randint(5, 13, (24, 2, 1, 1))
radius = torch.randint(2, 5, (24, 1, 1))
masks = ((yy - centers[:, 0]) ** 2 + (xx - centers[:, 1]) ** 2 <= radius ** 2).float().unsqueeze(1)
images = masks + 0.3 * torch.randn(masks.shape)
print(images.shape, masks.mean(dim=(1, 2, 3))[:4])
print(masks[0, 0].int().tolist()[9])

model = UNet(1, 1)
print(model.up1)
print("parameters:", sum(p.numel() for p in model.parameters()))
for name, module in model.named_children():
    print(name, type(module).__name__, sum(p.numel() for p in module.parameters()))
loader = DataLoader(TensorDataset(images, masks), batch_size=8, shuffle=True)
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, weight_decay=1e-8, momentum=0.9)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "max", patience=2)
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0]))
first = None
for epoch in range(6):
    model.train()
    epoch_loss = 0
    for image, true_masks in loader:
        masks_pred = model(image)
        loss = criterion(masks_pred.squeeze(1), true_masks.squeeze(1).float())
        loss += 1 - dice_coeff(torch.sigmoid(masks_pred.squeeze(1)), true_masks.squeeze(1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        epoch_loss += loss.item()
    if first is None:
        first = epoch_loss
        print("first epoch: %.1f" % first)
    with torch.no_grad():
        pred = (torch.sigmoid(model(images)) > 0.5).float()
        score = dice_coeff(pred, masks)
    scheduler.step(score)
print("the loss falls:", epoch_loss < first, "dice above a half:", bool(score > 0.5))
iou = (pred.bool() & masks.bool()).sum() / (pred.bool() | masks.bool()).sum()
print("IoU in range:", 0 < iou.item() <= 1, iou.dtype)

bilinear = UNet(1, 3, bilinear=True).eval()
out = bilinear(torch.zeros(2, 1, 13, 21))
print(out.shape, out.softmax(dim=1).sum(1).mean())
print(F.interpolate(torch.arange(4.).view(1, 1, 2, 2), scale_factor=2, mode="bilinear", align_corners=True))
up = nn.ConvTranspose2d(1, 1, 2, stride=2, bias=False)
nn.init.constant_(up.weight, 1.0)
print(up(torch.tensor([[[[1., 2.], [3., 4.]]]])))
print(F.one_hot(out.argmax(1), 3).permute(0, 3, 1, 2).float().shape)
