"""Alternative timelines of one patient: the same record under another reading of its times."""

import json
from collections.abc import Mapping, Sequence

from lymphocast.errors import UsageError
from lymphocast.record.casefile import canonical_case, parse_case
from lymphocast.record.patient import PatientRecord, Timeline


def read_as(record: PatientRecord, timeline: str) -> PatientRecord:
    """Return a record as one of its alternative timelines reads it.

    Every time that hangs on a changed event moves with it. A nominal day of the analysis that is
    no longer possible is dropped. The result no longer holds this timeline, and its checksum is
    its own.

    Raises
    ------
    UsageError
        If the record has no such timeline.
    RecordError
        If a stretch of treatment would end before it begins.
    """
    chosen = _chosen(record, timeline)
    case = json.loads(canonical_case(record))
    changed = {reading.event: reading.at.text for reading in chosen.readings}
    for event in case["events"]:
        event["at"] = changed.get(event["id"], event["at"])
    case["timelines"] = [t for t in case["timelines"] if t["id"] != timeline]
    nominal = case.get("modelling", {}).pop("nominal", ())
    name = f"{record.id}, read as {timeline}"
    moved = parse_case(json.dumps(case), name)
    if not nominal:
        return moved
    case["modelling"]["nominal"] = _possible(moved, nominal)
    return parse_case(json.dumps(case), name)


def _chosen(record: PatientRecord, timeline: str) -> Timeline:
    """Return the timeline of this name."""
    for known in record.timelines:
        if known.id == timeline:
            return known
    names = ", ".join(t.id for t in record.timelines) or "none"
    message = f"timeline '{timeline}' is not in the record; it has: {names}"
    raise UsageError(message)


def _possible(
    record: PatientRecord, nominal: Sequence[Mapping[str, str]]
) -> list[Mapping[str, str]]:
    """Return the nominal days on which their facts can still lie."""
    return [
        n
        for n in nominal
        if record.when_of(n["fact"]).earliest.isoformat()
        <= n["day"]
        <= record.when_of(n["fact"]).latest.isoformat()
    ]
