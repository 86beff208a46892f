"""Optimizers: rules that change parameters by their gradients. optimizer.py has what they share, lr_scheduler.py schedules."""

from minitorch.backend.refusal import clear_all
from minitorch.optim import lr_scheduler
from minitorch.optim.adagrad import Adagrad
from minitorch.optim.adam import Adam, AdamW
from minitorch.optim.optimizer import Optimizer
from minitorch.optim.rmsprop import RMSprop
from minitorch.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]

for _room in (globals(), vars(lr_scheduler)):
    clear_all(_room, ("__init__", "load_state_dict"))  # unforeseen errors become sentences
