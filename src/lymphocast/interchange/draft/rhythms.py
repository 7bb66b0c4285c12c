"""Rhythms: how often a dose is given, in how many parts, in which cycles."""

import re
from dataclasses import dataclass
from typing import Final, final

from lymphocast.interchange.draft.doubts import Doubt, either

_COUNT: Final = {
    "once": 1,
    "twice": 2,
    "thrice": 3,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_WORD = "one|two|three|four|five|six|seven|eight|nine|ten"
_N = rf"(?:\d{{1,2}}|{_WORD})"
_UNITS: Final = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}
_UNIT = r"(?:hours?|hrs?|h|days?|d|daily|weeks?|wks?|w|weekly|months?|monthly)(?!\w)"
_TIMES = re.compile(
    rf"(?<!\w)(?:(?P<word>once|twice|thrice)|(?:(?P<less>{_N}) ?(?:or|to|-) ?)"
    rf"?(?P<n>{_N})(?: ?x| times?| doses?| injections?))"
    rf"(?:[- ]?(?:a|an|per|each|every|/|in a|during each)[- ]?|[- ])(?P<unit>{_UNIT})",
    re.IGNORECASE,
)
_EVERY = re.compile(
    rf"(?<!\w)(?:every|each|q\.?) ?(?:(?P<other>other|second|alternate|third)[- ])"
    rf"?(?P<n>{_N}(?: ?(?:-|to) ?{_N})?)?[- ]?(?P<unit>{_UNIT})",
    re.IGNORECASE,
)
_ALTERNATE = re.compile(r"(?<!\w)(?:on )?alternate[- ]days?(?!\w)", re.IGNORECASE)
_LATIN: Final = (
    (re.compile(r"(?<![\w.])(?:b\.?i\.?d\.?|b\.d\.|bd)(?!\w)", re.IGNORECASE), 2),
    (re.compile(r"(?<![\w.])(?:t\.?i\.?d\.?|t\.d\.s\.)(?!\w)", re.IGNORECASE), 3),
    (re.compile(r"(?<![\w.])(?:q\.?i\.?d\.?)(?!\w)", re.IGNORECASE), 4),
    (re.compile(r"(?<![\w.])(?:q\.?d\.?|o\.d\.|q\.?h\.?s\.?)(?!\w)", re.IGNORECASE), 1),
)
_PLAIN: Final = (
    (
        re.compile(
            r"(?<!\w)(?:once[- ])?(?:daily|nightly)(?!\w)|(?<!\w)(?:per|a|each|/) ?(?:day|d)(?!\w)",
            re.IGNORECASE,
        ),
        1.0,
    ),
    (
        re.compile(
            r"(?<!\w)(?:once[- ])?weekly(?!\w)|(?<!\w)(?:per|a|each|/) ?(?:week|wk)(?!\w)",
            re.IGNORECASE,
        ),
        7.0,
    ),
    (
        re.compile(
            r"(?<!\w)(?:once[- ])?monthly(?!\w)|(?<!\w)(?:per|a|each|/) ?month(?!\w)", re.IGNORECASE
        ),
        30.4375,
    ),
    (re.compile(r"(?<!\w)fortnightly(?!\w)", re.IGNORECASE), 14.0),
)
_TWO_READINGS = re.compile(r"(?<!\w)(bi|tri)-?(weekly|monthly)(?!\w)", re.IGNORECASE)
_SINGLE = re.compile(
    r"(?<!\w)(?:a |one )?single[- ](?:\w+[- ]){0,2}?(?:dose|injection|infusion)|"
    r"(?<!\w)one dose(?!\w)",
    re.IGNORECASE,
)
_DIVIDED = re.compile(
    rf"(?<!\w)(?:divided |given |split |administered )?(?:in(?:to)?|over|as)"
    rf" (?P<n>{_N}) (?:equal |equally |separate )?(?:divided )?(?:doses|injections|"
    rf"parts|fractions|administrations)"
    rf"|(?<!\w)(?P<m>{_N}) (?:equal |equally )?divided doses",
    re.IGNORECASE,
)
_CYCLE = re.compile(
    rf"(?<!\w)(?:for |x ?|on |over )?(?P<on>{_N})(?: consecutive)"
    rf"?[- ]d(?:ays?)?(?: cycles?| courses?| infusions?| each)?,?"
    rf"(?: of treatment)?,? (?:every|each|at intervals of|repeated every|of every|"
    rf"per|an?) (?P<n>{_N})?[- ]?(?P<unit>days?|weeks?|months?)(?:ly)?(?!\w)"
    rf"|(?<!\w)monthly (?P<on2>{_N})-day cycles",
    re.IGNORECASE,
)
_CYCLES_OF = re.compile(
    rf"(?<!\w)(?P<cycle>(?P<on>{_N})-day (?:cycles|courses))\b(?:[^.;]|\.(?=\d)){{0,90}}?"
    rf"\b(?P<tail>(?:repeated )?(?:every|at intervals of) (?:(?P<n>{_N})[- ])?"
    r"(?P<unit>weeks?|months?))(?!\w)",
    re.IGNORECASE,
)


@final
@dataclass(frozen=True)
class Rhythm:
    """How often: ``times`` doses in each period of ``per`` days.

    ``asks`` says why it is ambiguous; ``single`` is one dose and no more.
    """

    start: int
    end: int
    per: float
    times: int = 1
    asks: Doubt | None = None
    single: bool = False


