"""Ten synthetic patients with known truth, as case files.

    python tests/reference/synthetic_series.py [FOLDER]

writes ``synthetic-01.yaml`` to ``synthetic-10.yaml`` and ``truth.json``; the folder is
``tests/reference/series`` if none is named. The patients are drawn from the course model (the
equations in the docstring of ``lymphocast.models.course``) with NumPy alone: this program shares no
line with the package. Interleukin-2 adds cells in all of them; how many scatters around one
effect, and recovery by itself begins at one rate. Everything else scatters as the priors of
the model say, which stand here once more in numbers. A patient whose true count at entry is not
below 350 /uL is drawn anew, so that the series obeys the entry rule of the model.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from math import exp, log
from pathlib import Path

import numpy as np

SEED, PATIENTS = 20260101, 10
EFFECT, SPREAD = 200.0, 0.4  # median gain in cells/uL and the SD of its ln between patients
RECOVERY_MEAN = 1000.0  # mean of the time to the onset of recovery, in days
ENTRY_BELOW = 350.0
COURSES, COURSE_SHARES = ("stable", "recovery", "infection"), (0.6, 0.3, 0.1)
CLEARANCE_SHARE = 0.2
FIRST_DAY = date(2015, 1, 5)
BEFORE, SINCE_STOP = 30, (91, 183, 365, 730)  # days of antibiotic before IL-2; counts after it
ON_TREATMENT = (91, 183, 274, 365, 548)
CULTURES = (-30, 60, 150, 330, 500)
MACROLIDE_DAYS = 365
CULTURE_SLOPE, BURDEN_FLOOR, BURDEN_HEADROOM = 0.7, -5.0, 1.0


@dataclass(frozen=True)
class Truth:
    """One patient: switches, parameters in the units of the model, and the days of the plan."""

    course: str
    clearance: bool
    gain: float
    gain_half_life: float
    baseline_count: float
    normal_count: float
    recovery_delay: float
    recovery_time: float
    dip_depth: float
    dip_time: float
    count_sd: float
    initial_burden: float
    growth: float
    kill: float
    resistance_time: float
    immune_clearance: float
    clock: int
    entry: int
    stop: int

    def natural(self, t: float) -> float:
        """Return the count without interleukin-2 on a study day."""
        if self.course == "infection":
            since = max(t + BEFORE, 0.0)
            return self.normal_count * exp(-self.dip_depth * exp(-since / self.dip_time))
        if self.course == "stable":
            return self.baseline_count
        since = max(t - self.clock - self.recovery_delay, 0.0)
        rise = max(self.normal_count - self.baseline_count, 0.0)
        return self.baseline_count + rise * (1.0 - exp(-since / self.recovery_time))

    def count(self, t: float) -> float:
        """Return the true count on a study day."""
        k = log(2.0) / self.gain_half_life
        on, off = min(max(t, 0.0), self.stop), max(t - self.stop, 0.0)
        return self.natural(t) + self.gain * (1.0 - exp(-k * on)) * exp(-k * off)

    def burden(self, t: int) -> float:
        """Return the log burden on a study day, by steps of one day from the antibiotic on."""
        b = self.initial_burden
        untreated = self.baseline_count
        if self.course == "infection":
            untreated = self.normal_count * exp(-self.dip_depth)
        for day in range(-BEFORE, t):
            since = day + BEFORE
            works = since < min(MACROLIDE_DAYS, self.resistance_time)
            immune = self.clearance * self.immune_clearance
            gain = max(log(self.count(day) / untreated), 0.0)
            b += self.growth - self.kill * works - immune * gain
            b = min(max(b, BURDEN_FLOOR), self.initial_burden + BURDEN_HEADROOM)
        return b


def within(draw: Callable[[], float], low: float, high: float) -> float:
    """Return the first draw between two limits."""
    while True:
        value = draw()
        if low <= value <= high:
            return value


def drawn(rng: np.random.Generator) -> Truth:
    """Return a patient, whether or not the entry rule holds."""

    def scattered(median: float, sd: float) -> float:
        return float(median * np.exp(sd * rng.standard_normal()))

    return Truth(
        course=str(rng.choice(COURSES, p=COURSE_SHARES)),
        clearance=bool(rng.random() < CLEARANCE_SHARE),
        gain=scattered(EFFECT, SPREAD),
        gain_half_life=scattered(180.0, 0.7),
        baseline_count=within(lambda: scattered(120.0, 0.7), 0.0, 350.0),
        normal_count=scattered(500.0, 0.35),
        recovery_delay=float(rng.exponential(RECOVERY_MEAN)),
        recovery_time=scattered(120.0, 0.7),
        dip_depth=within(lambda: float(rng.normal(0.8, 0.4)), 0.0, 10.0),
        dip_time=scattered(60.0, 0.5),
        count_sd=within(lambda: scattered(0.16, 0.2), 0.12, 0.25),
        initial_burden=within(lambda: float(rng.normal(6.0, 1.5)), 1.0, 100.0),
        growth=float(rng.normal(-0.0025, 0.0075)),
        kill=scattered(0.060, 0.8),
        resistance_time=float(rng.exponential(1.0 / 0.00145)),
        immune_clearance=scattered(0.02, 1.0),
        clock=-int(rng.integers(120, 720)),
        entry=-int(rng.integers(BEFORE + 1, 91)),
        stop=int(rng.integers(548, 1000)),
    )


def entered(rng: np.random.Generator) -> Truth:
    """Return a patient whose true count at entry is below the limit."""
    while True:
        patient = drawn(rng)
        if patient.count(patient.entry) < ENTRY_BELOW:
            return patient


HERE = "provenance: [{source: program, locator: truth.json, method: stated}]"
TOP = """\
# A synthetic patient: drawn by tests/reference/synthetic_series.py, not observed. Do not edit.

