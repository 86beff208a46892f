"""Teaches indexing, masks, and when two tensors share the same memory."""
import torch
import numpy as np

torch.manual_seed(2)

x = torch.arange(20).reshape(4, 5)
print(x)
print("row:", x[1], "element:", x[1, 2], "last:", x[-1, -1].item())
print("column:", x[:, 2])
print("block:\n", x[1:3, ::2])
print("ellipsis:", x[..., 0], "new axis:", x[None].shape, x[:, None, :].shape)

print("\nLists and tensors as indices copy")
rows = torch.tensor([0, 2])
print(x[rows])
print(x[[0, 3], [1, 4]])
print(x[rows[:, None], torch.tensor([0, 4])])
print(x.index_select(1, torch.tensor([4, 0])))
picked = x[rows]
picked[0, 0] = 99
print("original kept:", x[0, 0].item())

print("\nMasks")
mask = x % 3 == 0
print(mask)
print(x[mask], mask.sum().item())
print(x[(x > 5) & (x < 9)], x[(x < 2) | ~(x < 18)])
print(torch.masked_select(x, x > 16))
y = x.clone()
y[y > 10] = -1
print(y)
print(x.masked_fill(mask, 0)[0])

print("\nSlices are views")
z = torch.zeros(3, 4)
row = z[1]
row[:] = 5
z[:, -1] = torch.tensor([1.0, 2.0, 3.0])
print(z)
col = z[:, 0]
col += 10
print(z)
print("strides:", z.stride(), z.t().stride(), col.stride())
print("contiguous:", z.is_contiguous(), z.t().is_contiguous(), z.t().contiguous().is_contiguous())

v = z.view(2, 6)
v[0, 0] = -7
print("view writes through:", z[0, 0].item())
try:
    z.t().view(12)
except RuntimeError as e:
    print("view of a transpose:", type(e).__name__)
print("reshape copies instead:", z.t().reshape(12))
z.clone().fill_(0)
print("clone is separate:", z[0, 0].item())

print("\nNumPy shares memory too")
a = np.ones(3, dtype=np.float32)
t = torch.from_numpy(a)
a[0] = 4
t[2] = 9
print(a, t)
b = t.numpy()
t.mul_(2)
print(b)
separate, a[1] = torch.tensor(a), -1
print(separate, t)

print("\nAssignment with broadcasting")
g = torch.zeros(3, 3)
g[:] = torch.tensor([1.0, 2.0, 3.0])
g[1:, 1:] *= 10
g[torch.tensor([0, 1]), torch.tensor([0, 1])] = -1.0
print(g)
try:
    g[5]
except IndexError as e:
    print(type(e).__name__)
print([int(r[0]) for r in x], len(x))
