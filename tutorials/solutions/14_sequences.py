"""Answers to the exercises of lesson 14."""

import minitorch


def rnn(x, w_x, w_h, b):
    h, states = minitorch.zeros(len(b)), []
    for row in x:
        h = (w_x @ row + w_h @ h + b).tanh()
        states.append(h)
    return minitorch.stack(states)


def lstm_step(forget, input, new, output, c):
    c = forget.sigmoid() * c + input.sigmoid() * new.tanh()
    return output.sigmoid() * c.tanh(), c


def attention(query, key, value):
    shares = (query @ key.T / key.shape[1] ** 0.5).softmax(1)
    return shares @ value
