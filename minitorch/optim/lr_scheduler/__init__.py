"""Learning rate schedulers. Call `scheduler.step()` once per epoch, after `optimizer.step()`.

Most schedulers multiply the current learning rate, so that several can be chained on one optimizer.
"""

from minitorch.optim.lr_scheduler.base import LRScheduler
from minitorch.optim.lr_scheduler.compose import ChainedScheduler, SequentialLR
from minitorch.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from minitorch.optim.lr_scheduler.cycle import CyclicLR, OneCycleLR
from minitorch.optim.lr_scheduler.decay import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from minitorch.optim.lr_scheduler.functions import LambdaLR, MultiplicativeLR
from minitorch.optim.lr_scheduler.plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR", "ReduceLROnPlateau",
    "SequentialLR", "StepLR",
]  # fmt: skip

_LRScheduler = LRScheduler  # its old name
