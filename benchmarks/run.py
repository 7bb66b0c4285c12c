"""Time the founding problem on one core; the answer is asserted before a time is reported.

    python -m benchmarks.run [--patients 1000] [--repeats 5]

Prints a table and writes ``benchmarks/latest.json``: per program and problem
``cpu_ms_per_patient``, ``cd4_error`` (largest relative error of the count) and ``lnb_error``
(largest error of the log burden), both over the 100 reference patients. The time is the CPU time of
the process, all patients in one call, the smallest of the repeats; compiling is not in it, and
stands beside it as the wall time of the first call.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import final

from rich.console import Console
from rich.table import Table

from benchmarks.founding import problem
from benchmarks.founding.components import founding
from lymphocast.engine.march import MarchResult, MarchStatus, march

LATEST = Path(__file__).parent / "latest.json"
PROGRAM = "lymphocast march"
CD4_LIMIT, LNB_LIMIT = 1e-6, 1e-4
REFERENCE_PATIENTS = 100
VARIANTS = (("affine", False), ("feedback", True))


class WrongAnswerError(Exception):
    """An answer that is not good enough to be timed."""


@final
@dataclass(frozen=True)
class Measurement:
    """What one program did on one problem."""

    cpu_ms_per_patient: float
    cd4_error: float
    lnb_error: float
    first_call_s: float


def solve(feedback: bool, patients: int) -> MarchResult:
    """Solve one variant for the first patients, all in one call."""
    return march(
        founding(feedback),
        problem.population(feedback, patients),
        problem.doses(),
        problem.TIMES,
        (problem.COUNT, problem.LOG_BURDEN),
    )


def checked(result: MarchResult, feedback: bool) -> tuple[float, float]:
    """Return the errors of a result.

    Raises
    ------
    WrongAnswerError
        If a lane is not solved or an error is above its limit.
    """
    unsolved = [s.value for s in result.status if s is not MarchStatus.SOLVED]
    values = result.values
    cd4, lnb = problem.errors(values[problem.COUNT], values[problem.LOG_BURDEN], feedback)
    if unsolved or not (cd4 <= CD4_LIMIT and lnb <= LNB_LIMIT):
        msg = f"count off by {cd4:.1e}, log burden by {lnb:.1e}; not solved: {unsolved[:1]}"
        raise WrongAnswerError(msg)
    return cd4, lnb


def measure(feedback: bool, patients: int, repeats: int) -> Measurement:
    """Check one variant, then time it."""
    begun = time.perf_counter()
    cd4, lnb = checked(solve(feedback, patients), feedback)
    first = time.perf_counter() - begun
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        solve(feedback, patients)
        spent.append(time.process_time() - begun)
    return Measurement(1e3 * min(spent) / patients, cd4, lnb, first)


def table(found: dict[str, Measurement]) -> Table:
    """Return the measurements as a table."""
    columns = ("problem", "program", "CPU ms/patient", "CD4 error", "ln B error", "first call, s")
    result = Table(*columns)
    for name, m in found.items():
        numbers = (f"{m.cpu_ms_per_patient:.2f}", f"{m.cd4_error:.1e}", f"{m.lnb_error:.1e}")
        result.add_row(name, PROGRAM, *numbers, f"{m.first_call_s:.1f}")
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both variants on one core, print the table, write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args(arguments)
    if chosen.patients < REFERENCE_PATIENTS:
        parser.error(f"--patients must be at least {REFERENCE_PATIENTS}")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    found = {
        name: measure(feedback, chosen.patients, chosen.repeats) for name, feedback in VARIANTS
    }
    Console().print(table(found))
    written = {PROGRAM: {name: asdict(m) for name, m in found.items()}}
    LATEST.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
