# %% [markdown]
# # 4. Modules and the linear layer
#
# *About 45 minutes. You need lessons 1 and 2.*
#
# At the end you can
#
# - compute a linear layer and its three gradients by hand,
# - write a Module, and say what it keeps for you,
# - train it, and copy what was learnt into another network.

# %%
from exercises import check

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim, viz

# %% [markdown]
# ## Every output reads every input
#
# A linear layer has a weight for each pair of an input and an output, and a bias for each output:
#
# $$y = x W^T + b$$
#
# A row of W belongs to one output. With x = (1, 2, 3) and the rows (1 1 1), (2 2 2), (3 3 3), (4 4 4), *predict* the four
# outputs. (A layer begins with random weights; `.data =` puts others in their place, without the tape.)

# %%
linear = nn.Linear(3, 4)
linear.weight.data = minitorch.tensor([[1.0, 1, 1], [2, 2, 2], [3, 3, 3], [4, 4, 4]])
linear.bias.data = minitorch.zeros(4)
x = minitorch.tensor([1.0, 2, 3])
print(linear(x))

# %%
viz.animate(linear, x)

# %% [markdown]
# *Predict:* how many parameters has a layer from 784 pixels to 100 units?

# %%
print(sum(p.numel() for p in nn.Linear(784, 100).parameters()))

# %% [markdown]
# **Exercise 4.1.** Write it, for a batch: x has a row for each item. `@` is the product of two matrices, `.T` the
# transpose.


# %%
def linear_forward(x, weight, bias):
    """A row for each item."""
    ...


check("04.1", linear_forward)

# %% [markdown]
# ## Its gradients
#
# Let *g* be the gradient of the output, a row for each item. Every product in the sum is input times weight. So the
# gradient of an input adds up *g* times weight, over the outputs. That of a weight adds up *g* times input, over the
# items. The bias was added once to every item, so its gradient adds up *g*:
#
# $$\frac{\partial L}{\partial x} = g\, W \qquad \frac{\partial L}{\partial W} = g^T x \qquad \frac{\partial L}{\partial b} =
# \sum_{\text{items}} g$$
#
# For a batch of n: g is (n, 4), W is (4, 3), x is (n, 3). *Predict* the shape of each of the three, and compare it with
# the shape of what it is the gradient of.

# %%
viz.animate(linear, x, "grad_weight")

# %% [markdown]
# **Exercise 4.2.** Write the three.


# %%
def linear_backward(g, x, weight):
    """The gradients of x, of the weight and of the bias, as a tuple."""
    ...


check("04.2", linear_backward)

# %% [markdown]
# ## A Module keeps things together
#
# A network is made of layers, and layers have parameters. A `Module` finds them: whatever Module or Parameter you
# assign to `self` becomes part of it.


# %%
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 8)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        return self.out(self.hidden(x).tanh())


net = Net()
print(net)
print([name for name, _ in net.named_parameters()])

# %% [markdown]
# You write `forward`, and call `net(x)`. A layer is made first, then called: `nn.ReLU()(x)`. *Break it:* leave out
# `super().__init__()` above, and read the error.
#
# **Exercise 4.3.** Write a module of two linear layers with a ReLU between them.


# %%
class TwoLayers(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        ...

    def forward(self, x): ...


check("04.3", TwoLayers)

# %% [markdown]
# ## Learning
#
# A loss says how wrong the network is, backward() how to change each parameter, and an optimizer changes them.
# `F.mse_loss` is the mean of the squared differences. Adam is gradient descent with a step size for each parameter
# (lesson 10). Here a network learns exclusive or, which no single linear layer can. (*Why not?* Draw the four points.)

# %%
minitorch.manual_seed(0)
net = Net()
points = minitorch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
wanted = minitorch.tensor([[0.0], [1], [1], [0]])
optimizer = optim.Adam(net.parameters(), lr=0.05)
for step in range(200):
    loss = F.mse_loss(net(points), wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, round(loss.item(), 4))
print(net(points).detach().reshape(-1))

# %% [markdown]
# The graph of one step, and the table of the layers for an input of shape (4, 2):

# %%
with viz.record():
    loss = F.mse_loss(net(points), wanted)
viz.graph(loss)

# %%
viz.summary(net, (4, 2))

# %% [markdown]
# ## What was learnt
#
# `state_dict()` has every parameter by its name. It can be loaded into a network of the same shape. (`minitorch.save`
# writes it to a file, with the extra `save`: lesson 16.)

# %%
other = Net()
print(other.load_state_dict(net.state_dict()))
print((other(points) == net(points)).all())

# %% [markdown]
# ## In PyTorch
#
# The same. `nn.Linear` keeps its weight as (outputs, inputs), which is why the formula has a transpose.
#
# ## Common mistakes
#
# - *A list of layers.* `self.layers = [nn.Linear(2, 2)]` hides them; `nn.ModuleList` shows them.
# - *`net.forward(x)`* works, and skips the hooks.
# - *A parameter that is only a tensor.* `nn.Parameter(...)` makes it one.
#
# Where it is: `minitorch/nn/module.py`, `minitorch/nn/linear.py`, and the operation in `minitorch/ops/linear.py`.
