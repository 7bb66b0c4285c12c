"""Run a virtual trial: simulate what is not done yet, then analyse every trial."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import monotonic

import numpy as np

from lymphocast.errors import UsageError
from lymphocast.files import write_whole
from lymphocast.forecast.trial.block import Block
from lymphocast.forecast.trial.characteristics import Characteristics, characteristics
from lymphocast.forecast.trial.folder import (
    TRIALS,
    Manifest,
    blocks_of,
    digest_of,
    new_manifest,
    open_folder,
)
from lymphocast.forecast.trial.patients import RAREST, TRIES, eligible_share
from lymphocast.forecast.trial.protocol import TrialProtocol
from lymphocast.forecast.trial.tables import table_bytes
from lymphocast.forecast.trial.trial_rows import trial_rows
from lymphocast.forecast.trial.workers import Work, here, in_processes, on_cluster

Progress = Callable[[str, float], None]
MOST_PATIENTS = 100_000_000  # of a run
ROWS = 500  # trials that are analysed before they become columns
WORTH_A_PROCESS = 8  # blocks, of a quarter of a second each: a process takes as long to start
SAVED_EVERY = 1.0  # seconds between two manifests: what is done since is computed again


def run_trial(
    protocol: TrialProtocol,
    trials: int,
    folder: Path,
    *,
    seed: int,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Characteristics:
    """Simulate a trial many times and return its operating characteristics.

    The same protocol, seed and number of trials leave the same files, whatever the workers. A
    folder in which a run stopped is gone on with; a run with more trials takes over the first.

    Parameters
    ----------
    protocol
        What the trial does.
    trials
        How many times it is simulated.
    folder
        Where the results stand: ``patients/`` with a file for each block, ``trials.parquet`` with
        a row for each trial, ``manifest.json``.
    seed
        Seed of every random number.
    workers
        Processes; if ``None`` as many as there are processors, fewer for little work; none but this
        one if 1.
    scheduler
        Address of a Dask cluster to use instead.
    progress
        Called with a stage's name and the share that is done.

    Raises
    ------
    UsageError
        If hardly any candidate is eligible, the folder holds something else, or the cluster does
        not answer.
    """
    if trials < 1 or (workers is not None and workers < 1):
        msg = f"found {trials} trials and {workers} workers; needed at least one of each"
        raise UsageError(msg)
    if trials * protocol.patients > MOST_PATIENTS:
        msg = f"found {trials} trials of {protocol.patients} patients; needed at most "
        raise UsageError(msg + f"{MOST_PATIENTS} patients in all")
    if workers is not None and scheduler is not None:
        msg = "found both 'workers' and 'scheduler'; needed one of them: a cluster has its own"
        raise UsageError(msg)
    run = open_folder(folder, new_manifest(protocol, seed, trials))
    _refuse_rare_entry(protocol, seed)
    left = [block for block in blocks_of(run) if block not in run.done]
    finished = _finished(Work(protocol, seed), left, workers, scheduler)
    run = _simulate(run, folder, finished, len(left), progress)
    table = _analyse(protocol, run, folder, progress)
    content = table_bytes(table)
    write_whole(folder / TRIALS, content)
    replace(run, files={TRIALS: digest_of(content)}).write(folder)
    return characteristics(protocol, seed, table)


def _refuse_rare_entry(protocol: TrialProtocol, seed: int) -> None:
    share = eligible_share(protocol, seed)
    if share < RAREST:
        rule = protocol.eligibility
        msg = (
            f"found that {share:.2%} of the candidates are eligible ({rule.screenings} measured "
            f"counts from {rule.above:g} to below {rule.below:g} /uL); needed at least "
            f"{RAREST:.0%}, since a place is given up after {TRIES} candidates: a wider "
            "'eligibility', or priors that allow it"
        )
        raise UsageError(msg)


def _finished(
    work: Work, left: list[Block], workers: int | None, scheduler: str | None
) -> Iterator[tuple[Block, bytes]]:
    if scheduler is not None:
        return on_cluster(work, left, scheduler)
    worth = len(left) if workers is not None else len(left) // WORTH_A_PROCESS
    number = min(workers or _processors(), max(1, worth))
    return here(work, left) if number == 1 else in_processes(work, left, number)


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _simulate(
    run: Manifest,
    folder: Path,
    finished: Iterator[tuple[Block, bytes]],
    number: int,
    progress: Progress | None,
) -> Manifest:
    """Write every block as it comes, and the manifest after it."""
    done, saved = dict(run.done), 0.0
    run.write(folder)
    try:
        for i, (block, content) in enumerate(finished, 1):
            write_whole(folder / block.name, content)
            done[block] = digest_of(content)
            if monotonic() - saved > SAVED_EVERY:
                replace(run, done=done).write(folder)
                saved = monotonic()
            if progress is not None:
                progress("simulating", i / number)
    finally:
        run = replace(run, done=done)
        run.write(folder)
    return run


def _analyse(
    protocol: TrialProtocol, run: Manifest, folder: Path, progress: Progress | None
) -> dict[str, np.ndarray]:
    """Return the table of trials."""
    contents = ((folder / block.name).read_bytes() for block in blocks_of(run))
    rows, parts = trial_rows(protocol, contents), []
    while some := list(islice(rows, ROWS)):
        parts.append({name: np.array([row[name] for row in some]) for name in some[0]})
        if progress is not None:
            done = sum(len(part["trial"]) for part in parts)
            progress("analysing", done / run.trials)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
