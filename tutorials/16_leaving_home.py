# %% [markdown]
# # 16. Leaving home
#
# *About 75 minutes. You need lessons 4, 6 and 10.*
#
# At the end you can
#
# - run a program here and in PyTorch, and move weights between the two, also from files with other names and layouts,
# - say how equal two results should be, and test it,
# - train with two processes, and explain why their gradients are those of one,
# - write a model as a file that other programs run,
# - find your way in PyTorch's source.
#
# Much of this lesson needs PyTorch to compare with. Where it is not installed, minitorch stands in for it, and the cells
# run all the same.

# %%
import copy
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import exercises
import numpy as np
from exercises import check

import minitorch
import minitorch.nn.functional as F
from minitorch import left_out, nn, optim, viz
from minitorch.autograd.observe import Observer, observed_by

try:
    import torch as there
except ImportError:
    there = minitorch
    print("PyTorch is not installed (pip install torch brings it): below, minitorch is compared with itself.")
folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## The same program
#
# Here is a program, as text. One word of it is replaced, and it runs in PyTorch.
#
# *Predict:* it draws weights and data at random, and trains for five steps. To how many digits do the losses agree?

# %%
program = """
import minitorch as torch
nn = torch.nn

torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(64, 3),
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
x, y = torch.randn(32, 1, 8, 8), torch.randint(0, 3, (32,))
for _ in range(5):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
"""
ours, theirs = {"losses": []}, {"losses": []}
exec(program, ours)
exec(program.replace("import minitorch as", f"import {there.__name__} as"), theirs)
for mine, other in zip(ours["losses"], theirs["losses"], strict=True):
    print(f"{mine:.9f}  {other:.9f}  difference {abs(mine - other):.1e}")

# %% [markdown]
# Both draw the same random numbers for the same seed. With PyTorch, the differences are 0 or about 1e-07: the last digits,
# and we come back to them. The course programs in `tests/courses/` run in both in the same way.
#
# ## Weights from one to the other
#
# A trained model is its code and its *state dict*: names, and tensors. The names come from the names of attributes and
# the places in a Sequential, so the same code has the same names in both libraries.

# %%
model, twin = ours["model"], theirs["model"]
for name, tensor in model.state_dict().items():
    print(f"{name:24} {list(tensor.shape)}")
print("the same names:", list(model.state_dict()) == list(twin.state_dict()))

# %% [markdown]
# NumPy is the common ground. An `.npz` file holds arrays under their names, and any Python program can read it. Both
# ways:

# %%
np.savez(folder / "weights.npz", **{name: tensor.numpy() for name, tensor in model.state_dict().items()})
arrays = np.load(folder / "weights.npz")
print(twin.load_state_dict({name: there.from_numpy(arrays[name]) for name in arrays.files}))  # there ...
print(model.load_state_dict({name: minitorch.from_numpy(v.numpy()) for name, v in twin.state_dict().items()}))  # and back

model.eval()
twin.eval()
image = np.random.default_rng(0).normal(size=(5, 1, 8, 8)).astype("float32")
apart = model(minitorch.from_numpy(image)).detach().numpy() - twin(there.from_numpy(image)).detach().numpy()
print("largest difference of the outputs:", abs(apart).max())

# %% [markdown]
# `minitorch.save` and `load` use the format *safetensors*: a header with names, types and shapes, and then the numbers.
# PyTorch reads such a file with `safetensors.torch.load_file`.

# %%
try:
    minitorch.save(model.state_dict(), folder / "weights.safetensors")
except ImportError as error:
    print(f"{error}. This cell would then print the first bytes of the file, and True.")
else:
    print((folder / "weights.safetensors").read_bytes()[8:100])
    if there is minitorch:
        loaded = minitorch.load(folder / "weights.safetensors")
    else:
        from safetensors.torch import load_file

        loaded = load_file(folder / "weights.safetensors")
    print(all((loaded[name].numpy() == tensor.numpy()).all() for name, tensor in model.state_dict().items()))

# %% [markdown]
# Many files of weights are *pickles*: `torch.save` writes them. A pickle is a small program, which is run as it is loaded.
#
# *Predict:* what does this cell print?


