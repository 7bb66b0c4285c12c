"""Dosages of FHIR: an amount, a rhythm, and the bounds within which they hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, final

from lymphocast.interchange.fhir_bundle.codes import TIME_UNITS
from lymphocast.interchange.fhir_bundle.concepts import (
    Json,
    as_text,
    concept_of,
    plain_number,
    quantity,
    quantity_of,
    rounded,
)
from lymphocast.interchange.fhir_bundle.element import Element, NotHeldError
from lymphocast.interchange.fhir_bundle.facts import unless_empty
from lymphocast.interchange.fhir_bundle.times import Moment, period
from lymphocast.record.dosing import parse_dosing
from lymphocast.record.events import Administration
from lymphocast.record.misread import Misread
from lymphocast.units import Quantity, commensurable, number_text

Rhythm = tuple[int, str]
"""How many doses in which length of time."""
_ABBREVIATIONS: Final[Mapping[str, Rhythm]] = MappingProxyType(
    {
        "QD": (1, "1 d"),
        "BID": (2, "1 d"),
        "TID": (3, "1 d"),
        "QID": (4, "1 d"),
        "QOD": (1, "2 d"),
        "AM": (1, "1 d"),
        "PM": (1, "1 d"),
        "BED": (1, "1 d"),
        "Q1H": (1, "1 h"),
        "Q2H": (1, "2 h"),
        "Q3H": (1, "3 h"),
        "Q4H": (1, "4 h"),
        "Q6H": (1, "6 h"),
        "Q8H": (1, "8 h"),
        "WK": (1, "1 wk"),
        "MO": (1, "1 mo"),
    }
)
"""Codes of http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation, by their definitions."""
_RANGES: Final = ("frequencyMax", "periodMax")


@final
@dataclass(frozen=True)
class Dosage:
    """A dosage as keys of a case file, and when it began and ended if it says so itself."""

    keys: Mapping[str, object]
    start: Moment | None = None
    stop: Moment | None = None
    length: float | None = None

    def end(self, start: Moment | None) -> Moment | None:
        """Return the end that a stated length means for an exact day."""
        if self.length is None or start is None or len(start.day) != 10:
            return None
        last = date.fromisoformat(start.day).toordinal() + self.length
        if last >= date.max.toordinal():
            return None
        return Moment(str(date.min + timedelta(days=int(last) - 1)))


def words_of(dosage: Element) -> str | None:
    """Return a dosage in the words of the file."""
    return dosage.words("text")


def route_of(dosage: Element) -> str | None:
    """Return the route in the words of the file."""
    return concept_of(dosage.child("route")).text


def dosage_of(dosage: Element) -> Dosage:
    """Return a dosage with its rhythm.

    Raises
    ------
    NotHeldError
        If it gives no single dose in a known unit, or no rhythm.
    """
    if dosage.truth("asNeededBoolean") or dosage.has("asNeededCodeableConcept"):
        message = "it is taken as needed"
        raise NotHeldError(message)
    timing = dosage.child("timing")
    repeat = None if timing is None else timing.child("repeat")
    start, stop = period(None if repeat is None else repeat.child("boundsPeriod"))
    length = None if repeat is None else _length(repeat)
    written = _written(dosage)
    amount, rhythm = _amount(dosage), _rhythm(timing, repeat)
    if amount is not None and rhythm is not None:
        doses, per = rhythm
        total = Quantity(rounded(amount.value * doses), amount.unit)
        keys = {"amount": as_text(total), "per": per, **({"divided": doses} if doses != 1 else {})}
    elif written:
        keys = written
    else:
        missing = "no dose in a known unit" if amount is None else "no rhythm"
        raise NotHeldError(missing)
    return Dosage({**keys, **unless_empty(route=route_of(dosage))}, start, stop, length)


def single_dose(dosage: Element, days: int) -> Mapping[str, object]:
    """Return the dose of one administration that took so many days."""
    below = dosage.child("dose")
    if below is None:
        message = "no dose"
        raise NotHeldError(message)
    amount, comparator = quantity_of(below)
    if comparator is not None or not amount.value > 0:
        message = "no definite dose"
        raise NotHeldError(message)
    dosage.words("text")
    return {
        "amount": as_text(amount),
        "per": f"{days} d",
        **unless_empty(route=route_of(dosage)),
    }


def _length(repeat: Element) -> float | None:
    """Return the stated length of a treatment in days."""
    below = repeat.child("boundsDuration")
    if below is None:
        return None
    length, comparator = quantity_of(below)
    if comparator is not None or not commensurable(length.unit, "d") or length.to("d").value < 1:
        repeat.spare("boundsDuration")
        return None
    return length.to("d").value


def _written(dosage: Element) -> dict[str, object]:
    """Return the dose as people write it, where the words follow the grammar of a case file."""
    text = words_of(dosage)
    if text is None:
        return {}
    try:
        parse_dosing(text)
    except Misread:
        return {}
    return {"dosing": text}


def _amount(dosage: Element) -> Quantity | None:
    """Return the amount of one dose."""
    rates = dosage.children("doseAndRate")
    if len(rates) != 1:
        for rate in rates:
            rate.spare(*rate.data)
        return None
    rates[0].use("type")
    below = rates[0].child("doseQuantity")
    if below is None:
        return None
    try:
        amount, comparator = quantity_of(below)
    except NotHeldError:
        rates[0].spare("doseQuantity")
        return None
    return amount if comparator is None and amount.value > 0 else None


def _rhythm(timing: Element | None, repeat: Element | None) -> Rhythm | None:
    """Return how often a dose is taken."""
    if timing is None:
        return None
    if repeat is None or repeat.first("frequency", "period", "periodUnit") is None:
        codes = [code for _, code in concept_of(timing.child("code")).every]
        return next((_ABBREVIATIONS[code] for code in codes if code in _ABBREVIATIONS), None)
    if any(repeat.has(key) for key in _RANGES):
        return None
    doses = repeat.whole("frequency")
    length, unit = repeat.number("period"), repeat.code("periodUnit", TIME_UNITS)
    doses = 1 if doses is None else doses
    if length is None or unit is None or not length > 0 or not 0 < doses < 1_000:
        return None
    return doses, f"{number_text(length)} {unit}"


def write_dosage(fact: Administration) -> Json:
    """Return the dose of a stretch of treatment; a cycle stands in the words only."""
    found: Json = {"text": fact.dosing or _told(fact)}
    if fact.cycle is None and fact.titrated_to is None:
        repeat = {
            "frequency": fact.divided,
            "period": plain_number(fact.per),
            "periodUnit": "d",
        }
        found["timing"] = {"repeat": repeat}
    if fact.route is not None:
        found["route"] = {"text": fact.route}
    one = Quantity(rounded(fact.one_dose.value), fact.one_dose.unit)
    found["doseAndRate"] = [{"doseQuantity": quantity(one)}]
    return found


def _told(fact: Administration) -> str:
    """Return a dose in words."""
    divided = f" in {fact.divided} equal doses" if fact.divided > 1 else ""
    days = f"{fact.per:g} d"
    cycle = fact.cycle
    tail = f", {cycle.days:g} d of every {cycle.every:g} d" if cycle is not None else ""
    raised = f", raised stepwise to that of {fact.titrated_to}" if fact.titrated_to else ""
    return f"{fact.amount} in each {days}{divided}{tail}{raised}"
