"""Several processes that train one model together, each with a part of the data.

python -m minitorch.distributed.run -n 2 train.py       # starts train.py twice; each process has its rank, 0 or 1

import minitorch.distributed as dist
dist.init_process_group()                               # in train.py: the processes find each other
model = nn.parallel.DistributedDataParallel(model)      # backward averages the gradients of all
dist.all_reduce(loss, op=dist.ReduceOp.AVG)             # or any tensor

engine.py       what a way to exchange arrays must offer; by itself, one process alone
mpi.py          by MPI, between processes on one machine or many (the extra `distributed`: mpi4py with MPICH)
nccl.py         by NCCL, between GPUs
group.py        which processes there are, and the number of each
collectives.py  all_reduce, broadcast, gather and their kind, on tensors
run.py          starts the processes
"""

from minitorch.distributed.collectives import (
    ReduceOp,
    Work,
    all_gather,
    all_gather_into_tensor,
    all_reduce,
    barrier,
    broadcast,
    gather,
    irecv,
    isend,
    recv,
    reduce,
    scatter,
    send,
)
from minitorch.distributed.group import (
    ProcessGroup,
    destroy_process_group,
    get_backend,
    get_rank,
    get_world_size,
    init_process_group,
    is_available,
    is_initialized,
    is_mpi_available,
    is_nccl_available,
    new_group,
)

__all__ = [
    "ProcessGroup", "ReduceOp", "Work", "all_gather", "all_gather_into_tensor", "all_reduce", "barrier", "broadcast",
    "destroy_process_group", "gather", "get_backend", "get_rank", "get_world_size", "init_process_group", "irecv",
    "is_available", "is_initialized", "is_mpi_available", "is_nccl_available", "isend", "new_group", "recv", "reduce",
    "scatter", "send",
]  # fmt: skip
