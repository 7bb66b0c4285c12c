"""Workers: blocks simulated in this process, in processes of their own, or on a Dask cluster.

A worker returns the bytes of a block's file and writes nothing, so that none can leave half of one
and a cluster needs no folder in common. Processes are spawned with one thread each; that is set
before they import a numerical library. Whoever dies loses the block in hand, which is given out
again; a block that takes its worker with it three times is an error.
"""

import multiprocessing
import os
import re
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import Any, final

from lymphocast.errors import UsageError
from lymphocast.forecast.trial.block import Block, simulate_block
from lymphocast.forecast.trial.protocol import TrialProtocol
from lymphocast.forecast.trial.tables import table_bytes

Finished = Iterator[tuple[Block, bytes]]
AHEAD = 2  # blocks given out for each worker, so that none waits and few are in memory
MOST_DEATHS = 3  # of workers in a row without a block that is done
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}
CONNECTED_WITHIN = 20  # seconds
ADDRESS = re.compile(r"(?:[a-z]+://)?[^/\s]+:[0-9]{1,5}")
NEEDED_ADDRESS = "needed a scheduler such as tcp://127.0.0.1:8786"


@final
@dataclass(frozen=True)
class Work:
    """What a worker needs to simulate any block of a run."""

    protocol: TrialProtocol
    seed: int

    def __call__(self, block: Block) -> bytes:
        """Return the file of a block."""
        return table_bytes(simulate_block(self.protocol, self.seed, block.first, block.number))


def here(work: Work, blocks: Iterable[Block]) -> Finished:
    """Yield blocks simulated in this process."""
    for block in blocks:
        yield block, work(block)


def in_processes(work: Work, blocks: Iterable[Block], workers: int) -> Finished:
    """Yield blocks as spawned processes finish them, in any order.

    Raises
    ------
    UsageError
        If processes keep dying.
    """
    left, deaths = list(blocks), 0
    while left:
        open_blocks = dict.fromkeys(left)
        try:
            for block, content in _one_pool(work, left, workers):
                del open_blocks[block]
                deaths = 0
                yield block, content
        except BrokenProcessPool:
            deaths += 1
            if deaths >= MOST_DEATHS:
                msg = (
                    f"worker processes died {deaths} times in a row, the last time in or before "
                    f"{next(iter(open_blocks)).name}; needed more memory, or fewer --workers. What "
                    "is done is kept"
                )
                raise UsageError(msg) from None
        left = list(open_blocks)


def _one_pool(work: Work, blocks: Iterable[Block], workers: int) -> Finished:
    """Yield blocks from one pool; if a process dies, ``BrokenProcessPool``."""
    context = multiprocessing.get_context("spawn")
    with _one_thread(), ProcessPoolExecutor(workers, context, _leave_with_parent) as pool:
        yield from _ahead(lambda block: pool.submit(work, block), blocks, AHEAD * workers)


def _leave_with_parent() -> None:
    """End this process when the one that started it is gone: nobody would tell it to."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _ahead(
    give: Callable[[Block], "Future[bytes]"], blocks: Iterable[Block], most: int
) -> Finished:
    """Give out blocks, at most so many at a time, and yield them as they come back."""
    waiting, rest = {}, iter(blocks)
    for block in islice(rest, most):
        waiting[give(block)] = block
    try:
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), future.result()
                for block in islice(rest, 1):
                    waiting[give(block)] = block
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def _one_thread() -> Generator[None]:
    """Set the variables that spawned processes begin with; this process keeps what it had."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def on_cluster(work: Work, blocks: Iterable[Block], address: str) -> Finished:
    """Yield blocks as the workers of a Dask cluster finish them, in any order.

    Its workers need this package at the same version, and are best started with one thread each.
    A worker that dies has its block given to another by the scheduler.

    Raises
    ------
    UsageError
        If the package ``distributed`` is missing, nothing answers, or the cluster has no worker.
    """
    with _client(address) as client:
        threads = sum(client.nthreads().values())
        if not threads:
            msg = f"--scheduler {address}: found no worker; needed at least one"
            raise UsageError(msg)
        shared = client.scatter(work, broadcast=True, hash=False)
        pool = client.get_executor(pure=False, retries=MOST_DEATHS)
        try:
            yield from _ahead(lambda b: pool.submit(_run, shared, b), blocks, AHEAD * threads)
        except import_module("distributed").KilledWorker as error:
            msg = (
                f"--scheduler {address}: workers died again and again: {error}; needed more memory"
            )
            raise UsageError(msg) from None


def _run(work: Work, block: Block) -> bytes:
    return work(block)


@contextmanager
def _client(address: str) -> Generator[Any]:
    if ADDRESS.fullmatch(address) is None:
        msg = f"--scheduler: found '{address}'; {NEEDED_ADDRESS}"
        raise UsageError(msg)
    try:
        module = import_module("distributed")
    except ImportError:
        msg = "--scheduler: there is no package 'distributed'; needed to reach a Dask cluster"
        raise UsageError(msg) from None
    try:
        client = module.Client(address, timeout=CONNECTED_WITHIN, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        msg = f"--scheduler {address}: {reason}; {NEEDED_ADDRESS}"
        raise UsageError(msg) from None
    try:
        yield client
    finally:
        with suppress(OSError):
            client.close()
