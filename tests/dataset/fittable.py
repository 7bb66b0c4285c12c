"""The small case with all that the course model needs, and the founding case moved or rewritten."""

import re

from lymphocast.dataset.individual import Individual
from lymphocast.dataset.project import project
from tests.record.cases import changed, founding_text, small

STATED = "provenance: [{source: paper, locator: abstract, method: stated}]"
FITTABLE = (
    changed(
        "measurements:",
        f"""\
  - id: antibiotic
    drug: clarithromycin
    amount: 1000 mg
    per: 1 d
    start: 2019-12-10
    stop: stop
    {STATED}
measurements:""",
    )
    + f"""\
cultures:
  - id: culture
    specimen: sputum
    organism: M. avium-intracellulare
    result: positive
    at: 2020-03-01
    {STATED}
modelling:
  study_drug: interleukin-2
  antibiotic: clarithromycin
  entry_measurement: cd4-first
  entry_below: 0.35 10^9/L
  recovery_clock: start
  infection_lift: stop
  rationale:
    study_drug: Assumed.
    antibiotic: Assumed.
    entry_measurement: Assumed.
    entry_below: Assumed.
    recovery_clock: Assumed.
    infection_lift: Assumed.
"""
)
COUNTS_ALONE = re.sub(
    r"  - id: antibiotic\n(    .*\n)+|cultures:\n(  .*\n)+| +antibiotic: .*\n", "", FITTABLE
)
"""The fittable case of a patient who had no antibiotic and no culture."""
CYCLE = 4  # years after which leap days, hence distances in days, repeat


def projected(text: str) -> Individual:
    """Return the individual of a case given as text."""
    return project(small(text))


def fittable(old: str = "id: small", new: str = "id: small") -> Individual:
    """Return the individual of the fittable case with one passage replaced."""
    return projected(changed(old, new, FITTABLE))


def founding_later() -> str:
    """Return the founding case with every date moved by one cycle of leap years."""
    return re.sub(r"\b(200[2-8])(?=-\d\d|\n)", lambda m: str(int(m[1]) + CYCLE), founding_text())
