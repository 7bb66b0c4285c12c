"""When: an instant known only to an interval; a relative time keeps its anchor.

The grammar of a time, as a case file writes it::

    time     = side | side "/" side
    side     = date [spread] | anchor [("+" | "-") number unit] [spread]
    date     = [part " "] year "-" month | year "-" month "-" day | year
    part     = "early" (days 1-10) | "mid" (11-20) | "late" (21 to the end of the month)
    spread   = "+/-" number unit
    unit     = "d" | "wk" | "mo" (30.4375 d) | "a" (365.25 d)

A distance without a spread is taken to be right to half of its unit: 0.5 d, 3.5 d, 15 d for a
month, 182.625 d for a year. ``a/b`` runs from the first possible day of ``a`` to the last of ``b``.
"""

import calendar
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import final

from lymphocast.record.misread import Misread
from lymphocast.units import Quantity

TIME_FORMS = (
    "a time such as 2004-05-14, 2004-05, 2004, early 2004-02, 2004-10-01/2004-10-10, "
    "il2-stop or il2-stop + 6 mo"
)
IDENTIFIER = r"[a-z](?:[a-z0-9]|-(?=[a-z0-9]))*"
_NUMBER = r"[0-9]{1,7}(?:\.[0-9]{1,6})?"
_SPREAD = rf"(?:\s*(?:\+/-|\u00b1)\s*(?P<spread>{_NUMBER})\s*(?P<spread_unit>d|wk|mo|a))?"
_DATE = re.compile(
    r"(?:(?P<part>early|mid|late)\s+)?"
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?" + _SPREAD
)
_ANCHORED = re.compile(
    rf"(?P<anchor>{IDENTIFIER})"
    rf"(?:\s+(?P<sign>[+-])\s*(?P<number>{_NUMBER})\s*(?P<unit>d|wk|mo|a))?" + _SPREAD
)
TIME_PATTERN = (
    rf"^(?:(?:(?:early|mid|late)\s+)?[0-9]{{4}}(?:-[0-9]{{2}}){{0,2}}|{IDENTIFIER})"
    r"(?:\s.*|/.*)?$"
)
_HALF_UNIT: Mapping[str, float] = MappingProxyType(
    {"d": 0.5, "wk": 3.5, "mo": 15.0, "a": 0.5 * 365.25}
)
_PART_DAYS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"early": (1, 10), "mid": (11, 20), "late": (21, 31)}
)
_NO_ANCHORS: Mapping[str, "When"] = MappingProxyType({})


@final
@dataclass(frozen=True)
class When:
    """An instant between the start of ``earliest`` and the end of ``latest``.

    Parameters
    ----------
    earliest, latest
        First and last possible day, both included; for a relative time they are resolved
        through the anchor's own interval.
    anchor
        Identifier of the dated fact that this time hangs on, or ``None``.
    offset
        Nominal distance from the anchor in days (0 when there is no anchor).
    tolerance
        Half-width of the distance's own uncertainty in days (0 when there is no anchor).
    text
        The time as the case file writes it.
    """

    earliest: date
    latest: date
    anchor: str | None = None
    offset: float = 0.0
    tolerance: float = 0.0
    text: str = ""

    @property
    def midpoint(self) -> date:
        """The day in the middle of the interval (the earlier one of two)."""
        return self.earliest + (self.latest - self.earliest) // 2

    @property
    def days(self) -> int:
        """Number of possible days."""
        return (self.latest - self.earliest).days + 1

    @property
    def dates(self) -> str:
        """The interval in words, such as ``2004-05-01 to 2004-05-31``."""
        if self.earliest == self.latest:
            return str(self.earliest)
        return f"{self.earliest} to {self.latest}"

    def contains(self, day: date) -> bool:
        """Return whether the instant can lie on this day."""
        return self.earliest <= day <= self.latest

    def overlaps(self, other: "When") -> bool:
        """Return whether the two instants can fall on the same day."""
        return self.earliest <= other.latest and other.earliest <= self.latest


