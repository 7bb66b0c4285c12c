"""Run cases of the SBML semantic test suite and count which pass: ``scripts/sbml-suite DIR``.

DIR holds one folder for each case, ``00001`` and so on, with ``NNNNN-model.m`` (its tags),
``NNNNN-settings.txt``, ``NNNNN-results.csv`` and a document for each level and version. A case
passes if each value is within the case's own tolerances.
"""

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt
import typer

from lymphocast.engine.settings import SolverSettings, SolveStatus
from lymphocast.engine.simulate import simulate
from lymphocast.errors import ExchangeError, LymphocastError
from lymphocast.interchange.sbml_import import ImportedModel, read_sbml
from lymphocast.interchange.sbml_tags import (
    COMPONENT_TAGS,
    REASONS,
    TEST_TAGS,
    unsupported_tags,
)
from lymphocast.interchange.sbml_timed import with_readings
from lymphocast.models.formula import TIME, define

Floats = npt.NDArray[np.float64]
NEWEST_FIRST = ("l3v2", "l3v1", "l2v5", "l2v4", "l2v3", "l2v2", "l2v1")
CLOSE = SolverSettings(rtol=1e-10, atol=1e-16)
"""The suite's values lie between 1e-20 and 1e10, its tolerances near 1e-4."""

PASSED, FAILED, REFUSED = "passed", "failed", "refused"


@final
@dataclass(frozen=True)
class Outcome:
    """One case: its tags, those without support, how it ended, and why."""

    case: str
    tags: frozenset[str]
    ended: str
    reason: str = ""

    @property
    def supported(self) -> bool:
        """Whether all tags are supported."""
        return not unsupported_tags(self.tags)


def run_case(folder: Path, level: str | None = None) -> Outcome:
    """Read and simulate one case and compare."""
    name = folder.name
    tags = case_tags((folder / f"{name}-model.m").read_text(encoding="utf-8", errors="replace"))
    if any(tag.startswith("fbc:") for tag in tags):
        return Outcome(name, tags, REFUSED, REASONS["fbc:"])
    levels = (level,) if level else NEWEST_FIRST
    files = [folder / f"{name}-sbml-{v}.xml" for v in levels]
    found = next((f for f in files if f.exists()), None)
    if found is None:
        return Outcome(name, tags, REFUSED, "no document of that level")
    try:
        imported = read_sbml(found.read_bytes(), found.name)
    except ExchangeError as error:
        return Outcome(name, tags, REFUSED, str(error))
    settings = dict(_settings((folder / f"{name}-settings.txt").read_text()))
    try:
        fault = compared(imported, settings, folder / f"{name}-results.csv")
    except LymphocastError as error:
        return Outcome(name, tags, FAILED, str(error))
    return Outcome(name, tags, FAILED if fault else PASSED, fault)


def case_tags(text: str) -> frozenset[str]:
    """Return the component and test tags of a case's description."""
    lines = re.findall(r"^(?:componentTags|testTags):[ \t]*(.*)$", text, re.MULTILINE)
    kind = re.search(r"^testType:[ \t]*(\S+)", text, re.MULTILINE)
    tags = {tag.strip() for line in lines for tag in re.split("[,;]", line)} - {""}
    flux = {"fbc:steady state"} if kind and kind[1] != "TimeCourse" else set()
    return frozenset(tags | flux)


