"""A case file of 5 000 counts, read and checked."""

from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from benchmarks.task import PER_EVENT, Task
from lymphocast.criteria.check import CheckReport, check
from lymphocast.record.casefile import find_case, read_case

EVENTS: Final = 5000
SOURCE: Final = "trojan-2009-page"
ANALYTES: Final = ("CD4", "CD8", "lymphocytes")


def counts(number: int, source: str) -> str:
    """Return so many counts as they stand in a case file, one a day, four weeks to a month."""
    return "".join(
        f"  - id: m{i}\n    analyte: {ANALYTES[i % 3]}\n"
        f"    value: {300 + i % 97} cells/mm3\n"
        f"    at: {1990 + i // 336}-{1 + i // 28 % 12:02}-{1 + i % 28:02}\n"
        f"    provenance:\n      - {{source: {source}, locator: page 1, method: stated}}\n"
        for i in range(number)
    )


def task() -> Task:
    """Return the reading and checking of the founding case with 5 000 more counts as a task."""
    text = find_case("trojan-2009").read_text(encoding="utf-8")
    path = Path(mkdtemp()) / "large.yaml"
    path.write_text(
        text.replace("measurements:\n", f"measurements:\n{counts(EVENTS, SOURCE)}", 1),
        encoding="utf-8",
    )

    def run() -> CheckReport:
        return check(read_case(path))

    def errors(report: CheckReport) -> dict[str, float]:
        found = sum(m.id.startswith("m") for m in read_case(path).measurements)
        return {"counts_lost": float(EVENTS - found), "has_errors": float(report.has_errors)}

    return Task(run, errors, {"counts_lost": 0.0, "has_errors": 0.0}, EVENTS, PER_EVENT)
