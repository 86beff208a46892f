"""A conv net learns to read handwritten digits; its gradients are checked; its computation graph is drawn.

Run it with `make demo`. Without make: `pip install ".[tutorials,viz]"` in the clone, then `python tutorials/00_quickstart.py`.
"""

from pathlib import Path

from sklearn.datasets import load_digits
from tqdm import tqdm

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim, viz
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.utils.data import DataLoader, TensorDataset, random_split

EPOCHS = 12
minitorch.manual_seed(0)

# 1. The data: 1,797 real digits, 8 x 8 pixels each with values from 0 to 16. A quarter is held out for testing.

images, labels = load_digits(return_X_y=True)
x = minitorch.tensor(images, dtype=minitorch.float32).reshape(-1, 1, 8, 8) / 16
y = minitorch.tensor(labels)
train, test = random_split(TensorDataset(x, y), [0.75, 0.25])
print(f"1 of 3: a conv net learns to read {len(train)} digits, with {len(test)} held out (ten to twenty seconds)\n")

# 2. The model, and its training: forward, backward, step.

model = nn.Sequential(
    nn.Conv2d(1, 16, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(32 * 2 * 2, 10),
)
print(model)
optimizer = optim.Adam(model.parameters(), lr=3e-3)


def accuracy(digits):
    with minitorch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in DataLoader(digits, batch_size=256))
    return right / len(digits)


with tqdm(range(EPOCHS), desc="training", unit="epoch") as bar:
    for _ in bar:
        losses = []
        for xb, yb in DataLoader(train, batch_size=32, shuffle=True):
            loss = F.cross_entropy(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        bar.set_postfix(loss=f"{sum(losses) / len(losses):.3f}", accuracy=f"{accuracy(test):.1%}")

score = accuracy(test)
verdict = "" if score >= 0.97 else " The model as it came reaches 97 %: what is different?"
print(f"\nIt reads {score:.1%} of the held-out digits correctly.{verdict}\n")

# 3. Are the gradients right? Each type of layer is compared with finite differences, in float64.

layers = [
    (nn.Conv2d(2, 3, kernel_size=3, padding=1), (2, 2, 5, 5)),
    (nn.ReLU(), (4, 5)),
    (nn.MaxPool2d(2), (2, 2, 4, 4)),
    (nn.Flatten(), (2, 3, 2)),
    (nn.Linear(4, 3), (5, 4)),
]
point = minitorch.randn(4, 10, dtype=minitorch.float64, requires_grad=True)
digits = minitorch.tensor([1, 0, 9, 3])
checks = [
    *((layer.double(), minitorch.randn(*shape, dtype=minitorch.float64, requires_grad=True)) for layer, shape in layers),
    (lambda scores: F.cross_entropy(scores, digits), point),
]
print("2 of 3: are the gradients right? Each layer's are compared with finite differences (a second)\n")
print("layer          gradient  second derivative")
for layer, point in checks:
    name = type(layer).__name__ if isinstance(layer, nn.Module) else "cross_entropy"
    verdicts = ["right" if check(layer, point) else "WRONG" for check in (gradcheck, gradgradcheck)]
    print(f"{name:<14} {verdicts[0]:<9} {verdicts[1]}")

# 4. The computation graph of one training step, and its backward pass to step through.

print("\n3 of 3: pictures of one training step (a few seconds)\n")
digits, labels = x[:8], y[:8]
optimizer.zero_grad()
with viz.record():
    loss = F.cross_entropy(model(digits), labels)
output = Path(__file__).parent / "output"
where = viz.graph(loss).save(output / "00_quickstart_graph.svg")
print(f"The computation graph of one training step is in {where}")
where = viz.play(loss).save(output / "00_quickstart_backward.html")
print(f"Its backward pass, to step through in a browser, is in {where}")

print(
    """
What next?
  open the picture in a browser: each layer printed above is a card; the last card, cross_entropy, has several
    operations inside
  open the page in a browser, and press the space bar: where does the gradient go, and what is it multiplied with?
  begin with lesson 1, tutorials/01_tensors.py: make notebooks opens all of them (README.md says how without make)
  see more graphs, and how they are drawn: make gallery, or python tutorials/gallery.py
  change the model in tutorials/00_quickstart.py, and run it again
  read minitorch/autograd/, then minitorch/ops/arithmetic.py: that is how it works
  find the wrong derivative in a minitorch that has one: make hunt, or python -m tests.mutants --hunt
  add an operation of your own: CONTRIBUTING.md shows how"""
)
