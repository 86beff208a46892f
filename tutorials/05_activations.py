# %% [markdown]
# # 5. Activations
#
# *About 45 minutes. You need lesson 4.*
#
# At the end you can
#
# - say why a network needs something between its linear layers,
# - compute the usual activations and their derivatives,
# - recognise saturation and dead units in your own network, and say what to do.

# %%
from exercises import check

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, viz

# %% [markdown]
# ## Three linear layers are one
#
# *Predict:* what can three linear layers in a row compute that one cannot?

# %%
three = nn.Sequential(nn.Linear(3, 8, bias=False), nn.Linear(8, 8, bias=False), nn.Linear(8, 2, bias=False))
one = viz.matrix(three, (3,))
print(one.array.shape)
product = three[2].weight @ three[1].weight @ three[0].weight
print(abs(one.array - product.detach().numpy()).max() < 1e-6)

# %% [markdown]
# Nothing: (x W₁ᵀ) W₂ᵀ is x (W₂ W₁)ᵀ, one matrix. Something that is not linear must come between, the *activation*,
# element by element.
#
# ## Sigmoid and tanh
#
# $$\sigma(x) = \frac{1}{1 + e^{-x}} \qquad \sigma' = \sigma\,(1 - \sigma) \qquad\qquad \tanh x = \frac{\sinh x}{\cosh x} =
# \frac{2}{1 + e^{-2x}} - 1 \qquad \tanh' = 1 - \tanh^2$$
#
# (Some course notes have sin/cos, or a plus before the 1; and they lose the minus in the exponent.) Drag x: the
# tangent has the slope that the lower curve shows.

# %%
viz.curve(nn.Sigmoid(), nn.Tanh())

# %% [markdown]
# **Exercise 5.1.** Write tanh with the exponential function. (`math.exp`)


# %%
def tanh(x):
    """A number."""
    ...


check("05.1", tanh)

# %% [markdown]
# The values of the sigmoid are between 0 and 1, so that the next layer gets numbers that are all positive; those of
# tanh are between −1 and 1, centred on 0. The slope of tanh is 1 at 0; that of the sigmoid is a quarter at best.
#
# Both curves are flat far from 0: they *saturate*. Where the slope is nearly 0, nearly nothing of a gradient passes.
#
# **Exercise 5.2.** How much of a gradient is left, at best, behind a number of sigmoids (leaving the weights aside)?


# %%
def what_is_left(depth):
    """A share between 0 and 1."""
    ...


check("05.2", what_is_left)

# %% [markdown]
# Look at it in a network: thirteen layers, and the gradient from right to left.

# %%
minitorch.manual_seed(0)
x, y = minitorch.randn(64, 16), minitorch.randn(64, 1)


def deep(activation):
    return nn.Sequential(*[layer for _ in range(6) for layer in (nn.Linear(16, 16), activation())], nn.Linear(16, 1))


sigmoids, relus = deep(nn.Sigmoid), deep(nn.ReLU)
flow = viz.flow(sigmoids, lambda: F.mse_loss(sigmoids(x), y), "sigmoid")
flow.beside(viz.flow(relus, lambda: F.mse_loss(relus(x), y), "ReLU"))

# %% [markdown]
# ## ReLU
#
# $$\text{ReLU}(x) = \max(0, x)$$
#
# Its slope is 1 or 0: what passes, passes whole. At 0 there is no slope; every framework takes 0. But a unit whose
# input is below 0 for every item passes nothing, learns nothing, and stays like that: it is *dead*.

# %%
viz.curve(model=relus, x=x)

# %% [markdown]
# The filled parts of the histograms pass nothing. *Try it:* subtract 3 from the bias of the first layer, and look
# again.

# %%
with minitorch.no_grad():
    relus[0].bias -= 3
viz.curve(model=relus, x=x)

# %% [markdown]
# ## Its relatives
#
# *LeakyReLU* (Maas and others, 2013) keeps a small slope below 0, `negative_slope`. *PReLU* (He and others, 2015)
# learns it, beginning with `init`. *RReLU* (Xu and others, 2015) draws it for each element while training, evenly
# between `lower` and `upper`, and takes the mean of the two afterwards.

# %%
viz.curve(nn.LeakyReLU(0.1), nn.PReLU(), nn.RReLU())

# %% [markdown]
# **Exercise 5.3.** Write the backward pass of LeakyReLU. (`minitorch.where` chooses element by element.)


# %%
def leaky_relu_backward(g, x, slope):
    """The gradient of x, from that of the output, g."""
    ...


check("05.3", leaky_relu_backward)

# %% [markdown]
# ## In PyTorch
#
# The same names; `F.relu(x)`, `x.relu()` and `nn.ReLU()` are one function.
#
# ## Common mistakes
#
# - *An activation after the last layer,* before a loss that has its own: cross_entropy takes the plain numbers.
# - *Large initial weights with tanh:* every unit is saturated from the beginning.
# - *A high learning rate with ReLU:* one large step can kill units.
#
# Where it is: `minitorch/ops/activation.py`, `minitorch/ops/rectifier.py`.
