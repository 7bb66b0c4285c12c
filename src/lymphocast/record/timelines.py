"""Alternative timelines of one patient: the same record under another reading of its times."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from lymphocast.errors import RecordError, UsageError
from lymphocast.record.casefile import canonical_case
from lymphocast.record.context import Context
from lymphocast.record.patient import PatientRecord, Timeline
from lymphocast.record.provenance import Provenance, Source
from lymphocast.record.resolve import resolved_times
from lymphocast.record.when import When, anchors_of, parse_time, resolve
from lymphocast.units import Quantity

T = TypeVar("T")
TIMELESS = frozenset({str, float, int, bool, type(None), Provenance, Quantity, Context, Source})
"""Types that hold no time: most of a record, passed over at once."""


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
    moved = moved_to(record, timeline)
    return replace(moved, sha256=hashlib.sha256(canonical_case(moved).encode()).hexdigest())


def moved_to(record: PatientRecord, timeline: str) -> PatientRecord:
    """Return what :func:`read_as` does, with the checksum of the record as it was.

    For a look at one timeline: the checksum takes longer than the moving.
    """
    chosen = _chosen(record, timeline)
    changed = {reading.event: reading.at.text for reading in chosen.readings}
    texts = {fact.id: fact.at.text for fact in record.dated() if fact.at is not None} | changed
    name = f"{record.id}, read as {timeline}"
    times = resolved_times(texts, name)
    others = replace(record, timelines=tuple(t for t in record.timelines if t.id != timeline))
    dated = tuple(replace(e, at=times[e.id]) if e.id in changed else e for e in others.events)
    moved = _moved(replace(others, events=dated), times)
    _refuse_backward(moved, name)
    return _without_impossible_days(moved)


def _chosen(record: PatientRecord, timeline: str) -> Timeline:
    """Return the timeline of this name."""
    for known in record.timelines:
        if known.id == timeline:
            return known
    names = ", ".join(t.id for t in record.timelines) or "none"
    message = f"timeline '{timeline}' is not in the record; it has: {names}"
    raise UsageError(message)


def _moved(part: T, times: Mapping[str, When]) -> T:
    """Return a part of a record with every time that hangs on a fact resolved anew."""
    if type(part) in TIMELESS:
        return part
    if isinstance(part, When):
        return _again(part, times)  # type: ignore[return-value]  # T is When here
    if isinstance(part, tuple):
        items = tuple(_moved(item, times) for item in part)
        alike = all(new is old for new, old in zip(items, part, strict=True))
        return part if alike else items  # type: ignore[return-value]  # as above
    if not is_dataclass(part):
        return part
    own = {f.name: getattr(part, f.name) for f in fields(part)}
    new = {name: _moved(value, times) for name, value in own.items()}
    other = {name: value for name, value in new.items() if value is not own[name]}
    return replace(part, **other) if other else part  # type: ignore[type-var]  # an instance


def _again(when: When, times: Mapping[str, When]) -> When:
    """Return a time resolved through anchors that may have moved."""
    time = parse_time(when.text)
    return resolve(time, when.text, times) if anchors_of(time) else when


def _refuse_backward(record: PatientRecord, name: str) -> None:
    """Refuse a reading under which treatment ends before it begins."""
    stretches = (
        *((a.id, a.start, a.stop) for a in record.administrations),
        *((m.id, m.start, m.stop) for m in record.missed_doses if m.start and m.stop),
    )
    for stretch, start, stop in stretches:
        if start is not None and stop is not None and stop.latest < start.earliest:
            found = f"'{stretch}' with stop (at the latest {stop.latest}) before start"
            raise RecordError(name, None, found, f"a stop on or after {start.earliest}")


def _without_impossible_days(record: PatientRecord) -> PatientRecord:
    """Drop nominal days on which their facts can no longer lie."""
    chosen = record.modelling
    if chosen is None:
        return record
    nominal = tuple(n for n in chosen.nominal if record.when_of(n.fact).contains(n.day))
    return replace(record, modelling=replace(chosen, nominal=nominal))
