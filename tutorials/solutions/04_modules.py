"""Answers to the exercises of lesson 4."""

from minitorch import nn


def linear_forward(x, weight, bias):
    return x @ weight.T + bias


def linear_backward(g, x, weight):
    return g @ weight, g.T @ x, g.sum(0)


class TwoLayers(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.first, self.second = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)

    def forward(self, x):
        return self.second(self.first(x).relu())
