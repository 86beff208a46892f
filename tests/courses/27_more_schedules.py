"""How learning rates go: warm-up, cycles, one cycle, restarts, and several in a row."""

import torch
import torch.nn as nn
from torch.optim import SGD, Adam
from torch.optim import lr_scheduler as schedules


def rates(make, steps, **options):
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9, **options)
    scheduler = make(optimizer)
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return [round(rate, 5) for rate in seen]


print("constant", rates(lambda o: schedules.ConstantLR(o, factor=0.5, total_iters=3), 6))
print("linear", rates(lambda o: schedules.LinearLR(o, start_factor=0.25, total_iters=4), 7))
print("multiplied", rates(lambda o: schedules.MultiplicativeLR(o, lambda epoch: 0.9), 6))
print("polynomial", rates(lambda o: schedules.PolynomialLR(o, total_iters=5, power=2.0), 7))
print("restarts", rates(lambda o: schedules.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2), 11))
print("cyclic", rates(lambda o: schedules.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=3), 9))
print("one cycle", rates(lambda o: schedules.OneCycleLR(o, max_lr=0.2, total_steps=10), 10))


def warm_up_then_cosine(optimizer):
    first = schedules.LinearLR(optimizer, start_factor=0.1, total_iters=3)
    second = schedules.CosineAnnealingLR(optimizer, T_max=5)
    return schedules.SequentialLR(optimizer, [first, second], milestones=[3])


print("in a row", rates(warm_up_then_cosine, 9))

optimizer = Adam([nn.Parameter(torch.zeros(1))], lr=0.01)
scheduler = schedules.OneCycleLR(optimizer, max_lr=0.1, total_steps=6)
for _ in range(5):
    optimizer.step()
    scheduler.step()
    print(f"{scheduler.get_last_lr()[0]:.5f} {optimizer.param_groups[0]['betas'][0]:.4f}")
