"""Optimizers: rules that change parameters by their gradients. optimizer.py has what they share, lr_scheduler.py schedules."""

from minitorch.backend.refusal import clear
from minitorch.optim import lr_scheduler
from minitorch.optim.adagrad import Adagrad
from minitorch.optim.adam import Adam, AdamW
from minitorch.optim.optimizer import Optimizer
from minitorch.optim.rmsprop import RMSprop
from minitorch.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]

for _kind in (SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop, *map(vars(lr_scheduler).get, lr_scheduler.__all__)):
    for _name in ("__init__", "load_state_dict"):
        if _name in vars(_kind):
            setattr(_kind, _name, clear(vars(_kind)[_name]))  # their unforeseen errors become sentences
