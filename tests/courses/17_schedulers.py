"""Teaches learning-rate schedules and the order of their steps."""
import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim import lr_scheduler
import math

torch.manual_seed(17)


def optimizer(lr=0.1):
    return optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)


def trace(title, make, steps=12):
    opt = optimizer()
    scheduler = make(opt)
    print(title, end=" ")
    for _ in range(steps):
        print(round(opt.param_groups[0]["lr"], 6), end=" ")
        opt.step()
        scheduler.step()
    print("last:", [round(v, 6) for v in scheduler.get_last_lr()], "epoch", scheduler.last_epoch)


trace("StepLR", lambda o: lr_scheduler.StepLR(o, step_size=4, gamma=0.5))
trace("MultiStepLR", lambda o: lr_scheduler.MultiStepLR(o, milestones=[2, 5, 9], gamma=0.1))
trace("ExponentialLR", lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9))
trace("CosineAnnealingLR", lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=6, eta_min=0.01), 14)
trace("LambdaLR warm-up", lambda o: lr_scheduler.LambdaLR(o, lambda e: min(1.0, (e + 1) / 5)))
trace("LambdaLR poly", lambda o: lr_scheduler.LambdaLR(o, lr_lambda=lambda e: (1 - e / 20) ** 2))

print("the cosine formula:", [round(0.01 + 0.09 * (1 + math.cos(math.pi * t / 6)) / 2, 6) for t in range(7)])

print("\nTwo groups, two lambdas")
opt = optimizer()
opt.add_param_group({"params": [nn.Parameter(torch.zeros(1))], "lr": 1.0})
scheduler = lr_scheduler.LambdaLR(opt, [lambda e: 0.5 ** e, lambda e: 1 / (1 + e)])
for _ in range(4):
    print([round(v, 5) for v in scheduler.get_last_lr()])
    opt.step()
    scheduler.step()

print("\nReduceLROnPlateau watches a number")
opt = optimizer(1.0)
plateau = lr_scheduler.ReduceLROnPlateau(opt, mode="min", factor=0.1, patience=2, cooldown=1, min_lr=1e-3)
for loss in [1.0, 0.8, 0.8, 0.8, 0.8, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]:
    plateau.step(loss)
    print(loss, round(opt.param_groups[0]["lr"], 6))
opt = optimizer(1.0)
plateau = lr_scheduler.ReduceLROnPlateau(opt, mode="max", factor=0.5, patience=0, threshold=0.01)
for accuracy in (0.5, 0.6, 0.6, 0.601, 0.7):
    plateau.step(accuracy)
    print(accuracy, opt.param_groups[0]["lr"])

print("\nResuming a schedule")
opt, opt2 = optimizer(), optimizer()
scheduler, again = lr_scheduler.StepLR(opt, 2, 0.5), lr_scheduler.StepLR(opt2, 9, 0.9)
for _ in range(3):
    opt.step()
    scheduler.step()
saved = scheduler.state_dict()
print(saved["last_epoch"], saved["step_size"], saved["gamma"], saved["base_lrs"])
opt2.load_state_dict(opt.state_dict())
again.load_state_dict(saved)
for _ in range(3):
    for stepper in (opt, opt2, scheduler, again):
        stepper.step()
    print(scheduler.get_last_lr(), again.get_last_lr())

print("\nA schedule inside training")
opt = optim.SGD([w := torch.tensor([3.0], requires_grad=True)], lr=0.4)
scheduler = lr_scheduler.ExponentialLR(opt, 0.8)
for epoch in range(6):
    loss = (w ** 2).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    scheduler.step()
    print(f"{epoch} loss {loss.item():.4f} lr {opt.param_groups[0]['lr']:.5f}")
