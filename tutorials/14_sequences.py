# %% [markdown]
# # 14. Sequences
#
# *About 60 minutes. You need lessons 4, 5 and 10.*
#
# At the end you can
#
# - write a recurrent network by hand, and follow its gradient through time,
# - say what the gates of an LSTM are for,
# - write attention in ten lines.

# %%
from exercises import check

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim, viz

minitorch.manual_seed(0)

# %% [markdown]
# ## A state that is carried along
#
# A sequence is read one element after the other. What was read is kept in a *state*, a row of numbers; each step
# makes a new state of the old one and the new element, always with the same weights:
#
# $$h_t = \tanh(W_x x_t + W_h h_{t-1} + b)$$
#
# **Exercise 14.1.** Write it for one sequence: x has a row for each time, the first state is 0. Return all states, a
# row for each time.


# %%
def rnn(x, w_x, w_h, b):
    """A tensor (time, hidden)."""
    ...


check("14.1", rnn)

# %% [markdown]
# `nn.RNN` does the same for a batch. It returns the states at all times, and the last one.

# %%
layer = nn.RNN(3, 4, batch_first=True)
states, last = layer(minitorch.randn(2, 6, 3))
print(states.shape, last.shape, (states[:, -1] == last[0]).all())

# %% [markdown]
# ## Back through time
#
# A weight that is used at every time gets a part of its gradient from every time. And on the way back the gradient is
# multiplied by the same matrix again and again, and by slopes of tanh, at most 1. *Predict:* what becomes of it over
# 30 steps?


# %%
class Recurrent(nn.Module):
    def __init__(self, hidden=8):
        super().__init__()
        self.read, self.carry, self.out = nn.Linear(1, hidden), nn.Linear(hidden, hidden, bias=False), nn.Linear(hidden, 1)

    def forward(self, x):
        h = minitorch.zeros(len(x), self.carry.in_features)
        for t in range(x.shape[1]):
            h = (self.read(x[:, t]) + self.carry(h)).tanh()
        return self.out(h)


net, x = Recurrent(), minitorch.randn(16, 30, 1)
viz.flow(net, lambda: net(x).pow(2).mean())

# %% [markdown]
# It vanishes: the last elements are heard, the first are not. (With large weights it explodes instead;
# `nn.utils.clip_grad_norm_` cuts it.) The graph draws the loop once:

# %%
with viz.record():
    loss = net(x).pow(2).mean()
viz.graph(loss)

# %% [markdown]
# ## Gates
#
# An LSTM keeps a second state, c, to which is *added*, and which is multiplied only by a gate, a number between 0 and
# 1 that it computes itself: keep, or forget. Where the gate is near 1, the gradient passes whole.
#
# A task to see it: the first element of a sequence is −1 or 1, then comes noise. At the end, what was the first? (A
# forget gate begins at a half, and halves the state at each step. So its bias is raised to begin with: remember,
# until you learn to forget.)


# %%
def remember(count, length=40):
    x = minitorch.rand(count, length, 1) * 2 - 1
    x[:, 0, 0] = x[:, 0, 0].sign()
    return x, (x[:, 0, 0] > 0).long()


class Reader(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.body, self.head = kind(1, 16, batch_first=True), nn.Linear(16, 2)

    def forward(self, x):
        return self.head(self.body(x)[0][:, -1])


for kind in (nn.RNN, nn.LSTM):
    minitorch.manual_seed(1)
    reader = Reader(kind)
    if kind is nn.LSTM:
        with minitorch.no_grad():
            reader.body.bias_ih_l0[16:32] += 2  # the rows of the forget gate
    optimizer = optim.Adam(reader.parameters(), lr=1e-2)
    for _ in range(200):
        x, first = remember(64)
        loss = F.cross_entropy(reader(x), first)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
    x, first = remember(500)
    print(f"{kind.__name__:5} {(reader(x).argmax(1) == first).float().mean().item():.1%}")

# %% [markdown]
# The simple network guesses: over forty steps nothing of the gradient is left.
#
# **Exercise 14.2.** One step of the cell of an LSTM, given the four gates before their activations: forget, input,
# new, output.


# %%
def lstm_step(forget, input, new, output, c):
    """The new h and the new c. c ← σ(forget) c + σ(input) tanh(new), h = σ(output) tanh(c)."""
    ...


check("14.2", lstm_step)

# %% [markdown]
# ## Attention
#
# Why carry everything along, if one can look back? *Attention* compares a question, the query, with a key at each
# time, makes shares of the similarities (softmax), and takes that mixture of the values. The way from any time to any
# other is one step long.
#
# $$\text{attention}(Q, K, V) = \text{softmax}\!\left(\frac{Q K^T}{\sqrt{d}}\right) V$$
#
# (The root keeps the similarities at a size where softmax is not yet one-sided; d is the number of features.)
#
# **Exercise 14.3.** Write it, for tensors (time, features).


# %%
def attention(query, key, value):
    """A tensor like query, with the features of value."""
    ...


check("14.3", attention)

# %%
query, key, value = (minitorch.randn(1, 5, 8) for _ in range(3))
shares = (query @ key.transpose(1, 2) / 8**0.5).softmax(-1)
print((F.scaled_dot_product_attention(query, key, value) - shares @ value).abs().max().item() < 1e-5)
viz.feature_maps(nn.Identity(), shares.unsqueeze(0))

# %% [markdown]
# Row by row: where does each time look? The rows add up to 1. `nn.MultiheadAttention` does it several times side by
# side, with weights for query, key, value and output.
#
# ## In PyTorch
#
# The same layers, parameters and names of weights.
#
# ## Common mistakes
#
# - *batch_first.* Without it, the first dimension is time, not the batch: an error that no shape check finds if both fit.
# - *Taking the last output of a padded sequence.* It is padding; `nn.utils.rnn.pack_padded_sequence` knows where each ends.
# - *Attention without a mask* sees the future.
#
# Where it is: `minitorch/ops/recurrence.py`, an op over all times for each kind, and `minitorch/nn/attention.py`. Further
# reading: Hochreiter and Schmidhuber, *Long short-term memory* (1997); Vaswani and others, *Attention is all you need* (2017).