@final
@dataclass(frozen=True)
class Divided:
    """In how many equal doses a stated total is given."""

    start: int
    end: int
    doses: int


@final
@dataclass(frozen=True)
class Cycle:
    """Days of treatment at the beginning of each period of ``every`` days.

    ``tail`` is where the period stands if the dose stands in between: "5-day cycles of 4.5 MIU
    every 8 weeks".
    """

    start: int
    end: int
    days: int
    every: float
    tail: tuple[int, int] | None = None


@final
@dataclass(frozen=True)
class Rhythms:
    """All of one sentence."""

    often: tuple[Rhythm, ...]
    divided: tuple[Divided, ...]
    cycles: tuple[Cycle, ...]

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Where they stand."""
        found: tuple[Rhythm | Divided | Cycle, ...] = (*self.often, *self.divided, *self.cycles)
        tails = (c.tail for c in self.cycles if c.tail is not None)
        return (*((r.start, r.end) for r in found), *tails)


def find_rhythms(text: str, start: int, end: int) -> Rhythms:
    """Return the rhythms of a part of a normal text, none inside another."""
    divided = tuple(
        Divided(*m.span(), _number(m["n"] or m["m"])) for m in _DIVIDED.finditer(text, start, end)
    )
    on_off = [m for m in _CYCLE.finditer(text, start, end) if not _weekly(m)]
    cycles = tuple(
        Cycle(
            *m.span(),
            _number(m["on"] or m["on2"]),
            _period(m),
        )
        for m in on_off
    )
    cycles += tuple(
        Cycle(
            *m.span("cycle"),
            _number(m["on"]),
            _period(m),
            m.span("tail"),
        )
        for m in _CYCLES_OF.finditer(text, start, end)
        if all(m.end() <= c.start or c.end <= m.start() for c in cycles)
    )
    spans = [*((d.start, d.end) for d in divided), *((c.start, c.end) for c in cycles)]
    spans += [c.tail for c in cycles if c.tail is not None]
    found: list[Rhythm] = []
    for rhythm in _candidates(text, start, end):
        span = (rhythm.start, rhythm.end)
        if all(span[1] <= a or b <= span[0] for a, b in spans):
            spans.append(span)
            found.append(rhythm)
    return Rhythms(tuple(sorted(found, key=lambda r: r.start)), divided, cycles)


def _period(match: re.Match[str]) -> float:
    """Return the days from the beginning of one cycle to that of the next."""
    return _number(match["n"] or "one") * _days(match["unit"] or "month")


def _weekly(match: re.Match[str]) -> bool:
    """Return whether "five days per week" is a rhythm, not a cycle."""
    return not match["n"] and (match["unit"] or "").lower() == "week"


def _candidates(text: str, start: int, end: int) -> list[Rhythm]:
    found = [
        Rhythm(*m.span(), _days(m["unit"]), _number(m["word"] or m["n"]), _how_many(m))
        for m in _TIMES.finditer(text, start, end)
    ]
    found += [
        Rhythm(*m.span(), 7.0, _number(m["on"]))
        for m in _CYCLE.finditer(text, start, end)
        if _weekly(m)
    ]
    found += [_every(m) for m in _EVERY.finditer(text, start, end)]
    found += [Rhythm(*m.span(), 2.0) for m in _ALTERNATE.finditer(text, start, end)]
    found += [
        Rhythm(*m.span(), 1.0, times)
        for pattern, times in _LATIN
        for m in pattern.finditer(text, start, end)
    ]
    found += [
        Rhythm(*m.span(), 7.0 if m[2].lower() == "weekly" else 30.4375, asks=_either(m))
        for m in _TWO_READINGS.finditer(text, start, end)
    ]
    found += [
        Rhythm(*m.span(), per)
        for pattern, per in _PLAIN
        for m in pattern.finditer(text, start, end)
    ]
    found += [Rhythm(*m.span(), 1.0, single=True) for m in _SINGLE.finditer(text, start, end)]
    return found


def _how_many(match: re.Match[str]) -> Doubt | None:
    return Doubt(f"'{match[0]}': how many times?") if match["less"] else None


def _either(match: re.Match[str]) -> Doubt:
    number, unit = ("two", "three")[match[1].lower() == "tri"], match[2].lower().removesuffix("ly")
    return either(f"'{match[0]}': ", f"{number} times a {unit}", f"every {number} {unit}s")


def _every(match: re.Match[str]) -> Rhythm:
    days = _days(match["unit"])
    asks = None
    if match["other"]:
        days *= 3 if match["other"].lower() == "third" else 2
    elif match["n"]:
        ends = [_number(n) for n in re.findall(rf"\d+|{_WORD}", match["n"].lower())]
        days *= ends[0]
        asks = Doubt(f"'{match[0]}': which interval?") if len(ends) > 1 else None
    if days < 1.0 and days > 0:
        return Rhythm(*match.span(), 1.0, round(1.0 / days), asks)
    return Rhythm(*match.span(), days, 1, asks)


def _days(unit: str) -> float:
    unit = unit.lower()
    if unit.startswith("da") or unit == "d":
        return 1.0
    return next(days for name, days in _UNITS.items() if name[0] == unit[0])


def _number(text: str) -> int:
    return _COUNT.get(text.lower(), 0) or int(text)
