# %% [markdown]
# # 10. Training well
#
# *About 60 minutes. You need lessons 4 to 9.*
#
# The digits come with scikit-learn, from the extra `tutorials`.
#
# At the end you can
#
# - choose a loss, initial weights, an optimizer and a learning rate, and say why,
# - use batch norm and dropout, in training and in evaluation mode,
# - see over-fitting, and find out why a network does not learn.

# %%
import math

from exercises import check
from sklearn.datasets import load_digits

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim, viz
from minitorch.utils.data import DataLoader, TensorDataset, random_split

# %% [markdown]
# ## What is wrong, in one number
#
# For choosing among classes the network gives a number for each. *Softmax* makes shares of them, and *cross-entropy*
# is −log of the share of the right class: 0 if it is certain and right, large if it is certain and wrong.

# %%
scores, right = minitorch.tensor([[2.0, 0.0, 1.0], [0.5, 3.0, -1.0]]), minitorch.tensor([2, 1])
viz.worked(nn.CrossEntropyLoss(), scores, right)

# %% [markdown]
# Look at the last column: the gradient is what the network said, less what was right, divided by the number of
# items, here 2. No factor makes it vanish: that is why cross-entropy and softmax belong together.
#
# *Predict:* ten classes, and a network that knows nothing. What is its loss?

# %%
print(F.cross_entropy(minitorch.zeros(1, 10), minitorch.tensor([3])).item(), math.log(10))

# %% [markdown]
# **Exercise 10.1.** Write cross-entropy for one row of scores, without overflow: subtract the largest score first.


# %%
def cross_entropy(scores, right):
    """A number. `scores` is a list, `right` the number of the class."""
    ...


check("10.1", cross_entropy)

# %% [markdown]
# ## Data, model, loop

# %%
minitorch.manual_seed(0)
images, labels = load_digits(return_X_y=True)
digits = TensorDataset(minitorch.tensor(images, dtype=minitorch.float32).reshape(-1, 1, 8, 8) / 16, minitorch.tensor(labels))
train, test = random_split(digits, [0.75, 0.25])


def network(drop=0.0):
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(drop), nn.Linear(128, 10),
    )  # fmt: skip


def accuracy(model, data):
    model.eval()
    with minitorch.no_grad():
        hits = sum((model(x).argmax(1) == y).sum().item() for x, y in DataLoader(data, batch_size=256))
    model.train()
    return hits / len(data)


def fit(model, optimizer, epochs, data=train):
    for _ in range(epochs):
        for x, y in DataLoader(data, batch_size=32, shuffle=True):
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return loss.item()


model = network()
fit(model, optim.Adam(model.parameters(), lr=3e-3), 3)
print(f"{accuracy(model, train):.1%} of what it has seen, {accuracy(model, test):.1%} of what it has not")

# %% [markdown]
# What did it learn?

# %%
viz.kernels(model[0])

# %%
viz.feature_maps(model.eval(), test[0][0].unsqueeze(0))

# %% [markdown]
# ## Where to begin
#
# If all weights were 0, all units would do the same for ever. If they are too large or too small, values explode or
# die on their way. A sum of n products with weights of variance v has n · v times the variance. So v = 1/n keeps it;
# with ReLU, which drops half, v = 2/n (He and others, 2015).
#
# **Exercise 10.2.** The standard deviation of the initial weights of a layer with `inputs` inputs, before a ReLU.


# %%
def he_std(inputs):
    """A number."""
    ...


check("10.2", he_std)

# %% [markdown]
# *Try it:* the same net with weights too small, right, and too large.

# %%
x, y = minitorch.randn(64, 32), minitorch.randn(64, 1)
flows = []
for name, std in (("too small", 0.05), ("right", math.sqrt(2 / 32)), ("too large", 1.0)):
    net = nn.Sequential(*[part for _ in range(8) for part in (nn.Linear(32, 32), nn.ReLU())], nn.Linear(32, 1))
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=std)
            nn.init.zeros_(layer.bias)
    flows.append(viz.flow(net, lambda net=net: F.mse_loss(net(x), y), name))
flows[0].beside(flows[1]).beside(flows[2])

# %% [markdown]
# ## How to go on
#
# *SGD* takes a step against the gradient. *Momentum* remembers the direction. *Adam* divides each parameter's step by
# the size that its gradients had lately, so that all move at about the same pace.
#
# **Exercise 10.3.** Write one step of SGD with momentum: v ← μ v + g, then w ← w − lr · v.


# %%
def momentum_step(w, g, v, lr, mu):
    """The new w and the new v, as a tuple."""
    ...


check("10.3", momentum_step)

# %%
for name, make in (
    ("SGD", lambda p: optim.SGD(p, lr=0.05)),
    ("momentum", lambda p: optim.SGD(p, lr=0.05, momentum=0.9)),
    ("Adam", lambda p: optim.Adam(p, lr=3e-3)),
):
    minitorch.manual_seed(1)
    model = network()
    print(f"{name:9} {fit(model, make(model.parameters()), 2):.3f}  {accuracy(model, test):.1%}")

# %% [markdown]
# ## Two modes
#
# *Batch norm* takes mean and variance of the batch away while it trains, and uses running ones afterwards. *Dropout*
# sets a share of the values to 0 while it trains, and nothing afterwards. `model.train()` and `model.eval()` switch.

# %%
viz.worked(nn.BatchNorm1d(2), minitorch.tensor([[1.0, 10], [2, 30], [3, 20]]))

# %%
viz.worked(nn.Dropout(0.5), minitorch.tensor([[1.0, 2, 3, 4]]))

# %% [markdown]
# *Break it:* evaluate with `model.train()`, on a batch of one image. What does batch norm do with a batch of one?
#
# ## Over-fitting
#
# With few examples a network learns them by heart:

# %%
few = random_split(train, [40, len(train) - 40])[0]
minitorch.manual_seed(2)
model = network()
fit(model, optim.Adam(model.parameters(), lr=3e-3), 25, few)
print(f"{accuracy(model, few):.1%} of what it has seen, {accuracy(model, test):.1%} of what it has not")

# %% [markdown]
# More data is the best cure; then smaller networks, dropout, `weight_decay`, and stopping in time.
#
# ## It does not learn. What now?
#
# 1. Is the first loss what it should be, log of the number of classes?
# 2. Can it learn *one* batch by heart? If not, something is broken: look at `viz.flow` and `viz.play`.
# 3. Learning rate: ten times less, ten times more.
# 4. Are labels and images still paired after shuffling? Look at some.
# 5. `zero_grad`, `train()` and `eval()`, softmax before cross_entropy (there should be none)?
#
# ## In PyTorch
#
# The same, with larger data and a GPU.
#
# ## Common mistakes
#
# - *Softmax before cross_entropy:* it is applied twice, and learning is slow.
# - *Measuring on what was learnt.* Only data that was held out says anything.
# - *Forgetting eval().*
#
# Where it is: `minitorch/optim/`, `minitorch/ops/normalization.py`, `minitorch/nn/init.py`.
