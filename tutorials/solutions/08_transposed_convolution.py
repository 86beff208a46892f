"""Answers to the exercises of lesson 8."""


def stamps(x, w, stride):
    y = [0.0] * ((len(x) - 1) * stride + len(w))
    for i, value in enumerate(x):
        for m, weight in enumerate(w):
            y[i * stride + m] += value * weight
    return y


def output_padding(n, kernel, stride, padding):
    return (n + 2 * padding - kernel) % stride


def even_kernel(stride):
    return 2 * stride
