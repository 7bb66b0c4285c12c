"""What was measured, and how it is printed and written."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, final

from rich.console import Console
from rich.table import Table

from benchmarks.programs import OURS, YARDSTICKS
from benchmarks.task import FOUNDING, Cost

NUMBALSODA = "numbalsoda LSODA"
"""The yardstick that the name means where nothing is said: its default method."""

PROCESSOR = Path("/proc/cpuinfo")


@final
@dataclass(frozen=True)
class Measurement:
    """One program on one problem.

    Parameters
    ----------
    cost, size
        What the time is divided by, and how many there were in one run.
    spent
        CPU time of each run, s.
    errors
        Distance from the reference, by name.
    first_call_s
        Wall time of the first call, which compiles, s.
    peak_memory_mib
        Most memory that the process held.
    """

    cost: Cost
    size: int
    spent: tuple[float, ...]
    errors: Mapping[str, float]
    first_call_s: float
    peak_memory_mib: float

    @property
    def each(self) -> tuple[float, ...]:
        """The cost of each run."""
        return tuple(self.cost.per_second * s / self.size for s in self.spent)

    def as_json(self) -> dict[str, Any]:
        """Return the numbers by name; the cost is the median of the runs."""
        return {
            self.cost.key: median(self.each),
            f"{self.cost.key}_min": min(self.each),
            **self.errors,
            self.cost.size_key: self.size,
            "repeats": len(self.spent),
            "first_call_s": self.first_call_s,
            "peak_memory_mib": self.peak_memory_mib,
        }


@final
@dataclass(frozen=True)
class Results:
    """All measurements, and why some are missing.

    Parameters
    ----------
    measured
        ``[problem][program]``.
    missing, wrong
        Why a program was not there, or gave no right answer, ``[program][problem]``.
    versions
        Versions of packages, ``[program][package]``.
    """

    measured: dict[str, dict[str, Measurement]] = field(default_factory=dict)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)
    wrong: dict[str, dict[str, str]] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)

    def ratios(self, problem: str) -> dict[str, tuple[float, float, float]]:
        """Return how many times our cost each yardstick's is, over the paired runs.

        Median, least and largest.
        """
        measured = self.measured.get(problem, {})
        if OURS.name not in measured:
            return {}
        ours = measured[OURS.name].each
        found = {}
        for name in (y.name for y in YARDSTICKS if y.name in measured):
            pairs = [b / a for a, b in zip(ours, measured[name].each, strict=True)]
            found[name] = (median(pairs), min(pairs), max(pairs))
        return found

    def as_json(self) -> dict[str, Any]:
        """Return everything by name, ``programs`` as ``[program][problem]``."""
        programs: dict[str, dict[str, Any]] = {}
        for problem, measured in self.measured.items():
            for name, measurement in measured.items():
                programs.setdefault(name, {})[problem] = measurement.as_json()
            if ratios := self.ratios(problem):
                programs[OURS.name][problem] |= {
                    "ratio_to_numbalsoda": ratios[NUMBALSODA][0] if NUMBALSODA in ratios else None,
                    "ratios": {
                        name: dict(zip(("median", "min", "max"), numbers, strict=True))
                        for name, numbers in ratios.items()
                    },
                }
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "versions": self.versions,
            "missing": self.missing,
            "wrong": self.wrong,
            "programs": programs,
        }

    def write(self, path: Path) -> None:
        """Write everything as JSON."""
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n", encoding="utf-8")

    def print_to(self, console: Console) -> None:
        """Print a table for each problem, and what was left out."""
        for problem, measured in self.measured.items():
            if problem in FOUNDING:
                console.print(self._founding_table(problem, measured))
            else:
                console.print(_own_table(problem, measured))
        for what, left_out in (("missing", self.missing), ("wrong", self.wrong)):
            for name, reasons in left_out.items():
                for problem, reason in reasons.items():
                    console.print(f"{what}: {name} on {problem}: {reason}", highlight=False)

    def _founding_table(self, problem: str, measured: Mapping[str, Measurement]) -> Table:
        columns = ("program", "patients", "CPU ms/patient", "least", "CD4 error", "ln B error")
        table = Table(*columns, "times ours", title=f"founding problem, {problem}")
        ratios = self.ratios(problem)
        for name, found in sorted(measured.items(), key=lambda item: median(item[1].each)):
            ratio = f"{ratios[name][0]:.1f}" if name in ratios else ""
            costs = (f"{median(found.each):.3g}", f"{min(found.each):.3g}")
            errors = (f"{found.errors[key]:.1e}" for key in ("cd4_error", "lnb_error"))
            table.add_row(name, str(found.size), *costs, *errors, ratio)
        return table


def _own_table(problem: str, measured: Mapping[str, Measurement]) -> Table:
    table = Table("program", "cost", "median", "least", "errors", title=problem)
    for name, found in measured.items():
        errors = ", ".join(f"{key} {value:.1e}" for key, value in found.errors.items())
        costs = (f"{median(found.each):.3g}", f"{min(found.each):.3g}")
        table.add_row(name, found.cost.key, *costs, errors)
    return table


def machine() -> dict[str, Any]:
    """Return the processor, the number of cores, Python's version and how busy the machine is."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average_1_min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def processor() -> str:
    """Return the processor's model as the system names it."""
    if PROCESSOR.exists():
        for line in PROCESSOR.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
