# %% [markdown]
# # 3. Trust: is the gradient right?
#
# *About 40 minutes. You need lesson 2.*
#
# At the end you can
#
# - check any derivative by finite differences, and choose the step,
# - read a report of gradcheck, and tell a wrong formula from a kink,
# - find a mistake in a derivative.

# %%
from exercises import check

import minitorch
from minitorch.autograd import Function, gradcheck, gradgradcheck

# %% [markdown]
# ## Two sides are better than one
#
# A derivative is a limit of quotients, so take one: $(f(x + h) - f(x - h)) / 2h$. The difference to both sides is far
# better than to one: its error shrinks with h², not with h. *Predict:* is the smallest h the best?

# %%
x = 1.5
for h in (1e-1, 1e-3, 1e-5, 1e-8, 1e-11):
    one = ((x + h) ** 3 - x**3) / h
    two = ((x + h) ** 3 - (x - h) ** 3) / (2 * h)
    print(f"h = {h:.0e}   error of one side {abs(one - 3 * x * x):.1e}   of two {abs(two - 3 * x * x):.1e}")

# %% [markdown]
# The errors grow again for the smallest h: a float has 16 digits, the difference of two almost equal numbers keeps few
# of them, and the division by h makes the error of the last one large.
#
# **Exercise 3.1.** Write it for a function of a list of numbers: the slope by each of them. Change a copy of the point,
# one number at a time.


# %%
def slopes(f, point, h=1e-5):
    """A list like point."""
    ...


check("03.1", slopes)

# %% [markdown]
# ## gradcheck
#
# `gradcheck` compares the slope of every output by every input (the *Jacobian*) with differences, in float64. An
# operation of your own is a Function with two methods. `forward` gets the inputs, and saves in `ctx` what backward
# needs. `backward` gets the gradient of the output, and returns that of the input. `Cube.apply` calls it. This one has a
# mistake. (`raise_exception=False` makes a report of what would be an error.)


# %%
class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x**2


point = minitorch.tensor([0.5, -2.0, 1.0], dtype=minitorch.float64, requires_grad=True)
print(gradcheck(Cube.apply, point, raise_exception=False))

# %% [markdown]
# The report shows what was expected and what came, and that the ratio is the same everywhere: a factor is wrong. Repair
# it, and run the cell again.
#
# **Exercise 3.2.** A bug hunt. One of these four derivatives is wrong. Which? Answer with its name. Each pair is a
# function and its backward, for a tensor x and the gradient g. Compare them at one point:

# %%
x = minitorch.tensor(0.5, dtype=minitorch.float64)
f, backward = lambda x: x**3, lambda x, g: g * 3 * x**2  # put in a pair of the next cell
print((f(x + 1e-5) - f(x - 1e-5)) / 2e-5, backward(x, 1.0))

# %%
SUSPECTS = {
    "tanh": (lambda x: x.tanh(), lambda x, g: g * (1 - x.tanh() ** 2)),
    "sqrt": (lambda x: x.abs().sqrt(), lambda x, g: g * x.sign() / (2 * x.abs().sqrt())),
    "softplus": (lambda x: (1 + x.exp()).log(), lambda x, g: g / (1 + x.exp())),
    "gauss": (lambda x: (-x * x).exp(), lambda x, g: -2 * g * x * (-x * x).exp()),
}
wrong_one = ...

check("03.2", wrong_one)

# %% [markdown]
# ## Kinks
#
# ReLU is the larger of x and 0. Its slope at 0 is 0 from the left and 1 from the right. *Predict:* what do differences to
# both sides give there? What does minitorch give? Which is right?

# %%
at_kink = minitorch.tensor([0.0, 1.0], dtype=minitorch.float64, requires_grad=True)
print(gradcheck(lambda x: x.relu(), at_kink, raise_exception=False))

# %% [markdown]
# Both are fair: at a kink there is no one slope. Differences to both sides give the mean of the two, a half;
# frameworks choose one, for ReLU 0. The report says that the point is a kink. Check at points away from it.
#
# ## Derivatives of derivatives
#
# A derivative that is itself a program of tensor operations can be differentiated. `gradgradcheck` tries it.

# %%
print(gradgradcheck(lambda x: x.sin() * x, point))

# %% [markdown]
# `autograd.grad(y, x)` returns the gradients as a tuple, and leaves `.grad` alone. With `create_graph=True` a gradient
# stays on the tape, so that it can be differentiated again:

# %%
x = minitorch.tensor(2.0, requires_grad=True)
(slope,) = minitorch.autograd.grad(x**4, x, create_graph=True)
print(slope)  # 4 x³, with a history

# %% [markdown]
# **Exercise 3.3.** Compute the second derivative of a function of one number.


# %%
def second_derivative(f, x):
    """A float. `f` takes a tensor and returns one, `x` is a float."""
    ...


check("03.3", second_derivative)

# %% [markdown]
# ## In PyTorch
#
# `torch.autograd.gradcheck` has the same arguments, and stops at the first entry that is off. With
# `raise_exception=False` it returns False, without a report.
#
# ## Common mistakes
#
# - *float32.* Differences lose half of the digits; with float32 too few are left. Use float64.
# - *Checking at a kink,* or with dropout, which draws anew at each call.
# - *Trusting a loss that falls.* With a wrong factor in a derivative, training often still works a little.
#
# Where it is: `minitorch/autograd/gradcheck.py`. More hunts: `make hunt` starts a minitorch with one wrong
# derivative.
