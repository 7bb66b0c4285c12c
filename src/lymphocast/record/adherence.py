"""Rules about doses that were not taken: what the record says of them, and what is to be asked."""

from collections.abc import Iterator, Sequence

from lymphocast.record.events import Measurement, MissedDoses
from lymphocast.record.issue import Issue, Severity, places
from lymphocast.record.patient import PatientRecord


def doses_missed(record: PatientRecord) -> Iterator[Issue]:
    """Find doses that were missed, on unknown dates or on known ones."""
    for missed in record.missed_doses:
        word = (missed.kind or "missed").capitalize()
        if missed.dates_known:
            rule, severity, text = "doses-missed-dated", Severity.INFO, _missed_when(missed)
            taken = "what lies inside a stretch of constant dose is taken out for the model"
        else:
            rule, severity, text = "doses-missed-undated", Severity.WARNING, "dates unknown"
            taken = "the dose is taken as given throughout"
        yield Issue(
            severity,
            rule,
            missed.id,
            f"{word} doses of {missed.drug} are reported, {text}; {taken}.",
            places(missed.provenance),
        )


def _missed_when(missed: MissedDoses) -> str:
    """Return the dates of missed doses in words."""
    if missed.start is not None and missed.stop is not None:
        return f"from {missed.start.dates} until {missed.stop.dates}"
    return f"on {', '.join(d.dates for d in missed.dates) or 'dates that the source gives'}"


def doses_before_count(record: PatientRecord) -> Iterator[Issue]:
    """Ask whether doses were missed before counts on the study drug, where nothing says so."""
    drug = record.modelling.study_drug if record.modelling is not None else ""
    reported = [m for m in record.missed_doses if m.drug == drug]
    undated = [m for m in reported if not m.dates_known]
    counts = [m for m in _counts_on(record, drug) if m.context is None or not m.context.since_dose]
    if not counts or (reported and not undated):
        return
    ids = ", ".join(m.id for m in counts)
    said = "they are reported without dates" if undated else "the record does not say"
    yield Issue(
        Severity.INFO,
        "doses-before-count",
        ids,
        f"Were doses of {drug} missed in the days or weeks before {_named(counts)}? A run of "
        f"missed doses lowers the count that follows, and {said}. To answer, date them "
        "('missed_doses'), or say how long after a dose each count was taken ('since_dose' in its "
        "'context').",
        places(
            (
                *(p for missed in undated for p in missed.provenance),
                *(p for count in counts for p in count.provenance),
            )
        ),
    )


def _named(counts: Sequence[Measurement]) -> str:
    """Return counts in words; the issue's path lists them."""
    first, last = counts[0].id, counts[-1].id
    return f"'{first}'" if len(counts) == 1 else f"{len(counts)} counts, '{first}' to '{last}'"


def _counts_on(record: PatientRecord, drug: str) -> Iterator[Measurement]:
    """Yield the counts that were certainly taken while a drug was given."""
    started, stopped = record.started(drug), record.stopped(drug)
    if started is None or stopped is None:
        return
    stretches = record.administrations_of(drug)
    for count in record.counts():
        at = count.at
        on = started.latest < at.earliest and at.latest <= stopped.earliest
        # A count in a pause between two stretches is not one on the drug.
        if on and any(
            s.start.earliest <= at.latest and at.earliest <= s.stop.latest for s in stretches
        ):
            yield count
