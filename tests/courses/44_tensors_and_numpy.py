"""Teaches how tensors and NumPy arrays work together: shared memory, conversions, mixed arithmetic."""
import numpy as np
import torch

np.random.seed(44)
torch.manual_seed(44)

a = np.array([[1, 2], [3, 4]])
t = torch.from_numpy(a)
print(t, t.dtype, a.dtype)
a[0, 0] = 100
print(t)
t[1, 1] = -7
print(a)
b = t.numpy()
print(np.shares_memory(a, b), type(b), b.shape)
t.add_(1)
print(a)
c = torch.tensor(a)
c.zero_()
print(a.sum(), c.sum())
np.add(a, 1, out=a)
print(t)

print("\nDtypes")
for dtype in (np.float16, np.float32, np.float64, np.int8, np.int16, np.int32, np.int64, np.uint8, bool):
    arr = np.ones(2, dtype=dtype)
    print(np.dtype(dtype).name, torch.from_numpy(arr).dtype, torch.as_tensor(arr).numpy().dtype)
x = torch.arange(3)
print(x.type(), x.float().type(), x.double().dtype, x.half().dtype, x.bool(), x.to(torch.uint8), x.type(torch.FloatTensor))
print(x.char().dtype, x.short().dtype, x.int().dtype, x.long() is x, x.type_as(torch.ones(1)))
print(torch.tensor(np.float64(2.5)), torch.tensor(np.arange(3.0)), torch.Tensor(np.arange(3)), torch.FloatTensor(np.eye(2)))
print(torch.tensor([np.float32(1), np.float32(2)]), torch.tensor(np.int32(7)).dtype, torch.tensor(np.array([[1, 2], [3, 4]])))
try:
    torch.from_numpy([1, 2])
except TypeError as e:
    print("TypeError", e)
try:
    torch.ones(2, requires_grad=True).numpy()
except RuntimeError as e:
    print("RuntimeError", e)
g = torch.ones(2, requires_grad=True)
print(g.detach().numpy(), g.data.numpy(), g.detach().cpu().numpy().tolist())

print("\nNumPy's functions on tensors")
x = torch.tensor([[1.0, 4.0], [9.0, 16.0]])
print(np.asarray(x), np.array(x).dtype, np.asarray(x, dtype=np.int64))
print(np.sum(x.numpy()), np.mean(np.asarray(x)), np.max(x.numpy(), axis=1), np.argmax(x.numpy()))
print(np.allclose(x, x.numpy()), np.array_equal(x, np.asarray(x)), np.linalg.norm(x))
print(np.stack([x[0], x[1]]).shape, np.concatenate([x, x]).shape, np.vstack((x.numpy(), x.numpy())).shape)
print(np.random.permutation(3).dtype, torch.from_numpy(np.random.rand(2, 3)).float().shape)
print(torch.from_numpy(np.random.randn(2).astype(np.float32)))
print([round(float(v), 3) for v in x.view(-1)], list(x[0]), len(x), x.tolist())
print(int(x[0, 0]), float(x[1, 1]), bool(x[0, 0] > 0), round(x.mean().item(), 2), f"{x[0, 1]:.2f}", "%d" % x[1, 0])
for row in x:
    print(row.numpy(), row.sum())

print("\nMixed arithmetic")
n = np.array([10.0, 20.0])
print(x * 2.5, x + torch.from_numpy(n), x.double().numpy() * n)
print(x * np.float64(2), np.pi * x[0], (x[0] * np.pi).dtype, x[0] / np.sqrt(2.0))
print(x ** np.int64(2), x[np.array([1])], x[np.array([[0, 1]])].shape, x[x.numpy() > 3])
print(x[np.int64(1), 0], x[:, np.array([True, False])], torch.ones(np.int64(2), 3).shape)
x[np.array([0])] = 5
x[1] = torch.from_numpy(n)
print(x, x.reshape(np.prod(x.shape)).shape)
img = np.random.randint(0, 256, (4, 5, 3), dtype=np.uint8)
chw = torch.from_numpy(img.transpose((2, 0, 1))).float() / 255.0
print(chw.shape, chw.is_contiguous(), chw.contiguous().stride(), chw.permute(1, 2, 0).mul(255).byte().numpy().dtype)
print((np.abs(chw.permute(1, 2, 0).numpy() * 255 - img).max() < 1e-3))
flipped = torch.from_numpy(img[:, ::-1].copy())
print(flipped.shape, torch.equal(flipped, torch.from_numpy(img).flip(1)))

print("\nA network in NumPy, and the same gradients by autograd")
N, D_in, H, D_out = 8, 5, 4, 2
xn, yn = np.random.randn(N, D_in), np.random.randn(N, D_out)
w1, w2 = np.random.randn(D_in, H), np.random.randn(H, D_out)
tx, ty = torch.from_numpy(xn), torch.from_numpy(yn)
tw1 = torch.from_numpy(w1.copy()).requires_grad_()
tw2 = torch.tensor(w2, requires_grad=True)
for step in range(5):
    h = xn.dot(w1)
    h_relu = np.maximum(h, 0)
    y_pred = h_relu.dot(w2)
    loss = np.square(y_pred - yn).sum()
    grad_y = 2.0 * (y_pred - yn)
    grad_w2 = h_relu.T.dot(grad_y)
    grad_h = grad_y.dot(w2.T)
    grad_h[h < 0] = 0
    grad_w1 = xn.T.dot(grad_h)
    tloss = (tx.mm(tw1).clamp(min=0).mm(tw2) - ty).pow(2).sum()
    tloss.backward()
    print(step, round(loss, 6), round(tloss.item(), 6), np.allclose(tw1.grad, grad_w1), np.allclose(grad_w2, tw2.grad.numpy()))
    w1 -= 1e-2 * grad_w1
    w2 -= 1e-2 * grad_w2
    with torch.no_grad():
        for w in (tw1, tw2):
            w -= 1e-2 * w.grad
            w.grad.zero_()
