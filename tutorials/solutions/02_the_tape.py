"""Answers to the exercises of lesson 2."""

import minitorch


def mul_backward(g, a, b):
    return g * b, g * a


def backward_order(uses, last):
    done, waiting, order = set(), [(last, False)], []
    while waiting:
        name, ready = waiting.pop()
        if ready:
            order.append(name)
        elif name not in done:
            done.add(name)
            waiting.append((name, True))
            waiting += [(parent, False) for parent in uses.get(name, [])]
    return order[::-1]


def descend(loss, w, lr, n):
    for _ in range(n):
        leaf = minitorch.tensor(w, requires_grad=True)
        loss(leaf).backward()
        w -= lr * leaf.grad.item()
    return w