@final
@dataclass(frozen=True)
class Span:
    """Shortest and longest possible distance between two instants, in days."""

    shortest: float
    longest: float

    def contains(self, days: float) -> bool:
        """Return whether a distance is possible."""
        return self.shortest <= days <= self.longest

    def to(self, unit: str) -> tuple[float, float]:
        """Return both distances in another unit of time."""
        ends = (Quantity(self.shortest, "d").to(unit), Quantity(self.longest, "d").to(unit))
        return ends[0].value, ends[1].value


def days_between(first: When, second: When) -> Span:
    """Return the possible distances between two instants that are uncertain independently.

    Whole days are counted from day to day, so the distance from a day to itself is 0.
    """
    return Span(
        float((second.earliest - first.latest).days), float((second.latest - first.earliest).days)
    )


@final
@dataclass(frozen=True)
class DateText:
    """A time that stands on the calendar."""

    earliest: date
    latest: date


@final
@dataclass(frozen=True)
class AnchorText:
    """A time that hangs on a fact; ``offset`` and ``tolerance`` in days."""

    anchor: str
    offset: float
    tolerance: float


@final
@dataclass(frozen=True)
class RangeText:
    """From the first possible day of one time to the last possible day of another."""

    first: DateText | AnchorText
    last: DateText | AnchorText


TimeText = DateText | AnchorText | RangeText


@lru_cache(maxsize=4096)  # a record repeats its days, and each is read twice
def parse_time(text: str) -> TimeText:
    """Read the text of a time without resolving its anchors.

    Raises
    ------
    Misread
        If the text does not follow the grammar or names a day that does not exist.
    """
    sides = _sides(" ".join(text.split()))
    if len(sides) == 1:
        return _side(sides[0])
    if len(sides) == 2:
        return RangeText(_side(sides[0]), _side(sides[1]))
    raise Misread(found=_quoted(text), needed=TIME_FORMS)


def anchors_of(time: TimeText) -> tuple[str, ...]:
    """Return the identifiers of the facts that a time hangs on."""
    if isinstance(time, RangeText):
        return (*anchors_of(time.first), *anchors_of(time.last))
    return (time.anchor,) if isinstance(time, AnchorText) else ()


def resolve(time: TimeText, text: str, anchors: Mapping[str, When]) -> When:
    """Return the interval of a time whose anchors are all known.

    Raises
    ------
    Misread
        If an anchor is unknown, an interval ends before it begins, or a day leaves the calendar.
    """
    text = " ".join(text.split())
    if isinstance(time, DateText):
        return When(time.earliest, time.latest, text=text)
    if isinstance(time, AnchorText):
        earliest, latest = _days_of(time, anchors)
        return When(earliest, latest, time.anchor, time.offset, time.tolerance, text)
    earliest, latest = _days_of(time.first, anchors)[0], _days_of(time.last, anchors)[1]
    if latest < earliest:
        found = f"{_quoted(text)}, which ends on {latest} before it begins on {earliest}"
        raise Misread(found=found, needed="an interval that ends on or after its first day")
    return When(earliest, latest, text=text)


def parse_when(text: str, anchors: Mapping[str, When] = _NO_ANCHORS) -> When:
    """Read a time and resolve it through its anchors.

    Raises
    ------
    Misread
        As ``parse_time`` and ``resolve``.
    """
    return resolve(parse_time(text), text, anchors)


def moved(text: str, days: int, names: Mapping[str, str]) -> str:
    """Return a time moved by whole days, with its anchors renamed.

    A distance from an anchor stays as it is. A calendar time that is known to several days becomes
    the interval of those days, moved.

    Raises
    ------
    Misread
        If the text is no time, or a day leaves the calendar.
    """
    sides = _sides(" ".join(text.split()))
    ends = [_moved_days(_side(side), days) for side in sides]
    if len(sides) == 1 and ends[0] is not None:
        first, last = ends[0]
        return str(first) if first == last else f"{first}/{last}"
    told = [
        _renamed(side, names) if own is None else str(own[min(place, 1)])
        for place, (side, own) in enumerate(zip(sides, ends, strict=True))
    ]
    return "/".join(told)


