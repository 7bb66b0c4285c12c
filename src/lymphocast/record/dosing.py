"""Dosing as people write it: ``600 000 U daily``, ``11 MU weekly in three equal doses``.

The grammar, case-insensitive but for the unit::

    dosing   = amount rhythm [division] [cycle]
    amount   = number unit                          digits may be grouped by blanks, not commas
    rhythm   = "daily" | "twice a day" | "three times weekly" | "every other day" | "every 12 h"
             | "fortnightly" | "monthly" | "qd" | "bid" | "tid" | "qid" | "q12h" | "tiw" | "qw"
    division = ["divided"] ("in" | "into") number ["equal"] "doses"
    cycle    = "for 5 days every 8 weeks" | "5 days every 8 weeks" | "x5 d q8w"

"500 mg twice a day" is 500 mg at each of two times; "11 MU weekly in three equal doses" is 11 MU
altogether. A text that could be read both ways is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from lymphocast.errors import UnitError
from lymphocast.printed_units import ALIASES, plain_signs
from lymphocast.record.misread import Misread
from lymphocast.units import UNITS, Quantity, unit_named

NEEDED = (
    "a dose as in '600 000 U daily', '11 MU weekly in three equal doses', '500 mg twice a day' "
    "or '7.5 MIU twice a day for 5 days every 8 weeks'"
)


@final
@dataclass(frozen=True)
class Cycle:
    """Doses on the first ``days`` days of every ``every`` days."""

    days: float
    every: float


@final
@dataclass(frozen=True)
class WrittenDosing:
    """Total amount in each period of ``per`` days, in ``divided`` equal doses, perhaps cyclic."""

    amount: Quantity
    per: float
    divided: int = 1
    cycle: Cycle | None = None


_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_WORDS: Mapping[str, int] = MappingProxyType(
    {word: number for number, word in enumerate(_COUNTED, start=1)}
    | {"once": 1, "twice": 2, "thrice": 3, "other": 2, "second": 2, "third": 3}
)
_DAYS: Mapping[str, str] = MappingProxyType(
    {"h": "h", "hour": "h", "d": "d", "day": "d", "w": "wk", "wk": "wk", "week": "wk"}
    | {"month": "mo", "mo": "mo"}
)
_N = rf"(?:\d{{1,3}}|{'|'.join(_WORDS)})"
_UNIT = r"(?:hours?|h|days?|d|weeks?|wks?|w|months?|mo)"
_GROUPED = re.compile("([0-9]{1,3}(?: [0-9]{3})+|[0-9]+)((?:\\.[0-9]+)?)(?![0-9,])")
_DIVISION = re.compile(
    rf"(?:,|divided|split|given|\s)*\b(?:in|into)\s+({_N})\s+(?:equal\s+)?doses$"
)
_CYCLE = re.compile(
    rf"(?:,\s*|\bfor\s+|\bx\s?|\s)({_N})\s?({_UNIT}),?\s+(?:every\s+({_N})?\s*({_UNIT})"
    rf"|q({_N})\s?({_UNIT}))$"
)
_LATIN: Mapping[str, tuple[int, float]] = MappingProxyType(
    {
        "qd": (1, 1.0),
        "od": (1, 1.0),
        "bid": (2, 1.0),
        "bd": (2, 1.0),
        "tid": (3, 1.0),
        "tds": (3, 1.0),
        "qid": (4, 1.0),
        "qod": (1, 2.0),
        "qw": (1, 7.0),
        "biw": (2, 7.0),
        "tiw": (3, 7.0),
    }
)
_TIMES = re.compile(
    rf"(?:(?P<times>once|twice|thrice|{_N}\s+times)\s+)?"
    r"(?:(?:a|an|per|each|every)\s+|/\s*)?(?P<period>daily|day|d|weekly|week|wk|fortnightly"
    r"|fortnight|monthly|month|mo)"
)
_EVERY = re.compile(rf"(?:every|q)\s*(?P<n>{_N})\s*-?(?P<unit>{_UNIT})")
_PERIOD: Mapping[str, float] = MappingProxyType(
    {"d": 1.0, "day": 1.0, "daily": 1.0, "wk": 7.0, "week": 7.0, "weekly": 7.0}
    | {"fortnight": 14.0, "fortnightly": 14.0}
)
_UNITS = tuple(sorted({*UNITS, *ALIASES}, key=len, reverse=True))


def parse_dosing(text: str) -> WrittenDosing:
    """Read a dose as people write it.

    Raises
    ------
    Misread
        If the text does not follow the grammar, or can be read in two ways.
    """
    text = plain_signs(text)
    amount, rest = _amount(text)
    rest, cycle = _cycle(rest.lower().strip(" ,"))
    rest, doses = _division(rest)
    times, per = _rhythm(rest.strip(" ,").replace(".", ""), text)
    if doses is not None and times > 1:
        needed = "either how often a day or week, or into how many doses it is divided"
        raise Misread(found=f"'{text}', which can be read in two ways", needed=needed)
    total = Quantity(amount.value * times, amount.unit)
    return WrittenDosing(total, per, times if doses is None else doses, cycle)


def _amount(text: str) -> tuple[Quantity, str]:
    """Return the amount and what stands after it."""
    match = _GROUPED.match(text)
    if match is None:
        raise Misread(found=f"'{text}' (commas could be thousands or decimals)", needed=NEEDED)
    number = float(re.sub(r"\s", "", match[1]) + match[2])
    rest = text[match.end() :].lstrip()
    unit = _leading_unit(rest)
    if unit is None or not number > 0:
        raise Misread(found=f"'{text}'", needed=NEEDED)
    return Quantity(number, unit_named(unit).code), rest[len(unit) :]


def _leading_unit(text: str) -> str | None:
    """Return the longest known unit that a text begins with."""
    for unit in _UNITS:
        after = text[len(unit) : len(unit) + 1]
        if text.startswith(unit) and not after.isalnum() and after != "^":
            return unit
    word = text.split(" ", 1)[0]
    try:
        unit_named(word)
    except UnitError:
        return None
    return word


def _cycle(rest: str) -> tuple[str, Cycle | None]:
    """Split off a cycle."""
    match = _CYCLE.search(rest)
    if match is None:
        return rest, None
    on = _days(match[1], match[2])
    every = _days(match[3] or match[5] or "1", match[4] or match[6])
    if not on < every:
        raise Misread(found=f"'{match[0].strip()}'", needed="a cycle longer than its days of doses")
    return rest[: match.start()], Cycle(on, every)


def _division(rest: str) -> tuple[str, int | None]:
    """Split off a division into equal doses."""
    match = _DIVISION.search(rest)
    if match is None:
        return rest, None
    return rest[: match.start()], _number(match[1])


def _rhythm(rest: str, text: str) -> tuple[int, float]:
    """Return how many times in how many days."""
    if rest in _LATIN:
        return _LATIN[rest]
    match = _EVERY.fullmatch(rest)
    if match is not None:
        days = _days(match["n"], match["unit"])
        times = round(1.0 / days) if days < 1.0 else 1
        return (times, times * days)
    match = _TIMES.fullmatch(rest)
    if match is None:
        raise Misread(found=f"'{text}'", needed=NEEDED)
    times = _number(match["times"].split()[0]) if match["times"] else 1
    period = match["period"]
    return times, _PERIOD.get(period, Quantity(1.0, "mo").to("d").value)


def _number(word: str) -> int:
    """Return the number that a word or digits say."""
    return _WORDS[word] if word in _WORDS else int(word)


def _days(number: str, unit: str) -> float:
    """Return a length of time in days."""
    known = _DAYS[unit if unit in _DAYS else unit.removesuffix("s")]
    return Quantity(float(_number(number)), known).to("d").value
