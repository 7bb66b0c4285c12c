"""How long a virtual trial of 1000 patients in each of two arms over two years takes.

    python -m benchmarks.trial [WORKERS]

Visits every four weeks with windows, cultures, three doses a week of which some are missed, a rule
that holds the drug, loss to follow-up. Before a time is told, what the trial should find is
compared with its closed form.
Wall time of the command in seconds, its start and that of its workers included; compiled code is
kept from a first run. The limits are 60 s, and 11 times that for ten times the patients.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.run import surroundings
from benchmarks.task import WrongAnswerError
from benchmarks.worker import KIB_PER_MIB

COMMAND: Final = "from lymphocast.cli import main; main()"
SEED: Final = 2004
TIMES: Final = (1, 10)
PRINTED: Final = 1e-6  # of ln ratios: the gain is marched exactly, and printed with six digits
PROTOCOL: Final = """
population:
  weights: {il2: 1, clearance: 0, stable: 1, recovery: 0, infection: 0}
  fixed: {baseline_count: 200, gain: 100, gain_half_life: 180}
arms:
  - {name: no drug, patients: 1000, antibiotic: {stop: 12 mo}}
  - {name: IL-2, patients: 1000, antibiotic: {stop: 12 mo}, stretches: [{dose: 1}]}
  - name: by the count
    patients: 1
    antibiotic: {stop: 12 mo}
    stretches: [{dose: 1, interval: 56 h}]
    rule: {hold_above: 250, restart_below: 225}
    missed: 0.1
visits: {every: 28 d, until: 728 d, window: 3 d, missed: 0.05, cultures: true}
dropout: {share: 0.02}
endpoints:
  - {name: ln ratio, kind: change, at: 728 d, scale: log}
  - {name: area, kind: area, by: 728 d}
  - {name: reached 250, kind: above, by: 728 d, count: 250, missing: failure}
  - {name: converted, kind: converted, by: 728 d, missing: failure}
analyses:
  - {endpoint: ln ratio, method: difference, arm: IL-2}
  - {endpoint: ln ratio, method: ancova, arm: IL-2}
  - {endpoint: area, method: difference, arm: IL-2}
  - {endpoint: reached 250, method: risk-difference, arm: IL-2}
  - {endpoint: converted, method: risk-difference, arm: IL-2}
"""


def check(summary: Mapping[str, Any]) -> None:
    """Compare what the trial should find with the closed form of the gain.

    Raises
    ------
    WrongAnswerError
        If it is off.
    """
    expected = np.log1p(100.0 * (1.0 - 2.0 ** (-728.0 / 180.0)) / 200.0)
    truth = summary["rows"][0]["truth"]["value"]
    if not abs(truth - expected) < PRINTED:
        msg = f"the trial should find {expected}, found {truth}"
        raise WrongAnswerError(msg)


def seconds(times: int, options: Sequence[str], folder: Path, cache: Path) -> float:
    """Return how long the command took for so many times the patients."""
    folder.mkdir()
    protocol = folder / "trial.yaml"
    patients = f"patients: {1000 * times}"
    protocol.write_text(PROTOCOL.replace("patients: 1000", patients), encoding="utf-8")
    begun = time.perf_counter()
    subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-c", COMMAND, "trial", str(protocol), "-n", "1", "-o",
         str(folder / "out"), "--seed", str(SEED), *options],
        env=surroundings(cache),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )  # fmt: skip
    spent = time.perf_counter() - begun
    check(json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8")))
    return spent


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    options = ["--workers", arguments[0]] if arguments else []
    with TemporaryDirectory() as name:
        folder, cache = Path(name), Path(name) / "cache"
        seconds(1, options, folder / "first", cache)  # compiles, and is told in no line
        spent = [seconds(times, options, folder / str(times), cache) for times in TIMES]
    table = Table("patients", "seconds", "times the first", title="A trial of two years")
    for times, each in zip(TIMES, spent, strict=True):
        table.add_row(str(2000 * times + 1), f"{each:.2f}", f"{each / spent[0]:.2f}")
    Console().print(table)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / KIB_PER_MIB
    Console().print(f"most memory of a process: {peak:.0f} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
