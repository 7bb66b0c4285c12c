"""A wider error for counts soon after a dose: cells leave the blood and come back.

By the second day of interleukin-2 lymphocytes have fallen, and they rebound within 48 hours
(PMID 8011237). The course model holds no such dip. A count of which the record states that a dose
lay at most three days back gets an SD of ln(count) of its own, whose variance adds to the others'.
"""

from dataclasses import replace
from typing import Final

from lymphocast.dataset.individual import Individual
from lymphocast.dataset.project import project
from lymphocast.models.prior_table import PriorTable
from lymphocast.record.patient import PatientRecord

REDISTRIBUTION: Final = "redistribution_sd"


def individual_of(
    record: PatientRecord, table: PriorTable, timeline: str | None = None
) -> Individual:
    """Return the individual that the course model fits under a table of priors.

    Parameters
    ----------
    record, timeline
        As of :func:`lymphocast.dataset.project.project`, whose errors are raised.
    table
        Its constant ``redistribution_sd`` is the wider error; a fit that was made before there was
        one has none.
    """
    found = project(record, timeline)
    sd = next((c.value for c in table.constants if c.parameter == REDISTRIBUTION), 0.0)
    counts = (replace(c, redistribution=sd) if c.soon_after_dose else c for c in found.counts)
    return replace(found, counts=tuple(counts))
