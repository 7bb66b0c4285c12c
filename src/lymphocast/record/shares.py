"""CD4 % beside a CD4 count of the same sample: whether the two can both be right.

    whole = count / share,   the whole being lymphocytes or T cells (CD3)

Facts of one exactly known day are taken to be of one sample. Where the whole was counted too, it
must be what the other two say; where it was not, what they say of it is stated.
"""

from collections.abc import Iterator
from typing import Final

from lymphocast.record.events import Measurement
from lymphocast.record.issue import Issue, Severity, places
from lymphocast.record.patient import PatientRecord

RULE: Final = "share-beside-count"
WHOLES: Final = {"CD4 of lymphocytes": "lymphocytes", "CD4 of T cells": "CD3"}
"""What a share is of: the analyte that counts it."""
AGREES: Final = 0.2
"""Largest part by which the recorded whole may miss the implied one: an assumption, for two
machines that count one sample."""
PER_CENT: Final = 100.0


def share_beside_count(record: PatientRecord) -> Iterator[Issue]:
    """Compare each CD4 percentage with the CD4 count, and the whole, of the same day."""
    for analyte, whole in WHOLES.items():
        for share in record.counts(analyte):
            count = _same_day(record, "CD4", share)
            if count is not None and _plain(share):
                yield _stated(share, count, _same_day(record, whole, share), whole)


def _plain(m: Measurement) -> bool:
    return m.limit is None and m.value.value > 0.0


def _same_day(record: PatientRecord, analyte: str, beside: Measurement) -> Measurement | None:
    """Return the only plain value of an analyte on the exactly known day of another."""
    day = beside.at.earliest
    if beside.at.latest != day:
        return None
    found = [m for m in record.counts(analyte) if m.at.earliest == m.at.latest == day and _plain(m)]
    return found[0] if len(found) == 1 else None


def _stated(share: Measurement, count: Measurement, whole: Measurement | None, name: str) -> Issue:
    cells = count.value.to("/uL").value
    implied = cells * PER_CENT / share.value.to("%").value
    said = (
        f"CD4 {cells:g} /uL and {share.analyte} {share.value.to('%').value:g} % of "
        f"{share.at.dates} mean {implied:.0f} /uL {name}"
    )
    facts = (share, count) if whole is None else (share, count, whole)
    severity, rest = Severity.INFO, "the record holds no such count of that day."
    if whole is not None:
        counted = whole.value.to("/uL").value
        apart = counted / implied - 1.0
        rest = f"recorded are {counted:g} /uL ({apart:+.0%}): they agree."
        if abs(apart) > AGREES:
            severity = Severity.WARNING
            rest = (
                f"recorded are {counted:g} /uL ({apart:+.0%}): one of the three is misread, or of "
                "another sample."
            )
    path = ", ".join(fact.id for fact in facts)
    sources = places(p for fact in facts for p in fact.provenance)
    return Issue(severity, RULE, path, f"{said}; {rest}", sources)
