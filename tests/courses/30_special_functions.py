"""Functions of one and two numbers, with their slopes."""

import torch

x = torch.tensor([0.25, 0.5, 0.75], requires_grad=True)
for name in ("asinh", "atanh", "logit", "erfc", "erfinv", "sinc", "lgamma", "digamma", "deg2rad", "rad2deg"):
    y = getattr(torch, name)(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    print(f"{name:8}", [round(v, 4) for v in y.tolist()], [round(v, 4) for v in slope.tolist()])
print("acosh", torch.acosh(torch.tensor([1.5, 2.0])))

a, b = torch.tensor([1.0, -2.0, 3.5]), torch.tensor([2.0, 2.0, -2.0])
for name in ("hypot", "fmod", "fmin", "fmax", "copysign", "logaddexp", "logaddexp2", "heaviside", "float_power"):
    print(f"{name:10}", getattr(torch, name)(a, b))
print(torch.xlogy(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 2.0])))
print(torch.signbit(a), torch.sgn(a), torch.positive(a))
print(torch.nan_to_num(torch.tensor([float("nan"), float("inf"), 1.0]), nan=0.0, posinf=9.0))
print(torch.cumprod(torch.tensor([1.0, 2.0, 0.0, 4.0]), 0), torch.cummax(a, 0), torch.logcumsumexp(a, 0))
print(torch.nansum(torch.tensor([1.0, float("nan")])), torch.nanmean(torch.tensor([1.0, float("nan"), 3.0])))
print(torch.aminmax(a), torch.histc(torch.tensor([0.0, 1.0, 1.0, 2.0]), bins=3, min=0, max=2))
