"""Workers: blocks simulated in this process, in processes of their own, or on a Dask cluster.

A worker returns the bytes of a block's file and writes nothing, so that none can leave half of one
and a cluster needs no folder in common. Processes are spawned with one thread each; that is set
before they import a numerical library. Whoever dies loses the block in hand, which is given out
again; a block that takes its worker with it three times is an error.
"""

import multiprocessing
import os
import re
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_connections
from multiprocessing.process import BaseProcess
from typing import Any, Self, final

from lymphocast.errors import UsageError
from lymphocast.forecast.trial.block import Block, simulate_block
from lymphocast.forecast.trial.protocol import TrialProtocol
from lymphocast.forecast.trial.tables import table_bytes

Simulate = Callable[[Block], bytes]
Finished = Generator[tuple[Block, bytes]]
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


def in_processes(work: Simulate, blocks: Iterable[Block], workers: int) -> Finished:
    """Yield blocks as spawned processes finish them, in any order.

    Every process has a pipe of its own, which ends when it dies: half a message is then seen as
    one, and no other process loses what it does.

    Raises
    ------
    UsageError
        If processes keep dying.
    """
    left, deaths = deque(blocks), 0
    team: dict[Connection, _Process] = {}
    with _one_thread():
        try:
            while left or any(process.blocks for process in team.values()):
                while len(team) < workers and left:
                    process = _Process.start(work)
                    team[process.connection] = process
                    process.fill(left)
                heard = set(wait_for_connections(list(team)))
                for process in [team[own] for own in team if own in heard]:
                    answer = process.answer()
                    if answer is None:
                        del team[process.connection]
                        process.end()
                        left.extendleft(reversed(process.blocks))
                        deaths += 1
                        if deaths >= MOST_DEATHS:
                            raise _dying(deaths, left[0])
                        continue
                    deaths = 0
                    process.fill(left)
                    yield answer
        finally:
            for process in team.values():
                process.end()


def _dying(deaths: int, block: Block) -> UsageError:
    return UsageError(
        f"worker processes died {deaths} times in a row, the last time in or before {block.name}; "
        "needed more memory, or fewer --workers. What is done is kept"
    )


@final
@dataclass(frozen=True)
class _Process:
    """A spawned process, our end of its pipe, and the blocks that it has and has not answered."""

    process: BaseProcess
    connection: Connection
    blocks: deque[Block]

    @classmethod
    def start(cls, work: Simulate) -> Self:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(work, theirs), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours, deque())

    def fill(self, left: deque[Block]) -> None:
        """Give it blocks to have some ahead; one that has died is found when it does not answer."""
        while left and len(self.blocks) < AHEAD:
            block = left.popleft()
            self.blocks.append(block)
            with suppress(OSError):
                self.connection.send(block)

    def answer(self) -> tuple[Block, bytes] | None:
        """Return the next block with its file, or None if it has died; raise what was raised."""
        try:
            content = self.connection.recv()
        except (EOFError, OSError):
            return None
        if isinstance(content, Exception):
            raise content
        return self.blocks.popleft(), content

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


def _serve(work: Simulate, connection: Connection) -> None:
    """Answer blocks with their files, or the error met, until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us is told, and ends us
    with suppress(EOFError, OSError):
        while True:
            block = connection.recv()
            try:
                content: bytes | Exception = work(block)
            except Exception as error:
                content = error
            connection.send(content)


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