def _moved_days(time: DateText | AnchorText, days: int) -> tuple[date, date] | None:
    """Return the first and last day of a calendar time, moved; ``None`` for an anchored one."""
    if isinstance(time, AnchorText):
        return None
    return _shifted(time.earliest, days), _shifted(time.latest, days)


def _renamed(side: str, names: Mapping[str, str]) -> str:
    """Return a distance from an anchor with the anchor's other name."""
    match = _ANCHORED.fullmatch(side)
    if match is None:
        raise Misread(found=_quoted(side), needed=TIME_FORMS)
    return names[match["anchor"]] + side[match.end("anchor") :]


def _quoted(text: str) -> str:
    """Quote a text, shortened if it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _sides(text: str) -> list[str]:
    """Split an interval at its slash, but not at the one in ``+/-``."""
    return [side.strip() for side in re.split(r"(?<!\+)/|/(?!-)", text)]


def _side(text: str) -> DateText | AnchorText:
    """Read one side of a time."""
    match = _DATE.fullmatch(text)
    if match is not None:
        return _calendar(match, text)
    match = _ANCHORED.fullmatch(text)
    if match is None:
        raise Misread(found=_quoted(text), needed=TIME_FORMS)
    offset, tolerance = 0.0, 0.0
    if match["number"] is not None:
        offset = _in_days(match["number"], match["unit"])
        offset = -offset if match["sign"] == "-" else offset
        tolerance = _HALF_UNIT[match["unit"]]
    if match["spread"] is not None:
        tolerance = _in_days(match["spread"], match["spread_unit"])
    return AnchorText(match["anchor"], offset, tolerance)


def _calendar(match: re.Match[str], text: str) -> DateText:
    """Return the days that a calendar text allows."""
    year, month, day = int(match["year"]), match["month"], match["day"]
    if match["part"] is not None and (month is None or day is not None):
        needed = f"'{match['part']}' before a year and a month, as in mid 2004-05"
        raise Misread(found=_quoted(text), needed=needed)
    try:
        if month is None:
            first, last = date(year, 1, 1), date(year, 12, 31)
        elif day is None:
            first, last = _days_of_month(year, int(month), match["part"])
        else:
            first = last = date(year, int(month), int(day))
    except ValueError as error:
        raise Misread(found=_quoted(text), needed=f"a day that exists ({error})") from None
    if match["spread"] is not None:
        spread = math.ceil(_in_days(match["spread"], match["spread_unit"]))
        first, last = _shifted(first, -spread), _shifted(last, spread)
    return DateText(first, last)


def _days_of_month(year: int, month: int, part: str | None) -> tuple[date, date]:
    """Return the first and last day of a month or of one of its thirds."""
    if not 1 <= month <= 12:
        message = "month must be in 1..12"
        raise ValueError(message)
    begin, end = _PART_DAYS[part] if part else (1, 31)
    length = calendar.monthrange(max(year, 1), month)[1]
    return date(year, month, begin), date(year, month, min(end, length))


def _in_days(number: str, unit: str) -> float:
    """Return a length of time in days."""
    return Quantity(float(number), unit).to("d").value


def _days_of(time: DateText | AnchorText, anchors: Mapping[str, When]) -> tuple[date, date]:
    """Return the first and last possible day of one side.

    An instant after the start of ``earliest`` shifted by 167.6 d falls on the 167th day after it
    at the earliest; one before the end of ``latest`` on the day found by rounding up.
    """
    if isinstance(time, DateText):
        return time.earliest, time.latest
    anchor = anchors.get(time.anchor)
    if anchor is None:
        raise Misread(
            found=f"the anchor '{time.anchor}'", needed="the id of a dated fact of this record"
        )
    return (
        _shifted(anchor.earliest, math.floor(time.offset - time.tolerance)),
        _shifted(anchor.latest, math.ceil(time.offset + time.tolerance)),
    )


def _shifted(day: date, days: int) -> date:
    """Return a day moved by whole days, inside the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise Misread(
            found=f"{day} moved by {days} d", needed="a day between the years 1 and 9999"
        ) from None
