"""How numbers, dates and units are written in sentences and tables.

One place decides the precision of every number that a reader sees. Values are rounded here and
nowhere else; nothing is computed.
"""

import re
from datetime import date
from math import floor, log10
from typing import Final

from lymphocast.forecast.results import Interval
from lymphocast.record.when import When
from lymphocast.units import Quantity

COUNT_UNIT: Final = "cells/µL"
MINUS: Final = "\N{MINUS SIGN}"
NEGATIVE: Final = re.compile(r"(?<![\w)])-(?=\d)")
NO_BREAK: Final = "\N{NO-BREAK SPACE}"
UNIT_WORDS: Final = {
    "/uL": COUNT_UNIT,
    "[arb'U]": "units",
    "M[arb'U]": "million units",
    "[IU]": "IU",
    "M[IU]": "million IU",
    "a": "years",
    "mo": "months",
    "wk": "weeks",
    "d": "days",
    "/d": "per day",
    "1": "",
}
COURSE_WORDS: Final = {
    "stable": "stable count",
    "recovery": "recovery by itself",
    "infection": "infection had lowered the count",
}
FACTUAL: Final = "factual"
WITHOUT_IL2: Final = "without-il2"
WITHOUT_ANTIBIOTIC: Final = "without-clarithromycin"
NOT_ASKED: Final = "not asked"
"""The answer to a question to which no fact of the record can speak."""
SCENARIO_WORDS: Final = {
    FACTUAL: "as treated",
    WITHOUT_IL2: "without IL-2",
    WITHOUT_ANTIBIOTIC: "without clarithromycin",
    "without-both": "without both drugs",
}
ORIGIN_WORDS: Final = {
    "last-count": "the last count",
    "il2-stop": "the end of IL-2",
}
OCCASION_WORDS: Final = {
    "first-culture": "the first recorded culture",
    "antibiotic-stop": "the end of the antibiotic",
    "il2-stop": "the end of IL-2",
    "last-count": "the last count",
    "last-count+1y": "one year after the last count",
    "last-count+2y": "two years after the last count",
}
METHOD_WORDS: Final = {
    "is": "importance sampling",
    "smc": "adaptive tempered sequential Monte Carlo",
}
SMALL_WORDS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def probability(p: float) -> str:
    """Return a probability with two digits, never as 0 or 1: ``0.62``, ``less than 0.01``."""
    return short_probability(p).replace("<", "less than ").replace(">", "more than ")


def short_probability(p: float) -> str:
    """Return a probability for a table cell: ``0.62``, ``<0.01``, ``>0.99``."""
    if p < 0.01:
        return "<0.01"
    if p > 0.99:
        return ">0.99"
    return f"{p:.2f}"


def weight(p: float) -> str:
    """Return a prior or posterior weight for a table cell; an exact 0 or 1 is a choice, shown."""
    return f"{p:.0f}" if p in (0.0, 1.0) else short_probability(p)


def probability_range(lowest: float, highest: float) -> str:
    """Return a range of probabilities for a table cell."""
    low, high = short_probability(lowest), short_probability(highest)
    return low if low == high else f"{low} to {high}"


def signed(text: str) -> str:
    """Return a formatted number with a typographic minus sign, and no sign before a zero."""
    return text.lstrip("-") if not text.strip("-0.") else text.replace("-", MINUS)


def count(x: float) -> str:
    """Return a computed count: to the cell below 100, to 5 below 1000, to 10 above."""
    size = abs(x)
    step = 1 if size < 100 else 5 if size < 1000 else 10
    return signed(f"{step * round(x / step):d}")


def count_interval(interval: Interval) -> str:
    """Return a median count and its 90 % interval for a table cell."""
    low, middle, high = (count(x) for x in (interval.p05, interval.p50, interval.p95))
    return _interval(low, middle, high)


def count_sentence(interval: Interval) -> str:
    """Return a median count and its 90 % interval for a sentence."""
    low, middle, high = (count(x) for x in (interval.p05, interval.p50, interval.p95))
    return f"{middle} {COUNT_UNIT} (90 % interval {low} to {high})"


