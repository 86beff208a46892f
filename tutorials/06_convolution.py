# %% [markdown]
# # 6. Convolution
#
# *About 60 minutes. You need lessons 1 to 4: tensors, the tape, modules.*
#
# At the end you can
#
# - compute a convolution by hand, in one, two and three dimensions, with stride, padding, dilation and groups,
# - say how large its output is, and why an input does not fit,
# - explain why a colour image takes a two-dimensional convolution,
# - say what a kernel looks for, and find it in a photograph.
#
# The photograph needs scikit-learn and Pillow, which the extras `tutorials` and `viz` bring.

# %%
import numpy as np
from exercises import check

import minitorch
from minitorch import nn, viz

# %% [markdown]
# ## One window
#
# A kernel is a small array of numbers, the weights. It is laid on a part of the input, the window; the numbers that
# lie on each other are multiplied, and the products are added up. That makes one number of the output. Then the
# window moves on.

# %%
image = minitorch.tensor([[1.0, 0, 2, 1], [0, 3, 1, 0], [2, 1, 0, 1], [0, 2, 1, 3]])
kernel = minitorch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])

window = image[0:3, 0:3]
print(window * kernel)
print((window * kernel).sum())

# %% [markdown]
# *Predict:* the kernel is 3×3 and the image 4×4. At how many places can the window lie?

# %%
rows = []
for i in range(2):
    rows.append([(image[i : i + 3, j : j + 3] * kernel).sum().item() for j in range(2)])
print(rows)

# %% [markdown]
# `nn.Conv2d` does the same. It works on batches of images with channels, so its input has four dimensions, (N, C, H,
# W), and its weight has four, too: (output channels, input channels, rows, columns). Here there is one of each.

# %%
conv = nn.Conv2d(1, 1, kernel_size=3, bias=False)
conv.weight.data = kernel.reshape(1, 1, 3, 3)
print(conv(image.reshape(1, 1, 4, 4)))

# %% [markdown]
# Here it is step by step. Drag the window. Point at a cell of the kernel: where does that weight go? Point at a cell
# in a corner of the input, and at one in the middle: which is read more often?

# %%
viz.animate(conv, image.reshape(1, 4, 4))

# %% [markdown]
# In formulas, with kernel *w*, bias *b* and input *x*:
#
# $$y[i, j] = b + \sum_{m, n} w[m, n]\; x[i + m,\; j + n]$$
#
# Mathematicians turn the kernel around before they multiply, and call this *cross-correlation*. For learning it makes
# no difference: the weights are found by training, turned or not.
#
# ## Stride, padding, dilation
#
# *Stride* is how far the window moves. *Padding* puts zeros around the input. *Dilation* spreads the cells of the
# kernel.

# %%
viz.animate(nn.Conv2d(1, 1, 3, stride=2, padding=1), (1, 5, 5))

# %% [markdown]
# *Predict:* in the page above, open *What if?* and set the dilation to 2. How many cells does the kernel now reach
# over? Then set the stride to 3: which cells are never read?
#
# How large is the output? A window reaches over dilation · (kernel − 1) + 1 cells. The first one begins at the edge
# of the padding, and each next one *stride* cells further, as long as it fits:
#
# $$\text{out} = \left\lfloor \frac{\text{in} + 2\,\text{padding} - \text{dilation}\,(\text{kernel} - 1) - 1}
# {\text{stride}} \right\rfloor + 1$$

# %%
viz.explain(nn.Conv2d(1, 8, 3, stride=2, padding=1), (1, 8, 8))

# %% [markdown]
# With stride 1, a kernel of 3 and padding 1 the size stays. With a kernel of 5, which padding keeps it?
#
# **Exercise 6.1.** Write the formula as a function. (`//` divides and rounds down.)


# %%
def output_size(n, kernel, stride, padding, dilation):
    """How many windows fit on n cells."""
    ...


check("06.1", output_size)

# %% [markdown]
# **Exercise 6.2.** Write a convolution in one dimension, with loops over lists: y[i] = Σ w[m] x[i · stride + m]. There
# is no padding. How many outputs are there?


# %%
def conv1d(x, w, stride):
    """The output as a list of numbers."""
    ...


check("06.2", conv1d)

# %% [markdown]
# *Break it.* What happens if the kernel does not fit? The end of the error says what would fit.

# %%
try:
    nn.Conv2d(1, 1, 5)(minitorch.zeros(1, 1, 3, 3))
except RuntimeError as error:
    print(error)

# %% [markdown]
# ## Channels
#
# A colour image has three channels. A kernel has one plane of weights for each: all are laid on the image, and *all*
# products are added up, so that one kernel makes one plane of output. Eight kernels make eight.

# %%
viz.animate(nn.Conv2d(3, 2, 3), (3, 4, 4))

