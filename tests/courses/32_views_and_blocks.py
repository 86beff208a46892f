"""Diagonals, windows, splits and blocks; writing through views."""

import torch

a = torch.arange(16.0).reshape(4, 4)
print(a.diagonal(), torch.diagonal(a, 1), torch.diagonal(a, -1))
a.diagonal()[:] = 0
print(a)
print(torch.arange(7.0).unfold(0, 3, 2))
print(torch.diag_embed(torch.tensor([1.0, 2.0])))
print(torch.rot90(torch.arange(4).reshape(2, 2)))
print([part.tolist() for part in torch.tensor_split(torch.arange(7), 3)])
print([part.tolist() for part in torch.split_with_sizes(torch.arange(6), [1, 2, 3])])
print(torch.dstack([torch.tensor([1, 2]), torch.tensor([3, 4])]).shape, torch.column_stack([torch.arange(2), torch.arange(2)]))
print(torch.atleast_1d(torch.tensor(1.0)).shape, torch.atleast_2d(torch.ones(3)).shape, torch.atleast_3d(torch.ones(3)).shape)
print(torch.block_diag(torch.ones(2, 2), torch.tensor([[5.0]])))
b = torch.zeros(3)
b.index_put_((torch.tensor([0, 0, 2]),), torch.tensor([1.0, 1.0, 4.0]), accumulate=True)
print(b, b.index_copy(0, torch.tensor([1]), torch.tensor([7.0])))
print(torch.tensor([1, 2, 3]) << 2, torch.tensor([16, 8]) >> 1)
x = torch.arange(9.0).reshape(3, 3).requires_grad_()
(x.diagonal() ** 2).sum().backward()
print(x.grad)
print(torch.asarray([1, 2]), torch.fill(torch.zeros(2), 3.0))
