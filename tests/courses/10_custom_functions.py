"""Teaches custom autograd functions and how gradcheck tests them."""
import torch
import torch.nn as nn

torch.manual_seed(10)


class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        grad = grad_output.clone()
        grad[ctx.saved_tensors[0] < 0] = 0
        return grad


class ScaledMul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b, scale):
        ctx.save_for_backward(a, b)
        ctx.scale = scale
        return a * b * scale

    @staticmethod
    def backward(ctx, grad_output):
        a, b = ctx.saved_tensors
        grad_a = grad_output * b * ctx.scale if ctx.needs_input_grad[0] else None
        grad_b = grad_output * a * ctx.scale if ctx.needs_input_grad[1] else None
        return grad_a, grad_b, None


class RoundStraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output


class WrongSquare(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 2

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.saved_tensors[0]


x = torch.tensor([-1.0, 0.5, 2.0], requires_grad=True)
y = MyReLU.apply(x)
y.sum().backward()
print(y.detach(), x.grad, y.requires_grad)

a = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor([3.0, 4.0])
ScaledMul.apply(a, b, 10.0).sum().backward()
print(a.grad, b.grad)

r = torch.tensor([0.2, 1.7], requires_grad=True)
(RoundStraightThrough.apply(r) * torch.tensor([1.0, 5.0])).sum().backward()
print(torch.round(r).detach(), r.grad)

print("\ngradcheck")
p = torch.randn(4, dtype=torch.float64, requires_grad=True)
q = torch.randn(4, dtype=torch.float64, requires_grad=True)
print(torch.autograd.gradcheck(MyReLU.apply, (p,)))
print(torch.autograd.gradcheck(lambda s, t: ScaledMul.apply(s, t, 2.0), (p, q)))
print(bool(torch.autograd.gradcheck(WrongSquare.apply, (p,), raise_exception=False)))
layer = nn.Linear(4, 2).double()
print(torch.autograd.gradcheck(lambda t: torch.tanh(layer(t)), (p.detach()[None].requires_grad_(),)))
print(torch.autograd.gradgradcheck(lambda t: (t ** 3).sum(), (p,)))
