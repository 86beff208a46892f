"""Answers to the exercises of lesson 11."""

import minitorch
from minitorch import nn
from minitorch.autograd import Function


class RoundThrough(Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, grad):
        return grad


class Softplus(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0) + (-x.abs()).exp().log1p()

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * x.sigmoid()


class Normalized(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(minitorch.tensor(1.0))

    def forward(self, x):
        return self.weight * x / (x * x).sum(1, keepdim=True).sqrt()
