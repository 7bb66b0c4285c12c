"""Measurements and biosamples of a packet, as measurements, cultures and items of the work-up.

A number with a unit is a measurement; a result in words (positive, negative) is an item of the
work-up. A biosample whose assay is the culture of an organism is a culture, and its minimum
inhibitory concentrations belong to it; other numbers in a biosample are measurements in that
specimen. Age, weight, height and body surface without a time describe the person.
"""

import math
from dataclasses import dataclass, field
from typing import final

from lymphocast.interchange.phenopacket_place import Place
from lymphocast.interchange.phenopacket_sources import Reading
from lymphocast.interchange.phenopacket_terms import (
    OWN,
    Json,
    Term,
    name_in,
    new_codes,
    result_of,
    slug,
    term_of,
    unit_of,
)
from lymphocast.interchange.phenopacket_times import Dating
from lymphocast.record.analytes import ANALYTES, suits
from lymphocast.units import Quantity, commensurable

CULTURE = "culture of "
MIC = "minimum inhibitory concentration of "
PERSON: dict[str, tuple[str, str]] = {
    "age when first described": ("age", "a"),
    "body weight": ("weight", "kg"),
    "body height": ("height", "cm"),
    "body surface area": ("body_surface", "m2"),
}
"""What an undated measurement says of the person, and a unit that it must convert to."""
NO_TIME = "a measurement of a record needs a time"
NO_NUMBER = "a measurement of a record needs a number above 0 in a unit that is known"


@final
@dataclass(frozen=True)
class Drawn:
    """The biosample that a measurement was made in: its name, specimen and time."""

    name: str
    specimen: str
    at: Dating | None


@final
@dataclass
class Laboratory:
    """The facts that measurements and biosamples become."""

    reading: Reading
    patient: Json
    measurements: list[Json] = field(default_factory=list)
    cultures: list[Json] = field(default_factory=list)
    workup: list[Json] = field(default_factory=list)

    def measurement(self, place: Place, drawn: Drawn | None = None) -> None:
        """Take one measurement."""
        term = term_of(place.inner("assay"))
        if term is None:
            place.drop("a measurement needs an assay")
            return
        observed = self.reading.time(place.inner("timeObserved"))
        at = observed or (drawn.at if drawn is not None else None)
        typed = place.inner("complexValue").items("typedQuantities")
        if typed:
            self._complex(place, typed, at, drawn)
            return
        value = place.inner("value")
        if "ontologyClass" in value.value:
            self._result(place, term, value, at)
        else:
            self._number(place, term, value.inner("quantity"), at, drawn)

    def biosample(self, place: Place) -> None:
        """Take one biosample: a culture, or measurements in a specimen."""
        specimen = _specimen(place)
        at = self.reading.time(place.inner("timeOfCollection"))
        culture = next((m for m in place.items("measurements") if _is_culture(m)), None)
        drawn = Drawn(place.text("id"), specimen or "", at)
        if culture is not None and specimen is not None and at is not None:
            self._culture(place, culture, drawn)
            return
        if specimen is None or not place.items("measurements"):
            place.drop("a record has measurements and cultures of a named specimen only")
            return
        for item in place.items("measurements"):
            self.measurement(item, drawn)

    def _complex(
        self, place: Place, typed: list[Place], at: Dating | None, drawn: Drawn | None
    ) -> None:
        """Take each quantity of a complex value as a measurement of its type."""
        place.note("assay", place.inner("assay").text("label"), "its parts are kept one by one")
        for part in typed:
            term = term_of(part.inner("type"))
            if term is None:
                part.drop("a quantity needs a type")
            else:
                self._number(part, term, part.inner("quantity"), at, drawn)

    def _number(
        self, place: Place, term: Term, value: Place, at: Dating | None, drawn: Drawn | None
    ) -> None:
        """Take one number with its unit."""
        name = name_in(term, ANALYTES) or term.label
        quantity = quantity_of(value)
        if quantity is None or not suits(name, quantity.unit, quantity.unit):
            place.drop(NO_NUMBER, term.label)
        elif at is None and drawn is None and self._of_the_person(term, name, quantity):
            pass
        elif at is None:
            place.drop(NO_TIME, term.label)
        else:
            self.measurements.append(
                {
                    "id": self._name(drawn),
                    "analyte": name,
                    "value": str(quantity),
                    "at": at.text,
                    "normal": _normal(value.inner("referenceRange"), name, quantity),
                    "context": _context(place),
                    "specimen": drawn.specimen if drawn is not None else None,
                    "codes": new_codes(term, name, ANALYTES) or None,
                    "provenance": self.reading.provenance(place, at),
                }
            )

    def _name(self, drawn: Drawn | None) -> str:
        """Return the identifier of the next measurement: its biosample's, or a new one."""
        if drawn is None or not drawn.name:
            return self.reading.names.next("measurement", self.measurements)
        return self.reading.names.take(drawn.name, "measurement")

    def _of_the_person(self, term: Term, name: str, quantity: Quantity) -> bool:
        """Take a number that describes the person, if it does and none is stated yet."""
        key, unit = PERSON.get(name, ("", ""))
        if not key or self.patient.get(key) or not commensurable(quantity.unit, unit):
            return False
        if new_codes(term, name, ANALYTES):
            return False
        self.patient[key] = str(quantity)
        return True

    def _result(self, place: Place, term: Term, value: Place, at: Dating | None) -> None:
        """Take a result in words as an item of the work-up."""
        said = term_of(value.inner("ontologyClass"))
        result = None if said is None else result_of(said)
        if result not in {"positive", "negative"}:
            needed = "a record holds results in words only if they are positive or negative"
            place.drop(needed, term.label if said is None else f"{term.label}: {said.label}")
            return
        code = str(place.inner("assay").value.get("id", ""))
        wanted = code.removeprefix(f"{OWN}:") if code.startswith(f"{OWN}:") else ""
        instead = f"workup-{len(self.workup) + 1}"
        self.workup.append(
            {
                "id": self.reading.names.take(wanted or instead, instead),
                "what": term.label,
                "status": result,
                "at": at.text if at else None,
                "codes": [term.code] if term.code else None,
                "provenance": self.reading.provenance(place, at),
            }
        )

    def _culture(self, place: Place, culture: Place, drawn: Drawn) -> None:
        """Take a biosample as a culture."""
        term = term_of(culture.inner("assay"))
        said = term_of(culture.inner("value").inner("ontologyClass"))
        result = None if said is None else result_of(said)
        if term is None or result is None or drawn.at is None:
            place.drop("a culture of a record needs a result: positive, negative or contaminated")
            return
        if term.code is not None:
            culture.inner("assay").note("id", term.code, "a culture has the organism's name only")
        mics = [_mic(m) for m in place.items("measurements") if m is not culture]
        self.cultures.append(
            {
                "id": self.reading.names.take(drawn.name, f"culture-{len(self.cultures) + 1}"),
                "specimen": drawn.specimen,
                "organism": term.label[len(CULTURE) :],
                "result": result,
                "at": drawn.at.text,
                "mics": [mic for mic in mics if mic is not None] or None,
                "provenance": self.reading.provenance(culture, drawn.at),
            }
        )


