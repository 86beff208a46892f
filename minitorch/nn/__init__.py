"""Layers, modules and their functions.

module.py        class Module: registration, state, hooks, printing; hooks.py runs the hooks, loading.py loads the state
parameter.py     Parameter and Buffer
container.py     Sequential, ModuleList, ModuleDict
functional.py    the functions that layers call
layer.py         a decorator that makes a layer from a function and its options
init.py          weight initialization
parallel.py      one model in several processes
utils/           clipping gradients, parameters as one vector, packed sequences

The layers: linear.py  conv.py  pooling.py  padding.py  resampling.py  activation.py  normalization.py  dropout.py  loss.py
recurrent.py (with recurrence.py, the scan over time)  attention.py  lazy.py
"""

from typing import TYPE_CHECKING

from minitorch import left_out as _left_out
from minitorch.nn import (
    activation,
    attention,
    container,
    conv,
    dropout,
    functional,
    init,
    lazy,
    linear,
    loss,
    module,
    normalization,
    padding,
    parallel,
    parameter,
    pooling,
    recurrent,
    resampling,
    utils,
)
from minitorch.nn.activation import *
from minitorch.nn.attention import *
from minitorch.nn.container import *
from minitorch.nn.conv import *
from minitorch.nn.dropout import *
from minitorch.nn.lazy import *
from minitorch.nn.linear import *
from minitorch.nn.loss import *
from minitorch.nn.module import *
from minitorch.nn.normalization import *
from minitorch.nn.padding import *
from minitorch.nn.parallel import DataParallel, SyncBatchNorm
from minitorch.nn.parameter import *
from minitorch.nn.pooling import *
from minitorch.nn.recurrent import *
from minitorch.nn.resampling import *

__all__ = ["DataParallel", "SyncBatchNorm", "functional", "init", "parallel", "utils"]
__all__ += activation.__all__
__all__ += attention.__all__
__all__ += container.__all__
__all__ += conv.__all__
__all__ += dropout.__all__
__all__ += lazy.__all__
__all__ += linear.__all__
__all__ += loss.__all__
__all__ += module.__all__
__all__ += normalization.__all__
__all__ += padding.__all__
__all__ += parameter.__all__
__all__ += pooling.__all__
__all__ += recurrent.__all__
__all__ += resampling.__all__

if not TYPE_CHECKING:
    __getattr__ = _left_out.explains_missing("minitorch.nn")
