# %% [markdown]
# # 11. Your own operation, your own layer
#
# *About 45 minutes. You need lessons 2 to 5.*
#
# At the end you can
#
# - write an operation with its derivative, once and twice differentiable,
# - check it, put it into a layer, train it, and draw it.

# %%
from exercises import check

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim, viz
from minitorch.autograd import Function, gradcheck, gradgradcheck

# %% [markdown]
# ## When you need one
#
# Most layers need no operation of their own: what is made of tensor operations is differentiated by the tape.
# *Swish*, x · σ(x), is one line:

# %%
x = minitorch.linspace(-3, 3, 7, requires_grad=True)
y = x * x.sigmoid()
y.sum().backward()
print(x.grad)

# %% [markdown]
# You need one where the tape would keep too much, where a formula loses digits, or where you want another derivative
# than the true one.
#
# ## Function
#
# `forward` computes and saves what `backward` will need; `backward` gets the gradient of the output and returns that
# of each input. Here is Swish as one operation. Its derivative: with s = σ(x), it is s + x s (1 − s).


# %%
class Swish(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x.sigmoid()

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        s = x.sigmoid()
        return grad * (s + x * s * (1 - s))


point = minitorch.randn(5, dtype=minitorch.float64, requires_grad=True)
print(gradcheck(Swish, point), gradgradcheck(Swish, point))

# %% [markdown]
# The second derivative comes for free, because backward is written with tensor operations.
#
# *Predict:* what does gradgradcheck say if backward uses `x.detach()`?
#
# **Exercise 11.1.** Write the *straight-through* rounding: forward rounds, backward passes the gradient as if nothing
# had happened. (The true derivative is 0 nearly everywhere, and nothing would be learnt.)


# %%
class RoundThrough(Function):
    @staticmethod
    def forward(ctx, x): ...

    @staticmethod
    def backward(ctx, grad): ...


check("11.1", RoundThrough)

# %% [markdown]
# **Exercise 11.2.** Write log(1 + eˣ), softplus, so that it does not overflow at x = 1000: max(x, 0) +
# log1p(e^(−|x|)). Its derivative is σ(x).


# %%
class Softplus(Function):
    @staticmethod
    def forward(ctx, x): ...

    @staticmethod
    def backward(ctx, grad): ...


check("11.2", Softplus)

# %% [markdown]
# ## A layer of it
#
# A layer is a Module. This one has a slope that is learnt, one for each channel:


# %%
class LearntSwish(nn.Module):
    """x · σ(β x), with a β for each feature."""

    def __init__(self, features):
        super().__init__()
        self.beta = nn.Parameter(minitorch.ones(features))

    def forward(self, x):
        return x * (self.beta * x).sigmoid()


net = nn.Sequential(nn.Linear(2, 8), LearntSwish(8), nn.Linear(8, 1))
points = minitorch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
wanted = minitorch.tensor([[0.0], [1], [1], [0]])
optimizer = optim.Adam(net.parameters(), lr=0.05)
for _ in range(150):
    loss = F.mse_loss(net(points), wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(round(loss.item(), 5), net[1].beta.detach())

# %% [markdown]
# **Exercise 11.3.** Write a layer that divides each row by its length (the root of the sum of squares) and multiplies
# it by a weight that is learnt, one number for all, 1 in the beginning.


# %%
class Normalized(nn.Module):
    def __init__(self):
        super().__init__()
        ...

    def forward(self, x): ...


check("11.3", Normalized)

# %% [markdown]
# A layer whose `forward` you wrote is drawn as its operations. `open=1` draws it as one card, like any other layer:

# %%
with viz.record():
    loss = F.mse_loss(net(points), wanted)
viz.graph(loss, open=1)

# %%
viz.play(loss)

# %% [markdown]
# ## In PyTorch
#
# `torch.autograd.Function` is the same.
#
# ## Common mistakes
#
# - *A gradient for each input:* also for a number or a flag, for which it is None.
# - *Saving on ctx by hand* what is an input or output: `save_for_backward` notices if it is changed in place.
# - *NumPy inside backward:* the first derivative is right, and the second missing.
#
# Where it is: `minitorch/autograd/function.py`. CONTRIBUTING.md shows how an operation becomes part of the package.
