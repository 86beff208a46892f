"""Samplers, streams and workers."""

import torch
from torch.utils.data import (
    BatchSampler, ConcatDataset, DataLoader, Dataset, IterableDataset, RandomSampler, SequentialSampler, StackDataset,
    Subset, SubsetRandomSampler, TensorDataset, WeightedRandomSampler,
)  # fmt: skip

torch.manual_seed(0)


class Squares(Dataset):
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        return i, torch.tensor(i * i)


class Stream(IterableDataset):
    def __iter__(self):
        yield from (torch.tensor(float(i)) for i in range(7))


data = Squares(10)
print(list(SequentialSampler(data)))
print(list(RandomSampler(data, generator=torch.Generator().manual_seed(3))))
print(list(BatchSampler(SequentialSampler(data), 4, drop_last=False)))
print(list(SubsetRandomSampler([2, 4, 6, 8], generator=torch.Generator().manual_seed(1))))
print(list(WeightedRandomSampler([0.1, 0.1, 0.8], 6, generator=torch.Generator().manual_seed(1))))

for x, y in DataLoader(data, batch_size=4, sampler=SequentialSampler(data)):
    print(x.tolist(), y.tolist())
for batch in DataLoader(Stream(), batch_size=3):
    print(batch)
for x, y in DataLoader(data, batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(5), drop_last=True):
    print(x.tolist(), y.tolist())

both = ConcatDataset([Subset(data, [0, 1]), Squares(3)])
print(len(both), [both[i][0] for i in range(len(both))], both.cumulative_sizes)
pairs = StackDataset(TensorDataset(torch.arange(10)), data)
print(len(pairs), pairs[2])
loader = DataLoader(data, batch_sampler=BatchSampler(SequentialSampler(data), 5, False))
print(len(loader), [y.sum().item() for _, y in loader])
print(loader.batch_size, loader.num_workers, loader.drop_last)
