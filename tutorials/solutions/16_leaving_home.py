"""Answers to the exercises of lesson 16."""


def renamed(state, table):
    new = {}
    for name, tensor in state.items():
        first, *rest = name.removeprefix("module.").split(".")
        new[".".join([table.get(first, first), *rest])] = tensor
    return new


def to_oihw(kernel):
    return kernel.permute(3, 2, 0, 1)


not_loaded = "1.running_mean"  # or 1.running_var


def rounding(w, x):
    return 2 * len(w) * 2**-24 * (w * x).abs().sum().item()


def averaged(gradients, sizes):
    return sum(size * gradient for size, gradient in zip(sizes, gradients, strict=True)) / sum(sizes)
