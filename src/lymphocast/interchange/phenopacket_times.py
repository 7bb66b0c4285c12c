"""Times of a packet: time elements, ages, intervals; and the days of a record.

A packet's time is an instant in UTC, or an interval of two. A record dates facts to the day, so a
clock time is listed as not kept. An exact day is written as its first instant; an uncertain time
as the interval from the first instant of its first day to the last second of its last. An age
becomes an interval of days if the date of birth is stated: someone is 14 years old from the 14th
birthday to the day before the 15th.
"""

import calendar
import re
from datetime import date, timedelta
from typing import NamedTuple, final

from lymphocast.interchange.phenopacket_place import Place
from lymphocast.record.when import When
from lymphocast.units import Quantity, number_text

Json = dict[str, object]
WHOLE_DAY = ("T00:00:00Z", "T23:59:59Z")
_AGE = re.compile(
    r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})W)?(?:(\d{1,7})D)?(T[\dHMS.]+)?", re.ASCII
)
_UNITS = {"a": "Y", "mo": "M", "wk": "W", "d": "D"}


@final
class Dating(NamedTuple):
    """A time as a case file writes it, and how it was derived if it is not what is stated."""

    text: str
    note: str = ""


@final
class Age(NamedTuple):
    """An age in completed years, months, weeks and days."""

    years: int
    months: int
    weeks: int
    days: int


def days_text(first: date, last: date) -> str:
    """Return an interval of days as a case file writes it, in the shortest form."""
    if first == last:
        return str(first)
    length = calendar.monthrange(first.year, first.month)[1]
    if (first.month, first.day, last) == (1, 1, date(first.year, 12, 31)):
        return f"{first.year:04}"
    if (first.year, first.month) == (last.year, last.month):
        month = f"{first.year:04}-{first.month:02}"
        parts = {(1, length): "", (1, 10): "early ", (11, 20): "mid ", (21, length): "late "}
        part = parts.get((first.day, last.day))
        if part is not None:
            return part + month
    return f"{first}/{last}"


def time_element(when: When) -> Json:
    """Return the time element of a time."""
    if when.earliest == when.latest:
        return {"timestamp": f"{when.earliest}{WHOLE_DAY[0]}"}
    return {"interval": interval(when.earliest, when.latest)}


def interval(first: date, last: date) -> Json:
    """Return the interval from the begin of one day to the end of another."""
    return {"start": f"{first}{WHOLE_DAY[0]}", "end": f"{last}{WHOLE_DAY[1]}"}


def age_element(age: Quantity) -> Json | None:
    """Return the time element of an age in whole years, months, weeks or days."""
    letter = _UNITS.get(age.unit)
    if letter is None or age.value != int(age.value) or age.value > 9999:
        return None
    return {"age": {"iso8601duration": f"P{int(age.value)}{letter}"}}


def day_of(place: Place, key: str) -> date | None:
    """Return the day of a timestamp; its clock time is listed, unless it bounds a whole day."""
    stamp = place.text(key)
    if not stamp:
        return None
    if stamp[10:] not in WHOLE_DAY:
        place.note(key, stamp[11:], "a record dates facts to the day")
    return date.fromisoformat(stamp[:10])


def dating_of(time: Place, born: date | None) -> Dating | None:
    """Return when something was; ``None`` for a time that does not stand on the calendar."""
    day = day_of(time, "timestamp")
    if day is not None:
        return Dating(str(day))
    if "interval" in time.value:
        return _interval_of(time)
    if born is None or not {"age", "ageRange"} & time.value.keys():
        return None
    span = time.inner("ageRange")
    first = _days_at(age_of(span.inner("start") if span else time.inner("age")), born)
    last = _days_at(age_of(span.inner("end")), born) if span else first
    if first is None or last is None or last[1] < first[0]:
        return None
    return Dating(days_text(first[0], last[1]), f"From the age and the date of birth, {born}.")


def dose_days(place: Place) -> tuple[date, date] | None:
    """Return the first and last day of an interval of doses."""
    start, end = day_of(place, "start"), day_of(place, "end")
    return None if start is None or end is None or end < start else (start, end)


def age_of(place: Place) -> Age | None:
    """Return the age that an ISO 8601 duration states."""
    match = _AGE.fullmatch(place.text("iso8601duration"))
    if match is None:
        return None
    if match[5]:
        place.note("iso8601duration", match[0], "an age is kept to the day")
    years, months, weeks, days = (int(part or 0) for part in match.groups()[:4])
    return Age(years, months, weeks, days)


def age_text(age: Age) -> str | None:
    """Return an age as a case file writes it; ``None`` for none."""
    whole = [(age.years, "a"), (age.months, "mo"), (age.weeks, "wk"), (age.days, "d")]
    given = [(value, unit) for value, unit in whole if value]
    if not given:
        return None
    if {unit for _, unit in given} == {"a", "mo"}:
        given = [(12 * age.years + age.months, "mo")]
    if len(given) == 1:
        return f"{given[0][0]} {given[0][1]}"
    return f"{number_text(sum(Quantity(v, unit).to('d').value for v, unit in given))} d"


def _interval_of(time: Place) -> Dating | None:
    """Return the days of an interval."""
    days = dose_days(time.inner("interval"))
    return None if days is None else Dating(days_text(*days))


def _days_at(age: Age | None, born: date) -> tuple[date, date] | None:
    """Return the first and the last day on which somebody born on a day is of an age."""
    if age is None:
        return None
    months, days = 12 * age.years + age.months, 7 * age.weeks + age.days
    more = 1 if age.months else 12
    try:
        first = _later(born, months) + timedelta(days=days)
        if age.days:
            return first, first
        last = first + timedelta(days=6) if age.weeks else _before(born, months + more)
    except (ValueError, OverflowError):
        return None
    return first, last


def _later(day: date, months: int) -> date:
    """Return the day so many months later; the last of the month if it has no such day."""
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        message = "a day beyond the calendar"
        raise OverflowError(message)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _before(day: date, months: int) -> date:
    """Return the day before the one so many months later."""
    return _later(day, months) - timedelta(days=1)
