"""Dates as authors print them, written as case files write them and no more exactly."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, final

from lymphocast.interchange.draft.doubts import Doubt, either

_MONTHS: Final = {name.lower()[:3]: n for n, name in enumerate(calendar.month_name) if name}
_MONTH = (
    r"(?<!\w)(?:January|February|March|April|May|June|July|August|September|"
    r"October|November|December|"
    r"Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)(?!\w)"
)
_YEAR = r"(?:19[5-9]\d|20[0-4]\d)"
_PART = (
    r"(?:(?<!\w)(?P<part>early|mid(?:dle)?|late|the beginning of|beginning of|the end of|end of|"
    r"the middle of)[- ](?:of )?)?"
)
_NOT_A_UNIT = (
    r"(?!\s?(?:cells?\b|mg\b|ug\b|/|iu\b|u\b|units?\b|copies|%|ml\b|g\b|x\b))(?![\d.,]\d|\w)"
)
_FORMS: Final = (
    rf"(?P<y>{_YEAR})-(?P<m>[01]\d)-(?P<d>[0-3]\d)(?!\d)",
    rf"(?<![\d-])(?P<d1>\d{{1,2}})(?:, ?\d{{1,2}})*,? ?(?:-|to|and) ?(?P<d>\d{{1,2}})"
    rf" (?P<month>{_MONTH}),? (?P<y>{_YEAR})\b",
    rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month>{_MONTH}),? (?:of )?(?P<y>{_YEAR})\b",
    rf"(?P<month>{_MONTH}) (?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y>{_YEAR})\b",
    rf"{_PART}(?P<month>{_MONTH}) ?(?:-|to|through|until) ?(?P<month2>{_MONTH})"
    rf",? (?:of )?(?P<y>{_YEAR})\b",
    rf"(?<=between ){_PART}(?P<month>{_MONTH}) and (?P<month2>{_MONTH}),? (?:of )?(?P<y>{_YEAR})\b",
    rf"(?<=between )(?P<month>{_MONTH}) (?P<y0>{_YEAR}) and (?P<month2>{_MONTH}) (?P<y>{_YEAR})\b",
    rf"{_PART}(?P<month>{_MONTH}),? (?:of )?(?:the year )?(?P<y>{_YEAR})\b",
    rf"(?<=between )(?P<y0>{_YEAR}) and (?P<y>{_YEAR})(?![\d.,]\d|\w)",
    rf"(?P<a>\d{{1,2}})[./](?P<b>\d{{1,2}})[./](?P<y>{_YEAR})\b",
    r"(?P<part>early|mid|late) (?:(?:january|february|march|april|may|june|july|"
    r"august|september|october|november|december))\b(?! \d)",
    rf"(?:\b(?:in|since|by|from|until|till|during|of|year|after|before|between|and|"
    rf"to|spring|summer|autumn|fall|winter)(?: of)? |\b(?P<part>early|mid|late|"
    rf"the beginning of|the end of|end of)[- ]|(?<=\d-))(?P<y>{_YEAR}){_NOT_A_UNIT}",
)
_PATTERNS: Final = tuple(
    re.compile(form, 0 if "early|mid|late) (?:(?:" in form else re.IGNORECASE) for form in _FORMS
)
_BARE_MONTH = re.compile(
    r"\b(?:in|by|since|until|from|during|between|and|to|of)\s(?:(?P<part>early|mid|late)[- ])?"
    r"(?P<month>January|February|March|April|May|June|July|August|September|"
    r"October|November|December)\b"
    r"(?!,? (?:of )?\d)(?! [a-z]+ed\b)"
)
_DAY_MONTH = re.compile(
    rf"(?<![\d.,/-])(?:(?P<d>[0-3]?\d) (?P<month>{_MONTH})|(?P<month2>{_MONTH}) (?P<d2>[0-3]?\d))"
    rf"(?![\d.,]\d|\w|,? (?:of )?{_YEAR}|\s?(?:cells?|mg|/))"
)
_WORDS: Final = {
    "early": "early",
    "the beginning of": "early",
    "beginning of": "early",
    "mid": "mid",
    "middle": "mid",
    "the middle of": "mid",
    "late": "late",
    "the end of": "late",
    "end of": "late",
}
_THIRDS: Final = {"early": (1, 4), "mid": (5, 8), "late": (9, 12)}


@final
@dataclass(frozen=True)
class Dated:
    """A date where it stands.

    Parameters
    ----------
    text
        As a case file writes it: ``early 2004-02``; without its year if that is not stated.
    asks
        Why it is ambiguous, or nothing.
    note
        What was decided to read it.
    """

    start: int
    end: int
    text: str
    year: int | None
    asks: Doubt | None = None
    note: str = ""


def find_dates(text: str, start: int, end: int) -> tuple[Dated, ...]:
    """Return the dates of a part of a normal text, in order, none inside another."""
    found: list[Dated] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text, start, end):
            dated = _dated(match)
            if dated is not None and all(
                dated.end <= other.start or other.end <= dated.start for other in found
            ):
                found.append(dated)
    for match in _DAY_MONTH.finditer(text, start, end):
        if all(match.end() <= other.start or other.end <= match.start() for other in found):
            month = _MONTHS[(match["month"] or match["month2"]).lower()[:3]]
            day = int(match["d"] or match["d2"])
            found.append(Dated(*match.span(), f"-{month:02}-{day:02}", None))
    for match in _BARE_MONTH.finditer(text, start, end):
        if all(match.end() <= other.start or other.end <= match.start() for other in found):
            found.append(_month_alone(match))
    return tuple(_carried(sorted(found, key=lambda d: d.start)))


def _dated(match: re.Match[str]) -> Dated | None:
    groups = match.groupdict()
    if "y" not in groups:
        return _month_alone(match)
    year = int(match["y"])
    begin = match.start("y") if set(groups) <= {"y", "part"} else match.start()
    if groups.get("part"):
        begin = match.start("part")
    if "a" in groups:
        return _slashed(match, year)
    if "y0" in groups:
        first, last = (f"-{_MONTHS[m.lower()[:3]]:02}" if m else "" for m in _both(groups))
        text = f"{match['y0']}{first}/{year}{last}"
        return Dated(match.start(), match.end(), text, year)
    month = _month_of(groups)
    part = _WORDS.get((groups.get("part") or "").lower(), "")
    if month is None:
        return Dated(begin, match.end(), _year(year, part), year)
    text = _day_or_month(groups, year, month, part)
    return Dated(begin, match.end(), text, year) if text else None


def _both(groups: dict[str, str | None]) -> tuple[str | None, str | None]:
    """Return the months at both ends of a span of years, if they are printed."""
    return groups.get("month"), groups.get("month2")


def _day_or_month(groups: dict[str, str | None], year: int, month: int, part: str) -> str:
    """Return a day, a range of days or months, or a month; nothing if it does not exist."""
    try:
        if groups.get("d"):
            text = date(year, month, int(groups["d"] or 0)).isoformat()
            first = groups.get("d1")
            return f"{date(year, month, int(first)).isoformat()}/{text}" if first else text
    except ValueError:
        return ""
    if groups.get("month2"):
        last = _MONTHS[(groups["month2"] or "").lower()[:3]]
        return f"{year}-{month:02}/{year}-{last:02}" if month <= last else ""
    return f"{part} {year}-{month:02}".strip()


def _month_of(groups: dict[str, str | None]) -> int | None:
    if groups.get("m"):
        month = int(groups["m"] or 0)
        return month if 1 <= month <= 12 else None
    name = groups.get("month")
    return _MONTHS[name.lower()[:3]] if name else None


def _year(year: int, part: str) -> str:
    if not part:
        return str(year)
    first, last = _THIRDS[part]
    return f"{year}-{first:02}/{year}-{last:02}"


def _slashed(match: re.Match[str], year: int) -> Dated | None:
    """Return a date of three numbers; day and month are told apart only above twelve."""
    a, b = int(match["a"]), int(match["b"])
    try:
        readings = {date(year, m, d) for d, m in ((a, b), (b, a)) if m <= 12}
    except ValueError:
        readings = {date(year, m, d) for d, m in ((a, b), (b, a)) if m <= 12 and d <= 28}
    if not readings:
        return None
    first = min(readings)
    if len(readings) == 1:
        return Dated(match.start(), match.end(), first.isoformat(), year)
    doubt = either(f"'{match[0]}': is it ", *sorted(day.isoformat() for day in readings))
    return Dated(match.start(), match.end(), str(year), year, doubt)


def _month_alone(match: re.Match[str]) -> Dated:
    words = match[0].split()
    name = match.groupdict().get("month") or words[-1]
    part = _WORDS.get((match.groupdict().get("part") or "").lower(), "")
    begin = match.start() + match[0].index(name if not part else match["part"])
    return Dated(begin, match.end(), f"{part} -{_MONTHS[name.lower()[:3]]:02}".strip(), None)


def _carried(found: list[Dated]) -> Iterator[Dated]:
    """Give a month without a year that of the next date of the same sentence, if there is one."""
    for i, dated in enumerate(found):
        if dated.year is not None:
            yield dated
            continue
        later = next((d for d in found[i + 1 :] if d.year is not None), None)
        earlier = next((d for d in reversed(found[:i]) if d.year is not None), None)
        source = later or earlier
        part, _, rest = dated.text.partition("-")
        if source is None:
            month = calendar.month_name[int(rest[:2])]
            yield replace(dated, asks=Doubt(f"{month}: of which year?"))
            continue
        year = (source.year or 0) - (later is not None and _month(later) < int(rest[:2]))
        note = "the year is that of the date beside it, or the one before"
        yield replace(dated, text=f"{part}{year}-{rest}", year=year, note=note)


def _month(dated: Dated) -> int:
    """Return the month of a date, December if it has none."""
    found = re.search(r"\d{4}-(\d\d)", dated.text)
    return int(found[1]) if found else 12
