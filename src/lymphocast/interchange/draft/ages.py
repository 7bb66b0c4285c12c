"""Ages: how old a person is, with the sex and ancestry printed beside it."""

import re
from dataclasses import dataclass
from typing import Final, final

from lymphocast.interchange.draft.lexicon import ANCESTRIES
from lymphocast.interchange.draft.numbers import find_numbers

_MALE: Final = "man|male|boy|gentleman"
_FEMALE: Final = "woman|female|girl|lady"
WHO: Final = (
    f"{_MALE}|{_FEMALE}|patient|infant|child|adult|person|individual|toddler|"
    f"neonate|adolescent|physician|farmer|nurse|student|worker|teacher|case|"
    f"immigrant|smoker|brother|sister|sibling|twin"
)
_NUMBER: Final = (
    r"(?:\d{1,3}(?:\.\d)?|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:-(?:one|two|three|four|five|six|seven|eight|nine))?|"
    r"(?:six|seven|eight|nine|four|five|thir|fif|eigh)teen|two|three|four|five|"
    r"six|seven|eight|nine|ten|eleven|twelve)"
)
_AGE = re.compile(
    rf"(?<![\w.])(?:(?P<n>{_NUMBER})[- ]?(?P<u>years?|yrs?|months?|weeks?|days?)[- ]olds?(?!\w)"
    rf"|(?P<n2>{_NUMBER})[- ]?(?:y/?o|y\.o\.|y-o)(?!\w)|(?P<n3>{_NUMBER})"
    rf" (?P<u3>years|months|weeks) of age|(?<=man, )(?P<n5>[1-9]\d)(?=,)"
    rf"|(?:at (?:the )?age(?: of)?|aged?(?: of)?|age:?) (?P<n4>{_NUMBER})"
    rf"(?: (?P<u4>years?|yrs?|months?))?(?!\w|\.\d|-))",
    re.IGNORECASE,
)


@final
@dataclass(frozen=True)
class Age:
    """An age where it stands, with the sex and ancestry printed beside it."""

    start: int
    end: int
    value: float
    unit: str
    introduces: bool
    sex: str | None = None
    ancestry: str | None = None
    stop: int = 0


def find_ages(text: str, start: int, end: int) -> tuple[Age, ...]:
    """Return the ages that a part of a normal text gives."""
    found = []
    for match in _AGE.finditer(text, start, end):
        words = next(match[g] for g in ("n", "n2", "n3", "n4", "n5") if match[g])
        number = find_numbers(words, 0, len(words), (), commas=False)
        unit = (match["u"] or match["u3"] or match["u4"] or "year").lower()
        code = {"y": "a", "m": "mo", "w": "wk", "d": "d"}[unit[0]]
        introduces = match["n5"] is not None or (
            match["n4"] is None and _article(text, start, match.start(), match.end(), end)
        )
        if match["n4"] is not None and match[0][:2].lower() != "at":
            introduces = (
                re.search(
                    r"\b(?:an?|our|one|elder|older|younger) [^.]{0,60}$",
                    text[start : match.start()],
                    re.I,
                )
                is not None
            )
        found.append(_described(text, match, number[0].value, code, introduces, end))
    return tuple(found)


_A = re.compile(r"\b(?:an?|our|another) $", re.I)
_THING = re.compile(  # "a 3-year-old lesion" is nobody
    r"[- ,]*(?:\w+ )?(?:history|study|trial|lesions?|graft|transplant|scar|fracture|specimens?|"
    r"samples?|data|cohort|children|patients|adults|men|women)\b",
    re.I,
)


def _article(text: str, start: int, begin: int, after: int, end: int) -> bool:
    """Return whether an age introduces a person: "a 39-year-old white man"."""
    noun = re.search(rf"\b(?:{WHO}) ?[,(] ?(?:aged )?$", text[max(start, begin - 40) : begin], re.I)
    named = _A.search(text[max(start, begin - 10) : begin]) and not _THING.match(text, after)
    if noun is not None or named:
        return True
    before = re.search(
        r"\b(?:an?|our|this|the|another|one|and|,|^)\s?(?:[\w/+-]+,? ){0,5}$",
        text[max(start, begin - 60) : begin],
        re.I,
    )
    follows = re.match(
        rf"[, ]*(?:[\w/+()-]+(?:, ?| )){{0,8}}?\b(?:{WHO})\b",
        text[after : min(end, after + 90)],
        re.I,
    )
    bare = re.match(r" (?:with|who|presented|was|had|developed)\b", text[after : after + 20], re.I)
    return (bool(follows) or bool(bare)) and (bool(before) or begin == start)


def _described(
    text: str, match: re.Match[str], value: float, unit: str, introduces: bool, end: int
) -> Age:
    after = text[match.end() : min(end, match.end() + 90)]
    before = text[max(0, match.start() - 30) : match.start()]
    sex = None
    stop = match.end()
    noun = re.search(rf"\b(?:(?P<m>{_MALE})|(?P<f>{_FEMALE}))\b", after, re.I)
    if noun is None:
        noun = re.search(rf"\b(?:(?P<m>{_MALE})|(?P<f>{_FEMALE}))\b[^.]{{0,20}}$", before, re.I)
    elif "," not in after[: noun.start()] or noun.start() < 40:
        stop = match.end() + noun.end()
    if noun is not None:
        sex = "male" if noun["m"] else "female"
    kind = re.search(
        rf"\b(?:{ANCESTRIES})\b",
        after[: noun.end()] if noun and stop > match.end() else after[:30],
        re.I,
    )
    if kind is None:
        origin = re.search(
            rf"\bof ({ANCESTRIES}) (?:origin|descent|ancestry|ethnicity)\b",
            text[match.end() : min(end, stop + 40)],
            re.I,
        )
        kind = re.search(ANCESTRIES, origin[1], re.I) if origin else None
    return Age(
        match.start(), match.end(), value, unit, introduces, sex, kind[0] if kind else None, stop
    )
