"""Handwritten digits again, learned by several processes at once: each takes its part of every batch.

    python -m minitorch.distributed.run -n 2 tutorials/digits_in_processes.py

The batches, and so the gradients, are the same for any number of processes that divides 32; with one, start it by `python`.
"""

from sklearn.datasets import load_digits

import minitorch
import minitorch.distributed as dist
import minitorch.nn.functional as F
from minitorch import nn, optim
from minitorch.utils.data import DataLoader, DistributedSampler, TensorDataset

BATCH, EPOCHS = 32, 8
dist.init_process_group()
rank, size = dist.get_rank(), dist.get_world_size()
minitorch.manual_seed(0)

images, labels = load_digits(return_X_y=True)
x = minitorch.tensor(images, dtype=minitorch.float32).reshape(-1, 1, 8, 8) / 16
y = minitorch.tensor(labels)
train, test = TensorDataset(x[:1344], y[:1344]), TensorDataset(x[1344:], y[1344:])  # 1,344 digits are 42 batches of 32
sampler = DistributedSampler(train)

model = nn.parallel.DistributedDataParallel(
    nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 2 * 2, 10),
    )
)
optimizer = optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(EPOCHS):
    sampler.set_epoch(epoch)
    total = minitorch.zeros(())
    for xb, yb in DataLoader(train, batch_size=BATCH // size, sampler=sampler):
        loss = F.cross_entropy(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach()
    dist.all_reduce(total, op=dist.ReduceOp.AVG)
    if rank == 0:
        print(f"epoch {epoch + 1}: mean loss {total.item() / 42:.4f}")

with minitorch.no_grad():  # each process tests its part, and the counts are added up
    part = slice(rank, None, size)
    right = (model(test.tensors[0][part]).argmax(1) == test.tensors[1][part]).sum()
dist.all_reduce(right)
if rank == 0:
    print(f"{size} process{'es' if size > 1 else ''}: {right.item()} of {len(test)} held-out digits read correctly")
dist.destroy_process_group()
