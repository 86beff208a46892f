"""Answers to the exercises of lesson 5."""

import math

import minitorch


def tanh(x):
    return 2 / (1 + math.exp(-2 * x)) - 1


def what_is_left(depth):
    return 0.25**depth


def leaky_relu_backward(g, x, slope):
    return minitorch.where(x > 0, g, slope * g)