# %%
class LooksHarmless:
    def __reduce__(self):
        return print, ("this was run by pickle.loads, and could have been anything",)


_ = pickle.loads(pickle.dumps(LooksHarmless()))

# %% [markdown]
# That is why `minitorch.load` reads only data, and why `torch.load` has `weights_only=True` as its default. Load pickles
# only from people whose programs you would run.
#
# ## Other names, other layouts
#
# Weights from elsewhere seldom have your names. A state dict is a dict: rename its keys. The name of a parameter is a
# path, with dots: rename whole parts of it, or conv1 will also change conv10.
#
# **Exercise 16.1.** A file has names such as `module.conv1.weight`. The first part, `module`, comes from
# `DataParallel`, and is not always there; drop it. The next part is renamed by a table, such as {"conv1": "0"};
# what the table does not have keeps its name.


# %%
def renamed(state, table):
    """A new dict with the same tensors."""
    ...


check("16.1", renamed)

# %% [markdown]
# Keras and TensorFlow keep images as (N, H, W, C), and the kernel of a convolution as (H, W, in, out), *HWIO*. Here it is
# (out, in, H, W), *OIHW*. *Predict:* must the kernel be turned around, too? (Lesson 6: a convolution here is a
# cross-correlation.)
#
# **Exercise 16.2.** Bring a kernel from HWIO to OIHW.


# %%
def to_oihw(kernel):
    """A tensor with the same weights."""
    ...


check("16.2", to_oihw)

# %% [markdown]
# Their `Dense` keeps (in, out), the transpose of `nn.Linear`. And after a Flatten the inputs of a linear layer come in
# the order H, W, C there, and C, H, W here: the columns of its weight must be reordered.
#
# **Exercise 16.3.** Bug hunt. All parameters were loaded, both models are in eval mode, and the outputs differ. Which
# tensors were not loaded? Give the name of one that makes the difference.

# %%
fresh = copy.deepcopy(model)
for module in fresh.modules():
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()
found = fresh.load_state_dict(dict(model.named_parameters()), strict=False)
x = minitorch.from_numpy(image)
print("differ by", (fresh(x) - model(x)).abs().max().item())

not_loaded = ...

check("16.3", not_loaded)

# %% [markdown]
# ## How equal is equal?
#
# A float32 has 24 binary digits: the next number after 1 is 1 + 2⁻²³. Each operation rounds to the nearest, by at most
# 2⁻²⁴ of its result. So sums depend on the order:

# %%
big, one = np.float32(2**24), np.float32(1)
print((big + one) + one, big + (one + one))

# %% [markdown]
# Another library adds in another order: in blocks, on several threads, with other instructions. Neither is wrong. How far
# apart may they be? Compare float32 with float64, which has 53 binary digits:

# %%
generator = np.random.default_rng(0)
for terms in (10, 1_000, 100_000):
    a, b = (generator.normal(size=terms).astype("float32") for _ in range(2))
    single, double = float(a @ b), float(a.astype("float64") @ b.astype("float64"))
    print(f"{terms:7,} terms: the sum is {double:10.4f}, and off by {abs(single - double):.1e}")

# %% [markdown]
# Rounding errors are proportional to the *size of the terms*, not of the result: terms of 1,000 and −1,000 cancel, and
# their rounding errors stay. That is why `allclose` has two tolerances, |a − b| ≤ atol + rtol · |b|: near 0 only atol helps.
#
# **Exercise 16.4.** The sum of n products wᵢ xᵢ takes n multiplications and n − 1 additions. In the worst case its
# rounding errors are about n · 2⁻²⁴ of the sum of all |wᵢ xᵢ|. Two libraries compute it, each in its own order. By how
# much can their results differ?


# %%
def rounding(w, x):
    """A number; w and x are tensors of one dimension."""
    ...


check("16.4", rounding)

# %% [markdown]
# In practice errors partly cancel, and grow like √n rather than n. For values of size 1 after a few layers, rtol=1e-4 and
# atol=1e-5 are usual in float32. If the difference is larger, compute both in float64: a mistake stays, and rounding
# errors shrink to 1e-12 or less. Here are the gradients of both models:

# %%
grads = {}
for library, net in ((minitorch, model), (there, twin)):
    net.double().zero_grad()
    net(library.from_numpy(image.astype("float64"))).square().mean().backward()
    grads[net] = [p.grad.numpy() for p in net.parameters()]
    net.float()
print("float64, gradients:", max(abs(a - b).max() for a, b in zip(grads[model], grads[twin], strict=True)))

# %% [markdown]
# ## What is not here
#
# minitorch is a subset of PyTorch. A name that it leaves out raises AttributeError, and the message says what to use
# instead:

# %%
for module, name in ((nn, "Transformer"), (minitorch, "compile"), (minitorch, "fft")):
    try:
        getattr(module, name)
    except AttributeError as error:
        print(error)
print({module: len(names) for module, names in left_out.LEFT_OUT.items()})

# %% [markdown]
# ## The tape there
#
# *Predict:* PyTorch's tape is C++. Which nodes does it have for this loss?


# %%
def nodes(loss):
    """The names of the nodes from the loss back, along the first edge that does not end at a parameter."""
    node = loss.grad_fn
    while node is not None:
        yield node.name().removesuffix("Backward0")
        before = (n for n, _ in node.next_functions if n is not None)
        node = next((n for n in before if "AccumulateGrad" not in n.name()), None)


for library, net in ((minitorch, model), (there, twin)):
    scores, labels = net(library.from_numpy(image)), library.tensor([0, 1, 2, 0, 1])
    loss = library.nn.functional.cross_entropy(scores, labels)
    print(*nodes(loss), sep=" < ")

# %% [markdown]
# Mostly the same names, because the ideas are the same; where PyTorch has one node, minitorch sometimes composes two or
# three. With what you know, you can read PyTorch's source:
#
# - *Node and its edges* (here `autograd/node.py`): `torch/csrc/autograd/function.h` and `edge.h`.
# - *AccumulateGrad*, the end of the tape: `torch/csrc/autograd/functions/accumulate_grad.h`.
# - *The backward pass* (`autograd/engine.py`): `torch/csrc/autograd/engine.cpp`, with threads, and a queue of nodes that
#   are ready where there is a sorted list here.
# - *Saved tensors and their versions* (`autograd/saved.py`): `torch/csrc/autograd/saved_variable.h`.
# - *Derivatives* (the backwards in `ops/`): `tools/autograd/derivatives.yaml`, a list of formulas from which C++ is
#   generated.
# - *Operations* (the forwards in `ops/`): listed in `aten/src/ATen/native/native_functions.yaml`, and computed in the files
#   beside it.
# - *The dispatcher* (`backend/dispatch.py`), from a name to the code for this device and dtype:
#   `aten/src/ATen/core/dispatch/Dispatcher.h`.
# - *Implementations* (`kernels/`): `aten/src/ATen/native/cpu/` and `cuda/`; in `cudnn/` those of NVIDIA's library.
# - *Modules and optimizers* (`nn/`, `optim/`): `torch/nn/modules/` and `torch/optim/`, in Python, and the easiest place
#   to begin.
#
# ## Two processes
#
# A large batch is divided between two processes (or machines). Each has all the weights, computes the loss of its half,
# and its gradients; then the gradients are averaged, and each takes the same step. Averaging so that all have the result
# is called *all-reduce*. First by hand, with two copies of a model in one process.
#
# *Predict:* how far are the averaged gradients from those of the whole batch?

# %%
minitorch.manual_seed(0)
net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1))
x, y = minitorch.randn(32, 6), minitorch.randn(32, 1)
replicas = [copy.deepcopy(net), copy.deepcopy(net)]


def all_reduce(replicas):
    """Give each replica the mean of the gradients of all."""
    for copies in zip(*(replica.parameters() for replica in replicas), strict=True):
        mean = sum(p.grad for p in copies) / len(copies)
        for p in copies:
            p.grad = mean.clone()


F.mse_loss(net(x), y).backward()
for replica, half in zip(replicas, (slice(0, 16), slice(16, 32)), strict=True):
    F.mse_loss(replica(x[half]), y[half]).backward()