id: {name}
title: Synthetic patient {number} of {total}, drawn from the course model

sources:
  - id: program
    citation: Synthetic; drawn from the course model by tests/reference/synthetic_series.py
    note: No person. The true parameters stand in truth.json beside this file.

events:
  - {{id: first-low, what: the count is first known to be low, at: {clock}, {here}}}
  - {{id: macrolide-start, what: clarithromycin is started, at: {macrolide}, {here}}}
  - {{id: macrolide-stop, what: clarithromycin is stopped, at: {macrolide_stop}, {here}}}
  - {{id: il2-start, what: interleukin-2 is started, at: {start}, {here}}}
  - {{id: il2-stop, what: interleukin-2 is stopped, at: {stop}, {here}}}

administrations:
  - id: clarithromycin
    drug: clarithromycin
    dosing: 500 mg twice a day
    start: macrolide-start
    stop: macrolide-stop
    {here}
  - id: il2
    drug: interleukin-2
    product: aldesleukin
    dosing: 9 MIU weekly in three equal doses
    route: subcutaneous
    start: il2-start
    stop: il2-stop
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
    entry_measurement: The count at entry in the program.
    entry_below: The entry rule of the program.
    recovery_clock: The day from which the program counts the time to recovery.
    infection_lift: The program lets an infection lift with the antibiotic.
"""


def case_file(patient: Truth, number: int, rng: np.random.Generator) -> str:
    """Return the case file of a patient, with counts and cultures drawn around the truth."""
    zero = FIRST_DAY + timedelta(days=97 * (number - 1))

    def on(day: int) -> str:
        return (zero + timedelta(days=day)).isoformat()

    text = TOP.format(
        name=f"synthetic-{number:02d}", number=number, total=PATIENTS, here=HERE,
        clock=on(patient.clock), macrolide=on(-BEFORE), start=on(0), stop=on(patient.stop),
        macrolide_stop=on(MACROLIDE_DAYS - BEFORE),
    )  # fmt: skip
    days = (patient.entry, -1, *ON_TREATMENT, *(patient.stop + d for d in (0, *SINCE_STOP)))
    text += "\nmeasurements:\n"
    for i, day in enumerate(sorted(set(days)), start=1):
        value = patient.count(day) * exp(patient.count_sd * rng.standard_normal())
        text += f"  - id: cd4-{i:02d}\n    analyte: CD4\n    value: {max(round(value), 1)} /uL\n"
        text += f"    at: {on(day)}\n    {HERE}\n"
    text += "\ncultures:\n"
    for i, day in enumerate(CULTURES, start=1):
        negative = rng.random() < 1.0 / (1.0 + exp(patient.burden(day) / CULTURE_SLOPE))
        text += f"  - id: culture-{i}\n    specimen: sputum\n"
        text += "    organism: Mycobacterium avium complex\n"
        text += f"    result: {'negative' if negative else 'positive'}\n"
        text += f"    at: {on(day)}\n    {HERE}\n"
    return text + BOTTOM


def rounded(patient: Truth) -> Mapping[str, object]:
    """Return the parameters as they are published."""
    return {
        name: float(f"{value:.6g}") if isinstance(value, float) else value
        for name, value in asdict(patient).items()
    }


def write(folder: Path) -> None:
    """Write the case files and the truth."""
    rng = np.random.default_rng(SEED)
    shared = {
        "effect": EFFECT,
        "spread": SPREAD,
        "recovery_mean": RECOVERY_MEAN,
        "il2": True,
        "seed": SEED,
    }
    patients = {}
    for number in range(1, PATIENTS + 1):
        patient = entered(rng)
        name = f"synthetic-{number:02d}"
        (folder / f"{name}.yaml").write_text(case_file(patient, number, rng), encoding="utf-8")
        patients[name] = rounded(patient)
    text = json.dumps({"shared": shared, "patients": patients}, indent=1)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("series"))
