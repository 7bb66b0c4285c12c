"""Days on which the analysis put what the record dates less exactly, as rows of its assumptions."""

from collections.abc import Sequence
from typing import Final

from lymphocast.dataset.standing import Standing, Stands
from lymphocast.record.patient import PatientRecord
from lymphocast.report.blocks import Mark, Row
from lymphocast.report.naming import name_of
from lymphocast.report.wording import short_day

STANDING: Final = {
    Stands.FACT: (
        "day of “{}”",
        "The middle of the days on which it can have been: the model needs a point.",
    ),
    Stands.DOSE: (
        "a change of the dose of {}",
        "The middle of the days on which it can have been: it hangs on no event, and the model "
        "needs a point.",
    ),
    Stands.INFECTION: (
        "beginning of the infection's course, at the first dose of {}",
        "Burden and severity are full there; where its day is open, it stands at the middle.",
    ),
    Stands.CLOCK: (
        "day from which recovery may begin, “{}”",
        "The first of the days on which it can have been.",
    ),
}


def assumed_days(record: PatientRecord, standing: Sequence[Standing]) -> tuple[Row, ...]:
    """Return a row for each day that neither a source nor ``modelling`` states."""
    return tuple(_row(record, one) for one in standing)


def _row(record: PatientRecord, standing: Standing) -> Row:
    what, why = STANDING[standing.stands]
    name = standing.of if standing.of in record.drugs() else name_of(record, standing.of)
    return Row((f"ASSUMED: {what.format(name)}", short_day(standing.day), why), Mark.ASSUMED)