all_reduce(replicas)
for name, p in net.named_parameters():
    print(f"{name:10} {(p.grad - replicas[0].get_parameter(name).grad).abs().max().item():.1e}")

# %% [markdown]
# The loss is a mean over the batch, and the mean of two means of equally many is the mean of all. The derivative is
# linear, so the same holds for gradients. *Break it:* divide the batch into 24 and 8.
#
# **Exercise 16.5.** Average the gradients of parts of different sizes, so that they are those of the whole batch.


# %%
def averaged(gradients, sizes):
    """A tensor; gradients[i] is that of the mean loss of a part with sizes[i] samples."""
    ...


check("16.5", averaged)

# %% [markdown]
# Now with two processes, by Python's own multiprocessing. Each process runs `work`, and sends its gradients to the other
# through a pipe. On Windows and macOS a new process imports the script again, so it must be a file, with `if __name__ ==
# "__main__"`. Here it is written to a file, and run. (Both send before they receive. That works while the gradients fit
# the buffer of the pipe. For larger ones, one of the two must receive first.)

# %%
script = """
from multiprocessing import Pipe, Process

import minitorch
from minitorch import nn, optim


def work(rank, pipe):
    minitorch.manual_seed(0)  # the same weights and data in both
    model, x, y = nn.Linear(6, 1), minitorch.randn(32, 6), minitorch.randn(32, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(10):
        loss = (model(x[rank::2]) - y[rank::2]).square().mean()  # every other sample
        optimizer.zero_grad()
        loss.backward()
        for p in model.parameters():
            pipe.send(p.grad.numpy())
            p.grad = (p.grad + minitorch.from_numpy(pipe.recv())) / 2
        optimizer.step()
    if rank == 0:
        print(model.weight.tolist()[0])


if __name__ == "__main__":
    processes = [Process(target=work, args=(rank, end)) for rank, end in enumerate(Pipe())]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
"""
(folder / "two.py").write_text(script)
environment = {**os.environ, "PYTHONPATH": str(Path(minitorch.__file__).parents[1])}
command = [sys.executable, folder / "two.py"]
result = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
two = np.array(result.stdout.strip("[]\n").split(", "), dtype=float)

