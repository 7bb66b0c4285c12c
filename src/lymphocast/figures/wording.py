"""Short words for what a record holds: dates, doses, units, the notes below a figure."""

from dataclasses import replace
from datetime import date, timedelta

from lymphocast.record.events import Administration, MissedDoses
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import When
from lymphocast.units import Quantity

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_PERIODS = {1.0: "day", 7.0: "week"}
_DAILY = {2: "twice daily", 3: "three times daily", 4: "four times daily"}
_UNITS = {
    "[arb'U]": "units",
    "k[arb'U]": "thousand units",
    "M[arb'U]": "million units",
    "[IU]": "IU",
    "M[IU]": "million IU",
    "ug": "µg",
}
"""UCUM codes that a reader should not have to spell out; any other code is printed as it is."""


def unit_words(unit: str) -> str:
    """Return a UCUM code as a reader would write it."""
    return _UNITS.get(unit, unit)


def when_words(when: When) -> str:
    """Return an interval of days in as few words as it allows: ``2002``, ``May 2004``."""
    first, last = when.earliest, when.latest
    if first == last:
        return f"{first.day} {_month(first)}"
    if first.day == 1 and (last + timedelta(days=1)).day == 1:
        return _months(first, last)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {_month(first)}"
    return f"{first.day} {_month(first)} – {last.day} {_month(last)}"


def _months(first: date, last: date) -> str:
    """Whole months, or a whole year."""
    if first.year != last.year:
        return f"{_month(first)} – {_month(last)}"
    if first.month == last.month:
        return _month(first)
    if (first.month, last.month) == (1, 12):
        return str(first.year)
    return f"{_MONTHS[first.month - 1]}–{_month(last)}"


def dose_words(administration: Administration) -> str:
    """Return the dose in clinical words.

    ``500 mg twice daily`` if the daily amount is divided, else the amount as recorded:
    ``600,000 units per day``, ``11 million units per week in 3 doses``; cyclic doses say on how
    many days of how many.
    """
    cycle = administration.cycle
    cyclic = f" on {cycle.days:g} of every {cycle.every:g} days" if cycle is not None else ""
    return f"{_dose_words(administration)}{cyclic}"


def _dose_words(administration: Administration) -> str:
    """Return the dose on a day with doses."""
    often = _DAILY.get(administration.divided)
    if administration.per == 1.0 and often:
        each_time = administration.amount.value / administration.divided
        return f"{quantity_words(replace(administration.amount, value=each_time))} {often}"
    period = _PERIODS.get(administration.per, f"{administration.per:g} days")
    each = f" in {administration.divided} doses" if administration.divided > 1 else ""
    return f"{quantity_words(administration.amount)} per {period}{each}"


def quantity_words(quantity: Quantity) -> str:
    """Return a quantity with thousands separated and its unit in words."""
    return f"{quantity.value:,.10g} {unit_words(quantity.unit)}"


def missed_words(missed: MissedDoses) -> str:
    """Return the note on missed doses; a position is never drawn."""
    if missed.dates_known:
        return "missed doses reported, not drawn"
    return "missed doses reported, dates not published"


def unread_notes(record: PatientRecord) -> tuple[str, ...]:
    """Return one sentence for each set of data that a source shows and the record lacks."""
    return tuple(f"Not in this record: {_sentence(unread.what)}" for unread in record.unread)


def _sentence(words: str) -> str:
    return words.rstrip(".") + "."


def _month(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.year}"
