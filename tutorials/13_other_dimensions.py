# %% [markdown]
# # 13. One and three dimensions, for real
#
# *About 40 minutes. You need lessons 6 and 10.*
#
# At the end you can
#
# - learn from signals with Conv1d, and keep a filter from looking into the future,
# - learn from volumes with Conv3d,
# - say how far a network sees in time.

# %%
import math

from exercises import check

import minitorch
import minitorch.nn.functional as F
from minitorch import nn, optim, viz

minitorch.manual_seed(0)

# %% [markdown]
# ## Signals
#
# A signal is a sequence of numbers in time, (N, channels, length). Here are two kinds, made by a rule so that you can
# make more: a tone that rises, and one that falls, both with noise. At any single moment they look the same: only the
# order in time tells them apart.


# %%
def tones(count, length=64):
    """Half of them rise (1), half fall (0)."""
    labels = minitorch.arange(count) % 2
    time = minitorch.arange(length, dtype=minitorch.float32) / length
    start, end = 2 + 4 * (1 - labels.float()), 2 + 4 * labels.float()
    pitch = start[:, None] + (end - start)[:, None] * time / 2
    phase = minitorch.rand(count, 1) * 2 * math.pi
    return (2 * math.pi * pitch * time + phase).sin().unsqueeze(1) + 0.3 * minitorch.randn(count, 1, length), labels


signals, labels = tones(400)
print(signals.shape)

# %%
net = nn.Sequential(
    nn.Conv1d(1, 8, 7, stride=2, padding=3), nn.ReLU(),
    nn.Conv1d(8, 16, 7, stride=2, padding=3), nn.ReLU(),
    nn.Conv1d(16, 16, 7, stride=2, padding=3), nn.ReLU(),
    nn.Flatten(), nn.Linear(16 * 8, 2),
)  # fmt: skip
optimizer = optim.Adam(net.parameters(), lr=3e-3)
for step in range(60):
    loss = F.cross_entropy(net(signals), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(step, round(loss.item(), 3))
new, wanted = tones(200)
print(f"{(net(new).argmax(1) == wanted).float().mean().item():.1%} of new signals")

# %% [markdown]
# *Predict:* how many of the 64 moments does one number of the last convolution see?

# %%
viz.receptive_field(net, "4", x=(1, 1, 64))

# %% [markdown]
# Each layer adds (kernel − 1) · (product of the strides before it).
#
# **Exercise 13.1.** Write it. `layers` is a list of (kernel, stride).


# %%
def receptive_field(layers):
    """How many cells of the input one cell of the output sees."""
    ...


check("13.1", receptive_field)

# %% [markdown]
# ## Not into the future
#
# With padding on both sides an output sees what comes *after* it. For predicting that is cheating. A *causal*
# convolution pads on the left only: `F.pad(x, (kernel − 1, 0))`, then no padding. (With dilations 1, 2, 4, 8 it sees
# far back with few layers.)
#
# **Exercise 13.2.** Write one: the output is as long as the input, and output t depends on inputs up to t.


# %%
def causal_conv(x, weight):
    """x is (N, 1, length), weight (1, 1, kernel)."""
    ...


check("13.2", causal_conv)

# %%
causal = nn.Conv1d(1, 1, 3, bias=False)
viz.animate(causal, F.pad(minitorch.arange(1.0, 7).reshape(1, 6), (2, 0)))

# %% [markdown]
# ## Volumes
#
# A volume has three directions, (N, channels, depth, height, width): a scan of a body, or a film, where depth is
# time. Here are balls and boxes, made by a rule.


# %%
def shapes(count, size=10):
    """Half of them balls (0), half boxes (1), of different sizes."""
    labels = minitorch.arange(count) % 2
    grid = minitorch.stack(minitorch.meshgrid(*[minitorch.arange(size, dtype=minitorch.float32)] * 3, indexing="ij"))
    centre, radius = 4 + minitorch.rand(count, 3, 1, 1, 1), 2 + 1.5 * minitorch.rand(count, 1, 1, 1)
    apart = (grid - centre).abs()
    ball, box = (apart**2).sum(1).sqrt() < radius * 1.2, apart.amax(1) < radius
    volume = minitorch.where(labels.reshape(-1, 1, 1, 1) == 0, ball, box).float()
    return (volume + 0.1 * minitorch.randn(*volume.shape)).unsqueeze(1), labels


volumes, kinds = shapes(200)
print(volumes.shape)

# %%
solid = nn.Sequential(nn.Conv3d(1, 6, 3), nn.ReLU(), nn.MaxPool3d(2), nn.Flatten(), nn.Linear(6 * 4**3, 2))
optimizer = optim.Adam(solid.parameters(), lr=1e-2)
for _ in range(60):
    loss = F.cross_entropy(solid(volumes), kinds)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
new, wanted = shapes(100)
print(f"{(solid.eval()(new).argmax(1) == wanted).float().mean().item():.1%} of new volumes")

# %% [markdown]
# What the first layer makes of a box, slice beside slice:

# %%
viz.feature_maps(solid, new[1:2], channels=3)

# %% [markdown]
# *Predict:* how many weights has a kernel of 5×5×5 for 16 channels in and 32 out? How many multiplications for an
# output of 20×20×20?
#
# **Exercise 13.3.** A cheaper way: a kernel of (1, 5, 5) and then one of (5, 1, 1). Return how many weights it has,
# without biases, if there are `middle` channels between.


# %%
def weights_of_two(inputs, middle, outputs):
    """A whole number."""
    ...


check("13.3", weights_of_two)

# %% [markdown]
# ## In PyTorch
#
# The same layers. For sound there is torchaudio, for films torchvision.
#
# ## Common mistakes
#
# - *(N, length, channels).* Conv1d wants channels before time.
# - *A network that looks into the future,* and does wonderfully in the laboratory.
# - *Conv3d on colour images:* the colours are channels (lesson 6).
#
# Where it is: the same files as for two dimensions. `specialize_ranks` in `minitorch/nn/` makes three layers of one.
