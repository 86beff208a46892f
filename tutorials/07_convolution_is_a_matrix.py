# %% [markdown]
# # 7. A convolution is a matrix
#
# *About 45 minutes. You need lesson 6.*
#
# At the end you can
#
# - write a convolution as a matrix times a vector, and say where its zeros are and which numbers repeat,
# - compute it as one product of matrices (im2col), as many libraries do,
# - derive all three gradients of a convolution from that.

# %%
from exercises import check

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, viz

# %% [markdown]
# ## Sixteen in, four out
#
# A convolution adds up multiples of its inputs, and nothing else. Whatever does that is a matrix times a vector. Take
# an image of 4×4 and a kernel of 3×3: the image is a column of 16 numbers, the output one of 4, so the matrix has 4
# rows and 16 columns.
#
# *Predict:* how many of its 64 places can be different from 0? How many different numbers are there?

# %%
conv = nn.Conv2d(1, 1, 3, bias=False)
conv.weight.data = minitorch.arange(1.0, 10).reshape(1, 1, 3, 3)
matrix = viz.matrix(conv, (1, 4, 4))
matrix

# %%
print(matrix.array.shape, (matrix.array != 0).sum(), "of", matrix.array.size)

# %% [markdown]
# Each row is one window: nine weights, at the places of the nine cells that it reads. The next row has the same
# weights, one place further, or three where a new row of windows begins. So 36 of 64 places are used, by 9 numbers: the
# *same* weight stands in four places. Point at one in the picture.
#
# This is the whole difference between a convolution and a fully connected layer. `nn.Linear(16, 4)` would have 64
# free numbers here; the convolution has the same shape and says: what is far away does not count, and what is good
# here is good there.

# %%
x = minitorch.tensor([[[1.0, 0, 2, 1], [0, 3, 1, 0], [2, 1, 0, 1], [0, 2, 1, 3]]])
by_matrix = matrix.array @ x.reshape(16).numpy()
print(by_matrix.reshape(2, 2))
print(conv(x)[0])

# %% [markdown]
# Step by step, one row after the other:

# %%
viz.animate(conv, (1, 4, 4), "matrix")

# %% [markdown]
# *Predict:* what does the matrix look like with stride 2? With padding? With two groups? Then look:

# %%
viz.matrix(nn.Conv2d(2, 2, 2, groups=2, bias=False), (2, 3, 3))

# %% [markdown]
# **Exercise 7.1.** Write the matrix of a convolution in one dimension: `w` are the weights, `n` is the length of the
# signal.


# %%
def as_matrix(w, n):
    """A tensor of n − len(w) + 1 rows and n columns."""
    ...


check("07.1", as_matrix)

# %% [markdown]
# ## im2col
#
# For a large image the matrix is large, and nearly all of it zeros. The other way round is better: write the kernel as
# a row of 9 numbers, and every window of the image as a column. Then the convolution is one row times one matrix. With
# eight kernels there are eight rows. `F.unfold` writes the columns:

# %%
columns = F.unfold(x.unsqueeze(0), 3)[0]
print(columns.shape)  # nine cells of a window, four windows
print((conv.weight.reshape(1, 9) @ columns).reshape(2, 2))

# %% [markdown]
# Cells that several windows read are there several times. That is the price: the columns need up to nine times the
# memory of the image. In return the work is one matrix product, which computers do best.
#
# **Exercise 7.2.** Write it: the windows of k×k of an image, each as a column, from left to right and from top to
# bottom.


# %%
def im2col(image, k):
    """A tensor of k·k rows; image has two dimensions."""
    ...


check("07.2", im2col)

# %% [markdown]
# ## Three gradients
#
# Let *M* be the matrix, *y = M x*, and *g* the gradient of the loss by *y*. Lesson 4 had the gradients of a linear
# layer:
#
# $$\frac{\partial L}{\partial x} = M^T g \qquad\qquad \frac{\partial L}{\partial M} = g\, x^T$$
#
# The first holds as it is. $M^T$ spreads each number of *g* over the window it came from: it stamps the kernel, once
# for each output. That operation is the transposed convolution of lesson 8. *Predict* the first row and the last, for
# the *g* below: a 1 for the first window, a 2 for the last.

# %%
g = minitorch.tensor([[[1.0, 0], [0, 2]]])
x.requires_grad_()
conv(x).backward(g)
print((matrix.array.T @ g.reshape(4).numpy()).reshape(4, 4))
print(x.grad[0])

# %%
viz.animate(conv, (1, 4, 4), "grad_input")

# %% [markdown]
# The second gives a gradient for each of 64 places; but only nine numbers are free. Where one number stands in four
# places, its gradient is the sum of the four: *shared weights add up their gradients*. Worked out, the gradient of
# w[m, n] is
#
# $$\frac{\partial L}{\partial w[m, n]} = \sum_{i, j} g[i, j]\; x[i + m,\; j + n]$$
#
# which is a convolution again: of the image, with *g* as the kernel.

# %%
viz.animate(conv, (1, 4, 4), "grad_weight")

# %% [markdown]
# **Exercise 7.3.** Compute the gradient of the weight from an image and the upstream gradient, both of two
# dimensions. `F.conv2d` does it in one line.


# %%
def weight_gradient(image, upstream):
    """The gradient of the kernel."""
    ...


check("07.3", weight_gradient)

# %% [markdown]
# So a convolution has three things to compute: the output, the gradient of its input and that of its weight. They are
# three operations of the same kind, and the derivative of each is made of the other two. That is why
# `minitorch/ops/convolution.py` can be differentiated as often as you like with so little code. Look for `Convolution`,
# `ConvTranspose`, `ConvWeight`.
#
# ## In PyTorch
#
# `torch.nn.functional.unfold` and `fold` are the same. PyTorch itself chooses among several ways to compute a
# convolution, im2col among them.
#
# ## Common mistakes
#
# - *Transposing the wrong thing.* The gradient of the input is Mᵀ g. M itself depends on the shape of the image; the
#   kernel does not.
# - *Forgetting to add.* A weight that is used in four places has four contributions.
# - *Thinking of the matrix as something to store.* For an image of 28×28 and a kernel of 5×5 it has 451,584 places,
#   for 25 weights.
#
# Where it is: `minitorch/ops/folding.py` has unfold and fold, `minitorch/ops/convolution.py` the three operations.
