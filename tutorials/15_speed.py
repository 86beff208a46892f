# %% [markdown]
# # 15. Speed, and the GPU
#
# *About 75 minutes. You need lessons 2, 7 and 10.*
#
# At the end you can
#
# - measure a time honestly, on the CPU and on a GPU,
# - say where the time of a training step goes,
# - predict the time of an operation from the bytes that it moves and the multiplications that it computes,
# - find needless copies, and write a faster implementation that stays equal to its definition.
#
# Times differ from machine to machine. The ratios are what to look at.

# %%
import statistics
import time
from collections import Counter

import numpy as np
from exercises import check

import minitorch
import minitorch.nn.functional as F
from minitorch import kernels, nn, optim, viz
from minitorch.autograd.observe import Observer, observed_by

# %% [markdown]
# ## How to measure
#
# Time the same matrix product ten times, in microseconds.
#
# *Predict:* are the ten times equal? If not, which is the longest?

# %%
minitorch.manual_seed(0)
a = minitorch.randn(300, 300)
times = []
for _ in range(10):
    start = time.perf_counter()
    a @ a
    times.append(time.perf_counter() - start)
print([round(1e6 * t) for t in times])

# %% [markdown]
# The first call is usually the slowest: memory is new, threads start, code is loaded or compiled. And now and then
# another program gets the processor. So three rules:
#
# 1. *Warm up:* call once, or a few times, before the clock counts.
# 2. *Take the median:* a slow moment changes a mean, and the median hardly.
# 3. *Interleave* what you compare, A B A B A B. Then a slow moment of the machine meets both.
#
# And measure on a quiet machine. The threads of a matrix product wait for each other: while another program has one of
# the cores, the product can take fifty times as long.
#
# `tests/benchmarks/__main__.py` measures like this. Here it is in a few lines:


# %%
def measure(rounds=9, **runs):
    """The median time of each function, in milliseconds."""
    for run in runs.values():
        run()
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: 1000 * statistics.median(each) for name, each in times.items()}


def show(milliseconds):
    for name, each in milliseconds.items():
        print(f"{name:24} {each:10.3f} ms")


show(measure(product=lambda: a @ a, sum=lambda: a + a))

# %% [markdown]
# ## Where the time of a training step goes
#
# *Observers* are called for each operation that is recorded on the tape, and before and after each backward. Pictures are
# made with them. This one is a stopwatch: it adds the time since the last event to the operation that has just ended.


# %%
class Stopwatch(Observer):
    def __init__(self):
        self.spent, self.last = Counter(), time.perf_counter()

    def book(self, what):
        self.spent[what] += time.perf_counter() - self.last
        self.last = time.perf_counter()

    def recorded(self, node, args, outputs):
        self.book(f"{type(node).__name__}, forward")

    def backward_called(self, node, grad_outputs):
        self.book("between the operations")

    def backward_returned(self, node, grad_outputs, results):
        self.book(f"{type(node).__name__}, backward")


model = nn.Sequential(
    nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 10),
)  # fmt: skip
optimizer = optim.SGD(model.parameters(), lr=0.01)
images, labels = minitorch.randn(64, 1, 28, 28), minitorch.randint(0, 10, (64,))


def step(stopwatch=None):
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    if stopwatch:
        stopwatch.book("between the operations")
    optimizer.step()
    if stopwatch:
        stopwatch.book("optimizer")


for _ in range(3):
    step()
stopwatch = Stopwatch()
with observed_by(stopwatch):
    for _ in range(10):
        step(stopwatch)
whole = sum(stopwatch.spent.values())
for what, seconds in stopwatch.spent.most_common(8):
    print(f"{what:32} {seconds / 10 * 1000:7.2f} ms  {'█' * round(50 * seconds / whole)}")

# %% [markdown]
# A few operations take most of the time. Making the others faster changes little. `minitorch.profiler` is such a stopwatch
# with more buttons: it also times modules, functions and blocks with a name, counts memory, and
# `prof.export_chrome_trace("trace.json")` writes a file that `ui.perfetto.dev` draws as a time line.

# %%
with minitorch.profiler.profile(with_modules=True) as prof:
    for _ in range(3):
        step()
print(prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=8))

# %% [markdown]
# (Python's own profiler goes function by function: `python -m cProfile -s tottime script.py`.) Compare it with the
# multiplications of each layer:

# %%
viz.summary(model, (64, 1, 28, 28))

# %% [markdown]
# The linear layers have most of the parameters, and take little of the time. Pooling multiplies nothing, and takes time.
# So multiplications are not all that counts.
#
# ## What a call costs
#
# *Predict:* `x * 1.5` for 10 numbers, and for 1,000. How many times longer does the second take?

