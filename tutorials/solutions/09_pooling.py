"""Answers to the exercises of lesson 9."""

import minitorch


def max_pool(image, k):
    rows, columns = (n // k for n in image.shape)
    blocks = image[: rows * k, : columns * k].reshape(rows, k, columns, k)
    return blocks.amax((1, 3))


def max_pool_backward(image, upstream, k):
    gradient = minitorch.zeros(*image.shape)
    for i in range(upstream.shape[0]):
        for j in range(upstream.shape[1]):
            window = image[i * k : (i + 1) * k, j * k : (j + 1) * k]
            row, column = divmod(window.argmax().item(), k)
            gradient[i * k + row, j * k + column] += upstream[i, j]
    return gradient


def averaging_kernel(k):
    return minitorch.ones(k, k) / (k * k)
