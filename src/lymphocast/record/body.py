"""Doses per body surface or body weight, and the absolute amounts that they mean.

    BSA = sqrt(height weight / 3600)        m2, height in cm, weight in kg

Mosteller RD. Simplified calculation of body-surface area. N Engl J Med 1987;317:1098.
doi:10.1056/NEJM198710223171717
"""

import math
from dataclasses import replace

from lymphocast.errors import RecordError, record_name
from lymphocast.record.patient import Demographics, PatientRecord
from lymphocast.units import Quantity, commensurable, unit_named

MOSTELLER = 3600.0
"""cm kg / m4, Mosteller 1987, doi:10.1056/NEJM198710223171717."""


def body_surface(weight: Quantity, height: Quantity) -> Quantity:
    """Return the body surface of a person of this weight and height, in m2.

    Raises
    ------
    UnitError
        If the weight is no mass or the height no length.
    """
    square = weight.to("kg").value * height.to("cm").value / MOSTELLER
    return Quantity(math.sqrt(square), "m2")


def surface_of(person: Demographics) -> Quantity | None:
    """Return the stated body surface, or that of the stated weight and height."""
    if person.body_surface is not None:
        return person.body_surface
    if person.weight is None or person.height is None:
        return None
    return body_surface(person.weight, person.height)


def absolute_amount(amount: Quantity, person: Demographics) -> Quantity | None:
    """Return an amount per m2 or per kg as an absolute one.

    An amount that is absolute already stays as it is; ``None`` if the body surface or weight that
    it needs is not stated.
    """
    unit = unit_named(amount.unit).code
    whole, _, body = unit.rpartition("/")
    if body not in {"m2", "kg"}:
        return amount
    size = surface_of(person) if body == "m2" else person.weight
    return None if size is None else Quantity(amount.value * size.to(body).value, whole)


def in_absolute_amounts(record: PatientRecord) -> PatientRecord:
    """Return a record whose doses per m2 or kg are absolute wherever that can be said.

    A drug that was always given per m2 (or per kg) stays so if the size is not stated.

    Raises
    ------
    RecordError
        If doses of one drug cannot be compared, naming what is missing.
    """
    given = []
    for a in record.administrations:
        amount = absolute_amount(a.amount, record.demographics)
        given.append(a if amount is None else replace(a, amount=amount))
    for drug in record.drugs():
        first, *others = (a for a in given if a.drug == drug)
        unit = first.amount.unit
        odd = next((a for a in others if not commensurable(a.amount.unit, unit)), None)
        if odd is not None:
            size = "patient.weight" if "/kg" in unit + odd.amount.unit else "patient.body_surface"
            unlike = f"'{odd.amount.unit}', not to be compared with '{unit}'"
            found, place = f"doses of {drug} in {unlike}", ("administrations", odd.id)
            needed = f"{size}, or doses in units that convert"
            raise RecordError(record_name(record.id), None, found, needed, place)
    return replace(record, administrations=tuple(given))