# %%
for size in (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000):
    x = minitorch.ones(size)
    calls = max(1, min(200, 1_000_000 // size))
    each = measure(run=lambda x=x, calls=calls: [x * 1.5 for _ in range(calls)])["run"] / calls
    print(f"{size:9,} numbers {1000 * each:9.2f} µs {1e6 * each / size:12.3f} ns a number")

# %% [markdown]
# Up to some thousand numbers the time does not change. It is the cost of the call: Python finds the method, checks the
# arguments, makes a node, and NumPy allocates memory. Arithmetic counts only for more numbers. *Few operations on large
# tensors* are faster than many on small ones: that is why layers take batches.
#
# ## Two numbers of your machine
#
# From here on, tensors are large. A processor computes, and it moves numbers between memory and itself. How fast is
# yours at each? A large matrix product shows the first, a large copy the second.

# %%
a, b = minitorch.randn(1024, 1024), minitorch.randn(1024, 1024)
source = np.ones(2**23, np.float32)
target = np.empty_like(source)
rates = measure(product=lambda: a @ b, copy=lambda: np.copyto(target, source))
flops = 2 * 1024**3 / (rates["product"] / 1000)  # each product of two numbers, and its addition
bandwidth = 2 * source.nbytes / (rates["copy"] / 1000)  # read once, written once
print(f"{flops / 1e9:.0f} billion flops a second, {bandwidth / 1e9:.0f} billion bytes a second")
print(f"so {flops / bandwidth:.0f} flops take as long as moving one byte")

# %% [markdown]
# (A *flop* is one multiplication or addition of floats.) An operation can be no faster than its arithmetic, and no
# faster than its memory traffic:
#
# $$\text{time} \;\ge\; \max\left(\frac{\text{flops}}{\text{flops a second}},\;
# \frac{\text{bytes}}{\text{bytes a second}}\right)$$
#
# This is the *roofline* model. Three examples, by hand, in float32, which has 4 bytes:
#
# | operation | flops | bytes | flops for each byte |
# |---|---|---|---|
# | x + y, n = 8,388,608 numbers | n | 4 · (2n read + n written) = 12n | 1/12 |
# | p @ p, of n×n with n = 512 | 2n³ | 4 · (2n² + n²) = 12n² | n/6 = 85 |
# | Conv2d(32, 64, 3, padding=1) on 16×32×32×32 | 2 · 64·32·9 · 16·32·32 | 4 · (x + weight + y) | about 95 |
#
# *Predict:* which number of your machine limits each of them? Compare the last column with what was printed above.

# %%
x, y, p = minitorch.ones(2**23), minitorch.ones(2**23), minitorch.randn(512, 512)
conv, image = nn.Conv2d(32, 64, 3, padding=1), minitorch.randn(16, 32, 32, 32)
conv_flops = 2 * viz.summary(conv, image.shape).multiply_adds
conv_bytes = 4 * (image.numel() + conv.weight.numel() + 16 * 64 * 32 * 32)


def convolve():
    with minitorch.no_grad():
        return conv(image)


for name, run, count, moved in (
    ("x + y", lambda: x + y, 2**23, 12 * 2**23),
    ("p @ p", lambda: p @ p, 2 * 512**3, 12 * 512**2),
    ("convolution", convolve, conv_flops, conv_bytes),
):
    arithmetic, traffic, measured = 1000 * count / flops, 1000 * moved / bandwidth, measure(run=run)["run"]
    print(f"{name:12} arithmetic {arithmetic:6.2f} ms, traffic {traffic:6.2f} ms, measured {measured:6.2f} ms")

# %% [markdown]
# The larger of the two is the floor. `x + y` takes longer than its floor, because its result is new memory: the
# operating system fills it with zeros first, which is traffic, too. The convolution copies x once more than the floor
# counts, into memory with zeros for the padding. It writes no windows to memory: they are read where they lie, or become
# columns in chunks that stay in the cache. The last column of the table that `make bench` prints is this comparison, for
# each layer.
#
# **Exercise 15.1.** Softmax of a float32 matrix, row by row, in five steps: the maximum of each row; x minus the
# maximum; exp; the sum of each row; divided by the sum. Each step reads all its operands from memory, and writes its
# result to memory. How many bytes are moved?


# %%
def softmax_bytes(rows, columns):
    """A number of bytes: all that the five steps read, and all that they write."""
    ...


check("15.1", softmax_bytes)

# %% [markdown]
# One loop over each row that does all five steps while the row is in the cache would read x once and write the result
# once. That is called *fusing*, and is why compiled loops (Numba here, `torch.compile` there) make elementwise
# operations faster, and matrix products hardly.
#
# ## Rows and columns
#
# Memory is not read number by number, but in *cache lines* of 64 bytes: 16 floats that lie side by side. A matrix lies
# in memory row after row.
#
# **Exercise 15.2.** How many cache lines does it take to read one row of a float32 matrix, and how many to read one
# column? (A row has a multiple of 16 numbers, and begins at the start of a line.)


# %%
def cache_lines(rows, columns, along):
    """A number. `along` is "row" or "column"."""
    ...


check("15.2", cache_lines)

# %% [markdown]
# *Predict:* each of the loops below doubles a million numbers. Which is faster, and how many times?

# %%
square = minitorch.randn(4096, 4096)
show(
    measure(
        by_rows=lambda: [square[i] * 2 for i in range(0, 4096, 16)],
        by_columns=lambda: [square[:, i] * 2 for i in range(0, 4096, 16)],
    )
)

# %% [markdown]
# ## Why a convolution is a matrix product
#
# Lesson 7 wrote a convolution as a matrix product. Here are three ways to compute the same 112,896 multiplications:
# number by number, one slice for each cell of the kernel, and one product.

# %%
small, weight = minitorch.randn(8, 16, 16), minitorch.randn(8, 8, 3, 3)


def by_numbers():
    x, w = small.tolist(), weight.tolist()
    y = [[[0.0] * 14 for _ in range(14)] for _ in range(8)]
    for o in range(8):
        for i in range(14):
            for j in range(14):
                for c in range(8):
                    for m in range(3):
                        for n in range(3):
                            y[o][i][j] += w[o][c][m][n] * x[c][i + m][j + n]
    return minitorch.tensor(y)


def by_cells():
    y = minitorch.zeros(8, 14, 14)
    for m in range(3):
        for n in range(3):
            for c in range(8):
                y = y + weight[:, c, m, n].reshape(8, 1, 1) * small[c, m : m + 14, n : n + 14]
    return y


def by_matrix():
    return (weight.reshape(8, 72) @ F.unfold(small.unsqueeze(0), 3)[0]).reshape(8, 14, 14)


print([(way() - by_numbers()).abs().max().item() < 1e-4 for way in (by_cells, by_matrix)])
show(measure(5, by_numbers=by_numbers, by_cells=by_cells, by_matrix=by_matrix))

# %% [markdown]
# Number by number, each multiplication has the cost of a call in Python. Cell by cell there are 72 times the cost of a few
# calls. As a product there are few calls, and there is a second gain: a matrix product reads a block of numbers into the
# cache and uses each of them many times. It has n³ multiplications for n² numbers, more arithmetic for each byte than any
# other operation. That is why so much is written as a matrix product, on CPUs and on GPUs.
#
# **Exercise 15.3.** Here is a slow definition. Write an implementation that gives the same, and is at least five times
# as fast. (Views cost nothing: see `x.unfold`. Or is there a layer that does this?)


# %%
def moving_mean_slowly(x, k):
    """The mean of each k neighbours of a tensor x of one dimension: len(x) − k + 1 numbers."""
    out = minitorch.zeros(len(x) - k + 1)
    for i in range(len(out)):
        out[i] = x[i : i + k].mean()
    return out


def moving_mean(x, k):
    """The same."""
    ...


check("15.3", moving_mean)

# %% [markdown]
# ## One definition, several implementations
#
# minitorch does what you just did. `ops/` has the definition of each operation, in a few lines that can be read. Other
# ways to compute the same are in `kernels/`, registered under the definition's name. When the definition is called,
# the implementations are tried in order, and the first that takes these arrays computes.

# %%
lines = str(kernels.table()).split("\n")
first = next(number for number, line in enumerate(lines) if line.startswith("sigmoid"))
print("\n".join(lines[first : first + 6]))

# %% [markdown]
# (`print(kernels.table())` shows all of it. *Not available here* means that Numba is not installed: `pip install
# '.[fast]'` in the clone.) Which one computes? The table says from how much work on each of them pays; or try:


# %%
def which(name, *arrays):
    """The engine that computes a definition for these arrays."""
    for implementation in kernels.definitions[name].allowed:
        if implementation(*arrays) is not NotImplemented:
            return implementation.engine
    return "definition"


for size in (100, 10_000, 1_000_000):
    print(f"{size:9,} numbers: {which('sigmoid', np.ones(size, np.float32))}")

# %% [markdown]
# `kernels.only` switches. `only("definition")` computes everything as it is written in `ops/`, and `only("numpy")`
# does without Numba:

# %%
x = minitorch.randn(1_000_000)


def under(engine, run):
    def runs():
        with kernels.only(engine):
            return run()

    return runs


show(
    measure(
        definition=under("definition", lambda: x.sigmoid()),
        numpy=under("numpy", lambda: x.sigmoid()),
        whatever_is_quickest=lambda: x.sigmoid(),
    )
)
with kernels.only("definition"):
    plain = x.sigmoid()
print("largest difference:", (plain - x.sigmoid()).abs().max().item())

# %% [markdown]
# Without Numba the last two lines are equal. With it, the last is about three times as fast: one loop, fused.
#
# An implementation may round differently, and declares by how much: `ulp`, units in the last place. A test draws random
# arguments, and compares it with the definition (`tests/laws/test_kernels.py`). Here is the whole mechanism, with a definition
# of our own, and an implementation that avoids the slow power:


# %%
@kernels.definition
def cube(x):
    return x**3


def draw(generator):
    return (generator.normal(size=100).astype("float32"),)


@kernels.implements("cube", engine="numpy", ulp=4, sample=draw)
def cube_by_products(x):
    return x * x * x


implementation = kernels.definitions["cube"].implementations[0]
worst = 0.0
for seed in range(100):
    arguments = implementation.sample(np.random.default_rng(seed))
    expected, got = cube.function(*arguments), implementation(*arguments)
    worst = max(worst, (abs(got - expected) / np.spacing(abs(expected).max())).max())
print(f"off by {worst} units in the last place, and it declares {implementation.ulp}")
array = x.numpy()
show(measure(definition=lambda: cube.function(array), implementation=lambda: cube(array)))

# %% [markdown]
# *Break it:* let `cube_by_products` return `x * x * abs(x)`. What does the comparison print?
#
# ## Threads
#
# A machine has several cores. A matrix product uses all of them: the library under NumPy (BLAS) starts threads. For
# the rest, minitorch cuts large work into chunks (`kernels/threads.py`). Chunks do not depend on the number of threads,
# so the result of a convolution is the same to the last bit.

# %%
cores = minitorch.get_num_threads()
results = {}
for count in (1, cores):
    minitorch.set_num_threads(count)
    results[count] = convolve()
    print(f"{count} thread(s): {measure(run=convolve)['run']:.2f} ms")
print("the same to the last bit:", minitorch.equal(results[1], results[cores]))

# %% [markdown]
# Twice the threads seldom halve the time: threads share the way to memory, and small work is not worth dividing.
# (Without the package threadpoolctl, from the extra `fast`, only the threads of BLAS compute.)
#
# ## float32 and float64
#
# *Predict:* how much longer does float64 take, for a sum, and for a product?

# %%
x, y = minitorch.randn(2**22), minitorch.randn(2**22)
x64, y64, a64, b64 = x.double(), y.double(), a.double(), b.double()
show(measure(sum_float32=lambda: x + y, sum_float64=lambda: x64 + y64))
show(measure(product_float32=lambda: a @ b, product_float64=lambda: a64 @ b64))

# %% [markdown]
# Twice or more: there are twice the bytes to move, less of them fits the cache, and each instruction of the processor takes
# half as many numbers. float64 is for checks (`gradcheck` needs it), float32 for training.
#
# ## Views and copies
#
# A *view* shares the memory of its tensor, and costs the same at any size: only shape and strides are new. A *copy* is
# traffic. `np.shares_memory` says whether two arrays share memory:

# %%
x = minitorch.randn(1000, 1000)
print(np.shares_memory(x.numpy(), x.T.numpy()), np.shares_memory(x.numpy(), x.clone().numpy()))
show(measure(view=lambda: x.T, copy=lambda: x.T.contiguous()))

# %% [markdown]
# **Exercise 15.4.** x is a float32 tensor of 1000×1000. Which of these copy its numbers? Answer with a string of
# letters.
#
# | | | | |
# |---|---|---|---|
# | a | `x.reshape(-1)` | e | `x.float()` |
# | b | `x.T.reshape(-1)` | f | `x.double()` |
# | c | `x[:, ::2]` | g | `x[x > 0]` |
# | d | `x.unsqueeze(0).expand(8, 1000, 1000)` | h | `x.detach()` |

# %%
copies = ...

check("15.4", copies)

# %% [markdown]
# *In place* is not the same as fast. PyTorch's `x.add_(y)` writes into x, and saves new memory. Here an in-place
# operation computes its result like any other, and copies it into x (`minitorch/autograd/inplace.py`): one pass over
# memory more. Do not believe a name: measure.

# %%
x, y = minitorch.randn(2**22), minitorch.randn(2**22)
show(measure(new=lambda: x + y, in_place=lambda: x.add_(y)))

# %% [markdown]
# ## The GPU
#
# A GPU has thousands of small cores and memory of its own, with some ten times the bandwidth of the computer's.
# minitorch computes there by way of CuPy, which has NumPy's functions for arrays on an NVIDIA GPU. The program stays
# the same but for `.to`:
#
# - `model.to("cuda")` moves the parameters and buffers of a model, in place; `x.to("cuda")` returns a copy of a tensor.
# - An operation computes where its tensors are. Tensors on two devices are an error.
# - What stays: Python, the tape, shapes. Random numbers are drawn by the CPU, so that a seed gives the same on both.
# - The implementations of `kernels/` take the arrays that the table names. Where none takes the GPU's, the definition of
#   `ops/` computes.

# %%
device = "cuda" if minitorch.cuda.is_available() else "cpu"
model.to(device)
images, labels = images.to(device), labels.to(device)
step()
print("the step ran on", next(model.parameters()).device)
if device == "cpu":
    print("There is no GPU here, or no CuPy. With an NVIDIA GPU, pip install '.[gpu]' in the clone installs CuPy.")
    print("The line above would then say cuda:0.")

# %% [markdown]
# A call for the GPU *returns before the work is done*: it is put in a queue, and Python goes on. What needs a value
# waits until the queue is empty: `.item()`, `.tolist()`, `.cpu()`, `print(x)`, `if x > 0`. So
#
# - `loss.item()` in every step lets the GPU stand idle while Python prepares the next one. Add losses up as tensors, and
#   read them once in a while.
# - a copy to the GPU is slow beside its memory. Move the data once, before the loop, or batch by batch, never element
#   by element.
# - each call has a cost on a GPU, too, and a higher one than on the CPU. Small networks are slower there.
# - a clock must wait: `minitorch.cuda.synchronize()` before it starts, and before it stops.

# %%
wait = minitorch.cuda.synchronize if device == "cuda" else lambda: None
large = minitorch.randn(2048, 2048).to(device)
large @ large
wait()
start = time.perf_counter()
large @ large
returned = time.perf_counter() - start
wait()
done = time.perf_counter() - start
print(f"returned after {1000 * returned:.3f} ms, done after {1000 * done:.3f} ms")

# %% [markdown]
# On the CPU the two are equal. On a GPU the first is a fraction of a millisecond, whatever the size of the matrix: a clock
# that stops there measures the queue.
#
# **Exercise 15.5.** This benchmark has four faults:
#
# ```python
# def timed(run, wait, clock, rounds):
#     start = clock()
#     for _ in range(rounds):
#         run()
#     return (clock() - start) / rounds
# ```
#
# No warm-up; work from before may still be in the queue; the clock does not wait for the end; one slow moment is in the
# mean. Write it without them: the median of `rounds` times of one run each. `clock()` returns the time now. (The
# check simulates a device with its own clock. So it works without a GPU.)


# %%
def timed(run, wait, clock, rounds):
    """The median time of run() on a device whose queue wait() waits for."""
    ...


check("15.5", timed)

# %% [markdown]
# ## In PyTorch
#
# All of this holds there: the rules of measuring, views, bytes and flops. `torch.utils.benchmark.Timer` warms up and waits,
# `torch.profiler` lists operations with their times, `torch.compile` fuses. What the table of implementations is here
# is the dispatcher there, which chooses by device, dtype and more. For GPUs it has kernels of its own and
# cuDNN's convolutions.
#
# ## Common mistakes
#
# - *Making faster what takes no time.* Measure where the time goes first.
# - *One measurement.* Warm up, repeat, take the median, and interleave.
# - *A loop over elements, or over the samples of a batch.* One operation on all of them is often a hundred times faster.
# - *Timing a GPU without waiting.*
# - *Losing digits for speed, without noticing.* A fast implementation is compared with its definition, on large numbers, too.
#
# Where it is: `minitorch/backend/dispatch.py` has the table, `minitorch/kernels/__init__.py` prints it,
# `minitorch/kernels/numpy/planes.py` draws how a convolution is laid out, `minitorch/kernels/threads.py` shares work
# among cores, `minitorch/backend/device.py` moves arrays, `minitorch/cuda.py` waits. Further reading: Williams, Waterman
# and Patterson, *Roofline* (2009); Goto and van de Geijn, *Anatomy of high-performance matrix multiplication* (2008);
# Drepper, *What every programmer should know about memory* (2007).
