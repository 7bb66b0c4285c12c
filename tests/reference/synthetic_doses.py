"""One synthetic patient with 25 counts at three dose levels and known truth, as a case file.

    python tests/reference/synthetic_doses.py [FOLDER]

writes ``synthetic-doses.yaml`` into the package's cases, or into a folder. The patient follows the
course model (the equations in the docstring of ``lymphocast.models.course``) without recovery and
without any effect of the count on the infection; this program shares no line with the package. The
levels are given in an order that does not follow their size, so that a course in time cannot look
like a dose-response. The last is the highest: the maintenance dose, to which doses are relative.
"""

import sys
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, log
from pathlib import Path

import numpy as np

SEED = 20260102
NAME = "synthetic-doses"
CASES = Path(__file__).resolve().parents[2] / "src" / "lymphocast" / "cases"
FIRST_DAY = date(2016, 3, 7)
FULL = 9.0  # MIU a week: what a relative dose of 1 is
LEVELS = (0.3, 0.1, 1.0)  # relative to the last
EACH = 300  # days of each level
BEFORE, ON_LEVEL, AFTER = (-60, -30, -1), (50, 100, 150, 200, 250, 295), (60, 120, 240, 365)
CULTURES = ((-60, "positive"), (60, "negative"), (180, "negative"))
MACROLIDE = (-60, 305)


@dataclass(frozen=True)
class Truth:
    """What the counts were drawn from, in the units of the model."""

    baseline_count: float = 130.0
    gain: float = 420.0
    gain_half_life: float = 80.0
    half_effect_dose: float = 0.4
    count_sd: float = 0.13

    def plateau(self, dose: float) -> float:
        """Return the count that a constant weekly dose leads to."""
        full = dose * (1.0 + self.half_effect_dose) / (dose + self.half_effect_dose)
        return self.baseline_count + self.gain * full

    def count(self, day: float, start: float, levels: tuple[float, ...], each: float) -> float:
        """Return the count on a day, ``start`` cells above baseline on day 0, then by levels."""
        k, cells, begin = log(2.0) / self.gain_half_life, start, 0.0
        for level in (*levels, 0.0):
            left = max(day - begin, 0.0)
            stay = left if level == 0.0 else min(left, each)
            goal = self.plateau(level) - self.baseline_count
            cells = goal + (cells - goal) * exp(-k * stay)
            begin += each
        return self.baseline_count + cells


TRUTH = Truth()
HERE = "provenance: [{source: program, locator: TRUTH, method: stated}]"
TOP = """\
# A synthetic patient: drawn by tests/reference/synthetic_doses.py, not observed. Do not edit.
#
# No person. 25 CD4 counts at three dose levels, drawn from the course model, to see what a record
# must hold before the dose-response can be learned from it. The truth: {truth}.

id: {name}
title: Synthetic patient with 25 counts at three dose levels, drawn from the course model

sources:
  - id: program
    citation: Synthetic; drawn from the course model by tests/reference/synthetic_doses.py
    note: "No person. The truth: {truth}."

events:
  - {{id: first-low, what: the count is first known to be low, at: {first_low}, {here}}}
  - {{id: macrolide-start, what: clarithromycin is started, at: {macrolide}, {here}}}

administrations:
  - id: clarithromycin
    drug: clarithromycin
    dosing: 500 mg twice a day
    start: macrolide-start
    stop: {macrolide_stop}
    {here}
"""
LEVEL = """\
  - id: il2-{number}
    drug: interleukin-2
    product: aldesleukin
    dosing: {weekly:g} MIU weekly in three equal doses
    route: subcutaneous
    start: {start}
    stop: {stop}
    {here}
"""
COUNT = """\
  - id: cd4-{number:02d}
    analyte: CD4
    value: {value} /uL
    at: {at}
    {here}
"""
CULTURE = """\
  - id: culture-{number}
    specimen: sputum
    organism: Mycobacterium avium complex
    result: {result}
    at: {at}
    {here}
"""
BOTTOM = """
modelling:
  study_drug: interleukin-2
  antibiotic: clarithromycin
  entry_measurement: cd4-01
  entry_below: 350 /uL
  recovery_clock: first-low
  infection_lift: macrolide-start
  rationale:
    study_drug: The drug of the program.
    antibiotic: The drug of the program.
    entry_measurement: The first count of the program.
    entry_below: The entry rule of the other synthetic patients.
    recovery_clock: The day on which the program calls the count low.
    infection_lift: The day on which the antibiotic is started.
"""


def on(day: int) -> str:
    """Return the calendar day of a study day."""
    return (FIRST_DAY + timedelta(days=day)).isoformat()


def count_days() -> tuple[int, ...]:
    """Return the study days of the counts."""
    given = [i * EACH + day for i in range(len(LEVELS)) for day in ON_LEVEL]
    return (*BEFORE, *given, *(len(LEVELS) * EACH + day for day in AFTER))


def case_file() -> str:
    """Return the case file."""
    rng = np.random.default_rng(SEED)
    truth = (
        f"baseline count {TRUTH.baseline_count:g} /uL, gain {TRUTH.gain:g} /uL at maintenance "
        f"with a half-life of {TRUTH.gain_half_life:g} d, half of the effect at "
        f"{TRUTH.half_effect_dose:g} of the maintenance dose, SD of ln count {TRUTH.count_sd:g}"
    )
    text = TOP.format(
        name=NAME, truth=truth, here=HERE, first_low=on(-180), macrolide=on(MACROLIDE[0]),
        macrolide_stop=on(MACROLIDE[1]),
    )  # fmt: skip
    for i, level in enumerate(LEVELS):
        text += LEVEL.format(
            number=i + 1,
            weekly=FULL * level,
            start=on(i * EACH),
            stop=on((i + 1) * EACH),
            here=HERE,
        )
    text += "\nmeasurements:\n"
    for i, day in enumerate(count_days(), start=1):
        latent = TRUTH.count(day, 0.0, LEVELS, EACH)
        value = round(latent * exp(TRUTH.count_sd * rng.standard_normal()))
        text += COUNT.format(number=i, value=value, at=on(day), here=HERE)
    text += "\ncultures:\n"
    for i, (day, result) in enumerate(CULTURES, start=1):
        text += CULTURE.format(number=i, result=result, at=on(day), here=HERE)
    return text + BOTTOM


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CASES
    (folder / f"{NAME}.yaml").write_text(case_file(), encoding="utf-8")
