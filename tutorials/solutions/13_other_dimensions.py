"""Answers to the exercises of lesson 13."""

import minitorch.nn.functional as F


def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size


def causal_conv(x, weight):
    return F.conv1d(F.pad(x, (weight.shape[-1] - 1, 0)), weight)


def weights_of_two(inputs, middle, outputs):
    return inputs * middle * 25 + middle * outputs * 5
