"""How long the command that updates a fit by one count takes.

    python -m benchmarks.update

The founding case's fit, and its case file with a fifth count. Seconds of the whole command, the
start of the interpreter, reading the fit and writing the new one included; compiled code is kept
from a first run. Wall time, and CPU (user and system), which other work on the machine moves
less; the least of some runs. The limit is 2 s. No time is told unless the fit was updated by
reweighing.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.run import surroundings
from benchmarks.task import WrongAnswerError
from lymphocast.record.casefile import find_case

COMMAND: Final = "from lymphocast.cli import main; main()"
CASE: Final = "trojan-2009"
RUNS: Final = 5
UPDATED: Final = "updated by reweighing"
AFTER: Final = "\ncultures:\n"
COUNT: Final = """  - id: cd4-stop-12
    analyte: CD4
    value: 410 cells/mm3
    at: il2-stop + 12 mo
    provenance:
      - {source: trojan-2009-page, locator: abstract, method: assumed, note: Made up.}
"""


def cpu() -> float:
    """Return the CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def told(folder: Path, cache: Path, *arguments: str) -> str:
    """Return what a command printed."""
    done = subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=folder,
        env=surroundings(cache),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def seconds(folder: Path, cache: Path) -> tuple[float, float]:
    """Return wall and CPU time of one update.

    Raises
    ------
    WrongAnswerError
        If the fit was not updated by reweighing.
    """
    begun, spent = time.perf_counter(), cpu()
    said = told(folder, cache, "fit", "case.yaml", "--update", "fit.nc", "-o", "new.nc")
    found = time.perf_counter() - begun, cpu() - spent
    if UPDATED not in said:
        msg = f"the fit should be {UPDATED}, found: {said}"
        raise WrongAnswerError(msg)
    return found


def main() -> None:
    """Print the table."""
    with TemporaryDirectory() as name:
        folder, cache = Path(name), Path(name) / "cache"
        text = find_case(CASE).read_text(encoding="utf-8")
        more = text.replace(AFTER, COUNT + AFTER, 1)
        (folder / "case.yaml").write_text(more, encoding="utf-8")
        told(folder, cache, "fit", CASE, "-o", "fit.nc")
        seconds(folder, cache)  # compiles, and is told in no line
        spent = [seconds(folder, cache) for _ in range(RUNS)]
        size = (folder / "fit.nc").stat().st_size / 1e6
    table = Table("wall", "CPU", title=f"An update by one count of a fit of {size:.0f} MB, seconds")
    table.add_row(*(f"{min(each):.2f}" for each in zip(*spent, strict=True)))
    Console().print(table)


if __name__ == "__main__":
    main()
