# %% [markdown]
# # 12. Seeing graphs
#
# *About 30 minutes. You need lessons 2, 4 and 6.*
#
# At the end you can
#
# - draw what a program computed, closed and open,
# - follow a gradient through it and ask where it came from,
# - find a mistake by looking.

# %%
from exercises import check

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, viz

# %% [markdown]
# ## Cards
#
# `viz.record()` notes what is computed inside it. `viz.graph` draws one card for each thing that the *program*
# called, a layer or a function, with its settings and shapes. Data have a pointed side; dashed arrows carry indices.

# %%
minitorch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3))
images, labels = minitorch.randn(2, 1, 8, 8), minitorch.tensor([0, 2])
with viz.record():
    loss = F.cross_entropy(net(images), labels)
    loss.backward()
viz.graph(loss, show="grad")

# %% [markdown]
# A card can be opened: what is cross_entropy made of?

# %%
viz.graph(loss, open=["cross_entropy"])

# %% [markdown]
# *Predict:* a residual block, x + f(x). How many arrows come together at the plus, and how many leave x?

# %%
x = minitorch.tensor([1.0, -2.0], requires_grad=True)
with viz.record():
    y = (x + (x * 3).tanh()).sum()
    y.backward()
viz.graph(y, show=("value", "grad"))

# %% [markdown]
# ## The backward pass, slowly
#
# `viz.play` shows every step, its rule and its numbers. Press P and answer before you see them; press N, change an
# input a little, and compare what happens with what the gradient said.

# %%
viz.play(y)

# %% [markdown]
# ## Why this number?
#
# `viz.why` writes the chain rule of one gradient out: a product for each path from the loss to the parameter, and
# their sum.

# %%
print(viz.why(x, y))

# %% [markdown]
# **Exercise 12.1.** In `y = a * b + a * c`, the gradient of a is a sum over two paths. Give the two products for a =
# 2, b = 3, c = 5.

# %%
paths = ...

check("12.1", paths)

# %% [markdown]
# **Exercise 12.2.** Here w is used twice, so two gradients should come back to it, 3 · e^0.6 and 1. Only one does.
# Look at the graph: which path is missing? Which word of the program cuts it off?

# %%
w = minitorch.tensor(0.2, requires_grad=True)
with viz.record():
    a = (w * 3).detach()
    b = a.exp() + w
    b.backward()
print(w.grad)
viz.graph(b, show=("value", "grad"))

# %%
culprit = ...

check("12.2", culprit)

# %% [markdown]
# **Exercise 12.3.** Given is a graph as a dictionary: name → the names that it was computed from. How many paths lead
# from `last` back to `first`? (The chain rule has a product for each. In a deep net with skips there are thousands:
# that is why gradients are computed step by step, and not path by path.)


# %%
def count_paths(uses, last, first):
    """A whole number."""
    ...


check("12.3", count_paths)

# %% [markdown]
# ## In PyTorch
#
# PyTorch keeps the same tape, and has no pictures; packages such as torchviz draw the operations, not your program.
#
# ## Common mistakes
#
# - *Drawing a whole training loop.* Record one step.
# - *Looking for a value that is not kept:* `viz.record()` keeps them, a graph drawn without it has shapes only.
#
# Where it is: `minitorch/viz/`; `graph/cards.py` decides what becomes a card.