def quantity_of(place: Place) -> Quantity | None:
    """Return a number above 0 with its unit; ``None`` for anything else."""
    value, unit = place.number("value"), unit_of(place.inner("unit"))
    if unit is None or math.isnan(value) or value <= 0:
        return None
    return Quantity(value, unit)


def _specimen(place: Place) -> str | None:
    """Return the specimen of a biosample."""
    for key in ("sampledTissue", "sampleType"):
        term = term_of(place.inner(key)) if key in place.value else None
        if term is not None:
            if term.code is not None:
                place.inner(key).note("id", term.code, "a specimen has a name only")
            return term.label
    return None


def _is_culture(place: Place) -> bool:
    """Return whether a measurement is the culture of an organism."""
    assay = place.value.get("assay")
    label = assay.get("label") if isinstance(assay, dict) else None
    if not isinstance(label, str):
        return False
    return label.casefold().startswith(CULTURE) and bool(slug(label[len(CULTURE) :]))


def _mic(place: Place) -> Json | None:
    """Return a minimum inhibitory concentration; anything else in a culture is listed."""
    term = term_of(place.inner("assay"))
    quantity = quantity_of(place.inner("value").inner("quantity"))
    if term is None or not term.label.startswith(MIC) or quantity is None:
        place.drop("a culture of a record has no place for it")
        return None
    if not commensurable(quantity.unit, "mg/L"):
        place.drop("a minimum inhibitory concentration is a mass per volume")
        return None
    return {"drug": term.label.removeprefix(MIC), "value": str(quantity)}


def _context(place: Place) -> Json | None:
    """Return the free text of a measurement as the note of its context."""
    note = place.text("description") if "description" in place.value else ""
    return {"note": note} if note else None


def _normal(place: Place, analyte: str, value: Quantity) -> Json | None:
    """Return limits of normal; a limit of 0 is one that is not stated."""
    if not place:
        return None
    unit = unit_of(place.inner("unit"))
    low, high = place.number("low"), place.number("high")
    limits = {key: number for key, number in (("low", low), ("high", high)) if number > 0}
    if unit is None or not limits or not suits(analyte, unit, value.unit):
        place.drop("limits of normal need a number above 0 in a unit of the analyte")
        return None
    if len(limits) == 2 and not low < high:
        place.drop("limits of normal need the lower below the upper")
        return None
    return {key: str(Quantity(number, unit)) for key, number in limits.items()}
