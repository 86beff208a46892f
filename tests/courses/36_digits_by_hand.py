"""Trains a CNN on drawn digits: Dataset, transforms and the confusion matrix are written by hand."""
import torch
from torch import nn, optim
from torch.utils.data import Dataset, DataLoader, random_split, Subset
import numpy as np

torch.manual_seed(0)
np.random.seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

SEGMENTS = {0: "abcdef", 1: "bc", 2: "abged", 3: "abgcd", 4: "fgbc", 5: "afgcd", 6: "afgedc", 7: "abc", 8: "abcdefg", 9: "abcdfg"}


def draw(digit):
    image = np.zeros((12, 12), dtype=np.uint8)
    strokes = {"a": (slice(1, 2), slice(3, 9)), "g": (slice(5, 6), slice(3, 9)), "d": (slice(10, 11), slice(3, 9)),
               "f": (slice(1, 6), slice(3, 4)), "b": (slice(1, 6), slice(8, 9)),
               "e": (slice(5, 11), slice(3, 4)), "c": (slice(5, 11), slice(8, 9))}
    for s in SEGMENTS[digit]:
        image[strokes[s]] = 255
    return image


class ToTensor:
    def __call__(self, pic):
        return torch.from_numpy(pic).float().div(255).unsqueeze(0)


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = torch.as_tensor(mean), torch.as_tensor(std)

    def __call__(self, t):
        return t.sub_(self.mean[:, None, None]).div_(self.std[:, None, None])


class RandomShift:
    def __init__(self, size):
        self.size = size

    def __call__(self, t):
        dy, dx = np.random.randint(-self.size, self.size + 1, 2)
        return torch.roll(t, shifts=(int(dy), int(dx)), dims=(1, 2))


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, x):
        for t in self.transforms:
            x = t(x)
        return x


class Digits(Dataset):
    def __init__(self, n, transform=None, target_transform=None):
        self.targets = torch.arange(n) % 10
        self.data = np.stack([draw(int(t)) for t in self.targets])
        noise = np.random.randint(0, 60, self.data.shape).astype(np.uint8)
        self.data = np.maximum(self.data, noise)
        self.transform, self.target_transform = transform, target_transform

    def __getitem__(self, index):
        image, target = self.data[index], self.targets[index].item()
        if self.transform is not None:
            image = self.transform(image)
        return image, target

    def __len__(self):
        return len(self.data)


transform = Compose([ToTensor(), RandomShift(1), Normalize((0.25,), (0.35,))])
dataset = Digits(300, transform)
train_set, test_set = random_split(dataset, [250, 50], generator=torch.Generator().manual_seed(42))
print(len(train_set), len(test_set), dataset.data.shape, dataset.data.dtype)
train_loader = DataLoader(train_set, batch_size=25, shuffle=True, num_workers=0, drop_last=True, pin_memory=False)
test_loader = DataLoader(test_set, batch_size=50, shuffle=False)
images, labels = next(iter(train_loader))
print(images.shape, images.dtype, labels.shape, labels.dtype)
print(images.min().item() < 0 < images.max().item(), labels.bincount(minlength=10).sum())
print(len(Subset(dataset, range(5))), Subset(dataset, [9, 8])[0][1])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=3, stride=1, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2),
            nn.Conv2d(8, 16, kernel_size=3, padding="same"), nn.ReLU(inplace=True), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(16 * 3 * 3, 32), nn.ReLU(), nn.Dropout(p=0.0), nn.Linear(32, 10))

    def forward(self, x):
        return self.classifier(self.features(x))


model = Net().to(device)
print(model)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    running_loss, correct, total = 0.0, 0, 0
    model.train()
    for inputs, labels in train_loader:
        inputs, labels = inputs.to(device, non_blocking=True), labels.to(device)
        optimizer.zero_grad(set_to_none=True)
        outputs = model(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * inputs.size(0)
        correct += (outputs.argmax(dim=1) == labels).sum().item()
        total += labels.size(0)
    print(f"epoch {epoch + 1} loss {running_loss / total:.2f} acc {correct / total:.1%}")

model.eval()
confusion = torch.zeros(10, 10, dtype=torch.int64)
with torch.inference_mode():
    for inputs, labels in test_loader:
        _, predicted = torch.max(model(inputs), 1)
        confusion.index_put_((labels, predicted), torch.ones_like(labels), accumulate=True)
flat = torch.bincount(labels * 10 + predicted, minlength=100).reshape(10, 10)
print(confusion)
print("the same by bincount:", torch.equal(confusion, flat))
tp = confusion.diag().float()
precision, recall = tp / confusion.sum(0).clamp(min=1), tp / confusion.sum(1).clamp(min=1)
f1 = 2 * precision * recall / (precision + recall + 1e-8)
print("recall", recall, "macro f1 %.2f" % f1.mean())
with torch.no_grad():
    scores = model(inputs.clone())
top3 = scores.topk(3, dim=1).indices
print("top-3:", top3.eq(labels.unsqueeze(1)).any(dim=1).float().mean())
one_hot = torch.nn.functional.one_hot(labels[:4], num_classes=10)
print(one_hot, one_hot.dtype)
