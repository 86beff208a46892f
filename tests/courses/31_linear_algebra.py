"""Matrices: solving, inverting, products of many kinds, with gradients."""

import torch

A = torch.tensor([[3.0, 1.0], [1.0, 2.0]], requires_grad=True)
b = torch.tensor([9.0, 8.0])
x = torch.linalg.solve(A, b)
print(x.detach(), A @ x)
x.sum().backward()
print(A.grad)
print(torch.det(A), torch.linalg.det(A), torch.slogdet(A.detach()))
print(torch.inverse(A.detach()), torch.linalg.inv(A.detach()) @ A.detach())
(slope,) = torch.autograd.grad(torch.logdet(A), A)
print(slope)
u, v = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([4.0, 5.0, 6.0])
print(torch.cross(u, v, dim=0), torch.inner(u, v), torch.vdot(u, v), torch.kron(u[:2], v[:2]))
print(torch.tensordot(torch.arange(6.0).reshape(2, 3), torch.arange(6.0).reshape(3, 2), dims=1))
print(torch.addmv(b, A.detach(), b), torch.addr(A.detach(), b, b))
batch = torch.arange(8.0).reshape(2, 2, 2)
print(torch.baddbmm(batch, batch, batch), torch.addbmm(A.detach(), batch, batch))
print(torch.linalg.norm(A.detach()), torch.linalg.vector_norm(u, ord=1), torch.linalg.matrix_norm(A.detach()))
print(torch.cdist(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[0.0, 0.0]])))
