"""Start a program in several processes: python -m minitorch.distributed.run -n 2 train.py --epochs 3

It is mpiexec with the right number of threads for each process and with RANK, WORLD_SIZE and LOCAL_RANK in the environment, as
torchrun has them. A process that fails, or is ended by a signal, ends the others, and the command's status is not 0.
"""

from __future__ import annotations

import argparse
import os
import runpy
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from minitorch.distributed.group import INSTALL, is_mpi_available

__all__ = ["main"]

WORKER = "--in-each-process"


def main(argv: Sequence[str] | None = None) -> int:
    """Start the program that the arguments name, and return its exit status."""
    parser = argparse.ArgumentParser("python -m minitorch.distributed.run", description=__doc__.split("\n\n")[0])
    parser.add_argument("-n", "--nproc-per-node", "--nproc_per_node", type=int, default=2, help="how many processes (2)")
    parser.add_argument("-m", "--module", action="store_true", help="the program is a module, as for python -m")
    parser.add_argument("program", help="a Python file")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="the program's own arguments")
    given = parser.parse_args(argv)
    if given.nproc_per_node < 1:
        parser.error(f"there must be at least one process, not {given.nproc_per_node}")
    if not given.module and not Path(given.program).is_file():
        parser.error(f"there is no file {given.program}")
    mpiexec = _mpiexec()
    if mpiexec is None:
        parser.error(f"mpiexec and mpi4py start and connect the processes, and they are not here: {INSTALL}")
    kind = ["-m"] if given.module else []
    command = [mpiexec, "-n", str(given.nproc_per_node), sys.executable, "-m", __spec__.name if __spec__ else __name__]
    command += [WORKER, str(given.nproc_per_node), *kind, given.program, *given.args]
    threads = str(max(1, (os.cpu_count() or 1) // given.nproc_per_node))
    env = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, **os.environ}
    status = subprocess.run(command, env=env, check=False).returncode
    ended_by = {int(number): number.name for number in signal.Signals}.get(
        status
    )  # mpiexec's status is then the signal's number
    if ended_by in ("SIGKILL", "SIGSEGV", "SIGTERM"):
        print(f"a process was ended by {ended_by}: all {given.nproc_per_node} are ended", file=sys.stderr)
    return status


def _mpiexec() -> str | None:
    """mpiexec beside this Python, where the package mpich puts it, or the system's."""
    if not is_mpi_available():
        return None
    beside = Path(sys.executable).parent / "mpiexec"
    return str(beside) if beside.is_file() else shutil.which("mpiexec")


def _run_in_each_process(size: int, args: list[str]) -> None:
    """Within one of the processes: run the program as `python` would."""
    from mpi4py import MPI

    from minitorch.distributed.mpi import end_all, end_all_on_error
    from minitorch.kernels.threads import set_num_threads

    end_all_on_error()
    set_num_threads(max(1, int(os.environ["OMP_NUM_THREADS"].split(",")[0])))
    rank = str(MPI.COMM_WORLD.rank)
    os.environ.update(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=str(size), LOCAL_WORLD_SIZE=str(size))
    is_module = args[0] == "-m"
    program, sys.argv = args[is_module], args[is_module:]
    try:
        if is_module:
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, str(Path(program).resolve().parent))
            runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            end_all(f"ends with {end.code!r}", end.code if isinstance(end.code, int) else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == [WORKER]:
        _run_in_each_process(int(sys.argv[2]), sys.argv[3:])
    else:
        sys.exit(main())
