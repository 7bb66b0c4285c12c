"""Numbers as authors print them: 600,000; 600 000; 0,5; 4.5 x 10(9); eleven million.

A point or comma before exactly three digits is a grouping mark in one half of the world and a
decimal mark in the other. A comma is read as grouping (1,200), a point as decimal, unless the page
itself writes decimals with commas; the other reading is kept, so that it can be asked for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

_ONES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: Final = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES: Final = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_SMALL_WORDS: Final = {
    **{word: n for n, word in enumerate((*_ONES, *_TEENS), 1)},
    **{word: 10 * n for n, word in enumerate(_TENS, 2)},
}
_FRACTIONS: Final = {"\u00bd": 0.5, "\u00bc": 0.25, "\u00be": 0.75}

_one = "|".join(_ONES)
_small = rf"(?:(?:{'|'.join(_TENS)})(?:[- ](?:{_one}))?|{'|'.join(_TEENS)}|{_one})"
_base = rf"(?:(?:{_small}|a) hundred(?: (?:and )?{_small})?|{_small})"
_big = rf"(?:{_base}|a)[- ](?:thousand|million|billion)(?: (?:and )?{_base})?"
_WORDS = re.compile(rf"\b(?:{_big}|{_base})(?P<half> and a half)?\b", re.IGNORECASE)
_PLAIN = (
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d{1,3}(?: \d{3})* \d00(?!\d)|\d+(?:[.,]\d+)?|\.\d+"
)
_POWER = (
    r"\s?(?:x|\*)?\s?10\s?(?:\(\s?(?P<e1>\d{1,2})\s?\)|(?:\^|\*\*?)\s?\(?(?P<e2>\d{1,2})\)?)"
    r"|\s?(?:x|\*)\s?10(?P<e3>[3-9]|1[0-2])(?!\d)|e\+?(?P<e4>\d{1,2})(?!\w)"
)
_DIGITS = re.compile(
    rf"(?<![\w.,])(?P<plain>{_PLAIN})(?:(?P<power>{_POWER})|\s?(?P<fraction>[\u00bd\u00bc\u00be])"
    rf"|(?P<half> and a half))?(?:[\s-](?P<scale>hundred|thousand|million|billion)\b)?",
    re.IGNORECASE,
)
_POWER_ALONE = re.compile(r"(?<![\w.,])10\s?(?:\(\s?(\d{1,2})\s?\)|\^\s?(\d{1,2}))")
_FRACTION_ALONE = re.compile(r"(?<![\w.,])[\u00bd\u00bc\u00be]")
_COMMA_DECIMAL = re.compile(r"(?<![\d,.])\d+,\d{1,2}(?![\d,]| and| or)")
_EITHER = re.compile(r"[1-9]\d{0,2}\.\d{3}")


@final
@dataclass(frozen=True)
class Number:
    """A number where it stands.

    Parameters
    ----------
    value
        Its value; ``mantissa`` and ``exponent`` are kept apart where it is printed with a power.
    other
        The value in the other reading of its grouping mark; ``None`` if there is only one.
    word
        Whether it is spelt out.
    """

    start: int
    end: int
    value: float
    mantissa: float
    exponent: int = 0
    other: float | None = None
    word: bool = False


def writes_decimal_commas(text: str) -> bool:
    """Return whether a page writes decimals with commas."""
    return _COMMA_DECIMAL.search(text) is not None


def find_numbers(
    text: str, start: int, end: int, taken: Sequence[tuple[int, int]], commas: bool
) -> tuple[Number, ...]:
    """Return the numbers of a normal text that stand outside the spans already taken, in order.

    Parameters
    ----------
    text, start, end
        A normal text and the part of it to read.
    taken
        Spans that hold no free number: names such as CD4, dates, references.
    commas
        Whether the page writes decimals with commas.
    """
    read = [*_digits(text, start, end, commas), *_spelt(text, start, end)]
    spans, found = list(taken), []
    for number in sorted(read, key=lambda n: n.start - n.end):  # the longest first
        span = (number.start, number.end)
        if not any(overlap(span, other) for other in spans):
            spans.append(span)
            found.append(number)
    return tuple(sorted(found, key=lambda n: n.start))


def overlap(one: tuple[int, int], two: tuple[int, int]) -> bool:
    """Return whether two spans share a character."""
    return one[0] < two[1] and two[0] < one[1]


def _digits(text: str, start: int, end: int, commas: bool) -> Iterator[Number]:
    for match in _DIGITS.finditer(text, start, end):
        mantissa, other = _value(match["plain"], commas)
        exponent = next((int(match[e]) for e in ("e1", "e2", "e3", "e4") if match[e]), 0)
        if match["fraction"]:
            mantissa += _FRACTIONS[match["fraction"]]
        if match["half"]:
            mantissa += 0.5
        scale = _SCALES[match["scale"].lower()] if match["scale"] else 1.0
        value = float(f"{mantissa!r}e{exponent}") if exponent else mantissa
        if value < 1e15:  # longer rows of digits are identifiers
            yield Number(*match.span(), value * scale, mantissa, exponent, other)
    for match in _POWER_ALONE.finditer(text, start, end):
        exponent = int(match[1] or match[2])
        if text[max(start, match.start() - 2) : match.start()].strip() not in ("x", "*"):
            yield Number(*match.span(), 10.0**exponent, 1.0, exponent)
    for match in _FRACTION_ALONE.finditer(text, start, end):
        half = _FRACTIONS[match[0]]
        yield Number(*match.span(), half, half)


def _value(plain: str, commas: bool) -> tuple[float, float | None]:
    """Return the value of digits with their marks, and the other reading if there is one."""
    plain = plain.replace(" ", "")
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain) and not plain.startswith("0"):
        grouped = float(plain.replace(",", ""))
        single = plain.count(",") == 1 and "." not in plain
        decimal = float(plain.replace(",", ".")) if single and commas else None
        return grouped, decimal
    if _EITHER.fullmatch(plain):
        decimal, grouped = float(plain), float(plain.replace(".", ""))
        return (grouped, None) if commas else (decimal, grouped)
    return float(plain.replace(",", ".")), None


def _spelt(text: str, start: int, end: int) -> Iterator[Number]:
    for match in _WORDS.finditer(text, start, end):
        value = _spelt_value(match[0].lower().replace("-", " ").split())
        yield Number(*match.span(), value, value, word=True)


def _spelt_value(words: Sequence[str]) -> float:
    total, current = 0.0, 0.0
    for word in words:
        if word in _SMALL_WORDS:
            current += _SMALL_WORDS[word]
        elif word == "half":
            return total + current + 0.5
        elif word == "hundred":
            current = max(current, 1.0) * _SCALES[word]
        elif word in _SCALES:
            total += max(current, 1.0) * _SCALES[word]
            current = 0.0
    return total + current
