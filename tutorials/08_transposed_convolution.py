# %% [markdown]
# # 8. Transposed convolution
#
# *About 45 minutes. You need lessons 6 and 7.*
#
# At the end you can
#
# - compute a transposed convolution as stamping, and as a convolution with zeros between the cells,
# - say what stride, padding and output_padding do in it,
# - explain why it is exactly the transpose of a convolution, and why it is no inverse,
# - say where the checkerboards in generated images come from.

# %%
from exercises import check

import minitorch
from minitorch import nn, viz

# %% [markdown]
# ## Stamping
#
# A convolution makes few numbers out of many: a window of nine cells becomes one. Networks that *make* images need
# the opposite, few to many. Here is one way: every cell of the input stamps the kernel onto the output, multiplied by
# its value. Where stamps overlap, they add up.

# %%
up = nn.ConvTranspose2d(1, 1, 3, stride=2, bias=False)
up.weight.data = minitorch.tensor([[[[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]]])
viz.animate(up, minitorch.tensor([[[1.0, 0], [0, 2]]]))

# %% [markdown]
# Stride is how far apart the stamps are. *Predict:* with an input of 3×3, a kernel of 3 and a stride of 2, how large
# is the output?
#
# The last stamp begins at (in − 1) · stride and is dilation · (kernel − 1) + 1 cells wide. Padding does not add here,
# it *cuts off*:
#
# $$\text{out} = (\text{in} - 1)\,\text{stride} - 2\,\text{padding} + \text{dilation}\,(\text{kernel} - 1)
# + \text{output\_padding} + 1$$

# %%
viz.explain(nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1), (1, 3, 3))

# %% [markdown]
# **Exercise 8.1.** Write it in one dimension, with loops over lists.


# %%
def stamps(x, w, stride):
    """The output as a list of numbers."""
    ...


check("08.1", stamps)

# %% [markdown]
# ## The transpose, exactly
#
# Lesson 7 wrote a convolution as a matrix *M* of 4×16. A transposed convolution **with the same weights** is the
# matrix $M^T$, 16×4. Some course notes say that the two are transposes 'in shape, but not in the weights'. Let us
# see:

# %%
conv, turned = nn.Conv2d(1, 1, 3, bias=False), nn.ConvTranspose2d(1, 1, 3, bias=False)
turned.weight = conv.weight  # the same numbers
down, up_again = viz.matrix(conv, (1, 4, 4)).array, viz.matrix(turned, (1, 2, 2)).array
print(down.shape, up_again.shape, (up_again == down.T).all())

# %% [markdown]
# Exactly the transpose. (Two layers that you make separately have different weights, of course.)
#
# Lesson 7 had met $M^T$ before: it carries the gradient back to the input of a convolution. So the backward pass of a
# convolution is a transposed convolution, and the other way round.
#
# ## No inverse
#
# *Predict:* take an image through `conv`, and what comes out through `turned`. Do you get the image back?

# %%
image = minitorch.arange(16.0).reshape(1, 1, 4, 4)
print(turned(conv(image))[0, 0])
print((up_again @ down).round(2)[:3])  # the inverse would give rows of the identity

# %% [markdown]
# The shape comes back, not the numbers. Sixteen numbers do not fit into four. The old name 'deconvolution' promised
# more than it is.
#
# ## output_padding
#
# With a stride of 2, inputs of 7 and of 8 cells give the same output, 4 (the floor in the formula). On the way back
# the layer cannot know which it was. `output_padding=1` says: the longer one. It does not add zeros: it keeps one
# more row of what the stamps made, and where no stamp reaches, the bias.

# %%
for n in (7, 8):
    print(n, nn.Conv1d(1, 1, 3, stride=2, padding=1)(minitorch.zeros(1, 1, n)).shape[-1])

# %%
viz.animate(nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1, output_padding=1), (1, 3, 3))

# %% [markdown]
# **Exercise 8.2.** A convolution made an output from n cells. Which output_padding does the transposed one need to
# make n cells again?


# %%
def output_padding(n, kernel, stride, padding):
    """0, or as many cells as the floor has lost."""
    ...


check("08.2", output_padding)

# %% [markdown]
# ## The other reading
#
# The same numbers come from a window, too. Put stride − 1 zeros between the cells of the input and a border of zeros
# around it, turn the kernel around, and let it slide with a stride of 1. In the page above, open *as a convolution*.
# (Hence the other name, 'fractionally strided': the window moves by half a cell of the input.) No one computes it
# like that, as most products are with 0.

# %%
viz.animate(nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1), (1, 3, 3), "as_convolution")

# %% [markdown]
# ## Checkerboards
#
# *Predict:* let all weights and inputs be 1. Then each cell of the output says how many stamps it got. Are they all
# alike?

# %%
ones = nn.ConvTranspose2d(1, 1, 3, stride=2, bias=False)
ones.weight.data = minitorch.ones(1, 1, 3, 3)
print(ones(minitorch.ones(1, 1, 4, 4))[0, 0].int())

# %% [markdown]
# A kernel of 3 with a stride of 2 stamps some cells once, some twice, some four times. A network can learn to even
# that out, but it begins with a pattern of squares, and images made by networks often show it.
#
# **Exercise 8.3.** Which kernel, larger than the stride, stamps all inner cells equally often?


# %%
def even_kernel(stride):
    """The size of the kernel."""
    ...


check("08.3", even_kernel)

# %% [markdown]
# ## In PyTorch
#
# `torch.nn.ConvTranspose2d` has the same parameters. Mind the shape of its weight: (input channels, output channels /
# groups, rows, columns), the other way round than in Conv2d. That is why the same weight serves both.
#
# ## Common mistakes
#
# - *Lost minus signs.* (in − 1) · stride **−** 2 · padding: padding makes the output of this layer smaller.
# - *Calling it an inverse.*
# - *output_padding as a border of zeros.* It is a part of the output that padding would have cut off.
#
# Where it is: `ConvTranspose` in `minitorch/ops/convolution.py`; the layer in `minitorch/nn/conv.py`. Further
# reading: Odena, Dumoulin and Olah, *Deconvolution and checkerboard artifacts* (Distill, 2016).
