"""Times of FHIR and times of a case file: partial dates stay partial, intervals stay intervals.

A ``dateTime`` is a year, a month, a day, or a day with a clock time and its distance from UTC; a
``Period`` has one at either end. What a case file says otherwise (``early 2004-02``, a distance
from another fact) is written as the period from its first to its last possible day.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import final

from lymphocast.interchange.fhir_bundle.concepts import Json
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError, shown
from lymphocast.record.when import When

_DATE_TIME = re.compile(
    r"([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01])"
    r"(?:T((?:[01][0-9]|2[0-3]):[0-5][0-9])(:(?:[0-5][0-9]|60)(?:\.[0-9]+)?)?"
    r"(Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9]))?)?)?"
)
_PARTIAL = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?")
CLOCK_LOST = "only its day is kept"
OPEN = "it is open; the end that is stated is taken"
NEEDED = "a date such as 2004, 2004-05 or 2004-05-14, or a time with its distance from UTC"


@final
@dataclass(frozen=True)
class Moment:
    """A dateTime: its date as a case file writes it, and its clock time if it has one."""

    day: str
    clock: str | None = None


def moment(element: Element, key: str) -> Moment | None:
    """Return the dateTime, date or instant at a key."""
    value = element.text(key)
    if value is None:
        return None
    match = _DATE_TIME.fullmatch(value)
    if match is None:
        element.fail(key, shown(value), NEEDED)
    year, month, day, clock = match[1], match[2], match[3], match[4]
    if not _exists(int(year), int(month or 1), int(day or 1)):
        element.fail(key, shown(value), "a day that exists")
    if clock is not None:
        element.partly(key, CLOCK_LOST)
    return Moment("-".join(part for part in (year, month, day) if part), clock)


def _exists(year: int, month: int, day: int) -> bool:
    """Return whether there is such a day."""
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def period(element: Element | None) -> tuple[Moment | None, Moment | None]:
    """Return both ends of a period."""
    if element is None:
        return None, None
    return moment(element, "start"), moment(element, "end")


def between(start: Moment | None, end: Moment | None) -> str | None:
    """Return the interval from one moment to another, as a case file writes it."""
    if start is None or end is None:
        known = start or end
        return None if known is None else known.day
    return start.day if start == end or start.day == end.day else f"{start.day}/{end.day}"


def when_stated(resource: Element, stem: str) -> Moment | None:
    """Return what ``effective[x]``, ``onset[x]`` or ``collected[x]`` says of a time.

    The day of the moment is then a time of the case file, perhaps an interval.
    """
    for kind in ("DateTime", "Instant"):
        found = moment(resource, f"{stem}{kind}")
        if found is not None:
            return found
    timing = resource.child(f"{stem}Timing")
    if timing is not None:
        return _single(timing)
    start, end = period(resource.child(f"{stem}Period"))
    text = between(start, end)
    if (start is None) != (end is None):
        resource.partly(f"{stem}Period", OPEN)
    return None if text is None else Moment(text)


def _single(timing: Element) -> Moment:
    """Return the one moment of a timing."""
    events = timing.data.get("event")
    if not isinstance(events, list) or len(events) != 1:
        message = f"{timing.path.lstrip('.')} is no single moment"
        raise NotHeldError(message)
    found = moment(Element({"event": events[0]}, timing.file, timing.place), "event")
    timing.use("event")
    if found is None:
        message = f"{timing.path.lstrip('.')} is no single moment"
        raise NotHeldError(message)
    return found


def native(stem: str, text: str, when: When) -> Json:
    """Return a time of a case file as ``stem[x]``: a dateTime, or the period that it allows."""
    if _PARTIAL.fullmatch(text):
        return {f"{stem}DateTime": text}
    sides = text.split("/")
    if len(sides) == 2 and all(_PARTIAL.fullmatch(side) for side in sides):
        return {f"{stem}Period": {"start": sides[0], "end": sides[1]}}
    if when.earliest == when.latest:
        return {f"{stem}DateTime": when.earliest.isoformat()}
    return {f"{stem}Period": {"start": when.earliest.isoformat(), "end": when.latest.isoformat()}}


def span(start: When, stop: When) -> Json:
    """Return a stretch of treatment as a period: as long as it may have been."""
    return {
        "start": start.text if _PARTIAL.fullmatch(start.text) else start.earliest.isoformat(),
        "end": stop.text if _PARTIAL.fullmatch(stop.text) else stop.latest.isoformat(),
    }


def containing(when: When) -> str | None:
    """Return the most exact partial date that holds every possible day; ``None`` if none does."""
    first, last = when.earliest.isoformat(), when.latest.isoformat()
    for length in (10, 7, 4):
        if first[:length] == last[:length]:
            return first[:length]
    return None
