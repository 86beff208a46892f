# %% [markdown]
# # 1. Tensors, shapes, broadcasting
#
# *About 40 minutes. You need Python and a little NumPy.*
#
# Run the cells one by one. Where it says *predict*, answer before you run the next cell: that is where the learning
# is. An exercise is a cell to fill in: replace `...`, run the cell, and `check` says whether it is right.
#
# At the end you can
#
# - make tensors, ask for their shape and type, and take parts of them,
# - say which operations make a view and which a copy,
# - predict the shape of a result from the shapes that go in.

# %%
from exercises import check

import minitorch

# %% [markdown]
# ## Numbers in a grid
#
# A tensor is an array of numbers of one type, with a shape. The shape says how many there are in each dimension. `ndim`
# is the number of dimensions, `numel()` the number of elements.

# %%
a = minitorch.tensor([[1.0, 2, 3], [4, 5, 6]])
print(a.shape, a.dtype, a.ndim, a.numel())
print(a[1], a[:, 0], a[0, -1])

# %% [markdown]
# The dimensions have meanings, and you choose them. Images are usually (N, C, H, W): which image, which colour, row,
# column. So `batch[3, 0]` is the first colour of the fourth image.
#
# *Predict:* what is the shape of `minitorch.zeros(8, 3, 32, 32)[:, 0, 4:10]`?

# %%
print(minitorch.zeros(8, 3, 32, 32)[:, 0, 4:10].shape)

# %% [markdown]
# ## The same numbers, seen differently
#
# `permute` and indexing with numbers and slices do not copy anything. They make a *view*: another way to look at the
# same memory. So does `reshape` where it can. A change of the view is a change of the tensor:

# %%
v = a.reshape(3, 2)
v[0, 0] = 100
print(a)

# %% [markdown]
# Everything that computes makes a copy: `a + 1`, `a.clone()`, and indexing with a condition, `a[a > 2]`.
#
# *Break it.* Not every reshape is possible. Read the error.

# %%
try:
    a.reshape(4, 2)
except RuntimeError as error:
    print(error)

# %% [markdown]
# `reshape` keeps the order of the numbers; `permute` changes which dimension is which. To turn a photograph of (H, W,
# C) into (C, H, W) takes `permute`. With `reshape` the shape would be right and the picture garbage. Here the first
# colour has the numbers 0, 3, 6 and 9:

# %%
photo = minitorch.arange(12).reshape(2, 2, 3)  # two rows, two columns, three colours
print(photo.permute(2, 0, 1)[0], photo.reshape(3, 2, 2)[0])

# %% [markdown]
# ## Broadcasting
#
# Operations work element by element. If shapes differ, they are lined up from the right; where one of two sizes is 1,
# or missing, that tensor is repeated.

# %%
column, row = minitorch.tensor([[1.0], [2], [3]]), minitorch.tensor([10.0, 20])
print(column.shape, row.shape, (column + row).shape)
print(column + row)

# %% [markdown]
# **Exercise 1.1.** Write the rule as a function of two shapes. Return None where they do not fit.


# %%
def broadcast_shape(a, b):
    """The shape of the result, a tuple. a and b are tuples of ints."""
    ...


check("01.1", broadcast_shape)

# %% [markdown]
# ## Sums along a dimension
#
# `sum()` and `mean()` take all numbers. With a dimension they take the numbers along it, and that dimension is gone.
# With `keepdim=True` it stays, with size 1.
#
# *Predict* the three shapes.

# %%
table = minitorch.tensor([[1.0, 2, 3], [4, 5, 6]])
print(table.sum(0), table.sum(1), table.sum(1, keepdim=True).shape)

# %% [markdown]
# **Exercise 1.2.** Subtract from each column of a table its mean. No loop.


# %%
def centred(table):
    """A tensor like table, of which every column has the mean 0."""
    ...


check("01.2", centred)

# %% [markdown]
# **Exercise 1.3.** The distance of each of n points from each of m others: points (n, 2), others (m, 2), result (n,
# m). The distance is the root of the sum of the squared differences. `points[:, None]` has the shape (n, 1, 2): *predict*
# the shape of `points[:, None] - others`.


# %%
def distances(points, others):
    """A tensor of n rows and m columns."""
    ...


check("01.3", distances)

# %% [markdown]
# ## Types
#
# Python's floats become float32: half the memory of float64, and enough for learning. Whole numbers become int64,
# comparisons give booleans. Mixed operations take the wider kind. `item()` makes a Python number of a single element.

# %%
print((minitorch.tensor([1, 2]) * 0.5).dtype, (a > 2).dtype, (a > 2).sum().item())

# %% [markdown]
# ## In PyTorch
#
# All of this is the same: replace `minitorch` by `torch`. Only the errors here say a little more.
#
# ## Common mistakes
#
# - *reshape instead of permute.* If two dimensions should change places, it is permute.
# - *A shape (n,) against (n, 1).* Their sum has the shape (n, n), without an error: a loss computed like that is
#   wrong silently.
# - *Changing a view by accident.* `.clone()` makes a copy.
#
# Where it is: `minitorch/tensor.py` has the class, `minitorch/ops/shape.py` and `views.py` the operations.
