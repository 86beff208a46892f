# %% [markdown]
# # 2. The tape
#
# *About 60 minutes. You need lesson 1 and the chain rule.*
#
# At the end you can
#
# - write reverse-mode differentiation yourself, on one page,
# - follow a gradient through a program, with its numbers,
# - explain why gradients are added up, and what zero_grad is for.

# %%
import math

from exercises import check

import minitorch
from minitorch import viz

# %% [markdown]
# ## The question
#
# A program computes a number, the loss, from other numbers, the parameters. How much does the loss change if one of
# them changes a little? One could try: change it, compute again, divide. For a million parameters the program runs a
# million times. The tape answers for all of them at once, in about the time of three runs.
#
# ## The chain rule, one step at a time
#
# Every program is a chain of simple steps. Each step has slopes of its own: for *y = a · b* the slope of *y* by *a* is
# *b*, and by *b* it is *a*. Let *g* be the slope of the loss by *y*. Then by the chain rule the slope of the loss by *a*
# is *g · b*. Such a slope of the loss is called a *gradient*.
#
# **Exercise 2.1.** Write that rule for multiplication.


# %%
def mul_backward(g, a, b):
    """The gradients of a and of b, as a tuple."""
    ...


check("02.1", mul_backward)

# %% [markdown]
# ## Forty lines
#
# Here is a complete engine for numbers. A `Value` remembers what it was computed from (its parents), and how to send a
# gradient back (a function of *g*). `in_order` lists every value after its parents; `backward` goes through that list
# from the end.


# %%
class Value:
    def __init__(self, data, parents=(), send=None):
        self.data, self.grad = data, 0.0
        self.parents, self.send = parents, send  # send(g): the gradient of each parent

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        a, b = self.data, other.data
        return Value(a * b, (self, other), lambda g: (g * b, g * a))

    def tanh(self):
        y = math.tanh(self.data)
        return Value(y, (self,), lambda g: (g * (1 - y * y),))

    def backward(self):
        self.grad = 1.0
        for value in reversed(in_order(self)):
            if value.send:
                for parent, part in zip(value.parents, value.send(value.grad), strict=True):
                    parent.grad += part  # a value that was used twice gets two parts


def in_order(last):
    """Every value that `last` depends on, each after its parents."""
    done, waiting, order = set(), [(last, False)], []
    while waiting:
        value, ready = waiting.pop()
        if ready:
            order.append(value)
        elif id(value) not in done:
            done.add(id(value))
            waiting.append((value, True))
            waiting += [(parent, False) for parent in value.parents]
    return order


w, x, b = Value(-3.0), Value(2.0), Value(6.9)
y = (w * x + b).tanh()
y.backward()
print(y.data, w.grad, x.grad, b.grad)

# %% [markdown]
# By hand: −3 · 2 + 6.9 = 0.9, and y = tanh 0.9 = 0.716. The slope of tanh is 1 − y² = 0.487, which is the gradient of
# b. The gradient of w is that times x, 0.974, and the gradient of x is that times w, −1.461.
#
# minitorch does the same with arrays in place of numbers. `requires_grad=True` marks what gradients are wanted for;
# `viz.record()` keeps every value for the pictures. The last digits differ, as float32 has about seven:

# %%
w = minitorch.tensor(-3.0, requires_grad=True)
x = minitorch.tensor(2.0, requires_grad=True)
b = minitorch.tensor(6.9, requires_grad=True)
with viz.record():
    y = (w * x + b).tanh()
    y.backward()
print(y.item(), w.grad.item(), x.grad.item(), b.grad.item())

# %%
viz.graph(y, show=("value", "grad"))

# %% [markdown]
# Play it: the arrow keys step. *Predict* each number before you step on (the key P hides the numbers).

# %%
viz.play(y)

# %% [markdown]
# ## Used twice
#
# *Predict:* y = x · x + x, at x = 3. What is the slope?

# %%
x = minitorch.tensor(3.0, requires_grad=True)
with viz.record():
    y = x * x + x
    y.backward()
print(x.grad)
viz.play(y)

# %% [markdown]
# *x* is used three times, and each use sends back its part: 3, 3 and 1. Parts are **added**. That is the rule for
# everything that is used more than once, a weight in many windows of a convolution, a layer called in a loop, and a
# tensor that was broadcast.
#
# **Exercise 2.2.** In which order does backward go? A value has its whole gradient only when everything computed from it
# has sent its part. The input says what each value was computed from: `{"y": ["u", "x"], "u": ["w", "x"]}` says y from
# u and x, and u from w and x. One right answer is y, u, w, x. A value without an entry was not computed.


# %%
def backward_order(uses, last):
    """The names, `last` first, each after all that were computed from it."""
    ...


check("02.2", backward_order)

# %% [markdown]
# ## Twice backward
#
# For the same reason a second `backward()` adds to what the first one left. *Break it, then fix it:*

# %%
w = minitorch.tensor(1.0, requires_grad=True)
for _ in range(2):
    loss = (w * 3 - 1) ** 2
    loss.backward()
    print(w.grad)

# %% [markdown]
# The second number is twice the first, and wrong. To fix it, put `w.grad = None` before the loss. In training,
# `optimizer.zero_grad()` does that for all parameters (lesson 4).
#
# **Exercise 2.3.** Write gradient descent for one number: n times, compute the loss, its gradient, and move w by −lr
# · gradient. Make a new tensor in each step, which was not computed from the last one: `minitorch.tensor(number,
# requires_grad=True)`. (Such a tensor is called a *leaf*.)


# %%
def descend(loss, w, lr, n):
    """The number w after n steps. `loss` is a function of a tensor, `w` a float."""
    ...


check("02.3", descend)

# %% [markdown]
# ## The real thing
#
# Now read `minitorch/autograd/node.py` and the backward pass in `minitorch/autograd/engine.py`: you will find
# `parents`, `send` and `in_order` under other names, and memory freed on the way. Every operation stands with its
# derivative in `minitorch/ops/`.
#
# ## In PyTorch
#
# The same, with C++ in place of Python. `y.grad_fn.next_functions` walks over the tape there, too.
#
# ## Common mistakes
#
# - *No zero_grad.* Gradients grow from step to step.
# - *requires_grad forgotten.* Then nothing is recorded, and backward() says so.
# - *`.item()` in the middle.* A Python number has no past: the chain is cut there.
#
# Where it is: `minitorch/autograd/`. Further reading: Baydin and others, *Automatic differentiation in machine
# learning: a survey* (2018).
