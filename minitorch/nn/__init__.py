"""Layers and what holds them.

module.py        class Module: registration, state, hooks, printing
parameter.py     the tensors a Module learns
container.py     Sequential, ModuleList, ModuleDict
functional.py    the functions behind the layers
init.py          schemes for initial weights
linear.py  conv.py  pooling.py  activation.py  loss.py     the layers
"""

from minitorch.nn import functional, init
from minitorch.nn.activation import LeakyReLU, LogSoftmax, PReLU, ReLU, RReLU, Sigmoid, Softmax, Tanh
from minitorch.nn.container import ModuleDict, ModuleList, Sequential
from minitorch.nn.conv import Conv1d, Conv2d, Conv3d
from minitorch.nn.linear import Flatten, Identity, Linear
from minitorch.nn.loss import CrossEntropyLoss, L1Loss, MSELoss, NLLLoss
from minitorch.nn.module import Module
from minitorch.nn.parameter import Buffer, Parameter
from minitorch.nn.pooling import MaxPool1d, MaxPool2d, MaxPool3d

__all__ = [
    "Buffer", "Conv1d", "Conv2d", "Conv3d", "CrossEntropyLoss", "Flatten", "Identity", "L1Loss", "LeakyReLU", "Linear",
    "LogSoftmax", "MSELoss", "MaxPool1d", "MaxPool2d", "MaxPool3d", "Module", "ModuleDict", "ModuleList", "NLLLoss", "PReLU",
    "Parameter", "RReLU", "ReLU", "Sequential", "Sigmoid", "Softmax", "Tanh", "functional", "init",
]  # fmt: skip
