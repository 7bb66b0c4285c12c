"""Lengths of time: 5 months, 6 and 9 months, two to three weeks, week 21."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from lymphocast.interchange.draft.numbers import Number
from lymphocast.units import number_text

_UNITS: Final = (
    ("h", r"hours?|hrs?|h"),
    ("d", r"days?|d"),
    ("wk", r"weeks?|wks?"),
    ("mo", r"months?|mos?\b\.?"),
    ("a", r"years?|yrs?"),
)
_UNIT = "|".join(f"(?P<{code}>{pattern})" for code, pattern in _UNITS)
_AFTER = re.compile(
    rf"[\s-]?(?:consecutive |full |more |additional |further )?(?:{_UNIT})(?!\w)'?s?", re.IGNORECASE
)
_FIRST = re.compile(
    rf"(?<!\w)(?:{_UNIT})s? (?P<n>\d{{1,4}})(?: ?(?:-|to) ?(?P<m>\d{{1,4}})"
    rf"|(?P<more>(?:, ?\d{{1,4}})*,? (?:and|&) \d{{1,4}}))?"
    rf"(?![\d.,]*\d|\s?(?:mg|ug|g|miu|mu|iu|u|cells|%|/|years?)\b)",
    re.IGNORECASE,
)
_ORDINALS: Final = {
    word: n
    for n, word in enumerate(
        re.split(
            " ",
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth",
        ),
        1,
    )
}
_NTH = re.compile(
    rf"(?<!\w)(?:(?P<n>\d{{1,3}})(?:st|nd|rd|th)|(?<=the )(?P<word>{'|'.join(_ORDINALS)})) "
    r"(?:hospital |postoperative |post-operative )?(?P<unit>day|week|month)(?!\w)",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    rf"(?<!\w)(?:an?|the next|the following) (?:{_UNIT})(?=,? (?:later|after|"
    rf"before|prior|earlier|ago|into|previously|following|history|of|course))"
    rf"(?! of age)",
    re.IGNORECASE,
)
_JOIN = re.compile(r"\s?(?P<join>-|to|or|and|,|, and|&)\s?", re.IGNORECASE)
_OLD = re.compile(r"[\s-]?(?:old\b|of age\b)", re.IGNORECASE)


@final
@dataclass(frozen=True)
class Duration:
    """A length of time, or several that share their unit, where they stand.

    Parameters
    ----------
    values
        In the order of the text; several for "6 and 9 months".
    unit
        ``h``, ``d``, ``wk``, ``mo`` or ``a``.
    high
        The upper end of a range ("two to three weeks").
    numbered
        Whether it counts from a beginning that is not named: "week 21".
    """

    start: int
    end: int
    values: tuple[float, ...]
    unit: str
    high: float | None = None
    numbered: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """Each length as a case file writes it."""
        return tuple(self.text_of(value) for value in self.values)

    def text_of(self, value: float) -> str:
        """Return one length as a case file writes it; hours as days."""
        if self.unit == "h":
            return f"{number_text(float(f'{value / 24:.6g}'))} d"
        return f"{number_text(value)} {self.unit}"


def find_durations(
    text: str, start: int, end: int, numbers: Sequence[Number], taken: Sequence[tuple[int, int]]
) -> tuple[Duration, ...]:
    """Return the lengths of time in one sentence.

    Parameters
    ----------
    text, start, end
        A normal text and the sentence in it.
    numbers
        The free numbers of the sentence, in order.
    taken
        Spans that hold no length of time: rhythms, ages.
    """
    found = [
        *_first(text, start, end, taken),
        *_articles(text, start, end),
        *_nth(text, start, end),
    ]
    used = [(d.start, d.end) for d in found]
    lengths: list[Duration] = []
    for i in reversed(range(len(numbers))):
        number = numbers[i]
        if number.value <= 0 or any(a < number.end and number.start < b for a, b in used):
            continue  # "0 months" is no length
        match = _AFTER.match(text, number.end, end)
        if match is not None and not _OLD.match(text, match.end()):
            unit = next(code for code, _ in _UNITS if match[code])
            lengths.append(Duration(number.start, match.end(), (number.value,), unit))
        elif lengths and i + 1 < len(numbers) and lengths[-1].start == numbers[i + 1].start:
            joined = _joined(text, number, lengths[-1])
            if joined is not None:
                lengths[-1] = joined
    return tuple(sorted((*found, *lengths), key=lambda d: d.start))


def _joined(text: str, number: Number, after: Duration) -> Duration | None:
    """Return a list or a range of lengths whose last member is already known."""
    match = _JOIN.fullmatch(text[number.end : after.start])
    if match is None or after.high is not None:
        return None
    if match["join"] in ("-", "to", "or") and len(after.values) == 1:
        return replace(after, start=number.start, values=(number.value,), high=after.values[0])
    return replace(after, start=number.start, values=(number.value, *after.values))


def _first(text: str, start: int, end: int, taken: Sequence[tuple[int, int]]) -> Iterator[Duration]:
    for match in _FIRST.finditer(text, start, end):
        if any(a < match.end() and match.start() < b for a, b in taken):
            continue
        unit = next(code for code, _ in _UNITS if match[code])
        more = re.findall(r"\d+", match["more"] or "")
        values = tuple(float(n) for n in (match["n"], *more))
        upto = float(match["m"]) if match["m"] else None
        yield Duration(*match.span(), values, unit, upto, numbered=True)


def _nth(text: str, start: int, end: int) -> Iterator[Duration]:
    for match in _NTH.finditer(text, start, end):
        unit = {"day": "d", "week": "wk", "month": "mo"}[match["unit"].lower()]
        number = float(match["n"] or _ORDINALS[match["word"].lower()])
        yield Duration(*match.span(), (number,), unit, None, numbered=True)


def _articles(text: str, start: int, end: int) -> Iterator[Duration]:
    for match in _ARTICLE.finditer(text, start, end):
        unit = next(code for code, _ in _UNITS if match[code])
        yield Duration(*match.span(), (1.0,), unit)
