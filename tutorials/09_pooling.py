# %% [markdown]
# # 9. Pooling and unpooling
#
# *About 45 minutes. You need lesson 6.*
#
# The digits come with scikit-learn, from the extra `tutorials`.
#
# At the end you can
#
# - compute max and average pooling, forward and backward, with every parameter,
# - put pooled values back by their indices, and say what output_size does,
# - build an encoder and decoder that uses them.

# %%
from exercises import check

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim, viz

# %% [markdown]
# ## Many become one
#
# Pooling collects: of each window one number stays, the largest or the mean. There are no weights and nothing is
# learnt. The image gets smaller, the layers after it see more of it at once, and it matters less where exactly
# something was. Unless it is told otherwise, the window moves by its own size: the stride is the kernel. Padding and
# dilation are those of lesson 6, except that the border of a max pooling is −∞.

# %%
image = minitorch.tensor([[[1.0, 5, 2, 0], [5, 3, 8, 8], [0, 0, 1, 4], [7, 6, 2, 2]]])
viz.animate(nn.MaxPool2d(2), image)

# %% [markdown]
# *Predict:* in the first window the 5 is there twice. Which of the two is taken? And does it matter?
#
# The number in brackets is the index of the largest: its place in the plane, counted row by row. The first of equals
# wins. It matters on the way back: all the gradient goes to the winner, the others get nothing.

# %%
viz.animate(nn.MaxPool2d(2), image, "grad_input")

# %% [markdown]
# **Exercise 9.1.** Max pooling with windows of k×k, side by side. Rows and columns that fill no window are left out.


# %%
def max_pool(image, k):
    """A tensor; image has two dimensions."""
    ...


check("09.1", max_pool)

# %% [markdown]
# **Exercise 9.2.** Its backward pass: the gradient of the image.


# %%
def max_pool_backward(image, upstream, k):
    """A tensor like image."""
    ...


check("09.2", max_pool_backward)

# %% [markdown]
# ## Means
#
# The mean of a window divides by the number of its cells. But which cells? At the border it is a choice:
# `count_include_pad=True`, the default, counts the zeros of the padding, so that border cells come out smaller.

# %%
viz.animate(nn.AvgPool2d(3, stride=2, padding=1), (1, 5, 5))

# %% [markdown]
# *Try it:* in *What if?* switch count_include_pad off, and watch the divisor. Then ceil_mode: what becomes of cells
# that fill no whole window?

# %%
for options in ({}, {"ceil_mode": True}, {"divisor_override": 2}):
    print(options, nn.AvgPool2d(2, **options)(minitorch.ones(1, 1, 5, 5))[0, 0].tolist())

# %% [markdown]
# A mean is a sum of products: the weights are all 1/n. So average pooling is a convolution with fixed weights; max
# pooling is none, as what it takes depends on the image.
#
# **Exercise 9.3.** Which kernel makes a convolution of stride k an average pooling over k×k?


# %%
def averaging_kernel(k):
    """A tensor of k rows and k columns."""
    ...


check("09.3", averaging_kernel)

# %% [markdown]
# *Adaptive* pooling is told how large the output should be, and chooses the windows. Where the size does not divide,
# they have different sizes and may overlap. It lets one network take images of any size.

# %%
viz.animate(nn.AdaptiveAvgPool2d(3), (1, 5, 5))

# %% [markdown]
# ## Back again
#
# Pooling forgets where the largest was, unless you keep the indices. `MaxUnpool2d` puts each value back to its place;
# everything else is 0.

# %%
pool, unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
small, indices = pool(image)
print(indices)
viz.animate(unpool, small, indices=indices)

# %% [markdown]
# *Predict:* an image of 5×5, pooled by 2, gives 2×2, as one of 4×4 does. How large will the unpooled one be?
#
# The layer cannot know, and makes 4×4. `output_size` says it. An index counts cells row by row, so in a wider image
# the *same index is another cell*: without output_size the values below land in wrong places, and only an index
# beyond the last cell is an error.

# %%
five = minitorch.zeros(1, 5, 5)
five[0, 0, 1], five[0, 1, 3], five[0, 2, 0], five[0, 2, 3] = 1.0, 2.0, 3.0, 4.0
small, indices = pool(five)
print(unpool(small, indices)[0])
print(unpool(small, indices, output_size=(5, 5))[0])

# %%
viz.animate(unpool, small, indices=indices, output_size=(5, 5))

# %% [markdown]
# If windows overlap, two outputs can have the same index. Then the last one wins, and it alone has the gradient.
#
# ## An encoder and a decoder
#
# Now all together: a network that makes an image small and large again. The decoder uses the encoder's indices, so
# that edges return to where they were.


# %%
class Hourglass(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.pool = nn.Conv2d(1, 8, 3, padding=1), nn.MaxPool2d(2, return_indices=True)
        self.unpool, self.up = nn.MaxUnpool2d(2), nn.ConvTranspose2d(8, 1, 3, padding=1)

    def forward(self, x):
        small, indices = self.pool(F.relu(self.down(x)))
        return self.up(self.unpool(small, indices, output_size=x.shape[-2:]))


from sklearn.datasets import load_digits

minitorch.manual_seed(0)
digits = minitorch.tensor(load_digits().images[:256], dtype=minitorch.float32).reshape(-1, 1, 8, 8) / 16
net = Hourglass()
optimizer = optim.Adam(net.parameters(), lr=1e-2)
for step in range(120):
    loss = F.mse_loss(net(digits), digits)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(step, round(loss.item(), 4))
print("at the end", round(F.mse_loss(net(digits), digits).item(), 4))

# %%
viz.feature_maps(net, digits[:1])

# %%
with viz.record():
    loss = F.mse_loss(net(digits[:1]), digits[:1])
viz.graph(loss)

# %% [markdown]
# The dashed arrow carries the indices: whole numbers, through which no gradient flows.
#
# ## In PyTorch
#
# The same names and parameters. Of repeated indices PyTorch leaves open which value stays, and gives all of them the
# gradient.
#
# ## Common mistakes
#
# - *Padding a max pooling with zeros.* It is padded with −∞, so that a border never wins, not even among negative
#   numbers.
# - *Unpooling with the indices of another pooling,* or without output_size.
# - *Expecting a derivative at a tie.* There are several slopes; one is taken, and finite differences there disagree
#   (lesson 3).
#
# Where it is: `minitorch/ops/pooling.py` and `minitorch/nn/pooling.py`.