def number(x: float, digits: int = 3) -> str:
    """Return a number to ``digits`` significant digits, without an exponent where it reads."""
    if x == 0:
        return "0"
    magnitude = floor(log10(abs(x)))
    if magnitude < -4 or magnitude > 6:
        return signed(f"{x:.{digits - 1}e}")
    rounded = round(x, digits - 1 - magnitude)
    return signed(f"{rounded:.{max(0, digits - 1 - magnitude)}f}")


def number_interval(interval: Interval) -> str:
    """Return the median and 90 % interval of a parameter for a table cell."""
    low, middle, high = (number(x) for x in (interval.p05, interval.p50, interval.p95))
    return _interval(low, middle, high)


def _interval(low: str, middle: str, high: str) -> str:
    return f"{middle} ({low}{NO_BREAK}to{NO_BREAK}{high})"


def log_value(x: float) -> str:
    """Return a logarithm with two decimals."""
    return signed(f"{x:.2f}")


def percent(x: float) -> str:
    """Return a change in per cent with its sign."""
    return signed(f"{x:+.0f}") + f"{NO_BREAK}%"


def with_error(x: float, se: float) -> str:
    """Return a log evidence with its Monte Carlo standard error."""
    error = "<0.01" if 0 < se < 0.005 else f"{se:.2f}"
    return f"{log_value(x)} ± {error}"


def stated(value: float) -> str:
    """Return a recorded value as the source gives it."""
    return f"{value:,.10g}"


def counted(value: float, *, below: bool) -> str:
    """Return a recorded count, or the limit below which it was reported."""
    return f"below {stated(value)}" if below else stated(value)


def quantity(q: Quantity) -> str:
    """Return a recorded quantity with its unit in words."""
    unit = UNIT_WORDS.get(q.unit, q.unit)
    return f"{stated(q.value)}{NO_BREAK}{unit}" if unit else stated(q.value)


def unit(code: str) -> str:
    """Return a UCUM unit as a reader expects it."""
    return UNIT_WORDS.get(code, code)


def day(d: date) -> str:
    """Return a calendar day: ``5 October 2004``."""
    return f"{d.day}{NO_BREAK}{d:%B}{NO_BREAK}{d.year}"


def between(earliest: date, latest: date) -> str:
    """Return an interval of days, both included."""
    if earliest == latest:
        return day(earliest)
    return f"{short_day(earliest)} to {short_day(latest)}"


def short_day(d: date) -> str:
    """Return a calendar day for a table cell: ``5 Oct 2004``."""
    return f"{d.day}{NO_BREAK}{d:%b}{NO_BREAK}{d.year}"


def when(at: When) -> str:
    """Return the days that a time may stand for, with its distance from another fact if any."""
    span = between(at.earliest, at.latest)
    return f"{span} ({at.text})" if at.anchor and at.text and at.text != at.anchor else span


def prose(text: str) -> str:
    """Return a message with its units, arrows and minus signs as a reader expects them."""
    text = text.replace("cells/uL", COUNT_UNIT).replace(" /uL", f"{NO_BREAK}{COUNT_UNIT}")
    return NEGATIVE.sub(MINUS, text.replace(" -> ", " → "))


def years(x: float) -> str:
    """Return a length in years: ``1 year``, ``2.5 years``."""
    return f"{x:g}{NO_BREAK}{'year' if x == 1 else 'years'}"


def numeral(n: int) -> str:
    """Return a number in words below ten, in digits from there on."""
    return SMALL_WORDS[n] if 0 <= n < len(SMALL_WORDS) else str(n)


def small(n: int, noun: str, plural: str = "") -> str:
    """Return a number of things: ``four counts``, ``12 rows``."""
    return f"{numeral(n)} {noun if n == 1 else plural or noun + 's'}"


def words(items: tuple[str, ...], last: str = "and") -> str:
    """Return a list in words: ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def capital(text: str) -> str:
    """Return a sentence with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def listed(names: dict[str, str], key: str) -> str:
    """Return the words for a key, or the key itself."""
    return names.get(key, key)