minitorch.manual_seed(0)
alone, x, y = nn.Linear(6, 1), minitorch.randn(32, 6), minitorch.randn(32, 1)
optimizer = optim.SGD(alone.parameters(), lr=0.1)
for _ in range(10):
    loss = F.mse_loss(alone(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("two processes:", two.round(5))
print("one process:  ", alone.weight.detach().numpy()[0].round(5))

# %% [markdown]
# `nn.parallel.DistributedDataParallel` does this with any number of processes, connected by MPI: `minitorch.distributed` has
# the exchanges, all-reduce among them, under PyTorch's names. (It needs the extra `distributed`; PyTorch's also sends the
# gradients of the last layers while those of the first are still being computed.) Here are the digits again, with each batch
# of 32 in two halves of 16:

# %%
program = Path(exercises.__file__).with_name("digits_in_processes.py")  # beside this lesson, as exercises.py is
if minitorch.distributed.is_mpi_available():
    command = [sys.executable, "-m", "minitorch.distributed.run", "-n", "2", program]
    print(subprocess.run(command, capture_output=True, text=True, env=environment).stdout)
else:
    print("pip install '.[distributed]' in the clone, and then:")
    print("python -m minitorch.distributed.run -n 2 tutorials/digits_in_processes.py")

# %% [markdown]
# The losses are those of one process, to the last digit printed.
#
# One layer breaks the rule: *batch norm*. Each process takes mean and variance of its own half. So its outputs are not
# those of the whole batch, and neither are the gradients. Look at the outputs of the first two rows, in the whole batch
# and in the half:

# %%
batch = minitorch.tensor([[1.0], [2.0], [5.0], [8.0]])
viz.worked(nn.BatchNorm1d(1), batch)

# %%
viz.worked(nn.BatchNorm1d(1), batch[:2])

# %% [markdown]
# `nn.SyncBatchNorm` takes the statistics of all halves, by an all-reduce in forward and one in backward. `LayerNorm`
# and `GroupNorm` compute on one sample at a time, and are the same in both.
#
# ## A graph as a file
#
# A state dict needs the code of its model. Phones and browsers have no Python; for them there is *ONNX*, a format for
# the whole graph: a list of nodes, each with the name of an operation from a fixed list, its inputs and its outputs, and the
# weights. One way to make it is to run the model once and write down every operation. An observer gets all that such a list
# needs:


# %%
class Tracer(Observer):
    """Writes down every operation as ONNX would name it."""

    NAMES = {"Convolution": "Conv", "Reshape": "Flatten", "Linear": "Gemm"}  # the others have the same name

    def __init__(self, **known):
        self.known, self.count = [(tensor, name) for name, tensor in known.items()], 0

    def name(self, tensor):
        return next((name for known, name in self.known if known is tensor), None)

    def recorded(self, node, args, outputs):
        inputs = filter(None, map(self.name, args))
        self.count += 1
        self.known.append((outputs[0], f"t{self.count}"))
        operation = type(node).__name__
        print(f"t{self.count} = {self.NAMES.get(operation, operation)}({', '.join(inputs)})")


plain = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(64, 3),
)  # fmt: skip
x = minitorch.randn(1, 1, 8, 8)
with observed_by(Tracer(x=x, **dict(plain.named_parameters()))):
    plain(x)

# %% [markdown]
# *Try it:* an `if` in the model. The list has only the branch that was run: that is what tracing cannot see.
#
# `minitorch.onnx.export` is such an observer, with a rule for each function (`minitorch/onnx/rules/`), and writes the file.
# A dimension named in `dynamic_axes` may have another size later. `minitorch.onnx.load` runs a file, of whatever program; and
# onnxruntime, which knows nothing of Python's classes, computes the same:

# %%
try:
    import onnxruntime
except ImportError:
    print("pip install '.[onnx]' in the clone brings onnx and onnxruntime")
else:
    file = folder / "plain.onnx"
    minitorch.onnx.export(plain, x, file, input_names=["x"], output_names=["y"], dynamic_axes={"x": [0], "y": [0]})
    batch = minitorch.randn(5, 1, 8, 8)
    (other,) = onnxruntime.InferenceSession(file).run(None, {"x": batch.numpy()})
    again = minitorch.onnx.load(file)
    print(again)
    y = plain(batch)
    print(f"they differ by {abs(other - y.detach().numpy()).max():.1e} and {(again(batch) - y).abs().max().item():.1e}")

# %% [markdown]
# ## In PyTorch
#
# `torch.onnx.export` writes such files, `torch.load` and `safetensors.torch.load_file` read weights, `torchrun` starts
# processes. A model of layers alone goes there and back in one call: `minitorch.utils.torch.to_module(model)` and
# `from_module(model)`. `torch.testing.assert_close` has tolerances for each dtype, and `model.load_state_dict` raises
# an error that lists what does not fit.
#
# ## Common mistakes
#
# - *strict=False to silence an error.* It loads what fits, and leaves the rest as it was: read what it returns.
# - *Forgetting the buffers.* named_parameters() does not have the running mean of a batch norm; state_dict() does.
# - *Comparing without eval().* Dropout and batch norm in training mode differ from run to run.
# - *A tolerance that was raised until the test passed.* Estimate what rounding can do, or compare in float64.
# - *Averaging parts of different sizes with equal weights.* The last batch of an epoch is often smaller.
# - *Loading a pickle from a stranger.*
#
# Where it is: `minitorch/serialization.py` saves and loads, `minitorch/nn/module.py` has state_dict and load_state_dict,
# `minitorch/left_out.py` what is missing, `minitorch/autograd/observe.py` the observers, `minitorch/distributed/` the
# exchanges between processes, `minitorch/onnx/` the rules for files, `tests/parity/` the comparisons with
# PyTorch. Further reading: Paszke and others, *PyTorch* (2019); Goldberg, *What every computer scientist should know
# about floating-point arithmetic* (1991); Li and others, *PyTorch Distributed* (2020); Goyal and others, *Accurate, large
# minibatch SGD* (2017).