# %% [markdown]
# Why not a three-dimensional convolution, if the input has three dimensions? Because the name says in how many
# directions the window *moves*. Over an image it moves along rows and columns. It does not move from red to green:
# there is no reason why green beside red should mean what blue beside green does. In a volume, say of a body scanner,
# the third direction is like the other two, and the window moves along it, too. In a sound it moves along time alone:

# %%
viz.animate(nn.Conv1d(1, 1, 3), (1, 8))

# %%
viz.animate(nn.Conv3d(1, 1, 2), (1, 3, 3, 3))

# %% [markdown]
# *Predict:* a colour image of 32×32 goes into `nn.Conv2d(3, 16, 5)`. What is the shape of the weight, and of the
# output? How many parameters are there?

# %%
layer = nn.Conv2d(3, 16, 5)
print(layer.weight.shape, layer(minitorch.zeros(1, 3, 32, 32)).shape, sum(p.numel() for p in layer.parameters()))

# %% [markdown]
# *Groups* cut the channels into parts that do not mix: with `groups=2`, half of the kernels read the first half of
# the channels, the others the second. (AlexNet of 2012 had two groups, for two graphics cards. They met in its third
# convolution and in the fully connected layers.) With as many groups as channels each channel is filtered by itself,
# and a kernel of 1×1 afterwards mixes the channels: together they need far fewer multiplications.

# %%
viz.animate(nn.Conv2d(4, 4, 2, groups=2), (4, 3, 3))

# %% [markdown]
# **Exercise 6.3.** How many multiplications does a convolution need for one image? (Each number of the output is a
# sum over the window, in the channels of its group.)


# %%
def count_multiplications(in_channels, out_channels, kernel_size, groups, output_size):
    """kernel_size and output_size are (rows, columns)."""
    ...


check("06.3", count_multiplications)

# %% [markdown]
# ## What a kernel looks for
#
# The sum over a window is largest where the window looks like the kernel. So a kernel is a question: *is this here?*
#
# **Exercise 6.4.** Find three numbers that give 0 where a signal is level, more than 0 where it rises, less than 0
# where it falls.

# %%
step_kernel = ...

check("06.4", step_kernel)

# %% [markdown]
# On a photograph: the kernel from the beginning of this lesson asks for edges between left and right, its transpose
# for edges between above and below.

# %%
from sklearn.datasets import load_sample_image

photo = minitorch.tensor(load_sample_image("china.jpg")[60:316:2, 100:420:2].mean(2).astype(np.float32)) / 255
edges = minitorch.stack([kernel, kernel.T, minitorch.ones(3, 3) / 9]).reshape(3, 1, 3, 3)
filtered = nn.Conv2d(1, 3, 3, bias=False)
filtered.weight.data = edges
viz.feature_maps(filtered, photo.reshape(1, 1, *photo.shape))

# %% [markdown]
# The third kernel is a mean: it blurs. A network is not told these kernels, it learns them; the next picture has some
# that were learnt from two photographs. (`tutorials/figures.py` has the program.)

# %%
import figures

figures.first_kernels()

# %% [markdown]
# ## Backward
#
# Every product in the sum is weight times input. So the gradient of a weight is the sum of what it was multiplied by,
# times the gradient of the output there; and the gradient of an input cell is the sum of the weights that read it,
# each times the gradient of the output it went into: 0 for a cell that no window reads. Look at *gradient of the
# weight* and *gradient of the input* in the page:

# %%
viz.animate(conv, image.reshape(1, 4, 4), "grad_weight")

# %% [markdown]
# Does it hold? Finite differences know nothing of formulas:

# %%
from minitorch.autograd import gradcheck

print(
    gradcheck(nn.Conv2d(2, 3, 3, padding=1).double(), minitorch.randn(1, 2, 4, 4, dtype=minitorch.float64, requires_grad=True))
)

# %% [markdown]
# ## In PyTorch
#
# `torch.nn.Conv2d` has the same parameters and gives the same numbers: replace `minitorch` by `torch` in this lesson.
#
# ## Common mistakes
#
# - *An image without a batch.* `conv(image)` of shape (H, W) fails: there must be channels, (C, H, W) or (N, C, H,
#   W).
# - *Channels last.* Photographs are often stored as (H, W, C); `.permute(2, 0, 1)` turns them.
# - *Minus signs lost.* In the size formula, padding is added and the reach of the kernel is taken away.
#
# ## Where it is
#
# `minitorch/backend/window.py` has the geometry of a window, `minitorch/ops/convolution.py` the operation and its
# derivatives, `minitorch/nn/conv.py` the layers.
#
# Further reading: Dumoulin and Visin, *A guide to convolution arithmetic for deep learning* (2016). The gallery,
# `make gallery`, has their nineteen settings.