def _settings(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip(), value.strip()


def compared(imported: ImportedModel, settings: Mapping[str, str], results: Path) -> str:
    """Return what differs first, or nothing."""
    with results.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    table = np.array([[float(cell) for cell in row] for row in rows if len(row) == len(header)])
    wanted = [name.strip() for name in settings["variables"].split(",") if name.strip()]
    concentrations = {n.strip() for n in settings.get("concentration", "").split(",")}
    amounts = {n.strip() for n in settings.get("amount", "").split(",")}
    course = readings(imported, table[:, 0])
    absolute, relative = float(settings["absolute"]), float(settings["relative"])
    for name in wanted:
        expected = table[:, header.index(name, 1)]
        nothing = np.full_like(expected, np.nan)  # a symbol without a value
        ours = course.get(_read_name(course, name, amounts, concentrations), nothing)
        with np.errstate(invalid="ignore"):
            near = np.abs(ours - expected) <= absolute + relative * np.abs(expected)
        alike = near | (np.isnan(ours) & np.isnan(expected)) | (ours == expected)
        if not alike.all():
            i = int(np.argmin(alike))
            return f"{name} at {table[i, 0]:g}: {ours[i]:.9g}, needed {expected[i]:.9g}"
    return ""


def _read_name(
    course: Mapping[str, Floats], name: str, amounts: set[str], concentrations: set[str]
) -> str:
    """Amount or concentration, whichever the case asks for; the symbol itself if it is that."""
    other = f"amount_{name}" if name in amounts else f"concentration_{name}"
    return other if name in amounts | concentrations and other in course else name


def readings(imported: ImportedModel, times: Floats) -> Mapping[str, Floats]:
    """Return everything that can be read of a model, at the times."""
    model = imported.model
    theta = {**{p.name: np.nan for p in model.parameters}, **imported.theta}
    events, places = with_readings(imported.events, times, model.name)
    course = simulate(model, theta, events, solver=CLOSE)
    seen = {**course.states, **course.outputs}
    found = {n: np.asarray(v)[list(places)] for n, v in seen.items()}
    for i, name in enumerate(events.covariates):
        known = [(r.time, r.covariates[i]) for r in events.records if r.covariates[i] is not None]
        found[name] = np.array([[v for t, v in known if t <= time][-1] for time in times], float)
    if course.status is not SolveStatus.SOLVED and model.states:
        nan = {n: v for n, v in theta.items() if np.isnan(v)}
        if not nan:
            found = {n: np.full_like(times, np.nan) for n in found}
    still = define(model.fixed, {**theta, TIME: 0.0})
    for name, value in {**still, **theta}.items():
        found.setdefault(name, np.full_like(times, float(value)))
    return found


def main(
    folder: Path,
    case: list[str] | None = None,
    every: bool = False,
    level: str | None = None,
    processes: int = 2,
) -> None:
    """Run the cases of a folder whose tags are supported, or all, and print the counts.

    Parameters
    ----------
    folder
        Holds a folder for each case.
    case
        Only these.
    every
        Also cases with tags that are not supported.
    level
        Only documents of one level and version, ``l2v4`` say; the newest of each case if left out.
    processes
        Cases run side by side.
    """
    folders = [f for f in sorted(folder.iterdir()) if (f / f"{f.name}-settings.txt").exists()]
    chosen = [f for f in folders if not case or f.name in case]
    tagged = {f: case_tags(next(f.glob("*-model.m")).read_text(errors="replace")) for f in chosen}
    run = [f for f, tags in tagged.items() if every or not unsupported_tags(tags)]
    outcomes = []
    # A process keeps what it compiled: it is replaced before that fills the memory.
    with get_context("spawn").Pool(processes, maxtasksperchild=60) as pool:
        for outcome in pool.imap(partial(run_case, level=level), run):
            outcomes.append(outcome)
            if outcome.ended != PASSED:
                print(f"{outcome.case}: {outcome.ended}: {outcome.reason}", flush=True)  # noqa: T201
    print("\n".join(_summary(outcomes, len(chosen) - len(run))))  # noqa: T201
    sys.exit(any(o.supported and o.ended != PASSED for o in outcomes))


def _summary(outcomes: Sequence[Outcome], left_out: int) -> Iterator[str]:
    yield f"supported: {', '.join(sorted(COMPONENT_TAGS))}; {', '.join(sorted(TEST_TAGS))}"
    yield from (f"not supported: {tag}: {why}" for tag, why in REASONS.items())
    for supported in (True, False):
        ours = [o for o in outcomes if o.supported is supported]
        counts = Counter(o.ended for o in ours)
        ends = ", ".join(f"{counts[e]} {e}" for e in (PASSED, FAILED, REFUSED))
        yield f"cases with {'supported tags only' if supported else 'other tags'}: {ends}"
    yield f"not run, with other tags: {left_out}"
    yield "by tag (of cases with supported tags only): passed of run"
    ours = [o for o in outcomes if o.supported]
    for tag in sorted({t for o in ours for t in o.tags}):
        own = [o for o in ours if tag in o.tags]
        yield f"  {tag}: {sum(o.ended == PASSED for o in own)} of {len(own)}"


if __name__ == "__main__":
    typer.run(main)
